/* SPDX-License-Identifier: MIT */
/*
 * extent.c - see extent.h.
 *
 * Pieces know their neighbours. Free ones are listed by class of size, and bitmaps say which lists have any, so one that fits
 * is found without looking at others; this is known as two-level segregated fit (Masmano et al., 2004). Ranges that
 * are out are found by a hash of where they begin. Both calls take a number of steps that does not grow with the number of
 * pieces, but for two cases: a space in which only few pieces fit is gone through before it is said that none does, and bases may
 * be chosen so that they share a bucket. Neither takes more than a step for each piece.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/extent.h"
#include "hv/hv.h"

/* ---------------------------------------------------------------- classes of sizes */

/* Sizes below 64 have one each, then there are 32 to a power of two; a larger class has only larger sizes. */
static unsigned int class_of(uint64_t size)
{
	unsigned int shift = 0;

	if (size >= 64)
		shift = 58 - (unsigned int)__builtin_clzll(size);
	return shift * 32 + (unsigned int)(size >> shift);
}

/* The first class from this one on that has free pieces; 0, which is no size's, if there is none. */
static unsigned int next_class(const struct gpu_extents *e, unsigned int class)
{
	unsigned int word = class / 32;
	uint32_t some = e->some[word] & ~0u << class % 32;
	uint64_t words = e->words & ~0ull << word << 1;

	if (!some) {
		if (!words)
			return 0;
		word = (unsigned int)__builtin_ctzll(words);
		some = e->some[word];
	}
	return word * 32 + (unsigned int)__builtin_ctz(some);
}

/* ---------------------------------------------------------------- lists */

static uint32_t *bucket(const struct gpu_extents *e, uint64_t base)
{
	/* The upper bits of a product with 2^64 / golden ratio: multiples of any size are spread. */
	return &e->out[base * 0x9e3779b97f4a7c15ull >> (64 - e->bits)];
}

static void push(struct gpu_extents *e, uint32_t *head, uint32_t n)
{
	e->piece[n].prev = 0;
	e->piece[n].next = *head;
	e->piece[*head].prev = n;
	*head = n;
}

static void list_out(struct gpu_extents *e, uint32_t n)
{
	e->piece[n].class = 0;
	push(e, bucket(e, e->piece[n].range.base), n);
}

static void list_free(struct gpu_extents *e, uint32_t n)
{
	unsigned int class = class_of(e->piece[n].range.size);

	e->piece[n].class = (uint16_t) class;
	push(e, &e->free[class], n);
	e->some[class / 32] |= 1u << class % 32;
	e->words |= 1ull << class / 32;
}

static void unlist(struct gpu_extents *e, uint32_t n)
{
	const struct gpu_piece *p = &e->piece[n];
	unsigned int class = p->class;

	e->piece[p->next].prev = p->prev;
	if (p->prev) {
		e->piece[p->prev].next = p->next;
	} else if (!class) {
		*bucket(e, p->range.base) = p->next;
	} else {
		e->free[class] = p->next;
		if (p->next)
			return;
		e->some[class / 32] &= ~(1u << class % 32);
		if (!e->some[class / 32])
			e->words &= ~(1ull << class / 32);
	}
}

/* ---------------------------------------------------------------- pieces, while they are in no list */

/* Cuts `size` bytes off the low end of a piece; the rest is a new one. */
static uint32_t cut(struct gpu_extents *e, uint32_t n, uint64_t size)
{
	struct gpu_piece *p = &e->piece[n], *rest;
	uint32_t m = e->unused;

	/* n ranges out leave at most n + 1 free pieces between them. */
	HV_CHECK(m);
	rest = &e->piece[m];
	e->unused = rest->next;
	*rest = (struct gpu_piece){.range = {p->range.base + size, p->range.size - size},
				   .below = n,
				   .above = p->above};
	e->piece[p->above].below = m;
	p->above = m;
	p->range.size = size;
	return m;
}

/* A piece takes in the one above it. */
static void join(struct gpu_extents *e, uint32_t n)
{
	struct gpu_piece *p = &e->piece[n];
	uint32_t m = p->above;

	p->range.size += e->piece[m].range.size;
	p->above = e->piece[m].above;
	e->piece[p->above].below = n;
	e->piece[m].next = e->unused;
	e->unused = m;
}

/* ---------------------------------------------------------------- calls */

int gpu_extents_init(struct gpu_extents *e, uint64_t base, uint64_t size, unsigned int max)
{
	if (!size || base + size < base || !max || max > 1u << 30)
		return -EINVAL;
	*e = (struct gpu_extents){
		.base = base, .size = size, .free_bytes = size, .max = max, .bits = 1};
	while (1u << e->bits < max)
		e->bits++;
	e->piece = calloc(2 * (size_t)max + 2, sizeof(*e->piece));
	e->free = calloc((size_t)class_of(size) + 1, sizeof(*e->free));
	e->out = calloc((size_t)1 << e->bits, sizeof(*e->out));
	if (!e->piece || !e->free || !e->out) {
		gpu_extents_fini(e);
		return -ENOMEM;
	}
	for (uint32_t n = 2 * max + 1; n > 1; n--) {
		e->piece[n].next = e->unused;
		e->unused = n;
	}
	e->piece[0] = (struct gpu_piece){.below = 1, .above = 1};
	e->piece[1].range = (struct gpu_range){base, size};
	list_free(e, 1);
	return 0;
}

void gpu_extents_fini(struct gpu_extents *e)
{
	free(e->piece);
	free(e->free);
	free(e->out);
	memset(e, 0, sizeof(*e));
}

/* Bytes from a range's base to the first multiple of align. */
static uint64_t gap(const struct gpu_range *range, uint64_t align)
{
	return -range->base & (align - 1);
}

/* A free piece in which it fits so aligned, or 0; only the first of each class is looked at, or all. */
static uint32_t find_fit(const struct gpu_extents *e, uint64_t size, uint64_t align, bool all)
{
	for (unsigned int c = next_class(e, class_of(size)); c; c = next_class(e, c + 1)) {
		uint32_t n = e->free[c];

		do {
			const struct gpu_range *range = &e->piece[n].range;

			if (range->size >= size && gap(range, align) <= range->size - size)
				return n;
			n = e->piece[n].next;
		} while (all && n);
	}
	return 0;
}

int gpu_extents_alloc(struct gpu_extents *e, uint64_t size, uint64_t align, struct gpu_range *out)
{
	uint64_t skip;
	uint32_t n;

	if (!size)
		return -EINVAL;
	if (e->used == e->max)
		return -ENOSPC;
	n = find_fit(e, size, align, false);
	if (!n)
		n = find_fit(e, size, align, true);
	if (!n) {
		align = 1;
		n = find_fit(e, size, align, true);
	}
	if (!n)
		return -ENOMEM;
	unlist(e, n);
	skip = gap(&e->piece[n].range, align);
	if (skip) {
		uint32_t rest = cut(e, n, skip);

		list_free(e, n);
		n = rest;
	}
	if (e->piece[n].range.size > size)
		list_free(e, cut(e, n, size));
	list_out(e, n);
	*out = e->piece[n].range;
	e->free_bytes -= size;
	e->used++;
	return 0;
}

void gpu_extents_free(struct gpu_extents *e, const struct gpu_range *range)
{
	uint32_t n = *bucket(e, range->base), below, above;

	while (n && e->piece[n].range.base != range->base)
		n = e->piece[n].next;
	HV_CHECK(n && e->piece[n].range.size == range->size);
	e->free_bytes += range->size;
	e->used--;

	unlist(e, n);
	above = e->piece[n].above;
	if (e->piece[above].class) {
		unlist(e, above);
		join(e, n);
	}
	below = e->piece[n].below;
	if (e->piece[below].class) {
		unlist(e, below);
		join(e, below);
		n = below;
	}
	list_free(e, n);
}
