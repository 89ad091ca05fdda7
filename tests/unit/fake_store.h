/* SPDX-License-Identifier: MIT */
/*
 * fake_store.h - a xenstore of a few nodes for unit tests: one domain's view, no permissions.
 *
 * It lets a test count writes, refuse or disturb transactions, fail calls and fire watches by hand.
 * To be included once, by the test's only C file. For a real store see hv/hosted/xs_*.c.
 */
#ifndef TESTS_UNIT_FAKE_STORE_H
#define TESTS_UNIT_FAKE_STORE_H

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/hv.h"

#define NODES 32

static struct node {
	char path[256];
	char value[256];
} nodes[NODES];
static unsigned int writes, open_txs, conflicts, watch_count;
static int watch_error, tx_error, write_error;
static struct hv_xs_watch *watched;

static struct node *find(const char *path)
{
	for (int i = 0; i < NODES; i++)
		if (nodes[i].path[0] && !strcmp(nodes[i].path, path))
			return &nodes[i];
	return NULL;
}

static void set(const char *path, const char *value)
{
	struct node *n = find(path);

	for (int i = 0; !n && i < NODES; i++)
		if (!nodes[i].path[0])
			n = &nodes[i];
	assert_non_null(n);
	snprintf(n->path, sizeof(n->path), "%s", path);
	snprintf(n->value, sizeof(n->value), "%s", value);
}

static inline void unset(const char *path)
{
	struct node *n = find(path);

	if (n)
		n->path[0] = 0;
}

static inline const char *get(const char *path)
{
	struct node *n = find(path);

	return n ? n->value : "(none)";
}

int hv_xs_read(hv_xs_tx tx, const char *path, char *buf, size_t size)
{
	struct node *n = find(path);

	(void)tx;
	if (!n)
		return -ENOENT;
	if (!strcmp(n->value, "(denied)"))
		return -EACCES;
	if (strlen(n->value) >= size)
		return -E2BIG;
	strcpy(buf, n->value);
	return (int)strlen(buf);
}

int hv_xs_write(hv_xs_tx tx, const char *path, const char *value)
{
	(void)tx;
	if (write_error)
		return write_error;
	writes++;
	set(path, value);
	return 0;
}

int hv_xs_tx_begin(hv_xs_tx *tx)
{
	if (tx_error)
		return tx_error;
	open_txs++;
	*tx = 1;
	return 0;
}

int hv_xs_tx_end(hv_xs_tx tx, bool commit)
{
	assert_int_equal(tx, 1);
	open_txs--;
	if (commit && conflicts) {
		conflicts--;
		return -EAGAIN;
	}
	return 0;
}

int hv_xs_watch(struct hv_xs_watch *w)
{
	if (watch_error)
		return watch_error;
	watched = w;
	watch_count++;
	return 0;
}

void hv_xs_unwatch(struct hv_xs_watch *w)
{
	assert_ptr_equal(w, watched);
	watched = NULL;
	watch_count--;
}

static void store_reset(void)
{
	memset(nodes, 0, sizeof(nodes));
	writes = open_txs = conflicts = watch_count = 0;
	watch_error = tx_error = write_error = 0;
	watched = NULL;
}

#endif /* TESTS_UNIT_FAKE_STORE_H */
