/* SPDX-License-Identifier: MIT */
/*
 * The model's engines by the embedder's clock (follow_clock): nothing is done before there was time for it, time
 * without work passes, and who is stopped has done by then what there was time for.
 */
#include <errno.h>

#include "sched_bed.h"

#define MS	     1000000ull
#define METHODS_ONLY "entry=0,method=10000,semaphore=0,ce-launch=0,ce-byte-ps=0,switch=0,poll=0"
#define METHOD_NS    10000ull
#define STOP	     0x2080110bu

static uint64_t clock_ns, tick; /* the latter: at each look, while firmware starts */

static uint64_t read_clock(void *ctx)
{
	(void)ctx;
	return clock_ns += tick;
}

static struct bed clock_bed(void)
{
	const struct model_config config = {.vram_bytes = 1ull << 30,
					    .allow_unsigned = true,
					    .costs = METHODS_ONLY,
					    .follow_clock = true};
	static struct model_bus_ops ops;
	struct bed b;

	clock_ns = 77 * MS;
	tick = 1000;
	ops = machine_ops;
	ops.time_ns = read_clock;
	ops.kick = count_kick;
	b = bed_up_with(&config, &ops);
	tick = 0;
	return b;
}

static uint64_t worked(const struct chan *c)
{
	return c->ch->group->ps / PS_PER_NS;
}

/* Time passes; whether somebody looks at the engines often or at the end is the same to them. */
static void pass(struct bed *b, uint64_t ns, unsigned int looks)
{
	for (unsigned int i = 0; i < looks; i++) {
		clock_ns += ns / looks;
		model_run(b->mc->gpu);
	}
	if (!looks)
		clock_ns += ns;
}

static void stop(struct bed *b, const struct chan *c, uint8_t disable)
{
	uint8_t p[536] = {disable};

	set32(p + 4, 1);
	set32(p + 24, CLIENT);
	set32(p + 280, c->handle);
	assert_int_equal(rm_control(&b->talk, CLIENT, SUBDEVICE, STOP, p, sizeof(p)), 0);
}

/* As much as there was time for, however much there is. */
static void test_follows(void **state)
{
	struct bed b = clock_bed();
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
	struct chan other = chan_new(&b, 2, 0, COPY3);

	(void)state;
	nops(&a, 100);
	nops(&c, 100);
	nops(&other, 100);
	submit(&a, 1000);
	submit(&c, 1000);
	submit(&other, 1000);
	for (int i = 0; i < 10; i++)
		assert_int_equal(model_run(b.mc->gpu), MODEL_BUSY);
	assert_int_equal(worked(&a) + worked(&c) + worked(&other), 0);
	for (uint64_t ms = 1; ms < 100; ms++) {
		pass(&b, MS, (unsigned int)(ms % 9) + 1);
		assert_in_range(worked(&a) + worked(&c), ms * MS, ms * MS + METHOD_NS);
		assert_in_range(worked(&other), ms * MS, ms * MS + METHOD_NS);
		assert_int_equal(host(&b)->now, (clock_ns - host(&b)->origin) * PS_PER_NS);
	}
	assert_in_range(worked(&a), 48 * MS, 51 * MS);
	bed_down(&b);
}

/* Nothing is made up for: what comes after a pause takes its time from there. */
static void test_pauses(void **state)
{
	struct bed b = clock_bed();
	struct chan a = chan_new(&b, 0, 0, COPY2);

	(void)state;
	nops(&a, 100);
	for (unsigned int n = 0; n < 5; n++) {
		pass(&b, 50 * MS, n); /* unseen, or looked at */
		submit(&a, 3);
		pass(&b, 3 * MS - METHOD_NS, 4);
		assert_false(done(&a));
		assert_int_equal(worked(&a), (3ull * n + 3) * MS - METHOD_NS);
		pass(&b, METHOD_NS, 1);
		assert_true(done(&a));
		assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	}
	assert_int_equal(host(&b)->runlists[1].clock, host(&b)->now);
	bed_down(&b);
}

/* By then it has worked, and from then on it does not; the log says so. */
static void test_stopped(void **state)
{
	struct bed b = clock_bed();
	struct chan a = chan_new(&b, 0, 0, COPY2);
	char line[128];

	(void)state;
	nops(&a, 100);
	submit(&a, 1000);
	for (unsigned long long n = 1; n < 10; n++) {
		pass(&b, 2 * MS, 0);
		stop(&b, &a, 1);
		assert_int_equal(worked(&a), n * 2 * MS);
		snprintf(line, sizeof(line),
			 "client 0x%x is off at %llu ns, having worked for %llu", CLIENT,
			 (unsigned long long)(clock_ns - host(&b)->origin), n * 2 * MS);
		assert_string_equal(b.mc->last_log, line);
		pass(&b, 6 * MS, (unsigned int)(n % 3));
		stop(&b, &a, 0);
		assert_non_null(strstr(b.mc->last_log, "is on at"));
		assert_int_equal(worked(&a), n * 2 * MS);
	}
	bed_down(&b);
}

/* An embedder that only ever looks at the doorbell could not have it. */
static void test_refused(void **state)
{
	const struct model_config config = {.vram_bytes = 1ull << 30, .follow_clock = true};
	struct machine mc = {0};
	struct model *m;

	(void)state;
	assert_int_equal(model_create(&config, &machine_ops, &mc, &m), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_follows),
		cmocka_unit_test(test_pauses),
		cmocka_unit_test(test_stopped),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests_name("model: clock", tests, NULL, NULL);
}
