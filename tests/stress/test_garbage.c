/* SPDX-License-Identifier: MIT */
/*
 * A guest feeds the GPU garbage, thousands of times (tests/xen/garbage.c): its neighbour's bytes stay what they are and
 * go on moving, the IOMMU has nothing to refuse, and the driver domain holds in the end what it held before.
 *
 * GARBAGE says how many submissions, SEED chooses others (`make garbage` has a million of them).
 */
#include "tests/unit/submit_bed.h"

#include "tests/xen/garbage.h"
#include "tests/xen/pattern.h"

#define SUBMISSIONS 20000u
#define TURN	    250u /* submissions between two looks at the neighbour */
#define PATIENCE    (3 * HV_MS)

static unsigned long long number(const char *name, unsigned long long otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

static void put(struct user *u, uint64_t seed, uint64_t at)
{
	pattern_fill(u->mover.piece, seed, u->g.dom, at, MOVER_PIECE);
	assert_int_equal(mover_put(&u->mover, at), 0);
}

static void get(struct user *u, uint64_t seed, uint64_t at)
{
	memset(u->mover.piece, 0, MOVER_PIECE);
	assert_int_equal(mover_get(&u->mover, at), 0);
	assert_int_equal(pattern_check(u->mover.piece, seed, u->g.dom, at, MOVER_PIECE),
			 MOVER_PIECE);
}

/* What it had is still there; it moves the next piece. */
static void neighbour(struct fixture *f, uint64_t turn)
{
	struct user *u = enter(f, 1);
	uint64_t at = turn % (OBJECT / MOVER_PIECE) * MOVER_PIECE;

	get(u, turn < OBJECT / MOVER_PIECE ? 0 : turn - OBJECT / MOVER_PIECE, at);
	put(u, turn, at);
	get(u, turn, at);
	assert_false(u->mover.dma.stopped);
	leave(f);
}

static void garbage_harms_nobody_else(void **state)
{
	const unsigned long long n = number("GARBAGE", SUBMISSIONS), seed = number("SEED", 6);
	struct fixture *f = *state;
	struct garbage *g = calloc(1, sizeof(*g));
	struct user *u = enter(f, 1);
	uint64_t turn = 0;

	print_message("SEED=%llu GARBAGE=%llu\n", seed, n);
	assert_int_equal(mover_open(&u->mover, u->front, OBJECT, true), 0);
	for (uint64_t at = 0; at < OBJECT; at += MOVER_PIECE)
		put(u, 0, at);
	leave(f);
	u = enter(f, 0);
	assert_int_equal(garbage_open(g, u->front, seed), 0);
	leave(f);
	while (g->done < n) {
		enter(f, 0);
		assert_int_equal(garbage_submit(g, TURN, PATIENCE), 0);
		leave(f);
		hosted_log_clear(f->bed.h, f->bed.gpudom);
		neighbour(f, turn++);
		assert_int_equal(hosted_iommu_refused(f->bed.h), 0);
	}
	enter(f, 0);
	assert_int_equal(garbage_close(g), 0);
	leave(f);
	print_message(
		"%llu submissions: %llu stopped their channel, %llu kept it busy; %llu waits\n",
		(unsigned long long)g->done, (unsigned long long)g->stopped,
		(unsigned long long)g->busy, (unsigned long long)g->waits);
	/* All of them happened, or it would not test them. */
	assert_true(g->stopped > n / 4 && g->stopped < n - n / 20 && g->busy > n / 1000);
	free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(garbage_harms_nobody_else, submit_setup,
						submit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
