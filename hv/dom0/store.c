/* SPDX-License-Identifier: MIT */
/*
 * store.c - bounded reads, writes with permissions, transactions (see store.h).
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec.h"
#include "store.h"

#define MAX_TRIES 32 /* of one transaction; each failure means that somebody else got on */

static int vpath(char *path, const char *fmt, va_list ap)
{
	int n = vsnprintf(path, XVGPU_PATH_MAX, fmt, ap);

	return n < 0 || n >= XVGPU_PATH_MAX ? -ENAMETOOLONG : 0;
}

static int read_at(struct xs_handle *xs, xs_transaction_t t, char *buf, size_t size,
		   const char *path)
{
	unsigned int len;
	char *value = xs_read(xs, t, path, &len);
	int rc = 0;

	buf[0] = '\0';
	if (!value)
		return errno ? -errno : -EIO;
	if (len >= size || memchr(value, '\0', len)) {
		rc = -EINVAL;
	} else {
		memcpy(buf, value, len);
		buf[len] = '\0';
	}
	free(value);
	return rc;
}

int xvgpu_xs_read(struct xs_handle *xs, xs_transaction_t t, char *buf, size_t size, const char *fmt,
		  ...)
{
	char path[XVGPU_PATH_MAX];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	buf[0] = '\0';
	return rc ? rc : read_at(xs, t, buf, size, path);
}

int xvgpu_xs_read_u64(struct xs_handle *xs, xs_transaction_t t, uint64_t max, uint64_t *value,
		      const char *fmt, ...)
{
	char path[XVGPU_PATH_MAX], text[24];
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	if (rc == 0)
		rc = read_at(xs, t, text, sizeof(text), path);
	return rc ? rc : xvgpu_parse_u64(text, max, value);
}

bool xvgpu_xs_exists(struct xs_handle *xs, xs_transaction_t t, const char *fmt, ...)
{
	char path[XVGPU_PATH_MAX];
	unsigned int len;
	void *value = NULL;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	rc = vpath(path, fmt, ap);
	va_end(ap);
	if (rc == 0)
		value = xs_read(xs, t, path, &len);
	free(value);
	return value != NULL;
}

static int compare_ids(const void *a, const void *b)
{
	unsigned int x = *(const unsigned int *)a, y = *(const unsigned int *)b;

	return x < y ? -1 : x > y;
}

int xvgpu_xs_ids(struct xs_handle *xs, xs_transaction_t t, unsigned int limit, unsigned int *ids,
		 int max, const char *fmt, ...)
{
	char path[XVGPU_PATH_MAX];
	unsigned int num = 0;
	char **names;
	uint64_t id;
	va_list ap;
	int n = 0;

	va_start(ap, fmt);
	n = vpath(path, fmt, ap);
	va_end(ap);
	names = n ? NULL : xs_directory(xs, t, path, &num);
	if (!names)
		return 0;
	for (unsigned int i = 0; i < num && n < max; i++)
		if (xvgpu_parse_u64(names[i], limit - 1, &id) == 0)
			ids[n++] = (unsigned int)id;
	free(names);
	qsort(ids, (size_t)n, sizeof(*ids), compare_ids);
	return n;
}

int xvgpu_xs_children(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
	unsigned int num = 0;
	char **names = xs_directory(xs, t, path, &num);

	free(names);
	return names ? (int)num : 0;
}

int xvgpu_xs_put(struct xs_handle *xs, xs_transaction_t t, struct xvgpu_perms perms,
		 const char *dir, const char *key, const char *value)
{
	struct xs_permissions p[2] = {
		{.id = perms.owner, .perms = XS_PERM_NONE},
		{.id = perms.reader, .perms = XS_PERM_READ},
	};
	char path[XVGPU_PATH_MAX];

	if (xvgpu_print(path, sizeof(path), "%s%s%s", dir, *key ? "/" : "", key))
		return -ENAMETOOLONG;
	if (value ? !xs_write(xs, t, path, value, (unsigned int)strlen(value))
		  : !xs_mkdir(xs, t, path))
		return errno ? -errno : -EIO;
	if (!xs_set_permissions(xs, t, path, p, perms.reader == perms.owner ? 1 : 2))
		return errno ? -errno : -EIO;
	return 0;
}

int xvgpu_xs_remove(struct xs_handle *xs, xs_transaction_t t, const char *path)
{
	if (xs_rm(xs, t, path) || errno == ENOENT)
		return 0;
	return errno ? -errno : -EIO;
}

int xvgpu_xs_transaction(struct xs_handle *xs, xvgpu_tx_fn fn, void *arg)
{
	for (int try = 0; try < MAX_TRIES; try++) {
		xs_transaction_t t = xs_transaction_start(xs);
		int rc;

		if (t == XBT_NULL)
			return errno ? -errno : -EIO;
		rc = fn(xs, t, arg);
		if (rc) {
			xs_transaction_end(xs, t, true);
			return rc;
		}
		if (xs_transaction_end(xs, t, false))
			return 0;
		if (errno != EAGAIN)
			return errno ? -errno : -EIO;
	}
	return -ETIMEDOUT;
}
