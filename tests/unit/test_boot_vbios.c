/* SPDX-License-Identifier: MIT */
/*
 * The board's ROM. No Debian package has one, so it is built here from the public description: four
 * images, BIT, the table of programs, FWSEC with either descriptor. Shown are the chain with and
 * without data in front of it, pointers over the gap between images, signature by fuse, both commands
 * as they stand in the data afterwards, and that each wrong value is refused.
 */
#include <stdbool.h>

#include "gpu/core/boot/fwsec.h"
#include "tests/unit/boot_build.h"

static uint8_t rom[VB_SIZE];

static int read_fwsec(const struct gpu_blob *blob, struct gpu_error *err)
{
	struct gpu_vbios vbios;
	struct gpu_fwsec fwsec;
	int ret = gpu_vbios_open(blob, &vbios, err);

	return ret ? ret : gpu_fwsec_open(&vbios, &fwsec, err);
}

static void open_fwsec(struct gpu_fwsec *fwsec)
{
	struct gpu_vbios vbios;
	struct gpu_error err;

	memset(fwsec, 0, sizeof(*fwsec));
	if (gpu_vbios_open(&(struct gpu_blob){"rom", rom, VB_SIZE}, &vbios, &err) ||
	    gpu_fwsec_open(&vbios, fwsec, &err))
		fail_msg("%s", err.text);
}

static void test_chain(void **state)
{
	struct gpu_vbios v;
	struct gpu_error err;

	(void)state;
	build_vbios(rom, 3);
	assert_int_equal(gpu_vbios_open(&(struct gpu_blob){"rom", rom, VB_SIZE}, &v, &err), 0);
	assert_int_equal(v.images, 4);
	assert_int_equal(v.base_size, 0x400);
	assert_int_equal(v.expansion, VB_SHIFT);
	assert_int_equal(v.bit, VB_BIT);
	assert_int_equal(v.tokens.size, 12);
	assert_int_equal(v.rom.size, VB_SIZE);
}

/* The standard's own fields count when there is no extension, and an extension may lengthen. */
static void test_chain_without_extensions(void **state)
{
	struct gpu_vbios v;
	struct gpu_error err;

	(void)state;
	build_vbios(rom, 3);
	memset(rom + VB_NPDE(VB_BASE), 0, 4);
	put_le(rom + VB_NPDE(VB_EFI) + 4, 2, 0x200); /* a revision we do not know */
	/* A short extension has no last-image flag; fewer blocks than the standard's mean: more. */
	put_le(rom + VB_NPDE(VB_EXT1) + 6, 2, 10);
	put_le(rom + VB_PCIR(VB_EXT1) + 0x10, 2, 9);
	rom[VB_PCIR(VB_EXT1) + 0x15] = 0x80;
	assert_int_equal(gpu_vbios_open(&(struct gpu_blob){"rom", rom, VB_SIZE}, &v, &err), 0);
	assert_int_equal(v.images, 4);
	assert_int_equal(v.rom.size, VB_SIZE);
}

/* NBSI ends the chain whatever it says; then there is no image 0xe0, and pointers are plain. */
static void test_nbsi_is_last(void **state)
{
	struct gpu_vbios v;
	struct gpu_error err;

	(void)state;
	build_vbios(rom, 3);
	rom[VB_PCIR(VB_EFI) + 0x14] = 0x70;
	assert_int_equal(gpu_vbios_open(&(struct gpu_blob){"rom", rom, VB_SIZE}, &v, &err), 0);
	assert_int_equal(v.images, 2);
	assert_int_equal(v.expansion, 0);
	assert_int_equal(v.rom.size, VB_EXT1);
}

#define FRONT 0x4000u /* bytes before the images */

static const struct spoil front_v1[] = {
	{0, 4, 0x4947564e, NULL}, {4, 4, 0x00200100, NULL}, {0x24, 4, FRONT, NULL}};
static const struct spoil front_v3[] = {{0, 4, 0x4947564e, NULL},      {4, 4, 0x300, NULL},
					{8, 4, 0x100, NULL},	       {0x100, 4, 0x1000, NULL},
					{0x2000, 4, 0x44524652, NULL}, {0x2008, 4, FRONT, NULL}};

static uint8_t *with_front(const struct spoil *words, size_t n)
{
	uint8_t *whole = calloc(1, FRONT + VB_SIZE);

	assert_non_null(whole);
	for (size_t i = 0; i < n; i++)
		put_le(whole + words[i].at, words[i].width, words[i].value);
	build_vbios(whole + FRONT, 3);
	return whole;
}

static void test_data_in_front(void **state)
{
	struct gpu_error err;
	uint8_t *whole[] = {with_front(front_v1, 3), with_front(front_v3, 6)};

	(void)state;
	for (unsigned int i = 0; i < 2; i++) {
		if (read_fwsec(&(struct gpu_blob){"rom", whole[i], FRONT + VB_SIZE}, &err))
			fail_msg("%s", err.text);
		free(whole[i]);
	}
}

static void test_wrong_fronts(void **state)
{
	static const struct spoil spoils[] = {
		{0, 4, 0x12345678, "ROM begins with 0x12345678"},
		{4, 4, 0x400, "IFR version 4"},
		{4, 4, 0, "IFR version 0"},
		{4, 4, 0x7fff0100, "offset of the images"},
		{8, 4, 0xfffff, "flash status: 0x4 bytes at 0xfffff"},
		{0x100, 4, 0xffffffff, "ROM directory: 0x4 bytes at 0x100000fff"},
		{0x2000, 4, 0, "ROM directory at 0x2000 begins with 0x00000000"},
		{0x100, 4, 0x5000 - 8, "ROM directory at 0x5ff8 begins"},
		{0x2008, 4, FRONT + 2, "images at 0x4002, no multiple of 4"},
		{0x2008, 4, 0xfffffff0, "images: 0x6000 bytes at 0xfffffff0"},
		{0x2008, 4, FRONT + 4, "image at 0x0 begins with"},
		{0x2008, 4, FRONT + VB_SIZE - 4, "image header"},
	};
	uint8_t *whole = with_front(front_v3, 6);

	(void)state;
	spoil_all(whole, FRONT + VB_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_fwsec,
		  0);
	free(whole);
}

static void test_wrong_chains(void **state)
{
	static const struct spoil spoils[] = {
		{VB_EFI, 2, 0, "image at 0x400 begins with 0x0000"},
		{0x18, 2, 0xffff, "PCI data structure: 0x18 bytes at 0xffff"},
		{VB_PCIR(VB_BASE), 4, 0, "PCI data structure at 0x20 begins with 0x00000000"},
		{VB_NPDE(VB_EFI) + 8, 2, 0, "image at 0x400 has no size"},
		{VB_PCIR(VB_BASE) + 0x14, 1, 3, "no base image among 4"},
		{VB_NPDE(VB_EXT2) + 8, 2, 13, "images: 0x2200 bytes at 0x0 end outside 0x2000"},
		{VB_NPDE(VB_EXT2) + 0x0a, 1, 0, "image header: 0x1a bytes at 0x2000"},
		{VB_BIT, 2, 0, "no BIT in the base image, 0x400 bytes"},
		{VB_BIT + 2, 1, 'b', "no BIT"},
		{VB_BIT + 8, 1, 11, "no BIT"},
		{VB_BIT + 11, 1, 0, "no BIT"},
	};
	static const struct spoil moved[] = {
		{VB_PCIR(VB_EXT1) + 0x14, 1, 0, "base image at 0x600 is not the first"},
	};

	(void)state;
	build_vbios(rom, 3);
	spoil_all(rom, VB_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_fwsec, VB_SIZE);
	rom[VB_PCIR(VB_BASE) + 0x14] = 3;
	spoil_all(rom, VB_SIZE, moved, 1, read_fwsec, 0);
}

static void test_endless_chain(void **state)
{
	static uint8_t many[40 * 512];
	struct gpu_error err;

	(void)state;
	for (uint32_t i = 0; i < 40; i++)
		build_rom_image(many, i * 512, 512, 3, false);
	assert_int_equal(read_fwsec(&(struct gpu_blob){"rom", many, sizeof(many)}, &err), -EINVAL);
	expect_said(&err, "more than 32 images");
	assert_int_equal(read_fwsec(&(struct gpu_blob){"rom", many, GPU_VBIOS_SIZE_MAX + 1}, &err),
			 -EINVAL);
	expect_said(&err, "0x100001 bytes, more than 0x100000");
}

/* Changes a byte of the BIT header and mends its checksum. */
static void put_bit(unsigned int at, uint8_t value)
{
	rom[VB_BIT + 11] = (uint8_t)(rom[VB_BIT + 11] + rom[VB_BIT + at] - value);
	rom[VB_BIT + at] = value;
}

static void test_bit_tokens(void **state)
{
	struct gpu_error err;
	struct gpu_blob blob = {"rom", rom, VB_SIZE};

	(void)state;
	/* Eight-byte tokens have wide pointers. */
	build_vbios(rom, 3);
	put_bit(9, 8);
	put_words(rom + VB_TOKENS,
		  (const uint32_t[]){0x00040142, 0x00000190, 0x00040270, 0x00000180}, 4);
	assert_int_equal(read_fwsec(&blob, &err), 0);
	rom[VB_TOKENS + 15] = 1;
	assert_int_equal(read_fwsec(&blob, &err), -EINVAL);
	expect_said(&err, "falcon data: 0x4 bytes at 0x1000380");
	build_vbios(rom, 3);
	put_bit(9, 5);
	assert_int_equal(read_fwsec(&blob, &err), -EINVAL);
	expect_said(&err, "BIT tokens of 5 bytes");
	build_vbios(rom, 3);
	put_bit(9, 255);
	put_bit(10, 255);
	assert_int_equal(read_fwsec(&blob, &err), -EINVAL);
	expect_said(&err, "BIT tokens: 0xfe01 bytes at 0x10c");
	/* A header that would reach beyond the base image is none. */
	build_vbios(rom, 3);
	memmove(rom + 0x3f4, rom + VB_BIT, 12);
	rom[VB_BIT] = 0;
	rom[0x3f4 + 8] = 13;
	rom[0x3f4 + 11]--;
	assert_int_equal(read_fwsec(&blob, &err), -EINVAL);
	expect_said(&err, "no BIT");
}

static void test_wrong_tables(void **state)
{
	static const struct spoil spoils[] = {
		{VB_TOKENS + 6, 1, 'q', "no program 0x85 in the ROM"},
		{VB_TOKENS + 7, 1, 1, "no program 0x85"},
		{VB_TOKENS + 8, 2, 3, "no program 0x85"},
		{VB_FALCON, 4, 0xffffffff, "ucode table: 0x6 bytes at 0x1000001ff"},
		{VB_FALCON, 4, 0x3fc, "ucode table version 0, header 0, entries 0 bytes"},
		{VB_TABLE, 1, 2, "ucode table version 2, header 6, entries 6 bytes"},
		{VB_TABLE + 1, 1, 5, "header 5"},
		{VB_TABLE + 2, 1, 5, "entries 5 bytes"},
		{VB_TABLE + 3, 1, 1, "no program 0x85"},
		{VB_ENTRIES + 6, 1, 0x45, "no program 0x85"},
		{VB_ENTRIES + 8, 4, VB_SIZE, "ucode descriptor: 0x4 bytes at 0x2200"},
		{VB_DESC, 1, 0, "ucode descriptor 0x032c0300 has no version"},
		{VB_DESC + 1, 1, 4, "FWSEC: descriptor version 4"},
		{VB_DESC + 2, 2, 0xffff, "ucode descriptor: 0xffff bytes at 0x900"},
		{VB_DESC + 2, 2, 43, "FWSEC descriptor: 0x2c bytes at 0x0 end outside 0x2b"},
	};

	(void)state;
	build_vbios(rom, 3);
	spoil_all(rom, VB_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_fwsec, 0);
	/* More entries than the ROM has room for. */
	put_le(rom + VB_FALCON, 4, VB_SIZE - VB_SHIFT - 6);
	put_text(rom + VB_SIZE - 6, "\1\6\6\1");
	spoil_all(rom, VB_SIZE,
		  &(struct spoil){0, 0, 0, "ucode table: 0xc bytes at 0x1ffa end outside 0x2000"},
		  1, read_fwsec, 0);
}

static void test_fwsec_v2(void **state)
{
	static const struct spoil spoils[] = {
		{VB_DESC + 0x18, 4, 0x10000, "FWSEC image: 0x10000 bytes"},
		{VB_DESC + 0x24, 4, 0x401, "FWSEC: 0x401 secure of 0x400 bytes of code"},
		{VB_DESC + 0x28, 4, 0xffffffff, "FWSEC image: 0x1000005ff bytes"},
		{VB_DESC + 0x30, 4, 0x20, "FWSEC interface: 0x4 bytes at 0x20 end outside 0x20"},
		{VB_DESC + 2, 2, 59, "FWSEC descriptor: 0x3c bytes at 0x0 end outside 0x3b"},
	};
	struct gpu_fwsec f;
	uint32_t image;

	(void)state;
	image = build_vbios(rom, 2);
	open_fwsec(&f);
	assert_int_equal(f.version, 2);
	assert_ptr_equal(f.image.data, rom + image);
	assert_int_equal(f.image.size, VB_IMEM + VB_DMEM);
	assert_int_equal(f.imem_size, VB_IMEM);
	assert_int_equal(f.imem_sec_base, 0x100);
	assert_int_equal(f.imem_sec_size, 0x300);
	assert_int_equal(f.dmem_offset, VB_IMEM);
	assert_int_equal(f.dmem_size, VB_DMEM);
	assert_int_equal(f.command_buffer, VB_COMMAND);
	spoil_all(rom, VB_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_fwsec, 0);
}

static void test_fwsec_v3(void **state)
{
	struct gpu_fwsec f;
	struct gpu_blob sig;
	struct gpu_error err;
	uint32_t image;

	(void)state;
	image = build_vbios(rom, 3);
	open_fwsec(&f);
	assert_int_equal(f.version, 3);
	assert_ptr_equal(f.image.data, rom + image);
	assert_int_equal(f.image.size, VB_IMEM + VB_DMEM);
	assert_int_equal(f.dmem_offset, VB_IMEM);
	assert_int_equal(f.sig_offset, VB_SIGN);
	assert_int_equal(f.engine_id_mask, 0x400);
	assert_int_equal(f.ucode_id, 9);
	assert_int_equal(gpu_fwsec_signature(&f, 1, &sig, &err), 0);
	assert_int_equal(sig.data[0], 0x51);
	assert_int_equal(gpu_fwsec_signature(&f, 3, &sig, &err), 0);
	assert_int_equal(sig.data[0], 0x53);
	assert_int_equal(sig.size, GPU_FWSEC_SIGNATURE);
	assert_int_equal(gpu_fwsec_signature(&f, 2, &sig, &err), -EINVAL);
	expect_said(&err, "no signature for fuse version 2 among 0x000a");
	assert_int_equal(gpu_fwsec_signature(&f, 32, &sig, &err), -EINVAL);
}

static void test_wrong_fwsec_v3(void **state)
{
	static const struct spoil spoils[] = {
		{VB_DESC + 0x04, 4, 0x10000, "FWSEC image: 0x10000 bytes"},
		{VB_DESC + 0x04, 4, VB_IMEM + VB_DMEM - 1, "FWSEC data: 0x600 bytes at 0x400"},
		{VB_DESC + 0x08, 4, VB_DMEM - 383, "FWSEC: signature at 0x481 of 0x600 bytes"},
		{VB_DESC + 0x08, 4, 0xffffffff, "FWSEC: signature at 0xffffffff"},
		{VB_DESC + 0x0c, 4, VB_DMEM, "FWSEC interface: 0x4 bytes at 0x600"},
		{VB_DESC + 0x14, 4, 0xffffffff, "FWSEC data: 0x600 bytes at 0xffffffff"},
		{VB_DESC + 0x20, 4, 0x601, "FWSEC data: 0x601 bytes at 0x400 end outside 0xa00"},
		{VB_DESC + 0x27, 1, 3, "FWSEC: 3 signatures for versions 0x000a"},
		{VB_DESC + 0x28, 2, 0, "FWSEC: 2 signatures for versions 0x0000"},
		{VB_DESC + 2, 2, 44 + 767, "FWSEC signatures: 0x300 bytes at 0x2c"},
	};
	uint32_t image = build_vbios(rom, 3);

	(void)state;
	spoil_all(rom, VB_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_fwsec,
		  image + VB_IMEM + VB_DMEM);
}

static void test_wrong_interfaces(void **state)
{
	uint32_t dmem = build_vbios(rom, 3) + VB_IMEM;
	const struct spoil spoils[] = {
		{dmem + VB_INTERFACE, 1, 2, "FWSEC: interface version 2, header 4, entries 8"},
		{dmem + VB_INTERFACE + 1, 1, 3, "header 3"},
		{dmem + VB_INTERFACE + 2, 1, 7, "entries 7 bytes"},
		{dmem + VB_INTERFACE + 2, 2, 0xffff, "FWSEC interface: 0xfe05 bytes at 0x20"},
		{dmem + VB_INTERFACE + 3, 1, 1, "FWSEC: no DMEM mapper among 1 interfaces"},
		{dmem + VB_INTERFACE + 16, 4, 0xffffffff, "FWSEC DMEM mapper: 0x40 bytes"},
		{dmem + VB_MAPPER + 8, 4, VB_DMEM, "FWSEC command buffer: 0x2c bytes at 0x600"},
		{dmem + VB_MAPPER + 12, 4, 43, "FWSEC: command buffer of 43 bytes, not 44"},
	};

	(void)state;
	spoil_all(rom, VB_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_fwsec, 0);
}

static void test_commands(void **state)
{
	const uint32_t frts[] = {1, 24, 0, 0, 0, 2, 1, 20, 0x5fff00, 0x100, 2};
	uint8_t dmem[VB_DMEM], want[sizeof(frts)];
	struct gpu_fwsec f;
	uint32_t image;

	(void)state;
	image = build_vbios(rom, 3);
	open_fwsec(&f);
	memcpy(dmem, rom + image + VB_IMEM, VB_DMEM);
	gpu_fwsec_put_frts(&f, dmem, 0x5fff00000, 1u << 20);
	put_words(want, frts, 11);
	assert_memory_equal(dmem + VB_COMMAND, want, sizeof(want));
	assert_int_equal(gpu_le32(dmem + VB_MAPPER + 0x2c), 0x15);
	assert_int_equal(dmem[VB_COMMAND + sizeof(want)], 0xd0);
	memcpy(dmem, rom + image + VB_IMEM, VB_DMEM);
	gpu_fwsec_put_sb(&f, dmem);
	assert_memory_equal(dmem + VB_COMMAND, want, 24);
	assert_int_equal(dmem[VB_COMMAND + 24], 0xd0);
	assert_int_equal(gpu_le32(dmem + VB_MAPPER + 0x2c), 0x19);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_chain),
		cmocka_unit_test(test_chain_without_extensions),
		cmocka_unit_test(test_nbsi_is_last),
		cmocka_unit_test(test_data_in_front),
		cmocka_unit_test(test_wrong_fronts),
		cmocka_unit_test(test_wrong_chains),
		cmocka_unit_test(test_endless_chain),
		cmocka_unit_test(test_bit_tokens),
		cmocka_unit_test(test_wrong_tables),
		cmocka_unit_test(test_fwsec_v2),
		cmocka_unit_test(test_fwsec_v3),
		cmocka_unit_test(test_wrong_fwsec_v3),
		cmocka_unit_test(test_wrong_interfaces),
		cmocka_unit_test(test_commands),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
