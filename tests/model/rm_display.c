/* SPDX-License-Identifier: MIT */
/*
 * The display: a GA102 has one, this board has no outputs, and all its heads are switched off, as on
 * data-centre boards. What there is of it can be asked for.
 *
 * Sources: OGKM ctrl0073system.h, ctrl0073specific.h, ctrl0073dp.h, ctrl2080internal.h; nouveau
 * engine/disp/r535.c, gv100.c.
 */
#include <string.h>

#include "gsp.h"
#include "rm.h"

/* Answers whose every word is 0, the question's subDeviceInstance as it was: no heads, no outputs. */
uint32_t model_rm_display_none(struct model *m, const struct rm_object *object, uint8_t *params)
{
	(void)m;
	(void)object;
	memset(params + 4, 0, 4);
	return NV_OK;
}

/* subDeviceInstance, flags, numHeads */
uint32_t model_rm_display_heads(struct model *m, const struct rm_object *object, uint8_t *params)
{
	(void)m;
	(void)object;
	memset(params + 8, 0, 4);
	return NV_OK;
}

uint32_t model_rm_display_info(struct model *m, const struct rm_object *object, uint8_t *params)
{
	(void)object;
	memset(params, 0, m->gsp_rm->layout->display_info);
	return NV_OK;
}

/* instMemPhysAddr, instMemSize, instMemAddrSpace, instMemCpuCacheAttr */
uint32_t model_rm_display_instance(struct model *m, const struct rm_object *object, uint8_t *params)
{
	uint64_t addr, size;
	uint32_t space = model_load32(params + 16);

	(void)object;
	memcpy(&addr, params, sizeof(addr));
	memcpy(&size, params + 8, sizeof(size));
	if (space == 2 && (size > m->fb.size || addr > m->fb.size - size))
		return NV_ERR_INVALID_ARGUMENT;
	return space == 1 || space == 2 ? NV_OK : NV_ERR_INVALID_ARGUMENT;
}
