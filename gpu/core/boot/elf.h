/* SPDX-License-Identifier: MIT */
/*
 * elf.h - sections of a 64-bit ELF file, found by their names.
 *
 * NVIDIA wraps the GSP's firmware in an ELF file, as a container only: nothing in it is loaded the way
 * ELF means it. What matters are three kinds of section, .fwimage, .fwversion and .fwsignature_*
 * (nouveau, nvkm/subdev/gsp/rm/r535/gsp.c). ELF itself: System V ABI, gABI 4.1, chapter 4.
 */
#ifndef GPU_BOOT_ELF_H
#define GPU_BOOT_ELF_H

#include "gpu/core/boot/blob.h"

/* Known files have 9 to 14 sections; the limit keeps a search short. */
#define GPU_ELF_SECTIONS_MAX 64u

struct gpu_elf {
	struct gpu_blob file;
	struct gpu_blob headers; /* of all sections, one after the other */
	struct gpu_blob names;	 /* ends with a NUL */
	unsigned int sections;
};

/*
 * Looks at a file: ELF, 64 bits, little-endian, for RISC-V, with a section table and names. 0, or
 * -EINVAL with *err. The blob is copied, its bytes are not.
 */
int gpu_elf_open(const struct gpu_blob *file, struct gpu_elf *elf, struct gpu_error *err);

/*
 * The contents of the section called `name`. 0; -ENOENT (there is none); -EINVAL (it lies outside the
 * file, its kind has no contents, or there are two): in both cases with *err.
 */
int gpu_elf_section(const struct gpu_elf *elf, const char *name, struct gpu_blob *out,
		    struct gpu_error *err);

/* Name of section i of elf->sections, or "" when it has none that lies in the name table. */
const char *gpu_elf_section_name(const struct gpu_elf *elf, unsigned int i);

#endif /* GPU_BOOT_ELF_H */
