/* SPDX-License-Identifier: MIT */
/*
 * PMC: what chip this is. BAR0 offsets.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/nv_ref.h.
 */
#ifndef GPU_REGS_PMC_H
#define GPU_REGS_PMC_H

#define NV_PMC_BOOT_0 0x000000u
/* ARCHITECTURE_0 28:24, IMPLEMENTATION 23:20. */
#define NV_PMC_BOOT_0_CHIP(v) (((v) >> 20) & 0x1ffu)

#define NV_PMC_BOOT_42 0x000a00u
/* CHIP_ID 29:20, that is ARCHITECTURE 29:24 and IMPLEMENTATION 23:20. */
#define NV_PMC_BOOT_42_CHIP_ID(v) (((v) >> 20) & 0x3ffu)

/*
 * A register that the GPU's internal bus cannot reach reads as 0xbad..... (error code in the low
 * bits); a function that does not answer at all reads as ones. Source: dev_pri_ringstation_sys.h,
 * NV_PPRIV_SYS_PRI_ERROR_CODE.
 */
#define NV_PRI_IS_ERROR(v) (((v) >> 20) == 0xbadu)
#define NV_NO_ANSWER	   0xffffffffu

#endif /* GPU_REGS_PMC_H */
