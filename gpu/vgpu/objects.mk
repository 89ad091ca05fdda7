# SPDX-License-Identifier: MIT
# Slices and the back driver; paths from the project's root.
gpu-vgpu-src := gpu/vgpu/back.c gpu/vgpu/device.c gpu/vgpu/policy.c gpu/vgpu/slice.c gpu/vgpu/ring.c \
		gpu/vgpu/request.c gpu/vgpu/copy.c gpu/vgpu/event.c gpu/vgpu/stats.c
