/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_vbios.c - a board's ROM with any content, down to FWSEC's commands.
 *
 * COVERS: gpu/core/boot/vbios.c gpu/core/boot/fwsec.c
 *
 * BIT carries a checksum, which a changed byte almost never keeps; so a BIT where the seeds have it is
 * mended first. Then: the readers stay inside the ROM and come to an end, and the commands are written
 * inside a copy of the program's data.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/boot/fwsec.h"
#include "tests/fuzz/boot_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define BIT_AT 0x100u /* in the seeds */

static void mend(uint8_t *rom, size_t size)
{
	uint8_t sum = 0;

	if (size < BIT_AT + 12 || BIT_AT + rom[BIT_AT + 8] > size)
		return;
	for (unsigned int i = 0; i < rom[BIT_AT + 8]; i++)
		sum = (uint8_t)(sum + rom[BIT_AT + i]);
	rom[BIT_AT + 11] = (uint8_t)(rom[BIT_AT + 11] - sum);
}

static void use_fwsec(const struct gpu_vbios *vbios, const struct gpu_fwsec *f)
{
	struct gpu_blob signature;
	struct gpu_error err = {""};
	uint8_t *dmem;

	must(f->image.data >= vbios->rom.data && f->image.size <= vbios->rom.size);
	must((uint64_t)f->imem_offset + f->imem_size <= f->image.size);
	must((uint64_t)f->dmem_offset + f->dmem_size <= f->image.size);
	must(f->version == 2 ? f->imem_sec_size <= f->imem_size
			     : (uint64_t)f->sig_offset + GPU_FWSEC_SIGNATURE <= f->dmem_size);
	dmem = malloc(f->dmem_size);
	must(dmem != NULL);
	memcpy(dmem, f->image.data + f->dmem_offset, f->dmem_size);
	gpu_fwsec_put_frts(f, dmem, 0x5fff00000, 1u << 20);
	gpu_fwsec_put_sb(f, dmem);
	for (uint32_t fuse = 0; f->version == 3 && fuse < 17; fuse++) {
		int ret = gpu_fwsec_signature(f, fuse, &signature, &err);

		must(!ret == (fuse < 16 && f->sig_versions >> fuse & 1));
		if (!ret)
			memcpy(dmem + f->sig_offset, signature.data, signature.size);
	}
	free(dmem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *rom = malloc(size ? size : 1);
	struct gpu_blob blob = {"rom", rom, size};
	struct gpu_error err = {""};
	struct gpu_vbios vbios;
	struct gpu_fwsec fwsec;
	int ret;

	must(rom != NULL);
	memcpy(rom, data, size);
	mend(rom, size);
	ret = gpu_vbios_open(&blob, &vbios, &err);
	if (!ret)
		ret = gpu_fwsec_open(&vbios, &fwsec, &err);
	if (ret)
		must_refuse(ret == -EINVAL || ret == -ENOENT, &err);
	else
		use_fwsec(&vbios, &fwsec);
	free(rom);
	return 0;
}
