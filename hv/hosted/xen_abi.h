/* SPDX-License-Identifier: MIT */
/*
 * xen_abi.h - Xen's own numbers for hypercalls, as the real port issues them: what is counted here
 * must carry the same names there. The interface version is that of hv/xen (Xen 4.14's and later).
 */
#ifndef HV_HOSTED_XEN_ABI_H
#define HV_HOSTED_XEN_ABI_H

#include <stdint.h>

#ifndef __XEN_INTERFACE_VERSION__
#define __XEN_INTERFACE_VERSION__ 0x00040e00
#endif
#include <xen/xen.h>
#include <xen/event_channel.h>
#include <xen/grant_table.h>
#include <xen/sched.h>

#endif /* HV_HOSTED_XEN_ABI_H */
