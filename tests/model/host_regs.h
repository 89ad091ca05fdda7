/* SPDX-License-Identifier: MIT */
/*
 * Registers of the host interface, by their vendor names: chip identity, scratch, timer, interrupt
 * tree, the mirror of configuration space.
 *
 * Sources, named by short words below:
 *   nv_ref, ga100/FILE, ga102/FILE, tu102/FILE, gk104/FILE, gm107/FILE:
 *     NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/, tag 595.45.04
 *   nouveau FILE: torvalds/linux, drivers/gpu/drm/nouveau/nvkm/FILE
 */
#ifndef MODEL_HOST_REGS_H
#define MODEL_HOST_REGS_H

/* Identity (nv_ref.h); values: chip.c. */
#define NV_PMC_BOOT_0 0x000000
/*
 * Endianness and virtual-function bits: 0 is a little-endian physical function (nouveau
 * device/base.c).
 */
#define NV_PMC_BOOT_1 0x000004
#define NV_PMC_BOOT_2 0x000008
/* ARCHITECTURE 29:24, IMPLEMENTATION 23:20, MAJOR 19:16, MINOR 15:12. */
#define NV_PMC_BOOT_42 0x000a00

/* ga102/dev_boot.h; initial values ga100/dev_boot.h: PDISP (30) on, PERFMON (28) off. */
#define NV_PMC_ENABLE		    0x000200
#define NV_PMC_ENABLE_INIT	    0x40000000u
#define NV_PMC_DEVICE_ENABLE_0	    0x000600
#define NV_PMC_DEVICE_ENABLE_STATUS 0x03ffffffu /* STATUS_BIT__SIZE_1 = 26 */

/* ga100/dev_bus.h: 64 words, initially 0. */
#define NV_PBUS_SW_SCRATCH_0   0x001400
#define NV_PBUS_SW_SCRATCH_END 0x001500

/* gk104/dev_timer.h: nanoseconds, TIME_0 in bits 31:5, TIME_1 in bits 28:0. */
#define NV_PTIMER_TIME_0 0x009400
#define NV_PTIMER_TIME_1 0x009410

/*
 * The framebuffer flush: write starts it, PENDING and OUTSTANDING read 0 when done
 * (gm107/dev_flush.h).
 */
#define NV_UFLUSH_FB_FLUSH 0x070000

/* tu102/dev_nv_xve.h: configuration space seen from BAR 0. */
#define NV_PCFG	    0x088000
#define NV_PCFG_END 0x089000
/* A write lets the next message out (nouveau subdev/pci/gp100.c). */
#define NV_XVE_MSI_REARM 0x088704

/* ga102/dev_gc6_island.h and its addendum: how far the board's own firmware has come. */
#define NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK 0x118128
#define READ_PROTECTION_LEVEL0_ENABLE			    0x00000001u
#define NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0		    0x118234
#define GFW_BOOT_PROGRESS_COMPLETED			    0x000000ffu

/* Bit 26: the booter has got the GSP going again (ga102/dev_gc6_island_addendum.h). */
#define NV_PGC6_BSI_SECURE_SCRATCH_14	0x1180f8
#define SCRATCH_14_BOOT_STAGE_3_HANDOFF 0x04000000u

/*
 * Display fuse, 0: display present (nouveau subdev/devinit/gv100.c and nova-core regs.rs, ga100).
 */
#define NV_FUSE_STATUS_OPT_DISPLAY	 0x820c04
#define NV_FUSE_STATUS_OPT_DISPLAY_TU102 0x021c04 /* gm107/dev_fuse.h, nouveau gm107.c */

/*
 * The function's own "virtual function" page, at 0xb80000 in the physical function (nouveau
 * subdev/vfn/tu102.c). Offsets: ga102/dev_vm.h, ga100/dev_vm.h, tu102/dev_vm.h.
 */
#define NV_VF				  0xb80000
#define NV_VF_PRIV_CPU_INTR_LEAF	  (NV_VF + 0x1000) /* 8, write 1 to clear */
#define NV_VF_PRIV_CPU_INTR_LEAF_EN_SET	  (NV_VF + 0x1200)
#define NV_VF_PRIV_CPU_INTR_LEAF_EN_CLEAR (NV_VF + 0x1400)
#define NV_VF_PRIV_CPU_INTR_TOP		  (NV_VF + 0x1600) /* bit i: leaves 2i, 2i+1 */
#define NV_VF_PRIV_CPU_INTR_TOP_EN_SET	  (NV_VF + 0x1608)
#define NV_VF_PRIV_CPU_INTR_TOP_EN_CLEAR  (NV_VF + 0x1610)
#define NV_VF_PRIV_CPU_INTR_LEAF_TRIGGER  (NV_VF + 0x1640) /* VECTOR 11:0 */
#define LEAF_TRIGGER_VECTOR		  0x00000fffu
#define NV_VF_PRIV_MSIX_TABLE		  (NV_VF + 0x10000) /* 6 entries of 16 bytes */
#define NV_VF_PRIV_MSIX_PBA		  (NV_VF + 0x20000) /* lspci of an L20 */
#define MSIX_VECTOR_CONTROL_MASK_BIT	  0x00000001u	    /* initially masked */
#define NV_VF_TIME_0			  (NV_VF + 0x30080)
#define NV_VF_TIME_1			  (NV_VF + 0x30084)
/*
 * ga100/dev_ctrl.h: of the page that software is given. A value with any other bit set is ignored, as are channels and
 * runlists that are not there (open-gpu-doc, turing/tu104/dev_usermode.ref.txt, NOTIFY_CHANNEL_PENDING).
 */
#define NV_VF_DOORBELL	 (NV_VF + 0x30090)
#define DOORBELL_CHID	 0x00000fffu
#define DOORBELL_RUNLIST 0x007f0000u

/*
 * Of a runlist, from its base (open-gpu-doc ga100 dev_runlist.ref.txt): TSGID 11:0, CTX_STATUS 15:13, ENGINE 31:31. The
 * second engine's is 64 bytes further.
 */
#define NV_RUNLIST_ENGINE_STATUS0		   0x200u
#define NV_RUNLIST_ENGINE_STATUS0_CTX_STATUS_VALID (1u << 13)
#define NV_RUNLIST_ENGINE_STATUS0_ENGINE_BUSY	   (1u << 31)

/*
 * Before GA100, of all engines (open-gpu-doc tu104 dev_fifo.ref.txt): ID 11:0, ID_TYPE 12:12, CTX_STATUS 15:13, ENGINE
 * 31:31. The next engine's is 8 bytes further; between them is one for debugging.
 */
#define NV_PFIFO_ENGINE_STATUS		     0x002640u
#define NV_PFIFO_ENGINE_STATUS__SIZE_1	     13u
#define NV_PFIFO_ENGINE_STATUS_ID_TYPE_TSGID (1u << 12)

/*
 * What a register reads as when its block rejects the access: NV_PPRIV_SYS_PRI_ERROR_CODE_
 * FECS_PRI_CLIENT_ERR (0xbadf50) in bits 31:8 (gm107/dev_pri_ringstation_sys.h). Reads of holes in
 * a GA102's PMC and PFB gave exactly this word.
 */
#define PRI_ERROR_CLIENT 0xbadf5040u
/* FECS_PRI_RESET (0xbadf12): the unit behind the address is held in reset. */
#define PRI_ERROR_RESET 0xbadf1200u
/* HOST_FB_ACK_TIMEOUT (0xbad0b0): a framebuffer access that nothing answers. */
#define PRI_ERROR_FB 0xbad0b000u

#endif /* MODEL_HOST_REGS_H */
