/* SPDX-License-Identifier: MIT */
/*
 * radix3.c - builds the tables over an image in place (see radix3.h).
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/boot/radix3.h"
#include "hv/hv.h"

#define ENTRIES (HV_PAGE_SIZE / sizeof(uint64_t))

int gpu_radix3_make(const void *image, size_t size, struct gpu_radix3 *out)
{
	size_t pages = size / HV_PAGE_SIZE + (size % HV_PAGE_SIZE != 0);
	size_t level2 = (pages + ENTRIES - 1) / ENTRIES;
	uint64_t *l0, *l1, *l2;

	if ((uintptr_t)image % HV_PAGE_SIZE || !size || size > GPU_RADIX3_MAX)
		return -EINVAL;
	l0 = hv_pages_alloc((unsigned int)(2 + level2));
	if (!l0)
		return -ENOMEM;
	l1 = l0 + ENTRIES;
	l2 = l1 + ENTRIES;
	l0[0] = hv_dma_addr(l1);
	for (size_t i = 0; i < level2; i++)
		l1[i] = hv_dma_addr(l2 + i * ENTRIES);
	for (size_t i = 0; i < pages; i++)
		l2[i] = hv_dma_addr((const uint8_t *)image + i * HV_PAGE_SIZE);
	*out = (struct gpu_radix3){l0, (unsigned int)(2 + level2), hv_dma_addr(l0)};
	return 0;
}

void gpu_radix3_free(struct gpu_radix3 *radix3)
{
	if (radix3->tables)
		hv_pages_free(radix3->tables, radix3->pages);
	memset(radix3, 0, sizeof(*radix3));
}
