/* SPDX-License-Identifier: MIT */
/*
 * The function's own page of interrupt registers. A vector is one bit of a leaf (vector / 32); two
 * leaves make a subtree, one bit of TOP, which shows leaf bits that are enabled.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga102/dev_vm.h
 * (NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_*; the same for Turing), at BAR0 + 0xb80000 (nouveau,
 * nvkm/subdev/vfn/tu102.c); MSI_REARM: nouveau, nvkm/subdev/pci/gp100.c.
 */
#ifndef GPU_REGS_VF_H
#define GPU_REGS_VF_H

#define NV_VF_CPU_INTR_LEAVES		8u
#define NV_VF_CPU_INTR_LEAF(i)		(0xb81000u + 4u * (i)) /* write 1 to clear */
#define NV_VF_CPU_INTR_LEAF_EN_SET(i)	(0xb81200u + 4u * (i))
#define NV_VF_CPU_INTR_LEAF_EN_CLEAR(i) (0xb81400u + 4u * (i))
#define NV_VF_CPU_INTR_TOP		0xb81600u
#define NV_VF_CPU_INTR_TOP_EN_SET	0xb81608u
#define NV_VF_CPU_INTR_TOP_EN_CLEAR	0xb81610u

/* A write lets the next message-signalled interrupt out. */
#define NV_XVE_MSI_REARM 0x088704u

#endif /* GPU_REGS_VF_H */
