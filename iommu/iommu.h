/* SPDX-License-Identifier: MIT */
/*
 * iommu.h - which memory the device may reach on behalf of whom: map accounts on grants.
 *
 * Under Xen a page of another domain enters the device's IOMMU context when the driver domain maps
 * a grant of it, and leaves when it unmaps (facts: xen/common/grant_table.c, gnttab_need_iommu_mapping).
 * An account belongs to one guest's slice, counts its pages against a limit, and releases them all
 * when the guest goes. There is one hardware context per GPU; separation between guests is the
 * GMMU's work, not this file's.
 *
 * A range that the GPU's own page tables still refer to is "held" and is not unmapped (-EBUSY): memory is never
 * given back while the device may still write it.
 */
#ifndef IOMMU_H
#define IOMMU_H

#include "hv/hv.h"

struct iommu_account;

/* A page list of one guest, mapped for the device. */
struct iommu_range {
	struct iommu_account *account;
	struct iommu_range *next, *prev; /* in the account */
	struct hv_grant_map *maps;	 /* n entries; dev_addr is the bus address of each page */
	unsigned int n;
	unsigned int holds; /* GMMU references */
};

#define IOMMU_RO 1u

/* max_pages bounds the account for its whole life. NULL when out of memory. */
struct iommu_account *iommu_account_new(hv_domid_t dom, unsigned int max_pages);
/* Unmaps everything that is not held. 0, or -EBUSY (nothing is freed then, and it can be retried). */
int iommu_account_free(struct iommu_account *account);
unsigned int iommu_account_pages(const struct iommu_account *account);

/*
 * Map n pages for the device only (no CPU mapping); all or nothing. -ENOSPC: over the account's
 * limit; -EINVAL: n is 0 or a reference is 0; -EFAULT: Xen refused a reference.
 */
int iommu_map(struct iommu_account *account, const hv_gref_t *refs, unsigned int n,
	      unsigned int flags, struct iommu_range **out);
int iommu_unmap(struct iommu_range *range); /* 0 or -EBUSY */
void iommu_hold(struct iommu_range *range);
void iommu_drop(struct iommu_range *range);

#endif /* IOMMU_H */
