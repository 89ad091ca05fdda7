/* SPDX-License-Identifier: MIT */
/*
 * accessors.c - fwq_get(), fwq_put() and fwq_span(): the accessors that check.
 *
 * ASSUMES: one identifier, which stands for all; buf has len bytes. Nothing of the pack: place and size of
 *	the field are any numbers, as if no parser had looked at them.
 * BOUNDS: none; len below 2^40, which is more than there is.
 * PROVES: nothing outside buf is read, written or handed out, for all offsets, sizes, counts,
 *	indexes and positions.
 *
 * CASES: GET PUT SPAN
 * UNWIND: 9
 * WRAPS: fwq_get size - 1u
 * WRAPS: fwq_put (uint8_t)(value >> (unsigned int)8 * n)
 * PLANT GET end: fwq/pack.c s/len - at < \*offset \+ \*size\)/len - at < *offset)/
 * PLANT GET index: fwq/pack.c s/i >= place->count/i > place->count/
 * PLANT PUT start: fwq/pack.c s/at > len \|\| len - at < \*offset/len - at < *offset/
 * PLANT SPAN end: fwq/pack.c s/\(size_t\)place->offset \+ place->size\)/place->offset)/
 */
#include <stdlib.h>

#include "fwq/pack.c"
#include "tests/proof/proof.h"

struct fwq_place nondet_place(void);
size_t nondet_size(void);

int main(void)
{
	static struct fwq_pack pack;
	enum fwq_field f = (enum fwq_field)(FWQ_FIELDS / 2);
	size_t len = nondet_size(), at = nondet_size(), offset, size;
	uint32_t i = nondet_u32();
	uint64_t value = nondet_u64();
	uint8_t *buf;

	ASSUME(len < 1ull << 40);
	buf = malloc(len);
	pack.field[f] = nondet_place();
#if defined(GET)
	if (!fwq_get(&pack, f, buf, len, at, i, &value))
		PROVE(i < pack.field[f].count);
#elif defined(PUT)
	if (!fwq_put(&pack, f, buf, len, at, i, value))
		PROVE(i < pack.field[f].count);
#else
	if (!fwq_span(&pack, f, len, at, &offset, &size))
		PROVE(offset >= at && offset <= len && size <= len - offset);
#endif
	return 0;
}
