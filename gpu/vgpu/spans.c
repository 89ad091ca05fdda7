/* SPDX-License-Identifier: MIT */
/*
 * spans.c - see spans.h. An insertion moves what is behind it; a slice's limit on spans
 * (VGPU_SPANS_MAX) bounds that.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/vgpu/spans.h"
#include "hv/hv.h"

#define FIRST_ROOM 16u

static uint64_t end_of(const struct vgpu_span *span)
{
	return span->va + span->size;
}

/* The first span that ends behind va; spans->n if there is none. */
static unsigned int first_behind(const struct vgpu_spans *spans, uint64_t va)
{
	unsigned int low = 0, high = spans->n;

	while (low < high) {
		unsigned int middle = low + (high - low) / 2;

		if (end_of(&spans->span[middle]) > va)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

bool vgpu_spans_overlap(const struct vgpu_spans *spans, uint64_t va, uint64_t size)
{
	unsigned int i = first_behind(spans, va);

	return i < spans->n && spans->span[i].va < va + size;
}

bool vgpu_spans_cover(const struct vgpu_spans *spans, uint64_t va, uint64_t size,
		      uint8_t page_shift)
{
	uint64_t end = va + size;

	for (unsigned int i = first_behind(spans, va); va < end; i++) {
		if (i == spans->n || spans->span[i].va > va ||
		    spans->span[i].page_shift != page_shift)
			return false;
		va = end_of(&spans->span[i]);
	}
	return true;
}

int vgpu_spans_room(struct vgpu_spans *spans)
{
	unsigned int room = spans->room ? 2 * spans->room : FIRST_ROOM;
	struct vgpu_span *bigger;

	if (spans->n < spans->room)
		return 0;
	bigger = realloc(spans->span, room * sizeof(*bigger));
	if (!bigger)
		return -ENOMEM;
	spans->span = bigger;
	spans->room = room;
	return 0;
}

/* Moves what is at `from` and behind to `to` and behind. */
static void move(struct vgpu_spans *spans, unsigned int from, unsigned int to)
{
	if (from == to)
		return;
	memmove(&spans->span[to], &spans->span[from], (spans->n - from) * sizeof(spans->span[0]));
	spans->n = spans->n - from + to;
}

static bool alike(const struct vgpu_span *a, const struct vgpu_span *b)
{
	return end_of(a) == b->va && a->object == b->object && a->page_shift == b->page_shift;
}

void vgpu_spans_add(struct vgpu_spans *spans, const struct vgpu_span *span)
{
	unsigned int i = first_behind(spans, span->va);
	bool before = i && alike(&spans->span[i - 1], span);
	bool behind = i < spans->n && alike(span, &spans->span[i]);

	HV_CHECK(spans->n < spans->room && !vgpu_spans_overlap(spans, span->va, span->size));
	if (before) {
		spans->span[i - 1].size += span->size;
		if (behind) {
			spans->span[i - 1].size += spans->span[i].size;
			move(spans, i + 1, i);
		}
	} else if (behind) {
		spans->span[i].va = span->va;
		spans->span[i].size += span->size;
	} else {
		move(spans, i, i + 1);
		spans->span[i] = *span;
	}
}

void vgpu_spans_cut(struct vgpu_spans *spans, uint64_t va, uint64_t size,
		    void (*fn)(const struct vgpu_span *piece, void *arg), void *arg)
{
	uint64_t end = va + size;
	unsigned int i = first_behind(spans, va), keep = i;

	while (i < spans->n && spans->span[i].va < end) {
		struct vgpu_span piece = spans->span[i], rest = piece;

		if (piece.va < va) { /* what is in front of the cut stays */
			spans->span[keep++].size = va - piece.va;
			piece.size -= va - piece.va;
			piece.va = va;
		}
		if (end_of(&piece) > end)
			piece.size = end - piece.va;
		if (fn)
			fn(&piece, arg);
		i++;
		if (end_of(&rest) <= end)
			continue;
		rest.size = end_of(&rest) - end;
		rest.va = end;
		if (keep == i) { /* both ends of one span stay */
			HV_CHECK(spans->n < spans->room);
			move(spans, i, i + 1);
			i++;
		}
		spans->span[keep++] = rest;
	}
	move(spans, i, keep);
}

void vgpu_spans_fini(struct vgpu_spans *spans)
{
	free(spans->span);
	*spans = (struct vgpu_spans){0};
}
