# SPDX-License-Identifier: MIT
# Slices and the back driver; paths from the project's root.
gpu-vgpu-src := gpu/vgpu/back.c gpu/vgpu/device.c gpu/vgpu/policy.c gpu/vgpu/slice.c gpu/vgpu/ring.c \
		gpu/vgpu/request.c gpu/vgpu/copy.c gpu/vgpu/event.c gpu/vgpu/stats.c gpu/vgpu/page_list.c \
		gpu/vgpu/import.c gpu/vgpu/tenant.c gpu/vgpu/spans.c gpu/vgpu/space.c gpu/vgpu/bind.c \
		gpu/vgpu/channel.c gpu/vgpu/userd.c gpu/vgpu/brake.c gpu/vgpu/completion.c
