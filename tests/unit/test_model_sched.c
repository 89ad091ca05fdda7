/* SPDX-License-Identifier: MIT */
/*
 * Engine time of the model: what work costs, and how channel groups share a runlist. All in model time,
 * which is the same whenever it is asked for.
 */
#include "sched_bed.h"

/* A method takes 10 us and nothing else anything: a default slice is 105 methods. */
#define METHODS_ONLY "entry=0,method=10000,semaphore=0,ce-launch=0,ce-byte-ps=0,switch=0,poll=0"
#define METHOD_PS    (10000 * PS_PER_NS)
#define SLICE_PS     (1024ull * 1024 * PS_PER_NS)
#define MS	     1000000ull

static void test_costs_text(void **state)
{
	static const char *const good[] = {"entry=0", "method=1000000,poll=1",
					   "ce-byte-ps=40,switch=5000,ce-launch=0,semaphore=7"};
	static const struct {
		const char *text, *item;
	} bad[] = {
		{"", ""},
		{"entry", "entry"},
		{"entry=", "entry="},
		{"=5", "=5"},
		{"entry=1,method=x", "method=x"},
		{"entry=1,,method=2", ""},
		{"entry=1,", ""},
		{"entry=-1", "entry=-1"},
		{"entry=0x10", "entry=0x10"},
		{"entry= 1", "entry= 1"},
		{"entry=1000001,method=1", "entry=1000001"},
		{"entry=99999999999999999999999", "entry=99999999999999999999999"},
		{"entr=1", "entr=1"},
		{"entryy=1", "entryy=1"},
		{"entry=1=2", "entry=1=2"},
	};
	struct machine mc = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		struct model_config config = {.vram_bytes = 1ull << 30, .costs = good[i]};

		assert_null(model_costs_refused(good[i]));
		assert_int_equal(model_create(&config, &machine_ops, &mc, &mc.gpu), 0);
		model_destroy(mc.gpu);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct model_config config = {.vram_bytes = 1ull << 30, .costs = bad[i].text};
		const char *item = model_costs_refused(bad[i].text);
		char says[64];

		assert_non_null(item);
		assert_int_equal(strcspn(item, ","), strlen(bad[i].item));
		assert_memory_equal(item, bad[i].item, strlen(bad[i].item));
		assert_int_equal(model_create(&config, &machine_ops, &mc, &mc.gpu), -EINVAL);
		snprintf(says, sizeof(says), "cost refused: %s", bad[i].item);
		assert_string_equal(mc.last_log, says);
	}
}

/* Each piece of work costs what the table says, to the runlist, the engine and the group. */
static void test_charges(void **state)
{
	struct bed b = bed_up(NULL, true);
	struct chan c = chan_new(&b, 0, 0, GRAPHICS);
	const struct model_group *g = c.ch->group;
	const struct model_runlist *r = &host(&b)->runlists[0];
	uint64_t ns = 0;
	char *stats;

	(void)state;
	/* On the runlist of graphics: copies count for its first copy engine. */
	copy(&c, 10000);
	sem(&c, SEM, 5, RELEASE_SEM);
	sem(&c, SEM, 5, ACQUIRE_GEQ);
	method(&c, 0, 0, 0xc797);
	method(&c, 0, 0x1234, 0);
	submit(&c, 2);
	assert_int_equal(kicks, 1);
	assert_false(done(&c));
	assert_int_equal(host(&b)->now, 0);
	assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	assert_true(done(&c));
	ns += 2 * (200ull + 200 + 1000 + 1500 + 400);
	assert_int_equal(g->ps, ns * PS_PER_NS);
	assert_int_equal(host(&b)->busy[1], 2ull * 1900 * PS_PER_NS);
	assert_int_equal(host(&b)->busy[0], (ns - 2ull * 1900) * PS_PER_NS);
	assert_int_equal(r->clock, (ns + 5000) * PS_PER_NS);
	assert_int_equal(host(&b)->now, r->clock);
	assert_true(r->switches == 1 && r->switching == 5000 * PS_PER_NS);
	assert_true(g->bytes == 20000 && g->entries == 2 && g->methods == 40 && g->ignored == 2);
	/* Its context stays: no switch. Time does not go on by itself. */
	submit(&c, 1);
	for (int i = 0; i < 100; i++)
		model_run(b.mc->gpu);
	assert_int_equal(r->switches, 1);
	assert_int_equal(host(&b)->now, (ns / 2 * 3 + 5000) * PS_PER_NS);

	stats = model_engine_stats(b.mc->gpu);
	assert_non_null(strstr(stats, "\"time_ns\": 14900, "));
	assert_non_null(strstr(stats, "{\"name\": \"ce0\", \"busy_ns\": 5700}"));
	assert_non_null(strstr(stats, "\"runlists\": [{\"time_ns\": 14900, \"switches\": 1, "
				      "\"switching_ns\": 5000}"));
	assert_non_null(strstr(stats, "\"groups\": [{\"runlist\": 0, \"id\": 0, \"client\": "
				      "3251634177, \"handle\": 4059037696, \"timeslice_us\": 1024, "
				      "\"channels\": 1, \"engine_ns\": 9900, \"bytes\": 30000, "
				      "\"entries\": 3, \"methods\": 60, \"ignored\": 3}], "
				      "\"groups_left_out\": 0"));
	free(stats);
	bed_down(&b);
}

/* Inline data is the work of graphics, not of a copy engine. */
static void test_inline_charges(void **state)
{
	struct bed b = bed_up("entry=0,method=0,switch=0,inline-byte-ps=1000", false);
	struct chan c = chan_new(&b, 0, 0, GRAPHICS);

	(void)state;
	method(&c, 2, 0x180, 7);
	method(&c, 2, 0x184, 1);
	method(&c, 2, 0x188, 0);
	method(&c, 2, 0x18c, DATA);
	method(&c, 2, 0x1b0, 1);
	method(&c, 2, 0x1b4, 0x11223344);
	method(&c, 2, 0x1b4, 0x00556677);
	submit(&c, 1);
	assert_true(done(&c) && word(&b, DATA) == 0x11223344);
	assert_int_equal(c.ch->group->bytes, 7);
	assert_int_equal(c.ch->group->ps, 7000);
	assert_int_equal(host(&b)->busy[0], 7000);
	bed_down(&b);
}

/* Both have more to do than there is time. */
static void backlog(struct chan *c)
{
	nops(c, 100);
	submit(c, 1000);
}

static void assert_about(uint64_t a, uint64_t b, uint64_t within)
{
	assert_true(a > b ? a - b <= within : b - a <= within);
}

static void set_timeslice(struct bed *b, uint32_t group, uint64_t us)
{
	assert_int_equal(rm_control(&b->talk, CLIENT, group, 0xa06c0103, &us, 8), 0);
}

/* Equal slices, equal time: at any moment, within a slice and a method. */
static void test_equal(void **state)
{
	struct bed b = bed_up(METHODS_ONLY, true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);

	(void)state;
	backlog(&a);
	backlog(&c);
	for (uint64_t t = 1; t < 100; t += 3) {
		run_until(&b, t * MS);
		assert_about(a.ch->group->ps, c.ch->group->ps, SLICE_PS + METHOD_PS);
	}
	assert_about(a.ch->group->ps + c.ch->group->ps, 98 * MS * PS_PER_NS, MS * PS_PER_NS);
	/* Who stops for a while has lost that time, and does not get it back. */
	model_channel_schedule(b.mc->gpu, a.ch, false);
	run_until(&b, 200 * MS);
	assert_about(c.ch->group->ps - a.ch->group->ps, 101 * MS * PS_PER_NS, 2 * SLICE_PS);
	model_channel_schedule(b.mc->gpu, a.ch, true);
	run_until(&b, 300 * MS);
	assert_about(c.ch->group->ps - a.ch->group->ps, 101 * MS * PS_PER_NS, 3 * SLICE_PS);
	bed_down(&b);
}

static void test_weights(void **state)
{
	struct bed b = bed_up(METHODS_ONLY, true);
	struct chan a, c;

	(void)state;
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
	assert_int_equal(group_alloc(&b, GROUP_AT(1), 0x0b), 0);
	set_timeslice(&b, GROUP_AT(0), 1000);
	set_timeslice(&b, GROUP_AT(1), 3000);
	a = chan_new(&b, 0, GROUP_AT(0), COPY2);
	c = chan_new(&b, 1, GROUP_AT(1), COPY2);
	backlog(&a);
	backlog(&c);
	run_until(&b, 400 * MS);
	/* 1000 is 125 << 3, 3000 is 187 << 4: 2992. A slice ends with the method that exceeds it. */
	assert_about(c.ch->group->ps, a.ch->group->ps * 2992 / 1000, 5 * SLICE_PS);
	assert_about(a.ch->group->ps, 100 * MS * PS_PER_NS, 2 * SLICE_PS);
	/* Slices are weights only while both are busy. */
	model_channel_schedule(b.mc->gpu, c.ch, false);
	run_until(&b, 500 * MS);
	assert_about(a.ch->group->ps, 200 * MS * PS_PER_NS, 4 * SLICE_PS);
	bed_down(&b);
}

/* A slice ends with the operation that uses it up, however short it is. */
static void test_short_slices(void **state)
{
	struct bed b = bed_up("entry=0,method=10,switch=0", true);
	struct chan a, c;

	(void)state;
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
	assert_int_equal(group_alloc(&b, GROUP_AT(1), 0x0b), 0);
	set_timeslice(&b, GROUP_AT(0), 0);
	set_timeslice(&b, GROUP_AT(1), 4);
	a = chan_new(&b, 0, GROUP_AT(0), COPY2);
	c = chan_new(&b, 1, GROUP_AT(1), COPY2);
	backlog(&a);
	backlog(&c);
	/* 1.024 and 4.096 us: 103 and 410 methods. */
	run_until(&b, 1000000);
	assert_about(a.ch->group->ps * 410, c.ch->group->ps * 103, 410ull * 4500 * PS_PER_NS);
	assert_about(host(&b)->runlists[1].switches, 2 * 1000000 / 5130, 50);
	bed_down(&b);
}

/* A group of many channels gets what a group of one gets; they share it. */
static void test_many_in_a_group(void **state)
{
	struct bed b = bed_up(METHODS_ONLY, true);
	struct chan one = chan_new(&b, 0, 0, COPY2), many[8];
	uint64_t entries = 0;

	(void)state;
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
	backlog(&one);
	for (uint32_t i = 0; i < 8; i++) {
		many[i] = chan_new(&b, 1 + i, GROUP_AT(0), COPY2);
		backlog(&many[i]);
	}
	run_until(&b, 200 * MS);
	assert_about(one.ch->group->ps, many[0].ch->group->ps, SLICE_PS + METHOD_PS);
	for (uint32_t i = 0; i < 8; i++) {
		/* About 10000 methods in 100 entries, by turns of 105. */
		assert_true(many[i].ch->gp_get >= 11 && many[i].ch->gp_get <= 14);
		entries += many[i].ch->gp_get;
	}
	assert_about(entries, one.ch->gp_get, 10);
	bed_down(&b);
}

/* The same work gives the same figures, whoever drives it: a kick, or the doorbell. */
static void test_deterministic(void **state)
{
	uint64_t first[4] = {0};

	(void)state;
	for (int turn = 0; turn < 4; turn++) {
		struct bed b = bed_up(NULL, turn != 2);
		struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
		struct chan d = chan_new(&b, 2, 0, COPY3);
		uint64_t figures[4];

		copy(&a, 50000);
		nops(&a, 30);
		copy(&c, 3);
		sem(&d, SEM, 1, RELEASE_SEM);
		copy(&d, 9000);
		/* Nothing is done before all three are there: the first waits for a fourth. */
		for (uint32_t i = 0; i < 3; i++)
			model_channel_schedule(b.mc->gpu,
					       i == 0	? a.ch
					       : i == 1 ? c.ch
							: d.ch,
					       false);
		submit(&a, 900);
		submit(&c, 500);
		submit(&d, 77);
		a.ch->scheduled = c.ch->scheduled = d.ch->scheduled = true;
		if (turn == 3) /* with calls too many */
			for (int i = 0; i < 3; i++)
				model_run(b.mc->gpu);
		if (turn != 2)
			run_out(&b);
		else
			wr(b.mc, 0xbb0090, a.token);
		assert_true(done(&a) && done(&c) && done(&d));
		figures[0] = host(&b)->now;
		figures[1] = a.ch->group->ps;
		figures[2] = c.ch->group->ps;
		figures[3] = host(&b)->runlists[1].switches;
		if (!turn)
			memcpy(first, figures, sizeof(first));
		assert_memory_equal(figures, first, sizeof(first));
		bed_down(&b);
	}
	assert_true(first[3] > 2);
}

/* A long copy is no reason to wait: it is done in pieces of slices. And runlists do not wait at all. */
static void test_long_copy(void **state)
{
	/* 40 ns a byte: a piece of 4 KiB takes 164 us, the copy 21 ms. */
	struct bed b = bed_up("ce-byte-ps=40000,switch=0", true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
	struct chan d = chan_new(&b, 2, 0, COPY3);

	(void)state;
	for (uint32_t i = 0; i < DATA_SIZE; i++)
		b.vram[DATA + i] = (uint8_t)(i * 7 + (i >> 9));
	copy(&a, DATA_SIZE);
	submit(&a, 1);
	nops(&c, 100);
	submit(&c, 100);
	sem(&d, SEM, 9, RELEASE_SEM);
	submit(&d, 1);
	/* Another runlist is through before the first piece is. */
	assert_int_equal(model_run(b.mc->gpu), MODEL_BUSY);
	assert_int_equal(word(&b, SEM), 9);
	assert_true(host(&b)->runlists[2].clock < 10000 * PS_PER_NS);
	/* Within a slice and a piece the second has its turn. */
	run_until(&b, 1160000);
	assert_true(c.ch->group->entries > 0);
	assert_false(done(&a));
	assert_int_equal(a.ch->group->bytes, 7 * 4096);
	run_out(&b);
	assert_true(done(&a) && done(&c));
	assert_memory_equal(b.vram + DATA + DATA_SIZE, b.vram + DATA, DATA_SIZE);
	assert_int_equal(a.ch->group->bytes, DATA_SIZE);
	assert_int_equal(host(&b)->busy[3],
			 40000ull * DATA_SIZE + (1500ull + 200 + 80 + 120000) * PS_PER_NS);
	bed_down(&b);
}

/* Two runlists with a millisecond of work each are done in one millisecond. */
static void test_beside_each_other(void **state)
{
	struct bed b = bed_up(METHODS_ONLY, false);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY3);

	(void)state;
	nops(&a, 100);
	nops(&c, 100);
	model_channel_schedule(b.mc->gpu, a.ch, false);
	submit(&a, 1);
	a.ch->scheduled = true;
	submit(&c, 1);
	assert_true(done(&a) && done(&c));
	assert_int_equal(host(&b)->now, MS * PS_PER_NS);
	assert_int_equal(host(&b)->busy[3] + host(&b)->busy[4], 2 * MS * PS_PER_NS);
	/* What comes later starts later, also on an engine that did less. */
	submit(&c, 1);
	submit(&a, 1);
	assert_int_equal(host(&b)->runlists[2].clock, 2 * MS * PS_PER_NS);
	assert_int_equal(host(&b)->runlists[1].clock, 3 * MS * PS_PER_NS);
	bed_down(&b);
}

/* Whoever is behind goes first, also when the other one's steps are longer. */
static void test_in_step(void **state)
{
	struct bed b =
		bed_up("entry=0,method=0,ce-launch=0,ce-byte-ps=10,semaphore=20000,switch=0", true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY3);

	(void)state;
	sem(&a, SEM, 1, RELEASE_SEM);
	submit(&a, 1000);
	copy(&c, DATA_SIZE);
	submit(&c, 200);
	for (uint64_t t = 1; t < 20; t++) {
		run_until(&b, t * 50000);
		assert_about(host(&b)->runlists[1].clock, host(&b)->runlists[2].clock,
			     21000 * PS_PER_NS);
	}
	bed_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_costs_text),	cmocka_unit_test(test_charges),
		cmocka_unit_test(test_inline_charges),	cmocka_unit_test(test_equal),
		cmocka_unit_test(test_weights),		cmocka_unit_test(test_short_slices),
		cmocka_unit_test(test_many_in_a_group), cmocka_unit_test(test_deterministic),
		cmocka_unit_test(test_long_copy),	cmocka_unit_test(test_beside_each_other),
		cmocka_unit_test(test_in_step),
	};

	return cmocka_run_group_tests_name("model: engine time", tests, NULL, NULL);
}
