/* SPDX-License-Identifier: MIT */
/*
 * event.c - the event page: news that is not the answer to a request.
 *
 * The front owns the page and may write anything into it at any time, so in_prod is kept in private
 * and in_cons is believed only as far as it tells whether there is room.
 */
#include <string.h>

#include "gpu/vgpu/device.h"

_Static_assert(sizeof(struct xenvgpu_event) == 64, "an event is 64 bytes");
_Static_assert(sizeof(struct xenvgpu_event_page) == HV_PAGE_SIZE, "the event page is one page");

static void put(struct vgpu_device *dev, struct xenvgpu_event *event)
{
	struct xenvgpu_event_page *page = dev->ring.events;
	uint32_t prod = dev->ring.event_prod;

	/* A full page, or an index that makes no sense: it is the front's loss. */
	if (prod - HV_READ_ONCE(page->in_cons) >= XENVGPU_NUM_EVENTS) {
		dev->stats.events_lost++;
		return;
	}
	event->id = (uint16_t)prod;
	memcpy(&page->event[prod % XENVGPU_NUM_EVENTS], event, sizeof(*event));
	hv_wmb();
	dev->ring.event_prod = prod + 1;
	HV_WRITE_ONCE(page->in_prod, prod + 1);
	vgpu_ring_notify(dev);
}

void vgpu_event_lost(struct vgpu_device *dev, uint32_t reason)
{
	struct xenvgpu_event event;

	memset(&event, 0, sizeof(event));
	event.type = XENVGPU_EVT_LOST;
	event.op.lost.reason = reason;
	put(dev, &event);
}

void vgpu_event_channel(struct vgpu_device *dev, uint32_t channel, const struct gpu_fault *fault)
{
	struct xenvgpu_event event;

	memset(&event, 0, sizeof(event));
	event.type = XENVGPU_EVT_CHANNEL;
	event.op.channel.channel = channel;
	event.op.channel.xid = fault->xid;
	event.op.channel.address = fault->address;
	event.op.channel.fault = fault->type;
	put(dev, &event);
}
