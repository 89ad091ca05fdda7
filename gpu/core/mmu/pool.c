/* SPDX-License-Identifier: MIT */
/*
 * pool.c - tables handed out and taken back: a table's number is its place in the pool's VRAM. What came
 * back last goes out first, while caches still have what we know of it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/mmu/pool.h"
#include "hv/hv.h"

int gpu_table_pool_init(struct gpu_table_pool *pool, const struct gpu_range *range)
{
	uint64_t n = range->size / GPU_TABLE_BYTES;

	if (!gpu_target_fits(GPU_APERTURE_VRAM, range->base, range->size, GPU_PAGE_4K))
		return -EINVAL;
	memset(pool, 0, sizeof(*pool));
	pool->tables = calloc(n + 1, sizeof(*pool->tables));
	if (!pool->tables)
		return -ENOMEM;
	pool->base = range->base;
	pool->n = (uint32_t)n; /* below 2^25: the reach of an entry */
	pool->free = pool->n;
	pool->untouched = 1;
	return 0;
}

void gpu_table_pool_fini(struct gpu_table_pool *pool)
{
	HV_CHECK(pool->free == pool->n);
	while (pool->spares)
		free(pool->spare[--pool->spares]);
	free(pool->tables);
	memset(pool, 0, sizeof(*pool));
}

static uint32_t *children_new(struct gpu_table_pool *pool)
{
	return pool->spares ? pool->spare[--pool->spares]
			    : calloc(GPU_TABLE_WORDS, sizeof(**pool->spare));
}

/* clean: they are all 0. */
static void children_free(struct gpu_table_pool *pool, uint32_t *child, bool clean)
{
	if (child && clean && pool->spares < GPU_TABLE_SPARES)
		pool->spare[pool->spares++] = child;
	else
		free(child);
}

uint32_t gpu_table_new(struct gpu_table_pool *pool, struct gpu_space *owner, unsigned int level)
{
	uint32_t number = pool->unused ? pool->unused : pool->untouched, *child = NULL;
	struct gpu_table *t = &pool->tables[number];

	if (!pool->free)
		return 0;
	if (level) {
		child = children_new(pool);
		if (!child)
			return 0;
	}
	if (pool->unused) {
		pool->unused = t->next;
	} else {
		pool->untouched++;
		t->stale_end = GPU_TABLE_WORDS;
	}
	/* Its sets of entries are empty, it has none that are dirty, and what is stale stays so. */
	t->owner = owner;
	t->child = child;
	t->level = (uint16_t)level;
	t->fresh = true;
	pool->free--;
	return number;
}

void gpu_table_free(struct gpu_table_pool *pool, uint32_t table)
{
	struct gpu_table *t = &pool->tables[table];

	HV_CHECK(table && table <= pool->n && t->owner);
	children_free(pool, t->child, !t->used);
	if (t->used) {
		memset(t->live, 0, sizeof(t->live));
		memset(t->sparse, 0, sizeof(t->sparse));
		t->used = 0;
	}
	t->dirty = t->dirty_end = 0;
	t->touched = false;
	t->child = NULL;
	t->owner = NULL;
	t->next = pool->unused;
	pool->unused = table;
	pool->free++;
}
