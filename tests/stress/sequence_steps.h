/* SPDX-License-Identifier: MIT */
/*
 * sequence_steps.h - the steps that a guest of sequence_guest.h takes, each with what must come of it.
 */
#ifndef TESTS_STRESS_SEQUENCE_STEPS_H
#define TESTS_STRESS_SEQUENCE_STEPS_H

#include "tests/stress/sequence_guest.h"

/* ---------------------------------------------------------------- objects */

static inline uint8_t *pool_at(const struct seat *s, unsigned int page)
{
	return s->pool + (size_t)page * HV_PAGE_SIZE;
}

/* n pages in a row, or -1. */
static inline int pool_take(struct seat *s, unsigned int n)
{
	for (unsigned int first = 0, i; first + n <= POOL; first = i + 1) {
		for (i = first; i < first + n && !s->used[i]; i++)
			;
		if (i < first + n)
			continue;
		memset(s->used + first, true, n);
		return (int)first;
	}
	return -1;
}

static inline void pool_give(struct seat *s, unsigned int first, unsigned int n)
{
	memset(s->used + first, false, n);
}

static inline unsigned int import(struct seat *s, unsigned int first, unsigned int n,
				  uint32_t flags, uint64_t may, uint32_t *handle)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_IMPORT);
	struct xenvgpu_response rsp;
	unsigned int err;

	for (unsigned int i = 0; i < n; i++)
		s->list->gref[i] = s->ref[first + i];
	req.op.mem_import.gref_directory = s->list_ref;
	req.op.mem_import.pages = n;
	req.op.mem_import.flags = flags;
	err = expect(s, &req, &rsp, may);
	*handle = rsp.op.mem_import.handle;
	return err;
}

static inline struct object *new_object(struct seat *s, uint32_t handle, uint64_t size)
{
	struct object *o = s->object;

	while (o->handle)
		o++;
	MUST(handle, "a handle of 0");
	*o = (struct object){.handle = handle, .size = size, .bytes = calloc(1, size)};
	return o;
}

static inline void import_object(struct seat *s)
{
	unsigned int n = 1 + below(24);
	bool read_only = below(4) == 0;
	int first = pool_take(s, n);
	struct object *o;
	uint32_t handle;

	if (first < 0)
		return;
	import(s, (unsigned int)first, n, read_only ? XENVGPU_IMPORT_RO : 0, 0, &handle);
	o = new_object(s, handle, (uint64_t)n * HV_PAGE_SIZE);
	o->guest_pages = true;
	o->read_only = read_only;
	o->first = (unsigned int)first;
	bed_pattern(o->bytes, o->size, rnd());
	memcpy(pool_at(s, o->first), o->bytes, o->size);
}

static inline uint64_t vram_used(const struct seat *s)
{
	uint64_t n = s->had_space ? s->share.tables : 0;

	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle && !s->object[i].guest_pages)
			n += s->object[i].size;
	}
	return n;
}

/* What an allocation comes to depends on where the holes are, but a large enough one there must be. */
static inline uint64_t alloc_errors(const struct seat *s, uint64_t size)
{
	uint64_t left = (s->share.quota - vram_used(s)) / UNIT, holes = 2;

	for (unsigned int i = 0; i < OBJECTS; i++)
		holes += s->object[i].handle && !s->object[i].guest_pages;
	if (size / UNIT > left)
		return MAY(XEN_ENOMEM);
	return left > (size / UNIT - 1) * holes ? 0 : MAY(0) | MAY(XEN_ENOMEM);
}

static inline void alloc_object(struct seat *s, uint64_t size)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_ALLOC);
	struct xenvgpu_response rsp;

	req.op.mem_alloc.size = size;
	if (!expect(s, &req, &rsp, alloc_errors(s, size)))
		new_object(s, rsp.op.mem_alloc.handle, size);
}

static inline void move(struct seat *s, uint8_t operation, const struct object *o, uint64_t at,
			uint32_t n)
{
	struct xenvgpu_request req = guest_copy_request(&s->g, operation, o->handle, at, n);
	struct xenvgpu_response rsp;

	expect(s, &req, &rsp, 0);
}

#define MOVE_MAX 0x80000u

static inline uint32_t piece_of(uint64_t n)
{
	return n < MOVE_MAX ? (uint32_t)n : MOVE_MAX;
}

/* Other bytes, by the guest's CPU or the back's copies. */
static inline void write_object(struct seat *s, struct object *o)
{
	bed_pattern(o->bytes, o->size, rnd());
	if (o->guest_pages) {
		memcpy(pool_at(s, o->first), o->bytes, o->size);
		return;
	}
	for (uint64_t at = 0; at < o->size; at += MOVE_MAX) {
		memcpy(s->g.buf, o->bytes + at, piece_of(o->size - at));
		move(s, XENVGPU_OP_MEM_WRITE, o, at, piece_of(o->size - at));
	}
}

static inline void check_bytes(const struct object *o, const uint8_t *seen, uint64_t at, uint64_t n)
{
	if (!memcmp(seen, o->bytes + at, n))
		return;
	for (uint64_t i = 0; i < n; i++)
		MUST(seen[i] == o->bytes[at + i],
		     "byte %#" PRIx64 " of handle %#x (%s) is %#x, not %#x", at + i, o->handle,
		     o->guest_pages ? "guest pages" : "VRAM", seen[i], o->bytes[at + i]);
}

static inline void check_object(struct seat *s, const struct object *o)
{
	if (o->guest_pages) {
		check_bytes(o, pool_at(s, o->first), 0, o->size);
		return;
	}
	for (uint64_t at = 0; at < o->size; at += MOVE_MAX) {
		move(s, XENVGPU_OP_MEM_READ, o, at, piece_of(o->size - at));
		check_bytes(o, s->g.buf, at, piece_of(o->size - at));
	}
}

static inline void drop_object(struct seat *s, struct object *o)
{
	if (o->guest_pages)
		pool_give(s, o->first, (unsigned int)(o->size / HV_PAGE_SIZE));
	free(o->bytes);
	memset(o, 0, sizeof(*o));
}

static inline void free_object(struct seat *s, struct object *o)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_FREE);
	struct xenvgpu_response rsp;
	bool shown = o->shown;

	req.op.mem_free.handle = o->handle;
	if (!shown)
		check_object(s, o);
	expect(s, &req, &rsp, shown ? MAY(XEN_EBUSY) : 0);
	if (shown)
		return;
	run.sequences += o->mapped && o->submitted;
	s->stale = o->handle;
	drop_object(s, o);
}

/* What batches that were cut off wrote is not known: it is written anew. */
static inline void write_anew(struct seat *s, uint32_t objects)
{
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (objects & 1u << i && s->object[i].handle)
			write_object(s, &s->object[i]);
	}
	s->written = 0;
}

/* ---------------------------------------------------------------- spaces and what they show */

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

/* Takes one stretch of what a space shows of this object away. */
static inline void unmap_stretch(struct seat *s, struct seat_space *space, unsigned int first)
{
	const struct cell *c = &space->cell[first];
	unsigned int n = 0, shift = c->shift, object = c->object, most = 1 + below(CELLS);

	while (first + n < CELLS && c[n].shift == shift && c[n].object == object &&
	       (n < most || n % (1u << (shift - XENVGPU_PAGE_4K))))
		n++;
	change_one(s, space,
		   &(struct xenvgpu_bind){.operation = XENVGPU_BIND_UNMAP,
					  .page_shift = (uint8_t)shift,
					  .va = WINDOW + (uint64_t)first * HV_PAGE_SIZE,
					  .size = (uint64_t)n * HV_PAGE_SIZE},
		   NULL);
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
	change_one(s, space,
		   &(struct xenvgpu_bind){.operation = XENVGPU_BIND_RELEASE,
					  .page_shift = (uint8_t)shift,
					  .va = WINDOW + (uint64_t)first * HV_PAGE_SIZE,
					  .size = (uint64_t)n * HV_PAGE_SIZE},
		   NULL);
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

/* ---------------------------------------------------------------- channels */

static inline struct userd_page *userd_page(struct seat *s, hv_gref_t ref)
{
	struct userd_page *free_one = NULL;

	for (unsigned int i = 0; i < 2; i++) {
		struct userd_page *p = &s->userd[i];

		if (p->map.va && p->map.ref == ref)
			return p;
		if (!p->map.va)
			free_one = p;
	}
	MUST(free_one, "a third page for USERDs");
	free_one->map =
		(struct hv_grant_map){.dom = seat_backend(&s->g), .ref = ref, .flags = HV_MAP_HOST};
	guest_enter(&s->g);
	MUST(!hv_grant_map(&free_one->map, 1) && !free_one->map.status, "USERD page %u", ref);
	guest_leave();
	return free_one;
}

static inline void userd_unmap(struct seat *s, struct userd_page *p)
{
	if (!p->map.va)
		return;
	guest_enter(&s->g);
	MUST(!hv_grant_unmap(&p->map, 1), "USERD page");
	guest_leave();
	memset(p, 0, sizeof(*p));
}

static inline struct seat_channel *any_channel(struct seat *s, bool running)
{
	unsigned int from = below(CHANNELS);

	for (unsigned int i = 0; i < CHANNELS; i++) {
		struct seat_channel *c = &s->channel[(from + i) % CHANNELS];

		if (c->live && !(running && c->stopped))
			return c;
	}
	return NULL;
}

static inline void ring_bind(struct seat *s, const struct seat_channel *c, bool map)
{
	struct xenvgpu_bind b = {.operation = map ? XENVGPU_BIND_MAP : XENVGPU_BIND_UNMAP,
				 .page_shift = XENVGPU_PAGE_4K,
				 .handle = map ? c->ring : 0,
				 .va = ring_va(s, c),
				 .size = RING_PAGES * HV_PAGE_SIZE};
	struct xenvgpu_request req = guest_bind_request(&s->g, s->space[c->space].handle, &b, 1);
	struct xenvgpu_response rsp;

	expect(s, &req, &rsp, 0);
}

static inline void free_handle(struct seat *s, uint32_t handle, uint64_t may)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_FREE);
	struct xenvgpu_response rsp;

	req.op.mem_free.handle = handle;
	expect(s, &req, &rsp, may);
}

static inline void drop_ring(struct seat *s, struct seat_channel *c)
{
	ring_bind(s, c, false);
	free_handle(s, c->ring, 0);
	pool_give(s, c->first, RING_PAGES);
}

static inline void make_channel(struct seat *s, struct seat_space *space)
{
	struct seat_channel *c = s->channel;
	unsigned int live = 0;
	struct xenvgpu_request req;
	struct xenvgpu_response rsp;
	struct push p;
	int first;

	while (c < s->channel + CHANNELS && c->live)
		c++;
	first = c < s->channel + CHANNELS ? pool_take(s, RING_PAGES) : -1;
	if (first < 0)
		return;
	memset(c, 0, sizeof(*c));
	c->first = (unsigned int)first;
	c->space = (unsigned int)(space - s->space);
	memset(pool_at(s, c->first), 0, RING_PAGES * HV_PAGE_SIZE);
	import(s, c->first, RING_PAGES, 0, 0, &c->ring);
	ring_bind(s, c, true);
	req = guest_channel_request(space->handle, CE_CLASS, ring_va(s, c) + HV_PAGE_SIZE);
	req.op.channel_create.entries = ENTRIES;
	for (unsigned int i = 0; i < CHANNELS; i++)
		live += s->channel[i].live;
	if (expect(s, &req, &rsp, live < s->share.channels ? 0 : MAY(XEN_ENOSPC))) {
		drop_ring(s, c);
		return;
	}
	c->live = true;
	c->number = rsp.op.channel_create.channel;
	c->userd = rsp.op.channel_create.userd_offset;
	MUST(c->number < XENVGPU_MAX_CHANNELS && c->userd % XENVGPU_USERD_SIZE == 0, "channel %u",
	     c->number);
	for (struct seat_channel *o = s->channel; o < s->channel + CHANNELS; o++)
		MUST(o == c || !o->live || o->number != c->number, "channel %u twice", c->number);
	c->page = userd_page(s, rsp.op.channel_create.userd_gref);
	c->page->users++;
	space->channels++;
	settle(s);
	p = batch(s, c);
	push_set_object(&p, PUSH_COPY_SUBCHANNEL, CE_CLASS);
	submit(s, c, &p);
}

/* Perhaps in the midst of what it does. */
static inline void end_channel(struct seat *s, struct seat_channel *c)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_CHANNEL_DESTROY);
	bool cut = s->flight == c - s->channel;
	struct xenvgpu_response rsp;
	uint32_t written = s->written;

	req.op.channel_destroy.channel = c->number;
	expect(s, &req, &rsp, 0);
	take_events(s); /* written before the answer, if at all */
	if (cut) {
		run.cut++;
		s->flight = -1;
		write_anew(s, written);
	}
	if (below(4) == 0)
		free_handle(s, c->ring, MAY(XEN_EBUSY));
	drop_ring(s, c);
	s->space[c->space].channels--;
	if (!--c->page->users && below(2))
		userd_unmap(s, c->page);
	memset(c, 0, sizeof(*c));
}

#endif /* TESTS_STRESS_SEQUENCE_STEPS_H */
