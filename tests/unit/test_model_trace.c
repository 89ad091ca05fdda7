/* SPDX-License-Identifier: MIT */
/*
 * What the model says it was asked for: registers, messages, objects, pages, once each.
 */
#include "model_talk.h"

#include "tests/model/trace.h"

#define PMC_BOOT_0 0x000000u
#define SCRATCH	   0x001400u
#define UNKNOWN	   0x123454u

static void test_registers(void **state)
{
	struct machine *mc = *state;

	assert_false(traced(mc, "read", PMC_BOOT_0) || traced(mc, "read", SCRATCH));
	for (int i = 0; i < 3; i++) {
		rd(mc, PMC_BOOT_0);
		rd(mc, UNKNOWN);
		wr(mc, SCRATCH + 8, 1);
		wr(mc, UNKNOWN + 4, 1);
	}
	assert_true(traced(mc, "read", PMC_BOOT_0) && traced(mc, "write", SCRATCH + 8));
	assert_false(traced(mc, "write", PMC_BOOT_0) || traced(mc, "read", SCRATCH + 8));
	assert_false(traced(mc, "write", SCRATCH));
	assert_false(traced(mc, "read", UNKNOWN) || traced(mc, "write", UNKNOWN + 4));
	/* A reset forgets nothing. */
	model_flr(mc->gpu);
	assert_true(traced(mc, "write", SCRATCH + 8));
}

static void test_messages(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t schedule[2] = {0}, engines[252] = {0};
	struct message msg;

	assert_true(traced(mc, "rpc", 72) && traced(mc, "rpc", 73) && traced(mc, "event", 0x1001));
	assert_false(traced(mc, "rpc", 103));
	rm_client(&t);
	assert_true(traced(mc, "rpc", 103) && traced(mc, "class", 0x80) &&
		    traced(mc, "class", 0x2080));
	/* Refused: no object, no control. The message was answered. */
	assert_int_not_equal(rm_alloc(&t, CLIENT, DEVICE, 0x1234, 0xdead, NULL, 0), 0);
	assert_int_not_equal(rm_control(&t, CLIENT, DEVICE, 0xa06f0103, schedule, 2), 0);
	assert_false(traced(mc, "class", 0xdead) || traced(mc, "control", 0xa06f0103));
	assert_true(traced(mc, "rpc", 76));
	assert_int_equal(rm_control(&t, CLIENT, SUBDEVICE, 0x20800170, engines, 252), 0);
	assert_true(traced(mc, "control", 0x20800170));
	tell(&t, 200, schedule, sizeof(schedule));
	assert_heard(&t, &msg, 200);
	assert_false(traced(mc, "rpc", 200));
}

/* A planted fault shows when it bites. */
static void test_faults(void **state)
{
	struct machine *mc = *state;

	model_fault_set(mc->gpu, "flip-reg=0 gfw-progress=3");
	rd(mc, SCRATCH);
	assert_false(traced(mc, "fault", MODEL_FLIP_REG));
	rd(mc, PMC_BOOT_0);
	assert_true(traced(mc, "fault", MODEL_FLIP_REG));
	assert_false(traced(mc, "fault", MODEL_GFW_PROGRESS));
	rd(mc, 0x118234);
	assert_true(traced(mc, "fault", MODEL_GFW_PROGRESS));
}

/* More than it can hold is counted, and what it holds stays. */
static void test_full(void **state)
{
	struct machine *mc = *state;
	char *json;

	for (uint32_t i = 0; i < 3 * 16384 / 4 + 5; i++)
		model_trace(mc->gpu, MODEL_TRACE_PAGE, i);
	model_trace(mc->gpu, MODEL_TRACE_PAGE, 7);
	assert_true(traced(mc, "page", 7) && traced(mc, "page", 3 * 16384 / 4 - 1));
	json = model_trace_json(mc->gpu);
	assert_non_null(strstr(json, "{\"dropped\": 5,"));
	free(json);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(test_registers),
		boot_test(test_messages),
		model_test(test_faults),
		model_test(test_full),
	};

	return cmocka_run_group_tests_name("model: trace", tests, NULL, NULL);
}
