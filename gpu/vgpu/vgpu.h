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
 * Starts serving the slices of gpu, which must outlive the back end. 0, -ENOMEM, or xenstore's
 * error.
 */
int vgpu_back_start(struct gpu *gpu, struct vgpu_back **out);

/*
 * Tells every connected guest that the GPU is about to go (XENVGPU_LOST_RESET), lets go of all that
 * was theirs and publishes that the domain stops. Not to be called from a callback of the back end.
 */
void vgpu_back_stop(struct vgpu_back *back);

#endif /* VGPU_VGPU_H */
