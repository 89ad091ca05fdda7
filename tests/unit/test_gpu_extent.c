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

#define UNITS 512u
#define MAX   24u
#define BASE  0x1000000ull
#define UNIT  0x10000ull

struct reference {
	uint8_t used[UNITS];
	struct gpu_range out[MAX];
	unsigned int n;
};

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

/* A tree, from its lowest node to its highest: what each order must be. */
static unsigned int in_order(const struct gpu_extents *e, enum gpu_extent_order order, uint32_t at,
			     struct gpu_range *out)
{
	const struct gpu_extent *node = &e->node[at];
	unsigned int n;

	if (!at)
		return 0;
	for (unsigned int side = 0; side < 2; side++)
		assert_true(e->node[node->child[order][side]].rank <= node->rank);
	n = in_order(e, order, node->child[order][0], out);
	out[n++] = node->range;
	return n + in_order(e, order, node->child[order][1], out + n);
}

/* Free space and the extents say the same; they are in both orders and never touch. */
static void compare(const struct gpu_extents *e, const struct reference *r)
{
	struct gpu_range holes[MAX + 1] = {{0}}, sized[MAX + 1] = {{0}};
	unsigned int longest = 0, total = 0;

	assert_int_equal(in_order(e, GPU_BY_BASE, e->root[GPU_BY_BASE], holes), e->n);
	assert_int_equal(in_order(e, GPU_BY_SIZE, e->root[GPU_BY_SIZE], sized), e->n);
	for (unsigned int i = 0; i < e->n; i++) {
		unsigned int first = (unsigned int)((holes[i].base - BASE) / UNIT);
		unsigned int n = (unsigned int)(holes[i].size / UNIT);

		assert_true(n > 0);
		for (unsigned int u = first; u < first + n; u++)
			assert_false(r->used[u]);
		assert_true(first == 0 || r->used[first - 1]);
		assert_true(first + n == UNITS || r->used[first + n]);
		assert_true(!i || holes[i - 1].base < holes[i].base);
		assert_true(
			!i || sized[i - 1].size < sized[i].size ||
			(sized[i - 1].size == sized[i].size && sized[i - 1].base < sized[i].base));
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
				take(&e, &r, 1 + (unsigned int)(rnd(&s) % 60), UNIT << rnd(&s) % 6);
			compare(&e, &r);
		}
		while (r.n)
			give(&e, &r, (unsigned int)(rnd(&s) % r.n));
		/* After any order of frees: one extent, the whole. */
		compare(&e, &r);
		assert_int_equal(e.n, 1);
		gpu_extents_fini(&e);
	}
}

/* The lowest place of the smallest hole in which it can be: what any search must find. */
static uint64_t expected(const struct reference *r, unsigned int units, uint64_t align)
{
	unsigned int best = UNITS + 1, end;
	uint64_t place = 0;

	for (unsigned int first = 0; first < UNITS; first = end) {
		uint64_t base = (BASE + first * UNIT + align - 1) / align * align;

		for (end = first + 1; end < UNITS && r->used[end] == r->used[first];)
			end++;
		if (r->used[first] || base + units * UNIT > BASE + end * UNIT ||
		    end - first >= best)
			continue;
		best = end - first;
		place = base;
	}
	return place;
}

static void the_place_is_the_best_there_is(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct reference r = {.n = 0};
		struct gpu_extents e;
		uint64_t s = seed;

		assert_int_equal(gpu_extents_init(&e, BASE, UNITS * UNIT, MAX), 0);
		for (unsigned int step = 0; step < 1000; step++) {
			unsigned int units = 1 + (unsigned int)(rnd(&s) % 40);
			uint64_t align = UNIT << rnd(&s) % 6, place = expected(&r, units, align);
			unsigned int n = r.n;

			if (r.n == MAX || (r.n && rnd(&s) % 2)) {
				give(&e, &r, (unsigned int)(rnd(&s) % r.n));
				continue;
			}
			take(&e, &r, units, align);
			if (place && r.n > n)
				assert_int_equal(r.out[n].base, place);
		}
		gpu_extents_fini(&e);
	}
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
		assert_int_equal(e.n, 1);
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

static void bad_arguments_are_refused(void **state)
{
	struct gpu_range range;
	struct gpu_extents e;

	(void)state;
	assert_int_equal(gpu_extents_init(&e, 0, 0, 1), -EINVAL);
	assert_int_equal(gpu_extents_init(&e, 0, 1, 0), -EINVAL);
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
		cmocka_unit_test(the_place_is_the_best_there_is),
		cmocka_unit_test(many_ranges_in_any_order),
		cmocka_unit_test(smallest_hole_is_taken_first),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
