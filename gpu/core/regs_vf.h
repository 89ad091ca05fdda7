/* SPDX-License-Identifier: MIT */
/*
 * The function's own registers, of interrupts and of its MMU. A vector is one bit of a leaf (vector / 32);
 * two leaves make a subtree, one bit of TOP, which shows leaf bits that are enabled.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga102/dev_vm.h
 * (NV_VIRTUAL_FUNCTION_PRIV_CPU_INTR_*; the same for Turing), for the
 * MMU turing/tu102 and ampere/ga100/dev_vm.h (NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE*), at BAR0 + 0xb80000 (nouveau,
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

/*
 * What the MMU remembers of a directory's tables, at a multiple of 4 KiB: its address from bit 12 on in 31:4,
 * from bit 40 on in UPPER_PDB. TRIGGER reads 1 until all is done that was asked for.
 */
#define NV_VF_PRIV_MMU_INVALIDATE_PDB		       0xb830a0u
#define NV_VF_PRIV_MMU_INVALIDATE_PDB_APERTURE_VID_MEM (0u << 1)
#define NV_VF_PRIV_MMU_INVALIDATE_PDB_ADDR(addr)       ((uint32_t)((addr) >> 12) << 4)
#define NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB	       0xb830a4u
#define NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB_ADDR(addr) ((uint32_t)((addr) >> 40))
#define NV_VF_PRIV_MMU_INVALIDATE		       0xb830b0u
#define NV_VF_PRIV_MMU_INVALIDATE_ALL_VA	       (1u << 0)
#define NV_VF_PRIV_MMU_INVALIDATE_SYS_MEMBAR	       (1u << 6)
#define NV_VF_PRIV_MMU_INVALIDATE_ACK_GLOBALLY	       (1u << 7)
#define NV_VF_PRIV_MMU_INVALIDATE_TRIGGER	       (1u << 31)

/*
 * Has Host look at a channel's USERD (NV_VIRTUAL_FUNCTION_DOORBELL; its fields: dev_ctrl.h of ga100 and tu102;
 * that RM's numbers of runlists go there: nouveau, gsp/rm/r535/fifo.c).
 */
#define NV_VF_DOORBELL			    0xbb0090u
#define NV_VF_DOORBELL_TOKEN(runlist, chid) ((uint32_t)(runlist) << 16 | (chid)) /* 22:16, 11:0 */

/* A write lets the next message-signalled interrupt out. */
#define NV_XVE_MSI_REARM 0x088704u

#endif /* GPU_REGS_VF_H */
