/* SPDX-License-Identifier: MIT */
/*
 * space.h - a GPU address space: page tables in VRAM, and what we know of them.
 *
 * Tables take 4 KiB each, those for 64 KiB pages too, of a pool that several spaces may share.
 * Nothing is ever read back from VRAM: which entries are in use stands in memory of ours, so what a
 * GPU does to the tables cannot mislead us. A table that is used again is cleared only where its predecessor
 * had entries: stores to VRAM are what mapping costs most.
 *
 * Every call checks everything, then takes the tables that it needs, then writes; so it succeeds
 * wholly or changes nothing. Entries are written table by table, one call of ops->write() for each,
 * lower levels first: the MMU never meets an entry that leads to something half made. It may go on with
 * what it remembers of before until gpu_space_commit(), which invalidates, once for any number of
 * calls. Memory that was unmapped, and tables that became empty, are free only then.
 *
 * When ops fail, the GPU is taken for lost: that call and all later ones return the error, and only
 * gpu_space_fini() is left. Single-threaded (hv.h).
 */
#ifndef GPU_MMU_SPACE_H
#define GPU_MMU_SPACE_H

#include <stdint.h>

#include "gpu/core/extent.h"
#include "gpu/core/mmu/format.h"

struct gpu_space;

/* A table, if owner is set. */
struct gpu_table {
	struct gpu_space *owner;
	uint32_t *child; /* directories: for each word the table it leads to; or 0 */
	uint32_t next;	 /* of those that were touched, wait to be freed, or are */
	uint32_t up;	 /* the directory it is in, unless it is the root; */
	uint16_t word;	 /* and where */
	uint16_t level;
	uint16_t used; /* entries that lead to tables, are mapped, are reserved: the sum */
	uint16_t dirty, dirty_end; /* directories: words that changed, from where to where */
	bool fresh;		   /* not in VRAM yet */
	bool touched;		   /* by a change that is not settled yet */
	/* Words of its memory that may be other than zero, from where to where; of free tables too. */
	uint16_t stale, stale_end;
	uint64_t live[GPU_TABLE_WORDS / 64];   /* entries that are mapped pages */
	uint64_t sparse[GPU_TABLE_WORDS / 64]; /* entries that were reserved, mapped or not */
};

#define GPU_TABLE_SPARES 8u

struct gpu_table_pool {
	uint64_t base; /* VRAM address of table 1 */
	uint32_t n, free;
	uint32_t unused, untouched;	 /* came back last; never used, from there on */
	struct gpu_table *tables;	 /* [n + 1]; table 0 is none */
	uint64_t words[GPU_TABLE_WORDS]; /* what is about to be written */
	/* Arrays for children, all 0, of directories that were freed. */
	uint32_t *spare[GPU_TABLE_SPARES];
	unsigned int spares;
};

/*
 * Tables out of a range of VRAM (whole multiples of 4096, below 2^37), which stays the caller's and
 * need not be clean. 0, -EINVAL, -ENOMEM (bookkeeping: 168 bytes a table). All spaces must have ended
 * before gpu_table_pool_fini().
 */
int gpu_table_pool_init(struct gpu_table_pool *pool, const struct gpu_range *range);
void gpu_table_pool_fini(struct gpu_table_pool *pool);

struct gpu_mmu_ops {
	/* Puts n words (little-endian) at a VRAM address, a multiple of 8. 0 or -errno. */
	int (*write)(void *ctx, uint64_t addr, const uint64_t *words, unsigned int n);
	/*
	 * Makes everything written before reach memory, has the MMU forget what it knows of this
	 * directory, and returns when it has and what was under way in system memory is done. 0 or -errno.
	 */
	int (*invalidate)(void *ctx, uint64_t directory);
};

struct gpu_space {
	struct gpu_table_pool *pool;
	const struct gpu_mmu_ops *ops;
	void *ctx;
	uint64_t limit;
	uint32_t root;
	uint32_t dying,
		last_dying; /* empty tables from below, as they are wanted again from above */
	bool changed;	    /* since the last commit */
	int err;	    /* of ops: the end of this space */
};

/*
 * An empty space for virtual addresses below limit (a multiple of 4096, at most 2^49). Its directory is
 * written at once. 0, -EINVAL, -ENOMEM (pool or memory), or what ops return: then there is no space.
 */
int gpu_space_init(struct gpu_space *s, struct gpu_table_pool *pool, uint64_t limit,
		   const struct gpu_mmu_ops *ops, void *ctx);
/* Gives all tables back without touching VRAM: the GPU must not use the space any more. */
void gpu_space_fini(struct gpu_space *s);
/* VRAM address of the directory, for instance blocks. */
uint64_t gpu_space_directory(const struct gpu_space *s);

/*
 * Maps. Where it was reserved, with pages of the same size, is free. 0, -EINVAL (no or empty runs,
 * unknown flag, page size or aperture, anything not a multiple of the page, memory that entries cannot
 * name, beyond the limit), -EEXIST (something is mapped there, or reserved with another page size),
 * -ENOMEM (pool or memory), -errno of ops.
 */
int gpu_space_map(struct gpu_space *s, const struct gpu_map *map);
/*
 * Unmaps size bytes, all mapped with pages of this size, by whatever calls. What was reserved is so
 * again. 0, -EINVAL (as above), -ENOENT (not all of it is mapped so), -errno of ops.
 */
int gpu_space_unmap(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page);
/*
 * Reserves: reads give zeros, writes are dropped, nothing faults. Errors as with gpu_space_map();
 * -EEXIST also if it is reserved already.
 */
int gpu_space_reserve(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page);
/* Takes that back. 0, -EINVAL, -ENOENT (not all of it is reserved so), -EBUSY (something is mapped). */
int gpu_space_release(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page);
/* Invalidates if there is anything to; then frees empty tables. 0 or -errno of ops. */
int gpu_space_commit(struct gpu_space *s);

#endif /* GPU_MMU_SPACE_H */
