/* SPDX-License-Identifier: MIT */
/*
 * fifo.c - chooses engines, and brings reports of errors to channels (see fifo.h).
 */
#include "gpu/core/fifo/fifo.h"
#include "gpu/core/fifo/group.h"

#define RM_ENGINE_TYPE_GR0 0x01u
/*
 * The first graphics engine, which is the only one of a board that is not partitioned, and copy engines 0 to 9, in RM's own numbers and in those that clients use (NV2080_ENGINE_TYPE_*): the same in all
 * releases from 535 to 595.
 */
#define RM_ENGINE_TYPE_COPY0 0x09u
#define RM_ENGINE_TYPE_COPY9 0x12u

#define ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT 31u

#define RC_NOTIFIER_SCOPE_TSG 1u /* OGKM kernel_rc.h */

static bool copies(const struct gpu_engine *e)
{
	return e->type >= RM_ENGINE_TYPE_COPY0 && e->type <= RM_ENGINE_TYPE_COPY9;
}

static bool alone(const struct gpu_engines *engines, uint32_t runlist)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < engines->n; i++)
		n += engines->engine[i].runlist == runlist;
	return n == 1;
}

int gpu_fifo_copy_engine(const struct gpu_fifo *fifo, const struct gpu_engines *engines)
{
	bool best_alone = false;
	int best = -1;

	for (unsigned int i = 0; i < engines->n; i++) {
		const struct gpu_engine *e = &engines->engine[i];
		bool own = alone(engines, e->runlist);

		if (!copies(e) || (best_alone && !own))
			continue;
		if (best < 0 || (own && !best_alone) || fifo->load[i] < fifo->load[best]) {
			best = (int)i;
			best_alone = own;
		}
	}
	return best;
}

int gpu_fifo_graphics_engine(const struct gpu_engines *engines)
{
	for (unsigned int i = 0; i < engines->n; i++)
		if (engines->engine[i].type == RM_ENGINE_TYPE_GR0)
			return (int)i;
	return -1;
}

/* Firmware is believed that the channel is broken, and only about channels of ours. */
void gpu_fifo_heard(struct gpu_fifo *fifo, const struct fwq_event *ev)
{
	const struct fwq_event_rc *rc = &ev->rc;
	struct gpu_fault fault = {0};
	struct gpu_channel *ch;

	if (ev->kind != FWQ_EVENT_RC_TRIGGERED)
		return;
	/* A virtual function has ids of its own. */
	ch = rc->has_gfid && rc->gfid ? NULL : gpu_chids_find(&fifo->chids, rc->channel);
	if (!ch) {
		fifo->strays++;
		return;
	}
	fault.xid = rc->exception;
	if (rc->has_fault && rc->exception == ROBUST_CHANNEL_FIFO_ERROR_MMU_ERR_FLT) {
		fault.address = rc->fault_address;
		fault.type = rc->fault_type;
	}
	if (rc->scope == RC_NOTIFIER_SCOPE_TSG)
		gpu_group_fault(ch, &fault);
	else
		gpu_channel_fault(ch, &fault);
}

void gpu_fifo_stop(struct gpu_fifo *fifo)
{
	gpu_turns_stop(&fifo->turns);
	gpu_usage_stop(&fifo->usage);
}
