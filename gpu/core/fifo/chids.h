/* SPDX-License-Identifier: MIT */
/*
 * chids.h - channel ids, and whose they are.
 *
 * Hardware has a number for each channel of a runlist. Here an id is given once for all runlists of the GPU,
 * so that an error that names an id names a channel. Ids are used again as late as can be: what the
 * firmware still says about the last owner then finds nobody. An id stays taken for good when it is not
 * known whether the firmware has let go of it.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, ampere/ga100/dev_runlist.h (NV_CHRAM_CHANNEL__SIZE_1),
 * kernel_fifo.c (KFIFO_NUM_GSP_RESERVED_CHANNELS); nouveau, gsp/rm/r570/fifo.c (rsvd_chids).
 */
#ifndef GPU_FIFO_CHIDS_H
#define GPU_FIFO_CHIDS_H

#include <stdbool.h>
#include <stdint.h>

#ifndef GPU_CHIDS /* tests/proof/ids.c has fewer */
#define GPU_CHIDS 2048u
#endif
#define GPU_CHID_FIRST 1u /* those before are GSP-RM's own, in newer releases */

struct gpu_channel;

/* All zero: no id is taken. */
struct gpu_chids {
	struct gpu_channel *channel[GPU_CHIDS]; /* NULL: free, or lost */
	bool taken[GPU_CHIDS];
	uint32_t last; /* given out last */
};

/* 0, or -ENOSPC. */
int gpu_chids_take(struct gpu_chids *c, struct gpu_channel *channel, uint32_t *chid);
/* Its channel is gone; the id can be given out again only if the firmware has `freed` it. */
void gpu_chids_give(struct gpu_chids *c, uint32_t chid, bool freed);
/* Whose it is; any number may be asked about. NULL: nobody's. */
struct gpu_channel *gpu_chids_find(const struct gpu_chids *c, uint32_t chid);

#endif /* GPU_FIFO_CHIDS_H */
