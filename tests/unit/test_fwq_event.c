/* SPDX-License-Identifier: MIT */
/*
 * Events: each release's payload comes out as the same structure, and a payload that lies is refused.
 *
 * Payloads are built from layouts that stand here as numbers (g_rpc-structures.h of each release), not
 * through the pack. Each one is a heap block of its exact size, so that a read beyond it is seen.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/event.h"
#include "fwq/packs.h"

static struct fwq_event ev;
static uint8_t *payload;
static char line[FWQ_EVENT_LINE_MAX];

static const struct fwq_pack *pack(const char *version)
{
	const struct fwq_pack *p = fwq_packs_find(version);

	assert_non_null(p);
	return p;
}

static const struct fwq_pack *newest(void)
{
	return pack("595.45.04");
}

/* A payload of len zero bytes; the one before is gone. */
static uint8_t *fresh(uint32_t len)
{
	free(payload);
	payload = calloc(1, len ? len : 1);
	assert_non_null(payload);
	return payload;
}

static int teardown(void **state)
{
	(void)state;
	free(payload);
	payload = NULL;
	return 0;
}

static void put(uint32_t at, uint32_t value)
{
	memcpy(payload + at, &value, 4);
}

static int decode(const struct fwq_pack *p, uint32_t function, uint32_t len)
{
	memset(&ev, 0xee, sizeof(ev));
	return fwq_event_decode(p, function, payload, len, &ev);
}

/* Every payload of less than `least` bytes is refused. */
static void refused_below(const struct fwq_pack *p, uint32_t function, uint32_t least)
{
	for (uint32_t len = 0; len < least; len++) {
		fresh(len);
		assert_int_equal(decode(p, function, len), -EPROTO);
	}
}

static const char *logged(void)
{
	size_t len = fwq_event_log(&ev, line, sizeof(line));

	assert_int_equal(len, strlen(line));
	return line;
}

/* ---------------------------------------------------------------- what each event says */

static void test_post_event(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < fwq_packs_count; i++) {
		fresh(32 + 5);
		put(0, 0xc1d00001);
		put(4, 0xe0000002);
		put(8, 3);
		put(12, 4);
		payload[16] = 5;
		put(20, 0x65);
		put(24, 8); /* as much as is there: the data begin at 29 */
		payload[28] = 1;
		memcpy(payload + 29, "12345678", 8);
		assert_int_equal(decode(&fwq_packs[i], 0x1003, 37), 0);
		assert_int_equal(ev.kind, FWQ_EVENT_POST_EVENT);
		assert_string_equal(ev.name, "POST_EVENT");
		assert_int_equal(ev.post.client, 0xc1d00001);
		assert_int_equal(ev.post.event, 0xe0000002);
		assert_int_equal(ev.post.notify_index, 3);
		assert_int_equal(ev.post.data, 4);
		assert_int_equal(ev.post.info16, 5);
		assert_int_equal(ev.post.status, 0x65);
		assert_true(ev.post.to_list);
		assert_int_equal(ev.post.event_data.len, 8);
		assert_ptr_equal(ev.post.event_data.at, payload + 29);
		assert_int_equal(fwq_event_log(&ev, line, sizeof(line)), 0);

		put(24, 9); /* one more than there is */
		payload[28] = 0;
		assert_int_equal(decode(&fwq_packs[i], 0x1003, 37), -EPROTO);
		put(24, UINT32_MAX);
		assert_int_equal(decode(&fwq_packs[i], 0x1003, 37), -EPROTO);
		put(24, 0);
		assert_int_equal(decode(&fwq_packs[i], 0x1003, 37), 0);
		assert_int_equal(ev.post.event_data.len, 0);
	}
	refused_below(newest(), 0x1003, 32);
}

/* The layouts of rc_triggered among the built-in packs: offsets of what follows the channel id. */
static void test_rc_triggered(void **state)
{
	static const struct {
		const char *version;
		uint32_t size, gfid, level, type, scope, partition, fault, journal;
	} layouts[] = {
		{"535.113.01", 20, 0, 0, 8, 12, 16, 0, 0},
		{"535.261.03", 28, 8, 0, 12, 16, 20, 0, 24},
		{"550.163.01", 28, 8, 0, 12, 16, 20, 0, 24},
		{"570.144", 48, 8, 12, 16, 20, 24, 28, 44},
		{"595.45.04", 48, 8, 12, 16, 20, 24, 28, 44},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const struct fwq_pack *p = pack(layouts[i].version);
		uint32_t more = layouts[i].journal ? 7 : 0, len = layouts[i].size + more;

		fresh(len);
		put(0, 0x22); /* engine */
		put(4, 5);    /* channel */
		put(layouts[i].type, 31);
		put(layouts[i].scope, 1);
		payload[layouts[i].partition] = 9;
		if (layouts[i].gfid)
			put(layouts[i].gfid, 2);
		if (layouts[i].level)
			put(layouts[i].level, 6);
		if (layouts[i].fault) {
			put(layouts[i].fault, 0x89abc000);
			put(layouts[i].fault + 4, 0x7f);
			put(layouts[i].fault + 8, 3);
			payload[layouts[i].fault + 12] = 1;
		}
		if (layouts[i].journal)
			put(layouts[i].journal, 7);
		assert_int_equal(decode(p, 0x1004, len), 0);
		assert_int_equal(ev.kind, FWQ_EVENT_RC_TRIGGERED);
		assert_int_equal(ev.rc.engine, 0x22);
		assert_int_equal(ev.rc.channel, 5);
		assert_int_equal(ev.rc.exception, 31);
		assert_int_equal(ev.rc.scope, 1);
		assert_int_equal(ev.rc.partition, 9);
		assert_int_equal(ev.rc.has_gfid, layouts[i].gfid != 0);
		assert_int_equal(ev.rc.gfid, layouts[i].gfid ? 2 : 0);
		assert_int_equal(ev.rc.has_level, layouts[i].level != 0);
		assert_int_equal(ev.rc.level, layouts[i].level ? 6 : 0);
		assert_int_equal(ev.rc.has_fault, layouts[i].fault != 0);
		assert_true(ev.rc.fault_address == (layouts[i].fault ? 0x7f89abc000ull : 0));
		assert_int_equal(ev.rc.fault_type, layouts[i].fault ? 3 : 0);
		assert_int_equal(ev.rc.callback_needed, layouts[i].fault != 0);
		assert_int_equal(ev.rc.journal.len, more);
		if (more) {
			assert_ptr_equal(ev.rc.journal.at, payload + layouts[i].size);
			put(layouts[i].journal, 8);
			assert_int_equal(decode(p, 0x1004, len), -EPROTO);
			put(layouts[i].journal, 7);
			assert_int_equal(decode(p, 0x1004, len), 0);
		}
		if (i == 0)
			assert_string_equal(logged(),
					    "RC_TRIGGERED (0x1004): channel 5, engine 0x22, "
					    "exception 31, scope 1, partition 9");
		if (i == 3)
			assert_string_equal(
				logged(),
				"RC_TRIGGERED (0x1004): channel 5, engine 0x22, exception 31, "
				"scope 1, partition 9, gfid 2, level 6, fault at 0x7f89abc000, "
				"type 3, callback needed, journal of 7 bytes");
		refused_below(p, 0x1004, layouts[i].size);
	}
}

/* 535: type, runlist, channel, text; from 570 on the Xid that came before is second. */
static void test_os_error_log(void **state)
{
	static const char hostile[] = "GPU \x1b[2J%s\xff fell\toff\n \n";

	(void)state;
	fresh(268);
	put(0, 79);
	put(4, 1);
	put(8, 0xffffffff);
	memcpy(payload + 12, hostile, sizeof(hostile));
	assert_int_equal(decode(pack("535.261.03"), 0x1006, 268), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_OS_ERROR_LOG);
	assert_false(ev.error.has_previous);
	assert_int_equal(ev.error.channel, 0xffffffff);
	assert_string_equal(ev.error.text, "GPU ?[2J%s? fell off");
	assert_string_equal(logged(), "OS_ERROR_LOG (0x1006): Xid 79, runlist 1, channel "
				      "4294967295: GPU ?[2J%s? fell off");
	refused_below(pack("535.261.03"), 0x1006, 268);

	fresh(272);
	put(0, 45);
	put(4, 31);
	put(8, 2);
	put(12, 7);
	memset(payload + 16, 'x', 256); /* no NUL anywhere */
	assert_int_equal(decode(newest(), 0x1006, 272), 0);
	assert_int_equal(ev.error.xid, 45);
	assert_int_equal(ev.error.previous_xid, 31);
	assert_int_equal(ev.error.runlist, 2);
	assert_int_equal(ev.error.channel, 7);
	assert_int_equal(strlen(ev.error.text), FWQ_EVENT_TEXT_MAX);
	logged();
	assert_true(strstr(line, "Xid 45, runlist 2, channel 7, after Xid 31: xxxx"));
	assert_true(strlen(line) < FWQ_EVENT_LINE_MAX - 1);

	memset(payload, 0xff, 272); /* the longest line there is */
	assert_int_equal(decode(newest(), 0x1006, 272), 0);
	logged();
	assert_true(strlen(line) < FWQ_EVENT_LINE_MAX - 1);
}

static void test_libos_print(void **state)
{
	(void)state;
	fresh(8 + 3);
	put(0, 0xabc);
	put(4, 3);
	assert_int_equal(decode(newest(), 0x100c, 11), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_UCODE_LIBOS_PRINT);
	assert_int_equal(ev.print.engine, 0xabc);
	assert_int_equal(ev.print.bytes.len, 3);
	assert_ptr_equal(ev.print.bytes.at, payload + 8);
	assert_string_equal(logged(), "UCODE_LIBOS_PRINT (0x100c): engine 0xabc, 3 bytes of log");
	put(4, 4);
	assert_int_equal(decode(newest(), 0x100c, 11), -EPROTO);
	refused_below(newest(), 0x100c, 8);
}

/* One name, two numbers. */
static void test_lockdown_notice(void **state)
{
	(void)state;
	fresh(1)[0] = 1;
	assert_int_equal(decode(pack("535.113.01"), 0x101d, 1), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_LOCKDOWN_NOTICE);
	assert_true(ev.lockdown);
	assert_string_equal(logged(), "GSP_LOCKDOWN_NOTICE (0x101d): lockdown begins");
	payload[0] = 0;
	assert_int_equal(decode(newest(), 0x101c, 1), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_LOCKDOWN_NOTICE);
	assert_false(ev.lockdown);
	assert_string_equal(logged(), "GSP_LOCKDOWN_NOTICE (0x101c): lockdown ends");
	refused_below(newest(), 0x101c, 1);
	fresh(1);
	assert_int_equal(decode(pack("535.113.01"), 0x101c, 1), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_IGNORED);
	assert_string_equal(ev.name, "NVLINK_FAULT_UP");
}

static void test_small_events(void **state)
{
	(void)state;
	fresh(8);
	put(0, 3);
	put(4, 77);
	assert_int_equal(decode(newest(), 0x100d, 8), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_VGPU_GSP_PLUGIN_TRIGGERED);
	assert_int_equal(ev.plugin.gfid, 3);
	assert_int_equal(ev.plugin.notify_index, 77);
	refused_below(newest(), 0x100d, 8);

	fresh(8)[4] = 1; /* a 64-bit truth value */
	assert_int_equal(decode(newest(), 0x100f, 8), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_PERF_BRIDGELESS);
	assert_true(ev.bridgeless);
	refused_below(newest(), 0x100f, 8);

	fresh(0);
	assert_int_equal(decode(newest(), 0x1005, 0), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_MMU_FAULT_QUEUED);
	assert_int_equal(fwq_event_log(&ev, line, sizeof(line)), 0);
	assert_string_equal(line, "");

	fresh(100);
	assert_int_equal(decode(newest(), 0x1020, 100), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_POST_NOCAT_RECORD);
	assert_int_equal(ev.record.len, 100);
	assert_ptr_equal(ev.record.at, payload);
	assert_string_equal(logged(), "GSP_POST_NOCAT_RECORD (0x1020): a record of 100 bytes");
	refused_below(newest(), 0x1020, 4);
}

static void test_init_done(void **state)
{
	(void)state;
	fresh(0); /* before 595 the payload says nothing */
	assert_int_equal(decode(pack("580.95.05"), 0x1001, 0), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_INIT_DONE);
	assert_false(ev.d3hot);
	refused_below(newest(), 0x1001, 1);
	fresh(1)[0] = 1;
	assert_int_equal(decode(newest(), 0x1001, 1), 0);
	assert_true(ev.d3hot);
}

static void test_run_cpu_sequencer(void **state)
{
	(void)state;
	fresh(60);
	assert_int_equal(decode(pack("570.144"), 0x1002, 60), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_RUN_CPU_SEQUENCER);
	assert_ptr_equal(ev.script.at, payload);
	assert_int_equal(ev.script.len, 60);
	refused_below(pack("570.144"), 0x1002, 40);
	/* 595 still has the number, but no structure. */
	fresh(60);
	assert_int_equal(decode(newest(), 0x1002, 60), -ENOENT);
	assert_string_equal(ev.name, "GSP_RUN_CPU_SEQUENCER");
}

static void test_loaders(void **state)
{
	(void)state;
	fresh(112);
	put(32, 1); /* dmemDesc.ctxDma */
	put(84, 84);
	put(88, 2);
	put(92, 3);
	assert_int_equal(decode(newest(), 0x1026, 112), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_LOAD_EXEC_GENERIC_BOOTLOADER);
	assert_int_equal(ev.bootloader.ctx_dma, 1);
	assert_ptr_equal(ev.bootloader.descriptor.at, payload);
	assert_int_equal(ev.bootloader.descriptor.len, 84);
	assert_int_equal(ev.bootloader.address_space, 2);
	assert_int_equal(ev.bootloader.cache_attribute, 3);
	put(84, 80); /* another descriptor than ours */
	assert_int_equal(decode(newest(), 0x1026, 112), -EPROTO);
	refused_below(newest(), 0x1026, 112);

	fresh(88);
	put(0, 0x1000);
	put(4, 1);
	put(8, 0x2000);
	for (uint32_t i = 0; i < 9; i++)
		put(32 + 4 * i, 10 + i);
	assert_int_equal(decode(newest(), 0x1027, 88), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_LOAD_EXEC_HS_BINARY);
	assert_true(ev.hs_binary.imem_address == 0x100001000ull);
	assert_true(ev.hs_binary.dmem_address == 0x2000);
	assert_int_equal(ev.hs_binary.imem_va, 10);
	assert_int_equal(ev.hs_binary.imem_pa, 11);
	assert_int_equal(ev.hs_binary.imem_size, 12);
	assert_int_equal(ev.hs_binary.dmem_va, 13);
	assert_int_equal(ev.hs_binary.dmem_pa, 14);
	assert_int_equal(ev.hs_binary.dmem_size, 15);
	assert_int_equal(ev.hs_binary.signature_dmem, 16);
	assert_int_equal(ev.hs_binary.engine_mask, 17);
	assert_int_equal(ev.hs_binary.ucode_id, 18);
	assert_int_equal(fwq_event_log(&ev, line, sizeof(line)), 0);
	refused_below(newest(), 0x1027, 80);
}

/* ---------------------------------------------------------------- what nobody acts on */

static void test_unknown_and_ignored(void **state)
{
	(void)state;
	fresh(3);
	assert_int_equal(decode(newest(), 0x1021, 3), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_IGNORED);
	assert_string_equal(logged(), "FECS_ERROR (0x1021): 3 bytes, nothing is done about it");
	/* A number of a release to come, and one of the past. */
	assert_int_equal(decode(newest(), 0x1fff, 3), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_UNKNOWN);
	assert_null(ev.name);
	assert_string_equal(logged(), "unknown event (0x1fff): 3 bytes, nothing is done about it");
	assert_int_equal(decode(pack("535.113.01"), 0x1021, 3), 0);
	assert_int_equal(ev.kind, FWQ_EVENT_UNKNOWN);
}

/* Every number between FIRST_EVENT and NUM_EVENTS has a name in every pack. */
static void test_every_event_has_a_name(void **state)
{
	(void)state;
	fresh(400);
	for (unsigned int i = 0; i < fwq_packs_count; i++) {
		const struct fwq_pack *p = &fwq_packs[i];
		uint32_t end = (uint32_t)p->number[FWQ_N_NV_VGPU_MSG_EVENT_NUM_EVENTS];

		assert_in_range(end, 0x101f, 0x102a);
		for (uint32_t n = 0x1001; n < end; n++) {
			decode(p, n, 400);
			if (!ev.name)
				fail_msg("%s: no name for event 0x%x", p->version, n);
		}
		decode(p, end, 400);
		assert_null(ev.name);
	}
}

static void test_short_lines(void **state)
{
	(void)state;
	fresh(48);
	assert_int_equal(decode(newest(), 0x1004, 48), 0);
	assert_int_equal(fwq_event_log(&ev, line, 0), 0);
	assert_int_equal(fwq_event_log(&ev, line, 1), 0);
	assert_string_equal(line, "");
	assert_int_equal(fwq_event_log(&ev, line, 13), 12);
	assert_string_equal(line, "RC_TRIGGERED");
	assert_int_equal(fwq_event_log(&ev, line, 31), 30);
	assert_string_equal(line, "RC_TRIGGERED (0x1004): channel");
}

/* ---------------------------------------------------------------- packs that lie */

static void test_lying_packs(void **state)
{
	static struct fwq_pack p;

	(void)state;
	p = *newest(); /* no structure */
	p.size[FWQ_S_rpc_post_event_v] = FWQ_ABSENT;
	fresh(32);
	assert_int_equal(decode(&p, 0x1003, 32), -ENOENT);

	p = *newest(); /* a field is missing */
	p.field[FWQ_F_rpc_post_event_v__hEvent].offset = FWQ_ABSENT;
	assert_int_equal(decode(&p, 0x1003, 32), -ENOENT);

	p = *newest(); /* a field is no number */
	p.field[FWQ_F_rpc_post_event_v__hEvent] = (struct fwq_place){4, 3, 1};
	assert_int_equal(decode(&p, 0x1003, 32), -EPROTO);

	p = *newest(); /* a small structure whose fields lie behind it */
	p.size[FWQ_S_rpc_post_event_v] = 4;
	fresh(4);
	assert_int_equal(decode(&p, 0x1003, 4), -EPROTO);

	p = *newest(); /* event data that begin behind the payload */
	p.field[FWQ_F_rpc_post_event_v__eventData].offset = 1 << 20;
	fresh(32);
	assert_int_equal(decode(&p, 0x1003, 32), -EPROTO);

	p = *newest(); /* a count of 64 bits, far beyond 32 */
	p.field[FWQ_F_rpc_ucode_libos_print_v__libosPrintBufSize] = (struct fwq_place){0, 8, 1};
	fresh(16)[4] = 1;
	assert_int_equal(decode(&p, 0x100c, 16), -EPROTO);

	p = *newest(); /* a text larger than ours */
	p.field[FWQ_F_rpc_os_error_log_v__errString] = (struct fwq_place){0, 300, 300};
	memset(fresh(300), 'a', 300);
	assert_int_equal(decode(&p, 0x1006, 300), 0);
	assert_int_equal(strlen(ev.error.text), FWQ_EVENT_TEXT_MAX);

	p = *newest(); /* parameters behind the payload */
	p.field[FWQ_F_rpc_load_exec_hs_binary_v__data].offset = 200;
	fresh(88);
	assert_int_equal(decode(&p, 0x1027, 88), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_post_event),
		cmocka_unit_test(test_rc_triggered),
		cmocka_unit_test(test_os_error_log),
		cmocka_unit_test(test_libos_print),
		cmocka_unit_test(test_lockdown_notice),
		cmocka_unit_test(test_small_events),
		cmocka_unit_test(test_init_done),
		cmocka_unit_test(test_run_cpu_sequencer),
		cmocka_unit_test(test_loaders),
		cmocka_unit_test(test_unknown_and_ignored),
		cmocka_unit_test(test_every_event_has_a_name),
		cmocka_unit_test(test_short_lines),
		cmocka_unit_test(test_lying_packs),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
