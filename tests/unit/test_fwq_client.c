/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_client.c - trees of RM objects: made, used, and ended at the worst moments.
 *
 * Whatever happens: done() runs once for each thing begun, the firmware keeps nothing of a client that
 * has ended well, a handle is not given out again before the firmware let go of it, and memory handed
 * back to its owner is not touched.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/fwq_tree.h"

/* ---------------------------------------------------------------- trees */

static void a_tree_in_every_release(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 2 * FAKE_RELEASES; i++) {
		struct fwq_client *client;

		start(i / 2, i % 2);
		client = live(4);
		assert_int_equal(client->handle, 0xc1d00000);
		assert_int_equal(fake_objects, 3);
		assert_true(fake_find(0xc1d00000, 0xc1d00000) >= 0);
		assert_true(fake_find(0xc1d00000, 0xde1d0000) >= 0);
		assert_true(fake_find(0xc1d00000, 0x5d1d0000) >= 0);
		destroy(client, 0);
		assert_int_equal(fake_objects, 0);
		assert_int_equal(created, 1);
		/* The next client has another handle, the first one's is not reused at once. */
		client = live(4);
		assert_int_equal(client->handle, 0xc1d00001);
		destroy(client, 0);
	}
}

/* Whichever step fails, and however, what was made is freed, and the owner hears of it once. */
static void creation_fails_at_each_step(void **state)
{
	static const uint32_t classes[] = {0x0, 0x80, 0x2080};

	(void)state;
	for (unsigned int i = 0; i < 3 * 2; i++) {
		start(i % FAKE_RELEASES, i & 1);
		fake_refuse_function = FAKE_ALLOC;
		fake_refuse_class = classes[i / 2];
		fake_refuse_status = 0x1a;
		assert_non_null(begin(4));
		fake_turns();
		assert_int_equal(created, 1);
		assert_int_equal(create_err, -ENOSPC);
		assert_int_equal(fake_objects, 0);
		assert_int_equal(fake_set.stats.lost_clients, 0);
		assert_null(fake_set.client[0]);
		assert_null(fake_rpc.callers);
	}
}

static unsigned int skip;
static uint32_t spoil_len;

/* From the skip-th reply on one is cut; others are as they should be. */
static void cut_one(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result)
{
	(void)function;
	(void)payload;
	(void)result;
	if (!skip--)
		*len = spoil_len;
}

static void answers_are_lost_or_wrong_at_each_step(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3 * 4; i++) {
		start(i % FAKE_RELEASES, i & 1);
		skip = i / 4;
		spoil_len = 7;
		fake_spoil = i & 2 ? cut_one : NULL;
		assert_non_null(begin(4));
		if (!(i & 2)) {
			/* Step by step up to the one that is not answered. */
			for (unsigned int n = 0; n < i / 4; n++) {
				fake_run();
				fwq_clients_poll(&fake_set);
			}
			fake_silent = 1;
		}
		fake_turns();
		fake_wait();
		assert_int_equal(created, 1);
		assert_null(fake_set.client[0]);
		assert_null(fake_rpc.callers);
		if (i & 2) {
			assert_int_equal(create_err, -EPROTO);
			assert_int_equal(fake_objects, 0);
			assert_int_equal(fake_set.stats.lost_clients, 0);
		} else {
			assert_int_equal(create_err, -ETIMEDOUT);
			assert_int_equal(fake_objects, 0);
		}
	}
}

/* The firmware does not free the root: nobody gets its handle again. */
static void a_root_that_stays(void **state)
{
	struct fwq_client *client = live(4);

	(void)state;
	fake_refuse_function = FAKE_FREE;
	fake_refuse_status = 0x56;
	destroy(client, -EOPNOTSUPP);
	assert_int_equal(fake_set.stats.lost_clients, 1);
	fake_refuse_status = 0;
	for (unsigned int i = 0; i < FWQ_CLIENTS_MAX + 5; i++) {
		client = live(0);
		assert_int_not_equal(client->handle, 0xc1d00000);
		destroy(client, 0);
	}
	assert_int_equal(fake_objects, 3);
}

static void nothing_to_end(void **state)
{
	static struct fwq_pack large;
	struct fwq_client *client = calloc(1, sizeof(*client));

	(void)state;
	/* Never made: there is nothing that could fail. */
	fwq_client_destroy(client, on_destroyed, NULL);
	assert_int_equal(destroyed, 1);
	assert_int_equal(destroy_err, 0);
	/* A pack whose parameters have no place in a client. */
	large = *fake_rm.pack;
	large.size[FWQ_S_NV0080_ALLOC_PARAMETERS] = FWQ_CLIENT_PARAMS + 1;
	fake_rm.pack = &large;
	assert_int_equal(fwq_clients_init(&fake_set, &fake_rm), -EINVAL);
}

static void no_more_than_so_many(void **state)
{
	struct fwq_client *clients[FWQ_CLIENTS_MAX];
	static struct fwq_client one;

	(void)state;
	assert_int_equal(fwq_client_create(&fake_set, &one, FWQ_OBJECTS_MAX + 1, on_created, NULL),
			 -EINVAL);
	for (unsigned int i = 0; i < FWQ_CLIENTS_MAX; i++)
		clients[i] = live(0);
	assert_int_equal(fwq_client_create(&fake_set, &one, 1, on_created, NULL), -ENOSPC);
	destroy(clients[77], 0);
	clients[77] = live(0);
	assert_int_equal(clients[77]->handle, 0xc1d00000 + 77);
	for (unsigned int i = 0; i < FWQ_CLIENTS_MAX; i++)
		destroy(clients[i], 0);
	assert_int_equal(fake_objects, 0);
}

/* ---------------------------------------------------------------- the end comes early */

static struct fwq_rm_call big_call;
static uint8_t big_buf[FWQ_RM_SIZE(694280)];

static int big_control(struct fwq_client *client)
{
	return fwq_client_control(client, &big_call, FWQ_SUBDEVICE,
				  FWQ_N_NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE,
				  FWQ_S_NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS);
}

/* destroy() after each step of creation, and before the first */
static void destroyed_while_it_is_made(void **state)
{
	(void)state;
	for (unsigned int echo = 0; echo < 2; echo++)
		for (unsigned int steps = 0; steps < 8; steps++) {
			struct fwq_client *client;

			start(3, echo);
			client = begin(4);
			for (unsigned int n = 0; n < steps; n++)
				if (n & 1)
					fwq_clients_poll(&fake_set);
				else
					fake_run();
			assert_int_equal(created, steps >= 6);
			destroy(client, 0);
			assert_int_equal(created, steps >= 6);
			assert_int_equal(fake_objects, 0);
			assert_null(fake_rpc.callers);
		}
}

/* Its message is half sent: the end waits until the other half is. */
static void destroyed_in_the_middle_of_a_message(void **state)
{
	struct fwq_client *client = live(4);

	(void)state;
	fwq_rm_call_init(&big_call, &fake_rm, &client->caller, big_buf, sizeof(big_buf), on_call,
			 NULL);
	assert_int_equal(big_control(client), 0);
	fwq_client_destroy(client, on_destroyed, NULL);
	assert_int_equal(client->state, FWQ_CLIENT_STOPPING);
	assert_int_equal(calls_ended, 0);
	assert_int_equal(big_control(client), -ESHUTDOWN);
	fwq_clients_poll(&fake_set);
	assert_int_equal(client->state, FWQ_CLIENT_STOPPING);
	/* Another destroy() in between only takes the place of the first. */
	fwq_client_destroy(client, on_destroyed, NULL);
	fake_turns();
	assert_int_equal(calls_ended, 1);
	assert_int_equal(call_err, -ECANCELED);
	assert_int_equal(destroyed, 1);
	assert_int_equal(destroy_err, 0);
	assert_int_equal(fake_objects, 0);
	assert_int_equal(fake_set.stopping, 0);
}

/* The firmware stops reading: half a message, a time-out, and the transport is broken for all. */
static void the_transport_breaks(void **state)
{
	struct fwq_client *client = live(4), *other = live(4);
	uint8_t *buf = malloc(FWQ_RM_SIZE(0));
	struct fwq_object object;
	struct thing old;

	(void)state;
	prepare(&old, other);
	assert_int_equal(make(&old), 0);
	fake_turns();
	fwq_rm_call_init(&big_call, &fake_rm, &client->caller, big_buf, sizeof(big_buf), on_call,
			 NULL);
	assert_int_equal(big_control(client), 0);
	fwq_object_init(&object, other, buf, FWQ_RM_SIZE(0), on_object, NULL);
	assert_int_equal(
		fwq_object_alloc(&object, FWQ_DEVICE, FWQ_N_TURING_DMA_COPY_A, FWQ_RM_NO_PARAMS),
		0);
	fwq_client_destroy(client, on_destroyed, NULL);
	assert_non_null(begin(1));
	fake_now += FWQ_RM_TIMEOUT;
	assert_int_equal(fwq_clients_poll(&fake_set), -EIO);
	assert_int_equal(calls_ended, 1);
	assert_int_equal(call_err, -ETIMEDOUT);
	assert_int_equal(destroyed, 1);
	assert_int_equal(destroy_err, -EIO);
	assert_int_equal(objects_ended, 2);
	assert_true(object_err == -EIO || object_err == -ETIMEDOUT);
	/* Never sent: the firmware does not have it. */
	assert_int_equal(object.state, FWQ_OBJECT_NONE);
	assert_int_equal(created, 3);
	assert_int_equal(
		fwq_object_alloc(&object, FWQ_DEVICE, FWQ_N_TURING_DMA_COPY_A, FWQ_RM_NO_PARAMS),
		-EIO);
	assert_int_equal(object.state, FWQ_OBJECT_NONE);
	assert_int_equal(fwq_object_free(&old.object), -EIO);
	assert_int_equal(old.object.state, FWQ_OBJECT_LIVE);
	assert_int_equal(other->used, 1);
	free(buf);
	destroy(other, -EIO);
	client = malloc(sizeof(*client));
	assert_int_equal(fwq_client_create(&fake_set, client, 0, on_created, NULL), -EIO);
	free(client);
	assert_null(fake_rpc.callers);
}

static struct fwq_client *victim;

static void on_call_that_destroys(struct fwq_rm_call *call, int err)
{
	on_call(call, err);
	fwq_client_destroy(victim, on_destroyed, NULL);
}

static void destroyed_by_its_own_callback(void **state)
{
	struct fwq_rm_call calls[3];
	uint8_t bufs[3][FWQ_RM_SIZE(8)];

	(void)state;
	for (unsigned int round = 0; round < 2; round++) {
		start(4, !round);
		victim = live(4);
		for (unsigned int i = 0; i < 3; i++) {
			fwq_rm_call_init(&calls[i], &fake_rm, &victim->caller, bufs[i],
					 sizeof(bufs[i]), on_call_that_destroys, NULL);
			fwq_rm_params(&calls[i], FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS);
			assert_int_equal(fwq_client_control(victim, &calls[i], FWQ_SUBDEVICE,
							    FWQ_N_NVA06C_CTRL_CMD_SET_TIMESLICE,
							    FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS),
					 0);
		}
		fake_turns();
		assert_int_equal(calls_ended, 3);
		assert_int_equal(call_err, -ECANCELED);
		assert_int_equal(destroyed, 1);
		assert_int_equal(destroy_err, 0);
		assert_int_equal(fake_objects, 0);
	}
}

/* ---------------------------------------------------------------- objects */

static void a_quota_and_its_handles(void **state)
{
	struct fwq_client *client = live(3), *other = live(1);
	struct thing t[4];
	uint32_t first;

	(void)state;
	for (unsigned int i = 0; i < 4; i++)
		prepare(&t[i], client);
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(make(&t[i]), 0);
	assert_int_equal(make(&t[3]), -EDQUOT);
	assert_int_equal(make(&t[0]), -EBUSY);
	assert_int_equal(fwq_object_free(&t[0].object), -EBUSY);
	fake_turns();
	assert_int_equal(objects_ended, 3);
	assert_int_equal(object_err, 0);
	assert_int_equal(client->used, 3);
	assert_true(t[0].object.handle != t[1].object.handle);
	assert_true(fake_find(client->handle, t[2].object.handle) >= 0);

	/* A free that is on its way still counts. */
	first = t[0].object.handle;
	assert_int_equal(fwq_object_free(&t[0].object), 0);
	assert_int_equal(make(&t[3]), -EDQUOT);
	fake_turns();
	assert_int_equal(t[0].object.state, FWQ_OBJECT_NONE);
	assert_int_equal(fwq_object_free(&t[0].object), -EBUSY);
	assert_int_equal(make(&t[3]), 0);
	assert_int_not_equal(t[3].object.handle, first);
	fake_turns();

	/* Somebody else's quota is not touched by all this. */
	prepare(&t[0], other);
	assert_int_equal(make(&t[0]), 0);
	fake_turns();
	assert_int_equal(object_err, 0);
	destroy(client, 0);
	assert_int_equal(fake_objects, 4);
	destroy(other, 0);
}

static void handles_go_round(void **state)
{
	struct fwq_client *client = live(2);
	struct thing keep, t;

	(void)state;
	prepare(&keep, client);
	prepare(&t, client);
	assert_int_equal(make(&keep), 0);
	fake_turns();
	for (unsigned int i = 0; i < 3 * FWQ_OBJECTS_MAX; i++) {
		assert_int_equal(make(&t), 0);
		fake_turns();
		assert_int_equal(object_err, 0); /* the fake refuses a handle that is in use */
		assert_int_equal(fwq_object_free(&t.object), 0);
		fake_turns();
	}
	assert_int_equal(client->used, 1);
	destroy(client, 0);
}

/* A handle that the owner chose counts like any, and takes nobody else's away. */
static void a_handle_that_is_named(void **state)
{
	struct fwq_client *client = live(2);
	struct thing t[3];

	(void)state;
	for (unsigned int i = 0; i < 3; i++)
		prepare(&t[i], client);
	fwq_object_name(&t[0].object, 0xdada0045);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(make(&t[0]), 0);
		fake_turns();
		assert_int_equal(object_err, 0);
		assert_true(fake_find(client->handle, 0xdada0045) >= 0);
		assert_int_equal(make(&t[1]), 0);
		assert_int_equal(t[1].object.handle, FWQ_OBJECT(i));
		assert_int_equal(make(&t[2]), -EDQUOT);
		fake_turns();
		assert_int_equal(fwq_object_free(&t[0].object), 0);
		assert_int_equal(fwq_object_free(&t[1].object), 0);
		fake_turns();
		assert_int_equal(client->used, 0);
	}
	destroy(client, 0);
}

/* A lost answer: the handle stays taken until a free makes sure. */
static void lost_objects(void **state)
{
	(void)state;
	for (unsigned int echo = 0; echo < 2; echo++) {
		struct fwq_client *client;
		struct thing t;

		start(2, echo);
		client = live(1);
		prepare(&t, client);
		fake_silent = 1;
		assert_int_equal(make(&t), 0);
		fake_turns();
		fake_wait();
		assert_int_equal(object_err, -ETIMEDOUT);
		assert_int_equal(t.object.state, FWQ_OBJECT_LOST);
		assert_int_equal(client->used, 1);
		assert_int_equal(make(&t), -EBUSY);
		assert_int_equal(fwq_object_free(&t.object), 0);
		fake_turns();
		assert_int_equal(object_err, 0);
		assert_int_equal(t.object.state, FWQ_OBJECT_NONE);
		assert_int_equal(client->used, 0);
		assert_int_equal(fake_objects, 3);

		/* Refused for certain: the handle is free at once. */
		if (echo) {
			fake_refuse_function = FAKE_ALLOC;
			fake_refuse_class = 0xc5b5;
			fake_refuse_status = 0x1a;
			assert_int_equal(make(&t), 0);
			fake_turns();
			assert_int_equal(object_err, -ENOSPC);
			assert_int_equal(t.object.state, FWQ_OBJECT_NONE);
			assert_int_equal(client->used, 0);
			fake_refuse_status = 0;
		}
		destroy(client, 0);
	}
}

/* It was lost, and the firmware does not have it: then it is free. */
static void lost_and_never_there(void **state)
{
	struct fwq_client *client = live(1);
	struct thing t;

	(void)state;
	prepare(&t, client);
	assert_int_equal(make(&t), 0);
	fake_turns();
	fake_silent = 1;
	assert_int_equal(fwq_object_free(&t.object), 0);
	fake_turns();
	fake_wait();
	assert_int_equal(object_err, -ETIMEDOUT);
	assert_int_equal(t.object.state, FWQ_OBJECT_LOST);
	assert_int_equal(client->used, 1);
	assert_int_equal(fwq_object_free(&t.object), 0);
	fake_turns();
	assert_int_equal(object_err, 0);
	assert_int_equal(t.object.state, FWQ_OBJECT_NONE);
	assert_int_equal(client->used, 0);
	destroy(client, 0);
}

static void a_free_that_is_refused(void **state)
{
	struct fwq_client *client = live(1);
	struct thing t;

	(void)state;
	prepare(&t, client);
	assert_int_equal(make(&t), 0);
	fake_turns();
	fake_refuse_function = FAKE_FREE;
	fake_refuse_status = 0x3; /* whatever it is */
	assert_int_equal(fwq_object_free(&t.object), 0);
	fake_turns();
	assert_true(object_err < 0);
	assert_int_equal(t.object.state, FWQ_OBJECT_LOST);
	assert_int_equal(client->used, 1);
	fake_refuse_status = 0;
	assert_int_equal(fwq_object_free(&t.object), 0);
	fake_turns();
	assert_int_equal(object_err, 0);
	/* When the client ends, what waits is cancelled. */
	assert_int_equal(make(&t), 0);
	destroy(client, 0);
	assert_int_equal(object_err, -ECANCELED);
	assert_int_equal(objects_ended, 4);
	assert_int_equal(fake_objects, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_tree_in_every_release, setup),
		cmocka_unit_test_setup(creation_fails_at_each_step, setup),
		cmocka_unit_test_setup(answers_are_lost_or_wrong_at_each_step, setup),
		cmocka_unit_test_setup(a_root_that_stays, setup),
		cmocka_unit_test_setup(nothing_to_end, setup),
		cmocka_unit_test_setup(no_more_than_so_many, setup),
		cmocka_unit_test_setup(destroyed_while_it_is_made, setup),
		cmocka_unit_test_setup(destroyed_in_the_middle_of_a_message, setup),
		cmocka_unit_test_setup(the_transport_breaks, setup),
		cmocka_unit_test_setup(destroyed_by_its_own_callback, setup),
		cmocka_unit_test_setup(a_quota_and_its_handles, setup),
		cmocka_unit_test_setup(handles_go_round, setup),
		cmocka_unit_test_setup(a_handle_that_is_named, setup),
		cmocka_unit_test_setup(lost_objects, setup),
		cmocka_unit_test_setup(lost_and_never_there, setup),
		cmocka_unit_test_setup(a_free_that_is_refused, setup),
	};

	return cmocka_run_group_tests(tests, NULL, fake_end);
}
