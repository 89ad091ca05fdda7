/* SPDX-License-Identifier: MIT */
/*
 * xvgpu firmware: which files it finds in which folders, what archive it makes of them, and what it
 * refuses. The folders are built here from small files; tests/peer/test_firmware.py uses Debian's.
 */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpu/core/boot/firmware.h"
#include "hv/dom0/firmware.h"
#include "tests/unit/boot_build.h"

static char root[64];

static void path_of(char *path, const char *name)
{
	assert_int_equal(xvgpu_print(path, XVGPU_PATH_MAX, "%s/%s", root, name), 0);
}

static void put_file(const char *name, const void *data, size_t size)
{
	char path[XVGPU_PATH_MAX];
	FILE *f;

	path_of(path, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(fwrite(data, 1, size, f), size);
	assert_int_equal(fclose(f), 0);
}

static void run(const char *command)
{
	char line[2 * XVGPU_PATH_MAX];

	assert_int_equal(xvgpu_print(line, sizeof(line), "cd %s && %s", root, command), 0);
	assert_int_equal(system(line), 0); /* NOLINT(bugprone-command-processor): our own text */
}

/* nvidia/ga102/gsp with one version, as nouveau has it. */
static int build(void **state)
{
	static uint8_t elf[ELF_SIZE], booter[BOOTER_SIZE], loader[LOADER_SIZE];

	(void)state;
	strcpy(root, "/tmp/xvgpu-firmware-XXXXXX");
	assert_non_null(mkdtemp(root));
	run("mkdir -p nvidia/ga102/gsp nvidia/acr plain");
	build_elf(elf);
	build_booter(booter);
	build_bootloader(loader);
	put_file("nvidia/ga102/gsp/gsp-1.2.345.bin", elf, sizeof(elf));
	put_file("nvidia/ga102/gsp/booter_load-1.2.345.bin", booter, sizeof(booter));
	put_file("nvidia/ga102/gsp/booter_unload-1.2.345.bin", booter, sizeof(booter));
	put_file("nvidia/ga102/gsp/bootloader-1.2.345.bin", loader, sizeof(loader));
	return 0;
}

static int end(void **state)
{
	(void)state;
	run("rm -rf nvidia plain src *.abi");
	return rmdir(root);
}

static struct xvgpu_bytes archive;

/* Packs up to two folders; the exit is 0 or an error with *err. */
static int pack(const char *one, const char *two, const char *version, const char *chip,
		const char *abi, struct xvgpu_err *err)
{
	char path[3][XVGPU_PATH_MAX];
	const char *dirs[2] = {path[0], path[1]};
	struct xvgpu_firmware_want want = {dirs, two ? 2 : 1, version, chip, abi ? path[2] : NULL};
	struct xvgpu_firmware fw;
	int rc;

	path_of(path[0], one);
	path_of(path[1], two ? two : "");
	path_of(path[2], abi ? abi : "");
	free(archive.data);
	archive = (struct xvgpu_bytes){NULL, 0};
	rc = xvgpu_firmware_find(&want, &fw, err);
	if (!rc)
		rc = xvgpu_firmware_build(&fw, &archive, err);
	xvgpu_firmware_free(&fw);
	return rc;
}

static void packed(int rc, const struct xvgpu_err *err)
{
	if (rc)
		fail_msg("%s", err->text);
}

static void refused(int rc, const struct xvgpu_err *err, const char *says)
{
	assert_true(rc < 0);
	assert_null(archive.data);
	if (!strstr(err->text, says))
		fail_msg("\"%s\" does not say \"%s\"", err->text, says);
}

static struct gpu_firmware *opened(void)
{
	static struct gpu_firmware fw;
	struct gpu_error why;

	if (gpu_firmware_open(&(struct gpu_blob){"a", archive.data, archive.size}, &fw, &why))
		fail_msg("%s", why.text);
	return &fw;
}

static void test_split_files(void **state)
{
	struct xvgpu_err err;
	uint8_t *first;
	size_t size;

	(void)state;
	packed(pack("nvidia/ga102/gsp", NULL, NULL, NULL, NULL, &err), &err);
	assert_string_equal(opened()->archive.version, "1.2.345");
	assert_string_equal(opened()->archive.chip, "ga102");
	assert_int_equal(opened()->archive.entries, 4);
	/* Gaps are zero. */
	for (size_t i = GPU_ARCHIVE_HEADER + 4 * GPU_ARCHIVE_ENTRY;
	     i < (size_t)(opened()->archive.entry[0].contents.data - archive.data); i++)
		assert_int_equal(archive.data[i], 0);
	/* Once more gives the same bytes. */
	first = archive.data;
	size = archive.size;
	archive.data = NULL;
	packed(pack("nvidia/ga102/gsp", NULL, NULL, NULL, NULL, &err), &err);
	assert_int_equal(archive.size, size);
	assert_memory_equal(archive.data, first, size);
	free(first);
}

static void test_links_and_packings(void **state)
{
	struct xvgpu_err err;

	(void)state;
	/* As distributions have it: another chip's folder is a link, files are packed. */
	run("mkdir nvidia/ga104 && ln -s ../ga102/gsp nvidia/ga104/gsp && cd nvidia/ga102/gsp && "
	    "xz booter_load* && zstd -q --rm booter_unload* && xz gsp-*");
	packed(pack("nvidia/ga104/gsp", NULL, NULL, NULL, NULL, &err), &err);
	assert_string_equal(opened()->archive.chip, "ga102");
	run("printf x > nvidia/ga102/gsp/gsp-1.2.345.bin.xz");
	refused(pack("nvidia/ga104/gsp", NULL, NULL, NULL, NULL, &err), &err,
		"gsp-1.2.345.bin.xz: xz cannot unpack it");
}

static void test_choices(void **state)
{
	struct xvgpu_err err;

	(void)state;
	refused(pack("plain", NULL, NULL, NULL, NULL, &err), &err,
		"no folder is called CHIP/gsp: say which with --chip");
	refused(pack("plain", NULL, NULL, "gk104", NULL, &err), &err, "--chip gk104: not tu102");
	refused(pack("plain", NULL, NULL, "ga102", NULL, &err), &err,
		"no gsp-VERSION.bin and no gsp_ga10x.bin in");
	refused(pack("nothing", NULL, NULL, "ga102", NULL, &err), &err, "No such file");
	refused(pack("nothing", NULL, NULL, NULL, NULL, &err), &err, "No such file");
	refused(pack("nvidia/ga102/gsp", NULL, "1.2-3", NULL, NULL, &err), &err,
		"--version 1.2-3: not digits and dots");
	refused(pack("nvidia/ga102/gsp", NULL, "9.9", NULL, NULL, &err), &err,
		"no booter_load-9.9.bin and no source tree of this version in");
	run("cp nvidia/ga102/gsp/gsp-1.2.345.bin nvidia/ga102/gsp/gsp-9.9.bin");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, NULL, &err), &err,
		": choose with --version");
	packed(pack("nvidia/ga102/gsp", NULL, "1.2.345", NULL, NULL, &err), &err);
	run("mkdir -p nvidia/ad102/gsp");
	refused(pack("nvidia/ga102/gsp", "nvidia/ad102/gsp", NULL, NULL, NULL, &err), &err,
		"files for ga102 and ad102: choose with --chip");
	/* The image has no signature for it. */
	refused(pack("nvidia/ga102/gsp", "nvidia/ad102/gsp", "1.2.345", "ad102", NULL, &err), &err,
		"gsp: no section .fwsignature_ad10x");
	for (int i = 0; i < 9; i++)
		run("touch nvidia/ga102/gsp/gsp-$(ls nvidia/ga102/gsp | wc -l).bin");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, NULL, &err), &err,
		"more than 8 versions");
}

static void test_missing_and_broken(void **state)
{
	struct xvgpu_err err;

	(void)state;
	run("mv nvidia/ga102/gsp/bootloader-1.2.345.bin plain");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, NULL, &err), &err,
		"no bootloader-1.2.345.bin and no source tree of this version in");
	/* A second folder has it. */
	packed(pack("nvidia/ga102/gsp", "plain", NULL, NULL, NULL, &err), &err);
	run("printf junk > plain/bootloader-1.2.345.bin");
	refused(pack("nvidia/ga102/gsp", "plain", NULL, NULL, NULL, &err), &err,
		"bootloader: file header: 0x18 bytes at 0x0 end outside 0x4");
	run("rm nvidia/ga102/gsp/gsp-*");
	refused(pack("nvidia/ga102/gsp", "plain", "1.2.345", NULL, NULL, &err), &err, "no gsp-1.2");
	run("printf junk > nvidia/ga102/gsp/gsp-1.2.345.bin");
	refused(pack("nvidia/ga102/gsp", "plain", NULL, NULL, NULL, &err), &err,
		"gsp-1.2.345.bin: ELF header");
}

static void test_vendor_image(void **state)
{
	struct xvgpu_err err;

	(void)state;
	run("mv nvidia/ga102/gsp/gsp-1.2.345.bin plain/gsp_ga10x.bin");
	packed(pack("plain", "nvidia/ga102/gsp", NULL, NULL, NULL, &err), &err);
	assert_string_equal(opened()->gsp.version, "1.2.345");
	refused(pack("plain", "nvidia/ga102/gsp", "9.9", NULL, NULL, &err), &err,
		"no booter_load-9.9.bin");
	run("cd nvidia/ga102/gsp; for f in *-1.2.345.bin; do cp $f ${f%%-*}-9.9.bin; done");
	refused(pack("plain", "nvidia/ga102/gsp", "9.9", NULL, NULL, &err), &err, "no gsp-9.9.bin");
	run("printf junk > plain/gsp_ga10x.bin");
	refused(pack("plain", "nvidia/ga102/gsp", NULL, NULL, NULL, &err), &err,
		"gsp_ga10x.bin: ELF header");
}

#define ABI                                                                                        \
	"abi 1\nversion 1.2.345\ntransport shared-queue\nboot sec2\nfile sec2 gsp\n"               \
	"step sec2 place_wpr\nend\n"

static void test_abi_pack(void **state)
{
	struct xvgpu_err err;

	(void)state;
	put_file("1.2.345.abi", ABI, sizeof(ABI) - 1);
	packed(pack("nvidia/ga102/gsp", "", NULL, NULL, NULL, &err), &err);
	assert_memory_equal(opened()->abi.data, ABI, sizeof(ABI) - 1);
	run("mv 1.2.345.abi x.abi");
	packed(pack("nvidia/ga102/gsp", NULL, NULL, NULL, "x.abi", &err), &err);
	assert_int_equal(opened()->abi.size, sizeof(ABI) - 1);
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, "y.abi", &err), &err, "y.abi: No such");
	run("sed -i 's/sec2 gsp/sec2 fmc/' x.abi");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, "x.abi", &err), &err,
		"ABI pack asks for a file fmc: not found");
	run("sed -i 's/sec2/fsp/' x.abi");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, "x.abi", &err), &err,
		"ABI pack has no recipe for ga102");
	run("sed -i 's/1.2.345/1.2.346/' x.abi");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, "x.abi", &err), &err,
		"ABI pack is for 1.2.346, the firmware is 1.2.345");
	run("sed -i 's/transport/transporter/' x.abi");
	refused(pack("nvidia/ga102/gsp", NULL, NULL, NULL, "x.abi", &err), &err,
		"ABI pack: line 3: unknown line transporter");
}

/* Turing takes the loader of FWSEC from its own file, or from ACR's. */
static void test_falcon_loader(void **state)
{
	uint8_t loader[FALCON_SIZE];
	struct xvgpu_err err;

	(void)state;
	build_falcon_loader(loader);
	run("mkdir -p nvidia/tu102/gsp nvidia/tu102/acr && cp nvidia/ga102/gsp/* nvidia/tu102/gsp "
	    "&& sed -i s/_ga10x/_tu10x/ nvidia/tu102/gsp/gsp-*");
	packed(pack("nvidia/tu102/gsp", NULL, NULL, NULL, NULL, &err), &err);
	assert_false(opened()->has_falcon_loader);
	put_file("nvidia/tu102/acr/bl.bin", loader, sizeof(loader));
	packed(pack("nvidia/tu102/gsp", NULL, NULL, NULL, NULL, &err), &err);
	assert_true(opened()->has_falcon_loader);
	packed(pack("nvidia/ga102/gsp", "nvidia/tu102", NULL, NULL, NULL, &err), &err);
	assert_false(opened()->has_falcon_loader); /* not Turing */
	loader[BIN_HEADER] = 0xfe;
	put_file("nvidia/tu102/gsp/gen_bootloader-1.2.345.bin", loader, sizeof(loader));
	packed(pack("nvidia/tu102/gsp", NULL, NULL, NULL, NULL, &err), &err);
	assert_int_equal(opened()->falcon_loader.start_tag, 0xfe);
}

/* ---------------------------------------------------------------- arrays in NVIDIA's source */

#define LABEL(label) "// FUNCTION: kgspGetBinArchiveX_GA102(\"" label "\")\n"
#define PLAIN(label, size, bytes)                                                                  \
	LABEL(label)                                                                               \
	"// COMPRESSION: NO\n// DATA SIZE (bytes): " size "\nstatic NvU8 kgsp_" label              \
	"_data[] = \n{\n    " bytes "\n};\n"

/* "abcd", deflated; crc: the first byte of its checksum, 0x11. */
#define PACKED(label, size, crc)                                                                   \
	LABEL(label)                                                                               \
	"// COMPRESSION: YES\n// DATA SIZE (bytes): " size "\nx_data[] = {"                        \
	"0x4b, 0x4c, 0x4a, 0x4e, 0x01, 0x00, " crc ", 0xcd, 0x82, 0xed, 0x04, 0x00, 0x00, 0x00}\n"

static int get(const char *text, const char *label, struct xvgpu_bytes *out, struct xvgpu_err *err)
{
	size_t size = strlen(text);
	/* Without the NUL, so that AddressSanitizer sees a step too far. */
	uint8_t *copy = malloc(size ? size : 1);
	int rc;

	assert_non_null(copy);
	put_text(copy, text);
	rc = xvgpu_bindata_get("f.c", &(struct xvgpu_bytes){copy, size}, label, out, err);
	free(copy);
	return rc;
}

static void test_arrays(void **state)
{
	static const char text[] = PLAIN("one", "2", "0x01, 0xfF,")
		PLAIN("BINDATA_LABEL_TWO", "1", "0x07") PACKED("packed", "4", "0x11");
	struct xvgpu_bytes out;
	struct xvgpu_err err;

	(void)state;
	assert_int_equal(get(text, "one", &out, &err), 0);
	assert_int_equal(out.size, 2);
	assert_memory_equal(out.data, "\1\377", 2);
	free(out.data);
	assert_int_equal(get(text, "two", &out, &err), 0);
	assert_int_equal(out.data[0], 7);
	free(out.data);
	packed(get(text, "packed", &out, &err), &err);
	assert_int_equal(out.size, 4);
	assert_memory_equal(out.data, "abcd", 4);
	free(out.data);
	assert_int_equal(get(text, "three", &out, &err), -ENOENT);
	assert_string_equal(err.text, "f.c: three: not there");
}

static void test_wrong_arrays(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{"", "f.c: a: not there"},
		{"// FUNCTION: x(\"", "not there"},
		{LABEL("a"), "f.c: a: no array"},
		{LABEL("a") "x_data[] =", "f.c: a: no size"},
		{LABEL("a") "// DATA SIZE (bytes): x_data[] =", "size  is not 1 to"},
		{LABEL("a") "// DATA SIZE (bytes): 9999999\nx_data[] =", "size 9999999 is not"},
		{LABEL("a") "// DATA SIZE (bytes): 1\nx_data[] =", "f.c: a: no array"},
		{LABEL("a") "// DATA SIZE (bytes): 1\nx_data[] = {", "ends after 0 bytes"},
		{PLAIN("a", "1", "0x100"), "byte 0 is no byte"},
		{PLAIN("a", "1", "0x"), "byte 0 is no byte"},
		{PLAIN("a", "1", "0x1, 7"), "ends after 1 bytes without a }"},
		{PLAIN("a", "2", "0x1"), "f.c: a: 1 bytes, not 2"},
		{LABEL("a") "// COMPRESSION: YES\n// DATA SIZE (bytes): 4\nx_data[] = {0x00}",
		 "does not unpack to 4 bytes"},
		{PACKED("a", "4", "0x12"), "does not unpack to 4 bytes"},
		{PACKED("a", "3", "0x11"), "does not unpack to 3 bytes"},
		{PACKED("a", "5", "0x11"), "does not unpack to 5 bytes"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct xvgpu_bytes out;
		struct xvgpu_err err;

		assert_true(get(cases[i].text, "a", &out, &err) < 0);
		assert_null(out.data);
		if (!strstr(err.text, cases[i].says))
			fail_msg("%zu: \"%s\" does not say \"%s\"", i, err.text, cases[i].says);
	}
}

/* What is left of a description of the falcon loader in NVIDIA's source. */
static void test_falcon_loader_of_source(void **state)
{
#define DESC(words) LABEL("ucode_desc") "static const X x_ucode_desc_data = {" words "};\n"
#define IMAGE	    PLAIN("ucode_image", "2", "0x01, 0x02")
	static const struct {
		const char *text, *says;
	} wrong[] = {
		{IMAGE, "ucode_desc: not there"},
		{DESC("0xfd, 0, { 0, 0x200, 0x200, 0x100 }"), "ucode_image: not there"},
		{LABEL("ucode_desc") IMAGE, "ucode_desc: no structure"},
		{DESC("0xfd, 0, { 0, 0x200, 0x200, }") IMAGE, "word 5 is no number"},
		{DESC("0xfg, 0, { 0, 0x200, 0x200, 1 }") IMAGE, "word 0 is no number"},
		{DESC("1, 0x100000000, { 0, 0x200, 0x200, 1 }") IMAGE, "word 1 is no number"},
		{DESC("1, 2, x, { 0, 0x200, 0x200, 1 }") IMAGE, "word 2 is no number"},
		{DESC("1, 2, 3, 4, 5, 99999999999999") IMAGE, "word 5 is no number"},
		{LABEL("ucode_desc") "x_data = {1, 2", "word 2 is no number"},
	};
	static const char file[] =
		"src/nvidia/generated/g_bindata_ksec2GetBinArchiveBlUcode_TU102.c";
	static const char good[] =
		DESC("\n    0xfd, \n    1, \n    {\n 0x2, 0x200, 4, 0x100  \n}") IMAGE;
	static const uint32_t words[] = {0x10de, 1, 0x100, 24, 48, 2, 0xfd, 1, 2, 0x200, 4, 0x100};
	char path[XVGPU_PATH_MAX];
	struct xvgpu_bytes out = {NULL, 0};
	struct xvgpu_err err;

	(void)state;
	path_of(path, ".");
	run("mkdir -p src/nvidia/generated");
	for (unsigned int i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		put_file(file, wrong[i].text, strlen(wrong[i].text));
		assert_int_not_equal(xvgpu_source_part(path, gpu_family_find("ga100"),
						       "falcon_loader", &out, &err),
				     0);
		if (!strstr(err.text, wrong[i].says) || out.data)
			fail_msg("\"%s\" does not say \"%s\"", err.text, wrong[i].says);
	}
	put_file(file, good, strlen(good));
	assert_int_equal(
		xvgpu_source_part(path, gpu_family_find("tu116"), "falcon_loader", &out, &err), 0);
	assert_int_equal(out.size, 50);
	for (unsigned int i = 0; i < 12; i++)
		assert_int_equal(gpu_le32(out.data + (size_t)4 * i), words[i]);
	assert_memory_equal(out.data + 48, "\1\2", 2);
	free(out.data);
}

static void test_source_tree(void **state)
{
	char path[XVGPU_PATH_MAX], version[GPU_FIRMWARE_VERSION_MAX + 1];
	struct xvgpu_err err;

	(void)state;
	path_of(path, ".");
	assert_int_equal(xvgpu_source_version(path, version, &err), -ENOENT);
	run("mkdir -p src/common/inc src/nvidia/generated && "
	    "echo '#define NV_VERSION_STRING \"1.2.345\"' > src/common/inc/nvUnixVersion.h");
	assert_int_equal(xvgpu_source_version(path, version, &err), 0);
	assert_string_equal(version, "1.2.345");
	/* It is of the right version, so what it lacks is an error. */
	run("rm nvidia/ga102/gsp/boot*");
	refused(pack("nvidia/ga102/gsp", "", NULL, NULL, NULL, &err), &err,
		"g_bindata_kgspGetBinArchiveBooterLoadUcode_GA102.c: No such file");
	put_file("src/nvidia/generated/g_bindata_kgspGetBinArchiveBooterLoadUcode_GA102.c",
		 PLAIN("image_prod", "1", "0x1") PLAIN("sig_prod", "1", "0x1")
			 PLAIN("patch_loc", "1", "0x1"),
		 strlen(PLAIN("image_prod", "1", "0x1") PLAIN("sig_prod", "1", "0x1")
				PLAIN("patch_loc", "1", "0x1")));
	refused(pack("nvidia/ga102/gsp", "", NULL, NULL, NULL, &err), &err,
		"patch_loc: 1 bytes, not 4");
	/* Of another version it is no source for these files. */
	run("sed -i s/345/346/ src/common/inc/nvUnixVersion.h");
	refused(pack("nvidia/ga102/gsp", "", NULL, NULL, NULL, &err), &err,
		"no booter_load-1.2.345.bin and no source tree of this version");
	run("echo nothing > src/common/inc/nvUnixVersion.h");
	refused(pack("nvidia/ga102/gsp", "", NULL, NULL, NULL, &err), &err,
		"no NV_VERSION_STRING of digits and dots");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, build, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_split_files),
		TEST(test_links_and_packings),
		TEST(test_choices),
		TEST(test_missing_and_broken),
		TEST(test_vendor_image),
		TEST(test_abi_pack),
		TEST(test_falcon_loader),
		cmocka_unit_test(test_arrays),
		cmocka_unit_test(test_wrong_arrays),
		TEST(test_falcon_loader_of_source),
		TEST(test_source_tree),
	};
	int rc = cmocka_run_group_tests(tests, NULL, NULL);

	free(archive.data);
	return rc;
}
