/* SPDX-License-Identifier: MIT */
/*
 * vectors.c - finds the GSP in the table of interrupts (see vectors.h).
 */
#include <errno.h>

#include "gpu/core/rm/vectors.h"

#define TABLE(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS__##f
#define ENTRY(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY__##f

/* NV_INTR_VECTOR_INVALID: the engine has none of the kind. */
#define NO_VECTOR UINT32_MAX

int gpu_vector_of_gsp(const struct fwq_pack *pack, const void *params, size_t len, uint32_t *vector)
{
	uint32_t step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY);
	size_t first = 0, size = 0;
	uint64_t n = 0, engine = 0, stall = 0;
	int err = fwq_get(pack, TABLE(tableLen), params, len, 0, 0, &n);

	if (!err)
		err = fwq_span(pack, TABLE(table), len, 0, &first, &size);
	if (!err && (!step || !fwq_has_number(pack, FWQ_N_MC_ENGINE_IDX_GSP)))
		err = -ENOENT;
	if (!err && n > size / step)
		err = -EPROTO;
	for (uint64_t i = 0; i < n && !err; i++) {
		size_t at = first + (size_t)i * step;

		err = fwq_get(pack, ENTRY(engineIdx), params, len, at, 0, &engine);
		if (!err)
			err = fwq_get(pack, ENTRY(vectorStall), params, len, at, 0, &stall);
		if (err || engine != pack->number[FWQ_N_MC_ENGINE_IDX_GSP])
			continue;
		if (stall == NO_VECTOR)
			break;
		*vector = (uint32_t)stall;
		return 0;
	}
	return err && err != -ENOENT ? -EPROTO : -ENOENT;
}
