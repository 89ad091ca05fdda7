/* SPDX-License-Identifier: MIT */
/*
 * Guests submit copies and fills by themselves: bytes arrive where they should and nowhere else, batches cost
 * what they may, and what goes wrong in one guest stays there.
 */
#include "tests/unit/submit_bed.h"

#include <xen/grant_table.h>
#include <xen/xen.h>

#include "tests/xen/pattern.h"

#define ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT 31u /* nverror.h */

static uint64_t calls(struct fixture *f, unsigned int nr, unsigned int sub)
{
	uint64_t n;

	hosted_enter(f->bed.h, f->bed.gpudom);
	n = hv_hypercalls(nr, sub);
	hosted_leave();
	return n;
}

/* Every grant operation of gpudom so far. */
static uint64_t grant_operations(struct fixture *f)
{
	uint64_t n = 0;

	for (unsigned int sub = 0; sub < 16; sub++)
		n += calls(f, __HYPERVISOR_grant_table_op, sub);
	return n;
}

/* ---------------------------------------------------------------- bytes */

static void put_object(struct user *u, uint64_t seed)
{
	for (uint64_t at = 0; at < OBJECT; at += MOVER_PIECE) {
		pattern_fill(u->mover.piece, seed, u->g.dom, at, MOVER_PIECE);
		assert_int_equal(mover_put(&u->mover, at), 0);
	}
}

static void get_object(struct user *u, uint64_t seed)
{
	for (uint64_t at = 0; at < OBJECT; at += MOVER_PIECE) {
		memset(u->mover.piece, 0, MOVER_PIECE);
		assert_int_equal(mover_get(&u->mover, at), 0);
		assert_int_equal(pattern_check(u->mover.piece, seed, u->g.dom, at, MOVER_PIECE),
				 MOVER_PIECE);
	}
}

static void start_moving(struct user *u)
{
	assert_int_equal(mover_open(&u->mover, u->front, OBJECT, true), 0);
}

/* Written and read by the GPU, and seen by the back's own copies in between. */
static void bytes_arrive(void **state)
{
	struct fixture *f = *state;
	struct user *u = enter(f, 0);
	uint32_t *words = malloc(2ul * MOVER_PIECE);

	start_moving(u);
	put_object(u, 1);
	assert_int_equal(
		front_mem_read(u->front, u->mover.handle, MOVER_PIECE, words, 2ul * MOVER_PIECE),
		0);
	assert_int_equal(pattern_check(words, 1, u->g.dom, MOVER_PIECE, 2ul * MOVER_PIECE),
			 2ul * MOVER_PIECE);
	get_object(u, 1);

	/* A fill, between bytes that stay. */
	assert_int_equal(dma_fill(&u->mover.dma, u->mover.object_va + 0x1004, 0x1234abcd, 0x2000),
			 0);
	assert_int_equal(dma_submit(&u->mover.dma), 0);
	assert_int_equal(dma_wait(&u->mover.dma, 10 * HV_S), 0);
	assert_int_equal(front_mem_read(u->front, u->mover.handle, 0, words, MOVER_PIECE), 0);
	for (unsigned int i = 0; i < 0x2000 / 4; i++)
		assert_int_equal(words[0x1004 / 4 + i], 0x1234abcd);
	assert_int_equal(pattern_check(words, 1, u->g.dom, 0, 0x1000), 0x1000);
	assert_int_equal(pattern_check(words + 0x3008 / 4, 1, u->g.dom, 0x3008, 0x1000), 0x1000);
	mover_close(&u->mover);
	leave(f);
	free(words);
}

static void two_at_the_same_time(void **state)
{
	struct fixture *f = *state;

	for (unsigned int i = 0; i < GUESTS; i++) {
		struct user *u = enter(f, i);

		start_moving(u);
		put_object(u, 7);
		leave(f);
	}
	/* Batches of both are under way together; then each waits for its own. */
	for (uint64_t round = 0; round < 20; round++) {
		uint64_t at = round * MOVER_PIECE % OBJECT;

		for (unsigned int i = 0; i < GUESTS; i++) {
			struct user *u = enter(f, i);

			pattern_fill(u->mover.piece, 8 + round, u->g.dom, at, MOVER_PIECE);
			assert_int_equal(dma_copy(&u->mover.dma, u->mover.buf_va,
						  u->mover.object_va + at, MOVER_PIECE),
					 0);
			assert_int_equal(dma_submit(&u->mover.dma), 0);
			leave(f);
		}
		for (unsigned int i = 0; i < GUESTS; i++) {
			struct user *u = enter(f, i);

			assert_int_equal(dma_wait(&u->mover.dma, 10 * HV_S), 0);
			memset(u->mover.piece, 0, MOVER_PIECE);
			assert_int_equal(mover_get(&u->mover, at), 0);
			assert_int_equal(
				pattern_check(u->mover.piece, 8 + round, u->g.dom, at, MOVER_PIECE),
				MOVER_PIECE);
			leave(f);
		}
	}
}

/* ---------------------------------------------------------------- costs */

static void steady_state_costs_no_copies(void **state)
{
	const unsigned int batches = 50, copies = 8;
	struct fixture *f = *state;
	struct user *u = enter(f, 0);
	uint64_t sends, rings, requests, grants, granted, completions, wakeups;

	start_moving(u);
	put_object(u, 3);
	leave(f);
	hosted_advance(f->bed.h, 2 * HV_S);
	granted = grant_operations(f);
	enter(f, 0);
	sends = front_stats(u->front)->ring_sends;
	rings = front_stats(u->front)->rings;
	completions = front_stats(u->front)->completions;
	wakeups = front_stats(u->front)->wakeups;
	requests = front_stats(u->front)->requests;
	grants = front_stats(u->front)->grants;
	for (unsigned int i = 0; i < batches; i++) {
		for (unsigned int n = 0; n < copies; n++)
			assert_int_equal(dma_copy(&u->mover.dma,
						  u->mover.object_va + n * 0x10000ull,
						  u->mover.buf_va + n * 0x10000ull, 0x10000),
					 0);
		assert_int_equal(dma_submit(&u->mover.dma), 0);
		assert_int_equal(dma_wait(&u->mover.dma, 10 * HV_S), 0);
	}
	assert_int_equal(front_stats(u->front)->rings - rings, batches);
	assert_int_equal(front_stats(u->front)->ring_sends - sends, batches);
	/* At most one event for the end of each, and none about nothing. */
	completions = front_stats(u->front)->completions - completions;
	assert_in_range(completions, 1, batches);
	assert_int_equal(front_stats(u->front)->wakeups - wakeups, completions);
	assert_int_equal(front_stats(u->front)->fallbacks, 0);
	assert_int_equal(front_stats(u->front)->requests, requests);
	assert_int_equal(front_stats(u->front)->grants, grants);
	leave(f);
	assert_int_equal(grant_operations(f), granted);
}

/* ---------------------------------------------------------------- what goes wrong */

/* The copy engine is sent to an address where nothing is. */
static void a_fault_is_the_guests_own(void **state)
{
	struct fixture *f = *state;
	struct user *other = enter(f, 1), *u;
	uint64_t nowhere;

	start_moving(other);
	put_object(other, 5);
	leave(f);
	u = enter(f, 0);
	start_moving(u);
	nowhere = u->mover.object_va + 64 * MIB;
	assert_int_equal(dma_copy(&u->mover.dma, nowhere, u->mover.buf_va, 0x1000), 0);
	assert_int_equal(dma_submit(&u->mover.dma), 0);
	assert_int_equal(dma_wait(&u->mover.dma, 10 * HV_S), -EIO);
	assert_true(u->mover.dma.stopped);
	assert_int_equal(u->mover.dma.why.op.channel.channel, u->mover.dma.channel);
	assert_int_equal(u->mover.dma.why.op.channel.xid, ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT);
	assert_int_equal(front_channel_ring(u->front, u->mover.dma.channel, 0), -EIO);
	leave(f);
	enter(f, 1);
	assert_false(other->mover.dma.stopped);
	get_object(other, 5);
	leave(f);
	/* It can go on with a new channel. */
	enter(f, 0);
	mover_close(&u->mover);
	start_moving(u);
	put_object(u, 6);
	get_object(u, 6);
	leave(f);
}

static void stale_access_faults(void **state)
{
	struct fixture *f = *state;
	struct user *u = enter(f, 0);

	start_moving(u);
	put_object(u, 5);
	assert_int_equal(front_mem_free(u->front, u->mover.handle), -EBUSY);
	assert_int_equal(dma_unmap(&u->mover.dma, u->mover.object_va, OBJECT, XENVGPU_PAGE_64K), 0);
	assert_int_equal(mover_get(&u->mover, 0), -EIO);
	assert_int_equal(u->mover.dma.why.op.channel.xid, ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT);
	assert_int_equal(front_mem_free(u->front, u->mover.handle), 0);
	leave(f);
}

/* A guest that died frees nothing: here, so that it is not taken for a leak. */
static struct user *volatile dead;

/* Many batches are under way when the guest is gone; its neighbour is not disturbed. */
static void a_guest_dies_while_it_copies(void **state)
{
	struct fixture *f = *state;
	struct user *u = enter(f, 0), *other;
	hv_domid_t dom = u->g.dom;

	start_moving(u);
	leave(f);
	other = enter(f, 1);
	start_moving(other);
	put_object(other, 9);
	leave(f);
	enter(f, 0);
	for (unsigned int i = 0; i < DMA_SLOTS - 1; i++) {
		assert_int_equal(
			dma_copy(&u->mover.dma, u->mover.object_va, u->mover.buf_va, MOVER_PIECE),
			0);
		assert_int_equal(dma_submit(&u->mover.dma), 0);
	}
	leave(f);
	guest_unplug(&u->g);
	hosted_domain_destroy(f->bed.h, dom);
	dead = malloc(sizeof(*u));
	*dead = *u;
	memset(u, 0, sizeof(*u));
	enter(f, 1);
	get_object(other, 9);
	leave(f);
	hosted_advance(f->bed.h, 20 * HV_S);
	assert_int_equal(hosted_orphan_frames(f->bed.h), 0);
	enter(f, 1);
	get_object(other, 9);
	leave(f);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, submit_setup, submit_teardown)
	const struct CMUnitTest tests[] = {
		T(bytes_arrive),
		T(two_at_the_same_time),
		T(steady_state_costs_no_copies),
		T(a_fault_is_the_guests_own),
		T(stale_access_faults),
		T(a_guest_dies_while_it_copies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
