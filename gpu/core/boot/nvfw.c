/* SPDX-License-Identifier: MIT */
/*
 * nvfw.c - nouveau's wrapper, the RISC-V bootloader and the falcon loader (see nvfw.h).
 */
#include "gpu/core/boot/nvfw.h"

#define BIN_MAGIC   0x10deu
#define BIN_VERSION 1u
#define BIN_SIZE    24u

/*
 * RM_RISCV_UCODE_DESC, offsets in bytes. Newer versions append fields that we do not need; versions
 * 4 and 5 are what known files have.
 */
#define DESC_VERSION	    0x00u
#define DESC_BOOTLOADER	    0x04u /* offset, size */
#define DESC_PARAM	    0x0cu
#define DESC_ELF	    0x14u
#define DESC_APP_VERSION    0x1cu
#define DESC_MANIFEST	    0x20u
#define DESC_MONITOR_DATA   0x28u
#define DESC_MONITOR_CODE   0x30u
#define DESC_SIZE	    0x38u
#define DESC_VERSION_OLDEST 4u
#define DESC_VERSION_NEWEST 5u

/* struct nvfw_bl_desc. */
#define BL_START_TAG   0x00u
#define BL_CODE_OFFSET 0x08u
#define BL_CODE_SIZE   0x0cu
#define BL_SIZE	       0x18u

int gpu_nvfw_open(const struct gpu_blob *file, struct gpu_nvfw *nvfw, struct gpu_error *err)
{
	struct gpu_blob head;
	int ret = gpu_blob_part(file, 0, BIN_SIZE, "file header", &head, err);

	if (ret)
		return ret;
	if (gpu_le32(head.data) != BIN_MAGIC || gpu_le32(head.data + 4) != BIN_VERSION)
		return gpu_blob_fail(file, err, "magic 0x%x version %u are not 0x%x and %u",
				     gpu_le32(head.data), gpu_le32(head.data + 4), BIN_MAGIC,
				     BIN_VERSION);
	nvfw->file = *file;
	nvfw->header = gpu_le32(head.data + 12);
	ret = gpu_blob_part(file, gpu_le32(head.data + 16), gpu_le32(head.data + 20), "payload",
			    &nvfw->data, err);
	if (!ret && !nvfw->data.size)
		return gpu_blob_fail(file, err, "empty payload");
	return ret;
}

/* A pair of words, offset and size, that must name a part of the image. */
static int check_range(const struct gpu_blob *image, const uint8_t *pair, const char *what,
		       struct gpu_error *err)
{
	struct gpu_blob unused;

	return gpu_blob_part(image, gpu_le32(pair), gpu_le32(pair + 4), what, &unused, err);
}

int gpu_bootloader_parse(const struct gpu_blob *file, struct gpu_bootloader *out,
			 struct gpu_error *err)
{
	static const struct {
		uint32_t at;
		const char *what;
	} ranges[] = {
		{DESC_BOOTLOADER, "bootloader"},
		{DESC_PARAM, "parameters"},
		{DESC_ELF, "RISC-V ELF"},
		{DESC_MANIFEST, "manifest"},
		{DESC_MONITOR_DATA, "monitor data"},
		{DESC_MONITOR_CODE, "monitor code"},
	};
	struct gpu_nvfw nvfw;
	struct gpu_blob desc;
	uint32_t version;
	int ret = gpu_nvfw_open(file, &nvfw, err);

	if (!ret)
		ret = gpu_blob_part(file, nvfw.header, DESC_SIZE, "descriptor", &desc, err);
	if (ret)
		return ret;
	version = gpu_le32(desc.data + DESC_VERSION);
	if (version < DESC_VERSION_OLDEST || version > DESC_VERSION_NEWEST)
		return gpu_blob_fail(file, err, "descriptor version %u, not %u or %u", version,
				     DESC_VERSION_OLDEST, DESC_VERSION_NEWEST);
	for (unsigned int i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		ret = check_range(&nvfw.data, desc.data + ranges[i].at, ranges[i].what, err);
		if (ret)
			return ret;
	}
	out->image = nvfw.data;
	out->code_offset = gpu_le32(desc.data + DESC_MONITOR_CODE);
	out->data_offset = gpu_le32(desc.data + DESC_MONITOR_DATA);
	out->manifest_offset = gpu_le32(desc.data + DESC_MANIFEST);
	out->app_version = gpu_le32(desc.data + DESC_APP_VERSION);
	return 0;
}

int gpu_falcon_loader_parse(const struct gpu_blob *file, struct gpu_falcon_loader *out,
			    struct gpu_error *err)
{
	struct gpu_nvfw nvfw;
	struct gpu_blob desc;
	int ret = gpu_nvfw_open(file, &nvfw, err);

	if (!ret)
		ret = gpu_blob_part(file, nvfw.header, BL_SIZE, "loader descriptor", &desc, err);
	if (ret)
		return ret;
	ret = gpu_blob_part(&nvfw.data, gpu_le32(desc.data + BL_CODE_OFFSET),
			    gpu_le32(desc.data + BL_CODE_SIZE), "loader code", &out->code, err);
	if (ret)
		return ret;
	if (!out->code.size)
		return gpu_blob_fail(file, err, "loader without code");
	out->start_tag = gpu_le32(desc.data + BL_START_TAG);
	return 0;
}
