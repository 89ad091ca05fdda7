/* SPDX-License-Identifier: MIT */
/*
 * channel.c - channels of a slice: CHANNEL_CREATE, CHANNEL_DESTROY, doorbells and faults.
 *
 * A channel's number is its bit in the doorbell bitmap and its place in the USERD pages. Submitting takes
 * nothing of ours but one register write per doorbell, whatever was submitted.
 *
 * A fault stops the channel and stays with it; but stopping is work for the firmware, so a guest whose
 * channels fault all the time gets new ones only so fast.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"

#define FAULT_INTERVAL (60 * HV_S / VGPU_FAULTS) /* until one more is forgiven */

/* ---------------------------------------------------------------- doorbells */

static uint32_t bell_of(const struct vgpu_channel *channel)
{
	return 1u << (channel - channel->dev->channel) % 32;
}

static uint32_t *bells_of(const struct vgpu_channel *channel)
{
	return &channel->dev->bells[(channel - channel->dev->channel) / 32];
}

bool vgpu_bells_pending(const struct vgpu_device *dev)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS / 32; i++) {
		if (HV_READ_ONCE(dev->ring.events->doorbell[i]) & dev->bells[i])
			return true;
	}
	return false;
}

/* Has the GPU look; true if there is something that it was not told of before. */
static bool ring(struct vgpu_device *dev, unsigned int n)
{
	struct vgpu_channel *channel = &dev->channel[n];
	const uint8_t *userd = (const uint8_t *)dev->userd[n / VGPU_USERD_PER_PAGE]->mem.va +
			       (size_t)(n % VGPU_USERD_PER_PAGE) * XENVGPU_USERD_SIZE;
	uint32_t put = HV_READ_ONCE(*(const uint32_t *)(userd + XENVGPU_USERD_GP_PUT));
	bool news = put != channel->gp_put;

	channel->gp_put = put;
	gpu_channel_ring(channel->core);
	dev->stats.bells++;
	return news;
}

void vgpu_bells_ring(struct vgpu_device *dev)
{
	struct xenvgpu_event_page *page = dev->ring.events;
	uint64_t before = dev->stats.bells;
	bool news = false;

	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS / 32; i++) {
		uint32_t bits;

		if (!HV_READ_ONCE(page->doorbell[i]))
			continue;
		bits = __atomic_exchange_n(&page->doorbell[i], 0, __ATOMIC_SEQ_CST);
		dev->stats.bad_bells += (unsigned int)__builtin_popcount(bits & ~dev->bells[i]);
		for (bits &= dev->bells[i]; bits; bits &= bits - 1)
			news |= ring(dev, 32 * i + (unsigned int)__builtin_ctz(bits));
	}
	if (news)
		vgpu_brake_useful(dev);
	dev->stats.bell_turns += dev->stats.bells != before;
}

/* ---------------------------------------------------------------- faults */

/* How many faults are forgiven now. */
static unsigned int faults_left(struct vgpu_device *dev)
{
	uint64_t earned = (hv_now() - dev->faults_time) / FAULT_INTERVAL;

	dev->faults_time += earned * FAULT_INTERVAL;
	if (earned > VGPU_FAULTS - dev->faults)
		earned = VGPU_FAULTS - dev->faults;
	dev->faults += (unsigned int)earned;
	return dev->faults;
}

static void stopped(struct gpu_channel *core, const struct gpu_fault *fault, void *arg)
{
	struct vgpu_channel *channel = arg;
	struct vgpu_device *dev = channel->dev;
	uint32_t n = (uint32_t)(channel - dev->channel);

	(void)core;
	if (dev->tenant_state != VGPU_TENANT_LIVE || channel->state == VGPU_UNMADE || channel->dead)
		return;
	channel->dead = true;
	channel->fault = *fault;
	*bells_of(channel) &= ~bell_of(channel);
	dev->stats.faults++;
	if (faults_left(dev))
		dev->faults--;
	hv_log_dom(dev->front, HV_WARN,
		   "%s: channel %" PRIu32 " stopped: xid %" PRIu32 ", fault type %" PRIu32
		   " at %#" PRIx64,
		   dev->bus.own, n, fault->xid, fault->type, fault->address);
	vgpu_stats_dirty(dev->back, dev);
	/* Before the guest knows the channel it cannot be told of it: ring.c does, after the answer. */
	if (channel->state == VGPU_MADE && !vgpu_ring_answering(dev, channel))
		vgpu_event_channel(dev, n, fault);
}

/* ---------------------------------------------------------------- creation */

static void made(struct gpu_channel *core, int err, void *arg)
{
	struct vgpu_channel *channel = arg;
	struct vgpu_device *dev = channel->dev;
	unsigned int n = (unsigned int)(channel - dev->channel);
	struct xenvgpu_channel_create_resp *rsp = &dev->job.rsp.op.channel_create;

	if (dev->tenant_state != VGPU_TENANT_LIVE || channel->state != VGPU_MAKING)
		return;
	if (err) {
		channel->state = VGPU_UNMADE;
		vgpu_ring_answer(dev, vgpu_xen_error(err));
		return;
	}
	channel->state = VGPU_MADE;
	channel->core = core;
	if (!channel->dead)
		*bells_of(channel) |= bell_of(channel);
	rsp->channel = n;
	rsp->userd_gref = dev->userd[n / VGPU_USERD_PER_PAGE]->ref;
	rsp->userd_offset = n % VGPU_USERD_PER_PAGE * XENVGPU_USERD_SIZE;
	rsp->doorbell = dev->policy.direct ? gpu_channel_token(core) : 0;
	vgpu_ring_answer(dev, 0);
}

/* A place for one more channel, or NULL when the slice has all that its policy allows. */
static struct vgpu_channel *unused(struct vgpu_device *dev)
{
	/* Numbers below the limit only: there are as many of them as channels allowed. */
	for (uint32_t i = 0; i < dev->policy.channels; i++) {
		if (dev->channel[i].state == VGPU_UNMADE)
			return &dev->channel[i];
	}
	return NULL;
}

/* Where the channel's USERD is, all zeros. */
static int userd(struct vgpu_device *dev, unsigned int n, struct gpu_channel_desc *desc)
{
	struct vgpu_userd **page = &dev->userd[n / VGPU_USERD_PER_PAGE];
	unsigned int offset = n % VGPU_USERD_PER_PAGE * XENVGPU_USERD_SIZE;
	int err = *page ? 0 : vgpu_userd_get(dev->back, dev->front, page);

	if (err)
		return err;
	desc->userd = (uint8_t *)(*page)->mem.va + offset;
	desc->userd_dma = (*page)->mem.addr + offset;
	memset(desc->userd, 0, XENVGPU_USERD_SIZE);
	return 0;
}

bool vgpu_class_served(const struct vgpu_device *dev, uint32_t class_id)
{
	enum gpu_kind kind = gpu_class_kind(dev->back->gpu, class_id);

	if (kind == GPU_KIND_NONE || !(dev->policy.engines & 1u << kind))
		return false;
	return kind != GPU_KIND_GRAPHICS || vgpu_tenant_contexts(dev);
}

/* People should find out why a program has no graphics. */
static void log_not_served(const struct vgpu_device *dev, uint32_t class_id)
{
	uint64_t context = gpu_graphics_context(dev->back->rm);

	hv_log_dom(dev->front, HV_WARN,
		   "%s: no channels for class %#" PRIx32 ": engines %#" PRIx32
		   ", graphics contexts of %" PRIu64 " KiB in a quarter of %" PRIu64 " KiB",
		   dev->bus.own, class_id, dev->policy.engines, context >> 10,
		   dev->policy.vram >> 10);
}

int vgpu_channel_create(struct vgpu_device *dev)
{
	const struct xenvgpu_channel_create_req *req = &dev->job.req.op.channel_create;
	struct vgpu_space *space = vgpu_space_find(dev, req->space);
	struct vgpu_channel *channel = unused(dev);
	struct gpu_channel_desc desc = {
		.engine_class = req->engine_class,
		.gpfifo = req->gpfifo,
		.entries = req->entries,
		.fault = stopped,
		.arg = channel,
	};
	int err;

	if (!space)
		return -XEN_ENOENT;
	if (!channel)
		return -XEN_ENOSPC;
	/* vgpu_request_check() has seen to it that the sum does not wrap around. */
	if (req->gpfifo < gpu_vm_start(space->vm) ||
	    req->gpfifo + req->entries * sizeof(uint64_t) > gpu_vm_end(space->vm))
		return -XEN_EINVAL;
	if (!vgpu_class_served(dev, req->engine_class)) {
		log_not_served(dev, req->engine_class);
		return -XEN_EOPNOTSUPP;
	}
	if (!faults_left(dev))
		return -XEN_EBUSY;
	err = userd(dev, (unsigned int)(channel - dev->channel), &desc);
	if (err)
		return vgpu_xen_error(err);
	*channel = (struct vgpu_channel){.state = VGPU_MAKING, .dev = dev, .space = space};
	desc.vm = space->vm;
	dev->job.channel = channel;
	err = gpu_channel_new(dev->tenant, &desc, made, channel, &channel->core);
	if (err) {
		channel->state = VGPU_UNMADE;
		return vgpu_xen_error(err);
	}
	return 1;
}

/* ---------------------------------------------------------------- end */

static void freed(int err, void *arg)
{
	struct vgpu_channel *channel = arg;
	struct vgpu_device *dev = channel->dev;

	if (dev->tenant_state != VGPU_TENANT_LIVE || channel->state != VGPU_UNMAKING)
		return;
	channel->state = VGPU_UNMADE;
	vgpu_ring_answer(dev, err ? vgpu_xen_error(err) : 0);
}

int vgpu_channel_destroy(struct vgpu_device *dev)
{
	uint32_t n = dev->job.req.op.channel_destroy.channel;
	struct vgpu_channel *channel;

	if (n >= XENVGPU_MAX_CHANNELS || dev->channel[n].state != VGPU_MADE)
		return -XEN_ENOENT;
	channel = &dev->channel[n];
	channel->state = VGPU_UNMAKING;
	*bells_of(channel) &= ~bell_of(channel);
	gpu_channel_free(channel->core, freed, channel);
	return 1;
}
