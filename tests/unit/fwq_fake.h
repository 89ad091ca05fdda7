/* SPDX-License-Identifier: MIT */
/*
 * fwq_fake.h - a resource manager behind the queues, for tests of RM calls and clients.
 *
 * It keeps trees of objects by the rules that GSP-RM has (a parent must exist, a handle is new, a free
 * takes everything below along) and answers alloc, free, dup and control. Its numbers and layouts are
 * written down here by hand, from the releases' headers, and none is taken from a pack. A test can make
 * it refuse, stay silent, or spoil what it says.
 *
 * It is also the platform: the tests that include this link no other hv_now().
 */
#ifndef TESTS_UNIT_FWQ_FAKE_H
#define TESTS_UNIT_FWQ_FAKE_H

#include <stdio.h>
#include <stdlib.h>

#include "fwq/client.h"
#include "fwq/packs.h"
#include "hv/hv.h"
#include "tests/unit/fwq_side.h"

#define FAKE_OBJECTS 512u
#define FAKE_MESSAGE 0x100000u

/* What differs between the releases. */
static const struct fake_release {
	const char *version;
	uint32_t control_header, root_params, add_vgpu_type;
} fake_releases[] = {
	{"535.113.01", 24, 108, 316936}, {"535.261.03", 24, 108, 316936},
	{"550.163.01", 24, 108, 325640}, {"570.144", 24, 120, 334344},
	{"575.64.05", 40, 120, 522408},	 {"580.95.05", 40, 120, 694280},
	{"595.45.04", 40, 120, 694280},
};
#define FAKE_RELEASES (sizeof(fake_releases) / sizeof(fake_releases[0]))

enum fake_function { FAKE_FREE = 10, FAKE_DUP = 21, FAKE_CONTROL = 76, FAKE_ALLOC = 103 };

static const struct fake_release *fake_release;
static struct fwq_params fake_params;
static struct fwq_link_mem fake_link;
static struct fwq_queue fake_queue;
static struct fwq_rpc fake_rpc;
static struct fwq_rm fake_rm;
static struct fwq_clients fake_set;
static uint8_t fake_stage[0x10000] __attribute__((aligned(8)));
static uint64_t fake_now;

static struct {
	uint32_t client, parent, object, class;
} fake_object[FAKE_OBJECTS];
static uint32_t fake_objects;

/* What a test asks for. */
static uint32_t fake_refuse_class, fake_refuse_function, fake_refuse_status; /* status 0: nothing */
static uint32_t fake_silent; /* so many calls are carried out and not answered */
/* Called with the finished reply: payload, its length and the RPC's result. */
static void (*fake_spoil)(uint32_t function, uint8_t *payload, uint32_t *len, uint32_t *result);

/* The message that is coming in, and the one that is going out. */
static uint8_t *fake_in, *fake_out;
static uint32_t fake_in_len, fake_in_want, fake_out_len, fake_out_at, fake_out_result;
static uint32_t fake_function, fake_sequence;
static uint32_t fake_calls; /* messages received whole */
static bool fake_out_busy;

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
	return fake_now;
}

static inline uint32_t fake_word(const uint8_t *at, uint32_t offset)
{
	uint32_t v;

	memcpy(&v, at + offset, 4);
	return v;
}

static inline void fake_set_word(uint8_t *at, uint32_t offset, uint32_t v)
{
	memcpy(at + offset, &v, 4);
}

/* ---------------------------------------------------------------- objects */

static inline int fake_find(uint32_t client, uint32_t object)
{
	for (uint32_t i = 0; i < fake_objects; i++)
		if (fake_object[i].client == client && fake_object[i].object == object)
			return (int)i;
	return -1;
}

static inline void fake_remove(uint32_t client, uint32_t object)
{
	int at = fake_find(client, object);

	assert_true(at >= 0);
	fake_object[at] = fake_object[--fake_objects];
	for (uint32_t i = 0; i < fake_objects; i++)
		if (fake_object[i].client == client && fake_object[i].parent == object) {
			fake_remove(client, fake_object[i].object);
			i = UINT32_MAX; /* the table has moved: from the start */
		}
}

static inline uint32_t fake_add(uint32_t client, uint32_t parent, uint32_t object, uint32_t class)
{
	bool root = object == client;

	if (!root && (fake_find(client, parent) < 0 || !object))
		return 0x36; /* NV_ERR_INVALID_OBJECT_PARENT */
	if (fake_find(client, object) >= 0)
		return 0x19; /* NV_ERR_INSERT_DUPLICATE_NAME */
	assert_true(fake_objects < FAKE_OBJECTS);
	/* A root is its own parent for those who ask, and nobody's child here. */
	fake_object[fake_objects].client = client;
	fake_object[fake_objects].parent = root ? 0 : parent;
	fake_object[fake_objects].object = object;
	fake_object[fake_objects++].class = class;
	return 0;
}

/* ---------------------------------------------------------------- calls */

/* The parameters of the classes that it knows. */
static inline void fake_check_alloc(uint32_t client, uint32_t parent, uint32_t class,
				    const uint8_t *params, uint32_t size)
{
	switch (class) {
	case 0x0: /* NV01_ROOT */
		assert_int_equal(size, fake_release->root_params);
		assert_int_equal(fake_word(params, 0), client);
		assert_int_equal(fake_word(params, 4), 0xffffffff);
		break;
	case 0x80: /* NV01_DEVICE_0 */
		assert_int_equal(size, 56);
		assert_int_equal(parent, client);
		assert_int_equal(fake_word(params, 0), 0);
		assert_int_equal(fake_word(params, 4), client);
		break;
	case 0x2080: /* NV20_SUBDEVICE_0 */
		assert_int_equal(size, 4);
		assert_int_equal(fake_word(params, 0), 0);
		break;
	case 0x7e: /* NV01_EVENT_KERNEL_CALLBACK_EX */
		assert_int_equal(size, 24);
		assert_int_equal(fake_word(params, 0), client);
		assert_int_equal(fake_word(params, 4), 0);
		assert_int_equal(fake_word(params, 8), 0x7e);
		assert_int_equal(fake_word(params, 12) & 0xffff0000, 0x04000000);
		assert_int_equal(fake_word(params, 16) | fake_word(params, 20), 0);
		break;
	default:
		break;
	}
}

static inline uint32_t fake_alloc(void)
{
	uint32_t client = fake_word(fake_in, 0), parent = fake_word(fake_in, 4);
	uint32_t object = fake_word(fake_in, 8), class = fake_word(fake_in, 12);

	assert_true(fake_in_len >= 32);
	assert_int_equal(fake_word(fake_in, 16), 0);
	assert_int_equal(fake_word(fake_in, 20), fake_in_len - 32);
	assert_int_equal(fake_word(fake_in, 24) | fake_word(fake_in, 28), 0);
	fake_check_alloc(client, parent, class, fake_in + 32, fake_in_len - 32);
	if (fake_refuse_status && fake_refuse_function == FAKE_ALLOC && fake_refuse_class == class)
		return fake_refuse_status;
	return fake_add(client, parent, object, class);
}

/* A control is answered with its parameters, each byte changed; which shows that they came back. */
static inline uint32_t fake_control(void)
{
	uint32_t header = fake_release->control_header;

	assert_true(fake_in_len >= header);
	assert_int_equal(fake_word(fake_in, 12), 0);
	assert_int_equal(fake_word(fake_in, 16), fake_in_len - header);
	for (uint32_t i = 20; i < header; i++)
		assert_int_equal(fake_in[i], 0);
	if (fake_find(fake_word(fake_in, 0), fake_word(fake_in, 4)) < 0)
		return 0x57; /* NV_ERR_OBJECT_NOT_FOUND */
	if (fake_refuse_status && fake_refuse_function == FAKE_CONTROL)
		return fake_refuse_status;
	if (fake_word(fake_in, 8) == 0x20800301) { /* EVENT_SET_NOTIFICATION, REPEAT */
		assert_int_equal(fake_in_len - header, 20);
		assert_int_equal(fake_word(fake_in, header + 4), 2);
	}
	for (uint32_t i = header; i < fake_in_len; i++)
		fake_in[i] ^= 0x5a;
	return 0;
}

static inline uint32_t fake_free(void)
{
	uint32_t client = fake_word(fake_in, 0), object = fake_word(fake_in, 8);

	assert_int_equal(fake_in_len, 16);
	assert_int_equal(fake_word(fake_in, 4) | fake_word(fake_in, 12), 0);
	if (fake_refuse_status && fake_refuse_function == FAKE_FREE)
		return fake_refuse_status;
	if (fake_find(client, object) < 0)
		return 0x57;
	fake_remove(client, object);
	return 0;
}

static inline uint32_t fake_dup(void)
{
	int src = fake_find(fake_word(fake_in, 12), fake_word(fake_in, 16));

	assert_int_equal(fake_in_len, 28);
	assert_int_equal(fake_word(fake_in, 20) | fake_word(fake_in, 24), 0);
	if (src < 0)
		return 0x57;
	return fake_add(fake_word(fake_in, 0), fake_word(fake_in, 4), fake_word(fake_in, 8),
			fake_object[src].class);
}

static inline void fake_answer(void)
{
	uint32_t status_at = 0, status = 0, len = fake_in_len, result = 0;

	fake_calls++;
	switch (fake_function) {
	case FAKE_ALLOC:
		status = fake_alloc();
		status_at = 16;
		break;
	case FAKE_CONTROL:
		status = fake_control();
		status_at = 12;
		break;
	case FAKE_FREE:
		status = fake_free();
		status_at = 12;
		break;
	case FAKE_DUP:
		status = fake_dup();
		status_at = 24;
		break;
	default:
		break;
	}
	if (status)
		fake_set_word(fake_in, status_at, status);
	if (fake_silent) {
		fake_silent--;
		return;
	}
	memcpy(fake_out, fake_in, len);
	if (fake_spoil)
		fake_spoil(fake_function, fake_out, &len, &result);
	fake_out_len = len;
	fake_out_at = 0;
	fake_out_result = result;
	fake_out_busy = true;
}

/* How long the message is that begins here, which its own header says. */
static inline uint32_t fake_want(uint32_t function, const uint8_t *payload, uint32_t len)
{
	if (function == FAKE_CONTROL && len >= 20)
		return fake_release->control_header + fake_word(payload, 16);
	return len;
}

static inline void fake_send(void)
{
	static uint8_t rec[SIDE_RPC_MAX];
	uint32_t n;

	while (fake_out_busy) {
		n = fake_out_len - fake_out_at < SIDE_PAYLOAD ? fake_out_len - fake_out_at
							      : SIDE_PAYLOAD;
		if (!side_put(rec, side_rpc(rec, fake_out_at ? 71 : fake_function, fake_sequence,
					    fake_out_result, fake_out + fake_out_at, n)))
			return;
		fake_out_at += n;
		fake_out_busy = fake_out_at < fake_out_len;
	}
}

/* The firmware's turn: take in and answer until nothing can be done. */
static inline void fake_run(void)
{
	static uint8_t rec[SIDE_RPC_MAX];
	int len;

	for (;;) {
		fake_send();
		if (fake_out_busy)
			return;
		len = side_take(rec);
		assert_true(len >= 0);
		if (!len)
			return;
		if (fake_in_len == fake_in_want) {
			fake_function = side_word(rec, 3);
			fake_sequence = side_word(rec, 6);
			fake_in_len = 0;
			fake_in_want = fake_want(fake_function, rec + 32, (uint32_t)len - 32);
		} else {
			assert_int_equal(side_word(rec, 3), 71);
		}
		assert_true(fake_in_len + (uint32_t)len - 32 <= fake_in_want);
		assert_true(fake_in_want <= FAKE_MESSAGE);
		memcpy(fake_in + fake_in_len, rec + 32, (uint32_t)len - 32);
		fake_in_len += (uint32_t)len - 32;
		if (fake_in_len == fake_in_want)
			fake_answer();
	}
}

/* An event's record is built by hand, so that it can lie. */
static inline void fake_post(uint32_t client, uint32_t event, uint32_t index, bool list)
{
	static uint8_t rec[SIDE_RPC_MAX];
	uint8_t payload[40] = {0};

	fake_set_word(payload, 0, client);
	fake_set_word(payload, 4, event);
	fake_set_word(payload, 8, index);
	fake_set_word(payload, 12, 0x1234);
	fake_set_word(payload, 24, 8); /* eventDataSize */
	payload[28] = list;
	memcpy(payload + 29, "faketest", 8);
	assert_true(side_put(rec, side_rpc(rec, 0x1003, 0, 0, payload, 40)));
}

/* ---------------------------------------------------------------- set-up */

void hv_delay(uint64_t ns)
{
	fake_now += ns;
	fake_run();
}

static inline void fake_event(struct fwq_rpc *rpc, uint32_t function, const uint8_t *payload,
			      uint32_t len)
{
	struct fwq_event ev;

	(void)rpc;
	if (!fwq_event_decode(fake_rm.pack, function, payload, len, &ev) &&
	    ev.kind == FWQ_EVENT_POST_EVENT)
		fwq_clients_post(&fake_set, &ev.post);
}

/* Everything afresh, as release n; echo: it repeats sequence numbers. */
static inline void fake_start(unsigned int n, bool echo)
{
	const struct fwq_pack *pack = fwq_packs_find(fake_releases[n].version);

	assert_non_null(pack);
	fake_release = &fake_releases[n];
	assert_int_equal(fwq_params_from_pack(pack, &fake_params), 0);
	fake_params.rpc.echoes_sequence = echo;
	side_addresses();
	assert_int_equal(fwq_link_mem_init(&fake_link, &fake_params, side_block, side_addr,
					   SIDE_PAGES, side_ring, NULL),
			 0);
	assert_int_equal(fwq_queue_init(&fake_queue, &fake_params, &fake_link.link, fake_stage,
					sizeof(fake_stage)),
			 0);
	side_boot();
	fwq_rpc_init(&fake_rpc, &fake_queue, fake_event, NULL);
	assert_int_equal(fwq_rm_init(&fake_rm, &fake_rpc, pack), 0);
	assert_int_equal(fwq_clients_init(&fake_set, &fake_rm), 0);
	if (!fake_in) {
		fake_in = malloc(FAKE_MESSAGE);
		fake_out = malloc(FAKE_MESSAGE);
	}
	fake_now = 1000;
	fake_objects = fake_in_len = fake_in_want = fake_calls = 0;
	fake_refuse_status = fake_silent = 0;
	fake_spoil = NULL;
	fake_out_busy = false;
}

static inline int fake_end(void **state)
{
	(void)state;
	free(fake_in);
	free(fake_out);
	fake_in = fake_out = NULL;
	return 0;
}

/* Both sides take turns until nothing moves. */
static inline void fake_turns(void)
{
	uint64_t moved;

	do {
		moved = fake_queue.stats.sent + fake_queue.stats.received + side_msg_write;
		fake_run();
		fwq_clients_poll(&fake_set);
		fake_run();
	} while (moved != fake_queue.stats.sent + fake_queue.stats.received + side_msg_write);
}

/* Time passes until every call that waits has timed out. */
static inline void fake_wait(void)
{
	while (fwq_rpc_deadline(&fake_rpc) != UINT64_MAX) {
		fake_now = fwq_rpc_deadline(&fake_rpc);
		fwq_clients_poll(&fake_set);
		fake_turns();
	}
}

#endif /* TESTS_UNIT_FWQ_FAKE_H */
