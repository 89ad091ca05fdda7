/* SPDX-License-Identifier: MIT */
/*
 * xenbus.c - the XenbusState machine of a split device, for either end.
 *
 * Two things here are about the other end being hostile or gone. The peer's path is believed only
 * below /local/domain/<peer id>/, so that nobody sends us reading in a third domain's tree. And a
 * directory that the toolstack has removed must not come back: a plain write would re-make it, owned
 * by us, for ever. So state and error are written in a transaction that first looks whether our
 * state node still exists.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/common/parse.h"
#include "hv/xenbus.h"

#define KEY_MAX	    64
#define TX_TRIES    64	   /* a transaction interrupted that often is given up (-EAGAIN) */
#define DOMID_LIMIT 0x7fef /* below DOMID_FIRST_RESERVED of xen/xen.h */

static int join(char *path, size_t size, const char *dir, const char *key)
{
	int n = snprintf(path, size, "%s/%s", dir, key);

	return n < 0 || (size_t)n >= size ? -EINVAL : 0;
}

int xenbus_read_str(hv_xs_tx tx, const char *dir, const char *key, char *buf, size_t size)
{
	char path[XENBUS_DIR_MAX + KEY_MAX];
	int ret = join(path, sizeof(path), dir, key);

	if (!ret)
		ret = hv_xs_read(tx, path, buf, size);
	return ret < 0 ? ret : 0;
}

int xenbus_write_str(hv_xs_tx tx, const char *dir, const char *key, const char *value)
{
	char path[XENBUS_DIR_MAX + KEY_MAX];
	int ret = join(path, sizeof(path), dir, key);

	return ret ? ret : hv_xs_write(tx, path, value);
}

int xenbus_read_u64(hv_xs_tx tx, const char *dir, const char *key, uint64_t max, uint64_t *out)
{
	char text[24]; /* 20 digits, and some for leading zeros */
	int ret = xenbus_read_str(tx, dir, key, text, sizeof(text));

	if (ret == -E2BIG)
		return -EINVAL;
	return ret ? ret : hv_parse_u64(text, strlen(text), max, out);
}

int xenbus_write_u64(hv_xs_tx tx, const char *dir, const char *key, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)value);
	return xenbus_write_str(tx, dir, key, text);
}

/*
 * Below /local/domain/<dom>/, with at least one more name, no empty one, and only the characters
 * that xenstored allows in a path (docs/misc/xenstore.txt).
 */
static bool path_is_of(const char *path, hv_domid_t dom)
{
	char prefix[32];
	int n = snprintf(prefix, sizeof(prefix), "/local/domain/%u/", (unsigned int)dom);
	char before = '/';

	if (strncmp(path, prefix, (size_t)n) != 0)
		return false;
	for (const char *c = path + n; *c; c++) {
		bool word = (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') ||
			    (*c >= 'A' && *c <= 'Z') || *c == '-' || *c == '_' || *c == '@';

		if (!word && (*c != '/' || before == '/'))
			return false;
		before = *c;
	}
	return before != '/';
}

static enum xenbus_state read_state(const char *dir)
{
	uint64_t state;

	if (xenbus_read_u64(HV_XS_NONE, dir, "state", XenbusStateReconfigured, &state))
		return XenbusStateUnknown;
	return (enum xenbus_state)state;
}

int xenbus_open(struct xenbus_dev *dev, const char *own, const char *peer_key)
{
	char key[KEY_MAX];
	uint64_t dom;
	int n, ret;

	n = snprintf(dev->own, sizeof(dev->own), "%s", own);
	if (n < 0 || (size_t)n >= sizeof(dev->own))
		return -EINVAL;
	n = snprintf(key, sizeof(key), "%s-id", peer_key);
	if (n < 0 || (size_t)n >= sizeof(key))
		return -EINVAL;
	ret = xenbus_read_str(HV_XS_NONE, own, peer_key, dev->peer, sizeof(dev->peer));
	if (!ret)
		ret = xenbus_read_u64(HV_XS_NONE, own, key, DOMID_LIMIT, &dom);
	if (ret == -ENOENT)
		return ret;
	if (ret) {
		hv_log(HV_WARN, "%s: %s and %s-id: unreadable or not what they should be (%d)", own,
		       peer_key, peer_key, -ret);
		return -EINVAL;
	}
	dev->peer_dom = (hv_domid_t)dom;
	if (!path_is_of(dev->peer, dev->peer_dom)) {
		hv_log_dom(dev->peer_dom, HV_WARN, "%s: %s \"%s\" refused: not below dom%u's tree",
			   own, peer_key, dev->peer, dev->peer_dom);
		return -EINVAL;
	}
	dev->state = read_state(own);
	dev->peer_state = XenbusStateUnknown;
	memset(&dev->watch, 0, sizeof(dev->watch));
	return 0;
}

/* Watches fire spuriously and twice; only a state that differs from the last one is news. */
static void peer_changed(struct hv_xs_watch *watch, const char *changed)
{
	struct xenbus_dev *dev = watch->arg;
	enum xenbus_state state = read_state(dev->peer);

	(void)changed;
	if (state == dev->peer_state)
		return;
	dev->peer_state = state;
	dev->changed(dev, state);
}

int xenbus_watch_peer(struct xenbus_dev *dev)
{
	int ret = join(dev->watch_path, sizeof(dev->watch_path), dev->peer, "state");

	if (ret)
		return ret;
	dev->peer_state = XenbusStateUnknown;
	dev->watch.path = dev->watch_path;
	dev->watch.fn = peer_changed;
	dev->watch.arg = dev;
	ret = hv_xs_watch(&dev->watch);
	if (ret)
		dev->watch.fn = NULL;
	return ret;
}

void xenbus_close(struct xenbus_dev *dev)
{
	if (dev->watch.fn)
		hv_xs_unwatch(&dev->watch);
	dev->watch.fn = NULL;
}

int xenbus_publish(struct xenbus_dev *dev, const char *key, const char *value)
{
	int ret = -EAGAIN;

	for (unsigned int i = 0; i < TX_TRIES && ret == -EAGAIN; i++) {
		char state[24];
		hv_xs_tx tx;

		ret = hv_xs_tx_begin(&tx);
		if (ret)
			return ret;
		ret = xenbus_read_str(tx, dev->own, "state", state, sizeof(state));
		if (!ret)
			ret = xenbus_write_str(tx, dev->own, key, value);
		if (ret)
			hv_xs_tx_end(tx, false);
		else
			ret = hv_xs_tx_end(tx, true);
	}
	return ret;
}

int xenbus_set_state(struct xenbus_dev *dev, enum xenbus_state state)
{
	char text[4];
	int ret;

	if (state == dev->state)
		return 0;
	snprintf(text, sizeof(text), "%d", (int)state);
	ret = xenbus_publish(dev, "state", text);
	if (ret) {
		hv_log_dom(dev->peer_dom, HV_WARN, "%s: state %s not published: error %d", dev->own,
			   xenbus_state_name(state), -ret);
		return ret;
	}
	dev->state = state;
	return 0;
}

void xenbus_error(struct xenbus_dev *dev, int err, const char *fmt, ...)
{
	char text[200], node[224];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	hv_log_dom(dev->peer_dom, HV_WARN, "%s: %s (error %d)", dev->own, text,
		   err < 0 ? -err : err);
	snprintf(node, sizeof(node), "%d %s", err, text);
	(void)xenbus_publish(dev, "error", node); /* best effort: the log has it already */
}

const char *xenbus_state_name(enum xenbus_state state)
{
	static const char *const names[] = {"Unknown",	   "Initialising",  "InitWait",
					    "Initialised", "Connected",	    "Closing",
					    "Closed",	   "Reconfiguring", "Reconfigured"};

	return (unsigned int)state < sizeof(names) / sizeof(names[0]) ? names[state] : "invalid";
}
