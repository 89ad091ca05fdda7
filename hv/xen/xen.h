/* SPDX-License-Identifier: MIT */
/*
 * xen.h - what the files of the bare-metal port share with each other, and with nobody else.
 *
 * A Xen PV domain of one virtual CPU. The CPU runs in ring 3; Xen owns the descriptor tables and
 * validates every page-table write. Addresses of three kinds appear:
 *   pfn   0..nr_pages-1, this domain's own numbering of its memory ("pseudo-physical");
 *   mfn   the machine's page-frame number; page tables, grants and devices use it;
 *   va    what the CPU uses. All memory is mapped once at HV_XEN_VIRT_BASE + pfn * 4096 (the
 *         "linear map"); mm.h names the other areas.
 */
#ifndef HV_XEN_XEN_H
#define HV_XEN_XEN_H

#include <stdint.h>

#include "hv/hv.h"

#include <xen/xen.h>

/* ---------------------------------------------------------------- start.c */

/* Start-of-day page of the domain builder; writable, nothing in it changes after start. */
extern struct start_info *hv_xen_start_info;
/* The page shared with Xen: event bits, time. */
extern struct shared_info *hv_xen_shared_info;

/* Ends the domain: SHUTDOWN_poweroff, SHUTDOWN_crash, ... The console is flushed first. */
void hv_xen_shutdown(unsigned int reason) __attribute__((noreturn));

/* ---------------------------------------------------------------- errors */

/*
 * Xen's error numbers are Linux's and differ from newlib's beyond 34. Every hypercall result, and
 * every errno that pciback or xenstored hands over as a number, goes through this: `ret` negative
 * comes back as newlib's negative errno, anything else unchanged (clipped to INT_MAX).
 */
int hv_xen_errno(long ret);

/* ---------------------------------------------------------------- mm.c */

/* Machine frame of the page that holds va: linear map, heap, image, stack. 0 when not mapped. */
uint64_t hv_xen_va_to_mfn(const void *va);
/* Linear address of a frame this domain owns (start_info names some), or NULL: not ours. */
void *hv_xen_mfn_to_va(uint64_t mfn);

/* ---------------------------------------------------------------- evtchn.c */

/*
 * Puts a handler on a port that the toolstack opened (start_info's xenstore and console ports) and
 * unmasks it. -EINVAL for a port out of range, -EBUSY when it has a handler.
 *
 * These ports, and virtual interrupts, are the port's own: hv_loop_until() does not look at its
 * condition again because their handlers ran. What matters to others is queued as work by them.
 * (A condition that reads xenstore would else be woken by its own answers, for ever.)
 */
int hv_xen_event_attach(hv_port_t port, hv_event_fn fn, void *arg);

/* Bind a virtual or physical interrupt. A port > 0 or -errno; hv_evtchn_close() undoes it. */
int hv_xen_bind_virq(unsigned int virq, hv_event_fn fn, void *arg);
int hv_xen_bind_pirq(unsigned int pirq, hv_event_fn fn, void *arg);

/* ---------------------------------------------------------------- loop.c */

/*
 * Waits until ready(arg), asleep in between, without running any handler, timer or work: for the
 * synchronous answers of xenstored and pciback, which may be awaited inside a handler. Events that
 * arrive meanwhile, those of the port waited for included, are kept and their handlers run from the
 * loop afterwards (so a handler may find nothing left to do). ready() is called again after every
 * event, whichever port it came from. 0, or -ETIMEDOUT after `timeout` ns (UINT64_MAX: wait for
 * ever).
 */
int hv_xen_block_until(bool (*ready)(void *arg), void *arg, uint64_t timeout);

/* ---------------------------------------------------------------- xs.c */

/*
 * Called once, before the image starts, when memory, events, time and the console work: takes the
 * xenstore ring at hv_xen_mfn_to_va(hv_xen_start_info->store_mfn), port store_evtchn.
 * A negative value ends the domain.
 */
int hv_xen_xs_start(void);

/* ---------------------------------------------------------------- pci.c, shutdown.c */

/* Orderly goodbye to pciback when the domain ends: states Closing, Closed. Nothing when not open. */
void hv_xen_pci_stop(void);

/* Called once, after hv_xen_xs_start(): obeys the toolstack's control/shutdown. 0 or -errno. */
int hv_xen_shutdown_init(void);
/* What to tell Xen when the loop has ended with `code`: SHUTDOWN_poweroff, _reboot, _crash. */
unsigned int hv_xen_shutdown_reason(int code);

#endif /* HV_XEN_XEN_H */
