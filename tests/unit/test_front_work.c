/* SPDX-License-Identifier: MIT */
/*
 * The bare front's part in submitting work: imports, address spaces, channels, doorbells, and news of
 * channels. What is handed out comes back; in steady state nothing is granted and a batch costs one event;
 * no answer and no news is believed that cannot be; and pages that a backend still maps are never reused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "front_back.h"

#define GPFIFO 0x200000ull

static struct fb fb;
static struct hosted_usage idle; /* connected, nothing done */

static struct {
	unsigned int n;
	struct xenvgpu_event last;
} stopped;

static void note_stopped(struct front_dev *dev, const struct xenvgpu_event *evt, void *arg)
{
	(void)dev;
	(void)arg;
	stopped.n++;
	stopped.last = *evt;
}

static int setup(void **state)
{
	int ret;

	(void)state;
	ret = fb_start(&fb);
	memset(&stopped, 0, sizeof(stopped));
	front_on_channel_stopped(fb.dev, note_stopped, NULL);
	front_set_timeout(fb.dev, HV_S);
	hosted_usage(fb.h, fb.guest, &idle);
	return ret;
}

static int teardown(void **state)
{
	(void)state;
	fb_end(&fb);
	return 0;
}

/* Pages, grants and maps of the guest beyond those of an idle connection. */
static void holds(unsigned int pages, unsigned int grants, unsigned int maps)
{
	struct hosted_usage u;

	hosted_usage(fb.h, fb.guest, &u);
	assert_int_equal(u.pages, idle.pages + pages);
	assert_int_equal(u.grants, idle.grants + grants);
	assert_int_equal(u.maps, idle.maps + maps);
}

/* The backend hears again, and serves what it has missed. Between guest_in() and guest_out(). */
static void hear(void)
{
	guest_out(&fb);
	fb.deaf = false;
	hosted_enter(fb.h, fb.back);
	fb_serve(&fb);
	hosted_leave();
	fb_run(&fb);
	guest_in(&fb);
}

static void make_space(void)
{
	struct xenvgpu_space_create_resp space;

	assert_int_equal(front_space_create(fb.dev, &space), 0);
	assert_int_equal(space.space, FBW_SPACE);
	assert_int_equal(space.va_start, FBW_VA_START);
	assert_int_equal(space.va_end, FBW_VA_END);
}

static int make_channel(uint32_t *channel)
{
	const struct xenvgpu_channel_create_req req = {
		.space = FBW_SPACE, .engine_class = FBW_COPY, .gpfifo = GPFIFO, .entries = 64};

	return front_channel_create(fb.dev, &req, channel);
}

/* ---------------------------------------------------------------- imports */

static void test_import(void **state)
{
	const unsigned int pages = 2 * XENVGPU_GREFS_PER_DIR + 54;
	struct front_import *import, *ro;
	struct hv_grant_map write;

	(void)state;
	guest_in(&fb);
	assert_int_equal(front_mem_import(fb.dev, pages, 0, &import), 0);
	assert_int_equal(front_mem_import(fb.dev, XENVGPU_GREFS_PER_DIR, XENVGPU_IMPORT_RO, &ro),
			 0);
	/* The lists are gone, what they name is not; the device sees the pages in order. */
	holds(pages + XENVGPU_GREFS_PER_DIR, pages + XENVGPU_GREFS_PER_DIR, 0);
	assert_int_not_equal(import->handle, ro->handle);
	assert_int_equal(fb.work.import[0].pages, pages);
	for (unsigned int i = 0; i < pages; i++)
		assert_int_equal(fb.work.import[0].map[i].dev_addr,
				 hv_dma_addr(import->va + (size_t)i * HV_PAGE_SIZE));
	assert_int_equal(fb.work.import[1].flags, XENVGPU_IMPORT_RO);
	/* Nobody can have more of the other pages than reading them. */
	write = (struct hv_grant_map){
		.dom = fb.guest, .ref = fb.work.import[1].map[0].ref, .flags = HV_MAP_DEVICE};
	hosted_enter(fb.h, fb.back);
	assert_true(hv_grant_map(&write, 1) < 0);
	hosted_leave();
	assert_int_equal(front_import_free(fb.dev, import), 0);
	assert_int_equal(front_import_free(fb.dev, ro), 0);
	holds(0, 0, 0);
	assert_int_equal(front_stats(fb.dev)->pages_held, 0);
	/* What the protocol does not allow. */
	assert_int_equal(front_mem_import(fb.dev, 0, 0, &import), -EINVAL);
	assert_int_equal(front_mem_import(fb.dev, XENVGPU_IMPORT_MAX + 1, 0, &import), -EINVAL);
	assert_int_equal(front_mem_import(fb.dev, 1, 2, &import), -EINVAL);
	guest_out(&fb);
}

static void test_import_that_is_refused_or_busy(void **state)
{
	struct front_import *import[FBW_IMPORTS], *more;
	const struct xenvgpu_bind map = {.operation = XENVGPU_BIND_MAP, .page_shift = 12};
	struct xenvgpu_bind bind;

	(void)state;
	guest_in(&fb);
	make_space();
	for (unsigned int i = 0; i < FBW_IMPORTS; i++)
		assert_int_equal(front_mem_import(fb.dev, 1, 0, &import[i]), 0);
	assert_int_equal(front_mem_import(fb.dev, 10, 0, &more), -ENOSPC);
	holds(FBW_IMPORTS, FBW_IMPORTS, 0);
	bind = map;
	bind.handle = import[2]->handle;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, NULL), 0);
	assert_int_equal(front_import_free(fb.dev, import[2]), -EBUSY);
	assert_int_not_equal(import[2]->handle, 0);
	bind.operation = XENVGPU_BIND_UNMAP;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, NULL), 0);
	for (unsigned int i = 0; i < FBW_IMPORTS; i++)
		assert_int_equal(front_import_free(fb.dev, import[i]), 0);
	holds(1, 1, 0); /* the page of changes */
	guest_out(&fb);
}

/* Each thing that an import needs runs out once. */
static void test_import_without_resources(void **state)
{
	struct front_import *import;

	(void)state;
	guest_in(&fb);
	for (unsigned int nth = 1; nth <= 2; nth++) {
		hosted_fail_nth(fb.h, fb.guest, HOSTED_FAIL_PAGES, nth);
		assert_int_equal(front_mem_import(fb.dev, 4, 0, &import), -ENOMEM);
		holds(0, 0, 0);
	}
	for (unsigned int nth = 1; nth <= 5; nth++) {
		hosted_fail_nth(fb.h, fb.guest, HOSTED_FAIL_GRANT_GIVE, nth);
		assert_true(front_mem_import(fb.dev, 4, 0, &import) < 0);
		holds(0, 0, 0);
	}
	hosted_fail_nth(fb.h, fb.guest, HOSTED_FAIL_GRANT_GIVE, 0);
	assert_int_equal(front_mem_import(fb.dev, 4, 0, &import), 0);
	guest_out(&fb);
}

/* The request is given up; when the backend serves it at last, the pages are no longer offered. */
static void test_import_given_up(void **state)
{
	struct front_import *import;

	(void)state;
	fb.deaf = true;
	guest_in(&fb);
	assert_int_equal(front_mem_import(fb.dev, 8, 0, &import), -ETIMEDOUT);
	holds(0, 0, 0);
	hear();
	guest_out(&fb);
	assert_int_equal(fb.work.import[0].handle, 0);
	assert_int_equal(front_state(fb.dev), FRONT_CONNECTED);
}

/* A device that still has the pages does not lose them, and nobody else gets them, before it lets go. */
static void test_loss_with_imports(void **state)
{
	struct front_import *import, *kept;
	struct hosted_usage u;

	(void)state;
	guest_in(&fb);
	assert_int_equal(front_mem_import(fb.dev, 20, 0, &import), 0);
	assert_int_equal(front_mem_import(fb.dev, 30, 0, &kept), 0);
	guest_out(&fb);
	fb_back_state(&fb, XenbusStateClosing);
	fb_run(&fb);
	assert_int_equal(import->handle, 0);
	guest_in(&fb);
	memset(import->va, 0x55, (size_t)import->pages * HV_PAGE_SIZE); /* still ours to look at */
	assert_int_equal(front_import_free(fb.dev, import), 0);
	assert_int_equal(front_stats(fb.dev)->pages_held, 2 + 20); /* ring, events */
	guest_out(&fb);
	fb_detach(&fb);
	hosted_advance(fb.h, 20 * HV_S);
	assert_int_equal(front_stats(fb.dev)->pages_held, 0);
	hosted_usage(fb.h, fb.guest, &u);
	assert_int_equal(u.pages, 30);
	/* With a new backend the import of the old one is still void, and freed without asking it. */
	fb_back_state(&fb, XenbusStateClosed);
	fb_run(&fb);
	fb_plug(&fb);
	fb_run(&fb);
	assert_int_equal(fb_connect(&fb), 0);
	assert_int_equal(kept->handle, 0);
	guest_in(&fb);
	assert_int_equal(front_import_free(fb.dev, kept), 0);
	holds(0, 0, 0);
	guest_out(&fb);
}

/* ---------------------------------------------------------------- address spaces */

static void test_spaces(void **state)
{
	struct xenvgpu_class_list_resp classes;
	uint32_t channel;

	(void)state;
	guest_in(&fb);
	assert_int_equal(front_class_list(fb.dev, &classes), 0);
	assert_int_equal(classes.gpfifo, FBW_GPFIFO);
	assert_int_equal(classes.n, 1);
	assert_int_equal(classes.engine_class[0], FBW_COPY);
	assert_int_equal(front_space_destroy(fb.dev, FBW_SPACE), -ENOENT);
	make_space();
	assert_int_equal(make_channel(&channel), 0);
	assert_int_equal(front_space_destroy(fb.dev, FBW_SPACE), -EBUSY);
	assert_int_equal(front_channel_destroy(fb.dev, channel), 0);
	assert_int_equal(front_space_destroy(fb.dev, FBW_SPACE), 0);
	guest_out(&fb);
}

static void test_binds_are_cut(void **state)
{
	static struct xenvgpu_bind binds[2 * XENVGPU_MAX_BINDS + 44];
	const unsigned int n = sizeof(binds) / sizeof(binds[0]);
	unsigned int done = 0;
	uint64_t grants;

	(void)state;
	for (unsigned int i = 0; i < n; i++)
		binds[i] = (struct xenvgpu_bind){
			.operation = XENVGPU_BIND_MAP, .page_shift = 12, .va = (i + 1) * 0x1000ull};
	guest_in(&fb);
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, binds, 1, &done), -ENOENT);
	assert_int_equal(done, 0);
	make_space();
	grants = front_stats(fb.dev)->grants;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, binds, n, &done), 0);
	assert_int_equal(done, n);
	assert_int_equal(fb.work.binds, n);
	assert_int_equal(fb.work.bind_requests, 3);
	assert_memory_equal(&fb.work.last_bind, &binds[n - 1], sizeof(binds[0]));
	/* The first that fails ends it, and the answer says where. */
	fb.work.refuse_va = binds[200].va;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, binds, n, &done), -EEXIST);
	assert_int_equal(done, 200);
	assert_int_equal(fb.work.bind_requests, 5);
	fb.work.refuse_va = binds[0].va;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, binds, 1, NULL), -EEXIST);
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, binds, 0, NULL), -EINVAL);
	assert_int_equal(front_stats(fb.dev)->grants, grants); /* since the first */
	guest_out(&fb);
}

/* The page of a request that was given up is not written to again. */
static void test_bind_given_up(void **state)
{
	struct xenvgpu_bind bind = {.operation = XENVGPU_BIND_MAP, .page_shift = 12, .va = 0x1000};
	unsigned int done;

	(void)state;
	guest_in(&fb);
	make_space();
	fb.deaf = true;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, &done), -ETIMEDOUT);
	hear();
	bind.va = 0x2000;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, &done), 0);
	assert_int_equal(done, 1);
	/* The first was served then, and found no page. */
	assert_int_equal(fb.work.binds, 1);
	assert_int_equal(fb.work.last_bind.va, 0x2000);
	holds(1, 1, 0);
	hosted_fail_nth(fb.h, fb.guest, HOSTED_FAIL_GRANT_GIVE, 1);
	fb.deaf = true;
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, NULL), -ETIMEDOUT);
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, &done), -ENOSPC);
	assert_int_equal(done, 0);
	hosted_fail_nth(fb.h, fb.guest, HOSTED_FAIL_PAGES, 1);
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, &bind, 1, NULL), -ENOMEM);
	holds(0, 0, 0);
	guest_out(&fb);
}

/* ---------------------------------------------------------------- channels */

static void test_channels(void **state)
{
	uint32_t channel, seen;

	(void)state;
	guest_in(&fb);
	assert_int_equal(make_channel(&channel), -ENOENT);
	make_space();
	/* As many maps as there are pages with USERDs. */
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		assert_int_equal(make_channel(&channel), 0);
		assert_int_equal(channel, i);
		holds(0, 0, i / FBW_CHANNELS + 1);
	}
	assert_int_equal(make_channel(&channel), -ENOSPC);
	/* Each has its own USERD. */
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		assert_int_equal(front_channel_ring(fb.dev, i, 100 + i), 0);
		*fbw_userd(&fb.work, i, XENVGPU_USERD_GP_GET) = 200 + i;
	}
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		assert_int_equal(*fbw_userd(&fb.work, i, XENVGPU_USERD_GP_PUT), 100 + i);
		assert_int_equal(front_channel_get(fb.dev, i, &seen), 0);
		assert_int_equal(seen, 200 + i);
	}
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		assert_int_equal(front_channel_destroy(fb.dev, i), 0);
		holds(0, 0, (XENVGPU_MAX_CHANNELS - 1 - i + FBW_CHANNELS - 1) / FBW_CHANNELS);
	}
	assert_int_equal(front_channel_destroy(fb.dev, 0), -ENOENT);
	assert_int_equal(front_channel_destroy(fb.dev, XENVGPU_MAX_CHANNELS), -ENOENT);
	assert_int_equal(front_channel_ring(fb.dev, 0, 1), -ENOENT);
	assert_int_equal(front_channel_get(fb.dev, UINT32_MAX, &seen), -ENOENT);
	guest_out(&fb);
}

static void test_doorbells_cost_one_event(void **state)
{
	unsigned int upcalls;
	uint32_t channel[3];

	(void)state;
	guest_in(&fb);
	make_space();
	for (unsigned int i = 0; i < 3; i++)
		assert_int_equal(make_channel(&channel[i]), 0);
	guest_out(&fb);
	upcalls = fb.upcalls;
	guest_in(&fb);
	/* The backend does not run meanwhile. */
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(front_channel_ring(fb.dev, channel[2], i), 0);
	assert_int_equal(front_stats(fb.dev)->rings, 10);
	assert_int_equal(front_stats(fb.dev)->ring_sends, 1);
	guest_out(&fb);
	fb_run(&fb);
	assert_int_equal(fb.upcalls - upcalls, 1);
	assert_int_equal(fb.work.doorbells, 1u << channel[2]);
	assert_int_equal(*fbw_userd(&fb.work, channel[2], XENVGPU_USERD_GP_PUT), 9);
	/* It has taken the bit, so the next costs one again. */
	guest_in(&fb);
	assert_int_equal(front_channel_ring(fb.dev, channel[2], 10), 0);
	assert_int_equal(front_channel_ring(fb.dev, channel[0], 1), 0);
	guest_out(&fb);
	fb_run(&fb);
	assert_int_equal(fb.work.doorbells, 1u << channel[2] | 1u << channel[0]);
	assert_int_equal(fb.upcalls - upcalls, 2);
	assert_int_equal(front_stats(fb.dev)->violations, 0);
}

static void test_channel_that_cannot_be_mapped(void **state)
{
	uint32_t channel;

	(void)state;
	guest_in(&fb);
	make_space();
	hosted_fail_nth(fb.h, fb.guest, HOSTED_FAIL_GRANT_MAP, 1);
	assert_int_equal(make_channel(&channel), -ENOSPC);
	assert_int_equal(fb.work.channels, 0);
	holds(0, 0, 0);
	assert_int_equal(make_channel(&channel), 0);
	guest_out(&fb);
}

static void test_destruction_given_up(void **state)
{
	uint32_t channel, again;

	(void)state;
	guest_in(&fb);
	make_space();
	assert_int_equal(make_channel(&channel), 0);
	fb.deaf = true;
	assert_int_equal(front_channel_destroy(fb.dev, channel), -ETIMEDOUT);
	assert_int_equal(front_channel_ring(fb.dev, channel, 1), -ENOENT);
	assert_int_equal(front_channel_destroy(fb.dev, channel), -ENOENT);
	holds(0, 0, 1); /* until the backend has confirmed it */
	hear();
	holds(0, 0, 0);
	assert_int_equal(make_channel(&again), 0);
	/* A creation that was given up is served all the same, and hurts nobody. */
	fb.deaf = true;
	assert_int_equal(make_channel(&channel), -ETIMEDOUT);
	hear();
	assert_int_equal(make_channel(&channel), 0);
	assert_int_equal(channel, again + 2);
	guest_out(&fb);
	assert_int_equal(front_stats(fb.dev)->violations, 0);
}

static void test_loss_with_channels(void **state)
{
	uint32_t channel, seen;
	struct hosted_usage u;

	(void)state;
	guest_in(&fb);
	make_space();
	for (unsigned int i = 0; i < 9; i++)
		assert_int_equal(make_channel(&channel), 0);
	guest_out(&fb);
	fb_die(&fb);
	fb_unplug(&fb);
	fb_run(&fb);
	guest_in(&fb);
	assert_int_equal(front_channel_ring(fb.dev, channel, 1), -ENODEV);
	assert_int_equal(front_channel_get(fb.dev, channel, &seen), -ENODEV);
	assert_int_equal(front_channel_destroy(fb.dev, channel), -ENODEV);
	assert_int_equal(front_bind(fb.dev, FBW_SPACE, NULL, 1, NULL), -ENODEV);
	guest_out(&fb);
	hosted_usage(fb.h, fb.guest, &u);
	assert_int_equal(u.maps, 0);
	assert_int_equal(u.pages, 0);
	/* Nothing of before is left to be mistaken for something new. */
	fb_restart(&fb);
	fb_plug(&fb);
	fb_run(&fb);
	assert_int_equal(fb_connect(&fb), 0);
	guest_in(&fb);
	make_space();
	assert_int_equal(front_channel_ring(fb.dev, 0, 1), -ENOENT);
	assert_int_equal(make_channel(&channel), 0);
	assert_int_equal(channel, 0);
	guest_out(&fb);
}

/* A call that waits when the connection is lost. */
static bool lose(struct fb *f, const struct xenvgpu_request *req)
{
	(void)req;
	f->hook = NULL;
	fb_events(f)->event[0] = (struct xenvgpu_event){.type = XENVGPU_EVT_LOST};
	fb_events(f)->in_prod = 1;
	fb_push(f);
	return true;
}

/* The same, and the answer comes with the loss: what it hands out is void already. */
static bool answer_and_lose(struct fb *f, const struct xenvgpu_request *req)
{
	struct xenvgpu_response rsp;

	fb_answer(f, req, &rsp);
	fb_put(f, &rsp);
	return lose(f, req);
}

static void test_loss_while_waiting(void **state)
{
	struct front_import *import;
	uint32_t channel;

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		guest_in(&fb);
		make_space();
		assert_int_equal(make_channel(&channel), 0);
		fb.hook = i < 3 ? lose : answer_and_lose;
		if (i == 0 || i == 3)
			assert_int_equal(make_channel(&channel), -ENODEV);
		else if (i == 1)
			assert_int_equal(front_channel_destroy(fb.dev, channel), -ENODEV);
		else
			assert_int_equal(front_mem_import(fb.dev, 3, 0, &import), -ENODEV);
		guest_out(&fb);
		fb_detach(&fb);
		fb_plug(&fb);
		fb_run(&fb);
		assert_int_equal(fb_connect(&fb), 0);
		hosted_advance(fb.h, 20 * HV_S);
		guest_in(&fb);
		holds(0, 0, 0);
		guest_out(&fb);
	}
}

/* ---------------------------------------------------------------- news of channels */

static void put_event(struct fb *f, uint32_t channel, uint32_t xid)
{
	struct xenvgpu_event_page *page = fb_events(f);

	page->event[page->in_prod % XENVGPU_NUM_EVENTS] = (struct xenvgpu_event){
		.id = (uint16_t)page->in_prod,
		.type = XENVGPU_EVT_CHANNEL,
		.op.channel = {
			.channel = channel, .xid = xid, .address = 0x123456789000, .fault = 2}};
	page->in_prod++;
}

static void tell_stopped(uint32_t channel, uint32_t xid)
{
	hosted_enter(fb.h, fb.back);
	put_event(&fb, channel, xid);
	hv_evtchn_send(fb.port);
	hosted_leave();
	fb_run(&fb);
}

static void test_stopped(void **state)
{
	uint32_t channel, other;

	(void)state;
	guest_in(&fb);
	make_space();
	assert_int_equal(make_channel(&other), 0);
	assert_int_equal(make_channel(&channel), 0);
	guest_out(&fb);
	tell_stopped(channel, 31);
	assert_int_equal(stopped.n, 1);
	assert_int_equal(stopped.last.op.channel.channel, channel);
	assert_int_equal(stopped.last.op.channel.xid, 31);
	assert_int_equal(stopped.last.op.channel.address, 0x123456789000);
	assert_int_equal(stopped.last.op.channel.fault, 2);
	guest_in(&fb);
	assert_int_equal(front_channel_ring(fb.dev, channel, 1), -EIO);
	assert_int_equal(front_channel_ring(fb.dev, other, 1), 0);
	guest_out(&fb);
	/* News that are no longer news are dropped: twice, of nobody, of one that was destroyed. */
	tell_stopped(channel, 32);
	tell_stopped(XENVGPU_MAX_CHANNELS - 1, 31);
	guest_in(&fb);
	assert_int_equal(front_channel_destroy(fb.dev, channel), 0);
	guest_out(&fb);
	tell_stopped(channel, 31);
	assert_int_equal(stopped.n, 1);
	assert_int_equal(front_stats(fb.dev)->violations, 0);
	assert_int_equal(front_stats(fb.dev)->events, 4);
	/* The number can be a new channel's. */
	guest_in(&fb);
	assert_int_equal(make_channel(&channel), 0);
	assert_int_equal(front_channel_ring(fb.dev, channel, 1), 0);
	guest_out(&fb);
}

/* It stopped before anybody could know of it: the answer comes with the news. */
static bool create_and_stop(struct fb *f, const struct xenvgpu_request *req)
{
	struct xenvgpu_response rsp;

	f->hook = NULL;
	fb_answer(f, req, &rsp);
	fb_put(f, &rsp);
	put_event(f, rsp.op.channel_create.channel, 31);
	return true;
}

static void test_stopped_at_birth(void **state)
{
	uint32_t channel;

	(void)state;
	guest_in(&fb);
	make_space();
	fb.hook = create_and_stop;
	assert_int_equal(make_channel(&channel), 0);
	assert_int_equal(stopped.n, 1);
	assert_int_equal(stopped.last.op.channel.channel, channel);
	assert_int_equal(front_channel_ring(fb.dev, channel, 1), -EIO);
	guest_out(&fb);
}

/* As many as the page holds, several times; and a flood that says nothing new is not listened to. */
static void test_stopped_in_numbers(void **state)
{
	uint32_t channel;

	(void)state;
	for (unsigned int round = 0; round < 3; round++) {
		guest_in(&fb);
		if (!round)
			make_space();
		for (unsigned int i = 0; i < XENVGPU_NUM_EVENTS; i++)
			assert_int_equal(make_channel(&channel), 0);
		guest_out(&fb);
		hosted_enter(fb.h, fb.back);
		for (unsigned int i = 0; i < XENVGPU_NUM_EVENTS; i++)
			put_event(&fb, i, 13);
		hv_evtchn_send(fb.port);
		hosted_leave();
		fb_run(&fb);
		assert_int_equal(stopped.n, (round + 1) * XENVGPU_NUM_EVENTS);
		assert_int_equal(fb_events(&fb)->in_cons, stopped.n);
		guest_in(&fb);
		for (unsigned int i = 0; i < XENVGPU_NUM_EVENTS; i++)
			assert_int_equal(front_channel_destroy(fb.dev, i), 0);
		guest_out(&fb);
	}
	for (unsigned int i = 0; i < 1000; i++)
		tell_stopped(1, 13);
	assert_true(front_stats(fb.dev)->throttled > 0);
	assert_true(front_stats(fb.dev)->spurious < 100);
}

static void close_it(struct front_dev *dev, const struct xenvgpu_event *evt, void *arg)
{
	(void)evt;
	++*(unsigned int *)arg;
	front_close(dev);
}

static void test_close_on_news(void **state)
{
	unsigned int calls = 0;
	uint32_t channel;

	(void)state;
	guest_in(&fb);
	make_space();
	assert_int_equal(make_channel(&channel), 0);
	assert_int_equal(make_channel(&channel), 0);
	guest_out(&fb);
	front_on_channel_stopped(fb.dev, close_it, &calls);
	hosted_enter(fb.h, fb.back);
	put_event(&fb, 0, 13);
	put_event(&fb, 1, 13);
	hv_evtchn_send(fb.port);
	hosted_leave();
	fb_run(&fb);
	assert_int_equal(calls, 1);
	assert_int_not_equal(front_state(fb.dev), FRONT_CONNECTED);
}

/* ---------------------------------------------------------------- lies */

struct lie {
	const char *name;
	uint8_t operation;
	void (*tell)(struct fb *fb, struct xenvgpu_response *rsp);
};

#define LIE(name, what)                                                                            \
	static void name(struct fb *f, struct xenvgpu_response *rsp)                               \
	{                                                                                          \
		(void)f;                                                                           \
		(void)rsp;                                                                         \
		what;                                                                              \
	}

LIE(import_zero, rsp->op.mem_import.handle = 0)
LIE(space_zero, rsp->op.space_create.space = 0)
LIE(space_reserved, rsp->op.space_create.reserved = 1)
LIE(space_empty, rsp->op.space_create.va_end = rsp->op.space_create.va_start)
LIE(space_reversed, rsp->op.space_create.va_end = 0)
LIE(space_start_odd, rsp->op.space_create.va_start |= 8)
LIE(space_end_odd, rsp->op.space_create.va_end |= 0x800)
LIE(space_huge, rsp->op.space_create.va_end = 1ull << 63)
LIE(classes_too_many, rsp->op.class_list.n = XENVGPU_CLASSES_MAX + 1)
LIE(classes_zero, rsp->op.class_list.n = 2)
LIE(classes_no_gpfifo, rsp->op.class_list.gpfifo = 0)
LIE(bind_fewer, rsp->op.bind.done--)
LIE(bind_more, rsp->op.bind.done++)
LIE(bind_failed_with_more, rsp->status = -XEN_EINVAL; rsp->op.bind.done++)
LIE(channel_too_big, rsp->op.channel_create.channel = XENVGPU_MAX_CHANNELS)
LIE(channel_alive, rsp->op.channel_create.channel = 0)
LIE(userd_ref_zero, rsp->op.channel_create.userd_gref = 0)
LIE(userd_odd, rsp->op.channel_create.userd_offset += 4)
LIE(userd_outside, rsp->op.channel_create.userd_offset = HV_PAGE_SIZE)
LIE(userd_far, rsp->op.channel_create.userd_offset = 0u - XENVGPU_USERD_SIZE)
LIE(userd_taken, rsp->op.channel_create.userd_offset = 0)
LIE(event_channel, put_event(f, XENVGPU_MAX_CHANNELS, 31))
LIE(event_unknown, put_event(f, 0, 31); fb_events(f)->event[0].type = 0x12)
LIE(event_reserved, put_event(f, 0, 31); fb_events(f)->event[0].reserved[0] = 1)

#define ENTRY(op, fn)                                                                              \
	{                                                                                          \
#fn, XENVGPU_OP_##op, fn                                                           \
	}
static const struct lie lies[] = {
	ENTRY(MEM_IMPORT, import_zero),
	ENTRY(SPACE_CREATE, space_zero),
	ENTRY(SPACE_CREATE, space_reserved),
	ENTRY(SPACE_CREATE, space_empty),
	ENTRY(SPACE_CREATE, space_reversed),
	ENTRY(SPACE_CREATE, space_start_odd),
	ENTRY(SPACE_CREATE, space_end_odd),
	ENTRY(SPACE_CREATE, space_huge),
	ENTRY(CLASS_LIST, classes_too_many),
	ENTRY(CLASS_LIST, classes_zero),
	ENTRY(CLASS_LIST, classes_no_gpfifo),
	ENTRY(BIND, bind_fewer),
	ENTRY(BIND, bind_more),
	ENTRY(BIND, bind_failed_with_more),
	ENTRY(CHANNEL_CREATE, channel_too_big),
	ENTRY(CHANNEL_CREATE, channel_alive),
	ENTRY(CHANNEL_CREATE, userd_ref_zero),
	ENTRY(CHANNEL_CREATE, userd_odd),
	ENTRY(CHANNEL_CREATE, userd_outside),
	ENTRY(CHANNEL_CREATE, userd_far),
	ENTRY(CHANNEL_CREATE, userd_taken),
	ENTRY(PING, event_channel),
	ENTRY(PING, event_unknown),
	ENTRY(PING, event_reserved),
};

static bool tell(struct fb *f, const struct xenvgpu_request *req)
{
	const struct lie *lie = f->arg;
	struct xenvgpu_response rsp;

	fb_answer(f, req, &rsp);
	if (lie && req->operation == lie->operation)
		lie->tell(f, &rsp);
	fb_put(f, &rsp);
	return true;
}

/* Everything once, in an order in which each can succeed; the first error. */
static int everything(void)
{
	struct xenvgpu_bind bind = {.operation = XENVGPU_BIND_MAP, .page_shift = 12, .va = 0x1000};
	struct xenvgpu_space_create_resp space;
	struct xenvgpu_class_list_resp classes;
	struct front_import *import;
	uint32_t channel;
	int ret = front_class_list(fb.dev, &classes);

	ret = ret ? ret : front_mem_import(fb.dev, 2, 0, &import);
	ret = ret ? ret : front_space_create(fb.dev, &space);
	ret = ret ? ret : front_bind(fb.dev, FBW_SPACE, &bind, 1, NULL);
	ret = ret ? ret : make_channel(&channel);
	return ret ? ret : front_ping(fb.dev, 1);
}

static void test_lies(void **state)
{
	(void)state;
	guest_in(&fb);
	assert_int_equal(everything(), 0);
	guest_out(&fb);
	for (unsigned int i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		uint64_t violations = front_stats(fb.dev)->violations;
		struct hosted_usage u;
		int ret;

		print_message("lie: %s\n", lies[i].name);
		fb.hook = tell;
		fb.arg = (void *)&lies[i];
		guest_in(&fb);
		ret = everything();
		if (lies[i].operation != XENVGPU_OP_PING) /* that answer is true */
			assert_int_equal(ret, -ENODEV);
		guest_out(&fb);
		fb_run(&fb);
		assert_int_equal(front_state(fb.dev), FRONT_FAILED);
		assert_int_equal(front_stats(fb.dev)->violations - violations, 1);
		fb.hook = NULL;
		fb_detach(&fb);
		guest_in(&fb);
		front_destroy(fb.dev);
		guest_out(&fb);
		hosted_usage(fb.h, fb.guest, &u);
		assert_int_equal(u.pages + u.grants + u.maps + u.ports, 0);
		guest_in(&fb);
		assert_int_equal(front_open(0, NULL, NULL, &fb.dev), 0);
		guest_out(&fb);
		fb_plug(&fb);
		fb_run(&fb);
		assert_int_equal(fb_connect(&fb), 0);
		guest_in(&fb);
		assert_int_equal(everything(), 0); /* channel 0 lives */
		guest_out(&fb);
	}
}

/* ---------------------------------------------------------------- a backend without channels */

static void test_feature(void **state)
{
	struct xenvgpu_space_create_resp space;
	struct xenvgpu_class_list_resp classes;
	struct xenvgpu_bind bind = {0};
	struct front_import *import;
	static const char *const values[] = {"0", "1", "2"};

	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		fb_detach(&fb);
		fb_plug(&fb);
		hosted_enter(fb.h, fb.back);
		fb_write(HV_XS_NONE, fb_back_dir(&fb), "versions", "1");
		fb_write(HV_XS_NONE, fb_back_dir(&fb), "feature-channels", values[i]);
		fb_write_u(HV_XS_NONE, fb_back_dir(&fb), "state", XenbusStateInitWait);
		hosted_leave();
		fb_run(&fb);
		hosted_advance(fb.h, 300 * HV_MS);
		if (i == 2) {
			assert_int_equal(front_state(fb.dev), FRONT_FAILED);
			break;
		}
		assert_int_equal(fb_attach(&fb), 0);
		fb_back_state(&fb, XenbusStateConnected);
		fb_run(&fb);
		assert_int_equal(front_has_channels(fb.dev), i);
		if (i)
			continue;
		guest_in(&fb);
		assert_int_equal(front_class_list(fb.dev, &classes), -EOPNOTSUPP);
		assert_int_equal(front_space_create(fb.dev, &space), -EOPNOTSUPP);
		assert_int_equal(front_space_destroy(fb.dev, 1), -EOPNOTSUPP);
		assert_int_equal(front_bind(fb.dev, 1, &bind, 1, NULL), -EOPNOTSUPP);
		assert_int_equal(front_mem_import(fb.dev, 1, 0, &import), -EOPNOTSUPP);
		assert_int_equal(make_channel(&space.space), -EOPNOTSUPP);
		assert_int_equal(front_info(fb.dev, &(struct xenvgpu_info_resp){0}), 0);
		guest_out(&fb);
		/* News of channels cannot be. */
		tell_stopped(0, 31);
		assert_int_equal(front_state(fb.dev), FRONT_FAILED);
	}
}

int main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(test_import),
		TEST(test_import_that_is_refused_or_busy),
		TEST(test_import_without_resources),
		TEST(test_import_given_up),
		TEST(test_loss_with_imports),
		TEST(test_spaces),
		TEST(test_binds_are_cut),
		TEST(test_bind_given_up),
		TEST(test_channels),
		TEST(test_doorbells_cost_one_event),
		TEST(test_channel_that_cannot_be_mapped),
		TEST(test_destruction_given_up),
		TEST(test_loss_with_channels),
		TEST(test_loss_while_waiting),
		TEST(test_stopped),
		TEST(test_stopped_at_birth),
		TEST(test_stopped_in_numbers),
		TEST(test_close_on_news),
		TEST(test_lies),
		TEST(test_feature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
