/* SPDX-License-Identifier: MIT */
/*
 * sequence_objects.h - the steps with memory that a guest of sequence_guest.h takes: its own pages imported, VRAM
 * allocated, either written, compared with the bytes that it must hold, and freed.
 */
#ifndef TESTS_STRESS_SEQUENCE_OBJECTS_H
#define TESTS_STRESS_SEQUENCE_OBJECTS_H

#include "tests/stress/sequence_guest.h"

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

#endif /* TESTS_STRESS_SEQUENCE_OBJECTS_H */
