/* SPDX-License-Identifier: MIT */
/*
 * firmware.h - making firmware archives (docs/firmware-archive.md): find the files, put them together.
 *
 * Firmware comes in two forms. nouveau's: one file for each purpose, NAME-VERSION.bin, in a folder for
 * each family of chips. NVIDIA's: one image, gsp_ga10x.bin or gsp_tu10x.bin, whose booters and
 * bootloader are arrays in the source of the kernel module of the same version. An archive always
 * holds the first form; what is missing is made from the second.
 */
#ifndef XVGPU_FIRMWARE_H
#define XVGPU_FIRMWARE_H

#include "gpu/core/boot/archive.h"
#include "gpu/core/boot/family.h"
#include "xvgpu.h"

#define XVGPU_FIRMWARE_FILE_MAX (256u << 20) /* bytes of one file, unpacked */

/* A file's contents; free() what data points at. */
struct xvgpu_bytes {
	uint8_t *data;
	size_t size;
};

/* One entry of an archive to be. */
struct xvgpu_part {
	char name[GPU_ARCHIVE_NAME_MAX + 1];
	char from[XVGPU_PATH_MAX]; /* where it was found, for people */
	struct xvgpu_bytes bytes;
};

struct xvgpu_firmware {
	char version[GPU_FIRMWARE_VERSION_MAX + 1];
	const struct gpu_family *family;
	struct xvgpu_part part[GPU_ARCHIVE_ENTRIES];
	unsigned int parts;
};

/* What pack is asked for; NULL: find out. */
struct xvgpu_firmware_want {
	const char *const *dirs;
	int n_dirs;
	const char *version, *chip, *abi;
};

/*
 * Finds all files of one version for one family of chips. Fails when the folders leave a choice. What
 * was found must be given back with xvgpu_firmware_free(), after a failure too. Takes err.
 */
int xvgpu_firmware_find(const struct xvgpu_firmware_want *want, struct xvgpu_firmware *out,
			struct xvgpu_err *err);
void xvgpu_firmware_free(struct xvgpu_firmware *fw);

/*
 * Lays the parts out as one archive (page-aligned; free() it) and reads it as gpudom would, so that an
 * archive that was written is one that works. The same parts give the same bytes. Takes err.
 */
int xvgpu_firmware_build(const struct xvgpu_firmware *fw, struct xvgpu_bytes *archive,
			 struct xvgpu_err *err);

/*
 * Reads a whole file into page-aligned memory. A name that ends in .xz or .zst is unpacked by the
 * program of that name. Takes err; -ENOENT when there is no such file.
 */
int xvgpu_read_bytes(const char *path, struct xvgpu_bytes *out, struct xvgpu_err *err);

/*
 * One array of a generated source file (g_bindata_*.c), by the label NVIDIA's code uses for it, in
 * lower case: "image_prod". Newer releases write BINDATA_LABEL_IMAGE_PROD for the same. Takes err;
 * -ENOENT when the file has none of that label.
 */
int xvgpu_bindata_get(const char *path, const struct xvgpu_bytes *text, const char *label,
		      struct xvgpu_bytes *out, struct xvgpu_err *err);

/*
 * The same files as nouveau's, made from NVIDIA's source tree at `dir`. name: "booter_load",
 * "booter_unload", "bootloader" or "falcon_loader". Takes err.
 */
int xvgpu_source_part(const char *dir, const struct gpu_family *family, const char *name,
		      struct xvgpu_bytes *out, struct xvgpu_err *err);

/* The version of NVIDIA's source tree at `dir`; -ENOENT when it is none. Takes err. */
int xvgpu_source_version(const char *dir, char version[GPU_FIRMWARE_VERSION_MAX + 1],
			 struct xvgpu_err *err);

#endif /* XVGPU_FIRMWARE_H */
