/* SPDX-License-Identifier: MIT */
/*
 * radix3.h - the tables through which the booter reads the firmware image from system memory.
 *
 * Three levels of tables, each a page of 512 bus addresses: level 0 has one entry, the page of level 1;
 * level 1 has one for each page of level 2; level 2 one for each page of the image. So neither the image
 * nor the tables need contiguous memory, and the image stays where it is.
 *
 * Source: NVIDIA/open-gpu-kernel-modules, kernel_gsp.c (kgspCreateRadix3); nouveau, gsp/r535.c
 * (nvkm_gsp_radix3_sg).
 */
#ifndef GPU_BOOT_RADIX3_H
#define GPU_BOOT_RADIX3_H

#include <stddef.h>
#include <stdint.h>

#define GPU_RADIX3_MAX (512ull * 512 * 4096) /* bytes of the largest image: 1 GiB */

struct gpu_radix3 {
	uint64_t *tables; /* pages, one behind the other for us: level 0, level 1, level 2 */
	unsigned int pages;
	uint64_t addr; /* bus address of level 0 */
};

/*
 * image begins at a page of this domain's memory, which must stay; size is in bytes. 0; -EINVAL: not at
 * a page, empty, or too large; -ENOMEM.
 */
int gpu_radix3_make(const void *image, size_t size, struct gpu_radix3 *out);
void gpu_radix3_free(struct gpu_radix3 *radix3);

#endif /* GPU_BOOT_RADIX3_H */
