/* SPDX-License-Identifier: MIT */
/*
 * imports.c - iommu/iommu.c: which pages of guests the device reaches, and how many.
 *
 * ASSUMES: Xen names each map by a handle that no other live one has. It may refuse any page, and there may be no memory.
 *	An account's limit is at most 2^31 pages (policies allow 2^15).
 * BOUNDS: MAP, UNMAP: ranges of 2 pages instead of up to 32768, BATCH pages instead of 32 for each hypercall, 1 instead of 341
 *	in each chunk: the code knows only the numbers' names. NEW: none.
 * PROVES: MAP: from a range in any state, any number of references may be asked for; all are mapped, each once, in
 *	order, for the device of this guest, or none is: what had been mapped by then is unmapped. UNMAP: from any state: what is
 *	unmapped is what was mapped, each once, no more than asked for; none of a range that is held; the last
 *	step gives the pages back to the account and takes the range out of its list. NEW: pages of an account never
 *	exceed its limit, whatever is asked for. In all, there is a chunk just where pages need one.
 *
 * CASES: NEW MAP,BATCH=1 UNMAP,BATCH=2
 * LONG: MAP,BATCH=2
 * OPTIONS: --no-array-field-sensitivity
 * UNWIND: 3
 * PLANT NEW limit: iommu/iommu.c s/n > account->max_pages - account->pages/n > account->max_pages/
 * PLANT NEW count: iommu/iommu.c s/account->pages \+= n/account->pages += 1/
 * PLANT MAP,BATCH=1 room: iommu/iommu.c s/n > range->n - range->mapped/n > range->n/
 * PLANT MAP,BATCH=1 zero: iommu/iommu.c s/if \(!refs\[i\]\)/if (false)/
 * PLANT MAP,BATCH=1 order: iommu/iommu.c s/map_batch\(range, refs \+ i,/map_batch(range, refs,/
 * PLANT MAP,BATCH=1 undo: iommu/iommu.c s/unmap_to\(range, before\)/unmap_to(range, before + 1)/
 * PLANT MAP,BATCH=2 noted: iommu/iommu.c s/if \(maps\[i\].status\)/if (err)/
 * PLANT MAP,BATCH=1 chunk: iommu/iommu.c s/i = CHUNKS\(before\); i < CHUNKS\(before \+ n\)/i = CHUNKS(before); i < CHUNKS(n)/
 * PLANT UNMAP,BATCH=2 held: iommu/iommu.c s/if \(range->holds\)/if (false)/
 * PLANT UNMAP,BATCH=2 which: iommu/iommu.c s/range->mapped - n \+ i\);/range->mapped - 1);/
 * PLANT UNMAP,BATCH=2 budget: iommu/iommu.c s/range->mapped - budget : 0/0 : 0/
 * PLANT UNMAP,BATCH=2 list: iommu/iommu.c s/range->prev->next = range->next/range->prev->next = NULL/
 * PLANT UNMAP,BATCH=2 chunk: iommu/iommu.c s/i = CHUNKS\(left\); i < CHUNKS\(range->n\)/i = CHUNKS(left) + 1; i < CHUNKS(range->n)/
 */
#include "hv/hv.h"

#ifndef NEW
#undef HV_PAGE_SIZE
#undef HV_GRANT_BATCH
#define PAGES	       2u
#define HV_PAGE_SIZE   12u
#define HV_GRANT_BATCH BATCH
#endif

#include "iommu/iommu.c"
#include "tests/proof/proof.h"

hv_domid_t nondet_domid(void);

static struct iommu_account account;
static struct iommu_range *range;

void hv_panic(const char *fmt, ...)
{
	(void)fmt;
	PROVE(!"a check of our own fails");
	ASSUME(0);
}

#ifdef NEW
static void prove(void)
{
	struct iommu_range first, *out = NULL;
	unsigned int before = nondet_u32(), n = nondet_u32(), flags = nondet_u32();

	account.max_pages = nondet_u32();
	account.pages = before;
	account.ranges = nondet_bool() ? &first : NULL;
	ASSUME(account.max_pages <= 1u << 31 && before <= account.max_pages);
	if (iommu_range_new(&account, n, flags, &out)) {
		PROVE(account.pages == before);
		return;
	}
	PROVE(n && before + n <= account.max_pages && account.pages == before + n);
	PROVE(account.ranges == out && out->account == &account && out->n == n && !out->mapped);
	PROVE(!out->holds && !out->prev && (!out->next || first.prev == out));
	PROVE(out->flags == (HV_MAP_DEVICE | (flags & IOMMU_RO ? HV_MAP_RO : 0)));
}
#else
/* One map is followed, any: which reference it is of, whether it lives, as Xen knows it. */
static uint32_t which, handle, frame;
static hv_gref_t ref;
static bool live;
static uint32_t next_handle, asked, ended;

static void *new_chunk(void)
{
	return malloc(sizeof(struct page) * CHUNK);
}

void *hv_pages_alloc(unsigned int n)
{
	PROVE(n == 1);
	return nondet_bool() ? new_chunk() : NULL;
}

void hv_pages_free(void *va, unsigned int n)
{
	PROVE(n == 1);
	free(va);
}

static bool good_entry(const struct hv_grant_map *map)
{
	return map->dom == account.dom && map->flags == range->flags;
}

int hv_grant_map(struct hv_grant_map *maps, unsigned int n)
{
	int err = 0;

	PROVE(n && n <= HV_GRANT_BATCH);
	for (unsigned int i = 0; i < n; i++, asked++) {
		PROVE(good_entry(&maps[i]) && maps[i].ref);
		maps[i].status = nondet_bool() ? 0 : -EFAULT;
		maps[i].handle = next_handle++;
		maps[i].dev_addr = (uint64_t)nondet_u32() << HV_PAGE_SHIFT;
		if (maps[i].status)
			err = -EFAULT;
		else if (asked == which) {
			PROVE(!live);
			live = true;
			ref = maps[i].ref;
			handle = maps[i].handle;
			frame = (uint32_t)(maps[i].dev_addr >> HV_PAGE_SHIFT);
		}
	}
	return err;
}

int hv_grant_unmap(struct hv_grant_map *maps, unsigned int n)
{
	PROVE(n && n <= HV_GRANT_BATCH);
	for (unsigned int i = 0; i < n; i++, ended++) {
		PROVE(good_entry(&maps[i]));
		PROVE(maps[i].handle < next_handle);
		if (maps[i].handle != handle)
			continue;
		PROVE(live && maps[i].ref == ref);
		PROVE(maps[i].dev_addr == (uint64_t)frame << HV_PAGE_SHIFT);
		live = false;
	}
	return 0;
}

/* Just the chunks that are needed are there. */
static bool chunks_fit(void)
{
	for (unsigned int i = 0; i < CHUNKS(PAGES); i++) {
		if ((range->chunk[i] != NULL) != (i < CHUNKS(range->mapped)))
			return false;
	}
	return true;
}

/* A range of which any number of pages is mapped: page i by the handle i. */
static void any_range(void)
{
	unsigned int mapped = nondet_u32();

	ASSUME(mapped <= PAGES);
	range = malloc(sizeof(*range) + CHUNKS(PAGES) * sizeof(void *));
	range->account = &account;
	range->n = PAGES;
	range->mapped = mapped;
	range->flags = HV_MAP_DEVICE | (nondet_bool() ? HV_MAP_RO : 0);
	range->holds = nondet_u32();
	for (unsigned int i = 0; i < CHUNKS(PAGES); i++)
		range->chunk[i] = i < CHUNKS(mapped) ? new_chunk() : NULL;
	for (unsigned int i = 0; i < mapped; i++)
		*page_of(range, i) = (struct page){nondet_u32(), i, nondet_u32()};
	next_handle = PAGES;
	account.dom = nondet_domid();
	which = nondet_u32();
	handle = UINT32_MAX;
}

#ifdef MAP
static void prove(void)
{
	static hv_gref_t refs[PAGES];
	unsigned int before, n = nondet_u32();
	const hv_gref_t *given;

	any_range();
	before = range->mapped;
	for (unsigned int i = 0; i < PAGES; i++)
		refs[i] = nondet_u32();
	given = n < PAGES ? refs + PAGES - n : refs; /* they end where the array does */
	ASSUME(which < PAGES);
	if (iommu_map(range, given, n)) {
		PROVE(range->mapped == before && !live);
	} else {
		PROVE(n <= PAGES - before && range->mapped == before + n && asked == n && !ended);
		PROVE(live == (which < n));
		if (live) {
			struct page *page = page_of(range, before + which);

			PROVE(page->ref == given[which] && page->ref == ref);
			PROVE(page->handle == handle && page->frame == frame);
			PROVE(iommu_addr(range, before + which) == (uint64_t)frame
									   << HV_PAGE_SHIFT);
		}
	}
	PROVE(chunks_fit());
}
#else
static void prove(void)
{
	static struct iommu_range before_it, behind_it;
	unsigned int mapped, budget = nondet_u32(), others = nondet_u32(), gone;
	int ret;

	any_range();
	mapped = range->mapped;
	if (which < mapped) {
		struct page *page = page_of(range, which);

		live = true;
		handle = page->handle;
		ref = page->ref;
		frame = page->frame;
	}
	range->prev = nondet_bool() ? &before_it : NULL;
	range->next = nondet_bool() ? &behind_it : NULL;
	behind_it.prev = range;
	before_it.next = range;
	account.ranges = range->prev ? &before_it : range;
	ASSUME(others <= 1u << 31);
	account.pages = others + PAGES;
	struct iommu_range was = {.prev = range->prev, .next = range->next, .holds = range->holds};

	ret = iommu_unmap(range, budget);
	gone = budget < mapped ? budget : mapped;
	if (was.holds) {
		PROVE(ret == -EBUSY && !ended && range->mapped == mapped);
		return;
	}
	PROVE(ended == gone && live == (which < mapped - gone));
	if (ret) {
		PROVE(ret == 1 && mapped - gone && range->mapped == mapped - gone && chunks_fit());
		PROVE(account.pages == others + PAGES);
	} else {
		PROVE(gone == mapped && account.pages == others);
		PROVE(was.prev ? before_it.next == was.next : account.ranges == was.next);
		PROVE(!was.next || behind_it.prev == was.prev);
	}
}
#endif
#endif

int main(void)
{
	prove();
	return 0;
}
