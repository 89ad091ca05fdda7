/* SPDX-License-Identifier: MIT */
/*
 * engines.c - decodes the table of engines through the pack (see engines.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "gpu/core/rm/engines.h"

#define fail(err, ret, ...) (snprintf((err)->text, sizeof((err)->text), __VA_ARGS__), (ret))

#define TABLE(f) FWQ_F_NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS__##f
#define ENTRY(f) FWQ_F_NV2080_CTRL_FIFO_DEVICE_ENTRY__##f

struct reply {
	const struct fwq_pack *pack;
	const uint8_t *bytes;
	size_t len;
	int err; /* the first error; what is read after it is 0 */
	enum fwq_field field;
};

static void note(struct reply *r, int err, enum fwq_field f)
{
	if (r->err)
		return;
	r->err = err;
	r->field = f;
}

static uint64_t get(struct reply *r, enum fwq_field f, size_t at, uint32_t i)
{
	uint64_t v = 0;
	int err = fwq_get(r->pack, f, r->bytes, r->len, at, i, &v);

	if (err)
		note(r, err, f);
	return err ? 0 : v;
}

/* One of the words whose meaning is its place. */
static uint32_t data(struct reply *r, enum fwq_number what, size_t at)
{
	if (!fwq_has_number(r->pack, what)) {
		note(r, -ENOENT, ENTRY(engineData));
		return 0;
	}
	return (uint32_t)get(r, ENTRY(engineData), at, (uint32_t)r->pack->number[what]);
}

static void take_name(struct reply *r, size_t at, char *name)
{
	uint64_t c = 1;
	unsigned int i = 0;

	for (; i < GPU_ENGINE_NAME_MAX && c; i++) {
		if (fwq_get(r->pack, ENTRY(engineName), r->bytes, r->len, at, i, &c))
			break;
		if (c)
			name[i] = c > ' ' && c <= '~' ? (char)c : '?';
		else
			break;
	}
	name[i] = '\0';
}

static int take(struct reply *r, size_t at, struct gpu_engine *out, struct gpu_engines_error *err)
{
	uint64_t n = get(r, ENTRY(numPbdmas), at, 0);

	take_name(r, at, out->name);
	out->type = data(r, FWQ_N_ENGINE_INFO_TYPE_RM_ENGINE_TYPE, at);
	out->runlist = data(r, FWQ_N_ENGINE_INFO_TYPE_RUNLIST, at);
	if (n > GPU_ENGINE_PBDMAS)
		return fail(err, -EPROTO, "engine \"%s\" with %" PRIu64 " PBDMA units", out->name,
			    n);
	out->pbdmas = (unsigned int)n;
	for (unsigned int i = 0; i < out->pbdmas; i++)
		out->pbdma[i] = (uint32_t)get(r, ENTRY(pbdmaIds), at, i);
	return 0;
}

int gpu_engines_add(const struct fwq_pack *pack, const void *params, size_t len,
		    struct gpu_engines *out, bool *more, struct gpu_engines_error *err)
{
	struct reply r = {.pack = pack, .bytes = params, .len = len};
	uint64_t n = get(&r, TABLE(numEntries), 0, 0), bmore = get(&r, TABLE(bMore), 0, 0);
	uint32_t step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_FIFO_DEVICE_ENTRY);
	size_t first = 0, size = 0;
	int ret = fwq_span(pack, TABLE(entries), len, 0, &first, &size);

	if (ret)
		note(&r, ret, TABLE(entries));
	if (!r.err && (!step || n > size / step || n > GPU_ENGINES_MAX - out->n))
		return fail(err, -EPROTO,
			    "%" PRIu64 " engines after %u in a table of %zu bytes, %u at most", n,
			    out->n, size, GPU_ENGINES_MAX);
	if (!r.err && bmore && n != size / step)
		return fail(err, -EPROTO, "a piece of %" PRIu64 " engines of %zu, and more to come",
			    n, size / step);
	for (uint64_t i = 0; i < n && !r.err; i++) {
		ret = take(&r, first + (size_t)i * step, &out->engine[out->n], err);
		if (ret)
			return ret;
		out->n++;
	}
	if (r.err)
		return fail(err, r.err == -ENOENT ? -ENOENT : -EPROTO, "pack %s: %s: error %d",
			    pack->version, fwq_field_name(r.field), -r.err);
	*more = bmore != 0;
	return 0;
}
