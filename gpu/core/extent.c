/* SPDX-License-Identifier: MIT */
/*
 * extent.c - see extent.h.
 *
 * Both orders are treaps: search trees in which each node has a rank drawn at random, above all below it, which keeps them
 * about as deep as balanced trees. Allocating and freeing take a number of steps that grows with the logarithm
 * of the number of extents; only what has to begin at a multiple looks at every extent that is large enough but for that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/extent.h"
#include "hv/hv.h"

/* ---------------------------------------------------------------- trees */

static bool before(enum gpu_extent_order order, const struct gpu_range *a,
		   const struct gpu_range *b)
{
	if (order == GPU_BY_SIZE && a->size != b->size)
		return a->size < b->size;
	return a->base < b->base;
}

/* The first extent that is not before `range`; 0 if there is none. *last: the one before that, or 0. */
static uint32_t find(const struct gpu_extents *e, enum gpu_extent_order order,
		     const struct gpu_range *range, uint32_t *last)
{
	uint32_t at = e->root[order], found = 0;

	*last = 0;
	while (at) {
		bool right = before(order, &e->node[at].range, range);

		if (right)
			*last = at;
		else
			found = at;
		at = e->node[at].child[order][right];
	}
	return found;
}

static void insert(struct gpu_extents *e, enum gpu_extent_order order, uint32_t n)
{
	uint32_t *at = &e->root[order], *low = e->node[n].child[order], *high = low + 1, below;
	const struct gpu_range *range = &e->node[n].range;

	while (*at && e->node[*at].rank >= e->node[n].rank)
		at = &e->node[*at].child[order][before(order, &e->node[*at].range, range)];
	below = *at;
	*at = n;
	/* What was there is now below, on both sides. */
	while (below) {
		if (before(order, &e->node[below].range, range)) {
			*low = below;
			low = &e->node[below].child[order][1];
			below = *low;
		} else {
			*high = below;
			high = &e->node[below].child[order][0];
			below = *high;
		}
	}
	*low = *high = 0;
}

static void take_out(struct gpu_extents *e, enum gpu_extent_order order, uint32_t n)
{
	uint32_t *at = &e->root[order], low = e->node[n].child[order][0],
		 high = e->node[n].child[order][1];

	while (*at != n)
		at = &e->node[*at]
			      .child[order][before(order, &e->node[*at].range, &e->node[n].range)];
	while (low && high) {
		bool second = e->node[low].rank < e->node[high].rank;
		uint32_t *upper = second ? &high : &low;

		*at = *upper;
		at = &e->node[*upper].child[order][!second];
		*upper = *at;
	}
	*at = low ? low : high;
}

/* ---------------------------------------------------------------- extents */

static void add(struct gpu_extents *e, uint64_t base, uint64_t size)
{
	uint32_t n = e->unused;

	HV_CHECK(n && e->n <= e->max);
	e->unused = e->node[n].child[0][0];
	/* xorshift32 */
	e->seed ^= e->seed << 13;
	e->seed ^= e->seed >> 17;
	e->seed ^= e->seed << 5;
	e->node[n].range = (struct gpu_range){base, size};
	e->node[n].rank = e->seed;
	insert(e, GPU_BY_BASE, n);
	insert(e, GPU_BY_SIZE, n);
	e->n++;
}

static void drop(struct gpu_extents *e, uint32_t n)
{
	take_out(e, GPU_BY_BASE, n);
	take_out(e, GPU_BY_SIZE, n);
	e->node[n].child[0][0] = e->unused;
	e->unused = n;
	e->n--;
}

/* The extent becomes another, between the same neighbours. */
static void change(struct gpu_extents *e, uint32_t n, uint64_t base, uint64_t size)
{
	take_out(e, GPU_BY_SIZE, n);
	e->node[n].range = (struct gpu_range){base, size};
	insert(e, GPU_BY_SIZE, n);
}

int gpu_extents_init(struct gpu_extents *e, uint64_t base, uint64_t size, unsigned int max)
{
	struct gpu_extent *node;

	if (!size || base + size < base || !max)
		return -EINVAL;
	/* n ranges in use cut the space into at most n + 1 free pieces. */
	node = calloc((size_t)max + 2, sizeof(*node));
	if (!node)
		return -ENOMEM;
	*e = (struct gpu_extents){.base = base,
				  .size = size,
				  .free_bytes = size,
				  .max = max,
				  .seed = 1,
				  .node = node};
	for (uint32_t n = max + 1; n; n--) {
		e->node[n].child[0][0] = e->unused;
		e->unused = n;
	}
	add(e, base, size);
	return 0;
}

void gpu_extents_fini(struct gpu_extents *e)
{
	free(e->node);
	memset(e, 0, sizeof(*e));
}

/* Bytes from the extent's base to the first multiple of align. */
static uint64_t gap(const struct gpu_range *extent, uint64_t align)
{
	return (align - extent->base % align) % align;
}

/* The smallest extent in which it fits so aligned, the lowest of several; 0 if there is none. */
static uint32_t best_fit(const struct gpu_extents *e, uint64_t size, uint64_t align)
{
	struct gpu_range least = {.base = 0, .size = size};
	uint32_t n, last;

	while ((n = find(e, GPU_BY_SIZE, &least, &last)) != 0) {
		const struct gpu_range *extent = &e->node[n].range;

		if (gap(extent, align) <= extent->size - size)
			break;
		least = (struct gpu_range){extent->base + 1, extent->size};
	}
	return n;
}

int gpu_extents_alloc(struct gpu_extents *e, uint64_t size, uint64_t align, struct gpu_range *out)
{
	struct gpu_range extent;
	uint64_t skip, rest;
	uint32_t best;

	if (!size)
		return -EINVAL;
	if (e->used == e->max)
		return -ENOSPC;
	best = best_fit(e, size, align);
	if (!best) {
		align = 1;
		best = best_fit(e, size, align);
	}
	if (!best)
		return -ENOMEM;
	extent = e->node[best].range;
	skip = gap(&extent, align);
	rest = extent.size - skip - size;
	*out = (struct gpu_range){extent.base + skip, size};
	if (skip)
		change(e, best, extent.base, skip);
	else if (rest)
		change(e, best, out->base + size, rest);
	else
		drop(e, best);
	if (skip && rest) /* free on both sides: one extent more, as there is one range more */
		add(e, out->base + size, rest);
	e->free_bytes -= size;
	e->used++;
	return 0;
}

void gpu_extents_free(struct gpu_extents *e, const struct gpu_range *range)
{
	uint64_t end = range->base + range->size, base = range->base, size = range->size;
	bool joins_prev, joins_next;
	const struct gpu_range *a, *b;
	uint32_t prev, next;

	HV_CHECK(e->used && range->size && end > range->base);
	HV_CHECK(range->base >= e->base && end <= e->base + e->size);
	next = find(e, GPU_BY_BASE, range, &prev);
	a = &e->node[prev].range; /* of node 0 it is 0, 0 */
	b = &e->node[next].range;
	HV_CHECK(!prev || a->base + a->size <= base);
	HV_CHECK(!next || end <= b->base);

	joins_prev = prev && a->base + a->size == base;
	joins_next = next && end == b->base;
	if (joins_prev) {
		base = a->base;
		size += a->size;
	}
	if (joins_next)
		size += b->size;
	if (joins_prev && joins_next)
		drop(e, next);
	if (joins_prev || joins_next)
		change(e, joins_prev ? prev : next, base, size);
	else
		add(e, base, size);
	e->free_bytes += range->size;
	e->used--;
}
