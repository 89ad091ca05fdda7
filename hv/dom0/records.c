/* SPDX-License-Identifier: MIT */
/*
 * records.c - what the tool remembers between runs (see records.h).
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "records.h"

#define FOLDER_MODE 0755

int xvgpu_make_dirs(const char *path, unsigned int mode)
{
	char part[XVGPU_PATH_MAX];

	if (xvgpu_print(part, sizeof(part), "%s", path))
		return -ENAMETOOLONG;
	for (char *p = part + 1;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		*p = '\0';
		if (mkdir(part, (mode_t)mode) && errno != EEXIST)
			return -errno;
		if (!c)
			return 0;
		*p = c;
	}
}

int xvgpu_write_file(const char *path, const char *text, struct xvgpu_err *err)
{
	char temp[XVGPU_PATH_MAX], folder[XVGPU_PATH_MAX];
	const char *slash = strrchr(path, '/');
	size_t n = strlen(text);
	int fd, rc;

	if (!slash || xvgpu_print(temp, sizeof(temp), "%s.new", path) ||
	    xvgpu_print(folder, sizeof(folder), "%.*s", (int)(slash - path), path))
		return xvgpu_fail(err, -EINVAL, "%s: not a path that can be written", path);
	rc = folder[0] ? xvgpu_make_dirs(folder, FOLDER_MODE) : 0;
	if (rc)
		return xvgpu_fail(err, rc, "%s: %s", folder, strerror(-rc));
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return xvgpu_fail(err, -errno, "%s: %s", temp, strerror(errno));
	rc = write(fd, text, n) == (ssize_t)n && fsync(fd) == 0 ? 0 : -EIO;
	close(fd);
	if (rc == 0 && rename(temp, path))
		rc = -errno;
	if (rc) {
		unlink(temp);
		return xvgpu_fail(err, rc, "%s: %s", path, strerror(-rc));
	}
	return 0;
}

static int record_path(char *path, const char *kind, const char *name, struct xvgpu_err *err)
{
	if (!xvgpu_name_ok(name, XVGPU_NAME_MAX))
		return xvgpu_fail(err, -EINVAL, "%s: not a domain name", name);
	if (xvgpu_print(path, XVGPU_PATH_MAX, "%s/%s/%s", xvgpu_paths.lib, kind, name))
		return xvgpu_fail(err, -ENAMETOOLONG, "%s: too long", name);
	return 0;
}

/* Opens a record; -ENOENT (without fuss) when there is none. */
static int open_record(const char *kind, const char *name, struct xvgpu_cfg **cfg,
		       struct xvgpu_err *err)
{
	char path[XVGPU_PATH_MAX];
	int rc = record_path(path, kind, name, err);

	if (rc)
		return rc;
	if (access(path, F_OK))
		return xvgpu_fail(err, -ENOENT, "%s: not registered (no %s)", name, path);
	return xvgpu_cfg_open(path, NULL, 0, cfg, err);
}

int xvgpu_record_read(const char *name, struct xvgpu_record *record, struct xvgpu_err *err)
{
	const char *lifetime = NULL, *source = NULL;
	struct xvgpu_cfg *cfg;
	int rc = open_record("guests", name, &cfg, err);

	memset(record, 0, sizeof(*record));
	if (rc)
		return rc;
	rc = xvgpu_guest_from(cfg, &record->guest, err);
	if (!rc && strcmp(record->guest.name, name) != 0)
		rc = xvgpu_cfg_fail(cfg, "name", err, -EINVAL, "is not the file's name");
	if (!rc)
		rc = xvgpu_cfg_string(cfg, "lifetime", &lifetime, err);
	if (!rc)
		rc = xvgpu_cfg_string(cfg, "source", &source, err);
	if (!rc) {
		record->for_life = lifetime && !strcmp(lifetime, "guest");
		xvgpu_print(record->source, sizeof(record->source), "%s", source ? source : "");
	}
	xvgpu_cfg_close(cfg);
	return rc;
}

int xvgpu_record_write(const struct xvgpu_record *record, struct xvgpu_err *err)
{
	char path[XVGPU_PATH_MAX], spec[XVGPU_SPEC_TEXT_MAX];
	char *text = NULL;
	size_t size;
	FILE *f;
	int rc = record_path(path, "guests", record->guest.name, err);

	if (rc)
		return rc;
	if (strpbrk(record->source, "\"\\\n"))
		return xvgpu_fail(err, -EINVAL, "%s: quotes and backslashes cannot be kept",
				  record->source);
	f = open_memstream(&text, &size);
	if (!f)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	fprintf(f, "# Written by xvgpu; see xvgpu(8).\nname = \"%s\"\n", record->guest.name);
	if (record->guest.uuid[0])
		fprintf(f, "uuid = \"%s\"\n", record->guest.uuid);
	fprintf(f, "lifetime = \"%s\"\nsource = \"%s\"\nvgpu = [\n",
		record->for_life ? "guest" : "registered", record->source);
	for (int i = 0; i < record->guest.n; i++) {
		xvgpu_spec_format(&record->guest.specs[i], spec, sizeof(spec));
		fprintf(f, "\t\"%s\",\n", spec);
	}
	fprintf(f, "]\n");
	fclose(f);
	rc = xvgpu_write_file(path, text, err);
	free(text);
	return rc;
}

int xvgpu_record_remove(const char *name, struct xvgpu_err *err)
{
	char path[XVGPU_PATH_MAX];
	int rc = record_path(path, "guests", name, err);

	if (rc)
		return rc;
	if (unlink(path))
		return xvgpu_fail(err, -errno, "%s: %s", name,
				  errno == ENOENT ? "not registered" : strerror(errno));
	return 0;
}

int xvgpu_gpudom_read(const char *name, char *config, struct xvgpu_err *err)
{
	struct xvgpu_cfg *cfg;
	const char *text;
	int rc = open_record("gpudoms", name, &cfg, err);

	if (rc)
		return rc;
	rc = xvgpu_cfg_string(cfg, "config", &text, err);
	if (!rc && (!text || xvgpu_print(config, XVGPU_PATH_MAX, "%s", text)))
		rc = xvgpu_cfg_fail(cfg, "config", err, -EINVAL, "missing or too long");
	xvgpu_cfg_close(cfg);
	return rc;
}

int xvgpu_gpudom_write(const char *name, const char *config, struct xvgpu_err *err)
{
	char path[XVGPU_PATH_MAX], text[XVGPU_PATH_MAX + 64];
	int rc = record_path(path, "gpudoms", name, err);

	if (rc)
		return rc;
	if (strpbrk(config, "\"\\\n"))
		return xvgpu_fail(err, -EINVAL, "%s: quotes and backslashes cannot be kept",
				  config);
	xvgpu_print(text, sizeof(text), "# Written by xvgpu init.\nconfig = \"%s\"\n", config);
	return xvgpu_write_file(path, text, err);
}

int xvgpu_record_names(const char *kind, char (*names)[XVGPU_NAME_MAX], int max)
{
	char path[XVGPU_PATH_MAX];
	struct dirent *entry;
	DIR *dir;
	int n = 0;

	if (xvgpu_print(path, sizeof(path), "%s/%s", xvgpu_paths.lib, kind))
		return 0;
	dir = opendir(path);
	if (!dir)
		return 0;
	while (n < max && (entry = readdir(dir))) {
		size_t len = strlen(entry->d_name);

		if (!xvgpu_name_ok(entry->d_name, XVGPU_NAME_MAX) ||
		    (len > 4 && !strcmp(entry->d_name + len - 4, ".new")))
			continue;
		xvgpu_print(names[n++], XVGPU_NAME_MAX, "%s", entry->d_name);
	}
	closedir(dir);
	return n;
}
