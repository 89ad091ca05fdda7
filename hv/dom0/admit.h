/* SPDX-License-Identifier: MIT */
/*
 * admit.h - whether a guest's slices can be had now.
 */
#ifndef XVGPU_ADMIT_H
#define XVGPU_ADMIT_H

#include "domains.h"
#include "nodes.h"
#include "profiles.h"

/*
 * Checks n > 0 specs (slots given) for one guest and turns them into slices, all fields but front set.
 * Each must have a known profile and a driver domain that is registered, running, and can keep what all
 * policies that exist and this one promise: VRAM, slices (and turns, under fixed-share), event channels,
 * channels of the GPU, grant maps for what guests import. Takes err: -EINVAL (text is wrong), -EPERM (doorbell=direct
 * is not trusted), -ENODEV
 * (no such backend, or it does not serve now), -ENOSPC (no room; the text names the limit, its value and
 * the setting that raises it); *at then tells which spec it is about.
 */
int xvgpu_admit(struct xs_handle *xs, const struct xvgpu_domains *domains,
		const struct xvgpu_profiles *profiles, const struct xvgpu_spec *specs, int n,
		struct xvgpu_slice *slices, int *at, struct xvgpu_err *err);

#endif /* XVGPU_ADMIT_H */
