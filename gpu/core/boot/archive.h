/* SPDX-License-Identifier: MIT */
/*
 * archive.h - one file with all firmware of a driver domain (docs/firmware-archive.md).
 *
 * A PV domain gets one module through xl, so image, booters, bootloader and ABI pack travel together.
 * They lie in the archive unchanged and are used where the module was loaded. One of them is placed
 * with care: the GSP reads the image's pages by DMA, so .fwimage begins at a page of the archive, and
 * the archive ends with a page, so that the image's last page holds nothing else of the domain.
 *
 * `xvgpu firmware pack` makes archives; this reader is used by gpudom and by xvgpu.
 */
#ifndef GPU_BOOT_ARCHIVE_H
#define GPU_BOOT_ARCHIVE_H

#include "gpu/core/boot/gsp_image.h"

#define GPU_ARCHIVE_MAGIC    "XVGPUFW" /* and its NUL: 8 bytes */
#define GPU_ARCHIVE_VERSION  1u
#define GPU_ARCHIVE_PAGE     4096u
#define GPU_ARCHIVE_ENTRIES  16u /* at most */
#define GPU_ARCHIVE_NAME_MAX 23u /* characters: a-z, 0-9, _ */
#define GPU_ARCHIVE_CHIP_MAX 15u

/* Header, offsets in bytes; all numbers are little-endian. */
#define GPU_ARCHIVE_H_MAGIC    0x00u /* 8 bytes */
#define GPU_ARCHIVE_H_VERSION  0x08u /* u32 */
#define GPU_ARCHIVE_H_ENTRIES  0x0cu /* u32 */
#define GPU_ARCHIVE_H_SIZE     0x10u /* u64: of the whole archive */
#define GPU_ARCHIVE_H_FIRMWARE 0x18u /* 32 bytes of text: the firmware's version */
#define GPU_ARCHIVE_H_CHIP     0x38u /* 16 bytes of text: struct gpu_family's name */
#define GPU_ARCHIVE_H_CRC      0x48u /* u32: of header and table, with this field as 0 */
#define GPU_ARCHIVE_H_ZERO     0x4cu /* u32 */
#define GPU_ARCHIVE_HEADER     0x50u

/* Each entry of the table behind the header. */
#define GPU_ARCHIVE_E_NAME   0x00u /* 24 bytes of text */
#define GPU_ARCHIVE_E_OFFSET 0x18u /* u64, from the archive's beginning */
#define GPU_ARCHIVE_E_SIZE   0x20u /* u64 */
#define GPU_ARCHIVE_E_CRC    0x28u /* u32: of the contents */
#define GPU_ARCHIVE_E_ZERO   0x2cu /* u32 */
#define GPU_ARCHIVE_ENTRY    0x30u

struct gpu_archive_entry {
	char name[GPU_ARCHIVE_NAME_MAX + 1];
	struct gpu_blob contents; /* named after the entry, which must stay where it is */
	uint32_t crc;
};

struct gpu_archive {
	char version[GPU_FIRMWARE_VERSION_MAX + 1];
	char chip[GPU_ARCHIVE_CHIP_MAX + 1];
	unsigned int entries;
	struct gpu_archive_entry entry[GPU_ARCHIVE_ENTRIES];
};

/*
 * Reads header and table. `file` begins at a page and has exactly the archive's size. The archive must
 * not move while parts of it are in use. What the entries hold is not looked at: see
 * gpu_archive_check(). 0, or -EINVAL with *err.
 */
int gpu_archive_open(const struct gpu_blob *file, struct gpu_archive *archive,
		     struct gpu_error *err);

/* The entry called `name`, or NULL. */
const struct gpu_archive_entry *gpu_archive_find(const struct gpu_archive *archive,
						 const char *name);

/*
 * Compares an entry's contents with its checksum: finds damage, not malice. Reads all of it, about a
 * second for a large image under emulation. 0, or -EINVAL with *err.
 */
int gpu_archive_check(const struct gpu_archive_entry *entry, struct gpu_error *err);

/* CRC-32 as of IEEE 802.3 (reflected, 0xedb88320), continued from `crc`; begin with 0. */
uint32_t gpu_archive_crc(uint32_t crc, const void *data, size_t size);

#endif /* GPU_BOOT_ARCHIVE_H */
