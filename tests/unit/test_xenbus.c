/* SPDX-License-Identifier: MIT */
/*
 * test_xenbus.c - the state machine's plumbing against a small scripted xenstore.
 *
 * The peer writes its directory itself, so every value here may be anything; the toolstack may remove
 * ours at any moment.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/xenbus.h"
#include "tests/unit/fake_store.h"

static unsigned int log_lines;

void hv_log(enum hv_log_level level, const char *fmt, ...)
{
	(void)level;
	(void)fmt;
	log_lines++;
}

void hv_log_dom(hv_domid_t dom, enum hv_log_level level, const char *fmt, ...)
{
	(void)dom;
	(void)level;
	(void)fmt;
	log_lines++;
}

static int empty(void **state)
{
	(void)state;
	store_reset();
	log_lines = 0;
	return 0;
}

static int balanced(void **state)
{
	(void)state;
	assert_int_equal(open_txs, 0);
	return 0;
}

/* ---------------------------------------------------------------- typed reads */

static void numbers_are_strict(void **state)
{
	static const char *const bad[] = {"",
					  " 1",
					  "1 ",
					  "+1",
					  "-1",
					  "0x10",
					  "1\n",
					  "1.0",
					  "9999",
					  "one",
					  "184467440737095516160000000000000000"};
	uint64_t v = 5;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		set("d/k", bad[i]);
		assert_int_equal(xenbus_read_u64(0, "d", "k", 1000, &v), -EINVAL);
	}
	assert_int_equal(v, 5);
	set("d/k", "1000");
	assert_int_equal(xenbus_read_u64(0, "d", "k", 1000, &v), 0);
	assert_int_equal(v, 1000);
	assert_int_equal(xenbus_read_u64(0, "d", "none", 1000, &v), -ENOENT);
	set("d/k", "(denied)");
	assert_int_equal(xenbus_read_u64(0, "d", "k", 1000, &v), -EACCES);
	assert_int_equal(xenbus_write_u64(0, "d", "n", UINT64_MAX), 0);
	assert_string_equal(get("d/n"), "18446744073709551615");
	assert_int_equal(xenbus_read_u64(0, "d", "n", UINT64_MAX, &v), 0);
	assert_true(v == UINT64_MAX);
}

static void strings_and_long_names(void **state)
{
	char text[8], dir[300];

	(void)state;
	assert_int_equal(xenbus_write_str(0, "d", "s", "seven77"), 0);
	assert_int_equal(xenbus_read_str(0, "d", "s", text, sizeof(text)), 0);
	assert_string_equal(text, "seven77");
	set("d/s", "eight888");
	assert_int_equal(xenbus_read_str(0, "d", "s", text, sizeof(text)), -E2BIG);
	memset(dir, 'x', sizeof(dir) - 1);
	dir[sizeof(dir) - 1] = 0;
	assert_int_equal(xenbus_read_str(0, dir, "s", text, sizeof(text)), -EINVAL);
	assert_int_equal(xenbus_write_str(0, dir, "s", "v"), -EINVAL);
	assert_int_equal(writes, 1);
}

/* ---------------------------------------------------------------- open */

static int open_with(const char *peer, const char *id)
{
	struct xenbus_dev dev = {0};

	set("backend/vgpu/3/0/frontend", peer);
	set("backend/vgpu/3/0/frontend-id", id);
	return xenbus_open(&dev, "backend/vgpu/3/0", "frontend");
}

static void open_reads_the_peer(void **state)
{
	struct xenbus_dev dev = {0};

	(void)state;
	set("device/vgpu/0/backend", "/local/domain/2/backend/vgpu/5/0");
	set("device/vgpu/0/backend-id", "2");
	set("device/vgpu/0/state", "1");
	assert_int_equal(xenbus_open(&dev, "device/vgpu/0", "backend"), 0);
	assert_string_equal(dev.own, "device/vgpu/0");
	assert_string_equal(dev.peer, "/local/domain/2/backend/vgpu/5/0");
	assert_int_equal(dev.peer_dom, 2);
	assert_int_equal(dev.state, XenbusStateInitialising);
	assert_int_equal(dev.peer_state, XenbusStateUnknown);
	unset("device/vgpu/0/backend-id");
	assert_int_equal(xenbus_open(&dev, "device/vgpu/0", "backend"), -ENOENT);
	assert_int_equal(xenbus_open(&dev, "device/vgpu/1", "backend"), -ENOENT);
}

static void the_peers_path_must_be_its_own(void **state)
{
	char longest[XENBUS_DIR_MAX + 1];

	(void)state;
	assert_int_equal(open_with("/local/domain/3/device/vgpu/0", "3"), 0);
	assert_int_equal(open_with("/local/domain/3/a_b-c@d", "3"), 0);
	assert_int_equal(open_with("/local/domain/0/device/vgpu/0", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/33/device/vgpu/0", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3//device", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/device/", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/../0/device", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/dev ice", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/dev\xc3\xa9", "3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/03/device", "3"), -EINVAL);
	assert_int_equal(open_with("device/vgpu/0", "3"), -EINVAL);
	assert_int_equal(open_with("/xvgpu/3/0", "3"), -EINVAL);
	assert_int_equal(open_with("", "3"), -EINVAL);
	memset(longest, 'x', sizeof(longest));
	memcpy(longest, "/local/domain/3/", 16);
	longest[XENBUS_DIR_MAX] = 0;
	assert_int_equal(open_with(longest, "3"), -EINVAL);
	longest[XENBUS_DIR_MAX - 1] = 0;
	assert_int_equal(open_with(longest, "3"), 0);
}

static void the_peers_id_must_be_a_domain(void **state)
{
	(void)state;
	assert_int_equal(open_with("/local/domain/32751/d", "32751"), 0);
	assert_int_equal(open_with("/local/domain/32752/d", "32752"), -EINVAL); /* DOMID_SELF */
	assert_int_equal(open_with("/local/domain/3/d", "-3"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/d", "x"), -EINVAL);
	assert_int_equal(open_with("/local/domain/3/d", "65539"), -EINVAL); /* 3 in 16 bits */
}

static void own_names_are_limited(void **state)
{
	char own[XENBUS_DIR_MAX + 1], key[80];
	struct xenbus_dev dev = {0};

	(void)state;
	memset(own, 'o', sizeof(own));
	own[XENBUS_DIR_MAX] = 0;
	assert_int_equal(xenbus_open(&dev, own, "backend"), -EINVAL);
	memset(key, 'k', sizeof(key));
	key[79] = 0;
	assert_int_equal(xenbus_open(&dev, "device/vgpu/0", key), -EINVAL);
}

/* ---------------------------------------------------------------- watching */

static struct xenbus_dev dev0;
static unsigned int changes;
static enum xenbus_state last;

static void on_change(struct xenbus_dev *dev, enum xenbus_state state)
{
	assert_ptr_equal(dev, &dev0);
	assert_int_equal(dev->peer_state, state);
	changes++;
	last = state;
}

static int opened(void **state)
{
	empty(state);
	set("device/vgpu/0/backend", "/local/domain/2/backend/vgpu/5/0");
	set("device/vgpu/0/backend-id", "2");
	set("device/vgpu/0/state", "1");
	memset(&dev0, 0, sizeof(dev0));
	changes = 0;
	last = XenbusStateUnknown;
	if (xenbus_open(&dev0, "device/vgpu/0", "backend"))
		return -1;
	dev0.changed = on_change;
	return xenbus_watch_peer(&dev0);
}

static void peer_writes(const char *value)
{
	if (value)
		set("/local/domain/2/backend/vgpu/5/0/state", value);
	else
		unset("/local/domain/2/backend/vgpu/5/0/state");
	watched->fn(watched, watched->path);
	watched->fn(watched, watched->path); /* watches fire twice */
}

static void only_transitions_are_reported(void **state)
{
	(void)state;
	assert_string_equal(watched->path, "/local/domain/2/backend/vgpu/5/0/state");
	peer_writes(NULL);
	assert_int_equal(changes, 0);
	peer_writes("2");
	assert_int_equal(changes, 1);
	assert_int_equal(last, XenbusStateInitWait);
	peer_writes("4");
	assert_int_equal(changes, 2);
	peer_writes("9"); /* no state: as if the node were gone */
	assert_int_equal(changes, 3);
	assert_int_equal(last, XenbusStateUnknown);
	peer_writes("garbage");
	peer_writes("");
	peer_writes("0");
	peer_writes(NULL);
	assert_int_equal(changes, 3);
	peer_writes("8");
	assert_int_equal(last, XenbusStateReconfigured);
	peer_writes("(denied)");
	assert_int_equal(last, XenbusStateUnknown);
	xenbus_close(&dev0);
	assert_int_equal(watch_count, 0);
	xenbus_close(&dev0); /* harmless */
}

static void a_refused_watch_leaves_nothing_to_close(void **state)
{
	(void)state;
	xenbus_close(&dev0);
	watch_error = -ENOSPC;
	assert_int_equal(xenbus_watch_peer(&dev0), -ENOSPC);
	xenbus_close(&dev0);
	assert_int_equal(watch_count, 0);
}

/* ---------------------------------------------------------------- publishing */

static void states_are_published_once(void **state)
{
	(void)state;
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateInitialised), 0);
	assert_string_equal(get("device/vgpu/0/state"), "3");
	assert_int_equal(dev0.state, XenbusStateInitialised);
	assert_int_equal(writes, 1);
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateInitialised), 0);
	assert_int_equal(writes, 1);
	conflicts = 3; /* somebody interferes: done again */
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateConnected), 0);
	assert_int_equal(writes, 5);
	conflicts = 1000; /* but not for ever */
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateClosing), -EAGAIN);
	assert_int_equal(dev0.state, XenbusStateConnected);
	assert_int_equal(log_lines, 1);
}

static void a_removed_directory_is_not_made_again(void **state)
{
	(void)state;
	unset("device/vgpu/0/state");
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateClosing), -ENOENT);
	xenbus_error(&dev0, -EINVAL, "ring-ref %u", 7);
	assert_int_equal(writes, 0);
	assert_string_equal(get("device/vgpu/0/state"), "(none)");
	assert_string_equal(get("device/vgpu/0/error"), "(none)");
}

static void errors_are_published_and_logged(void **state)
{
	char longest[400];

	(void)state;
	xenbus_error(&dev0, -EINVAL, "ring-ref %u", 7);
	assert_string_equal(get("device/vgpu/0/error"), "-22 ring-ref 7");
	assert_int_equal(log_lines, 1);
	memset(longest, 'e', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = 0;
	xenbus_error(&dev0, EIO, "%s", longest); /* cut, not overrun */
	assert_int_equal(strlen(get("device/vgpu/0/error")), 2 + 199);
}

static void failures_of_the_store_come_back(void **state)
{
	(void)state;
	tx_error = -EIO;
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateClosing), -EIO);
	tx_error = 0;
	write_error = -ENOSPC;
	assert_int_equal(xenbus_set_state(&dev0, XenbusStateClosing), -ENOSPC);
	assert_int_equal(dev0.state, XenbusStateInitialising);
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(xenbus_state_name(XenbusStateUnknown), "Unknown");
	assert_string_equal(xenbus_state_name(XenbusStateReconfigured), "Reconfigured");
	assert_string_equal(xenbus_state_name((enum xenbus_state)9), "invalid");
	assert_string_equal(xenbus_state_name((enum xenbus_state) - 1), "invalid");
}

#define T(fn, setup) cmocka_unit_test_setup_teardown(fn, setup, balanced)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(numbers_are_strict, empty),
		T(strings_and_long_names, empty),
		T(open_reads_the_peer, empty),
		T(the_peers_path_must_be_its_own, empty),
		T(the_peers_id_must_be_a_domain, empty),
		T(own_names_are_limited, empty),
		T(only_transitions_are_reported, opened),
		T(a_refused_watch_leaves_nothing_to_close, opened),
		T(states_are_published_once, opened),
		T(a_removed_directory_is_not_made_again, opened),
		T(errors_are_published_and_logged, opened),
		T(failures_of_the_store_come_back, opened),
		T(states_have_names, empty),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
