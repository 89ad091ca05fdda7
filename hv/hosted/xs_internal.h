/* SPDX-License-Identifier: MIT */
/*
 * xs_internal.h - the parts of the hosted xenstore.
 *
 * Layers, lowest first: xs_tree.c (nodes by path, who owns how many), xs_tx.c (what a caller sees and
 * changes, in a transaction or not), xs_watch.c (who is told), xs_ops.c (permissions and the messages
 * themselves).
 */
#ifndef HV_HOSTED_XS_INTERNAL_H
#define HV_HOSTED_XS_INTERNAL_H

#include "hv/hosted/internal.h"

#define XS_BUCKETS  1024u
#define XS_GEN_NONE UINT64_MAX /* generation of a node that does not exist */

#define XS_READ	 1u
#define XS_WRITE 2u
#define XS_OWNER 4u

struct xs_perm {
	hv_domid_t dom;
	unsigned int bits;
	bool ignored; /* its domain is gone: a later one with the same id gains nothing */
};

struct xs_node {
	struct xs_node *next; /* in its bucket */
	char *path;
	uint64_t gen;
	struct xs_perm *perms; /* entry 0: the owner */
	unsigned int nperms;
	char *data;
	size_t len;
	char *children; /* NUL-separated */
	size_t childlen;
};

/* A node as a transaction knows it. */
struct xs_access {
	struct xs_access *next;
	char *path;
	uint64_t gen; /* when first seen */
	struct xs_perm *old_perms;
	unsigned int nold;
	struct xs_node *node; /* as the transaction sees it, or NULL */
	bool modified;
	bool fire, exact;
};

struct xs_change {
	struct xs_change *next;
	hv_domid_t dom;
	int nodes;
};

struct xs_tx {
	struct xs_tx *next;
	hv_xs_tx id;
	struct xs_access *first, **last;
	unsigned int touched;
	struct xs_change *changes; /* nodes owned, by domain */
	bool created, failed;
};

struct xs_watch {
	struct xs_watch *next;
	char *path;
	uint32_t token;
	bool relative;
};

struct xs_event {
	struct xs_event *next;
	uint32_t token;
	char path[];
};

/* A domain's connection. */
struct xs_dom {
	struct xs_dom *next;
	hv_domid_t id;
	int nodes; /* owned */
	unsigned int txs, watches, nevents;
	hv_xs_tx next_tx;
	struct xs_tx *tx;
	struct xs_watch *watch, **watch_last;
	struct xs_event *event, **event_last;
};

struct hosted_xs {
	struct xs_node *buckets[XS_BUCKETS];
	uint64_t gen;
	struct xs_dom *doms;
	struct xs_perm *special_perms[2]; /* @introduceDomain, @releaseDomain */
	unsigned int special_nperms[2];
};

/* On whose behalf: dom NULL is xenstored itself, tx NULL is no transaction. */
struct xs_call {
	struct hosted_xs *xs;
	struct xs_dom *dom;
	struct xs_tx *tx;
};

/* ---- xs_tree.c: nodes given out are copies, owned by the caller */
struct xs_node *xs_node_new(const char *path, const struct xs_perm *perms, unsigned int nperms);
struct xs_node *xs_node_copy(const struct xs_node *n);
void xs_node_free(struct xs_node *n);
void xs_node_set_data(struct xs_node *n, const void *data, size_t len);
void xs_node_set_perms(struct xs_node *n, const struct xs_perm *perms, unsigned int nperms);
void xs_node_add_child(struct xs_node *n, const char *name);
bool xs_node_del_child(struct xs_node *n, const char *name);
size_t xs_node_size(const struct xs_node *n); /* as xenstored's quota counts it */
struct xs_node *xs_tree_find(struct hosted_xs *xs, const char *path); /* not a copy */
void xs_tree_put(struct hosted_xs *xs, struct xs_node *n);	      /* takes n over */
void xs_tree_del(struct hosted_xs *xs, const char *path);
struct xs_dom *xs_dom_find(struct hosted_xs *xs, hv_domid_t dom);
bool xs_privileged(const struct xs_dom *d);
unsigned int xs_perm_for(const struct xs_dom *d, const struct xs_perm *perms, unsigned int nperms);
char *xs_parent(const char *path);		    /* "/" for a child of the root; to be freed */
const char *xs_basename(const char *path);	    /* behind the last slash */
char *xs_child(const char *path, const char *name); /* to be freed */
void *xs_dup(const void *p, size_t len);

/* ---- xs_tx.c */
int xs_get(const struct xs_call *c, const char *path, struct xs_node **out); /* 0, -ENOENT, ... */
void xs_put(const struct xs_call *c, struct xs_node *n);		     /* takes n over */
void xs_del(const struct xs_call *c, const char *path);
void xs_owned(const struct xs_call *c, hv_domid_t dom, int by);
struct xs_tx *xs_tx_find(struct xs_dom *d, hv_xs_tx id);
struct xs_access *xs_tx_access(struct xs_tx *tx, const char *path);
void xs_tx_drop_all(struct xs_dom *d);

/* ---- xs_watch.c */
/*
 * node: the node as it is or was, may be NULL. exact: only watches on this very path. old: permissions
 * before the change, for those who lose sight of the node by it; may be NULL.
 */
void xs_fire(const struct xs_call *c, const char *path, const struct xs_node *node, bool exact,
	     const struct xs_perm *old, unsigned int nold);
void xs_watch_drop_all(struct xs_dom *d);

/* ---- xs_ops.c */
bool xs_valid_path(const char *path);
/* Absolute form of a path of domain d, to be freed. NULL: too long for a message. */
char *xs_absolute(const struct xs_dom *d, const char *path);
/* Deletes a subtree and tells watchers, without looking at permissions. */
int xs_rm_tree(const struct xs_call *c, const char *path);
struct xs_perm **xs_special(struct hosted_xs *xs, const char *path, unsigned int **nperms);

#endif /* HV_HOSTED_XS_INTERNAL_H */
