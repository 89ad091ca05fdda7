/* SPDX-License-Identifier: MIT */
/*
 * spec.c - takes the text of a slice apart (see spec.h).
 *
 * Strict on purpose: what is not understood is refused, because a misspelt key would otherwise give
 * a guest another slice than the one its owner asked for.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "spec.h"

#define MAX_TEXT  512
#define MAX_ITEMS 8

bool xvgpu_name_ok(const char *text, size_t size)
{
	size_t n = strlen(text);

	if (n == 0 || n >= size || !isalnum((unsigned char)text[0]))
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("_.-", *text))
			return false;
	return true;
}

/* Reads leading digits into value; returns how many, 0 when there are none or they overflow. */
static size_t digits(const char *text, uint64_t *value)
{
	size_t n = 0;

	*value = 0;
	for (; text[n] >= '0' && text[n] <= '9'; n++) {
		if (__builtin_mul_overflow(*value, 10, value) ||
		    __builtin_add_overflow(*value, (uint64_t)(text[n] - '0'), value))
			return 0;
	}
	return n;
}

int xvgpu_parse_u64(const char *text, uint64_t max, uint64_t *value)
{
	size_t n = digits(text, value);

	if (n == 0 || text[n] || (n > 1 && text[0] == '0') || *value > max)
		return -EINVAL;
	return 0;
}

static const char units[] = "KMGT";

int xvgpu_parse_size(const char *text, uint64_t *bytes)
{
	uint64_t value, unit = 1;
	const char *rest, *u;
	size_t n;

	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	n = digits(text, &value);
	if (n == 0)
		return -ERANGE;
	rest = text + n;
	if (*rest) {
		u = strchr(units, toupper((unsigned char)*rest));
		if (!u)
			return -EINVAL;
		unit = 1ull << (10 * (u - units + 1));
		rest++;
		if (*rest && strcmp(rest, "iB") != 0)
			return -EINVAL;
	}
	return __builtin_mul_overflow(value, unit, bytes) ? -ERANGE : 0;
}

void xvgpu_format_size(char *buf, size_t size, uint64_t bytes)
{
	int unit = -1;

	while (bytes && bytes % 1024 == 0 && units[unit + 1]) {
		bytes /= 1024;
		unit++;
	}
	if (unit < 0)
		snprintf(buf, size, "%" PRIu64, bytes);
	else
		snprintf(buf, size, "%" PRIu64 "%c", bytes, units[unit]);
}

/* Drops blanks at both ends, in place. */
static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t");
	end = text + strlen(text);
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return text;
}

int xvgpu_items(char *text, struct xvgpu_item *items, int max, struct xvgpu_err *err)
{
	int n = 0;

	for (char *next = text; next; n++) {
		char *item = strsep(&next, ",");
		char *value = strchr(item, '=');

		item = trim(item);
		if (!*item)
			return xvgpu_fail(err, -EINVAL, "empty item");
		if (!value)
			return xvgpu_fail(err, -EINVAL, "%s: not of the form key=value", item);
		*value++ = '\0';
		item = trim(item);
		value = trim(value);
		if (!*item)
			return xvgpu_fail(err, -EINVAL, "=%s: no key", value);
		if (!*value)
			return xvgpu_fail(err, -EINVAL, "%s: no value", item);
		for (int i = 0; i < n; i++)
			if (!strcmp(items[i].key, item))
				return xvgpu_fail(err, -EINVAL, "%s: given twice", item);
		if (n == max)
			return xvgpu_fail(err, -EINVAL, "%s: too many items", item);
		items[n] = (struct xvgpu_item){.key = item, .value = value};
	}
	return n;
}

static int take_name(char *to, size_t size, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	if (!xvgpu_name_ok(item->value, size))
		return xvgpu_fail(err, -EINVAL, "%s=%s: not a name", item->key, item->value);
	return xvgpu_print(to, size, "%s", item->value);
}

static int take_number(uint64_t *to, uint64_t min, uint64_t max, const struct xvgpu_item *item,
		       struct xvgpu_err *err)
{
	if (xvgpu_parse_u64(item->value, max, to) || *to < min)
		return xvgpu_fail(err, -EINVAL, "%s=%s: not a number from %" PRIu64 " to %" PRIu64,
				  item->key, item->value, min, max);
	return 0;
}

static int take_vram(uint64_t *to, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	int rc = xvgpu_parse_size(item->value, to);

	if (rc == -ERANGE)
		return xvgpu_fail(err, -EINVAL, "%s=%s: too large", item->key, item->value);
	if (rc)
		return xvgpu_fail(err, -EINVAL, "%s=%s: not a size such as 256M", item->key,
				  item->value);
	if (*to == 0 || *to % XVGPU_VRAM_ALIGN)
		return xvgpu_fail(err, -EINVAL, "%s=%s: not a positive multiple of 64K", item->key,
				  item->value);
	return 0;
}

static int take_doorbell(bool *direct, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	*direct = !strcmp(item->value, "direct");
	if (!*direct && strcmp(item->value, "mediated") != 0)
		return xvgpu_fail(err, -EINVAL, "%s=%s: neither mediated nor direct", item->key,
				  item->value);
	return 0;
}

int xvgpu_spec_parse(const char *text, struct xvgpu_spec *spec, struct xvgpu_err *err)
{
	struct xvgpu_item items[MAX_ITEMS];
	char copy[MAX_TEXT];
	uint64_t number;
	int n, rc = 0;

	memset(spec, 0, sizeof(*spec));
	spec->slot = -1;
	if (xvgpu_print(copy, sizeof(copy), "%s", text))
		return xvgpu_fail(err, -EINVAL, "longer than %d bytes", MAX_TEXT - 1);
	n = xvgpu_items(copy, items, MAX_ITEMS, err);
	if (n < 0)
		return n;
	for (int i = 0; i < n && !rc; i++) {
		const struct xvgpu_item *item = &items[i];

		if (!strcmp(item->key, "backend")) {
			rc = take_name(spec->backend, sizeof(spec->backend), item, err);
		} else if (!strcmp(item->key, "profile")) {
			rc = take_name(spec->profile, sizeof(spec->profile), item, err);
		} else if (!strcmp(item->key, "vram")) {
			rc = take_vram(&spec->vram, item, err);
		} else if (!strcmp(item->key, "weight")) {
			rc = take_number(&number, 1, XVGPU_WEIGHT_MAX, item, err);
			spec->weight = (uint32_t)number;
		} else if (!strcmp(item->key, "doorbell")) {
			rc = take_doorbell(&spec->direct, item, err);
		} else if (!strcmp(item->key, "slot")) {
			rc = take_number(&number, 0, XVGPU_MAX_DEVICES - 1, item, err);
			spec->slot = (int)number;
		} else {
			rc = xvgpu_fail(
				err, -EINVAL,
				"%s: unknown key (backend, profile, vram, weight, doorbell, slot)",
				item->key);
		}
	}
	if (rc)
		return rc;
	if (!spec->backend[0])
		return xvgpu_fail(err, -EINVAL, "no backend=");
	if (!spec->profile[0])
		return xvgpu_fail(err, -EINVAL, "no profile=");
	return 0;
}

int xvgpu_spec_format(const struct xvgpu_spec *spec, char *buf, size_t size)
{
	char vram[40] = "", weight[24] = "", slot[24] = "";

	if (spec->vram)
		snprintf(vram, sizeof(vram), ",vram=%" PRIu64, spec->vram);
	if (spec->weight)
		snprintf(weight, sizeof(weight), ",weight=%" PRIu32, spec->weight);
	if (spec->slot >= 0)
		snprintf(slot, sizeof(slot), ",slot=%d", spec->slot);
	return xvgpu_print(buf, size, "backend=%s,profile=%s%s%s%s%s", spec->backend, spec->profile,
			   vram, weight, spec->direct ? ",doorbell=direct" : "", slot);
}

int xvgpu_spec_slots(struct xvgpu_spec *specs, int n, uint32_t taken, struct xvgpu_err *err)
{
	uint32_t asked = 0;

	for (int i = 0; i < n; i++) {
		if (specs[i].slot < 0)
			continue;
		if (asked & 1u << specs[i].slot)
			return xvgpu_fail(err, -EINVAL, "slot=%d: given to two slices",
					  specs[i].slot);
		if (taken & 1u << specs[i].slot)
			return xvgpu_fail(err, -EBUSY, "slot=%d: the guest has a slice there",
					  specs[i].slot);
		asked |= 1u << specs[i].slot;
	}
	asked |= taken;
	for (int i = 0, slot = 0; i < n; i++) {
		if (specs[i].slot >= 0)
			continue;
		while (asked & 1u << slot)
			slot++;
		if (slot >= XVGPU_MAX_DEVICES)
			return xvgpu_fail(err, -ENOSPC, "more than %d slices for one guest",
					  XVGPU_MAX_DEVICES);
		specs[i].slot = slot++;
	}
	return 0;
}
