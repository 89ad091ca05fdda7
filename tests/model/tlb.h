/* SPDX-License-Identifier: MIT */
/*
 * What the MMU remembers of page tables. A translation that has been used stays as it was until software
 * invalidates it, whatever the tables say by then: so a driver that forgets to is caught here.
 */
#ifndef MODEL_TLB_H
#define MODEL_TLB_H

#include "mmu.h"

#define MODEL_TLB_ENTRIES 1024

struct model_tlb {
	struct model_tlb_entry {
		bool used;
		struct mmu_addr directory;
		uint64_t start;	      /* virtual */
		struct mmu_page page; /* at the start */
	} entries[MODEL_TLB_ENTRIES];
};

int model_tlb_create(struct model *m); /* 0 or -ENOMEM */
void model_tlb_destroy(struct model *m);
void model_tlb_reset(struct model *m);
/* The page that va is in, if it is remembered. */
bool model_tlb_find(struct model *m, const struct mmu_space *space, uint64_t va,
		    struct mmu_page *out);
/* Remembers a page, `out` being what model_mmu_walk() found at va. Faults are not remembered. */
void model_tlb_fill(struct model *m, const struct mmu_space *space, uint64_t va,
		    const struct mmu_page *page);
/* Forgets: of one directory, or of all when it is NULL; one page, or all when va is NULL. */
void model_tlb_invalidate(struct model *m, const struct mmu_addr *directory, const uint64_t *va);

#endif /* MODEL_TLB_H */
