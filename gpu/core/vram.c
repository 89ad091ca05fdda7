/* SPDX-License-Identifier: MIT */
/*
 * vram.c - video memory: how much there is, who gets which range, and that it is clean.
 *
 * A range carries its last owner's bytes, or garbage after power-on. It is cleared in steps, so that
 * the event loop keeps turning, and every step is read back: a range that does not hold zeros then
 * is never handed out again.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "gpu/core/gpu.h"
#include "gpu/core/regs_pdisp.h"
#include "gpu/core/regs_pfb.h"
#include "gpu/core/regs_pmc.h"

#define MIB (1ull << 20)

/*
 * Where the top of usable VRAM lies. The VGA workspace is the board's own: the last MiB, or from its
 * base register on if that is valid and lower. Source: nouveau, nvkm/subdev/gsp/tu102.c
 * (tu102_gsp_vga_workspace_addr); NVIDIA, kern_disp_0400.c.
 */
static uint64_t vram_top(struct gpu *gpu)
{
	uint64_t size = gpu->info.vram_size, top = size - MIB, base;
	uint32_t reg = gpu->chip->kind->vga_workspace, vga = reg ? gpu_rd32(gpu, reg) : 0;

	if (!NV_PRI_IS_ERROR(vga) && (vga & NV_PDISP_VGA_WORKSPACE_BASE_STATUS_VALID)) {
		base = NV_PDISP_VGA_WORKSPACE_BASE_ADDR(vga);
		if (base < top)
			top = base;
	}
	return top & ~(GPU_VRAM_ALIGN - 1);
}

/* Usable VRAM as the board states it, in MiB; an error word of the bus when it does not answer. */
static uint64_t stated_mib(struct gpu *gpu)
{
	uint32_t reg = gpu->chip->kind->usable_fb_mib;
	uint32_t v = gpu_rd32(gpu, reg ? reg : NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE);
	uint64_t mib;

	if (reg || NV_PRI_IS_ERROR(v) || v == NV_NO_ANSWER)
		return v;
	mib = (uint64_t)NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_LOWER_MAG(v)
	      << NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_LOWER_SCALE(v);
	return v & NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_ECC_MODE ? mib * 15 / 16 : mib;
}

int gpu_vram_init(struct gpu *gpu)
{
	uint64_t mib = stated_mib(gpu);

	/* 2^20 MiB is 1 TiB, more than any board has and less than any sum here overflows at. */
	if (mib < 2 || mib > 1u << 20) {
		hv_log(HV_ERR, "gpu %s: the board says it has %" PRIu64 " MiB of memory",
		       hv_pci_name(gpu->pci), mib);
		return -ENODEV;
	}
	gpu->info.vram_size = mib * MIB;
	gpu->info.vram_usable = vram_top(gpu);
	if (!gpu->info.vram_usable)
		return -ENODEV;
	return gpu_extents_init(&gpu->vram, 0, gpu->info.vram_usable, GPU_VRAM_RANGES);
}

int gpu_vram_limit(struct gpu *gpu, uint64_t end)
{
	struct gpu_extents less;
	int err = gpu_bar1_init(gpu); /* the firmware has put it through page tables of its own */

	if (err)
		return err;
	end &= ~(GPU_VRAM_ALIGN - 1);
	if (end >= gpu->info.vram_usable)
		return 0;
	if (!end)
		return -EINVAL;
	if (gpu->vram.free_bytes != gpu->info.vram_usable)
		return -EBUSY;
	err = gpu_extents_init(&less, 0, end, GPU_VRAM_RANGES);
	if (err)
		return err;
	gpu_extents_fini(&gpu->vram);
	gpu->vram = less;
	gpu->info.vram_usable = end;
	return 0;
}

void gpu_vram_fini(struct gpu *gpu)
{
	gpu_extents_fini(&gpu->vram);
}

int gpu_vram_alloc(struct gpu *gpu, uint64_t size, struct gpu_range *out)
{
	int err;

	if (!size || size % GPU_VRAM_ALIGN)
		return -EINVAL;
	err = gpu_extents_alloc(&gpu->vram, size, gpu_vram_align(size), out);
	return err == -ENOSPC ? -ENOMEM : err;
}

void gpu_vram_free(struct gpu *gpu, const struct gpu_range *range)
{
	gpu_extents_free(&gpu->vram, range);
}

uint64_t gpu_vram_free_bytes(const struct gpu *gpu)
{
	return gpu->vram.free_bytes;
}

size_t gpu_first_dirt(const void *bytes, size_t len)
{
	const uint64_t *words = bytes;
	const uint8_t *byte = bytes;
	size_t i = 0;

	while (i < len / 8 && !words[i])
		i++;
	for (i *= 8; i < len && !byte[i]; i++)
		;
	return i;
}

/* Address of the first byte that is not zero in [addr, addr + len), or addr + len; or -errno. */
static int find_dirt(struct gpu *gpu, uint64_t addr, uint64_t len, uint64_t *dirt)
{
	uint64_t words[512];

	for (uint64_t pos = 0; pos < len; pos += sizeof(words)) {
		size_t n = len - pos < sizeof(words) ? (size_t)(len - pos) : sizeof(words), at;
		int err = gpu_bar1_read(gpu, addr + pos, words, n);

		if (err)
			return err;
		at = gpu_first_dirt(words, n);
		if (at < n) {
			*dirt = addr + pos + at;
			return 0;
		}
	}
	*dirt = addr + len;
	return 0;
}

int gpu_vram_scrub(struct gpu *gpu, const struct gpu_range *range, uint64_t budget, uint64_t *done)
{
	uint64_t addr = range->base + *done, len = range->size - *done, dirt;
	int err;

	HV_CHECK(*done <= range->size && budget && budget % 4 == 0);
	if (gpu->lost)
		return -ENODEV;
	if (len > budget)
		len = budget;
	err = gpu_bar1_zero(gpu, addr, len);
	if (err)
		return err;
	/* A register access orders the writes before the reads that check them (hv.h). */
	if (!gpu_answers(gpu))
		return -ENODEV;
	err = find_dirt(gpu, addr, len, &dirt);
	if (err)
		return err;
	if (!gpu_answers(gpu))
		return -ENODEV;
	if (dirt != addr + len) {
		hv_log(HV_ERR,
		       "gpu %s: VRAM at %#" PRIx64 " is not zero after its scrub: range %#" PRIx64
		       "+%#" PRIx64 " withdrawn",
		       hv_pci_name(gpu->pci), dirt, range->base, range->size);
		return -EIO;
	}
	*done += len;
	return *done < range->size ? 1 : 0;
}

static int check_access(struct gpu *gpu, uint64_t addr, size_t len)
{
	if (addr % 4 || len % 4 || addr > gpu->info.vram_size || len > gpu->info.vram_size - addr)
		return -EINVAL;
	return gpu->lost ? -ENODEV : 0;
}

int gpu_vram_read(struct gpu *gpu, uint64_t addr, void *dst, size_t len)
{
	int err = check_access(gpu, addr, len);

	if (!err)
		err = gpu_bar1_read(gpu, addr, dst, len);
	if (!err && !gpu_answers(gpu))
		err = -ENODEV;
	return err;
}

int gpu_vram_write(struct gpu *gpu, uint64_t addr, const void *src, size_t len)
{
	int err = check_access(gpu, addr, len);

	if (!err)
		err = gpu_bar1_write(gpu, addr, src, len);
	if (!err && !gpu_answers(gpu))
		err = -ENODEV;
	return err;
}
