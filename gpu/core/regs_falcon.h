/* SPDX-License-Identifier: MIT */
/*
 * Falcon: the small processor inside most engines, seen from outside: reset, start, mailboxes, its DMA
 * unit, its data memory (DMEM), the framebuffer interface (FBIF) that carries its DMA, the boot ROM
 * that lets signed code run, and the RISC-V core that shares the GSP's unit. Offsets from the falcon's
 * base, which is per engine and chip (chip/chip.h).
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga102/
 * dev_falcon_v4.h, dev_falcon_second_pri.h, dev_riscv_pri.h, dev_fbif_v4.h and dev_gsp.h; the second
 * page at + 0x1000 and the FBIF at + 0x600: nouveau, nvkm/falcon/ga102.c.
 */
#ifndef GPU_REGS_FALCON_H
#define GPU_REGS_FALCON_H

#define NV_PFALCON_FALCON_IRQSCLR	  0x004u
#define NV_PFALCON_FALCON_IRQSTAT_SWGEN0  (1u << 6) /* a message from GSP-RM (nouveau, r535/gsp.c) */
#define NV_PFALCON_FALCON_IRQMCLR	  0x014u
#define NV_PFALCON_FALCON_MAILBOX0	  0x040u
#define NV_PFALCON_FALCON_MAILBOX1	  0x044u
#define NV_PFALCON_FALCON_ITFEN		  0x048u
#define NV_PFALCON_FALCON_ITFEN_INTERFACE 3u /* CTXEN and MTHDEN (nouveau, falcon/gm200.c) */
#define NV_PFALCON_FALCON_OS		  0x080u
#define NV_PFALCON_FALCON_RM		  0x084u

#define NV_PFALCON_FALCON_HWCFG2	       0x0f4u
#define NV_PFALCON_FALCON_HWCFG2_MEM_SCRUBBING (1u << 12)
#define NV_PFALCON_FALCON_HWCFG2_RESET_READY   (1u << 31)

#define NV_PFALCON_FALCON_CPUCTL	  0x100u
#define NV_PFALCON_FALCON_CPUCTL_STARTCPU (1u << 1)
#define NV_PFALCON_FALCON_CPUCTL_HALTED	  (1u << 4)
#define NV_PFALCON_FALCON_CPUCTL_ALIAS_EN (1u << 6) /* secure code has locked CPUCTL: use ALIAS */
#define NV_PFALCON_FALCON_BOOTVEC	  0x104u
#define NV_PFALCON_FALCON_CPUCTL_ALIAS	  0x130u

#define NV_PFALCON_FALCON_DMACTL	     0x10cu
#define NV_PFALCON_FALCON_DMACTL_REQUIRE_CTX (1u << 0)
#define NV_PFALCON_FALCON_DMACTL_SCRUBBING   (3u << 1) /* DMEM 1, IMEM 2; Turing's sign */

/* Bus address = (BASE1 << 40) + (BASE << 8) + FBOFFS; MOFFS is the offset in IMEM or DMEM. */
#define NV_PFALCON_FALCON_DMATRFBASE   0x110u
#define NV_PFALCON_FALCON_DMATRFMOFFS  0x114u
#define NV_PFALCON_FALCON_DMATRFFBOFFS 0x11cu
#define NV_PFALCON_FALCON_DMATRFBASE1  0x128u

/*
 * IMEM 4: into code memory, else DMEM. SEC 3:2: the pages become secure. WRITE 5 clear: from memory.
 * SIZE 10:8: 4 << n bytes. CTXDMA 14:12. A page of code gets its tag from FBOFFS.
 */
#define NV_PFALCON_FALCON_DMATRFCMD	    0x118u
#define NV_PFALCON_FALCON_DMATRFCMD_FULL    (1u << 0)
#define NV_PFALCON_FALCON_DMATRFCMD_IDLE    (1u << 1)
#define NV_PFALCON_FALCON_DMATRFCMD_SEC	    (1u << 2)
#define NV_PFALCON_FALCON_DMATRFCMD_IMEM    (1u << 4)
#define NV_PFALCON_FALCON_DMATRFCMD_SIZE(n) ((uint32_t)(n) << 8)

/* IMEM_SIZE 8:0, in blocks of 256 bytes. */
#define NV_PFALCON_FALCON_HWCFG		     0x108u
#define NV_PFALCON_FALCON_HWCFG_IMEM_SIZE(v) ((v)&0x1ffu)

/* IMEM port 0: OFFS 7:2 and BLK 23:8; AINCW 24; SECURE 28. A block's tag is written before it. */
#define NV_PFALCON_FALCON_IMEMC_0	 0x180u
#define NV_PFALCON_FALCON_IMEMC_0_AINCW	 (1u << 24)
#define NV_PFALCON_FALCON_IMEMC_0_SECURE (1u << 28)
#define NV_PFALCON_FALCON_IMEMD_0	 0x184u
#define NV_PFALCON_FALCON_IMEMT_0	 0x188u
#define NV_PFALCON_FALCON_IMEM_MAX	 0x10000u

/* DMEM port 0. OFFS 7:2 and BLK 23:8; AINCR 25 (nouveau, nvkm/falcon/gm200.c). */
#define NV_PFALCON_FALCON_DMEMC_0	0x1c0u
#define NV_PFALCON_FALCON_DMEMC_0_AINCW (1u << 24)
#define NV_PFALCON_FALCON_DMEMC_0_AINCR (1u << 25)
#define NV_PFALCON_FALCON_DMEMD_0	0x1c4u
#define NV_PFALCON_FALCON_DMEM_MAX	0x10000u

#define NV_PFALCON_FALCON_ENGINE       0x3c0u
#define NV_PFALCON_FALCON_ENGINE_RESET (1u << 0)

/* FBIF: what the transfers of one CTXDMA index mean. */
#define NV_PFALCON_FBIF_TRANSCFG(i)			(0x600u + 4u * (i))
#define NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM 1u
#define NV_PFALCON_FBIF_TRANSCFG_MEM_TYPE_PHYSICAL	(1u << 2)
#define NV_PFALCON_FBIF_CTL				0x624u
#define NV_PFALCON_FBIF_CTL_ALLOW_PHYS_NO_CTX		(1u << 7)

/* GSP only: writing it tells GSP-RM to look at the command queue. */
#define NV_PGSP_QUEUE_HEAD_0 0xc00u

/* The boot ROM's parameters, in the second page. */
#define NV_PFALCON2_FALCON_MOD_SEL	      0x1180u
#define NV_PFALCON2_FALCON_MOD_SEL_ALGO_RSA3K 1u
#define NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID 0x1198u
#define NV_PFALCON2_FALCON_BROM_ENGIDMASK     0x119cu
#define NV_PFALCON2_FALCON_BROM_PARAADDR_0    0x1210u

/* Turing and GA100: whether the RISC-V core runs (turing/tu102/dev_riscv_pri.h). */
#define NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS	     0x1240u
#define NV_PRISCV_RISCV_CORE_SWITCH_RISCV_STATUS_ACTIVE_STAT (1u << 0)

/* The RISC-V core, GA10x on. BRFETCH 8: the boot ROM fetches the boot configuration. */
#define NV_PRISCV_RISCV_CPUCTL		     0x1388u
#define NV_PRISCV_RISCV_CPUCTL_ACTIVE_STAT   (1u << 7)
#define NV_PRISCV_RISCV_BCR_CTRL	     0x1668u
#define NV_PRISCV_RISCV_BCR_CTRL_VALID	     (1u << 0)
#define NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT (1u << 4) /* RISC-V; clear: falcon */
#define NV_PRISCV_RISCV_BCR_CTRL_BRFETCH     (1u << 8)

/* ENGIDMASK, and for which of them the fuses count revoked versions (nouveau, falcon/ga100.c). */
#define NV_PFALCON_ENGIDMASK_SEC2 0x001u
#define NV_PFALCON_ENGIDMASK_GSP  0x400u

#endif /* GPU_REGS_FALCON_H */
