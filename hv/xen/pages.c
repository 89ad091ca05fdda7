/* SPDX-License-Identifier: MIT */
/*
 * pages.c - the page allocator: first fit over a bitmap, one bit a page, set when in use.
 *
 * Runs are contiguous in pfn and therefore in the linear map. A domain of 32 MiB has 1 KiB of
 * bitmap; 64 pages are passed over at a time. The search starts at the lowest page that may be
 * free.
 *
 * With CONFIG_HV_POISON a page is filled with a pattern when it is freed and checked when it is
 * handed out again, so that a write through a stale pointer is found; and a page that is still
 * offered to another domain must not be freed at all.
 */
#include <errno.h>
#include <string.h>

#include "hv/xen/gnttab.h"
#include "hv/xen/mm.h"
#include "hv/xen/pages.h"

#define WORD_BITS 64u
#define POISON	  0xdbdbdbdbdbdbdbdbull

static uint64_t *bitmap;
static uint64_t first_page; /* lower ones are not the allocator's */
static uint64_t total;	    /* highest pfn plus one */
static uint64_t lowest;	    /* no page below is free */
static uint64_t free_pages;

static bool in_use(uint64_t pfn)
{
	return bitmap[pfn / WORD_BITS] >> (pfn % WORD_BITS) & 1;
}

static void mark(uint64_t pfn, bool used)
{
	uint64_t bit = 1ull << (pfn % WORD_BITS);

	if (used)
		bitmap[pfn / WORD_BITS] |= bit;
	else
		bitmap[pfn / WORD_BITS] &= ~bit;
}

static void poison(void *page)
{
#ifdef CONFIG_HV_POISON
	uint64_t *word = page;
	unsigned int i;

	for (i = 0; i < HV_PAGE_SIZE / sizeof(*word); i++)
		word[i] = POISON;
#else
	(void)page;
#endif
}

static void offer_check(const void *page)
{
#ifdef CONFIG_HV_POISON
	if (hv_xen_gnttab_offers(hv_xen_va_to_mfn(page)))
		hv_panic("page %p is freed while it is granted", page);
#else
	(void)page;
#endif
}

static void poison_check(const void *page)
{
#ifdef CONFIG_HV_POISON
	const uint64_t *word = page;
	unsigned int i;

	for (i = 0; i < HV_PAGE_SIZE / sizeof(*word); i++)
		if (word[i] != POISON)
			hv_panic("free page %p was written to at offset %#zx: %016lx", page,
				 i * sizeof(*word), word[i]);
#else
	(void)page;
#endif
}

void hv_xen_pages_init(uint64_t first, uint64_t nr)
{
	uint64_t bytes = (nr + WORD_BITS - 1) / WORD_BITS * sizeof(*bitmap);
	uint64_t pfn;

	bitmap = hv_xen_pfn_to_va(first);
	first += (bytes + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;
	HV_CHECK(first < nr);
	memset(bitmap, 0xff, bytes);
	total = nr;
	first_page = first;
	lowest = first;
	free_pages = nr - first;
	for (pfn = first; pfn < nr; pfn++) {
		mark(pfn, false);
		poison(hv_xen_pfn_to_va(pfn));
	}
}

uint64_t hv_xen_pages_total(void)
{
	return total;
}

/* First pfn of n free ones in a row, or total. */
static uint64_t find(unsigned int n)
{
	uint64_t pfn = lowest, run = 0;

	while (pfn < total) {
		if (run == 0 && pfn % WORD_BITS == 0 && bitmap[pfn / WORD_BITS] == UINT64_MAX) {
			pfn += WORD_BITS;
			continue;
		}
		run = in_use(pfn) ? 0 : run + 1;
		pfn++;
		if (run == n)
			return pfn - n;
	}
	return total;
}

void *hv_pages_alloc(unsigned int n)
{
	uint64_t pfn, i;
	void *va;

	if (n == 0 || n > free_pages)
		return NULL;
	pfn = find(n);
	if (pfn == total)
		return NULL;
	va = hv_xen_pfn_to_va(pfn);
	for (i = 0; i < n; i++) {
		mark(pfn + i, true);
		poison_check(hv_xen_pfn_to_va(pfn + i));
	}
	if (pfn == lowest)
		lowest = pfn + n;
	free_pages -= n;
	memset(va, 0, (size_t)n * HV_PAGE_SIZE);
	return va;
}

void hv_pages_free(void *va, unsigned int n)
{
	uint64_t pfn = hv_xen_va_to_pfn(va);
	uint64_t i;

	if (!va || n == 0)
		return;
	if ((uintptr_t)va % HV_PAGE_SIZE != 0 || pfn < first_page || pfn >= total ||
	    n > total - pfn)
		hv_panic("hv_pages_free(%p, %u): not pages of the allocator", va, n);
	for (i = 0; i < n; i++) {
		if (!in_use(pfn + i))
			hv_panic("hv_pages_free(%p, %u): page %#lx is free already", va, n,
				 pfn + i);
		offer_check(hv_xen_pfn_to_va(pfn + i));
		mark(pfn + i, false);
		poison(hv_xen_pfn_to_va(pfn + i));
	}
	if (pfn < lowest)
		lowest = pfn;
	free_pages += n;
}

unsigned int hv_pages_free_count(void)
{
	return free_pages;
}
