/* SPDX-License-Identifier: MIT */
/*
 * Who gets how much when some channels are for graphics: the graphics engine and a copy engine are shared each by itself,
 * under each policy, and a graphics channel that is taken off for another's turn goes on where it was.
 *
 * The model's engine saves a group's state when the group is stopped and looks at it when it goes on
 * (tests/model/gr_context.h). Model scheduler: all figures are in the model's engine time.
 */
#include "gpu/core/gr/graphics.h"
#include "tests/unit/fair_bed.h"

#define D3	0xc797u
#define COSTS	"ce-byte-ps=2500,inline-byte-ps=100000" /* a job of graphics: 108 us */
#define JOBS	8u
#define WORDS	256u
#define JOB(j)	(FAIR_OTHERS + 8 * FAIR_ENTRIES + 0x1000u * (j))
#define DONE(j) (JOB(j) + 0x8000u) /* its words; and how often */
#define COUNTER 0x800u

#define SEM_EXECUTE_ADD	       (6u | 5u << 27) /* OPERATION_REDUCTION, REDUCTION_ADD: clc56f.h */
#define SEM_EXECUTE_ADD_UNSIGN (1u << 31)

static uint32_t *at(const struct fair_guest *g, uint32_t offset)
{
	return (void *)((char *)g->memory.va + offset);
}

static uint32_t word(const struct fair_guest *g, uint32_t j, uint32_t w)
{
	return (uint32_t)g->tenant->client.handle * 7919u + j * 1000u + w;
}

/* Room for so many graphics channels; their jobs write words of the job's own and count. */
static struct fair_guest *guest_up(struct fair_bed *b, uint32_t weight, unsigned int contexts)
{
	struct fair_guest *g = fair_guest_with(b, weight, 8, FAIR_LINE, 16, contexts);
	uint32_t words[WORDS];

	for (uint32_t j = 0; j < JOBS; j++) {
		struct push p = {.words = at(g, JOB(j)), .room = 0x1000 / 4};

		for (uint32_t w = 0; w < WORDS; w++)
			words[w] = word(g, j, w);
		push_set_object(&p, PUSH_3D, D3);
		push_inline(&p, PUSH_3D, FAIR_VA + DONE(j), words, WORDS);
		push_semaphore(&p, FAIR_VA + DONE(j) + COUNTER, 1,
			       SEM_EXECUTE_ADD | SEM_EXECUTE_ADD_UNSIGN);
		assert_false(p.full);
		for (uint32_t i = j; i < FAIR_ENTRIES; i += JOBS)
			((uint64_t *)(void *)at(g, FAIR_OTHERS))[i] =
				push_entry(FAIR_VA + JOB(j), 4 * p.n);
	}
	return g;
}

static struct fair_channel *drawer_up(struct fair_bed *b, struct fair_guest *g)
{
	struct fair_channel *c = fair_channel_ask_for(b, g, 0, D3, FAIR_OTHERS);

	bed_until_called(&c->ready);
	assert_int_equal(c->err, 0);
	return c;
}

static void busy(struct fair_bed *b, struct fair_guest *g, unsigned int drawers,
		 unsigned int copiers)
{
	for (unsigned int i = 0; i < drawers; i++)
		fair_submit(drawer_up(b, g), FAIR_ENTRIES - 1);
	fair_busy(b, g, copiers);
}

static struct fair_bed *bed(const char *version, enum gpu_policy policy, unsigned int slots)
{
	struct fair_bed *b = fair_bed_up(version);

	fair_policy(b, policy, slots);
	fair_costs(b, COSTS);
	return b;
}

static void down(struct fair_bed *b)
{
	assert_int_equal(b->model->host->context_errors, 0);
	for (unsigned int i = 0; i < b->n; i++)
		for (unsigned int c = 0; c < b->guest[i]->n; c++)
			assert_int_equal(b->guest[i]->c[c].faults, 0);
	assert_false(gpu_is_lost(b->vm.bed->gpu));
	fair_bed_down(b);
}

enum { DRAWING, COPYING, KINDS };

/* What was worked for the guest on the runlist of graphics (0), and on others; ps. */
static void work(const struct fair_bed *b, const struct fair_guest *g, uint64_t ps[KINDS])
{
	const struct model_group *m = b->model->host->groups;

	ps[DRAWING] = ps[COPYING] = 0;
	for (size_t i = 0; i < MODEL_GROUPS; i++, m++)
		if (m->used && m->channels && m->channels->client == g->tenant->client.handle)
			ps[m->runlist ? COPYING : DRAWING] += m->ps;
}

/* In us; `us` pass, in which engines work (by policy), or the domain's and the engines' together (turns). */
static void measure(struct fair_bed *b, uint64_t us, uint64_t found[][KINDS])
{
	unsigned int slots;
	bool turns = gpu_policy_get(b->vm.rm, &slots) == GPU_FIXED_SHARE;
	uint64_t before[FAIR_GUESTS][KINDS] = {{0}}, now[KINDS] = {0};

	for (unsigned int i = 0; i < b->n; i++)
		work(b, b->guest[i], before[i]);
	if (turns)
		fair_together(b, us);
	else
		fair_run(b, us);
	for (unsigned int i = 0; i < b->n; i++) {
		work(b, b->guest[i], now);
		for (unsigned int k = 0; k < KINDS; k++)
			found[i][k] = (now[k] - before[i][k]) / FAIR_US;
	}
}

static void about(uint64_t us, uint64_t should, unsigned int percent)
{
	assert_in_range(us * 100, should * (100 - percent), should * (100 + percent));
}

/*
 * One with a channel of each kind, one with three for graphics, one with copies alone: who has part of an engine has it
 * by weight, whatever he has elsewhere, and however many groups contexts make of his channels.
 */
static void each_engine_by_itself(void **state)
{
	(void)state;
	for (unsigned int policy = GPU_BEST_EFFORT; policy <= GPU_EQUAL_SHARE; policy++) {
		struct fair_bed *b =
			bed(bed_versions[policy == GPU_EQUAL_SHARE ? 3 : 0], policy, 0);
		uint64_t us[3][KINDS] = {{0}}, ratio = policy == GPU_EQUAL_SHARE ? 1 : 2;

		busy(b, guest_up(b, 100, 1), 1, 1);
		busy(b, guest_up(b, 200, 3), 3, 0);
		busy(b, guest_up(b, 200, 0), 0, 4);
		fair_run(b, 5000);
		measure(b, 300000, us);
		/* Slices end with what cannot be interrupted: a word here, a piece there. */
		about(us[1][DRAWING], ratio * us[0][DRAWING], 3);
		about(us[2][COPYING], ratio * us[0][COPYING], 3);
		about(us[0][DRAWING] + us[1][DRAWING], 300000, 3);
		about(us[0][COPYING] + us[2][COPYING], 300000, 3);
		assert_int_equal(us[1][COPYING] + us[2][DRAWING], 0);
		print_message(
			"model scheduler: %s, weights 100 and 200: graphics %llu and %llu us, "
			"copies %llu and %llu\n",
			gpu_policy_name(policy), (unsigned long long)us[0][DRAWING],
			(unsigned long long)us[1][DRAWING], (unsigned long long)us[0][COPYING],
			(unsigned long long)us[2][COPYING]);
		down(b);
	}
}

/* A slot is one on both engines; what somebody leaves on one of them is nobody's. */
static void a_slot_is_one_everywhere(void **state)
{
	const unsigned long long round = 4ull * GPU_SLOT_US, all = 20 * round;

	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v += 3) {
		struct fair_bed *b = bed(bed_versions[v], GPU_FIXED_SHARE, 4);
		uint64_t us[3][KINDS] = {{0}}, loaded, turns;

		busy(b, guest_up(b, 100, 1), 1, 1);
		busy(b, guest_up(b, 1000, 2), 2, 0);
		busy(b, guest_up(b, 1, 1), 1, 3);
		fair_together(b, round);
		loaded = b->model->host->contexts_loaded;
		turns = gpu_turn_stats(b->vm.rm)->slots;
		measure(b, all, us);
		for (unsigned int i = 0; i < 3; i++) {
			about(us[i][DRAWING], 20ull * GPU_SLOT_US, 4);
			about(us[i][COPYING], i == 1 ? 0 : 20ull * GPU_SLOT_US, 4);
		}
		/* Each turn loads a context anew, for it was saved when the last one was over. */
		turns = gpu_turn_stats(b->vm.rm)->slots - turns;
		assert_true(b->model->host->contexts_loaded - loaded >= turns * 3 / 4 - 1);
		print_message(
			"model scheduler: fixed-share, three of four slots: graphics %llu, %llu, "
			"%llu us of %llu, copies %llu, %llu, %llu\n",
			(unsigned long long)us[0][DRAWING], (unsigned long long)us[1][DRAWING],
			(unsigned long long)us[2][DRAWING], all, (unsigned long long)us[0][COPYING],
			(unsigned long long)us[1][COPYING], (unsigned long long)us[2][COPYING]);
		down(b);
	}
}

/* The engine has nobody's state whose turn it is not. */
static void check_resident(const struct fair_bed *b)
{
	const struct model_group *m = b->model->host->resident;
	const struct gpu_tenant *on = gpu_rm_fifo(b->vm.rm)->turns.on;

	assert_true(!m || (on && m->channels && m->channels->client == on->client.handle));
}

static bool all_done(const struct fair_bed *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		for (unsigned int c = 0; c < b->guest[i]->n; c++)
			if (!fair_idle(&b->guest[i]->c[c]))
				return false;
	return true;
}

/* Jobs that last for many turns, taken off in their midst: each is done once, and as it should. */
static void nothing_is_lost(void **state)
{
	struct fair_bed *b = bed("570.144", GPU_FIXED_SHARE, 3);
	struct fair_guest *g[2];
	uint64_t loaded;

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		g[i] = guest_up(b, 100, 2);
		drawer_up(b, g[i]);
		drawer_up(b, g[i]);
		fair_channel_up(b, g[i], 0);
	}
	loaded = b->model->host->contexts_loaded;
	for (unsigned int n = 1; n <= 3; n++) {
		for (unsigned int i = 0; i < 2; i++) {
			for (uint32_t j = 0; j < JOBS; j++)
				memset(at(g[i], DONE(j)), 0, WORDS * sizeof(uint32_t));
			for (unsigned int c = 0; c < 3; c++)
				fair_submit(&g[i]->c[c], 10 * JOBS);
		}
		while (!all_done(b)) {
			fair_step(b);
			check_resident(b);
		}
		for (unsigned int i = 0; i < 2; i++)
			for (uint32_t j = 0; j < JOBS; j++) {
				assert_int_equal(*at(g[i], DONE(j) + COUNTER), 20 * n);
				for (uint32_t w = 0; w < WORDS; w++)
					assert_int_equal(at(g[i], DONE(j))[w], word(g[i], j, w));
			}
	}
	/* Each time 160 jobs of 108 us took more than 8 turns of either, with two contexts each. */
	assert_true(b->model->host->contexts_loaded - loaded > 51);
	down(b);
}

/* Off or on, in a change too: a graphics channel and its tenant can be ended, and the others draw on. */
static void ends_at_any_moment(void **state)
{
	unsigned int named = 0, off = 0;

	(void)state;
	for (unsigned int n = 0; n < 24; n++) {
		struct fair_bed *b = bed("535.113.01", GPU_FIXED_SHARE, 2);
		struct fair_guest *a = guest_up(b, 100, 1), *g = guest_up(b, 100, 2);
		struct told end = {.model = b->model};
		uint64_t before[KINDS] = {0}, now[KINDS] = {0};

		busy(b, a, 1, 0);
		busy(b, g, 2, 1);
		fair_together(b, 4ull * GPU_SLOT_US);
		hold(&b->vm);
		for (unsigned int i = 0; i < n / 2; i++)
			step(&b->vm);
		named += g->c[0].ch->named;
		off += gpu_rm_fifo(b->vm.rm)->turns.on != g->tenant;
		if (n % 2)
			gpu_tenant_end(g->tenant, ended, &end);
		else
			gpu_channel_free(g->c[0].ch, fair_done, &g->c[0]);
		let_go(&b->vm);
		work(b, a, before);
		fair_together(b, 4ull * GPU_SLOT_US);
		work(b, a, now);
		assert_in_range((now[DRAWING] - before[DRAWING]) / FAIR_US, GPU_SLOT_US,
				3 * GPU_SLOT_US);
		if (n % 2) {
			assert_int_equal(end.times, 1);
			assert_int_equal(end.err, 0);
			g->tenant = tenant_up(&b->vm, &g->own);
			g->n = 0;
		} else {
			assert_int_equal(g->c[0].done, 1);
			assert_int_equal(g->c[0].err, 0);
			/* Its other one has all of the turn. */
			work(b, g, before);
			fair_together(b, 4ull * GPU_SLOT_US);
			work(b, g, now);
			about((now[DRAWING] - before[DRAWING]) / FAIR_US, 2ull * GPU_SLOT_US, 10);
		}
		down(b);
	}
	assert_true(named && off && off < 24);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_engine_by_itself),
		cmocka_unit_test(a_slot_is_one_everywhere),
		cmocka_unit_test(nothing_is_lost),
		cmocka_unit_test(ends_at_any_moment),
	};

	return cmocka_run_group_tests_name("gpu: fair, graphics", tests, NULL, NULL);
}
