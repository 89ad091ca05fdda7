/* SPDX-License-Identifier: MIT */
/*
 * Channel groups as the stand-in for GSP-RM keeps them: who may be in them, their time slices, and the
 * calls on them.
 */
#include "sched_bed.h"

#define INSUFFICIENT 0x1au
#define BAD_ARGUMENT 0x1fu
#define BAD_PARENT   0x36u
#define BAD_STRUCT   0x3au
#define BAD_STATE    0x40u
#define NO_FIFO	     0x4fu
#define UNSUPPORTED  0x56u
#define NOT_FOUND    0x57u

#define SCHEDULE      0xa06c0101u
#define BIND	      0xa06c0102u
#define SET_TIMESLICE 0xa06c0103u
#define GET_TIMESLICE 0xa06c0104u
#define PREEMPT	      0xa06c0105u
#define GET_INFO      0xa06c0106u
#define METHOD_BUFFER 0xa06c010au

static uint32_t control(struct bed *b, uint32_t cmd, void *params, uint32_t size)
{
	return rm_control(&b->talk, CLIENT, GROUP_AT(0), cmd, params, size);
}

static void test_members(void **state)
{
	struct bed b = bed_up(NULL, true);
	uint32_t params[5] = {0, 0, SPACE + 1, 0x0b, 0};
	struct chan c;
	uint32_t n;

	(void)state;
	/* An engine that is not there, an address space that is not there, other parents. */
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0), BAD_ARGUMENT);
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x7f), BAD_ARGUMENT);
	assert_int_equal(rm_alloc(&b.talk, CLIENT, DEVICE, GROUP_AT(0), 0xa06c, params, 20),
			 NOT_FOUND);
	params[2] = DEVICE;
	assert_int_equal(rm_alloc(&b.talk, CLIENT, DEVICE, GROUP_AT(0), 0xa06c, params, 20),
			 NOT_FOUND);
	params[2] = SPACE;
	assert_int_equal(rm_alloc(&b.talk, CLIENT, SUBDEVICE, GROUP_AT(0), 0xa06c, params, 20),
			 BAD_PARENT);
	assert_int_equal(rm_alloc(&b.talk, CLIENT, DEVICE, GROUP_AT(0), 0xa06c, params, 16),
			 BAD_STRUCT);
	assert_int_equal(rm_alloc(&b.talk, CLIENT, DEVICE, GROUP_AT(0), 0xa06c, NULL, 0),
			 BAD_STRUCT);
	assert_null(host(&b)->runlists[1].groups);
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);

	/* Address space and engine are the group's. */
	assert_int_equal(chan_alloc(&b, 0, GROUP_AT(0), 0x0b, SPACE), BAD_ARGUMENT);
	assert_int_equal(chan_alloc(&b, 0, GROUP_AT(0), 1, 0), BAD_ARGUMENT);
	assert_int_equal(chan_alloc(&b, 0, GROUP_AT(0), 0x7f, 0), BAD_ARGUMENT);
	assert_int_equal(chan_alloc(&b, 0, GROUP_AT(0), 0x0b, 0), 0);
	c.ch = model_channel_find(b.mc->gpu, 1, 0);
	assert_true(c.ch && c.ch->engine == 3 && !c.ch->group->own);
	params[2] = 0;
	assert_int_equal(rm_alloc(&b.talk, CLIENT, DEVICE, GROUP_AT(1), 0xa06c, params, 20), 0);
	assert_int_equal(chan_alloc(&b, 1, GROUP_AT(1), 0x0b, 0), BAD_STATE);

	/* An object of an engine finds its channel there too. */
	assert_int_equal(rm_alloc(&b.talk, CLIENT, CHANNEL_AT(0), 1, 0xc7b5, NULL, 0), 0);
	/* Hardware has room for so many. */
	for (n = 1; chan_alloc(&b, n, GROUP_AT(0), 0, 0) == 0; n++)
		;
	assert_int_equal(n, 128);
	assert_int_equal(chan_alloc(&b, n, GROUP_AT(0), 0, 0), INSUFFICIENT);
	assert_int_equal(chan_alloc(&b, n, DEVICE, 0x0b, SPACE), 0);
	assert_int_equal(rm_free(&b.talk, CLIENT, GROUP_AT(0)), 0);
	assert_null(model_channel_find(b.mc->gpu, 1, 0));
	assert_null(model_channel_find(b.mc->gpu, 1, 127));
	assert_non_null(model_channel_find(b.mc->gpu, 1, 128));
	assert_int_equal(rm_free(&b.talk, CLIENT, CHANNEL_AT(0)), NOT_FOUND);
	assert_int_equal(chan_alloc(&b, 0, GROUP_AT(0), 0, 0), NOT_FOUND);

	/* Without groups left there are no channels either. */
	for (n = 2; group_alloc(&b, GROUP_AT(n), 1) == 0; n++)
		;
	assert_int_equal(n - 2, MODEL_GROUPS - 2);
	assert_int_equal(group_alloc(&b, GROUP_AT(n), 1), NO_FIFO);
	assert_int_equal(chan_alloc(&b, 0, DEVICE, 1, SPACE), NO_FIFO);
	assert_int_equal(rm_free(&b.talk, CLIENT, GROUP_AT(2)), 0);
	assert_int_equal(chan_alloc(&b, 0, DEVICE, 1, SPACE), 0);
	bed_down(&b);
}

static void test_timeslice(void **state)
{
	/* What is asked for, and the units of 1024 ns that hardware takes it for. */
	static const struct {
		uint64_t us, units;
	} slices[] = {{1, 1},	    {0, 1},	  {255, 255},	       {257, 256},
		      {511, 510},   {1000, 1000}, {2047, 2040},	       {0x7f8000, 0x7f8000},
		      {2000, 2000}, {4001, 4000}, {0x7fffff, 0x7f8000}};
	static const uint64_t bad[] = {0x800000, ~0ull, 1ull << 32};
	struct bed b = bed_up(NULL, true);
	const struct model_group *g;
	uint64_t us;

	(void)state;
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
	g = host(&b)->runlists[1].groups;
	assert_int_equal(control(&b, GET_TIMESLICE, &us, 8), 0);
	assert_int_equal(us, 1024);
	assert_int_equal(g->slice, 1024ull * 1024 * PS_PER_NS);
	for (size_t i = 0; i < sizeof(slices) / sizeof(slices[0]); i++) {
		us = slices[i].us;
		assert_int_equal(control(&b, SET_TIMESLICE, &us, 8), 0);
		us = 5;
		assert_int_equal(control(&b, GET_TIMESLICE, &us, 8), 0);
		assert_int_equal(us, slices[i].us);
		assert_int_equal(g->slice, slices[i].units * 1024 * PS_PER_NS);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		us = bad[i];
		assert_int_equal(control(&b, SET_TIMESLICE, &us, 8), BAD_ARGUMENT);
	}
	assert_int_equal(g->slice, 0x7f8000ull * 1024 * PS_PER_NS);
	us = 1;
	assert_int_equal(control(&b, SET_TIMESLICE, &us, 4), BAD_STRUCT);
	assert_int_equal(rm_control(&b.talk, CLIENT, DEVICE, SET_TIMESLICE, &us, 8), UNSUPPORTED);
	bed_down(&b);
}

static void test_calls(void **state)
{
	struct bed b = bed_up(NULL, true);
	uint8_t schedule[2] = {0}, bind[4] = {0x0b}, preempt[8] = {1}, buffers[88] = {0};
	struct chan a, c, d;
	uint32_t info = ~0u;

	(void)state;
	assert_int_equal(group_alloc(&b, GROUP_AT(0), 0x0b), 0);
	a = chan_new(&b, 0, GROUP_AT(0), COPY2);
	c = chan_new(&b, 1, GROUP_AT(0), COPY2);
	d = chan_new(&b, 2, 0, COPY2);
	assert_int_equal(control(&b, GET_INFO, &info, 4), 0);
	assert_int_equal(info, 0);

	/* All of them off, and what was asked for meanwhile is done when they are on again. */
	assert_int_equal(control(&b, SCHEDULE, schedule, 2), 0);
	assert_true(!a.ch->scheduled && !c.ch->scheduled && d.ch->scheduled);
	nops(&a, 1);
	submit(&a, 1);
	submit(&c, 1);
	assert_int_equal(model_run(b.mc->gpu), MODEL_IDLE);
	assert_true(!done(&a) && !done(&c));
	schedule[0] = 1;
	kicks = 0;
	assert_int_equal(control(&b, SCHEDULE, schedule, 2), 0);
	assert_true(kicks > 0);
	run_out(&b);
	assert_true(done(&a) && done(&c));

	/* An engine of the same runlist, for all of them. */
	assert_int_equal(control(&b, BIND, bind, 4), 0);
	bind[0] = 1;
	assert_int_equal(control(&b, BIND, bind, 4), BAD_ARGUMENT);
	assert_int_equal(c.ch->engine, 3);

	/* A preempted group has lost its turn. */
	a.at = 0;
	nops(&a, 100);
	submit(&a, 500);
	nops(&d, 100);
	submit(&d, 500);
	run_until(&b, host(&b)->now / PS_PER_NS + 200000);
	assert_ptr_equal(host(&b)->runlists[1].current, a.ch->group);
	assert_int_equal(control(&b, PREEMPT, preempt, 8), 0);
	model_run(b.mc->gpu);
	assert_ptr_equal(host(&b)->runlists[1].current, d.ch->group);
	/* Not that of somebody else. */
	assert_int_equal(control(&b, PREEMPT, preempt, 8), 0);
	model_run(b.mc->gpu);
	assert_ptr_equal(host(&b)->runlists[1].current, d.ch->group);
	preempt[1] = 1;
	set32(preempt + 4, 1000000);
	assert_int_equal(control(&b, PREEMPT, preempt, 8), 0);
	set32(preempt + 4, 1000001);
	assert_int_equal(control(&b, PREEMPT, preempt, 8), BAD_ARGUMENT);

	/* Method buffers must be somewhere. */
	set32(buffers + 8, 0x5000);
	set32(buffers + 24, 2);
	set32(buffers + 32 + 4, 0x100);
	set32(buffers + 32 + 8, 0x5000);
	set32(buffers + 32 + 24, 2);
	set32(buffers + 80, 1);
	assert_int_equal(control(&b, METHOD_BUFFER, buffers, 88), 0);
	set32(buffers + 80, 2);
	assert_int_equal(control(&b, METHOD_BUFFER, buffers, 88), BAD_ARGUMENT);
	set32(buffers + 32 + 24, 1);
	assert_int_equal(control(&b, METHOD_BUFFER, buffers, 88), 0);
	set32(buffers + 80, 3);
	assert_int_equal(control(&b, METHOD_BUFFER, buffers, 88), BAD_ARGUMENT);
	bed_down(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_members),
		cmocka_unit_test(test_timeslice),
		cmocka_unit_test(test_calls),
	};

	return cmocka_run_group_tests_name("model: channel groups", tests, NULL, NULL);
}
