/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * ring.c - requests out, responses and events in.
 *
 * The ring page belongs to both ends, so nothing in it is believed: our own indices and requests
 * live in private memory and are never read back, the backend's index is read once per pass and
 * compared with what is under way, and each response and event is copied before it is looked at.
 * A response must carry the id of a pending request and that request's operation.
 *
 * The event channel is bound with late EOI: Xen delivers no further event before the handler has
 * finished, and one that found nothing to do makes the kernel wait ever longer (XSA-332).
 */
#include <linux/errno.h>
#include <linux/interrupt.h>

#include <xen/events.h>

#include "front.h"

static_assert(sizeof(struct xenvgpu_request) == 64, "a request fills one 64-byte slot");
static_assert(sizeof(struct xenvgpu_response) == 64, "a response fills one 64-byte slot");
static_assert(sizeof(struct xenvgpu_event) == 64, "an event has 64 bytes");
static_assert(sizeof(struct xenvgpu_event_page) == XEN_PAGE_SIZE, "the event page is one page");
static_assert(sizeof(struct xenvgpu_page_directory) == XEN_PAGE_SIZE, "a directory is one page");

#define violation(conn, fmt, ...)                                                                  \
	do {                                                                                       \
		dev_err_ratelimited((conn)->drm.dev, "backend: " fmt "\n", ##__VA_ARGS__);         \
		front_conn_broken(conn, true);                                                     \
	} while (0)

static const char *space_fault(const struct xenvgpu_space_create_resp *space)
{
	if (!space->space)
		return "handle 0";
	if (space->reserved)
		return "reserved field of SPACE_CREATE set";
	return space->va_start < space->va_end ? NULL : "an address space without addresses";
}

static const char *channel_fault(const struct xenvgpu_channel_create_resp *channel)
{
	if (channel->channel >= XENVGPU_MAX_CHANNELS)
		return "channel number above the protocol's limit";
	if (!channel->userd_gref)
		return "USERD without a page";
	if (channel->userd_offset % XENVGPU_USERD_SIZE ||
	    channel->userd_offset > XEN_PAGE_SIZE - XENVGPU_USERD_SIZE)
		return "USERD outside its page";
	return NULL;
}

/* Values of a successful answer, against the limits the protocol sets. NULL, or what is wrong. */
static const char *answer_fault(const struct xenvgpu_request *req,
				const struct xenvgpu_response *rsp)
{
	const struct xenvgpu_info_resp *info = &rsp->op.info;

	switch (rsp->operation) {
	case XENVGPU_OP_INFO:
		if (info->vram_free > info->vram_size)
			return "more video memory free than there is";
		if (info->copy_max > XENVGPU_COPY_MAX)
			return "copy_max above the protocol's limit";
		if (info->max_objects > XENVGPU_MAX_OBJECTS)
			return "max_objects above the protocol's limit";
		if (info->max_channels > XENVGPU_MAX_CHANNELS)
			return "max_channels above the protocol's limit";
		if (memchr_inv(info->reserved, 0, sizeof(info->reserved)))
			return "reserved field of INFO set";
		return NULL;
	case XENVGPU_OP_PING:
		return rsp->op.ping.cookie == req->op.ping.cookie ? NULL : "wrong cookie";
	case XENVGPU_OP_MEM_ALLOC:
		return rsp->op.mem_alloc.handle ? NULL : "handle 0";
	case XENVGPU_OP_MEM_IMPORT:
		return rsp->op.mem_import.handle ? NULL : "handle 0";
	case XENVGPU_OP_CLASS_LIST:
		return rsp->op.class_list.n <= XENVGPU_CLASSES_MAX ? NULL : "more classes than fit";
	case XENVGPU_OP_SPACE_CREATE:
		return space_fault(&rsp->op.space_create);
	case XENVGPU_OP_CHANNEL_CREATE:
		return channel_fault(&rsp->op.channel_create);
	default:
		return NULL;
	}
}

/* One response, already private; conn->lock is held. */
static void take_response(struct front_conn *conn, const struct xenvgpu_response *rsp)
{
	struct front_slot *slot = &conn->slot[rsp->id % XENVGPU_RING_SLOTS];
	const char *fault;

	if (!slot->pending || slot->id != rsp->id) {
		violation(conn, "response with id %u, which is not pending", rsp->id);
		return;
	}
	if (slot->req.operation != rsp->operation) {
		violation(conn, "response %u has operation %#x, asked was %#x", rsp->id,
			  rsp->operation, slot->req.operation);
		return;
	}
	if (rsp->reserved || rsp->status > 0 || rsp->status < -MAX_ERRNO) {
		violation(conn, "response %u has reserved %#x, status %d", rsp->id, rsp->reserved,
			  rsp->status);
		return;
	}
	fault = rsp->status ? NULL : answer_fault(&slot->req, rsp);
	if (fault) {
		violation(conn, "response %u to operation %#x: %s", rsp->id, rsp->operation, fault);
		return;
	}
	front_count(conn->front, FRONT_RESPONSES, 1);
	if (slot->uses_buf)
		conn->buf_flying = false;
	if (slot->wait) {
		slot->wait->status = rsp->status; /* XEN_E* are the numbers of Linux */
		slot->wait->rsp = *rsp;
		complete(&slot->wait->done);
	}
	slot->pending = false;
	slot->wait = NULL;
}

/* At most a ring's worth per turn; what comes meanwhile has its own event. */
static bool take_responses(struct front_conn *conn)
{
	struct xenvgpu_response rsp;
	bool any = false;
	int more;

	do {
		RING_IDX prod = READ_ONCE(conn->ring.sring->rsp_prod);

		virt_rmb(); /* the responses are read after the index */
		if (prod - conn->ring.rsp_cons > conn->ring.req_prod_pvt - conn->ring.rsp_cons) {
			violation(conn, "response index %u, but only %u..%u can be answered", prod,
				  conn->ring.rsp_cons, conn->ring.req_prod_pvt);
			return true;
		}
		while (conn->ring.rsp_cons != prod) {
			RING_COPY_RESPONSE(&conn->ring, conn->ring.rsp_cons, &rsp);
			conn->ring.rsp_cons++;
			take_response(conn, &rsp);
			if (conn->dead)
				return true;
			any = true;
		}
		RING_FINAL_CHECK_FOR_RESPONSES(&conn->ring, more);
	} while (more); /* ends: no request can be added while we hold the lock */
	if (any) {
		front_count(conn->front, FRONT_BATCHES, 1);
		wake_up(&conn->slot_free);
	}
	return any;
}

/* Whether the connection goes on. */
static bool take_event(struct front_conn *conn, const struct xenvgpu_event *evt)
{
	if (memchr_inv(evt->reserved, 0, sizeof(evt->reserved))) {
		violation(conn, "event %u has reserved bytes set", evt->id);
		return false;
	}
	switch (evt->type) {
	case XENVGPU_EVT_CHANNEL:
		if (evt->op.channel.channel >= XENVGPU_MAX_CHANNELS) {
			violation(conn, "event %u is about channel %u", evt->id,
				  evt->op.channel.channel);
			return false;
		}
		dev_warn_ratelimited(conn->drm.dev, "channel %u stopped: Xid %u, address %#llx\n",
				     evt->op.channel.channel, evt->op.channel.xid,
				     evt->op.channel.address);
		set_bit(evt->op.channel.channel, conn->stopped);
		return true;
	case XENVGPU_EVT_LOST:
		dev_warn_ratelimited(conn->drm.dev,
				     "backend says that the GPU is lost, reason %u\n",
				     evt->op.lost.reason);
		front_conn_broken(conn, false);
		return false;
	default:
		violation(conn, "event %u has type %#x", evt->id, evt->type);
		return false;
	}
}

/* At most a page's worth per turn. */
static bool take_events(struct front_conn *conn)
{
	u32 prod = READ_ONCE(conn->events->in_prod);
	struct xenvgpu_event evt;

	virt_rmb(); /* the events are read after the index */
	if (prod == conn->evt_cons)
		return false;
	if (prod - conn->evt_cons > XENVGPU_NUM_EVENTS) {
		violation(conn, "event index %u, read so far %u", prod, conn->evt_cons);
		return true;
	}
	do {
		evt = *(volatile struct xenvgpu_event *)&conn->events
			       ->event[conn->evt_cons % XENVGPU_NUM_EVENTS];
		conn->evt_cons++;
		front_count(conn->front, FRONT_EVENTS, 1);
	} while (take_event(conn, &evt) && conn->evt_cons != prod);
	virt_mb(); /* the slots are free only after they were read */
	WRITE_ONCE(conn->events->in_cons, conn->evt_cons);
	return true;
}

irqreturn_t front_interrupt(int irq, void *data)
{
	struct front_conn *conn = data;
	unsigned long flags;
	bool any = false, ended = false;

	spin_lock_irqsave(&conn->lock, flags);
	if (!conn->dead) {
		front_count(conn->front, FRONT_INTERRUPTS, 1);
		ended = front_completions_take(conn);
		front_count(conn->front, FRONT_COMPLETIONS, ended);
		any = take_responses(conn) || ended;
		if (!conn->dead && take_events(conn))
			any = ended = true;
		if (!any)
			front_count(conn->front, FRONT_SPURIOUS, 1);
	}
	spin_unlock_irqrestore(&conn->lock, flags);
	if (ended)
		wake_up_all(&conn->completion);
	xen_irq_lateeoi(irq, any ? 0 : XEN_EOI_FLAG_SPURIOUS);
	return IRQ_HANDLED;
}

/* ---------------------------------------------------------------- requests */

/* -EBUSY: no slot is free. Otherwise the request is published, or -ENODEV. */
static int submit(struct front_conn *conn, const struct xenvgpu_request *req,
		  struct front_wait *wait, bool uses_buf)
{
	struct front_slot *slot;
	unsigned long flags;
	unsigned int n;
	RING_IDX prod, event;
	bool notify;
	int ret = -EBUSY;

	spin_lock_irqsave(&conn->lock, flags);
	if (conn->dead) {
		ret = -ENODEV;
		goto out;
	}
	for (n = 0; n < XENVGPU_RING_SLOTS; n++)
		if (!conn->slot[n].pending)
			break;
	if (n == XENVGPU_RING_SLOTS)
		goto out;
	slot = &conn->slot[n];
	slot->pending = true;
	slot->uses_buf = uses_buf;
	slot->wait = wait;
	slot->id = conn->generation++ * XENVGPU_RING_SLOTS + n;
	slot->req = *req;
	slot->req.id = slot->id;
	if (uses_buf)
		conn->buf_flying = true;

	prod = conn->ring.req_prod_pvt;
	*RING_GET_REQUEST(&conn->ring, prod) = slot->req;
	conn->ring.req_prod_pvt = ++prod;
	virt_wmb(); /* the request is seen before the index */
	WRITE_ONCE(conn->ring.sring->req_prod, prod);
	virt_mb(); /* the index is seen before we look whether the backend sleeps */
	event = READ_ONCE(conn->ring.sring->req_event);
	notify = prod - event < 1;
	front_count(conn->front, FRONT_REQUESTS, 1);
	if (notify) {
		front_count(conn->front, FRONT_NOTIFIES, 1);
		notify_remote_via_irq(conn->irq);
	}
	ret = n;
out:
	spin_unlock_irqrestore(&conn->lock, flags);
	return ret;
}

/* The waiter gives up; the slot stays taken until the backend answers. */
static void forget(struct front_conn *conn, struct front_wait *wait)
{
	unsigned long flags;
	unsigned int n;

	spin_lock_irqsave(&conn->lock, flags);
	for (n = 0; n < XENVGPU_RING_SLOTS; n++)
		if (conn->slot[n].wait == wait)
			conn->slot[n].wait = NULL;
	spin_unlock_irqrestore(&conn->lock, flags);
}

int front_call(struct front_conn *conn, const struct xenvgpu_request *req,
	       struct xenvgpu_response *rsp)
{
	bool uses_buf =
		req->operation == XENVGPU_OP_MEM_WRITE || req->operation == XENVGPU_OP_MEM_READ;
	struct front_wait wait = {.status = -ETIMEDOUT};
	long left;
	int ret;

	init_completion(&wait.done);
	left = wait_event_killable_timeout(conn->slot_free,
					   (ret = submit(conn, req, &wait, uses_buf)) != -EBUSY,
					   FRONT_TIMEOUT);
	if (left < 0)
		return left;
	if (ret == -EBUSY)
		return -ETIMEDOUT;
	if (ret < 0)
		return ret;
	left = wait_for_completion_killable_timeout(&wait.done, FRONT_TIMEOUT);
	if (left <= 0) {
		forget(conn, &wait);
		/* The answer may have come in the last moment; then it counts. */
		if (!completion_done(&wait.done))
			return left ?: -ETIMEDOUT;
	}
	if (!wait.status && rsp)
		*rsp = wait.rsp;
	return wait.status;
}

/* Ends every wait with -ENODEV, now and for ever. */
void front_fail_all(struct front_conn *conn)
{
	unsigned long flags;
	unsigned int n;

	spin_lock_irqsave(&conn->lock, flags);
	conn->dead = true;
	for (n = 0; n < XENVGPU_RING_SLOTS; n++) {
		struct front_slot *slot = &conn->slot[n];

		if (slot->wait) {
			slot->wait->status = -ENODEV;
			complete(&slot->wait->done);
		}
		slot->wait = NULL;
	}
	spin_unlock_irqrestore(&conn->lock, flags);
	wake_up_all(&conn->slot_free);
	wake_up_all(&conn->completion);
}

int front_info(struct front_conn *conn, struct xenvgpu_info_resp *info)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_INFO};
	struct xenvgpu_response rsp;
	int ret = front_call(conn, &req, &rsp);

	if (!ret)
		*info = rsp.op.info;
	return ret;
}

int front_mem_free(struct front_conn *conn, u32 handle)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_FREE,
				      .op.mem_free.handle = handle};

	return front_call(conn, &req, NULL);
}

int front_mem_alloc(struct front_conn *conn, u64 size, u32 *handle)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_ALLOC, .op.mem_alloc.size = size};
	struct xenvgpu_response rsp;
	int ret = front_call(conn, &req, &rsp);

	if (!ret)
		*handle = rsp.op.mem_alloc.handle;
	return ret;
}
