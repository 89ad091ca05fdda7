/* SPDX-License-Identifier: MIT */
/*
 * evtchn.c - 2-level event channels: 4096 ports in 64 words of pending and mask bits.
 *
 * Xen sets a port's pending bit and, on its 0->1 edge while unmasked, the word's bit in the
 * selector, and, on that one's 0->1 edge, evtchn_upcall_pending. So whoever is to be woken again
 * must clear all three in the opposite order of looking: upcall_pending, then the selector, then
 * the port bits. hv_xen_events_collect() does that for *all* ports and keeps what it finds in
 * `due`; leaving even one selector bit set would silence every other port of that word.
 *
 * A masked port's bit in `due` or in Xen's page stays until it is unmasked or closed.
 */
#include <errno.h>

#include "hv/xen/evtchn.h"
#include "hv/xen/hypercall.h"
#include "hv/xen/time.h"

#define WORDS	  64u
#define WORD_BITS 64u
#define PORTS	  (WORDS * WORD_BITS)

struct handler {
	hv_event_fn fn;
	void *arg;
	bool internal; /* does not count as something done, see hv_xen_event_attach() */
};

static struct handler handlers[PORTS];
static xen_ulong_t open[WORDS]; /* ports that are ours to use */
static uint64_t due[WORDS];
static hv_domid_t own_domid;

static uint64_t bit_of(hv_port_t port)
{
	return 1ull << (port % WORD_BITS);
}

/* Bits that Xen or we may change at any time. */
static void bit_set(xen_ulong_t *words, hv_port_t port)
{
	__atomic_fetch_or(&words[port / WORD_BITS], bit_of(port), __ATOMIC_SEQ_CST);
}

static void bit_clear(xen_ulong_t *words, hv_port_t port)
{
	__atomic_fetch_and(&words[port / WORD_BITS], ~bit_of(port), __ATOMIC_SEQ_CST);
}

static bool bit_test(const xen_ulong_t *words, hv_port_t port)
{
	return HV_READ_ONCE(words[port / WORD_BITS]) & bit_of(port);
}

static bool is_open(hv_port_t port)
{
	return port < PORTS && bit_test(open, port);
}

/*
 * A PV domain is not told its own id. An unbound port reserved for "ourselves" has Xen put the
 * number in, and EVTCHNOP_status shows it (xen: common/event_channel.c, evtchn_alloc_unbound).
 */
static void learn_domid(void)
{
	struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
	struct evtchn_status status = {.dom = DOMID_SELF};
	struct evtchn_close close;

	HV_CHECK(hv_hypercall_event(EVTCHNOP_alloc_unbound, &alloc) == 0);
	status.port = alloc.port;
	HV_CHECK(hv_hypercall_event(EVTCHNOP_status, &status) == 0);
	HV_CHECK(status.status == EVTCHNSTAT_unbound);
	own_domid = status.u.unbound.dom;
	close.port = alloc.port;
	HV_CHECK(hv_hypercall_event(EVTCHNOP_close, &close) == 0);
}

hv_domid_t hv_domid(void)
{
	return own_domid;
}

void hv_xen_events_init(void)
{
	unsigned int i;

	for (i = 0; i < WORDS; i++)
		HV_WRITE_ONCE(hv_xen_shared_info->evtchn_mask[i], UINT64_MAX);
	learn_domid();
}

bool hv_xen_events_collect(void)
{
	struct shared_info *shared = hv_xen_shared_info;
	struct vcpu_info *vcpu = &shared->vcpu_info[0];
	uint64_t selector, any = 0;
	unsigned int i;

	HV_WRITE_ONCE(vcpu->evtchn_upcall_pending, 0);
	selector = __atomic_exchange_n(&vcpu->evtchn_pending_sel, 0, __ATOMIC_SEQ_CST);
	while (selector) {
		uint64_t ready;

		i = __builtin_ctzll(selector);
		selector &= selector - 1;
		ready = HV_READ_ONCE(shared->evtchn_pending[i]) &
			~HV_READ_ONCE(shared->evtchn_mask[i]);
		__atomic_fetch_and(&shared->evtchn_pending[i], ~ready, __ATOMIC_SEQ_CST);
		due[i] |= ready;
	}
	if (due[hv_xen_time_port() / WORD_BITS] & bit_of(hv_xen_time_port()))
		hv_xen_time_spent();
	for (i = 0; i < WORDS; i++)
		any |= due[i] & ~HV_READ_ONCE(shared->evtchn_mask[i]);
	return any != 0;
}

bool hv_xen_events_dispatch(void)
{
	xen_ulong_t *mask = hv_xen_shared_info->evtchn_mask;
	bool ran = false;
	unsigned int i;

	for (i = 0; i < WORDS; i++) {
		uint64_t now = due[i] & ~HV_READ_ONCE(mask[i]);

		while (now) {
			hv_port_t port = i * WORD_BITS + __builtin_ctzll(now);

			now &= now - 1;
			/* An earlier handler may have closed or masked this one. */
			if (!(due[i] & bit_of(port)) || bit_test(mask, port))
				continue;
			due[i] &= ~bit_of(port);
			ran |= !handlers[port].internal;
			if (handlers[port].fn)
				handlers[port].fn(port, handlers[port].arg);
			if (hv_common()->exiting)
				return true;
		}
	}
	return ran;
}

/* For a port that is open in Xen, and masked as closed ports are. */
static int opened(hv_port_t port, struct handler handler)
{
	HV_CHECK(port != 0 && port < PORTS && !is_open(port));
	bit_set(open, port);
	handlers[port] = handler;
	hv_evtchn_unmask(port);
	return port;
}

int hv_xen_event_attach(hv_port_t port, hv_event_fn fn, void *arg)
{
	if (port == 0 || port >= PORTS)
		return -EINVAL;
	if (is_open(port))
		return -EBUSY;
	opened(port, (struct handler){fn, arg, true});
	return 0;
}

/* hv.h's errors. Xen says EPERM where policy (XSM) refuses, and ENOMEM when it has no room. */
static int bind_errno(long ret)
{
	switch (hv_xen_errno(ret)) {
	case -EPERM:
	case -EACCES:
		return -EACCES;
	case -ENOSPC:
	case -ENOMEM:
		return -ENOSPC;
	case -ESRCH:
		return -ESRCH;
	default:
		return -EINVAL;
	}
}

int hv_evtchn_alloc(hv_domid_t remote, hv_event_fn fn, void *arg)
{
	struct evtchn_alloc_unbound op = {.dom = DOMID_SELF, .remote_dom = remote};
	long ret = hv_hypercall_event(EVTCHNOP_alloc_unbound, &op);

	return ret != 0 ? bind_errno(ret) : opened(op.port, (struct handler){fn, arg, false});
}

int hv_evtchn_bind(hv_domid_t remote, hv_port_t remote_port, hv_event_fn fn, void *arg)
{
	struct evtchn_bind_interdomain op = {.remote_dom = remote, .remote_port = remote_port};
	long ret = hv_hypercall_event(EVTCHNOP_bind_interdomain, &op);

	return ret != 0 ? bind_errno(ret) : opened(op.local_port, (struct handler){fn, arg, false});
}

int hv_xen_bind_virq(unsigned int virq, hv_event_fn fn, void *arg)
{
	struct evtchn_bind_virq op = {.virq = virq, .vcpu = 0};
	long ret = hv_hypercall_event(EVTCHNOP_bind_virq, &op);

	return ret != 0 ? bind_errno(ret) : opened(op.port, (struct handler){fn, arg, true});
}

int hv_xen_bind_pirq(unsigned int pirq, hv_event_fn fn, void *arg)
{
	struct evtchn_bind_pirq op = {.pirq = pirq};
	long ret = hv_hypercall_event(EVTCHNOP_bind_pirq, &op);

	return ret != 0 ? bind_errno(ret) : opened(op.port, (struct handler){fn, arg, false});
}

void hv_evtchn_close(hv_port_t port)
{
	struct evtchn_close op = {.port = port};

	if (!is_open(port))
		return;
	hv_evtchn_mask(port);
	HV_CHECK(hv_hypercall_event(EVTCHNOP_close, &op) == 0);
	/* Nothing of this port may reach the next owner of its number. */
	bit_clear(hv_xen_shared_info->evtchn_pending, port);
	due[port / WORD_BITS] &= ~bit_of(port);
	bit_clear(open, port);
}

int hv_xen_event_send(hv_port_t port)
{
	struct evtchn_send op = {.port = port};

	return hv_xen_errno(hv_hypercall_event(EVTCHNOP_send, &op));
}

int hv_evtchn_send(hv_port_t port)
{
	if (!is_open(port))
		return -EINVAL;
	return hv_xen_event_send(port);
}

void hv_evtchn_mask(hv_port_t port)
{
	if (is_open(port))
		bit_set(hv_xen_shared_info->evtchn_mask, port);
}

/*
 * Without a hypercall, which only a port of another vCPU would need: an event that came while the
 * port was masked left its pending bit but no selector bit, so set what Xen would have set.
 */
void hv_evtchn_unmask(hv_port_t port)
{
	struct shared_info *shared = hv_xen_shared_info;
	struct vcpu_info *vcpu = &shared->vcpu_info[0];

	if (!is_open(port))
		return;
	bit_clear(shared->evtchn_mask, port);
	if (bit_test(shared->evtchn_pending, port)) {
		__atomic_fetch_or(&vcpu->evtchn_pending_sel, 1ull << (port / WORD_BITS),
				  __ATOMIC_SEQ_CST);
		HV_WRITE_ONCE(vcpu->evtchn_upcall_pending, 1);
	}
}
