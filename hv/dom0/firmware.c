/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - firmware pack and firmware list: makes a driver domain's firmware archive and shows
 * what is in one (docs/firmware-archive.md).
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "firmware.h"
#include "gpu/core/boot/firmware.h"

/* Writes beside the file and renames, so that a reader sees the old archive or the new one. */
static int write_archive(const char *path, const struct xvgpu_bytes *archive, struct xvgpu_err *err)
{
	char temp[XVGPU_PATH_MAX];
	size_t done = 0;
	int fd, rc = 0;

	if (xvgpu_print(temp, sizeof(temp), "%s.new", path))
		return xvgpu_fail(err, -EINVAL, "%s: the path is too long", path);
	fd = open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd < 0)
		return xvgpu_fail(err, -errno, "%s: %s", temp, strerror(errno));
	while (done < archive->size && !rc) {
		ssize_t n = write(fd, archive->data + done, archive->size - done);

		if (n < 0 && errno != EINTR)
			rc = -errno;
		done += n > 0 ? (size_t)n : 0;
	}
	if (!rc && fsync(fd))
		rc = -errno;
	if (close(fd) && !rc)
		rc = -errno;
	if (!rc && rename(temp, path))
		rc = -errno;
	if (rc) {
		unlink(temp);
		return xvgpu_fail(err, rc, "%s: %s", path, strerror(-rc));
	}
	return 0;
}

static int pack(const struct xvgpu_firmware_want *want, const char *output, struct xvgpu_err *err)
{
	struct xvgpu_bytes archive = {NULL, 0};
	struct xvgpu_firmware fw;
	int rc = xvgpu_firmware_find(want, &fw, err);

	if (!rc)
		rc = xvgpu_firmware_build(&fw, &archive, err);
	if (!rc)
		rc = write_archive(output, &archive, err);
	for (unsigned int i = 0; i < fw.parts && !rc; i++)
		printf("%-14s %s\n", fw.part[i].name, fw.part[i].from);
	if (!rc)
		printf("%s: firmware %s for %s, %zu bytes\n", output, fw.version, fw.family->name,
		       archive.size);
	free(archive.data);
	xvgpu_firmware_free(&fw);
	return rc;
}

static enum xvgpu_exit finish(int rc, const struct xvgpu_err *err)
{
	if (rc)
		xvgpu_say("%s", err->text);
	return xvgpu_exit_code(rc);
}

static enum xvgpu_exit cmd_pack(int argc, char **argv)
{
	static const struct option options[] = {{"output", required_argument, NULL, 'o'},
						{"version", required_argument, NULL, 'v'},
						{"chip", required_argument, NULL, 'c'},
						{"abi", required_argument, NULL, 'a'},
						{NULL, 0, NULL, 0}};
	struct xvgpu_firmware_want want = {.n_dirs = 0};
	const char *output = NULL;
	struct xvgpu_err err;
	int opt;

	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		switch (opt) {
		case 'o':
			output = optarg;
			break;
		case 'v':
			want.version = optarg;
			break;
		case 'c':
			want.chip = optarg;
			break;
		case 'a':
			want.abi = optarg;
			break;
		default:
			return XVGPU_EXIT_USAGE; /* getopt has said why */
		}
	}
	want.dirs = (const char *const *)argv + optind;
	want.n_dirs = argc - optind;
	if (!want.n_dirs || !output)
		return xvgpu_usage("firmware pack", "give one or more folders, and -o FILE");
	return finish(pack(&want, output, &err), &err);
}

static void list_signatures(const struct gpu_gsp_image *gsp)
{
	static const char prefix[] = ".fwsignature_";

	printf("signed for");
	for (unsigned int i = 0; i < gsp->elf.sections; i++) {
		const char *name = gpu_elf_section_name(&gsp->elf, i);
		char shown[64];

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		xvgpu_escape(shown, sizeof(shown), name + sizeof(prefix) - 1, false);
		printf(" %s", shown);
	}
	printf("\n");
}

static int list(const char *path, const struct xvgpu_bytes *bytes, struct gpu_firmware *fw,
		struct xvgpu_err *err)
{
	struct gpu_blob file = {path, bytes->data, bytes->size};
	struct gpu_error why;
	int damaged = 0;

	if (gpu_archive_open(&file, &fw->archive, &why))
		return xvgpu_fail(err, -EINVAL, "%s", why.text);
	printf("firmware %s for %s, %zu bytes\n", fw->archive.version, fw->archive.chip,
	       bytes->size);
	for (unsigned int i = 0; i < fw->archive.entries; i++) {
		const struct gpu_archive_entry *entry = &fw->archive.entry[i];
		int bad = gpu_archive_check(entry, &why) != 0;

		printf("%-14s %10zu bytes at 0x%08llx  %s\n", entry->name, entry->contents.size,
		       (unsigned long long)(entry->contents.data - bytes->data),
		       bad ? "DAMAGED" : "ok");
		damaged += bad;
	}
	if (damaged)
		return xvgpu_fail(err, -EINVAL, "%s: %d damaged entries", path, damaged);
	if (gpu_firmware_open(&file, fw, &why))
		return xvgpu_fail(err, -EINVAL, "%s: %s", path, why.text);
	printf("image          %10zu bytes at 0x%08llx, ", fw->gsp.image.size,
	       (unsigned long long)(fw->gsp.image.data - bytes->data));
	list_signatures(&fw->gsp);
	return 0;
}

static enum xvgpu_exit cmd_list(int argc, char **argv)
{
	struct gpu_firmware *fw;
	struct xvgpu_bytes bytes;
	struct xvgpu_err err;
	int rc;

	if (argc != 2)
		return xvgpu_usage("firmware list", "give one archive");
	rc = xvgpu_read_bytes(argv[1], &bytes, &err);
	if (rc)
		return finish(rc, &err);
	fw = malloc(sizeof(*fw));
	rc = fw ? list(argv[1], &bytes, fw, &err) : xvgpu_fail(&err, -ENOMEM, "out of memory");
	free(fw);
	free(bytes.data);
	return finish(rc, &err);
}

enum xvgpu_exit xvgpu_cmd_firmware(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "pack"))
		return cmd_pack(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "list"))
		return cmd_list(argc - 1, argv + 1);
	if (argc > 1 && !strcmp(argv[1], "set"))
		return xvgpu_cmd_firmware_set(argc - 1, argv + 1);
	return xvgpu_usage("firmware", "say pack, list or set");
}
