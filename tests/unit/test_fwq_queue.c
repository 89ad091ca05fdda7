/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_queue.c - the shared-memory queues against a firmware side written from the description.
 *
 * What the wire must look like, every size around the ring's end, full and empty, and each lie that
 * a header, a position or a queue description can tell. A record that is refused must cost nothing
 * but itself: the good one after it always arrives.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fwq/queue.h"
#include "tests/unit/fwq_side.h"
#include "tests/unit/rnd.h"

static struct fwq_params params;
static struct fwq_link_mem link_mem;
static struct fwq_queue q;
static uint8_t stage[0x10000] __attribute__((aligned(8)));
static uint8_t buf[SIDE_RPC_MAX], back[SIDE_RPC_MAX];

static int setup(void **state)
{
	(void)state;
	rng = 0x1234567;
	params = side_params();
	side_addresses();
	memset(side_block, 0xa5, sizeof(side_block));
	memset(&link_mem, 0, sizeof(link_mem));
	if (fwq_link_mem_init(&link_mem, &params, side_block, side_addr, SIDE_PAGES, side_ring,
			      NULL))
		return -1;
	if (fwq_queue_init(&q, &params, &link_mem.link, stage, sizeof(stage)))
		return -1;
	side_boot();
	return 0;
}

static int send_rpc(const uint8_t *rpc, uint32_t len)
{
	struct fwq_span s[2];
	int ret = fwq_queue_begin(&q, len, s);

	if (ret)
		return ret;
	assert_int_equal(s[0].len + s[1].len, len);
	memcpy(s[0].at, rpc, s[0].len);
	memcpy(s[1].at, rpc + s[0].len, s[1].len);
	fwq_queue_commit(&q);
	return 0;
}

/* A record of the given RPC length with random content. */
static uint32_t make(uint8_t *rpc, uint32_t len)
{
	for (uint32_t i = 32; i < len; i++)
		rpc[i] = (uint8_t)rnd();
	return side_rpc(rpc, rnd() % 200, rnd(), rnd(), rpc + 32, len - 32);
}

static void expect(const uint8_t *want, uint32_t want_len)
{
	const uint8_t *rpc;
	uint32_t len;

	assert_int_equal(fwq_queue_receive(&q, &rpc, &len), 1);
	assert_int_equal(len, want_len);
	assert_memory_equal(rpc, want, len);
}

static void expect_nothing(int want)
{
	const uint8_t *rpc;
	uint32_t len;

	assert_int_equal(fwq_queue_receive(&q, &rpc, &len), want);
}

/* ---------------------------------------------------------------- the wire */

static void the_block_is_laid_out(void **state)
{
	static const uint32_t header[9] = {0, 0x40000, 0x1000, 63, 0, 1, 32, 0x1000, 0};

	(void)state;
	assert_int_equal(fwq_params_pages(&params), 129);
	assert_int_equal(fwq_params_elems(&params, params.cmd_size), 63);
	assert_int_equal(fwq_params_payload_max(&params), SIDE_PAYLOAD);
	assert_memory_equal(side_block, side_addr, sizeof(side_addr));
	for (unsigned int i = 0; i < 9; i++)
		assert_int_equal(side_get(SIDE_CMD + 4 * i), header[i]);
	for (size_t i = sizeof(side_addr); i < SIDE_CMD; i++)
		assert_int_equal(side_block[i], 0);
}

static void a_record_on_the_wire(void **state)
{
	uint32_t len = make(buf, 32 + 5);
	const uint8_t *e = side_block + SIDE_CMD + 0x1000;

	(void)state;
	memset(side_block + SIDE_CMD + 0x1000, 0xee, 0x1000); /* an older record's rest */
	assert_int_equal(send_rpc(buf, len), 0);
	assert_int_equal(side_word(e, 9), 0);  /* seqNum */
	assert_int_equal(side_word(e, 10), 1); /* elemCount */
	assert_int_equal(side_word(e, 11), 0); /* pad */
	assert_memory_equal(e + 48, buf, len);
	assert_int_equal(e[48 + 37] | e[48 + 38] | e[48 + 39], 0); /* padded for the checksum */
	assert_int_equal(e[48 + 40], 0xee);
	assert_int_equal(side_sum(e, 48 + 40), 0);
	assert_int_equal(side_get(SIDE_CMD + 16), 1);
	assert_int_equal(side_bells, 1);
}

static void checksums_fold_and_pad(void **state)
{
	static const uint8_t bytes[11] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11};

	(void)state;
	assert_int_equal(fwq_checksum(bytes, 0), 0);
	for (uint32_t n = 0; n <= 11; n++)
		assert_int_equal(fwq_checksum(bytes, n), side_sum(bytes, n));
}

/* ---------------------------------------------------------------- room */

static void one_element_stays_free(void **state)
{
	uint32_t len = make(buf, 100);

	(void)state;
	for (unsigned int start = 0; start < SIDE_SLOTS; start++) {
		for (unsigned int i = 0; i < 62; i++)
			assert_int_equal(send_rpc(buf, len), 0);
		assert_int_equal(send_rpc(buf, len), -EAGAIN);
		assert_int_not_equal(side_get(SIDE_CMD + 16), side_cmd_read);
		assert_int_equal(side_take(back), len);
		assert_int_equal(send_rpc(buf, SIDE_SLOT + 1),
				 -EAGAIN); /* two elements, one free */
		assert_int_equal(send_rpc(buf, len), 0);
		for (unsigned int i = 0; i < 62; i++)
			assert_int_equal(side_take(back), len);
		assert_int_equal(side_take(back), 0);
	}
}

static void lengths_have_limits(void **state)
{
	struct fwq_span s[2];

	(void)state;
	assert_int_equal(fwq_queue_begin(&q, 31, s), -EMSGSIZE);
	assert_int_equal(fwq_queue_begin(&q, SIDE_RPC_MAX + 1, s), -EMSGSIZE);
	assert_int_equal(fwq_queue_begin(&q, UINT32_MAX, s), -EMSGSIZE);
	assert_int_equal(fwq_queue_begin(&q, SIDE_RPC_MAX, s), 0);
	assert_int_equal(fwq_queue_begin(&q, 32, s), 0);
	assert_int_equal(side_take(back), 0); /* nothing is published by begin */
}

/* Sizes that end just before, at and after an element's end are half of what is tried. */
static uint32_t random_len(void)
{
	uint32_t len = 32 + rnd() % (SIDE_RPC_MAX - 31);

	if (rnd() % 2) {
		len = (1 + rnd() % 16) * SIDE_SLOT - 48 - 9 + rnd() % 19;
		len = len > SIDE_RPC_MAX ? SIDE_RPC_MAX : len;
	} else if (rnd() % 2) {
		len = 32 + rnd() % 300;
	}
	return len;
}

static void random_records_both_ways(void **state)
{
	/* Up to 62 records wait: what they were is made again from the seed of each. */
	uint32_t seeds[2][64] = {{0}}, first[2] = {0}, last[2] = {0}, keep, len;
	const uint8_t *rpc = NULL;

	(void)state;
	q.tx_seq = q.rx_seq = side_seq_in = side_seq_out = UINT32_MAX - 500; /* over the wrap */
	for (unsigned int round = 0; round < 12000; round++) {
		unsigned int way = rnd() % 2, put = rnd() % 5 < 3;
		uint32_t got = 0;

		keep = rng;
		if (put) {
			seeds[way][last[way] % 64] = rng;
			len = make(buf, random_len());
			if (way ? side_put(buf, len) : !send_rpc(buf, len))
				last[way]++;
		} else {
			int ret = way ? fwq_queue_receive(&q, &rpc, &got) : side_take(back);

			if (first[way] == last[way]) {
				assert_int_equal(ret, 0);
				continue;
			}
			assert_true(ret > 0);
			rng = seeds[way][first[way]++ % 64];
			len = make(buf, random_len());
			assert_int_equal(way ? got : (uint32_t)ret, len);
			assert_memory_equal(way ? rpc : back, buf, len);
			rng = keep;
			rnd();
		}
	}
	assert_true(q.stats.sent > 2000 && q.stats.received > 1000);
	assert_int_equal(q.stats.bad_records + q.stats.gaps + q.stats.old, 0);
}

/* ---------------------------------------------------------------- what can be wrong with a record */

static void a_flipped_bit_costs_one_record(void **state)
{
	uint32_t len = make(buf, 5000);

	(void)state;
	for (unsigned int i = 0; i < 3000; i++) {
		uint32_t slot = side_msg_write, at = rnd() % (48 + len), good;

		assert_true(side_put(buf, len));
		side_slot(SIDE_MSG, slot + at / SIDE_SLOT)[at % SIDE_SLOT] ^= 1u << rnd() % 8;
		good = make(back, 32 + rnd() % 64);
		if (i % 2) { /* published together with a good one, or before it */
			expect_nothing(0);
			assert_int_equal(side_get(SIDE_CMD + 32), side_msg_write);
			assert_true(side_put(back, good));
			expect(back, good);
		} else {
			expect_nothing(0);
		}
	}
	assert_int_equal(q.stats.bad_records, 3000);
	assert_int_equal(q.stats.rereads, 6000);
	assert_true(q.stats.gaps > 0);
}

static void the_record_behind_a_bad_one_arrives(void **state)
{
	uint32_t slot = side_msg_write, len = make(buf, 9000), good = make(back, 77);

	(void)state;
	assert_true(side_put(buf, len));
	side_slot(SIDE_MSG, slot + 1)[5] ^= 1;
	assert_true(side_put(back, good));
	expect(back, good);
	expect_nothing(0);
	assert_int_equal(q.stats.bad_records, 1);
	assert_int_equal(q.stats.gaps, 1);
}

static void counts_and_lengths_that_lie(void **state)
{
	static const uint32_t counts[] = {0, 3, 17, 63, 0x80000000, UINT32_MAX};
	static const uint32_t lengths[] = {0, 31, 4096 * 2, 65489, 0x7fffffff, UINT32_MAX};
	uint32_t len = make(buf, 5000), slot, good;

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		slot = side_msg_write;
		assert_true(side_put(buf, len));
		memcpy(side_slot(SIDE_MSG, slot) + 40, &counts[i], 4);
		expect_nothing(0);
		slot = side_msg_write;
		assert_true(side_put(buf, len));
		memcpy(side_slot(SIDE_MSG, slot) + 48 + 8, &lengths[i], 4);
		expect_nothing(0);
		good = make(back, 40);
		assert_true(side_put(back, good));
		expect(back, good);
	}
	assert_int_equal(q.stats.bad_records, 12);
}

static void more_elements_than_needed_are_consumed(void **state)
{
	uint32_t len = make(buf, 100), slot = side_msg_write, v[4];
	uint8_t *e = side_slot(SIDE_MSG, slot);

	(void)state;
	assert_true(side_put(buf, len));
	memcpy(v, e + 32, sizeof(v));
	v[0] ^= v[2] ^ 4;
	v[2] = 4;
	memcpy(e + 32, v, sizeof(v));
	side_msg_write += 3;
	side_set(SIDE_MSG + 16, side_msg_write);
	expect(buf, len);
	assert_int_equal(side_get(SIDE_CMD + 32), 4);
}

static void sequence_numbers(void **state)
{
	uint32_t len = make(buf, 200);

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		assert_true(side_put(buf, len));
		expect(buf, len);
	}
	side_seq_out--; /* a duplicate */
	assert_true(side_put(buf, len));
	expect_nothing(0);
	side_seq_out = 0; /* much older */
	assert_true(side_put(buf, len));
	side_seq_out = 3; /* and the next right one behind it */
	assert_true(side_put(buf, len));
	expect(buf, len);
	assert_int_equal(q.stats.old, 2);
	assert_int_equal(q.stats.gaps, 0);
	side_seq_out += 5; /* five are missing */
	assert_true(side_put(buf, len));
	expect(buf, len);
	assert_true(side_put(buf, len));
	expect(buf, len);
	assert_int_equal(q.stats.gaps, 1);
}

/* ---------------------------------------------------------------- what can be wrong with the pair */

static void positions_outside_the_ring_break_it(void **state)
{
	static const uint32_t bad[] = {63, 64, 0x80000000, UINT32_MAX};
	struct fwq_span s[2];

	for (unsigned int i = 0; i < 4; i++) {
		setup(state);
		side_set(SIDE_MSG + 16, bad[i]);
		expect_nothing(-EIO);
		side_set(SIDE_MSG + 16, 0);
		expect_nothing(-EIO);
		assert_int_equal(fwq_queue_begin(&q, 64, s), -EIO);
		setup(state);
		side_set(SIDE_MSG + 32, bad[i]);
		assert_int_equal(fwq_queue_begin(&q, 64, s), -EIO);
		expect_nothing(-EIO);
	}
}

static void any_position_is_bounded_work(void **state)
{
	(void)state;
	for (uint32_t w = 0; w < SIDE_SLOTS; w++) {
		side_set(SIDE_MSG + 16, w); /* garbage everywhere */
		memset(side_block + SIDE_MSG + 0x1000, (int)w, (size_t)SIDE_SLOTS * SIDE_SLOT);
		expect_nothing(0);
		assert_int_equal(side_get(SIDE_CMD + 32), w);
	}
}

static void the_firmwares_header_must_agree(void **state)
{
	for (unsigned int i = 0; i < 8; i++) {
		if (i == 3 || i == 4) /* msgCount: below; writePtr: a position */
			continue;
		setup(state);
		side_set(SIDE_MSG + 4 * i, side_get(SIDE_MSG + 4 * i) + 1);
		expect_nothing(0); /* half written, for all we know */
		assert_true(side_put(buf, make(buf, 50)));
		expect_nothing(-EIO);
	}
	setup(state);
	side_set(SIDE_MSG + 12, 64);
	assert_true(side_put(buf, make(buf, 50)));
	expect_nothing(-EIO);
	setup(state);
	side_set(SIDE_MSG + 12, 0); /* not up yet */
	expect_nothing(0);
	side_boot();
	assert_true(side_put(buf, make(buf, 50)));
	expect(buf, 50);
}

/* ---------------------------------------------------------------- parameters */

static void bad_parameters_are_refused(void **state)
{
	struct fwq_params bad;

	(void)state;
	assert_int_equal(fwq_params_check(&params), 0);
#define REFUSED(field, value)                                                                      \
	do {                                                                                       \
		bad = params;                                                                      \
		bad.field = (value);                                                               \
		assert_int_equal(fwq_params_check(&bad), -EINVAL);                                 \
	} while (0)
	REFUSED(cmd_size, 0);
	REFUSED(msg_size, 0);
	REFUSED(cmd_size, 0x40001);
	REFUSED(msg_size, 0x40001);
	REFUSED(cmd_size, FWQ_QUEUE_BYTES_MAX + 4096);
	REFUSED(msg_size, FWQ_QUEUE_BYTES_MAX + 4096);
	REFUSED(cmd_size, 0xfffff000);
	REFUSED(msg_size, 0xfffff000);
	REFUSED(entry_off, 0);
	REFUSED(entry_off, 0x1004);
	REFUSED(entry_off, 0x40000);
	REFUSED(elem_size, 0);
	REFUSED(elem_size, 0x1004);
	REFUSED(elem_size, 0x80000000);
	REFUSED(record_max, 0);
	REFUSED(record_max, 0x10001);
	REFUSED(record_max, 63 * 0x1000);
	REFUSED(queue.size, 28);
	REFUSED(queue.size, 260);
	REFUSED(queue.off_write, 2);
	REFUSED(queue.off_write, 0);
	REFUSED(queue.off_write, UINT32_MAX - 3);
	REFUSED(queue.rx_off, 28);
	REFUSED(queue.rx_off, 0x1000);
	REFUSED(queue.rx_off, 0xffc + 1);
	REFUSED(queue.off_read, 257);
	REFUSED(queue.off_read, 260);
	REFUSED(elem.size, 40);
	REFUSED(elem.size, 3);
	REFUSED(elem.size, 0);
	REFUSED(elem.off_count, 32);
	REFUSED(rpc.size, 24);
	REFUSED(rpc.size, 300);
	REFUSED(rpc.off_length, 32);
	REFUSED(rpc.echoes_sequence, 2);
	REFUSED(rpc.first_event, 71);
#undef REFUSED
	bad = params;
	bad.queue.rx_off = 0xffc;
	assert_int_equal(fwq_params_check(&bad), 0);
	bad.queue.off_read = 4;
	assert_int_equal(fwq_params_check(&bad), -EINVAL);
	assert_int_equal(fwq_queue_init(&q, &bad, &link_mem.link, stage, sizeof(stage)), -EINVAL);
	assert_int_equal(fwq_queue_init(&q, &params, &link_mem.link, stage, 0xffff), -EINVAL);
	assert_int_equal(
		fwq_link_mem_init(&link_mem, &params, side_block, side_addr, 128, side_ring, NULL),
		-EINVAL);
	link_mem.link.pages = 128;
	assert_int_equal(fwq_queue_init(&q, &params, &link_mem.link, stage, sizeof(stage)),
			 -EINVAL);
}

static void the_page_table_counts_itself(void **state)
{
	struct fwq_params p = params;

	(void)state;
	p.cmd_size = p.msg_size =
		FWQ_QUEUE_BYTES_MAX; /* 512 pages of queues: one table page is not enough */
	assert_int_equal(fwq_params_check(&p), 0);
	assert_int_equal(fwq_params_table_pages(&p), 2);
	assert_int_equal(fwq_params_pages(&p), 514);
}

/* ---------------------------------------------------------------- another link */

/* Positions in what would be registers; the memory holds no position at all. */
struct reg_link {
	struct fwq_link link;
	uint32_t regs[4];
};

static struct reg_link reg;

static void reg_publish_write(struct fwq_link *link, uint32_t pos)
{
	(void)link;
	reg.regs[0] = pos;
}

static void reg_publish_read(struct fwq_link *link, uint32_t pos)
{
	(void)link;
	reg.regs[3] = pos;
}

static uint32_t reg_peer_write(struct fwq_link *link)
{
	(void)link;
	return reg.regs[2];
}

static uint32_t reg_peer_read(struct fwq_link *link)
{
	(void)link;
	return reg.regs[1];
}

static void reg_doorbell(struct fwq_link *link)
{
	(void)link;
}

static void positions_may_live_in_registers(void **state)
{
	uint32_t len;

	(void)state;
	reg = (struct reg_link){.link = {.block = side_block,
					 .page_addr = side_addr,
					 .pages = SIDE_PAGES,
					 .publish_write = reg_publish_write,
					 .publish_read = reg_publish_read,
					 .peer_write = reg_peer_write,
					 .peer_read = reg_peer_read,
					 .doorbell = reg_doorbell}};
	assert_int_equal(fwq_queue_init(&q, &params, &reg.link, stage, sizeof(stage)), 0);
	side_boot();
	for (unsigned int i = 0; i < 300; i++) {
		len = make(buf, random_len());
		assert_int_equal(send_rpc(buf, len), 0);
		side_set(SIDE_CMD + 16, reg.regs[0]); /* what a bridge would do */
		assert_int_equal(side_take(back), len);
		reg.regs[1] = side_cmd_read;
		assert_memory_equal(back, buf, len);
		side_set(SIDE_CMD + 32, reg.regs[3]);
		assert_true(side_put(buf, len));
		reg.regs[2] = side_msg_write;
		expect(buf, len);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(the_block_is_laid_out, setup),
		cmocka_unit_test_setup(a_record_on_the_wire, setup),
		cmocka_unit_test_setup(checksums_fold_and_pad, setup),
		cmocka_unit_test_setup(one_element_stays_free, setup),
		cmocka_unit_test_setup(lengths_have_limits, setup),
		cmocka_unit_test_setup(random_records_both_ways, setup),
		cmocka_unit_test_setup(a_flipped_bit_costs_one_record, setup),
		cmocka_unit_test_setup(the_record_behind_a_bad_one_arrives, setup),
		cmocka_unit_test_setup(counts_and_lengths_that_lie, setup),
		cmocka_unit_test_setup(more_elements_than_needed_are_consumed, setup),
		cmocka_unit_test_setup(sequence_numbers, setup),
		cmocka_unit_test_setup(positions_outside_the_ring_break_it, setup),
		cmocka_unit_test_setup(any_position_is_bounded_work, setup),
		cmocka_unit_test_setup(the_firmwares_header_must_agree, setup),
		cmocka_unit_test_setup(bad_parameters_are_refused, setup),
		cmocka_unit_test_setup(the_page_table_counts_itself, setup),
		cmocka_unit_test_setup(positions_may_live_in_registers, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
