/* SPDX-License-Identifier: MIT */
/*
 * Stand-in for FWSEC, the program in the board's ROM that runs on the GSP's falcon. Drivers ask it
 * for two things, by a number they patch into its data together with a command buffer:
 *
 *   FRTS (0x15)  set up write-protected region 2 around 1 MiB at the place the driver names, and put
 *		  power management data there for the firmware
 *   SB	  (0x19)  put the board's own firmware back to work, when the driver lets go
 *
 * Results are in scratch registers: an error code in bits 31:16 of the one, in bits 15:0 of the
 * other, 0 for success. The codes are the model's own; public sources only test for 0.
 *
 * Sources: OGKM 535.261.03 kernel_gsp_frts_tu102.c (commands, structures, scratch indices);
 * nouveau gsp/fwsec.c; gsp_fw_wpr_meta.h (alignment of the region's end).
 */
#include "fb_regs.h"
#include "falcon_regs.h"
#include "host_regs.h"
#include "internal.h"
#include "vbios.h"

#define SCRATCH_FRTS 0x0e /* NV_VBIOS_FWSECLIC_SCRATCH_INDEX_0E, error in 31:16 */
#define SCRATCH_SB   0x15 /* NV_VBIOS_FWSECLIC_SCRATCH_INDEX_15, error in 15:0 */

/* FWSECLIC_READ_VBIOS_DESC: version, size, u64 offset, image size, flags. */
#define READ_VBIOS_SIZE	  24u
#define READ_VBIOS_FLAGS  20u
#define READ_VBIOS_STRUCT 2u /* FWSECLIC_READ_VBIOS_STRUCT_FLAGS */
/* FWSECLIC_FRTS_REGION_DESC behind it: version, size, offset and size in 4 KiB, medium. */
#define FRTS_DESC	  READ_VBIOS_SIZE
#define FRTS_DESC_SIZE	  20u
#define FRTS_MEDIUM_FB	  2u
#define FRTS_REGION_SIZE  0x100000ull
#define FRTS_REGION_ALIGN 0x20000ull

enum {
	ERROR_COMMAND = 1, /* unknown, or its structures are */
	ERROR_REGION,	   /* not a place for it */
	ERROR_WPR2_SET,	   /* from a predecessor; only its unloader or a reset takes it away */
};

static uint32_t command_word(const struct model *m, uint32_t offset)
{
	return model_load32(m->gsp.dmem + FWSEC_CMD_IN_OFFSET + offset);
}

static bool read_vbios_ok(const struct model *m)
{
	return command_word(m, 0) == 1 && command_word(m, 4) == READ_VBIOS_SIZE &&
	       command_word(m, READ_VBIOS_FLAGS) == READ_VBIOS_STRUCT;
}

static uint32_t frts(struct model *m)
{
	uint64_t addr = (uint64_t)command_word(m, FRTS_DESC + 8) << 12;
	uint64_t size = (uint64_t)command_word(m, FRTS_DESC + 12) << 12;
	uint64_t off = 0, code;

	if (model_fault_value(m, MODEL_FRTS_ERROR, &code))
		return (uint32_t)code;
	if (!read_vbios_ok(m) || command_word(m, FRTS_DESC) != 1 ||
	    command_word(m, FRTS_DESC + 4) != FRTS_DESC_SIZE ||
	    command_word(m, FRTS_DESC + 16) != FRTS_MEDIUM_FB)
		return ERROR_COMMAND;
	if (m->fb.wpr2_hi)
		return ERROR_WPR2_SET;
	if (size != FRTS_REGION_SIZE || addr % FRTS_REGION_ALIGN || !addr ||
	    addr > m->fb.size - VGA_WORKSPACE_SIZE || size > m->fb.size - VGA_WORKSPACE_SIZE - addr)
		return ERROR_REGION;
	model_fault_value(m, MODEL_WPR2_OFF_BY, &off);
	model_wpr2_set(m, addr + off, addr + off + size);
	model_log(m, "FWSEC stand-in: FRTS at 0x%llx", (unsigned long long)addr);
	return 0;
}

static uint32_t sb(struct model *m)
{
	uint64_t code;

	if (model_fault_value(m, MODEL_SB_ERROR, &code))
		return (uint32_t)code;
	return read_vbios_ok(m) ? 0 : ERROR_COMMAND;
}

void model_fwsec_run(struct model *m)
{
	uint32_t command = model_load32(m->gsp.dmem + FWSEC_MAPPER_OFFSET + MAPPER_INIT_CMD);
	uint32_t *word, error;

	if (command == MAPPER_CMD_SB) {
		error = sb(m);
		word = &m->sw_scratch[SCRATCH_SB];
		*word = (*word & 0xffff0000u) | (error & 0xffff);
	} else {
		error = command == MAPPER_CMD_FRTS ? frts(m) : ERROR_COMMAND;
		word = &m->sw_scratch[SCRATCH_FRTS];
		*word = (*word & 0x0000ffffu) | error << 16;
	}
	if (error)
		model_log(m, "FWSEC stand-in: command 0x%x refused: error %u", command, error);
}
