/* SPDX-License-Identifier: MIT */
/*
 * space.c - SPACE_CREATE and SPACE_DESTROY: the address spaces of a slice.
 *
 * What a space shows of which object is noted here
 * (spans), because the guest may free an object only when no space shows it.
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"
#include "gpu/vgpu/handle.h"

_Static_assert(XENVGPU_MAX_SPACES <= VGPU_HANDLE_INDICES, "an index must fit into a handle");

/* ---------------------------------------------------------------- creation */

static void made(struct gpu_vm *vm, int err, void *arg)
{
	struct vgpu_space *space = arg;
	struct vgpu_device *dev = space->dev;
	struct xenvgpu_space_create_resp *rsp = &dev->job.rsp.op.space_create;

	if (dev->tenant_state != VGPU_TENANT_LIVE || space->state != VGPU_MAKING)
		return;
	if (err) {
		space->state = VGPU_UNMADE;
		vgpu_ring_answer(dev, vgpu_xen_error(err));
		return;
	}
	space->state = VGPU_MADE;
	space->vm = vm;
	rsp->space = vgpu_handle_new(&space->generation, (uint32_t)(space - dev->space));
	rsp->va_start = gpu_vm_start(vm);
	rsp->va_end = gpu_vm_end(vm);
	gpu_vm_kept(vm, &rsp->kept_start, &rsp->kept_end);
	vgpu_ring_answer(dev, 0);
}

/* The tenant is there. 1: made() is next; -XEN_E*. */
static int make(struct vgpu_device *dev, struct vgpu_space *space)
{
	int err = gpu_vm_new(dev->tenant, made, space, &space->vm);

	if (err) {
		space->state = VGPU_UNMADE;
		return vgpu_xen_error(err);
	}
	return 1;
}

void vgpu_space_continue(struct vgpu_device *dev, int status)
{
	struct vgpu_space *space = dev->job.space;

	if (status)
		space->state = VGPU_UNMADE;
	else
		status = make(dev, space);
	if (status < 0)
		vgpu_ring_answer(dev, status);
}

int vgpu_space_create(struct vgpu_device *dev)
{
	struct vgpu_space *space = dev->space;
	int ret;

	while (space < dev->space + XENVGPU_MAX_SPACES && space->state != VGPU_UNMADE)
		space++;
	if (space == dev->space + XENVGPU_MAX_SPACES)
		return -XEN_ENOSPC;
	ret = vgpu_tenant_get(dev);
	if (ret < 0)
		return ret;
	space->dev = dev;
	space->state = VGPU_MAKING;
	dev->job.space = space;
	return ret ? ret : make(dev, space);
}

/* ---------------------------------------------------------------- use */

struct vgpu_space *vgpu_space_find(struct vgpu_device *dev, uint32_t handle)
{
	uint32_t i = vgpu_handle_index(handle);
	struct vgpu_space *space;

	if (i >= XENVGPU_MAX_SPACES)
		return NULL;
	space = &dev->space[i];
	if (space->state != VGPU_MADE || space->generation != vgpu_handle_generation(handle))
		return NULL;
	return space;
}

void vgpu_space_drop_holds(struct vgpu_device *dev)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++) {
		struct vgpu_object *object = &dev->slice.objects[i];

		if (object->held && !object->bound) {
			object->held = false;
			iommu_drop(object->pages);
		}
	}
}

void vgpu_space_unbind(const struct vgpu_span *piece, void *arg)
{
	struct vgpu_device *dev = arg;
	struct vgpu_object *object = &dev->slice.objects[piece->object];

	HV_CHECK(object->bound >= piece->size);
	object->bound -= piece->size;
}

void vgpu_space_forget(struct vgpu_space *space)
{
	vgpu_spans_cut(&space->bound, 0, UINT64_MAX, vgpu_space_unbind, space->dev);
	vgpu_spans_fini(&space->bound);
	vgpu_spans_fini(&space->reserved);
}

/* ---------------------------------------------------------------- end */

static void freed(int err, void *arg)
{
	struct vgpu_space *space = arg;
	struct vgpu_device *dev = space->dev;

	if (dev->tenant_state != VGPU_TENANT_LIVE || space->state != VGPU_UNMAKING)
		return;
	space->state = VGPU_UNMADE;
	vgpu_space_forget(space);
	vgpu_space_drop_holds(dev);
	vgpu_ring_answer(dev, err ? vgpu_xen_error(err) : 0);
}

int vgpu_space_destroy(struct vgpu_device *dev)
{
	struct vgpu_space *space = vgpu_space_find(dev, dev->job.req.op.space_destroy.space);
	int err;

	if (!space)
		return -XEN_ENOENT;
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		if (dev->channel[i].state != VGPU_UNMADE && dev->channel[i].space == space)
			return -XEN_EBUSY;
	}
	err = gpu_vm_free(space->vm, freed, space);
	if (err)
		return vgpu_xen_error(err);
	space->state = VGPU_UNMAKING;
	return 1;
}
