/* SPDX-License-Identifier: MIT */
/*
 * archive.c - reads a firmware archive in place (see archive.h).
 */
#include <string.h>

#include "gpu/core/boot/archive.h"

uint32_t gpu_archive_crc(uint32_t crc, const void *data, size_t size)
{
	static const uint32_t nibble[16] = {
		0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
		0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
		0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
	};
	const uint8_t *p = data;

	crc = ~crc;
	while (size--) {
		crc ^= *p++;
		crc = crc >> 4 ^ nibble[crc & 15];
		crc = crc >> 4 ^ nibble[crc & 15];
	}
	return ~crc;
}

/* A text field: `size` bytes with at least one character, a NUL, and then only NULs. */
static int take_text(char *to, const uint8_t *from, size_t size)
{
	size_t n = strnlen((const char *)from, size);

	if (!n || n == size)
		return -1;
	for (size_t i = n; i < size; i++)
		if (from[i])
			return -1;
	memcpy(to, from, size);
	return 0;
}

/* Names of entries and chips. */
static int plain(const char *name)
{
	for (; *name; name++)
		if (!(*name >= 'a' && *name <= 'z') && !(*name >= '0' && *name <= '9') &&
		    *name != '_')
			return 0;
	return 1;
}

static uint32_t table_crc(const uint8_t *head, size_t size)
{
	static const uint8_t zero[4];
	uint32_t crc = gpu_archive_crc(0, head, GPU_ARCHIVE_H_CRC);

	crc = gpu_archive_crc(crc, zero, sizeof(zero));
	return gpu_archive_crc(crc, head + GPU_ARCHIVE_H_ZERO, size - GPU_ARCHIVE_H_ZERO);
}

static int take_header(const struct gpu_blob *file, struct gpu_archive *a, struct gpu_error *err)
{
	struct gpu_blob head, table;
	int ret = gpu_blob_part(file, 0, GPU_ARCHIVE_HEADER, "archive header", &head, err);

	if (ret)
		return ret;
	if (memcmp(head.data, GPU_ARCHIVE_MAGIC, 8) != 0)
		return gpu_blob_fail(file, err, "no firmware archive");
	if (gpu_le32(head.data + GPU_ARCHIVE_H_VERSION) != GPU_ARCHIVE_VERSION)
		return gpu_blob_fail(file, err, "archive version %u, not %u",
				     gpu_le32(head.data + GPU_ARCHIVE_H_VERSION),
				     GPU_ARCHIVE_VERSION);
	if (gpu_le64(head.data + GPU_ARCHIVE_H_SIZE) != file->size || file->size % GPU_ARCHIVE_PAGE)
		return gpu_blob_fail(file, err,
				     "0x%llx bytes; its header says 0x%llx, and whole pages of %u",
				     (unsigned long long)file->size,
				     (unsigned long long)gpu_le64(head.data + GPU_ARCHIVE_H_SIZE),
				     GPU_ARCHIVE_PAGE);
	a->entries = gpu_le32(head.data + GPU_ARCHIVE_H_ENTRIES);
	if (!a->entries || a->entries > GPU_ARCHIVE_ENTRIES)
		return gpu_blob_fail(file, err, "%u entries, not 1 to %u", a->entries,
				     GPU_ARCHIVE_ENTRIES);
	ret = gpu_blob_part(file, 0, GPU_ARCHIVE_HEADER + a->entries * GPU_ARCHIVE_ENTRY,
			    "table of entries", &table, err);
	if (ret)
		return ret;
	if (table_crc(table.data, table.size) != gpu_le32(head.data + GPU_ARCHIVE_H_CRC))
		return gpu_blob_fail(file, err, "table of entries is damaged: checksum 0x%08x",
				     gpu_le32(head.data + GPU_ARCHIVE_H_CRC));
	if (take_text(a->version, head.data + GPU_ARCHIVE_H_FIRMWARE, sizeof(a->version)) ||
	    !gpu_firmware_version_ok(a->version))
		return gpu_blob_fail(file, err, "firmware version is no digits and dots");
	if (take_text(a->chip, head.data + GPU_ARCHIVE_H_CHIP, sizeof(a->chip)) || !plain(a->chip))
		return gpu_blob_fail(file, err, "chip is not a-z, 0-9 and _");
	if (gpu_le32(head.data + GPU_ARCHIVE_H_ZERO))
		return gpu_blob_fail(file, err, "reserved word 0x%x in the header",
				     gpu_le32(head.data + GPU_ARCHIVE_H_ZERO));
	return 0;
}

/* `end` is where the entry before this one, or the table, ends: entries do not overlap. */
static int take_entry(const struct gpu_blob *file, struct gpu_archive *a, unsigned int i,
		      uint64_t *end, struct gpu_error *err)
{
	const uint8_t *e = file->data + GPU_ARCHIVE_HEADER + (size_t)i * GPU_ARCHIVE_ENTRY;
	struct gpu_archive_entry *to = &a->entry[i];
	uint64_t offset = gpu_le64(e + GPU_ARCHIVE_E_OFFSET);
	int ret;

	if (take_text(to->name, e + GPU_ARCHIVE_E_NAME, sizeof(to->name)) || !plain(to->name))
		return gpu_blob_fail(file, err, "name of entry %u is not a-z, 0-9 and _", i);
	for (unsigned int n = 0; n < i; n++)
		if (!strcmp(a->entry[n].name, to->name))
			return gpu_blob_fail(file, err, "two entries %s", to->name);
	if (offset < *end)
		return gpu_blob_fail(file, err, "entry %s at 0x%llx overlaps what ends at 0x%llx",
				     to->name, (unsigned long long)offset,
				     (unsigned long long)*end);
	ret = gpu_blob_part(file, offset, gpu_le64(e + GPU_ARCHIVE_E_SIZE), to->name, &to->contents,
			    err);
	if (ret)
		return ret;
	if (gpu_le32(e + GPU_ARCHIVE_E_ZERO))
		return gpu_blob_fail(file, err, "reserved word 0x%x in entry %s",
				     gpu_le32(e + GPU_ARCHIVE_E_ZERO), to->name);
	*end = offset + to->contents.size;
	to->contents.name = to->name;
	to->crc = gpu_le32(e + GPU_ARCHIVE_E_CRC);
	return 0;
}

int gpu_archive_open(const struct gpu_blob *file, struct gpu_archive *archive,
		     struct gpu_error *err)
{
	uint64_t end;
	int ret;

	if ((uintptr_t)file->data % GPU_ARCHIVE_PAGE)
		return gpu_blob_fail(file, err, "loaded at 0x%llx, which is no page",
				     (unsigned long long)(uintptr_t)file->data);
	ret = take_header(file, archive, err);
	if (ret)
		return ret;
	end = GPU_ARCHIVE_HEADER + (uint64_t)archive->entries * GPU_ARCHIVE_ENTRY;
	for (unsigned int i = 0; i < archive->entries && !ret; i++)
		ret = take_entry(file, archive, i, &end, err);
	return ret;
}

const struct gpu_archive_entry *gpu_archive_find(const struct gpu_archive *archive,
						 const char *name)
{
	for (unsigned int i = 0; i < archive->entries; i++)
		if (!strcmp(archive->entry[i].name, name))
			return &archive->entry[i];
	return NULL;
}

int gpu_archive_check(const struct gpu_archive_entry *entry, struct gpu_error *err)
{
	uint32_t crc = gpu_archive_crc(0, entry->contents.data, entry->contents.size);

	if (crc != entry->crc)
		return gpu_blob_fail(&entry->contents, err, "damaged: checksum 0x%08x, not 0x%08x",
				     crc, entry->crc);
	return 0;
}
