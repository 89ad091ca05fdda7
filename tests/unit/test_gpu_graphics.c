/* SPDX-License-Identifier: MIT */
/*
 * Channels for graphics, with running firmware: contexts are each channel's own and nobody can reach them; a channel
 * takes methods of all classes of graphics; whatever does not go as it should, nothing of a context is left.
 *
 * The model looks at every switch whether a context is as it was left (tests/model/gr_context.h): that it found
 * nothing is asked at the end of each test.
 */
#include <errno.h>

#include "gpu/core/gr/graphics.h"
#include "tests/unit/channel_bed.h"

#define D3	 0xc797u
#define SIZES	 "0x20800a32"
#define PROMOTES "0x2080012b"
#define STOPS	 "0x2080110b"

/* The chip's, as GPU_CHIP_CLASSES() lists them. */
enum { ON_3D, ON_COMPUTE, ON_2D, ON_INLINE };

static uint32_t class_of(const struct channel_bed *bed, unsigned int on)
{
	const struct gpu_classes *classes = gpu_classes(bed->boot->gpu);

	assert_int_equal(gpu_class_kind(bed->boot->gpu, classes->engine[1 + on]),
			 GPU_KIND_GRAPHICS);
	return classes->engine[1 + on];
}

static struct bed_channel *graphics_up(struct bed_tenant *t, unsigned int i, uint32_t class_id)
{
	struct bed_channel *c = bed_channel_ask_for(t, i, class_id);

	bed_until_called(&c->ready);
	assert_int_equal(c->err, 0);
	return c;
}

static struct model_host *host(const struct channel_bed *bed)
{
	return bed->boot->model->host;
}

static void down(struct channel_bed *bed)
{
	assert_int_equal(host(bed)->context_errors, 0);
	channel_bed_down(bed);
}

static volatile uint32_t *data(const struct bed_tenant *t, uint32_t offset)
{
	return (void *)((char *)t->system.va + SYSTEM_DATA + offset);
}

/* Words by three of the classes, on to video memory by the fourth, and semaphores of two: all by one channel. */
static void draws(struct bed_channel *c, uint32_t value)
{
	static const uint32_t subchannels[] = {PUSH_3D, PUSH_COMPUTE, PUSH_INLINE};
	static const uint32_t on[] = {ON_3D, ON_COMPUTE, ON_INLINE};
	uint32_t at = 0x100u * c->i, words[4];
	struct bed_tenant *t = c->owner;
	struct push p = bed_push(c);

	push_set_object(&p, PUSH_2D, class_of(t->bed, ON_2D));
	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t w = 0; w < 4; w++)
			words[w] = value + 4 * i + w;
		push_set_object(&p, subchannels[i], class_of(t->bed, on[i]));
		push_inline(&p, subchannels[i], SYSTEM_VA + SYSTEM_DATA + at + 16ull * i, words, 4);
	}
	push_inline(&p, PUSH_INLINE, DATA_VA + at, words, 4);
	push_report(&p, PUSH_3D, SYSTEM_VA + SYSTEM_DATA + at + 64, value);
	push_report(&p, PUSH_COMPUTE, SYSTEM_VA + SYSTEM_DATA + at + 68, value + 1);
	push_release(&p, SYSTEM_VA + SEM_AT(c->i), value);
	bed_run(c, &p);
	assert_int_equal(bed_sem(c), value);
	for (uint32_t i = 0; i < 12; i++)
		assert_int_equal(*data(t, at + 4 * i), value + i);
	assert_int_equal(*data(t, at + 64), value);
	assert_int_equal(*data(t, at + 68), value + 1);
	assert_int_equal(gpu_vram_read(t->bed->boot->gpu, t->data.base + at, words, 16), 0);
	assert_int_equal(words[3], value + 11);
}

static void they_draw(void **state)
{
	(void)state;
	/* Each version, then each chip. */
	for (unsigned int v = 0; v < BED_VERSIONS + BOOT_BOARDS - 1; v++) {
		struct channel_bed bed =
			v < BED_VERSIONS
				? channel_bed_up(bed_versions[v])
				: channel_bed_up_on(&boot_boards[v - BED_VERSIONS + 1], "570.144");
		struct bed_tenant *a = bed_tenant_up_with(&bed, 0, 3),
				  *b = bed_tenant_up_with(&bed, 1, 2);
		struct bed_channel *c[4];
		uint64_t loaded = host(&bed)->contexts_loaded;

		/* Which of the classes it was asked for makes no difference. */
		for (unsigned int i = 0; i < 4; i++)
			c[i] = graphics_up(i % 2 ? b : a, i / 2, class_of(&bed, i));
		assert_int_not_equal(c[0]->ch->group, c[2]->ch->group);
		for (uint32_t n = 0; n < 40; n++)
			draws(c[n % 4], 0x10000 * n);
		assert_int_equal(host(&bed)->contexts_loaded, loaded + 40);
		/* Others come and go meanwhile. */
		assert_int_equal(bed_channel_end(c[2]), 0);
		draws(c[0], 7);
		c[2] = graphics_up(a, 5, class_of(&bed, ON_3D));
		assert_true(bed_works(bed_channel_up(a, 6), 12));
		for (uint32_t n = 0; n < 8; n++)
			draws(c[n % 4], 0x100000 * n);
		for (unsigned int i = 0; i < 4; i++)
			assert_int_equal(c[i]->faults, 0);
		assert_int_equal(bed_tenant_end(a), 0);
		draws(c[1], 8);
		assert_int_equal(bed_tenant_end(b), 0);
		down(&bed);
	}
}

/* ---------------------------------------------------------------- what is hidden */

/* The start of each part that is shown, in the window of a channel. */
static uint64_t part(const struct bed_channel *c, enum gpu_context_part i)
{
	uint64_t start, end;

	gpu_vm_kept(c->owner->vm, &start, &end);
	return start + c->ch->slot * GPU_KEPT_WINDOW +
	       gpu_rm_graphics(c->owner->bed->rm)->layout.part[i].va;
}

/* Its owner cannot map over it, nor unmap it, nor have any channel read or write it. */
static void contexts_are_hidden(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *t = bed_tenant_up_with(&bed, 0, 1);
	struct bed_channel *c = graphics_up(t, 0, D3), *copies;
	uint64_t start, end, word = 5;
	struct gpu_run run = {t->data.base, 0x1000, GPU_APERTURE_VRAM};
	struct gpu_map map = {.page = GPU_PAGE_4K, .runs = &run, .n = 1};

	(void)state;
	gpu_vm_kept(t->vm, &start, &end);
	assert_true(start > gpu_vm_start(t->vm) && end < gpu_vm_end(t->vm));
	for (uint64_t va = start; va < end; va += GPU_KEPT_WINDOW / 2) {
		map.va = va;
		assert_int_equal(gpu_vm_map(t->vm, &map), -EINVAL);
		assert_int_equal(gpu_vm_unmap(t->vm, va, 0x10000, GPU_PAGE_64K), -EINVAL);
		assert_int_equal(gpu_vm_reserve(t->vm, va, 0x10000, GPU_PAGE_64K), -EINVAL);
		assert_int_equal(gpu_vm_release(t->vm, va, 0x10000, GPU_PAGE_64K), -EINVAL);
	}
	map.va = end - 0x1000;
	assert_int_equal(gpu_vm_map(t->vm, &map), -EINVAL);
	assert_int_equal(gpu_vm_reserve(t->vm, start - 0x10000, 0x20000, GPU_PAGE_64K), -EINVAL);
	assert_int_equal(gpu_vm_reserve(t->vm, gpu_vm_start(t->vm), end, GPU_PAGE_2M), -EINVAL);
	/* Its neighbours are the tenant's. */
	map.va = start - 0x1000;
	assert_int_equal(gpu_vm_map(t->vm, &map), 0);
	map.va = end;
	assert_int_equal(gpu_vm_map(t->vm, &map), 0);
	assert_int_equal(gpu_vm_commit(t->vm), 0);

	for (unsigned int i = 0; i < 2 * GPU_CONTEXT_PARTS; i++) {
		uint64_t va = part(c, i / 2), other = SYSTEM_VA + SYSTEM_DATA + 0x800;
		struct push p;

		copies = bed_channel_up(t, 1);
		p = bed_push(copies);
		push_set_object(&p, PUSH_COPY_SUBCHANNEL, NVC7B5);
		push_copy(&p, i % 2 ? va : other, i % 2 ? other : va, 64, 64, 1);
		bed_run(copies, &p);
		bed_until_called(&copies->faults);
		assert_int_equal(copies->fault.xid, 31);
		assert_true(copies->fault.address == va);
		assert_int_equal(copies->fault.type, MMU_FAULT_PRIV);
		assert_int_equal(bed_channel_end(copies), 0);
	}
	draws(c, 1);
	/* By the channel that it belongs to neither. */
	{
		struct push p = bed_push(c);

		push_inline(&p, PUSH_3D, part(c, GPU_CONTEXT_MAIN), (uint32_t *)&word, 2);
		bed_run(c, &p);
		bed_until_called(&c->faults);
		assert_int_equal(c->fault.type, MMU_FAULT_PRIV);
	}
	assert_int_equal(bed_tenant_end(t), 0);
	down(&bed);
}

/* When the channel is freed nothing is shown any more, and its next owner is. */
static void contexts_go(void **state)
{
	struct channel_bed bed = channel_bed_up("535.113.01");
	struct bed_tenant *t = bed_tenant_up_with(&bed, 0, 2);
	struct mmu_space space = {.directory = {.addr = gpu_vm_directory(t->vm)},
				  .limit = 1ull << 49};
	struct bed_channel *c = graphics_up(t, 0, D3), *d;
	struct mmu_page page;
	uint64_t at[GPU_CONTEXT_PARTS];
	uint32_t free = t->tenant->pool.free;
	struct gpu_channel_desc desc;
	struct gpu_channel *none;

	(void)state;
	for (unsigned int i = 0; i < GPU_CONTEXT_PARTS; i++) {
		at[i] = part(c, i);
		assert_int_equal(model_mmu_walk(bed.boot->model, &space, at[i], &page), MMU_OK);
		assert_true(page.privileged && page.shift == 16);
		assert_int_equal(page.read_only, i == GPU_CONTEXT_MAP);
		/* All that the engine may write is the tenant's. */
		assert_int_equal(page.at.addr >= t->own.base &&
					 page.at.addr < t->own.base + t->own.size,
				 i != GPU_CONTEXT_MAP);
	}
	draws(c, 1);
	d = graphics_up(t, 1, D3);
	desc = bed_desc(t, 2);
	desc.engine_class = D3;
	assert_int_equal(gpu_channel_new(t->tenant, &desc, bed_channel_ready, NULL, &none),
			 -EDQUOT);
	assert_int_equal(bed_channel_end(d), 0);
	assert_int_equal(t->tenant->pool.free, free);
	assert_int_equal(bed_channel_end(c), 0);
	for (unsigned int i = 0; i < GPU_CONTEXT_PARTS; i++)
		assert_int_not_equal(model_mmu_walk(bed.boot->model, &space, at[i], &page), MMU_OK);
	for (unsigned int n = 0; n < 8; n++) {
		c = graphics_up(t, n % 4, D3);
		d = graphics_up(t, 4 + n % 4, D3);
		draws(c, 2 + n);
		draws(d, 22 + n);
		draws(c, 42 + n);
		assert_int_equal(bed_channel_end(n % 2 ? c : d), 0);
		draws(n % 2 ? d : c, 62 + n);
		assert_int_equal(bed_channel_end(n % 2 ? d : c), 0);
	}
	assert_int_equal(bed_tenant_end(t), 0);
	down(&bed);
}

/* ---------------------------------------------------------------- what is done wrong */

static void faults_find_their_channel(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");
	struct bed_tenant *a = bed_tenant_up_with(&bed, 0, 2), *b = bed_tenant_up_with(&bed, 1, 1);
	struct bed_channel *good = graphics_up(a, 0, D3), *other = graphics_up(b, 0, D3), *bad;
	uint32_t word = 1;

	(void)state;
	bed_map(b, UNMAPPED_VA, b->data.base, 0x1000, GPU_APERTURE_VRAM);
	for (unsigned int n = 0; n < 4; n++) {
		struct push p;

		draws(good, 3 * n);
		draws(other, 3 * n + 1);
		bad = graphics_up(a, 1, D3);
		draws(bad, 3 * n + 2);
		p = bed_push(bad);
		if (!n)
			push_inline(&p, PUSH_INLINE, UNMAPPED_VA, &word, 1);
		else if (n < 3)
			push_report(&p, n == 1 ? PUSH_3D : PUSH_COMPUTE, UNMAPPED_VA, 5);
		else
			push_one(&p, PUSH_3D, NVA140_LOAD_INLINE_DATA, 1); /* none is expected */
		bed_run(bad, &p);
		bed_until_called(&bad->faults);
		assert_int_equal(bad->fault.xid, n < 3 ? 31 : 13);
		assert_true(bad->fault.address == (n < 3 ? UNMAPPED_VA : 0));
		draws(good, 0x100 + n);
		draws(other, 0x200 + n);
		assert_int_equal(good->faults + other->faults, 0);
		assert_int_equal(bed_channel_end(bad), 0);
	}
	assert_int_equal(bed_tenant_end(a), 0);
	assert_int_equal(bed_tenant_end(b), 0);
	down(&bed);
}

/* ---------------------------------------------------------------- what the firmware does wrong */

static void fault(struct channel_bed *bed, const char *text)
{
	assert_int_equal(model_fault_set(bed->boot->model, text), 0);
}

static struct vm_bed with_fault(const char *text)
{
	struct vm_bed vm = vm_bed_up("570.144");

	assert_int_equal(model_fault_set(vm.bed->model, text), 0);
	vm_bed_session(&vm);
	assert_int_equal(model_fault_set(vm.bed->model, "none"), 0);
	return vm;
}

/* A chip that lists no class of graphics has none: nothing is looked for behind its list. */
static void a_chip_without_graphics(void **state)
{
	struct vm_bed vm = vm_bed_up("570.144");
	const struct gpu_chip *real = vm.bed->gpu->chip;
	const struct gpu_classes copies = {
		.gpfifo = real->classes->gpfifo, .n = 1, .engine = {real->classes->engine[0], D3}};
	struct gpu_chip chip = *real;

	(void)state;
	chip.classes = &copies;
	vm.bed->gpu->chip = &chip;
	vm_bed_session(&vm);
	assert_int_equal(gpu_graphics_context(vm.rm), 0);
	assert_int_equal(hosted_log_count(vm.bed->h, vm.bed->dom, "no graphics: error 95"), 1);
	assert_int_equal(vm.vram_free, vm.bed->gpu->info.vram_usable);
	vm_bed_check(&vm);
	vm.bed->gpu->chip = real;
	vm_bed_down(&vm);
}

/* A session without graphics is one: only that they are not there. */
static void without_graphics(void **state)
{
	static const char *const faults[] = {
		"control-refused=" SIZES,     "control-refused=" PROMOTES, "alloc-refused=0xc797",
		"alloc-refused=0xa06c",	      "alloc-refused=0xc56f",	   "alloc-refused=0x90f1",
		"control-refused=0x20802a08", "control-silent=" SIZES,	   "alloc-silent=0xc797",
		"control-silent=" PROMOTES,
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		struct channel_bed bed = {.vm = with_fault(faults[i])};
		struct bed_tenant *t;
		struct gpu_channel_desc desc;
		struct gpu_channel *none;

		bed.boot = bed.vm.bed;
		bed.rm = bed.vm.rm;
		assert_int_equal(gpu_graphics_context(bed.rm), 0);
		assert_int_equal(
			hosted_log_count(bed.boot->h, bed.boot->dom, "no graphics: error "), 1);
		assert_int_equal(bed.vm.vram_free, bed.boot->gpu->info.vram_usable);
		assert_int_equal(bed_model_channels(&bed) + bed_model_groups(&bed), 0);
		/* After an answer that never came, none to a call of the kind is believed. */
		if (!strstr(faults[i], "silent")) {
			t = bed_tenant_up(&bed, 0);
			desc = bed_desc(t, 0);
			desc.engine_class = D3;
			assert_int_equal(
				gpu_channel_new(t->tenant, &desc, bed_channel_ready, NULL, &none),
				-EOPNOTSUPP);
			assert_true(bed_works(bed_channel_up(t, 1), 5));
			assert_int_equal(bed_tenant_end(t), 0);
		}
		down(&bed);
	}
}

/*
 * What makes one channel, refused or never answered: neither it nor its context is left. Of a control that is never
 * answered the next ones cannot be told (fwq/rpc.h), and the other channel's group needs one: that costs the GPU.
 */
static void steps_that_fail(void **state)
{
	static const struct {
		const char *fault;
		bool lost;
	} cases[] = {
		{"control-refused=" PROMOTES, false},  {"alloc-refused=0xc797", false},
		{"alloc-refused=0xc7c0", false},       {"alloc-refused=0x902d", false},
		{"alloc-refused=0xa140", false},       {"alloc-refused=0xc56f", false},
		{"control-refused=0xa06f0103", false}, {"control-silent=" PROMOTES, true},
		{"alloc-silent=0xc797", false},	       {"alloc-silent=0xa140", false},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_bed bed = channel_bed_up("570.144");
		struct bed_tenant *t = bed_tenant_up_with(&bed, 0, 2);
		struct bed_channel *other = graphics_up(t, 1, D3), *c;
		uint32_t free = t->tenant->pool.free;

		draws(other, 1);
		fault(&bed, cases[i].fault);
		c = bed_channel_ask_for(t, 0, D3);
		bed_until_called(&c->ready);
		assert_true(c->err < 0);
		assert_int_equal(gpu_is_lost(bed.boot->gpu), cases[i].lost);
		fault(&bed, "none");
		if (!cases[i].lost) {
			assert_int_equal(t->tenant->pool.free, free);
			assert_int_equal(bed_model_channels(&bed), 1);
		}
		if (!cases[i].lost)
			draws(other, 2);
		if (!strstr(cases[i].fault, "silent")) {
			c = graphics_up(t, 2, D3);
			draws(c, 3);
			draws(other, 4);
		}
		assert_int_equal(bed_tenant_end(t) != 0, cases[i].lost);
		down(&bed);
	}
}

/* Ends that are refused, and that are never answered. */
static void ends_that_fail(void **state)
{
	static const struct {
		const char *fault;
		bool lost;
	} cases[] = {
		{"free-refused=0xc797", false},	   {"free-refused=0xa140", false},
		{"control-refused=" STOPS, false}, {"free-refused=0xc56f", true},
		{"free-silent=0xc797", true},	   {"control-silent=" STOPS, true},
		{"free-silent=0xc56f", true},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct channel_bed bed = channel_bed_up("570.144");
		struct bed_tenant *t = bed_tenant_up_with(&bed, 0, 1);
		struct bed_channel *c = graphics_up(t, 0, D3);
		bool taken;

		draws(c, 1);
		fault(&bed, cases[i].fault);
		assert_int_equal(bed_channel_end(c) != 0, cases[i].lost);
		assert_int_equal(gpu_is_lost(bed.boot->gpu), cases[i].lost);
		assert_int_equal(c->master, !cases[i].lost);
		/* Memory of which it is not known whether the engine is off it stays apart. */
		taken = t->tenant->context[0];
		assert_int_equal(taken, cases[i].lost);
		fault(&bed, "none");
		if (!cases[i].lost)
			draws(graphics_up(t, 1, D3), 2);
		bed_tenant_end(t);
		down(&bed);
	}
}

/* Ended while it is being made, or the tenant is: whatever was done by then. */
static void ended_at_any_moment(void **state)
{
	struct channel_bed bed = channel_bed_up("570.144");

	(void)state;
	for (unsigned int n = 0; n <= 13; n++) {
		for (unsigned int whole = 0; whole < 2; whole++) {
			struct bed_tenant *t = bed_tenant_up_with(&bed, 0, 2);
			struct bed_channel *other = graphics_up(t, 1, D3), *c;
			struct told end = {.model = bed.boot->model};

			draws(other, 1);
			hold(&bed.vm);
			c = bed_channel_ask_for(t, 0, D3);
			for (unsigned int i = 0; i < n; i++)
				step(&bed.vm);
			/* Group, its number, two slices, channel, bind, promotion, four objects, schedule. */
			assert_int_equal(c->ready, n >= 12);
			if (whole)
				gpu_tenant_end(t->tenant, ended, &end);
			else
				gpu_channel_free(c->ch, bed_channel_done, c);
			let_go(&bed.vm);
			if (!whole) {
				bed_until_called(&c->done);
				assert_int_equal(c->err, 0);
				draws(other, 2);
				gpu_tenant_end(t->tenant, ended, &end);
			}
			assert_int_equal(await(&end), 0);
			bed_tenant_memory_free(t);
		}
	}
	assert_false(gpu_is_lost(bed.boot->gpu));
	down(&bed);
}

/* ---------------------------------------------------------------- what RM says of sizes */

#define ENTRIES_OF(pack) (fwq_sizeof(pack, REPLY) / 8 / 8)
#define REPLY		 FWQ_S_NV2080_CTRL_INTERNAL_STATIC_GR_GET_CONTEXT_BUFFERS_INFO_PARAMS

static int layout(const struct fwq_pack *pack, const uint32_t *words, size_t len)
{
	struct gpu_context_layout out;
	struct gpu_error why = {{0}};
	int err = gpu_context_layout(pack, words, len, &out, &why);

	assert_int_equal(err != 0, why.text[0] != 0);
	return err;
}

static void sizes_are_not_believed(void **state)
{
	static const uint32_t ids[] = {0x00, 0x10, 0x11, 0x12, 0x13, 0x14, 0x17, 0x18};

	(void)state;
	for (unsigned int v = 0; v < BED_VERSIONS; v++) {
		const struct fwq_pack *pack = fwq_packs_find(bed_versions[v]);
		uint32_t good[512] = {0}, words[512];
		size_t len = fwq_sizeof(pack, REPLY);
		struct gpu_context_layout l;
		struct gpu_error why;

		assert_true(len <= sizeof(good) && ENTRIES_OF(pack) > 0x18);
		for (unsigned int i = 0; i < 8; i++) {
			good[2ull * ids[i]] = 0x12345 * (i + 1);
			good[2ull * ids[i] + 1] = i == 4 ? 0x20000 : 0x1000;
		}
		assert_int_equal(gpu_context_layout(pack, good, len, &l, &why), 0);
		assert_int_equal(l.align, 0x20000);
		assert_int_equal(l.part[GPU_CONTEXT_MAIN].size, 0x13000 + 64 * 0x1000);
		for (unsigned int i = 0; i < GPU_CONTEXT_PARTS; i++) {
			assert_true(l.part[i].shown >= l.part[i].size);
			assert_int_equal((l.part[i].va | l.part[i].at | l.part[i].shown) % 0x10000,
					 0);
			for (unsigned int j = 0; j < i; j++) {
				assert_true(l.part[i].va >= l.part[j].va + l.part[j].shown);
				if (i != GPU_CONTEXT_MAP)
					assert_true(l.part[i].at >= l.part[j].at + l.part[j].shown);
			}
			if (i != GPU_CONTEXT_MAP)
				assert_true(l.part[i].at + l.part[i].shown + l.align - 0x10000 <=
					    l.bytes);
		}
		assert_int_equal(l.part[GPU_CONTEXT_ATTRIBUTE].at % 0x20000, 0);
		assert_int_equal(l.part[GPU_CONTEXT_ATTRIBUTE].va % 0x80000, 0);

		assert_int_equal(layout(pack, good, len), 0);
		assert_int_equal(layout(pack, good, len - 8), -EPROTO);
		assert_int_equal(layout(pack, good, 0), -EPROTO);
#define CHANGED(word, value, error)                                                                \
	do {                                                                                       \
		memcpy(words, good, sizeof(good));                                                 \
		words[word] = (value);                                                             \
		assert_int_equal(layout(pack, words, len), error);                                 \
	} while (0)
		CHANGED(0, 0, -EPROTO);
		CHANGED(0, ~0u, -EPROTO);
		CHANGED(2ull * 0x10, 0, -EPROTO);
		CHANGED(2ull * 0x13, 0x10000001, -EPROTO);
		CHANGED(2ull * 0x13, 0x10000000, 0);
		CHANGED(2ull * 0x13 + 1, 0x18000, -EPROTO);
		CHANGED(2ull * 0x13 + 1, 0x400000, -EPROTO);
		CHANGED(2ull * 0x13 + 1, 0, 0);
		/* Some that this GPU has not. */
		CHANGED(2ull * 0x14, 0, 0);
		CHANGED(2ull * 0x17, ~0u, 0);
		CHANGED(2ull * 0x18, 0, 0);
		/* More than a window shows, together. */
		for (unsigned int i = 0; i < 8; i++)
			good[2ull * ids[i]] = 0x10000000;
		assert_int_equal(layout(pack, good, len), -EPROTO);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(they_draw),
		cmocka_unit_test(contexts_are_hidden),
		cmocka_unit_test(contexts_go),
		cmocka_unit_test(faults_find_their_channel),
		cmocka_unit_test(a_chip_without_graphics),
		cmocka_unit_test(without_graphics),
		cmocka_unit_test(steps_that_fail),
		cmocka_unit_test(ends_that_fail),
		cmocka_unit_test(ended_at_any_moment),
		cmocka_unit_test(sizes_are_not_believed),
	};

	return cmocka_run_group_tests_name("gpu: graphics", tests, NULL, NULL);
}
