/* SPDX-License-Identifier: MIT */
/*
 * channel.h - the way to talk to GSP-RM: the shared block of queues, and fwq/ over it.
 *
 * This is where fwq/ meets the device: the block's pages are this domain's, the doorbell is a register
 * of the GSP. One channel serves one start of the firmware; the next start gets a fresh one.
 */
#ifndef GPU_BOOT_CHANNEL_H
#define GPU_BOOT_CHANNEL_H

#include "fwq/rpc.h"
#include "gpu/core/falcon.h"

struct gpu_boot_channel {
	struct gpu_falcon gsp;
	struct fwq_params params;
	uint8_t *block; /* page table and both queues; NULL: the channel is not open */
	uint64_t *page_addr;
	uint32_t pages;
	void *stage;
	struct fwq_link_mem link;
	struct fwq_queue queue;
	struct fwq_rpc rpc;
	struct fwq_caller caller; /* for calls of boot's own */
};

/*
 * event and arg as for fwq_rpc_init(). *c must not move while open. 0, -ENOMEM; -EINVAL: the pack's
 * queues cannot be: its page table does not fit into one page, whose address is all that GSP-RM gets.
 */
int gpu_boot_channel_open(struct gpu *gpu, const struct fwq_pack *pack, struct gpu_boot_channel *c,
			  void (*event)(struct fwq_rpc *rpc, uint32_t function,
					const uint8_t *payload, uint32_t len),
			  void *arg);
/* The firmware does not run any more. Calls that are not done stay undone: their owner ended them. */
void gpu_boot_channel_close(struct gpu_boot_channel *c);

/* Where the queues are in the block, in bytes. */
uint32_t gpu_boot_channel_cmd_offset(const struct gpu_boot_channel *c);
uint32_t gpu_boot_channel_msg_offset(const struct gpu_boot_channel *c);

#endif /* GPU_BOOT_CHANNEL_H */
