/* SPDX-License-Identifier: MIT */
/*
 * usage.h - who had how much of the engines: found out by looking.
 *
 * Now and then one register of each engine that has channels is read: it says which group's context
 * is there and whether the engine works. The time since the last look is then that group's
 * tenant's. GSP-RM offers no exact count: what its own accounting has
 * (NV2080_CTRL_CMD_PERF_GET_GPUMON_PERFMON_UTIL_SAMPLES_V2) are samples too, of whole processes,
 * six in a second. So it is an estimate; of N looks at an engine that somebody has a part p of, the
 * error is about sqrt(p(1 - p)/N), which a second's looks make 5 % and a minute's less than 1 %.
 *
 * Looks are irregular, so that no pattern of slices or of a guest's work can stay out of their
 * sight. They are made for GPU_USAGE_RUNG after a doorbell, and, five times less often, while a
 * tenant that rings by itself has channels. Otherwise there are none: an idle machine costs
 * nothing. Work that goes on for longer without a doorbell is not seen.
 */
#ifndef GPU_FIFO_USAGE_H
#define GPU_FIFO_USAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "hv/hv.h"

#define GPU_USAGE_RUNG (100 * HV_MS)
#define GPU_USAGE_LOOK (10 * HV_MS) /* on average: from half of it to one and a half */
#define GPU_USAGE_SLOW (50 * HV_MS)

struct gpu_channel;
struct gpu_chip_kind;
struct gpu_rm;

struct gpu_usage {
	struct gpu_rm *rm; /* NULL: no look was ever made */
	struct hv_timer timer;
	bool looking;  /* the timer runs */
	uint64_t last; /* look */
	uint64_t rung; /* the last doorbell */
	uint32_t random;
	uint64_t looks;
};

/* A doorbell, or a channel of a tenant that rings by itself. */
void gpu_usage_begin(struct gpu_usage *usage, struct gpu_rm *rm);
void gpu_usage_stop(struct gpu_usage *usage);

/* Does this word of an engine's status (regs_runlist.h) say that a group's context is there, and works? */
bool gpu_engine_works(const struct gpu_chip_kind *kind, uint32_t status);

#endif /* GPU_FIFO_USAGE_H */
