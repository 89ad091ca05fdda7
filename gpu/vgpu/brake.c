/* SPDX-License-Identifier: MIT */
/*
 * brake.c - a front's events cost the driver domain an upcall each, and are free to send.
 *
 * An event is worth it if it brings a request, or a doorbell behind which a channel's GP_PUT has moved. Who sends
 * far more than that is not heard for a while, and longer each time it happens again: the port is masked. Bits
 * and requests that come meanwhile are served at the end of it, so what a front loses is time. An honest front may
 * send an event for nothing now and then: its doorbell and our look at GP_PUT can cross, once for each submission.
 *
 * Nor are events without a request heard more than VGPU_EVENT_BURST times at once and then every
 * VGPU_EVENT_INTERVAL, worth it or not: submissions above that rate share their events, which they can. (Requests cost
 * their sender turns, of which everybody has their share.)
 */
#include "gpu/vgpu/device.h"

#define EMPTY_MAX      16u /* events for nothing accepted per window, besides one for each that is not */
#define EMPTY_WINDOW   (10 * HV_MS) /* and the first backoff */
#define BACKOFF_SHIFTS 6u	    /* backoff at most 64 windows: 640 ms */
#define PAUSE	       HV_MS	    /* of who is only fast */

static void new_window(struct vgpu_brake *b, uint64_t now)
{
	b->window = now;
	b->events = b->useful = 0;
}

static void over(struct hv_timer *t)
{
	struct vgpu_device *dev =
		(struct vgpu_device *)((char *)t - offsetof(struct vgpu_device, brake.timer));

	/* The time of the mask was no quiet time. */
	new_window(&dev->brake, hv_now());
	hv_evtchn_unmask(dev->ring.port);
	vgpu_kick(dev); /* what came meanwhile is served even if its event is lost */
}

static void mask(struct vgpu_device *dev, uint64_t time)
{
	dev->stats.brakes++;
	hv_evtchn_mask(dev->ring.port);
	hv_timer_arm(&dev->brake.timer, hv_now() + time);
}

void vgpu_brake_release(struct vgpu_device *dev)
{
	dev->brake = (struct vgpu_brake){
		.timer.fn = over, .window = hv_now(), .left = VGPU_EVENT_BURST, .earned = hv_now()};
}

void vgpu_brake_stop(struct vgpu_device *dev)
{
	hv_timer_cancel(&dev->brake.timer);
}

/* Is there an event to be had? */
static bool earned(struct vgpu_brake *b, uint64_t now)
{
	uint64_t n = (now - b->earned) / VGPU_EVENT_INTERVAL;

	b->earned += n * VGPU_EVENT_INTERVAL;
	if (n > VGPU_EVENT_BURST - b->left)
		n = VGPU_EVENT_BURST - b->left;
	b->left += (unsigned int)n;
	if (!b->left)
		return false;
	b->left--;
	return true;
}

void vgpu_brake_useful(struct vgpu_device *dev)
{
	dev->brake.useful++;
}

void vgpu_brake_event(struct vgpu_device *dev, bool request)
{
	struct vgpu_brake *b = &dev->brake;
	uint64_t now = hv_now();

	if (now - b->window >= EMPTY_WINDOW) {
		if (now - b->window >= 2 * EMPTY_WINDOW)
			b->backoffs = 0; /* it has been quiet for a whole window */
		new_window(b, now);
	}
	b->events++;
	b->useful += request;
	if (b->events > EMPTY_MAX + 2 * b->useful) {
		hv_log_dom(dev->front, HV_WARN,
			   "%s: %u empty events within %llu ms: port masked for a while",
			   dev->bus.own, b->events - b->useful, EMPTY_WINDOW / HV_MS);
		mask(dev, EMPTY_WINDOW << b->backoffs);
		if (b->backoffs < BACKOFF_SHIFTS)
			b->backoffs++;
	} else if (!request && !earned(b, now)) {
		mask(dev, PAUSE);
	}
}
