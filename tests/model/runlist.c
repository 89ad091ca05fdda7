/* SPDX-License-Identifier: MIT */
/*
 * Scheduling: whose work is done next.
 *
 * On a runlist, groups have their turns in the order they came, each until its slice of model time is
 * used up or it has nothing to do. Within its slice a group's channels follow each other: the next one
 * when one is empty, waits for a semaphore or yields; and a new slice begins with the next one. Loading a
 * group's context in place of another's takes time that belongs to no slice.
 *
 * Between runlists there is only time: of those with work, the one whose clock is furthest behind goes
 * on, for a step. One that was idle starts at the global time.
 *
 * A channel whose semaphore has not its value is passed over, and its group with it unless the acquire
 * says otherwise (ACQUIRE_SWITCH): then the group keeps its turn until its slice ends. The semaphore is
 * looked at again every now and then while others work (COST_POLL), and whenever model_run() is called.
 * A look that finds nothing costs nothing, so that model time does not depend on how often the host looks.
 *
 * What is done in one call of model_run() is bounded in model time and, as costs may be 0, in the host's
 * work. A turn that took no model time in a whole call ends with it.
 *
 * Sources: NVIDIA/open-gpu-doc manuals/volta/gv100: dev_ram.ref.txt (RAMRL: groups, slices, a new
 * runlist), dev_pbdma.ref.txt (SEM_EXECUTE: switching; YIELD); OGKM ctrla06c.h, and gv100/dev_ram.h with
 * kernel_fifo_gv100.c for the default slice. The model's own: which channel a new slice starts with, and
 * that turns follow the order of creation.
 */
#include <string.h>

#include "host.h"

#define QUANTUM_NS   100000ull /* of each runlist, in a call of model_run() */
#define QUANTUM_WORK 16384u
#define STEP_PS	     (1000 * PS_PER_NS)
#define STEP_WORK    1024u
#define POLL_WORK    8u
#define SETTLE_WORK  (1u << 22) /* at one access, without kick: about 1 GiB of copies */
#define NOT_RUN	     (~0ull)

#define TIMESLICE_UNIT	  (1024 * PS_PER_NS)
#define TIMESLICE_TIMEOUT 0xffu
#define TIMESLICE_SCALE	  0xfu
#define TIMESLICE_DEFAULT (128u << 3)

bool model_group_set_timeslice(struct model_group *g, uint64_t us)
{
	uint32_t scale = 0;
	uint64_t units;

	while (us >> scale > TIMESLICE_TIMEOUT)
		if (++scale > TIMESLICE_SCALE)
			return false;
	units = us >> scale << scale;
	g->timeslice_us = us;
	g->slice = (units ? units : 1) * TIMESLICE_UNIT;
	return true;
}

struct model_group *model_group_new(struct model *m, uint32_t runlist)
{
	struct model_group **end = &m->host->runlists[runlist].groups;

	while (*end)
		end = &(*end)->next;
	for (size_t i = 0; i < MODEL_GROUPS; i++) {
		struct model_group *g = &m->host->groups[i];

		if (g->used)
			continue;
		memset(g, 0, sizeof(*g));
		g->used = true;
		g->runlist = runlist;
		model_group_set_timeslice(g, TIMESLICE_DEFAULT);
		*end = g;
		return g;
	}
	return NULL;
}

void model_runlist_submit(struct model *m, uint32_t runlist)
{
	m->host->runlists[runlist].expired = true;
}

void model_group_free(struct model *m, struct model_group *g)
{
	struct model_runlist *r = &m->host->runlists[g->runlist];
	struct model_group **link = &r->groups;

	model_context_unload(m, g, false);
	while (*link != g)
		link = &(*link)->next;
	*link = g->next;
	if (r->first == g)
		r->first = g->next;
	if (r->current == g)
		r->current = NULL;
	if (r->next == g)
		r->next = NULL;
	g->used = false;
	model_runlist_submit(m, g->runlist);
}

bool model_group_add(struct model *m, struct model_group *g, struct model_channel *ch)
{
	struct model_channel **end = &g->channels;

	if (g->nr_channels == MODEL_GROUP_CHANNELS)
		return false;
	while (*end)
		end = &(*end)->next;
	*end = ch;
	ch->next = NULL;
	ch->group = g;
	g->nr_channels++;
	model_runlist_submit(m, g->runlist);
	return true;
}

void model_group_remove(struct model *m, struct model_channel *ch)
{
	struct model_group *g = ch->group;
	struct model_channel **link = &g->channels;

	while (*link != ch)
		link = &(*link)->next;
	*link = ch->next;
	if (g->turn == ch)
		g->turn = ch->next;
	g->nr_channels--;
	ch->group = NULL;
	model_runlist_submit(m, g->runlist);
}

void model_runlist_yield(struct model *m, struct model_channel *ch, bool group)
{
	if (group)
		m->host->runlists[ch->runlist].expired = true;
	else
		m->host->yields = true;
}

bool model_turn_over(const struct model *m, const struct model_channel *ch)
{
	const struct model_host *h = m->host;
	const struct model_runlist *r = &h->runlists[ch->runlist];

	return !ch->group || h->yields || r->expired || r->used >= ch->group->slice ||
	       r->clock >= h->step_end || h->work >= h->step_work;
}

/* ---- who is next ---- */

static bool slice_over(const struct model_runlist *r)
{
	return r->expired || r->used >= r->current->slice;
}

static bool pending(const struct model_channel *ch)
{
	return ch->scheduled && !ch->stopped && ch->pending && !ch->failed;
}

/* Whether it can do something. One that waits looks at its semaphore, if it is time for that. */
static bool ready(struct model *m, struct model_channel *ch)
{
	struct model_host *h = m->host;

	if (!pending(ch))
		return false;
	if (!ch->waiting)
		return true;
	if (ch->looked == h->events ||
	    (!h->all_look && h->now - ch->looked_at < h->costs[COST_POLL]))
		return false;
	ch->looked = h->events;
	ch->looked_at = h->now;
	model_work(m, POLL_WORK);
	ch->waiting = !model_acquired(m, ch);
	return !ch->waiting && !ch->failed;
}

/* The group's next channel with something to do, which has the group's turn then; NULL: none. */
static struct model_channel *next_channel(struct model *m, struct model_group *g)
{
	struct model_channel *start = g->turn ? g->turn : g->channels, *ch = start;

	if (!ch)
		return NULL;
	do {
		if (ready(m, ch)) {
			g->turn = ch;
			return ch;
		}
		ch = ch->next ? ch->next : g->channels;
	} while (ch != start);
	return NULL;
}

/* Nothing to do, and yet it does not let others in: one of its acquires forbids the switch. */
static bool holds_on(const struct model_group *g)
{
	for (const struct model_channel *ch = g->channels; ch; ch = ch->next)
		if (pending(ch) && ch->waiting && !ch->acquire.switches)
			return true;
	return false;
}

/* The next group of the runlist with something to do, the current one last. */
static struct model_group *next_group(struct model *m, struct model_runlist *r)
{
	struct model_group *start = r->first ? r->first : r->groups, *g = start;

	if (!g)
		return NULL;
	do {
		if (next_channel(m, g))
			return g;
		g = g->next ? g->next : r->groups;
	} while (g != start);
	return NULL;
}

/* Chooses what the runlist does next; false if that is nothing. */
static bool choose(struct model *m, struct model_runlist *r)
{
	struct model_group *g = r->current;
	bool over = !g || slice_over(r);

	r->stalled = false;
	r->next = g;
	if (!over && next_channel(m, g))
		return true;
	r->next = next_group(m, r);
	if (!r->next)
		return false;
	if (!over && r->next != g && holds_on(g)) {
		r->next = g;
		r->stalled = true;
	}
	return true;
}

static struct model_runlist *furthest_behind(struct model *m)
{
	struct model_host *h = m->host;
	struct model_runlist *best = NULL;

	for (uint32_t i = 1; i <= MODEL_RUNLISTS; i++) {
		/* The one that was last comes last: clocks may stand still. */
		struct model_runlist *r = &h->runlists[(h->last + i) % MODEL_RUNLISTS];

		if (!choose(m, r)) {
			r->idle = true;
			continue;
		}
		if (r->idle && r->clock < h->now)
			r->clock = h->now;
		r->idle = false;
		if (!best || r->clock < best->clock)
			best = r;
	}
	return best;
}

/* The runlist that goes on; NULL if nothing can be done, also after all that wait have looked. */
static struct model_runlist *next_runlist(struct model *m)
{
	struct model_host *h = m->host;
	struct model_runlist *r = furthest_behind(m);

	if (!r) {
		h->all_look = true;
		r = furthest_behind(m);
		h->all_look = false;
	}
	if (r)
		h->last = (uint32_t)(r - h->runlists);
	return r;
}

/* ---- a step ---- */

static void load_group(struct model *m, struct model_runlist *r, struct model_group *g)
{
	uint64_t cost = m->host->costs[COST_SWITCH];

	if (r->current != g) {
		r->current = g;
		r->switches++;
		r->switching += cost;
		r->clock += cost;
	}
	r->used = 0;
	r->expired = false;
	r->first = g->next;
}

static void step(struct model *m, struct model_runlist *r)
{
	struct model_host *h = m->host;
	struct model_group *g = r->next;
	struct model_channel *ch;

	if (r->clock > h->now)
		h->now = r->clock;
	if (r->before == NOT_RUN)
		r->before = r->clock;
	h->events++;
	model_work(m, 1);
	if (r->stalled) {
		model_charge(m, g->channels, COST_POLL, 1);
		return;
	}
	if (r->current != g || slice_over(r))
		load_group(m, r, g);
	ch = g->turn;
	h->step_end = r->clock + STEP_PS;
	h->step_work = h->work + STEP_WORK;
	h->yields = false;
	model_channel_run(m, ch);
	if (ch->group == g && (!ready(m, ch) || h->yields || slice_over(r)))
		g->turn = ch->next;
}

static enum model_work_left left(const struct model *m)
{
	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		const struct model_channel *ch = &m->host->channels[i];

		if (ch->used && pending(ch))
			return MODEL_WAITS;
	}
	return MODEL_IDLE;
}

/* Up to `end`, or, with 0, for so long from where work begins; and as much as the host may be kept with. */
static enum model_work_left run(struct model *m, uint64_t end, uint64_t ns, uint32_t work)
{
	struct model_host *h = m->host;
	struct model_runlist *r;

	if (h->running)
		return MODEL_BUSY;
	h->running = true;
	h->work = 0;
	h->events++;
	for (uint32_t i = 0; i < MODEL_RUNLISTS; i++)
		h->runlists[i].before = NOT_RUN;
	while ((r = next_runlist(m)) != NULL) {
		if (!end)
			end = r->clock + ns * PS_PER_NS;
		if (r->clock >= end || h->work >= work)
			break;
		step(m, r);
	}
	for (uint32_t i = 0; i < MODEL_RUNLISTS; i++) {
		if (r && h->runlists[i].clock == h->runlists[i].before)
			h->runlists[i].expired = true;
		if (!r && h->runlists[i].clock > h->now)
			h->now = h->runlists[i].clock;
	}
	h->running = false;
	return r ? MODEL_BUSY : left(m);
}

/* Up to the embedder's time, which then also those have that had nothing to do. */
static enum model_work_left follow(struct model *m, uint32_t work)
{
	struct model_host *h = m->host;
	uint64_t now = (m->ops->time_ns(m->ctx) - h->origin) * PS_PER_NS;
	enum model_work_left found = run(m, now, 0, work);

	for (uint32_t i = 0; i < MODEL_RUNLISTS && !h->running; i++)
		if (h->runlists[i].idle && h->runlists[i].clock < now)
			h->runlists[i].clock = now;
	if (h->now < now && !h->running)
		h->now = now;
	return found;
}

enum model_work_left model_run_for(struct model *m, uint64_t ns)
{
	return m->config.follow_clock ? follow(m, QUANTUM_WORK) : run(m, 0, ns, QUANTUM_WORK);
}

enum model_work_left model_run(struct model *m)
{
	return model_run_for(m, QUANTUM_NS);
}

void model_host_pass(struct model *m)
{
	if (m->config.follow_clock)
		follow(m, SETTLE_WORK);
}

void model_host_kick(struct model *m)
{
	m->host->kicked = true;
	if (m->ops->kick)
		m->ops->kick(m->ctx);
}

void model_host_settle(struct model *m)
{
	if (!m->host->kicked || m->host->running)
		return;
	m->host->kicked = false;
	if (m->ops->kick)
		return;
	for (uint32_t work = 0; work < SETTLE_WORK; work += m->host->work)
		if (model_run(m) != MODEL_BUSY)
			return;
	model_log(m, "engines are still busy: the rest is done at the next doorbell");
}
