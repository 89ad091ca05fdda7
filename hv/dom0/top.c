/* SPDX-License-Identifier: MIT */
/*
 * top.c - top: what each slice does with the GPU, again and again.
 *
 * Two readings of the counters give what happened in between. On a terminal each table takes the place
 * of the last; elsewhere they follow each other.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "counters.h"
#include "domains.h"

#define DEFAULT_SECONDS 2
#define MAX_SECONDS	3600
#define CLEAR_SCREEN	"\033[H\033[2J"

struct row {
	char guest[XVGPU_NAME_MAX];
	struct xvgpu_slice slice;
	struct xvgpu_counters now;
	double share; /* of one engine's time, percent; below 0: unknown */
};

struct table {
	struct row *row;
	size_t n;
	uint64_t time; /* of reading it, microseconds */
};

static int read_table(struct xs_handle *xs, struct table *t, struct xvgpu_err *err)
{
	struct xvgpu_slice slices[XVGPU_MAX_DEVICES];
	struct xvgpu_domains domains;
	struct xvgpu_pairs pairs;
	int rc = xvgpu_domains_read(xs, &domains, err);

	*t = (struct table){.time = xvgpu_clock_us()};
	if (rc)
		return rc;
	for (int i = 0; i < domains.n && !rc; i++) {
		int n = xvgpu_slices(xs, domains.list[i].domid, slices);
		struct row *more = realloc(t->row, (t->n + (size_t)n + 1) * sizeof(*more));

		if (!more) {
			rc = xvgpu_fail(err, -ENOMEM, "out of memory");
			break;
		}
		t->row = more;
		for (int j = 0; j < n; j++) {
			struct row *row = &t->row[t->n++];

			memset(row, 0, sizeof(*row));
			row->slice = slices[j];
			memcpy(row->guest, domains.list[i].name, sizeof(row->guest));
			xvgpu_counters_read(xs, &slices[j], &pairs, &row->now);
		}
	}
	xvgpu_domains_free(&domains);
	return rc;
}

/* The same slice of the same guest, plugged into the same driver domain, or NULL. */
static const struct row *earlier(const struct table *t, const struct row *row)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->row[i].slice.front == row->slice.front &&
		    t->row[i].slice.index == row->slice.index &&
		    t->row[i].slice.back == row->slice.back)
			return &t->row[i];
	return NULL;
}

/* Right-aligned in ten columns; "-" when it is not known. */
static void show_number(bool known, double n, const char *unit)
{
	char text[32];

	snprintf(text, sizeof(text), n < 10 && n > 0 ? "%.1f%s" : "%.0f%s", n, unit);
	printf(" %10s", known ? text : "-");
}

static void show_rate(const struct row *before, const struct row *row, uint64_t us,
		      enum xvgpu_counter one, enum xvgpu_counter other)
{
	double rate = 0, more = 0;
	bool known = before && xvgpu_counter_rate(&before->now, &row->now, one, us, &rate);

	if (known && other != one)
		known = xvgpu_counter_rate(&before->now, &row->now, other, us, &more);
	show_number(known, rate + more, "");
}

/* As it is now, in units of so many. */
static void show_now(const struct row *row, enum xvgpu_counter which, uint64_t unit)
{
	if (row->now.known[which])
		printf(" %10" PRIu64, row->now.n[which] / unit);
	else
		printf(" %10s", "-");
}

static int by_share(const void *a, const void *b)
{
	const struct row *x = a, *y = b;

	if (x->share != y->share)
		return x->share < y->share ? 1 : -1;
	if (x->slice.front != y->slice.front)
		return x->slice.front < y->slice.front ? -1 : 1;
	return (int)x->slice.index - (int)y->slice.index;
}

static void show(const struct table *before, struct table *now)
{
	uint64_t us = now->time > before->time ? now->time - before->time : 1;

	for (size_t i = 0; i < now->n; i++) {
		struct row *row = &now->row[i];
		const struct row *last = earlier(before, row);
		double rate;

		row->share = -1;
		if (last && xvgpu_counter_rate(&last->now, &row->now, XVGPU_ENGINE_US, us, &rate))
			row->share = rate / 1e4; /* microseconds per second, in percent */
	}
	if (now->n)
		qsort(now->row, now->n, sizeof(*now->row), by_share);
	printf("%-16s %5s %2s %-16s %10s %10s %10s %10s %10s %10s %10s\n", "GUEST", "ID", "N",
	       "BACKEND", "ENGINES", "BELLS/S", "COPIED/S", "PAGES", "VRAM/K", "CHANNELS",
	       "FAULTS");
	for (size_t i = 0; i < now->n; i++) {
		const struct row *row = &now->row[i], *last = earlier(before, row);

		printf("%-16s %5u %2u %-16s", row->guest, row->slice.front, row->slice.index,
		       row->slice.backend);
		show_number(row->share >= 0, row->share, "%");
		show_rate(last, row, us, XVGPU_DOORBELLS, XVGPU_DOORBELLS);
		show_rate(last, row, us, XVGPU_BYTES_WRITTEN, XVGPU_BYTES_READ);
		show_now(row, XVGPU_IMPORTED_PAGES, 1);
		show_now(row, XVGPU_VRAM_USED, 1024);
		show_now(row, XVGPU_CHANNELS, 1);
		show_now(row, XVGPU_FAULTS, 1);
		printf("\n");
	}
}

static int run(struct xs_handle *xs, uint64_t seconds, uint64_t count, bool batch,
	       struct xvgpu_err *err)
{
	struct table before, now = {.n = 0};
	int rc = read_table(xs, &before, err);

	for (uint64_t i = 0; !rc && (!count || i < count); i++) {
		sleep((unsigned int)seconds);
		rc = read_table(xs, &now, err);
		if (!rc) {
			printf("%s", batch ? (i ? "\n" : "") : CLEAR_SCREEN);
			show(&before, &now);
			/* Whoever reads has gone: nobody to tell. */
			if (fflush(stdout))
				rc = xvgpu_fail(err, -EIO, "cannot write: %s", strerror(errno));
		}
		free(before.row);
		before = now;
	}
	free(before.row);
	return rc;
}

enum xvgpu_exit xvgpu_cmd_top(int argc, char **argv)
{
	uint64_t seconds = DEFAULT_SECONDS, count = 0;
	bool batch = !isatty(STDOUT_FILENO);
	struct xs_handle *xs;
	struct xvgpu_err err;
	int opt, rc;

	optind = 0; /* tests call this more than once */
	while ((opt = getopt(argc, argv, "bd:n:")) != -1) {
		if (opt == 'b')
			batch = true;
		else if (opt == 'd') {
			if (xvgpu_parse_u64(optarg, MAX_SECONDS, &seconds) || !seconds)
				return xvgpu_usage("top", "-d %s: not a number from 1 to %d",
						   optarg, MAX_SECONDS);
		} else if (opt == 'n') {
			if (xvgpu_parse_u64(optarg, UINT32_MAX, &count) || !count)
				return xvgpu_usage("top", "-n %s: not a positive number", optarg);
		} else {
			return XVGPU_EXIT_USAGE; /* getopt has said why */
		}
	}
	if (optind != argc)
		return xvgpu_usage("top", "%s: takes options only", argv[optind]);
	xs = xs_open(0);
	if (!xs) {
		xvgpu_say("cannot talk to xenstore: %s", strerror(errno));
		return XVGPU_EXIT_FAILED;
	}
	rc = run(xs, seconds, count, batch, &err);
	xs_close(xs);
	if (rc)
		xvgpu_say("%s", err.text);
	return xvgpu_exit_code(rc);
}
