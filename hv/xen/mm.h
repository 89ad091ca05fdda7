/* SPDX-License-Identifier: MIT */
/*
 * mm.h - the address space: where things are, and the only ways to change a mapping.
 *
 * Everything lies in the lower half, in two places:
 *
 *   linear map   HV_XEN_VIRT_BASE + pfn * 4096, all memory of the domain, page tables read-only
 *   areas        one GiB at HV_XEN_AREAS, for mappings that are not the linear one:
 *     fixed      shared_info, grant table frames (one page table, always there)
 *     grants     window for other domains' pages (page tables always there: Xen refuses a grant
 *                map where it finds none)
 *     heap       newlib's sbrk (page tables and pages on demand)
 *     mmio       device windows (each has page tables of its own, which go with it)
 */
#ifndef HV_XEN_MM_H
#define HV_XEN_MM_H

#include "hv/xen/xen.h"

/* image.lds */
extern char hv_xen_image_start[], hv_xen_text_end[], hv_xen_rodata_end[], hv_xen_image_end[];

#define HV_XEN_VIRT_BASE ((uintptr_t)hv_xen_image_start)

#define HV_XEN_L1_SPAN 0x200000ull /* bytes that one L1 page table maps */

#define HV_XEN_AREAS	    0x4000000000ull
#define HV_XEN_SHARED_INFO  HV_XEN_AREAS
#define HV_XEN_GRANT_TABLE  (HV_XEN_AREAS + 0x1000)
#define HV_XEN_GRANT_FRAMES 64u /* 32,768 entries; xl's default max_grant_frames */
#define HV_XEN_GRANTS	    (HV_XEN_AREAS + HV_XEN_L1_SPAN)
#define HV_XEN_GRANTS_PAGES 4096u
#define HV_XEN_HEAP	    (HV_XEN_AREAS + 0x10000000)
#define HV_XEN_HEAP_SIZE    0x10000000ull
#define HV_XEN_MMIO	    (HV_XEN_AREAS + 0x20000000)
#define HV_XEN_MMIO_SIZE    0x20000000ull

/* Page-table entry bits (Intel SDM volume 3, 4.5; the cache indices are Xen's PAT, xen.h). */
#define PTE_PRESENT  (1ull << 0)
#define PTE_WRITE    (1ull << 1)
#define PTE_USER     (1ull << 2)
#define PTE_PWT	     (1ull << 3)
#define PTE_PCD	     (1ull << 4)
#define PTE_ACCESSED (1ull << 5)
#define PTE_DIRTY    (1ull << 6)
#define PTE_PAT	     (1ull << 7)
#define PTE_NX	     (1ull << 63)
#define PTE_UC	     (PTE_PCD | PTE_PWT) /* index 3 */
#define PTE_WC	     PTE_PAT		 /* index 4 */
#define PTE_MFN_MASK 0x000ffffffffff000ull

/*
 * An ordinary page of ours: readable, writable, not executable. Leaf entries leave PTE_USER clear:
 * Xen keeps what it treats as kernel mappings out of the translations it marks global.
 */
#define PTE_DATA (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY | PTE_NX)

static inline void *hv_xen_pfn_to_va(uint64_t pfn)
{
	return (void *)(HV_XEN_VIRT_BASE + (pfn << HV_PAGE_SHIFT));
}

static inline uint64_t hv_xen_va_to_pfn(const void *linear)
{
	return ((uintptr_t)linear - HV_XEN_VIRT_BASE) >> HV_PAGE_SHIFT;
}

/* pfn to mfn; Xen's list at first, ours to change when pages are exchanged. */
extern uint64_t *hv_xen_p2m;

static inline uint64_t hv_xen_pfn_to_mfn(uint64_t pfn)
{
	return hv_xen_p2m[pfn];
}

/*
 * Builds the linear map and the areas; hands the memory that is left to the page allocator.
 * builder_end: linear address behind everything the builder put there.
 */
void hv_xen_mm_init(uintptr_t builder_end);

/* Writes the entry that maps va; its page table exists. 0 or -errno. Flushes that translation. */
int hv_xen_map_page(uintptr_t va, uint64_t pte);

/* A page table for the 2 MiB at va (aligned, inside the areas), unless there is one: 0, -ENOMEM. */
int hv_xen_l1_ensure(uintptr_t va);

/*
 * Hooks in a page table for the 2 MiB at va, which has none: `page` (linear, ours) holds its 512
 * entries, already filled in. Xen checks them all; on an error page is ordinary memory again.
 */
int hv_xen_l1_hook(uintptr_t va, void *page);
/* Takes the page table at va out and returns its page, ordinary memory again. */
void *hv_xen_l1_unhook(uintptr_t va);

#endif /* HV_XEN_MM_H */
