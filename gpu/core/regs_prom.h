/* SPDX-License-Identifier: MIT */
/*
 * PROM: the board's ROM, as BAR0 shows it.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/turing/tu102/
 * dev_ext_devices.h (NV_PROM).
 */
#ifndef GPU_REGS_PROM_H
#define GPU_REGS_PROM_H

#define NV_PROM_DATA	  0x300000u
#define NV_PROM_DATA_SIZE 0x100000u

#endif /* GPU_REGS_PROM_H */
