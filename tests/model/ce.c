/* SPDX-License-Identifier: MIT */
/*
 * The copy engine: lines of bytes from here to there, in rows (pitch) or in blocks, with components
 * put in another order or replaced by constants; then a semaphore and an interrupt.
 *
 * A copy is done in pieces of at most 4 KiB: when the channel's turn is over it ends after one of them and
 * goes on with the next. Hardware's Host splits large copies for fast switching too (CE_SPLIT), so that
 * the engine is free in less than 10 us (dev_pbdma.ref.txt); no public source says at which sizes.
 *
 * Physical addresses are for privileged channels only (HCE_PRIV).
 *
 * Source: OGKM clc7b5.h.
 */
#include <string.h>

#include "engines.h"
#include "host.h"
#include "surface.h"

enum {
	SET_SEMAPHORE_A = 0x240,
	SET_SEMAPHORE_B = 0x244,
	SET_SEMAPHORE_PAYLOAD = 0x248,
	SET_SEMAPHORE_PAYLOAD_UPPER = 0x24c,
	SET_SRC_PHYS_MODE = 0x260,
	SET_DST_PHYS_MODE = 0x264,
	LAUNCH_DMA = 0x300,
	OFFSET_IN = 0x400,
	OFFSET_OUT = 0x408,
	PITCH_IN = 0x410,
	PITCH_OUT = 0x414,
	LINE_LENGTH_IN = 0x418,
	LINE_COUNT = 0x41c,
	SET_REMAP_CONST_A = 0x700,
	SET_REMAP_COMPONENTS = 0x708,
	SET_DST_BLOCK_SIZE = 0x70c,
	SET_SRC_BLOCK_SIZE = 0x728,
};

#define LAUNCH_TRANSFER(l)	  ((l)&3)
#define LAUNCH_SEMAPHORE(l)	  ((l) >> 3 & 3)
#define LAUNCH_INTERRUPT(l)	  ((l) >> 5 & 3)
#define INTERRUPT_NON_BLOCKING	  2u
#define LAUNCH_SRC_PITCH	  0x00000080u
#define LAUNCH_DST_PITCH	  0x00000100u
#define LAUNCH_MULTI_LINE	  0x00000200u
#define LAUNCH_REMAP		  0x00000400u
#define LAUNCH_SRC_PHYSICAL	  0x00001000u
#define LAUNCH_DST_PHYSICAL	  0x00002000u
#define LAUNCH_REDUCTION(l)	  ((l) >> 14 & 0xf)
#define LAUNCH_REDUCTION_UNSIGNED 0x00040000u
#define LAUNCH_REDUCTION_ENABLE	  0x00080000u
#define LAUNCH_TWO_WORDS	  0x08000000u

#define MAX_PIXEL 16u
#define PIECE	  4096u

/* One side of a copy. */
struct side {
	bool write, physical, sysmem;
	struct model_surface surface;
};

static uint32_t reg(const struct model_channel *ch, uint32_t method)
{
	return ch->ce[method / 4];
}

static uint64_t reg64(const struct model_channel *ch, uint32_t method)
{
	return (uint64_t)(reg(ch, method) & 0x1ffff) << 32 | reg(ch, method + 4);
}

static void side_init(const struct model_channel *ch, struct side *s, bool write)
{
	uint32_t launch = reg(ch, LAUNCH_DMA), mode, block;
	uint32_t base = write ? SET_DST_BLOCK_SIZE : SET_SRC_BLOCK_SIZE;
	struct model_surface *at = &s->surface;

	s->write = write;
	s->physical = launch & (write ? LAUNCH_DST_PHYSICAL : LAUNCH_SRC_PHYSICAL);
	mode = reg(ch, write ? SET_DST_PHYS_MODE : SET_SRC_PHYS_MODE);
	s->sysmem = s->physical && (mode & 3);
	at->in_rows = launch & (write ? LAUNCH_DST_PITCH : LAUNCH_SRC_PITCH);
	at->base = reg64(ch, write ? OFFSET_OUT : OFFSET_IN);
	/* A pitch is signed. */
	at->pitch = (uint64_t)(int64_t)(int32_t)reg(ch, write ? PITCH_OUT : PITCH_IN);
	block = reg(ch, base);
	at->log2_height = block >> 4 & 0xf;
	at->log2_depth = block >> 8 & 0xf;
	at->width = reg(ch, base + 4);
	at->height = reg(ch, base + 8);
	at->layer = reg(ch, base + 16);
	at->x = reg(ch, base + 20) & 0xffff;
	at->y = reg(ch, base + 20) >> 16;
}

/* Bytes of one line. */
static bool line(struct model *m, struct model_channel *ch, const struct side *s, uint64_t x,
		 uint32_t y, uint8_t *buf, uint64_t len)
{
	while (len) {
		struct mmu_addr at = {.sysmem = s->sysmem};
		uint64_t run;

		at.addr = model_surface_place(&s->surface, x, y, &run);
		if (run > len)
			run = len;
		if (!s->physical) {
			if (!model_channel_memory(m, ch, s->write, at.addr, buf, run))
				return false;
		} else if (!model_physical_access(m, s->write, at, buf, run)) {
			model_channel_fail(m, ch, "nothing at physical address 0x%llx",
					   (unsigned long long)at.addr);
			return false;
		}
		x += run;
		buf += run;
		len -= run;
	}
	return true;
}

/* What one line's pixels become. */
struct remap {
	bool on, reads;
	uint32_t size, nr_src, nr_dst;
	uint8_t from[4]; /* 0 ... 3: component; 4, 5: constants; 6: not written */
	uint32_t constants[2];
};

static void remap_init(const struct model_channel *ch, struct remap *r)
{
	uint32_t c = reg(ch, SET_REMAP_COMPONENTS);

	memset(r, 0, sizeof(*r));
	r->on = reg(ch, LAUNCH_DMA) & LAUNCH_REMAP;
	r->size = (c >> 16 & 3) + 1;
	r->nr_src = (c >> 20 & 3) + 1;
	r->nr_dst = (c >> 24 & 3) + 1;
	for (uint32_t i = 0; i < 4; i++)
		r->from[i] = c >> (4 * i) & 7;
	for (uint32_t i = 0; i < r->nr_dst; i++)
		r->reads |= r->from[i] < 4;
	r->constants[0] = reg(ch, SET_REMAP_CONST_A);
	r->constants[1] = reg(ch, SET_REMAP_CONST_A + 4);
}

static void remap_pixel(const struct remap *r, const uint8_t *src, uint8_t *dst)
{
	for (uint32_t i = 0; i < r->nr_dst; i++, dst += r->size) {
		uint8_t constant[4];

		if (r->from[i] < r->nr_src) {
			memcpy(dst, src + (size_t)r->from[i] * r->size, r->size);
		} else if (r->from[i] == 4 || r->from[i] == 5) {
			model_store32(constant, r->constants[r->from[i] - 4]);
			memcpy(dst, constant, r->size);
		}
	}
}

/* A line of pixels that are all alike: where nothing is read there is only one. */
static void remap_alike(const struct remap *r, uint8_t *out, uint32_t size)
{
	uint32_t have = r->size * r->nr_dst;

	remap_pixel(r, NULL, out);
	for (uint32_t more; have < size; have += more) {
		more = have < size - have ? have : size - have;
		memcpy(out + have, out, more);
	}
}

/* Some pixels of a line, at most PIECE / MAX_PIXEL. */
static bool remap_piece(struct model *m, struct model_channel *ch, struct side *src,
			struct side *dst, const struct remap *r, uint32_t n)
{
	uint8_t in[PIECE], out[PIECE];
	uint32_t in_size = r->size * r->nr_src, out_size = r->size * r->nr_dst;
	uint32_t x = ch->copy.x, y = ch->copy.y;
	struct side before = *dst;
	bool keeps = false;

	for (uint32_t i = 0; i < r->nr_dst; i++)
		keeps |= r->from[i] >= 6 || (r->from[i] < 4 && r->from[i] >= r->nr_src);
	before.write = false;
	if (r->reads && !line(m, ch, src, (uint64_t)x * in_size, y, in, (uint64_t)n * in_size))
		return false;
	if (keeps && !line(m, ch, &before, (uint64_t)x * out_size, y, out, (uint64_t)n * out_size))
		return false;
	if (!r->reads && !keeps)
		remap_alike(r, out, n * out_size);
	else
		for (uint32_t i = 0; i < n; i++)
			remap_pixel(r, in + (size_t)i * in_size, out + (size_t)i * out_size);
	if (!line(m, ch, dst, (uint64_t)x * out_size, y, out, (uint64_t)n * out_size))
		return false;
	model_charge(m, ch, COST_CE_BYTE, n * out_size);
	return true;
}

static bool copy_piece(struct model *m, struct model_channel *ch, struct side *src,
		       struct side *dst, uint32_t n)
{
	uint8_t buf[PIECE];

	if (!line(m, ch, src, ch->copy.x, ch->copy.y, buf, n))
		return false;
	model_fault_apply(m, MODEL_FLIP_COPY, ch->copy.x, buf, n);
	if (!line(m, ch, dst, ch->copy.x, ch->copy.y, buf, n))
		return false;
	model_charge(m, ch, COST_CE_BYTE, n);
	return true;
}

/* From ch->copy on. */
static enum host_result pieces(struct model *m, struct model_channel *ch)
{
	uint32_t launch = reg(ch, LAUNCH_DMA), len = reg(ch, LINE_LENGTH_IN);
	uint32_t lines = launch & LAUNCH_MULTI_LINE ? reg(ch, LINE_COUNT) : 1;
	struct side src, dst;
	struct remap remap;
	uint32_t step;

	side_init(ch, &src, false);
	side_init(ch, &dst, true);
	remap_init(ch, &remap);
	step = remap.on ? PIECE / MAX_PIXEL : PIECE;
	if ((src.physical || dst.physical) && !ch->physical)
		return model_channel_fail(m, ch, "HCE_PRIV: a physical copy without privilege");
	while (len && ch->copy.y < lines) {
		uint32_t n = len - ch->copy.x < step ? len - ch->copy.x : step;

		if (model_turn_over(m, ch))
			return HOST_MORE;
		if (remap.on ? !remap_piece(m, ch, &src, &dst, &remap, n)
			     : !copy_piece(m, ch, &src, &dst, n))
			return HOST_ERROR;
		ch->copy.x += n;
		if (ch->copy.x == len) {
			ch->copy.x = 0;
			ch->copy.y++;
		}
	}
	return HOST_DONE;
}

static enum host_result copy(struct model *m, struct model_channel *ch)
{
	enum host_result result;

	if (!ch->copy.busy) {
		model_charge(m, ch, COST_CE_LAUNCH, 1);
		ch->copy.busy = true;
		ch->copy.x = ch->copy.y = 0;
	}
	result = pieces(m, ch);
	ch->copy.busy = result == HOST_MORE;
	return result;
}

static bool release(struct model *m, struct model_channel *ch)
{
	uint32_t launch = reg(ch, LAUNCH_DMA);
	unsigned int size = launch & LAUNCH_TWO_WORDS ? 8 : 4;
	uint64_t va = reg64(ch, SET_SEMAPHORE_A), payload = reg(ch, SET_SEMAPHORE_PAYLOAD);
	uint64_t value = 0;

	if (size == 8)
		payload |= (uint64_t)reg(ch, SET_SEMAPHORE_PAYLOAD_UPPER) << 32;
	if (launch & LAUNCH_REDUCTION_ENABLE) {
		if (!model_channel_memory(m, ch, false, va, &value, size))
			return false;
		if (!model_semaphore_reduce(LAUNCH_REDUCTION(launch),
					    !(launch & LAUNCH_REDUCTION_UNSIGNED), size, &value,
					    payload)) {
			model_channel_fail(m, ch, "LAUNCH_DMA 0x%08x: reduction", launch);
			return false;
		}
		model_charge(m, ch, COST_SEMAPHORE, 1);
		return model_channel_memory(m, ch, true, va, &value, size);
	}
	return model_semaphore_write(m, ch, va, payload, size / 4, LAUNCH_SEMAPHORE(launch) == 2);
}

enum host_result model_ce_method(struct model *m, struct model_channel *ch, uint32_t method,
				 uint32_t data)
{
	enum host_result result;

	if (method >= MODEL_CE_METHODS)
		return model_channel_fail(m, ch, "copy method 0x%04x", method);
	ch->ce[method / 4] = data;
	if (method != LAUNCH_DMA)
		return HOST_DONE;
	if (LAUNCH_TRANSFER(data)) {
		result = copy(m, ch);
		if (result != HOST_DONE)
			return result;
	}
	if (LAUNCH_SEMAPHORE(data) && !release(m, ch))
		return HOST_ERROR;
	/* A blocking one is the firmware's to serve: the driver sees nothing of it. */
	if (LAUNCH_INTERRUPT(data) == INTERRUPT_NON_BLOCKING)
		model_channel_notify(m, ch);
	return HOST_DONE;
}
