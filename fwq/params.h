/* SPDX-License-Identifier: MIT */
/*
 * params.h - what the shared-memory transport must know about one firmware version.
 *
 * Everything that has changed, or could, between firmware versions is a number in here: sizes,
 * offsets of header fields, function numbers. An ABI pack fills the structure; the code below it
 * compares no version. A pack may be wrong or hostile, so nothing uses a structure that
 * fwq_params_check() has not passed.
 *
 * Vendor names (NVIDIA/open-gpu-kernel-modules): message_queue_priv.h GSP_MSG_QUEUE_*, msgq_priv.h
 * msgqTxHeader and msgqRxHeader, g_rpc-structures.h rpc_message_header_v.
 */
#ifndef FWQ_PARAMS_H
#define FWQ_PARAMS_H

#include <stdint.h>

/* Limits of ours on what a pack may ask for. */
#define FWQ_QUEUE_BYTES_MAX 0x100000u /* one queue, header included */
#define FWQ_HEADER_MAX	    256u      /* any header: queue, element, RPC */

/* Offsets and sizes are bytes. Fields are little-endian 32-bit words. */
struct fwq_params {
	/* The shared block: page table, command queue, message queue; each queue like this: */
	uint32_t cmd_size, msg_size; /* bytes of a queue, header included (0x40000) */
	uint32_t entry_off;	     /* of the first element within a queue (0x1000) */
	uint32_t elem_size;	     /* bytes of one element (0x1000) */
	uint32_t record_max;	     /* longest record with its element header (0x10000) */

	/* msgqTxHeader opens each queue and belongs to its producer. */
	struct {
		uint32_t size; /* of the whole header (32) */
		uint32_t off_version, off_size, off_msg_size, off_msg_count;
		uint32_t off_write, off_flags, off_rx_off, off_entry_off;
		uint32_t version; /* value (0) */
		uint32_t flags;	  /* value: MSGQ_FLAGS_SWAP_RX (1) */
		/* msgqRxHeader: where in the queue that its owner produces the read pointer is. */
		uint32_t rx_off;
		uint32_t off_read; /* within msgqRxHeader */
	} queue;

	/* GSP_MSG_QUEUE_ELEMENT without the RPC that it carries. */
	struct {
		uint32_t size; /* (48) */
		uint32_t off_checksum, off_seq, off_count;
	} elem;

	/* rpc_message_header_v */
	struct {
		uint32_t size; /* (32) */
		uint32_t off_version, off_signature, off_length, off_function;
		uint32_t off_result, off_private, off_sequence;
		uint32_t version;      /* value (0x03000000) */
		uint32_t signature;    /* value (0x43505256) */
		uint32_t unanswered;   /* value of both results in a call (0xffffffff) */
		uint32_t continuation; /* NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD (71) */
		uint32_t first_event;  /* numbers from here on are events (0x1000) */
		/*
		 * 1: a reply repeats the sequence number of its call. 0: it may not; then calls of one
		 * function are told apart by order alone (see rpc.h).
		 */
		uint32_t echoes_sequence;
	} rpc;
};

struct fwq_pack;

/*
 * The parameters of a complete pack (fwq_pack_complete()), checked. Numbers that a release leaves to the
 * driver as arguments (595: sizes and alignment of elements) get the values its own driver passes.
 * echoes_sequence is 0, which is right for every firmware: no pack can tell. -EINVAL.
 */
int fwq_params_from_pack(const struct fwq_pack *pack, struct fwq_params *p);

/* 0, or -EINVAL for numbers that could make the transport leave its memory or stand still. */
int fwq_params_check(const struct fwq_params *p);

/* Everything below is for checked parameters. */

/* Elements in a queue of `bytes` (cmd_size, msg_size); one of them always stays free. */
uint32_t fwq_params_elems(const struct fwq_params *p, uint32_t bytes);
/* Pages of the page table, and of the whole block (page table and both queues). */
uint32_t fwq_params_table_pages(const struct fwq_params *p);
uint32_t fwq_params_pages(const struct fwq_params *p);
/* Longest payload of one record. */
uint32_t fwq_params_payload_max(const struct fwq_params *p);

#endif /* FWQ_PARAMS_H */
