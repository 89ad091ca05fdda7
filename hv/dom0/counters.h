/* SPDX-License-Identifier: MIT */
/*
 * counters.h - a slice's counters as numbers: what its driver domain publishes in `stats`, for
 * `list --json` and `top`.
 *
 * The driver domain writes them, so any value may come: a counter that is missing, or no number, is
 * unknown, and one that went backwards starts anew.
 */
#ifndef XVGPU_COUNTERS_H
#define XVGPU_COUNTERS_H

#include "nodes.h"
#include "status.h"

enum xvgpu_counter {
	XVGPU_ENGINE_US, /* microseconds of all engines added up, by looking now and then */
	XVGPU_DOORBELLS,
	XVGPU_BYTES_WRITTEN, /* moved by the driver domain: MEM_WRITE, MEM_READ */
	XVGPU_BYTES_READ,
	XVGPU_REQUESTS,
	XVGPU_FAULTS,
	XVGPU_VRAM_USED,      /* bytes, now */
	XVGPU_IMPORTED_PAGES, /* now */
	XVGPU_CHANNELS,	      /* now */
	XVGPU_COUNTERS,
};

struct xvgpu_counters {
	bool known[XVGPU_COUNTERS];
	uint64_t n[XVGPU_COUNTERS];
};

/* Reads the counters of a slice that is plugged in; of any other all are unknown. */
void xvgpu_counters_read(struct xs_handle *xs, const struct xvgpu_slice *slice,
			 struct xvgpu_pairs *pairs, struct xvgpu_counters *counters);
void xvgpu_counters_from(const struct xvgpu_pairs *pairs, struct xvgpu_counters *counters);
const char *xvgpu_counter_name(enum xvgpu_counter which); /* "engine_us" */

/*
 * How much a counter has grown, per second, in `us` > 0 microseconds between two readings. False: not
 * known in both, or it started anew in between.
 */
bool xvgpu_counter_rate(const struct xvgpu_counters *before, const struct xvgpu_counters *now,
			enum xvgpu_counter which, uint64_t us, double *rate);

#endif /* XVGPU_COUNTERS_H */
