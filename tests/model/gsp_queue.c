/* SPDX-License-Identifier: MIT */
/*
 * The firmware's end of the two queues in shared memory: commands come, messages go.
 *
 * The memory is described by an array of page addresses at its start, which counts its own pages too.
 * A queue is a page with a header, then slots of 4 KiB. A message takes one or more slots, the first
 * with an element header: a checksum (all words of the message, folded, must give 0), a sequence
 * number, and how many slots. Each side writes only its own queue's block: its write pointer there,
 * and its read pointer of the other queue there too.
 *
 * A command that is not whole stays where it is, and nothing after it is looked at: the firmware is
 * silent. Public sources tell of no other sign.
 *
 * Sources: OGKM msgq.h, message_queue_cpu.c, message_queue_priv.h; nouveau gsp/r535.c.
 */
#include <string.h>

#include "falcon_regs.h"
#include "gsp.h"
#include "trace.h"

#define PAGE 4096u

/* Access to shared memory at an offset in it. */
static bool shared(struct model *m, bool write, uint64_t offset, void *buf, uint32_t len)
{
	struct model_gsp *g = m->gsp_rm;
	uint8_t *p = buf;

	while (len) {
		uint32_t chunk = PAGE - offset % PAGE;

		if (chunk > len)
			chunk = len;
		if (offset / PAGE >= g->nr_pages ||
		    model_dma(m, write, g->pages[offset / PAGE] + offset % PAGE, p, chunk))
			return false;
		offset += chunk;
		p += chunk;
		len -= chunk;
	}
	return true;
}

/* Part of a queue's slots, from slot `first` on, round its end. */
static bool slots(struct model *m, bool write, uint64_t queue, uint32_t first, void *buf,
		  uint32_t len)
{
	uint32_t room = (m->gsp_rm->slots - first) * PAGE;
	uint32_t head = len < room ? len : room;

	return shared(m, write, queue + PAGE + (uint64_t)first * PAGE, buf, head) &&
	       shared(m, write, queue + PAGE, (uint8_t *)buf + head, len - head);
}

static uint32_t checksum(const uint8_t *p, uint32_t len)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < len; i += 8) {
		uint64_t word = 0;

		memcpy(&word, p + i, len - i < 8 ? len - i : 8);
		sum ^= word;
	}
	return (uint32_t)sum ^ (uint32_t)(sum >> 32);
}

static const char *read_pages(struct model *m, const struct message_queue_init_arguments *args)
{
	struct model_gsp *g = m->gsp_rm;

	if (args->pageTableEntryCount < 3 || args->pageTableEntryCount > GSP_MAX_PAGES)
		return "number of pages";
	if (args->sharedMemPhysAddr % PAGE ||
	    model_dma(m, false, args->sharedMemPhysAddr, g->pages, args->pageTableEntryCount * 8ul))
		return "its page table";
	g->nr_pages = args->pageTableEntryCount;
	for (uint32_t i = 0; i < g->nr_pages; i++)
		if (!g->pages[i] || g->pages[i] % PAGE)
			return "an entry of its page table";
	if (g->pages[0] != args->sharedMemPhysAddr)
		return "its first page is not the page table";
	return NULL;
}

static const char *open_queues(struct model *m, const struct message_queue_init_arguments *args)
{
	uint64_t size = (uint64_t)args->pageTableEntryCount * PAGE;
	struct model_gsp *g = m->gsp_rm;
	struct msgq_tx_header tx;

	if (args->cmdQueueOffset % PAGE || args->statQueueOffset % PAGE ||
	    args->cmdQueueOffset >= size || args->statQueueOffset >= size)
		return "offsets of the queues";
	g->cmdq = args->cmdQueueOffset;
	g->msgq = args->statQueueOffset;
	if (!shared(m, false, g->cmdq, &tx, sizeof(tx)))
		return "header of the command queue";
	if (tx.version || tx.msgSize != PAGE || tx.entryOff != PAGE || tx.rxHdrOff != sizeof(tx) ||
	    !(tx.flags & MSGQ_FLAGS_SWAP_RX) || tx.msgCount < 2 || tx.msgCount >= GSP_MAX_PAGES ||
	    tx.size != (tx.msgCount + 1) * PAGE)
		return "values in the header of the command queue";
	if (g->cmdq + tx.size > size || g->msgq + tx.size > size)
		return "queues that end behind the memory";
	g->slots = tx.msgCount;
	tx.writePtr = 0;
	if (!shared(m, true, g->msgq, &tx, sizeof(tx)))
		return "header of the message queue";
	return NULL;
}

bool model_gsp_queue_start(struct model *m, uint64_t rmargs)
{
	struct message_queue_init_arguments args;
	const char *wrong = "RMARGS";

	if (!model_dma(m, false, rmargs, &args, sizeof(args))) {
		wrong = read_pages(m, &args);
		if (!wrong)
			wrong = open_queues(m, &args);
	}
	if (wrong)
		model_log(m, "GSP stand-in: shared memory refused: %s", wrong);
	return !wrong;
}

/* What is wrong with the command whose first slot has been read; its slots in `count`. */
static const char *read_rest(struct model *m, uint32_t available, uint32_t *count)
{
	struct model_gsp *g = m->gsp_rm;
	struct gsp_msg_queue_element *e = (void *)g->element;
	struct rpc_message_header *rpc = (void *)(g->element + sizeof(*e));
	uint32_t len;

	if (rpc->length < sizeof(*rpc) || rpc->length > GSP_MSG_QUEUE_ELEMENT_SIZE_MAX - sizeof(*e))
		return "length";
	len = (uint32_t)sizeof(*e) + rpc->length;
	*count = (len + PAGE - 1) / PAGE;
	if (e->elemCount != *count || *count > available)
		return "number of elements";
	if (!slots(m, false, g->cmdq, g->cmdq_read, g->element, len))
		return "memory";
	if (checksum(g->element, len))
		return "checksum";
	if (e->seqNum != g->cmdq_seq)
		return "sequence number";
	if (rpc->header_version != NV_VGPU_MSG_HEADER_VERSION ||
	    rpc->signature != NV_VGPU_MSG_SIGNATURE_VALID)
		return "version or signature";
	return NULL;
}

const struct rpc_message_header *model_gsp_receive(struct model *m)
{
	struct model_gsp *g = m->gsp_rm;
	uint32_t write, available, count = 0;
	const char *wrong = "write pointer";
	uint64_t deaf;

	if (model_fault_value(m, MODEL_GSP_DEAF, &deaf))
		return NULL;
	if (shared(m, false, g->cmdq + offsetof(struct msgq_tx_header, writePtr), &write, 4) &&
	    write < g->slots) {
		available = (write + g->slots - g->cmdq_read) % g->slots;
		if (!available)
			return NULL;
		wrong = slots(m, false, g->cmdq, g->cmdq_read, g->element, PAGE)
				? read_rest(m, available, &count)
				: "memory";
	}
	if (wrong) {
		model_log(m, "GSP stand-in: command %u refused: %s", g->cmdq_seq, wrong);
		return NULL;
	}
	g->cmdq_seq++;
	g->cmdq_read = (g->cmdq_read + count) % g->slots;
	shared(m, true, g->msgq + sizeof(struct msgq_tx_header), &g->cmdq_read, 4);
	return (const void *)(g->element + sizeof(struct gsp_msg_queue_element));
}

void model_gsp_send(struct model *m, uint32_t function, uint32_t result, uint32_t sequence,
		    const void *payload, uint32_t len)
{
	struct model_gsp *g = m->gsp_rm;
	struct gsp_msg_queue_element *e = (void *)g->element;
	struct rpc_message_header *rpc = (void *)(g->element + sizeof(*e));
	uint32_t total = (uint32_t)(sizeof(*e) + sizeof(*rpc)) + len, count, read;
	uint64_t fault;

	if (model_fault_value(m, MODEL_GSP_SILENT, &fault) && fault == function)
		return;
	if (model_fault_value(m, MODEL_RPC_RESULT, &fault))
		result = (uint32_t)fault;
	memmove(rpc + 1, payload, len); /* an answer may be made where the question lies */
	model_fault_apply(m, MODEL_FLIP_ANSWER, (uint64_t)function << 32, (uint8_t *)(rpc + 1),
			  len);
	memset(e, 0, sizeof(*e) + sizeof(*rpc));
	count = (total + PAGE - 1) / PAGE;
	memset(g->element + total, 0, (size_t)count * PAGE - total);
	rpc->header_version = NV_VGPU_MSG_HEADER_VERSION;
	rpc->signature = NV_VGPU_MSG_SIGNATURE_VALID;
	rpc->length = (uint32_t)sizeof(*rpc) + len;
	rpc->function = function;
	rpc->rpc_result = result;
	rpc->rpc_result_private = result;
	rpc->sequence = sequence;
	e->elemCount = count;
	e->seqNum = g->msgq_seq;
	e->checkSum = checksum(g->element, total);
	model_fault_apply(m, MODEL_FLIP_RPC, 0, g->element, total);

	if (!shared(m, false, g->cmdq + sizeof(struct msgq_tx_header), &read, 4) ||
	    read >= g->slots || (read + g->slots - g->msgq_write - 1) % g->slots < count ||
	    !slots(m, true, g->msgq, g->msgq_write, g->element, count * PAGE)) {
		model_log(m, "GSP stand-in: message %u (function 0x%x) cannot be sent", g->msgq_seq,
			  function);
		return;
	}
	model_trace(m, MODEL_TRACE_EVENT, function);
	g->msgq_seq++;
	g->msgq_write = (g->msgq_write + count) % g->slots;
	shared(m, true, g->msgq + offsetof(struct msgq_tx_header, writePtr), &g->msgq_write, 4);
	m->gsp.irqstat |= IRQSTAT_SWGEN0;
	model_gsp_interrupt(m);
}
