/* SPDX-License-Identifier: MIT */
/*
 * edit.c - changes one setting of an xl config (see edit.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"

#define MAX_FILE (1u << 20) /* as for every config: xlcfg.c */

/* Whether a line is "key = value", a quoted string or a word, with nothing behind it but a comment. */
static bool sets(const char *line, size_t len, const char *key)
{
	const char *end = line + len, *p = line + strspn(line, " \t");

	if (p > end || strncmp(p, key, strlen(key)) != 0)
		return false;
	p += strlen(key);
	p += strspn(p, " \t");
	if (p >= end || *p++ != '=')
		return false;
	p += strspn(p, " \t");
	if (p >= end)
		return false;
	if (*p == '"' || *p == '\'') {
		size_t n = strcspn(p + 1, *p == '"' ? "\"\\\n" : "'\\\n");

		if (p[n + 1] != *p)
			return false;
		p += n + 2;
	} else {
		p += strcspn(p, " \t\n;#\"'[](),=");
	}
	p += strspn(p, " \t\r");
	return p >= end || *p == '#';
}

char *xvgpu_edit(const char *text, const char *key, const char *value)
{
	const char *found = NULL, *rest;
	char *out = NULL;
	size_t size, found_len = 0;
	FILE *f;

	for (const char *line = text; *line;) {
		size_t len = strcspn(line, "\n");

		if (sets(line, len, key)) {
			found = line;
			found_len = len;
		}
		line += len + (line[len] == '\n');
	}
	f = open_memstream(&out, &size);
	if (!f)
		return NULL;
	rest = found ? found + found_len : text + strlen(text);
	fwrite(text, 1, (size_t)((found ? found : rest) - text), f);
	if (!found && rest > text && rest[-1] != '\n')
		fputc('\n', f);
	fprintf(f, "%s = %s%s%s", key, value, found ? "" : "\n", rest);
	if (fclose(f)) {
		free(out);
		return NULL;
	}
	return out;
}

int xvgpu_edit_read(const char *path, char **text, struct xvgpu_err *err)
{
	char *buf = malloc(MAX_FILE + 1);
	FILE *f = buf ? fopen(path, "re") : NULL;
	size_t n;
	int rc = 0;

	if (!f) {
		rc = buf ? xvgpu_fail(err, -EIO, "%s: %s", path, strerror(errno))
			 : xvgpu_fail(err, -ENOMEM, "out of memory");
		free(buf);
		return rc;
	}
	n = fread(buf, 1, MAX_FILE + 1, f);
	if (ferror(f))
		rc = xvgpu_fail(err, -EIO, "%s: cannot be read", path);
	else if (n > MAX_FILE || memchr(buf, '\0', n))
		rc = xvgpu_fail(err, -EINVAL, "%s: larger than 1 MiB, or no text", path);
	fclose(f);
	if (rc) {
		free(buf);
		return rc;
	}
	buf[n] = '\0';
	*text = buf;
	return 0;
}
