/* SPDX-License-Identifier: MIT */
/*
 * The commands that make and change guests: what is wrong is refused before anything exists, and
 * what fails half-way leaves nothing behind.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/commands.h"
#include "hv/dom0/nodes.h"

#define OK "backend=gpudom,profile=small"

static unsigned int gpudom;

static int setup(void **state)
{
	fake_setup(state);
	gpudom = fake_domain("gpudom", NULL);
	fake_serves(gpudom, "running");
	return 0;
}

static enum xvgpu_exit run(enum xvgpu_exit (*fn)(int, char **), const char *name, const char *a,
			   const char *b)
{
	char words[3][256];
	char *argv[4] = {words[0], words[1], words[2], NULL};

	snprintf(words[0], sizeof(words[0]), "%s", name);
	snprintf(words[1], sizeof(words[1]), "%s", a);
	snprintf(words[2], sizeof(words[2]), "%s", b ? b : "");
	return fn(b ? 3 : 2, argv);
}

static enum xvgpu_exit create(const char *vgpu)
{
	char text[512];

	snprintf(text, sizeof(text), "name='web'\nvgpu=%s\n", vgpu);
	return run(xvgpu_cmd_create, "create", fake_file("web.cfg", text), NULL);
}

/* Nodes and records that a guest would leave. */
static int left_behind(void)
{
	char names[4][XVGPU_NAME_MAX];
	int n = xvgpu_record_names("guests", names, 4);

	for (int i = 0; i < fake.n; i++)
		n += strstr(fake.node[i].path, "/vgpu/") != NULL;
	return n;
}

static void creates_in_order(void **state)
{
	struct xvgpu_record record;
	struct xvgpu_err err;
	char log[256];
	char path[96];

	(void)state;
	assert_int_equal(create("['" OK "','" OK ",slot=3']"), XVGPU_EXIT_OK);
	snprintf(log, sizeof(log), "create %s/web.cfg -p;unpause web;", fake_top);
	assert_string_equal(fake.xl_log, log);
	snprintf(path, sizeof(path), "/xvgpu/%u/%u/3/vram", gpudom, gpudom + 1);
	assert_string_equal(fake_get(path), "268435456");
	assert_int_equal(xvgpu_record_read("web", &record, &err), 0);
	assert_true(record.for_life);
	assert_string_equal(record.guest.uuid, fake_dom(gpudom + 1)->uuid);
	assert_null(fake_find("/xvgpu/poke"));
}

static void refusals_create_nothing(void **state)
{
	static const struct {
		const char *vgpu;
		enum xvgpu_exit code;
	} cases[] = {
		{"['backend=gpudom,profile=none']", XVGPU_EXIT_CONFIG},
		{"['backend=nobody,profile=small']", XVGPU_EXIT_REFUSED},
		{"['" OK ",vram=600M']", XVGPU_EXIT_CONFIG},
		{"['" OK ",vram=512M','" OK ",vram=512M','" OK "']", XVGPU_EXIT_REFUSED},
		{"['" OK ",slot=1','" OK ",slot=1']", XVGPU_EXIT_CONFIG},
		{"['" OK ",colour=red']", XVGPU_EXIT_CONFIG},
		{"'" OK "'", XVGPU_EXIT_CONFIG},
		{"[]", XVGPU_EXIT_CONFIG},
		{"[[[", XVGPU_EXIT_CONFIG},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (create(cases[i].vgpu) != cases[i].code)
			fail_msg("%s", cases[i].vgpu);
		assert_string_equal(fake.xl_log, "");
		assert_int_equal(left_behind(), 0);
	}
	fake_serves(gpudom, "lost");
	assert_int_equal(create("['" OK "']"), XVGPU_EXIT_REFUSED);
	fake_serves(gpudom, "running");
	fake_domain("web", NULL);
	assert_int_equal(create("['" OK "']"), XVGPU_EXIT_REFUSED);
	assert_string_equal(fake.xl_log, "");
}

static void xl_create_fails(void **state)
{
	(void)state;
	fake.xl_fails = "create";
	assert_int_equal(create("['" OK "']"), XVGPU_EXIT_FAILED);
	assert_int_equal(left_behind(), 0);
}

static void xl_unpause_fails(void **state)
{
	(void)state;
	fake.xl_fails = "unpause";
	assert_int_equal(create("['" OK "']"), XVGPU_EXIT_FAILED);
	assert_non_null(strstr(fake.xl_log, "unpause web;destroy web;"));
	assert_int_equal(left_behind(), 0);
	assert_int_equal(fake.n_dom, 1);
}

/* Every single write to xenstore fails once: each time all is undone. */
static void each_write_fails(void **state)
{
	int failures = 0;

	(void)state;
	for (int i = 0;; i++) {
		enum xvgpu_exit code;

		fake.refuse = i;
		code = create("['" OK "']");
		fake.refuse = -1;
		if (code == XVGPU_EXIT_OK)
			break;
		failures++;
		assert_int_equal(left_behind(), 0);
		assert_int_equal(fake.n_dom, 1);
		fake.xl_log[0] = '\0';
	}
	assert_true(failures >= 15);
}

static void register_and_create(void **state)
{
	struct xvgpu_record record;
	struct xvgpu_err err;

	(void)state;
	assert_int_equal(run(xvgpu_cmd_register, "register",
			     fake_file("r.cfg", "name='web'\nvgpu=['" OK "']\n"), NULL),
			 XVGPU_EXIT_OK);
	assert_int_equal(xvgpu_record_read("web", &record, &err), 0);
	assert_false(record.for_life);
	assert_string_equal(record.guest.uuid, "");
	/* Other slices than registered would come back at the next reboot: refused. */
	assert_int_equal(create("['" OK ",weight=3']"), XVGPU_EXIT_REFUSED);
	assert_string_equal(fake.xl_log, "");
	assert_int_equal(create("['" OK "']"), XVGPU_EXIT_OK);
	assert_int_equal(xvgpu_record_read("web", &record, &err), 0);
	assert_false(record.for_life);
	assert_int_equal(run(xvgpu_cmd_unregister, "unregister", "web", NULL), XVGPU_EXIT_OK);
	assert_int_equal(run(xvgpu_cmd_unregister, "unregister", "web", NULL), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_unregister, "unregister", "../../etc/passwd", NULL),
			 XVGPU_EXIT_CONFIG);
	assert_int_equal(run(xvgpu_cmd_register, "register",
			     fake_file("r.cfg", "name='x'\nvgpu=['backend=g,profile=small']\n"),
			     NULL),
			 XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_register, "register",
			     fake_file("r.cfg", "name='x'\nvgpu=['backend=gpudom,profile=p']\n"),
			     NULL),
			 XVGPU_EXIT_CONFIG);
}

static void attach_and_detach(void **state)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
	unsigned int g = fake_domain("web", NULL);
	char path[96], id[16];

	(void)state;
	snprintf(id, sizeof(id), "%u", g);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "web", OK), XVGPU_EXIT_OK);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", id, OK ",slot=0"), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", id, OK), XVGPU_EXIT_OK);
	assert_int_equal(xvgpu_slices(xs_open(0), g, slices), 2);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "gpudom", OK), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "0", OK), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "none", OK), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "web", "profile"), XVGPU_EXIT_CONFIG);

	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u/1/state", gpudom, g);
	fake_put(path, "6"); /* a back that closes at once */
	assert_int_equal(run(xvgpu_cmd_detach, "detach", "web", "1"), XVGPU_EXIT_OK);
	assert_null(fake_find(path));
	snprintf(path, sizeof(path), "/xvgpu/%u/%u/1", gpudom, g);
	assert_null(fake_find(path));
	assert_int_equal(run(xvgpu_cmd_detach, "detach", "web", "1"), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_detach, "detach", "web", "7"), XVGPU_EXIT_REFUSED);
	assert_int_equal(run(xvgpu_cmd_detach, "detach", "web", "8"), XVGPU_EXIT_CONFIG);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "web", OK ",slot=1"), XVGPU_EXIT_OK);
}

static void usage(void **state)
{
	(void)state;
	assert_int_equal(run(xvgpu_cmd_create, "create", "-c", "x.cfg"), XVGPU_EXIT_USAGE);
	assert_int_equal(run(xvgpu_cmd_create, "create", "a.cfg", "b.cfg"), XVGPU_EXIT_USAGE);
	assert_int_equal(run(xvgpu_cmd_create, "create", "-q", NULL), XVGPU_EXIT_USAGE);
	assert_int_equal(run(xvgpu_cmd_attach, "attach", "web", NULL), XVGPU_EXIT_USAGE);
	assert_int_equal(run(xvgpu_cmd_register, "register", "--all", NULL), XVGPU_EXIT_USAGE);
	assert_int_equal(run(xvgpu_cmd_list, "list", "--xml", NULL), XVGPU_EXIT_USAGE);
	assert_int_equal(run(xvgpu_cmd_init, "init", "a", "b"), XVGPU_EXIT_USAGE);
}

/* A hostile guest's and driver domain's text in the list: still valid JSON, still one table. */
static void list_survives_hostile_text(void **state)
{
	const char *text;
	char path[96];
	int saved;

	(void)state;
	assert_int_equal(create("['" OK "']"), XVGPU_EXIT_OK);
	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/0/state", gpudom + 1);
	fake_put(path, "\"}, 4");
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u/0/stats", gpudom,
		 gpudom + 1);
	fake_put(path, "used=\"}] a=b\\ \x1b[2J= requests=5 x\"=1");
	saved = fake_output_begin();
	assert_int_equal(run(xvgpu_cmd_list, "list", "--json", NULL), XVGPU_EXIT_OK);
	text = fake_output_end(saved);
	assert_non_null(strstr(text, "\"front_state\": \"-\", \"back_state\": \"initialising\""));
	assert_non_null(strstr(text, "\"stats\": {\"used\": \"\\\"}]\", \"a\": \"b\\\\\", "
				     "\"requests\": \"5\"}}"));
	assert_null(strchr(text, '\x1b'));
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, setup)
	const struct CMUnitTest tests[] = {
		T(creates_in_order),
		T(refusals_create_nothing),
		T(xl_create_fails),
		T(xl_unpause_fails),
		T(each_write_fails),
		T(register_and_create),
		T(attach_and_detach),
		T(usage),
		T(list_survives_hostile_text),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
