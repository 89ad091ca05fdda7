/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_subscription.c - events reach those who asked, and nobody else.
 *
 * The firmware names who an event is for, and may name anybody: another client, an event that is gone,
 * another notifier. Callbacks may end their own subscription, others, and whole clients in between.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fwq_tree.h"

static struct fwq_event_post last_post;
static struct fwq_subscription *last_sub;
static void (*in_event)(struct fwq_subscription *sub);

static void on_event(struct fwq_subscription *sub, const struct fwq_event_post *post)
{
	events++;
	last_sub = sub;
	last_post = *post;
	if (in_event)
		in_event(sub);
}

static struct fwq_subscription *subscribe(struct fwq_client *client, uint32_t index)
{
	struct fwq_subscription *sub = malloc(sizeof(*sub));

	assert_int_equal(fwq_subscribe(sub, client, index, on_event, on_sub, NULL), 0);
	return sub;
}

static void post(const struct fwq_subscription *sub, uint32_t index, bool list)
{
	fake_post(sub->object.client->handle, sub->object.handle, index, list);
	fwq_clients_poll(&fake_set);
}

static void an_event_in_every_release(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * FAKE_RELEASES; i++) {
		struct fwq_client *client, *other;
		struct fwq_subscription *sub;

		start(i / 2, i % 2);
		in_event = NULL;
		client = live(2);
		other = live(2);
		sub = subscribe(client, 52);
		assert_int_equal(subs_ended, 0);
		fake_turns();
		assert_int_equal(subs_ended, 1);
		assert_int_equal(sub_err, 0);
		assert_int_equal(fake_objects, 7);
		post(sub, 52, false);
		assert_int_equal(events, 1);
		assert_ptr_equal(last_sub, sub);
		assert_int_equal(last_post.data, 0x1234);
		assert_int_equal(last_post.event_data.len, 8);
		/* It is this client's event, and of this notifier; nobody else can be named. */
		fake_post(other->handle, sub->object.handle, 52, false);
		fake_post(client->handle, sub->object.handle + 1, 52, false);
		fake_post(client->handle, sub->object.handle, 53, false);
		fake_post(0, 0, 52, true);
		fake_post(client->handle, FWQ_SUBDEVICE, 52, true);
		fwq_clients_poll(&fake_set);
		assert_int_equal(events, 1);
		assert_int_equal(fake_set.stats.unknown_events, 5);
		assert_int_equal(fwq_unsubscribe(sub, on_sub), 0);
		assert_int_equal(fwq_unsubscribe(sub, on_sub), -EBUSY);
		/* The firmware has sent one before it read that. */
		post(sub, 52, false);
		assert_int_equal(events, 1);
		fake_turns();
		assert_int_equal(subs_ended, 2);
		assert_int_equal(sub_err, 0);
		assert_int_equal(client->used, 0);
		assert_int_equal(fake_objects, 6);
		free(sub);
		destroy(client, 0);
		destroy(other, 0);
	}
}

static void one_event_for_all_that_wait(void **state)
{
	struct fwq_client *client[3];
	struct fwq_subscription *sub[4];

	(void)state;
	in_event = NULL;
	for (unsigned int i = 0; i < 3; i++) {
		client[i] = live(2);
		sub[i] = subscribe(client[i], 7);
	}
	sub[3] = subscribe(client[0], 8);
	fake_turns();
	post(sub[1], 7, true);
	assert_int_equal(events, 3);
	post(sub[3], 8, true);
	assert_int_equal(events, 4);
	post(sub[1], 7, false);
	assert_int_equal(events, 5);
	for (unsigned int i = 0; i < 3; i++)
		destroy(client[i], 0);
	/* The list is empty, and an event of before finds nobody. */
	fake_post(0xc1d00000, sub[0]->object.handle, 7, true);
	fwq_clients_poll(&fake_set);
	assert_int_equal(events, 5);
	for (unsigned int i = 0; i < 4; i++)
		free(sub[i]);
}

static struct fwq_subscription *group[4];
static unsigned int victims;

static void end_others(struct fwq_subscription *sub)
{
	(void)sub;
	/* The first that is told ends all: itself, those before, those after. */
	for (unsigned int i = 0; i < victims; i++) {
		struct fwq_client *client = group[i]->object.client;

		if (i & 1)
			fwq_client_destroy(client, on_destroyed, NULL);
		else
			assert_int_equal(fwq_unsubscribe(group[i], on_sub), 0);
	}
	victims = 0;
}

static void callbacks_that_end_anything(void **state)
{
	(void)state;
	for (unsigned int n = 1; n <= 4; n++) {
		struct fwq_client *client[4];

		start(1, n & 1);
		in_event = NULL;
		for (unsigned int i = 0; i < 4; i++) {
			client[i] = live(1);
			group[i] = subscribe(client[i], 7);
		}
		fake_turns();
		in_event = end_others;
		victims = n;
		post(group[2], 7, true);
		/* Of those that were to be told, the rest was. */
		assert_int_equal(events, n == 4 ? 1 : 4 - n);
		fake_turns();
		assert_int_equal(subs_ended, 4 + (n + 1) / 2);
		assert_int_equal(destroyed, n / 2);
		in_event = NULL;
		for (unsigned int i = 0; i < 4; i++) {
			if (!(i & 1) || i >= n)
				destroy(client[i], 0);
			free(group[i]);
		}
		assert_int_equal(fake_objects, 0);
	}
}

/* The alloc or the control is refused, or not answered: nothing stays behind. */
static void subscriptions_that_fail(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 8; i++) {
		struct fwq_client *client;
		struct fwq_subscription *sub;

		start(6, i & 4);
		in_event = NULL;
		client = live(1);
		if (i & 2) { /* the control */
			fake_refuse_function = FAKE_CONTROL;
		} else {
			fake_refuse_function = FAKE_ALLOC;
			fake_refuse_class = 0x7e;
		}
		sub = subscribe(client, 9);
		if (i & 1) {
			fake_refuse_status = 0x1a;
		} else if (i & 2) {
			fake_run();
			fwq_clients_poll(&fake_set);
			assert_int_equal(sub->object.state, FWQ_OBJECT_LIVE);
			assert_int_equal(fwq_unsubscribe(sub, on_sub), -EBUSY);
			fake_silent = 1;
		} else {
			fake_silent = 1;
		}
		fake_turns();
		fake_wait();
		assert_int_equal(subs_ended, 1);
		assert_int_equal(sub_err, i & 1 ? -ENOSPC : -ETIMEDOUT);
		assert_int_equal(client->used, 0);
		assert_int_equal(fake_objects, 3);
		assert_null(fake_set.subscriptions);
		free(sub);
		destroy(client, 0);
	}
}

static void no_subscription_there(void **state)
{
	struct fwq_client *client = live(1);
	struct fwq_subscription *sub;
	static struct fwq_subscription more;

	(void)state;
	assert_int_equal(fwq_subscribe(&more, client, 0x10000, on_event, on_sub, NULL), -EINVAL);
	sub = subscribe(client, 1);
	assert_int_equal(fwq_subscribe(&more, client, 2, on_event, on_sub, NULL), -EDQUOT);
	assert_ptr_equal(fake_set.subscriptions, sub);
	/* The end of the client is the end of the subscription, made or in the making. */
	fwq_client_destroy(client, on_destroyed, NULL);
	assert_int_equal(subs_ended, 1);
	assert_int_equal(sub_err, -ECANCELED);
	assert_int_equal(fwq_subscribe(&more, client, 2, on_event, on_sub, NULL), -ESHUTDOWN);
	assert_int_equal(fwq_unsubscribe(sub, on_sub), -ESHUTDOWN);
	assert_null(fake_set.subscriptions);
	free(sub);
	fake_turns();
	assert_int_equal(destroyed, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_event_in_every_release, setup),
		cmocka_unit_test_setup(one_event_for_all_that_wait, setup),
		cmocka_unit_test_setup(callbacks_that_end_anything, setup),
		cmocka_unit_test_setup(subscriptions_that_fail, setup),
		cmocka_unit_test_setup(no_subscription_there, setup),
	};

	return cmocka_run_group_tests(tests, NULL, fake_end);
}
