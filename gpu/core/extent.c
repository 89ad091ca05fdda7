/* SPDX-License-Identifier: MIT */
/*
 * extent.c - see extent.h. Linear searches: the arrays are short (a few hundred entries at most) and
 * an allocation is followed by a scrub that costs a thousand times more.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/extent.h"
#include "hv/hv.h"

int gpu_extents_init(struct gpu_extents *e, uint64_t base, uint64_t size, unsigned int max)
{
	if (!size || base + size < base || !max)
		return -EINVAL;
	/* n ranges in use cut the space into at most n + 1 free pieces. */
	e->free = calloc((size_t)max + 1, sizeof(*e->free));
	if (!e->free)
		return -ENOMEM;
	e->base = base;
	e->size = size;
	e->free_bytes = size;
	e->used = 0;
	e->max = max;
	e->n = 1;
	e->free[0] = (struct gpu_range){.base = base, .size = size};
	return 0;
}

void gpu_extents_fini(struct gpu_extents *e)
{
	free(e->free);
	memset(e, 0, sizeof(*e));
}

static void remove_at(struct gpu_extents *e, unsigned int i)
{
	e->n--;
	memmove(&e->free[i], &e->free[i + 1], (e->n - i) * sizeof(*e->free));
}

static void insert_at(struct gpu_extents *e, unsigned int i, const struct gpu_range *range)
{
	HV_CHECK(e->n <= e->max);
	memmove(&e->free[i + 1], &e->free[i], (e->n - i) * sizeof(*e->free));
	e->free[i] = *range;
	e->n++;
}

/* Bytes from the extent's base to the first multiple of align. */
static uint64_t gap(const struct gpu_range *extent, uint64_t align)
{
	return (align - extent->base % align) % align;
}

/* The smallest extent in which it fits so aligned, the lowest of several; e->n if there is none. */
static unsigned int best_fit(const struct gpu_extents *e, uint64_t size, uint64_t align)
{
	unsigned int best = e->n;

	for (unsigned int i = 0; i < e->n; i++) {
		uint64_t skip = gap(&e->free[i], align);

		if (e->free[i].size >= skip && e->free[i].size - skip >= size &&
		    (best == e->n || e->free[i].size < e->free[best].size))
			best = i;
	}
	return best;
}

int gpu_extents_alloc(struct gpu_extents *e, uint64_t size, uint64_t align, struct gpu_range *out)
{
	struct gpu_range *extent, rest;
	unsigned int best;
	uint64_t skip;

	if (!size)
		return -EINVAL;
	if (e->used == e->max)
		return -ENOSPC;
	best = best_fit(e, size, align);
	if (best == e->n) {
		align = 1;
		best = best_fit(e, size, align);
	}
	if (best == e->n)
		return -ENOMEM;
	extent = &e->free[best];
	skip = gap(extent, align);
	*out = (struct gpu_range){extent->base + skip, size};
	rest = (struct gpu_range){out->base + size, extent->size - skip - size};
	extent->size = skip;
	if (skip && rest.size) /* free on both sides: one extent more, as there is one range more */
		insert_at(e, best + 1, &rest);
	else if (rest.size)
		*extent = rest;
	else if (!skip)
		remove_at(e, best);
	e->free_bytes -= size;
	e->used++;
	return 0;
}

void gpu_extents_free(struct gpu_extents *e, const struct gpu_range *range)
{
	uint64_t end = range->base + range->size;
	unsigned int i = 0; /* becomes the first free extent behind the range */
	bool joins_prev, joins_next;

	HV_CHECK(e->used && range->size && end > range->base);
	HV_CHECK(range->base >= e->base && end <= e->base + e->size);
	while (i < e->n && e->free[i].base < range->base)
		i++;
	HV_CHECK(!i || e->free[i - 1].base + e->free[i - 1].size <= range->base);
	HV_CHECK(i == e->n || end <= e->free[i].base);

	joins_prev = i && e->free[i - 1].base + e->free[i - 1].size == range->base;
	joins_next = i < e->n && end == e->free[i].base;
	if (joins_prev && joins_next) {
		e->free[i - 1].size += range->size + e->free[i].size;
		remove_at(e, i);
	} else if (joins_prev) {
		e->free[i - 1].size += range->size;
	} else if (joins_next) {
		e->free[i].base = range->base;
		e->free[i].size += range->size;
	} else {
		insert_at(e, i, range);
	}
	e->free_bytes += range->size;
	e->used--;
}
