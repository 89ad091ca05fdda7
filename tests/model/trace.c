/* SPDX-License-Identifier: MIT */
/*
 * The set of trace.h: a hash table of fixed size with open addressing. An entry is the kind, from 1, above
 * what was asked for; 0 is free. Nothing is ever taken out, resets included.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "trace.h"

#define ENTRIES 16384u		  /* a power of two */
#define FULL	(ENTRIES / 4 * 3) /* so that searches stay short */

struct model_trace_set {
	uint64_t entry[ENTRIES];
	uint32_t used;
	uint64_t dropped;
};

int model_trace_create(struct model *m)
{
	m->trace = calloc(1, sizeof(*m->trace));
	return m->trace ? 0 : -ENOMEM;
}

void model_trace_destroy(struct model *m)
{
	free(m->trace);
}

void model_trace(const struct model *m, enum model_trace_kind kind, uint32_t what)
{
	struct model_trace_set *t = m->trace;
	uint64_t entry = ((uint64_t)kind + 1) << 32 | what;
	uint64_t i = entry * 0x9e3779b97f4a7c15ull >> 50; /* 14 bits */

	for (; t->entry[i]; i = (i + 1) % ENTRIES)
		if (t->entry[i] == entry)
			return;
	if (t->used == FULL) {
		t->dropped++;
		return;
	}
	t->entry[i] = entry;
	t->used++;
}

char *model_trace_json(const struct model *m)
{
	static const char *const names[MODEL_TRACE_KINDS] = {
		[MODEL_TRACE_READ] = "read",	 [MODEL_TRACE_WRITE] = "write",
		[MODEL_TRACE_RPC] = "rpc",	 [MODEL_TRACE_EVENT] = "event",
		[MODEL_TRACE_CLASS] = "class",	 [MODEL_TRACE_CONTROL] = "control",
		[MODEL_TRACE_METHOD] = "method", [MODEL_TRACE_COUNTED] = "counted",
		[MODEL_TRACE_PAGE] = "page",	 [MODEL_TRACE_FAULT] = "fault",
	};
	const struct model_trace_set *t = m->trace;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	if (!f)
		return NULL;
	fprintf(f, "{\"dropped\": %llu", (unsigned long long)t->dropped);
	for (unsigned int kind = 0; kind < MODEL_TRACE_KINDS; kind++) {
		const char *comma = "";

		fprintf(f, ", \"%s\": [", names[kind]);
		for (uint32_t i = 0; i < ENTRIES; i++) {
			if (t->entry[i] >> 32 != kind + 1)
				continue;
			fprintf(f, "%s%u", comma, (uint32_t)t->entry[i]);
			comma = ", ";
		}
		fputs("]", f);
	}
	fputs("}", f);
	if (fclose(f)) {
		free(text);
		return NULL;
	}
	return text;
}
