/* SPDX-License-Identifier: MIT */
/*
 * attach.c - attach, detach: slices of a guest that is running.
 *
 * A slice attached so lasts until the guest's domain ends; one detached comes back, if the guest is
 * registered with it, in the guest's next life.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admit.h"
#include "commands.h"
#include "doorbell.h"
#include "session.h"

#define CLOSE_SECONDS 10	/* that both ends have to close a slice */
#define LOOK_INTERVAL 50000000l /* nanoseconds between two looks at it */

static int attach(struct xvgpu_session *session, const char *guest, const char *text,
		  struct xvgpu_err *err)
{
	struct xvgpu_slice there[XVGPU_MAX_DEVICES], slice;
	const struct xvgpu_domain *dom;
	struct xvgpu_spec spec;
	struct xvgpu_err inner;
	uint32_t taken = 0;
	int n, at, rc;

	rc = xvgpu_session_guest(session, guest, &dom, err);
	if (rc)
		return rc;
	n = xvgpu_slices(session->xs, dom->domid, there);
	for (int i = 0; i < n; i++)
		if (there[i].plug != XVGPU_DETACHED)
			taken |= 1u << there[i].index;
	rc = xvgpu_spec_parse(text, &spec, &inner);
	if (!rc)
		rc = xvgpu_spec_slots(&spec, 1, taken, &inner);
	if (!rc)
		rc = xvgpu_admit(session->xs, &session->domains, &session->profiles, &spec, 1,
				 &slice, &at, &inner);
	if (rc)
		return xvgpu_fail(err, rc, "%s: %s", dom->name, inner.text);
	slice.front = dom->domid;
	rc = xvgpu_plug(session->xs, dom, &slice, 1, err);
	if (!rc)
		printf("%s: slice %u\n", dom->name, slice.index);
	return rc;
}

static int detach(struct xvgpu_session *session, const char *guest, const char *text,
		  struct xvgpu_err *err)
{
	const struct timespec interval = {.tv_nsec = LOOK_INTERVAL};
	struct xvgpu_slice there[XVGPU_MAX_DEVICES], *slice = NULL;
	const struct xvgpu_domain *dom;
	uint64_t index;
	bool closed = true;
	int n, rc;

	if (xvgpu_parse_u64(text, XVGPU_MAX_DEVICES - 1, &index))
		return xvgpu_fail(err, -EINVAL, "%s: not a slice's number (0 to %d)", text,
				  XVGPU_MAX_DEVICES - 1);
	rc = xvgpu_session_guest(session, guest, &dom, err);
	if (rc)
		return rc;
	n = xvgpu_slices(session->xs, dom->domid, there);
	for (int i = 0; i < n; i++)
		if (there[i].index == index && there[i].plug != XVGPU_DETACHED)
			slice = &there[i];
	if (!slice)
		return xvgpu_fail(err, -ENODEV, "%s: has no slice %s", dom->name, text);
	if (slice->plug == XVGPU_IN) {
		time_t end = time(NULL) + CLOSE_SECONDS;

		rc = xvgpu_close(session->xs, slice->back, slice->front, slice->index);
		if (rc)
			return xvgpu_fail(err, rc, "%s: cannot close slice %s: %s", dom->name, text,
					  strerror(-rc));
		while (!(closed = xvgpu_closed(session->xs, slice->back, slice->front,
					       slice->index)) &&
		       time(NULL) < end)
			nanosleep(&interval, NULL);
	}
	rc = xvgpu_unplug(session->xs, slice, XVGPU_DETACHED);
	if (rc)
		return xvgpu_fail(err, rc, "%s: cannot remove slice %s: %s", dom->name, text,
				  strerror(-rc));
	if (!closed)
		xvgpu_say("%s: slice %s did not close within %d s and was removed", dom->name, text,
			  CLOSE_SECONDS);
	return 0;
}

static enum xvgpu_exit run(int argc, char **argv, const char *usage,
			   int (*fn)(struct xvgpu_session *, const char *, const char *,
				     struct xvgpu_err *))
{
	struct xvgpu_session session;
	struct xvgpu_err err;
	int rc;

	if (argc != 3 || argv[1][0] == '-')
		return xvgpu_usage(argv[0], "%s", usage);
	rc = xvgpu_session_open(&session, &err);
	if (!rc) {
		rc = fn(&session, argv[1], argv[2], &err);
		xvgpu_session_close(&session);
	}
	if (rc)
		xvgpu_say("%s", err.text);
	return xvgpu_exit_code(rc);
}

enum xvgpu_exit xvgpu_cmd_attach(int argc, char **argv)
{
	return run(argc, argv, "give a guest and one slice: DOMAIN backend=...,profile=...",
		   attach);
}

enum xvgpu_exit xvgpu_cmd_detach(int argc, char **argv)
{
	return run(argc, argv, "give a guest and a slice's number", detach);
}
