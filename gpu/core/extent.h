/* SPDX-License-Identifier: MIT */
/*
 * extent.h - ranges handed out of a larger range, and taken back.
 *
 * Free space is a set of extents in two orders, by address and by size. Freed neighbours merge at once, so that
 * whatever the order of frees, an empty space is one extent again. The board's VRAM and the inside of each
 * slice use the same allocator.
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

enum gpu_extent_order { GPU_BY_BASE, GPU_BY_SIZE, GPU_EXTENT_ORDERS };

/* A free extent, a node of two trees; or a node that is not used. */
struct gpu_extent {
	struct gpu_range range;
	uint32_t rank; /* nobody below has a higher one */
	uint32_t child[GPU_EXTENT_ORDERS]
		      [2]; /* before it and after; 0: none. Not used: [0][0] is the next */
};

struct gpu_extents {
	uint64_t base, size; /* the whole */
	uint64_t free_bytes;
	unsigned int used; /* ranges handed out now */
	unsigned int max;  /* how many may be */
	unsigned int n;	   /* free extents, at most max + 1; they never touch one another */
	uint32_t root[GPU_EXTENT_ORDERS];
	uint32_t unused, seed;
	struct gpu_extent *node; /* [max + 2]; 0 is none */
};

/*
 * Makes [base, base + size) free; at most `max` ranges will be out at a time, and this is where all memory is
 * taken: 40 bytes for each. 0, -EINVAL (empty, wraps around, max is 0), -ENOMEM. gpu_extents_fini()
 * releases the bookkeeping.
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
