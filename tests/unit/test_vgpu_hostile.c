/* SPDX-License-Identifier: MIT */
/*
 * The back driver against a guest that means harm. In every case three things are checked: the guest
 * gets a clear refusal or is closed, its neighbour's traffic goes on, and when it is gone nothing of
 * it is left.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vgpu_bed.h"

struct fixture {
	struct bed bed;
	struct guest good, evil;
	uint32_t good_handle;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	bed_up(&f->bed, &bed_board);
	guest_new(&f->bed, &f->good);
	guest_plug(&f->good, 2 * MIB);
	guest_connect(&f->good);
	assert_int_equal(guest_alloc(&f->good, MIB, &f->good_handle), 0);
	bed_pattern(f->good.buf, MIB, 99);
	assert_int_equal(guest_copy(&f->good, XENVGPU_OP_MEM_WRITE, f->good_handle, 0, MIB), 0);
	hosted_advance(f->bed.h, HV_S);
	hosted_usage(f->bed.h, f->bed.gpudom, &f->bed.idle);
	f->bed.idle_vram = gpu_vram_free_bytes(f->bed.gpu);
	guest_new(&f->bed, &f->evil);
	guest_plug(&f->evil, 4 * MIB);
	*state = f;
	return 0;
}

static void check_good(struct fixture *f)
{
	uint8_t *want = malloc(MIB);

	bed_pattern(want, MIB, 99);
	memset(f->good.buf, 0, MIB);
	assert_int_equal(guest_copy(&f->good, XENVGPU_OP_MEM_READ, f->good_handle, 0, MIB), 0);
	assert_memory_equal(f->good.buf, want, MIB);
	free(want);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	check_good(f);
	hosted_domain_destroy(f->bed.h, f->evil.dom);
	guest_unplug(&f->evil);
	bed_run(&f->bed);
	bed_check_idle(&f->bed);
	assert_int_equal(hosted_orphan_frames(f->bed.h), 0);
	bed_down(&f->bed);
	free(f);
	return 0;
}

static void evil_returns(struct fixture *f)
{
	guest_state(&f->evil, XenbusStateClosed);
	guest_new_port(&f->evil);
	guest_state(&f->evil, XenbusStateInitialising);
	hosted_advance(f->bed.h, 3 * HV_S); /* whatever brakes it has earned are off again */
	assert_int_equal(back_state(&f->evil), XenbusStateInitWait);
}

static const char *evil_error(struct fixture *f)
{
	return hosted_xs_str(f->bed.h, guest_back(&f->evil, "error"));
}

static void impossible_indices_close_the_device(void **state)
{
	/* Relative to what has been asked and answered, which is 3 requests. */
	static const uint32_t bad[] = {33,	   34,	       1000,	  0x7fffffff,
				       0x80000000, 0xfffffffe, 0xffffffff};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_connect(&f->evil);
		for (unsigned int j = 0; j < 3; j++)
			assert_int_equal(guest_ping(&f->evil, j), 0);
		f->evil.sring->req_prod = 3 + bad[i];
		guest_send(&f->evil);
		bed_run(&f->bed);
		assert_int_equal(back_state(&f->evil), XenbusStateClosing);
		assert_non_null(strstr(evil_error(f), "is impossible: 3 taken, 3 answered"));
		assert_int_equal(f->evil.sring->rsp_prod, 3);
		check_good(f);
		evil_returns(f);
	}
}

/* The index is looked at again after every request, not only at the first. */
static void an_index_that_goes_bad_in_a_batch(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_request req;
	uint32_t handle;

	guest_connect(&f->evil);
	assert_int_equal(guest_alloc(&f->evil, MIB, &handle), 0);
	req = guest_copy_request(&f->evil, XENVGPU_OP_MEM_WRITE, handle, 0, MIB);
	for (unsigned int i = 0; i < 8; i++)
		guest_put(&f->evil, &req);
	guest_push(&f->evil);
	hosted_run(f->bed.h, 1); /* 64 turns; a request takes 17 */
	assert_int_equal(f->evil.sring->rsp_prod, 1);
	f->evil.sring->req_prod = 2; /* behind what is being worked on */
	bed_run(&f->bed);
	assert_int_equal(back_state(&f->evil), XenbusStateClosing);
}

static void full_rings_are_fine(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_request req = bed_request(XENVGPU_OP_PING);
	struct xenvgpu_response rsp;

	guest_connect(&f->evil);
	for (unsigned int round = 0; round < 5; round++) {
		for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++)
			guest_put(&f->evil, &req);
		guest_push(&f->evil);
		bed_run(&f->bed);
		for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++)
			assert_true(guest_get(&f->evil, &rsp) && !rsp.status);
	}
	assert_int_equal(back_state(&f->evil), XenbusStateConnected);
}

static void malformed_requests_are_answered(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_response rsp;
	struct xenvgpu_request req;
	uint32_t handle;

	guest_connect(&f->evil);
	assert_int_equal(guest_alloc(&f->evil, MIB, &handle), 0);
	req = bed_request(0);
	assert_int_equal(guest_call(&f->evil, &req, &rsp), -XEN_EOPNOTSUPP);
	req = bed_request(0xff);
	assert_int_equal(guest_call(&f->evil, &req, &rsp), -XEN_EOPNOTSUPP);
	req = bed_request(XENVGPU_OP_INFO);
	req.op.raw[55] = 1;
	assert_int_equal(guest_call(&f->evil, &req, &rsp), -XEN_EINVAL);
	req = bed_request(XENVGPU_OP_PING);
	req.reserved[4] = 0x80;
	assert_int_equal(guest_call(&f->evil, &req, &rsp), -XEN_EINVAL);
	/* Nothing but the status: no leftovers of other answers. */
	for (unsigned int i = 0; i < sizeof(rsp.op.raw); i++)
		assert_int_equal(rsp.op.raw[i], 0);
	assert_int_equal(guest_copy(&f->evil, XENVGPU_OP_MEM_WRITE, handle, 0, 0), -XEN_EINVAL);
	assert_int_equal(guest_copy(&f->evil, XENVGPU_OP_MEM_WRITE, 0, 0, 4), -XEN_ENOENT);
	assert_int_equal(guest_copy(&f->evil, XENVGPU_OP_MEM_WRITE, f->good_handle + 1, 0, 4),
			 -XEN_ENOENT);
	assert_int_equal(guest_free(&f->evil, 0), -XEN_ENOENT);
	assert_int_equal(back_state(&f->evil), XenbusStateConnected);
}

static void bad_page_lists_are_refused(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	struct xenvgpu_request req;
	struct xenvgpu_response rsp;
	uint32_t handle;
	hv_gref_t ro;

	guest_connect(g);
	assert_int_equal(guest_alloc(g, MIB, &handle), 0);
	g->dir->gref_dir_next_page = 7;
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, 4), -XEN_EINVAL);
	g->dir->gref_dir_next_page = 0;
	g->dir->gref[1] = 0;
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, 4096), 0); /* not used */
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, 4100), -XEN_EINVAL);
	g->dir->gref[1] = g->buf_refs[1];

	req = guest_copy_request(g, XENVGPU_OP_MEM_READ, handle, 0, 4);
	req.op.mem_copy.gref_directory = 30000;
	assert_int_equal(guest_call(g, &req, &rsp), -XEN_EFAULT);
	req.op.mem_copy.gref_directory = UINT32_MAX;
	assert_int_equal(guest_call(g, &req, &rsp), -XEN_EFAULT);

	/* Any one of the pages may be bad; every reference of the list is used. */
	for (unsigned int i = 0; i < 256; i += 51) {
		g->dir->gref[i] = 31000;
		assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handle, 0, MIB), -XEN_EFAULT);
		assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, MIB), -XEN_EFAULT);
		g->dir->gref[i] = g->buf_refs[i];
	}
	/* A read-only grant is not written. */
	hosted_enter(f->bed.h, g->dom);
	assert_int_equal(hv_grant_give(f->bed.gpudom, g->buf, HV_GRANT_RO, &ro), 0);
	hosted_leave();
	g->dir->gref[0] = ro;
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handle, 0, 4), -XEN_EFAULT);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, 4), 0);
	g->dir->gref[0] = g->buf_refs[0];
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handle, 0, MIB), 0);
}

/* What is rewritten after it was copied changes nothing: not the slot, not the page list. */
static void rewriting_is_too_late(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	struct xenvgpu_response rsp;
	struct xenvgpu_request req;
	uint32_t one, two, other;
	uint8_t *copy = malloc(MIB);

	guest_connect(g);
	assert_int_equal(guest_alloc(g, MIB, &one), 0);
	assert_int_equal(guest_alloc(g, MIB, &two), 0);
	assert_int_equal(guest_alloc(g, MIB, &other), 0);
	bed_pattern(g->buf, MIB, 5);
	memcpy(copy, g->buf, MIB);
	req = guest_copy_request(g, XENVGPU_OP_MEM_WRITE, other, 0, MIB);
	for (unsigned int i = 0; i < 3; i++)
		guest_put(g, &req);
	req = guest_copy_request(g, XENVGPU_OP_MEM_WRITE, one, 0, MIB);
	req.id = 77;
	guest_put(g, &req);
	guest_push(g);
	hosted_run(f->bed.h, 1); /* 64 turns; a request takes 17 */
	assert_int_equal(g->sring->rsp_prod, 3);
	/* In the middle of it: another object, other pages, another operation, another id. */
	req.op.mem_copy.handle = two;
	req.op.mem_copy.length = 4;
	req.id = 78;
	req.operation = XENVGPU_OP_MEM_FREE;
	memcpy(&g->sring->ring[(g->prod - 1) % XENVGPU_RING_SLOTS].req, &req, sizeof(req));
	for (unsigned int i = 0; i < BED_PAGES; i++)
		g->dir->gref[i] = 0;
	bed_run(&f->bed);
	for (unsigned int i = 0; i < 4; i++)
		assert_true(guest_get(g, &rsp));
	assert_int_equal(rsp.id, 77);
	assert_int_equal(rsp.operation, XENVGPU_OP_MEM_WRITE);
	assert_int_equal(rsp.status, 0);
	for (unsigned int i = 0; i < BED_PAGES; i++)
		g->dir->gref[i] = g->buf_refs[i];
	memset(g->buf, 1, MIB);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, one, 0, MIB), 0);
	assert_memory_equal(g->buf, copy, MIB);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, two, 0, MIB), 0);
	assert_true(bed_is_zero(g->buf, MIB));
	free(copy);
}

/* The front scribbles over what only the back writes; the back does not read it back. */
static void our_own_indices_are_our_own(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	struct xenvgpu_response rsp;
	struct xenvgpu_request req = bed_request(XENVGPU_OP_PING);

	guest_connect(g);
	for (unsigned int i = 0; i < 100; i++) {
		g->sring->rsp_prod = 0x12345678 * i;
		g->sring->req_event = 0x87654321 * i;
		g->sring->rsp_event = i;
		g->events->in_prod = 0xffffffff - i;
		g->events->in_cons = 0xdeadbeef;
		guest_put(g, &req);
		g->sring->req_prod = g->prod;
		guest_send(g);
		bed_run(&f->bed);
		assert_int_equal(g->sring->rsp_prod, i + 1);
		assert_int_equal(g->sring->req_event, i + 2);
		g->cons = i;
		assert_true(guest_get(g, &rsp) && !rsp.status);
	}
}

/* Offers that are no offers: each one closes the device with a reason, and it can come back. */
static void bad_offers_are_refused(void **state)
{
	static const struct {
		const char *key, *value, *why;
	} bad[] = {
		{"version", "0", "version"},
		{"version", "2", "version"},
		{"version", "1 ", "version"},
		{"version", "", "version"},
		{"version", "one", "version"},
		{"version", NULL, "version"},
		{"ring-ref", "0", "ring-ref"},
		{"ring-ref", "-1", "ring-ref"},
		{"ring-ref", "4294967296", "ring-ref"},
		{"ring-ref", "99999999999999999999999999", "ring-ref"},
		{"ring-ref", "4294967295", "cannot use"},
		{"ring-ref", "30000", "cannot use"},
		{"ring-ref", NULL, "ring-ref"},
		{"event-page-ref", "30000", "cannot use"},
		{"event-page-ref", "0x9", "event-page-ref"},
		{"event-channel", "0", "event-channel"},
		{"event-channel", "1000", "cannot use"},
		{"event-channel", "4294967295", "cannot use"},
		{"event-channel", NULL, "event-channel"},
	};
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	char text[24];

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_offer(g);
		hosted_enter(f->bed.h, g->dom);
		if (bad[i].value)
			hv_xs_write(HV_XS_NONE, guest_front(g, bad[i].key), bad[i].value);
		else
			hv_xs_rm(HV_XS_NONE, guest_front(g, bad[i].key));
		hosted_leave();
		guest_state(g, XenbusStateInitialised);
		assert_int_equal(back_state(g), XenbusStateClosing);
		assert_non_null(strstr(evil_error(f), bad[i].why));
		evil_returns(f);
	}
	/* One page for both. */
	guest_offer(g);
	snprintf(text, sizeof(text), "%u", g->ring_ref);
	hosted_enter(f->bed.h, g->dom);
	hv_xs_write(HV_XS_NONE, guest_front(g, "event-page-ref"), text);
	hosted_leave();
	guest_state(g, XenbusStateInitialised);
	assert_int_equal(back_state(g), XenbusStateClosing);
	assert_non_null(strstr(evil_error(f), "as ring and event page"));
	evil_returns(f);
	/* Somebody else's port. */
	guest_offer(g);
	guest_write(g, "event-channel", f->good.port);
	guest_state(g, XenbusStateInitialised);
	if (back_state(g) == XenbusStateConnected)
		assert_int_equal(f->good.port, g->port); /* the same number is its own */
	evil_returns(f);
	guest_connect(g);
	assert_int_equal(guest_ping(g, 1), 0);
}

static void impossible_states_close_the_device(void **state)
{
	static const enum xenbus_state bad[] = {XenbusStateInitWait, XenbusStateConnected,
						XenbusStateReconfigured};
	struct fixture *f = *state;
	struct guest *g = &f->evil;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_offer(g);
		guest_state(g, bad[i]);
		assert_int_equal(back_state(g), XenbusStateClosing);
		assert_non_null(strstr(evil_error(f), "is impossible while InitWait"));
		evil_returns(f);
	}
	guest_connect(g);
	guest_state(g, XenbusStateInitialised);
	assert_int_equal(back_state(g), XenbusStateClosing);
	evil_returns(f);
	guest_connect(g);
	guest_state(g, XenbusStateInitialising);
	assert_int_equal(back_state(g), XenbusStateClosing);
	/* Closed, without having been Closing; and once more. */
	guest_state(g, XenbusStateClosed);
	assert_int_equal(back_state(g), XenbusStateClosed);
	guest_state(g, XenbusStateConnected);
	assert_int_equal(back_state(g), XenbusStateClosed);
	evil_returns(f);
	/* A front that starts again (displif's rule) is closed and served anew. */
	guest_connect(g);
	guest_state(g, XenbusStateReconfiguring);
	assert_int_equal(back_state(g), XenbusStateClosed);
	evil_returns(f);
	guest_connect(g);
}

static void garbage_for_a_state_is_a_gone_front(void **state)
{
	static const char *const bad[] = {"", "x", "-1", "9", "4 ", "0x4", "44444444444444444444",
					  "0"};
	struct fixture *f = *state;
	struct guest *g = &f->evil;

	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		guest_connect(g);
		hosted_enter(f->bed.h, g->dom);
		hv_xs_write(HV_XS_NONE, guest_front(g, "state"), bad[i]);
		hosted_leave();
		bed_run(&f->bed);
		assert_int_equal(back_state(g), XenbusStateClosed);
		evil_returns(f);
	}
}

/* It deletes its own directory; and it takes away our right to read it. */
static void an_unreadable_front_is_a_gone_front(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	struct hv_xs_perm secret = {.dom = g->dom};
	struct hv_xs_perm open[] = {{.dom = g->dom}, {.dom = f->bed.gpudom, .read = true}};
	uint64_t vram = gpu_vram_free_bytes(f->bed.gpu);

	guest_connect(g);
	hosted_enter(f->bed.h, g->dom);
	assert_int_equal(hv_xs_set_perms(HV_XS_NONE, guest_front(g, "state"), &secret, 1), 0);
	hosted_leave();
	bed_run(&f->bed);
	assert_int_equal(back_state(g), XenbusStateClosed);
	assert_int_equal(gpu_vram_free_bytes(f->bed.gpu), vram + 4 * MIB);
	hosted_enter(f->bed.h, g->dom);
	assert_int_equal(hv_xs_set_perms(HV_XS_NONE, guest_front(g, "state"), open, 2), 0);
	hosted_leave();
	evil_returns(f);
	guest_connect(g);
	hosted_enter(f->bed.h, g->dom);
	assert_int_equal(hv_xs_rm(HV_XS_NONE, guest_front(g, "")), 0);
	assert_true(hv_xs_write(HV_XS_NONE, guest_front(g, "state"), "1") <
		    0); /* parent is dom0's */
	hosted_leave();
	bed_run(&f->bed);
	assert_int_equal(back_state(g), XenbusStateClosed);
	bed_check_idle(&f->bed);
}

/* State changes as fast as xenstore takes them: acted on only so often, and the last one counts. */
static void state_floods_are_braked(void **state)
{
	static const enum xenbus_state wild[] = {XenbusStateInitialising, XenbusStateClosing,
						 XenbusStateClosed,	  XenbusStateInitialised,
						 XenbusStateConnected,	  XenbusStateUnknown};
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	uint64_t seed = 3;

	guest_offer(g);
	hosted_log_clear(f->bed.h, f->bed.gpudom);
	for (unsigned int i = 0; i < 2000; i++) {
		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		guest_write(g, "state", wild[(seed >> 33) % 6]);
		hosted_run(f->bed.h, 20);
		if (i % 100 == 0)
			assert_int_equal(guest_ping(&f->good, i), 0);
	}
	/* Each slice that was given out is one line; the brake allows 64 changes at once. */
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "dom") < 100);
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "profile test") <= 64);
	guest_state(g, XenbusStateClosed);
	hosted_advance(f->bed.h, 2 * HV_S);
	assert_int_equal(back_state(g), XenbusStateClosed);
	evil_returns(f);
	guest_connect(g);
}

/* Nodes it may write are written over and over: the back looks at what it needs, when it needs it. */
static void node_floods_change_nothing(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;

	guest_connect(g);
	for (unsigned int i = 0; i < 1000; i++) {
		guest_write(g, "ring-ref", i);
		guest_write(g, "version", i);
		guest_write(g, "state", XenbusStateConnected);
		hosted_run(f->bed.h, 20);
	}
	bed_run(&f->bed);
	assert_int_equal(back_state(g), XenbusStateConnected);
	assert_int_equal(guest_ping(g, 1), 0);
}

/* Events without requests: the port is masked, for longer each time; requests still get through. */
static void event_floods_are_masked(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	struct xenvgpu_request req = bed_request(XENVGPU_OP_PING);
	const char *stats;
	uint64_t received;

	guest_connect(g);
	for (unsigned int i = 0; i < 20000; i++) {
		guest_send(g);
		hosted_run(f->bed.h, 20);
		if (i % 2000 == 0) {
			hosted_advance(f->bed.h, HV_MS);
			assert_int_equal(guest_ping(&f->good, i), 0);
		}
	}
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "port masked") >= 1);
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "port masked") <= 5);
	hosted_advance(f->bed.h, HV_S);
	stats = hosted_xs_str(f->bed.h, guest_back(g, "stats"));
	received = bed_stat(stats, "events-received");
	assert_true(received < 100);

	/* A request in the midst of it waits for the mask to come off, not for ever. */
	for (unsigned int i = 0; i < 40; i++) {
		guest_send(g);
		hosted_run(f->bed.h, 20);
	}
	guest_put(g, &req);
	guest_push(g);
	hosted_run(f->bed.h, 20);
	hosted_advance(f->bed.h, HV_S);
	assert_int_equal(g->sring->rsp_prod, 1);
}

/* Long masks are earned by floods in a row; after a quiet time the first one is short again. */
static void masks_grow_and_shrink(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;

	guest_connect(g);
	for (unsigned int round = 0; round < 12; round++) {
		for (unsigned int i = 0; i < 40; i++) {
			guest_send(g);
			hosted_run(f->bed.h, 20);
		}
		/* The longest mask is 640 ms. */
		hosted_advance(f->bed.h, round < 11 ? 640 * HV_MS : 2 * HV_S);
	}
	for (unsigned int i = 0; i < 40; i++) {
		guest_send(g);
		hosted_run(f->bed.h, 20);
	}
	hosted_advance(f->bed.h, 11 * HV_MS);
	assert_int_equal(guest_ping(g, 1), 0);
}

/* Only the toolstack can write the backend's node; even so, a path into another tree is not followed. */
static void foreign_frontend_paths_are_not_followed(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	const char *const paths[] = {"/local/domain/0/device/vgpu/0",
				     "/local/domain/1/device/vgpu/0",
				     "device/vgpu/0",
				     "/",
				     "",
				     "/local/domain/2/device/vif/0"};
	struct guest c;

	(void)g;
	for (unsigned int i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		guest_new(&f->bed, &c);
		guest_policy(&c, "p", "65536", "1");
		bed_number(&f->bed, f->bed.gpudom, c.dom, c.dom, guest_back(&c, "frontend-id"));
		bed_number(&f->bed, f->bed.gpudom, c.dom, 1, guest_back(&c, "online"));
		bed_number(&f->bed, f->bed.gpudom, c.dom, 1, guest_back(&c, "state"));
		bed_node(&f->bed, f->bed.gpudom, c.dom, paths[i], "%s", guest_back(&c, "frontend"));
		bed_run(&f->bed);
		assert_int_equal(back_state(&c), XenbusStateInitialising);
		hosted_domain_destroy(f->bed.h, c.dom);
		guest_unplug(&c);
	}
	/* Names that are no numbers, or too large, are no devices. */
	hosted_xs_printf(f->bed.h, guest_back(g, "junk"), "x");
	bed_node(&f->bed, f->bed.gpudom, 0, "x", "/local/domain/%u/backend/vgpu/x/0/frontend",
		 f->bed.gpudom);
	bed_node(&f->bed, f->bed.gpudom, 0, "x", "/local/domain/%u/backend/vgpu/70000/0/frontend",
		 f->bed.gpudom);
	bed_node(&f->bed, f->bed.gpudom, 0, "x", "/local/domain/%u/backend/vgpu/5/8/frontend",
		 f->bed.gpudom);
	bed_run(&f->bed);
	hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, "/local/domain/1/backend/vgpu/x");
	hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, "/local/domain/1/backend/vgpu/70000");
	hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, "/local/domain/1/backend/vgpu/5");
	bed_run(&f->bed);
}

/* Every call that can fail fails once, at each place in turn: nothing breaks, nothing is left. */
static void any_call_may_fail(void **state)
{
	static const enum hosted_fail kinds[] = {HOSTED_FAIL_GRANT_MAP, HOSTED_FAIL_EVTCHN,
						 HOSTED_FAIL_GRANT_COPY, HOSTED_FAIL_XENSTORE,
						 HOSTED_FAIL_PCI};
	struct fixture *f = *state;
	struct guest *g = &f->evil;
	unsigned int sites = 0;

	for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		for (unsigned int n = 1;; n++) {
			struct xenvgpu_request req;
			uint32_t handle = 0;
			bool reached;

			guest_unplug(g);
			bed_run(&f->bed);
			hosted_advance(f->bed.h, HV_S);
			hosted_fail_nth(f->bed.h, f->bed.gpudom, kinds[k], n);
			guest_plug(g, 2 * MIB);
			guest_offer(g);
			guest_state(g, XenbusStateInitialised);
			guest_state(g, XenbusStateConnected);
			req = bed_request(XENVGPU_OP_MEM_ALLOC);
			req.op.mem_alloc.size = MIB;
			guest_put(g, &req);
			guest_send(g);
			g->sring->req_prod = g->prod;
			bed_run(&f->bed);
			handle = g->sring->ring[0].rsp.op.mem_alloc.handle;
			req = guest_copy_request(g, XENVGPU_OP_MEM_WRITE, handle, 0, MIB);
			guest_put(g, &req);
			g->sring->req_prod = g->prod;
			guest_send(g);
			bed_run(&f->bed);
			guest_state(g, XenbusStateClosing);
			guest_state(g, XenbusStateClosed);
			hosted_advance(f->bed.h, HV_S);
			reached = hosted_fail_calls(f->bed.h, f->bed.gpudom, kinds[k]) >= n;
			hosted_fail_nth(f->bed.h, f->bed.gpudom, kinds[k], 0);
			guest_unplug(g);
			bed_run(&f->bed);
			bed_check_idle(&f->bed);
			guest_new_port(g);
			assert_int_equal(guest_ping(&f->good, n), 0);
			sites += reached;
			/* The once-a-second look at the device makes calls too: 400 is a bound. */
			if (!reached || n == 400)
				break;
		}
	}
	print_message("failed calls tried: %u\n", sites);
	assert_true(sites > 50);
	guest_plug(g, 4 * MIB);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(impossible_indices_close_the_device),
		T(an_index_that_goes_bad_in_a_batch),
		T(full_rings_are_fine),
		T(malformed_requests_are_answered),
		T(bad_page_lists_are_refused),
		T(rewriting_is_too_late),
		T(our_own_indices_are_our_own),
		T(bad_offers_are_refused),
		T(impossible_states_close_the_device),
		T(garbage_for_a_state_is_a_gone_front),
		T(an_unreadable_front_is_a_gone_front),
		T(state_floods_are_braked),
		T(node_floods_change_nothing),
		T(event_floods_are_masked),
		T(masks_grow_and_shrink),
		T(foreign_frontend_paths_are_not_followed),
		T(any_call_may_fail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
