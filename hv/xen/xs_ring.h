/* SPDX-License-Identifier: MIT */
/*
 * xs_ring.h - the page shared with xenstored, as two byte streams cut into messages.
 *
 * xenstored owns rsp_prod and req_cons and may write anything into the page at any time. So our own
 * indices are kept here and never read back, the peer's are read once per step, and payload bytes
 * are copied out before anybody looks at them. An index or a length out of range is final: the
 * stream has no way to find its next message again.
 *
 * This file does no notifying and no waiting; xs.c does. It runs on the host for tests as it is.
 */
#ifndef HV_XEN_XS_RING_H
#define HV_XEN_XS_RING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xs_wire.h>

struct xs_ring {
	struct xenstore_domain_interface *page;
	uint32_t req_prod;	/* ours */
	uint32_t rsp_cons;	/* ours */
	struct xsd_sockmsg hdr; /* of the message being received, or just received */
	size_t got;		/* bytes of it (header and payload) that are here */
	bool complete;		/* it was handed out; the next step starts a new one */
	char payload[XENSTORE_PAYLOAD_MAX + 1]; /* always NUL behind the last byte */
};

/* Takes over the indices as they stand (both rings are empty in a domain that just started). */
void hv_xs_ring_init(struct xs_ring *r, struct xenstore_domain_interface *page);

/* Puts as much as fits into the request ring: bytes taken (0: full), or -EIO. */
int hv_xs_ring_put(struct xs_ring *r, const void *data, size_t len);

/*
 * One step of receiving. 1: a message is complete in hdr and payload and stays there until the next
 * call; 0: more bytes are needed; -EIO. *freed is set when xenstored may be waiting for the space
 * that was made, so it has to be notified; it is never cleared.
 */
int hv_xs_ring_get(struct xs_ring *r, bool *freed);

#endif /* HV_XEN_XS_RING_H */
