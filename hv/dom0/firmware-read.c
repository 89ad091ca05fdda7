/* SPDX-License-Identifier: MIT */
/*
 * firmware-read.c - reads a firmware file whole, unpacking it when its name says so (see firmware.h).
 *
 * Distributions may pack firmware with xz or zstd. Debian does not, so the two programs are run when
 * needed instead of linking their libraries.
 */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "firmware.h"

#define STEP (1u << 20) /* bytes made room for when the size is not known */

static bool ends_with(const char *path, const char *suffix)
{
	size_t n = strlen(path), m = strlen(suffix);

	return n > m && !strcmp(path + n - m, suffix);
}

/*
 * All that comes out of fd, `expected` bytes at first sight. The memory grows by copying, since it has
 * to stay page-aligned.
 */
static int drain(int fd, size_t expected, const char *path, struct xvgpu_bytes *out,
		 struct xvgpu_err *err)
{
	size_t room = 0;

	*out = (struct xvgpu_bytes){NULL, 0};
	for (;;) {
		ssize_t n;

		if (out->size == room) {
			size_t more = room ? 2 * room : expected + 1; /* one for the end */
			void *grown;

			if (posix_memalign(&grown, GPU_ARCHIVE_PAGE, more))
				return xvgpu_fail(err, -ENOMEM, "%s: out of memory", path);
			if (out->size)
				memcpy(grown, out->data, out->size);
			free(out->data);
			out->data = grown;
			room = more;
		}
		n = read(fd, out->data + out->size, room - out->size);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return xvgpu_fail(err, -errno, "%s: %s", path, strerror(errno));
		if (!n)
			return 0;
		out->size += (size_t)n;
		if (out->size > XVGPU_FIRMWARE_FILE_MAX)
			return xvgpu_fail(err, -EINVAL, "%s: more than %u MiB", path,
					  XVGPU_FIRMWARE_FILE_MAX >> 20);
	}
}

/* Runs PROGRAM -dc with the file as its input. */
static int unpack(const char *program, const char *path, int fd, struct xvgpu_bytes *out,
		  struct xvgpu_err *err)
{
	char *argv[] = {(char *)program, "-dc", NULL};
	posix_spawn_file_actions_t files;
	int ends[2], rc, status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC))
		return xvgpu_fail(err, -errno, "%s: %s", path, strerror(errno));
	rc = posix_spawn_file_actions_init(&files);
	if (!rc) {
		posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
		posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
		rc = posix_spawnp(&pid, program, &files, NULL, argv, environ);
		posix_spawn_file_actions_destroy(&files);
	}
	close(ends[1]);
	if (rc) {
		close(ends[0]);
		return xvgpu_fail(err, -rc, "%s: cannot run %s: %s", path, program, strerror(rc));
	}
	rc = drain(ends[0], STEP, path, out, err);
	close(ends[0]); /* ends the program, should it still be writing */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!rc && status)
		rc = xvgpu_fail(err, -EINVAL, "%s: %s cannot unpack it", path, program);
	return rc;
}

int xvgpu_read_bytes(const char *path, struct xvgpu_bytes *out, struct xvgpu_err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), rc;
	struct stat st;

	*out = (struct xvgpu_bytes){NULL, 0};
	if (fd < 0 || fstat(fd, &st)) {
		rc = xvgpu_fail(err, -errno, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return rc;
	}
	if (ends_with(path, ".xz"))
		rc = unpack("xz", path, fd, out, err);
	else if (ends_with(path, ".zst"))
		rc = unpack("zstd", path, fd, out, err);
	else
		rc = drain(fd,
			   S_ISREG(st.st_mode) && st.st_size < XVGPU_FIRMWARE_FILE_MAX
				   ? (size_t)st.st_size
				   : STEP,
			   path, out, err);
	close(fd);
	if (rc) {
		free(out->data);
		*out = (struct xvgpu_bytes){NULL, 0};
	}
	return rc;
}
