/* SPDX-License-Identifier: MIT */
/*
 * gnttab.h - grant tables, the port's side.
 */
#ifndef HV_XEN_GNTTAB_H
#define HV_XEN_GNTTAB_H

/* Maps the first frame of our grant table. */
void hv_xen_gnttab_init(void);

#endif /* HV_XEN_GNTTAB_H */
