/* SPDX-License-Identifier: MIT */
/*
 * Host: the part of the GPU that fetches what channels are told to do. RM puts channels on runlists;
 * software rings the doorbell.
 */
#ifndef MODEL_HOST_H
#define MODEL_HOST_H

#include "internal.h"
#include "mmu.h"

#define MODEL_CHANNELS 512  /* at a time, of all runlists */
#define MODEL_CHIDS    2048 /* of a runlist: NV_CHRAM_CHANNEL__SIZE_1 (ga100/dev_runlist.h) */

struct model_channel {
	bool used, scheduled;
	uint32_t runlist, chid;
	uint32_t engine; /* in model_engines */
	struct mmu_addr instance;
	uint32_t client, handle; /* of RM's object */
};

struct model_host {
	struct model_channel channels[MODEL_CHANNELS];
};

/* NULL: no such channel. */
struct model_channel *model_channel_find(struct model *m, uint32_t runlist, uint32_t chid);
/* A new one, not yet scheduled. NULL: the id is taken, or no room. */
struct model_channel *model_channel_new(struct model *m, uint32_t runlist, uint32_t chid);

/*
 * RAMFC, the start of an instance block: what Host knows of a channel. Byte offsets, as nouveau
 * engine/fifo/gv100.c (gv100_chan_ramfc_write) and ga100.c write them.
 */
#define RAMFC_SIZE	      0x200u
#define RAMFC_USERD	      0x008u /* physical: TARGET 1:0, address 31:9, then 7:0 = 39:32 */
#define RAMFC_SIGNATURE	      0x010u
#define RAMFC_GP_BASE	      0x048u /* virtual: 31:3, then 7:0 = 39:32, log2 of the entries in 20:16 */
#define RAMFC_CONFIG	      0x0f4u
#define RAMFC_CHID	      0x0e8u
#define RAMFC_SIGNATURE_VALUE 0xfaceu

/* USERD: 512 bytes (nouveau gv100_chan_userd). */
#define USERD_SIZE   0x200u
#define USERD_GP_GET 0x88u
#define USERD_GP_PUT 0x8cu

#endif /* MODEL_HOST_H */
