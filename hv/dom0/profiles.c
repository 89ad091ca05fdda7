/* SPDX-License-Identifier: MIT */
/*
 * profiles.c - the sizes of slice on offer (see profiles.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "profiles.h"

#define MAX_ITEMS   12
#define ENGINES_ALL "copy+graphics"

static int take_size(uint64_t *to, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	if (xvgpu_parse_size(item->value, to) || *to == 0 || *to % XVGPU_VRAM_ALIGN)
		return xvgpu_fail(err, -EINVAL,
				  "%s=%s: not a positive multiple of 64K such as 256M", item->key,
				  item->value);
	return 0;
}

static int take_number(uint32_t *to, uint64_t min, uint64_t max, const struct xvgpu_item *item,
		       struct xvgpu_err *err)
{
	uint64_t number;

	if (xvgpu_parse_u64(item->value, max, &number) || number < min)
		return xvgpu_fail(err, -EINVAL, "%s=%s: not a number from %" PRIu64 " to %" PRIu64,
				  item->key, item->value, min, max);
	*to = (uint32_t)number;
	return 0;
}

static int take_imports(uint32_t *to, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	uint64_t bytes;

	if (xvgpu_parse_size(item->value, &bytes) || bytes % XVGPU_PAGE ||
	    bytes / XVGPU_PAGE > XVGPU_MAX_IMPORTS)
		return xvgpu_fail(err, -EINVAL, "%s=%s: not a multiple of 4K up to %uM", item->key,
				  item->value, XVGPU_MAX_IMPORTS * XVGPU_PAGE >> 20);
	*to = (uint32_t)(bytes / XVGPU_PAGE);
	return 0;
}

/* A comma separates items here, so the file has a plus where the node has a comma. */
static int take_engines(const char **to, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	static const char *const known[][2] = {
		{"copy", "copy"}, {"graphics", "graphics"}, {ENGINES_ALL, "copy,graphics"}};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(item->value, known[i][0])) {
			*to = known[i][1];
			return 0;
		}
	}
	return xvgpu_fail(err, -EINVAL, "%s=%s: not copy, graphics or " ENGINES_ALL, item->key,
			  item->value);
}

static int take_item(struct xvgpu_profile *p, const struct xvgpu_item *item, struct xvgpu_err *err)
{
	if (!strcmp(item->key, "name")) {
		if (!xvgpu_name_ok(item->value, sizeof(p->name)))
			return xvgpu_fail(err, -EINVAL, "name=%s: not a name", item->value);
		return xvgpu_print(p->name, sizeof(p->name), "%s", item->value);
	}
	if (!strcmp(item->key, "vram"))
		return take_size(&p->vram, item, err);
	if (!strcmp(item->key, "max-vram"))
		return take_size(&p->max_vram, item, err);
	if (!strcmp(item->key, "weight"))
		return take_number(&p->weight, 1, XVGPU_WEIGHT_MAX, item, err);
	if (!strcmp(item->key, "channels"))
		return take_number(&p->channels, 0, XVGPU_MAX_CHANNELS, item, err);
	if (!strcmp(item->key, "imports"))
		return take_imports(&p->imports, item, err);
	if (!strcmp(item->key, "engines"))
		return take_engines(&p->engines, item, err);
	if (!strcmp(item->key, "description")) {
		if (xvgpu_print(p->description, sizeof(p->description), "%s", item->value))
			return xvgpu_fail(err, -EINVAL, "description: longer than %d bytes",
					  XVGPU_DESCRIPTION_MAX - 1);
		return 0;
	}
	return xvgpu_fail(err, -EINVAL,
			  "%s: unknown key (name, vram, max-vram, weight, channels, engines, "
			  "imports, description)",
			  item->key);
}

static int add_profile(const char *text, long line, void *arg, struct xvgpu_err *err)
{
	struct xvgpu_profiles *all = arg;
	struct xvgpu_profile *p = &all->profile[all->n];
	struct xvgpu_item items[MAX_ITEMS];
	char copy[512];
	int n, rc = 0;

	(void)line;
	if (all->n == XVGPU_MAX_PROFILES)
		return xvgpu_fail(err, -EINVAL, "more than %d profiles", XVGPU_MAX_PROFILES);
	if (xvgpu_print(copy, sizeof(copy), "%s", text))
		return xvgpu_fail(err, -EINVAL, "longer than %zu bytes", sizeof(copy) - 1);
	*p = (struct xvgpu_profile){.weight = XVGPU_DEFAULT_WEIGHT,
				    .channels = XVGPU_MAX_CHANNELS,
				    .imports = XVGPU_MAX_IMPORTS,
				    .engines = "copy,graphics"};
	n = xvgpu_items(copy, items, MAX_ITEMS, err);
	if (n < 0)
		return n;
	for (int i = 0; i < n && !rc; i++)
		rc = take_item(p, &items[i], err);
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
	const char *trust;
	int n, rc;

	profiles->n = 0;
	profiles->trust_doorbell = false;
	rc = xvgpu_cfg_string(cfg, "trust_doorbell", &trust, err);
	if (rc)
		return rc;
	if (trust && strcmp(trust, "0") != 0 && strcmp(trust, "1") != 0)
		return xvgpu_cfg_fail(cfg, "trust_doorbell", err, -EINVAL, "%s: neither 0 nor 1",
				      trust);
	profiles->trust_doorbell = trust && *trust == '1';
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

const struct xvgpu_profile *xvgpu_profile_find(const struct xvgpu_profiles *profiles,
					       const char *name)
{
	for (int i = 0; i < profiles->n; i++)
		if (!strcmp(profiles->profile[i].name, name))
			return &profiles->profile[i];
	return NULL;
}

int xvgpu_profiles_apply(const struct xvgpu_profiles *profiles, struct xvgpu_spec *spec,
			 struct xvgpu_err *err)
{
	const struct xvgpu_profile *p = xvgpu_profile_find(profiles, spec->profile);
	char want[24], most[24], names[256] = "";
	size_t used = 0;

	if (!p) {
		for (int i = 0; i < profiles->n && used < sizeof(names); i++)
			used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s",
						 i ? ", " : "", profiles->profile[i].name);
		return xvgpu_fail(err, -EINVAL, "profile=%s: not in %s (which has: %s)",
				  spec->profile, profiles->file, names);
	}
	if (spec->direct && !profiles->trust_doorbell)
		return xvgpu_fail(err, -EPERM, "doorbell=direct: %s does not say trust_doorbell=1",
				  profiles->file);
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
