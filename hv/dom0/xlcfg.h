/* SPDX-License-Identifier: MIT */
/*
 * xlcfg.h - a file in xl's own syntax, read by Xen's own parser (libxlutil).
 *
 * The same text that xl reads, read the same way; on top of libxlutil this gives error messages that
 * name the file, the line and the key, in one line.
 */
#ifndef XVGPU_XLCFG_H
#define XVGPU_XLCFG_H

#include "xvgpu.h"

struct xvgpu_cfg;

/*
 * Reads file, with vars (key=value words of a command line; may be NULL when nvars is 0) appended
 * as lines of their own, which is what xl does with them. Takes err; *out is the caller's until
 * xvgpu_cfg_close(). -EINVAL: syntax error. Other values: the file cannot be read.
 */
int xvgpu_cfg_open(const char *file, char *const *vars, int nvars, struct xvgpu_cfg **out,
		   struct xvgpu_err *err);
/* The same from memory; name stands for the file in messages. */
int xvgpu_cfg_parse(const char *name, const char *text, size_t size, struct xvgpu_cfg **out,
		    struct xvgpu_err *err);
/*
 * The text of a config file, to be free()d, with `room` bytes free behind its *size. NULL: fills err; also when
 * it is larger than 1 MiB.
 */
char *xvgpu_cfg_text(const char *file, size_t room, size_t *size, struct xvgpu_err *err);
void xvgpu_cfg_close(struct xvgpu_cfg *cfg);

/* *value is cfg's; NULL when the key is absent. Takes err: -EINVAL for a list. */
int xvgpu_cfg_string(struct xvgpu_cfg *cfg, const char *key, const char **value,
		     struct xvgpu_err *err);
/*
 * Calls fn with each string of a list and its line, in order, until it returns an error; puts file, line and key
 * before fn's message. Returns the number of strings, 0 when the key is absent. Takes err.
 */
typedef int (*xvgpu_cfg_fn)(const char *text, long line, void *arg, struct xvgpu_err *err);
int xvgpu_cfg_list(struct xvgpu_cfg *cfg, const char *key, xvgpu_cfg_fn fn, void *arg,
		   struct xvgpu_err *err);

/* Fills err with "file:line: key: text" and returns code; line as of the key's last setting. */
int xvgpu_cfg_fail(struct xvgpu_cfg *cfg, const char *key, struct xvgpu_err *err, int code,
		   const char *fmt, ...) __attribute__((format(printf, 5, 6)));

#endif /* XVGPU_XLCFG_H */
