/* SPDX-License-Identifier: MIT */
/*
 * grant.c - the granter's side: offers, and what Xen remembers about those that are mapped.
 *
 * After xen/common/grant_table.c (stable-4.17), version 1 tables. An entry that is not mapped is what
 * the domain wrote into it. While it is mapped, Xen goes by what was mapped first (the active entry):
 * its mapper and its frame, whatever the domain writes into the table meanwhile.
 */
#include <errno.h>

#include "hv/hosted/internal.h"

#define NO_ENTRY UINT32_MAX

void hosted_grant_init(struct hosted_domain *d, uint32_t max_grants)
{
	d->grants_max = max_grants + HOSTED_GRANT_FIRST;
	d->grants = hosted_table(d->grants_max, sizeof(*d->grants));
	d->grants_fresh = HOSTED_GRANT_FIRST;
	d->grants_free = NO_ENTRY;
}

void hosted_grant_free(struct hosted_domain *d)
{
	hosted_table_free(d->grants, d->grants_max, sizeof(*d->grants));
	d->grants = NULL;
}

static bool mapped(const struct grant *g)
{
	return g->pins_ro || g->pins_rw;
}

static void clear_offer(struct hosted_domain *d, struct grant *g)
{
	if (g->flags)
		d->h->frames[g->frame].grants--;
	g->flags = 0;
}

static void set_offer(struct hosted_domain *d, struct grant *g, hv_domid_t to, uint32_t frame,
		      unsigned int flags)
{
	clear_offer(d, g);
	if (!(flags & HOSTED_GRANT_OFFERED))
		return;
	g->flags = flags;
	g->to = to;
	g->frame = frame;
	d->h->frames[frame].grants++;
}

/* ---------------------------------------------------------------- Xen's checks */

int hosted_grant_check(struct hosted_domain *d, hv_gref_t ref, hv_domid_t who, bool write,
		       uint32_t *frame)
{
	struct grant *g;

	if (ref >= d->grants_max)
		return -EINVAL; /* GNTST_bad_gntref */
	g = &d->grants[ref];
	if (mapped(g) && g->active_to != who)
		return -EACCES; /* GNTST_general_error, as all below */
	/* Mapped already with the rights asked for: the table is not looked at again. */
	if (mapped(g) && (!write || g->pins_rw)) {
		*frame = g->active_frame;
		return 0;
	}
	if (!mapped(g) && (!(g->flags & HOSTED_GRANT_OFFERED) || g->to != who))
		return -EACCES;
	if (write && (g->flags & HOSTED_GRANT_RO))
		return -EACCES;
	*frame = mapped(g) ? g->active_frame : g->frame;
	return 0;
}

void hosted_grant_pin(struct hosted_domain *d, hv_gref_t ref, hv_domid_t who, bool write,
		      uint32_t frame)
{
	struct grant *g = &d->grants[ref];

	g->active_to = who;
	g->active_frame = frame;
	if (write)
		g->pins_rw++;
	else
		g->pins_ro++;
}

void hosted_grant_unpin(struct hosted_domain *d, hv_gref_t ref, bool write)
{
	struct grant *g = &d->grants[ref];

	if (write)
		g->pins_rw--;
	else
		g->pins_ro--;
}

/* ---------------------------------------------------------------- hv.h */

int hv_grant_give(hv_domid_t to, void *page, unsigned int flags, hv_gref_t *out)
{
	struct hosted_domain *d = hosted_cur();
	uint32_t frame = hosted_frame_of(d, page);
	struct grant *g;
	hv_gref_t ref;

	if (frame == HOSTED_FRAME_NONE || (uintptr_t)page % HV_PAGE_SIZE || (flags & ~HV_GRANT_RO))
		hv_panic("%p is granted to domain %u, flags %#x: not a whole page of ours", page,
			 to, flags);
	if (hosted_fails(d, HOSTED_FAIL_GRANT_GIVE))
		return -ENOSPC;
	if (d->grants_free != NO_ENTRY) {
		ref = d->grants_free;
		d->grants_free = d->grants[ref].next_free;
	} else if (d->grants_fresh < d->grants_max) {
		ref = d->grants_fresh++;
	} else {
		return -ENOSPC;
	}
	g = &d->grants[ref];
	set_offer(d, g, to, frame,
		  HOSTED_GRANT_OFFERED | (flags & HV_GRANT_RO ? HOSTED_GRANT_RO : 0));
	g->given = true;
	d->grants_given++;
	*out = ref;
	return 0;
}

int hv_grant_end(hv_gref_t ref)
{
	struct hosted_domain *d = hosted_cur();
	struct grant *g;

	if (ref >= d->grants_fresh || !d->grants[ref].given)
		hv_panic("grant reference %u is ended, which was not given", ref);
	g = &d->grants[ref];
	if (mapped(g))
		return -EBUSY;
	clear_offer(d, g);
	g->given = false;
	g->next_free = d->grants_free;
	d->grants_free = ref;
	d->grants_given--;
	return 0;
}

unsigned int hv_grants_given(void)
{
	return hosted_cur()->grants_given;
}

/* ---------------------------------------------------------------- hostile guests */

int hosted_grant_poke(struct hosted *h, hv_domid_t dom, hv_gref_t ref, unsigned int flags,
		      hv_domid_t to, void *page)
{
	struct hosted_domain *d = hosted_find(h, dom);
	uint32_t frame;

	if (!d)
		return -ESRCH;
	if (ref >= d->grants_max)
		return -EINVAL;
	if (!(flags & HOSTED_GRANT_OFFERED)) {
		clear_offer(d, &d->grants[ref]);
		return 0;
	}
	frame = hosted_frame_of(d, page);
	if (frame == HOSTED_FRAME_NONE)
		return -EINVAL;
	set_offer(d, &d->grants[ref], to, frame, flags);
	return 0;
}
