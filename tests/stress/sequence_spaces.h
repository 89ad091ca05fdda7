/* SPDX-License-Identifier: MIT */
/*
 * sequence_spaces.h - the steps with address spaces: made and ended, objects shown in them and taken away, and
 * changes that may well not fit to what there is.
 */
#ifndef TESTS_STRESS_SEQUENCE_SPACES_H
#define TESTS_STRESS_SEQUENCE_SPACES_H

#include "tests/stress/sequence_objects.h"

static inline struct seat_space *any_space(struct seat *s)
{
	unsigned int from = below(SPACES);

	for (unsigned int i = 0; i < SPACES; i++) {
		struct seat_space *space = &s->space[(from + i) % SPACES];

		if (space->handle)
			return space;
	}
	return NULL;
}

static inline void make_space(struct seat *s)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_CREATE);
	struct seat_space *space = s->space;
	struct xenvgpu_response rsp;

	while (space < s->space + SPACES && space->handle)
		space++;
	if (space == s->space + SPACES)
		return;
	/* Without room for its tables a slice has no spaces. */
	if (expect(s, &req, &rsp, s->had_space ? 0 : alloc_errors(s, s->share.tables)))
		return;
	MUST(rsp.op.space_create.space && rsp.op.space_create.va_start <= WINDOW &&
		     rsp.op.space_create.va_end >= RINGS + MIB,
	     "space %#x", rsp.op.space_create.space);
	space->handle = rsp.op.space_create.space;
	s->had_space = true;
}

static inline void end_space(struct seat *s, struct seat_space *space)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_DESTROY);
	struct xenvgpu_response rsp;

	req.op.space_destroy.space = space->handle;
	if (!expect(s, &req, &rsp, space->channels ? MAY(XEN_EBUSY) : 0))
		forget_space(s, space);
}

/* Carries out these changes; object[i] is what a MAP shows (may be NULL). */
static inline void change(struct seat *s, struct seat_space *space, const struct xenvgpu_bind *b,
			  struct object *const *object, unsigned int n)
{
	/* Where VRAM lies decides whether 2 MiB pages can show it; the guest does not know. */
	bool huge = b->operation == XENVGPU_BIND_MAP && b->page_shift == XENVGPU_PAGE_2M;
	struct xenvgpu_request req = guest_bind_request(&s->g, space->handle, b, n);
	struct xenvgpu_response rsp;
	unsigned int done = 0, err;
	uint64_t may = 0;

	while (done < n) {
		may = bind_errors(space, &b[done], object[done]);
		if (may || huge)
			break;
		bind_done(s, space, &b[done], object[done]);
		done++;
	}
	if (huge)
		may |= MAY(XEN_EINVAL) | (may ? 0 : MAY(0));
	err = expect(s, &req, &rsp, may);
	if (huge && !err) {
		bind_done(s, space, b, *object);
		done = 1;
	}
	MUST(rsp.op.bind.done == done, "%u changes of %u done, not %u", rsp.op.bind.done, n, done);
}

static inline void change_one(struct seat *s, struct seat_space *space,
			      const struct xenvgpu_bind *b, struct object *o)
{
	change(s, space, b, &o, 1);
}

/* A change that makes sense but may well not fit to what there is. */
static inline struct xenvgpu_bind any_change(struct seat *s, struct object **o)
{
	static const uint8_t operations[] = {XENVGPU_BIND_MAP, XENVGPU_BIND_MAP, XENVGPU_BIND_UNMAP,
					     XENVGPU_BIND_RESERVE, XENVGPU_BIND_RELEASE};
	static const uint8_t shifts[] = {XENVGPU_PAGE_4K, XENVGPU_PAGE_4K, XENVGPU_PAGE_64K};
	struct xenvgpu_bind b = {.operation = operations[below(5)], .page_shift = shifts[below(3)]};
	unsigned int cells = 1u << (b.page_shift - XENVGPU_PAGE_4K);
	unsigned int first = below(CELLS / cells), n = 1 + below(4);

	if (first + n > CELLS / cells)
		n = CELLS / cells - first;
	b.va = WINDOW + ((uint64_t)first << b.page_shift);
	b.size = (uint64_t)n << b.page_shift;
	*o = NULL;
	if (b.operation != XENVGPU_BIND_MAP)
		return b;
	*o = &s->object[below(OBJECTS)];
	b.handle = (*o)->handle ? (*o)->handle : s->stale;
	b.offset = (uint64_t)below(8) << b.page_shift;
	b.flags = below(4) ? 0 : XENVGPU_BIND_RO;
	if (!(*o)->handle)
		*o = NULL;
	return b;
}

static inline void random_changes(struct seat *s, struct seat_space *space)
{
	struct xenvgpu_bind b[6];
	struct object *o[6];
	unsigned int n = 1 + below(6);

	for (unsigned int i = 0; i < n; i++)
		b[i] = any_change(s, &o[i]);
	change(s, space, b, o, n);
}

/* Shows all or a part of an object, where there is room for it if there is. */
static inline void map_object(struct seat *s, struct seat_space *space, struct object *o)
{
	unsigned int pages = (unsigned int)(o->size / HV_PAGE_SIZE), at, tries = 0;
	struct xenvgpu_bind b = {
		.operation = XENVGPU_BIND_MAP,
		.page_shift = o->guest_pages || below(2) ? XENVGPU_PAGE_4K : XENVGPU_PAGE_64K,
		.handle = o->handle,
		.flags = o->read_only || !below(5) ? XENVGPU_BIND_RO : 0,
		.size = o->size,
	};
	unsigned int cells;

	if (o->size == LARGE * UNIT && below(2))
		b.page_shift = XENVGPU_PAGE_2M;
	cells = 1u << (b.page_shift - XENVGPU_PAGE_4K);
	if (pages > cells && below(2)) {
		unsigned int first = below(pages / cells);

		b.offset = (uint64_t)first << b.page_shift;
		b.size = (uint64_t)(1 + below(pages / cells - first)) << b.page_shift;
	}
	pages = (unsigned int)(b.size / HV_PAGE_SIZE);
	do {
		at = below((CELLS - pages) / cells + 1) * cells;
		b.va = WINDOW + (uint64_t)at * HV_PAGE_SIZE;
	} while (bind_errors(space, &b, o) && ++tries < 8);
	change_one(s, space, &b, o);
}

/* A change of n cells that is about no object. */
static inline void change_cells(struct seat *s, struct seat_space *space, uint8_t operation,
				unsigned int shift, unsigned int first, unsigned int n)
{
	change_one(s, space,
		   &(struct xenvgpu_bind){.operation = operation,
					  .page_shift = (uint8_t)shift,
					  .va = WINDOW + (uint64_t)first * HV_PAGE_SIZE,
					  .size = (uint64_t)n * HV_PAGE_SIZE},
		   NULL);
}

/* Takes one stretch of what a space shows of this object away. */
static inline void unmap_stretch(struct seat *s, struct seat_space *space, unsigned int first)
{
	const struct cell *c = &space->cell[first];
	unsigned int n = 0, shift = c->shift, object = c->object, most = 1 + below(CELLS);

	while (first + n < CELLS && c[n].shift == shift && c[n].object == object &&
	       (n < most || n % (1u << (shift - XENVGPU_PAGE_4K))))
		n++;
	change_cells(s, space, XENVGPU_BIND_UNMAP, shift, first, n);
}

/* Takes back a stretch of what is reserved, mapped or not. */
static inline void release_stretch(struct seat *s, struct seat_space *space)
{
	unsigned int first = below(CELLS), n = 0, shift, most = 1 + below(64);

	for (unsigned int i = 0; i < CELLS && !space->cell[first].reserved; i++)
		first = (first + 1) % CELLS;
	shift = space->cell[first].reserved;
	if (!shift)
		return;
	first &= ~((1u << (shift - XENVGPU_PAGE_4K)) - 1);
	while (first + n < CELLS && space->cell[first + n].reserved == shift &&
	       (n < most || n % (1u << (shift - XENVGPU_PAGE_4K))))
		n++;
	change_cells(s, space, XENVGPU_BIND_RELEASE, shift, first, n);
}

/* All of an object, or only the first stretch that is found. */
static inline void unmap_object(struct seat *s, struct object *o, bool all)
{
	for (unsigned int n = 0; n < SPACES; n++) {
		struct seat_space *space = &s->space[n];

		for (unsigned int i = 0; space->handle && o->shown && i < CELLS; i++) {
			if (!space->cell[i].shift || object_of(s, &space->cell[i]) != o)
				continue;
			unmap_stretch(s, space, i);
			if (!all)
				return;
		}
	}
}

#endif /* TESTS_STRESS_SEQUENCE_SPACES_H */
