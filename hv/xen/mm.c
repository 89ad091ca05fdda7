/* SPDX-License-Identifier: MIT */
/*
 * mm.c - page tables of a PV domain.
 *
 * The four levels hold machine frames and are read-only to us; Xen makes every change, after
 * checking that we own what an entry names and that no page table becomes writable. Tables are
 * read here through the linear map (machine frame -> Xen's machine-to-physical list -> va).
 *
 * A new L1 table costs two hypercalls whatever it holds: it is filled while it is still ordinary
 * memory, its linear mapping is made read-only, and the L2 entry that hooks it in makes Xen check
 * all of it (xen: arch/x86/mm.c, promote_l1_table).
 */
#include <errno.h>
#include <string.h>

#include "hv/xen/hypercall.h"
#include "hv/xen/mm.h"
#include "hv/xen/pages.h"
#include "hv/xen/stack.h"

#define ENTRIES	     512u
#define PROTECT_STEP 128u

/* Upper levels allow everything; the leaf decides. USER as the builder sets it (xg_dom_x86.c). */
#define PTE_TABLE (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY)

uint64_t *hv_xen_p2m;

/* While the page allocator is not there yet, table pages come from here; see hv_xen_mm_init(). */
static uint64_t early_next;

static unsigned int index_at(uintptr_t va, unsigned int level)
{
	return (va >> (HV_PAGE_SHIFT + 9 * (level - 1))) & (ENTRIES - 1);
}

static uint64_t *table_of(uint64_t entry)
{
	return hv_xen_mfn_to_va((entry & PTE_MFN_MASK) >> HV_PAGE_SHIFT);
}

/* The entry for va in the table of `level` (1: leaf), or NULL when a table above it is missing. */
static uint64_t *walk(uintptr_t va, unsigned int level)
{
	uint64_t *table = (uint64_t *)hv_xen_start_info->pt_base;
	unsigned int at;

	for (at = 4; at > level; at--) {
		uint64_t entry = table[index_at(va, at)];

		if (!(entry & PTE_PRESENT))
			return NULL;
		table = table_of(entry);
	}
	return &table[index_at(va, level)];
}

void *hv_xen_mfn_to_va(uint64_t mfn)
{
	uint64_t pfn = machine_to_phys_mapping[mfn];

	if (pfn >= hv_xen_start_info->nr_pages || hv_xen_p2m[pfn] != mfn)
		return NULL;
	return hv_xen_pfn_to_va(pfn);
}

uint64_t hv_xen_va_to_mfn(const void *va)
{
	uint64_t pfn = hv_xen_va_to_pfn(va);
	uint64_t *pte;

	if ((uintptr_t)va >= HV_XEN_VIRT_BASE && pfn < hv_xen_start_info->nr_pages)
		return hv_xen_pfn_to_mfn(pfn);
	pte = walk((uintptr_t)va, 1);
	return pte && (*pte & PTE_PRESENT) ? (*pte & PTE_MFN_MASK) >> HV_PAGE_SHIFT : 0;
}

/* Writes a table entry that update_va_mapping cannot name: those above the leaves. */
static int write_entry(const uint64_t *entry, uint64_t value)
{
	struct mmu_update req = {
		.ptr = hv_xen_va_to_mfn(entry) << HV_PAGE_SHIFT |
		       ((uintptr_t)entry & (HV_PAGE_SIZE - 1)) | MMU_NORMAL_PT_UPDATE,
		.val = value,
	};

	return hv_xen_errno(hv_hypercall_mmu_update(&req, 1, DOMID_SELF));
}

int hv_xen_map_page(uintptr_t va, uint64_t pte)
{
	return hv_xen_errno(hv_hypercall_update_va(va, pte, UVMF_INVLPG | UVMF_LOCAL));
}

/* The linear mapping of one of our pages: writable, or read-only as page tables must be. */
static int set_linear(const void *page, bool writable)
{
	uint64_t pte = hv_xen_va_to_mfn(page) << HV_PAGE_SHIFT | PTE_DATA;

	return hv_xen_map_page((uintptr_t)page, writable ? pte : pte & ~PTE_WRITE);
}

/* Makes `page` the table below the entry of `level` for va. */
static int hook(uintptr_t va, unsigned int level, void *page)
{
	uint64_t *entry = walk(va, level);
	int err;

	HV_CHECK(entry && !(*entry & PTE_PRESENT));
	err = set_linear(page, false);
	if (err == 0)
		err = write_entry(entry, hv_xen_va_to_mfn(page) << HV_PAGE_SHIFT | PTE_TABLE);
	if (err != 0)
		HV_CHECK(set_linear(page, true) == 0);
	return err;
}

static void *table_alloc(void)
{
	void *page;

	if (early_next == 0)
		return hv_pages_alloc(1);
	page = hv_xen_pfn_to_va(early_next++);
	memset(page, 0, HV_PAGE_SIZE);
	return page;
}

/* Builds the tables above the L1 of va. */
static int upper_ensure(uintptr_t va)
{
	unsigned int level;

	for (level = 4; level > 2; level--) {
		void *page;
		int err;

		if (*walk(va, level) & PTE_PRESENT)
			continue;
		page = table_alloc();
		if (!page)
			return -ENOMEM;
		err = hook(va, level, page);
		if (err != 0) {
			hv_pages_free(page, 1);
			return err;
		}
	}
	return 0;
}

int hv_xen_l1_hook(uintptr_t va, void *page)
{
	int err = upper_ensure(va);

	return err != 0 ? err : hook(va, 2, page);
}

int hv_xen_l1_ensure(uintptr_t va)
{
	void *page;
	int err;

	if (walk(va, 1))
		return 0;
	page = table_alloc();
	if (!page)
		return -ENOMEM;
	err = hv_xen_l1_hook(va, page);
	if (err != 0)
		hv_pages_free(page, 1);
	return err;
}

void *hv_xen_l1_unhook(uintptr_t va)
{
	uint64_t *entry = walk(va, 2);
	struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
	void *page;
	long ret;

	HV_CHECK(entry && (*entry & PTE_PRESENT));
	page = table_of(*entry);
	HV_CHECK(write_entry(entry, 0) == 0);
	ret = hv_hypercall(__HYPERVISOR_mmuext_op, flush.cmd, (uintptr_t)&flush, 1, 0, DOMID_SELF);
	HV_CHECK(ret == 0);
	HV_CHECK(set_linear(page, true) == 0);
	return page;
}

/*
 * Maps the memory behind what the builder mapped. Each new L1 page is taken from memory mapped
 * already: from the builder's 512 KiB of padding at first, then from what the one before mapped.
 */
static void map_linear(uint64_t nr)
{
	uint64_t pfn, next;

	for (pfn = 0; pfn < nr; pfn = next) {
		uintptr_t va = (uintptr_t)hv_xen_pfn_to_va(pfn);
		uintptr_t next_va = (va | (HV_XEN_L1_SPAN - 1)) + 1;
		uint64_t *table, i;
		uint64_t *pte = walk(va, 1);

		next = hv_xen_va_to_pfn((void *)next_va);
		if (next > nr)
			next = nr;
		if (pte) {
			/* The builder's own tables: complete what is missing in them. */
			for (i = pfn; i < next; i++, pte++) {
				uint64_t value = hv_xen_pfn_to_mfn(i) << HV_PAGE_SHIFT | PTE_DATA;

				if (!(*pte & PTE_PRESENT))
					HV_CHECK(write_entry(pte, value) == 0);
			}
			continue;
		}
		HV_CHECK(upper_ensure(va) == 0);
		table = table_alloc();
		for (i = pfn; i < next; i++)
			table[index_at((uintptr_t)hv_xen_pfn_to_va(i), 1)] =
				hv_xen_pfn_to_mfn(i) << HV_PAGE_SHIFT | PTE_DATA;
		HV_CHECK(hook(va, 2, table) == 0);
	}
}

/*
 * The builder maps everything writable and executable, except that its page tables are read-only.
 * Code becomes read-only, constants read-only and not executable, the rest not executable; the page
 * below the stack goes away.
 */
static void protect(uint64_t nr)
{
	struct mmu_update reqs[PROTECT_STEP];
	unsigned int n = 0;
	uint64_t pfn;

	for (pfn = 0; pfn < nr; pfn++) {
		uintptr_t va = (uintptr_t)hv_xen_pfn_to_va(pfn);
		uint64_t *pte = walk(va, 1);
		uint64_t value = *pte;

		if (va >= (uintptr_t)hv_xen_text_end)
			value |= PTE_NX;
		if (va < (uintptr_t)hv_xen_rodata_end)
			value &= ~PTE_WRITE;
		if (va == (uintptr_t)hv_xen_stack_guard)
			value = 0;
		if (value != *pte) {
			reqs[n].ptr = hv_xen_va_to_mfn(pte) << HV_PAGE_SHIFT |
				      ((uintptr_t)pte & (HV_PAGE_SIZE - 1)) | MMU_NORMAL_PT_UPDATE;
			reqs[n++].val = value;
		}
		if (n == PROTECT_STEP || (n > 0 && pfn + 1 == nr)) {
			HV_CHECK(hv_hypercall_mmu_update(reqs, n, DOMID_SELF) == 0);
			n = 0;
		}
	}
}

void hv_xen_mm_init(uintptr_t builder_end)
{
	struct mmuext_op flush = {.cmd = MMUEXT_TLB_FLUSH_LOCAL};
	uint64_t nr = hv_xen_start_info->nr_pages;
	uintptr_t va;

	early_next = hv_xen_va_to_pfn((void *)(builder_end + HV_PAGE_SIZE - 1));
	map_linear(nr);
	protect(nr);
	HV_CHECK(hv_hypercall(__HYPERVISOR_mmuext_op, flush.cmd, (uintptr_t)&flush, 1, 0,
			      DOMID_SELF) == 0);
	HV_CHECK(hv_xen_l1_ensure(HV_XEN_SHARED_INFO) == 0);
	for (va = HV_XEN_GRANTS; va < HV_XEN_GRANTS + HV_XEN_GRANTS_PAGES * (uint64_t)HV_PAGE_SIZE;
	     va += HV_XEN_L1_SPAN)
		HV_CHECK(hv_xen_l1_ensure(va) == 0);

	hv_xen_pages_init(early_next, nr);
	early_next = 0;
}
