/* SPDX-License-Identifier: MIT */
/*
 * PDISP: only the one register that says where the VGA workspace lies in video memory. BAR0 offset.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/disp/v04_00/dev_disp.h and
 * src/nvidia/src/kernel/gpu/disp/arch/v04/kern_disp_0400.c.
 */
#ifndef GPU_REGS_PDISP_H
#define GPU_REGS_PDISP_H

#define NV_PDISP_VGA_WORKSPACE_BASE		 0x625f04u
#define NV_PDISP_VGA_WORKSPACE_BASE_STATUS_VALID (1u << 3)
/* ADDR 31:8, in 64 KiB. */
#define NV_PDISP_VGA_WORKSPACE_BASE_ADDR(v) ((uint64_t)((v) >> 8) << 16)

#endif /* GPU_REGS_PDISP_H */
