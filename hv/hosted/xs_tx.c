/* SPDX-License-Identifier: MIT */
/*
 * xs_tx.c - reading and changing nodes, in a transaction or directly.
 *
 * A transaction keeps its own copy of every node it touched, from the moment it first did, with the
 * node's generation at that time. It commits only if none of them has another generation by then
 * (xenstored_transaction.c); since a node's child list is part of it, making or removing a sibling
 * counts as interference too.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/xs_internal.h"

struct xs_tx *xs_tx_find(struct xs_dom *d, hv_xs_tx id)
{
	for (struct xs_tx *t = d->tx; t; t = t->next) {
		if (t->id == id)
			return t;
	}
	return NULL;
}

struct xs_access *xs_tx_access(struct xs_tx *tx, const char *path)
{
	for (struct xs_access *a = tx->first; a; a = a->next) {
		if (!strcmp(a->path, path))
			return a;
	}
	return NULL;
}

/* The transaction touches a node for the first time. */
static struct xs_access *touch(const struct xs_call *c, const char *path)
{
	struct xs_node *n = xs_tree_find(c->xs, path);
	struct xs_access *a;

	if (c->tx->touched >= HOSTED_XS_TX_NODES && !xs_privileged(c->dom)) {
		c->tx->failed = true;
		return NULL;
	}
	c->tx->touched++;
	a = hosted_zalloc(1, sizeof(*a));
	a->path = xs_dup(path, strlen(path));
	a->gen = n ? n->gen : XS_GEN_NONE;
	if (n) {
		a->node = xs_node_copy(n);
		a->old_perms = xs_dup(n->perms, n->nperms * sizeof(*n->perms));
		a->nold = n->nperms;
	}
	*c->tx->last = a;
	c->tx->last = &a->next;
	return a;
}

int xs_get(const struct xs_call *c, const char *path, struct xs_node **out)
{
	const struct xs_node *n;

	*out = NULL;
	if (c->tx) {
		struct xs_access *a = xs_tx_access(c->tx, path);

		if (!a)
			a = touch(c, path);
		if (!a)
			return -ENOSPC;
		n = a->node;
	} else {
		n = xs_tree_find(c->xs, path);
	}
	if (!n)
		return -ENOENT;
	*out = xs_node_copy(n);
	return 0;
}

void xs_put(const struct xs_call *c, struct xs_node *n)
{
	struct xs_access *a;

	n->gen = ++c->xs->gen;
	if (!c->tx) {
		xs_tree_put(c->xs, n);
		return;
	}
	a = xs_tx_access(c->tx, n->path); /* was read before: every write looks first */
	xs_node_free(a->node);
	a->node = n;
	a->modified = true;
}

void xs_del(const struct xs_call *c, const char *path)
{
	struct xs_access *a;

	++c->xs->gen;
	if (!c->tx) {
		xs_tree_del(c->xs, path);
		return;
	}
	a = xs_tx_access(c->tx, path);
	xs_node_free(a->node);
	a->node = NULL;
	a->modified = true;
}

void xs_owned(const struct xs_call *c, hv_domid_t dom, int by)
{
	struct xs_dom *d = xs_dom_find(c->xs, dom);
	struct xs_change *ch;

	if (!c->tx) {
		if (d)
			d->nodes += by;
		return;
	}
	for (ch = c->tx->changes; ch; ch = ch->next) {
		if (ch->dom == dom)
			break;
	}
	if (!ch) {
		ch = hosted_zalloc(1, sizeof(*ch));
		ch->dom = dom;
		ch->next = c->tx->changes;
		c->tx->changes = ch;
	}
	ch->nodes += by;
}

/* ---------------------------------------------------------------- begin, end */

static void tx_free(struct xs_tx *tx)
{
	while (tx->first) {
		struct xs_access *a = tx->first;

		tx->first = a->next;
		xs_node_free(a->node);
		free(a->old_perms);
		free(a->path);
		free(a);
	}
	while (tx->changes) {
		struct xs_change *ch = tx->changes;

		tx->changes = ch->next;
		free(ch);
	}
	free(tx);
}

void xs_tx_drop_all(struct xs_dom *d)
{
	while (d->tx) {
		struct xs_tx *tx = d->tx;

		d->tx = tx->next;
		tx_free(tx);
	}
	d->txs = 0;
}

int hosted_xs_tx_begin(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx *tx)
{
	struct xs_dom *d = xs_dom_find(xs, dom);
	struct xs_tx *t;

	if (!d)
		return -EIO;
	if (!xs_privileged(d) && d->txs > HOSTED_XS_TXS)
		return -ENOSPC;
	t = hosted_zalloc(1, sizeof(*t));
	do
		t->id = d->next_tx++;
	while (!t->id || xs_tx_find(d, t->id));
	t->last = &t->first;
	t->next = d->tx;
	d->tx = t;
	d->txs++;
	xs->gen++;
	*tx = t->id;
	return 0;
}

/* What would stand in the way of a commit. */
static int check(struct hosted_xs *xs, const struct xs_dom *d, const struct xs_tx *tx)
{
	if (tx->failed)
		return -ENOMEM;
	for (const struct xs_change *ch = tx->changes; ch; ch = ch->next) {
		const struct xs_dom *owner = xs_dom_find(xs, ch->dom);

		if (!owner)
			return -ENOMEM;
		if (tx->created && !xs_privileged(d) && !xs_privileged(owner) &&
		    owner->nodes + ch->nodes >= HOSTED_XS_NODES)
			return -ENOSPC;
	}
	for (const struct xs_access *a = tx->first; a; a = a->next) {
		const struct xs_node *n = xs_tree_find(xs, a->path);

		if (a->gen != (n ? n->gen : XS_GEN_NONE))
			return -EAGAIN;
	}
	return 0;
}

static void apply(struct hosted_xs *xs, struct xs_dom *d, struct xs_tx *tx)
{
	const struct xs_call direct = {.xs = xs, .dom = d};

	for (struct xs_access *a = tx->first; a; a = a->next) {
		if (!a->modified)
			continue;
		if (a->node)
			xs_put(&direct, a->node);
		else
			xs_del(&direct, a->path);
		a->node = NULL;
		if (a->fire)
			xs_fire(&direct, a->path, NULL, a->exact, a->old_perms, a->nold);
	}
	for (struct xs_change *ch = tx->changes; ch; ch = ch->next)
		xs_owned(&direct, ch->dom, ch->nodes);
}

int hosted_xs_tx_end(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, bool commit)
{
	struct xs_dom *d = xs_dom_find(xs, dom);
	struct xs_tx **p;
	struct xs_tx *t;
	int ret = 0;

	if (!d)
		return -EIO;
	for (p = &d->tx; *p && (*p)->id != tx; p = &(*p)->next)
		;
	t = *p;
	if (!t)
		return -ENOENT;
	*p = t->next;
	d->txs--;
	if (commit) {
		ret = check(xs, d, t);
		if (!ret)
			apply(xs, d, t);
	}
	tx_free(t);
	return ret;
}
