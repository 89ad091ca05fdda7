/* SPDX-License-Identifier: MIT */
/*
 * pair.h - one shared block with our queue at one end and NVIDIA's at the other.
 *
 * Everything of ours comes from the pack; bus addresses are plain addresses, which is how the other
 * end finds its way.
 */
#ifndef TESTS_PEER_MSGQ_PAIR_H
#define TESTS_PEER_MSGQ_PAIR_H

#include "fwq/link.h"
#include "fwq/queue.h"
#include "peer.h"

#define PAIR_VERSION "535.261.03"

struct pair {
	struct fwq_params params;
	uint8_t *block;
	uint64_t *page_addr;
	uint8_t *stage;
	struct fwq_link_mem link;
	struct fwq_queue q;
	unsigned int bells;
	struct peer *peer;
	void *cmd, *msg; /* where the peer found the queues */
};

/* Both ends laid out, the peer's not yet created or linked; ends the program on any failure. */
void pair_open(struct pair *pair);
/* The firmware comes up: describes its queue and links to ours. */
void pair_boot(struct pair *pair);
void pair_close(struct pair *pair);

/* Says what went wrong, and ends the program with 1. */
void pair_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2), noreturn));

#endif /* TESTS_PEER_MSGQ_PAIR_H */
