/* SPDX-License-Identifier: MIT */
/*
 * The range allocator against a reference that is too simple to be wrong: one byte per unit of
 * space. If ranges overlapped, or free space got lost or stayed cut up, two guests would share memory
 * or a slice would not fit although there is room.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gpu/core/extent.h"
#include "hv/hv.h"

#define UNITS 512u
#define MAX   24u
#define BASE  0x1000000ull
#define UNIT  0x10000ull

struct reference {
	uint8_t used[UNITS];
	struct gpu_range out[MAX];
	unsigned int n;
};

static jmp_buf panic;

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	longjmp(panic, 1);
}

static uint64_t rnd(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ull + 1442695040888963407ull;
	return *seed >> 33;
}

static unsigned int longest_free(const struct reference *r)
{
	unsigned int best = 0, run = 0;

	for (unsigned int i = 0; i < UNITS; i++) {
		run = r->used[i] ? 0 : run + 1;
		if (run > best)
			best = run;
	}
	return best;
}

static unsigned int free_units(const struct reference *r)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < UNITS; i++)
		n += !r->used[i];
	return n;
}

/* Pieces follow one another and fill the space; how many of them are free. */
static unsigned int free_pieces(const struct gpu_extents *e)
{
	uint64_t at = e->base;
	unsigned int n = 0;
	uint32_t last = 0;

	for (uint32_t i = e->piece[0].above; i; last = i, i = e->piece[i].above) {
		assert_int_equal(e->piece[i].below, last);
		assert_int_equal(e->piece[i].range.base, at);
		at += e->piece[i].range.size;
		n += e->piece[i].class != 0;
	}
	assert_int_equal(e->piece[0].below, last);
	assert_int_equal(at, e->base + e->size);
	return n;
}

/* All free pieces are in the list of their class, and a bit says that it is not empty. */
static unsigned int listed_pieces(const struct gpu_extents *e)
{
	unsigned int n = 0;

	for (unsigned int class = 1; class < GPU_EXTENT_CLASSES; class ++) {
		bool some = e->some[class / 32] >> class % 32 & 1;
		uint32_t last = 0;

		if (!some)
			continue;
		assert_true(e->words >> class / 32 & 1);
		assert_int_not_equal(e->free[class], 0);
		for (uint32_t i = e->free[class]; i; last = i, i = e->piece[i].next, n++) {
			assert_int_equal(e->piece[i].class, class);
			assert_int_equal(e->piece[i].prev, last);
		}
	}
	return n;
}

/* Free space and the pieces say the same; free ones never touch. */
static void compare(const struct gpu_extents *e, const struct reference *r)
{
	unsigned int longest = 0, total = 0;

	assert_int_equal(free_pieces(e), listed_pieces(e));
	for (uint32_t i = e->piece[0].above; i; i = e->piece[i].above) {
		const struct gpu_piece *p = &e->piece[i];
		unsigned int first = (unsigned int)((p->range.base - BASE) / UNIT);
		unsigned int n = (unsigned int)(p->range.size / UNIT);

		assert_true(n > 0);
		for (unsigned int u = first; u < first + n; u++)
			assert_int_equal(r->used[u], !p->class);
		if (!p->class)
			continue;
		assert_true(first == 0 || r->used[first - 1]);
		assert_true(first + n == UNITS || r->used[first + n]);
		total += n;
		if (n > longest)
			longest = n;
	}
	assert_int_equal(total, free_units(r));
	assert_int_equal(longest, longest_free(r));
	assert_int_equal(e->free_bytes, total * UNIT);
	assert_int_equal(e->used, r->n);
}

/* Is there a free place of this length that begins at a multiple of align? */
static bool aligned_place(const struct reference *r, unsigned int units, uint64_t align)
{
	for (unsigned int first = 0; first + units <= UNITS; first++) {
		unsigned int n = 0;

		while (n < units && !r->used[first + n])
			n++;
		if (n == units && (BASE + first * UNIT) % align == 0)
			return true;
	}
	return false;
}

static void take(struct gpu_extents *e, struct reference *r, unsigned int units, uint64_t align)
{
	struct gpu_range range;
	int err = gpu_extents_alloc(e, units * UNIT, align, &range);

	if (r->n == MAX) {
		assert_int_equal(err, -ENOSPC);
		return;
	}
	if (longest_free(r) < units) {
		assert_int_equal(err, -ENOMEM);
		return;
	}
	assert_int_equal(err, 0);
	assert_int_equal(range.size, units * UNIT);
	assert_int_equal(range.base % align == 0, aligned_place(r, units, align));
	for (unsigned int u = 0; u < units; u++) {
		assert_false(r->used[(range.base - BASE) / UNIT + u]);
		r->used[(range.base - BASE) / UNIT + u] = 1;
	}
	r->out[r->n++] = range;
}

static void give(struct gpu_extents *e, struct reference *r, unsigned int i)
{
	struct gpu_range range = r->out[i];

	gpu_extents_free(e, &range);
	memset(&r->used[(range.base - BASE) / UNIT], 0, range.size / UNIT);
	r->out[i] = r->out[--r->n];
}

static void random_use_matches_reference(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct reference r = {.n = 0};
		struct gpu_extents e;
		uint64_t s = seed;

		assert_int_equal(gpu_extents_init(&e, BASE, UNITS * UNIT, MAX), 0);
		for (unsigned int step = 0; step < 2000; step++) {
			if (r.n && rnd(&s) % 2)
				give(&e, &r, (unsigned int)(rnd(&s) % r.n));
			else
				take(&e, &r, 1 + (unsigned int)(rnd(&s) % 90), UNIT << rnd(&s) % 6);
			compare(&e, &r);
		}
		while (r.n)
			give(&e, &r, (unsigned int)(rnd(&s) % r.n));
		/* After any order of frees: one extent, the whole. */
		compare(&e, &r);
		assert_int_equal(free_pieces(&e), 1);
		gpu_extents_fini(&e);
	}
}

/* The length of the hole that unit u is in; of the shortest hole from `units` on if u is none. */
static unsigned int hole(const struct reference *r, unsigned int u, unsigned int units)
{
	unsigned int best = UNITS, end;

	for (unsigned int first = 0; first < UNITS; first = end) {
		for (end = first + 1; end < UNITS && r->used[end] == r->used[first];)
			end++;
		if (r->used[first])
			continue;
		if (u >= first && u < end)
			return end - first;
		if (u >= UNITS && end - first >= units && end - first < best)
			best = end - first;
	}
	return best;
}

static void the_smallest_hole_is_taken(void **state)
{
	unsigned int longer = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct reference r = {.n = 0};
		struct gpu_extents e;
		uint64_t s = seed;

		assert_int_equal(gpu_extents_init(&e, BASE, UNITS * UNIT, MAX), 0);
		for (unsigned int step = 0; step < 1000; step++) {
			unsigned int units = 1 + (unsigned int)(rnd(&s) % 40), n = r.n, u, best;
			struct reference before = r;

			if (r.n == MAX || (r.n && rnd(&s) % 2)) {
				give(&e, &r, (unsigned int)(rnd(&s) % r.n));
				continue;
			}
			take(&e, &r, units, UNIT);
			if (r.n == n)
				continue;
			u = (unsigned int)((r.out[n].base - BASE) / UNIT);
			best = hole(&before, UNITS, units);
			/* Of its low end, and where there are classes of several sizes, within 1/32. */
			assert_true(!u || before.used[u - 1]);
			assert_true(hole(&before, u, 0) <= best + best / 32);
			longer += best >= 64;
		}
		gpu_extents_fini(&e);
	}
	assert_true(longer > 100);
}

/* Whichever way 100,000 ranges come back, all is one extent again, and no search is long. */
static void many_ranges_in_any_order(void **state)
{
	const unsigned int n = 100000;
	struct gpu_range *out = calloc(n, sizeof(*out)), swap, whole;
	struct gpu_extents e;
	uint64_t s = 1;

	(void)state;
	for (unsigned int order = 0; order < 3; order++) {
		assert_int_equal(gpu_extents_init(&e, BASE, n * UNIT, n), 0);
		for (unsigned int i = 0; i < n; i++)
			assert_int_equal(gpu_extents_alloc(&e, UNIT, UNIT, &out[i]), 0);
		assert_int_equal(gpu_extents_alloc(&e, UNIT, UNIT, &whole), -ENOSPC);
		/* Upwards, downwards, at random. */
		for (unsigned int i = n - 1; order == 1 ? i >= n / 2 : order && i; i--) {
			unsigned int k = order == 1 ? n - 1 - i : (unsigned int)(rnd(&s) % (i + 1));

			swap = out[i];
			out[i] = out[k];
			out[k] = swap;
		}
		for (unsigned int i = 0; i < n; i++)
			gpu_extents_free(&e, &out[i]);
		assert_int_equal(free_pieces(&e), 1);
		assert_int_equal(gpu_extents_alloc(&e, n * UNIT, UNIT, &whole), 0);
		assert_int_equal(whole.base, BASE);
		gpu_extents_fini(&e);
	}
	free(out);
}

static void smallest_hole_is_taken_first(void **state)
{
	struct gpu_range a, b, c, d, small;
	struct gpu_extents e;

	(void)state;
	assert_int_equal(gpu_extents_init(&e, 0, 100, 10), 0);
	assert_int_equal(gpu_extents_alloc(&e, 30, 1, &a), 0);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &b), 0);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &c), 0);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &d), 0);
	gpu_extents_free(&e, &a);
	gpu_extents_free(&e, &c);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &small), 0);
	assert_int_equal(small.base, c.base); /* not the hole of 30 and not the open end */
	gpu_extents_fini(&e);
}

/* A place is found in the list of a class whose first piece is too small, or lies badly. */
static void none_is_overlooked(void **state)
{
	struct gpu_range hole[2], wall, range;
	struct gpu_extents e;

	(void)state;
	for (unsigned int large = 0; large < 2; large++) {
		/* 1000 and 1001 are of one class. */
		assert_int_equal(gpu_extents_init(&e, 0, 4096, 10), 0);
		assert_int_equal(gpu_extents_alloc(&e, large ? 1001 : 1000, 1, &hole[0]), 0);
		assert_int_equal(gpu_extents_alloc(&e, 1024 - hole[0].size, 1, &wall), 0);
		assert_int_equal(gpu_extents_alloc(&e, large ? 1000 : 1001, 1, &hole[1]), 0);
		assert_int_equal(gpu_extents_alloc(&e, 4096 - 1024 - hole[1].size, 1, &wall), 0);
		gpu_extents_free(&e, &hole[large]);
		gpu_extents_free(&e, &hole[!large]);
		assert_int_equal(gpu_extents_alloc(&e, 1002, 1, &range), -ENOMEM);
		assert_int_equal(gpu_extents_alloc(&e, 1001, 1, &range), 0);
		assert_int_equal(range.base, hole[!large].base);
		gpu_extents_fini(&e);

		/* Of [32, 128) and [192, 288) only the second has it at a multiple of 64. */
		assert_int_equal(gpu_extents_init(&e, 32, 4096, 10), 0);
		assert_int_equal(gpu_extents_alloc(&e, 96, 1, &hole[0]), 0);
		assert_int_equal(gpu_extents_alloc(&e, 64, 1, &wall), 0);
		assert_int_equal(gpu_extents_alloc(&e, 96, 1, &hole[1]), 0);
		assert_int_equal(gpu_extents_alloc(&e, 4096 - 256, 1, &wall), 0);
		gpu_extents_free(&e, &hole[large]);
		gpu_extents_free(&e, &hole[!large]);
		assert_int_equal(gpu_extents_alloc(&e, 96, 64, &range), 0);
		assert_int_equal(range.base, 192);
		gpu_extents_fini(&e);
	}
}

/* All of 64 bits, in one piece and in the smallest. */
static void any_size_has_a_class(void **state)
{
	struct gpu_range out[64];
	struct gpu_extents e;
	unsigned int n = 0;

	(void)state;
	assert_int_equal(gpu_extents_init(&e, 0, UINT64_MAX, 64), 0);
	for (unsigned int i = 0; i < 63; i++)
		assert_int_equal(gpu_extents_alloc(&e, 1ull << i, 1, &out[n++]), 0);
	assert_int_equal(free_pieces(&e), listed_pieces(&e));
	assert_int_equal(gpu_extents_alloc(&e, UINT64_MAX / 2 + 1, 1, &out[n++]), 0);
	assert_int_equal(e.free_bytes, 0);
	assert_int_equal(free_pieces(&e), 0);
	while (n) {
		gpu_extents_free(&e, &out[--n]);
		assert_int_equal(free_pieces(&e), listed_pieces(&e));
	}
	assert_int_equal(gpu_extents_alloc(&e, UINT64_MAX, 1, &out[0]), 0);
	gpu_extents_fini(&e);
}

/* What is not out as it is given back is our bug, and is seen. */
static void wrong_frees_are_seen(void **state)
{
	static const struct gpu_range wrong[] = {
		{0, 10}, {20, 10}, {30, 10}, {10, 9}, {10, 11}, {11, 9}, {10, 20}, {0, 0}, {10, 0},
	};
	volatile unsigned int panics = 0;
	struct gpu_range a, b;
	struct gpu_extents e;

	(void)state;
	assert_int_equal(gpu_extents_init(&e, 0, 100, 10), 0);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &a), 0);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &b), 0);
	gpu_extents_free(&e, &a);
	for (volatile size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (setjmp(panic))
			panics++;
		else
			gpu_extents_free(&e, &wrong[i]);
	}
	assert_int_equal(panics, sizeof(wrong) / sizeof(wrong[0]));
	gpu_extents_free(&e, &b);
	assert_int_equal(free_pieces(&e), 1);
	gpu_extents_fini(&e);
}

static void bad_arguments_are_refused(void **state)
{
	struct gpu_range range;
	struct gpu_extents e;

	(void)state;
	assert_int_equal(gpu_extents_init(&e, 0, 0, 1), -EINVAL);
	assert_int_equal(gpu_extents_init(&e, 0, 1, 0), -EINVAL);
	assert_int_equal(gpu_extents_init(&e, 0, 1, (1u << 30) + 1), -EINVAL);
	assert_int_equal(gpu_extents_init(&e, UINT64_MAX, 2, 1), -EINVAL);
	assert_int_equal(gpu_extents_init(&e, 0, 10, 1), 0);
	assert_int_equal(gpu_extents_alloc(&e, 0, 1, &range), -EINVAL);
	assert_int_equal(gpu_extents_alloc(&e, 11, 1, &range), -ENOMEM);
	assert_int_equal(gpu_extents_alloc(&e, UINT64_MAX, 1, &range), -ENOMEM);
	assert_int_equal(gpu_extents_alloc(&e, 10, 1, &range), 0);
	assert_int_equal(gpu_extents_alloc(&e, 1, 1, &range), -ENOSPC);
	gpu_extents_fini(&e);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_use_matches_reference),
		cmocka_unit_test(the_smallest_hole_is_taken),
		cmocka_unit_test(many_ranges_in_any_order),
		cmocka_unit_test(smallest_hole_is_taken_first),
		cmocka_unit_test(none_is_overlooked),
		cmocka_unit_test(any_size_has_a_class),
		cmocka_unit_test(wrong_frees_are_seen),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
