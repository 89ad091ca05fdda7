/* SPDX-License-Identifier: MIT */
/*
 * boot_bed.h - a driver domain with the GPU model and a small firmware archive of our own making, for
 * tests of the boot: everything is real but the programs, which the model is told to let in unsigned.
 *
 * The test acts as the driver domain; bed_run() lets the domain's event loop run until done() came.
 */
#ifndef TESTS_BOOT_BED_H
#define TESTS_BOOT_BED_H

#include "fwq/packs.h"
#include "gpu/core/boot/boot.h"
#include "gpu/core/gpu.h"
#include "hv/hosted/hosted.h"
#include "tests/model/model.h"
#include "tests/unit/boot_build.h"

#define MIB (1ull << 20)

#define FW_IMAGE     0x205800u /* bytes: two tables of level 2, no whole page at the end */
#define FW_SIGNATURE 0x1000u

/* Where everything is in the archive. */
#define FW_GSP	     0x0fc0u /* the image begins at a page */
#define FW_GSP_IMAGE (FW_GSP + 0x40)
#define FW_GSP_TABLE (0x40 + FW_IMAGE + 0x20 + FW_SIGNATURE + 0x40)
#define FW_GSP_SIZE  (FW_GSP_TABLE + ELF_SECTIONS * 64)
#define FW_AT_LOADER ((FW_GSP + FW_GSP_SIZE + 0xfff) & ~0xfffu)
#define FW_AT_LOAD   (FW_AT_LOADER + 0x1000)
#define FW_AT_UNLOAD (FW_AT_LOAD + 0x8000)
#define FW_AT_FALCON (FW_AT_UNLOAD + 0x8000)
#define FW_SIZE	     (FW_AT_FALCON + 0x1000)

/* A board of the model, and what its files look like. */
struct boot_board {
	const char *chip; /* as the model calls it */
	const char *family;
	char signature[6];		 /* end of the section's name */
	uint32_t load_data, unload_data; /* the model tells booters apart by it, as in real files */
	uint32_t boot_signature, boot_signatures;
	bool boot_rom;
};

static const struct boot_board boot_boards[] = {
	{"ga102", "ga102", "ga10x", 0x6200, 0x4d00, 384, 2, true},
	{"ad102", "ad102", "ad10x", 0x6000, 0x4e00, 384, 2, true},
	{"ga100", "ga100", "ga100", 0x6400, 0x4f00, 384, 1, false},
	{"tu102", "tu102", "tu10x", 0x6200, 0x4d00, 16, 1, false},
	{"tu117", "tu116", "tu11x", 0x6200, 0x4d00, 16, 1, false},
};

#define BOOT_BOARDS (sizeof(boot_boards) / sizeof(boot_boards[0]))

static inline const struct boot_board *boot_board(const char *chip)
{
	unsigned int i = 0;

	while (i < BOOT_BOARDS && strcmp(boot_boards[i].chip, chip))
		i++;
	assert_true(i < BOOT_BOARDS);
	return &boot_boards[i];
}

struct boot_bed {
	struct hosted *h;
	struct model *model;
	struct hosted_pci *slot;
	hv_domid_t dom;
	struct hv_pci *pci;
	struct gpu *gpu;
	const struct fwq_pack *pack;
	uint8_t *archive; /* pages of the domain */
	struct gpu_firmware fw;
	struct gpu_boot *boot;
	struct hosted_usage idle; /* before gpu_boot_new() */
	bool over;
	int err;
};

/* Image as in nouveau's files: code 0x100 not secure, 0x200 secure, then data with the signature. */
static inline uint32_t fw_booter(uint8_t *file, const struct boot_board *board, uint32_t data_size)
{
	const uint32_t n = board->boot_signatures, sig = board->boot_signature;
	const uint32_t sigs = 0x3c, meta_at = sigs + n * sig, load_at = meta_at + 24;
	const uint32_t image = 0x400, size = 0x300 + data_size;
	const uint32_t hs[] = {sigs, n * sig,	   meta_at, meta_at + 4, meta_at + 8,
			       12,   meta_at + 20, load_at, 36};
	const uint32_t meta[] = {board->boot_rom ? 0x310 : 0x500, 0, 1, 1, 3, n};
	const uint32_t load[] = {0, 0x100, 0x300, data_size, 1, 0x100, 0x200, 0x100, 0};

	build_bin(file, image, size);
	put_words(file + BIN_HEADER, hs, 9);
	for (uint32_t i = 0; i < n; i++)
		memset(file + sigs + i * sig, (int)(0xa1 - i), sig);
	put_words(file + meta_at, meta, 6);
	put_words(file + load_at, load, 9);
	for (uint32_t i = 0; i < size; i++)
		file[image + i] = (uint8_t)(i * 3 + 1);
	return image + size;
}

static inline void fw_gsp(uint8_t *file, const struct boot_board *board, const char *version)
{
	static const char names[] = "\0.fwimage\0.fwversion\0.fwsignature_ga10x\0.shstrtab";
	const uint32_t at_family = 34; /* in the names */
	const uint32_t at_version = 0x40 + FW_IMAGE, at_sign = at_version + 0x20;
	const uint32_t sections[ELF_SECTIONS][4] = {
		{0, 0, 0, 0},
		{1, 1, 0x40, FW_IMAGE},
		{10, 1, at_version, (uint32_t)strlen(version) + 1},
		{21, 1, at_sign, FW_SIGNATURE},
		{40, 3, at_sign + FW_SIGNATURE, sizeof(names)},
	};

	memcpy(file, "\177ELF\2\1\1", 7);
	put_le(file + 0x10, 2, 1);
	put_le(file + 0x12, 2, 243);
	put_le(file + 0x28, 8, FW_GSP_TABLE);
	put_le(file + 0x3a, 2, 64);
	put_le(file + 0x3c, 2, ELF_SECTIONS);
	put_le(file + 0x3e, 2, 4);
	for (uint32_t i = 0; i < FW_IMAGE; i++)
		file[0x40 + i] = (uint8_t)(i * 7 + i / 251);
	/* The model finds out from the image which structures its firmware has. */
	memcpy(file + 0x40 + 0x1800, version, strlen(version) + 1);
	memcpy(file + at_version, version, strlen(version) + 1);
	put_le(file + at_sign, 4, 0x00020001);
	memcpy(file + at_sign + FW_SIGNATURE, names, sizeof(names));
	put_text(file + at_sign + FW_SIGNATURE + at_family, board->signature);
	for (unsigned int i = 0; i < ELF_SECTIONS; i++) {
		uint8_t *s = file + FW_GSP_TABLE + (size_t)i * 64;

		put_le(s, 4, sections[i][0]);
		put_le(s + 4, 4, sections[i][1]);
		put_le(s + 0x18, 8, sections[i][2]);
		put_le(s + 0x20, 8, sections[i][3]);
	}
}

static inline void fw_entry(uint8_t *archive, unsigned int i, const char *name, uint32_t offset,
			    uint32_t size)
{
	uint8_t *e = archive + GPU_ARCHIVE_HEADER + (size_t)i * GPU_ARCHIVE_ENTRY;

	put_text(e, name);
	put_le(e + GPU_ARCHIVE_E_OFFSET, 8, offset);
	put_le(e + GPU_ARCHIVE_E_SIZE, 8, size);
	put_le(e + GPU_ARCHIVE_E_CRC, 4, gpu_archive_crc(0, archive + offset, size));
}

/* FW_SIZE zeroed bytes at a page. */
static inline void fw_archive(uint8_t *archive, const struct boot_board *board, const char *version)
{
	const unsigned int entries = board->boot_rom ? 4 : 5;
	uint32_t table = GPU_ARCHIVE_HEADER + entries * GPU_ARCHIVE_ENTRY;

	fw_gsp(archive + FW_GSP, board, version);
	build_bootloader(archive + FW_AT_LOADER);
	fw_entry(archive, 0, "gsp", FW_GSP, FW_GSP_SIZE);
	fw_entry(archive, 1, "bootloader", FW_AT_LOADER, LOADER_SIZE);
	fw_entry(archive, 2, "booter_load", FW_AT_LOAD,
		 fw_booter(archive + FW_AT_LOAD, board, board->load_data));
	fw_entry(archive, 3, "booter_unload", FW_AT_UNLOAD,
		 fw_booter(archive + FW_AT_UNLOAD, board, board->unload_data));
	if (!board->boot_rom) {
		build_falcon_loader(archive + FW_AT_FALCON);
		fw_entry(archive, 4, "falcon_loader", FW_AT_FALCON, FALCON_SIZE);
	}
	memcpy(archive, GPU_ARCHIVE_MAGIC, 8);
	put_le(archive + GPU_ARCHIVE_H_VERSION, 4, 1);
	put_le(archive + GPU_ARCHIVE_H_ENTRIES, 4, entries);
	put_le(archive + GPU_ARCHIVE_H_SIZE, 8, FW_SIZE);
	put_text(archive + GPU_ARCHIVE_H_FIRMWARE, version);
	put_text(archive + GPU_ARCHIVE_H_CHIP, board->family);
	put_le(archive + GPU_ARCHIVE_H_CRC, 4, gpu_archive_crc(0, archive, table));
}

/* Everything up to gpu_boot_new(); the domain is entered. */
static inline struct boot_bed *boot_bed_up_on(const struct boot_board *board, const char *version)
{
	const struct model_config config = {.chip = board->chip,
					    .vram_bytes = 1024 * MIB,
					    .no_ecc = true,
					    .allow_unsigned = true};
	struct boot_bed *bed = calloc(1, sizeof(*bed));
	struct gpu_error why = {{0}};
	struct gpu_blob blob;

	assert_non_null(bed);
	bed->h = hosted_new();
	bed->slot = hosted_pci_model(bed->h, &config, &bed->model);
	assert_non_null(bed->slot);
	bed->dom = (hv_domid_t)hosted_domain_new(
		bed->h, &(struct hosted_domain_config){.name = "gpudom", .pages = 8192});
	assert_int_equal(hosted_pci_assign(bed->slot, bed->dom), 0);
	hosted_enter(bed->h, bed->dom);
	assert_int_equal(hv_pci_open(0, &bed->pci), 0);
	assert_int_equal(gpu_attach(bed->pci, &bed->gpu), 0);
	bed->archive = hv_pages_alloc(FW_SIZE / HV_PAGE_SIZE);
	assert_non_null(bed->archive);
	fw_archive(bed->archive, board, version);
	blob = (struct gpu_blob){"archive", bed->archive, FW_SIZE};
	if (gpu_firmware_open(&blob, &bed->fw, &why))
		fail_msg("%s", why.text);
	bed->pack = fwq_packs_find(version);
	assert_non_null(bed->pack);
	hosted_usage(bed->h, bed->dom, &bed->idle);
	return bed;
}

/* On an A40. */
static inline struct boot_bed *boot_bed_up(const char *version)
{
	return boot_bed_up_on(&boot_boards[0], version);
}

/* dom0 resets the function, and a new driver domain finds it: what a lost GPU needs. */
static inline void boot_bed_revive(struct boot_bed *bed)
{
	gpu_boot_free(bed->boot);
	gpu_detach(bed->gpu);
	hv_pci_close(bed->pci);
	assert_int_equal(model_fault_set(bed->model, "none"), 0);
	hosted_pci_reset(bed->slot);
	assert_int_equal(hv_pci_open(0, &bed->pci), 0);
	assert_int_equal(gpu_attach(bed->pci, &bed->gpu), 0);
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
}

/* Everything is given back but what boot_bed_up() took. */
static inline void boot_bed_down(struct boot_bed *bed)
{
	struct hosted_usage now;

	if (bed->boot)
		gpu_boot_free(bed->boot);
	hosted_usage(bed->h, bed->dom, &now);
	assert_int_equal(now.pages, bed->idle.pages);
	gpu_detach(bed->gpu);
	hv_pci_close(bed->pci);
	hosted_leave();
	assert_int_equal(hosted_iommu_refused(bed->h), 0);
	hosted_free(bed->h);
	free(bed);
}

static inline void bed_done(struct gpu_boot *b, int err, void *arg)
{
	struct boot_bed *bed = arg;

	(void)b;
	assert_false(bed->over);
	bed->over = true;
	bed->err = err;
}

static inline bool bed_is_over(void *arg)
{
	return ((struct boot_bed *)arg)->over;
}

/* Until the start or stop is over; its error. No hang: a minute of virtual time is enough for all. */
static inline int bed_wait(struct boot_bed *bed)
{
	assert_int_equal(hv_loop_until(bed_is_over, bed, 60 * HV_S), 0);
	return bed->err;
}

static inline int bed_start(struct boot_bed *bed)
{
	bed->over = false;
	assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), 0);
	return bed_wait(bed);
}

static inline int bed_stop(struct boot_bed *bed)
{
	bed->over = false;
	assert_int_equal(gpu_boot_stop(bed->boot, bed_done, bed), 0);
	return bed_wait(bed);
}

#endif /* TESTS_BOOT_BED_H */
