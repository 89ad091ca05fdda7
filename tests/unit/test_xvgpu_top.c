/* SPDX-License-Identifier: MIT */
/*
 * Counters of slices: as numbers in `list --json`, as rates in `top`. A driver domain that lies, goes
 * away or starts anew makes them unknown, never wrong text.
 */
#include "tests/unit/xvgpu_fake.h"

#include "hv/dom0/commands.h"
#include "hv/dom0/counters.h"

static unsigned int gpudom, guest;
static char stats[96];

static int setup(void **state)
{
	char cfg[128], name[] = "create";
	char *argv[] = {name, cfg, NULL};

	fake_setup(state);
	gpudom = fake_domain("gpudom", NULL);
	fake_serves(gpudom, "running");
	snprintf(cfg, sizeof(cfg), "%s",
		 fake_file("web.cfg", "name='web'\nvgpu=['backend=gpudom,profile=small']\n"));
	assert_int_equal(xvgpu_cmd_create(2, argv), XVGPU_EXIT_OK);
	guest = gpudom + 1;
	snprintf(stats, sizeof(stats), "/local/domain/%u/backend/vgpu/%u/0/stats", gpudom, guest);
	return 0;
}

/* What a command prints, with up to four words. */
static const char *output(enum xvgpu_exit (*fn)(int, char **), const char *const words[],
			  enum xvgpu_exit code)
{
	char copy[5][64];
	char *argv[6] = {NULL};
	int argc = 0, saved;

	for (; words[argc]; argc++) {
		snprintf(copy[argc], sizeof(copy[argc]), "%s", words[argc]);
		argv[argc] = copy[argc];
	}
	saved = fake_output_begin();
	assert_int_equal(fn(argc, argv), code);
	return fake_output_end(saved);
}

static void has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, text);
}

static void counters_are_numbers_in_json(void **state)
{
	static const char *const words[] = {"list", "--json", NULL};
	const char *text;

	(void)state;
	fake_put(stats,
		 "vram=0+268435456 used=4096 requests=007 bytes-written=18446744073709551615 "
		 "bytes-read=18446744073709551616 doorbells=-1 faults=1e3 channels=\"3\" "
		 "imported-pages=5");
	text = output(xvgpu_cmd_list, words, XVGPU_EXIT_OK);
	has(text, "\"channels\": 64, \"engines\": \"copy,graphics\", \"imports\": 32768, ");
	has(text, "\"counters\": {\"engine_us\": null, \"doorbells\": null, "
		  "\"bytes_written\": 18446744073709551615, \"bytes_read\": null, "
		  "\"requests\": null, \"faults\": null, \"vram_used\": 4096, "
		  "\"imported_pages\": 5, \"channels\": null}, \"stats\": {\"vram\": ");
}

static void an_older_policy_is_told_as_unknown(void **state)
{
	static const char *const words[] = {"list", "--json", NULL};
	char path[64];

	(void)state;
	snprintf(path, sizeof(path), "/xvgpu/%u/%u/0/channels", gpudom, guest);
	fake_rm(path);
	snprintf(path, sizeof(path), "/xvgpu/%u/%u/0/engines", gpudom, guest);
	fake_rm(path);
	has(output(xvgpu_cmd_list, words, XVGPU_EXIT_OK),
	    "\"channels\": -1, \"engines\": \"\", \"imports\": 32768, ");
}

static void rates(void **state)
{
	struct xvgpu_counters before, now;
	struct xvgpu_pairs pairs;
	double rate = -1;

	(void)state;
	xvgpu_pairs_parse("engine-us=1000 doorbells=5 faults=9", &pairs);
	xvgpu_counters_from(&pairs, &before);
	xvgpu_pairs_parse("engine-us=501000 faults=8 channels=3", &pairs);
	xvgpu_counters_from(&pairs, &now);
	assert_true(xvgpu_counter_rate(&before, &now, XVGPU_ENGINE_US, 2000000, &rate));
	assert_true(rate == 250000);
	assert_false(xvgpu_counter_rate(&before, &now, XVGPU_DOORBELLS, 1, &rate));
	assert_false(xvgpu_counter_rate(&before, &now, XVGPU_CHANNELS, 1, &rate));
	assert_false(xvgpu_counter_rate(&before, &now, XVGPU_FAULTS, 1, &rate)); /* anew */
	assert_true(rate == 250000);
}

static void top_shows_a_line_for_each_slice(void **state)
{
	static const char *const words[] = {"top", "-d", "1", "-n", "1"};
	const char *args[6] = {words[0], words[1], words[2], words[3], words[4], NULL};
	const char *text;

	(void)state;
	fake_put(stats, "used=8192 engine-us=77 bytes-written=1 bytes-read=1 doorbells=3 faults=2 "
			"channels=4 imported-pages=16 \x1b[2J=1");
	text = output(xvgpu_cmd_top, args, XVGPU_EXIT_OK);
	has(text, "GUEST");
	has(text, "\nweb ");
	/* Nothing has happened in between; "now" counters are what they are. */
	has(text,
	    "         0%          0          0         16          8          4          2\n");
	assert_null(strchr(text, '\x1b'));
	fake_put(stats, "garbage");
	text = output(xvgpu_cmd_top, args, XVGPU_EXIT_OK);
	has(text, "         -          -          -          -          -          -          -\n");
}

static void wrong_options(void **state)
{
	static const char *const wrong[][4] = {
		{"top", "-d", "0"},  {"top", "-d", "3601"}, {"top", "-d", "x"}, {"top", "-n", "0"},
		{"top", "-n", "-1"}, {"top", "web"},	    {"top", "-x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		output(xvgpu_cmd_top, wrong[i], XVGPU_EXIT_USAGE);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup(fn, setup)
	const struct CMUnitTest tests[] = {
		T(counters_are_numbers_in_json),
		T(an_older_policy_is_told_as_unknown),
		T(rates),
		T(top_shows_a_line_for_each_slice),
		T(wrong_options),
	};

	return cmocka_run_group_tests(tests, fake_group_setup, fake_group_teardown);
}
