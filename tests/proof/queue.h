/* SPDX-License-Identifier: MIT */
/*
 * queue.h - a pair of queues in any state that it can be in, for the proofs of fwq/queue.c.
 *
 * Parameters are any that have what params.c proves of those that pass fwq_params_check(), laid out as
 * fwq_queue_init() does. What changes later is any value within the
 * invariant: positions in their rings. Each harness proves that its call keeps it, so it holds for ever.
 *
 * Each of the two queues is an object of exactly its size, so a byte outside it is found. The link is
 * the firmware's: positions are any 32-bit number, each time.
 */
#ifndef TESTS_PROOF_QUEUE_H
#define TESTS_PROOF_QUEUE_H

#include <stdlib.h>

#include "fwq/params.c"
#include "fwq/queue.c"
#include "tests/proof/proof.h"

struct fwq_params nondet_params(void);

static struct fwq_params params;
static struct fwq_queue q;
static uint32_t peer; /* what the firmware said last */

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	PROVE(!"a check of our own fails");
	ASSUME(0);
}

/* xor64(): reads len bytes; what their sum is decides nothing here. */
uint64_t model_xor64(const uint8_t *at, size_t len)
{
	PROVE(__CPROVER_r_ok(at, len));
	return nondet_u64();
}

/* copy_xor64(): the same, and writes them to `to`. */
uint64_t model_copy_xor64(uint8_t *to, const uint8_t *from, size_t len)
{
	model_memcpy(to, from, len);
	return nondet_u64();
}

static uint32_t peer_position(struct fwq_link *link)
{
	(void)link;
	peer = nondet_u32();
	return peer;
}

static void doorbell(struct fwq_link *link)
{
	(void)link;
}

/* The invariant that every call finds and keeps. */
static bool in_rings(void)
{
	return q.write < q.cmd_elems && q.read < q.msg_elems;
}

/* A queue of `bytes`: what params.c proves of one, and an object of its own of exactly that size. */
static uint8_t *any_ring(uint32_t bytes, uint32_t *elems)
{
	*elems = nondet_u32();
	ASSUME(bytes <= FWQ_QUEUE_BYTES_MAX && bytes > params.entry_off);
	ASSUME(*elems <= FWQ_QUEUE_BYTES_MAX / ELEM && params.record_max < *elems * ELEM);
	ASSUME(*elems * ELEM <= bytes - params.entry_off);
	return malloc(bytes);
}

static void any_queue(struct fwq_link *link)
{
	params = nondet_params();
	ASSUME(params.elem_size == ELEM && good_params(&params));
	q.p = &params;
	q.link = link;
	q.cmd = any_ring(params.cmd_size, &q.cmd_elems);
	q.msg = any_ring(params.msg_size, &q.msg_elems);
	q.stage = malloc(params.record_max);
	q.read = nondet_u32();
	q.write = nondet_u32();
	ASSUME(in_rings());
	q.tx_seq = nondet_u32();
	q.rx_seq = nondet_u32();
	q.linked = nondet_bool();
	q.broken = nondet_bool();
}

#endif /* TESTS_PROOF_QUEUE_H */
