/* SPDX-License-Identifier: MIT */
/*
 * xs_wire.h - xenstore messages as bytes: requests put together, answers taken apart.
 *
 * A message is a struct xsd_sockmsg (xen/io/xs_wire.h) and up to XENSTORE_PAYLOAD_MAX bytes, most
 * of them strings that end in NUL (docs/misc/xenstore.txt of Xen). Nothing here knows the ring or
 * Xen, so the same file runs in unit tests and under the fuzzer. xenstored is trusted, but values
 * in its answers come from other domains: every length and every NUL is checked.
 */
#ifndef HV_XEN_XS_WIRE_H
#define HV_XEN_XS_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

#include "hv/hv.h"

/* A request's payload under construction. */
struct xs_buf {
	size_t len;
	bool overflow; /* something did not fit; the request must not be sent */
	char data[XENSTORE_PAYLOAD_MAX];
};

void hv_xs_buf_reset(struct xs_buf *b);
void hv_xs_buf_raw(struct xs_buf *b, const void *data, size_t len);
void hv_xs_buf_str(struct xs_buf *b, const char *s); /* with its NUL */
/* The permission strings of XS_SET_PERMS: "n|r|w|b" and the domain id, each with a NUL. */
void hv_xs_buf_perms(struct xs_buf *b, const struct hv_xs_perm *perms, unsigned int n);

/*
 * Does this answer the request (type, req_id)? 0: yes, its payload may be parsed. Otherwise the
 * error of an XS_ERROR answer as -errno (-EIO for a string we do not know), or -EPROTO: no answer
 * to this request at all, so the stream can no longer be trusted.
 */
int hv_xs_wire_reply(const struct xsd_sockmsg *hdr, const char *payload, uint32_t type,
		     uint32_t req_id);

/* XS_READ: text of `len` bytes without NUL into buf[size]; the length, -EINVAL, -E2BIG. */
int hv_xs_wire_text(const char *payload, size_t len, char *buf, size_t size);

/* XS_DIRECTORY: names, each with its NUL, into buf[size]; how many, -EIO malformed, -E2BIG. */
int hv_xs_wire_list(const char *payload, size_t len, char *buf, size_t size);

/* XS_GET_PERMS: how many entries there are, of which at most max are filled in; -EIO malformed. */
int hv_xs_wire_perms(const char *payload, size_t len, struct hv_xs_perm *perms, unsigned int max);

/* XS_TRANSACTION_START: the id, never 0; -EIO malformed. */
int hv_xs_wire_tx(const char *payload, size_t len, hv_xs_tx *tx);

/* XS_WATCH_EVENT: *path points into the payload; -EIO malformed. */
int hv_xs_wire_event(const char *payload, size_t len, const char **path, uint32_t *token);

#endif /* HV_XEN_XS_WIRE_H */
