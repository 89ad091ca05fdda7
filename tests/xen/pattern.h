/* SPDX-License-Identifier: MIT */
/*
 * pattern.h - the bytes that test guests move, reproducible from three numbers.
 *
 * The 64-bit little-endian word at byte address a (a multiple of 8) of stream (seed, key) is a mix
 * of all three: seed differs from run to run, key from guest to guest, so a stale byte, a byte of
 * another guest and a byte from another place are all told apart. Bare guests, the Linux module's
 * self-test and the tools that check use this one function; it needs no C library.
 */
#ifndef TESTS_XEN_PATTERN_H
#define TESTS_XEN_PATTERN_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stddef.h>
#include <stdint.h>
#endif

/* Every input bit reaches every output bit (the finaliser of splitmix64, Steele et al. 2014). */
static inline uint64_t pattern_mix(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ull;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebull;
	return x ^ (x >> 31);
}

/* Where a stream starts; constant for all its words. */
static inline uint64_t pattern_stream(uint64_t seed, uint64_t key)
{
	return pattern_mix(pattern_mix(seed + 0x9e3779b97f4a7c15ull) ^ key);
}

static inline uint64_t pattern_word(uint64_t seed, uint64_t key, uint64_t address)
{
	return pattern_mix(pattern_stream(seed, key) + (address / 8) * 0x9e3779b97f4a7c15ull);
}

/* Writes bytes [address, address + length) of the stream to dst; both multiples of 8, dst aligned. */
static inline void pattern_fill(void *dst, uint64_t seed, uint64_t key, uint64_t address,
				size_t length)
{
	uint64_t stream = pattern_stream(seed, key), *word = dst;

	for (uint64_t n = address / 8, end = n + length / 8; n < end; n++)
		*word++ = pattern_mix(stream + n * 0x9e3779b97f4a7c15ull);
}

/* Offset within src of the first word that is not the stream's, or length. Rules as above. */
static inline size_t pattern_check(const void *src, uint64_t seed, uint64_t key, uint64_t address,
				   size_t length)
{
	uint64_t stream = pattern_stream(seed, key);
	const uint64_t *word = src;

	for (size_t i = 0; i < length / 8; i++)
		if (word[i] != pattern_mix(stream + (address / 8 + i) * 0x9e3779b97f4a7c15ull))
			return i * 8;
	return length;
}

#endif /* TESTS_XEN_PATTERN_H */
