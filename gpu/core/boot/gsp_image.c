/* SPDX-License-Identifier: MIT */
/*
 * gsp_image.c - reads the GSP's firmware file (see gsp_image.h).
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/boot/gsp_image.h"

/* radix3 holds at most 512 * 512 pages (nouveau, r535/gsp.c): 1 GiB. */
#define IMAGE_MAX     (1u << 30)
#define SIGNATURE_MAX 4096u /* it is handed over in one page; known ones fill it */

int gpu_firmware_version_ok(const char version[GPU_FIRMWARE_VERSION_MAX + 1])
{
	size_t n = 0;

	while (n <= GPU_FIRMWARE_VERSION_MAX && version[n]) {
		if (version[n] != '.' && (version[n] < '0' || version[n] > '9'))
			return 0;
		n++;
	}
	return n > 0 && n <= GPU_FIRMWARE_VERSION_MAX;
}

static int take_version(const struct gpu_blob *text, struct gpu_gsp_image *out,
			struct gpu_error *err)
{
	if (!text->size || text->size > sizeof(out->version) || text->data[text->size - 1])
		return gpu_blob_fail(text, err, ".fwversion: no text of 1 to %u characters",
				     GPU_FIRMWARE_VERSION_MAX);
	memset(out->version, 0, sizeof(out->version));
	memcpy(out->version, text->data, text->size);
	if (!gpu_firmware_version_ok(out->version))
		return gpu_blob_fail(text, err, ".fwversion: not digits and dots");
	return 0;
}

int gpu_gsp_image_open(const struct gpu_blob *file, struct gpu_gsp_image *out,
		       struct gpu_error *err)
{
	struct gpu_blob version;
	int ret = gpu_elf_open(file, &out->elf, err);

	if (!ret)
		ret = gpu_elf_section(&out->elf, ".fwimage", &out->image, err);
	if (!ret)
		ret = gpu_elf_section(&out->elf, ".fwversion", &version, err);
	if (!ret)
		ret = take_version(&version, out, err);
	if (ret)
		return -EINVAL;
	if (!out->image.size || out->image.size > IMAGE_MAX)
		return gpu_blob_fail(file, err, ".fwimage: 0x%llx bytes, not 1 to 0x%x",
				     (unsigned long long)out->image.size, IMAGE_MAX);
	return 0;
}

int gpu_gsp_image_signature(const struct gpu_gsp_image *image, const char *section,
			    struct gpu_blob *out, struct gpu_error *err)
{
	int ret = gpu_elf_section(&image->elf, section, out, err);

	if (!ret && (!out->size || out->size > SIGNATURE_MAX))
		return gpu_blob_fail(&image->elf.file, err, "%s: 0x%llx bytes, not 1 to 0x%x",
				     section, (unsigned long long)out->size, SIGNATURE_MAX);
	return ret;
}
