/* SPDX-License-Identifier: MIT */
/*
 * dma.c - memory for devices: machine addresses, and runs of pages that are contiguous there.
 *
 * A fresh domain is mostly built from 2 MiB machine extents, so a run of pages usually is
 * contiguous as it is. Where it is not, XENMEM_exchange trades the pages for a contiguous extent.
 * The run keeps its machine pages when it is freed, so the next caller finds it contiguous.
 */
#include <errno.h>
#include <string.h>

#include "hv/xen/hypercall.h"
#include "hv/xen/mm.h"

#define DMA_MAX	  0x100000u /* hv.h */
#define ORDER_MAX 8u	    /* pages in DMA_MAX; Xen allows 9 to any domain (memop-max-order) */

uint64_t hv_dma_addr(const void *va)
{
	uint64_t mfn = hv_xen_va_to_mfn(va);

	HV_CHECK(mfn != 0);
	return mfn << HV_PAGE_SHIFT | ((uintptr_t)va & (HV_PAGE_SIZE - 1));
}

static bool contiguous(uint64_t pfn, unsigned int n)
{
	unsigned int i;

	for (i = 1; i < n; i++)
		if (hv_xen_pfn_to_mfn(pfn + i) != hv_xen_pfn_to_mfn(pfn) + i)
			return false;
	return true;
}

/* Maps or unmaps the linear addresses of a run: Xen takes only pages nobody refers to. */
static void set_mapped(uint64_t pfn, unsigned int n, bool on)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		uint64_t pte = hv_xen_pfn_to_mfn(pfn + i) << HV_PAGE_SHIFT | PTE_DATA;

		HV_CHECK(hv_xen_map_page((uintptr_t)hv_xen_pfn_to_va(pfn + i), on ? pte : 0) == 0);
	}
}

/*
 * Trades 2^order pages from pfn on for one machine extent. All or nothing: with one extent asked
 * for, Xen either exchanges it or leaves everything as it was. Contents are lost.
 */
static int exchange(uint64_t pfn, unsigned int order)
{
	static xen_pfn_t in[1u << ORDER_MAX];
	unsigned int i, n = 1u << order;
	xen_pfn_t out = pfn;
	struct xen_memory_exchange op = {
		.in = {.nr_extents = n, .extent_order = 0, .domid = DOMID_SELF},
		.out = {.nr_extents = 1, .extent_order = order, .domid = DOMID_SELF},
	};
	long ret;

	for (i = 0; i < n; i++)
		in[i] = hv_xen_pfn_to_mfn(pfn + i);
	set_xen_guest_handle(op.in.extent_start, in);
	set_xen_guest_handle(op.out.extent_start, &out);

	set_mapped(pfn, n, false);
	ret = hv_hypercall_memory(XENMEM_exchange, &op);
	if (op.nr_exchanged == n)
		for (i = 0; i < n; i++)
			hv_xen_p2m[pfn + i] = out + i;
	set_mapped(pfn, n, true);
	if (op.nr_exchanged != n)
		return ret < 0 ? hv_xen_errno(ret) : -ENOMEM;
	return 0;
}

int hv_dma_alloc(size_t size, struct hv_dma *out)
{
	unsigned int n, order = 0;
	uint64_t pfn;
	void *va;

	if (size == 0 || size > DMA_MAX)
		return -EINVAL;
	n = (size + HV_PAGE_SIZE - 1) >> HV_PAGE_SHIFT;
	va = hv_pages_alloc(n);
	if (!va)
		return -ENOMEM;
	pfn = hv_xen_va_to_pfn(va);
	if (!contiguous(pfn, n)) {
		/* Extents are powers of two: take the larger run, give its end back afterwards. */
		hv_pages_free(va, n);
		while (1u << order < n)
			order++;
		va = hv_pages_alloc(1u << order);
		if (!va)
			return -ENOMEM;
		pfn = hv_xen_va_to_pfn(va);
		if (!contiguous(pfn, n) && exchange(pfn, order) != 0) {
			hv_pages_free(va, 1u << order);
			return -ENOMEM;
		}
		memset(va, 0, (size_t)HV_PAGE_SIZE << order);
		hv_pages_free((char *)va + n * (size_t)HV_PAGE_SIZE, (1u << order) - n);
	}
	out->va = va;
	out->addr = hv_dma_addr(va);
	out->size = n * (size_t)HV_PAGE_SIZE;
	return 0;
}

void hv_dma_free(struct hv_dma *dma)
{
	hv_pages_free(dma->va, dma->size >> HV_PAGE_SHIFT);
	*dma = (struct hv_dma){0};
}
