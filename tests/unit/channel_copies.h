/* SPDX-License-Identifier: MIT */
/*
 * channel_copies.h - what a channel of channel_bed.h copies to show that it works, and that its memory is its own.
 */
#ifndef TESTS_CHANNEL_COPIES_H
#define TESTS_CHANNEL_COPIES_H

#include "tests/unit/channel_bed.h"

/* Bytes of which neighbours, and those 256 apart, differ. */
static inline void pattern(uint8_t *p, uint32_t n, uint8_t seed)
{
	for (uint32_t i = 0; i < n; i++)
		p[i] = (uint8_t)(seed + i * 7 + (i >> 8));
}

static inline uint8_t *data(const struct bed_tenant *t)
{
	return (uint8_t *)t->system.va + SYSTEM_DATA;
}

/* From system memory to video memory, on there, and back: with a fill at the end of it. */
static inline void round_trip(struct bed_channel *c, uint8_t seed)
{
	struct bed_tenant *t = c->owner;
	struct push p = bed_push(c);
	uint8_t expected[0x3000], seen[0x3000];
	uint64_t out = SYSTEM_VA + SYSTEM_DATA + 0x4000;

	pattern(expected, sizeof(expected), seed);
	memcpy(data(t), expected, sizeof(expected));
	memset(data(t) + 0x4000, 0, sizeof(expected) + 8);
	push_set_object(&p, PUSH_COPY_SUBCHANNEL, bed_copies(t));
	push_copy(&p, SYSTEM_VA + SYSTEM_DATA, DATA_VA + 0x1000, 0x1000, 0x1000, 3);
	push_wfi(&p);
	push_copy(&p, DATA_VA + 0x1000, DATA_VA + 0x8000, 0x1000, 0x1000, 3);
	push_wfi(&p);
	push_copy(&p, DATA_VA + 0x8000, out, 0x1000, 0x1000, 3);
	push_fill(&p, out + 0x3000, 0x600df111, 1);
	push_release(&p, SYSTEM_VA + SEM_AT(c->i), seed);
	bed_run(c, &p);
	assert_int_equal(bed_sem(c), seed);
	assert_memory_equal(data(t) + 0x4000, expected, sizeof(expected));
	assert_int_equal(*(uint32_t *)(void *)(data(t) + 0x7000), 0x600df111);
	assert_int_equal(data(t)[0x7004], 0);
	assert_int_equal(
		gpu_vram_read(t->bed->boot->gpu, t->data.base + 0x8000, seen, sizeof(seen)), 0);
	assert_memory_equal(seen, expected, sizeof(expected));
	assert_int_equal(*bed_userd(c, PUSH_USERD_GP_GET), c->put);
}

#endif /* TESTS_CHANNEL_COPIES_H */
