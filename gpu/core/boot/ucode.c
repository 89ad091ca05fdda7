/* SPDX-License-Identifier: MIT */
/*
 * ucode.c - from a program's file to a falcon that runs it (see ucode.h).
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/boot/ucode.h"
#include "gpu/core/gpu.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_fuse.h"
#include "gpu/core/regs_pmc.h"

#define BLOCK	  256u	   /* code and data move in whole blocks */
#define IMAGE_MAX 0x40000u /* falcons have 64 KiB of each memory; what is larger is no program */

/*
 * What the loader finds at 0 of data memory (RM_FLCN_BL_DMEM_DESC): which CTXDMA to use, where code and
 * data are in memory; lengths stand behind offsets. Entry point and arguments are 0.
 */
#define LOADER_MAX	      0x1000u /* bytes; the known one has 512 */
#define LOADER_CTXDMA	      4u      /* as both drivers: their name for it is PHYS_SYS_NCOH */
#define LOADER_DESC_CTXDMA    0x20u
#define LOADER_DESC_CODE_BASE 0x24u
#define LOADER_DESC_PLAIN     0x2cu
#define LOADER_DESC_SECURE    0x34u
#define LOADER_DESC_DATA_BASE 0x40u
#define LOADER_DESC_DATA_SIZE 0x48u
#define LOADER_DESC_SIZE      0x54u

static uint32_t blocks(uint32_t size)
{
	return (size + BLOCK - 1) & ~(BLOCK - 1);
}

/* The version that the board asks for: 0, or the position of the fuses' highest bit from 1. */
static int fuse_version(struct gpu *gpu, const struct gpu_ucode *u, uint32_t *version,
			struct gpu_error *err, const struct gpu_blob *file)
{
	uint32_t reg, fuses;

	*version = 0;
	if (!gpu->chip->kind->fuses)
		return 0;
	if (u->ucode_id < 1 || u->ucode_id > NV_FUSE_OPT_FPF_UCODES ||
	    !(u->engine_mask & (NV_PFALCON_ENGIDMASK_SEC2 | NV_PFALCON_ENGIDMASK_GSP)))
		return gpu_blob_fail(file, err, "%s: ucode id %u for engines 0x%x", u->name,
				     u->ucode_id, u->engine_mask);
	reg = u->engine_mask & NV_PFALCON_ENGIDMASK_SEC2
		      ? NV_FUSE_OPT_FPF_SEC2_UCODE_VERSION(u->ucode_id)
		      : NV_FUSE_OPT_FPF_GSP_UCODE_VERSION(u->ucode_id);
	fuses = gpu_rd32(gpu, reg);
	if (NV_PRI_IS_ERROR(fuses) || fuses == NV_NO_ANSWER)
		return gpu_blob_fail(file, err, "%s: fuse register 0x%x reads 0x%x", u->name, reg,
				     fuses);
	*version = fuses ? 32 - (uint32_t)__builtin_clz(fuses) : 0;
	return 0;
}

/* Room for the image and for whole blocks at the end of its parts. */
static int place(struct gpu_ucode *u, const struct gpu_blob *image, struct gpu_error *err)
{
	uint64_t end = image->size;
	uint64_t code_end = (uint64_t)u->code_offset + blocks(u->code_size);
	uint64_t data_end = (uint64_t)u->data_offset + blocks(u->data_size);
	uint64_t plain_end = (uint64_t)u->plain_offset + blocks(u->plain_size);

	if (u->plain_offset % BLOCK || (u->way == GPU_UCODE_DIRECT && u->plain_size % BLOCK))
		return gpu_blob_fail(image, err, "%s: plain code 0x%x+0x%x: not whole blocks",
				     u->name, u->plain_offset, u->plain_size);
	if (u->code_offset % BLOCK || u->data_offset % BLOCK || u->code_dst % BLOCK ||
	    u->data_dst % BLOCK || !u->code_size || !u->data_size)
		return gpu_blob_fail(image, err,
				     "%s: code 0x%x+0x%x for 0x%x, data 0x%x+0x%x for 0x%x: not "
				     "whole blocks",
				     u->name, u->code_offset, u->code_size, u->code_dst,
				     u->data_offset, u->data_size, u->data_dst);
	if (code_end > end)
		end = code_end;
	if (data_end > end)
		end = data_end;
	if (plain_end > end)
		end = plain_end;
	if (end > IMAGE_MAX)
		return gpu_blob_fail(image, err, "%s: 0x%llx bytes", u->name,
				     (unsigned long long)end);
	if (hv_dma_alloc((size_t)end, &u->memory)) {
		gpu_blob_say(image, err, "%s: no contiguous memory for 0x%llx bytes", u->name,
			     (unsigned long long)end);
		return -ENOMEM;
	}
	memcpy(u->memory.va, image->data, image->size);
	u->code_size = blocks(u->code_size);
	u->data_size = blocks(u->data_size);
	return 0;
}

static void sign(struct gpu_ucode *u, const struct gpu_blob *signature)
{
	memcpy(gpu_ucode_data(u) + u->signature, signature->data, signature->size);
}

int gpu_ucode_from_booter(struct gpu *gpu, const char *name, const struct gpu_booter *booter,
			  struct gpu_ucode *out, struct gpu_error *err)
{
	bool boot_rom = gpu->chip->kind->boot_rom;
	struct gpu_ucode u = {
		.name = name,
		.way = boot_rom ? GPU_UCODE_BOOT_ROM : GPU_UCODE_DIRECT,
		.code_offset = booter->app.offset,
		.code_size = booter->app.size,
		.data_offset = booter->data.offset,
		.data_size = booter->data.size,
		.boot_vector = booter->app.offset,
		.signature = booter->sig_offset - booter->data.offset,
		.engine_mask = booter->engine_id_mask,
		.ucode_id = booter->ucode_id,
	};
	struct gpu_blob signature;
	uint32_t version;
	int ret = fuse_version(gpu, &u, &version, err, &booter->image);

	if (!boot_rom) {
		u.plain_offset = booter->os_code.offset;
		u.plain_size = booter->os_code.size;
		u.code_dst = booter->os_code.size;
		u.boot_vector = booter->os_code.offset;
	}
	if (!ret)
		ret = gpu_booter_signature(booter, version, &signature, err);
	if (!ret)
		ret = place(&u, &booter->image, err);
	if (ret)
		return ret;
	sign(&u, &signature);
	*out = u;
	return 0;
}

/* Descriptor version 3: the boot ROM runs it, with a signature that the fuses choose. */
static int from_fwsec_v3(struct gpu *gpu, const struct gpu_fwsec *fwsec, struct gpu_ucode *out,
			 struct gpu_error *err)
{
	struct gpu_ucode u = {
		.name = "FWSEC",
		.way = GPU_UCODE_BOOT_ROM,
		.code_offset = fwsec->imem_offset,
		.code_dst = fwsec->imem_base,
		.code_size = fwsec->imem_size,
		.data_offset = fwsec->dmem_offset,
		.data_dst = fwsec->dmem_base,
		.data_size = fwsec->dmem_size,
		.signature = fwsec->sig_offset,
		.engine_mask = fwsec->engine_id_mask,
		.ucode_id = fwsec->ucode_id,
	};
	struct gpu_blob signature;
	uint32_t version;
	int ret = fuse_version(gpu, &u, &version, err, &fwsec->image);

	if (!ret)
		ret = gpu_fwsec_signature(fwsec, version, &signature, err);
	if (!ret)
		ret = place(&u, &fwsec->image, err);
	if (ret)
		return ret;
	sign(&u, &signature);
	*out = u;
	return 0;
}

/*
 * Version 2: the loader fetches it, to the addresses that it has in the image. Public drivers know no
 * ROM whose code or data go elsewhere than to 0.
 */
static int from_fwsec_v2(const struct gpu_fwsec *fwsec, const struct gpu_falcon_loader *loader,
			 struct gpu_ucode *out, struct gpu_error *err)
{
	struct gpu_ucode u = {
		.name = "FWSEC",
		.way = GPU_UCODE_LOADER,
		.code_offset = fwsec->imem_sec_base,
		.code_dst = fwsec->imem_sec_base,
		.code_size = fwsec->imem_sec_size,
		.plain_offset = fwsec->imem_offset,
		.plain_size = fwsec->imem_size - fwsec->imem_sec_size,
		.data_offset = fwsec->dmem_offset,
		.data_size = fwsec->dmem_size,
	};
	int ret;

	if (!loader)
		return gpu_blob_fail(
			&fwsec->image, err,
			"FWSEC: descriptor version 2 needs a loader, and the archive has "
			"no entry falcon_loader");
	if (loader->code.size > LOADER_MAX)
		return gpu_blob_fail(&loader->code, err, "loader of %zu bytes", loader->code.size);
	if (fwsec->imem_base || fwsec->dmem_base || fwsec->entry)
		return gpu_blob_fail(&fwsec->image, err,
				     "FWSEC: code for 0x%x, entry 0x%x, data for 0x%x",
				     fwsec->imem_base, fwsec->entry, fwsec->dmem_base);
	u.loader = *loader;
	u.boot_vector = loader->start_tag * BLOCK;
	ret = place(&u, &fwsec->image, err);
	if (!ret)
		*out = u;
	return ret;
}

int gpu_ucode_from_fwsec(struct gpu *gpu, const struct gpu_fwsec *fwsec,
			 const struct gpu_falcon_loader *loader, struct gpu_ucode *out,
			 struct gpu_error *err)
{
	bool boot_rom = gpu->chip->kind->boot_rom;

	if (fwsec->version != (boot_rom ? 3u : 2u)) {
		gpu_blob_say(&fwsec->image, err, "FWSEC: descriptor version %u is not for a %s",
			     fwsec->version, gpu->chip->name);
		return -EOPNOTSUPP;
	}
	return boot_rom ? from_fwsec_v3(gpu, fwsec, out, err)
			: from_fwsec_v2(fwsec, loader, out, err);
}

void gpu_ucode_free(struct gpu_ucode *ucode)
{
	if (ucode->memory.va)
		hv_dma_free(&ucode->memory);
	memset(ucode, 0, sizeof(*ucode));
}

uint8_t *gpu_ucode_data(const struct gpu_ucode *ucode)
{
	return (uint8_t *)ucode->memory.va + ucode->data_offset;
}

static int load_by_dma(const struct gpu_falcon *f, const struct gpu_ucode *u)
{
	int err;

	gpu_falcon_allow_sysmem(f, 0);
	err = gpu_falcon_load_code(f, u->memory.addr, u->code_offset, u->code_dst, u->code_size);
	if (!err)
		err = gpu_falcon_load_data(f, u->memory.addr, u->data_offset, u->data_dst,
					   u->data_size);
	if (err)
		return err;
	gpu_falcon_wr32(f, NV_PFALCON2_FALCON_BROM_PARAADDR_0, u->signature);
	gpu_falcon_wr32(f, NV_PFALCON2_FALCON_BROM_ENGIDMASK, u->engine_mask);
	gpu_falcon_wr32(f, NV_PFALCON2_FALCON_BROM_CURR_UCODE_ID, u->ucode_id);
	gpu_falcon_wr32(f, NV_PFALCON2_FALCON_MOD_SEL, NV_PFALCON2_FALCON_MOD_SEL_ALGO_RSA3K);
	return 0;
}

static int load_direct(const struct gpu_falcon *f, const struct gpu_ucode *u)
{
	const uint8_t *image = u->memory.va;
	int err;

	gpu_falcon_allow_sysmem(f, 0);
	err = gpu_falcon_write_code(f, 0, image + u->plain_offset, u->plain_size,
				    u->plain_offset / BLOCK, false);
	if (!err)
		err = gpu_falcon_write_code(f, u->code_dst, image + u->code_offset, u->code_size,
					    u->code_offset / BLOCK, true);
	if (!err)
		err = gpu_falcon_write_data(f, u->data_dst, image + u->data_offset, u->data_size);
	return err;
}

static int load_with_loader(const struct gpu_falcon *f, const struct gpu_ucode *u)
{
	uint32_t size = blocks((uint32_t)u->loader.code.size), room = gpu_falcon_code_size(f);
	uint8_t code[LOADER_MAX] = {0}, desc[LOADER_DESC_SIZE] = {0};
	int err;

	if (room < size)
		return -EINVAL;
	memcpy(code, u->loader.code.data, u->loader.code.size);
	gpu_put_le32(desc + LOADER_DESC_CTXDMA, LOADER_CTXDMA);
	gpu_put_le64(desc + LOADER_DESC_CODE_BASE, u->memory.addr);
	gpu_put_le32(desc + LOADER_DESC_PLAIN, u->plain_offset);
	gpu_put_le32(desc + LOADER_DESC_PLAIN + 4, u->plain_size);
	gpu_put_le32(desc + LOADER_DESC_SECURE, u->code_offset);
	gpu_put_le32(desc + LOADER_DESC_SECURE + 4, u->code_size);
	gpu_put_le64(desc + LOADER_DESC_DATA_BASE, u->memory.addr + u->data_offset);
	gpu_put_le32(desc + LOADER_DESC_DATA_SIZE, u->data_size);
	gpu_falcon_allow_sysmem(f, LOADER_CTXDMA);
	err = gpu_falcon_write_data(f, 0, desc, sizeof(desc));
	if (!err)
		err = gpu_falcon_write_code(f, room - size, code, size, u->loader.start_tag, false);
	return err;
}

int gpu_ucode_start(const struct gpu_falcon *f, const struct gpu_ucode *u, uint32_t mailbox0,
		    uint32_t mailbox1)
{
	static int (*const ways[])(const struct gpu_falcon *, const struct gpu_ucode *) = {
		[GPU_UCODE_BOOT_ROM] = load_by_dma,
		[GPU_UCODE_DIRECT] = load_direct,
		[GPU_UCODE_LOADER] = load_with_loader,
	};
	int err = gpu_falcon_reset(f);

	if (!err)
		err = ways[u->way](f, u);
	if (err)
		return err;
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_MAILBOX0, mailbox0);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_MAILBOX1, mailbox1);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_BOOTVEC, u->boot_vector);
	gpu_falcon_start(f);
	return gpu_answers(f->gpu) ? 0 : -ENODEV;
}
