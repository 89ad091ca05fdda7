/* SPDX-License-Identifier: MIT */
/*
 * The back driver in honest company: conversations, two guests side by side, closing and coming back,
 * death, loss of the GPU, and what a batch costs. Bytes are compared with the model's own memory, so
 * that "it read back" is not the only witness.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/vgpu_bed.h"

struct fixture {
	struct bed bed;
	struct guest a, b;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	bed_up(&f->bed, &bed_board);
	guest_new(&f->bed, &f->a);
	guest_new(&f->bed, &f->b);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bed_down(&f->bed);
	free(f);
	return 0;
}

static const char *stats(struct guest *g)
{
	hosted_advance(g->bed->h, HV_S);
	return hosted_xs_str(g->bed->h, guest_back(g, "stats"));
}

static const char *domain_stats(struct bed *bed, const char *key)
{
	char path[64];

	snprintf(path, sizeof(path), "/local/domain/%u/data/%s", bed->gpudom, key);
	return hosted_xs_str(bed->h, path);
}

/* Where a guest's slice lies in VRAM. */
static uint64_t slice_base(struct guest *g)
{
	return bed_stat(stats(g), "vram");
}

/* ---------------------------------------------------------------- conversation */

static void a_whole_conversation(void **state)
{
	struct fixture *f = *state;
	const uint8_t *vram = model_vram_ptr(f->bed.model);
	struct guest *g = &f->a;
	struct xenvgpu_info_resp info;
	uint32_t handle;
	uint8_t want[HV_PAGE_SIZE];
	uint64_t base;

	guest_plug(g, 8 * MIB);
	assert_string_equal(hosted_xs_str(f->bed.h, guest_back(g, "versions")), "1");
	assert_string_equal(hosted_xs_str(f->bed.h, guest_back(g, "feature-bar-copy")), "1");
	guest_connect(g);
	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.vram_size, 8 * MIB);
	assert_int_equal(info.vram_free, 8 * MIB);
	assert_int_equal(info.pmc_boot_42 >> 20 & 0x3ff, 0x172);
	assert_int_equal(info.pci_vendor, 0x10de);
	assert_int_equal(info.pci_device, 0x2235);
	assert_int_equal(info.copy_max, XENVGPU_COPY_MAX);
	assert_int_equal(info.max_objects, XENVGPU_MAX_OBJECTS);
	assert_int_equal(guest_ping(g, 0x123456789abcdefull), 0);

	assert_int_equal(guest_alloc(g, MIB, &handle), 0);
	assert_int_not_equal(handle, 0);
	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.vram_free, 7 * MIB);
	base = slice_base(g);
	assert_true(bed_is_zero(vram + base, 8 * MIB));

	bed_pattern(g->buf, MIB, 42);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, MIB), 0);
	assert_memory_equal(vram + base, g->buf, MIB);
	assert_true(bed_is_zero(vram + base + MIB, 7 * MIB));
	memset(g->buf, 0, MIB);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handle, 0, MIB), 0);
	assert_memory_equal(vram + base, g->buf, MIB);

	/* A small copy at an odd place: only its bytes move. */
	bed_pattern(want, sizeof(want), 43);
	memcpy(g->buf, want, sizeof(want));
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0x12344, 12), 0);
	assert_memory_equal(vram + base + 0x12344, want, 12);
	bed_pattern(g->buf, MIB, 42);
	assert_memory_equal(vram + base, g->buf, 0x12344);
	assert_memory_equal(vram + base + 0x12350, g->buf + 0x12350, MIB - 0x12350);

	assert_int_equal(guest_free(g, handle), 0);
	assert_true(bed_is_zero(vram + base, 8 * MIB));
	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.vram_free, 8 * MIB);
	assert_int_equal(guest_free(g, handle), -XEN_ENOENT);
	guest_close(g);
	bed_check_idle(&f->bed);
}

static void quotas_and_bounds(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t handle, handles[XENVGPU_MAX_OBJECTS];

	guest_plug(g, 32 * MIB);
	guest_connect(g);
	assert_int_equal(guest_alloc(g, 32 * MIB + XENVGPU_MEM_ALIGN, &handle), -XEN_ENOMEM);
	assert_int_equal(handle, 0);
	assert_int_equal(guest_alloc(g, 32 * MIB, &handle), 0);
	assert_int_equal(guest_alloc(g, XENVGPU_MEM_ALIGN, &handles[0]), -XEN_ENOMEM);
	assert_int_equal(guest_free(g, handle), 0);

	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++)
		assert_int_equal(guest_alloc(g, XENVGPU_MEM_ALIGN, &handles[i]), 0);
	assert_int_equal(guest_alloc(g, XENVGPU_MEM_ALIGN, &handle), -XEN_ENOSPC);
	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++)
		for (unsigned int j = 0; j < i; j++)
			assert_int_not_equal(handles[i], handles[j]);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handles[3], XENVGPU_MEM_ALIGN - 4, 4),
			 0);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handles[3], XENVGPU_MEM_ALIGN - 4, 8),
			 -XEN_EINVAL);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handles[3], XENVGPU_MEM_ALIGN, 4),
			 -XEN_EINVAL);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handles[3], UINT64_MAX - 7, 4),
			 -XEN_EINVAL);
	for (unsigned int i = 0; i < XENVGPU_MAX_OBJECTS; i++)
		assert_int_equal(guest_free(g, handles[i]), 0);
	/* In pieces no more: after all frees the whole is one again. */
	assert_int_equal(guest_alloc(g, 32 * MIB, &handle), 0);
}

/* A handle of before is not a handle of now, though index and memory are the same. */
static void stale_handles_are_dead(void **state)
{
	struct fixture *f = *state;
	uint32_t first, second;

	guest_plug(&f->a, MIB);
	guest_connect(&f->a);
	assert_int_equal(guest_alloc(&f->a, MIB, &first), 0);
	assert_int_equal(guest_free(&f->a, first), 0);
	assert_int_equal(guest_alloc(&f->a, MIB, &second), 0);
	assert_int_not_equal(first, second);
	assert_int_equal(guest_copy(&f->a, XENVGPU_OP_MEM_READ, first, 0, 4), -XEN_ENOENT);
	guest_close(&f->a);
	guest_state(&f->a, XenbusStateInitialising);
	guest_new_port(&f->a);
	guest_connect(&f->a);
	assert_int_equal(guest_alloc(&f->a, MIB, &first), 0);
	assert_int_equal(guest_free(&f->a, second), -XEN_ENOENT);
}

/* ---------------------------------------------------------------- two guests */

static void guests_do_not_meet(void **state)
{
	struct fixture *f = *state;
	const uint8_t *vram = model_vram_ptr(f->bed.model);
	uint32_t ha, hb, guess;
	uint64_t base_a, base_b;
	uint8_t *want = malloc(MIB);

	guest_plug(&f->a, 2 * MIB);
	guest_plug(&f->b, 3 * MIB);
	guest_connect(&f->a);
	guest_connect(&f->b);
	assert_int_equal(guest_alloc(&f->a, MIB, &ha), 0);
	bed_pattern(f->a.buf, MIB, 1);
	assert_int_equal(guest_copy(&f->a, XENVGPU_OP_MEM_WRITE, ha, 0, MIB), 0);

	/* B has no objects at all: no handle means anything to it, A's least of all. */
	for (guess = 0; guess < 1024; guess++) {
		assert_int_equal(guest_copy(&f->b, XENVGPU_OP_MEM_READ, guess, 0, 4), -XEN_ENOENT);
		assert_int_equal(guest_free(&f->b, guess), -XEN_ENOENT);
	}
	assert_int_equal(guest_copy(&f->b, XENVGPU_OP_MEM_WRITE, ha, 0, MIB), -XEN_ENOENT);

	/* The same number may name an object in both, but not the same one. */
	assert_int_equal(guest_alloc(&f->b, MIB, &hb), 0);
	bed_pattern(f->b.buf, MIB, 2);
	assert_int_equal(guest_copy(&f->b, XENVGPU_OP_MEM_WRITE, hb, 0, MIB), 0);
	base_a = slice_base(&f->a);
	base_b = slice_base(&f->b);
	assert_true(base_a + 2 * MIB <= base_b || base_b + 3 * MIB <= base_a);
	bed_pattern(want, MIB, 1);
	assert_memory_equal(vram + base_a, want, MIB);
	bed_pattern(want, MIB, 2);
	assert_memory_equal(vram + base_b, want, MIB);

	/* A's grants are no good in B's requests. */
	f->b.dir->gref[0] = 20000;
	assert_int_equal(guest_copy(&f->b, XENVGPU_OP_MEM_READ, hb, 0, 4096), -XEN_EFAULT);
	f->b.dir->gref[0] = f->b.buf_refs[0];

	/* What A leaves behind, B never sees. */
	guest_close(&f->a);
	assert_int_equal(guest_copy(&f->b, XENVGPU_OP_MEM_READ, hb, 0, MIB), 0);
	assert_memory_equal(f->b.buf, want, MIB);
	guest_close(&f->b);
	guest_unplug(&f->b);
	bed_run(&f->bed);
	guest_plug(&f->b, 180 * MIB); /* takes in what was A's */
	guest_new_port(&f->b);
	guest_connect(&f->b);
	assert_true(bed_is_zero(vram + slice_base(&f->b), 180 * MIB));
	free(want);
}

/* Copies of both in flight at once: they take turns, and neither waits for all of the other's. */
static void big_copies_take_turns(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_response rsp;
	struct xenvgpu_request req;
	uint32_t ha, hb;
	unsigned int rounds = 0;

	guest_plug(&f->a, 2 * MIB);
	guest_plug(&f->b, 2 * MIB);
	guest_connect(&f->a);
	guest_connect(&f->b);
	assert_int_equal(guest_alloc(&f->a, MIB, &ha), 0);
	assert_int_equal(guest_alloc(&f->b, MIB, &hb), 0);
	for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
		req = guest_copy_request(&f->a, XENVGPU_OP_MEM_WRITE, ha, 0, MIB);
		guest_put(&f->a, &req);
	}
	guest_push(&f->a);
	req = guest_copy_request(&f->b, XENVGPU_OP_MEM_WRITE, hb, 0, MIB);
	guest_put(&f->b, &req);
	guest_push(&f->b);
	while (f->b.sring->rsp_prod != f->b.prod) {
		hosted_run(f->bed.h, 1);
		rounds++;
		assert_true(rounds < 1000);
	}
	/* B's 16 pieces are through; A's 512 are not, and its batch is not answered. */
	assert_int_equal(f->a.sring->rsp_prod, 1); /* the MEM_ALLOC of before */
	assert_true(bed_stat(stats(&f->a), "bytes-written") == XENVGPU_RING_SLOTS * MIB);
	assert_true(guest_get(&f->b, &rsp));
	assert_int_equal(rsp.status, 0);
	for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
		assert_true(guest_get(&f->a, &rsp));
		assert_int_equal(rsp.status, 0);
	}
	assert_false(guest_get(&f->a, &rsp));
}

/* Three times the weight, three times the turns: more work is done sooner than less of the other's. */
static void weights_divide_the_turns(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_request req;
	uint32_t ha, hb;

	guest_policy(&f->a, "heavy", "1048576", "300");
	guest_policy(&f->b, "light", "1048576", "100");
	guest_nodes(&f->a);
	guest_nodes(&f->b);
	bed_run(&f->bed);
	guest_connect(&f->a);
	guest_connect(&f->b);
	assert_int_equal(guest_alloc(&f->a, MIB, &ha), 0);
	assert_int_equal(guest_alloc(&f->b, MIB, &hb), 0);
	/* 24 MiB for one, 10 MiB for the other: with equal turns the latter would be first. */
	req = guest_copy_request(&f->a, XENVGPU_OP_MEM_WRITE, ha, 0, MIB);
	for (unsigned int i = 0; i < 24; i++)
		guest_put(&f->a, &req);
	req = guest_copy_request(&f->b, XENVGPU_OP_MEM_WRITE, hb, 0, MIB);
	for (unsigned int i = 0; i < 10; i++)
		guest_put(&f->b, &req);
	guest_push(&f->a);
	guest_push(&f->b);
	for (unsigned int i = 0; f->a.sring->rsp_prod == 1; i++) {
		assert_int_equal(f->b.sring->rsp_prod, 1);
		assert_true(i < 100);
		hosted_run(f->bed.h, 1);
	}
	bed_run(&f->bed);
	assert_int_equal(f->b.sring->rsp_prod, 11);
}

/* ---------------------------------------------------------------- costs */

/* Hypercall numbers and sub-operations: xen/xen.h, xen/grant_table.h, xen/event_channel.h. */
#define GRANT_TABLE_OP	 20u
#define GNTTABOP_MAP	 0u
#define GNTTABOP_UNMAP	 1u
#define GNTTABOP_COPY	 5u
#define EVENT_CHANNEL_OP 32u
#define EVTCHNOP_SEND	 4u

static uint64_t gpudom_calls(struct bed *bed, unsigned int nr, unsigned int sub)
{
	uint64_t n;

	hosted_enter(bed->h, bed->gpudom);
	n = hv_hypercalls(nr, sub);
	hosted_leave();
	return n;
}

static uint64_t gpudom_all_calls(struct bed *bed)
{
	uint64_t n;

	hosted_enter(bed->h, bed->gpudom);
	n = hv_hypercalls_total();
	hosted_leave();
	return n;
}

/* A batch of requests: one event there, one back, and no grant is mapped or unmapped. */
static void one_event_per_batch(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_response rsp;
	uint64_t copies, sends, maps, sent;
	uint32_t handle;

	guest_plug(g, 4 * MIB);
	guest_connect(g);
	assert_int_equal(guest_alloc(g, MIB, &handle), 0);
	sent = bed_stat(stats(g), "events-sent");
	copies = gpudom_calls(&f->bed, GRANT_TABLE_OP, GNTTABOP_COPY);
	sends = gpudom_calls(&f->bed, EVENT_CHANNEL_OP, EVTCHNOP_SEND);
	maps = gpudom_calls(&f->bed, GRANT_TABLE_OP, GNTTABOP_MAP);
	for (unsigned int batch = 0; batch < 10; batch++) {
		unsigned int woken = g->wakeups;

		for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
			struct xenvgpu_request req = bed_request(XENVGPU_OP_PING);

			if (i % 4 == 0)
				req = guest_copy_request(g, XENVGPU_OP_MEM_WRITE, handle, 0, 65536);
			req.id = (uint16_t)i;
			guest_put(g, &req);
		}
		guest_push(g);
		bed_run(&f->bed);
		assert_int_equal(g->wakeups - woken, 1);
		for (unsigned int i = 0; i < XENVGPU_RING_SLOTS; i++) {
			assert_true(guest_get(g, &rsp));
			assert_int_equal(rsp.status, 0);
			assert_int_equal(rsp.id, i); /* in order, so far */
		}
	}
	/* 8 copies of 64 KiB a batch: one hypercall for each page list and one for its data. */
	assert_int_equal(gpudom_calls(&f->bed, GRANT_TABLE_OP, GNTTABOP_COPY) - copies, 10 * 8 * 2);
	assert_int_equal(gpudom_calls(&f->bed, EVENT_CHANNEL_OP, EVTCHNOP_SEND) - sends, 10);
	assert_int_equal(gpudom_calls(&f->bed, GRANT_TABLE_OP, GNTTABOP_MAP) - maps, 0);
	assert_int_equal(gpudom_calls(&f->bed, GRANT_TABLE_OP, GNTTABOP_UNMAP), 0);
	assert_int_equal(bed_stat(stats(g), "events-sent") - sent, 10);
	assert_int_equal(bed_stat(stats(g), "ring-batches"), 11);
}

/* What the domain tells about itself, and that telling it is no reason to tell it again. */
static void stats_come_when_something_happened(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	const char *text;
	char first[256];
	uint64_t calls;
	uint32_t handle;

	text = domain_stats(&f->bed, "xvgpu");
	assert_non_null(text);
	assert_ptr_equal(strstr(text, "state=running chip=GA102 family=ga102 pci=10de:2235 "),
			 text);
	assert_int_equal(bed_stat(text, "vram-total"), 191 * MIB);
	guest_plug(g, 4 * MIB);
	guest_connect(g);
	assert_int_equal(guest_alloc(g, MIB, &handle), 0);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, 4096), 0);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handle, 0, 8), 0);
	assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_READ, handle, MIB, 8), -XEN_EINVAL);

	snprintf(first, sizeof(first), "%s", stats(g));
	assert_int_equal(bed_stat(first, "used"), MIB);
	assert_int_equal(bed_stat(first, "requests"), 4);
	assert_int_equal(bed_stat(first, "refused"), 1);
	assert_int_equal(bed_stat(first, "bytes-written"), 4096);
	assert_int_equal(bed_stat(first, "bytes-read"), 8);
	assert_int_equal(bed_stat(first, "events-sent"), 4);
	/* Binding a port raises one event by itself (xen/common/event_channel.c). */
	assert_int_equal(bed_stat(first, "events-received"), 5);
	assert_int_equal(bed_stat(first, "ring-batches"), 4);
	assert_non_null(strstr(first, "+4194304 used="));

	text = domain_stats(&f->bed, "xvgpu");
	assert_int_equal(bed_stat(text, "vram-free"), 187 * MIB);
	assert_int_equal(bed_stat(text, "slices"), 1);
	assert_int_equal(bed_stat(text, "grants-mapped"), 2);
	assert_int_equal(bed_stat(text, "ports"), 1);
	assert_true(bed_stat(text, "hypercalls") > 0);
	assert_true(bed_stat(domain_stats(&f->bed, "xvgpu-hypercalls"), "20.0") == 1);

	/* Ten idle seconds: the once-a-second look at the device, and nothing else. */
	calls = gpudom_all_calls(&f->bed);
	hosted_log_clear(f->bed.h, f->bed.gpudom);
	assert_int_equal(hosted_advance(f->bed.h, 10 * HV_S), 0);
	assert_string_equal(hosted_xs_str(f->bed.h, guest_back(g, "stats")), first);
	assert_true(gpudom_all_calls(&f->bed) - calls <= 40);
	assert_string_equal(hosted_log(f->bed.h, f->bed.gpudom), "");
}

/* ---------------------------------------------------------------- life and death */

static void close_and_come_back(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t handle;

	guest_plug(g, 4 * MIB);
	for (unsigned int i = 0; i < 100; i++) {
		guest_connect(g);
		assert_int_equal(guest_alloc(g, MIB, &handle), 0);
		assert_int_equal(guest_copy(g, XENVGPU_OP_MEM_WRITE, handle, 0, 4096), 0);
		guest_close(g);
		bed_check_idle(&f->bed);
		guest_new_port(g);
		guest_state(g, XenbusStateInitialising);
		/* More often than twice in a while is looked at later, but is. */
		assert_int_equal(hosted_advance(f->bed.h, 200 * HV_MS), 0);
	}
	guest_unplug(g);
	bed_run(&f->bed);
	bed_check_idle(&f->bed);
}

/* The guest dies while its device is in this state. */
static void die_in(struct fixture *f, struct guest *g, unsigned int stage)
{
	struct xenvgpu_request req;
	uint32_t handle;

	guest_new(&f->bed, g);
	if (stage == 0) { /* in the middle of the scrub */
		guest_policy(g, "p", "67108864", "100");
		guest_nodes(g);
		hosted_run(f->bed.h, 3);
	} else {
		guest_plug(g, 64 * MIB);
	}
	if (stage == 2)
		guest_offer(g);
	if (stage == 3) { /* Initialised, and dead before the back looks */
		guest_offer(g);
		guest_write(g, "state", XenbusStateInitialised);
	}
	if (stage >= 4)
		guest_connect(g);
	if (stage == 5 || stage == 6) { /* in the middle of copies; of a scrub after MEM_FREE */
		assert_int_equal(guest_alloc(g, 60 * MIB, &handle), 0);
		for (unsigned int i = 0; i < 8; i++) {
			req = guest_copy_request(g, XENVGPU_OP_MEM_READ, handle, 0, MIB);
			if (stage == 6) {
				req = bed_request(XENVGPU_OP_MEM_FREE);
				req.op.mem_free.handle = handle;
			}
			guest_put(g, &req);
		}
		guest_push(g);
		hosted_run(f->bed.h, 1); /* 64 turns of 64 KiB or 256 KiB */
		assert_int_equal(g->sring->rsp_prod, 1);
	}
	if (stage == 7)
		guest_state(g, XenbusStateClosing);
	if (stage == 8)
		guest_close(g);
	hosted_domain_destroy(f->bed.h, g->dom);
	bed_run(&f->bed);
	/* The front's nodes go with the domain; everything is let go of, the toolstack tidies up. */
	bed_check_idle(&f->bed);
	guest_unplug(g);
	bed_run(&f->bed);
	bed_check_idle(&f->bed);
}

static void death_in_every_state_leaves_nothing(void **state)
{
	struct fixture *f = *state;
	struct hosted_usage before, after;
	struct guest g;

	guest_plug(&f->a, 4 * MIB);
	guest_connect(&f->a);
	hosted_usage(f->bed.h, f->bed.gpudom, &f->bed.idle);
	f->bed.idle_vram = gpu_vram_free_bytes(f->bed.gpu);
	hosted_advance(f->bed.h, HV_S);
	hosted_usage(f->bed.h, f->bed.gpudom, &before);
	for (unsigned int stage = 0; stage <= 8; stage++) {
		die_in(f, &g, stage);
		assert_int_equal(guest_ping(&f->a, stage), 0);
	}
	hosted_advance(f->bed.h, HV_S);
	hosted_usage(f->bed.h, f->bed.gpudom, &after);
	assert_int_equal(before.nodes, after.nodes);
	assert_int_equal(before.watches, after.watches);
	assert_int_equal(hosted_orphan_frames(f->bed.h), 0);
}

/* The toolstack unplugs: "online" goes to 0, a connected front is asked to close. */
static void unplug_in_good_order(void **state)
{
	struct fixture *f = *state;

	guest_plug(&f->a, 4 * MIB);
	guest_plug(&f->b, 4 * MIB);
	guest_connect(&f->a);
	hosted_xs_printf(f->bed.h, guest_back(&f->a, "online"), "0");
	hosted_xs_printf(f->bed.h, guest_back(&f->b, "online"), "0");
	bed_run(&f->bed);
	assert_int_equal(back_state(&f->a), XenbusStateClosing);
	assert_int_equal(back_state(&f->b), XenbusStateClosed); /* never connected */
	guest_state(&f->a, XenbusStateClosing);
	guest_state(&f->a, XenbusStateClosed);
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
	bed_check_idle(&f->bed);
	/* Not online: a front that wants to come back is not served. */
	guest_state(&f->a, XenbusStateInitialising);
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
	/* And online again: it is. */
	hosted_xs_printf(f->bed.h, guest_back(&f->a, "online"), "1");
	bed_run(&f->bed);
	guest_new_port(&f->a);
	guest_connect(&f->a);
}

/* A backend directory that the toolstack removed does not come back by our writing into it. */
static void removed_nodes_stay_removed(void **state)
{
	struct fixture *f = *state;

	guest_plug(&f->a, 4 * MIB);
	guest_connect(&f->a);
	assert_int_equal(guest_ping(&f->a, 1), 0); /* stats are due now */
	hosted_xs_rm(hosted_xs_of(f->bed.h), 0, HV_XS_NONE, guest_back(&f->a, ""));
	assert_int_equal(hosted_advance(f->bed.h, 2 * HV_S), 0);
	assert_null(hosted_xs_str(f->bed.h, guest_back(&f->a, "")));
	bed_check_idle(&f->bed);
}

/* Unplugged and plugged again before the back looks: another device, with another policy. */
static void replugged_between_two_looks(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	struct xenvgpu_info_resp info;

	guest_plug(g, 4 * MIB);
	guest_connect(g);
	guest_unplug(g);
	guest_plug(g, 8 * MIB);
	guest_new_port(g);
	guest_connect(g);
	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.vram_size, 8 * MIB);
	guest_unplug(g);
	/* And in the middle of the scrub. */
	guest_policy(g, "p", "67108864", "100");
	guest_nodes(g);
	hosted_run(f->bed.h, 2);
	guest_unplug(g);
	guest_plug(g, 2 * MIB);
	guest_new_port(g);
	guest_connect(g);
	assert_int_equal(guest_info(g, &info), 0);
	assert_int_equal(info.vram_size, 2 * MIB);
}

static void refused_devices_say_why(void **state)
{
	struct fixture *f = *state;
	const char *error;

	guest_plug(&f->a, 1024 * MIB); /* more than there is */
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
	error = hosted_xs_str(f->bed.h, guest_back(&f->a, "error"));
	assert_non_null(strstr(error, "1073741824 bytes of VRAM wanted"));
	bed_check_idle(&f->bed);

	guest_nodes(&f->b); /* no policy */
	bed_run(&f->bed);
	assert_int_equal(back_state(&f->b), XenbusStateClosed);
	error = hosted_xs_str(f->bed.h, guest_back(&f->b, "error"));
	assert_non_null(strstr(error, "/xvgpu/"));
	assert_non_null(strstr(error, "is missing or not readable"));

	/* The policy is mended, the front tries again. */
	guest_policy(&f->b, "p", "65536", "1");
	guest_state(&f->b, XenbusStateClosed);
	guest_state(&f->b, XenbusStateInitialising);
	guest_connect(&f->b);
}

/* Memory that does not clear is not given out, neither first nor after a MEM_FREE. */
static void bad_vram_is_not_given_out(void **state)
{
	struct fixture *f = *state;
	struct guest *g = &f->a;
	uint32_t handle;
	char fault[64];

	assert_int_equal(model_fault_set(f->bed.model, "flip-vram-write=0x123456"), 0);
	guest_plug(g, 4 * MIB);
	assert_int_equal(back_state(g), XenbusStateClosed);
	assert_non_null(
		strstr(hosted_xs_str(f->bed.h, guest_back(g, "error")), "did not hold zeros"));
	/* The range is gone for good: next time it gets another. */
	guest_state(g, XenbusStateClosed);
	guest_state(g, XenbusStateInitialising);
	guest_connect(g);
	assert_true(slice_base(g) >= 4 * MIB);

	assert_int_equal(guest_alloc(g, MIB, &handle), 0);
	snprintf(fault, sizeof(fault), "flip-vram-write=%" PRIu64, slice_base(g) + 77);
	assert_int_equal(model_fault_set(f->bed.model, fault), 0);
	assert_int_equal(guest_free(g, handle), -XEN_EIO);
	assert_int_equal(guest_free(g, handle), -XEN_ENOENT);
	assert_int_equal(guest_alloc(g, 4 * MIB, &handle), -XEN_ENOMEM);
	assert_int_equal(guest_alloc(g, 3 * MIB, &handle), 0);
	guest_close(g);
	assert_int_equal(gpu_vram_free_bytes(f->bed.gpu), 191 * MIB - 8 * MIB);
}

/* ---------------------------------------------------------------- loss */

static void check_told(struct guest *g, uint32_t reason)
{
	assert_int_equal(g->events->in_prod, 1);
	assert_int_equal(g->events->event[0].id, 0);
	assert_int_equal(g->events->event[0].type, XENVGPU_EVT_LOST);
	assert_int_equal(g->events->event[0].op.lost.reason, reason);
}

static void a_lost_gpu_is_told_to_all(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_request req;
	struct guest c;
	uint32_t handle, command;
	unsigned int woken;

	guest_new(&f->bed, &c);
	guest_plug(&f->a, 4 * MIB);
	guest_plug(&f->b, 4 * MIB);
	guest_plug(&c, 4 * MIB); /* offered, never connects */
	guest_connect(&f->a);
	guest_connect(&f->b);
	assert_int_equal(guest_alloc(&f->a, MIB, &handle), 0);
	req = guest_copy_request(&f->a, XENVGPU_OP_MEM_WRITE, handle, 0, MIB);
	woken = f->b.wakeups;

	hosted_enter(f->bed.h, f->bed.gpudom);
	hv_pci_cfg_read(f->bed.pci, 4, 2, &command);
	hv_pci_cfg_write(f->bed.pci, 4, 2, command & ~4u);
	hosted_leave();
	assert_int_equal(hosted_advance(f->bed.h, 1500 * HV_MS), 0);
	check_told(&f->a, XENVGPU_LOST_BUS);
	check_told(&f->b, XENVGPU_LOST_BUS);
	assert_true(f->b.wakeups > woken);
	assert_int_equal(back_state(&f->a), XenbusStateClosing);
	assert_int_equal(back_state(&f->b), XenbusStateClosing);
	assert_int_equal(back_state(&c), XenbusStateClosed);
	assert_non_null(strstr(hosted_xs_str(f->bed.h, guest_back(&f->a, "error")), "GPU is lost"));
	assert_ptr_equal(strstr(domain_stats(&f->bed, "xvgpu"), "state=lost "),
			 domain_stats(&f->bed, "xvgpu"));

	/* Nothing is served any more; the fronts let go, and everything comes back. */
	guest_put(&f->a, &req);
	guest_push(&f->a);
	bed_run(&f->bed);
	assert_int_equal(f->a.sring->rsp_prod, 1); /* the MEM_ALLOC of before */
	guest_close(&f->a);
	guest_close(&f->b);
	bed_check_idle(&f->bed);

	/* The domain lives, and tells newcomers why it has nothing for them. */
	guest_state(&f->a, XenbusStateInitialising);
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
	assert_non_null(strstr(hosted_xs_str(f->bed.h, guest_back(&f->a, "error")), "GPU is lost"));
}

static void a_gpu_lost_in_a_copy(void **state)
{
	struct fixture *f = *state;
	struct xenvgpu_response rsp;
	struct xenvgpu_request req;
	uint32_t handle;

	guest_plug(&f->a, 4 * MIB);
	guest_connect(&f->a);
	assert_int_equal(guest_alloc(&f->a, MIB, &handle), 0);
	req = guest_copy_request(&f->a, XENVGPU_OP_MEM_READ, handle, 0, MIB);
	guest_put(&f->a, &req);
	guest_push(&f->a);
	model_flr(f->bed.model);
	bed_run(&f->bed);
	/* Whether the answer still came or not: ones were not passed off as data. */
	if (guest_get(&f->a, &rsp))
		assert_int_equal(rsp.status, -XEN_ENODEV);
	check_told(&f->a, XENVGPU_LOST_BUS);
	assert_int_equal(back_state(&f->a), XenbusStateClosing);
}

static void a_gpu_lost_in_a_scrub(void **state)
{
	struct fixture *f = *state;

	guest_policy(&f->a, "p", "67108864", "100");
	guest_nodes(&f->a);
	hosted_run(f->bed.h, 3);
	model_flr(f->bed.model);
	bed_run(&f->bed);
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
	bed_check_idle(&f->bed);
}

/* A clean stop: guests are told, the back's ends are Closed, nothing stays mapped. */
static void stopping_tells_the_guests(void **state)
{
	struct fixture *f = *state;
	struct hosted_usage usage;

	guest_plug(&f->a, 4 * MIB);
	guest_plug(&f->b, 4 * MIB);
	guest_connect(&f->a);
	hosted_enter(f->bed.h, f->bed.gpudom);
	vgpu_back_stop(f->bed.back);
	hosted_leave();
	bed_run(&f->bed);
	check_told(&f->a, XENVGPU_LOST_RESET);
	hosted_enter(f->bed.h, f->bed.gpudom);
	vgpu_back_free(f->bed.back);
	hosted_leave();
	assert_int_equal(back_state(&f->a), XenbusStateClosed);
	assert_int_equal(back_state(&f->b), XenbusStateClosed);
	assert_ptr_equal(strstr(domain_stats(&f->bed, "xvgpu"), "state=stopping "),
			 domain_stats(&f->bed, "xvgpu"));
	hosted_usage(f->bed.h, f->bed.gpudom, &usage);
	assert_int_equal(usage.maps, 0);
	assert_int_equal(gpu_vram_free_bytes(f->bed.gpu), f->bed.idle_vram);
	hosted_enter(f->bed.h, f->bed.gpudom);
	assert_int_equal(vgpu_back_start(f->bed.gpu, NULL, &f->bed.back), 0);
	hosted_leave();
}

/* As many devices as there may be, and one more. */
static void device_limit(void **state)
{
	struct fixture *f = *state;
	struct guest *g = calloc(9, sizeof(*g));

	for (unsigned int i = 0; i < 9; i++) {
		guest_new(&f->bed, &g[i]);
		for (g[i].index = 0; g[i].index < XENVGPU_MAX_DEVICES; g[i].index++) {
			guest_plug(&g[i], XENVGPU_MEM_ALIGN);
			if (i < 8)
				assert_int_equal(back_state(&g[i]), XenbusStateInitWait);
			else
				assert_int_equal(back_state(&g[i]), XenbusStateInitialising);
		}
	}
	assert_true(hosted_log_count(f->bed.h, f->bed.gpudom, "64 devices are the limit") > 0);
	/* One goes, and the next scan finds room. */
	g[0].index = 0;
	guest_unplug(&g[0]);
	bed_run(&f->bed);
	g[8].index = 0;
	assert_int_equal(back_state(&g[8]), XenbusStateInitWait);
	free(g);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(a_whole_conversation),	T(quotas_and_bounds),
		T(stale_handles_are_dead),	T(guests_do_not_meet),
		T(big_copies_take_turns),	T(weights_divide_the_turns),
		T(one_event_per_batch),		T(stats_come_when_something_happened),
		T(close_and_come_back),		T(death_in_every_state_leaves_nothing),
		T(unplug_in_good_order),	T(removed_nodes_stay_removed),
		T(replugged_between_two_looks), T(refused_devices_say_why),
		T(bad_vram_is_not_given_out),	T(a_lost_gpu_is_told_to_all),
		T(a_gpu_lost_in_a_copy),	T(a_gpu_lost_in_a_scrub),
		T(stopping_tells_the_guests),	T(device_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
