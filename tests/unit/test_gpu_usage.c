/* SPDX-License-Identifier: MIT */
/*
 * How much of the engines a tenant has had, as gpu/core finds out by looking at them, beside what
 * the model knows. Model scheduler: engines' time is the model's, which goes on with the domain's.
 */
#include "tests/unit/fair_bed.h"

#define CALL_INFO "0xa06c0106"
#define STEP_US	  200u

static struct gpu_usage *usage(struct fair_bed *b)
{
	return &gpu_rm_fifo(b->vm.rm)->usage;
}

static void run(struct fair_bed *b, uint64_t us)
{
	for (uint64_t at = 0; at < us; at += STEP_US) {
		uint64_t before = fair_now(b);

		model_run_for(b->model, STEP_US * HV_US);
		before = fair_now(b) - before;
		pass(before ? before / PS_PER_NS : STEP_US * HV_US);
	}
}

/* As a guest does that goes on with its work. */
static void run_and_ring(struct fair_bed *b, uint64_t us)
{
	for (uint64_t at = 0; at < us; at += 50000) {
		for (unsigned int i = 0; i < b->n; i++)
			if (b->guest[i]->n && !fair_idle(&b->guest[i]->c[0]))
				gpu_channel_ring(b->guest[i]->c[0].ch);
		run(b, 50000);
	}
}

static struct fair_bed *bed_on(const char *chip, const char *version)
{
	struct fair_bed *b = fair_bed_up_on(boot_board(chip), version);

	fair_costs(b, "ce-byte-ps=25000"); /* 100 us for a piece */
	return b;
}

static struct fair_bed *bed(const char *version)
{
	return bed_on("ga102", version);
}

/* Weights 1 : 3, and one without work; for eight seconds, which are 800 looks. */
static void parts_are_found(void **state)
{
	static const char *const boards[][2] = {
		{"ga102", "535.113.01"}, {"ga102", "570.144"}, {"tu102", "535.113.01"},
		{"tu102", "570.144"},	 {"tu117", "570.144"},
	};

	(void)state;
	for (unsigned int v = 0; v < sizeof(boards) / sizeof(boards[0]); v++) {
		struct fair_bed *b = bed_on(boards[v][0], boards[v][1]);
		uint64_t begun, all = 0;

		for (unsigned int i = 0; i < 3; i++)
			fair_busy(b, fair_guest_up(b, 100 + 100 * i, 2, FAIR_LINE, 64),
				  i == 1 ? 0 : 2);
		fair_channel_up(b, b->guest[1], 0);
		begun = hv_now();
		run_and_ring(b, 8000000);
		for (unsigned int i = 0; i < 3; i++) {
			uint64_t us = gpu_tenant_time(b->guest[i]->tenant) / HV_US;
			uint64_t real = fair_work(b, b->guest[i], NULL) / FAIR_US;

			print_message("model scheduler: %llu us of %llu found\n",
				      (unsigned long long)us, (unsigned long long)real);
			assert_in_range(us, real * 90 / 100, real * 110 / 100);
			all += us;
		}
		assert_int_equal(gpu_tenant_time(b->guest[1]->tenant), 0);
		assert_in_range(all * HV_US, (hv_now() - begun) * 95 / 100, hv_now() - begun);
		assert_in_range(usage(b)->looks, 700, 900);
		fair_bed_down(b);
	}
}

/* Nobody rings: nobody looks. */
static void idle_costs_nothing(void **state)
{
	struct fair_bed *b = bed("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 1);
	uint64_t looks, ns;

	(void)state;
	fair_channel_up(b, g, 0);
	run(b, 500000);
	assert_int_equal(usage(b)->looks, 0);
	for (unsigned int i = 0; i < 3; i++) {
		looks = usage(b)->looks;
		fair_submit(&g->c[0], 1000);
		run(b, 130000);
		assert_in_range(usage(b)->looks - looks, 6, 22);
		looks = usage(b)->looks;
		ns = gpu_tenant_time(g->tenant);
		assert_int_not_equal(ns, 0);
		run(b, 300000);
		assert_int_equal(usage(b)->looks, looks);
		assert_int_equal(gpu_tenant_time(g->tenant), ns);
	}
	fair_bed_down(b);
}

static void count_worked(void *arg)
{
	++*(unsigned int *)arg;
}

/* Who rings by itself is looked at while it has channels; its owner is told of each look that finds it at work. */
static void unheard_doorbells(void **state)
{
	struct fair_bed *b = bed("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
	unsigned int worked = 0;
	uint64_t looks;

	(void)state;
	gpu_tenant_direct(g->tenant, count_worked, &worked);
	run(b, 300000);
	assert_int_equal(usage(b)->looks, 0);
	fair_channel_up(b, g, 0);
	run(b, 300000);
	looks = usage(b)->looks;
	assert_int_not_equal(looks, 0);
	assert_int_equal(worked, 0);
	fair_submit(&g->c[0], FAIR_ENTRIES - 1);
	run(b, 2000000);
	looks = usage(b)->looks - looks;
	assert_in_range(looks, 30, 70);
	assert_in_range(worked, looks - 1, looks);
	assert_in_range(gpu_tenant_time(g->tenant), 1900 * HV_MS, 2000 * HV_MS + GPU_USAGE_SLOW);
	fair_channel_end(&g->c[0]);
	run(b, 200000);
	looks = usage(b)->looks;
	worked = 0;
	run(b, 1000000);
	assert_int_equal(usage(b)->looks, looks);
	assert_int_equal(worked, 0);
	fair_bed_down(b);
}

/* RM does not tell the group's number: all works, and no time is found. */
static void no_number(void **state)
{
	struct fair_bed *b = bed("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 16);

	(void)state;
	assert_int_equal(model_fault_set(b->model, "control-refused=" CALL_INFO), 0);
	fair_busy(b, g, 1);
	assert_int_equal(hosted_log_count(b->vm.bed->h, b->vm.bed->dom, "group of channels"), 1);
	run_and_ring(b, 200000);
	assert_int_not_equal(usage(b)->looks, 0);
	assert_int_not_equal(fair_work(b, g, NULL), 0);
	assert_int_equal(gpu_tenant_time(g->tenant), 0);
	fair_bed_down(b);
}

/* Nor where the firmware says that registers are where none can be; or are none. */
static void no_register(void **state)
{
	static const uint32_t bases[] = {0, 0xc80001, 0xfffffe00, 0xffffffff, 0xc90000, 0x1000000};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bases) / sizeof(bases[0]); i++) {
		struct fair_bed *b = bed("570.144");
		struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
		struct gpu_engines *engines = (struct gpu_engines *)gpu_rm_engines(b->vm.rm);

		for (unsigned int e = 0; e < engines->n; e++)
			engines->engine[e].runlist_base = bases[i];
		fair_busy(b, g, 1);
		run_and_ring(b, 100000);
		assert_int_not_equal(usage(b)->looks, 0);
		assert_int_equal(gpu_tenant_time(g->tenant), 0);
		fair_bed_down(b);
	}
}

/* Turing's array has so many words and no more, whatever the firmware calls its engines. */
static void no_register_of_turing(void **state)
{
	static const uint32_t tags[] = {13, 14, 0x10000000, 0xfffffe00, 0xffffffff};

	(void)state;
	for (unsigned int i = 0; i < sizeof(tags) / sizeof(tags[0]); i++) {
		struct fair_bed *b = bed_on("tu102", "570.144");
		struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
		struct gpu_engines *engines = (struct gpu_engines *)gpu_rm_engines(b->vm.rm);

		for (unsigned int e = 0; e < engines->n; e++)
			engines->engine[e].tag = tags[i];
		fair_busy(b, g, 1);
		run_and_ring(b, 100000);
		assert_int_not_equal(usage(b)->looks, 0);
		assert_int_equal(gpu_tenant_time(g->tenant), 0);
		assert_int_equal(b->model->unknown_logged, 0);
		fair_bed_down(b);
	}
}

/*
 * Words as open-gpu-doc has their fields: tu104 dev_fifo.ref.txt (ID 11:0, ID_TYPE 12:12, CTX_STATUS 15:13: VALID 1,
 * CTXSW_LOAD 5, _SAVE 6, _SWITCH 7, ENGINE 31:31) and ga100 dev_runlist.ref.txt (no type; _SAVE 5, _LOAD 6).
 */
static void words_of_a_status(void **state)
{
	static const struct {
		uint32_t word;
		bool turing, ampere;
	} words[] = {
		{0x80003005, true, true},   /* a group's context, and busy; Ampere has no bit 12 */
		{0x80002005, false, true},  /* Turing: a single channel's */
		{0x80003fff, true, true},   /* the last group */
		{0x90073005, true, true},   /* 7, a group, is next: that changes nothing */
		{0x00003005, false, false}, /* idle */
		{0x00002005, false, false},
		{0x80001005, false, false}, /* no context */
		{0x80000005, false, false},
		{0x8000b005, false, false}, /* a context comes or goes */
		{0x8000d005, false, false},
		{0x8000f005, false, false},
		{0x8000a005, false, false},
		{0x8000c005, false, false},
		{0x8000e005, false, false},
		{0xbadf5040, false, false}, /* there is no such register */
		{0xbadf3000, false, false},
		{0xffffffff, false, false}, /* nor such a board */
		{0x00000000, false, false},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct gpu_chip_kind *turing = gpu_chip_find(0x162)->kind;
		const struct gpu_chip_kind *ampere = gpu_chip_find(0x172)->kind;

		assert_int_equal(gpu_engine_works(turing, words[i].word), words[i].turing);
		assert_int_equal(gpu_engine_works(ampere, words[i].word), words[i].ampere);
	}
}

/* A GPU that is lost is not looked at. */
static void lost(void **state)
{
	struct fair_bed *b = bed("570.144");
	struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
	uint64_t looks;

	(void)state;
	fair_busy(b, g, 1);
	run_and_ring(b, 50000);
	gpu_give_up(b->vm.bed->gpu, "the test says so");
	looks = usage(b)->looks;
	pass(HV_S);
	assert_int_equal(usage(b)->looks, looks);
	fair_bed_down(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parts_are_found),   cmocka_unit_test(idle_costs_nothing),
		cmocka_unit_test(unheard_doorbells), cmocka_unit_test(no_number),
		cmocka_unit_test(no_register),	     cmocka_unit_test(no_register_of_turing),
		cmocka_unit_test(words_of_a_status), cmocka_unit_test(lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
