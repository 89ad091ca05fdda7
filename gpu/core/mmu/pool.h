/* SPDX-License-Identifier: MIT */
/*
 * pool.h - tables of a pool, by number; for space.c and write.c.
 */
#ifndef GPU_MMU_POOL_H
#define GPU_MMU_POOL_H

#include "gpu/core/mmu/space.h"
#include "hv/hv.h"

/* A fresh table with nothing in it, or 0: none left, or no memory for a directory's bookkeeping. */
uint32_t gpu_table_new(struct gpu_table_pool *pool, struct gpu_space *owner, unsigned int level);
void gpu_table_free(struct gpu_table_pool *pool, uint32_t table);

/* Where it is in VRAM. */
static inline uint64_t gpu_table_addr(const struct gpu_table_pool *pool, uint32_t table)
{
	HV_CHECK(table && table <= pool->n);
	return pool->base + (uint64_t)(table - 1) * GPU_TABLE_BYTES;
}

#endif /* GPU_MMU_POOL_H */
