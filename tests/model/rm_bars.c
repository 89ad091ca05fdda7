/* SPDX-License-Identifier: MIT */
/*
 * What RM does with BAR 1 and BAR 2 (the third of PCI): at its start it gives each an instance block
 * and a page directory in the memory that it keeps for itself. A driver learns of the directories from
 * its static configuration. It fills that of BAR 1 itself, and has RM enter the lower half of BAR 2
 * into its own by UPDATE_BAR_PDE.
 *
 * BAR 1 goes through its tables from the start of RM on, BAR 2 while the driver has an entry in them.
 *
 * Sources: OGKM kern_bus_gm107.c (kbusInitBar1, kbusInitBar2, kbusPatchBar1Pdb_GSPCLIENT,
 * kbusPatchBar2Pdb_GSPCLIENT), g_sdk-structures.h (UpdateBarPde_v15_00); nouveau subdev/bar/r535.c.
 */
#include <string.h>

#include "fb_regs.h"
#include "gsp.h"
#include "mmu_regs.h"
#include "tlb.h"

#define PAGE 4096u

/* Four pages from the start of the firmware's memory: instance block and directory of either. */
static uint64_t instance_of(const struct model *m, int bar)
{
	return model_rm_memory(m) + (bar == MODEL_BAR_FB ? 0 : 2 * PAGE);
}

uint64_t model_rm_bar_directory(const struct model *m, int bar)
{
	return instance_of(m, bar) + PAGE;
}

static void bind(struct model *m, int bar)
{
	model_bar_bind(m, bar,
		       BAR_BLOCK_MODE_VIRTUAL |
			       (uint32_t)(instance_of(m, bar) >> BAR_BLOCK_PTR_SHIFT));
}

static void prepare(struct model *m, int bar, uint64_t size)
{
	uint64_t words[2] = {
		model_rm_bar_directory(m, bar) | RAMIN_PDB_USE_VER2 | RAMIN_PDB_BIG_PAGE_64KIB,
		size - 1,
	};
	uint8_t zero[2 * PAGE] = {0};

	memcpy(zero + RAMIN_PAGE_DIR_BASE, words, sizeof(words));
	model_vram_access(m, true, instance_of(m, bar), zero, sizeof(zero));
}

void model_rm_bars_start(struct model *m)
{
	prepare(m, MODEL_BAR_FB, m->config.bar1_bytes);
	prepare(m, MODEL_BAR_INST, MODEL_BAR_INST_SIZE);
	bind(m, MODEL_BAR_FB);
}

void model_rm_bars_stop(struct model *m)
{
	model_bar_bind(m, MODEL_BAR_FB, 0);
	model_bar_bind(m, MODEL_BAR_INST, BAR2_BLOCK_DEBUG_CYA_OFF);
}

uint32_t model_rm_update_bar_pde(struct model *m, const uint8_t *params)
{
	struct {
		uint32_t bar, pad;
		uint64_t entry, shift;
	} info;
	uint64_t at;

	memcpy(&info, params, sizeof(info));
	/* Only the top of a directory of RM's is there to be entered into. */
	if (info.bar > 1 || info.shift != 47)
		return NV_ERR_INVALID_ARGUMENT;
	at = model_rm_bar_directory(m, info.bar ? MODEL_BAR_INST : MODEL_BAR_FB);
	model_vram_access(m, true, at, &info.entry, sizeof(info.entry));
	model_tlb_invalidate(m, NULL, NULL);
	if (info.bar && info.entry)
		bind(m, MODEL_BAR_INST);
	else if (info.bar)
		model_bar_bind(m, MODEL_BAR_INST, BAR2_BLOCK_DEBUG_CYA_OFF);
	return NV_OK;
}
