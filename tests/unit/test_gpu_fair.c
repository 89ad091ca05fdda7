/* SPDX-License-Identifier: MIT */
/*
 * Whose turn it is on a copy engine: guests share it by their weights, whatever number of channels, spaces and
 * however large jobs they have. Model scheduler: all figures are in the model's engine time.
 */
#include "tests/unit/fair_bed.h"

#define KIB64 (16 * FAIR_LINE)

/* One channel against 64, with each release's firmware. */
static void a_guest_is_a_guest(void **state)
{
	unsigned int part[2] = {0}, groups;

	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct fair_bed *b = fair_bed_up(bed_versions[v]);
		struct fair_guest *one = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
		struct fair_guest *many = fair_guest_up(b, 100, FAIR_CHANNELS, FAIR_LINE, 16);

		fair_busy(b, one, 1);
		fair_busy(b, many, FAIR_CHANNELS);
		fair_parts(b, 200000, part);
		fair_about(part[0], 5000, 2);
		fair_about(part[1], 5000, 2);
		fair_work(b, many, &groups);
		assert_int_equal(groups, 1);
		/* And each of the many has had its turn. */
		for (unsigned int i = 0; i < FAIR_CHANNELS; i++)
			assert_int_not_equal(many->c[i].userd[0], 0);
		fair_bed_down(b);
	}
}

/* What is measured here would show it: as it is when RM makes a group for each channel. */
static void a_channel_is_not_a_guest(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *one = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
	struct fair_guest *many = fair_guest_up(b, 100, FAIR_CHANNELS, FAIR_LINE, 16);
	unsigned int part[2] = {0};

	(void)state;
	fair_busy(b, one, 1);
	for (unsigned int i = 0; i < FAIR_CHANNELS; i++) {
		fair_busy(b, many, 1);
		many->c[i].ch->group->closed = true; /* so the next one gets another */
	}
	fair_parts(b, 200000, part);
	assert_in_range(part[0], 1, 400);
	fair_bed_down(b);
}

/* 1 : 2 : 4, whoever has how many channels and jobs of which size. */
static void by_weight(void **state)
{
	static const unsigned int channels[] = {16, 1, 3}, lines[] = {1, 16, 64};
	unsigned int part[3] = {0};

	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		struct fair_bed *b = fair_bed_up(bed_versions[v]);

		for (unsigned int i = 0; i < 3; i++)
			fair_busy(b, fair_guest_up(b, 100u << i, channels[i], FAIR_LINE, lines[i]),
				  channels[i]);
		fair_parts(b, 280000, part);
		for (unsigned int i = 0; i < 3; i++)
			fair_about(part[i], (10000u << i) / 7, 3);
		/* Others from now on. */
		gpu_tenant_weight(b->guest[0]->tenant, 400);
		gpu_tenant_weight(b->guest[2]->tenant, 100);
		pass(HV_MS);
		fair_run(b, 20000);
		fair_parts(b, 280000, part);
		for (unsigned int i = 0; i < 3; i++)
			fair_about(part[i], (40000u >> i) / 7, 3);
		fair_bed_down(b);
	}
}

static void contended(unsigned int guests)
{
	struct fair_bed *b = fair_bed_up("570.144");
	unsigned int part[FAIR_GUESTS] = {0};

	for (unsigned int i = 0; i < guests; i++)
		fair_busy(b, fair_guest_up(b, 50, 1 + i % 4, FAIR_LINE, 4u << i % 4), 1 + i % 4);
	fair_parts(b, 20000ull * guests, part);
	for (unsigned int i = 0; i < guests; i++)
		fair_about(part[i], 10000 / guests, 3);
	fair_bed_down(b);
}

static void eight_guests(void **state)
{
	(void)state;
	contended(8);
}

static void thirty_two_guests(void **state)
{
	(void)state;
	contended(32);
}

/* Slices are for those with work: the heaviest guest without any takes nothing from anybody. */
static void idle_guests_cost_nothing(void **state)
{
	struct fair_bed *b = fair_bed_up("535.113.01");
	struct fair_guest *idle = fair_guest_up(b, GPU_WEIGHT_MAX, 16, FAIR_LINE, 1);
	struct fair_guest *busy = fair_guest_up(b, 1, 1, FAIR_LINE, 16);
	struct model_runlist *r = fair_runlist(b);
	uint64_t clock, work, switches;

	(void)state;
	for (unsigned int i = 0; i < 16; i++)
		fair_channel_up(b, idle, 0);
	fair_busy(b, busy, 1);
	fair_run(b, 1000);
	clock = r->clock;
	switches = r->switches;
	work = fair_work(b, busy, NULL);
	fair_run(b, 100000);
	assert_int_equal(fair_work(b, busy, NULL) - work, r->clock - clock);
	assert_int_equal(r->switches, switches);
	/* What it could have had it does not get back: from now on, 1000 : 1 and no more. */
	for (unsigned int i = 0; i < 16; i++)
		fair_submit(&idle->c[i], FAIR_ENTRIES - 1);
	work = fair_work(b, busy, NULL);
	fair_run(b, 50000);
	assert_in_range(fair_work(b, busy, NULL) - work, 4ull * 10 * FAIR_US,
			8ull * (10 + FAIR_PIECE_US) * FAIR_US);
	fair_bed_down(b);
}

/* Until the channel has done all; in model time, which is known to a quantum of the model's. */
static uint64_t until_idle(struct fair_bed *b, const struct fair_channel *c)
{
	uint64_t begin = fair_now(b);

	while (!fair_idle(c))
		assert_int_not_equal(model_run(b->model), MODEL_IDLE);
	return (fair_now(b) - begin) / FAIR_US;
}

#define QUANTUM_US 100u
#define SWITCH_US  5u

/* A small job waits for as many slices as there are others with work, however large their jobs are. */
static void large_jobs_do_not_hold_up_small_ones(void **state)
{
	static const unsigned int guests[] = {1, 3};

	(void)state;
	for (unsigned int n = 0; n < 2; n++) {
		struct fair_bed *b = fair_bed_up("570.144");
		struct fair_guest *small = fair_guest_up(b, 50, 1, 256, 1);
		uint64_t most = 0, slice = 50ull * GPU_WEIGHT_US;
		struct fair_channel *c;

		for (unsigned int i = 0; i < guests[n]; i++)
			fair_busy(b, fair_guest_up(b, 50, 2, KIB64, 256), 2); /* 42 ms each */
		c = fair_channel_up(b, small, 0);
		for (unsigned int i = 0; i < 40; i++) {
			uint64_t us;

			fair_run(b, 37 * i % 500);
			fair_submit(c, 1);
			us = until_idle(b, c);
			most = us > most ? us : most;
		}
		assert_in_range(most, slice / 2,
				guests[n] * (slice + FAIR_PIECE_US + SWITCH_US) + QUANTUM_US +
					SWITCH_US + FAIR_PIECE_US);
		fair_bed_down(b);
	}
}

/* Who has small ones only gets as much time as who has large ones only. */
static void sizes_do_not_matter(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	unsigned int part[2] = {0};

	(void)state;
	fair_busy(b, fair_guest_up(b, 100, 16, 256, 1), 16);
	fair_busy(b, fair_guest_up(b, 100, 1, KIB64, 256), 1);
	fair_parts(b, 200000, part);
	fair_about(part[0], 5000, 2);
	fair_bed_down(b);
}

/* Several spaces are several groups, and one part. */
static void spaces_share_a_part(void **state)
{
	struct fair_bed *b = fair_bed_up("570.144");
	struct fair_guest *one = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
	struct fair_guest *many = fair_guest_up(b, 100, 8, FAIR_LINE, 16);
	unsigned int part[2] = {0}, groups;

	(void)state;
	fair_busy(b, one, 1);
	for (unsigned int i = 0; i < 8; i++)
		fair_submit(fair_channel_up(b, many, i % 4), FAIR_ENTRIES - 1);
	pass(HV_MS);
	fair_work(b, many, &groups);
	assert_int_equal(groups, 4);
	fair_parts(b, 200000, part);
	/* Of four slices each ends with a piece. */
	fair_about(part[0], 5000, 3);
	/* It is whole again when there is one. */
	for (unsigned int i = 0; i < 8; i++)
		if (i % 4)
			fair_channel_end(&many->c[i]);
	pass(HV_MS);
	for (size_t i = 0; i < MODEL_GROUPS; i++)
		if (b->model->host->groups[i].used)
			assert_int_equal(b->model->host->groups[i].timeslice_us, 1000);
	fair_run(b, 5000);
	fair_parts(b, 200000, part);
	fair_about(part[0], 5000, 2);
	fair_bed_down(b);
}

/*
 * 64 channels in 16 groups against one, by weight and alike. A group's slice ends with a piece, so pieces are as short here
 * as a copy engine's are.
 */
static void groups_do_not_matter(void **state)
{
	(void)state;
	for (unsigned int policy = GPU_BEST_EFFORT; policy <= GPU_EQUAL_SHARE; policy++) {
		struct fair_bed *b = fair_bed_up("570.144");
		unsigned int part[2] = {0}, groups;
		struct fair_guest *one, *many;

		fair_policy(b, policy, 0);
		fair_costs(b, "ce-byte-ps=100");
		one = fair_guest_up(b, 100, 1, FAIR_LINE, 16);
		many = fair_guest_up(b, policy == GPU_EQUAL_SHARE ? 700 : 100, FAIR_CHANNELS,
				     FAIR_LINE, 16);
		fair_busy(b, one, 1);
		for (unsigned int i = 0; i < FAIR_CHANNELS; i++)
			fair_submit(fair_channel_up(b, many, i % FAIR_SPACES), FAIR_ENTRIES - 1);
		pass(HV_MS);
		fair_work(b, many, &groups);
		assert_int_equal(groups, 16);
		fair_parts(b, 60000, part);
		print_message("model scheduler: 1 channel %u.%02u %%, 64 channels in 16 groups "
			      "%u.%02u %%\n",
			      part[0] / 100, part[0] % 100, part[1] / 100, part[1] % 100);
		fair_about(part[0], 5000, 2);
		fair_about(part[1], 5000, 2);
		fair_bed_down(b);
	}
}

/* Whatever they weigh. */
static void equal_share(void **state)
{
	static const uint32_t weights[] = {1, 100, GPU_WEIGHT_MAX};
	struct fair_bed *b = fair_bed_up("535.113.01");
	unsigned int part[3] = {0};

	(void)state;
	fair_policy(b, GPU_EQUAL_SHARE, 0);
	for (unsigned int i = 0; i < 3; i++)
		fair_busy(b, fair_guest_up(b, weights[i], 1 + i, FAIR_LINE, 4u << i), 1 + i);
	fair_parts(b, 150000, part);
	for (unsigned int i = 0; i < 3; i++)
		fair_about(part[i], 3333, 2);
	gpu_tenant_weight(b->guest[0]->tenant, GPU_WEIGHT_MAX);
	pass(HV_MS);
	fair_parts(b, 150000, part);
	fair_about(part[0], 3333, 2);
	fair_bed_down(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_guest_is_a_guest),
		cmocka_unit_test(a_channel_is_not_a_guest),
		cmocka_unit_test(by_weight),
		cmocka_unit_test(eight_guests),
		cmocka_unit_test(thirty_two_guests),
		cmocka_unit_test(idle_guests_cost_nothing),
		cmocka_unit_test(large_jobs_do_not_hold_up_small_ones),
		cmocka_unit_test(sizes_do_not_matter),
		cmocka_unit_test(spaces_share_a_part),
		cmocka_unit_test(groups_do_not_matter),
		cmocka_unit_test(equal_share),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
