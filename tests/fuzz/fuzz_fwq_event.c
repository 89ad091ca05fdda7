/* SPDX-License-Identifier: MIT */
/*
 * fuzz_fwq_event.c - any payload as any event, by the packs of the tree and by packs that lie.
 *
 * Input: which pack and how many lies about it, the lies, the event's number, the payload; libFuzzer's
 * block ends where the payload does, so a read beyond it is seen.
 *
 * COVERS: fwq/event.c fwq/status.c
 */
#include <errno.h>

#include "fwq/status.h"
#include "tests/fuzz/fwq_event_check.h"
#include "tests/fuzz/fwq_lying_pack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct lie about[] = {
	LIE_ABOUT(rpc_run_cpu_sequencer_v, bufferSizeDWord, commandBuffer),
	LIE_ABOUT(rpc_post_event_v, hClient, eventData),
	LIE_ABOUT(rpc_rc_triggered_v, nv2080EngineType, rcJournalBuffer),
	LIE_ABOUT(rpc_os_error_log_v, exceptType, preemptiveRemovalPreviousXid),
	LIE_ABOUT(rpc_ucode_libos_print_v, ucodeEngDesc, libosPrintBuf),
	LIE_ABOUT(rpc_gsp_lockdown_notice_v, bLockdownEngaging, bLockdownEngaging),
	LIE_ABOUT(rpc_vgpu_gsp_plugin_triggered_v, gfid, notifyIndex),
	LIE_ABOUT(rpc_perf_bridgeless_info_update_v, bBridgeless, bBridgeless),
	LIE_ABOUT(rpc_gsp_post_nocat_record_v, data, data),
	LIE_ABOUT(rpc_load_exec_generic_bootloader_v, data, data),
	LIE_ABOUT(GspLoadExecGenericBootloaderParams, dmemDesc, cpuCacheAttrib),
	LIE_ABOUT(rpc_load_exec_hs_binary_v, data, data),
	LIE_ABOUT(GspLoadExecHsBinaryParams, imemPhysAddr, ucodeId),
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fwq_event ev;
	const struct fwq_pack *pack;
	unsigned int lies;
	uint32_t function;
	int ret;

	if (size < 2)
		return 0;
	pack = &fwq_packs[data[0] % fwq_packs_count];
	lies = data[0] >> 5;
	data++;
	size--;
	pack = lie_about(pack, lies, about, sizeof(about) / sizeof(about[0]), &data, &size);
	function = 0x1000 + *data++;
	size--;

	memset(&ev, 0xa5, sizeof(ev));
	ret = fwq_event_decode(pack, function, data, (uint32_t)size, &ev);
	must(ret == 0 || ret == -EPROTO || ret == -ENOENT);
	/* Of the releases only 595 names an event, the sequencer's, without a structure for it. */
	must(ret != -ENOENT || lies || ev.kind == FWQ_EVENT_RUN_CPU_SEQUENCER);
	must(ev.function == function);
	if (!ret)
		check_event(&ev, data, (uint32_t)size);
	/* A status as firmware may send it. */
	if (!ret && ev.kind == FWQ_EVENT_POST_EVENT)
		must(fwq_status_errno(pack, ev.post.status) <= 0 &&
		     (fwq_status_name(pack, ev.post.status) ||
		      fwq_status_errno(pack, ev.post.status) == -EIO));
	return 0;
}
