/* SPDX-License-Identifier: MIT */
/*
 * handle.h - names that a guest has for what it made: an index into its slice's own table with a generation
 * number, so that a name means nothing in another slice, and a stale one is recognised. Never 0.
 */
#ifndef VGPU_HANDLE_H
#define VGPU_HANDLE_H

#include <stdint.h>

#define VGPU_HANDLE_INDICES	    256u /* entries of a table at most */
#define VGPU_HANDLE_GENERATION_MASK 0xffffffu

/* Begins an entry's next use: *generation is that of the last one, 0 if there was none. */
static inline uint32_t vgpu_handle_new(uint32_t *generation, uint32_t index)
{
	*generation = (*generation + 1) & VGPU_HANDLE_GENERATION_MASK;
	if (!*generation)
		*generation = 1;
	return *generation * VGPU_HANDLE_INDICES + index;
}

static inline uint32_t vgpu_handle_index(uint32_t handle)
{
	return handle % VGPU_HANDLE_INDICES;
}

static inline uint32_t vgpu_handle_generation(uint32_t handle)
{
	return handle / VGPU_HANDLE_INDICES;
}

#endif /* VGPU_HANDLE_H */
