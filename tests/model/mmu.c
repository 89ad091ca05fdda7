/* SPDX-License-Identifier: MIT */
/*
 * Walks the GPU's page tables: five levels, entries in video or system memory, pages of 4 KiB,
 * 64 KiB and 2 MiB.
 *
 * The lowest directory has a table of big pages and one of small ones for the same 2 MiB. A valid big
 * page wins; one that is not valid leaves the address to the small ones, unless it is marked (VOL: sparse;
 * PRIVILEGE: the small ones are not to be looked at). Sparse means that reads give zeros and
 * writes vanish. Sources: mmu_regs.h; for the two marks, comments in nouveau vmmgp100.c.
 *
 * tlb.c remembers what was found.
 */
#include <string.h>

#include "mmu.h"
#include "mmu_regs.h"
#include "tlb.h"
#include "trace.h"

bool model_physical_access(struct model *m, bool write, struct mmu_addr at, void *buf, size_t len)
{
	if (at.sysmem)
		return model_dma(m, write, at.addr, buf, len) == 0;
	return !model_in_wpr2(m, at.addr, len) &&
	       model_vram_access(m, write, at.addr, buf, len) == 0;
}

enum mmu_fault model_mmu_bind(struct model *m, struct mmu_addr instance, struct mmu_space *out)
{
	uint64_t words[2]; /* PAGE_DIR_BASE, ADR_LIMIT */

	instance.addr += RAMIN_PAGE_DIR_BASE;
	if (!model_physical_access(m, false, instance, words, sizeof(words)))
		return MMU_FAULT_UNBOUND_INST_BLOCK;
	if ((words[0] & RAMIN_PDB_TARGET) == 1 || !(words[0] & RAMIN_PDB_USE_VER2))
		return MMU_FAULT_UNBOUND_INST_BLOCK;
	out->directory.sysmem = (words[0] & RAMIN_PDB_TARGET) != RAMIN_TARGET_VID_MEM;
	out->directory.addr = words[0] & RAMIN_PDB_ADDR;
	/* The limit is the last address, of whole pages. */
	out->limit = (words[1] | 0xfff) + 1;
	return MMU_OK;
}

static bool read_entry(struct model *m, struct mmu_addr table, uint64_t offset, void *entry,
		       size_t len)
{
	table.addr += offset;
	return model_physical_access(m, false, table, entry, len);
}

static struct mmu_addr address(uint64_t entry, bool sysmem)
{
	return (struct mmu_addr){
		.sysmem = sysmem,
		.addr = (entry & (sysmem ? MMU_ADDRESS_SYS : MMU_ADDRESS_VID)) << MMU_ADDRESS_SHIFT,
	};
}

/* Where a PDE leads. */
static enum mmu_fault follow(uint64_t pde, struct mmu_addr *next, struct mmu_page *out)
{
	if (MMU_APERTURE(pde) == MMU_PDE_NONE) {
		out->sparse = pde & MMU_ENTRY_VOL;
		return out->sparse ? MMU_OK : MMU_FAULT_PDE;
	}
	*next = address(pde, MMU_APERTURE(pde) != MMU_PDE_VID);
	return MMU_OK;
}

/* What a valid PTE says of the page of 1 << shift bytes that va is in. */
static enum mmu_fault map(uint64_t pte, uint64_t va, unsigned int shift, struct mmu_page *out)
{
	uint64_t offset = va & ((1ull << shift) - 1);

	if (MMU_APERTURE(pte) == MMU_PTE_PEER)
		return MMU_FAULT_UNSUPPORTED_APERTURE;
	out->shift = shift;
	out->at = address(pte, MMU_APERTURE(pte) != MMU_PTE_VID);
	out->at.addr = (out->at.addr & ~((1ull << shift) - 1)) + offset;
	out->len = (1ull << shift) - offset;
	out->read_only = pte & MMU_PTE_READ_ONLY;
	out->privileged = pte & MMU_PTE_PRIVILEGE;
	out->kind = MMU_PTE_KIND(pte);
	return MMU_OK;
}

static void sparse(uint64_t va, unsigned int shift, struct mmu_page *out)
{
	out->sparse = true;
	out->shift = shift;
	out->len = (1ull << shift) - (va & ((1ull << shift) - 1));
}

/* The two tables below PDE 0. */
static enum mmu_fault walk_tables(struct model *m, const uint64_t pde[2], uint64_t va,
				  struct mmu_page *out)
{
	uint64_t in_pde = va & ((1ull << MMU_PD0_SHIFT) - 1), pte;
	unsigned int big = MMU_APERTURE(pde[0]), small = MMU_APERTURE(pde[1]);
	struct mmu_addr table;

	if (big != MMU_PDE_NONE) {
		uint64_t mask = big == MMU_PDE_VID ? MMU_ADDRESS_BIG_VID : MMU_ADDRESS_BIG_SYS;

		table.sysmem = big != MMU_PDE_VID;
		table.addr = (pde[0] & mask) << MMU_ADDRESS_SHIFT;
		if (!read_entry(m, table, (in_pde >> MMU_PAGE_BIG_SHIFT) * 8, &pte, sizeof(pte)))
			return MMU_FAULT_REGION;
		if (pte & MMU_PTE_VALID)
			return map(pte, va, MMU_PAGE_BIG_SHIFT, out);
		if (pte & MMU_ENTRY_VOL) {
			sparse(va, MMU_PAGE_BIG_SHIFT, out);
			return MMU_OK;
		}
		if (pte & MMU_PTE_PRIVILEGE)
			return MMU_FAULT_PTE;
	} else if (pde[0] & MMU_ENTRY_VOL) {
		sparse(va, MMU_PD0_SHIFT, out);
		return MMU_OK;
	}
	if (small == MMU_PDE_NONE)
		return big == MMU_PDE_NONE ? MMU_FAULT_PDE : MMU_FAULT_PTE;
	table = address(pde[1], small != MMU_PDE_VID);
	if (!read_entry(m, table, (in_pde >> 12) * 8, &pte, sizeof(pte)))
		return MMU_FAULT_REGION;
	if (pte & MMU_PTE_VALID)
		return map(pte, va, 12, out);
	if (!(pte & MMU_ENTRY_VOL))
		return MMU_FAULT_PTE;
	sparse(va, 12, out);
	return MMU_OK;
}

static enum mmu_fault walk(struct model *m, const struct mmu_space *space, uint64_t va,
			   struct mmu_page *out)
{
	static const unsigned int shifts[] = {47, 38, 29}, bits[] = {2, 9, 9};
	struct mmu_addr table = space->directory;
	enum mmu_fault fault;
	uint64_t pde[2];

	for (size_t i = 0; i < sizeof(shifts) / sizeof(shifts[0]); i++) {
		uint64_t index = (va >> shifts[i]) & ((1ull << bits[i]) - 1);

		if (!read_entry(m, table, index * 8, &pde[0], sizeof(pde[0])))
			return MMU_FAULT_REGION;
		fault = follow(pde[0], &table, out);
		if (fault != MMU_OK)
			return fault;
		if (out->sparse) {
			sparse(va, shifts[i], out);
			return MMU_OK;
		}
	}
	if (!read_entry(m, table, ((va >> MMU_PD0_SHIFT) & 0xff) * 16, pde, sizeof(pde)))
		return MMU_FAULT_REGION;
	if (pde[0] & MMU_PTE_VALID) /* a page of 2 MiB */
		return map(pde[0], va, MMU_PD0_SHIFT, out);
	return walk_tables(m, pde, va, out);
}

static bool beyond(const struct mmu_space *space, uint64_t va)
{
	return va >> MMU_VA_BITS || (space->limit && va >= space->limit);
}

enum mmu_fault model_mmu_tables(struct model *m, const struct mmu_space *space, uint64_t va,
				struct mmu_page *out)
{
	memset(out, 0, sizeof(*out));
	if (beyond(space, va))
		return MMU_FAULT_VA_LIMIT;
	return walk(m, space, va, out);
}

/* The planted fault is one of the engine that reads the tables; they say what the driver wrote. */
static void misread(struct model *m, uint64_t va, struct mmu_page *page)
{
	uint64_t wrong;

	if (!page->sparse && model_fault_value(m, MODEL_FLIP_PTE, &wrong) &&
	    wrong >> page->shift == va >> page->shift)
		page->at.addr ^= 1ull << page->shift;
}

enum mmu_fault model_mmu_walk(struct model *m, const struct mmu_space *space, uint64_t va,
			      struct mmu_page *out)
{
	enum mmu_fault fault;

	memset(out, 0, sizeof(*out));
	if (!beyond(space, va) && model_tlb_find(m, space, va, out))
		return MMU_OK;
	fault = model_mmu_tables(m, space, va, out);
	if (fault != MMU_OK)
		return fault;
	misread(m, va, out);
	if (out->shift <= MMU_PD0_SHIFT)
		model_tlb_fill(m, space, va, out);
	return MMU_OK;
}

static enum mmu_fault access_page(struct model *m, const struct mmu_page *page,
				  struct mmu_request request, uint8_t *p, size_t len)
{
	bool write = request.access == MMU_WRITE;

	model_trace(m, MODEL_TRACE_PAGE,
		    page->shift | (page->at.sysmem ? MODEL_TRACE_SYSMEM : 0) |
			    (page->sparse ? MODEL_TRACE_SPARSE : 0) |
			    (page->read_only ? MODEL_TRACE_READ_ONLY : 0) |
			    (page->privileged ? MODEL_TRACE_PRIVILEGED : 0) |
			    (uint32_t)page->kind << MODEL_TRACE_KIND_SHIFT);
	if (page->sparse) {
		if (!write)
			memset(p, 0, len);
		return MMU_OK;
	}
	if (page->privileged && !request.privileged)
		return MMU_FAULT_PRIV;
	if (page->read_only && write)
		return MMU_FAULT_RO;
	if (request.cpu && !page->at.sysmem
		    ? !model_cpu_vram_access(m, write, page->at.addr, p, len)
		    : !model_physical_access(m, write, page->at, p, len))
		return MMU_FAULT_REGION;
	return MMU_OK;
}

enum mmu_fault model_mmu_access(struct model *m, const struct mmu_space *space,
				struct mmu_request request, uint64_t va, void *buf, size_t len,
				uint64_t *fault_va)
{
	uint8_t *p = buf;

	while (len) {
		struct mmu_page page;
		enum mmu_fault fault = model_mmu_walk(m, space, va, &page);
		size_t chunk = fault == MMU_OK && page.len < len ? page.len : len;

		if (fault == MMU_OK)
			fault = access_page(m, &page, request, p, chunk);
		if (fault != MMU_OK) {
			if (fault_va)
				*fault_va = va;
			return fault;
		}
		va += chunk;
		p += chunk;
		len -= chunk;
	}
	return MMU_OK;
}

/* By register. There is none for a single address: without ALL_VA only faults are replayed. */
static void invalidate(struct model *m, uint32_t trigger)
{
	struct mmu_addr directory = {
		.sysmem = MMU_INVALIDATE_PDB_APERTURE(m->fb.invalidate[0]),
		.addr = (uint64_t)m->fb.invalidate[1] << 40 |
			(uint64_t)(m->fb.invalidate[0] & MMU_INVALIDATE_PDB_ADDR) << 8,
	};

	m->stats.invalidations++;
	m->stats.barriers += trigger & MMU_INVALIDATE_SYS_MEMBAR ? 1 : 0;
	if (trigger & MMU_INVALIDATE_ALL_VA)
		model_tlb_invalidate(m, trigger & MMU_INVALIDATE_ALL_PDB ? NULL : &directory, NULL);
}

bool model_mmu_read(struct model *m, uint32_t addr, uint32_t *value)
{
	switch (addr) {
	case NV_VF_PRIV_MMU_INVALIDATE_PDB:
		*value = m->fb.invalidate[0];
		return true;
	case NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB:
		*value = m->fb.invalidate[1];
		return true;
	case NV_VF_PRIV_MMU_INVALIDATE:
		*value = m->fb.invalidate[2];
		return true;
	}
	return false;
}

bool model_mmu_write(struct model *m, uint32_t addr, uint32_t value)
{
	uint64_t stuck;

	switch (addr) {
	case NV_VF_PRIV_MMU_INVALIDATE_PDB:
		m->fb.invalidate[0] = value;
		return true;
	case NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB:
		m->fb.invalidate[1] = value;
		return true;
	case NV_VF_PRIV_MMU_INVALIDATE:
		m->fb.invalidate[2] = value & ~MMU_INVALIDATE_TRIGGER;
		if (!(value & MMU_INVALIDATE_TRIGGER))
			return true;
		if (model_fault_value(m, MODEL_TLB_STUCK, &stuck))
			m->fb.invalidate[2] = value;
		else
			invalidate(m, value);
		return true;
	}
	return false;
}
