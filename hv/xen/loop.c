/* SPDX-License-Identifier: MIT */
/*
 * loop.c - one thread: events, timers, work, sleep.
 *
 * No wake-up is lost, by this rule: events are masked (evtchn_upcall_mask) all the time the domain
 * runs. Before it sleeps it collects what is pending and looks for something to do; only when there
 * is nothing does it call SCHEDOP_block, which opens the mask and sleeps in one step that Xen makes
 * atomic: an event that came after the collection has set evtchn_upcall_pending, and Xen then
 * returns at once. Timers cannot be missed either: the wake-up for the earliest is armed before the
 * sleep, and one that has passed fires immediately.
 */
#include <errno.h>

#include "hv/xen/evtchn.h"
#include "hv/xen/hypercall.h"
#include "hv/xen/loop.h"
#include "hv/xen/time.h"

#define WORK_PER_PASS 64u

/* Until the next event or deadline; may return early. The caller collected and found nothing. */
static void block(uint64_t deadline)
{
	hv_xen_time_wake_at(deadline);
	HV_CHECK(hv_hypercall_sched(SCHEDOP_block, NULL) == 0);
	/* The upcall that ended the sleep left events masked; after a wake-up without one, do it. */
	HV_WRITE_ONCE(hv_xen_shared_info->vcpu_info[0].evtchn_upcall_mask, 1);
}

static uint64_t after(uint64_t timeout)
{
	uint64_t now = hv_now();

	return timeout > UINT64_MAX - now ? UINT64_MAX : now + timeout;
}

static int run(bool (*done)(void *arg), void *arg, uint64_t deadline)
{
	for (;;) {
		bool ran = false;
		uint64_t next;

		if (done && done(arg))
			return 0;
		if (hv_xen_events_collect())
			ran |= hv_xen_events_dispatch();
		ran |= hv_common_run_timers();
		ran |= hv_common_run_work(WORK_PER_PASS);
		if (ran && done && done(arg))
			return 0;
		if (hv_common()->exiting)
			return -ESHUTDOWN;
		if (deadline != UINT64_MAX && hv_now() >= deadline)
			return -ETIMEDOUT;
		if (ran)
			continue;
		next = hv_common_next_deadline();
		block(next < deadline ? next : deadline);
	}
}

int hv_loop_until(bool (*done)(void *arg), void *arg, uint64_t timeout)
{
	return run(done, arg, after(timeout));
}

int hv_xen_loop(void)
{
	run(NULL, NULL, UINT64_MAX);
	return hv_common()->exit_code;
}

int hv_xen_block_until(bool (*ready)(void *arg), void *arg, uint64_t timeout)
{
	uint64_t deadline = after(timeout);

	for (;;) {
		/* Collect first: what ready() misses then comes with a fresh edge and ends the sleep. */
		hv_xen_events_collect();
		if (ready(arg))
			return 0;
		if (deadline != UINT64_MAX && hv_now() >= deadline)
			return -ETIMEDOUT;
		block(deadline);
	}
}
