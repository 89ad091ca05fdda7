/* SPDX-License-Identifier: MIT */
/*
 * admit.c - whether a guest's slices can be had now (see admit.h).
 *
 * The driver domain checks again, since it alone knows its VRAM; the point of checking here is that
 * a guest which cannot have its slices is refused before it exists.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admit.h"
#include "records.h"
#include "status.h"

/* VRAM and number of slices promised by policies that exist. */
static void promised(struct xs_handle *xs, unsigned int back, uint64_t *vram, int *slices)
{
	struct xvgpu_policy policies[XVGPU_MAX_SLICES];

	*slices = xvgpu_policies(xs, back, policies, XVGPU_MAX_SLICES);
	*vram = 0;
	for (int i = 0; i < *slices; i++)
		if (__builtin_add_overflow(*vram, policies[i].vram, vram))
			*vram = UINT64_MAX;
}

static int find_back(struct xs_handle *xs, const struct xvgpu_domains *domains, const char *name,
		     unsigned int *back, uint64_t *vram_total, struct xvgpu_err *err)
{
	const struct xvgpu_domain *dom = xvgpu_domain_by_name(domains, name);
	char config[XVGPU_PATH_MAX];
	struct xvgpu_status status;
	struct xvgpu_err inner;
	int rc = xvgpu_gpudom_read(name, config, &inner);

	if (rc == -ENOENT)
		return xvgpu_fail(err, -ENODEV,
				  "backend=%s: no such driver domain (xvgpu init "
				  "makes one)",
				  name);
	if (rc)
		return xvgpu_fail(err, rc, "backend=%s: %s", name, inner.text);
	if (!dom || dom->shutdown)
		return xvgpu_fail(err, -ENODEV, "backend=%s: the driver domain is not running",
				  name);
	xvgpu_status_read(xs, dom->domid, &status);
	if (status.state != XVGPU_STATE_RUNNING || !status.vram_total)
		return xvgpu_fail(err, -ENODEV, "backend=%s: the driver domain does not serve (%s)",
				  name, xvgpu_state_name(status.state));
	*back = dom->domid;
	*vram_total = status.vram_total;
	return 0;
}

static int admit_one(struct xs_handle *xs, const struct xvgpu_domains *domains,
		     const struct xvgpu_slice *before, int n, struct xvgpu_slice *s,
		     struct xvgpu_err *err)
{
	uint64_t total, used;
	char want[24], left[24];
	int slices, rc = find_back(xs, domains, s->backend, &s->back, &total, err);

	if (rc)
		return rc;
	promised(xs, s->back, &used, &slices);
	for (int i = 0; i < n; i++) {
		if (before[i].back != s->back)
			continue;
		slices++;
		if (__builtin_add_overflow(used, before[i].vram, &used))
			used = UINT64_MAX;
	}
	if (slices >= XVGPU_MAX_SLICES)
		return xvgpu_fail(err, -ENOSPC,
				  "backend=%s: has %d slices already, which is all "
				  "it serves",
				  s->backend, slices);
	if (used > total || s->vram > total - used) {
		xvgpu_format_size(want, sizeof(want), s->vram);
		xvgpu_format_size(left, sizeof(left), used > total ? 0 : total - used);
		return xvgpu_fail(err, -ENOSPC, "backend=%s: vram=%s wanted, %s left", s->backend,
				  want, left);
	}
	return 0;
}

int xvgpu_admit(struct xs_handle *xs, const struct xvgpu_domains *domains,
		const struct xvgpu_profiles *profiles, const struct xvgpu_spec *specs, int n,
		struct xvgpu_slice *slices, int *at, struct xvgpu_err *err)
{
	int rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		struct xvgpu_spec spec = specs[i];
		struct xvgpu_slice *s = &slices[i];

		*at = i;
		rc = xvgpu_profiles_apply(profiles, &spec, err);
		if (rc)
			break;
		memset(s, 0, sizeof(*s));
		s->index = (unsigned int)spec.slot;
		s->plug = XVGPU_IN;
		s->vram = spec.vram;
		s->weight = spec.weight;
		xvgpu_print(s->backend, sizeof(s->backend), "%s", spec.backend);
		xvgpu_print(s->profile, sizeof(s->profile), "%s", spec.profile);
		rc = admit_one(xs, domains, slices, i, s, err);
	}
	return rc;
}
