/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * dma.c - moves bytes between a memory object and a buffer of ours by the GPU's copy engine, for the
 * self-test: an address space with both, and one channel.
 *
 * One submission at a time: a push buffer, an entry of the GPFIFO, the doorbell, and then sleep until the
 * GPU has written to the semaphore, and said so.
 */
#include <linux/log2.h>
#include <linux/slab.h>

#include <nv/push.h>

#include "front.h"

#define BUF_PAGES (FRONT_DMA_BUF / XEN_PAGE_SIZE)
#define ENTRIES	  (XEN_PAGE_SIZE / sizeof(u64))
#define LINE	  SZ_64K
#define TIMEOUT	  (10 * HZ)
#define FILLED	  0xa5a5a5a5u

/* Behind the buffer, a page each; in bytes from its start. */
#define GPFIFO	  FRONT_DMA_BUF
#define PUSH	  (GPFIFO + XEN_PAGE_SIZE)
#define SEMAPHORE (PUSH + XEN_PAGE_SIZE)
#define ALL_PAGES (BUF_PAGES + 3)

static_assert(FRONT_DMA_BUF % LINE == 0);

static int bind_all(struct front_conn *conn, struct front_dma *dma, u32 handle, u64 size)
{
	struct xenvgpu_bind bind[] = {
		{.operation = XENVGPU_BIND_MAP,
		 .page_shift = XENVGPU_PAGE_64K,
		 .handle = handle,
		 .va = dma->object,
		 .size = size},
		{.operation = XENVGPU_BIND_MAP,
		 .page_shift = XENVGPU_PAGE_4K,
		 .handle = dma->import->handle,
		 .va = dma->buffer,
		 .size = ALL_PAGES * XEN_PAGE_SIZE},
	};

	return front_bind(conn, dma->space, bind, ARRAY_SIZE(bind));
}

static int copy_class(struct front_conn *conn, u32 *class)
{
	struct xenvgpu_class_list_resp list;
	int ret = front_class_list(conn, &list);
	unsigned int i;

	for (i = 0; !ret && i < list.n; i++) {
		*class = list.engine_class[i];
		/* Copy classes of all generations end so, NVIDIA's cl*b5.h. */
		if ((*class & 0xff) == 0xb5)
			return 0;
	}
	return ret ?: -ENODEV;
}

static int channel_make(struct front_conn *conn, struct front_dma *dma)
{
	struct xenvgpu_channel_create_req create = {
		.space = dma->space,
		.gpfifo = dma->buffer + GPFIFO,
		.entries = ENTRIES,
	};
	int ret = copy_class(conn, &dma->class);

	create.engine_class = dma->class;
	return ret ?: front_channel_new(conn, &create, &dma->channel);
}

void front_dma_close(struct front_conn *conn, struct front_dma *dma)
{
	if (!dma)
		return;
	if (dma->channel.userd)
		front_channel_free(conn, &dma->channel);
	if (dma->space)
		front_space_destroy(conn, dma->space);
	if (!IS_ERR_OR_NULL(dma->import))
		front_import_free(conn, dma->import);
	kfree(dma);
}

struct front_dma *front_dma_open(struct front_conn *conn, u32 handle, u64 size)
{
	struct front_dma *dma = kzalloc(sizeof(*dma), GFP_KERNEL);
	struct xenvgpu_space_create_resp space;
	int ret;

	if (!dma)
		return ERR_PTR(-ENOMEM);
	dma->import = front_import_new(conn, ALL_PAGES);
	ret = PTR_ERR_OR_ZERO(dma->import);
	if (!ret)
		ret = front_space_create(conn, &space);
	if (!ret) {
		dma->space = space.space;
		dma->object = ALIGN(space.va_start, SZ_2M);
		dma->buffer = ALIGN(dma->object + size, SZ_2M);
		ret = bind_all(conn, dma, handle, size);
	}
	if (!ret)
		ret = channel_make(conn, dma);
	if (!ret)
		return dma;
	front_dma_close(conn, dma);
	return ERR_PTR(ret);
}

void *front_dma_buf(struct front_dma *dma)
{
	return dma->import->va;
}

static bool is_done(const void *arg)
{
	const struct front_dma *dma = arg;

	return READ_ONCE(*(const u32 *)(dma->import->va + SEMAPHORE)) == dma->submissions;
}

int front_dma_move(struct front_conn *conn, struct front_dma *dma, bool to_object, u64 offset,
		   u32 length)
{
	struct push push = {.words = dma->import->va + PUSH, .room = XEN_PAGE_SIZE / 4};
	u64 *entries = dma->import->va + GPFIFO, va = dma->object + offset;

	if (!length || length > FRONT_DMA_BUF || length % LINE)
		return -EINVAL;
	if (!dma->submissions)
		push_set_object(&push, PUSH_COPY_SUBCHANNEL, dma->class);
	if (to_object) {
		push_fill(&push, va, FILLED, length / 4); /* of which nothing may be left */
		push_copy(&push, dma->buffer, va, LINE, LINE, length / LINE);
		dma->moved += 2 * (u64)length;
	} else {
		push_copy(&push, va, dma->buffer, LINE, LINE, length / LINE);
		dma->moved += length;
	}
	push_release_awaken(&push, dma->buffer + SEMAPHORE, dma->submissions + 1);
	entries[dma->submissions++ % ENTRIES] = push_entry(dma->buffer + PUSH, push.n * 4);
	front_channel_ring(conn, &dma->channel, dma->submissions % ENTRIES);
	return front_channel_wait(conn, &dma->channel, is_done, dma, TIMEOUT);
}
