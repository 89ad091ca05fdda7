/* SPDX-License-Identifier: MIT */
/*
 * events.c - news that no request asked for: the event page.
 *
 * The backend writes in_prod and the events, we write in_cons. Our own count of events taken is
 * private; in_prod may run ahead of it by a page's worth at most. Version 1 knows one event, the
 * loss of the GPU, and it ends the connection: so one event is all that is ever taken from a page.
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

bool front_events_poll(struct front_dev *dev)
{
	struct xenvgpu_event_page *page = (void *)dev->event_page->va;
	uint32_t prod = HV_READ_ONCE(page->in_prod);
	struct xenvgpu_event evt;
	bool reserved = false;

	hv_rmb(); /* the event is read after the index */
	if (prod == dev->evt_cons)
		return false;
	if (prod - dev->evt_cons > XENVGPU_NUM_EVENTS) {
		front_violation(dev, "event index %u, read so far %u", prod, dev->evt_cons);
		return true;
	}
	evt = *(volatile struct xenvgpu_event *)&page->event[dev->evt_cons % XENVGPU_NUM_EVENTS];
	dev->evt_cons++;
	dev->stats.events++;
	hv_mb(); /* the slot is free only after it was read */
	HV_WRITE_ONCE(page->in_cons, dev->evt_cons);

	for (unsigned int i = 0; i < sizeof(evt.reserved); i++)
		reserved |= evt.reserved[i];
	if (evt.type != XENVGPU_EVT_LOST || reserved) {
		front_violation(dev, "event %u has type %#x%s", evt.id, evt.type,
				reserved ? " and reserved bytes set" : "");
	} else {
		dev->stats.last_lost = evt.op.lost.reason;
		front_lost(dev, lost_reason(evt.op.lost.reason));
	}
	return true;
}
