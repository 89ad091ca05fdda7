/* SPDX-License-Identifier: MIT */
/*
 * request.h - is a request well-formed? A question about 64 bytes (for BIND: 32 of its page) and nothing else.
 */
#ifndef VGPU_REQUEST_H
#define VGPU_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <xen/errno.h>
#include <xen/io/vgpuif.h>

/*
 * Checks a private copy of a request: operation known, reserved and unused bytes zero, fields within
 * what the protocol allows whatever slice it is about. copy_max is what INFO announces; 0: no copies.
 * channels: is feature-channels 1? 0, -XEN_EOPNOTSUPP, -XEN_EINVAL.
 */
int vgpu_request_check(const struct xenvgpu_request *req, uint32_t copy_max, bool channels);

/*
 * The same for a private copy of one change of an address space: nothing in it wraps around, everything is a
 * multiple of a page that exists. 0, -XEN_EINVAL.
 */
int vgpu_bind_check(const struct xenvgpu_bind *bind);

#endif /* VGPU_REQUEST_H */
