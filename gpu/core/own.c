/* SPDX-License-Identifier: MIT */
/*
 * own.c - makes and ends a channel of the driver domain's own (see own.h).
 */
#include <inttypes.h>

#include "gpu/core/own.h"

/* ---------------------------------------------------------------- the end */

void gpu_own_drop(struct gpu_own_channel *own)
{
	if (own->userd.va)
		hv_dma_free(&own->userd);
}

static void over(int err, void *arg)
{
	struct gpu_own_channel *own = arg;

	own->tenant = NULL;
	if (own->vram.size)
		gpu_vram_free(gpu_rm_gpu(own->rm), &own->vram);
	own->vram.size = 0;
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

static void vm_ready(struct gpu_vm *vm, int err, void *arg)
{
	struct gpu_own_channel *own = arg;

	own->desc.vm = vm;
	if (!err && own->prepare)
		err = own->prepare(own);
	if (!err) {
		own->missing = "channel";
		err = gpu_channel_new(own->tenant, &own->desc, channel_ready, own, &own->channel);
	}
	if (err)
		own->ready(own, err);
}

static void tenant_ready(struct gpu_tenant *tenant, int err, void *arg)
{
	struct gpu_own_channel *own = arg;

	if (err) {
		own->tenant = NULL;
		own->ready(own, err);
		return;
	}
	own->missing = "address space";
	err = gpu_vm_new(tenant, vm_ready, own, &own->vm);
	if (err)
		own->ready(own, err);
}

static int take_userd(struct gpu_own_channel *own)
{
	int err = hv_dma_alloc(HV_PAGE_SIZE, &own->userd);

	if (err)
		return err;
	own->desc.userd = own->userd.va;
	own->desc.userd_dma = own->userd.addr;
	return 0;
}

int gpu_own_begin(struct gpu_own_channel *own)
{
	int err = own->desc.userd ? 0 : take_userd(own);

	if (err)
		return err;
	if (!own->desc.fault) {
		own->desc.fault = faulted;
		own->desc.arg = own;
	}
	err = gpu_vram_alloc(gpu_rm_gpu(own->rm), own->vram_size, &own->vram);
	if (err) {
		own->vram.size = 0;
		return err;
	}
	own->missing = "RM client";
	err = gpu_tenant_new_outside(own->rm, &own->vram, tenant_ready, own, &own->tenant);
	if (err) {
		own->tenant = NULL;
		return err;
	}
	own->tenant->golden = own->golden;
	own->tenant->single = own->single;
	own->tenant->names = own->names;
	return 0;
}
