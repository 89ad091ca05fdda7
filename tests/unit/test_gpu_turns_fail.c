/* SPDX-License-Identifier: MIT */
/*
 * Fixed shares when firmware does not do what turns ask of it: who cannot be taken off keeps the others waiting, and when
 * nobody knows who runs the GPU is given up, soon.
 */
#include "tests/unit/turns_bed.h"

#define STEP (10 * HV_MS) /* when nothing but waiting is to be seen */

/* Refused to come off: nobody else comes on; for good: the GPU is given up. */
static void does_not_come_off(void **state)
{
	(void)state;
	for (unsigned int good = 0; good < 2; good++) {
		struct fair_bed *b = bed("535.113.01", 2);
		struct fair_guest *a = fair_guest_up(b, 100, 1, FAIR_LINE, 4);
		struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 4);
		uint64_t us;

		fair_busy(b, a, 1);
		fair_busy(b, g, 1);
		while (gpu_rm_fifo(b->vm.rm)->turns.on != a->tenant ||
		       gpu_rm_fifo(b->vm.rm)->turns.busy)
			fair_step(b);
		plant(b, "control-refused=" CALL_SWITCH);
		us = fair_work(b, g, NULL);
		fair_together(b, 5ull * GPU_SLOT_US);
		assert_in_range(stats(b)->refused, 3, 6);
		assert_int_equal(fair_work(b, g, NULL), us);
		if (good) {
			plant(b, "none");
			fair_together(b, 2ull * GPU_SLOT_US);
			assert_int_not_equal(fair_work(b, g, NULL), us);
		} else {
			fair_together(b, (GPU_TURN_TRIES + 1ull) * GPU_SLOT_US);
			assert_int_equal(stats(b)->refused, GPU_TURN_TRIES);
		}
		assert_int_equal(gpu_is_lost(b->vm.bed->gpu), !good);
		fair_bed_down(b);
	}
}

/* Refused to come on: the slot is idle, and the others have theirs. */
static void does_not_come_on(void **state)
{
	struct fair_bed *b = bed("570.144", 2);
	struct fair_guest *a = fair_guest_up(b, 100, 1, FAIR_LINE, 4);
	struct gpu_turns *t = &gpu_rm_fifo(b->vm.rm)->turns;
	uint64_t us;

	(void)state;
	fair_busy(b, a, 1);
	while (t->on)
		fair_step(b); /* until it is nobody's slot */
	plant(b, "control-refused=" CALL_SWITCH);
	while (!stats(b)->refused)
		fair_step(b);
	plant(b, "none");
	us = fair_work(b, a, NULL);
	fair_together(b, GPU_SLOT_US / 2);
	assert_int_equal(fair_work(b, a, NULL), us);
	fair_together(b, 4ull * GPU_SLOT_US);
	assert_int_not_equal(fair_work(b, a, NULL), us);
	fair_bed_down(b);
}

/* Never answered: nobody knows who runs, so nobody is to. */
static void never_answered(void **state)
{
	(void)state;
	for (unsigned int waits = 0; waits < 2; waits++) {
		struct fair_bed *b = bed("570.144", 2);
		struct fair_guest *a = fair_guest_up(b, 100, 2, FAIR_LINE, 4);
		struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 4);
		struct fair_channel *c = NULL;

		fair_busy(b, a, 1);
		fair_busy(b, g, 1);
		plant(b, "control-silent=" CALL_SWITCH);
		fair_together(b, 2ull * GPU_SLOT_US);
		if (waits)
			c = fair_channel_ask(b, g, 0);
		pass(60 * HV_S);
		assert_true(gpu_is_lost(b->vm.bed->gpu));
		if (c) {
			assert_int_equal(c->ready, 1);
			assert_true(c->err < 0);
		}
		fair_bed_down(b);
	}
}

/*
 * How long it takes until that is so: the time of a call and a round, also when it is somebody else's control that is never
 * answered, behind which the turns' call waits. Meanwhile nobody's turn begins but his whose it was.
 */
static void lost_in_bounded_time(void **state)
{
	static const struct {
		const char *fault;
		bool off, weighs;
	} cases[] = {
		{"control-silent=" CALL_SWITCH, true, false},
		{"control-silent=" CALL_SWITCH, false, false},
		{"control-silent=" CALL_TIMESLICE, true, true},
		{"control-silent=" CALL_TIMESLICE, false, true},
		{"gsp-deaf=1", true, false},
		{"gsp-deaf=1", false, true},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fair_bed *b = bed(bed_versions[i % BED_VERSIONS], 3);
		struct fair_guest *a = fair_guest_up(b, 100, 2, FAIR_LINE, 4);
		struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 4);
		struct gpu_turns *t = &gpu_rm_fifo(b->vm.rm)->turns;
		const uint64_t most = FWQ_RM_TIMEOUT + ROUND * HV_US + STEP;
		uint64_t begun, us;

		fair_busy(b, a, 1);
		fair_busy(b, g, 1);
		while (t->busy || t->on != (cases[i].off ? a->tenant : NULL))
			fair_step(b);
		plant(b, cases[i].fault);
		begun = hv_now();
		us = fair_work(b, g, NULL);
		if (cases[i].weighs)
			gpu_tenant_weight(g->tenant, 500);
		while (!gpu_is_lost(b->vm.bed->gpu) && hv_now() - begun <= most) {
			model_run_for(b->model, HV_MS);
			pass(STEP);
			assert_in_range(fair_clients_on(b), 0, 1);
		}
		assert_true(gpu_is_lost(b->vm.bed->gpu));
		assert_in_range(hv_now() - begun, FWQ_RM_TIMEOUT, most);
		assert_false(model_cfg_read(b->model, PCI_COMMAND, 2) & PCI_COMMAND_MASTER);
		assert_int_equal(fair_work(b, g, NULL), us);
		fair_bed_down(b);
	}
}

/*
 * A channel that is refused to be scheduled does not hold a turn up. When nothing is heard about
 * it, no more controls can be made (fwq/rpc.h), so turns cannot change either.
 */
static void not_scheduled(void **state)
{
	(void)state;
	for (unsigned int silent = 0; silent < 2; silent++) {
		struct fair_bed *b = bed("570.144", 2);
		struct fair_guest *a = fair_guest_up(b, 100, 1, FAIR_LINE, 4);
		struct fair_guest *g = fair_guest_up(b, 100, 4, FAIR_LINE, 4);
		uint64_t us;

		fair_busy(b, a, 1);
		plant(b,
		      silent ? "control-silent=" CALL_SCHEDULE : "control-refused=" CALL_SCHEDULE);
		for (unsigned int i = 0; i < 3; i++)
			fair_channel_ask(b, g, 0);
		for (unsigned int i = 0; i < 3; i++) {
			bed_until_called(&g->c[i].ready);
			assert_true(g->c[i].err < 0);
		}
		plant(b, "none");
		assert_int_equal(gpu_is_lost(b->vm.bed->gpu), silent);
		us = fair_work(b, a, NULL);
		if (!silent) {
			fair_together(b, ROUND);
			assert_int_not_equal(fair_work(b, a, NULL), us);
		}
		fair_bed_down(b);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(does_not_come_off), cmocka_unit_test(does_not_come_on),
		cmocka_unit_test(never_answered),    cmocka_unit_test(lost_in_bounded_time),
		cmocka_unit_test(not_scheduled),
	};

	return cmocka_run_group_tests_name("gpu: turns fail", tests, NULL, NULL);
}
