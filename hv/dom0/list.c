/* SPDX-License-Identifier: MIT */
/*
 * list.c - what there is: driver domains and slices, as a table or as JSON.
 *
 * A slice's facts come from its trusted copy; the two states, the counters and all that a driver
 * domain says about itself were written by guests, and are shown as text, bounded and escaped.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "counters.h"
#include "domains.h"
#include "nodes.h"
#include "records.h"
#include "status.h"

static const char *const plug_words[] = {
	[XVGPU_OUT] = "waiting", [XVGPU_IN] = "in", [XVGPU_DETACHED] = "detached"};

/* XenbusState (xen/include/public/io/xenbus.h). */
static const char *state_word(uint64_t state)
{
	static const char *const words[] = {"unknown",	   "initialising",  "init-wait",
					    "initialised", "connected",	    "closing",
					    "closed",	   "reconfiguring", "reconfigured"};

	return state < sizeof(words) / sizeof(words[0]) ? words[state] : "unknown";
}

struct shown {
	struct xvgpu_slice slice;
	const struct xvgpu_domain *dom;
	const char *front_state, *back_state;
	struct xvgpu_pairs stats;
	struct xvgpu_counters counters;
	/* Of the policy; -1 and "": there is none, or an older one. */
	int channels, imports;
	const char *engines;
};

static const char *read_state(struct xs_handle *xs, const char *dir)
{
	uint64_t state;

	return xvgpu_xs_read_u64(xs, XBT_NULL, 8, &state, "%s/state", dir) ? "-"
									   : state_word(state);
}

/* What the driver domain was told that the slice may have; dom0's own nodes. */
static void read_policy(struct xs_handle *xs, struct shown *s)
{
	char dir[96], engines[32];
	uint64_t n;

	s->engines = "";
	s->channels = s->imports = -1;
	if (s->slice.plug != XVGPU_IN)
		return;
	xvgpu_print(dir, sizeof(dir), "/xvgpu/%u/%u/%u", s->slice.back, s->slice.front,
		    s->slice.index);
	if (!xvgpu_xs_read_u64(xs, XBT_NULL, XVGPU_MAX_CHANNELS, &n, "%s/channels", dir))
		s->channels = (int)n;
	if (!xvgpu_xs_read_u64(xs, XBT_NULL, XVGPU_MAX_IMPORTS, &n, "%s/imports", dir))
		s->imports = (int)n;
	if (!xvgpu_xs_read(xs, XBT_NULL, engines, sizeof(engines), "%s/engines", dir))
		s->engines = strstr(engines, "copy,")	? "copy,graphics"
			     : !strcmp(engines, "copy") ? "copy"
							: "graphics";
}

static void look_at(struct xs_handle *xs, struct shown *s)
{
	char front[96], back[96];

	xvgpu_print(front, sizeof(front), "/local/domain/%u/device/vgpu/%u", s->slice.front,
		    s->slice.index);
	xvgpu_print(back, sizeof(back), "/local/domain/%u/backend/vgpu/%u/%u", s->slice.back,
		    s->slice.front, s->slice.index);
	s->front_state = s->back_state = "-";
	if (s->slice.plug == XVGPU_IN) {
		s->front_state = read_state(xs, front);
		s->back_state = read_state(xs, back);
	}
	xvgpu_counters_read(xs, &s->slice, &s->stats, &s->counters);
	read_policy(xs, s);
}

/* "key": "value" for each pair; both are known to be printable. */
static void json_pairs(const struct xvgpu_pairs *pairs)
{
	char value[2 * sizeof(pairs->pair[0].value)];

	printf("{");
	for (int i = 0; i < pairs->n; i++) {
		xvgpu_escape(value, sizeof(value), pairs->pair[i].value, true);
		printf("%s\"%s\": \"%s\"", i ? ", " : "", pairs->pair[i].key, value);
	}
	printf("}");
}

static void json_counters(const struct xvgpu_counters *counters)
{
	printf("{");
	for (int i = 0; i < XVGPU_COUNTERS; i++) {
		printf("%s\"%s\": ", i ? ", " : "", xvgpu_counter_name((enum xvgpu_counter)i));
		if (counters->known[i])
			printf("%" PRIu64, counters->n[i]);
		else
			printf("null");
	}
	printf("}");
}

/* A number of bytes that a driver domain told, for people; "-" when it is none. */
static const char *size_text(const char *bytes, char *buf, size_t size)
{
	uint64_t n;

	if (!bytes || xvgpu_parse_u64(bytes, UINT64_MAX, &n))
		return "-";
	xvgpu_format_size(buf, size, n);
	return buf;
}

static void show_gpudom(const char *name, const struct xvgpu_domain *dom,
			const struct xvgpu_status *status, bool json, bool first)
{
	const char *total = xvgpu_pairs_get(&status->pairs, "vram-total");
	const char *left = xvgpu_pairs_get(&status->pairs, "vram-free");
	const char *chip = xvgpu_pairs_get(&status->pairs, "chip");
	const char *pci = xvgpu_pairs_get(&status->pairs, "pci");
	const char *state = dom ? xvgpu_state_name(status->state) : "absent";
	char total_text[24], left_text[24];

	if (!json) {
		if (first)
			printf("%-16s %5s %-9s %-8s %-10s %8s %8s\n", "GPUDOM", "ID", "STATE",
			       "CHIP", "PCI", "VRAM", "FREE");
		printf("%-16s %5d %-9s %-8s %-10s %8s %8s\n", name, dom ? (int)dom->domid : -1,
		       state, chip ? chip : "-", pci ? pci : "-",
		       size_text(total, total_text, sizeof(total_text)),
		       size_text(left, left_text, sizeof(left_text)));
		return;
	}
	printf("%s\n    {\"name\": \"%s\", \"domid\": %d, \"state\": \"%s\", \"status\": ",
	       first ? "" : ",", name, dom ? (int)dom->domid : -1, state);
	json_pairs(&status->pairs);
	printf("}");
}

static void show_slice(const struct shown *s, bool json, bool first)
{
	char vram[24], used[24];

	if (!json) {
		xvgpu_format_size(vram, sizeof(vram), s->slice.vram);
		if (first)
			printf("%-16s %5s %2s %-16s %-10s %7s %6s %-8s %-13s %-13s %8s\n", "GUEST",
			       "ID", "N", "BACKEND", "PROFILE", "VRAM", "WEIGHT", "PLUG", "FRONT",
			       "BACK", "USED");
		printf("%-16s %5u %2u %-16s %-10s %7s %6" PRIu32 " %-8s %-13s %-13s %8s\n",
		       s->dom->name, s->slice.front, s->slice.index, s->slice.backend,
		       s->slice.profile, vram, s->slice.weight, plug_words[s->slice.plug],
		       s->front_state, s->back_state,
		       size_text(xvgpu_pairs_get(&s->stats, "used"), used, sizeof(used)));
		return;
	}
	printf("%s\n    {\"guest\": \"%s\", \"domid\": %u, \"index\": %u, \"backend\": \"%s\", "
	       "\"backend_domid\": %u, \"profile\": \"%s\", \"vram\": %" PRIu64
	       ", \"weight\": %" PRIu32 ", \"doorbell\": \"%s\", \"plug\": \"%s\", "
	       "\"front_state\": \"%s\", \"back_state\": \"%s\", \"channels\": %d, \"engines\": "
	       "\"%s\", "
	       "\"imports\": %d, \"counters\": ",
	       first ? "" : ",", s->dom->name, s->slice.front, s->slice.index, s->slice.backend,
	       s->slice.back, s->slice.profile, s->slice.vram, s->slice.weight,
	       s->slice.direct ? "direct" : "mediated", plug_words[s->slice.plug], s->front_state,
	       s->back_state, s->channels, s->engines, s->imports);
	json_counters(&s->counters);
	printf(", \"stats\": ");
	json_pairs(&s->stats);
	printf("}");
}

static void list_gpudoms(struct xs_handle *xs, const struct xvgpu_domains *domains, bool json)
{
	char names[64][XVGPU_NAME_MAX];
	int n = xvgpu_record_names("gpudoms", names, 64);

	for (int i = 0; i < n; i++) {
		const struct xvgpu_domain *dom = xvgpu_domain_by_name(domains, names[i]);
		struct xvgpu_status status;

		xvgpu_status_parse("", &status);
		if (dom)
			xvgpu_status_read(xs, dom->domid, &status);
		show_gpudom(names[i], dom, &status, json, i == 0);
	}
}

static void list_slices(struct xs_handle *xs, const struct xvgpu_domains *domains, bool json)
{
	bool first = true;

	for (int i = 0; i < domains->n; i++) {
		struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
		int n = xvgpu_slices(xs, domains->list[i].domid, slices);

		for (int j = 0; j < n; j++) {
			struct shown s = {.slice = slices[j], .dom = &domains->list[i]};

			look_at(xs, &s);
			show_slice(&s, json, first);
			first = false;
		}
	}
}

enum xvgpu_exit xvgpu_cmd_list(int argc, char **argv)
{
	struct xvgpu_domains domains;
	struct xs_handle *xs;
	struct xvgpu_err err;
	bool json = argc == 2 && !strcmp(argv[1], "--json");

	if (argc > 2 || (argc == 2 && !json))
		return xvgpu_usage("list", "%s: only --json is known here", argv[argc - 1]);
	xs = xs_open(0);
	if (!xs) {
		xvgpu_say("cannot talk to xenstore: %s", strerror(errno));
		return XVGPU_EXIT_FAILED;
	}
	if (xvgpu_domains_read(xs, &domains, &err)) {
		xvgpu_say("%s", err.text);
		xs_close(xs);
		return XVGPU_EXIT_FAILED;
	}
	if (json)
		printf("{\n  \"gpudoms\": [");
	list_gpudoms(xs, &domains, json);
	if (json)
		printf("\n  ],\n  \"slices\": [");
	list_slices(xs, &domains, json);
	if (json)
		printf("\n  ]\n}\n");
	xvgpu_domains_free(&domains);
	xs_close(xs);
	return XVGPU_EXIT_OK;
}
