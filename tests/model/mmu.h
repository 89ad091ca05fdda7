/* SPDX-License-Identifier: MIT */
/*
 * The GPU's memory management unit, as BARs and engines use it: from an instance block to a page
 * directory, from a virtual address to memory. Memory is video memory or system memory; the latter
 * is reached by DMA.
 */
#ifndef MODEL_MMU_H
#define MODEL_MMU_H

#include "internal.h"

/* A physical address as the GPU has it. */
struct mmu_addr {
	bool sysmem;
	uint64_t addr;
};

/* An address space: its directory, and the first address that it does not have. */
struct mmu_space {
	struct mmu_addr directory;
	uint64_t limit;
};

/* Why an access fails: NV_PFAULT_FAULT_TYPE (OGKM gv100/dev_fault.h). */
enum mmu_fault {
	MMU_FAULT_PDE = 0x00,
	MMU_FAULT_PTE = 0x02,
	MMU_FAULT_VA_LIMIT = 0x03,
	MMU_FAULT_UNBOUND_INST_BLOCK = 0x04,
	MMU_FAULT_PRIV = 0x05,
	MMU_FAULT_RO = 0x06,
	MMU_FAULT_UNSUPPORTED_APERTURE = 0x0a,
	MMU_FAULT_REGION = 0x0d, /* nothing answers where a table or a page should be */
	MMU_OK = -1,
};

struct mmu_page {
	uint8_t shift;	    /* it has 1 << shift bytes */
	struct mmu_addr at; /* of the address asked for */
	uint64_t len;	    /* from there to the end of the page */
	bool sparse, read_only, privileged;
	uint8_t kind;
};

/* Who asks. */
enum mmu_access { MMU_READ, MMU_WRITE };
struct mmu_request {
	enum mmu_access access;
	bool privileged;
	bool cpu; /* through a BAR: faults planted there show */
};

/* The space that an instance block describes. */
enum mmu_fault model_mmu_bind(struct model *m, struct mmu_addr instance, struct mmu_space *out);
enum mmu_fault model_mmu_walk(struct model *m, const struct mmu_space *space, uint64_t va,
			      struct mmu_page *out);
/* The same by what the tables say now: nothing that is remembered counts, nothing is. */
enum mmu_fault model_mmu_tables(struct model *m, const struct mmu_space *space, uint64_t va,
				struct mmu_page *out);
/*
 * Moves `len` bytes. Stops at the first page that faults; what lies before it has been moved.
 * *fault_va says where, if not NULL.
 */
enum mmu_fault model_mmu_access(struct model *m, const struct mmu_space *space,
				struct mmu_request request, uint64_t va, void *buf, size_t len,
				uint64_t *fault_va);
/* Memory by its physical address. False if nothing answers there. */
bool model_physical_access(struct model *m, bool write, struct mmu_addr at, void *buf, size_t len);

bool model_mmu_read(struct model *m, uint32_t addr, uint32_t *value);
bool model_mmu_write(struct model *m, uint32_t addr, uint32_t value);

#endif /* MODEL_MMU_H */
