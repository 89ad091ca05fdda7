/* SPDX-License-Identifier: MIT */
/*
 * fair_bed.h - guests whose channels have more to copy than there is time, for tests of who gets how much of an
 * engine. They are made by gpu/core's own calls; engines work when the test says so, in the model's time
 * (docs/model.md), which nothing but work moves on. No figure of these is one of hardware.
 *
 * All channels are on one copy engine unless a test wants others. Those of a guest share a ring and a push buffer: a
 * job, which all entries of the ring are.
 */
#ifndef TESTS_FAIR_BED_H
#define TESTS_FAIR_BED_H

#include "gpu/core/fifo/group.h"
#include "tests/unit/channel_bed.h"

#define FAIR_GUESTS   32u
#define FAIR_CHANNELS 64u
#define FAIR_SPACES   16u
#define FAIR_ENTRIES  4096u
#define FAIR_VA	      0x10000000ull
#define FAIR_PUSH     0x8000u  /* behind the ring */
#define FAIR_DATA     0x10000u /* 64 KiB, and as much behind it */
#define FAIR_OTHERS   0x30000u /* another ring, for channels of another kind, and room behind it */
#define FAIR_MEMORY   0x48000u
#define FAIR_LINE     0x1000u

/* A piece of a copy, 4 KiB, takes 10 us; what else there is takes what it takes. */
#define FAIR_COSTS    "ce-byte-ps=2500"
#define FAIR_PIECE_US 11u
#define FAIR_US	      (1000 * PS_PER_NS)

struct fair_channel {
	struct gpu_channel *ch;
	unsigned int ready, done, faults;
	int err;
	struct gpu_fault fault;
	volatile uint32_t *userd;
	uint32_t put;
};

struct fair_guest {
	struct gpu_tenant *tenant;
	struct gpu_vm *vm[FAIR_SPACES];
	struct gpu_range own;
	struct hv_dma memory, userd;
	struct fair_channel c[FAIR_CHANNELS];
	unsigned int n; /* channels that are there */
};

struct fair_bed {
	struct vm_bed vm;
	struct model *model;
	struct model_bus_ops ops;
	struct fair_guest *guest[FAIR_GUESTS];
	unsigned int n;
	uint32_t copies; /* the class of the chip's copy engines */
};

/* ---------------------------------------------------------------- the machine */

static inline void fair_kick(void *ctx)
{
	(void)ctx;
}

static inline struct model_runlist *fair_runlist(struct fair_bed *b)
{
	const struct gpu_engines *engines = gpu_rm_engines(b->vm.rm);
	int engine = gpu_fifo_copy_engine(gpu_rm_fifo(b->vm.rm), engines);

	return &b->model->host->runlists[engines->engine[engine].runlist];
}

/* The next channels are all for the same engine. */
static inline void fair_one_engine(struct fair_bed *b)
{
	struct gpu_fifo *fifo = gpu_rm_fifo(b->vm.rm);
	int engine = gpu_fifo_copy_engine(fifo, gpu_rm_engines(b->vm.rm));

	for (unsigned int i = 0; i < GPU_ENGINES_MAX; i++)
		fifo->load[i] += i != (unsigned int)engine ? 1u << 20 : 0;
}

static inline struct fair_bed *fair_bed_up_on(const struct boot_board *board, const char *version)
{
	struct fair_bed *b = calloc(1, sizeof(*b));

	assert_non_null(b);
	b->vm = vm_bed_begun_on(board, version);
	b->copies = gpu_classes(b->vm.bed->gpu)->engine[0];
	b->model = b->vm.bed->model;
	b->ops = *b->model->ops;
	b->ops.kick = fair_kick;
	b->model->ops = &b->ops;
	assert_int_equal(model_costs_set(b->model, FAIR_COSTS, b->model->host->costs), 0);
	fair_one_engine(b);
	return b;
}

static inline struct fair_bed *fair_bed_up(const char *version)
{
	return fair_bed_up_on(&boot_boards[0], version);
}

/* Before the first guest. Those that share nothing with others have slots instead. */
static inline void fair_policy(struct fair_bed *b, enum gpu_policy policy, unsigned int slots)
{
	assert_int_equal(gpu_policy_set(b->vm.rm, policy, slots), 0);
}

/* Other costs of work than FAIR_COSTS. */
static inline void fair_costs(struct fair_bed *b, const char *costs)
{
	assert_int_equal(model_costs_set(b->model, costs, b->model->host->costs), 0);
}

/* ---------------------------------------------------------------- guests */

/* Who fills its ring with copies of `lines` lines of `bytes` each; with room for so many graphics contexts. */
static inline struct fair_guest *fair_guest_with(struct fair_bed *b, uint32_t weight,
						 unsigned int channels, uint32_t bytes,
						 uint32_t lines, unsigned int contexts)
{
	uint64_t vram = (channels > 8 ? 8 * MIB : MIB) + contexts * gpu_graphics_context(b->vm.rm);
	struct fair_guest *g = calloc(1, sizeof(*g));
	struct push p;

	assert_non_null(g);
	b->guest[b->n++] = g;
	assert_int_equal(gpu_vram_alloc(b->vm.bed->gpu, vram, &g->own), 0);
	assert_int_equal(hv_dma_alloc(FAIR_MEMORY, &g->memory), 0);
	assert_int_equal(hv_dma_alloc(FAIR_CHANNELS * USERD_BYTES, &g->userd), 0);
	g->tenant = tenant_up(&b->vm, &g->own);
	gpu_tenant_weight(g->tenant, weight);
	p = (struct push){.words = (void *)((char *)g->memory.va + FAIR_PUSH), .room = 64};
	push_set_object(&p, PUSH_COPY_SUBCHANNEL, b->copies);
	/* Lines lie on each other. */
	push_copy(&p, FAIR_VA + FAIR_DATA, FAIR_VA + FAIR_DATA + 0x10000, 0, bytes, lines);
	assert_false(p.full);
	for (unsigned int i = 0; i < FAIR_ENTRIES; i++)
		((uint64_t *)g->memory.va)[i] = push_entry(FAIR_VA + FAIR_PUSH, 4 * p.n);
	return g;
}

static inline struct fair_guest *fair_guest_up(struct fair_bed *b, uint32_t weight,
					       unsigned int channels, uint32_t bytes,
					       uint32_t lines)
{
	return fair_guest_with(b, weight, channels, bytes, lines, 0);
}

static inline struct gpu_vm *fair_space(struct fair_bed *b, struct fair_guest *g, unsigned int i)
{
	struct gpu_run run = {g->memory.addr, FAIR_MEMORY, GPU_APERTURE_SYSMEM_COHERENT};
	struct gpu_map map = {.va = FAIR_VA, .page = GPU_PAGE_4K, .runs = &run, .n = 1};

	if (!g->vm[i]) {
		g->vm[i] = vm_up(&b->vm, g->tenant);
		assert_int_equal(gpu_vm_map(g->vm[i], &map), 0);
		assert_int_equal(gpu_vm_commit(g->vm[i]), 0);
	}
	return g->vm[i];
}

static inline void fair_ready(struct gpu_channel *ch, int err, void *arg)
{
	struct fair_channel *c = arg;

	assert_ptr_equal(ch, c->ch);
	c->ready++;
	c->err = err;
}

static inline void fair_fault(struct gpu_channel *ch, const struct gpu_fault *fault, void *arg)
{
	struct fair_channel *c = arg;

	assert_ptr_equal(ch, c->ch);
	c->faults++;
	c->fault = *fault;
}

static inline void fair_done(int err, void *arg)
{
	struct fair_channel *c = arg;

	c->done++;
	c->err = err;
}

/* The guest's next channel, in its space i, for that class and with the ring there; asked for. */
static inline struct fair_channel *fair_channel_ask_for(struct fair_bed *b, struct fair_guest *g,
							unsigned int i, uint32_t class_id,
							uint32_t ring)
{
	struct fair_channel *c = &g->c[g->n];
	struct gpu_channel_desc desc = {
		.vm = fair_space(b, g, i),
		.engine_class = class_id,
		.gpfifo = FAIR_VA + ring,
		.entries = FAIR_ENTRIES,
		.userd = (char *)g->userd.va + (size_t)g->n * USERD_BYTES,
		.userd_dma = g->userd.addr + (size_t)g->n * USERD_BYTES,
		.fault = fair_fault,
		.arg = c,
	};

	*c = (struct fair_channel){.userd = (void *)((char *)desc.userd + PUSH_USERD_GP_GET)};
	g->n++;
	assert_int_equal(gpu_channel_new(g->tenant, &desc, fair_ready, c, &c->ch), 0);
	return c;
}

static inline struct fair_channel *fair_channel_ask(struct fair_bed *b, struct fair_guest *g,
						    unsigned int i)
{
	return fair_channel_ask_for(b, g, i, b->copies, 0);
}

static inline struct fair_channel *fair_channel_up(struct fair_bed *b, struct fair_guest *g,
						   unsigned int i)
{
	struct fair_channel *c = fair_channel_ask(b, g, i);

	bed_until_called(&c->ready);
	assert_int_equal(c->err, 0);
	return c;
}

static inline void fair_submit(struct fair_channel *c, uint32_t jobs)
{
	c->put = (c->put + jobs) % FAIR_ENTRIES;
	c->userd[1] = c->put;
	gpu_channel_ring(c->ch);
}

static inline bool fair_idle(const struct fair_channel *c)
{
	return c->userd[0] == c->put;
}

/* As many channels, each with a full ring. */
static inline void fair_busy(struct fair_bed *b, struct fair_guest *g, unsigned int channels)
{
	for (unsigned int i = 0; i < channels; i++)
		fair_submit(fair_channel_up(b, g, 0), FAIR_ENTRIES - 1);
}

static inline void fair_channel_end(struct fair_channel *c)
{
	gpu_channel_free(c->ch, fair_done, c);
	bed_until_called(&c->done);
	assert_int_equal(c->err, 0);
}

static inline int fair_guest_down(struct fair_bed *b, struct fair_guest *g)
{
	int err = tenant_down(&b->vm, g->tenant);

	hv_dma_free(&g->memory);
	hv_dma_free(&g->userd);
	gpu_vram_free(b->vm.bed->gpu, &g->own);
	for (unsigned int i = 0; i < b->n; i++)
		b->guest[i] = b->guest[i] == g ? NULL : b->guest[i];
	free(g);
	return err;
}

static inline void fair_bed_down(struct fair_bed *b)
{
	for (unsigned int i = 0; i < b->n; i++)
		if (b->guest[i])
			fair_guest_down(b, b->guest[i]);
	if (!gpu_is_lost(b->vm.bed->gpu))
		vm_bed_check(&b->vm);
	vm_bed_down(&b->vm);
	free(b);
}

/* ---------------------------------------------------------------- time */

static inline uint64_t fair_now(const struct fair_bed *b)
{
	return b->model->host->now;
}

/* Model time goes on by so many microseconds, all of which somebody is busy. */
static inline void fair_run(struct fair_bed *b, uint64_t us)
{
	uint64_t end = fair_now(b) + us * FAIR_US;

	while (fair_now(b) < end)
		assert_int_equal(model_run(b->model), MODEL_BUSY);
}

/* Channels of how many clients might be chosen now, were there something to do: with turns one's at most. */
static inline unsigned int fair_clients_on(const struct fair_bed *b)
{
	uint32_t seen[FAIR_GUESTS] = {0};
	unsigned int n = 0, j;

	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		const struct model_channel *ch = &b->model->host->channels[i];

		if (!ch->used || !ch->scheduled || ch->stopped || ch->failed)
			continue;
		for (j = 0; j < n && seen[j] != ch->client; j++)
			;
		if (j == n && n < FAIR_GUESTS)
			seen[n++] = ch->client;
	}
	return n;
}

/*
 * The domain's time and the engines' go on together: what engines take for FAIR_STEP_US of work, and
 * the piece that this ends with, passes for the domain too, or, when they have none, FAIR_STEP_US.
 */
#define FAIR_STEP_US 10u

static inline void fair_step(struct fair_bed *b)
{
	uint64_t before = fair_now(b);

	model_run_for(b->model, FAIR_STEP_US * HV_US);
	before = fair_now(b) - before;
	pass(before ? before / PS_PER_NS : FAIR_STEP_US * HV_US);
	assert_in_range(fair_clients_on(b), 0, 1);
}

static inline void fair_together(struct fair_bed *b, uint64_t us)
{
	uint64_t end = hv_now() + us * HV_US;

	while (hv_now() < end)
		fair_step(b);
}

/* RM's groups that are the guest's; what the engine has worked for them, in ps. */
static inline uint64_t fair_work(const struct fair_bed *b, const struct fair_guest *guest,
				 unsigned int *groups)
{
	const struct model_group *g = b->model->host->groups;
	unsigned int n = 0;
	uint64_t ps = 0;

	for (size_t i = 0; i < MODEL_GROUPS; i++, g++) {
		if (!g->used || !g->channels || g->channels->client != guest->tenant->client.handle)
			continue;
		ps += g->ps;
		n++;
	}
	if (groups)
		*groups = n;
	return ps;
}

/* What each guest's part of `us` microseconds is, in 1/10000 of all that were worked. */
static inline void fair_parts(struct fair_bed *b, uint64_t us, unsigned int *parts)
{
	uint64_t before[FAIR_GUESTS] = {0}, all = 0;

	for (unsigned int i = 0; i < b->n; i++)
		before[i] = fair_work(b, b->guest[i], NULL);
	fair_run(b, us);
	for (unsigned int i = 0; i < b->n; i++) {
		before[i] = fair_work(b, b->guest[i], NULL) - before[i];
		all += before[i];
	}
	assert_true(all > 0);
	for (unsigned int i = 0; i < b->n; i++)
		parts[i] = (unsigned int)(before[i] * 10000 / (all ? all : 1));
}

/* Within percent % of what it should be. */
static inline void fair_about(unsigned int part, unsigned int should, unsigned int percent)
{
	assert_in_range(part * 100, should * (100 - percent), should * (100 + percent));
}

#endif /* TESTS_FAIR_BED_H */
