/* SPDX-License-Identifier: MIT */
/*
 * peer.h - the other end of the queues: NVIDIA's own sender, receiver and msgq.c.
 *
 * This header stands between two worlds that never see each other's types: vendor.c is compiled
 * against NVIDIA's headers alone, everything else against ours. Both know only what is below, so no
 * layout of ours can leak into the judge of it.
 */
#ifndef TESTS_PEER_MSGQ_PEER_H
#define TESTS_PEER_MSGQ_PEER_H

#include <stdint.h>

/* One end of a pair of queues; opaque, from peer_new(). */
struct peer;

/* An RPC, header fields taken apart. */
struct peer_rpc {
	uint32_t function, sequence, result;
	const uint8_t *payload;
	uint32_t len; /* of the payload */
};

/* Longest payload of one record, by the vendor's numbers. */
uint32_t peer_payload_max(void);

/* Function of a record that goes on with the message before; number of the first event. */
uint32_t peer_continuation(void);
uint32_t peer_first_event(void);

struct peer *peer_new(void);
void peer_delete(struct peer *peer);

/*
 * Where the firmware finds the two queues in a shared block that begins with the table of its own
 * pages, read as firmware reads it: entry by entry. NULL when the table is not what the vendor's
 * driver would have written.
 */
void *peer_find_queue(void *block, unsigned int n);

/* msgqTxCreate() with the vendor's sizes and alignments; msgqRxLink() with its return value. */
int peer_create(struct peer *peer, void *queue);
int peer_link(struct peer *peer, const void *queue);

/* GspMsgQueueSendCommand(). 1: sent, 0: no room, -1: refused. */
int peer_send(struct peer *peer, const struct peer_rpc *rpc);

/*
 * GspMsgQueueReceiveStatus(). 1: *rpc is set, payload valid until the next call; 0: nothing there;
 * -1: what is there is wrong.
 */
int peer_receive(struct peer *peer, struct peer_rpc *rpc);

/*
 * Looks at the record just received once more, by the vendor's structures and arithmetic of this
 * test's own: checksum, sequence number, element count, unused bytes, header words. NULL: all is
 * right; otherwise what is not.
 */
const char *peer_judge(const struct peer *peer);

/* Which element it writes next. */
uint32_t peer_position(const struct peer *peer);

/* Bytes that the vendor's code has had copied and set since the start. */
extern uint64_t peer_bytes_copied;

#endif /* TESTS_PEER_MSGQ_PEER_H */
