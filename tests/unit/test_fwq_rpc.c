/* SPDX-License-Identifier: MIT */
/*
 * test_fwq_rpc.c - calls, replies and events against a scripted firmware.
 *
 * The firmware answers what the script says, in any order, late, twice, in pieces, or never. Each
 * call must end exactly once, with its own reply or an error; nobody waits behind somebody else's
 * many calls; and after any trouble that firmware survives, the next call works.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "fwq/rpc.h"
#include "hv/hv.h"
#include "tests/unit/fwq_side.h"
#include "tests/unit/rnd.h"

#define BIG 700000u

static struct fwq_params params;
static struct fwq_link_mem link_mem;
static struct fwq_queue q;
static struct fwq_rpc rpc;
static struct fwq_caller callers[4];
static uint8_t stage[0x10000] __attribute__((aligned(8)));
static uint8_t rec[SIDE_RPC_MAX], flood[SIDE_RPC_MAX];
static uint8_t *request, *answer, *got; /* BIG bytes each */
static uint64_t now;

static unsigned int events, ended;
static uint32_t last_event, last_event_len;
static int last_err;
static void (*while_waiting)(void); /* the firmware's turn while a synchronous call waits */

/* The platform, as far as fwq/ needs it. */
void hv_panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	abort();
}

uint64_t hv_now(void)
{
	return now;
}

void hv_delay(uint64_t ns)
{
	now += ns;
	if (while_waiting)
		while_waiting();
}

static bool flooding; /* the firmware writes as fast as we read */

static void on_event(struct fwq_rpc *r, uint32_t function, const uint8_t *payload, uint32_t len)
{
	assert_ptr_equal(r->arg, &events);
	events++;
	last_event = function;
	last_event_len = len;
	if (flooding)
		assert_true(side_put(flood, side_rpc(flood, 0x1003, 0, 0, answer, 8)));
	assert_memory_equal(payload, answer, len);
}

static void on_done(struct fwq_call *call, int err)
{
	ended++;
	last_err = err;
	if (call->arg)
		(*(unsigned int *)call->arg)++;
}

static void start(uint32_t echo)
{
	params = side_params();
	params.rpc.echoes_sequence = echo;
	side_addresses();
	assert_int_equal(fwq_link_mem_init(&link_mem, &params, side_block, side_addr, SIDE_PAGES,
					   side_ring, NULL),
			 0);
	assert_int_equal(fwq_queue_init(&q, &params, &link_mem.link, stage, sizeof(stage)), 0);
	side_boot();
	fwq_rpc_init(&rpc, &q, on_event, &events);
	for (unsigned int i = 0; i < 4; i++)
		fwq_rpc_caller_add(&rpc, &callers[i]);
	events = ended = 0;
	last_err = 1;
	now = 1000;
	while_waiting = NULL;
}

static int setup(void **state)
{
	(void)state;
	rng = 0x7654321;
	if (!request) {
		request = malloc(BIG);
		answer = malloc(BIG);
		got = malloc(BIG);
	}
	for (unsigned int i = 0; i < BIG; i++) {
		request[i] = (uint8_t)rnd();
		answer[i] = (uint8_t)(rnd() >> 8);
	}
	memset(got, 0, BIG);
	start(1);
	return 0;
}

static int cleanup(void **state)
{
	(void)state;
	free(request);
	free(answer);
	free(got);
	return 0;
}

static struct fwq_call make_call(uint32_t function, uint32_t len, uint32_t reply_size)
{
	return (struct fwq_call){.function = function,
				 .request = request,
				 .request_len = len,
				 .reply = got,
				 .reply_size = reply_size,
				 .timeout = 100 * HV_MS,
				 .done = on_done};
}

static void submit(unsigned int who, struct fwq_call *call)
{
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[who], call, now), 0);
}

static void poll(int want)
{
	assert_int_equal(fwq_rpc_poll(&rpc, now), want);
}

/* What the firmware received next; it is a whole small message. */
static uint32_t took(uint32_t function, uint32_t len)
{
	assert_int_equal(side_take(rec), 32 + len);
	assert_int_equal(side_word(rec, 0), 0x03000000);
	assert_int_equal(side_word(rec, 1), 0x43505256);
	assert_int_equal(side_word(rec, 3), function);
	assert_int_equal(side_word(rec, 4), 0xffffffff);
	assert_int_equal(side_word(rec, 5), 0xffffffff);
	assert_int_equal(side_word(rec, 7), 0);
	assert_memory_equal(rec + 32, request, len);
	return side_word(rec, 6);
}

static void say(uint32_t function, uint32_t sequence, uint32_t result, uint32_t len)
{
	assert_true(side_put(rec, side_rpc(rec, function, sequence, result, answer, len)));
}

/* ---------------------------------------------------------------- calls */

static void a_call_is_answered(void **state)
{
	struct fwq_call c = make_call(76, 100, 100);
	uint32_t seq;

	(void)state;
	submit(0, &c);
	assert_true(fwq_rpc_deadline(&rpc) == now + 100 * HV_MS);
	seq = took(76, 100);
	poll(0);
	assert_int_equal(ended, 0);
	say(76, seq, 0, 100);
	poll(0);
	assert_int_equal(ended, 1);
	assert_int_equal(last_err, 0);
	assert_int_equal(c.result, 0);
	assert_int_equal(c.reply_len, 100);
	assert_memory_equal(got, answer, 100);
	assert_true(fwq_rpc_deadline(&rpc) == UINT64_MAX);
}

static void the_firmwares_status_is_passed_on(void **state)
{
	struct fwq_call c = make_call(76, 0, 100);

	(void)state;
	submit(0, &c);
	say(76, took(76, 0), 0x55, 0);
	poll(0);
	assert_int_equal(last_err, 0);
	assert_int_equal(c.result, 0x55);
	assert_int_equal(c.reply_len, 0);
}

static void reply_sizes(void **state)
{
	struct fwq_call c = make_call(76, 4, 50);

	(void)state;
	submit(0, &c);
	say(76, took(76, 4), 0, 51);
	poll(0);
	assert_int_equal(last_err, -EMSGSIZE);
	assert_int_equal(got[0] | got[50], 0);
	c.reply_size = 0; /* not wanted */
	submit(0, &c);
	say(76, took(76, 4), 0, 51);
	poll(0);
	assert_int_equal(last_err, 0);
	c.reply_size = 50;
	submit(0, &c);
	say(76, took(76, 4), 0, 20);
	poll(0);
	assert_int_equal(last_err, 0);
	assert_int_equal(c.reply_len, 20);
	assert_int_equal(ended, 3);
}

static void what_cannot_be_a_call_is_refused(void **state)
{
	struct fwq_call c = make_call(71, 0, 0);

	(void)state;
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], &c, now), -EINVAL);
	c.function = 0x1000;
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], &c, now), -EINVAL);
	c = make_call(76, FWQ_MESSAGE_MAX + 1, 0);
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], &c, now), -EINVAL);
	c = make_call(76, 0, FWQ_MESSAGE_MAX + 1);
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], &c, now), -EINVAL);
	c = make_call(76, 0, 0);
	c.timeout = 0;
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], &c, now), -EINVAL);
	assert_int_equal(side_take(rec), 0);
	assert_int_equal(ended, 0);
}

static void fill_in_place(struct fwq_call *call, uint32_t offset, void *dst, uint32_t len)
{
	assert_true((uint8_t *)dst > side_block && (uint8_t *)dst < side_block + SIDE_MSG);
	memcpy(dst, (const uint8_t *)call->request + offset, len);
}

static void payload_is_written_into_the_ring(void **state)
{
	struct fwq_call c = make_call(73, 9000, 0);

	(void)state;
	c.fill = fill_in_place;
	c.one_way = true;
	for (unsigned int i = 0; i < 200; i++) { /* also over the ring's end */
		submit(0, &c);
		assert_int_equal(ended, i + 1); /* one-way: done when sent */
		took(73, 9000);
	}
	poll(0);
	assert_int_equal(ended, 200);
}

/* ---------------------------------------------------------------- long messages */

/* Take in a whole long message, polling in between; returns the first record's sequence number. */
static uint32_t take_long(uint32_t function, uint32_t total)
{
	uint32_t at = 0, first = 0, len;

	for (unsigned int n = 0; at < total; n++) {
		int ret = side_take(rec);

		while (!ret) {
			poll(0);
			ret = side_take(rec);
		}
		assert_true(ret > 32);
		len = (uint32_t)ret - 32;
		assert_int_equal(side_word(rec, 3), n ? 71 : function);
		if (n)
			assert_int_equal(side_word(rec, 6), first + n);
		else
			first = side_word(rec, 6);
		assert_true(len == SIDE_PAYLOAD || at + len == total);
		assert_memory_equal(rec + 32, request + at, len);
		at += len;
	}
	assert_int_equal(at, total);
	return first;
}

/* Records [from, to) of a long reply. */
static void say_long(uint32_t function, uint32_t seq, uint32_t total, uint32_t from, uint32_t to)
{
	for (uint32_t n = from; n < to && n * SIDE_PAYLOAD < total; n++) {
		uint32_t at = n * SIDE_PAYLOAD;
		uint32_t len = total - at < SIDE_PAYLOAD ? total - at : SIDE_PAYLOAD;

		len = side_rpc(rec, n ? 71 : function, seq + n, 0, answer + at, len);
		while (!side_put(rec, len))
			fwq_rpc_poll(&rpc, now);
	}
}

static void long_messages_both_ways(void **state)
{
	static const uint32_t totals[] = {SIDE_PAYLOAD,		SIDE_PAYLOAD + 1, 2 * SIDE_PAYLOAD,
					  2 * SIDE_PAYLOAD - 1, 694280,		  BIG};
	uint32_t seq;

	(void)state;
	for (unsigned int i = 0; i < 6; i++) {
		struct fwq_call c = make_call(76, totals[i], totals[i]);

		memset(got, 0, BIG);
		submit(0, &c);
		seq = take_long(76, totals[i]);
		say_long(76, seq, totals[i], 0, 99);
		poll(0);
		assert_int_equal(ended, i + 1);
		assert_int_equal(last_err, 0);
		assert_int_equal(c.reply_len, totals[i]);
		assert_memory_equal(got, answer, totals[i]);
	}
	assert_int_equal(rpc.stats.stray + rpc.stats.unexpected, 0);
}

static void long_replies_end_early(void **state)
{
	struct fwq_call c = make_call(76, 4, BIG);
	uint32_t seq;

	(void)state;
	submit(0, &c); /* an error: no continuation follows */
	say(76, took(76, 4), 0x51, SIDE_PAYLOAD);
	poll(0);
	assert_int_equal(ended, 1);
	assert_int_equal(c.result, 0x51);
	submit(0, &c); /* a record that is not full */
	say_long(76, took(76, 4), SIDE_PAYLOAD + 10, 0, 2);
	poll(0);
	assert_int_equal(ended, 2);
	assert_int_equal(c.reply_len, SIDE_PAYLOAD + 10);
	c.reply_size = SIDE_PAYLOAD + 5; /* and one that is too long */
	submit(0, &c);
	seq = took(76, 4);
	say_long(76, seq, SIDE_PAYLOAD + 10, 0, 2);
	poll(0);
	assert_int_equal(last_err, -EMSGSIZE);
	assert_int_equal(ended, 3);
}

static void events_between_records_are_delivered(void **state)
{
	struct fwq_call c = make_call(76, 4, 3 * SIDE_PAYLOAD);
	uint32_t seq;

	(void)state;
	submit(0, &c);
	seq = took(76, 4);
	say(0x1003, 0, 0, 40);
	say_long(76, seq, 3 * SIDE_PAYLOAD, 0, 1);
	say(0x1006, 0, 0, 60);
	say_long(76, seq, 3 * SIDE_PAYLOAD, 1, 99);
	poll(0);
	assert_int_equal(events, 2);
	assert_int_equal(last_event, 0x1006);
	assert_int_equal(last_event_len, 60);
	assert_int_equal(ended, 1);
	assert_int_equal(last_err, 0);
	assert_memory_equal(got, answer, (size_t)3 * SIDE_PAYLOAD);
}

static void interrupted_replies_end_with_an_error(void **state)
{
	struct fwq_call c = make_call(76, 4, 3 * SIDE_PAYLOAD);
	uint32_t seq;

	(void)state;
	for (unsigned int how = 0; how < 4; how++) {
		submit(0, &c);
		seq = took(76, 4);
		say_long(76, seq, 3 * SIDE_PAYLOAD, 0, 1);
		switch (how) {
		case 0: /* a record is missing */
			side_seq_out++;
			break;
		case 1: /* another reply begins */
			say(10, 9999, 0, 4);
			break;
		case 2: /* the same one begins again */
			say_long(76, seq, 3 * SIDE_PAYLOAD, 0, 1);
			break;
		default: /* an event that could have continuations too */
			say(0x1003, 0, 0, SIDE_PAYLOAD);
			break;
		}
		say_long(76, seq, 3 * SIDE_PAYLOAD, 1, 99);
		poll(0);
		assert_int_equal(ended, how + 1);
		assert_int_equal(last_err, -EIO);
		assert_int_equal(rpc.stats.stray, 2 * (how + 1));
		assert_int_equal(rpc.stats.cut_replies, how + 1);
	}
	submit(0, &c);
	say_long(76, took(76, 4), 3 * SIDE_PAYLOAD, 0, 99);
	poll(0);
	assert_int_equal(last_err, 0);
}

/* ---------------------------------------------------------------- trouble */

static void late_and_duplicate_replies_are_dropped(void **state)
{
	struct fwq_call c = make_call(76, 4, 100), d = make_call(76, 8, 100);
	uint32_t first, second;

	(void)state;
	submit(0, &c);
	first = took(76, 4);
	now += 100 * HV_MS - 1;
	poll(0);
	assert_int_equal(ended, 0);
	now++;
	poll(0);
	assert_int_equal(ended, 1);
	assert_int_equal(last_err, -ETIMEDOUT);
	submit(0, &d);
	second = took(76, 8);
	say(76, first, 7, 50); /* late */
	poll(0);
	assert_int_equal(ended, 1);
	say(76, second, 0, 60);
	say(76, second, 0, 60); /* twice */
	say(71, second, 0, 60); /* continues nothing */
	say(99, 1, 0, 60);	/* never asked for */
	poll(0);
	assert_int_equal(ended, 2);
	assert_int_equal(d.reply_len, 60);
	assert_int_equal(d.result, 0);
	assert_int_equal(rpc.stats.unexpected, 3);
	assert_int_equal(rpc.stats.stray, 1);
	assert_int_equal(rpc.stats.timeouts, 1);
}

static void without_echo_a_late_reply_is_waited_for(void **state)
{
	struct fwq_call c = make_call(76, 4, 100), d = make_call(76, 8, 100),
			e = make_call(10, 12, 0);

	(void)state;
	start(0);
	submit(0, &c);
	submit(1, &d); /* the same function: not before the first is over */
	submit(2, &e); /* another: now */
	took(76, 4);
	took(10, 12);
	assert_int_equal(side_take(rec), 0);
	say(10, 0, 0, 0);
	d.deadline += 50 * HV_MS;
	now += 100 * HV_MS;
	poll(0);
	assert_int_equal(ended, 2);
	assert_int_equal(side_take(rec), 0);
	say(76, 0, 5, 50); /* the first one's, late */
	poll(0);
	assert_int_equal(ended, 2);
	took(76, 8);
	say(76, 0, 0, 60);
	poll(0);
	assert_int_equal(ended, 3);
	assert_int_equal(last_err, 0);
	assert_int_equal(d.reply_len, 60);
	assert_int_equal(rpc.stats.unexpected, 1);
}

static void without_echo_the_owed_are_bounded(void **state)
{
	struct fwq_call c;
	unsigned int n = 0;

	(void)state;
	start(0);
	for (uint32_t f = 100; f < 130; f++) {
		c = make_call(f, 4, 0);
		submit(0, &c);
		n += side_take(rec) > 0;
		now += 100 * HV_MS;
		poll(0);
		assert_int_equal(last_err, -ETIMEDOUT);
	}
	assert_int_equal(n, FWQ_OWED_MAX);
	say(105, 0, 0, 0);
	poll(0);
	c = make_call(130, 4, 0);
	submit(0, &c);
	took(130, 4);
	say(130, 0, 0, 0);
	poll(0);
	assert_int_equal(last_err, 0);
}

static void bad_headers_are_dropped(void **state)
{
	struct fwq_call c = make_call(76, 4, 100);
	uint32_t seq, len;

	(void)state;
	submit(0, &c);
	seq = took(76, 4);
	for (unsigned int i = 0; i < 2; i++) {
		len = side_rpc(rec, 76, seq, 0, answer, 8);
		rec[(size_t)4 * i] ^= 1;
		assert_true(side_put(rec, len));
	}
	poll(0);
	assert_int_equal(ended, 0);
	assert_int_equal(rpc.stats.bad_headers, 2);
	say(76, seq, 0, 8);
	poll(0);
	assert_int_equal(ended, 1);
}

static void firmware_that_stops_reading(void **state)
{
	struct fwq_call c[4], big = make_call(76, BIG, 0);

	(void)state;
	submit(0, &big); /* goes out in part: the ring is smaller */
	assert_int_equal(fwq_rpc_caller_remove(&rpc, &callers[0]), -EBUSY);
	for (unsigned int i = 1; i < 4; i++) {
		c[i] = make_call(10 + i, 4, 0);
		c[i].timeout = HV_S;
		submit(i, &c[i]);
	}
	poll(0);
	assert_int_equal(ended, 0);
	now += 100 * HV_MS;
	poll(-EIO); /* half a message is out: nothing after it would be understood */
	assert_int_equal(ended, 4);
	assert_int_equal(last_err, -EIO);
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[1], &c[1], now), -EIO);
	poll(-EIO);
	start(1); /* a new firmware */
	submit(1, &c[1]);
	say(11, took(11, 4), 0, 0);
	poll(0);
	assert_int_equal(last_err, 0);
}

static void a_full_queue_is_not_the_end(void **state)
{
	struct fwq_call c = make_call(73, 100, 0), d = make_call(76, 4, 0);
	unsigned int n = 0;

	(void)state;
	c.one_way = true;
	for (; n < 62; n++)
		submit(0, &c);
	submit(0, &d); /* no room */
	submit(1, &c);
	assert_int_equal(ended, 62);
	now += 100 * HV_MS;
	poll(0); /* both time out without having been sent */
	assert_int_equal(ended, 64);
	while (side_take(rec) > 0)
		assert_int_equal(side_word(rec, 3), 73);
	submit(0, &d);
	say(76, took(76, 4), 0, 0);
	poll(0);
	assert_int_equal(last_err, 0);
}

static void a_position_that_lies_ends_all_calls(void **state)
{
	struct fwq_call c = make_call(76, 4, 0), d = make_call(76, 4, 0);

	(void)state;
	submit(0, &c);
	submit(0, &d);
	side_set(SIDE_MSG + 16, 63);
	poll(-EIO);
	assert_int_equal(ended, 2);
	assert_int_equal(last_err, -EIO);
	start(1);
	side_set(SIDE_MSG + 32, 63); /* seen when sending */
	submit(0, &c);
	assert_int_equal(ended, 1);
	assert_int_equal(last_err, -EIO);
}

/* The queue is sound, but whoever knows that nobody is behind it says so. */
static void what_is_broken_by_its_user_stays_so(void **state)
{
	struct fwq_call c = make_call(76, 4, 0), d = make_call(76, 4, 0);

	(void)state;
	submit(0, &c);
	submit(1, &d);
	fwq_rpc_break(&rpc);
	assert_int_equal(ended, 2);
	assert_int_equal(last_err, -EIO);
	poll(-EIO);
	assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], &c, now), -EIO);
	assert_int_equal(ended, 2);
}

static void a_flood_is_taken_in_parts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 62; i++)
		say(0x1003, 0, 0, 8);
	poll(0);
	assert_int_equal(events, 62);
	link_mem.link.publish_read(&link_mem.link, q.read);
	for (unsigned int i = 0; i < 62; i++)
		say(0x1003, 0, 0, 8);
	side_set(SIDE_MSG + 16, side_msg_write);
	poll(0);
	assert_int_equal(events, 124);

	flooding = true;
	say(0x1003, 0, 0, 8);
	poll(1);
	assert_int_equal(events, 124 + FWQ_POLL_RECORDS);
	poll(1);
	assert_int_equal(events, 124 + 2 * FWQ_POLL_RECORDS);
	flooding = false;
	poll(0);
	assert_int_equal(events, 125 + 2 * FWQ_POLL_RECORDS);
}

/* ---------------------------------------------------------------- callers */

static void callers_take_turns(void **state)
{
	struct fwq_call many[40], few[3];
	unsigned int done[4] = {0};
	uint32_t f;

	(void)state;
	for (unsigned int i = 0; i < 40; i++) { /* the greedy one is first */
		many[i] = make_call(100, 4, 0);
		many[i].arg = &done[0];
		submit(0, &many[i]);
	}
	for (unsigned int i = 0; i < 3; i++) {
		few[i] = make_call(101 + i, 4, 0);
		few[i].arg = &done[i + 1];
		submit(i + 1, &few[i]);
	}
	for (unsigned int i = 0; i < 4; i++) { /* one each, and no more */
		uint32_t seq = took(100 + i, 4);

		assert_int_equal(seq, i);
	}
	assert_int_equal(side_take(rec), 0);
	for (unsigned int round = 0; round < 10; round++) {
		uint32_t base = rpc.sequence - 4;

		for (unsigned int i = 0; i < 4; i++)
			say(100 + i, base + i, 0, 0);
		for (unsigned int i = 0; i < 3; i++) /* they have just one each: wait in line */
			assert_int_equal(done[i + 1], round);
		poll(0);
		if (round == 9)
			break;
		for (unsigned int i = 0; i < 3; i++)
			submit(i + 1, &few[i]);
		for (unsigned int i = 0; i < 4; i++) {
			f = 100 + i;
			took(f, 4);
		}
		assert_int_equal(side_take(rec), 0);
	}
	assert_int_equal(done[0], 10);
	assert_int_equal(done[3], 10);
}

static void a_caller_leaves(void **state)
{
	struct fwq_call c = make_call(76, 4, 0), d = make_call(76, 4, 0), e = make_call(76, 4, 0);
	uint32_t seq;

	(void)state;
	submit(0, &c);
	submit(0, &d);
	submit(1, &e);
	assert_int_equal(fwq_rpc_caller_remove(&rpc, &callers[0]), 0);
	assert_int_equal(ended, 2);
	assert_int_equal(last_err, -ECANCELED);
	seq = took(76, 4);
	say(76, seq, 0, 0);
	say(76, took(76, 4), 0, 0);
	poll(0);
	assert_int_equal(ended, 3);
	assert_int_equal(last_err, 0);
	assert_int_equal(rpc.stats.unexpected, 1);
}

static unsigned int again_left;

static void again(struct fwq_call *call, int err)
{
	ended++;
	last_err = err;
	if (again_left && again_left--)
		assert_int_equal(fwq_rpc_submit(&rpc, &callers[0], call, now), 0);
}

static void done_may_submit(void **state)
{
	struct fwq_call c = make_call(76, 4, 0);

	(void)state;
	c.done = again;
	again_left = 20;
	submit(0, &c);
	for (unsigned int i = 0; i < 10; i++) {
		say(76, took(76, 4), 0, 0);
		poll(0);
	}
	assert_int_equal(ended, 10);
	c.one_way = true; /* ends inside submit, again and again */
	say(76, took(76, 4), 0, 0);
	poll(0);
	assert_int_equal(ended, 21);
	for (unsigned int i = 0; i < 10; i++)
		took(76, 4);
	assert_int_equal(side_take(rec), 0);
}

/* ---------------------------------------------------------------- boot */

static void echo_once(void)
{
	if (side_take(rec) > 0) {
		uint32_t f = side_word(rec, 3), seq = side_word(rec, 6);

		say(0x1001, 0, 0, 4);
		say(f, seq, 3, 12);
	}
}

static void a_synchronous_call(void **state)
{
	struct fwq_call c = make_call(65, 10, 12);
	int mine = 5;

	(void)state;
	while_waiting = echo_once;
	c.arg = &mine;
	assert_int_equal(fwq_rpc_call_sync(&rpc, &callers[0], &c), 0);
	assert_int_equal(c.result, 3);
	assert_int_equal(c.reply_len, 12);
	assert_ptr_equal(c.arg, &mine);
	assert_int_equal(events, 1);
	while_waiting = NULL;
	assert_int_equal(fwq_rpc_call_sync(&rpc, &callers[0], &c), -ETIMEDOUT);
	c.function = 71;
	assert_int_equal(fwq_rpc_call_sync(&rpc, &callers[0], &c), -EINVAL);
	c.function = 65;
	side_set(SIDE_MSG + 16, 1000);
	assert_int_equal(fwq_rpc_call_sync(&rpc, &callers[0], &c), -EIO);
}

/* ---------------------------------------------------------------- anything */

#define WAITING 8

/* A long random conversation: every call ends once, and with its own answer. */
static void a_random_conversation(void **state)
{
	static struct {
		struct fwq_call call;
		uint8_t reply[200000];
		unsigned int ended;
		bool used;
	} slot[WAITING];
	struct {
		uint32_t function, seq;
	} todo[4];
	unsigned int todo_n = 0, sum = 0, began = 0;

	(void)state;
	memset(slot, 0, sizeof(slot));
	for (unsigned int round = 0; round < 6000; round++) {
		unsigned int i = rnd() % WAITING, who = rnd() % 4;
		int ret;

		if (slot[i].used && slot[i].ended) {
			struct fwq_call *c = &slot[i].call;

			assert_int_equal(slot[i].ended, 1);
			assert_int_equal(c->reply_len, c->function * 999);
			assert_memory_equal(c->reply, answer, c->reply_len);
			slot[i].used = false;
			sum++;
		}
		if (!slot[i].used) {
			uint32_t len = rnd() % 3 ? rnd() % 500 : rnd() % 200000;

			/* The function says how long the answer is, so that each knows its own. */
			slot[i].call = make_call(100 + i, len, (100 + i) * 999);
			slot[i].call.reply = slot[i].reply;
			slot[i].call.arg = &slot[i].ended;
			slot[i].call.timeout = HV_S * 1000;
			slot[i].ended = 0;
			slot[i].used = true;
			submit(who, &slot[i].call);
			began++;
		}
		for (ret = 1; todo_n < 4 && ret > 0;) {
			ret = side_take(rec);
			assert_true(ret >= 0);
			if (ret > 0 && side_word(rec, 3) != 71) {
				todo[todo_n].function = side_word(rec, 3);
				todo[todo_n++].seq = side_word(rec, 6);
			}
		}
		poll(0);
		if (rnd() % 3 == 0) {
			say(0x1003, 0, 0, rnd() % 100);
			poll(0);
		}
		if (todo_n && rnd() % 2) {
			unsigned int k = rnd() % todo_n; /* not in order */

			/* Only a message that has gone out whole has an answer. */
			if (rpc.sending && rpc.sending->sequence == todo[k].seq)
				continue;
			say_long(todo[k].function, todo[k].seq, todo[k].function * 999, 0, 99);
			poll(0);
			todo[k] = todo[--todo_n];
		}
	}
	assert_true(sum > 500 && began >= sum);
	assert_int_equal(rpc.stats.unexpected + rpc.stats.stray + rpc.stats.cut_replies, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_call_is_answered, setup),
		cmocka_unit_test_setup(the_firmwares_status_is_passed_on, setup),
		cmocka_unit_test_setup(reply_sizes, setup),
		cmocka_unit_test_setup(what_cannot_be_a_call_is_refused, setup),
		cmocka_unit_test_setup(payload_is_written_into_the_ring, setup),
		cmocka_unit_test_setup(long_messages_both_ways, setup),
		cmocka_unit_test_setup(long_replies_end_early, setup),
		cmocka_unit_test_setup(events_between_records_are_delivered, setup),
		cmocka_unit_test_setup(interrupted_replies_end_with_an_error, setup),
		cmocka_unit_test_setup(late_and_duplicate_replies_are_dropped, setup),
		cmocka_unit_test_setup(without_echo_a_late_reply_is_waited_for, setup),
		cmocka_unit_test_setup(without_echo_the_owed_are_bounded, setup),
		cmocka_unit_test_setup(bad_headers_are_dropped, setup),
		cmocka_unit_test_setup(firmware_that_stops_reading, setup),
		cmocka_unit_test_setup(a_full_queue_is_not_the_end, setup),
		cmocka_unit_test_setup(a_position_that_lies_ends_all_calls, setup),
		cmocka_unit_test_setup(what_is_broken_by_its_user_stays_so, setup),
		cmocka_unit_test_setup(a_flood_is_taken_in_parts, setup),
		cmocka_unit_test_setup(callers_take_turns, setup),
		cmocka_unit_test_setup(a_caller_leaves, setup),
		cmocka_unit_test_setup(done_may_submit, setup),
		cmocka_unit_test_setup(a_synchronous_call, setup),
		cmocka_unit_test_setup(a_random_conversation, setup),
	};

	return cmocka_run_group_tests(tests, NULL, cleanup);
}
