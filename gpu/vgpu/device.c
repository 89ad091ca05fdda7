/* SPDX-License-Identifier: MIT */
/*
 * device.c - the life of one device: the XenbusState machine of vgpuif.h, seen from the back.
 *
 *	IDLE -> SCRUBBING -> OFFERED (InitWait) -> CONNECTED -> CLOSING -> ENDING -> IDLE (Closed)
 *
 * ENDING takes as long as the GPU core needs to stop the device's channels, and as many turns as there are
 * guest pages to unmap; then the slice goes back. It is over at once where there is nothing of these.
 * Other devices go on meanwhile, and a device whose directory is gone stays until then.
 *
 * The front's state is a node the guest may write as it likes, as often as it likes. Each change is
 * acted on at most once, the same change twice does nothing, an impossible one closes this device and
 * no other, and a device that changes too often is looked at only now and then.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/vgpu/device.h"

/* Changes of the front's state acted on: a burst, and then one per interval. */
#define CHANGES_BURST	 64u
#define CHANGES_INTERVAL (20 * HV_MS)

/* ---------------------------------------------------------------- letting go */

static void start(struct vgpu_device *dev);

/*
 * One bounded step of letting go. First the core ends what it has of the device: only when it says so the device
 * reaches nothing of it any more, and memory may go. True when there is more to do now.
 */
static bool end_turn(struct vgpu_device *dev)
{
	if (!vgpu_tenant_end(dev))
		return false; /* kicked when it has ended */
	if (vgpu_import_free(dev))
		return true;
	for (unsigned int i = 0; i < VGPU_USERD_PAGES; i++) {
		if (dev->userd[i])
			vgpu_userd_put(dev->back, dev->userd[i]);
		dev->userd[i] = NULL;
	}
	vgpu_slice_close(&dev->slice);
	dev->phase = VGPU_IDLE;
	vgpu_stats_dirty(dev->back, dev);
	vgpu_ended(dev->back);
	if (dev->doomed)
		return false;
	xenbus_set_state(&dev->bus, XenbusStateClosed);
	if (dev->restart)
		start(dev);
	return false;
}

/* Lets go of everything; Closed when that is done, which may be now. */
static void close_device(struct vgpu_device *dev)
{
	dev->restart = false;
	if (dev->phase == VGPU_ENDING)
		return;
	vgpu_ring_disconnect(dev);
	dev->pending = false;
	dev->phase = VGPU_ENDING;
	if (end_turn(dev))
		vgpu_kick(dev);
	if (dev->phase == VGPU_ENDING && !dev->doomed)
		xenbus_set_state(&dev->bus, XenbusStateClosing);
}

/*
 * Nothing is served from now on. Its channels are stopped, but otherwise what is held stays until the
 * front is done.
 */
static void start_closing(struct vgpu_device *dev)
{
	dev->pending = false;
	dev->phase = VGPU_CLOSING;
	dev->job.kind = VGPU_JOB_NONE;
	if (dev->ring.port) {
		vgpu_brake_stop(dev);
		hv_evtchn_mask(dev->ring.port);
	}
	vgpu_tenant_end(dev);
	xenbus_set_state(&dev->bus, XenbusStateClosing);
	vgpu_stats_dirty(dev->back, dev);
}

void vgpu_device_fail(struct vgpu_device *dev, int err, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xenbus_error(&dev->bus, err, "%s", text);
	vgpu_ring_disconnect(dev);
	start_closing(dev);
}

/* No slice for this device, for a reason that the front cannot mend. */
static void refuse(struct vgpu_device *dev, int err, const char *why)
{
	xenbus_error(&dev->bus, err, "dom%u vgpu %u: %s", dev->front, dev->index, why);
	close_device(dev);
}

/* ---------------------------------------------------------------- getting ready */

static bool is_online(struct vgpu_device *dev)
{
	uint64_t online;
	int err = xenbus_read_u64(HV_XS_NONE, dev->bus.own, "online", 1, &online);

	/* Xenstore failing is no order to unplug anybody. */
	return err ? err != -ENOENT && err != -EINVAL : online;
}

static void offer(struct vgpu_device *dev)
{
	char versions[16];
	int err;

	snprintf(versions, sizeof(versions), "%d", XENVGPU_PROTOCOL_VERSION);
	err = xenbus_publish(&dev->bus, "versions", versions);
	if (!err)
		err = xenbus_publish(&dev->bus, "feature-bar-copy",
				     dev->back->copy_max ? "1" : "0");
	if (!err)
		err = xenbus_publish(&dev->bus, "feature-channels", dev->back->rm ? "1" : "0");
	if (!err)
		err = xenbus_publish(&dev->bus, "feature-doorbell",
				     dev->back->rm && dev->policy.direct ? "1" : "0");
	if (!err)
		err = xenbus_set_state(&dev->bus, XenbusStateInitWait);
	if (err) {
		refuse(dev, err, "the offer could not be published");
		return;
	}
	dev->phase = VGPU_OFFERED;
}

/* Of the slice, after which it is offered; or of an object that the guest has freed. */
static void slice_clean(struct vgpu_slice *slice, int err)
{
	struct vgpu_device *dev =
		(struct vgpu_device *)((char *)slice - offsetof(struct vgpu_device, slice));

	vgpu_stats_dirty(dev->back, dev);
	if (dev->phase == VGPU_CONNECTED)
		vgpu_ring_answer(dev, err ? vgpu_xen_error(err) : 0);
	else if (dev->phase == VGPU_SCRUBBING && err)
		refuse(dev, err, err == -EIO ? "VRAM did not hold zeros" : "VRAM not scrubbed");
	else if (dev->phase == VGPU_SCRUBBING)
		offer(dev);
}

/* The front is there and waits: reserve its slice and start cleaning it. */
static void start(struct vgpu_device *dev)
{
	char why[160];
	int err;

	dev->restart = false;
	dev->waiting = false;
	if (!is_online(dev))
		return;
	if (dev->back->lost) {
		refuse(dev, -ENODEV, "the GPU is lost, no slices until the driver domain restarts");
		return;
	}
	err = vgpu_policy_read(dev->front, dev->index, &dev->policy, why, sizeof(why));
	if (err) {
		refuse(dev, err, why);
		return;
	}
	err = vgpu_slice_open(&dev->slice, dev->back->gpu, dev->back->scrubber, dev->policy.vram,
			      slice_clean);
	if (err == -ENOMEM && vgpu_any_ending(dev->back)) {
		dev->waiting = true; /* it may be ours that is still out */
		return;
	}
	if (err) {
		snprintf(why, sizeof(why), "%" PRIu64 " bytes of VRAM wanted, %" PRIu64 " free",
			 dev->policy.vram, gpu_vram_free_bytes(dev->back->gpu));
		refuse(dev, err, why);
		return;
	}
	hv_log(HV_INFO,
	       "dom%u vgpu %u: profile %s, weight %" PRIu32 ", VRAM %#" PRIx64 "+%#" PRIx64,
	       dev->front, dev->index, dev->policy.profile, dev->policy.weight,
	       dev->slice.vram.base, dev->slice.vram.size);
	/* After a close, say that it goes on: cleaning may take a while. */
	xenbus_set_state(&dev->bus, XenbusStateInitialising);
	dev->phase = VGPU_SCRUBBING;
	vgpu_stats_dirty(dev->back, dev);
}

/* ---------------------------------------------------------------- connecting */

static int read_offer(struct vgpu_device *dev, uint64_t *ring, uint64_t *events, uint64_t *port)
{
	static const char *const keys[] = {"version", "ring-ref", "event-page-ref",
					   "event-channel"};
	uint64_t version = 0;
	uint64_t *const values[] = {&version, ring, events, port};

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		int err =
			xenbus_read_u64(HV_XS_NONE, dev->bus.peer, keys[i], UINT32_MAX, values[i]);

		if (!err && !*values[i])
			err = -EINVAL;
		if (err) {
			vgpu_device_fail(dev, err, "%s/%s is no number above 0", dev->bus.peer,
					 keys[i]);
			return err;
		}
	}
	if (version != XENVGPU_PROTOCOL_VERSION) {
		vgpu_device_fail(dev, -EPROTO, "%s/version %" PRIu64 " is not offered",
				 dev->bus.peer, version);
		return -EPROTO;
	}
	if (*ring == *events) {
		/* Responses and events would overwrite each other. */
		vgpu_device_fail(dev, -EINVAL, "%s: one page (%" PRIu64 ") as ring and event page",
				 dev->bus.peer, *ring);
		return -EINVAL;
	}
	return 0;
}

static void connect(struct vgpu_device *dev)
{
	uint64_t ring, events, port;
	int err = read_offer(dev, &ring, &events, &port);

	if (err)
		return;
	err = vgpu_ring_connect(dev, (hv_gref_t)ring, (hv_gref_t)events, (hv_port_t)port);
	if (err) {
		vgpu_device_fail(dev, err,
				 "cannot use ring-ref %" PRIu64 ", event-page-ref %" PRIu64
				 ", event-channel %" PRIu64,
				 ring, events, port);
		return;
	}
	dev->phase = VGPU_CONNECTED;
	xenbus_set_state(&dev->bus, XenbusStateConnected);
	vgpu_stats_dirty(dev->back, dev);
	vgpu_kick(dev);
}

/* ---------------------------------------------------------------- what the front does */

static void impossible(struct vgpu_device *dev, enum xenbus_state state)
{
	/* Nothing is held, or it is being let go already: there is nothing to punish. */
	if (dev->phase == VGPU_IDLE || dev->phase == VGPU_CLOSING || dev->phase == VGPU_ENDING)
		return;
	vgpu_device_fail(dev, -EPROTO, "front state %s is impossible while %s",
			 xenbus_state_name(state), xenbus_state_name(dev->bus.state));
}

static void act_on(struct vgpu_device *dev, enum xenbus_state state)
{
	switch (state) {
	case XenbusStateInitialising:
		if (dev->phase == VGPU_CLOSING)
			close_device(dev); /* it was Closed in between, and we did not look */
		if (dev->phase == VGPU_IDLE)
			start(dev);
		else if (dev->phase == VGPU_ENDING)
			dev->restart = true;
		else if (dev->phase == VGPU_CONNECTED && vgpu_device_remade(dev))
			vgpu_look_again(dev); /* a new plug, seen here before the scan saw it */
		else if (dev->phase == VGPU_CONNECTED)
			impossible(dev, state);
		break;
	case XenbusStateInitialised:
		if (dev->phase == VGPU_OFFERED)
			connect(dev);
		else
			impossible(dev, state);
		break;
	case XenbusStateConnected:
		if (dev->phase != VGPU_CONNECTED)
			impossible(dev, state);
		break;
	case XenbusStateClosing:
		if (dev->phase == VGPU_ENDING)
			dev->restart = false;
		else if (dev->phase != VGPU_IDLE)
			start_closing(dev);
		break;
	case XenbusStateClosed:
	case XenbusStateReconfiguring: /* it gives up this connection and will start again */
	case XenbusStateUnknown:       /* its node is gone, or not readable any more */
		close_device(dev);
		break;
	default:
		impossible(dev, state);
		break;
	}
}

/* Spends one of the changes this device may make now; false when there is none left. */
static bool may_change(struct vgpu_device *dev)
{
	uint64_t now = hv_now(), earned = (now - dev->changes_time) / CHANGES_INTERVAL;

	if (earned >= CHANGES_BURST - dev->changes) {
		dev->changes = CHANGES_BURST;
		dev->changes_time = now;
	} else {
		dev->changes += (unsigned int)earned;
		dev->changes_time += earned * CHANGES_INTERVAL;
	}
	if (!dev->changes)
		return false;
	dev->changes--;
	return true;
}

static void front_changed(struct xenbus_dev *bus, enum xenbus_state state)
{
	struct vgpu_device *dev = bus->arg;

	/* Whatever happens until the timer fires counts as one change: only the last state matters. */
	if (dev->changes_timer.armed)
		return;
	if (may_change(dev))
		act_on(dev, state);
	else
		hv_timer_arm(&dev->changes_timer, hv_now() + CHANGES_INTERVAL);
}

static void look_again(struct hv_timer *t)
{
	struct vgpu_device *dev =
		(struct vgpu_device *)((char *)t - offsetof(struct vgpu_device, changes_timer));

	front_changed(&dev->bus, dev->bus.peer_state);
}

/* ---------------------------------------------------------------- what others do */

void vgpu_device_online(struct vgpu_device *dev)
{
	dev->online_changed = false;
	if (dev->doomed)
		return;
	if (is_online(dev)) {
		if (dev->phase == VGPU_IDLE && dev->bus.peer_state == XenbusStateInitialising)
			start(dev);
		return;
	}
	/* Unplugged: a connected front is asked to close, one that never connected need not be. */
	if (dev->phase == VGPU_CONNECTED)
		start_closing(dev);
	else if (dev->phase != VGPU_CLOSING)
		close_device(dev);
}

void vgpu_device_lost(struct vgpu_device *dev, uint32_t reason)
{
	const char *why =
		reason == XENVGPU_LOST_BUS ? "the GPU is lost" : "the driver domain stops";

	switch (dev->phase) {
	case VGPU_CONNECTED:
		vgpu_event_lost(dev, reason);
		xenbus_error(&dev->bus, -ENODEV, "dom%u vgpu %u: %s", dev->front, dev->index, why);
		start_closing(dev);
		break;
	case VGPU_SCRUBBING:
	case VGPU_OFFERED:
		refuse(dev, -ENODEV, why);
		break;
	default:
		break;
	}
}

bool vgpu_device_remade(struct vgpu_device *dev)
{
	uint64_t state;

	return dev->phase != VGPU_IDLE &&
	       !xenbus_read_u64(HV_XS_NONE, dev->bus.own, "state", XenbusStateReconfigured,
				&state) &&
	       state == XenbusStateInitialising;
}

bool vgpu_device_turn(struct vgpu_device *dev)
{
	vgpu_stats_dirty(dev->back, dev);
	switch (dev->phase) {
	case VGPU_CONNECTED:
		return vgpu_ring_turn(dev);
	case VGPU_ENDING:
		return end_turn(dev);
	default:
		return false;
	}
}

int vgpu_device_new(struct vgpu_back *back, hv_domid_t front, unsigned int index,
		    struct vgpu_device **out)
{
	char own[XENBUS_DIR_MAX], peer[XENBUS_DIR_MAX];
	struct vgpu_device *dev = calloc(1, sizeof(*dev));
	int err;

	if (!dev)
		return -ENOMEM;
	dev->back = back;
	dev->front = front;
	dev->index = index;
	dev->changes = CHANGES_BURST;
	dev->changes_time = hv_now();
	dev->changes_timer.fn = look_again;
	dev->faults = VGPU_FAULTS;
	dev->faults_time = hv_now();
	dev->bus.changed = front_changed;
	dev->bus.arg = dev;
	snprintf(own, sizeof(own), "backend/vgpu/%u/%u", front, index);
	snprintf(peer, sizeof(peer), "/local/domain/%u/device/vgpu/%u", front, index);
	err = xenbus_open(&dev->bus, own, "frontend");
	if (!err && (dev->bus.peer_dom != front || strcmp(dev->bus.peer, peer) != 0)) {
		hv_log_dom(front, HV_WARN, "%s: frontend %s of dom%u is not %s", own, dev->bus.peer,
			   dev->bus.peer_dom, peer);
		err = -EINVAL;
	}
	if (!err)
		err = xenbus_watch_peer(&dev->bus);
	if (err) {
		free(dev);
		return err;
	}
	*out = dev;
	return 0;
}

bool vgpu_device_end(struct vgpu_device *dev)
{
	if (!dev->doomed) {
		dev->doomed = true;
		xenbus_close(&dev->bus);
		hv_timer_cancel(&dev->changes_timer);
		close_device(dev);
	}
	return dev->phase == VGPU_IDLE;
}

void vgpu_device_destroy(struct vgpu_device *dev)
{
	HV_CHECK(dev->phase == VGPU_IDLE);
	free(dev);
}

void vgpu_device_stop(struct vgpu_device *dev)
{
	vgpu_ring_disconnect(dev);
	vgpu_slice_close(&dev->slice);
	hv_timer_cancel(&dev->changes_timer);
	dev->pending = false;
}

void vgpu_device_free(struct vgpu_device *dev)
{
	vgpu_tenant_gone(dev);
	dev->restart = false;
	dev->phase = VGPU_ENDING;
	while (end_turn(dev))
		; /* nobody waits */
	if (!dev->doomed)
		xenbus_close(&dev->bus);
	free(dev);
}
