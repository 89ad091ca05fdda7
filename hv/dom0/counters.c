/* SPDX-License-Identifier: MIT */
/*
 * counters.c - a slice's counters as numbers (see counters.h).
 */
#include <string.h>

#include "counters.h"
#include "spec.h"

/* As gpu/vgpu/stats.c calls them, and as JSON does. */
static const struct {
	const char *key, *name;
} names[XVGPU_COUNTERS] = {
	[XVGPU_ENGINE_US] = {"engine-us", "engine_us"},
	[XVGPU_DOORBELLS] = {"doorbells", "doorbells"},
	[XVGPU_BYTES_WRITTEN] = {"bytes-written", "bytes_written"},
	[XVGPU_BYTES_READ] = {"bytes-read", "bytes_read"},
	[XVGPU_REQUESTS] = {"requests", "requests"},
	[XVGPU_FAULTS] = {"faults", "faults"},
	[XVGPU_VRAM_USED] = {"used", "vram_used"},
	[XVGPU_IMPORTED_PAGES] = {"imported-pages", "imported_pages"},
	[XVGPU_CHANNELS] = {"channels", "channels"},
};

const char *xvgpu_counter_name(enum xvgpu_counter which)
{
	return names[which].name;
}

void xvgpu_counters_from(const struct xvgpu_pairs *pairs, struct xvgpu_counters *counters)
{
	for (int i = 0; i < XVGPU_COUNTERS; i++) {
		const char *text = xvgpu_pairs_get(pairs, names[i].key);

		counters->known[i] = text && !xvgpu_parse_u64(text, UINT64_MAX, &counters->n[i]);
		if (!counters->known[i])
			counters->n[i] = 0;
	}
}

void xvgpu_counters_read(struct xs_handle *xs, const struct xvgpu_slice *slice,
			 struct xvgpu_pairs *pairs, struct xvgpu_counters *counters)
{
	char text[XVGPU_VALUE_MAX + 1] = "";

	if (slice->plug == XVGPU_IN)
		xvgpu_xs_read(xs, XBT_NULL, text, sizeof(text),
			      "/local/domain/%u/backend/vgpu/%u/%u/stats", slice->back,
			      slice->front, slice->index);
	xvgpu_pairs_parse(text, pairs);
	xvgpu_counters_from(pairs, counters);
}

bool xvgpu_counter_rate(const struct xvgpu_counters *before, const struct xvgpu_counters *now,
			enum xvgpu_counter which, uint64_t us, double *rate)
{
	if (!before->known[which] || !now->known[which] || now->n[which] < before->n[which])
		return false;
	*rate = (double)(now->n[which] - before->n[which]) * 1e6 / (double)us;
	return true;
}
