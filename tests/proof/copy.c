/* SPDX-License-Identifier: MIT */
/*
 * copy.c - the loops that sum and copy a record, which receive.c and send.c take by their contract.
 *
 * ASSUMES: from and to have len bytes each and do not overlap.
 * BOUNDS: len up to 150: two turns of the widest loop and every length of the rest.
 * PROVES: exactly these bytes are read and written.
 *
 * UNWIND: 9
 * PLANT - word: fwq/queue.c s/for \(; len >= sizeof\(word\);/for (; len > 4;/
 * PLANT - wide: fwq/queue.c s/for \(; len >= sizeof\(v\);/for (; len > 32;/
 * WRAPS: fold (uint32_t)sum
 */
#include <stdlib.h>

#include "fwq/queue.c"
#include "tests/proof/proof.h"

int main(void)
{
	size_t len = nondet_u8();
	uint8_t *from, *to;

	ASSUME(len <= 150);
	from = malloc(len);
	to = malloc(len);
	copy_xor64(to, from, len);
	fwq_checksum(from, len);
	return 0;
}
