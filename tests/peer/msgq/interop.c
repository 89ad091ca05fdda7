/* SPDX-License-Identifier: MIT */
/*
 * interop.c - our queues against NVIDIA's, in one process.
 *
 *    interop storm N | threads N | calls N | refusals | plant KIND:DIRECTION
 *
 * Each end produces for the other, N messages in each direction. Nobody tells the receiver what to
 * expect: it counts, and message n of a direction is known by n alone (payload.h). `storm` takes turns
 * at random in one thread, so that both rings run full and empty all the time; `threads` gives each end
 * a thread of its own, so that what is published early would be seen; `calls` is in calls.c. A planted fault must be found:
 * that shows that the checks can fail.
 *
 * Prints what was seen. Exit code 0: all good; 1: the first thing wrong is in the last line.
 */
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "calls.h"
#include "pair.h"
#include "payload.h"

enum { TO_PEER, TO_US, DIRECTIONS };

static const char *const direction_name[DIRECTIONS] = {"ours to theirs", "theirs to ours"};

/* One direction. The sender writes the first part, the receiver the second. */
struct flow {
	uint64_t sent, refused;
	uint64_t split; /* records that run over the end of the ring */

	uint64_t got, empty, bytes;
	uint64_t wraps;	   /* times the ring was gone round */
	uint32_t elements; /* gone into the ring now: position */
	uint32_t sizes;	   /* bit k: a record of k elements was seen */
} __attribute__((aligned(128)));

enum plant { PLANT_NONE, PLANT_BYTE, PLANT_RING, PLANT_SWAP, PLANT_DROP };

static const char *const plant_name[] = {
	[PLANT_BYTE] = "byte", [PLANT_RING] = "ring", [PLANT_SWAP] = "swap", [PLANT_DROP] = "drop"};

#define PLANT_AT 1000ull /* message that the fault is planted in; even */

static struct pair pair;
static struct flow flow[DIRECTIONS];
static uint64_t goal; /* messages in each direction */
static enum plant plant;
static unsigned int plant_direction;

static uint32_t headers(void)
{
	return pair.params.elem.size + pair.params.rpc.size;
}

/* ---------------------------------------------------------------- planted faults */

static bool planted(unsigned int direction, enum plant kind, uint64_t n)
{
	return plant == kind && plant_direction == direction && n == PLANT_AT;
}

/* Which message is sent as the n-th. */
static uint64_t number(unsigned int direction, uint64_t n)
{
	if (planted(direction, PLANT_SWAP, n & ~1ull))
		return n ^ 1;
	if (plant == PLANT_DROP && plant_direction == direction && n >= PLANT_AT)
		return n + 1;
	return n;
}

/* After a record has been sealed: change a byte of it where it lies. `at` is its first element. */
static void plant_in_ring(unsigned int direction, uint64_t n, uint8_t *queue, uint32_t at)
{
	if (planted(direction, PLANT_RING, n))
		queue[pair.params.entry_off + (size_t)at * pair.params.elem_size +
		      pair.params.elem.size] ^= 0x10;
}

/* ---------------------------------------------------------------- one message */

static void account(struct flow *f, uint32_t len)
{
	uint32_t n = (headers() + len + pair.params.elem_size - 1) / pair.params.elem_size;

	f->got++;
	f->bytes += len;
	f->sizes |= 1u << n;
	f->elements += n;
	if (f->elements >= pair.q.cmd_elems) {
		f->elements -= pair.q.cmd_elems;
		f->wraps++;
	}
}

/* Is this message n of its direction? */
static void judge(unsigned int direction, uint64_t n, uint32_t function, uint32_t sequence,
		  const uint8_t *payload, uint32_t len)
{
	const char *way = direction_name[direction];
	uint32_t want = payload_len(direction, n, pair.params.elem_size, headers());
	uint32_t at;

	if (sequence != (uint32_t)n || function != payload_function(direction, n))
		pair_fail("%s: message %" PRIu64 " has sequence %u, function %u", way, n, sequence,
			  function);
	if (len != want)
		pair_fail("%s: message %" PRIu64 " has %u bytes, not %u", way, n, len, want);
	at = payload_check(payload_key(direction, n), payload, len);
	if (at != len)
		pair_fail("%s: message %" PRIu64 " differs at byte %u", way, n, at);
}

static bool we_send(void)
{
	const struct fwq_params *p = &pair.params;
	struct flow *f = &flow[TO_PEER];
	uint64_t n = number(TO_PEER, f->sent), key = payload_key(TO_PEER, n);
	uint32_t len = payload_len(TO_PEER, n, p->elem_size, headers());
	uint32_t at = pair.q.write;
	struct fwq_span s[2];
	uint8_t *header;
	int ret;

	ret = fwq_queue_begin(&pair.q, p->rpc.size + len, s);
	if (ret == -EAGAIN) {
		f->refused++;
		return false;
	}
	if (ret)
		pair_fail("our queue refused message %" PRIu64 ": %d", n, ret);
	header = s[0].at;
	memset(header, 0, p->rpc.size);
	fwq_put32(header + p->rpc.off_version, p->rpc.version);
	fwq_put32(header + p->rpc.off_signature, p->rpc.signature);
	fwq_put32(header + p->rpc.off_length, p->rpc.size + len);
	fwq_put32(header + p->rpc.off_function, payload_function(TO_PEER, n));
	fwq_put32(header + p->rpc.off_result, p->rpc.unanswered);
	fwq_put32(header + p->rpc.off_private, p->rpc.unanswered);
	fwq_put32(header + p->rpc.off_sequence, (uint32_t)n);
	/* The ring ends at a multiple of 8 after the first payload byte. */
	payload_write(key, 0, header + p->rpc.size, s[0].len - p->rpc.size);
	payload_write(key, s[0].len - p->rpc.size, s[1].at, s[1].len);
	if (len && planted(TO_PEER, PLANT_BYTE, n))
		header[p->rpc.size] ^= 1;
	fwq_queue_commit(&pair.q);
	plant_in_ring(TO_PEER, f->sent, pair.cmd, at);
	f->split += s[1].len != 0;
	f->sent++;
	return true;
}

static bool peer_gets(void)
{
	struct flow *f = &flow[TO_PEER];
	struct peer_rpc rpc;
	const char *wrong;
	int ret = peer_receive(pair.peer, &rpc);

	if (!ret) {
		f->empty++;
		return false;
	}
	if (ret < 0)
		pair_fail("GspMsgQueueReceiveStatus refused message %" PRIu64, f->got);
	wrong = peer_judge(pair.peer);
	if (wrong)
		pair_fail("%s: message %" PRIu64 ": %s", direction_name[TO_PEER], f->got, wrong);
	judge(TO_PEER, f->got, rpc.function, rpc.sequence, rpc.payload, rpc.len);
	account(f, rpc.len);
	return true;
}

static bool peer_sends(void)
{
	static uint8_t payload[0x10000];
	struct flow *f = &flow[TO_US];
	uint64_t n = number(TO_US, f->sent);
	struct peer_rpc rpc = {.function = payload_function(TO_US, n),
			       .sequence = (uint32_t)n,
			       .payload = payload,
			       .len = payload_len(TO_US, n, pair.params.elem_size, headers())};
	uint32_t at = peer_position(pair.peer);
	int ret;

	payload_write(payload_key(TO_US, n), 0, payload, rpc.len);
	if (rpc.len && planted(TO_US, PLANT_BYTE, n))
		payload[0] ^= 1;
	ret = peer_send(pair.peer, &rpc);
	if (!ret) {
		f->refused++;
		return false;
	}
	if (ret < 0)
		pair_fail("GspMsgQueueSendCommand refused message %" PRIu64, n);
	plant_in_ring(TO_US, f->sent, pair.msg, at);
	f->split += peer_position(pair.peer) < at && peer_position(pair.peer) != 0;
	f->sent++;
	return true;
}

static bool we_get(void)
{
	const struct fwq_params *p = &pair.params;
	const struct fwq_queue_stats *stats = &pair.q.stats;
	struct flow *f = &flow[TO_US];
	const uint8_t *rpc;
	uint32_t len;
	int ret = fwq_queue_receive(&pair.q, &rpc, &len);

	if (ret < 0)
		pair_fail("our queue broke at message %" PRIu64, f->got);
	if (stats->bad_records || stats->gaps || stats->old || stats->rereads)
		pair_fail("our queue at message %" PRIu64 ": %" PRIu64 " bad, %" PRIu64
			  " gaps, %" PRIu64 " old, %" PRIu64 " reread",
			  f->got, stats->bad_records, stats->gaps, stats->old, stats->rereads);
	if (!ret) {
		f->empty++;
		return false;
	}
	if (fwq_get32(rpc + p->rpc.off_version) != p->rpc.version ||
	    fwq_get32(rpc + p->rpc.off_signature) != p->rpc.signature)
		pair_fail("%s: message %" PRIu64 ": version or signature", direction_name[TO_US],
			  f->got);
	judge(TO_US, f->got, fwq_get32(rpc + p->rpc.off_function),
	      fwq_get32(rpc + p->rpc.off_sequence), rpc + p->rpc.size, len - p->rpc.size);
	account(f, len - p->rpc.size);
	return true;
}

/* ---------------------------------------------------------------- the cases */

/* `turns`: how often each ring must have been found full, and empty. */
static void finish(uint64_t turns)
{
	for (unsigned int d = 0; d < DIRECTIONS; d++) {
		const struct flow *f = &flow[d];

		if (f->got != goal || f->sent != goal)
			pair_fail("%s: %" PRIu64 " sent, %" PRIu64 " received", direction_name[d],
				  f->sent, f->got);
		if (f->sizes != 0x1fffe)
			pair_fail("%s: records of 1 to 16 elements: bits 0x%x", direction_name[d],
				  f->sizes);
		if (f->refused < turns || f->empty < turns || f->wraps < goal / 100 ||
		    f->split < goal / 100)
			pair_fail("%s: full %" PRIu64 " times, empty %" PRIu64 ", %" PRIu64
				  " rounds, %" PRIu64 " records over "
				  "the end: too few to mean anything",
				  direction_name[d], f->refused, f->empty, f->wraps, f->split);
	}
	if (pair.bells != goal)
		pair_fail("%u doorbells for %" PRIu64 " messages", pair.bells, goal);
	printf("%" PRIu64 " messages, %" PRIu64 " MiB; ring full %" PRIu64 " times, empty %" PRIu64
	       ", gone round %" PRIu64 ", "
	       "%" PRIu64 " records over its end\n",
	       (2 * goal), (flow[0].bytes + flow[1].bytes) >> 20,
	       (flow[0].refused + flow[1].refused), (flow[0].empty + flow[1].empty),
	       (flow[0].wraps + flow[1].wraps), (flow[0].split + flow[1].split));
}

/* Turns at random: up to 24 messages of one kind in a row, more than a ring of 63 elements holds. */
static void storm(void)
{
	uint64_t r = 1;

	while (flow[TO_PEER].got < goal || flow[TO_US].got < goal) {
		unsigned int run;

		r = payload_mix(r + PAYLOAD_STEP);
		run = 1 + (unsigned int)(r >> 8) % 24;
		switch (r % 4) {
		case 0:
			while (run-- && flow[TO_PEER].sent < goal && we_send())
				;
			break;
		case 1:
			while (run-- && peer_gets())
				;
			break;
		case 2:
			while (run-- && flow[TO_US].sent < goal && peer_sends())
				;
			break;
		default:
			while (run-- && we_get())
				;
		}
	}
}

static void *peer_thread(void *arg)
{
	while (flow[TO_PEER].got < goal || flow[TO_US].sent < goal) {
		bool moved = flow[TO_US].sent < goal && peer_sends();

		moved |= flow[TO_PEER].got < goal && peer_gets();
		if (!moved)
			sched_yield();
	}
	return arg;
}

static void threads(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, peer_thread, NULL))
		pair_fail("no thread");
	while (flow[TO_US].got < goal || flow[TO_PEER].sent < goal) {
		bool moved = flow[TO_PEER].sent < goal && we_send();

		moved |= flow[TO_US].got < goal && we_get();
		if (!moved)
			sched_yield();
	}
	pthread_join(thread, NULL);
}

/*
 * A queue header with one word changed: our queue refuses it whichever word it is; msgqRxLink() lets
 * unknown flags pass, and a read pointer that lies elsewhere.
 */
static void refusals(void)
{
	static const struct {
		const char *name;
		unsigned int at;
		int answer;
	} words[] = {{"version", 0, -9},   {"size", 1, -7}, {"msgSize", 2, -8},
		     {"msgCount", 3, -10}, {"flags", 5, 0}, {"rxHdrOff", 6, 0},
		     {"entryOff", 7, -10}};
	const unsigned int n = sizeof(words) / sizeof(words[0]);
	const uint8_t *rpc;
	uint32_t len;

	for (unsigned int i = 0; i < n; i++) {
		uint32_t *at;
		int ret;

		pair_open(&pair);
		if (fwq_queue_receive(&pair.q, &rpc, &len) != 0)
			pair_fail("before the firmware is up there is something to receive");
		if (peer_create(pair.peer, pair.msg))
			pair_fail("msgqTxCreate failed");
		at = (uint32_t *)pair.cmd + words[i].at;
		*at ^= 0x100;
		ret = peer_link(pair.peer, pair.cmd);
		if (ret != words[i].answer)
			pair_fail("our %s changed: msgqRxLink returned %d", words[i].name, ret);
		*at ^= 0x100;
		if (ret && peer_link(pair.peer, pair.cmd))
			pair_fail("msgqRxLink refuses our header");
		at = (uint32_t *)pair.msg + words[i].at;
		*at ^= 0x100;
		if (fwq_queue_receive(&pair.q, &rpc, &len) != 0)
			pair_fail("their %s is believed before there is a message", words[i].name);
		fwq_put32((uint8_t *)pair.msg + pair.params.queue.off_write, 1);
		ret = fwq_queue_receive(&pair.q, &rpc, &len);
		if (ret != -EIO)
			pair_fail("their %s changed: our queue returned %d", words[i].name, ret);
		pair_close(&pair);
	}
	printf("each of %u words of the header changed: all refused by us, 5 by msgqRxLink\n", n);
}

static void parse_plant(const char *arg)
{
	for (plant = PLANT_BYTE; plant <= PLANT_DROP; plant++) {
		size_t len = strlen(plant_name[plant]);

		if (!strncmp(arg, plant_name[plant], len) && arg[len] == ':') {
			plant_direction = arg[len + 1] == 'o' ? TO_PEER : TO_US;
			return;
		}
	}
	pair_fail("no such fault: %s", arg);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "refusals")) {
		refusals();
		return 0;
	}
	if (argc != 3)
		pair_fail("interop storm N | threads N | calls N | refusals | plant "
			  "KIND:ours|theirs");
	goal = 4 * PLANT_AT;
	if (!strcmp(what, "plant"))
		parse_plant(argv[2]);
	else
		goal = strtoull(argv[2], NULL, 0);
	if (!strcmp(what, "calls")) {
		calls(goal);
		return 0;
	}
	pair_open(&pair);
	pair_boot(&pair);
	if (!strcmp(what, "threads")) {
		threads();
		finish(0); /* idle turns of a thread are the scheduler's business */
	} else {
		storm();
		finish(goal / 100);
	}
	pair_close(&pair);
	return 0;
}
