/* SPDX-License-Identifier: MIT */
/*
 * vgpuif.h
 *
 * Unified virtual GPU device I/O interface for Xen guests: a slice of a physical GPU that a driver
 * domain owns, reached through Xen's usual split-driver protocol.
 *
 * This header stands alone: it may be copied into any guest or backend.
 */
#ifndef __XEN_PUBLIC_IO_VGPUIF_H__
#define __XEN_PUBLIC_IO_VGPUIF_H__

#include <xen/io/ring.h>

/*
 ******************************************************************************
 *                              Protocol version
 ******************************************************************************
 *
 * The backend lists the versions it speaks, separated by commas; the frontend writes the one it has
 * chosen. There is no default: an absent or unknown version is an error.
 */
#define XENVGPU_PROTOCOL_VERSION 1

/*
 ******************************************************************************
 *                         Nodes in xenstore
 ******************************************************************************
 *
 * N: index of the device in the guest, 0 <= N < XENVGPU_MAX_DEVICES. F: guest, B: driver domain.
 *
 *--------------------- Backend /local/domain/B/backend/vgpu/F/N ---------------------
 *
 * frontend, frontend-id, online, state
 *      As for every split device; written by the toolstack (state: also by the backend).
 *
 * versions
 *      Values: "<n>[,<n>...]"
 *      Versions the backend speaks.
 *
 * feature-bar-copy
 *      Values: 0/1
 *      1: MEM_WRITE and MEM_READ are served: the backend moves bytes between guest pages and video
 *      memory through the board's BAR. Slow; for start-up, tests and small objects.
 *
 * feature-channels
 *      Values: 0/1
 *      1: address spaces and channels are served: the guest submits work by itself. 0: the operations from
 *      MEM_IMPORT on are not.
 *
 * feature-doorbell
 *      Values: 0/1
 *      1: dom0 allows this guest to ring by itself, and channels have doorbell values for it; see the
 *      front's node doorbell-frame.
 *
 * stats
 *      Values: "key=value key=value ..."
 *      For people and tools; no part of the protocol.
 *
 * error
 *      Human-readable reason of the last failure of the device.
 *
 *--------------------- Frontend /local/domain/F/device/vgpu/N ---------------------
 *
 * backend, backend-id, state
 *      As for every split device.
 *
 * version
 *      Values: <uint32>
 *      The version chosen.
 *
 * ring-ref, event-channel
 *      Values: <uint32>
 *      Grant reference of the control ring's page, and the port for both directions.
 *
 * event-page-ref
 *      Values: <uint32>
 *      Grant reference of the event page, which the backend writes.
 *
 * doorbell-frame
 *      Values: <uint64>
 *      Written by the toolstack, for a guest that may ring by itself: the guest's own frame number at which
 *      the GPU's doorbell page is. Goes before the backend does; so does the page.
 *
 *--------------------- Policy /xvgpu/B/F/N ---------------------
 *
 * profile, vram (bytes), weight, channels (at a time, 0 ... XENVGPU_MAX_CHANNELS),
 * engines ("copy", "graphics" or "copy,graphics"), imports (guest pages that the device may reach at a time,
 * 0 ... 32768), doorbell ("mediated" or "direct")
 *      Written by the toolstack in dom0, owned by dom0, readable by B only. The backend takes a
 *      slice's rights from here and nowhere else, and checks that dom0 owns the node. Neither the
 *      guest's nor the backend's own directory will do: a guest can delete and re-make what is its
 *      own. A slice without any of profile, vram, weight, channels, engines, imports is not served.
 *
 ******************************************************************************
 *                              States
 ******************************************************************************
 *
 *      Front                                   Back
 *      =====                                   ====
 *      XenbusStateInitialising                 XenbusStateInitialising
 *       o only now looks at the back            o checks policy, reserves the slice
 *                                               o publishes versions, features
 *                                              XenbusStateInitWait
 *       o allocates ring, event page, port
 *       o publishes version, refs, port
 *      XenbusStateInitialised
 *                                               o checks all, maps ring and event page
 *                                              XenbusStateConnected
 *      XenbusStateConnected
 *
 * Close: front Closing -> back Closing (no more requests are taken; requests in progress end) ->
 * front Closed -> back Closed, everything of the slice is released. If online is still 1, a front
 * that returns to Initialising is served anew: back goes to InitWait.
 *
 * Loss: when the GPU or the driver domain is gone, the backend (if it lives) sends EVT_LOST and goes
 * to Closing; a front that sees its back in Closing or Closed, or its node gone, fails what is
 * pending with -ENODEV and frees what the back has let go of. All video memory contents are gone.
 *
 * An impossible transition, or a ring index out of range, closes that one device: back writes
 * "error", goes to Closing and releases nothing that the hardware may still use.
 *
 ******************************************************************************
 *                             Control ring
 ******************************************************************************
 *
 * One page, the usual macros of ring.h, XENVGPU_RING_SLOTS slots of 64 bytes. Requests are answered
 * in any order. All fields are little-endian. Every reserved field is zero in both directions; a
 * request with a reserved field or unknown flag set is refused with XEN_EINVAL, an unknown operation
 * with XEN_EOPNOTSUPP. Operations 0..15 are reserved, so that an all-zero slot is never a request.
 *
 * id is chosen by the front and echoed; the front must not have two requests of one id under way.
 * status is 0 or a negated XEN_E* value (xen/errno.h).
 */
#define XENVGPU_RING_SLOTS  32
#define XENVGPU_MAX_DEVICES 8

#define XENVGPU_OP_INFO		   0x10
#define XENVGPU_OP_PING		   0x11
#define XENVGPU_OP_MEM_ALLOC	   0x12
#define XENVGPU_OP_MEM_FREE	   0x13
#define XENVGPU_OP_MEM_WRITE	   0x14
#define XENVGPU_OP_MEM_READ	   0x15
#define XENVGPU_OP_MEM_IMPORT	   0x16
#define XENVGPU_OP_CLASS_LIST	   0x17
#define XENVGPU_OP_SPACE_CREATE	   0x18
#define XENVGPU_OP_SPACE_DESTROY   0x19
#define XENVGPU_OP_BIND		   0x1a
#define XENVGPU_OP_CHANNEL_CREATE  0x1b
#define XENVGPU_OP_CHANNEL_DESTROY 0x1c

/*
 * Page lists. A buffer in guest memory is named by a directory page (granted read-only) that holds
 * XENVGPU_GREFS_PER_DIR grant references of whole pages in order; further directories are linked by
 * gref_dir_next_page (0: this is the last). A directory that is not the last is full; in the last one
 * what is not needed is ignored. A reference of 0 is invalid. The backend copies a directory once
 * and then checks it. MEM_WRITE and MEM_READ move at most XENVGPU_COPY_MAX bytes, for which one
 * directory is enough: with them gref_dir_next_page must be 0.
 */
#define XENVGPU_GREFS_PER_DIR 1023
struct xenvgpu_page_directory {
	uint32_t gref_dir_next_page;
	uint32_t gref[XENVGPU_GREFS_PER_DIR];
};

#define XENVGPU_COPY_MAX    0x100000u /* bytes one MEM_WRITE or MEM_READ moves */
#define XENVGPU_MAX_OBJECTS 256	      /* memory objects of one slice at a time, both kinds */

/* With feature-channels. */
#define XENVGPU_IMPORT_MAX                                                                         \
	32768u /* pages of one MEM_IMPORT; a backend may allow a slice fewer in all */
#define XENVGPU_MAX_SPACES   16	 /* address spaces of one slice at a time */
#define XENVGPU_MAX_CHANNELS 64	 /* channels of one slice at a time */
#define XENVGPU_MAX_BINDS    128 /* of one request: they fill a page */

/*
 * INFO: no parameters. Answers what the slice is.
 */
struct xenvgpu_info_resp {
	uint64_t vram_size;   /* quota, bytes */
	uint64_t vram_free;   /* of it, not allocated now */
	uint32_t pmc_boot_0;  /* chip identification, as NV_PMC_BOOT_0 reads */
	uint32_t pmc_boot_42; /* and NV_PMC_BOOT_42 */
	uint32_t copy_max;    /* <= XENVGPU_COPY_MAX; 0 without feature-bar-copy */
	uint32_t max_objects; /* <= XENVGPU_MAX_OBJECTS */
	uint16_t pci_vendor;
	uint16_t pci_device;
	uint32_t max_channels; /* <= XENVGPU_MAX_CHANNELS; 0 without feature-channels */
	uint32_t reserved[3];
};

/*
 * PING: cookie is returned. Does nothing else.
 */
struct xenvgpu_ping {
	uint64_t cookie;
};

/*
 * MEM_ALLOC: a memory object of size bytes (a positive multiple of 64 KiB) in the slice's video
 * memory, reading as zeros. flags is 0. Answers a handle, never 0, meaningful in this slice only.
 * XEN_ENOMEM: quota or memory exhausted. XEN_ENOSPC: too many objects.
 */
#define XENVGPU_MEM_ALIGN 0x10000u
struct xenvgpu_mem_alloc_req {
	uint64_t size;
	uint32_t flags;
};
struct xenvgpu_mem_alloc_resp {
	uint32_t handle;
};

/*
 * MEM_FREE: XEN_ENOENT for a handle that is not this slice's; XEN_EBUSY while a request uses it, or an
 * address space has a part of it mapped. The answer comes when the memory has been cleared (guest pages:
 * when the device can no longer reach them, and the grants can be ended); the handle is dead at once. XEN_EIO: it could not be
 * cleared and is lost to the slice.
 */
struct xenvgpu_mem_free_req {
	uint32_t handle;
};

/*
 * MEM_WRITE (guest pages -> object) and MEM_READ (object -> guest pages): length bytes at offset
 * within the object; offset, length multiples of 4; length > 0 and <= copy_max. The guest side
 * starts at byte 0 of the first page in the directory; a page list has ceil(length / 4096) entries.
 * XEN_ENOENT: not this slice's handle; XEN_EINVAL: beyond the object's end, or a bad page list. On
 * XEN_EFAULT (a reference could not be used) part of the data may have been moved.
 */
struct xenvgpu_mem_copy_req {
	uint32_t handle;
	uint32_t gref_directory;
	uint64_t offset;
	uint32_t length;
};

/*
 * MEM_IMPORT: a memory object of `pages` of the guest's own pages, named by a page list. The backend maps
 * them for the device alone, with no view of its own, until MEM_FREE or the end of the connection; the
 * guest cannot end these grants before. flags: XENVGPU_IMPORT_RO, the device may only read (the grants may
 * be read-only then). XEN_ENOSPC: too many objects or pages; XEN_EFAULT: a reference could not be used;
 * XEN_EINVAL: a bad page list. MEM_WRITE and MEM_READ do not take such an object.
 */
#define XENVGPU_IMPORT_RO 0x1u
struct xenvgpu_mem_import_req {
	uint32_t gref_directory;
	uint32_t pages; /* 1 ... XENVGPU_IMPORT_MAX */
	uint32_t flags;
};
struct xenvgpu_mem_import_resp {
	uint32_t handle;
};

/*
 * CLASS_LIST: no parameters. Answers the classes of this chip, in NVIDIA's numbers: what methods a channel
 * takes itself (for example AMPERE_CHANNEL_GPFIFO_A), and the engine classes that CHANNEL_CREATE takes. A
 * class that is not there today is not served, or not to this slice.
 */
#define XENVGPU_CLASSES_MAX 11
struct xenvgpu_class_list_resp {
	uint32_t gpfifo;
	uint32_t n;
	uint32_t engine_class[XENVGPU_CLASSES_MAX];
};

/*
 * SPACE_CREATE: an empty GPU address space. Virtual addresses from va_start to below va_end can be bound, but for those
 * from kept_start to below kept_end: graphics channels have there what their engine needs and nobody else can touch.
 * Spaces and channels, and their page tables, take video memory of the slice's own (XEN_ENOMEM).
 * XEN_ENOSPC: too many spaces. A handle is never 0.
 */
struct xenvgpu_space_create_resp {
	uint32_t space;
	uint32_t reserved;
	uint64_t va_start;
	uint64_t va_end;
	uint64_t kept_start;
	uint64_t kept_end;
};

/* SPACE_DESTROY: what is bound in it is unbound. XEN_ENOENT; XEN_EBUSY while a channel has it. */
struct xenvgpu_space_destroy_req {
	uint32_t space;
};

/*
 * BIND: `count` changes of one address space, in the page gref (which the backend copies, once). They are
 * carried out in order. The first that fails ends the request: those before it stay, and `done`, which is
 * answered with an error status too, says how many that were. The answer comes when the GPU follows all of
 * them; pages unbound are out of its reach then.
 *
 * va, size, offset: bytes, multiples of the page (1 << page_shift). MAP shows size bytes of the object
 * `handle` from offset on at va; UNMAP takes away size bytes that were mapped with pages of this size, by
 * whatever MAPs. RESERVE makes reads of what is not mapped give zeros and drops writes (sparse); RELEASE
 * takes that back. Guest pages can be bound with 4 KiB pages only.
 *
 * XEN_ENOENT: no such space or object, or not all of it is mapped (reserved) so; XEN_EEXIST: something is
 * mapped there; XEN_EINVAL: beyond the object or the space, not a multiple, or a field that has to be zero
 * is not; XEN_EACCES: a writable mapping of an object that is read-only; XEN_ENOMEM: no video memory for
 * page tables is left; XEN_ENOSPC: more intervals are bound or reserved than a slice may have (neighbours of
 * one object, in pages of one size, are one); XEN_EFAULT: the page could not be read.
 */
#define XENVGPU_BIND_MAP     1
#define XENVGPU_BIND_UNMAP   2
#define XENVGPU_BIND_RESERVE 3
#define XENVGPU_BIND_RELEASE 4

#define XENVGPU_BIND_RO 0x1u /* MAP: writes fault */

#define XENVGPU_PAGE_4K	 12
#define XENVGPU_PAGE_64K 16
#define XENVGPU_PAGE_2M	 21

struct xenvgpu_bind {
	uint8_t operation;
	uint8_t page_shift;
	uint16_t flags;	 /* MAP */
	uint32_t handle; /* MAP */
	uint64_t va;
	uint64_t size;
	uint64_t offset; /* MAP */
};

struct xenvgpu_bind_req {
	uint32_t space;
	uint32_t gref;
	uint32_t count; /* 1 ... XENVGPU_MAX_BINDS */
};
struct xenvgpu_bind_resp {
	uint32_t done;
};

/*
 * CHANNEL_CREATE: a channel for the engine class engine_class, in an address space. One for any class of the
 * graphics engine (3D, compute, 2D, inline-to-memory) takes methods of all of them that CLASS_LIST names. Its GPFIFO of `entries`
 * (a power of two, 2 ... 4096) lies at virtual address gpfifo, a multiple of 4096, which need not be mapped
 * yet. Answers the channel's number, which is its bit in the doorbell bitmap, and where its USERD is: at
 * userd_offset of a page that the backend grants. The page is the guest's alone and holds USERDs of its
 * other channels too. The guest writes GP_PUT there (struct xenvgpu_userd), then rings.
 *
 * XEN_ENOENT: no such space; XEN_EOPNOTSUPP: the class is not served; XEN_ENOSPC: too many channels;
 * XEN_EINVAL: an impossible GPFIFO; XEN_EIO: the firmware refused; XEN_EBUSY: too many of the slice's channels
 * were stopped by errors lately, this can be tried again later.
 */
struct xenvgpu_channel_create_req {
	uint32_t space;
	uint32_t engine_class;
	uint64_t gpfifo;
	uint32_t entries;
	uint32_t flags; /* 0 */
};
struct xenvgpu_channel_create_resp {
	uint32_t channel; /* 0 ... XENVGPU_MAX_CHANNELS - 1 */
	uint32_t userd_gref;
	uint32_t userd_offset; /* bytes, a multiple of XENVGPU_USERD_SIZE */
	uint32_t doorbell;     /* with feature-doorbell: what to write at XENVGPU_DOORBELL; 0 */
};

/* What of NVIDIA's USERD (Nvc56fControl) a channel needs; in bytes from its start. */
#define XENVGPU_USERD_SIZE   512
#define XENVGPU_USERD_GP_GET 0x88 /* uint32_t, by the GPU */
#define XENVGPU_USERD_GP_PUT 0x8c /* uint32_t, by the guest */

/*
 * With feature-doorbell the guest may, instead of setting a bit in the doorbell bitmap, write the channel's value
 * into the doorbell page (NVIDIA's usermode region: NVC361_NOTIFY_CHANNEL_PENDING).
 */
#define XENVGPU_DOORBELL 0x90 /* uint32_t, from the page's start */

/*
 * CHANNEL_DESTROY: answered when the channel has stopped for good, whatever it was doing. The guest lets go
 * of userd_gref's page when no channel of its has a USERD there. XEN_ENOENT.
 */
struct xenvgpu_channel_destroy_req {
	uint32_t channel;
};

struct xenvgpu_request {
	uint16_t id;
	uint8_t operation;
	uint8_t reserved[5];
	union {
		struct xenvgpu_ping ping;
		struct xenvgpu_mem_alloc_req mem_alloc;
		struct xenvgpu_mem_free_req mem_free;
		struct xenvgpu_mem_copy_req mem_copy;
		struct xenvgpu_mem_import_req mem_import;
		struct xenvgpu_space_destroy_req space_destroy;
		struct xenvgpu_bind_req bind;
		struct xenvgpu_channel_create_req channel_create;
		struct xenvgpu_channel_destroy_req channel_destroy;
		uint8_t raw[56]; /* what an operation does not use is zero */
	} op;
};

struct xenvgpu_response {
	uint16_t id;
	uint8_t operation;
	uint8_t reserved;
	int32_t status;
	union {
		struct xenvgpu_info_resp info;
		struct xenvgpu_ping ping;
		struct xenvgpu_mem_alloc_resp mem_alloc;
		struct xenvgpu_mem_import_resp mem_import;
		struct xenvgpu_class_list_resp class_list;
		struct xenvgpu_space_create_resp space_create;
		struct xenvgpu_bind_resp bind;
		struct xenvgpu_channel_create_resp channel_create;
		uint8_t raw[56];
	} op;
};

DEFINE_RING_TYPES(xen_vgpuif, struct xenvgpu_request, struct xenvgpu_response);

/*
 ******************************************************************************
 *                              Event page
 ******************************************************************************
 *
 * Written by the back: in_prod and the events; the front writes in_cons, doorbells and armed only. Both
 * indices run freely; an event's slot is index % XENVGPU_NUM_EVENTS. When the page is full the back drops
 * the event (EVT_LOST is also visible as a state change). The front trusts neither index nor contents.
 *
 * Doorbells: to have the GPU look at channel N's USERD, the front sets bit N % 32 of doorbell[N / 32]
 * (atomically: the back takes a whole word out), then, if the bit was clear, notifies through the event
 * channel. So many submissions, to many channels, cost one event. Bits of channels that do not exist are
 * ignored.
 *
 * Completions: a submission ends by writing a semaphore into guest memory, and may raise its engine's interrupt
 * (Host's NON_STALL_INTERRUPT, INTERRUPT_TYPE and AWAKEN_ENABLE of engine classes). A front that wants to sleep until then sets bit N % 32 of
 * armed[N / 32], then looks at the semaphore once more, then sleeps. At an interrupt of an engine the back takes
 * out the bits of the channels on that engine, and, if there were any, notifies: all that has ended by then
 * costs one event. A bit may be taken out though its channel has not ended anything: look, and arm again.
 */
#define XENVGPU_EVT_LOST    0x10 /* the GPU is lost: reason is XENVGPU_LOST_* */
#define XENVGPU_EVT_CHANNEL 0x11 /* a channel was stopped after an error; destroy it */

#define XENVGPU_LOST_BUS   1 /* bus mastering was taken away, or the function no longer answers */
#define XENVGPU_LOST_RESET 2 /* the driver domain is about to reset or leave the GPU */

struct xenvgpu_event {
	uint16_t id; /* counts events, from 0 */
	uint8_t type;
	uint8_t reserved[5];
	union {
		struct {
			uint32_t reason;
		} lost;
		struct {
			uint32_t channel;
			uint32_t xid;	  /* ROBUST_CHANNEL_*, as NVIDIA's drivers log them */
			uint64_t address; /* of an MMU fault, if known; 0 */
			uint32_t fault;	  /* its NV_PFAULT_FAULT_TYPE_* */
		} channel;
		uint8_t raw[56];
	} op;
};

#define XENVGPU_EVENT_OFFSET 1024
#define XENVGPU_NUM_EVENTS   48
struct xenvgpu_event_page {
	uint32_t in_cons;
	uint32_t in_prod;
	uint32_t doorbell[XENVGPU_MAX_CHANNELS / 32];
	uint32_t armed[XENVGPU_MAX_CHANNELS / 32];
	uint8_t reserved[XENVGPU_EVENT_OFFSET - 8 - XENVGPU_MAX_CHANNELS / 4];
	struct xenvgpu_event event[XENVGPU_NUM_EVENTS];
};

#endif /* __XEN_PUBLIC_IO_VGPUIF_H__ */
