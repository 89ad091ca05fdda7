/* SPDX-License-Identifier: MIT */
/*
 * profiles.h - the sizes of slice that the owner of the machine offers.
 *
 * A file in xl's syntax with one list:
 *
 *	profiles = [
 *		"name=small, vram=256M, max-vram=512M, weight=100, channels=16, engines=copy,
 *		 imports=32M, description=office desktop",
 *	]
 *
 * and perhaps trust_doorbell=1: guests may be given the doorbell page of a GPU (doorbell=direct).
 */
#ifndef XVGPU_PROFILES_H
#define XVGPU_PROFILES_H

#include "spec.h"
#include "xlcfg.h"

#define XVGPU_MAX_PROFILES    64
#define XVGPU_DESCRIPTION_MAX 80
#define XVGPU_DEFAULT_WEIGHT  100

struct xvgpu_profile {
	char name[XVGPU_PROFILE_MAX];
	uint64_t vram;	   /* bytes when the guest's entry says nothing */
	uint64_t max_vram; /* most it may ask for; default: vram */
	uint32_t weight;   /* default XVGPU_DEFAULT_WEIGHT */
	uint32_t channels; /* 0..XVGPU_MAX_CHANNELS, the default */
	uint32_t imports;  /* guest pages, 0..XVGPU_MAX_IMPORTS, the default */
	const char *
		engines; /* as the policy's node has it: "copy", "graphics", "copy,graphics" (default) */
	char description[XVGPU_DESCRIPTION_MAX];
};

struct xvgpu_profiles {
	char file[XVGPU_PATH_MAX];
	bool trust_doorbell;
	int n;
	struct xvgpu_profile profile[XVGPU_MAX_PROFILES];
};

/* Reads xvgpu_paths.etc/profiles.conf. Takes err. */
int xvgpu_profiles_read(struct xvgpu_profiles *profiles, struct xvgpu_err *err);
int xvgpu_profiles_from(struct xvgpu_cfg *cfg, struct xvgpu_profiles *profiles,
			struct xvgpu_err *err);

/*
 * Checks what spec asks for against its profile and fills in the defaults. Takes err: -EINVAL for
 * an unknown profile or more VRAM than it allows, -EPERM for doorbell=direct without trust_doorbell.
 */
int xvgpu_profiles_apply(const struct xvgpu_profiles *profiles, struct xvgpu_spec *spec,
			 struct xvgpu_err *err);

/* The profile called `name`, or NULL. */
const struct xvgpu_profile *xvgpu_profile_find(const struct xvgpu_profiles *profiles,
					       const char *name);

#endif /* XVGPU_PROFILES_H */
