/* SPDX-License-Identifier: MIT */
/*
 * What whole-system tests judge by: SHA-256 gives the digests that NIST publishes, however the data
 * is cut, and the test pattern tells seeds, guests and addresses apart.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/common/sha256.h"
#include "tests/xen/pattern.h"

/* FIPS 180-4's examples (csrc.nist.gov, "SHA256.pdf" and "SHA2_Additional.pdf"). */
static const struct {
	const char *text;
	unsigned int times;
	const char *digest;
} vectors[] = {
	{"", 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
	{"abc", 1, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
	{"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", 1,
	 "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
	{"a", 1000000, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
};

static void test_sha256_vectors(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		uint8_t digest[SHA256_SIZE];
		char hex[SHA256_HEX];
		struct sha256 sha;

		sha256_init(&sha);
		for (unsigned int n = 0; n < vectors[i].times; n++)
			sha256_update(&sha, vectors[i].text, strlen(vectors[i].text));
		sha256_final(&sha, digest);
		sha256_hex(digest, hex);
		assert_string_equal(hex, vectors[i].digest);
	}
}

/* Every length around the block size, in one piece and in two. */
static void test_sha256_pieces(void **state)
{
	uint8_t data[200] __attribute__((aligned(8)));
	uint8_t whole[SHA256_SIZE], cut[SHA256_SIZE];
	struct sha256 sha;

	(void)state;
	pattern_fill(data, 1, 1, 0, sizeof(data));
	for (size_t len = 0; len <= sizeof(data); len++) {
		sha256_init(&sha);
		sha256_update(&sha, data, len);
		sha256_final(&sha, whole);
		for (size_t at = 0; at <= len; at += 7) {
			sha256_init(&sha);
			sha256_update(&sha, data, at);
			sha256_update(&sha, data + at, len - at);
			sha256_final(&sha, cut);
			assert_memory_equal(whole, cut, SHA256_SIZE);
		}
	}
}

static void test_pattern(void **state)
{
	uint64_t data[64];

	(void)state;
	pattern_fill(data, 11, 22, 4096, sizeof(data));
	assert_true(data[3] == pattern_word(11, 22, 4096 + 24));
	assert_int_equal(pattern_check(data, 11, 22, 4096, sizeof(data)), sizeof(data));
	/* Another seed, guest or place differs from the first word on. */
	assert_int_equal(pattern_check(data, 12, 22, 4096, sizeof(data)), 0);
	assert_int_equal(pattern_check(data, 11, 23, 4096, sizeof(data)), 0);
	assert_int_equal(pattern_check(data, 11, 22, 4104, sizeof(data)), 0);
	/* Seed and key are not interchangeable. */
	assert_true(pattern_word(1, 2, 0) != pattern_word(2, 1, 0));
	/* One wrong bit is found where it is. */
	for (size_t bit = 0; bit < sizeof(data) * 8; bit += 37) {
		data[bit / 64] ^= 1ull << bit % 64;
		assert_int_equal(pattern_check(data, 11, 22, 4096, sizeof(data)), bit / 64 * 8);
		data[bit / 64] ^= 1ull << bit % 64;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sha256_vectors),
		cmocka_unit_test(test_sha256_pieces),
		cmocka_unit_test(test_pattern),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
