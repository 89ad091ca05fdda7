/* SPDX-License-Identifier: MIT */
/*
 * xen_vgpu_drm.h - what programs may ask the render node of xen-vgpu-front beyond DRM's core.
 *
 * The node's driver name is "xen-vgpu": until the node serves what Mesa's NVK needs it must not
 * claim to be nouveau, which NVK and others would then try to use. Only GETPARAM exists.
 */
#ifndef XEN_VGPU_DRM_H
#define XEN_VGPU_DRM_H

#include "drm.h" /* libdrm's, or the kernel's include/uapi/drm */

#if defined(__cplusplus)
extern "C" {
#endif

#define XEN_VGPU_PARAM_PROTOCOL_VERSION 0 /* of vgpuif.h, as agreed with the backend */
#define XEN_VGPU_PARAM_FEATURES		1 /* XEN_VGPU_FEATURE_* */
#define XEN_VGPU_PARAM_PCI_VENDOR	2 /* of the board the slice is on */
#define XEN_VGPU_PARAM_PCI_DEVICE	3
#define XEN_VGPU_PARAM_PMC_BOOT_0	4 /* chip identification registers */
#define XEN_VGPU_PARAM_PMC_BOOT_42	5
#define XEN_VGPU_PARAM_VRAM_SIZE	6 /* bytes this guest may use */
#define XEN_VGPU_PARAM_VRAM_FREE	7 /* of them, not allocated now; asks the backend */

#define XEN_VGPU_FEATURE_BAR_COPY 0x1 /* the backend moves bytes through the board's BAR */

/* param in, value out. EINVAL: unknown param. ENODEV: the backend is gone. */
struct drm_xen_vgpu_getparam {
	__u64 param;
	__u64 value;
};

#define DRM_XEN_VGPU_GETPARAM 0x00

#define DRM_IOCTL_XEN_VGPU_GETPARAM                                                                \
	DRM_IOWR(DRM_COMMAND_BASE + DRM_XEN_VGPU_GETPARAM, struct drm_xen_vgpu_getparam)

#if defined(__cplusplus)
}
#endif

#endif /* XEN_VGPU_DRM_H */
