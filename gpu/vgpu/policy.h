/* SPDX-License-Identifier: MIT */
/*
 * policy.h - what a guest's device may have, as dom0 wrote it.
 */
#ifndef VGPU_POLICY_H
#define VGPU_POLICY_H

#include "hv/hv.h"

#define VGPU_PROFILE_MAX    32 /* bytes, NUL included */
#define VGPU_WEIGHT_MAX	    1000
#define VGPU_WEIGHT_NOMINAL 100
#define VGPU_IMPORT_PAGES   32768

struct vgpu_policy {
	char profile[VGPU_PROFILE_MAX]; /* a name for people: letters, digits, '.', '_', '-' */
	uint64_t vram;			/* bytes: a positive multiple of GPU_VRAM_ALIGN */
	uint32_t weight;		/* 1..VGPU_WEIGHT_MAX, relative to the other devices */
	uint32_t channels;		/* 0..XENVGPU_MAX_CHANNELS that exist at a time */
	uint32_t engines;		/* a bit 1u << GPU_KIND_* for each kind it may use; not 0 */
	uint32_t imports;		/* 0..VGPU_IMPORT_PAGES guest pages the device may reach */
	bool direct; /* the guest may ring by itself: dom0 has given it the doorbell page */
};

/*
 * Reads /xvgpu/<this domain>/<front>/<index>/{profile,vram,weight,channels,engines,imports,doorbell}. All are
 * obligatory: a toolstack that does not know a limit must not be taken to allow everything. 0, or with a
 * one-line reason in why: -ENOENT or -EACCES (a node is missing), -EPERM (dom0 does not own a node, or lets others write it),
 * -EINVAL (a value is not what it must be), or xenstore's error.
 */
int vgpu_policy_read(hv_domid_t front, unsigned int index, struct vgpu_policy *out, char *why,
		     size_t why_size);

#endif /* VGPU_POLICY_H */
