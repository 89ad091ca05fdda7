/* SPDX-License-Identifier: MIT */
/*
 * assembly.c - continuation assembly: replies of any length put together in the caller's buffer.
 *
 * ASSUMES: what receive.c proves of a record: it is in private memory and holds at least an RPC header.
 *	Every word of it is any value.
 * BOUNDS: two callers; done() and event() do not call back; sending and expiry are left out. Lengths up to
 *	FWQ_MESSAGE_MAX and progress within a reply are any. One record comes in: from any state that the
 *	invariant allows into one that it allows again, so it holds for any number of records.
 * PROVES: a record's payload is written into the reply's own bytes and nowhere else; a call ends once at
 *	most and is then forgotten.
 *
 * REPLACES: fwq_get32=model_get32 memcpy=model_memcpy memset=model_memset
 * REPLACES: fail_all=model_fail_all expire_one=model_expire_one pump=model_pump
 * UNWIND: 4 owed.0:18
 * PLANT - long: fwq/rpc.c s/len > call->reply_size - call->reply_len/len > call->reply_size/
 * PLANT - forget: fwq/rpc.c s/	if \(rpc->assembling == call\)\n\s*rpc->assembling = NULL;\n//
 */
#include <stdlib.h>

#include "fwq/params.c"
#include "fwq/rpc.c"
#include "tests/proof/proof.h"

struct fwq_params nondet_params(void);

static struct fwq_params params;
static struct fwq_queue q;
static struct fwq_rpc rpc;
static struct fwq_caller callers[2];
static struct fwq_call flying[2];
static unsigned int ended[2], received;

/* ---- the queue, as far as its proofs promise */

int fwq_queue_receive(struct fwq_queue *queue, const uint8_t **rec, uint32_t *len)
{
	uint32_t n = nondet_u32();

	if (received++)
		return nondet_bool() ? 0 : -EIO;
	ASSUME(n >= params.rpc.size && n <= params.record_max - params.elem.size);
	queue->stats.gaps = nondet_u64();
	*rec = malloc(n);
	*len = n;
	return 1;
}

void model_fail_all(struct fwq_rpc *r)
{
	(void)r;
}

bool model_expire_one(struct fwq_rpc *r, uint64_t now)
{
	(void)r;
	(void)now;
	return false;
}

void model_pump(struct fwq_rpc *r)
{
	(void)r;
}

/* ---- the callers */

static void done(struct fwq_call *call, int err)
{
	unsigned int i = (unsigned int)(uintptr_t)call->arg;

	PROVE(err <= 0 && call->reply_len <= call->reply_size);
	PROVE(!ended[i]++);
	PROVE(rpc.sending != call && rpc.assembling != call);
}

static void on_event(struct fwq_rpc *r, uint32_t function, const uint8_t *payload, uint32_t len)
{
	PROVE(r == &rpc && function >= params.rpc.first_event);
	PROVE(__CPROVER_r_ok(payload, len));
}

static void any_call(struct fwq_call *call, struct fwq_caller *caller, unsigned int i)
{
	call->function = nondet_u32();
	call->reply_size = nondet_u32();
	call->reply_len = nondet_u32();
	call->sequence = nondet_u32();
	call->one_way = nondet_bool();
	ASSUME(call->reply_size <= FWQ_MESSAGE_MAX && call->reply_len <= call->reply_size);
	call->reply = malloc(call->reply_size);
	call->done = done;
	call->arg = (void *)(uintptr_t)i;
	call->caller = caller;
}

/* The invariant, from the second half of which any state is made and in which a step must end. */
static bool sound(void)
{
	for (unsigned int i = 0; i < 2; i++) {
		struct fwq_call *c = callers[i].flight;

		if (c && c->reply_len > c->reply_size)
			return false;
	}
	return rpc.owed_n <= FWQ_OWED_MAX &&
	       (!rpc.sending || rpc.sending == callers[0].flight ||
		rpc.sending == callers[1].flight) &&
	       (!rpc.assembling || rpc.assembling == callers[0].flight ||
		rpc.assembling == callers[1].flight) &&
	       (!rpc.assembling || rpc.assembling != rpc.sending);
}

int main(void)
{
	unsigned int s = nondet_u32(), a = nondet_u32();

	params = nondet_params();
	ASSUME(good_params(&params));
	q.p = &params;
	fwq_rpc_init(&rpc, &q, on_event, NULL);
	rpc.callers = &callers[0];
	callers[0].next = &callers[1];
	for (unsigned int i = 0; i < 2; i++) {
		any_call(&flying[i], &callers[i], i);
		callers[i].flight = nondet_bool() ? &flying[i] : NULL;
	}
	rpc.sending = s < 2 ? callers[s].flight : NULL;
	rpc.assembling = a < 2 ? callers[a].flight : NULL;
	rpc.owed_n = nondet_u32();
	rpc.gaps = nondet_u64();
	rpc.sequence = nondet_u32();
	ASSUME(sound());
	fwq_rpc_poll(&rpc, nondet_u64());
	PROVE(sound());
	return 0;
}
