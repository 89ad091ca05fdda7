/* SPDX-License-Identifier: MIT */
/*
 * context.h - graphics contexts: the memory in which the graphics engine keeps a channel's state.
 *
 * When the engine turns from one channel to another, its own microcontroller (FECS) saves the state of the one and
 * loads that of the other; and while it works it uses buffers beside the state. RM says how large these are; the
 * driver allocates them, shows them to the channel's address space, and promotes them: tells RM where they are.
 *
 * RM calls some of them global, that is, one for all channels of a GPU, and so does nouveau: bundles, page
 * pool, attributes, RTV, FECS events. What one channel's work leaves there is before the next one's eyes, if only
 * the engine's; and a buffer of everybody's cannot be charged to anybody. RM does know channels that have their own of these
 * (protected video), for the addresses are in the state of each. Here every channel has, of all that
 * the engine writes, its own, in its tenant's VRAM. The access map, a list of registers that RM fills once and
 * the engine only reads, is the only one that all have: it is the driver domain's, and shown read-only.
 *
 * What is shown is marked privileged, so channels of users, as all here are, cannot reach it with anything they do;
 * and it is shown in a part of the address space that its owner cannot change (GPU_KEPT). That is below 2^40:
 * the registers that hold addresses of these buffers have 32 bits and count in 256 bytes.
 *
 * A context belongs to a channel group, in RM's eyes: channels of one group would overwrite each other's state.
 * So a graphics channel has a group of its own (group.h).
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, kernel_graphics_context.c (kgrctxMapGlobalCtxBuffer and its local buffers,
 * kgrctxPrepareInitializeCtxBuffer, kgrctxPreparePromoteCtxBuffer, kgrctxGlobalCtxBufferToFifoEngineId),
 * ctrl2080gpu.h (PROMOTE_CTX, INITIALIZE_CTX), ctrl2080internal.h; nouveau, gsp/rm/r535/gr.c, engine/gr/ctxgf100.c
 * (addresses in registers).
 */
#ifndef GPU_GR_CONTEXT_H
#define GPU_GR_CONTEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"
#include "gpu/core/error.h"

struct gpu_channel;

enum gpu_context_part {
	GPU_CONTEXT_MAIN, /* the state */
	GPU_CONTEXT_PATCH,
	GPU_CONTEXT_BUNDLE,
	GPU_CONTEXT_PAGEPOOL,
	GPU_CONTEXT_ATTRIBUTE,
	GPU_CONTEXT_RTV,
	GPU_CONTEXT_EVENT,
	GPU_CONTEXT_MAP, /* the access map: not the channel's */
	GPU_CONTEXT_PARTS
};

/* Where the parts of any context are; all sizes in bytes. */
struct gpu_context_layout {
	uint64_t bytes; /* of VRAM, wherever it begins: a multiple of 64 KiB; 0: RM has not said */
	uint64_t align; /* of the first part: up to so much of it is left away at the start */
	struct {
		uint64_t size;	/* as RM is told; 0: this GPU has none */
		uint64_t shown; /* in pages of 64 KiB */
		uint64_t at;	/* from the start of the context; of the map: from its own */
		uint64_t va;	/* from the start of the channel's window */
	} part[GPU_CONTEXT_PARTS];
};

/* Each channel shows its context in a window, by its number among the tenant's. */
#define GPU_KEPT_WINDOW	 (1ull << 30)
#define GPU_KEPT_END	 (1ull << 40)
#define GPU_KEPT_START	 (GPU_KEPT_END - 64 * GPU_KEPT_WINDOW)
#define GPU_CONTEXT_PART (256ull << 20) /* bytes at most: RM is not believed more */

/*
 * From the parameters of GET_CONTEXT_BUFFERS_INFO's reply, `len` bytes. 0; -ENOENT: the pack lacks a name;
 * -EPROTO: what RM says cannot be. With *why.
 */
int gpu_context_layout(const struct fwq_pack *pack, const void *params, size_t len,
		       struct gpu_context_layout *out, struct gpu_error *why);

/*
 * Gives the channel a context: takes one of its tenant's, clears what RM wants to find cleared and shows all of it.
 * 0; -EDQUOT: the tenant has none left; -ENOMEM: no page tables; -EIO. gpu_context_give() follows in any case.
 */
int gpu_context_take(struct gpu_channel *ch);
/*
 * Takes it back, if there is one: it is shown no more, and is the tenant's again if the firmware has `freed` the channel, or
 * never had it. What another channel of the tenant's finds there is that tenant's own.
 */
void gpu_context_give(struct gpu_channel *ch, bool freed);

/* Parameters of PROMOTE_CTX, into the channel's buffer. Errors as of params.c's. */
int gpu_context_put_promote(struct gpu_channel *ch);

#endif /* GPU_GR_CONTEXT_H */
