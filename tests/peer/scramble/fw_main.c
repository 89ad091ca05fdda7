/* SPDX-License-Identifier: MIT */
/*
 * fw_main.c - firmware of a release that exists only as the headers this was compiled against.
 *
 *	responder MEMORY-FD DOORBELL-FD INTERRUPT-FD ECHO
 *
 * It boots as GSP-RM does as far as the queues are concerned: waits for the system information and the
 * registry, has the CPU run a script, says that it is ready, and answers calls until it is unloaded.
 * Exit: 0 unloaded with nothing left; 3 fw_die(). ECHO 1: replies repeat their call's sequence number.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "firmware.h"

static struct fw_options opt;
static NvU32 replies;

void fw_answer(const struct fw_call *c, NvU32 result, void (*between)(NvU32 record))
{
	/* Firmware that does not repeat the number counts its own. */
	NvU32 sequence = opt.echo ? c->sequence : 0x40000000u + replies;

	replies++;
	fw_send(c->function, sequence, result, c->data, c->len, between);
}

/* ---------------------------------------------------------------- events */

void fw_notify(NvU32 client, NvU32 event, NvU32 notifier, NvBool all)
{
	static const char text[] = A_NOTIFY_TEXT;
	NvU64 room[(sizeof(rpc_post_event_v) + sizeof(text)) / sizeof(NvU64) + 1] = {0};
	rpc_post_event_v *p = (void *)room;

	p->hClient = client;
	p->hEvent = event;
	p->notifyIndex = notifier;
	SET(data);
	SET(info16);
	p->status = NV_WARN_MORE_PROCESSING_REQUIRED;
	p->eventDataSize = sizeof(text);
	p->bNotifyList = all;
	memcpy(p->eventData, text, sizeof(text));
	fw_event(NV_VGPU_MSG_EVENT_POST_EVENT, p, sizeof(*p) + sizeof(text));
}

void fw_error_log(void)
{
	rpc_os_error_log_v e = {0}, *p = &e;

	SET(exceptType);
	SET(runlistId);
	SET(chid);
	strcpy(p->errString, A_XID_TEXT);
	fw_event(NV_VGPU_MSG_EVENT_OS_ERROR_LOG, p, sizeof(*p));
}

void fw_channel_error(void)
{
	static const char journal[] = A_JOURNAL, print[] = A_PRINT;
	NvU64 room[sizeof(rpc_rc_triggered_v) + sizeof(journal)] = {0};
	NvU64 printed[sizeof(rpc_ucode_libos_print_v) + sizeof(print)] = {0};
	rpc_vgpu_gsp_plugin_triggered_v triggered = {0};
	rpc_gsp_lockdown_notice_v lockdown = {.bLockdownEngaging = NV_TRUE};
	rpc_ucode_libos_print_v *u = (void *)printed;

	{
		rpc_rc_triggered_v *p = (void *)room;

		SET(nv2080EngineType);
		SET(chid);
		SET(gfid);
		SET(exceptType);
		SET(scope);
		SET(partitionAttributionId);
		p->rcJournalBufferSize = sizeof(journal);
		memcpy(p->rcJournalBuffer, journal, sizeof(journal));
		fw_event(NV_VGPU_MSG_EVENT_RC_TRIGGERED, p, sizeof(*p) + sizeof(journal));
	}
	{
		rpc_vgpu_gsp_plugin_triggered_v *p = &triggered;

		SET(gfid);
		SET(notifyIndex);
		fw_event(NV_VGPU_MSG_EVENT_VGPU_GSP_PLUGIN_TRIGGERED, p, sizeof(*p));
	}
	u->ucodeEngDesc = 7;
	u->libosPrintBufSize = sizeof(print);
	memcpy(u->libosPrintBuf, print, sizeof(print));
	fw_event(NV_VGPU_MSG_EVENT_UCODE_LIBOS_PRINT, u, sizeof(*u) + sizeof(print));
	fw_event(NV_VGPU_MSG_EVENT_GSP_LOCKDOWN_NOTICE, &lockdown, sizeof(lockdown));
}

/* ---------------------------------------------------------------- boot */

static void receive(struct fw_call *c, NvU32 function, NvU32 least)
{
	fw_receive(c);
	if (c->function != function || c->len < least)
		fw_die("function %u with %u bytes, not function %u with %u", c->function, c->len,
		       function, least);
}

static NvU32 check_arguments(const GSP_ARGUMENTS_CACHED *p)
{
	IS(srInitArguments.oldLevel);
	IS(srInitArguments.flags);
	IS(srInitArguments.bInPMTransition);
	IS(gpuInstance);
	IS(profilerArgs.pa);
	IS(profilerArgs.size);
	return NV_OK;
}

static NvU32 check_system_info(const GspSystemInfo *p)
{
	IS(gpuPhysAddr);
	IS(gpuPhysFbAddr);
	IS(gpuPhysInstAddr);
	IS(nvDomainBusDeviceFunc);
	IS(simAccessBufPhysAddr);
	IS(pcieAtomicsOpMask);
	IS(consoleMemSize);
	IS(maxUserVa);
	IS(pciConfigMirrorBase);
	IS(pciConfigMirrorSize);
	IS(clPdbProperties);
	IS(Chipset);
	IS(bGpuBehindBridge);
	IS(bMnocAvailable);
	IS(hypervisorType);
	IS(bIsPassthru);
	IS(sysTimerOffsetNs);
	IS(gspVFInfo.totalVFs);
	IS(gspVFInfo.firstVFOffset);
	IS(gspVFInfo.FirstVFBar0Address);
	IS(gspVFInfo.FirstVFBar1Address);
	IS(gspVFInfo.FirstVFBar2Address);
	IS(bTdrEventSupported);
	SAME(p->oorArch, 0); /* the driver knows nothing of it */
	return NV_OK;
}

static void system_info(void)
{
	struct fw_call c;

	receive(&c, NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO, sizeof(GspSystemInfo));
	fw_expect("bytes of system information", c.len, sizeof(GspSystemInfo));
	if (check_system_info((const void *)c.data) != NV_OK)
		fw_die("no boot with this system information");
}

static void registry(void)
{
	static const struct {
		const char *name;
		NvU32 data;
	} want[] = {{A_REGISTRY_NAME_0, A_REGISTRY_DATA_0}, {A_REGISTRY_NAME_1, A_REGISTRY_DATA_1}};
	const PACKED_REGISTRY_TABLE *t;
	struct fw_call c;

	receive(&c, NV_VGPU_MSG_FUNCTION_SET_REGISTRY, sizeof(*t));
	t = (const void *)c.data;
	fw_expect("size of the registry", t->size, c.len);
	fw_expect("registry entries", t->numEntries, NV_ARRAY_ELEMENTS(want));
	for (NvU32 i = 0; i < t->numEntries; i++) {
		const PACKED_REGISTRY_ENTRY *e = &t->entries[i];
		const char *name = (const char *)c.data + e->nameOffset;

		if (e->nameOffset >= c.len ||
		    strnlen(name, c.len - e->nameOffset) == c.len - e->nameOffset ||
		    strcmp(name, want[i].name) != 0)
			fw_die("registry entry %u is not %s", i, want[i].name);
		fw_expect(name, e->data, want[i].data);
		fw_expect("registry type", e->type, REGISTRY_TABLE_ENTRY_TYPE_DWORD);
		fw_expect("registry length", e->length, sizeof(NvU32));
	}
}

/* A command: its opcode and then its payload, which has the size that the vendor's macro says. */
static void command(rpc_run_cpu_sequencer_v *r, NvU32 opcode, const void *payload)
{
	NvU32 words = GSP_SEQUENCER_PAYLOAD_SIZE_DWORDS(opcode);

	r->commandBuffer[r->cmdIndex++] = opcode;
	memcpy(&r->commandBuffer[r->cmdIndex], payload, words * sizeof(NvU32));
	r->cmdIndex += words;
}

static void script(void)
{
	enum { WORDS = 256 };
	static NvU64 room[(sizeof(rpc_run_cpu_sequencer_v) + WORDS * sizeof(NvU32)) / 8 + 1];
	rpc_run_cpu_sequencer_v *r = (void *)room;
	GSP_SEQ_BUF_PAYLOAD_REG_WRITE write = {.addr = A_WRITE_ADDR, .val = A_WRITE_VAL};
	GSP_SEQ_BUF_PAYLOAD_REG_MODIFY modify = {
		.addr = A_MODIFY_ADDR, .mask = A_MODIFY_MASK, .val = A_MODIFY_VAL};
	GSP_SEQ_BUF_PAYLOAD_REG_POLL poll = {.addr = A_POLL_ADDR,
					     .mask = A_POLL_MASK,
					     .val = A_POLL_VAL,
					     .timeout = A_POLL_TIMEOUT,
					     .error = A_POLL_ERROR};
	GSP_SEQ_BUF_PAYLOAD_DELAY_US delay = {.val = A_DELAY};
	GSP_SEQ_BUF_PAYLOAD_REG_STORE store = {.addr = A_STORE_ADDR, .index = A_STORE_INDEX};

	r->bufferSizeDWord = WORDS;
	command(r, GSP_SEQ_BUF_OPCODE_CORE_RESET, NULL);
	command(r, GSP_SEQ_BUF_OPCODE_REG_WRITE, &write);
	command(r, GSP_SEQ_BUF_OPCODE_REG_MODIFY, &modify);
	command(r, GSP_SEQ_BUF_OPCODE_DELAY_US, &delay);
	command(r, GSP_SEQ_BUF_OPCODE_CORE_START, NULL);
	command(r, GSP_SEQ_BUF_OPCODE_REG_POLL, &poll);
	command(r, GSP_SEQ_BUF_OPCODE_CORE_WAIT_FOR_HALT, NULL);
	command(r, GSP_SEQ_BUF_OPCODE_REG_STORE, &store);
	command(r, GSP_SEQ_BUF_OPCODE_CORE_RESUME, NULL);
	fw_event(NV_VGPU_MSG_EVENT_GSP_RUN_CPU_SEQUENCER, r,
		 sizeof(*r) + r->cmdIndex * sizeof(NvU32));
}

/* ---------------------------------------------------------------- plain calls */

static NvU32 static_info(void *payload)
{
	GspStaticConfigInfo *p = payload;

	SET(fb_length);
	SET(fbio_mask);
	SET(fb_bus_width);
	SET(fb_ram_type);
	SET(fbp_mask);
	SET(l2_cache_size);
	SET_ALL_AT(gpuNameString, 0);
	SET(bar1PdeBase);
	SET(bar2PdeBase);
	SET(sriovMaxGfid);
	SET(hInternalClient);
	SET(hInternalDevice);
	SET(hInternalSubdevice);
	SET(poisonFuseEnabled);
	p->fbRegionInfoParams.numFBRegions = A_REGIONS;
	return NV_OK;
}

static NvU32 set_page_directory(void *payload)
{
	rpc_set_page_directory_v *p = payload;

	IS(hClient);
	IS(hDevice);
	IS(pasid);
	IS(params.physAddress);
	IS(params.numEntries);
	IS(params.flags);
	IS(params.hVASpace);
	IS(params.chId);
	IS(params.subDeviceId);
	IS(params.pasid);
	return NV_OK;
}

static NvU32 unset_page_directory(void *payload)
{
	rpc_unset_page_directory_v *p = payload;

	IS(hClient);
	IS(hDevice);
	IS(params.hVASpace);
	IS(params.subDeviceId);
	return NV_OK;
}

static NvU32 update_bar(void *payload)
{
	rpc_update_bar_pde_v *p = payload;

	IS(info.barType);
	IS(info.entryValue);
	IS(info.entryLevelShift);
	return NV_OK;
}

static NvU32 unload(void *payload)
{
	rpc_unloading_guest_driver_v *p = payload;

	IS(bInPMTransition);
	IS(bGc6Entering);
	IS(newLevel);
	return NV_OK;
}

static const struct {
	NvU32 function, size;
	NvU32 (*run)(void *payload);
} plain[] = {
	{NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO, sizeof(GspStaticConfigInfo), static_info},
	{NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY, sizeof(rpc_set_page_directory_v),
	 set_page_directory},
	{NV_VGPU_MSG_FUNCTION_UNSET_PAGE_DIRECTORY, sizeof(rpc_unset_page_directory_v),
	 unset_page_directory},
	{NV_VGPU_MSG_FUNCTION_UPDATE_BAR_PDE, sizeof(rpc_update_bar_pde_v), update_bar},
	{NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER, sizeof(rpc_unloading_guest_driver_v), unload},
};

static void plain_call(struct fw_call *c)
{
	for (NvU32 i = 0; i < NV_ARRAY_ELEMENTS(plain); i++)
		if (plain[i].function == c->function) {
			fw_expect("bytes of a plain call", c->len, plain[i].size);
			fw_answer(c, plain[i].run(c->data), NULL);
			return;
		}
	fw_answer(c, fw_refuse(NV_VGPU_MSG_RESULT_RPC_UNKNOWN_FUNCTION, "function %u", c->function),
		  NULL);
}

/* ---------------------------------------------------------------- */

static void boot(void)
{
	rpc_init_done_v done = {0};

	if (check_arguments(fw_attach(&opt)) != NV_OK)
		fw_die("no boot with these arguments");
	system_info();
	registry();
	script();
	fw_event(NV_VGPU_MSG_EVENT_GSP_INIT_DONE, &done, sizeof(done));
}

int main(int argc, char **argv)
{
	NvU32 calls = 0;
	struct fw_call c;

	if (argc != 5) {
		fprintf(stderr, "usage: responder MEMORY-FD DOORBELL-FD INTERRUPT-FD ECHO\n");
		return 2;
	}
	opt = (struct fw_options){.memory = atoi(argv[1]),
				  .doorbell = atoi(argv[2]),
				  .interrupt = atoi(argv[3]),
				  .echo = atoi(argv[4])};
	boot();
	do {
		fw_receive(&c);
		calls++;
		switch (c.function) {
		case NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC:
			fw_alloc(&c);
			break;
		case NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL:
			fw_control(&c);
			break;
		case NV_VGPU_MSG_FUNCTION_FREE:
			fw_free(&c);
			break;
		case NV_VGPU_MSG_FUNCTION_DUP_OBJECT:
			fw_dup(&c);
			break;
		default:
			plain_call(&c);
		}
	} while (c.function != NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER);
	printf("firmware %s: %u calls, %u refused, %u objects left\n", NV_VERSION_STRING, calls,
	       fw_refused, fw_objects());
	return fw_objects() ? 3 : 0;
}
