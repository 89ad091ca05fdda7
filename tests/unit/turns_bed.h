/* SPDX-License-Identifier: MIT */
/*
 * turns_bed.h - guests with slots (fair_bed.h), for tests of turns, and of what firmware makes of the calls that these
 * take.
 */
#ifndef TESTS_TURNS_BED_H
#define TESTS_TURNS_BED_H

#include "tests/unit/fair_bed.h"

#define CALL_SWITCH    "0x2080110b"
#define CALL_SCHEDULE  "0xa06f0103"
#define CALL_TIMESLICE "0xa06c0103"
#define ROUND	       (4ull * GPU_SLOT_US) /* with four slots */

static inline struct fair_bed *bed(const char *version, unsigned int slots)
{
	struct fair_bed *b = fair_bed_up(version);

	fair_policy(b, GPU_FIXED_SHARE, slots);
	return b;
}

static inline const struct gpu_turn_stats *stats(struct fair_bed *b)
{
	return gpu_turn_stats(b->vm.rm);
}

static inline void plant(struct fair_bed *b, const char *fault)
{
	assert_int_equal(model_fault_set(b->model, fault), 0);
}

#endif /* TESTS_TURNS_BED_H */
