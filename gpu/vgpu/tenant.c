/* SPDX-License-Identifier: MIT */
/*
 * tenant.c - the slice as the GPU core sees it (gpu/core/core.h).
 *
 * It is made when the guest asks for its first address space, and ended when the connection is, not with the
 * last space: making one takes several firmware calls, so a guest that makes and destroys a space over and
 * over would keep the firmware busy for nothing, and its VRAM needs a scrub before it is anybody's, which
 * that of the whole slice is then.
 *
 * From gpu_tenant_end() on no callback of the core means anything but the end itself; until that is there,
 * everything that the device might still reach stays.
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"

static void ready(struct gpu_tenant *tenant, int err, void *arg)
{
	struct vgpu_device *dev = arg;

	(void)tenant;
	if (dev->tenant_state != VGPU_TENANT_MAKING)
		return;
	dev->tenant_state = err ? VGPU_TENANT_NONE : VGPU_TENANT_LIVE;
	if (err) {
		dev->tenant = NULL;
		hv_log_dom(dev->front, HV_WARN, "%s: no RM client: error %d", dev->bus.own, -err);
	}
	vgpu_space_continue(dev, err ? vgpu_xen_error(err) : 0);
}

/* A guest that rings by itself is not heard: what it has of engines is all that there is to tell. */
static void worked(void *arg)
{
	struct vgpu_device *dev = arg;

	vgpu_stats_dirty(dev->back, dev);
}

_Static_assert(VGPU_WEIGHT_MAX == GPU_WEIGHT_MAX, "a weight is a weight");

unsigned int vgpu_tenant_contexts(const struct vgpu_device *dev)
{
	uint64_t context = gpu_graphics_context(dev->back->rm), n;

	if (!context || !(dev->policy.engines & 1u << GPU_KIND_GRAPHICS))
		return 0;
	n = dev->policy.vram / 4 / context;
	return n < VGPU_CONTEXTS_MAX ? (unsigned int)n : VGPU_CONTEXTS_MAX;
}

/*
 * The guest's own objects may have left no room for contexts: then it has channels for copies, and those for
 * graphics are refused one by one.
 */
static int take_vram(struct vgpu_device *dev, struct gpu_range *vram)
{
	uint64_t contexts = vgpu_tenant_contexts(dev) * gpu_graphics_context(dev->back->rm);
	int err = vgpu_slice_tables(&dev->slice, contexts, vram);

	return err == -ENOMEM && contexts ? vgpu_slice_tables(&dev->slice, 0, vram) : err;
}

int vgpu_tenant_get(struct vgpu_device *dev)
{
	struct gpu_range vram;
	int err;

	if (dev->tenant_state == VGPU_TENANT_LIVE)
		return 0;
	HV_CHECK(dev->tenant_state == VGPU_TENANT_NONE);
	err = take_vram(dev, &vram);
	if (!err)
		err = gpu_tenant_new(dev->back->rm, &vram, ready, dev, &dev->tenant);
	if (err) {
		hv_log_dom(dev->front, HV_WARN, "%s: no RM client: error %d", dev->bus.own, -err);
		return vgpu_xen_error(err);
	}
	gpu_tenant_weight(dev->tenant, dev->policy.weight);
	if (dev->policy.direct)
		gpu_tenant_direct(dev->tenant, worked, dev);
	dev->tenant_state = VGPU_TENANT_MAKING;
	return 1;
}

void vgpu_tenant_gone(struct vgpu_device *dev)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_SPACES; i++) {
		vgpu_space_forget(&dev->space[i]);
		dev->space[i].state = VGPU_UNMADE;
	}
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
		dev->channel[i].state = VGPU_UNMADE;
	memset(dev->bells, 0, sizeof(dev->bells));
	vgpu_space_drop_holds(dev);
	dev->tenant = NULL;
	dev->tenant_state = VGPU_TENANT_NONE;
}

static void ended(int err, void *arg)
{
	struct vgpu_device *dev = arg;

	if (dev->tenant_state != VGPU_TENANT_ENDING)
		return;
	if (err)
		hv_log_dom(dev->front, HV_WARN, "%s: its channels ended with error %d",
			   dev->bus.own, -err);
	vgpu_tenant_gone(dev);
	if (dev->phase == VGPU_ENDING)
		vgpu_kick(dev);
}

uint64_t vgpu_tenant_time(const struct vgpu_device *dev)
{
	bool there =
		dev->tenant_state == VGPU_TENANT_MAKING || dev->tenant_state == VGPU_TENANT_LIVE;

	return dev->past_time + (there ? gpu_tenant_time(dev->tenant) : 0);
}

bool vgpu_tenant_end(struct vgpu_device *dev)
{
	switch (dev->tenant_state) {
	case VGPU_TENANT_NONE:
		return true;
	case VGPU_TENANT_MAKING:
	case VGPU_TENANT_LIVE:
		/* When the domain stops, the GPU is let go of as a whole. */
		if (!dev->back->stopping) {
			dev->past_time = vgpu_tenant_time(dev);
			dev->tenant_state = VGPU_TENANT_ENDING;
			gpu_tenant_end(dev->tenant, ended, dev);
		}
		return false;
	default:
		return false;
	}
}
