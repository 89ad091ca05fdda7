/* SPDX-License-Identifier: MIT */
/*
 * One guest has address spaces and channels made and destroyed without a pause (tests/xen/flood.c). How long another
 * guest's calls wait for it is counted in calls that the firmware answers meanwhile: guests take turns there, so
 * for each of its own a guest waits for one of the other's at most, and for some before and after: MEANWHILE.
 */
#include "tests/unit/submit_bed.h"

#include "tests/xen/flood.h"

#define ROUNDS 40u
#define MEANWHILE                                                                                  \
	8u /* answered between a request and its being looked at, and between answer and guest */

/* Calls that the firmware has answered so far. */
static uint64_t answered_calls(void)
{
	return gpu_rm_fwq(gpudom.rm)->rpc->stats.replies;
}

/* A free waits for the copy engine, so for time, which has nothing to do with calls. */
enum what { PING, SPACE, CHANNEL, CHANNEL_END, SPACE_END, WHATS };

static const char *const names[WHATS] = {"ping", "space create", "channel create",
					 "channel destroy", "space destroy"};

/* What a guest has made so far. */
struct own {
	struct xenvgpu_space_create_resp space;
	uint32_t channel;
};

static int call(struct front_dev *dev, enum what what, struct own *own)
{
	struct xenvgpu_channel_create_req req = {.engine_class = NVC7B5, .entries = 16};

	switch (what) {
	case PING:
		return front_ping(dev, 5);
	case SPACE:
		return front_space_create(dev, &own->space);
	case CHANNEL:
		req.space = own->space.space;
		req.gpfifo = own->space.va_start;
		return front_channel_create(dev, &req, &own->channel);
	case CHANNEL_END:
		return front_channel_destroy(dev, own->channel);
	default:
		return front_space_destroy(dev, own->space.space);
	}
}

/* The most calls of the firmware that were answered in the course of each call of guest 1. */
static void measure(struct fixture *f, uint64_t most[WHATS])
{
	struct user *u = enter(f, 1);
	struct own own;

	memset(most, 0, WHATS * sizeof(most[0]));
	for (unsigned int round = 0; round < ROUNDS; round++) {
		for (unsigned int i = 0; i < WHATS; i++) {
			uint64_t n = answered_calls();

			assert_int_equal(call(u->front, (enum what)i, &own), 0);
			n = answered_calls() - n;
			if (n > most[i])
				most[i] = n;
		}
	}
	leave(f);
}

static void a_flood_costs_others_a_turn(void **state)
{
	struct fixture *f = *state;
	uint64_t alone[WHATS], beside[WHATS], before;
	unsigned int bad = 0;
	struct dma *d = calloc(1, sizeof(*d));
	struct flood *flood = calloc(1, sizeof(*flood));
	struct own own;
	struct user *u = enter(f, 1);

	/* Its first space makes its RM client too, which stays. */
	assert_int_equal(call(u->front, SPACE, &own), 0);
	assert_int_equal(call(u->front, SPACE_END, &own), 0);
	leave(f);
	measure(f, alone);
	u = enter(f, 0);
	assert_int_equal(dma_open(d, u->front), 0);
	flood_start(flood, d);
	leave(f);
	before = flood->answers;
	measure(f, beside);
	assert_true(flood->answers > before + ROUNDS); /* it was one */
	enter(f, 0);
	assert_int_equal(flood_stop(flood), 0);
	assert_int_equal(flood->refused, 0);
	dma_close(d);
	leave(f);
	for (unsigned int i = 0; i < WHATS; i++) {
		print_message("%s: %llu calls of the firmware alone, %llu beside a flood\n",
			      names[i], (unsigned long long)alone[i],
			      (unsigned long long)beside[i]);
		bad += beside[i] > 2 * alone[i] + MEANWHILE;
	}
	assert_int_equal(bad, 0);
	assert_true(alone[SPACE] && alone[CHANNEL] && beside[CHANNEL] > alone[CHANNEL]);
	free(flood);
	free(d);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_flood_costs_others_a_turn, submit_setup,
						submit_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
