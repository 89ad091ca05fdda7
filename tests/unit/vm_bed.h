/* SPDX-License-Identifier: MIT */
/*
 * vm_bed.h - a driver domain whose firmware runs, for tests of tenants and address spaces: everything is
 * given back at the end, or the bed fails.
 */
#ifndef TESTS_VM_BED_H
#define TESTS_VM_BED_H

#include "gpu/core/regs_pci.h"
#include "gpu/core/tenant.h"
#include "tests/model/gsp.h"
#include "tests/model/host.h"
#include "tests/model/mmu.h"
#include "tests/unit/boot_bed.h"

#define VM_BED_VRAM 0x100000ull /* of each tenant */

/* What comes back once. */
struct told {
	unsigned int times;
	int err;
	bool mastering; /* at that moment */
	struct model *model;
};

struct vm_bed {
	struct boot_bed *bed;
	struct gpu_rm *rm;
	struct told session;
	uint64_t vram_free;
	uint32_t objects;			    /* that RM has without tenants */
	unsigned int directories, channels, groups; /* likewise, of which RM and Host know */
	unsigned int left; /* directories that RM could not be told of again */
};

static inline void vm_bed_told(struct told *t, int err)
{
	assert_int_equal(t->times++, 0);
	t->err = err;
	t->mastering = t->model && model_cfg_read(t->model, PCI_COMMAND, 2) & PCI_COMMAND_MASTER;
}

static inline void session_ready(struct gpu_rm *rm, int err, void *arg)
{
	(void)rm;
	vm_bed_told(arg, err);
}

static inline void tenant_ready(struct gpu_tenant *tenant, int err, void *arg)
{
	(void)tenant;
	vm_bed_told(arg, err);
}

static inline void vm_ready(struct gpu_vm *vm, int err, void *arg)
{
	(void)vm;
	vm_bed_told(arg, err);
}

static inline void ended(int err, void *arg)
{
	vm_bed_told(arg, err);
}

static inline bool was_told(void *arg)
{
	return ((struct told *)arg)->times;
}

/* It has not been told yet; until it is. */
static inline int await(struct told *t)
{
	assert_int_equal(t->times, 0);
	assert_int_equal(hv_loop_until(was_told, t, 60 * HV_S), 0);
	return t->err;
}

static inline bool never(void *arg)
{
	(void)arg;
	return false;
}

static inline void pass(uint64_t ns)
{
	assert_int_equal(hv_loop_until(never, NULL, ns), -ETIMEDOUT);
}

/*
 * Firmware one step at a time. While it is held it cannot read what it is told; step() lets it read and answer
 * what is there, and the domain then takes the answers, so that what it says next waits for the next step.
 */
#define GSP_DOORBELL 0x110c00u

static inline void hold(struct vm_bed *b)
{
	model_cfg_write(b->bed->model, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
}

static inline void let_go(struct vm_bed *b)
{
	model_cfg_write(b->bed->model, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	gpu_wr32(b->bed->gpu, GSP_DOORBELL, 0);
}

static inline void step(struct vm_bed *b)
{
	let_go(b);
	hold(b);
	pass(HV_MS / 4); /* less than it takes to notice that bus mastering is off */
}

/* The same, but what the domain makes of the answers it does not get to tell anybody. */
static inline void half_step(struct vm_bed *b)
{
	let_go(b);
	hold(b);
	fwq_clients_poll(gpu_rm_clients(b->rm));
}

static inline uint32_t rm_objects(const struct vm_bed *b)
{
	return b->bed->model->gsp_rm->rm.nr_objects;
}

/* On all runlists. */
static inline unsigned int model_channels_used(const struct model *m)
{
	unsigned int n = 0;

	for (size_t i = 0; i < MODEL_CHANNELS; i++)
		n += m->host->channels[i].used;
	return n;
}

static inline unsigned int model_groups_used(const struct model *m)
{
	unsigned int n = 0;

	for (size_t i = 0; i < MODEL_GROUPS; i++)
		n += m->host->groups[i].used;
	return n;
}

static inline struct vm_bed vm_bed_up_on(const struct boot_board *board, const char *version)
{
	struct vm_bed b = {.bed = boot_bed_up_on(board, version)};
	struct boot_bed *bed = b.bed;

	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	if (bed_start(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
	assert_int_equal(gpu_vram_limit(bed->gpu, gpu_boot_usable_end(bed->boot)), 0);
	return b;
}

static inline struct vm_bed vm_bed_up(const char *version)
{
	return vm_bed_up_on(&boot_boards[0], version);
}

static inline void vm_bed_session(struct vm_bed *b)
{
	b->session.times = 0;
	assert_int_equal(gpu_rm_new(b->bed->gpu, b->bed->boot, session_ready, &b->session, &b->rm),
			 0);
	assert_int_equal(await(&b->session), 0);
	b->vram_free = gpu_vram_free_bytes(b->bed->gpu);
	b->objects = rm_objects(b);
	b->directories = model_rm_directories(b->bed->model);
	b->channels = model_channels_used(b->bed->model);
	b->groups = model_groups_used(b->bed->model);
}

static inline struct vm_bed vm_bed_begun_on(const struct boot_board *board, const char *version)
{
	struct vm_bed b = vm_bed_up_on(board, version);

	vm_bed_session(&b);
	return b;
}

static inline struct vm_bed vm_bed_begun(const char *version)
{
	return vm_bed_begun_on(&boot_boards[0], version);
}

/* Nothing is left of tenants. */
static inline void vm_bed_check(const struct vm_bed *b)
{
	assert_int_equal(gpu_vram_free_bytes(b->bed->gpu), b->vram_free);
	assert_int_equal(rm_objects(b), b->objects);
	assert_int_equal(model_rm_directories(b->bed->model), b->directories);
	assert_int_equal(model_channels_used(b->bed->model), b->channels);
	assert_int_equal(model_groups_used(b->bed->model), b->groups);
	assert_int_equal(b->bed->model->gsp_rm->rm.directories_left, b->left);
}

/* As gpudom ends. */
static inline void vm_bed_down(struct vm_bed *b)
{
	gpu_rm_stop(b->rm);
	gpu_boot_stop_now(b->bed->boot);
	gpu_boot_free(b->bed->boot);
	b->bed->boot = NULL;
	gpu_rm_free(b->rm);
	boot_bed_down(b->bed);
}

static inline struct gpu_range vm_bed_range_of(struct vm_bed *b, uint64_t size)
{
	struct gpu_range range;

	assert_int_equal(gpu_vram_alloc(b->bed->gpu, size, &range), 0);
	return range;
}

static inline struct gpu_range vm_bed_range(struct vm_bed *b)
{
	return vm_bed_range_of(b, VM_BED_VRAM);
}

static inline struct gpu_tenant *tenant_begin(struct vm_bed *b, const struct gpu_range *range,
					      struct told *t)
{
	struct gpu_tenant *tenant;

	*t = (struct told){.model = b->bed->model};
	assert_int_equal(gpu_tenant_new(b->rm, range, tenant_ready, t, &tenant), 0);
	assert_int_equal(t->times, 0);
	return tenant;
}

static inline struct gpu_tenant *tenant_up(struct vm_bed *b, const struct gpu_range *range)
{
	struct told t;
	struct gpu_tenant *tenant = tenant_begin(b, range, &t);

	assert_int_equal(await(&t), 0);
	return tenant;
}

static inline int tenant_down(struct vm_bed *b, struct gpu_tenant *tenant)
{
	struct told t = {.model = b->bed->model};

	gpu_tenant_end(tenant, ended, &t);
	return await(&t);
}

static inline struct gpu_vm *vm_begin(struct vm_bed *b, struct gpu_tenant *tenant, struct told *t)
{
	struct gpu_vm *vm;

	*t = (struct told){.model = b->bed->model};
	assert_int_equal(gpu_vm_new(tenant, vm_ready, t, &vm), 0);
	assert_int_equal(t->times, 0);
	return vm;
}

static inline struct gpu_vm *vm_up(struct vm_bed *b, struct gpu_tenant *tenant)
{
	struct told t;
	struct gpu_vm *vm = vm_begin(b, tenant, &t);

	assert_int_equal(await(&t), 0);
	return vm;
}

static inline int vm_down(struct vm_bed *b, struct gpu_vm *vm)
{
	struct told t = {.model = b->bed->model};

	assert_int_equal(gpu_vm_free(vm, ended, &t), 0);
	return await(&t);
}

#endif /* TESTS_VM_BED_H */
