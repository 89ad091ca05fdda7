/* SPDX-License-Identifier: MIT */
/*
 * fwq_tree.h - RM clients over the fake firmware, for tests: counted callbacks, and what each test
 * does with a client. A client's memory is freed in its last callback, so that the sanitizer sees
 * whoever touches it later.
 */
#ifndef TESTS_UNIT_FWQ_TREE_H
#define TESTS_UNIT_FWQ_TREE_H

#include <errno.h>

#include "tests/unit/fwq_fake.h"

static unsigned int created, destroyed, calls_ended, objects_ended, subs_ended, events;
static int create_err, destroy_err, call_err, object_err, sub_err;

static inline void on_created(struct fwq_client *client, int err)
{
	created++;
	create_err = err;
	if (err)
		free(client);
}

static inline void on_destroyed(struct fwq_client *client, int err)
{
	destroyed++;
	destroy_err = err;
	free(client);
}

static inline void on_call(struct fwq_rm_call *call, int err)
{
	(void)call;
	calls_ended++;
	call_err = err;
}

static inline void on_object(struct fwq_object *object, int err)
{
	(void)object;
	objects_ended++;
	object_err = err;
}

static inline void on_sub(struct fwq_subscription *sub, int err)
{
	(void)sub;
	subs_ended++;
	sub_err = err;
}

static inline void start(unsigned int release, bool echo)
{
	fake_start(release, echo);
	created = destroyed = calls_ended = objects_ended = subs_ended = events = 0;
	create_err = destroy_err = call_err = object_err = sub_err = 1;
}

static inline int setup(void **state)
{
	(void)state;
	start(5, true);
	return 0;
}

static inline struct fwq_client *begin(uint32_t quota)
{
	struct fwq_client *client = malloc(sizeof(*client));

	assert_int_equal(fwq_client_create(&fake_set, client, quota, on_created, NULL), 0);
	return client;
}

static inline struct fwq_client *live(uint32_t quota)
{
	struct fwq_client *client = begin(quota);

	fake_turns();
	assert_int_equal(create_err, 0);
	assert_int_equal(client->state, FWQ_CLIENT_LIVE);
	return client;
}

static inline void destroy(struct fwq_client *client, int err)
{
	unsigned int before = destroyed;

	fwq_client_destroy(client, on_destroyed, NULL);
	fake_turns();
	fake_wait();
	assert_int_equal(destroyed, before + 1);
	assert_int_equal(destroy_err, err);
}

/* An object whose class has no parameters. */
struct thing {
	struct fwq_object object;
	uint8_t buf[FWQ_RM_SIZE(0)];
};

static inline int make(struct thing *t)
{
	return fwq_object_alloc(&t->object, FWQ_DEVICE, FWQ_N_TURING_DMA_COPY_A, FWQ_RM_NO_PARAMS);
}

static inline void prepare(struct thing *t, struct fwq_client *client)
{
	fwq_object_init(&t->object, client, t->buf, sizeof(t->buf), on_object, NULL);
}

#endif /* TESTS_UNIT_FWQ_TREE_H */
