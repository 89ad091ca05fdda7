/* SPDX-License-Identifier: MIT */
/*
 * Where the bytes of a surface lie: in rows (pitch), or in blocks.
 *
 * A surface in blocks is made of GOBs of 64 bytes by 8 lines, each in order of its lines (as the
 * generic kind stores it), 1 << height of them on top of each other, 1 << depth behind each other.
 *
 * Sources: Mesa nil, NVIDIA/open-gpu-doc.
 */
#ifndef MODEL_SURFACE_H
#define MODEL_SURFACE_H

#include <stdbool.h>
#include <stdint.h>

struct model_surface {
	uint64_t base;
	bool in_rows;
	uint64_t pitch; /* bytes; a negative one wraps around */
	/* In blocks; width in bytes, x and y are added to every place: */
	uint32_t log2_height, log2_depth, width, height, layer, x, y;
};

/* Where byte x of line y of the surface is, and how many bytes follow it in memory. */
uint64_t model_surface_place(const struct model_surface *s, uint64_t x, uint64_t y, uint64_t *run);

#endif /* MODEL_SURFACE_H */
