/* SPDX-License-Identifier: MIT */
/*
 * entries.h - sets of a table's entries, a bit for each: which are mapped, which are reserved.
 */
#ifndef GPU_MMU_ENTRIES_H
#define GPU_MMU_ENTRIES_H

#include <stdbool.h>
#include <stdint.h>

/* Those of [first, end) that are in the set's word i; at least one is. */
static inline uint64_t gpu_entries_mask(unsigned int i, unsigned int first, unsigned int end)
{
	uint64_t mask = ~0ull;

	if (i == first / 64)
		mask <<= first % 64;
	if (i == (end - 1) / 64)
		mask &= ~0ull >> (-end % 64);
	return mask;
}

/* Is this one? */
static inline bool gpu_entries_has(const uint64_t *set, unsigned int i)
{
	return set[i / 64] >> i % 64 & 1;
}

/* Are all of [first, end)? These are not empty, here and below. */
static inline bool gpu_entries_all(const uint64_t *set, unsigned int first, unsigned int end)
{
	uint64_t missing = 0;

	for (unsigned int i = first / 64; i <= (end - 1) / 64; i++)
		missing |= ~set[i] & gpu_entries_mask(i, first, end);
	return !missing;
}

/* Is there one in [first, end)? */
static inline bool gpu_entries_any(const uint64_t *set, unsigned int first, unsigned int end)
{
	uint64_t found = 0;

	for (unsigned int i = first / 64; i <= (end - 1) / 64; i++)
		found |= set[i] & gpu_entries_mask(i, first, end);
	return found;
}

static inline void gpu_entries_add(uint64_t *set, unsigned int first, unsigned int end)
{
	for (unsigned int i = first / 64; i <= (end - 1) / 64; i++)
		set[i] |= gpu_entries_mask(i, first, end);
}

static inline void gpu_entries_remove(uint64_t *set, unsigned int first, unsigned int end)
{
	for (unsigned int i = first / 64; i <= (end - 1) / 64; i++)
		set[i] &= ~gpu_entries_mask(i, first, end);
}

#endif /* GPU_MMU_ENTRIES_H */
