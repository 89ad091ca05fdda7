/* SPDX-License-Identifier: MIT */
/*
 * chip.h - what differs from chip to chip.
 *
 * A register that never moved is in a regs_*.h header. One that moves between chips, or a property
 * that not every chip has, is a field here, so that no other file asks which chip it runs on. Chips
 * of one generation share a kind; a new chip of a known kind is one row in its kind's file, a new
 * kind one more file beside it (docs/chips.md says where each value comes from).
 */
#ifndef GPU_CHIP_H
#define GPU_CHIP_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/core/core.h"

struct gpu_chip_kind {
	/* BAR0 offsets. */
	uint32_t gsp_falcon;
	uint32_t sec2_falcon;
	uint32_t
		usable_fb_mib; /* says usable VRAM in MiB; 0: NV_PFB_PRI_MMU_LOCAL_MEMORY_RANGE does */
	uint32_t vga_workspace; /* NV_PDISP_VGA_WORKSPACE_BASE; 0: a chip without display */

	/* The memories of a falcon are clean after a reset when these bits of this register are 0. */
	uint32_t scrubbing;
	uint32_t scrubbing_mask;
	/* The RISC-V core of a falcon runs when these bits of this register are set. */
	uint32_t riscv_active;
	uint32_t riscv_active_mask;

	/*
	 * How secure code gets onto a falcon. With a boot ROM: the falcon's DMA unit fetches it and the
	 * boot ROM verifies it before it runs. Without: the host, or a loader, puts it behind code that is
	 * not secure, and the falcon verifies it when that code jumps there.
	 */
	bool boot_rom;
	/* RESET_READY is to be waited for, and BCR_CTRL chooses between falcon and RISC-V core. */
	bool core_select;
	bool fuses;	 /* NV_FUSE_OPT_FPF_*_UCODE*_VERSION exist: programs have versions */
	bool flush_high; /* NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI exists: else bits 39:8 only */
	bool frts;	 /* FWSEC-FRTS runs and has its region in WPR2 */
	bool libos3;	 /* GSP-RM's kernel is LIBOS 3, else 2: other heap sizes */
	bool gr_standby; /* RM wants a channel to stand by (gr/standby.h) */
	bool engine_status_in_pfifo; /* else each runlist has its engines' (regs_runlist.h) */
};

struct gpu_chip {
	const char *name;
	uint16_t id;	      /* NV_PMC_BOOT_42_CHIP_ID */
	const char *firmware; /* name of its firmware files (boot/family.h) */
	const struct gpu_chip_kind *kind;
	const struct gpu_classes *classes; /* the copy class first; of graphics, 3D first */
};

/* Rows of one kind; each list ends with a NULL name. */
extern const struct gpu_chip gpu_chips_tu10x[], gpu_chips_ga100[], gpu_chips_ga10x[],
	gpu_chips_ad10x[];

/* Kinds that differ in nothing have one table: Ada's falcons, registers and fuses are Ampere's. */
extern const struct gpu_chip_kind gpu_chip_kind_ga10x;

/* GPU_CLASS_AMPERE_B and so on. */
enum {
#define CLASS(name, number, kind) GPU_CLASS_##name = (number),
#include "gpu/core/chip/classes.h"
#undef CLASS
};

/* Five classes of engines that every chip has, in the order that all of them are listed in. */
#define GPU_CHIP_CLASSES(copy, d3, compute)                                                        \
	.n = 5, .engine = {GPU_CLASS_##copy, GPU_CLASS_##d3, GPU_CLASS_##compute,                  \
			   GPU_CLASS_FERMI_TWOD_A, GPU_CLASS_KEPLER_INLINE_TO_MEMORY_B}

/* The row for NV_PMC_BOOT_42_CHIP_ID `id`, or NULL: unknown or not built in. */
const struct gpu_chip *gpu_chip_find(uint16_t id);

#endif /* GPU_CHIP_H */
