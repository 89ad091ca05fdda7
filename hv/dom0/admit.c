/* SPDX-License-Identifier: MIT */
/*
 * admit.c - whether a guest's slices can be had now (see admit.h).
 *
 * The driver domain checks again, since it alone knows its VRAM; the point of checking here is that
 * a guest which cannot have its slices is refused before it exists.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admit.h"
#include "records.h"
#include "status.h"

/*
 * What a driver domain needs of each for itself. Event channels: xenstore, console, pcifront, the GPU's
 * interrupt, a timer, and room. Channel ids: scrubbing. Grant maps: Xen keeps a few back.
 */
#define OWN_EVENT_CHANNELS 8
#define OWN_CHANNELS	   7
#define OWN_MAPS	   XVGPU_MAPS_PER_FRAME

#define GPU_CHANNELS   2047 /* ids of a GPU: GPU_CHIDS of gpu/core/fifo/chids.h, less the first */
#define MAPS_PER_SLICE 2    /* ring, event page */

/* A driver domain and what all of its slices add up to. */
struct back {
	const char *name;
	unsigned int domid;
	char config[XVGPU_PATH_MAX];
	struct xvgpu_driver driver;
	uint64_t vram_total;
	uint32_t slots; /* 0: it has no fixed number of turns */

	unsigned int slices;
	uint64_t vram;
	uint64_t channels, maps;
};

static void add(struct back *b, uint64_t vram, uint32_t channels, uint32_t imports)
{
	b->slices++;
	if (__builtin_add_overflow(b->vram, vram, &b->vram))
		b->vram = UINT64_MAX;
	b->channels += channels;
	b->maps += imports + MAPS_PER_SLICE;
}

/* Adds up what policies that exist promise. */
static void add_promised(struct xs_handle *xs, struct back *b)
{
	struct xvgpu_policy policies[XVGPU_MAX_SLICES];
	int n = xvgpu_policies(xs, b->domid, policies, XVGPU_MAX_SLICES);

	for (int i = 0; i < n; i++)
		add(b, policies[i].vram, policies[i].channels, policies[i].imports);
}

static int find_back(struct xs_handle *xs, const struct xvgpu_domains *domains, const char *name,
		     struct back *b, struct xvgpu_err *err)
{
	const struct xvgpu_domain *dom = xvgpu_domain_by_name(domains, name);
	struct xvgpu_status status;
	struct xvgpu_err inner;
	int rc;

	memset(b, 0, sizeof(*b));
	b->name = name;
	rc = xvgpu_gpudom_read(name, b->config, &inner);
	if (rc == -ENOENT)
		return xvgpu_fail(err, -ENODEV,
				  "backend=%s: no such driver domain (xvgpu init "
				  "makes one)",
				  name);
	if (!rc)
		rc = xvgpu_driver_read(b->config, &b->driver, &inner);
	if (rc)
		return xvgpu_fail(err, rc, "backend=%s: %s", name, inner.text);
	if (!dom || dom->shutdown)
		return xvgpu_fail(err, -ENODEV, "backend=%s: the driver domain is not running",
				  name);
	xvgpu_status_read(xs, dom->domid, &status);
	if (status.state != XVGPU_STATE_RUNNING || !status.vram_total)
		return xvgpu_fail(err, -ENODEV, "backend=%s: the driver domain does not serve (%s)",
				  name, xvgpu_state_name(status.state));
	b->domid = dom->domid;
	b->vram_total = status.vram_total;
	b->slots = status.slots;
	return 0;
}

static int check_vram(const struct back *b, const struct xvgpu_slice *s, struct xvgpu_err *err)
{
	uint64_t left = b->vram > b->vram_total ? 0 : b->vram_total - b->vram;
	char want_text[24], left_text[24];

	if (s->vram <= left)
		return 0;
	xvgpu_format_size(want_text, sizeof(want_text), s->vram);
	xvgpu_format_size(left_text, sizeof(left_text), left);
	return xvgpu_fail(err, -ENOSPC, "backend=%s: vram=%s wanted, %s left", b->name, want_text,
			  left_text);
}

/* Numbers of slices that something allows. */
static int check_slices(const struct back *b, struct xvgpu_err *err)
{
	if (b->slices >= XVGPU_MAX_SLICES)
		return xvgpu_fail(err, -ENOSPC,
				  "backend=%s: has %u slices already, which is all "
				  "it serves",
				  b->name, b->slices);
	if (b->slots && b->slices >= b->slots)
		return xvgpu_fail(err, -ENOSPC,
				  "backend=%s: schedule=fixed-share with slots=%" PRIu32
				  " in %s: all are taken",
				  b->name, b->slots, b->config);
	if (b->slices + 1 + OWN_EVENT_CHANNELS > b->driver.event_channels)
		return xvgpu_fail(err, -ENOSPC,
				  "backend=%s: max_event_channels=%" PRIu32
				  " in %s is enough for %u slices: one more needs %u",
				  b->name, b->driver.event_channels, b->config, b->slices,
				  b->slices + 1 + OWN_EVENT_CHANNELS);
	return 0;
}

static int check_channels(const struct back *b, const struct xvgpu_slice *s, struct xvgpu_err *err)
{
	const uint64_t all = GPU_CHANNELS - OWN_CHANNELS;
	uint64_t left = b->channels > all ? 0 : all - b->channels;

	if (s->channels <= left)
		return 0;
	return xvgpu_fail(err, -ENOSPC,
			  "backend=%s: channels=%" PRIu32 " wanted, %" PRIu64
			  " left of a GPU's %d: profiles with smaller channels= leave more",
			  b->name, s->channels, left, GPU_CHANNELS);
}

static int check_maps(const struct back *b, const struct xvgpu_slice *s, struct xvgpu_err *err)
{
	uint64_t need = b->maps + s->imports + MAPS_PER_SLICE + OWN_MAPS;
	uint64_t frames = (need + XVGPU_MAPS_PER_FRAME - 1) / XVGPU_MAPS_PER_FRAME;
	char imports[24];

	if (frames <= b->driver.maptrack_frames)
		return 0;
	xvgpu_format_size(imports, sizeof(imports), (uint64_t)s->imports * XVGPU_PAGE);
	return xvgpu_fail(err, -ENOSPC,
			  "backend=%s: imports=%s of profile %s needs max_maptrack_frames=%" PRIu64
			  ", %s has %" PRIu32
			  " (more than 1024: also gnttab_max_maptrack_frames= on Xen's command "
			  "line); a profile with smaller imports= needs less",
			  b->name, imports, s->profile, frames, b->config,
			  b->driver.maptrack_frames);
}

static int admit_one(struct xs_handle *xs, const struct xvgpu_domains *domains,
		     const struct xvgpu_slice *before, int n, struct xvgpu_slice *s,
		     struct xvgpu_err *err)
{
	struct back b;
	int rc = find_back(xs, domains, s->backend, &b, err);

	if (rc)
		return rc;
	s->back = b.domid;
	add_promised(xs, &b);
	for (int i = 0; i < n; i++)
		if (before[i].back == s->back)
			add(&b, before[i].vram, before[i].channels, before[i].imports);
	rc = check_slices(&b, err);
	if (!rc)
		rc = check_vram(&b, s, err);
	if (!rc)
		rc = check_channels(&b, s, err);
	return rc ? rc : check_maps(&b, s, err);
}

int xvgpu_admit(struct xs_handle *xs, const struct xvgpu_domains *domains,
		const struct xvgpu_profiles *profiles, const struct xvgpu_spec *specs, int n,
		struct xvgpu_slice *slices, int *at, struct xvgpu_err *err)
{
	int rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		struct xvgpu_spec spec = specs[i];
		const struct xvgpu_profile *profile;
		struct xvgpu_slice *s = &slices[i];

		*at = i;
		rc = xvgpu_profiles_apply(profiles, &spec, err);
		if (rc)
			break;
		profile = xvgpu_profile_find(profiles, spec.profile);
		memset(s, 0, sizeof(*s));
		s->index = (unsigned int)spec.slot;
		s->plug = XVGPU_IN;
		s->vram = spec.vram;
		s->weight = spec.weight;
		s->channels = profile->channels;
		s->imports = profile->imports;
		s->engines = profile->engines;
		s->direct = spec.direct;
		xvgpu_print(s->backend, sizeof(s->backend), "%s", spec.backend);
		xvgpu_print(s->profile, sizeof(s->profile), "%s", spec.profile);
		rc = admit_one(xs, domains, slices, i, s, err);
	}
	return rc;
}
