/* SPDX-License-Identifier: MIT */
/*
 * message.c - sentences for people: made, escaped, printed.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"

struct xvgpu_paths xvgpu_paths = {
	.etc = "/etc/xvgpu",
	.lib = "/var/lib/xvgpu",
	.run = "/run/xvgpu",
	.sysfs = "/sys",
};

static bool with_time;

void xvgpu_escape(char *buf, size_t size, const char *text, bool json)
{
	size_t n = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		char part[8];

		if (c < ' ' || c > '~')
			snprintf(part, sizeof(part), json ? "\\u%04x" : "\\x%02x", c);
		else if (json && (c == '"' || c == '\\'))
			snprintf(part, sizeof(part), "\\%c", c);
		else
			snprintf(part, sizeof(part), "%c", c);
		if (n + strlen(part) >= size)
			break;
		memcpy(buf + n, part, strlen(part));
		n += strlen(part);
	}
	buf[n] = '\0';
}

void xvgpu_err_set(struct xvgpu_err *err, const char *fmt, ...)
{
	char raw[sizeof(err->text)];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	xvgpu_escape(err->text, sizeof(err->text), raw, false);
}

enum xvgpu_exit xvgpu_exit_code(int error)
{
	switch (-error) {
	case 0:
		return XVGPU_EXIT_OK;
	case EINVAL:
		return XVGPU_EXIT_CONFIG;
	case ENOENT:
	case ENODEV:
	case ENOSPC:
	case EBUSY:
	case EPERM:
	case EEXIST:
		return XVGPU_EXIT_REFUSED;
	default:
		return XVGPU_EXIT_FAILED;
	}
}

void xvgpu_say(const char *fmt, ...)
{
	char raw[1024], line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	xvgpu_escape(line, sizeof(line), raw, false);
	if (with_time) {
		char stamp[32];
		time_t now = time(NULL);
		struct tm tm;

		strftime(stamp, sizeof(stamp), "%Y-%m-%d %H:%M:%S", gmtime_r(&now, &tm));
		fprintf(stderr, "%s ", stamp);
	}
	fprintf(stderr, "xvgpu: %s\n", line);
	fflush(stderr);
}

void xvgpu_say_with_time(void)
{
	with_time = true;
}

int xvgpu_print(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n < 0 || (size_t)n >= size ? -ENAMETOOLONG : 0;
}

enum xvgpu_exit xvgpu_usage(const char *command, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	xvgpu_say("%s: %s (see xvgpu --help)", command, text);
	return XVGPU_EXIT_USAGE;
}
