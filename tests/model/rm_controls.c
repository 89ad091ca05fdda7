/* SPDX-License-Identifier: MIT */
/*
 * RM controls: which there are, on objects of which class, and how large their parameters are.
 *
 * What is not in the table is not supported; the log says so, once for each question.
 *
 * Sources: OGKM ctrl/ctrl0073/ctrl0073{system,specific,dp}.h, ctrl0080dma.h, ctrl/ctrl2080/ctrl2080{gpu,fifo,gr,internal}.h of each release; rs_resource.c,
 * resControlLookup (order of the checks and their status).
 */
#include "gsp.h"
#include "rm.h"
#include "trace.h"

/* Taken note of, with nothing to answer. */
static uint32_t accept_it(struct model *m, const struct rm_object *object, uint8_t *params)
{
	(void)m;
	(void)object;
	(void)params;
	return NV_OK;
}

#define AT(field) offsetof(struct gsp_layout, field)

/* Some were renumbered, or moved from RM's internal controls to the public ones. */
#define ALWAYS	 0, ~0u
#define UP_TO(b) 0, (b)
#define FROM(b)	 (b), ~0u

static const struct rm_control {
	uint32_t cmd;
	uint32_t class_id;
	uint32_t params;  /* sizeof, where all releases agree; else 0, and: */
	size_t params_at; /* where struct gsp_layout has it */
	rm_control_fn fn;
	uint32_t first, last; /* branch that has it */
} controls[] = {
	/* NV0073_CTRL_CMD_SYSTEM_GET_NUM_HEADS, _GET_SUPPORTED; SPECIFIC_GET_ALL_HEAD_MASK */
	{0x00730102, NV04_DISPLAY_COMMON, 12, 0, model_rm_display_heads, ALWAYS},
	{0x00730120, NV04_DISPLAY_COMMON, 12, 0, model_rm_display_none, UP_TO(550)},
	{0x00730107, NV04_DISPLAY_COMMON, 12, 0, model_rm_display_none, FROM(570)},
	{0x00730287, NV04_DISPLAY_COMMON, 8, 0, model_rm_display_none, ALWAYS},
	/* NV0073_CTRL_CMD_DP_SET_MANUAL_DISPLAYPORT */
	{0x00731365, NV04_DISPLAY_COMMON, 4, 0, accept_it, ALWAYS},
	/* NV0080_CTRL_CMD_DMA_SET_PAGE_DIRECTORY, _UNSET_PAGE_DIRECTORY */
	{0x00801813, NV01_DEVICE_0, 32, 0, model_rm_set_directory, ALWAYS},
	{0x00801814, NV01_DEVICE_0, 8, 0, model_rm_unset_directory, ALWAYS},
	/* NV0080, NV2080_CTRL_CMD_INTERNAL_KGR_INIT_BUG4208224_WAR */
	{0x00802046, NV01_DEVICE_0, 1, 0, model_rm_standby, 550, 550},
	{0x20800a46, NV20_SUBDEVICE_0, 1, 0, model_rm_standby, UP_TO(535)},
	{0x20800a46, NV20_SUBDEVICE_0, 1, 0, model_rm_standby, FROM(570)},
	/* NV2080_CTRL_CMD_GPU_PROMOTE_CTX, _GET_ENGINES_V2 */
	{0x2080012b, NV20_SUBDEVICE_0, 560, 0, model_rm_promote, ALWAYS},
	/* NV2080_CTRL_CMD_GPU_GET_FERMI_GPC_INFO, _TPC_INFO */
	{0x20800137, NV20_SUBDEVICE_0, 4, 0, model_rm_gpcs, ALWAYS},
	{0x20800138, NV20_SUBDEVICE_0, 8, 0, model_rm_tpcs, ALWAYS},
	{0x20800170, NV20_SUBDEVICE_0, 0, AT(engines_v2), model_rm_get_engines_v2, ALWAYS},
	/* NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION */
	{0x20800301, NV20_SUBDEVICE_0, 20, 0, accept_it, ALWAYS},
	/* NV2080_CTRL_CMD_INTERNAL_DISPLAY_GET_STATIC_INFO */
	{0x20800a01, NV20_SUBDEVICE_0, 0, AT(display_info), model_rm_display_info, ALWAYS},
	/* NV2080_CTRL_CMD_INTERNAL_STATIC_KGR_GET_CONTEXT_BUFFERS_INFO */
	{0x20800a32, NV20_SUBDEVICE_0, 0, AT(gr_buffers), model_rm_gr_buffers, ALWAYS},
	/* NV2080_CTRL_CMD_INTERNAL_GET_CONSTRUCTED_FALCON_INFO, then _GPU_ */
	{0x20800a42, NV20_SUBDEVICE_0, 1284, 0, model_rm_falcons, UP_TO(535)},
	{0x208001b0, NV20_SUBDEVICE_0, 1284, 0, model_rm_falcons, FROM(550)},
	/* NV2080_CTRL_CMD_INTERNAL_DISPLAY_WRITE_INST_MEM */
	{0x20800a49, NV20_SUBDEVICE_0, 24, 0, model_rm_display_instance, ALWAYS},
	/* NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE */
	{0x20800a5c, NV20_SUBDEVICE_0, 2068, 0, model_rm_get_intr_table, ALWAYS},
	/* NV2080_CTRL_CMD_INTERNAL_INIT_BRIGHTC_STATE_LOAD */
	{0x20800ac6, NV20_SUBDEVICE_0, 4104, 0, accept_it, ALWAYS},
	/* NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS, _GET_DEVICE_INFO_TABLE */
	{0x2080110b, NV20_SUBDEVICE_0, 536, 0, model_rm_stop_channels, ALWAYS},
	{0x20801112, NV20_SUBDEVICE_0, 3212, 0, model_rm_get_device_info, ALWAYS},
	/* NV2080_CTRL_CMD_GR_GET_ZCULL_INFO */
	{0x20801206, NV20_SUBDEVICE_0, 40, 0, model_rm_zcull, ALWAYS},
	/* NV2080_CTRL_CMD_CE_GET_FAULT_METHOD_BUFFER_SIZE */
	{0x20802a08, NV20_SUBDEVICE_0, 4, 0, model_rm_method_buffer, ALWAYS},
	/* NV90F1_CTRL_CMD_VASPACE_COPY_SERVER_RESERVED_PDES */
	{0x90f10106, FERMI_VASPACE_A, 184, 0, model_rm_reserved_pdes, ALWAYS},
	/* NVA06C_CTRL_CMD_GPFIFO_SCHEDULE, _BIND, _SET_TIMESLICE, _GET_TIMESLICE, _PREEMPT, _GET_INFO */
	{0xa06c0101, KEPLER_CHANNEL_GROUP_A, 2, 0, model_rm_group_schedule, ALWAYS},
	{0xa06c0102, KEPLER_CHANNEL_GROUP_A, 4, 0, model_rm_group_bind, ALWAYS},
	{0xa06c0103, KEPLER_CHANNEL_GROUP_A, 8, 0, model_rm_group_set_timeslice, ALWAYS},
	{0xa06c0104, KEPLER_CHANNEL_GROUP_A, 8, 0, model_rm_group_get_timeslice, ALWAYS},
	{0xa06c0105, KEPLER_CHANNEL_GROUP_A, 8, 0, model_rm_group_preempt, ALWAYS},
	{0xa06c0106, KEPLER_CHANNEL_GROUP_A, 4, 0, model_rm_group_info, ALWAYS},
	/* NVA06C_CTRL_CMD_INTERNAL_PROMOTE_FAULT_METHOD_BUFFERS */
	{0xa06c010a, KEPLER_CHANNEL_GROUP_A, 88, 0, model_rm_group_method_buffers, ALWAYS},
	/* NVA06F_CTRL_CMD_GPFIFO_SCHEDULE, _BIND */
	{0xa06f0103, AMPERE_CHANNEL_GPFIFO_A, 2, 0, model_rm_channel_schedule, ALWAYS},
	{0xa06f0104, AMPERE_CHANNEL_GPFIFO_A, 4, 0, model_rm_channel_bind, ALWAYS},
};

static uint32_t params_size(const struct gsp_layout *l, const struct rm_control *c)
{
	return c->params ? c->params
			 : *(const uint32_t *)(const void *)((const uint8_t *)l + c->params_at);
}

uint32_t model_rm_control(struct model *m, uint32_t client, uint32_t handle, uint32_t cmd,
			  uint8_t *params, uint32_t size)
{
	const struct model_rm *rm = &m->gsp_rm->rm;
	uint32_t branch = m->gsp_rm->layout->branch;
	const struct rm_object *object;
	uint64_t refused;
	uint32_t status;

	if (!model_rm_find(rm, client, client))
		return NV_ERR_INVALID_OBJECT_HANDLE;
	object = model_rm_find(rm, client, handle);
	if (!object)
		return NV_ERR_OBJECT_NOT_FOUND;
	for (size_t i = 0; i < sizeof(controls) / sizeof(controls[0]); i++) {
		const struct rm_control *c = &controls[i];

		if (c->cmd != cmd || c->class_id != object->class_id)
			continue;
		if (branch < c->first || branch > c->last)
			continue;
		if (size != params_size(m->gsp_rm->layout, c))
			return NV_ERR_INVALID_PARAM_STRUCT;
		model_trace(m, MODEL_TRACE_CONTROL, cmd);
		if (model_fault_value(m, MODEL_CONTROL_REFUSED, &refused) && refused == cmd)
			return NV_ERR_GENERIC;
		status = c->fn(m, object, params);
		model_fault_apply(m, MODEL_FLIP_CONTROL, (uint64_t)cmd << 32, params, size);
		return status;
	}
	model_log(m, "GSP stand-in: control 0x%08x on an object of class 0x%04x is not known", cmd,
		  object->class_id);
	return NV_ERR_NOT_SUPPORTED;
}
