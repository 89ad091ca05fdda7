/* SPDX-License-Identifier: MIT */
/*
 * static_info.c - decodes GspStaticConfigInfo through the pack (see static_info.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "fwq/reply.h"
#include "gpu/core/boot/static_info.h"

#define INFO(f)	  FWQ_F_GspStaticConfigInfo__##f
#define REGION(f) FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO__##f
#define PARAMS(f) FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS__##f

static int take_region(struct fwq_reply *r, size_t at, uint64_t fb_size, struct gpu_region *out,
		       struct gpu_error *err)
{
	out->base = fwq_reply_get(r, REGION(base), at, 0);
	out->limit = fwq_reply_get(r, REGION(limit), at, 0);
	out->reserved = fwq_reply_get(r, REGION(reserved), at, 0);
	out->compressed = fwq_reply_get(r, REGION(supportCompressed), at, 0);
	out->iso = fwq_reply_get(r, REGION(supportISO), at, 0);
	out->protect = fwq_reply_get(r, REGION(bProtected), at, 0);
	out->usable = !out->reserved && !out->protect;
	if (!r->err && (out->base > out->limit || out->limit >= fb_size))
		return gpu_fail(err, -EPROTO,
				"region %#" PRIx64 " to %#" PRIx64 " on a board with %#" PRIx64
				" bytes of memory",
				out->base, out->limit, fb_size);
	return 0;
}

static int take_regions(struct fwq_reply *r, uint64_t fb_size, struct gpu_static_info *out,
			struct gpu_error *err)
{
	uint32_t step = fwq_sizeof(r->pack, FWQ_S_NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO);
	size_t params = fwq_reply_span(r, INFO(fbRegionInfoParams), 0, NULL);
	uint64_t n = fwq_reply_get(r, PARAMS(numFBRegions), params, 0);
	size_t first = fwq_reply_span(r, PARAMS(fbRegion), params, NULL);

	if (n > GPU_REGIONS_MAX)
		return gpu_fail(err, -EPROTO, "%" PRIu64 " regions", n);
	out->regions = (unsigned int)n;
	for (unsigned int i = 0; i < out->regions && !r->err; i++) {
		int ret = take_region(r, first + (size_t)i * step, fb_size, &out->region[i], err);

		if (ret)
			return ret;
	}
	return 0;
}

uint32_t gpu_static_info_size(const struct fwq_pack *pack)
{
	return fwq_sizeof(pack, FWQ_S_GspStaticConfigInfo);
}

int gpu_static_info_decode(const struct fwq_pack *pack, const void *reply, size_t len,
			   uint64_t fb_size, struct gpu_static_info *out, struct gpu_error *err)
{
	struct fwq_reply r = {.pack = pack, .bytes = reply, .len = len};
	int ret;

	*out = (struct gpu_static_info){0};
	if (len < gpu_static_info_size(pack))
		return gpu_fail(err, -EPROTO, "static configuration of %zu bytes, not %" PRIu32,
				len, gpu_static_info_size(pack));
	ret = take_regions(&r, fb_size, out, err);
	if (ret)
		return ret;
	fwq_reply_text(&r, INFO(gpuNameString), 0, out->name, GPU_NAME_MAX);
	out->client = (uint32_t)fwq_reply_get(&r, INFO(hInternalClient), 0, 0);
	out->device = (uint32_t)fwq_reply_get(&r, INFO(hInternalDevice), 0, 0);
	out->subdevice = (uint32_t)fwq_reply_get(&r, INFO(hInternalSubdevice), 0, 0);
	out->bar1_pde = fwq_reply_get(&r, INFO(bar1PdeBase), 0, 0);
	out->bar2_pde = fwq_reply_get(&r, INFO(bar2PdeBase), 0, 0);
	return fwq_reply_end(&r, err->text, sizeof(err->text));
}
