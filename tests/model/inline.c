/* SPDX-License-Identifier: MIT */
/*
 * Inline-to-memory: LAUNCH_DMA says where a rectangle of bytes goes, in rows or in blocks, and words of
 * LOAD_INLINE_DATA bring it; with the last one a semaphore is released.
 *
 * Every line begins with a word of its own: Skyline (soc/gm20b/engine/inline2memory.cpp) has programs rely
 * on that; no manual says it. Data that is too much or comes too late, and a rectangle outside of a surface in
 * blocks, are errors (pri_memfmt.ref.txt: EXTRA_, MISSING_INLINE_DATA; pri_eng.ref.txt: I2M_RECT_OUT_OF_BOUNDS).
 * Words are written as they come, and not together.
 *
 * Sources: OGKM, NVIDIA/open-gpu-doc cla140.h, clc797.h, clc7c0.h.
 */
#include "host.h"
#include "rm.h"

enum {
	LINE_LENGTH_IN = 0x180,
	LINE_COUNT = 0x184,
	OFFSET_OUT_UPPER = 0x188,
	OFFSET_OUT = 0x18c,
	PITCH_OUT = 0x190,
	SET_DST_BLOCK_SIZE = 0x194,
	SET_DST_WIDTH = 0x198,
	SET_DST_HEIGHT = 0x19c,
	SET_DST_LAYER = 0x1a4,
	SET_DST_ORIGIN_BYTES_X = 0x1a8,
	SET_DST_ORIGIN_SAMPLES_Y = 0x1ac,
	LAUNCH_DMA = 0x1b0,
	LOAD_INLINE_DATA = 0x1b4,
	SET_I2M_SEMAPHORE_A = 0x1dc,
	SET_I2M_SEMAPHORE_B = 0x1e0,
	SET_I2M_SEMAPHORE_C = 0x1e4,
};

#define LAUNCH_IN_ROWS	     0x00000001u
#define LAUNCH_REDUCE	     0x00000002u
#define LAUNCH_REDUCE_SIGNED 0x00000004u
#define LAUNCH_COMPLETION(l) ((l) >> 4 & 3)
#define LAUNCH_INTERRUPT     0x00000100u
#define LAUNCH_ONE_WORD	     0x00001000u
#define LAUNCH_REDUCTION(l)  ((l) >> 13 & 7)
#define RELEASE_SEMAPHORE    2u

/* The classes differ in how much of an address their upper words hold. */
static uint64_t address(const struct model_inline *in, uint32_t upper, uint32_t mask)
{
	uint32_t high = in->methods[(upper - INLINE_FIRST) / 4] & mask;

	return (uint64_t)high << 32 | in->methods[(upper + 4 - INLINE_FIRST) / 4];
}

static uint32_t reg(const struct model_inline *in, uint32_t method)
{
	return in->methods[(method - INLINE_FIRST) / 4];
}

static enum host_result complete(struct model *m, struct model_channel *ch,
				 const struct model_inline *in, uint32_t class_id)
{
	uint32_t launch = reg(in, LAUNCH_DMA);
	uint32_t mask = class_id == KEPLER_INLINE_TO_MEMORY_B ? 0x1ffffff : 0xff;
	struct graphics_release r = {
		.va = address(in, SET_I2M_SEMAPHORE_A, mask),
		.payload = reg(in, SET_I2M_SEMAPHORE_C),
		.one_word = launch & LAUNCH_ONE_WORD,
		.reduce = launch & LAUNCH_REDUCE,
		.op = LAUNCH_REDUCTION(launch),
		.is_signed = launch & LAUNCH_REDUCE_SIGNED,
	};
	enum host_result result = HOST_DONE;

	if (LAUNCH_COMPLETION(launch) == RELEASE_SEMAPHORE)
		result = model_graphics_release(m, ch, &r);
	if (result == HOST_DONE && (launch & LAUNCH_INTERRUPT))
		model_channel_notify(m, ch);
	return result;
}

static enum host_result launch(struct model *m, struct model_channel *ch, struct model_inline *in,
			       uint32_t class_id)
{
	static const uint32_t mask_3d = 0xff, mask_compute = 0x1ffff, mask_inline = 0x1ffffff;
	uint32_t block = reg(in, SET_DST_BLOCK_SIZE);
	struct model_surface *to = &in->to;

	if (in->busy)
		return model_graphics_fail(m, ch, "LAUNCH_DMA while inline data is missing");
	to->in_rows = reg(in, LAUNCH_DMA) & LAUNCH_IN_ROWS;
	to->base = address(in, OFFSET_OUT_UPPER,
			   class_id == AMPERE_B		  ? mask_3d
			   : class_id == AMPERE_COMPUTE_B ? mask_compute
							  : mask_inline);
	to->pitch = (uint64_t)(int64_t)(int32_t)reg(in, PITCH_OUT);
	to->log2_height = block >> 4 & 0xf;
	to->log2_depth = block >> 8 & 0xf;
	to->width = reg(in, SET_DST_WIDTH);
	to->height = reg(in, SET_DST_HEIGHT);
	to->layer = reg(in, SET_DST_LAYER);
	to->x = reg(in, SET_DST_ORIGIN_BYTES_X) & 0x1fffff;
	to->y = reg(in, SET_DST_ORIGIN_SAMPLES_Y) & 0x1ffff;
	in->line_length = reg(in, LINE_LENGTH_IN);
	in->lines = reg(in, LINE_COUNT);
	in->x = in->y = 0;
	if (!in->line_length || !in->lines)
		return complete(m, ch, in, class_id);
	if (!to->in_rows && ((uint64_t)to->x + in->line_length > to->width ||
			     (uint64_t)to->y + in->lines > to->height))
		return model_graphics_fail(m, ch,
					   "inline data of %u bytes by %u lines at %u, %u of a "
					   "surface of %u by %u",
					   in->line_length, in->lines, to->x, to->y, to->width,
					   to->height);
	in->busy = true;
	return HOST_DONE;
}

static enum host_result load(struct model *m, struct model_channel *ch, struct model_inline *in,
			     uint32_t class_id, uint32_t data)
{
	uint32_t left = in->line_length - in->x, n = left < 4 ? left : 4;
	uint8_t bytes[4];

	if (!in->busy)
		return model_graphics_fail(m, ch, "inline data 0x%08x where none is expected",
					   data);
	model_store32(bytes, data);
	for (uint32_t done = 0; done < n;) {
		uint64_t run, va = model_surface_place(&in->to, in->x + done, in->y, &run);
		uint32_t part = run < n - done ? (uint32_t)run : n - done;

		if (!model_channel_memory(m, ch, true, va, bytes + done, part))
			return HOST_ERROR;
		done += part;
	}
	model_charge(m, ch, COST_INLINE_BYTE, n);
	in->x += n;
	if (in->x < in->line_length)
		return HOST_DONE;
	in->x = 0;
	if (++in->y < in->lines)
		return HOST_DONE;
	in->busy = false;
	return complete(m, ch, in, class_id);
}

enum host_result model_inline_method(struct model *m, struct model_channel *ch,
				     struct model_inline *in, uint32_t class_id, uint32_t method,
				     uint32_t data)
{
	if (method == LOAD_INLINE_DATA)
		return load(m, ch, in, class_id, data);
	in->methods[(method - INLINE_FIRST) / 4] = data;
	return method == LAUNCH_DMA ? launch(m, ch, in, class_id) : HOST_DONE;
}
