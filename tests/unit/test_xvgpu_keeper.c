/* SPDX-License-Identifier: MIT */
/*
 * The daemon's keeper against a fake host: guests and driver domains come, go, lie and die, and after
 * each step the nodes must be exactly those that should be there. A clock that the test moves makes
 * waits exact.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/keeper.h"

static struct xvgpu_keeper *k;
static uint64_t now;
static unsigned int gpudom;

static int setup(void **state)
{
	fake_setup(state);
	k = calloc(1, sizeof(*k));
	k->xs = xs_open(0);
	now = 1000000;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	xvgpu_domains_free(&k->domains);
	free(k);
	return 0;
}

static uint64_t pass(void)
{
	return xvgpu_keeper_pass(k, now);
}

static void later(uint64_t ms)
{
	now += ms;
	pass();
}

static void serving_gpudom(void)
{
	gpudom = fake_domain("gpudom", NULL);
	fake_serves(gpudom, "running");
	pass();
}

static void register_guest(const char *name, bool for_life, const char *uuid, const char *specs)
{
	struct xvgpu_record record = {.for_life = for_life};
	struct xvgpu_cfg *cfg;
	struct xvgpu_err err;
	char text[512];

	snprintf(text, sizeof(text), "name='%s'\nvgpu=[%s]\n", name, specs);
	assert_int_equal(xvgpu_cfg_parse("t", text, strlen(text), &cfg, &err), 0);
	assert_int_equal(xvgpu_guest_from(cfg, &record.guest, &err), 0);
	xvgpu_cfg_close(cfg);
	snprintf(record.guest.uuid, sizeof(record.guest.uuid), "%s", uuid ? uuid : "");
	assert_int_equal(xvgpu_record_write(&record, &err), 0);
}

static void assert_perms(int owner, int reader, const char *fmt, ...)
{
	struct fake_node *node;
	char path[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	node = fake_find(path);
	assert_non_null(node);
	if (node->owner != owner || node->reader != reader)
		fail_msg("%s: owner %d reader %d", path, node->owner, node->reader);
}

static int nodes_below(const char *fmt, ...)
{
	char path[128];
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	for (int i = 0; i < fake.n; i++)
		n += fake_below(fake.node[i].path, path);
	return n;
}

static unsigned int plugged_guest(void)
{
	unsigned int g;

	serving_gpudom();
	register_guest("web", false, NULL, "'backend=gpudom,profile=small'");
	g = fake_domain("web", NULL);
	pass();
	assert_non_null(fake_value("/xvgpu/%u/%u/0", gpudom, g));
	return g;
}

static void nodes_and_permissions(void **state)
{
	unsigned int g = plugged_guest();
	int b = (int)gpudom, f = (int)g;
	char path[96];

	(void)state;
	assert_string_equal(fake_value("/xvgpu/%d/%d/0/profile", b, f), "small");
	assert_string_equal(fake_value("/xvgpu/%d/%d/0/vram", b, f), "268435456");
	assert_string_equal(fake_value("/xvgpu/%d/%d/0/weight", b, f), "70");
	assert_perms(0, -1, "/xvgpu");
	assert_perms(0, b, "/xvgpu/%d", b);
	assert_perms(0, b, "/xvgpu/%d/%d", b, f);
	assert_perms(0, b, "/xvgpu/%d/%d/0", b, f);
	assert_perms(0, b, "/xvgpu/%d/%d/0/vram", b, f);

	assert_perms(b, -1, "/local/domain/%d/backend/vgpu", b);
	assert_perms(b, f, "/local/domain/%d/backend/vgpu/%d/0", b, f);
	assert_perms(b, f, "/local/domain/%d/backend/vgpu/%d/0/state", b, f);
	snprintf(path, sizeof(path), "/local/domain/%d/device/vgpu/0", f);
	assert_string_equal(fake_value("/local/domain/%d/backend/vgpu/%d/0/frontend", b, f), path);
	snprintf(path, sizeof(path), "%d", f);
	assert_string_equal(fake_value("/local/domain/%d/backend/vgpu/%d/0/frontend-id", b, f),
			    path);
	assert_string_equal(fake_value("/local/domain/%d/backend/vgpu/%d/0/online", b, f), "1");
	assert_string_equal(fake_value("/local/domain/%d/backend/vgpu/%d/0/state", b, f), "1");

	assert_perms(f, b, "/local/domain/%d/device/vgpu/0", f);
	assert_perms(f, b, "/local/domain/%d/device/vgpu/0/state", f);
	snprintf(path, sizeof(path), "/local/domain/%d/backend/vgpu/%d/0", b, f);
	assert_string_equal(fake_value("/local/domain/%d/device/vgpu/0/backend", f), path);
	snprintf(path, sizeof(path), "%d", b);
	assert_string_equal(fake_value("/local/domain/%d/device/vgpu/0/backend-id", f), path);
	assert_string_equal(fake_value("/local/domain/%d/device/vgpu/0/state", f), "1");

	assert_perms(0, -1, "/libxl/%d/device/vgpu/0", f);
	assert_string_equal(fake_value("/libxl/%d/device/vgpu/0/plug", f), "in");
}

static void plugging_is_done_once(void **state)
{
	unsigned int g = plugged_guest();
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/0/state", g);
	fake_put(path, "4");
	for (int i = 0; i < 5; i++)
		later(1000);
	assert_string_equal(fake_get(path), "4");
}

static void collisions_are_tried_again(void **state)
{
	(void)state;
	fake.collide = 5;
	plugged_guest();
}

/* A guest may write what it likes into its own nodes: nothing follows from it. */
static void guests_cannot_steer(void **state)
{
	unsigned int g = plugged_guest(), other = fake_domain("other", NULL);
	char path[96];
	int n;

	(void)state;
	n = nodes_below("/xvgpu");
	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/0/backend-id", g);
	fake_put(path, "0");
	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/0/state", g);
	fake_put(path, "\xff\xff");
	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/5/backend-id", other);
	fake_put(path, "0");
	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", other);
	fake_put(path, "state=lost vram-total=99999999999");
	later(1000);
	later(60000);
	assert_int_equal(nodes_below("/xvgpu"), n);
	assert_string_equal(fake.xl_log, "");
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "in");
}

static void a_dead_gpudom_is_started_again(void **state)
{
	unsigned int g = plugged_guest(), old = gpudom;
	char path[128];

	(void)state;
	fake_kill(gpudom);
	pass();
	/* The guest lost its device at once; what it is to get again is remembered. */
	assert_int_equal(nodes_below("/local/domain/%u/device/vgpu", g), 0);
	assert_int_equal(nodes_below("/xvgpu/%u/%u", old, g), 0);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "out");
	snprintf(path, sizeof(path), "create %s/gpudom.cfg;", xvgpu_paths.etc);
	assert_string_equal(fake.xl_log, path);
	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:03:00.0/reset", xvgpu_paths.sysfs);
	{
		struct stat st;

		assert_int_equal(stat(path, &st), 0);
		assert_int_equal(st.st_size, 1); /* the "1" that asks for a reset */
	}
	gpudom = fake.next_domid;
	later(100);
	assert_null(fake_value("/xvgpu/%u", old));
	assert_null(fake_value("/xvgpu/%u/%u", gpudom, g));
	/* It serves, but the guest's kernel must get time to see that the old node went. */
	fake_serves(gpudom, "running");
	later(100);
	assert_null(fake_value("/xvgpu/%u/%u", gpudom, g));
	later(XVGPU_REPLUG_GAP);
	assert_string_equal(fake_value("/xvgpu/%u/%u/0/vram", gpudom, g), "268435456");
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u/0", gpudom, g);
	assert_string_equal(fake_value("/local/domain/%u/device/vgpu/0/backend", g), path);
	assert_int_equal(nodes_below("/local/domain/%u", old), 0);
}

static void a_lost_gpu_is_recovered(void **state)
{
	unsigned int g = plugged_guest();
	char log[256];

	(void)state;
	fake_serves(gpudom, "lost");
	later(10);
	snprintf(log, sizeof(log), "destroy gpudom;create %s/gpudom.cfg;", xvgpu_paths.etc);
	assert_string_equal(fake.xl_log, log);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "out");
	gpudom = fake.next_domid;
	fake_serves(gpudom, "running");
	later(100);
	later(XVGPU_REPLUG_GAP);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "in");
}

static void a_gpudom_that_stops_stays_away(void **state)
{
	unsigned int g = plugged_guest(), old = gpudom;

	(void)state;
	fake_serves(gpudom, "stopping");
	later(10);
	fake_kill(gpudom);
	later(10);
	later(100000);
	assert_string_equal(fake.xl_log, "");
	assert_null(fake_value("/xvgpu/%u", old));
	/* Started by hand, it serves its guests again. */
	serving_gpudom();
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "in");
}

/* All of it happened between two looks: its words are still there, it is shut down already. */
static void last_words_are_heard_after_the_end(void **state)
{
	(void)state;
	plugged_guest();
	fake_serves(gpudom, "stopping");
	fake_dom(gpudom)->shutdown = true;
	later(100);
	fake_kill(gpudom);
	later(100);
	later(100000);
	assert_string_equal(fake.xl_log, "");
	assert_int_equal(k->driver[0].phase, XVGPU_STOPPED);
}

/* What the kernel was asked for: the files' contents, written one over the other. */
static void assert_sysfs(const char *attr, const char *text)
{
	char path[256], found[32] = "";
	FILE *f;

	snprintf(path, sizeof(path), "%s/bus/pci/devices/0000:03:00.0/%s", xvgpu_paths.sysfs, attr);
	f = fopen(path, "r");
	assert_non_null(f);
	found[fread(found, 1, sizeof(found) - 1, f)] = '\0';
	fclose(f);
	assert_string_equal(found, text);
}

static void a_gpu_that_needs_it_gets_a_reset_of_its_bus(void **state)
{
	(void)state;
	fake_file("sys/bus/pci/devices/0000:03:00.0/reset_method", "");
	fake_file("sys/bus/pci/devices/0000:03:00.0/reset", "");
	plugged_guest();
	fake_kill(gpudom);
	pass();
	assert_sysfs("reset", "1");
	assert_sysfs("reset_method", ""); /* an ordinary reset first */
	gpudom = fake.next_domid;
	later(100);
	fake_serves(gpudom, "needs-reset");
	later(100);
	assert_null(strstr(fake.xl_log, "destroy")); /* it goes by itself */
	fake_dom(gpudom)->shutdown = true;
	later(100);
	fake_kill(gpudom);
	fake_file("sys/bus/pci/devices/0000:03:00.0/reset", "");
	later(5000);
	assert_sysfs("reset", "1");
	assert_sysfs("reset_method", "default"); /* and before it "bus" */
	/* The next end is an ordinary one. */
	gpudom = fake.next_domid;
	later(100);
	fake_serves(gpudom, "running");
	later(100);
	fake_kill(gpudom);
	fake_file("sys/bus/pci/devices/0000:03:00.0/reset_method", "");
	later(20000);
	assert_sysfs("reset_method", "");
}

static void needs_reset(unsigned int domid, const char *name)
{
	(void)name;
	fake_serves(domid, "needs-reset");
}

/* Each try takes long, so that there are never many within a minute; they end all the same. */
static void slow_failures_are_limited_too(void **state)
{
	int creates = 0;

	(void)state;
	plugged_guest();
	fake.on_create = needs_reset;
	fake_kill(gpudom);
	for (int i = 0; i < 20; i++) {
		later(20000);
		later(100);
		if (fake_dom(fake.next_domid))
			fake_kill(fake.next_domid);
	}
	for (const char *p = fake.xl_log; (p = strstr(p, "create ")); p++)
		creates++;
	assert_int_equal(creates, XVGPU_START_MAX);
	assert_int_equal(k->driver[0].phase, XVGPU_GAVE_UP);
	assert_true(k->driver[0].stuck);
	/* One that serves, served by hand, starts the count anew. */
	fake.on_create = NULL;
	serving_gpudom();
	assert_int_equal(k->driver[0].tries, 0);
}

static void die_at_once(unsigned int domid, const char *name)
{
	(void)name;
	fake_kill(domid);
}

static void starts_are_limited(void **state)
{
	int creates = 0;

	(void)state;
	plugged_guest();
	fake.on_create = die_at_once;
	fake_kill(gpudom);
	for (int i = 0; i < 200; i++)
		later(1000);
	for (const char *p = fake.xl_log; (p = strstr(p, "create ")); p++)
		creates++;
	assert_int_equal(creates, XVGPU_START_MAX);
	assert_int_equal(k->driver[0].phase, XVGPU_GAVE_UP);
	/* A person who starts it gets it back. */
	fake.on_create = NULL;
	serving_gpudom();
	assert_int_equal(k->driver[0].phase, XVGPU_UP);
	fake_kill(gpudom);
	later(1000);
	assert_int_equal(k->driver[0].phase, XVGPU_STARTING);
}

static void xl_that_fails_is_tried_again(void **state)
{
	(void)state;
	serving_gpudom();
	fake.xl_fails = "create";
	fake_kill(gpudom);
	pass();
	assert_int_equal(k->driver[0].phase, XVGPU_DOWN);
	fake.xl_fails = NULL;
	later(900);
	assert_int_equal(k->driver[0].phase, XVGPU_DOWN);
	later(200);
	assert_int_equal(k->driver[0].phase, XVGPU_STARTING);
}

static void a_silent_gpudom_is_started_again(void **state)
{
	(void)state;
	serving_gpudom();
	fake_kill(gpudom);
	pass();
	later(XVGPU_START_TIME - 1);
	assert_null(strstr(fake.xl_log, "destroy"));
	later(1);
	assert_non_null(strstr(fake.xl_log, ";destroy gpudom;create "));
}

/* One started by hand is never destroyed for being slow. */
static void a_hand_started_gpudom_may_be_slow(void **state)
{
	(void)state;
	gpudom = fake_domain("gpudom", NULL);
	pass();
	later(10ull * XVGPU_START_TIME);
	assert_string_equal(fake.xl_log, "");
}

static void a_crashed_gpudom_left_behind_is_ended(void **state)
{
	(void)state;
	serving_gpudom();
	fake_dom(gpudom)->shutdown = true;
	later(1);
	later(XVGPU_LINGER - 1);
	assert_string_equal(fake.xl_log, "");
	later(1);
	assert_non_null(strstr(fake.xl_log, "destroy gpudom;create "));
}

static void garbage_from_gpudom_is_silence(void **state)
{
	char path[64];

	(void)state;
	gpudom = fake_domain("gpudom", NULL);
	snprintf(path, sizeof(path), "/local/domain/%u/data/xvgpu", gpudom);
	fake_make(path)->len = 9;
	memcpy(fake_find(path)->value, "st\0te=\xfflost", 9);
	later(1);
	fake_put(path, "state=runningstate=lost");
	later(1);
	assert_false(k->driver[0].running);
	assert_string_equal(fake.xl_log, "");
}

/* A daemon that was not there when the driver domain died finds its mark. */
static void a_new_daemon_picks_up(void **state)
{
	unsigned int g = plugged_guest();

	(void)state;
	fake_kill(gpudom);
	xvgpu_domains_free(&k->domains);
	memset(k, 0, sizeof(*k));
	k->xs = xs_open(0);
	later(1);
	assert_int_equal(k->driver[0].phase, XVGPU_STARTING);
	assert_string_equal(fake_value("/libxl/%u/device/vgpu/0/plug", g), "out");
}

static void nothing_is_started_unasked(void **state)
{
	(void)state;
	later(1);
	later(60000);
	assert_string_equal(fake.xl_log, "");
	k->start = true;
	later(1);
	assert_non_null(strstr(fake.xl_log, "create "));
}

static void a_gone_guest_is_closed_first(void **state)
{
	unsigned int g = plugged_guest();
	char path[96];

	(void)state;
	fake_kill(g);
	assert_true(pass() <= now + XVGPU_CLOSE_LOOK);
	assert_string_equal(fake_value("/local/domain/%u/backend/vgpu/%u/0/online", gpudom, g),
			    "0");
	assert_perms((int)gpudom, (int)g, "/local/domain/%u/backend/vgpu/%u/0/online", gpudom, g);
	assert_non_null(fake_value("/xvgpu/%u/%u/0/vram", gpudom, g));
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u/0/state", gpudom, g);
	fake_put(path, "6");
	later(100);
	assert_int_equal(nodes_below("/xvgpu/%u/%u", gpudom, g), 0);
	assert_int_equal(nodes_below("/local/domain/%u/backend/vgpu/%u", gpudom, g), 0);
}

static void a_back_that_does_not_close_is_removed(void **state)
{
	unsigned int g = plugged_guest();

	(void)state;
	fake_kill(g);
	later(1);
	later(XVGPU_CLOSE_TIME - 1);
	assert_non_null(fake_value("/xvgpu/%u/%u/0/vram", gpudom, g));
	later(1);
	assert_int_equal(nodes_below("/xvgpu/%u/%u", gpudom, g), 0);
	assert_int_equal(nodes_below("/local/domain/%u/backend/vgpu/%u", gpudom, g), 0);
}

static void a_rebooted_guest_gets_its_slice(void **state)
{
	unsigned int g = plugged_guest(), next;

	(void)state;
	fake_kill(g);
	next = fake_domain("web", NULL);
	later(1);
	assert_non_null(fake_value("/xvgpu/%u/%u/0/vram", gpudom, next));
}

static void a_uuid_must_match(void **state)
{
	static const char id[] = "11111111-2222-3333-4444-555555555555";
	unsigned int g;

	(void)state;
	serving_gpudom();
	register_guest("web", false, id, "'backend=gpudom,profile=small'");
	g = fake_domain("web", NULL);
	later(1);
	assert_null(fake_value("/xvgpu/%u/%u", gpudom, g));
	fake_kill(g);
	g = fake_domain("web", id);
	later(1);
	assert_non_null(fake_value("/xvgpu/%u/%u", gpudom, g));
}

static void a_created_guests_record_ends_with_it(void **state)
{
	static const char id[] = "11111111-2222-3333-4444-555555555555";
	struct xvgpu_record record;
	struct xvgpu_err err;
	unsigned int g;

	(void)state;
	serving_gpudom();
	register_guest("job", true, id, "'backend=gpudom,profile=small'");
	g = fake_domain("job", id);
	later(1);
	fake_kill(g); /* a reboot: xl makes it anew a little later */
	later(5000);
	g = fake_domain("job", id);
	later(1);
	assert_non_null(fake_value("/xvgpu/%u/%u", gpudom, g));
	later(2ull * XVGPU_FORGET);
	assert_int_equal(xvgpu_record_read("job", &record, &err), 0);
	fake_kill(g);
	later(1);
	later(XVGPU_FORGET - 1);
	assert_int_equal(xvgpu_record_read("job", &record, &err), 0);
	later(1);
	assert_int_equal(xvgpu_record_read("job", &record, &err), -ENOENT);
}

static void a_detached_slice_stays_out(void **state)
{
	unsigned int g = plugged_guest();
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "/libxl/%u/device/vgpu/0/plug", g);
	fake_put(path, "detached");
	later(1);		 /* its policy is nobody's now: closing … */
	later(XVGPU_CLOSE_TIME); /* … and gone */
	later(60000);
	assert_null(fake_value("/xvgpu/%u/%u", gpudom, g));
	assert_string_equal(fake_get(path), "detached");
}

static void a_full_gpu_makes_guests_wait(void **state)
{
	unsigned int a, b;

	(void)state;
	serving_gpudom();
	register_guest("a", false, NULL, "'backend=gpudom,profile=large'");
	register_guest("b", false, NULL, "'backend=gpudom,profile=small'");
	a = fake_domain("a", NULL);
	b = fake_domain("b", NULL);
	later(1);
	assert_non_null(fake_value("/xvgpu/%u/%u", gpudom, a));
	assert_null(fake_value("/xvgpu/%u/%u", gpudom, b));
	fake_kill(a);
	later(1);
	later(XVGPU_CLOSE_TIME);
	later(1);
	assert_non_null(fake_value("/xvgpu/%u/%u", gpudom, b));
}

static void folders_nobody_ordered_are_removed(void **state)
{
	unsigned int g = plugged_guest();
	char path[96];

	(void)state;
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/77/0/state", gpudom);
	fake_put(path, "4");
	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/evil", gpudom);
	fake_put(path, "x");
	later(1);
	assert_null(fake_value("/local/domain/%u/backend/vgpu/77", gpudom));
	assert_non_null(fake_value("/local/domain/%u/backend/vgpu/%u/0", gpudom, g));
}

static void damaged_records_are_passed_over(void **state)
{
	unsigned int g;

	(void)state;
	serving_gpudom();
	fake_file("lib/guests/web", "name='web'\nvgpu=[");
	fake_file("lib/guests/db", "name='other'\nvgpu=['backend=gpudom,profile=small']\n");
	g = fake_domain("web", NULL);
	fake_domain("db", NULL);
	fake_file("lib/gpudoms/broken", "config=[");
	later(1);
	assert_null(fake_value("/xvgpu/%u/%u", gpudom, g));
	assert_int_equal(nodes_below("/xvgpu/%u", gpudom), 2); /* the folder and the mark */
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(nodes_and_permissions),
		T(plugging_is_done_once),
		T(collisions_are_tried_again),
		T(guests_cannot_steer),
		T(a_dead_gpudom_is_started_again),
		T(a_lost_gpu_is_recovered),
		T(a_gpudom_that_stops_stays_away),
		T(last_words_are_heard_after_the_end),
		T(a_gpu_that_needs_it_gets_a_reset_of_its_bus),
		T(slow_failures_are_limited_too),
		T(starts_are_limited),
		T(xl_that_fails_is_tried_again),
		T(a_silent_gpudom_is_started_again),
		T(a_hand_started_gpudom_may_be_slow),
		T(a_crashed_gpudom_left_behind_is_ended),
		T(garbage_from_gpudom_is_silence),
		T(a_new_daemon_picks_up),
		T(nothing_is_started_unasked),
		T(a_gone_guest_is_closed_first),
		T(a_back_that_does_not_close_is_removed),
		T(a_rebooted_guest_gets_its_slice),
		T(a_uuid_must_match),
		T(a_created_guests_record_ends_with_it),
		T(a_detached_slice_stays_out),
		T(a_full_gpu_makes_guests_wait),
		T(folders_nobody_ordered_are_removed),
		T(damaged_records_are_passed_over),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
