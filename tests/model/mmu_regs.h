/* SPDX-License-Identifier: MIT */
/*
 * Page tables of the GPU in version 2 of their format (Pascal to Hopper), the part of an instance block
 * that leads to them, and the registers that invalidate what was cached of them.
 *
 * Sources: OGKM gp100/dev_mmu.h (NV_MMU_VER2_*), ga100/dev_vm.h (MMU_INVALIDATE); for the
 * instance block, nouveau subdev/mmu/vmmgf100.c and vmmgp100.c.
 */
#ifndef MODEL_MMU_REGS_H
#define MODEL_MMU_REGS_H

/* A virtual address has 49 bits: 2, 9, 9 and 8 choose directory entries, the rest lies in 2 MiB. */
#define MMU_VA_BITS	   49
#define MMU_PD0_SHIFT	   21
#define MMU_PAGE_BIG_SHIFT 16

/* Entries; PDE 0 has two halves, for big (64 KiB) and small (4 KiB) pages. Addresses are above. */
#define MMU_PTE_VALID	    0x1ull
#define MMU_APERTURE(entry) ((unsigned int)((entry) >> 1) & 3)
#define MMU_ENTRY_VOL	    0x8ull /* without an aperture, or not VALID: sparse */
#define MMU_PTE_PRIVILEGE   0x20ull
#define MMU_PTE_READ_ONLY   0x40ull
#define MMU_PTE_KIND(entry) ((uint8_t)((entry) >> 56))
#define MMU_ADDRESS_VID	    0x00000001ffffff00ull /* 32:8 */
#define MMU_ADDRESS_SYS	    0x003fffffffffff00ull /* 53:8 */
#define MMU_ADDRESS_BIG_VID 0x00000001fffffff0ull /* of PDE 0's lower half: 32:4 */
#define MMU_ADDRESS_BIG_SYS 0x003ffffffffffff0ull
#define MMU_ADDRESS_SHIFT   4 /* from place in the entry to address, of either kind */

/* PDE: 0 is none. PTE: 0 is video memory, 1 a peer. */
enum mmu_aperture { MMU_PDE_NONE, MMU_PDE_VID, MMU_SYS_COH, MMU_SYS_NCOH };
#define MMU_PTE_VID  0
#define MMU_PTE_PEER 1

/* Instance block: PAGE_DIR_BASE, TARGET 1:0 (as in BAR blocks), address 63:12; then the limit. */
#define RAMIN_PAGE_DIR_BASE	  0x200u
#define RAMIN_ADR_LIMIT		  0x208u
#define RAMIN_PDB_TARGET	  0x3ull
#define RAMIN_PDB_VOL		  0x4ull
#define RAMIN_PDB_USE_VER2	  0x400ull
#define RAMIN_PDB_BIG_PAGE_64KIB  0x800ull
#define RAMIN_PDB_ADDR		  (~0xfffull)
#define RAMIN_TARGET_VID_MEM	  0u
#define RAMIN_TARGET_SYS_MEM_COH  2u
#define RAMIN_TARGET_SYS_MEM_NCOH 3u

/*
 * What invalidates. The directory's address 39:12 in 31:4, its aperture below that; 63:40.
 */
#define NV_VF_PRIV_MMU_INVALIDATE_PDB	    0xb830a0
#define NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB 0xb830a4
#define NV_VF_PRIV_MMU_INVALIDATE	    0xb830b0
#define MMU_INVALIDATE_PDB_APERTURE(w)	    ((w) >> 1 & 1) /* 0: video memory */
#define MMU_INVALIDATE_PDB_ADDR		    0xfffffff0u
#define MMU_INVALIDATE_ALL_VA		    0x1u
#define MMU_INVALIDATE_ALL_PDB		    0x2u
#define MMU_INVALIDATE_SYS_MEMBAR	    0x40u
#define MMU_INVALIDATE_TRIGGER		    0x80000000u

#endif /* MODEL_MMU_REGS_H */
