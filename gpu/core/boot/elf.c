/* SPDX-License-Identifier: MIT */
/*
 * elf.c - finds sections by name (see elf.h).
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/boot/elf.h"

/* Elf64_Ehdr, offsets in bytes. */
#define EHDR_SIZE	64u
#define EHDR_MACHINE	0x12u
#define EHDR_SHOFF	0x28u
#define EHDR_SHENTSIZE	0x3au
#define EHDR_SHNUM	0x3cu
#define EHDR_SHSTRNDX	0x3eu
#define EHDR_MACHINE_RV 243u

/* Elf64_Shdr. */
#define SHDR_SIZE    64u
#define SHDR_NAME    0x00u
#define SHDR_TYPE    0x04u
#define SHDR_OFFSET  0x18u
#define SHDR_LENGTH  0x20u
#define SHT_PROGBITS 1u
#define SHT_STRTAB   3u

/* The first seven bytes: magic, ELFCLASS64, ELFDATA2LSB, EV_CURRENT. */
static const uint8_t ident[] = {0x7f, 'E', 'L', 'F', 2, 1, 1};

static const uint8_t *header(const struct gpu_elf *elf, unsigned int i)
{
	return elf->headers.data + (size_t)i * SHDR_SIZE;
}

static int contents(const struct gpu_elf *elf, unsigned int i, const char *what,
		    struct gpu_blob *out, struct gpu_error *err)
{
	const uint8_t *h = header(elf, i);

	return gpu_blob_part(&elf->file, gpu_le64(h + SHDR_OFFSET), gpu_le64(h + SHDR_LENGTH), what,
			     out, err);
}

int gpu_elf_open(const struct gpu_blob *file, struct gpu_elf *elf, struct gpu_error *err)
{
	struct gpu_blob ehdr;
	unsigned int names;
	int ret = gpu_blob_part(file, 0, EHDR_SIZE, "ELF header", &ehdr, err);

	if (ret)
		return ret;
	if (memcmp(ehdr.data, ident, sizeof(ident)) != 0)
		return gpu_blob_fail(file, err, "no little-endian 64-bit ELF file");
	if (gpu_le16(ehdr.data + EHDR_MACHINE) != EHDR_MACHINE_RV)
		return gpu_blob_fail(file, err, "ELF machine %u is not RISC-V",
				     gpu_le16(ehdr.data + EHDR_MACHINE));
	if (gpu_le16(ehdr.data + EHDR_SHENTSIZE) != SHDR_SIZE)
		return gpu_blob_fail(file, err, "section headers of %u bytes, not %u",
				     gpu_le16(ehdr.data + EHDR_SHENTSIZE), SHDR_SIZE);
	elf->file = *file;
	elf->sections = gpu_le16(ehdr.data + EHDR_SHNUM);
	names = gpu_le16(ehdr.data + EHDR_SHSTRNDX);
	if (elf->sections > GPU_ELF_SECTIONS_MAX || names >= elf->sections)
		return gpu_blob_fail(file, err, "%u sections (at most %u), names in section %u",
				     elf->sections, GPU_ELF_SECTIONS_MAX, names);
	ret = gpu_blob_part(file, gpu_le64(ehdr.data + EHDR_SHOFF),
			    (uint64_t)elf->sections * SHDR_SIZE, "section table", &elf->headers,
			    err);
	if (ret)
		return ret;
	if (gpu_le32(header(elf, names) + SHDR_TYPE) != SHT_STRTAB)
		return gpu_blob_fail(file, err, "section %u, type %u, holds no names", names,
				     gpu_le32(header(elf, names) + SHDR_TYPE));
	ret = contents(elf, names, "section names", &elf->names, err);
	if (ret)
		return ret;
	if (!elf->names.size || elf->names.data[elf->names.size - 1])
		return gpu_blob_fail(file, err, "section names do not end with a NUL");
	return 0;
}

const char *gpu_elf_section_name(const struct gpu_elf *elf, unsigned int i)
{
	uint32_t at = gpu_le32(header(elf, i) + SHDR_NAME);

	return at < elf->names.size ? (const char *)elf->names.data + at : "";
}

int gpu_elf_section(const struct gpu_elf *elf, const char *name, struct gpu_blob *out,
		    struct gpu_error *err)
{
	unsigned int found = elf->sections;

	for (unsigned int i = 0; i < elf->sections; i++) {
		if (strcmp(gpu_elf_section_name(elf, i), name) != 0)
			continue;
		if (found != elf->sections)
			return gpu_blob_fail(&elf->file, err, "two sections %s: %u and %u", name,
					     found, i);
		found = i;
	}
	if (found == elf->sections) {
		gpu_blob_say(&elf->file, err, "no section %s", name);
		return -ENOENT;
	}
	if (gpu_le32(header(elf, found) + SHDR_TYPE) != SHT_PROGBITS)
		return gpu_blob_fail(&elf->file, err, "section %s: type %u has no contents", name,
				     gpu_le32(header(elf, found) + SHDR_TYPE));
	return contents(elf, found, name, out, err);
}
