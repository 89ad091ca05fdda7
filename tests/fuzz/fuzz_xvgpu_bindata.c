/* SPDX-License-Identifier: MIT */
/*
 * fuzz_xvgpu_bindata.c - a generated file of NVIDIA's source with any content.
 *
 * COVERS: hv/dom0/firmware-bindata.c
 *
 * The whole part for a booter, a bootloader and a falcon loader is made from the text, which lies in memory behind the
 * names of a source tree: that is the way it takes in xvgpu.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hv/dom0/firmware.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static char tree[] = "/tmp/xvgpu-fuzz-XXXXXX";
static int text = -1; /* what all names lead to */

/* Every file that the three parts and the version come from is one and the same. */
static const char *const names[] = {
	"src/nvidia/generated/g_bindata_kgspGetBinArchiveBooterLoadUcode_GA102.c",
	"src/nvidia/generated/g_bindata_kgspGetBinArchiveGspRmBoot_TU102.c",
	"src/nvidia/generated/g_bindata_ksec2GetBinArchiveBlUcode_TU102.c",
	"src/common/inc/nvUnixVersion.h",
};
static const char *const folders[] = {"src", "src/nvidia", "src/nvidia/generated", "src/common",
				      "src/common/inc"};
#define NAMES	(sizeof(names) / sizeof(names[0]))
#define FOLDERS (sizeof(folders) / sizeof(folders[0]))

static void path_of(char *path, const char *name)
{
	must(!xvgpu_print(path, XVGPU_PATH_MAX, "%s/%s", tree, name));
}

static void clean(void)
{
	char path[XVGPU_PATH_MAX];

	for (unsigned int i = 0; i < NAMES; i++) {
		path_of(path, names[i]);
		unlink(path);
	}
	for (unsigned int i = FOLDERS; i--;) {
		path_of(path, folders[i]);
		rmdir(path);
	}
	rmdir(tree);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	char path[XVGPU_PATH_MAX], target[32];

	(void)argc;
	(void)argv;
	must(mkdtemp(tree) != NULL);
	for (unsigned int i = 0; i < FOLDERS; i++) {
		path_of(path, folders[i]);
		must(!mkdir(path, 0700));
	}
	text = memfd_create("text", MFD_CLOEXEC);
	must(text >= 0 && !xvgpu_print(target, sizeof(target), "/proc/self/fd/%d", text));
	for (unsigned int i = 0; i < NAMES; i++) {
		path_of(path, names[i]);
		must(!symlink(target, path));
	}
	return atexit(clean);
}

static void part(const char *name, const char *chip)
{
	struct xvgpu_bytes out = {NULL, 0};
	struct xvgpu_err err = {""};
	int rc = xvgpu_source_part(tree, gpu_family_find(chip), name, &out, &err);

	must(rc ? err.text[0] && !out.data : out.size >= 24);
	free(out.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char version[GPU_FIRMWARE_VERSION_MAX + 1];
	struct xvgpu_err err = {""};

	must(!ftruncate(text, 0) && pwrite(text, data, size, 0) == (ssize_t)size);
	part("booter_load", "ga102");
	part("bootloader", "tu116");
	part("falcon_loader", "ga100");
	if (!xvgpu_source_version(tree, version, &err))
		must(gpu_firmware_version_ok(version));
	return 0;
}
