/* SPDX-License-Identifier: MIT */
/*
 * Secure code on a falcon without boot ROM (Turing, GA100).
 *
 * A driver writes code into IMEM: blocks that are not secure, at whose beginning the CPU starts, and
 * secure ones, and data with the signature into DMEM. The plain code takes the signature and jumps
 * into the secure part; the falcon then verifies that part and traps if the signature is not its own.
 *
 * FWSEC does not come that way: the driver puts a small loader at the end of IMEM and a structure at
 * 0 of DMEM, and the loader fetches the program with the falcon's DMA unit, plain code to 0, secure
 * code behind it, data to 0 of DMEM, and jumps to its entry.
 *
 * Neither can run here. What was loaded is compared: with the ROM (FWSEC), or by digest with the list
 * of signed images (booters, loader). What is refused halts without having run.
 *
 * Sources: OGKM kernel_gsp_falcon_tu102.c (s_prepareHsFalconDirect, s_prepareHsFalconWithLoader) and
 * rmflcnbl.h (RM_FLCN_BL_DMEM_DESC); nouveau falcon/gm200.c, gsp/tu102.c; envytools
 * docs/hw/falcon/crypt.rst.
 */
#include <string.h>

#include <glib.h>

#include "falcon_regs.h"
#include "internal.h"
#include "secure.h"
#include "vbios.h"

#define BLOCKS	     (MODEL_FALCON_MEM / MODEL_FALCON_BLOCK)
#define SIGNATURE_AT 0x200u /* of a booter's data, in every release */

/* RM_FLCN_BL_DMEM_DESC. */
#define DESC_CTXDMA	 0x20u
#define DESC_CODE_BASE	 0x24u
#define DESC_PLAIN_OFF	 0x2cu
#define DESC_PLAIN_SIZE	 0x30u
#define DESC_SECURE_OFF	 0x34u
#define DESC_SECURE_SIZE 0x38u
#define DESC_ENTRY	 0x3cu
#define DESC_DATA_BASE	 0x40u
#define DESC_DATA_SIZE	 0x48u
#define DESC_SIZE	 0x54u

static uint32_t round_up(uint32_t size)
{
	return (size + MODEL_FALCON_BLOCK - 1) & ~(MODEL_FALCON_BLOCK - 1u);
}

/* Blocks from `first` on that were loaded, are or are not secure, and have ascending tags. */
static uint32_t run(const struct model_falcon *f, uint32_t first, bool secure)
{
	uint32_t n = first;

	while (n < BLOCKS && f->imem_loaded[n] && f->imem_secure[n] == secure &&
	       f->imem_tag[n] == f->imem_tag[first] + (n - first))
		n++;
	return n - first;
}

static uint32_t loaded_blocks(const struct model_falcon *f)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < BLOCKS; i++)
		n += f->imem_loaded[i];
	return n;
}

/* The block at the boot vector; BLOCKS if there is none. */
static uint32_t entry_block(const struct model_falcon *f)
{
	uint32_t n = 0;

	while (n < BLOCKS &&
	       !(f->imem_loaded[n] && f->imem_tag[n] == f->bootvec / MODEL_FALCON_BLOCK))
		n++;
	return f->bootvec % MODEL_FALCON_BLOCK ? BLOCKS : n;
}

static void digest_of(const struct model_falcon *f, uint32_t first, uint32_t blocks,
		      const uint8_t *more, uint32_t more_len, uint8_t digest[32])
{
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	gsize len = 32;

	g_checksum_update(sum, f->imem + (size_t)first * MODEL_FALCON_BLOCK,
			  (gssize)blocks * MODEL_FALCON_BLOCK);
	g_checksum_update(sum, more, (gssize)more_len);
	g_checksum_get_digest(sum, digest, &len);
	g_checksum_free(sum);
}

/* ---- booters, on SEC2 ---- */

static const char *verify_booter(struct model *m, struct model_falcon *f)
{
	uint32_t plain, secure, data = 0;
	uint8_t digest[32];

	if (entry_block(f) != 0)
		return "no code at the boot vector, or not at the beginning of IMEM";
	plain = run(f, 0, false);
	if (!plain)
		return "the first code is secure: nothing has called it";
	secure = run(f, plain, true);
	if (!secure)
		return "no secure code behind the plain code";
	if (f->imem_tag[plain] != f->imem_tag[0] + plain || plain + secure != loaded_blocks(f))
		return "a page of the code has the wrong tag, or there is a gap";
	while (data < BLOCKS && f->dmem_loaded[data])
		data++;
	data *= MODEL_FALCON_BLOCK;
	if (data < SIGNATURE_AT + m->chip->signature ||
	    model_all_zero(f->dmem + SIGNATURE_AT, m->chip->signature))
		return "no signature in the data";
	digest_of(f, 0, plain + secure, f->dmem + SIGNATURE_AT, m->chip->signature, digest);
	f->resident = model_booter_of(m, digest, data);
	return f->resident == MODEL_UCODE_NONE ? "the image has no signature of the vendor's"
					       : NULL;
}

/* ---- FWSEC, on the GSP ---- */

/* One block, by the loader, through the DMA unit: its rules hold, its faults show. */
static void fetch(struct model *m, struct model_falcon *f, uint64_t base, uint32_t offset,
		  uint32_t to, uint32_t flags, uint32_t ctxdma)
{
	f->trf_base = (uint32_t)(base >> 8);
	f->trf_base1 = (uint32_t)(base >> 40) & DMATRFBASE1_BASE;
	f->trf_fboffs = offset;
	f->trf_moffs = to;
	f->trf_cmd = flags | DMATRFCMD_SIZE_256B << DMATRFCMD_SIZE_SHIFT |
		     (ctxdma & 7) << DMATRFCMD_CTXDMA_SHIFT;
	model_falcon_dma(m, f);
}

static const char *run_loader(struct model *m, struct model_falcon *f)
{
	uint8_t desc[DESC_SIZE];
	uint32_t plain, secure, data, ctxdma;
	uint64_t code_base, data_base;

	memcpy(desc, f->dmem, sizeof(desc));
	ctxdma = model_load32(desc + DESC_CTXDMA);
	code_base = model_load32(desc + DESC_CODE_BASE) |
		    (uint64_t)model_load32(desc + DESC_CODE_BASE + 4) << 32;
	data_base = model_load32(desc + DESC_DATA_BASE) |
		    (uint64_t)model_load32(desc + DESC_DATA_BASE + 4) << 32;
	plain = round_up(model_load32(desc + DESC_PLAIN_SIZE));
	secure = round_up(model_load32(desc + DESC_SECURE_SIZE));
	data = round_up(model_load32(desc + DESC_DATA_SIZE));
	if (ctxdma > 7 || (code_base | data_base) % MODEL_FALCON_BLOCK ||
	    model_load32(desc + DESC_ENTRY) || plain + secure != FWSEC_CODE_SIZE ||
	    plain != FWSEC_PLAIN_SIZE || data != FWSEC_DATA_SIZE)
		return "the loader's structure does not describe FWSEC";
	for (uint32_t i = 0; i < plain; i += MODEL_FALCON_BLOCK)
		fetch(m, f, code_base, model_load32(desc + DESC_PLAIN_OFF) + i, i, DMATRFCMD_IMEM,
		      ctxdma);
	for (uint32_t i = 0; i < secure; i += MODEL_FALCON_BLOCK)
		fetch(m, f, code_base, model_load32(desc + DESC_SECURE_OFF) + i, plain + i,
		      DMATRFCMD_IMEM | DMATRFCMD_SEC, ctxdma);
	for (uint32_t i = 0; i < data; i += MODEL_FALCON_BLOCK)
		fetch(m, f, data_base, i, i, 0, ctxdma);
	return NULL;
}

static const char *verify_fwsec(struct model *m, struct model_falcon *f)
{
	const uint8_t *rom = model_vbios_fwsec(m);
	uint32_t at = entry_block(f), blocks;
	uint8_t digest[32];
	const char *why;

	if (at == BLOCKS)
		return "no code at the boot vector";
	blocks = run(f, at, false);
	if (!blocks || blocks != loaded_blocks(f) || at + blocks != BLOCKS)
		return "no loader alone at the end of IMEM";
	if (!f->dmem_loaded[0])
		return "the loader finds no structure at 0 of DMEM";
	digest_of(f, at, blocks, NULL, 0, digest);
	if (!m->config.allow_unsigned && !model_signed(m, MODEL_KNOWN_LOADER, digest))
		return "the loader is not the vendor's";
	why = run_loader(m, f);
	if (why)
		return why;
	if (!run(f, 0, false) || memcmp(f->imem, rom, FWSEC_CODE_SIZE) != 0)
		return "the code is not FWSEC's";
	for (uint32_t i = 0; i < FWSEC_CODE_SIZE / MODEL_FALCON_BLOCK; i++)
		if (!f->imem_loaded[i] || f->imem_tag[i] != i)
			return "a page of the code was not fetched, or has the wrong tag";
	if (!model_fwsec_data_ok(m, f->dmem))
		return "FWSEC's data has been changed where it may not be";
	f->resident = MODEL_UCODE_FWSEC;
	return NULL;
}

const char *model_hs_verify(struct model *m, struct model_falcon *f)
{
	f->resident = MODEL_UCODE_NONE;
	return f == &m->gsp ? verify_fwsec(m, f) : verify_booter(m, f);
}
