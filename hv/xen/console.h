/* SPDX-License-Identifier: MIT */
/*
 * console.h - the PV console ring.
 */
#ifndef HV_XEN_CONSOLE_H
#define HV_XEN_CONSOLE_H

#include <stddef.h>

#include "hv/common/common.h"

/* From here on hv_port_puts() works; the ring lies in what the builder mapped. */
void hv_xen_console_init(void);
/* When events work: what does not fit into the ring is written as xenconsoled makes room. */
void hv_xen_console_attach(void);
/* Raw text, e.g. from stdout; "\n" goes out as "\r\n", as a terminal wants it. */
void hv_xen_console_write(const char *text, size_t len);
/* For reports of a dying domain: from here on every line waits until it is taken, see flush. */
void hv_xen_console_direct(void);
/*
 * The domain is about to end: waits until xenconsoled has taken everything. However often it is
 * called, at most a second is spent in it.
 */
void hv_xen_console_flush(void);

#endif /* HV_XEN_CONSOLE_H */
