/* SPDX-License-Identifier: MIT */
/*
 * channel.h - a channel inside the core; core.h is what others see.
 *
 * A channel is an RM object whose memory is ours: instance block (with RAMFC, which RM writes) and method buffer
 * lie in the tenant's VRAM, USERD with the caller. It is allocated in one of the tenant's groups (group.h), which
 * may have to be made first. RM is told where its memory is; binds the channel to its engine; makes the object
 * that speaks the engine's class; and puts the channel on the runlist. Each is a call to the firmware, one at a
 * time: `step` is the one under way or, when not busy, the one that was last.
 *
 * A channel for copies speaks the class it was asked for; one for graphics all of that kind, and has a context
 * (gr/context.h), which is promoted before the first of its objects is made.
 *
 * Order of the end: off the runlist and preempted (one control, which can name all channels of a tenant), then
 * the objects are freed, and with the last channel its group; then its context is shown no more. All of that is answered, or the GPU is given up, before memory or id are anybody's again.
 * A control that is refused is not the end of it: RM's free stops a channel too, and NVIDIA's and nouveau's
 * drivers do nothing else.
 *
 * Whoever made the channel is told by a work, and memory is freed there, so never inside of a call. Until then
 * the channel has its place in the tenant's table.
 *
 * Sources: nouveau, gsp/rm/r535/fifo.c, subdev/mmu/vmm{gf,gp,gv}100.c; NVIDIA/open-gpu-kernel-modules,
 * kernel_channel.c (_kchannelSendChannelAllocRpc, kchannelDestruct), ctrl2080fifo.h
 * (NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS), ctrla06fgpfifo.h.
 */
#ifndef GPU_FIFO_CHANNEL_H
#define GPU_FIFO_CHANNEL_H

#include "gpu/core/fifo/fifo.h"
#include "gpu/core/gr/context.h"
#include "gpu/core/tenant.h"

#define GPU_CHANNEL_PARAMS 1024u /* bytes for the parameters of its calls */

enum gpu_channel_step {
	GPU_CHANNEL_SIZE,  /* how large method buffers are: asked once in a session */
	GPU_CHANNEL_GROUP, /* its group is being made */
	GPU_CHANNEL_ALLOC,
	GPU_CHANNEL_BIND,
	GPU_CHANNEL_PROMOTE,
	GPU_CHANNEL_ENGINE, /* once for each object */
	GPU_CHANNEL_SCHEDULE,
	GPU_CHANNEL_LIVE,
	GPU_CHANNEL_STOP,
	GPU_CHANNEL_FREE_ENGINE,
	GPU_CHANNEL_FREE,
	GPU_CHANNEL_FREE_GROUP,
	GPU_CHANNEL_GONE, /* the device is off it: all that is left is to tell */
};

struct gpu_channel {
	struct gpu_tenant *tenant;
	struct gpu_vm *vm;	 /* NULL from GONE on */
	struct gpu_group *group; /* NULL before GROUP, and after FREE_GROUP */
	unsigned int slot, engine;
	uint32_t chid, token;
	struct gpu_channel_desc desc;
	enum gpu_kind kind;
	unsigned int nr_objects; /* of its engine, that it is to have, */
	unsigned int made;	 /* that were made, */
	unsigned int left;	 /* and that are still to be freed alone */
	uint32_t class[GPU_CHANNEL_ENGINE_OBJECTS];
	struct {
		bool taken, shown[GPU_CONTEXT_PARTS];
		unsigned int number; /* among the tenant's */
	} context;

	enum gpu_channel_step step;
	bool busy;		     /* a call is under way, its own or one that stops several */
	bool ending;		     /* whatever was under way, its end is next */
	bool quiet;		     /* the tenant ends: nobody is told anything */
	bool runs;		     /* on the runlist, for all that is known */
	bool parked;		     /* busy: waits for its tenant's turn, to be scheduled */
	bool named;		     /* in a change of turns under way: its end waits for that */
	struct gpu_channel *stopper; /* whose call stops it */
	int err;		     /* why it could not be made */
	int end_err;		     /* of the end */

	/* The calls: one at a time, so they share the buffer. */
	struct fwq_object channel, object[GPU_CHANNEL_ENGINE_OBJECTS];
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(GPU_CHANNEL_PARAMS)] __attribute__((aligned(8)));

	struct hv_work tell;
	bool tell_ready, tell_fault, faulted;
	struct gpu_fault fault;
	void (*ready)(struct gpu_channel *channel, int err, void *arg);
	void *ready_arg;
	void (*done)(int err, void *arg);
	void *done_arg;
};

/* group.c: the channel's group has been made, or could not be. */
void gpu_channel_grouped(struct gpu_channel *ch, int err);
/* end.c: it has left its group; or the group does not end, and the firmware does not say why. */
void gpu_channel_ungrouped(struct gpu_channel *ch, int err);

/* RM has taken the channel off because of an error: its owner is told, of the first one. */
void gpu_channel_fault(struct gpu_channel *ch, const struct gpu_fault *fault);

/* channel.c: its tenant's turn has come. */
void gpu_channel_parked(struct gpu_channel *ch);
/* end.c: none of the tenant's channels is named any more: those that are to end do. */
void gpu_channels_go_on(struct gpu_tenant *tenant);
/* end.c: what is still to be done about a channel that is to end, when no call of its is under way. */
void gpu_channel_off(struct gpu_channel *ch);
/* end.c: its id, engine and space are free, or lost if the firmware may know it; only its memory is left. */
void gpu_channel_release(struct gpu_channel *ch, bool freed);

/* params.c: the driver's part of the instance block, in VRAM. Errors as gpu_vram_write(). */
int gpu_channel_write_instance(const struct gpu_channel *ch);
/*
 * Parameters of its calls, into its buffer: all numbers by the pack. 0; -ENOENT: the pack lacks something;
 * -ERANGE, -EOVERFLOW: it cannot say this.
 */
int gpu_channel_put_alloc(struct gpu_channel *ch);
int gpu_channel_put_bind(struct gpu_channel *ch);
int gpu_channel_put_engine(struct gpu_channel *ch);
int gpu_channel_put_schedule(struct gpu_channel *ch);
/* To stop `n` channels of one tenant, or to let them go on; with this call, whose buffer that is. */
int gpu_channels_put_stop(struct fwq_rm_call *call, void *buf, struct gpu_channel *const *which,
			  unsigned int n, bool stop);
/* The class by the pack's name for it; FWQ_NUMBERS: it has none. */
enum fwq_number gpu_channel_class(const struct fwq_pack *pack, uint32_t class_id);

#endif /* GPU_FIFO_CHANNEL_H */
