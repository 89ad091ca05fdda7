/* SPDX-License-Identifier: MIT */
/*
 * cases_events.c - event channels, with both ends in this domain.
 */
#include <errno.h>

#include "tests/conformance/conformance.h"

#define EVENT_CHANNEL_OP 32 /* __HYPERVISOR_event_channel_op, xen.h */
#define EVTCHNOP_SEND	 4  /* event_channel.h */

struct end {
	int port;
	unsigned int calls;
	hv_port_t last;
};

static void count(hv_port_t port, void *arg)
{
	struct end *e = arg;

	e->calls++;
	e->last = port;
}

static bool called(void *arg)
{
	return ((struct end *)arg)->calls > 0;
}

/* Static, because a case that fails leaves its ports open. */
static struct end one, two;

static void disconnect(struct end *a, struct end *b)
{
	hv_evtchn_close((hv_port_t)a->port);
	hv_evtchn_close((hv_port_t)b->port);
	*a = *b = (struct end){0};
}

/* A connected pair; the event that binding raises is out of the way. */
static bool connect(struct end *a, struct end *b)
{
	disconnect(a, b);
	a->port = hv_evtchn_alloc(hv_domid(), count, a);
	if (a->port <= 0)
		return false;
	b->port = hv_evtchn_bind(hv_domid(), (hv_port_t)a->port, count, b);
	if (b->port <= 0)
		return false;
	ct_settle();
	a->calls = b->calls = 0;
	return true;
}

static void events_reach_the_other_end(void)
{
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	CT_CHECK(a->port != b->port);
	CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	CT_CHECK(b->calls == 0); /* handlers run from the loop only */
	CT_CHECK(hv_loop_until(called, b, HV_S) == 0);
	CT_CHECK(b->calls == 1 && b->last == (hv_port_t)b->port && a->calls == 0);
	CT_CHECK(hv_evtchn_send((hv_port_t)b->port) == 0);
	CT_CHECK(hv_loop_until(called, a, HV_S) == 0);
	CT_CHECK(a->calls == 1 && a->last == (hv_port_t)a->port && b->calls == 1);
	disconnect(a, b);
}

static void events_coalesce(void)
{
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	for (unsigned int i = 0; i < 10; i++)
		CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	ct_settle();
	CT_CHECK(b->calls == 1);
	disconnect(a, b);
}

/* A handler that provokes the next event of its own port. */
struct again {
	hv_port_t other;
	unsigned int left;
};

static void send_again(hv_port_t port, void *arg)
{
	struct again *s = arg;

	(void)port;
	if (s->left && --s->left)
		hv_evtchn_send(s->other);
}

static bool none_left(void *arg)
{
	return ((struct again *)arg)->left == 0;
}

static void events_sent_by_their_handler_arrive(void)
{
	static struct again s;
	struct end *a = &one;
	int port;

	s = (struct again){.left = 0};
	a->port = hv_evtchn_alloc(hv_domid(), count, a);
	CT_CHECK(a->port > 0);
	port = hv_evtchn_bind(hv_domid(), (hv_port_t)a->port, send_again, &s);
	CT_CHECK(port > 0);
	ct_settle();
	s.other = (hv_port_t)a->port;
	s.left = 100;
	CT_CHECK(hv_evtchn_send(s.other) == 0);
	CT_CHECK(hv_loop_until(none_left, &s, 5 * HV_S) == 0);
	hv_evtchn_close((hv_port_t)port);
	hv_evtchn_close((hv_port_t)a->port);
}

static void masked_events_wait(void)
{
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	hv_evtchn_mask((hv_port_t)b->port);
	CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	ct_settle();
	CT_CHECK(b->calls == 0);
	hv_evtchn_unmask((hv_port_t)b->port);
	CT_CHECK(hv_loop_until(called, b, HV_S) == 0);
	CT_CHECK(b->calls == 1);
	hv_evtchn_mask((hv_port_t)b->port);
	hv_evtchn_unmask((hv_port_t)b->port);
	ct_settle();
	CT_CHECK(b->calls == 1);
	disconnect(a, b);
}

static void closed_ports_are_silent(void)
{
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	hv_evtchn_close((hv_port_t)b->port); /* with an event pending */
	ct_settle();
	CT_CHECK(b->calls == 0);
	CT_CHECK(hv_evtchn_send((hv_port_t)b->port) == -EINVAL);
	/* The other end is unbound again: sending is no error and goes nowhere. */
	CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	ct_settle();
	CT_CHECK(a->calls == 0 && b->calls == 0);
	hv_evtchn_close((hv_port_t)b->port);
	hv_evtchn_close((hv_port_t)a->port);
}

static void a_left_port_can_be_bound_again(void)
{
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	hv_evtchn_close((hv_port_t)b->port);
	b->port = hv_evtchn_bind(hv_domid(), (hv_port_t)a->port, count, b);
	CT_CHECK(b->port > 0);
	ct_settle();
	b->calls = 0;
	CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	CT_CHECK(hv_loop_until(called, b, HV_S) == 0);
	disconnect(a, b);
}

static void binds_without_right_are_refused(void)
{
	struct end *a = &one;
	int port = hv_evtchn_alloc(0, count, a); /* for dom0, not for us */

	CT_CHECK(port > 0);
	CT_CHECK(hv_evtchn_bind(hv_domid(), (hv_port_t)port, count, a) < 0);
	hv_evtchn_close((hv_port_t)port);
	CT_CHECK(hv_evtchn_bind(hv_domid(), (hv_port_t)port, count, a) < 0);
	CT_CHECK(hv_evtchn_bind(hv_domid(), 0, count, a) < 0);
	CT_CHECK(hv_evtchn_bind(hv_domid(), 0x7fffffff, count, a) < 0);
	CT_CHECK(hv_evtchn_bind(0x7fef, 1, count, a) < 0); /* no such domain */
}

static void a_port_is_bound_once(void)
{
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	CT_CHECK(hv_evtchn_bind(hv_domid(), (hv_port_t)a->port, count, b) < 0);
	CT_CHECK(hv_evtchn_bind(hv_domid(), (hv_port_t)b->port, count, a) < 0);
	disconnect(a, b);
}

static void ports_are_given_back(void)
{
	struct end *a = &one, *b = &two;

	for (unsigned int i = 0; i < 3000; i++) {
		a->port = hv_evtchn_alloc(hv_domid(), count, a);
		CT_CHECK(a->port > 0);
		b->port = hv_evtchn_bind(hv_domid(), (hv_port_t)a->port, count, b);
		CT_CHECK(b->port > 0);
		disconnect(a, b);
	}
	ct_settle();
}

static void sends_and_upcalls_are_counted(void)
{
	uint64_t sends, total, upcalls;
	struct end *a = &one, *b = &two;

	CT_CHECK(connect(a, b));
	sends = hv_hypercalls(EVENT_CHANNEL_OP, EVTCHNOP_SEND);
	total = hv_hypercalls_total();
	upcalls = hv_upcalls();
	for (unsigned int i = 0; i < 7; i++)
		CT_CHECK(hv_evtchn_send((hv_port_t)a->port) == 0);
	CT_CHECK(hv_hypercalls(EVENT_CHANNEL_OP, EVTCHNOP_SEND) == sends + 7);
	CT_CHECK(hv_hypercalls_total() == total + 7);
	hv_evtchn_mask((hv_port_t)b->port); /* masking is no hypercall */
	hv_evtchn_unmask((hv_port_t)b->port);
	CT_CHECK(hv_hypercalls_total() == total + 7);
	CT_CHECK(hv_loop_until(called, b, HV_S) == 0);
	ct_settle();
	CT_CHECK(hv_upcalls() >= upcalls);
	disconnect(a, b);
}

const struct ct_case ct_events[] = {
	{"events_reach_the_other_end", events_reach_the_other_end},
	{"events_coalesce", events_coalesce},
	{"events_sent_by_their_handler_arrive", events_sent_by_their_handler_arrive},
	{"masked_events_wait", masked_events_wait},
	{"closed_ports_are_silent", closed_ports_are_silent},
	{"a_left_port_can_be_bound_again", a_left_port_can_be_bound_again},
	{"binds_without_right_are_refused", binds_without_right_are_refused},
	{"a_port_is_bound_once", a_port_is_bound_once},
	{"ports_are_given_back", ports_are_given_back},
	{"sends_and_upcalls_are_counted", sends_and_upcalls_are_counted},
	{NULL, NULL},
};
