/* SPDX-License-Identifier: MIT */
/*
 * turns.h - how tenants share engines: by weight, alike, or by turns of fixed length.
 *
 * By weight and alike are hardware's own doing: group.c sets slices. A slice is passed over when
 * its group has nothing to do, so in both, time that one leaves is the others'. With turns it is
 * nobody's. Time is cut into slots, each tenant has one, and while it lasts no other tenant's
 * channels can be chosen.
 *
 * The means is NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS. One call names all channels of a tenant, at
 * most 64; with bDisable and without bOnlyDisableScheduling none of them runs any more when it is
 * answered, nor will until it is enabled again. So a change of turns is two calls, one after the
 * other: off, and when that is answered, on. (NVA06C_CTRL_CMD_GPFIFO_SCHEDULE would be a call and a
 * new runlist for each group, and NVA06C_CTRL_CMD_PREEMPT one more: it takes a group off that the
 * runlist may choose again.) Channels stay on their runlists all the time. Both calls are our own
 * client's, so they take turns with tenants' calls, and no tenant's flood of calls keeps them
 * waiting longer than a round of these.
 *
 * - A turn lasts GPU_SLOT_US from the answer of `on`. While calls are under way nobody runs:
 *   whatever they take comes out of nobody's turn, and makes the round longer. Such a change that
 *   takes more than GPU_SWITCH_US is counted as late.
 * - A slot without owner, or whose owner has no channels, passes without calls; so does all time in
 *   which no owner of a slot has any: then even the timer rests.
 * - A channel is scheduled for the first time (which enables it) in a turn of its tenant's, one at
 *   a time: a change waits for one call at most. Until then it is not ready.
 * - A channel that ends meanwhile does not go on with that while a call that names it is under way.
 * - `off` refused: they may be running, so nobody else's turn begins; it is tried again after a
 *   slot's time, GPU_TURN_TRIES times. Then, or when a call is not answered, the GPU is given up.
 *   `on` refused: the slot is idle.
 * - Firmware that leaves a control of anybody's unanswered takes no further one (fwq/rpc.h), so
 *   then too turns cannot change and the GPU is given up.
 * - Channels that RM has taken off for an error are not named: they stay off.
 *
 * The driver domain's own tenants have no slot and are outside of this.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, ctrl2080fifo.h, kernel_fifo_ctrl.c
 * (subdeviceCtrlCmdFifoDisableChannels_IMPL: goes to the firmware as it is), ctrla06c.h,
 * ctrla06fgpfifo.h (GPFIFO_SCHEDULE enables the channel). What the firmware does in there is not
 * public.
 */
#ifndef GPU_FIFO_TURNS_H
#define GPU_FIFO_TURNS_H

#include "fwq/rm.h"
#include "gpu/core/core.h"

#define GPU_SWITCH_US  (GPU_SLOT_US / 4)
#define GPU_TURN_TRIES 16u

#define GPU_TURNS_PARAMS 1024u /* bytes for the parameters of its call */

struct gpu_turns {
	enum gpu_policy policy;
	unsigned int tenants; /* that there are, with a slot or without */
	/* With FIXED_SHARE: */
	unsigned int slots;
	struct gpu_tenant *owner[GPU_SLOTS_MAX];
	unsigned int slot;		/* whose time it is */
	struct gpu_tenant *on;		/* whose channels may run; NULL: nobody's */
	bool running;			/* somebody has channels: slots pass */
	bool over;			/* the turn is: what is under way is waited for */
	bool busy, off;			/* the call is under way, to take channels off */
	struct gpu_channel *scheduling; /* being put on its runlist */
	unsigned int refused;		/* `off`, in a row */
	uint64_t since;			/* when the last turn was over */
	struct hv_timer timer;
	struct gpu_rm *rm;
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(GPU_TURNS_PARAMS)] __attribute__((aligned(8)));
	struct gpu_turn_stats stats;
};

/* A tenant comes, and gets a slot if it is to have one and there are slots; -ENOSPC: they are all taken. */
int gpu_turns_join(struct gpu_turns *turns, struct gpu_tenant *tenant, bool outside);
/* It goes; its channels have gone. */
void gpu_turns_leave(struct gpu_turns *turns, struct gpu_tenant *tenant);
/*
 * May this channel, which is ready for that, be scheduled? If not, gpu_channel_parked() will be
 * called when it may. If so, gpu_turns_scheduled() is to be called when the call for it has ended.
 */
bool gpu_turns_may_schedule(struct gpu_turns *turns, struct gpu_channel *ch);
void gpu_turns_scheduled(struct gpu_turns *turns, struct gpu_channel *ch);
/* The session ends: nothing is done any more. */
void gpu_turns_stop(struct gpu_turns *turns);

/* What counts for slices: the tenant's weight, or everybody's. */
uint32_t gpu_turns_weight(const struct gpu_turns *turns, uint32_t weight);

#endif /* GPU_FIFO_TURNS_H */
