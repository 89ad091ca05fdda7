/* SPDX-License-Identifier: MIT */
/*
 * PBUS: the windows through which the CPU reaches video memory. BAR0 offsets.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, src/common/inc/swref/published/{ampere/ga100,turing/tu102}/
 * dev_bus.h (BAR1_BLOCK) and maxwell/gm107/dev_bus.h (BAR0_WINDOW); nouveau,
 * nvkm/subdev/instmem/nv50.c, uses the window the same way.
 */
#ifndef GPU_REGS_PBUS_H
#define GPU_REGS_PBUS_H

/* Where the PRAMIN window of BAR0 looks: BASE 23:0 in 64 KiB, TARGET 25:24. */
#define NV_PBUS_BAR0_WINDOW		   0x001700u
#define NV_PBUS_BAR0_WINDOW_BASE_SHIFT	   16
#define NV_PBUS_BAR0_WINDOW_TARGET_VID_MEM (0u << 24)

/*
 * How BAR1 translates. MODE 31: PHYSICAL (0, the reset value) shows video memory linearly from
 * address 0; VIRTUAL goes through page tables. TARGET 29:28, PTR 27:0.
 */
#define NV_PBUS_BAR1_BLOCK		  0x001704u
#define NV_PBUS_BAR1_BLOCK_MODE_VIRTUAL	  (1u << 31)
#define NV_PBUS_BAR1_BLOCK_TARGET_VID_MEM (0u << 28)
#define NV_PBUS_BAR1_BLOCK_MODE_PHYSICAL  (0u << 31)

/*
 * Scratch words that FWSEC leaves its errors in, 0 for none (nouveau, nvkm/subdev/gsp/fwsec.c; NVIDIA,
 * kernel_gsp_frts_tu102.c): of FRTS in bits 31:16 of one, of SB in bits 15:0 of the other.
 */
#define NV_PBUS_SW_SCRATCH(i)		   (0x001400u + 4u * (i))
#define NV_PBUS_SW_SCRATCH_FRTS		   0x0eu
#define NV_PBUS_SW_SCRATCH_FRTS_SHIFT	   16
#define NV_PBUS_SW_SCRATCH_SB		   0x15u
#define NV_PBUS_SW_SCRATCH_SB_SHIFT	   0
#define NV_PBUS_FWSEC_ERROR_CODE(v, shift) (((v) >> (shift)) & 0xffffu)

/* The window itself: 1 MiB of BAR0 (nouveau, nv50.c; gm107/dev_ram.h NV_PRAMIN). */
#define NV_PRAMIN      0x700000u
#define NV_PRAMIN_SIZE 0x100000u

#endif /* GPU_REGS_PBUS_H */
