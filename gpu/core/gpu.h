/* SPDX-License-Identifier: MIT */
/*
 * gpu.h - the core's own view of a GPU; core.h is what others see.
 *
 * Single-threaded (hv.h); one struct gpu lives from gpu_attach() to gpu_detach().
 */
#ifndef GPU_GPU_H
#define GPU_GPU_H

#include "gpu/core/chip/chip.h"
#include "gpu/core/core.h"
#include "gpu/core/extent.h"

/*
 * BAR1 is mapped in pieces, on demand: mapping it whole would cost 1/512 of its size in page-table
 * frames under Xen PV (128 MiB for a 64 GiB BAR).
 */
#define GPU_BAR1_WINDOW	 (16ull << 20)
#define GPU_BAR1_WINDOWS 16u

#define GPU_VRAM_RANGES 256u /* ranges handed out at a time */

struct gpu_window {
	struct hv_mmio mmio;
	uint64_t base; /* VRAM address; a multiple of GPU_BAR1_WINDOW */
	uint64_t used; /* when last used, in accesses */
	bool mapped;
};

struct gpu {
	struct hv_pci *pci;
	const struct gpu_chip *chip;
	struct gpu_info info;
	struct hv_mmio regs; /* all of BAR0 */

	uint64_t
		bar1_reach; /* bytes of VRAM that BAR1 shows, from 0; the rest goes through PRAMIN */
	struct gpu_window windows[GPU_BAR1_WINDOWS];
	uint64_t accesses;
	uint64_t pramin_base; /* where PRAMIN looks now */

	struct gpu_extents vram;

	bool lost;
	void (*on_lost)(struct gpu *gpu, void *arg);
	void *on_lost_arg;
	struct hv_work lost_work;
	struct hv_timer watch;
};

static inline uint32_t gpu_rd32(const struct gpu *gpu, uint32_t reg)
{
	return hv_mmio_read32(&gpu->regs, reg);
}

static inline void gpu_wr32(const struct gpu *gpu, uint32_t reg, uint32_t value)
{
	hv_mmio_write32(&gpu->regs, reg, value);
}

/* Cheap look after an access to VRAM: is anybody there? One register read; may mark the GPU lost. */
bool gpu_answers(struct gpu *gpu);

/* It may write to memory that we cannot keep from it: take bus mastering away; it is lost. */
void gpu_give_up(struct gpu *gpu, const char *why);

/* VRAM size and what of it is ours to hand out. 0, -ENODEV (no sensible size), -ENOMEM. */
int gpu_vram_init(struct gpu *gpu);
void gpu_vram_fini(struct gpu *gpu);

/*
 * Clears at most `budget` bytes (a multiple of 4) of a range by CPU and verifies what it has cleared: 1 while
 * there is more, 0 when done, -EIO when VRAM does not hold zeros (the caller must not give the range back:
 * it is withdrawn for good), -ENODEV when lost, -ENOMEM. *done counts bytes from 0.
 */
int gpu_vram_scrub(struct gpu *gpu, const struct gpu_range *range, uint64_t budget, uint64_t *done);

/* What a scrub should have left: offset of the first of len bytes (on a multiple of 8) that is not zero, or len. */
size_t gpu_first_dirt(const void *bytes, size_t len);

/* Puts BAR1 into physical mode. 0, -ENODEV (no BAR1), -EIO (the mode does not stick). */
int gpu_bar1_init(struct gpu *gpu);
void gpu_bar1_fini(struct gpu *gpu);
/* One access inside VRAM; which window it goes through is decided here. 0, -ENOMEM (mapping). */
int gpu_bar1_read(struct gpu *gpu, uint64_t addr, void *dst, size_t len);
int gpu_bar1_write(struct gpu *gpu, uint64_t addr, const void *src, size_t len);
int gpu_bar1_zero(struct gpu *gpu, uint64_t addr, size_t len);

#endif /* GPU_GPU_H */
