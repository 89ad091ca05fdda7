/* SPDX-License-Identifier: MIT */
/*
 * vgpu_fixture.h - one test's back driver on a fake core (core_fake.h): two guests, the first of them connected.
 */
#ifndef TESTS_UNIT_VGPU_FIXTURE_H
#define TESTS_UNIT_VGPU_FIXTURE_H

#include "tests/unit/core_fake.h"
#include "tests/unit/vgpu_calls.h"

#define VRAM (16 * MIB) /* of the first guest's slice */

struct fixture {
	struct bed bed;
	struct guest a, b;
	struct xenvgpu_space_create_resp space;
};

static inline int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	fake_bed_up(&f->bed, &bed_board);
	guest_new(&f->bed, &f->a);
	guest_new(&f->bed, &f->b);
	guest_plug(&f->a, VRAM);
	guest_connect(&f->a);
	*state = f;
	return 0;
}

static inline int teardown(void **state)
{
	struct fixture *f = *state;

	fake_check(&f->bed);
	fake_bed_down(&f->bed);
	free(f);
	return 0;
}

static inline uint64_t stat_of(struct guest *g, const char *key)
{
	hosted_advance(g->bed->h, HV_S);
	return bed_stat(hosted_xs_str(g->bed->h, guest_back(g, "stats")), key);
}

/* The guest goes, and nothing of it is left. */
static inline void leave(struct fixture *f)
{
	guest_unplug(&f->a);
	bed_run(&f->bed);
	assert_int_equal(fake_tenants(), 0);
	bed_check_idle(&f->bed);
}

#endif /* TESTS_UNIT_VGPU_FIXTURE_H */
