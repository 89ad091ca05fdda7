/* SPDX-License-Identifier: MIT */
/*
 * rnd.h - repeatable numbers for tests that try many things: Marsaglia's xorshift of 32 bits.
 */
#ifndef TESTS_UNIT_RND_H
#define TESTS_UNIT_RND_H

#include <stdint.h>

static uint32_t rng; /* not 0: the seed, which a test sets and names when it fails */

static inline uint32_t rnd(void)
{
	rng ^= rng << 13;
	rng ^= rng >> 17;
	rng ^= rng << 5;
	return rng;
}

#endif /* TESTS_UNIT_RND_H */
