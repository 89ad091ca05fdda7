/* SPDX-License-Identifier: MIT */
/*
 * space.c - see space.h.
 *
 * A call goes through its range a few times, each time leaf by leaf: look whether all is well; make the tables that are
 * missing; write entries of pages. Then, level by level upwards, directories are written or go. All that are touched are
 * clean again when a call ends, so their words between the first and the last that changed are all of
 * tables, which we know, never of pages of 2 MiB.
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/mmu/change.h"
#include "gpu/core/mmu/entries.h"
#include "hv/hv.h"

/* ---------------------------------------------------------------- may it be done? */

/* Whether [va, end), which one leaf for pages of this size translates, has pages of another. */
static bool others(const struct gpu_space *s, struct gpu_change *c, uint64_t va, uint64_t end)
{
	enum gpu_page page = c->page, small = page == GPU_PAGE_4K ? GPU_PAGE_64K : GPU_PAGE_4K;
	uint32_t number = gpu_change_pd0(s, c, va);
	unsigned int first = gpu_entry_index(GPU_PD0_LEVEL, page, va), last;
	const struct gpu_table *pd0 = gpu_table(s, number), *t;

	if (!number)
		return false;
	if (page == GPU_PAGE_2M) {
		/* Tables that are empty do not stay, so there are pages below any. */
		last = gpu_entry_index(GPU_PD0_LEVEL, page, end - 1);
		for (unsigned int i = 2 * first; i < 2 * (last + 1); i++) {
			if (pd0->child[i])
				return true;
		}
		return false;
	}
	if (gpu_entries_has(pd0->live, first) || gpu_entries_has(pd0->sparse, first))
		return true;
	number = pd0->child[gpu_entry_word(GPU_PD0_LEVEL, small, va)];
	if (!number)
		return false;
	t = gpu_table(s, number);
	first = gpu_entry_index(0, small, va);
	last = gpu_entry_index(0, small, end - 1);
	return gpu_entries_any(t->live, first, last + 1) ||
	       gpu_entries_any(t->sparse, first, last + 1);
}

/* The part of a change that is one leaf's. */
static int check_leaf(const struct gpu_space *s, struct gpu_change *c, uint64_t va, uint64_t end)
{
	unsigned int first = gpu_change_first(c, va);
	unsigned int last = first + gpu_change_entries(c, va, end);
	uint32_t number = gpu_change_leaf(s, c, va);
	const struct gpu_table *t = gpu_table(s, number);

	if (c->what == GPU_UNMAP)
		return number && gpu_entries_all(t->live, first, last) ? 0 : -ENOENT;
	if (c->what == GPU_RELEASE)
		return !number || !gpu_entries_all(t->sparse, first, last) ? -ENOENT
		       : gpu_entries_any(t->live, first, last)		   ? -EBUSY
									   : 0;
	if (number && (gpu_entries_any(t->live, first, last) ||
		       (c->what == GPU_RESERVE && gpu_entries_any(t->sparse, first, last))))
		return -EEXIST;
	return others(s, c, va, end) ? -EEXIST : 0;
}

static int check(const struct gpu_space *s, struct gpu_change *c)
{
	uint64_t base = c->va & ~(c->reach - 1); /* of the first leaf */
	int err = 0;

	/* More tables than there are cannot be right, and need not be looked for one by one. */
	if (c->end - base > s->pool->n * c->reach)
		return gpu_change_adds(c) ? -ENOMEM : -ENOENT;
	/* What is not there at all counts for more than what is busy. */
	for (uint64_t va = c->va, next; va < c->end && (!err || err == -EBUSY); va = next) {
		int found;

		next = gpu_change_next(c, va);
		found = check_leaf(s, c, va, next);
		err = found ? found : err;
	}
	return err;
}

static int apply(struct gpu_space *s, struct gpu_change *c)
{
	int err = check(s, c);

	if (!err && gpu_change_adds(c))
		err = gpu_change_make_tables(s, c);
	if (!err)
		err = gpu_change_write(s, c);
	return err ? err : gpu_change_settle(s, c, false);
}

/* ---------------------------------------------------------------- calls */

int gpu_space_init(struct gpu_space *s, struct gpu_table_pool *pool, uint64_t limit,
		   const struct gpu_mmu_ops *ops, void *ctx)
{
	int err;

	if (!gpu_range_fits(0, limit, GPU_PAGE_4K, 1ull << GPU_VA_BITS))
		return -EINVAL;
	*s = (struct gpu_space){.pool = pool, .ops = ops, .ctx = ctx, .limit = limit};
	s->root = gpu_table_new(pool, s, GPU_TABLE_ROOT);
	if (!s->root)
		return -ENOMEM;
	err = gpu_directory_write(s, s->root);
	if (err)
		gpu_space_fini(s);
	return err;
}

void gpu_space_fini(struct gpu_space *s)
{
	for (uint32_t i = 1; i <= s->pool->n; i++) {
		if (gpu_table(s, i)->owner == s)
			gpu_table_free(s->pool, i);
	}
	memset(s, 0, sizeof(*s));
}

uint64_t gpu_space_directory(const struct gpu_space *s)
{
	return gpu_table_addr(s->pool, s->root);
}

int gpu_space_commit(struct gpu_space *s)
{
	if (s->err || !s->changed)
		return s->err;
	s->err = s->ops->invalidate(s->ctx, gpu_space_directory(s));
	if (s->err)
		return s->err;
	s->changed = false;
	while (s->dying) {
		uint32_t number = s->dying;

		s->dying = gpu_table(s, number)->next;
		gpu_table_free(s->pool, number);
	}
	return 0;
}

/* A change of [va, va + size), if these can be meant. */
static int apply_to(struct gpu_space *s, struct gpu_change *c, uint64_t va, uint64_t size)
{
	if (s->err)
		return s->err;
	if ((unsigned int)c->page > GPU_PAGE_2M || !gpu_range_fits(va, size, c->page, s->limit))
		return -EINVAL;
	c->level = gpu_page_level(c->page);
	c->shift = gpu_page_shift(c->page);
	c->reach = 1ull << gpu_table_shift(c->level);
	c->va = va;
	c->end = va + size;
	return apply(s, c);
}

/* The bytes of all runs; 0 if one of them cannot be mapped, or all together are beyond the limit. */
static uint64_t runs_size(const struct gpu_space *s, const struct gpu_map *map)
{
	uint64_t size = 0;

	for (unsigned int i = 0; i < map->n; i++) {
		const struct gpu_run *run = &map->runs[i];

		if (run->aperture != GPU_APERTURE_VRAM &&
		    run->aperture != GPU_APERTURE_SYSMEM_COHERENT &&
		    run->aperture != GPU_APERTURE_SYSMEM_NONCOHERENT)
			return 0;
		if (!gpu_target_fits(run->aperture, run->addr, run->size, map->page) ||
		    run->size > s->limit - size)
			return 0;
		size += run->size;
	}
	return size;
}

int gpu_space_map(struct gpu_space *s, const struct gpu_map *map)
{
	struct gpu_change c = {.what = GPU_MAP, .page = map->page, .run = map->runs};

	if (s->err)
		return s->err;
	if (map->flags & ~(GPU_MAP_READ_ONLY | GPU_MAP_PRIVILEGED | GPU_MAP_VOLATILE))
		return -EINVAL;
	c.attributes = (uint64_t)map->kind << NV_MMU_VER2_PTE_KIND_SHIFT;
	if (map->flags & GPU_MAP_READ_ONLY)
		c.attributes |= NV_MMU_VER2_PTE_READ_ONLY;
	if (map->flags & GPU_MAP_PRIVILEGED)
		c.attributes |= NV_MMU_VER2_PTE_PRIVILEGE;
	if (map->flags & GPU_MAP_VOLATILE)
		c.attributes |= NV_MMU_VER2_VOL;
	return apply_to(s, &c, map->va, runs_size(s, map));
}

int gpu_space_unmap(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page)
{
	struct gpu_change c = {.what = GPU_UNMAP, .page = page};

	return apply_to(s, &c, va, size);
}

int gpu_space_reserve(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page)
{
	struct gpu_change c = {.what = GPU_RESERVE, .page = page};

	return apply_to(s, &c, va, size);
}

int gpu_space_release(struct gpu_space *s, uint64_t va, uint64_t size, enum gpu_page page)
{
	struct gpu_change c = {.what = GPU_RELEASE, .page = page};

	return apply_to(s, &c, va, size);
}
