/* SPDX-License-Identifier: MIT */
/*
 * extent.h - ranges handed out of a larger range, and taken back.
 *
 * The space is cut into pieces that follow one another, each free or out. Freed neighbours merge at once, so
 * that whatever the order of frees, an empty space is one piece again. The board's VRAM and the inside of each
 * slice use the same allocator.
 */
#ifndef GPU_EXTENT_H
#define GPU_EXTENT_H

#include <stddef.h>
#include <stdint.h>

/* A range of VRAM (or of a slice): base and size in bytes. */
struct gpu_range {
	uint64_t base, size;
};

#define GPU_EXTENT_CLASSES 1920u /* of sizes below 2^64: 32 between two powers of two */

/* A piece; or a number that is not used, then only `next` counts. */
struct gpu_piece {
	struct gpu_range range;
	uint32_t below, above; /* its neighbours */
	uint32_t prev, next;   /* in its list */
	uint16_t class;	       /* of its size if it is free; 0 if it is out */
};

struct gpu_extents {
	uint64_t base, size; /* the whole */
	uint64_t free_bytes;
	unsigned int used; /* ranges handed out now */
	unsigned int max;  /* how many may be */
	/* [2 * max + 2]; 0 is none, and as a neighbour what is outside: the lowest piece is above it. */
	struct gpu_piece *piece;
	uint32_t unused;
	uint32_t *free; /* [class of the whole + 1]: a list for each class */
	uint32_t *out;	/* [2^bits]: lists of what is out, by base */
	unsigned int bits;
	/* Which classes have free pieces; which words of that are not 0. */
	uint32_t some[GPU_EXTENT_CLASSES / 32 + 1];
	uint64_t words;
};

/*
 * Makes [base, base + size) free; at most `max` ranges (2^30 or fewer) will be out at a time, and this is where all
 * memory is taken: less than 90 bytes for each and 8 KiB. 0, -EINVAL (empty, wraps around, max is 0 or
 * too large), -ENOMEM. gpu_extents_fini() releases the bookkeeping.
 */
int gpu_extents_init(struct gpu_extents *e, uint64_t base, uint64_t size, unsigned int max);
void gpu_extents_fini(struct gpu_extents *e);

/*
 * Takes the low end of a free piece. It begins at a multiple of align (a power of two) if there is such a
 * place, and anywhere if there is none. Of the pieces it is one of the smallest that fit, within one part in 32; one that
 * has to be aligned may be of a larger one, if that saves looking at many. 0, -EINVAL (size 0),
 * -ENOMEM (nothing fits), -ENOSPC (`max` ranges are out).
 */
int gpu_extents_alloc(struct gpu_extents *e, uint64_t size, uint64_t align, struct gpu_range *out);
/* The range must be out, as it was handed out: any other, or a part of it, is our bug (panic). */
void gpu_extents_free(struct gpu_extents *e, const struct gpu_range *range);

#endif /* GPU_EXTENT_H */
