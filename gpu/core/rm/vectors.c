/* SPDX-License-Identifier: MIT */
/*
 * vectors.c - finds the GSP and engines in the table of interrupts (see vectors.h).
 */
#include <errno.h>

#include "fwq/reply.h"
#include "gpu/core/rm/vectors.h"

#define TABLE(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS__##f
#define ENTRY(f) FWQ_F_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY__##f

/* NV_INTR_VECTOR_INVALID, which GPU_NO_VECTOR is: the engine has none of the kind. */
#define NO_VECTOR UINT32_MAX

struct table {
	struct fwq_reply r;
	uint64_t n;
	size_t first;
	uint32_t step;
};

/* 0; -ENOENT: the pack does not know such tables; -EPROTO: it has more entries than there is room for. */
static int table_open(struct table *t, const struct fwq_pack *pack, const void *params, size_t len)
{
	size_t size;

	*t = (struct table){.r = {.pack = pack, .bytes = params, .len = len}};
	t->step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY);
	t->n = fwq_reply_get(&t->r, TABLE(tableLen), 0, 0);
	t->first = fwq_reply_span(&t->r, TABLE(table), 0, &size);
	if (!t->step)
		return -ENOENT;
	return !t->r.err && t->n > size / t->step ? -EPROTO : 0;
}

int gpu_vector_of_gsp(const struct fwq_pack *pack, const void *params, size_t len, uint32_t *vector)
{
	struct table t;
	int err = table_open(&t, pack, params, len);

	if (!fwq_has_number(pack, FWQ_N_MC_ENGINE_IDX_GSP))
		return -ENOENT;
	if (err)
		return err;
	for (uint64_t i = 0; i < t.n && !t.r.err; i++) {
		size_t at = t.first + (size_t)i * t.step;
		uint64_t engine = fwq_reply_get(&t.r, ENTRY(engineIdx), at, 0);
		uint64_t stall = fwq_reply_get(&t.r, ENTRY(vectorStall), at, 0);

		if (t.r.err || engine != pack->number[FWQ_N_MC_ENGINE_IDX_GSP])
			continue;
		if (stall == NO_VECTOR)
			break;
		*vector = (uint32_t)stall;
		return 0;
	}
	return t.r.err && t.r.err != -ENOENT ? -EPROTO : -ENOENT;
}

static void give(struct gpu_engines *engines, uint64_t mc, uint64_t vector)
{
	for (unsigned int i = 0; i < engines->n; i++) {
		if (engines->engine[i].mc != GPU_NO_MC && engines->engine[i].mc == mc)
			engines->engine[i].nonstall = (uint32_t)vector;
	}
}

void gpu_vectors_of_engines(const struct fwq_pack *pack, const void *params, size_t len,
			    struct gpu_engines *engines)
{
	struct table t;

	if (table_open(&t, pack, params, len))
		return;
	for (uint64_t i = 0; i < t.n; i++) {
		size_t at = t.first + (size_t)i * t.step;
		uint64_t mc = fwq_reply_get(&t.r, ENTRY(engineIdx), at, 0);
		uint64_t vector = fwq_reply_get(&t.r, ENTRY(vectorNonStall), at, 0);

		if (t.r.err)
			return;
		give(engines, mc, vector);
	}
}
