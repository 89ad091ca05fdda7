/* SPDX-License-Identifier: MIT */
/*
 * PFB: the flush page and the write-protected region of video memory. BAR0 offsets.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga100/dev_fb.h
 * (NISO_FLUSH) and turing/tu102/dev_fb.h (WPR2, LOCAL_MEMORY_RANGE); nouveau, nvkm/subdev/fb/ga100.c and gsp/fwsec.c;
 * nova-core, regs.rs.
 */
#ifndef GPU_REGS_PFB_H
#define GPU_REGS_PFB_H

/*
 * Size of the memory: LOWER_MAG 9:4 << LOWER_SCALE 3:0 MiB, a sixteenth less when ECC_MODE 30 is set.
 */
#define NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE		 0x100ce0u
#define NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_LOWER_SCALE(v) ((v)&0xfu)
#define NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_LOWER_MAG(v)	 (((v) >> 4) & 0x3fu)
#define NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE_ECC_MODE	 (1u << 30)

/* Where the GPU writes to flush what is on its way to system memory: address 39:8, and 63:40 from GA100 on. */
#define NV_PFB_NISO_FLUSH_SYSMEM_ADDR	 0x100c10u
#define NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI 0x100c40u

/* Write-protected region 2. VAL 31:4, in 4 KiB; a HI of 0: there is none. */
#define NV_PFB_PRI_MMU_WPR2_ADDR_LO 0x1fa824u
#define NV_PFB_PRI_MMU_WPR2_ADDR_HI 0x1fa828u
#define NV_PFB_PRI_MMU_WPR2_ADDR(v) ((uint64_t)((v) >> 4) << 12)

#endif /* GPU_REGS_PFB_H */
