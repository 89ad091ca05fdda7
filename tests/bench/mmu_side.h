/* SPDX-License-Identifier: MIT */
/*
 * mmu_side.h - one side of bench_mmu: page tables in memory that stands for VRAM.
 */
#ifndef TESTS_BENCH_MMU_SIDE_H
#define TESTS_BENCH_MMU_SIDE_H

#define SIDE_VRAM (64u << 20) /* bytes for tables */

/* NVIDIA's mmu_walk library, unchanged (mmu_vendor.c). Each ends the program when something fails. */
void vendor_open(unsigned char *vram);
void vendor_map(unsigned long va, unsigned long bytes, unsigned int page_shift, unsigned long addr);
void vendor_unmap(unsigned long va, unsigned long bytes);

#endif /* TESTS_BENCH_MMU_SIDE_H */
