/* SPDX-License-Identifier: MIT */
/*
 * call.c - synchronous forms: submit, run the loop until the answer is there.
 *
 * What a completion writes to lives on the caller's stack, so a request that is given up is
 * forgotten (its slot and buffer come back when the backend answers or is lost). Bulk transfers keep
 * all buffers of the pool under way and publish as many requests as they can with one event.
 */
#include <errno.h>
#include <string.h>

#include "front_int.h"

struct call {
	bool done;
	int status;
	struct xenvgpu_response *rsp;
};

static void call_done(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		      void *arg)
{
	struct call *call = arg;

	(void)dev;
	call->done = true;
	call->status = status;
	if (rsp && call->rsp)
		*call->rsp = *rsp;
}

static bool call_is_done(void *arg)
{
	return ((struct call *)arg)->done;
}

static bool slot_is_free(void *arg)
{
	struct front_dev *dev = arg;

	return dev->pending < XENVGPU_RING_SLOTS || front_state(dev) != FRONT_CONNECTED;
}

int front_call_start(struct front_dev *dev, const struct xenvgpu_request *req, front_done_fn done,
		     void *arg)
{
	int ticket;

	front_flush(dev);
	ticket = hv_loop_until(slot_is_free, dev, dev->timeout);
	if (ticket)
		return ticket;
	ticket = front_submit(dev, req, done, arg);
	if (ticket >= 0)
		front_flush(dev);
	return ticket;
}

int front_call(struct front_dev *dev, const struct xenvgpu_request *req,
	       struct xenvgpu_response *rsp)
{
	struct call call = {.rsp = rsp};
	uint64_t end = hv_now() + dev->timeout, now;
	int ticket = front_call_start(dev, req, call_done, &call), ret;
	unsigned int epoch = dev->epoch;

	if (ticket < 0)
		return ticket;
	now = hv_now();
	ret = hv_loop_until(call_is_done, &call, now < end ? end - now : 0);
	if (call.done) /* what a connection that is gone since has handed out is void */
		return call.status || epoch == dev->epoch ? call.status : -ENODEV;
	front_forget(dev, ticket);
	return ret;
}

int front_info(struct front_dev *dev, struct xenvgpu_info_resp *info)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_INFO};
	struct xenvgpu_response rsp;
	int ret = front_call(dev, &req, &rsp);

	if (!ret)
		*info = rsp.op.info;
	return ret;
}

int front_ping(struct front_dev *dev, uint64_t cookie)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING, .op.ping.cookie = cookie};

	return front_call(dev, &req, NULL);
}

int front_mem_alloc(struct front_dev *dev, uint64_t size, uint32_t *handle)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_ALLOC, .op.mem_alloc.size = size};
	struct xenvgpu_response rsp;
	int ret = front_call(dev, &req, &rsp);

	if (!ret)
		*handle = rsp.op.mem_alloc.handle;
	return ret;
}

int front_mem_free(struct front_dev *dev, uint32_t handle)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_FREE,
				      .op.mem_free.handle = handle};

	return front_call(dev, &req, NULL);
}

/* ---------------------------------------------------------------- bulk transfers */

struct bulk_part {
	struct bulk *bulk;
	struct front_buf *buf; /* NULL: not under way */
	int ticket;
	uint32_t length;
	uint8_t *dst; /* reads: where the data goes */
};

struct bulk {
	struct bulk_part part[FRONT_BUFS_MAX];
	unsigned int flying;
	unsigned int landed; /* since the loop was last entered */
	int status;	     /* first error */
};

static void bulk_done(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		      void *arg)
{
	struct bulk_part *part = arg;
	struct bulk *bulk = part->bulk;

	(void)rsp;
	if (!status && part->dst)
		memcpy(part->dst, part->buf->va, part->length);
	if (status && !bulk->status)
		bulk->status = status;
	front_buf_put(dev, part->buf);
	part->buf = NULL;
	bulk->flying--;
	bulk->landed++;
}

static bool bulk_landed(void *arg)
{
	return ((struct bulk *)arg)->landed > 0;
}

/* Fills free parts from the rest of the transfer; returns how many bytes were queued. */
static size_t bulk_fill(struct front_dev *dev, struct bulk *bulk, uint8_t operation,
			uint32_t handle, uint64_t offset, const uint8_t *src, uint8_t *dst,
			size_t length)
{
	size_t queued = 0;

	for (unsigned int i = 0; i < FRONT_BUFS_MAX && queued < length && !bulk->status; i++) {
		struct bulk_part *part = &bulk->part[i];
		size_t n = length - queued;
		int ret;

		if (part->buf)
			continue;
		part->buf = front_buf_get(dev);
		if (!part->buf)
			break;
		part->bulk = bulk;
		part->length = (uint32_t)(n < FRONT_BUF_SIZE ? n : FRONT_BUF_SIZE);
		part->dst = dst ? dst + queued : NULL;
		if (src)
			memcpy(part->buf->va, src + queued, part->length);
		ret = front_copy(dev, operation, handle, offset + queued, part->buf, part->length,
				 bulk_done, part);
		if (ret < 0) {
			front_buf_put(dev, part->buf);
			part->buf = NULL;
			if (ret != -EBUSY)
				bulk->status = ret;
			break;
		}
		part->ticket = ret;
		bulk->flying++;
		queued += part->length;
	}
	return queued;
}

static int bulk_run(struct front_dev *dev, uint8_t operation, uint32_t handle, uint64_t offset,
		    const uint8_t *src, uint8_t *dst, size_t length)
{
	struct bulk bulk = {0};
	int ret = 0;

	if (front_state(dev) != FRONT_CONNECTED)
		return -ENODEV;
	if (!length || length % 4)
		return -EINVAL;
	while ((length && !bulk.status) || bulk.flying) {
		size_t n = bulk_fill(dev, &bulk, operation, handle, offset, src, dst,
				     bulk.status ? 0 : length);

		length -= n;
		offset += n;
		src = src ? src + n : NULL;
		dst = dst ? dst + n : NULL;
		if (!bulk.flying)
			/* Not one buffer or slot could be had, and none of ours will come back. */
			return bulk.status ? bulk.status : -ENOMEM;
		front_flush(dev);
		bulk.landed = 0;
		ret = hv_loop_until(bulk_landed, &bulk, dev->timeout);
		if (ret && !bulk.landed)
			break;
	}
	/* Given up: whatever is still under way must not touch this stack frame. */
	for (unsigned int i = 0; i < FRONT_BUFS_MAX; i++)
		if (bulk.part[i].buf)
			front_forget(dev, bulk.part[i].ticket);
	return bulk.status ? bulk.status : bulk.flying ? ret : 0;
}

int front_mem_write(struct front_dev *dev, uint32_t handle, uint64_t offset, const void *src,
		    size_t length)
{
	return bulk_run(dev, XENVGPU_OP_MEM_WRITE, handle, offset, src, NULL, length);
}

int front_mem_read(struct front_dev *dev, uint32_t handle, uint64_t offset, void *dst,
		   size_t length)
{
	return bulk_run(dev, XENVGPU_OP_MEM_READ, handle, offset, NULL, dst, length);
}
