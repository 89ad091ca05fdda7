/* SPDX-License-Identifier: MIT */
/*
 * blob.c - parts of a firmware file and what is said about them (see blob.h).
 */
#include <stdarg.h>
#include <stdio.h>

#include "gpu/core/boot/blob.h"

void gpu_blob_say(const struct gpu_blob *blob, struct gpu_error *err, const char *fmt, ...)
{
	int n = snprintf(err->text, sizeof(err->text), "%.64s: ", blob->name);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err->text + n, sizeof(err->text) - (size_t)n, fmt, ap);
	va_end(ap);
	for (char *p = err->text; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

int gpu_blob_part(const struct gpu_blob *blob, uint64_t offset, uint64_t size, const char *what,
		  struct gpu_blob *out, struct gpu_error *err)
{
	if (offset > blob->size || size > blob->size - offset)
		return gpu_blob_fail(blob, err, "%s: 0x%llx bytes at 0x%llx end outside 0x%llx",
				     what, (unsigned long long)size, (unsigned long long)offset,
				     (unsigned long long)blob->size);
	*out = (struct gpu_blob){blob->name, blob->data + offset, (size_t)size};
	return 0;
}
