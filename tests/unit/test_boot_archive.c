/* SPDX-License-Identifier: MIT */
/*
 * A sound archive is read in place, down to the last part that boot needs, and without a copy; every
 * wrong value in its header and table, damage in an entry, and files that do not belong together are
 * refused with the entry and the value.
 */
#include "gpu/core/boot/firmware.h"
#include "tests/unit/boot_build.h"

#define ENTRIES	 6u
#define TABLE(i) (GPU_ARCHIVE_HEADER + (i)*GPU_ARCHIVE_ENTRY)
#define SIZE	 0x5000u

static const char abi_text[] = "abi 1\nversion 1.2.345\n";

/* Where each entry lies: the image at the second page, so the ELF file 0x40 bytes before it. */
static const struct {
	const char *name;
	uint32_t offset, size;
} places[ENTRIES] = {
	{"booter_load", 0x200, BOOTER_SIZE},	{"gsp", 0xfc0, ELF_SIZE},
	{"bootloader", 0x3000, LOADER_SIZE},	{"booter_unload", 0x3600, BOOTER_SIZE},
	{"falcon_loader", 0x4000, FALCON_SIZE}, {"abi", 0x4400, sizeof(abi_text) - 1},
};

static uint8_t *archive;

static void seal(void)
{
	uint32_t size = TABLE(ENTRIES);

	put_le(archive + GPU_ARCHIVE_H_CRC, 4, 0);
	put_le(archive + GPU_ARCHIVE_H_CRC, 4, gpu_archive_crc(0, archive, size));
}

/* A new checksum for entry i, after its contents were changed on purpose. */
static void reseal(unsigned int i)
{
	put_le(archive + TABLE(i) + GPU_ARCHIVE_E_CRC, 4,
	       gpu_archive_crc(0, archive + places[i].offset, places[i].size));
	seal();
}

static int build(void **state)
{
	(void)state;
	if (!archive && posix_memalign((void **)&archive, GPU_ARCHIVE_PAGE, SIZE))
		return -1;
	memset(archive, 0, SIZE);
	build_booter(archive + places[0].offset);
	build_elf(archive + places[1].offset);
	build_bootloader(archive + places[2].offset);
	build_booter(archive + places[3].offset);
	build_falcon_loader(archive + places[4].offset);
	memcpy(archive + places[5].offset, abi_text, sizeof(abi_text) - 1);
	memcpy(archive, GPU_ARCHIVE_MAGIC, 8);
	put_le(archive + GPU_ARCHIVE_H_VERSION, 4, 1);
	put_le(archive + GPU_ARCHIVE_H_ENTRIES, 4, ENTRIES);
	put_le(archive + GPU_ARCHIVE_H_SIZE, 8, SIZE);
	put_text(archive + GPU_ARCHIVE_H_FIRMWARE, "1.2.345");
	put_text(archive + GPU_ARCHIVE_H_CHIP, "ga102");
	for (unsigned int i = 0; i < ENTRIES; i++) {
		uint8_t *e = archive + TABLE(i);

		put_text(e, places[i].name);
		put_le(e + GPU_ARCHIVE_E_OFFSET, 8, places[i].offset);
		put_le(e + GPU_ARCHIVE_E_SIZE, 8, places[i].size);
		reseal(i);
	}
	return 0;
}

static int end(void **state)
{
	(void)state;
	free(archive);
	return 0;
}

static void refused(const char *says)
{
	struct gpu_blob blob = {"archive", archive, SIZE};
	struct gpu_error err;
	struct gpu_firmware fw;

	assert_int_equal(gpu_firmware_open(&blob, &fw, &err), -EINVAL);
	expect_said(&err, says);
}

static void test_sound_archive(void **state)
{
	struct gpu_blob blob = {"archive", archive, SIZE};
	struct gpu_error err;
	struct gpu_firmware fw;

	(void)state;
	assert_int_equal(gpu_firmware_open(&blob, &fw, &err), 0);
	assert_string_equal(fw.archive.version, "1.2.345");
	assert_string_equal(fw.archive.chip, "ga102");
	assert_string_equal(fw.family->name, "ga102");
	assert_string_equal(fw.gsp.version, "1.2.345");
	assert_ptr_equal(fw.gsp.image.data, archive + GPU_ARCHIVE_PAGE);
	assert_int_equal(fw.gsp.image.size, ELF_IMAGE_LEN);
	assert_ptr_equal(fw.signature.data, archive + places[1].offset + ELF_SIGN);
	assert_ptr_equal(fw.booter_load.image.data, archive + places[0].offset + BOOTER_DATA);
	assert_ptr_equal(fw.booter_unload.image.data, archive + places[3].offset + BOOTER_DATA);
	assert_ptr_equal(fw.bootloader.image.data, archive + places[2].offset + LOADER_DATA);
	assert_true(fw.has_falcon_loader);
	assert_int_equal(fw.falcon_loader.start_tag, 0xfd);
	assert_ptr_equal(fw.abi.data, archive + places[5].offset);
	assert_int_equal(fw.abi.size, sizeof(abi_text) - 1);
	assert_null(gpu_archive_find(&fw.archive, "fmc"));
}

static void test_optional_entries(void **state)
{
	struct gpu_blob blob = {"archive", archive, SIZE};
	struct gpu_error err;
	struct gpu_firmware fw;

	(void)state;
	put_text(archive + TABLE(4), "second_loader");
	put_text(archive + TABLE(5), "xyz");
	seal();
	assert_int_equal(gpu_firmware_open(&blob, &fw, &err), 0);
	assert_false(fw.has_falcon_loader);
	assert_null(fw.abi.data);
}

/* The value of every byte of a well-known text, so that other programs can write archives. */
static void test_checksum_is_the_usual_one(void **state)
{
	(void)state;
	assert_int_equal(gpu_archive_crc(0, "123456789", 9), 0xcbf43926);
	assert_int_equal(gpu_archive_crc(gpu_archive_crc(0, "1234", 4), "56789", 5), 0xcbf43926);
}

static void test_wrong_tables(void **state)
{
	static const struct spoil spoils[] = {
		{0, 1, 'x', "no firmware archive"},
		{GPU_ARCHIVE_H_VERSION, 4, 2, "archive version 2, not 1"},
		{GPU_ARCHIVE_H_SIZE, 8, SIZE + 1, "0x5000 bytes; its header says 0x5001"},
		{GPU_ARCHIVE_H_ENTRIES, 4, 0, "0 entries, not 1 to 16"},
		{GPU_ARCHIVE_H_ENTRIES, 4, 17, "17 entries, not 1 to 16"},
		{GPU_ARCHIVE_H_FIRMWARE, 1, 0, "firmware version is no digits and dots"},
		{GPU_ARCHIVE_H_FIRMWARE, 1, 'v', "firmware version is no digits and dots"},
		{GPU_ARCHIVE_H_FIRMWARE + 9, 1, '1', "firmware version is no digits and dots"},
		{GPU_ARCHIVE_H_CHIP, 1, 'G', "chip is not a-z, 0-9 and _"},
		{GPU_ARCHIVE_H_CHIP + 15, 1, 'x', "chip is not a-z, 0-9 and _"},
		{GPU_ARCHIVE_H_ZERO, 4, 1, "reserved word 0x1 in the header"},
		{TABLE(1), 1, 0, "name of entry 1"},
		{TABLE(1), 1, '/', "name of entry 1"},
		{TABLE(1) + 23, 1, 'x', "name of entry 1"},
		{TABLE(1) + GPU_ARCHIVE_E_OFFSET, 8, 0x80f,
		 "entry gsp at 0x80f overlaps what ends "
		 "at 0x810"},
		{TABLE(0) + GPU_ARCHIVE_E_OFFSET, 8, 0x16f, "booter_load at 0x16f overlaps"},
		{TABLE(1) + GPU_ARCHIVE_E_OFFSET, 8, UINT64_MAX, "gsp: 0x1b40 bytes at 0xffffffff"},
		{TABLE(5) + GPU_ARCHIVE_E_SIZE, 8, 0xc01, "abi: 0xc01 bytes at 0x4400 end outside"},
		{TABLE(2) + GPU_ARCHIVE_E_ZERO, 4, 7, "reserved word 0x7 in entry bootloader"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
		assert_int_equal(build(NULL), 0);
		put_le(archive + spoils[i].at, spoils[i].width, spoils[i].value);
		seal();
		refused(spoils[i].says);
	}
	assert_int_equal(build(NULL), 0);
	memcpy(archive + TABLE(3), "booter_load\0", 13);
	seal();
	refused("two entries booter_load");
}

static void test_damage(void **state)
{
	(void)state;
	archive[TABLE(2) + 1] ^= 1;
	refused("table of entries is damaged");
	archive[TABLE(2) + 1] ^= 1;
	for (unsigned int i = 0; i < ENTRIES; i++) {
		char says[64];

		archive[places[i].offset + places[i].size - 1] ^= 0x80;
		snprintf(says, sizeof(says), "%s: damaged: checksum", places[i].name);
		if (i == 1) { /* of the image, the GPU checks the signature */
			struct gpu_blob blob = {"archive", archive, SIZE};
			struct gpu_error err;
			struct gpu_archive a;

			assert_int_equal(gpu_archive_open(&blob, &a, &err), 0);
			assert_int_equal(gpu_archive_check(&a.entry[1], &err), -EINVAL);
			expect_said(&err, says);
		} else {
			refused(says);
		}
		archive[places[i].offset + places[i].size - 1] ^= 0x80;
	}
}

static void test_cut_off(void **state)
{
	static const size_t lengths[] = {0,	      1,       GPU_ARCHIVE_HEADER, TABLE(ENTRIES),
					 SIZE - 4096, SIZE - 1};

	(void)state;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct gpu_blob blob = {"archive", archive, lengths[i]};
		struct gpu_error err;
		struct gpu_firmware fw;

		assert_int_equal(gpu_firmware_open(&blob, &fw, &err), -EINVAL);
	}
}

static void test_table_longer_than_archive(void **state)
{
	uint8_t *small = NULL;
	struct gpu_error err;
	struct gpu_archive a;

	(void)state;
	/* A page holds more than the largest table, so only a header's size can lie. */
	assert_int_equal(posix_memalign((void **)&small, GPU_ARCHIVE_PAGE, GPU_ARCHIVE_PAGE), 0);
	memcpy(small, archive, GPU_ARCHIVE_HEADER);
	assert_int_equal(
		gpu_archive_open(&(struct gpu_blob){"a", small, GPU_ARCHIVE_HEADER}, &a, &err),
		-EINVAL);
	expect_said(&err, "0x50 bytes; its header says 0x5000, and whole pages of 4096");
	free(small);
}

static void test_files_belong_together(void **state)
{
	(void)state;
	put_text(archive + GPU_ARCHIVE_H_FIRMWARE, "1.2.346");
	seal();
	refused("gsp: version 1.2.345 in an archive of 1.2.346");
	build(NULL);
	put_text(archive + GPU_ARCHIVE_H_CHIP, "gk104");
	seal();
	refused("unknown chip gk104");
	build(NULL);
	put_text(archive + GPU_ARCHIVE_H_CHIP, "ad102");
	seal();
	refused("gsp: no section .fwsignature_ad10x");
	for (unsigned int i = 0; i < 4; i++) { /* each of the four that must be there */
		char says[48];

		build(NULL);
		archive[TABLE(i)] = 'z';
		seal();
		snprintf(says, sizeof(says), "no entry %s", places[i].name);
		refused(says);
	}
}

static void test_wrong_entries(void **state)
{
	static const char *const says[ENTRIES] = {
		"booter_load: magic",	"gsp: no little-endian", "bootloader: magic",
		"booter_unload: magic", "falcon_loader: magic",
	};

	(void)state;
	for (unsigned int i = 0; i < 5; i++) {
		build(NULL);
		archive[places[i].offset] ^= 0xff;
		reseal(i);
		refused(says[i]);
	}
}

static void test_image_begins_at_a_page(void **state)
{
	(void)state;
	memmove(archive + 0xfd0, archive + 0xfc0, ELF_SIZE);
	put_le(archive + TABLE(1) + GPU_ARCHIVE_E_OFFSET, 8, 0xfd0);
	seal();
	refused("gsp: .fwimage at 0x10 of a page");
}

static void test_archive_begins_at_a_page(void **state)
{
	struct gpu_blob blob = {"archive", archive + 16, SIZE - 16};
	struct gpu_error err;
	struct gpu_archive a;

	(void)state;
	assert_int_equal(gpu_archive_open(&blob, &a, &err), -EINVAL);
	expect_said(&err, "which is no page");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(test_sound_archive, build),
		cmocka_unit_test_setup(test_optional_entries, build),
		cmocka_unit_test(test_checksum_is_the_usual_one),
		cmocka_unit_test_setup(test_wrong_tables, build),
		cmocka_unit_test_setup(test_damage, build),
		cmocka_unit_test_setup(test_cut_off, build),
		cmocka_unit_test_setup(test_table_longer_than_archive, build),
		cmocka_unit_test_setup(test_files_belong_together, build),
		cmocka_unit_test_setup(test_wrong_entries, build),
		cmocka_unit_test_setup(test_image_begins_at_a_page, build),
		cmocka_unit_test_setup(test_archive_begins_at_a_page, build),
	};

	return cmocka_run_group_tests(tests, NULL, end);
}
