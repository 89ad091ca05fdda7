/* SPDX-License-Identifier: MIT */
/*
 * bench_fwq.c - one run of one measurement; bench_fwq.py puts them side by side.
 *
 *    bench_fwq queue ours|theirs BYTES MESSAGES
 *    bench_fwq rpc BYTES CALLS
 *
 * queue: one thread sends a message of BYTES of payload and receives it at the other end, MESSAGES
 * times; a payload above a record's limit goes as several records, alike on both sides. The sender
 * starts from a payload in memory of its own; the receiver ends with a checked record in memory of its
 * own. `theirs` is NVIDIA's GspMsgQueueSendCommand and GspMsgQueueReceiveStatus over its msgq.c, two
 * ends of one pair; `ours` is fwq/queue.c, whose command queue is led back into its own message queue.
 *
 * rpc: calls through fwq/rpc.c with a reply of the same length from NVIDIA's end.
 *
 * Prints "nanoseconds bytes-copied allocations" of the part that repeats; the last is of everything
 * linked in, since set-up is over.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fwq/rpc.h"
#include "tests/peer/msgq/pair.h"

#define MESSAGE_MAX 0x100000u
#define FUNCTION    0x20u

struct measured {
	uint64_t ns, copied, allocations;
};

static struct pair pair;
static uint8_t payload[MESSAGE_MAX], reply[MESSAGE_MAX];

/* ---------------------------------------------------------------- allocations (ld --wrap) */

static uint64_t allocations;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_aligned_alloc(size_t align, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_aligned_alloc(size_t align, size_t size);

void *__wrap_malloc(size_t size)
{
	allocations++;
	return __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
	allocations++;
	return __real_calloc(n, size);
}

void *__wrap_realloc(void *at, size_t size)
{
	allocations++;
	return __real_realloc(at, size);
}

void *__wrap_aligned_alloc(size_t align, size_t size)
{
	allocations++;
	return __real_aligned_alloc(align, size);
}

/* ---------------------------------------------------------------- one message */

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Processor time: what others do on this machine counts less. */
static uint64_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void we_send(const uint8_t *at, uint32_t len, uint32_t sequence)
{
	const struct fwq_params *p = &pair.params;
	struct fwq_span s[2];
	uint32_t first;

	if (fwq_queue_begin(&pair.q, p->rpc.size + len, s))
		pair_fail("our queue has no room");
	memset(s[0].at, 0, p->rpc.size);
	fwq_put32(s[0].at + p->rpc.off_version, p->rpc.version);
	fwq_put32(s[0].at + p->rpc.off_signature, p->rpc.signature);
	fwq_put32(s[0].at + p->rpc.off_length, p->rpc.size + len);
	fwq_put32(s[0].at + p->rpc.off_function, FUNCTION);
	fwq_put32(s[0].at + p->rpc.off_result, p->rpc.unanswered);
	fwq_put32(s[0].at + p->rpc.off_private, p->rpc.unanswered);
	fwq_put32(s[0].at + p->rpc.off_sequence, sequence);
	first = s[0].len - p->rpc.size;
	memcpy(s[0].at + p->rpc.size, at, first);
	if (s[1].len)
		memcpy(s[1].at, at + first, s[1].len);
	fwq_queue_commit(&pair.q);
}

static const uint8_t *we_get(uint32_t *len)
{
	const uint8_t *rpc;

	if (fwq_queue_receive(&pair.q, &rpc, len) != 1)
		pair_fail("our queue has nothing");
	*len -= pair.params.rpc.size;
	return rpc + pair.params.rpc.size;
}

static void they_send(struct peer *from, const uint8_t *at, uint32_t len, uint32_t sequence)
{
	struct peer_rpc rpc = {.function = FUNCTION,
			       .sequence = sequence,
			       .result = 0xffffffff,
			       .payload = at,
			       .len = len};

	if (peer_send(from, &rpc) != 1)
		pair_fail("their queue has no room");
}

static const uint8_t *they_get(struct peer *to, uint32_t *len)
{
	struct peer_rpc rpc;

	if (peer_receive(to, &rpc) != 1)
		pair_fail("their queue has nothing");
	*len = rpc.len;
	return rpc.payload;
}

/* ---------------------------------------------------------------- queues */

/* Out and in again; with `look`, every byte is compared. */
static void message(struct peer *from, struct peer *to, uint32_t len, uint32_t sequence, bool look)
{
	uint32_t most = peer_payload_max(), got;
	const uint8_t *at;

	for (uint32_t done = 0; done < len; done += most)
		if (from)
			they_send(from, payload + done, min(len - done, most), sequence);
		else
			we_send(payload + done, min(len - done, most), sequence);
	for (uint32_t done = 0; done < len; done += got) {
		at = from ? they_get(to, &got) : we_get(&got);
		if (got != min(len - done, most) || (look && memcmp(at, payload + done, got) != 0))
			pair_fail("what came is not what was sent");
	}
}

static struct measured queue(bool ours, uint32_t len, uint64_t messages)
{
	struct peer *from = NULL, *to = NULL;
	struct measured m;

	if (ours) {
		/* What goes out comes back in: the same elements, the same positions. */
		pair.q.msg = pair.q.cmd;
		pair.link.msg_write = pair.link.cmd_write;
		pair.link.cmd_read = pair.link.msg_read;
	} else {
		from = peer_new();
		to = pair.peer;
		if (peer_create(from, pair.cmd) || peer_create(to, pair.msg) ||
		    peer_link(from, pair.msg) || peer_link(to, pair.cmd))
			pair_fail("msgqTxCreate or msgqRxLink failed");
	}
	for (uint32_t i = 0; i < 200; i++)
		message(from, to, len, i, true);
	m.copied = peer_bytes_copied + pair.q.stats.bytes_in;
	m.allocations = allocations;
	m.ns = now();
	for (uint64_t i = 0; i < messages; i++)
		message(from, to, len, (uint32_t)i, false);
	m.ns = now() - m.ns;
	m.copied = peer_bytes_copied + pair.q.stats.bytes_in - m.copied;
	if (ours)
		m.copied += messages * len; /* by we_send() */
	m.allocations = allocations - m.allocations;
	if (from)
		peer_delete(from);
	return m;
}

/* ---------------------------------------------------------------- calls */

static uint64_t filled;
static int ended;

static void event(struct fwq_rpc *rpc, uint32_t function, const uint8_t *at, uint32_t len)
{
	(void)rpc;
	(void)at;
	pair_fail("an event, %u, of %u bytes", function, len);
}

static void done(struct fwq_call *call, int err)
{
	(void)call;
	ended = err ? err : 1;
}

static void fill(struct fwq_call *call, uint32_t offset, void *dst, uint32_t len)
{
	(void)call;
	filled += len;
	memcpy(dst, payload + offset, len);
}

/* How far their end is with the call, and with the reply to it. */
struct answer {
	uint32_t got, sent;
};

/* Their end takes in what has come, and when that is the whole call, sends back the same; once around. */
static void answer(struct answer *a, uint32_t len, uint32_t continuation)
{
	struct peer_rpc rpc;

	while (a->got < len && peer_receive(pair.peer, &rpc) == 1) {
		if (rpc.function != (a->got ? continuation : FUNCTION) || rpc.len > len - a->got)
			pair_fail("the call is not what was sent");
		memcpy(reply + a->got, rpc.payload, rpc.len);
		a->got += rpc.len;
	}
	while (a->got == len && a->sent < len) {
		rpc = (struct peer_rpc){.function = a->sent ? continuation : FUNCTION,
					.payload = reply + a->sent,
					.len = min(len - a->sent, peer_payload_max())};
		if (peer_send(pair.peer, &rpc) != 1)
			break; /* full: goes on when we have taken some */
		a->sent += rpc.len;
	}
}

static struct measured rpc(uint32_t len, uint64_t calls)
{
	static uint8_t came[MESSAGE_MAX];
	struct fwq_rpc rpc;
	struct fwq_caller caller;
	struct measured m = {0};
	uint64_t copied_out = 0;

	pair_boot(&pair);
	fwq_rpc_init(&rpc, &pair.q, event, NULL);
	fwq_rpc_caller_add(&rpc, &caller);
	m.allocations = allocations;
	m.ns = now();
	for (uint64_t i = 0; i < calls; i++) {
		struct fwq_call call = {.function = FUNCTION,
					.request_len = len,
					.fill = fill,
					.reply = came,
					.reply_size = len,
					.timeout = 1000000000,
					.done = done};
		struct answer a = {0};

		ended = 0;
		if (fwq_rpc_submit(&rpc, &caller, &call, 0))
			pair_fail("call refused");
		while (!ended) {
			answer(&a, len, pair.params.rpc.continuation);
			if (fwq_rpc_poll(&rpc, 0) < 0)
				pair_fail("poll failed");
		}
		if (ended != 1 || call.reply_len != len || (!i && memcmp(came, payload, len) != 0))
			pair_fail("the reply is not the call");
		copied_out += call.reply_len;
	}
	m.ns = now() - m.ns;
	m.allocations = allocations - m.allocations;
	m.copied = filled + pair.q.stats.bytes_in + copied_out;
	return m;
}

int main(int argc, char **argv)
{
	struct measured m;
	uint32_t len;
	uint64_t n;

	if (argc < 4)
		pair_fail("bench_fwq queue ours|theirs BYTES MESSAGES | rpc BYTES CALLS");
	len = (uint32_t)strtoul(argv[argc - 2], NULL, 0);
	n = strtoull(argv[argc - 1], NULL, 0);
	if (!len || len > MESSAGE_MAX)
		pair_fail("a payload of %u bytes", len);
	for (uint32_t i = 0; i < len; i++)
		payload[i] = (uint8_t)(i * 167 + (i >> 8));
	pair_open(&pair);
	if (!allocations)
		pair_fail("allocations are not seen");
	if (!strcmp(argv[1], "rpc"))
		m = rpc(len, n);
	else
		m = queue(!strcmp(argv[2], "ours"), len, n);
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", m.ns, m.copied, m.allocations);
	pair_close(&pair);
	return 0;
}
