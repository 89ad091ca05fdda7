/* SPDX-License-Identifier: MIT */
/*
 * vgpu.h - slices of a GPU for other domains: the back end of include/xen/io/vgpuif.h.
 *
 * One back end serves one GPU. It follows backend/vgpu in xenstore, gives each device there the
 * slice that its policy node allows, and answers its control ring. Everything runs from the event
 * loop in bounded steps, taking turns between devices.
 */
#ifndef VGPU_VGPU_H
#define VGPU_VGPU_H

#include "gpu/core/core.h"

struct vgpu_back;

/*
 * Starts serving the slices of gpu, which must be there until vgpu_back_stop(), as must rm: the firmware's
 * session, or NULL when no firmware runs (and no channels are served). 0, -ENOMEM, or xenstore's error.
 */
int vgpu_back_start(struct gpu *gpu, struct gpu_rm *rm, struct vgpu_back **out);

/*
 * Tells every connected guest that the GPU is about to go (XENVGPU_LOST_RESET), serves nothing any more and
 * publishes that the domain stops. What the device may still reach stays: neither the core nor the firmware
 * is asked for anything, so this works when they are broken. Not to be called from a callback of the back
 * end; the core must not call back afterwards.
 */
void vgpu_back_stop(struct vgpu_back *back);
/*
 * After vgpu_back_stop(), when the device reaches no memory any more (gpu_detach(), or no firmware ran): the
 * guests' pages are let go of, their devices are Closed. Uses neither gpu nor rm.
 */
void vgpu_back_free(struct vgpu_back *back);

#endif /* VGPU_VGPU_H */
