/* SPDX-License-Identifier: MIT */
/*
 * The doorbell page in guests that ring by themselves: who may have it, where it comes from, and that nobody
 * has it any more when the GPU leaves its driver domain, whatever fails on the way.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/commands.h"
#include "hv/dom0/doorbell.h"
#include "hv/dom0/keeper.h"
#include "hv/dom0/lock.h"

#include <xen/io/vgpuif.h>

#include "gpu/core/regs_vf.h"

#define DIRECT "backend=gpudom,profile=small,doorbell=direct"
#define MFN    ((0xf8000000u + 0xbb0000u) >> 12) /* of the board in fake_setup() */
#define GFN    0xfe800u
#define TRUST  "trust_doorbell=1\nprofiles = [ \"name=small, vram=256M, weight=70\" ]\n"
#define GPU    "sys/bus/pci/devices/0000:03:00.0/"

/* The page that dom0 finds is the one that the driver domain writes to, and the protocol names. */
_Static_assert(NV_VF_DOORBELL == 0xbb0000u + XENVGPU_DOORBELL, "doorbell page");

static struct xvgpu_keeper *k;
static uint64_t now;
static unsigned int gpudom;
static int daemon_lock;

static int setup(void **state)
{
	struct xvgpu_err err;

	fake_setup(state);
	fake_file("etc/profiles.conf", TRUST);
	fake.pvh = true;
	k = calloc(1, sizeof(*k));
	k->xs = xs_open(0);
	now = 1000000;
	daemon_lock = xvgpu_lock_daemon(&err);
	assert_true(daemon_lock >= 0);
	gpudom = fake_domain("gpudom", NULL);
	fake_serves(gpudom, "running");
	xvgpu_keeper_pass(k, now);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (daemon_lock >= 0)
		close(daemon_lock);
	xvgpu_domains_free(&k->domains);
	free(k);
	return 0;
}

static void later(uint64_t ms)
{
	now += ms;
	xvgpu_keeper_pass(k, now);
}

static enum xvgpu_exit create(const char *type, const char *vgpu)
{
	char words[2][256], text[512];
	char *argv[] = {words[0], words[1], NULL};

	snprintf(text, sizeof(text), "name='web'\n%s\nvgpu=[%s]\n", type, vgpu);
	snprintf(words[0], sizeof(words[0]), "create");
	snprintf(words[1], sizeof(words[1]), "%s", fake_file("web.cfg", text));
	return xvgpu_cmd_create(2, argv);
}

static enum xvgpu_exit command(enum xvgpu_exit (*fn)(int, char **), const char *a, const char *b)
{
	char words[3][256] = {"command"};
	char *argv[] = {words[0], words[1], words[2], NULL};

	snprintf(words[1], sizeof(words[1]), "%s", a);
	snprintf(words[2], sizeof(words[2]), "%s", b ? b : "");
	return fn(b ? 3 : 2, argv);
}

static unsigned int ringing_guest(void)
{
	unsigned int g;

	assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_OK);
	g = fake.next_domid;
	assert_int_equal(fake.n_frames, 1);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "in");
	return g;
}

/* Nothing of a guest that was refused: no node, no page. */
static void assert_nothing(void)
{
	assert_int_equal(fake.n_frames, 0);
	for (int i = 0; i < fake.n; i++)
		assert_null(strstr(fake.node[i].path, "device/vgpu/0"));
}

static void the_page_of_the_right_board(void **state)
{
	unsigned int g = ringing_guest();
	struct fake_node *node;
	char path[96];

	(void)state;
	assert_int_equal(fake.frame[0].domid, g);
	assert_int_equal(fake.frame[0].gfn, GFN);
	assert_int_equal(fake.frame[0].mfn, MFN);
	assert_string_equal(fake_value("/local/domain/%u/device/vgpu/0/doorbell-frame", g),
			    "1042432");
	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/0/doorbell-frame", g);
	node = fake_find(path);
	assert_int_equal(node->owner, g);
	assert_string_equal(fake_value("/xvgpu/%u/%u/0/doorbell", gpudom, g), "direct");
	snprintf(path, sizeof(path), "/libxl/%u/device/vgpu/0/doorbell-page", g);
	node = fake_find(path);
	assert_non_null(node);
	assert_int_equal(node->owner, 0);
	assert_int_equal(node->reader, -1);
	later(1000);
	assert_int_equal(fake.n_frames, 1);
	/* One more slice has one more, behind it. */
	assert_int_equal(command(xvgpu_cmd_attach, "web", DIRECT ",slot=3"), XVGPU_EXIT_OK);
	assert_int_equal(fake.n_frames, 2);
	assert_int_equal(fake.frame[1].gfn, GFN + 3);
	fake_kill(g);
	later(100);
	assert_int_equal(fake.n_frames, 0);
}

static void others_do_not_get_it(void **state)
{
	unsigned int g;

	(void)state;
	assert_int_equal(create("type='pvh'", "'backend=gpudom,profile=small'"), XVGPU_EXIT_OK);
	g = fake.next_domid;
	assert_int_equal(fake.n_frames, 0);
	assert_null(fake_value("/local/domain/%u/device/vgpu/0/doorbell-frame", g));
	assert_string_equal(fake_value("/xvgpu/%u/%u/0/doorbell", gpudom, g), "mediated");
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/doorbell", g), "mediated");
}

static void not_without_trust(void **state)
{
	static const char *const files[] = {
		"profiles = [ \"name=small, vram=256M\" ]\n",
		"trust_doorbell=0\nprofiles = [ \"name=small, vram=256M\" ]\n"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		fake_file("etc/profiles.conf", files[i]);
		assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_REFUSED);
		assert_int_equal(command(xvgpu_cmd_register,
					 fake_file("web.cfg", "name='web'\n"
							      "type='pvh'\n"
							      "vgpu=['" DIRECT "']\n"),
					 NULL),
				 XVGPU_EXIT_REFUSED);
		assert_string_equal(fake.xl_log, "");
		assert_nothing();
	}
}

static void not_for_pv_guests(void **state)
{
	static const char *const types[] = {"", "type='pv'", "type='hvm'", "type='PVH'"};
	char id[16];

	(void)state;
	for (int i = 0; i < 4; i++) {
		assert_int_equal(create(types[i], "'" DIRECT "'"), XVGPU_EXIT_CONFIG);
		assert_string_equal(fake.xl_log, "");
		assert_nothing();
	}
	/* The config may say what it likes: the domain counts. */
	fake.pvh = false;
	assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_REFUSED);
	assert_non_null(strstr(fake.xl_log, "destroy web;"));
	assert_nothing();
	snprintf(id, sizeof(id), "%u", fake_domain("pv", NULL));
	assert_int_equal(command(xvgpu_cmd_attach, id, DIRECT), XVGPU_EXIT_REFUSED);
	assert_nothing();
}

static void not_without_somebody_to_take_it_back(void **state)
{
	(void)state;
	close(daemon_lock);
	daemon_lock = -1;
	assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_REFUSED);
	assert_nothing();
}

static void a_board_without_the_page(void **state)
{
	static const char *const resources[] = {
		"", "0x0000000000000000 0x0000000000000000 0x0000000000000000\n",
		"0x000000000000e000 0x000000000000e07f 0x0000000000040101\n", /* ports */
		"0x00000000f8000000 0x00000000f8bb0ffe 0x0000000000040200\n",
		"0x00000000f8000800 0x00000000f9000fff 0x0000000000040200\n"};

	(void)state;
	for (size_t i = 0; i < sizeof(resources) / sizeof(resources[0]); i++) {
		fake_file(GPU "resource", resources[i]);
		assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_REFUSED);
		assert_nothing();
	}
	/* The function named is the board's sound: not a GPU. */
	fake_file(GPU "class", "0x040300\n");
	assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_REFUSED);
	assert_nothing();
}

static void xen_says_no(void **state)
{
	(void)state;
	fake.frame_error = -ENOMEM;
	assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_FAILED);
	assert_non_null(strstr(fake.xl_log, "destroy web;"));
	assert_nothing();
	/* The nodes cannot be written: the page comes back. */
	fake.frame_error = 0;
	fake.xl_log[0] = '\0';
	fake.refuse = 6;
	assert_int_equal(create("type='pvh'", "'" DIRECT "'"), XVGPU_EXIT_REFUSED); /* ENOSPC */
	assert_int_equal(fake.refuse, -1);
	assert_nothing();
}

static void detach_takes_it_back(void **state)
{
	unsigned int g = ringing_guest();
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u/0/state", gpudom, g);
	fake_put(path, "6");
	fake.frame_error = -EPERM;
	assert_int_equal(command(xvgpu_cmd_detach, "web", "0"), XVGPU_EXIT_REFUSED);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "in");
	fake.frame_error = 0;
	assert_int_equal(command(xvgpu_cmd_detach, "web", "0"), XVGPU_EXIT_OK);
	assert_int_equal(fake.n_frames, 0);
	assert_null(fake_value("/libxl/%u/device/vgpu/0/doorbell-page", g));
	later(1000);
	assert_int_equal(fake.n_frames, 0);
}

static void nobody_rings(unsigned int domid, const char *name)
{
	(void)domid;
	(void)name;
	assert_int_equal(fake.n_frames, 0);
}

/* The page first, then the reset and the next driver domain; if the page does not come, neither do they. */
static void a_dead_driver_domain(void **state)
{
	unsigned int g = ringing_guest();
	char path[128];
	struct stat st;

	(void)state;
	fake.on_create = nobody_rings;
	fake.xl_log[0] = '\0';
	fake.frame_error = -EBUSY;
	fake_kill(gpudom);
	for (int i = 0; i < 3; i++)
		later(1000);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:03:00.0/reset", xvgpu_paths.sysfs);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 0);
	assert_string_equal(fake.xl_log, "");
	assert_int_equal(fake.n_frames, 1);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "in");

	fake.frame_error = 0;
	later(1000);
	assert_non_null(strstr(fake.xl_log, "create "));
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_size, 1);
	assert_int_equal(fake.n_frames, 0);
	assert_null(fake_value("/local/domain/%u/device/vgpu/0/doorbell-frame", g));
	gpudom = fake.next_domid;
	later(100);
	assert_int_equal(fake.n_frames, 0); /* not before it serves */
	fake_serves(gpudom, "running");
	later(100);
	later(XVGPU_REPLUG_GAP);
	assert_int_equal(fake.n_frames, 1);
	assert_non_null(fake_value("/local/domain/%u/device/vgpu/0/doorbell-frame", g));
}

/* While it is still there: as soon as it says so, or has shut down, and before it is destroyed. */
static void an_ending_driver_domain(void **state)
{
	unsigned int g = ringing_guest();

	(void)state;
	fake.xl_log[0] = '\0';
	fake_serves(gpudom, "stopping");
	later(100);
	assert_int_equal(fake.n_frames, 0);
	fake_serves(gpudom, "running");
	later(100);
	assert_int_equal(fake.n_frames, 0);
	fake_kill(g);
	later(100);
	g = ringing_guest();
	fake_dom(gpudom)->shutdown = true;
	later(100);
	assert_int_equal(fake.n_frames, 0);
	fake_dom(gpudom)->shutdown = false;
	fake_kill(g);
	later(100);

	ringing_guest();
	fake.xl_log[0] = '\0';
	fake.frame_error = -EBUSY;
	fake_serves(gpudom, "lost");
	later(100);
	assert_string_equal(fake.xl_log, "");
	fake.frame_error = 0;
	fake.on_create = nobody_rings;
	later(1000);
	assert_non_null(strstr(fake.xl_log, "destroy gpudom;create "));
}

/* Whoever gave the page has died in the midst of it, or the driver domain while no daemon ran. */
static void a_new_daemon_cleans_up(void **state)
{
	struct xvgpu_page page = {.gfn = GFN + 2, .mfn = MFN, .back = gpudom};
	unsigned int g = fake_domain("half", NULL), other = ringing_guest();

	(void)state;
	assert_int_equal(xvgpu_page_note(k->xs, g, 2, "nobody", &page), -ENODEV);
	assert_int_equal(xvgpu_page_note(k->xs, g, 2, "half", &page), 0);
	assert_int_equal(xvgpu_frame_map(g, page.gfn, page.mfn), 0);
	assert_int_equal(fake.n_frames, 2);
	memset(k->driver, 0, sizeof(k->driver));
	k->n_drivers = 0;
	later(1000);
	assert_int_equal(fake.n_frames, 1);
	assert_int_equal(fake.frame[0].domid, other);
	assert_null(fake_value("/libxl/%u/device/vgpu/2/doorbell-page", g));
	fake_kill(gpudom);
	fake.on_create = nobody_rings;
	memset(k->driver, 0, sizeof(k->driver));
	k->n_drivers = 0;
	later(1000);
	assert_non_null(strstr(fake.xl_log, "gpudom.cfg;"));
	assert_int_equal(fake.n_frames, 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(the_page_of_the_right_board),
		T(others_do_not_get_it),
		T(not_without_trust),
		T(not_for_pv_guests),
		T(not_without_somebody_to_take_it_back),
		T(a_board_without_the_page),
		T(xen_says_no),
		T(detach_takes_it_back),
		T(a_dead_driver_domain),
		T(an_ending_driver_domain),
		T(a_new_daemon_cleans_up),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
