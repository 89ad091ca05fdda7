/* SPDX-License-Identifier: MIT */
/*
 * bar1.c - how the CPU reaches video memory.
 *
 * In its reset mode BAR1 shows VRAM linearly from address 0, as far as the BAR is long. We map it
 * write-combined in windows of 16 MiB, on demand; when all are in use the one that was used longest
 * ago moves. VRAM beyond BAR1's end is reached through PRAMIN, a 1 MiB window in BAR0 that a register
 * moves: slower, and only boards without resizable BARs need it.
 */
#include <errno.h>
#include <inttypes.h>

#include "gpu/core/gpu.h"
#include "gpu/core/regs_pbus.h"
#include "gpu/core/regs_pmc.h"

#define PRAMIN_NOWHERE UINT64_MAX

int gpu_bar1_init(struct gpu *gpu)
{
	struct hv_pci_bar bar;
	uint32_t block;
	int err = hv_pci_bar(gpu->pci, 1, &bar);

	gpu->pramin_base = PRAMIN_NOWHERE;
	if (err)
		return err;
	/* Whole windows only; what is left over at the end goes through PRAMIN like the rest. */
	gpu->bar1_reach = bar.size & ~(GPU_BAR1_WINDOW - 1);
	if (!gpu->bar1_reach)
		return -ENODEV;

	gpu_wr32(gpu, NV_PBUS_BAR1_BLOCK,
		 NV_PBUS_BAR1_BLOCK_MODE_PHYSICAL | NV_PBUS_BAR1_BLOCK_TARGET_VID_MEM);
	block = gpu_rd32(gpu, NV_PBUS_BAR1_BLOCK);
	if (NV_PRI_IS_ERROR(block) || (block & NV_PBUS_BAR1_BLOCK_MODE_VIRTUAL)) {
		hv_log(HV_ERR, "gpu %s: BAR1 does not go into physical mode (%08" PRIx32 ")",
		       hv_pci_name(gpu->pci), block);
		return -EIO;
	}
	return 0;
}

void gpu_bar1_fini(struct gpu *gpu)
{
	for (unsigned int i = 0; i < GPU_BAR1_WINDOWS; i++) {
		if (gpu->windows[i].mapped)
			hv_mmio_unmap(&gpu->windows[i].mmio);
		gpu->windows[i].mapped = false;
	}
}

/* The window that shows addr, mapped now if it was not. NULL: no memory for the mapping. */
static struct gpu_window *window_at(struct gpu *gpu, uint64_t addr)
{
	uint64_t base = addr & ~(GPU_BAR1_WINDOW - 1);
	struct gpu_window *oldest = &gpu->windows[0];

	gpu->accesses++;
	for (unsigned int i = 0; i < GPU_BAR1_WINDOWS; i++) {
		struct gpu_window *w = &gpu->windows[i];

		if (w->mapped && w->base == base) {
			w->used = gpu->accesses;
			return w;
		}
		if (!w->mapped)
			w->used = 0;
		if (w->used < oldest->used)
			oldest = w;
	}
	if (oldest->mapped)
		hv_mmio_unmap(&oldest->mmio);
	oldest->mapped =
		!hv_mmio_map(gpu->pci, 1, base, GPU_BAR1_WINDOW, HV_MMIO_WC, &oldest->mmio);
	if (!oldest->mapped)
		return NULL;
	oldest->base = base;
	oldest->used = gpu->accesses;
	return oldest;
}

/* A piece of VRAM that one mapping shows: where in which mapping, and how many bytes of `len`. */
struct piece {
	const struct hv_mmio *mmio;
	size_t off, len;
};

static int piece_at(struct gpu *gpu, uint64_t addr, size_t len, struct piece *p)
{
	uint64_t room;

	if (addr < gpu->bar1_reach) {
		struct gpu_window *w = window_at(gpu, addr);

		if (!w)
			return -ENOMEM;
		p->mmio = &w->mmio;
		p->off = (size_t)(addr - w->base);
		room = GPU_BAR1_WINDOW - p->off;
	} else {
		uint64_t base = addr & ~(uint64_t)(NV_PRAMIN_SIZE - 1);

		if (base != gpu->pramin_base) {
			gpu_wr32(gpu, NV_PBUS_BAR0_WINDOW,
				 NV_PBUS_BAR0_WINDOW_TARGET_VID_MEM |
					 (uint32_t)(base >> NV_PBUS_BAR0_WINDOW_BASE_SHIFT));
			gpu->pramin_base = base;
		}
		p->mmio = &gpu->regs;
		p->off = NV_PRAMIN + (size_t)(addr - base);
		room = base + NV_PRAMIN_SIZE - addr;
	}
	p->len = len < room ? len : (size_t)room;
	return 0;
}

int gpu_bar1_read(struct gpu *gpu, uint64_t addr, void *dst, size_t len)
{
	for (size_t pos = 0; pos < len;) {
		struct piece p;
		int err = piece_at(gpu, addr + pos, len - pos, &p);

		if (err)
			return err;
		hv_mmio_read(p.mmio, p.off, (uint8_t *)dst + pos, p.len);
		pos += p.len;
	}
	return 0;
}

int gpu_bar1_write(struct gpu *gpu, uint64_t addr, const void *src, size_t len)
{
	for (size_t pos = 0; pos < len;) {
		struct piece p;
		int err = piece_at(gpu, addr + pos, len - pos, &p);

		if (err)
			return err;
		hv_mmio_write(p.mmio, p.off, (const uint8_t *)src + pos, p.len);
		pos += p.len;
	}
	return 0;
}

int gpu_bar1_zero(struct gpu *gpu, uint64_t addr, size_t len)
{
	for (size_t pos = 0; pos < len;) {
		struct piece p;
		int err = piece_at(gpu, addr + pos, len - pos, &p);

		if (err)
			return err;
		hv_mmio_zero(p.mmio, p.off, p.len);
		pos += p.len;
	}
	return 0;
}
