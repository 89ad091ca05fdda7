/* SPDX-License-Identifier: MIT */
/*
 * The model's copy engine, by every way that its class has to name bytes; and by what copies find: which
 * translations MEM_OP makes the GPU forget.
 */
#include "channel_rig.h"

static void test_copy_pitch(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 0);

	fill(&r, DATA, 0x8000);
	copy_class(&r);
	/* Across pages, at odd addresses; LINE_COUNT counts only when asked for. */
	copy(&r, DATA + 3, DATA + 0x10001, 0x5123, 7, 0x182);
	assert_true(kick(&r));
	assert_memory_equal(r.vram + DATA + 0x10001, r.vram + DATA + 3, 0x5123);
	assert_int_equal(r.vram[DATA + 0x10001 + 0x5123], 0);
	/* Lines, with pitches; the second one goes backwards. */
	method(&r, 4, 0x410, 0x100);
	method(&r, 4, 0x414, (uint32_t)-0x80);
	copy(&r, DATA, DATA + 0x20000, 0x60, 5, 0x382);
	assert_true(kick(&r));
	for (uint32_t y = 0; y < 5; y++)
		assert_memory_equal(r.vram + DATA + 0x20000 - 0x80ul * y,
				    r.vram + DATA + 0x100ul * y, 0x60);
	assert_int_equal(r.vram[DATA + 0x20060], 0);
	/* Nothing is moved without a transfer; the semaphore and the interrupt come nevertheless. */
	method(&r, 4, 0x240, 0);
	method(&r, 4, 0x244, SEM);
	method(&r, 4, 0x248, 77);
	copy(&r, DATA, DATA + 0x30000, 0x60, 1, 0x180 | 2 << 3 | 2 << 5);
	assert_true(kick(&r));
	assert_int_equal(r.vram[DATA + 0x30001], 0);
	assert_true(word(&r, SEM) == 77 && word(&r, SEM + 4) == 0 && word(&r, SEM + 8));
	assert_int_equal(rd(mc, 0xb81000), 1 << 3);
	/* The blocking one is the firmware's. */
	wr(mc, 0xb81000, 1 << 3);
	method(&r, 4, 0x300, 1 << 5);
	assert_true(kick(&r));
	assert_int_equal(rd(mc, 0xb81000), 0);
	/* Two words, and a reduction. */
	method(&r, 4, 0x24c, 5);
	method(&r, 4, 0x300, 1 << 3 | 1 << 27);
	assert_true(kick(&r));
	assert_true(word(&r, SEM) == 77 && word(&r, SEM + 4) == 5);
	method(&r, 4, 0x300, 1 << 3 | 5 << 14 | 1 << 19);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 154);
	method(&r, 4, 0x300, 1 << 3 | 9 << 14 | 1 << 19);
	assert_false(kick(&r));
	assert_true(failed(&r, "reduction"));
}

static void test_copy_remap(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 0);

	fill(&r, DATA, 0x4000);
	copy_class(&r);
	/* A fill: one component of 4 bytes from constant A. */
	method(&r, 4, 0x700, 0xcafe1234);
	method(&r, 4, 0x708, 4 | 3 << 16);
	copy(&r, 0, DATA + 0x10000, 1001, 1, 0x582);
	assert_true(kick(&r));
	for (uint32_t i = 0; i < 1001; i++)
		assert_int_equal(word(&r, DATA + 0x10000 + 4ul * i), 0xcafe1234);
	assert_int_equal(word(&r, DATA + 0x10000 + 4 * 1001), 0);
	/* Four components of one byte: z, constant B, left alone, x of three. */
	method(&r, 4, 0x704, 0x99);
	method(&r, 4, 0x708, 2 | 5 << 4 | 6 << 8 | 0 << 12 | 2 << 20 | 3 << 24);
	memset(r.vram + DATA + 0x20000, 0x55, 1200);
	copy(&r, DATA, DATA + 0x20000, 300, 1, 0x582);
	assert_true(kick(&r));
	for (uint32_t i = 0; i < 300; i++) {
		const uint8_t *dst = r.vram + DATA + 0x20000 + 4ul * i;
		const uint8_t *src = r.vram + DATA + 3ul * i;

		assert_true(dst[0] == src[2] && dst[1] == 0x99 && dst[2] == 0x55 &&
			    dst[3] == src[0]);
	}
}

/* Blocks of 64 bytes by 16 lines, a surface of 3 blocks by 2; there and back. */
static void test_copy_blocks(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 0);

	fill(&r, DATA, 0x4000);
	copy_class(&r);
	method(&r, 4, 0x410, 192);
	method(&r, 4, 0x414, 192);
	method(&r, 4, 0x70c, 1 << 4);
	method(&r, 4, 0x710, 192);
	method(&r, 4, 0x714, 32);
	method(&r, 4, 0x718, 1);
	copy(&r, DATA, DATA + 0x10000, 192, 32, 0x282);
	assert_true(kick(&r));
	for (uint32_t y = 0; y < 32; y++) {
		for (uint32_t x = 0; x < 192; x++) {
			uint32_t gob = (y / 16 * 3 + x / 64) * 2 + y % 16 / 8;

			assert_int_equal(r.vram[DATA + 0x10000 + gob * 512 + y % 8 * 64 + x % 64],
					 r.vram[DATA + y * 192 + x]);
		}
	}
	/* A part of it comes back. */
	method(&r, 4, 0x728, 1 << 4);
	method(&r, 4, 0x72c, 192);
	method(&r, 4, 0x730, 32);
	method(&r, 4, 0x734, 1);
	method(&r, 4, 0x73c, 60 | 7 << 16);
	copy(&r, DATA + 0x10000, DATA + 0x20000, 100, 20, 0x302);
	assert_true(kick(&r));
	for (uint32_t y = 0; y < 20; y++)
		assert_memory_equal(r.vram + DATA + 0x20000 + 192ul * y,
				    r.vram + DATA + 192ul * (y + 7) + 60, 100);
}

static void test_copy_physical(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 1);

	fill(&r, DATA, 0x1000);
	copy_class(&r);
	put64(&r, SMALL + 8 * (DATA >> 12), 0); /* not to be looked at */
	method(&r, 4, 0x264, 1);
	copy(&r, DATA, MEM_BASE + 0x800, 0x1000, 1, 0x182 | 3 << 12);
	assert_true(kick(&r));
	assert_memory_equal(mc->mem + 0x800, r.vram + DATA, 0x1000);
	copy(&r, 1ull << 40, MEM_BASE, 4, 1, 0x182 | 3 << 12);
	assert_false(kick(&r));
	assert_true(failed(&r, "physical address 0x10000000000"));

	again(mc);
	r = rig_up(mc, 0x0b, 1, 0);
	copy_class(&r);
	copy(&r, DATA, DATA + 0x1000, 4, 1, 0x182 | 1 << 13);
	assert_false(kick(&r));
	assert_true(failed(&r, "without privilege"));
}

/* A copy that faults ends there; a privileged page is for privileged channels. */
static void test_copy_faults(void **state)
{
	struct machine *mc = *state;

	for (uint32_t privilege = 0; privilege < 2; privilege++) {
		struct rig r = rig_up(mc, 0x0b, 1, privilege);

		fill(&r, DATA, 0x2000);
		copy_class(&r);
		put64(&r, SMALL + 8 * ((DATA + 0x11000) >> 12), (DATA + 0x11000) >> 4 | 0x21);
		copy(&r, DATA, DATA + 0x10000, 0x2000, 1, 0x182);
		assert_int_equal(kick(&r), privilege);
		if (!privilege)
			assert_true(failed(&r, "write at 0x91000: fault 0x05"));
		assert_memory_equal(r.vram + DATA + 0x10000, r.vram + DATA, 0x1000);
		assert_int_equal(r.vram[DATA + 0x11001], privilege ? r.vram[DATA + 0x1001] : 0);
		again(mc);
	}
}

static void mem_op(struct rig *r, uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	const uint32_t words[] = {a, b, c, d};

	for (uint32_t i = 0; i < 4; i++)
		method(r, 0, 0x28 + 4 * i, words[i]);
}

/* What was read once is read again from there, until a privileged channel invalidates it. */
static void test_mem_op(void **state)
{
	static const struct {
		uint32_t a, b, c, d;
		bool forgets;
	} ops[] = {
		{0, 0, 0, 5u << 27, false},		     /* MEMBAR */
		{0, 0, 1, 0x10u << 27, false},		     /* L2_FLUSH_DIRTY */
		{0, 0, PD3, 9u << 27, true},		     /* TLB_INVALIDATE, one directory */
		{0, 0, PD2, 9u << 27, false},		     /* another one's */
		{0, 0, PD3, 9u << 27 | 1, false},	     /* further up */
		{0, 0, PD3 | 2 << 10, 9u << 27, false},	     /* in system memory */
		{0, 0, 1, 9u << 27, true},		     /* all directories */
		{DATA + 0x10000, 0, PD3, 0xau << 27, true},  /* one page */
		{DATA + 0x10000, 1, PD3, 0xau << 27, false}, /* another one */
		{0, 0, 0, 0x16u << 27, false},		     /* ACCESS_COUNTER_CLR */
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++) {
		uint64_t to = DATA + 0x10000;
		struct rig r = rig_up(mc, 0x0b, 1, 1);

		fill(&r, DATA, 0x1000);
		copy_class(&r);
		copy(&r, DATA, to, 0x1000, 1, 0x182);
		assert_true(kick(&r));
		put64(&r, SMALL + 8 * (to >> 12), (to + 0x1000) >> 4 | 1);
		r.vram[DATA] ^= 0xff;
		mem_op(&r, ops[i].a, ops[i].b, ops[i].c, ops[i].d);
		copy(&r, DATA, to, 0x1000, 1, 0x182);
		assert_true(kick(&r));
		assert_memory_equal(r.vram + to + (ops[i].forgets ? 0x1000 : 0), r.vram + DATA,
				    0x1000);
		assert_int_equal(r.vram[to] == r.vram[DATA], !ops[i].forgets);
		again(mc);
	}
	/* A guest's channel may not, and there is no such operation. */
	for (uint32_t op = 0; op < 32; op++) {
		const uint32_t known = 1 << 5 | 1 << 9 | 1 << 0xa | 1 << 0xd | 1 << 0xe | 1 << 0xf |
				       1 << 0x10 | 1 << 0x15 | 1 << 0x16;
		const uint32_t privileged = 1 << 9 | 1 << 0xa | 1 << 0x16;
		struct rig r = rig_up(mc, 0x0b, 1, 0);

		mem_op(&r, 0, 0, 0, op << 27);
		assert_int_equal(kick(&r), (known & ~privileged) >> op & 1);
		if (privileged >> op & 1)
			assert_true(failed(&r, "without privilege"));
		else if (!(known >> op & 1))
			assert_true(failed(&r, "MEM_OP 0x"));
		again(mc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_copy_pitch),  boot_test(test_copy_remap),
		boot_test(test_copy_blocks), boot_test(test_copy_physical),
		boot_test(test_copy_faults), boot_test(test_mem_op),
	};

	return cmocka_run_group_tests_name("model: copies", tests, NULL, NULL);
}
