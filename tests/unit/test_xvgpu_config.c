/* SPDX-License-Identifier: MIT */
/*
 * Files that people write: a guest's config, profiles, a driver domain's config, and what `init`
 * makes of a board. Whatever is wrong must be told in one line that names file, line and key.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/init.h"
#include "hv/dom0/pci.h"
#include "hv/dom0/profiles.h"

static struct xvgpu_err err;
static struct xvgpu_guest guest;
static struct xvgpu_profiles profiles;

/* Whatever libxlutil does not free after a syntax error is its own. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libxlutil\n";
}

static int parse_guest(const char *text)
{
	struct xvgpu_cfg *cfg;
	int rc = xvgpu_cfg_parse("g.cfg", text, strlen(text), &cfg, &err);

	if (rc)
		return rc;
	rc = xvgpu_guest_from(cfg, &guest, &err);
	xvgpu_cfg_close(cfg);
	return rc;
}

static void good_guest(void **state)
{
	(void)state;
	assert_int_equal(parse_guest("name = 'web'\n"
				     "uuid = \"0123ABCD-4567-89ab-cdef-0123456789AB\"\n"
				     "memory = 64\n"
				     "disk = [ 'phy:/dev/x,xvda,w' ]\n"
				     "vgpu = [ 'backend=gpudom,profile=small',\n"
				     "         'backend=gpudom,profile=large,slot=3' ]\n"),
			 0);
	assert_string_equal(guest.name, "web");
	assert_string_equal(guest.uuid, "0123abcd-4567-89ab-cdef-0123456789ab");
	assert_int_equal(guest.n, 2);
	assert_string_equal(guest.specs[1].profile, "large");
	assert_int_equal(guest.line[0], 5);
	assert_int_equal(guest.line[1], 6);
}

static void bad_guest(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "g.cfg: name: missing"},
		{"name='x'\n", "g.cfg: vgpu: missing or empty"},
		{"name='x'\nvgpu=[]\n", "g.cfg:2: vgpu: missing or empty"},
		{"name=['x']\n", "g.cfg:1: name: is a list but should be one string"},
		{"\nname='a/b'\n", "g.cfg:2: name: a/b: need letters"},
		{"name='x'\nuuid='12'\n", "g.cfg:2: uuid: 12: not a uuid"},
		{"name='x'\nvgpu='backend=g,profile=p'\n",
		 "g.cfg:2: vgpu: is one string but should be a list"},
		{"name='x'\nvgpu=[['y']]\n", "g.cfg:2: vgpu: a list where a string should be"},
		{"name='x'\nvgpu=[ 'backend=g,profile=p',\n\n 'backend=g,prof=p' ]\n",
		 "g.cfg:4: vgpu: prof: unknown key"},
		{"name='x'\nvgpu=[ 'backend=g,profile=p,slot=1',\n 'backend=g,profile=p,slot=1']\n",
		 "g.cfg:3: vgpu: slot=1: given to two slices"},
		{"name='x'\nvgpu = [ 'backend=g,profile=p'\nmemory = 3\n", "g.cfg:3: "},
		{"name='x'\n\nthis is garbage\n", "g.cfg:3: "},
		{"\x7f"
		 "ELF\x02\x01\x01",
		 "g.cfg"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse_guest(cases[i].text), -EINVAL);
		if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("case %zu said \"%s\"", i, err.text);
		assert_null(strchr(err.text, '\n'));
	}
}

static void too_many_slices(void **state)
{
	static const char entry[] = "'backend=g,profile=p',\n";
	char text[1024];

	(void)state;
	snprintf(text, sizeof(text), "name='x'\nvgpu=[\n%s%s%s%s%s%s%s%s%s]\n", entry, entry, entry,
		 entry, entry, entry, entry, entry, entry);
	assert_int_equal(parse_guest(text), -EINVAL);
	assert_string_equal(err.text, "g.cfg:11: vgpu: more than 8 slices for one guest");
}

/* xl appends words of its command line to the file, and the last setting counts. */
static void vars_like_xl(void **state)
{
	char name[] = "name='other'", slot[] = "vgpu=['backend=g,profile=p,slot=5']";
	char *vars[] = {name, slot};
	const char *file = fake_file("v.cfg", "name='x'\nvgpu=['backend=g,profile=p']");

	(void)state;
	assert_int_equal(xvgpu_guest_read(file, vars, 2, &guest, &err), 0);
	assert_string_equal(guest.name, "other");
	assert_int_equal(guest.specs[0].slot, 5);
	assert_int_equal(xvgpu_guest_read("/nonexistent/x.cfg", NULL, 0, &guest, &err), -EIO);
	assert_string_equal(err.text, "/nonexistent/x.cfg: No such file or directory");
}

static void a_huge_file_is_refused(void **state)
{
	char *text = malloc((1u << 20) + 2);
	const char *file;

	(void)state;
	memset(text, '\n', (1u << 20) + 1);
	text[(1u << 20) + 1] = '\0';
	file = fake_file("huge.cfg", text);
	free(text);
	assert_int_equal(xvgpu_guest_read(file, NULL, 0, &guest, &err), -EIO);
	assert_non_null(strstr(err.text, "larger than 1 MiB"));
}

static int parse_profiles(const char *text)
{
	struct xvgpu_cfg *cfg;
	int rc = xvgpu_cfg_parse("p.conf", text, strlen(text), &cfg, &err);

	if (rc)
		return rc;
	rc = xvgpu_profiles_from(cfg, &profiles, &err);
	xvgpu_cfg_close(cfg);
	return rc;
}

static void bad_profiles(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "p.conf: profiles: missing or empty"},
		{"profiles=['vram=1G']\n", "p.conf:1: profiles: no name="},
		{"profiles=['name=a']\n", "p.conf:1: profiles: no vram="},
		{"profiles=['name=a,vram=3']\n", "p.conf:1: profiles: vram=3: not a positive"},
		{"profiles=['name=a b,vram=1G']\n", "p.conf:1: profiles: name=a b: not a name"},
		{"profiles=['name=a,vram=1G,max-vram=1M']\n",
		 "p.conf:1: profiles: max-vram is less"},
		{"profiles=['name=a,vram=1G,weight=0']\n", "p.conf:1: profiles: weight=0: not"},
		{"profiles=['name=a,vram=1G,weight=1001']\n",
		 "p.conf:1: profiles: weight=1001: not a number from 1 to 1000"},
		{"profiles=['name=a,vram=1G,channels=65']\n",
		 "p.conf:1: profiles: channels=65: not a number from 0 to 64"},
		{"profiles=['name=a,vram=1G,channels=-1']\n",
		 "p.conf:1: profiles: channels=-1: not a number"},
		{"profiles=['name=a,vram=1G,channels=many']\n",
		 "p.conf:1: profiles: channels=many: not a number"},
		{"profiles=['name=a,vram=1G,engines=']\n", "p.conf:1: profiles: engines: no value"},
		{"profiles=['name=a,vram=1G,engines=none']\n",
		 "p.conf:1: profiles: engines=none: not copy, graphics or copy+graphics"},
		{"profiles=['name=a,vram=1G,engines=copy,graphics']\n",
		 "p.conf:1: profiles: graphics: not of the form key=value"},
		{"profiles=['name=a,vram=1G,engines=graphics+copy']\n",
		 "p.conf:1: profiles: engines=graphics+copy: not copy"},
		{"profiles=['name=a,vram=1G,imports=129M']\n",
		 "p.conf:1: profiles: imports=129M: not a multiple of 4K up to 128M"},
		{"profiles=['name=a,vram=1G,imports=1000']\n",
		 "p.conf:1: profiles: imports=1000: not a multiple of 4K"},
		{"profiles=['name=a,vram=1G,imports=lots']\n",
		 "p.conf:1: profiles: imports=lots: not a multiple"},
		{"profiles=['name=a,vram=1G,colour=red']\n", "p.conf:1: profiles: colour: unknown"},
		{"profiles=['name=a,vram=1G',\n'name=a,vram=2G']\n",
		 "p.conf:2: profiles: name=a: two profiles"},
		{"trust_doorbell=2\nprofiles=['name=a,vram=1G']\n",
		 "p.conf:1: trust_doorbell: 2: neither 0 nor 1"},
		{"trust_doorbell=[1]\nprofiles=['name=a,vram=1G']\n", "p.conf:1: trust_doorbell: "},
		{"profiles=['']\n", "p.conf:1: profiles: empty item"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(parse_profiles(cases[i].text), -EINVAL);
		if (strncmp(err.text, cases[i].says, strlen(cases[i].says)) != 0)
			fail_msg("case %zu said \"%s\"", i, err.text);
	}
}

static void applying_a_profile(void **state)
{
	struct xvgpu_spec s = {.backend = "g", .profile = "a", .slot = -1};

	(void)state;
	assert_int_equal(parse_profiles("profiles=['name=a,vram=1G,max-vram=2G,weight=7',"
					"'name=b,vram=64K,description=the smallest']\n"),
			 0);
	assert_int_equal(profiles.profile[1].max_vram, 65536);
	assert_int_equal(profiles.profile[1].weight, XVGPU_DEFAULT_WEIGHT);
	assert_int_equal(profiles.profile[1].channels, 64);
	assert_int_equal(profiles.profile[1].imports, 32768);
	assert_string_equal(profiles.profile[1].engines, "copy,graphics");
	assert_int_equal(xvgpu_profiles_apply(&profiles, &s, &err), 0);
	assert_int_equal(s.vram, 1u << 30);
	assert_int_equal(s.weight, 7);
	s.vram = (2ull << 30) + 65536;
	assert_int_equal(xvgpu_profiles_apply(&profiles, &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "profile a allows at most 2G"));
	s.vram = 0;
	s.direct = true;
	assert_int_equal(xvgpu_profiles_apply(&profiles, &s, &err), -EPERM);
	assert_non_null(strstr(err.text, "does not say trust_doorbell=1"));
	s.direct = false;
	s.profile[0] = 'c';
	assert_int_equal(xvgpu_profiles_apply(&profiles, &s, &err), -EINVAL);
	assert_non_null(strstr(err.text, "profile=c: not in "));
	assert_non_null(strstr(err.text, "(which has: a, b)"));
}

/* What is shipped must be readable, and every profile in it usable. */
static void shipped_profiles(void **state)
{
	struct xvgpu_cfg *cfg;

	(void)state;
	assert_int_equal(xvgpu_cfg_open("packaging/profiles.conf", NULL, 0, &cfg, &err), 0);
	assert_int_equal(xvgpu_profiles_from(cfg, &profiles, &err), 0);
	assert_true(profiles.n >= 1);
	assert_false(profiles.trust_doorbell);
	for (int i = 0; i < profiles.n; i++) {
		struct xvgpu_spec s = {.backend = "g", .slot = -1};

		memcpy(s.profile, profiles.profile[i].name, sizeof(s.profile));
		assert_int_equal(xvgpu_profiles_apply(&profiles, &s, &err), 0);
	}
	xvgpu_cfg_close(cfg);
}

static void function(const char *bdf, const char *vendor, const char *device,
		     const char *class_code)
{
	char name[128];

	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/vendor", bdf);
	fake_file(name, vendor);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/device", bdf);
	fake_file(name, device);
	snprintf(name, sizeof(name), "sys/bus/pci/devices/%s/class", bdf);
	fake_file(name, class_code);
}

static void boards(void **state)
{
	struct xvgpu_board board;

	(void)state;
	function("0000:04:00.0", "0x10de\n", "0x2235\n", "0x030200\n");
	function("0000:04:00.1", "0x10de\n", "0x1aef\n", "0x040300\n");
	function("0000:04:00.3", "0x10de\n", "0x1ad9\n", "0x0c8000\n");
	function("0000:05:00.0", "0x1234\n", "0x11e8\n", "0x00ff00\n");
	assert_int_equal(xvgpu_board_read("0000:04:00.0", &board, &err), 0);
	assert_int_equal(board.device, 0x2235);
	assert_int_equal(board.n, 3);
	assert_string_equal(board.functions[0], "0000:04:00.0");
	assert_string_equal(board.functions[1], "0000:04:00.1");
	assert_string_equal(board.functions[2], "0000:04:00.3");
	assert_int_equal(xvgpu_board_read("0000:04:00.1", &board, &err), -ENODEV);
	assert_string_equal(err.text,
			    "0000:04:00.1: class 0403 is neither a display (0300) nor a 3D "
			    "(0302) controller");
	assert_int_equal(xvgpu_board_read("0000:05:00.0", &board, &err), -ENODEV);
	assert_string_equal(err.text, "0000:05:00.0: vendor 1234 is not NVIDIA (10de)");
	assert_int_equal(xvgpu_board_read("0000:06:00.0", &board, &err), -ENODEV);
	assert_string_equal(err.text, "0000:06:00.0: no such PCI function");
	function("0000:07:00.0", "garbage", "0x1\n", "0x030000\n");
	assert_int_equal(xvgpu_board_read("0000:07:00.0", &board, &err), -ENODEV);
}

static void resets(void **state)
{
	(void)state;
	assert_int_equal(xvgpu_pci_reset("0000:03:00.0", false, &err), 0);
	function("0000:04:00.0", "0x10de\n", "0x2235\n", "0x030200\n");
	assert_int_equal(xvgpu_pci_reset("0000:04:00.0", false, &err), -ENOENT);
	assert_string_equal(err.text, "0000:04:00.0: dom0's kernel knows no way to reset it");
	assert_int_equal(xvgpu_pci_reset("0000:09:00.0", false, &err), -ENOENT);
	assert_int_equal(xvgpu_pci_reset("0000:03:00.0", true, &err), -ENOENT);
	assert_string_equal(err.text, "0000:03:00.0: dom0's kernel cannot reset its bus alone");
	fake_file("sys/bus/pci/devices/0000:03:00.0/reset_method", "");
	assert_int_equal(xvgpu_pci_reset("0000:03:00.0", true, &err), 0);
}

/* The config that init writes is one that the tool itself, and so libxlutil, can read. */
static void init_writes_a_config(void **state)
{
	char kernel[256], ramdisk[256];
	struct xvgpu_board board;
	struct xvgpu_init init = {.name = "gpudom2"};
	struct xvgpu_driver driver;
	char *text = NULL;
	size_t size;
	FILE *f;

	(void)state;
	snprintf(kernel, sizeof(kernel), "%s", fake_file("gpudom", "elf"));
	snprintf(ramdisk, sizeof(ramdisk), "%s", fake_file("firmware", ""));
	assert_int_equal(truncate(ramdisk, 40 << 20), 0);
	function("0000:04:00.0", "0x10de\n", "0x2235\n", "0x030200\n");
	function("0000:04:00.1", "0x10de\n", "0x1aef\n", "0x040300\n");
	assert_int_equal(xvgpu_board_read("0000:04:00.0", &board, &err), 0);
	init.kernel = kernel;
	init.output = "/etc/xvgpu/gpudom2.cfg";
	assert_int_equal(xvgpu_init_check(&init, &err), 0);
	assert_int_equal(init.memory, 32);
	init.memory = 0;
	init.ramdisk = ramdisk;
	assert_int_equal(xvgpu_init_check(&init, &err), 0);
	assert_int_equal(init.memory, 57);
	init.memory = 32;
	assert_int_equal(xvgpu_init_check(&init, &err), -EINVAL);
	init.memory = 64;
	init.output = "etc/x.cfg";
	assert_int_equal(xvgpu_init_check(&init, &err), -EINVAL);
	init.output = "/etc/x\".cfg";
	assert_int_equal(xvgpu_init_check(&init, &err), -EINVAL);
	init.output = "/etc/x.cfg";
	init.kernel = "/nonexistent/gpudom";
	assert_int_equal(xvgpu_init_check(&init, &err), -ENOENT);
	init.kernel = kernel;

	f = open_memstream(&text, &size);
	xvgpu_init_config(&init, &board, f);
	fclose(f);
	assert_int_equal(xvgpu_driver_read(fake_file("w.cfg", text), &driver, &err), 0);
	assert_string_equal(driver.name, "gpudom2");
	assert_int_equal(driver.n, 2);
	assert_string_equal(driver.bdf[1], "0000:04:00.1");
	assert_non_null(strstr(text, "type = \"pv\"\n"));
	assert_non_null(strstr(text, "memory = 64\n"));
	assert_non_null(strstr(text, "max_grant_version = 1\n"));
	assert_non_null(strstr(text, "on_crash = \"destroy\"\n"));
	assert_null(strstr(text, "cmdline"));
	assert_int_equal(driver.maptrack_frames, 1024);
	assert_int_equal(driver.event_channels, 127);
	assert_int_equal(driver.memory, 64);
	assert_string_equal(driver.ramdisk, ramdisk);
	free(text);
}

static void init_writes_a_schedule(void **state)
{
	static const struct {
		const char *schedule;
		unsigned int slots;
		const char *says; /* a refusal, or what the config has */
		int rc;
	} cases[] = {
		{"best-effort", 0, "cmdline = \"schedule=best-effort\"\n", 0},
		{"equal-share", 0, "cmdline = \"schedule=equal-share\"\n", 0},
		{"fixed-share", 4, "cmdline = \"schedule=fixed-share slots=4\"\n", 0},
		{"fixed-share", 0, "also needs --slots", -EINVAL},
		{"equal-share", 4, "--slots 4: only", -EINVAL},
		{NULL, 4, "--slots 4: only", -EINVAL},
		{"fair", 0, "--schedule fair: not best-effort", -EINVAL},
		{"", 0, "--schedule : not best-effort", -EINVAL},
	};
	struct xvgpu_board board = {.n = 0};
	char kernel[256];

	(void)state;
	snprintf(kernel, sizeof(kernel), "%s", fake_file("gpudom", "elf"));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xvgpu_init init = {.name = "g",
					  .kernel = kernel,
					  .output = "/etc/x.cfg",
					  .schedule = cases[i].schedule,
					  .slots = cases[i].slots};
		char *text = NULL;
		size_t size;
		FILE *f = open_memstream(&text, &size);

		assert_int_equal(xvgpu_init_check(&init, &err), cases[i].rc);
		xvgpu_init_config(&init, &board, f);
		fclose(f);
		assert_non_null(strstr(cases[i].rc ? err.text : text, cases[i].says));
		free(text);
	}
}

static void bad_drivers(void **state)
{
	struct xvgpu_driver driver;

	(void)state;
	assert_int_equal(xvgpu_driver_read(fake_file("d", "name='x'\n"), &driver, &err), -EINVAL);
	assert_non_null(strstr(err.text, "pci: missing or empty"));
	assert_int_equal(
		xvgpu_driver_read(fake_file("d", "name='x'\npci=['00:2']\n"), &driver, &err),
		-EINVAL);
	assert_non_null(strstr(err.text, "d:2: pci: 00:2: not a PCI function"));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, fake_setup)
	const struct CMUnitTest tests[] = {
		T(good_guest),
		T(bad_guest),
		T(too_many_slices),
		T(vars_like_xl),
		T(a_huge_file_is_refused),
		T(bad_profiles),
		T(applying_a_profile),
		T(shipped_profiles),
		T(boards),
		T(resets),
		T(init_writes_a_config),
		T(init_writes_a_schedule),
		T(bad_drivers),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
