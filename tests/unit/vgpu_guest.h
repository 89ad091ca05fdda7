/* SPDX-License-Identifier: MIT */
/*
 * vgpu_guest.h - a guest that speaks the ring raw, so that it can also speak it wrongly: on the hosted machine
 * (vgpu_bed.h) and as a domain on Xen (tests/xen/images/sequences.c).
 *
 * Who includes this defines how such a guest acts: guest_enter(), guest_leave(), guest_run().
 */
#ifndef TESTS_UNIT_VGPU_GUEST_H
#define TESTS_UNIT_VGPU_GUEST_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hv.h"

#include <xen/errno.h>
#include <xen/io/vgpuif.h>

#define BED_CHECK(cond)                                                                            \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

#define MIB	  (1ull << 20)
#define BED_PAGES 256u /* pages of a guest's buffer: one request's maximum */

struct bed;

struct guest {
	struct bed *bed;
	hv_domid_t dom;
	unsigned int index;
	struct xen_vgpuif_sring *sring;
	struct xenvgpu_event_page *events;
	hv_gref_t ring_ref, event_ref;
	hv_port_t port;
	uint32_t prod, cons; /* requests written, responses read */
	unsigned int wakeups;
	uint16_t id;
	uint8_t *buf; /* BED_PAGES pages, granted */
	struct xenvgpu_page_directory *dir;
	hv_gref_t dir_ref, buf_refs[BED_PAGES];
};

/* What follows is done as this guest, until guest_leave(). */
static inline void guest_enter(const struct guest *g);
static inline void guest_leave(void);
/* Until everybody has done what there is to do, or the guest has an answer at least. */
static inline void guest_run(struct guest *g);

/* ---------------------------------------------------------------- the ring */

static inline void guest_put(struct guest *g, const struct xenvgpu_request *req)
{
	memcpy(&g->sring->ring[g->prod % XENVGPU_RING_SLOTS].req, req, sizeof(*req));
	g->prod++;
}

/* Publishes what was put; sends the event if the back has asked for one. */
static inline void guest_push(struct guest *g)
{
	uint32_t old = g->sring->req_prod;

	hv_wmb(); /* slots before index */
	HV_WRITE_ONCE(g->sring->req_prod, g->prod);
	hv_mb(); /* index before the wish for an event */
	if (g->prod - g->sring->req_event < g->prod - old) {
		guest_enter(g);
		BED_CHECK(!hv_evtchn_send(g->port));
		guest_leave();
	}
}

static inline void guest_send(struct guest *g)
{
	guest_enter(g);
	hv_evtchn_send(g->port);
	guest_leave();
}

/* The next response, or false. Asks for an event on the one after it. */
static inline bool guest_get(struct guest *g, struct xenvgpu_response *rsp)
{
	if (g->cons == HV_READ_ONCE(g->sring->rsp_prod))
		return false;
	hv_rmb(); /* the response is read after the index */
	memcpy(rsp, &g->sring->ring[g->cons % XENVGPU_RING_SLOTS].rsp, sizeof(*rsp));
	g->cons++;
	g->sring->rsp_event = g->cons + 1;
	return true;
}

/* One request and its answer; the status. */
static inline int guest_call(struct guest *g, struct xenvgpu_request *req,
			     struct xenvgpu_response *rsp)
{
	req->id = g->id++;
	guest_put(g, req);
	guest_push(g);
	guest_run(g);
	BED_CHECK(guest_get(g, rsp));
	BED_CHECK(rsp->id == req->id && rsp->operation == req->operation && !rsp->reserved);
	return rsp->status;
}

/* ---------------------------------------------------------------- requests */

static inline struct xenvgpu_request bed_request(uint8_t operation)
{
	struct xenvgpu_request req;

	memset(&req, 0, sizeof(req));
	req.operation = operation;
	return req;
}

static inline struct xenvgpu_request guest_copy_request(struct guest *g, uint8_t operation,
							uint32_t handle, uint64_t offset,
							uint32_t length)
{
	struct xenvgpu_request req = bed_request(operation);

	req.op.mem_copy.handle = handle;
	req.op.mem_copy.gref_directory = g->dir_ref;
	req.op.mem_copy.offset = offset;
	req.op.mem_copy.length = length;
	return req;
}

static inline int guest_alloc(struct guest *g, uint64_t size, uint32_t *handle)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_ALLOC);
	struct xenvgpu_response rsp;
	int ret;

	req.op.mem_alloc.size = size;
	ret = guest_call(g, &req, &rsp);
	*handle = rsp.op.mem_alloc.handle;
	return ret;
}

static inline int guest_free(struct guest *g, uint32_t handle)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_FREE);
	struct xenvgpu_response rsp;

	req.op.mem_free.handle = handle;
	return guest_call(g, &req, &rsp);
}

static inline int guest_copy(struct guest *g, uint8_t operation, uint32_t handle, uint64_t offset,
			     uint32_t length)
{
	struct xenvgpu_request req = guest_copy_request(g, operation, handle, offset, length);
	struct xenvgpu_response rsp;

	return guest_call(g, &req, &rsp);
}

static inline int guest_ping(struct guest *g, uint64_t cookie)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_PING);
	struct xenvgpu_response rsp;
	int ret;

	req.op.ping.cookie = cookie;
	ret = guest_call(g, &req, &rsp);
	BED_CHECK(ret || rsp.op.ping.cookie == cookie);
	return ret;
}

static inline int guest_info(struct guest *g, struct xenvgpu_info_resp *info)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_INFO);
	struct xenvgpu_response rsp;
	int ret = guest_call(g, &req, &rsp);

	*info = rsp.op.info;
	return ret;
}

/* ---------------------------------------------------------------- contents */

/* A pattern that tells guest, address and seed apart; word by word. */
static inline void bed_pattern(uint8_t *buf, size_t len, uint64_t key)
{
	for (size_t i = 0; i < len; i += 8) {
		uint64_t v = (key + i) * 0x9e3779b97f4a7c15ull;

		v ^= v >> 29;
		memcpy(buf + i, &v, 8);
	}
}

#endif /* TESTS_UNIT_VGPU_GUEST_H */
