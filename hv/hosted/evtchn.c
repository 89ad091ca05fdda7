/* SPDX-License-Identifier: MIT */
/*
 * evtchn.c - event channels, after xen/common/event_channel.c (stable-4.17).
 *
 * Worth knowing: binding raises the binder's own port once, since events sent before are lost; when
 * one end closes, the other becomes unbound, may be bound again by the same domain, and sends on it
 * vanish without an error.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/internal.h"
#include "hv/hosted/xen_abi.h"

void hosted_evtchn_init(struct hosted_domain *d, hv_port_t max_port)
{
	d->max_port = max_port;
	d->ports = hosted_zalloc((size_t)max_port + 1, sizeof(*d->ports));
}

static struct port *find_port(struct hosted_domain *d, hv_port_t port)
{
	if (!port || port > d->max_port || d->ports[port].state == PORT_FREE)
		return NULL;
	return &d->ports[port];
}

int hosted_evtchn_new(struct hosted_domain *d, enum port_state state, hv_event_fn fn, void *arg)
{
	for (hv_port_t p = 1; p <= d->max_port; p++) {
		if (d->ports[p].state == PORT_FREE) {
			d->ports[p] = (struct port){.state = state, .fn = fn, .arg = arg};
			d->ports_used++;
			return (int)p;
		}
	}
	return -ENOSPC;
}

void hosted_evtchn_raise(struct hosted_domain *d, hv_port_t port)
{
	struct port *p = find_port(d, port);

	if (!p || p->pending)
		return;
	p->pending = true;
	d->ports_pending++;
	if (!p->masked)
		d->upcall = true;
}

static void close_port(struct hosted_domain *d, hv_port_t port)
{
	struct port *p = &d->ports[port];

	if (p->state == PORT_INTERDOMAIN) {
		struct hosted_domain *peer = hosted_find(d->h, p->remote);
		struct port *r = &peer->ports[p->remote_port];

		r->state = PORT_UNBOUND;
		r->remote = d->id;
		r->remote_port = 0;
	}
	d->ports_pending -= p->pending;
	memset(p, 0, sizeof(*p));
	d->ports_used--;
}

void hosted_evtchn_free(struct hosted_domain *d)
{
	for (hv_port_t p = 1; p <= d->max_port; p++) {
		if (d->ports[p].state != PORT_FREE)
			close_port(d, p);
	}
	free(d->ports);
}

/* ---------------------------------------------------------------- delivery */

bool hosted_evtchn_due(const struct hosted_domain *d)
{
	if (!d->ports_pending)
		return false;
	for (hv_port_t p = 1; p <= d->max_port; p++) {
		if (d->ports[p].pending && !d->ports[p].masked)
			return true;
	}
	return false;
}

bool hosted_evtchn_run(struct hosted_domain *d)
{
	bool any = false;

	if (!d->ports_pending)
		return false;
	for (hv_port_t p = 1; p <= d->max_port && !d->common.exiting; p++) {
		struct port *port = &d->ports[p];

		if (!port->pending || port->masked)
			continue;
		port->pending = false;
		d->ports_pending--;
		if (port->fn)
			port->fn(p, port->arg);
		any = true;
	}
	return any;
}

/* ---------------------------------------------------------------- hv.h */

int hv_evtchn_alloc(hv_domid_t remote, hv_event_fn fn, void *arg)
{
	struct hosted_domain *d = hosted_cur();
	int port;

	hv_common_count(__HYPERVISOR_event_channel_op, EVTCHNOP_alloc_unbound);
	if (hosted_fails(d, HOSTED_FAIL_EVTCHN))
		return -ENOSPC;
	port = hosted_evtchn_new(d, PORT_UNBOUND, fn, arg);
	if (port > 0)
		d->ports[port].remote = remote;
	return port;
}

int hv_evtchn_bind(hv_domid_t remote, hv_port_t remote_port, hv_event_fn fn, void *arg)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_domain *rd = hosted_find(d->h, remote);
	struct port *r;
	int port;

	hv_common_count(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_interdomain);
	if (hosted_fails(d, HOSTED_FAIL_EVTCHN))
		return -ENOSPC;
	if (!rd)
		return -ESRCH;
	port = hosted_evtchn_new(d, PORT_INTERDOMAIN, fn, arg);
	if (port < 0)
		return port;
	/* Looked at after our own port exists: the port bound may not be that one. */
	r = find_port(rd, remote_port);
	if (!r || r->state != PORT_UNBOUND || r->remote != d->id) {
		memset(&d->ports[port], 0, sizeof(d->ports[port]));
		d->ports_used--;
		return -EINVAL;
	}
	d->ports[port].remote = remote;
	d->ports[port].remote_port = remote_port;
	r->state = PORT_INTERDOMAIN;
	r->remote = d->id;
	r->remote_port = (hv_port_t)port;
	hosted_evtchn_raise(d, (hv_port_t)port);
	return port;
}

void hv_evtchn_close(hv_port_t port)
{
	struct hosted_domain *d = hosted_cur();

	if (!find_port(d, port))
		return;
	hv_common_count(__HYPERVISOR_event_channel_op, EVTCHNOP_close);
	close_port(d, port);
}

int hv_evtchn_send(hv_port_t port)
{
	struct hosted_domain *d = hosted_cur();
	struct port *p = find_port(d, port);
	struct hosted_domain *peer;

	if (!p)
		return -EINVAL;
	hv_common_count(__HYPERVISOR_event_channel_op, EVTCHNOP_send);
	if (p->state == PORT_UNBOUND)
		return 0;
	if (p->state != PORT_INTERDOMAIN)
		return -EINVAL;
	peer = hosted_find(d->h, p->remote);
	hosted_evtchn_raise(peer, p->remote_port);
	return 0;
}

void hv_evtchn_mask(hv_port_t port)
{
	struct port *p = find_port(hosted_cur(), port);

	if (p)
		p->masked = true;
}

void hv_evtchn_unmask(hv_port_t port)
{
	struct hosted_domain *d = hosted_cur();
	struct port *p = find_port(d, port);

	if (!p)
		return;
	p->masked = false;
	if (p->pending)
		d->upcall = true;
}
