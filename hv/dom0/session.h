/* SPDX-License-Identifier: MIT */
/*
 * session.h - what a command that changes slices holds from its first look to its last write: the
 * lock, a connection to xenstore, the list of domains, the profiles.
 */
#ifndef XVGPU_SESSION_H
#define XVGPU_SESSION_H

#include "domains.h"
#include "profiles.h"

struct xvgpu_session {
	int lock;
	struct xs_handle *xs;
	struct xvgpu_domains domains;
	struct xvgpu_profiles profiles;
};

/* Takes err; on success the caller ends with xvgpu_session_close(). */
int xvgpu_session_open(struct xvgpu_session *session, struct xvgpu_err *err);
void xvgpu_session_close(struct xvgpu_session *session);
int xvgpu_session_refresh(struct xvgpu_session *session, struct xvgpu_err *err); /* domains */

/* A domain by name or number. Takes err: -ENODEV when there is none, or it is a driver domain. */
int xvgpu_session_guest(struct xvgpu_session *session, const char *text,
			const struct xvgpu_domain **dom, struct xvgpu_err *err);

/* Makes a running daemon look at everything again; best effort. */
#define XVGPU_POKE "/xvgpu/poke"
void xvgpu_poke(struct xs_handle *xs);

#endif /* XVGPU_SESSION_H */
