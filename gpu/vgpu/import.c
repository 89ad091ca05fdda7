/* SPDX-License-Identifier: MIT */
/*
 * import.c - MEM_IMPORT: pages of the guest's own become an object that its address spaces can show.
 *
 * They are mapped for the device alone (iommu.h). One turn takes one directory: it is copied once,
 * checked, and its references are mapped, all or none. When a later one fails, what is mapped is
 * unmapped in turns as well, and only then the guest is told.
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"

int vgpu_import_start(struct vgpu_device *dev)
{
	const struct xenvgpu_mem_import_req *import = &dev->job.req.op.mem_import;
	struct vgpu_object *object;
	int err;

	if (!dev->account) {
		dev->account = iommu_account_new(dev->front, dev->policy.imports);
		if (!dev->account)
			return -XEN_ENOMEM;
	}
	err = vgpu_slice_make(&dev->slice, &object);
	if (err)
		return vgpu_xen_error(err);
	object->read_only = import->flags & XENVGPU_IMPORT_RO;
	object->range.size = (uint64_t)import->pages * HV_PAGE_SIZE;
	err = iommu_range_new(dev->account, import->pages, object->read_only ? IOMMU_RO : 0,
			      &object->pages);
	if (err) {
		object->state = VGPU_OBJECT_NONE;
		return vgpu_xen_error(err);
	}
	dev->job.object = object;
	dev->job.pos = 0;
	dev->job.directory = import->gref_directory;
	dev->job.status = 0;
	return 0;
}

/* Maps what the next directory names. 0 or -XEN_E*. */
static int take_directory(struct vgpu_device *dev)
{
	struct vgpu_job *job = &dev->job;
	const hv_gref_t *refs;
	int n = vgpu_page_list(dev, &job->directory, job->req.op.mem_import.pages - job->pos,
			       &refs);
	int err;

	if (n < 0)
		return n;
	err = iommu_map(job->object->pages, refs, (unsigned int)n);
	if (err)
		return vgpu_xen_error(err);
	job->pos += (uint32_t)n;
	return 0;
}

int vgpu_import_step(struct vgpu_device *dev)
{
	struct vgpu_job *job = &dev->job;

	if (!job->status) {
		job->status = take_directory(dev);
		if (job->status)
			vgpu_slice_free(&dev->slice, job->object);
		else if (job->pos == job->req.op.mem_import.pages)
			job->rsp.op.mem_import.handle =
				vgpu_slice_publish(&dev->slice, job->object);
		return job->status || job->object->state == VGPU_OBJECT_MAKING;
	}
	return vgpu_slice_unmap(job->object) ? 1 : job->status;
}

int vgpu_import_free(struct vgpu_device *dev)
{
	int ret;

	if (!dev->account)
		return 0;
	ret = iommu_account_free(dev->account, VGPU_UNMAP_STEP);
	HV_CHECK(ret >= 0); /* nothing is held any more */
	if (!ret)
		dev->account = NULL;
	return ret;
}
