/* SPDX-License-Identifier: MIT */
/*
 * edit.c - changes one setting of an xl config (see edit.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "edit.h"
#include "xlcfg.h"

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
	size_t size;
	char *buf = xvgpu_cfg_text(path, 1, &size, err);

	if (!buf)
		return -EIO;
	if (memchr(buf, '\0', size)) {
		free(buf);
		return xvgpu_fail(err, -EINVAL, "%s: holds a NUL byte: no text", path);
	}
	buf[size] = '\0';
	*text = buf;
	return 0;
}
