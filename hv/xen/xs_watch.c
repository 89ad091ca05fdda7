/* SPDX-License-Identifier: MIT */
/*
 * xs_watch.c - watches and the queue of their events.
 *
 * Events arrive whenever the ring is read, also while a handler waits for an answer, so they are
 * queued and handlers run from the loop, a few at a time. The queue has a fixed size, because other
 * domains can fire watches as fast as they like:
 *   - an event that is queued already is not queued again (the handler will read what is there);
 *   - when the queue is full, the events of each watch become one that names the watch's own path,
 *     exactly as after registration: "look at everything below again".
 * As there are fewer watches than queue entries, room is always made that way.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/hv.h"
#include "hv/xen/xs_watch.h"

#define WATCHES_MAX 128 /* xenstored's own quota for an unprivileged domain (quota-nb-watch) */
#define QUEUE_MAX   160
#define PATH_MAX_Q  120 /* a longer path is reported as the watch's own */
#define RUN_MAX	    16	/* events handled before the rest of the loop gets its turn */

_Static_assert(QUEUE_MAX > WATCHES_MAX, "collapsing a full queue must leave room");

struct event {
	uint32_t token;
	char path[PATH_MAX_Q]; /* empty: the watch's own path */
};

static struct {
	struct hv_xs_watch *list;
	unsigned int count;
	uint32_t last_token;
	struct event queue[QUEUE_MAX]; /* oldest first */
	unsigned int queued;
	struct hv_work work;
} watches;

static struct hv_xs_watch *by_token(uint32_t token)
{
	struct hv_xs_watch *w = watches.list;

	while (w && w->token != token)
		w = w->next;
	return w;
}

static bool is_queued(uint32_t token, const char *path)
{
	for (unsigned int i = 0; i < watches.queued; i++)
		if (watches.queue[i].token == token && !strcmp(watches.queue[i].path, path))
			return true;
	return false;
}

/* Drops queued events of one watch, keeping the order of the others. */
static void drop(uint32_t token)
{
	unsigned int kept = 0;

	for (unsigned int i = 0; i < watches.queued; i++)
		if (watches.queue[i].token != token)
			watches.queue[kept++] = watches.queue[i];
	watches.queued = kept;
}

static void append(uint32_t token, const char *path)
{
	struct event *e = &watches.queue[watches.queued++];

	e->token = token;
	snprintf(e->path, sizeof(e->path), "%s", path);
}

/* One event per watch, in the order of each watch's first. */
static void collapse(void)
{
	unsigned int n = watches.queued;

	watches.queued = 0;
	for (unsigned int i = 0; i < n; i++) {
		uint32_t token = watches.queue[i].token; /* i >= queued: not yet overwritten */

		if (!is_queued(token, ""))
			append(token, "");
	}
}

static void run(struct hv_work *work)
{
	for (unsigned int i = 0; i < RUN_MAX && watches.queued; i++) {
		struct event e = watches.queue[0];
		struct hv_xs_watch *w = by_token(e.token);

		watches.queued--;
		memmove(watches.queue, watches.queue + 1, watches.queued * sizeof(e));
		if (w)
			w->fn(w, e.path[0] ? e.path : w->path);
	}
	if (watches.queued)
		hv_work_queue(work);
}

void hv_xen_xs_watch_event(const char *path, uint32_t token)
{
	struct hv_xs_watch *w = by_token(token);

	if (!w)
		return; /* fired before it was removed */
	if (strlen(path) >= PATH_MAX_Q || !strcmp(path, w->path))
		path = "";
	if (is_queued(token, path))
		return;
	if (watches.queued == QUEUE_MAX) {
		collapse();
		path = "";
		if (is_queued(token, path))
			return;
	}
	append(token, path);
	watches.work.fn = run;
	hv_work_queue(&watches.work);
}

static void unlink_watch(struct hv_xs_watch *w)
{
	struct hv_xs_watch **p = &watches.list;

	while (*p != w)
		p = &(*p)->next;
	*p = w->next;
	watches.count--;
	drop(w->token);
}

int hv_xs_watch(struct hv_xs_watch *w)
{
	int ret;

	for (struct hv_xs_watch *i = watches.list; i; i = i->next)
		if (i == w)
			return -EEXIST;
	if (watches.count == WATCHES_MAX)
		return -ENOSPC;
	do
		w->token = ++watches.last_token;
	while (!w->token || by_token(w->token));
	w->next = watches.list; /* listed first: the first event may come with the answer */
	watches.list = w;
	watches.count++;
	ret = hv_xen_xs_watch_request(true, w->path, w->token);
	if (ret) {
		unlink_watch(w);
		w->token = 0;
	}
	return ret;
}

void hv_xs_unwatch(struct hv_xs_watch *w)
{
	int ret;

	if (!w->token || by_token(w->token) != w)
		return; /* not registered */
	unlink_watch(w);
	ret = hv_xen_xs_watch_request(false, w->path, w->token);
	w->token = 0;
	if (ret)
		hv_log(HV_WARN, "xenstore: unwatch %s: error %d", w->path, -ret);
}
