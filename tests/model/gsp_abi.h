/* SPDX-License-Identifier: MIT */
/*
 * What driver, booter and GSP firmware share in memory at boot, written by hand from
 * src/nvidia/arch/nvalloc/common/inc/gsp/gsp_fw_wpr_meta.h (OGKM 535.261.03, the same at 595.45.04),
 * under the vendor's names. Little-endian, as the host must be.
 */
#ifndef MODEL_GSP_ABI_H
#define MODEL_GSP_ABI_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GSP_FW_WPR_META_MAGIC	 0xdc3aae21371a60b3ull
#define GSP_FW_WPR_META_REVISION 1u
#define GSP_FW_WPR_META_VERIFIED 0xa0a0a0a0a0a0a0a0ull

/* Where the driver has put what the booter needs, and where in VRAM all of it shall go. */
struct gsp_fw_wpr_meta {
	uint64_t magic;
	uint64_t revision;
	/* In system memory, by bus address. */
	uint64_t sysmemAddrOfRadix3Elf;
	uint64_t sizeOfRadix3Elf;
	uint64_t sysmemAddrOfBootloader;
	uint64_t sizeOfBootloader;
	uint64_t bootloaderCodeOffset;
	uint64_t bootloaderDataOffset;
	uint64_t bootloaderManifestOffset;
	uint64_t sysmemAddrOfSignature;
	uint64_t sizeOfSignature;
	/* In VRAM, from low to high. */
	uint64_t gspFwRsvdStart;
	uint64_t nonWprHeapOffset;
	uint64_t nonWprHeapSize;
	uint64_t gspFwWprStart; /* the booter puts this structure here */
	uint64_t gspFwHeapOffset;
	uint64_t gspFwHeapSize;
	uint64_t gspFwOffset;	/* the image, sizeOfRadix3Elf */
	uint64_t bootBinOffset; /* the bootloader, sizeOfBootloader */
	uint64_t frtsOffset;
	uint64_t frtsSize;
	uint64_t gspFwWprEnd;
	uint64_t fbSize;
	uint64_t vgaWorkspaceOffset;
	uint64_t vgaWorkspaceSize;
	uint64_t bootCount;
	uint64_t later[5]; /* what firmware patches in, by version */
	uint64_t verified;
};
static_assert(sizeof(struct gsp_fw_wpr_meta) == 256, "the structure is exactly 256 bytes");
static_assert(offsetof(struct gsp_fw_wpr_meta, bootCount) == 200, "26th word");

/* Three levels of tables of u64, each entry the bus address of the next table or of a page. */
#define RADIX3_PAGE    4096u
#define RADIX3_ENTRIES (RADIX3_PAGE / 8)

/* The head of a signature section, the same in every release and for every chip. */
#define GSP_SIGNATURE_SIZE  0x1000u
#define GSP_SIGNATURE_MAGIC 0x00020001u

/*
 * What libos, the firmware's kernel, is told at start: an array in one page, ended by id8 0. id8 is a
 * name of up to 8 characters, the first in the highest byte in use (libos_init_args.h; nouveau,
 * r535_gsp_libos_id8).
 */
struct libos_memory_region_init_argument {
	uint64_t id8;
	uint64_t pa;
	uint64_t size;
	uint8_t kind;
	uint8_t loc;
	uint8_t pad[6];
};
static_assert(sizeof(struct libos_memory_region_init_argument) == 32, "an array of these");
#define LIBOS_MEMORY_REGION_CONTIGUOUS 1
#define LIBOS_MEMORY_REGION_LOC_SYSMEM 1
#define LIBOS_ARGUMENTS		       (4096 / 32)

/* The start of MESSAGE_QUEUE_INIT_ARGUMENTS, at the start of RMARGS: the same 535 ... 570. */
struct message_queue_init_arguments {
	uint64_t sharedMemPhysAddr;
	uint32_t pageTableEntryCount;
	uint32_t pad;
	uint64_t cmdQueueOffset;
	uint64_t statQueueOffset;
};

/* msgq.h; the receiver's header follows at rxHdrOff, one word: its read pointer. */
struct msgq_tx_header {
	uint32_t version;
	uint32_t size; /* bytes of the queue, this header included */
	uint32_t msgSize;
	uint32_t msgCount;
	uint32_t writePtr;
	uint32_t flags; /* 1: each side keeps its read pointer in its own queue's block */
	uint32_t rxHdrOff;
	uint32_t entryOff;
};
#define MSGQ_FLAGS_SWAP_RX 1u

/* message_queue_priv.h; the message follows. */
struct gsp_msg_queue_element {
	uint8_t authTagBuffer[16];
	uint8_t aadBuffer[16];
	uint32_t checkSum; /* makes the sum of element and message 0 */
	uint32_t seqNum;
	uint32_t elemCount; /* slots taken */
	uint32_t pad;
};
static_assert(sizeof(struct gsp_msg_queue_element) == 48, "535 ... 590");
#define GSP_MSG_QUEUE_ELEMENT_SIZE_MIN 4096u
#define GSP_MSG_QUEUE_ELEMENT_SIZE_MAX 0x10000u /* 16 times that */

/* rpc_headers.h, g_rpc-message-header.h. */
struct rpc_message_header {
	uint32_t header_version;
	uint32_t signature;
	uint32_t length; /* this header included */
	uint32_t function;
	uint32_t rpc_result;
	uint32_t rpc_result_private;
	uint32_t sequence;
	uint32_t spare;
};
#define NV_VGPU_MSG_HEADER_VERSION  0x03000000u
#define NV_VGPU_MSG_SIGNATURE_VALID 0x43505256u

/* rpc_global_enums.h, the same 535 ... 595. */
#define NV_VGPU_MSG_FUNCTION_FREE		    10u
#define NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER 47u
#define NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY	    54u
#define NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO    65u
#define NV_VGPU_MSG_FUNCTION_UPDATE_BAR_PDE	    70u
#define NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD    71u
#define NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO    72u
#define NV_VGPU_MSG_FUNCTION_SET_REGISTRY	    73u
#define NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL	    76u
#define NV_VGPU_MSG_FUNCTION_UNSET_PAGE_DIRECTORY   79u
#define NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC	    103u
#define NV_VGPU_MSG_EVENT_GSP_INIT_DONE		    0x1001u
#define NV_VGPU_MSG_EVENT_GSP_RUN_CPU_SEQUENCER	    0x1002u

/* The calls on objects, version 03_00 (g_rpc-structures.h, g_sdk-structures.h); parameters follow. */
struct rpc_free {
	uint32_t hRoot, hObjectParent, hObjectOld, status;
};
struct rpc_gsp_rm_control { /* before 575.51.02 */
	uint32_t hClient, hObject, cmd, status, paramsSize, flags;
};
struct rpc_gsp_rm_alloc {
	uint32_t hClient, hParent, hObject, hClass, status, paramsSize, flags, reserved;
};

/* PACKED_REGISTRY_TABLE: size in bytes, number of entries, entries. */
#define REGISTRY_HEADER 8u

/* NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS (ctrl2080fb.h), 535 ... 575. */
struct fb_region {
	uint64_t base;
	uint64_t limit; /* the last byte */
	uint64_t reserved;
	uint32_t performance;
	uint8_t supportCompressed, supportISO, bProtected;
	uint8_t blackList[17];
};
static_assert(sizeof(struct fb_region) == 48, "an array of these, 8 bytes into the structure");

/*
 * What differs between releases: sizes and offsets, in bytes, of the structures that the stand-in
 * reads and writes. From gsp_static_config.h of each release, by a compiler.
 */
struct gsp_layout {
	const char *release;
	uint32_t system_info;	/* sizeof(GspSystemInfo) */
	uint32_t static_config; /* sizeof(GspStaticConfigInfo), and in it: */
	uint32_t fb_regions, fb_length, name, bar1_pde, internal_client;
	uint32_t root_params;  /* sizeof(NV0000_ALLOC_PARAMETERS) */
	uint32_t engines_v2;   /* sizeof(NV2080_CTRL_GPU_GET_ENGINES_V2_PARAMS) */
	uint32_t channel;      /* sizeof(NV_CHANNEL_ALLOC_PARAMS) */
	uint32_t ofa;	       /* sizeof(NV_OFA_ALLOCATION_PARAMETERS) */
	uint32_t gr_buffers;   /* sizeof(..._STATIC_GR_GET_CONTEXT_BUFFERS_INFO_PARAMS) */
	uint32_t display_info; /* sizeof(..._DISPLAY_GET_STATIC_INFO_PARAMS) */
	uint32_t rc_triggered,
		rc_except; /* sizeof(rpc_rc_triggered_v17_02), and in it: exceptType, scope */
	uint32_t branch;   /* 535, 550, 570: what was renumbered or moved between them */
	uint32_t
		rc_fault; /* in RC_TRIGGERED: mmuFaultAddrLo, AddrHi, Type; 0: there is no such thing */
	bool standby;	  /* has INTERNAL_KGR_INIT_BUG4208224_WAR: since 535.179 */
};

#endif /* MODEL_GSP_ABI_H */
