/* SPDX-License-Identifier: MIT */
/*
 * The table of the board's engines; engines.h says what comes from where. Bases of register blocks:
 * nouveau engine/ (gr 0x400000, ce/gp100.c, nvdec/ga102.c, nvenc/gm107.c, sec2/ga102.c); that of the
 * optical flow accelerator is between those of SEC2 and NVDEC, 0x4000 each.
 */
#include "engines.h"

const struct model_engine model_engines[MODEL_ENGINES] = {
	{"graphics", ENGINE_GR, 0, 64, 0, 0, 12, 0x400000},
	{"ce0", ENGINE_LCE, 0, 15, 0, 1, 6, 0x104000},
	{"ce1", ENGINE_LCE, 1, 16, 0, 2, 7, 0x104080},
	{"ce2", ENGINE_LCE, 2, 17, 1, 0, 8, 0x104100},
	{"ce3", ENGINE_LCE, 3, 18, 2, 0, 9, 0x104180},
	{"ce4", ENGINE_LCE, 4, 19, 3, 0, 10, 0x104200},
	{"nvdec0", ENGINE_NVDEC, 0, 25, 4, 0, 15, 0x848000},
	{"nvdec1", ENGINE_NVDEC, 1, 26, 5, 0, 16, 0x84c000},
	{"nvenc0", ENGINE_NVENC, 0, 11, 6, 0, 18, 0x1c8000},
	{"ofa0", ENGINE_OFA, 0, 10, 7, 0, 20, 0x844000},
	{"sec2", ENGINE_SEC2, 0, 14, 8, 0, 14, 0x840000},
};

uint32_t model_first_pbdma(uint32_t runlist, uint32_t *nr)
{
	*nr = runlist ? 1 : 2;
	return runlist ? runlist + 1 : 0;
}
