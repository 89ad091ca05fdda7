/* SPDX-License-Identifier: MIT */
/*
 * calls.c - a conversation through fwq/rpc.c with NVIDIA's code at the firmware's end.
 *
 * Three callers have a call out at any time. Call n and its reply are known by n (payload.h), as is
 * event n; most are small, every 128th call is 700,000 bytes long both ways and so takes continuation
 * records. The other end answers in order, with events between the replies.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"
#include "fwq/rpc.h"
#include "pair.h"
#include "payload.h"

#define CALLERS	   3u
#define FUNCTION   0x10u /* and up: one for each caller */
#define LONG	   700000u
#define EVENT_EACH 3u /* calls */

enum { REQUEST, REPLY, EVENT };

static struct pair pair;
static uint64_t goal, begun, ended, events_sent, events_seen, bytes;
static bool moved;

static uint64_t key(unsigned int what, uint64_t n)
{
	return payload_key(16 + what, n);
}

/* Payload bytes: 8 at least, because a request begins with n. */
static uint32_t length(unsigned int what, uint64_t n)
{
	if (what != EVENT && n % 128 == 127)
		return LONG;
	return 8 + (uint32_t)(key(what, n) >> 33) % 6000;
}

/* ---------------------------------------------------------------- their end */

/* One message being taken in, or sent. */
struct theirs {
	uint64_t n;
	uint32_t function, len, done;
	uint8_t data[LONG];
};

static struct theirs in, out;
static bool answering;

static void take_in(void)
{
	struct peer_rpc rpc;
	const char *wrong;
	int ret = peer_receive(pair.peer, &rpc);

	if (ret < 0)
		pair_fail("GspMsgQueueReceiveStatus refused a record of a call");
	if (!ret)
		return;
	wrong = peer_judge(pair.peer);
	if (wrong)
		pair_fail("a record of a call: %s", wrong);
	if (!in.done) {
		if (rpc.len < 8)
			pair_fail("a call of %u bytes", rpc.len);
		memcpy(&in.n, rpc.payload, 8);
		in.function = rpc.function;
		in.len = length(REQUEST, in.n);
	} else if (rpc.function != peer_continuation()) {
		pair_fail("function %u in the middle of call %" PRIu64, rpc.function, in.n);
	}
	if (rpc.len > in.len - in.done)
		pair_fail("call %" PRIu64 " is longer than %u bytes", in.n, in.len);
	memcpy(in.data + in.done, rpc.payload, rpc.len);
	in.done += rpc.len;
	moved = true;
	if (in.done < in.len)
		return;
	if (payload_check(key(REQUEST, in.n) + 1, in.data + 8, in.len - 8) != in.len - 8)
		pair_fail("call %" PRIu64 " is not what was sent", in.n);
	out.n = in.n;
	out.function = in.function;
	out.len = length(REPLY, in.n);
	out.done = in.done = 0;
	payload_write(key(REPLY, out.n), 0, out.data, out.len);
	answering = true;
}

static void send_event(void)
{
	static uint8_t data[6008];
	struct peer_rpc rpc = {.function = peer_first_event() + 1,
			       .payload = data,
			       .len = length(EVENT, events_sent)};

	payload_write(key(EVENT, events_sent), 0, data, rpc.len);
	if (peer_send(pair.peer, &rpc) == 1)
		events_sent++;
}

static void answer(void)
{
	struct peer_rpc rpc = {.function = out.done ? peer_continuation() : out.function,
			       .payload = out.data + out.done,
			       .len = out.len - out.done};

	if (rpc.len > peer_payload_max())
		rpc.len = peer_payload_max();
	if (peer_send(pair.peer, &rpc) != 1)
		return; /* full: later */
	out.done += rpc.len;
	moved = true;
	answering = out.done < out.len;
	if (!answering && out.n % EVENT_EACH == 0)
		send_event();
}

/* ---------------------------------------------------------------- our end */

struct ours {
	struct fwq_caller caller;
	struct fwq_call call;
	uint64_t n;
	uint8_t reply[LONG];
	bool busy;
};

static struct ours ours[CALLERS];

static void fill(struct fwq_call *call, uint32_t offset, void *dst, uint32_t len)
{
	const struct ours *o = call->arg;
	uint8_t *to = dst;

	if (!offset) {
		memcpy(to, &o->n, 8);
		offset = 8;
		to += 8;
		len -= 8;
	}
	payload_write(key(REQUEST, o->n) + 1, offset - 8, to, len);
}

static void done(struct fwq_call *call, int err)
{
	struct ours *o = call->arg;

	if (err || call->result || call->reply_len != length(REPLY, o->n))
		pair_fail("call %" PRIu64 " ended with %d, result %u, %u bytes", o->n, err,
			  call->result, call->reply_len);
	if (payload_check(key(REPLY, o->n), o->reply, call->reply_len) != call->reply_len)
		pair_fail("the reply to call %" PRIu64 " is not what was sent", o->n);
	bytes += call->request_len + call->reply_len;
	o->busy = false;
	ended++;
	moved = true;
}

static void event(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload, uint32_t len)
{
	(void)rpc;
	if (function != pair.params.rpc.first_event + 1 || len != length(EVENT, events_seen) ||
	    payload_check(key(EVENT, events_seen), payload, len) != len)
		pair_fail("event %" PRIu64 " is not what was sent", events_seen);
	events_seen++;
}

static void submit(struct fwq_rpc *rpc, unsigned int i)
{
	struct ours *o = &ours[i];

	o->n = begun++;
	o->busy = true;
	o->call = (struct fwq_call){.function = FUNCTION + i,
				    .request_len = length(REQUEST, o->n),
				    .fill = fill,
				    .reply = o->reply,
				    .reply_size = length(REPLY, o->n),
				    .timeout = 1000000000,
				    .done = done,
				    .arg = o};
	if (fwq_rpc_submit(rpc, &o->caller, &o->call, 0))
		pair_fail("call %" PRIu64 " is refused", o->n);
}

void calls(uint64_t n)
{
	struct fwq_rpc rpc;

	goal = n;
	pair_open(&pair);
	pair_boot(&pair);
	fwq_rpc_init(&rpc, &pair.q, event, NULL);
	for (unsigned int i = 0; i < CALLERS; i++)
		fwq_rpc_caller_add(&rpc, &ours[i].caller);
	while (ended < goal) {
		moved = false;
		for (unsigned int i = 0; i < CALLERS; i++)
			if (!ours[i].busy && begun < goal)
				submit(&rpc, i);
		if (answering)
			answer();
		else
			take_in();
		if (fwq_rpc_poll(&rpc, 0) < 0)
			pair_fail("the queues broke at call %" PRIu64, ended);
		if (!moved)
			pair_fail("both ends wait for each other at call %" PRIu64, ended);
	}
	fwq_rpc_poll(&rpc, 0);
	if (events_seen != events_sent || rpc.stats.unexpected || rpc.stats.stray ||
	    rpc.stats.bad_headers || rpc.stats.cut_replies || rpc.stats.timeouts)
		pair_fail("%" PRIu64 " events of %" PRIu64 "; %" PRIu64 " unexpected, %" PRIu64
			  " stray, %" PRIu64 " bad headers, %" PRIu64 " replies cut",
			  events_seen, events_sent, rpc.stats.unexpected, rpc.stats.stray,
			  rpc.stats.bad_headers, rpc.stats.cut_replies);
	printf("%" PRIu64 " calls with replies, %" PRIu64 " of %u bytes both ways, %" PRIu64
	       " events, %" PRIu64 " MiB\n",
	       ended, ended / 128, LONG, events_seen, bytes >> 20);
	pair_close(&pair);
}
