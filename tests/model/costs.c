/* SPDX-License-Identifier: MIT */
/*
 * What work costs in model time, and whom it is charged to.
 *
 * No board was measured. The defaults are chosen to be of the order that public figures suggest: a copy
 * engine moves 25 GB/s, what PCIe 4.0 x16 carries; an access to memory takes some hundred nanoseconds;
 * loading a context some microseconds. They can all be set, so that it can be seen what depends on them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

#define MAX_COST 1000000u /* 1 ms; of a byte, 1 us */

static const struct {
	const char *name;
	uint32_t value, unit; /* the unit, in ps */
	uint32_t work;	      /* the host's, in units of model_work(), each time */
} costs_known[MODEL_COSTS] = {
	[COST_ENTRY] = {"entry", 200, PS_PER_NS, 4},
	[COST_METHOD] = {"method", 10, PS_PER_NS, 1},
	[COST_SEMAPHORE] = {"semaphore", 500, PS_PER_NS, 4},
	[COST_CE_LAUNCH] = {"ce-launch", 1500, PS_PER_NS, 4},
	[COST_CE_BYTE] = {"ce-byte-ps", 40, 1, 0},
	[COST_INLINE_BYTE] = {"inline-byte-ps", 40, 1, 0},
	[COST_SWITCH] = {"switch", 5000, PS_PER_NS, 4},
	[COST_POLL] = {"poll", 1000, PS_PER_NS, 4},
};

#define BYTES_A_UNIT 256u /* of copies */

/* One "NAME=VALUE" of `len` bytes. */
static bool parse(const char *text, size_t len, uint64_t *costs)
{
	const char *value = memchr(text, '=', len);
	uint64_t n = 0;

	if (!value || ++value == text + len)
		return false;
	for (const char *p = value; p < text + len; p++) {
		if (*p < '0' || *p > '9')
			return false;
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > MAX_COST)
			return false;
	}
	for (size_t i = 0; i < MODEL_COSTS; i++) {
		const char *name = costs_known[i].name;

		if (strlen(name) != (size_t)(value - 1 - text) ||
		    memcmp(name, text, strlen(name)) != 0)
			continue;
		costs[i] = n * costs_known[i].unit;
		return true;
	}
	return false;
}

static const char *refused(const char *text, uint64_t *costs)
{
	for (;;) {
		size_t len = strcspn(text, ",");

		if (!parse(text, len, costs))
			return text;
		if (!text[len])
			return NULL;
		text += len + 1;
	}
}

const char *model_costs_refused(const char *text)
{
	uint64_t costs[MODEL_COSTS];

	return refused(text, costs);
}

int model_costs_set(struct model *m, const char *text, uint64_t costs[MODEL_COSTS])
{
	const char *bad;

	for (size_t i = 0; i < MODEL_COSTS; i++)
		costs[i] = (uint64_t)costs_known[i].value * costs_known[i].unit;
	bad = text ? refused(text, costs) : NULL;
	if (bad)
		model_log(m, "cost refused: %.*s", (int)strcspn(bad, ","), bad);
	return bad ? -EINVAL : 0;
}

/* Copies on the runlist of graphics are made by a copy engine that shares it. */
static uint32_t engine_of(const struct model_channel *ch, enum model_cost cost)
{
	if (cost != COST_CE_LAUNCH && cost != COST_CE_BYTE)
		return ch->engine;
	if (model_engines[ch->engine].type == ENGINE_LCE)
		return ch->engine;
	for (uint32_t i = 0; i < MODEL_ENGINES; i++)
		if (model_engines[i].runlist == ch->runlist && model_engines[i].type == ENGINE_LCE)
			return i;
	return ch->engine;
}

void model_work(struct model *m, uint32_t units)
{
	m->host->work += units;
}

void model_charge(struct model *m, struct model_channel *ch, enum model_cost cost, uint32_t count)
{
	uint64_t ps = m->host->costs[cost] * count;
	struct model_host *h = m->host;
	struct model_group *g = ch->group;
	bool bytes = cost == COST_CE_BYTE || cost == COST_INLINE_BYTE;

	model_work(m, bytes ? 1 + count / BYTES_A_UNIT : costs_known[cost].work * count);
	h->busy[engine_of(ch, cost)] += ps;
	h->runlists[ch->runlist].clock += ps;
	h->runlists[ch->runlist].used += ps;
	if (!g) /* the board was reset meanwhile */
		return;
	g->ps += ps;
	if (bytes)
		g->bytes += count;
	else if (cost == COST_ENTRY)
		g->entries += count;
	else if (cost == COST_METHOD)
		g->methods += count;
}

void model_method_ignored(struct model *m, struct model_channel *ch)
{
	m->stats.methods_ignored++;
	if (ch->group)
		ch->group->ignored++;
}
