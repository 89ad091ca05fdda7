/* SPDX-License-Identifier: MIT */
/*
 * xs_ops.c - the xenstore's messages: names, permissions, and what each message does
 * (xenstored_core.c).
 *
 * Two rules that surprise. Deleting needs write permission on the node itself and nothing else: not
 * on its parent, and not on anything below, so whoever may write a directory deletes all in it, and a
 * node's owner may delete it from a directory of somebody else. A new node inherits its parent's
 * permissions, with an unprivileged creator as the owner.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/xs_internal.h"

/* ---------------------------------------------------------------- names */

bool xs_valid_path(const char *path)
{
	size_t len = strlen(path), home = 0;
	unsigned int dom;
	int n = 0;

	if (path[0] != '/' || (len > 1 && path[len - 1] == '/') || strstr(path, "//"))
		return false;
	if (sscanf(path, "/local/domain/%5u/%n", &dom, &n) == 1)
		home = (size_t)n;
	if (len > home + HOSTED_XS_REL_MAX)
		return false;
	for (const char *c = path; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-/_@", *c))
			return false;
	}
	return true;
}

char *xs_absolute(const struct xs_dom *d, const char *path)
{
	char *abs;

	if (strlen(path) >= HV_XS_PATH_MAX)
		return NULL;
	if (path[0] == '/' || path[0] == '@')
		return xs_dup(path, strlen(path));
	abs = hosted_zalloc(strlen(path) + 32, 1);
	snprintf(abs, strlen(path) + 32, "/local/domain/%u/%s", d->id, path);
	return abs;
}

struct xs_perm **xs_special(struct hosted_xs *xs, const char *path, unsigned int **nperms)
{
	bool release = !strcmp(path, "@releaseDomain");

	if (!release && strcmp(path, "@introduceDomain") != 0)
		return NULL;
	*nperms = &xs->special_nperms[release];
	return &xs->special_perms[release];
}

/* ---------------------------------------------------------------- permissions */

/* An error may tell of a node's absence only to those who may look at the nearest existing parent. */
static int hide(const struct xs_call *c, const char *path, int err, unsigned int want)
{
	char *p = xs_dup(path, strlen(path));
	unsigned int have = 0;

	for (;;) {
		char *up = xs_parent(p);
		bool root = !strcmp(p, "/");
		struct xs_node *n;
		int ret;

		free(p);
		p = up;
		ret = xs_get(c, p, &n);
		if (!ret) {
			have = xs_perm_for(c->dom, n->perms, n->nperms);
			xs_node_free(n);
			break;
		}
		if (ret != -ENOENT || root) {
			free(p);
			return ret;
		}
	}
	free(p);
	return have & want ? err : -EACCES;
}

/* The node, if the caller has all the rights it wants on it; else NULL and *err. */
static struct xs_node *get(const struct xs_call *c, const char *path, unsigned int want, int *err)
{
	struct xs_node *n;

	*err = -EINVAL;
	if (!xs_valid_path(path))
		return NULL;
	*err = xs_get(c, path, &n);
	if (!*err) {
		if ((xs_perm_for(c->dom, n->perms, n->nperms) & want) == want)
			return n;
		xs_node_free(n);
		*err = -EACCES;
	}
	if (*err == -ENOENT || *err == -EACCES)
		*err = hide(c, path, *err, want);
	return NULL;
}

/* Caller, transaction and path of a message. */
static int begin(struct xs_call *c, struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx,
		 const char *path, char **abs)
{
	*c = (struct xs_call){.xs = xs, .dom = xs_dom_find(xs, dom)};
	if (!c->dom)
		return -EIO;
	if (tx != HV_XS_NONE) {
		c->tx = xs_tx_find(c->dom, tx);
		if (!c->tx)
			return -ENOENT;
	}
	*abs = xs_absolute(c->dom, path);
	return *abs ? 0 : -EINVAL;
}

/* ---------------------------------------------------------------- read, list */

int hosted_xs_read(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path, char *buf,
		   size_t size)
{
	struct xs_node *n;
	struct xs_call c;
	char *abs;
	int ret = begin(&c, xs, dom, tx, path, &abs);

	if (ret)
		return ret;
	n = get(&c, abs, XS_READ, &ret);
	free(abs);
	if (!n)
		return ret;
	if (n->len >= size) {
		ret = -E2BIG;
	} else if (memchr(n->data, '\0', n->len)) {
		ret = -EINVAL;
	} else {
		memcpy(buf, n->data, n->len);
		buf[n->len] = '\0';
		ret = (int)n->len;
	}
	xs_node_free(n);
	return ret;
}

int hosted_xs_ls(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path, char *buf,
		 size_t size)
{
	struct xs_node *n;
	struct xs_call c;
	char *abs;
	int ret = begin(&c, xs, dom, tx, path, &abs);

	if (ret)
		return ret;
	n = get(&c, abs, XS_READ, &ret);
	free(abs);
	if (!n)
		return ret;
	/* The reply to XS_DIRECTORY must fit a message, whatever the caller's buffer. */
	if (n->childlen > size || n->childlen > HOSTED_XS_PAYLOAD_MAX) {
		ret = -E2BIG;
	} else {
		for (size_t i = 0; i < n->childlen; i++)
			ret += !n->children[i];
		if (n->childlen)
			memcpy(buf, n->children, n->childlen);
	}
	xs_node_free(n);
	return ret;
}

/* ---------------------------------------------------------------- write, remove */

/* Nodes from the first missing one down to path, linked by `next`, the existing parent first. */
static int build(const struct xs_call *c, const char *path, struct xs_node **top, unsigned int *new)
{
	char *up = xs_parent(path);
	struct xs_node *parent, *n;
	int ret = xs_get(c, up, &parent);

	if (ret == -ENOENT && strcmp(up, "/") != 0)
		ret = build(c, up, top, new);
	else if (!ret)
		*top = parent;
	free(up);
	if (ret)
		return ret;
	for (parent = *top; parent->next; parent = parent->next)
		;
	xs_node_add_child(parent, xs_basename(path));
	n = xs_node_new(path, parent->perms, parent->nperms);
	if (!xs_privileged(c->dom))
		n->perms[0].dom = c->dom->id;
	parent->next = n;
	++*new;
	return 0;
}

static int create(const struct xs_call *c, const char *path, const void *data, size_t len)
{
	struct xs_node *top = NULL, *n, *next;
	unsigned int new = 0;
	int ret = build(c, path, &top, &new);

	if (ret)
		goto out;
	for (n = top; n->next; n = n->next)
		;
	xs_node_set_data(n, data, len);
	if (!xs_privileged(c->dom)) {
		/* In a transaction the sum is checked at its end. */
		unsigned int count = (unsigned int)c->dom->nodes + (c->tx ? 0 : new - 1);

		if (count >= HOSTED_XS_NODES)
			ret = -ENOSPC;
		for (n = top; n; n = n->next) {
			if (xs_node_size(n) >= HOSTED_XS_ENTRY)
				ret = -ENOSPC;
		}
	}
	if (ret) {
		/* xenstored cannot take the half-made path back inside a transaction. */
		if (c->tx)
			c->tx->failed = true;
		goto out;
	}
	if (c->tx)
		c->tx->created = true;
	for (n = top; n; n = next) {
		next = n->next;
		n->next = NULL;
		if (n != top)
			xs_owned(c, n->perms[0].dom, 1);
		xs_put(c, n);
	}
	return 0;
out:
	for (n = top; n; n = next) {
		next = n->next;
		xs_node_free(n);
	}
	return ret;
}

int hosted_xs_write(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path,
		    const void *value, size_t len)
{
	struct xs_node *n;
	struct xs_call c;
	char *abs;
	int ret = begin(&c, xs, dom, tx, path, &abs);

	if (ret)
		return ret;
	if (strlen(path) + 1 + len > HOSTED_XS_PAYLOAD_MAX) {
		free(abs);
		return -E2BIG;
	}
	n = get(&c, abs, XS_WRITE, &ret);
	if (!n && ret == -ENOENT) {
		ret = create(&c, abs, value, len);
	} else if (n) {
		xs_node_set_data(n, value, len);
		if (!xs_privileged(c.dom) && xs_node_size(n) >= HOSTED_XS_ENTRY) {
			xs_node_free(n);
			ret = -ENOSPC;
			if (c.tx)
				c.tx->failed = true;
		} else {
			xs_put(&c, n);
		}
	}
	if (!ret)
		xs_fire(&c, abs, NULL, false, NULL, 0);
	free(abs);
	return ret;
}

/* Children first. Watches below the top are told of exactly their own node. */
static void rm_sub(const struct xs_call *c, const char *path, bool exact)
{
	struct xs_node *n;

	if (xs_get(c, path, &n))
		return;
	for (size_t i = 0; i < n->childlen; i += strlen(n->children + i) + 1) {
		char *child = xs_child(path, n->children + i);

		rm_sub(c, child, true);
		free(child);
	}
	/* Told while the permissions can still be seen. */
	xs_fire(c, path, n, exact, NULL, 0);
	xs_del(c, path);
	xs_owned(c, n->perms[0].dom, -1);
	xs_node_free(n);
}

int xs_rm_tree(const struct xs_call *c, const char *path)
{
	char *up = xs_parent(path);
	struct xs_node *parent;
	int ret = xs_get(c, up, &parent);

	free(up);
	if (ret)
		return ret == -ENOENT ? -EINVAL : ret;
	rm_sub(c, path, false);
	xs_node_del_child(parent, xs_basename(path));
	xs_put(c, parent);
	return 0;
}

int hosted_xs_rm(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path)
{
	struct xs_node *n;
	struct xs_call c;
	char *abs, *up;
	int ret = begin(&c, xs, dom, tx, path, &abs);

	if (ret)
		return ret;
	n = get(&c, abs, XS_WRITE, &ret);
	if (n) {
		xs_node_free(n);
		ret = strcmp(abs, "/") != 0 ? xs_rm_tree(&c, abs) : -EINVAL;
	} else if (ret == -ENOENT) {
		/* Gone already is fine where there could have been one. */
		up = xs_parent(abs);
		ret = xs_get(&c, up, &n);
		xs_node_free(n);
		free(up);
	}
	free(abs);
	return ret;
}

/* ---------------------------------------------------------------- permissions of a node */

int hosted_xs_get_perms(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path,
			struct hv_xs_perm *perms, unsigned int max)
{
	struct xs_node *n;
	struct xs_call c;
	char *abs;
	int ret = begin(&c, xs, dom, tx, path, &abs);

	if (ret)
		return ret;
	n = get(&c, abs, XS_READ, &ret);
	free(abs);
	if (!n)
		return ret;
	for (unsigned int i = 0; i < n->nperms && i < max; i++) {
		perms[i] = (struct hv_xs_perm){
			.dom = n->perms[i].dom,
			.read = n->perms[i].bits & XS_READ,
			.write = n->perms[i].bits & XS_WRITE,
		};
	}
	ret = (int)n->nperms;
	xs_node_free(n);
	return ret;
}

static int set_special(const struct xs_call *c, const char *path, const struct xs_perm *perms,
		       unsigned int n)
{
	unsigned int *have;
	struct xs_perm **p = xs_special(c->xs, path, &have);

	if (!p)
		return -EINVAL;
	if (!(xs_perm_for(c->dom, *p, *have) & XS_OWNER))
		return -EACCES;
	free(*p);
	*p = xs_dup(perms, n * sizeof(*perms));
	*have = n;
	return 0;
}

static int set_perms(const struct xs_call *c, const char *abs, const struct xs_perm *perms,
		     unsigned int n)
{
	struct xs_node *old, *node;
	int ret;

	node = get(c, abs, XS_WRITE | XS_OWNER, &ret);
	if (!node)
		return ret;
	if (!xs_privileged(c->dom) && perms[0].dom != node->perms[0].dom) {
		xs_node_free(node);
		return -EPERM;
	}
	old = xs_node_copy(node);
	xs_node_set_perms(node, perms, n);
	if (!xs_privileged(c->dom) && xs_node_size(node) >= HOSTED_XS_ENTRY) {
		xs_node_free(node);
		ret = -ENOSPC;
	} else {
		xs_owned(c, old->perms[0].dom, -1);
		xs_owned(c, perms[0].dom, 1);
		xs_put(c, node);
		xs_fire(c, abs, NULL, false, old->perms, old->nperms);
	}
	xs_node_free(old);
	return ret;
}

int hosted_xs_set_perms(struct hosted_xs *xs, hv_domid_t dom, hv_xs_tx tx, const char *path,
			const struct hv_xs_perm *perms, unsigned int n)
{
	struct xs_perm own[64];
	struct xs_call c;
	char *abs;
	int ret = begin(&c, xs, dom, tx, path, &abs);

	if (ret)
		return ret;
	if (!n || n > sizeof(own) / sizeof(own[0]))
		ret = -EINVAL;
	else if (!xs_privileged(c.dom) && n > HOSTED_XS_PERMS)
		ret = -ENOSPC;
	for (unsigned int i = 0; !ret && i < n; i++) {
		own[i] = (struct xs_perm){
			.dom = perms[i].dom,
			.bits = (perms[i].read ? XS_READ : 0) | (perms[i].write ? XS_WRITE : 0),
			.ignored = !xs_dom_find(xs, perms[i].dom),
		};
	}
	if (!ret && own[0].ignored)
		ret = -ENOENT;
	if (!ret)
		ret = abs[0] == '@' ? set_special(&c, abs, own, n) : set_perms(&c, abs, own, n);
	free(abs);
	return ret;
}
