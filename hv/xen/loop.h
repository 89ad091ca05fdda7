/* SPDX-License-Identifier: MIT */
/*
 * loop.h - the event loop's entry for start.c; hv_loop_until() is the one for everybody else.
 */
#ifndef HV_XEN_LOOP_H
#define HV_XEN_LOOP_H

/* Runs until hv_exit(); returns its code. */
int hv_xen_loop(void);

#endif /* HV_XEN_LOOP_H */
