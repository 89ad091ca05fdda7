/* SPDX-License-Identifier: MIT */
/*
 * request.h - is a request well-formed? A question about 64 bytes and nothing else.
 */
#ifndef VGPU_REQUEST_H
#define VGPU_REQUEST_H

#include <stdint.h>
#include <xen/errno.h>
#include <xen/io/vgpuif.h>

/*
 * Checks a private copy of a request: operation known, reserved and unused bytes zero, fields within
 * what the protocol allows whatever slice it is about. copy_max is what INFO announces; 0: no copies.
 * 0, -XEN_EOPNOTSUPP, -XEN_EINVAL.
 */
int vgpu_request_check(const struct xenvgpu_request *req, uint32_t copy_max);

#endif /* VGPU_REQUEST_H */
