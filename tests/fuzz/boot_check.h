/* SPDX-License-Identifier: MIT */
/*
 * boot_check.h - what must be true of every reader of a firmware file: what it hands out lies in the
 * file, and what it says of a file that it refuses is one line.
 */
#ifndef TESTS_FUZZ_BOOT_CHECK_H
#define TESTS_FUZZ_BOOT_CHECK_H

#include <string.h>

#include "gpu/core/boot/blob.h"
#include "tests/fuzz/must.h"

/* right: the error that was returned is one of those that the reader promises. */
static inline void must_refuse(bool right, const struct gpu_error *err)
{
	must(right && err->text[0] && !strchr(err->text, '\n'));
}

/* Reads every byte, so that AddressSanitizer has its say. */
static inline void use(const struct gpu_blob *file, const struct gpu_blob *part)
{
	volatile uint8_t sum = 0;

	must(part->data >= file->data && part->size <= file->size);
	for (size_t i = 0; i < part->size; i++)
		sum = (uint8_t)(sum + part->data[i]);
}

#endif /* TESTS_FUZZ_BOOT_CHECK_H */
