/* SPDX-License-Identifier: MIT */
/*
 * records.h - what the tool remembers between runs, below /var/lib/xvgpu.
 *
 *	guests/NAME	slices of a guest: of every domain of that name (and uuid, if the record has
 *			one), or, made by `create`, of one guest as long as it lives
 *	gpudoms/NAME	where the config of driver domain NAME is
 *
 * Files are in xl's syntax and replaced whole, so a reader sees the old one or the new one.
 */
#ifndef XVGPU_RECORDS_H
#define XVGPU_RECORDS_H

#include "config.h"

struct xvgpu_record {
	struct xvgpu_guest guest;
	bool for_life;		     /* ends with the guest: made by `create` */
	char source[XVGPU_PATH_MAX]; /* the config it was made from */
};

/* All take err. -ENOENT when there is no such record. */
int xvgpu_record_read(const char *name, struct xvgpu_record *record, struct xvgpu_err *err);
int xvgpu_record_write(const struct xvgpu_record *record, struct xvgpu_err *err);
int xvgpu_record_remove(const char *name, struct xvgpu_err *err);

/* config: XVGPU_PATH_MAX bytes. */
int xvgpu_gpudom_read(const char *name, char *config, struct xvgpu_err *err);
int xvgpu_gpudom_write(const char *name, const char *config, struct xvgpu_err *err);

/*
 * Names in guests/ or gpudoms/ (kind), at most max. Returns how many; a folder that is not there
 * has none.
 */
int xvgpu_record_names(const char *kind, char (*names)[XVGPU_NAME_MAX], int max);
#define XVGPU_MAX_RECORDS 512

/* Makes a folder with all above it. 0 or negative errno. */
int xvgpu_make_dirs(const char *path, unsigned int mode);
/* Replaces a file's contents in one step. Takes err. */
int xvgpu_write_file(const char *path, const char *text, struct xvgpu_err *err);

#endif /* XVGPU_RECORDS_H */
