/* SPDX-License-Identifier: MIT */
/*
 * fw_controls.c - the controls of the conversation. What a control brings is compared with agreed.h,
 * what it takes back comes from there.
 */
#include "firmware.h"

static NvU32 set_notification(void *params, struct fw_later *later)
{
	NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS *p = params;

	if (p->event >= NV2080_NOTIFIERS_MAXCOUNT)
		return fw_refuse(NV_ERR_INVALID_INDEX, "notifier %u", p->event);
	SAME(p->action, NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_REPEAT);
	later->notifier = p->event;
	later->notify = NV_TRUE;
	return NV_OK;
}

static NvU32 fb_regions(void *params, struct fw_later *later)
{
	NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS *all = params;

	(void)later;
	all->numFBRegions = A_REGIONS;
	for (NvU32 i = 0; i < A_REGIONS; i++) {
		NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO *p = &all->fbRegion[i];

		SET_AT(base, i);
		SET_AT(limit, i);
		SET_AT(reserved, i);
		SET_AT(performance, i);
		SET_AT(supportCompressed, i);
		SET_AT(supportISO, i);
		SET_AT(bProtected, i);
	}
	return NV_OK;
}

static NvU32 interrupts(void *params, struct fw_later *later)
{
	NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS *all = params;

	(void)later;
	all->tableLen = A_INTERRUPTS;
	for (NvU32 i = 0; i < A_INTERRUPTS; i++) {
		NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY *p = &all->table[i];

		SET_AT(engineIdx, i);
		SET_AT(pmcIntrMask, i);
		SET_AT(vectorStall, i);
		SET_AT(vectorNonStall, i);
	}
	return NV_OK;
}

static NvU32 segment_size(void *params, struct fw_later *later)
{
	NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE_PARAMS *p = params;

	(void)later;
	SET(vmmuSegmentSize);
	fw_error_log(); /* before the answer: an event in the middle of a call */
	return NV_OK;
}

static NvU32 devices(void *params, struct fw_later *later)
{
	NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS *all = params;

	later->channel = NV_TRUE;
	SAME(all->baseIndex, A_DEVICE_BASE);
	all->numEntries = A_DEVICES;
	all->bMore = NV_TRUE;
	for (NvU32 i = 0; i < A_DEVICES; i++) {
		NV2080_CTRL_FIFO_DEVICE_ENTRY *p = &all->entries[i];

		SET_ALL_AT(engineData, i);
		SET_ALL_AT(pbdmaIds, i);
		SET_ALL_AT(pbdmaFaultIds, i);
		SET_AT(numPbdmas, i);
		SET_ALL_AT(engineName, i);
	}
	return NV_OK;
}

static NvU32 promote(void *params, struct fw_later *later)
{
	NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS *p = params;

	(void)later;
	IS(engineType);
	IS(hClient);
	IS(ChID);
	IS(hChanClient);
	IS(hObject);
	IS(hVirtMemory);
	IS(virtAddress);
	IS(size);
	SAME(p->entryCount, A_BUFFERS);
	for (NvU32 i = 0; i < A_BUFFERS; i++) {
		NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS *all = params;
		NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY *p = &all->promoteEntry[i];

		IS_AT(gpuPhysAddr, i);
		IS_AT(gpuVirtAddr, i);
		IS_AT(size, i);
		IS_AT(physAttr, i);
		IS_AT(bufferId, i);
		IS_AT(bInitialize, i);
		IS_AT(bNonmapped, i);
	}
	return NV_OK;
}

static NvU32 disable_channels(void *params, struct fw_later *later)
{
	NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS *p = params;

	(void)later;
	IS(bDisable);
	IS(numChannels);
	IS(bOnlyDisableScheduling);
	IS(bRewindGpPut);
	IS_ALL(hClientList);
	IS_ALL(hChannelList);
	return NV_OK;
}

static NvU32 bootload(void *params, struct fw_later *later)
{
	NV2080_CTRL_VGPU_MGR_INTERNAL_BOOTLOAD_GSP_VGPU_PLUGIN_TASK_PARAMS *p = params;

	(void)later;
	IS(dbdf);
	IS(gfid);
	IS(vgpuType);
	IS(vmPid);
	IS(swizzId);
	IS(numChannels);
	IS(numPluginChannels);
	IS_ALL(chidOffset);
	IS(numGuestFbSegments);
	IS_ALL(guestFbPhysAddrList);
	IS_ALL(guestFbLengthList);
	IS(pluginHeapMemoryPhysAddr);
	IS(pluginHeapMemoryLength);
	IS(ctrlBuffOffset);
	return NV_OK;
}

static NvU32 add_types(void *params, struct fw_later *later)
{
	NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS *p = params;
	NvU8 *bytes = (void *)p->vgpuInfo;

	(void)later;
	SAME(p->discardVgpuTypes, NV_TRUE);
	SAME(p->vgpuInfoCount, NVA081_MAX_VGPU_TYPES_PER_PGPU);
	for (NvU32 i = 0; i < sizeof(p->vgpuInfo); i++) {
		if (bytes[i] != A_LARGE_OUT(i))
			return fw_refuse(NV_ERR_INVALID_DATA, "byte %u of %u is 0x%02x, not 0x%02x",
					 i, (NvU32)sizeof(p->vgpuInfo), bytes[i], A_LARGE_OUT(i));
		bytes[i] = A_LARGE_BACK(i);
	}
	p->discardVgpuTypes = NV_FALSE;
	return NV_OK;
}

static NvU32 bind(void *params, struct fw_later *later)
{
	NVA06F_CTRL_BIND_PARAMS *p = params;

	(void)later;
	IS(engineType);
	return NV_OK;
}

static NvU32 schedule(void *params, struct fw_later *later)
{
	NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS *p = params;

	(void)later;
	IS(bEnable);
	IS(bSkipSubmit);
	return NV_OK;
}

static NvU32 timeslice(void *params, struct fw_later *later)
{
	NVA06C_CTRL_TIMESLICE_PARAMS *p = params;

	(void)later;
	IS(timesliceUs);
	return NV_OK;
}

static NvU32 preempt(void *params, struct fw_later *later)
{
	NVA06C_CTRL_PREEMPT_PARAMS *p = params;

	(void)later;
	IS(bWait);
	IS(bManualTimeout);
	IS(timeoutUs);
	return NV_OK;
}

static const struct {
	NvU32 cmd, class, size;
	NvU32 (*run)(void *params, struct fw_later *later);
} controls[] = {
	{NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS), set_notification},
	{NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS), fb_regions},
	{NV2080_CTRL_CMD_INTERNAL_INTR_GET_KERNEL_TABLE, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS), interrupts},
	{NV2080_CTRL_CMD_GPU_GET_VMMU_SEGMENT_SIZE, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_GPU_GET_VMMU_SEGMENT_SIZE_PARAMS), segment_size},
	{NV2080_CTRL_CMD_FIFO_GET_DEVICE_INFO_TABLE, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_FIFO_GET_DEVICE_INFO_TABLE_PARAMS), devices},
	{NV2080_CTRL_CMD_GPU_PROMOTE_CTX, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS), promote},
	{NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS), disable_channels},
	{NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_BOOTLOAD_GSP_VGPU_PLUGIN_TASK, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_VGPU_MGR_INTERNAL_BOOTLOAD_GSP_VGPU_PLUGIN_TASK_PARAMS), bootload},
	{NV2080_CTRL_CMD_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE, NV20_SUBDEVICE_0,
	 sizeof(NV2080_CTRL_VGPU_MGR_INTERNAL_PGPU_ADD_VGPU_TYPE_PARAMS), add_types},
	{NVA06F_CTRL_CMD_BIND, TURING_CHANNEL_GPFIFO_A, sizeof(NVA06F_CTRL_BIND_PARAMS), bind},
	{NVA06F_CTRL_CMD_GPFIFO_SCHEDULE, TURING_CHANNEL_GPFIFO_A,
	 sizeof(NVA06F_CTRL_GPFIFO_SCHEDULE_PARAMS), schedule},
	{NVA06C_CTRL_CMD_SET_TIMESLICE, KEPLER_CHANNEL_GROUP_A,
	 sizeof(NVA06C_CTRL_TIMESLICE_PARAMS), timeslice},
	{NVA06C_CTRL_CMD_PREEMPT, KEPLER_CHANNEL_GROUP_A, sizeof(NVA06C_CTRL_PREEMPT_PARAMS),
	 preempt},
};

NvU32 fw_run_control(NvU32 cmd, NvU32 class, void *params, NvU32 size, struct fw_later *later)
{
	for (NvU32 i = 0; i < NV_ARRAY_ELEMENTS(controls); i++) {
		if (controls[i].cmd != cmd)
			continue;
		if (class != controls[i].class)
			return fw_refuse(NV_ERR_INVALID_COMMAND, "control 0x%x of class 0x%x", cmd,
					 class);
		if (size != controls[i].size)
			return fw_refuse(NV_ERR_INVALID_PARAM_STRUCT,
					 "control 0x%x: %u bytes, not %u", cmd, size,
					 controls[i].size);
		return controls[i].run(params, later);
	}
	return fw_refuse(NV_ERR_NOT_SUPPORTED, "control 0x%x", cmd);
}
