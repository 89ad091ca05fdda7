/* SPDX-License-Identifier: MIT */
/*
 * nodes.c - a slice in xenstore (see nodes.h for the layout).
 *
 * Permissions are those that libxl__device_generic_add() gives (tools/libs/light/libxl_device.c).
 * Each change is one transaction, so neither end ever sees half of it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nodes.h"
#include "spec.h"

#define POLICY "/xvgpu"
#define DOM0   0
#define CLOSED 6 /* XenbusStateClosed: xen/include/public/io/xenbus.h */

/* Large enough for every path below: numbers have at most ten digits. */
#define PATH 96

struct paths {
	char front[PATH], back[PATH], policy[PATH], copy[PATH];
};

static struct paths paths_of(unsigned int back, unsigned int front, unsigned int index)
{
	struct paths p;

	snprintf(p.front, PATH, "/local/domain/%u/device/vgpu/%u", front, index);
	snprintf(p.back, PATH, "/local/domain/%u/backend/vgpu/%u/%u", back, front, index);
	snprintf(p.policy, PATH, POLICY "/%u/%u/%u", back, front, index);
	snprintf(p.copy, PATH, "/libxl/%u/device/vgpu/%u", front, index);
	return p;
}

/* ---------------------------------------------------------------- the trusted copy */

static const char *const plug_names[] = {
	[XVGPU_OUT] = "out", [XVGPU_IN] = "in", [XVGPU_DETACHED] = "detached"};

static const char *doorbell_name(const struct xvgpu_slice *s)
{
	return s->direct ? "direct" : "mediated";
}

static int read_copy(struct xs_handle *xs, struct xvgpu_slice *s)
{
	char dir[PATH], plug[16], doorbell[16];
	uint64_t back, weight;

	snprintf(dir, sizeof(dir), "/libxl/%u/device/vgpu/%u", s->front, s->index);
	if (xvgpu_xs_read(xs, XBT_NULL, plug, sizeof(plug), "%s/plug", dir) ||
	    xvgpu_xs_read(xs, XBT_NULL, s->backend, sizeof(s->backend), "%s/backend-name", dir) ||
	    xvgpu_xs_read(xs, XBT_NULL, s->profile, sizeof(s->profile), "%s/profile", dir) ||
	    xvgpu_xs_read_u64(xs, XBT_NULL, UINT64_MAX, &s->vram, "%s/vram", dir) ||
	    xvgpu_xs_read_u64(xs, XBT_NULL, XVGPU_WEIGHT_MAX, &weight, "%s/weight", dir) ||
	    xvgpu_xs_read_u64(xs, XBT_NULL, XVGPU_DOMID_LIMIT - 1, &back, "%s/backend-id", dir))
		return -EINVAL;
	s->back = (unsigned int)back;
	s->weight = (uint32_t)weight;
	xvgpu_xs_read(xs, XBT_NULL, doorbell, sizeof(doorbell), "%s/doorbell", dir);
	s->direct = !strcmp(doorbell, "direct");
	for (int i = 0; i < 3; i++) {
		s->plug = (enum xvgpu_plug)i;
		if (!strcmp(plug, plug_names[i]))
			return 0;
	}
	return -EINVAL;
}

int xvgpu_copies(struct xs_handle *xs, unsigned int front, unsigned int ids[XVGPU_MAX_DEVICES])
{
	return xvgpu_xs_ids(xs, XBT_NULL, XVGPU_MAX_DEVICES, ids, XVGPU_MAX_DEVICES,
			    "/libxl/%u/device/vgpu", front);
}

int xvgpu_slices(struct xs_handle *xs, unsigned int front,
		 struct xvgpu_slice slices[XVGPU_MAX_DEVICES])
{
	unsigned int ids[XVGPU_MAX_DEVICES];
	int n = 0, num = xvgpu_copies(xs, front, ids);

	for (int i = 0; i < num; i++) {
		memset(&slices[n], 0, sizeof(slices[n]));
		slices[n].front = front;
		slices[n].index = ids[i];
		if (read_copy(xs, &slices[n]) == 0)
			n++;
	}
	return n;
}

/* ---------------------------------------------------------------- plugging in */

/* One node to write: what xvgpu_xs_put() takes. */
struct node {
	struct xvgpu_perms perms;
	const char *dir, *key, *value;
};

static int put_all(struct xs_handle *xs, xs_transaction_t t, const struct node *nodes, size_t n)
{
	int rc = 0;

	for (size_t i = 0; i < n && !rc; i++)
		rc = xvgpu_xs_put(xs, t, nodes[i].perms, nodes[i].dir, nodes[i].key,
				  nodes[i].value);
	return rc;
}

static int plug_one(struct xs_handle *xs, xs_transaction_t t, const struct xvgpu_slice *s)
{
	const struct xvgpu_perms only_dom0 = {DOM0, DOM0}, policy = {DOM0, s->back};
	const struct xvgpu_perms back = {s->back, s->front}, front = {s->front, s->back};
	char of_back[PATH], of_front[PATH], backs[PATH];
	char back_id[16], front_id[16], vram[24], weight[16], channels[16], imports[16], frame[24];
	struct paths p = paths_of(s->back, s->front, s->index);
	int rc;

	snprintf(of_back, PATH, POLICY "/%u", s->back);
	snprintf(of_front, PATH, POLICY "/%u/%u", s->back, s->front);
	snprintf(backs, PATH, "/local/domain/%u/backend/vgpu", s->back);
	snprintf(back_id, sizeof(back_id), "%u", s->back);
	snprintf(front_id, sizeof(front_id), "%u", s->front);
	snprintf(vram, sizeof(vram), "%" PRIu64, s->vram);
	snprintf(weight, sizeof(weight), "%" PRIu32, s->weight);
	snprintf(channels, sizeof(channels), "%" PRIu32, s->channels);
	snprintf(imports, sizeof(imports), "%" PRIu32, s->imports);
	snprintf(frame, sizeof(frame), "%" PRIu64, s->frame);

	const struct node nodes[] = {
		{policy, of_back, "", NULL},
		{policy, of_front, "", NULL},
		{policy, p.policy, "", NULL},
		{policy, p.policy, "profile", s->profile},
		{policy, p.policy, "vram", vram},
		{policy, p.policy, "weight", weight},
		{policy, p.policy, "channels", channels},
		{policy, p.policy, "engines", s->engines},
		{policy, p.policy, "imports", imports},
		{policy, p.policy, "doorbell", doorbell_name(s)},

		{{s->back, s->back}, backs, "", NULL},
		{back, p.back, "", NULL},
		{back, p.back, "frontend", p.front},
		{back, p.back, "frontend-id", front_id},
		{back, p.back, "online", "1"},
		{back, p.back, "state", "1"},

		{front, p.front, "", NULL},
		{front, p.front, "backend", p.back},
		{front, p.front, "backend-id", back_id},
		{front, p.front, "state", "1"},

		{only_dom0, p.copy, "", NULL},
		{only_dom0, p.copy, "frontend", p.front},
		{only_dom0, p.copy, "backend", p.back},
		{only_dom0, p.copy, "backend-id", back_id},
		{only_dom0, p.copy, "backend-name", s->backend},
		{only_dom0, p.copy, "profile", s->profile},
		{only_dom0, p.copy, "vram", vram},
		{only_dom0, p.copy, "weight", weight},
		{only_dom0, p.copy, "doorbell", doorbell_name(s)},
		{only_dom0, p.copy, "plug", plug_names[XVGPU_IN]},

		/* Only of those that have the page: it stays the last. */
		{front, p.front, "doorbell-frame", frame},
	};
	const size_t n = sizeof(nodes) / sizeof(nodes[0]) - (s->frame ? 0 : 1);

	/* Whatever a predecessor or the guest left there must not mix with the new device. */
	rc = xvgpu_xs_remove(xs, t, p.policy);
	if (!rc)
		rc = xvgpu_xs_remove(xs, t, p.back);
	if (!rc)
		rc = xvgpu_xs_remove(xs, t, p.front);
	return rc ? rc : put_all(xs, t, nodes, n);
}

struct plug_in {
	const struct xvgpu_slice *slices;
	int n;
	const char *guest, *missing;
};

static bool is_named(struct xs_handle *xs, xs_transaction_t t, unsigned int domid, const char *name)
{
	char text[XVGPU_NAME_MAX];

	return xvgpu_xs_read(xs, t, text, sizeof(text), "/local/domain/%u/name", domid) == 0 &&
	       !strcmp(text, name);
}

static int plug_in_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	struct plug_in *in = arg;
	int rc = xvgpu_xs_put(xs, t, (struct xvgpu_perms){DOM0, DOM0}, POLICY, "", NULL);

	for (int i = 0; i < in->n && !rc; i++) {
		/* A domain that has gone meanwhile must not get a folder anew. */
		if (!is_named(xs, t, in->slices[i].front, in->guest)) {
			in->missing = in->guest;
			return -ENODEV;
		}
		if (!is_named(xs, t, in->slices[i].back, in->slices[i].backend)) {
			in->missing = in->slices[i].backend;
			return -ENODEV;
		}
		rc = plug_one(xs, t, &in->slices[i]);
	}
	return rc;
}

int xvgpu_plug_in(struct xs_handle *xs, const struct xvgpu_slice *slices, int n, const char *guest,
		  struct xvgpu_err *err)
{
	struct plug_in in = {.slices = slices, .n = n, .guest = guest};
	int rc = xvgpu_xs_transaction(xs, plug_in_tx, &in);

	if (in.missing && rc == -ENODEV)
		return xvgpu_fail(err, rc, "%s: the domain has gone", in.missing);
	if (rc)
		return xvgpu_fail(err, rc, "%s: cannot write xenstore nodes: %s", guest,
				  strerror(-rc));
	return 0;
}

/* ---------------------------------------------------------------- doorbell pages */

#define PAGE_KEY "doorbell-page"

struct note {
	unsigned int front, index;
	const char *guest;
	const struct xvgpu_page *page;
};

static int note_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	const struct xvgpu_perms only_dom0 = {DOM0, DOM0};
	const struct note *note = arg;
	char text[64];
	struct paths p = paths_of(0, note->front, note->index);
	int rc;

	if (!is_named(xs, t, note->front, note->guest))
		return -ENODEV;
	snprintf(text, sizeof(text), "%" PRIu64 " %" PRIu64 " %u", note->page->gfn, note->page->mfn,
		 note->page->back);
	rc = xvgpu_xs_put(xs, t, only_dom0, p.copy, "", NULL);
	return rc ? rc : xvgpu_xs_put(xs, t, only_dom0, p.copy, PAGE_KEY, text);
}

int xvgpu_page_note(struct xs_handle *xs, unsigned int front, unsigned int index, const char *guest,
		    const struct xvgpu_page *page)
{
	struct note note = {.front = front, .index = index, .guest = guest, .page = page};

	return xvgpu_xs_transaction(xs, note_tx, &note);
}

int xvgpu_page_read(struct xs_handle *xs, unsigned int front, unsigned int index,
		    struct xvgpu_page *page)
{
	struct paths p = paths_of(0, front, index);
	char text[64];
	int rc = xvgpu_xs_read(xs, XBT_NULL, text, sizeof(text), "%s/" PAGE_KEY, p.copy);

	if (rc)
		return rc;
	return sscanf(text, "%" SCNu64 " %" SCNu64 " %u", &page->gfn, &page->mfn, &page->back) == 3
		       ? 0
		       : -EINVAL;
}

static int forget_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	const struct paths *p = arg;
	char path[PATH + 16];
	int rc;

	snprintf(path, sizeof(path), "%s/" PAGE_KEY, p->copy);
	rc = xvgpu_xs_remove(xs, t, path);
	/* The note may have been there before the rest of the copy, which then never came. */
	if (!rc && xvgpu_xs_exists(xs, t, "%s", p->copy) && !xvgpu_xs_children(xs, t, p->copy))
		rc = xvgpu_xs_remove(xs, t, p->copy);
	return rc;
}

int xvgpu_page_forget(struct xs_handle *xs, unsigned int front, unsigned int index)
{
	struct paths p = paths_of(0, front, index);

	return xvgpu_xs_transaction(xs, forget_tx, &p);
}

/* ---------------------------------------------------------------- plugging out */

/* Removes path and then its parent if that is empty. */
static int remove_leaf(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
	char parent[PATH];
	int rc = xvgpu_xs_remove(xs, t, path);

	if (rc)
		return rc;
	xvgpu_print(parent, sizeof(parent), "%.*s", (int)(strrchr(path, '/') - path), path);
	if (xvgpu_xs_exists(xs, t, "%s", parent) && xvgpu_xs_children(xs, t, parent) == 0)
		return xvgpu_xs_remove(xs, t, parent);
	return 0;
}

struct plug_out {
	const struct xvgpu_slice *slice;
	enum xvgpu_plug then;
};

static int plug_out_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	struct plug_out *out = arg;
	const struct xvgpu_slice *s = out->slice;
	struct paths p = paths_of(s->back, s->front, s->index);
	int rc;

	rc = remove_leaf(xs, t, p.front);
	if (!rc)
		rc = remove_leaf(xs, t, p.back);
	if (!rc)
		rc = remove_leaf(xs, t, p.policy);
	if (!rc && xvgpu_xs_exists(xs, t, "%s", p.copy))
		rc = xvgpu_xs_put(xs, t, (struct xvgpu_perms){DOM0, DOM0}, p.copy, "plug",
				  plug_names[out->then]);
	return rc;
}

int xvgpu_plug_out(struct xs_handle *xs, const struct xvgpu_slice *slice, enum xvgpu_plug then)
{
	struct plug_out out = {.slice = slice, .then = then};

	return xvgpu_xs_transaction(xs, plug_out_tx, &out);
}

static int close_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	const struct paths *p = arg;
	char path[PATH + 8];

	/* Written over what is there, so that owner and permissions stay as they are. */
	snprintf(path, sizeof(path), "%s/online", p->back);
	if (xvgpu_xs_exists(xs, t, "%s", path) && !xs_write(xs, t, path, "0", 1))
		return errno ? -errno : -EIO;
	return 0;
}

int xvgpu_close(struct xs_handle *xs, unsigned int back, unsigned int front, unsigned int index)
{
	struct paths p = paths_of(back, front, index);

	return xvgpu_xs_transaction(xs, close_tx, &p);
}

bool xvgpu_closed(struct xs_handle *xs, unsigned int back, unsigned int front, unsigned int index)
{
	struct paths p = paths_of(back, front, index);
	uint64_t state;
	int rc;

	rc = xvgpu_xs_read_u64(xs, XBT_NULL, 8, &state, "%s/state", p.back);
	return rc == -ENOENT || (rc == 0 && state == CLOSED);
}

static int remove_back_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	const struct paths *p = arg;
	int rc = remove_leaf(xs, t, p->back);

	return rc ? rc : remove_leaf(xs, t, p->policy);
}

int xvgpu_remove_back(struct xs_handle *xs, unsigned int back, unsigned int front,
		      unsigned int index)
{
	struct paths p = paths_of(back, front, index);

	return xvgpu_xs_transaction(xs, remove_back_tx, &p);
}

/* ---------------------------------------------------------------- driver domains */

/* A number of a policy; what is not there, or none, counts as `most`. */
static uint32_t policy_number(struct xs_handle *xs, unsigned int back, const struct xvgpu_policy *p,
			      const char *key, uint32_t most)
{
	uint64_t n;

	return xvgpu_xs_read_u64(xs, XBT_NULL, most, &n, POLICY "/%u/%u/%u/%s", back, p->front,
				 p->index, key)
		       ? most
		       : (uint32_t)n;
}

int xvgpu_policies(struct xs_handle *xs, unsigned int back, struct xvgpu_policy *policies, int max)
{
	unsigned int fronts[1024], indices[XVGPU_MAX_DEVICES];
	int n = 0,
	    num = xvgpu_xs_ids(xs, XBT_NULL, XVGPU_DOMID_LIMIT, fronts, 1024, POLICY "/%u", back);

	for (int f = 0; f < num; f++) {
		int devices = xvgpu_xs_ids(xs, XBT_NULL, XVGPU_MAX_DEVICES, indices,
					   XVGPU_MAX_DEVICES, POLICY "/%u/%u", back, fronts[f]);

		for (int i = 0; i < devices && n < max; i++) {
			struct xvgpu_policy *p = &policies[n++];

			*p = (struct xvgpu_policy){.front = fronts[f], .index = indices[i]};
			if (xvgpu_xs_read_u64(xs, XBT_NULL, UINT64_MAX, &p->vram,
					      POLICY "/%u/%u/%u/vram", back, p->front, p->index))
				p->vram = 0;
			p->channels = policy_number(xs, back, p, "channels", XVGPU_MAX_CHANNELS);
			p->imports = policy_number(xs, back, p, "imports", XVGPU_MAX_IMPORTS);
		}
	}
	return n;
}

struct mark {
	unsigned int back;
	const char *name;
};

static int mark_tx(struct xs_handle *xs, xs_transaction_t t, void *arg)
{
	const struct mark *m = arg;
	char policies[PATH], backs[PATH];

	if (!is_named(xs, t, m->back, m->name))
		return -ENODEV;
	snprintf(policies, PATH, POLICY "/%u", m->back);
	snprintf(backs, PATH, "/local/domain/%u/backend/vgpu", m->back);

	const struct node nodes[] = {
		{{DOM0, DOM0}, POLICY, "", NULL},
		{{DOM0, m->back}, policies, "", NULL},
		{{DOM0, m->back}, policies, "gpudom", m->name},
		{{m->back, m->back}, backs, "", NULL},
	};
	return put_all(xs, t, nodes, sizeof(nodes) / sizeof(nodes[0]));
}

int xvgpu_mark(struct xs_handle *xs, unsigned int back, const char *name)
{
	struct mark m = {.back = back, .name = name};
	char there[XVGPU_NAME_MAX];

	if (xvgpu_mark_read(xs, back, there) == 0 && !strcmp(there, name))
		return 0;
	return xvgpu_xs_transaction(xs, mark_tx, &m);
}

int xvgpu_mark_read(struct xs_handle *xs, unsigned int back, char name[XVGPU_NAME_MAX])
{
	return xvgpu_xs_read(xs, XBT_NULL, name, XVGPU_NAME_MAX, POLICY "/%u/gpudom", back)
		       ? -ENOENT
		       : 0;
}

int xvgpu_mark_remove(struct xs_handle *xs, unsigned int back)
{
	char path[PATH];

	snprintf(path, sizeof(path), POLICY "/%u", back);
	return xvgpu_xs_remove(xs, XBT_NULL, path);
}

int xvgpu_marked(struct xs_handle *xs, unsigned int *backs, int max)
{
	return xvgpu_xs_ids(xs, XBT_NULL, XVGPU_DOMID_LIMIT, backs, max, POLICY);
}
