/* SPDX-License-Identifier: MIT */
/*
 * gsp_image.h - the GSP's firmware file: the image itself, its version, its signatures.
 */
#ifndef GPU_BOOT_GSP_IMAGE_H
#define GPU_BOOT_GSP_IMAGE_H

#include "gpu/core/boot/elf.h"

#define GPU_FIRMWARE_VERSION_MAX 31u /* characters of a version such as 570.144 */

struct gpu_gsp_image {
	struct gpu_elf elf;
	struct gpu_blob image;			    /* .fwimage */
	char version[GPU_FIRMWARE_VERSION_MAX + 1]; /* .fwversion */
};

/*
 * Reads a gsp-*.bin or gsp_*.bin. The image is where it lies in the file, at any alignment. 0, or
 * -EINVAL with *err; a file without a needed section is -EINVAL too.
 */
int gpu_gsp_image_open(const struct gpu_blob *file, struct gpu_gsp_image *out,
		       struct gpu_error *err);

/* The signature in `section` (struct gpu_family). 0, -ENOENT (not for this family), -EINVAL. */
int gpu_gsp_image_signature(const struct gpu_gsp_image *image, const char *section,
			    struct gpu_blob *out, struct gpu_error *err);

/* Is this a version: 1 to GPU_FIRMWARE_VERSION_MAX digits and dots, and then a NUL? */
int gpu_firmware_version_ok(const char version[GPU_FIRMWARE_VERSION_MAX + 1]);

#endif /* GPU_BOOT_GSP_IMAGE_H */
