/* SPDX-License-Identifier: MIT */
/*
 * core.h - the narrow contract of the GPU core.
 *
 * The core owns one PCI function: it identifies the chip, sizes video memory (VRAM) and hands out
 * ranges of it, and it alone touches registers. Who may have how much is decided above
 * (gpu/vgpu). Two clients keep this contract honest: gpu/vgpu and tests/core-client (docs/core.md).
 */
#ifndef GPU_CORE_H
#define GPU_CORE_H

#include "gpu/core/extent.h"
#include "gpu/core/mmu/map.h"
#include "hv/hv.h"

struct gpu;

struct gpu_info {
	const char *chip;     /* "GA102" */
	const char *family;   /* whose firmware files it takes: "ga102" (boot/family.h) */
	uint32_t pmc_boot_0;  /* NV_PMC_BOOT_0 */
	uint32_t pmc_boot_42; /* NV_PMC_BOOT_42 */
	uint16_t pci_vendor, pci_device;
	uint64_t vram_size;   /* bytes the board has */
	uint64_t vram_usable; /* of it, what ranges are made from */
};

/*
 * Take over the function: enable memory decoding and bus mastering, identify the chip (-ENODEV: not
 * in the chip table), map BAR0, size VRAM. The function must have been reset by dom0 since its last
 * owner. The core owns pci until gpu_detach().
 */
int gpu_attach(struct hv_pci *pci, struct gpu **out);
void gpu_detach(struct gpu *gpu);
const struct gpu_info *gpu_info(const struct gpu *gpu);

/*
 * Loss. A GPU is lost when bus mastering was taken away (Xen does so after a burst of IOMMU faults)
 * or when registers read all ones. It stays lost; every later call that needs it returns -ENODEV.
 * fn is called once, from the loop. The core looks once a second and on request.
 */
void gpu_on_lost(struct gpu *gpu, void (*fn)(struct gpu *gpu, void *arg), void *arg);
bool gpu_is_lost(struct gpu *gpu); /* looks at the hardware */

/* Ranges (struct gpu_range, extent.h) are multiples of this. */
#define GPU_VRAM_ALIGN 0x10000ull

/* Where a range of this size best begins: GPU pages of 2 MiB can show what lies on multiples of that. */
static inline uint64_t gpu_vram_align(uint64_t size)
{
	return size % (2ull << 20) ? GPU_VRAM_ALIGN : 2ull << 20;
}

/*
 * Hand out size bytes (a positive multiple of GPU_VRAM_ALIGN). Its contents are the previous owner's (or power-on
 * garbage), and nobody may see them: gpu_scrub_start() is next.
 */
int gpu_vram_alloc(struct gpu *gpu, uint64_t size, struct gpu_range *out); /* 0, -ENOMEM, -EINVAL */
void gpu_vram_free(struct gpu *gpu, const struct gpu_range *range);
uint64_t gpu_vram_free_bytes(const struct gpu *gpu);

/*
 * After the start of the firmware: what lies at `end` and above is its own, ranges are made from what is
 * below; BAR1 is put back into physical mode. Only while no range is handed out (-EBUSY); -EINVAL:
 * nothing would be left; -EIO: the mode does not stick.
 */
int gpu_vram_limit(struct gpu *gpu, uint64_t end);

/*
 * CPU copies through BAR1 windows; addr and len are multiples of 4, inside VRAM. 0, -EINVAL, -ENODEV,
 * -ENOMEM (no page tables left for a window).
 */
int gpu_vram_read(struct gpu *gpu, uint64_t addr, void *dst, size_t len);
int gpu_vram_write(struct gpu *gpu, uint64_t addr, const void *src, size_t len);

/*
 * One transfer of a falcon's DMA unit from bus address addr (256-byte aligned, below 2^47) into the
 * GSP falcon's DMEM; len is 4 * 2^n, 4..256, dmem_offset a multiple of it. 0, -EIO when the unit does
 * not come idle within 10 ms, -EINVAL, -ENODEV. The unit has no error bit: a transfer that the IOMMU
 * refused looks finished, and DMEM is as it was. Boot loads microcode with it; tests aim it at memory.
 */
int gpu_falcon_dma_load(struct gpu *gpu, uint64_t addr, uint32_t dmem_offset, size_t len);
/* offset, len and dst are multiples of 4; 0, -EINVAL, -ENODEV. */
int gpu_falcon_dmem_read(struct gpu *gpu, uint32_t offset, void *dst, size_t len);

/*
 * ---------------------------------------------------------------- with firmware (gpu/core/rm/session.h)
 *
 * A tenant is one guest's slice, or the driver domain itself, as the core sees it: an RM client with turns
 * and a quota of its own, address spaces, channels, and a range of VRAM for the tables and instance blocks
 * of these, which no address space shows.
 *
 * What takes firmware calls is asynchronous: the callback comes once, from the loop, never before the call
 * returned. In callbacks everything is allowed.
 *
 * Ends. A channel's end takes it off the runlist, preempts it, and has the firmware's word for that; a
 * tenant's end does so with all channels at once and then drops its spaces. When done() of an end is called
 * with 0, or with any error, the device reaches nothing of it any more: if the firmware does not answer in
 * time, the core takes bus mastering away first and the GPU is lost.
 */
struct gpu_rm;
struct gpu_tenant;
struct gpu_vm;
struct gpu_channel;

#define GPU_CHANNELS_MAX 64u /* of one tenant */

/*
 * vram: for tables and instance blocks, the caller's until the end; a multiple of 64 KiB, 512 KiB or more;
 * need not be clean. As many graphics contexts (gpu_graphics_context()) as fit beside 512 KiB are set apart;
 * of the rest, three eighths are for channels (28 KiB each), the others for page tables. 0:
 * ready(tenant, err, arg) will be called; after an error there it is gone. -EINVAL, -ENOMEM, -ENOSPC (too
 * many tenants), -EIO (the firmware is gone).
 */
int gpu_tenant_new(struct gpu_rm *rm, const struct gpu_range *vram,
		   void (*ready)(struct gpu_tenant *tenant, int err, void *arg), void *arg,
		   struct gpu_tenant **out);
/*
 * How much of each engine's time is the tenant's, beside others that are busy there: on a runlist its channels, however
 * many, have GPU_WEIGHT_US microseconds for each unit of weight, then the next tenant's. Who has nothing to do is
 * passed over and gets nothing back later. At any time; 1..GPU_WEIGHT_MAX, GPU_WEIGHT_DEFAULT unless told.
 * What has begun ends: a copy is interrupted by Host, other work perhaps not before it is done.
 */
#define GPU_WEIGHT_DEFAULT 100u
#define GPU_WEIGHT_MAX	   1000u
#define GPU_WEIGHT_US	   10u
void gpu_tenant_weight(struct gpu_tenant *tenant, uint32_t weight);

/*
 * How tenants share engines. BEST_EFFORT: by weight, as above. EQUAL_SHARE: as if all had the same weight.
 * FIXED_SHARE: time is cut into `slots` (1..GPU_SLOTS_MAX) turns of GPU_SLOT_US, each tenant has one of its own
 * (gpu_tenant_new(): -ENOSPC when there is none), and while it is somebody's nobody else's channels are on the
 * runlists, whether the owner has work or not; nor are anybody's in a slot that nobody has. The driver domain's own
 * channels (scrubbing) are outside of this. Other policies have 0 slots. Before the first tenant is made; -EBUSY, -EINVAL;
 * -EOPNOTSUPP: this firmware has no call for it.
 */
enum gpu_policy { GPU_BEST_EFFORT, GPU_EQUAL_SHARE, GPU_FIXED_SHARE };
#define GPU_SLOTS_MAX 64u
#define GPU_SLOT_US   2000u
int gpu_policy_set(struct gpu_rm *rm, enum gpu_policy policy, unsigned int slots);
/* "best-effort", "equal-share", "fixed-share": what people and the toolstack call it. */
const char *gpu_policy_name(enum gpu_policy policy);
enum gpu_policy gpu_policy_get(struct gpu_rm *rm, unsigned int *slots);
/* What FIXED_SHARE costs. Each change of turns is at most two calls to the firmware, one after the other. */
struct gpu_turn_stats {
	uint64_t slots;	    /* that have begun */
	uint64_t calls;	    /* to take channels off, and to put them on */
	uint64_t late;	    /* slots that began late because calls took long */
	uint64_t refused;   /* calls */
	uint64_t switching; /* ns between turns */
};
const struct gpu_turn_stats *gpu_turn_stats(struct gpu_rm *rm);
/*
 * Time of engines that the tenant's channels have had, ns, all engines added up: by looking now and then who is on
 * them, so an estimate.
 */
uint64_t gpu_tenant_time(const struct gpu_tenant *tenant);
/*
 * It has the doorbell page and rings by itself, from its next channel on: who is on engines is looked at without
 * doorbells. In place of doorbells worked() is called, from a timer, with each look that adds to gpu_tenant_time(); not
 * from gpu_tenant_end() on.
 */
void gpu_tenant_direct(struct gpu_tenant *tenant, void (*worked)(void *arg), void *arg);
/* At any time, in creation too (ready() is not called then). Handles of spaces and channels are void at once. */
void gpu_tenant_end(struct gpu_tenant *tenant, void (*done)(int err, void *arg), void *arg);

/*
 * Address spaces. Virtual addresses from gpu_vm_start() to below gpu_vm_end() are the tenant's; RM keeps the
 * others. Changes are as in gpu/core/mmu/space.h (map, unmap, reserve, release: all or nothing, errors
 * there); the GPU follows them from gpu_vm_commit() on: it has forgotten what it knew, and what it had
 * under way in system memory has arrived. -ENODEV when the GPU is lost.
 */
int gpu_vm_new(struct gpu_tenant *tenant, void (*ready)(struct gpu_vm *vm, int err, void *arg),
	       void *arg, struct gpu_vm **out); /* 0, -ENOMEM (memory, tables), -EDQUOT, -EIO */
uint64_t gpu_vm_start(const struct gpu_vm *vm);
uint64_t gpu_vm_end(const struct gpu_vm *vm);
/*
 * From *start to below *end, both between those two, is not the tenant's either: graphics channels have their contexts
 * there, for the engine's eyes alone. Changes that touch it are -EINVAL.
 */
void gpu_vm_kept(const struct gpu_vm *vm, uint64_t *start, uint64_t *end);
int gpu_vm_map(struct gpu_vm *vm, const struct gpu_map *map);
int gpu_vm_unmap(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page);
int gpu_vm_reserve(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page);
int gpu_vm_release(struct gpu_vm *vm, uint64_t va, uint64_t size, enum gpu_page page);
int gpu_vm_commit(struct gpu_vm *vm);
/* -EBUSY (and nothing happens): a channel has it. done() as for all ends. */
int gpu_vm_free(struct gpu_vm *vm, void (*done)(int err, void *arg), void *arg);

/* What stopped a channel. */
struct gpu_fault {
	uint32_t xid;	  /* ROBUST_CHANNEL_* */
	uint64_t address; /* of an MMU fault, if the firmware tells; 0 */
	uint32_t type;	  /* its NV_PFAULT_FAULT_TYPE_* */
};

struct gpu_channel_desc {
	struct gpu_vm *vm;
	uint32_t engine_class; /* one of gpu_classes() */
	uint64_t gpfifo;       /* virtual address, a multiple of 8 */
	uint32_t entries;      /* a power of two */
	/*
	 * USERD: 512 bytes inside a page of hv DMA memory, the caller's until the end. A guest may have the page
	 * mapped: the GPU checks nothing there but what a channel may do anyway.
	 */
	void *userd;
	uint64_t userd_dma;
	void (*fault)(struct gpu_channel *channel, const struct gpu_fault *fault, void *arg);
	void *arg;
};

/*
 * Always for a user: no privileged methods, no physical addresses. 0: ready(channel, err, arg) will be
 * called, 0 when it takes submissions. -EINVAL, -EOPNOTSUPP (class), -EDQUOT (channels, contexts), -ENOSPC
 * (channel ids), -ENOMEM, -EIO. After desc->fault() the channel does nothing any more; its end is the caller's to ask for. RM may
 * stop all channels of the tenant with that space and engine for the error of one: then each is told.
 */
int gpu_channel_new(struct gpu_tenant *tenant, const struct gpu_channel_desc *desc,
		    void (*ready)(struct gpu_channel *channel, int err, void *arg), void *arg,
		    struct gpu_channel **out);
/* Has the GPU look at USERD: one register write. */
void gpu_channel_ring(struct gpu_channel *channel);
/* What that writes: whoever has the doorbell page mapped may do it instead. */
uint32_t gpu_channel_token(const struct gpu_channel *channel);
/* The channel's engine, a number below 64, as in gpu_on_awaken(). */
unsigned int gpu_channel_engine(const struct gpu_channel *channel);
/*
 * Channels can raise the non-stall interrupt of their engine; hardware tells which engine, not which channel. fn is
 * called from the loop with the engines (a bit each) of which there was one since the last call, and not more often
 * than every GPU_AWAKEN_GAP, whatever guests push: meanwhile the interrupt is masked. NULL: nobody listens.
 */
#define GPU_AWAKEN_GAP (50 * HV_US)
void gpu_on_awaken(struct gpu_rm *rm, void (*fn)(uint64_t engines, void *arg), void *arg);
void gpu_channel_free(struct gpu_channel *channel, void (*done)(int err, void *arg), void *arg);

/* What this chip's channels take, in NVIDIA's class numbers. */
struct gpu_classes {
	uint32_t gpfifo;
	unsigned int n;
	uint32_t engine[11];
};
const struct gpu_classes *gpu_classes(const struct gpu *gpu);

/*
 * Classes of one kind are on one engine. A channel for a class of graphics takes methods of all classes of that
 * kind, and has a graphics context of its own: its buffers are the tenant's, in the range given to gpu_tenant_new().
 */
enum gpu_kind { GPU_KIND_NONE, GPU_KIND_COPY, GPU_KIND_GRAPHICS };
enum gpu_kind gpu_class_kind(const struct gpu *gpu,
			     uint32_t class_id); /* NONE: not one of gpu_classes() */
/*
 * Bytes that a graphics channel takes of its tenant's range, besides what every channel does; 0 when no graphics
 * are to be had. A tenant that is to have graphics must be given that much more.
 */
uint64_t gpu_graphics_context(const struct gpu_rm *rm);

/*
 * ---------------------------------------------------------------- cleaning VRAM
 *
 * Memory is cleared and looked at before anybody gets it: by the copy engine, through a tenant of the driver
 * domain's own with one channel; without that, by our CPU through BAR 1, a step at a time.
 *
 * A job's range is worked on in pieces: the piece is mapped, filled with zeros by the GPU, copied by the GPU
 * into a buffer of ours, all of it, and compared there. Jobs take turns, a piece each, so a large range does not
 * keep a small one waiting. An engine that is not done with a submission within GPU_SCRUB_TIMEOUT is given up.
 */
struct gpu_scrubber;

#define GPU_SCRUB_TIMEOUT (2 * HV_S)
#define GPU_SCRUB_PIECE	  (16ull << 20) /* bytes at most that are mapped at a time */

/* A range being cleaned; owned by the caller, the fields are the scrubber's. */
struct gpu_scrub {
	struct gpu_scrub *next; /* in turn */
	struct gpu_scrubber *scrubber;
	struct gpu_range range;
	uint64_t done; /* bytes that are clean, and were looked at */
	void (*end)(struct gpu_scrub *job, int err);
};

struct gpu_scrub_stats {
	uint64_t bytes;	      /* cleaned and compared */
	uint64_t submissions; /* what that took */
};

/*
 * rm NULL: the CPU does it, as it does for a start when the engine is not to be had (logged). Jobs can be
 * started at once. VRAM for its own tables is taken from gpu_vram_alloc(). -ENOMEM.
 */
int gpu_scrubber_new(struct gpu *gpu, struct gpu_rm *rm, struct gpu_scrubber **out);
/*
 * When the firmware has ended and the device reaches nothing any more. No end() is called; ranges of jobs
 * that are abandoned are forgotten with the rest of VRAM.
 */
void gpu_scrubber_free(struct gpu_scrubber *scrubber);
const struct gpu_scrub_stats *gpu_scrubber_stats(const struct gpu_scrubber *scrubber);

/*
 * Clean a range (multiples of GPU_VRAM_ALIGN). end(job, err) is called once, from the loop: 0, all of it
 * reads as zeros; -EIO, it does not (logged with the address: withdraw it); -ENODEV, the GPU is lost.
 */
void gpu_scrub_start(struct gpu_scrubber *scrubber, struct gpu_scrub *job,
		     const struct gpu_range *range, void (*end)(struct gpu_scrub *job, int err));
/*
 * The owner of a job that has not ended goes away: end() is not called, the structure is the owner's at once.
 * give_back, which contains the range, is freed (gpu_vram_free()) as soon as the GPU is off it; NULL: it is
 * withdrawn for good.
 */
void gpu_scrub_abandon(struct gpu_scrub *job, const struct gpu_range *give_back);

#endif /* GPU_CORE_H */
