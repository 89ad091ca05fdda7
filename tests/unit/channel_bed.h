/* SPDX-License-Identifier: MIT */
/*
 * channel_bed.h - tenants (vm_bed.h) with a space, memory and channels, for tests of what channels do and how they
 * end.
 *
 * Each tenant has 256 KiB of VRAM at DATA_VA and 128 KiB of system memory at SYSTEM_VA of its space: GPFIFOs and push
 * buffers of its channels lie there, a page each, then a page of semaphores, then data. The model does at
 * the doorbell what can be done.
 */
#ifndef TESTS_CHANNEL_BED_H
#define TESTS_CHANNEL_BED_H

#include "gpu/core/fifo/channel.h"
#include "tests/model/host.h"
#include <nv/push.h>
#include "tests/unit/vm_bed.h"

#define DATA_VA	    0x10000000ull
#define DATA_SIZE   0x40000u
#define SYSTEM_VA   0x20000000ull
#define SYSTEM_SIZE 0x20000u
#define UNMAPPED_VA 0x30000000ull
#define USERD_VA    0x40000000ull /* only some tests map it */

#define BED_CHANNELS 8u
#define BED_ENTRIES  16u
#define GPFIFO_AT(i) (0x1000u * (i))
#define PUSH_AT(i)   (0x8000u + 0x1000u * (i))
#define SEM_AT(i)    (0x10000u + 16u * (i))
#define SYSTEM_DATA  0x11000u
#define USERD_BYTES  512u
#define BED_VERSIONS (sizeof(bed_versions) / sizeof(bed_versions[0]))

static const char *const bed_versions[] = {"535.113.01", "535.261.03", "550.163.01", "570.144"};

struct bed_tenant;

struct bed_channel {
	struct bed_tenant *owner;
	unsigned int i; /* in the owner's */
	struct gpu_channel *ch;
	uint32_t put;
	unsigned int ready, faults, done; /* times it was called */
	int err;			  /* of ready, or done */
	bool master;			  /* the function mastered the bus when done was called */
	struct gpu_fault fault;
};

struct bed_tenant {
	struct channel_bed *bed;
	struct gpu_tenant *tenant;
	struct gpu_vm *vm;
	struct gpu_range own, data; /* VRAM: the core's, and at DATA_VA */
	struct hv_dma system, userd;
	struct bed_channel c[BED_CHANNELS];
	struct told end;
};

struct channel_bed {
	struct vm_bed vm;
	struct boot_bed *boot; /* the VM bed's */
	struct gpu_rm *rm;     /* the same */
	struct bed_tenant t[2];
};

/* ---------------------------------------------------------------- waiting */

static inline bool bed_count(void *arg)
{
	return *(unsigned int *)arg;
}

static inline void bed_until_called(unsigned int *times)
{
	assert_int_equal(hv_loop_until(bed_count, times, 120 * HV_S), 0);
}

static inline bool bed_master(const struct channel_bed *bed)
{
	return model_cfg_read(bed->boot->model, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

/* ---------------------------------------------------------------- callbacks */

static inline void bed_channel_ready(struct gpu_channel *ch, int err, void *arg)
{
	struct bed_channel *c = arg;

	assert_ptr_equal(ch, c->ch); /* so the call had returned */
	c->ready++;
	c->err = err;
	if (err)
		c->ch = NULL;
}

static inline void bed_channel_fault(struct gpu_channel *ch, const struct gpu_fault *fault,
				     void *arg)
{
	struct bed_channel *c = arg;

	assert_ptr_equal(ch, c->ch);
	c->faults++;
	c->fault = *fault;
}

static inline void bed_channel_done(int err, void *arg)
{
	struct bed_channel *c = arg;

	c->done++;
	c->err = err;
	c->master = bed_master(c->owner->bed);
}

/* ---------------------------------------------------------------- channels */

/* The class of the chip's copy engines. */
static inline uint32_t bed_copies(const struct bed_tenant *t)
{
	return gpu_classes(t->bed->boot->gpu)->engine[0];
}

static inline struct gpu_channel_desc bed_desc(struct bed_tenant *t, unsigned int i)
{
	return (struct gpu_channel_desc){
		.vm = t->vm,
		.engine_class = bed_copies(t),
		.gpfifo = SYSTEM_VA + GPFIFO_AT(i),
		.entries = BED_ENTRIES,
		.userd = (char *)t->userd.va + (size_t)i * USERD_BYTES,
		.userd_dma = t->userd.addr + (size_t)i * USERD_BYTES,
		.fault = bed_channel_fault,
		.arg = &t->c[i],
	};
}

/* Asked for, for that class; not yet there. */
static inline struct bed_channel *bed_channel_ask_for(struct bed_tenant *t, unsigned int i,
						      uint32_t class_id)
{
	struct gpu_channel_desc desc = bed_desc(t, i);
	struct bed_channel *c = &t->c[i];

	desc.engine_class = class_id;
	*c = (struct bed_channel){.owner = t, .i = i};
	memset(desc.userd, 0xff, USERD_BYTES); /* as its last owner left it */
	assert_int_equal(gpu_channel_new(t->tenant, &desc, bed_channel_ready, c, &c->ch), 0);
	assert_int_equal(c->ready, 0);
	return c;
}

static inline struct bed_channel *bed_channel_ask(struct bed_tenant *t, unsigned int i)
{
	return bed_channel_ask_for(t, i, bed_copies(t));
}

static inline struct bed_channel *bed_channel_up(struct bed_tenant *t, unsigned int i)
{
	struct bed_channel *c = bed_channel_ask(t, i);

	bed_until_called(&c->ready);
	assert_int_equal(c->err, 0);
	return c;
}

static inline int bed_channel_end(struct bed_channel *c)
{
	gpu_channel_free(c->ch, bed_channel_done, c);
	assert_int_equal(c->done, 0);
	bed_until_called(&c->done);
	c->ch = NULL;
	return c->err;
}

/* An empty push buffer: what is put into it is run by bed_run(). */
static inline struct push bed_push(struct bed_channel *c)
{
	return (struct push){.words = (void *)((char *)c->owner->system.va + PUSH_AT(c->i)),
			     .room = 0x1000 / 4};
}

/* USERD as the owner's CPU sees it. */
static inline volatile uint32_t *bed_userd(struct bed_channel *c, uint32_t offset)
{
	return (void *)((char *)c->owner->userd.va + (size_t)c->i * USERD_BYTES + offset);
}

static inline void bed_entry(struct bed_channel *c, uint64_t entry)
{
	uint64_t *gpfifo = (void *)((char *)c->owner->system.va + GPFIFO_AT(c->i));

	gpfifo[c->put] = entry;
	c->put = (c->put + 1) % BED_ENTRIES;
	*bed_userd(c, PUSH_USERD_GP_PUT) = c->put;
}

static inline void bed_run(struct bed_channel *c, const struct push *p)
{
	assert_false(p->full);
	bed_entry(c, push_entry(SYSTEM_VA + PUSH_AT(c->i), 4 * p->n));
	gpu_channel_ring(c->ch);
}

static inline uint32_t bed_sem(const struct bed_channel *c)
{
	return *(volatile uint32_t *)(void *)((char *)c->owner->system.va + SEM_AT(c->i));
}

/* Whether it does what it is told. */
static inline bool bed_works(struct bed_channel *c, uint32_t value)
{
	struct push p = bed_push(c);

	push_set_object(&p, PUSH_COPY_SUBCHANNEL, bed_copies(c->owner));
	push_release(&p, SYSTEM_VA + SEM_AT(c->i), value);
	bed_run(c, &p);
	return bed_sem(c) == value;
}

/* What the model has of the channels that are not the session's own. */
static inline unsigned int bed_model_channels(const struct channel_bed *bed)
{
	return model_channels_used(bed->boot->model) - bed->vm.channels;
}

/* And of channel groups. */
static inline unsigned int bed_model_groups(const struct channel_bed *bed)
{
	return model_groups_used(bed->boot->model) - bed->vm.groups;
}

/* ---------------------------------------------------------------- tenants */

static inline void bed_map(struct bed_tenant *t, uint64_t va, uint64_t addr, uint64_t size,
			   enum gpu_aperture aperture)
{
	struct gpu_run run = {addr, size, aperture};
	struct gpu_map map = {.va = va, .page = GPU_PAGE_4K, .runs = &run, .n = 1};

	assert_int_equal(gpu_vm_map(t->vm, &map), 0);
	assert_int_equal(gpu_vm_commit(t->vm), 0);
}

/* With room for so many graphics contexts. */
static inline struct bed_tenant *bed_tenant_up_with(struct channel_bed *bed, unsigned int i,
						    unsigned int contexts)
{
	uint64_t size = VM_BED_VRAM + contexts * gpu_graphics_context(bed->rm);
	struct bed_tenant *t = &bed->t[i];

	*t = (struct bed_tenant){.bed = bed, .own = vm_bed_range_of(&bed->vm, size)};
	assert_int_equal(gpu_vram_alloc(bed->boot->gpu, DATA_SIZE, &t->data), 0);
	assert_int_equal(hv_dma_alloc(SYSTEM_SIZE, &t->system), 0);
	assert_int_equal(hv_dma_alloc(BED_CHANNELS * USERD_BYTES, &t->userd), 0);
	t->tenant = tenant_up(&bed->vm, &t->own);
	t->vm = vm_up(&bed->vm, t->tenant);
	bed_map(t, DATA_VA, t->data.base, DATA_SIZE, GPU_APERTURE_VRAM);
	bed_map(t, SYSTEM_VA, t->system.addr, SYSTEM_SIZE, GPU_APERTURE_SYSMEM_COHERENT);
	return t;
}

static inline struct bed_tenant *bed_tenant_up(struct channel_bed *bed, unsigned int i)
{
	return bed_tenant_up_with(bed, i, 0);
}

static inline void bed_tenant_memory_free(struct bed_tenant *t)
{
	hv_dma_free(&t->system);
	hv_dma_free(&t->userd);
	gpu_vram_free(t->bed->boot->gpu, &t->own);
	gpu_vram_free(t->bed->boot->gpu, &t->data);
}

/* The tenant ends, with all that it has; the error of that. */
static inline int bed_tenant_end(struct bed_tenant *t)
{
	t->end = (struct told){.model = t->bed->boot->model};
	gpu_tenant_end(t->tenant, ended, &t->end);
	await(&t->end);
	bed_tenant_memory_free(t);
	t->tenant = NULL;
	return t->end.err;
}

/* ---------------------------------------------------------------- the session */

static inline struct channel_bed channel_bed_up_on(const struct boot_board *board,
						   const char *version)
{
	struct channel_bed bed = {.vm = vm_bed_begun_on(board, version)};

	bed.boot = bed.vm.bed;
	bed.rm = bed.vm.rm;
	return bed;
}

static inline struct channel_bed channel_bed_up(const char *version)
{
	return channel_bed_up_on(&boot_boards[0], version);
}

/* Nothing of a tenant's is left; with the firmware neither, unless the GPU was lost. */
static inline void channel_bed_down(struct channel_bed *bed)
{
	if (!gpu_is_lost(bed->boot->gpu))
		vm_bed_check(&bed->vm);
	vm_bed_down(&bed->vm);
}

#endif /* TESTS_CHANNEL_BED_H */
