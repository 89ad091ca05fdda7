/* SPDX-License-Identifier: MIT */
/*
 * own.c - makes and ends a channel of the driver domain's own (see own.h).
 */
#include <inttypes.h>

#include "gpu/core/fifo/channel.h"
#include "gpu/core/gr/graphics.h"
#include "gpu/core/gr/own.h"

#define TABLES	   0x80000ull /* the least that a tenant can have */
#define GPFIFO	   8u	      /* entries; never fetched */
#define GPFIFO_REF 0x200000ull

/* ---------------------------------------------------------------- the end */

void gpu_own_drop(struct gpu_own_channel *own)
{
	if (own->userd.va)
		hv_dma_free(&own->userd);
}

static void over(int err, void *arg)
{
	struct gpu_own_channel *own = arg;

	if (own->vram.size)
		gpu_vram_free(gpu_rm_gpu(own->rm), &own->vram);
	gpu_own_drop(own);
	own->ended(own, err);
}

void gpu_own_end(struct gpu_own_channel *own)
{
	if (own->tenant)
		gpu_tenant_end(own->tenant, over, own);
	else
		over(0, own);
}

/* ---------------------------------------------------------------- the beginning */

static void faulted(struct gpu_channel *channel, const struct gpu_fault *fault, void *arg)
{
	struct gpu_own_channel *own = arg;

	(void)channel;
	hv_log(HV_WARN, "gpu %s: %s channel stopped: xid %" PRIu32,
	       hv_pci_name(gpu_rm_gpu(own->rm)->pci), own->what, fault->xid);
}

static void channel_ready(struct gpu_channel *channel, int err, void *arg)
{
	struct gpu_own_channel *own = arg;

	(void)channel;
	own->ready(own, err);
}

/* 0, which no channel has, if the chip lists none. */
static uint32_t class_3d(const struct gpu *gpu)
{
	const struct gpu_classes *classes = gpu_classes(gpu);

	for (unsigned int i = 0; i < classes->n; i++)
		if (gpu_class_kind(gpu, classes->engine[i]) == GPU_KIND_GRAPHICS)
			return classes->engine[i];
	return 0;
}

static void vm_ready(struct gpu_vm *vm, int err, void *arg)
{
	struct gpu_own_channel *own = arg;
	struct gpu_channel_desc desc = {
		.vm = vm,
		.engine_class = class_3d(gpu_rm_gpu(own->rm)),
		.gpfifo = GPFIFO_REF,
		.entries = GPFIFO,
		.userd = own->userd.va,
		.userd_dma = own->userd.addr,
		.fault = faulted,
		.arg = own,
	};

	if (!err)
		err = gpu_channel_new(own->tenant, &desc, channel_ready, own, &own->channel);
	if (err)
		own->ready(own, err);
}

static void tenant_ready(struct gpu_tenant *tenant, int err, void *arg)
{
	struct gpu_own_channel *own = arg;

	if (err)
		own->tenant = NULL;
	else
		err = gpu_vm_new(tenant, vm_ready, own, &own->vm);
	if (err)
		own->ready(own, err);
}

int gpu_own_begin(struct gpu_own_channel *own)
{
	uint64_t bytes = TABLES + gpu_rm_graphics(own->rm)->layout.bytes;
	int err = hv_dma_alloc(HV_PAGE_SIZE, &own->userd);

	if (err)
		return err;
	err = gpu_vram_alloc(gpu_rm_gpu(own->rm), bytes, &own->vram);
	if (err) {
		own->vram.size = 0;
		return err;
	}
	err = gpu_tenant_new_outside(own->rm, &own->vram, tenant_ready, own, &own->tenant);
	if (err) {
		own->tenant = NULL;
		return err;
	}
	own->tenant->golden = own->golden;
	own->tenant->single = true;
	own->tenant->names = own->names;
	return 0;
}
