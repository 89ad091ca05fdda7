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

static uint32_t blocks(uint32_t size)
{
	return (size + BLOCK - 1) & ~(BLOCK - 1);
}

/* The version that the board asks for: 0, or the position of the fuses' highest bit from 1. */
static int fuse_version(struct gpu *gpu, const struct gpu_ucode *u, uint32_t *version,
			struct gpu_blob_error *err, const struct gpu_blob *file)
{
	uint32_t reg, fuses;

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
static int place(struct gpu_ucode *u, const struct gpu_blob *image, struct gpu_blob_error *err)
{
	uint64_t end = image->size;
	uint64_t code_end = (uint64_t)u->code_offset + blocks(u->code_size);
	uint64_t data_end = (uint64_t)u->data_offset + blocks(u->data_size);

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
			  struct gpu_ucode *out, struct gpu_blob_error *err)
{
	struct gpu_ucode u = {
		.name = name,
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

int gpu_ucode_from_fwsec(struct gpu *gpu, const struct gpu_fwsec *fwsec, struct gpu_ucode *out,
			 struct gpu_blob_error *err)
{
	struct gpu_ucode u = {
		.name = "FWSEC",
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
	int ret;

	if (fwsec->version != 3) {
		gpu_blob_say(&fwsec->image, err,
			     "FWSEC: descriptor version %u needs Turing's loader", fwsec->version);
		return -EOPNOTSUPP;
	}
	ret = fuse_version(gpu, &u, &version, err, &fwsec->image);
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

int gpu_ucode_start(const struct gpu_falcon *f, const struct gpu_ucode *u, uint32_t mailbox0,
		    uint32_t mailbox1)
{
	int err = gpu_falcon_reset(f);

	if (err)
		return err;
	gpu_falcon_allow_sysmem(f);
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
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_MAILBOX0, mailbox0);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_MAILBOX1, mailbox1);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_BOOTVEC, u->boot_vector);
	gpu_falcon_start(f);
	return gpu_answers(f->gpu) ? 0 : -ENODEV;
}
