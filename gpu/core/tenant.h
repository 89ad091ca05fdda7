/* SPDX-License-Identifier: MIT */
/*
 * tenant.h - tenants and address spaces inside the core; core.h is what others see.
 *
 * A tenant's VRAM has slots at its start (a channel's instance block, a group's fault method buffer), page
 * tables behind them, and at its end graphics contexts, if there is room for any. What a tenant has with the firmware is below one RM client, so that freeing its root
 * ends whatever a call in between has left.
 *
 * An end goes: channels, then spaces, then the client, then the memory; only then the owner is told. If
 * one of these ends with an error of which it is not known what the firmware makes of it, the GPU is
 * given up first. Owners are told from the loop, by works, so never before their call has returned.
 */
#ifndef GPU_TENANT_H
#define GPU_TENANT_H

#include "fwq/client.h"
#include "gpu/core/core.h"
#include "gpu/core/gpu.h"
#include "gpu/core/mmu/space.h"
#include "gpu/core/rm/session.h"

#define GPU_SPACES_MAX 16u /* of one tenant: as many as a slice may have (vgpuif.h) */

/*
 * RM objects and event subscriptions that one channel may have at a time: group, channel, engine's objects,
 * and one to spare.
 */
#define GPU_CHANNEL_ENGINE_OBJECTS 4u
#define GPU_CHANNEL_OBJECTS	   (GPU_CHANNEL_ENGINE_OBJECTS + 3)
#define GPU_TENANT_QUOTA	   (GPU_SPACES_MAX + GPU_CHANNELS_MAX * GPU_CHANNEL_OBJECTS)

/* A channel's VRAM, and a group's, in bytes from the start of its slot: all multiples of 4096. */
#define GPU_CHANNEL_INSTANCE	  0x0000u
#define GPU_CHANNEL_METHOD_BUFFER 0x1000u
#define GPU_CHANNEL_SLOT	  0x7000u

#define GPU_VM_PARAMS 128u /* bytes for the parameters of a space's calls */

/*
 * An address space. What there is of it decides what comes next: `object` at RM, then `told`, RM knowing the
 * directory; and when it is to end, back again. One call is under way at a time (`busy`).
 */
struct gpu_vm {
	struct gpu_vm *next; /* of the tenant's */
	struct gpu_tenant *tenant;
	bool busy, told;
	bool ending;	       /* by whoever wants that, or because it could not be made */
	bool gone;	       /* only its owner is still to be told */
	unsigned int channels; /* that have it: counted by fifo/ */
	struct gpu_space space;
	struct fwq_object object; /* object.handle: hVASpace */
	struct fwq_rm_call call;  /* about the directory */
	int why;		  /* it could not be made */
	int err;		  /* of the end: the first */
	struct hv_work tell;
	void (*ready)(struct gpu_vm *vm, int err, void *arg);
	void *ready_arg;
	void (*done)(int err, void *arg);
	void *done_arg;
	uint8_t buf[FWQ_RM_SIZE(GPU_VM_PARAMS)] __attribute__((aligned(8)));
};

/* Handles by which RM itself finds a tenant's first objects; such a tenant has one space and one channel. */
struct gpu_names {
	uint32_t space, channel, object;
};

struct gpu_tenant {
	struct gpu_tenant *next; /* of the session's */
	struct gpu_rm *rm;
	struct gpu_rm_part part; /* of the session */
	struct gpu *gpu;
	const struct fwq_pack *pack;
	struct fwq_client client;
	struct gpu_range slots, tables, contexts; /* of its VRAM */
	struct gpu_table_pool pool;
	struct gpu_vm *vms;
	unsigned int nr_vms;

	/* Channels by slot; fifo's but for the memory of the array. */
	unsigned int nr_slots; /* at most GPU_CHANNELS_MAX */
	struct gpu_channel *channel[GPU_CHANNELS_MAX];
	struct gpu_group *group[GPU_CHANNELS_MAX]; /* below nr_slots too */
	unsigned int nr_contexts;
	bool context[GPU_CHANNELS_MAX]; /* taken; gr/context.c's */
	bool golden;			/* the one that gr/graphics.c makes */
	bool single; /* its channels have an object of their own class, and none of their kind's others */
	const struct gpu_names *names; /* NULL: any */
	uint32_t weight;
	bool outside; /* of turns: the driver domain's own */
	bool direct;  /* rings by itself */
	void (*worked)(void *arg);
	void *worked_arg;
	uint64_t engine_ns;
	void (*channels_done)(struct gpu_tenant *tenant, int err); /* all of them are ending */
	int channels_err;

	bool ending;
	bool channels_ended; /* so the spaces' turn has come */
	bool leaving;	     /* they have ended too: the client's */
	int err;	     /* of the creation or of the end: the first */
	struct hv_work tell;
	void (*ready)(struct gpu_tenant *tenant, int err, void *arg);
	void *ready_arg;
	void (*done)(int err, void *arg);
	void *done_arg;
};

/* gpu_tenant_new() for the driver domain itself, whom policies do not concern. */
int gpu_tenant_new_outside(struct gpu_rm *rm, const struct gpu_range *vram,
			   void (*ready)(struct gpu_tenant *tenant, int err, void *arg), void *arg,
			   struct gpu_tenant **out);

/* Where the VRAM of this slot is. */
static inline uint64_t gpu_tenant_slot(const struct gpu_tenant *tenant, unsigned int slot)
{
	return tenant->slots.base + (uint64_t)slot * GPU_CHANNEL_SLOT;
}

/* Live, and so channels may be made in it. */
static inline bool gpu_vm_usable(const struct gpu_vm *vm)
{
	return vm->told && !vm->busy && !vm->ending;
}

/* VRAM address of the directory, for instance blocks. */
static inline uint64_t gpu_vm_directory(const struct gpu_vm *vm)
{
	return gpu_space_directory(&vm->space);
}

/*
 * Has the MMU forget what it knows of a directory, and what was under way in system memory arrive. 0, or
 * -ENODEV: the GPU is lost, perhaps because it did not get done with this and was given up.
 */
int gpu_tlb_invalidate(struct gpu *gpu, uint64_t directory);

/* ---------------------------------------------------------------- between tenant.c and vm.c */

/*
 * The tenant ends, and its channels have: its spaces do what cannot be left to the end of the client.
 * gpu_tenant_vm_quiet() is called whenever one has nothing under way any more, perhaps before this returns.
 */
void gpu_vms_end(struct gpu_tenant *tenant);
bool gpu_vms_quiet(const struct gpu_tenant *tenant);
void gpu_tenant_vm_quiet(struct gpu_tenant *tenant);
/* Nobody is told of them any more; those that are gone go. */
void gpu_vms_forget(struct gpu_tenant *tenant);
/* Frees them all: the GPU and the firmware do not know them any more. */
void gpu_vms_free(struct gpu_tenant *tenant);

/* ---------------------------------------------------------------- by fifo/ */

/*
 * All channels of a tenant end, and those in the making: nobody is called for them any more, no channel is
 * left in tenant->channel[] nor counted in a space, and the device is off them. Then done(tenant, err), once,
 * perhaps before this returns; err as for gpu_channel_free(), and the GPU was given up where it had to be.
 * The tenant's client is live or was never made.
 */
void gpu_tenant_channels_end(struct gpu_tenant *tenant,
			     void (*done)(struct gpu_tenant *tenant, int err));
/* Frees the memory of all channels and groups, after the firmware has ended: no calls, nobody is called. */
void gpu_tenant_channels_drop(struct gpu_tenant *tenant);
/* The same of groups that could not be ended, after the client has. */
void gpu_groups_free(struct gpu_tenant *tenant);

#endif /* GPU_TENANT_H */
