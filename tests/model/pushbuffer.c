/* SPDX-License-Identifier: MIT */
/*
 * Takes push buffers apart: headers say which method follows, how often, and whether its address grows.
 * Methods below 0x100 are Host's, the others go to the class that the subchannel was bound to.
 *
 * A method that has to wait, or is not done when the channel's turn is over, leaves everything as it was
 * before its data word.
 *
 * Source: OGKM clc56f.h (NVC56F_DMA_*).
 */
#include "host.h"
#include "trace.h"

#define HEADER_SEC_OP(h)  ((h) >> 29)
#define HEADER_COUNT(h)	  ((h) >> 16 & 0x1fff)
#define HEADER_SUBCH(h)	  ((h) >> 13 & 7)
#define HEADER_METHOD(h)  (((h)&0xfff) * 4)
#define HEADER_TERT_OP(h) ((h) >> 16 & 3)

enum { OP_GRP0, OP_INC, OP_GRP2, OP_NON_INC, OP_IMMD, OP_ONE_INC, OP_RESERVED, OP_END_SEGMENT };

#define HOST_METHODS 0x100u

static enum host_result call(struct model *m, struct model_channel *ch, uint32_t subchannel,
			     uint32_t method, uint32_t data)
{
	uint64_t ignored = m->stats.methods_ignored;
	uint32_t class_id =
		method < HOST_METHODS ? 0 : model_subchannel_class(ch->runlist, subchannel);
	enum host_result result =
		method < HOST_METHODS
			? model_host_method(m, ch, subchannel, method, data)
			: model_engine_method(m, ch, subchannel, class_id, method, data);

	if (result != HOST_DONE)
		return result;
	model_charge(m, ch, COST_METHOD, 1);
	model_trace(m,
		    m->stats.methods_ignored > ignored ? MODEL_TRACE_COUNTED : MODEL_TRACE_METHOD,
		    class_id << 16 | method);
	return result;
}

/* GRP0 and GRP2 without a tertiary operation are the older form of headers. */
static void old_header(struct pushbuffer *pb, uint32_t h)
{
	pb->mode = HEADER_SEC_OP(h) == OP_GRP2 ? PB_NON_INC : PB_INC;
	pb->left = h >> 18 & 0x7ff;
	pb->method = h & 0x1ffc;
	pb->subchannel = HEADER_SUBCH(h);
}

static enum host_result header(struct model *m, struct model_channel *ch, uint32_t h)
{
	struct pushbuffer *pb = &ch->pb;

	switch (HEADER_SEC_OP(h)) {
	case OP_GRP0:
	case OP_GRP2:
		/* Masks of subdevices mean nothing to a single GPU. */
		if (HEADER_SEC_OP(h) == OP_GRP0 && HEADER_TERT_OP(h))
			return HOST_DONE;
		old_header(pb, h);
		return HOST_DONE;
	case OP_INC:
		pb->mode = PB_INC;
		break;
	case OP_NON_INC:
		pb->mode = PB_NON_INC;
		break;
	case OP_ONE_INC:
		pb->mode = PB_ONE_INC;
		break;
	case OP_IMMD:
		return call(m, ch, HEADER_SUBCH(h), HEADER_METHOD(h), HEADER_COUNT(h));
	case OP_END_SEGMENT:
		pb->at = pb->end;
		pb->nr = pb->next + 1; /* what was fetched ahead is not looked at */
		return HOST_DONE;
	default:
		return model_channel_fail(m, ch, "push buffer header 0x%08x", h);
	}
	pb->left = HEADER_COUNT(h);
	pb->method = HEADER_METHOD(h);
	pb->subchannel = HEADER_SUBCH(h);
	return HOST_DONE;
}

static enum host_result word(struct model *m, struct model_channel *ch, uint32_t value)
{
	struct pushbuffer *pb = &ch->pb;
	enum host_result result;

	if (!pb->left)
		return header(m, ch, value);
	result = call(m, ch, pb->subchannel, pb->method, value);
	if (result != HOST_DONE)
		return result;
	pb->left--;
	if (pb->mode == PB_INC || pb->mode == PB_ONE_INC)
		pb->method += 4;
	if (pb->mode == PB_ONE_INC)
		pb->mode = PB_NON_INC;
	return HOST_DONE;
}

static bool fetch(struct model *m, struct model_channel *ch)
{
	struct pushbuffer *pb = &ch->pb;
	uint64_t len = pb->end - pb->at;

	if (len > sizeof(pb->words))
		len = sizeof(pb->words);
	if (!model_channel_memory(m, ch, false, pb->at, pb->words, len))
		return false;
	pb->at += len;
	pb->nr = (uint32_t)(len / 4);
	pb->next = 0;
	return true;
}

enum host_result model_pushbuffer_run(struct model *m, struct model_channel *ch)
{
	struct pushbuffer *pb = &ch->pb;

	for (;;) {
		enum host_result result;

		if (pb->next == pb->nr) {
			if (pb->at == pb->end)
				return HOST_DONE;
			if (!fetch(m, ch))
				return HOST_ERROR;
		}
		if (model_turn_over(m, ch))
			return HOST_MORE;
		result = word(m, ch, pb->words[pb->next]);
		if (result != HOST_DONE)
			return result;
		pb->next++;
		model_work(m, 1);
	}
}
