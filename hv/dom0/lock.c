/* SPDX-License-Identifier: MIT */
/*
 * lock.c - who may change things at a time (see lock.h). The kernel drops a lock when its holder
 * dies, so there is no stale one.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "lock.h"
#include "records.h"

static int take(const char *name, int how, struct xvgpu_err *err)
{
	char path[XVGPU_PATH_MAX];
	int fd, rc = xvgpu_make_dirs(xvgpu_paths.run, 0755);

	if (rc)
		return xvgpu_fail(err, rc, "%s: %s", xvgpu_paths.run, strerror(-rc));
	xvgpu_print(path, sizeof(path), "%s/%s", xvgpu_paths.run, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0)
		return xvgpu_fail(err, -errno, "%s: %s", path, strerror(errno));
	while (flock(fd, how)) {
		if (errno == EINTR)
			continue;
		rc = errno == EWOULDBLOCK ? -EBUSY : -errno;
		close(fd);
		return xvgpu_fail(err, rc, "%s: %s", path, strerror(-rc));
	}
	return fd;
}

int xvgpu_lock(struct xvgpu_err *err)
{
	return take("lock", LOCK_EX, err);
}

void xvgpu_unlock(int fd)
{
	close(fd);
}

int xvgpu_lock_daemon(struct xvgpu_err *err)
{
	int fd = take("daemon", LOCK_EX | LOCK_NB, err);

	if (fd == -EBUSY)
		xvgpu_err_set(err, "another xvgpu daemon is running");
	return fd;
}

bool xvgpu_daemon_runs(void)
{
	struct xvgpu_err err;
	int fd = take("daemon", LOCK_SH | LOCK_NB, &err);

	if (fd >= 0)
		close(fd);
	return fd == -EBUSY;
}
