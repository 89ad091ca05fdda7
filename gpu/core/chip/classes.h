/* SPDX-License-Identifier: MIT */
/*
 * classes.h - the classes of channels and engines that the core knows, by NVIDIA's names: one list for several
 * readers, so it has no include guard. A pack has a number for each (params.c goes by the name, so that it is the
 * pack's number that the firmware gets); chips list theirs by it (tu10x.c and so on).
 *
 *   CLASS(name, number, kind)     kind: GPU_KIND_NONE is a channel's own
 *
 * Source: NVIDIA/open-gpu-kernel-modules, src/nvidia/generated/g_allclasses.h.
 */
CLASS(TURING_CHANNEL_GPFIFO_A, 0xc46f, GPU_KIND_NONE)
CLASS(AMPERE_CHANNEL_GPFIFO_A, 0xc56f, GPU_KIND_NONE)
CLASS(TURING_DMA_COPY_A, 0xc5b5, GPU_KIND_COPY)
CLASS(AMPERE_DMA_COPY_A, 0xc6b5, GPU_KIND_COPY)
CLASS(AMPERE_DMA_COPY_B, 0xc7b5, GPU_KIND_COPY)
CLASS(TURING_A, 0xc597, GPU_KIND_GRAPHICS)
CLASS(AMPERE_A, 0xc697, GPU_KIND_GRAPHICS)
CLASS(AMPERE_B, 0xc797, GPU_KIND_GRAPHICS)
CLASS(ADA_A, 0xc997, GPU_KIND_GRAPHICS)
CLASS(TURING_COMPUTE_A, 0xc5c0, GPU_KIND_GRAPHICS)
CLASS(AMPERE_COMPUTE_A, 0xc6c0, GPU_KIND_GRAPHICS)
CLASS(AMPERE_COMPUTE_B, 0xc7c0, GPU_KIND_GRAPHICS)
CLASS(ADA_COMPUTE_A, 0xc9c0, GPU_KIND_GRAPHICS)
CLASS(FERMI_TWOD_A, 0x902d, GPU_KIND_GRAPHICS)
CLASS(KEPLER_INLINE_TO_MEMORY_B, 0xa140, GPU_KIND_GRAPHICS)
