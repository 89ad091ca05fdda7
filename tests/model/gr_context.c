/* SPDX-License-Identifier: MIT */
/*
 * The graphics engine turns from one channel group to another: see gr_context.h.
 */
#include "gr_context.h"
#include "host.h"

/* Buffers that state is in, and those that the engine writes while a group has it. */
#define STATE (1u << CONTEXT_MAIN | 1u << CONTEXT_PATCH)
#define WORK                                                                                       \
	(1u << CONTEXT_BUNDLE | 1u << CONTEXT_PAGEPOOL | 1u << CONTEXT_ATTRIBUTE |                 \
	 1u << CONTEXT_RTV | 1u << CONTEXT_EVENT)

/* The group's channel that an error is told of. */
static struct model_channel *somebody(struct model_group *g)
{
	return g->turn ? g->turn : g->channels;
}

static bool move(struct model *m, struct model_channel *ch, bool write, uint64_t va, uint64_t *mark)
{
	struct mmu_request request = {.access = write ? MMU_WRITE : MMU_READ, .privileged = true};
	uint64_t where = va;
	enum mmu_fault fault = model_mmu_access(m, &ch->group->context.space, request, va, mark,
						sizeof(*mark), &where);

	if (fault == MMU_OK)
		return true;
	m->host->context_errors++;
	model_channel_mmu_fault(m, ch, write, " of its context", where, fault);
	return false;
}

/* The mark at both ends of each buffer of the set. */
static bool each(struct model *m, struct model_channel *ch, uint32_t set, bool write, uint64_t mark)
{
	const struct model_context *c = &ch->group->context;

	for (uint32_t i = 0; i < CONTEXT_BUFFERS; i++) {
		const uint64_t ends[2] = {c->buffer[i].va,
					  c->buffer[i].va + c->buffer[i].size - sizeof(mark)};

		for (int end = 0; end < 2 && (set >> i & 1) && c->buffer[i].size; end++) {
			uint64_t word = mark;

			if (!move(m, ch, write, ends[end], &word))
				return false;
			if (word == mark)
				continue;
			m->host->context_errors++;
			model_graphics_fail(m, ch, "context buffer %u is not as it was left", i);
			return false;
		}
	}
	return true;
}

static bool save(struct model *m, struct model_group *g)
{
	struct model_channel *ch = somebody(g);

	if (!ch || !each(m, ch, WORK, false, g->context.used))
		return false;
	g->context.saved = ++m->host->marks;
	return each(m, ch, STATE, true, g->context.saved);
}

void model_context_unload(struct model *m, struct model_group *g, bool store)
{
	if (m->host->resident != g)
		return;
	m->host->resident = NULL;
	if (store)
		save(m, g);
}

/* RM prepares the start of what it prepares; where the state was never saved, that is what must be there. */
static bool load_state(struct model *m, struct model_channel *ch)
{
	const struct model_context *c = &ch->group->context;

	if (c->saved)
		return each(m, ch, STATE, false, c->saved);
	for (uint32_t i = 0; i < CONTEXT_BUFFERS; i++) {
		uint64_t word = 0;

		if (!(STATE >> i & 1))
			continue;
		if (!move(m, ch, false, c->buffer[i].va, &word))
			return false;
		if (word != CONTEXT_IMAGE) {
			m->host->context_errors++;
			model_graphics_fail(m, ch, "context buffer %u is not RM's image", i);
			return false;
		}
	}
	return true;
}

/* The list of registers is what RM has written. */
static bool check_map(struct model *m, struct model_channel *ch)
{
	uint64_t word = 0, va = ch->group->context.buffer[CONTEXT_MAP].va;

	if (!ch->group->context.buffer[CONTEXT_MAP].size)
		return true;
	if (!move(m, ch, false, va, &word))
		return false;
	if (word == CONTEXT_LIST)
		return true;
	m->host->context_errors++;
	model_graphics_fail(m, ch, "no access map at 0x%llx", (unsigned long long)va);
	return false;
}

bool model_context_load(struct model *m, struct model_channel *ch)
{
	struct model_host *h = m->host;
	struct model_context *c = &ch->group->context;

	if (h->resident == ch->group)
		return true;
	if (h->resident)
		model_context_unload(m, h->resident, true);
	if (!c->prepared || !c->objects) {
		model_graphics_fail(m, ch, "no graphics context");
		return false;
	}
	c->space = ch->space;
	c->used = ++h->marks;
	if (!load_state(m, ch) || !check_map(m, ch) || !each(m, ch, WORK, true, c->used))
		return false;
	h->resident = ch->group;
	h->contexts_loaded++;
	return true;
}
