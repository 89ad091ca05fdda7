/* SPDX-License-Identifier: MIT */
/*
 * What engines did, and for whom, in model time: as JSON, for whoever measures.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "host.h"

#define MAX_GROUPS 64u
#define MAX_TEXT   32768u /* more than all of it takes */

struct text {
	char *buf;
	size_t len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, MAX_TEXT - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < MAX_TEXT - t->len ? (size_t)n : MAX_TEXT - t->len - 1;
}

static void add_group(struct text *t, const struct model_host *h, const struct model_group *g)
{
	/* A group of a channel's own goes by its channel's handles. */
	uint32_t client = g->own ? g->channels->client : g->client;
	uint32_t handle = g->own ? g->channels->handle : g->handle;

	add(t,
	    "{\"runlist\": %u, \"id\": %u, \"client\": %u, \"handle\": %u, \"timeslice_us\": "
	    "%" PRIu64 ", \"channels\": %u, \"engine_ns\": %" PRIu64 ", \"bytes\": %" PRIu64
	    ", \"entries\": %" PRIu64 ", \"methods\": %" PRIu64 ", \"ignored\": %" PRIu64 "}",
	    g->runlist, (uint32_t)(g - h->groups), client, handle, g->timeslice_us, g->nr_channels,
	    g->ps / PS_PER_NS, g->bytes, g->entries, g->methods, g->ignored);
}

char *model_engine_stats(const struct model *m)
{
	const struct model_host *h = m->host;
	struct text t = {.buf = malloc(MAX_TEXT)};
	uint32_t nr = 0;

	if (!t.buf)
		return NULL;
	add(&t, "\"time_ns\": %" PRIu64 ", \"engines\": [", h->now / PS_PER_NS);
	for (uint32_t i = 0; i < MODEL_ENGINES; i++)
		add(&t, "%s{\"name\": \"%s\", \"busy_ns\": %" PRIu64 "}", i ? ", " : "",
		    model_engines[i].name, h->busy[i] / PS_PER_NS);
	add(&t, "], \"runlists\": [");
	for (uint32_t i = 0; i < MODEL_RUNLISTS; i++)
		add(&t,
		    "%s{\"time_ns\": %" PRIu64 ", \"switches\": %" PRIu64
		    ", \"switching_ns\": %" PRIu64 "}",
		    i ? ", " : "", h->runlists[i].clock / PS_PER_NS, h->runlists[i].switches,
		    h->runlists[i].switching / PS_PER_NS);
	add(&t, "], \"groups\": [");
	for (uint32_t i = 0; i < MODEL_GROUPS; i++) {
		if (!h->groups[i].used)
			continue;
		if (nr && nr < MAX_GROUPS)
			add(&t, ", ");
		if (nr++ < MAX_GROUPS)
			add_group(&t, h, &h->groups[i]);
	}
	add(&t, "], \"groups_left_out\": %u", nr > MAX_GROUPS ? nr - MAX_GROUPS : 0);
	return t.buf;
}
