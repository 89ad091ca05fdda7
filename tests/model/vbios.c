/* SPDX-License-Identifier: MIT */
/*
 * The board's ROM, made from descriptions, and the window through which drivers read it.
 *
 * A ROM is a chain of images. Each starts with the two bytes that PCI expansion ROMs start with and
 * points to a PCI data structure, which says what kind it is, how long, and whether another follows;
 * NVIDIA repeats length and end mark in a structure of its own behind it (NPDE), which counts. The
 * first image holds the BIOS information table (BIT), a list of tokens that point to tables. Token
 * "p" points into the images of type 0xe0, as if they followed the first one directly: to the table
 * of falcon ucodes, whose entry 0x85 is FWSEC.
 *
 * Nothing here comes from a real ROM. The code of FWSEC is filler, because it cannot run; the
 * signatures are made here too, and only compared. What a driver has to patch is laid out as in
 * real ones. The token of the display outputs points to a table without entries: the board has no
 * connector.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "falcon_regs.h"
#include "internal.h"
#include "vbios.h"

#define BLOCK 512u /* unit of image lengths */

#define PCIR_OFFSET	    0x40u
#define PCIR_SIZE	    0x18u
#define NPDE_OFFSET	    0x60u /* behind PCIR, aligned to 16 */
#define DCB_PTR		    0x36u
#define DCB_OFFSET	    0x80u
#define BIT_OFFSET	    0x200u
#define BIT_TOKENS	    3u
#define VERSION_OFFSET	    0x280u
#define FALCON_DATA_OFFSET  0x2a0u
#define UCODE_TABLE_OFFSET  0x100u /* in the third image */
#define UCODE_APP_PRE_OS    0x01u
#define UCODE_APP_FWSEC	    0x85u
#define UCODE_TARGET_PMU    0x01u
#define UCODE_TARGET_GSP    0x07u
#define APPIF_ID_OTHER	    0x1u
#define APPIF_ID_DMEMMAPPER 0x4u

/* The upper two bytes are the chip's (94.02: GA102); the rest says that it is nobody's. */
#define VERSION_SIZE 5u

static void put(uint8_t *p, unsigned int bytes, uint64_t value)
{
	while (bytes--) {
		*p++ = (uint8_t)value;
		value >>= 8;
	}
}

/* Where a table pointer leads that counts the images as if the second were not there. */
static uint32_t table_pointer(uint32_t rom_offset)
{
	return rom_offset - VBIOS_EXT1_OFFSET + VBIOS_PCAT_SIZE;
}

static void image_header(const struct model_chip *chip, uint8_t *image, uint16_t signature,
			 const char *pcir, uint8_t type, uint32_t size, bool last)
{
	put(image, 2, signature);
	put(image + 0x02, 1, size / BLOCK);
	put(image + 0x18, 2, PCIR_OFFSET);

	image += PCIR_OFFSET;
	memcpy(image, pcir, 4);
	put(image + 0x04, 2, 0x10de);
	put(image + 0x06, 2, chip->device);
	put(image + 0x0a, 2, PCIR_SIZE);
	put(image + 0x0c, 1, 3); /* revision of the structure */
	put(image + 0x0d, 3, 0x030000);
	put(image + 0x10, 2, size / BLOCK);
	put(image + 0x14, 1, type);
	put(image + 0x15, 1, last ? 0x80 : 0);

	image += NPDE_OFFSET - PCIR_OFFSET;
	put(image, 4, 0x4544504e);    /* "NPDE" */
	put(image + 0x04, 2, 0x0101); /* revision */
	put(image + 0x06, 2, 0x0c);   /* its length */
	put(image + 0x08, 2, size / BLOCK);
	put(image + 0x0a, 1, last ? 0x80 : 0);
}

/* The byte that makes the image add up to 0. */
static void checksum(uint8_t *image, uint32_t size)
{
	uint8_t sum = 0;

	for (uint32_t i = 0; i < size - 1; i++)
		sum = (uint8_t)(sum + image[i]);
	image[size - 1] = (uint8_t)-sum;
}

static void bit_token(uint8_t **p, char id, uint8_t data_version, uint16_t size, uint16_t offset)
{
	put(*p, 1, (uint8_t)id);
	put(*p + 1, 1, data_version);
	put(*p + 2, 2, size);
	put(*p + 4, 2, offset);
	*p += 6;
}

static void pcat_image(const struct model_chip *chip, uint8_t *image)
{
	uint8_t *bit = image + BIT_OFFSET;
	uint8_t sum = 0;
	uint8_t *p;

	image_header(chip, image, 0xaa55, "PCIR", 0x00, VBIOS_PCAT_SIZE, false);

	put(image + DCB_PTR, 2, DCB_OFFSET);
	put(image + DCB_OFFSET, 1, 0x41);
	put(image + DCB_OFFSET + 1, 1, 0x1b); /* header */
	put(image + DCB_OFFSET + 2, 1, 0);    /* entries */
	put(image + DCB_OFFSET + 3, 1, 8);    /* bytes of one */
	put(image + DCB_OFFSET + 6, 4, 0x4edcbdcb);

	put(bit, 2, 0xb8ff);
	put(bit + 2, 4, 0x00544942); /* "BIT" */
	put(bit + 6, 2, 0x0100);
	put(bit + 8, 1, 12);
	put(bit + 9, 1, 6);
	put(bit + 10, 1, BIT_TOKENS);
	for (int i = 0; i < 11; i++)
		sum = (uint8_t)(sum + bit[i]);
	put(bit + 11, 1, (uint8_t)-sum);
	p = bit + 12;
	bit_token(&p, 'B', 2, VERSION_SIZE + 1, VERSION_OFFSET);
	bit_token(&p, 'i', 2, VERSION_SIZE + 1, VERSION_OFFSET);
	bit_token(&p, 'p', 2, 4, FALCON_DATA_OFFSET);

	put(image + VERSION_OFFSET + 2, 2, chip->vbios_version);
	put(image + FALCON_DATA_OFFSET, 4, table_pointer(VBIOS_EXT1_OFFSET + UCODE_TABLE_OFFSET));
	checksum(image, VBIOS_PCAT_SIZE);
}

static void ucode_entry(uint8_t *p, uint8_t application, uint8_t target, uint32_t pointer)
{
	put(p, 1, application);
	put(p + 1, 1, target);
	put(p + 2, 4, pointer);
}

static void ext1_image(const struct model_chip *chip, uint8_t *image)
{
	uint8_t *table = image + UCODE_TABLE_OFFSET;

	image_header(chip, image, 0x4e56, "NPDS", 0xe0, VBIOS_EXT1_SIZE, false);
	put(table, 1, 1);			   /* version */
	put(table + 1, 1, 6);			   /* header */
	put(table + 2, 1, 6);			   /* bytes of an entry */
	put(table + 3, 1, 2);			   /* entries */
	put(table + 4, 1, chip->boot_rom ? 3 : 2); /* version of the descriptors */
	put(table + 5, 1, chip->boot_rom ? FWSEC_DESC_SIZE : FWSEC_DESC_V2_SIZE);
	/* A driver must look for its entry: the first one is another's, and leads nowhere. */
	ucode_entry(table + 6, UCODE_APP_PRE_OS, UCODE_TARGET_PMU, 0);
	ucode_entry(table + 12, UCODE_APP_FWSEC, UCODE_TARGET_GSP,
		    table_pointer(VBIOS_EXT2_OFFSET + FWSEC_DESC_OFFSET));
}

static void fwsec_data(uint8_t *data)
{
	static const char banner[] = "xen-vgpu model: no code";
	uint8_t *mapper = data + FWSEC_MAPPER_OFFSET;
	uint8_t *appif = data + FWSEC_INTERFACE_OFFSET;

	memcpy(data, banner, sizeof(banner) - 1);
	put(appif, 1, 1);     /* version */
	put(appif + 1, 1, 4); /* header */
	put(appif + 2, 1, 8); /* bytes of an entry */
	put(appif + 3, 1, 2); /* entries */
	put(appif + 4, 4, APPIF_ID_OTHER);
	put(appif + 8, 4, 0);
	put(appif + 12, 4, APPIF_ID_DMEMMAPPER);
	put(appif + 16, 4, FWSEC_MAPPER_OFFSET);

	put(mapper + MAPPER_SIGNATURE, 4, MAPPER_SIGNATURE_DMAP);
	put(mapper + MAPPER_VERSION_SIZE, 2, 3);
	put(mapper + MAPPER_VERSION_SIZE + 2, 2, MAPPER_SIZE);
	put(mapper + MAPPER_CMD_IN_BUFFER_OFFSET, 4, FWSEC_CMD_IN_OFFSET);
	put(mapper + MAPPER_CMD_IN_BUFFER_SIZE, 4, FWSEC_CMD_IN_SIZE);
}

/* Stands for randomness that must be the same in every run: SHA-256 of a name and a counter. */
static void filler(uint8_t *out, uint32_t len, const char *name)
{
	for (uint32_t done = 0; done < len; done += 32) {
		GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
		uint8_t digest[32];
		gsize digest_len = sizeof(digest);

		g_checksum_update(sum, (const guchar *)name, -1);
		g_checksum_update(sum, (const guchar *)&done, sizeof(done));
		g_checksum_get_digest(sum, digest, &digest_len);
		g_checksum_free(sum);
		memcpy(out + done, digest, len - done < 32 ? len - done : 32);
	}
}

/* Bytes from the descriptor to the code. */
static uint32_t desc_size(const struct model_chip *chip)
{
	return chip->boot_rom ? FWSEC_DESC_SIZE + FWSEC_SIGNATURES * RSA3K_SIGNATURE_SIZE
			      : FWSEC_DESC_V2_SIZE;
}

static void fwsec_desc_v3(uint8_t *desc)
{
	static const char *const names[FWSEC_SIGNATURES] = {"FWSEC version 0", "FWSEC version 1"};

	put(desc + 4, 4, FWSEC_CODE_SIZE + FWSEC_DATA_SIZE);
	put(desc + 8, 4, FWSEC_SIGNATURE_OFFSET);
	put(desc + 12, 4, FWSEC_INTERFACE_OFFSET);
	put(desc + 16, 4, 0); /* code: physical base */
	put(desc + 20, 4, FWSEC_CODE_SIZE);
	put(desc + 24, 4, 0); /* code: virtual base */
	put(desc + 28, 4, 0); /* data: physical base */
	put(desc + 32, 4, FWSEC_DATA_SIZE);
	put(desc + 36, 2, ENGIDMASK_GSP);
	put(desc + 38, 1, FWSEC_UCODE_ID);
	put(desc + 39, 1, FWSEC_SIGNATURES);
	put(desc + 40, 2, FWSEC_SIGNATURE_BITMAP);
	for (uint32_t i = 0; i < FWSEC_SIGNATURES; i++)
		filler(desc + FWSEC_DESC_SIZE + (size_t)i * RSA3K_SIGNATURE_SIZE,
		       RSA3K_SIGNATURE_SIZE, names[i]);
}

static void fwsec_desc_v2(uint8_t *desc)
{
	put(desc + 4, 4, FWSEC_CODE_SIZE + FWSEC_DATA_SIZE);
	put(desc + 8, 4, FWSEC_CODE_SIZE + FWSEC_DATA_SIZE); /* uncompressed */
	put(desc + 12, 4, 0);				     /* virtual entry */
	put(desc + 16, 4, FWSEC_INTERFACE_OFFSET);
	put(desc + 20, 4, 0); /* code: physical base */
	put(desc + 24, 4, FWSEC_CODE_SIZE);
	put(desc + 28, 4, 0);		     /* code: virtual base */
	put(desc + 32, 4, FWSEC_PLAIN_SIZE); /* where the secure part begins, virtual */
	put(desc + 36, 4, FWSEC_CODE_SIZE - FWSEC_PLAIN_SIZE);
	put(desc + 40, 4, FWSEC_CODE_SIZE); /* where data begins in the image */
	put(desc + 44, 4, 0);		    /* data: physical base */
	put(desc + 48, 4, FWSEC_DATA_SIZE);
}

static void ext2_image(const struct model_chip *chip, uint8_t *image)
{
	uint8_t *desc = image + FWSEC_DESC_OFFSET;
	uint8_t *ucode = desc + desc_size(chip);

	image_header(chip, image, 0x4e56, "NPDS", 0xe0, VBIOS_EXT2_SIZE, true);
	/* Version, and that it is there. */
	put(desc, 4, desc_size(chip) << 16 | (chip->boot_rom ? 3u : 2u) << 8 | 1);
	if (chip->boot_rom)
		fwsec_desc_v3(desc);
	else
		fwsec_desc_v2(desc);
	filler(ucode, FWSEC_CODE_SIZE, "FWSEC code");
	fwsec_data(ucode + FWSEC_CODE_SIZE);
}

int model_vbios_create(struct model *m)
{
	uint8_t *rom;

	m->vbios = calloc(1, sizeof(*m->vbios));
	if (!m->vbios)
		return -ENOMEM;
	rom = m->vbios->rom;
	pcat_image(m->chip, rom);
	image_header(m->chip, rom + VBIOS_EFI_OFFSET, 0xaa55, "PCIR", 0x03, VBIOS_EFI_SIZE, false);
	ext1_image(m->chip, rom + VBIOS_EXT1_OFFSET);
	ext2_image(m->chip, rom + VBIOS_EXT2_OFFSET);
	return 0;
}

void model_vbios_destroy(struct model *m)
{
	free(m->vbios);
}

const uint8_t *model_vbios_fwsec(const struct model *m)
{
	return m->vbios->rom + VBIOS_EXT2_OFFSET + FWSEC_DESC_OFFSET + desc_size(m->chip);
}

const uint8_t *model_vbios_signature(const struct model *m, unsigned int v)
{
	if (v >= FWSEC_SIGNATURES || !m->chip->boot_rom)
		return NULL;
	return m->vbios->rom + VBIOS_EXT2_OFFSET + FWSEC_DESC_OFFSET + FWSEC_DESC_SIZE +
	       (size_t)v * RSA3K_SIGNATURE_SIZE;
}

bool model_vbios_read(struct model *m, uint32_t addr, uint32_t *value)
{
	uint8_t word[4] = {0xff, 0xff, 0xff, 0xff}; /* erased flash, behind the image */
	uint32_t offset = addr - NV_PROM_DATA;

	if (addr < NV_PROM_DATA || addr >= NV_PROM_DATA_END)
		return false;
	if (offset < VBIOS_SIZE)
		memcpy(word, m->vbios->rom + offset, sizeof(word));
	model_fault_apply(m, MODEL_FLIP_ROM, offset, word, sizeof(word));
	*value = model_load32(word);
	return true;
}

bool model_vbios_write(struct model *m, uint32_t addr, uint32_t value)
{
	uint32_t ignored;

	(void)value; /* the flash is not written by writing to its window */
	return model_vbios_read(m, addr, &ignored);
}
