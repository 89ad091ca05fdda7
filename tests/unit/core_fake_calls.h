/* SPDX-License-Identifier: MIT */
/*
 * core_fake_calls.h - the calls of core.h that the linker turns to the core of core_fake.h (Makefile, core-fake).
 */
#ifndef TESTS_UNIT_CORE_FAKE_CALLS_H
#define TESTS_UNIT_CORE_FAKE_CALLS_H

#include "tests/unit/core_fake_answers.h"

int __real_gpu_scrubber_new(struct gpu *gpu, struct gpu_rm *rm, struct gpu_scrubber **out);
int __wrap_gpu_scrubber_new(struct gpu *gpu, struct gpu_rm *rm, struct gpu_scrubber **out);
int __wrap_gpu_tenant_new(struct gpu_rm *rm, const struct gpu_range *vram,
			  void (*ready)(struct gpu_tenant *, int, void *), void *arg,
			  struct gpu_tenant **out);
void __wrap_gpu_tenant_weight(struct gpu_tenant *tenant, uint32_t weight);
uint64_t __wrap_gpu_tenant_time(const struct gpu_tenant *tenant);
void __wrap_gpu_tenant_direct(struct gpu_tenant *tenant, void (*worked)(void *), void *arg);
enum gpu_policy __wrap_gpu_policy_get(struct gpu_rm *rm, unsigned int *slots);
const struct gpu_turn_stats *__wrap_gpu_turn_stats(struct gpu_rm *rm);
void __wrap_gpu_tenant_end(struct gpu_tenant *tenant, void (*done)(int, void *), void *arg);
int __wrap_gpu_vm_new(struct gpu_tenant *tenant, void (*ready)(struct gpu_vm *, int, void *),
		      void *arg, struct gpu_vm **out);
uint64_t __wrap_gpu_vm_start(const struct gpu_vm *vm);
uint64_t __wrap_gpu_vm_end(const struct gpu_vm *vm);
int __wrap_gpu_vm_map(struct gpu_vm *vm, const struct gpu_map *map);
int __wrap_gpu_vm_unmap(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page);
int __wrap_gpu_vm_reserve(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page);
int __wrap_gpu_vm_release(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page);
int __wrap_gpu_vm_commit(struct gpu_vm *vm);
int __wrap_gpu_vm_free(struct gpu_vm *vm, void (*done)(int, void *), void *arg);
int __wrap_gpu_channel_new(struct gpu_tenant *tenant, const struct gpu_channel_desc *desc,
			   void (*ready)(struct gpu_channel *, int, void *), void *arg,
			   struct gpu_channel **out);
void __wrap_gpu_channel_ring(struct gpu_channel *channel);
unsigned int __wrap_gpu_channel_engine(const struct gpu_channel *channel);
void __wrap_gpu_on_awaken(struct gpu_rm *rm, void (*fn)(uint64_t engines, void *arg), void *arg);
uint32_t __wrap_gpu_channel_token(const struct gpu_channel *channel);
void __wrap_gpu_channel_free(struct gpu_channel *channel, void (*done)(int, void *), void *arg);
const struct gpu_classes *__wrap_gpu_classes(const struct gpu *gpu);
uint64_t __wrap_gpu_graphics_context(const struct gpu_rm *rm);
void __wrap_gpu_vm_kept(const struct gpu_vm *vm, uint64_t *start, uint64_t *end);

/* The CPU cleans: this core is for the guests' channels only. */
int __wrap_gpu_scrubber_new(struct gpu *gpu, struct gpu_rm *rm, struct gpu_scrubber **out)
{
	BED_CHECK(!rm || rm == &fake.rm);
	return __real_gpu_scrubber_new(gpu, NULL, out);
}

int __wrap_gpu_tenant_new(struct gpu_rm *rm, const struct gpu_range *vram,
			  void (*ready)(struct gpu_tenant *, int, void *), void *arg,
			  struct gpu_tenant **out)
{
	struct gpu_tenant *tenant;
	int err = fake_refused(FAKE_TENANT_NEW);

	BED_CHECK(rm == &fake.rm);
	BED_CHECK(vram->size % 0x10000 == 0 && vram->size >= 512 << 10);
	if (err)
		return err;
	tenant = calloc(1, sizeof(*tenant));
	tenant->vram = *vram;
	tenant->ready = ready;
	tenant->next = fake.tenants;
	fake.tenants = tenant;
	fake_answer(FAKE_TENANT_NEW, tenant, tenant, NULL, arg);
	*out = tenant;
	return 0;
}

void __wrap_gpu_tenant_weight(struct gpu_tenant *tenant, uint32_t weight)
{
	BED_CHECK(!tenant->ending && !tenant->gone && weight && weight <= GPU_WEIGHT_MAX);
	tenant->weight = weight;
}

uint64_t __wrap_gpu_tenant_time(const struct gpu_tenant *tenant)
{
	BED_CHECK(!tenant->ending && !tenant->gone);
	return tenant->time;
}

void __wrap_gpu_tenant_direct(struct gpu_tenant *tenant, void (*worked)(void *), void *arg)
{
	BED_CHECK(!tenant->ending && !tenant->gone && worked);
	tenant->worked = worked;
	tenant->worked_arg = arg;
}

enum gpu_policy __wrap_gpu_policy_get(struct gpu_rm *rm, unsigned int *slots)
{
	BED_CHECK(rm == &fake.rm);
	*slots = fake.slots;
	return fake.slots ? GPU_FIXED_SHARE : GPU_BEST_EFFORT;
}

const struct gpu_turn_stats *__wrap_gpu_turn_stats(struct gpu_rm *rm)
{
	BED_CHECK(rm == &fake.rm);
	return &fake.turns;
}

void __wrap_gpu_tenant_end(struct gpu_tenant *tenant, void (*done)(int, void *), void *arg)
{
	fake.calls[FAKE_TENANT_END]++;
	BED_CHECK(!tenant->ending && !tenant->gone);
	tenant->ending = true;
	fake_answer(FAKE_TENANT_END, tenant, tenant, done, arg);
}

int __wrap_gpu_vm_new(struct gpu_tenant *tenant, void (*ready)(struct gpu_vm *, int, void *),
		      void *arg, struct gpu_vm **out)
{
	struct gpu_vm *vm;
	int err = fake_refused(FAKE_VM_NEW);

	BED_CHECK(!tenant->ending && !tenant->gone);
	if (err)
		return err;
	vm = calloc(1, sizeof(*vm));
	vm->tenant = tenant;
	vm->ready = ready;
	for (unsigned int i = 0; i < 3; i++) {
		vm->pages[i] = g_hash_table_new_full(g_int64_hash, g_int64_equal, free, free);
		vm->reserved[i] = g_hash_table_new_full(g_int64_hash, g_int64_equal, free, NULL);
	}
	vm->stale = g_array_new(false, false, sizeof(uint64_t));
	vm->next = tenant->vms;
	tenant->vms = vm;
	fake_answer(FAKE_VM_NEW, tenant, vm, NULL, arg);
	*out = vm;
	return 0;
}

uint64_t __wrap_gpu_vm_start(const struct gpu_vm *vm)
{
	BED_CHECK(!vm->gone);
	return FAKE_VA_START;
}

uint64_t __wrap_gpu_vm_end(const struct gpu_vm *vm)
{
	BED_CHECK(!vm->gone);
	return FAKE_VA_END;
}

static inline uint64_t fake_page_size(enum gpu_page page)
{
	return page == GPU_PAGE_4K ? 0x1000 : page == GPU_PAGE_64K ? 0x10000 : 0x200000;
}

static inline gint64 *fake_key(uint64_t va)
{
	gint64 *key = malloc(sizeof(*key));

	*key = (gint64)va;
	return key;
}

int __wrap_gpu_vm_map(struct gpu_vm *vm, const struct gpu_map *map)
{
	uint64_t step = fake_page_size(map->page), va = map->va;
	int err = fake_refused(FAKE_MAP);

	BED_CHECK(!vm->gone && !vm->tenant->ending && map->n && !map->kind);
	BED_CHECK(!(map->flags & GPU_MAP_PRIVILEGED));
	if (err)
		return err;
	for (unsigned int i = 0; i < map->n; i++) {
		const struct gpu_run *run = &map->runs[i];

		if (run->addr % step)
			return -EINVAL;
		BED_CHECK(run->size && run->size % step == 0);
		BED_CHECK(run->aperture == GPU_APERTURE_VRAM || map->flags & GPU_MAP_VOLATILE);
	}
	for (unsigned int i = 0; i < map->n; i++) {
		for (uint64_t pos = 0; pos < map->runs[i].size; pos += step, va += step) {
			struct fake_page *page = malloc(sizeof(*page));

			page->addr = map->runs[i].addr + pos;
			page->aperture = map->runs[i].aperture;
			page->flags = map->flags;
			BED_CHECK(va >= FAKE_VA_START && va + step <= FAKE_VA_END);
			/* The driver has to know itself what is taken. */
			BED_CHECK(!g_hash_table_contains(vm->pages[map->page], &va));
			g_hash_table_insert(vm->pages[map->page], fake_key(va), page);
		}
	}
	return 0;
}

int __wrap_gpu_vm_unmap(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page)
{
	int err = fake_refused(FAKE_UNMAP);

	BED_CHECK(!vm->gone && !vm->tenant->ending && size && size % fake_page_size(page) == 0);
	if (err)
		return err;
	for (uint64_t end = va + size; va < end; va += fake_page_size(page)) {
		struct fake_page *p = g_hash_table_lookup(vm->pages[page], &va);

		BED_CHECK(p);
		if (p->aperture != GPU_APERTURE_VRAM)
			g_array_append_val(vm->stale, p->addr);
		g_hash_table_remove(vm->pages[page], &va);
	}
	return 0;
}

int __wrap_gpu_vm_reserve(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page)
{
	int err = fake_refused(FAKE_RESERVE);

	BED_CHECK(!vm->gone && !vm->tenant->ending && size && size % fake_page_size(page) == 0);
	if (err)
		return err;
	for (uint64_t end = va + size; va < end; va += fake_page_size(page)) {
		BED_CHECK(!g_hash_table_contains(vm->reserved[page], &va));
		BED_CHECK(!g_hash_table_contains(vm->pages[page], &va));
		g_hash_table_add(vm->reserved[page], fake_key(va));
	}
	return 0;
}

int __wrap_gpu_vm_release(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page)
{
	int err = fake_refused(FAKE_RELEASE);

	BED_CHECK(!vm->gone && !vm->tenant->ending && size && size % fake_page_size(page) == 0);
	if (err)
		return err;
	for (uint64_t end = va + size; va < end; va += fake_page_size(page))
		BED_CHECK(g_hash_table_remove(vm->reserved[page], &va));
	return 0;
}

int __wrap_gpu_vm_commit(struct gpu_vm *vm)
{
	int err = fake_refused(FAKE_COMMIT);

	BED_CHECK(!vm->gone && !vm->tenant->ending);
	if (!err)
		g_array_set_size(vm->stale, 0);
	return err;
}

int __wrap_gpu_vm_free(struct gpu_vm *vm, void (*done)(int, void *), void *arg)
{
	int err = fake_refused(FAKE_VM_FREE);

	BED_CHECK(!vm->gone && !vm->tenant->ending);
	for (struct gpu_channel *c = vm->tenant->channels; c; c = c->next)
		BED_CHECK(c->gone || c->desc.vm != vm); /* the driver knows its channels */
	if (!err)
		fake_answer(FAKE_VM_FREE, vm->tenant, vm, done, arg);
	return err;
}

int __wrap_gpu_channel_new(struct gpu_tenant *tenant, const struct gpu_channel_desc *desc,
			   void (*ready)(struct gpu_channel *, int, void *), void *arg,
			   struct gpu_channel **out)
{
	struct gpu_channel *channel;
	int err = fake_refused(FAKE_CHANNEL_NEW);

	BED_CHECK(!tenant->ending && !tenant->gone && desc->vm && !desc->vm->gone);
	if (err)
		return err;
	if (desc->engine_class != FAKE_CLASS && desc->engine_class != FAKE_GRAPHICS)
		return -EOPNOTSUPP;
	BED_CHECK(desc->gpfifo >= FAKE_VA_START &&
		  desc->gpfifo + desc->entries * 8ull <= FAKE_VA_END);
	BED_CHECK(bed_is_zero(desc->userd, XENVGPU_USERD_SIZE));
	for (struct gpu_channel *c = tenant->channels; c; c = c->next)
		BED_CHECK(c->gone || c->desc.userd_dma != desc->userd_dma);
	channel = calloc(1, sizeof(*channel));
	channel->tenant = tenant;
	channel->desc = *desc;
	channel->ready = ready;
	channel->engine = desc->gpfifo / 0x10000 % FAKE_ENGINES;
	channel->next = tenant->channels;
	tenant->channels = channel;
	fake_answer(FAKE_CHANNEL_NEW, tenant, channel, NULL, arg);
	*out = channel;
	return 0;
}

void __wrap_gpu_channel_ring(struct gpu_channel *channel)
{
	BED_CHECK(!channel->gone && !channel->tenant->ending);
	channel->rings++;
	fake.rings++;
}

unsigned int __wrap_gpu_channel_engine(const struct gpu_channel *channel)
{
	BED_CHECK(!channel->gone && !channel->tenant->ending);
	return channel->engine;
}

void __wrap_gpu_on_awaken(struct gpu_rm *rm, void (*fn)(uint64_t engines, void *arg), void *arg)
{
	BED_CHECK(rm == &fake.rm);
	fake.awaken = fn;
	fake.awaken_arg = arg;
}

#define FAKE_TOKEN(gpfifo) ((uint32_t)((gpfifo) >> 12) | 1u << 16)
uint32_t __wrap_gpu_channel_token(const struct gpu_channel *channel)
{
	BED_CHECK(!channel->gone);
	return FAKE_TOKEN(channel->desc.gpfifo);
}

void __wrap_gpu_channel_free(struct gpu_channel *channel, void (*done)(int, void *), void *arg)
{
	fake.calls[FAKE_CHANNEL_FREE]++;
	BED_CHECK(!channel->gone && !channel->tenant->ending);
	fake_answer(FAKE_CHANNEL_FREE, channel->tenant, channel, done, arg);
}

const struct gpu_classes *__wrap_gpu_classes(const struct gpu *gpu)
{
	static const struct gpu_classes classes = {
		.gpfifo = 0xc56f, .n = 2, .engine = {FAKE_CLASS, 0xc7c0}};

	(void)gpu;
	return &classes;
}

uint64_t __wrap_gpu_graphics_context(const struct gpu_rm *rm)
{
	BED_CHECK(rm == &fake.rm);
	return fake.context;
}

void __wrap_gpu_vm_kept(const struct gpu_vm *vm, uint64_t *start, uint64_t *end)
{
	BED_CHECK(!vm->gone);
	*start = FAKE_KEPT_START;
	*end = FAKE_KEPT_END;
}

#endif /* TESTS_UNIT_CORE_FAKE_CALLS_H */
