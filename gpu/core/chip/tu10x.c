/* SPDX-License-Identifier: MIT */
/*
 * tu10x.c - Turing: TU102 (Quadro RTX 8000, T40), TU104 (T4), TU106, TU116, TU117.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/: nv_ref.h and nv_arch.h
 * (ids; TU116's implementation is 8), turing/tu102/{dev_gsp,dev_sec_pri,dev_falcon_v4,dev_riscv_pri,
 * dev_fb}.h, disp/v04_00/dev_disp.h; src/nvidia/src/kernel/gpu: falcon/arch/turing/
 * kernel_falcon_tu102.c, gsp/arch/turing/kernel_gsp_falcon_tu102.c; which function serves which chip:
 * src/nvidia/generated/g_kernel_{gsp,sec2,falcon}_nvoc.c and g_kern_mem_sys_nvoc.c; which LIBOS and
 * which files: nouveau, nvkm/subdev/gsp/{tu102,tu116}.c and the links in nvidia/ of linux-firmware.
 */
#include <stddef.h>

#include "gpu/core/chip/chip.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pdisp.h"

#define TURING                                                                                     \
	.gsp_falcon = 0x110000, .sec2_falcon = 0x840000,                                           \
	.vga_workspace = NV_PDISP_VGA_WORKSPACE_BASE, .scrubbing = NV_PFALCON_FALCON_DMACTL,       \
	.scrubbing_mask = NV_PFALCON_FALCON_DMACTL_SCRUBBING,                                      \
	.riscv_active = NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS,                                  \
	.riscv_active_mask = NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS_ACTIVE_STAT, .frts = true,   \
	.engine_status_in_pfifo = true

static const struct gpu_chip_kind tu10x = {TURING, .gr_standby = true};
static const struct gpu_chip_kind tu11x = {TURING};

/* Which ones RM serves: src/nvidia/generated/g_gpu_class_list.c. */
static const struct gpu_classes classes = {
	.gpfifo = GPU_CLASS_TURING_CHANNEL_GPFIFO_A,
	GPU_CHIP_CLASSES(TURING_DMA_COPY_A, TURING_A, TURING_COMPUTE_A),
};

const struct gpu_chip gpu_chips_tu10x[] = {
	{"TU102", 0x162, "tu102", &tu10x, &classes}, {"TU104", 0x164, "tu102", &tu10x, &classes},
	{"TU106", 0x166, "tu102", &tu10x, &classes}, {"TU116", 0x168, "tu116", &tu11x, &classes},
	{"TU117", 0x167, "tu116", &tu11x, &classes}, {NULL, 0, NULL, NULL, NULL},
};
