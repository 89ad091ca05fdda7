/* SPDX-License-Identifier: MIT */
/*
 * evtchn.h - event channels, the side the port's loop uses.
 */
#ifndef HV_XEN_EVTCHN_H
#define HV_XEN_EVTCHN_H

#include "hv/xen/xen.h"

/* Masks every port. Before anything else of this file. */
void hv_xen_events_init(void);
/* Moves what Xen has flagged into our own list; true when a handler is due. */
bool hv_xen_events_collect(void);
/* Runs the handlers that were due, each once; true when any ran that is not the port's own. */
bool hv_xen_events_dispatch(void);

/* One notification to the peer of a port that is attached or not (console, before handlers). */
int hv_xen_event_send(hv_port_t port);

#endif /* HV_XEN_EVTCHN_H */
