/* SPDX-License-Identifier: MIT */
/*
 * keeper-driver.c - keeps a driver domain alive (see keeper.h).
 *
 *	          appears                    gone
 *	ABSENT ───────────▶ UP ─────────────────────────▶ DOWN ──▶ reset the board, xl create
 *	                     ▲ ╲ said stopping, then gone   ▲ │
 *	        says running │  ╲────────▶ STOPPED          │ ▼     too often: GAVE_UP
 *	                     └──────────────────────────── STARTING
 *
 * A domain that says lost, or stays shut down, or does not come up in time, is destroyed and then
 * treated as gone. One that says needs-reset goes by itself: a reset of the function, which it had, has left
 * something on the GPU that it cannot end, so its bus is reset. One that a person starts by hand is taken as it
 * is, in every phase.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "doorbell.h"
#include "keeper.h"
#include "pci.h"
#include "status.h"
#include "xl.h"

static void data_path(char *path, size_t size, unsigned int domid)
{
	xvgpu_print(path, size, "/local/domain/%u/data/xvgpu", domid);
}

static void appeared(struct xvgpu_keeper *k, struct xvgpu_driver_state *d, unsigned int domid)
{
	char path[64];
	int rc;

	d->domid = domid;
	d->running = d->stopping = false;
	d->stopped_at = 0;
	if (d->phase != XVGPU_STARTING) {
		d->phase = XVGPU_UP;
		memset(d->starts, 0, sizeof(d->starts));
		d->tries = 0;
	}
	data_path(path, sizeof(path), domid);
	if (!xs_watch(k->xs, path, XVGPU_TOKEN))
		xvgpu_say("%s: cannot watch %s: %s", d->name, path, strerror(errno));
	rc = xvgpu_mark(k->xs, domid, d->name);
	if (rc)
		xvgpu_say("%s: cannot mark domain %u: %s", d->name, domid, strerror(-rc));
}

static void disappeared(struct xvgpu_keeper *k, struct xvgpu_driver_state *d)
{
	char path[64];

	data_path(path, sizeof(path), d->domid);
	xs_unwatch(k->xs, path, XVGPU_TOKEN);
	xvgpu_say("%s: domain %u has gone%s", d->name, d->domid,
		  d->stopping ? ", as it said it would" : "");
	d->domid = 0;
	d->running = false;
	d->phase = d->stopping ? XVGPU_STOPPED : XVGPU_DOWN;
}

static void destroy(struct xvgpu_keeper *k, struct xvgpu_driver_state *d, const char *why)
{
	const char *args[] = {"destroy", d->name, NULL};
	struct xvgpu_err err;

	xvgpu_say("%s: domain %u %s: destroying it", d->name, d->domid, why);
	if (xvgpu_xl(&err, args))
		xvgpu_say("%s: %s", d->name, err.text);
	xvgpu_keeper_refresh(k);
	if (xvgpu_domain_by_id(&k->domains, d->domid))
		xvgpu_keeper_wake(k, k->now + 1000); /* and try again */
	else
		disappeared(k, d);
}

/* Starts within the window; the oldest slot is returned through `slot`. */
static int recent_starts(const struct xvgpu_keeper *k, struct xvgpu_driver_state *d, int *slot)
{
	int n = 0;

	*slot = 0;
	for (int i = 0; i < XVGPU_START_MAX; i++) {
		if (d->starts[i] && k->now - d->starts[i] < XVGPU_START_WINDOW)
			n++;
		if (d->starts[i] < d->starts[*slot])
			*slot = i;
	}
	return n;
}

/* The function's state belongs to the last domain; the next one must find it as after power-on. */
static void reset_board(struct xvgpu_driver_state *d)
{
	struct xvgpu_driver driver;
	struct xvgpu_err err;

	if (xvgpu_driver_read(d->config, &driver, &err)) {
		xvgpu_say("%s: cannot reset its functions: %s", d->name, err.text);
		return;
	}
	xvgpu_driver_reset(&driver, d->stuck);
	d->stuck = false;
}

static void give_up(struct xvgpu_driver_state *d, int recent)
{
	d->phase = XVGPU_GAVE_UP;
	if (recent == XVGPU_START_MAX)
		xvgpu_say(
			"%s: started %d times within %d s: giving up; start it by hand (xl create "
			"%s) when the reason is found",
			d->name, recent, XVGPU_START_WINDOW / 1000, d->config);
	else
		xvgpu_say("%s: started %d times in a row, and it never served%s: giving up; start "
			  "it by hand (xl create %s) when the reason is found",
			  d->name, d->tries,
			  d->stuck ? "; no reset that dom0 can do helps its GPU, switching the "
				     "host's power off will"
				   : "",
			  d->config);
}

static void start(struct xvgpu_keeper *k, struct xvgpu_driver_state *d)
{
	const char *args[] = {"create", d->config, NULL};
	struct xvgpu_err err;
	int slot, n = recent_starts(k, d, &slot);

	if (n == XVGPU_START_MAX || d->tries == XVGPU_START_MAX) {
		give_up(d, n);
		return;
	}
	if (k->now < d->retry) {
		xvgpu_keeper_wake(k, d->retry);
		return;
	}
	d->starts[slot] = k->now;
	d->tries++;
	d->retry = k->now + (1000ull << n);
	reset_board(d);
	xvgpu_say("%s: starting it from %s", d->name, d->config);
	if (xvgpu_xl(&err, args)) {
		xvgpu_say("%s: %s", d->name, err.text);
		xvgpu_keeper_wake(k, d->retry);
		return;
	}
	d->phase = XVGPU_STARTING;
	d->deadline = k->now + XVGPU_START_TIME;
	xvgpu_keeper_refresh(k);
	xvgpu_keeper_wake(k, k->now + 1000);
}

/*
 * Guests that ring by themselves must not reach a GPU that has no owner, or another one. Whether none does any more.
 */
static bool pages_are_back(struct xvgpu_keeper *k, const struct xvgpu_driver_state *d)
{
	int rc = xvgpu_doorbells_take(k->xs, &k->domains, d->domid);

	if (!rc)
		return true;
	xvgpu_say("%s: cannot take back its doorbell page from all guests: %s", d->name,
		  strerror(-rc));
	xvgpu_keeper_wake(k, k->now + 1000);
	return false;
}

/* What it says of its end counts after it too: it may be over before we look. */
static void hear_last_words(struct xvgpu_driver_state *d, enum xvgpu_state state)
{
	if (state == XVGPU_STATE_STOPPING) {
		d->stopping = true;
		d->running = false;
	} else if (state == XVGPU_STATE_NEEDS_RESET && !d->stuck) {
		d->stuck = true;
		xvgpu_say("%s: domain %u asks for a reset: it cannot end what runs on its GPU",
			  d->name, d->domid);
	}
}

/* Whether a driver domain in this state has its GPU not much longer. */
static bool ends(enum xvgpu_state state)
{
	return state == XVGPU_STATE_LOST || state == XVGPU_STATE_STOPPING ||
	       state == XVGPU_STATE_NEEDS_RESET;
}

static void look(struct xvgpu_keeper *k, struct xvgpu_driver_state *d, bool shut_down)
{
	struct xvgpu_status status;
	char total[24];

	xvgpu_status_read(k->xs, d->domid, &status);
	hear_last_words(d, status.state);
	if (shut_down && !d->stopped_at)
		d->stopped_at = k->now;
	if ((shut_down || ends(status.state)) && !pages_are_back(k, d))
		return;
	if (shut_down && k->now - d->stopped_at >= XVGPU_LINGER) {
		/* xl's own process destroys a domain at once; none is there to do it. */
		destroy(k, d, "has shut down and was left behind");
		return;
	}
	if (shut_down) {
		xvgpu_keeper_wake(k, d->stopped_at + XVGPU_LINGER);
		return;
	}
	switch (status.state) {
	case XVGPU_STATE_RUNNING:
		if (!d->running) {
			xvgpu_format_size(total, sizeof(total), status.vram_total);
			xvgpu_say("%s: domain %u serves, %s of VRAM", d->name, d->domid, total);
		}
		d->running = true;
		d->stopping = false;
		d->phase = XVGPU_UP;
		d->tries = 0;
		return;
	case XVGPU_STATE_LOST:
		d->stopping = false;
		destroy(k, d, "has lost its GPU");
		return;
	case XVGPU_STATE_STOPPING:
		return;
	case XVGPU_STATE_NEEDS_RESET:
	case XVGPU_STATE_NONE:
		break;
	}
	if (d->phase == XVGPU_STARTING && k->now >= d->deadline)
		destroy(k, d, "did not come up in time");
	else if (d->phase == XVGPU_STARTING)
		xvgpu_keeper_wake(k, d->deadline);
}

/* Whether the host has seen this driver domain before: a dead domain's mark tells. */
static bool left_a_mark(struct xvgpu_keeper *k, const struct xvgpu_driver_state *d)
{
	unsigned int backs[256];
	char name[XVGPU_NAME_MAX];
	int n = xvgpu_marked(k->xs, backs, 256);

	for (int i = 0; i < n; i++)
		if (xvgpu_mark_read(k->xs, backs[i], name) == 0 && !strcmp(name, d->name))
			return true;
	return false;
}

void xvgpu_keep_driver(struct xvgpu_keeper *k, struct xvgpu_driver_state *d)
{
	const struct xvgpu_domain *dom;

	if (d->domid && !xvgpu_domain_by_id(&k->domains, d->domid))
		disappeared(k, d);
	dom = xvgpu_domain_by_name(&k->domains, d->name);
	if (!d->domid && dom)
		appeared(k, d, dom->domid);
	if (d->domid) {
		dom = xvgpu_domain_by_id(&k->domains, d->domid);
		look(k, d, dom->shutdown);
	}
}

void xvgpu_start_driver(struct xvgpu_keeper *k, struct xvgpu_driver_state *d)
{
	const struct xvgpu_domain *dom;

	if (d->domid || k->pages_left)
		return;
	/* Started, but gone before we could look. */
	if (d->phase == XVGPU_STARTING)
		d->phase = XVGPU_DOWN;
	if (d->phase == XVGPU_ABSENT && (k->start || left_a_mark(k, d)))
		d->phase = XVGPU_DOWN;
	if (d->phase == XVGPU_DOWN)
		start(k, d);
	/* What has just been made is looked at at once, so that its mark is there. */
	dom = xvgpu_domain_by_name(&k->domains, d->name);
	if (dom)
		appeared(k, d, dom->domid);
}
