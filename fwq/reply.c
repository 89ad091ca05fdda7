/* SPDX-License-Identifier: MIT */
/*
 * reply.c - takes replies apart (see reply.h).
 */
#include <errno.h>
#include <stdio.h>

#include "fwq/reply.h"

void fwq_reply_note(struct fwq_reply *r, int err, enum fwq_field f)
{
	if (r->err)
		return;
	r->err = err;
	r->field = f;
}

uint64_t fwq_reply_get(struct fwq_reply *r, enum fwq_field f, size_t at, uint32_t i)
{
	uint64_t v = 0;
	int err = fwq_get(r->pack, f, r->bytes, r->len, at, i, &v);

	if (err)
		fwq_reply_note(r, err, f);
	return err ? 0 : v;
}

size_t fwq_reply_span(struct fwq_reply *r, enum fwq_field f, size_t at, size_t *size)
{
	size_t offset = 0, bytes = 0;
	int err = fwq_span(r->pack, f, r->len, at, &offset, &bytes);

	if (err)
		fwq_reply_note(r, err, f);
	if (size)
		*size = err ? 0 : bytes;
	return err ? 0 : offset;
}

void fwq_reply_text(const struct fwq_reply *r, enum fwq_field f, size_t at, char *text,
		    unsigned int max)
{
	unsigned int i = 0;

	for (; i < max; i++) {
		uint64_t c;

		if (fwq_get(r->pack, f, r->bytes, r->len, at, i, &c) || !c)
			break;
		text[i] = c >= ' ' && c <= '~' ? (char)c : '?';
	}
	text[i] = '\0';
}

int fwq_reply_end(const struct fwq_reply *r, char *why, size_t size)
{
	if (!r->err)
		return 0;
	snprintf(why, size, "pack %s: %s: error %d", r->pack->version, fwq_field_name(r->field),
		 -r->err);
	return r->err == -ENOENT ? -ENOENT : -EPROTO;
}
