/* SPDX-License-Identifier: MIT */
/*
 * fwq_lying_pack.h - a pack of the tree, or one in which fields of some structures lie elsewhere.
 *
 * A pack file may say what it likes as long as fwq_pack_parse() passes it: each field inside its
 * structure, its size a multiple of its count. The lies told here keep to that.
 */
#ifndef TESTS_FUZZ_FWQ_LYING_PACK_H
#define TESTS_FUZZ_FWQ_LYING_PACK_H

#include <stdlib.h>
#include <string.h>

#include "fwq/packs.h"
#include "tests/fuzz/must.h"

/* Fields [first, last] of structure `s`, one after the other in fwq/abigen/wanted. */
struct lie {
	enum fwq_struct s;
	enum fwq_field first, last;
};

#define LIE_ABOUT(s, first, last)                                                                  \
	{                                                                                          \
		FWQ_S_##s, FWQ_F_##s##__##first, FWQ_F_##s##__##last                               \
	}
#define LIE_BYTES 5u /* of input for one lie */

/* Tells one lie: which structure and field, whether it is there, its offset, size and count. */
static inline void lie_once(struct fwq_pack *pack, const struct lie *about, unsigned int n,
			    const uint8_t in[LIE_BYTES])
{
	const struct lie *a = &about[in[0] % n];
	struct fwq_place *at = &pack->field[a->first + in[1] % (a->last - a->first + 1)];
	uint32_t whole;

	if (pack->size[a->s] == FWQ_ABSENT || in[2] == 255)
		pack->size[a->s] = in[2];
	whole = pack->size[a->s];
	*at = (struct fwq_place){.offset = FWQ_ABSENT};
	if (in[4] & 0x80) /* there is no such field */
		return;
	at->count = in[4] & 0x7f;
	at->size = at->count * (in[3] % 17);
	at->offset = in[2] % (whole + 1);
	if (at->size > whole - at->offset || !at->size)
		*at = (struct fwq_place){.offset = at->offset};
}

/*
 * The pack as it is when `lies` is 0; else a copy of it, one for all calls, with as many lies told as
 * the input has bytes for, and those bytes taken.
 */
static inline const struct fwq_pack *lie_about(const struct fwq_pack *pack, unsigned int lies,
					       const struct lie *about, unsigned int n,
					       const uint8_t **data, size_t *size)
{
	static struct fwq_pack lying;

	if (!lies)
		return pack;
	lying = *pack;
	for (; lies && *size > LIE_BYTES; lies--, *data += LIE_BYTES, *size -= LIE_BYTES)
		lie_once(&lying, about, n, *data);
	return &lying;
}

/*
 * A reply of `len` bytes in a block that ends where it does; structures are longer than an input should
 * be, so what is missing is repeated from the start. size is not 0. To be freed.
 */
static inline uint8_t *repeated_reply(uint32_t len, const uint8_t *data, size_t size)
{
	uint8_t *reply = malloc(len ? len : 1);

	must(reply != NULL);
	for (uint32_t i = 0; i < len; i++)
		reply[i] = data[i % size];
	return reply;
}

#endif /* TESTS_FUZZ_FWQ_LYING_PACK_H */
