/* SPDX-License-Identifier: MIT */
/*
 * What the stand-in for GSP-RM makes of address spaces whose tables are the driver's: it is told where they
 * begin, by a control or by a message, and is told again before they go.
 */
#include "model_talk.h"

#include "tests/model/gsp.h"

#define BAD_ARGUMENT 0x1fu
#define BAD_STATE    0x40u
#define UNSUPPORTED  0x56u
#define NOT_FOUND    0x57u

#define SPACE	 0x90f10000u
#define OWNED	 (1u << 3) /* NV_VASPACE_ALLOCATION_FLAGS_IS_EXTERNALLY_OWNED */
#define SHARED	 (1u << 2) /* _SHARED_MANAGEMENT */
#define MIRRORED (1u << 5) /* _IS_MIRRORED */

#define SET_RPC	  54u
#define UNSET_RPC 79u

static uint32_t space_new(struct talk *t, uint32_t handle, uint32_t flags)
{
	uint8_t params[48] = {0};

	set32(params + 4, flags);
	return rm_alloc(t, CLIENT, DEVICE, handle, 0x90f1, params, sizeof(params));
}

/* NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_PARAMS */
static void directory(uint8_t *p, uint64_t addr, uint32_t nr, uint32_t flags, uint32_t space)
{
	memset(p, 0, 32);
	memcpy(p, &addr, 8);
	set32(p + 8, nr);
	set32(p + 12, flags);
	set32(p + 16, space);
}

static uint32_t set(struct talk *t, uint32_t space)
{
	uint8_t p[32];

	directory(p, 0x200000, 4, 0, space);
	return rm_control(t, CLIENT, DEVICE, 0x801813, p, sizeof(p));
}

static uint32_t unset(struct talk *t, uint32_t space)
{
	uint8_t p[8] = {0};

	set32(p, space);
	return rm_control(t, CLIENT, DEVICE, 0x801814, p, sizeof(p));
}

static void test_asked(void **state)
{
	static const struct {
		uint64_t addr;
		uint32_t nr, flags, space, status;
	} asked[] = {
		{0x200000, 4, 0, SPACE, 0},
		{0x200000, 4, 1, SPACE, 0},
		{0x200000, 4, 2, SPACE, 0},
		{0x200000, 4, 3, SPACE, BAD_ARGUMENT}, /* no such aperture */
		{0x200800, 4, 0, SPACE, BAD_ARGUMENT},
		{0x200000, 0, 0, SPACE, BAD_ARGUMENT},
		{0x200000, 5, 0, SPACE, BAD_ARGUMENT},	 /* more than 49 bits */
		{1ull << 40, 4, 0, SPACE, BAD_ARGUMENT}, /* past the memory */
		{1ull << 40, 4, 1, SPACE, 0},
		{0x200000, 4, 0, SPACE + 1, NOT_FOUND},
		{0x200000, 4, 0, DEVICE, NOT_FOUND},
	};
	struct talk t = talk_boot(*state);
	uint8_t p[32];

	rm_client(&t);
	assert_int_equal(space_new(&t, SPACE, OWNED), 0);
	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		directory(p, asked[i].addr, asked[i].nr, asked[i].flags, asked[i].space);
		assert_int_equal(rm_control(&t, CLIENT, DEVICE, 0x801813, p, sizeof(p)),
				 asked[i].status);
		assert_int_equal(model_rm_directories(t.mc->gpu), !asked[i].status);
		assert_int_equal(unset(&t, SPACE), 0);
	}
	directory(p, 0x200000, 4, 0, SPACE);
	set32(p + 24, 2); /* another board */
	assert_int_equal(rm_control(&t, CLIENT, DEVICE, 0x801813, p, sizeof(p)), BAD_ARGUMENT);
	assert_int_equal(unset(&t, SPACE + 1), NOT_FOUND);
}

static void test_whose(void **state)
{
	struct talk t = talk_boot(*state);

	rm_client(&t);
	assert_int_equal(space_new(&t, SPACE, OWNED | MIRRORED), BAD_ARGUMENT);
	assert_int_equal(space_new(&t, SPACE, OWNED), 0);
	assert_int_equal(space_new(&t, SPACE + 1, SHARED), 0);
	assert_int_equal(space_new(&t, SPACE + 2, 0), 0);
	/* One at a time, unless RM manages it too. RM's own have none of the driver's. */
	assert_int_equal(set(&t, SPACE), 0);
	assert_int_equal(set(&t, SPACE), BAD_STATE);
	assert_int_equal(unset(&t, SPACE), 0);
	assert_int_equal(set(&t, SPACE), 0);
	assert_int_equal(unset(&t, SPACE + 1), BAD_STATE);
	assert_int_equal(set(&t, SPACE + 1), 0);
	assert_int_equal(set(&t, SPACE + 1), 0);
	assert_int_equal(set(&t, SPACE + 2), UNSUPPORTED);
	assert_int_equal(model_rm_directories(t.mc->gpu), 2);
	/* It goes with its space, but for what RM has to remember it by. */
	assert_int_equal(rm_free(&t, CLIENT, SPACE), 0);
	assert_int_equal(t.mc->gpu->gsp_rm->rm.directories_left, 1);
	assert_int_equal(model_rm_directories(t.mc->gpu), 1);
	assert_int_equal(set(&t, SPACE), NOT_FOUND);
	assert_int_equal(rm_free(&t, CLIENT, CLIENT), 0);
	assert_int_equal(model_rm_directories(t.mc->gpu), 0);
}

/* A message with its status in the header. */
static uint32_t message(struct talk *t, uint32_t function, const uint8_t *payload, uint32_t len)
{
	struct message msg;

	tell(t, function, payload, len);
	assert_heard(t, &msg, function);
	assert_int_equal(msg.rpc.length, 32 + len);
	return msg.rpc.rpc_result;
}

static void test_messages(void **state)
{
	struct talk t = talk_boot(*state);
	uint8_t p[48] = {0}, q[16] = {0};

	rm_client(&t);
	assert_int_equal(space_new(&t, SPACE, OWNED), 0);
	set32(p, CLIENT);
	set32(p + 4, DEVICE);
	directory(p + 16, 0x200000, 4, 8, SPACE);
	set32(p + 40, 1); /* the first subdevice */
	assert_int_equal(message(&t, SET_RPC, p, sizeof(p)), 0);
	assert_int_equal(model_rm_directories(t.mc->gpu), 1);
	assert_int_equal(message(&t, SET_RPC, p, sizeof(p)), BAD_STATE);
	assert_int_equal(message(&t, SET_RPC, p, 40), BAD_ARGUMENT);
	set32(q, CLIENT);
	set32(q + 4, DEVICE);
	set32(q + 8, SPACE);
	assert_int_equal(message(&t, UNSET_RPC, q, 8), BAD_ARGUMENT);
	assert_int_equal(message(&t, UNSET_RPC, q, sizeof(q)), 0);
	assert_int_equal(model_rm_directories(t.mc->gpu), 0);
	set32(q + 4, SUBDEVICE); /* not what has such controls */
	assert_int_equal(message(&t, UNSET_RPC, q, sizeof(q)), UNSUPPORTED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_asked),
		boot_test(test_whose),
		boot_test(test_messages),
	};

	return cmocka_run_group_tests_name("model: address spaces", tests, NULL, NULL);
}
