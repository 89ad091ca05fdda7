/* SPDX-License-Identifier: MIT */
/*
 * sha256.h - SHA-256 (FIPS 180-4) for guests and tools of the tests; needs no C library but memcpy.
 */
#ifndef TESTS_SHA256_H
#define TESTS_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_SIZE 32
#define SHA256_HEX  (2 * SHA256_SIZE + 1) /* as text, with the NUL */

struct sha256 {
	uint32_t state[8];
	uint64_t length; /* bytes taken so far */
	uint8_t block[64];
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t length);
/* Ends the computation; s must be initialised again before further use. */
void sha256_final(struct sha256 *s, uint8_t digest[SHA256_SIZE]);
/* Lower-case hexadecimal. */
void sha256_hex(const uint8_t digest[SHA256_SIZE], char text[SHA256_HEX]);

#endif /* TESTS_SHA256_H */
