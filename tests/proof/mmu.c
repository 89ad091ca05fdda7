/* SPDX-License-Identifier: MIT */
/*
 * mmu.c - index arithmetic of GPU page tables, for all addresses, levels and page sizes.
 *
 * ASSUMES: what gpu/core/mmu/space.c asks of itself: addresses below 2^49, a level that is on the way to
 *	the page; for entries, addresses that gpu_target_fits() let pass.
 * BOUNDS: none.
 * PROVES: FITS: what passes gpu_range_fits() is whole pages that end at the limit or below it, and no such
 *	range is refused. WORD: every word lies in its table; two addresses in one table share a word if
 *	and only if they share what the entry translates. END: a table's part of a range is not empty, ends within
 *	range and table, and what follows is another table's; its entries follow one another in the table.
 *	LEAF: the shorter sums of change.h say the same of the tables that pages are in.
 *	ENTRY: address, aperture and attributes of an entry do not touch each other, and the address comes
 *	back from the bits where the MMU looks for it. STEP: the entry of the next page of a run.
 *
 * CASES: FITS WORD END LEAF ENTRY STEP
 * PLANT FITS wrap: gpu/core/mmu/format.h s/size <= limit && va <= limit - size/va + size <= limit/
 * PLANT FITS limit: gpu/core/mmu/format.h s/va <= limit - size;/va < limit - size;/
 * PLANT WORD mask: gpu/core/mmu/format.h s/va & \(\(1ull << gpu_table_shift\(level\)\) - 1\)/va & (1ull << gpu_table_shift(level))/
 * PLANT WORD half: gpu/core/mmu/format.h s/level == GPU_PD0_LEVEL \? 2 : 1/1/
 * PLANT WORD shift: gpu/core/mmu/format.h s/29, 38, 47/29, 37, 47/
 * PLANT END border: gpu/core/mmu/format.h s/border < end \? border : end/border/
 * PLANT LEAF border: gpu/core/mmu/change.h s/va \| \(c->reach - 1\)/va/
 * PLANT LEAF first: gpu/core/mmu/change.h s/\(va & \(c->reach - 1\)\) >> c->shift/va >> c->shift/
 * PLANT ENTRY reach: gpu/core/mmu/format.h s/1ull << 37/1ull << 38/
 * PLANT ENTRY aperture: gpu/core/mmu/format.h s/\(uint64_t\)aperture << NV_MMU_VER2_APERTURE_SHIFT/(uint64_t)aperture/
 * PLANT STEP step: gpu/core/mmu/format.h s/- NV_MMU_VER2_ADDRESS_SHIFT\)/- 5)/
 */
#include "gpu/core/mmu/change.h"
#include "tests/proof/proof.h"

static enum gpu_page any_page(void)
{
	uint32_t page = nondet_u32();

	ASSUME(page <= GPU_PAGE_2M);
	return (enum gpu_page)page;
}

static uint64_t any_va(void)
{
	uint64_t va = nondet_u64();

	ASSUME(va < 1ull << GPU_VA_BITS);
	return va;
}

/* What is left of a number when some of its lower bits are cut off; never a shift by 64. */
static uint64_t above(uint64_t va, unsigned int bits)
{
	return va >> bits;
}

#if defined(FITS)
static void prove(void)
{
	enum gpu_page page = any_page();
	uint64_t va = nondet_u64(), size = nondet_u64(), limit = nondet_u64();
	uint64_t bytes = 1ull << gpu_page_shift(page);
	bool whole = size && va % bytes == 0 && size % bytes == 0;
	bool below = (unsigned __int128)va + size <= limit;

	PROVE(gpu_range_fits(va, size, page, limit) == (whole && below));
}
#elif defined(WORD)
static void prove(void)
{
	enum gpu_page page = any_page();
	unsigned int level = nondet_u32(), word, other;
	uint64_t va = any_va(), vb = any_va();
	bool one_table, one_entry;

	ASSUME(level >= gpu_page_level(page) && level <= GPU_TABLE_ROOT);
	word = gpu_entry_word(level, page, va);
	other = gpu_entry_word(level, page, vb);
	PROVE(word < gpu_table_words(level, page));
	PROVE(gpu_table_words(level, page) <= GPU_TABLE_WORDS);
	PROVE(gpu_table_words(level, page) * 8 <= GPU_TABLE_BYTES);
	/* The levels as NVIDIA's headers have them. */
	PROVE(gpu_table_entries(level, page) == (level == 4			      ? 4u
						 : level == 1			      ? 256u
						 : level == 0 && page == GPU_PAGE_64K ? 32u
										      : 512u));
	one_table = above(va, gpu_table_shift(level)) == above(vb, gpu_table_shift(level));
	one_entry =
		above(va, gpu_entry_shift(level, page)) == above(vb, gpu_entry_shift(level, page));
	if (one_table)
		PROVE((word == other) == one_entry);
	/* The two halves of PD0's entries are not mixed up: 64 KiB and 2 MiB below, 4 KiB above. */
	if (level == GPU_PD0_LEVEL)
		PROVE(word % 2 == (page == GPU_PAGE_4K));
}
#elif defined(END)
static void prove(void)
{
	enum gpu_page page = any_page();
	unsigned int level = nondet_u32(), first, last;
	uint64_t va = any_va(), end = nondet_u64(), to;

	ASSUME(level >= gpu_page_level(page) && level <= GPU_TABLE_ROOT);
	ASSUME(end > va && end <= 1ull << GPU_VA_BITS);
	to = gpu_table_end(level, va, end);
	PROVE(va < to && to <= end);
	PROVE(above(va, gpu_table_shift(level)) == above(to - 1, gpu_table_shift(level)));
	PROVE(to == end ||
	      above(to, gpu_table_shift(level)) == above(va, gpu_table_shift(level)) + 1);
	first = gpu_entry_index(level, page, va);
	last = gpu_entry_index(level, page, to - 1);
	PROVE(first <= last && last < gpu_table_entries(level, page));
	PROVE(last - first == above(to - 1, gpu_entry_shift(level, page)) -
				      above(va, gpu_entry_shift(level, page)));
}
#elif defined(LEAF)
static void prove(void)
{
	enum gpu_page page = any_page();
	unsigned int level = gpu_page_level(page), shift = gpu_page_shift(page), first;
	uint64_t va = any_va(), end = nondet_u64(), to;
	struct gpu_change c = {
		.level = level, .shift = shift, .reach = 1ull << gpu_table_shift(level)};

	ASSUME(end > va && end <= 1ull << GPU_VA_BITS);
	ASSUME(va % (1ull << shift) == 0 && end % (1ull << shift) == 0);
	c.end = end;
	to = gpu_change_next(&c, va);
	PROVE(to == gpu_table_end(level, va, end));
	first = gpu_change_first(&c, va);
	PROVE(first == gpu_entry_index(level, page, va));
	PROVE(first + gpu_change_entries(&c, va, to) == gpu_entry_index(level, page, to - 1) + 1);
}
#else
static enum gpu_aperture any_aperture(void)
{
	uint32_t aperture = nondet_u32();

	ASSUME(aperture == 0 || aperture == 2 || aperture == 3);
	return (enum gpu_aperture)aperture;
}

/* Bits low to high of an entry. */
static uint64_t field(uint64_t entry, unsigned int high, unsigned int low)
{
	return entry >> low & ((1ull << (high - low + 1)) - 1);
}

static void prove(void)
{
	const uint64_t others = NV_MMU_VER2_VOL | NV_MMU_VER2_PTE_PRIVILEGE |
				NV_MMU_VER2_PTE_READ_ONLY | 0xffull << NV_MMU_VER2_PTE_KIND_SHIFT;
	enum gpu_aperture aperture = any_aperture();
	enum gpu_page page = any_page();
	uint64_t addr = nondet_u64(), size = nondet_u64(), pte;

	ASSUME(gpu_target_fits(aperture, addr, size, page));
	pte = gpu_pte(aperture, addr);
#if defined(ENTRY)
	/* The fields of gp100/dev_mmu.h, by number. */
	PROVE(field(pte, 0, 0) == 1);
	PROVE(field(pte, 2, 1) == aperture);
	PROVE(field(pte, aperture ? 53 : 32, 8) == addr >> 12);
	PROVE(!(pte & others));
	PROVE(!(pte >> 54) && (aperture || !(pte >> 33)));
	if (!aperture) {
		PROVE(field(gpu_pde(addr), 32, 8) == addr >> 12);
		PROVE(field(gpu_pde(addr), 7, 0) == 2 && !(gpu_pde(addr) >> 33));
	}
#else
	uint64_t bytes = 1ull << gpu_page_shift(page);

	ASSUME(size > bytes);
	PROVE(pte + gpu_pte_step(page) == gpu_pte(aperture, addr + bytes));
#endif
}
#endif

int main(void)
{
	prove();
	return 0;
}
