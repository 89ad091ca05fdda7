/* SPDX-License-Identifier: MIT */
/*
 * fuzz_vgpu_ring.c - a guest's whole side of the ring, against the real back driver.
 *
 * COVERS: gpu/vgpu/device.c gpu/vgpu/ring.c gpu/vgpu/request.c gpu/vgpu/copy.c gpu/vgpu/event.c gpu/vgpu/page_list.c gpu/vgpu/import.c gpu/vgpu/space.c gpu/vgpu/spans.c gpu/vgpu/bind.c gpu/vgpu/channel.c gpu/vgpu/tenant.c gpu/vgpu/userd.c gpu/vgpu/brake.c gpu/vgpu/completion.c iommu/iommu.c
 *
 * The input is a program: each step is an operation byte and its arguments. The guest writes anything
 * into the ring page, the event page and its page list, makes requests well and badly formed, sends
 * events, rings doorbells, waits for completions, offers rings, and goes through states in any order; the GPU may break or vanish.
 * Behind the back driver are the GPU model and the real core, but for spaces and channels: there the core is a
 * fake that refuses, fails, or answers when the input says so, and channels fault.
 *
 * Beyond sanitizers, each run checks that the neighbour's memory and traffic are untouched, that no page goes
 * while the device may use it, and that nothing of the hostile guest's is left when it is unplugged.
 */
#include <stddef.h>
#include <stdint.h>

#include "tests/unit/core_fake.h"
#include "tests/unit/vgpu_calls.h"

#define SLICE	   (16ull * XENVGPU_MEM_ALIGN)
#define MAX_STEPS  256
#define GOOD_BYTES 4096u

static struct bed bed;
static struct guest good, evil;
static uint64_t good_base;

struct input {
	const uint8_t *data;
	size_t len;
};

static uint64_t take(struct input *in, unsigned int bytes)
{
	uint64_t v = 0;

	while (bytes-- && in->len) {
		v = v << 8 | *in->data++;
		in->len--;
	}
	return v;
}

static void take_bytes(struct input *in, uint8_t *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (uint8_t)take(in, 1);
}

static void fixture_up(void)
{
	uint32_t handle;

	fake_bed_up(&bed, &bed_board);
	guest_new(&bed, &good);
	guest_plug(&good, SLICE);
	guest_connect(&good);
	BED_CHECK(!guest_alloc(&good, SLICE, &handle));
	bed_pattern(good.buf, GOOD_BYTES, 1);
	BED_CHECK(!guest_copy(&good, XENVGPU_OP_MEM_WRITE, handle, 0, GOOD_BYTES));
	hosted_advance(bed.h, HV_S);
	good_base = bed_stat(hosted_xs_str(bed.h, guest_back(&good, "stats")), "vram");
	hosted_usage(bed.h, bed.gpudom, &bed.idle);
	bed.idle_vram = gpu_vram_free_bytes(bed.gpu);
	guest_new(&bed, &evil);
}

/* What a run knows. */
struct run {
	struct input in;
	uint32_t handle; /* of an object, perhaps */
	uint32_t pages, space, channel;
	hv_gref_t userd;
	struct hv_grant_map map; /* of it, while va is set */
	bool spoiled;		 /* the board is broken or gone: a new one for the next run */
};

/* The guest's view of a USERD page, which it may keep. */
static void unmap_userd(struct run *r)
{
	if (!r->map.va)
		return;
	hosted_enter(bed.h, evil.dom);
	hv_grant_unmap(&r->map, 1);
	hosted_leave();
	r->map.va = NULL;
}

static void map_userd(struct run *r)
{
	unmap_userd(r);
	hosted_enter(bed.h, evil.dom);
	r->map = (struct hv_grant_map){.dom = bed.gpudom, .ref = r->userd, .flags = HV_MAP_HOST};
	if (hv_grant_map(&r->map, 1))
		r->map.va = NULL;
	hosted_leave();
	if (r->map.va)
		memset(r->map.va, (int)take(&r->in, 1), HV_PAGE_SIZE);
}

/* A request of feature-channels that is nearly right. */
static void put_channel_request(struct run *r)
{
	struct xenvgpu_request req =
		bed_request((uint8_t)(XENVGPU_OP_MEM_IMPORT + take(&r->in, 1) % 7));

	switch (req.operation) {
	case XENVGPU_OP_MEM_IMPORT:
		req.op.mem_import.gref_directory = evil.dir_ref;
		req.op.mem_import.pages = (uint32_t)take(&r->in, 2);
		req.op.mem_import.flags = (uint32_t)take(&r->in, 1) & 3;
		break;
	case XENVGPU_OP_SPACE_DESTROY:
		req.op.space_destroy.space = r->space;
		break;
	case XENVGPU_OP_BIND:
		req.op.bind.space = r->space;
		req.op.bind.gref = evil.buf_refs[BED_PAGES - 1];
		req.op.bind.count = (uint32_t)take(&r->in, 1);
		break;
	case XENVGPU_OP_CHANNEL_CREATE:
		/* 0: graphics; 11: copies; else none. */
		req = guest_channel_request(r->space, FAKE_GRAPHICS - (uint32_t)take(&r->in, 1),
					    take(&r->in, 1) << 20);
		break;
	case XENVGPU_OP_CHANNEL_DESTROY:
		req.op.channel_destroy.channel = r->channel;
		break;
	default:
		break;
	}
	guest_put(&evil, &req);
}

/* One of the changes that BIND will find in its page. */
static void write_bind(struct run *r)
{
	struct xenvgpu_bind *bind =
		(struct xenvgpu_bind *)(evil.buf + (BED_PAGES - 1) * (size_t)HV_PAGE_SIZE) +
		take(&r->in, 1) % XENVGPU_MAX_BINDS;
	uint8_t kind = (uint8_t)take(&r->in, 1);
	static const uint8_t shifts[] = {12, 12, 16, 21};

	*bind = (struct xenvgpu_bind){
		.operation = kind % 8,
		.page_shift = shifts[kind / 8 % 4],
		.flags = kind / 64 % 2,
		.va = take(&r->in, 2) << 16,
		.size = take(&r->in, 2) << 12,
	};
	if (bind->operation != XENVGPU_BIND_MAP)
		return;
	bind->handle = kind / 128 ? r->pages : r->handle;
	bind->offset = take(&r->in, 1) << 12;
}

/* What the core does from now on with calls of a kind. */
static void temper(struct run *r)
{
	static const int errors[] = {0, -ENOMEM, -ENODEV, -EIO, -EBUSY, -ENOSPC, -EDQUOT, -ENOENT};
	uint8_t call = (uint8_t)take(&r->in, 1), how = (uint8_t)take(&r->in, 1);

	call %= FAKE_CALLS;
	fake.late = how >> 7;
	fake.silent[call] = how >> 6 & 1;
	fake.fail[call] = errors[how >> 3 & 7];
	fake.refuse[call] = errors[how & 7];
	fake.refuse_after[call] = (unsigned int)take(&r->in, 1) % 16;
	/* What it never says: a space that has no channel is not busy; an unmap that fails is a loss. */
	if (call == FAKE_UNMAP || call == FAKE_RELEASE || call == FAKE_COMMIT)
		fake.refuse[call] = fake.refuse[call] ? -ENODEV : 0;
}

static void fault(struct run *r)
{
	struct gpu_channel *channel = NULL;
	unsigned int n = (unsigned int)take(&r->in, 1) % 8;

	for (struct gpu_tenant *t = fake.tenants; t; t = t->next) {
		for (struct gpu_channel *c = t->channels; c && !t->ending && !t->gone; c = c->next)
			channel = c->gone || (channel && !n--) ? channel : c;
	}
	if (channel)
		fake_fault(&bed, channel, 31);
}

/* Unplugged, and plugged in again, with whatever is under way. */
static void replug(void)
{
	guest_unplug(&evil);
	bed_run(&bed);
	guest_plug(&evil, SLICE);
	guest_new_port(&evil);
	guest_offer(&evil);
	guest_state(&evil, XenbusStateInitialised);
}

/* The toolstack unplugs, or allows something else; or the guest changes its state faster than it is looked at. */
static void toolstack(struct run *r)
{
	static const char *const sizes[] = {"0", "65536", "9223372036854710272"};
	unsigned int what = (unsigned int)take(&r->in, 1);

	switch (what % 4) {
	case 0:
	case 1:
		hosted_xs_printf(bed.h, guest_back(&evil, "online"), "%u", what % 4);
		break;
	case 2:
		guest_policy(&evil, "small", sizes[what / 4 % 3], "100");
		break;
	default:
		for (unsigned int i = 0; i < 100; i++) {
			guest_write(&evil, "state",
				    i % 2 ? XenbusStateInitialising : XenbusStateClosed);
			hosted_run(bed.h, 4);
		}
		break;
	}
}

/* A request that is nearly right: the fields that matter, from the input. */
static void put_request(struct run *r)
{
	struct xenvgpu_request req = bed_request((uint8_t)(XENVGPU_OP_INFO + take(&r->in, 1) % 7));

	switch (req.operation) {
	case XENVGPU_OP_MEM_ALLOC:
		req.op.mem_alloc.size = take(&r->in, 1) * (uint64_t)(XENVGPU_MEM_ALIGN / 2);
		break;
	case XENVGPU_OP_MEM_FREE:
		req.op.mem_free.handle = r->handle;
		break;
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		req = guest_copy_request(&evil, req.operation, r->handle, take(&r->in, 1) << 10,
					 (uint32_t)take(&r->in, 2) << 2);
		break;
	case XENVGPU_OP_PING:
		req.op.ping.cookie = take(&r->in, 2);
		break;
	default:
		break;
	}
	guest_put(&evil, &req);
}

/* A ring and event page anew, perhaps with a reference or port that is not one. */
static void offer(struct input *in)
{
	static const char *const keys[] = {"version", "ring-ref", "event-page-ref",
					   "event-channel"};
	uint8_t which = (uint8_t)take(in, 1);

	guest_state(&evil, XenbusStateClosed);
	guest_state(&evil, XenbusStateInitialising);
	guest_new_port(&evil);
	guest_offer(&evil);
	if (which % 8 < 4)
		guest_write(&evil, keys[which % 8], take(in, 2));
	guest_state(&evil, XenbusStateInitialised);
}

static void read_answers(struct run *r)
{
	struct xenvgpu_response rsp;

	for (unsigned int i = 0; i < XENVGPU_RING_SLOTS && guest_get(&evil, &rsp); i++) {
		if (rsp.status)
			continue;
		if (rsp.operation == XENVGPU_OP_MEM_ALLOC)
			r->handle = rsp.op.mem_alloc.handle;
		if (rsp.operation == XENVGPU_OP_MEM_IMPORT)
			r->pages = rsp.op.mem_import.handle;
		if (rsp.operation == XENVGPU_OP_SPACE_CREATE)
			r->space = rsp.op.space_create.space;
		if (rsp.operation == XENVGPU_OP_CHANNEL_CREATE) {
			r->channel = rsp.op.channel_create.channel;
			r->userd = rsp.op.channel_create.userd_gref;
		}
	}
}

static void spoil(struct run *r)
{
	char fault[64];

	r->spoiled = true;
	if (take(&r->in, 1) % 2) {
		model_flr(bed.model);
		return;
	}
	snprintf(fault, sizeof(fault), "flip-vram-write=%u",
		 (unsigned int)(SLICE + 4 * (uint64_t)XENVGPU_MEM_ALIGN -
				(uint64_t)XENVGPU_MEM_ALIGN * (take(&r->in, 1) % 5) - 1));
	BED_CHECK(!model_fault_set(bed.model, fault));
}

/* Waits for completions, of channels that may not be there; and some come. */
static void complete(uint32_t what)
{
	evil.events->armed[what % 2] = what & 2 ? UINT32_MAX : what;
	fake_awaken(&bed, what >> 2);
}

static void step(struct run *r)
{
	struct input *in = &r->in;
	struct xenvgpu_request req;
	size_t offset;

	switch (take(in, 1) % 25) {
	case 0: /* raw bytes anywhere in the ring page */
		offset = take(in, 2) % HV_PAGE_SIZE;
		take_bytes(in, (uint8_t *)evil.sring + offset,
			   (size_t)take(in, 1) % (HV_PAGE_SIZE - offset));
		break;
	case 1: /* a request of any 64 bytes */
		take_bytes(in, (uint8_t *)&req, sizeof(req));
		guest_put(&evil, &req);
		break;
	case 2:
	case 3:
	case 4:
		put_request(r);
		break;
	case 5: /* publish, event if asked for; all is served and read */
		guest_push(&evil);
		bed_run(&bed);
		read_answers(r);
		break;
	case 6: /* the same, but nobody waits */
		guest_push(&evil);
		break;
	case 7: /* publish any index */
		evil.sring->req_prod = (uint32_t)take(in, 4);
		guest_send(&evil);
		break;
	case 8: /* events, each taken on its own */
		for (unsigned int n = (unsigned int)take(in, 1); n; n--) {
			guest_send(&evil);
			hosted_run(bed.h, 1);
		}
		break;
	case 9: /* some turns, and no more: the rest comes in between the next steps */
		hosted_run(bed.h, 1 + (unsigned int)take(in, 1) % 8);
		break;
	case 10:
		read_answers(r);
		break;
	case 11: /* the page list */
		offset = take(in, 1);
		evil.dir->gref[offset] =
			take(in, 1) % 2 ? (uint32_t)take(in, 4) : evil.buf_refs[offset];
		evil.dir->gref_dir_next_page = offset == 255;
		break;
	case 12: /* the event page's indices */
		evil.events->in_cons = (uint32_t)take(in, 4);
		evil.events->in_prod = (uint32_t)take(in, 4);
		break;
	case 13: /* states and time */
		offset = take(in, 1);
		guest_write(&evil, "state", offset % 16);
		hosted_advance(bed.h, (offset >> 4) * 5 * HV_MS);
		break;
	case 14:
		offer(in);
		break;
	case 15:
		offset = take(in, 1);
		if (offset == 0xee)
			spoil(r);
		else if (offset < 0x80)
			complete((uint32_t)offset);
		break;
	case 16:
		put_channel_request(r);
		break;
	case 17:
		write_bind(r);
		break;
	case 18: /* doorbells */
		evil.events->doorbell[0] = (uint32_t)take(in, 1);
		evil.events->doorbell[1] = (uint32_t)take(in, 1) << 24;
		guest_send(&evil);
		break;
	case 19:
		temper(r);
		break;
	case 20:
		fake_speak(&bed);
		break;
	case 21:
		fault(r);
		break;
	case 22:
		replug();
		break;
	case 24:
		toolstack(r);
		break;
	default:
		if (take(in, 1) % 2)
			map_userd(r);
		else
			unmap_userd(r);
		break;
	}
	if (!r->spoiled)
		fake_check(&bed);
}

static void check_good(void)
{
	static uint8_t want[GOOD_BYTES];

	bed_pattern(want, sizeof(want), 1);
	BED_CHECK(!memcmp((uint8_t *)model_vram_ptr(bed.model) + good_base, want, sizeof(want)));
	BED_CHECK(!guest_ping(&good, 7));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run r = {.in = {data, size}, .handle = 0x100};

	if (!bed.h)
		fixture_up();
	memset(evil.buf + (BED_PAGES - 1) * (size_t)HV_PAGE_SIZE, 0, HV_PAGE_SIZE);
	for (unsigned int i = 0; i < BED_PAGES; i++)
		evil.dir->gref[i] = evil.buf_refs[i];
	evil.dir->gref_dir_next_page = 0;
	guest_plug(&evil, SLICE);
	guest_new_port(&evil);
	guest_connect(&evil);
	for (unsigned int i = 0; i < MAX_STEPS && r.in.len; i++)
		step(&r);
	hosted_advance(bed.h, HV_S); /* masks come off, work ends */
	unmap_userd(&r);
	if (r.spoiled) {
		fake_bed_down(&bed);
		memset(&bed, 0, sizeof(bed));
		return 0;
	}
	check_good();
	guest_unplug(&evil);
	bed_run(&bed);
	memset(fake.refuse, 0, sizeof(fake.refuse));
	memset(fake.fail, 0, sizeof(fake.fail));
	fake_speak(&bed); /* all that was held back, and so all ends */
	hosted_advance(bed.h, 2 * HV_S);
	BED_CHECK(!fake_tenants());
	bed_check_idle(&bed);
	fake_sweep(false);
	fake.late = false;
	hosted_log_clear(bed.h, bed.gpudom);
	return 0;
}
