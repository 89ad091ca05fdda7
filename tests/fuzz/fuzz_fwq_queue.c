/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fwq_queue.c - a hostile firmware against the queues and the RPC layer.
 *
 * The input is a list of operations: bytes anywhere in the shared block, positions, well-formed and
 * nearly well-formed records, time that passes, calls and callers of ours. Bytes also change between two
 * reads of one record: the queue is compiled here with barriers that do that. After each list every call
 * that was accepted must have ended exactly once.
 *
 * COVERS: fwq/link_mem.c fwq/queue.c fwq/rpc.c
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/fwq_rig.h"

#define CALLS 24
#define LONG  (6 * SIDE_PAYLOAD + 100) /* bytes of a message of seven records */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct fwq_caller callers[3];
static uint8_t zeros[FWQ_MESSAGE_MAX], got[CALLS][LONG];
static struct {
	struct fwq_call call;
	bool accepted, ended;
} calls[CALLS];
static unsigned int calls_n;
static bool here[3], over;

static uint32_t word(void)
{
	uint32_t v = half();

	return v | half() << 16;
}

static void on_event(struct fwq_rpc *r, uint32_t function, const uint8_t *payload, uint32_t len)
{
	must(r == &rpc && function >= 0x1000 && len <= SIDE_PAYLOAD);
	must(payload == stage + 80);
}

static void on_done(struct fwq_call *call, int err)
{
	unsigned int i = (unsigned int)(uintptr_t)call->arg;

	must(&calls[i].call == call && !calls[i].ended && err <= 0);
	must(call->reply_len <= call->reply_size);
	calls[i].ended = true;
	if (!err && !over && call->function == 0x77 && calls_n < CALLS) { /* one more of the same */
		calls[calls_n].call = *call;
		calls[calls_n].call.arg = (void *)(uintptr_t)calls_n;
		calls_n++;
		calls[calls_n - 1].accepted = true;
		if (fwq_rpc_submit(&rpc, call->caller, &calls[calls_n - 1].call, now))
			calls[calls_n - 1].accepted = false;
	}
}

static void fill(struct fwq_call *call, uint32_t offset, void *dst, uint32_t len)
{
	must(offset + len <= call->request_len);
	memset(dst, 7, len);
}

static void begin(uint8_t flags)
{
	rig_reset(flags & 1);
	if (flags & 128)
		must(rig_link(SIDE_PAGES - 1));
	must(!rig_link(SIDE_PAGES));
	if (flags & 64) {
		must(rig_queue(sizeof(stage) - 1));
		link_mem.link.pages--;
		must(rig_queue(sizeof(stage)));
		link_mem.link.pages++;
	}
	must(!rig_queue(sizeof(stage)));
	if (!(flags & 2))
		side_boot();
	fwq_rpc_init(&rpc, &q, on_event, NULL);
	for (unsigned int i = 0; i < 3; i++) {
		fwq_rpc_caller_add(&rpc, &callers[i]);
		here[i] = true;
	}
	memset(calls, 0, sizeof(calls));
	calls_n = 0;
	over = false;
}

static void call(void)
{
	static const uint32_t sizes[] = {
		0, 4, 700, SIDE_PAYLOAD, LONG, FWQ_MESSAGE_MAX, FWQ_MESSAGE_MAX + 1, 60};
	uint8_t flags = byte(), lens = byte();
	unsigned int who = flags % 3, i = calls_n;

	if (!here[who] || calls_n == CALLS)
		return;
	calls[i].call = (struct fwq_call){.function = byte(),
					  .request = zeros,
					  .request_len = sizes[lens % 8],
					  .reply = got[i],
					  .reply_size = sizes[lens / 8 % 5],
					  .one_way = flags & 64,
					  .timeout = lens >> 6 ? (uint64_t)(lens >> 6) * 100 : 0,
					  .fill = flags & 128 ? fill : NULL,
					  .done = on_done,
					  .arg = (void *)(uintptr_t)i};
	calls_n++;
	calls[i].accepted = true;
	if (fwq_rpc_submit(&rpc, &callers[who], &calls[i].call, now)) {
		calls[i].accepted = false;
		must(!calls[i].ended);
	}
}

/* A record as it should be, and then perhaps one word of it wrong. */
static void record(void)
{
	static const uint32_t sizes[] = {0, 4, 700, SIDE_PAYLOAD, SIDE_PAYLOAD - 1, 100};
	uint8_t flags = byte();
	uint32_t function = byte(), seq = byte(), len = sizes[flags % 6], slot = side_msg_write, at;

	if (flags & 128)
		function |= 0x1000;
	if (flags & 64)
		side_seq_out += (uint32_t)(int8_t)byte();
	len = side_rpc(rec, function, seq, flags & 32 ? byte() : 0, zeros, len);
	if (flags & 8)
		rec[byte() % 32] ^= byte();
	len = side_word(rec, 2) > len || side_word(rec, 2) < 32 ? len : side_word(rec, 2);
	if (!side_put(rec, len))
		return;
	if (flags & 16) {
		at = byte() % 80;
		side_slot(SIDE_MSG, slot)[at] ^= byte();
	}
}

static void step(uint8_t op)
{
	uint32_t at, who;

	switch (op % 12) {
	case 0:
		call();
		break;
	case 1:
	case 2:
		record();
		break;
	case 3:
		fwq_rpc_poll(&rpc, now);
		break;
	case 4: /* take what we sent */
		for (unsigned int i = 0; i < op / 12u && side_take(rec) > 0; i++)
			;
		break;
	case 5:
		now += byte();
		break;
	case 6:
		who = op / 12u % 3;
		if (here[who] && !fwq_rpc_caller_remove(&rpc, &callers[who]))
			here[who] = false;
		break;
	case 7:
		side_set(SIDE_MSG + 16, byte());
		break;
	case 8:
		side_set(SIDE_MSG + 32, byte());
		break;
	case 9: /* anything, anywhere in its queue */
		at = SIDE_MSG + word() % (SIDE_SLOTS * SIDE_SLOT);
		side_block[at] = byte();
		break;
	case 10: /* a byte that will change while it is read */
		at = SIDE_MSG + half() % SIDE_QUEUE;
		change_later(&side_block[at], byte(), op / 12u % 8);
		break;
	default: /* in its header */
		side_block[SIDE_MSG + byte() % 36] = byte();
		break;
	}
	must(fwq_rpc_deadline(&rpc) > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > 4096)
		return 0;
	in = data;
	in_end = data + size;
	begin(byte());
	while (in < in_end)
		step(byte());
	/* Whatever happened: when time is over, nothing is left. */
	over = true;
	now = UINT64_MAX - 1;
	fwq_rpc_poll(&rpc, now);
	for (unsigned int i = 0; i < calls_n; i++)
		must(calls[i].ended == calls[i].accepted);
	must(fwq_rpc_deadline(&rpc) == UINT64_MAX);
	return 0;
}
