/* SPDX-License-Identifier: MIT */
/*
 * What Host does itself: releases and awaits semaphores, interrupts; mem_op.c has what it does to memory,
 * subchannels.c what SET_OBJECT comes to.
 *
 * Sources: OGKM clc56f.h; NVIDIA/open-gpu-doc dev_pbdma.ref.txt (order of the words of a semaphore).
 */
#include <string.h>

#include "host.h"

enum {
	SET_OBJECT = 0x00,
	NOP = 0x08,
	SEMAPHOREA = 0x10,
	SEMAPHORED = 0x1c,
	NON_STALL_INTERRUPT = 0x20,
	FB_FLUSH = 0x24,
	SET_REFERENCE = 0x50,
	SEM_ADDR_LO = 0x5c,
	SEM_EXECUTE = 0x6c,
	WFI = 0x78,
	YIELD = 0x80,
};

#define YIELD_OP(d) ((d)&3)
enum { YIELD_OP_NOP, YIELD_OP_RUNLIST_TIMESLICE = 2, YIELD_OP_TSG };

#define ACQUIRE_SWITCH 0x00001000u /* of SEMAPHORED and SEM_EXECUTE */

bool model_semaphore_write(struct model *m, struct model_channel *ch, uint64_t va, uint64_t payload,
			   unsigned int words, bool with_time)
{
	uint64_t long_form[2] = {payload, model_time(m)}, bit;

	if (model_fault_value(m, MODEL_FLIP_SEMAPHORE, &bit))
		long_form[0] ^= 1ull << bit;
	if (words == 1)
		long_form[0] = (uint32_t)long_form[0];
	model_charge(m, ch, COST_SEMAPHORE, 1);
	return model_channel_memory(m, ch, true, va, long_form, with_time ? 16 : 4ul * words);
}

bool model_semaphore_reduce(unsigned int op, bool is_signed, unsigned int size, uint64_t *value,
			    uint64_t operand)
{
	int64_t a = size == 4 ? (int32_t)*value : (int64_t)*value;
	int64_t b = size == 4 ? (int32_t)operand : (int64_t)operand;
	bool less = is_signed ? a < b : *value < operand;

	switch (op) {
	case 0:
		*value = less ? *value : operand;
		return true;
	case 1:
		*value = less ? operand : *value;
		return true;
	case 2:
		*value ^= operand;
		return true;
	case 3:
		*value &= operand;
		return true;
	case 4:
		*value |= operand;
		return true;
	case 5:
		*value += operand;
		return true;
	case 6: /* up to the operand, then 0 */
		*value = *value >= operand ? 0 : *value + 1;
		return true;
	case 7: /* down to 0, then the operand */
		*value = !*value || *value > operand ? operand : *value - 1;
		return true;
	default:
		return false;
	}
}

static enum host_result reduce(struct model *m, struct model_channel *ch, uint64_t va,
			       unsigned int op, bool is_signed, unsigned int size, uint64_t operand)
{
	uint64_t value = 0;

	if (!model_channel_memory(m, ch, false, va, &value, size))
		return HOST_ERROR;
	if (!model_semaphore_reduce(op, is_signed, size, &value, operand))
		return model_channel_fail(m, ch, "semaphore reduction %u", op);
	model_charge(m, ch, COST_SEMAPHORE, 1);
	return model_channel_memory(m, ch, true, va, &value, size) ? HOST_DONE : HOST_ERROR;
}

static bool satisfied(const struct acquire *a, uint64_t value)
{
	switch (a->op) {
	case SEM_ACQUIRE:
		return value == a->payload;
	case SEM_STRICT_GEQ:
		return value >= a->payload;
	case SEM_CIRC_GEQ:
		return a->size == 4 ? (int32_t)((uint32_t)value - (uint32_t)a->payload) >= 0
				    : (int64_t)(value - a->payload) >= 0;
	case SEM_AND:
		return value & a->payload;
	default:
		return ~(value | a->payload) & (a->size == 4 ? 0xffffffffull : ~0ull);
	}
}

bool model_acquired(struct model *m, struct model_channel *ch)
{
	uint64_t value = 0;

	return model_channel_memory(m, ch, false, ch->acquire.va, &value, ch->acquire.size) &&
	       satisfied(&ch->acquire, value);
}

enum host_result model_acquire(struct model *m, struct model_channel *ch, struct acquire what)
{
	ch->acquire = what;
	if (!model_acquired(m, ch))
		return ch->failed ? HOST_ERROR : HOST_WAIT;
	model_charge(m, ch, COST_SEMAPHORE, 1);
	return HOST_DONE;
}

/* The older semaphore: payload of 32 bits. */
static enum host_result semaphore(struct model *m, struct model_channel *ch)
{
	enum { ACQUIRE = 1, RELEASE = 2, ACQ_GEQ = 4, ACQ_AND = 8, REDUCTION = 16 };
	uint32_t payload = ch->semaphore[2], op = ch->semaphore[3];
	struct acquire what = {
		.va = (uint64_t)(ch->semaphore[0] & 0xff) << 32 | (ch->semaphore[1] & ~3u),
		.payload = payload,
		.size = 4,
		.switches = op & ACQUIRE_SWITCH,
	};

	switch (op & 0x1f) {
	case RELEASE:
		return model_semaphore_write(m, ch, what.va, payload, 1, !(op >> 24 & 1))
			       ? HOST_DONE
			       : HOST_ERROR;
	case REDUCTION:
		return reduce(m, ch, what.va, op >> 27 & 0xf, !(op >> 31), 4, payload);
	case ACQUIRE:
		what.op = SEM_ACQUIRE;
		break;
	case ACQ_GEQ:
		what.op = SEM_CIRC_GEQ;
		break;
	case ACQ_AND:
		what.op = SEM_AND;
		break;
	default:
		return model_channel_fail(m, ch, "SEMAPHORED 0x%08x", op);
	}
	return model_acquire(m, ch, what);
}

/* The newer one: 32 or 64 bits. */
static enum host_result sem_execute(struct model *m, struct model_channel *ch)
{
	uint32_t execute = ch->sem_execute[4];
	struct acquire what = {
		.va = (uint64_t)(ch->sem_execute[1] & 0xff) << 32 | (ch->sem_execute[0] & ~3u),
		.payload = ch->sem_execute[2],
		.op = execute & 7,
		.size = execute >> 24 & 1 ? 8 : 4,
		.switches = execute & ACQUIRE_SWITCH,
	};

	if (what.size == 8)
		what.payload |= (uint64_t)ch->sem_execute[3] << 32;
	if (what.va % what.size)
		return model_channel_fail(m, ch, "semaphore at 0x%llx",
					  (unsigned long long)what.va);
	if (what.op == SEM_RELEASE)
		return model_semaphore_write(m, ch, what.va, what.payload, what.size / 4,
					     execute >> 25 & 1)
			       ? HOST_DONE
			       : HOST_ERROR;
	if (what.op == SEM_REDUCTION)
		return reduce(m, ch, what.va, execute >> 27 & 0xf, !(execute >> 31), what.size,
			      what.payload);
	if (what.op > SEM_REDUCTION)
		return model_channel_fail(m, ch, "SEM_EXECUTE 0x%08x", execute);
	return model_acquire(m, ch, what);
}

/* Both take effect when the method is done. */
static enum host_result yield(struct model *m, struct model_channel *ch, uint32_t data)
{
	switch (YIELD_OP(data)) {
	case YIELD_OP_NOP:
		return HOST_DONE;
	case YIELD_OP_RUNLIST_TIMESLICE:
		model_runlist_yield(m, ch, true);
		return HOST_DONE;
	case YIELD_OP_TSG:
		model_runlist_yield(m, ch, false);
		return HOST_DONE;
	default:
		return model_channel_fail(m, ch, "YIELD 0x%08x", data);
	}
}

enum host_result model_host_method(struct model *m, struct model_channel *ch, uint32_t subchannel,
				   uint32_t method, uint32_t data)
{
	if (method >= SEMAPHOREA && method <= SEMAPHORED) {
		ch->semaphore[(method - SEMAPHOREA) / 4] = data;
		return method == SEMAPHORED ? semaphore(m, ch) : HOST_DONE;
	}
	if (method >= SEM_ADDR_LO && method <= SEM_EXECUTE) {
		ch->sem_execute[(method - SEM_ADDR_LO) / 4] = data;
		return method == SEM_EXECUTE ? sem_execute(m, ch) : HOST_DONE;
	}
	if (method >= MEM_OP_A && method <= MEM_OP_D)
		return model_mem_op(m, ch, method, data);
	switch (method) {
	case SET_OBJECT:
		return model_set_object(m, ch, subchannel, data);
	case SET_REFERENCE:
		ch->reference = data;
		return HOST_DONE;
	case NON_STALL_INTERRUPT:
		model_channel_notify(m, ch);
		return HOST_DONE;
	case NOP:
	case FB_FLUSH:
	case WFI:
		return HOST_DONE;
	case YIELD:
		return yield(m, ch, data);
	default:
		return model_channel_fail(m, ch, "method 0x%02x (0x%08x)", method, data);
	}
}
