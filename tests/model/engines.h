/* SPDX-License-Identifier: MIT */
/*
 * The engines of a GA102, as the board's host interface drives them: what the device info table of
 * PTOP and the firmware's tables are made from.
 *
 * What public sources give is named; the rest is the model's own and stands together under "the
 * model's own". Which engines a GA102 has: nouveau device/base.c, nv172_chipset. Two of its five copy
 * engines share the runlist of graphics ("GRCE"). Fault ids: OGKM ga100/dev_fault.h, and
 * nouveau engine/fifo/tu102.c for those of PBDMAs. Device types: nouveau subdev/top/ga100.c.
 */
#ifndef MODEL_ENGINES_H
#define MODEL_ENGINES_H

#include <stddef.h>
#include <stdint.h>

/* DEV_TYPE_ENUM of PTOP's device info. */
enum engine_type {
	ENGINE_GR = 0x00,
	ENGINE_SEC2 = 0x0d,
	ENGINE_NVENC = 0x0e,
	ENGINE_NVDEC = 0x10,
	ENGINE_LCE = 0x13,
	ENGINE_OFA = 0x16,
	ENGINE_NONE = 0xff, /* no engine: the model's own */
};

struct model_engine {
	char name[16];
	enum engine_type type;
	uint8_t instance;
	uint8_t fault_id; /* of the engine in MMU faults */
	uint8_t runlist;  /* index; see MODEL_RUNLIST_PRI */
	uint8_t runlist_engine;
	uint8_t reset;	   /* bit in PMC_DEVICE_ENABLE; the model's own */
	uint32_t pri_base; /* of its registers */
};

#define MODEL_ENGINES  11
#define MODEL_RUNLISTS 9
#define MODEL_CES      5
extern const struct model_engine model_engines[MODEL_ENGINES];

/*
 * Graphics: an A40 has 84 multiprocessors, two to a TPC, so all seven GPCs of the chip with six TPCs
 * each (NVIDIA's "Ampere GA102 GPU Architecture" white paper).
 */
#define MODEL_GPC_MASK 0x7fu
#define MODEL_TPC_MASK 0x3fu /* of each GPC */

/*
 * A PBDMA fetches for one runlist; that of graphics has two. The first of a runlist, and their number.
 */
#define MODEL_PBDMAS 10
uint32_t model_first_pbdma(uint32_t runlist, uint32_t *nr);
#define MODEL_PBDMA_FAULT_ID(pbdma) (0x20u + (pbdma)) /* HOST0 ... */

/* Registers of a runlist, and of its channels' states: the places are the model's own. */
#define MODEL_RUNLIST_PRI(runlist) (0xc80000u + 0x400u * (runlist))
#define MODEL_CHRAM_PRI(runlist)   (0xca0000u + 0x2000u * (runlist))

/*
 * Interrupt vectors of an engine. Stalling ones lie in leaf 6, from the base that
 * tu102/dev_ctrl.h (LEGACY_ENGINE_STALL_INTR_BASE) gives on; non-stalling ones in leaf 0 (OGKM
 * intr_ga100.c looks for them in no other). The order within is the model's own.
 */
#define MODEL_ENGINE_STALL_VECTOR(i)	(192u + (uint32_t)(i))
#define MODEL_ENGINE_NONSTALL_VECTOR(i) (0u + (uint32_t)(i))
#define MODEL_DISP_VECTOR		154u /* leaf 4 bit 26: nouveau subdev/vfn/ga100.c */
#define MODEL_GSP_VECTOR		155u /* the model's own */

#endif /* MODEL_ENGINES_H */
