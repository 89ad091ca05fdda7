/* SPDX-License-Identifier: MIT */
/*
 * parse.c - digits to a number, and nothing but digits.
 */
#include <errno.h>

#include "hv/common/parse.h"

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return 16;
}

static int parse(const char *s, size_t len, unsigned int base, uint64_t max, uint64_t *out)
{
	uint64_t v = 0;

	if (!len)
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		unsigned int d = (unsigned int)digit(s[i]);

		if (d >= base || d > max || v > (max - d) / base)
			return -EINVAL;
		v = v * base + d;
	}
	*out = v;
	return 0;
}

int hv_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out)
{
	return parse(s, len, 10, max, out);
}

int hv_parse_hex(const char *s, size_t len, uint64_t max, uint64_t *out)
{
	return parse(s, len, 16, max, out);
}
