/* SPDX-License-Identifier: MIT */
/*
 * ga10x.c - Ampere but GA100: GA102 (A40, A10, RTX A6000) and its smaller kin.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/: nv_ref.h and nv_arch.h
 * (ids), ampere/ga102/{dev_gsp,dev_sec_pri,dev_falcon_v4,dev_riscv_pri,dev_gc6_island_addendum}.h,
 * ampere/ga100/{dev_fuse,dev_fb}.h, disp/v04_00/dev_disp.h; which function serves which chip:
 * src/nvidia/generated/g_kernel_{gsp,sec2,falcon}_nvoc.c; which LIBOS and which files: nouveau,
 * nvkm/subdev/gsp/ga102.c and the links in nvidia/ of linux-firmware.
 */
#include <stddef.h>

#include "gpu/core/chip/chip.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pdisp.h"
#include "gpu/core/regs_pgc6.h"

const struct gpu_chip_kind gpu_chip_kind_ga10x = {
	.gsp_falcon = 0x110000,
	.sec2_falcon = 0x840000,
	.usable_fb_mib = NV_USABLE_FB_SIZE_IN_MB,
	.vga_workspace = NV_PDISP_VGA_WORKSPACE_BASE,
	.scrubbing = NV_PFALCON_FALCON_HWCFG2,
	.scrubbing_mask = NV_PFALCON_FALCON_HWCFG2_MEM_SCRUBBING,
	.riscv_active = NV_PRISCV_RISCV_CPUCTL,
	.riscv_active_mask = NV_PRISCV_RISCV_CPUCTL_ACTIVE_STAT,
	.boot_rom = true,
	.core_select = true,
	.fuses = true,
	.flush_high = true,
	.frts = true,
	.libos3 = true,
};

/* Which ones RM serves: src/nvidia/generated/g_gpu_class_list.c. */
static const struct gpu_classes classes = {
	.gpfifo = GPU_CLASS_AMPERE_CHANNEL_GPFIFO_A,
	GPU_CHIP_CLASSES(AMPERE_DMA_COPY_B, AMPERE_B, AMPERE_COMPUTE_B),
};

const struct gpu_chip gpu_chips_ga10x[] = {
	{"GA102", 0x172, "ga102", &gpu_chip_kind_ga10x, &classes},
	{"GA103", 0x173, "ga102", &gpu_chip_kind_ga10x, &classes},
	{"GA104", 0x174, "ga102", &gpu_chip_kind_ga10x, &classes},
	{"GA106", 0x176, "ga102", &gpu_chip_kind_ga10x, &classes},
	{"GA107", 0x177, "ga102", &gpu_chip_kind_ga10x, &classes},
	{NULL, 0, NULL, NULL, NULL},
};
