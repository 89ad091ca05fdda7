/* SPDX-License-Identifier: MIT */
/*
 * A device's rights come from a node of dom0's and from nowhere else. Whoever else has written it,
 * whatever is missing or garbled: the device gets nothing, and the reason names the node.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/vgpu/policy.h"
#include "tests/unit/vgpu_bed.h"

struct fixture {
	struct bed bed;
	struct guest g;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	bed_up(&f->bed, &bed_board);
	guest_new(&f->bed, &f->g);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bed_down(&f->bed);
	free(f);
	return 0;
}

static int read_policy(struct fixture *f, struct vgpu_policy *policy, char *why)
{
	int ret;

	hosted_enter(f->bed.h, f->bed.gpudom);
	why[0] = '\0';
	ret = vgpu_policy_read(f->g.dom, f->g.index, policy, why, 160);
	hosted_leave();
	return ret;
}

static const char *node(struct fixture *f, const char *key)
{
	static char path[64];

	snprintf(path, sizeof(path), "/xvgpu/%u/%u/%u%s", f->bed.gpudom, f->g.dom, f->g.index, key);
	return path;
}

static void a_good_policy_is_read(void **state)
{
	struct fixture *f = *state;
	struct vgpu_policy p;
	char why[160];

	guest_policy(&f->g, "office-2.big_ONE", "67108864", "1000");
	assert_int_equal(read_policy(f, &p, why), 0);
	assert_string_equal(p.profile, "office-2.big_ONE");
	assert_int_equal(p.vram, 64 * MIB);
	assert_int_equal(p.weight, 1000);
	assert_int_equal(p.channels, 64);
	assert_int_equal(p.engines, 1u << GPU_KIND_COPY | 1u << GPU_KIND_GRAPHICS);
	assert_int_equal(p.imports, 32768);
	guest_policy(&f->g, "azAZ09._-", "65536", "1");
	assert_int_equal(read_policy(f, &p, why), 0);
	assert_string_equal(p.profile, "azAZ09._-");
	guest_policy_set(&f->g, "channels", "0");
	guest_policy_set(&f->g, "engines", "copy");
	guest_policy_set(&f->g, "imports", "0");
	assert_int_equal(read_policy(f, &p, why), 0);
	assert_int_equal(p.channels, 0);
	assert_int_equal(p.engines, 1u << GPU_KIND_COPY);
	assert_int_equal(p.imports, 0);
	guest_policy_set(&f->g, "engines", "graphics");
	assert_int_equal(read_policy(f, &p, why), 0);
	assert_int_equal(p.engines, 1u << GPU_KIND_GRAPHICS);
}

static void bad_values_are_refused(void **state)
{
	static const struct {
		const char *profile, *vram, *weight;
	} bad[] = {
		{"", "65536", "1"},
		{"with blank", "65536", "1"},
		{"new\nline", "65536", "1"},
		{"a/b", "65536", "1"},
		{"\xc3\xa9", "65536", "1"},
		{"32-characters-are-one-too-many-x", "65536", "1"},
		{"p", "", "1"},
		{"p", "0", "1"},
		{"p", "1", "1"},
		{"p", "65537", "1"},
		{"p", "-65536", "1"},
		{"p", "+65536", "1"},
		{"p", " 65536", "1"},
		{"p", "65536 ", "1"},
		{"p", "65536k", "1"},
		{"p", "0x10000", "1"},
		{"p", "64K", "1"},
		{"p", "18446744073709551616", "1"},
		{"p", "18446744073709486080", "1"},
		{"p", "9223372036854775808", "1"},
		{"p", "65536", ""},
		{"p", "65536", "0"},
		{"p", "65536", "1001"},
		{"p", "65536", "-1"},
		{"p", "65536", "4294967297"},
		{"p", "65536", "1.5"},
	};
	struct fixture *f = *state;
	struct vgpu_policy p;
	char why[160];

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_policy(&f->g, bad[i].profile, bad[i].vram, bad[i].weight);
		assert_int_equal(read_policy(f, &p, why), -EINVAL);
		assert_non_null(strstr(why, node(f, "")));
	}
}

static void bad_limits_are_refused(void **state)
{
	static const struct {
		const char *key, *value;
	} bad[] = {
		{"channels", "65"},
		{"channels", "-1"},
		{"channels", ""},
		{"channels", "4294967297"},
		{"channels", "4 "},
		{"imports", "32769"},
		{"imports", "-1"},
		{"imports", "1M"},
		{"imports", ""},
		{"engines", ""},
		{"engines", "none"},
		{"engines", "copy,"},
		{"engines", ",copy"},
		{"engines", "copy+graphics"},
		{"engines", "graphics,copy"},
		{"engines", "copy graphics"},
		{"engines", "Copy"},
		{"engines", "copy,copy"},
		{"engines", "copy,graphics,everything"},
	};
	struct fixture *f = *state;
	struct vgpu_policy p;
	char why[160], name[64];

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_policy(&f->g, "p", "65536", "1");
		guest_policy_set(&f->g, bad[i].key, bad[i].value);
		assert_int_equal(read_policy(f, &p, why), -EINVAL);
		snprintf(name, sizeof(name), "/%s", bad[i].key);
		assert_non_null(strstr(why, node(f, name)));
	}
}

static void direct_doorbells_are_dom0s_to_give(void **state)
{
	static const char *const bad[] = {"", "Direct", "direct ", "1", "direct-but-much-too-long"};
	struct fixture *f = *state;
	struct vgpu_policy p;
	char why[160];

	guest_policy(&f->g, "p", "65536", "1");
	assert_int_equal(read_policy(f, &p, why), 0);
	assert_false(p.direct);
	guest_policy_set(&f->g, "doorbell", "direct");
	assert_int_equal(read_policy(f, &p, why), 0);
	assert_true(p.direct);
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_policy_set(&f->g, "doorbell", bad[i]);
		assert_int_equal(read_policy(f, &p, why), -EINVAL);
		assert_false(p.direct);
		assert_non_null(strstr(why, node(f, "/doorbell")));
	}
}

static void missing_nodes_are_named(void **state)
{
	static const char *const keys[] = {"",		"/profile", "/vram",	"/weight",
					   "/channels", "/engines", "/imports", "/doorbell"};
	struct fixture *f = *state;
	struct vgpu_policy p;
	char why[160];
	int err;

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		guest_policy(&f->g, "p", "65536", "1");
		assert_int_equal(read_policy(f, &p, why), 0);
		hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, node(f, keys[i]));
		/* Which of the two, xenstored decides by who may read the parent. */
		err = read_policy(f, &p, why);
		assert_true(err == -ENOENT || err == -EACCES);
		assert_non_null(strstr(why, node(f, keys[i])));
	}
}

static void set_perms(struct fixture *f, const char *key, const struct hv_xs_perm *perms,
		      unsigned int n)
{
	assert_true(hosted_xs_set_perms(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, node(f, key), perms,
					n) >= 0);
}

/* The node, or any value in it, owned or writable by anybody but dom0. */
static void only_dom0s_word_counts(void **state)
{
	static const char *const keys[] = {"",		"/profile", "/vram",	"/weight",
					   "/channels", "/engines", "/imports", "/doorbell"};
	struct fixture *f = *state;
	struct vgpu_policy p;
	char why[160];

	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct hv_xs_perm guest_owns[] = {{f->g.dom, false, false},
						  {f->bed.gpudom, true, false}};
		struct hv_xs_perm we_own[] = {{f->bed.gpudom, false, false}};
		struct hv_xs_perm guest_writes[] = {
			{0, false, false}, {f->bed.gpudom, true, false}, {f->g.dom, true, true}};
		struct hv_xs_perm all_write[] = {{0, true, true}};
		struct hv_xs_perm unreadable[] = {{0, false, false}};
		struct hv_xs_perm good[] = {{0, false, false}, {f->bed.gpudom, true, false}};

		guest_policy(&f->g, "p", "65536", "1");
		set_perms(f, keys[i], guest_owns, 2);
		assert_int_equal(read_policy(f, &p, why), -EPERM);
		assert_non_null(strstr(why, "belongs to dom"));
		set_perms(f, keys[i], we_own, 1);
		assert_int_equal(read_policy(f, &p, why), -EPERM);
		set_perms(f, keys[i], guest_writes, 3);
		assert_int_equal(read_policy(f, &p, why), -EPERM);
		assert_non_null(strstr(why, "written by others"));
		set_perms(f, keys[i], all_write, 1);
		assert_int_equal(read_policy(f, &p, why), -EPERM);
		set_perms(f, keys[i], unreadable, 1);
		assert_int_equal(read_policy(f, &p, why), -EACCES);
		set_perms(f, keys[i], good, 2);
		assert_int_equal(read_policy(f, &p, why), 0);
	}
}

/* The guest deletes and re-makes what is its own: its slice is still what dom0 wrote. */
static void a_guest_cannot_choose_its_rights(void **state)
{
	static const char *const keys[] = {"vram",     "profile", "weight",
					   "channels", "engines", "imports"};
	struct fixture *f = *state;
	struct xenvgpu_info_resp info;

	guest_plug(&f->g, MIB);
	guest_connect(&f->g);
	assert_int_equal(guest_info(&f->g, &info), 0);
	assert_int_equal(info.vram_size, MIB);
	guest_close(&f->g);

	hosted_enter(f->bed.h, f->g.dom);
	/* Neither here nor there may it write. */
	assert_true(hv_xs_write(HV_XS_NONE, node(f, "/vram"), "134217728") < 0);
	assert_true(hv_xs_rm(HV_XS_NONE, node(f, "")) < 0);
	assert_true(hv_xs_write(HV_XS_NONE, guest_back(&f->g, "vram"), "134217728") < 0);
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		assert_int_equal(hv_xs_write(HV_XS_NONE, guest_front(&f->g, keys[i]), "134217728"),
				 0);
	hosted_leave();
	guest_state(&f->g, XenbusStateInitialising);
	guest_new_port(&f->g);
	guest_connect(&f->g);
	assert_int_equal(guest_info(&f->g, &info), 0);
	assert_int_equal(info.vram_size, MIB);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_good_policy_is_read),
		T(bad_values_are_refused),
		T(bad_limits_are_refused),
		T(missing_nodes_are_named),
		T(direct_doorbells_are_dom0s_to_give),
		T(only_dom0s_word_counts),
		T(a_guest_cannot_choose_its_rights),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
