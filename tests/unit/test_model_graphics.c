/* SPDX-License-Identifier: MIT */
/*
 * The model's graphics engine: which engine a subchannel reaches, semaphores and reports, inline-to-memory,
 * and that what is not carried out is counted.
 */
#include "channel_rig.h"

#define ENGINE_TYPE_GR	0x01u
#define ENGINE_TYPE_CE2 0x0bu

/* Subchannels of the graphics runlist. */
enum { D3, COMPUTE, INLINE, D2, COPY };

static uint64_t ignored(const struct machine *mc)
{
	struct model_stats stats;

	model_stats_get(mc->gpu, &stats);
	return stats.methods_ignored;
}

/* 16 bytes from one place to another, by the copy class. */
static void copy16(struct rig *r, uint32_t subchannel)
{
	method(r, subchannel, 0x400, 0);
	method(r, subchannel, 0x404, DATA);
	method(r, subchannel, 0x408, 0);
	method(r, subchannel, 0x40c, DATA + 0x1000);
	method(r, subchannel, 0x418, 16);
	method(r, subchannel, 0x300, 0x182);
}

/* SET_OBJECT changes nothing, but a class that is not there is an error. */
static void test_subchannels(void **state)
{
	static const struct {
		uint32_t type, subchannel, class_id;
		bool good;
	} objects[] = {
		{ENGINE_TYPE_GR, D3, 0xc797, true},	  {ENGINE_TYPE_GR, COMPUTE, 0xc7c0, true},
		{ENGINE_TYPE_GR, INLINE, 0xa140, true},	  {ENGINE_TYPE_GR, D2, 0x902d, true},
		{ENGINE_TYPE_GR, COPY, 0xc7b5, true},	  {ENGINE_TYPE_GR, D3, 0xc7c0, false},
		{ENGINE_TYPE_GR, COMPUTE, 0xc797, false}, {ENGINE_TYPE_GR, COPY, 0xc797, false},
		{ENGINE_TYPE_GR, INLINE, 0xc7b5, false},  {ENGINE_TYPE_GR, 5, 0xc797, false},
		{ENGINE_TYPE_CE2, 0, 0xc7b5, true},	  {ENGINE_TYPE_CE2, 3, 0xc7b5, true},
		{ENGINE_TYPE_CE2, COPY, 0xa140, false},	  {ENGINE_TYPE_CE2, 6, 0xc7b5, false},
	};
	static const struct {
		uint32_t type, subchannel;
	} copies[] = {{ENGINE_TYPE_GR, COPY}, {ENGINE_TYPE_CE2, 0}, {ENGINE_TYPE_CE2, COPY}};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++) {
		struct rig r = rig_up(mc, objects[i].type, objects[i].type != ENGINE_TYPE_GR, 0);

		method(&r, objects[i].subchannel, 0, objects[i].class_id);
		assert_int_equal(kick(&r), objects[i].good);
		assert_int_equal(failed(&r, "SET_OBJECT"), !objects[i].good);
		again(mc);
	}
	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		struct rig r = rig_up(mc, copies[i].type, copies[i].type != ENGINE_TYPE_GR, 0);

		memset(r.vram + DATA, 0x5a, 16);
		copy16(&r, copies[i].subchannel);
		assert_true(kick(&r));
		assert_memory_equal(r.vram + DATA + 0x1000, r.vram + DATA, 16);
		assert_int_equal(word(&r, DATA + 0x1010), 0);
		again(mc);
	}
}

/* What would draw or compute is counted, and so are macros and the 2D class. */
static void test_counted(void **state)
{
	static const uint32_t methods[][2] = {
		{D3, 0x1234},	  {D3, 0x114}, {D3, 0x3800},
		{COMPUTE, 0x2b4}, {D2, 0x180}, {INLINE, 0x1b00},
	};
	struct machine *mc = *state;
	struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);
	uint64_t before = ignored(mc);

	for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
		method(&r, methods[i][0], methods[i][1], 5);
		assert_true(kick(&r));
		assert_int_equal(ignored(mc), before + i + 1);
	}
}

static void report(struct rig *r, uint32_t subchannel, uint32_t payload, uint32_t d)
{
	method(r, subchannel, 0x1b00, 0);
	method(r, subchannel, 0x1b04, SEM);
	method(r, subchannel, 0x1b08, payload);
	method(r, subchannel, 0x1b0c, d);
}

static void test_release(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);

	for (uint32_t subchannel = D3; subchannel <= COMPUTE; subchannel++) {
		put64(&r, SEM, ~0ull);
		put64(&r, SEM + 8, 0);
		report(&r, subchannel, 0x77, 1 << 28);
		assert_true(kick(&r));
		assert_int_equal(word(&r, SEM), 0x77);
		assert_int_equal(word(&r, SEM + 4), ~0u);
		report(&r, subchannel, 0x78, 0);
		assert_true(kick(&r));
		assert_int_equal(word(&r, SEM), 0x78);
		assert_int_equal(word(&r, SEM + 4), 0);
		assert_true(word(&r, SEM + 8));
	}
	assert_int_equal(ignored(mc), 0);
	/* The subchannels keep their own: B of 3D is not that of compute. */
	method(&r, D3, 0x1b04, SEM + 0x100);
	method(&r, COMPUTE, 0x1b08, 0x79);
	method(&r, COMPUTE, 0x1b0c, 1 << 28);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 0x79);
	/* AWAKEN is an interrupt. */
	wr(mc, 0xb81000, ~0u);
	report(&r, D3, 1, 1 << 28);
	assert_true(kick(&r));
	assert_int_equal(rd(mc, 0xb81000), 0);
	report(&r, D3, 1, 1 << 28 | 1 << 20);
	assert_true(kick(&r));
	assert_int_equal(rd(mc, 0xb81000), 1);
	/* A trap is left to software, which there is none of. */
	report(&r, COMPUTE, 5, 3);
	assert_true(kick(&r));
	assert_int_equal(ignored(mc), 1);
	assert_int_equal(word(&r, SEM), 1);
}

static void test_reductions(void **state)
{
	static const struct {
		uint32_t op, operand, before, after;
		bool is_signed;
	} cases[] = {
		{0, 5, 7, 12, false},
		{1, 5, 7, 5, false},
		{1, ~0u, 7, 7, false},
		{1, ~0u, 7, ~0u, true},
		{2, ~0u, 7, ~0u, false},
		{2, ~0u, 7, 7, true},
		{3, 9, 7, 8, false},
		{3, 7, 7, 0, false},
		{4, 9, 7, 6, false},
		{4, 9, 0, 9, false},
		{5, 0xf0f, 0xff, 0xf, false},
		{6, 0xf00, 0xff, 0xfff, false},
		{7, 0xf0f, 0xff, 0xff0, false},
	};
	struct machine *mc = *state;
	struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		set32(r.vram + SEM, cases[i].before);
		set32(r.vram + SEM + 4, 0x1234);
		report(&r, D3, cases[i].operand,
		       1 << 3 | cases[i].op << 9 | (uint32_t)cases[i].is_signed << 17);
		assert_true(kick(&r));
		assert_int_equal(word(&r, SEM), cases[i].after);
		assert_int_equal(word(&r, SEM + 4), 0x1234);
	}
}

/* Only 3D has these. */
static void test_acquire_and_report(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);

	put64(&r, SEM, 4);
	report(&r, D3, 5, 1);
	assert_false(kick(&r));
	set32(r.vram + SEM, 6);
	ring(&r);
	assert_int_not_equal(word(&r, USERD + 0x88), r.put);
	set32(r.vram + SEM, 5);
	ring(&r);
	assert_int_equal(word(&r, USERD + 0x88), r.put);
	set32(r.vram + SEM, 6);
	report(&r, D3, 5, 1 | 1 << 16);
	assert_true(kick(&r));
	report(&r, COMPUTE, 5, 1);
	assert_true(kick(&r));
	assert_int_equal(ignored(mc), 1);
	/* Of the counters, only the time is one that there is. */
	put64(&r, SEM, ~0ull);
	put64(&r, SEM + 8, 0);
	report(&r, D3, 5, 2);
	assert_true(kick(&r));
	assert_int_equal(ignored(mc), 1);
	assert_int_equal(word(&r, SEM) | word(&r, SEM + 4), 0);
	assert_true(word(&r, SEM + 8));
	put64(&r, SEM, ~0ull);
	report(&r, D3, 5, 2 | 0x15 << 23);
	assert_true(kick(&r));
	assert_int_equal(ignored(mc), 2);
	assert_int_equal(word(&r, SEM) | word(&r, SEM + 4), 0);
}

/* The rectangle of an inline transfer, and its launch. */
static void inline_to(struct rig *r, uint32_t subchannel, uint32_t to, uint32_t length,
		      uint32_t lines, uint32_t launch)
{
	method(r, subchannel, 0x180, length);
	method(r, subchannel, 0x184, lines);
	method(r, subchannel, 0x188, 0);
	method(r, subchannel, 0x18c, to);
	method(r, subchannel, 0x1b0, launch);
}

static void test_inline_rows(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);

	for (uint32_t subchannel = D3; subchannel <= INLINE; subchannel++) {
		memset(r.vram + DATA, 0xee, 0x100);
		put64(&r, SEM, 0);
		put64(&r, SEM + 8, 0);
		wr(mc, 0xb81000, ~0u);
		method(&r, subchannel, 0x190, 16);
		method(&r, subchannel, 0x1dc, 0);
		method(&r, subchannel, 0x1e0, SEM);
		method(&r, subchannel, 0x1e4, 0x99);
		inline_to(&r, subchannel, DATA + 1, 5, 3, 1 | 2 << 4 | 1 << 8);
		for (uint32_t i = 0; i < 5; i++)
			method(&r, subchannel, 0x1b4, 0x03020100 + i * 0x04040404);
		assert_true(kick(&r));
		assert_int_equal(word(&r, SEM), 0);
		assert_int_equal(rd(mc, 0xb81000), 0);
		method(&r, subchannel, 0x1b4, 0x03020100 + 5 * 0x04040404);
		assert_true(kick(&r));
		for (uint32_t x = 0; x < 0x100; x++) {
			uint32_t in = x - 1, y = in / 16;
			bool inside = x && y < 3 && in % 16 < 5;

			assert_int_equal(r.vram[DATA + x], inside ? y * 8 + in % 16 : 0xee);
		}
		assert_int_equal(word(&r, SEM), 0x99);
		assert_true(word(&r, SEM + 8));
		assert_int_equal(rd(mc, 0xb81000), 1);
	}
	/* One word of a semaphore; a reduction; nothing to write at all. */
	put64(&r, SEM, 0x100000005);
	inline_to(&r, INLINE, DATA, 0, 1, 1 | 2 << 4 | 1 << 12);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 0x99);
	assert_int_equal(word(&r, SEM + 4), 1);
	inline_to(&r, INLINE, DATA, 4, 0, 1 | 2 << 4 | 1 << 1);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 2 * 0x99);
	assert_int_equal(ignored(mc), 0);
}

static void test_inline_blocks(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);

	memset(r.vram + DATA, 0xee, 0x4000);
	method(&r, COMPUTE, 0x194, 1 << 4);
	method(&r, COMPUTE, 0x198, 192);
	method(&r, COMPUTE, 0x19c, 32);
	method(&r, COMPUTE, 0x1a8, 62);
	method(&r, COMPUTE, 0x1ac, 7);
	inline_to(&r, COMPUTE, DATA, 72, 20, 0);
	assert_true(kick(&r));
	for (uint32_t i = 0; i < 20 * 72 / 4; i++) {
		method(&r, COMPUTE, 0x1b4, (i * 4 & 0xff) * 0x01010101 + 0x03020100);
		assert_true(kick(&r));
	}
	for (uint32_t y = 0; y < 32; y++) {
		for (uint32_t x = 0; x < 192; x++) {
			uint32_t gob = (y / 16 * 3 + x / 64) * 2 + y % 16 / 8;
			bool inside = x >= 62 && x < 134 && y >= 7 && y < 27;
			uint32_t expected = inside ? ((y - 7) * 72 + x - 62) & 0xff : 0xee;

			assert_int_equal(r.vram[DATA + gob * 512 + y % 8 * 64 + x % 64], expected);
		}
	}
}

static void test_inline_errors(void **state)
{
	static const struct {
		const char *why;
		uint32_t error;
	} cases[] = {
		{"inline data 0x00000001 where none is expected", 13},
		{"LAUNCH_DMA while inline data is missing", 13},
		{"inline data of 8 bytes by 1 lines at 57, 0 of a surface of 64 by 8", 13},
		{"inline data of 4 bytes by 2 lines at 0, 7 of a surface of 64 by 8", 13},
		{"write at 0x80000: fault 0x06", 31},
		{"write at 0x81000: fault 0x02", 31},
		{"write at 0x2000000080000: fault 0x03", 31},
		{"write at 0x50000: fault 0x06", 31},
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig r = rig_up(mc, ENGINE_TYPE_GR, 0, 0);
		struct message msg;

		method(&r, INLINE, 0x198, 64);
		method(&r, INLINE, 0x19c, 8);
		if (i == 2)
			method(&r, INLINE, 0x1a8, 57);
		if (i == 3)
			method(&r, INLINE, 0x1ac, 7);
		if (i == 4)
			put64(&r, SMALL + 8 * (DATA >> 12), DATA >> 4 | 0x41);
		if (i == 5)
			put64(&r, SMALL + 8 * ((DATA >> 12) + 1), 0);
		if (i == 7)
			put64(&r, SMALL + 8 * (SEM >> 12), SEM >> 4 | 0x41);
		method(&r, INLINE, 0x1e0, SEM);
		inline_to(&r, INLINE, i == 5 ? DATA + 0xffe : DATA, i == 2 ? 8 : 4, i == 3 ? 2 : 1,
			  (i == 2 || i == 3 ? 0 : 1) | 2 << 4);
		if (i == 1)
			method(&r, INLINE, 0x1b0, 1);
		if (i == 6) {
			/* 25 bits of an address's upper word; more than the MMU has. */
			method(&r, INLINE, 0x1b4, 0);
			method(&r, INLINE, 0x188, 0xfe020000);
			method(&r, INLINE, 0x1b0, 1);
		}
		method(&r, INLINE, 0x1b4, 0);
		method(&r, INLINE, 0x1b4, 1);
		assert_false(kick(&r));
		assert_true(failed(&r, cases[i].why));
		assert_heard(&r.talk, &msg, 0x1004);
		assert_int_equal(le32(msg.payload + 8), cases[i].error);
		again(mc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_subchannels),
		boot_test(test_counted),
		boot_test(test_release),
		boot_test(test_reductions),
		boot_test(test_acquire_and_report),
		boot_test(test_inline_rows),
		boot_test(test_inline_blocks),
		boot_test(test_inline_errors),
	};

	return cmocka_run_group_tests_name("model: graphics", tests, NULL, NULL);
}
