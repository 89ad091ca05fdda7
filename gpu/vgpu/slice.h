/* SPDX-License-Identifier: MIT */
/*
 * slice.h - one guest device's share of video memory, and the objects the guest makes in it.
 *
 * A slice is one contiguous range, scrubbed before the guest may use it. Objects lie inside it. A
 * handle is an index into the slice's own table with a generation number, so it means nothing in
 * another slice, and a stale one is recognised.
 */
#ifndef VGPU_SLICE_H
#define VGPU_SLICE_H

#include "gpu/core/core.h"
#include <xen/io/vgpuif.h>

enum vgpu_object_state {
	VGPU_OBJECT_NONE,
	VGPU_OBJECT_LIVE,  /* the guest's */
	VGPU_OBJECT_FREED, /* no longer the guest's, being scrubbed */
	VGPU_OBJECT_BAD,   /* its scrub failed: never used again */
};

struct vgpu_object {
	enum vgpu_object_state state;
	uint32_t generation; /* of the current or last use; 24 bits, never 0 in use */
	struct gpu_range range;
	uint64_t scrubbed; /* bytes, when FREED */
};

struct vgpu_slice {
	struct gpu *gpu;
	struct gpu_range vram;	  /* size 0: nothing reserved */
	uint64_t scrubbed;	  /* bytes of it that are clean, until all are */
	bool bad;		  /* some of it failed a scrub: not given back */
	struct gpu_extents space; /* clean memory that no object has; set up once all is clean */
	struct vgpu_object objects[XENVGPU_MAX_OBJECTS];
};

/* Reserves size bytes of VRAM, not yet clean. The slice must be closed. 0, -ENOMEM, -EINVAL. */
int vgpu_slice_open(struct vgpu_slice *slice, struct gpu *gpu, uint64_t size);

/*
 * One step of the first scrub, at most budget bytes. 1 while there is more; 0 when the slice is
 * clean and usable; -EIO, -ENODEV, -ENOMEM: it never will be.
 */
int vgpu_slice_scrub(struct vgpu_slice *slice, uint64_t budget);

/* Gives everything back; harmless when closed. */
void vgpu_slice_close(struct vgpu_slice *slice);

/* Bytes that objects occupy, memory on its way back to clean included. */
uint64_t vgpu_slice_used(const struct vgpu_slice *slice);

/*
 * A new object of size bytes (a positive multiple of XENVGPU_MEM_ALIGN), reading as zeros; *handle
 * is never 0. 0, -ENOMEM (no room for it), -ENOSPC (XENVGPU_MAX_OBJECTS).
 */
int vgpu_slice_alloc(struct vgpu_slice *slice, uint64_t size, uint32_t *handle);

/* The live object of this handle, or NULL. */
struct vgpu_object *vgpu_slice_find(struct vgpu_slice *slice, uint32_t handle);

/*
 * Takes a live object from the guest. Its handle is dead at once; its memory comes back when
 * vgpu_slice_reclaim(), called until it no longer returns 1, has scrubbed it (0), or never
 * (-EIO, -ENODEV, -ENOMEM).
 */
void vgpu_slice_free(struct vgpu_object *object);
int vgpu_slice_reclaim(struct vgpu_slice *slice, struct vgpu_object *object, uint64_t budget);

#endif /* VGPU_SLICE_H */
