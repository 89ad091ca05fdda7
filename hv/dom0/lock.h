/* SPDX-License-Identifier: MIT */
/*
 * lock.h - who may change things at a time.
 *
 * Two locks below /run/xvgpu:
 *	lock	held by whoever changes slices (a command, or the daemon during one pass), so that a
 *		guest being made by `create` is not found half-made by the daemon
 *	daemon	held by the daemon for its whole life, so that there is one
 */
#ifndef XVGPU_LOCK_H
#define XVGPU_LOCK_H

#include "xvgpu.h"

/*
 * Waits for the lock. Returns a descriptor that holds it until xvgpu_unlock() or the end of the
 * process (programs that are run do not inherit it). Takes err.
 */
int xvgpu_lock(struct xvgpu_err *err);
void xvgpu_unlock(int fd);

/* Takes the daemon's lock, or fails with -EBUSY at once. Takes err. */
int xvgpu_lock_daemon(struct xvgpu_err *err);
bool xvgpu_daemon_runs(void);

#endif /* XVGPU_LOCK_H */
