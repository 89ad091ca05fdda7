/* SPDX-License-Identifier: MIT */
/*
 * map.h - what can be mapped into a GPU address space, and how.
 */
#ifndef GPU_MMU_MAP_H
#define GPU_MMU_MAP_H

#include <stdint.h>

/* Where memory is. A peer's memory, 1, is not offered. */
enum gpu_aperture {
	GPU_APERTURE_VRAM = 0,
	GPU_APERTURE_SYSMEM_COHERENT = 2,
	GPU_APERTURE_SYSMEM_NONCOHERENT = 3,
};

enum gpu_page { GPU_PAGE_4K, GPU_PAGE_64K, GPU_PAGE_2M };

/* Memory to be mapped: addr and size in bytes, multiples of the page size. */
struct gpu_run {
	uint64_t addr, size;
	enum gpu_aperture aperture;
};

#define GPU_MAP_READ_ONLY  0x1u
#define GPU_MAP_PRIVILEGED 0x2u /* not for channels of users */
#define GPU_MAP_VOLATILE   0x4u /* the GPU does not cache it */

struct gpu_map {
	uint64_t va;
	enum gpu_page page;
	unsigned int flags; /* GPU_MAP_* */
	uint8_t kind;	    /* PTE_KIND: 0 is pitch, for the others see the chip's dev_mmu.h */
	const struct gpu_run *runs; /* one behind the other from va on */
	unsigned int n;
};

#endif /* GPU_MMU_MAP_H */
