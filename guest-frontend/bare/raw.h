/* SPDX-License-Identifier: MIT */
/*
 * raw.h - a connection laid open, for hostile test guests.
 *
 * A guest that wants to send what no honest front would send connects with front.h and then takes
 * the ring over: from front_raw_take() on the front neither reads nor writes the ring or the event
 * page, and ignores its event channel, until the connection ends. Nothing here is used by an honest
 * guest.
 */
#ifndef FRONT_RAW_H
#define FRONT_RAW_H

#include "front.h"

struct front_raw {
	struct xen_vgpuif_sring *sring; /* the whole shared page */
	struct xenvgpu_event_page *events;
	uint32_t req_prod; /* as published so far */
	uint32_t rsp_cons;
	hv_port_t port;
	hv_domid_t back;
	hv_gref_t ring_ref, event_ref;
};

/* 0, or -ENODEV when not connected. Pending requests of the front are never completed any more. */
int front_raw_take(struct front_dev *dev, struct front_raw *out);

/* The front goes on; only when ring and indices are as they were, whatever was done to the event page. */
void front_raw_give(struct front_dev *dev);

/* The USERD of a channel, XENVGPU_USERD_SIZE bytes that the device reads; NULL: no such channel. */
uint8_t *front_raw_userd(struct front_dev *dev, uint32_t channel);

/* Any slot as bytes, any index (taken modulo the ring): 64 bytes, shared with the backend. */
uint8_t *front_raw_slot(const struct front_raw *raw, uint32_t index);

/* Sets req_prod to any value and sends an event whether the backend asked for one or not. */
void front_raw_publish(struct front_raw *raw, uint32_t req_prod);

/*
 * Writes one request at raw->req_prod, publishes it and waits until rsp_prod moves by one.
 * The response (unchecked) is copied to rsp. 0 or -ETIMEDOUT.
 */
int front_raw_call(struct front_raw *raw, const struct xenvgpu_request *req,
		   struct xenvgpu_response *rsp, uint64_t timeout);

#endif /* FRONT_RAW_H */
