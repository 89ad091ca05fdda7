/* SPDX-License-Identifier: MIT */
/*
 * static_info.h - what GSP-RM says about the board once it runs (GET_GSP_STATIC_INFO).
 *
 * Source: NVIDIA/open-gpu-kernel-modules, gsp_static_config.h (GspStaticConfigInfo), ctrl2080fb.h;
 * nouveau, gsp/r535.c (r535_gsp_rpc_get_gsp_static_info), for which region is usable.
 */
#ifndef GPU_BOOT_STATIC_INFO_H
#define GPU_BOOT_STATIC_INFO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "gpu/core/error.h"

#define GPU_REGIONS_MAX 16u
#define GPU_NAME_MAX	63u

struct gpu_region {
	uint64_t base, limit; /* video memory, bytes; limit is the last byte */
	uint64_t reserved;
	bool protect, compressed, iso; /* protected; may hold compressed surfaces; scanout */
	bool usable;		       /* for us: neither reserved nor protected */
};

struct gpu_static_info {
	char name[GPU_NAME_MAX + 1]; /* printable */
	unsigned int regions;
	struct gpu_region region[GPU_REGIONS_MAX];
	uint32_t client, device, subdevice; /* RM's own handles, for its internal controls */
	uint64_t bar1_pde, bar2_pde;
};

/* Bytes of the reply, and of the call. 0: the pack lacks the structure. */
uint32_t gpu_static_info_size(const struct fwq_pack *pack);

/*
 * Decode a reply of `len` bytes for a board with fb_size bytes of memory. 0; -EPROTO: too short, or it
 * names memory that the board does not have; -ENOENT: the pack lacks a field. With *err.
 */
int gpu_static_info_decode(const struct fwq_pack *pack, const void *reply, size_t len,
			   uint64_t fb_size, struct gpu_static_info *out, struct gpu_error *err);

#endif /* GPU_BOOT_STATIC_INFO_H */
