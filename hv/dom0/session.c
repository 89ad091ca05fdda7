/* SPDX-License-Identifier: MIT */
/*
 * session.c - what a command that changes slices holds (see session.h).
 */
#include <errno.h>
#include <string.h>

#include "lock.h"
#include "records.h"
#include "session.h"

int xvgpu_session_open(struct xvgpu_session *session, struct xvgpu_err *err)
{
	int rc;

	memset(session, 0, sizeof(*session));
	session->lock = xvgpu_lock(err);
	if (session->lock < 0)
		return session->lock;
	rc = xvgpu_profiles_read(&session->profiles, err);
	if (rc)
		goto fail;
	session->xs = xs_open(0);
	if (!session->xs) {
		rc = xvgpu_fail(err, -EIO, "cannot talk to xenstore: %s", strerror(errno));
		goto fail;
	}
	rc = xvgpu_domains_read(session->xs, &session->domains, err);
	if (rc)
		goto fail;
	return 0;
fail:
	xvgpu_session_close(session);
	return rc;
}

void xvgpu_session_close(struct xvgpu_session *session)
{
	xvgpu_domains_free(&session->domains);
	if (session->xs)
		xs_close(session->xs);
	xvgpu_unlock(session->lock);
}

int xvgpu_session_refresh(struct xvgpu_session *session, struct xvgpu_err *err)
{
	xvgpu_domains_free(&session->domains);
	return xvgpu_domains_read(session->xs, &session->domains, err);
}

int xvgpu_session_guest(struct xvgpu_session *session, const char *text,
			const struct xvgpu_domain **dom, struct xvgpu_err *err)
{
	char config[XVGPU_PATH_MAX];
	struct xvgpu_err ignored;
	uint64_t domid;

	*dom = xvgpu_domain_by_name(&session->domains, text);
	if (!*dom && xvgpu_parse_u64(text, XVGPU_DOMID_LIMIT - 1, &domid) == 0)
		*dom = xvgpu_domain_by_id(&session->domains, (unsigned int)domid);
	if (!*dom || !(*dom)->name[0])
		return xvgpu_fail(err, -ENODEV, "%s: no such guest", text);
	if (xvgpu_gpudom_read((*dom)->name, config, &ignored) == 0)
		return xvgpu_fail(err, -ENODEV, "%s: is a driver domain, not a guest", text);
	return 0;
}

void xvgpu_poke(struct xs_handle *xs)
{
	const struct xvgpu_perms only_dom0 = {0, 0};

	/* The event is all that matters, so nothing stays. */
	if (xvgpu_xs_put(xs, XBT_NULL, only_dom0, "/xvgpu", "", NULL) == 0 &&
	    xvgpu_xs_put(xs, XBT_NULL, only_dom0, XVGPU_POKE, "", "1") == 0)
		xvgpu_xs_remove(xs, XBT_NULL, XVGPU_POKE);
}
