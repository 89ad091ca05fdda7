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
 *
 * A range is mapped and unmapped in as many steps as the caller likes, so that a large one keeps nobody
 * waiting.
 */
#ifndef IOMMU_H
#define IOMMU_H

#include "hv/hv.h"

struct iommu_account;
struct iommu_range; /* a page list of one guest */

#define IOMMU_RO 1u

/* max_pages bounds the account for its whole life. NULL when out of memory. */
struct iommu_account *iommu_account_new(hv_domid_t dom, unsigned int max_pages);
/*
 * Ends all ranges that are not held, unmapping at most `budget` pages per call. 1 while there is more;
 * 0: the account is gone; -EBUSY: only held ranges are left (it can be called again).
 */
int iommu_account_free(struct iommu_account *account, unsigned int budget);
/* Pages of its ranges, mapped or not yet. */
unsigned int iommu_account_pages(const struct iommu_account *account);

/*
 * A range for n pages, none of which is mapped yet. flags: IOMMU_RO. 0, -EINVAL (n is 0), -ENOSPC (over
 * the account's limit), -ENOMEM.
 */
int iommu_range_new(struct iommu_account *account, unsigned int n, unsigned int flags,
		    struct iommu_range **out);
/*
 * Maps its next n pages, for the device only (no CPU mapping): all of them or none. 0, -EINVAL (a reference is
 * 0, or more than the range is for), -EFAULT (Xen refused a reference), -ENOMEM.
 */
int iommu_map(struct iommu_range *range, const hv_gref_t *refs, unsigned int n);
/* Unmaps at most `budget` pages. 1 while there are more; 0: the range is gone; -EBUSY: it is held. */
int iommu_unmap(struct iommu_range *range, unsigned int budget);
/* Bus address of a page that is mapped. */
uint64_t iommu_addr(const struct iommu_range *range, unsigned int page);
void iommu_hold(struct iommu_range *range);
void iommu_drop(struct iommu_range *range);

#endif /* IOMMU_H */
