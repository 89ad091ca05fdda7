/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_static_info.c - any reply to GET_GSP_STATIC_INFO, by the packs of the tree and by packs that lie.
 *
 * COVERS: gpu/core/boot/static_info.c fwq/reply.c
 *
 * Input: which pack and how many lies about it, the lies, how much memory the board has, and the reply.
 * The structures are longer than an input should be, so what is missing is repeated from the start; the
 * reply's block ends where it does, so a read beyond it is seen.
 */
#include <errno.h>
#include <stdlib.h>

#include "gpu/core/boot/static_info.h"
#include "tests/fuzz/fwq_lying_pack.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SHORT 0x10u /* the reply is one byte too short */

static const struct lie about[] = {
	LIE_ABOUT(GspStaticConfigInfo, gpuNameString, gpuNameString),
	LIE_ABOUT(GspStaticConfigInfo, fbRegionInfoParams, fbRegionInfoParams),
	LIE_ABOUT(GspStaticConfigInfo, hInternalClient, hInternalSubdevice),
	LIE_ABOUT(GspStaticConfigInfo, bar1PdeBase, bar2PdeBase),
	LIE_ABOUT(NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS, numFBRegions, fbRegion),
	LIE_ABOUT(NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO, base, bProtected),
};

static void check(const struct gpu_static_info *info, uint64_t fb_size)
{
	must(memchr(info->name, 0, sizeof(info->name)) != NULL);
	for (const char *p = info->name; *p; p++)
		must(*p >= ' ' && *p <= '~');
	must(info->regions <= GPU_REGIONS_MAX);
	for (unsigned int i = 0; i < info->regions; i++) {
		const struct gpu_region *r = &info->region[i];

		must(r->base <= r->limit && r->limit < fb_size);
		must(r->usable == (!r->reserved && !r->protect));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gpu_static_info info;
	struct gpu_error why = {""};
	const struct fwq_pack *honest, *pack;
	uint64_t fb_size;
	uint8_t *reply, head;
	uint32_t len;
	int ret;

	if (size < 3)
		return 0;
	head = data[0];
	honest = &fwq_packs[head % 16 % fwq_packs_count];
	data++;
	size--;
	pack = lie_about(honest, head >> 5, about, sizeof(about) / sizeof(about[0]), &data, &size);
	if (size < 2)
		return 0;
	fb_size = 1ull << (data[0] % 64);
	data++;
	size--;
	len = gpu_static_info_size(pack);
	if (len == FWQ_ABSENT)
		len = 64;
	if (head & SHORT && len)
		len--;
	reply = repeated_reply(len, data, size);
	ret = gpu_static_info_decode(pack, reply, len, fb_size, &info, &why);
	must(ret == 0 || ret == -EPROTO || ret == -ENOENT);
	must(ret != -ENOENT || pack != honest);
	if (ret)
		must(why.text[0] && !strchr(why.text, '\n'));
	else
		check(&info, fb_size);
	free(reply);
	return 0;
}
