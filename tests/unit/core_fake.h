/* SPDX-License-Identifier: MIT */
/*
 * core_fake.h - a GPU core that does as it is told: refuses, fails, answers late or never.
 *
 * It stands in for the calls of core.h's second half (the linker turns them here: Makefile, core-fake), under
 * the real back driver, so that each answer the driver has to live with can be had at each call. It keeps
 * what is mapped, and what was and might still be remembered, and knows for every system page among that
 * whether the device may reach it: memory that goes too early is seen.
 */
#ifndef TESTS_UNIT_CORE_FAKE_H
#define TESTS_UNIT_CORE_FAKE_H

#include <glib.h>

#include "tests/unit/vgpu_bed.h"

enum fake_call {
	FAKE_TENANT_NEW,
	FAKE_TENANT_END,
	FAKE_VM_NEW,
	FAKE_VM_FREE,
	FAKE_MAP,
	FAKE_UNMAP,
	FAKE_RESERVE,
	FAKE_RELEASE,
	FAKE_COMMIT,
	FAKE_CHANNEL_NEW,
	FAKE_CHANNEL_FREE,
	FAKE_CALLS
};

#define FAKE_ENGINES                                                                               \
	4 /* a channel's follows from where its GPFIFO is: 64 KiB further, the next engine */
#define FAKE_VA_START	0x200000ull
#define FAKE_VA_END	(1ull << 40)
#define FAKE_KEPT_START (1ull << 39)
#define FAKE_KEPT_END	(FAKE_KEPT_START + (1ull << 30))
#define FAKE_CONTEXT	0x40000ull /* bytes of a graphics channel, unless a test says otherwise */
#define FAKE_GRAPHICS	0xc7c0u	   /* AMPERE_COMPUTE_B */
#define FAKE_CLASS	0xc7b5u	   /* AMPERE_DMA_COPY_B */

struct gpu_rm {
	int unused;
};

/* An answer that is under way. */
struct fake_answer {
	struct hv_work work;
	struct fake_answer *next;
	enum fake_call call;
	void *of; /* the tenant, space or channel */
	struct gpu_tenant *tenant;
	int err;
	void (*done)(int err, void *arg);
	void *arg;
};

struct fake_page {
	uint64_t addr;
	enum gpu_aperture aperture;
	unsigned int flags;
};

struct gpu_vm {
	struct gpu_vm *next;
	struct gpu_tenant *tenant;
	GHashTable *pages[3]; /* by page size: va to struct fake_page */
	GHashTable *reserved[3];
	GArray *stale; /* bus addresses unmapped since the last commit */
	bool gone;
	void (*ready)(struct gpu_vm *vm, int err, void *arg);
};

struct gpu_channel {
	struct gpu_channel *next;
	struct gpu_tenant *tenant;
	struct gpu_channel_desc desc;
	bool gone;
	unsigned int rings, engine;
	void (*ready)(struct gpu_channel *channel, int err, void *arg);
};

struct gpu_tenant {
	struct gpu_tenant *next;
	struct gpu_range vram;
	struct gpu_vm *vms;
	struct gpu_channel *channels;
	uint32_t weight;
	uint64_t time; /* of engines; a test sets it */
	void (*worked)(void *arg);
	void *worked_arg;
	bool ending, gone;
	void (*ready)(struct gpu_tenant *tenant, int err, void *arg);
};

static struct {
	struct gpu_rm rm;
	struct gpu_tenant *tenants;
	struct fake_answer *answers;
	int refuse[FAKE_CALLS];		       /* what the call itself returns; 0: goes on */
	unsigned int refuse_after[FAKE_CALLS]; /* calls that are good before */
	int fail[FAKE_CALLS];		       /* what the answer says */
	bool silent[FAKE_CALLS];	       /* the answer waits for fake_speak() */
	bool late;			       /* answers come after the tenant's end began, too */
	unsigned int calls[FAKE_CALLS];
	unsigned int rings;
	void (*awaken)(uint64_t engines, void *arg);
	void *awaken_arg;
	unsigned int slots; /* the policy's: fixed-share if there are any */
	struct gpu_turn_stats turns;
	uint64_t context; /* 0: no graphics */
} fake;

/* ---------------------------------------------------------------- answers */

static inline void fake_tell(struct hv_work *w)
{
	struct fake_answer *a = (struct fake_answer *)w, **link = &fake.answers;
	struct fake_answer answer = *a;

	while (*link != a)
		link = &(*link)->next;
	*link = a->next;
	free(a);
	if (answer.tenant->gone ||
	    (answer.tenant->ending && answer.call != FAKE_TENANT_END && !fake.late))
		return;
	switch (answer.call) {
	case FAKE_TENANT_NEW:
		answer.tenant->gone = answer.err != 0;
		answer.tenant->ready(answer.of, answer.err, answer.arg);
		break;
	case FAKE_VM_NEW:
		((struct gpu_vm *)answer.of)->gone = answer.err != 0;
		((struct gpu_vm *)answer.of)->ready(answer.of, answer.err, answer.arg);
		break;
	case FAKE_CHANNEL_NEW:
		((struct gpu_channel *)answer.of)->gone = answer.err != 0;
		((struct gpu_channel *)answer.of)->ready(answer.of, answer.err, answer.arg);
		break;
	case FAKE_VM_FREE:
		((struct gpu_vm *)answer.of)->gone = true;
		answer.done(answer.err, answer.arg);
		break;
	case FAKE_CHANNEL_FREE:
		((struct gpu_channel *)answer.of)->gone = true;
		answer.done(answer.err, answer.arg);
		break;
	default:
		answer.tenant->gone = true;
		answer.done(answer.err, answer.arg);
		break;
	}
}

static inline void fake_answer(enum fake_call call, struct gpu_tenant *tenant, void *of,
			       void (*done)(int err, void *arg), void *arg)
{
	struct fake_answer *a = calloc(1, sizeof(*a));

	a->work.fn = fake_tell;
	a->call = call;
	a->tenant = tenant;
	a->of = of;
	a->done = done;
	a->arg = arg;
	a->err = fake.fail[call];
	a->next = fake.answers;
	fake.answers = a;
	if (!fake.silent[call])
		hv_work_queue(&a->work);
}

/* All answers that were held back come now. */
static inline void fake_speak(struct bed *bed)
{
	memset(fake.silent, 0, sizeof(fake.silent));
	hosted_enter(bed->h, bed->gpudom);
	for (struct fake_answer *a = fake.answers; a; a = a->next)
		hv_work_queue(&a->work);
	hosted_leave();
	bed_run(bed);
}

static inline int fake_refused(enum fake_call call)
{
	fake.calls[call]++;
	if (fake.refuse[call] && !fake.refuse_after[call])
		return fake.refuse[call];
	fake.refuse_after[call] -= fake.refuse_after[call] != 0;
	return 0;
}

/* ---------------------------------------------------------------- the calls */

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

/* ---------------------------------------------------------------- what a test may do and see */

/* A channel whose GPFIFO is there: the newest first. */
static inline struct gpu_channel *fake_channel(uint64_t gpfifo)
{
	for (struct gpu_tenant *t = fake.tenants; t; t = t->next) {
		for (struct gpu_channel *c = t->channels; c; c = c->next) {
			if (!t->gone && !c->gone && c->desc.gpfifo == gpfifo)
				return c;
		}
	}
	return NULL;
}

static inline void fake_fault(struct bed *bed, struct gpu_channel *channel, uint32_t xid)
{
	struct gpu_fault fault = {.xid = xid, .address = 0xdead000, .type = 2};

	hosted_enter(bed->h, bed->gpudom);
	channel->desc.fault(channel, &fault, channel->desc.arg);
	hosted_leave();
	bed_run(bed);
}

/* These engines have finished something. */
static inline void fake_awaken(struct bed *bed, uint64_t engines)
{
	hosted_enter(bed->h, bed->gpudom);
	if (fake.awaken)
		fake.awaken(engines, fake.awaken_arg);
	hosted_leave();
	bed_run(bed);
}

static inline void fake_reachable(struct bed *bed, uint64_t addr)
{
	uint32_t word;

	BED_CHECK(!hosted_pci_dma(bed->slot, addr, &word, sizeof(word), true));
}

/*
 * Everything that the device may use, of tenants whose end is not done, is memory that it can reach. Where it
 * cannot, the memory was let go of too early. Returns the pages of guests in address spaces.
 */
static inline unsigned int fake_check(struct bed *bed)
{
	unsigned int n = 0;

	for (struct gpu_tenant *t = fake.tenants; t; t = t->next) {
		if (t->gone)
			continue;
		for (struct gpu_channel *c = t->channels; c; c = c->next) {
			if (!c->gone)
				fake_reachable(bed, c->desc.userd_dma);
		}
		for (struct gpu_vm *vm = t->vms; vm; vm = vm->next) {
			GHashTableIter iter;
			gpointer page;

			if (vm->gone)
				continue;
			for (unsigned int i = 0; i < vm->stale->len; i++)
				fake_reachable(bed, g_array_index(vm->stale, uint64_t, i));
			for (unsigned int i = 0; i < 3; i++) {
				g_hash_table_iter_init(&iter, vm->pages[i]);
				while (g_hash_table_iter_next(&iter, NULL, &page)) {
					if (((struct fake_page *)page)->aperture ==
					    GPU_APERTURE_VRAM)
						continue;
					fake_reachable(bed, ((struct fake_page *)page)->addr);
					n++;
				}
			}
		}
	}
	return n;
}

/* Entries of all live spaces with pages of this size. */
static inline unsigned int fake_mapped(enum gpu_page page)
{
	unsigned int n = 0;

	for (struct gpu_tenant *t = fake.tenants; t; t = t->next) {
		for (struct gpu_vm *vm = t->vms; vm && !t->gone; vm = vm->next)
			n += vm->gone ? 0 : g_hash_table_size(vm->pages[page]);
	}
	return n;
}

static inline unsigned int fake_reserved(enum gpu_page page)
{
	unsigned int n = 0;

	for (struct gpu_tenant *t = fake.tenants; t; t = t->next) {
		for (struct gpu_vm *vm = t->vms; vm && !t->gone; vm = vm->next)
			n += vm->gone ? 0 : g_hash_table_size(vm->reserved[page]);
	}
	return n;
}

/* Tenants that have not ended. */
static inline unsigned int fake_tenants(void)
{
	unsigned int n = 0;

	for (struct gpu_tenant *t = fake.tenants; t; t = t->next)
		n += !t->gone;
	return n;
}

/* Forgets everything; with `all`, what lives too (its domain has stopped). */
static inline void fake_sweep(bool all)
{
	struct gpu_tenant **link = &fake.tenants;
	struct fake_answer *a, *next_answer;

	for (a = fake.answers; a && all; a = next_answer) {
		next_answer = a->next;
		free(a);
	}
	if (all)
		fake.answers = NULL;
	while (*link) {
		struct gpu_tenant *t = *link;
		struct gpu_vm *vm;
		struct gpu_channel *c;

		if (!t->gone && !all) {
			link = &t->next;
			continue;
		}
		for (a = fake.answers; a; a = a->next)
			BED_CHECK(a->tenant != t);
		*link = t->next;
		while ((vm = t->vms)) {
			t->vms = vm->next;
			for (unsigned int i = 0; i < 3; i++) {
				g_hash_table_destroy(vm->pages[i]);
				g_hash_table_destroy(vm->reserved[i]);
			}
			g_array_free(vm->stale, true);
			free(vm);
		}
		while ((c = t->channels)) {
			t->channels = c->next;
			free(c);
		}
		free(t);
	}
}

/* A machine whose driver domain believes that firmware runs. */
static inline void fake_bed_up(struct bed *bed, const struct model_config *board)
{
	memset(&fake, 0, sizeof(fake));
	fake.context = FAKE_CONTEXT;
	memset(bed, 0, sizeof(*bed));
	bed->h = hosted_new();
	BED_CHECK(bed->h);
	bed->slot = hosted_pci_model(bed->h, board, &bed->model);
	BED_CHECK(bed->slot);
	bed->rm = &fake.rm;
	bed_gpudom_up(bed);
}

static inline void fake_bed_down(struct bed *bed)
{
	bed_down(bed);
	fake_sweep(true);
}

#endif /* TESTS_UNIT_CORE_FAKE_H */
