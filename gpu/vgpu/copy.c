/* SPDX-License-Identifier: MIT */
/*
 * copy.c - MEM_WRITE and MEM_READ: bytes between guest pages and video memory, by our own CPU.
 *
 * Nothing of the guest's is mapped. Its page list is copied once and checked; then each turn moves
 * one piece of 64 KiB through the staging buffer: one batched grant copy (one hypercall) and one run
 * of BAR accesses. The staging buffer holds a piece only within a turn, so all devices share one.
 */
#include <errno.h>
#include <string.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"

_Static_assert(VGPU_COPY_REFS <= XENVGPU_GREFS_PER_DIR, "one directory is enough for a request");

int vgpu_xen_error(int err)
{
	switch (err) {
	case -ENOMEM:
		return -XEN_ENOMEM;
	case -ENOSPC:
		return -XEN_ENOSPC;
	case -ENODEV:
		return -XEN_ENODEV;
	case -EDQUOT:
		return -XEN_ENOSPC;
	case -EINVAL:
		return -XEN_EINVAL;
	case -EFAULT:
		return -XEN_EFAULT;
	case -ENOENT:
		return -XEN_ENOENT;
	case -EEXIST:
		return -XEN_EEXIST;
	case -EBUSY:
		return -XEN_EBUSY;
	case -EOPNOTSUPP:
		return -XEN_EOPNOTSUPP;
	default:
		return -XEN_EIO;
	}
}

/* Keeps the list for all pieces: the staging buffer is theirs. */
static int fetch_list(struct vgpu_device *dev, uint32_t pages)
{
	hv_gref_t directory = dev->job.req.op.mem_copy.gref_directory;
	const hv_gref_t *refs;
	int n = vgpu_page_list(dev, &directory, pages, &refs);

	for (int i = 0; i < n; i++) {
		if (!refs[i])
			return -XEN_EINVAL;
		dev->job.refs[i] = refs[i];
	}
	return n < 0 ? n : 0;
}

int vgpu_copy_start(struct vgpu_device *dev)
{
	const struct xenvgpu_mem_copy_req *copy = &dev->job.req.op.mem_copy;
	struct vgpu_object *object = vgpu_slice_find(&dev->slice, copy->handle);

	if (!object)
		return -XEN_ENOENT;
	/* vgpu_request_check() has seen to it that the sum does not wrap around. */
	if (object->pages || copy->offset + copy->length > object->range.size)
		return -XEN_EINVAL;
	dev->job.object = object;
	dev->job.pos = 0;
	return fetch_list(dev, (copy->length + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE);
}

/* One batched grant copy between the staging buffer and the guest's pages from job.pos on. */
static int move_guest(struct vgpu_device *dev, uint32_t len, bool to_guest)
{
	struct hv_grant_copy copies[VGPU_PIECE_PAGES];
	unsigned int n = 0;

	memset(copies, 0, sizeof(copies));
	for (uint32_t pos = 0; pos < len; pos += HV_PAGE_SIZE, n++) {
		copies[n].dom = dev->front;
		copies[n].ref = dev->job.refs[(dev->job.pos + pos) / HV_PAGE_SIZE];
		copies[n].to_grant = to_guest;
		copies[n].len = (uint16_t)(len - pos < HV_PAGE_SIZE ? len - pos : HV_PAGE_SIZE);
		copies[n].local = dev->back->staging + pos;
	}
	return hv_grant_copy(copies, n) ? -XEN_EFAULT : 0;
}

int vgpu_copy_step(struct vgpu_device *dev)
{
	const struct xenvgpu_mem_copy_req *copy = &dev->job.req.op.mem_copy;
	uint64_t addr = dev->job.object->range.base + copy->offset + dev->job.pos;
	uint32_t len = copy->length - dev->job.pos;
	uint8_t *staging = dev->back->staging;
	int err, ret;

	if (len > VGPU_PIECE)
		len = VGPU_PIECE;
	if (dev->job.req.operation == XENVGPU_OP_MEM_WRITE) {
		ret = move_guest(dev, len, false);
		if (ret)
			return ret;
		err = gpu_vram_write(dev->back->gpu, addr, staging, len);
		if (err)
			return vgpu_xen_error(err);
		dev->stats.bytes_written += len;
	} else {
		err = gpu_vram_read(dev->back->gpu, addr, staging, len);
		if (err)
			return vgpu_xen_error(err);
		ret = move_guest(dev, len, true);
		if (ret)
			return ret;
		dev->stats.bytes_read += len;
	}
	dev->job.pos += len;
	return dev->job.pos < copy->length ? 1 : 0;
}
