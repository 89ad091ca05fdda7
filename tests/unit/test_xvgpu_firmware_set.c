/* SPDX-License-Identifier: MIT */
/*
 * xvgpu firmware set: a driver domain is restarted on another archive, or everything is as before. The
 * archives are made here of small files; tests/xen/test_firmware_set.py uses Debian's.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/commands.h"
#include "hv/dom0/edit.h"
#include "hv/dom0/firmware.h"
#include "hv/dom0/lock.h"
#include "tests/unit/boot_build.h"

#define HEAD "# mine\nname=\"gpudom\"\npci=[\"03:00.0,seize=1\"]\n"

static unsigned int gpudom;
static char archive[128], before[256], after[256], config[256];
static const char *states[4]; /* what each gpudom that is made says; NULL: it ends at once */
static int n_made;

static void made(unsigned int domid, const char *name)
{
	(void)name;
	assert_true(n_made < 4);
	if (states[n_made])
		fake_serves(domid, states[n_made]);
	else
		fake_kill(domid);
	n_made++;
}

static void put(const char *name, const void *data, size_t size)
{
	FILE *f = fopen(fake_file(name, ""), "w");

	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

/* An archive of version 1.2.345 for a family, as a file. */
static void pack(const char *name, const char *chip)
{
	static uint8_t elf[ELF_SIZE], booter[BOOTER_SIZE], loader[LOADER_SIZE];
	char dir[256];
	const char *dirs[] = {dir};
	struct xvgpu_firmware_want want = {dirs, 1, NULL, chip, NULL};
	struct xvgpu_bytes bytes = {NULL, 0};
	struct xvgpu_firmware fw;
	struct xvgpu_err err;

	snprintf(dir, sizeof(dir), "%s/fw", fake_top);
	build_elf(elf);
	build_booter(booter);
	build_bootloader(loader);
	put("fw/gsp-1.2.345.bin", elf, sizeof(elf));
	put("fw/booter_load-1.2.345.bin", booter, sizeof(booter));
	put("fw/booter_unload-1.2.345.bin", booter, sizeof(booter));
	put("fw/bootloader-1.2.345.bin", loader, sizeof(loader));
	if (xvgpu_firmware_find(&want, &fw, &err) || xvgpu_firmware_build(&fw, &bytes, &err))
		fail_msg("%s", err.text);
	xvgpu_firmware_free(&fw);
	put(name, bytes.data, bytes.size);
	free(bytes.data);
}

static int setup(void **state)
{
	fake_setup(state);
	gpudom = fake_domain("gpudom", NULL);
	fake_serves(gpudom, "running");
	pack("new.fw", "ga102");
	snprintf(archive, sizeof(archive), "%s/new.fw", fake_top);
	snprintf(config, sizeof(config), "%s",
		 fake_file("etc/gpudom.cfg", HEAD "ramdisk='/old.fw' # the old one\nmemory=64\n"));
	snprintf(before, sizeof(before), HEAD "ramdisk='/old.fw' # the old one\nmemory=64\n");
	snprintf(after, sizeof(after), HEAD "ramdisk = \"%s\"\nmemory=64\n", archive);
	memset(states, 0, sizeof(states));
	n_made = 0;
	fake.on_create = made;
	return 0;
}

static enum xvgpu_exit set(const char *name, const char *file)
{
	char words[3][256];
	char *argv[] = {words[0], words[1], words[2], NULL};

	snprintf(words[0], sizeof(words[0]), "set");
	snprintf(words[1], sizeof(words[1]), "%s", name);
	snprintf(words[2], sizeof(words[2]), "%s", file);
	return xvgpu_cmd_firmware_set(3, argv);
}

static void assert_file(const char *path, const char *says)
{
	struct xvgpu_err err;
	char *text;

	if (xvgpu_edit_read(path, &text, &err))
		fail_msg("%s", err.text);
	assert_string_equal(text, says);
	free(text);
}

/* What xl was asked for; "CFG" stands for the config. */
static void assert_xl(const char *wanted)
{
	char log[1024], *out = log;

	while (*wanted) {
		bool cfg = !strncmp(wanted, "CFG", 3);

		out += snprintf(out, (size_t)(log + sizeof(log) - out), "%.*s", cfg ? 256 : 1,
				cfg ? config : wanted);
		wanted += cfg ? 3 : 1;
	}
	assert_string_equal(fake.xl_log, log);
}

static void restarts_on_another_archive(void **state)
{
	char old[300];

	(void)state;
	states[0] = "running";
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_OK);
	assert_xl("shutdown gpudom;create CFG;");
	assert_file(config, after);
	snprintf(old, sizeof(old), "%s.before", config);
	assert_file(old, before);
}

static void memory_grows_with_the_archive(void **state)
{
	char text[512];

	(void)state;
	states[0] = states[1] = "running";
	fake_file("etc/gpudom.cfg", HEAD "memory = 8 # too little\n");
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_OK);
	snprintf(text, sizeof(text), HEAD "memory = 32\nramdisk = \"%s\"\n", archive);
	assert_file(config, text);
	fake_file("etc/gpudom.cfg", HEAD); /* no memory at all */
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_OK);
	snprintf(text, sizeof(text), HEAD "ramdisk = \"%s\"\nmemory = 32\n", archive);
	assert_file(config, text);
}

/* One that ends, one that loses its GPU, one that xl cannot make: each time the old one runs again. */
static void goes_back(void **state)
{
	(void)state;
	states[1] = "running";
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_FAILED);
	assert_xl("shutdown gpudom;create CFG;create CFG;");
	assert_file(config, before);
	assert_int_equal(n_made, 2);

	fake.xl_log[0] = '\0';
	n_made = 0;
	states[0] = "lost";
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_FAILED);
	assert_xl("shutdown gpudom;create CFG;destroy gpudom;create CFG;");
	assert_file(config, before);

	fake.xl_log[0] = '\0';
	n_made = 0;
	fake.xl_fails = "create";
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_FAILED);
	assert_xl("shutdown gpudom;create CFG;create CFG;");
	assert_file(config, before);
	assert_int_equal(n_made, 0);
}

static void a_domain_that_does_not_shut_down(void **state)
{
	(void)state;
	states[0] = "running";
	fake.xl_fails = "shutdown";
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_OK);
	assert_xl("shutdown gpudom;destroy gpudom;create CFG;");
	assert_file(config, after);
}

static void one_that_is_not_running(void **state)
{
	(void)state;
	fake_kill(gpudom);
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_OK);
	assert_string_equal(fake.xl_log, "");
	assert_file(config, after);
}

static void nobody_rings(unsigned int domid, const char *name)
{
	assert_int_equal(fake.n_frames, 0);
	made(domid, name);
}

/* A guest that rings by itself loses the page before the GPU changes hands; or it does not. */
static void doorbell_pages_come_back_first(void **state)
{
	char name[] = "create", cfg[256];
	char *argv[] = {name, cfg, NULL};
	struct xvgpu_err err;
	int lock = xvgpu_lock_daemon(&err);

	(void)state;
	assert_true(lock >= 0);
	fake.pvh = true;
	fake.on_create = NULL;
	fake_file("etc/profiles.conf",
		  "trust_doorbell=1\nprofiles = [ \"name=small, vram=256M\" ]\n");
	snprintf(cfg, sizeof(cfg), "%s",
		 fake_file("web.cfg", "name='web'\ntype='pvh'\n"
				      "vgpu=['backend=gpudom,profile=small,doorbell=direct']\n"));
	assert_int_equal(xvgpu_cmd_create(2, argv), XVGPU_EXIT_OK);
	assert_int_equal(fake.n_frames, 1);
	fake.xl_log[0] = '\0';
	fake.frame_error = -EBUSY;
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_REFUSED);
	assert_string_equal(fake.xl_log, "");
	assert_file(config, before);
	fake.frame_error = 0;
	fake.on_create = nobody_rings;
	states[0] = "running";
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_OK);
	assert_int_equal(n_made, 1);
	close(lock);
}

static void wrong_archives_change_nothing(void **state)
{
	char path[64], text[512];
	FILE *f;

	(void)state;
	assert_int_equal(set("gpudom", "/nonexistent.fw"), XVGPU_EXIT_REFUSED);
	assert_int_equal(set("gpudom", fake_file("b.fw", "garbage")), XVGPU_EXIT_CONFIG);
	assert_int_equal(set("nobody", archive), XVGPU_EXIT_REFUSED);
	assert_int_equal(set("../x", archive), XVGPU_EXIT_CONFIG);
	assert_int_equal(set("-x", archive), XVGPU_EXIT_USAGE);

	f = fopen(archive, "r+"); /* a byte of the first program: only the checksum can tell */
	assert_int_equal(fseek(f, 4096, SEEK_SET), 0);
	fputc(0x5a, f);
	fclose(f);
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_CONFIG);
	pack("new.fw", "ga102");

	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", gpudom);
	fake_put(path, "state=running vram-total=1073741824 chip=AD102 family=ad102");
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_CONFIG);
	assert_file(config, before);

	/* A list is no archive's name, and is not to be made one. */
	fake_file("etc/gpudom.cfg", HEAD "memory = [ 'x' ]\n");
	assert_int_equal(set("gpudom", archive), XVGPU_EXIT_CONFIG);
	snprintf(text, sizeof(text), HEAD "memory = [ 'x' ]\n");
	assert_file(config, text);
	assert_string_equal(fake.xl_log, "");
}

static void edits(void **state)
{
	static const struct {
		const char *text, *gives;
	} cases[] = {
		{"", "key = 1\n"},
		{"a = 2", "a = 2\nkey = 1\n"},
		{"a = 2\n", "a = 2\nkey = 1\n"},
		{"key=2", "key = 1"},
		{"key=2\nb=3\n", "key = 1\nb=3\n"},
		{"  key =\t\"x y\"  # why\nb=3\n", "key = 1\nb=3\n"},
		{"key='x'\nkey=3\nb", "key='x'\nkey = 1\nb"},
		/* What is not just one setting of it stays, and the last one counts. */
		{"key=2;b=3\n", "key=2;b=3\nkey = 1\n"},
		{"key=[2]\n", "key=[2]\nkey = 1\n"},
		{"key+=2\n", "key+=2\nkey = 1\n"},
		{"keys=2\n", "keys=2\nkey = 1\n"},
		{"#key=2\n", "#key=2\nkey = 1\n"},
		{"key='2\n", "key='2\nkey = 1\n"},
		{"key=\n2\n", "key=\n2\nkey = 1\n"},
		{"key='x\\'y'\n", "key='x\\'y'\nkey = 1\n"},
		{"a='key=2'\n", "a='key=2'\nkey = 1\n"},
		{"ke\n", "ke\nkey = 1\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *text = xvgpu_edit(cases[i].text, "key", "1");

		assert_string_equal(text, cases[i].gives);
		free(text);
	}
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, setup)
	const struct CMUnitTest tests[] = {
		T(restarts_on_another_archive),
		T(memory_grows_with_the_archive),
		T(goes_back),
		T(a_domain_that_does_not_shut_down),
		T(one_that_is_not_running),
		T(doorbell_pages_come_back_first),
		T(wrong_archives_change_nothing),
		cmocka_unit_test(edits),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
