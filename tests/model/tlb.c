/* SPDX-License-Identifier: MIT */
/*
 * The translation cache: direct-mapped, a page of any size in one entry. Hardware has several, at each
 * client and at the hub; one for all is stricter than that where a driver invalidates too little, and
 * knows no difference between HUBTLB_ONLY and all. Directory entries are not kept apart from the pages
 * that they led to.
 *
 * Sources: NVIDIA/open-gpu-doc manuals/volta/gv100/dev_pbdma.ref.txt, "MEM_OP methods"; OGKM
 * ga100/dev_vm.h (NV_VIRTUAL_FUNCTION_PRIV_MMU_INVALIDATE); nouveau mmu/vmmtu102.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mmu_regs.h"
#include "tlb.h"

static const unsigned int shifts[] = {12, MMU_PAGE_BIG_SHIFT, MMU_PD0_SHIFT};

int model_tlb_create(struct model *m)
{
	m->fb.tlb = calloc(1, sizeof(*m->fb.tlb));
	return m->fb.tlb ? 0 : -ENOMEM;
}

void model_tlb_destroy(struct model *m)
{
	free(m->fb.tlb);
}

void model_tlb_reset(struct model *m)
{
	memset(m->fb.tlb, 0, sizeof(*m->fb.tlb));
}

static bool same(const struct mmu_addr *a, const struct mmu_addr *b)
{
	return a->addr == b->addr && a->sysmem == b->sysmem;
}

static uint64_t start_of(uint64_t va, unsigned int shift)
{
	return va >> shift << shift;
}

static struct model_tlb_entry *slot(struct model *m, const struct mmu_space *space, uint64_t start,
				    unsigned int shift)
{
	uint64_t hash = (space->directory.addr >> 12) * 31 + (start >> shift) * 3 + shift;

	return &m->fb.tlb->entries[hash % MODEL_TLB_ENTRIES];
}

bool model_tlb_find(struct model *m, const struct mmu_space *space, uint64_t va,
		    struct mmu_page *out)
{
	for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		uint64_t start = start_of(va, shifts[i]);
		const struct model_tlb_entry *e = slot(m, space, start, shifts[i]);

		if (!e->used || e->start != start || e->page.shift != shifts[i] ||
		    !same(&e->directory, &space->directory))
			continue;
		*out = e->page;
		out->at.addr += va - start;
		out->len = (1ull << shifts[i]) - (va - start);
		return true;
	}
	return false;
}

void model_tlb_fill(struct model *m, const struct mmu_space *space, uint64_t va,
		    const struct mmu_page *page)
{
	uint64_t start = start_of(va, page->shift);
	struct model_tlb_entry *e = slot(m, space, start, page->shift);

	e->used = true;
	e->directory = space->directory;
	e->start = start;
	e->page = *page;
	e->page.at.addr -= va - start;
}

void model_tlb_invalidate(struct model *m, const struct mmu_addr *directory, const uint64_t *va)
{
	uint64_t ignored;

	if (model_fault_value(m, MODEL_TLB_KEEPS, &ignored))
		return;
	for (size_t i = 0; i < MODEL_TLB_ENTRIES; i++) {
		struct model_tlb_entry *e = &m->fb.tlb->entries[i];

		if ((!directory || same(directory, &e->directory)) &&
		    (!va || start_of(*va, e->page.shift) == e->start))
			e->used = false;
	}
}
