/* SPDX-License-Identifier: MIT */
/*
 * ga100.c - GA100 (A100, A30): an Ampere that boots like Turing, but has fuses that count versions, a
 * longer flush address, no display, and no FRTS.
 *
 * Sources: as tu10x.c, with ampere/ga100/{dev_fuse,dev_fb,dev_falcon_v4,dev_riscv_pri,dev_sec_pri}.h.
 * kgspGetFrtsSize is 0 for GA100 alone (g_kernel_gsp_nvoc.c); nouveau's chip table gives it no
 * display (nvkm/engine/device/base.c, nv170_chipset).
 */
#include <stddef.h>

#include "gpu/core/chip/chip.h"
#include "gpu/core/regs_falcon.h"

static const struct gpu_chip_kind ga100 = {
	.gsp_falcon = 0x110000,
	.sec2_falcon = 0x840000,
	.scrubbing = NV_PFALCON_FALCON_DMACTL,
	.scrubbing_mask = NV_PFALCON_FALCON_DMACTL_SCRUBBING,
	.riscv_active = NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS,
	.riscv_active_mask = NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS_ACTIVE_STAT,
	.fuses = true,
	.flush_high = true,
};

/* Which ones RM serves: src/nvidia/generated/g_gpu_class_list.c. */
static const struct gpu_classes classes = {
	.gpfifo = GPU_CLASS_AMPERE_CHANNEL_GPFIFO_A,
	GPU_CHIP_CLASSES(AMPERE_DMA_COPY_A, AMPERE_A, AMPERE_COMPUTE_A),
};

const struct gpu_chip gpu_chips_ga100[] = {
	{"GA100", 0x170, "ga100", &ga100, &classes},
	{NULL, 0, NULL, NULL, NULL},
};
