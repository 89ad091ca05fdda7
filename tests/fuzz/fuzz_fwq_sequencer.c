/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fwq_sequencer.c - any sequencer script, by the packs of the tree and by packs that lie.
 *
 * Input: which pack, how many lies about it and whether the payload's header is the input's or one
 * that fits the script; the lies; the limit for registers; the payload or the script. A script that is
 * accepted has to hand out exactly what was promised, all of it inside the limits.
 *
 * COVERS: fwq/sequencer.c
 */
#include <errno.h>
#include <stdlib.h>

#include "fwq/sequencer.h"
#include "tests/fuzz/fwq_lying_pack.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define HEADER 40u /* rpc_run_cpu_sequencer_v, as all releases have it */

static const struct lie about[] = {
	LIE_ABOUT(rpc_run_cpu_sequencer_v, bufferSizeDWord, commandBuffer),
	LIE_ABOUT(GSP_SEQ_BUF_PAYLOAD_REG_WRITE, addr, val),
	LIE_ABOUT(GSP_SEQ_BUF_PAYLOAD_REG_MODIFY, addr, val),
	LIE_ABOUT(GSP_SEQ_BUF_PAYLOAD_REG_POLL, addr, error),
	LIE_ABOUT(GSP_SEQ_BUF_PAYLOAD_DELAY_US, val, val),
	LIE_ABOUT(GSP_SEQ_BUF_PAYLOAD_REG_STORE, addr, index),
};

/* A command that was handed out keeps to every limit; returns its delay. */
static uint32_t check_op(const struct fwq_pack *pack, const struct fwq_sequencer_op *op,
			 uint32_t bar0_size)
{
	must(op->kind < FWQ_SEQUENCER_KINDS);
	must(op->addr % 4 == 0 && (!op->addr || op->addr <= bar0_size - 4));
	must(op->index < pack->field[FWQ_F_rpc_run_cpu_sequencer_v__regSaveArea].count);
	must(op->timeout_us <= FWQ_SEQUENCER_POLL_MAX && op->delay_us <= FWQ_SEQUENCER_DELAY_MAX);
	must((op->kind == FWQ_SEQUENCER_REG_POLL) == (op->timeout_us != 0));
	return op->delay_us;
}

static void run(const struct fwq_pack *pack, const uint8_t *payload, uint32_t len,
		uint32_t bar0_size)
{
	struct fwq_sequencer seq;
	struct fwq_sequencer_op op;
	uint32_t commands = 0, delays = 0;
	int ret = fwq_sequencer_open(pack, payload, len, bar0_size, &seq);

	must(ret == 0 || ret == -EPROTO || ret == -EOPNOTSUPP);
	must((ret == -EPROTO) == (seq.why != NULL));
	if (ret)
		return;
	while (fwq_sequencer_next(&seq, &op)) {
		delays += check_op(pack, &op, bar0_size);
		commands++;
	}
	must(seq.at == seq.len && !seq.why);
	must(commands == seq.commands && commands <= FWQ_SEQUENCER_COMMANDS_MAX);
	must(delays == seq.delays_us && delays <= FWQ_SEQUENCER_DELAY_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct fwq_pack *pack;
	unsigned int lies;
	bool fits;
	uint32_t bar0_size;
	uint8_t *payload;

	if (size < 2)
		return 0;
	pack = &fwq_packs[data[0] % 8 % fwq_packs_count];
	fits = data[0] & 8;
	lies = data[0] >> 5;
	data++;
	size--;
	pack = lie_about(pack, lies, about, sizeof(about) / sizeof(about[0]), &data, &size);
	/* 0 to 16 MiB, edges among them. */
	bar0_size = data[0] & 0x80 ? 16u << 20 : data[0];
	data++;
	size--;
	if (!fits) {
		run(pack, data, (uint32_t)size, bar0_size);
		return 0;
	}
	payload = calloc(1, HEADER + size);
	must(payload != NULL);
	payload[0] = payload[1] = payload[2] = 0xff; /* bufferSizeDWord */
	payload[4] = (uint8_t)(size / 4);	     /* cmdIndex */
	payload[5] = (uint8_t)(size / 4 >> 8);
	payload[6] = (uint8_t)(size / 4 >> 16);
	memcpy(payload + HEADER, data, size);
	run(pack, payload, (uint32_t)(HEADER + size), bar0_size);
	free(payload);
	return 0;
}
