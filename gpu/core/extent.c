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

int gpu_extents_alloc(struct gpu_extents *e, uint64_t size, struct gpu_range *out)
{
	unsigned int best = e->n;

	if (!size)
		return -EINVAL;
	if (e->used == e->max)
		return -ENOSPC;
	for (unsigned int i = 0; i < e->n; i++) {
		if (e->free[i].size >= size &&
		    (best == e->n || e->free[i].size < e->free[best].size))
			best = i;
	}
	if (best == e->n)
		return -ENOMEM;
	out->base = e->free[best].base;
	out->size = size;
	e->free[best].base += size;
	e->free[best].size -= size;
	if (!e->free[best].size)
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
		HV_CHECK(e->n <= e->max);
		memmove(&e->free[i + 1], &e->free[i], (e->n - i) * sizeof(*e->free));
		e->free[i] = *range;
		e->n++;
	}
	e->free_bytes += range->size;
	e->used--;
}
