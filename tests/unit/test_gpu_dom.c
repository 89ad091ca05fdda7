/* SPDX-License-Identifier: MIT */
/*
 * The driver domain as a whole, from its command line to its end: what it says, what it refuses, and
 * that it lets go of everything when it is asked to stop.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/gpudom.c" /* NOLINT(bugprone-suspicious-include): its start function is static */
#include "tests/unit/vgpu_bed.h"

struct fixture {
	struct bed bed;
	struct guest g;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->bed.h = hosted_new();
	f->bed.slot = hosted_pci_model(f->bed.h, &bed_board, &f->bed.model);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (hosted_domain_state(f->bed.h, f->bed.gpudom, NULL) != HOSTED_GONE)
		hosted_domain_destroy(f->bed.h, f->bed.gpudom);
	memset(&gpudom, 0, sizeof(gpudom)); /* the domain is gone, and its memory with it */
	hosted_free(f->bed.h);
	free(f);
	return 0;
}

static void boot(struct fixture *f, const char *cmdline, bool with_gpu)
{
	struct hosted_domain_config config = {.name = "gpudom", .start = gpudom_start};
	int dom;

	config.cmdline = cmdline;
	dom = hosted_domain_new(f->bed.h, &config);
	assert_true(dom > 0);
	f->bed.gpudom = (hv_domid_t)dom;
	if (with_gpu)
		assert_int_equal(hosted_pci_assign(f->bed.slot, f->bed.gpudom), 0);
	hosted_advance(f->bed.h, 15 * HV_S);
}

static bool says(struct fixture *f, const char *text)
{
	return hosted_log_count(f->bed.h, f->bed.gpudom, text) > 0;
}

static void the_banner_tells_what_is_there(void **state)
{
	struct fixture *f = *state;

	boot(f, "", true);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, NULL), HOSTED_RUNNING);
	assert_true(says(f, "GA102 (10de:2235, NV_PMC_BOOT_0 b72000a1)"));
	assert_true(says(f, "BAR0 "));
	assert_true(says(f, "BAR1 "));
	assert_true(says(f, "VRAM 192 MiB, 191 MiB for slices"));
	assert_true(says(f, "serving backend/vgpu"));
	assert_false(says(f, "no IOMMU"));
}

static void known_words_are_taken(void **state)
{
	struct fixture *f = *state;

	static const char *const good[] = {"pci=0 log=debug", "schedule=best-effort slots=0",
					   "schedule=equal-share", "slots=64 schedule=fixed-share"};

	for (unsigned int i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		boot(f, good[i], true);
		assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, NULL),
				 HOSTED_RUNNING);
		if (i + 1 == sizeof(good) / sizeof(good[0]))
			break;
		hosted_domain_destroy(f->bed.h, f->bed.gpudom);
		memset(&gpudom, 0, sizeof(gpudom));
	}
}

/* With these words it ends at once, and says this. */
static void refuses(struct fixture *f, const char *words, const char *what)
{
	int code = 0;

	boot(f, words, false);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, -EINVAL);
	assert_true(says(f, what));
	hosted_domain_destroy(f->bed.h, f->bed.gpudom);
	memset(&gpudom, 0, sizeof(gpudom));
}

static void unknown_words_are_refused(void **state)
{
	static const char *const bad[] = {"fast",      "pci=",		"pci=32",   "pci=-1",
					  "pci=0x0",   "log=",		"log=loud", "pci=0 test",
					  "schedule=", "schedule=fair", "slots=65", "slots=-1",
					  "slots=",    "schedule"};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(*state, bad[i], "command line word");
}

/* Slots are for fixed shares, and these for slots. */
static void schedules_must_make_sense(void **state)
{
	static const char *const bad[] = {"schedule=fixed-share", "schedule=fixed-share slots=0",
					  "slots=1", "schedule=equal-share slots=4"};

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		refuses(*state, bad[i], "fixed-share, and no other");
}

static void without_a_gpu_it_says_so(void **state)
{
	struct fixture *f = *state;
	int code = 0;

	boot(f, "", false);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, &code), HOSTED_SHUTDOWN);
	assert_true(code < 0);
	assert_true(says(f, "is the GPU in this domain's pci= list?"));
}

static void asked_to_stop_it_lets_go(void **state)
{
	struct fixture *f = *state;
	struct hosted_usage usage;
	uint32_t command = 0;
	int code = 1;

	boot(f, "", true);
	guest_new(&f->bed, &f->g);
	guest_plug(&f->g, 4 * MIB);
	guest_connect(&f->g);
	hosted_enter(f->bed.h, f->bed.gpudom);
	hv_exit(0);
	hosted_leave();
	bed_run(&f->bed);
	assert_int_equal(hosted_domain_state(f->bed.h, f->bed.gpudom, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, 0);
	assert_int_equal(f->g.events->in_prod, 1);
	assert_int_equal(f->g.events->event[0].op.lost.reason, XENVGPU_LOST_RESET);
	assert_int_equal(back_state(&f->g), XenbusStateClosed);
	hosted_usage(f->bed.h, f->bed.gpudom, &usage);
	assert_int_equal(usage.maps, 0);
	assert_int_equal(usage.pages, 0);
	command = model_cfg_read(f->bed.model, 4, 2);
	assert_false(command & 4); /* bus mastering off */
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_banner_tells_what_is_there), T(known_words_are_taken),
		T(unknown_words_are_refused),	   T(without_a_gpu_it_says_so),
		T(schedules_must_make_sense),	   T(without_a_gpu_it_says_so),
		T(asked_to_stop_it_lets_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
