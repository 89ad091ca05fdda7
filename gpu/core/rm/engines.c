/* SPDX-License-Identifier: MIT */
/*
 * engines.c - decodes the table of engines through the pack (see engines.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "fwq/reply.h"
#include "gpu/core/rm/engines.h"

#define TABLE(f) FWQ_F_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS__##f
#define ENTRY(f) FWQ_F_NV2080_CTRL_FIFO_DEVICE_ENTRY__##f

/* One of the words whose meaning is its place. */
static uint32_t data(struct fwq_reply *r, enum fwq_number what, size_t at)
{
	if (!fwq_has_number(r->pack, what)) {
		fwq_reply_note(r, -ENOENT, ENTRY(engineData));
		return 0;
	}
	return (uint32_t)fwq_reply_get(r, ENTRY(engineData), at, (uint32_t)r->pack->number[what]);
}

/* One word, so that a line of the log has no more of them than it should. */
static void take_name(const struct fwq_reply *r, size_t at, char *name)
{
	fwq_reply_text(r, ENTRY(engineName), at, name, GPU_ENGINE_NAME_MAX);
	for (; *name; name++) {
		if (*name == ' ')
			*name = '?';
	}
}

static int take(struct fwq_reply *r, size_t at, struct gpu_engine *out, struct gpu_error *err)
{
	uint64_t n = fwq_reply_get(r, ENTRY(numPbdmas), at, 0);

	take_name(r, at, out->name);
	out->type = data(r, FWQ_N_ENGINE_INFO_TYPE_RM_ENGINE_TYPE, at);
	out->runlist = data(r, FWQ_N_ENGINE_INFO_TYPE_RUNLIST, at);
	out->mc = GPU_NO_MC;
	if (fwq_has_number(r->pack, FWQ_N_ENGINE_INFO_TYPE_MC))
		out->mc = data(r, FWQ_N_ENGINE_INFO_TYPE_MC, at);
	out->nonstall = GPU_NO_VECTOR;
	out->tag = data(r, FWQ_N_ENGINE_INFO_TYPE_FIFO_TAG, at);
	out->runlist_base = data(r, FWQ_N_ENGINE_INFO_TYPE_RUNLIST_PRI_BASE, at);
	out->runlist_engine = data(r, FWQ_N_ENGINE_INFO_TYPE_RUNLIST_ENGINE_ID, at);
	if (n > GPU_ENGINE_PBDMAS)
		return gpu_fail(err, -EPROTO, "engine \"%s\" with %" PRIu64 " PBDMA units",
				out->name, n);
	out->pbdmas = (unsigned int)n;
	for (unsigned int i = 0; i < out->pbdmas; i++)
		out->pbdma[i] = (uint32_t)fwq_reply_get(r, ENTRY(pbdmaIds), at, i);
	return 0;
}

int gpu_engines_add(const struct fwq_pack *pack, const void *params, size_t len,
		    struct gpu_engines *out, bool *more, struct gpu_error *err)
{
	struct fwq_reply r = {.pack = pack, .bytes = params, .len = len};
	uint64_t n = fwq_reply_get(&r, TABLE(numEntries), 0, 0),
		 bmore = fwq_reply_get(&r, TABLE(bMore), 0, 0);
	uint32_t step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_FIFO_DEVICE_ENTRY);
	size_t size, first = fwq_reply_span(&r, TABLE(entries), 0, &size);
	int ret;

	if (!r.err && (!step || n > size / step || n > GPU_ENGINES_MAX - out->n))
		return gpu_fail(err, -EPROTO,
				"%" PRIu64 " engines after %u in a table of %zu bytes, %u at most",
				n, out->n, size, GPU_ENGINES_MAX);
	if (!r.err && bmore && n != size / step)
		return gpu_fail(err, -EPROTO,
				"a piece of %" PRIu64 " engines of %zu, and more to come", n,
				size / step);
	for (uint64_t i = 0; i < n && !r.err; i++) {
		ret = take(&r, first + (size_t)i * step, &out->engine[out->n], err);
		if (ret)
			return ret;
		out->n++;
	}
	*more = bmore != 0;
	return fwq_reply_end(&r, err->text, sizeof(err->text));
}
