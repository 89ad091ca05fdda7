/* SPDX-License-Identifier: MIT */
/*
 * Admission: what a driver domain cannot keep for all of its slices is not promised. Each limit is met
 * exactly, then missed by one, and the refusal names the limit, its value and what raises it.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/admit.h"

#define GPUDOM "name='gpudom'\npci=['03:00.0']\n"

static struct xvgpu_err err;
static unsigned int gpudom;

static int setup(void **state)
{
	fake_setup(state);
	gpudom = fake_domain("gpudom", NULL);
	fake_serves(gpudom, "running");
	return 0;
}

/* What the driver domain tells besides, and its config. */
static void serves(const char *more, const char *config)
{
	char path[64], text[256];

	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", gpudom);
	snprintf(text, sizeof(text), "state=running vram-total=1099511627776%s", more);
	fake_put(path, text);
	snprintf(text, sizeof(text), GPUDOM "%s", config);
	fake_file("etc/gpudom.cfg", text);
}

/* Policies of n guests, 1000 and up, that have one slice each. */
static void promise(unsigned int n, const char *channels, const char *imports)
{
	char path[96];

	for (unsigned int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "/xvgpu/%u/%u/0/vram", gpudom, 1000 + i);
		fake_put(path, "65536");
		snprintf(path, sizeof(path), "/xvgpu/%u/%u/0/channels", gpudom, 1000 + i);
		if (channels)
			fake_put(path, channels);
		snprintf(path, sizeof(path), "/xvgpu/%u/%u/0/imports", gpudom, 1000 + i);
		if (imports)
			fake_put(path, imports);
	}
}

/* Asks for n slices of one profile. */
static int ask(const char *profile, int n, struct xvgpu_slice *slices)
{
	struct xvgpu_spec specs[XVGPU_MAX_DEVICES];
	struct xvgpu_profiles profiles;
	struct xvgpu_domains domains;
	char text[256];
	int at = 0, rc;

	snprintf(text, sizeof(text), "profiles=['name=p,vram=64K,%s']\n", profile);
	fake_file("etc/profiles.conf", text);
	assert_int_equal(xvgpu_profiles_read(&profiles, &err), 0);
	for (int i = 0; i < n; i++)
		assert_int_equal(xvgpu_spec_parse("backend=gpudom,profile=p", &specs[i], &err), 0);
	assert_int_equal(xvgpu_spec_slots(specs, n, 0, &err), 0);
	assert_int_equal(xvgpu_domains_read(xs_open(0), &domains, &err), 0);
	err.text[0] = '\0';
	rc = xvgpu_admit(xs_open(0), &domains, &profiles, specs, n, slices, &at, &err);
	assert_true(rc || !err.text[0]);
	assert_true(at == n - 1);
	xvgpu_domains_free(&domains);
	return rc;
}

static void refused(const char *profile, int n, const char *says)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];

	assert_int_equal(ask(profile, n, slices), -ENOSPC);
	if (!strstr(err.text, says))
		fail_msg("said \"%s\"", err.text);
}

static void admitted(const char *profile, int n)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];

	if (ask(profile, n, slices))
		fail_msg("said \"%s\"", err.text);
}

static void a_slice_gets_its_profiles_limits(void **state)
{
	struct xvgpu_slice s;

	(void)state;
	assert_int_equal(ask("channels=5,engines=copy,imports=8K", 1, &s), 0);
	assert_int_equal(s.channels, 5);
	assert_string_equal(s.engines, "copy");
	assert_int_equal(s.imports, 2);
	assert_int_equal(s.back, gpudom);
	assert_int_equal(ask("weight=3", 1, &s), 0);
	assert_int_equal(s.channels, 64);
	assert_string_equal(s.engines, "copy,graphics");
	assert_int_equal(s.imports, 32768);
	assert_int_equal(s.weight, 3);
}

/* 2040 ids: 2047, less 7 of the driver domain's own. */
static void channels_of_the_gpu(void **state)
{
	(void)state;
	serves("", "");
	promise(31, "64", "0");
	admitted("channels=56,imports=0", 1);
	refused("channels=57,imports=0", 1,
		"backend=gpudom: channels=57 wanted, 56 left of a GPU's 2047");
	admitted("channels=28,imports=0", 2);
	refused("channels=29,imports=0", 2, "channels=29 wanted, 27 left");
	admitted("channels=0,imports=0", 1);
	/* A policy that does not say is one of an older tool: nothing stopped its guest. */
	promise(32, NULL, "0");
	refused("channels=1,imports=0", 1, "channels=1 wanted, 0 left");
}

/* Each slice takes two maps besides; one frame of 256 stays with Xen. */
static void grant_maps(void **state)
{
	(void)state;
	serves("", "max_maptrack_frames = 10\n");
	promise(1, "0", "1024");
	/* 2560 - 256 - 1026 - 2 = 1276 */
	admitted("channels=0,imports=5104K", 1);
	refused("channels=0,imports=5108K", 1,
		"backend=gpudom: imports=5108K of profile p needs max_maptrack_frames=11, ");
	assert_non_null(strstr(err.text, "etc/gpudom.cfg has 10 "));
	assert_non_null(strstr(err.text, "gnttab_max_maptrack_frames="));
	serves("", "max_maptrack_frames = 0x0b\n");
	admitted("channels=0,imports=5108K", 1);
	/* Xen's default of 1024 frames, and guests that may import all there is: seven. */
	serves("", "");
	fake_rm("/xvgpu");
	promise(6, "0", NULL);
	admitted("channels=0", 1);
	refused("channels=0", 2, "needs max_maptrack_frames=1026");
}

static void event_channels(void **state)
{
	(void)state;
	serves("", "max_event_channels = 12\n");
	promise(3, "0", "0");
	admitted("channels=0,imports=0", 1);
	refused("channels=0,imports=0", 2, "backend=gpudom: max_event_channels=12 in ");
	assert_non_null(strstr(err.text, "enough for 4 slices: one more needs 13"));
}

static void turns_of_fixed_share(void **state)
{
	(void)state;
	serves(" schedule=fixed-share slots=4", "");
	promise(3, "0", "0");
	admitted("channels=0,imports=0", 1);
	refused("channels=0,imports=0", 2, "schedule=fixed-share with slots=4 in ");
	serves(" schedule=equal-share slots=0", "");
	admitted("channels=0,imports=0", 2);
}

static void number_of_slices(void **state)
{
	(void)state;
	serves("", "");
	promise(63, "0", "0");
	admitted("channels=0,imports=0", 1);
	refused("channels=0,imports=0", 2, "backend=gpudom: has 64 slices already");
}

/* Promises are kept against the config: one that cannot be read admits nobody. */
static void an_unreadable_config(void **state)
{
	struct xvgpu_slice s;

	(void)state;
	serves("", "max_maptrack_frames = 'many'\n");
	assert_int_equal(ask("imports=0", 1, &s), -EINVAL);
	assert_non_null(strstr(err.text, "gpudom.cfg:3: max_maptrack_frames: many: not a number"));
	serves("", "max_event_channels = [ '1' ]\n");
	assert_int_equal(ask("imports=0", 1, &s), -EINVAL);
	serves("", "memory = '-1'\n");
	assert_int_equal(ask("imports=0", 1, &s), -EINVAL);
	serves("", "memory = '4294967296'\n");
	assert_int_equal(ask("imports=0", 1, &s), -EINVAL);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, setup)
	const struct CMUnitTest tests[] = {
		T(a_slice_gets_its_profiles_limits),
		T(channels_of_the_gpu),
		T(grant_maps),
		T(event_channels),
		T(turns_of_fixed_share),
		T(number_of_slices),
		T(an_unreadable_config),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
