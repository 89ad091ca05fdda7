/* SPDX-License-Identifier: MIT */
/*
 * cases_watches.c - watches fire on registration and for changes at or below their path.
 */
#include <errno.h>
#include <string.h>

#include "tests/conformance/conformance.h"

struct seen {
	struct hv_xs_watch watch;
	unsigned int calls;
	char last[128];
};

static void note(struct hv_xs_watch *w, const char *changed)
{
	struct seen *s = w->arg;

	s->calls++;
	strncpy(s->last, changed, sizeof(s->last) - 1);
}

/* Static, because a case that fails leaves its watches behind. */
static struct seen one, two;

static int watch(struct seen *s, const char *path)
{
	hv_xs_unwatch(&s->watch);
	*s = (struct seen){.watch = {.path = path, .fn = note, .arg = s}};
	return hv_xs_watch(&s->watch);
}

/* Lets everything pending arrive, then forgets it. */
static void forget(struct seen *s)
{
	ct_settle();
	s->calls = 0;
	memset(s->last, 0, sizeof(s->last));
}

static bool fired(void *arg)
{
	return ((struct seen *)arg)->calls > 0;
}

static void watches_fire_once_at_first(void)
{
	struct seen *s = &one;

	CT_CHECK(watch(s, "data/ct-absent") == 0);
	CT_CHECK(s->calls == 0); /* from the loop only */
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	CT_CHECK(strcmp(s->last, "data/ct-absent") == 0);
	hv_xs_unwatch(&s->watch);
}

static void changes_at_and_below_fire(void)
{
	struct seen *s = &one;

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "x") == 0);
	CT_CHECK(watch(s, "data/ct") == 0);
	forget(s);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "y") == 0);
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	CT_CHECK(strcmp(s->last, "data/ct") == 0);
	forget(s);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/a/b", "z") == 0);
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	CT_CHECK(strcmp(s->last, "data/ct/a/b") == 0);
	forget(s);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct-not", "z") == 0); /* a sibling */
	ct_settle();
	CT_CHECK(s->calls == 0);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	hv_xs_unwatch(&s->watch);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct-not") == 0);
}

static void removing_a_parent_fires(void)
{
	struct seen *s = &one;

	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct/a/b", "x") == 0);
	CT_CHECK(watch(s, "data/ct/a/b") == 0);
	forget(s);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	CT_CHECK(strcmp(s->last, "data/ct/a/b") == 0);
	hv_xs_unwatch(&s->watch);
}

static void transactions_fire_when_they_end(void)
{
	struct seen *s = &one;
	hv_xs_tx tx;

	CT_CHECK(watch(s, "data/ct") == 0);
	forget(s);
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_write(tx, "data/ct", "x") == 0);
	ct_settle();
	CT_CHECK(s->calls == 0);
	CT_CHECK(hv_xs_tx_end(tx, true) == 0);
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	forget(s);
	CT_CHECK(hv_xs_tx_begin(&tx) == 0);
	CT_CHECK(hv_xs_write(tx, "data/ct", "y") == 0);
	CT_CHECK(hv_xs_tx_end(tx, false) == 0);
	ct_settle();
	CT_CHECK(s->calls == 0);
	hv_xs_unwatch(&s->watch);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void removed_watches_are_silent(void)
{
	struct seen *s = &one;

	CT_CHECK(watch(s, "data/ct") == 0);
	forget(s);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "x") == 0);
	hv_xs_unwatch(&s->watch); /* with an event on its way */
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "y") == 0);
	ct_settle();
	CT_CHECK(s->calls == 0);
	hv_xs_unwatch(&s->watch); /* no harm */
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void two_watches_on_one_path_both_fire(void)
{
	struct seen *a = &one, *b = &two;

	CT_CHECK(watch(a, "data/ct") == 0);
	CT_CHECK(watch(b, "data/ct") == 0);
	forget(a);
	forget(b);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "x") == 0);
	CT_CHECK(hv_loop_until(fired, a, 5 * HV_S) == 0);
	CT_CHECK(hv_loop_until(fired, b, 5 * HV_S) == 0);
	hv_xs_unwatch(&a->watch);
	forget(b);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "y") == 0);
	CT_CHECK(hv_loop_until(fired, b, 5 * HV_S) == 0);
	CT_CHECK(a->calls <= 1);
	hv_xs_unwatch(&b->watch);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

/* A handler may remove any watch, its own too. */
static void remove_self(struct hv_xs_watch *w, const char *changed)
{
	note(w, changed);
	hv_xs_unwatch(w);
}

static void a_watch_may_remove_itself(void)
{
	struct seen *s = &one;

	hv_xs_unwatch(&s->watch);
	*s = (struct seen){.watch = {.path = "data/ct", .fn = remove_self, .arg = s}};
	CT_CHECK(hv_xs_watch(&s->watch) == 0);
	CT_CHECK(hv_loop_until(fired, s, 5 * HV_S) == 0);
	CT_CHECK(hv_xs_write(HV_XS_NONE, "data/ct", "x") == 0);
	ct_settle();
	CT_CHECK(s->calls == 1);
	CT_CHECK(hv_xs_rm(HV_XS_NONE, "data/ct") == 0);
}

static void bad_watches_are_refused(void)
{
	struct seen *s = &one;

	CT_CHECK(watch(s, "data//ct") == -EINVAL);
	CT_CHECK(watch(s, "data/ct/") == -EINVAL);
}

const struct ct_case ct_watches[] = {
	{"watches_fire_once_at_first", watches_fire_once_at_first},
	{"changes_at_and_below_fire", changes_at_and_below_fire},
	{"removing_a_parent_fires", removing_a_parent_fires},
	{"transactions_fire_when_they_end", transactions_fire_when_they_end},
	{"removed_watches_are_silent", removed_watches_are_silent},
	{"two_watches_on_one_path_both_fire", two_watches_on_one_path_both_fire},
	{"a_watch_may_remove_itself", a_watch_may_remove_itself},
	{"bad_watches_are_refused", bad_watches_are_refused},
	{NULL, NULL},
};
