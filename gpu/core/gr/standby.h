/* SPDX-License-Identifier: MIT */
/*
 * standby.h - a channel that stands by for as long as a session lasts, on TU102, TU104 and TU106.
 *
 * RM's workaround for its bug 4208224: on these chips NVIDIA's driver makes, after the golden image, one more channel
 * on the graphics engine, with a 3D object, tells RM in the firmware, and keeps both until the driver ends. What the
 * bug is and what RM does with the channel is not public; the registry calls it the GR scrubber channel
 * (RmForceGrScrubberChannel). The call names no object, so the handles are constants of both sides.
 * RM has it since 535.179: 535.113.01 knows nothing of it. nouveau does the same with 570.144.
 *
 * A pack that has no name for the call is one of a release that wants none. Where the firmware refuses, there are no
 * graphics: neither NVIDIA's driver nor nouveau goes on without.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, kgraphics_tu102.c (kgraphicsInitializeBug4208224WAR_TU102 and beside it),
 * g_kernel_graphics_nvoc.h (KGRAPHICS_SCRUBBER_HANDLE_*), g_kernel_graphics_nvoc.c (which chips), ctrl2080internal.h,
 * and in 550 and from 580 on ctrl0080internal.h; nouveau, gsp/rm/r570/gr.c (r570_gr_scrubber_init).
 */
#ifndef GPU_GR_STANDBY_H
#define GPU_GR_STANDBY_H

#include "gpu/core/rm/session.h"

/*
 * There are graphics. done(rm) is called from the loop, or, where none is wanted, at once; if it was wanted and could
 * not be had, there are no graphics any more.
 */
void gpu_standby_begin(struct gpu_rm *rm, void (*done)(struct gpu_rm *rm));

#endif /* GPU_GR_STANDBY_H */
