/* SPDX-License-Identifier: MIT */
/*
 * chip.h - what differs from chip to chip: one constant table each.
 *
 * A register that never moved is in a regs_*.h header. One that moves between chips, or a property
 * that not every chip has, is a field here, so that no other file asks which chip it runs on.
 */
#ifndef GPU_CHIP_H
#define GPU_CHIP_H

#include <stdbool.h>
#include <stdint.h>

struct gpu_chip {
	const char *name;
	uint16_t id;		/* NV_PMC_BOOT_42_CHIP_ID */
	uint32_t usable_fb_mib; /* BAR0 offset: usable VRAM in MiB */
	uint32_t vga_workspace; /* BAR0 offset: NV_PDISP_VGA_WORKSPACE_BASE */
	uint32_t gsp_falcon;	/* BAR0 offset of the GSP's falcon */
	uint32_t sec2_falcon;	/* and of SEC2's */
	const char *firmware;	/* name of its firmware files (boot/family.h) */
	bool libos3;		/* GSP-RM's kernel is LIBOS 3, else 2: other heap sizes */
};

extern const struct gpu_chip gpu_chip_ga102;

/* The table for NV_PMC_BOOT_42_CHIP_ID `id`, or NULL: unknown or not built in. */
const struct gpu_chip *gpu_chip_find(uint16_t id);

#endif /* GPU_CHIP_H */
