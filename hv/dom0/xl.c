/* SPDX-License-Identifier: MIT */
/*
 * xl.c - runs xl (see xl.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xl.h"

#define MAX_ARGS 64

int xvgpu_xl(struct xvgpu_err *err, const char *const args[])
{
	char *argv[MAX_ARGS + 2] = {"xl"};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	sigset_t none;
	int n = 0, rc, status;
	pid_t pid;

	for (; args[n]; n++) {
		if (n == MAX_ARGS)
			return xvgpu_fail(err, -EIO, "xl %s: too many words", args[0]);
		argv[n + 1] = (char *)args[n];
	}
	/* What xl prints is for people, so our stdout (`list --json`) stays ours. */
	if (posix_spawn_file_actions_init(&files) || posix_spawnattr_init(&attr))
		return xvgpu_fail(err, -EIO, "xl %s: out of memory", args[0]);
	posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, STDERR_FILENO, STDOUT_FILENO);
	/* The daemon blocks signals; the process that xl leaves behind must not. */
	sigemptyset(&none);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK);
	rc = posix_spawnp(&pid, "xl", &files, &attr, argv, environ);
	posix_spawnattr_destroy(&attr);
	posix_spawn_file_actions_destroy(&files);
	if (rc)
		return xvgpu_fail(err, -EIO, "cannot run xl: %s", strerror(rc));
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return xvgpu_fail(err, -EIO, "xl %s: %s", args[0], strerror(errno));
	if (WIFSIGNALED(status))
		return xvgpu_fail(err, -EIO, "xl %s %s: killed by signal %d", args[0],
				  args[1] ? args[1] : "", WTERMSIG(status));
	if (WEXITSTATUS(status))
		return xvgpu_fail(err, -EIO, "xl %s %s: failed with exit code %d", args[0],
				  args[1] ? args[1] : "", WEXITSTATUS(status));
	return 0;
}
