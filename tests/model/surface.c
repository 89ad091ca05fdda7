/* SPDX-License-Identifier: MIT */
/* Where the bytes of a surface lie; see surface.h. */
#include "surface.h"

#define GOB_WIDTH  64u
#define GOB_HEIGHT 8u

uint64_t model_surface_place(const struct model_surface *s, uint64_t x, uint64_t y, uint64_t *run)
{
	uint64_t gobs_wide, blocks_high, gob, block;
	uint32_t lines;

	if (s->in_rows) {
		*run = ~0ull;
		return s->base + y * s->pitch + x;
	}
	x += s->x;
	y += s->y;
	lines = GOB_HEIGHT << s->log2_height;
	gobs_wide = ((uint64_t)s->width + GOB_WIDTH - 1) / GOB_WIDTH;
	blocks_high = ((uint64_t)s->height + lines - 1) / lines;
	block = ((uint64_t)(s->layer >> s->log2_depth) * blocks_high + y / lines) * gobs_wide +
		x / GOB_WIDTH;
	gob = (block << s->log2_depth) + (s->layer & ((1u << s->log2_depth) - 1));
	gob = (gob << s->log2_height) + y % lines / GOB_HEIGHT;
	*run = GOB_WIDTH - x % GOB_WIDTH;
	return s->base + gob * GOB_WIDTH * GOB_HEIGHT + y % GOB_HEIGHT * GOB_WIDTH + x % GOB_WIDTH;
}
