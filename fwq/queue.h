/* SPDX-License-Identifier: MIT */
/*
 * queue.h - the command queue (ours to the firmware) and the message queue (its to us).
 *
 * Both are rings of elements in one shared block that begins with a table of its own pages. A record
 * is an element header and one RPC (header and payload), in as many consecutive elements as it needs;
 * it may run over the end of the ring. The header holds a checksum, a sequence number and the number
 * of elements. One element always stays free, so that equal positions mean empty.
 *
 * Sending: fwq_queue_begin() lends the ring's own memory, the caller writes the RPC in place,
 * fwq_queue_commit() publishes. Receiving: a record is copied once into private memory, then
 * checked, then handed out. Nothing is allocated and nothing waits.
 *
 * What the firmware can do wrong, and what happens:
 *  - checksum, length or element count wrong: read again, three times in all (data may be late),
 *    then the record is skipped and counted; when its count cannot be right, everything
 *    published so far is skipped, because only the published position is known to be a boundary;
 *  - an older sequence number: the record is skipped and counted; a newer one: records are missing,
 *    `gaps` is counted, the record is good;
 *  - a position outside the ring, or a queue header that is not the agreed one: the pair is broken
 *    for good (-EIO), because nothing after it means anything. The header is looked at when the first
 *    message is there: before that it may be half written.
 *
 * Source: NVIDIA/open-gpu-kernel-modules message_queue_cpu.c (GspMsgQueueSendCommand,
 * GspMsgQueueReceiveStatus).
 */
#ifndef FWQ_QUEUE_H
#define FWQ_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwq/link.h"
#include "fwq/params.h"

struct fwq_queue_stats {
	uint64_t sent, received; /* records */
	uint64_t rereads;	 /* a record had to be read again */
	uint64_t bad_records;	 /* skipped: checksum, length or count */
	uint64_t old, gaps;	 /* sequence number behind; ahead */
	uint64_t bytes_in;	 /* copied out of the shared block */
};

/* Owned by the caller; the fields are the queue's. */
struct fwq_queue {
	const struct fwq_params *p;
	struct fwq_link *link;
	uint8_t *cmd, *msg; /* the two queues in the shared block */
	uint8_t *stage;	    /* private memory for one record */
	uint32_t cmd_elems, msg_elems;
	uint32_t write,
		read; /* our positions; memory that others can write is not asked for them */
	uint32_t tx_seq, rx_seq;
	uint32_t lent; /* bytes of the RPC begun; 0: none */
	bool linked;   /* the firmware has set its queue up as agreed */
	bool broken;
	struct fwq_queue_stats stats;
};

/* A piece of ring memory, private to us until it is committed. */
struct fwq_span {
	uint8_t *at;
	uint32_t len;
};

/*
 * Lay out the shared block and set positions and sequence numbers to zero: before the firmware
 * starts. p is checked by this; p, link and stage (p->record_max bytes, 8-byte aligned) stay the
 * caller's and must outlive the queue. -EINVAL.
 */
int fwq_queue_init(struct fwq_queue *q, const struct fwq_params *p, struct fwq_link *link,
		   void *stage, size_t stage_size);

/*
 * Borrow room for an RPC of len bytes, header included: out[0] and, where the ring ends in between,
 * out[1]. Every byte must be written before the commit. -EAGAIN: no room now; -EMSGSIZE: a record
 * cannot be that long (or short); -EIO: broken. A second begin replaces the first.
 */
int fwq_queue_begin(struct fwq_queue *q, uint32_t len, struct fwq_span out[2]);
/* Seal what was begun, publish it and ring the doorbell. */
void fwq_queue_commit(struct fwq_queue *q);

/*
 * The next good record: 1 with *rpc and *len set (private memory, valid until the next call; len is
 * at least the RPC header), 0: nothing there, -EIO: broken. Looks at no more than one ring of
 * elements, however fast the firmware writes.
 */
int fwq_queue_receive(struct fwq_queue *q, const uint8_t **rpc, uint32_t *len);

/* XOR of 64-bit words, folded to 32 bits; a tail of less than 8 bytes counts as padded with zeros. */
uint32_t fwq_checksum(const uint8_t *at, size_t len);

/* Little-endian words of headers, at any alignment. */
static inline uint32_t fwq_get32(const uint8_t *at)
{
	uint32_t v;

	__builtin_memcpy(&v, at, sizeof(v));
	return v;
}

static inline void fwq_put32(uint8_t *at, uint32_t v)
{
	__builtin_memcpy(at, &v, sizeof(v));
}

/* Positions: w and r below n, k at most n. */
static inline uint32_t fwq_ring_used(uint32_t w, uint32_t r, uint32_t n)
{
	return w >= r ? w - r : w + (n - r);
}

static inline uint32_t fwq_ring_add(uint32_t pos, uint32_t k, uint32_t n)
{
	return k < n - pos ? pos + k : k - (n - pos);
}

#endif /* FWQ_QUEUE_H */
