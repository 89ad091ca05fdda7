/* SPDX-License-Identifier: MIT */
/*
 * sequence_ends.h - how guests of sequence_guest.h come and go: in good order, unplugged, dead, and in the midst of
 * anything.
 */
#ifndef TESTS_STRESS_SEQUENCE_ENDS_H
#define TESTS_STRESS_SEQUENCE_ENDS_H

#include "tests/unit/vgpu_bed.h"
#include "tests/stress/sequence_life.h"

static struct bed bed;

/* ---------------------------------------------------------------- the machine, for sequence_guest.h */

static inline int seat_wait(struct guest *g, bool (*over)(void *arg), void *arg)
{
	return hosted_run_until(g->bed->h, over, arg, ANSWER_IN);
}

static inline hv_domid_t seat_backend(const struct guest *g)
{
	return g->bed->gpudom;
}

static inline void seat_failed(const char *text)
{
	fprintf(stderr, "%s\n", text);
	abort();
}

struct waits_for_state {
	struct guest *g;
	enum xenbus_state state;
};

static inline bool in_state(void *arg)
{
	struct waits_for_state *w = arg;

	return back_state(w->g) == w->state;
}

static inline void await_state(struct seat *s, enum xenbus_state state)
{
	struct waits_for_state w = {&s->g, state};
	int ret = hosted_run_until(s->g.bed->h, in_state, &w, ANSWER_IN);

	MUST(!ret, "%d, the back is in state %d instead of %d", ret, back_state(&s->g), state);
}

/* ---------------------------------------------------------------- connections */

static inline void usage(const struct seat *s, struct hosted_usage *now)
{
	hosted_usage(bed.h, s->g.dom, now);
}

static inline void seat_check_mapped(struct seat *s, unsigned int mapped)
{
	struct hosted_usage now;

	usage(s, &now);
	MUST(now.grants_mapped == mapped, "%u of its pages are mapped, not %u", now.grants_mapped,
	     mapped);
}

static inline void be_born(struct seat *s)
{
	struct hosted_usage now;

	memset(s, 0, sizeof(*s));
	s->flight = -1;
	guest_new(&bed, &s->g);
	hosted_enter(bed.h, s->g.dom);
	s->pool = granted(s, POOL, 0, s->ref);
	s->list = granted(s, 1, HV_GRANT_RO, &s->list_ref);
	hosted_leave();
	usage(s, &now);
	s->idle_pages = now.pages;
	s->idle_grants = now.grants;
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

/* The end comes while much is under way. */
static inline void end_in_the_midst(struct seat *s)
{
	static const enum hosted_fail unlucky[] = {HOSTED_FAIL_PAGES, HOSTED_FAIL_GRANT_GIVE,
						   HOSTED_FAIL_GRANT_MAP, HOSTED_FAIL_GRANT_COPY};

	ask_for_much(s);
	if (below(2)) /* and the driver domain has no luck */
		hosted_fail_nth(bed.h, bed.gpudom, unlucky[below(4)], 1 + below(6));
	guest_push(&s->g);
	hosted_run(bed.h, below(60));
	for (unsigned int i = 0; i < 4; i++)
		hosted_fail_nth(bed.h, bed.gpudom, unlucky[i], 0);
	end_somehow(s);
}

static inline void seat_end(struct seat *s)
{
	static void (*const ends[])(struct seat *) = {reconnect_guest, unplug_guest, kill_guest,
						      end_in_the_midst, end_in_the_midst};

	ends[below(5)](s);
}

#endif /* TESTS_STRESS_SEQUENCE_ENDS_H */
