/* SPDX-License-Identifier: MIT */
/*
 * ad10x.c - Ada: AD102 (L40, L20, RTX 6000 Ada) and its smaller kin.
 *
 * Ids and files are Ada's own; in all that the boot touches it is a GA10x: NVIDIA's
 * src/nvidia/generated/g_kernel_{gsp,sec2,falcon}_nvoc.c gives both the same functions, and so does
 * nouveau (nvkm/subdev/gsp/ad102.c). Ids: src/common/inc/swref/published/nv_arch.h.
 */
#include <stddef.h>

#include "gpu/core/chip/chip.h"

/* Which ones RM serves: src/nvidia/generated/g_gpu_class_list.c. */
static const struct gpu_classes classes = {
	.gpfifo = GPU_CLASS_AMPERE_CHANNEL_GPFIFO_A,
	GPU_CHIP_CLASSES(AMPERE_DMA_COPY_B, ADA_A, ADA_COMPUTE_A),
};

const struct gpu_chip gpu_chips_ad10x[] = {
	{"AD102", 0x192, "ad102", &gpu_chip_kind_ga10x, &classes},
	{"AD103", 0x193, "ad102", &gpu_chip_kind_ga10x, &classes},
	{"AD104", 0x194, "ad102", &gpu_chip_kind_ga10x, &classes},
	{"AD106", 0x196, "ad102", &gpu_chip_kind_ga10x, &classes},
	{"AD107", 0x197, "ad102", &gpu_chip_kind_ga10x, &classes},
	{NULL, 0, NULL, NULL, NULL},
};
