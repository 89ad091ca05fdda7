/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_guests.c - many guests at random on a firmware that has bad days.
 *
 * Six guests make and end clients, objects and subscriptions in any order, while the firmware is late,
 * silent, cuts its replies and posts events for clients of its choice. In the end everything begun has
 * ended once, nothing is left on any list, and what the firmware still has belongs to clients that are
 * known to be lost.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fwq_tree.h"
#include "tests/unit/rnd.h"

#define GUESTS 6u
#define THINGS 4u

static struct guest {
	struct fwq_client *client; /* NULL: none */
	bool ending;
	struct thing *thing[THINGS];
	struct fwq_subscription *sub;
	bool sub_busy, thing_busy[THINGS];
} guests[GUESTS];
static unsigned int open_clients, open_objects, open_subs;

static void guest_gone(struct fwq_client *client, int err)
{
	struct guest *g = client->arg;

	(void)err;
	assert_true(open_clients--);
	g->client = NULL;
	g->ending = false;
	for (unsigned int i = 0; i < THINGS; i++) {
		assert_false(g->thing_busy[i]);
		free(g->thing[i]);
		g->thing[i] = NULL;
	}
	assert_false(g->sub_busy);
	free(g->sub);
	g->sub = NULL;
	free(client);
}

static void guest_made(struct fwq_client *client, int err)
{
	if (err)
		guest_gone(client, err);
}

static void guest_object(struct fwq_object *object, int err)
{
	bool *busy = object->arg;

	(void)err;
	assert_true(*busy);
	*busy = false;
	assert_true(open_objects--);
}

static void guest_event(struct fwq_subscription *sub, const struct fwq_event_post *post)
{
	struct guest *g = sub->arg;

	assert_int_equal(post->notify_index, sub->index);
	assert_ptr_equal(g->sub, sub);
	assert_false(g->ending);
	events++;
}

static void guest_sub(struct fwq_subscription *sub, int err)
{
	struct guest *g = sub->arg;

	(void)err;
	assert_true(g->sub_busy);
	g->sub_busy = false;
	assert_true(open_subs--);
}

static void guest_act(struct guest *g)
{
	unsigned int i = rnd() % THINGS;
	struct thing *t = g->thing[i];

	if (!g->client) {
		g->client = malloc(sizeof(*g->client));
		open_clients++;
		if (fwq_client_create(&fake_set, g->client, THINGS, guest_made, g)) {
			open_clients--;
			free(g->client);
			g->client = NULL;
		}
		return;
	}
	if (!(rnd() % 24) && !g->ending) {
		g->ending = true;
		fwq_client_destroy(g->client, guest_gone, g);
		return;
	}
	if (g->client->state != FWQ_CLIENT_LIVE)
		return;
	if (!(rnd() % 4)) {
		if (g->sub_busy)
			return;
		g->sub_busy = true;
		open_subs++;
		if (!g->sub) {
			g->sub = malloc(sizeof(*g->sub));
			if (!fwq_subscribe(g->sub, g->client, rnd() % 4, guest_event, guest_sub, g))
				return;
			free(g->sub);
			g->sub = NULL;
		} else if (!fwq_unsubscribe(g->sub, guest_sub)) {
			return;
		} else if (g->sub->object.state == FWQ_OBJECT_NONE ||
			   g->sub->object.state == FWQ_OBJECT_LOST) {
			free(g->sub); /* it has ended, well or not */
			g->sub = NULL;
		}
		g->sub_busy = false;
		open_subs--;
		return;
	}
	if (g->thing_busy[i])
		return;
	if (!t) {
		t = g->thing[i] = malloc(sizeof(*t));
		fwq_object_init(&t->object, g->client, t->buf, sizeof(t->buf), guest_object,
				&g->thing_busy[i]);
	}
	g->thing_busy[i] = true;
	open_objects++;
	if (t->object.state == FWQ_OBJECT_NONE ? make(t) : fwq_object_free(&t->object)) {
		g->thing_busy[i] = false;
		open_objects--;
	}
}

/* Answers that are none. (A refusal of what was done would be believed, and rightly.) */
static void bad_day(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result)
{
	(void)function;
	(void)result;
	if (!(rnd() % 24))
		*len = rnd() % *len;
	else if (!(rnd() % 24))
		payload[rnd() % 4] ^= (uint8_t)(1 << rnd() % 8); /* hClient */
}

static void months_of_guests(void **state)
{
	(void)state;
	rng = 0x2468ace;
	for (unsigned int release = 0; release < FAKE_RELEASES; release++) {
		struct guest *g;

		start(release, release & 1);
		for (unsigned int i = 0; i < 12000; i++) {
			guest_act(&guests[rnd() % GUESTS]);
			/* A firmware that is good half of the time, so that things do go on. */
			fake_spoil = i / 500 & 1 ? bad_day : NULL;
			/* Without echoes, a function is not called again before the late reply. */
			if (fake_params.rpc.echoes_sequence && !(rnd() % 200))
				fake_silent = 1;
			if (rnd() & 1)
				fake_run();
			if (rnd() & 1)
				fwq_clients_poll(&fake_set);
			g = &guests[rnd() % GUESTS];
			if (side_room() && rnd() & 1)
				fake_post(0xc1d00000 + rnd() % 8, FWQ_OBJECT(rnd() % 64), rnd() % 4,
					  rnd() & 1);
			else if (side_room() && g->sub && g->client)
				fake_post(g->client->handle, g->sub->object.handle, rnd() % 4,
					  rnd() & 1);
			if (!(rnd() % 64))
				fake_now += FWQ_RM_TIMEOUT / 4;
		}
		fake_spoil = NULL;
		fake_silent = 0;
		fake_turns();
		fake_wait();
		for (unsigned int i = 0; i < GUESTS; i++)
			if (guests[i].client && !guests[i].ending)
				fwq_client_destroy(guests[i].client, guest_gone, &guests[i]);
		fake_turns();
		fake_wait();
		assert_int_equal(open_clients | open_objects | open_subs, 0);
		assert_null(fake_set.subscriptions);
		assert_null(fake_rpc.callers);
		assert_int_equal(fake_set.stopping, 0);
		/* The firmware has something left only of clients that are known to be lost. */
		for (uint32_t i = 0; i < fake_objects; i++)
			assert_true(fake_set.lost[fake_object[i].client & 0xffff]);
		assert_true(fake_calls > 5000 && events > 50);
		assert_true(fake_set.stats.unknown_events > 50);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(months_of_guests, setup),
	};

	return cmocka_run_group_tests(tests, NULL, fake_end);
}
