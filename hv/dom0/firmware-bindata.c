/* SPDX-License-Identifier: MIT */
/*
 * firmware-bindata.c - firmware that NVIDIA keeps as C arrays in its kernel module's source, turned
 * into the files that nouveau uses (see firmware.h).
 *
 * A generated file src/nvidia/generated/g_bindata_*.c holds several arrays. In front of each stands a
 * comment that tells its label, whether it is compressed, and its size. Compressed ones are gzip
 * members without the header: deflated data, CRC-32, size. How the arrays belong together shows in
 * NVIDIA's kernel_gsp_booter.c; how nouveau's files are laid out is told in gpu/core/boot/nvfw.h and
 * booter.h. The text is untrusted, as every file.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "firmware.h"

#define ARRAY_MAX (4u << 20) /* bytes of one array, unpacked; known ones are below 1 MiB */
#define LABEL_MAX 32

/* ---------------------------------------------------------------- one array of a generated file */

/* The text not looked at yet. */
struct cursor {
	const char *at, *end;
};

/* Moves behind the next `word`; false when there is none before the cursor's end. */
static bool skip_to(struct cursor *c, const char *word)
{
	const char *found = memmem(c->at, (size_t)(c->end - c->at), word, strlen(word));

	if (!found)
		return false;
	c->at = found + strlen(word);
	return true;
}

/* Is the label at the cursor, up to its quote, the one that is meant? */
static bool is_label(const struct cursor *c, const char *label)
{
	static const char newer[] = "BINDATA_LABEL_";
	const char *at = c->at;
	size_t n = strlen(label);

	if ((size_t)(c->end - at) >= sizeof(newer) && !memcmp(at, newer, sizeof(newer) - 1))
		at += sizeof(newer) - 1;
	return (size_t)(c->end - at) > n && !strncasecmp(at, label, n) && at[n] == '"';
}

/* Reads "0x12, 0x34, ... }" into `out`. */
static int read_array(struct cursor *c, const char *what, struct xvgpu_bytes *out,
		      struct xvgpu_err *err)
{
	/* The shortest byte is written 0x1 and a comma. */
	size_t room = (size_t)(c->end - c->at) / 4 + 1;

	if (room > ARRAY_MAX)
		room = ARRAY_MAX;
	out->data = malloc(room);
	if (!out->data)
		return xvgpu_fail(err, -ENOMEM, "%s: out of memory", what);
	while (c->at < c->end && *c->at != '}') {
		unsigned int value = 0, digits = 0;

		if (isspace((unsigned char)*c->at) || *c->at == ',') {
			c->at++;
			continue;
		}
		if (c->end - c->at < 3 || c->at[0] != '0' || c->at[1] != 'x')
			break;
		for (c->at += 2; c->at < c->end && digits < 3; c->at++, digits++) {
			int ch = tolower((unsigned char)*c->at);

			if (!isxdigit(ch))
				break;
			value = value * 16 + (unsigned int)(ch > '9' ? ch - 'a' + 10 : ch - '0');
		}
		if (!digits || value > 255 || out->size == room)
			return xvgpu_fail(err, -EINVAL, "%s: byte %zu is no byte", what, out->size);
		out->data[out->size++] = (uint8_t)value;
	}
	if (c->at == c->end || *c->at != '}')
		return xvgpu_fail(err, -EINVAL, "%s: the array ends after %zu bytes without a }",
				  what, out->size);
	return 0;
}

static int inflate_array(const struct xvgpu_bytes *packed, size_t size, const char *what,
			 struct xvgpu_bytes *out, struct xvgpu_err *err)
{
	z_stream z = {.next_in = packed->data, .avail_in = (uInt)packed->size};
	uint8_t crc[4];
	int rc;

	out->data = malloc(size);
	if (!out->data || inflateInit2(&z, -MAX_WBITS) != Z_OK)
		return xvgpu_fail(err, -ENOMEM, "%s: out of memory", what);
	z.next_out = out->data;
	z.avail_out = (uInt)size;
	rc = inflate(&z, Z_FINISH);
	inflateEnd(&z);
	out->size = size;
	for (unsigned int i = 0; i < 4; i++)
		crc[i] = (uint8_t)(gpu_archive_crc(0, out->data, size) >> 8 * i);
	if (rc != Z_STREAM_END || z.avail_out || z.avail_in != 8 ||
	    memcmp(z.next_in, crc, sizeof(crc)) != 0)
		return xvgpu_fail(err, -EINVAL, "%s: does not unpack to %zu bytes", what, size);
	return 0;
}

int xvgpu_bindata_get(const char *path, const struct xvgpu_bytes *text, const char *label,
		      struct xvgpu_bytes *out, struct xvgpu_err *err)
{
	struct cursor c = {(const char *)text->data, (const char *)text->data + text->size};
	struct cursor comment;
	struct xvgpu_bytes raw = {NULL, 0};
	char what[XVGPU_PATH_MAX + LABEL_MAX];
	char number[16] = "";
	size_t size;
	bool packed;
	int rc;

	*out = (struct xvgpu_bytes){NULL, 0};
	snprintf(what, sizeof(what), "%s: %s", path, label);
	do {
		if (!skip_to(&c, "// FUNCTION: ") || !skip_to(&c, "(\""))
			return xvgpu_fail(err, -ENOENT, "%s: not there", what);
	} while (!is_label(&c, label));
	comment = c;
	if (!skip_to(&c, "_data[] ="))
		return xvgpu_fail(err, -EINVAL, "%s: no array", what);
	comment.end = c.at;
	packed = skip_to(&comment, "// COMPRESSION: YES");
	if (!skip_to(&comment, "// DATA SIZE (bytes): "))
		return xvgpu_fail(err, -EINVAL, "%s: no size", what);
	for (size_t i = 0; i < sizeof(number) - 1 && isdigit((unsigned char)*comment.at); i++)
		number[i] = *comment.at++;
	size = strtoul(number, NULL, 10);
	if (!size || size > ARRAY_MAX)
		return xvgpu_fail(err, -EINVAL, "%s: size %s is not 1 to %u", what, number,
				  ARRAY_MAX);
	rc = skip_to(&c, "{") ? read_array(&c, what, &raw, err)
			      : xvgpu_fail(err, -EINVAL, "%s: no array", what);
	if (!rc && packed)
		rc = inflate_array(&raw, size, what, out, err);
	else if (!rc && raw.size != size)
		rc = xvgpu_fail(err, -EINVAL, "%s: %zu bytes, not %zu", what, raw.size, size);
	if (!rc && !packed) {
		*out = raw;
		return 0;
	}
	free(raw.data);
	if (rc) {
		free(out->data);
		*out = (struct xvgpu_bytes){NULL, 0};
	}
	return rc;
}

/* The next number of a structure's initialiser, 0x12 or 12; false: there is none, or it has more bits. */
static bool next_number(struct cursor *c, uint32_t *value)
{
	char digits[12] = "", *end;
	size_t n = 0;

	while (c->at < c->end && (isspace((unsigned char)*c->at) || *c->at == '{' || *c->at == ','))
		c->at++;
	while (c->at < c->end && n < sizeof(digits) - 1 && isalnum((unsigned char)*c->at))
		digits[n++] = *c->at++;
	*value = (uint32_t)strtoul(digits, &end, 0);
	return isdigit((unsigned char)digits[0]) && !*end && strtoul(digits, NULL, 0) <= UINT32_MAX;
}

/* A structure of `n` words, kept in the text as numbers and braces. */
static int read_words(const char *path, const struct xvgpu_bytes *text, const char *label,
		      uint32_t *words, size_t n, struct xvgpu_err *err)
{
	struct cursor c = {(const char *)text->data, (const char *)text->data + text->size};

	do {
		if (!skip_to(&c, "// FUNCTION: ") || !skip_to(&c, "(\""))
			return xvgpu_fail(err, -ENOENT, "%s: %s: not there", path, label);
	} while (!is_label(&c, label));
	if (!skip_to(&c, "_data = {"))
		return xvgpu_fail(err, -EINVAL, "%s: %s: no structure", path, label);
	for (size_t i = 0; i < n; i++)
		if (!next_number(&c, &words[i]))
			return xvgpu_fail(err, -EINVAL, "%s: %s: word %zu is no number", path,
					  label, i);
	return 0;
}

/* ---------------------------------------------------------------- nouveau's files */

#define BIN_HEADER 24u /* struct nvfw_bin_hdr */

static void put_words(uint8_t *p, const uint32_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		for (unsigned int b = 0; b < 4; b++)
			p[4 * i + b] = (uint8_t)(words[i] >> 8 * b);
}

/* Room for a file whose payload begins at `data`, with the header filled in. */
static int new_file(size_t data, const struct xvgpu_bytes *image, struct xvgpu_bytes *out,
		    struct xvgpu_err *err)
{
	const uint32_t words[] = {0x10de,
				  1,
				  (uint32_t)(data + image->size + 255) & ~255u,
				  BIN_HEADER,
				  (uint32_t)data,
				  (uint32_t)image->size};

	out->size = data + image->size;
	out->data = calloc(1, out->size);
	if (!out->data)
		return xvgpu_fail(err, -ENOMEM, "out of memory");
	put_words(out->data, words, sizeof(words) / sizeof(words[0]));
	memcpy(out->data + data, image->data, image->size);
	return 0;
}

/* The arrays of a booter, and the size each must have (0: any). */
enum booter_piece { IMAGE, SIGNATURES, PATCH_LOC, PATCH_SIG, PATCH_META, NUM_SIGS, LOAD, PIECES };
static const struct {
	const char *label;
	size_t size;
} booter_pieces[PIECES] = {
	[IMAGE] = {"image_prod", 0},	   [SIGNATURES] = {"sig_prod", 0},
	[PATCH_LOC] = {"patch_loc", 4},	   [PATCH_SIG] = {"patch_sig", 4},
	[PATCH_META] = {"patch_meta", 12}, [NUM_SIGS] = {"num_sigs", 4},
	[LOAD] = {"header_prod", 36},
};

/*
 * nvfw_hs_header_v2 (9 words) behind the file header, then what it names, in the order of
 * nouveau's files, so that the result equals them byte for byte.
 */
static int build_booter(const struct xvgpu_bytes *piece, struct xvgpu_bytes *out,
			struct xvgpu_err *err)
{
	uint32_t at[PIECES], next = BIN_HEADER + 9 * 4;
	int rc;

	for (unsigned int i = SIGNATURES; i < PIECES; i++) {
		at[i] = next;
		next += (uint32_t)piece[i].size;
	}
	rc = new_file(next, &piece[IMAGE], out, err);
	if (rc)
		return rc;
	put_words(out->data + BIN_HEADER,
		  (const uint32_t[]){at[SIGNATURES], (uint32_t)piece[SIGNATURES].size,
				     at[PATCH_LOC], at[PATCH_SIG], at[PATCH_META],
				     (uint32_t)piece[PATCH_META].size, at[NUM_SIGS], at[LOAD],
				     (uint32_t)piece[LOAD].size},
		  9);
	for (unsigned int i = SIGNATURES; i < PIECES; i++)
		memcpy(out->data + at[i], piece[i].data, piece[i].size);
	return 0;
}

static int booter(const char *path, const struct xvgpu_bytes *text, struct xvgpu_bytes *out,
		  struct xvgpu_err *err)
{
	struct xvgpu_bytes piece[PIECES] = {{NULL, 0}};
	int rc = 0;

	for (unsigned int i = 0; i < PIECES && !rc; i++) {
		rc = xvgpu_bindata_get(path, text, booter_pieces[i].label, &piece[i], err);
		if (!rc && booter_pieces[i].size && piece[i].size != booter_pieces[i].size)
			rc = xvgpu_fail(err, -EINVAL, "%s: %s: %zu bytes, not %zu", path,
					booter_pieces[i].label, piece[i].size,
					booter_pieces[i].size);
	}
	if (!rc)
		rc = build_booter(piece, out, err);
	for (unsigned int i = 0; i < PIECES; i++)
		free(piece[i].data);
	return rc;
}

static int bootloader(const char *path, const struct xvgpu_bytes *text, struct xvgpu_bytes *out,
		      struct xvgpu_err *err)
{
	struct xvgpu_bytes image = {NULL, 0}, desc = {NULL, 0};
	/* Where there is one for signed boards only, it has no suffix. */
	bool suffix = xvgpu_bindata_get(path, text, "ucode_image_prod", &image, err) != -ENOENT;
	int rc = 0;

	if (!image.data)
		rc = xvgpu_bindata_get(path, text, suffix ? "ucode_image_prod" : "ucode_image",
				       &image, err);
	if (!rc)
		rc = xvgpu_bindata_get(path, text, suffix ? "ucode_desc_prod" : "ucode_desc", &desc,
				       err);
	if (!rc)
		rc = new_file(BIN_HEADER + desc.size, &image, out, err);
	if (!rc)
		memcpy(out->data + BIN_HEADER, desc.data, desc.size);
	free(image.data);
	free(desc.data);
	return rc;
}

/* RM_FLCN_BL_DESC, 6 words, behind the file header: nouveau's gen_bootloader byte for byte. */
static int falcon_loader(const char *path, const struct xvgpu_bytes *text, struct xvgpu_bytes *out,
			 struct xvgpu_err *err)
{
	struct xvgpu_bytes image = {NULL, 0};
	uint32_t desc[6];
	int rc = read_words(path, text, "ucode_desc", desc, 6, err);

	if (!rc)
		rc = xvgpu_bindata_get(path, text, "ucode_image", &image, err);
	if (!rc)
		rc = new_file(BIN_HEADER + sizeof(desc), &image, out, err);
	if (!rc)
		put_words(out->data + BIN_HEADER, desc, 6);
	free(image.data);
	return rc;
}

int xvgpu_source_part(const char *dir, const struct gpu_family *family, const char *name,
		      struct xvgpu_bytes *out, struct xvgpu_err *err)
{
	static const struct {
		const char *name, *archive;
		const char *chip; /* whose it is for every family; NULL: each has its own */
		int (*make)(const char *path, const struct xvgpu_bytes *text,
			    struct xvgpu_bytes *out, struct xvgpu_err *err);
	} parts[] = {
		{"booter_load", "kgspGetBinArchiveBooterLoadUcode", NULL, booter},
		{"booter_unload", "kgspGetBinArchiveBooterUnloadUcode", NULL, booter},
		{"bootloader", "kgspGetBinArchiveGspRmBoot", NULL, bootloader},
		{"falcon_loader", "ksec2GetBinArchiveBlUcode", "TU102", falcon_loader},
	};
	const char *chip = family->source;
	struct xvgpu_bytes text;
	char path[XVGPU_PATH_MAX];
	unsigned int i = 0;
	int rc;

	while (i < 3 && strcmp(parts[i].name, name) != 0)
		i++;
	/* TU116 starts the same bootloader as TU102. */
	if (parts[i].make == bootloader && !strcmp(family->name, "tu116"))
		chip = "TU102";
	if (parts[i].chip)
		chip = parts[i].chip;
	rc = xvgpu_print(path, sizeof(path), "%s/src/nvidia/generated/g_bindata_%s_%s.c", dir,
			 parts[i].archive, chip);
	if (rc)
		return xvgpu_fail(err, rc, "%s: the path is too long", dir);
	rc = xvgpu_read_bytes(path, &text, err);
	if (rc)
		return rc;
	rc = parts[i].make(path, &text, out, err);
	free(text.data);
	return rc;
}

int xvgpu_source_version(const char *dir, char version[GPU_FIRMWARE_VERSION_MAX + 1],
			 struct xvgpu_err *err)
{
	struct xvgpu_bytes text;
	struct cursor c;
	char path[XVGPU_PATH_MAX];
	int rc = xvgpu_print(path, sizeof(path), "%s/src/common/inc/nvUnixVersion.h", dir);

	if (rc)
		return xvgpu_fail(err, rc, "%s: the path is too long", dir);
	rc = xvgpu_read_bytes(path, &text, err);
	if (rc)
		return rc;
	c = (struct cursor){(const char *)text.data, (const char *)text.data + text.size};
	memset(version, 0, GPU_FIRMWARE_VERSION_MAX + 1);
	if (skip_to(&c, "NV_VERSION_STRING") && skip_to(&c, "\""))
		for (unsigned int i = 0;
		     i < GPU_FIRMWARE_VERSION_MAX && c.at < c.end && *c.at != '"'; i++)
			version[i] = *c.at++;
	free(text.data);
	if (!gpu_firmware_version_ok(version))
		return xvgpu_fail(err, -EINVAL, "%s: no NV_VERSION_STRING of digits and dots",
				  path);
	return 0;
}
