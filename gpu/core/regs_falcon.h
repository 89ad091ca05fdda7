/* SPDX-License-Identifier: MIT */
/*
 * Falcon: the small processor inside most engines, seen from outside. Only its DMA unit, its data
 * memory (DMEM) and the framebuffer interface (FBIF) that carries its DMA. Offsets from the falcon's
 * base and from the FBIF's base; both bases are per engine and chip (chip/chip.h).
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/ampere/ga102/
 * dev_falcon_v4.h and dev_fbif_v4.h; how a transfer is started: nouveau, nvkm/falcon/ga102.c.
 */
#ifndef GPU_REGS_FALCON_H
#define GPU_REGS_FALCON_H

#define NV_PFALCON_FALCON_HWCFG2	       0x0f4u
#define NV_PFALCON_FALCON_HWCFG2_MEM_SCRUBBING (1u << 12)

#define NV_PFALCON_FALCON_DMACTL	     0x10cu
#define NV_PFALCON_FALCON_DMACTL_REQUIRE_CTX (1u << 0)

/* Bus address = (BASE1 << 40) + (BASE << 8) + FBOFFS; MOFFS is the offset in DMEM. */
#define NV_PFALCON_FALCON_DMATRFBASE   0x110u
#define NV_PFALCON_FALCON_DMATRFMOFFS  0x114u
#define NV_PFALCON_FALCON_DMATRFFBOFFS 0x11cu
#define NV_PFALCON_FALCON_DMATRFBASE1  0x128u

/* IMEM 4 and WRITE 5 clear: from memory into DMEM. SIZE 10:8: 4 << n bytes. CTXDMA 14:12. */
#define NV_PFALCON_FALCON_DMATRFCMD	    0x118u
#define NV_PFALCON_FALCON_DMATRFCMD_FULL    (1u << 0)
#define NV_PFALCON_FALCON_DMATRFCMD_IDLE    (1u << 1)
#define NV_PFALCON_FALCON_DMATRFCMD_SIZE(n) ((uint32_t)(n) << 8)

/* DMEM port 0. OFFS 7:2 and BLK 23:8; AINCR 25 (nouveau, nvkm/falcon/gm200.c). */
#define NV_PFALCON_FALCON_DMEMC_0	0x1c0u
#define NV_PFALCON_FALCON_DMEMC_0_AINCR (1u << 25)
#define NV_PFALCON_FALCON_DMEMD_0	0x1c4u
#define NV_PFALCON_FALCON_DMEM_MAX	0x10000u

/* FBIF: what the transfers of one CTXDMA index mean. */
#define NV_PFALCON_FBIF_TRANSCFG_0			0x000u
#define NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM 1u
#define NV_PFALCON_FBIF_TRANSCFG_MEM_TYPE_PHYSICAL	(1u << 2)
#define NV_PFALCON_FBIF_CTL				0x024u
#define NV_PFALCON_FBIF_CTL_ALLOW_PHYS_NO_CTX		(1u << 7)

#endif /* GPU_REGS_FALCON_H */
