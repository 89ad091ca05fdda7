/* SPDX-License-Identifier: MIT */
/*
 * test_hosted_sched.c - several domains at once: who runs, how time passes, how domains end, and
 * event channels between two of them.
 */
#include "tests/unit/hosted_test.h"

#define PAGE	 ((size_t)HV_PAGE_SIZE)
#define SCHED_OP 29 /* __HYPERVISOR_sched_op, xen.h */
#define BLOCK	 1  /* SCHEDOP_block, sched.h */

static void count(hv_port_t port, void *arg)
{
	(void)port;
	++*(unsigned int *)arg;
}

static bool is_set(void *arg)
{
	return *(unsigned int *)arg != 0;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

/* ---------------------------------------------------------------- two domains in lockstep */

struct player {
	int port;
	unsigned int rounds;
};

static struct player ping, pong;

static void answer(hv_port_t port, void *arg)
{
	struct player *p = arg;

	p->rounds++;
	if (p->rounds < 1000)
		hv_evtchn_send(port);
}

static bool thousand(void *arg)
{
	return ((struct player *)arg)->rounds >= 999;
}

static int ping_start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	ping.port = hv_evtchn_alloc(2, answer, &ping);
	/* Waits in the middle of its start function, while the other does the same. */
	if (hv_loop_until(thousand, &ping, HV_S))
		return -1;
	hv_exit(7);
	return 0;
}

static int pong_start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	pong.port = hv_evtchn_bind(1, (hv_port_t)ping.port, answer, &pong);
	if (hv_loop_until(thousand, &pong, HV_S))
		return -1;
	hv_exit(8);
	return 0;
}

static void two_domains_wait_for_each_other(void **state)
{
	struct hosted *h = *state;
	int a, b, code;

	memset(&ping, 0, sizeof(ping));
	memset(&pong, 0, sizeof(pong));
	a = hosted_domain_new(h,
			      &(struct hosted_domain_config){.name = "ping", .start = ping_start});
	b = hosted_domain_new(h,
			      &(struct hosted_domain_config){.name = "pong", .start = pong_start});
	assert_int_equal(hosted_run(h, 10000), 0);
	assert_int_equal(hosted_now(h), 0); /* nobody had to wait for time */
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)a, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, 7);
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)b, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, 8);
	AS(h, a)
	{
		/* It slept once for each event but the few that found it awake. */
		assert_true(hv_upcalls() > 900 && hv_upcalls() <= 1000);
		assert_true(hv_hypercalls(SCHED_OP, BLOCK) > 900);
	}
}

static void any_order_of_rounds_gives_the_same(void **state)
{
	for (uint64_t seed = 1; seed < 30; seed++) {
		struct hosted *h = hosted_new();
		int code = 0;

		memset(&ping, 0, sizeof(ping));
		memset(&pong, 0, sizeof(pong));
		hosted_domain_new(
			h, &(struct hosted_domain_config){.name = "ping", .start = ping_start});
		SETTLE(h);
		hosted_domain_new(
			h, &(struct hosted_domain_config){.name = "pong", .start = pong_start});
		hosted_shuffle(h, seed);
		assert_int_equal(hosted_run(h, 10000), 0);
		assert_int_equal(hosted_domain_state(h, 1, &code), HOSTED_SHUTDOWN);
		assert_int_equal(code, 7);
		hosted_free(h);
	}
	(void)state;
}

/* ---------------------------------------------------------------- time */

struct sleeper {
	uint64_t woke_at;
	int ret;
};

static struct sleeper sleepers[2];

static int sleep_start(int argc, char **argv)
{
	struct sleeper *s = &sleepers[atoi(argv[0])];

	assert_int_equal(argc, 2);
	s->ret = hv_loop_until(never, NULL, (uint64_t)atoi(argv[1]) * HV_MS);
	s->woke_at = hv_now();
	return 0;
}

static void time_moves_only_when_everybody_waits(void **state)
{
	struct hosted *h = *state;

	memset(sleepers, 0, sizeof(sleepers));
	hosted_domain_new(h, &(struct hosted_domain_config){
				     .name = "a", .start = sleep_start, .cmdline = "0 30"});
	hosted_domain_new(h, &(struct hosted_domain_config){
				     .name = "b", .start = sleep_start, .cmdline = " 1  50 "});
	SETTLE(h);
	assert_int_equal(hosted_now(h), 0);
	assert_int_equal(hosted_advance(h, 40 * HV_MS), 0);
	assert_int_equal(hosted_now(h), 40 * HV_MS);
	assert_int_equal(sleepers[0].ret, -ETIMEDOUT);
	assert_int_equal(sleepers[0].woke_at, 30 * HV_MS);
	assert_int_equal(sleepers[1].woke_at, 0);
	assert_int_equal(hosted_advance(h, 3600 * HV_S), 0);
	assert_int_equal(sleepers[1].woke_at, 50 * HV_MS);
	assert_int_equal(hosted_now(h), 3600 * HV_S + 40 * HV_MS);
}

static void a_domains_clock_starts_with_it(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d;

	assert_int_equal(hosted_advance(h, 5 * HV_S), 0);
	d = hosted_test_domain(h, "late");
	AS(h, d)
	{
		assert_int_equal(hv_now(), 0);
		hv_delay(1000);
		assert_int_equal(hv_now(), 1000);
	}
	assert_int_equal(hosted_now(h), 5 * HV_S + 1000);
}

static void a_test_waits_as_a_domain(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "d");
	struct sleeper *s = &sleepers[0];

	memset(sleepers, 0, sizeof(sleepers));
	hosted_domain_new(h, &(struct hosted_domain_config){
				     .name = "a", .start = sleep_start, .cmdline = "0 30"});
	AS(h, d)
	{
		assert_int_equal(hv_loop_until(never, NULL, 10 * HV_MS), -ETIMEDOUT);
		assert_int_equal(hosted_now(h), 10 * HV_MS);
		assert_int_equal(s->ret, 0);
		assert_int_equal(hv_loop_until(never, NULL, 25 * HV_MS), -ETIMEDOUT);
		assert_int_equal(s->ret, -ETIMEDOUT);
		hv_exit(0);
		assert_int_equal(hv_loop_until(never, NULL, HV_S), -ESHUTDOWN);
		assert_int_equal(hv_domid(), d);
	}
}

/* ---------------------------------------------------------------- ends */

static int fail_start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return -ENODEV;
}

static int panic_start(int argc, char **argv)
{
	(void)argv;
	HV_CHECK(argc == 77);
	return 0;
}

static void failed_starts_end_the_domain(void **state)
{
	struct hosted *h = *state;
	int code = 0, a, b;

	hosted_catch_panics(h, true);
	a = hosted_domain_new(h, &(struct hosted_domain_config){.name = "a", .start = fail_start});
	b = hosted_domain_new(h, &(struct hosted_domain_config){.name = "b", .start = panic_start});
	SETTLE(h);
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)a, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, -ENODEV);
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)b, NULL), HOSTED_CRASHED);
	assert_int_equal(hosted_log_count(h, (hv_domid_t)b, "broken: argc == 77"), 1);
	hosted_domain_destroy(h, (hv_domid_t)b);
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)b, NULL), HOSTED_GONE);
}

static void a_domain_dies_in_the_middle_of_a_wait(void **state)
{
	struct hosted *h = *state;
	int d = hosted_domain_new(h, &(struct hosted_domain_config){
					     .name = "a", .start = sleep_start, .cmdline = "0 30"});

	memset(sleepers, 0, sizeof(sleepers));
	SETTLE(h);
	hosted_domain_destroy(h, (hv_domid_t)d);
	assert_int_equal(hosted_advance(h, HV_S), 0);
	assert_int_equal(sleepers[0].woke_at, 0);
}

static void many_lives_cost_nothing(void **state)
{
	struct hosted *h = *state;

	/* More domains, one after the other, than fit into the machine's memory at a time. */
	for (unsigned int i = 0; i < 200; i++) {
		int d = hosted_domain_new(
			h, &(struct hosted_domain_config){.name = "x", .pages = 16384});

		assert_int_equal(d, i + 1);
		AS(h, d)
		assert_non_null(hv_pages_alloc(100));
		hosted_domain_destroy(h, (hv_domid_t)d);
	}
	assert_int_equal(hosted_orphan_frames(h), 0);
}

/* ---------------------------------------------------------------- event channels */

static void a_dead_peer_is_silence(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");
	unsigned int calls = 0;
	struct hosted_usage used;
	int pa, pb;

	AS(h, a)
	pa = hv_evtchn_alloc(b, count, &calls);
	AS(h, b)
	{
		pb = hv_evtchn_bind(a, (hv_port_t)pa, count, &calls);
		assert_true(pb > 0);
		assert_int_equal(hv_evtchn_send((hv_port_t)pb), 0);
	}
	SETTLE(h);
	assert_int_equal(calls, 2); /* the binder's own, and the event sent */
	hosted_domain_destroy(h, b);
	AS(h, a)
	assert_int_equal(hv_evtchn_send((hv_port_t)pa), 0);
	SETTLE(h);
	hosted_usage(h, a, &used);
	assert_int_equal(used.ports, 1);
	/* A later domain cannot take the dead one's place. */
	AS(h, hosted_test_domain(h, "c"))
	assert_int_equal(hv_evtchn_bind(a, (hv_port_t)pa, count, &calls), -EINVAL);
	assert_int_equal(calls, 2);
}

static void ports_run_out(void **state)
{
	struct hosted *h = *state;
	int d = hosted_domain_new(h, &(struct hosted_domain_config){.name = "few", .max_ports = 3});
	unsigned int calls = 0;

	AS(h, d)
	{
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), 1);
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), 2);
		assert_int_equal(hv_evtchn_bind(7, 1, count, &calls), -ESRCH);
		assert_int_equal(hv_evtchn_bind(0, 1, count, &calls), -EINVAL);
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), 3);
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), -ENOSPC);
		hv_evtchn_close(2);
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), 2);
		hosted_fail_nth(h, (hv_domid_t)d, HOSTED_FAIL_EVTCHN, 1);
		hv_evtchn_close(2);
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), -ENOSPC);
		assert_int_equal(hv_evtchn_alloc(0, count, &calls), 2);
	}
}

static void floods_are_one_upcall(void **state)
{
	struct hosted *h = *state;
	hv_domid_t a = hosted_test_domain(h, "a"), b = hosted_test_domain(h, "b");
	unsigned int calls = 0, other = 0;
	uint64_t upcalls;
	int pa, pb;

	AS(h, a)
	pa = hv_evtchn_alloc(b, count, &calls);
	AS(h, b)
	pb = hv_evtchn_bind(a, (hv_port_t)pa, count, &other);
	SETTLE(h);
	AS(h, a)
	upcalls = hv_upcalls();
	AS(h, b)
	{
		for (unsigned int i = 0; i < 1000; i++)
			hv_evtchn_send((hv_port_t)pb);
	}
	AS(h, a)
	assert_int_equal(hv_loop_until(is_set, &calls, 0), 0);
	SETTLE(h);
	assert_int_equal(calls, 1);
	AS(h, a)
	assert_int_equal(hv_upcalls(), upcalls + 1);
}

/* ---------------------------------------------------------------- memory, failures */

static void pages_fail_when_told(void **state)
{
	struct hosted *h = *state;
	hv_domid_t d = hosted_test_domain(h, "d");
	struct hv_dma dma;

	AS(h, d)
	{
		unsigned int free = hv_pages_free_count();

		hosted_fail_nth(h, d, HOSTED_FAIL_PAGES, 2);
		hv_pages_free(hv_pages_alloc(1), 1);
		assert_int_equal(hv_dma_alloc(5000, &dma), -ENOMEM);
		assert_int_equal(hv_dma_alloc(5000, &dma), 0);
		assert_int_equal(dma.size, 2 * PAGE);
		hv_dma_free(&dma);
		assert_int_equal(hv_pages_free_count(), free);
		assert_int_equal(hosted_fail_calls(h, d, HOSTED_FAIL_PAGES), 3);
	}
}

static void neighbours_are_apart_on_the_bus(void **state)
{
	struct hosted *h = *state;

	AS(h, hosted_test_domain(h, "d"))
	{
		uint8_t *p = hv_pages_alloc(4);

		for (unsigned int i = 0; i < 3; i++)
			assert_true(hv_dma_addr(p + (i + 1) * PAGE) !=
				    hv_dma_addr(p + i * PAGE) + PAGE);
		hv_pages_free(p, 4);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTED_TEST(two_domains_wait_for_each_other),
		cmocka_unit_test(any_order_of_rounds_gives_the_same),
		HOSTED_TEST(time_moves_only_when_everybody_waits),
		HOSTED_TEST(a_domains_clock_starts_with_it),
		HOSTED_TEST(a_test_waits_as_a_domain),
		HOSTED_TEST(failed_starts_end_the_domain),
		HOSTED_TEST(a_domain_dies_in_the_middle_of_a_wait),
		HOSTED_TEST(many_lives_cost_nothing),
		HOSTED_TEST(a_dead_peer_is_silence),
		HOSTED_TEST(ports_run_out),
		HOSTED_TEST(floods_are_one_upcall),
		HOSTED_TEST(pages_fail_when_told),
		HOSTED_TEST(neighbours_are_apart_on_the_bus),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
