/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - from an archive to what the boot steps use (see firmware.h).
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/boot/firmware.h"

/* An entry's contents, compared with its checksum. 1, 0 when there is no such entry, or -EINVAL. */
static int look(const struct gpu_firmware *fw, const char *name, struct gpu_blob *out,
		struct gpu_error *err)
{
	const struct gpu_archive_entry *entry = gpu_archive_find(&fw->archive, name);
	int ret;

	if (!entry)
		return 0;
	ret = gpu_archive_check(entry, err);
	*out = entry->contents;
	return ret ? ret : 1;
}

static int need(const struct gpu_blob *file, const struct gpu_firmware *fw, const char *name,
		struct gpu_blob *out, struct gpu_error *err)
{
	int ret = look(fw, name, out, err);

	if (!ret)
		return gpu_blob_fail(file, err, "no entry %s", name);
	return ret < 0 ? ret : 0;
}

static int take_gsp(const struct gpu_blob *file, struct gpu_firmware *fw, struct gpu_error *err)
{
	const struct gpu_archive_entry *entry = gpu_archive_find(&fw->archive, "gsp");
	int ret;

	if (!entry)
		return gpu_blob_fail(file, err, "no entry gsp");
	ret = gpu_gsp_image_open(&entry->contents, &fw->gsp, err);
	if (ret)
		return ret;
	if (strcmp(fw->gsp.version, fw->archive.version) != 0)
		return gpu_blob_fail(&entry->contents, err, "version %s in an archive of %s",
				     fw->gsp.version, fw->archive.version);
	if ((uintptr_t)fw->gsp.image.data % GPU_ARCHIVE_PAGE)
		return gpu_blob_fail(
			&entry->contents, err, ".fwimage at 0x%llx of a page",
			(unsigned long long)((uintptr_t)fw->gsp.image.data % GPU_ARCHIVE_PAGE));
	ret = gpu_gsp_image_signature(&fw->gsp, fw->family->signature, &fw->signature, err);
	return ret ? -EINVAL : 0;
}

int gpu_firmware_open(const struct gpu_blob *file, struct gpu_firmware *out, struct gpu_error *err)
{
	struct gpu_blob part;
	int ret = gpu_archive_open(file, &out->archive, err);

	if (ret)
		return ret;
	out->family = gpu_family_find(out->archive.chip);
	if (!out->family)
		return gpu_blob_fail(file, err, "unknown chip %s", out->archive.chip);
	ret = take_gsp(file, out, err);
	if (!ret)
		ret = need(file, out, "bootloader", &part, err);
	if (!ret)
		ret = gpu_bootloader_parse(&part, &out->bootloader, err);
	if (!ret)
		ret = need(file, out, "booter_load", &part, err);
	if (!ret)
		ret = gpu_booter_parse(&part, &out->booter_load, err);
	if (!ret)
		ret = need(file, out, "booter_unload", &part, err);
	if (!ret)
		ret = gpu_booter_parse(&part, &out->booter_unload, err);
	if (ret)
		return ret;
	ret = look(out, "falcon_loader", &part, err);
	out->has_falcon_loader = ret > 0;
	if (ret > 0)
		ret = gpu_falcon_loader_parse(&part, &out->falcon_loader, err);
	if (ret)
		return ret;
	out->abi = (struct gpu_blob){"abi", NULL, 0};
	ret = look(out, "abi", &out->abi, err);
	return ret < 0 ? ret : 0;
}
