/* SPDX-License-Identifier: MIT */
/*
 * A graphics context for a channel of the model, in the address space of page_tables.h: without one the graphics
 * engine does nothing. All buffers lie in pages of 2 MiB, one behind the other.
 */
#ifndef GRAPHICS_CONTEXT_H
#define GRAPHICS_CONTEXT_H

#include "model_talk.h"
#include "page_tables.h"

#include "tests/model/gr_context.h"

#define CONTEXT_PD0    0x16000u /* of the GiB from CONTEXT_VA on */
#define CONTEXT_VA     0x40000000ull
#define CONTEXT_VRAM   0x10000000ull
#define CONTEXT_SIZE   0x2000000ull /* 32 MiB for each */
#define CONTEXT_PAGE   0x200000ull
#define CONTEXT_OBJECT 0x97000000u
#define PROMOTE_CTX    0x2080012bu
#define PROMOTE_PARAMS 560u
#define CONTEXT_PREPARED                                                                           \
	0x130000u /* bytes at the start of a buffer: the largest that RM prepares */

/* In this order; attributes need eight pages. */
static const struct {
	uint8_t id;
	bool prepared;
} context_parts[] = {
	{CONTEXT_MAIN, true}, {CONTEXT_PATCH, true},	  {CONTEXT_EVENT, true},
	{CONTEXT_MAP, true},  {CONTEXT_BUNDLE, false},	  {CONTEXT_PAGEPOOL, false},
	{CONTEXT_RTV, false}, {CONTEXT_ATTRIBUTE, false},
};
#define CONTEXT_ENTRIES (sizeof(context_parts) / sizeof(context_parts[0]))

/* What PROMOTE_CTX takes, for context n; all its memory is cleared. */
static inline void context_params(uint8_t *vram, unsigned int n, uint32_t channel, uint8_t *p)
{
	memset(p, 0, PROMOTE_PARAMS);
	set32(p, 1); /* engineType */
	set32(p + 12, CLIENT);
	set32(p + 16, channel);
	set32(p + 40, CONTEXT_ENTRIES);
	for (uint32_t i = 0; i < CONTEXT_ENTRIES; i++) {
		uint64_t at = n * CONTEXT_SIZE + i * CONTEXT_PAGE, words[3] = {0};

		words[1] = CONTEXT_VA + at;
		if (context_parts[i].prepared) {
			words[0] = CONTEXT_VRAM + at;
			words[2] = CONTEXT_PREPARED;
			memset(vram + CONTEXT_VRAM + at, 0, CONTEXT_PREPARED);
		}
		memcpy(p + 48 + 32ul * i, words, sizeof(words));
		p[48 + 32 * i + 28] = context_parts[i].id;
		p[48 + 32 * i + 30] = context_parts[i].prepared;
	}
}

/* Its memory shown where context_params() says. */
static inline void context_tables(uint8_t *vram, unsigned int n)
{
	put64_at(vram, PD1 + 8 * (CONTEXT_VA >> 29), pde(CONTEXT_PD0));
	for (uint64_t at = n * CONTEXT_SIZE; at < (n + 1) * CONTEXT_SIZE; at += CONTEXT_PAGE)
		put64_at(vram, CONTEXT_PD0 + 16 * (at / CONTEXT_PAGE), pte(CONTEXT_VRAM + at));
}

/* The whole of it, and a 3D object. */
static inline void context_up(struct talk *t, uint8_t *vram, unsigned int n, uint32_t channel)
{
	uint8_t p[PROMOTE_PARAMS];

	context_tables(vram, n);
	context_params(vram, n, channel, p);
	assert_int_equal(rm_control(t, CLIENT, SUBDEVICE, PROMOTE_CTX, p, sizeof(p)), 0);
	assert_int_equal(rm_alloc(t, CLIENT, channel, CONTEXT_OBJECT + n, 0xc797, NULL, 0), 0);
}

#endif /* GRAPHICS_CONTEXT_H */
