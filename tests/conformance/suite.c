/* SPDX-License-Identifier: MIT */
/*
 * suite.c - what every case uses, and the list of all of them.
 */
#include <stdio.h>
#include <string.h>

#include "tests/conformance/conformance.h"

const struct ct_case *const ct_groups[] = {ct_memory,  ct_events, ct_grants, ct_xenstore,
					   ct_watches, ct_loop,	  ct_pci,    NULL};

/* One case runs at a time. */
static enum ct_result result;
static char text[256];

void ct_fail(const char *file, int line, const char *what)
{
	const char *base = strrchr(file, '/');

	if (result == CT_FAILED)
		return; /* the first failure tells most */
	result = CT_FAILED;
	snprintf(text, sizeof(text), "%s:%d: %s", base ? base + 1 : file, line, what);
}

void ct_not_applicable(const char *why)
{
	if (result == CT_FAILED)
		return;
	result = CT_NOT_APPLICABLE;
	snprintf(text, sizeof(text), "%s", why);
}

enum ct_result ct_run(const struct ct_case *c, const char **why)
{
	result = CT_OK;
	text[0] = '\0';
	c->fn();
	*why = text;
	return result;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

void ct_settle(void)
{
	/* Long enough for xenstored in an emulated dom0; costs nothing where time is virtual. */
	hv_loop_until(never, NULL, 50 * HV_MS);
}
