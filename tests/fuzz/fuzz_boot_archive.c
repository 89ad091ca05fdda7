/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_archive.c - a firmware archive with any content, down to all that boot takes from it.
 *
 * COVERS: gpu/core/boot/archive.c gpu/core/boot/firmware.c gpu/core/boot/family.c gpu/core/boot/pack_choice.c
 *
 * Checksums would end nearly every run at once, so the last byte of the input says which of them are
 * mended first: those of the table, of the entries, or none. The archive's own readers are then held
 * to stay inside it. A seed is what `xvgpu firmware pack` would write, cut short and packed densely.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/boot/firmware.h"
#include "gpu/core/boot/pack_choice.h"
#include "tests/fuzz/boot_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEND_TABLE   1u
#define MEND_ENTRIES 2u

static void mend(uint8_t *archive, size_t size, unsigned int what)
{
	uint32_t n = size < GPU_ARCHIVE_HEADER ? 0 : gpu_le32(archive + GPU_ARCHIVE_H_ENTRIES);
	size_t table = GPU_ARCHIVE_HEADER + (size_t)n * GPU_ARCHIVE_ENTRY;

	if (!n || n > GPU_ARCHIVE_ENTRIES || table > size)
		return;
	for (uint32_t i = 0; what & MEND_ENTRIES && i < n; i++) {
		uint8_t *e = archive + GPU_ARCHIVE_HEADER + (size_t)i * GPU_ARCHIVE_ENTRY;
		uint64_t offset = gpu_le64(e + GPU_ARCHIVE_E_OFFSET);
		uint64_t length = gpu_le64(e + GPU_ARCHIVE_E_SIZE);

		if (offset >= table && offset <= size && length <= size - offset)
			gpu_put_le32(e + GPU_ARCHIVE_E_CRC,
				     gpu_archive_crc(0, archive + offset, length));
	}
	if (what & MEND_TABLE) {
		gpu_put_le32(archive + GPU_ARCHIVE_H_CRC, 0);
		gpu_put_le32(archive + GPU_ARCHIVE_H_CRC, gpu_archive_crc(0, archive, table));
	}
}

static void use_all(const struct gpu_blob *file, const struct gpu_firmware *fw)
{
	must((uintptr_t)fw->gsp.image.data % GPU_ARCHIVE_PAGE == 0);
	must(!strcmp(fw->gsp.version, fw->archive.version));
	must(!strcmp(fw->family->name, fw->archive.chip));
	use(file, &fw->gsp.image);
	use(file, &fw->signature);
	use(file, &fw->bootloader.image);
	use(file, &fw->booter_load.image);
	use(file, &fw->booter_unload.image);
	if (fw->has_falcon_loader)
		use(file, &fw->falcon_loader.code);
	if (fw->abi.data)
		use(file, &fw->abi);
}

/* The archive's own pack, or a built-in one, or none: never one of another version. */
static void choose(const struct gpu_firmware *fw)
{
	static struct fwq_pack room;
	struct gpu_error err = {""};
	const struct fwq_pack *pack;
	int ret = gpu_pack_choose(fw, &room, &pack, &err);

	if (ret)
		must_refuse(ret == -EINVAL || ret == -ENOENT, &err);
	else
		must(!strcmp(pack->version, fw->gsp.version));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct gpu_firmware fw;
	struct gpu_error err = {""};
	struct gpu_blob file = {"archive", NULL, size ? size - 1 : 0};
	void *archive;
	int ret;

	must(!posix_memalign(&archive, GPU_ARCHIVE_PAGE, file.size ? file.size : 1));
	if (file.size) {
		memcpy(archive, data, file.size);
		mend(archive, file.size, data[file.size]);
	}
	file.data = archive;
	ret = gpu_firmware_open(&file, &fw, &err);
	if (ret) {
		must_refuse(ret == -EINVAL, &err);
	} else {
		use_all(&file, &fw);
		choose(&fw);
	}
	free(archive);
	return 0;
}
