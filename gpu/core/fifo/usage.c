/* SPDX-License-Identifier: MIT */
/*
 * usage.c - looks at engines (see usage.h).
 */
#include "gpu/core/fifo/group.h"
#include "gpu/core/regs_pmc.h"
#include "gpu/core/regs_runlist.h"

/* Where the engine's status is; false: nowhere that could be. What places it is the firmware's word. */
static bool status_register(const struct gpu *gpu, const struct gpu_engine *e, uint32_t *reg)
{
	uint64_t at;

	if (gpu->chip->kind->engine_status_in_pfifo) {
		*reg = NV_PFIFO_ENGINE_STATUS(e->tag);
		return e->tag < NV_PFIFO_ENGINE_STATUS__SIZE_1;
	}
	at = (uint64_t)e->runlist_base + NV_RUNLIST_ENGINE_STATUS0(e->runlist_engine);
	*reg = (uint32_t)at;
	return e->runlist_base && e->runlist_engine < NV_RUNLIST_ENGINE_STATUS0__SIZE_1 &&
	       at % 4 == 0 && at <= gpu->regs.size - 4;
}

bool gpu_engine_works(const struct gpu_chip_kind *kind, uint32_t status)
{
	if (NV_PRI_IS_ERROR(status) || !(status & NV_ENGINE_STATUS_ENGINE_BUSY))
		return false;
	if (kind->engine_status_in_pfifo && !(status & NV_PFIFO_ENGINE_STATUS_ID_TYPE_TSGID))
		return false;
	return NV_ENGINE_STATUS_CTX_STATUS(status) == NV_ENGINE_STATUS_CTX_STATUS_VALID;
}

/* Who has the group of this number on this runlist. */
static struct gpu_tenant *whose(struct gpu_rm *rm, uint32_t runlist, uint32_t tsg)
{
	const struct gpu_engines *engines = gpu_rm_engines(rm);

	for (struct gpu_tenant *t = gpu_rm_fifo(rm)->tenants; t; t = t->next)
		for (unsigned int i = 0; i < t->nr_slots; i++) {
			const struct gpu_group *g = t->group[i];

			if (g && g->numbered && g->tsg == tsg &&
			    engines->engine[g->engine].runlist == runlist)
				return t;
		}
	return NULL;
}

static void look(struct gpu_usage *u)
{
	const struct gpu_engines *engines = gpu_rm_engines(u->rm);
	const struct gpu_fifo *fifo = gpu_rm_fifo(u->rm);
	struct gpu *gpu = gpu_rm_gpu(u->rm);
	uint64_t now = hv_now(), took = now - u->last;

	u->last = now;
	u->looks++;
	for (unsigned int i = 0; i < engines->n; i++) {
		const struct gpu_engine *e = &engines->engine[i];
		struct gpu_tenant *t;
		uint32_t reg, status;

		if (!fifo->load[i] || !status_register(gpu, e, &reg))
			continue;
		status = gpu_rd32(gpu, reg);
		if (!gpu_engine_works(gpu->chip->kind, status))
			continue;
		t = whose(u->rm, e->runlist, NV_ENGINE_STATUS_TSGID(status));
		if (!t)
			continue;
		t->engine_ns += took;
		if (t->direct && !t->ending)
			t->worked(t->worked_arg);
	}
}

/* xorshift: nothing here needs more than to be irregular. */
static uint32_t irregular(struct gpu_usage *u)
{
	u->random ^= u->random << 13;
	u->random ^= u->random >> 17;
	u->random ^= u->random << 5;
	return u->random;
}

static void arm(struct gpu_usage *u, uint64_t period)
{
	hv_timer_arm(&u->timer, hv_now() + period / 2 + irregular(u) % period);
}

/* Somebody has channels whose doorbells are not seen here. */
static bool unheard(const struct gpu_usage *u)
{
	for (const struct gpu_tenant *t = gpu_rm_fifo(u->rm)->tenants; t; t = t->next)
		for (unsigned int i = 0; t->direct && i < t->nr_slots; i++)
			if (t->group[i])
				return true;
	return false;
}

static void next(struct gpu_usage *u)
{
	bool rung = hv_now() - u->rung < GPU_USAGE_RUNG;

	u->looking = !gpu_rm_gpu(u->rm)->lost && (rung || unheard(u));
	if (u->looking)
		arm(u, rung ? GPU_USAGE_LOOK : GPU_USAGE_SLOW);
}

static void on_timer(struct hv_timer *timer)
{
	struct gpu_usage *u =
		(struct gpu_usage *)((char *)timer - offsetof(struct gpu_usage, timer));

	if (!gpu_rm_gpu(u->rm)->lost)
		look(u);
	next(u);
}

void gpu_usage_begin(struct gpu_usage *u, struct gpu_rm *rm)
{
	u->rung = hv_now();
	if (u->looking || gpu_rm_stopped(rm))
		return;
	if (!u->rm)
		*u = (struct gpu_usage){.rm = rm,
					.timer.fn = on_timer,
					.rung = u->rung,
					.random = (uint32_t)u->rung | 1};
	u->last = u->rung;
	next(u);
}

void gpu_usage_stop(struct gpu_usage *u)
{
	hv_timer_cancel(&u->timer);
	u->looking = false;
}

void gpu_tenant_direct(struct gpu_tenant *tenant, void (*worked)(void *arg), void *arg)
{
	tenant->direct = true;
	tenant->worked = worked;
	tenant->worked_arg = arg;
}

uint64_t gpu_tenant_time(const struct gpu_tenant *tenant)
{
	return tenant->engine_ns;
}
