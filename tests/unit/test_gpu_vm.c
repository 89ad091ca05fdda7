/* SPDX-License-Identifier: MIT */
/*
 * Tenants and address spaces under running firmware: what the GPU sees through them is what was mapped, what
 * was unmapped it has forgotten, and everything can end at any moment, with firmware that answers, refuses,
 * is silent or is dead.
 */
#include "gpu/core/boot/boot_int.h"
#include "tests/unit/vm_bed.h"

static const char *const versions[] = {"535.113.01", "535.261.03", "550.163.01", "570.144"};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

#define VA	   0x10000000ull
#define UNUSED_CMD "0x801814" /* NV0080_CTRL_CMD_DMA_UNSET_PAGE_DIRECTORY */

/* An access of the GPU's. */
static enum mmu_fault touch(struct vm_bed *b, struct gpu_vm *vm, enum mmu_access access,
			    uint64_t va, void *buf, size_t len)
{
	const struct mmu_space space = {.directory.addr = gpu_vm_directory(vm),
					.limit = gpu_vm_end(vm)};

	return model_mmu_access(b->bed->model, &space, (struct mmu_request){.access = access}, va,
				buf, len, NULL);
}

static int map(struct gpu_vm *vm, uint64_t va, enum gpu_aperture aperture, uint64_t addr,
	       enum gpu_page page, unsigned int flags)
{
	const struct gpu_run run = {
		.addr = addr, .size = 1ull << gpu_page_shift(page), .aperture = aperture};

	return gpu_vm_map(
		vm,
		&(struct gpu_map){.va = va, .page = page, .flags = flags, .runs = &run, .n = 1});
}

static bool mastering(struct vm_bed *b)
{
	return model_cfg_read(b->bed->model, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

static bool says(const struct vm_bed *b, const char *text)
{
	return hosted_log_count(b->bed->h, b->bed->dom, text) > 0;
}

static void fault(struct vm_bed *b, const char *text)
{
	assert_int_equal(model_fault_set(b->bed->model, text), 0);
}

/* ---------------------------------------------------------------- what the GPU sees */

static void see(struct vm_bed *b, struct gpu_tenant *tenant)
{
	struct gpu_vm *vm = vm_up(b, tenant), *other = vm_up(b, tenant);
	struct model_stats before, after;
	struct hv_dma page;
	struct gpu_range vram;
	char buf[8];

	assert_int_equal(model_rm_directories(b->bed->model), 2);
	assert_int_equal(hv_dma_alloc(HV_PAGE_SIZE, &page), 0);
	assert_int_equal(gpu_vram_alloc(b->bed->gpu, 0x10000, &vram), 0);
	assert_int_equal(gpu_vram_write(b->bed->gpu, vram.base + 0x1230, "in vram", 8), 0);
	memcpy(page.va, "a page!", 8);
	assert_int_equal(map(vm, VA, GPU_APERTURE_VRAM, vram.base, GPU_PAGE_64K, 0), 0);
	assert_int_equal(
		map(vm, VA + 0x200000, GPU_APERTURE_SYSMEM_COHERENT, page.addr, GPU_PAGE_4K, 0), 0);
	assert_int_equal(map(vm, VA + 0x201000, GPU_APERTURE_SYSMEM_COHERENT, page.addr,
			     GPU_PAGE_4K, GPU_MAP_READ_ONLY),
			 0);
	assert_int_equal(gpu_vm_reserve(vm, VA + 0x300000, 0x10000, GPU_PAGE_64K), 0);
	model_stats_get(b->bed->model, &before);
	assert_int_equal(gpu_vm_commit(vm), 0);
	model_stats_get(b->bed->model, &after);
	assert_int_equal(after.invalidations - before.invalidations, 1);
	assert_int_equal(after.barriers - before.barriers, 1);

	assert_int_equal(touch(b, vm, MMU_READ, VA + 0x1230, buf, 8), MMU_OK);
	assert_string_equal(buf, "in vram");
	assert_int_equal(touch(b, vm, MMU_READ, VA + 0x200000, buf, 8), MMU_OK);
	assert_string_equal(buf, "a page!");
	assert_int_equal(touch(b, vm, MMU_WRITE, VA + 0x200ff8, (char[8]){"written"}, 8), MMU_OK);
	assert_string_equal((char *)page.va + 0xff8, "written");
	assert_int_equal(touch(b, vm, MMU_WRITE, VA + 0x201000, buf, 8), MMU_FAULT_RO);
	assert_int_equal(touch(b, vm, MMU_READ, VA + 0x301000, buf, 8), MMU_OK);
	assert_int_equal(buf[0], 0);
	assert_int_equal(touch(b, other, MMU_READ, VA + 0x1230, buf, 8), MMU_FAULT_PDE);

	/* Of what was unmapped the MMU knows until the commit, and not longer. */
	assert_int_equal(gpu_vm_unmap(vm, VA + 0x200000, 0x2000, GPU_PAGE_4K), 0);
	assert_int_equal(gpu_vm_release(vm, VA + 0x300000, 0x10000, GPU_PAGE_64K), 0);
	assert_int_equal(touch(b, vm, MMU_READ, VA + 0x200000, buf, 8), MMU_OK);
	assert_int_equal(gpu_vm_commit(vm), 0);
	assert_int_not_equal(touch(b, vm, MMU_READ, VA + 0x200000, buf, 8), MMU_OK);
	assert_int_not_equal(touch(b, vm, MMU_READ, VA + 0x300000, buf, 8), MMU_OK);
	assert_int_equal(touch(b, vm, MMU_READ, VA + 0x1230, buf, 8), MMU_OK);
	/* Nothing changed, nothing to say. */
	model_stats_get(b->bed->model, &before);
	assert_int_equal(gpu_vm_commit(vm), 0);
	model_stats_get(b->bed->model, &after);
	assert_int_equal(after.invalidations, before.invalidations);

	assert_int_equal(vm_down(b, vm), 0);
	assert_int_equal(model_rm_directories(b->bed->model), 1);
	assert_int_equal(vm_down(b, other), 0);
	assert_int_equal(tenant->client.used, 0);
	assert_int_equal(tenant->pool.free, tenant->pool.n);
	gpu_vram_free(b->bed->gpu, &vram);
	hv_dma_free(&page);
}

static void what_is_mapped_is_seen(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VERSIONS; i++) {
		struct vm_bed b = vm_bed_begun(versions[i]);
		struct gpu_range range = vm_bed_range(&b);
		struct gpu_tenant *tenant = tenant_up(&b, &range);

		see(&b, tenant);
		/* A directory where another was: nothing is remembered of that. */
		see(&b, tenant);
		assert_int_equal(tenant_down(&b, tenant), 0);
		gpu_vram_free(b.bed->gpu, &range);
		vm_bed_check(&b);
		vm_bed_down(&b);
	}
}

/* Spaces that nobody frees go with their tenant, and the MMU forgets them. */
static void spaces_go_with_their_tenant(void **state)
{
	struct vm_bed b = vm_bed_begun("570.144");
	struct gpu_range range = vm_bed_range(&b);
	struct gpu_tenant *tenant = tenant_up(&b, &range), *same;
	struct gpu_vm *vm = vm_up(&b, tenant);
	uint64_t directory = gpu_vm_directory(vm);
	struct gpu_vm *again;
	char buf[8];

	(void)state;
	assert_int_equal(map(vm, VA, GPU_APERTURE_VRAM, 0x10000, GPU_PAGE_64K, 0), 0);
	assert_int_equal(gpu_vm_commit(vm), 0);
	assert_int_equal(touch(&b, vm, MMU_READ, VA, buf, 8), MMU_OK);
	vm_up(&b, tenant);
	assert_int_equal(tenant_down(&b, tenant), 0);
	assert_true(mastering(&b));
	same = tenant_up(&b, &range);
	again = vm_up(&b, same);
	assert_int_equal(gpu_vm_directory(again), directory);
	assert_int_equal(touch(&b, again, MMU_READ, VA, buf, 8), MMU_FAULT_PDE);
	assert_int_equal(tenant_down(&b, same), 0);
	gpu_vram_free(b.bed->gpu, &range);
	vm_bed_check(&b);
	vm_bed_down(&b);
}

/* ---------------------------------------------------------------- limits */

static void limits(void **state)
{
	static const struct gpu_range bad[] = {
		{0, 0},	      {0, 0x70000},	     {0x1000, 0x80000},
		{0, 0x81000}, {1ull << 40, 0x80000}, {0, 1ull << 40},
	};
	struct vm_bed b = vm_bed_begun("535.113.01");
	struct gpu_range range = {0};
	struct gpu_tenant *tenant;
	struct gpu_vm *vm[GPU_SPACES_MAX], *more;
	struct told t;
	int err;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(gpu_tenant_new(b.rm, &bad[i], tenant_ready, &t, &tenant), -EINVAL);
	assert_int_equal(gpu_vram_alloc(b.bed->gpu, 0x80000, &range), 0);
	tenant = tenant_up(&b, &range);
	assert_int_equal(tenant->nr_slots, 0x30000 / 0x7000);
	assert_int_equal(gpu_tenant_slot(tenant, 1), range.base + 0x7000);
	assert_true(tenant->slots.base + tenant->slots.size <= tenant->tables.base);
	assert_int_equal(tenant->tables.base + tenant->tables.size, range.base + range.size);
	for (unsigned int i = 0; i < GPU_SPACES_MAX; i++)
		vm[i] = vm_up(&b, tenant);
	assert_int_equal(gpu_vm_new(tenant, vm_ready, &t, &more), -EDQUOT);

	assert_int_equal(
		map(vm[0], gpu_vm_start(vm[0]) - 0x1000, GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0),
		-EINVAL);
	assert_int_equal(map(vm[0], gpu_vm_start(vm[0]), GPU_APERTURE_VRAM, 0, GPU_PAGE_2M, 0), 0);
	assert_int_equal(
		map(vm[0], gpu_vm_end(vm[0]) - 0x1000, GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0), 0);
	assert_int_equal(map(vm[0], gpu_vm_end(vm[0]), GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0),
			 -EINVAL);
	assert_int_equal(gpu_vm_unmap(vm[0], 0, 0x200000, GPU_PAGE_2M), -EINVAL);
	assert_int_equal(gpu_vm_reserve(vm[0], 0, 0x200000, GPU_PAGE_2M), -EINVAL);
	assert_int_equal(gpu_vm_release(vm[0], 0, 0x200000, GPU_PAGE_2M), -EINVAL);

	/* A channel has it. */
	vm[1]->channels = 1;
	assert_int_equal(gpu_vm_free(vm[1], ended, &t), -EBUSY);
	vm[1]->channels = 0;
	assert_true(gpu_vm_usable(vm[1]));

	/* All tables in use: neither mappings nor spaces; one that goes makes room. */
	for (uint64_t va = VA;; va += 1ull << 38) {
		err = map(vm[2], va, GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0);
		if (err)
			break;
	}
	assert_int_equal(err, -ENOMEM);
	assert_int_equal(vm_down(&b, vm[3]), 0);
	vm[3] = vm_up(&b, tenant);
	assert_int_equal(vm_down(&b, vm[2]), 0);
	assert_int_equal(map(vm[3], VA, GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0), 0);
	assert_int_equal(tenant_down(&b, tenant), 0);
	gpu_vram_free(b.bed->gpu, &range);
	vm_bed_check(&b);
	vm_bed_down(&b);
}

static void as_many_tenants_as_clients(void **state)
{
	static struct gpu_tenant *tenants[FWQ_CLIENTS_MAX];
	struct vm_bed b = vm_bed_begun("570.144");
	struct gpu_range range = vm_bed_range(&b);
	struct gpu_tenant *more;
	struct told t;

	(void)state;
	/* They may share a range here: none of them has anything in it. */
	for (unsigned int i = 0; i < FWQ_CLIENTS_MAX - 1; i++)
		tenants[i] = tenant_up(&b, &range);
	assert_int_equal(gpu_tenant_new(b.rm, &range, tenant_ready, &t, &more), -ENOSPC);
	for (unsigned int i = 0; i < FWQ_CLIENTS_MAX - 1; i++)
		assert_int_equal(tenant_down(&b, tenants[i]), 0);
	gpu_vram_free(b.bed->gpu, &range);
	vm_bed_check(&b);
	vm_bed_down(&b);
}

/* ---------------------------------------------------------------- at any moment */

/* Steps that a tenant and three spaces take, and then some that they do not. */
#define STEPS 24u

static void tenant_ends_at_any_moment(void **state)
{
	struct vm_bed b = vm_bed_begun("535.113.01");
	struct gpu_range range = vm_bed_range(&b);
	unsigned int moments[4] = {0}; /* in its creation, in that of spaces, in their end, later */

	(void)state;
	for (unsigned int i = 0; i < 4 * STEPS; i++) {
		struct told made, spaces[3] = {0}, freed = {0}, end = {.model = b.bed->model};
		struct gpu_tenant *tenant;
		struct gpu_vm *vm = NULL;

		hold(&b);
		tenant = tenant_begin(&b, &range, &made);
		for (unsigned int n = 0; n < i / 4; n++) {
			step(&b);
			if (made.times && !vm) {
				vm = vm_begin(&b, tenant, &spaces[0]);
				vm_begin(&b, tenant, &spaces[1]);
				vm_begin(&b, tenant, &spaces[2]);
			} else if (vm && n > 6 && i % 2 && !freed.model) {
				freed.model = b.bed->model;
				assert_int_equal(gpu_vm_free(vm, ended, &freed), 0);
			}
		}
		if (i % 4 >= 2)
			half_step(&b);
		moments[!made.times ? 0 : !spaces[2].times ? 1 : freed.times < i % 2 ? 2 : 3]++;
		gpu_tenant_end(tenant, ended, &end);
		/* From here on only that is told. */
		made.times = spaces[0].times = spaces[1].times = spaces[2].times = freed.times = 9;
		pass(HV_MS / 4);
		assert_int_equal(end.times, 0);
		let_go(&b);
		assert_int_equal(await(&end), 0);
		assert_true(end.mastering);
		pass(HV_MS);
		assert_int_equal(rm_objects(&b), b.objects);
		assert_int_equal(model_rm_directories(b.bed->model), 0);
	}
	for (unsigned int i = 0; i < 4; i++)
		assert_in_range(moments[i], 2, 4 * STEPS - 6);
	gpu_vram_free(b.bed->gpu, &range);
	vm_bed_check(&b);
	vm_bed_down(&b);
}

static void space_ends_at_any_moment(void **state)
{
	struct vm_bed b = vm_bed_begun("570.144");
	struct gpu_range range = vm_bed_range(&b);
	struct gpu_tenant *tenant = tenant_up(&b, &range);
	unsigned int unfinished = 0;

	(void)state;
	for (unsigned int i = 0; i < 12; i++) {
		struct told made, freed = {0};
		struct gpu_vm *vm;
		unsigned int before;

		hold(&b);
		vm = vm_begin(&b, tenant, &made);
		for (unsigned int n = 0; n < i / 2; n++)
			step(&b);
		if (i % 2)
			half_step(&b);
		before = made.times;
		unfinished += !before;
		assert_int_equal(gpu_vm_free(vm, ended, &freed), 0);
		pass(HV_MS / 4);
		let_go(&b);
		assert_int_equal(await(&freed), 0);
		pass(HV_MS);
		assert_int_equal(made.times, before);
		assert_int_equal(tenant->client.used, 0);
		assert_int_equal(tenant->pool.free, tenant->pool.n);
		assert_int_equal(model_rm_directories(b.bed->model), 0);
	}
	assert_in_range(unfinished, 4, 8);
	assert_int_equal(tenant_down(&b, tenant), 0);
	gpu_vram_free(b.bed->gpu, &range);
	vm_bed_check(&b);
	vm_bed_down(&b);
}

/* gpudom ends without ending anybody: nobody is called any more, and no memory is lost (the sanitizer looks). */
static void the_session_ends_first(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct vm_bed b = vm_bed_begun("570.144");
		struct gpu_range ranges[] = {vm_bed_range(&b), vm_bed_range(&b), vm_bed_range(&b)};
		struct told late = {.times = 9}, t[2];
		struct gpu_tenant *tenant = tenant_up(&b, &ranges[0]), *leaving;
		struct gpu_vm *vm = vm_up(&b, tenant);
		uint64_t calls;

		if (i) {
			leaving = tenant_up(&b, &ranges[1]);
			vm_up(&b, leaving);
			gpu_tenant_end(leaving, ended, &late);
			assert_int_equal(gpu_vm_free(vm, ended, &late), 0);
			vm_begin(&b, tenant, &t[0]);
			if (i == 2)
				tenant_begin(&b, &ranges[2], &t[1]);
			t[0].times = t[1].times = 9;
		}
		if (i == 2) /* what has come is not told any more */
			fwq_clients_poll(gpu_rm_clients(b.rm));
		gpu_rm_stop(b.rm);
		/* And nothing more is asked of the firmware, though boot listens to it. */
		calls = b.bed->boot->channel.rpc.stats.calls;
		let_go(&b);
		fwq_rpc_poll(&b.bed->boot->channel.rpc, hv_now());
		assert_int_equal(b.bed->boot->channel.rpc.stats.calls, calls);
		pass(HV_S);
		vm_bed_down(&b);
	}
}

/* ---------------------------------------------------------------- firmware that does not want to */

static void refusals(void **state)
{
	struct vm_bed b = vm_bed_begun("570.144");
	struct gpu_range range = vm_bed_range(&b);
	struct gpu_tenant *tenant;
	struct told t;

	(void)state;
	fault(&b, "alloc-refused=0x80");
	tenant_begin(&b, &range, &t);
	assert_true(await(&t) < 0);
	fault(&b, "none");
	pass(HV_MS);
	assert_int_equal(rm_objects(&b), b.objects);

	tenant = tenant_up(&b, &range);
	fault(&b, "alloc-refused=0x90f1");
	vm_begin(&b, tenant, &t);
	assert_true(await(&t) < 0);
	assert_true(says(
		&b, "firmware: address space: alloc FERMI_VASPACE_A 0b1e0000 of client c1d00003: "
		    "NV_ERR_INSUFFICIENT_RESOURCES"));
	fault(&b, "none control-refused=0x801813");
	vm_begin(&b, tenant, &t);
	assert_true(await(&t) < 0);
	assert_true(says(&b, "NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY: NV_ERR_GENERIC"));
	assert_int_equal(tenant->client.used, 0);
	assert_int_equal(tenant->pool.free, tenant->pool.n);

	/* Refused at the end: it is over all the same, and said to be wrong. */
	fault(&b, "none control-refused=" UNUSED_CMD);
	assert_true(vm_down(&b, vm_up(&b, tenant)) < 0);
	assert_int_equal(tenant->client.used, 0);
	assert_int_equal(tenant->pool.free, tenant->pool.n);
	vm_up(&b, tenant);
	assert_true(tenant_down(&b, tenant) < 0);
	assert_true(mastering(&b));
	fault(&b, "none");
	gpu_vram_free(b.bed->gpu, &range);
	b.left = 2;
	vm_bed_check(&b);
	vm_bed_down(&b);
}

/* An answer that does not come while a space is made costs the space; the firmware can say so. */
static void silence_at_the_beginning(void **state)
{
	struct vm_bed b = vm_bed_begun("535.113.01");
	struct gpu_range range = vm_bed_range(&b);
	struct gpu_tenant *tenant = tenant_up(&b, &range);
	struct told t;

	(void)state;
	fault(&b, "gsp-silent=54");
	vm_begin(&b, tenant, &t);
	assert_int_equal(await(&t), -ETIMEDOUT);
	assert_true(mastering(&b));
	assert_int_equal(tenant->pool.free, tenant->pool.n);
	assert_int_equal(model_rm_directories(b.bed->model), 0);
	fault(&b, "none");
	assert_int_equal(tenant_down(&b, tenant), 0);
	gpu_vram_free(b.bed->gpu, &range);
	vm_bed_check(&b);
	vm_bed_down(&b);
}

/* At an end it costs the GPU, before anybody is told that it has ended. */
static void silence_at_an_end(void **state)
{
	static const struct {
		const char *fault;
		bool tenant;
	} cases[] = {
		{"gsp-silent=79", false},
		{"gsp-silent=10", false},
		{"gsp-silent=79", true},
		{"gsp-silent=10", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct vm_bed b = vm_bed_begun("570.144");
		struct gpu_range range = vm_bed_range(&b);
		struct gpu_tenant *tenant = tenant_up(&b, &range);
		struct gpu_vm *vm = vm_up(&b, tenant);
		struct told t = {.model = b.bed->model};

		fault(&b, cases[i].fault);
		if (cases[i].tenant)
			gpu_tenant_end(tenant, ended, &t);
		else
			assert_int_equal(gpu_vm_free(vm, ended, &t), 0);
		assert_true(mastering(&b));
		assert_true(await(&t) < 0);
		assert_false(t.mastering);
		assert_true(gpu_is_lost(b.bed->gpu));
		if (!cases[i].tenant) {
			assert_int_equal(gpu_vm_new(tenant, vm_ready, &t, &vm), -EIO);
			assert_true(tenant_down(&b, tenant) < 0);
		}
		gpu_vram_free(b.bed->gpu, &range);
		vm_bed_down(&b);
	}
}

/* ---------------------------------------------------------------- a GPU that is gone */

static void lost_with_calls_under_way(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < 3; i++) {
		struct vm_bed b = vm_bed_begun("570.144");
		struct gpu_range range = vm_bed_range(&b);
		struct gpu_tenant *tenant = tenant_up(&b, &range);
		struct gpu_vm *vm = vm_up(&b, tenant), *other = vm_up(&b, tenant);
		struct told freed = {.model = b.bed->model}, making, end = {.model = b.bed->model};

		fault(&b, "gsp-silent=79 gsp-silent=103");
		assert_int_equal(gpu_vm_free(vm, ended, &freed), 0);
		vm_begin(&b, tenant, &making);
		/* As Xen takes it away. */
		model_cfg_write(b.bed->model, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
		if (i) {
			assert_true(gpu_is_lost(b.bed->gpu));
			assert_int_equal(map(other, VA, GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0),
					 -ENODEV);
			assert_int_equal(gpu_vm_commit(other), -ENODEV);
		}
		if (i == 2) {
			gpu_tenant_end(tenant, ended, &end);
			freed.times = making.times = 9;
		} else {
			assert_true(await(&freed) < 0);
			if (!making.times)
				assert_true(await(&making) < 0);
			gpu_tenant_end(tenant, ended, &end);
		}
		assert_true(await(&end) < 0);
		assert_false(end.mastering);
		gpu_vram_free(b.bed->gpu, &range);
		vm_bed_down(&b);
	}
}

/* The MMU does not get done: what was unmapped may still be written to. */
static void an_invalidation_that_hangs(void **state)
{
	struct vm_bed b = vm_bed_begun("570.144");
	struct gpu_range range = vm_bed_range(&b);
	struct gpu_tenant *tenant = tenant_up(&b, &range);
	struct gpu_vm *vm = vm_up(&b, tenant);

	(void)state;
	assert_int_equal(map(vm, VA, GPU_APERTURE_VRAM, 0, GPU_PAGE_4K, 0), 0);
	fault(&b, "tlb-stuck=1");
	assert_int_equal(gpu_vm_commit(vm), -ENODEV);
	assert_false(mastering(&b));
	assert_true(says(&b, "its MMU does not get done with an invalidation"));
	assert_int_equal(gpu_vm_unmap(vm, VA, 0x1000, GPU_PAGE_4K), -ENODEV);
	assert_true(tenant_down(&b, tenant) < 0);
	vm_bed_down(&b);

	b = vm_bed_begun("570.144");
	range = vm_bed_range(&b);
	tenant = tenant_up(&b, &range);
	vm = vm_up(&b, tenant);
	fault(&b, "tlb-stuck=1");
	assert_true(vm_down(&b, vm) < 0);
	assert_false(mastering(&b));
	assert_true(tenant_down(&b, tenant) < 0);
	vm_bed_down(&b);
}

/* ---------------------------------------------------------------- classes */

static void classes_of_each_chip(void **state)
{
	static const struct {
		uint32_t gpfifo, copy, d3, compute;
	} expected[BOOT_BOARDS] = {
		{0xc56f, 0xc7b5, 0xc797, 0xc7c0}, {0xc56f, 0xc7b5, 0xc997, 0xc9c0},
		{0xc56f, 0xc6b5, 0xc697, 0xc6c0}, {0xc46f, 0xc5b5, 0xc597, 0xc5c0},
		{0xc46f, 0xc5b5, 0xc597, 0xc5c0},
	};

	(void)state;
	for (size_t i = 0; i < BOOT_BOARDS; i++) {
		struct boot_bed *bed = boot_bed_up_on(&boot_boards[i], "570.144");
		const struct gpu_classes *classes = gpu_classes(bed->gpu);

		assert_int_equal(classes->gpfifo, expected[i].gpfifo);
		assert_int_equal(classes->n, 5);
		assert_int_equal(classes->engine[0], expected[i].copy);
		assert_int_equal(classes->engine[1], expected[i].d3);
		assert_int_equal(classes->engine[2], expected[i].compute);
		assert_int_equal(classes->engine[3], 0x902d);
		assert_int_equal(classes->engine[4], 0xa140);
		for (unsigned int c = 0; c < classes->n; c++)
			assert_int_equal(gpu_class_kind(bed->gpu, classes->engine[c]),
					 c ? GPU_KIND_GRAPHICS : GPU_KIND_COPY);
		/* A channel's own class, another chip's, and none. */
		assert_int_equal(gpu_class_kind(bed->gpu, classes->gpfifo), GPU_KIND_NONE);
		assert_int_equal(gpu_class_kind(bed->gpu, i ? 0xc797 : 0xc997), GPU_KIND_NONE);
		assert_int_equal(gpu_class_kind(bed->gpu, 0), GPU_KIND_NONE);
		boot_bed_down(bed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_mapped_is_seen),
		cmocka_unit_test(spaces_go_with_their_tenant),
		cmocka_unit_test(limits),
		cmocka_unit_test(as_many_tenants_as_clients),
		cmocka_unit_test(tenant_ends_at_any_moment),
		cmocka_unit_test(space_ends_at_any_moment),
		cmocka_unit_test(the_session_ends_first),
		cmocka_unit_test(refusals),
		cmocka_unit_test(silence_at_the_beginning),
		cmocka_unit_test(silence_at_an_end),
		cmocka_unit_test(lost_with_calls_under_way),
		cmocka_unit_test(an_invalidation_that_hangs),
		cmocka_unit_test(classes_of_each_chip),
	};

	return cmocka_run_group_tests_name("gpu: tenants and address spaces", tests, NULL, NULL);
}
