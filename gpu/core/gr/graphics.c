/* SPDX-License-Identifier: MIT */
/*
 * graphics.c - the beginning of graphics in a session (see graphics.h): one step after the other, and whatever
 * goes wrong, the end of what was made.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/fifo/channel.h"
#include "gpu/core/gr/graphics.h"

#define PARAMS	   4096u
#define TABLES	   0x80000ull /* the least that a tenant can have */
#define GPFIFO	   8u	      /* entries; never fetched */
#define GPFIFO_REF 0x200000ull

struct golden {
	struct gpu_rm *rm;
	struct gpu_rm_part part;
	void (*done)(struct gpu_rm *rm);
	struct gpu_range vram; /* the tenant's */
	struct hv_dma userd;
	struct gpu_tenant *tenant;
	struct gpu_vm *vm;
	struct gpu_channel *channel;
	int err;
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(PARAMS)] __attribute__((aligned(8)));
};

static const char *name(const struct golden *g)
{
	return hv_pci_name(gpu_rm_gpu(g->rm)->pci);
}

/* ---------------------------------------------------------------- the end */

static void release(struct golden *g)
{
	if (g->userd.va)
		hv_dma_free(&g->userd);
	free(g);
}

/* The session has ended in the middle of it: VRAM is forgotten as a whole. */
static void gone(struct gpu_rm_part *part)
{
	release((struct golden *)((char *)part - offsetof(struct golden, part)));
}

/* Nothing is under way any more, and there is no tenant. */
static void finish(struct golden *g)
{
	struct gpu_graphics *graphics = gpu_rm_graphics(g->rm);
	void (*done)(struct gpu_rm * rm) = g->done;
	struct gpu *gpu = gpu_rm_gpu(g->rm);
	struct gpu_rm *rm = g->rm;

	if (g->vram.size)
		gpu_vram_free(gpu, &g->vram);
	if (g->err && graphics->kept.size)
		gpu_vram_free(gpu, &graphics->kept);
	if (g->err) {
		*graphics = (struct gpu_graphics){0};
		hv_log(HV_WARN, "gpu %s: no graphics: error %d", name(g), -g->err);
	} else {
		graphics->ready = true;
		hv_log(HV_INFO, "gpu %s: graphics, with %" PRIu64 " KiB of VRAM for each channel",
		       name(g), graphics->layout.bytes >> 10);
	}
	gpu_rm_leave(rm, &g->part);
	release(g);
	done(rm);
}

static void ended(int err, void *arg)
{
	struct golden *g = arg;

	g->err = g->err ? g->err : err;
	finish(g);
}

static void stop(struct golden *g, int err)
{
	g->err = err;
	if (g->tenant)
		gpu_tenant_end(g->tenant, ended, g);
	else
		finish(g);
}

/* ---------------------------------------------------------------- the golden channel */

static void faulted(struct gpu_channel *channel, const struct gpu_fault *fault, void *arg)
{
	struct golden *g = arg;

	(void)channel;
	hv_log(HV_WARN, "gpu %s: golden channel stopped: xid %" PRIu32, name(g), fault->xid);
}

static void channel_ready(struct gpu_channel *channel, int err, void *arg)
{
	(void)channel;
	stop(arg, err);
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
	struct golden *g = arg;
	struct gpu_channel_desc desc = {
		.vm = vm,
		.engine_class = class_3d(gpu_rm_gpu(g->rm)),
		.gpfifo = GPFIFO_REF,
		.entries = GPFIFO,
		.userd = g->userd.va,
		.userd_dma = g->userd.addr,
		.fault = faulted,
		.arg = g,
	};

	if (!err)
		err = gpu_channel_new(g->tenant, &desc, channel_ready, g, &g->channel);
	if (err)
		stop(g, err);
}

static void tenant_ready(struct gpu_tenant *tenant, int err, void *arg)
{
	struct golden *g = arg;

	if (err)
		g->tenant = NULL;
	else
		err = gpu_vm_new(tenant, vm_ready, g, &g->vm);
	if (err)
		stop(g, err);
}

/* What stays, all zeros as RM wants it, and what does not. */
static int take_memory(struct golden *g)
{
	struct gpu_graphics *graphics = gpu_rm_graphics(g->rm);
	const struct gpu_context_layout *l = &graphics->layout;
	struct gpu *gpu = gpu_rm_gpu(g->rm);
	uint64_t kept = 2 * l->part[GPU_CONTEXT_MAP].shown + l->part[GPU_CONTEXT_EVENT].shown;
	int err = hv_dma_alloc(HV_PAGE_SIZE, &g->userd);

	if (!err && kept)
		err = gpu_vram_alloc(gpu, kept, &graphics->kept);
	if (err) {
		graphics->kept.size = 0;
		return err;
	}
	if (kept)
		err = gpu_bar1_zero(gpu, graphics->kept.base, kept);
	if (!err)
		err = gpu_vram_alloc(gpu, TABLES + l->bytes, &g->vram);
	if (err)
		g->vram.size = 0;
	return err;
}

static void make_golden(struct golden *g)
{
	int err = take_memory(g);

	if (!err)
		err = gpu_tenant_new_outside(g->rm, &g->vram, tenant_ready, g, &g->tenant);
	if (err) {
		g->tenant = NULL;
		stop(g, err);
	} else {
		g->tenant->golden = true;
	}
}

/* ---------------------------------------------------------------- the beginning */

static void got_buffers(struct fwq_rm_call *call, int err)
{
	struct golden *g = call->arg;
	struct gpu_error why;

	if (gpu_rm_stopped(g->rm))
		return;
	if (err) {
		gpu_rm_complain(g->rm, call, err, "sizes of contexts");
	} else {
		err = gpu_context_layout(gpu_rm_pack(g->rm), fwq_rm_reply(call), call->params_len,
					 &gpu_rm_graphics(g->rm)->layout, &why);
		if (err)
			hv_log(HV_WARN, "gpu %s: firmware: %s", name(g), why.text);
	}
	if (err)
		stop(g, err);
	else
		make_golden(g);
}

void gpu_graphics_begin(struct gpu_rm *rm, void (*done)(struct gpu_rm *rm))
{
	const enum fwq_struct type =
		FWQ_S_NV2080_CTRL_INTERNAL_STATIC_GR_GET_CONTEXT_BUFFERS_INFO_PARAMS;
	struct golden *g;
	int err;

	if (gpu_fifo_graphics_engine(gpu_rm_engines(rm)) < 0) {
		done(rm);
		return;
	}
	g = calloc(1, sizeof(*g));
	if (!g) {
		hv_log(HV_WARN, "gpu %s: no graphics: no memory", hv_pci_name(gpu_rm_gpu(rm)->pci));
		done(rm);
		return;
	}
	g->rm = rm;
	g->done = done;
	g->part.gone = gone;
	gpu_rm_join(rm, &g->part);
	fwq_rm_call_init(&g->call, gpu_rm_fwq(rm), gpu_rm_caller(rm), g->buf, sizeof(g->buf),
			 got_buffers, g);
	err = fwq_rm_params(&g->call, type)
		      ? gpu_rm_internal(
				rm, &g->call,
				FWQ_N_NV2080_CTRL_CMD_INTERNAL_STATIC_KGR_GET_CONTEXT_BUFFERS_INFO,
				type)
		      : -ENOENT;
	if (err)
		stop(g, err);
}

uint64_t gpu_graphics_context(const struct gpu_rm *rm)
{
	const struct gpu_graphics *g = gpu_rm_graphics((struct gpu_rm *)rm);

	return g->ready ? g->layout.bytes : 0;
}
