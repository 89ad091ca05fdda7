/* SPDX-License-Identifier: MIT */
/*
 * PGC6: scratch registers in the always-on island, by which the board's own firmware (GFW) tells how
 * far it has come and how much video memory is usable. BAR0 offsets.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga102/
 * dev_gc6_island.h and dev_gc6_island_addendum.h; the order of the two reads of GFW_BOOT:
 * src/nvidia/src/kernel/gpu/arch/turing/kern_gpu_tu102.c (and nouveau, nvkm/subdev/devinit/tu102.c).
 */
#ifndef GPU_REGS_PGC6_H
#define GPU_REGS_PGC6_H

/* GROUP_05 may be read by us only once this bit is set. */
#define NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK			   0x118128u
#define NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK_READ_PROTECTION_LEVEL0 (1u << 0)

#define NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT 0x118234u
#define NV_PGC6_GFW_BOOT_PROGRESS(v)		       ((v)&0xffu)
#define NV_PGC6_GFW_BOOT_PROGRESS_COMPLETED	       0xffu

/* GROUP_42: usable video memory in MiB, ECC's share already taken off (GA102 and later). */
#define NV_USABLE_FB_SIZE_IN_MB 0x1183a4u

/* The booter has handed the GSP back to GSP-RM (ampere/ga102/dev_gc6_island_addendum.h). */
#define NV_PGC6_BSI_SECURE_SCRATCH_14			   0x1180f8u
#define NV_PGC6_BSI_SECURE_SCRATCH_14_BOOT_STAGE_3_HANDOFF (1u << 26)

#endif /* GPU_REGS_PGC6_H */
