/* SPDX-License-Identifier: MIT */
/*
 * slice.c - see slice.h. Only clean memory is ever in slice->space: the first scrub puts it there,
 * and what an object occupied returns there after a scrub of its own.
 */
#include <errno.h>
#include <string.h>

#include "gpu/vgpu/handle.h"
#include "gpu/vgpu/slice.h"

/* What page tables and channels get. */
#define TABLES_LARGE_SLICE (64ull << 20)
#define TABLES_LARGE	   (4ull << 20)
#define TABLES_SHARE	   16u
#define TABLES_MIN	   (512ull << 10)

_Static_assert(XENVGPU_MAX_OBJECTS <= VGPU_HANDLE_INDICES, "an index must fit into a handle");
_Static_assert(XENVGPU_MEM_ALIGN % GPU_VRAM_ALIGN == 0, "objects are scrubbed like ranges");

/* An object's memory is clean again, or never will be. */
static void reclaim(struct vgpu_slice *slice, int err)
{
	struct vgpu_object *object = slice->freeing;

	slice->freeing = NULL;
	object->state = err ? VGPU_OBJECT_BAD : VGPU_OBJECT_NONE;
	if (!err)
		gpu_extents_free(&slice->space, &object->range);
}

static void scrub_ended(struct gpu_scrub *scrub, int err)
{
	struct vgpu_slice *slice =
		(struct vgpu_slice *)((char *)scrub - offsetof(struct vgpu_slice, scrub));

	slice->scrubbing = false;
	if (err == -EIO)
		slice->bad = true;
	if (slice->freeing)
		reclaim(slice, err);
	else if (!err)
		err = gpu_extents_init(&slice->space, slice->vram.base, slice->vram.size,
				       XENVGPU_MAX_OBJECTS + 1); /* and the part for tables */
	slice->clean(slice, err);
}

static void scrub(struct vgpu_slice *slice, const struct gpu_range *range)
{
	HV_CHECK(!slice->scrubbing);
	slice->scrubbing = true;
	gpu_scrub_start(slice->scrubber, &slice->scrub, range, scrub_ended);
}

int vgpu_slice_open(struct vgpu_slice *slice, struct gpu *gpu, struct gpu_scrubber *scrubber,
		    uint64_t size, void (*clean)(struct vgpu_slice *slice, int err))
{
	int err;

	HV_CHECK(!slice->vram.size);
	err = gpu_vram_alloc(gpu, size, &slice->vram);
	if (err) {
		slice->vram.size = 0;
		return err;
	}
	slice->gpu = gpu;
	slice->scrubber = scrubber;
	slice->bad = false;
	slice->clean = clean;
	scrub(slice, &slice->vram);
	return 0;
}

void vgpu_slice_close(struct vgpu_slice *slice)
{
	if (!slice->vram.size)
		return;
	gpu_extents_fini(&slice->space);
	if (slice->scrubbing)
		gpu_scrub_abandon(&slice->scrub, slice->bad ? NULL : &slice->vram);
	else if (!slice->bad)
		gpu_vram_free(slice->gpu, &slice->vram);
	slice->scrubbing = false;
	slice->freeing = NULL;
	slice->vram = (struct gpu_range){0};
	slice->tables = (struct gpu_range){0};
	/* Generations go on counting, so that a handle from before is stale. */
	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++)
		slice->objects[i].state = VGPU_OBJECT_NONE;
}

uint64_t vgpu_slice_used(const struct vgpu_slice *slice)
{
	return slice->space.size - slice->space.free_bytes;
}

int vgpu_slice_tables(struct vgpu_slice *slice, uint64_t contexts, struct gpu_range *out)
{
	uint64_t size = slice->vram.size >= TABLES_LARGE_SLICE
				? TABLES_LARGE
				: slice->vram.size / TABLES_SHARE / GPU_VRAM_ALIGN * GPU_VRAM_ALIGN;
	int err = 0;

	if (!slice->tables.size) {
		err = gpu_extents_alloc(&slice->space,
					contexts + (size < TABLES_MIN ? TABLES_MIN : size),
					GPU_VRAM_ALIGN, &slice->tables);
		if (err)
			slice->tables.size = 0;
	}
	*out = slice->tables;
	return err;
}

int vgpu_slice_make(struct vgpu_slice *slice, struct vgpu_object **out)
{
	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++) {
		struct vgpu_object *object = &slice->objects[i];

		if (object->state != VGPU_OBJECT_NONE)
			continue;
		*object = (struct vgpu_object){
			.state = VGPU_OBJECT_MAKING,
			.generation = object->generation,
		};
		*out = object;
		return 0;
	}
	return -ENOSPC;
}

uint32_t vgpu_slice_publish(struct vgpu_slice *slice, struct vgpu_object *object)
{
	HV_CHECK(object->state == VGPU_OBJECT_MAKING);
	object->state = VGPU_OBJECT_LIVE;
	return vgpu_handle_new(&object->generation, (uint32_t)(object - slice->objects));
}

int vgpu_slice_alloc(struct vgpu_slice *slice, uint64_t size, uint32_t *handle)
{
	struct vgpu_object *object;
	int err = vgpu_slice_make(slice, &object);

	if (err)
		return err;
	err = gpu_extents_alloc(&slice->space, size, gpu_vram_align(size), &object->range);
	if (err)
		object->state = VGPU_OBJECT_NONE;
	else
		*handle = vgpu_slice_publish(slice, object);
	return err;
}

struct vgpu_object *vgpu_slice_find(struct vgpu_slice *slice, uint32_t handle)
{
	uint32_t i = vgpu_handle_index(handle);
	struct vgpu_object *object;

	if (i >= XENVGPU_MAX_OBJECTS)
		return NULL;
	object = &slice->objects[i];
	if (object->state != VGPU_OBJECT_LIVE ||
	    object->generation != vgpu_handle_generation(handle))
		return NULL;
	return object;
}

void vgpu_slice_free(struct vgpu_slice *slice, struct vgpu_object *object)
{
	HV_CHECK(object->state == VGPU_OBJECT_LIVE || object->state == VGPU_OBJECT_MAKING);
	HV_CHECK(!object->bound);
	object->state = VGPU_OBJECT_FREED;
	if (object->pages)
		return;
	slice->freeing = object;
	scrub(slice, &object->range);
}

/* Guest pages need no scrub: they go back to whose they were. */
int vgpu_slice_unmap(struct vgpu_object *object)
{
	int ret = iommu_unmap(object->pages, VGPU_UNMAP_STEP);

	HV_CHECK(ret >= 0); /* held, while no address space shows it? */
	if (ret)
		return ret;
	object->pages = NULL;
	object->state = VGPU_OBJECT_NONE;
	return 0;
}
