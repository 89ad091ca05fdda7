/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_booter.c - booter, RISC-V bootloader and falcon loader with any content. The first byte
 * says which of the three the rest is.
 *
 * COVERS: gpu/core/boot/nvfw.c gpu/core/boot/booter.c
 *
 * Whatever a file says, its reader stays inside it, and every offset and size it hands out is a place in
 * the image: the host will copy from there, and to where the signature goes.
 */
#include <errno.h>

#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/nvfw.h"
#include "tests/fuzz/boot_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use_some(const struct gpu_blob *file, const struct gpu_blob *part)
{
	must(part->size);
	use(file, part);
}

static void use_span(const struct gpu_booter *b, const struct gpu_booter_span *span)
{
	must(span->size && span->offset <= b->image.size &&
	     span->size <= b->image.size - span->offset);
}

static void booter(const struct gpu_blob *file, struct gpu_error *err)
{
	struct gpu_blob signature;
	struct gpu_booter b;
	int ret = gpu_booter_parse(file, &b, err);

	if (ret) {
		must_refuse(ret == -EINVAL, err);
		return;
	}
	use_some(file, &b.image);
	use_span(&b, &b.os_code);
	use_span(&b, &b.app);
	use_span(&b, &b.data);
	must(b.sig_size && b.sig_size <= b.image.size && b.sig_offset <= b.image.size - b.sig_size);
	for (uint32_t fuse = 0; fuse <= b.sig_count; fuse++) {
		ret = gpu_booter_signature(&b, fuse, &signature, err);
		must(!ret == (fuse < b.sig_count || b.sig_count == 1));
		if (!ret)
			use_some(file, &signature);
	}
}

static void bootloader(const struct gpu_blob *file, struct gpu_error *err)
{
	struct gpu_bootloader b;
	int ret = gpu_bootloader_parse(file, &b, err);

	if (ret) {
		must_refuse(ret == -EINVAL, err);
		return;
	}
	use_some(file, &b.image);
	must(b.code_offset <= b.image.size && b.data_offset <= b.image.size &&
	     b.manifest_offset <= b.image.size);
}

static void falcon_loader(const struct gpu_blob *file, struct gpu_error *err)
{
	struct gpu_falcon_loader l;
	int ret = gpu_falcon_loader_parse(file, &l, err);

	if (ret)
		must_refuse(ret == -EINVAL, err);
	else
		use_some(file, &l.code);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct gpu_error err = {""};
	struct gpu_blob file;

	if (!size)
		return 0;
	file = (struct gpu_blob){"file", data + 1, size - 1};
	if (data[0] % 3 == 0)
		booter(&file, &err);
	else if (data[0] % 3 == 1)
		bootloader(&file, &err);
	else
		falcon_loader(&file, &err);
	return 0;
}
