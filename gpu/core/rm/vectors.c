/* SPDX-License-Identifier: MIT */
/*
 * vectors.c - finds the GSP in the table of interrupts (see vectors.h).
 */
#include <errno.h>

#include "fwq/reply.h"
#include "gpu/core/rm/vectors.h"

#define TABLE(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS__##f
#define ENTRY(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY__##f

/* NV_INTR_VECTOR_INVALID: the engine has none of the kind. */
#define NO_VECTOR UINT32_MAX

int gpu_vector_of_gsp(const struct fwq_pack *pack, const void *params, size_t len, uint32_t *vector)
{
	struct fwq_reply r = {.pack = pack, .bytes = params, .len = len};
	uint32_t step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY);
	uint64_t n = fwq_reply_get(&r, TABLE(tableLen), 0, 0);
	size_t size, first = fwq_reply_span(&r, TABLE(table), 0, &size);

	if (!step || !fwq_has_number(pack, FWQ_N_MC_ENGINE_IDX_GSP))
		return -ENOENT;
	if (!r.err && n > size / step)
		return -EPROTO;
	for (uint64_t i = 0; i < n && !r.err; i++) {
		size_t at = first + (size_t)i * step;
		uint64_t engine = fwq_reply_get(&r, ENTRY(engineIdx), at, 0);
		uint64_t stall = fwq_reply_get(&r, ENTRY(vectorStall), at, 0);

		if (r.err || engine != pack->number[FWQ_N_MC_ENGINE_IDX_GSP])
			continue;
		if (stall == NO_VECTOR)
			break;
		*vector = (uint32_t)stall;
		return 0;
	}
	return r.err && r.err != -ENOENT ? -EPROTO : -ENOENT;
}
