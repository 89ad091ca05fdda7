/* SPDX-License-Identifier: MIT */
/*
 * The falcon's DMA unit: copies a block of up to 256 bytes between the falcon's memories and VRAM
 * or system memory. The command names one of eight apertures (FBIF_TRANSCFG), which says which
 * memory it is and whether addresses are physical.
 *
 * It refuses what lacks permission or makes no sense: virtual addresses (no instance block can be
 * bound yet), a context that is required but absent, physical access without a context unless
 * FBIF_CTL allows it, sizes and alignments the unit does not have, targets outside its memories or
 * outside VRAM, stores from IMEM. A refused or failed transfer moves nothing and ends idle like any
 * other: the unit has no error bit in any public header, so software must look at what arrived.
 */
#include <errno.h>

#include "falcon_regs.h"
#include "internal.h"

#define TRANSFER_NS 500 /* how long the unit shows itself busy */

struct transfer {
	bool write; /* out of the falcon */
	bool imem;
	uint32_t local; /* offset in IMEM or DMEM */
	uint64_t addr;
	uint32_t len;
	uint32_t aperture; /* the TRANSCFG in use */
};

static const char *refusal(const struct model_falcon *f, const struct transfer *t)
{
	if (f->dmactl & DMACTL_REQUIRE_CTX)
		return "a context is required and none is bound";
	if (!(t->aperture & TRANSCFG_MEM_TYPE_PHYSICAL))
		return "virtual aperture without an instance block";
	if (!(f->fbif_ctl & FBIF_CTL_ALLOW_PHYS_NO_CTX))
		return "physical access without a context is not allowed";
	if (t->len > MODEL_FALCON_BLOCK)
		return "no such size";
	if (t->imem && t->write)
		return "IMEM cannot be stored";
	if (t->addr % t->len || t->local % t->len)
		return "not aligned to its size";
	if (t->local > MODEL_FALCON_MEM - t->len)
		return "outside the falcon's memory";
	if ((t->aperture & TRANSCFG_TARGET) > TRANSCFG_TARGET_NONCOHERENT_SYSMEM)
		return "no such target";
	return NULL;
}

static int move(struct model *m, const struct transfer *t, void *buf)
{
	if ((t->aperture & TRANSCFG_TARGET) == TRANSCFG_TARGET_LOCAL_FB) {
		/* The CPU commands this unit: it may not reach behind write protection. */
		if (model_in_wpr2(m, t->addr, t->len))
			return -EACCES;
		return model_vram_access(m, t->write, t->addr, buf, t->len);
	}
	return model_dma(m, t->write, t->addr, buf, t->len);
}

void model_falcon_dma(struct model *m, struct model_falcon *f)
{
	uint32_t size = f->trf_cmd >> DMATRFCMD_SIZE_SHIFT & 7;
	struct transfer t = {
		.write = f->trf_cmd & DMATRFCMD_WRITE,
		.imem = f->trf_cmd & DMATRFCMD_IMEM,
		.local = f->trf_moffs,
		.addr = ((uint64_t)f->trf_base1 << 32 | f->trf_base) * MODEL_FALCON_BLOCK +
			f->trf_fboffs,
		.aperture = f->transcfg[f->trf_cmd >> DMATRFCMD_CTXDMA_SHIFT & 7],
	};
	uint8_t block[MODEL_FALCON_BLOCK];
	const char *why;
	uint8_t *local;

	/* Code always moves in whole blocks. */
	t.len = t.imem ? MODEL_FALCON_BLOCK : 4u << size;
	f->dma_idle_at = model_time(m) + TRANSFER_NS;

	why = refusal(f, &t);
	if (why) {
		model_log(m, "%s DMA refused: %s (command 0x%08x, aperture 0x%x, address 0x%llx)",
			  f->kind->name, why, f->trf_cmd, t.aperture, (unsigned long long)t.addr);
		return;
	}
	local = (t.imem ? f->imem : f->dmem) + t.local;
	if (t.write) {
		for (uint32_t i = 0; i < t.len; i++)
			block[i] = local[i];
		if (move(m, &t, block))
			model_log(m, "%s DMA write to 0x%llx failed", f->kind->name,
				  (unsigned long long)t.addr);
		return;
	}
	if (move(m, &t, block)) {
		model_log(m, "%s DMA read from 0x%llx failed", f->kind->name,
			  (unsigned long long)t.addr);
		return;
	}
	for (uint32_t i = 0; i < t.len; i++)
		local[i] = block[i];
	if (t.imem) {
		model_fault_apply(m, MODEL_FLIP_UCODE, f->kind->base + t.local, local, t.len);
		f->imem_loaded[t.local / MODEL_FALCON_BLOCK] = true;
		f->imem_tag[t.local / MODEL_FALCON_BLOCK] =
			(uint16_t)(f->trf_fboffs / MODEL_FALCON_BLOCK);
		f->imem_secure[t.local / MODEL_FALCON_BLOCK] = f->trf_cmd & DMATRFCMD_SEC;
	} else {
		f->dmem_loaded[t.local / MODEL_FALCON_BLOCK] = true;
	}
}
