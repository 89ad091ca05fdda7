/* SPDX-License-Identifier: MIT */
/*
 * daemon.c - waits, and lets the keeper look (see keeper.h).
 *
 * It wakes for domains that come and go (@introduceDomain, @releaseDomain), for what driver domains
 * say about themselves, for `register` (a poke) and when the keeper asked for it; and looks at most
 * every LOOK_INTERVAL, so that nobody can keep dom0 busy by writing to a watched node.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "keeper.h"
#include "lock.h"
#include "session.h"

#define LOOK_INTERVAL 100 /* milliseconds */
#define LOG_FILE      "/var/log/xen/xvgpud.log"

static int set_watches(struct xs_handle *xs, struct xvgpu_err *err)
{
	static const char *const paths[] = {"@introduceDomain", "@releaseDomain", XVGPU_POKE};

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (!xs_watch(xs, paths[i], XVGPU_TOKEN))
			return xvgpu_fail(err, -EIO, "cannot watch %s: %s", paths[i],
					  strerror(errno));
	return 0;
}

static void drain(struct xs_handle *xs)
{
	char **event;

	while ((event = xs_check_watch(xs)))
		free(event);
}

static int pass(struct xvgpu_keeper *k, uint64_t *wake, struct xvgpu_err *err)
{
	int lock = xvgpu_lock(err);

	if (lock < 0)
		return lock;
	*wake = xvgpu_keeper_pass(k, xvgpu_clock_us() / 1000);
	xvgpu_unlock(lock);
	return 0;
}

/* Until SIGTERM or SIGINT, or xenstored has gone. */
static int serve(struct xvgpu_keeper *k, int signals, struct xvgpu_err *err)
{
	struct pollfd fds[2] = {{.fd = signals, .events = POLLIN},
				{.fd = xs_fileno(k->xs), .events = POLLIN}};
	uint64_t wake = 0, last = 0;
	int rc;

	for (;;) {
		uint64_t now = xvgpu_clock_us() / 1000;
		int wait = wake > now ? (int)(wake - now) : 0;

		if (poll(fds, 2, wait) < 0 && errno != EINTR)
			return xvgpu_fail(err, -EIO, "poll: %s", strerror(errno));
		if (fds[0].revents)
			return 0;
		if (fds[1].revents & (POLLERR | POLLHUP | POLLNVAL))
			return xvgpu_fail(err, -EIO, "the connection to xenstore has ended");
		now = xvgpu_clock_us() / 1000;
		if (now - last < LOOK_INTERVAL)
			poll(fds, 1, (int)(LOOK_INTERVAL - (now - last)));
		drain(k->xs);
		rc = pass(k, &wake, err);
		if (rc)
			return rc;
		last = xvgpu_clock_us() / 1000;
	}
}

/* In the background, messages go to a file beside xl's own logs. */
static int go_background(int ready, struct xvgpu_err *err)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int log = open(LOG_FILE, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

	if (null < 0 || log < 0) {
		int rc = xvgpu_fail(err, -errno, "%s: %s", log < 0 ? LOG_FILE : "/dev/null",
				    strerror(errno));

		if (null >= 0)
			close(null);
		return rc;
	}
	setsid();
	if (chdir("/") || dup2(null, STDIN_FILENO) < 0 || dup2(null, STDOUT_FILENO) < 0)
		return xvgpu_fail(err, -errno, "cannot go into the background");
	/* The parent tells the person that all is well and ends. */
	if (write(ready, "", 1) != 1 || dup2(log, STDERR_FILENO) < 0)
		return xvgpu_fail(err, -errno, "cannot go into the background");
	close(ready);
	close(null);
	close(log);
	return 0;
}

static int run(bool start, int ready, struct xvgpu_err *err)
{
	struct xvgpu_keeper *k = calloc(1, sizeof(*k));
	sigset_t set;
	int rc, signals;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	signals = signalfd(-1, &set, SFD_CLOEXEC);
	rc = xvgpu_lock_daemon(err); /* kept until the process ends */
	if (!k || signals < 0)
		rc = xvgpu_fail(err, -ENOMEM, "out of memory or descriptors");
	if (rc < 0)
		goto out;
	k->start = start;
	k->xs = xs_open(0);
	if (!k->xs) {
		rc = xvgpu_fail(err, -EIO, "cannot talk to xenstore: %s", strerror(errno));
		goto out;
	}
	rc = set_watches(k->xs, err);
	if (!rc && ready >= 0)
		rc = go_background(ready, err);
	if (rc)
		goto out;
	xvgpu_say_with_time();
	xvgpu_say("daemon %s starts", XVGPU_VERSION);
	rc = serve(k, signals, err);
	xvgpu_say("daemon ends");
out:
	if (k) {
		xvgpu_domains_free(&k->domains);
		if (k->xs)
			xs_close(k->xs);
	}
	free(k);
	return rc;
}

static enum xvgpu_exit run_and_tell(bool start, int ready)
{
	struct xvgpu_err err;
	int rc = run(start, ready, &err);

	if (rc)
		xvgpu_say("%s", err.text);
	return xvgpu_exit_code(rc);
}

enum xvgpu_exit xvgpu_cmd_daemon(int argc, char **argv)
{
	bool foreground = false, start = false;
	sigset_t set;
	int ready[2];
	pid_t pid;
	char c;

	for (int i = 1; i < argc; i++) {
		if (!strcmp(argv[i], "--foreground"))
			foreground = true;
		else if (!strcmp(argv[i], "--start"))
			start = true;
		else
			return xvgpu_usage("daemon", "%s: unknown option", argv[i]);
	}
	/* Blocked before libxenstore makes its thread, so that only the signalfd gets them. */
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	if (foreground)
		return run_and_tell(start, -1);
	if (pipe2(ready, O_CLOEXEC) || (pid = fork()) < 0) {
		xvgpu_say("cannot go into the background: %s", strerror(errno));
		return XVGPU_EXIT_FAILED;
	}
	if (pid == 0) {
		close(ready[0]);
		return run_and_tell(start, ready[1]);
	}
	close(ready[1]);
	return read(ready[0], &c, 1) == 1 ? XVGPU_EXIT_OK : XVGPU_EXIT_FAILED;
}
