/* SPDX-License-Identifier: MIT */
/*
 * link.h - how the two ends of a pair of queues reach each other.
 *
 * The elements of both queues are in memory that the firmware reaches by DMA. Where each end finds
 * the other's positions is another matter: firmware so far keeps them in the queues' own header
 * pages, others keep them in registers. A link hides that, and the doorbell. It is also all that
 * fwq/ knows of the device, so that this folder touches no register.
 *
 * Positions are element numbers, 0 to elements - 1. What peer_* returns is whatever the firmware put
 * there: read once per call, checked by the queue, not by the link.
 */
#ifndef FWQ_LINK_H
#define FWQ_LINK_H

#include <stdint.h>

#include "fwq/params.h"

struct fwq_link {
	/* The shared block: contiguous for us, zeroed, page_addr[i] the bus address of page i. */
	uint8_t *block;
	const uint64_t *page_addr;
	uint32_t pages;

	/* Tell the firmware how far we have written commands, and read messages. */
	void (*publish_write)(struct fwq_link *link, uint32_t pos);
	void (*publish_read)(struct fwq_link *link, uint32_t pos);
	/* How far it has written messages, and read commands. */
	uint32_t (*peer_write)(struct fwq_link *link);
	uint32_t (*peer_read)(struct fwq_link *link);
	/* Make it look at the command queue. */
	void (*doorbell)(struct fwq_link *link);
};

/*
 * Positions in memory. With swapped read pointers (MSGQ_FLAGS_SWAP_RX) each end writes only its own
 * queue: our position in the firmware's message queue is in the header page of the command queue,
 * and the firmware's position in the command queue is in the header page of the message queue.
 */
struct fwq_link_mem {
	struct fwq_link link;
	uint8_t *cmd_write, *cmd_read; /* how far: we wrote, it read commands */
	uint8_t *msg_write, *msg_read; /* how far: it wrote, we read messages */
	void (*ring)(void *arg);
	void *arg;
};

/*
 * params are checked; block and page_addr (pages of them) stay the caller's and must outlive the
 * link; ring(arg) writes the doorbell register. -EINVAL when the block is too small.
 */
int fwq_link_mem_init(struct fwq_link_mem *l, const struct fwq_params *p, uint8_t *block,
		      const uint64_t *page_addr, uint32_t pages, void (*ring)(void *arg),
		      void *arg);

#endif /* FWQ_LINK_H */
