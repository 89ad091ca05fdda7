/* SPDX-License-Identifier: MIT */
/*
 * xs_ring.c - two byte rings of XENSTORE_RING_SIZE in one page (xen/io/xs_wire.h). Indices run
 * freely over 32 bits; producer - consumer is the number of bytes in the ring.
 */
#include <errno.h>
#include <string.h>

#include "hv/hv.h"
#include "hv/xen/xs_ring.h"

void hv_xs_ring_init(struct xs_ring *r, struct xenstore_domain_interface *page)
{
	memset(r, 0, sizeof(*r));
	r->page = page;
	r->req_prod = HV_READ_ONCE(page->req_prod);
	r->rsp_cons = HV_READ_ONCE(page->rsp_cons);
}

static size_t min_size(size_t a, size_t b)
{
	return a < b ? a : b;
}

int hv_xs_ring_put(struct xs_ring *r, const void *data, size_t len)
{
	uint32_t used = r->req_prod - HV_READ_ONCE(r->page->req_cons);
	size_t n, first, at = MASK_XENSTORE_IDX(r->req_prod);

	if (used > XENSTORE_RING_SIZE)
		return -EIO;
	hv_mb(); /* the space was seen to be free before it is written */
	n = min_size(len, XENSTORE_RING_SIZE - used);
	first = min_size(n, XENSTORE_RING_SIZE - at);
	memcpy(r->page->req + at, data, first);
	memcpy(r->page->req, (const char *)data + first, n - first);
	hv_wmb(); /* the bytes before the index that announces them */
	r->req_prod += (uint32_t)n;
	HV_WRITE_ONCE(r->page->req_prod, r->req_prod);
	return (int)n;
}

/* Moves up to len bytes out of the response ring: how many, or -EIO. */
static int take(struct xs_ring *r, void *dst, size_t len, bool *freed)
{
	uint32_t cons = r->rsp_cons, avail = HV_READ_ONCE(r->page->rsp_prod) - cons;
	size_t n, first, at = MASK_XENSTORE_IDX(cons);

	if (avail > XENSTORE_RING_SIZE)
		return -EIO;
	n = min_size(len, avail);
	if (!n)
		return 0;
	hv_rmb(); /* the index before the bytes it announces */
	first = min_size(n, XENSTORE_RING_SIZE - at);
	memcpy(dst, r->page->rsp + at, first);
	memcpy((char *)dst + first, r->page->rsp, n - first);
	hv_mb(); /* the bytes are read before their space is given back */
	r->rsp_cons = cons + (uint32_t)n;
	HV_WRITE_ONCE(r->page->rsp_cons, r->rsp_cons);
	hv_mb(); /* our index is out before we look whether xenstored saw the ring full */
	if (HV_READ_ONCE(r->page->rsp_prod) - cons >= XENSTORE_RING_SIZE)
		*freed = true;
	return (int)n;
}

int hv_xs_ring_get(struct xs_ring *r, bool *freed)
{
	int n;

	if (r->complete) {
		r->complete = false;
		r->got = 0;
	}
	while (r->got < sizeof(r->hdr)) {
		n = take(r, (char *)&r->hdr + r->got, sizeof(r->hdr) - r->got, freed);
		if (n <= 0)
			return n;
		r->got += (size_t)n;
	}
	if (r->hdr.len > XENSTORE_PAYLOAD_MAX)
		return -EIO;
	while (r->got < sizeof(r->hdr) + r->hdr.len) {
		size_t at = r->got - sizeof(r->hdr);

		n = take(r, r->payload + at, r->hdr.len - at, freed);
		if (n <= 0)
			return n;
		r->got += (size_t)n;
	}
	r->payload[r->hdr.len] = 0;
	r->complete = true;
	return 1;
}
