/* SPDX-License-Identifier: MIT */
/*
 * A bare guest sleeps until something has ended: which bits it sets and takes back, what wakes it and what does not,
 * and what becomes of the wait when nothing ever comes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "front_back.h"

#define CHANNELS 34u /* of which the last is in the second word */

static struct fb fb;
static uint32_t channel[CHANNELS];

static struct {
	bool ended;	    /* what the guest waits for */
	uint64_t at;	    /* or it does so then, and nobody says so */
	unsigned int looks; /* of the guest */
} work;

/* What the backend does in a while. */
static struct {
	struct hv_timer timer;
	bool end, take, send, stop, lose;
	uint32_t armed[2]; /* as it saw them */
} back;

static void act(struct hv_timer *t)
{
	struct xenvgpu_event_page *page = fb_events(&fb);

	(void)t;
	back.armed[0] = page->armed[0];
	back.armed[1] = page->armed[1];
	work.ended = back.end;
	if (back.take)
		page->armed[0] = page->armed[1] = 0;
	if (back.stop || back.lose) {
		page->event[page->in_prod % XENVGPU_NUM_EVENTS] = (struct xenvgpu_event){
			.id = (uint16_t)page->in_prod,
			.type = back.stop ? XENVGPU_EVT_CHANNEL : XENVGPU_EVT_LOST};
		page->event[page->in_prod % XENVGPU_NUM_EVENTS].op.channel.channel =
			back.stop ? channel[0] : XENVGPU_LOST_BUS;
		page->in_prod++;
	}
	if (back.send)
		hv_evtchn_send(fb.port);
}

/* The backend acts after this time; the guest waits meanwhile. */
static void act_after(uint64_t time)
{
	guest_out(&fb);
	hosted_enter(fb.h, fb.back);
	back.timer.fn = act;
	hv_timer_arm(&back.timer, hv_now() + time);
	hosted_leave();
	guest_in(&fb);
}

static bool ended(void *arg)
{
	(void)arg;
	work.looks++;
	return work.ended || (work.at && hv_now() >= work.at);
}

static int wait(unsigned int n, uint64_t timeout)
{
	return front_channel_wait(fb.dev, channel[n], ended, NULL, timeout);
}

static int setup(void **state)
{
	const struct xenvgpu_channel_create_req req = {
		.space = FBW_SPACE, .engine_class = FBW_COPY, .gpfifo = 0x200000, .entries = 64};
	struct xenvgpu_space_create_resp space;
	int ret = fb_start(&fb);

	(void)state;
	memset(&back, 0, sizeof(back));
	memset(&work, 0, sizeof(work));
	guest_in(&fb);
	ret |= front_space_create(fb.dev, &space);
	for (unsigned int i = 0; i < CHANNELS; i++)
		ret |= front_channel_create(fb.dev, &req, &channel[i]);
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	fb_end(&fb);
	return 0;
}

static void assert_disarmed(void)
{
	assert_int_equal(fb_events(&fb)->armed[0] | fb_events(&fb)->armed[1], 0);
}

/* What has ended already costs nothing. */
static void ended_before(void **state)
{
	(void)state;
	work.ended = true;
	assert_int_equal(wait(0, HV_S), 0);
	assert_int_equal(front_stats(fb.dev)->sleeps, 0);
	assert_disarmed();
}

static void an_event_wakes(void **state)
{
	uint64_t wakeups = front_stats(fb.dev)->wakeups, begin;

	(void)state;
	for (unsigned int i = 0; i < CHANNELS; i += CHANNELS - 1) {
		uint32_t n = channel[i];

		work.ended = false;
		work.looks = 0;
		back.end = back.take = back.send = true;
		act_after(50 * HV_MS);
		begin = hv_now();
		assert_int_equal(wait(i, HV_S), 0);
		assert_int_equal(hv_now() - begin, 50 * HV_MS);
		assert_int_equal(back.armed[n / 32], 1u << n % 32);
		assert_int_equal(back.armed[1 - n / 32], 0);
		assert_true(work.looks < 40);
		assert_disarmed();
	}
	guest_out(&fb);
	fb_run(&fb); /* it may have looked before it took the event */
	guest_in(&fb);
	assert_int_equal(front_stats(fb.dev)->wakeups - wakeups, 2);
	assert_int_equal(front_stats(fb.dev)->sleeps, 2);
	assert_int_equal(front_stats(fb.dev)->completions, 2);
	assert_int_equal(front_stats(fb.dev)->fallbacks, 0);
	assert_int_equal(front_stats(fb.dev)->spurious, 0);
}

/* Somebody else's work has ended on that engine: armed again, asleep again. */
static void woken_for_another(void **state)
{
	(void)state;
	back.take = back.send = true;
	for (unsigned int i = 0; i < 20; i++) {
		act_after(10 * HV_MS);
		assert_int_equal(wait(1, 20 * HV_MS), -ETIMEDOUT);
		assert_disarmed();
	}
	assert_int_equal(front_stats(fb.dev)->completions, 20);
	/* It was what was asked for, so the port is not masked for it. */
	assert_int_equal(front_stats(fb.dev)->spurious, 0);
	assert_int_equal(front_stats(fb.dev)->throttled, 0);
	back.end = true;
	act_after(10 * HV_MS);
	assert_int_equal(wait(1, HV_S), 0);
}

/* Events with nothing taken out are nobody's: the brake on them holds while somebody sleeps. */
static void events_without_a_bit(void **state)
{
	(void)state;
	back.send = true;
	for (unsigned int i = 0; i < 5; i++) {
		act_after(10 * HV_MS);
		assert_int_equal(wait(1, 20 * HV_MS), -ETIMEDOUT);
	}
	assert_int_equal(front_stats(fb.dev)->completions, 0);
	assert_int_equal(front_stats(fb.dev)->spurious, 5);
}

/* A board, or a backend, that tells of nothing. */
static void nobody_tells(void **state)
{
	uint64_t begin = hv_now();

	(void)state;
	work.at = begin + 310 * HV_MS;
	assert_int_equal(wait(0, HV_S), 0);
	assert_in_range(hv_now() - begin, 310 * HV_MS, 410 * HV_MS);
	assert_in_range(work.looks, 4, 80);
	assert_int_equal(front_stats(fb.dev)->fallbacks, 1);
	assert_disarmed();
	work.at = 0;
	begin = hv_now();
	assert_int_equal(wait(0, 250 * HV_MS), -ETIMEDOUT);
	assert_int_equal(hv_now() - begin, 250 * HV_MS);
	assert_disarmed();
}

static void stopped_meanwhile(void **state)
{
	(void)state;
	back.stop = back.send = true;
	act_after(10 * HV_MS);
	assert_int_equal(wait(0, HV_S), -EIO);
	assert_disarmed();
	assert_int_equal(wait(0, HV_S), -EIO);
	/* But what it has ended before counts. */
	work.ended = true;
	assert_int_equal(wait(0, HV_S), 0);
}

static void lost_meanwhile(void **state)
{
	(void)state;
	back.lose = back.send = true;
	act_after(10 * HV_MS);
	assert_int_equal(wait(0, HV_S), -ENODEV);
	assert_int_equal(wait(0, HV_S), -ENODEV);
}

static void no_such_channel(void **state)
{
	(void)state;
	assert_int_equal(front_channel_wait(fb.dev, CHANNELS, ended, NULL, HV_S), -ENOENT);
	assert_int_equal(front_channel_wait(fb.dev, UINT32_MAX, ended, NULL, HV_S), -ENOENT);
	assert_int_equal(front_channel_destroy(fb.dev, channel[3]), 0);
	assert_int_equal(wait(3, HV_S), -ENOENT);
	assert_disarmed();
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(ended_before),	 T(an_event_wakes),  T(woken_for_another),
		T(events_without_a_bit), T(nobody_tells),    T(stopped_meanwhile),
		T(lost_meanwhile),	 T(no_such_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
