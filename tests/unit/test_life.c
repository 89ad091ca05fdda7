/* SPDX-License-Identifier: MIT */
/*
 * A guest dies at each step of its slice's life (tests/xen/life.c), and behind each request on the way, at once or
 * when the driver domain is in the midst of it. All that can be counted is as before it; its neighbour's bytes
 * stay what they are and go on moving; and its successor finds nothing of it.
 *
 * The guest that dies has a stack of its own, as a domain on Xen: it is stopped wherever it is.
 */
#include "tests/unit/submit_bed.h"

#include "tests/unit/bed_counts.h"
#include "tests/xen/life.h"
#include "tests/xen/pattern.h"

#define LIFE_TIME (60 * HV_S)
#define SMALL	  (16 * MIB) /* of who has no graphics */

/* ---------------------------------------------------------------- the guest that dies */

/* One at a time; domains share the process. */
static struct {
	unsigned int step;
	struct life *life; /* NULL: it has not begun */
	bool there;	   /* at its step */
	int err;
} mortal;

static bool never_over(void *arg)
{
	(void)arg;
	return false;
}

static int mortal_start(int argc, char **argv)
{
	const struct life_step *step = &life_steps[mortal.step];

	(void)argc;
	(void)argv;
	mortal.life = calloc(1, sizeof(*mortal.life));
	mortal.err = life_go(mortal.life, mortal.step);
	mortal.there = true;
	while (!mortal.err && step->keep)
		mortal.err = step->keep(mortal.life);
	return hv_loop_until(never_over, NULL, UINT64_MAX);
}

static void be_born(struct fixture *f, struct guest *g, unsigned int step)
{
	struct hosted_domain_config config = {.name = "mortal", .start = mortal_start};

	memset(&mortal, 0, sizeof(mortal));
	mortal.step = step;
	*g = (struct guest){.bed = &f->bed,
			    .dom = (hv_domid_t)hosted_domain_new(f->bed.h, &config)};
	guest_policy(g, "test", step < life_find(LIFE_GRAPHICS) ? "16777216" : "100663296", "100");
	guest_nodes(g);
}

/* As xl does it, in either order. */
static void die(struct fixture *f, struct guest *g, bool unplugged_first)
{
	char path[64];

	if (unplugged_first)
		guest_unplug(g);
	hosted_domain_destroy(f->bed.h, g->dom);
	if (!unplugged_first)
		guest_unplug(g);
	/* What the toolstack makes for a domain, and not for one of its devices. */
	snprintf(path, sizeof(path), "/xvgpu/%u/%u", f->bed.gpudom, g->dom);
	hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, path);
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u", f->bed.gpudom, g->dom);
	hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, path);
}

/* ---------------------------------------------------------------- its neighbour */

static void neighbour_begins(struct fixture *f)
{
	struct user *u = enter(f, 0);

	assert_int_equal(mover_open(&u->mover, u->front, OBJECT, true), 0);
	for (uint64_t at = 0; at < OBJECT; at += MOVER_PIECE) {
		pattern_fill(u->mover.piece, 1, u->g.dom, at, MOVER_PIECE);
		assert_int_equal(mover_put(&u->mover, at), 0);
	}
	leave(f);
}

/* What it had put there is there; it puts it there again. */
static void neighbour_goes_on(struct fixture *f)
{
	static uint64_t at;
	struct user *u = enter(f, 0);

	at = (at + MOVER_PIECE) % OBJECT;
	memset(u->mover.piece, 0, MOVER_PIECE);
	assert_int_equal(mover_get(&u->mover, at), 0);
	assert_int_equal(pattern_check(u->mover.piece, 1, u->g.dom, at, MOVER_PIECE), MOVER_PIECE);
	assert_int_equal(mover_put(&u->mover, at), 0);
	assert_false(u->mover.dma.stopped);
	leave(f);
}

/* ---------------------------------------------------------------- deaths */

/* How long it lives on behind the moment: so many looks of the machine, or so long. */
static const struct {
	unsigned int rounds;
	uint64_t time;
} after[] = {{0, 0}, {1, 0},	      {2, 0},		{4, 0},
	     {8, 0}, {0, 20 * HV_US}, {0, 300 * HV_US}, {0, 5 * HV_MS}};
#define AFTERS ((unsigned int)(sizeof(after) / sizeof(after[0])))

struct moment {
	uint64_t requests; /* published so far; 0: it is at its step */
};

static bool come(void *arg)
{
	const struct moment *m = arg;

	return mortal.there || (m->requests && mortal.life && mortal.life->dev &&
				front_stats(mortal.life->dev)->requests >= m->requests);
}

/* A guest on its way to this step dies at this moment. False: it had been there before. */
static bool life(struct fixture *f, unsigned int step, struct moment m, unsigned int how)
{
	struct counts before, now;
	struct guest g;
	char why[96];
	bool on_the_way;

	hosted_advance(f->bed.h, 2 * HV_S);
	bed_count(&f->bed, &before);
	be_born(f, &g, step);
	if (hosted_run_until(f->bed.h, come, &m, LIFE_TIME))
		fail_msg("%s: it has not come that far, but to %s", life_steps[step].name,
			 mortal.life ? mortal.life->doing : "nothing");
	on_the_way = !mortal.there;
	hosted_run(f->bed.h, after[how].rounds);
	if (after[how].time)
		hosted_advance(f->bed.h, after[how].time);
	if (mortal.err)
		fail_msg("%s: %s: %d%s", life_steps[step].name, mortal.life->doing, mortal.err,
			 mortal.life->dirty ? ", its memory was not clean" : "");
	if (mortal.there)
		neighbour_goes_on(f);
	die(f, &g, how % 2);
	hosted_advance(f->bed.h, 5 * HV_S);
	hosted_log_clear(f->bed.h, f->bed.gpudom);
	bed_count(&f->bed, &now);
	if (!bed_same_counts(&before, &now, why, sizeof(why)))
		fail_msg("%s, request %llu, %u: %s", life_steps[step].name,
			 (unsigned long long)m.requests, how, why);
	assert_int_equal(hosted_iommu_refused(f->bed.h), 0);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, NULL), HOSTED_RUNNING);
	neighbour_goes_on(f);
	return on_the_way;
}

static void guests_die_at_each_step(void **state)
{
	struct fixture *f = *state;

	neighbour_begins(f);
	for (unsigned int step = 0; step < life_steps_nr; step++)
		life(f, step, (struct moment){0}, step % AFTERS);
}

/* All there are: those on the way to the end, and those of the steps beside it. */
static void guests_die_at_each_request(void **state)
{
	const unsigned int all = getenv("DEATHS") ? AFTERS : 1;
	struct fixture *f = *state;
	uint64_t common = 0, n;

	neighbour_begins(f);
	for (unsigned int step = life_steps_nr - 1; step > 0; step--) {
		if (step != life_steps_nr - 1 && !life_steps[step].alone)
			continue;
		for (n = common + 1; life(f, step, (struct moment){n}, (unsigned int)(n % AFTERS));
		     n++) {
			for (unsigned int how = 1; how < all; how++)
				life(f, step, (struct moment){n}, (unsigned int)(n + how) % AFTERS);
		}
		print_message("%s: %llu requests\n", life_steps[step].name,
			      (unsigned long long)n - 1);
		/* Those of the way are known; of it, the end sends no request. */
		if (!common)
			common = n - 1;
		assert_true(common > 20);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(guests_die_at_each_step, submit_setup,
						submit_teardown),
		cmocka_unit_test_setup_teardown(guests_die_at_each_request, submit_setup,
						submit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
