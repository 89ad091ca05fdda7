/* SPDX-License-Identifier: MIT */
/*
 * The readers of booter, RISC-V bootloader and falcon loader: what they take from a sound file, which
 * signature they choose, and that every offset and size in these files is checked.
 */
#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/nvfw.h"
#include "tests/unit/boot_build.h"

static int read_booter(const struct gpu_blob *blob, struct gpu_error *err)
{
	struct gpu_booter booter;

	return gpu_booter_parse(blob, &booter, err);
}

static int read_bootloader(const struct gpu_blob *blob, struct gpu_error *err)
{
	struct gpu_bootloader loader;

	return gpu_bootloader_parse(blob, &loader, err);
}

static int read_falcon_loader(const struct gpu_blob *blob, struct gpu_error *err)
{
	struct gpu_falcon_loader loader;

	return gpu_falcon_loader_parse(blob, &loader, err);
}

static void test_booter(void **state)
{
	uint8_t file[BOOTER_SIZE];
	struct gpu_booter b;
	struct gpu_error err;

	(void)state;
	build_booter(file);
	assert_int_equal(gpu_booter_parse(&(struct gpu_blob){"b", file, BOOTER_SIZE}, &b, &err), 0);
	assert_ptr_equal(b.image.data, file + BOOTER_DATA);
	assert_int_equal(b.image.size, BOOTER_IMG);
	assert_int_equal(b.os_code.offset, 0);
	assert_int_equal(b.os_code.size, 0x100);
	assert_int_equal(b.app.offset, 0x100);
	assert_int_equal(b.app.size, 0x200);
	assert_int_equal(b.data.offset, 0x300);
	assert_int_equal(b.data.size, 0x200);
	assert_int_equal(b.sig_offset, 0x310);
	assert_int_equal(b.sig_size, BOOTER_SIG);
	assert_int_equal(b.sig_count, 2);
	assert_int_equal(b.engine_id_mask, 1);
	assert_int_equal(b.ucode_id, 3);
}

/* Boards whose fuses were never blown take the last signature. */
static void test_booter_signature(void **state)
{
	uint8_t file[BOOTER_SIZE];
	struct gpu_booter b;
	struct gpu_blob sig;
	struct gpu_error err;

	(void)state;
	build_booter(file);
	assert_int_equal(gpu_booter_parse(&(struct gpu_blob){"b", file, BOOTER_SIZE}, &b, &err), 0);
	assert_int_equal(gpu_booter_signature(&b, 0, &sig, &err), 0);
	assert_int_equal(sig.size, BOOTER_SIG);
	assert_int_equal(sig.data[0], 0xa0);
	assert_int_equal(gpu_booter_signature(&b, 1, &sig, &err), 0);
	assert_int_equal(sig.data[0], 0xa1);
	assert_int_equal(gpu_booter_signature(&b, 2, &sig, &err), -EINVAL);
	assert_string_equal(err.text, "b: no signature for fuse version 2, newest is 1");
	/* A single signature is for all (Turing). */
	put_le(file + BOOTER_META + 20, 4, 1);
	assert_int_equal(gpu_booter_parse(&(struct gpu_blob){"b", file, BOOTER_SIZE}, &b, &err), 0);
	assert_int_equal(gpu_booter_signature(&b, 9, &sig, &err), 0);
	assert_int_equal(sig.size, 2 * BOOTER_SIG);
}

static void test_wrong_booters(void **state)
{
	static const struct spoil spoils[] = {
		{0, 4, 0x3b1d14f0, "magic 0x3b1d14f0 version 1 are not 0x10de and 1"},
		{4, 4, 2, "version 2"},
		{12, 4, BOOTER_SIZE, "HS header"},
		{16, 4, 0xffffff00, "payload: 0x500 bytes at 0xffffff00"},
		{20, 4, BOOTER_IMG + 1, "payload: 0x501 bytes at 0x110"},
		{20, 4, 0, "empty payload"},
		{BIN_HEADER, 4, BOOTER_SIZE, "signatures: 0x80 bytes at 0x610"},
		{BIN_HEADER + 4, 4, 0, "2 signatures in 0 bytes"},
		{BIN_HEADER + 4, 4, 0x81, "2 signatures in 129 bytes"},
		{BIN_HEADER + 8, 4, BOOTER_SIZE - 3, "place of the signature"},
		{BIN_HEADER + 12, 4, 0xffffffff, "first signature: 0x4 bytes at 0xffffffff"},
		{BIN_HEADER + 16, 4, BOOTER_SIZE, "metadata: 0xc bytes at 0x610"},
		{BIN_HEADER + 20, 4, 8, "metadata of 8 bytes, not 12"},
		{BIN_HEADER + 24, 4, 0xffffffff, "number of signatures"},
		{BIN_HEADER + 28, 4, BOOTER_SIZE - 35, "load header: 0x24 bytes at 0x5ed"},
		{BIN_HEADER + 32, 4, 20, "load header of 20 bytes, not 36"},
		{BOOTER_META, 4, 0x2ff, "signature of 64 bytes at 0x2ff is not inside the data"},
		{BOOTER_META, 4, 0x4c1, "signature of 64 bytes at 0x4c1 is not inside the data"},
		{BOOTER_META, 4, 0xffffffff, "is not inside the data"},
		{BOOTER_META + 4, 4, 64, "first signature at 64, not 0"},
		{BOOTER_META + 20, 4, 0, "0 signatures in 128 bytes"},
		{BOOTER_META + 20, 4, 64, "64 signatures in 128 bytes"},
		{BOOTER_META + 20, 4, 3, "3 signatures in 128 bytes"},
		{BOOTER_LOAD, 4, 0x500, "OS code: 0x100 bytes at 0x500 end outside 0x500"},
		{BOOTER_LOAD, 4, 0x80, "OS code: 0x100 bytes at 0x80: no multiples of 256"},
		{BOOTER_LOAD + 4, 4, 0, "OS code: 0x0 bytes"},
		{BOOTER_LOAD + 8, 4, 0xffffff00, "data: 0x200 bytes at 0xffffff00"},
		{BOOTER_LOAD + 12, 4, 0x300, "data: 0x300 bytes at 0x300 end outside 0x500"},
		{BOOTER_LOAD + 12, 4, 0x1ff, "data: 0x1ff bytes at 0x300: no multiples of 256"},
		{BOOTER_LOAD + 16, 4, 2, "2 applications, not 1"},
		{BOOTER_LOAD + 24, 4, 0x500, "application code: 0x500 bytes at 0x100"},
	};
	uint8_t file[BOOTER_SIZE];

	(void)state;
	build_booter(file);
	spoil_all(file, BOOTER_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_booter,
		  BOOTER_SIZE);
}

static void test_bootloader(void **state)
{
	static const struct spoil spoils[] = {
		{0, 4, 0, "magic 0x0"},
		{12, 4, LOADER_SIZE, "descriptor: 0x38 bytes at 0x46c"},
		{BIN_HEADER, 4, 3, "descriptor version 3, not 4 or 5"},
		{BIN_HEADER, 4, 6, "descriptor version 6"},
		{BIN_HEADER + 0x04, 4, 0x400, "bootloader: 0x80 bytes at 0x400 end outside 0x400"},
		{BIN_HEADER + 0x10, 4, 0x81, "parameters: 0x81 bytes at 0x380"},
		{BIN_HEADER + 0x18, 4, 0x401, "RISC-V ELF"},
		{BIN_HEADER + 0x20, 4, 0xffffffff, "manifest: 0x80 bytes at 0xffffffff"},
		{BIN_HEADER + 0x2c, 4, 0xffffffff, "monitor data: 0xffffffff bytes at 0x80"},
		{BIN_HEADER + 0x30, 4, 0x281, "monitor code: 0x180 bytes at 0x281"},
	};
	uint8_t file[LOADER_SIZE];
	struct gpu_bootloader b;
	struct gpu_error err;

	(void)state;
	build_bootloader(file);
	assert_int_equal(gpu_bootloader_parse(&(struct gpu_blob){"b", file, LOADER_SIZE}, &b, &err),
			 0);
	assert_ptr_equal(b.image.data, file + LOADER_DATA);
	assert_int_equal(b.image.size, LOADER_IMG);
	assert_int_equal(b.code_offset, 0x100);
	assert_int_equal(b.data_offset, 0x80);
	assert_int_equal(b.manifest_offset, 0);
	assert_int_equal(b.app_version, 0x77);
	spoil_all(file, LOADER_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_bootloader,
		  LOADER_SIZE);
}

static void test_falcon_loader(void **state)
{
	static const struct spoil spoils[] = {
		{0, 4, 0, "magic 0x0"},
		{12, 4, FALCON_SIZE - 23, "loader descriptor"},
		{BIN_HEADER + 8, 4, 0x81, "loader code: 0x180 bytes at 0x81 end outside 0x200"},
		{BIN_HEADER + 12, 4, 0, "loader without code"},
	};
	uint8_t file[FALCON_SIZE];
	struct gpu_falcon_loader l;
	struct gpu_error err;

	(void)state;
	build_falcon_loader(file);
	assert_int_equal(
		gpu_falcon_loader_parse(&(struct gpu_blob){"l", file, FALCON_SIZE}, &l, &err), 0);
	assert_ptr_equal(l.code.data, file + FALCON_DATA + 0x80);
	assert_int_equal(l.code.size, 0x180);
	assert_int_equal(l.start_tag, 0xfd);
	spoil_all(file, FALCON_SIZE, spoils, sizeof(spoils) / sizeof(spoils[0]), read_falcon_loader,
		  FALCON_SIZE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_booter),	      cmocka_unit_test(test_booter_signature),
		cmocka_unit_test(test_wrong_booters), cmocka_unit_test(test_bootloader),
		cmocka_unit_test(test_falcon_loader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
