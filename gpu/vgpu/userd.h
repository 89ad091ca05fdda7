/* SPDX-License-Identifier: MIT */
/*
 * userd.h - the pages that channels' USERDs are in: memory of the driver domain's own, granted to one guest.
 *
 * USERD holds a channel's GPFIFO positions. The GPU reaches it by physical address and writes it back
 * whenever the channel leaves it (open-gpu-doc, dev_pbdma), so it must be ours and outlive the channel, and
 * the guest must be able to write it. A page holds the USERDs of eight channels, all of one guest's.
 */
#ifndef VGPU_USERD_H
#define VGPU_USERD_H

#include "hv/hv.h"
#include <xen/io/vgpuif.h>

#define VGPU_USERD_PER_PAGE (HV_PAGE_SIZE / XENVGPU_USERD_SIZE)
#define VGPU_USERD_PAGES    (XENVGPU_MAX_CHANNELS / VGPU_USERD_PER_PAGE)

struct vgpu_back;

struct vgpu_userd {
	struct vgpu_userd *next; /* kept aside */
	struct hv_dma mem;
	hv_domid_t dom;
	hv_gref_t ref;
};

/* A page of zeros, granted to this domain. -ENOMEM, -ENOSPC (no grant left). */
int vgpu_userd_get(struct vgpu_back *back, hv_domid_t dom, struct vgpu_userd **out);
/*
 * The GPU does not use it any more. While the guest has it mapped it is kept aside: it can serve the same
 * guest again, and nobody else ever.
 */
void vgpu_userd_put(struct vgpu_back *back, struct vgpu_userd *page);
/* Pages kept aside. */
unsigned int vgpu_userd_kept(const struct vgpu_back *back);
void vgpu_userd_init(struct vgpu_back *back);
/* What is still mapped then is left to whom has it: the domain ends. */
void vgpu_userd_fini(struct vgpu_back *back);

#endif /* VGPU_USERD_H */
