/* SPDX-License-Identifier: MIT */
/*
 * front_back_work.h - what the backend of front_back.h knows of imports, address spaces and channels.
 *
 * Enough to be honest to the front: page lists are copied and their pages mapped for the device, changes of
 * address spaces are read and kept, USERD pages are granted, doorbells are counted. There is no GPU.
 * Functions run as the backend.
 */
#ifndef TESTS_UNIT_FRONT_BACK_WORK_H
#define TESTS_UNIT_FRONT_BACK_WORK_H

#include <stdlib.h>
#include <string.h>

#include <xen/errno.h>
#include <xen/io/vgpuif.h>

#include "hv/hv.h"

#define FBW_IMPORTS  4u
#define FBW_SPACE    0x51u
#define FBW_GPFIFO   0xc56fu /* AMPERE_CHANNEL_GPFIFO_A */
#define FBW_COPY     0xc6b5u /* AMPERE_DMA_COPY_A */
#define FBW_VA_START 0x100000ull
#define FBW_VA_END   (1ull << 40)
#define FBW_CHANNELS 4u /* USERDs in a page */

struct fbw_import {
	uint32_t handle; /* 0: free */
	unsigned int pages;
	uint32_t flags;
	struct hv_grant_map *map;
};

struct fbw {
	struct fbw_import import[FBW_IMPORTS];
	uint32_t last_handle;
	bool space;
	unsigned int binds, bind_requests;
	struct xenvgpu_bind last_bind;
	uint64_t refuse_va; /* a change there fails; 0: none does */
	void *userd[XENVGPU_MAX_CHANNELS / FBW_CHANNELS];
	hv_gref_t userd_ref[XENVGPU_MAX_CHANNELS / FBW_CHANNELS];
	uint64_t channels;  /* bits */
	uint64_t doorbells; /* bits, since a test has cleared it */
};

static inline void fbw_import_drop(struct fbw_import *import)
{
	hv_grant_unmap(import->map, import->pages);
	free(import->map);
	memset(import, 0, sizeof(*import));
}

static inline int fbw_free(struct fbw *w, uint32_t handle)
{
	for (unsigned int i = 0; i < FBW_IMPORTS; i++) {
		if (!handle || w->import[i].handle != handle)
			continue;
		if (w->last_bind.handle == handle && w->last_bind.operation == XENVGPU_BIND_MAP)
			return -XEN_EBUSY;
		fbw_import_drop(&w->import[i]);
		return 0;
	}
	return -XEN_ENOENT;
}

static inline int fbw_import(struct fbw *w, hv_domid_t guest,
			     const struct xenvgpu_mem_import_req *req, uint32_t *handle)
{
	struct xenvgpu_page_directory *dir;
	struct fbw_import *import = NULL;
	uint32_t next = req->gref_directory;
	int ret = 0;

	for (unsigned int i = 0; i < FBW_IMPORTS && !import; i++)
		import = w->import[i].handle ? NULL : &w->import[i];
	if (!import)
		return -XEN_ENOSPC;
	import->pages = req->pages;
	import->flags = req->flags;
	import->map = calloc(req->pages, sizeof(*import->map));
	dir = aligned_alloc(HV_PAGE_SIZE, sizeof(*dir));
	memset(dir, 0, sizeof(*dir));
	for (unsigned int i = 0; i < req->pages && !ret; i++) {
		unsigned int at = i % XENVGPU_GREFS_PER_DIR;
		struct hv_grant_copy op = {
			.dom = guest, .ref = next, .len = HV_PAGE_SIZE, .local = dir};

		if (!at) {
			ret = hv_grant_copy(&op, 1);
			next = dir->gref_dir_next_page;
		}
		import->map[i] = (struct hv_grant_map){
			.dom = guest,
			.ref = dir->gref[at],
			.flags = HV_MAP_DEVICE |
				 (req->flags & XENVGPU_IMPORT_RO ? (unsigned int)HV_MAP_RO : 0u)};
	}
	free(dir);
	if (!ret && next)
		ret = -XEN_EINVAL;
	if (!ret)
		ret = hv_grant_map(import->map, import->pages);
	if (ret) {
		import->handle = 1;
		for (unsigned int i = 0; i < import->pages; i++)
			if (!import->map[i].status && import->map[i].dev_addr)
				hv_grant_unmap(&import->map[i], 1);
		free(import->map);
		memset(import, 0, sizeof(*import));
		return -XEN_EFAULT;
	}
	import->handle = *handle = 0x100 + w->last_handle++;
	return 0;
}

static inline int fbw_bind(struct fbw *w, hv_domid_t guest, const struct xenvgpu_bind_req *req,
			   uint32_t *done)
{
	static struct xenvgpu_bind binds[XENVGPU_MAX_BINDS] __attribute__((aligned(HV_PAGE_SIZE)));
	struct hv_grant_copy op = {
		.dom = guest, .ref = req->gref, .len = HV_PAGE_SIZE, .local = binds};

	if (!w->space || req->space != FBW_SPACE)
		return -XEN_ENOENT;
	if (!req->count || req->count > XENVGPU_MAX_BINDS)
		return -XEN_EINVAL;
	if (hv_grant_copy(&op, 1))
		return -XEN_EFAULT;
	w->bind_requests++;
	for (*done = 0; *done < req->count; ++*done) {
		if (w->refuse_va && binds[*done].va == w->refuse_va)
			return -XEN_EEXIST;
		w->last_bind = binds[*done];
		w->binds++;
	}
	return 0;
}

static inline int fbw_channel_create(struct fbw *w, hv_domid_t guest,
				     const struct xenvgpu_channel_create_req *req,
				     struct xenvgpu_channel_create_resp *rsp)
{
	unsigned int n, page;

	if (!w->space || req->space != FBW_SPACE)
		return -XEN_ENOENT;
	if (req->engine_class != FBW_COPY)
		return -XEN_EOPNOTSUPP;
	for (n = 0; n < XENVGPU_MAX_CHANNELS; n++)
		if (!(w->channels & 1ull << n))
			break;
	if (n == XENVGPU_MAX_CHANNELS)
		return -XEN_ENOSPC;
	page = n / FBW_CHANNELS;
	if (!w->userd[page]) {
		w->userd[page] = hv_pages_alloc(1);
		if (!w->userd[page] || hv_grant_give(guest, w->userd[page], 0, &w->userd_ref[page]))
			return -XEN_ENOMEM;
	}
	w->channels |= 1ull << n;
	rsp->channel = n;
	rsp->userd_gref = w->userd_ref[page];
	rsp->userd_offset = n % FBW_CHANNELS * XENVGPU_USERD_SIZE;
	return 0;
}

/* The USERD of a channel, as the GPU sees it. */
static inline volatile uint32_t *fbw_userd(struct fbw *w, unsigned int channel, unsigned int offset)
{
	return (uint32_t *)((uint8_t *)w->userd[channel / FBW_CHANNELS] +
			    channel % FBW_CHANNELS * XENVGPU_USERD_SIZE + offset);
}

static inline int fbw_answer(struct fbw *w, hv_domid_t guest, const struct xenvgpu_request *req,
			     struct xenvgpu_response *rsp)
{
	switch (req->operation) {
	case XENVGPU_OP_MEM_IMPORT:
		return fbw_import(w, guest, &req->op.mem_import, &rsp->op.mem_import.handle);
	case XENVGPU_OP_CLASS_LIST:
		rsp->op.class_list.gpfifo = FBW_GPFIFO;
		rsp->op.class_list.n = 1;
		rsp->op.class_list.engine_class[0] = FBW_COPY;
		return 0;
	case XENVGPU_OP_SPACE_CREATE:
		w->space = true;
		rsp->op.space_create.space = FBW_SPACE;
		rsp->op.space_create.va_start = FBW_VA_START;
		rsp->op.space_create.va_end = FBW_VA_END;
		return 0;
	case XENVGPU_OP_SPACE_DESTROY:
		if (!w->space || req->op.space_destroy.space != FBW_SPACE)
			return -XEN_ENOENT;
		if (w->channels)
			return -XEN_EBUSY;
		w->space = false;
		return 0;
	case XENVGPU_OP_BIND:
		return fbw_bind(w, guest, &req->op.bind, &rsp->op.bind.done);
	case XENVGPU_OP_CHANNEL_CREATE:
		return fbw_channel_create(w, guest, &req->op.channel_create,
					  &rsp->op.channel_create);
	case XENVGPU_OP_CHANNEL_DESTROY:
		if (req->op.channel_destroy.channel >= XENVGPU_MAX_CHANNELS ||
		    !(w->channels & 1ull << req->op.channel_destroy.channel))
			return -XEN_ENOENT;
		w->channels &= ~(1ull << req->op.channel_destroy.channel);
		return 0;
	default:
		return -XEN_EOPNOTSUPP;
	}
}

static inline void fbw_take_doorbells(struct fbw *w, struct xenvgpu_event_page *events)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS / 32; i++)
		w->doorbells |=
			(uint64_t)__atomic_exchange_n(&events->doorbell[i], 0, __ATOMIC_SEQ_CST)
			<< 32 * i;
}

/* The connection is gone: everything goes. A USERD page that the guest still maps stays granted. */
static inline void fbw_end(struct fbw *w)
{
	for (unsigned int i = 0; i < FBW_IMPORTS; i++)
		if (w->import[i].handle)
			fbw_import_drop(&w->import[i]);
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS / FBW_CHANNELS; i++)
		if (w->userd[i] && !hv_grant_end(w->userd_ref[i]))
			hv_pages_free(w->userd[i], 1);
	memset(w, 0, sizeof(*w));
}

#endif /* TESTS_UNIT_FRONT_BACK_WORK_H */
