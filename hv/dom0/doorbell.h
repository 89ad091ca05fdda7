/* SPDX-License-Identifier: MIT */
/*
 * doorbell.h - the GPU's doorbell page in a guest that may ring by itself (doorbell=direct), and slices plugged
 * in and out together with it.
 *
 * The guest has the page from before its nodes are there, which name it, until before anybody takes the GPU from
 * its driver domain, as far as that is for us to say. What a guest can do with the page: docs/CAVEATS.md.
 */
#ifndef XVGPU_DOORBELL_H
#define XVGPU_DOORBELL_H

#include "domains.h"
#include "nodes.h"

/*
 * Where the page of slice 0 is in the guest's physical map; the next slices' are behind it. libxl puts a PVH
 * guest's RAM below 0xfc000000 and from 4 GiB on, tables of ACPI at 0xfc000000, the local APIC at 0xfee00000 and Xen's
 * own pages just below 0xff000000 (libxl_dom.c, libxl_x86_acpi.c, xenguest.h; 4.17 and 4.20). Below 4 GiB, so
 * that the guest's highest frame stays what it is. Linux maps foreign pages where it believes that nothing is, but takes
 * whole sections of 128 MiB for that (drivers/xen/unpopulated-alloc.c), and the one here is not free.
 */
#define XVGPU_DOORBELL_GFN 0xfe800u

/*
 * xvgpu_plug_in() for n slices of guest dom, after those that are `direct` have got their page. Takes err: also -ENODEV
 * when such a guest is not PVH, no daemon runs, or the GPU is not to be found, and what Xen says.
 */
int xvgpu_plug(struct xs_handle *xs, const struct xvgpu_domain *dom, struct xvgpu_slice *slices,
	       int n, struct xvgpu_err *err);
/*
 * xvgpu_plug_out(), after the page has been taken back. Negative errno: the slice is as it was, but perhaps for
 * its page.
 */
int xvgpu_unplug(struct xs_handle *xs, const struct xvgpu_slice *slice, enum xvgpu_plug then);

/* Takes back the page of a guest's slice, if it has one. 0 or negative errno: perhaps it still has. */
int xvgpu_doorbell_take(struct xs_handle *xs, unsigned int front, unsigned int index);
/* The same for all guests that have a page of the GPU of driver domain `back`; the first error. */
int xvgpu_doorbells_take(struct xs_handle *xs, const struct xvgpu_domains *domains,
			 unsigned int back);

#endif /* XVGPU_DOORBELL_H */
