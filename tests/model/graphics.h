/* SPDX-License-Identifier: MIT */
/*
 * What a channel keeps of the classes that graphics speaks: 3D, compute, inline-to-memory and 2D.
 * graphics.c carries out their semaphores, inline.c writes what comes inside a push buffer to memory.
 */
#ifndef MODEL_GRAPHICS_H
#define MODEL_GRAPHICS_H

#include <stdbool.h>
#include <stdint.h>

#include "surface.h"

#define MODEL_GR_SUBCHANNELS 4

/* The inline-to-memory part of a class: methods from INLINE_FIRST to INLINE_LAST. */
#define INLINE_FIRST 0x180u
#define INLINE_LAST  0x1e4u

struct model_inline {
	uint32_t methods[(INLINE_LAST - INLINE_FIRST) / 4 + 1];
	bool busy; /* launched, and data is missing */
	struct model_surface to;
	uint32_t line_length, lines; /* of the launched one */
	uint32_t x, y;		     /* where the next word goes */
};

struct model_gr_subchannel {
	uint32_t report[4]; /* SET_REPORT_SEMAPHORE_A to _D */
	struct model_inline in;
};

#endif /* MODEL_GRAPHICS_H */
