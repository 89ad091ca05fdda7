/* SPDX-License-Identifier: MIT */
/*
 * Registers of a runlist: what its engines do, and for which group.
 *
 * A group's context stays on an engine when it has nothing to do, until another's is loaded: VALID,
 * and IDLE. Loading takes no time of its own here that could be looked into, so the states in
 * between are never seen. Other registers of a runlist are RM's alone and not there.
 *
 * Source: NVIDIA/open-gpu-doc, manuals/ampere/ga100/dev_runlist.ref.txt
 * (NV_RUNLIST_ENGINE_STATUS0); nouveau engine/fifo/ga100.c (ga100_engn_cxid).
 */
#include "host.h"
#include "host_regs.h"

#define RUNLIST_SPACE	   (MODEL_RUNLIST_PRI(1) - MODEL_RUNLIST_PRI(0))
#define STATUS0_PER_ENGINE 64u
#define STATUS0_ENGINES	   3u

static bool works(const struct model_group *g)
{
	for (const struct model_channel *ch = g->channels; ch; ch = ch->next)
		if (ch->scheduled && !ch->stopped && !ch->failed && ch->pending && !ch->waiting)
			return true;
	return false;
}

static uint32_t engine_status(const struct model *m, uint32_t runlist, uint32_t index)
{
	const struct model_group *g = m->host->runlists[runlist].current;

	if (!g || model_engines[g->engine].runlist_engine != index)
		return 0;
	return (uint32_t)(g - m->host->groups) | NV_RUNLIST_ENGINE_STATUS0_CTX_STATUS_VALID |
	       (works(g) ? NV_RUNLIST_ENGINE_STATUS0_ENGINE_BUSY : 0);
}

bool model_runlist_read(struct model *m, uint32_t addr, uint32_t *value)
{
	uint32_t runlist = (addr - MODEL_RUNLIST_PRI(0)) / RUNLIST_SPACE;
	uint32_t at = (addr - MODEL_RUNLIST_PRI(0)) % RUNLIST_SPACE;

	if (addr < MODEL_RUNLIST_PRI(0) || runlist >= MODEL_RUNLISTS ||
	    at < NV_RUNLIST_ENGINE_STATUS0 || (at - NV_RUNLIST_ENGINE_STATUS0) % STATUS0_PER_ENGINE)
		return false;
	at = (at - NV_RUNLIST_ENGINE_STATUS0) / STATUS0_PER_ENGINE;
	*value = 0;
	if (at < STATUS0_ENGINES)
		*value = engine_status(m, runlist, at);
	return at < STATUS0_ENGINES;
}

/* Read only: a write is accepted and lost. */
bool model_runlist_write(struct model *m, uint32_t addr, uint32_t value)
{
	(void)value;
	return model_runlist_read(m, addr, &value);
}
