/* SPDX-License-Identifier: MIT */
/*
 * event.c - one table of events; for each that somebody acts on, a function that reads its payload.
 *
 * Every read goes through a reader, which is bounded by the payload and remembers the first thing that
 * went wrong, so that decoders are lists of fields and the verdict is taken once at the end.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fwq/event.h"

/* ---------------------------------------------------------------- reading a payload */

struct reader {
	const struct fwq_pack *pack;
	const uint8_t *payload;
	uint32_t len;
	int err; /* the first */
};

static void note(struct reader *r, int err)
{
	if (err && !r->err)
		r->err = err == -ENOENT ? -ENOENT : -EPROTO;
}

/* The payload holds the fixed part of a structure. */
static void structure(struct reader *r, enum fwq_struct s)
{
	uint32_t size = fwq_sizeof(r->pack, s);

	note(r, !size ? -ENOENT : r->len < size ? -EPROTO : 0);
}

/* A field that every release with this event has. */
static uint64_t field64(struct reader *r, enum fwq_field f)
{
	uint64_t v = 0;

	note(r, fwq_get(r->pack, f, r->payload, r->len, 0, 0, &v));
	return v;
}

static uint32_t field(struct reader *r, enum fwq_field f)
{
	return (uint32_t)field64(r, f);
}

/* A field that some releases lack. */
static uint32_t optional(struct reader *r, enum fwq_field f, bool *has)
{
	*has = fwq_has_field(r->pack, f);
	return *has ? field(r, f) : 0;
}

/* A field as bytes; everything up to the end of the payload for a flexible array. */
static struct fwq_bytes bytes(struct reader *r, enum fwq_field f)
{
	size_t offset = 0, size = 0;

	note(r, fwq_span(r->pack, f, r->len, 0, &offset, &size));
	return (struct fwq_bytes){r->payload + offset, (uint32_t)size};
}

/* A flexible array whose length another field says. */
static struct fwq_bytes counted(struct reader *r, enum fwq_field f, enum fwq_field count)
{
	struct fwq_bytes b = bytes(r, f);
	uint64_t len = field64(r, count);

	if (len > b.len)
		note(r, -EPROTO);
	else
		b.len = (uint32_t)len;
	return b;
}

static char printable(uint8_t c)
{
	if (c == '\n' || c == '\t')
		return ' ';
	return c >= ' ' && c <= '~' ? (char)c : '?';
}

/* The firmware's text up to its NUL or its end, in printable ASCII, without the blanks it ends with. */
static void text(struct reader *r, enum fwq_field f, char out[FWQ_EVENT_TEXT_MAX + 1])
{
	struct fwq_bytes b = bytes(r, f);
	uint32_t n = 0;

	for (; !r->err && n < b.len && n < FWQ_EVENT_TEXT_MAX && b.at[n]; n++)
		out[n] = printable(b.at[n]);
	while (n && out[n - 1] == ' ')
		n--;
	out[n] = 0;
}

/* ---------------------------------------------------------------- events */

static void init_done(struct reader *r, struct fwq_event *ev)
{
	bool has;

	ev->d3hot = optional(r, FWQ_F_rpc_init_done_v__bIsD3Hot, &has);
}

static void run_cpu_sequencer(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_run_cpu_sequencer_v);
	ev->script = (struct fwq_bytes){r->payload, r->len};
}

static void post_event(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_post_event_v);
	ev->post = (struct fwq_event_post){
		.client = field(r, FWQ_F_rpc_post_event_v__hClient),
		.event = field(r, FWQ_F_rpc_post_event_v__hEvent),
		.notify_index = field(r, FWQ_F_rpc_post_event_v__notifyIndex),
		.data = field(r, FWQ_F_rpc_post_event_v__data),
		.info16 = (uint16_t)field(r, FWQ_F_rpc_post_event_v__info16),
		.status = field(r, FWQ_F_rpc_post_event_v__status),
		.to_list = field(r, FWQ_F_rpc_post_event_v__bNotifyList),
		.event_data = counted(r, FWQ_F_rpc_post_event_v__eventData,
				      FWQ_F_rpc_post_event_v__eventDataSize),
	};
}

/* Five layouts under one name are known; fields that not all of them have are optional. */
static void rc_triggered(struct reader *r, struct fwq_event *ev)
{
	struct fwq_event_rc *rc = &ev->rc;
	bool has;

	structure(r, FWQ_S_rpc_rc_triggered_v);
	*rc = (struct fwq_event_rc){
		.engine = field(r, FWQ_F_rpc_rc_triggered_v__nv2080EngineType),
		.channel = field(r, FWQ_F_rpc_rc_triggered_v__chid),
		.exception = field(r, FWQ_F_rpc_rc_triggered_v__exceptType),
		.scope = field(r, FWQ_F_rpc_rc_triggered_v__scope),
		.partition = (uint16_t)field(r, FWQ_F_rpc_rc_triggered_v__partitionAttributionId),
	};
	rc->gfid = optional(r, FWQ_F_rpc_rc_triggered_v__gfid, &rc->has_gfid);
	rc->level = optional(r, FWQ_F_rpc_rc_triggered_v__exceptLevel, &rc->has_level);
	rc->callback_needed = optional(r, FWQ_F_rpc_rc_triggered_v__bCallbackNeeded, &has);
	rc->fault_address = optional(r, FWQ_F_rpc_rc_triggered_v__mmuFaultAddrLo, &rc->has_fault);
	if (rc->has_fault) {
		rc->fault_address |= (uint64_t)field(r, FWQ_F_rpc_rc_triggered_v__mmuFaultAddrHi)
				     << 32;
		rc->fault_type = field(r, FWQ_F_rpc_rc_triggered_v__mmuFaultType);
	}
	if (fwq_has_field(r->pack, FWQ_F_rpc_rc_triggered_v__rcJournalBuffer))
		rc->journal = counted(r, FWQ_F_rpc_rc_triggered_v__rcJournalBuffer,
				      FWQ_F_rpc_rc_triggered_v__rcJournalBufferSize);
}

static void os_error_log(struct reader *r, struct fwq_event *ev)
{
	struct fwq_event_error *e = &ev->error;

	structure(r, FWQ_S_rpc_os_error_log_v);
	e->xid = field(r, FWQ_F_rpc_os_error_log_v__exceptType);
	e->runlist = field(r, FWQ_F_rpc_os_error_log_v__runlistId);
	e->channel = field(r, FWQ_F_rpc_os_error_log_v__chid);
	e->previous_xid = optional(r, FWQ_F_rpc_os_error_log_v__preemptiveRemovalPreviousXid,
				   &e->has_previous);
	text(r, FWQ_F_rpc_os_error_log_v__errString, e->text);
}

static void ucode_libos_print(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_ucode_libos_print_v);
	ev->print.engine = field(r, FWQ_F_rpc_ucode_libos_print_v__ucodeEngDesc);
	ev->print.bytes = counted(r, FWQ_F_rpc_ucode_libos_print_v__libosPrintBuf,
				  FWQ_F_rpc_ucode_libos_print_v__libosPrintBufSize);
}

static void lockdown_notice(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_gsp_lockdown_notice_v);
	ev->lockdown = field(r, FWQ_F_rpc_gsp_lockdown_notice_v__bLockdownEngaging);
}

static void vgpu_gsp_plugin_triggered(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_vgpu_gsp_plugin_triggered_v);
	ev->plugin.gfid = field(r, FWQ_F_rpc_vgpu_gsp_plugin_triggered_v__gfid);
	ev->plugin.notify_index = field(r, FWQ_F_rpc_vgpu_gsp_plugin_triggered_v__notifyIndex);
}

static void perf_bridgeless(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_perf_bridgeless_info_update_v);
	ev->bridgeless = field64(r, FWQ_F_rpc_perf_bridgeless_info_update_v__bBridgeless);
}

/*
 * The record, and the loaders' parameters below, are declared as one word, their first; the structure
 * is the rest of the payload from there on.
 */
static struct fwq_bytes behind(struct reader *r, enum fwq_field f)
{
	struct fwq_bytes b = bytes(r, f);

	if (r->err)
		return (struct fwq_bytes){0};
	b.len = r->len - (uint32_t)(b.at - r->payload);
	return b;
}

static void post_nocat_record(struct reader *r, struct fwq_event *ev)
{
	structure(r, FWQ_S_rpc_gsp_post_nocat_record_v);
	ev->record = behind(r, FWQ_F_rpc_gsp_post_nocat_record_v__data);
}

/* From here on the reader is at the parameters. */
static void enter(struct reader *r, enum fwq_field f, enum fwq_struct s)
{
	struct fwq_bytes b = behind(r, f);

	if (!r->err) {
		r->payload = b.at;
		r->len = b.len;
	}
	structure(r, s);
}

static void load_exec_generic_bootloader(struct reader *r, struct fwq_event *ev)
{
	struct fwq_event_bootloader *b = &ev->bootloader;

	enter(r, FWQ_F_rpc_load_exec_generic_bootloader_v__data,
	      FWQ_S_GspLoadExecGenericBootloaderParams);
	b->descriptor = bytes(r, FWQ_F_GspLoadExecGenericBootloaderParams__dmemDesc);
	b->ctx_dma = field(r, FWQ_F_GspLoadExecGenericBootloaderParams__dmemDesc_ctxDma);
	b->address_space = field(r, FWQ_F_GspLoadExecGenericBootloaderParams__addrSpace);
	b->cache_attribute = field(r, FWQ_F_GspLoadExecGenericBootloaderParams__cpuCacheAttrib);
	/* As RM has it: both sides must mean the same descriptor. */
	if (field(r, FWQ_F_GspLoadExecGenericBootloaderParams__dmemDescSize) != b->descriptor.len)
		note(r, -EPROTO);
}

static void load_exec_hs_binary(struct reader *r, struct fwq_event *ev)
{
	enter(r, FWQ_F_rpc_load_exec_hs_binary_v__data, FWQ_S_GspLoadExecHsBinaryParams);
	ev->hs_binary = (struct fwq_event_hs_binary){
		.imem_address = field64(r, FWQ_F_GspLoadExecHsBinaryParams__imemPhysAddr),
		.dmem_address = field64(r, FWQ_F_GspLoadExecHsBinaryParams__dmemPhysAddr),
		.imem_va = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeImemVA),
		.imem_pa = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeImemPA),
		.imem_size = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeImemSize),
		.dmem_va = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeDmemVA),
		.dmem_pa = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeDmemPA),
		.dmem_size = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeDmemSize),
		.signature_dmem = field(r, FWQ_F_GspLoadExecHsBinaryParams__hsSigDmemAddr),
		.engine_mask = field(r, FWQ_F_GspLoadExecHsBinaryParams__engineIdMask),
		.ucode_id = field(r, FWQ_F_GspLoadExecHsBinaryParams__ucodeId),
	};
}

#define PREFIX "NV_VGPU_MSG_EVENT_"

static const struct known {
	uint16_t number; /* enum fwq_number */
	uint8_t kind;	 /* enum fwq_event_kind */
	void (*decode)(struct reader *r, struct fwq_event *ev);
} known[] = {
#define EVENT(name, kind, decode)                                                                  \
	{                                                                                          \
		FWQ_N_NV_VGPU_MSG_EVENT_##name, FWQ_EVENT_##kind, decode                           \
	}
	/* First what comes while the GPU is at work. */
	EVENT(POST_EVENT, POST_EVENT, post_event),
	EVENT(MMU_FAULT_QUEUED, MMU_FAULT_QUEUED, NULL),
	EVENT(RC_TRIGGERED, RC_TRIGGERED, rc_triggered),
	EVENT(OS_ERROR_LOG, OS_ERROR_LOG, os_error_log),
	EVENT(UCODE_LIBOS_PRINT, UCODE_LIBOS_PRINT, ucode_libos_print),
	EVENT(GSP_RUN_CPU_SEQUENCER, RUN_CPU_SEQUENCER, run_cpu_sequencer),
	EVENT(GSP_INIT_DONE, INIT_DONE, init_done),
	EVENT(GSP_LOCKDOWN_NOTICE, LOCKDOWN_NOTICE, lockdown_notice),
	EVENT(VGPU_GSP_PLUGIN_TRIGGERED, VGPU_GSP_PLUGIN_TRIGGERED, vgpu_gsp_plugin_triggered),
	EVENT(PERF_BRIDGELESS_INFO_UPDATE, PERF_BRIDGELESS, perf_bridgeless),
	EVENT(GSP_POST_NOCAT_RECORD, POST_NOCAT_RECORD, post_nocat_record),
	EVENT(GSP_LOAD_EXEC_GENERIC_BOOTLOADER, LOAD_EXEC_GENERIC_BOOTLOADER,
	      load_exec_generic_bootloader),
	EVENT(GSP_LOAD_EXEC_HS_BINARY, LOAD_EXEC_HS_BINARY, load_exec_hs_binary),
	EVENT(RG_LINE_INTR, IGNORED, NULL),
	EVENT(GPUACCT_PERFMON_UTIL_SAMPLES, IGNORED, NULL),
	EVENT(SIM_READ, IGNORED, NULL),
	EVENT(SIM_WRITE, IGNORED, NULL),
	EVENT(SEMAPHORE_SCHEDULE_CALLBACK, IGNORED, NULL),
	EVENT(PERF_GPU_BOOST_SYNC_LIMITS_CALLBACK, IGNORED, NULL),
	EVENT(VGPU_CONFIG, IGNORED, NULL),
	EVENT(DISPLAY_MODESET, IGNORED, NULL),
	EVENT(EXTDEV_INTR_SERVICE, IGNORED, NULL),
	EVENT(NVLINK_INBAND_RECEIVED_DATA_256, IGNORED, NULL),
	EVENT(NVLINK_INBAND_RECEIVED_DATA_512, IGNORED, NULL),
	EVENT(NVLINK_INBAND_RECEIVED_DATA_1024, IGNORED, NULL),
	EVENT(NVLINK_INBAND_RECEIVED_DATA_2048, IGNORED, NULL),
	EVENT(NVLINK_INBAND_RECEIVED_DATA_4096, IGNORED, NULL),
	EVENT(TIMED_SEMAPHORE_RELEASE, IGNORED, NULL),
	EVENT(NVLINK_IS_GPU_DEGRADED, IGNORED, NULL),
	EVENT(PFM_REQ_HNDLR_STATE_SYNC_CALLBACK, IGNORED, NULL),
	EVENT(GSP_SEND_USER_SHARED_DATA, IGNORED, NULL),
	EVENT(NVLINK_FAULT_UP, IGNORED, NULL),
	EVENT(MIG_CI_CONFIG_UPDATE, IGNORED, NULL),
	EVENT(UPDATE_GSP_TRACE, IGNORED, NULL),
	EVENT(NVLINK_FATAL_ERROR_RECOVERY, IGNORED, NULL),
	EVENT(FECS_ERROR, IGNORED, NULL),
	EVENT(RECOVERY_ACTION, IGNORED, NULL),
	EVENT(TRIGGER_BUGCHECK, IGNORED, NULL),
	EVENT(BIND_BAR2, IGNORED, NULL),
	EVENT(FORCED_DRIVER_SHUTDOWN, IGNORED, NULL),
	EVENT(UPDATE_GRID_DISPLAYLESS_PARAMS, IGNORED, NULL),
	EVENT(PMU_HALTED, IGNORED, NULL),
};
#define KNOWN (sizeof(known) / sizeof(known[0]))

int fwq_event_decode(const struct fwq_pack *pack, uint32_t function, const void *payload,
		     uint32_t len, struct fwq_event *out)
{
	struct reader r = {.pack = pack, .payload = payload, .len = len};
	const struct known *k = known;

	while (k < known + KNOWN &&
	       !(pack->has_number[k->number] && pack->number[k->number] == function))
		k++;
	out->function = function;
	out->len = len;
	if (k == known + KNOWN) {
		out->kind = FWQ_EVENT_UNKNOWN;
		out->name = NULL;
		return 0;
	}
	out->kind = k->kind;
	out->name = fwq_number_name(k->number) + strlen(PREFIX);
	if (k->decode)
		k->decode(&r, out);
	return r.err;
}

/* ---------------------------------------------------------------- the log */

struct line {
	char *at;
	size_t len, size;
};

static void add(struct line *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(l->at + l->len, l->size - l->len, fmt, ap);
	va_end(ap);
	/* Cut off: keep what fits. */
	l->len = n > 0 && (size_t)n < l->size - l->len ? l->len + (size_t)n : l->size - 1;
}

static void log_rc(struct line *l, const struct fwq_event_rc *rc)
{
	add(l, "channel %u, engine 0x%x, exception %u, scope %u, partition %u", rc->channel,
	    rc->engine, rc->exception, rc->scope, rc->partition);
	if (rc->has_gfid)
		add(l, ", gfid %u", rc->gfid);
	if (rc->has_level)
		add(l, ", level %u", rc->level);
	if (rc->has_fault && rc->fault_address)
		add(l, ", fault at 0x%llx, type %u", (unsigned long long)rc->fault_address,
		    rc->fault_type);
	if (rc->callback_needed)
		add(l, ", callback needed");
	if (rc->journal.len)
		add(l, ", journal of %u bytes", rc->journal.len);
}

static void log_error(struct line *l, const struct fwq_event_error *e)
{
	add(l, "Xid %u, runlist %u, channel %u", e->xid, e->runlist, e->channel);
	if (e->has_previous && e->previous_xid)
		add(l, ", after Xid %u", e->previous_xid);
	add(l, ": %s", e->text);
}

size_t fwq_event_log(const struct fwq_event *ev, char *line, size_t size)
{
	struct line l = {line, 0, size};

	if (!size)
		return 0;
	line[0] = 0;
	add(&l, "%s (0x%x): ", ev->name ? ev->name : "unknown event", ev->function);
	switch (ev->kind) {
	case FWQ_EVENT_RC_TRIGGERED:
		log_rc(&l, &ev->rc);
		break;
	case FWQ_EVENT_OS_ERROR_LOG:
		log_error(&l, &ev->error);
		break;
	case FWQ_EVENT_UCODE_LIBOS_PRINT:
		add(&l, "engine 0x%x, %u bytes of log", ev->print.engine, ev->print.bytes.len);
		break;
	case FWQ_EVENT_LOCKDOWN_NOTICE:
		add(&l, "lockdown %s", ev->lockdown ? "begins" : "ends");
		break;
	case FWQ_EVENT_POST_NOCAT_RECORD:
		add(&l, "a record of %u bytes", ev->record.len);
		break;
	case FWQ_EVENT_UNKNOWN:
	case FWQ_EVENT_IGNORED:
		add(&l, "%u bytes, nothing is done about it", ev->len);
		break;
	default:
		line[0] = 0;
		return 0;
	}
	return l.len;
}
