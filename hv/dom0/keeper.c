/* SPDX-License-Identifier: MIT */
/*
 * keeper.c - one pass over everything (see keeper.h).
 */
#include <string.h>

#include "keeper.h"

void xvgpu_keeper_wake(struct xvgpu_keeper *k, uint64_t when)
{
	if (when < k->wake)
		k->wake = when;
}

void xvgpu_keeper_refresh(struct xvgpu_keeper *k)
{
	struct xvgpu_domains fresh;
	struct xvgpu_err err;

	if (xvgpu_domains_read(k->xs, &fresh, &err)) {
		xvgpu_say("%s", err.text); /* and go on with what we knew: try again soon */
		xvgpu_keeper_wake(k, k->now + 1000);
		return;
	}
	xvgpu_domains_free(&k->domains);
	k->domains = fresh;
}

struct xvgpu_driver_state *xvgpu_keeper_driver(struct xvgpu_keeper *k, const char *name)
{
	for (int i = 0; i < k->n_drivers; i++)
		if (!strcmp(k->driver[i].name, name))
			return &k->driver[i];
	return NULL;
}

/* Brings the table of driver domains up to date with the records. */
static void list_drivers(struct xvgpu_keeper *k)
{
	char names[XVGPU_MAX_DRIVERS][XVGPU_NAME_MAX];
	int n = xvgpu_record_names("gpudoms", names, XVGPU_MAX_DRIVERS);
	struct xvgpu_driver_state *d;
	char config[XVGPU_PATH_MAX];
	struct xvgpu_err err;
	bool bad = false;

	for (int i = 0; i < k->n_drivers; i++)
		k->driver[i].listed = false;
	for (int i = 0; i < n; i++) {
		if (xvgpu_gpudom_read(names[i], config, &err)) {
			if (!k->drivers_bad)
				xvgpu_say("%s", err.text);
			bad = true;
			continue;
		}
		d = xvgpu_keeper_driver(k, names[i]);
		if (!d && k->n_drivers < XVGPU_MAX_DRIVERS) {
			d = &k->driver[k->n_drivers++];
			memset(d, 0, sizeof(*d));
			xvgpu_print(d->name, sizeof(d->name), "%s", names[i]);
		}
		if (d) {
			d->listed = true;
			xvgpu_print(d->config, sizeof(d->config), "%s", config);
		}
	}
	k->drivers_bad = bad;
	for (int i = 0; i < k->n_drivers;) {
		if (k->driver[i].listed)
			i++;
		else
			k->driver[i] = k->driver[--k->n_drivers];
	}
}

static void read_profiles(struct xvgpu_keeper *k)
{
	struct xvgpu_err err;
	int rc = xvgpu_profiles_read(&k->profiles, &err);

	if (rc)
		k->profiles.n = 0;
	if (rc && !k->profiles_bad)
		xvgpu_say("%s", err.text);
	k->profiles_bad = rc != 0;
}

uint64_t xvgpu_keeper_pass(struct xvgpu_keeper *k, uint64_t now)
{
	k->now = now;
	k->wake = now + XVGPU_RESYNC;
	for (int i = 0; i < XVGPU_MAX_NOTES; i++)
		k->note[i].used = false;
	read_profiles(k);
	list_drivers(k);
	xvgpu_keeper_refresh(k);
	for (int i = 0; i < k->n_drivers; i++)
		xvgpu_keep_driver(k, &k->driver[i]);
	xvgpu_keep_pages(k);
	xvgpu_keep_guests(k);
	xvgpu_keep_orphans(k);
	xvgpu_keep_records(k);
	/* Last, since it takes a while, and guests should know at once that their device has gone. */
	for (int i = 0; i < k->n_drivers; i++)
		xvgpu_start_driver(k, &k->driver[i]);
	for (int i = 0; i < XVGPU_MAX_NOTES; i++)
		if (!k->note[i].used)
			k->note[i].kind = XVGPU_NOTE_FREE;
	return k->wake;
}
