/* SPDX-License-Identifier: MIT */
/*
 * xs_watch.h - between xs.c, which reads the ring, and xs_watch.c, which keeps the watches.
 */
#ifndef HV_XEN_XS_WATCH_H
#define HV_XEN_XS_WATCH_H

#include <stdbool.h>
#include <stdint.h>

/* xs_watch.c: an event came; queue it. path is used before the call returns, not kept. */
void hv_xen_xs_watch_event(const char *path, uint32_t token);

/* xs.c: XS_WATCH or XS_UNWATCH. 0 or -errno. */
int hv_xen_xs_watch_request(bool add, const char *path, uint32_t token);

#endif /* HV_XEN_XS_WATCH_H */
