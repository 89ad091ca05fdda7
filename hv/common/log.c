/* SPDX-License-Identifier: MIT */
/*
 * log.c - one line to the console, and a brake for lines that other domains can provoke.
 *
 * The brake counts lines per domain and second. What it holds back is not lost silently: the count
 * is printed in front of the domain's next line that gets through, or when the domain's slot is
 * needed for another one.
 */
#include <stdio.h>
#include <string.h>

#include "hv/common/common.h"

#define LINE_MAX 512 /* with the terminating NUL: a line is cut at 511 characters */

static const char *prefix(enum hv_log_level level)
{
	switch (level) {
	case HV_ERR:
		return "error: ";
	case HV_WARN:
		return "warning: ";
	case HV_DEBUG:
		return "debug: ";
	default:
		return "";
	}
}

void hv_log_debug(bool on)
{
	hv_common()->log_debug = on;
}

static void vlog(enum hv_log_level level, const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	const char *pre = prefix(level);
	size_t len = strlen(pre);

	if (level == HV_DEBUG && !hv_common()->log_debug)
		return;
	memcpy(line, pre, len + 1);
	if (vsnprintf(line + len, sizeof(line) - len, fmt, ap) < 0)
		return;
	len = strlen(line);
	if (len && line[len - 1] == '\n')
		line[len - 1] = '\0';
	/* A line is one line: text from elsewhere must not forge a second one or move the cursor. */
	for (char *c = line; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			*c = '?';
	}
	hv_port_puts(line);
}

void hv_log(enum hv_log_level level, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vlog(level, fmt, ap);
	va_end(ap);
}

static void report_suppressed(struct hv_log_limit *l)
{
	if (l->suppressed)
		hv_log(HV_WARN, "dom%u: %u messages suppressed", l->dom, l->suppressed);
	l->suppressed = 0;
}

/* The domain's slot; a new domain takes the one that was used longest ago. */
static struct hv_log_limit *find_limit(struct hv_common *c, hv_domid_t dom, uint64_t now)
{
	struct hv_log_limit *oldest = &c->limits[0];

	for (unsigned int i = 0; i < HV_LOG_DOMS; i++) {
		struct hv_log_limit *l = &c->limits[i];

		if (l->lines && l->dom == dom)
			return l;
		if (!l->lines)
			l->last_use = 0; /* never used: preferred to any that was */
		if (l->last_use < oldest->last_use)
			oldest = l;
	}
	report_suppressed(oldest);
	*oldest = (struct hv_log_limit){.dom = dom, .second_start = now};
	return oldest;
}

void hv_log_dom(hv_domid_t dom, enum hv_log_level level, const char *fmt, ...)
{
	uint64_t now = hv_now();
	struct hv_log_limit *l = find_limit(hv_common(), dom, now);
	va_list ap;

	l->last_use = now + 1;
	if (now - l->second_start >= HV_S) {
		l->second_start = now;
		l->lines = 0;
	}
	if (l->lines >= HV_LOG_BURST) {
		l->suppressed++;
		return;
	}
	l->lines++;
	report_suppressed(l);
	va_start(ap, fmt);
	vlog(level, fmt, ap);
	va_end(ap);
}
