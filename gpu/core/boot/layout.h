/* SPDX-License-Identifier: MIT */
/*
 * layout.h - where in video memory the firmware goes.
 *
 * From the end of video memory downwards: the VGA workspace, then write-protected region 2 (WPR2) with
 * FRTS, bootloader, image, heap and a copy of the description, then a heap outside of it. FWSEC makes
 * WPR2 around FRTS, the booter widens it. The heap is sized from the pack and the chip.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, gsp_fw_wpr_meta.h (order, alignments), gsp_fw_heap.h (sizes)
 * and kernel_gsp_tu102.c (kgspCalculateFbLayout); nouveau, nvkm/subdev/gsp/{tu102,r535}.c.
 */
#ifndef GPU_BOOT_LAYOUT_H
#define GPU_BOOT_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "gpu/core/error.h"

struct gpu_layout_want {
	uint64_t fb_size;	  /* of the board, bytes */
	uint64_t vga_addr;	  /* where the VGA workspace begins; it ends with the memory */
	uint64_t bootloader_size; /* bytes of the files */
	uint64_t image_size;
	bool frts; /* room for FRTS, and the kernel's kind: of the chip (chip/chip.h) */
	bool libos3;
	bool vgpu; /* room for GSP-RM's own vGPUs */
};

struct gpu_place {
	uint64_t addr, size; /* bytes in video memory */
};

struct gpu_layout {
	uint64_t fb_size;
	struct gpu_place vga, frts, bootloader, image, heap, non_wpr_heap;
	uint64_t wpr_start, wpr_end;
};

/*
 * 0; -ENOENT: the pack lacks a number; -ENOSPC: the board's memory is too small; -EINVAL: sizes that no
 * board or file has. *err is one line.
 */
int gpu_layout_make(const struct fwq_pack *pack, const struct gpu_layout_want *want,
		    struct gpu_layout *out, struct gpu_error *err);

/*
 * Writes GspFwWprMeta, which tells the booter, into `page` (4096 zeroed bytes): the layout, and where in
 * system memory radix3 tables, bootloader and signature are (bus addresses, sizes in bytes). 0, or
 * -errno with *err: the pack's structure does not fit.
 */
struct gpu_wpr_meta {
	const struct gpu_layout *layout;
	uint64_t radix3, bootloader, signature;
	uint64_t signature_size;
	uint32_t code_offset, data_offset, manifest_offset; /* in the bootloader */
};
int gpu_wpr_meta_write(const struct fwq_pack *pack, const struct gpu_wpr_meta *meta, void *page,
		       struct gpu_error *err);

#endif /* GPU_BOOT_LAYOUT_H */
