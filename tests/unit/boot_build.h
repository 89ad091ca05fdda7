/* SPDX-License-Identifier: MIT */
/*
 * boot_build.h - small, sound firmware files for the tests of their readers, and how to spoil them.
 *
 * Each file is built from the public description of its format, not from a vendor's file. A test then
 * changes one value at a time and expects one message.
 */
#ifndef TESTS_BOOT_BUILD_H
#define TESTS_BOOT_BUILD_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "gpu/core/boot/blob.h"

/* One value written over a sound file, and what the reader must say about it. */
struct spoil {
	uint32_t at;
	unsigned int width; /* bytes, 0: nothing is written */
	uint64_t value;
	const char *says; /* part of the message */
};

static inline void put_le(uint8_t *p, unsigned int width, uint64_t value)
{
	for (unsigned int i = 0; i < width; i++)
		p[i] = (uint8_t)(value >> 8 * i);
}

static inline void put_words(uint8_t *p, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		put_le(p + 4 * i, 4, words[i]);
}

/* Without the NUL. */
static inline void put_text(uint8_t *p, const char *text)
{
	while (*text)
		*p++ = (uint8_t)*text++;
}

static inline void expect_said(const struct gpu_error *err, const char *says)
{
	if (!strstr(err->text, says))
		fail_msg("\"%s\" does not say \"%s\"", err->text, says);
}

/*
 * Runs `read` over a fresh heap copy of the file for each spoilt value (so that AddressSanitizer sees
 * every step outside), and over the file cut off at every length below `cut`.
 */
static inline void spoil_all(const uint8_t *file, size_t size, const struct spoil *spoils, size_t n,
			     int (*read)(const struct gpu_blob *, struct gpu_error *), size_t cut)
{
	struct gpu_error err;

	for (size_t i = 0; i < n; i++) {
		uint8_t *copy = malloc(size);

		assert_non_null(copy);
		memcpy(copy, file, size);
		put_le(copy + spoils[i].at, spoils[i].width, spoils[i].value);
		if (read(&(struct gpu_blob){"f", copy, size}, &err) == 0)
			fail_msg("taken, but should say \"%s\"", spoils[i].says);
		expect_said(&err, spoils[i].says);
		free(copy);
	}
	for (size_t len = 0; len < cut; len++) {
		uint8_t *copy = malloc(len ? len : 1);

		assert_non_null(copy);
		memcpy(copy, file, len);
		if (read(&(struct gpu_blob){"f", copy, len}, &err) == 0)
			fail_msg("cut at %zu of %zu bytes: taken", len, size);
		free(copy);
	}
}

/* ---------------------------------------------------------------- GSP image */

#define ELF_IMAGE     0x40u
#define ELF_IMAGE_LEN 0x1850u /* not whole pages, as Turing's */
#define ELF_VERSION   (ELF_IMAGE + ELF_IMAGE_LEN)
#define ELF_SIGN      (ELF_VERSION + 8)
#define ELF_SIGN_LEN  0x100u
#define ELF_NAMES     (ELF_SIGN + ELF_SIGN_LEN)
#define ELF_TABLE     0x1a00u
#define ELF_SECTIONS  5u
#define ELF_SIZE      (ELF_TABLE + ELF_SECTIONS * 64)
#define ELF_SHDR(i)   (ELF_TABLE + (i)*64)

/* Sections: none, .fwimage, .fwversion (1.2.345), .fwsignature_ga10x, names. */
static inline void build_elf(uint8_t file[ELF_SIZE])
{
	static const char names[] = "\0.fwimage\0.fwversion\0.fwsignature_ga10x\0.shstrtab";
	static const struct {
		uint32_t name, type, offset, size;
	} sections[ELF_SECTIONS] = {
		{0, 0, 0, 0},
		{1, 1, ELF_IMAGE, ELF_IMAGE_LEN},
		{10, 1, ELF_VERSION, 8},
		{21, 1, ELF_SIGN, ELF_SIGN_LEN},
		{40, 3, ELF_NAMES, sizeof(names)},
	};

	memset(file, 0, ELF_SIZE);
	memcpy(file, "\177ELF\2\1\1", 7);
	put_le(file + 0x10, 2, 1);   /* relocatable */
	put_le(file + 0x12, 2, 243); /* RISC-V */
	put_le(file + 0x28, 8, ELF_TABLE);
	put_le(file + 0x3a, 2, 64);
	put_le(file + 0x3c, 2, ELF_SECTIONS);
	put_le(file + 0x3e, 2, 4);
	for (uint32_t i = 0; i < ELF_IMAGE_LEN; i++)
		file[ELF_IMAGE + i] = (uint8_t)(i * 7 + i / 256);
	memcpy(file + ELF_VERSION, "1.2.345", 8);
	memset(file + ELF_SIGN, 0x5a, ELF_SIGN_LEN);
	memcpy(file + ELF_NAMES, names, sizeof(names));
	for (unsigned int i = 0; i < ELF_SECTIONS; i++) {
		put_le(file + ELF_SHDR(i), 4, sections[i].name);
		put_le(file + ELF_SHDR(i) + 4, 4, sections[i].type);
		put_le(file + ELF_SHDR(i) + 0x18, 8, sections[i].offset);
		put_le(file + ELF_SHDR(i) + 0x20, 8, sections[i].size);
	}
}

/* ---------------------------------------------------------------- booter, bootloader, loader */

#define BIN_HEADER 24u

static inline void build_bin(uint8_t *file, uint32_t data, uint32_t size)
{
	const uint32_t words[] = {0x10de, 1, (data + size + 255) & ~255u, BIN_HEADER, data, size};

	put_words(file, words, 6);
}

#define BOOTER_SIGS 0x3cu
#define BOOTER_SIG  0x40u			   /* bytes of each of two */
#define BOOTER_META (BOOTER_SIGS + 2 * BOOTER_SIG) /* loc, first, fuse/engine/ucode, number */
#define BOOTER_LOAD (BOOTER_META + 24)
#define BOOTER_DATA 0x110u
#define BOOTER_IMG  0x500u
#define BOOTER_SIZE (BOOTER_DATA + BOOTER_IMG)

/* Image: OS code 0x100, application 0x200, data 0x200; signature at 0x310; ucode 3 on engine 1. */
static inline void build_booter(uint8_t file[BOOTER_SIZE])
{
	const uint32_t hs[] = {BOOTER_SIGS,	 2 * BOOTER_SIG,  BOOTER_META,
			       BOOTER_META + 4,	 BOOTER_META + 8, 12,
			       BOOTER_META + 20, BOOTER_LOAD,	  36};
	const uint32_t meta[] = {0x310, 0, 1, 1, 3, 2};
	const uint32_t load[] = {0, 0x100, 0x300, 0x200, 1, 0x100, 0x200, 0x100, 0};

	memset(file, 0, BOOTER_SIZE);
	build_bin(file, BOOTER_DATA, BOOTER_IMG);
	put_words(file + BIN_HEADER, hs, 9);
	memset(file + BOOTER_SIGS, 0xa1, BOOTER_SIG);
	memset(file + BOOTER_SIGS + BOOTER_SIG, 0xa0, BOOTER_SIG);
	put_words(file + BOOTER_META, meta, 6);
	put_words(file + BOOTER_LOAD, load, 9);
	for (uint32_t i = 0; i < BOOTER_IMG; i++)
		file[BOOTER_DATA + i] = (uint8_t)(i * 3);
}

#define LOADER_DATA 0x6cu
#define LOADER_IMG  0x400u
#define LOADER_SIZE (LOADER_DATA + LOADER_IMG)

/* Bootloader: manifest at 0, monitor data at 0x80, monitor code at 0x100, loader at 0x300. */
static inline void build_bootloader(uint8_t file[LOADER_SIZE])
{
	const uint32_t desc[21] = {5, 0x300, 0x80, 0x380, 0x10,	 0,	0, 0x77,
				   0, 0x80,  0x80, 0x80,  0x100, 0x180, 1};

	memset(file, 0, LOADER_SIZE);
	build_bin(file, LOADER_DATA, LOADER_IMG);
	put_words(file + BIN_HEADER, desc, 21);
	memset(file + LOADER_DATA, 0xb0, LOADER_IMG);
}

#define FALCON_DATA 0x30u
#define FALCON_SIZE (FALCON_DATA + 0x200)

/* Falcon loader: 0x180 bytes of code at 0x80 of the payload, for tag 0xfd. */
static inline void build_falcon_loader(uint8_t file[FALCON_SIZE])
{
	const uint32_t desc[] = {0xfd, 0, 0x80, 0x180, 0, 0};

	memset(file, 0xc0, FALCON_SIZE);
	build_bin(file, FALCON_DATA, 0x200);
	put_words(file + BIN_HEADER, desc, 6);
}

/* ---------------------------------------------------------------- VBIOS */

/* A chain of four images, as on GA102: base, EFI, FWSEC twice; tables and program in the last. */
#define VB_BASE	       0x000u /* 0x400 bytes */
#define VB_EFI	       0x400u /* 0x200 */
#define VB_EXT1	       0x600u /* 0x200 */
#define VB_EXT2	       0x800u /* 0x1800 */
#define VB_SIZE	       0x2000u
#define VB_SHIFT       0x200u /* what lies between base and the first image 0xe0 */
#define VB_BIT	       0x100u
#define VB_TOKENS      (VB_BIT + 12)
#define VB_FALCON      0x180u /* holds the table's pointer */
#define VB_TABLE       0x880u
#define VB_ENTRIES     (VB_TABLE + 6)
#define VB_DESC	       0x900u
#define VB_PCIR(image) ((image) + 0x20)
#define VB_NPDE(image) ((image) + 0x40)

#define VB_IMEM	     0x400u /* bytes of code */
#define VB_DMEM	     0x600u /* bytes of data behind it */
#define VB_INTERFACE 0x20u  /* in data */
#define VB_MAPPER    0x80u
#define VB_COMMAND   0x100u
#define VB_SIGN	     0x200u

static inline void build_rom_image(uint8_t *rom, uint32_t at, uint32_t size, uint8_t type,
				   bool last)
{
	uint8_t *pcir = rom + VB_PCIR(at), *npde = rom + VB_NPDE(at);

	put_le(rom + at, 2, type == 0xe0 ? 0x4e56 : 0xaa55);
	put_le(rom + at + 0x18, 2, 0x20);
	memcpy(pcir, type == 0xe0 ? "NPDS" : "PCIR", 4);
	put_le(pcir + 0x0a, 2, 0x18);
	put_le(pcir + 0x10, 2, size / 512);
	pcir[0x14] = type;
	pcir[0x15] = last ? 0x80 : 0;
	memcpy(npde, "NPDE", 4);
	put_le(npde + 4, 2, 0x101);
	put_le(npde + 6, 2, 0x0c);
	put_le(npde + 8, 2, size / 512);
	npde[0x0a] = last ? 0x80 : 0;
}

/* The data part: interface table with two entries, DMEM mapper, room for a command. */
static inline void build_fwsec_data(uint8_t *dmem)
{
	const uint32_t entries[] = {1, 0, 4, VB_MAPPER};

	memset(dmem, 0xd0, VB_DMEM);
	put_words(dmem + VB_INTERFACE, (const uint32_t[]){0x02080401}, 1);
	put_words(dmem + VB_INTERFACE + 4, entries, 4);
	memset(dmem + VB_MAPPER, 0, 0x40);
	put_le(dmem + VB_MAPPER + 8, 4, VB_COMMAND);
	put_le(dmem + VB_MAPPER + 12, 4, 64);
}

/* Descriptor version 2 or 3 at VB_DESC, its image behind it; returns where the image is. */
static inline uint32_t build_fwsec(uint8_t *rom, unsigned int version)
{
	uint8_t *d = rom + VB_DESC;
	uint32_t size = version == 2 ? 60 : 44 + 2 * 384;

	put_le(d, 4, size << 16 | version << 8 | 1);
	put_le(d + 4, 4, VB_IMEM + VB_DMEM);
	if (version == 2) {
		const uint32_t words[] = {0,	   0,	    VB_INTERFACE, 0,	   VB_IMEM,
					  0,	   0x100,   0x300,	  VB_IMEM, 0,
					  VB_DMEM, VB_IMEM, VB_DMEM};

		put_words(d + 8, words, 13);
	} else {
		const uint32_t words[] = {VB_SIGN, VB_INTERFACE, 0, VB_IMEM, 0, 0, VB_DMEM};

		put_words(d + 8, words, 7);
		put_le(d + 0x24, 2, 0x400);
		d[0x26] = 9;
		d[0x27] = 2;
		put_le(d + 0x28, 2, 0x0a); /* fuse versions 1 and 3 */
		memset(d + 44, 0x51, 384);
		memset(d + 44 + 384, 0x53, 384);
	}
	memset(d + size, 0xc0, VB_IMEM);
	build_fwsec_data(d + size + VB_IMEM);
	return VB_DESC + size;
}

static inline uint32_t build_vbios(uint8_t rom[VB_SIZE], unsigned int version)
{
	uint8_t *bit = rom + VB_BIT, sum = 0;

	memset(rom, 0, VB_SIZE);
	build_rom_image(rom, VB_BASE, 0x400, 0x00, false);
	build_rom_image(rom, VB_EFI, 0x200, 0x03, false);
	build_rom_image(rom, VB_EXT1, 0x200, 0xe0, false);
	build_rom_image(rom, VB_EXT2, VB_SIZE - VB_EXT2, 0xe0, true);
	memcpy(bit,
	       "\xff\xb8"
	       "BIT\0\0\1",
	       8);
	bit[8] = 12; /* header, tokens of 6 bytes, two of them, checksum */
	bit[9] = 6;
	bit[10] = 2;
	for (unsigned int i = 0; i < 12; i++)
		sum = (uint8_t)(sum + bit[i]);
	bit[11] = (uint8_t)-sum;
	memcpy(rom + VB_TOKENS, "B\1\4\0\x90\1", 6);
	memcpy(rom + VB_TOKENS + 6, "p\2\4\0\x80\1", 6);
	put_le(rom + VB_FALCON, 4, VB_TABLE - VB_SHIFT);
	memcpy(rom + VB_TABLE, "\1\6\6\2\0\0", 6);
	memcpy(rom + VB_ENTRIES, "\x05\x07", 2);
	memcpy(rom + VB_ENTRIES + 6, "\x85\x07", 2);
	put_le(rom + VB_ENTRIES + 8, 4, VB_DESC - VB_SHIFT);
	return build_fwsec(rom, version);
}

#endif /* TESTS_BOOT_BUILD_H */
