/* SPDX-License-Identifier: MIT */
/*
 * xs_watch.c - watches and the events that wait for delivery (xenstored_watch.c).
 *
 * A change is told to every connection that may read the node or its parent and watches it, or
 * anything above it. An event that waits already is not queued twice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/xs_internal.h"

static void queue(struct xs_dom *d, const struct xs_watch *w, const char *path)
{
	struct xs_event *e;
	size_t len;

	if (w->relative) {
		/* Below the domain's home, as it named the path itself. */
		path += strlen("/local/domain/");
		path += strspn(path, "0123456789");
		path += *path == '/';
	}
	for (e = d->event; e; e = e->next) {
		if (path[0] != '@' && e->token == w->token && !strcmp(e->path, path))
			return;
	}
	len = strlen(path) + 1;
	e = hosted_zalloc(1, sizeof(*e) + len);
	e->token = w->token;
	memcpy(e->path, path, len);
	*d->event_last = e;
	d->event_last = &e->next;
	d->nevents++;
}

static bool at_or_below(const char *path, const char *top)
{
	size_t len = strlen(top);

	if (!strcmp(top, "/"))
		return true;
	return !strncmp(path, top, len) && (path[len] == '/' || !path[len]);
}

/* The node itself or its parent is readable, or was before its permissions changed. */
static bool may_see(struct hosted_xs *xs, const struct xs_dom *d, const char *path,
		    const struct xs_node *node, const struct xs_perm *old, unsigned int nold)
{
	const struct xs_node *n;
	char *parent;

	if (old && (xs_perm_for(d, old, nold) & XS_READ))
		return true;
	n = node ? node : xs_tree_find(xs, path);
	if (!n)
		return false;
	if (xs_perm_for(d, n->perms, n->nperms) & XS_READ)
		return true;
	parent = xs_parent(path);
	n = xs_tree_find(xs, parent);
	free(parent);
	return n && (xs_perm_for(d, n->perms, n->nperms) & XS_READ);
}

void xs_fire(const struct xs_call *c, const char *path, const struct xs_node *node, bool exact,
	     const struct xs_perm *old, unsigned int nold)
{
	if (c->tx) {
		struct xs_access *a = xs_tx_access(c->tx, path);

		a->exact = a->fire ? a->exact && exact : exact;
		a->fire = true;
		return;
	}
	for (struct xs_dom *d = c->xs->doms; d; d = d->next) {
		if (!d->watch || !may_see(c->xs, d, path, node, old, nold))
			continue;
		for (struct xs_watch *w = d->watch; w; w = w->next) {
			if (exact ? !strcmp(path, w->path) : at_or_below(path, w->path))
				queue(d, w, path);
		}
	}
}

void hosted_xs_special(struct hosted_xs *xs, const char *name)
{
	unsigned int *nperms;
	struct xs_perm **perms = xs_special(xs, name, &nperms);

	for (struct xs_dom *d = xs->doms; d; d = d->next) {
		if (!(xs_perm_for(d, *perms, *nperms) & XS_READ))
			continue;
		for (struct xs_watch *w = d->watch; w; w = w->next) {
			if (!strcmp(name, w->path))
				queue(d, w, name);
		}
	}
}

/* ---------------------------------------------------------------- watch, unwatch, events */

/* Which path a watch is really on; to be freed. NULL: refused. */
static char *watched(const struct xs_dom *d, const char *path)
{
	char *abs;

	if (path[0] == '@')
		return strlen(path) > HOSTED_XS_REL_MAX ? NULL : xs_dup(path, strlen(path));
	abs = xs_absolute(d, path);
	if (abs && !xs_valid_path(abs)) {
		free(abs);
		abs = NULL;
	}
	return abs;
}

static struct xs_watch **find(struct xs_dom *d, const char *abs, uint32_t token)
{
	struct xs_watch **p = &d->watch;

	while (*p && ((*p)->token != token || strcmp((*p)->path, abs) != 0))
		p = &(*p)->next;
	return p;
}

int hosted_xs_watch(struct hosted_xs *xs, hv_domid_t dom, const char *path, uint32_t token)
{
	struct xs_dom *d = xs_dom_find(xs, dom);
	struct xs_watch *w;
	char *abs;
	int ret = 0;

	if (!d)
		return -EIO;
	abs = watched(d, path);
	if (!abs)
		return -EINVAL;
	if (*find(d, abs, token))
		ret = -EEXIST;
	else if (!xs_privileged(d) && d->watches > HOSTED_XS_WATCHES)
		ret = -E2BIG;
	if (ret) {
		free(abs);
		return ret;
	}
	w = hosted_zalloc(1, sizeof(*w));
	w->path = abs;
	w->token = token;
	w->relative = path[0] != '/' && path[0] != '@';
	*d->watch_last = w;
	d->watch_last = &w->next;
	d->watches++;
	queue(d, w, abs); /* once up front, readable or not */
	return 0;
}

int hosted_xs_unwatch(struct hosted_xs *xs, hv_domid_t dom, const char *path, uint32_t token)
{
	struct xs_dom *d = xs_dom_find(xs, dom);
	struct xs_watch **p, *w;
	char *abs;

	if (!d)
		return -EIO;
	abs = path[0] == '@' ? xs_dup(path, strlen(path)) : xs_absolute(d, path);
	if (!abs)
		return -EINVAL;
	p = find(d, abs, token);
	free(abs);
	w = *p;
	if (!w)
		return -ENOENT;
	*p = w->next;
	if (!w->next)
		d->watch_last = p;
	d->watches--;
	free(w->path);
	free(w);
	return 0;
}

bool hosted_xs_event(struct hosted_xs *xs, hv_domid_t dom, uint32_t *token,
		     char path[HV_XS_PATH_MAX])
{
	struct xs_dom *d = xs_dom_find(xs, dom);
	struct xs_event *e = d ? d->event : NULL;

	if (!e)
		return false;
	d->event = e->next;
	if (!d->event)
		d->event_last = &d->event;
	d->nevents--;
	*token = e->token;
	snprintf(path, HV_XS_PATH_MAX, "%s", e->path);
	free(e);
	return true;
}

unsigned int hosted_xs_events(struct hosted_xs *xs, hv_domid_t dom)
{
	struct xs_dom *d = xs_dom_find(xs, dom);

	return d ? d->nevents : 0;
}

void xs_watch_drop_all(struct xs_dom *d)
{
	while (d->watch) {
		struct xs_watch *w = d->watch;

		d->watch = w->next;
		free(w->path);
		free(w);
	}
	d->watch_last = &d->watch;
	d->watches = 0;
	while (d->event) {
		struct xs_event *e = d->event;

		d->event = e->next;
		free(e);
	}
	d->event_last = &d->event;
	d->nevents = 0;
}
