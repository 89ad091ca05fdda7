/* SPDX-License-Identifier: MIT */
/*
 * ways.c - the tables between the root and the pages of a change: made before they are written to, taken out of their
 * directories when they are empty.
 */
#include <errno.h>

#include "gpu/core/mmu/change.h"

/* A word of a directory changed. */
static void mark(struct gpu_space *s, struct gpu_change *c, uint32_t directory, unsigned int word)
{
	struct gpu_table *t = gpu_table(s, directory);

	gpu_change_touch(s, c, directory);
	if (t->dirty == t->dirty_end) {
		t->dirty = (uint16_t)word;
		t->dirty_end = (uint16_t)(word + 1);
	} else if (word < t->dirty) {
		t->dirty = (uint16_t)word;
	} else if (word >= t->dirty_end) {
		t->dirty_end = (uint16_t)(word + 1);
	}
}

/* The tables on the way to va. 0 or -ENOMEM, with some of them made. */
static int make_way(struct gpu_space *s, struct gpu_change *c, uint64_t va)
{
	uint32_t number = gpu_change_pd0(s, c, va);
	unsigned int l = GPU_PD0_LEVEL;

	if (!number) {
		number = s->root;
		l = GPU_TABLE_ROOT;
	}
	for (; l > c->level; l--) {
		unsigned int word = gpu_entry_word(l, c->page, va);
		struct gpu_table *t = gpu_table(s, number);
		uint32_t below = t->child[word];

		if (!below) {
			below = gpu_table_new(s->pool, s, l - 1);
			if (!below)
				return -ENOMEM;
			gpu_table(s, below)->up = number;
			gpu_table(s, below)->word = (uint16_t)word;
			gpu_change_touch(s, c, below);
			t->child[word] = below;
			t->used++;
			mark(s, c, number, word);
		}
		number = below;
		if (l - 1 == GPU_PD0_LEVEL)
			c->pd0 = number;
	}
	return 0;
}

/* Takes a table out of its directory. */
static void drop(struct gpu_space *s, struct gpu_change *c, uint32_t number)
{
	struct gpu_table *t = gpu_table(s, number), *directory = gpu_table(s, t->up);

	directory->child[t->word] = 0;
	directory->used--;
	mark(s, c, t->up, t->word);
	if (t->fresh) {
		gpu_table_free(s->pool, number);
		return;
	}
	t->next = 0;
	if (s->dying)
		gpu_table(s, s->last_dying)->next = number;
	else
		s->dying = number;
	s->last_dying = number;
}

int gpu_change_settle(struct gpu_space *s, struct gpu_change *c, bool undo)
{
	for (unsigned int l = c->level; l < GPU_TABLE_LEVELS; l++) {
		uint32_t number;

		while ((number = c->touched[l]) != 0) {
			struct gpu_table *t = gpu_table(s, number);

			c->touched[l] = t->next;
			t->touched = false;
			if (!t->used && l < GPU_TABLE_ROOT)
				drop(s, c, number);
			else if (undo)
				t->dirty = t->dirty_end = 0;
			else if (l > c->level && gpu_directory_write(s, number))
				return s->err;
		}
	}
	return 0;
}

int gpu_change_make_tables(struct gpu_space *s, struct gpu_change *c)
{
	int err = 0;

	for (uint64_t va = c->va; va < c->end && !err; va = gpu_change_next(c, va))
		err = make_way(s, c, va);
	if (err)
		gpu_change_settle(s, c, true);
	return err;
}
