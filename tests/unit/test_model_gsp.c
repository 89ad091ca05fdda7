/* SPDX-License-Identifier: MIT */
/*
 * The stand-in for GSP-RM, from its arguments to its last message, by a driver of a few lines.
 *
 * What it must refuse matters most: a driver with a wrong checksum, sequence, page table or structure
 * meets silence or a dead core on hardware, and must meet it here.
 */
#include "model_talk.h"

#define IRQSTAT (GSP + 0x008)

static void test_commands_before_the_start(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_prepare(mc);
	struct message msg;

	tell_system(&t, 664);
	tell_registry(&t);
	assert_int_equal(le32(queue(&t, MSGQ + 4)), 0);
	assert_int_equal(booter_load(mc), 0);
	/* Its queue's header, its read pointer, one message, an interrupt. */
	assert_memory_equal(queue(&t, MSGQ), queue(&t, CMDQ), 16);
	assert_memory_equal(queue(&t, MSGQ + 20), queue(&t, CMDQ + 20), 12);
	assert_int_equal(le32(queue(&t, MSGQ + 32)), 2);
	assert_int_equal(rd(mc, IRQSTAT) & 0x40, 0x40);
	assert_sequenced(&t, &msg);
	assert_int_equal(rd(mc, 0x1180f8) & 0x04000000, 0x04000000);
	assert_heard(&t, &msg, INIT_DONE);
	assert_int_equal(msg.rpc.rpc_result, 0);
	assert_int_equal(msg.rpc.length, 36);
	assert_false(hear(&t, &msg));
	wr(mc, GSP + 0x004, 0x40);
	assert_int_equal(rd(mc, IRQSTAT) & 0x40, 0);
}

static void test_commands_after_the_start(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_prepare(mc);
	struct message msg;

	assert_int_equal(booter_load(mc), 0);
	assert_false(hear(&t, &msg));
	tell_system(&t, 664);
	assert_false(hear(&t, &msg));
	tell_registry(&t);
	assert_sequenced(&t, &msg);
	assert_heard(&t, &msg, INIT_DONE);
	assert_string_equal(mc->milestone, "init-done");
	assert_int_equal(mc->nr_milestones, 2); /* the first was the first access */
	/* Once only. */
	tell_registry(&t);
	assert_false(hear(&t, &msg));
	assert_int_equal(mc->nr_milestones, 2);
}

static void test_static_info(void **state)
{
	static const struct {
		const char *release;
		uint32_t system, size, regions, length, name, client;
	} releases[] = {
		{"535.113.01", 664, 2168, 840, 1752, 1820, 2152},
		{"535.261.03", 672, 2168, 840, 1752, 1820, 2152},
		{"550.163.01", 880, 2184, 856, 1768, 1836, 2168},
		{"570.144", 928, 1656, 344, 1224, 1260, 1600},
	};
	struct machine *mc = *state;
	struct message msg;

	for (size_t i = 0; i < sizeof(releases) / sizeof(releases[0]); i++) {
		struct talk t = talk_prepare(mc);
		struct fb_region region[2];
		uint64_t length;

		memcpy(mc->mem + AT_IMAGE + RELEASE_AT, releases[i].release,
		       strlen(releases[i].release) + 1);
		assert_int_equal(booter_load(mc), 0);
		tell_system(&t, releases[i].system);
		tell_registry(&t);
		assert_sequenced(&t, &msg);
		assert_heard(&t, &msg, INIT_DONE);
		tell(&t, STATIC_INFO, NULL, 0);
		assert_heard(&t, &msg, STATIC_INFO);
		assert_int_equal(msg.rpc.length, 32 + releases[i].size);
		assert_int_equal(le32(msg.payload + releases[i].regions), 2);
		memcpy(region, msg.payload + releases[i].regions + 8, sizeof(region));
		memcpy(&length, msg.payload + releases[i].length, 8);
		assert_true(length == FB_SIZE);
		assert_true(region[0].base == 0 && region[0].limit + 1 == region[1].base);
		assert_true(region[1].limit + 1 == FB_SIZE && region[1].bProtected);
		/* What the firmware keeps holds all that was put there. */
		assert_true(region[1].base <= WPR_START - MIB);
		assert_string_equal((char *)msg.payload + releases[i].name, "NVIDIA A40 (model)");
		assert_int_not_equal(le32(msg.payload + releases[i].client), 0);

		assert_true(fwsec(mc, 0x19, 0));
		assert_int_equal(booter_unload(mc), 0);
	}
}

/* A driver that leaves out an operation that matters gets no further. */
static void test_sequencer_skipped(void **state)
{
	/* Write, modify, the resets and the resumption; poll, delay, store, wait leave no trace. */
	static const bool matters[] = {true, true, false, false, false, false, false, true};
	struct machine *mc = *state;
	struct message msg;

	for (int i = 0; i < (int)(sizeof(matters) / sizeof(matters[0])); i++) {
		struct talk t = talk_prepare(mc);

		assert_int_equal(booter_load(mc), 0);
		tell_system(&t, 664);
		tell_registry(&t);
		assert_heard(&t, &msg, SEQUENCER);
		assert_int_equal(sequence(&t, &msg, i), 8);
		assert_int_equal(hear(&t, &msg), !matters[i]);
		assert_int_equal(riscv_active(mc), !matters[i]);
		assert_true(fwsec(mc, 0x19, 0));
		assert_int_equal(booter_unload(mc), 0);
	}
	/* Once it is up it waits for no resumption. */
	talk_boot(mc);
	assert_true(gsp_reset_to_riscv(mc));
	wr(mc, GSP + MAILBOX0, 1);
	wr(mc, SEC2 + CPUCTL, 2);
	assert_true(poll(mc, SEC2 + CPUCTL, 0x10, 0x10));
	assert_int_equal(rd(mc, SEC2 + MAILBOX0), 0x111);
}

static void test_unloading(void **state)
{
	static const uint8_t params[8];
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	struct message msg;

	tell(&t, UNLOADING, params, sizeof(params));
	assert_heard(&t, &msg, UNLOADING);
	assert_int_equal(rd(mc, GSP + MAILBOX0), 0x80000000);
	/* Nobody is there any more. */
	tell(&t, STATIC_INFO, NULL, 0);
	assert_false(hear(&t, &msg));
	assert_true(fwsec(mc, 0x19, 0));
	assert_int_equal(booter_unload(mc), 0);
	t = talk_boot(mc);
	/* A reset ends it too. */
	assert_true(falcon_reset(mc, GSP));
	tell(&t, STATIC_INFO, NULL, 0);
	assert_false(hear(&t, &msg));
}

/* A call that is not whole is an error of the message; a function that is not known, too. */
static void test_calls_that_are_not_whole(void **state)
{
	static const struct {
		uint32_t function, header, size_word;
	} calls[] = {{RM_CONTROL, 24, 4}, {RM_ALLOC, 32, 5}, {RM_FREE, 16, 0}};
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t params[64] = {0};
	struct message msg;

	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		tell(&t, calls[i].function, params, calls[i].header - 1);
		assert_heard(&t, &msg, calls[i].function);
		assert_int_equal(msg.rpc.rpc_result, 0x1f);
		tell(&t, calls[i].function, params, calls[i].header);
		assert_heard(&t, &msg, calls[i].function);
		assert_int_equal(msg.rpc.rpc_result, 0);
		if (!calls[i].size_word)
			continue;
		set32(params + 4ul * calls[i].size_word, 9);
		tell(&t, calls[i].function, params, calls[i].header + 8);
		assert_heard(&t, &msg, calls[i].function);
		assert_int_equal(msg.rpc.rpc_result, 0x1f);
		set32(params + 4ul * calls[i].size_word, 0);
	}
	tell(&t, 200, params, sizeof(params));
	assert_heard(&t, &msg, 200);
	assert_int_equal(msg.rpc.rpc_result, 0x56);
}

/* Round the end of both queues, in messages of one to three slots; then a reader that sleeps. */
static void test_wrap_and_full(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	uint8_t params[3 * 4096 - 80];
	struct message msg;

	for (uint32_t i = 0; i < 40; i++) {
		uint32_t len = 4096 * (1 + i % 3) - 80 - i % 5;

		memset(params, (int)i, sizeof(params));
		tell(&t, 200, params, len);
		assert_heard(&t, &msg, 200);
		assert_int_equal(msg.rpc.length, 32 + len);
		assert_memory_equal(msg.payload, params, len);
	}
	for (uint32_t i = 0; i < SLOTS + 2; i++)
		tell(&t, 200, params, 16);
	for (uint32_t i = 0; i < SLOTS - 1; i++)
		assert_heard(&t, &msg, 200);
	assert_false(hear(&t, &msg));
	tell(&t, 200, params, 16);
	assert_heard(&t, &msg, 200);
}

/* ---- what it refuses ---- */

static void test_bad_arguments(void **state)
{
	static const struct {
		uint32_t at, value;
	} wrong[] = {
		{AT_LIBOS, 0},			  /* no LOGINIT */
		{AT_LIBOS + 3 * 32, 0},		  /* no RMARGS */
		{AT_LIBOS + 24, 0x0102},	  /* radix3 kind, first log */
		{AT_LIBOS + 3 * 32 + 24, 0x0201}, /* RMARGS in VRAM */
		{AT_LIBOS + 3 * 32 + 8, (uint32_t)(MEM_BASE + AT_RMARGS + 8)},
		{AT_LIBOS + 16, LOG_SIZE + 8},
		{AT_LIBOS + 16, 0},
		{AT_LOGS + 16, 0}, /* second page of the first log */
		{AT_LOGS + 2 * LOG_SIZE + 16, (uint32_t)(MEM_BASE + AT_LOGS)},
		{AT_RMARGS, 0},
		{AT_RMARGS, (uint32_t)(MEM_BASE + AT_SHARED + 8)},
		{AT_RMARGS + 8, 2},
		{AT_RMARGS + 8, 0x10000},
		{AT_RMARGS + 8, SHARED_PAGES - 1},
		{AT_RMARGS + 16, CMDQ + 8},
		{AT_RMARGS + 24, 0x100000},
		{AT_SHARED, 0},
		{AT_SHARED + 8, 0x1000}, /* refused by the machine */
		{AT_SHARED + 8, 0},
		{AT_SHARED + CMDQ + 0, 1},
		{AT_SHARED + CMDQ + 4, SLOTS * 4096},
		{AT_SHARED + CMDQ + 8, 2048},
		{AT_SHARED + CMDQ + 12, SLOTS + 1},
		{AT_SHARED + CMDQ + 20, 0},
		{AT_SHARED + CMDQ + 24, 64},
		{AT_SHARED + CMDQ + 28, 0},
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		talk_prepare(mc);
		set32(mc->mem + wrong[i].at, wrong[i].value);
		if (wrong[i].value == 0x1000)
			set32(mc->mem + wrong[i].at + 4, 0);
		if (!wrong[i].value && wrong[i].at == AT_LIBOS + 3 * 32)
			set32(mc->mem + wrong[i].at + 4, 0);
		if (!wrong[i].value && wrong[i].at == AT_LIBOS)
			set32(mc->mem + wrong[i].at + 4, 0);
		assert_int_equal(booter_load(mc), 0);
		if (riscv_active(mc))
			fail_msg("the core runs with word 0x%x = 0x%x", wrong[i].at,
				 wrong[i].value);
		assert_true(fwsec(mc, 0x19, 0));
		assert_int_equal(booter_unload(mc), 0);
	}
	/* A release that the model does not know. */
	talk_prepare(mc);
	mc->mem[AT_IMAGE + RELEASE_AT] = '6';
	assert_int_equal(booter_load(mc), 0);
	assert_false(riscv_active(mc));
}

static void test_bad_commands(void **state)
{
	struct machine *mc = *state;

	for (int i = 0; i < 9; i++) {
		struct talk t = talk_boot(mc), after;
		struct message good, bad;

		make(&t, &good, 200, "12345678", 8);
		bad = good;
		after = t;
		switch (i) {
		case 0:
			bad.element.checkSum ^= 0x100;
			break;
		case 1:
			bad.element.seqNum++;
			bad.element.checkSum ^= t.sequence ^ (t.sequence + 1);
			break;
		case 2:
			bad.element.elemCount = 2;
			bad.element.checkSum ^= 3;
			break;
		case 3:
			bad.rpc.length = 31;
			break;
		case 4:
			bad.rpc.length = 0x10000;
			break;
		case 5:
			bad.rpc.signature ^= 1;
			bad.element.checkSum ^= 1;
			break;
		case 6:
			bad.rpc.header_version ^= 1;
			bad.element.checkSum ^= 1;
			break;
		case 7: /* longer than what is there */
			bad.rpc.length = 4096;
			bad.element.elemCount = 2;
			break;
		case 8:
			bad.payload[3] ^= 0x80;
			break;
		}
		put(&t, &bad);
		set32(queue(&t, CMDQ + 16), (after.write + 1) % SLOTS);
		wr(mc, DOORBELL, 0);
		assert_false(hear(&t, &bad));
		assert_int_equal(le32(queue(&t, MSGQ + 32)), after.write);
		/* Whole, in the same place, it is taken. */
		put(&after, &good);
		wr(mc, DOORBELL, 0);
		assert_heard(&after, &bad, 200);

		/* A write pointer outside of the queue. */
		set32(queue(&after, CMDQ + 16), SLOTS);
		wr(mc, DOORBELL, 0);
		assert_false(hear(&after, &bad));
		assert_true(fwsec(mc, 0x19, 0));
		assert_int_equal(booter_unload(mc), 0);
	}
}

static void test_bad_system(void **state)
{
	struct machine *mc = *state;

	for (int i = 0; i < 4; i++) {
		static const uint32_t too_long[] = {12, 0};
		struct talk t = talk_prepare(mc);
		struct message msg;

		assert_int_equal(booter_load(mc), 0);
		if (i == 0)
			tell_system(&t, 660);
		if (i == 1)
			model_cfg_write(mc->gpu, PCI_BASE_ADDRESS_3, 0x20000000, 4);
		if (i == 1 || i == 2)
			tell_system(&t, 664);
		if (i == 2)
			tell(&t, REGISTRY, too_long, sizeof(too_long));
		else
			tell_registry(&t);
		if (i == 3)
			tell_system(&t, 664); /* the other way round */
		assert_false(hear(&t, &msg));
		assert_true(fwsec(mc, 0x19, 0));
		assert_int_equal(booter_unload(mc), 0);
	}
}

static void test_faults(void **state)
{
	struct machine *mc = *state;
	struct talk t = talk_boot(mc);
	struct message msg;

	assert_int_equal(model_fault_set(mc->gpu, "gsp-silent=65"), 0);
	tell(&t, STATIC_INFO, NULL, 0);
	assert_false(hear(&t, &msg));
	assert_int_equal(model_fault_set(mc->gpu, "none rpc-result=0x77"), 0);
	tell(&t, STATIC_INFO, NULL, 0);
	assert_heard(&t, &msg, STATIC_INFO);
	assert_int_equal(msg.rpc.rpc_result, 0x77);
	/* What it did not take it takes later. */
	assert_int_equal(model_fault_set(mc->gpu, "none gsp-deaf=1"), 0);
	tell(&t, STATIC_INFO, NULL, 0);
	assert_false(hear(&t, &msg));
	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	tell(&t, STATIC_INFO, NULL, 0);
	assert_heard(&t, &msg, STATIC_INFO);
	assert_heard(&t, &msg, STATIC_INFO);
	/* What the firmware asks of the driver. */
	assert_int_equal(model_fault_set(mc->gpu, "none sequencer-address=0x1000000"), 0);
	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	t = talk_prepare(mc);
	assert_int_equal(booter_load(mc), 0);
	tell_system(&t, 664);
	tell_registry(&t);
	assert_heard(&t, &msg, SEQUENCER);
	assert_int_equal(le32(msg.payload + 44), 0x1000000);
	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	t = talk_boot(mc);
	/* The function, behind the element's header. */
	assert_int_equal(model_fault_set(mc->gpu, "none flip-rpc=60"), 0);
	tell(&t, STATIC_INFO, NULL, 0);
	memcpy(&msg, queue(&t, MSGQ + 4096 + t.read * 4096), 4096);
	assert_int_equal(msg.rpc.function, STATIC_INFO ^ 1);
	assert_int_not_equal(fold(&msg, 48 + msg.rpc.length), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_commands_before_the_start),
		boot_test(test_commands_after_the_start),
		boot_test(test_static_info),
		boot_test(test_sequencer_skipped),
		boot_test(test_unloading),
		boot_test(test_calls_that_are_not_whole),
		boot_test(test_wrap_and_full),
		boot_test(test_bad_arguments),
		boot_test(test_bad_commands),
		boot_test(test_bad_system),
		boot_test(test_faults),
	};

	return cmocka_run_group_tests_name("model: GSP", tests, NULL, NULL);
}
