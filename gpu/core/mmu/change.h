/* SPDX-License-Identifier: MIT */
/*
 * change.h - what one call does to a space: a change of entries in [va, end), which goes through its tables several
 * times: space.c looks whether it may be, ways.c makes and frees tables, write.c writes.
 *
 * Leaves are the tables whose entries are pages of the change's size, the others are directories.
 */
#ifndef GPU_MMU_CHANGE_H
#define GPU_MMU_CHANGE_H

#include "gpu/core/mmu/pool.h"

struct gpu_change {
	enum { GPU_MAP, GPU_UNMAP, GPU_RESERVE, GPU_RELEASE } what;
	enum gpu_page page;
	unsigned int level; /* of leaves */
	unsigned int shift; /* log2 of a page's bytes */
	uint64_t reach;	    /* of a leaf, in bytes */
	uint64_t va, end;
	/* GPU_MAP: attributes of every page; the run that comes next, and how much of it is done. */
	uint64_t attributes, done;
	const struct gpu_run *run;
	/* The PD0 that was looked for last, 0 if it is not there; 1 + which part of the space it translates. */
	uint32_t pd0;
	uint64_t pd0_part;
	/* Tables of each level that were made, or whose tables below changed, or that became empty. */
	uint32_t touched[GPU_TABLE_LEVELS];
};

static inline struct gpu_table *gpu_table(const struct gpu_space *s, uint32_t number)
{
	return &s->pool->tables[number];
}

/* Whether entries come into use, or go. */
static inline bool gpu_change_adds(const struct gpu_change *c)
{
	return c->what == GPU_MAP || c->what == GPU_RESERVE;
}

static inline void gpu_change_touch(const struct gpu_space *s, struct gpu_change *c,
				    uint32_t number)
{
	struct gpu_table *t = gpu_table(s, number);

	if (!t->touched) {
		t->touched = true;
		t->next = c->touched[t->level];
		c->touched[t->level] = number;
	}
}

/* The table that a directory of `level` leads to, on the way to va; 0 if there is none. */
static inline uint32_t gpu_change_below(const struct gpu_space *s, const struct gpu_change *c,
					uint32_t directory, unsigned int level, uint64_t va)
{
	return directory ? gpu_table(s, directory)->child[gpu_entry_word(level, c->page, va)] : 0;
}

/* The PD0 on the way to va, which leaves mostly share. */
static inline uint32_t gpu_change_pd0(const struct gpu_space *s, struct gpu_change *c, uint64_t va)
{
	uint64_t part = 1 + (va >> gpu_table_shift(GPU_PD0_LEVEL));

	if (c->pd0_part != part) {
		uint32_t pd2 = gpu_change_below(s, c, s->root, GPU_TABLE_ROOT, va);
		uint32_t pd1 = gpu_change_below(s, c, pd2, GPU_TABLE_ROOT - 1, va);

		c->pd0 = gpu_change_below(s, c, pd1, GPU_PD0_LEVEL + 1, va);
		c->pd0_part = part;
	}
	return c->pd0;
}

/* The leaf that translates va. */
static inline uint32_t gpu_change_leaf(const struct gpu_space *s, struct gpu_change *c, uint64_t va)
{
	uint32_t pd0 = gpu_change_pd0(s, c, va);

	return c->level == GPU_PD0_LEVEL ? pd0 : gpu_change_below(s, c, pd0, GPU_PD0_LEVEL, va);
}

/* Where the change leaves the leaf that va is in: gpu_table_end() in fewer instructions, as the next is gpu_entry_index(). */
static inline uint64_t gpu_change_next(const struct gpu_change *c, uint64_t va)
{
	uint64_t border = (va | (c->reach - 1)) + 1;

	return border < c->end ? border : c->end;
}

/* Which entry of its leaf translates va. */
static inline unsigned int gpu_change_first(const struct gpu_change *c, uint64_t va)
{
	return (unsigned int)((va & (c->reach - 1)) >> c->shift);
}

/* How many entries [va, next) has, which is one leaf's. */
static inline unsigned int gpu_change_entries(const struct gpu_change *c, uint64_t va,
					      uint64_t next)
{
	return (unsigned int)((next - va) >> c->shift);
}

/* Makes all tables that a change needs, or none. 0 or -ENOMEM. */
int gpu_change_make_tables(struct gpu_space *s, struct gpu_change *c);
/*
 * From below: takes touched tables that are empty out of their directories, to be freed at commit if they are in
 * VRAM, and writes the other directories. 0 or -errno of ops, as below. With undo no leaf was written, and
 * nothing is: what is in VRAM is as it was.
 */
int gpu_change_settle(struct gpu_space *s, struct gpu_change *c, bool undo);

/* Writes entries of pages. */
int gpu_change_write(struct gpu_space *s, struct gpu_change *c);
/* Writes what changed in a directory, and all of it that has to be if it is not in VRAM yet. */
int gpu_directory_write(struct gpu_space *s, uint32_t number);

#endif /* GPU_MMU_CHANGE_H */
