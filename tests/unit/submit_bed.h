/* SPDX-License-Identifier: MIT */
/*
 * submit_bed.h - a machine on which guests submit work: the whole driver domain with firmware of our own making,
 * the GPU model, and guests with the bare front. All that a real system has but Xen.
 *
 * The test acts as a guest between enter() and leave(). When it is over, gpudom holds what it held at the start.
 */
#ifndef TESTS_UNIT_SUBMIT_BED_H
#define TESTS_UNIT_SUBMIT_BED_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/gpudom.c" /* NOLINT(bugprone-suspicious-include): its start function is static */
#include "tests/unit/boot_bed.h"
#include "tests/unit/vgpu_bed.h"
#include "tests/xen/mover.h"

#define GUESTS 2u
#define SLICE  (128 * MIB) /* a graphics context may have a quarter */
#define OBJECT (4 * MIB)

struct user {
	struct guest g; /* nodes and domain only */
	struct front_dev *front;
	struct mover mover;
};

struct fixture {
	struct bed bed;
	uint8_t *archive;
	struct hosted_usage idle; /* of gpudom, when it serves nobody */
	uint64_t idle_vram;
	struct user user[GUESTS];
	unsigned int inside; /* enter() without leave(): a failed assertion jumps */
};

/* ---------------------------------------------------------------- the machine */

static inline uint64_t vram_free(struct fixture *f)
{
	char path[64];

	/* It publishes twice a second. */
	hosted_advance(f->bed.h, 2 * HV_S);
	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", f->bed.gpudom);
	return bed_stat(hosted_xs_str(f->bed.h, path), "vram-free");
}

static inline int submit_setup(void **state)
{
	const struct model_config board = {.chip = boot_boards[0].chip,
					   .vram_bytes = 1024 * MIB,
					   .no_ecc = true,
					   .allow_unsigned = true};
	struct hosted_domain_config config = {
		.name = "gpudom", .start = gpudom_start, .pages = 8192, .module_size = FW_SIZE};
	struct fixture *f = calloc(1, sizeof(*f));
	int dom;

	f->bed.h = hosted_new();
	f->bed.slot = hosted_pci_model(f->bed.h, &board, &f->bed.model);
	f->archive = aligned_alloc(HV_PAGE_SIZE, (FW_SIZE + HV_PAGE_SIZE - 1) & ~4095ul);
	memset(f->archive, 0, FW_SIZE);
	fw_archive(f->archive, &boot_boards[0], "535.113.01");
	config.module = f->archive;
	dom = hosted_domain_new(f->bed.h, &config);
	assert_true(dom > 0);
	f->bed.gpudom = (hv_domid_t)dom;
	assert_int_equal(hosted_pci_assign(f->bed.slot, f->bed.gpudom), 0);
	hosted_advance(f->bed.h, 30 * HV_S);
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "serving backend/vgpu") == 1);
	hosted_usage(f->bed.h, f->bed.gpudom, &f->idle);
	f->idle_vram = vram_free(f);
	*state = f;
	return 0;
}

/* A guest with its front connected; entered from here to leave(). */
static inline struct user *enter(struct fixture *f, unsigned int i)
{
	struct hosted_domain_config config = {.name = "guest"};
	struct user *u = &f->user[i];

	if (!u->front) {
		u->g = (struct guest){.bed = &f->bed,
				      .dom = (hv_domid_t)hosted_domain_new(f->bed.h, &config)};
		guest_plug(&u->g, SLICE);
		hosted_enter(f->bed.h, u->g.dom);
		f->inside++;
		assert_int_equal(front_open(0, NULL, NULL, &u->front), 0);
		assert_int_equal(front_wait_connected(u->front, 10 * HV_S), 0);
		assert_true(front_has_channels(u->front));
		return u;
	}
	hosted_enter(f->bed.h, u->g.dom);
	f->inside++;
	return u;
}

static inline void leave(struct fixture *f)
{
	f->inside--;
	hosted_leave();
}

static inline void quit(struct fixture *f, struct user *u)
{
	if (!u->front)
		return;
	hosted_enter(f->bed.h, u->g.dom);
	front_destroy(u->front);
	hosted_leave();
	guest_unplug(&u->g);
	hosted_advance(f->bed.h, 5 * HV_S);
	hosted_domain_destroy(f->bed.h, u->g.dom);
	memset(u, 0, sizeof(*u));
}

/* Whatever guests did, gpudom holds what it held before them. */
static inline void back_to_the_start(struct fixture *f)
{
	struct hosted_usage now;

	hosted_advance(f->bed.h, 5 * HV_S);
	hosted_usage(f->bed.h, f->bed.gpudom, &now);
	assert_int_equal(now.maps, f->idle.maps);
	assert_int_equal(now.grants, f->idle.grants);
	assert_int_equal(now.ports, f->idle.ports);
	assert_int_equal(now.pages, f->idle.pages);
	assert_int_equal(vram_free(f), f->idle_vram);
	assert_int_equal(hosted_iommu_refused(f->bed.h), 0);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, NULL), HOSTED_RUNNING);
}

static inline int submit_teardown(void **state)
{
	struct fixture *f = *state;

	while (f->inside)
		leave(f);
	for (unsigned int i = 0; i < GUESTS; i++)
		quit(f, &f->user[i]);
	back_to_the_start(f);
	hosted_enter(f->bed.h, f->bed.gpudom);
	hv_exit(0);
	hosted_leave();
	hosted_advance(f->bed.h, 30 * HV_S);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, NULL), HOSTED_SHUTDOWN);
	hosted_domain_destroy(f->bed.h, f->bed.gpudom);
	memset(&gpudom, 0, sizeof(gpudom)); /* the domain is gone, and its memory with it */
	hosted_free(f->bed.h);
	free(f->archive);
	free(f);
	return 0;
}

#endif /* TESTS_UNIT_SUBMIT_BED_H */
