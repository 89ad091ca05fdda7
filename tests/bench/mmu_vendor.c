/* SPDX-License-Identifier: MIT */
/*
 * mmu_vendor.c - what NVIDIA's mmu_walk library needs from its user: memory for tables, and entries to be
 * stored. Compiled against its headers alone.
 *
 * The callbacks do as little as they can: tables lie in memory and are stored to without a staging
 * buffer, PTEs are made by one addition each. NVIDIA's own driver does more there. Levels are those of
 * kgmmuFmtInitLevels_GP10X.
 */
#include "nvport/nvport.h"
#include "mmu/mmu_walk.h"

#include "tests/bench/mmu_side.h"

void *malloc(size_t size);
void free(void *at);
void abort(void);
void *memset(void *at, int byte, size_t n);

#define TABLE_BYTES 4096u
#define TABLES	    (SIDE_VRAM / TABLE_BYTES)

struct MMU_WALK_MEMDESC {
	NvU64 *words, addr;
	MMU_WALK_MEMDESC *next;
};

struct MMU_MAP_ITERATOR {
	NvU64 pte, step;
};

static MMU_WALK_MEMDESC tables[TABLES], *unused;
static MMU_WALK *walk;

static MMU_FMT_LEVEL levels[] = {
	{.virtAddrBitHi = 48, .virtAddrBitLo = 47, .entrySize = 8, .numSubLevels = 1},
	{.virtAddrBitHi = 46, .virtAddrBitLo = 38, .entrySize = 8, .numSubLevels = 1},
	{.virtAddrBitHi = 37, .virtAddrBitLo = 29, .entrySize = 8, .numSubLevels = 1},
	{.virtAddrBitHi = 28,
	 .virtAddrBitLo = 21,
	 .entrySize = 16,
	 .numSubLevels = 2,
	 .bPageTable = NV_TRUE},
	{.virtAddrBitHi = 20, .virtAddrBitLo = 16, .entrySize = 8, .bPageTable = NV_TRUE},
	{.virtAddrBitHi = 20, .virtAddrBitLo = 12, .entrySize = 8, .bPageTable = NV_TRUE},
};

static NV_STATUS level_alloc(MMU_WALK_USER_CTX *ctx, const MMU_FMT_LEVEL *fmt, const NvU64 base,
			     const NvU64 limit, const NvBool target, MMU_WALK_MEMDESC **mem,
			     NvU32 *size, NvBool *changed)
{
	if (*mem || !target)
		return NV_OK;
	if (!unused)
		return NV_ERR_NO_MEMORY;
	*mem = unused;
	unused = unused->next;
	*size = mmuFmtLevelSize(fmt);
	*changed = NV_TRUE;
	return NV_OK;
}

static void level_free(MMU_WALK_USER_CTX *ctx, const MMU_FMT_LEVEL *fmt, const NvU64 base,
		       MMU_WALK_MEMDESC *mem)
{
	mem->next = unused;
	unused = mem;
}

static NvBool update_pdb(MMU_WALK_USER_CTX *ctx, const MMU_FMT_LEVEL *fmt,
			 const MMU_WALK_MEMDESC *mem, const NvBool busy)
{
	return NV_TRUE;
}

static NvBool update_pde(MMU_WALK_USER_CTX *ctx, const MMU_FMT_LEVEL *fmt,
			 const MMU_WALK_MEMDESC *mem, const NvU32 index,
			 const MMU_WALK_MEMDESC **sub)
{
	NvU64 *at = mem->words + index * (fmt->entrySize / 8);

	for (NvU32 i = 0; i < fmt->numSubLevels; i++)
		at[i] = sub[i] ? sub[i]->addr >> 4 | 2 : 0;
	return NV_TRUE;
}

static void fill_entries(MMU_WALK_USER_CTX *ctx, const MMU_FMT_LEVEL *fmt,
			 const MMU_WALK_MEMDESC *mem, const NvU32 lo, const NvU32 hi,
			 const MMU_WALK_FILL_STATE state, NvU32 *progress)
{
	if (state != MMU_WALK_FILL_INVALID)
		abort();
	memset((NvU8 *)mem->words + lo * fmt->entrySize, 0, (hi - lo + 1) * fmt->entrySize);
	*progress = hi - lo + 1;
}

static void map_entries(MMU_WALK_USER_CTX *ctx, const MMU_MAP_TARGET *target,
			const MMU_WALK_MEMDESC *mem, const NvU32 lo, const NvU32 hi,
			NvU32 *progress)
{
	NvU32 stride = target->pLevelFmt->entrySize / 8;
	NvU64 pte = target->pIter->pte, step = target->pIter->step;

	if (stride == 1) {
		for (NvU32 i = lo; i <= hi; i++, pte += step)
			mem->words[i] = pte;
	} else {
		for (NvU32 i = lo; i <= hi; i++, pte += step) {
			mem->words[2 * i] = pte;
			mem->words[2 * i + 1] = 0;
		}
	}
	target->pIter->pte = pte;
	*progress = hi - lo + 1;
}

static const MMU_WALK_CALLBACKS callbacks = {
	.LevelAlloc = level_alloc,
	.LevelFree = level_free,
	.UpdatePdb = update_pdb,
	.UpdatePde = update_pde,
	.FillEntries = fill_entries,
};

void vendor_open(unsigned char *vram)
{
	const MMU_WALK_FLAGS flags = {0};

	for (NvU32 i = 0; i < 4; i++)
		levels[i].subLevels = &levels[i + 1];
	for (NvU32 i = TABLES; i--;) {
		tables[i].words = (NvU64 *)(vram + i * TABLE_BYTES);
		tables[i].addr = (NvU64)i * TABLE_BYTES;
		level_free(NULL, NULL, 0, &tables[i]);
	}
	if (mmuWalkCreate(levels, NULL, &callbacks, flags, &walk, NULL) != NV_OK)
		abort();
}

void vendor_map(unsigned long va, unsigned long bytes, unsigned int page_shift, unsigned long addr)
{
	MMU_MAP_ITERATOR iterator = {addr >> 4 | 1, 1ull << (page_shift - 4)};
	MMU_MAP_TARGET target = {
		.pLevelFmt = &levels[page_shift == 12	? 5
				     : page_shift == 16 ? 4
							: 3],
		.pIter = &iterator,
		.MapNextEntries = map_entries,
	};

	if (mmuWalkMap(walk, va, va + bytes - 1, &target) != NV_OK)
		abort();
}

void vendor_unmap(unsigned long va, unsigned long bytes)
{
	if (mmuWalkUnmap(walk, va, va + bytes - 1) != NV_OK)
		abort();
}

/* ---------------------------------------------------------------- what the library calls */

void *portMemAllocNonPaged(NvLength n)
{
	return malloc(n);
}

void portMemFree(void *at)
{
	free(at);
}

void *portMemSet(void *at, NvU8 byte, NvLength n)
{
	return memset(at, byte, n);
}

PORT_MEM_ALLOCATOR *portMemAllocatorGetGlobalNonPaged(void)
{
	return NULL;
}

void *_portMemAllocatorAlloc(PORT_MEM_ALLOCATOR *allocator, NvLength n)
{
	return malloc(n);
}

void _portMemAllocatorFree(PORT_MEM_ALLOCATOR *allocator, void *at)
{
	free(at);
}

void nvAssertFailedNoLog(NV_ASSERT_FAILED_FUNC_TYPE)
{
	abort();
}

void nvAssertOkFailedNoLog(NvU32 status NV_ASSERT_FAILED_FUNC_COMMA_TYPE)
{
	abort();
}
