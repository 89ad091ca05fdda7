/* SPDX-License-Identifier: MIT */
/*
 * xs.c - hv_xs_* for the running domain, and what the toolstack writes when domains come and go.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/internal.h"

/* A domain's store, or NULL when a test wants this call to fail. */
static struct hosted_xs *store(struct hosted_domain *d)
{
	return hosted_fails(d, HOSTED_FAIL_XENSTORE) ? NULL : d->h->xs;
}

int hv_xs_read(hv_xs_tx tx, const char *path, char *buf, size_t size)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_read(xs, d->id, tx, path, buf, size) : -EIO;
}

int hv_xs_write(hv_xs_tx tx, const char *path, const char *value)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_write(xs, d->id, tx, path, value, strlen(value)) : -EIO;
}

int hv_xs_rm(hv_xs_tx tx, const char *path)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_rm(xs, d->id, tx, path) : -EIO;
}

int hv_xs_ls(hv_xs_tx tx, const char *path, char *buf, size_t size)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_ls(xs, d->id, tx, path, buf, size) : -EIO;
}

int hv_xs_get_perms(hv_xs_tx tx, const char *path, struct hv_xs_perm *perms, unsigned int max)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_get_perms(xs, d->id, tx, path, perms, max) : -EIO;
}

int hv_xs_set_perms(hv_xs_tx tx, const char *path, const struct hv_xs_perm *perms, unsigned int n)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_set_perms(xs, d->id, tx, path, perms, n) : -EIO;
}

int hv_xs_tx_begin(hv_xs_tx *tx)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);

	return xs ? hosted_xs_tx_begin(xs, d->id, tx) : -EIO;
}

int hv_xs_tx_end(hv_xs_tx tx, bool commit)
{
	struct hosted_domain *d = hosted_cur();

	/* A planted failure leaves no transaction open: the caller has no way to close it then. */
	if (hosted_fails(d, HOSTED_FAIL_XENSTORE)) {
		hosted_xs_tx_end(d->h->xs, d->id, tx, false);
		return -EIO;
	}
	return hosted_xs_tx_end(d->h->xs, d->id, tx, commit);
}

/* ---------------------------------------------------------------- watches */

int hv_xs_watch(struct hv_xs_watch *w)
{
	struct hosted_domain *d = hosted_cur();
	struct hosted_xs *xs = store(d);
	int ret;

	if (!xs)
		return -EIO;
	ret = hosted_xs_watch(xs, d->id, w->path, ++d->next_token);
	if (ret)
		return ret;
	w->token = d->next_token;
	w->next = d->watches;
	d->watches = w;
	return 0;
}

void hv_xs_unwatch(struct hv_xs_watch *w)
{
	struct hosted_domain *d = hosted_cur();
	struct hv_xs_watch **p = &d->watches;

	while (*p && *p != w)
		p = &(*p)->next;
	if (!*p)
		return;
	*p = w->next;
	hosted_xs_unwatch(d->h->xs, d->id, w->path, w->token);
	w->next = NULL;
}

bool hosted_watch_due(struct hosted_domain *d)
{
	return hosted_xs_events(d->h->xs, d->id) != 0;
}

bool hosted_watch_run(struct hosted_domain *d)
{
	/* Events that handlers cause wait for the next pass. */
	unsigned int n = hosted_xs_events(d->h->xs, d->id);
	char path[HV_XS_PATH_MAX];
	uint32_t token;
	bool any = n != 0;

	while (n-- && !d->common.exiting && hosted_xs_event(d->h->xs, d->id, &token, path)) {
		struct hv_xs_watch *w = d->watches;

		while (w && w->token != token)
			w = w->next;
		if (w)
			w->fn(w, path);
	}
	return any;
}

/* ---------------------------------------------------------------- the toolstack */

/* Makes a node as dom0, with the owner and one reader (or none). */
static void make(struct hosted_xs *xs, hv_domid_t owner, int reader, const char *value,
		 const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static void make(struct hosted_xs *xs, hv_domid_t owner, int reader, const char *value,
		 const char *fmt, ...)
{
	struct hv_xs_perm perms[2] = {{.dom = owner}};
	char path[256];
	va_list ap;
	int ret;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	if (reader >= 0)
		perms[1] = (struct hv_xs_perm){.dom = (hv_domid_t)reader, .read = true};
	ret = hosted_xs_write(xs, 0, HV_XS_NONE, path, value, strlen(value));
	if (!ret)
		ret = hosted_xs_set_perms(xs, 0, HV_XS_NONE, path, perms, reader >= 0 ? 2 : 1);
	if (ret)
		hosted_misuse("the toolstack cannot make %s: %d", path, ret);
}

/* As libxl__domain_make() of Xen 4.17 for a PV domain; for dom0 as xen-init-dom0 does. */
void hosted_home_create(struct hosted_domain *d)
{
	static const char *const read_only[] = {"cpu", "memory", "device", "control"};
	static const char *const own[] = {"control/shutdown",
					  "control/feature-poweroff",
					  "control/feature-reboot",
					  "control/feature-suspend",
					  "control/sysrq",
					  "device/suspend/event-channel",
					  "data",
					  "drivers",
					  "feature",
					  "attr",
					  "error"};
	struct hosted_xs *xs = d->h->xs;
	const unsigned int id = d->id;
	char text[64];

	snprintf(text, sizeof(text), "/vm/%u", id);
	make(xs, 0, d->id, "", "/local/domain/%u", id);
	make(xs, 0, d->id, "", "/vm/%u", id);
	make(xs, 0, -1, "", "/libxl/%u", id);
	make(xs, 0, -1, "", "/libxl/%u/device", id);
	make(xs, 0, d->id, text, "/local/domain/%u/vm", id);
	make(xs, 0, d->id, d->name, "/local/domain/%u/name", id);
	snprintf(text, sizeof(text), "%u", id);
	make(xs, 0, d->id, text, "/local/domain/%u/domid", id);
	for (size_t i = 0; i < sizeof(read_only) / sizeof(read_only[0]); i++)
		make(xs, 0, d->id, "", "/local/domain/%u/%s", id, read_only[i]);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		make(xs, d->id, -1, "", "/local/domain/%u/%s", id, own[i]);
}

void hosted_home_remove(struct hosted *h, hv_domid_t dom)
{
	static const char *const homes[] = {"/local/domain/%u", "/vm/%u", "/libxl/%u"};
	char path[64];

	if (dom == 0)
		return;
	/* xenstored hears of the death first, libxl tidies up after it. */
	hosted_xs_domain_del(h->xs, dom);
	hosted_xs_special(h->xs, "@releaseDomain");
	for (size_t i = 0; i < sizeof(homes) / sizeof(homes[0]); i++) {
		snprintf(path, sizeof(path), homes[i], dom);
		hosted_xs_rm(h->xs, 0, HV_XS_NONE, path);
	}
}

/* ---------------------------------------------------------------- for tests */

int hosted_xs_printf(struct hosted *h, const char *path, const char *fmt, ...)
{
	char value[HOSTED_XS_PAYLOAD_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(value, sizeof(value), fmt, ap);
	va_end(ap);
	if (len < 0 || (size_t)len >= sizeof(value))
		return -E2BIG;
	return hosted_xs_write(h->xs, 0, HV_XS_NONE, path, value, (size_t)len);
}

const char *hosted_xs_str(struct hosted *h, const char *path)
{
	static char buf[HOSTED_XS_PAYLOAD_MAX];

	return hosted_xs_read(h->xs, 0, HV_XS_NONE, path, buf, sizeof(buf)) < 0 ? NULL : buf;
}
