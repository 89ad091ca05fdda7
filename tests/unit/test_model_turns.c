/* SPDX-License-Identifier: MIT */
/*
 * How channels of the model give up their turns, by waiting and yielding, and how they lose them: by
 * failing, by being disabled, freed or reset in the middle of their work; and channels that never end.
 */
#include "sched_bed.h"

#define MS	     1000000ull
#define METHODS_ONLY "entry=0,method=10000,semaphore=0,ce-launch=0,ce-byte-ps=0,switch=0,poll=0"
#define FREE	     "entry=0,method=0,semaphore=0,ce-launch=0,ce-byte-ps=0,switch=0,poll=0"

/* Who waits lets others go first, is looked at again, and costs nothing meanwhile. */
static void test_wait(void **state)
{
	struct bed b = bed_up(NULL, true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
	uint64_t now;

	(void)state;
	sem(&a, SEM, 5, ACQUIRE_GEQ | SWITCH_TSG);
	sem(&a, SEM + 16, 1, RELEASE_SEM);
	submit(&a, 1);
	assert_int_equal(model_run(b.mc->gpu), MODEL_WAITS);
	now = host(&b)->now;
	for (int i = 0; i < 100; i++)
		assert_int_equal(model_run(b.mc->gpu), MODEL_WAITS);
	assert_int_equal(host(&b)->now, now);
	nops(&c, 100);
	submit(&c, 10);
	assert_int_equal(model_run(b.mc->gpu), MODEL_WAITS);
	assert_true(done(&c));
	/* Its context was not even loaded for the looks. */
	assert_int_equal(host(&b)->runlists[1].switches, 2);
	/* Software writes the value. */
	set32(b.vram + SEM, 6);
	assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	assert_true(done(&a));
	assert_int_equal(word(&b, SEM + 16), 1);
	bed_down(&b);
}

/* One channel releases what another waits for, on its own runlist, and on another one. */
static void test_released(void **state)
{
	(void)state;
	for (int other = 0; other < 2; other++) {
		struct bed b = bed_up(NULL, true);
		struct chan a = chan_new(&b, 0, 0, COPY2);
		struct chan c = other ? chan_new(&b, 1, 0, COPY3) : chan_new(&b, 1, 0, COPY2);
		const struct model_host *h = host(&b);

		sem(&a, SEM, 5, ACQUIRE_GEQ | SWITCH_TSG);
		nops(&a, 10);
		submit(&a, 1);
		nops(&c, 300);
		sem(&c, SEM, 5, RELEASE_SEM);
		submit(&c, 100);
		run_out(&b);
		assert_true(done(&a) && done(&c));
		/*
		 * On another runlist soon after the release, which comes first of 370 us of work; on
		 * the same one when the other's work is done.
		 */
		if (other)
			assert_true(h->runlists[1].clock < 20000 * PS_PER_NS);
		else
			assert_int_equal(h->runlists[1].switches, 3);
		bed_down(&b);
	}
}

/* An acquire that forbids the switch keeps the others out, for a slice. */
static void test_wait_without_switch(void **state)
{
	struct bed b = bed_up("switch=0", true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);

	(void)state;
	nops(&a, 1);
	sem(&a, SEM, 5, ACQUIRE_GEQ);
	submit(&a, 1);
	assert_int_equal(model_run(b.mc->gpu), MODEL_WAITS);
	nops(&c, 100);
	submit(&c, 10);
	run_until(&b, 900000);
	assert_false(c.ch->group->entries);
	run_out(&b);
	assert_true(done(&c));
	assert_false(done(&a));
	/* It held on for the rest of its slice, and no longer. */
	assert_true(a.ch->group->ps >= 1048000 * PS_PER_NS);
	assert_true(a.ch->group->ps <= 1050000 * PS_PER_NS);
	/* Alone it does not even use up time. */
	for (int i = 0; i < 100; i++)
		model_run(b.mc->gpu);
	assert_true(a.ch->group->ps <= 1050000 * PS_PER_NS);
	bed_down(&b);
}

/* YIELD: to other groups, to the group's other channels, to nobody; an unknown one is an error. */
static void test_yield(void **state)
{
	static const struct {
		uint32_t op,
			second; /* entries that the other channel did after the first's first */
		bool together;	/* in one group */
	} yields[] = {{0, 0, false}, {2, 1, false}, {3, 0, false},
		      {0, 0, true},  {2, 1, true},  {3, 1, true}};

	(void)state;
	for (size_t i = 0; i < sizeof(yields) / sizeof(yields[0]); i++) {
		struct bed b = bed_up(METHODS_ONLY, true);
		uint32_t group = yields[i].together ? GROUP_AT(0) : 0;
		struct chan a, c;

		if (group)
			assert_int_equal(group_alloc(&b, group, 0x0b), 0);
		a = chan_new(&b, 0, group, COPY2);
		c = chan_new(&b, 1, group, COPY2);
		nops(&a, 19);
		method(&a, 0, 0x80, yields[i].op);
		submit(&a, 2);
		nops(&c, 20);
		submit(&c, 3);
		run_until(&b, 200000);
		/* One entry takes 200 us. */
		assert_int_equal(a.ch->gp_get, 1);
		run_until(&b, 400000);
		assert_int_equal(c.ch->gp_get, yields[i].second);
		assert_int_equal(a.ch->gp_get, 2 - yields[i].second);
		run_out(&b);
		assert_true(done(&a) && done(&c));
		bed_down(&b);
	}
	{
		struct bed b = bed_up(NULL, false);
		struct chan a = chan_new(&b, 0, 0, COPY2);

		method(&a, 0, 0x80, 1);
		submit(&a, 1);
		assert_true(a.ch->failed && strstr(b.mc->last_log, "YIELD 0x00000001"));
		bed_down(&b);
	}
}

/* A failed channel takes its group along, and nobody else. */
static void test_failure(void **state)
{
	struct bed b = bed_up(NULL, true);
	struct message msg;
	struct chan a, c, d;

	(void)state;
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
	a = chan_new(&b, 0, GROUP_AT(0), COPY2);
	c = chan_new(&b, 1, GROUP_AT(0), COPY2);
	d = chan_new(&b, 2, 0, COPY2);
	method(&a, 0, 0x04, 0);
	nops(&c, 100);
	nops(&d, 100);
	submit(&a, 1);
	submit(&c, 1);
	submit(&d, 1);
	assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	assert_true(a.ch->failed && c.ch->failed && !d.ch->failed);
	assert_false(c.ch->group->entries > 1);
	assert_true(done(&d) && !done(&c));
	/* RM says so once, of all of them. */
	assert_heard(&b.talk, &msg, 0x1004);
	assert_int_equal(le32(msg.payload + 12), 1);
	assert_false(hear(&b.talk, &msg));
	/* Alone it is one channel's. */
	d.at = 0;
	method(&d, 0, 0x04, 0);
	submit(&d, 1);
	assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	assert_heard(&b.talk, &msg, 0x1004);
	assert_int_equal(le32(msg.payload + 12), 0);
	bed_down(&b);
}

/*
 * Two entries, each of which puts another one behind the other: the channel never comes to its end. It
 * can write its USERD because the driver mapped it.
 */
static void endless(struct chan *c)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t at = PUSH(c->i) + 0x800 * i;

		c->at = 0x800 * i;
		sem(c, USERD_AT(c->i) + 0x8c, i, RELEASE_SEM);
		set32(c->b->vram + GPFIFO(c->i) + 8ul * i, at);
		set32(c->b->vram + GPFIFO(c->i) + 8ul * i + 4, 10 << 10);
	}
	/* The size of the GPFIFO, as the instance block has it: two entries. */
	set32(c->b->vram + INSTANCE_AT(c->i) + 0x4c,
	      (le32(c->b->vram + INSTANCE_AT(c->i) + 0x4c) & ~0x1f0000u) | 1u << 16);
	set32(c->b->vram + USERD_AT(c->i) + 0x8c, 1);
	wr(c->b->mc, 0xbb0090, c->token);
}

/* It is stopped every now and then, and the others have their turns: with costs and without. */
static void test_endless(void **state)
{
	static const char *const costs[] = {NULL, FREE, METHODS_ONLY};

	(void)state;
	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		struct bed b = bed_up(costs[i], true);
		struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
		struct chan d = chan_new(&b, 2, 0, COPY3);
		uint64_t before;

		endless(&a);
		for (int n = 0; n < 20; n++) {
			assert_int_equal(model_run(b.mc->gpu), MODEL_BUSY);
			assert_true(host(&b)->work < 20000);
		}
		nops(&c, 100);
		nops(&d, 100);
		submit(&c, 3);
		submit(&d, 3);
		for (int n = 0; n < 60; n++)
			assert_int_equal(model_run(b.mc->gpu), MODEL_BUSY);
		assert_true(done(&c) && done(&d));
		/* RM can take it off while it runs, and it goes on when it may. */
		before = a.ch->group->entries;
		model_channel_schedule(b.mc->gpu, a.ch, false);
		assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
		assert_int_equal(a.ch->group->entries, before);
		model_channel_schedule(b.mc->gpu, a.ch, true);
		assert_int_equal(model_run(b.mc->gpu), MODEL_BUSY);
		assert_true(a.ch->group->entries > before);
		model_flr(b.mc->gpu);
		assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
		bed_down(&b);
	}
}

/* Nobody calls model_run(): the doorbell comes back all the same. */
static void test_endless_at_the_doorbell(void **state)
{
	struct bed b = bed_up(NULL, false);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);

	(void)state;
	endless(&a);
	assert_non_null(strstr(b.mc->last_log, "still busy"));
	nops(&c, 10);
	submit(&c, 5);
	assert_true(done(&c));
	bed_down(&b);
}

/* A push buffer of headers that ask for nothing, and a GPFIFO of entries that hold nothing. */
static void test_nothing_to_do_at_length(void **state)
{
	struct bed b = bed_up(FREE, true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
	int n = 0;

	(void)state;
	for (uint32_t i = 0; i < 1000; i++)
		raw(&a, 1u << 29); /* a count of 0 */
	submit(&a, 1000);
	submit(&c, 1000); /* of no length */
	for (; n < 200 && model_run(b.mc->gpu) == MODEL_BUSY; n++)
		assert_true(host(&b)->work < 20000);
	assert_true(done(&a) && done(&c));
	assert_true(n > 50); /* a million headers are not read at once */
	assert_int_equal(host(&b)->now, 0);
	bed_down(&b);
}

/* What may come between two pieces of a copy, and its work stands where it was. */
static void test_in_flight(void **state)
{
	enum { DISABLE, FREE_CHANNEL, FREE_GROUP, FREE_CLIENT, RESET, UNLOAD, DESTROY, CASES };

	(void)state;
	for (int i = 0; i < CASES; i++) {
		struct bed b = bed_up("ce-byte-ps=4000", true);
		struct chan a, c;

		assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
		a = chan_new(&b, 0, GROUP_AT(0), COPY2);
		c = chan_new(&b, 1, GROUP_AT(0), COPY2);
		memset(b.vram + DATA, 0x5a, DATA_SIZE);
		copy(&a, DATA_SIZE);
		submit(&a, 2);
		copy(&c, DATA_SIZE / 2);
		submit(&c, 2);
		run_until(&b, 1000000);
		assert_true(a.ch->copy.busy);
		switch (i) {
		case DISABLE:
			model_channel_schedule(b.mc->gpu, a.ch, false);
			run_out(&b);
			assert_true(done(&c) && !done(&a));
			model_channel_schedule(b.mc->gpu, a.ch, true);
			run_out(&b);
			assert_true(done(&a));
			assert_int_equal(a.ch->group->bytes, 3 * DATA_SIZE);
			assert_memory_equal(b.vram + DATA + DATA_SIZE, b.vram + DATA, DATA_SIZE);
			break;
		case FREE_CHANNEL:
			assert_int_equal(rm_free(&b.talk, CLIENT, a.handle), 0);
			run_out(&b);
			assert_true(done(&c) && !done(&a));
			/* Its place can be taken at once. */
			a = chan_new(&b, 0, GROUP_AT(0), COPY2);
			break;
		case FREE_GROUP:
			assert_int_equal(rm_free(&b.talk, CLIENT, GROUP_AT(0)), 0);
			assert_null(host(&b)->runlists[1].groups);
			assert_null(model_channel_find(b.mc->gpu, 1, 0));
			assert_null(model_channel_find(b.mc->gpu, 1, 1));
			assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
			break;
		case FREE_CLIENT:
			assert_int_equal(rm_free(&b.talk, CLIENT, CLIENT), 0);
			assert_null(host(&b)->runlists[1].groups);
			assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
			break;
		case RESET:
			model_flr(b.mc->gpu);
			assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
			for (size_t n = 0; n < MODEL_GROUPS; n++)
				assert_false(host(&b)->groups[n].used);
			/* And again from the start, in time that has not gone back. */
			bed_boot(&b);
			c = chan_new(&b, 1, 0, COPY2);
			nops(&c, 1);
			submit(&c, 1);
			run_out(&b);
			assert_true(done(&c) && host(&b)->now > 1000000 * PS_PER_NS);
			break;
		case UNLOAD:
			tell(&b.talk, UNLOADING, NULL, 0);
			assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
			break;
		case DESTROY:
			break;
		}
		bed_down(&b);
	}
}

/* What the scheduler remembers of a group ends with it. */
static void test_gone(void **state)
{
	struct bed b = bed_up(NULL, true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);
	const struct model_runlist *r = &host(&b)->runlists[1];

	(void)state;
	nops(&a, 1);
	submit(&a, 1);
	run_out(&b);
	/* The one that would have been next. */
	assert_ptr_equal(r->first, c.ch->group);
	assert_int_equal(rm_free(&b.talk, CLIENT, c.handle), 0);
	assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	submit(&a, 1);
	run_out(&b);
	assert_true(done(&a) && r->switches == 1);
	/* The one that was last: another in its place has to be loaded. */
	assert_int_equal(rm_free(&b.talk, CLIENT, a.handle), 0);
	a = chan_new(&b, 0, 0, COPY2);
	put64(&b, USERD_AT(0) + 0x88, 0);
	submit(&a, 1);
	run_out(&b);
	assert_true(done(&a) && r->switches == 2);
	bed_down(&b);
}

/* Groups that come and go do not disturb the order of those that stay. */
static void test_coming_and_going(void **state)
{
	struct bed b = bed_up(METHODS_ONLY, true);
	struct chan a = chan_new(&b, 0, 0, COPY2), c = chan_new(&b, 1, 0, COPY2);

	(void)state;
	nops(&a, 100);
	submit(&a, 1000);
	nops(&c, 100);
	submit(&c, 1000);
	for (uint64_t t = 1; t < 100; t++) {
		struct chan d = chan_new(&b, 2, 0, COPY2);

		nops(&d, 100);
		submit(&d, 10);
		run_until(&b, t * MS);
		assert_int_equal(rm_free(&b.talk, CLIENT, d.handle), 0);
	}
	/* Each start of another ends a slice, but nobody's more often than the other's. */
	assert_true(a.ch->group->ps > 20 * MS * PS_PER_NS);
	assert_true(c.ch->group->ps > 20 * MS * PS_PER_NS);
	bed_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wait),
		cmocka_unit_test(test_released),
		cmocka_unit_test(test_wait_without_switch),
		cmocka_unit_test(test_yield),
		cmocka_unit_test(test_failure),
		cmocka_unit_test(test_endless),
		cmocka_unit_test(test_endless_at_the_doorbell),
		cmocka_unit_test(test_nothing_to_do_at_length),
		cmocka_unit_test(test_in_flight),
		cmocka_unit_test(test_gone),
		cmocka_unit_test(test_coming_and_going),
	};

	return cmocka_run_group_tests_name("model: turns", tests, NULL, NULL);
}
