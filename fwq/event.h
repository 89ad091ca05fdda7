/* SPDX-License-Identifier: MIT */
/*
 * event.h - what the firmware tells unasked, as a structure that no release changes.
 *
 * fwq_event_decode() takes the payload of one event as fwq_rpc hands it out. Numbers and layouts come
 * from the pack; nothing is read outside the payload, and no length inside it is believed. Firmware is
 * not trusted: its text becomes printable before it is stored, numbers are for the receiver to check
 * against what it owns.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules kernel_gsp.c (_kgspProcessRpcEvent), g_rpc-structures.h,
 * rpc_global_enums.h; nouveau r535/gsp.c for the check of POST_EVENT's length.
 */
#ifndef FWQ_EVENT_H
#define FWQ_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwq/pack.h"

#define FWQ_EVENT_TEXT_MAX 255u /* characters of a text from the firmware */
#define FWQ_EVENT_LINE_MAX 384u /* bytes of a log line, with its end */

enum fwq_event_kind {
	FWQ_EVENT_UNKNOWN, /* the pack has no event of this number */
	FWQ_EVENT_IGNORED, /* the vendor has a name for it, and nothing here acts on it */
	FWQ_EVENT_INIT_DONE,
	FWQ_EVENT_RUN_CPU_SEQUENCER,
	FWQ_EVENT_POST_EVENT,
	FWQ_EVENT_RC_TRIGGERED,
	FWQ_EVENT_MMU_FAULT_QUEUED,
	FWQ_EVENT_OS_ERROR_LOG,
	FWQ_EVENT_UCODE_LIBOS_PRINT,
	FWQ_EVENT_LOCKDOWN_NOTICE,
	FWQ_EVENT_VGPU_GSP_PLUGIN_TRIGGERED,
	FWQ_EVENT_PERF_BRIDGELESS,
	FWQ_EVENT_POST_NOCAT_RECORD,
	FWQ_EVENT_LOAD_EXEC_GENERIC_BOOTLOADER,
	FWQ_EVENT_LOAD_EXEC_HS_BINARY,
	FWQ_EVENT_KINDS
};

/* Bytes of the payload: valid as long as that is. */
struct fwq_bytes {
	const uint8_t *at;
	uint32_t len;
};

/* An object of ours has something to say: RM's event notification. */
struct fwq_event_post {
	uint32_t client, event; /* handles of ours: hClient, hEvent */
	uint32_t notify_index;	/* what happened, in the numbers of the object's class */
	uint32_t data;
	uint16_t info16;
	uint32_t status; /* NV_STATUS (status.h) */
	bool to_list;	 /* to every event on the object's list, not to `event` alone */
	struct fwq_bytes event_data;
};

/* Robust channel: RM has stopped a channel, or a group of them, after an error. */
struct fwq_event_rc {
	uint32_t engine;    /* NV2080_ENGINE_TYPE_* */
	uint32_t channel;   /* channel id */
	uint32_t exception; /* ROBUST_CHANNEL_*: the Xid number */
	uint32_t scope;	    /* the channel's group or the channel alone */
	uint16_t partition; /* partition attribution id (MIG) */
	bool has_gfid, has_level, has_fault, callback_needed;
	uint32_t gfid;		/* has_gfid: function the error belongs to, 0 the physical one */
	uint32_t level;		/* has_level */
	uint64_t fault_address; /* has_fault: with fault_type, of an MMU fault */
	uint32_t fault_type;
	struct fwq_bytes journal; /* empty where a release has none */
};

/* What RM would write to the kernel's log: an Xid message. */
struct fwq_event_error {
	uint32_t xid;
	uint32_t runlist;
	uint32_t channel; /* channel id; RM's INVALID_CHID when it is about none */
	bool has_previous;
	uint32_t previous_xid; /* has_previous: the error that made RM remove the channel first */
	char text[FWQ_EVENT_TEXT_MAX + 1]; /* printable ASCII */
};

/* 595: load the falcon's generic bootloader with this descriptor and run it (boot does). */
struct fwq_event_bootloader {
	struct fwq_bytes
		descriptor; /* RM_FLCN_BL_DMEM_DESC, as it goes to the falcon's data memory */
	uint32_t ctx_dma;   /* the descriptor's */
	uint32_t address_space, cache_attribute;
};

/* 595: load this signed binary into the falcon and run it (boot does). */
struct fwq_event_hs_binary {
	uint64_t imem_address, dmem_address; /* in video memory */
	uint32_t imem_va, imem_pa, imem_size;
	uint32_t dmem_va, dmem_pa, dmem_size;
	uint32_t signature_dmem, engine_mask, ucode_id;
};

struct fwq_event {
	enum fwq_event_kind kind;
	uint32_t function; /* the number on the wire */
	const char *name;  /* the vendor's, without NV_VGPU_MSG_EVENT_; NULL: unknown. Static */
	uint32_t len;	   /* of the payload */
	union {
		bool d3hot;		 /* INIT_DONE: out of D3hot (595) */
		struct fwq_bytes script; /* RUN_CPU_SEQUENCER: for fwq_sequencer_open() */
		struct fwq_event_post post;
		struct fwq_event_rc rc;
		struct fwq_event_error error;
		struct { /* UCODE_LIBOS_PRINT: a log in the vendor's binary form */
			uint32_t engine;
			struct fwq_bytes bytes;
		} print;
		bool lockdown; /* LOCKDOWN_NOTICE: it begins */
		struct {
			uint32_t gfid, notify_index;
		} plugin;		 /* VGPU_GSP_PLUGIN_TRIGGERED */
		bool bridgeless;	 /* PERF_BRIDGELESS */
		struct fwq_bytes record; /* POST_NOCAT_RECORD */
		struct fwq_event_bootloader bootloader;
		struct fwq_event_hs_binary hs_binary;
	};
};

/*
 * Decodes `len` bytes, which nobody else can write any more. 0: *out is complete, and its pointers
 * lead into payload; unknown and ignored events are no error, so that a newer firmware is no reason to
 * stop (the caller counts them by kind). -EPROTO: the payload is shorter than its structure, or lengths
 * in it lie; -ENOENT: the pack has the event's number but lacks fields of its structure. After an
 * error only kind, function, name and len mean something.
 */
int fwq_event_decode(const struct fwq_pack *pack, uint32_t function, const void *payload,
		     uint32_t len, struct fwq_event *out);

/*
 * One line for the log, without newline, printable ASCII, for errors, logs and events that nothing
 * acts on; `size` up to FWQ_EVENT_LINE_MAX is of use. Returns its length, 0 for events that are
 * everyday business. *ev was decoded without an error.
 */
size_t fwq_event_log(const struct fwq_event *ev, char *line, size_t size);

#endif /* FWQ_EVENT_H */
