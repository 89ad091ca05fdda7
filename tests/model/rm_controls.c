/* SPDX-License-Identifier: MIT */
/*
 * RM controls: which there are, on objects of which class, and how large their parameters are.
 *
 * What is not in the table is not supported; the log says so, once for each question.
 *
 * Sources: OGKM ctrl/ctrl2080/ctrl2080{gpu,fifo,internal}.h of each release; rs_resource.c,
 * resControlLookup (order of the checks and their status).
 */
#include "gsp.h"
#include "rm.h"

static const struct rm_control {
	uint32_t cmd;
	uint32_t class_id;
	uint32_t params;  /* sizeof, where all releases agree; else 0, and: */
	size_t params_at; /* where struct gsp_layout has it */
	rm_control_fn fn;
} controls[] = {
	/* NV2080_CTRL_CMD_GPU_GET_ENGINES_V2 */
	{0x20800170, NV20_SUBDEVICE_0, 0, offsetof(struct gsp_layout, engines_v2),
	 model_rm_get_engines_v2},
	/* NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE */
	{0x20800a5c, NV20_SUBDEVICE_0, 2068, 0, model_rm_get_intr_table},
	/* NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE */
	{0x20801112, NV20_SUBDEVICE_0, 3212, 0, model_rm_get_device_info},
};

static uint32_t params_size(const struct gsp_layout *l, const struct rm_control *c)
{
	return c->params ? c->params : *(const uint32_t *)((const uint8_t *)l + c->params_at);
}

uint32_t model_rm_control(struct model *m, uint32_t client, uint32_t handle, uint32_t cmd,
			  uint8_t *params, uint32_t size)
{
	const struct model_rm *rm = &m->gsp_rm->rm;
	const struct rm_object *object;

	if (!model_rm_find(rm, client, client))
		return NV_ERR_INVALID_OBJECT_HANDLE;
	object = model_rm_find(rm, client, handle);
	if (!object)
		return NV_ERR_OBJECT_NOT_FOUND;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		const struct rm_control *c = &controls[i];

		if (c->cmd != cmd || c->class_id != object->class_id)
			continue;
		if (size != params_size(m->gsp_rm->layout, c))
			return NV_ERR_INVALID_PARAM_STRUCT;
		return c->fn(m, object, params);
	}
	model_log(m, "GSP stand-in: control 0x%08x on an object of class 0x%04x is not known", cmd,
		  object->class_id);
	return NV_ERR_NOT_SUPPORTED;
}
