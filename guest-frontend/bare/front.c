/* SPDX-License-Identifier: MIT */
/*
 * front.c - the life of a front device: plug, connect, loss, close, plug again.
 *
 * Two watches drive everything. One on our own directory notices that the toolstack has removed the
 * node or made it anew (then `backend` differs, or `state` is Initialising although that is not
 * what we last wrote). The other, xenbus.h's, reports the backend's state. Every handler re-reads
 * and acts on differences only, because watches may fire twice or for nothing.
 *
 *   WAITING     we are Initialising; the backend in InitWait lets us connect
 *   CONNECTING  we are Initialised;  the backend in Connected completes it
 *   CONNECTED   any other state of the backend is a loss
 *   CLOSING     we are Closing;      the backend in Closing or Closed, its absence, or a time-out
 *   CLOSED      we are Closed;       a backend in InitWait, or Closed but online, gets us to WAITING
 *
 * A backend that toggles its state gets one connection attempt per RECONNECT_PAUSE.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "front_int.h"
#include "hv/common/parse.h"

#define CLOSE_TIMEOUT	(1 * HV_S)
#define DESTROY_TIMEOUT (3 * HV_S)
#define RECONNECT_PAUSE (100 * HV_MS)
#define TX_TRIES	16

static void step(struct front_dev *dev);

/*
 * Callbacks may submit, give buffers back and call front_close(), which does nothing in a device
 * that is closing already.
 */
static void enter(struct front_dev *dev, enum front_state state)
{
	enum front_state before = front_state(dev);

	dev->state = state;
	if (dev->changed && front_state(dev) != before)
		dev->changed(dev, front_state(dev), dev->arg);
}

/* A node that was removed, or made anew for another backend, is left as it is. */
static void publish(struct front_dev *dev, enum xenbus_state state)
{
	char path[XENBUS_DIR_MAX];

	if (!xenbus_read_str(HV_XS_NONE, dev->dir, "backend", path, sizeof(path)) &&
	    !strcmp(path, dev->bound_path))
		(void)xenbus_set_state(&dev->xb, state); /* it logs what is worth a line */
}

static void disconnect(struct front_dev *dev)
{
	if (!dev->port)
		return;
	dev->epoch++;
	dev->stats.losses++;
	front_ring_stop(dev);
}

/* Half of it: the caller lets step() look at the backend, or waits until its state is reported. */
static void begin_close(struct front_dev *dev)
{
	/* In this order no callback can submit to a connection that is half gone. */
	enter(dev, FRONT_CLOSING);
	disconnect(dev);
	publish(dev, XenbusStateClosing);
	hv_timer_arm(&dev->step, hv_now() + CLOSE_TIMEOUT);
}

void front_lost(struct front_dev *dev, const char *why)
{
	hv_log_dom(dev->bound_dom, HV_WARN, "front %u: backend dom%u lost: %s", dev->index,
		   dev->bound_dom, why);
	begin_close(dev);
	step(dev);
}

void front_violation(struct front_dev *dev, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xenbus_error(&dev->xb, -EPROTO, "%s", text);
	dev->stats.violations++;
	dev->failed = true;
	if (dev->changed)
		dev->changed(dev, FRONT_FAILED, dev->arg);
	begin_close(dev);
	step(dev);
}

/* ---------------------------------------------------------------- connecting */

/* True when the comma-separated list names our version: "1", "2,1", but not "11" or "1x". */
static bool speaks_our_version(const char *list)
{
	bool found = false;

	for (;;) {
		size_t len = strcspn(list, ",");
		uint64_t version;

		if (hv_parse_u64(list, len, UINT32_MAX, &version))
			return false;
		found |= version == XENVGPU_PROTOCOL_VERSION;
		if (!list[len])
			return found;
		list += len + 1;
	}
}

/* In one transaction, which also makes sure that a node just removed does not come back. */
static int publish_keys(struct front_dev *dev)
{
	const struct {
		const char *key;
		uint32_t value;
	} keys[] = {
		{"version", XENVGPU_PROTOCOL_VERSION},
		{"ring-ref", dev->ring_page->ref[0]},
		{"event-channel", dev->port},
		{"event-page-ref", dev->event_page->ref[0]},
	};
	char path[XENBUS_DIR_MAX];
	hv_xs_tx tx;
	int ret;

	for (unsigned int try = 0; try < TX_TRIES; try++) {
		ret = hv_xs_tx_begin(&tx);
		if (ret)
			return ret;
		ret = xenbus_read_str(tx, dev->dir, "backend", path, sizeof(path));
		for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]) && !ret; i++)
			ret = xenbus_write_u64(tx, dev->dir, keys[i].key, keys[i].value);
		if (ret) {
			hv_xs_tx_end(tx, false);
			return ret;
		}
		ret = hv_xs_tx_end(tx, true);
		if (ret != -EAGAIN)
			return ret;
	}
	return ret;
}

static void connect(struct front_dev *dev)
{
	uint64_t now = hv_now(), copy = 0, channels = 0;
	char versions[64] = "";
	int ret;

	if (dev->last_connect && now - dev->last_connect < RECONNECT_PAUSE) {
		hv_timer_arm(&dev->step, dev->last_connect + RECONNECT_PAUSE);
		return;
	}
	dev->last_connect = now;

	ret = xenbus_read_str(HV_XS_NONE, dev->xb.peer, "versions", versions, sizeof(versions));
	if (ret < 0 || !speaks_our_version(versions)) {
		front_violation(dev, "backend's versions \"%.32s\" do not include %u", versions,
				XENVGPU_PROTOCOL_VERSION);
		return;
	}
	ret = xenbus_read_u64(HV_XS_NONE, dev->xb.peer, "feature-bar-copy", 1, &copy);
	if (ret && ret != -ENOENT) {
		front_violation(dev, "backend's feature-bar-copy is neither 0 nor 1");
		return;
	}
	ret = xenbus_read_u64(HV_XS_NONE, dev->xb.peer, "feature-channels", 1, &channels);
	if (ret && ret != -ENOENT) {
		front_violation(dev, "backend's feature-channels is neither 0 nor 1");
		return;
	}
	dev->copy_ok = copy;
	dev->channels_ok = channels;

	ret = front_ring_start(dev);
	if (!ret) {
		ret = publish_keys(dev);
		if (ret)
			front_ring_stop(dev);
	}
	if (ret) {
		/* A shortage of ours (pages, grants, ports) or of xenstore's: try again. */
		xenbus_error(&dev->xb, ret, "cannot connect");
		hv_timer_arm(&dev->step, now + 10 * RECONNECT_PAUSE);
		return;
	}
	publish(dev, XenbusStateInitialised);
	enter(dev, FRONT_CONNECTING);
}

/* The backend offers itself again after a close, or may if asked. */
static bool backend_returns(struct front_dev *dev)
{
	uint64_t online;

	if (dev->stay_closed || dev->failed)
		return false;
	if (dev->xb.peer_state == XenbusStateInitWait)
		return true;
	return dev->xb.peer_state == XenbusStateClosed &&
	       !xenbus_read_u64(HV_XS_NONE, dev->xb.peer, "online", 1, &online) && online;
}

/* Acts on the backend's state as it is now. */
static void step(struct front_dev *dev)
{
	enum xenbus_state peer = dev->xb.peer_state;

	if (!dev->bound)
		return;
	switch (dev->state) {
	case FRONT_WAITING:
		if (peer == XenbusStateInitWait)
			connect(dev);
		else if (peer == XenbusStateClosing)
			front_lost(dev, "it closed before it had connected");
		break;
	case FRONT_CONNECTING:
		if (peer == XenbusStateConnected) {
			dev->stats.connects++;
			publish(dev, XenbusStateConnected);
			enter(dev, FRONT_CONNECTED);
		} else if (peer != XenbusStateInitWait) {
			front_lost(dev, xenbus_state_name(peer));
		}
		break;
	case FRONT_CONNECTED:
		if (peer != XenbusStateConnected)
			front_lost(dev, xenbus_state_name(peer));
		break;
	case FRONT_CLOSING:
		if (peer != XenbusStateClosing && peer != XenbusStateClosed &&
		    peer != XenbusStateUnknown && dev->step.armed)
			break;
		hv_timer_cancel(&dev->step);
		publish(dev, XenbusStateClosed);
		enter(dev, FRONT_CLOSED);
		step(dev);
		break;
	case FRONT_CLOSED:
		if (!backend_returns(dev))
			break;
		if (hv_now() - dev->last_connect < RECONNECT_PAUSE) {
			hv_timer_arm(&dev->step, dev->last_connect + RECONNECT_PAUSE);
			break;
		}
		publish(dev, XenbusStateInitialising);
		enter(dev, FRONT_WAITING);
		step(dev); /* it may be in InitWait already, and say nothing more */
		break;
	case FRONT_FAILED: /* never in dev->state: see front_state() */
		break;
	}
}

static void step_timer(struct hv_timer *t)
{
	step((struct front_dev *)((char *)t - offsetof(struct front_dev, step)));
}

static void peer_changed(struct xenbus_dev *xb, enum xenbus_state peer_state)
{
	(void)peer_state;
	step(xb->arg);
}

/* ---------------------------------------------------------------- plug and unplug */

static void unbind(struct front_dev *dev)
{
	if (!dev->bound)
		return;
	dev->bound = false;
	hv_timer_cancel(&dev->step);
	xenbus_close(&dev->xb);
	if (dev->port)
		enter(dev, FRONT_CLOSING);
	disconnect(dev);
}

static void bind(struct front_dev *dev, uint64_t state)
{
	int ret;

	dev->failed = false;
	ret = xenbus_open(&dev->xb, dev->dir, "backend");
	if (ret) {
		hv_log(HV_WARN, "front %u: node %s names no usable backend: %d", dev->index,
		       dev->dir, ret);
		return;
	}
	dev->xb.changed = peer_changed;
	dev->xb.arg = dev;
	dev->xb.state = (enum xenbus_state)state;
	dev->bound = true;
	ret = xenbus_watch_peer(&dev->xb);
	if (ret) {
		hv_log(HV_ERR, "front %u: cannot watch %s: %d", dev->index, dev->xb.peer, ret);
		unbind(dev);
		return;
	}
	/*
	 * The watch reports the backend's state soon, and that goes on from here. A state of ours
	 * other than Initialising is what a predecessor left behind: it is closed first.
	 */
	if (state == XenbusStateInitialising && !dev->stay_closed)
		enter(dev, FRONT_WAITING);
	else if (state == XenbusStateClosed)
		enter(dev, FRONT_CLOSED);
	else
		begin_close(dev);
}

static void plug_changed(struct hv_xs_watch *w, const char *changed)
{
	struct front_dev *dev = w->arg;
	char path[XENBUS_DIR_MAX];
	uint64_t dom, state;
	bool present;

	(void)changed;
	present = xenbus_read_str(HV_XS_NONE, dev->dir, "backend", path, sizeof(path)) >= 0 &&
		  !xenbus_read_u64(HV_XS_NONE, dev->dir, "backend-id", UINT16_MAX, &dom) &&
		  !xenbus_read_u64(HV_XS_NONE, dev->dir, "state", XenbusStateReconfigured, &state);
	if (!present) {
		if (!dev->bound)
			return;
		hv_log(HV_INFO, "front %u: unplugged", dev->index);
		unbind(dev);
		dev->failed = false;
		enter(dev, FRONT_WAITING);
		return;
	}
	if (dev->bound && dom == dev->bound_dom && !strcmp(path, dev->bound_path) &&
	    (state != XenbusStateInitialising || dev->xb.state == XenbusStateInitialising))
		return;
	unbind(dev);
	hv_log(HV_INFO, "front %u: plugged, backend dom%u %s", dev->index, (unsigned int)dom, path);
	/* Not before the old connection's pages are retired: they were offered to the old domain. */
	dev->bound_dom = (hv_domid_t)dom;
	memcpy(dev->bound_path, path, sizeof(path));
	bind(dev, state);
}

/* ---------------------------------------------------------------- open, close */

int front_open(unsigned int index, front_changed_fn changed, void *arg, struct front_dev **out)
{
	struct front_dev *dev;
	int ret;

	if (index >= XENVGPU_MAX_DEVICES)
		return -EINVAL;
	dev = calloc(1, sizeof(*dev));
	if (!dev)
		return -ENOMEM;
	dev->index = index;
	dev->state = FRONT_WAITING;
	dev->changed = changed;
	dev->arg = arg;
	dev->timeout = FRONT_TIMEOUT_DEFAULT;
	dev->step.fn = step_timer;
	front_pool_init(dev);
	snprintf(dev->dir, sizeof(dev->dir), "device/vgpu/%u", index);
	dev->plug_watch.path = dev->dir;
	dev->plug_watch.fn = plug_changed;
	dev->plug_watch.arg = dev;
	ret = hv_xs_watch(&dev->plug_watch);
	if (ret) {
		free(dev);
		return ret;
	}
	*out = dev;
	return 0;
}

void front_close(struct front_dev *dev)
{
	dev->stay_closed = true;
	if (!dev->bound || dev->state == FRONT_CLOSING || dev->state == FRONT_CLOSED)
		return;
	begin_close(dev);
	step(dev);
}

static bool all_released(void *arg)
{
	struct front_dev *dev = arg;

	return (!dev->bound || dev->state == FRONT_CLOSED) && !dev->held;
}

void front_destroy(struct front_dev *dev)
{
	dev->changed = NULL;
	front_close(dev);
	front_imports_exit(dev);
	(void)hv_loop_until(all_released, dev, DESTROY_TIMEOUT);
	hv_xs_unwatch(&dev->plug_watch);
	unbind(dev);
	front_pool_exit(dev);
	free(dev);
}

static bool settled(void *arg)
{
	struct front_dev *dev = arg;

	return dev->state == FRONT_CONNECTED || dev->failed || dev->stay_closed;
}

int front_wait_connected(struct front_dev *dev, uint64_t timeout)
{
	int ret = hv_loop_until(settled, dev, timeout);

	if (ret)
		return ret;
	return front_state(dev) == FRONT_CONNECTED ? 0 : -ENODEV;
}

enum front_state front_state(const struct front_dev *dev)
{
	return dev->failed ? FRONT_FAILED : dev->state;
}

const char *front_state_name(enum front_state state)
{
	static const char *const names[] = {
		[FRONT_WAITING] = "waiting",	 [FRONT_CONNECTING] = "connecting",
		[FRONT_CONNECTED] = "connected", [FRONT_CLOSING] = "closing",
		[FRONT_CLOSED] = "closed",	 [FRONT_FAILED] = "failed",
	};

	return names[state];
}

hv_domid_t front_backend(const struct front_dev *dev)
{
	return dev->bound_dom;
}

bool front_can_copy(const struct front_dev *dev)
{
	return dev->copy_ok;
}

bool front_has_channels(const struct front_dev *dev)
{
	return dev->channels_ok;
}

void front_set_timeout(struct front_dev *dev, uint64_t timeout)
{
	dev->timeout = timeout;
}

const struct front_stats *front_stats(const struct front_dev *dev)
{
	return &dev->stats;
}
