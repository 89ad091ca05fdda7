/* SPDX-License-Identifier: MIT */
/*
 * cases_loop.c - timers, deferred work, time, and the log's brake.
 */
#include <errno.h>
#include <string.h>

#include "hv/common/common.h"
#include "tests/conformance/conformance.h"

/* What ran, as letters, in order. */
static char trace[64];
static unsigned int traced;

static void trace_reset(void)
{
	memset(trace, 0, sizeof(trace));
	traced = 0;
}

static void trace_add(char c)
{
	if (traced < sizeof(trace) - 1)
		trace[traced++] = c;
}

struct letter_timer {
	struct hv_timer t;
	char letter;
	uint64_t fired_at;
};

static void on_timer(struct hv_timer *t)
{
	struct letter_timer *l = (struct letter_timer *)t;

	l->fired_at = hv_now();
	trace_add(l->letter);
}

struct letter_work {
	struct hv_work w;
	char letter;
	unsigned int again;
};

static void on_work(struct hv_work *w)
{
	struct letter_work *l = (struct letter_work *)w;

	trace_add(l->letter);
	if (l->again) {
		l->again--;
		hv_work_queue(w);
	}
}

static bool traced_at_least(void *arg)
{
	return traced >= *(unsigned int *)arg;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static bool always(void *arg)
{
	(void)arg;
	return true;
}

static void timers_fire_in_order_and_never_early(void)
{
	static struct letter_timer a = {{.fn = on_timer}, 'a', 0};
	static struct letter_timer b = {{.fn = on_timer}, 'b', 0};
	static struct letter_timer c = {{.fn = on_timer}, 'c', 0};
	uint64_t now = hv_now();
	unsigned int n = 3;

	trace_reset();
	hv_timer_arm(&c.t, now + 30 * HV_MS);
	hv_timer_arm(&a.t, now + 10 * HV_MS);
	hv_timer_arm(&b.t, now + 20 * HV_MS);
	CT_CHECK(traced == 0);
	CT_CHECK(hv_loop_until(traced_at_least, &n, HV_S) == 0);
	CT_CHECK(strcmp(trace, "abc") == 0);
	CT_CHECK(a.fired_at >= now + 10 * HV_MS && b.fired_at >= now + 20 * HV_MS &&
		 c.fired_at >= now + 30 * HV_MS);
	CT_CHECK(!a.t.armed && !b.t.armed && !c.t.armed);
}

static void timers_move_and_cancel(void)
{
	static struct letter_timer a = {{.fn = on_timer}, 'a', 0};
	static struct letter_timer b = {{.fn = on_timer}, 'b', 0};
	uint64_t now = hv_now();

	trace_reset();
	hv_timer_arm(&a.t, now + 5 * HV_MS);
	hv_timer_arm(&b.t, now + 10 * HV_MS);
	hv_timer_arm(&a.t, now + 20 * HV_MS); /* moves */
	CT_CHECK(hv_loop_until(never, NULL, 40 * HV_MS) == -ETIMEDOUT);
	CT_CHECK(strcmp(trace, "ba") == 0);
	hv_timer_arm(&a.t, hv_now() + 5 * HV_MS);
	hv_timer_cancel(&a.t);
	hv_timer_cancel(&a.t);
	CT_CHECK(hv_loop_until(never, NULL, 10 * HV_MS) == -ETIMEDOUT);
	CT_CHECK(strcmp(trace, "ba") == 0);
	hv_timer_arm(&a.t, 0); /* long past: fires at once */
	ct_settle();
	CT_CHECK(strcmp(trace, "baa") == 0);
}

static void rearm(struct hv_timer *t)
{
	on_timer(t);
	hv_timer_arm(t, 0);
}

static void a_timer_that_rearms_does_not_block_the_loop(void)
{
	static struct letter_timer a = {{.fn = rearm}, 'a', 0};
	static struct letter_work w = {{.fn = on_work}, 'w', 0};
	unsigned int n = 20;

	trace_reset();
	hv_timer_arm(&a.t, 0);
	hv_work_queue(&w.w);
	CT_CHECK(hv_loop_until(traced_at_least, &n, HV_S) == 0);
	hv_timer_cancel(&a.t);
	CT_CHECK(strchr(trace, 'w') != NULL);
}

static void work_runs_once_and_in_order(void)
{
	static struct letter_work a = {{.fn = on_work}, 'a', 0};
	static struct letter_work b = {{.fn = on_work}, 'b', 1};
	static struct letter_work c = {{.fn = on_work}, 'c', 0};
	static struct letter_work d = {{.fn = on_work}, 'd', 0};
	unsigned int n = 4;

	trace_reset();
	hv_work_queue(&a.w);
	hv_work_queue(&b.w);
	hv_work_queue(&d.w);
	hv_work_queue(&c.w);
	hv_work_queue(&a.w); /* queued already */
	hv_work_cancel(&d.w);
	hv_work_cancel(&d.w);
	CT_CHECK(traced == 0);
	CT_CHECK(hv_loop_until(traced_at_least, &n, HV_S) == 0);
	CT_CHECK(strcmp(trace, "abcb") == 0);
	hv_work_queue(&a.w);
	hv_work_cancel(&a.w);
	ct_settle();
	CT_CHECK(strcmp(trace, "abcb") == 0);
}

static void work_without_end(struct hv_work *w)
{
	hv_delay(HV_MS / 10);
	hv_work_queue(w);
}

static void endless_work_does_not_stop_time(void)
{
	static struct hv_work w = {.fn = work_without_end};
	static struct letter_timer a = {{.fn = on_timer}, 'a', 0};

	trace_reset();
	hv_work_queue(&w);
	hv_timer_arm(&a.t, hv_now() + 10 * HV_MS);
	CT_CHECK(hv_loop_until(never, NULL, 50 * HV_MS) == -ETIMEDOUT);
	CT_CHECK(strcmp(trace, "a") == 0);
	hv_work_cancel(&w);
}

static void the_loop_ends_when_told(void)
{
	uint64_t now = hv_now();

	CT_CHECK(hv_loop_until(always, NULL, 0) == 0);
	CT_CHECK(hv_loop_until(never, NULL, 0) == -ETIMEDOUT);
	CT_CHECK(hv_loop_until(never, NULL, 30 * HV_MS) == -ETIMEDOUT);
	CT_CHECK(hv_now() >= now + 30 * HV_MS);
	CT_CHECK(hv_now() < now + 10 * HV_S);
}

static void delays_take_their_time(void)
{
	uint64_t now = hv_now();

	for (unsigned int i = 0; i < 10; i++)
		hv_delay(HV_MS);
	CT_CHECK(hv_now() >= now + 10 * HV_MS);
	hv_delay(0);
}

/* Of 20 lines that one domain provokes, the console shows 5; the rest is counted. */
static void the_log_is_limited_per_domain(void)
{
	const hv_domid_t noisy = 0x7001, quiet = 0x7002;
	const struct hv_log_limit *n = NULL, *q = NULL;

	for (unsigned int i = 0; i < 20; i++)
		hv_log_dom(noisy, HV_INFO, "ct: provoked line %u of 20, at most %u are shown",
			   i + 1, HV_LOG_BURST);
	hv_log_dom(quiet, HV_INFO, "ct: provoked line of another domain");
	for (unsigned int i = 0; i < HV_LOG_DOMS; i++) {
		const struct hv_log_limit *l = &hv_common()->limits[i];

		if (l->lines && l->dom == noisy)
			n = l;
		if (l->lines && l->dom == quiet)
			q = l;
	}
	CT_CHECK(n && n->lines <= HV_LOG_BURST && n->suppressed >= 20 - 2 * HV_LOG_BURST);
	CT_CHECK(q && q->lines == 1 && q->suppressed == 0);
}

const struct ct_case ct_loop[] = {
	{"timers_fire_in_order_and_never_early", timers_fire_in_order_and_never_early},
	{"timers_move_and_cancel", timers_move_and_cancel},
	{"a_timer_that_rearms_does_not_block_the_loop",
	 a_timer_that_rearms_does_not_block_the_loop},
	{"work_runs_once_and_in_order", work_runs_once_and_in_order},
	{"endless_work_does_not_stop_time", endless_work_does_not_stop_time},
	{"the_loop_ends_when_told", the_loop_ends_when_told},
	{"delays_take_their_time", delays_take_their_time},
	{"the_log_is_limited_per_domain", the_log_is_limited_per_domain},
	{NULL, NULL},
};
