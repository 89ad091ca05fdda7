/* SPDX-License-Identifier: MIT */
/*
 * The model's Host: entries of the GPFIFO, headers of methods, how far it says it is, and what becomes of a
 * channel that fails. Semaphores and copies have files of their own.
 */
#include "channel_rig.h"

static void test_fifo(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	for (uint32_t i = 1; i < 3 * ENTRIES; i++) {
		sem_release(&r, i);
		assert_true(kick(&r));
		assert_int_equal(word(&r, SEM), i);
	}
	/* Several entries, one doorbell; an empty one in between. */
	sem_release(&r, 100);
	entry(&r, PUSH, r.at);
	entry(&r, 0, 0);
	sem_release(&r, 101);
	entry(&r, PUSH + r.at / 2, r.at / 2);
	ring(&r);
	assert_int_equal(word(&r, SEM), 101);
	assert_int_equal(word(&r, USERD + 0x88), r.put);
	r.at = 0;
	/* Nobody there: said, nothing else. */
	wr(mc, DOORBELL_REG, 5);
	assert_non_null(strstr(mc->last_log, "no such channel"));
	assert_int_equal(rd(mc, DOORBELL_REG), 0);
}

/* Anybody with the doorbell page can ring for any channel: it does what its owner has asked for, and no more. */
static void test_forged_doorbells(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	sem_release(&r, 7);
	entry(&r, PUSH, r.at);
	for (unsigned int bit = 0; bit < 32; bit++) {
		if (bit < 12 || (bit >= 16 && bit < 23))
			continue;
		wr(mc, DOORBELL_REG, r.token | 1u << bit);
		assert_non_null(strstr(mc->last_log, "no such channel"));
		assert_int_equal(word(&r, SEM), 0);
	}
	ring(&r);
	assert_int_equal(word(&r, SEM), 7);
	/* Nothing new was put there: Host looks, and that is all. */
	set32(r.vram + SEM, 0);
	for (uint32_t i = 0; i < 0x800000; i += i % 0x1000 == 0xfff ? 0xf001 : 1)
		wr(mc, DOORBELL_REG, i);
	assert_int_equal(word(&r, SEM), 0);
	assert_int_equal(word(&r, USERD + 0x88), r.put);
	r.at = 0;
	sem_release(&r, 8);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 8);
}

/* How far it is in the push buffer; segments that are called from many places count for one of two. */
static void test_progress(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	sem_release(&r, 1);
	method(&r, 0, 0x50, 0x1234);
	assert_true(kick(&r));
	assert_int_equal(word(&r, USERD + 0x40), PUSH + 40);
	assert_int_equal(word(&r, USERD + 0x44), PUSH + 40);
	assert_int_equal(word(&r, USERD + 0x48), 0x1234);
	assert_int_equal(word(&r, USERD + 0x4c) | word(&r, USERD + 0x60), 0);
	assert_int_equal(word(&r, USERD + 0x58), PUSH + 40);
	assert_int_equal(word(&r, USERD + 0x5c), 1u << 31);
	sem_release(&r, 2);
	entry(&r, PUSH, r.at);
	r.vram[GPFIFO + 8 + 5] |= 2; /* LEVEL_SUBROUTINE */
	ring(&r);
	assert_int_equal(word(&r, USERD + 0x44), PUSH + 32);
	assert_int_equal(word(&r, USERD + 0x58), PUSH + 40);
	/* An entry without words is no segment. */
	entry(&r, 0x1000, 0);
	ring(&r);
	assert_int_equal(word(&r, USERD + 0x88), 3);
	assert_int_equal(word(&r, USERD + 0x44), PUSH + 32);
}

static void test_not_scheduled(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);
	struct model_channel *ch = model_channel_find(mc->gpu, 0, 0);

	ch->scheduled = false;
	sem_release(&r, 7);
	assert_false(kick(&r));
	assert_int_equal(word(&r, SEM), 0);
	ch->scheduled = true;
	ring(&r);
	assert_int_equal(word(&r, SEM), 7);
}

static void test_headers(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	/* Increasing from SEMAPHOREA on, then a longer one than Host fetches at once. */
	raw(&r, 1u << 29 | 4 << 16 | 0x10 / 4);
	raw(&r, 0);
	raw(&r, SEM);
	raw(&r, 11);
	raw(&r, 2 | 1 << 24);
	raw(&r, 3u << 29 | 600 << 16 | 8 / 4);
	for (int i = 0; i < 600; i++)
		raw(&r, 0xdeadbeef); /* NOP's */
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 11);
	/* Increasing once: SEMAPHOREC, then SEMAPHORED again and again. */
	raw(&r, 5u << 29 | 3 << 16 | 0x18 / 4);
	raw(&r, 12);
	raw(&r, 2 | 1 << 24);
	raw(&r, 16u | 5u << 27); /* reduction: add */
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 24);
	/* Immediate, the older form, and the end of a segment. */
	raw(&r, 4u << 29 | 13 << 16 | 0x18 / 4);
	raw(&r, 1 << 18 | 0x1c);
	raw(&r, 2 | 1 << 24);
	raw(&r, 7u << 29);
	raw(&r, 0xffffffff);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 13);
	raw(&r, 6u << 29);
	assert_false(kick(&r));
	assert_true(failed(&r, "header 0xc0000000"));
}

static void test_interrupt(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 0); /* CE2: the fourth engine */

	assert_int_equal(rd(mc, 0xb81000), 0);
	method(&r, 0, 0x20, 0);
	assert_true(kick(&r));
	assert_int_equal(rd(mc, 0xb81000), 1 << 3);
}

static void test_failures(void **state)
{
	static const struct {
		uint32_t subchannel, method, data;
		const char *why;
	} bad[] = {
		{0, 0x04, 0, "method 0x04"},	 {0, 0x54, 1, "method 0x54"},
		{0, 0x00, 0x1234, "SET_OBJECT"}, {0, 0x00, 0xc797, "SET_OBJECT"},
		{5, 0x00, 0xc7b5, "SET_OBJECT"}, {5, 0x400, 0, "for software"},
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct rig r = rig_up(mc, 0x0b, 1, 0);

		method(&r, bad[i].subchannel, bad[i].method, bad[i].data);
		assert_false(kick(&r));
		assert_true(failed(&r, bad[i].why));
		/* It stays where it is. */
		sem_release(&r, 1);
		assert_false(kick(&r));
		assert_int_equal(word(&r, SEM), 0);
		again(mc);
	}
	for (int i = 0; i < 5; i++) {
		static const char *const why[] = {"read at 0x40000: fault 0x02", "GPFIFO entry",
						  "no RAMFC", "no address space",
						  "write at 0x50000: fault 0x06"};
		struct rig r = rig_up(mc, 0x0b, 1, 0);

		sem_release(&r, 1);
		if (i == 0)
			put64(&r, SMALL + 8 * (PUSH >> 12), 0);
		if (i == 2)
			set32(r.vram + INSTANCE + 0x10, 0);
		if (i == 3)
			put64(&r, INSTANCE + 0x200, PD3);
		if (i == 4)
			put64(&r, SMALL + 8 * (SEM >> 12), SEM >> 4 | 0x41);
		entry(&r, PUSH, r.at);
		if (i == 1)
			set32(r.vram + GPFIFO + 4, 1);
		ring(&r);
		assert_true(failed(&r, why[i]));
		again(mc);
	}
}

static struct rig rig_again(struct rig *r)
{
	again(r->mc);
	return rig_up(r->mc, 0x0b, 1, 0);
}

/* RM reports it to the driver, in the layout of its release, and interrupts. */
static void test_reported(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 0);
	struct message msg;

	wr(mc, GSP + 4, 0x40); /* all messages so far were seen */
	wr(mc, 0xb81010, ~0u);
	assert_int_equal(rd(mc, 0x111528), 0x40);
	put64(&r, SMALL + 8 * (SEM >> 12), 0);
	sem_release(&r, 1);
	assert_false(kick(&r));
	assert_heard(&r.talk, &msg, 0x1004);
	assert_int_equal(msg.rpc.length, 32 + 20);
	assert_int_equal(le32(msg.payload), 0x0b);
	assert_int_equal(le32(msg.payload + 4), 0);
	assert_int_equal(le32(msg.payload + 8), 31); /* MMU fault */
	assert_int_equal(rd(mc, GSP + 8) & 0x40, 0x40);
	assert_int_equal(rd(mc, 0xb81010), 1u << (155 - 128));
	/* Not seen yet: it comes again. Seen: it does not. */
	wr(mc, 0xb81010, ~0u);
	wr(mc, 0x1103e8, 1);
	assert_int_equal(rd(mc, 0xb81010), 1u << (155 - 128));
	wr(mc, GSP + 4, 0x40);
	wr(mc, 0xb81010, ~0u);
	wr(mc, 0x1103e8, 1);
	assert_int_equal(rd(mc, 0xb81010), 0);
	/* Once. */
	ring(&r);
	assert_false(hear(&r.talk, &msg));
	/* Another error is of another type; without firmware there is nobody to report. */
	r = rig_again(&r);
	method(&r, 0, 0x04, 0);
	assert_false(kick(&r));
	assert_heard(&r.talk, &msg, 0x1004);
	assert_int_equal(le32(msg.payload + 8), 32);
}

static void test_reported_later(void **state)
{
	static const struct {
		const char *release;
		uint32_t system_info, params, size, except;
	} releases[] = {{"535.261.03", 672, 360, 28, 12},
			{"550.163.01", 880, 360, 28, 12},
			{"570.144", 928, 368, 48, 16}};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		struct rig r = rig_with(
			talk_boot_release(mc, releases[i].release, releases[i].system_info),
			releases[i].params, 0x0b, 1, 0);
		struct message msg;

		method(&r, 0, 0x04, 0);
		assert_false(kick(&r));
		assert_heard(&r.talk, &msg, 0x1004);
		assert_int_equal(msg.rpc.length, 32 + releases[i].size);
		assert_int_equal(le32(msg.payload + releases[i].except), 32);
		again(mc);
	}
}

/* Planted faults of channels and engines; what they do not touch is as ever. */
static void test_planted(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 0x0b, 1, 0);
	uint32_t get;

	assert_int_equal(model_fault_set(mc->gpu, "flip-semaphore=31"), 0);
	sem_release(&r, 5);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 0x80000005);
	assert_int_equal(model_fault_set(mc->gpu, "none vector-lost=3"), 0);
	method(&r, 0, 0x20, 0);
	assert_true(kick(&r));
	assert_int_equal(rd(mc, 0xb81000), 0);
	assert_int_equal(model_fault_set(mc->gpu, "none vector-lost=4"), 0);
	method(&r, 0, 0x20, 0);
	assert_true(kick(&r));
	assert_int_equal(rd(mc, 0xb81000), 1 << 3);
	/* The byte is one of the line, also behind the first piece. */
	fill(&r, DATA, 0x8000);
	copy_class(&r);
	assert_int_equal(model_fault_set(mc->gpu, "none flip-copy=0x5001"), 0);
	copy(&r, DATA, DATA + 0x10000, 0x5123, 1, 0x182);
	assert_true(kick(&r));
	r.vram[DATA + 0x15001] ^= 1;
	assert_memory_equal(r.vram + DATA + 0x10000, r.vram + DATA, 0x5123);
	assert_int_equal(model_fault_set(mc->gpu, "none gp-get-stuck=1"), 0);
	get = word(&r, USERD + 0x88);
	sem_release(&r, 6);
	assert_false(kick(&r));
	assert_int_equal(word(&r, SEM), 6);
	assert_int_equal(word(&r, USERD + 0x88), get);
	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	sem_release(&r, 7);
	assert_true(kick(&r));
	assert_int_equal(word(&r, SEM), 7);
}

/* What was carried out and what was only counted is told apart; what failed is neither. */
static void test_traced(void **state)
{
	struct machine *mc = *state;
	struct rig r = rig_up(mc, 1, 0, 0);

	method(&r, 0, 0, 0xc797);
	method(&r, 0, 0x1234, 5);
	method(&r, 0, 0x1b00, 0);
	sem_release(&r, 3);
	method(&r, 0, 0x3c, 0);
	assert_false(kick(&r));
	assert_true(failed(&r, "method 0x3c"));
	assert_true(traced(mc, "method", 0) && traced(mc, "method", 0x1c));
	assert_true(traced(mc, "method", 0xc7971b00) && traced(mc, "counted", 0xc7971234));
	assert_false(traced(mc, "method", 0xc7971234) || traced(mc, "counted", 0xc7971b00));
	assert_false(traced(mc, "method", 0x3c) || traced(mc, "method", 0x20));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_fifo),
		boot_test(test_progress),
		boot_test(test_not_scheduled),
		boot_test(test_headers),
		boot_test(test_interrupt),
		boot_test(test_failures),
		boot_test(test_reported),
		boot_test(test_reported_later),
		boot_test(test_planted),
		boot_test(test_traced),
		boot_test(test_forged_doorbells),
	};

	return cmocka_run_group_tests_name("model: Host", tests, NULL, NULL);
}
