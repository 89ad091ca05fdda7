/* SPDX-License-Identifier: MIT */
/*
 * What engines did, and for whom, in model time, and what there is now: as JSON, for whoever measures.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "gsp.h"
#include "host.h"
#include "rm.h"

#define MAX_GROUPS 64u

static void add_group(FILE *f, const struct model_host *h, const struct model_group *g)
{
	/* A group of a channel's own goes by its channel's handles. */
	uint32_t client = g->own ? g->channels->client : g->client;
	uint32_t handle = g->own ? g->channels->handle : g->handle;

	fprintf(f,
		"{\"runlist\": %u, \"id\": %u, \"client\": %u, \"handle\": %u, \"timeslice_us\": "
		"%" PRIu64 ", \"channels\": %u, \"engine_ns\": %" PRIu64 ", \"bytes\": %" PRIu64
		", \"entries\": %" PRIu64 ", \"methods\": %" PRIu64 ", \"ignored\": %" PRIu64 "}",
		g->runlist, (uint32_t)(g - h->groups), client, handle, g->timeslice_us,
		g->nr_channels, g->ps / PS_PER_NS, g->bytes, g->entries, g->methods, g->ignored);
}

/* What RM and Host hold for their clients now: nothing of it is left when all have gone. */
static void add_objects(FILE *f, const struct model *m)
{
	const struct model_rm *rm = &m->gsp_rm->rm;
	unsigned int channels = 0, spaces = 0;

	for (size_t i = 0; i < MODEL_CHANNELS; i++)
		channels += m->host->channels[i].used;
	for (size_t i = 0; i < RM_MAX_SPACES; i++)
		spaces += rm->spaces[i].used;
	fprintf(f,
		"\"objects\": %u, \"channels\": %u, \"spaces\": %u, \"directories\": %u, "
		"\"directories_left\": %u",
		rm->nr_objects, channels, spaces, model_rm_directories(m), rm->directories_left);
}

char *model_engine_stats(const struct model *m)
{
	const struct model_host *h = m->host;
	char *text = NULL;
	uint32_t nr = 0;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "\"time_ns\": %" PRIu64 ", \"engines\": [", h->now / PS_PER_NS);
	for (uint32_t i = 0; i < MODEL_ENGINES; i++)
		fprintf(f, "%s{\"name\": \"%s\", \"busy_ns\": %" PRIu64 "}", i ? ", " : "",
			model_engines[i].name, h->busy[i] / PS_PER_NS);
	fprintf(f, "], \"runlists\": [");
	for (uint32_t i = 0; i < MODEL_RUNLISTS; i++)
		fprintf(f,
			"%s{\"time_ns\": %" PRIu64 ", \"switches\": %" PRIu64
			", \"switching_ns\": %" PRIu64 "}",
			i ? ", " : "", h->runlists[i].clock / PS_PER_NS, h->runlists[i].switches,
			h->runlists[i].switching / PS_PER_NS);
	fprintf(f, "], \"groups\": [");
	for (uint32_t i = 0; i < MODEL_GROUPS; i++) {
		if (!h->groups[i].used)
			continue;
		if (nr && nr < MAX_GROUPS)
			fprintf(f, ", ");
		if (nr++ < MAX_GROUPS)
			add_group(f, h, &h->groups[i]);
	}
	fprintf(f, "], \"groups_left_out\": %u, ", nr > MAX_GROUPS ? nr - MAX_GROUPS : 0);
	add_objects(f, m);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
