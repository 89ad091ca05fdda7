/* SPDX-License-Identifier: MIT */
/*
 * gnttab.h - grant tables, the port's side.
 */
#ifndef HV_XEN_GNTTAB_H
#define HV_XEN_GNTTAB_H

#include <stdbool.h>
#include <stdint.h>

/* Is this machine frame offered to anybody? Looks at every entry: for test images. */
bool hv_xen_gnttab_offers(uint64_t mfn);

/* Maps the first frame of our grant table. */
void hv_xen_gnttab_init(void);

#endif /* HV_XEN_GNTTAB_H */
