/* SPDX-License-Identifier: MIT */
/*
 * fwq_side.h - the firmware's side of the queues, for tests of fwq/.
 *
 * Written from the wire's description (GSP-RM 535 to 595), with its own numbers and its own
 * arithmetic: nothing here reads struct fwq_params or calls fwq/, so that a mistake there is not
 * repeated here. The parameters at the end are what a pack for these versions must say.
 */
#ifndef TESTS_UNIT_FWQ_SIDE_H
#define TESTS_UNIT_FWQ_SIDE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "fwq/params.h"

/* Sizes of the wire; a test that wants a small ring defines its own, all four. */
#ifndef SIDE_QUEUE
#define SIDE_QUEUE  0x40000u /* bytes of a queue */
#define SIDE_ENTRY  0x1000u  /* where its slots begin */
#define SIDE_SLOT   0x1000u  /* bytes of a slot */
#define SIDE_RECORD 16u	     /* slots of the longest record */
#endif
#define SIDE_PAGES   (1 + 2 * SIDE_QUEUE / 4096)
#define SIDE_CMD     0x1000u		     /* the command queue within the block */
#define SIDE_MSG     (SIDE_CMD + SIDE_QUEUE) /* the message queue */
#define SIDE_SLOTS   ((SIDE_QUEUE - SIDE_ENTRY) / SIDE_SLOT)
#define SIDE_RPC_MAX (SIDE_RECORD * SIDE_SLOT - 48) /* RPC header and payload of one record */
#define SIDE_PAYLOAD (SIDE_RPC_MAX - 32)

static uint8_t side_block[SIDE_PAGES * 4096] __attribute__((aligned(4096)));
static uint64_t side_addr[SIDE_PAGES];
static uint32_t side_cmd_read, side_msg_write; /* its own positions */
static uint32_t side_seq_in, side_seq_out;
static unsigned int side_bells;

static inline uint32_t side_get(uint32_t at)
{
	uint32_t v;

	memcpy(&v, side_block + at, 4);
	return v;
}

static inline void side_set(uint32_t at, uint32_t v)
{
	memcpy(side_block + at, &v, 4);
}

/* XOR of 32-bit words: the same as folding an XOR of 64-bit words when padded to 8 bytes. */
static inline uint32_t side_sum(const uint8_t *at, uint32_t len)
{
	uint32_t sum = 0;

	for (uint32_t i = 0; i < len; i++)
		sum ^= (uint32_t)at[i] << (i % 4 * 8);
	return sum;
}

static inline void side_ring(void *arg)
{
	(void)arg;
	side_bells++;
}

static inline void side_addresses(void)
{
	for (unsigned int i = 0; i < SIDE_PAGES; i++)
		side_addr[i] = 0x4200000000ull + (uint64_t)(i * 7 % SIDE_PAGES) * 4096;
	side_cmd_read = side_msg_write = side_seq_in = side_seq_out = side_bells = 0;
}

/* The firmware comes up: it describes its queue. */
static inline void side_boot(void)
{
	static const uint32_t header[8] = {0, SIDE_QUEUE, SIDE_SLOT, SIDE_SLOTS,
					   0, 1,	  32,	     SIDE_ENTRY};

	for (unsigned int i = 0; i < 8; i++)
		side_set(SIDE_MSG + 4 * i, header[i]);
}

static inline uint8_t *side_slot(uint32_t queue, uint32_t n)
{
	return side_block + queue + SIDE_ENTRY + (size_t)(n % SIDE_SLOTS) * SIDE_SLOT;
}

/*
 * The next command: its RPC (header and payload) into rpc, its length returned; 0: none, -1: what
 * is there is not a record as it has to be.
 */
static inline int side_take(uint8_t rpc[SIDE_RPC_MAX])
{
	static uint8_t rec[SIDE_RECORD * SIDE_SLOT];
	uint32_t write = side_get(SIDE_CMD + 16), have, n, len, v[4];

	if (write >= SIDE_SLOTS)
		return -1;
	have = (write + SIDE_SLOTS - side_cmd_read) % SIDE_SLOTS;
	if (!have)
		return 0;
	memcpy(v, side_slot(SIDE_CMD, side_cmd_read) + 32, sizeof(v));
	n = v[2];
	if (!n || n > SIDE_RECORD || n > have || v[1] != side_seq_in || v[3])
		return -1;
	for (uint32_t i = 0; i < n; i++)
		memcpy(rec + (size_t)i * SIDE_SLOT, side_slot(SIDE_CMD, side_cmd_read + i),
		       SIDE_SLOT);
	memcpy(&len, rec + 48 + 8, 4);
	if (len < 32 || len > SIDE_RPC_MAX || n != (48 + len + SIDE_SLOT - 1) / SIDE_SLOT)
		return -1;
	for (unsigned int i = 0; i < 32; i++)
		if (rec[i])
			return -1;
	if (side_sum(rec, (48 + len + 7) / 8 * 8))
		return -1;
	memcpy(rpc, rec + 48, len);
	side_seq_in++;
	side_cmd_read = (side_cmd_read + n) % SIDE_SLOTS;
	side_set(SIDE_MSG + 32, side_cmd_read);
	return (int)len;
}

/* Records that can be put now, in slots. */
static inline uint32_t side_room(void)
{
	return SIDE_SLOTS - 1 -
	       (side_msg_write + SIDE_SLOTS - side_get(SIDE_CMD + 32)) % SIDE_SLOTS;
}

/* Send an RPC; false: no room. */
static inline bool side_put(const uint8_t *rpc, uint32_t len)
{
	static uint8_t rec[SIDE_RECORD * SIDE_SLOT];
	uint32_t n = (48 + len + SIDE_SLOT - 1) / SIDE_SLOT, v[4] = {0, side_seq_out, n, 0};

	if (n > side_room())
		return false;
	memset(rec, 0, (size_t)n * SIDE_SLOT);
	memcpy(rec + 32, v, sizeof(v));
	memcpy(rec + 48, rpc, len);
	v[0] = side_sum(rec, 48 + len);
	memcpy(rec + 32, v, sizeof(v));
	for (uint32_t i = 0; i < n; i++)
		memcpy(side_slot(SIDE_MSG, side_msg_write + i), rec + (size_t)i * SIDE_SLOT,
		       SIDE_SLOT);
	side_seq_out++;
	side_msg_write = (side_msg_write + n) % SIDE_SLOTS;
	side_set(SIDE_MSG + 16, side_msg_write);
	return true;
}

/* One record of a message: header and payload into rpc; returns its length. */
static inline uint32_t side_rpc(uint8_t rpc[SIDE_RPC_MAX], uint32_t function, uint32_t sequence,
				uint32_t result, const void *payload, uint32_t len)
{
	const uint32_t header[8] = {0x03000000, 0x43505256, 32 + len, function,
				    result,	result,	    sequence, 0};

	memcpy(rpc, header, 32);
	if (len)
		memcpy(rpc + 32, payload, len);
	return 32 + len;
}

static inline uint32_t side_word(const uint8_t *rpc, unsigned int n)
{
	uint32_t v;

	memcpy(&v, rpc + (size_t)4 * n, 4);
	return v;
}

static inline struct fwq_params side_params(void)
{
	return (struct fwq_params){
		.cmd_size = SIDE_QUEUE,
		.msg_size = SIDE_QUEUE,
		.entry_off = SIDE_ENTRY,
		.elem_size = SIDE_SLOT,
		.record_max = SIDE_RECORD * SIDE_SLOT,
		.queue = {.size = 32,
			  .off_version = 0,
			  .off_size = 4,
			  .off_msg_size = 8,
			  .off_msg_count = 12,
			  .off_write = 16,
			  .off_flags = 20,
			  .off_rx_off = 24,
			  .off_entry_off = 28,
			  .flags = 1,
			  .rx_off = 32},
		.elem = {.size = 48, .off_checksum = 32, .off_seq = 36, .off_count = 40},
		.rpc = {.size = 32,
			.off_version = 0,
			.off_signature = 4,
			.off_length = 8,
			.off_function = 12,
			.off_result = 16,
			.off_private = 20,
			.off_sequence = 24,
			.version = 0x03000000,
			.signature = 0x43505256,
			.unanswered = 0xffffffff,
			.continuation = 71,
			.first_event = 0x1000,
			.echoes_sequence = 1},
	};
}

#endif /* TESTS_UNIT_FWQ_SIDE_H */
