/* SPDX-License-Identifier: MIT */
/*
 * vendor.c - one end of the queues, all of it NVIDIA's: compiled against its headers alone.
 *
 * The vendor's message_queue_cpu.c (GspMsgQueueSendCommand, GspMsgQueueReceiveStatus) and msgq.c are
 * compiled as they are and linked in; this file makes the objects that they work on, without the
 * device that NVIDIA's set-up code needs. The CPU's end and the firmware's end of such a pair are
 * mirror images, so the same code can play either.
 */
#include "core/core.h"
#include "vgpu/rpc_headers.h"
#define RPC_STRUCTURES
#define RPC_GENERIC_UNION
#include "vgpu/rpc_global_enums.h"
#include "g_rpc-structures.h"
#undef RPC_STRUCTURES
#undef RPC_GENERIC_UNION
#define RPC_MESSAGE_STRUCTURES
#define RPC_MESSAGE_GENERIC_UNION
#include "g_rpc-message-header.h"
#undef RPC_MESSAGE_STRUCTURES
#undef RPC_MESSAGE_GENERIC_UNION
#include "gpu/gpu.h"
#include "gpu/gsp/message_queue.h"
#include "gpu/gsp/message_queue_priv.h"
#include "gpu/gsp/kernel_gsp.h"
#include "msgq/msgq_priv.h"

#include <stddef.h>

#include "peer.h"

/* The C library's, whose headers the vendor's get along with badly. */
void *calloc(size_t n, size_t size);
void *aligned_alloc(size_t align, size_t size);
void free(void *at);

#define QUEUE_SIZE  0x40000u /* both queues: defaultCommandQueueSize in message_queue_cpu.c */
#define QUEUE_PAGES (QUEUE_SIZE / RM_PAGE_SIZE)

struct peer {
	MESSAGE_QUEUE_INFO info;
	OBJGPU *gpu; /* all zero: no confidential computing, no HAL */
};

uint32_t peer_payload_max(void)
{
	return GSP_MSG_QUEUE_RPC_SIZE_MAX - sizeof(rpc_message_header_v);
}

uint32_t peer_continuation(void)
{
	return NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD;
}

uint32_t peer_first_event(void)
{
	return NV_VGPU_MSG_EVENT_FIRST_EVENT;
}

/* As _gspMsgQueueInit() does it: a page-aligned record, behind it msgq's own data. */
struct peer *peer_new(void)
{
	struct peer *peer = calloc(1, sizeof(*peer));
	NvLength area = GSP_MSG_QUEUE_ELEMENT_SIZE_MAX +
			NV_ALIGN_UP((NvLength)msgqGetMetaSize(), RM_PAGE_SIZE);

	peer->gpu = calloc(1, sizeof(*peer->gpu));
	peer->info.pWorkArea = aligned_alloc(RM_PAGE_SIZE, area);
	portMemSet(peer->info.pWorkArea, 0, area);
	peer->info.pCmdQueueElement = peer->info.pWorkArea;
	peer->info.pMetaData = (NvU8 *)peer->info.pWorkArea + GSP_MSG_QUEUE_ELEMENT_SIZE_MAX;
	peer->info.pRpcMsgBuf = &peer->info.pCmdQueueElement->rpc;
	peer->info.commandQueueSize = QUEUE_SIZE;
	peer->info.statusQueueSize = QUEUE_SIZE;
	msgqInit(&peer->info.hQueue, peer->info.pMetaData);
	return peer;
}

void peer_delete(struct peer *peer)
{
	free(peer->info.pWorkArea);
	free(peer->gpu);
	free(peer);
}

void *peer_find_queue(void *block, unsigned int n)
{
	const RmPhysAddr *table = block;
	/* One table page maps itself and both queues, in this order. */
	NvU32 pages = 1 + 2 * QUEUE_PAGES;

	for (NvU32 i = 0; i < pages; i++)
		if (table[i] != (RmPhysAddr)(NvUPtr)block + (RmPhysAddr)i * RM_PAGE_SIZE)
			return NULL;
	return (NvU8 *)block + RM_PAGE_SIZE + n * QUEUE_SIZE;
}

int peer_create(struct peer *peer, void *queue)
{
	peer->info.pCommandQueue = queue;
	return msgqTxCreate(peer->info.hQueue, queue, QUEUE_SIZE, GSP_MSG_QUEUE_ELEMENT_SIZE_MIN,
			    GSP_MSG_QUEUE_HEADER_ALIGN, GSP_MSG_QUEUE_ELEMENT_ALIGN,
			    MSGQ_FLAGS_SWAP_RX);
}

int peer_link(struct peer *peer, const void *queue)
{
	peer->info.pStatusQueue = (void *)(NvUPtr)queue;
	return msgqRxLink(peer->info.hQueue, queue, QUEUE_SIZE, GSP_MSG_QUEUE_ELEMENT_SIZE_MIN);
}

int peer_send(struct peer *peer, const struct peer_rpc *rpc)
{
	rpc_message_header_v *msg = peer->info.pRpcMsgBuf;
	NV_STATUS status;

	if (rpc->len > peer_payload_max())
		return -1;
	/* As rpcWriteCommonHeader() does for NVIDIA's own calls. */
	portMemSet(msg, 0, sizeof(*msg));
	msg->header_version = DRF_DEF(_VGPU, _MSG_HEADER_VERSION, _MAJOR, _TOT) |
			      DRF_DEF(_VGPU, _MSG_HEADER_VERSION, _MINOR, _TOT);
	msg->signature = NV_VGPU_MSG_SIGNATURE_VALID;
	msg->length = sizeof(*msg) + rpc->len;
	msg->function = rpc->function;
	msg->rpc_result = rpc->result;
	msg->rpc_result_private = rpc->result;
	msg->sequence = rpc->sequence;
	/* A caller may have built its payload in place. */
	if (rpc->len && rpc->payload != (NvU8 *)msg->rpc_message_data)
		portMemCopy(msg->rpc_message_data, rpc->len, rpc->payload, rpc->len);
	status = GspMsgQueueSendCommand(&peer->info, peer->gpu);
	return status == NV_OK ? 1 : status == NV_ERR_BUSY_RETRY ? 0 : -1;
}

uint32_t peer_position(const struct peer *peer)
{
	return ((const msgqMetadata *)peer->info.hQueue)->tx.writePtr;
}

int peer_receive(struct peer *peer, struct peer_rpc *rpc)
{
	const rpc_message_header_v *msg = peer->info.pRpcMsgBuf;
	NV_STATUS status = GspMsgQueueReceiveStatus(&peer->info, peer->gpu);

	if (status == NV_WARN_NOTHING_TO_DO)
		return 0;
	if (status != NV_OK)
		return -1;
	rpc->function = msg->function;
	rpc->sequence = msg->sequence;
	rpc->result = msg->rpc_result;
	rpc->payload = (const NvU8 *)msg->rpc_message_data;
	rpc->len = msg->length - sizeof(*msg);
	return 1;
}

const char *peer_judge(const struct peer *peer)
{
	const GSP_MSG_QUEUE_ELEMENT *e = peer->info.pCmdQueueElement;
	const rpc_message_header_v *msg = &e->rpc;
	NvU32 bytes = NV_OFFSETOF(GSP_MSG_QUEUE_ELEMENT, rpc) + msg->length;
	const NvU32 *word = (const NvU32 *)e;
	NvU32 sum = 0;

	/* The wire's checksum is 64 bits wide and folded; word by word it comes to the same. */
	for (NvU32 i = 0; i < (bytes + 7) / 8 * 2; i++)
		sum ^= word[i];
	if (sum)
		return "checksum";
	if (e->seqNum != peer->info.rxSeqNum - 1)
		return "sequence number";
	if (e->elemCount != (bytes + RM_PAGE_SIZE - 1) / RM_PAGE_SIZE)
		return "element count";
	for (NvU32 i = 0; i < NV_OFFSETOF(GSP_MSG_QUEUE_ELEMENT, checkSum) / 4; i++)
		if (word[i])
			return "authentication fields not zero";
	for (NvU32 i = bytes; i % 8; i++)
		if (((const NvU8 *)e)[i])
			return "padding not zero";
	if (msg->header_version != 0x03000000 || msg->signature != NV_VGPU_MSG_SIGNATURE_VALID)
		return "version or signature";
	if (msg->rpc_result != NV_VGPU_MSG_RESULT_RPC_PENDING ||
	    msg->rpc_result_private != NV_VGPU_MSG_RESULT_RPC_PENDING)
		return "result of a call";
	if (msg->u.spare)
		return "spare word not zero";
	return NULL;
}
