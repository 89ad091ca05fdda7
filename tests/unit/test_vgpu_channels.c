/* SPDX-License-Identifier: MIT */
/*
 * Channels of a guest under the real back driver: USERD pages, doorbells and what they cost, faults, and ends
 * in every order. The core below is a fake (core_fake.h) that answers as badly as a test likes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/vgpu/device.h"
#include "tests/unit/vgpu_fixture.h"

#define VA 0x10000000ull

static int setup_with_space(void **state)
{
	struct fixture *f;

	setup(state);
	f = *state;
	assert_int_equal(guest_space(&f->a, &f->space), 0);
	return 0;
}

/* Channel n of the guest, with a GPFIFO of its own. */
static uint64_t gpfifo_of(unsigned int n)
{
	return VA + (uint64_t)n * 0x10000;
}

static struct gpu_channel *channel(struct fixture *f, unsigned int n)
{
	struct xenvgpu_channel_create_resp rsp;

	assert_int_equal(guest_channel(&f->a, f->space.space, FAKE_CLASS, gpfifo_of(n), &rsp), 0);
	assert_int_equal(rsp.channel, n);
	assert_int_equal(rsp.userd_offset, n % 8 * XENVGPU_USERD_SIZE);
	return fake_channel(gpfifo_of(n));
}

/* The guest's view of a USERD page. */
static uint8_t *userd_map(struct guest *g, hv_gref_t ref, struct hv_grant_map *map)
{
	hosted_enter(g->bed->h, g->dom);
	*map = (struct hv_grant_map){.dom = g->bed->gpudom, .ref = ref, .flags = HV_MAP_HOST};
	assert_int_equal(hv_grant_map(map, 1), 0);
	hosted_leave();
	return map->va;
}

static void userd_unmap(struct guest *g, struct hv_grant_map *map)
{
	hosted_enter(g->bed->h, g->dom);
	assert_int_equal(hv_grant_unmap(map, 1), 0);
	hosted_leave();
}

/* ---------------------------------------------------------------- creation, USERD */

/* Who may ring by itself is told how; and the bitmap rings too. Nobody else is told. */
static void direct_doorbells_have_values(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_channel_create_resp rsp;
	struct guest *b = &f->b;

	assert_string_equal(hosted_xs_str(f->bed.h, guest_back(&f->a, "feature-doorbell")), "0");
	assert_int_equal(guest_channel(&f->a, f->space.space, FAKE_CLASS, VA, &rsp), 0);
	assert_int_equal(rsp.doorbell, 0);

	guest_policy(b, "test", "16777216", "100");
	guest_policy_set(b, "doorbell", "direct");
	guest_nodes(b);
	bed_run(b->bed);
	assert_string_equal(hosted_xs_str(f->bed.h, guest_back(b, "feature-doorbell")), "1");
	guest_connect(b);
	assert_int_equal(guest_space(b, &f->space), 0);
	assert_int_equal(guest_channel(b, f->space.space, FAKE_CLASS, gpfifo_of(7), &rsp), 0);
	assert_int_equal(rsp.doorbell, FAKE_TOKEN(gpfifo_of(7)));
	guest_bell(b, rsp.channel);
	bed_run(&f->bed);
	assert_int_equal(fake_channel(gpfifo_of(7))->rings, 1);
	guest_unplug(b);
	leave(f);
}

static void channels_come_and_go(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_channel_create_resp rsp;
	hv_gref_t ref[XENVGPU_MAX_CHANNELS];
	struct hosted_usage usage;

	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, gpfifo_of(i), &rsp),
				 0);
		assert_int_equal(rsp.channel, i);
		ref[i] = rsp.userd_gref;
		assert_true(!(i % 8) || ref[i] == ref[i - 1]);
		for (unsigned int j = 0; j < i / 8 * 8; j++)
			assert_int_not_equal(ref[i], ref[j]);
	}
	hosted_usage(f->bed.h, f->bed.gpudom, &usage);
	assert_int_equal(usage.grants - f->bed.idle.grants, VGPU_USERD_PAGES);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), -XEN_ENOSPC);
	assert_int_equal(stat_of(g, "channels"), XENVGPU_MAX_CHANNELS);
	assert_int_equal(guest_space_destroy(g, f->space.space), -XEN_EBUSY);
	assert_int_equal(guest_channel_destroy(g, 13), 0);
	assert_int_equal(guest_channel_destroy(g, 13), -XEN_ENOENT);
	assert_int_equal(guest_channel_destroy(g, XENVGPU_MAX_CHANNELS), -XEN_ENOENT);
	assert_int_equal(guest_channel_destroy(g, UINT32_MAX), -XEN_ENOENT);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), 0);
	assert_int_equal(rsp.channel, 13);
	assert_int_equal(rsp.userd_gref, ref[13]);
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
		assert_int_equal(guest_channel_destroy(g, i), 0);
	assert_int_equal(guest_space_destroy(g, f->space.space), 0);
	leave(f);
}

/* Connects anew, under a policy of so many channels and imported pages. */
static void again(struct fixture *f, const char *channels, const char *imports)
{
	struct guest *g = &f->a;

	guest_close(g);
	guest_policy_set(g, "channels", channels);
	guest_policy_set(g, "imports", imports);
	guest_state(g, XenbusStateInitialising);
	guest_new_port(g);
	guest_connect(g);
	assert_int_equal(guest_space(g, &f->space), 0);
}

/* The classes that the guest may have channels for. */
static unsigned int classes_of(struct guest *g, uint32_t *first)
{
	struct xenvgpu_request req = bed_request(XENVGPU_OP_CLASS_LIST);
	struct xenvgpu_response rsp;

	assert_int_equal(guest_call(g, &req, &rsp), 0);
	*first = rsp.op.class_list.engine_class[0];
	return rsp.op.class_list.n;
}

/* What the policy names, what there is, and what the slice has room for. */
static void graphics_for_some(void **state)
{
	static const struct {
		const char *engines;
		uint64_t context;
		bool copy, graphics;
	} cases[] = {
		{"copy,graphics", FAKE_CONTEXT, true, true},
		{"copy", FAKE_CONTEXT, true, false},
		{"graphics", FAKE_CONTEXT, false, true},
		{"copy,graphics", 0, true, false},
		{"copy,graphics", VRAM / 4, true, true},
		{"copy,graphics", VRAM / 4 + GPU_VRAM_ALIGN, true, false},
	};
	struct fixture *f = *state;
	struct guest *g = &f->a;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t first, refused = -XEN_EOPNOTSUPP;
		struct xenvgpu_channel_create_resp rsp;

		fake.context = cases[i].context;
		guest_policy_set(g, "engines", cases[i].engines);
		again(f, "64", "0");
		assert_int_equal(classes_of(g, &first), cases[i].copy + cases[i].graphics);
		assert_int_equal(first, cases[i].copy ? FAKE_CLASS : FAKE_GRAPHICS);
		assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp),
				 cases[i].copy ? 0 : (int)refused);
		assert_int_equal(
			guest_channel(g, f->space.space, FAKE_GRAPHICS, VA + 0x10000, &rsp),
			cases[i].graphics ? 0 : (int)refused);
		assert_true(cases[i].graphics ||
			    hosted_log_count(f->bed.h, f->bed.gpudom,
					     "no channels for class 0xc7c0") > 0);
	}
	/* With all of the slice in use there is room for no context, and for copies if for tables. */
	fake.context = VRAM / 4;
	guest_policy_set(g, "engines", "copy,graphics");
	guest_close(g);
	guest_state(g, XenbusStateInitialising);
	guest_new_port(g);
	guest_connect(g);
	{
		uint32_t handle;

		assert_int_equal(guest_alloc(g, VRAM - MIB, &handle), 0);
		assert_int_equal(guest_space(g, &f->space), 0);
		assert_int_equal(fake.tenants->vram.size, MIB);
	}
	leave(f);
}

/* Where contexts are shown the guest can change nothing. */
static void kept_addresses(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t handle;

	assert_int_equal(f->space.kept_start, FAKE_KEPT_START);
	assert_int_equal(f->space.kept_end, FAKE_KEPT_END);
	assert_int_equal(guest_alloc(g, MIB, &handle), 0);
#define AT(va) guest_map(g, f->space.space, handle, XENVGPU_PAGE_4K, va, 0x2000)
	assert_int_equal(AT(FAKE_KEPT_START), -XEN_EINVAL);
	assert_int_equal(AT(FAKE_KEPT_START - 0x1000), -XEN_EINVAL);
	assert_int_equal(AT(FAKE_KEPT_END - 0x1000), -XEN_EINVAL);
	assert_int_equal(guest_unmap(g, f->space.space, XENVGPU_PAGE_64K, FAKE_KEPT_START, 0x10000),
			 -XEN_EINVAL);
	assert_int_equal(AT(FAKE_KEPT_START - 0x2000), 0);
	assert_int_equal(AT(FAKE_KEPT_END), 0);
	leave(f);
}

static void policies_limit_channels_and_imports(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_channel_create_resp rsp;
	struct xenvgpu_info_resp info;
	uint32_t handle[2];

	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.max_channels, XENVGPU_MAX_CHANNELS);
	again(f, "5", "7");
	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.max_channels, 5);
	for (unsigned int i = 0; i < 5; i++)
		channel(f, i);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, gpfifo_of(5), &rsp),
			 -XEN_ENOSPC);
	assert_int_equal(guest_channel_destroy(g, 3), 0);
	channel(f, 3);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, gpfifo_of(5), &rsp),
			 -XEN_ENOSPC);
	g->dir->gref_dir_next_page = 0;
	for (unsigned int i = 0; i < 8; i++)
		g->dir->gref[i] = g->buf_refs[i];
	assert_int_equal(guest_import(g, 8, 0, &handle[0]), -XEN_ENOSPC);
	assert_int_equal(guest_import(g, 7, 0, &handle[0]), 0);
	assert_int_equal(guest_import(g, 1, 0, &handle[1]), -XEN_ENOSPC);
	again(f, "0", "0");
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, gpfifo_of(0), &rsp),
			 -XEN_ENOSPC);
	assert_int_equal(guest_import(g, 1, 0, &handle[0]), -XEN_ENOSPC);
	leave(f);
}

static void bad_channels_are_refused(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_channel_create_resp rsp;

	assert_int_equal(guest_channel(g, 77, FAKE_CLASS, VA, &rsp), -XEN_ENOENT);
	assert_int_equal(guest_channel(g, f->space.space, 0xc56f, VA, &rsp), -XEN_EOPNOTSUPP);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, FAKE_VA_START - 0x1000, &rsp),
			 -XEN_EINVAL);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, FAKE_VA_END, &rsp),
			 -XEN_EINVAL);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, FAKE_VA_END - 0x1000, &rsp),
			 0);
	leave(f);
}

static void creation_can_fail(void **state)
{
	static const struct {
		int err, status;
	} errors[] = {{-ENOMEM, -XEN_ENOMEM},	      {-ENOSPC, -XEN_ENOSPC},
		      {-EDQUOT, -XEN_ENOSPC},	      {-EIO, -XEN_EIO},
		      {-EOPNOTSUPP, -XEN_EOPNOTSUPP}, {-EINVAL, -XEN_EINVAL},
		      {-ENODEV, -XEN_ENODEV},	      {-EPROTO, -XEN_EIO}};
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_channel_create_resp rsp;

	for (unsigned int e = 0; e < sizeof(errors) / sizeof(errors[0]); e++) {
		fake.refuse[FAKE_CHANNEL_NEW] = errors[e].err;
		assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp),
				 errors[e].status);
		fake.refuse[FAKE_CHANNEL_NEW] = 0;
		fake.fail[FAKE_CHANNEL_NEW] = errors[e].err;
		assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp),
				 errors[e].status);
		assert_int_equal(rsp.userd_gref, 0);
		fake.fail[FAKE_CHANNEL_NEW] = 0;
	}
	hosted_fail_nth(f->bed.h, f->bed.gpudom, HOSTED_FAIL_PAGES, 1);
	for (unsigned int i = 0; i < 8; i++) /* the page is there already */
		channel(f, i);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), -XEN_ENOMEM);
	hosted_fail_nth(f->bed.h, f->bed.gpudom, HOSTED_FAIL_GRANT_GIVE, 1);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), -XEN_ENOSPC);
	channel(f, 8);
	fake.fail[FAKE_CHANNEL_FREE] = -ETIMEDOUT;
	assert_int_equal(guest_channel_destroy(g, 8), -XEN_EIO);
	assert_int_equal(guest_channel_destroy(g, 8), -XEN_ENOENT);
	leave(f);
}

static void userd_is_the_guests_and_the_gpus(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_channel_create_resp rsp;
	struct hv_grant_map map;
	uint8_t *userd;

	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), 0);
	userd = userd_map(g, rsp.userd_gref, &map) + rsp.userd_offset;
	assert_true(bed_is_zero(userd - rsp.userd_offset, HV_PAGE_SIZE));
	*(uint32_t *)(userd + XENVGPU_USERD_GP_PUT) = 17;
	assert_int_equal(
		*(uint32_t *)((uint8_t *)fake_channel(VA)->desc.userd + XENVGPU_USERD_GP_PUT), 17);
	/* The next channel of this number begins at 0 again; neighbours are left alone. */
	memset(userd, 0xff, HV_PAGE_SIZE);
	assert_int_equal(guest_channel_destroy(g, 0), 0);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), 0);
	assert_true(bed_is_zero(userd, XENVGPU_USERD_SIZE));
	assert_int_equal(userd[XENVGPU_USERD_SIZE], 0xff);
	userd_unmap(g, &map);
	leave(f);
}

/* A guest that keeps USERD pages mapped: they are its own again, and nobody else's, and cost no more each time. */
static void pages_that_stay_mapped_stay_theirs(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct hosted_usage usage;
	struct xenvgpu_channel_create_resp rsp, other;
	struct hv_grant_map map[3];
	hv_gref_t first = 0;

	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), 0);
		assert_true(!i || rsp.userd_gref == first);
		first = rsp.userd_gref;
		memset(userd_map(g, first, &map[i]), 0x55, HV_PAGE_SIZE);
		guest_close(g);
		guest_state(g, XenbusStateInitialising);
		guest_new_port(g);
		guest_connect(g);
		assert_int_equal(guest_space(g, &f->space), 0);
		hosted_usage(f->bed.h, f->bed.gpudom, &usage);
		assert_int_equal(usage.grants - f->bed.idle.grants, 1);
	}
	guest_plug(&f->b, VRAM);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &f->space), 0);
	assert_int_equal(guest_channel(&f->b, f->space.space, FAKE_CLASS, VA, &other), 0);
	assert_int_not_equal(other.userd_gref, first);
	guest_close(&f->b);
	guest_unplug(&f->b);
	guest_close(g);
	hosted_advance(f->bed.h, 3 * HV_S);
	hosted_usage(f->bed.h, f->bed.gpudom, &usage);
	assert_int_equal(usage.grants - f->bed.idle.grants, 1);
	for (unsigned int i = 0; i < 3; i++)
		userd_unmap(g, &map[i]);
	hosted_advance(f->bed.h, 3 * HV_S);
	leave(f);
}

/* ---------------------------------------------------------------- doorbells */

/* A submission: GP_PUT moves, in USERD as the driver domain sees it, and the bell is rung. Time goes on. */
static void submit(struct fixture *f, unsigned int n)
{
	uint32_t *put = (uint32_t *)((uint8_t *)fake_channel(gpfifo_of(n))->desc.userd +
				     XENVGPU_USERD_GP_PUT);

	++*put;
	guest_bell(&f->a, n);
	hosted_advance(f->bed.h, VGPU_EVENT_INTERVAL);
}

static void doorbells_reach_their_channels(void **state)
{
	struct fixture *f = *state;
	struct gpu_channel *c[XENVGPU_MAX_CHANNELS];
	struct guest *g = &f->a;

	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
		c[i] = channel(f, i);
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++) {
		submit(f, i);
		for (unsigned int j = 0; j < XENVGPU_MAX_CHANNELS; j++)
			assert_int_equal(c[j]->rings, j <= i);
	}
	assert_int_equal(g->events->doorbell[0] | g->events->doorbell[1], 0);
	assert_int_equal(stat_of(g, "doorbells"), XENVGPU_MAX_CHANNELS);
	/* Many at once: one wake-up. */
	g->events->doorbell[0] = g->events->doorbell[1] = UINT32_MAX;
	guest_send(g);
	assert_int_equal(stat_of(g, "doorbells"), 2 * XENVGPU_MAX_CHANNELS);
	assert_int_equal(stat_of(g, "doorbell-wakeups"), XENVGPU_MAX_CHANNELS + 1);
}

/* SCHEDOP_block: the way to wait, and nothing done. */
static uint64_t blocks(void)
{
	return hv_hypercalls(29, 1); /* __HYPERVISOR_sched_op, SCHEDOP_block */
}

/* A doorbell costs one upcall and one register write: no hypercall and no page. */
static void what_a_submission_costs(void **state)
{
	struct fixture *f = *state;
	struct gpu_channel *c = channel(f, 0);
	struct hosted_usage before, after;
	uint64_t calls, upcalls;

	channel(f, 1);
	hosted_advance(f->bed.h, 2 * HV_S);
	hosted_usage(f->bed.h, f->bed.gpudom, &before);
	hosted_enter(f->bed.h, f->bed.gpudom);
	calls = hv_hypercalls_total() - blocks();
	upcalls = hv_upcalls();
	hosted_leave();
	for (unsigned int i = 0; i < 1000; i++)
		submit(f, 0);
	hosted_enter(f->bed.h, f->bed.gpudom);
	calls = hv_hypercalls_total() - blocks() - calls;
	upcalls = hv_upcalls() - upcalls;
	hosted_leave();
	assert_int_equal(calls, 0);
	assert_in_range(upcalls, 1, 1000);
	assert_int_equal(c->rings, 1000);
	assert_int_equal(fake.rings, 1000);
	hosted_usage(f->bed.h, f->bed.gpudom, &after);
	assert_memory_equal(&before, &after, sizeof(before));
	assert_int_equal(hosted_log_count(f->bed.h, f->bed.gpudom, "empty events"), 0);
}

static void bells_of_nobody_are_ignored(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct gpu_channel *c = channel(f, 0);

	/* Events that ring for nobody bring nothing, and too many of them are braked. */
	for (unsigned int i = 0; i < 40; i++) {
		g->events->doorbell[0] = ~1u;
		g->events->doorbell[1] = UINT32_MAX;
		guest_send(g);
		bed_run(&f->bed);
	}
	assert_int_equal(hosted_log_count(f->bed.h, f->bed.gpudom, "empty events"), 1);
	assert_int_equal(fake.rings, 0);
	/* What was rung while the port was masked is not lost. */
	g->events->doorbell[0] |= 1;
	hosted_advance(f->bed.h, HV_S);
	assert_int_equal(c->rings, 1);
	assert_int_equal(stat_of(g, "bad-doorbells"), 31 + 32);
	/* A channel that is gone has no bell; a new one of that number has its own. */
	assert_int_equal(guest_channel_destroy(g, 0), 0);
	g->events->doorbell[0] = 1;
	guest_send(g);
	bed_run(&f->bed);
	c = channel(f, 0);
	hosted_advance(f->bed.h, HV_S);
	assert_true(c->rings <= 1); /* a bell rung too early may be heard: the GPU just looks */
}

/* Upcalls of the driver domain, and what a second of this brings of them. */
static uint64_t upcalls(struct fixture *f)
{
	uint64_t n;

	hosted_enter(f->bed.h, f->bed.gpudom);
	n = hv_upcalls();
	hosted_leave();
	return n;
}

/* Rings a live channel's bell over and over, with nothing behind it: 1000 times a millisecond. */
static uint64_t flood(struct fixture *f, uint64_t time)
{
	uint64_t before = upcalls(f);

	for (; time; time -= HV_US) {
		guest_bell(&f->a, 0);
		hosted_advance(f->bed.h, HV_US);
	}
	return upcalls(f) - before;
}

/* Bells with no submission behind them are braked harder and harder; a submission among them is seen in time. */
static void bells_for_nothing_are_braked(void **state)
{
	struct fixture *f = *state;
	struct gpu_channel *c = channel(f, 0);
	uint64_t n = flood(f, 10 * HV_MS);

	assert_in_range(n, 16, 30);
	n = flood(f, HV_S / 2);
	assert_in_range(n, 16, 200);
	assert_true(stat_of(&f->a, "brakes") > 3);
	hosted_advance(f->bed.h, HV_S);
	n = c->rings;
	submit(f, 0);
	assert_int_equal(c->rings, n + 1);
	/* And those masked away come at the end of the mask. */
	flood(f, 5 * HV_MS);
	n = c->rings;
	submit(f, 0);
	assert_int_equal(c->rings, n);
	hosted_advance(f->bed.h, HV_S);
	assert_int_equal(c->rings, n + 1);
}

/* However much there is to submit, events are so many and no more; and nothing of it is lost or late for long. */
static void fast_submitters_share_events(void **state)
{
	struct fixture *f = *state;
	struct gpu_channel *c = channel(f, 0);
	uint32_t *put = (uint32_t *)((uint8_t *)c->desc.userd + XENVGPU_USERD_GP_PUT);
	uint64_t before = upcalls(f), n;
	unsigned int rings, late = 0;

	for (unsigned int i = 0; i < 100000; i++) {
		rings = c->rings;
		++*put;
		guest_bell(&f->a, 0);
		hosted_advance(f->bed.h, HV_US);
		late = rings == c->rings ? late + 1 : 0;
		assert_true(late <= 1001); /* microseconds */
	}
	n = upcalls(f) - before;
	/* Each pause has an end, which is an upcall too; so are answers of xenstore. */
	assert_in_range(n, 2000, VGPU_EVENT_BURST + 100 * HV_MS / VGPU_EVENT_INTERVAL + 100 + 20);
	assert_int_equal(hosted_log_count(f->bed.h, f->bed.gpudom, "masked"), 0);
	hosted_advance(f->bed.h, 2 * HV_MS);
	assert_int_equal(f->a.events->doorbell[0], 0);
}

/* As fast as a guest can be that waits for each: never masked. Nor is one whose bell crosses with our look. */
static void honest_submitters_are_not_braked(void **state)
{
	struct fixture *f = *state;

	channel(f, 0);
	for (unsigned int i = 0; i < 20000; i++)
		submit(f, 0);
	assert_int_equal(stat_of(&f->a, "brakes"), 0);
	for (unsigned int i = 0; i < 10000; i++) {
		submit(f, 0);
		guest_bell(&f->a, 0);
		hosted_advance(f->bed.h, VGPU_EVENT_INTERVAL);
	}
	assert_int_equal(stat_of(&f->a, "brakes"), 0);
}

/* Where the last one of that number had come to, its first submission may go too: it is news. */
static void new_channels_have_submitted_nothing(void **state)
{
	struct fixture *f = *state;

	for (unsigned int turn = 0; turn < 2; turn++) {
		for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
			channel(f, i);
		hosted_advance(f->bed.h, HV_S);
		for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
			submit(f, i);
		assert_int_equal(stat_of(&f->a, "brakes"), 0);
		for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
			assert_int_equal(guest_channel_destroy(&f->a, i), 0);
	}
}

/* ---------------------------------------------------------------- completions */

/* Events sent to the guest so far. */
static uint64_t sent(struct fixture *f)
{
	return stat_of(&f->a, "events-sent");
}

static void armed_channels_are_told_once(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_event_page *page = f->a.events;
	uint64_t before;

	for (unsigned int i = 0; i < 40; i++)
		channel(f, i);
	before = sent(f);
	fake_awaken(&f->bed, UINT64_MAX); /* nobody waits */
	assert_int_equal(sent(f), before);
	page->armed[0] = 0x00000111; /* 0, 4, 8: engine 0 */
	page->armed[0] |= 0x2;	     /* 1: engine 1 */
	page->armed[1] = 0x10;	     /* 36: engine 0 */
	fake_awaken(&f->bed, 1 << 2);
	assert_int_equal(sent(f), before);
	fake_awaken(&f->bed, 1 << 0);
	assert_int_equal(sent(f), before + 1);
	assert_int_equal(page->armed[0], 0x2);
	assert_int_equal(page->armed[1], 0);
	fake_awaken(&f->bed, 1 << 0);
	assert_int_equal(sent(f), before + 1);
	fake_awaken(&f->bed, 1 << 1 | 1 << 0);
	assert_int_equal(sent(f), before + 2);
	assert_int_equal(page->armed[0], 0);
	assert_int_equal(stat_of(&f->a, "completions-sent"), 2);
}

/* Bits of channels that are not, not any more, or stopped: nothing is sent for them, nor taken out. */
static void armed_for_nobody_is_ignored(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_event_page *page = f->a.events;
	uint64_t before;

	channel(f, 0);
	fake_fault(&f->bed, channel(f, 1), 31);
	channel(f, 2);
	assert_int_equal(guest_channel_destroy(&f->a, 2), 0);
	before = sent(f);
	page->armed[0] = ~1u;
	page->armed[1] = UINT32_MAX;
	fake_awaken(&f->bed, UINT64_MAX);
	assert_int_equal(sent(f), before);
	page->armed[0] |= 1;
	fake_awaken(&f->bed, UINT64_MAX);
	assert_int_equal(sent(f), before + 1);
	assert_int_equal(page->armed[0], ~1u);
}

/* Two guests on one engine: who waits is told, and nobody hears of another's connection. */
static void each_guest_is_told_by_itself(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_channel_create_resp rsp;
	struct xenvgpu_space_create_resp space;

	channel(f, 0);
	guest_plug(&f->b, VRAM);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &space), 0);
	assert_int_equal(guest_channel(&f->b, space.space, FAKE_CLASS, VA, &rsp), 0);
	f->b.events->armed[0] = 1;
	fake_awaken(&f->bed, 1);
	assert_int_equal(stat_of(&f->a, "completions-sent"), 0);
	assert_int_equal(stat_of(&f->b, "completions-sent"), 1);
	f->a.events->armed[0] = f->b.events->armed[0] = 1;
	fake_awaken(&f->bed, 1);
	assert_int_equal(stat_of(&f->a, "completions-sent"), 1);
	assert_int_equal(stat_of(&f->b, "completions-sent"), 2);
	f->a.events->armed[0] = 1;
	guest_close(&f->a);
	fake_awaken(&f->bed, 1);
	guest_close(&f->b);
	guest_unplug(&f->b);
}

/* The firmware takes its time with one request; submissions go on. */
static void doorbells_do_not_wait_for_the_firmware(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_request req = guest_channel_request(f->space.space, FAKE_CLASS, VA);
	struct xenvgpu_response rsp;
	struct gpu_channel *c = channel(f, 0);

	fake.silent[FAKE_CHANNEL_NEW] = true;
	guest_put(g, &req);
	req = bed_request(XENVGPU_OP_PING);
	guest_put(g, &req);
	guest_push(g);
	bed_run(&f->bed);
	for (unsigned int i = 1; i <= 10; i++) {
		guest_bell(g, 1); /* not there yet */
		submit(f, 0);
		assert_int_equal(c->rings, i);
	}
	assert_false(guest_get(g, &rsp));
	fake_speak(&f->bed);
	assert_true(guest_get(g, &rsp));
	assert_int_equal(rsp.operation, XENVGPU_OP_CHANNEL_CREATE);
	assert_int_equal(rsp.status, 0);
	assert_int_equal(rsp.op.channel_create.channel, 1);
	assert_true(guest_get(g, &rsp));
	assert_int_equal(rsp.operation, XENVGPU_OP_PING);
}

/* ---------------------------------------------------------------- faults */

static const struct xenvgpu_event *event(struct guest *g, uint32_t n)
{
	assert_int_equal(g->events->in_prod, n + 1);
	return &g->events->event[n % XENVGPU_NUM_EVENTS];
}

static void faults_are_told(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct gpu_channel *c = channel(f, 0), *other = channel(f, 1);
	const struct xenvgpu_event *ev;

	fake_fault(&f->bed, other, 31);
	ev = event(g, 0);
	assert_int_equal(ev->type, XENVGPU_EVT_CHANNEL);
	assert_int_equal(ev->op.channel.channel, 1);
	assert_int_equal(ev->op.channel.xid, 31);
	assert_int_equal(ev->op.channel.address, 0xdead000);
	assert_int_equal(ev->op.channel.fault, 2);
	fake_fault(&f->bed, other, 31); /* once */
	event(g, 0);
	/* It is not rung any more, but stays until it is destroyed; the other runs. */
	guest_bell(g, 1);
	guest_bell(g, 0);
	bed_run(&f->bed);
	assert_int_equal(other->rings, 0);
	assert_int_equal(c->rings, 1);
	assert_int_equal(stat_of(g, "faults"), 1);
	assert_int_equal(hosted_log_count(f->bed.h, f->bed.gpudom, "channel 1 stopped: xid 31"), 1);
	assert_int_equal(guest_space_destroy(g, f->space.space), -XEN_EBUSY);
	assert_int_equal(guest_channel_destroy(g, 1), 0);
	leave(f);
}

/* A channel that faults before the guest has been told of it: first the answer, then the event. */
static void early_faults_come_after_the_answer(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_request req = guest_channel_request(f->space.space, FAKE_CLASS, VA);
	struct xenvgpu_response rsp = {0};

	fake.silent[FAKE_CHANNEL_NEW] = true;
	guest_put(g, &req);
	guest_push(g);
	bed_run(&f->bed);
	fake_fault(&f->bed, fake_channel(VA), 13);
	assert_int_equal(g->events->in_prod, 0);
	fake_speak(&f->bed);
	assert_true(guest_get(g, &rsp));
	assert_int_equal(rsp.status, 0);
	assert_int_equal(event(g, 0)->op.channel.xid, 13);
	guest_bell(g, rsp.op.channel_create.channel);
	bed_run(&f->bed);
	assert_int_equal(fake.rings, 0);
	assert_int_equal(guest_channel_destroy(g, rsp.op.channel_create.channel), 0);
}

/* A guest whose channels fault and fault: new ones come slower, others' do not. */
static void fault_storms_are_braked(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_channel_create_resp rsp;
	struct xenvgpu_space_create_resp space;
	unsigned int n;
	int ret = 0;

	for (n = 0; !ret; n++) {
		g->events->in_cons = g->events->in_prod;
		ret = guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp);
		if (!ret) {
			fake_fault(&f->bed, fake_channel(VA), 31);
			assert_int_equal(guest_channel_destroy(g, rsp.channel), 0);
		}
		assert_true(n < 2 * VGPU_FAULTS);
	}
	assert_int_equal(ret, -XEN_EBUSY);
	assert_true(n >= VGPU_FAULTS);
	guest_plug(&f->b, VRAM);
	guest_connect(&f->b);
	assert_int_equal(guest_space(&f->b, &space), 0);
	assert_int_equal(guest_channel(&f->b, space.space, FAKE_CLASS, VA, &rsp), 0);
	hosted_advance(f->bed.h, 60 * HV_S / VGPU_FAULTS + 1);
	assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), 0);
	/* Lines in the log are few, whatever happens (hv_log_dom). */
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "stopped: xid") < 20);
}

/* An event page that nobody reads takes no more than it holds. */
static void full_event_pages_drop(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;

	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
		fake_fault(&f->bed, channel(f, i), 31);
	assert_int_equal(g->events->in_prod, XENVGPU_NUM_EVENTS);
	assert_int_equal(stat_of(g, "events-lost"), XENVGPU_MAX_CHANNELS - XENVGPU_NUM_EVENTS);
	assert_int_equal(stat_of(g, "faults"), XENVGPU_MAX_CHANNELS);
	leave(f);
}

/* ---------------------------------------------------------------- ends */

static void death_at_each_call(void **state)
{
	static const enum fake_call calls[] = {FAKE_CHANNEL_NEW, FAKE_CHANNEL_FREE};
	struct fixture *f = *state;

	for (unsigned int i = 0; i < 8; i++) {
		struct guest *g = calloc(1, sizeof(*g));
		struct xenvgpu_channel_create_resp rsp;
		struct xenvgpu_request req;

		guest_new(&f->bed, g);
		guest_plug(g, VRAM);
		guest_connect(g);
		assert_int_equal(guest_space(g, &f->space), 0);
		assert_int_equal(guest_channel(g, f->space.space, FAKE_CLASS, VA, &rsp), 0);
		fake.late = i % 2;
		fake.silent[calls[i / 2 % 2]] = true;
		fake.silent[FAKE_TENANT_END] = i >= 4;
		req = guest_channel_request(f->space.space, FAKE_CLASS, VA + 0x10000);
		if (calls[i / 2 % 2] == FAKE_CHANNEL_FREE) {
			req = bed_request(XENVGPU_OP_CHANNEL_DESTROY);
			req.op.channel_destroy.channel = rsp.channel;
		}
		guest_put(g, &req);
		guest_push(g);
		bed_run(&f->bed);
		hosted_domain_destroy(f->bed.h, g->dom);
		guest_unplug(g);
		bed_run(&f->bed);
		fake_check(&f->bed);
		fake_speak(&f->bed);
		assert_int_equal(fake_tenants(), 1); /* A's */
		free(g);
	}
	leave(f);
}

/* Loss of the GPU: the guest is told at once, its pages stay until the core says so. */
static void loss_of_the_gpu(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t pages;

	channel(f, 0);
	assert_int_equal(guest_import(g, 100, 0, &pages), 0);
	assert_int_equal(guest_map(g, f->space.space, pages, 12, VA, 100 * 4096ull), 0);
	fake.silent[FAKE_TENANT_END] = true;
	fake.fail[FAKE_TENANT_END] = -EIO;
	model_flr(f->bed.model);
	hosted_advance(f->bed.h, 2 * HV_S);
	assert_int_equal(back_state(g), XenbusStateClosing);
	assert_int_equal(event(g, 0)->op.lost.reason, XENVGPU_LOST_BUS);
	guest_state(g, XenbusStateClosed);
	assert_int_equal(back_state(g), XenbusStateClosing);
	fake_speak(&f->bed);
	assert_int_equal(back_state(g), XenbusStateClosed);
	assert_int_equal(fake_tenants(), 0);
	bed_check_idle(&f->bed);
}

/* A front that breaks the protocol loses its ring at once; the rest goes in order. */
static void breaking_the_protocol_with_channels(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;

	channel(f, 0);
	fake.silent[FAKE_TENANT_END] = true;
	g->sring->req_prod = g->prod + 1000;
	guest_send(g);
	bed_run(&f->bed);
	assert_int_equal(back_state(g), XenbusStateClosing);
	fake_check(&f->bed);
	g->events->doorbell[0] = UINT32_MAX;
	guest_send(g);
	bed_run(&f->bed);
	fake_speak(&f->bed);
	assert_int_equal(fake.rings, 0);
	leave(f);
}

/* Every call of the platform's that can fail fails once, at each place in turn. */
static void any_call_may_fail(void **state)
{
	static const enum hosted_fail kinds[] = {HOSTED_FAIL_PAGES, HOSTED_FAIL_GRANT_GIVE,
						 HOSTED_FAIL_GRANT_MAP, HOSTED_FAIL_GRANT_COPY};
	struct fixture *f = *state;
	struct guest *g = &f->a;
	unsigned int sites = 0;

	for (unsigned int k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
		bool reached = true;

		for (unsigned int n = 1; reached; n++) {
			struct xenvgpu_channel_create_resp rsp;
			uint32_t pages = 0;

			guest_unplug(g);
			bed_run(&f->bed);
			bed_check_idle(&f->bed);
			guest_plug(g, VRAM);
			guest_new_port(g);
			guest_connect(g);
			hosted_fail_nth(f->bed.h, f->bed.gpudom, kinds[k], n);
			guest_import(g, 70, 0, &pages);
			guest_space(g, &f->space);
			guest_map(g, f->space.space, pages, 12, VA, 70 * 4096ull);
			for (unsigned int i = 0; i < 9; i++)
				guest_channel(g, f->space.space, FAKE_CLASS, gpfifo_of(i), &rsp);
			fake_check(&f->bed);
			reached = hosted_fail_calls(f->bed.h, f->bed.gpudom, kinds[k]) >= n;
			hosted_fail_nth(f->bed.h, f->bed.gpudom, kinds[k], 0);
			sites += reached;
		}
	}
	assert_true(sites > 70);
	leave(f);
}

/* Nothing is written to xenstore for some time. */
static void nothing_is_told(struct fixture *f)
{
	uint64_t published = f->bed.back->stats_time;

	hosted_advance(f->bed.h, 5 * HV_S);
	assert_int_equal(f->bed.back->stats_time, published);
}

static uint64_t engine_us(struct guest *g)
{
	return bed_stat(hosted_xs_str(g->bed->h, guest_back(g, "stats")), "engine-us");
}

/* Engines work without a word from anybody: it is told as long as they do, and what went before a new start counts. */
static void engine_time_is_told(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;

	hosted_advance(f->bed.h, 2 * HV_S);
	assert_int_equal(engine_us(g), 0);
	fake.tenants->time = 1500 * HV_US;
	hosted_enter(f->bed.h, f->bed.gpudom);
	vgpu_stats_dirty(f->bed.back, f->bed.back->devices[0]); /* as a doorbell does */
	hosted_leave();
	hosted_advance(f->bed.h, HV_S / 4);
	assert_int_equal(engine_us(g), 1500);
	for (unsigned int i = 0; i < 5; i++) {
		fake.tenants->time += 300 * HV_US;
		hosted_advance(f->bed.h, HV_S / 2);
		assert_in_range(engine_us(g), 1500 + 300 * i, 1800 + 300 * i);
	}
	hosted_advance(f->bed.h, 3 * HV_S);
	assert_int_equal(engine_us(g), 3000);
	/* And then no more: nothing is written when nothing happens. */
	nothing_is_told(f);
	leave(f);
}

/*
 * Nor does one who rings by itself say a word: the looks that find its work do. It is told twice a second, and
 * nothing is written while there is none.
 */
static void engine_time_without_doorbells(void **state)
{
	struct fixture *f = *state;
	struct guest *b = &f->b;
	struct gpu_tenant *tenant;
	unsigned int told = 0;
	uint64_t published;

	guest_policy(b, "test", "16777216", "100");
	guest_policy_set(b, "doorbell", "direct");
	guest_nodes(b);
	bed_run(b->bed);
	guest_connect(b);
	assert_int_equal(guest_space(b, &f->space), 0);
	tenant = fake.tenants;
	assert_true(tenant->worked && !tenant->next->worked);
	hosted_advance(f->bed.h, 5 * HV_S);
	published = f->bed.back->stats_time;
	for (unsigned int i = 1; i <= 60; i++) {
		tenant->time += 50 * HV_MS;
		hosted_enter(f->bed.h, f->bed.gpudom);
		tenant->worked(tenant->worked_arg);
		hosted_leave();
		hosted_advance(f->bed.h, 50 * HV_MS);
		told += f->bed.back->stats_time != published;
		published = f->bed.back->stats_time;
		assert_in_range(engine_us(b), i > 11 ? (i - 11) * 50000 : 0, i * 50000);
	}
	assert_in_range(told, 5, 7);
	hosted_advance(f->bed.h, 3 * HV_S);
	assert_int_equal(engine_us(b), 3000000);
	nothing_is_told(f);
	guest_unplug(b);
	leave(f);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup_with_space, teardown)
	const struct CMUnitTest tests[] = {
		T(direct_doorbells_have_values),
		T(channels_come_and_go),
		T(graphics_for_some),
		T(kept_addresses),
		T(policies_limit_channels_and_imports),
		T(bad_channels_are_refused),
		T(creation_can_fail),
		T(userd_is_the_guests_and_the_gpus),
		T(pages_that_stay_mapped_stay_theirs),
		T(doorbells_reach_their_channels),
		T(what_a_submission_costs),
		T(bells_for_nothing_are_braked),
		T(fast_submitters_share_events),
		T(honest_submitters_are_not_braked),
		T(new_channels_have_submitted_nothing),
		T(armed_channels_are_told_once),
		T(armed_for_nobody_is_ignored),
		T(each_guest_is_told_by_itself),
		T(bells_of_nobody_are_ignored),
		T(doorbells_do_not_wait_for_the_firmware),
		T(faults_are_told),
		T(early_faults_come_after_the_answer),
		T(fault_storms_are_braked),
		T(full_event_pages_drop),
		T(death_at_each_call),
		T(loss_of_the_gpu),
		T(breaking_the_protocol_with_channels),
		T(any_call_may_fail),
		T(engine_time_is_told),
		T(engine_time_without_doorbells),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
