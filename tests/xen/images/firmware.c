/* SPDX-License-Identifier: MIT */
/*
 * firmware.c - reads the firmware archive it was started with as gpudom does, in place, and prints what
 * it found:
 *
 *	fw: VERSION for CHIP: image of N bytes at 0xOFFSET, M pages free
 *	fw: took N us, .fwimage sha256 HEX
 *
 * or "fw: refused: WHY". The time is that of opening and checking, not of hashing.
 */
#include "gpu/core/boot/firmware.h"
#include "hv/hv.h"
#include "tests/common/sha256.h"

/* The GSP will read these pages through their bus addresses: each must have one, and a different one. */
static bool pages_have_addresses(const struct gpu_blob *image)
{
	uint64_t last = 0;

	for (size_t at = 0; at < image->size; at += HV_PAGE_SIZE) {
		uint64_t addr = hv_dma_addr(image->data + at);

		if (!addr || addr % HV_PAGE_SIZE || addr == last)
			return false;
		last = addr;
	}
	return true;
}

static int start(int argc, char **argv)
{
	static struct gpu_firmware fw;
	uint8_t digest[SHA256_SIZE];
	char text[SHA256_HEX];
	struct gpu_blob module = {"module", NULL, 0};
	struct gpu_error err;
	const void *data;
	struct sha256 sha;
	uint64_t begin = hv_now(), end;

	(void)argc;
	(void)argv;
	hv_exit(0);
	if (!hv_module(&data, &module.size)) {
		hv_log(HV_INFO, "fw: refused: no module");
		return 0;
	}
	module.data = data;
	if (gpu_firmware_open(&module, &fw, &err)) {
		hv_log(HV_INFO, "fw: refused: %s", err.text);
		return 0;
	}
	end = hv_now();
	hv_log(HV_INFO, "fw: %s for %s: image of %lu bytes at 0x%lx, %u pages free",
	       fw.archive.version, fw.family->name, (unsigned long)fw.gsp.image.size,
	       (unsigned long)(fw.gsp.image.data - module.data), hv_pages_free_count());
	if (!pages_have_addresses(&fw.gsp.image)) {
		hv_log(HV_INFO, "fw: refused: a page has no bus address of its own");
		return 0;
	}
	sha256_init(&sha);
	sha256_update(&sha, fw.gsp.image.data, fw.gsp.image.size);
	sha256_final(&sha, digest);
	sha256_hex(digest, text);
	hv_log(HV_INFO, "fw: took %lu us, .fwimage sha256 %s",
	       (unsigned long)((end - begin) / 1000), text);
	return 0;
}

HV_IMAGE(start);
