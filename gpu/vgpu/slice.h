/* SPDX-License-Identifier: MIT */
/*
 * slice.h - one guest device's share of video memory, and the memory objects the guest makes.
 *
 * A slice is one contiguous range, scrubbed before the guest may use it. Objects lie inside it, or are
 * pages of the guest's own that the device may reach (import.c). Guests name them by handles (handle.h).
 *
 * What the guest's page tables and channels take is a part of the slice that no handle names. Once the
 * core has had it, it stays apart until the whole slice is given back and scrubbed for the next owner.
 */
#ifndef VGPU_SLICE_H
#define VGPU_SLICE_H

#include "gpu/core/core.h"
#include "iommu/iommu.h"
#include <xen/io/vgpuif.h>

enum vgpu_object_state {
	VGPU_OBJECT_NONE,
	VGPU_OBJECT_MAKING, /* guest pages, being mapped */
	VGPU_OBJECT_LIVE,   /* the guest's */
	VGPU_OBJECT_FREED,  /* no longer the guest's, being scrubbed or unmapped */
	VGPU_OBJECT_BAD,    /* its scrub failed: never used again */
};

struct vgpu_object {
	enum vgpu_object_state state;
	uint32_t generation;	   /* of the current or last use; 24 bits, never 0 in use */
	struct gpu_range range;	   /* guest pages: base is 0 */
	struct iommu_range *pages; /* NULL: video memory */
	bool read_only;		   /* guest pages: for the device */
	/* Guest pages: address spaces may show a part of it, perhaps since the last commit no more. */
	bool held;
	uint64_t bound; /* bytes of it that address spaces show; what is shown twice counts twice */
};

struct vgpu_slice {
	struct gpu *gpu;
	struct gpu_scrubber *scrubber;
	struct gpu_range vram; /* size 0: nothing reserved */
	bool bad;	       /* some of it failed a scrub: not given back */
	bool scrubbing;
	struct gpu_scrub scrub;	     /* of all of it, or of one object */
	struct vgpu_object *freeing; /* that one */
	void (*clean)(struct vgpu_slice *slice, int err);
	struct gpu_extents space; /* clean memory that no object has; set up once all is clean */
	struct gpu_range tables;  /* what the core has of it; size 0: nothing yet */
	struct vgpu_object objects[XENVGPU_MAX_OBJECTS];
};

/*
 * Reserves size bytes of VRAM and starts cleaning them. The slice must be closed. 0, -ENOMEM, -EINVAL. Whenever
 * a scrub is over, clean(slice, err) is called from the loop; of the first one: 0, the slice is usable;
 * -EIO, -ENODEV, -ENOMEM: it never will be.
 */
int vgpu_slice_open(struct vgpu_slice *slice, struct gpu *gpu, struct gpu_scrubber *scrubber,
		    uint64_t size, void (*clean)(struct vgpu_slice *slice, int err));

/* Gives everything back; harmless when closed. */
void vgpu_slice_close(struct vgpu_slice *slice);

/* Bytes that objects occupy, memory on its way back to clean included. */
uint64_t vgpu_slice_used(const struct vgpu_slice *slice);

/*
 * A new object of size bytes (a positive multiple of XENVGPU_MEM_ALIGN), reading as zeros; *handle
 * is never 0. 0, -ENOMEM (no room for it), -ENOSPC (XENVGPU_MAX_OBJECTS).
 */
int vgpu_slice_alloc(struct vgpu_slice *slice, uint64_t size, uint32_t *handle);

/*
 * The part for page tables and channels: 4 MiB of a slice of 64 MiB or more, of smaller ones a sixteenth, but
 * 512 KiB at least; and `contexts` bytes (a multiple of GPU_VRAM_ALIGN) beside that. The same part each time,
 * whatever is asked for then. 0, -ENOMEM (no room).
 */
int vgpu_slice_tables(struct vgpu_slice *slice, uint64_t contexts, struct gpu_range *out);

/* An object in the making, without memory; vgpu_slice_publish() or vgpu_slice_free() is next. -ENOSPC. */
int vgpu_slice_make(struct vgpu_slice *slice, struct vgpu_object **out);
/* The object becomes the guest's, under the handle returned. */
uint32_t vgpu_slice_publish(struct vgpu_slice *slice, struct vgpu_object *object);

/* The live object of this handle, or NULL. */
struct vgpu_object *vgpu_slice_find(struct vgpu_slice *slice, uint32_t handle);

/*
 * Takes an object that no address space shows from the guest; its handle is dead at once. Video memory
 * comes back when clean(slice, 0) is called, or never; one object at a time. Guest pages need
 * vgpu_slice_unmap().
 */
void vgpu_slice_free(struct vgpu_slice *slice, struct vgpu_object *object);
/* At most VGPU_UNMAP_STEP pages of a freed object. 1 while there are more, 0. */
#define VGPU_UNMAP_STEP 512u
int vgpu_slice_unmap(struct vgpu_object *object);

#endif /* VGPU_SLICE_H */
