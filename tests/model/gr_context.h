/* SPDX-License-Identifier: MIT */
/*
 * Graphics contexts: the memory that a channel group's state of the graphics engine is in while another group has
 * the engine. RM says which buffers there are and how large (rm_graphics.c), the driver promotes them, and the
 * engine's microcontroller moves the state at every switch, with privilege, through the address space of
 * the group's channels.
 *
 * There is no state here worth moving, so a mark stands for it, a new one each time: it is written where the state
 * is saved and looked for when that is loaded again; another is left in the buffers the engine works in, and looked for when the
 * group has to let go of the engine. Memory that is not shown, is shown to somebody else, or was given to
 * somebody too early is noticed by that. What does not fit ends the group's channels.
 *
 * Sources: OGKM kernel_graphics_context.c (which buffers, and a context belongs to a channel group),
 * kernel_graphics.c (the golden image), ctrl2080gpu.h; nouveau gsp/rm/r535/gr.c. When the engine switches is
 * the model's own: at the first method of another group, when the group that has it is stopped, and not when that
 * is freed.
 */
#ifndef MODEL_GR_CONTEXT_H
#define MODEL_GR_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "mmu.h"

/* NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ID_* */
enum {
	CONTEXT_MAIN,
	CONTEXT_PM,
	CONTEXT_PATCH,
	CONTEXT_BUNDLE,
	CONTEXT_PAGEPOOL,
	CONTEXT_ATTRIBUTE,
	CONTEXT_RTV,
	CONTEXT_GFXP_POOL,
	CONTEXT_GFXP_CTRL,
	CONTEXT_EVENT,
	CONTEXT_MAP,
	CONTEXT_UNRESTRICTED_MAP,
	CONTEXT_GLOBAL_MAP,
	CONTEXT_BUFFERS
};

/* What RM puts into memory that it is to prepare. */
#define CONTEXT_IMAGE 0x474d49474c44474eull
#define CONTEXT_LIST  0x5453494c50414d50ull

/* A group's. */
struct model_context {
	bool prepared; /* RM has filled state and patch */
	unsigned int objects;
	struct {
		uint64_t va, size; /* size 0: not promoted */
	} buffer[CONTEXT_BUFFERS];
	uint64_t saved; /* the mark of the state; 0: as RM prepared it */
	uint64_t used;	/* the mark in what the engine works in */
	struct mmu_space space;
};

struct model_group;
struct model_channel;

/* The channel's group has the engine now. False: it has not, and the channel was taken off. */
bool model_context_load(struct model *m, struct model_channel *ch);
/* The group lets go of the engine, if it has it; its state is saved, or lost. */
void model_context_unload(struct model *m, struct model_group *g, bool save);

#endif /* MODEL_GR_CONTEXT_H */
