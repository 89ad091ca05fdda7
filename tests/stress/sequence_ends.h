/* SPDX-License-Identifier: MIT */
/*
 * sequence_ends.h - how guests of sequence_guest.h come and go: in good order, unplugged, dead, and in the midst of
 * anything.
 */
#ifndef TESTS_STRESS_SEQUENCE_ENDS_H
#define TESTS_STRESS_SEQUENCE_ENDS_H

#include "tests/stress/sequence_submit.h"

static struct bed bed;

/* ---------------------------------------------------------------- connections */

static inline void usage(const struct seat *s, struct hosted_usage *now)
{
	hosted_usage(bed.h, s->g.dom, now);
}

static inline void *granted(unsigned int pages, unsigned int flags, hv_gref_t *refs)
{
	uint8_t *va = hv_pages_alloc(pages);

	MUST(va, "%u pages", pages);
	for (unsigned int i = 0; i < pages; i++)
		MUST(!hv_grant_give(bed.gpudom, va + (size_t)i * HV_PAGE_SIZE, flags, &refs[i]),
		     "a grant");
	return va;
}

static inline void be_born(struct seat *s)
{
	struct hosted_usage now;

	memset(s, 0, sizeof(*s));
	s->flight = -1;
	guest_new(&bed, &s->g);
	hosted_enter(bed.h, s->g.dom);
	s->pool = granted(POOL, 0, s->ref);
	s->list = granted(1, HV_GRANT_RO, &s->list_ref);
	hosted_leave();
	usage(s, &now);
	s->idle_pages = now.pages;
	s->idle_grants = now.grants;
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

static inline void connect_guest(struct seat *s)
{
	if (!s->g.dom)
		be_born(s);
	if (!s->plugged) {
		s->share = shares[below(6) == 0];
		guest_plug(&s->g, s->share.quota);
		s->plugged = true;
		s->faults = 0;
	}
	await_state(s, XenbusStateInitWait);
	guest_new_port(&s->g);
	guest_offer(&s->g);
	guest_state(&s->g, XenbusStateInitialised);
	await_state(s, XenbusStateConnected);
	guest_state(&s->g, XenbusStateConnected);
	s->connected = true;
	if (below(3) == 0)
		show_large(s);
}

/* In good order, whatever is under way; nothing of the guest's is anybody's then. */
static inline void close_guest(struct seat *s)
{
	struct hosted_usage now;

	guest_write(&s->g, "state", XenbusStateClosing);
	if (below(2))
		await_state(s, XenbusStateClosing);
	guest_write(&s->g, "state", XenbusStateClosed);
	await_state(s, XenbusStateClosed);
	usage(s, &now);
	MUST(!now.grants_mapped, "%u of its pages are still mapped", now.grants_mapped);
	MUST(now.pages == s->idle_pages && now.grants == s->idle_grants, "%u pages, %u grants",
	     now.pages, now.grants);
	forget_connection(s);
	run.ends++;
}

static inline void unplug_guest(struct seat *s)
{
	guest_unplug(&s->g);
	s->plugged = false;
	hosted_run(bed.h, below(40));
	forget_connection(s);
	run.ends++;
}

/* What the toolstack makes for a domain, and not for one of its devices. */
static inline void forget_directories(hv_domid_t dom)
{
	char path[64];

	snprintf(path, sizeof(path), "/xvgpu/%u/%u", bed.gpudom, dom);
	hosted_xs_rm(hosted_xs_of(bed.h), 0, HV_XS_NONE, path);
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u", bed.gpudom, dom);
	hosted_xs_rm(hosted_xs_of(bed.h), 0, HV_XS_NONE, path);
}

static inline void kill_guest(struct seat *s)
{
	bool unplugged_first = below(2);

	if (unplugged_first && s->plugged)
		guest_unplug(&s->g);
	if (below(2))
		hosted_run(bed.h, below(20));
	hosted_domain_destroy(bed.h, s->g.dom);
	if (below(2))
		hosted_run(bed.h, below(20));
	if (!unplugged_first && s->plugged)
		guest_unplug(&s->g);
	forget_directories(s->g.dom);
	memset(s->userd, 0, sizeof(s->userd)); /* the maps died with it */
	forget_connection(s);
	memset(s, 0, sizeof(*s));
	run.deaths++;
}

static inline void reconnect_guest(struct seat *s)
{
	close_guest(s);
	guest_state(&s->g, XenbusStateInitialising);
	connect_guest(s);
}

static inline void end_somehow(struct seat *s)
{
	switch (below(4)) {
	case 0:
		kill_guest(s);
		break;
	case 1:
		unplug_guest(s);
		break;
	case 2:
		close_guest(s);
		unplug_guest(s);
		break;
	default:
		reconnect_guest(s);
		break;
	}
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

/* The end comes while much is under way. */
static inline void end_in_the_midst(struct seat *s)
{
	static const enum hosted_fail unlucky[] = {HOSTED_FAIL_PAGES, HOSTED_FAIL_GRANT_GIVE,
						   HOSTED_FAIL_GRANT_MAP, HOSTED_FAIL_GRANT_COPY};

	if (below(2))
		submit_some(s, any_channel(s, true));
	for (unsigned int n = below(XENVGPU_RING_SLOTS - 4); n; n--) {
		struct xenvgpu_request req = any_request(s);

		req.id = s->g.id++;
		guest_put(&s->g, &req);
	}
	if (below(2)) /* and the driver domain has no luck */
		hosted_fail_nth(bed.h, bed.gpudom, unlucky[below(4)], 1 + below(6));
	guest_push(&s->g);
	hosted_run(bed.h, below(60));
	for (unsigned int i = 0; i < 4; i++)
		hosted_fail_nth(bed.h, bed.gpudom, unlucky[i], 0);
	end_somehow(s);
}

#endif /* TESTS_STRESS_SEQUENCE_ENDS_H */
