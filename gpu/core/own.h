/* SPDX-License-Identifier: MIT */
/*
 * own.h - a channel of the driver domain's own, with a tenant and a space to itself: that which cleans video memory, and
 * those that RM wants to be there for graphics and to which nothing is ever submitted.
 */
#ifndef GPU_OWN_H
#define GPU_OWN_H

#include "gpu/core/tenant.h"

/* The caller's; it fills in what stands first, and the rest is zeros. */
struct gpu_own_channel {
	struct gpu_rm *rm;
	const char *what; /* for the log */
	uint64_t vram_size;
	/*
	 * The channel, but for its space. No `userd`: it gets a page. No `fault`: faults are logged.
	 */
	struct gpu_channel_desc desc;
	bool golden, single;	       /* as the tenant's */
	const struct gpu_names *names; /* the same */
	/* Has the space show what the channel is to see, and may complete `desc`; NULL: nothing. 0, or an error. */
	int (*prepare)(struct gpu_own_channel *own);
	/* Once: 0, or why it is not there. Either way gpu_own_end() is to follow at some time. */
	void (*ready)(struct gpu_own_channel *own, int err);
	/* Nothing of it is left. */
	void (*ended)(struct gpu_own_channel *own, int err);

	const char *missing;   /* after an error: what is not to be had */
	struct gpu_range vram; /* the tenant's; size 0: none */
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

#endif /* GPU_OWN_H */
