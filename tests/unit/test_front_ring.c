/* SPDX-License-Identifier: MIT */
/*
 * The bare front's requests and responses: an honest backend is served with few events and grants, and
 * nothing that a malicious one puts into the ring or the event page is believed. Each lie ends the
 * connection with -ENODEV for whoever waits, and only a new plug brings the device back.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "front_back.h"
#include "tests/xen/pattern.h"

static struct fb fb;

static int setup(void **state)
{
	(void)state;
	return fb_start(&fb);
}

static int teardown(void **state)
{
	(void)state;
	fb_end(&fb);
	return 0;
}

static void connected(void)
{
	assert_int_equal(front_state(fb.dev), FRONT_CONNECTED);
	assert_int_equal(fb_front_state(&fb), XenbusStateConnected);
}

/* ---------------------------------------------------------------- an honest backend */

static void test_requests(void **state)
{
	struct xenvgpu_info_resp info;
	uint32_t handle;

	(void)state;
	connected();
	guest_in(&fb);
	assert_int_equal(front_info(fb.dev, &info), 0);
	assert_int_equal(info.vram_size, FB_VRAM);
	assert_int_equal(front_ping(fb.dev, 0x0123456789abcdef), 0);
	assert_int_equal(front_mem_alloc(fb.dev, 2ull * FB_VRAM, &handle), -ENOMEM);
	assert_int_equal(front_mem_alloc(fb.dev, FB_VRAM, &handle), 0);
	assert_int_equal(handle, FB_HANDLE);
	assert_int_equal(front_mem_free(fb.dev, FB_HANDLE + 1), -ENOENT);
	assert_int_equal(front_mem_free(fb.dev, FB_HANDLE), 0);
	guest_out(&fb);
	assert_int_equal(front_pending(fb.dev), 0);
	assert_int_equal(front_stats(fb.dev)->violations, 0);
}

static void test_bulk(void **state)
{
	const size_t size = 3ul * XENVGPU_COPY_MAX + 5ul * HV_PAGE_SIZE + 40;
	uint8_t *src = malloc(size), *dst = malloc(size);
	uint64_t grants;

	(void)state;
	pattern_fill(src, 1, 2, 0x10, size);
	memset(dst, 0, size);
	guest_in(&fb);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0x40, src, size), 0);
	grants = front_stats(fb.dev)->grants;
	assert_int_equal(front_mem_read(fb.dev, FB_HANDLE, 0x40, dst, size), 0);
	assert_memory_equal(src, dst, size);
	assert_memory_equal(src, fb.vram + 0x40, size);
	/* In steady state no page is granted, and a batch costs one event at most. */
	assert_int_equal(front_mem_read(fb.dev, FB_HANDLE, 0, dst, 12), 0);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0x40, src, size), 0);
	assert_int_equal(front_stats(fb.dev)->grants, grants);
	assert_true(front_stats(fb.dev)->notifies <= front_stats(fb.dev)->requests);
	/* What the protocol does not allow is refused here. */
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, src, 6), -EINVAL);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 2, src, 8), -EINVAL);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, src, 0), -EINVAL);
	assert_int_equal(front_mem_write(fb.dev, 0, 0, src, 8), -EINVAL);
	/* What the backend refuses is reported, and later requests are served. */
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, FB_VRAM - 4, src, 8), -EFAULT);
	assert_int_equal(front_ping(fb.dev, 1), 0);
	guest_out(&fb);
	free(src);
	free(dst);
}

static void count_done(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		       void *arg)
{
	(void)dev;
	(void)rsp;
	if (!status)
		++*(unsigned int *)arg;
}

static void test_batch_costs_one_event(void **state)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING};
	uint64_t notifies = front_stats(fb.dev)->notifies;
	unsigned int done = 0, upcalls = fb.upcalls;
	uint64_t batches = front_stats(fb.dev)->batches;

	(void)state;
	guest_in(&fb);
	for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
		req.op.ping.cookie = i;
		assert_true(front_submit(fb.dev, &req, count_done, &done) >= 0);
	}
	assert_int_equal(front_submit(fb.dev, &req, count_done, &done), -EBUSY);
	front_flush(fb.dev);
	front_flush(fb.dev); /* nothing new: no event */
	guest_out(&fb);
	fb_run(&fb);
	assert_int_equal(done, XENVGPU_RING_SLOTS);
	assert_int_equal(front_stats(fb.dev)->notifies - notifies, 1);
	assert_int_equal(fb.upcalls - upcalls, 1);
	assert_int_equal(front_stats(fb.dev)->batches - batches, 1);
}

static void test_many_requests_wrap_ids_and_indices(void **state)
{
	(void)state;
	guest_in(&fb);
	for (unsigned int i = 0; i < 70000; i++)
		assert_int_equal(front_ping(fb.dev, i), 0);
	guest_out(&fb);
}

/* Answers in the opposite order. */
static struct xenvgpu_response held[XENVGPU_RING_SLOTS];
static unsigned int held_n;

static bool hold_back(struct fb *f, const struct xenvgpu_request *req)
{
	fb_answer(f, req, &held[held_n++]);
	if (held_n == XENVGPU_RING_SLOTS)
		while (held_n)
			fb_put(f, &held[--held_n]);
	return true;
}

static void test_answers_in_any_order(void **state)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING};
	unsigned int done = 0;

	(void)state;
	held_n = 0;
	fb.hook = hold_back;
	guest_in(&fb);
	for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
		req.op.ping.cookie = i;
		front_submit(fb.dev, &req, count_done, &done);
	}
	front_flush(fb.dev);
	guest_out(&fb);
	fb_run(&fb);
	assert_int_equal(done, XENVGPU_RING_SLOTS);
	connected();
}

/* ---------------------------------------------------------------- an answer that comes late */

static void test_timeout_then_late_answer(void **state)
{
	uint8_t word[8] = {1};

	(void)state;
	front_set_timeout(fb.dev, 50 * HV_MS);
	fb.deaf = true;
	guest_in(&fb);
	assert_int_equal(front_ping(fb.dev, 1), -ETIMEDOUT);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, word, 8), -ETIMEDOUT);
	assert_int_equal(front_pending(fb.dev), 2);
	guest_out(&fb);
	fb.deaf = false;
	hosted_enter(fb.h, fb.back);
	fb_serve(&fb);
	hosted_leave();
	fb_run(&fb);
	assert_int_equal(front_pending(fb.dev), 0);
	guest_in(&fb);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, word, 8), 0);
	guest_out(&fb);
	connected();
}

/* A silent backend can use up slots and buffers, but the guest's calls end. */
static void test_silence(void **state)
{
	const size_t size = 8ul * XENVGPU_COPY_MAX;
	uint8_t *data = calloc(1, size);

	(void)state;
	front_set_timeout(fb.dev, 10 * HV_MS);
	fb.deaf = true;
	guest_in(&fb);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, data, size), -ETIMEDOUT);
	assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, data, 8), -ENOMEM);
	assert_null(front_buf_get(fb.dev));
	for (unsigned int i = 0; i < 2 * XENVGPU_RING_SLOTS; i++)
		assert_int_equal(front_ping(fb.dev, i), -ETIMEDOUT);
	guest_out(&fb);
	free(data);
}

/* ---------------------------------------------------------------- lies */

/* What a lie is made of: the honest answer to change, and the ring. */
struct lie {
	const char *name;
	uint8_t operation;
	void (*tell)(struct fb *fb, struct xenvgpu_response *rsp);
};

static void put(struct fb *f, struct xenvgpu_response *rsp)
{
	fb_put(f, rsp);
}

static void id_of_no_slot(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->id ^= 1; /* another slot, which is not pending */
	put(f, rsp);
}

static void id_of_another_time(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->id += XENVGPU_RING_SLOTS; /* the right slot */
	put(f, rsp);
}

static void id_big(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->id = 0xffff;
	put(f, rsp);
}

/* As many responses as requests, but two of them for the first. */
static void answer_twice(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	put(f, rsp);
}

static void operation_wrong(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->operation = XENVGPU_OP_MEM_ALLOC;
	put(f, rsp);
}

static void operation_none(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->operation = 0;
	put(f, rsp);
}

static void reserved_set(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->reserved = 0x80;
	put(f, rsp);
}

static void status_positive(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->status = 1;
	put(f, rsp);
}

static void status_no_errno(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->status = -4096;
	put(f, rsp);
}

static void status_minimum(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->status = INT32_MIN;
	put(f, rsp);
}

static void cookie_wrong(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.ping.cookie ^= 1ull << 63;
	put(f, rsp);
}

static void handle_zero(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.mem_alloc.handle = 0;
	put(f, rsp);
}

static void info_free_above_size(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.info.vram_free = rsp->op.info.vram_size + 1;
	put(f, rsp);
}

static void info_copy_max(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.info.copy_max = XENVGPU_COPY_MAX + 1;
	put(f, rsp);
}

static void info_objects(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.info.max_objects = UINT32_MAX;
	put(f, rsp);
}

static void info_channels(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.info.max_channels = XENVGPU_MAX_CHANNELS + 1;
	fb_put(f, rsp);
}

static void info_reserved(struct fb *f, struct xenvgpu_response *rsp)
{
	rsp->op.info.reserved[2] = 1;
	put(f, rsp);
}

static void index_one_too_far(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	f->rsp_prod = fb_ring(f)->req_prod + 1;
}

static void index_a_ring_too_far(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	f->rsp_prod += XENVGPU_RING_SLOTS;
}

static void index_backwards(struct fb *f, struct xenvgpu_response *rsp)
{
	(void)rsp;
	f->rsp_prod -= 1;
}

static void index_far_away(struct fb *f, struct xenvgpu_response *rsp)
{
	(void)rsp;
	f->rsp_prod += 0x80000000u;
}

static void event_index_too_far(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	fb_events(f)->in_prod = XENVGPU_NUM_EVENTS + 1;
}

static void event_index_backwards(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	fb_events(f)->in_prod = UINT32_MAX;
}

static void event_unknown(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	fb_events(f)->event[0].type = 0x12;
	fb_events(f)->in_prod = 1;
}

static void event_zero(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	fb_events(f)->in_prod = 1;
}

static void event_reserved(struct fb *f, struct xenvgpu_response *rsp)
{
	put(f, rsp);
	fb_events(f)->event[0].type = XENVGPU_EVT_LOST;
	fb_events(f)->event[0].reserved[4] = 1;
	fb_events(f)->in_prod = 1;
}

static const struct lie lies[] = {
	{"id of no slot", XENVGPU_OP_PING, id_of_no_slot},
	{"id of another time", XENVGPU_OP_PING, id_of_another_time},
	{"id big", XENVGPU_OP_PING, id_big},
	{"answer twice", XENVGPU_OP_PING, answer_twice},
	{"operation wrong", XENVGPU_OP_PING, operation_wrong},
	{"operation none", XENVGPU_OP_PING, operation_none},
	{"reserved set", XENVGPU_OP_PING, reserved_set},
	{"status positive", XENVGPU_OP_PING, status_positive},
	{"status no errno", XENVGPU_OP_PING, status_no_errno},
	{"status minimum", XENVGPU_OP_PING, status_minimum},
	{"cookie wrong", XENVGPU_OP_PING, cookie_wrong},
	{"handle zero", XENVGPU_OP_MEM_ALLOC, handle_zero},
	{"info free above size", XENVGPU_OP_INFO, info_free_above_size},
	{"info copy_max", XENVGPU_OP_INFO, info_copy_max},
	{"info objects", XENVGPU_OP_INFO, info_objects},
	{"info channels", XENVGPU_OP_INFO, info_channels},
	{"info reserved", XENVGPU_OP_INFO, info_reserved},
	{"index one too far", XENVGPU_OP_PING, index_one_too_far},
	{"index a ring too far", XENVGPU_OP_PING, index_a_ring_too_far},
	{"index backwards", XENVGPU_OP_PING, index_backwards},
	{"index far away", XENVGPU_OP_PING, index_far_away},
	{"event index too far", XENVGPU_OP_PING, event_index_too_far},
	{"event index backwards", XENVGPU_OP_PING, event_index_backwards},
	{"event unknown", XENVGPU_OP_PING, event_unknown},
	{"event zero", XENVGPU_OP_PING, event_zero},
	{"event reserved", XENVGPU_OP_PING, event_reserved},
};

/* The lie is told about the first request of the batch; the rest gets no answer. */
static bool tell(struct fb *f, const struct xenvgpu_request *req)
{
	const struct lie *lie = f->arg;
	struct xenvgpu_response rsp;

	if (!lie)
		return true;
	f->arg = NULL;
	fb_answer(f, req, &rsp);
	lie->tell(f, &rsp);
	fb_push(f);
	return true;
}

static unsigned int failed_with_enodev;

static void must_fail(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
		      void *arg)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_PING};

	(void)arg;
	/* The first answer of a double one is true. */
	if (rsp)
		return;
	assert_int_equal(status, -ENODEV);
	assert_int_equal(front_submit(dev, &req, must_fail, NULL), -ENODEV);
	failed_with_enodev++;
}

static void test_lies(void **state)
{
	struct hosted_usage before, after;

	(void)state;
	for (unsigned int i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct xenvgpu_request req = {.operation = lies[i].operation};
		uint64_t violations = front_stats(fb.dev)->violations;
		char path[96], error[256] = "";

		print_message("lie: %s\n", lies[i].name);
		connected();
		failed_with_enodev = 0;
		fb.arg = (void *)&lies[i];
		fb.hook = tell;
		guest_in(&fb);
		for (unsigned int n = 0; n < 3; n++)
			assert_true(front_submit(fb.dev, &req, must_fail, NULL) >= 0);
		front_flush(fb.dev);
		guest_out(&fb);
		fb_run(&fb);
		assert_int_equal(front_state(fb.dev), FRONT_FAILED);
		assert_int_equal(front_pending(fb.dev), 0);
		assert_true(failed_with_enodev >= 1);
		assert_int_equal(front_stats(fb.dev)->violations - violations, 1);
		guest_in(&fb);
		snprintf(path, sizeof(path), "%s/error", fb_front_dir(&fb));
		assert_true(hv_xs_read(HV_XS_NONE, path, error, sizeof(error)) > 0);
		assert_int_equal(front_ping(fb.dev, 0), -ENODEV);
		assert_int_equal(front_mem_write(fb.dev, FB_HANDLE, 0, error, 8), -ENODEV);
		guest_out(&fb);

		/* The close is completed, but a backend that lied is not given another chance ... */
		assert_int_equal(fb_front_state(&fb), XenbusStateClosing);
		fb_back_state(&fb, XenbusStateClosing);
		fb_run(&fb);
		assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
		fb_detach(&fb);
		fb_back_state(&fb, XenbusStateClosed);
		fb_offer(&fb);
		hosted_advance(fb.h, 20 * HV_S);
		assert_int_equal(fb_front_state(&fb), XenbusStateClosed);
		/* ... before the toolstack plugs it again. */
		fb.hook = NULL;
		fb_plug(&fb);
		fb_run(&fb);
		assert_int_equal(fb_connect(&fb), 0);

		/* Nothing is left behind. */
		hosted_usage(fb.h, fb.guest, &after);
		if (i > 0) {
			assert_int_equal(after.pages, before.pages);
			assert_int_equal(after.grants, before.grants);
			assert_int_equal(after.ports, before.ports);
		}
		before = after;
	}
}

/* XEN_E* that the protocol names arrive as such, numbers it does not know as -EIO. */
static bool refuse(struct fb *f, const struct xenvgpu_request *req)
{
	struct xenvgpu_response rsp = {
		.id = req->id, .operation = req->operation, .status = *(int32_t *)f->arg};

	fb_put(f, &rsp);
	return true;
}

static void test_errors(void **state)
{
	static const struct {
		int32_t xen;
		int here;
	} errors[] = {
		{-XEN_EINVAL, -EINVAL}, {-XEN_EOPNOTSUPP, -EOPNOTSUPP}, {-XEN_ENOMEM, -ENOMEM},
		{-XEN_ENOSPC, -ENOSPC}, {-XEN_ENOENT, -ENOENT},		{-XEN_EBUSY, -EBUSY},
		{-XEN_EFAULT, -EFAULT}, {-XEN_EPERM, -EPERM},		{-XEN_EIO, -EIO},
		{-XEN_EAGAIN, -EAGAIN}, {-XEN_EACCES, -EACCES},		{-XEN_ENODEV, -ENODEV},
		{-XEN_ERANGE, -ERANGE}, {-XEN_EOVERFLOW, -EOVERFLOW},	{-XEN_EEXIST, -EEXIST},
		{-4095, -EIO},
	};
	uint32_t handle = 1;

	(void)state;
	fb.hook = refuse;
	guest_in(&fb);
	for (unsigned int i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		fb.arg = (void *)&errors[i].xen;
		assert_int_equal(front_mem_alloc(fb.dev, 65536, &handle), errors[i].here);
		assert_int_equal(handle, 1);
	}
	guest_out(&fb);
	connected();
}

/* ---------------------------------------------------------------- events */

static void test_lost(void **state)
{
	(void)state;
	hosted_enter(fb.h, fb.back);
	fb_events(&fb)->event[0].type = XENVGPU_EVT_LOST;
	fb_events(&fb)->event[0].op.lost.reason = XENVGPU_LOST_BUS;
	fb_events(&fb)->in_prod = 1;
	hv_evtchn_send(fb.port);
	hosted_leave();
	fb_run(&fb);
	assert_int_equal(front_stats(fb.dev)->last_lost, XENVGPU_LOST_BUS);
	assert_int_equal(front_stats(fb.dev)->violations, 0);
	assert_int_equal(fb_front_state(&fb), XenbusStateClosing);
	guest_in(&fb);
	assert_int_equal(front_ping(fb.dev, 0), -ENODEV);
	guest_out(&fb);
	/* A loss, unlike a lie, may be followed by a new offer of the same backend. */
	fb_back_state(&fb, XenbusStateClosing);
	fb_run(&fb);
	fb_detach(&fb);
	fb_back_state(&fb, XenbusStateClosed);
	fb_run(&fb);
	hosted_advance(fb.h, HV_S);
	assert_int_equal(fb_front_state(&fb), XenbusStateInitialising);
	assert_int_equal(fb_connect(&fb), 0);
	connected();
}

static void test_event_flood_is_throttled(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 1000; i++) {
		hosted_enter(fb.h, fb.back);
		hv_evtchn_send(fb.port);
		hosted_leave();
		fb_run(&fb);
	}
	assert_true(front_stats(fb.dev)->throttled > 0);
	assert_true(front_stats(fb.dev)->spurious < 100);
	guest_in(&fb);
	assert_int_equal(front_ping(fb.dev, 5), 0);
	guest_out(&fb);
	connected();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bulk, setup, teardown),
		cmocka_unit_test_setup_teardown(test_batch_costs_one_event, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_requests_wrap_ids_and_indices, setup,
						teardown),
		cmocka_unit_test_setup_teardown(test_answers_in_any_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_timeout_then_late_answer, setup, teardown),
		cmocka_unit_test_setup_teardown(test_silence, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lies, setup, teardown),
		cmocka_unit_test_setup_teardown(test_errors, setup, teardown),
		cmocka_unit_test_setup_teardown(test_lost, setup, teardown),
		cmocka_unit_test_setup_teardown(test_event_flood_is_throttled, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
