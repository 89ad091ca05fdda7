/* SPDX-License-Identifier: MIT */
/*
 * status.c - reads what a driver domain tells (see status.h).
 */
#include <string.h>

#include "spec.h"
#include "status.h"

static bool all_of(const char *text, size_t n, const char *also, char first, char last)
{
	for (size_t i = 0; i < n; i++)
		if ((text[i] < first || text[i] > last) && !(text[i] && strchr(also, text[i])))
			return false;
	return n > 0;
}

void xvgpu_pairs_parse(const char *text, struct xvgpu_pairs *pairs)
{
	pairs->n = 0;
	while (pairs->n < XVGPU_MAX_PAIRS) {
		size_t word, key, value;

		text += strspn(text, " \t\n");
		word = strcspn(text, " \t\n");
		if (!word)
			break;
		key = strcspn(text, "=");
		if (key < word) {
			value = word - key - 1;
			if (key < sizeof(pairs->pair[0].key) &&
			    value < sizeof(pairs->pair[0].value) &&
			    all_of(text, key, "-0123456789", 'a', 'z') &&
			    all_of(text + key + 1, value, "", '!', '~')) {
				memcpy(pairs->pair[pairs->n].key, text, key);
				pairs->pair[pairs->n].key[key] = '\0';
				memcpy(pairs->pair[pairs->n].value, text + key + 1, value);
				pairs->pair[pairs->n].value[value] = '\0';
				pairs->n++;
			}
		}
		text += word;
	}
}

const char *xvgpu_pairs_get(const struct xvgpu_pairs *pairs, const char *key)
{
	for (int i = 0; i < pairs->n; i++)
		if (!strcmp(pairs->pair[i].key, key))
			return pairs->pair[i].value;
	return NULL;
}

static const char *const state_names[] = {
	[XVGPU_STATE_NONE] = "silent",
	[XVGPU_STATE_RUNNING] = "running",
	[XVGPU_STATE_LOST] = "lost",
	[XVGPU_STATE_STOPPING] = "stopping",
	[XVGPU_STATE_NEEDS_RESET] = "needs-reset",
};

const char *xvgpu_state_name(enum xvgpu_state state)
{
	return state_names[state];
}

void xvgpu_status_parse(const char *text, struct xvgpu_status *status)
{
	const char *state, *total, *slots;
	uint64_t n;

	memset(status, 0, sizeof(*status));
	xvgpu_pairs_parse(text, &status->pairs);
	state = xvgpu_pairs_get(&status->pairs, "state");
	for (int i = XVGPU_STATE_RUNNING; state && i <= XVGPU_STATE_NEEDS_RESET; i++)
		if (!strcmp(state, state_names[i]))
			status->state = (enum xvgpu_state)i;
	total = xvgpu_pairs_get(&status->pairs, "vram-total");
	if (!total || xvgpu_parse_u64(total, UINT64_MAX, &status->vram_total))
		status->vram_total = 0;
	slots = xvgpu_pairs_get(&status->pairs, "slots");
	if (slots && !xvgpu_parse_u64(slots, UINT32_MAX, &n))
		status->slots = (uint32_t)n;
}

void xvgpu_status_read(struct xs_handle *xs, unsigned int domid, struct xvgpu_status *status)
{
	char text[XVGPU_VALUE_MAX + 1];

	xvgpu_xs_read(xs, XBT_NULL, text, sizeof(text), "/local/domain/%u/data/xvgpu", domid);
	xvgpu_status_parse(text, status);
}
