/* SPDX-License-Identifier: MIT */
/*
 * booter.c - reads booter files (see booter.h).
 */
#include "gpu/core/boot/booter.h"
#include "gpu/core/boot/nvfw.h"

/* nvfw_hs_header_v2: offsets in the file of what is named. */
#define HS_SIG_OFFSET  0x00u
#define HS_SIG_SIZE    0x04u
#define HS_PATCH_LOC   0x08u
#define HS_PATCH_SIG   0x0cu
#define HS_META_OFFSET 0x10u
#define HS_META_SIZE   0x14u
#define HS_NUM_SIG     0x18u
#define HS_LOAD_OFFSET 0x1cu
#define HS_LOAD_SIZE   0x20u
#define HS_SIZE	       0x24u

/* The metadata: fuse version, engine mask, ucode id. */
#define META_ENGINE_ID 0x04u
#define META_UCODE_ID  0x08u
#define META_SIZE      0x0cu

/* nvfw_hs_load_header_v2 with one application. */
#define LOAD_OS_CODE  0x00u /* offset, size */
#define LOAD_OS_DATA  0x08u
#define LOAD_NUM_APPS 0x10u
#define LOAD_APP_CODE 0x14u
#define LOAD_SIZE     0x24u

/* One signature per fuse version; known files have one or two. */
#define SIGNATURES_MAX 32u

#define DMA_UNIT 256u

static int take_span(const struct gpu_blob *image, const uint8_t *pair, const char *what,
		     struct gpu_booter_span *span, struct gpu_error *err)
{
	struct gpu_blob unused;
	int ret;

	*span = (struct gpu_booter_span){gpu_le32(pair), gpu_le32(pair + 4)};
	ret = gpu_blob_part(image, span->offset, span->size, what, &unused, err);
	if (ret)
		return ret;
	if (!span->size || (span->offset | span->size) % DMA_UNIT)
		return gpu_blob_fail(image, err, "%s: 0x%x bytes at 0x%x: no multiples of %u", what,
				     span->size, span->offset, DMA_UNIT);
	return 0;
}

/* A word that stands somewhere in the file. */
static int take_word(const struct gpu_blob *file, uint32_t offset, const char *what,
		     uint32_t *value, struct gpu_error *err)
{
	struct gpu_blob word;
	int ret = gpu_blob_part(file, offset, 4, what, &word, err);

	if (!ret)
		*value = gpu_le32(word.data);
	return ret;
}

static int take_signatures(const struct gpu_blob *file, const uint8_t *hs, struct gpu_booter *b,
			   struct gpu_error *err)
{
	uint32_t skip = 0, total = gpu_le32(hs + HS_SIG_SIZE);
	int ret = take_word(file, gpu_le32(hs + HS_NUM_SIG), "number of signatures", &b->sig_count,
			    err);

	if (!ret)
		ret = take_word(file, gpu_le32(hs + HS_PATCH_LOC), "place of the signature",
				&b->sig_offset, err);
	if (!ret)
		ret = take_word(file, gpu_le32(hs + HS_PATCH_SIG), "first signature", &skip, err);
	if (ret)
		return ret;
	if (!b->sig_count || b->sig_count > SIGNATURES_MAX || !total || total % b->sig_count)
		return gpu_blob_fail(file, err, "%u signatures in %u bytes", b->sig_count, total);
	if (skip)
		return gpu_blob_fail(file, err, "first signature at %u, not 0", skip);
	b->sig_size = total / b->sig_count;
	return gpu_blob_part(file, gpu_le32(hs + HS_SIG_OFFSET), total, "signatures",
			     &b->signatures, err);
}

static int take_layout(const struct gpu_blob *file, const uint8_t *hs, struct gpu_booter *b,
		       struct gpu_error *err)
{
	struct gpu_blob load;
	int ret;

	if (gpu_le32(hs + HS_LOAD_SIZE) < LOAD_SIZE)
		return gpu_blob_fail(file, err, "load header of %u bytes, not %u",
				     gpu_le32(hs + HS_LOAD_SIZE), LOAD_SIZE);
	ret = gpu_blob_part(file, gpu_le32(hs + HS_LOAD_OFFSET), LOAD_SIZE, "load header", &load,
			    err);
	if (ret)
		return ret;
	if (gpu_le32(load.data + LOAD_NUM_APPS) != 1)
		return gpu_blob_fail(file, err, "%u applications, not 1",
				     gpu_le32(load.data + LOAD_NUM_APPS));
	ret = take_span(&b->image, load.data + LOAD_OS_CODE, "OS code", &b->os_code, err);
	if (!ret)
		ret = take_span(&b->image, load.data + LOAD_APP_CODE, "application code", &b->app,
				err);
	if (!ret)
		ret = take_span(&b->image, load.data + LOAD_OS_DATA, "data", &b->data, err);
	if (ret)
		return ret;
	if (b->sig_offset < b->data.offset ||
	    (uint64_t)b->sig_offset + b->sig_size > (uint64_t)b->data.offset + b->data.size)
		return gpu_blob_fail(file, err,
				     "signature of %u bytes at 0x%x is not inside the data, 0x%x "
				     "bytes at 0x%x",
				     b->sig_size, b->sig_offset, b->data.size, b->data.offset);
	return 0;
}

int gpu_booter_parse(const struct gpu_blob *file, struct gpu_booter *out, struct gpu_error *err)
{
	struct gpu_blob hs, meta;
	struct gpu_nvfw nvfw;
	int ret = gpu_nvfw_open(file, &nvfw, err);

	if (!ret)
		ret = gpu_blob_part(file, nvfw.header, HS_SIZE, "HS header", &hs, err);
	if (ret)
		return ret;
	if (gpu_le32(hs.data + HS_META_SIZE) < META_SIZE)
		return gpu_blob_fail(file, err, "metadata of %u bytes, not %u",
				     gpu_le32(hs.data + HS_META_SIZE), META_SIZE);
	ret = gpu_blob_part(file, gpu_le32(hs.data + HS_META_OFFSET), META_SIZE, "metadata", &meta,
			    err);
	if (ret)
		return ret;
	out->image = nvfw.data;
	out->engine_id_mask = gpu_le32(meta.data + META_ENGINE_ID);
	out->ucode_id = gpu_le32(meta.data + META_UCODE_ID);
	ret = take_signatures(file, hs.data, out, err);
	return ret ? ret : take_layout(file, hs.data, out, err);
}

int gpu_booter_signature(const struct gpu_booter *booter, uint32_t fuse_version,
			 struct gpu_blob *out, struct gpu_error *err)
{
	uint32_t last = booter->sig_count - 1;

	if (last && fuse_version > last)
		return gpu_blob_fail(&booter->image, err,
				     "no signature for fuse version %u, newest is %u", fuse_version,
				     last);
	return gpu_blob_part(&booter->signatures,
			     (uint64_t)(last ? last - fuse_version : 0) * booter->sig_size,
			     booter->sig_size, "signature", out, err);
}
