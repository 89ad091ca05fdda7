/* SPDX-License-Identifier: MIT */
/*
 * view.c - fwq_rd() and fwq_wr(): the accessors that check nothing.
 *
 * ASSUMES: the field passed is_there(), as fwq_pack_complete() demands of each in needed.h; it lies in its
 *	structure, as the parser demands (take_field()); the caller has the structure's bytes, no more.
 * BOUNDS: none: every field of needed.h, any place that the above lets pass.
 * PROVES: no access leaves the structure.
 *
 * REPLACES: __builtin_memcpy=model_memcpy
 * UNWIND: 1
 * PLANT - width: fwq/pack.c s/at->count == 1 && at->size == bytes/at->count == 1/
 * PLANT - presence: fwq/pack.c s/at->offset != FWQ_ABSENT && at->count == 1/at->count == 1/
 */
#include <stdlib.h>

#include "fwq/pack.c"
#include "fwq/view.h"
#include "tests/proof/proof.h"

struct fwq_place nondet_place(void);

/* What take_field() leaves of a field that is there. */
static bool in_its_structure(const struct fwq_place *at, uint32_t size)
{
	return at->offset == FWQ_ABSENT ||
	       (size <= FWQ_PACK_STRUCT_MAX && at->offset <= size && at->size <= size - at->offset);
}

int main(void)
{
	static struct fwq_pack pack;
	uint32_t which = nondet_u32(), n = 0, size = nondet_u32();
	struct fwq_place at = nondet_place();
	uint8_t *buf;

	ASSUME(in_its_structure(&at, size));
	buf = malloc(size);
#define NEEDED(bits, type, id)                                                                     \
	if (which == n++) {                                                                        \
		ASSUME(is_there(&at, (bits) / 8));                                                 \
		pack.field[FWQ_F_##type##__##id] = at;                                             \
		fwq_wr(&pack, type, id, buf, fwq_rd(&pack, type, id, buf));                        \
	}
#include "fwq/needed.h"
	return 0;
}
