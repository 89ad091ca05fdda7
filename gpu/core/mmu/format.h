/* SPDX-License-Identifier: MIT */
/*
 * format.h - GPU page tables in version 2 of their format (Pascal to Ada): numbers and nothing else.
 *
 * A virtual address has 49 bits. Level 4 is the root:
 *
 *	level	table	address bits	entries, bytes each
 *	4	PD3	48:47		  4, 8
 *	3	PD2	46:38		512, 8
 *	2	PD1	37:29		512, 8
 *	1	PD0	28:21		256, 16: a page of 2 MiB, or tables for 64 KiB and for 4 KiB pages
 *	0	PT	20:16 or 20:12	 32 or 512, 8
 *
 * A table is handled as an array of words of 8 bytes; only PD0 has two to an entry, the lower one for
 * 64 KiB pages. Where both tables of an entry exist, the MMU asks the one for 64 KiB pages first and
 * goes to the other when it finds 0.
 *
 * Sources: OGKM (NVIDIA/open-gpu-kernel-modules) published/pascal/gp100/dev_mmu.h for the NV_MMU_VER2
 * fields; kernel/gpu/mmu/arch/pascal/kern_gmmu_fmt_gp10x.c for levels, arch/maxwell/kern_gmmu_gm200.c
 * for what sparse looks like (of PD0 it is the lower word's VOL).
 */
#ifndef GPU_MMU_FORMAT_H
#define GPU_MMU_FORMAT_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/core/mmu/map.h"

#define GPU_VA_BITS 49u

#define NV_MMU_VER2_PTE_VALID	   (1ull << 0)
#define NV_MMU_VER2_APERTURE_SHIFT 1u	       /* 2:1 of PDE and PTE */
#define NV_MMU_VER2_VOL		   (1ull << 3) /* alone, in PDE or PTE: sparse */
#define NV_MMU_VER2_PTE_PRIVILEGE  (1ull << 5)
#define NV_MMU_VER2_PTE_READ_ONLY  (1ull << 6)
#define NV_MMU_VER2_PTE_KIND_SHIFT 56u /* 63:56 */
/* Address bits from 12 on stand from bit 8 on, in every kind of entry: 32:8 VRAM, 53:8 system memory. */
#define NV_MMU_VER2_ADDRESS_SHIFT 4u
#define NV_MMU_VER2_ADDRESS_VID	  0x00000001ffffff00ull
#define NV_MMU_VER2_ADDRESS_SYS	  0x003fffffffffff00ull
/* What these fields can hold: the first address that they cannot. */
#define GPU_VRAM_REACH	 (1ull << 37)
#define GPU_SYSMEM_REACH (1ull << 58)

/* PDEs say 1 for VRAM, 0 being "no table"; PTEs have enum gpu_aperture. */
#define NV_MMU_VER2_PDE_APERTURE_VIDEO_MEMORY 1ull

#define GPU_TABLE_LEVELS 5u
#define GPU_TABLE_ROOT	 4u /* level of the root */
#define GPU_TABLE_WORDS	 512u
#define GPU_TABLE_BYTES	 4096u
#define GPU_PD0_LEVEL	 1u
#define GPU_PD0_SHIFT	 21u

/* log2 of a page's bytes. */
static inline unsigned int gpu_page_shift(enum gpu_page page)
{
	return page == GPU_PAGE_4K ? 12 : page == GPU_PAGE_64K ? 16 : GPU_PD0_SHIFT;
}

/* The level whose entries are pages of this size. */
static inline unsigned int gpu_page_level(enum gpu_page page)
{
	return page == GPU_PAGE_2M ? GPU_PD0_LEVEL : 0;
}

/* log2 of the bytes that one table of a level translates. */
static inline unsigned int gpu_table_shift(unsigned int level)
{
	static const uint8_t shifts[GPU_TABLE_LEVELS] = {GPU_PD0_SHIFT, 29, 38, 47, GPU_VA_BITS};

	return shifts[level];
}

/* log2 of the bytes that one entry of a level translates; `page` says which table of level 0. */
static inline unsigned int gpu_entry_shift(unsigned int level, enum gpu_page page)
{
	return level ? gpu_table_shift(level - 1) : gpu_page_shift(page);
}

/* Entries of such a table. */
static inline unsigned int gpu_table_entries(unsigned int level, enum gpu_page page)
{
	return 1u << (gpu_table_shift(level) - gpu_entry_shift(level, page));
}

/* Words of an entry, and of the whole table. */
static inline unsigned int gpu_entry_words(unsigned int level)
{
	return level == GPU_PD0_LEVEL ? 2 : 1;
}

static inline unsigned int gpu_table_words(unsigned int level, enum gpu_page page)
{
	return gpu_table_entries(level, page) * gpu_entry_words(level);
}

/* Which entry of its table of `level` translates va (below 2^49). */
static inline unsigned int gpu_entry_index(unsigned int level, enum gpu_page page, uint64_t va)
{
	uint64_t in_table = va & ((1ull << gpu_table_shift(level)) - 1);

	return (unsigned int)(in_table >> gpu_entry_shift(level, page));
}

/* Which word that is, on the way to a page of this size. */
static inline unsigned int gpu_entry_word(unsigned int level, enum gpu_page page, uint64_t va)
{
	return gpu_entry_index(level, page, va) * gpu_entry_words(level) +
	       (level == GPU_PD0_LEVEL && page == GPU_PAGE_4K);
}

/* Where [va, end) leaves the table of `level` that va is in; end at the latest. va < end <= 2^49. */
static inline uint64_t gpu_table_end(unsigned int level, uint64_t va, uint64_t end)
{
	uint64_t border = ((va >> gpu_table_shift(level)) + 1) << gpu_table_shift(level);

	return border < end ? border : end;
}

/*
 * Whether [va, va + size) is not empty, made of whole pages and below limit, the first address that
 * the space does not have (at most 2^49). Any numbers may be asked about.
 */
static inline bool gpu_range_fits(uint64_t va, uint64_t size, enum gpu_page page, uint64_t limit)
{
	uint64_t in_page = (1ull << gpu_page_shift(page)) - 1;

	return size && !((va | size) & in_page) && size <= limit && va <= limit - size;
}

/* Whether [addr, addr + size) of an aperture can be written into entries for such pages. */
static inline bool gpu_target_fits(enum gpu_aperture aperture, uint64_t addr, uint64_t size,
				   enum gpu_page page)
{
	return gpu_range_fits(addr, size, page,
			      aperture == GPU_APERTURE_VRAM ? GPU_VRAM_REACH : GPU_SYSMEM_REACH);
}

/* The entry of a table that leads to a table in VRAM; addr is a multiple of 4096 below the reach. */
static inline uint64_t gpu_pde(uint64_t addr)
{
	return addr >> NV_MMU_VER2_ADDRESS_SHIFT | NV_MMU_VER2_PDE_APERTURE_VIDEO_MEMORY
							   << NV_MMU_VER2_APERTURE_SHIFT;
}

/* The entry of a page, without attributes. */
static inline uint64_t gpu_pte(enum gpu_aperture aperture, uint64_t addr)
{
	return addr >> NV_MMU_VER2_ADDRESS_SHIFT |
	       (uint64_t)aperture << NV_MMU_VER2_APERTURE_SHIFT | NV_MMU_VER2_PTE_VALID;
}

/* What lies between the entries of two neighbouring pages. */
static inline uint64_t gpu_pte_step(enum gpu_page page)
{
	return 1ull << (gpu_page_shift(page) - NV_MMU_VER2_ADDRESS_SHIFT);
}

#endif /* GPU_MMU_FORMAT_H */
