/* SPDX-License-Identifier: MIT */
/*
 * fwcheck.c - shows one real firmware file to its reader and prints what the reader found, one
 * "name value" a line, for tests/peer/test_firmware.py to compare.
 *
 *     fwcheck gsp|booter|bootloader|falcon_loader FILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/gsp_image.h"
#include "gpu/core/boot/nvfw.h"

static void show(const char *name, uint64_t value)
{
	printf("%s %llu\n", name, (unsigned long long)value);
}

static void show_part(const char *name, const struct gpu_blob *file, const struct gpu_blob *part)
{
	printf("%s %llu %zu\n", name, (unsigned long long)(part->data - file->data), part->size);
}

static int gsp(const struct gpu_blob *file, struct gpu_error *err)
{
	static const char prefix[] = ".fwsignature_";
	struct gpu_gsp_image image;
	struct gpu_blob part;
	int ret = gpu_gsp_image_open(file, &image, err);

	if (ret)
		return ret;
	printf("version %s\n", image.version);
	show_part(".fwimage", file, &image.image);
	for (unsigned int i = 0; i < image.elf.sections; i++) {
		const char *name = gpu_elf_section_name(&image.elf, i);

		if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
			continue;
		ret = gpu_gsp_image_signature(&image, name, &part, err);
		if (ret)
			return ret;
		show_part(name, file, &part);
	}
	return 0;
}

static int booter(const struct gpu_blob *file, struct gpu_error *err)
{
	struct gpu_booter b;
	int ret = gpu_booter_parse(file, &b, err);

	if (ret)
		return ret;
	show_part("image", file, &b.image);
	show_part("signatures", file, &b.signatures);
	show("sig_count", b.sig_count);
	show("sig_offset", b.sig_offset);
	show("os_code", b.os_code.size);
	show("app", b.app.offset);
	show("app_size", b.app.size);
	show("data", b.data.offset);
	show("data_size", b.data.size);
	show("engine", b.engine_id_mask);
	show("ucode", b.ucode_id);
	for (uint32_t fuse = 0; fuse < b.sig_count; fuse++) {
		struct gpu_blob sig;

		ret = gpu_booter_signature(&b, fuse, &sig, err);
		if (ret)
			return ret;
		show_part(fuse ? "signature_newer" : "signature_0", file, &sig);
	}
	return 0;
}

static int bootloader(const struct gpu_blob *file, struct gpu_error *err)
{
	struct gpu_bootloader b;
	int ret = gpu_bootloader_parse(file, &b, err);

	if (ret)
		return ret;
	show_part("image", file, &b.image);
	show("code", b.code_offset);
	show("data", b.data_offset);
	show("manifest", b.manifest_offset);
	show("app_version", b.app_version);
	return 0;
}

static int falcon_loader(const struct gpu_blob *file, struct gpu_error *err)
{
	struct gpu_falcon_loader l;
	int ret = gpu_falcon_loader_parse(file, &l, err);

	if (ret)
		return ret;
	show_part("code", file, &l.code);
	show("tag", l.start_tag);
	return 0;
}

static const struct {
	const char *kind;
	int (*read)(const struct gpu_blob *file, struct gpu_error *err);
} kinds[] = {
	{"gsp", gsp},
	{"booter", booter},
	{"bootloader", bootloader},
	{"falcon_loader", falcon_loader},
};

/* The whole file in memory of exactly its size, so that AddressSanitizer sees a step too far. */
static uint8_t *load(const char *path, size_t *size)
{
	struct stat st;
	uint8_t *data;
	FILE *f;

	if (stat(path, &st) || st.st_size <= 0)
		return NULL;
	*size = (size_t)st.st_size;
	data = malloc(*size);
	f = data ? fopen(path, "re") : NULL;
	if (!f || fread(data, 1, *size, f) != *size) {
		free(data);
		data = NULL;
	}
	if (f)
		fclose(f);
	return data;
}

int main(int argc, char **argv)
{
	struct gpu_error err;
	size_t size;
	int ret;

	for (unsigned int i = 0; argc == 3 && i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		uint8_t *data;

		if (strcmp(kinds[i].kind, argv[1]) != 0)
			continue;
		data = load(argv[2], &size);
		if (!data) {
			perror(argv[2]);
			return 1;
		}
		ret = kinds[i].read(&(struct gpu_blob){argv[2], data, size}, &err);
		free(data);
		if (ret)
			fprintf(stderr, "%s\n", err.text);
		return ret ? 1 : 0;
	}
	fprintf(stderr, "usage: fwcheck gsp|booter|bootloader|falcon_loader FILE\n");
	return 2;
}
