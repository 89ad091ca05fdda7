/* SPDX-License-Identifier: MIT */
/*
 * Semaphores of the model's Host, both kinds of methods for them: what is released, what is awaited, and a
 * channel that goes on when another has released.
 */
#include "channel_rig.h"

/* The newer semaphores: sizes, time, what is awaited. */
static void sem(struct rig *r, uint64_t payload, uint32_t execute)
{
	method(r, 0, 0x5c, SEM);
	method(r, 0, 0x60, 0);
	method(r, 0, 0x64, (uint32_t)payload);
	method(r, 0, 0x68, (uint32_t)(payload >> 32));
	method(r, 0, 0x6c, execute);
}

static void test_semaphores(void **state)
{
	static const struct {
		uint64_t value, payload;
		uint32_t execute;
		bool ok;
	} acquires[] = {
		{5, 5, 0, true},
		{6, 5, 0, false},
		{6, 5, 2, true},
		{4, 5, 2, false},
		{2, 0xfffffff0, 3, true},
		{0xfffffff0, 2, 3, false},
		{6, 2, 4, true},
		{6, 1, 4, false},
		{0xfffffffe, 1, 5, false},
		{0xfffffff0, 1, 5, true},
		{0x500000000, 0x400000000, 2 | 1 << 24, true},
		{0x300000005, 0x400000000, 2 | 1 << 24, false},
	};
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);
	uint64_t time;

	memset(r.vram + SEM, 0xff, 16);
	sem(&r, 0x1122334455667788, 1);
	assert_true(kick(&r));
	assert_true(word(&r, SEM) == 0x55667788 && word(&r, SEM + 4) == ~0u);
	sem(&r, 0x1122334455667788, 1 | 1 << 24 | 1 << 25);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM + 4), 0x11223344);
	memcpy(&time, r.vram + SEM + 8, 8);
	assert_true(time && time <= mc->now);
	/* 32 bits with the time. */
	sem(&r, 3, 1 | 1 << 25);
	assert_true(kick(&r));
	assert_true(word(&r, SEM) == 3 && word(&r, SEM + 4) == 0);
	for (size_t i = 0; i < sizeof(acquires) / sizeof(acquires[0]); i++) {
		put64(&r, SEM, acquires[i].value);
		sem(&r, acquires[i].payload, acquires[i].execute);
		assert_int_equal(kick(&r), acquires[i].ok);
		if (acquires[i].ok)
			continue;
		/* It waits, and goes on when the value is there. */
		ring(&r);
		assert_int_not_equal(word(&r, USERD + 0x88), r.put);
		put64(&r, SEM, acquires[i].execute == 5 ? 0 : acquires[i].payload);
		ring(&r);
		assert_int_equal(word(&r, USERD + 0x88), r.put);
	}
	sem(&r, 3, 7);
	assert_false(kick(&r));
	assert_true(failed(&r, "SEM_EXECUTE"));
}

static void test_reductions(void **state)
{
	static const struct {
		uint32_t op, is_unsigned;
		uint32_t value, operand, result;
	} reductions[] = {
		{0, 1, 5, 3, 3},
		{0, 0, 5, 0xffffffff, 0xffffffff},
		{1, 1, 5, 0xffffffff, 0xffffffff},
		{1, 0, 5, 0xffffffff, 5},
		{2, 0, 6, 3, 5},
		{3, 0, 6, 3, 2},
		{4, 0, 6, 3, 7},
		{5, 0, 6, 3, 9},
		{6, 1, 6, 7, 7},
		{6, 1, 7, 7, 0},
		{7, 1, 6, 7, 5},
		{7, 1, 0, 7, 7},
	};
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	for (size_t i = 0; i < sizeof(reductions) / sizeof(reductions[0]); i++) {
		put64(&r, SEM, reductions[i].value);
		sem(&r, reductions[i].operand,
		    6 | reductions[i].op << 27 | reductions[i].is_unsigned << 31);
		assert_true(kick(&r));
		assert_int_equal(word(&r, SEM), reductions[i].result);
	}
	sem(&r, 0, 6 | 8 << 27);
	assert_false(kick(&r));
	assert_true(failed(&r, "reduction 8"));
}

static void test_older_acquires(void **state)
{
	static const struct {
		uint32_t op, value, payload;
		bool ok;
	} acquires[] = {{1, 3, 3, true},  {1, 4, 3, false}, {4, 4, 3, true},
			{4, 2, 3, false}, {8, 6, 2, true},  {8, 4, 2, false}};
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	for (size_t i = 0; i < sizeof(acquires) / sizeof(acquires[0]); i++) {
		put64(&r, SEM, acquires[i].value);
		method(&r, 0, 0x10, 0);
		method(&r, 0, 0x14, SEM);
		method(&r, 0, 0x18, acquires[i].payload);
		method(&r, 0, 0x1c, acquires[i].op);
		assert_int_equal(kick(&r), acquires[i].ok);
		put64(&r, SEM, acquires[i].payload);
		ring(&r);
		assert_int_equal(word(&r, USERD + 0x88), r.put);
	}
	/* The long release: payload, 0, time. */
	method(&r, 0, 0x18, 9);
	method(&r, 0, 0x1c, 2);
	assert_true(kick(&r));
	assert_true(word(&r, SEM) == 9 && word(&r, SEM + 4) == 0 && word(&r, SEM + 8));
	method(&r, 0, 0x1c, 3);
	assert_false(kick(&r));
	assert_true(failed(&r, "SEMAPHORED"));
}

/* Another channel of the same driver, on another runlist, with its own everything but memory. */
#define OTHER_INSTANCE 0x60000u
#define OTHER_USERD    0x61000u
#define OTHER_GPFIFO   0x62000u
#define OTHER_PUSH     0x63000u

static void other_channel(struct rig *r)
{
	struct model_channel *ch = model_channel_new(r->mc->gpu, 2, 5);

	assert_non_null(ch);
	memcpy(r->vram + OTHER_INSTANCE, r->vram + INSTANCE, 0x1000);
	set32(r->vram + OTHER_INSTANCE + 0x008, OTHER_USERD);
	set32(r->vram + OTHER_INSTANCE + 0x048, OTHER_GPFIFO);
	ch->instance.addr = OTHER_INSTANCE;
	ch->scheduled = true;
}

/* One channel waits for another, which goes on to ring no bell. */
static void test_two_channels(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	other_channel(&r);
	sem(&r, 5, 3); /* until 5 or later */
	sem(&r, 9, 1);
	assert_false(kick(&r));
	for (uint32_t i = 0; i < 5; i++)
		set32(r.vram + OTHER_PUSH + 8ul * i,
		      1u << 29 | 1 << 16 | (i < 4 ? 0x5c + 4 * i : 0x6c) / 4);
	set32(r.vram + OTHER_PUSH + 4, SEM);
	set32(r.vram + OTHER_PUSH + 12, 0);
	set32(r.vram + OTHER_PUSH + 20, 5);
	set32(r.vram + OTHER_PUSH + 28, 0);
	set32(r.vram + OTHER_PUSH + 36, 1);
	set32(r.vram + OTHER_GPFIFO, OTHER_PUSH);
	set32(r.vram + OTHER_GPFIFO + 4, 10 << 10);
	set32(r.vram + OTHER_USERD + 0x8c, 1);
	wr(mc, DOORBELL_REG, 2 << 16 | 5);
	assert_int_equal(word(&r, OTHER_USERD + 0x88), 1);
	assert_int_equal(word(&r, SEM), 9);
	assert_int_equal(word(&r, USERD + 0x88), r.put);
	/* Taken off its runlist, it is deaf. */
	assert_null(model_channel_new(mc->gpu, 2, 5));
	model_channel_find(mc->gpu, 2, 5)->scheduled = false;
	set32(r.vram + OTHER_USERD + 0x8c, 2);
	wr(mc, DOORBELL_REG, 2 << 16 | 5);
	assert_int_equal(word(&r, OTHER_USERD + 0x88), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_semaphores),
		boot_test(test_reductions),
		boot_test(test_older_acquires),
		boot_test(test_two_channels),
	};

	return cmocka_run_group_tests_name("model: semaphores", tests, NULL, NULL);
}
