/* SPDX-License-Identifier: MIT */
/*
 * test_common.c - hv/common: the log's shape and its brake, hypercall counters. (Timers and deferred
 * work are held to hv.h by tests/conformance.)
 */
#include "tests/unit/hosted_test.h"
#include "hv/common/common.h"

static void lines_tell_their_level(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "a");

	AS(h, d)
	{
		hv_log(HV_ERR, "one %d", 1);
		hv_log(HV_WARN, "two");
		hv_log(HV_INFO, "three");
		hv_log(HV_DEBUG, "not wanted");
		hv_log_debug(true);
		hv_log(HV_DEBUG, "four");
		hv_log(HV_INFO, "%s", "");
	}
	assert_string_equal(hosted_log(h, d), "error: one 1\nwarning: two\nthree\ndebug: four\n\n");
}

static void a_line_stays_one_line(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "a");

	AS(h, d)
	{
		hv_log(HV_INFO, "guest says \"%s\"", "x\nerror: forged\x1b[2J\t\x7f");
		hv_log(HV_INFO, "ends with a newline\n");
	}
	assert_string_equal(hosted_log(h, d),
			    "guest says \"x?error: forged?[2J??\"\nends with a newline\n");
}

static void long_lines_are_cut(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "a");
	char text[2000];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	AS(h, d)
	{
		hv_log(HV_INFO, "%s", text);
		hv_log(HV_ERR, "%s", text);
	}
	assert_int_equal(strlen(hosted_log(h, d)), 2 * 512);
	assert_int_equal(strchr(hosted_log(h, d), '\n') - hosted_log(h, d), 511);
}

static void the_brake_counts_what_it_holds_back(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "a");

	AS(h, d)
	{
		for (unsigned int i = 0; i < 100; i++)
			hv_log_dom(7, HV_WARN, "dom7: bad request");
		hv_log_dom(8, HV_WARN, "dom8: bad request");
	}
	assert_int_equal(hosted_log_count(h, d, "dom7: bad request"), HV_LOG_BURST);
	assert_int_equal(hosted_log_count(h, d, "dom8: bad request"), 1);
	assert_int_equal(hosted_advance(h, HV_S - 1), 0);
	AS(h, d)
	hv_log_dom(7, HV_WARN, "dom7: still bad");
	assert_int_equal(hosted_log_count(h, d, "still bad"), 0);
	assert_int_equal(hosted_advance(h, 1), 0);
	AS(h, d)
	hv_log_dom(7, HV_WARN, "dom7: allowed again");
	assert_int_equal(hosted_log_count(h, d, "dom7: 96 messages suppressed"), 1);
	assert_int_equal(hosted_log_count(h, d, "allowed again"), 1);
	/* Told once. */
	AS(h, d)
	hv_log_dom(7, HV_WARN, "dom7: more");
	assert_int_equal(hosted_log_count(h, d, "suppressed"), 1);
}

static void the_oldest_domain_is_forgotten_but_not_its_count(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "a");

	AS(h, d)
	{
		for (unsigned int i = 0; i < 10; i++)
			hv_log_dom(1, HV_INFO, "noisy");
		for (unsigned int i = 0; i < HV_LOG_DOMS; i++) {
			hv_delay(1);
			hv_log_dom((hv_domid_t)(1000 + i), HV_INFO, "other");
		}
	}
	assert_int_equal(hosted_log_count(h, d, "dom1: 5 messages suppressed"), 1);
	assert_int_equal(hosted_log_count(h, d, "other"), HV_LOG_DOMS);
}

struct walk {
	unsigned int n, last_nr, last_sub;
	bool ordered;
};

static void visit(unsigned int nr, unsigned int sub, uint64_t n, void *arg)
{
	struct walk *w = arg;

	if (w->n && (nr < w->last_nr || (nr == w->last_nr && sub <= w->last_sub)))
		w->ordered = false;
	w->last_nr = nr;
	w->last_sub = sub;
	w->n++;
	assert_true(n > 0);
}

static void hypercalls_are_counted_per_domain(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");
	struct walk w = {.ordered = true};

	AS(h, a)
	{
		hv_common_count(32, 4);
		hv_common_count(20, 0);
		hv_common_count(20, 5);
		hv_common_count(20, 5);
		hv_common_count(1000, 1000); /* beyond the table: the last counter */
		assert_int_equal(hv_hypercalls(20, 5), 2);
		assert_int_equal(hv_hypercalls(20, 1), 0);
		assert_int_equal(hv_hypercalls_total(), 5);
		hv_hypercalls_walk(visit, &w);
	}
	assert_int_equal(w.n, 4);
	assert_true(w.ordered);
	AS(h, b)
	assert_int_equal(hv_hypercalls_total(), 0);
}

static void the_first_exit_code_counts(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "a");
	int code = 0;

	AS(h, d)
	{
		hv_exit(3);
		hv_exit(0);
	}
	SETTLE(h);
	assert_int_equal(hosted_domain_state(h, d, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTED_TEST(lines_tell_their_level),
		HOSTED_TEST(a_line_stays_one_line),
		HOSTED_TEST(long_lines_are_cut),
		HOSTED_TEST(the_brake_counts_what_it_holds_back),
		HOSTED_TEST(the_oldest_domain_is_forgotten_but_not_its_count),
		HOSTED_TEST(hypercalls_are_counted_per_domain),
		HOSTED_TEST(the_first_exit_code_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
