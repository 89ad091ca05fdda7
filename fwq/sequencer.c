/* SPDX-License-Identifier: MIT */
/*
 * sequencer.c - walks a sequencer script twice: once to check all of it, once to hand it out.
 *
 * Both walks go through step(), so what was checked is what is handed out.
 */
#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "fwq/sequencer.h"

#define NO_STRUCT  FWQ_STRUCTS
#define OPCODE_LEN 4u

static const struct {
	uint16_t opcode;  /* enum fwq_number */
	uint16_t payload; /* enum fwq_struct, or NO_STRUCT */
} kinds[FWQ_SEQUENCER_KINDS] = {
	[FWQ_SEQUENCER_REG_WRITE] = {FWQ_N_GSP_SEQ_BUF_OPCODE_REG_WRITE,
				     FWQ_S_GSP_SEQ_BUF_PAYLOAD_REG_WRITE},
	[FWQ_SEQUENCER_REG_MODIFY] = {FWQ_N_GSP_SEQ_BUF_OPCODE_REG_MODIFY,
				      FWQ_S_GSP_SEQ_BUF_PAYLOAD_REG_MODIFY},
	[FWQ_SEQUENCER_REG_POLL] = {FWQ_N_GSP_SEQ_BUF_OPCODE_REG_POLL,
				    FWQ_S_GSP_SEQ_BUF_PAYLOAD_REG_POLL},
	[FWQ_SEQUENCER_DELAY] = {FWQ_N_GSP_SEQ_BUF_OPCODE_DELAY_US,
				 FWQ_S_GSP_SEQ_BUF_PAYLOAD_DELAY_US},
	[FWQ_SEQUENCER_REG_STORE] = {FWQ_N_GSP_SEQ_BUF_OPCODE_REG_STORE,
				     FWQ_S_GSP_SEQ_BUF_PAYLOAD_REG_STORE},
	[FWQ_SEQUENCER_CORE_RESET] = {FWQ_N_GSP_SEQ_BUF_OPCODE_CORE_RESET, NO_STRUCT},
	[FWQ_SEQUENCER_CORE_START] = {FWQ_N_GSP_SEQ_BUF_OPCODE_CORE_START, NO_STRUCT},
	[FWQ_SEQUENCER_CORE_WAIT_FOR_HALT] = {FWQ_N_GSP_SEQ_BUF_OPCODE_CORE_WAIT_FOR_HALT,
					      NO_STRUCT},
	[FWQ_SEQUENCER_CORE_RESUME] = {FWQ_N_GSP_SEQ_BUF_OPCODE_CORE_RESUME, NO_STRUCT},
};

/* The arguments of each kind: a field of its payload and where it goes. */
static const struct argument {
	uint8_t kind;
	uint16_t field; /* enum fwq_field */
	uint16_t to;	/* offset in struct fwq_sequencer_op */
} arguments[] = {
#define ARGUMENT(kind, type, id, to)                                                               \
	{                                                                                          \
		FWQ_SEQUENCER_##kind, FWQ_F_GSP_SEQ_BUF_PAYLOAD_##type##__##id,                    \
			offsetof(struct fwq_sequencer_op, to)                                      \
	}
	ARGUMENT(REG_WRITE, REG_WRITE, addr, addr),
	ARGUMENT(REG_WRITE, REG_WRITE, val, val),
	ARGUMENT(REG_MODIFY, REG_MODIFY, addr, addr),
	ARGUMENT(REG_MODIFY, REG_MODIFY, mask, mask),
	ARGUMENT(REG_MODIFY, REG_MODIFY, val, val),
	ARGUMENT(REG_POLL, REG_POLL, addr, addr),
	ARGUMENT(REG_POLL, REG_POLL, mask, mask),
	ARGUMENT(REG_POLL, REG_POLL, val, val),
	ARGUMENT(REG_POLL, REG_POLL, timeout, timeout_us),
	ARGUMENT(REG_POLL, REG_POLL, error, error),
	ARGUMENT(DELAY, DELAY_US, val, delay_us),
	ARGUMENT(REG_STORE, REG_STORE, addr, addr),
	ARGUMENT(REG_STORE, REG_STORE, index, index),
};
#define ARGUMENTS (sizeof(arguments) / sizeof(arguments[0]))

static int refuse(struct fwq_sequencer *seq, const char *why, uint32_t value)
{
	seq->why = why;
	seq->value = value;
	return -EPROTO;
}

static uint32_t word(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

/* The kind of an opcode, or FWQ_SEQUENCER_KINDS. */
static unsigned int kind_of(const struct fwq_pack *pack, uint32_t opcode)
{
	unsigned int k = 0;

	while (k < FWQ_SEQUENCER_KINDS &&
	       !(fwq_has_number(pack, kinds[k].opcode) && pack->number[kinds[k].opcode] == opcode))
		k++;
	return k;
}

/* Decodes the command at seq->at and moves behind it; checks that it is whole, no more. */
static int step(struct fwq_sequencer *seq, struct fwq_sequencer_op *op)
{
	uint32_t left = seq->len - seq->at, opcode, size = 0;
	unsigned int kind;

	opcode = word(seq->script + seq->at); /* len is a multiple of 4 and at is below it */
	kind = kind_of(seq->pack, opcode);
	if (kind == FWQ_SEQUENCER_KINDS)
		return refuse(seq, "unknown opcode", opcode);
	if (kinds[kind].payload != NO_STRUCT) {
		size = fwq_sizeof(seq->pack, kinds[kind].payload);
		if (!size || size % 4)
			return refuse(seq, "the pack has no payload for opcode", opcode);
	}
	if (size > left - OPCODE_LEN)
		return refuse(seq, "the script ends within opcode", opcode);
	memset(op, 0, sizeof(*op));
	op->kind = kind;
	for (size_t i = 0; i < ARGUMENTS; i++) {
		uint64_t value;

		if (arguments[i].kind != kind)
			continue;
		if (fwq_get(seq->pack, arguments[i].field, seq->script + seq->at + OPCODE_LEN, size,
			    0, 0, &value) ||
		    value > UINT32_MAX)
			return refuse(seq, "an argument is no word in opcode", opcode);
		*(uint32_t *)((uint8_t *)op + arguments[i].to) = (uint32_t)value;
	}
	if (kind == FWQ_SEQUENCER_REG_POLL && !op->timeout_us)
		op->timeout_us = FWQ_SEQUENCER_POLL_DEFAULT;
	seq->at += OPCODE_LEN + size;
	return 0;
}

static bool reaches_register(enum fwq_sequencer_kind kind)
{
	return kind <= FWQ_SEQUENCER_REG_POLL || kind == FWQ_SEQUENCER_REG_STORE;
}

/* What a whole command may not say; seq->at is behind it. */
static int check(struct fwq_sequencer *seq, const struct fwq_sequencer_op *op, uint32_t bar0_size)
{
	if (reaches_register(op->kind) &&
	    (op->addr % 4 || op->addr >= bar0_size || bar0_size - op->addr < 4))
		return refuse(seq, "register unaligned or outside BAR0", op->addr);
	if (op->index >= seq->pack->field[FWQ_F_rpc_run_cpu_sequencer_v__regSaveArea].count)
		return refuse(seq, "index outside the save area", op->index);
	if (op->timeout_us > FWQ_SEQUENCER_POLL_MAX)
		return refuse(seq, "poll too long (us)", op->timeout_us);
	if (op->delay_us > FWQ_SEQUENCER_DELAY_MAX - seq->delays_us)
		return refuse(seq, "delays too long (us)", op->delay_us);
	seq->delays_us += op->delay_us;
	if (++seq->commands > FWQ_SEQUENCER_COMMANDS_MAX)
		return refuse(seq, "too many commands", seq->commands);
	return 0;
}

/* Finds the script in the payload. */
static int find_script(struct fwq_sequencer *seq, const void *payload, uint32_t len)
{
	const struct fwq_pack *p = seq->pack;
	uint64_t buffer, used;
	size_t at, room;

	if (!fwq_has_struct(p, FWQ_S_rpc_run_cpu_sequencer_v) ||
	    !fwq_has_field(p, FWQ_F_rpc_run_cpu_sequencer_v__regSaveArea) ||
	    !fwq_has_field(p, FWQ_F_rpc_run_cpu_sequencer_v__commandBuffer))
		return -EOPNOTSUPP;
	if (len < fwq_sizeof(p, FWQ_S_rpc_run_cpu_sequencer_v) ||
	    fwq_get(p, FWQ_F_rpc_run_cpu_sequencer_v__bufferSizeDWord, payload, len, 0, 0,
		    &buffer) ||
	    fwq_get(p, FWQ_F_rpc_run_cpu_sequencer_v__cmdIndex, payload, len, 0, 0, &used) ||
	    fwq_span(p, FWQ_F_rpc_run_cpu_sequencer_v__commandBuffer, len, 0, &at, &room))
		return refuse(seq, "payload too short", len);
	/* As RM has it: the index that ends the script lies inside the buffer. */
	if (used >= buffer || used > room / 4)
		return refuse(seq, "script longer than its buffer or the payload", (uint32_t)used);
	seq->script = (const uint8_t *)payload + at;
	seq->len = (uint32_t)used * 4;
	return 0;
}

int fwq_sequencer_open(const struct fwq_pack *pack, const void *payload, uint32_t len,
		       uint32_t bar0_size, struct fwq_sequencer *seq)
{
	struct fwq_sequencer_op op;
	int ret;

	*seq = (struct fwq_sequencer){.pack = pack};
	ret = find_script(seq, payload, len);
	while (!ret && seq->at < seq->len) {
		seq->where = seq->at / 4;
		ret = step(seq, &op);
		if (!ret)
			ret = check(seq, &op, bar0_size);
	}
	if (!ret)
		seq->at = 0;
	return ret;
}

bool fwq_sequencer_next(struct fwq_sequencer *seq, struct fwq_sequencer_op *op)
{
	return seq->at < seq->len && !step(seq, op);
}
