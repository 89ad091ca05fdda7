/* SPDX-License-Identifier: MIT */
/*
 * xs_wire.c - xenstore messages as bytes. The format: docs/misc/xenstore.txt and
 * xen/include/public/io/xs_wire.h of Xen.
 */
#include <errno.h> /* first: Xen's xs_wire.h defines xsd_errors[] only where EINVAL is known */
#include <stdio.h>
#include <string.h>

#include "hv/common/parse.h"
#include "hv/xen/xs_wire.h"

void hv_xs_buf_reset(struct xs_buf *b)
{
	b->len = 0;
	b->overflow = false;
}

void hv_xs_buf_raw(struct xs_buf *b, const void *data, size_t len)
{
	if (b->overflow || len > sizeof(b->data) - b->len) {
		b->overflow = true;
		return;
	}
	memcpy(b->data + b->len, data, len);
	b->len += len;
}

void hv_xs_buf_str(struct xs_buf *b, const char *s)
{
	hv_xs_buf_raw(b, s, strlen(s) + 1);
}

void hv_xs_buf_perms(struct xs_buf *b, const struct hv_xs_perm *perms, unsigned int n)
{
	static const char letters[] = "nrwb";

	for (unsigned int i = 0; i < n; i++) {
		char text[8];

		snprintf(text, sizeof(text), "%c%u", letters[perms[i].read + 2 * perms[i].write],
			 (unsigned int)perms[i].dom);
		hv_xs_buf_str(b, text);
	}
}

static int error_of(const char *payload, size_t len)
{
	if (!len || payload[len - 1])
		return -EIO;
	for (size_t i = 0; i < sizeof(xsd_errors) / sizeof(xsd_errors[0]); i++)
		if (!strcmp(payload, xsd_errors[i].errstring))
			return -xsd_errors[i].errnum;
	return -EIO;
}

int hv_xs_wire_reply(const struct xsd_sockmsg *hdr, const char *payload, uint32_t type,
		     uint32_t req_id)
{
	if (hdr->req_id != req_id)
		return -EPROTO;
	if (hdr->type == XS_ERROR)
		return error_of(payload, hdr->len);
	return hdr->type == type ? 0 : -EPROTO;
}

int hv_xs_wire_text(const char *payload, size_t len, char *buf, size_t size)
{
	if (memchr(payload, 0, len))
		return -EINVAL;
	if (len >= size)
		return -E2BIG;
	memcpy(buf, payload, len);
	buf[len] = 0;
	return (int)len;
}

/*
 * The length of the string at payload[pos], or -EIO when it is empty or no NUL follows within len.
 */
static int string_at(const char *payload, size_t pos, size_t len)
{
	const char *end = pos < len ? memchr(payload + pos, 0, len - pos) : NULL;

	if (!end || end == payload + pos)
		return -EIO;
	return (int)(end - (payload + pos));
}

int hv_xs_wire_list(const char *payload, size_t len, char *buf, size_t size)
{
	int n = 0;

	for (size_t pos = 0; pos < len; n++) {
		int l = string_at(payload, pos, len);

		if (l < 0)
			return l;
		pos += (size_t)l + 1;
	}
	if (len > size)
		return -E2BIG;
	memcpy(buf, payload, len);
	return n;
}

static int perm_of(const char *s, size_t len, struct hv_xs_perm *perm)
{
	uint64_t dom;

	switch (s[0]) {
	case 'n':
	case 'r':
	case 'w':
	case 'b':
		perm->read = s[0] == 'r' || s[0] == 'b';
		perm->write = s[0] == 'w' || s[0] == 'b';
		break;
	default:
		return -EIO;
	}
	if (hv_parse_u64(s + 1, len - 1, UINT16_MAX, &dom))
		return -EIO;
	perm->dom = (hv_domid_t)dom;
	return 0;
}

int hv_xs_wire_perms(const char *payload, size_t len, struct hv_xs_perm *perms, unsigned int max)
{
	unsigned int n = 0;

	for (size_t pos = 0; pos < len; n++) {
		struct hv_xs_perm perm;
		int l = string_at(payload, pos, len);

		if (l < 0 || perm_of(payload + pos, (size_t)l, &perm))
			return -EIO;
		if (n < max)
			perms[n] = perm;
		pos += (size_t)l + 1;
	}
	return n ? (int)n : -EIO; /* every node has an owner */
}

int hv_xs_wire_tx(const char *payload, size_t len, hv_xs_tx *tx)
{
	uint64_t id;
	int l = string_at(payload, 0, len);

	if (l < 0 || (size_t)l + 1 != len || hv_parse_u64(payload, (size_t)l, UINT32_MAX, &id) ||
	    !id)
		return -EIO;
	*tx = (hv_xs_tx)id;
	return 0;
}

int hv_xs_wire_event(const char *payload, size_t len, const char **path, uint32_t *token)
{
	uint64_t id;
	int plen = string_at(payload, 0, len);
	int tlen = plen < 0 ? plen : string_at(payload, (size_t)plen + 1, len);

	if (tlen < 0 || (size_t)plen + 1 + (size_t)tlen + 1 != len ||
	    hv_parse_u64(payload + plen + 1, (size_t)tlen, UINT32_MAX, &id))
		return -EIO;
	*path = payload;
	*token = (uint32_t)id;
	return 0;
}
