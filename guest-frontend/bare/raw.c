/* SPDX-License-Identifier: MIT */
/*
 * raw.c - a connection laid open, for hostile test guests; see raw.h.
 */
#include <errno.h>
#include <string.h>

#include "front_int.h"
#include "raw.h"

int front_raw_take(struct front_dev *dev, struct front_raw *out)
{
	if (front_state(dev) != FRONT_CONNECTED)
		return -ENODEV;
	dev->raw = true;
	out->sring = dev->ring.sring;
	out->events = (void *)dev->event_page->va;
	out->req_prod = dev->pushed;
	out->rsp_cons = dev->ring.rsp_cons;
	out->port = dev->port;
	out->back = dev->bound_dom;
	out->ring_ref = dev->ring_page->ref[0];
	out->event_ref = dev->event_page->ref[0];
	return 0;
}

void front_raw_give(struct front_dev *dev)
{
	dev->raw = false;
}

uint8_t *front_raw_userd(struct front_dev *dev, uint32_t channel)
{
	const struct front_channel *ch;

	if (channel >= XENVGPU_MAX_CHANNELS)
		return NULL;
	ch = &dev->channel[channel];
	return ch->live && ch->userd ? (uint8_t *)ch->userd->map.va + ch->userd_offset : NULL;
}

uint8_t *front_raw_slot(const struct front_raw *raw, uint32_t index)
{
	return (uint8_t *)&raw->sring->ring[index % XENVGPU_RING_SLOTS];
}

void front_raw_publish(struct front_raw *raw, uint32_t req_prod)
{
	hv_wmb(); /* slots before index */
	HV_WRITE_ONCE(raw->sring->req_prod, req_prod);
	raw->req_prod = req_prod;
	(void)hv_evtchn_send(raw->port);
}

static bool answered(void *arg)
{
	struct front_raw *raw = arg;

	return HV_READ_ONCE(raw->sring->rsp_prod) != raw->rsp_cons;
}

int front_raw_call(struct front_raw *raw, const struct xenvgpu_request *req,
		   struct xenvgpu_response *rsp, uint64_t timeout)
{
	int ret;

	memcpy(front_raw_slot(raw, raw->req_prod), req, sizeof(*req));
	HV_WRITE_ONCE(raw->sring->rsp_event, raw->rsp_cons + 1);
	front_raw_publish(raw, raw->req_prod + 1);
	ret = hv_loop_until(answered, raw, timeout);
	if (ret)
		return ret;
	hv_rmb(); /* the response is read after the index */
	memcpy(rsp, front_raw_slot(raw, raw->rsp_cons), sizeof(*rsp));
	raw->rsp_cons++;
	return 0;
}
