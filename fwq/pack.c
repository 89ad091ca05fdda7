/* SPDX-License-Identifier: MIT */
/*
 * pack.c - looks fields up in an ABI pack that was read (pack_text.c), and looks whether it has what code needs.
 */
#include <errno.h>
#include <stdio.h>

#include "fwq/pack.h"

/* ---------------------------------------------------------------- what must be there */

static const struct needed_field {
	enum fwq_field field;
	uint32_t bytes;
} needed_fields[] = {
#define NEEDED(bits, type, id) {FWQ_F_##type##__##id, (bits) / 8},
#include "fwq/needed.h"
};

static const enum fwq_number needed_numbers[] = {
#define NEEDED_NUMBER(name) FWQ_N_##name,
#include "fwq/needed.h"
};

/* There, one element, of this width. */
static bool is_there(const struct fwq_place *at, uint32_t bytes)
{
	return at->offset != FWQ_ABSENT && at->count == 1 && at->size == bytes;
}

int fwq_pack_complete(const struct fwq_pack *pack, struct fwq_pack_error *error)
{
	for (unsigned int i = 0; i < sizeof(needed_numbers) / sizeof(needed_numbers[0]); i++) {
		enum fwq_number n = needed_numbers[i];

		if (pack->has_number[n] && pack->number[n] <= UINT32_MAX)
			continue;
		snprintf(error->text, sizeof(error->text), "number %s is %s", fwq_number_name(n),
			 pack->has_number[n] ? "above 32 bits" : "missing");
		return -EINVAL;
	}
	for (unsigned int i = 0; i < sizeof(needed_fields) / sizeof(needed_fields[0]); i++) {
		enum fwq_field f = needed_fields[i].field;

		if (is_there(&pack->field[f], needed_fields[i].bytes))
			continue;
		snprintf(error->text, sizeof(error->text),
			 "field %s is missing or not one of %u bytes", fwq_field_name(f),
			 needed_fields[i].bytes);
		return -EINVAL;
	}
	return 0;
}

int fwq_pack_load(const void *text, size_t len, struct fwq_pack *pack, struct fwq_pack_error *error)
{
	int ret = fwq_pack_parse(text, len, pack, error);

	return ret ? ret : fwq_pack_complete(pack, error);
}

/* ---------------------------------------------------------------- fields */

int fwq_span(const struct fwq_pack *p, enum fwq_field f, size_t len, size_t at, size_t *offset,
	     size_t *size)
{
	const struct fwq_place *place = &p->field[f];

	if (place->offset == FWQ_ABSENT)
		return -ENOENT;
	if (at > len || len - at < (size_t)place->offset + place->size)
		return -ERANGE;
	*offset = at + place->offset;
	*size = place->count ? place->size : len - *offset;
	return 0;
}

/* Finds element i: its place in buf and its size in bytes. */
static int element(const struct fwq_pack *p, enum fwq_field f, size_t len, size_t at, uint32_t i,
		   size_t *offset, uint32_t *size)
{
	const struct fwq_place *place = &p->field[f];

	if (place->offset == FWQ_ABSENT)
		return -ENOENT;
	if (i >= place->count)
		return -ERANGE;
	*size = place->count == 1 ? place->size : place->size / place->count;
	if (*size != 1 && *size != 2 && *size != 4 && *size != 8)
		return -EINVAL;
	*offset = place->offset + (size_t)i * *size;
	if (at > len || len - at < *offset + *size)
		return -ERANGE;
	*offset += at;
	return 0;
}

int fwq_get(const struct fwq_pack *p, enum fwq_field f, const void *buf, size_t len, size_t at,
	    uint32_t i, uint64_t *value)
{
	const uint8_t *b = buf;
	size_t offset;
	uint32_t size;
	uint64_t v = 0;
	int ret = element(p, f, len, at, i, &offset, &size);

	if (ret)
		return ret;
	while (size--)
		v = v << 8 | b[offset + size];
	*value = v;
	return 0;
}

int fwq_put(const struct fwq_pack *p, enum fwq_field f, void *buf, size_t len, size_t at,
	    uint32_t i, uint64_t value)
{
	uint8_t *b = buf;
	size_t offset;
	uint32_t size;
	int ret = element(p, f, len, at, i, &offset, &size);

	if (ret)
		return ret;
	if (size < 8 && value >> (8 * size))
		return -EOVERFLOW;
	for (uint32_t n = 0; n < size; n++)
		b[offset + n] = (uint8_t)(value >> (8 * n));
	return 0;
}
