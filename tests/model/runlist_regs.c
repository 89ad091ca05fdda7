/* SPDX-License-Identifier: MIT */
/*
 * What engines do, and for which group: registers of each runlist, or, before GA100, of all engines.
 *
 * A group's context stays on an engine when it has nothing to do, until another's is loaded: VALID,
 * and IDLE. Loading takes no time of its own here that could be looked into, so the states in
 * between are never seen. Other registers of a runlist are RM's alone and not there. That Turing's array has the
 * type of a group, never of a single channel, is what RM makes of it: it puts each channel into a group.
 *
 * Source: NVIDIA/open-gpu-doc, manuals/ampere/ga100/dev_runlist.ref.txt
 * (NV_RUNLIST_ENGINE_STATUS0), manuals/turing/tu104/dev_fifo.ref.txt (NV_PFIFO_ENGINE_STATUS); nouveau
 * engine/fifo/ga100.c (ga100_engn_cxid), gk104.c (gk104_engn_status); OGKM kernel_channel.c (groups).
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

/* Both words have the same bits for what there is here; the array has one more. */
static bool pfifo_read(const struct model *m, uint32_t addr, uint32_t *value)
{
	uint32_t at = addr - NV_PFIFO_ENGINE_STATUS, engine = at / 8;

	if (addr < NV_PFIFO_ENGINE_STATUS || at % 8 || engine >= NV_PFIFO_ENGINE_STATUS__SIZE_1)
		return false;
	*value = 0;
	if (engine < MODEL_ENGINES)
		*value = engine_status(m, model_engines[engine].runlist,
				       model_engines[engine].runlist_engine);
	*value |= *value ? NV_PFIFO_ENGINE_STATUS_ID_TYPE_TSGID : 0;
	return true;
}

bool model_runlist_read(struct model *m, uint32_t addr, uint32_t *value)
{
	uint32_t runlist = (addr - MODEL_RUNLIST_PRI(0)) / RUNLIST_SPACE;
	uint32_t at = (addr - MODEL_RUNLIST_PRI(0)) % RUNLIST_SPACE;

	if (m->chip->pfifo_status)
		return pfifo_read(m, addr, value);
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
