/* SPDX-License-Identifier: MIT */
/*
 * script.h - runs the scripts that GSP-RM sends while it starts (RUN_CPU_SEQUENCER).
 *
 * The firmware cannot reset the core it runs on, so it asks the CPU. fwq/sequencer.h checks a script as a
 * whole, every register against the size of BAR0; here its commands are executed. Where one has to wait
 * (a poll, a delay, a falcon that shall halt), gpu_script_step() returns and is called again later.
 *
 * CORE_RESUME ends the firmware's first stage: the GSP is reset to its RISC-V core and gets its arguments
 * once more, SEC2 is started where the booter stopped, and hands the GSP back.
 *
 * Source: nouveau, gsp/r535.c (r535_gsp_msg_run_cpu_sequencer); NVIDIA/open-gpu-kernel-modules,
 * kernel_gsp.c (kgspExecuteSequencerBuffer) and kernel_gsp_tu102.c (kgspExecuteSequencerCommand).
 */
#ifndef GPU_BOOT_SCRIPT_H
#define GPU_BOOT_SCRIPT_H

#include <stdbool.h>
#include <stdint.h>

#include "fwq/sequencer.h"
#include "gpu/core/error.h"
#include "gpu/core/falcon.h"

#define GPU_SCRIPT_QUEUE 4u  /* scripts that have come and are not done */
#define GPU_SCRIPT_SAVES 32u /* words of the save area; firmware has 8 */

struct gpu_script {
	/* The owner's: set before the first script. */
	struct gpu_falcon gsp, sec2;
	const struct fwq_pack *pack;
	uint64_t libos; /* bus address of the firmware's arguments */
	uint32_t app_version;

	struct {
		void *payload; /* a copy */
		uint32_t len;
	} queue[GPU_SCRIPT_QUEUE];
	unsigned int queued;
	struct fwq_sequencer seq; /* of queue[0], once open */
	struct fwq_sequencer_op op;
	bool open, busy;   /* busy: op is not done */
	uint64_t deadline; /* of op; 0: none yet */
	uint32_t save[GPU_SCRIPT_SAVES];
	uint32_t commands;	/* executed since the start, for the log */
	struct gpu_error error; /* after an error */
};

/* Keep a copy of a script to be run. 0, -ENOMEM; -EPROTO: too many at a time. */
int gpu_script_add(struct gpu_script *s, const void *payload, uint32_t len);

/*
 * Run what there is to run. 0: nothing is left; 1: waiting, call again soon; -EPROTO: a script that may
 * not be run; -ETIMEDOUT: a command's time is over; -EIO, -ENODEV. After an error nothing runs any more.
 */
int gpu_script_step(struct gpu_script *s);

void gpu_script_free(struct gpu_script *s);

#endif /* GPU_BOOT_SCRIPT_H */
