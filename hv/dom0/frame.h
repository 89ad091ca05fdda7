/* SPDX-License-Identifier: MIT */
/*
 * frame.h - a machine frame of a device in a guest's physical map.
 *
 * Only a domain whose physical map Xen keeps (PVH) has one: for a PV guest Xen's call does nothing, and says
 * that all is well. domid is a guest's, gfn its frame number, mfn the machine's.
 */
#ifndef XVGPU_FRAME_H
#define XVGPU_FRAME_H

#include <stdint.h>

/* Lets the guest have the frame, and maps it. 0 or negative errno; then nothing has changed. */
int xvgpu_frame_map(unsigned int domid, uint64_t gfn, uint64_t mfn);

/*
 * Takes it away, and the permission. 0 also when it is not there, or the domain is not. Negative errno: it is
 * perhaps still there.
 */
int xvgpu_frame_unmap(unsigned int domid, uint64_t gfn, uint64_t mfn);

#endif /* XVGPU_FRAME_H */
