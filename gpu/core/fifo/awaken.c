/* SPDX-License-Identifier: MIT */
/*
 * awaken.c - from vectors to engines, not too often (see awaken.h).
 */
#include "gpu/core/core.h"
#include "gpu/core/fifo/awaken.h"
#include "gpu/core/fifo/fifo.h"
#include "gpu/core/gpu.h"
#include "gpu/core/rm/session.h"

/* Engines that `raised` may be about. */
static uint64_t engines_of(const struct gpu_awaken *a, const struct gpu_intr_vectors *raised)
{
	const struct gpu_engines *all = a->engines;
	uint64_t mask = 0;

	for (unsigned int i = 0; i < all->n; i++) {
		const struct gpu_engine *e = &all->engine[i];

		if (!gpu_intr_has(e->nonstall) ||
		    !(raised->leaf[e->nonstall / 32] >> e->nonstall % 32 & 1))
			continue;
		for (unsigned int k = 0; k < all->n; k++)
			mask |= (uint64_t)(all->engine[k].runlist == e->runlist) << k;
	}
	return mask;
}

static void tell(struct gpu_awaken *a)
{
	uint64_t engines = a->pending & a->used;

	a->pending = 0;
	a->last = hv_now();
	if (a->fn && engines)
		a->fn(engines, a->arg);
}

/* The first after a while is told at once and costs nothing more; the next waits for the end of the gap, masked. */
static void on_vectors(const struct gpu_intr_vectors *raised, void *arg)
{
	struct gpu_awaken *a = arg;

	a->pending |= engines_of(a, raised);
	if (hv_now() - a->last >= GPU_AWAKEN_GAP) {
		tell(a);
		return;
	}
	gpu_intr_mask(a->intr, &a->source, true);
	hv_timer_arm(&a->gap, a->last + GPU_AWAKEN_GAP);
}

static void gap_over(struct hv_timer *t)
{
	struct gpu_awaken *a = (struct gpu_awaken *)((char *)t - offsetof(struct gpu_awaken, gap));

	gpu_intr_mask(a->intr, &a->source, false);
	tell(a);
}

/* Who has channels there would wait in vain: they look by themselves then. */
static void log_silence(struct gpu_awaken *a, unsigned int engine)
{
	if (a->silent >> engine & 1)
		return;
	a->silent |= 1ull << engine;
	hv_log(HV_WARN, "gpu %s: engine \"%s\" has no interrupt for completions",
	       hv_pci_name(a->intr->gpu->pci), a->engines->engine[engine].name);
}

/* The vectors of this engine's runlist, which others may use too. */
static void follow(struct gpu_awaken *a, unsigned int engine)
{
	const struct gpu_engines *all;
	uint64_t runlist = 0;
	bool heard = false;

	if (!a->intr || !a->intr->gpu)
		return;
	all = a->engines;
	for (unsigned int i = 0; i < all->n; i++)
		runlist |= (uint64_t)(all->engine[i].runlist == all->engine[engine].runlist) << i;
	for (unsigned int i = 0; i < all->n; i++) {
		uint32_t vector = all->engine[i].nonstall;

		if (!(runlist >> i & 1) || !gpu_intr_has(vector))
			continue;
		heard = true;
		gpu_intr_enable(a->intr, &a->source, vector, a->fn && a->used & runlist);
	}
	if (!heard && a->fn && a->used >> engine & 1)
		log_silence(a, engine);
}

static void follow_all(struct gpu_awaken *a)
{
	for (unsigned int i = 0; a->engines && i < a->engines->n; i++)
		follow(a, i);
}

void gpu_awaken_use(struct gpu_awaken *a, unsigned int engine, bool used)
{
	uint64_t bit = 1ull << engine;

	if (!(a->used & bit) == !used)
		return;
	a->used ^= bit;
	follow(a, engine);
}

void gpu_awaken_start(struct gpu_awaken *a, struct gpu_intr *intr,
		      const struct gpu_engines *engines)
{
	a->intr = intr;
	a->engines = engines;
	a->gap.fn = gap_over;
	gpu_intr_add(intr, &a->source, on_vectors, a);
	follow_all(a);
}

void gpu_awaken_stop(struct gpu_awaken *a)
{
	hv_timer_cancel(&a->gap);
	a->intr = NULL;
	a->fn = NULL;
}

void gpu_on_awaken(struct gpu_rm *rm, void (*fn)(uint64_t engines, void *arg), void *arg)
{
	struct gpu_awaken *a = &gpu_rm_fifo(rm)->awaken;

	a->fn = fn;
	a->arg = arg;
	follow_all(a);
}
