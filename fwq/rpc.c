/* SPDX-License-Identifier: MIT */
/*
 * rpc.c - whose turn it is, what goes out, whom a reply belongs to, and when waiting ends.
 *
 * Order that matters: a call leaves every list before its done() runs, and nothing is kept across
 * done() or event() but the rpc itself, because both may submit calls and remove callers.
 */
#include <errno.h>
#include <string.h>

#include "fwq/rpc.h"
#include "hv/hv.h"

static void pump(struct fwq_rpc *rpc);

void fwq_rpc_init(struct fwq_rpc *rpc, struct fwq_queue *q,
		  void (*event)(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload,
				uint32_t len),
		  void *arg)
{
	*rpc = (struct fwq_rpc){.q = q, .p = q->p, .event = event, .arg = arg};
}

/* ---------------------------------------------------------------- calls end */

/* The firmware may still answer a call that has gone out whole and that nobody waits for any more. */
static void owe(struct fwq_rpc *rpc, const struct fwq_call *call)
{
	if (!rpc->p->rpc.echoes_sequence && call != rpc->sending && call != rpc->assembling &&
	    rpc->owed_n < FWQ_OWED_MAX)
		rpc->owed[rpc->owed_n++] = call->function;
}

static bool owed(const struct fwq_rpc *rpc, uint32_t function, uint32_t *at)
{
	for (*at = 0; *at < rpc->owed_n; (*at)++)
		if (rpc->owed[*at] == function)
			return true;
	return false;
}

/* The call in flight is over. */
static void finish(struct fwq_rpc *rpc, struct fwq_call *call, int err)
{
	call->caller->flight = NULL;
	if (rpc->sending == call)
		rpc->sending = NULL;
	if (rpc->assembling == call)
		rpc->assembling = NULL;
	call->done(call, err);
}

/* The next call of this caller that has not begun is over. */
static void drop_first(struct fwq_caller *caller, int err)
{
	struct fwq_call *call = caller->first;

	caller->first = call->next;
	if (!caller->first)
		caller->last = NULL;
	call->done(call, err);
}

static void fail_all(struct fwq_rpc *rpc)
{
	struct fwq_caller *c;

	rpc->broken = true;
	do {
		for (c = rpc->callers; c; c = c->next) {
			if (c->flight) {
				finish(rpc, c->flight, -EIO);
				break;
			}
			if (c->first) {
				drop_first(c, -EIO);
				break;
			}
		}
	} while (c);
}

void fwq_rpc_break(struct fwq_rpc *rpc)
{
	fail_all(rpc);
}

/* End one call whose time is over; false: there is none. */
static bool expire_one(struct fwq_rpc *rpc, uint64_t now)
{
	for (struct fwq_caller *c = rpc->callers; c; c = c->next) {
		struct fwq_call *call = c->flight, **link = &c->first, *before = NULL;

		if (call && call->deadline <= now) {
			bool cut = rpc->sending == call && call->records;

			owe(rpc, call);
			rpc->stats.timeouts++;
			finish(rpc, call, -ETIMEDOUT);
			if (cut)
				fail_all(rpc);
			return true;
		}
		for (; *link && (*link)->deadline > now; link = &(*link)->next)
			before = *link;
		if (*link) {
			call = *link;
			*link = call->next;
			if (c->last == call)
				c->last = before;
			rpc->stats.timeouts++;
			call->done(call, -ETIMEDOUT);
			return true;
		}
	}
	return false;
}

uint64_t fwq_rpc_deadline(const struct fwq_rpc *rpc)
{
	uint64_t least = UINT64_MAX;

	for (const struct fwq_caller *c = rpc->callers; c; c = c->next) {
		if (c->flight && c->flight->deadline < least)
			least = c->flight->deadline;
		for (const struct fwq_call *call = c->first; call; call = call->next)
			if (call->deadline < least)
				least = call->deadline;
	}
	return least;
}

/* ---------------------------------------------------------------- callers */

void fwq_rpc_caller_add(struct fwq_rpc *rpc, struct fwq_caller *caller)
{
	struct fwq_caller **end = &rpc->callers;

	*caller = (struct fwq_caller){0};
	while (*end)
		end = &(*end)->next;
	*end = caller;
}

static void unlink_caller(struct fwq_rpc *rpc, const struct fwq_caller *caller)
{
	for (struct fwq_caller **link = &rpc->callers; *link; link = &(*link)->next)
		if (*link == caller) {
			*link = caller->next;
			return;
		}
}

int fwq_rpc_caller_remove(struct fwq_rpc *rpc, struct fwq_caller *caller)
{
	if (caller->flight && caller->flight == rpc->sending && caller->flight->records)
		return -EBUSY;
	unlink_caller(rpc, caller);
	if (caller->flight) {
		owe(rpc, caller->flight);
		finish(rpc, caller->flight, -ECANCELED);
	}
	while (caller->first)
		drop_first(caller, -ECANCELED);
	return 0;
}

/* ---------------------------------------------------------------- sending */

int fwq_rpc_submit(struct fwq_rpc *rpc, struct fwq_caller *caller, struct fwq_call *call,
		   uint64_t now)
{
	const struct fwq_params *p = rpc->p;

	if (rpc->broken)
		return -EIO;
	if (!call->timeout || call->request_len > FWQ_MESSAGE_MAX ||
	    call->reply_size > FWQ_MESSAGE_MAX || call->function >= p->rpc.first_event ||
	    call->function == p->rpc.continuation)
		return -EINVAL;
	call->next = NULL;
	call->caller = caller;
	call->deadline = call->timeout < UINT64_MAX - now ? now + call->timeout : UINT64_MAX;
	call->result = call->reply_len = call->sent = call->records = 0;
	if (caller->last)
		caller->last->next = call;
	else
		caller->first = call;
	caller->last = call;
	rpc->stats.calls++;
	pump(rpc);
	return 0;
}

/* Without echoed sequence numbers a function is with the firmware once at most. */
static bool may_send(const struct fwq_rpc *rpc, const struct fwq_call *call)
{
	uint32_t at, flying = 0;

	if (rpc->p->rpc.echoes_sequence || call->one_way)
		return true;
	if (owed(rpc, call->function, &at))
		return false;
	for (const struct fwq_caller *c = rpc->callers; c; c = c->next) {
		if (c->flight && c->flight->function == call->function)
			return false;
		flying += c->flight != NULL;
	}
	/* Whatever is in flight may come to be owed. */
	return rpc->owed_n + flying < FWQ_OWED_MAX;
}

/* The first caller in line whose turn it can be goes to the end of the line. */
static struct fwq_call *next_call(struct fwq_rpc *rpc)
{
	struct fwq_caller *c = rpc->callers, **end;
	struct fwq_call *call;

	while (c && (c->flight || !c->first || !may_send(rpc, c->first)))
		c = c->next;
	if (!c)
		return NULL;
	unlink_caller(rpc, c);
	for (end = &rpc->callers; *end; end = &(*end)->next)
		;
	*end = c;
	c->next = NULL;

	call = c->first;
	c->first = call->next;
	if (!c->first)
		c->last = NULL;
	call->next = NULL;
	c->flight = call;
	call->sequence = rpc->sequence;
	return call;
}

static void write_header(struct fwq_rpc *rpc, const struct fwq_call *call, uint8_t *at,
			 uint32_t len)
{
	const struct fwq_params *p = rpc->p;

	memset(at, 0, p->rpc.size);
	fwq_put32(at + p->rpc.off_version, p->rpc.version);
	fwq_put32(at + p->rpc.off_signature, p->rpc.signature);
	fwq_put32(at + p->rpc.off_length, len);
	fwq_put32(at + p->rpc.off_function, call->records ? p->rpc.continuation : call->function);
	fwq_put32(at + p->rpc.off_result, p->rpc.unanswered);
	fwq_put32(at + p->rpc.off_private, p->rpc.unanswered);
	fwq_put32(at + p->rpc.off_sequence, rpc->sequence);
}

static void fill(struct fwq_call *call, uint32_t offset, uint8_t *dst, uint32_t len)
{
	if (!len)
		return;
	if (call->fill)
		call->fill(call, offset, dst, len);
	else
		memcpy(dst, (const uint8_t *)call->request + offset, len);
}

/* The next record of the call being sent; 0, -EAGAIN, -EIO. */
static int send_record(struct fwq_rpc *rpc)
{
	struct fwq_call *call = rpc->sending;
	uint32_t header = rpc->p->rpc.size, most = fwq_params_payload_max(rpc->p);
	uint32_t len = call->request_len - call->sent;
	struct fwq_span s[2];
	int ret;

	len = len < most ? len : most;
	ret = fwq_queue_begin(rpc->q, header + len, s);
	if (ret)
		return ret;
	/* Both headers lie in the first element (fwq_params_check), so the first span holds ours. */
	write_header(rpc, call, s[0].at, header + len);
	fill(call, call->sent, s[0].at + header, s[0].len - header);
	fill(call, call->sent + s[0].len - header, s[1].at, s[1].len);
	fwq_queue_commit(rpc->q);
	rpc->sequence++;
	call->records++;
	call->sent += len;
	return 0;
}

static void pump(struct fwq_rpc *rpc)
{
	int ret = 0;

	if (rpc->pumping) /* done() of a one-way call has submitted another: the loop sees it */
		return;
	rpc->pumping = true;
	while (!rpc->broken && (rpc->sending || (rpc->sending = next_call(rpc)))) {
		struct fwq_call *call = rpc->sending;

		ret = send_record(rpc);
		if (ret)
			break;
		if (call->sent < call->request_len)
			continue;
		rpc->sending = NULL;
		if (call->one_way)
			finish(rpc, call, 0);
	}
	rpc->pumping = false;
	if (ret && ret != -EAGAIN)
		fail_all(rpc);
}

/* ---------------------------------------------------------------- receiving */

/* More of the reply to `call`; it may be the end of it. */
static void take(struct fwq_rpc *rpc, struct fwq_call *call, const uint8_t *payload, uint32_t len)
{
	bool full = len == fwq_params_payload_max(rpc->p);

	if (len > call->reply_size - call->reply_len) {
		/* Too long for who asked, or not wanted at all. */
		rpc->stats.replies++;
		finish(rpc, call, call->reply_size ? -EMSGSIZE : 0);
		return;
	}
	if (len)
		memcpy((uint8_t *)call->reply + call->reply_len, payload, len);
	call->reply_len += len;
	if (full && !call->result && call->reply_len < call->reply_size) {
		rpc->assembling = call;
		rpc->gaps = rpc->q->stats.gaps;
		return;
	}
	rpc->stats.replies++;
	finish(rpc, call, 0);
}

static struct fwq_call *find_call(const struct fwq_rpc *rpc, uint32_t function, uint32_t sequence)
{
	for (const struct fwq_caller *c = rpc->callers; c; c = c->next) {
		struct fwq_call *call = c->flight;

		if (call && call != rpc->sending && call->function == function &&
		    (!rpc->p->rpc.echoes_sequence || call->sequence == sequence))
			return call;
	}
	return NULL;
}

static void cut_reply(struct fwq_rpc *rpc)
{
	if (rpc->assembling) {
		rpc->stats.cut_replies++;
		finish(rpc, rpc->assembling, -EIO);
	}
}

static void reply(struct fwq_rpc *rpc, const uint8_t *rec, uint32_t len)
{
	const struct fwq_params *p = rpc->p;
	uint32_t function = fwq_get32(rec + p->rpc.off_function), at;
	struct fwq_call *call;

	cut_reply(rpc); /* a new head in the middle of another reply */
	if (owed(rpc, function, &at)) {
		rpc->owed[at] = rpc->owed[--rpc->owed_n];
		rpc->stats.unexpected++;
		return;
	}
	call = find_call(rpc, function, fwq_get32(rec + p->rpc.off_sequence));
	if (!call) {
		rpc->stats.unexpected++;
		return;
	}
	call->result = fwq_get32(rec + p->rpc.off_result);
	take(rpc, call, rec + p->rpc.size, len - p->rpc.size);
}

/* One record, already checked by the queue and in private memory. */
static void dispatch(struct fwq_rpc *rpc, const uint8_t *rec, uint32_t len)
{
	const struct fwq_params *p = rpc->p;
	uint32_t function = fwq_get32(rec + p->rpc.off_function);
	uint32_t payload = len - p->rpc.size;

	if (rpc->assembling && rpc->gaps != rpc->q->stats.gaps)
		cut_reply(rpc); /* the lost record may have been part of it */
	if (fwq_get32(rec + p->rpc.off_version) != p->rpc.version ||
	    fwq_get32(rec + p->rpc.off_signature) != p->rpc.signature) {
		rpc->stats.bad_headers++;
	} else if (function >= p->rpc.first_event) {
		/* What follows a full event could continue either. */
		if (payload == fwq_params_payload_max(p))
			cut_reply(rpc);
		rpc->stats.events++;
		rpc->event(rpc, function, rec + p->rpc.size, payload);
	} else if (function != p->rpc.continuation) {
		reply(rpc, rec, len);
	} else if (rpc->assembling) {
		take(rpc, rpc->assembling, rec + p->rpc.size, payload);
	} else {
		rpc->stats.stray++;
	}
}

int fwq_rpc_poll(struct fwq_rpc *rpc, uint64_t now)
{
	const uint8_t *rec;
	uint32_t len;
	int got = 1;

	if (rpc->broken)
		return -EIO;
	for (unsigned int i = 0; i < FWQ_POLL_RECORDS && got > 0; i++) {
		got = fwq_queue_receive(rpc->q, &rec, &len);
		if (got > 0)
			dispatch(rpc, rec, len);
	}
	if (got < 0)
		fail_all(rpc);
	while (expire_one(rpc, now))
		;
	pump(rpc);
	return rpc->broken ? -EIO : got;
}
