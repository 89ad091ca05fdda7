/* SPDX-License-Identifier: MIT */
/*
 * worker.h - how a test guest is told what to do and how it answers.
 *
 * Orders come as words of the command line ("key=1 bytes=64M") and, while it runs, in the guest's own
 * xenstore node data/go, which dom0 writes. Answers go to other nodes below data/, so that the
 * harness can read them from dom0.
 */
#ifndef TESTS_XEN_WORKER_H
#define TESTS_XEN_WORKER_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hv.h"

/* The value of word "name=…", or fallback. Numbers may end in K or M. */
static inline const char *order_text(int argc, char **argv, const char *name, const char *fallback)
{
	size_t len = strlen(name);

	for (int i = 0; i < argc; i++)
		if (!strncmp(argv[i], name, len) && argv[i][len] == '=')
			return argv[i] + len + 1;
	return fallback;
}

static inline uint64_t order_number(int argc, char **argv, const char *name, uint64_t fallback)
{
	const char *text = order_text(argc, argv, name, NULL);
	char *end;
	uint64_t value;

	if (!text)
		return fallback;
	value = strtoull(text, &end, 0);
	if (*end == 'K')
		value <<= 10;
	if (*end == 'M')
		value <<= 20;
	return value;
}

/* Publishes an answer; a test that cannot answer is broken, so failure is a panic. */
static inline void answer(const char *node, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static inline void answer(const char *node, const char *fmt, ...)
{
	char path[64], text[512];
	va_list ap;
	int err;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(path, sizeof(path), "data/%s", node);
	err = hv_xs_write(HV_XS_NONE, path, text);
	if (err)
		hv_panic("cannot write %s: %d", path, err);
	hv_log(HV_INFO, "%s: %s", node, text);
}

/* Whether dom0 has written `word` into data/go. */
static inline bool told(const char *word)
{
	char text[32];

	return hv_xs_read(HV_XS_NONE, "data/go", text, sizeof(text)) >= 0 && !strcmp(text, word);
}

struct told_wait {
	const char *word;
	bool seen;
};

static inline void told_fn(struct hv_xs_watch *w, const char *changed)
{
	struct told_wait *wait = w->arg;

	(void)changed;
	wait->seen = told(wait->word);
}

static inline bool told_done(void *arg)
{
	return ((struct told_wait *)arg)->seen;
}

/* Waits, asleep, until dom0 writes `word` into data/go. */
static inline int wait_told(const char *word, uint64_t timeout)
{
	struct told_wait wait = {.word = word};
	struct hv_xs_watch w = {.path = "data/go", .fn = told_fn, .arg = &wait};
	int err = hv_xs_watch(&w);

	if (err)
		return err;
	err = hv_loop_until(told_done, &wait, timeout);
	hv_xs_unwatch(&w);
	return err;
}

static inline bool never(void *arg)
{
	(void)arg;
	return false;
}

/* Sleeps, serving events. */
static inline void nap(uint64_t ns)
{
	hv_loop_until(never, NULL, ns);
}

#endif /* TESTS_XEN_WORKER_H */
