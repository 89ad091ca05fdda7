/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fwq_rpc.c - a hostile firmware's bytes all the way: queue, RPC layer, event, script.
 *
 * The input is what the firmware does: records whose payload the input gives byte by byte, as events, replies
 * and continuations, whole or with a byte wrong, and bytes that change between two reads. Calls of
 * ours with long replies are under way meanwhile. Whatever comes out as an event is decoded by the pack
 * that the input chooses and has to be sound; whatever call was accepted ends exactly once.
 *
 * COVERS: fwq/queue.c fwq/rpc.c fwq/event.c fwq/sequencer.c
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "fwq/packs.h"
#include "fwq/sequencer.h"
#include "tests/fuzz/fwq_event_check.h"
#include "tests/fuzz/fwq_rig.h"

#define CALLS 8
#define REPLY (3 * SIDE_PAYLOAD + 100) /* bytes of a reply of four records */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct fwq_pack *pack;
static struct fwq_caller callers[2];
static uint8_t payload_out[SIDE_PAYLOAD], request[4 * SIDE_PAYLOAD];
static struct {
	struct fwq_call call;
	uint8_t reply[REPLY];
	bool accepted, ended;
} calls[CALLS];
static unsigned int calls_n;
static uint64_t events;

static void on_event(struct fwq_rpc *r, uint32_t function, const uint8_t *payload, uint32_t len)
{
	static struct fwq_event ev;
	struct fwq_sequencer seq;
	struct fwq_sequencer_op op;
	uint32_t commands = 0;
	int ret;

	must(r == &rpc && payload == stage + 80 && len <= SIDE_PAYLOAD);
	events++;
	/* What follows must not matter to an event: it is in private memory. */
	memset(side_slot(SIDE_MSG, 0), (int)events, SIDE_SLOT);
	ret = fwq_event_decode(pack, function, payload, len, &ev);
	must(ret == 0 || ret == -EPROTO || ret == -ENOENT);
	if (ret)
		return;
	check_event(&ev, payload, len);
	if (ev.kind != FWQ_EVENT_RUN_CPU_SEQUENCER)
		return;
	ret = fwq_sequencer_open(pack, ev.script.at, ev.script.len, 16u << 20, &seq);
	must(ret == 0 || ret == -EPROTO);
	if (ret)
		return;
	while (fwq_sequencer_next(&seq, &op))
		commands++;
	must(commands == seq.commands);
}

static void on_done(struct fwq_call *call, int err)
{
	unsigned int i = (unsigned int)(uintptr_t)call->arg;

	must(&calls[i].call == call && !calls[i].ended && err <= 0);
	must(call->reply_len <= call->reply_size);
	calls[i].ended = true;
}

static void begin(uint8_t choice)
{
	pack = &fwq_packs[choice % 8 % fwq_packs_count];
	rig_reset(choice >> 7);
	must(!rig_link(SIDE_PAGES) && !rig_queue(sizeof(stage)));
	if (!(choice & 64))
		side_boot();
	fwq_rpc_init(&rpc, &q, on_event, NULL);
	for (unsigned int i = 0; i < 2; i++)
		fwq_rpc_caller_add(&rpc, &callers[i]);
	calls_n = 0;
	events = 0;
}

static void call(uint8_t how)
{
	static const uint8_t functions[] = {76, 103, 10, 71};
	unsigned int i = calls_n;
	uint8_t sizes;

	if (i == CALLS)
		return;
	sizes = byte();
	calls[i].call = (struct fwq_call){.function = functions[how % 4],
					  .request = request,
					  .request_len = (uint32_t)(sizes & 15) * 333,
					  .reply = calls[i].reply,
					  .reply_size = (uint32_t)(sizes >> 4) * (REPLY / 15),
					  .one_way = how & 32,
					  .timeout = 1000,
					  .done = on_done,
					  .arg = (void *)(uintptr_t)i};
	calls[i].ended = false;
	calls[i].accepted = true;
	calls_n++;
	if (fwq_rpc_submit(&rpc, &callers[how >> 4 & 1], &calls[i].call, now)) {
		must(!calls[i].ended);
		calls[i].accepted = false;
	}
}

/* A record of this function; its payload is the input's, or as long as a record can be. */
static void record(uint32_t function, uint8_t how)
{
	uint32_t len = how & 1 ? SIDE_PAYLOAD : half() % (SIDE_PAYLOAD + 1), slot = side_msg_write;
	uint32_t given = (uint32_t)(in_end - in) < len ? (uint32_t)(in_end - in) : len;

	memcpy(payload_out, in, given);
	in += given;
	memset(payload_out + given, 0, len - given);
	len = side_rpc(rec, function, byte(), how & 2 ? byte() : 0, payload_out, len);
	if (how & 4)
		rec[byte() % 32] ^= byte();
	if (!side_put(rec, len))
		return;
	if (how & 8) {
		uint32_t at = byte() % 80;

		side_slot(SIDE_MSG, slot)[at] ^= byte();
	}
}

static void step(uint8_t op)
{
	static const uint8_t replies[] = {76, 103, 10, 200};
	uint8_t how = op >> 3;
	uint32_t at;

	switch (op & 7) {
	case 0:
		call(how);
		break;
	case 1:
		record(0x1000u + byte(), how);
		break;
	case 2:
		record(replies[how >> 3], how);
		break;
	case 3:
		record(71, how);
		break;
	case 4:
		fwq_rpc_poll(&rpc, now);
		break;
	case 5:
		for (unsigned int i = 0; i < how && side_take(rec) > 0; i++)
			;
		break;
	case 6: /* a byte that is wrong, or becomes wrong while it is read */
		at = SIDE_MSG + half() % SIDE_QUEUE;
		if (how & 16)
			side_block[at] = byte();
		else
			change_later(&side_block[at], byte(), how);
		break;
	default:
		if (how & 16)
			now += (uint64_t)(how & 15) * 100;
		else if (how & 8)
			side_set(SIDE_MSG + 32, byte());
		else
			side_set(SIDE_MSG + 16, byte());
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	in = data;
	in_end = data + size;
	begin(byte());
	while (in < in_end)
		step(byte());
	now = UINT64_MAX - 1; /* time is over */
	fwq_rpc_poll(&rpc, now);
	for (unsigned int i = 0; i < calls_n; i++)
		must(calls[i].ended == calls[i].accepted);
	must(fwq_rpc_deadline(&rpc) == UINT64_MAX && events == rpc.stats.events);
	return 0;
}
