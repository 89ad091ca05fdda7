/* SPDX-License-Identifier: MIT */
/*
 * blob.h - a piece of a firmware file, looked at in place.
 *
 * Every parser of this folder works on bytes that it only reads and never copies: it asks for a part,
 * which is checked once, and then reads fields of that part. A part remembers the name of the file it
 * came from, so that every message can say where the value stood. Nothing here allocates; the bytes
 * must stay and must not change for as long as a part of them is in use.
 */
#ifndef GPU_BOOT_BLOB_H
#define GPU_BOOT_BLOB_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu/core/error.h"

struct gpu_blob {
	const char *name; /* of the file, for messages */
	const uint8_t *data;
	size_t size; /* bytes */
};

/* Fills err with "NAME: text"; what is not printable, as in a name out of a file, becomes '?'. */
void gpu_blob_say(const struct gpu_blob *blob, struct gpu_error *err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The same, as the value a parser ends with (a macro, so that checkers see that it is an error). */
#define gpu_blob_fail(blob, err, ...) (gpu_blob_say(blob, err, __VA_ARGS__), -EINVAL)

/*
 * The `size` bytes at `offset`, as *out. Any values may be given; a part that is not wholly inside the
 * blob is refused with -EINVAL and a message that calls it `what`. A part may be empty.
 */
int gpu_blob_part(const struct gpu_blob *blob, uint64_t offset, uint64_t size, const char *what,
		  struct gpu_blob *out, struct gpu_error *err);

/* Little-endian values at any alignment; the caller has checked that they are there. */
static inline uint16_t gpu_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t gpu_le32(const uint8_t *p)
{
	return (uint32_t)gpu_le16(p) | (uint32_t)gpu_le16(p + 2) << 16;
}

static inline uint64_t gpu_le64(const uint8_t *p)
{
	return gpu_le32(p) | (uint64_t)gpu_le32(p + 4) << 32;
}

static inline void gpu_put_le32(uint8_t *p, uint32_t value)
{
	for (unsigned int i = 0; i < 4; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static inline void gpu_put_le64(uint8_t *p, uint64_t value)
{
	gpu_put_le32(p, (uint32_t)value);
	gpu_put_le32(p + 4, (uint32_t)(value >> 32));
}

#endif /* GPU_BOOT_BLOB_H */
