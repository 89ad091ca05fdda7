/* SPDX-License-Identifier: MIT */
/*
 * iommu.c - see iommu.h. A range is a batch of device-only grant maps; an account is a list of
 * ranges with a limit on their pages.
 */
#include <errno.h>
#include <stdlib.h>

#include "iommu/iommu.h"

#define BATCH 32u /* maps per hypercall (hv.h) */

struct iommu_account {
	hv_domid_t dom;
	unsigned int max_pages, pages;
	struct iommu_range *ranges;
};

struct iommu_account *iommu_account_new(hv_domid_t dom, unsigned int max_pages)
{
	struct iommu_account *account = calloc(1, sizeof(*account));

	if (account) {
		account->dom = dom;
		account->max_pages = max_pages;
	}
	return account;
}

unsigned int iommu_account_pages(const struct iommu_account *account)
{
	return account->pages;
}

/* Unmaps the first n maps, all of which are mapped. Xen refuses only what was never mapped. */
static void unmap_all(struct hv_grant_map *maps, unsigned int n)
{
	for (unsigned int i = 0; i < n; i += BATCH) {
		int err = hv_grant_unmap(&maps[i], n - i < BATCH ? n - i : BATCH);

		HV_CHECK(!err);
	}
}

/* Maps all of range->maps, or none. */
static int map_all(struct iommu_range *range)
{
	for (unsigned int i = 0; i < range->n; i += BATCH) {
		unsigned int n = range->n - i < BATCH ? range->n - i : BATCH;

		if (!hv_grant_map(&range->maps[i], n))
			continue;
		/* Of the failed batch, keep the mapped ones together in front, then undo. */
		for (unsigned int j = i, k = i; j < i + n; j++) {
			if (range->maps[j].status)
				continue;
			range->maps[k++] = range->maps[j];
			range->n = k;
		}
		unmap_all(range->maps, range->n > i ? range->n : i);
		return -EFAULT;
	}
	return 0;
}

int iommu_map(struct iommu_account *account, const hv_gref_t *refs, unsigned int n,
	      unsigned int flags, struct iommu_range **out)
{
	struct iommu_range *range;
	int err;

	if (!n)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		if (!refs[i])
			return -EINVAL;
	}
	if (n > account->max_pages - account->pages)
		return -ENOSPC;
	range = calloc(1, sizeof(*range));
	if (!range)
		return -ENOMEM;
	range->maps = calloc(n, sizeof(*range->maps));
	if (!range->maps) {
		free(range);
		return -ENOMEM;
	}
	range->account = account;
	range->n = n;
	for (unsigned int i = 0; i < n; i++) {
		range->maps[i].dom = account->dom;
		range->maps[i].ref = refs[i];
		range->maps[i].flags = HV_MAP_DEVICE | (flags & IOMMU_RO ? HV_MAP_RO : 0);
	}
	err = map_all(range);
	if (err) {
		free(range->maps);
		free(range);
		return err;
	}
	range->next = account->ranges;
	if (range->next)
		range->next->prev = range;
	account->ranges = range;
	account->pages += n;
	*out = range;
	return 0;
}

int iommu_unmap(struct iommu_range *range)
{
	struct iommu_account *account = range->account;

	if (range->holds)
		return -EBUSY;
	unmap_all(range->maps, range->n);
	account->pages -= range->n;
	if (range->prev)
		range->prev->next = range->next;
	else
		account->ranges = range->next;
	if (range->next)
		range->next->prev = range->prev;
	free(range->maps);
	free(range);
	return 0;
}

void iommu_hold(struct iommu_range *range)
{
	range->holds++;
}

void iommu_drop(struct iommu_range *range)
{
	HV_CHECK(range->holds);
	range->holds--;
}

int iommu_account_free(struct iommu_account *account)
{
	struct iommu_range *range, *next;

	for (range = account->ranges; range; range = next) {
		next = range->next;
		iommu_unmap(range); /* held ranges stay */
	}
	if (account->ranges)
		return -EBUSY;
	free(account);
	return 0;
}
