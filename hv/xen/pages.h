/* SPDX-License-Identifier: MIT */
/*
 * pages.h - the page allocator's side that only the port uses.
 */
#ifndef HV_XEN_PAGES_H
#define HV_XEN_PAGES_H

#include "hv/xen/xen.h"

/*
 * Takes over pages first..nr-1 as free; all lower ones are in use for good. The bitmap, nr bits,
 * is carved from the first free pages. Everything must be in the linear map already.
 */
void hv_xen_pages_init(uint64_t first, uint64_t nr);

/* Pages in the linear map, the highest pfn plus one. */
uint64_t hv_xen_pages_total(void);

#endif /* HV_XEN_PAGES_H */
