/* SPDX-License-Identifier: MIT */
/*
 * falcon.h - one falcon of the GPU: the GSP's or SEC2's.
 *
 * Everything here waits, if at all, for hardware that answers within microseconds, with a bound of
 * some milliseconds; the longest is the scrub of its memories after a reset (SCRUB_TIMEOUT). Waiting
 * for what a program on the falcon does is the caller's, who has an event loop to go back to.
 *
 * The transfers use physical addresses of a CTXDMA (0 for ours) with coherent system memory as its
 * target, so what a falcon may read is decided by the IOMMU alone.
 *
 * Errors: -ENODEV: the GPU does not answer; -EIO: a register does not change in time (logged).
 */
#ifndef GPU_FALCON_H
#define GPU_FALCON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct gpu;

struct gpu_falcon {
	struct gpu *gpu;
	const char *name;
	uint32_t base; /* BAR0 offset */
};

struct gpu_falcon gpu_falcon_gsp(struct gpu *gpu);
struct gpu_falcon gpu_falcon_sec2(struct gpu *gpu);

uint32_t gpu_falcon_rd32(const struct gpu_falcon *f, uint32_t reg);
void gpu_falcon_wr32(const struct gpu_falcon *f, uint32_t reg, uint32_t value);

/* Reset the engine, RISC-V core included; its memories are clean and the falcon is selected after. */
int gpu_falcon_reset(const struct gpu_falcon *f);
/* The same, and the RISC-V core is selected where that is the host's to do: the booter starts it. */
int gpu_falcon_reset_riscv(const struct gpu_falcon *f);

/* The falcon's DMA unit may read system memory at physical addresses, by CTXDMA 0..7. */
void gpu_falcon_allow_sysmem(const struct gpu_falcon *f, unsigned int ctxdma);

/*
 * Load `size` bytes (a multiple of 256) that begin `offset` bytes into an image at bus address `image`
 * (contiguous, 256-byte aligned, below 2^47) to `dst` of code memory, as secure pages with tags counted
 * from the image's beginning; or to `dst` of data memory. -EINVAL, -EIO, -ENODEV.
 */
int gpu_falcon_load_code(const struct gpu_falcon *f, uint64_t image, uint32_t offset, uint32_t dst,
			 uint32_t size);
int gpu_falcon_load_data(const struct gpu_falcon *f, uint64_t image, uint32_t offset, uint32_t dst,
			 uint32_t size);

/*
 * The same by register writes, a microsecond each: `src` of `size` bytes to `dst` of code memory (both
 * multiples of 256), its blocks tagged from `tag` on, secure or not; or to data memory (multiples of
 * 4). -EINVAL: that is outside of 64 KiB.
 */
int gpu_falcon_write_code(const struct gpu_falcon *f, uint32_t dst, const void *src, uint32_t size,
			  uint32_t tag, bool secure);
int gpu_falcon_write_data(const struct gpu_falcon *f, uint32_t dst, const void *src, uint32_t size);

/* Bytes of code memory, as its configuration register says: hardware's word, check it before use. */
uint32_t gpu_falcon_code_size(const struct gpu_falcon *f);

/* Start the falcon at its boot vector, or where it stopped. */
void gpu_falcon_start(const struct gpu_falcon *f);
bool gpu_falcon_halted(const struct gpu_falcon *f);
bool gpu_falcon_riscv_active(const struct gpu_falcon *f);
/* The register that says so, for messages. */
uint32_t gpu_falcon_riscv_status(const struct gpu_falcon *f);

#endif /* GPU_FALCON_H */
