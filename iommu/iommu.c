/* SPDX-License-Identifier: MIT */
/*
 * iommu.c - see iommu.h. A range is a list of device-only grant maps; an account is a list of ranges
 * with a limit on their pages. Of each map only what its end needs is kept: 12 bytes a page.
 */
#include <errno.h>
#include <stdlib.h>

#include "iommu/iommu.h"

#define CHUNK	  (HV_PAGE_SIZE / (unsigned int)sizeof(struct page))
#define CHUNKS(n) (((n) + CHUNK - 1) / CHUNK)

struct page {
	hv_gref_t ref;
	uint32_t handle;
	uint32_t frame; /* of the bus address: grants (version 1) name frames of 32 bits */
};

struct iommu_account {
	hv_domid_t dom;
	unsigned int max_pages, pages;
	struct iommu_range *ranges;
};

struct iommu_range {
	struct iommu_account *account;
	struct iommu_range *next, *prev; /* in the account */
	unsigned int n, mapped;		 /* pages it is for; of them, from the front */
	unsigned int flags;		 /* of its maps */
	unsigned int holds;		 /* GMMU references */
	struct page *chunk[];		 /* whole pages, as far as needed for what is mapped */
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

int iommu_range_new(struct iommu_account *account, unsigned int n, unsigned int flags,
		    struct iommu_range **out)
{
	struct iommu_range *range;

	if (!n)
		return -EINVAL;
	if (n > account->max_pages - account->pages)
		return -ENOSPC;
	range = calloc(1, sizeof(*range) + CHUNKS(n) * sizeof(void *));
	if (!range)
		return -ENOMEM;
	range->account = account;
	range->n = n;
	range->flags = HV_MAP_DEVICE | (flags & IOMMU_RO ? HV_MAP_RO : 0);
	range->next = account->ranges;
	if (range->next)
		range->next->prev = range;
	account->ranges = range;
	account->pages += n;
	*out = range;
	return 0;
}

static struct page *page_of(const struct iommu_range *range, unsigned int i)
{
	return &range->chunk[i / CHUNK][i % CHUNK];
}

/* Unmaps from the end until no more than `left` pages are mapped. Xen refuses only what was never mapped. */
static void unmap_to(struct iommu_range *range, unsigned int left)
{
	while (range->mapped > left) {
		unsigned int n = range->mapped - left < HV_GRANT_BATCH ? range->mapped - left
								       : HV_GRANT_BATCH;
		struct hv_grant_map maps[HV_GRANT_BATCH];
		int err;

		for (unsigned int i = 0; i < n; i++) {
			const struct page *page = page_of(range, range->mapped - n + i);

			maps[i] = (struct hv_grant_map){
				.dom = range->account->dom,
				.ref = page->ref,
				.flags = range->flags,
				.handle = page->handle,
				.dev_addr = (uint64_t)page->frame << HV_PAGE_SHIFT,
			};
		}
		err = hv_grant_unmap(maps, n);
		HV_CHECK(!err);
		range->mapped -= n;
	}
	for (unsigned int i = CHUNKS(left); i < CHUNKS(range->n) && range->chunk[i]; i++) {
		hv_pages_free(range->chunk[i], 1);
		range->chunk[i] = NULL;
	}
}

/* One hypercall's worth; what of it could be mapped is noted, so that the caller can undo it. */
static int map_batch(struct iommu_range *range, const hv_gref_t *refs, unsigned int n)
{
	struct hv_grant_map maps[HV_GRANT_BATCH];
	int err;

	for (unsigned int i = 0; i < n; i++)
		maps[i] = (struct hv_grant_map){
			.dom = range->account->dom, .ref = refs[i], .flags = range->flags};
	err = hv_grant_map(maps, n);
	for (unsigned int i = 0; i < n; i++) {
		if (maps[i].status)
			continue;
		HV_CHECK(maps[i].dev_addr >> HV_PAGE_SHIFT <= UINT32_MAX);
		*page_of(range, range->mapped++) = (struct page){
			refs[i], maps[i].handle, (uint32_t)(maps[i].dev_addr >> HV_PAGE_SHIFT)};
	}
	return err ? -EFAULT : 0;
}

int iommu_map(struct iommu_range *range, const hv_gref_t *refs, unsigned int n)
{
	unsigned int before = range->mapped;
	int err = 0;

	if (n > range->n - range->mapped)
		return -EINVAL;
	for (unsigned int i = 0; i < n; i++) {
		if (!refs[i])
			return -EINVAL;
	}
	for (unsigned int i = CHUNKS(before); i < CHUNKS(before + n) && !err; i++) {
		range->chunk[i] = hv_pages_alloc(1);
		if (!range->chunk[i])
			err = -ENOMEM;
	}
	for (unsigned int i = 0; i < n && !err; i += HV_GRANT_BATCH)
		err = map_batch(range, refs + i, n - i < HV_GRANT_BATCH ? n - i : HV_GRANT_BATCH);
	if (err)
		unmap_to(range, before);
	return err;
}

uint64_t iommu_addr(const struct iommu_range *range, unsigned int page)
{
	HV_CHECK(page < range->mapped);
	return (uint64_t)page_of(range, page)->frame << HV_PAGE_SHIFT;
}

int iommu_unmap(struct iommu_range *range, unsigned int budget)
{
	struct iommu_account *account = range->account;

	if (range->holds)
		return -EBUSY;
	unmap_to(range, range->mapped > budget ? range->mapped - budget : 0);
	if (range->mapped)
		return 1;
	account->pages -= range->n;
	if (range->prev)
		range->prev->next = range->next;
	else
		account->ranges = range->next;
	if (range->next)
		range->next->prev = range->prev;
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

int iommu_account_free(struct iommu_account *account, unsigned int budget)
{
	struct iommu_range *range, *next;

	for (range = account->ranges; range; range = next) {
		unsigned int pages = range->mapped;
		int ret;

		next = range->next;
		ret = iommu_unmap(range, budget);
		if (ret == -EBUSY)
			continue; /* held ranges stay */
		if (ret > 0)
			return 1;
		budget -= pages;
	}
	if (account->ranges)
		return -EBUSY;
	free(account);
	return 0;
}
