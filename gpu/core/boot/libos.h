/* SPDX-License-Identifier: MIT */
/*
 * libos.h - what GSP-RM's kernel (LIBOS) is told at start: memory regions by name.
 *
 * LOGINIT, LOGINTR and LOGRM are log buffers. The firmware writes them at physical addresses from the
 * first one on, so each must be contiguous on the bus; all the same each begins with a list of its
 * pages, behind a put pointer. RMARGS holds GSP_ARGUMENTS_CACHED, which leads to the queues. The list of
 * regions is a page of its own, whose address goes into the GSP's mailboxes.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, libos_init_args.h, kernel_gsp.c (_kgspInitLibosLogging,
 * kgspPopulateGspRmInitArgs); nouveau, gsp/r535.c (r535_gsp_libos_init) and rm/r570/gsp.c.
 */
#ifndef GPU_BOOT_LIBOS_H
#define GPU_BOOT_LIBOS_H

#include "fwq/pack.h"
#include "gpu/core/boot/channel.h"
#include "gpu/core/error.h"
#include "hv/hv.h"

#define GPU_LIBOS_LOGS	   3u
#define GPU_LIBOS_LOG_SIZE 0x10000u /* bytes of each log buffer */

struct gpu_libos {
	struct hv_dma log[GPU_LIBOS_LOGS];
	void *rmargs, *args; /* a page each */
	uint64_t addr;	     /* bus address of the list of regions */
};

/*
 * 0; -ENOMEM: no (contiguous) memory; -EINVAL and others: the pack's structures do not fit. With *err,
 * one line. Free it in any case.
 */
int gpu_libos_make(const struct fwq_pack *pack, const struct gpu_boot_channel *channel,
		   struct gpu_libos *out, struct gpu_error *err);
void gpu_libos_free(struct gpu_libos *libos);

#endif /* GPU_BOOT_LIBOS_H */
