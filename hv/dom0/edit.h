/* SPDX-License-Identifier: MIT */
/*
 * edit.h - changes one setting of an xl config and leaves the rest as its owner wrote it.
 */
#ifndef XVGPU_EDIT_H
#define XVGPU_EDIT_H

#include "xvgpu.h"

/*
 * The text with key = value (as it is to stand there, quotes included): in place of the last line that
 * sets key and nothing else, or on a new line at the end, where it counts most: in xl's syntax the last
 * setting of a key does. The caller reads the result to be sure, and free()s it; NULL: out of memory.
 */
char *xvgpu_edit(const char *text, const char *key, const char *value);

/* A whole file as text, to be free()d. Takes err: also when it is larger than 1 MiB or holds a NUL byte. */
int xvgpu_edit_read(const char *path, char **text, struct xvgpu_err *err);

#endif /* XVGPU_EDIT_H */
