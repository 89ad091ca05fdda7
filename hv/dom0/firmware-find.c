/* SPDX-License-Identifier: MIT */
/*
 * firmware-find.c - finds the files of one firmware version in the folders given (see firmware.h).
 *
 * A folder may hold nouveau's files, NVIDIA's images, ABI packs, or be a source tree; what it is shows
 * from what is in it. First the version and the family of chips are settled, from the command line or
 * because only one is possible; then each part is looked for, folder by folder.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware.h"
#include "gpu/core/boot/gsp_image.h"

static const char *const packings[] = {"", ".xz", ".zst"};
#define PACKINGS (sizeof(packings) / sizeof(packings[0]))

/* Where nouveau's files are looked for under another name than their entry's. */
static const struct {
	const char *entry, *file;
	bool needed, in_source;
} wanted[] = {
	{"booter_load", "booter_load", true, true},
	{"booter_unload", "booter_unload", true, true},
	{"bootloader", "bootloader", true, true},
	{"falcon_loader", "gen_bootloader", false, true},
	{"abi", NULL, false, false},
	{"gsp", "gsp", true, false},
};
#define WANTED (sizeof(wanted) / sizeof(wanted[0]))

/* The versions that the folders offer, each once. */
struct versions {
	char list[8][GPU_FIRMWARE_VERSION_MAX + 1];
	unsigned int n;
};

static int offer(struct versions *v, const char *version, struct xvgpu_err *err)
{
	for (unsigned int i = 0; i < v->n; i++)
		if (!strcmp(v->list[i], version))
			return 0;
	if (v->n == sizeof(v->list) / sizeof(v->list[0]))
		return xvgpu_fail(err, -EINVAL, "more than %u versions: choose with --version",
				  v->n);
	return xvgpu_print(v->list[v->n++], sizeof(v->list[0]), "%s", version);
}

/* The version in a name such as gsp-570.144.bin.xz, or false. */
static bool version_in_name(const char *name, char version[GPU_FIRMWARE_VERSION_MAX + 1])
{
	const char *end = strstr(name, ".bin");

	if (strncmp(name, "gsp-", 4) != 0 || !end || end - (name + 4) > GPU_FIRMWARE_VERSION_MAX)
		return false;
	memset(version, 0, GPU_FIRMWARE_VERSION_MAX + 1);
	memcpy(version, name + 4, (size_t)(end - (name + 4)));
	for (unsigned int i = 0; i < PACKINGS; i++)
		if (!strcmp(end + 4, packings[i]))
			return gpu_firmware_version_ok(version);
	return false;
}

/* DIR/NAME with any packing. 0, -ENOENT (without a message), or an error. */
static int read_any(const char *dir, const char *name, struct xvgpu_part *part,
		    struct xvgpu_err *err)
{
	for (unsigned int i = 0; i < PACKINGS; i++) {
		int rc = xvgpu_print(part->from, sizeof(part->from), "%s/%s%s", dir, name,
				     packings[i]);

		if (rc)
			return xvgpu_fail(err, rc, "%s/%s: the path is too long", dir, name);
		rc = xvgpu_read_bytes(part->from, &part->bytes, err);
		if (rc != -ENOENT)
			return rc;
	}
	return -ENOENT;
}

/* NVIDIA's image for the family, and its version. As read_any(). */
static int read_vendor_image(const char *dir, const struct gpu_family *family,
			     struct xvgpu_part *part, char version[GPU_FIRMWARE_VERSION_MAX + 1],
			     struct xvgpu_err *err)
{
	struct gpu_gsp_image image;
	struct gpu_error why;
	char name[32];
	int rc = xvgpu_print(name, sizeof(name), "gsp_%s.bin", family->image);

	if (!rc)
		rc = read_any(dir, name, part, err);
	if (rc)
		return rc;
	if (gpu_gsp_image_open(&(struct gpu_blob){part->from, part->bytes.data, part->bytes.size},
			       &image, &why)) {
		free(part->bytes.data);
		part->bytes.data = NULL;
		return xvgpu_fail(err, -EINVAL, "%s", why.text);
	}
	memcpy(version, image.version, sizeof(image.version));
	return 0;
}

static int offers_of(const char *dir, const struct gpu_family *family, struct versions *v,
		     struct xvgpu_err *err)
{
	char version[GPU_FIRMWARE_VERSION_MAX + 1];
	struct xvgpu_part part = {.bytes = {NULL, 0}};
	struct dirent *entry;
	DIR *d = opendir(dir);
	int rc = 0;

	if (!d)
		return xvgpu_fail(err, -errno, "%s: %s", dir, strerror(errno));
	while (!rc && (entry = readdir(d)))
		if (version_in_name(entry->d_name, version))
			rc = offer(v, version, err);
	closedir(d);
	if (rc)
		return rc;
	rc = read_vendor_image(dir, family, &part, version, err);
	free(part.bytes.data);
	if (rc == -ENOENT)
		return 0;
	return rc ? rc : offer(v, version, err);
}

static int settle_version(const struct xvgpu_firmware_want *want, struct xvgpu_firmware *fw,
			  struct xvgpu_err *err)
{
	struct versions v = {.n = 0};
	int rc = 0;

	if (want->version) {
		if (xvgpu_print(fw->version, sizeof(fw->version), "%s", want->version) ||
		    !gpu_firmware_version_ok(fw->version))
			return xvgpu_fail(err, -EINVAL, "--version %s: not digits and dots",
					  want->version);
		return 0;
	}
	for (int i = 0; i < want->n_dirs && !rc; i++)
		rc = offers_of(want->dirs[i], fw->family, &v, err);
	if (rc)
		return rc;
	if (!v.n)
		return xvgpu_fail(err, -ENOENT, "no gsp-VERSION.bin and no gsp_%s.bin in %s%s",
				  fw->family->image, want->dirs[0],
				  want->n_dirs > 1 ? " or the other folders" : "");
	if (v.n > 1)
		return xvgpu_fail(err, -EINVAL, "versions %s and %s%s: choose with --version",
				  v.list[0], v.list[1], v.n > 2 ? " and more" : "");
	memcpy(fw->version, v.list[0], sizeof(fw->version));
	return 0;
}

/* A folder of nouveau's is called nvidia/FAMILY/gsp, links resolved. */
static int settle_family(const struct xvgpu_firmware_want *want, struct xvgpu_firmware *fw,
			 struct xvgpu_err *err)
{
	if (want->chip) {
		fw->family = gpu_family_find(want->chip);
		return fw->family ? 0
				  : xvgpu_fail(err, -EINVAL,
					       "--chip %s: not tu102, tu116, ga100, ga102 or ad102",
					       want->chip);
	}
	for (int i = 0; i < want->n_dirs; i++) {
		char *path = realpath(want->dirs[i], NULL);
		char *slash = path ? strrchr(path, '/') : NULL;
		const struct gpu_family *family = NULL;

		if (!path)
			return xvgpu_fail(err, -errno, "%s: %s", want->dirs[i], strerror(errno));
		if (slash && !strcmp(slash, "/gsp")) {
			*slash = '\0';
			slash = strrchr(path, '/');
			family = slash ? gpu_family_find(slash + 1) : NULL;
		}
		free(path);
		if (family && fw->family && family != fw->family)
			return xvgpu_fail(err, -EINVAL, "files for %s and %s: choose with --chip",
					  fw->family->name, family->name);
		if (family)
			fw->family = family;
	}
	return fw->family ? 0
			  : xvgpu_fail(err, -EINVAL,
				       "no folder is called CHIP/gsp: say which with --chip");
}

static int from_source(const char *dir, const struct xvgpu_firmware *fw, const char *entry,
		       struct xvgpu_part *part, struct xvgpu_err *err)
{
	char version[GPU_FIRMWARE_VERSION_MAX + 1];
	int rc = xvgpu_source_version(dir, version, err);

	if (rc)
		return rc;
	if (strcmp(version, fw->version) != 0)
		return -ENOENT;
	rc = xvgpu_source_part(dir, fw->family, entry, &part->bytes, err);
	/* A tree of the right version that lacks what every tree has is an error to be told. */
	return rc == -ENOENT ? -EINVAL : rc;
}

/* Looks for one entry in one folder. 0, -ENOENT (without a message), or an error. */
static int look(const char *dir, const struct xvgpu_firmware *fw, unsigned int i,
		struct xvgpu_part *part, struct xvgpu_err *err)
{
	const char *entry = wanted[i].entry;
	char name[64], version[GPU_FIRMWARE_VERSION_MAX + 1];
	int rc;

	if (wanted[i].file)
		rc = xvgpu_print(name, sizeof(name), "%s-%s.bin", wanted[i].file, fw->version);
	else
		rc = xvgpu_print(name, sizeof(name), "%s.abi", fw->version);
	if (!rc)
		rc = read_any(dir, name, part, err);
	if (rc != -ENOENT)
		return rc;
	if (!strcmp(entry, "gsp")) {
		rc = read_vendor_image(dir, fw->family, part, version, err);
		if (!rc && strcmp(version, fw->version) != 0) {
			free(part->bytes.data);
			part->bytes.data = NULL;
			return -ENOENT;
		}
		return rc;
	}
	/* Before it came with the other files, nouveau took this loader from those for ACR. */
	if (!strcmp(entry, "falcon_loader")) {
		rc = read_any(dir, "../acr/bl.bin", part, err);
		if (rc == -ENOENT)
			rc = read_any(dir, "acr/bl.bin", part, err);
		if (rc != -ENOENT)
			return rc;
	}
	if (wanted[i].in_source) {
		xvgpu_print(part->from, sizeof(part->from), "%s", dir);
		return from_source(dir, fw, entry, part, err);
	}
	return -ENOENT;
}

static int find_part(const struct xvgpu_firmware_want *want, struct xvgpu_firmware *fw,
		     unsigned int i, struct xvgpu_err *err)
{
	struct xvgpu_part *part = &fw->part[fw->parts];
	int rc = -ENOENT;

	*part = (struct xvgpu_part){.bytes = {NULL, 0}};
	/* Ampere and later load secure code without help. */
	if (!strcmp(wanted[i].entry, "falcon_loader") && strcmp(fw->family->image, "tu10x") != 0)
		return 0;
	if (!strcmp(wanted[i].entry, "abi") && want->abi) {
		xvgpu_print(part->from, sizeof(part->from), "%s", want->abi);
		rc = xvgpu_read_bytes(want->abi, &part->bytes, err);
		if (rc)
			return rc;
	}
	for (int d = 0; d < want->n_dirs && rc == -ENOENT; d++)
		rc = look(want->dirs[d], fw, i, part, err);
	if (rc == -ENOENT && wanted[i].needed)
		return xvgpu_fail(err, -ENOENT, "no %s-%s.bin%s in %s%s", wanted[i].file,
				  fw->version,
				  wanted[i].in_source ? " and no source tree of this version" : "",
				  want->dirs[0], want->n_dirs > 1 ? " or the other folders" : "");
	if (rc)
		return rc == -ENOENT ? 0 : rc;
	rc = xvgpu_print(part->name, sizeof(part->name), "%s", wanted[i].entry);
	fw->parts++;
	return rc;
}

int xvgpu_firmware_find(const struct xvgpu_firmware_want *want, struct xvgpu_firmware *out,
			struct xvgpu_err *err)
{
	int rc;

	memset(out, 0, sizeof(*out));
	rc = settle_family(want, out, err);
	if (!rc)
		rc = settle_version(want, out, err);
	for (unsigned int i = 0; i < WANTED && !rc; i++)
		rc = find_part(want, out, i, err);
	return rc;
}

void xvgpu_firmware_free(struct xvgpu_firmware *fw)
{
	for (unsigned int i = 0; i < fw->parts; i++)
		free(fw->part[i].bytes.data);
	fw->parts = 0;
}
