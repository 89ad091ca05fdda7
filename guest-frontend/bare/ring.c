/* SPDX-License-Identifier: MIT */
/*
 * ring.c - requests out, responses in.
 *
 * The ring page belongs to both ends, so nothing in it is believed: our own indices and requests
 * live in private memory and are never read back, the backend's index is read once per pass and
 * compared with what is under way, and each response is copied out before it is looked at. A
 * response must carry the id of a pending request and that request's operation; anything else is a
 * violation that ends the connection.
 *
 * Wake-ups are bounded: one pass takes at most a ring's worth of responses, and a backend that
 * keeps sending events with nothing to say is not listened to for a while.
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "front_int.h"

#define IDLE_WAKEUPS_MAX 32	      /* in a row, before the port is masked */
#define THROTTLE_TIME	 (10 * HV_MS) /* for so long */

_Static_assert(sizeof(struct xenvgpu_request) == 64, "a request fills one 64-byte slot");
_Static_assert(sizeof(struct xenvgpu_response) == 64, "a response fills one 64-byte slot");
_Static_assert(sizeof(struct xenvgpu_page_directory) == HV_PAGE_SIZE, "a directory is one page");

/* Xen's error numbers are Linux's; the C library of a bare guest may number its own otherwise. */
static int errno_of(int32_t status)
{
	static const struct {
		int16_t xen, here;
	} errors[] = {
		{XEN_EPERM, EPERM},	    {XEN_ENOENT, ENOENT},	  {XEN_EIO, EIO},
		{XEN_EAGAIN, EAGAIN},	    {XEN_ENOMEM, ENOMEM},	  {XEN_EACCES, EACCES},
		{XEN_EFAULT, EFAULT},	    {XEN_EBUSY, EBUSY},		  {XEN_ENODEV, ENODEV},
		{XEN_EINVAL, EINVAL},	    {XEN_ENOSPC, ENOSPC},	  {XEN_ERANGE, ERANGE},
		{XEN_EOVERFLOW, EOVERFLOW}, {XEN_EOPNOTSUPP, EOPNOTSUPP}, {XEN_EEXIST, EEXIST},
	};

	if (!status)
		return 0;
	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (status == -errors[i].xen)
			return -errors[i].here;
	return -EIO;
}

static const char *class_fault(const struct xenvgpu_class_list_resp *classes)
{
	if (classes->n > XENVGPU_CLASSES_MAX)
		return "more classes than there is room for";
	for (unsigned int i = 0; i < classes->n; i++)
		if (!classes->engine_class[i])
			return "engine class 0";
	return classes->gpfifo ? NULL : "GPFIFO class 0";
}

/* No GPU of today has more bits of virtual address; an end beyond would overflow sums of honest callers. */
#define VA_END_MAX (1ull << 57)

static const char *space_fault(const struct xenvgpu_space_create_resp *space)
{
	if (!space->space)
		return "handle 0";
	if (space->reserved)
		return "reserved field of SPACE_CREATE set";
	if (space->va_start % HV_PAGE_SIZE || space->va_end % HV_PAGE_SIZE ||
	    space->va_start >= space->va_end || space->va_end > VA_END_MAX ||
	    space->kept_start > space->kept_end || space->kept_end > space->va_end)
		return "an impossible range of virtual addresses";
	return NULL;
}

/* Values of a successful answer, against the limits the protocol sets. NULL, or what is wrong. */
static const char *answer_fault(const struct front_dev *dev, const struct xenvgpu_request *req,
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
		for (size_t i = 0; i < sizeof(info->reserved) / sizeof(info->reserved[0]); i++)
			if (info->reserved[i])
				return "reserved field of INFO set";
		return NULL;
	case XENVGPU_OP_PING:
		return rsp->op.ping.cookie == req->op.ping.cookie ? NULL : "wrong cookie";
	case XENVGPU_OP_MEM_ALLOC:
		return rsp->op.mem_alloc.handle ? NULL : "handle 0";
	case XENVGPU_OP_MEM_IMPORT:
		return rsp->op.mem_import.handle ? NULL : "handle 0";
	case XENVGPU_OP_CLASS_LIST:
		return class_fault(&rsp->op.class_list);
	case XENVGPU_OP_SPACE_CREATE:
		return space_fault(&rsp->op.space_create);
	case XENVGPU_OP_BIND:
		return rsp->op.bind.done == req->op.bind.count ? NULL : "not all changes made";
	case XENVGPU_OP_CHANNEL_CREATE:
		return front_channel_fault(dev, &rsp->op.channel_create);
	default:
		return NULL;
	}
}

/* The same for a refusal: only BIND says more than the error. */
static const char *refusal_fault(const struct xenvgpu_request *req,
				 const struct xenvgpu_response *rsp)
{
	if (rsp->operation == XENVGPU_OP_BIND && rsp->op.bind.done > req->op.bind.count)
		return "more changes made than asked for";
	return NULL;
}

/* One response, already private. */
static void take_response(struct front_dev *dev, const struct xenvgpu_response *rsp)
{
	struct front_slot *slot = &dev->slot[FRONT_ID_SLOT(rsp->id)];
	front_done_fn done;
	const char *fault;

	if (!slot->pending || slot->id != rsp->id) {
		front_violation(dev, "response with id %u, which is not pending", rsp->id);
		return;
	}
	if (slot->req.operation != rsp->operation) {
		front_violation(dev, "response %u has operation %#x, asked was %#x", rsp->id,
				rsp->operation, slot->req.operation);
		return;
	}
	if (rsp->reserved || rsp->status > 0 || rsp->status < -4095) {
		front_violation(dev, "response %u has reserved %#x, status %d", rsp->id,
				rsp->reserved, rsp->status);
		return;
	}
	fault = rsp->status ? refusal_fault(&slot->req, rsp) : answer_fault(dev, &slot->req, rsp);
	if (fault) {
		front_violation(dev, "response %u to operation %#x: %s", rsp->id, rsp->operation,
				fault);
		return;
	}

	dev->stats.responses++;
	dev->pending--;
	slot->pending = false;
	done = slot->done;
	if (slot->buf)
		front_buf_landed(dev, slot->buf, !done);
	slot->buf = NULL;
	if (done)
		done(dev, errno_of(rsp->status), rsp, slot->arg);
}

/* Takes what has come, at most one ring's worth; true when there was anything. */
static bool take_responses(struct front_dev *dev)
{
	unsigned int epoch = dev->epoch;
	RING_IDX prod = HV_READ_ONCE(dev->ring.sring->rsp_prod);
	bool any = prod != dev->ring.rsp_cons, more;

	hv_rmb(); /* the responses are read after the index */
	if (prod - dev->ring.rsp_cons > dev->pushed - dev->ring.rsp_cons) {
		front_violation(dev, "response index %u, but only %u..%u can be answered", prod,
				dev->ring.rsp_cons, dev->pushed);
		return true;
	}
	while (dev->ring.rsp_cons != prod) {
		struct xenvgpu_response rsp;

		RING_COPY_RESPONSE(&dev->ring, dev->ring.rsp_cons, &rsp);
		dev->ring.rsp_cons++;
		take_response(dev, &rsp);
		if (dev->epoch != epoch)
			return true;
	}
	RING_FINAL_CHECK_FOR_RESPONSES(&dev->ring, more);
	if (more)
		hv_work_queue(&dev->again);
	dev->stats.batches += any;
	return any;
}

/* Everything a wake-up can be about. */
static bool poll_all(struct front_dev *dev)
{
	unsigned int epoch = dev->epoch;
	uint32_t news;
	bool any;

	if (dev->raw)
		return true;
	news = front_events_seen(dev);
	any = front_completions_take(dev);
	any |= take_responses(dev);
	if (dev->epoch == epoch)
		any |= front_events_take(dev, news);
	return any;
}

static void ring_again(struct hv_work *w)
{
	poll_all((struct front_dev *)((char *)w - offsetof(struct front_dev, again)));
}

static void ring_event(hv_port_t port, void *arg)
{
	struct front_dev *dev = arg;
	unsigned int epoch = dev->epoch;

	dev->stats.wakeups++;
	if (poll_all(dev)) {
		if (dev->epoch == epoch)
			dev->idle_wakeups = 0;
		return;
	}
	dev->stats.spurious++;
	if (++dev->idle_wakeups < IDLE_WAKEUPS_MAX)
		return;
	dev->idle_wakeups = 0;
	dev->stats.throttled++;
	hv_evtchn_mask(port);
	hv_timer_arm(&dev->throttle, hv_now() + THROTTLE_TIME);
}

static void throttle_over(struct hv_timer *t)
{
	struct front_dev *dev =
		(struct front_dev *)((char *)t - offsetof(struct front_dev, throttle));

	if (dev->port)
		hv_evtchn_unmask(dev->port);
}

/* ---------------------------------------------------------------- requests */

int front_submit(struct front_dev *dev, const struct xenvgpu_request *req, front_done_fn done,
		 void *arg)
{
	struct front_slot *slot;
	unsigned int n;

	if (front_state(dev) != FRONT_CONNECTED)
		return -ENODEV;
	for (n = 0; n < XENVGPU_RING_SLOTS; n++)
		if (!dev->slot[n].pending)
			break;
	if (n == XENVGPU_RING_SLOTS)
		return -EBUSY;
	slot = &dev->slot[n];
	slot->pending = true;
	slot->id = (uint16_t)(dev->next_gen++ * XENVGPU_RING_SLOTS + n);
	slot->req = *req;
	slot->req.id = slot->id;
	slot->done = done;
	slot->arg = arg;
	slot->buf = NULL;
	dev->pending++;
	*RING_GET_REQUEST(&dev->ring, dev->ring.req_prod_pvt) = slot->req;
	dev->ring.req_prod_pvt++;
	return (int)n;
}

void front_flush(struct front_dev *dev)
{
	RING_IDX old = dev->pushed, new = dev->ring.req_prod_pvt, event;

	if (front_state(dev) != FRONT_CONNECTED || old == new)
		return;
	hv_wmb(); /* the requests are seen before the index */
	HV_WRITE_ONCE(dev->ring.sring->req_prod, new);
	dev->pushed = new;
	dev->stats.requests += new - old;
	hv_mb(); /* the index is seen before we look whether the backend sleeps */
	event = HV_READ_ONCE(dev->ring.sring->req_event);
	if (new - event >= new - old)
		return;
	dev->stats.notifies++;
	/* A dead peer is noticed through xenstore, so an error needs no handling here. */
	(void)hv_evtchn_send(dev->port);
}

void front_forget(struct front_dev *dev, int ticket)
{
	HV_CHECK(ticket >= 0 && ticket < XENVGPU_RING_SLOTS);
	dev->slot[ticket].done = NULL;
}

unsigned int front_pending(const struct front_dev *dev)
{
	return dev->pending;
}

/* ---------------------------------------------------------------- a connection's memory */

int front_ring_start(struct front_dev *dev)
{
	struct xen_vgpuif_sring *sring;
	int ret = -ENOMEM;

	dev->ring_page = front_run_new(1);
	dev->event_page = front_run_new(1);
	if (!dev->ring_page || !dev->event_page)
		goto fail;
	sring = (void *)dev->ring_page->va;
	SHARED_RING_INIT(sring);
	FRONT_RING_INIT(&dev->ring, sring, HV_PAGE_SIZE);
	HV_CHECK(RING_SIZE(&dev->ring) == XENVGPU_RING_SLOTS);
	dev->pushed = 0;
	dev->evt_cons = 0;
	dev->idle_wakeups = 0;
	dev->again.fn = ring_again;
	dev->throttle.fn = throttle_over;

	ret = front_run_offer(dev, dev->ring_page, 0, 0);
	if (!ret)
		ret = front_run_offer(dev, dev->event_page, 0, 0);
	if (ret)
		goto fail;
	ret = hv_evtchn_alloc(dev->bound_dom, ring_event, dev);
	if (ret < 0)
		goto fail;
	dev->port = (hv_port_t)ret;
	return 0;
fail:
	front_run_retire(dev, dev->ring_page);
	front_run_retire(dev, dev->event_page);
	dev->ring_page = dev->event_page = NULL;
	return ret;
}

void front_ring_stop(struct front_dev *dev)
{
	if (!dev->port)
		return;
	hv_evtchn_close(dev->port);
	dev->port = 0;
	dev->raw = false;
	hv_work_cancel(&dev->again);
	hv_timer_cancel(&dev->throttle);
	front_run_retire(dev, dev->ring_page);
	front_run_retire(dev, dev->event_page);
	dev->ring_page = dev->event_page = NULL;
	front_pool_stop(dev);
	front_imports_stop(dev);
	front_spaces_stop(dev);
	front_channels_stop(dev);

	/* Last, because a callback may do anything but submit. */
	for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
		struct front_slot *slot = &dev->slot[i];
		front_done_fn done = slot->done;

		if (!slot->pending)
			continue;
		slot->pending = false;
		dev->pending--;
		if (slot->buf)
			front_buf_landed(dev, slot->buf, !done);
		slot->buf = NULL;
		if (done)
			done(dev, -ENODEV, NULL, slot->arg);
	}
}
