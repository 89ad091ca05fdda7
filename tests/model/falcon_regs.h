/* SPDX-License-Identifier: MIT */
/*
 * Registers of the falcons, by their vendor names, as offsets from a falcon's base in BAR 0. Sources
 * as in host_regs.h: ga102/dev_gsp.h, tu102/dev_sec_pri.h, dev_falcon_v4.h, dev_fbif_v4.h, dev_falcon_second_pri.h,
 * dev_riscv_pri.h; semantics of DMA and memory ports: envytools docs/hw/falcon/xfer.rst and
 * data.rst.
 */
#ifndef MODEL_FALCON_REGS_H
#define MODEL_FALCON_REGS_H

#define NV_PGSP	     0x110000
#define NV_PSEC	     0x840000 /* nouveau engine/sec2/ga102.c */
#define FALCON_PAGES 0x2000   /* NV_FALCON2_GSP_BASE - NV_PGSP, and as much again */

/* Bits of BROM_ENGIDMASK, and the fuses that go with them (nouveau falcon/ga100.c). */
#define ENGIDMASK_SEC2			      0x00000001u
#define ENGIDMASK_GSP			      0x00000400u
#define NV_FUSE_OPT_FPF_SEC2_UCODE1_VERSION   0x824140
#define NV_FUSE_OPT_FPF_GSP_UCODE1_VERSION    0x8241c0
#define NV_FUSE_OPT_FPF_UCODE_VERSION__SIZE_1 16

/* Interrupts; SSET: nouveau, IRQSSET at 0x000. */
#define NV_PFALCON_FALCON_IRQSSET 0x000
#define NV_PFALCON_FALCON_IRQSCLR 0x004
#define NV_PFALCON_FALCON_IRQSTAT 0x008
#define IRQSTAT_HALT		  0x00000010u
#define IRQSTAT_SWGEN0		  0x00000040u /* a message from the GSP (nouveau gsp/r535.c) */
#define NV_PFALCON_FALCON_IRQMODE 0x00c
#define NV_PFALCON_FALCON_IRQMSET 0x010
#define NV_PFALCON_FALCON_IRQMCLR 0x014
#define NV_PFALCON_FALCON_IRQMASK 0x018
#define NV_PFALCON_FALCON_IRQDEST 0x01c

#define NV_PFALCON_FALCON_MAILBOX0 0x040
#define NV_PFALCON_FALCON_MAILBOX1 0x044
/* Interface enables and idle state (nouveau falcon/gm200.c, falcon/v1.c). */
#define NV_PFALCON_FALCON_ITFEN	    0x048
#define NV_PFALCON_FALCON_IDLESTATE 0x04c
#define NV_PFALCON_FALCON_OS	    0x080
#define NV_PFALCON_FALCON_RM	    0x084
#define NV_PFALCON_FALCON_DEBUGINFO 0x094
#define NV_PFALCON_FALCON_HWCFG2    0x0f4
#define HWCFG2_RISCV_ENABLE	    0x00000400u
#define HWCFG2_MEM_SCRUBBING	    0x00001000u
#define HWCFG2_RESET_READY	    0x80000000u /* ga102/dev_falcon_v4_addendum.h */

#define NV_PFALCON_FALCON_CPUCTL  0x100
#define CPUCTL_STARTCPU		  0x00000002u
#define CPUCTL_HALTED		  0x00000010u
#define CPUCTL_ALIAS_EN		  0x00000040u
#define NV_PFALCON_FALCON_BOOTVEC 0x104
/* IMEM in 8:0, DMEM in 17:9, units of 256 bytes (nouveau falcon/base.c). */
#define NV_PFALCON_FALCON_HWCFG 0x108
#define HWCFG_DMEM_SIZE_SHIFT	9
/*
 * Core revision 3:0, security model 5:4 (3 heavy), ports 11:8 and 15:12, tag widths 20:16 and
 * 25:21.
 */
#define NV_PFALCON_FALCON_HWCFG1       0x12c
#define HWCFG1_VALUE		       0x02011136u
#define NV_PFALCON_FALCON_CPUCTL_ALIAS 0x130

#define NV_PFALCON_FALCON_DMACTL       0x10c
#define DMACTL_REQUIRE_CTX	       0x00000001u
#define DMACTL_DMEM_SCRUBBING	       0x00000002u
#define DMACTL_IMEM_SCRUBBING	       0x00000004u
#define NV_PFALCON_FALCON_DMATRFBASE   0x110 /* address bits 39:8 */
#define NV_PFALCON_FALCON_DMATRFBASE1  0x128 /* address bits 48:40 */
#define DMATRFBASE1_BASE	       0x000001ffu
#define NV_PFALCON_FALCON_DMATRFMOFFS  0x114 /* offset in IMEM or DMEM */
#define DMATRFMOFFS_OFFS	       0x00ffffffu
#define NV_PFALCON_FALCON_DMATRFFBOFFS 0x11c /* added to the base */
#define NV_PFALCON_FALCON_DMATRFCMD    0x118
#define DMATRFCMD_FULL		       0x00000001u
#define DMATRFCMD_IDLE		       0x00000002u
#define DMATRFCMD_SEC		       0x0000000cu
#define DMATRFCMD_IMEM		       0x00000010u
#define DMATRFCMD_WRITE		       0x00000020u /* from DMEM to memory */
#define DMATRFCMD_SIZE_SHIFT	       8	   /* 10:8, 4 << SIZE bytes */
#define DMATRFCMD_SIZE_256B	       6u
#define DMATRFCMD_CTXDMA_SHIFT	       12 /* 14:12, which TRANSCFG */
#define DMATRFCMD_SET_DMTAG	       0x00010000u
#define DMATRFCMD_WRITABLE	       0x0001773cu

/* One port each, as HWCFG1 says. */
#define NV_PFALCON_FALCON_IMEMC_0 0x180
#define NV_PFALCON_FALCON_IMEMD_0 0x184
#define NV_PFALCON_FALCON_IMEMT_0 0x188
#define NV_PFALCON_FALCON_DMEMC_0 0x1c0
#define NV_PFALCON_FALCON_DMEMD_0 0x1c4
#define MEMC_OFFS		  0x00fffffcu /* OFFS 7:2 and BLK 23:8 */
#define MEMC_AINCW		  0x01000000u
#define MEMC_AINCR		  0x02000000u /* tu102/dev_falcon_v4.h */
#define IMEMC_SECURE		  0x10000000u
#define IMEMT_TAG		  0x0000ffffu

#define NV_PFALCON_FALCON_ENGINE 0x3c0 /* NV_PGSP_FALCON_ENGINE, NV_PSEC_FALCON_ENGINE */
#define FALCON_ENGINE_RESET	 0x00000001u

#define NV_PFALCON_FBIF_TRANSCFG_0	   0x600
#define NV_PFALCON_FBIF_TRANSCFG_SIZE_1	   8
#define TRANSCFG_TARGET			   0x00000003u
#define TRANSCFG_TARGET_LOCAL_FB	   0
#define TRANSCFG_TARGET_COHERENT_SYSMEM	   1
#define TRANSCFG_TARGET_NONCOHERENT_SYSMEM 2 /* nova-core falcon.rs */
#define TRANSCFG_MEM_TYPE_PHYSICAL	   0x00000004u
#define TRANSCFG_WRITABLE		   0x00010007u /* and ENGINE_ID_FLAG */
#define NV_PFALCON_FBIF_CTL		   0x624
#define FBIF_CTL_ALLOW_PHYS_NO_CTX	   0x00000080u
#define FBIF_CTL_INIT			   0x00000010u

#define NV_PGSP_MAILBOX_0    0x804 /* 4 words */
#define NV_PGSP_QUEUE_HEAD_0 0xc00 /* 8, stride 8; TAIL 4 bytes further */

/* Second page, 0x1000 further. */
#define NV_PFALCON2_FALCON_MOD_SEL	      0x180
#define MOD_SEL_ALGO_RSA3K		      0x00000001u
#define NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID 0x198
#define NV_PFALCON2_FALCON_BROM_ENGIDMASK     0x19c
#define NV_PFALCON2_FALCON_BROM_PARAADDR_0    0x210
/* Before GA10x (tu102/dev_riscv_pri.h). */
#define NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS 0x240
#define RISCV_STATUS_ACTIVE_STAT		 0x00000001u
/* And since. */
#define NV_PRISCV_RISCV_CPUCTL	   0x388
#define RISCV_CPUCTL_HALTED	   0x00000010u
#define RISCV_CPUCTL_ACTIVE_STAT   0x00000080u
#define NV_PRISCV_RISCV_BCR_CTRL   0x668
#define BCR_CTRL_VALID		   0x00000001u
#define BCR_CTRL_CORE_SELECT_RISCV 0x00000010u
#define BCR_CTRL_BRFETCH	   0x00000100u /* initially true */

/* What a secure page of falcon memory reads as from outside. */
#define FALCON_SECURE_DATA 0xdead5ec2u

#endif /* MODEL_FALCON_REGS_H */
