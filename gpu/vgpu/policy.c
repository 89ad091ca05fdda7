/* SPDX-License-Identifier: MIT */
/*
 * policy.c - reading a device's rights from the one place no guest can forge.
 *
 * The guest owns its frontend directory and this domain owns its backend directory, and an owner may
 * delete a node and make it again; so rights in either would be the owner's to choose. Policy
 * lies in a tree of dom0's. xenstored makes the creator the owner of a node, so a node that dom0
 * owns and nobody else may write is what dom0 wrote.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gpu/core/core.h"
#include "gpu/vgpu/policy.h"
#include "hv/xenbus.h"
#include <xen/io/vgpuif.h>

#define PATH_MAX_POLICY 64 /* "/xvgpu/65535/65535/4294967295/profile" and some */
#define MAX_PERMS	8

/* Owned by dom0, and written by dom0 alone? */
static int check_owner(const char *path, char *why, size_t why_size)
{
	struct hv_xs_perm perms[MAX_PERMS];
	int n = hv_xs_get_perms(HV_XS_NONE, path, perms, MAX_PERMS);

	if (n < 0) {
		/* xenstored does not tell one from the other below a node that we may not read. */
		snprintf(why, why_size, "%s is missing or not readable", path);
		return n;
	}
	if (!n || n > MAX_PERMS) {
		snprintf(why, why_size, "%s has %d permission entries", path, n);
		return -EPERM;
	}
	if (perms[0].dom) {
		snprintf(why, why_size, "%s belongs to dom%u, not to dom0", path, perms[0].dom);
		return -EPERM;
	}
	/* Entry 0 names the owner, but its bits are everybody else's. */
	for (int i = 0; i < n; i++) {
		if (perms[i].write && (!i || perms[i].dom)) {
			snprintf(why, why_size, "%s may be written by others than dom0", path);
			return -EPERM;
		}
	}
	return 0;
}

static int read_number(const char *dir, const char *key, uint64_t min, uint64_t max, uint64_t *out,
		       char *why, size_t why_size)
{
	int err = xenbus_read_u64(HV_XS_NONE, dir, key, max, out);

	if (!err && *out < min)
		err = -EINVAL;
	if (err)
		snprintf(why, why_size, "%s/%s is not a number from %llu to %llu", dir, key,
			 (unsigned long long)min, (unsigned long long)max);
	return err;
}

static bool name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '.' || c == '_' || c == '-';
}

static int read_profile(const char *dir, struct vgpu_policy *out, char *why, size_t why_size)
{
	int err = xenbus_read_str(HV_XS_NONE, dir, "profile", out->profile, sizeof(out->profile));
	const char *c = out->profile;

	if (err == -E2BIG)
		err = -EINVAL;
	if (!err) {
		while (name_char(*c))
			c++;
		if (*c || c == out->profile)
			err = -EINVAL;
	}
	if (err)
		snprintf(why, why_size,
			 "%s/profile is not a name of 1 to %d letters, digits or ._-", dir,
			 VGPU_PROFILE_MAX - 1);
	return err;
}

/* "copy", "graphics" or "copy,graphics": nothing else, so there is one way to say each. */
static int read_engines(const char *dir, struct vgpu_policy *out, char *why, size_t why_size)
{
	static const struct {
		const char *text;
		uint32_t engines;
	} known[] = {
		{"copy", 1u << GPU_KIND_COPY},
		{"graphics", 1u << GPU_KIND_GRAPHICS},
		{"copy,graphics", 1u << GPU_KIND_COPY | 1u << GPU_KIND_GRAPHICS},
	};
	char text[16];
	int err = xenbus_read_str(HV_XS_NONE, dir, "engines", text, sizeof(text));

	for (unsigned int i = 0; !err && i < sizeof(known) / sizeof(known[0]); i++) {
		if (!strcmp(text, known[i].text)) {
			out->engines = known[i].engines;
			return 0;
		}
	}
	if (!err || err == -E2BIG)
		err = -EINVAL;
	snprintf(why, why_size, "%s/engines is not copy, graphics or copy,graphics", dir);
	return err;
}

static int read_limits(const char *dir, struct vgpu_policy *out, char *why, size_t why_size)
{
	const struct {
		const char *key;
		uint64_t min, max;
		uint32_t *to;
	} limits[] = {
		{"weight", 1, VGPU_WEIGHT_MAX, &out->weight},
		{"channels", 0, XENVGPU_MAX_CHANNELS, &out->channels},
		{"imports", 0, VGPU_IMPORT_PAGES, &out->imports},
	};
	int err = 0;

	for (unsigned int i = 0; i < sizeof(limits) / sizeof(limits[0]) && !err; i++) {
		uint64_t n = 0;

		err = read_number(dir, limits[i].key, limits[i].min, limits[i].max, &n, why,
				  why_size);
		*limits[i].to = (uint32_t)n;
	}
	return err;
}

static int read_doorbell(const char *dir, struct vgpu_policy *out, char *why, size_t why_size)
{
	char text[16];
	int err = xenbus_read_str(HV_XS_NONE, dir, "doorbell", text, sizeof(text));

	out->direct = !err && !strcmp(text, "direct");
	if (!err && (out->direct || !strcmp(text, "mediated")))
		return 0;
	snprintf(why, why_size, "%s/doorbell is neither mediated nor direct", dir);
	return err && err != -E2BIG ? err : -EINVAL;
}

int vgpu_policy_read(hv_domid_t front, unsigned int index, struct vgpu_policy *out, char *why,
		     size_t why_size)
{
	static const char *const keys[] = {"",		"/profile", "/vram",	"/weight",
					   "/channels", "/engines", "/imports", "/doorbell"};
	char dir[PATH_MAX_POLICY], path[PATH_MAX_POLICY + 16];
	int err = 0;

	snprintf(dir, sizeof(dir), "/xvgpu/%u/%u/%u", hv_domid(), front, index);
	for (unsigned int i = 0; i < sizeof(keys) / sizeof(keys[0]) && !err; i++) {
		snprintf(path, sizeof(path), "%s%s", dir, keys[i]);
		err = check_owner(path, why, why_size);
	}
	if (!err)
		err = read_profile(dir, out, why, why_size);
	if (!err)
		err = read_number(dir, "vram", 1, INT64_MAX, &out->vram, why, why_size);
	if (!err && out->vram % GPU_VRAM_ALIGN) {
		snprintf(why, why_size, "%s/vram: %llu is not a multiple of %llu", dir,
			 (unsigned long long)out->vram, GPU_VRAM_ALIGN);
		err = -EINVAL;
	}
	if (!err)
		err = read_limits(dir, out, why, why_size);
	if (!err)
		err = read_engines(dir, out, why, why_size);
	if (!err)
		err = read_doorbell(dir, out, why, why_size);
	return err;
}
