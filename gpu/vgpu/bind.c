/* SPDX-License-Identifier: MIT */
/*
 * bind.c - BIND: many changes of one address space in one request.
 *
 * The page of changes is copied once; each is checked when its turn comes, for those before it stand whatever
 * is wrong with it. A change may be large, so it is carried out in pieces, a few per turn; when a piece fails
 * (no memory for page tables), those before it are taken back, so that a change is done wholly or not at
 * all. What is known to fail is found before the first piece, from our own notes of the space.
 *
 * The GPU follows from the commit on, which is the last step, after an error too. Only then holds on the
 * guest's pages are dropped and the request is answered.
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"
#include "gpu/vgpu/request.h"

static enum gpu_page page_of(uint8_t shift)
{
	switch (shift) {
	case XENVGPU_PAGE_4K:
		return GPU_PAGE_4K;
	case XENVGPU_PAGE_64K:
		return GPU_PAGE_64K;
	default: /* vgpu_bind_check() lets nothing else through */
		return GPU_PAGE_2M;
	}
}

int vgpu_bind_start(struct vgpu_device *dev)
{
	const struct xenvgpu_bind_req *req = &dev->job.req.op.bind;
	struct vgpu_bind_job *job = &dev->job.bind;
	struct hv_grant_copy copy = {
		.dom = dev->front,
		.ref = req->gref,
		.len = (uint16_t)(req->count * sizeof(job->bind[0])),
		.local = dev->back->staging,
	};

	job->space = vgpu_space_find(dev, req->space);
	if (!job->space)
		return -XEN_ENOENT;
	if (hv_grant_copy(&copy, 1))
		return -XEN_EFAULT;
	memcpy(job->bind, dev->back->staging, copy.len);
	job->object = NULL;
	job->pos = 0;
	job->done = 0;
	job->status = 0;
	job->undo = false;
	return 0;
}

/* ---------------------------------------------------------------- before the first piece */

static int check_map(struct vgpu_device *dev, struct vgpu_bind_job *job,
		     const struct xenvgpu_bind *bind)
{
	struct vgpu_object *object = vgpu_slice_find(&dev->slice, bind->handle);

	if (!object)
		return -XEN_ENOENT;
	if (bind->offset + bind->size > object->range.size ||
	    (object->pages && bind->page_shift != XENVGPU_PAGE_4K))
		return -XEN_EINVAL;
	if (object->read_only && !(bind->flags & XENVGPU_BIND_RO))
		return -XEN_EACCES;
	if (vgpu_spans_overlap(&job->space->bound, bind->va, bind->size))
		return -XEN_EEXIST;
	job->object = object;
	return 0;
}

/* Spans of all address spaces: an upper bound of what this change may add is one. */
static bool spans_left(const struct vgpu_device *dev)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < XENVGPU_MAX_SPACES; i++)
		n += dev->space[i].bound.n + dev->space[i].reserved.n;
	return n < VGPU_SPANS_MAX;
}

/* All that can be said against a change before it begins. 0 or -XEN_E*. */
static int begin(struct vgpu_device *dev, struct vgpu_bind_job *job,
		 const struct xenvgpu_bind *bind)
{
	struct vgpu_space *space = job->space;
	bool reservation =
		bind->operation == XENVGPU_BIND_RESERVE || bind->operation == XENVGPU_BIND_RELEASE;
	int status = vgpu_bind_check(bind);
	uint64_t kept_start, kept_end;

	if (status)
		return status;
	gpu_vm_kept(space->vm, &kept_start, &kept_end);
	if (bind->va < kept_end && bind->va + bind->size > kept_start)
		return -XEN_EINVAL;
	if (bind->va < gpu_vm_start(space->vm) || bind->va + bind->size > gpu_vm_end(space->vm))
		return -XEN_EINVAL;
	switch (bind->operation) {
	case XENVGPU_BIND_MAP:
		status = check_map(dev, job, bind);
		break;
	case XENVGPU_BIND_UNMAP:
		if (!vgpu_spans_cover(&space->bound, bind->va, bind->size, bind->page_shift))
			status = -XEN_ENOENT;
		break;
	case XENVGPU_BIND_RESERVE:
		if (vgpu_spans_overlap(&space->bound, bind->va, bind->size) ||
		    vgpu_spans_overlap(&space->reserved, bind->va, bind->size))
			status = -XEN_EEXIST;
		break;
	default:
		if (!vgpu_spans_cover(&space->reserved, bind->va, bind->size, bind->page_shift))
			status = -XEN_ENOENT;
		else if (vgpu_spans_overlap(&space->bound, bind->va, bind->size))
			status = -XEN_EEXIST;
		break;
	}
	if (status)
		return status;
	if (!spans_left(dev))
		return -XEN_ENOSPC;
	if (vgpu_spans_room(reservation ? &space->reserved : &space->bound))
		return -XEN_ENOMEM;
	if (job->object && job->object->pages && !job->object->held) {
		job->object->held = true;
		iommu_hold(job->object->pages);
	}
	return 0;
}

/* ---------------------------------------------------------------- pieces */

/* Guest pages, as few runs as their addresses allow. */
static unsigned int page_runs(struct vgpu_back *back, const struct iommu_range *pages,
			      uint64_t first, uint64_t n)
{
	unsigned int runs = 0;

	for (uint64_t i = first; i < first + n; i++) {
		uint64_t addr = iommu_addr(pages, (unsigned int)i);
		struct gpu_run *last = runs ? &back->runs[runs - 1] : NULL;

		if (last && last->addr + last->size == addr)
			last->size += HV_PAGE_SIZE;
		else
			back->runs[runs++] = (struct gpu_run){
				.addr = addr,
				.size = HV_PAGE_SIZE,
				.aperture = GPU_APERTURE_SYSMEM_COHERENT,
			};
	}
	return runs;
}

static int map_piece(struct vgpu_device *dev, struct vgpu_bind_job *job,
		     const struct xenvgpu_bind *bind, uint64_t size)
{
	const struct vgpu_object *object = job->object;
	struct vgpu_back *back = dev->back;
	uint64_t offset = bind->offset + job->pos;
	struct gpu_map map = {
		.va = bind->va + job->pos,
		.page = page_of(bind->page_shift),
		.flags = bind->flags & XENVGPU_BIND_RO ? GPU_MAP_READ_ONLY : 0,
		.runs = back->runs,
		.n = 1,
	};

	HV_CHECK(object); /* begin() has found it */
	if (object->pages) {
		map.flags |= GPU_MAP_VOLATILE;
		map.n = page_runs(back, object->pages, offset / HV_PAGE_SIZE, size / HV_PAGE_SIZE);
	} else {
		back->runs[0] = (struct gpu_run){
			.addr = object->range.base + offset,
			.size = size,
			.aperture = GPU_APERTURE_VRAM,
		};
	}
	return gpu_vm_map(job->space->vm, &map);
}

static int piece(struct vgpu_device *dev, struct vgpu_bind_job *job,
		 const struct xenvgpu_bind *bind, uint64_t size)
{
	struct gpu_vm *vm = job->space->vm;
	enum gpu_page page = page_of(bind->page_shift);
	uint64_t va = bind->va + job->pos;

	switch (bind->operation) {
	case XENVGPU_BIND_MAP:
		return map_piece(dev, job, bind, size);
	case XENVGPU_BIND_UNMAP:
		return gpu_vm_unmap(vm, va, size, page);
	case XENVGPU_BIND_RESERVE:
		return gpu_vm_reserve(vm, va, size, page);
	default:
		return gpu_vm_release(vm, va, size, page);
	}
}

/* Takes the last piece back. */
static int undo_piece(struct vgpu_bind_job *job, const struct xenvgpu_bind *bind, uint64_t size)
{
	enum gpu_page page = page_of(bind->page_shift);
	uint64_t va = bind->va + job->pos - size;

	return bind->operation == XENVGPU_BIND_MAP ? gpu_vm_unmap(job->space->vm, va, size, page)
						   : gpu_vm_release(job->space->vm, va, size, page);
}

/* `size` bytes of the change are done, all of them or as far as it went: into our notes. */
static void note(struct vgpu_device *dev, struct vgpu_bind_job *job,
		 const struct xenvgpu_bind *bind, uint64_t size)
{
	struct vgpu_space *space = job->space;
	struct vgpu_span span = {.va = bind->va, .size = size, .page_shift = bind->page_shift};

	switch (bind->operation) {
	case XENVGPU_BIND_MAP:
		HV_CHECK(job->object);
		span.object = (uint16_t)(job->object - dev->slice.objects);
		job->object->bound += size;
		vgpu_spans_add(&space->bound, &span);
		break;
	case XENVGPU_BIND_UNMAP:
		vgpu_spans_cut(&space->bound, bind->va, size, vgpu_space_unbind, dev);
		break;
	case XENVGPU_BIND_RESERVE:
		vgpu_spans_add(&space->reserved, &span);
		break;
	default:
		vgpu_spans_cut(&space->reserved, bind->va, size, NULL, NULL);
		break;
	}
}

/* ---------------------------------------------------------------- the job */

/* A piece was refused. What adds is taken back; what takes away cannot fail but with the GPU, and stays. */
static void failed(struct vgpu_device *dev, struct vgpu_bind_job *job,
		   const struct xenvgpu_bind *bind, int err)
{
	bool adds = bind->operation == XENVGPU_BIND_MAP || bind->operation == XENVGPU_BIND_RESERVE;

	job->status = vgpu_xen_error(err);
	if (adds && err != -ENODEV)
		job->undo = job->pos != 0;
	else if (job->pos)
		note(dev, job, bind, job->pos);
}

/* One piece of the present change, forwards. */
static void forwards(struct vgpu_device *dev, struct vgpu_bind_job *job)
{
	const struct xenvgpu_bind *bind = &job->bind[job->done];
	uint64_t most, size;
	int err;

	if (!job->pos) {
		job->object = NULL;
		job->status = begin(dev, job, bind);
		if (job->status)
			return;
	}
	most = (uint64_t)VGPU_BIND_PIECE << bind->page_shift;
	size = bind->size - job->pos < most ? bind->size - job->pos : most;
	err = piece(dev, job, bind, size);
	if (err) {
		failed(dev, job, bind, err);
		return;
	}
	job->pos += size;
	if (job->pos == bind->size) {
		note(dev, job, bind, bind->size);
		job->pos = 0;
		job->done++;
	}
}

static void backwards(struct vgpu_bind_job *job)
{
	const struct xenvgpu_bind *bind = &job->bind[job->done];
	uint64_t size = (uint64_t)VGPU_BIND_PIECE << bind->page_shift; /* as all but the last are */

	/* It cannot fail but with the GPU, and then nothing of the space is used any more. */
	job->undo = !undo_piece(job, bind, size) && job->pos > size;
	job->pos -= size;
}

int vgpu_bind_step(struct vgpu_device *dev)
{
	struct vgpu_bind_job *job = &dev->job.bind;
	uint32_t count = dev->job.req.op.bind.count;
	int err;

	for (unsigned int i = 0; i < VGPU_BIND_PIECES; i++) {
		if (job->undo)
			backwards(job);
		else if (!job->status && job->done < count)
			forwards(dev, job);
		else
			break;
	}
	if (job->undo || (!job->status && job->done < count))
		return 1;
	err = gpu_vm_commit(job->space->vm);
	if (!err)
		vgpu_space_drop_holds(dev);
	else if (!job->status)
		job->status = vgpu_xen_error(err);
	dev->job.rsp.op.bind.done = job->done;
	return job->status;
}
