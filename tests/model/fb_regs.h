/* SPDX-License-Identifier: MIT */
/*
 * Registers of the framebuffer and of the windows on it, by their vendor names. Sources as in
 * host_regs.h.
 */
#ifndef MODEL_FB_REGS_H
#define MODEL_FB_REGS_H

/*
 * Size of the memory chips: LOWER_MAG 9:4 << LOWER_SCALE 3:0 MiB (nova-core regs.rs,
 * tu102/dev_fb.h).
 */
#define NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE   0x100ce0
#define LOCAL_MEMORY_RANGE_LOWER_MAG_SHIFT  4
#define LOCAL_MEMORY_RANGE_ECC_MODE_ENABLED 0x40000000u /* 1/16 of it holds check bits */
/*
 * Usable size in MiB, ECC's share taken off (ga102/dev_gc6_island_addendum.h:
 * NV_USABLE_FB_SIZE_IN_MB).
 */
#define NV_PGC6_AON_SECURE_SCRATCH_GROUP_42 0x1183a4
/* STATUS_VALID 3, ADDR 31:8 = address >> 16 (disp/v04_00/dev_disp.h). */
#define NV_PDISP_VGA_WORKSPACE_BASE	0x625f04
#define VGA_WORKSPACE_BASE_STATUS_VALID 0x00000008u
#define VGA_WORKSPACE_SIZE		0x100000ull /* the VBIOS puts it at the end */

/* Where system memory barriers write: address bits 39:8 and 63:40 (ga100/dev_fb.h). */
#define NV_PFB_NISO_FLUSH_SYSMEM_ADDR	 0x100c10
#define NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI 0x100c40
#define FLUSH_SYSMEM_ADDR_HI_ADR_63_40	 0x00ffffffu

/*
 * Write-protected region 2, none set: lower bound above upper bound, upper bound 0 (nova-core
 * regs.rs). Only firmware in the secure modes can write them.
 */
#define NV_PFB_PRI_MMU_WPR2_ADDR_LO 0x1fa824
#define WPR2_ADDR_LO_NONE	    0x1ffffe00u
#define NV_PFB_PRI_MMU_WPR2_ADDR_HI 0x1fa828
#define WPR2_ADDR_VAL_SHIFT	    4  /* VAL 31:4 */
#define WPR2_ADDR_ALIGNMENT	    12 /* of the address (tu102/dev_fb.h) */

/* The PRAMIN window: BASE 23:0 = address >> 16, TARGET 25:24 (gm107/dev_bus.h, gm107/dev_ram.h). */
#define NV_PBUS_BAR0_WINDOW		       0x001700
#define BAR0_WINDOW_BASE		       0x00ffffffu
#define BAR0_WINDOW_BASE_SHIFT		       16
#define BAR0_WINDOW_TARGET		       0x03000000u
#define BAR0_WINDOW_TARGET_VID_MEM	       0x00000000u
#define BAR0_WINDOW_TARGET_SYS_MEM_COHERENT    0x02000000u
#define BAR0_WINDOW_TARGET_SYS_MEM_NONCOHERENT 0x03000000u

/*
 * Instance blocks of BAR 1 and BAR 3 ("BAR2"): PTR 27:0, TARGET 29:28, MODE 31. One register seen
 * from the bus (ga100/dev_bus.h, tu102/dev_bus.h) and from the function's page (tu102/dev_vm.h,
 * nouveau subdev/bar/tu102.c). After reset both are in physical mode.
 */
#define NV_PBUS_BAR1_BLOCK	 0x001704
#define NV_PBUS_BAR2_BLOCK	 0x001714
#define NV_VF_PRIV_BAR1_BLOCK	 0xb80f40
#define NV_VF_PRIV_BAR2_BLOCK	 0xb80f48
#define BAR1_BLOCK_WRITABLE	 0xbfffffffu
#define BAR2_BLOCK_DEBUG_CYA_OFF 0x40000000u /* initial value of bit 30 */
#define BAR_BLOCK_MODE_VIRTUAL	 0x80000000u
#define BAR_BLOCK_TARGET	 0x30000000u /* 0: video memory */
#define BAR_BLOCK_PTR		 0x0fffffffu
#define BAR_BLOCK_PTR_SHIFT	 12
/* PENDING and OUTSTANDING of both binds: 0 when done. */
#define NV_VF_PRIV_BIND_STATUS 0xb80f50

#endif /* MODEL_FB_REGS_H */
