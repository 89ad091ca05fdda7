/* SPDX-License-Identifier: MIT */
/*
 * The reader of the GSP's firmware file finds image, version and signature in a sound file, and
 * refuses every wrong one with the value at fault. tests/peer/test_firmware.py shows it real files.
 */
#include "gpu/core/boot/gsp_image.h"
#include "tests/unit/boot_build.h"

static uint8_t file[ELF_SIZE];

static int read_image(const struct gpu_blob *blob, struct gpu_error *err)
{
	struct gpu_gsp_image image;
	struct gpu_blob signature;
	int ret = gpu_gsp_image_open(blob, &image, err);

	return ret ? ret : gpu_gsp_image_signature(&image, ".fwsignature_ga10x", &signature, err);
}

static void test_sound_file(void **state)
{
	struct gpu_blob blob = {"gsp", file, ELF_SIZE}, signature;
	struct gpu_gsp_image image;
	struct gpu_error err;

	(void)state;
	build_elf(file);
	assert_int_equal(gpu_gsp_image_open(&blob, &image, &err), 0);
	assert_string_equal(image.version, "1.2.345");
	assert_ptr_equal(image.image.data, file + ELF_IMAGE);
	assert_int_equal(image.image.size, ELF_IMAGE_LEN);
	assert_int_equal(gpu_gsp_image_signature(&image, ".fwsignature_ga10x", &signature, &err),
			 0);
	assert_ptr_equal(signature.data, file + ELF_SIGN);
	assert_int_equal(signature.size, ELF_SIGN_LEN);
	assert_int_equal(image.elf.sections, ELF_SECTIONS);
	assert_string_equal(gpu_elf_section_name(&image.elf, 0), "");
	assert_string_equal(gpu_elf_section_name(&image.elf, 3), ".fwsignature_ga10x");
}

static void test_missing_signature_is_told(void **state)
{
	struct gpu_blob blob = {"gsp", file, ELF_SIZE}, signature;
	struct gpu_gsp_image image;
	struct gpu_error err;

	(void)state;
	build_elf(file);
	assert_int_equal(gpu_gsp_image_open(&blob, &image, &err), 0);
	assert_int_equal(gpu_gsp_image_signature(&image, ".fwsignature_ad10x", &signature, &err),
			 -ENOENT);
	assert_string_equal(err.text, "gsp: no section .fwsignature_ad10x");
}

static void test_version_is_text_of_digits(void **state)
{
	static const char *const bad[] = {"", "1.2x", "12345678901234567890123456789012"};
	char text[GPU_FIRMWARE_VERSION_MAX + 1];

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		memset(text, 0, sizeof(text));
		memcpy(text, bad[i], strlen(bad[i]));
		assert_false(gpu_firmware_version_ok(text));
	}
	memset(text, '1', sizeof(text));
	text[GPU_FIRMWARE_VERSION_MAX] = 0;
	assert_true(gpu_firmware_version_ok(text));
}

static void test_wrong_files(void **state)
{
	static const struct spoil spoils[] = {
		{0, 1, 0x7e, "no little-endian 64-bit ELF file"},
		{4, 1, 1, "no little-endian 64-bit ELF file"}, /* 32 bits */
		{5, 1, 2, "no little-endian 64-bit ELF file"}, /* big-endian */
		{0x12, 2, 62, "ELF machine 62 is not RISC-V"},
		{0x28, 8, ELF_TABLE + 1, "section table: 0x140 bytes at 0x1a01 end outside 0x1b40"},
		{0x28, 8, UINT64_MAX - 64, "section table"},
		{0x3a, 2, 40, "section headers of 40 bytes, not 64"},
		{0x3c, 2, 0, "0 sections"},
		{0x3c, 2, 65, "65 sections (at most 64)"},
		{0x3e, 2, 5, "names in section 5"},
		{ELF_SHDR(4) + 4, 4, 8, "section 4, type 8, holds no names"},
		{ELF_SHDR(4) + 0x20, 8, 0, "do not end with a NUL"},
		{ELF_SHDR(4) + 0x20, 8, 10, "no section .fwversion"}, /* the name is outside */
		{ELF_SHDR(4) + 0x20, 8, UINT64_MAX, "section names"},
		{ELF_SHDR(4) + 0x18, 8, ELF_SIZE, "section names"},
		{ELF_SHDR(1), 4, 0, "no section .fwimage"},
		{ELF_SHDR(1), 4, 0xffffffff, "no section .fwimage"},
		{ELF_SHDR(1) + 4, 4, 8, "section .fwimage: type 8 has no contents"},
		{ELF_SHDR(1) + 0x18, 8, UINT64_MAX, ".fwimage: 0x1850 bytes at 0xffffffffffffffff"},
		{ELF_SHDR(1) + 0x20, 8, ELF_SIZE, ".fwimage: 0x1b40 bytes at 0x40 end outside"},
		{ELF_SHDR(1) + 0x20, 8, 0, ".fwimage: 0x0 bytes"},
		{ELF_SHDR(2), 4, 1, "two sections .fwimage: 1 and 2"},
		{ELF_SHDR(2), 4, 0, "no section .fwversion"},
		{ELF_SHDR(2) + 0x20, 8, 0, ".fwversion: no text"},
		{ELF_SHDR(2) + 0x20, 8, 7, ".fwversion: no text"}, /* no NUL */
		{ELF_SHDR(2) + 0x20, 8, 33, ".fwversion: no text"},
		{ELF_VERSION + 1, 1, '-', ".fwversion: not digits and dots"},
		{ELF_SHDR(3), 4, 0, "no section .fwsignature_ga10x"},
		{ELF_SHDR(3) + 0x20, 8, 0, ".fwsignature_ga10x: 0x0 bytes"},
		{ELF_SHDR(3) + 0x20, 8, ELF_SIZE, ".fwsignature_ga10x: 0x1b40 bytes"},
	};

	(void)state;
	build_elf(file);
	spoil_all(file, ELF_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_image, ELF_SIZE);
}

static void test_message_is_one_line(void **state)
{
	struct gpu_blob blob = {"gsp\n", file, ELF_SIZE}, part;
	struct gpu_error err;
	struct gpu_elf elf;

	(void)state;
	build_elf(file);
	assert_int_equal(gpu_elf_open(&blob, &elf, &err), 0);
	assert_int_equal(gpu_elf_section(&elf, "a\nb\x1b\xff", &part, &err), -ENOENT);
	assert_string_equal(err.text, "gsp?: no section a?b??");
}

static void test_signature_fits_a_page(void **state)
{
	static const struct spoil spoils[] = {
		{ELF_SHDR(3) + 0x20, 8, 4097, ".fwsignature_ga10x: 0x1001 bytes, not 1 to 0x1000"},
	};

	(void)state;
	build_elf(file);
	put_le(file + ELF_SHDR(3) + 0x18, 8, 0);
	spoil_all(file, ELF_SIZE, spoils, 1, read_image, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sound_file),
		cmocka_unit_test(test_missing_signature_is_told),
		cmocka_unit_test(test_version_is_text_of_digits),
		cmocka_unit_test(test_wrong_files),
		cmocka_unit_test(test_signature_fits_a_page),
		cmocka_unit_test(test_message_is_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
