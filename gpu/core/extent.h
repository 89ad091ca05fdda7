/* SPDX-License-Identifier: MIT */
/*
 * extent.h - ranges handed out of a larger range, and taken back.
 *
 * Free space is a sorted array of extents. Freed neighbours merge at once, so that whatever the
 * order of frees, an empty space is one extent again. The board's VRAM and the inside of each slice
 * use the same allocator.
 */
#ifndef GPU_EXTENT_H
#define GPU_EXTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A range of VRAM (or of a slice): base and size in bytes. */
struct gpu_range {
	uint64_t base, size;
};

struct gpu_extents {
	uint64_t base, size; /* the whole */
	uint64_t free_bytes;
	unsigned int used;	/* ranges handed out now */
	unsigned int max;	/* how many may be */
	unsigned int n;		/* free extents, at most max + 1 */
	struct gpu_range *free; /* ascending, never touching one another */
};

/*
 * Makes [base, base + size) free; at most `max` ranges will be out at a time. 0, -EINVAL (empty,
 * wraps around, max is 0), -ENOMEM. gpu_extents_fini() releases the bookkeeping.
 */
int gpu_extents_init(struct gpu_extents *e, uint64_t base, uint64_t size, unsigned int max);
void gpu_extents_fini(struct gpu_extents *e);

/*
 * Takes the smallest free extent that fits, the lowest of several, and of it the low end: the range begins at
 * a multiple of align (a power of two) if there is such a place, and anywhere if there is none. 0,
 * -EINVAL (size 0), -ENOMEM (nothing fits), -ENOSPC (`max` ranges are out).
 */
int gpu_extents_alloc(struct gpu_extents *e, uint64_t size, uint64_t align, struct gpu_range *out);
/* The range must be out: giving back what is free already, wholly or in part, is our bug (panic). */
void gpu_extents_free(struct gpu_extents *e, const struct gpu_range *range);

#endif /* GPU_EXTENT_H */
