/* SPDX-License-Identifier: MIT */
/*
 * parse.h - the one strict number parser for text that another domain may have written.
 *
 * strtoul() skips blanks, takes signs and wraps around; xenstore values deserve none of that.
 */
#ifndef HV_PARSE_H
#define HV_PARSE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads exactly `len` characters of s as a decimal number within [0, max]: digits only, at least
 * one, nothing before or behind. 0, or -EINVAL with *out untouched.
 */
int hv_parse_u64(const char *s, size_t len, uint64_t max, uint64_t *out);

/* The same for exactly `len` hexadecimal digits (no prefix). */
int hv_parse_hex(const char *s, size_t len, uint64_t max, uint64_t *out);

#endif /* HV_PARSE_H */
