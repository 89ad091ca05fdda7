/* SPDX-License-Identifier: MIT */
/*
 * vbios.c - finds the images of a ROM, BIT, and the programs BIT leads to (see vbios.h).
 */
#include <errno.h>
#include <stdbool.h>

#include "gpu/core/boot/vbios.h"

/* Data for the GPU's own start, in front of the images ("NVGI"). */
#define IFR_MAGIC	   0x4947564eu
#define IFR_SIZE	   0x0cu
#define IFR_VERSION(w1)	   ((w1) >> 8 & 0xff)
#define IFR_FIXED_SIZE(w1) ((w1) >> 16 & 0x7fff)
#define IFR_TOTAL_SIZE(w2) ((w2)&0xfffff)
#define IFR_DIRECTORY	   4096u       /* behind the flash status */
#define RFRD_MAGIC	   0x44524652u /* "RFRD", the ROM directory */

/* PCI expansion ROM header: its signatures, and where the PCI data structure is. */
#define ROM_PCIR 0x18u
#define ROM_SIZE 0x1au

/* PCI data structure. Lengths are in blocks of 512 bytes. */
#define PCIR_LENGTH	  0x0au
#define PCIR_IMAGE_LENGTH 0x10u
#define PCIR_CODE_TYPE	  0x14u
#define PCIR_INDICATOR	  0x15u
#define PCIR_SIZE	  0x18u
#define BLOCK		  512u
#define LAST_IMAGE	  0x80u

/* NVIDIA's extension of it, at the next multiple of 16, wins over the standard's fields. */
#define NPDE_MAGIC	  0x4544504eu
#define NPDE_REVISION	  0x04u
#define NPDE_LENGTH	  0x06u
#define NPDE_IMAGE_LENGTH 0x08u
#define NPDE_INDICATOR	  0x0au
#define NPDE_SIZE	  0x0cu

#define TYPE_BASE 0x00u
#define TYPE_NBSI 0x70u
#define TYPE_EXT  0xe0u

#define IMAGES_MAX 32u

/* BIT header and tokens. */
#define BIT_ID		 0xb8ffu
#define BIT_SIGNATURE	 0x00544942u /* "BIT" */
#define BIT_HEADER_SIZE	 0x08u
#define BIT_TOKEN_SIZE	 0x09u
#define BIT_TOKEN_COUNT	 0x0au
#define BIT_SIZE	 0x0cu
#define TOKEN_ID	 0x00u
#define TOKEN_VERSION	 0x01u
#define TOKEN_DATA_SIZE	 0x02u
#define TOKEN_POINTER	 0x04u
#define TOKEN_MIN	 6u /* with a 16-bit pointer */
#define TOKEN_WIDE	 8u /* with a 32-bit one */
#define TOKEN_FALCON	 0x70u
#define TOKEN_FALCON_V2	 2u
#define TABLE_HEADER	 6u /* version, sizes of header and entry, number of entries, ... */
#define TABLE_VERSION	 1u
#define TABLE_ENTRY	 6u /* application, target, pointer to the descriptor */
#define DESC_HAS_VERSION 1u

struct image {
	uint32_t size; /* bytes */
	uint8_t type;
	bool last;
};

static bool rom_signature(uint16_t s)
{
	return s == 0xaa55 || s == 0xbb77 || s == 0x4e56;
}

static bool pcir_signature(uint32_t s)
{
	/* PCIR, NPDS, RGIS */
	return s == 0x52494350 || s == 0x5344504e || s == 0x53494752;
}

/* Where the first image begins: 0 unless there is IFR data. */
static int skip_ifr(const struct gpu_blob *rom, uint32_t *first, struct gpu_error *err)
{
	struct gpu_blob part;
	uint64_t at;
	uint32_t w1, w2;
	int ret = gpu_blob_part(rom, 0, IFR_SIZE, "ROM header", &part, err);

	if (ret)
		return ret;
	*first = 0;
	if (rom_signature(gpu_le16(part.data)))
		return 0;
	if (gpu_le32(part.data) != IFR_MAGIC)
		return gpu_blob_fail(rom, err, "ROM begins with 0x%08x", gpu_le32(part.data));
	w1 = gpu_le32(part.data + 4);
	w2 = gpu_le32(part.data + 8);
	switch (IFR_VERSION(w1)) {
	case 1:
	case 2:
		at = (uint64_t)IFR_FIXED_SIZE(w1) + 4;
		break;
	case 3:
		ret = gpu_blob_part(rom, IFR_TOTAL_SIZE(w2), 4, "flash status", &part, err);
		if (ret)
			return ret;
		at = (uint64_t)gpu_le32(part.data) + IFR_DIRECTORY;
		ret = gpu_blob_part(rom, at, 4, "ROM directory", &part, err);
		if (ret)
			return ret;
		if (gpu_le32(part.data) != RFRD_MAGIC)
			return gpu_blob_fail(rom, err, "ROM directory at 0x%llx begins with 0x%08x",
					     (unsigned long long)at, gpu_le32(part.data));
		at += 8;
		break;
	default:
		return gpu_blob_fail(rom, err, "IFR version %u", (unsigned int)IFR_VERSION(w1));
	}
	ret = gpu_blob_part(rom, at, 4, "offset of the images", &part, err);
	if (ret)
		return ret;
	*first = gpu_le32(part.data);
	if (*first % 4)
		return gpu_blob_fail(rom, err, "images at 0x%x, no multiple of 4", *first);
	return 0;
}

static int read_image(const struct gpu_blob *rom, uint64_t at, struct image *image,
		      struct gpu_error *err)
{
	struct gpu_blob head, pcir, npde;
	struct gpu_error unused;
	uint64_t pcir_at;
	int ret = gpu_blob_part(rom, at, ROM_SIZE, "image header", &head, err);

	if (ret)
		return ret;
	if (!rom_signature(gpu_le16(head.data)))
		return gpu_blob_fail(rom, err, "image at 0x%llx begins with 0x%04x",
				     (unsigned long long)at, gpu_le16(head.data));
	pcir_at = at + gpu_le16(head.data + ROM_PCIR);
	ret = gpu_blob_part(rom, pcir_at, PCIR_SIZE, "PCI data structure", &pcir, err);
	if (ret)
		return ret;
	if (!pcir_signature(gpu_le32(pcir.data)))
		return gpu_blob_fail(rom, err, "PCI data structure at 0x%llx begins with 0x%08x",
				     (unsigned long long)pcir_at, gpu_le32(pcir.data));
	image->size = gpu_le16(pcir.data + PCIR_IMAGE_LENGTH) * BLOCK;
	image->type = pcir.data[PCIR_CODE_TYPE];
	image->last = pcir.data[PCIR_INDICATOR] & LAST_IMAGE || image->type == TYPE_NBSI;
	pcir_at = (pcir_at + gpu_le16(pcir.data + PCIR_LENGTH) + 15) & ~15ull;
	if (image->type != TYPE_NBSI &&
	    !gpu_blob_part(rom, pcir_at, NPDE_SIZE, "", &npde, &unused) &&
	    gpu_le32(npde.data) == NPDE_MAGIC &&
	    (gpu_le16(npde.data + NPDE_REVISION) | 1) == 0x101) {
		uint32_t size = gpu_le16(npde.data + NPDE_IMAGE_LENGTH) * BLOCK;

		if (gpu_le16(npde.data + NPDE_LENGTH) > NPDE_INDICATOR)
			image->last = npde.data[NPDE_INDICATOR] & LAST_IMAGE;
		else if (size < image->size)
			image->last = false;
		image->size = size;
	}
	if (!image->size)
		return gpu_blob_fail(rom, err, "image at 0x%llx has no size",
				     (unsigned long long)at);
	return 0;
}

/* Walks the chain; the ROM then is what the chain covers. */
static int find_images(const struct gpu_blob *rom, struct gpu_vbios *v, struct gpu_error *err)
{
	uint32_t ext = 0;
	uint64_t at = 0;
	struct image image = {0, 0, false};
	bool base = false;

	for (v->images = 0; !image.last; v->images++) {
		int ret;

		if (v->images == IMAGES_MAX)
			return gpu_blob_fail(rom, err, "more than %u images", IMAGES_MAX);
		ret = read_image(rom, at, &image, err);
		if (ret)
			return ret;
		if (image.type == TYPE_BASE && !base) {
			base = true;
			v->base_size = image.size;
			if (at)
				return gpu_blob_fail(rom, err,
						     "base image at 0x%llx is not the first",
						     (unsigned long long)at);
		}
		if (image.type == TYPE_EXT && !ext)
			ext = (uint32_t)at;
		at += image.size;
	}
	if (!base)
		return gpu_blob_fail(rom, err, "no base image among %u", v->images);
	/* Without an extension image, pointers are what they say. */
	v->expansion = ext ? ext - v->base_size : 0;
	return gpu_blob_part(rom, 0, at, "images", &v->rom, err);
}

static int find_bit(struct gpu_vbios *v, struct gpu_error *err)
{
	const uint8_t *rom = v->rom.data;
	uint32_t at = 0;

	for (;; at++) {
		uint8_t sum = 0;

		if (at + BIT_SIZE > v->base_size)
			return gpu_blob_fail(&v->rom, err, "no BIT in the base image, 0x%x bytes",
					     v->base_size);
		if (gpu_le16(rom + at) != BIT_ID || gpu_le32(rom + at + 2) != BIT_SIGNATURE ||
		    rom[at + BIT_HEADER_SIZE] < BIT_SIZE ||
		    at + rom[at + BIT_HEADER_SIZE] > v->base_size)
			continue;
		for (unsigned int i = 0; i < rom[at + BIT_HEADER_SIZE]; i++)
			sum = (uint8_t)(sum + rom[at + i]);
		if (!sum)
			break;
	}
	v->bit = at;
	v->token_size = rom[at + BIT_TOKEN_SIZE];
	if (v->token_size < TOKEN_MIN)
		return gpu_blob_fail(&v->rom, err, "BIT tokens of %u bytes", v->token_size);
	return gpu_blob_part(&v->rom, at + rom[at + BIT_HEADER_SIZE],
			     (uint64_t)rom[at + BIT_TOKEN_COUNT] * v->token_size, "BIT tokens",
			     &v->tokens, err);
}

int gpu_vbios_open(const struct gpu_blob *rom, struct gpu_vbios *out, struct gpu_error *err)
{
	struct gpu_blob images;
	uint32_t first;
	int ret;

	if (rom->size > GPU_VBIOS_SIZE_MAX)
		return gpu_blob_fail(rom, err, "0x%llx bytes, more than 0x%x",
				     (unsigned long long)rom->size, GPU_VBIOS_SIZE_MAX);
	ret = skip_ifr(rom, &first, err);
	if (!ret)
		ret = gpu_blob_part(rom, first, rom->size - (first < rom->size ? first : 0),
				    "images", &images, err);
	if (!ret)
		ret = find_images(&images, out, err);
	return ret ? ret : find_bit(out, err);
}

/* What a pointer of the tables means: `size` bytes there. */
static int follow(const struct gpu_vbios *v, uint32_t pointer, uint64_t size, const char *what,
		  struct gpu_blob *out, struct gpu_error *err)
{
	uint64_t at = pointer;

	if (pointer >= v->base_size)
		at += v->expansion;
	return gpu_blob_part(&v->rom, at, size, what, out, err);
}

static int take_desc(const struct gpu_vbios *v, uint32_t pointer, struct gpu_vbios_ucode *out,
		     struct gpu_error *err)
{
	struct gpu_blob head;
	uint32_t word;
	size_t at;
	int ret = follow(v, pointer, 4, "ucode descriptor", &head, err);

	if (ret)
		return ret;
	word = gpu_le32(head.data);
	if (!(word & DESC_HAS_VERSION))
		return gpu_blob_fail(&v->rom, err, "ucode descriptor 0x%08x has no version", word);
	out->version = (uint8_t)(word >> 8);
	ret = follow(v, pointer, word >> 16, "ucode descriptor", &out->desc, err);
	if (ret)
		return ret;
	at = (size_t)(out->desc.data - v->rom.data) + out->desc.size;
	return gpu_blob_part(&v->rom, at, v->rom.size - at, "ucode", &out->stored, err);
}

/* Looks through the table at `pointer`. 0, -ENOENT (not in it), -EINVAL. */
static int search(const struct gpu_vbios *v, uint32_t pointer, uint8_t application,
		  struct gpu_vbios_ucode *out, struct gpu_error *err)
{
	struct gpu_blob head, table;
	int ret = follow(v, pointer, TABLE_HEADER, "ucode table", &head, err);

	if (ret)
		return ret;
	if (head.data[0] != TABLE_VERSION || head.data[1] < TABLE_HEADER ||
	    head.data[2] < TABLE_ENTRY)
		return gpu_blob_fail(&v->rom, err,
				     "ucode table version %u, header %u, entries %u bytes",
				     head.data[0], head.data[1], head.data[2]);
	ret = follow(v, pointer, (uint64_t)head.data[1] + (uint64_t)head.data[2] * head.data[3],
		     "ucode table", &table, err);
	if (ret)
		return ret;
	for (unsigned int i = 0; i < head.data[3]; i++) {
		const uint8_t *entry = table.data + head.data[1] + (size_t)i * head.data[2];

		if (entry[0] == application)
			return take_desc(v, gpu_le32(entry + 2), out, err);
	}
	return -ENOENT;
}

int gpu_vbios_ucode(const struct gpu_vbios *vbios, uint8_t application, struct gpu_vbios_ucode *out,
		    struct gpu_error *err)
{
	const struct gpu_blob *tokens = &vbios->tokens;

	for (size_t at = 0; at < tokens->size; at += vbios->token_size) {
		const uint8_t *token = tokens->data + at;
		struct gpu_blob data;
		uint32_t pointer;
		int ret;

		if (token[TOKEN_ID] != TOKEN_FALCON || token[TOKEN_VERSION] != TOKEN_FALCON_V2 ||
		    gpu_le16(token + TOKEN_DATA_SIZE) < 4)
			continue;
		pointer = vbios->token_size >= TOKEN_WIDE ? gpu_le32(token + TOKEN_POINTER)
							  : gpu_le16(token + TOKEN_POINTER);
		ret = follow(vbios, pointer, 4, "falcon data", &data, err);
		if (!ret)
			ret = search(vbios, gpu_le32(data.data), application, out, err);
		if (ret != -ENOENT)
			return ret;
	}
	gpu_blob_say(&vbios->rom, err, "no program 0x%02x in the ROM", application);
	return -ENOENT;
}
