/* SPDX-License-Identifier: MIT */
/*
 * bench_mmu.c - one run of one measurement; bench_mmu.py puts them side by side.
 *
 *    bench_mmu ours|theirs|plain PAGE_SHIFT PAGES ROUNDS
 *
 * A round maps PAGES pages of 1 << PAGE_SHIFT bytes, one behind the other, and unmaps them. The page at
 * address 0 stays, and with it the upper directories. Tables lie in memory of this program; `plain` stores the
 * same entries into an array. Prints nanoseconds in mapping, then in unmapping, of the fastest of all rounds: others on the
 * machine interrupt most of them.
 *
 * Before that one round is looked at: every entry with its VALID bit must be there, once.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "gpu/core/mmu/space.h"
#include "hv/hv.h"
#include "tests/bench/mmu_side.h"

#define VA   (1ul << 32)
#define ADDR (1ul << 30)

static uint64_t vram[SIDE_VRAM / 8];
static struct gpu_table_pool pool;
static struct gpu_space space;

void hv_panic(const char *fmt, ...)
{
	fprintf(stderr, "bench_mmu: %s\n", fmt);
	abort();
}

static void must(bool ok, const char *what)
{
	if (!ok) {
		fprintf(stderr, "bench_mmu: %s\n", what);
		exit(1);
	}
}

/* ---------------------------------------------------------------- ours */

static int put(void *ctx, uint64_t addr, const uint64_t *words, unsigned int n)
{
	(void)ctx;
	memcpy(&vram[addr / 8], words, n * sizeof(*words));
	return 0;
}

static int invalidate(void *ctx, uint64_t directory)
{
	(void)ctx;
	(void)directory;
	return 0;
}

static const struct gpu_mmu_ops ops = {.write = put, .invalidate = invalidate};

static enum gpu_page page_of(unsigned int shift)
{
	return shift == 12 ? GPU_PAGE_4K : shift == 16 ? GPU_PAGE_64K : GPU_PAGE_2M;
}

static void ours_open(unsigned char *at)
{
	const struct gpu_range range = {.base = 0, .size = SIDE_VRAM};

	(void)at;
	must(!gpu_table_pool_init(&pool, &range), "no pool");
	must(!gpu_space_init(&space, &pool, 1ull << GPU_VA_BITS, &ops, NULL), "no space");
}

static void ours_map(unsigned long va, unsigned long bytes, unsigned int shift, unsigned long addr)
{
	const struct gpu_run run = {.addr = addr, .size = bytes};
	const struct gpu_map map = {.va = va, .page = page_of(shift), .runs = &run, .n = 1};

	must(!gpu_space_map(&space, &map) && !gpu_space_commit(&space), "not mapped");
}

static unsigned int unmap_shift;

static void ours_unmap(unsigned long va, unsigned long bytes)
{
	must(!gpu_space_unmap(&space, va, bytes, page_of(unmap_shift)), "not unmapped");
	must(!gpu_space_commit(&space), "no commit");
}

/* ---------------------------------------------------------------- plain stores */

static void plain_open(unsigned char *at)
{
	(void)at;
}

static void plain_map(unsigned long va, unsigned long bytes, unsigned int shift, unsigned long addr)
{
	uint64_t pte = addr >> 4 | 1, step = 1ull << (shift - 4);
	uint64_t *at = va ? vram : &vram[SIDE_VRAM / 8 - 1];

	for (unsigned long i = 0; i < bytes >> shift; i++, pte += step)
		at[i] = pte;
	__asm__ volatile("" ::: "memory");
}

static void plain_unmap(unsigned long va, unsigned long bytes)
{
	(void)va;
	memset(vram, 0, (bytes >> unmap_shift) * 8);
	__asm__ volatile("" ::: "memory");
}

/* ---------------------------------------------------------------- rounds */

static const struct side {
	const char *name;
	void (*open)(unsigned char *vram);
	void (*map)(unsigned long va, unsigned long bytes, unsigned int shift, unsigned long addr);
	void (*unmap)(unsigned long va, unsigned long bytes);
} sides[] = {
	{"ours", ours_open, ours_map, ours_unmap},
	{"theirs", vendor_open, vendor_map, vendor_unmap},
	{"plain", plain_open, plain_map, plain_unmap},
};

static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Directory entries have no VALID bit, so those that have it are the pages. */
static void inspect(unsigned int shift, unsigned long pages)
{
	uint64_t n = 0, sum = 0, want = 0;

	for (size_t i = 0; i < SIDE_VRAM / 8; i++) {
		n += vram[i] & 1;
		sum += vram[i] & 1 ? vram[i] : 0;
	}
	for (unsigned long i = 0; i < pages; i++)
		want += (ADDR + (i << shift)) >> 4 | 1;
	must(n == pages + 1 && sum == want + 1, "entries are missing or wrong");
}

int main(int argc, char **argv)
{
	const struct side *side = NULL;
	uint64_t mapping = UINT64_MAX, unmapping = UINT64_MAX, t0, t1, t2;
	unsigned long bytes, pages;
	unsigned int shift;

	must(argc == 5, "bench_mmu ours|theirs|plain PAGE_SHIFT PAGES ROUNDS");
	for (size_t i = 0; i < sizeof(sides) / sizeof(sides[0]); i++) {
		if (!strcmp(argv[1], sides[i].name))
			side = &sides[i];
	}
	must(side != NULL, "no such side");
	shift = unmap_shift = (unsigned int)strtoul(argv[2], NULL, 0);
	pages = strtoul(argv[3], NULL, 0);
	bytes = pages << shift;
	side->open((unsigned char *)vram);
	side->map(0, 1ul << shift, shift, 0);
	side->map(VA, bytes, shift, ADDR);
	inspect(shift, pages);
	side->unmap(VA, bytes);
	for (unsigned long round = strtoul(argv[4], NULL, 0); round; round--) {
		t0 = now();
		side->map(VA, bytes, shift, ADDR);
		t1 = now();
		side->unmap(VA, bytes);
		t2 = now();
		mapping = t1 - t0 < mapping ? t1 - t0 : mapping;
		unmapping = t2 - t1 < unmapping ? t2 - t1 : unmapping;
	}
	printf("%" PRIu64 " %" PRIu64 "\n", mapping, unmapping);
	return 0;
}
