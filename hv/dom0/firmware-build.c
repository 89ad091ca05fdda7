/* SPDX-License-Identifier: MIT */
/*
 * firmware-build.c - lays parts out as one archive (see firmware.h and gpu/core/boot/archive.h).
 *
 * The parts keep their order and their bytes; only the GSP's file is placed so that the image in it
 * begins at a page. All gaps are zero and nothing else goes in, so the same files give the same archive.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "firmware.h"
#include "fwq/pack.h"
#include "gpu/core/boot/firmware.h"

#define PART_ALIGN 16u

static void put(uint8_t *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static void put_text(uint8_t *p, const char *text)
{
	while (*text)
		*p++ = (uint8_t)*text++;
}

static uint64_t align_up(uint64_t value, uint64_t to)
{
	return (value + to - 1) / to * to;
}

/* Where the part may begin, at `at` or later. */
static int place(const struct xvgpu_part *part, uint64_t *at, struct xvgpu_err *err)
{
	struct gpu_blob file = {part->from, part->bytes.data, part->bytes.size};
	struct gpu_gsp_image image;
	struct gpu_error why;
	uint64_t inside;

	*at = align_up(*at, PART_ALIGN);
	if (strcmp(part->name, "gsp") != 0)
		return 0;
	if (gpu_gsp_image_open(&file, &image, &why))
		return xvgpu_fail(err, -EINVAL, "%s", why.text);
	inside = (uint64_t)(image.image.data - file.data);
	*at = align_up(*at + inside, GPU_ARCHIVE_PAGE) - inside;
	return 0;
}

/* A pack must be one, for this version, and ask for no file that is missing. */
static int check_abi(const struct gpu_firmware *fw, struct xvgpu_err *err)
{
	struct fwq_pack_error why;
	struct fwq_pack *pack = malloc(sizeof(*pack));
	const struct fwq_recipe *recipe;
	int rc = 0;

	if (!pack)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	recipe = &pack->boot[FWQ_BOOT_SEC2];
	if (fwq_pack_parse(fw->abi.data, fw->abi.size, pack, &why))
		rc = xvgpu_fail(err, -EINVAL, "ABI pack: %s", why.text);
	else if (strcmp(pack->version, fw->archive.version) != 0)
		rc = xvgpu_fail(err, -EINVAL, "ABI pack is for %s, the firmware is %s",
				pack->version, fw->archive.version);
	else if (!recipe->present)
		rc = xvgpu_fail(err, -EINVAL, "ABI pack has no recipe for %s", fw->family->name);
	for (unsigned int i = 0; !rc && i < recipe->files; i++)
		if (!gpu_archive_find(&fw->archive, recipe->file[i]))
			rc = xvgpu_fail(err, -EINVAL, "ABI pack asks for a file %s: not found",
					recipe->file[i]);
	free(pack);
	return rc;
}

/* Reads the archive as gpudom will; xvgpu has the time to look at the image's checksum as well. */
static int check(const struct xvgpu_bytes *archive, struct xvgpu_err *err)
{
	struct gpu_blob file = {"archive", archive->data, archive->size};
	struct gpu_firmware *fw = malloc(sizeof(*fw));
	struct gpu_error why;
	int rc = 0;

	if (!fw)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	if (gpu_firmware_open(&file, fw, &why) ||
	    gpu_archive_check(gpu_archive_find(&fw->archive, "gsp"), &why))
		rc = xvgpu_fail(err, -EINVAL, "%s", why.text);
	else if (fw->abi.data)
		rc = check_abi(fw, err);
	free(fw);
	return rc;
}

int xvgpu_firmware_build(const struct xvgpu_firmware *fw, struct xvgpu_bytes *archive,
			 struct xvgpu_err *err)
{
	uint64_t at[GPU_ARCHIVE_ENTRIES];
	uint64_t table = GPU_ARCHIVE_HEADER + (uint64_t)fw->parts * GPU_ARCHIVE_ENTRY;
	uint64_t end = table;
	uint8_t *head;
	void *memory;
	int rc = 0;

	for (unsigned int i = 0; i < fw->parts; i++) {
		at[i] = end;
		rc = place(&fw->part[i], &at[i], err);
		if (rc)
			return rc;
		end = at[i] + fw->part[i].bytes.size;
	}
	end = align_up(end, GPU_ARCHIVE_PAGE);
	if (posix_memalign(&memory, GPU_ARCHIVE_PAGE, end))
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	memset(memory, 0, end);
	*archive = (struct xvgpu_bytes){memory, end};
	head = memory;
	put_text(head + GPU_ARCHIVE_H_MAGIC, GPU_ARCHIVE_MAGIC);
	put(head + GPU_ARCHIVE_H_VERSION, 4, GPU_ARCHIVE_VERSION);
	put(head + GPU_ARCHIVE_H_ENTRIES, 4, fw->parts);
	put(head + GPU_ARCHIVE_H_SIZE, 8, end);
	put_text(head + GPU_ARCHIVE_H_FIRMWARE, fw->version);
	put_text(head + GPU_ARCHIVE_H_CHIP, fw->family->name);
	for (unsigned int i = 0; i < fw->parts; i++) {
		const struct xvgpu_part *part = &fw->part[i];
		uint8_t *e = head + GPU_ARCHIVE_HEADER + (size_t)i * GPU_ARCHIVE_ENTRY;

		memcpy(head + at[i], part->bytes.data, part->bytes.size);
		put_text(e + GPU_ARCHIVE_E_NAME, part->name);
		put(e + GPU_ARCHIVE_E_OFFSET, 8, at[i]);
		put(e + GPU_ARCHIVE_E_SIZE, 8, part->bytes.size);
		put(e + GPU_ARCHIVE_E_CRC, 4,
		    gpu_archive_crc(0, part->bytes.data, part->bytes.size));
	}
	put(head + GPU_ARCHIVE_H_CRC, 4, gpu_archive_crc(0, head, table));
	rc = check(archive, err);
	if (rc) {
		free(archive->data);
		archive->data = NULL;
	}
	return rc;
}
