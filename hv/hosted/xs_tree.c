/* SPDX-License-Identifier: MIT */
/*
 * xs_tree.c - the xenstore's nodes, by path, and the domains that own them.
 *
 * As in xenstored a node carries its own list of child names; the tree exists only in the paths.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/xs_internal.h"

#define RECORD_HEADER 24 /* sizeof(struct xs_tdb_record_hdr) */
#define RECORD_PERM   8	 /* sizeof(struct xs_permissions) */

void *xs_dup(const void *p, size_t len)
{
	void *q = hosted_zalloc(len + 1, 1);

	if (len)
		memcpy(q, p, len);
	return q;
}

char *xs_parent(const char *path)
{
	const char *slash = strrchr(path + 1, '/');

	return slash ? xs_dup(path, (size_t)(slash - path)) : xs_dup("/", 1);
}

const char *xs_basename(const char *path)
{
	return strrchr(path, '/') + 1;
}

char *xs_child(const char *path, const char *name)
{
	size_t size = strlen(path) + strlen(name) + 2;
	char *child = hosted_zalloc(size, 1);

	snprintf(child, size, "%s/%s", path[1] ? path : "", name);
	return child;
}

/* ---------------------------------------------------------------- one node */

struct xs_node *xs_node_new(const char *path, const struct xs_perm *perms, unsigned int nperms)
{
	struct xs_node *n = hosted_zalloc(1, sizeof(*n));

	n->path = xs_dup(path, strlen(path));
	xs_node_set_perms(n, perms, nperms);
	return n;
}

struct xs_node *xs_node_copy(const struct xs_node *n)
{
	struct xs_node *c = xs_node_new(n->path, n->perms, n->nperms);

	c->gen = n->gen;
	xs_node_set_data(c, n->data, n->len);
	c->children = xs_dup(n->children, n->childlen);
	c->childlen = n->childlen;
	return c;
}

void xs_node_free(struct xs_node *n)
{
	if (!n)
		return;
	free(n->path);
	free(n->perms);
	free(n->data);
	free(n->children);
	free(n);
}

void xs_node_set_data(struct xs_node *n, const void *data, size_t len)
{
	char *copy = xs_dup(data, len);

	free(n->data);
	n->data = copy;
	n->len = len;
}

void xs_node_set_perms(struct xs_node *n, const struct xs_perm *perms, unsigned int nperms)
{
	struct xs_perm *copy = xs_dup(perms, nperms * sizeof(*perms));

	free(n->perms);
	n->perms = copy;
	n->nperms = nperms;
}

void xs_node_add_child(struct xs_node *n, const char *name)
{
	size_t len = strlen(name) + 1;

	n->children = realloc(n->children, n->childlen + len);
	if (!n->children)
		hosted_misuse("the host has no memory");
	memcpy(n->children + n->childlen, name, len);
	n->childlen += len;
}

bool xs_node_del_child(struct xs_node *n, const char *name)
{
	for (size_t i = 0; i < n->childlen; i += strlen(n->children + i) + 1) {
		size_t len = strlen(name) + 1;

		if (strcmp(n->children + i, name) != 0)
			continue;
		memmove(n->children + i, n->children + i + len, n->childlen - i - len);
		n->childlen -= len;
		return true;
	}
	return false;
}

size_t xs_node_size(const struct xs_node *n)
{
	return RECORD_HEADER + (size_t)RECORD_PERM * n->nperms + n->len + n->childlen;
}

/* ---------------------------------------------------------------- all nodes */

static struct xs_node **slot_of(struct hosted_xs *xs, const char *path)
{
	struct xs_node **p;
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (const char *c = path; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 16777619u;
	p = &xs->buckets[hash % XS_BUCKETS];
	while (*p && strcmp((*p)->path, path) != 0)
		p = &(*p)->next;
	return p;
}

struct xs_node *xs_tree_find(struct hosted_xs *xs, const char *path)
{
	return *slot_of(xs, path);
}

void xs_tree_put(struct hosted_xs *xs, struct xs_node *n)
{
	struct xs_node **p = slot_of(xs, n->path);
	struct xs_node *old = *p;

	for (unsigned int i = 1; i < n->nperms; i++) {
		if (!xs_dom_find(xs, n->perms[i].dom))
			n->perms[i].ignored = true;
	}
	n->next = old ? old->next : NULL;
	*p = n;
	xs_node_free(old);
}

void xs_tree_del(struct hosted_xs *xs, const char *path)
{
	struct xs_node **p = slot_of(xs, path);
	struct xs_node *old = *p;

	if (!old)
		return;
	*p = old->next;
	xs_node_free(old);
}

/* ---------------------------------------------------------------- domains */

struct xs_dom *xs_dom_find(struct hosted_xs *xs, hv_domid_t dom)
{
	for (struct xs_dom *d = xs->doms; d; d = d->next) {
		if (d->id == dom)
			return d;
	}
	return NULL;
}

bool xs_privileged(const struct xs_dom *d)
{
	return !d || d->id == 0;
}

unsigned int xs_perm_for(const struct xs_dom *d, const struct xs_perm *perms, unsigned int nperms)
{
	if (xs_privileged(d) || perms[0].dom == d->id)
		return XS_READ | XS_WRITE | XS_OWNER;
	for (unsigned int i = 1; i < nperms; i++) {
		if (!perms[i].ignored && perms[i].dom == d->id)
			return perms[i].bits;
	}
	return perms[0].bits;
}

/* What xenstored starts with; all of it dom0's (setup_structure()). */
static void plant(struct hosted_xs *xs, const char *path, const char *child)
{
	const struct xs_perm dom0 = {.dom = 0};
	struct xs_node *n = xs_node_new(path, &dom0, 1);

	if (child)
		xs_node_add_child(n, child);
	xs_tree_put(xs, n);
}

struct hosted_xs *hosted_xs_new(void)
{
	struct hosted_xs *xs = hosted_zalloc(1, sizeof(*xs));

	for (unsigned int i = 0; i < 2; i++) {
		xs->special_perms[i] = hosted_zalloc(1, sizeof(struct xs_perm));
		xs->special_nperms[i] = 1;
	}
	plant(xs, "/", "tool");
	plant(xs, "/tool", "xenstored");
	plant(xs, "/tool/xenstored", NULL);
	return xs;
}

static void dom_free(struct xs_dom *d)
{
	xs_tx_drop_all(d);
	xs_watch_drop_all(d);
	free(d);
}

void hosted_xs_free(struct hosted_xs *xs)
{
	while (xs->doms) {
		struct xs_dom *d = xs->doms;

		xs->doms = d->next;
		dom_free(d);
	}
	for (unsigned int i = 0; i < XS_BUCKETS; i++) {
		while (xs->buckets[i]) {
			struct xs_node *n = xs->buckets[i];

			xs->buckets[i] = n->next;
			xs_node_free(n);
		}
	}
	for (unsigned int i = 0; i < 2; i++)
		free(xs->special_perms[i]);
	free(xs);
}

void hosted_xs_domain_add(struct hosted_xs *xs, hv_domid_t dom)
{
	struct xs_dom *d = hosted_zalloc(1, sizeof(*d));

	if (xs_dom_find(xs, dom))
		hosted_misuse("xenstore knows domain %u already", dom);
	d->id = dom;
	d->next_tx = 1;
	d->watch_last = &d->watch;
	d->event_last = &d->event;
	d->next = xs->doms;
	xs->doms = d;
}

/* Removes the topmost nodes owned by dom, with everything below (domain_tree_remove()). */
static void remove_owned(struct hosted_xs *xs, hv_domid_t dom, const char *path)
{
	const struct xs_call c = {.xs = xs};
	struct xs_node *n = xs_tree_find(xs, path);

	if (!n)
		return;
	if (n->perms[0].dom == dom) {
		xs_rm_tree(&c, path);
		return;
	}
	n = xs_node_copy(n); /* its children go while we walk them */
	for (size_t i = 0; i < n->childlen; i += strlen(n->children + i) + 1) {
		char *child = xs_child(path, n->children + i);

		remove_owned(xs, dom, child);
		free(child);
	}
	xs_node_free(n);
}

void hosted_xs_domain_del(struct hosted_xs *xs, hv_domid_t dom)
{
	struct xs_dom **p = &xs->doms;
	struct xs_dom *d;

	while (*p && (*p)->id != dom)
		p = &(*p)->next;
	d = *p;
	if (!d)
		return;
	xs_tx_drop_all(d);
	xs_watch_drop_all(d);
	if (d->nodes > 0)
		remove_owned(xs, dom, "/");
	for (unsigned int i = 0; i < 2; i++) {
		for (unsigned int j = 0; j < xs->special_nperms[i]; j++) {
			if (xs->special_perms[i][j].dom != dom)
				continue;
			if (j)
				xs->special_perms[i][j].ignored = true;
			else
				xs->special_perms[i][j].dom = 0;
		}
	}
	*p = d->next;
	dom_free(d);
	/* Entries that name it stay in nodes' permissions, void from now on. */
	for (unsigned int b = 0; b < XS_BUCKETS; b++) {
		for (struct xs_node *n = xs->buckets[b]; n; n = n->next) {
			for (unsigned int i = 1; i < n->nperms; i++)
				n->perms[i].ignored |= n->perms[i].dom == dom;
		}
	}
}

unsigned int hosted_xs_nodes_owned(struct hosted_xs *xs, hv_domid_t dom)
{
	struct xs_dom *d = xs_dom_find(xs, dom);

	return d && d->nodes > 0 ? (unsigned int)d->nodes : 0;
}

unsigned int hosted_xs_watches_set(struct hosted_xs *xs, hv_domid_t dom)
{
	struct xs_dom *d = xs_dom_find(xs, dom);

	return d ? d->watches : 0;
}
