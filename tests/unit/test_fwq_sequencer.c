/* SPDX-License-Identifier: MIT */
/*
 * Sequencer scripts: what a sound one hands out, and that no unsound one hands out anything.
 *
 * The wire's numbers stand here as rmgspseq.h has them; payloads are heap blocks of their exact size.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/packs.h"
#include "fwq/sequencer.h"

#define BAR0 (16u << 20)
enum { WRITE, MODIFY, POLL, DELAY, STORE, RESET, START, WAIT, RESUME };

static uint8_t *payload;
static uint32_t payload_len;
static struct fwq_sequencer seq;
static struct fwq_sequencer_op op;

static int teardown(void **state)
{
	(void)state;
	free(payload);
	payload = NULL;
	return 0;
}

static const struct fwq_pack *pack(void)
{
	const struct fwq_pack *p = fwq_packs_find("570.144");

	assert_non_null(p);
	return p;
}

static void put(uint32_t word, uint32_t value)
{
	memcpy(payload + (size_t)4 * word, &value, 4);
}

/* A payload with this script: bufferSizeDWord, cmdIndex, regSaveArea[8], commandBuffer. */
static void script(const uint32_t *words, uint32_t n)
{
	free(payload);
	payload_len = 40 + 4 * n;
	payload = calloc(1, payload_len);
	assert_non_null(payload);
	put(0, n + 1);
	put(1, n);
	if (n)
		memcpy(payload + 40, words, (size_t)4 * n);
}

#define SCRIPT(...)                                                                                \
	do {                                                                                       \
		const uint32_t words_[] = {__VA_ARGS__};                                           \
		script(words_, sizeof(words_) / 4);                                                \
	} while (0)

static int open_as(const struct fwq_pack *p)
{
	return fwq_sequencer_open(p, payload, payload_len, BAR0, &seq);
}

/* The script is refused for this reason at this word, with this value. */
static void refused(const char *why, uint32_t where, uint32_t value)
{
	assert_int_equal(open_as(pack()), -EPROTO);
	assert_non_null(seq.why);
	assert_string_equal(seq.why, why);
	assert_int_equal(seq.where, where);
	assert_int_equal(seq.value, value);
}

static void next_is(enum fwq_sequencer_kind kind)
{
	assert_true(fwq_sequencer_next(&seq, &op));
	assert_int_equal(op.kind, kind);
}

/* ---------------------------------------------------------------- sound scripts */

static void test_every_command(void **state)
{
	unsigned int with = 0;

	(void)state;
	for (unsigned int i = 0; i < fwq_packs_count; i++) {
		if (!fwq_has_struct(&fwq_packs[i], FWQ_S_rpc_run_cpu_sequencer_v))
			continue;
		with++;
		SCRIPT(WRITE, 0x110040, 1, MODIFY, 0x110044, 0xf0, 0x50, POLL, 0x1180f8, 4, 4, 250,
		       3, DELAY, 13, STORE, 0xfffffc, 7, RESET, START, WAIT, RESUME, POLL, 0, 1, 0,
		       0, 0);
		assert_int_equal(open_as(&fwq_packs[i]), 0);
		assert_int_equal(seq.commands, 10);
		assert_int_equal(seq.delays_us, 13);

		next_is(FWQ_SEQUENCER_REG_WRITE);
		assert_int_equal(op.addr, 0x110040);
		assert_int_equal(op.val, 1);
		assert_int_equal(op.mask, 0);
		next_is(FWQ_SEQUENCER_REG_MODIFY);
		assert_int_equal(op.addr, 0x110044);
		assert_int_equal(op.mask, 0xf0);
		assert_int_equal(op.val, 0x50);
		next_is(FWQ_SEQUENCER_REG_POLL);
		assert_int_equal(op.addr, 0x1180f8);
		assert_int_equal(op.mask, 4);
		assert_int_equal(op.val, 4);
		assert_int_equal(op.timeout_us, 250);
		assert_int_equal(op.error, 3);
		next_is(FWQ_SEQUENCER_DELAY);
		assert_int_equal(op.delay_us, 13);
		assert_int_equal(op.addr, 0);
		next_is(FWQ_SEQUENCER_REG_STORE);
		assert_int_equal(op.addr, 0xfffffc);
		assert_int_equal(op.index, 7);
		next_is(FWQ_SEQUENCER_CORE_RESET);
		next_is(FWQ_SEQUENCER_CORE_START);
		next_is(FWQ_SEQUENCER_CORE_WAIT_FOR_HALT);
		next_is(FWQ_SEQUENCER_CORE_RESUME);
		next_is(FWQ_SEQUENCER_REG_POLL); /* no time-out of its own */
		assert_int_equal(op.timeout_us, FWQ_SEQUENCER_POLL_DEFAULT);
		assert_false(fwq_sequencer_next(&seq, &op));
		assert_false(fwq_sequencer_next(&seq, &op));
	}
	assert_int_equal(with, fwq_packs_count - 1);
}

static void test_empty_script(void **state)
{
	(void)state;
	script(NULL, 0);
	assert_int_equal(open_as(pack()), 0);
	assert_int_equal(seq.commands, 0);
	assert_false(fwq_sequencer_next(&seq, &op));
}

static void test_release_without(void **state)
{
	(void)state;
	SCRIPT(RESET);
	assert_int_equal(open_as(fwq_packs_find("595.45.04")), -EOPNOTSUPP);
	assert_null(seq.why);
}

/* ---------------------------------------------------------------- unsound scripts */

static void test_bad_sizes(void **state)
{
	(void)state;
	SCRIPT(RESET, RESET);
	for (payload_len = 0; payload_len < 40; payload_len++)
		refused("payload too short", 0, payload_len);
	/* The payload ends within what cmdIndex counts. */
	for (payload_len = 40; payload_len < 48; payload_len++)
		refused("script longer than its buffer or the payload", 0, 2);
	put(0, 2); /* the buffer holds no more than the script: one word less than RM wants */
	refused("script longer than its buffer or the payload", 0, 2);
	put(0, 0);
	put(1, 0);
	refused("script longer than its buffer or the payload", 0, 0);
	put(0, UINT32_MAX);
	put(1, UINT32_MAX - 1); /* 4 times that is small again in 32 bits */
	refused("script longer than its buffer or the payload", 0, UINT32_MAX - 1);
	put(1, 0x40000001);
	refused("script longer than its buffer or the payload", 0, 0x40000001);
}

/* Every command with arguments, cut off within them. */
static void test_cut_commands(void **state)
{
	static const uint32_t arguments[] = {2, 3, 5, 1, 2};
	static const uint32_t words[6] = {0};

	(void)state;
	for (uint32_t opcode = WRITE; opcode <= STORE; opcode++)
		for (uint32_t n = 0; n < arguments[opcode]; n++) {
			script(words, n + 2);
			put(10, RESET);
			put(11, opcode);
			refused("the script ends within opcode", 1, opcode);
		}
}

static void test_unknown_opcodes(void **state)
{
	(void)state;
	SCRIPT(RESET, 9);
	refused("unknown opcode", 1, 9);
	SCRIPT(0xffffffff);
	refused("unknown opcode", 0, 0xffffffff);
}

static void test_registers(void **state)
{
	static const uint32_t bad[] = {1, 2, 3, 0x110041, BAR0, BAR0 - 1, BAR0 + 4, 0xfffffffc};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		SCRIPT(RESET, WRITE, bad[i], 0);
		refused("register unaligned or outside BAR0", 1, bad[i]);
		SCRIPT(RESET, RESET, MODIFY, bad[i], 0, 0);
		refused("register unaligned or outside BAR0", 2, bad[i]);
		SCRIPT(POLL, bad[i], 0, 0, 0, 0);
		refused("register unaligned or outside BAR0", 0, bad[i]);
		SCRIPT(STORE, bad[i], 0);
		refused("register unaligned or outside BAR0", 0, bad[i]);
	}
	SCRIPT(WRITE, BAR0 - 4, 0);
	assert_int_equal(open_as(pack()), 0);
	SCRIPT(WRITE, 0, 0); /* limits so small that no register is left */
	for (uint32_t limit = 0; limit < 4; limit++)
		assert_int_equal(fwq_sequencer_open(pack(), payload, payload_len, limit, &seq),
				 -EPROTO);
	assert_int_equal(fwq_sequencer_open(pack(), payload, payload_len, 4, &seq), 0);
}

static void test_save_area(void **state)
{
	(void)state;
	SCRIPT(STORE, 0x100, 8);
	refused("index outside the save area", 0, 8);
	SCRIPT(STORE, 0x100, 0xffffffff);
	refused("index outside the save area", 0, 0xffffffff);
}

static void test_waits(void **state)
{
	(void)state;
	SCRIPT(POLL, 0, 0, 0, FWQ_SEQUENCER_POLL_MAX, 0);
	assert_int_equal(open_as(pack()), 0);
	SCRIPT(POLL, 0, 0, 0, FWQ_SEQUENCER_POLL_MAX + 1, 0);
	refused("poll too long (us)", 0, FWQ_SEQUENCER_POLL_MAX + 1);
	SCRIPT(DELAY, 1, DELAY, FWQ_SEQUENCER_DELAY_MAX - 1);
	assert_int_equal(open_as(pack()), 0);
	SCRIPT(DELAY, 1, DELAY, FWQ_SEQUENCER_DELAY_MAX);
	refused("delays too long (us)", 2, FWQ_SEQUENCER_DELAY_MAX);
	SCRIPT(DELAY, 0xffffffff);
	refused("delays too long (us)", 0, 0xffffffff);
}

static void test_number_of_commands(void **state)
{
	static uint32_t words[FWQ_SEQUENCER_COMMANDS_MAX + 1];

	(void)state;
	for (uint32_t i = 0; i <= FWQ_SEQUENCER_COMMANDS_MAX; i++)
		words[i] = RESET;
	script(words, FWQ_SEQUENCER_COMMANDS_MAX);
	assert_int_equal(open_as(pack()), 0);
	script(words, FWQ_SEQUENCER_COMMANDS_MAX + 1);
	refused("too many commands", FWQ_SEQUENCER_COMMANDS_MAX, FWQ_SEQUENCER_COMMANDS_MAX + 1);
}

/* ---------------------------------------------------------------- packs that lie */

static void test_lying_packs(void **state)
{
	static struct fwq_pack p;

	(void)state;
	SCRIPT(WRITE, 0x100, 1);
	p = *pack(); /* no payload for the opcode, or one of odd size */
	p.size[FWQ_S_GSP_SEQ_BUF_PAYLOAD_REG_WRITE] = FWQ_ABSENT;
	assert_int_equal(open_as(&p), -EPROTO);
	assert_string_equal(seq.why, "the pack has no payload for opcode");
	p.size[FWQ_S_GSP_SEQ_BUF_PAYLOAD_REG_WRITE] = 7;
	assert_int_equal(open_as(&p), -EPROTO);

	p = *pack(); /* an argument that is missing, too wide or behind the payload */
	p.field[FWQ_F_GSP_SEQ_BUF_PAYLOAD_REG_WRITE__val].offset = FWQ_ABSENT;
	assert_int_equal(open_as(&p), -EPROTO);
	assert_string_equal(seq.why, "an argument is no word in opcode");
	p = *pack();
	p.field[FWQ_F_GSP_SEQ_BUF_PAYLOAD_REG_WRITE__val] = (struct fwq_place){0, 8, 1};
	assert_int_equal(open_as(&p), -EPROTO);
	p = *pack();
	p.field[FWQ_F_GSP_SEQ_BUF_PAYLOAD_REG_WRITE__val].offset = 5;
	assert_int_equal(open_as(&p), -EPROTO);

	p = *pack(); /* no opcode at all */
	p.has_number[FWQ_N_GSP_SEQ_BUF_OPCODE_REG_WRITE] = false;
	assert_int_equal(open_as(&p), -EPROTO);

	p = *pack(); /* no save area, no script */
	p.field[FWQ_F_rpc_run_cpu_sequencer_v__regSaveArea].offset = FWQ_ABSENT;
	assert_int_equal(open_as(&p), -EOPNOTSUPP);
	p = *pack();
	p.field[FWQ_F_rpc_run_cpu_sequencer_v__commandBuffer].offset = FWQ_ABSENT;
	assert_int_equal(open_as(&p), -EOPNOTSUPP);
	p = *pack();
	p.field[FWQ_F_rpc_run_cpu_sequencer_v__commandBuffer].offset = 100;
	assert_int_equal(open_as(&p), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_command),	cmocka_unit_test(test_empty_script),
		cmocka_unit_test(test_release_without), cmocka_unit_test(test_bad_sizes),
		cmocka_unit_test(test_cut_commands),	cmocka_unit_test(test_unknown_opcodes),
		cmocka_unit_test(test_registers),	cmocka_unit_test(test_save_area),
		cmocka_unit_test(test_waits),		cmocka_unit_test(test_number_of_commands),
		cmocka_unit_test(test_lying_packs),
	};

	return cmocka_run_group_tests(tests, NULL, teardown);
}
