/* SPDX-License-Identifier: MIT */
/*
 * bench_vram.c - one run of one measurement; bench_vram.py puts them side by side.
 *
 *    bench_vram ours|bitmap|malloc LIVE PAIRS
 *
 * Twice LIVE objects of 64 KiB to 2 MiB fill a space, and any half of them is freed, so that there are holes everywhere. Then PAIRS times
 * one object, any,
 * is freed and another one made. `bitmap` is the textbook: a bit for 64 KiB, the search goes on where it ended last, whole words
 * of used ones are skipped. `malloc` is glibc's, with sizes divided by 4096: it can ask for more room. Prints nanoseconds of all
 * pairs, how many objects found no place, and the largest hole in percent of what is free (0: not known).
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gpu/core/core.h"
#include "hv/hv.h"

#define UNIT  GPU_VRAM_ALIGN
#define UNITS 32u /* of the largest object */

static struct gpu_extents extents;
static uint64_t *bits, units, next;
static uint64_t seed = 1;

void hv_panic(const char *fmt, ...)
{
	fprintf(stderr, "bench_vram: %s\n", fmt);
	abort();
}

static uint64_t rnd(void)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return seed >> 33;
}

/* ---------------------------------------------------------------- ours */

static void ours_open(uint64_t size, unsigned int live)
{
	if (gpu_extents_init(&extents, 0, size, live))
		abort();
}

static bool ours_make(struct gpu_range *at, uint64_t size)
{
	return !gpu_extents_alloc(&extents, size, gpu_vram_align(size), at);
}

static void ours_drop(struct gpu_range *at)
{
	gpu_extents_free(&extents, at);
}

static double ours_hole(void)
{
	uint64_t best = 0;

	for (uint32_t n = extents.piece[0].above; n; n = extents.piece[n].above) {
		const struct gpu_piece *p = &extents.piece[n];

		best = p->class && p->range.size > best ? p->range.size : best;
	}
	return extents.free_bytes ? 100.0 * (double)best / (double)extents.free_bytes : 0;
}

/* ---------------------------------------------------------------- a bitmap */

static void bitmap_open(uint64_t size, unsigned int live)
{
	(void)live;
	units = size / UNIT;
	bits = calloc(units / 64 + 1, sizeof(*bits));
}

static bool bit(uint64_t i)
{
	return bits[i / 64] >> i % 64 & 1;
}

static void put_bits(uint64_t i, uint64_t n)
{
	for (; n; n--, i++)
		bits[i / 64] ^= 1ull << i % 64;
}

static bool bitmap_make(struct gpu_range *at, uint64_t size)
{
	uint64_t want = size / UNIT, align = gpu_vram_align(size) / UNIT;
	uint64_t i = next, looked = 0;

	while (looked < units + want) {
		uint64_t n = 0, skip = (align - i % align) % align;

		if (i + skip + want > units) {
			looked += units - i;
			i = 0;
			continue;
		}
		i += skip;
		looked += skip;
		if (i % 64 == 0 && bits[i / 64] == ~0ull) {
			i += 64;
			looked += 64;
			continue;
		}
		while (n < want && !bit(i + n))
			n++;
		if (n == want) {
			put_bits(i, want);
			*at = (struct gpu_range){i * UNIT, size};
			next = i + want;
			return true;
		}
		i += n + 1;
		looked += n + 1;
	}
	return false;
}

static void bitmap_drop(struct gpu_range *at)
{
	put_bits(at->base / UNIT, at->size / UNIT);
}

static double bitmap_hole(void)
{
	uint64_t best = 0, run = 0, free_units = 0;

	for (uint64_t i = 0; i < units; i++) {
		run = bit(i) ? 0 : run + 1;
		free_units += run != 0;
		best = run > best ? run : best;
	}
	return free_units ? 100.0 * (double)best / (double)free_units : 0;
}

/* ---------------------------------------------------------------- malloc */

static void malloc_open(uint64_t size, unsigned int live)
{
	(void)size;
	(void)live;
}

static bool malloc_make(struct gpu_range *at, uint64_t size)
{
	at->base = (uintptr_t)malloc(size / 4096);
	at->size = size;
	return at->base;
}

static void malloc_drop(struct gpu_range *at)
{
	free((void *)(uintptr_t)at->base); /* NOLINT(performance-no-int-to-ptr) */
}

static double malloc_hole(void)
{
	return 0;
}

/* ---------------------------------------------------------------- a run */

static const struct side {
	const char *name;
	void (*open)(uint64_t size, unsigned int live);
	bool (*make)(struct gpu_range *at, uint64_t size);
	void (*drop)(struct gpu_range *at);
	double (*hole)(void);
} sides[] = {
	{"ours", ours_open, ours_make, ours_drop, ours_hole},
	{"bitmap", bitmap_open, bitmap_make, bitmap_drop, bitmap_hole},
	{"malloc", malloc_open, malloc_make, malloc_drop, malloc_hole},
};

static uint64_t any_size(void)
{
	return (1 + rnd() % UNITS) * UNIT;
}

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

int main(int argc, char **argv)
{
	const struct side *side = NULL;
	unsigned long live, pairs, failed = 0;
	struct gpu_range *at;
	uint64_t t0;

	for (size_t i = 0; argc == 4 && i < sizeof(sides) / sizeof(sides[0]); i++) {
		if (!strcmp(argv[1], sides[i].name))
			side = &sides[i];
	}
	if (!side) {
		fprintf(stderr, "bench_vram ours|bitmap|malloc LIVE PAIRS\n");
		return 1;
	}
	live = strtoul(argv[2], NULL, 0);
	pairs = strtoul(argv[3], NULL, 0);
	at = calloc(2 * live, sizeof(*at));
	side->open(live * UNIT * (UNITS + 1), (unsigned int)(2 * live));
	for (unsigned long i = 0; i < 2 * live; i++) {
		if (!side->make(&at[i], any_size()))
			at[i].size = 0;
	}
	for (unsigned long i = 2 * live; i > live; i--) {
		unsigned long k = rnd() % i;
		struct gpu_range one = at[k];

		at[k] = at[i - 1];
		if (one.size)
			side->drop(&one);
	}
	t0 = now();
	for (unsigned long i = 0; i < pairs; i++) {
		struct gpu_range *one = &at[rnd() % live];

		if (one->size)
			side->drop(one);
		if (!side->make(one, any_size())) {
			one->size = 0;
			failed++;
		}
	}
	printf("%" PRIu64 " %lu %.1f\n", now() - t0, failed, side->hole());
	return 0;
}
