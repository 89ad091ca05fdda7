/* SPDX-License-Identifier: MIT */
/*
 * static_info.c - decodes GspStaticConfigInfo through the pack (see static_info.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "gpu/core/boot/static_info.h"

#define fail(err, ret, ...) (snprintf((err)->text, sizeof((err)->text), __VA_ARGS__), (ret))

#define INFO(f)	  FWQ_F_GspStaticConfigInfo__##f
#define REGION(f) FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO__##f
#define PARAMS(f) FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS__##f

struct reply {
	const struct fwq_pack *pack;
	const uint8_t *bytes;
	size_t len;
	int err; /* the first error; what is read after it is 0 */
	enum fwq_field field;
};

static uint64_t get(struct reply *r, enum fwq_field f, size_t at)
{
	uint64_t v = 0;
	int err = fwq_get(r->pack, f, r->bytes, r->len, at, 0, &v);

	if (err && !r->err) {
		r->err = err;
		r->field = f;
	}
	return err ? 0 : v;
}

static size_t inside(struct reply *r, enum fwq_field f, size_t at)
{
	size_t offset = 0, size;
	int err = fwq_span(r->pack, f, r->len, at, &offset, &size);

	if (err && !r->err) {
		r->err = err;
		r->field = f;
	}
	return offset;
}

static int take_region(struct reply *r, size_t at, uint64_t fb_size, struct gpu_region *out,
		       struct gpu_static_info_error *err)
{
	out->base = get(r, REGION(base), at);
	out->limit = get(r, REGION(limit), at);
	out->reserved = get(r, REGION(reserved), at);
	out->compressed = get(r, REGION(supportCompressed), at);
	out->iso = get(r, REGION(supportISO), at);
	out->protect = get(r, REGION(bProtected), at);
	out->usable = !out->reserved && !out->protect;
	if (!r->err && (out->base > out->limit || out->limit >= fb_size))
		return fail(err, -EPROTO,
			    "region %#" PRIx64 " to %#" PRIx64 " on a board with %#" PRIx64
			    " bytes of memory",
			    out->base, out->limit, fb_size);
	return 0;
}

static int take_regions(struct reply *r, uint64_t fb_size, struct gpu_static_info *out,
			struct gpu_static_info_error *err)
{
	uint32_t step = fwq_sizeof(r->pack, FWQ_S_NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO);
	size_t params = inside(r, INFO(fbRegionInfoParams), 0);
	uint64_t n = get(r, PARAMS(numFBRegions), params);
	size_t first = inside(r, PARAMS(fbRegion), params);

	if (n > GPU_REGIONS_MAX)
		return fail(err, -EPROTO, "%" PRIu64 " regions", n);
	out->regions = (unsigned int)n;
	for (unsigned int i = 0; i < out->regions && !r->err; i++) {
		int ret = take_region(r, first + (size_t)i * step, fb_size, &out->region[i], err);

		if (ret)
			return ret;
	}
	return 0;
}

static void take_name(struct reply *r, struct gpu_static_info *out)
{
	unsigned int i = 0;

	for (; i < GPU_NAME_MAX; i++) {
		uint64_t c;

		if (fwq_get(r->pack, INFO(gpuNameString), r->bytes, r->len, 0, i, &c) || !c)
			break;
		out->name[i] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	out->name[i] = '\0';
}

uint32_t gpu_static_info_size(const struct fwq_pack *pack)
{
	return fwq_sizeof(pack, FWQ_S_GspStaticConfigInfo);
}

int gpu_static_info_decode(const struct fwq_pack *pack, const void *reply, size_t len,
			   uint64_t fb_size, struct gpu_static_info *out,
			   struct gpu_static_info_error *err)
{
	struct reply r = {.pack = pack, .bytes = reply, .len = len};
	int ret;

	*out = (struct gpu_static_info){0};
	if (len < gpu_static_info_size(pack))
		return fail(err, -EPROTO, "static configuration of %zu bytes, not %" PRIu32, len,
			    gpu_static_info_size(pack));
	ret = take_regions(&r, fb_size, out, err);
	if (ret)
		return ret;
	take_name(&r, out);
	out->client = (uint32_t)get(&r, INFO(hInternalClient), 0);
	out->device = (uint32_t)get(&r, INFO(hInternalDevice), 0);
	out->subdevice = (uint32_t)get(&r, INFO(hInternalSubdevice), 0);
	out->bar1_pde = get(&r, INFO(bar1PdeBase), 0);
	out->bar2_pde = get(&r, INFO(bar2PdeBase), 0);
	if (r.err)
		return fail(err, r.err == -ENOENT ? -ENOENT : -EPROTO, "pack %s: %s: error %d",
			    pack->version, fwq_field_name(r.field), -r.err);
	return 0;
}
