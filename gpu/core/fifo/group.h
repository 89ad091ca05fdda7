/* SPDX-License-Identifier: MIT */
/*
 * group.h - channel groups: what shares an engine's time is a tenant, however many channels it has.
 *
 * Hardware's runlist gives each group a slice of time, in turn, and passes over those with nothing to do. RM puts a
 * channel that is allocated below a device into a group of its own; so here all channels of a tenant go below
 * groups, and the slice of a group follows its tenant's weight.
 *
 * A group has one address space: RM refuses a channel of a group that names one, and gives it the group's. A tenant
 * with channels in several spaces has a group for each, and these share what one would have: their slices
 * add up to it (as far as a microsecond can be divided).
 *
 * State of the graphics engine is a group's too, so each channel for graphics has a group of its own.
 *
 * A group comes with the first channel that needs it and goes with the last: the firmware frees the channel first, and
 * the channel's end is complete when the group's is. RM sets methods of a group's copies aside in one buffer when
 * they fault, that of the first channel, which others may outlive; so the buffer is the group's, in
 * the slot of the tenant's that has the group's number. There are never more groups than channels.
 *
 * RM stops a group as a whole because of one channel's error: all of its channels are told, nobody joins it any
 * more, and who makes a channel after that gets another group.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, ctrla06c.h, kernel_channel_group_api.c, kernel_channel.c
 * (kchannelConstruct_IMPL; the method buffer: _kchannelDescribeMemDescsFromParams), nv_gpu_ops.c
 * (nvGpuOpsTsgAllocate and channelAllocate: copy channels in groups, scheduled one by one);
 * NVIDIA/open-gpu-doc, manuals/volta/gv100/dev_ram.ref.txt (RAMRL).
 */
#ifndef GPU_FIFO_GROUP_H
#define GPU_FIFO_GROUP_H

#include "gpu/core/fifo/channel.h"

#define GPU_GROUP_PARAMS 64u /* bytes for the parameters of its calls */

struct gpu_group {
	struct gpu_tenant *tenant;
	struct gpu_vm *vm; /* its channels', which count in it */
	unsigned int slot; /* in tenant->group[] */
	unsigned int engine;
	unsigned int members;	  /* channels that have it */
	bool busy;		  /* a call is under way */
	bool ready;		  /* made, with a slice */
	bool closed;		  /* nobody joins any more */
	uint32_t slice;		  /* us: what RM was told last */
	bool asking;		  /* RM, for the group's number */
	bool numbered;		  /* the number is known; else its time counts nowhere */
	uint32_t tsg;		  /* its number in hardware, on its runlist */
	struct gpu_channel *last; /* its end is the group's */
	struct fwq_object object; /* the calls: one at a time, so they share the buffer */
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(GPU_GROUP_PARAMS)] __attribute__((aligned(8)));
};

/*
 * Gives a channel with engine and space its group, ch->group. 1: the group is there; 0: it is being made, and
 * gpu_channel_grouped() will be called. -EDQUOT, -ENOMEM, -ENOENT (the pack lacks something), errors of VRAM
 * and of the transport: no group.
 */
int gpu_group_join(struct gpu_channel *ch);
/*
 * The firmware has freed the channel, or never had it. gpu_channel_ungrouped() will be called, perhaps before
 * this returns: at once, or when the group has gone with its last channel.
 */
void gpu_group_leave(struct gpu_channel *ch);
/* The same without the firmware: the GPU is lost, or there are other members. ch->group is NULL after it. */
void gpu_group_drop(struct gpu_channel *ch);

/* RM has stopped the group because of what this channel did: all of its channels are told of a fault. */
void gpu_group_fault(struct gpu_channel *ch, const struct gpu_fault *fault);

/* Where the group's method buffer is, in VRAM. */
static inline uint64_t gpu_group_method_buffer(const struct gpu_group *g)
{
	return gpu_tenant_slot(g->tenant, g->slot) + GPU_CHANNEL_METHOD_BUFFER;
}

#endif /* GPU_FIFO_GROUP_H */
