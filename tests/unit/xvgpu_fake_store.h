/* SPDX-License-Identifier: MIT */
/*
 * xvgpu_fake_store.h - the xenstore of xvgpu_fake.h: nodes with owner and readers, transactions that can be made to collide;
 * and what there is of the rest of that host. It defines libxenstore's functions.
 */
#ifndef XVGPU_FAKE_STORE_H
#define XVGPU_FAKE_STORE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hv/dom0/domains.h"
#include "hv/dom0/frame.h"
#include "hv/dom0/records.h"
#include "hv/dom0/xl.h"

#define FAKE_NODES 1024

struct fake_node {
	char path[128], value[256];
	unsigned int len;
	int owner, reader; /* reader: -1 none */
};

static struct fake {
	struct fake_node node[FAKE_NODES], saved[FAKE_NODES];
	int n, n_saved;
	int collide; /* so many commits fail with EAGAIN */
	int refuse;  /* so many writes from now fail with ENOSPC; -1: none */
	struct xvgpu_domain dom[32];
	int n_dom;
	unsigned int next_domid;
	const char *xl_fails; /* sub-command that fails */
	void (*on_create)(unsigned int domid, const char *name);
	char xl_log[4096];
	bool pvh; /* domains to come are */
	struct fake_frame {
		unsigned int domid;
		uint64_t gfn, mfn;
	} frame[32]; /* mapped now */
	int n_frames;
	int frame_error; /* what Xen says to the next changes of maps; 0 */
} fake;

static struct fake_node *fake_find(const char *path)
{
	for (int i = 0; i < fake.n; i++)
		if (!strcmp(fake.node[i].path, path))
			return &fake.node[i];
	return NULL;
}

static inline const char *fake_get(const char *path)
{
	struct fake_node *node = fake_find(path);

	return node ? node->value : NULL;
}

/* The same, of a path that is put together. */
static inline __attribute__((format(printf, 1, 2))) const char *fake_value(const char *fmt, ...)
{
	char path[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	return fake_get(path);
}

static struct fake_node *fake_make(const char *path)
{
	struct fake_node *node = fake_find(path), *up;
	char parent[128];
	char *slash;

	if (node)
		return node;
	snprintf(parent, sizeof(parent), "%s", path);
	slash = strrchr(parent, '/');
	*slash = '\0';
	up = *parent ? fake_make(parent) : NULL;
	assert_true(fake.n < FAKE_NODES);
	node = &fake.node[fake.n++];
	memset(node, 0, sizeof(*node));
	snprintf(node->path, sizeof(node->path), "%s", path);
	node->owner = up ? up->owner : 0; /* a new node has its parent's permissions */
	node->reader = up ? up->reader : -1;
	return node;
}

static void fake_put(const char *path, const char *value)
{
	struct fake_node *node = fake_make(path);

	snprintf(node->value, sizeof(node->value), "%s", value);
	node->len = (unsigned int)strlen(node->value);
}

static bool fake_below(const char *path, const char *dir)
{
	size_t n = strlen(dir);

	return !strncmp(path, dir, n) && (path[n] == '\0' || path[n] == '/');
}

static void fake_rm(const char *path)
{
	int kept = 0;

	for (int i = 0; i < fake.n; i++)
		if (!fake_below(fake.node[i].path, path))
			fake.node[kept++] = fake.node[i];
	fake.n = kept;
}

struct xs_handle *xs_open(unsigned long flags)
{
	(void)flags;
	return (struct xs_handle *)&fake;
}

void xs_close(struct xs_handle *h)
{
	(void)h;
}

void *xs_read(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *len)
{
	struct fake_node *node = fake_find(path);
	char *copy;

	(void)h;
	(void)t;
	if (!node) {
		errno = ENOENT;
		return NULL;
	}
	copy = malloc(node->len + 1);
	memcpy(copy, node->value, node->len);
	copy[node->len] = '\0';
	*len = node->len;
	return copy;
}

static bool fake_refuses(void)
{
	if (fake.refuse < 0 || fake.refuse-- > 0)
		return false;
	errno = ENOSPC;
	return true;
}

bool xs_write(struct xs_handle *h, xs_transaction_t t, const char *path, const void *data,
	      unsigned int len)
{
	struct fake_node *node;

	(void)h;
	(void)t;
	if (fake_refuses())
		return false;
	node = fake_make(path);
	assert_true(len < sizeof(node->value));
	memcpy(node->value, data, len);
	node->value[len] = '\0';
	node->len = len;
	return true;
}

bool xs_mkdir(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	(void)h;
	(void)t;
	fake_make(path);
	return true;
}

bool xs_rm(struct xs_handle *h, xs_transaction_t t, const char *path)
{
	(void)h;
	(void)t;
	if (!fake_find(path)) {
		errno = ENOENT;
		return false;
	}
	fake_rm(path);
	return true;
}

char **xs_directory(struct xs_handle *h, xs_transaction_t t, const char *path, unsigned int *num)
{
	size_t n = strlen(path), used = 0, room = FAKE_NODES * sizeof(char *);
	char **list;

	(void)h;
	(void)t;
	*num = 0;
	if (!fake_find(path)) {
		errno = ENOENT;
		return NULL;
	}
	list = malloc(room + FAKE_NODES * 64);
	for (int i = 0; i < fake.n; i++) {
		const char *p = fake.node[i].path;

		if (!fake_below(p, path) || p[n] != '/' || strchr(p + n + 1, '/'))
			continue;
		list[*num] = (char *)list + room + used;
		strcpy(list[(*num)++], p + n + 1);
		used += strlen(p + n + 1) + 1;
	}
	return list;
}

bool xs_set_permissions(struct xs_handle *h, xs_transaction_t t, const char *path,
			struct xs_permissions *perms, unsigned int num)
{
	struct fake_node *node = fake_find(path);

	(void)h;
	(void)t;
	assert_non_null(node);
	assert_true(num == 1 || num == 2);
	assert_int_equal(perms[0].perms, XS_PERM_NONE);
	node->owner = (int)perms[0].id;
	node->reader = num == 2 ? (int)perms[1].id : -1;
	if (num == 2)
		assert_int_equal(perms[1].perms, XS_PERM_READ);
	return true;
}

xs_transaction_t xs_transaction_start(struct xs_handle *h)
{
	(void)h;
	memcpy(fake.saved, fake.node, sizeof(fake.saved));
	fake.n_saved = fake.n;
	return 1;
}

bool xs_transaction_end(struct xs_handle *h, xs_transaction_t t, bool abort_it)
{
	bool collides = !abort_it && fake.collide > 0;

	(void)h;
	(void)t;
	if (abort_it || collides) {
		memcpy(fake.node, fake.saved, sizeof(fake.saved));
		fake.n = fake.n_saved;
	}
	if (collides) {
		fake.collide--;
		errno = EAGAIN;
	}
	return !collides;
}

bool xs_watch(struct xs_handle *h, const char *path, const char *token)
{
	(void)h;
	(void)path;
	(void)token;
	return true;
}

bool xs_unwatch(struct xs_handle *h, const char *path, const char *token)
{
	return xs_watch(h, path, token);
}

#endif /* XVGPU_FAKE_STORE_H */
