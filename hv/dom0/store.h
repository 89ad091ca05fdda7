/* SPDX-License-Identifier: MIT */
/*
 * store.h - xenstore for a tool that may not trust what it reads.
 *
 * Every read is bounded and must be plain text; every node is written together with its
 * permissions. Paths are formatted like printf's.
 */
#ifndef XVGPU_STORE_H
#define XVGPU_STORE_H

#include <xenstore.h>

#include "xvgpu.h"

/*
 * Reads a node into buf, NUL-terminated. 0, -ENOENT (absent), -EINVAL (does not fit, or holds a NUL
 * byte), or what xenstore says (-EACCES, …). buf is the empty string unless 0 is returned.
 */
int xvgpu_xs_read(struct xs_handle *xs, xs_transaction_t t, char *buf, size_t size, const char *fmt,
		  ...) __attribute__((format(printf, 5, 6)));
/* The same for a decimal number of at most max; -EINVAL for anything else. */
int xvgpu_xs_read_u64(struct xs_handle *xs, xs_transaction_t t, uint64_t max, uint64_t *value,
		      const char *fmt, ...) __attribute__((format(printf, 5, 6)));
bool xvgpu_xs_exists(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Children that are numbers below limit, ascending, at most max of them; others are passed over.
 * Returns how many; 0 when there is no such node.
 */
int xvgpu_xs_ids(struct xs_handle *xs, xs_transaction_t t, unsigned int limit, unsigned int *ids,
		 int max, const char *fmt, ...) __attribute__((format(printf, 6, 7)));
/* Number of children of any name. */
int xvgpu_xs_children(struct xs_handle *xs, xs_transaction_t t, const char *path);

/* Who may touch a node: its owner may do all, reader may read; nobody else anything. */
struct xvgpu_perms {
	unsigned int owner, reader; /* reader == owner: nobody besides */
};
/* Writes a node (value NULL: a directory, which stays if it is there). 0 or negative errno. */
int xvgpu_xs_put(struct xs_handle *xs, xs_transaction_t t, struct xvgpu_perms perms,
		 const char *dir, const char *key, const char *value);
/* Removes a node with all below; one that is not there is fine. */
int xvgpu_xs_remove(struct xs_handle *xs, xs_transaction_t t, const char *path);

/*
 * Runs fn in a transaction, again as long as others interfere (-EAGAIN is never returned). When fn
 * returns nonzero nothing is changed and that value is returned.
 */
typedef int (*xvgpu_tx_fn)(struct xs_handle *xs, xs_transaction_t t, void *arg);
int xvgpu_xs_transaction(struct xs_handle *xs, xvgpu_tx_fn fn, void *arg);

#endif /* XVGPU_STORE_H */
