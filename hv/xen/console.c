/* SPDX-License-Identifier: MIT */
/*
 * console.c - text to xenconsoled through the shared ring of 2048 bytes (xen/io/console.h).
 *
 * Nothing here waits while the domain lives: xenconsoled may be slow, gone, or holding us to its
 * event rate. What the ring cannot take goes to a backlog that the console's event drains; when
 * that is full too, whole writes are dropped and their number is told later. A dying domain writes
 * directly, with a bounded wait per line, and also to Xen's own console, which hypervisors built
 * for debugging accept from any domain and others refuse.
 */
#include <stdio.h>
#include <string.h>

#include <xen/io/console.h>

#include "hv/xen/console.h"
#include "hv/xen/evtchn.h"
#include "hv/xen/hypercall.h"
#include "hv/xen/mm.h"

#define BACKLOG	    16384u
#define PATIENCE    HV_S   /* for all flushes together */
#define EARLY_TURNS 20000u /* the same in yields, while there is no clock */

static struct xencons_interface *ring;
static hv_port_t port;
static bool direct;

/* Free-running indices, as in the ring. */
static char backlog[BACKLOG];
static uint32_t head, tail;
static unsigned int dropped;

/*
 * Space in the ring. The consumer index is the peer's: dom0 is trusted, yet a nonsensical value
 * must not make us write outside the ring, so it only ever yields 0..size.
 */
static uint32_t room(void)
{
	uint32_t used = ring->out_prod - HV_READ_ONCE(ring->out_cons);

	hv_mb();
	return used > sizeof(ring->out) ? 0 : sizeof(ring->out) - used;
}

/* Moves backlog to the ring; one event if anything moved. */
static void drain(void)
{
	uint32_t prod = ring->out_prod, n = room();

	if (n > head - tail)
		n = head - tail;
	if (n == 0)
		return;
	while (n--)
		ring->out[MASK_XENCONS_IDX(prod++, ring->out)] = backlog[tail++ % BACKLOG];
	hv_wmb();
	HV_WRITE_ONCE(ring->out_prod, prod);
	hv_xen_event_send(port);
}

static bool append(const char *text, size_t len)
{
	size_t i, need = len;

	for (i = 0; i < len; i++)
		need += text[i] == '\n';
	if (need > BACKLOG - (head - tail))
		return false;
	for (i = 0; i < len; i++) {
		if (text[i] == '\n')
			backlog[head++ % BACKLOG] = '\r';
		backlog[head++ % BACKLOG] = text[i];
	}
	return true;
}

static void tell_dropped(void)
{
	char note[48];

	if (dropped) {
		int n = snprintf(note, sizeof(note), "console: %u writes dropped\n", dropped);

		if (append(note, n))
			dropped = 0;
	}
}

static bool patient(void)
{
	static uint64_t deadline;
	static unsigned int turns;

	if (!hv_xen_shared_info)
		return ++turns < EARLY_TURNS;
	if (deadline == 0)
		deadline = hv_now() + PATIENCE;
	return hv_now() < deadline;
}

void hv_xen_console_flush(void)
{
	if (!ring)
		return;
	do {
		tell_dropped();
		drain();
		if (head == tail && ring->out_prod == HV_READ_ONCE(ring->out_cons))
			return;
		hv_hypercall_sched(SCHEDOP_yield, NULL);
	} while (patient());
}

void hv_xen_console_write(const char *text, size_t len)
{
	if (direct) {
		hv_hypercall_console_write(text, len);
		if (!ring)
			return;
		hv_xen_console_flush();
	}
	tell_dropped();
	if (dropped || !append(text, len))
		dropped++;
	drain();
}

void hv_port_puts(const char *line)
{
	char text[513]; /* the longest line of hv_log() and its newline */
	size_t len = strnlen(line, sizeof(text) - 1);

	memcpy(text, line, len);
	text[len++] = '\n';
	hv_xen_console_write(text, len);
}

void hv_xen_console_direct(void)
{
	direct = true;
}

static void console_event(hv_port_t p, void *arg)
{
	struct xencons_interface *r = ring;

	(void)p;
	(void)arg;
	/* Nobody reads input here; take it, or the writer's ring stays full. */
	HV_WRITE_ONCE(r->in_cons, HV_READ_ONCE(r->in_prod));
	drain();
	tell_dropped();
	drain();
}

void hv_xen_console_init(void)
{
	port = hv_xen_start_info->console.domU.evtchn;
	ring = hv_xen_mfn_to_va(hv_xen_start_info->console.domU.mfn);
}

void hv_xen_console_attach(void)
{
	HV_CHECK(hv_xen_event_attach(port, console_event, NULL) == 0);
}
