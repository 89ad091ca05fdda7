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

/* Free space and the free list say the same; extents are sorted and never touch. */
static void compare(const struct gpu_extents *e, const struct reference *r)
{
	unsigned int longest = 0, total = 0;

	for (unsigned int i = 0; i < e->n; i++) {
		unsigned int first = (unsigned int)((e->free[i].base - BASE) / UNIT);
		unsigned int n = (unsigned int)(e->free[i].size / UNIT);

		assert_true(n > 0);
		for (unsigned int u = first; u < first + n; u++)
			assert_false(r->used[u]);
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
				take(&e, &r, 1 + (unsigned int)(rnd(&s) % 60), UNIT << rnd(&s) % 6);
			compare(&e, &r);
		}
		while (r.n)
			give(&e, &r, (unsigned int)(rnd(&s) % r.n));
		/* After any order of frees: one extent, the whole. */
		assert_int_equal(e.n, 1);
		assert_int_equal(e.free[0].base, BASE);
		assert_int_equal(e.free[0].size, UNITS * UNIT);
		gpu_extents_fini(&e);
	}
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
		cmocka_unit_test(smallest_hole_is_taken_first),
		cmocka_unit_test(bad_arguments_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
