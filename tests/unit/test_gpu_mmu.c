/* SPDX-License-Identifier: MIT */
/*
 * Our page tables, judged by the model's MMU: what gpu/core/mmu writes into VRAM is walked by code that
 * was written apart from it, with its memory of translations. A wrong bit here would show one guest
 * another's memory.
 */
#include "rnd.h"
#include "tests/model/fixture.h"
#include "tests/model/mmu.h"

#include "gpu/core/mmu/space.h"

#define MIB 0x100000ull
#define GIB 0x40000000ull

#define POOL	   0x1000000ull
#define POOL_BYTES 0x100000ull
#define TABLES	   (POOL_BYTES / GPU_TABLE_BYTES)
#define TOP	   (1ull << GPU_VA_BITS)

struct bed {
	struct machine *mc;
	struct gpu_table_pool pool;
	struct gpu_space space;
	unsigned int writes, words, invalidates;
	int fail; /* what the hooks return */
	unsigned int fail_after;
	bool no_invalidate; /* the planted bug */
};

static int bed_write(void *ctx, uint64_t addr, const uint64_t *words, unsigned int n)
{
	struct bed *b = ctx;

	if (b->fail && b->writes >= b->fail_after)
		return b->fail;
	assert_true(n && addr % 8 == 0 && addr >= POOL && addr + n * 8ull <= POOL + POOL_BYTES);
	assert_true(addr / GPU_TABLE_BYTES == (addr + n * 8ull - 1) / GPU_TABLE_BYTES);
	memcpy((uint8_t *)model_vram_ptr(b->mc->gpu) + addr, words, n * sizeof(*words));
	b->writes++;
	b->words += n;
	return 0;
}

/* As NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE wants it. */
static int bed_invalidate(void *ctx, uint64_t directory)
{
	struct bed *b = ctx;

	if (b->fail && b->writes >= b->fail_after)
		return b->fail;
	b->invalidates++;
	if (b->no_invalidate)
		return 0;
	wr(b->mc, 0xb830a0, (uint32_t)(directory >> 8));
	wr(b->mc, 0xb830a4, (uint32_t)(directory >> 40));
	wr(b->mc, 0xb830b0, 0x80000001);
	return 0;
}

static const struct gpu_mmu_ops ops = {.write = bed_write, .invalidate = bed_invalidate};

/* An empty space in VRAM full of garbage. */
static struct bed *bed_up(void **state, uint64_t limit)
{
	const struct gpu_range range = {.base = POOL, .size = POOL_BYTES};
	struct bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->mc = *state;
	memset((uint8_t *)model_vram_ptr(b->mc->gpu) + POOL, 0xa7, POOL_BYTES);
	assert_int_equal(gpu_table_pool_init(&b->pool, &range), 0);
	assert_int_equal(gpu_space_init(&b->space, &b->pool, limit, &ops, b), 0);
	assert_int_equal(gpu_space_directory(&b->space), POOL);
	assert_int_equal(gpu_space_commit(&b->space), 0);
	return b;
}

static void bed_down(struct bed *b)
{
	gpu_space_fini(&b->space);
	assert_int_equal(b->pool.free, TABLES);
	gpu_table_pool_fini(&b->pool);
	free(b);
}

static enum mmu_fault walk(struct bed *b, uint64_t va, struct mmu_page *page)
{
	const struct mmu_space space = {.directory = {.addr = gpu_space_directory(&b->space)}};

	return model_mmu_walk(b->mc->gpu, &space, va, page);
}

static bool mapped(struct bed *b, uint64_t va)
{
	struct mmu_page page;

	return walk(b, va, &page) == MMU_OK;
}

static int map_one(struct bed *b, uint64_t va, enum gpu_page page, uint64_t addr, uint64_t size)
{
	const struct gpu_run run = {.addr = addr, .size = size};
	const struct gpu_map map = {.va = va, .page = page, .runs = &run, .n = 1};

	return gpu_space_map(&b->space, &map);
}

static void assert_at(struct bed *b, uint64_t va, uint64_t addr, bool sysmem, enum gpu_page page)
{
	struct mmu_page found;

	assert_int_equal(walk(b, va, &found), MMU_OK);
	assert_false(found.sparse);
	assert_true(found.at.addr == addr && found.at.sysmem == sysmem);
	assert_int_equal(found.shift, gpu_page_shift(page));
}

/* A table that is used again shows nothing of what it was: whatever entries that had, in whichever order they came. */
static void test_used_again(void **state)
{
	static const unsigned int orders[][2] = {{5, 2}, {2, 5}, {30, 0}, {0, 31}, {6, 7}};

	for (enum gpu_page page = GPU_PAGE_4K; page <= GPU_PAGE_2M; page++) {
		uint64_t one = 1ull << gpu_page_shift(page);
		uint64_t part = 1ull << gpu_table_shift(gpu_page_level(page));

		for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
			struct bed *b = bed_up(state, TOP);
			unsigned int n = 0, words;

			assert_int_equal(map_one(b, 0, page, GIB, one),
					 0); /* its directories stay */
			for (unsigned int k = 0; k < 2; k++)
				assert_int_equal(
					map_one(b, part + orders[i][k] * one, page, GIB, one), 0);
			for (unsigned int k = 0; k < 2; k++)
				assert_int_equal(gpu_space_unmap(&b->space,
								 part + orders[i][k] * one, one,
								 page),
						 0);
			assert_int_equal(gpu_space_commit(&b->space), 0);
			words = b->words;
			assert_int_equal(map_one(b, 2 * part + 7 * one, page, 2 * GIB, one), 0);
			/* Not all of it was written anew: its entry, what was left, and the way to it. */
			assert_true(b->words - words <= 2 * 32 + 2);
			for (uint64_t va = 2 * part; va < 3 * part; va += one)
				n += mapped(b, va);
			assert_int_equal(n, 1);
			assert_at(b, 2 * part + 7 * one, 2 * GIB, false, page);
			bed_down(b);
		}
	}
}

static void test_sizes(void **state)
{
	/* At the ends of tables and of directories of every level. */
	static const uint64_t borders[] = {2 * MIB, 512 * MIB, 256 * GIB, 1ull << 47, 1ull << 48};
	struct bed *b = bed_up(state, TOP);

	for (enum gpu_page page = GPU_PAGE_4K; page <= GPU_PAGE_2M; page++) {
		uint64_t one = 1ull << gpu_page_shift(page);

		for (size_t i = 0; i < sizeof(borders) / sizeof(borders[0]); i++) {
			uint64_t va = borders[i] - one;

			assert_false(mapped(b, va));
			assert_int_equal(map_one(b, va, page, GIB, 2 * one), 0);
			assert_at(b, va, GIB, false, page);
			assert_at(b, va + one - 1, GIB + one - 1, false, page);
			assert_at(b, va + one, GIB + one, false, page);
			assert_at(b, va + 2 * one - 1, GIB + 2 * one - 1, false, page);
			assert_false(mapped(b, va - 1));
			assert_false(mapped(b, va + 2 * one));
			assert_int_equal(gpu_space_unmap(&b->space, va, 2 * one, page), 0);
			assert_int_equal(gpu_space_commit(&b->space), 0);
			assert_false(mapped(b, va));
			assert_false(mapped(b, va + one));
			assert_int_equal(b->pool.free, TABLES - 1);
		}
		/* The last page of all. */
		assert_int_equal(map_one(b, TOP - one, page, 0, one), 0);
		assert_at(b, TOP - 1, one - 1, false, page);
		assert_int_equal(gpu_space_unmap(&b->space, TOP - one, one, page), 0);
		assert_int_equal(gpu_space_commit(&b->space), 0);
	}
	bed_down(b);
}

static void test_runs_and_rights(void **state)
{
	const struct gpu_run runs[] = {
		{.addr = 0x5000, .size = 0x3000},
		{.addr = (1ull << 47) - 0x1000,
		 .size = 0x1000,
		 .aperture = GPU_APERTURE_SYSMEM_COHERENT},
		{.addr = 0x1230000, .size = 0x2000, .aperture = GPU_APERTURE_SYSMEM_NONCOHERENT},
		{.addr = GPU_VRAM_REACH - 0x1000, .size = 0x1000},
	};
	struct gpu_map map = {.va = 0x1fe000, .runs = runs, .n = 4, .kind = 0xfe};
	struct bed *b = bed_up(state, TOP);
	struct mmu_page page;
	uint64_t entry;

	map.flags = GPU_MAP_READ_ONLY;
	assert_int_equal(gpu_space_map(&b->space, &map), 0);
	assert_at(b, 0x1fe123, 0x5123, false, GPU_PAGE_4K);
	assert_at(b, 0x200000, 0x7000, false, GPU_PAGE_4K); /* a run across two tables */
	assert_at(b, 0x201fff, (1ull << 47) - 1, true, GPU_PAGE_4K);
	assert_at(b, 0x203000, 0x1231000, true, GPU_PAGE_4K);
	assert_at(b, 0x204000, GPU_VRAM_REACH - 0x1000, false, GPU_PAGE_4K);
	assert_false(mapped(b, 0x205000));
	assert_int_equal(walk(b, 0x201000, &page), MMU_OK);
	assert_true(page.read_only && !page.privileged && page.kind == 0xfe);
	map.va = 0x400000;
	map.kind = 0;
	map.flags = GPU_MAP_PRIVILEGED | GPU_MAP_VOLATILE;
	map.runs = &runs[2];
	map.n = 1;
	assert_int_equal(gpu_space_map(&b->space, &map), 0);
	assert_int_equal(walk(b, 0x400000, &page), MMU_OK);
	assert_true(page.privileged && !page.read_only && !page.kind);
	/* The walker does not say these: aperture 3, VOL, PRIVILEGE, VALID. The last table made. */
	memcpy(&entry,
	       (uint8_t *)model_vram_ptr(b->mc->gpu) + POOL +
		       (b->pool.untouched - 2) * (uint64_t)GPU_TABLE_BYTES,
	       8);
	assert_true(entry == (0x1230000 >> 4 | 0x2f));
	bed_down(b);
}

/* One write for each table, whatever is in it; one invalidation for all. */
static void test_batches(void **state)
{
	struct bed *b = bed_up(state, TOP);

	b->writes = b->invalidates = b->words = 0;
	assert_int_equal(map_one(b, MIB, GPU_PAGE_4K, 0, 4 * MIB), 0);
	/* PTs for [1, 2), [2, 4) and [4, 5) MiB, PD0, PD1, PD2; three words at the root are not touched. */
	assert_int_equal(b->writes, 7);
	assert_int_equal(b->words, 6 * 512 + 1);
	b->writes = b->words = 0;
	assert_int_equal(map_one(b, 5 * MIB, GPU_PAGE_4K, 0, 0x3000), 0);
	assert_int_equal(b->writes, 1);
	assert_int_equal(b->words, 3);
	b->writes = b->words = 0;
	assert_int_equal(gpu_space_unmap(&b->space, MIB, 3 * MIB, GPU_PAGE_4K), 0);
	/* Two tables go with two entries of PD0, which are two words apart from one another. */
	assert_int_equal(b->writes, 1);
	assert_int_equal(b->words, 3);
	assert_int_equal(b->invalidates, 0);
	assert_int_equal(b->pool.free, TABLES - 7);
	assert_int_equal(gpu_space_commit(&b->space), 0);
	assert_int_equal(gpu_space_commit(&b->space), 0);
	assert_int_equal(b->invalidates, 1);
	assert_int_equal(b->pool.free, TABLES - 5);
	assert_at(b, 4 * MIB, 3 * MIB, false, GPU_PAGE_4K);
	bed_down(b);
}

/* Without the hook, what was unmapped can still be reached: the tests above would see it. */
static void test_forgotten_invalidate(void **state)
{
	struct bed *b = bed_up(state, TOP);

	for (int forgotten = 0; forgotten <= 1; forgotten++) {
		b->no_invalidate = forgotten;
		assert_int_equal(map_one(b, 0, GPU_PAGE_64K, 0, 0x10000), 0);
		assert_int_equal(gpu_space_commit(&b->space), 0);
		assert_true(mapped(b, 0x1234));
		assert_int_equal(gpu_space_unmap(&b->space, 0, 0x10000, GPU_PAGE_64K), 0);
		assert_true(mapped(b, 0x1234)); /* until the commit, rightly */
		assert_int_equal(gpu_space_commit(&b->space), 0);
		assert_int_equal(mapped(b, 0x1234), forgotten);
	}
	bed_down(b);
}

static void test_overlaps(void **state)
{
	struct bed *b = bed_up(state, TOP);

	/* 4 KiB and 64 KiB pages side by side in 2 MiB. */
	assert_int_equal(map_one(b, 0x10000, GPU_PAGE_64K, 0x100000, 0x10000), 0);
	assert_int_equal(map_one(b, 0x2f000, GPU_PAGE_4K, 0x200000, 0x1000), 0);
	assert_at(b, 0x1ffff, 0x10ffff, false, GPU_PAGE_64K);
	assert_at(b, 0x2f010, 0x200010, false, GPU_PAGE_4K);
	assert_int_equal(map_one(b, 0x2f000, GPU_PAGE_4K, 0, 0x1000), -EEXIST);
	assert_int_equal(map_one(b, 0x20000, GPU_PAGE_64K, 0, 0x10000), -EEXIST);
	assert_int_equal(map_one(b, 0x1f000, GPU_PAGE_4K, 0, 0x2000), -EEXIST);
	assert_int_equal(map_one(b, 0xf000, GPU_PAGE_4K, 0, 0x2000), -EEXIST);
	assert_int_equal(map_one(b, 0, GPU_PAGE_2M, 0, 2 * MIB), -EEXIST);
	assert_int_equal(map_one(b, 2 * MIB, GPU_PAGE_2M, 0, 4 * MIB), 0);
	assert_int_equal(map_one(b, 0, GPU_PAGE_2M, 0, 4 * MIB), -EEXIST);
	assert_int_equal(map_one(b, 4 * MIB, GPU_PAGE_64K, 0, 0x10000), -EEXIST);
	assert_int_equal(map_one(b, 6 * MIB - 0x1000, GPU_PAGE_4K, 0, 0x2000), -EEXIST);
	assert_false(mapped(b, 6 * MIB));
	/* Not mapped so. */
	assert_int_equal(gpu_space_unmap(&b->space, 0x10000, 0x10000, GPU_PAGE_4K), -ENOENT);
	assert_int_equal(gpu_space_unmap(&b->space, 0x10000, 0x20000, GPU_PAGE_64K), -ENOENT);
	assert_int_equal(gpu_space_unmap(&b->space, 2 * MIB, 8 * MIB, GPU_PAGE_2M), -ENOENT);
	assert_int_equal(gpu_space_unmap(&b->space, 0, TOP, GPU_PAGE_4K), -ENOENT);
	assert_at(b, 0x10000, 0x100000, false, GPU_PAGE_64K);
	assert_at(b, 2 * MIB, 0, false, GPU_PAGE_2M);
	/* A hole is free for pages of another size. */
	assert_int_equal(gpu_space_unmap(&b->space, 2 * MIB, 2 * MIB, GPU_PAGE_2M), 0);
	assert_int_equal(map_one(b, 2 * MIB, GPU_PAGE_4K, 0x300000, 0x1000), 0);
	assert_int_equal(gpu_space_commit(&b->space), 0);
	assert_at(b, 2 * MIB, 0x300000, false, GPU_PAGE_4K);
	assert_at(b, 4 * MIB, 2 * MIB, false, GPU_PAGE_2M);
	bed_down(b);
}

static void test_reserved(void **state)
{
	struct bed *b = bed_up(state, TOP);
	struct gpu_space *s = &b->space;
	struct mmu_page page;

	for (enum gpu_page size = GPU_PAGE_4K; size <= GPU_PAGE_2M; size++) {
		enum gpu_page other = size == GPU_PAGE_4K ? GPU_PAGE_64K : GPU_PAGE_4K;
		uint64_t one = 1ull << gpu_page_shift(size);

		assert_int_equal(gpu_space_reserve(s, 0, 4 * one, size), 0);
		assert_int_equal(walk(b, 4 * one - 1, &page), MMU_OK);
		assert_true(page.sparse && page.len == 1);
		assert_false(mapped(b, 4 * one));
		assert_int_equal(gpu_space_reserve(s, 3 * one, 2 * one, size), -EEXIST);
		assert_int_equal(map_one(b, 0, other, 0, 1ull << gpu_page_shift(other)), -EEXIST);
		assert_int_equal(gpu_space_unmap(s, 0, one, size), -ENOENT);
		/* Half in, half out of it. */
		assert_int_equal(map_one(b, 3 * one, size, GIB, 2 * one), 0);
		assert_int_equal(gpu_space_commit(s), 0);
		assert_at(b, 3 * one, GIB, false, size);
		assert_int_equal(gpu_space_release(s, 0, 4 * one, size), -EBUSY);
		assert_int_equal(gpu_space_release(s, 0, 5 * one, size), -ENOENT);
		assert_int_equal(gpu_space_unmap(s, 3 * one, 2 * one, size), 0);
		assert_int_equal(gpu_space_commit(s), 0);
		assert_int_equal(walk(b, 3 * one, &page), MMU_OK);
		assert_true(page.sparse);
		assert_false(mapped(b, 4 * one));
		assert_int_equal(gpu_space_release(s, one, 3 * one, size), 0);
		assert_int_equal(gpu_space_release(s, 0, one, size), 0);
		assert_int_equal(gpu_space_commit(s), 0);
		assert_false(mapped(b, 0));
		assert_int_equal(b->pool.free, TABLES - 1);
	}
	bed_down(b);
}

static void test_hostile(void **state)
{
	const struct gpu_run good = {.addr = 0x10000, .size = 0x10000};
	const struct gpu_map map = {.page = GPU_PAGE_4K, .runs = &good, .n = 1};
	const struct gpu_run runs[] = {
		{.addr = 0x800, .size = 0x1000},
		{.addr = 0, .size = 0x800},
		{.addr = 0, .size = 0},
		{.addr = GPU_VRAM_REACH, .size = 0x1000},
		{.addr = GPU_VRAM_REACH - 0x1000, .size = 0x2000},
		{.addr = ~0xfffull, .size = 0x2000},
		{.addr = 0, .size = ~0xfffull},
		{.addr = GPU_SYSMEM_REACH, .size = 0x1000, .aperture = 2},
		{.addr = 0, .size = 0x1000, .aperture = 1}, /* a peer */
		{.addr = 0, .size = 0x1000, .aperture = 4},
		{.addr = 0, .size = 64 * MIB + 0x1000}, /* the limit */
	};
	const struct gpu_run many[] = {good, {.size = GPU_VRAM_REACH - 0x1000}, good};
	struct bed *b = bed_up(state, 64 * MIB);
	struct gpu_space *s = &b->space, other;
	unsigned int writes = b->writes;
	struct gpu_run wrapping[65];
	struct gpu_map m;

	for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
		const struct gpu_run two[] = {good, runs[i]};

		m = map;
		m.runs = &runs[i];
		assert_int_equal(gpu_space_map(s, &m), -EINVAL);
		m.runs = two;
		m.n = 2;
		assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	}
	m = map;
	m.runs = many;
	m.n = 3;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	/* Sixty-four times 2^58 is nothing in 64 bits. */
	for (size_t i = 0; i < 64; i++)
		wrapping[i] = (struct gpu_run){.size = GPU_SYSMEM_REACH, .aperture = 2};
	wrapping[64] = good;
	m = map;
	m.runs = wrapping;
	m.n = 65;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m = map;
	m.n = 0;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m = map;
	m.flags = 8;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m = map;
	m.page = GPU_PAGE_2M; /* the run is not made of those */
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m.page = (enum gpu_page)3;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m = map;
	m.va = 0x800;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m.va = 64 * MIB - 0xf000;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	m.va = ~0xfffull;
	assert_int_equal(gpu_space_map(s, &m), -EINVAL);
	assert_int_equal(gpu_space_unmap(s, 0, 0, GPU_PAGE_4K), -EINVAL);
	assert_int_equal(gpu_space_unmap(s, 0x1000, ~0xfffull, GPU_PAGE_4K), -EINVAL);
	assert_int_equal(gpu_space_reserve(s, 0, 64 * MIB + 0x1000, GPU_PAGE_4K), -EINVAL);
	assert_int_equal(gpu_space_reserve(s, 0, 2 * MIB, (enum gpu_page)3), -EINVAL);
	assert_int_equal(b->writes, writes);
	assert_int_equal(b->pool.free, TABLES - 1);
	m = map;
	m.va = 64 * MIB - 0x10000;
	assert_int_equal(gpu_space_map(s, &m), 0);

	assert_int_equal(gpu_space_init(&other, &b->pool, 0, &ops, b), -EINVAL);
	assert_int_equal(gpu_space_init(&other, &b->pool, 0x1800, &ops, b), -EINVAL);
	assert_int_equal(gpu_space_init(&other, &b->pool, TOP + 0x1000, &ops, b), -EINVAL);
	bed_down(b);
}

static void test_pool_arguments(void **state)
{
	const struct gpu_range ranges[] = {
		{.base = 0x800, .size = 0x1000},
		{.base = 0, .size = 0x1800},
		{.base = 0, .size = 0},
		{.base = ~0xfffull, .size = 0x1000},
		{.base = GPU_VRAM_REACH, .size = 0x1000},
	};
	struct gpu_table_pool pool;

	(void)state;
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++)
		assert_int_equal(gpu_table_pool_init(&pool, &ranges[i]), -EINVAL);
}

/* A pool that runs dry in the middle: nothing was written, nothing is kept. */
static void test_no_tables(void **state)
{
	struct bed *b = bed_up(state, TOP);
	struct gpu_space other;
	uint32_t free_before;

	/* 2 MiB pages around what will be tried, so that a directory in VRAM has to stay as it was. */
	assert_int_equal(map_one(b, 0, GPU_PAGE_2M, 0, 2 * MIB), 0);
	assert_int_equal(map_one(b, 512 * MIB - 4 * MIB, GPU_PAGE_2M, GIB, 2 * MIB), 0);
	assert_int_equal(map_one(b, 1024 * MIB, GPU_PAGE_64K, 0, 220 * (2 * MIB)), 0);
	free_before = b->pool.free;
	assert_true(free_before < 40);
	b->writes = 0;
	assert_int_equal(map_one(b, 256 * MIB, GPU_PAGE_64K, 0, 80 * MIB), -ENOMEM);
	assert_int_equal(map_one(b, 512 * MIB - 2 * MIB, GPU_PAGE_4K, 0, 82 * MIB), -ENOMEM);
	assert_int_equal(map_one(b, (1ull << 47) - 2 * MIB, GPU_PAGE_4K, 0, 80 * MIB), -ENOMEM);
	assert_int_equal(gpu_space_reserve(&b->space, 1ull << 48, 1ull << 48, GPU_PAGE_4K),
			 -ENOMEM);
	assert_int_equal(gpu_space_reserve(&b->space, 1ull << 48, 1ull << 48, GPU_PAGE_2M),
			 -ENOMEM);
	assert_int_equal(b->writes, 0);
	assert_int_equal(b->pool.free, free_before);
	/* What is written next touches nothing else. */
	assert_int_equal(map_one(b, 4 * MIB, GPU_PAGE_4K, 0x5000, 0x1000), 0);
	assert_int_equal(map_one(b, 508 * MIB - 2 * MIB, GPU_PAGE_4K, 0x5000, 0x1000), 0);
	assert_int_equal(gpu_space_commit(&b->space), 0);
	assert_at(b, MIB, MIB, false, GPU_PAGE_2M);
	assert_at(b, 508 * MIB, GIB, false, GPU_PAGE_2M);
	assert_at(b, 4 * MIB, 0x5000, false, GPU_PAGE_4K);
	assert_false(mapped(b, 256 * MIB));
	assert_false(mapped(b, 510 * MIB));
	assert_int_equal(
		gpu_space_reserve(&b->space, 8 * MIB, b->pool.free * (2 * MIB), GPU_PAGE_4K), 0);
	assert_int_equal(b->pool.free, 0);
	assert_int_equal(gpu_space_init(&other, &b->pool, TOP, &ops, b), -ENOMEM);
	bed_down(b);
}

/* The GPU stops answering at any write: the error stays, and all tables come back. */
static void test_lost(void **state)
{
	for (unsigned int after = 0; after < 9; after++) {
		struct bed *b = bed_up(state, TOP);
		struct gpu_space other;
		int err;

		b->writes = 0;
		b->fail = -ENODEV;
		b->fail_after = after;
		err = map_one(b, MIB, GPU_PAGE_4K, 0,
			      4 * MIB); /* seven writes, see test_batches() */
		assert_int_equal(err, after < 7 ? -ENODEV : 0);
		if (!err)
			err = gpu_space_unmap(&b->space, MIB, 4 * MIB, GPU_PAGE_4K);
		if (!err)
			err = gpu_space_commit(&b->space);
		assert_int_equal(err, -ENODEV);
		b->fail = 0;
		assert_int_equal(map_one(b, GIB, GPU_PAGE_4K, 0, 0x1000), -ENODEV);
		assert_int_equal(gpu_space_unmap(&b->space, MIB, 0x1000, GPU_PAGE_4K), -ENODEV);
		assert_int_equal(gpu_space_commit(&b->space), -ENODEV);
		b->fail = -ENODEV;
		b->fail_after = 0;
		err = gpu_space_init(&other, &b->pool, TOP, &ops, b);
		assert_int_equal(err, -ENODEV);
		bed_down(b);
	}
}

/* ---------------------------------------------------------------- against a plain array */

#define WINDOW	 (64 * MIB) /* around a border of all levels but the root's last */
#define WINDOW_0 ((1ull << 47) - WINDOW / 2)
#define CELLS	 (WINDOW / 4096)

struct cell {
	bool live, sparse, sysmem, read_only;
	enum gpu_page page;
	uint64_t addr;
};

static struct cell cells[CELLS];

static void compare(struct bed *b, uint64_t i)
{
	const struct cell *c = &cells[i];
	uint64_t va = WINDOW_0 + i * 4096, offset = rnd() % 4096;
	struct mmu_page page;

	if (!c->live && !c->sparse) {
		assert_false(mapped(b, va));
		return;
	}
	assert_int_equal(walk(b, va + offset, &page), MMU_OK);
	assert_int_equal(page.shift, gpu_page_shift(c->page));
	assert_int_equal(page.sparse, !c->live);
	if (c->live) {
		assert_true(page.at.addr == c->addr + offset);
		assert_int_equal(page.at.sysmem, c->sysmem);
		assert_int_equal(page.read_only, c->read_only);
	}
}

enum act { ACT_MAP, ACT_UNMAP, ACT_RESERVE, ACT_RELEASE };

/* What the act must answer, looking at every cell. */
static int expected(enum act act, uint64_t first, uint64_t n, enum gpu_page page)
{
	bool other = false, live = false, sparse = false, all_live = true, all_sparse = true;

	for (const struct cell *c = &cells[first]; c < &cells[first + n]; c++) {
		bool same = c->page == page;

		other |= (c->live || c->sparse) && !same;
		live |= c->live && same;
		sparse |= c->sparse && same;
		all_live &= c->live && same;
		all_sparse &= c->sparse && same;
	}
	switch (act) {
	case ACT_MAP:
		return live || other ? -EEXIST : 0;
	case ACT_RESERVE:
		return live || sparse || other ? -EEXIST : 0;
	case ACT_UNMAP:
		return all_live ? 0 : -ENOENT;
	default:
		return !all_sparse ? -ENOENT : live ? -EBUSY : 0;
	}
}

/* Up to three runs, of which every cell gets its address. */
static int random_map(struct bed *b, uint64_t first, uint64_t n, enum gpu_page page, int want)
{
	uint64_t per = 1ull << (gpu_page_shift(page) - 12), done = 0;
	struct gpu_run runs[3];
	struct gpu_map map = {.va = WINDOW_0 + first * 4096, .page = page, .runs = runs};
	bool ro = rnd() % 2;

	map.flags = ro ? GPU_MAP_READ_ONLY : 0;
	for (; done < n; map.n++) {
		uint64_t k = map.n == 2 ? n - done : (1 + rnd() % ((n - done) / per)) * per;
		bool sysmem = rnd() % 2;

		runs[map.n].addr = ((uint64_t)rnd() << gpu_page_shift(page)) % (GPU_VRAM_REACH / 2);
		runs[map.n].size = k * 4096;
		runs[map.n].aperture = sysmem ? GPU_APERTURE_SYSMEM_COHERENT : GPU_APERTURE_VRAM;
		for (uint64_t i = 0; i < k && !want; i++) {
			struct cell *c = &cells[first + done + i];

			c->live = true;
			c->page = page;
			c->sysmem = sysmem;
			c->read_only = ro;
			c->addr = runs[map.n].addr + i * 4096;
		}
		done += k;
	}
	return gpu_space_map(&b->space, &map);
}

static unsigned int answers[4][2]; /* refused, done */

static void random_act(struct bed *b)
{
	enum gpu_page page = (enum gpu_page)(rnd() % 3);
	uint64_t per = 1ull << (gpu_page_shift(page) - 12), slots = CELLS / per;
	uint64_t first = rnd() % slots, most = slots - first, n;
	enum act act = (enum act)(rnd() % 4);
	int want, err;

	if (rnd() % 4 && cells[first * per].page != page && cells[first * per].live)
		act = ACT_UNMAP;
	most = most > 600 ? 600 : most;
	n = 1 + (rnd() % 2 ? rnd() % most : rnd() % (most < 8 ? most : 8));
	first *= per;
	/* Take back what there is, as a rule: one stretch of it. */
	if ((act == ACT_UNMAP || act == ACT_RELEASE) && rnd() % 8) {
		page = cells[first].page;
		per = 1ull << (gpu_page_shift(page) - 12);
		first -= first % per;
		for (n = 1; (first / per + n + 1) * per <= CELLS && n < 600; n++) {
			const struct cell *c = &cells[first + n * per];

			if (c->page != page ||
			    !(act == ACT_UNMAP ? c->live : c->sparse && !c->live))
				break;
		}
	}
	n *= per;
	want = expected(act, first, n, page);
	if (act == ACT_MAP) {
		err = random_map(b, first, n, page, want);
	} else {
		int (*call)(struct gpu_space *, uint64_t, uint64_t, enum gpu_page) =
			act == ACT_UNMAP     ? gpu_space_unmap
			: act == ACT_RESERVE ? gpu_space_reserve
					     : gpu_space_release;

		err = call(&b->space, WINDOW_0 + first * 4096, n * 4096, page);
		for (struct cell *c = &cells[first]; c < &cells[first + n] && !want; c++) {
			c->live = act == ACT_UNMAP ? false : c->live;
			c->sparse = act == ACT_UNMAP ? c->sparse : act == ACT_RESERVE;
			c->page = page;
		}
	}
	assert_int_equal(err, want);
	answers[act][!want]++;
	assert_int_equal(gpu_space_commit(&b->space), 0);
	compare(b, first);
	compare(b, first + n - 1);
	if (first)
		compare(b, first - 1);
	if (first + n < CELLS)
		compare(b, first + n);
	for (int i = 0; i < 16; i++)
		compare(b, rnd() % CELLS);
}

static void random_sequence(void **state, uint32_t seed)
{
	struct bed *b = bed_up(state, TOP);
	struct gpu_space other;

	rng = seed;
	memset(answers, 0, sizeof(answers));
	memset(cells, 0, sizeof(cells));
	/* A neighbour takes tables from the same pool, here and there. */
	assert_int_equal(gpu_space_init(&other, &b->pool, TOP, &ops, b), 0);
	for (unsigned int step = 0; step < 10000; step++) {
		random_act(b);
		if (step % 1000 == 999) {
			for (uint64_t i = 0; i < CELLS; i++)
				compare(b, i);
			assert_int_equal(gpu_space_reserve(&other, step * MIB & ~0x1fffull, 0x2000,
							   GPU_PAGE_4K),
					 0);
		}
	}
	/* Steps that are all refused would prove little. */
	for (enum act act = ACT_MAP; act <= ACT_RELEASE; act++)
		assert_true(answers[act][0] > 100 && answers[act][1] > 100);
	gpu_space_fini(&other);
	/* All away, one by one: only the directory is left, as at the start. */
	for (uint64_t i = 0; i < CELLS; i++) {
		uint64_t va = WINDOW_0 + i * 4096, size = 1ull << gpu_page_shift(cells[i].page);

		if (va % size)
			continue;
		if (cells[i].live)
			assert_int_equal(gpu_space_unmap(&b->space, va, size, cells[i].page), 0);
		if (cells[i].sparse)
			assert_int_equal(gpu_space_release(&b->space, va, size, cells[i].page), 0);
	}
	assert_int_equal(gpu_space_commit(&b->space), 0);
	memset(cells, 0, sizeof(cells));
	for (uint64_t i = 0; i < CELLS; i++)
		compare(b, i);
	assert_int_equal(b->pool.free, TABLES - 1);
	bed_down(b);
}

static void test_random(void **state)
{
	for (uint32_t seed = 1; seed <= 5; seed++) {
		print_message("seed %u\n", seed);
		random_sequence(state, seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(test_sizes),
		model_test(test_used_again),
		model_test(test_runs_and_rights),
		model_test(test_batches),
		model_test(test_forgotten_invalidate),
		model_test(test_overlaps),
		model_test(test_reserved),
		model_test(test_hostile),
		model_test(test_pool_arguments),
		model_test(test_no_tables),
		model_test(test_lost),
		model_test(test_random),
	};

	return cmocka_run_group_tests_name("GPU page tables", tests, NULL, NULL);
}
