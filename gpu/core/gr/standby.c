/* SPDX-License-Identifier: MIT */
/*
 * standby.c - has a channel stand by (see standby.h).
 */
#include <errno.h>
#include <stdlib.h>

#include "gpu/core/gr/graphics.h"
#include "gpu/core/gr/standby.h"

#define PARAMS 64u

/* KGRAPHICS_SCRUBBER_HANDLE_VAS, _CHANNEL, _3DOBJ; 43 and 44 are memory, which RM in the firmware has no objects for. */
static const struct gpu_names names = {0xdada0042, 0xdada0045, 0xdada0046};

/* Releases have the call as one of a subdevice or of a device. */
static const struct call {
	enum fwq_number cmd;
	enum fwq_struct params;
	enum fwq_field teardown;
	uint32_t object;
} calls[] = {
	{FWQ_N_NV2080_CTRL_CMD_INTERNAL_KGR_INIT_BUG4208224_WAR,
	 FWQ_S_NV2080_CTRL_INTERNAL_GR_INIT_BUG4208224_WAR_PARAMS,
	 FWQ_F_NV2080_CTRL_INTERNAL_GR_INIT_BUG4208224_WAR_PARAMS__bTeardown, FWQ_SUBDEVICE},
	{FWQ_N_NV0080_CTRL_CMD_INTERNAL_KGR_INIT_BUG4208224_WAR,
	 FWQ_S_NV0080_CTRL_INTERNAL_GR_INIT_BUG4208224_WAR_PARAMS,
	 FWQ_F_NV0080_CTRL_INTERNAL_GR_INIT_BUG4208224_WAR_PARAMS__bTeardown, FWQ_DEVICE},
};

struct standby {
	struct gpu_own_channel own; /* first */
	struct gpu_rm_part part;
	void (*done)(struct gpu_rm *rm);
	const struct call *which;
	int err;
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(PARAMS)] __attribute__((aligned(8)));
};

static const struct call *wanted(struct gpu_rm *rm)
{
	if (!gpu_rm_gpu(rm)->chip->kind->gr_standby)
		return NULL;
	for (unsigned int i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		if (fwq_has_number(gpu_rm_pack(rm), calls[i].cmd))
			return &calls[i];
	return NULL;
}

/* Contexts are nobody's any more. What is kept stays: RM was told of it, and has not forgotten. */
static void no_graphics(struct gpu_rm *rm, int err)
{
	struct gpu_graphics *graphics = gpu_rm_graphics(rm);

	graphics->ready = false;
	graphics->layout = (struct gpu_context_layout){0};
	hv_log(HV_WARN, "gpu %s: no graphics: the channel that is to stand by: error %d",
	       hv_pci_name(gpu_rm_gpu(rm)->pci), -err);
}

/* The session is over. */
static void gone(struct gpu_rm_part *part)
{
	struct standby *s = (struct standby *)((char *)part - offsetof(struct standby, part));

	gpu_own_drop(&s->own);
	free(s);
}

static void ended(struct gpu_own_channel *own, int err)
{
	struct standby *s = (struct standby *)own;
	void (*done)(struct gpu_rm * rm) = s->done;
	struct gpu_rm *rm = own->rm;

	no_graphics(rm, s->err ? s->err : err);
	gpu_rm_leave(rm, &s->part);
	free(s);
	done(rm);
}

static void fail(struct standby *s, int err)
{
	s->err = err;
	gpu_own_end(&s->own);
}

static void told(struct fwq_rm_call *call, int err)
{
	struct standby *s = call->arg;

	if (gpu_rm_stopped(s->own.rm))
		return;
	if (err) {
		gpu_rm_complain(s->own.rm, call, err, "a channel that stands by");
		fail(s, err);
	} else {
		s->done(s->own.rm);
	}
}

static void channel_ready(struct gpu_own_channel *own, int err)
{
	struct standby *s = (struct standby *)own;
	struct fwq_value teardown = {s->which->teardown, 0};

	if (!err) {
		fwq_rm_call_init(&s->call, gpu_rm_fwq(own->rm), &own->tenant->client.caller, s->buf,
				 sizeof(s->buf), told, s);
		err = fwq_rm_fill(&s->call, s->which->params, &teardown, 1);
	}
	if (!err)
		err = fwq_client_control(&own->tenant->client, &s->call, s->which->object,
					 s->which->cmd, s->which->params);
	if (err)
		fail(s, err);
}

void gpu_standby_begin(struct gpu_rm *rm, void (*done)(struct gpu_rm *rm))
{
	const struct call *which = wanted(rm);
	struct standby *s;
	int err;

	if (!which) {
		done(rm);
		return;
	}
	s = calloc(1, sizeof(*s));
	if (!s) {
		no_graphics(rm, -ENOMEM);
		done(rm);
		return;
	}
	s->own = (struct gpu_own_channel){
		.what = "standing", .names = &names, .ready = channel_ready, .ended = ended};
	gpu_graphics_own(&s->own, rm);
	s->part.gone = gone;
	s->done = done;
	s->which = which;
	gpu_rm_join(rm, &s->part);
	err = gpu_own_begin(&s->own);
	if (err)
		fail(s, err);
}
