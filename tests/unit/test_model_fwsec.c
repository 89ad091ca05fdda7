/* SPDX-License-Identifier: MIT */
/*
 * FWSEC done wrong: what the falcon's boot ROM refuses to run, and what the program refuses to do.
 *
 * Hardware runs nothing that is not signed, and says nothing about why: the region is not there, the
 * scratch word is as it was. A driver that takes a halted falcon for success must fail here too.
 */
#include "model_boot.h"

static void test_fwsec_boot_rom(void **state)
{
	static const struct {
		const char *what;
		int code, data, vector, signature, engines, id, algorithm;
	} wrong[] = {
		{"a block of code missing", -0x100, 0, 0, 0, 0, 0, 0},
		{"a block of data missing", 0, -0x100, 0, 0, 0, 0, 0},
		{"code beside it", 0x100, 0, 0, 0, 0, 0, 0},
		{"boot vector in the middle", 0, 0, 4, 0, 0, 0, 0},
		{"signature elsewhere", 0, 0, 0, 4, 0, 0, 0},
		{"signature outside", 0, 0, 0, 0x10000, 0, 0, 0},
		{"another engine", 0, 0, 0, 0, 1 - 0x400, 0, 0},
		{"another ucode", 0, 0, 0, 0, 0, -1, 0},
		{"another algorithm", 0, 0, 0, 0, 0, 0, -1},
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct ucode u = fwsec_prepare(mc, 0x15, FRTS_START);

		assert_true(falcon_reset(mc, GSP));
		/* Loaded as it is, or the sizes would move the data too. */
		if (!wrong[i].code && !wrong[i].data) {
			falcon_load(mc, &u);
		} else {
			struct ucode part = u;

			part.code_size += (uint32_t)wrong[i].code;
			memmove(mc->mem + AT_UCODE + part.code_size,
				mc->mem + AT_UCODE + u.code_size, u.data_size);
			part.data_size += (uint32_t)wrong[i].data;
			falcon_load(mc, &part);
		}
		u.boot_vector += (uint32_t)wrong[i].vector;
		u.signature += (uint32_t)wrong[i].signature;
		u.engines += (uint32_t)wrong[i].engines;
		u.id += (uint32_t)wrong[i].id;
		u.algorithm += (uint32_t)wrong[i].algorithm;
		assert_true(falcon_start(mc, &u));
		if (rd(mc, WPR2_HI))
			fail_msg("FWSEC ran with %s", wrong[i].what);
		assert_int_equal(rd(mc, FRTS_SCRATCH), 0);
	}
}

/* One byte changed: in code, in data, in the signature; the older signature; none. */
static void test_fwsec_bytes(void **state)
{
	struct machine *mc = *state;
	struct ucode u = fwsec_prepare(mc, 0x15, FRTS_START);
	const uint32_t bytes[] = {0, u.code_size - 1, u.code_size, u.code_size + u.signature,
				  u.code_size + u.data_size - 1};

	for (size_t i = 0; i < sizeof(bytes) / sizeof(bytes[0]); i++) {
		u = fwsec_prepare(mc, 0x15, FRTS_START);
		mc->mem[AT_UCODE + bytes[i]] ^= 1;
		assert_true(run(mc, &u));
		assert_no_wpr2(mc);
	}
	u = fwsec_prepare(mc, 0x15, FRTS_START);
	for (uint32_t i = 0; i < 384; i += 4)
		set32(mc->mem + AT_UCODE + u.code_size + u.signature + i,
		      rd(mc, 0x303400 + 0x100 + 44 + i));
	assert_true(run(mc, &u));
	assert_no_wpr2(mc);
	u = fwsec_prepare(mc, 0x15, FRTS_START);
	memset(mc->mem + AT_UCODE + u.code_size + u.signature, 0, 384);
	assert_true(run(mc, &u));
	assert_no_wpr2(mc);
}

/* Loaded without the secure flag, or on the other core. */
static void test_fwsec_not_secure(void **state)
{
	struct machine *mc = *state;
	struct ucode u = fwsec_prepare(mc, 0x15, FRTS_START);

	assert_true(falcon_reset(mc, GSP));
	falcon_load(mc, &u);
	falcon_dma(mc, GSP, MEM_BASE + AT_UCODE, 0x100, 0x100, 0x100, 0x610);
	assert_true(falcon_start(mc, &u));
	assert_no_wpr2(mc);

	assert_true(falcon_reset(mc, GSP));
	falcon_load(mc, &u);
	wr(mc, GSP + BCR_CTRL, 0x111);
	falcon_start(mc, &u);
	assert_no_wpr2(mc);

	/* Started before the memory is clean. */
	wr(mc, GSP + 0x3c0, 1);
	wr(mc, GSP + 0x3c0, 0);
	falcon_start(mc, &u);
	assert_no_wpr2(mc);
}

static void test_fwsec_command(void **state)
{
	/* Offsets in the command buffer, at 0x300 of the data. */
	static const struct {
		uint32_t offset, value;
	} wrong[] = {
		{0, 2},	    {4, 20},	    {20, 0},	   {24, 2},	     {28, 24},
		{32, 0},    {32, 1},	    {32, 0x3bf00}, {32, 0xffffffff}, {32, 0x3be10},
		{36, 0x80}, {36, 0x100000}, {40, 1},
	};
	struct machine *mc = *state;
	struct ucode u;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		u = fwsec_prepare(mc, 0x15, FRTS_START);
		set32(mc->mem + AT_UCODE + u.code_size + 0x300 + wrong[i].offset, wrong[i].value);
		assert_true(run(mc, &u));
		assert_int_not_equal(rd(mc, FRTS_SCRATCH) >> 16, 0);
		assert_no_wpr2(mc);
	}
	assert_true(fwsec(mc, 0x16, FRTS_START));
	assert_int_not_equal(rd(mc, FRTS_SCRATCH) >> 16, 0);
	/* SB, and the other scratch word. */
	u = fwsec_prepare(mc, 0x19, 0);
	set32(mc->mem + AT_UCODE + u.code_size + 0x300, 7);
	assert_true(run(mc, &u));
	assert_int_not_equal(rd(mc, SB_SCRATCH) & 0xffff, 0);
	/* Success clears what failure left. */
	assert_true(fwsec(mc, 0x19, 0));
	assert_int_equal(rd(mc, SB_SCRATCH), 0);
	assert_true(fwsec(mc, 0x15, FRTS_START));
	assert_int_equal(rd(mc, FRTS_SCRATCH), 0);
	assert_int_equal(rd(mc, WPR2_LO), FRTS_START >> 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_fwsec_boot_rom),
		boot_test(test_fwsec_bytes),
		boot_test(test_fwsec_not_secure),
		boot_test(test_fwsec_command),
	};

	return cmocka_run_group_tests_name("model: FWSEC", tests, NULL, NULL);
}
