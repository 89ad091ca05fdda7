/* SPDX-License-Identifier: MIT */
/*
 * reply.h - taking a reply apart, field by field, and asking once at the end whether all went well.
 *
 * A reply is a structure by a pack, in private memory. Whatever pack or length lack is remembered, the
 * first of it, and reads as 0, so a reader needs no test after each field; what it uses as a
 * count or an index it still has to check.
 */
#ifndef FWQ_REPLY_H
#define FWQ_REPLY_H

#include "fwq/pack.h"

struct fwq_reply {
	const struct fwq_pack *pack;
	const void *bytes;
	size_t len;
	int err; /* the first error, or 0 */
	enum fwq_field field;
};

/* Remembers an error about a field, if it is the first. */
void fwq_reply_note(struct fwq_reply *r, int err, enum fwq_field f);
/* Element i of a field of the structure at `at`, as fwq_get(). */
uint64_t fwq_reply_get(struct fwq_reply *r, enum fwq_field f, size_t at, uint32_t i);
/* Where a field's bytes begin, as fwq_span(); *size if not NULL. */
size_t fwq_reply_span(struct fwq_reply *r, enum fwq_field f, size_t at, size_t *size);
/*
 * A string in an array of bytes, which need not end with a zero; what does not print becomes '?'. text has
 * room for max characters and a zero. A field that the pack lacks is an empty string and no error.
 */
void fwq_reply_text(const struct fwq_reply *r, enum fwq_field f, size_t at, char *text,
		    unsigned int max);
/* 0; -ENOENT: the pack lacks a field; -EPROTO: the reply is too short. Then `why` says which, in one line. */
int fwq_reply_end(const struct fwq_reply *r, char *why, size_t size);

#endif /* FWQ_REPLY_H */
