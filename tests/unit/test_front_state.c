/* SPDX-License-Identifier: MIT */
/*
 * The bare front's life: nodes that come late or are garbage, backends that die, close, return or
 * toggle in every state, re-plugs with and without warning, failures of every resource it needs. It
 * must come back when it is plugged properly, and leave nothing behind.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "front_back.h"

static struct fb fb;

/* A machine whose guest follows device 0, which is not plugged yet. */
static int setup(void **state)
{
	int ret;

	(void)state;
	fb_new(&fb);
	guest_in(&fb);
	ret = front_open(0, NULL, NULL, &fb.dev);
	guest_out(&fb);
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	fb_end(&fb);
	return 0;
}

static void works(void)
{
	uint8_t data[64] = "video memory", back[64] = "";

	assert_int_equal(front_state(fb.dev), FRONT_CONNECTED);
	assert_int_equal(fb_front_state(&fb), XenbusStateConnected);
	guest_in(&fb);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 64, data, sizeof(data)), 0);
	assert_int_equal(front_mem_read(fb.dev, FB_HANDLE, 64, back, sizeof(back)), 0);
	guest_out(&fb);
	assert_memory_equal(data, back, sizeof(data));
}

/* What the guest holds besides the front's own watch. */
static void nothing_left(void)
{
	struct hosted_usage u;

	hosted_usage(fb.h, fb.guest, &u);
	assert_int_equal(u.pages, 0);
	assert_int_equal(u.grants, 0);
	assert_int_equal(u.ports, 0);
	assert_int_equal(u.maps, 0);
}

/* A new backend domain, plugged in place of the old one. */
static void replug_new_backend(void)
{
	fb.deaf = false;
	fb_restart(&fb);
	fb_plug(&fb);
	fb_run(&fb);
	assert_int_equal(fb_connect(&fb), 0);
	works();
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static void test_open_arguments(void **state)
{
	struct front_dev *dev;

	(void)state;
	guest_in(&fb);
	assert_int_equal(front_open(XENVGPU_MAX_DEVICES, NULL, NULL, &dev), -EINVAL);
	assert_int_equal(front_wait_connected(fb.dev, HV_S), -ETIMEDOUT);
	assert_int_equal(front_ping(fb.dev, 0), -ENODEV);
	assert_null(front_buf_get(fb.dev));
	guest_out(&fb);
}

static enum front_state seen[16];
static unsigned int seen_n;

static void note(struct front_dev *dev, enum front_state s, void *arg)
{
	(void)dev;
	(void)arg;
	if (seen_n < 16)
		seen[seen_n++] = s;
}

static void test_states_in_order(void **state)
{
	(void)state;
	guest_in(&fb);
	front_destroy(fb.dev);
	assert_int_equal(front_open(0, note, NULL, &fb.dev), 0);
	guest_out(&fb);
	seen_n = 0;
	fb_plug(&fb);
	fb_run(&fb);
	assert_int_equal(fb_connect(&fb), 0);
	works();
	fb_back_state(&fb, XenbusStateClosing);
	fb_run(&fb);
	assert_int_equal(seen_n, 4);
	assert_int_equal(seen[0], FRONT_CONNECTING);
	assert_int_equal(seen[1], FRONT_CONNECTED);
	assert_int_equal(seen[2], FRONT_CLOSING);
	assert_int_equal(seen[3], FRONT_CLOSED);
}

/* ---------------------------------------------------------------- loss in each state */

enum stage {
	PLUGGED,    /* backend Initialising */
	OFFERED,    /* front Initialised, nothing mapped */
	ATTACHED,   /* mapped and bound, backend still InitWait */
	CONNECTED,  /* both */
	USED,	    /* buffers and grants exist */
	IN_TRAFFIC, /* requests pending */
	CLOSING,    /* front Closing, backend still Connected */
	STAGES
};

static unsigned int lost_requests;

static void count_lost(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		       void *arg)
{
	(void)dev;
	(void)arg;
	(void)rsp;
	if (status == -ENODEV)
		lost_requests++;
}

static void go_to(enum stage stage)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING};

	fb.deaf = false;
	lost_requests = 0;
	fb_plug(&fb);
	fb_run(&fb);
	if (stage == PLUGGED)
		return;
	fb_offer(&fb);
	hosted_advance(fb.h, 300 * HV_MS);
	assert_int_equal(fb_front_state(&fb), XenbusStateInitialised);
	if (stage == OFFERED)
		return;
	assert_int_equal(fb_attach(&fb), 0);
	if (stage == ATTACHED)
		return;
	fb_back_state(&fb, XenbusStateConnected);
	fb_run(&fb);
	if (stage == CONNECTED)
		return;
	works();
	if (stage == USED)
		return;
	guest_in(&fb);
	if (stage == CLOSING) {
		front_close(fb.dev);
	} else {
		struct front_buf *buf = front_buf_get(fb.dev);

		assert_non_null(buf);
		fb.deaf = true;
		for (unsigned int i = 0; i < 5; i++)
			assert_true(front_submit(fb.dev, &req, count_lost, NULL) >= 0);
		assert_true(front_copy(fb.dev, XENVGPU_OP_MEM_READ, FB_HANDLE, 0, buf, 4096,
				       count_lost, NULL) >= 0);
		front_flush(fb.dev);
		front_forget(fb.dev, 0);
		/* Taken by the caller still, and put back after the loss. */
		fb.arg = buf;
	}
	guest_out(&fb);
	fb_run(&fb);
}

static void after_loss(enum stage stage)
{
	fb_run(&fb);
	if (stage == IN_TRAFFIC) {
		assert_int_equal(lost_requests, 5); /* one of six was forgotten */
		guest_in(&fb);
		front_buf_put(fb.dev, fb.arg);
		guest_out(&fb);
	}
	assert_int_equal(front_pending(fb.dev), 0);
}

static void test_backend_dies(void **state)
{
	(void)state;
	for (enum stage s = PLUGGED; s < CLOSING; s++) {
		print_message("dies in stage %d\n", s);
		go_to(s);
		fb_die(&fb);
		after_loss(s);
		nothing_left();
		replug_new_backend();
		fb_die(&fb);
		fb_run(&fb);
		fb_restart(&fb);
	}
}

static void test_unplugged(void **state)
{
	(void)state;
	for (enum stage s = PLUGGED; s < CLOSING; s++) {
		print_message("unplugged in stage %d\n", s);
		go_to(s);
		fb_unplug(&fb);
		after_loss(s);
		assert_int_equal(front_state(fb.dev), FRONT_WAITING);
		fb_detach(&fb);
		hosted_advance(fb.h, 10 * HV_S);
		nothing_left();
		/* No node has come back by itself. */
		assert_int_equal(fb_front_state(&fb), 0);
	}
}

/* Same backend domain, node removed and made again before the guest has looked. */
static void test_replugged_at_once(void **state)
{
	(void)state;
	for (enum stage s = OFFERED; s < CLOSING; s++) {
		print_message("re-plugged in stage %d\n", s);
		go_to(s);
		fb_plug(&fb);
		after_loss(s);
		fb_detach(&fb);
		fb.deaf = false;
		assert_int_equal(fb_connect(&fb), 0);
		works();
		fb_unplug(&fb);
		fb_run(&fb);
		fb_detach(&fb);
		hosted_advance(fb.h, 10 * HV_S);
		nothing_left();
	}
}

/* A new backend domain takes over while the old one lives on and keeps its maps. */
static void test_replugged_elsewhere(void **state)
{
	struct hv_grant_map kept[2];
	hv_domid_t old;

	(void)state;
	go_to(USED);
	old = fb.back;
	memcpy(kept, fb.map, sizeof(kept));
	fb.mapped = false;
	replug_new_backend();
	assert_int_equal(front_backend(fb.dev), fb.back);
	/* Two pages cannot be had back yet, and are not used again. */
	assert_int_equal(front_stats(fb.dev)->pages_held, 2);
	hosted_advance(fb.h, 60 * HV_S);
	assert_int_equal(front_stats(fb.dev)->pages_held, 2);
	hosted_enter(fb.h, old);
	hv_grant_unmap(kept, 2);
	hosted_leave();
	hosted_advance(fb.h, 10 * HV_S);
	assert_int_equal(front_stats(fb.dev)->pages_held, 0);
	works();
}

/* ---------------------------------------------------------------- the backend closes, returns */

static void test_backend_closes(void **state)
{
	(void)state;
	for (enum stage s = OFFERED; s < CLOSING; s++) {
		print_message("closes in stage %d\n", s);
		go_to(s);
		fb_back_state(&fb, XenbusStateClosing);
		after_loss(s);
		assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
		fb_detach(&fb);
		fb_back_state(&fb, XenbusStateClosed);
		hosted_advance(fb.h, HV_S);
		/* online is 1: asks to be served anew */
		assert_int_equal(fb_front_state(&fb), XenbusStateInitialising);
		fb.deaf = false;
		assert_int_equal(fb_connect(&fb), 0);
		works();
		fb_unplug(&fb);
		fb_run(&fb);
		fb_detach(&fb);
		hosted_advance(fb.h, 10 * HV_S);
		nothing_left();
	}
}

static void test_backend_goes_offline(void **state)
{
	(void)state;
	go_to(USED);
	fb_set(&fb, fb_back_dir(&fb), "online", "0");
	fb_back_state(&fb, XenbusStateClosing);
	fb_run(&fb);
	fb_detach(&fb);
	fb_back_state(&fb, XenbusStateClosed);
	hosted_advance(fb.h, 10 * HV_S);
	assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
	assert_int_equal(front_state(fb.dev), FRONT_CLOSED);
	nothing_left();
}

/* A backend that starts again in its old domain goes from Connected to InitWait. */
static void test_backend_starts_again(void **state)
{
	(void)state;
	go_to(USED);
	fb_detach(&fb);
	fb_back_state(&fb, XenbusStateInitWait);
	fb_run(&fb);
	assert_int_equal(fb_front_state(&fb), XenbusStateClosing);
	hosted_advance(fb.h, 2 * HV_S); /* nobody answers the close */
	assert_int_equal(fb_connect(&fb), 0);
	works();
}

static void test_backend_never_closes(void **state)
{
	(void)state;
	go_to(CLOSING);
	assert_int_equal(fb_front_state(&fb), XenbusStateClosing);
	hosted_advance(fb.h, 2 * HV_S);
	assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
	fb_detach(&fb);
	hosted_advance(fb.h, 10 * HV_S);
	nothing_left();
	/* front_close() is final. */
	fb_back_state(&fb, XenbusStateClosed);
	fb_offer(&fb);
	hosted_advance(fb.h, 10 * HV_S);
	assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
	guest_in(&fb);
	assert_int_equal(front_wait_connected(fb.dev, HV_S), -ENODEV);
	guest_out(&fb);
}

/* Toggling makes the front connect, but only so often, and it keeps nothing. */
static void test_backend_toggles(void **state)
{
	static const unsigned int states[] = {XenbusStateInitWait,     XenbusStateConnected,
					      XenbusStateClosing,      XenbusStateClosed,
					      XenbusStateInitialising, 99};
	struct hosted_usage u;

	(void)state;
	go_to(CONNECTED);
	fb_detach(&fb);
	for (unsigned int i = 0; i < 3000; i++) {
		fb_back_state(&fb, states[(i * 7 + i / 5) % 6]);
		hosted_advance(fb.h, HV_MS);
	}
	assert_true(front_stats(fb.dev)->losses <= 31);
	hosted_usage(fb.h, fb.guest, &u);
	assert_true(u.pages <= 2);
	assert_true(u.ports <= 1);
	fb_back_state(&fb, XenbusStateClosed);
	hosted_advance(fb.h, 10 * HV_S);
	assert_int_equal(fb_connect(&fb), 0);
	works();
}

/* ---------------------------------------------------------------- the front closes */

static void test_destroyed_in_each_stage(void **state)
{
	(void)state;
	for (enum stage s = PLUGGED; s < STAGES; s++) {
		struct hosted_usage u;

		print_message("destroyed in stage %d\n", s);
		go_to(s);
		fb_detach(&fb);
		guest_in(&fb);
		front_destroy(fb.dev); /* buffers that are taken go with it */
		guest_out(&fb);
		assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
		hosted_usage(fb.h, fb.guest, &u);
		assert_int_equal(u.watches, 0);
		nothing_left();
		/* The next driver finds Closed, with a backend that may be anywhere. */
		fb_back_state(&fb, XenbusStateClosed);
		fb.deaf = false;
		guest_in(&fb);
		assert_int_equal(front_open(0, NULL, NULL, &fb.dev), 0);
		guest_out(&fb);
		hosted_advance(fb.h, HV_S);
		assert_int_equal(fb_front_state(&fb), XenbusStateInitialising);
		assert_int_equal(fb_connect(&fb), 0);
		works();
		fb_unplug(&fb);
		fb_run(&fb);
		fb_detach(&fb);
		hosted_advance(fb.h, 10 * HV_S);
	}
}

/* A predecessor that died without a word left its state, its grants and ports are gone. */
static void test_predecessor(void **state)
{
	static const char *const states[] = {"3", "4", "5", "6", "2", "8"};

	(void)state;
	for (unsigned int i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		print_message("predecessor in state %s\n", states[i]);
		guest_in(&fb);
		front_destroy(fb.dev);
		guest_out(&fb);
		fb_plug(&fb);
		fb_set(&fb, fb_front_dir(&fb), "state", states[i]);
		fb_set(&fb, fb_back_dir(&fb), "state", "4");
		guest_in(&fb);
		assert_int_equal(front_open(0, NULL, NULL, &fb.dev), 0);
		guest_out(&fb);
		fb_run(&fb);
		assert_int_equal(fb_front_state(&fb), states[i][0] == '6' ? 6 : 5);
		fb_back_state(&fb, XenbusStateClosing);
		fb_run(&fb);
		assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
		fb_back_state(&fb, XenbusStateClosed);
		hosted_advance(fb.h, HV_S);
		assert_int_equal(fb_connect(&fb), 0);
		works();
		fb_unplug(&fb);
		fb_run(&fb);
		fb_detach(&fb);
	}
}

/* ---------------------------------------------------------------- garbage in nodes */

static void test_garbage_in_own_nodes(void **state)
{
	static const char *const paths[] = {"",
					    "/",
					    "/local/domain/0/backend/vgpu/1/0",
					    "nonsense",
					    "/local/domain/2/../0/x",
					    "/local/domain/2/"};
	static const char *const ids[] = {"", "-1", "2 ", "65536", "0x2", "99999999999999999999"};

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		fb_plug(&fb);
		fb_set(&fb, fb_front_dir(&fb), "backend", paths[i]);
		fb_run(&fb);
		fb_offer(&fb);
		assert_int_equal(front_state(fb.dev), FRONT_WAITING);
		fb_plug(&fb);
		fb_set(&fb, fb_front_dir(&fb), "backend-id", ids[i]);
		fb_run(&fb);
		fb_offer(&fb);
		assert_int_equal(front_state(fb.dev), FRONT_WAITING);
		nothing_left();
		fb_unplug(&fb);
		fb_run(&fb);
	}
	fb_plug(&fb);
	fb_run(&fb);
	assert_int_equal(fb_connect(&fb), 0);
	works();
}

static void test_garbage_in_backend_nodes(void **state)
{
	static const struct {
		const char *key, *value;
		bool ok;
	} cases[] = {
		{"versions", "", false},
		{"versions", "0", false},
		{"versions", "2", false},
		{"versions", "11", false},
		{"versions", "1x", false},
		{"versions", "1 ", false},
		{"versions", "-1", false},
		{"versions", "1,", false},
		{"versions", ",1", false},
		{"versions", "2,,1", false},
		{"versions", "4294967297", false},
		{"versions", "2,1,3", true},
		{"versions", "1", true},
		{"versions",
		 "2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,2,1",
		 false},
		{"feature-bar-copy", "2", false},
		{"feature-bar-copy", "", false},
		{"feature-bar-copy", "yes", false},
		{"feature-bar-copy", "-0", false},
		{"feature-bar-copy", "0", true},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s=%.20s\n", cases[i].key, cases[i].value);
		fb_plug(&fb);
		hosted_advance(fb.h, HV_S);
		fb_set(&fb, fb_back_dir(&fb), "versions", "1");
		fb_set(&fb, fb_back_dir(&fb), "feature-bar-copy", "1");
		fb_set(&fb, fb_back_dir(&fb), cases[i].key, cases[i].value);
		fb_back_state(&fb, XenbusStateInitWait);
		fb_run(&fb);
		assert_int_equal(front_state(fb.dev),
				 cases[i].ok ? FRONT_CONNECTING : FRONT_FAILED);
		if (!cases[i].ok)
			assert_int_equal(fb_front_state(&fb), XenbusStateClosing);
	}
	/* Without the feature no copy is tried. */
	assert_int_equal(fb_attach(&fb), 0);
	fb_back_state(&fb, XenbusStateConnected);
	fb_run(&fb);
	guest_in(&fb);
	assert_false(front_can_copy(fb.dev));
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, "1234", 4), -EOPNOTSUPP);
	assert_int_equal(front_ping(fb.dev, 3), 0);
	guest_out(&fb);
}

/* ---------------------------------------------------------------- failures of our own resources */

static void test_every_resource_fails_once(void **state)
{
	static const enum hosted_fail kinds[] = {HOSTED_FAIL_PAGES, HOSTED_FAIL_GRANT_GIVE,
						 HOSTED_FAIL_EVTCHN, HOSTED_FAIL_XENSTORE};

	(void)state;
	for (unsigned int k = 0; k < 4; k++) {
		unsigned int n, calls;

		go_to(PLUGGED);
		hosted_fail_nth(fb.h, fb.guest, kinds[k], 0);
		fb_connect(&fb);
		works();
		calls = hosted_fail_calls(fb.h, fb.guest, kinds[k]);
		print_message("kind %d: %u calls\n", kinds[k], calls);
		assert_true(calls > 0);
		for (n = 1; n <= calls; n++) {
			uint8_t word[4] = {0};

			fb_unplug(&fb);
			fb_run(&fb);
			fb_detach(&fb);
			hosted_advance(fb.h, 10 * HV_S);
			nothing_left();
			go_to(PLUGGED);
			hosted_fail_nth(fb.h, fb.guest, kinds[k], n);
			fb_offer(&fb);
			hosted_advance(fb.h, 5 * HV_S);
			if (!fb_attach(&fb))
				fb_back_state(&fb, XenbusStateConnected);
			fb_run(&fb);
			guest_in(&fb);
			(void)hv_loop_until(never, NULL, 5 * HV_S);
			(void)front_mem_write(fb.dev, FB_HANDLE, 0, word, 4);
			guest_out(&fb);
			hosted_fail_nth(fb.h, fb.guest, kinds[k], 0);
			/* Whatever became of it, a proper plug works. */
			fb_detach(&fb);
			fb_plug(&fb);
			fb_run(&fb);
			assert_int_equal(fb_connect(&fb), 0);
			works();
		}
		fb_unplug(&fb);
		fb_run(&fb);
		fb_detach(&fb);
	}
}

static void test_hundred_cycles(void **state)
{
	struct hosted_usage u, first = {0};

	(void)state;
	for (unsigned int i = 0; i < 100; i++) {
		go_to(USED);
		fb_unplug(&fb);
		fb_run(&fb);
		fb_detach(&fb);
		hosted_advance(fb.h, 10 * HV_S);
		nothing_left();
		hosted_usage(fb.h, fb.guest, &u);
		if (!i)
			first = u;
		assert_memory_equal(&u, &first, sizeof(u));
	}
	assert_int_equal(front_stats(fb.dev)->connects, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_open_arguments, setup, teardown),
		cmocka_unit_test_setup_teardown(test_states_in_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_dies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unplugged, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replugged_at_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_replugged_elsewhere, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_goes_offline, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_starts_again, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_never_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_backend_toggles, setup, teardown),
		cmocka_unit_test_setup_teardown(test_destroyed_in_each_stage, setup, teardown),
		cmocka_unit_test_setup_teardown(test_predecessor, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage_in_own_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_garbage_in_backend_nodes, setup, teardown),
		cmocka_unit_test_setup_teardown(test_every_resource_fails_once, setup, teardown),
		cmocka_unit_test_setup_teardown(test_hundred_cycles, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
