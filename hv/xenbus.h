/* SPDX-License-Identifier: MIT */
/*
 * xenbus.h - the XenbusState machine of a split device, for either end, over hv.h's xenstore.
 *
 * An end has a directory of its own (where it publishes keys and its state) and its peer's. This
 * file reads and writes both, watches the peer's state and reports each change once. It decides
 * nothing: what a state means is the driver's business (gpu/vgpu, guest-frontend/bare).
 */
#ifndef HV_XENBUS_H
#define HV_XENBUS_H

#include <xen/io/xenbus.h>

#include "hv.h"

#define XENBUS_DIR_MAX 128

struct xenbus_dev {
	char own[XENBUS_DIR_MAX];  /* e.g. "device/vgpu/0" or "backend/vgpu/3/0" */
	char peer[XENBUS_DIR_MAX]; /* absolute */
	hv_domid_t peer_dom;
	enum xenbus_state state; /* what we last published */
	enum xenbus_state
		peer_state; /* what the peer last published; Unknown when absent or garbage */
	/* Called from the loop when the peer's state changed (Unknown: node gone or unreadable). */
	void (*changed)(struct xenbus_dev *dev, enum xenbus_state peer_state);
	void *arg;
	struct hv_xs_watch watch;
	char watch_path[XENBUS_DIR_MAX + 8];
};

/*
 * Front: reads backend and backend-id from own dir; back: frontend and frontend-id. Checks that the
 * peer's path lies below /local/domain/<peer id>/ (never follow a path into another domain's tree).
 * peer_key is "backend" or "frontend". 0, -ENOENT, -EINVAL.
 */
int xenbus_open(struct xenbus_dev *dev, const char *own, const char *peer_key);
int xenbus_watch_peer(struct xenbus_dev *dev);
void xenbus_close(struct xenbus_dev *dev); /* stops watching; nodes stay */

/*
 * Publishes the state, unless it is published already. -ENOENT: the toolstack has removed our
 * directory, which is not re-made.
 */
int xenbus_set_state(struct xenbus_dev *dev, enum xenbus_state state);
/*
 * Writes own/key unless the toolstack has removed our directory: a plain write would re-make it,
 * owned by us, for ever. 0, -ENOENT (removed), or another -errno.
 */
int xenbus_publish(struct xenbus_dev *dev, const char *key, const char *value);
/* Publishes a message in own dir's "error" node (best effort) and logs it, naming the device. */
void xenbus_error(struct xenbus_dev *dev, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Typed reads: decimal only, no sign, no blanks, nothing behind, within [0, max].
 * -ENOENT absent, -EINVAL not such a number. read_str returns 0 (not the length) or hv_xs_read()'s
 * errors. dir is at most XENBUS_DIR_MAX, key 63 characters long (-EINVAL).
 */
int xenbus_read_u64(hv_xs_tx tx, const char *dir, const char *key, uint64_t max, uint64_t *out);
int xenbus_read_str(hv_xs_tx tx, const char *dir, const char *key, char *buf, size_t size);
int xenbus_write_u64(hv_xs_tx tx, const char *dir, const char *key, uint64_t value);
int xenbus_write_str(hv_xs_tx tx, const char *dir, const char *key, const char *value);

const char *xenbus_state_name(enum xenbus_state state);

#endif /* HV_XENBUS_H */
