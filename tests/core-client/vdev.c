/* SPDX-License-Identifier: MIT */
/*
 * vdev.c - see vdev.h.
 *
 * A device comes up in this order: range of VRAM, cleaned; tenant; address space; framebuffer and hole shown in it. It goes
 * in one: the tenant's end, after which the GPU reaches nothing of it, and then memory is given back. Whoever gets that
 * next cleans it first.
 */
#include <errno.h>
#include <string.h>

#include "tests/core-client/vdev.h"

static void answer(struct vdev *vdev, int err)
{
	vdev_answer *fn = vdev->answer;

	vdev->answer = NULL;
	fn(vdev, err, vdev->arg);
}

static void ask(struct vdev *vdev, vdev_answer *fn, void *arg)
{
	vdev->answer = fn;
	vdev->arg = arg;
}

/* ---------------------------------------------------------------- gone */

static void gone(int err, void *arg)
{
	struct vdev *vdev = arg, **at = &vdev->card->vdevs;
	struct gpu *gpu = vdev->card->gpu;

	while (*at != vdev)
		at = &(*at)->next;
	*at = vdev->next;
	if (vdev->framebuffer.size) /* else the scrubber gives it back */
		gpu_vram_free(gpu, &vdev->framebuffer);
	gpu_vram_free(gpu, &vdev->tables);
	hv_dma_free(&vdev->userd);
	answer(vdev, err);
}

static void nothing_to_end(struct hv_work *work)
{
	gone(0, (char *)work - offsetof(struct vdev, work));
}

/* ---------------------------------------------------------------- coming up */

/* Whether [va, va + size) is the machine's to be filled: not beyond the space, not where graphics keep contexts. */
static bool is_machines(const struct vdev *vdev, uint64_t va, uint64_t size)
{
	uint64_t kept, kept_end;

	gpu_vm_kept(vdev->vm, &kept, &kept_end);
	return va >= gpu_vm_start(vdev->vm) && va <= gpu_vm_end(vdev->vm) &&
	       size <= gpu_vm_end(vdev->vm) - va && (va + size <= kept || va >= kept_end);
}

static int show(struct vdev *vdev)
{
	const struct gpu_run run = {vdev->framebuffer.base, vdev->framebuffer.size,
				    GPU_APERTURE_VRAM};
	const struct gpu_map map = {
		.va = VDEV_FRAMEBUFFER, .page = GPU_PAGE_2M, .runs = &run, .n = 1};
	int err = 0;

	if (!is_machines(vdev, VDEV_FRAMEBUFFER, run.size) ||
	    !is_machines(vdev, VDEV_HOLE, VDEV_HOLE_SIZE))
		err = -ERANGE;
	if (!err)
		err = gpu_vm_map(vdev->vm, &map);
	if (!err)
		err = gpu_vm_reserve(vdev->vm, VDEV_HOLE, VDEV_HOLE_SIZE, GPU_PAGE_64K);
	return err ? err : gpu_vm_commit(vdev->vm);
}

static void vm_ready(struct gpu_vm *vm, int err, void *arg)
{
	struct vdev *vdev = arg;

	(void)vm;
	if (err)
		vdev->vm = NULL;
	if (!vdev->closing)
		answer(vdev, err ? err : show(vdev));
}

static void tenant_ready(struct gpu_tenant *tenant, int err, void *arg)
{
	struct vdev *vdev = arg;

	if (err) {
		vdev->tenant = NULL;
	} else {
		gpu_tenant_weight(tenant, vdev->weight);
		err = gpu_vm_new(tenant, vm_ready, vdev, &vdev->vm);
	}
	if (err)
		answer(vdev, err);
}

static void clean(struct gpu_scrub *scrub, int err)
{
	struct vdev *vdev = (struct vdev *)((char *)scrub - offsetof(struct vdev, scrub));

	vdev->scrubbing = false;
	if (!err)
		err = gpu_tenant_new(vdev->card->rm, &vdev->tables, tenant_ready, vdev,
				     &vdev->tenant);
	if (err)
		answer(vdev, err);
}

/* Memory of the host's and of the board's; what is missing has size 0. */
static int reserve_memory(struct vdev *vdev, uint64_t size)
{
	struct gpu *gpu = vdev->card->gpu;
	int err = gpu_vram_alloc(gpu, size, &vdev->framebuffer);
	uint64_t context;

	if (err)
		return err;
	/* A graphics context more, if the board has any: a machine may have one such queue. */
	context = gpu_graphics_context(vdev->card->rm);
	context = (context + GPU_VRAM_ALIGN - 1) / GPU_VRAM_ALIGN * GPU_VRAM_ALIGN;
	err = gpu_vram_alloc(gpu, VDEV_TABLES + context, &vdev->tables);
	if (err) {
		gpu_vram_free(gpu, &vdev->framebuffer);
		return err;
	}
	err = hv_dma_alloc(VDEV_QUEUES * VDEV_USERD, &vdev->userd);
	if (err) {
		gpu_vram_free(gpu, &vdev->tables);
		gpu_vram_free(gpu, &vdev->framebuffer);
	}
	return err;
}

int vdev_open(struct vdev *vdev, struct card *card, uint64_t size, uint32_t weight, vdev_answer *fn,
	      void *arg)
{
	int err;

	if (gpu_is_lost(card->gpu))
		return -ENODEV;
	if (!size || size % (2ull << 20))
		return -EINVAL;
	*vdev = (struct vdev){.card = card, .weight = weight, .work.fn = nothing_to_end};
	err = reserve_memory(vdev, size);
	if (err)
		return err;
	vdev->next = card->vdevs;
	card->vdevs = vdev;
	ask(vdev, fn, arg);
	vdev->scrubbing = true;
	gpu_scrub_start(card->scrubber, &vdev->scrub, &vdev->framebuffer, clean);
	return 0;
}

/* ---------------------------------------------------------------- ends and new beginnings */

void vdev_close(struct vdev *vdev, vdev_answer *fn, void *arg)
{
	ask(vdev, fn, arg);
	vdev->closing = true;
	if (vdev->scrubbing) {
		gpu_scrub_abandon(&vdev->scrub, &vdev->framebuffer);
		vdev->framebuffer.size = 0;
	}
	if (vdev->tenant)
		gpu_tenant_end(vdev->tenant, gone, vdev);
	else
		hv_work_queue(&vdev->work);
}

static void vm_gone(int err, void *arg)
{
	struct vdev *vdev = arg;

	vdev->vm = NULL;
	if (vdev->closing)
		return;
	if (!err)
		err = gpu_vm_new(vdev->tenant, vm_ready, vdev, &vdev->vm);
	if (err)
		answer(vdev, err);
}

/* All queues have gone: the address space can. */
static void empty(struct vdev *vdev)
{
	int err = gpu_vm_free(vdev->vm, vm_gone, vdev);

	if (err)
		answer(vdev, err);
}

static void queue_gone(int err, void *arg)
{
	struct vdev *vdev = arg;

	/* An error is the GPU's loss: what comes next says so. */
	(void)err;
	if (!--vdev->leaving && !vdev->closing)
		empty(vdev);
}

int vdev_reset(struct vdev *vdev, vdev_answer *fn, void *arg)
{
	if (!vdev->vm)
		return -ENODEV;
	ask(vdev, fn, arg);
	vdev->leaving = 1; /* we, while we look */
	for (unsigned int i = 0; i < VDEV_QUEUES; i++) {
		struct vdev_queue *queue = &vdev->queue[i];

		if (!queue->channel)
			continue;
		vdev->leaving++;
		gpu_channel_free(queue->channel, queue_gone, vdev);
		*queue = (struct vdev_queue){.vdev = vdev};
	}
	queue_gone(0, vdev);
	return 0;
}

/* ---------------------------------------------------------------- memory */

int vdev_dma_map(struct vdev *vdev, uint64_t va, const struct hv_dma *memory, bool read_only)
{
	const struct gpu_run run = {memory->addr, memory->size, GPU_APERTURE_SYSMEM_COHERENT};
	const struct gpu_map map = {.va = va,
				    .page = GPU_PAGE_4K,
				    .flags = read_only ? GPU_MAP_READ_ONLY : 0,
				    .runs = &run,
				    .n = 1};
	int err;

	if (!is_machines(vdev, va, memory->size))
		return -EINVAL;
	err = gpu_vm_map(vdev->vm, &map);
	return err ? err : gpu_vm_commit(vdev->vm);
}

/* The GPU is off it when this is 0. */
int vdev_dma_unmap(struct vdev *vdev, uint64_t va, uint64_t size)
{
	int err = gpu_vm_unmap(vdev->vm, va, size, GPU_PAGE_4K);

	return err ? err : gpu_vm_commit(vdev->vm);
}

int vdev_fill_hole(struct vdev *vdev)
{
	int err = gpu_vm_release(vdev->vm, VDEV_HOLE, VDEV_HOLE_SIZE, GPU_PAGE_64K);

	return err ? err : gpu_vm_commit(vdev->vm);
}

static bool inside(const struct vdev *vdev, uint64_t offset, size_t len)
{
	return offset <= vdev->framebuffer.size && len <= vdev->framebuffer.size - offset;
}

int vdev_read(struct vdev *vdev, uint64_t offset, void *to, size_t len)
{
	if (!inside(vdev, offset, len))
		return -EINVAL;
	return gpu_vram_read(vdev->card->gpu, vdev->framebuffer.base + offset, to, len);
}

int vdev_write(struct vdev *vdev, uint64_t offset, const void *from, size_t len)
{
	if (!inside(vdev, offset, len))
		return -EINVAL;
	return gpu_vram_write(vdev->card->gpu, vdev->framebuffer.base + offset, from, len);
}

/* ---------------------------------------------------------------- queues */

static void queue_ready(struct gpu_channel *channel, int err, void *arg)
{
	struct vdev_queue *queue = arg;

	(void)channel;
	queue->open = !err;
	if (err)
		queue->channel = NULL;
	if (!queue->vdev->closing)
		answer(queue->vdev, err);
}

static void stopped(struct gpu_channel *channel, const struct gpu_fault *fault, void *arg)
{
	struct vdev_queue *queue = arg;

	(void)channel;
	queue->fault = *fault;
}

volatile uint32_t *vdev_userd(struct vdev *vdev, unsigned int i, uint32_t offset)
{
	return (void *)((char *)vdev->userd.va + i * VDEV_USERD + offset);
}

int vdev_queue_open(struct vdev *vdev, unsigned int i, uint64_t va, uint32_t entries,
		    vdev_answer *fn, void *arg)
{
	struct vdev_queue *queue = &vdev->queue[i];
	const struct gpu_channel_desc desc = {
		.vm = vdev->vm,
		.engine_class = vdev->card->copy_class,
		.gpfifo = va,
		.entries = entries,
		.userd = (char *)vdev->userd.va + i * VDEV_USERD,
		.userd_dma = vdev->userd.addr + i * VDEV_USERD,
		.fault = stopped,
		.arg = queue,
	};
	int err;

	if (queue->channel)
		return -EBUSY;
	*queue = (struct vdev_queue){.vdev = vdev};
	memset(desc.userd, 0, VDEV_USERD);
	ask(vdev, fn, arg);
	err = gpu_channel_new(vdev->tenant, &desc, queue_ready, queue, &queue->channel);
	if (err)
		queue->channel = NULL;
	return err;
}

void vdev_kick(struct vdev *vdev, unsigned int i)
{
	if (i < VDEV_QUEUES && vdev->queue[i].channel)
		gpu_channel_ring(vdev->queue[i].channel);
}

void vdev_awaken(struct vdev *vdev, uint64_t engines)
{
	for (unsigned int i = 0; i < VDEV_QUEUES && !vdev->closing; i++) {
		const struct vdev_queue *queue = &vdev->queue[i];

		if (queue->open && engines >> gpu_channel_engine(queue->channel) & 1) {
			vdev->interrupts++;
			return;
		}
	}
}

uint64_t vdev_time(const struct vdev *vdev)
{
	return gpu_tenant_time(vdev->tenant);
}

static void worked(void *arg)
{
	struct vdev *vdev = arg;

	vdev->looks++;
}

void vdev_trust(struct vdev *vdev)
{
	gpu_tenant_direct(vdev->tenant, worked, vdev);
}

uint32_t vdev_token(const struct vdev *vdev, unsigned int i)
{
	return gpu_channel_token(vdev->queue[i].channel);
}
