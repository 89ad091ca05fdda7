/* SPDX-License-Identifier: MIT */
/*
 * params.c - what a channel is, in RM's structures and in its instance block.
 *
 * Every channel is a user's: not privileged, and the two flags deny what RM could give it later (physical
 * addresses in copies, privileged methods). Nothing of these comes from whoever asked for the channel.
 */
#include <errno.h>

#include "gpu/core/fifo/group.h"
#include "gpu/core/mmu/format.h"

/* NVOS04_FLAGS_*: PRIVILEGED_CHANNEL, 5:5, stays FALSE. */
#define CHANNEL_DENY_PHYSICAL_MODE_CE	     (1u << 7)
#define CHANNEL_USERD_INDEX_VALUE(chid)	     ((chid) % 8 << 8)
#define CHANNEL_USERD_INDEX_PAGE_VALUE(chid) ((chid) / 8 << 12)
#define CHANNEL_USERD_INDEX_PAGE_FIXED	     (1u << 21) /* together: RM takes this channel id */
#define CHANNEL_DENY_AUTH_LEVEL_PRIV	     (1u << 22)
/* NV_KERNELCHANNEL_ALLOC_INTERNALFLAGS_* */
#define PRIVILEGE_USER		     (0u << 0)
#define ERROR_NOTIFIER_TYPE_NONE     (1u << 2)
#define ECC_ERROR_NOTIFIER_TYPE_NONE (1u << 4)
/* Of memory descriptors: NV_MEMORY_*. Cached: the device's accesses see caches, as on any x86. */
#define ADDR_SYSMEM	1u
#define ADDR_FBMEM	2u
#define MEMORY_CACHED	0u
#define MEMORY_UNCACHED 1u

#define INSTANCE_BYTES	    0x1000u
#define RAMFC_BYTES	    0x200u
#define USERD_BYTES	    0x200u
#define COPY_PARAMS_VERSION 1u /* engineType is a NV2080_ENGINE_TYPE_*, not an index */

/*
 * The instance block, behind RAMFC: NV_RAMIN_PAGE_DIR_BASE and ADR_LIMIT, and the same again for sub-contexts
 * (SC), of which a channel has one: to share a context between several is not offered.
 */
#define RAMIN_PAGE_DIR_BASE	  0x200u
#define RAMIN_ADR_LIMIT		  0x208u
#define RAMIN_SC_PDB_VALID	  0x298u
#define RAMIN_SC_PAGE_DIR_BASE(i) (0x2a0u + 0x10u * (i))
#define RAMIN_SC_NONE		  0x0000000100000001ull
#define RAMIN_SUBCONTEXTS	  64u
#define PAGE_DIR_BASE_VER2	  (1ull << 10) /* in video memory: TARGET 1:0 is 0 */
#define PAGE_DIR_BASE_BIG_64K	  (1ull << 11)

int gpu_channel_write_instance(const struct gpu_channel *ch)
{
	uint64_t words[INSTANCE_BYTES / 8] = {0}, base, seen;
	uint64_t at = gpu_tenant_slot(ch->tenant, ch->slot);
	struct gpu *gpu = ch->tenant->gpu;
	int err;

	base = gpu_vm_directory(ch->vm) | PAGE_DIR_BASE_VER2 | PAGE_DIR_BASE_BIG_64K;
	words[RAMIN_PAGE_DIR_BASE / 8] = base;
	words[RAMIN_ADR_LIMIT / 8] = (1ull << GPU_VA_BITS) - 1;
	words[RAMIN_SC_PDB_VALID / 8] = 1;
	for (unsigned int i = 0; i < RAMIN_SUBCONTEXTS; i++)
		words[RAMIN_SC_PAGE_DIR_BASE(i) / 8] = i ? RAMIN_SC_NONE : base;
	err = gpu_vram_write(gpu, at + GPU_CHANNEL_INSTANCE, words, sizeof(words));
	/* Comes back when the writes have arrived, for RM looks at them from the other side. */
	if (!err)
		err = gpu_vram_read(gpu, at + GPU_CHANNEL_INSTANCE, &seen, sizeof(seen));
	return err;
}

enum fwq_number gpu_channel_class(const struct fwq_pack *pack, uint32_t class_id)
{
	static const enum fwq_number classes[] = {
#define CLASS(name, number, kind) FWQ_N_##name,
#include "gpu/core/chip/classes.h"
#undef CLASS
	};

	for (unsigned int i = 0; i < sizeof(classes) / sizeof(classes[0]); i++) {
		if (fwq_has_number(pack, classes[i]) && pack->number[classes[i]] == class_id)
			return classes[i];
	}
	return FWQ_NUMBERS;
}

#define PUT(ch, type, values)                                                                      \
	fwq_rm_fill(&(ch)->call, FWQ_S_##type, values, sizeof(values) / sizeof((values)[0]))
#define ALLOC(f) FWQ_F_NV_CHANNEL_ALLOC_PARAMS__##f

int gpu_channel_put_alloc(struct gpu_channel *ch)
{
	const struct gpu_engines *engines = gpu_rm_engines(ch->tenant->rm);
	uint64_t slot = gpu_tenant_slot(ch->tenant, ch->slot);
	const struct fwq_value values[] = {
		{ALLOC(gpFifoOffset), ch->desc.gpfifo},
		{ALLOC(gpFifoEntries), ch->desc.entries},
		{ALLOC(flags), CHANNEL_DENY_PHYSICAL_MODE_CE | CHANNEL_DENY_AUTH_LEVEL_PRIV |
				       CHANNEL_USERD_INDEX_VALUE(ch->chid) |
				       CHANNEL_USERD_INDEX_PAGE_VALUE(ch->chid) |
				       CHANNEL_USERD_INDEX_PAGE_FIXED},
		{ALLOC(engineType), engines->engine[ch->engine].type},
		{ALLOC(instanceMem_base), slot + GPU_CHANNEL_INSTANCE},
		{ALLOC(instanceMem_size), INSTANCE_BYTES},
		{ALLOC(instanceMem_addressSpace), ADDR_FBMEM},
		{ALLOC(instanceMem_cacheAttrib), MEMORY_UNCACHED},
		{ALLOC(ramfcMem_base), slot + GPU_CHANNEL_INSTANCE},
		{ALLOC(ramfcMem_size), RAMFC_BYTES},
		{ALLOC(ramfcMem_addressSpace), ADDR_FBMEM},
		{ALLOC(ramfcMem_cacheAttrib), MEMORY_UNCACHED},
		{ALLOC(userdMem_base), ch->desc.userd_dma},
		{ALLOC(userdMem_size), USERD_BYTES},
		{ALLOC(userdMem_addressSpace), ADDR_SYSMEM},
		{ALLOC(userdMem_cacheAttrib), MEMORY_CACHED},
		{ALLOC(mthdbufMem_base), gpu_group_method_buffer(ch->group)},
		{ALLOC(mthdbufMem_size), gpu_rm_fifo(ch->tenant->rm)->method_buffer},
		{ALLOC(mthdbufMem_addressSpace), ADDR_FBMEM},
		{ALLOC(mthdbufMem_cacheAttrib), MEMORY_UNCACHED},
		{ALLOC(internalFlags),
		 PRIVILEGE_USER | ERROR_NOTIFIER_TYPE_NONE | ECC_ERROR_NOTIFIER_TYPE_NONE},
	};

	return PUT(ch, NV_CHANNEL_ALLOC_PARAMS, values);
}

int gpu_channel_put_bind(struct gpu_channel *ch)
{
	const struct fwq_value values[] = {
		{FWQ_F_NVA06F_CTRL_BIND_PARAMS__engineType,
		 gpu_rm_engines(ch->tenant->rm)->engine[ch->engine].type},
	};

	return PUT(ch, NVA06F_CTRL_BIND_PARAMS, values);
}

int gpu_channel_put_engine(struct gpu_channel *ch)
{
	const struct fwq_value values[] = {
		{FWQ_F_NVB0B5_ALLOCATION_PARAMETERS__version, COPY_PARAMS_VERSION},
		{FWQ_F_NVB0B5_ALLOCATION_PARAMETERS__engineType,
		 gpu_rm_engines(ch->tenant->rm)->engine[ch->engine].type},
	};

	return PUT(ch, NVB0B5_ALLOCATION_PARAMETERS, values);
}

int gpu_channel_put_schedule(struct gpu_channel *ch)
{
	const struct fwq_value values[] = {
		{FWQ_F_NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS__bEnable, 1},
	};

	return PUT(ch, NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS, values);
}

#define STOP(f) FWQ_F_NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS__##f

int gpu_channels_put_stop(struct fwq_rm_call *call, void *buf, struct gpu_channel *const *which,
			  unsigned int n, bool stop)
{
	const struct fwq_pack *pack = which[0]->tenant->pack;
	const struct fwq_value values[] = {
		{STOP(bDisable), stop},
		{STOP(numChannels), n},
		{STOP(bOnlyDisableScheduling), 0}, /* those that run are preempted */
	};
	uint32_t size = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS);
	int err = fwq_rm_fill(call, FWQ_S_NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS, values,
			      sizeof(values) / sizeof(values[0]));
	void *params = (uint8_t *)buf + FWQ_RM_ROOM;

	for (unsigned int i = 0; i < n && !err; i++) {
		err = fwq_put(pack, STOP(hClientList), params, size, 0, i,
			      which[i]->tenant->client.handle);
		if (!err)
			err = fwq_put(pack, STOP(hChannelList), params, size, 0, i,
				      which[i]->channel.handle);
	}
	return err;
}
