/* SPDX-License-Identifier: MIT */
/*
 * own.h - a channel for graphics of the driver domain's own: one that RM wants to be there, and to which nothing is
 * ever submitted.
 *
 * It has a tenant and a space to itself, and a 3D object. NVIDIA's driver has privileged channels for such, this is a
 * user's as all are.
 */
#ifndef GPU_GR_OWN_H
#define GPU_GR_OWN_H

#include "gpu/core/tenant.h"

/* The caller's; it fills in what stands first, and the rest is zeros. */
struct gpu_own_channel {
	struct gpu_rm *rm;
	const char *what; /* for the log */
	bool golden;
	const struct gpu_names *names; /* NULL: RM does not care */
	/* Once: 0, or why it is not there. Either way gpu_own_end() is to follow at some time. */
	void (*ready)(struct gpu_own_channel *own, int err);
	/* Nothing of it is left. */
	void (*ended)(struct gpu_own_channel *own, int err);

	struct gpu_range vram; /* the tenant's */
	struct hv_dma userd;
	struct gpu_tenant *tenant;
	struct gpu_vm *vm;
	struct gpu_channel *channel;
};

/* 0: ready() is called from the loop. Else it is not: -ENOMEM; -ENOSPC: VRAM; as gpu_tenant_new(). */
int gpu_own_begin(struct gpu_own_channel *own);
/* ended() may be called before this returns. In any state, once; also after gpu_own_begin() has failed. */
void gpu_own_end(struct gpu_own_channel *own);
/* The session is over, and the device off: there is nobody to end it with. */
void gpu_own_drop(struct gpu_own_channel *own);

#endif /* GPU_GR_OWN_H */
