/* SPDX-License-Identifier: MIT */
/*
 * profiles.c - the sizes of slice on offer (see profiles.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "profiles.h"

#define MAX_ITEMS 8

static int take_size(uint64_t *to, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	if (xvgpu_parse_size(item->value, to) || *to == 0 || *to % XVGPU_VRAM_ALIGN)
		return xvgpu_fail(err, -EINVAL,
				  "%s=%s: not a positive multiple of 64K such as 256M", item->key,
				  item->value);
	return 0;
}

static int add_profile(const char *text, long line, void *arg, struct xvgpu_err *err)
{
	struct xvgpu_profiles *all = arg;
	struct xvgpu_profile *p = &all->profile[all->n];
	struct xvgpu_item items[MAX_ITEMS];
	uint64_t weight = XVGPU_DEFAULT_WEIGHT;
	char copy[512];
	int n, rc = 0;

	(void)line;
	if (all->n == XVGPU_MAX_PROFILES)
		return xvgpu_fail(err, -EINVAL, "more than %d profiles", XVGPU_MAX_PROFILES);
	if (xvgpu_print(copy, sizeof(copy), "%s", text))
		return xvgpu_fail(err, -EINVAL, "longer than %zu bytes", sizeof(copy) - 1);
	memset(p, 0, sizeof(*p));
	n = xvgpu_items(copy, items, MAX_ITEMS, err);
	if (n < 0)
		return n;
	for (int i = 0; i < n && !rc; i++) {
		const struct xvgpu_item *item = &items[i];

		if (!strcmp(item->key, "name")) {
			if (!xvgpu_name_ok(item->value, sizeof(p->name)))
				return xvgpu_fail(err, -EINVAL, "name=%s: not a name", item->value);
			rc = xvgpu_print(p->name, sizeof(p->name), "%s", item->value);
		} else if (!strcmp(item->key, "vram")) {
			rc = take_size(&p->vram, item, err);
		} else if (!strcmp(item->key, "max-vram")) {
			rc = take_size(&p->max_vram, item, err);
		} else if (!strcmp(item->key, "weight")) {
			if (xvgpu_parse_u64(item->value, XVGPU_WEIGHT_MAX, &weight) || !weight)
				rc = xvgpu_fail(err, -EINVAL,
						"weight=%s: not a number from 1 to %d", item->value,
						XVGPU_WEIGHT_MAX);
		} else if (!strcmp(item->key, "description")) {
			if (xvgpu_print(p->description, sizeof(p->description), "%s", item->value))
				rc = xvgpu_fail(err, -EINVAL, "description: longer than %d bytes",
						XVGPU_DESCRIPTION_MAX - 1);
		} else {
			rc = xvgpu_fail(
				err, -EINVAL,
				"%s: unknown key (name, vram, max-vram, weight, description)",
				item->key);
		}
	}
	if (rc)
		return rc;
	if (!p->name[0])
		return xvgpu_fail(err, -EINVAL, "no name=");
	if (!p->vram)
		return xvgpu_fail(err, -EINVAL, "no vram=");
	if (!p->max_vram)
		p->max_vram = p->vram;
	if (p->max_vram < p->vram)
		return xvgpu_fail(err, -EINVAL, "max-vram is less than vram");
	p->weight = (uint32_t)weight;
	for (int i = 0; i < all->n; i++)
		if (!strcmp(all->profile[i].name, p->name))
			return xvgpu_fail(err, -EINVAL, "name=%s: two profiles of this name",
					  p->name);
	all->n++;
	return 0;
}

int xvgpu_profiles_from(struct xvgpu_cfg *cfg, struct xvgpu_profiles *profiles,
			struct xvgpu_err *err)
{
	int n;

	profiles->n = 0;
	n = xvgpu_cfg_list(cfg, "profiles", add_profile, profiles, err);
	if (n == 0)
		return xvgpu_cfg_fail(cfg, "profiles", err, -EINVAL, "missing or empty");
	return n < 0 ? n : 0;
}

int xvgpu_profiles_read(struct xvgpu_profiles *profiles, struct xvgpu_err *err)
{
	struct xvgpu_cfg *cfg;
	int rc;

	xvgpu_print(profiles->file, sizeof(profiles->file), "%s/profiles.conf", xvgpu_paths.etc);
	rc = xvgpu_cfg_open(profiles->file, NULL, 0, &cfg, err);
	if (rc)
		return rc;
	rc = xvgpu_profiles_from(cfg, profiles, err);
	xvgpu_cfg_close(cfg);
	return rc;
}

int xvgpu_profiles_apply(const struct xvgpu_profiles *profiles, struct xvgpu_spec *spec,
			 struct xvgpu_err *err)
{
	const struct xvgpu_profile *p = NULL;
	char want[24], most[24], names[256] = "";
	size_t used = 0;

	for (int i = 0; i < profiles->n && !p; i++)
		if (!strcmp(profiles->profile[i].name, spec->profile))
			p = &profiles->profile[i];
	if (!p) {
		for (int i = 0; i < profiles->n && used < sizeof(names); i++)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 i ? ", " : "", profiles->profile[i].name);
		return xvgpu_fail(err, -EINVAL, "profile=%s: not in %s (which has: %s)",
				  spec->profile, profiles->file, names);
	}
	if (!spec->vram)
		spec->vram = p->vram;
	if (!spec->weight)
		spec->weight = p->weight;
	if (spec->vram > p->max_vram) {
		xvgpu_format_size(want, sizeof(want), spec->vram);
		xvgpu_format_size(most, sizeof(most), p->max_vram);
		return xvgpu_fail(err, -EINVAL, "vram=%s: profile %s allows at most %s", want,
				  p->name, most);
	}
	return 0;
}
