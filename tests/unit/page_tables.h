/* SPDX-License-Identifier: MIT */
/*
 * Page tables in VRAM for tests that need an address space: one table of a kind, each 4 KiB behind the one
 * above it, for the first 2 MiB.
 */
#ifndef PAGE_TABLES_H
#define PAGE_TABLES_H

#include <stdint.h>
#include <string.h>

/* Where they are, from the root on; and an instance block before them. */
#define INSTANCE 0x10000u
#define PD3	 0x11000u
#define PD2	 0x12000u
#define PD1	 0x13000u
#define PD0	 0x14000u
#define SMALL	 0x15000u

static inline void put64_at(uint8_t *vram, uint64_t addr, uint64_t value)
{
	memcpy(vram + addr, &value, 8);
}

/* Entries of a directory and of a page, video memory. */
static inline uint64_t pde(uint64_t addr)
{
	return addr >> 4 | 2;
}

static inline uint64_t pte(uint64_t addr)
{
	return addr >> 4 | 1;
}

/* Links them; what else is in them stays. */
static inline void tables_link(uint8_t *vram)
{
	put64_at(vram, PD3, pde(PD2));
	put64_at(vram, PD2, pde(PD1));
	put64_at(vram, PD1, pde(PD0));
	put64_at(vram, PD0 + 8, pde(SMALL));
}

/* The same, with every page mapped where it is. */
static inline void tables_identity(uint8_t *vram)
{
	tables_link(vram);
	for (uint32_t i = 0; i < 512; i++)
		put64_at(vram, SMALL + 8 * i, pte((uint64_t)i << 12));
}

#endif /* PAGE_TABLES_H */
