/* SPDX-License-Identifier: MIT */
/*
 * module.c - the module that the domain builder loaded beside the image.
 *
 * It lies in the initial mapping, behind the image, and belongs to what hv_xen_mm_init() keeps out of
 * the free pages. Without the ELF note MOD_START_PFN, which our images do not have, mod_start is an
 * address (xen/include/public/xen.h, struct start_info).
 */
#include "hv/xen/xen.h"

bool hv_module(const void **data, size_t *size)
{
	const struct start_info *si = hv_xen_start_info;

	if (!si->mod_len)
		return false;
	HV_CHECK(!(si->flags & SIF_MOD_START_PFN) && si->mod_start % HV_PAGE_SIZE == 0);
	*data = (const void *)si->mod_start;
	*size = si->mod_len;
	return true;
}
