/* SPDX-License-Identifier: MIT */
/*
 * system_info.h - the two calls that wait in the queue when GSP-RM starts: the machine it is in, and its
 * registry. The firmware says INIT_DONE only after it has had both.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, gsp_static_config.h (GspSystemInfo), rpc.c
 * (rpcGspSetSystemInfo, rpcSetRegistry); nouveau, gsp/r535.c and rm/r570/gsp.c.
 */
#ifndef GPU_BOOT_SYSTEM_INFO_H
#define GPU_BOOT_SYSTEM_INFO_H

#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "gpu/core/error.h"

struct gpu;

#define GPU_CALL_MAX 4096u /* bytes of either call's payload: both fit with room to spare */

/*
 * Both write the payload into buf, GPU_CALL_MAX zeroed bytes, and return its length; or -errno with
 * *err: a BAR without an address, or structures of the pack that do not fit.
 */
int gpu_system_info_write(struct gpu *gpu, const struct fwq_pack *pack, void *buf,
			  struct gpu_error *err);
int gpu_registry_write(const struct fwq_pack *pack, void *buf, struct gpu_error *err);

#endif /* GPU_BOOT_SYSTEM_INFO_H */
