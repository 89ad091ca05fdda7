/* SPDX-License-Identifier: MIT */
/*
 * sequences - a guest that makes, maps, submits, unmaps and destroys at random, on real Xen.
 *
 * What it does and what must come of it is tests/stress/sequence_*.h, as in the hosted test of sixteen such guests.
 * Words: seed=, number= (of the guest), sequences= (how many), vram= (bytes of the slice: 4M or 16M). After data/go=start
 * data/progress says how far it is and data/result how it ended: then nothing of it is left at the back.
 */
#include "guest-frontend/bare/raw.h"
#include "tests/stress/sequence_life.h"
#include "worker.h"

static struct seat seat;
static struct front_dev *dev;
static unsigned int reconnects;

/* ---------------------------------------------------------------- the machine, for sequence_guest.h */

static inline void guest_enter(const struct guest *g)
{
	(void)g; /* nobody else is here */
}

static inline void guest_leave(void)
{
}

static inline int seat_wait(struct guest *g, bool (*over)(void *arg), void *arg)
{
	const uint64_t end = hv_now() + ANSWER_IN;
	uint64_t pause = HV_MS / 10;
	int ret;

	(void)g;
	do { /* the GPU sends no event when it has written a semaphore */
		ret = hv_loop_until(over, arg, pause);
		if (pause < 4 * HV_MS)
			pause *= 2;
	} while (ret == -ETIMEDOUT && hv_now() < end);
	return ret;
}

static inline void guest_run(struct guest *g)
{
	(void)seat_wait(g, answered, g);
}

static inline hv_domid_t seat_backend(const struct guest *g)
{
	(void)g;
	return front_backend(dev);
}

static inline void seat_failed(const char *text)
{
	answer("result", "FAILED: %s", text);
	hv_panic("%s", text);
}

/* That, Xen tells only dom0. */
static inline void seat_check_mapped(struct seat *s, unsigned int mapped)
{
	(void)s;
	(void)mapped;
}

/* ---------------------------------------------------------------- connections */

static void connect_front(struct seat *s)
{
	struct front_raw raw = {.sring = NULL};
	int err = front_open(0, NULL, NULL, &dev);

	if (!err)
		err = front_wait_connected(dev, ANSWER_IN);
	if (!err)
		err = front_raw_take(dev, &raw);
	MUST(!err, "no connection: %d", err);
	s->g.sring = raw.sring;
	s->g.events = raw.events;
	s->g.port = raw.port;
	s->g.prod = raw.req_prod;
	s->g.cons = raw.rsp_cons;
	s->g.sring->rsp_event = s->g.cons + 1;
	s->event = raw.events->in_cons;
	s->faults = 0;
	s->connected = true;
}

/* What a guest gives once, for all its connections. */
static void be_born(struct seat *s)
{
	s->flight = -1;
	s->g.buf = granted(s, BED_PAGES, 0, s->g.buf_refs);
	s->g.dir = granted(s, 1, HV_GRANT_RO, &s->g.dir_ref);
	memcpy(s->g.dir->gref, s->g.buf_refs, sizeof(s->g.buf_refs));
	s->pool = granted(s, POOL, 0, s->ref);
	s->list = granted(s, 1, HV_GRANT_RO, &s->list_ref);
}

static void disconnect(struct seat *s)
{
	front_destroy(dev);
	dev = NULL;
	forget_connection(s);
}

/* In the midst of anything, or not. */
static inline void seat_end(struct seat *s)
{
	if (below(2)) {
		ask_for_much(s);
		guest_push(&s->g);
		nap(below(20) * HV_MS);
	}
	disconnect(s);
	connect_front(s);
	reconnects++;
	if (below(3) == 0)
		show_large(s);
}

/* ---------------------------------------------------------------- the course of events */

static void sequences(unsigned long long n)
{
	unsigned long long said = 0;

	while (run.sequences < n) {
		run.step++;
		next_step(&seat);
		if (run.sequences < said + 5)
			continue;
		said = run.sequences;
		answer("progress", "sequences=%llu steps=%llu", run.sequences, run.step);
	}
	run.doing = "taking all down";
	if (below(2)) {
		tidy(&seat);
	} else {
		ask_for_much(&seat);
		guest_push(&seat.g);
	}
	disconnect(&seat);
	for (unsigned int i = 0; i < 2; i++)
		userd_unmap(&seat, &seat.userd[i]);
	answer("result",
	       "done sequences=%llu steps=%llu requests=%llu refused=%llu batches=%llu cut=%llu "
	       "faults=%llu reconnects=%u",
	       run.sequences, run.step, run.calls, run.refused, run.batches, run.cut, run.faults,
	       reconnects);
}

static int sequences_start(int argc, char **argv)
{
	const uint64_t vram = order_number(argc, argv, "vram", shares[0].quota);

	run.seat = (unsigned int)order_number(argc, argv, "number", 0);
	run.seed = (uint32_t)order_number(argc, argv, "seed", 1);
	run.doing = "connecting";
	rng = run.seed * 64 + run.seat + 1;
	seat.share = shares[vram != shares[0].quota];
	if (vram != seat.share.quota)
		return -EINVAL;
	connect_front(&seat);
	be_born(&seat);
	answer("phase", "connected");
	if (!wait_told("start", 900 * HV_S))
		sequences(order_number(argc, argv, "sequences", 10));
	return wait_told("end", 900 * HV_S);
}

HV_IMAGE(sequences_start);
