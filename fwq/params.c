/* SPDX-License-Identifier: MIT */
/*
 * params.c - are these numbers a transport? Asked once per pack, before anything is sized by them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "fwq/params.h"
#include "fwq/view.h"
#include "hv/hv.h"

/* All fields lie inside a header of `size` bytes and no two share a byte. */
static bool fields(uint32_t size, const uint32_t *off, unsigned int n)
{
	if (size > FWQ_HEADER_MAX || size % 4)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (off[i] % 4 || size < 4 || off[i] > size - 4)
			return false;
		for (unsigned int j = 0; j < i; j++)
			if (off[i] == off[j])
				return false;
	}
	return true;
}

#define FIELDS(size, ...)                                                                          \
	fields(size, (const uint32_t[]){__VA_ARGS__},                                              \
	       sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static bool headers(const struct fwq_params *p)
{
	/* The read pointer is in the same page as the header and may not overlap it. */
	if (p->queue.off_read % 4 || p->queue.off_read > FWQ_HEADER_MAX || p->queue.rx_off % 4 ||
	    p->queue.rx_off < p->queue.size || p->queue.rx_off > p->entry_off - 4 ||
	    p->queue.off_read > p->entry_off - 4 - p->queue.rx_off)
		return false;
	return FIELDS(p->queue.size, p->queue.off_version, p->queue.off_size, p->queue.off_msg_size,
		      p->queue.off_msg_count, p->queue.off_write, p->queue.off_flags,
		      p->queue.off_rx_off, p->queue.off_entry_off) &&
	       FIELDS(p->elem.size, p->elem.off_checksum, p->elem.off_seq, p->elem.off_count) &&
	       FIELDS(p->rpc.size, p->rpc.off_version, p->rpc.off_signature, p->rpc.off_length,
		      p->rpc.off_function, p->rpc.off_result, p->rpc.off_private,
		      p->rpc.off_sequence);
}

/* A queue of `bytes`: whole pages, and a record fits when it is empty, where one element stays free. */
static bool queue(const struct fwq_params *p, uint32_t bytes)
{
	return bytes % HV_PAGE_SIZE == 0 && bytes <= FWQ_QUEUE_BYTES_MAX && p->entry_off < bytes &&
	       p->record_max / p->elem_size < fwq_params_elems(p, bytes);
}

int fwq_params_check(const struct fwq_params *p)
{
	if (p->entry_off % 8 || p->entry_off < FWQ_HEADER_MAX)
		return -EINVAL;
	if (p->elem_size % 8 || p->elem_size < 2 * FWQ_HEADER_MAX)
		return -EINVAL;
	if (p->record_max % p->elem_size || !p->record_max)
		return -EINVAL;
	if (!queue(p, p->cmd_size) || !queue(p, p->msg_size))
		return -EINVAL;
	if (!headers(p) || p->rpc.echoes_sequence > 1)
		return -EINVAL;
	/* A continuation that counted as an event would never be put together. */
	if (p->rpc.continuation >= p->rpc.first_event)
		return -EINVAL;
	return 0;
}

/* A field's offset; FWQ_ABSENT, which no check passes, when the pack lacks it. */
#define OFFSET(pack, type, id) ((pack)->field[FWQ_F_##type##__##id].offset)

/* Cut to 32 bits; a larger number is none that fwq_params_check() would pass. */
static uint32_t number_or(const struct fwq_pack *pack, enum fwq_number n, uint32_t absent)
{
	uint64_t v = fwq_number_or(pack, n, absent);

	return v > UINT32_MAX ? UINT32_MAX : (uint32_t)v;
}

/*
 * msgqTxCreate() places the read pointer's header and the first element behind what comes before, at
 * the next boundary. 0, which no check passes, for a boundary that is none.
 */
static uint32_t behind(uint32_t end, uint32_t align_log2)
{
	uint32_t mask;

	if (align_log2 > 20)
		return 0;
	mask = (1u << align_log2) - 1;
	return (end + mask) & ~mask;
}

int fwq_params_from_pack(const struct fwq_pack *pack, struct fwq_params *p)
{
	uint32_t page = fwq_num(pack, RM_PAGE_SIZE);
	/* What 595's GspMsgQueuesInit() passes as arguments; the releases before have them fixed. */
	uint32_t header_align = number_or(pack, FWQ_N_GSP_MSG_QUEUE_HEADER_ALIGN, 4);
	uint32_t elem_align = number_or(pack, FWQ_N_GSP_MSG_QUEUE_ELEMENT_ALIGN, 12);

	*p = (struct fwq_params){
		.cmd_size = fwq_num(pack, defaultCommandQueueSize),
		.msg_size = fwq_num(pack, defaultStatusQueueSize),
		.elem_size = number_or(pack, FWQ_N_GSP_MSG_QUEUE_ELEMENT_SIZE_MIN, page),
		.record_max = number_or(pack, FWQ_N_GSP_MSG_QUEUE_ELEMENT_SIZE_MAX, page * 16),
		.queue = {.size = fwq_sizeof(pack, FWQ_S_msgqTxHeader),
			  .off_version = OFFSET(pack, msgqTxHeader, version),
			  .off_size = OFFSET(pack, msgqTxHeader, size),
			  .off_msg_size = OFFSET(pack, msgqTxHeader, msgSize),
			  .off_msg_count = OFFSET(pack, msgqTxHeader, msgCount),
			  .off_write = OFFSET(pack, msgqTxHeader, writePtr),
			  .off_flags = OFFSET(pack, msgqTxHeader, flags),
			  .off_rx_off = OFFSET(pack, msgqTxHeader, rxHdrOff),
			  .off_entry_off = OFFSET(pack, msgqTxHeader, entryOff),
			  .version = fwq_num(pack, MSGQ_VERSION),
			  .flags = fwq_num(pack, MSGQ_FLAGS_SWAP_RX),
			  .off_read = OFFSET(pack, msgqRxHeader, readPtr)},
		.elem = {.size = OFFSET(pack, GSP_MSG_QUEUE_ELEMENT, rpc),
			 .off_checksum = OFFSET(pack, GSP_MSG_QUEUE_ELEMENT, checkSum),
			 .off_seq = OFFSET(pack, GSP_MSG_QUEUE_ELEMENT, seqNum),
			 .off_count = OFFSET(pack, GSP_MSG_QUEUE_ELEMENT, elemCount)},
		.rpc = {.size = fwq_sizeof(pack, FWQ_S_rpc_message_header_v),
			.off_version = OFFSET(pack, rpc_message_header_v, header_version),
			.off_signature = OFFSET(pack, rpc_message_header_v, signature),
			.off_length = OFFSET(pack, rpc_message_header_v, length),
			.off_function = OFFSET(pack, rpc_message_header_v, function),
			.off_result = OFFSET(pack, rpc_message_header_v, rpc_result),
			.off_private = OFFSET(pack, rpc_message_header_v, rpc_result_private),
			.off_sequence = OFFSET(pack, rpc_message_header_v, sequence),
			.version = fwq_num(pack, NV_VGPU_MSG_HEADER_VERSION_MAJOR_TOT) << 24 |
				   fwq_num(pack, NV_VGPU_MSG_HEADER_VERSION_MINOR_TOT) << 16,
			.signature = fwq_num(pack, NV_VGPU_MSG_SIGNATURE_VALID),
			.unanswered = fwq_num(pack, NV_VGPU_MSG_RESULT_RPC_PENDING),
			.continuation = fwq_num(pack, NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD),
			.first_event = fwq_num(pack, NV_VGPU_MSG_EVENT_FIRST_EVENT)},
	};
	p->queue.rx_off = behind(p->queue.size, header_align);
	p->entry_off = behind(p->queue.rx_off + fwq_sizeof(pack, FWQ_S_msgqRxHeader), elem_align);
	return fwq_params_check(p);
}

uint32_t fwq_params_elems(const struct fwq_params *p, uint32_t bytes)
{
	return (bytes - p->entry_off) / p->elem_size;
}

/* Pages of both queues. */
static uint32_t queue_pages(const struct fwq_params *p)
{
	return p->cmd_size / HV_PAGE_SIZE + p->msg_size / HV_PAGE_SIZE;
}

uint32_t fwq_params_table_pages(const struct fwq_params *p)
{
	uint32_t queues = queue_pages(p), table = 1;

	/* The table maps itself too, so it may need a page more than the queues alone ask for. */
	while ((queues + table) * sizeof(uint64_t) > (size_t)table * HV_PAGE_SIZE)
		table++;
	return table;
}

uint32_t fwq_params_pages(const struct fwq_params *p)
{
	return fwq_params_table_pages(p) + queue_pages(p);
}

uint32_t fwq_params_payload_max(const struct fwq_params *p)
{
	return p->record_max - p->elem.size - p->rpc.size;
}
