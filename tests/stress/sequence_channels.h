/* SPDX-License-Identifier: MIT */
/*
 * sequence_channels.h - the steps with channels that a guest of sequence_guest.h takes: made, with a ring that their
 * space shows and a USERD that the back end grants, and ended, perhaps in the midst of their work.
 */
#ifndef TESTS_STRESS_SEQUENCE_CHANNELS_H
#define TESTS_STRESS_SEQUENCE_CHANNELS_H

#include "tests/stress/sequence_objects.h"

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

#endif /* TESTS_STRESS_SEQUENCE_CHANNELS_H */
