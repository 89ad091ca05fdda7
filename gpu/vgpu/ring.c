/* SPDX-License-Identifier: MIT */
/*
 * ring.c - the control ring of one device.
 *
 * The ring page is the front's, and hostile: a slot is copied once into private memory and then
 * checked; indices are read once; our own are kept in private and never read back. Requests are
 * carried out in order. Responses are written as they come but announced together, when the ring is
 * empty: so a batch of requests costs at most one event in each direction, however many there are.
 *
 * Doorbells are looked at in each turn, whatever else there is to do.
 *
 * Events are free for a hostile front to send, so there is a brake (brake.c).
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"
#include "gpu/vgpu/request.h"

#define SLOTS XENVGPU_RING_SLOTS

_Static_assert(__CONST_RING_SIZE(xen_vgpuif, HV_PAGE_SIZE) == SLOTS, "the ring fills one page");

/* ---------------------------------------------------------------- events */

static void ring_event(hv_port_t port, void *arg)
{
	struct vgpu_device *dev = arg;
	struct vgpu_ring *ring = &dev->ring;
	uint32_t prod = HV_READ_ONCE(ring->sring->req_prod);

	(void)port;
	dev->stats.events_received++;
	vgpu_brake_event(dev, prod != ring->seen);
	if (prod == ring->seen && !vgpu_bells_pending(dev))
		return;
	ring->seen = prod;
	vgpu_kick(dev);
}

void vgpu_ring_notify(struct vgpu_device *dev)
{
	int err = hv_evtchn_send(dev->ring.port);

	if (err)
		hv_log_dom(dev->front, HV_WARN, "%s: event not sent: error %d", dev->bus.own, -err);
	dev->stats.events_sent++;
}

/* ---------------------------------------------------------------- connection */

int vgpu_ring_connect(struct vgpu_device *dev, hv_gref_t ring, hv_gref_t events, hv_port_t port)
{
	struct vgpu_ring *r = &dev->ring;
	int ret;

	memset(r, 0, sizeof(*r));
	r->maps[0] = (struct hv_grant_map){.dom = dev->front, .ref = ring, .flags = HV_MAP_HOST};
	r->maps[1] = (struct hv_grant_map){.dom = dev->front, .ref = events, .flags = HV_MAP_HOST};
	ret = hv_grant_map(r->maps, 2);
	if (ret) {
		for (unsigned int i = 0; i < 2; i++) {
			if (!r->maps[i].status)
				hv_grant_unmap(&r->maps[i], 1);
		}
		return ret;
	}
	ret = hv_evtchn_bind(dev->front, port, ring_event, dev);
	if (ret < 0) {
		hv_grant_unmap(r->maps, 2);
		return ret;
	}
	r->port = (hv_port_t)ret;
	r->sring = r->maps[0].va;
	r->events = r->maps[1].va;
	vgpu_brake_release(dev);
	return 0;
}

void vgpu_ring_disconnect(struct vgpu_device *dev)
{
	struct vgpu_ring *ring = &dev->ring;

	dev->job.kind = VGPU_JOB_NONE;
	if (!ring->port)
		return;
	vgpu_brake_stop(dev);
	hv_evtchn_close(ring->port);
	hv_grant_unmap(ring->maps, 2);
	ring->port = 0;
	ring->sring = NULL;
	ring->events = NULL;
}

/* ---------------------------------------------------------------- responses */

static void respond(struct vgpu_device *dev, const struct xenvgpu_request *req,
		    struct xenvgpu_response *rsp, int status)
{
	struct vgpu_ring *ring = &dev->ring;

	rsp->id = req->id;
	rsp->operation = req->operation;
	rsp->reserved = 0;
	rsp->status = status;
	if (status) {
		dev->stats.refused++;
		if (req->operation != XENVGPU_OP_BIND) /* tells how far it came */
			memset(&rsp->op, 0, sizeof(rsp->op));
	}
	memcpy(&ring->sring->ring[ring->prod % SLOTS].rsp, rsp, sizeof(*rsp));
	ring->prod++;
}

/* RING_PUSH_RESPONSES_AND_CHECK_NOTIFY, but the old index is our own and not the page's. */
static void push_responses(struct vgpu_device *dev)
{
	struct vgpu_ring *ring = &dev->ring;
	uint32_t old = ring->pushed, new = ring->prod;

	if (old == new)
		return;
	hv_wmb(); /* the front sees responses before the index */
	HV_WRITE_ONCE(ring->sring->rsp_prod, new);
	ring->pushed = new;
	dev->stats.batches++;
	hv_mb(); /* the front sees the index before we look whether it wants an event */
	if (new - HV_READ_ONCE(ring->sring->rsp_event) < new - old)
		vgpu_ring_notify(dev);
}

/* ---------------------------------------------------------------- requests */

static void do_info(struct vgpu_device *dev, struct xenvgpu_info_resp *info)
{
	const struct gpu_info *gpu = gpu_info(dev->back->gpu);

	info->vram_size = dev->slice.vram.size;
	info->vram_free = dev->slice.space.free_bytes;
	info->pmc_boot_0 = gpu->pmc_boot_0;
	info->pmc_boot_42 = gpu->pmc_boot_42;
	info->copy_max = dev->back->copy_max;
	info->max_objects = XENVGPU_MAX_OBJECTS;
	info->max_channels = dev->back->rm ? dev->policy.channels : 0;
	info->pci_vendor = gpu->pci_vendor;
	info->pci_device = gpu->pci_device;
}

static int start_free(struct vgpu_device *dev, enum vgpu_job_kind *kind)
{
	struct vgpu_object *object = vgpu_slice_find(&dev->slice, dev->job.req.op.mem_free.handle);

	if (!object)
		return -XEN_ENOENT;
	if (object->bound || object->held)
		return -XEN_EBUSY;
	*kind = object->pages ? VGPU_JOB_UNMAP : VGPU_JOB_CORE;
	vgpu_slice_free(&dev->slice, object);
	dev->job.object = object;
	return 1;
}

static void do_classes(struct vgpu_device *dev, struct xenvgpu_class_list_resp *list)
{
	const struct gpu_classes *classes = gpu_classes(dev->back->gpu);

	list->gpfifo = classes->gpfifo;
	list->n = 0;
	for (unsigned int i = 0; i < classes->n; i++)
		if (vgpu_class_served(dev, classes->engine[i]))
			list->engine_class[list->n++] = classes->engine[i];
}

/* 0: the answer is in job.rsp; -XEN_E*; 1: it has become the device's job, of this kind. */
static int carry_out(struct vgpu_device *dev, enum vgpu_job_kind *kind)
{
	const struct xenvgpu_request *req = &dev->job.req;
	struct xenvgpu_response *rsp = &dev->job.rsp;
	int err;

	switch (req->operation) {
	case XENVGPU_OP_INFO:
		do_info(dev, &rsp->op.info);
		return 0;
	case XENVGPU_OP_PING:
		rsp->op.ping.cookie = req->op.ping.cookie;
		return 0;
	case XENVGPU_OP_MEM_ALLOC:
		err = vgpu_slice_alloc(&dev->slice, req->op.mem_alloc.size,
				       &rsp->op.mem_alloc.handle);
		return err ? vgpu_xen_error(err) : 0;
	case XENVGPU_OP_MEM_FREE:
		return start_free(dev, kind);
	case XENVGPU_OP_MEM_IMPORT:
		*kind = VGPU_JOB_IMPORT;
		return vgpu_import_start(dev) ?: 1;
	case XENVGPU_OP_CLASS_LIST:
		do_classes(dev, &rsp->op.class_list);
		return 0;
	case XENVGPU_OP_SPACE_CREATE:
		*kind = VGPU_JOB_CORE;
		return vgpu_space_create(dev);
	case XENVGPU_OP_SPACE_DESTROY:
		*kind = VGPU_JOB_CORE;
		return vgpu_space_destroy(dev);
	case XENVGPU_OP_BIND:
		*kind = VGPU_JOB_BIND;
		return vgpu_bind_start(dev) ?: 1;
	case XENVGPU_OP_CHANNEL_CREATE:
		*kind = VGPU_JOB_CORE;
		return vgpu_channel_create(dev);
	case XENVGPU_OP_CHANNEL_DESTROY:
		*kind = VGPU_JOB_CORE;
		return vgpu_channel_destroy(dev);
	default: /* MEM_WRITE, MEM_READ: the check lets nothing else through */
		*kind = VGPU_JOB_COPY;
		return vgpu_copy_start(dev) ?: 1;
	}
}

/* Carries out the request in dev->job.req, or makes it the device's job. */
static void execute(struct vgpu_device *dev)
{
	struct vgpu_job *job = &dev->job;
	enum vgpu_job_kind kind = VGPU_JOB_NONE;
	int status;

	memset(&job->rsp, 0, sizeof(job->rsp));
	dev->stats.requests++;
	status = vgpu_request_check(&job->req, dev->back->copy_max, dev->back->rm);
	if (!status)
		status = carry_out(dev, &kind);
	if (status > 0)
		job->kind = kind;
	else
		respond(dev, &job->req, &job->rsp, status);
}

/* ---------------------------------------------------------------- jobs */

void vgpu_ring_answer(struct vgpu_device *dev, int status)
{
	if (dev->job.kind != VGPU_JOB_CORE)
		return;
	dev->job.kind = VGPU_JOB_ANSWER;
	dev->job.status = status;
	vgpu_kick(dev);
}

bool vgpu_ring_answering(const struct vgpu_device *dev, const struct vgpu_channel *channel)
{
	return dev->job.kind == VGPU_JOB_ANSWER && dev->job.channel == channel &&
	       dev->job.req.operation == XENVGPU_OP_CHANNEL_CREATE;
}

/* 1 while there is more, 0 when done, -XEN_E*. */
static int job_step(struct vgpu_device *dev)
{
	switch (dev->job.kind) {
	case VGPU_JOB_COPY:
		return vgpu_copy_step(dev);
	case VGPU_JOB_IMPORT:
		return vgpu_import_step(dev);
	case VGPU_JOB_BIND:
		return vgpu_bind_step(dev);
	case VGPU_JOB_UNMAP:
		return vgpu_slice_unmap(dev->job.object);
	default:
		return dev->job.status;
	}
}

/* One step of the job; when it ends, its response is written. */
static void continue_job(struct vgpu_device *dev)
{
	struct vgpu_job *job = &dev->job;
	const struct vgpu_channel *channel = job->channel;
	int ret = job_step(dev);

	if (ret > 0)
		return;
	job->kind = VGPU_JOB_NONE;
	respond(dev, &job->req, &job->rsp, ret);
	if (job->req.operation == XENVGPU_OP_CHANNEL_CREATE && !ret && channel->dead) {
		push_responses(dev); /* it is news of a channel that the front knows */
		vgpu_event_channel(dev, (uint32_t)(channel - dev->channel), &channel->fault);
	}
}

/*
 * How many requests are waiting, or -1 for an index that no honest front can have reached: more than
 * a ring beyond what it has been answered, or behind what it has already asked.
 */
static int waiting(const struct vgpu_ring *ring)
{
	uint32_t prod = HV_READ_ONCE(ring->sring->req_prod);
	uint32_t ahead = prod - ring->pushed;

	hv_rmb(); /* the index before the slots it covers */
	if (ahead > SLOTS || ahead < ring->cons - ring->pushed)
		return -1;
	return (int)(prod - ring->cons);
}

/* Each byte is read once, whatever the compiler would like to do. */
static void take_request(struct vgpu_device *dev)
{
	const volatile uint8_t *slot =
		(const volatile uint8_t *)&dev->ring.sring->ring[dev->ring.cons % SLOTS].req;
	uint8_t *to = (uint8_t *)&dev->job.req;

	for (size_t i = 0; i < sizeof(dev->job.req); i++)
		to[i] = slot[i];
	dev->ring.cons++;
}

bool vgpu_ring_turn(struct vgpu_device *dev)
{
	struct vgpu_ring *ring = &dev->ring;
	int n = 0;

	vgpu_bells_ring(dev);
	if (dev->job.kind == VGPU_JOB_CORE) {
		push_responses(dev); /* it may take a while */
		return false;
	}
	if (dev->job.kind != VGPU_JOB_NONE) {
		continue_job(dev);
		return true;
	}
	for (unsigned int i = 0; i < VGPU_QUICK && dev->job.kind == VGPU_JOB_NONE; i++) {
		n = waiting(ring);
		if (n <= 0)
			break;
		take_request(dev);
		execute(dev);
	}
	if (n > 0)
		return true;
	if (!n) {
		/* The end of the batch. Ask for an event, then look once more. */
		push_responses(dev);
		HV_WRITE_ONCE(ring->sring->req_event, ring->cons + 1);
		hv_mb();
		n = waiting(ring);
	}
	if (n < 0) {
		vgpu_device_fail(dev, -EPROTO,
				 "request index %u is impossible: %u taken, %u answered",
				 HV_READ_ONCE(ring->sring->req_prod), ring->cons, ring->pushed);
		return false;
	}
	ring->seen = ring->cons;
	return n > 0;
}
