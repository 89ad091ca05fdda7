/* SPDX-License-Identifier: MIT */
/*
 * Channels of the model at work: from a GPFIFO entry to bytes in memory.
 */
#include "channel_rig.h"

static void sem_release(struct rig *r, uint32_t value)
{
	method(r, 0, 0x10, 0);
	method(r, 0, 0x14, SEM);
	method(r, 0, 0x18, value);
	method(r, 0, 0x1c, 2 | 1 << 24);
}

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
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	}
}

static struct rig rig_again(struct rig *r)
{
	model_flr(r->mc->gpu);
	model_cfg_write(r->mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	}
}

/* ---- the copy engine ---- */

static void copy_class(struct rig *r)
{
	method(r, 4, 0, 0xc7b5);
}

static void copy(struct rig *r, uint64_t from, uint64_t to, uint32_t len, uint32_t lines,
		 uint32_t launch)
{
	method(r, 4, 0x400, (uint32_t)(from >> 32));
	method(r, 4, 0x404, (uint32_t)from);
	method(r, 4, 0x408, (uint32_t)(to >> 32));
	method(r, 4, 0x40c, (uint32_t)to);
	method(r, 4, 0x418, len);
	method(r, 4, 0x41c, lines);
	method(r, 4, 0x300, launch);
}

static void fill(struct rig *r, uint32_t at, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		r->vram[at + i] = (uint8_t)(i * 7 + (i >> 8));
}

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

	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
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
		boot_test(test_fifo),		boot_test(test_progress),
		boot_test(test_not_scheduled),	boot_test(test_headers),
		boot_test(test_semaphores),	boot_test(test_reductions),
		boot_test(test_older_acquires), boot_test(test_two_channels),
		boot_test(test_interrupt),	boot_test(test_failures),
		boot_test(test_reported),	boot_test(test_reported_later),
		boot_test(test_copy_pitch),	boot_test(test_copy_remap),
		boot_test(test_copy_blocks),	boot_test(test_copy_physical),
		boot_test(test_copy_faults),	boot_test(test_mem_op),
		boot_test(test_planted),	boot_test(test_traced),
	};

	return cmocka_run_group_tests_name("model: Host", tests, NULL, NULL);
}
