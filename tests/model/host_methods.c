/* SPDX-License-Identifier: MIT */
/*
 * What Host does itself: binds classes to subchannels, releases and awaits semaphores, interrupts; mem_op.c
 * has what it does to memory.
 *
 * Engines' methods come by here too: the copy engine executes its own (ce.c), the other engines only
 * release semaphores.
 *
 * Sources: OGKM clc56f.h, clc797.h and clc7c0.h (SET_REPORT_SEMAPHORE); NVIDIA/open-gpu-doc
 * dev_pbdma.ref.txt (order of the words of a semaphore).
 */
#include <string.h>

#include "engines.h"
#include "host.h"
#include "rm.h"

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

#define SET_REPORT_SEMAPHORE_A 0x1b00u
#define SET_REPORT_SEMAPHORE_D 0x1b0cu
#define REPORT_OPERATION(d)    ((d)&3)
#define REPORT_ONE_WORD	       0x10000000u

bool model_semaphore_write(struct model *m, struct model_channel *ch, uint64_t va, uint64_t payload,
			   unsigned int words, bool with_time)
{
	uint64_t long_form[2] = {payload, model_time(m)};

	if (words == 1)
		long_form[0] = (uint32_t)payload;
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

/* Operations of SEM_EXECUTE. */
enum { SEM_ACQUIRE, SEM_RELEASE, SEM_STRICT_GEQ, SEM_CIRC_GEQ, SEM_AND, SEM_NOR, SEM_REDUCTION };

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

static enum host_result acquire(struct model *m, struct model_channel *ch, struct acquire what)
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
	return acquire(m, ch, what);
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
	return acquire(m, ch, what);
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

/* A class that an engine of the channel's runlist executes; 0 and software's are left to software. */
static enum host_result set_object(struct model *m, struct model_channel *ch, uint32_t subchannel,
				   uint32_t data)
{
	uint32_t class_id = data & 0xffff;

	if (!model_rm_runlist_executes(ch->runlist, class_id))
		return model_channel_fail(m, ch, "SET_OBJECT 0x%08x", data);
	ch->classes[subchannel] = class_id;
	return HOST_DONE;
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
		return set_object(m, ch, subchannel, data);
	case NON_STALL_INTERRUPT:
		model_channel_notify(m, ch);
		return HOST_DONE;
	case NOP:
	case FB_FLUSH:
	case SET_REFERENCE:
	case WFI:
		return HOST_DONE;
	case YIELD:
		return yield(m, ch, data);
	default:
		return model_channel_fail(m, ch, "method 0x%02x (0x%08x)", method, data);
	}
}

static enum host_result report(struct model *m, struct model_channel *ch, uint32_t method,
			       uint32_t data)
{
	uint64_t va;

	ch->report[(method - SET_REPORT_SEMAPHORE_A) / 4] = data;
	if (method != SET_REPORT_SEMAPHORE_D || REPORT_OPERATION(data))
		return HOST_DONE;
	va = (uint64_t)(ch->report[0] & 0xff) << 32 | ch->report[1];
	return model_semaphore_write(m, ch, va, ch->report[2], 1, !(data & REPORT_ONE_WORD))
		       ? HOST_DONE
		       : HOST_ERROR;
}

enum host_result model_engine_method(struct model *m, struct model_channel *ch, uint32_t subchannel,
				     uint32_t method, uint32_t data)
{
	switch (ch->classes[subchannel]) {
	case 0:
		return model_channel_fail(m, ch, "method 0x%04x on subchannel %u without a class",
					  method, subchannel);
	case AMPERE_DMA_COPY_B:
		return model_ce_method(m, ch, method, data);
	case AMPERE_B:
	case AMPERE_COMPUTE_B:
		if (method >= SET_REPORT_SEMAPHORE_A && method <= SET_REPORT_SEMAPHORE_D)
			return report(m, ch, method, data);
		break;
	}
	model_method_ignored(m, ch);
	return HOST_DONE;
}
