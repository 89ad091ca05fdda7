/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_elf.c - the GSP's firmware file with any content.
 *
 * COVERS: gpu/core/boot/elf.c gpu/core/boot/gsp_image.c gpu/core/boot/blob.c
 *
 * Whatever the file says, its reader stays inside it; what it hands out lies wholly in the file and is
 * read here; and a refusal is one line of text.
 */
#include <errno.h>

#include "gpu/core/boot/gsp_image.h"
#include "tests/fuzz/boot_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpu_blob file = {"file", data, size}, part;
	struct gpu_error err = {""};
	struct gpu_gsp_image image;
	int ret = gpu_gsp_image_open(&file, &image, &err);

	if (ret) {
		must_refuse(ret == -EINVAL || ret == -ENOENT, &err);
		return 0;
	}
	must(gpu_firmware_version_ok(image.version));
	use(&file, &image.image);
	for (unsigned int i = 0; i < image.elf.sections; i++) {
		ret = gpu_gsp_image_signature(&image, gpu_elf_section_name(&image.elf, i), &part,
					      &err);
		if (ret)
			must_refuse(ret == -EINVAL || ret == -ENOENT, &err);
		else
			use(&file, &part);
	}
	ret = gpu_gsp_image_signature(&image, ".fwsignature_none", &part, &err);
	if (ret)
		must_refuse(ret == -EINVAL || ret == -ENOENT, &err);
	return 0;
}
