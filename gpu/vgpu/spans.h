/* SPDX-License-Identifier: MIT */
/*
 * spans.h - which virtual addresses of an address space are taken, by what.
 *
 * A sorted array of intervals that never overlap. Neighbours that are alike are one, so what a guest binds
 * piece by piece costs no more than what it binds at once.
 */
#ifndef VGPU_SPANS_H
#define VGPU_SPANS_H

#include <stdbool.h>
#include <stdint.h>

struct vgpu_span {
	uint64_t va, size; /* bytes; the end does not wrap around */
	uint16_t object;   /* index of the memory object; reservations: 0 */
	uint8_t page_shift;
};

struct vgpu_spans {
	struct vgpu_span *span;
	unsigned int n, room;
};

/* Is any of [va, va + size) taken? */
bool vgpu_spans_overlap(const struct vgpu_spans *spans, uint64_t va, uint64_t size);
/* Is all of it, with pages of this size? */
bool vgpu_spans_cover(const struct vgpu_spans *spans, uint64_t va, uint64_t size,
		      uint8_t page_shift);
/* Makes room, so that the next vgpu_spans_add() or vgpu_spans_cut() can be done. 0, -ENOMEM. */
int vgpu_spans_room(struct vgpu_spans *spans);
/* The span overlaps with none. */
void vgpu_spans_add(struct vgpu_spans *spans, const struct vgpu_span *span);
/*
 * Takes out of [va, va + size) whatever of it is taken; fn (may be NULL) is told of each piece, whole or
 * part of a span.
 */
void vgpu_spans_cut(struct vgpu_spans *spans, uint64_t va, uint64_t size,
		    void (*fn)(const struct vgpu_span *piece, void *arg), void *arg);
/* Forgets all; no memory is left. */
void vgpu_spans_fini(struct vgpu_spans *spans);

#endif /* VGPU_SPANS_H */
