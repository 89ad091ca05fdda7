/* SPDX-License-Identifier: MIT */
/*
 * dma.c - a test guest's own submissions; see dma.h.
 *
 * The ring's pages: the semaphore; the GPFIFO; then the push buffers, of which batch n uses number n modulo
 * DMA_SLOTS, as its GPFIFO entry does. Fences count batches, so that the semaphore's value tells which push
 * buffers are free.
 */
#include <errno.h>
#include <string.h>

#include "dma.h"

#define RING_GPFIFO  1ull
#define RING_PUSH    2u
#define RING_PAGES   (RING_PUSH + DMA_SLOTS)
#define BATCH_WORDS  (HV_PAGE_SIZE / 4)
#define FENCE_WORDS  8u		 /* of push_release_awaken() */
#define SLOT_TIMEOUT (60 * HV_S) /* an emulated machine may be slow */
#define ALIGN_VA     (1ull << XENVGPU_PAGE_2M)

/* The class with this low byte; 0: none. */
static uint32_t find_class(const struct xenvgpu_class_list_resp *classes, uint32_t low)
{
	for (uint32_t i = 0; i < classes->n; i++)
		if ((classes->engine_class[i] & 0xff) == low)
			return classes->engine_class[i];
	return 0;
}

static void stopped(struct front_dev *dev, const struct xenvgpu_event *evt, void *arg)
{
	struct dma *d = arg;

	(void)dev;
	if (evt->op.channel.channel != d->channel)
		return;
	d->stopped = true;
	d->why = *evt;
}

static uint32_t batch_slot(const struct dma *d)
{
	return (d->fence + 1) % DMA_SLOTS;
}

static void batch_begin(struct dma *d)
{
	d->push = (struct push){
		.words = (uint32_t *)(d->ring->va +
				      (size_t)(RING_PUSH + batch_slot(d)) * HV_PAGE_SIZE),
		.room = BATCH_WORDS};
}

/* ---------------------------------------------------------------- addresses */

int dma_map(struct dma *d, uint32_t handle, uint64_t offset, uint64_t size, unsigned int shift,
	    uint32_t flags, uint64_t *va)
{
	const struct xenvgpu_bind bind = {.operation = XENVGPU_BIND_MAP,
					  .page_shift = (uint8_t)shift,
					  .flags = (uint16_t)flags,
					  .handle = handle,
					  .va = d->va_next,
					  .size = size,
					  .offset = offset};
	int ret;

	if (size > d->va_end - d->va_next)
		return -ENOSPC;
	ret = front_bind(d->dev, d->space, &bind, 1, NULL);
	if (ret)
		return ret;
	*va = d->va_next;
	d->va_next = (d->va_next + size + ALIGN_VA - 1) & ~(ALIGN_VA - 1);
	return 0;
}

int dma_unmap(struct dma *d, uint64_t va, uint64_t size, unsigned int shift)
{
	const struct xenvgpu_bind bind = {.operation = XENVGPU_BIND_UNMAP,
					  .page_shift = (uint8_t)shift,
					  .va = va,
					  .size = size};

	return front_bind(d->dev, d->space, &bind, 1, NULL);
}

int dma_buffer(struct dma *d, unsigned int pages, struct front_import **out, uint64_t *va)
{
	struct front_import *import;
	int ret = front_mem_import(d->dev, pages, 0, &import);

	if (ret)
		return ret;
	ret = dma_map(d, import->handle, 0, (uint64_t)pages * HV_PAGE_SIZE, XENVGPU_PAGE_4K, 0, va);
	if (ret)
		(void)front_import_free(d->dev, import);
	else
		*out = import;
	return ret;
}

/* ---------------------------------------------------------------- batches */

static uint32_t fence_seen(const struct dma *d)
{
	return HV_READ_ONCE(*(uint32_t *)d->ring->va);
}

/* How many batches are under way; a semaphore that cannot be counts as nothing done. */
static uint32_t under_way(const struct dma *d)
{
	uint32_t n = d->fence - fence_seen(d);

	return n < DMA_SLOTS ? n : DMA_SLOTS;
}

struct wait {
	const struct dma *d;
	uint32_t most; /* batches that may be under way */
};

static bool wait_over(void *arg)
{
	const struct wait *w = arg;

	return under_way(w->d) <= w->most;
}

/* Asleep: each batch ends with an interrupt. */
static int wait_for(const struct dma *d, uint32_t most, uint64_t timeout)
{
	struct wait w = {.d = d, .most = most};
	int ret = front_channel_wait(d->dev, d->channel, wait_over, &w, timeout);

	hv_rmb(); /* what the GPU wrote before the fence is read after it */
	return ret;
}

/* The GP_PUT that makes this entry the last. */
static uint32_t write_entry(struct dma *d, uint64_t entry)
{
	uint64_t *gpfifo = (uint64_t *)(d->ring->va + RING_GPFIFO * HV_PAGE_SIZE);
	uint32_t slot = batch_slot(d);

	HV_WRITE_ONCE(gpfifo[slot], entry);
	d->fence++;
	d->batches++;
	batch_begin(d);
	return (slot + 1) % DMA_SLOTS;
}

int dma_submit_entry(struct dma *d, uint64_t entry)
{
	return front_channel_ring(d->dev, d->channel, write_entry(d, entry));
}

uint32_t dma_write(struct dma *d)
{
	uint64_t at = d->ring_va + (uint64_t)(RING_PUSH + batch_slot(d)) * HV_PAGE_SIZE;

	push_release_awaken(&d->push, d->ring_va, d->fence + 1);
	return write_entry(d, push_entry(at, 4 * d->push.n));
}

int dma_submit(struct dma *d)
{
	return d->push.n ? front_channel_ring(d->dev, d->channel, dma_write(d)) : 0;
}

int dma_room(struct dma *d, uint32_t words)
{
	int ret = 0;

	if (d->push.n && d->push.n + words + FENCE_WORDS > BATCH_WORDS)
		ret = dma_submit(d);
	/* A batch that has begun has its slot. */
	if (!ret && !d->push.n)
		ret = wait_for(d, DMA_SLOTS - 2, SLOT_TIMEOUT);
	return ret;
}

int dma_copy(struct dma *d, uint64_t from, uint64_t to, uint32_t bytes)
{
	int ret = dma_room(d, 11);

	if (!ret)
		push_copy(&d->push, from, to, bytes, bytes, 1);
	return ret;
}

int dma_fill(struct dma *d, uint64_t to, uint32_t value, uint32_t bytes)
{
	int ret = dma_room(d, 15);

	if (!ret)
		push_fill(&d->push, to, value, bytes / 4);
	return ret;
}

int dma_wait(struct dma *d, uint64_t timeout)
{
	return wait_for(d, 0, timeout);
}

/* ---------------------------------------------------------------- open, close */

static int make_channel(struct dma *d)
{
	const struct xenvgpu_channel_create_req req = {
		.space = d->space,
		.engine_class = d->engine_class,
		.gpfifo = d->ring_va + RING_GPFIFO * HV_PAGE_SIZE,
		.entries = DMA_SLOTS,
	};

	return front_channel_create(d->dev, &req, &d->channel);
}

/* With a channel that has done nothing yet. */
static void begin(struct dma *d)
{
	d->fence = UINT32_MAX; /* the first entry is number 0 */
	HV_WRITE_ONCE(*(uint32_t *)d->ring->va, d->fence);
	batch_begin(d);
	push_set_object(&d->push, PUSH_COPY_SUBCHANNEL, d->copy_class);
}

int dma_open(struct dma *d, struct front_dev *dev)
{
	return dma_open_for(d, dev, DMA_COPY);
}

int dma_open_space(struct dma *d, struct front_dev *dev, uint32_t low)
{
	struct xenvgpu_class_list_resp classes;
	struct xenvgpu_space_create_resp space;
	int ret;

	memset(d, 0, sizeof(*d));
	d->dev = dev;
	d->channel = UINT32_MAX;
	ret = front_class_list(dev, &classes);
	if (ret)
		return ret;
	d->copy_class = find_class(&classes, DMA_COPY);
	d->engine_class = find_class(&classes, low);
	if (!d->engine_class || !d->copy_class)
		return -EOPNOTSUPP;
	ret = front_space_create(dev, &space);
	if (ret)
		return ret;
	d->space = space.space;
	d->va_next = (space.va_start + ALIGN_VA - 1) & ~(ALIGN_VA - 1);
	d->va_end = space.va_end;
	d->kept = space.kept_start;
	return 0;
}

int dma_open_ring(struct dma *d)
{
	return dma_buffer(d, RING_PAGES, &d->ring, &d->ring_va);
}

int dma_open_channel(struct dma *d)
{
	int ret;

	front_on_channel_stopped(d->dev, stopped, d);
	ret = make_channel(d);
	if (!ret)
		begin(d);
	return ret;
}

int dma_open_for(struct dma *d, struct front_dev *dev, uint32_t low)
{
	int ret = dma_open_space(d, dev, low);

	if (ret)
		return ret;
	ret = dma_open_ring(d);
	if (!ret)
		ret = dma_open_channel(d);
	if (ret)
		dma_close(d);
	return ret;
}

int dma_renew(struct dma *d)
{
	int ret = 0;

	if (d->channel != UINT32_MAX)
		ret = front_channel_destroy(d->dev, d->channel);
	d->channel = UINT32_MAX;
	if (!ret)
		ret = make_channel(d);
	if (ret)
		return ret;
	d->stopped = false;
	begin(d);
	return 0;
}

void dma_close(struct dma *d)
{
	front_on_channel_stopped(d->dev, NULL, NULL);
	if (d->channel != UINT32_MAX)
		(void)front_channel_destroy(d->dev, d->channel);
	(void)front_space_destroy(d->dev, d->space);
	if (d->ring)
		(void)front_import_free(d->dev, d->ring);
	d->ring = NULL;
	d->channel = UINT32_MAX;
}
