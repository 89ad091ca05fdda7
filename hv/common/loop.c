/* SPDX-License-Identifier: MIT */
/*
 * loop.c - deferred work and timers: the two queues that an event loop drains.
 *
 * Both are lists threaded through structures of the callers, so queueing never allocates and never
 * fails. A handler may queue, cancel, arm and disarm anything, itself included. Each pass is bounded,
 * so that work which queues itself again cannot keep the loop from events.
 */
#include "hv/common/common.h"

void hv_work_queue(struct hv_work *w)
{
	struct hv_common *c = hv_common();

	if (w->queued)
		return;
	w->queued = true;
	w->next = NULL;
	if (c->work_tail)
		c->work_tail->next = w;
	else
		c->work_head = w;
	c->work_tail = w;
}

void hv_work_cancel(struct hv_work *w)
{
	struct hv_common *c = hv_common();
	struct hv_work *prev = NULL;

	if (!w->queued)
		return;
	for (struct hv_work *i = c->work_head; i != w; i = i->next) {
		HV_CHECK(i);
		prev = i;
	}
	if (prev)
		prev->next = w->next;
	else
		c->work_head = w->next;
	if (c->work_tail == w)
		c->work_tail = prev;
	w->queued = false;
	w->next = NULL;
}

bool hv_common_run_work(unsigned int max)
{
	struct hv_common *c = hv_common();
	bool any = false;

	while (max-- && c->work_head && !c->exiting) {
		struct hv_work *w = c->work_head;

		hv_work_cancel(w);
		w->fn(w);
		any = true;
	}
	return any;
}

void hv_timer_arm(struct hv_timer *t, uint64_t deadline)
{
	struct hv_timer **p = &hv_common()->timers;

	hv_timer_cancel(t);
	/* Behind those with the same deadline: they were armed first. */
	while (*p && (*p)->deadline <= deadline)
		p = &(*p)->next;
	t->deadline = deadline;
	t->next = *p;
	t->armed = true;
	*p = t;
}

void hv_timer_cancel(struct hv_timer *t)
{
	struct hv_timer **p = &hv_common()->timers;

	if (!t->armed)
		return;
	while (*p != t) {
		HV_CHECK(*p);
		p = &(*p)->next;
	}
	*p = t->next;
	t->armed = false;
	t->next = NULL;
}

bool hv_common_run_timers(void)
{
	struct hv_common *c = hv_common();
	uint64_t now;
	unsigned int due = 0;
	bool any = false;

	if (!c->timers)
		return false;
	now = hv_now();
	/* A timer that re-arms itself in the past waits for the next pass. */
	for (struct hv_timer *t = c->timers; t && t->deadline <= now; t = t->next)
		due++;
	while (due-- && c->timers && c->timers->deadline <= now && !c->exiting) {
		struct hv_timer *t = c->timers;

		hv_timer_cancel(t);
		t->fn(t);
		any = true;
	}
	return any;
}

uint64_t hv_common_next_deadline(void)
{
	struct hv_timer *t = hv_common()->timers;

	return t ? t->deadline : UINT64_MAX;
}

void hv_on_exit(void (*fn)(void))
{
	hv_common()->on_exit = fn;
}

static void good_end(struct hv_work *w)
{
	struct hv_common *c = hv_common();
	void (*fn)(void) = c->on_exit;

	(void)w;
	c->on_exit = NULL;
	fn();
	c->exiting = true;
}

void hv_exit(int code)
{
	struct hv_common *c = hv_common();

	if (c->exiting || c->exit_work.queued)
		return; /* the first reason counts */
	c->exit_code = code;
	if (code == 0 && c->on_exit) {
		c->exit_work.fn = good_end;
		hv_work_queue(&c->exit_work);
	} else {
		c->exiting = true;
	}
}
