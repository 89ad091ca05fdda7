/* SPDX-License-Identifier: MIT */
/*
 * vgpu_calls.h - requests of feature-channels, as a guest of vgpu_guest.h makes them.
 */
#ifndef TESTS_UNIT_VGPU_CALLS_H
#define TESTS_UNIT_VGPU_CALLS_H

#include "tests/unit/vgpu_guest.h"

/* Imports `pages` pages of the list that the guest's directory has. */
static inline int guest_import(struct guest *g, uint32_t pages, uint32_t flags, uint32_t *handle)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_MEM_IMPORT);
	struct xenvgpu_response rsp;
	int ret;

	req.op.mem_import.gref_directory = g->dir_ref;
	req.op.mem_import.pages = pages;
	req.op.mem_import.flags = flags;
	ret = guest_call(g, &req, &rsp);
	*handle = rsp.op.mem_import.handle;
	return ret;
}

static inline int guest_space(struct guest *g, struct xenvgpu_space_create_resp *space)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_CREATE);
	struct xenvgpu_response rsp;
	int ret = guest_call(g, &req, &rsp);

	*space = rsp.op.space_create;
	return ret;
}

static inline int guest_space_destroy(struct guest *g, uint32_t space)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_SPACE_DESTROY);
	struct xenvgpu_response rsp;

	req.op.space_destroy.space = space;
	return guest_call(g, &req, &rsp);
}

/* The changes go through the last page of the guest's buffer. */
static inline struct xenvgpu_request
guest_bind_request(struct guest *g, uint32_t space, const struct xenvgpu_bind *bind, uint32_t count)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_BIND);

	memcpy(g->buf + (BED_PAGES - 1) * (size_t)HV_PAGE_SIZE, bind, count * sizeof(*bind));
	req.op.bind.space = space;
	req.op.bind.gref = g->buf_refs[BED_PAGES - 1];
	req.op.bind.count = count;
	return req;
}

/* *done (may be NULL): changes carried out. */
static inline int guest_bind(struct guest *g, uint32_t space, const struct xenvgpu_bind *bind,
			     uint32_t count, uint32_t *done)
{
	struct xenvgpu_request req = guest_bind_request(g, space, bind, count);
	struct xenvgpu_response rsp;
	int ret = guest_call(g, &req, &rsp);

	if (done)
		*done = rsp.op.bind.done;
	return ret;
}

static inline struct xenvgpu_bind bed_map(uint32_t handle, uint8_t shift, uint64_t va,
					  uint64_t size, uint64_t offset)
{
	return (struct xenvgpu_bind){
		.operation = XENVGPU_BIND_MAP,
		.page_shift = shift,
		.handle = handle,
		.va = va,
		.size = size,
		.offset = offset,
	};
}

static inline struct xenvgpu_bind bed_bind(uint8_t operation, uint8_t shift, uint64_t va,
					   uint64_t size)
{
	return (struct xenvgpu_bind){
		.operation = operation, .page_shift = shift, .va = va, .size = size};
}

static inline int guest_map(struct guest *g, uint32_t space, uint32_t handle, uint8_t shift,
			    uint64_t va, uint64_t size)
{
	struct xenvgpu_bind bind = bed_map(handle, shift, va, size, 0);

	return guest_bind(g, space, &bind, 1, NULL);
}

static inline int guest_unmap(struct guest *g, uint32_t space, uint8_t shift, uint64_t va,
			      uint64_t size)
{
	struct xenvgpu_bind bind = bed_bind(XENVGPU_BIND_UNMAP, shift, va, size);

	return guest_bind(g, space, &bind, 1, NULL);
}

static inline struct xenvgpu_request guest_channel_request(uint32_t space, uint32_t engine_class,
							   uint64_t gpfifo)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_CHANNEL_CREATE);

	req.op.channel_create.space = space;
	req.op.channel_create.engine_class = engine_class;
	req.op.channel_create.gpfifo = gpfifo;
	req.op.channel_create.entries = 64;
	return req;
}

static inline int guest_channel(struct guest *g, uint32_t space, uint32_t engine_class,
				uint64_t gpfifo, struct xenvgpu_channel_create_resp *channel)
{
	struct xenvgpu_request req = guest_channel_request(space, engine_class, gpfifo);
	struct xenvgpu_response rsp;
	int ret = guest_call(g, &req, &rsp);

	*channel = rsp.op.channel_create;
	return ret;
}

static inline int guest_channel_destroy(struct guest *g, uint32_t channel)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_CHANNEL_DESTROY);
	struct xenvgpu_response rsp;

	req.op.channel_destroy.channel = channel;
	return guest_call(g, &req, &rsp);
}

/* Sets the channel's bit, which the back may clear at the same time; notifies if it was clear. */
static inline void guest_bell(struct guest *g, uint32_t channel)
{
	uint32_t bit = 1u << channel % 32;
	uint32_t before =
		__atomic_fetch_or(&g->events->doorbell[channel / 32], bit, __ATOMIC_SEQ_CST);

	if (!(before & bit))
		guest_send(g);
}

#endif /* TESTS_UNIT_VGPU_CALLS_H */
