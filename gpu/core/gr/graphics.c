/* SPDX-License-Identifier: MIT */
/*
 * graphics.c - the beginning of graphics in a session (see graphics.h): one step after the other, and whatever
 * goes wrong, the end of what was made.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/fifo/fifo.h"
#include "gpu/core/gr/graphics.h"
#include "gpu/core/gr/standby.h"

#define PARAMS	   4096u
#define TABLES	   0x80000ull /* the least that a tenant can have */
#define GPFIFO	   8u	      /* entries; never fetched */
#define GPFIFO_REF 0x200000ull

struct golden {
	struct gpu_own_channel own; /* first */
	struct gpu_rm *rm;
	struct gpu_rm_part part;
	void (*done)(struct gpu_rm *rm);
	int err;
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(PARAMS)] __attribute__((aligned(8)));
};

static const char *name(const struct golden *g)
{
	return hv_pci_name(gpu_rm_gpu(g->rm)->pci);
}

/* ---------------------------------------------------------------- the end */

/* The session has ended in the middle of it: VRAM is forgotten as a whole. */
static void gone(struct gpu_rm_part *part)
{
	struct golden *g = (struct golden *)((char *)part - offsetof(struct golden, part));

	gpu_own_drop(&g->own);
	free(g);
}

/* Nothing is under way any more, and there is no tenant. */
static void finish(struct gpu_own_channel *own, int err)
{
	struct golden *g = (struct golden *)own;
	struct gpu_graphics *graphics = gpu_rm_graphics(g->rm);
	void (*done)(struct gpu_rm * rm) = g->done;
	struct gpu_rm *rm = g->rm;

	err = g->err ? g->err : err;
	if (err && graphics->kept.size)
		gpu_vram_free(gpu_rm_gpu(rm), &graphics->kept);
	if (err) {
		*graphics = (struct gpu_graphics){0};
		hv_log(HV_WARN, "gpu %s: no graphics: error %d", name(g), -err);
	} else {
		graphics->ready = true;
		hv_log(HV_INFO, "gpu %s: graphics, with %" PRIu64 " KiB of VRAM for each channel",
		       name(g), graphics->layout.bytes >> 10);
	}
	gpu_rm_leave(rm, &g->part);
	free(g);
	if (err)
		done(rm);
	else
		gpu_standby_begin(rm, done);
}

static void stop(struct golden *g, int err)
{
	g->err = err;
	gpu_own_end(&g->own);
}

/* The image has been made, or cannot be. */
static void golden_ready(struct gpu_own_channel *own, int err)
{
	stop((struct golden *)own, err);
}

/* What stays, all zeros as RM wants it. */
static int take_kept(struct golden *g)
{
	struct gpu_graphics *graphics = gpu_rm_graphics(g->rm);
	const struct gpu_context_layout *l = &graphics->layout;
	uint64_t kept = 2 * l->part[GPU_CONTEXT_MAP].shown + l->part[GPU_CONTEXT_EVENT].shown;
	struct gpu *gpu = gpu_rm_gpu(g->rm);
	int err;

	if (!kept)
		return 0;
	err = gpu_vram_alloc(gpu, kept, &graphics->kept);
	if (err) {
		graphics->kept.size = 0;
		return err;
	}
	return gpu_bar1_zero(gpu, graphics->kept.base, kept);
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

void gpu_graphics_own(struct gpu_own_channel *own, struct gpu_rm *rm)
{
	own->rm = rm;
	own->vram_size = TABLES + gpu_rm_graphics(rm)->layout.bytes;
	own->single = true;
	own->desc.engine_class = class_3d(gpu_rm_gpu(rm));
	own->desc.gpfifo = GPFIFO_REF;
	own->desc.entries = GPFIFO;
}

static void make_golden(struct golden *g)
{
	int err = take_kept(g);

	gpu_graphics_own(&g->own, g->rm);
	if (!err)
		err = gpu_own_begin(&g->own);
	if (err)
		stop(g, err);
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
	g->own = (struct gpu_own_channel){
		.rm = rm, .what = "golden", .golden = true, .ready = golden_ready, .ended = finish};
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
