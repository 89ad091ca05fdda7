/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * front.c - the xenbus device "vgpu": states, loss, re-plug.
 *
 * Where the device stands is xenbus_device.state, what we last published:
 *
 *   Initialising  the backend in InitWait lets us connect
 *   Initialised   the backend in Connected completes it
 *   Connected     any other state of the backend is a loss
 *   Closing       the backend in Closing or Closed, its absence, or a time-out lets us go on
 *   Closed        a backend in InitWait, or Closed but online, gets us back to Initialising
 *
 * A backend restarts as another domain. The toolstack then removes our node and makes it anew;
 * xenbus turns that into remove() and probe(), unless both happen before it looks. A watch on our
 * own node catches that case and probes the device again.
 */
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/slab.h>

#include <xen/xen.h>

#include "front.h"

#define CLOSE_TIMEOUT	HZ
#define RECONNECT_PAUSE (HZ / 10) /* a backend that toggles its state is served that often */

static struct workqueue_struct *front_wq;

static void step(struct front_dev *front, enum xenbus_state back);

/*
 * The node names the backend we were probed with. There is none (otherend is NULL) after a restore
 * in which xenbus found no node.
 */
static bool still_plugged(struct xenbus_device *xbdev)
{
	char *path = xenbus_read(XBT_NIL, xbdev->nodename, "backend", NULL);
	bool same = !IS_ERR(path) && xbdev->otherend && !strcmp(path, xbdev->otherend);

	if (!IS_ERR(path))
		kfree(path);
	return same;
}

static enum xenbus_state backend_state(struct xenbus_device *xbdev)
{
	return xbdev->otherend ? xenbus_read_driver_state(xbdev->otherend) : XenbusStateUnknown;
}

/* A node that the toolstack has removed or made anew is left as it is. */
static void publish(struct front_dev *front, enum xenbus_state state)
{
	if (!still_plugged(front->xbdev))
		front->xbdev->state = state;
	else if (state == XenbusStateClosed)
		xenbus_frontend_closed(front->xbdev);
	else
		xenbus_switch_state(front->xbdev, state);
}

static void disconnect(struct front_dev *front)
{
	if (!front->conn)
		return;
	front_count(front, FRONT_LOSSES, 1);
	front_conn_stop(front->conn);
	front->conn = NULL;
}

static void begin_close(struct front_dev *front)
{
	disconnect(front);
	publish(front, XenbusStateClosing);
	front->closing_timed_out = false;
	mod_delayed_work(front_wq, &front->retry, CLOSE_TIMEOUT);
	step(front, backend_state(front->xbdev));
}

static void lost(struct front_dev *front, const char *why)
{
	dev_warn_ratelimited(&front->xbdev->dev, "backend domain %d lost: %s\n",
			     front->xbdev->otherend_id, why);
	begin_close(front);
}

static void refuse(struct front_dev *front, int err, const char *what)
{
	xenbus_dev_error(front->xbdev, err, "%s", what);
	front->failed = true;
	front_count(front, FRONT_VIOLATIONS, 1);
	begin_close(front);
}

void front_conn_broken(struct front_conn *conn, bool violation)
{
	conn->dead = true;
	if (violation) {
		WRITE_ONCE(conn->front->failed, true);
		front_count(conn->front, FRONT_VIOLATIONS, 1);
	}
	queue_work(front_wq, &conn->front->lost);
}

static void lost_work(struct work_struct *work)
{
	struct front_dev *front = container_of(work, struct front_dev, lost);

	mutex_lock(&front->lock);
	if (front->conn && READ_ONCE(front->conn->dead)) {
		if (front->failed)
			xenbus_dev_error(front->xbdev, -EPROTO, "the backend broke the protocol");
		begin_close(front);
	}
	mutex_unlock(&front->lock);
}

/* ---------------------------------------------------------------- connecting */

/* True when the comma-separated list names our version: "1", "2,1", but not "11" or "1x". */
static bool speaks_our_version(char *list)
{
	bool found = false;
	char *word;
	u32 version;

	while ((word = strsep(&list, ","))) {
		if (!isdigit(*word) || kstrtou32(word, 10, &version))
			return false;
		found |= version == XENVGPU_PROTOCOL_VERSION;
	}
	return found;
}

/* An absent key is 0; anything but "0" and "1" is garbage. */
static int read_feature(struct xenbus_device *xbdev, const char *key, bool *on)
{
	char *text = xenbus_read(XBT_NIL, xbdev->otherend, key, NULL);
	int ret = 0;

	*on = false;
	if (IS_ERR(text))
		return PTR_ERR(text) == -ENOENT ? 0 : PTR_ERR(text);
	if (!strcmp(text, "1"))
		*on = true;
	else if (strcmp(text, "0"))
		ret = -EINVAL;
	kfree(text);
	return ret;
}

static void connect(struct front_dev *front)
{
	struct xenbus_device *xbdev = front->xbdev;
	struct front_conn *conn;
	bool copy_ok, channels_ok, doorbell_ok, known;
	char *versions;
	int ret;

	if (time_before(jiffies, front->last_connect + RECONNECT_PAUSE)) {
		mod_delayed_work(front_wq, &front->retry, RECONNECT_PAUSE);
		return;
	}
	front->last_connect = jiffies;

	versions = xenbus_read(XBT_NIL, xbdev->otherend, "versions", NULL);
	if (IS_ERR(versions)) {
		refuse(front, PTR_ERR(versions), "the backend names no protocol versions");
		return;
	}
	known = speaks_our_version(versions);
	kfree(versions);
	if (!known) {
		refuse(front, -EPROTO, "the backend does not speak protocol version 1");
		return;
	}
	ret = read_feature(xbdev, "feature-bar-copy", &copy_ok);
	if (ret) {
		refuse(front, ret, "the backend's feature-bar-copy is neither 0 nor 1");
		return;
	}

	ret = read_feature(xbdev, "feature-channels", &channels_ok);
	if (ret) {
		refuse(front, ret, "the backend's feature-channels is neither 0 nor 1");
		return;
	}

	ret = read_feature(xbdev, "feature-doorbell", &doorbell_ok);
	if (ret) {
		refuse(front, ret, "the backend's feature-doorbell is neither 0 nor 1");
		return;
	}

	conn = front_conn_start(front, copy_ok, channels_ok, doorbell_ok);
	ret = PTR_ERR_OR_ZERO(conn);
	if (!ret) {
		ret = front_conn_publish(conn);
		if (ret)
			front_conn_stop(conn);
	}
	if (ret) {
		/* A shortage of ours (memory, grants, ports): try again. */
		xenbus_dev_error(xbdev, ret, "cannot connect");
		mod_delayed_work(front_wq, &front->retry, 10 * RECONNECT_PAUSE);
		return;
	}
	front->conn = conn;
	publish(front, XenbusStateInitialised);
}

/* The backend offers itself again after a close, or may if asked. */
static bool backend_returns(struct front_dev *front, enum xenbus_state back)
{
	if (front->failed)
		return false;
	return back == XenbusStateInitWait ||
	       (back == XenbusStateClosed &&
		xenbus_read_unsigned(front->xbdev->otherend, "online", 0) == 1);
}

/* Acts on the backend's state as it is now; front->lock is held. */
static void step(struct front_dev *front, enum xenbus_state back)
{
	if (front->gone)
		return;
	switch (front->xbdev->state) {
	case XenbusStateInitialising:
		if (back == XenbusStateInitWait)
			connect(front);
		else if (back == XenbusStateClosing)
			lost(front, "it closed before it had connected");
		break;
	case XenbusStateInitialised:
		if (back == XenbusStateConnected) {
			publish(front, XenbusStateConnected);
			front_count(front, FRONT_CONNECTS, 1);
			queue_work(front_wq, &front->conn->start);
		} else if (back != XenbusStateInitWait) {
			lost(front, xenbus_strstate(back));
		}
		break;
	case XenbusStateConnected:
		if (back != XenbusStateConnected)
			lost(front, xenbus_strstate(back));
		break;
	case XenbusStateClosing:
		if (back != XenbusStateClosing && back != XenbusStateClosed &&
		    back != XenbusStateUnknown && !front->closing_timed_out)
			break;
		publish(front, XenbusStateClosed);
		fallthrough;
	case XenbusStateClosed:
		if (!backend_returns(front, back))
			break;
		if (time_before(jiffies, front->last_connect + RECONNECT_PAUSE)) {
			mod_delayed_work(front_wq, &front->retry, RECONNECT_PAUSE);
			break;
		}
		publish(front, XenbusStateInitialising);
		if (back == XenbusStateInitWait)
			connect(front);
		break;
	default:
		begin_close(front); /* not a state of ours: some predecessor's */
		break;
	}
}

static void retry_work(struct work_struct *work)
{
	struct front_dev *front = container_of(to_delayed_work(work), struct front_dev, retry);

	mutex_lock(&front->lock);
	front->closing_timed_out = true;
	step(front, backend_state(front->xbdev));
	mutex_unlock(&front->lock);
}

/* Watches may fire twice and for nothing; the state given may be older than the store's. */
static void backend_changed(struct xenbus_device *xbdev, enum xenbus_state back)
{
	struct front_dev *front = dev_get_drvdata(&xbdev->dev);

	mutex_lock(&front->lock);
	step(front, back);
	mutex_unlock(&front->lock);
}

/* ---------------------------------------------------------------- re-plug */

struct replug {
	struct work_struct work;
	struct xenbus_device *xbdev;
};

static void replug_work(struct work_struct *work)
{
	struct replug *replug = container_of(work, struct replug, work);

	if (device_reprobe(&replug->xbdev->dev))
		dev_err(&replug->xbdev->dev, "cannot probe the new backend\n");
	put_device(&replug->xbdev->dev);
	kfree(replug);
}

static void plug_changed(struct xenbus_watch *watch, const char *path, const char *token)
{
	struct front_dev *front = container_of(watch, struct front_dev, plug);
	struct xenbus_device *xbdev = front->xbdev;
	struct replug *replug;
	bool anew;

	/* Absent: xenbus itself removes the device. */
	if (!xenbus_exists(XBT_NIL, xbdev->nodename, "backend"))
		return;
	mutex_lock(&front->lock);
	anew = !still_plugged(xbdev) ||
	       (xbdev->state != XenbusStateInitialising &&
		xenbus_read_driver_state(xbdev->nodename) == XenbusStateInitialising);
	mutex_unlock(&front->lock);
	if (!anew)
		return;
	replug = kzalloc(sizeof(*replug), GFP_KERNEL);
	if (!replug)
		return;
	INIT_WORK(&replug->work, replug_work);
	replug->xbdev = xbdev;
	get_device(&xbdev->dev);
	queue_work(front_wq, &replug->work);
}

/* ---------------------------------------------------------------- driver */

static int front_probe(struct xenbus_device *xbdev, const struct xenbus_device_id *id)
{
	struct front_dev *front = kzalloc(sizeof(*front), GFP_KERNEL);
	int ret;

	if (!front)
		return -ENOMEM;
	front->xbdev = xbdev;
	mutex_init(&front->lock);
	INIT_WORK(&front->lost, lost_work);
	INIT_DELAYED_WORK(&front->retry, retry_work);
	front->last_connect = jiffies - RECONNECT_PAUSE;
	xbdev->state = xenbus_read_driver_state(xbdev->nodename);
	dev_set_drvdata(&xbdev->dev, front);

	front->plug.callback = plug_changed;
	front->plug.node = kasprintf(GFP_KERNEL, "%s/backend", xbdev->nodename);
	ret = front->plug.node ? register_xenbus_watch(&front->plug) : -ENOMEM;
	if (ret) {
		kfree(front->plug.node);
		kfree(front);
		dev_set_drvdata(&xbdev->dev, NULL);
	}
	/* xenbus watches the backend from here on and reports its state at once. */
	return ret;
}

/* Ends the connection in good order, but waits for the backend for a moment only. */
static void front_remove(struct xenbus_device *xbdev)
{
	struct front_dev *front = dev_get_drvdata(&xbdev->dev);
	unsigned long end = jiffies + CLOSE_TIMEOUT;
	bool open;

	unregister_xenbus_watch(&front->plug);
	mutex_lock(&front->lock);
	front->gone = true;
	open = front->conn;
	disconnect(front);
	if (open)
		publish(front, XenbusStateClosing);
	mutex_unlock(&front->lock);
	cancel_work_sync(&front->lost);
	cancel_delayed_work_sync(&front->retry);

	while (open && still_plugged(xbdev) && time_before(jiffies, end) &&
	       backend_state(xbdev) == XenbusStateConnected)
		msleep(20);
	publish(front, XenbusStateClosed);
	kfree(front->plug.node);
	dev_set_drvdata(&xbdev->dev, NULL);
	kfree(front);
}

/* Video memory does not travel with a guest: a suspend is a loss, announced to programs as one. */
static int front_suspend(struct xenbus_device *xbdev)
{
	struct front_dev *front = dev_get_drvdata(&xbdev->dev);

	mutex_lock(&front->lock);
	if (front->conn)
		lost(front, "the guest is being suspended");
	mutex_unlock(&front->lock);
	return 0;
}

/* xenbus has set the state to Initialising and found the backend; its watch does the rest. */
static int front_resume(struct xenbus_device *xbdev)
{
	struct front_dev *front = dev_get_drvdata(&xbdev->dev);

	mutex_lock(&front->lock);
	front->failed = false;
	mutex_unlock(&front->lock);
	return 0;
}

/* ---------------------------------------------------------------- counts in sysfs */

struct stat_attribute {
	struct device_attribute attr;
	enum front_stat which;
};

static ssize_t stat_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	struct front_dev *front = dev_get_drvdata(dev);
	enum front_stat which = container_of(attr, struct stat_attribute, attr)->which;

	return sysfs_emit(buf, "%lld\n", (long long)atomic64_read(&front->stats[which]));
}

#define STAT(name_, which_)                                                                        \
	static struct stat_attribute stat_##name_ = {.attr = __ATTR(name_, 0444, stat_show, NULL), \
						     .which = which_}

STAT(requests, FRONT_REQUESTS);
STAT(responses, FRONT_RESPONSES);
STAT(batches, FRONT_BATCHES);
STAT(notifies, FRONT_NOTIFIES);
STAT(doorbells, FRONT_DOORBELLS);
STAT(interrupts, FRONT_INTERRUPTS);
STAT(spurious, FRONT_SPURIOUS);
STAT(events, FRONT_EVENTS);
STAT(completions, FRONT_COMPLETIONS);
STAT(fallbacks, FRONT_FALLBACKS);
STAT(grants, FRONT_GRANTS);
STAT(connects, FRONT_CONNECTS);
STAT(losses, FRONT_LOSSES);
STAT(violations, FRONT_VIOLATIONS);

static struct attribute *stat_attrs[] = {
	&stat_requests.attr.attr,   &stat_responses.attr.attr,	 &stat_batches.attr.attr,
	&stat_notifies.attr.attr,   &stat_interrupts.attr.attr,	 &stat_spurious.attr.attr,
	&stat_events.attr.attr,	    &stat_completions.attr.attr, &stat_fallbacks.attr.attr,
	&stat_grants.attr.attr,	    &stat_connects.attr.attr,	 &stat_losses.attr.attr,
	&stat_violations.attr.attr, &stat_doorbells.attr.attr,	 NULL,
};

static const struct attribute_group stat_group = {.name = "stats", .attrs = stat_attrs};
static const struct attribute_group *stat_groups[] = {&stat_group, NULL};

/* ---------------------------------------------------------------- module */

static const struct xenbus_device_id front_ids[] = {{"vgpu"}, {""}};

static struct xenbus_driver front_driver = {
	.name = "xen-vgpu",
	.ids = front_ids,
	.probe = front_probe,
	.remove = front_remove,
	.otherend_changed = backend_changed,
	.suspend = front_suspend,
	.resume = front_resume,
	.not_essential = true,
	.allow_rebind = true, /* remove() has published what is true of the node */
	.driver = {.dev_groups = stat_groups},
};

static int __init front_init(void)
{
	int ret;

	if (!xen_domain())
		return -ENODEV;
	front_wq = alloc_workqueue("xen-vgpu", WQ_UNBOUND, 0);
	if (!front_wq)
		return -ENOMEM;
	ret = xenbus_register_frontend(&front_driver);
	if (ret)
		destroy_workqueue(front_wq);
	return ret;
}

static void __exit front_exit(void)
{
	xenbus_unregister_driver(&front_driver);
	destroy_workqueue(front_wq);
}

module_init(front_init);
module_exit(front_exit);

MODULE_DESCRIPTION("Xen virtual GPU frontend");
MODULE_AUTHOR("The xen-vgpu project");
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("xen:vgpu");
