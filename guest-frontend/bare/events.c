/* SPDX-License-Identifier: MIT */
/*
 * events.c - news that no request asked for: the event page.
 *
 * The backend writes in_prod and the events, we write in_cons. Our own count of events taken is
 * private; in_prod may run ahead of it by a page's worth at most, so one pass is bounded. There are two
 * events: the loss of the GPU, which ends the connection, and the stop of a channel.
 */
#include "front_int.h"

_Static_assert(sizeof(struct xenvgpu_event) == 64, "an event has 64 bytes");
_Static_assert(sizeof(struct xenvgpu_event_page) == HV_PAGE_SIZE, "the event page is one page");

static const char *lost_reason(uint32_t reason)
{
	switch (reason) {
	case XENVGPU_LOST_BUS:
		return "the GPU is off the bus";
	case XENVGPU_LOST_RESET:
		return "the GPU is about to be reset";
	default:
		return "the GPU is lost";
	}
}

uint32_t front_events_seen(struct front_dev *dev)
{
	struct xenvgpu_event_page *page = (void *)dev->event_page->va;
	uint32_t prod = HV_READ_ONCE(page->in_prod);

	hv_rmb(); /* the events, and the responses that came before them, are read after the index */
	return prod;
}

/* One event, already private; true when it is news. */
static bool take_event(struct front_dev *dev, const struct xenvgpu_event *evt)
{
	bool reserved = false;

	for (unsigned int i = 0; i < sizeof(evt->reserved); i++)
		reserved |= evt->reserved[i];
	if (reserved) {
		front_violation(dev, "event %u has type %#x and reserved bytes set", evt->id,
				evt->type);
		return true;
	}
	switch (evt->type) {
	case XENVGPU_EVT_LOST:
		dev->stats.last_lost = evt->op.lost.reason;
		front_lost(dev, lost_reason(evt->op.lost.reason));
		return true;
	case XENVGPU_EVT_CHANNEL:
		if (dev->channels_ok && evt->op.channel.channel < XENVGPU_MAX_CHANNELS)
			return front_channel_event(dev, evt);
		front_violation(dev, "event %u is about channel %u", evt->id,
				evt->op.channel.channel);
		return true;
	default:
		front_violation(dev, "event %u has type %#x", evt->id, evt->type);
		return true;
	}
}

bool front_events_take(struct front_dev *dev, uint32_t prod)
{
	struct xenvgpu_event_page *page = (void *)dev->event_page->va;
	unsigned int epoch = dev->epoch;
	bool any = false;

	if (prod - dev->evt_cons > XENVGPU_NUM_EVENTS) {
		front_violation(dev, "event index %u, read so far %u", prod, dev->evt_cons);
		return true;
	}
	while (dev->evt_cons != prod) {
		const struct xenvgpu_event evt =
			*(volatile struct xenvgpu_event *)&page
				 ->event[dev->evt_cons % XENVGPU_NUM_EVENTS];

		dev->evt_cons++;
		dev->stats.events++;
		hv_mb(); /* the slot is free only after it was read */
		HV_WRITE_ONCE(page->in_cons, dev->evt_cons);
		any |= take_event(dev, &evt);
		if (dev->epoch != epoch)
			return true;
	}
	return any;
}
