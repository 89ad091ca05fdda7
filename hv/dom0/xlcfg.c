/* SPDX-License-Identifier: MIT */
/*
 * xlcfg.c - a file in xl's own syntax (see xlcfg.h).
 *
 * libxlutil knows the line of every value but tells it only in its complaints ("FILE:LINE: warning:
 * …", tools/libs/util/libxlu_cfg.c). So when a line is wanted, a value is asked for as what it is
 * not, and the number is read from the complaint.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxlutil.h>

#include "xlcfg.h"

#define MAX_FILE (1u << 20) /* bytes of a config file */

struct xvgpu_cfg {
	XLU_Config *xlu;
	FILE *report; /* where libxlutil complains: into text */
	char *text;
	size_t size;
	char *name;
};

void xvgpu_cfg_close(struct xvgpu_cfg *cfg)
{
	if (!cfg)
		return;
	if (cfg->xlu)
		xlu_cfg_destroy(cfg->xlu);
	if (cfg->report)
		fclose(cfg->report);
	free(cfg->text);
	free(cfg->name);
	free(cfg);
}

/* What libxlutil has said since it had said `from` bytes. */
static const char *said_since(struct xvgpu_cfg *cfg, size_t from)
{
	fflush(cfg->report);
	return cfg->size > from ? cfg->text + from : "";
}

int xvgpu_cfg_parse(const char *name, const char *text, size_t size, struct xvgpu_cfg **out,
		    struct xvgpu_err *err)
{
	struct xvgpu_cfg *cfg = calloc(1, sizeof(*cfg));

	if (cfg) {
		cfg->name = strdup(name);
		cfg->report = open_memstream(&cfg->text, &cfg->size);
	}
	if (cfg && cfg->name && cfg->report)
		cfg->xlu = xlu_cfg_init(cfg->report, name);
	if (!cfg || !cfg->xlu) {
		xvgpu_cfg_close(cfg);
		return xvgpu_fail(err, -ENOMEM, "%s: out of memory", name);
	}
	if (xlu_cfg_readdata(cfg->xlu, text, (int)size)) {
		const char *said = said_since(cfg, 0);

		if (*said)
			xvgpu_err_set(err, "%.*s", (int)strcspn(said, "\n"), said);
		else
			xvgpu_err_set(err, "%s: not in xl's syntax", name);
		xvgpu_cfg_close(cfg);
		return -EINVAL;
	}
	*out = cfg;
	return 0;
}

char *xvgpu_cfg_text(const char *file, size_t room, size_t *size, struct xvgpu_err *err)
{
	FILE *f = fopen(file, "re");
	char *text;
	size_t n;

	if (!f) {
		xvgpu_err_set(err, "%s: %s", file, strerror(errno));
		return NULL;
	}
	text = malloc(MAX_FILE + 1 + room);
	n = text ? fread(text, 1, MAX_FILE + 1, f) : 0;
	if (!text || ferror(f) || n > MAX_FILE) {
		xvgpu_err_set(err, "%s: %s", file,
			      n > MAX_FILE ? "larger than 1 MiB" : "cannot be read");
		free(text);
		text = NULL;
	}
	fclose(f);
	*size = n;
	return text;
}

int xvgpu_cfg_open(const char *file, char *const *vars, int nvars, struct xvgpu_cfg **out,
		   struct xvgpu_err *err)
{
	size_t size, room = 0;
	char *text;
	int rc;

	for (int i = 0; i < nvars; i++)
		room += strlen(vars[i]) + 1;
	text = xvgpu_cfg_text(file, room + 1, &size, err);
	if (!text)
		return -EIO;
	if (nvars)
		text[size++] = '\n';
	for (int i = 0; i < nvars; i++) {
		size_t n = strlen(vars[i]);

		memcpy(text + size, vars[i], n);
		size += n;
		text[size++] = '\n';
	}
	rc = xvgpu_cfg_parse(file, text, size, out, err);
	free(text);
	return rc;
}

/* The line in a complaint "NAME:LINE:…"; 0 when there is none. */
static long line_in(struct xvgpu_cfg *cfg, const char *said)
{
	size_t n = strlen(cfg->name);

	if (strncmp(said, cfg->name, n) != 0 || said[n] != ':')
		return 0;
	return strtol(said + n + 1, NULL, 10);
}

static long line_of_key(struct xvgpu_cfg *cfg, const char *key)
{
	size_t from = strlen(said_since(cfg, 0));
	const char *string;

	/* One of the two is the wrong type, and complains. */
	xlu_cfg_get_list(cfg->xlu, key, NULL, NULL, 0);
	xlu_cfg_get_string(cfg->xlu, key, &string, 0);
	return line_in(cfg, said_since(cfg, from));
}

static long line_of_value(struct xvgpu_cfg *cfg, XLU_ConfigValue *value)
{
	size_t from = strlen(said_since(cfg, 0));
	XLU_ConfigList *list;
	char *string;

	if (xlu_cfg_value_type(value) == XLU_STRING)
		xlu_cfg_value_get_list(cfg->xlu, value, &list, 0);
	else
		xlu_cfg_value_get_string(cfg->xlu, value, &string, 0);
	return line_in(cfg, said_since(cfg, from));
}

int xvgpu_cfg_fail(struct xvgpu_cfg *cfg, const char *key, struct xvgpu_err *err, int code,
		   const char *fmt, ...)
{
	char text[sizeof(err->text)];
	long line = line_of_key(cfg, key);
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	if (line)
		return xvgpu_fail(err, code, "%s:%ld: %s: %s", cfg->name, line, key, text);
	return xvgpu_fail(err, code, "%s: %s: %s", cfg->name, key, text);
}

int xvgpu_cfg_string(struct xvgpu_cfg *cfg, const char *key, const char **value,
		     struct xvgpu_err *err)
{
	int rc = xlu_cfg_get_string(cfg->xlu, key, value, 1);

	if (rc == ESRCH)
		*value = NULL;
	else if (rc)
		return xvgpu_cfg_fail(cfg, key, err, -EINVAL, "is a list but should be one string");
	return 0;
}

int xvgpu_cfg_list(struct xvgpu_cfg *cfg, const char *key, xvgpu_cfg_fn fn, void *arg,
		   struct xvgpu_err *err)
{
	XLU_ConfigList *list;
	int n, rc = xlu_cfg_get_list(cfg->xlu, key, &list, &n, 1);

	if (rc == ESRCH)
		return 0;
	if (rc)
		return xvgpu_cfg_fail(cfg, key, err, -EINVAL,
				      "is one string but should be a list: [\"...\"]");
	for (int i = 0; i < n; i++) {
		XLU_ConfigValue *value = xlu_cfg_get_listitem2(list, i);
		long line = line_of_value(cfg, value);
		struct xvgpu_err inner;
		char *text;

		if (xlu_cfg_value_get_string(cfg->xlu, value, &text, 1))
			rc = xvgpu_fail(&inner, -EINVAL, "a list where a string should be");
		else
			rc = fn(text, line, arg, &inner);
		if (rc < 0)
			return xvgpu_fail(err, rc, "%s:%ld: %s: %s", cfg->name, line, key,
					  inner.text);
	}
	return n;
}
