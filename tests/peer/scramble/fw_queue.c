/* SPDX-License-Identifier: MIT */
/*
 * fw_queue.c - the responder's end of the queues, by the vendor's structures.
 *
 * Memory is one file. A bus address is a place in it; the page table at the head of the shared block
 * says which pages make up the block, and they are mapped here in that order, as firmware does.
 * The driver's pages lie scattered, so a page table that is not believed leads nowhere.
 *
 * Each end writes its own queue only: where we have read in the command queue is told in the header
 * page of the status queue, because the driver asks for MSGQ_FLAGS_SWAP_RX.
 */
#define _GNU_SOURCE
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "firmware.h"

#define WAIT_MS	    5000
#define PAGE	    RM_PAGE_SIZE
#define MESSAGE_MAX (4u << 20)
#define HEADER_VERSION                                                                             \
	((NvU32)(DRF_DEF(_VGPU, _MSG_HEADER_VERSION, _MAJOR, _TOT) |                               \
		 DRF_DEF(_VGPU, _MSG_HEADER_VERSION, _MINOR, _TOT)))

static struct fw_options opt;
static NvU8 *memory;
static NvU64 memory_size;
static NvU8 *block; /* the shared block, in its own order */

static volatile msgqTxHeader *cmd, *sts; /* headers of both queues */
static volatile NvU32 *cmd_read;	 /* ours: how far we have read commands */
static volatile NvU32 *sts_read;	 /* the driver's: how far it has read ours */
static NvU32 rx_at, tx_at, rx_seq, tx_seq;
NvU32 fw_refused;

void fw_die(const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "firmware: ");
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	exit(3);
}

NvU32 fw_refuse(NvU32 status, const char *fmt, ...)
{
	va_list ap;

	fprintf(stderr, "firmware: refused with 0x%x: ", status);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fprintf(stderr, "\n");
	fw_refused++;
	return status;
}

/* ---------------------------------------------------------------- set-up */

/* The driver rings after it has written; without a ring nobody looks. */
static void wait_doorbell(void)
{
	struct pollfd p = {.fd = opt.doorbell, .events = POLLIN};
	NvU64 count;

	if (poll(&p, 1, WAIT_MS) != 1)
		fw_die("no doorbell for %d ms; %u commands so far", WAIT_MS, rx_seq);
	if (read(opt.doorbell, &count, sizeof(count)) != sizeof(count))
		fw_die("the driver has gone");
}

static NvU8 *at(NvU64 pa, NvU64 len, const char *what)
{
	if (pa < A_DMA_BASE || pa - A_DMA_BASE > memory_size ||
	    memory_size - (pa - A_DMA_BASE) < len)
		fw_die("%s: %llu bytes at 0x%llx are no memory", what, (unsigned long long)len,
		       (unsigned long long)pa);
	return memory + (pa - A_DMA_BASE);
}

/* The region of this name: eight characters, first the highest byte. */
static const LibosMemoryRegionInitArgument *region(const char *name)
{
	const LibosMemoryRegionInitArgument *a = (const void *)at(
		A_DMA_BASE, LIBOS_MEMORY_REGION_INIT_ARGUMENTS_MAX, "libos arguments");
	NvU64 id = 0;

	for (const char *c = name; *c; c++)
		id = id << 8 | (NvU8)*c;
	for (NvU32 i = 0; i < LIBOS_MEMORY_REGION_INIT_ARGUMENTS_MAX / sizeof(*a); i++)
		if (a[i].id8 == id) {
			if (a[i].kind != LIBOS_MEMORY_REGION_CONTIGUOUS ||
			    a[i].loc != LIBOS_MEMORY_REGION_LOC_SYSMEM)
				fw_die("%s: kind %u at location %u", name, a[i].kind, a[i].loc);
			return &a[i];
		}
	fw_die("no %s among the libos arguments", name);
}

static NvU32 align(NvU32 value, NvU32 log2)
{
	return (value + (1u << log2) - 1) & ~((1u << log2) - 1);
}

static void map_block(const MESSAGE_QUEUE_INIT_ARGUMENTS *a)
{
	NvU64 pages = a->pageTableEntryCount;
	const NvU64 *table = (const void *)at(a->sharedMemPhysAddr,
					      pages * 8 < PAGE ? pages * 8 : PAGE, "page table");

	if (!pages || pages * 8 > 2 * PAGE)
		fw_die("a page table of %llu entries", (unsigned long long)pages);
	if (table[0] != a->sharedMemPhysAddr)
		fw_die("the page table does not begin with itself");
	block = mmap(NULL, pages * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (NvU64 i = 0; i < pages; i++) {
		/* From its second page on the table is read where it has mapped itself. */
		NvU64 pa = ((const NvU64 *)(i * 8 < PAGE ? (const void *)table : block))[i];

		at(pa, PAGE, "page");
		if (mmap(block + i * PAGE, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
			 opt.memory, (off_t)(pa - A_DMA_BASE)) == MAP_FAILED)
			fw_die("page %llu at 0x%llx", (unsigned long long)i,
			       (unsigned long long)pa);
	}
}

void fw_expect(const char *what, NvU64 have, NvU64 want)
{
	if (have != want)
		fw_die("%s is 0x%llx, not 0x%llx", what, (unsigned long long)have,
		       (unsigned long long)want);
}

static void check_command_queue(NvU32 size)
{
	NvU32 rx = align(sizeof(msgqTxHeader), GSP_MSG_QUEUE_HEADER_ALIGN);
	NvU32 entries = align(rx + sizeof(msgqRxHeader), GSP_MSG_QUEUE_ELEMENT_ALIGN);

	fw_expect("command queue: size to the status queue", size, COMMAND_QUEUE_SIZE);
	fw_expect("command queue: version", cmd->version, MSGQ_VERSION);
	fw_expect("command queue: size", cmd->size, size);
	fw_expect("command queue: msgSize", cmd->msgSize, GSP_MSG_QUEUE_ELEMENT_SIZE_MIN);
	fw_expect("command queue: flags", cmd->flags, MSGQ_FLAGS_SWAP_RX);
	fw_expect("command queue: rxHdrOff", cmd->rxHdrOff, rx);
	fw_expect("command queue: entryOff", cmd->entryOff, entries);
	fw_expect("command queue: msgCount", cmd->msgCount,
		  (size - entries) / GSP_MSG_QUEUE_ELEMENT_SIZE_MIN);
}

const GSP_ARGUMENTS_CACHED *fw_attach(const struct fw_options *o)
{
	const GSP_ARGUMENTS_CACHED *args;
	const MESSAGE_QUEUE_INIT_ARGUMENTS *q;
	struct stat st;

	opt = *o;
	wait_doorbell(); /* started, as by the mailboxes: the libos arguments are the first page */
	fstat(opt.memory, &st);
	memory_size = (NvU64)st.st_size;
	memory = mmap(NULL, memory_size, PROT_READ | PROT_WRITE, MAP_SHARED, opt.memory, 0);
	if (memory == MAP_FAILED)
		fw_die("no memory");
	args = (const void *)at(region("RMARGS")->pa, sizeof(*args), "RMARGS");
	q = &args->messageQueueInitArguments;
	map_block(q);
	if (q->cmdQueueOffset % PAGE || q->statQueueOffset <= q->cmdQueueOffset ||
	    q->statQueueOffset + STATUS_QUEUE_SIZE > (NvU64)q->pageTableEntryCount * PAGE)
		fw_die("queues at 0x%llx and 0x%llx in %u pages",
		       (unsigned long long)q->cmdQueueOffset,
		       (unsigned long long)q->statQueueOffset, q->pageTableEntryCount);
	cmd = (void *)(block + q->cmdQueueOffset);
	sts = (void *)(block + q->statQueueOffset);
	check_command_queue((NvU32)(q->statQueueOffset - q->cmdQueueOffset));

	sts->version = MSGQ_VERSION;
	sts->size = STATUS_QUEUE_SIZE;
	sts->msgSize = GSP_MSG_QUEUE_ELEMENT_SIZE_MIN;
	sts->flags = MSGQ_FLAGS_SWAP_RX;
	sts->rxHdrOff = cmd->rxHdrOff;
	sts->entryOff = cmd->entryOff;
	cmd_read = &((volatile msgqRxHeader *)((volatile NvU8 *)sts + sts->rxHdrOff))->readPtr;
	sts_read = &((volatile msgqRxHeader *)((volatile NvU8 *)cmd + cmd->rxHdrOff))->readPtr;
	*cmd_read = 0;
	__sync_synchronize();
	sts->msgCount = (STATUS_QUEUE_SIZE - sts->entryOff) / GSP_MSG_QUEUE_ELEMENT_SIZE_MIN;
	return args;
}

/* ---------------------------------------------------------------- receiving */

/* One record, whole: returns its RPC, in memory of ours. */
static rpc_message_header_v *receive_record(void)
{
	static NvU8 buf[GSP_MSG_QUEUE_ELEMENT_SIZE_MAX] __attribute__((aligned(8)));
	GSP_MSG_QUEUE_ELEMENT *e = (void *)buf;
	const NvU32 size = GSP_MSG_QUEUE_ELEMENT_SIZE_MIN, n = cmd->msgCount;
	NvU32 have, total;

	while (cmd->writePtr == rx_at)
		wait_doorbell();
	if (cmd->writePtr >= n)
		fw_die("write pointer %u of %u", cmd->writePtr, n);
	__sync_synchronize();
	have = (cmd->writePtr + n - rx_at) % n;
	memcpy(buf, (NvU8 *)cmd + cmd->entryOff + rx_at * size, size);
	if (!e->elemCount || e->elemCount > have || e->elemCount * size > sizeof(buf))
		fw_die("record %u has %u elements; %u are there", rx_seq, e->elemCount, have);
	for (NvU32 i = 1; i < e->elemCount; i++)
		memcpy(buf + i * size, (NvU8 *)cmd + cmd->entryOff + (rx_at + i) % n * size, size);
	rx_at = (rx_at + e->elemCount) % n;
	__sync_synchronize();
	*cmd_read = rx_at;

	fw_expect("sequence number of a record", e->seqNum, rx_seq++);
	fw_expect("header version", e->rpc.header_version, HEADER_VERSION);
	fw_expect("signature", e->rpc.signature, NV_VGPU_MSG_SIGNATURE_VALID);
	total = GSP_MSG_QUEUE_ELEMENT_HDR_SIZE + e->rpc.length;
	if (e->rpc.length < sizeof(rpc_message_header_v) ||
	    e->rpc.length > GSP_MSG_QUEUE_RPC_SIZE_MAX)
		fw_die("an RPC of %u bytes", e->rpc.length);
	fw_expect("elements of a record", e->elemCount, GSP_MSG_QUEUE_BYTES_TO_ELEMENTS(total));
	fw_expect("sum of a record", _checkSum32(buf, total), 0);
	fw_expect("result of a call", e->rpc.rpc_result, NV_VGPU_MSG_RESULT_RPC_PENDING);
	return &e->rpc;
}

/* How long a message is that begins like this: with the padding after the header, or without. */
static void message_length(const struct fw_call *c, NvU32 *least, NvU32 *most)
{
	const rpc_gsp_rm_control_v *control = (const void *)c->data;
	const rpc_gsp_rm_alloc_v *alloc = (const void *)c->data;

	*least = *most = c->len;
	if (c->function == NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL && c->len >= sizeof(*control)) {
		*least = NV_OFFSETOF(rpc_gsp_rm_control_v, params) + control->paramsSize;
		*most = sizeof(*control) + control->paramsSize;
	} else if (c->function == NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC && c->len >= sizeof(*alloc)) {
		*least = NV_OFFSETOF(rpc_gsp_rm_alloc_v, params) + alloc->paramsSize;
		*most = sizeof(*alloc) + alloc->paramsSize;
	}
	if (*most > MESSAGE_MAX)
		fw_die("function %u: a message of %u bytes", c->function, *most);
}

void fw_receive(struct fw_call *c)
{
	static NvU8 buf[MESSAGE_MAX] __attribute__((aligned(8)));
	const NvU32 full = GSP_MSG_QUEUE_RPC_SIZE_MAX - sizeof(rpc_message_header_v);
	rpc_message_header_v *h = receive_record();
	NvU32 len = h->length - sizeof(*h), least, most;

	*c = (struct fw_call){
		.function = h->function, .sequence = h->sequence, .data = buf, .len = len};
	if (c->function == NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD)
		fw_die("a continuation of nothing");
	memcpy(buf, h->rpc_message_data, len);
	message_length(c, &least, &most);
	while (c->len < least || (len == full && c->len < most)) {
		fw_expect("payload of a record that is continued", len, full);
		h = receive_record();
		fw_expect("function of a continuation", h->function,
			  NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD);
		len = h->length - sizeof(*h);
		if (len > most - c->len)
			fw_die("function %u: more than the %u bytes it has", c->function, most);
		memcpy(buf + c->len, h->rpc_message_data, len);
		c->len += len;
	}
	if (c->len > most)
		fw_die("function %u: %u bytes, not %u", c->function, c->len, most);
}

/* ---------------------------------------------------------------- sending */

static void interrupt(void)
{
	NvU64 one = 1;

	if (write(opt.interrupt, &one, sizeof(one)) != sizeof(one))
		fw_die("the driver has gone");
}

static void wait_room(NvU32 elements)
{
	NvU32 n = sts->msgCount, waited = 0;

	while ((*sts_read + n - tx_at - 1) % n < elements) {
		if (*sts_read >= n)
			fw_die("read pointer %u of %u", *sts_read, n);
		if (waited++ > WAIT_MS * 10)
			fw_die("the driver does not read");
		interrupt();
		usleep(100);
	}
	__sync_synchronize();
}

static void send_record(NvU32 function, NvU32 sequence, NvU32 result, const void *payload,
			NvU32 len)
{
	static NvU8 buf[GSP_MSG_QUEUE_ELEMENT_SIZE_MAX + 8] __attribute__((aligned(8)));
	GSP_MSG_QUEUE_ELEMENT *e = (void *)buf;
	const NvU32 size = GSP_MSG_QUEUE_ELEMENT_SIZE_MIN;

	memset(buf, 0, sizeof(buf));
	e->seqNum = tx_seq++;
	e->rpc.header_version = HEADER_VERSION;
	e->rpc.signature = NV_VGPU_MSG_SIGNATURE_VALID;
	e->rpc.length = sizeof(rpc_message_header_v) + len;
	e->rpc.function = function;
	e->rpc.rpc_result = result;
	e->rpc.rpc_result_private = result;
	e->rpc.sequence = sequence;
	memcpy(e->rpc.rpc_message_data, payload, len);
	e->elemCount =
		GSP_MSG_QUEUE_BYTES_TO_ELEMENTS(GSP_MSG_QUEUE_ELEMENT_HDR_SIZE + e->rpc.length);
	e->checkSum = _checkSum32(buf, GSP_MSG_QUEUE_ELEMENT_HDR_SIZE + e->rpc.length);
	wait_room(e->elemCount);
	for (NvU32 i = 0; i < e->elemCount; i++)
		memcpy((NvU8 *)sts + sts->entryOff + (tx_at + i) % sts->msgCount * size,
		       buf + i * size, size);
	tx_at = (tx_at + e->elemCount) % sts->msgCount;
	__sync_synchronize();
	sts->writePtr = tx_at;
	interrupt();
}

void fw_send(NvU32 function, NvU32 sequence, NvU32 result, const void *payload, NvU32 len,
	     void (*between)(NvU32 record))
{
	const NvU32 full = GSP_MSG_QUEUE_RPC_SIZE_MAX - sizeof(rpc_message_header_v);
	const NvU8 *p = payload;
	NvU32 part, record = 0;

	do {
		part = len < full ? len : full;
		send_record(record ? NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD : function, sequence,
			    result, p, part);
		p += part;
		len -= part;
		if (len && between)
			between(record);
		record++;
	} while (len);
}

void fw_event(NvU32 function, const void *payload, NvU32 len)
{
	fw_send(function, 0, NV_VGPU_MSG_RESULT_SUCCESS, payload, len, NULL);
}
