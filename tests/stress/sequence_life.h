/* SPDX-License-Identifier: MIT */
/*
 * sequence_life.h - what a guest of sequence_guest.h does next, until it takes all of it down.
 */
#ifndef TESTS_STRESS_SEQUENCE_LIFE_H
#define TESTS_STRESS_SEQUENCE_LIFE_H

#include "tests/stress/sequence_submit.h"

/* ---------------------------------------------------------------- steps */

/* What the slice holds, as its guest and Xen see it. */
static inline void look(struct seat *s)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_INFO);
	const struct object *o = &s->object[below(OBJECTS)];
	struct xenvgpu_response rsp;
	unsigned int mapped = 2; /* ring and event page */

	settle(s);
	if (o->handle)
		check_object(s, o);
	expect(s, &req, &rsp, 0);
	MUST(rsp.op.info.vram_size == s->share.quota &&
		     rsp.op.info.vram_free == s->share.quota - vram_used(s),
	     "%#" PRIx64 " bytes are free, not %#" PRIx64, rsp.op.info.vram_free,
	     s->share.quota - vram_used(s));
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle && s->object[i].guest_pages)
			mapped += (unsigned int)(s->object[i].size / HV_PAGE_SIZE);
	}
	for (unsigned int i = 0; i < CHANNELS; i++)
		mapped += s->channel[i].live ? RING_PAGES : 0;
	seat_check_mapped(s, mapped);
}

/* The next thing in the life of an object. */
static inline void object_step(struct seat *s, struct object *o)
{
	struct seat_space *space = any_space(s);

	if (!space) {
		make_space(s);
		return;
	}
	if (!o->handle) {
		if (below(3))
			alloc_object(s, (uint64_t)(below(20) ? 1 + below(SMALL) : LARGE) * UNIT);
		else
			import_object(s);
		return;
	}
	if (!o->shown && (!o->submitted || below(4) == 0)) {
		settle(s);
		map_object(s, space, o);
	} else if (!o->shown) {
		settle(s);
		free_object(s, o);
	} else if (!o->submitted || below(2)) {
		if (!channel_in(s, space))
			make_channel(s, space);
		submit_some(s, channel_in(s, space));
	} else {
		settle(s);
		unmap_object(s, o, below(4) != 0);
	}
}

static inline void object_any(struct seat *s)
{
	object_step(s, &s->object[below(OBJECTS)]);
}

static inline void write_any(struct seat *s)
{
	struct object *o = &s->object[below(OBJECTS)];

	settle(s);
	if (o->handle)
		write_object(s, o);
}

static inline void free_any(struct seat *s)
{
	struct object *o = &s->object[below(OBJECTS)];

	settle(s);
	if (o->handle)
		free_object(s, o);
}

static inline void change_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space)
		random_changes(s, space);
}

static inline void release_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space)
		release_stretch(s, space);
}

static inline void space_any(struct seat *s)
{
	struct seat_space *space = any_space(s);

	settle(s);
	if (space && below(3) == 0)
		end_space(s, space);
	else
		make_space(s);
}

static inline void channel_any(struct seat *s)
{
	struct seat_space *space = any_space(s);
	struct seat_channel *c = any_channel(s, false);

	if (below(2) && space) {
		make_channel(s, space);
	} else if (c) {
		if (below(2) && !c->stopped)
			submit_some(s, c);
		end_channel(s, c);
	}
}

/* A stopped channel does nothing, however often it is rung. */
static inline void ring_stopped(struct seat *s)
{
	for (unsigned int i = 0; i < CHANNELS; i++) {
		if (s->channel[i].live && s->channel[i].stopped)
			guest_bell(&s->g, s->channel[i].number);
	}
}

static const struct {
	const char *name;
	unsigned int weight;
	void (*fn)(struct seat *s);
} steps[] = {
	{"an object", 760, object_any}, {"random changes", 70, change_any},
	{"a release", 25, release_any}, {"a write", 20, write_any},
	{"a free", 20, free_any},	{"a space", 20, space_any},
	{"a channel", 40, channel_any}, {"a fault", 12, submit_fault},
	{"taking away", 12, pull},	{"a wrong request", 40, refused_request},
	{"looking", 20, look},		{"ringing", 6, ring_stopped},
	{"an end", 10, seat_end},
};

/* One step of a connected guest. */
static inline void next_step(struct seat *s)
{
	unsigned int total = 0, i, choice;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
		total += steps[i].weight;
	choice = below(total);
	for (i = 0; choice >= steps[i].weight; i++)
		choice -= steps[i].weight;
	run.doing = steps[i].name;
	take_events(s);
	steps[i].fn(s);
}

/* ---------------------------------------------------------------- the end of all of it */

/* The guest itself takes everything down, one by one. */
static inline void tidy(struct seat *s)
{
	struct seat_channel *c;

	settle(s);
	for (unsigned int i = 0; i < OBJECTS; i++) {
		if (s->object[i].handle)
			unmap_object(s, &s->object[i], true);
		MUST(!s->object[i].shown, "%u cells", s->object[i].shown);
		if (s->object[i].handle)
			free_object(s, &s->object[i]);
	}
	while ((c = any_channel(s, false)))
		end_channel(s, c);
	for (unsigned int i = 0; i < SPACES; i++) {
		if (s->space[i].handle)
			end_space(s, &s->space[i]);
	}
	look(s);
}

/* Pages that the back may map, for the guest's whole life. */
static inline void *granted(struct seat *s, unsigned int pages, unsigned int flags, hv_gref_t *refs)
{
	uint8_t *va = hv_pages_alloc(pages);

	MUST(va, "%u pages", pages);
	for (unsigned int i = 0; i < pages; i++)
		MUST(!hv_grant_give(seat_backend(&s->g), va + (size_t)i * HV_PAGE_SIZE, flags,
				    &refs[i]),
		     "a grant");
	return va;
}

static inline void forget_connection(struct seat *s)
{
	for (unsigned int i = 0; i < SPACES; i++)
		forget_space(s, &s->space[i]);
	for (unsigned int i = 0; i < OBJECTS; i++)
		drop_object(s, &s->object[i]);
	memset(s->channel, 0, sizeof(s->channel));
	memset(s->used, 0, sizeof(s->used));
	for (unsigned int i = 0; i < 2; i++) {
		s->userd[i].users = 0;
		if (below(2))
			userd_unmap(s, &s->userd[i]);
	}
	s->flight = -1;
	s->written = 0;
	s->event = 0;
	s->stale = 0;
	s->had_space = false;
	s->connected = false;
}

/* At the start of a slice memory lies so that pages of 2 MiB can show it, if the slice does. */
static inline void show_large(struct seat *s)
{
	struct xenvgpu_bind b = bed_map(0, XENVGPU_PAGE_2M, WINDOW, LARGE * UNIT, 0);

	alloc_object(s, LARGE * UNIT);
	make_space(s);
	b.handle = s->object[0].handle;
	change_one(s, &s->space[0], &b, &s->object[0]);
}

/* A request that may be right, of which nobody waits for the answer. */
static inline struct xenvgpu_request any_request(struct seat *s)
{
	static const uint8_t operations[] = {
		XENVGPU_OP_MEM_ALLOC,	 XENVGPU_OP_MEM_FREE,	    XENVGPU_OP_MEM_WRITE,
		XENVGPU_OP_MEM_READ,	 XENVGPU_OP_MEM_IMPORT,	    XENVGPU_OP_SPACE_CREATE,
		XENVGPU_OP_BIND,	 XENVGPU_OP_CHANNEL_CREATE, XENVGPU_OP_CHANNEL_DESTROY,
		XENVGPU_OP_SPACE_DESTROY};
	struct xenvgpu_request req = bed_request(operations[below(10)]);
	const struct object *o = &s->object[below(OBJECTS)];
	const struct seat_space *space = &s->space[below(SPACES)];
	const struct seat_channel *c = &s->channel[below(CHANNELS)];
	struct xenvgpu_bind b;
	struct object *shown;

	switch (req.operation) {
	case XENVGPU_OP_MEM_ALLOC:
		req.op.mem_alloc.size = (1 + below(LARGE)) * UNIT;
		break;
	case XENVGPU_OP_MEM_FREE:
		req.op.mem_free.handle = o->handle;
		break;
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		return guest_copy_request(&s->g, req.operation, o->handle, 0, UNIT);
	case XENVGPU_OP_MEM_IMPORT:
		req.op.mem_import.gref_directory = s->list_ref;
		req.op.mem_import.pages = 1 + below(POOL);
		memcpy(s->list->gref, s->ref, sizeof(s->ref));
		break;
	case XENVGPU_OP_SPACE_DESTROY:
		req.op.space_destroy.space = space->handle;
		break;
	case XENVGPU_OP_BIND:
		b = any_change(s, &shown);
		return guest_bind_request(&s->g, space->handle, &b, 1);
	case XENVGPU_OP_CHANNEL_CREATE:
		return guest_channel_request(space->handle, CE_CLASS, RINGS);
	case XENVGPU_OP_CHANNEL_DESTROY:
		req.op.channel_destroy.channel = c->number;
		break;
	default:
		break;
	}
	return req;
}

/* Much is under way, and nobody waits for it. */
static inline void ask_for_much(struct seat *s)
{
	if (below(2))
		submit_some(s, any_channel(s, true));
	for (unsigned int n = below(XENVGPU_RING_SLOTS - 4); n; n--) {
		struct xenvgpu_request req = any_request(s);

		req.id = s->g.id++;
		guest_put(&s->g, &req);
	}
}

#endif /* TESTS_STRESS_SEQUENCE_LIFE_H */
