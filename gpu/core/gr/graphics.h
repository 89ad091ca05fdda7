/* SPDX-License-Identifier: MIT */
/*
 * graphics.h - what a session needs once for graphics: the layout of contexts, and the golden image.
 *
 * The first state of any channel is a copy of the golden image, which RM has the engine make when the first 3D object is
 * allocated. RM in the firmware does not do so by itself: NVIDIA's driver (kgraphicsCreateGoldenImageChannel) and
 * nouveau (r535_gr_oneinit) make a channel for that when they start, give RM the memory of what is filled once
 * for all (access maps, the buffer of FECS's events), allocate the object, and drop all but that memory. So does this
 * (own.h).
 *
 * Without graphics (the firmware refuses, the board has none, the pack lacks names) the session goes on.
 */
#ifndef GPU_GR_GRAPHICS_H
#define GPU_GR_GRAPHICS_H

#include "gpu/core/core.h"
#include "gpu/core/gr/context.h"
#include "gpu/core/own.h"
#include "gpu/core/rm/session.h"

struct gpu_graphics {
	struct gpu_context_layout layout;
	bool ready;
	struct gpu_range kept; /* map, unrestricted map, events; size 0: none */
};

/*
 * Asks RM, and has the golden image made; done(rm) is called from the loop, or, when there is nothing to wait for, at
 * once: whether there are graphics then stands in g->ready. What is wrong is logged.
 */
void gpu_graphics_begin(struct gpu_rm *rm, void (*done)(struct gpu_rm *rm));

/*
 * Fills in what the driver domain's own channels for graphics, to which nothing is submitted, have in common: a 3D object,
 * a ring that is never fetched, VRAM for one context.
 */
void gpu_graphics_own(struct gpu_own_channel *own, struct gpu_rm *rm);

/* The session's; from the beginning on. */
struct gpu_graphics *gpu_rm_graphics(struct gpu_rm *rm);
/* For calls of the driver domain's own: a control of RM's own client. As fwq_rm_control(). */
int gpu_rm_internal(struct gpu_rm *rm, struct fwq_rm_call *call, enum fwq_number cmd,
		    enum fwq_struct params);

/* Addresses in VRAM of what is filled once. */
static inline uint64_t gpu_graphics_map(const struct gpu_graphics *g)
{
	return g->kept.base;
}

static inline uint64_t gpu_graphics_unrestricted(const struct gpu_graphics *g)
{
	return g->kept.base + g->layout.part[GPU_CONTEXT_MAP].shown;
}

static inline uint64_t gpu_graphics_events(const struct gpu_graphics *g)
{
	return g->kept.base + 2 * g->layout.part[GPU_CONTEXT_MAP].shown;
}

#endif /* GPU_GR_GRAPHICS_H */
