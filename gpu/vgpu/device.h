/* SPDX-License-Identifier: MIT */
/*
 * device.h - what the files of gpu/vgpu share: the back end and its devices.
 *
 * Single-threaded (hv.h). A device is made and destroyed by back.c's scan only, never inside a
 * callback of its own; device.c moves it through its phases; ring.c takes requests off its ring, which
 * the other files carry out.
 *
 * What takes several turns, or an answer of the firmware, is the device's job, of which there is one at a
 * time: requests behind it wait in the ring. Doorbells do not wait.
 */
#ifndef VGPU_DEVICE_H
#define VGPU_DEVICE_H

#include "gpu/vgpu/policy.h"
#include "gpu/vgpu/slice.h"
#include "gpu/vgpu/spans.h"
#include "gpu/vgpu/userd.h"
#include "gpu/vgpu/vgpu.h"
#include "hv/xenbus.h"
#include <xen/io/vgpuif.h>

/*
 * Limits. Devices: each costs one watch of 128 and ten nodes of 1000 that C xenstored allows an
 * unprivileged domain (facts: docs/misc/xenstored quotas).
 */
#define VGPU_DEVICES_MAX    64u
#define VGPU_PIECE_PAGES    16u
#define VGPU_PIECE	    (VGPU_PIECE_PAGES * HV_PAGE_SIZE) /* bytes of a copy done in one turn */
#define VGPU_QUICK	    8u /* short requests served in one turn */
#define VGPU_COPY_REFS	    (XENVGPU_COPY_MAX / HV_PAGE_SIZE)
#define VGPU_CONTEXTS_MAX   8u	  /* graphics channels of a slice */
#define VGPU_BIND_PIECES    8u	  /* such calls in one turn */
#define VGPU_SPANS_MAX	    4096u /* intervals bound or reserved, of one slice */
#define VGPU_FAULTS	    256u /* stopped channels a slice may have at once, and then per minute */
#define VGPU_EVENT_BURST    64u	 /* doorbell events of a slice that are taken at once, */
#define VGPU_EVENT_INTERVAL (40 * HV_US) /* and then */

#ifndef VGPU_BIND_PIECE	     /* tests/proof/page_list.c has fewer */
#define VGPU_BIND_PIECE 512u /* pages that one call of the core maps or unmaps */
#endif

enum vgpu_phase {
	VGPU_IDLE,	/* nothing reserved: no front yet, refused, or closed */
	VGPU_SCRUBBING, /* slice reserved, being cleaned */
	VGPU_OFFERED,	/* InitWait: the front may connect */
	VGPU_CONNECTED,
	VGPU_CLOSING, /* nothing is served any more; waits for the front to be done */
	VGPU_ENDING,  /* waits until the device reaches nothing of the guest's, then lets go */
};

/* The one request of a device that takes more than one turn. */
enum vgpu_job_kind {
	VGPU_JOB_NONE,
	VGPU_JOB_COPY,
	VGPU_JOB_UNMAP,
	VGPU_JOB_IMPORT,
	VGPU_JOB_BIND,
	VGPU_JOB_CORE,	 /* waits for the core */
	VGPU_JOB_ANSWER, /* the core has answered; rsp and status are ready */
};

/* Changes of an address space, under way. */
struct vgpu_bind_job {
	struct vgpu_space *space;
	struct vgpu_object *object; /* of a MAP that has begun */
	uint64_t pos;		    /* bytes of the present change that are done */
	uint32_t done;		    /* changes carried out */
	int status;		    /* of the one that ended it */
	bool undo;		    /* what was done of that one is taken back */
	struct xenvgpu_bind bind[XENVGPU_MAX_BINDS];
};

struct vgpu_job {
	enum vgpu_job_kind kind;
	struct xenvgpu_request req;
	struct xenvgpu_response rsp;
	int status;
	struct vgpu_object *object;
	struct vgpu_space *space;     /* of a space or channel that is being made or ended */
	struct vgpu_channel *channel; /* likewise */
	uint32_t pos;		      /* bytes of a copy, pages of an import that are done */
	uint32_t directory;	      /* the next of an import */
	union {
		uint32_t refs[VGPU_COPY_REFS];
		struct vgpu_bind_job bind;
	};
};

/* The slice as the core sees it; ended when the connection is. */
enum vgpu_tenant_state {
	VGPU_TENANT_NONE,
	VGPU_TENANT_MAKING,
	VGPU_TENANT_LIVE,
	VGPU_TENANT_ENDING,
};

enum vgpu_made { VGPU_UNMADE, VGPU_MAKING, VGPU_MADE, VGPU_UNMAKING };

struct vgpu_space {
	enum vgpu_made state;
	uint32_t generation; /* as of objects */
	struct vgpu_device *dev;
	struct gpu_vm *vm;
	struct vgpu_spans bound, reserved;
};

struct vgpu_channel {
	enum vgpu_made state;
	struct vgpu_device *dev;
	struct vgpu_space *space;
	struct gpu_channel *core;
	uint32_t gp_put; /* as it was when the channel was rung last */
	bool dead;	 /* stopped by a fault */
	struct gpu_fault fault;
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
	uint32_t seen; /* req_prod at the last event, to tell empty ones */
};

struct vgpu_brake {
	uint64_t window;	     /* when it began */
	unsigned int events, useful; /* in it */
	unsigned int backoffs;	     /* in a row */
	unsigned int left;	     /* events that would be taken now */
	uint64_t earned;	     /* when the last of these came */
	struct hv_timer timer;	     /* armed: the port is masked until then */
};

struct vgpu_stats {
	uint64_t requests, refused, bytes_written, bytes_read;
	uint64_t events_sent, events_received, batches;
	uint64_t bells;	      /* doorbells rung */
	uint64_t bell_turns;  /* turns in which there were any */
	uint64_t bad_bells;   /* those of channels that do not exist */
	uint64_t faults;      /* channels stopped */
	uint64_t events_lost; /* event page full */
	uint64_t completions; /* events sent for them */
	uint64_t brakes;      /* times the port was masked */
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
	struct vgpu_brake brake;
	struct vgpu_job job;
	struct vgpu_stats stats;

	enum vgpu_tenant_state tenant_state;
	struct gpu_tenant *tenant;
	uint64_t past_time;		 /* ns of engines that tenants before this one have had */
	uint64_t told_time, told_before; /* the same, of all, as published last and before that */
	struct iommu_account *account;	 /* made with the first import */
	struct vgpu_space space[XENVGPU_MAX_SPACES];
	struct vgpu_channel channel[XENVGPU_MAX_CHANNELS];
	struct vgpu_userd *userd[VGPU_USERD_PAGES];
	uint32_t bells[XENVGPU_MAX_CHANNELS / 32]; /* channels that may be rung */
	unsigned int faults;			   /* that are forgiven now */
	uint64_t faults_time;

	bool pending;	 /* wants a turn */
	uint32_t credit; /* turns it has earned, in weight */

	/* Changes of the front's state that are acted on: a bucket that refills with time. */
	unsigned int changes;
	uint64_t changes_time;
	struct hv_timer changes_timer;

	bool online_changed; /* look at "online" at the next scan */
	bool dir_changed;    /* see whether it is still the same device */
	bool seen;	     /* by the scan that is running */
	bool doomed;	     /* its directory is gone: destroyed when it has ended */
	bool restart;	     /* the front has come back while it was ending */
	bool waiting;	     /* for VRAM of a device that is ending */
	bool stats_dirty;
};

struct vgpu_back {
	struct gpu *gpu;
	struct gpu_scrubber *scrubber;
	struct gpu_rm *rm; /* NULL: no channels */
	bool lost, stopping;
	struct vgpu_device *devices[VGPU_DEVICES_MAX];
	unsigned int turn; /* whose turn it is, an index into devices */
	uint8_t *staging;  /* staging_pages pages, used within one turn */
	unsigned int staging_pages;
	struct gpu_run runs[VGPU_BIND_PIECE]; /* likewise */
	uint32_t copy_max;		      /* 0: built without feature-bar-copy */
	struct vgpu_userd *userd;	      /* pages that guests still have mapped */
	uint64_t awakenings;		      /* interrupts for completions */
	struct hv_timer userd_timer;
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
/* back.c: is VRAM of a slice about to come back? */
bool vgpu_any_ending(const struct vgpu_back *back);
/* back.c: a device has ended: what it held is there for others, and it may be destroyed. */
void vgpu_ended(struct vgpu_back *back);

/*
 * device.c. new: reads the backend node, starts following the front. -ENOENT (the toolstack has not
 * written all keys yet), -EINVAL, -ENOMEM, xenstore's error.
 */
int vgpu_device_new(struct vgpu_back *back, hv_domid_t front, unsigned int index,
		    struct vgpu_device **out);
/* The directory is gone. True when the device has ended, otherwise it is doomed and vgpu_ended() follows. */
bool vgpu_device_end(struct vgpu_device *dev);
void vgpu_device_destroy(struct vgpu_device *dev); /* has ended */
/*
 * The domain stops. stop: nothing is served any more; free: the device reaches no memory any more, and
 * everything goes.
 */
void vgpu_device_stop(struct vgpu_device *dev);
void vgpu_device_free(struct vgpu_device *dev);
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
/* The job waited for the core, which has answered: job.rsp goes out with this status. */
void vgpu_ring_answer(struct vgpu_device *dev, int status);
/* Is that the creation of this channel, and not written yet? */
bool vgpu_ring_answering(const struct vgpu_device *dev, const struct vgpu_channel *channel);

/*
 * page_list.c: takes the next directory of a list of which `left` pages (at least one) are to come: how many it
 * names, and the next one, 0 if that was the last. *refs lies in the staging buffer and may hold zeros.
 * -XEN_EFAULT, -XEN_EINVAL (goes on where it should end, or ends early).
 */
int vgpu_page_list(struct vgpu_device *dev, hv_gref_t *directory, uint32_t left,
		   const hv_gref_t **refs);

/*
 * copy.c: MEM_WRITE and MEM_READ. start: checks against the slice, fetches the page list; step: one
 * piece. 1 while there is more, 0 when done, -XEN_E*.
 */
int vgpu_copy_start(struct vgpu_device *dev);
int vgpu_copy_step(struct vgpu_device *dev);
/* The protocol's error for a negative errno of ours. */
int vgpu_xen_error(int err);

/*
 * import.c: MEM_IMPORT. start, step: as in copy.c, the handle goes to job.rsp. free: ends all imports of a device,
 * in bounded steps; 1 while there are more.
 */
int vgpu_import_start(struct vgpu_device *dev);
int vgpu_import_step(struct vgpu_device *dev);
int vgpu_import_free(struct vgpu_device *dev);

/*
 * tenant.c. get: the tenant is there (0), will be (1, and vgpu_space_continue() is called), -XEN_E*. end:
 * true when the core has none of this device (any more), otherwise the device is kicked when that is so.
 * gone: forgets what the core had.
 */
int vgpu_tenant_get(struct vgpu_device *dev);
bool vgpu_tenant_end(struct vgpu_device *dev);
/*
 * How many graphics channels the device may have at a time: what a quarter of its slice holds contexts of, and
 * VGPU_CONTEXTS_MAX at most; 0 when its policy, or the core, has no graphics.
 */
unsigned int vgpu_tenant_contexts(const struct vgpu_device *dev);
/* ns of engines that this device has had, whatever number of tenants it had. */
uint64_t vgpu_tenant_time(const struct vgpu_device *dev);
void vgpu_tenant_gone(struct vgpu_device *dev);

/* space.c, channel.c: requests. 1: the core has the job now, and vgpu_ring_answer() follows; -XEN_E*. */
int vgpu_space_create(struct vgpu_device *dev);
int vgpu_space_destroy(struct vgpu_device *dev);
/* The device's tenant was made, or not (-XEN_E*). */
void vgpu_space_continue(struct vgpu_device *dev, int status);
/* The space of this handle, or NULL. */
struct vgpu_space *vgpu_space_find(struct vgpu_device *dev, uint32_t handle);
/* A piece of an object is shown no more; arg is the device. */
void vgpu_space_unbind(const struct vgpu_span *piece, void *arg);
/* Drops holds on guest pages that no address space shows any more; after a commit, or the tenant's end. */
void vgpu_space_drop_holds(struct vgpu_device *dev);
/* Nothing is bound in it any more. */
void vgpu_space_forget(struct vgpu_space *space);
int vgpu_channel_create(struct vgpu_device *dev);
/* Does this chip, the policy, and the size of the slice allow channels for that class? */
bool vgpu_class_served(const struct vgpu_device *dev, uint32_t class_id);
int vgpu_channel_destroy(struct vgpu_device *dev);

/* Does a doorbell wait of a channel that may be rung? ring: has the GPU look at all of these. */
bool vgpu_bells_pending(const struct vgpu_device *dev);
void vgpu_bells_ring(struct vgpu_device *dev);

/*
 * brake.c. release: a connection begins; stop: it ends. event: there was one, and it brings a request or
 * does not; the port may be masked after this. useful: a submission has come.
 */
void vgpu_brake_release(struct vgpu_device *dev);
void vgpu_brake_stop(struct vgpu_device *dev);
void vgpu_brake_event(struct vgpu_device *dev, bool request);
void vgpu_brake_useful(struct vgpu_device *dev);

/* completion.c: guests are told when engines have finished something, or not any more. */
void vgpu_completions_listen(struct vgpu_back *back, bool listen);

/* bind.c: BIND, as in copy.c; `done` goes to job.rsp. */
int vgpu_bind_start(struct vgpu_device *dev);
int vgpu_bind_step(struct vgpu_device *dev);

/* event.c: puts an event into the event page and notifies. */
void vgpu_event_lost(struct vgpu_device *dev, uint32_t reason);
void vgpu_event_channel(struct vgpu_device *dev, uint32_t channel, const struct gpu_fault *fault);

/* stats.c. dirty: something worth telling happened (dev may be NULL: to the domain only). */
void vgpu_stats_init(struct vgpu_back *back);
void vgpu_stats_dirty(struct vgpu_back *back, struct vgpu_device *dev);
void vgpu_stats_publish(struct vgpu_back *back);

#endif /* VGPU_DEVICE_H */
