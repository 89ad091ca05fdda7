/* SPDX-License-Identifier: MIT */
/*
 * must.h - what has to be true whatever the input was: the fuzzer keeps an input for which it is not.
 */
#ifndef TESTS_FUZZ_MUST_H
#define TESTS_FUZZ_MUST_H

#include <stdbool.h>
#include <stdlib.h>

static inline void must(bool cond)
{
	if (!cond)
		abort();
}

#endif /* TESTS_FUZZ_MUST_H */
