/* SPDX-License-Identifier: MIT */
/*
 * ga102.c - GA102 (Ampere): A40, A10, RTX A6000 and their kin.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/: nv_ref.h (chip id:
 * ARCHITECTURE 0x17, IMPLEMENTATION 2), ampere/ga102/dev_gc6_island_addendum.h,
 * disp/v04_00/dev_disp.h, ampere/ga102/dev_gsp.h (NV_PGSP); SEC2: nouveau, nvkm/engine/sec2/ga102.c;
 * which LIBOS: nouveau, nvkm/subdev/gsp/ga102.c (its sizes of the heap).
 */
#include "gpu/core/chip/chip.h"
#include "gpu/core/regs_pdisp.h"
#include "gpu/core/regs_pgc6.h"

const struct gpu_chip gpu_chip_ga102 = {
	.name = "GA102",
	.id = 0x172,
	.usable_fb_mib = NV_USABLE_FB_SIZE_IN_MB,
	.vga_workspace = NV_PDISP_VGA_WORKSPACE_BASE,
	.gsp_falcon = 0x110000,
	.sec2_falcon = 0x840000,
	.firmware = "ga102",
	.libos3 = true,
};
