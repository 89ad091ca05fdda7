/* SPDX-License-Identifier: MIT */
/*
 * fifo.h - what all channels of a GPU share, whoever they belong to: ids, engines, the firmware's reports.
 *
 * GSP-RM owns the hardware that schedules channels; it is told where a channel's memory is, and enters it
 * (channel.h). Errors of channels come back as RC_TRIGGERED ("robust channels"), which names the channel by
 * its id: RM has taken it off then. From 570 on the report says at which address the MMU found a fault, and
 * of which type. Before, only fault buffers have that: RM fills one of the driver's on MMU_FAULT_QUEUED
 * if the driver has registered one, which nobody here does, so those faults have no address.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, kernel_gsp.c (_kgspRpcRCTriggered, _kgspRpcMMUFaultQueued),
 * g_rpc-structures.h (rpc_rc_triggered_v17_02) of 535.113.01 and 570.144; nouveau, gsp/rm/r535/fifo.c.
 */
#ifndef GPU_FIFO_FIFO_H
#define GPU_FIFO_FIFO_H

#include "fwq/event.h"
#include "gpu/core/fifo/awaken.h"
#include "gpu/core/fifo/chids.h"
#include "gpu/core/fifo/turns.h"
#include "gpu/core/fifo/usage.h"
#include "gpu/core/rm/engines.h"

/* One session's; all zero at its beginning. */
struct gpu_fifo {
	struct gpu_chids chids;
	unsigned int load[GPU_ENGINES_MAX]; /* channels made for each engine */
	uint32_t method_buffer;		    /* bytes each channel needs; 0: RM was not asked yet */
	uint64_t strays;		    /* reports on channels that nobody has */
	struct gpu_awaken awaken;
	struct gpu_turns turns;
	struct gpu_usage usage;
	struct gpu_tenant *tenants;
};

/*
 * The copy engine for the next channel: of those whose runlist has no other engine, the one with the fewest
 * channels. Copies on the runlist of graphics would wait behind graphics; such engines are for boards that
 * have no others. -1: there is none.
 */
int gpu_fifo_copy_engine(const struct gpu_fifo *fifo, const struct gpu_engines *engines);

/* The engine that speaks the classes of graphics; -1: there is none. */
int gpu_fifo_graphics_engine(const struct gpu_engines *engines);

/* Something was reported: if it is a channel's error, tell whoever has the channel. */
void gpu_fifo_heard(struct gpu_fifo *fifo, const struct fwq_event *ev);

/* The session ends: timers rest. */
void gpu_fifo_stop(struct gpu_fifo *fifo);

#endif /* GPU_FIFO_FIFO_H */
