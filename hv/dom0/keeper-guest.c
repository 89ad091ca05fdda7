/* SPDX-License-Identifier: MIT */
/*
 * keeper-guest.c - keeps guests' slices plugged in, and drops what gone guests left (see keeper.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admit.h"
#include "doorbell.h"
#include "keeper.h"

/* ---------------------------------------------------------------- notes */

/*
 * The note of a slice, or NULL when all are taken (then waits are skipped and messages repeat, no
 * more). back is 0 for notes about a guest's slice and the driver domain for notes about orphans.
 */
static struct xvgpu_note *note_of(struct xvgpu_keeper *k, unsigned int back, unsigned int front,
				  unsigned int index)
{
	struct xvgpu_note *spare = NULL;

	for (int i = 0; i < XVGPU_MAX_NOTES; i++) {
		struct xvgpu_note *n = &k->note[i];

		if (n->kind == XVGPU_NOTE_FREE) {
			if (!spare)
				spare = n;
		} else if (n->front == front && n->index == index && n->back == back) {
			n->used = true;
			return n;
		}
	}
	if (spare) {
		memset(spare, 0, sizeof(*spare));
		spare->front = front;
		spare->index = index;
		spare->back = back;
		spare->used = true;
	}
	return spare;
}

/* Says something once: not again as long as it stays the same. */
static __attribute__((format(printf, 2, 3))) void complain(struct xvgpu_note *note, const char *fmt,
							   ...)
{
	char text[sizeof(note->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (note && note->kind == XVGPU_NOTE_REFUSED && !strcmp(note->text, text))
		return;
	xvgpu_say("%s", text);
	if (note) {
		note->kind = XVGPU_NOTE_REFUSED;
		memcpy(note->text, text, sizeof(text));
	}
}

/* ---------------------------------------------------------------- slices of living guests */

static void plug_out(struct xvgpu_keeper *k, const struct xvgpu_domain *dom, struct xvgpu_slice *s)
{
	struct xvgpu_note *note = note_of(k, 0, s->front, s->index);
	int rc = xvgpu_unplug(k->xs, s, XVGPU_OUT);

	if (rc) {
		xvgpu_say("%s: cannot remove slice %u: %s", dom->name, s->index, strerror(-rc));
		xvgpu_keeper_wake(k, k->now + 1000);
		return;
	}
	xvgpu_say("%s: slice %u is out: %s (domain %u) has gone", dom->name, s->index, s->backend,
		  s->back);
	s->plug = XVGPU_OUT;
	if (note) {
		note->kind = XVGPU_NOTE_OUT;
		note->when = k->now;
	}
}

static void plug_in(struct xvgpu_keeper *k, const struct xvgpu_domain *dom,
		    const struct xvgpu_spec *spec)
{
	unsigned int index = (unsigned int)spec->slot;
	struct xvgpu_note *note = note_of(k, 0, dom->domid, index);
	struct xvgpu_driver_state *d = xvgpu_keeper_driver(k, spec->backend);
	struct xvgpu_slice slice;
	struct xvgpu_err err;
	int at, rc;

	if (note && note->kind == XVGPU_NOTE_OUT && k->now - note->when < XVGPU_REPLUG_GAP) {
		xvgpu_keeper_wake(k, note->when + XVGPU_REPLUG_GAP);
		return;
	}
	/* A driver domain that is about to serve will wake us: no use in trying until then. */
	if (d && !d->running) {
		rc = xvgpu_fail(&err, -ENODEV, "backend=%s: does not serve now", spec->backend);
	} else {
		rc = xvgpu_admit(k->xs, &k->domains, &k->profiles, spec, 1, &slice, &at, &err);
		if (!rc) {
			slice.front = dom->domid;
			rc = xvgpu_plug(k->xs, dom, &slice, 1, &err);
		}
	}
	if (!rc) {
		xvgpu_say("%s: slice %u is in: domain %u, backend %s (domain %u)", dom->name,
			  slice.index, slice.front, slice.backend, slice.back);
		if (note)
			note->kind = XVGPU_NOTE_FREE;
	} else {
		complain(note, "%s: slice %u waits: %s", dom->name, index, err.text);
	}
}

/* Whether the driver domain that a slice is plugged into is still the one it was. */
static bool back_is_there(struct xvgpu_keeper *k, const struct xvgpu_slice *s)
{
	const struct xvgpu_domain *dom = xvgpu_domain_by_id(&k->domains, s->back);

	/* Without a name it is being made or ended: not the time to decide. */
	return dom && (!dom->name[0] || !strcmp(dom->name, s->backend));
}

/* Whether the page that a guest's slice has is one that it should have. */
static bool page_is_wanted(struct xvgpu_keeper *k, unsigned int front, unsigned int index,
			   unsigned int back)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
	int n = xvgpu_slices(k->xs, front, slices);

	for (int i = 0; i < n; i++)
		if (slices[i].index == index)
			return slices[i].plug == XVGPU_IN && slices[i].direct &&
			       slices[i].back == back && back_is_there(k, &slices[i]);
	return false;
}

static void keep_page(struct xvgpu_keeper *k, const struct xvgpu_domain *dom, unsigned int index)
{
	struct xvgpu_page page;
	int rc = xvgpu_page_read(k->xs, dom->domid, index, &page);

	if (rc == -ENOENT || (rc == 0 && page_is_wanted(k, dom->domid, index, page.back)))
		return;
	if (!rc)
		rc = xvgpu_doorbell_take(k->xs, dom->domid, index);
	if (!rc) {
		xvgpu_say("%s: the doorbell page of slice %u is taken back", dom->name, index);
		return;
	}
	xvgpu_say("%s: cannot take back the doorbell page of slice %u: %s", dom->name, index,
		  strerror(-rc));
	k->pages_left = true;
	xvgpu_keeper_wake(k, k->now + 1000);
}

void xvgpu_keep_pages(struct xvgpu_keeper *k)
{
	unsigned int ids[XVGPU_MAX_DEVICES];

	k->pages_left = false;
	for (int i = 0; i < k->domains.n; i++) {
		int n = xvgpu_copies(k->xs, k->domains.list[i].domid, ids);

		for (int j = 0; j < n; j++)
			keep_page(k, &k->domains.list[i], ids[j]);
	}
}

static void keep_guest(struct xvgpu_keeper *k, const struct xvgpu_domain *dom,
		       const struct xvgpu_guest *guest)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
	struct xvgpu_spec specs[XVGPU_MAX_DEVICES];
	struct xvgpu_err err;
	uint32_t known = 0;
	int n = xvgpu_slices(k->xs, dom->domid, slices);

	for (int i = 0; i < n; i++) {
		struct xvgpu_slice *s = &slices[i];

		known |= 1u << s->index;
		if (s->plug == XVGPU_IN && !back_is_there(k, s))
			plug_out(k, dom, s);
		if (s->plug == XVGPU_OUT && !dom->shutdown) {
			struct xvgpu_spec spec = {.vram = s->vram,
						  .weight = s->weight,
						  .direct = s->direct,
						  .slot = (int)s->index};

			memcpy(spec.backend, s->backend, sizeof(spec.backend));
			memcpy(spec.profile, s->profile, sizeof(spec.profile));
			plug_in(k, dom, &spec);
		}
	}
	if (!guest || dom->shutdown)
		return;
	memcpy(specs, guest->specs, sizeof(specs));
	if (xvgpu_spec_slots(specs, guest->n, 0, &err)) /* it was checked when it was recorded */
		return;
	for (int i = 0; i < guest->n; i++)
		if (!(known & 1u << specs[i].slot))
			plug_in(k, dom, &specs[i]);
}

static bool matches(const struct xvgpu_guest *guest, const struct xvgpu_domain *dom)
{
	return !guest->uuid[0] || !strcmp(guest->uuid, dom->uuid);
}

void xvgpu_keep_guests(struct xvgpu_keeper *k)
{
	for (int i = 0; i < k->domains.n; i++) {
		const struct xvgpu_domain *dom = &k->domains.list[i];
		struct xvgpu_record record;
		struct xvgpu_err err;
		int rc;

		if (!dom->name[0] || xvgpu_keeper_driver(k, dom->name))
			continue;
		rc = xvgpu_record_read(dom->name, &record, &err);
		if (rc && rc != -ENOENT)
			complain(note_of(k, 0, dom->domid, XVGPU_MAX_DEVICES), "%s: %s", dom->name,
				 err.text);
		keep_guest(k, dom, rc == 0 && matches(&record.guest, dom) ? &record.guest : NULL);
	}
}

/* ---------------------------------------------------------------- what gone guests left */

/* Whether policy (back, front, index) belongs to a slice that is plugged in there. */
static bool is_wanted(struct xvgpu_keeper *k, unsigned int back, const struct xvgpu_policy *p)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
	int n;

	if (!xvgpu_domain_by_id(&k->domains, p->front))
		return false;
	n = xvgpu_slices(k->xs, p->front, slices);
	for (int i = 0; i < n; i++)
		if (slices[i].index == p->index)
			return slices[i].plug == XVGPU_IN && slices[i].back == back;
	return false;
}

static void drop_orphan(struct xvgpu_keeper *k, unsigned int back, const struct xvgpu_policy *p)
{
	struct xvgpu_note *note = NULL;
	bool closed = true;
	int rc = 0;

	if (xvgpu_domain_by_id(&k->domains, back)) {
		note = note_of(k, back, p->front, p->index);
		if (note && note->kind != XVGPU_NOTE_CLOSING) {
			note->kind = XVGPU_NOTE_CLOSING;
			note->when = k->now;
			rc = xvgpu_close(k->xs, back, p->front, p->index);
		}
		closed = xvgpu_closed(k->xs, back, p->front, p->index);
		if (!rc && !closed && note && k->now - note->when < XVGPU_CLOSE_TIME) {
			xvgpu_keeper_wake(k, k->now + XVGPU_CLOSE_LOOK);
			return;
		}
	}
	rc = xvgpu_remove_back(k->xs, back, p->front, p->index);
	if (rc) {
		xvgpu_say("domain %u: cannot remove slice %u of domain %u: %s", back, p->index,
			  p->front, strerror(-rc));
		xvgpu_keeper_wake(k, k->now + 1000);
		return;
	}
	xvgpu_say("domain %u: left-over slice %u of domain %u removed%s", back, p->index, p->front,
		  closed ? "" : " although it did not close in time");
	xvgpu_keeper_wake(k, k->now + XVGPU_CLOSE_LOOK); /* somebody may wait for its room */
	if (note)
		note->kind = XVGPU_NOTE_FREE;
}

/* Backend folders without a policy: nobody's. */
static void drop_folders(struct xvgpu_keeper *k, unsigned int back)
{
	unsigned int fronts[256];
	char path[96];
	int n = xvgpu_xs_ids(k->xs, XBT_NULL, XVGPU_DOMID_LIMIT, fronts, 256,
			     "/local/domain/%u/backend/vgpu", back);

	for (int i = 0; i < n; i++) {
		if (xvgpu_xs_exists(k->xs, XBT_NULL, "/xvgpu/%u/%u", back, fronts[i]))
			continue;
		xvgpu_print(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u", back,
			    fronts[i]);
		xvgpu_xs_remove(k->xs, XBT_NULL, path);
	}
}

void xvgpu_keep_orphans(struct xvgpu_keeper *k)
{
	struct xvgpu_policy policies[4 * XVGPU_MAX_SLICES];
	unsigned int backs[256];
	int n = xvgpu_marked(k->xs, backs, 256);

	for (int b = 0; b < n; b++) {
		int num = xvgpu_policies(k->xs, backs[b], policies, 4 * XVGPU_MAX_SLICES);
		struct xvgpu_driver_state *d = NULL;
		char name[XVGPU_NAME_MAX];

		for (int i = 0; i < num; i++)
			if (!is_wanted(k, backs[b], &policies[i]))
				drop_orphan(k, backs[b], &policies[i]);
		if (xvgpu_domain_by_id(&k->domains, backs[b])) {
			drop_folders(k, backs[b]);
			continue;
		}
		/* A dead domain's mark is what tells a new daemon to start it again: it stays until
		 * that is done, or is not to be done. */
		if (xvgpu_mark_read(k->xs, backs[b], name) == 0)
			d = xvgpu_keeper_driver(k, name);
		if (!d || d->domid || d->phase == XVGPU_STOPPED)
			xvgpu_mark_remove(k->xs, backs[b]);
	}
}

/* ---------------------------------------------------------------- records of gone guests */

static struct xvgpu_missing *missing_of(struct xvgpu_keeper *k, const char *name)
{
	struct xvgpu_missing *m;

	for (int i = 0; i < k->n_missing; i++)
		if (!strcmp(k->missing[i].name, name))
			return &k->missing[i];
	if (k->n_missing == XVGPU_MAX_RECORDS)
		return NULL;
	m = &k->missing[k->n_missing++];
	memset(m, 0, sizeof(*m));
	xvgpu_print(m->name, sizeof(m->name), "%s", name);
	return m;
}

static void keep_record(struct xvgpu_keeper *k, const char *name)
{
	const struct xvgpu_domain *dom = xvgpu_domain_by_name(&k->domains, name);
	struct xvgpu_record record;
	struct xvgpu_missing *m;
	struct xvgpu_err err;

	if (xvgpu_record_read(name, &record, &err) || !record.for_life)
		return;
	m = missing_of(k, name);
	if (!m)
		return;
	m->listed = true;
	if (dom && matches(&record.guest, dom)) {
		m->since = 0;
		return;
	}
	if (!m->since)
		m->since = k->now;
	if (k->now - m->since < XVGPU_FORGET) {
		xvgpu_keeper_wake(k, m->since + XVGPU_FORGET);
		return;
	}
	m->listed = false;
	if (xvgpu_record_remove(name, &err))
		xvgpu_say("%s", err.text);
}

void xvgpu_keep_records(struct xvgpu_keeper *k)
{
	char(*names)[XVGPU_NAME_MAX] = calloc(XVGPU_MAX_RECORDS, sizeof(*names));
	int n = names ? xvgpu_record_names("guests", names, XVGPU_MAX_RECORDS) : 0;

	for (int i = 0; i < k->n_missing; i++)
		k->missing[i].listed = false;
	for (int i = 0; i < n; i++)
		keep_record(k, names[i]);
	free(names);
	for (int i = 0; i < k->n_missing;) {
		if (k->missing[i].listed)
			i++;
		else
			k->missing[i] = k->missing[--k->n_missing];
	}
}
