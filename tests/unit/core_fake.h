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

#include "tests/unit/core_fake_calls.h"

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
