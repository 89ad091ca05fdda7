/* SPDX-License-Identifier: MIT */
/*
 * Fixed shares: each guest has its slot of time and nobody else's, whatever firmware makes of the
 * calls that this takes. Model scheduler: work is in the model's engine time, which goes on with
 * the domain's here (fair_together()).
 *
 * In every step of all of these, channels of one guest at most can be chosen by a runlist
 * (fair_step()).
 */
#include <errno.h>

#include "tests/unit/turns_bed.h"

/* What each has worked in so many rounds, in us of each round. */
static void rounds(struct fair_bed *b, unsigned int n, uint64_t us[])
{
	for (unsigned int i = 0; i < b->n; i++)
		us[i] = fair_work(b, b->guest[i], NULL);
	fair_together(b, n * ROUND);
	for (unsigned int i = 0; i < b->n; i++)
		us[i] = (fair_work(b, b->guest[i], NULL) - us[i]) / FAIR_US / n;
}

static void about(uint64_t us, uint64_t should, unsigned int percent)
{
	assert_in_range(us * 100, should * (100 - percent), should * (100 + percent));
}

/* Three with work have a quarter each; what one without work leaves, and what nobody has, stays idle. */
static void idle_slots_stay_idle(void **state)
{
	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct fair_bed *b = bed(bed_versions[v], 4);
		struct fair_guest *one = fair_guest_up(b, 1, 1, FAIR_LINE, 4);
		struct fair_guest *many = fair_guest_up(b, 1000, FAIR_CHANNELS, FAIR_LINE, 16);
		struct fair_guest *idle = fair_guest_up(b, 100, 16, FAIR_LINE, 16);
		uint64_t us[3], before[2], calls, begun;

		fair_busy(b, one, 1);
		for (unsigned int i = 0; i < (v ? 8 : FAIR_CHANNELS); i++)
			fair_submit(fair_channel_up(b, many, i % FAIR_SPACES), FAIR_ENTRIES - 1);
		for (unsigned int i = 0; i < 2; i++)
			fair_channel_up(b, idle, 0);
		calls = stats(b)->calls;
		begun = hv_now();
		rounds(b, 20, us);
		calls = (stats(b)->calls - calls) * HV_S / (hv_now() - begun);
		about(us[0], us[1], 2);
		about(us[0], ROUND / 4, 3);
		assert_int_equal(us[2], 0);
		before[0] = us[0];
		before[1] = us[1];
		for (unsigned int i = 0; i < 2; i++)
			fair_submit(&idle->c[i], FAIR_ENTRIES - 1);
		rounds(b, 20, us);
		about(us[0], before[0], 2);
		about(us[1], before[1], 2);
		about(us[2], us[0], 2);
		assert_int_equal(stats(b)->late, 0);
		assert_int_equal(stats(b)->refused, 0);
		/* Six calls a round. */
		assert_in_range(calls, 700, 760);
		print_message(
			"model scheduler: three guests of four slots of %u us: %llu, %llu, %llu "
			"us of %llu; %llu calls to the firmware in a second\n",
			GPU_SLOT_US, (unsigned long long)us[0], (unsigned long long)us[1],
			(unsigned long long)us[2], (unsigned long long)ROUND,
			(unsigned long long)calls);
		fair_bed_down(b);
	}
}

static void contended(unsigned int guests)
{
	struct fair_bed *b = bed("570.144", guests);
	uint64_t us[FAIR_GUESTS], calls, begun;
	unsigned int n = guests * 3 / 4;

	for (unsigned int i = 0; i < guests; i++)
		fair_busy(b, fair_guest_up(b, 50, 1 + i % 4, FAIR_LINE, 4u << i % 4),
			  i < n ? 1 + i % 4 : 0);
	fair_together(b, (uint64_t)guests * GPU_SLOT_US);
	for (unsigned int i = 0; i < guests; i++)
		us[i] = fair_work(b, b->guest[i], NULL);
	calls = stats(b)->calls;
	begun = hv_now();
	fair_together(b, 4ull * guests * GPU_SLOT_US);
	for (unsigned int i = 0; i < guests; i++) {
		us[i] = (fair_work(b, b->guest[i], NULL) - us[i]) / FAIR_US / 4;
		if (i < n)
			about(us[i], us[0], 4);
		else
			assert_int_equal(us[i], 0);
	}
	print_message("model scheduler: %u guests in turns: %llu calls in a second\n", guests,
		      (unsigned long long)((stats(b)->calls - calls) * HV_S / (hv_now() - begun)));
	fair_bed_down(b);
}

static void eight_and_thirty_two(void **state)
{
	(void)state;
	contended(8);
	contended(32);
}

/* When nobody has channels, nothing is done at all. */
static void nobody_costs_nothing(void **state)
{
	struct fair_bed *b = bed("570.144", 3);
	struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 1);
	uint64_t slots;

	(void)state;
	fair_together(b, 10 * ROUND);
	assert_int_equal(stats(b)->slots, 0);
	fair_channel_end(fair_channel_up(b, g, 0));
	assert_int_not_equal(stats(b)->slots, 0);
	fair_together(b, ROUND);
	slots = stats(b)->slots;
	fair_together(b, 10 * ROUND);
	assert_int_equal(stats(b)->slots, slots);
	g->n = 0;
	fair_channel_up(b, g, 0);
	fair_together(b, ROUND);
	assert_int_not_equal(stats(b)->slots, slots);
	fair_bed_down(b);
}

/* New ones do not run before their turn; those that go do at once, whoever's turn it is. */
static void channels_come_and_go(void **state)
{
	struct fair_bed *b = bed("570.144", 3);
	struct fair_guest *g[3];
	unsigned int seed = 1, waited = 0;

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		g[i] = fair_guest_up(b, 100, 16, FAIR_LINE, 4);
	fair_busy(b, g[0], 1);
	for (unsigned int n = 0; n < 300; n++) {
		struct fair_guest *who = g[1 + n % 2];

		if (n % 16 < 8) {
			struct fair_channel *c = fair_channel_ask(b, who, 0);
			uint64_t begun = hv_now();

			while (!c->ready)
				fair_step(b);
			assert_int_equal(c->err, 0);
			waited += hv_now() - begun > GPU_SLOT_US * HV_US;
			assert_in_range(hv_now() - begun, 0, 4ull * GPU_SLOT_US * HV_US);
			fair_submit(c, 3);
		} else {
			struct fair_channel *c = &who->c[who->n - 1];

			gpu_channel_free(c->ch, fair_done, c);
			while (!c->done)
				fair_step(b);
			assert_int_equal(c->err, 0);
			who->n--;
		}
		seed = seed * 1103515245u + 12345u;
		fair_together(b, (seed >> 16) % 2000);
	}
	assert_int_not_equal(waited, 0);
	assert_int_equal(stats(b)->refused, 0);
	assert_false(gpu_is_lost(b->vm.bed->gpu));
	fair_bed_down(b);
}

/* One that waits for its turn can be ended, alone or with all. */
static void ends_before_its_turn(void **state)
{
	(void)state;
	for (unsigned int all = 0; all < 2; all++) {
		struct fair_bed *b = bed("570.144", 8);
		struct fair_guest *a = fair_guest_up(b, 100, 8, FAIR_LINE, 4);
		struct fair_guest *g = fair_guest_up(b, 100, 8, FAIR_LINE, 4);

		fair_busy(b, a, 1);
		while (gpu_rm_fifo(b->vm.rm)->turns.slot != 3)
			fair_step(b);
		for (unsigned int i = 0; i < 5; i++)
			fair_channel_ask(b, g, 0);
		while (!g->c[4].ch->parked)
			fair_step(b);
		if (all) {
			assert_int_equal(fair_guest_down(b, g), 0);
		} else {
			for (unsigned int i = 0; i < 5; i++) {
				gpu_channel_free(g->c[i].ch, fair_done, &g->c[i]);
				bed_until_called(&g->c[i].done);
				assert_int_equal(g->c[i].err, 0);
			}
		}
		/* Without having waited for it. */
		assert_in_range(gpu_rm_fifo(b->vm.rm)->turns.slot, 3, 4);
		fair_together(b, 2 * ROUND);
		fair_bed_down(b);
	}
}

/* A tenant or a channel ends at any moment of its turn, of a change too: firmware is let do one thing at a time. */
static void ends_at_any_moment(void **state)
{
	unsigned int named = 0;

	(void)state;
	for (unsigned int n = 0; n < 24; n++) {
		struct fair_bed *b = bed("570.144", 2);
		struct fair_guest *a = fair_guest_up(b, 100, 8, FAIR_LINE, 4);
		struct fair_guest *g = fair_guest_up(b, 100, 8, FAIR_LINE, 4);
		struct told t = {.model = b->model};

		fair_busy(b, a, 3);
		fair_busy(b, g, 3);
		fair_together(b, ROUND);
		hold(&b->vm);
		for (unsigned int i = 0; i < n / 2; i++)
			step(&b->vm);
		named += g->c[0].ch->named;
		if (n % 2)
			gpu_tenant_end(g->tenant, ended, &t);
		else
			for (unsigned int i = 0; i < 3; i++)
				gpu_channel_free(g->c[i].ch, fair_done, &g->c[i]);
		let_go(&b->vm);
		fair_together(b, ROUND);
		if (n % 2) {
			assert_int_equal(t.times, 1);
			assert_int_equal(t.err, 0);
			g->tenant = tenant_up(&b->vm, &g->own); /* the slot is to be had again */
		} else {
			for (unsigned int i = 0; i < 3; i++) {
				assert_int_equal(g->c[i].done, 1);
				assert_int_equal(g->c[i].err, 0);
			}
		}
		assert_int_equal(stats(b)->refused, 0);
		assert_false(gpu_is_lost(b->vm.bed->gpu));
		fair_bed_down(b);
	}
	assert_int_not_equal(named, 0);
}

/* Changes that take long are counted, cost nobody's turn, and nobody runs meanwhile. */
static void slow_firmware(void **state)
{
	struct fair_bed *b = bed("570.144", 2);
	struct fair_guest *a = fair_guest_up(b, 100, 1, FAIR_LINE, 4);
	struct fair_guest *g = fair_guest_up(b, 100, 1, FAIR_LINE, 4);
	uint64_t late, slots;

	(void)state;
	fair_busy(b, a, 1);
	fair_busy(b, g, 1);
	fair_together(b, ROUND);
	late = stats(b)->late;
	slots = stats(b)->slots;
	for (unsigned int i = 0; i < 20; i++) {
		hold(&b->vm);
		fair_together(b, 4ull * GPU_SLOT_US);
		let_go(&b->vm);
		fair_together(b, GPU_SLOT_US / 4);
	}
	assert_in_range(stats(b)->late - late, 10, 20);
	assert_in_range(stats(b)->slots - slots, 10, 40);
	assert_int_not_equal(stats(b)->switching, 0);
	assert_false(gpu_is_lost(b->vm.bed->gpu));
	fair_bed_down(b);
}

/* One that Host has stopped is not put on again, and its guest's others have their turns. */
static void faults(void **state)
{
	struct fair_bed *b = bed("570.144", 2);
	struct fair_guest *a = fair_guest_up(b, 100, 2, FAIR_LINE, 4);
	struct fair_guest *g = fair_guest_up(b, 100, 2, FAIR_LINE, 4);
	uint64_t us;

	(void)state;
	fair_busy(b, a, 1);
	fair_submit(fair_channel_up(b, g, 0), FAIR_ENTRIES - 1);
	fair_submit(fair_channel_up(b, g, 1), FAIR_ENTRIES - 1);
	assert_int_equal(gpu_vm_unmap(g->vm[0], FAIR_VA, FAIR_MEMORY, GPU_PAGE_4K), 0);
	assert_int_equal(gpu_vm_commit(g->vm[0]), 0);
	fair_together(b, 2 * ROUND);
	assert_int_equal(g->c[0].faults, 1);
	assert_int_equal(g->c[1].faults, 0);
	us = fair_work(b, g, NULL);
	fair_together(b, ROUND);
	assert_int_not_equal(fair_work(b, g, NULL), us);
	assert_int_equal(stats(b)->refused, 0);
	fair_bed_down(b);
}

/* What is asked of policies. */
static void bad_policies(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct gpu_range vram[3];
	struct gpu_tenant *tenant, *own;
	struct told t = {0};

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		vram[i] = vm_bed_range(&b->vm);
	assert_int_equal(gpu_policy_set(b->vm.rm, GPU_FIXED_SHARE, 0), -EINVAL);
	assert_int_equal(gpu_policy_set(b->vm.rm, GPU_FIXED_SHARE, GPU_SLOTS_MAX + 1), -EINVAL);
	assert_int_equal(gpu_policy_set(b->vm.rm, GPU_EQUAL_SHARE, 1), -EINVAL);
	assert_int_equal(gpu_policy_set(b->vm.rm, (enum gpu_policy)(GPU_FIXED_SHARE + 1), 0),
			 -EINVAL);
	assert_int_equal(gpu_policy_set(b->vm.rm, GPU_FIXED_SHARE, 1), 0);
	assert_int_equal(gpu_tenant_new_outside(b->vm.rm, &vram[0], tenant_ready, &t, &own), 0);
	assert_int_equal(await(&t), 0);
	assert_int_equal(gpu_policy_set(b->vm.rm, GPU_BEST_EFFORT, 0), -EBUSY);
	for (unsigned int i = 0; i < 3; i++) {
		struct gpu_tenant *more;

		tenant = tenant_up(&b->vm, &vram[1]);
		assert_int_equal(gpu_tenant_new(b->vm.rm, &vram[2], tenant_ready, &t, &more),
				 -ENOSPC);
		assert_int_equal(tenant_down(&b->vm, tenant), 0);
	}
	assert_int_equal(tenant_down(&b->vm, own), 0);
	assert_int_equal(gpu_policy_set(b->vm.rm, GPU_BEST_EFFORT, 0), 0);
	for (unsigned int i = 0; i < 3; i++)
		gpu_vram_free(b->vm.bed->gpu, &vram[i]);
	fair_bed_down(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(idle_slots_stay_idle), cmocka_unit_test(eight_and_thirty_two),
		cmocka_unit_test(nobody_costs_nothing), cmocka_unit_test(channels_come_and_go),
		cmocka_unit_test(ends_before_its_turn), cmocka_unit_test(ends_at_any_moment),
		cmocka_unit_test(slow_firmware),	cmocka_unit_test(faults),
		cmocka_unit_test(bad_policies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
