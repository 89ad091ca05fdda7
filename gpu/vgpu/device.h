/* SPDX-License-Identifier: MIT */
/*
 * device.h - what the files of gpu/vgpu share: the back end and its devices.
 *
 * Single-threaded (hv.h). A device is made and destroyed by back.c's scan only, never inside a
 * callback of its own; device.c moves it through its phases; ring.c and copy.c serve its ring.
 */
#ifndef VGPU_DEVICE_H
#define VGPU_DEVICE_H

#include "gpu/vgpu/policy.h"
#include "gpu/vgpu/slice.h"
#include "gpu/vgpu/vgpu.h"
#include "hv/xenbus.h"
#include <xen/io/vgpuif.h>

/*
 * Limits. Devices: each costs one watch of 128 and ten nodes of 1000 that C xenstored allows an
 * unprivileged domain (facts: docs/misc/xenstored quotas).
 */
#define VGPU_DEVICES_MAX 64u
#define VGPU_PIECE_PAGES 16u
#define VGPU_PIECE	 (VGPU_PIECE_PAGES * HV_PAGE_SIZE) /* bytes of a copy done in one turn */
#define VGPU_SCRUB_STEP	 (256ull * 1024)		   /* bytes scrubbed in one turn */
#define VGPU_QUICK	 8u				   /* short requests served in one turn */
#define VGPU_COPY_REFS	 (XENVGPU_COPY_MAX / HV_PAGE_SIZE)

enum vgpu_phase {
	VGPU_IDLE,	/* nothing reserved: no front yet, refused, or closed */
	VGPU_SCRUBBING, /* slice reserved, being cleaned */
	VGPU_OFFERED,	/* InitWait: the front may connect */
	VGPU_CONNECTED,
	VGPU_CLOSING, /* nothing is served any more; waits for the front to be done */
};

/* The one request of a device that takes more than one turn. */
enum vgpu_job_kind { VGPU_JOB_NONE, VGPU_JOB_COPY, VGPU_JOB_RECLAIM };

struct vgpu_job {
	enum vgpu_job_kind kind;
	struct xenvgpu_request req;
	struct vgpu_object *object;
	uint32_t pos; /* bytes of a copy that are done */
	uint32_t refs[VGPU_COPY_REFS];
};

/* The connection's shared pages and our private idea of where we are. */
struct vgpu_ring {
	struct hv_grant_map maps[2]; /* ring, event page */
	struct xen_vgpuif_sring *sring;
	struct xenvgpu_event_page *events;
	hv_port_t port;	 /* 0: not connected */
	uint32_t cons;	 /* requests taken */
	uint32_t prod;	 /* responses written */
	uint32_t pushed; /* responses the front has been told of */
	uint32_t event_prod;
	uint32_t seen;		 /* req_prod at the last event, to tell empty ones */
	unsigned int empty;	 /* empty events in this window */
	uint64_t window;	 /* when it began */
	unsigned int backoffs;	 /* in a row */
	struct hv_timer backoff; /* armed: the port is masked until then */
};

struct vgpu_stats {
	uint64_t requests, refused, bytes_written, bytes_read;
	uint64_t events_sent, events_received, batches;
};

struct vgpu_device {
	struct vgpu_back *back;
	hv_domid_t front;
	unsigned int index;
	struct xenbus_dev bus;
	enum vgpu_phase phase;
	struct vgpu_policy policy;
	struct vgpu_slice slice;
	struct vgpu_ring ring;
	struct vgpu_job job;
	struct vgpu_stats stats;

	bool pending;	 /* wants a turn */
	uint32_t credit; /* turns it has earned, in weight */

	/* Changes of the front's state that are acted on: a bucket that refills with time. */
	unsigned int changes;
	uint64_t changes_time;
	struct hv_timer changes_timer;

	bool online_changed; /* look at "online" at the next scan */
	bool dir_changed;    /* see whether it is still the same device */
	bool seen;	     /* by the scan that is running */
	bool stats_dirty;
};

struct vgpu_back {
	struct gpu *gpu;
	bool lost, stopping;
	struct vgpu_device *devices[VGPU_DEVICES_MAX];
	unsigned int turn; /* whose turn it is, an index into devices */
	uint8_t *staging;  /* VGPU_PIECE bytes on page boundaries, used within one turn */
	uint32_t copy_max; /* 0: built without feature-bar-copy */
	struct hv_xs_watch watch;
	bool rescan;
	bool crowded; /* the last scan found more devices than fit */
	struct hv_work scan, serve;
	struct hv_timer retry; /* of a scan that xenstore failed */
	uint64_t stats_time;   /* when last published */
	struct hv_timer stats_timer;
};

/* back.c: the device has something to do; it gets a turn. */
void vgpu_kick(struct vgpu_device *dev);
/* back.c: the device's directory may be a new one; a scan will see. */
void vgpu_look_again(struct vgpu_device *dev);

/*
 * device.c. new: reads the backend node, starts following the front. -ENOENT (the toolstack has not
 * written all keys yet), -EINVAL, -ENOMEM, xenstore's error.
 */
int vgpu_device_new(struct vgpu_back *back, hv_domid_t front, unsigned int index,
		    struct vgpu_device **out);
void vgpu_device_destroy(struct vgpu_device *dev);
/*
 * Was the directory removed and made again behind our back? Then its state is Initialising, as the
 * toolstack makes it, and this device is one that no longer exists.
 */
bool vgpu_device_remade(struct vgpu_device *dev);
/* The device's turn: one bounded piece of work. True when there is more. */
bool vgpu_device_turn(struct vgpu_device *dev);
/* The toolstack may have changed "online". */
void vgpu_device_online(struct vgpu_device *dev);
/* The GPU is gone or about to go; reason is XENVGPU_LOST_*. */
void vgpu_device_lost(struct vgpu_device *dev, uint32_t reason);
/* The front broke the protocol: publishes why, disconnects, goes to Closing. */
void vgpu_device_fail(struct vgpu_device *dev, int err, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* ring.c. connect maps and binds what the front offered: 0 or -errno with nothing left behind. */
int vgpu_ring_connect(struct vgpu_device *dev, hv_gref_t ring, hv_gref_t events, hv_port_t port);
void vgpu_ring_disconnect(struct vgpu_device *dev);
bool vgpu_ring_turn(struct vgpu_device *dev);
void vgpu_ring_notify(struct vgpu_device *dev);

/*
 * copy.c: MEM_WRITE and MEM_READ. start: checks against the slice, fetches the page list; step: one
 * piece. 1 while there is more, 0 when done, -XEN_E*.
 */
int vgpu_copy_start(struct vgpu_device *dev);
int vgpu_copy_step(struct vgpu_device *dev);
/* The protocol's error for a negative errno of ours. */
int vgpu_xen_error(int err);

/* event.c: puts EVT_LOST into the event page and notifies. */
void vgpu_event_lost(struct vgpu_device *dev, uint32_t reason);

/* stats.c. dirty: something worth telling happened (dev may be NULL: to the domain only). */
void vgpu_stats_init(struct vgpu_back *back);
void vgpu_stats_dirty(struct vgpu_back *back, struct vgpu_device *dev);
void vgpu_stats_publish(struct vgpu_back *back);

#endif /* VGPU_DEVICE_H */
