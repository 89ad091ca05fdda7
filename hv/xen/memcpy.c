/* SPDX-License-Identifier: MIT */
/*
 * memcpy.c - copying that stays in the cache.
 *
 * newlib's memcpy writes past the cache from 256 bytes on. What is copied here is read again at
 * once: summed, parsed, or fetched by the device from the cache. So this takes the processor's own
 * string move, in words because an emulator does one element at a time.
 *
 * It counts what it moves: that the firmware's image is not copied is a promise that can be checked.
 */
#include <stddef.h>
#include <string.h>

#include "hv/hv.h"

static uint64_t copied;

uint64_t hv_copied(void)
{
	return copied;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	void *at = to;
	size_t words = n / 8, bytes = n % 8;

	copied += n;
	__asm__ volatile("rep movsq" : "+D"(at), "+S"(from), "+c"(words) : : "memory");
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes) : : "memory");
	return to;
}
