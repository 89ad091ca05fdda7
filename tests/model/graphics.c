/* SPDX-License-Identifier: MIT */
/*
 * The graphics engine, as far as it is modelled: no picture is drawn and no shader runs. Semaphores and
 * reports are carried out, inline data is written to memory (inline.c); every other method is counted.
 * Macros of the method expander (MME) are among what is counted, and so is what they would do.
 *
 * A report writes a counter. With nothing drawn, all counters are 0. That of the time is the long form's.
 *
 * Sources: OGKM clc797.h, clc7c0.h (SET_REPORT_SEMAPHORE). No public source says whether COMPARISON_GE
 * goes by order on the circle, as Host's does; here it goes by plain order.
 */
#include "host.h"
#include "rm.h"

#define SET_REPORT_SEMAPHORE_A 0x1b00u
#define SET_REPORT_SEMAPHORE_D 0x1b0cu

#define REPORT_OPERATION(d)  ((d)&3)
#define REPORT_REDUCTION(d)  ((d) >> 9 & 7)
#define REPORT_REDUCE	     0x00000008u
#define REPORT_COMPARISON_GE 0x00010000u
#define REPORT_REDUCE_SIGNED 0x00020000u
#define REPORT_AWAKEN	     0x00100000u
#define REPORT_COUNTER(d)    ((d) >> 23 & 0x1f)
#define REPORT_ONE_WORD	     0x10000000u
#define REPORT_COUNTER_NONE  0x00u
#define REPORT_COUNTER_TIME  0x14u

enum { RELEASE, ACQUIRE, REPORT_ONLY, TRAP };

static unsigned int reduction(uint32_t op)
{
	/* ADD, MIN, MAX, INC, DEC, AND, OR, XOR, in Host's numbers (SEM_EXECUTE_REDUCTION). */
	static const uint8_t host[8] = {5, 0, 1, 6, 7, 3, 4, 2};

	return host[op & 7];
}

enum host_result model_graphics_release(struct model *m, struct model_channel *ch,
					const struct graphics_release *r)
{
	uint64_t value = 0;

	if (!r->reduce)
		return model_semaphore_write(m, ch, r->va, r->payload, 1, !r->one_word)
			       ? HOST_DONE
			       : HOST_ERROR;
	if (!model_channel_memory(m, ch, false, r->va, &value, 4))
		return HOST_ERROR;
	model_charge(m, ch, COST_SEMAPHORE, 1);
	model_semaphore_reduce(reduction(r->op), r->is_signed, 4, &value, r->payload);
	return model_channel_memory(m, ch, true, r->va, &value, 4) ? HOST_DONE : HOST_ERROR;
}

static enum host_result report(struct model *m, struct model_channel *ch, const uint32_t words[4],
			       bool is_3d)
{
	uint32_t d = words[3];
	struct graphics_release r = {
		.va = (uint64_t)(words[0] & 0xff) << 32 | words[1],
		.payload = words[2],
		.one_word = d & REPORT_ONE_WORD,
		.reduce = d & REPORT_REDUCE,
		.op = REPORT_REDUCTION(d),
		.is_signed = d & REPORT_REDUCE_SIGNED,
	};
	enum host_result result;

	if (is_3d && REPORT_OPERATION(d) == ACQUIRE) {
		struct acquire what = {
			.va = r.va,
			.payload = r.payload,
			.op = d & REPORT_COMPARISON_GE ? SEM_STRICT_GEQ : SEM_ACQUIRE,
			.size = 4,
		};

		return model_acquire(m, ch, what);
	}
	if (is_3d && REPORT_OPERATION(d) == REPORT_ONLY) {
		if (REPORT_COUNTER(d) != REPORT_COUNTER_NONE &&
		    REPORT_COUNTER(d) != REPORT_COUNTER_TIME)
			model_method_ignored(m, ch);
		r.payload = 0;
		r.reduce = false;
	} else if (REPORT_OPERATION(d) != RELEASE) {
		model_method_ignored(m, ch);
		return HOST_DONE;
	}
	result = model_graphics_release(m, ch, &r);
	if (result == HOST_DONE && (d & REPORT_AWAKEN))
		model_channel_notify(m, ch);
	return result;
}

enum host_result model_graphics_method(struct model *m, struct model_channel *ch,
				       uint32_t subchannel, uint32_t class_id, uint32_t method,
				       uint32_t data)
{
	struct model_gr_subchannel *gr = &ch->gr[subchannel];

	if (class_id != FERMI_TWOD_A && method >= INLINE_FIRST && method <= INLINE_LAST)
		return model_inline_method(m, ch, &gr->in, class_id, method, data);
	if ((class_id == AMPERE_B || class_id == AMPERE_COMPUTE_B) &&
	    method >= SET_REPORT_SEMAPHORE_A && method <= SET_REPORT_SEMAPHORE_D) {
		gr->report[(method - SET_REPORT_SEMAPHORE_A) / 4] = data;
		return method == SET_REPORT_SEMAPHORE_D
			       ? report(m, ch, gr->report, class_id == AMPERE_B)
			       : HOST_DONE;
	}
	model_method_ignored(m, ch);
	return HOST_DONE;
}
