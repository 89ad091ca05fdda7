/* SPDX-License-Identifier: MIT */
/*
 * page_list.c - lists of a guest's pages, one directory at a time.
 *
 * A directory is the guest's memory and may change at any time, so it is copied once, and what was copied is
 * checked and used. How long a list is, the request has said; its directories only say where it goes on.
 */
#include <stddef.h>
#include <xen/errno.h>

#include "gpu/vgpu/device.h"

_Static_assert(sizeof(struct xenvgpu_page_directory) == HV_PAGE_SIZE, "a directory is one page");

int vgpu_page_list(struct vgpu_device *dev, hv_gref_t *directory, uint32_t left,
		   const hv_gref_t **refs)
{
	uint32_t n = left < XENVGPU_GREFS_PER_DIR ? left : XENVGPU_GREFS_PER_DIR;
	const struct xenvgpu_page_directory *dir = (const void *)dev->back->staging;
	struct hv_grant_copy copy = {
		.dom = dev->front,
		.ref = *directory,
		.len = (uint16_t)(offsetof(struct xenvgpu_page_directory, gref) +
				  n * sizeof(dir->gref[0])),
		.local = dev->back->staging,
	};

	if (hv_grant_copy(&copy, 1))
		return -XEN_EFAULT;
	if ((left > n) != (dir->gref_dir_next_page != 0))
		return -XEN_EINVAL;
	*directory = dir->gref_dir_next_page;
	*refs = dir->gref;
	return (int)n;
}
