/* SPDX-License-Identifier: MIT */
/*
 * time.h - clock and the one wake-up timer of the virtual CPU.
 */
#ifndef HV_XEN_TIME_H
#define HV_XEN_TIME_H

#include "hv/xen/xen.h"

void hv_xen_time_init(void);
/* Wake the domain at `deadline` (hv_now() time; UINT64_MAX: never). At most one hypercall. */
void hv_xen_time_wake_at(uint64_t deadline);
/* The wake-up's event channel; 0 before init. To be told (spent) when its event was collected. */
hv_port_t hv_xen_time_port(void);
void hv_xen_time_spent(void);
/* Seconds and ns since 1970 as Xen has them. */
void hv_xen_time_wall(uint64_t *seconds, uint32_t *ns);

#endif /* HV_XEN_TIME_H */
