/* SPDX-License-Identifier: MIT */
/*
 * core.h - the narrow contract of the GPU core.
 *
 * The core owns one PCI function: it identifies the chip, sizes video memory (VRAM) and hands out
 * ranges of it, and it alone touches registers. Who may have how much is decided above
 * (gpu/vgpu). Two clients keep this contract honest: gpu/vgpu and the tests.
 */
#ifndef GPU_CORE_H
#define GPU_CORE_H

#include "gpu/core/extent.h"
#include "hv/hv.h"

struct gpu;

struct gpu_info {
	const char *chip;     /* "GA102" */
	uint32_t pmc_boot_0;  /* NV_PMC_BOOT_0 */
	uint32_t pmc_boot_42; /* NV_PMC_BOOT_42 */
	uint16_t pci_vendor, pci_device;
	uint64_t vram_size;   /* bytes the board has */
	uint64_t vram_usable; /* of it, what ranges are made from */
};

/*
 * Take over the function: enable memory decoding and bus mastering, identify the chip (-ENODEV: not
 * in the chip table), map BAR0, size VRAM. The function must have been reset by dom0 since its last
 * owner. The core owns pci until gpu_detach().
 */
int gpu_attach(struct hv_pci *pci, struct gpu **out);
void gpu_detach(struct gpu *gpu);
const struct gpu_info *gpu_info(const struct gpu *gpu);

/*
 * Loss. A GPU is lost when bus mastering was taken away (Xen does so after a burst of IOMMU faults)
 * or when registers read all ones. It stays lost; every later call that needs it returns -ENODEV.
 * fn is called once, from the loop. The core looks once a second and on request.
 */
void gpu_on_lost(struct gpu *gpu, void (*fn)(struct gpu *gpu, void *arg), void *arg);
bool gpu_is_lost(struct gpu *gpu); /* looks at the hardware */

/* Ranges (struct gpu_range, extent.h) are multiples of this. */
#define GPU_VRAM_ALIGN 0x10000ull

/*
 * Hand out size bytes (a positive multiple of GPU_VRAM_ALIGN). Its contents are the previous owner's
 * (or power-on garbage) until the caller has scrubbed it to the end: gpu_vram_scrub clears at most
 * `budget` bytes (a multiple of 4) per call, verifies what it has cleared, and returns 1 while there
 * is more, 0 when done, -EIO when VRAM does not hold zeros (the caller must not give the range back:
 * it is withdrawn for good), -ENODEV when lost, -ENOMEM. *done counts bytes from 0. Nobody may see a
 * range before its scrub is complete.
 */
int gpu_vram_alloc(struct gpu *gpu, uint64_t size, struct gpu_range *out); /* 0, -ENOMEM, -EINVAL */
int gpu_vram_scrub(struct gpu *gpu, const struct gpu_range *range, uint64_t budget, uint64_t *done);
void gpu_vram_free(struct gpu *gpu, const struct gpu_range *range);
uint64_t gpu_vram_free_bytes(const struct gpu *gpu);

/*
 * After the start of the firmware: what lies at `end` and above is its own, ranges are made from what is
 * below; BAR1 is put back into physical mode. Only while no range is handed out (-EBUSY); -EINVAL:
 * nothing would be left; -EIO: the mode does not stick.
 */
int gpu_vram_limit(struct gpu *gpu, uint64_t end);

/*
 * CPU copies through BAR1 windows; addr and len are multiples of 4, inside VRAM. 0, -EINVAL, -ENODEV,
 * -ENOMEM (no page tables left for a window).
 */
int gpu_vram_read(struct gpu *gpu, uint64_t addr, void *dst, size_t len);
int gpu_vram_write(struct gpu *gpu, uint64_t addr, const void *src, size_t len);

/*
 * One transfer of a falcon's DMA unit from bus address addr (256-byte aligned, below 2^47) into the
 * GSP falcon's DMEM; len is 4 * 2^n, 4..256, dmem_offset a multiple of it. 0, -EIO when the unit does
 * not come idle within 10 ms, -EINVAL, -ENODEV. The unit has no error bit: a transfer that the IOMMU
 * refused looks finished, and DMEM is as it was. Boot loads microcode with it; tests aim it at memory.
 */
int gpu_falcon_dma_load(struct gpu *gpu, uint64_t addr, uint32_t dmem_offset, size_t len);
/* offset, len and dst are multiples of 4; 0, -EINVAL, -ENODEV. */
int gpu_falcon_dmem_read(struct gpu *gpu, uint32_t offset, void *dst, size_t len);

#endif /* GPU_CORE_H */
