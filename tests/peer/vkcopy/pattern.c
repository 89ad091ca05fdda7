/* SPDX-License-Identifier: MIT */
/*
 * What vkcopy writes, and whether it arrived. Every 64-bit word of a pattern differs from every other
 * one of the same seed, so a block that lands in another place is noticed as surely as a wrong byte.
 * Loops go by words: the program also runs on emulated processors.
 */
#include <string.h>

#include "vkcopy.h"

/* An odd factor maps words one to one, and so does the shift. */
static uint64_t word_at(uint64_t seed, size_t i)
{
	uint64_t x = (seed + i) * 0x9e3779b97f4a7c15ULL;

	return x ^ x >> 29;
}

void vkcopy_pattern(void *to, size_t size, uint64_t seed)
{
	size_t words = size / 8;
	uint64_t word;

	for (size_t i = 0; i < words; i++) {
		word = word_at(seed, i);
		memcpy((uint8_t *)to + i * 8, &word, 8);
	}
	word = word_at(seed, words);
	memcpy((uint8_t *)to + words * 8, &word, size % 8);
}

/* The first of `size` bytes at which two words differ, or `size`. */
static size_t byte_of(uint64_t have, uint64_t want, size_t size, uint8_t *expected)
{
	for (size_t i = 0; i < size; i++) {
		*expected = (uint8_t)(want >> i * 8);
		if ((uint8_t)(have >> i * 8) != *expected)
			return i;
	}
	return size;
}

size_t vkcopy_differs(const void *at, size_t size, uint64_t seed, uint8_t *expected)
{
	size_t words = size / 8;
	uint64_t have = 0;

	for (size_t i = 0; i < words; i++) {
		memcpy(&have, (const uint8_t *)at + i * 8, 8);
		if (have != word_at(seed, i))
			return i * 8 + byte_of(have, word_at(seed, i), 8, expected);
	}
	have = 0;
	memcpy(&have, (const uint8_t *)at + words * 8, size % 8);
	return words * 8 + byte_of(have, word_at(seed, words), size % 8, expected);
}

size_t vkcopy_differs_word(const void *at, size_t phase, size_t size, uint32_t word,
			   uint8_t *expected)
{
	unsigned int turn = phase % 4 * 8;
	/* As the word looks from that phase on. */
	uint32_t turned = turn ? word >> turn | word << (32 - turn) : word;
	uint64_t want = (uint64_t)turned << 32 | turned;
	uint64_t have;
	size_t i;

	for (i = 0; i + 8 <= size; i += 8) {
		memcpy(&have, (const uint8_t *)at + i, 8);
		if (have != want)
			return i + byte_of(have, want, 8, expected);
	}
	have = 0;
	memcpy(&have, (const uint8_t *)at + i, size - i);
	return i + byte_of(have, want, size - i, expected);
}
