/* SPDX-License-Identifier: MIT */
/*
 * front_int.h - what the files of guest-frontend/bare share; no business of anybody else.
 *
 * front.c   the life of a device: plug, connect, loss, close, plug again
 * ring.c    requests and responses
 * events.c  the event page
 * pool.c    pages offered to the backend
 * call.c    synchronous forms
 * import.c  memory of our own that the device reaches
 * spaces.c  classes, address spaces, what is bound in them
 * channels.c  channels, their USERD, doorbells
 *
 * Lifetime. A connection (struct front_dev's ring, event page, port, buffers) lives from
 * front_connect() to front_disconnect(). Callbacks may cause either, so whoever calls one compares
 * `epoch` afterwards: a different value means that the connection worked on is gone.
 */
#ifndef FRONT_INT_H
#define FRONT_INT_H

#include "front.h"
#include "hv/xenbus.h"

/* ring.h leaves the barriers to its user (or names Linux-like ones, in its oldest dialect). */
#undef xen_mb
#undef xen_rmb
#undef xen_wmb
#define xen_mb()  hv_mb()
#define xen_rmb() hv_rmb()
#define xen_wmb() hv_wmb()

/*
 * A run of whole pages that a backend may reach. ref[i] is 0 while page i is not offered. A run
 * that is retired belongs to the pool, which frees it when the last grant could be ended.
 */
struct front_run {
	struct front_run *next;
	uint8_t *va;
	unsigned int pages;
	hv_gref_t ref[];
};

#define FRONT_BUF_PAGES (FRONT_BUF_SIZE / HV_PAGE_SIZE)

struct front_pool_buf {
	struct front_buf pub;
	bool taken;	       /* by a caller of front_buf_get() */
	bool flying;	       /* by a request under way */
	bool stale;	       /* its connection is gone; retired when put back */
	unsigned int listed;   /* entries of the directory that are not zero */
	struct front_run *dir; /* one page; NULL: this buffer has no memory */
	struct front_run *data;
};

/* id of a request: slot in the low bits, a count above, so that a stale id is noticed. */
#define FRONT_ID_SLOT(id) ((unsigned int)(id) % XENVGPU_RING_SLOTS)

struct front_slot {
	bool pending;
	uint16_t id;
	struct xenvgpu_request req; /* as sent; the shared copy is never read back */
	front_done_fn done;	    /* NULL: forgotten */
	void *arg;
	struct front_pool_buf *buf; /* flying with this request, or NULL */
};

/* A page that the backend has granted to us, with USERDs of our channels. */
struct front_userd {
	struct front_userd *next;
	struct hv_grant_map map;
	unsigned int channels;
};

struct front_channel {
	bool live;    /* the backend has it */
	bool stopped; /* after an error */
	bool ending;  /* CHANNEL_DESTROY is under way */
	int end_status;
	hv_gref_t userd_ref;
	uint32_t userd_offset;
	struct front_userd *userd; /* NULL: not mapped (yet) */
};

struct front_import_mem;

struct front_dev {
	unsigned int index;
	enum front_state state;
	front_changed_fn changed;
	void *arg;
	uint64_t timeout;
	struct front_stats stats;
	unsigned int epoch; /* of the connection */

	/* plug and states (front.c) */
	char dir[XENBUS_DIR_MAX];
	struct hv_xs_watch plug_watch;
	bool failed;	  /* the backend broke the protocol */
	bool bound;	  /* xb is open on the node as it was plugged */
	bool stay_closed; /* front_close() was called */
	char bound_path[XENBUS_DIR_MAX];
	hv_domid_t bound_dom;
	struct xenbus_dev xb;
	struct hv_timer step; /* close time-out, or pause before connecting again */
	uint64_t last_connect;

	/* connection */
	bool copy_ok;	  /* feature-bar-copy */
	bool channels_ok; /* feature-channels */
	struct front_run *ring_page, *event_page;
	hv_port_t port;
	struct xen_vgpuif_front_ring ring;
	RING_IDX pushed; /* req_prod as last published by us */
	uint32_t evt_cons;
	uint16_t next_gen;
	unsigned int pending;
	struct front_slot slot[XENVGPU_RING_SLOTS];
	struct hv_work again;	  /* responses left over after one bounded pass */
	struct hv_timer throttle; /* port is masked until then */
	unsigned int idle_wakeups;
	bool raw; /* raw.h has the ring: do not touch it */

	/* pool */
	struct front_pool_buf buf[FRONT_BUFS_MAX];
	struct front_run *held; /* retired, not yet free */
	struct hv_timer held_timer;
	uint64_t held_pause;

	struct front_import_mem *imports; /* of the caller; some perhaps of an earlier connection */
	struct front_run *bind_page;	  /* NULL: not needed yet */
	struct front_userd *userds;
	struct front_channel channel[XENVGPU_MAX_CHANNELS];
	uint32_t armed[XENVGPU_MAX_CHANNELS /
		       32]; /* set in the event page and not yet seen taken out */
	bool completed;	    /* some were, and their event may be still to come */
	front_stopped_fn channel_stopped;
	void *channel_stopped_arg;
};

/* front.c */
/* The backend broke the protocol: say so in its log and ours, close, stay closed. */
void front_violation(struct front_dev *dev, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void front_lost(struct front_dev *dev, const char *why);

/* ring.c */
int front_ring_start(struct front_dev *dev); /* ring page, port; -ENOMEM, -ENOSPC, ... */
void front_ring_stop(struct front_dev *dev); /* fails what is pending */

/*
 * events.c. What news there is; then, after the responses, takes these: true when there was any. A channel's
 * creation is answered before news of it are written, so in this order they find a channel that is known.
 */
uint32_t front_events_seen(struct front_dev *dev);
bool front_events_take(struct front_dev *dev, uint32_t prod);

/* call.c: submits when there is a free slot, and publishes; a ticket or -errno. */
int front_call_start(struct front_dev *dev, const struct xenvgpu_request *req, front_done_fn done,
		     void *arg);

/* import.c */
void front_imports_stop(struct front_dev *dev); /* the connection is gone */
void front_imports_exit(struct front_dev *dev); /* the device is: retires all */

/* spaces.c */
void front_spaces_stop(struct front_dev *dev);

/* channels.c */
void front_channels_stop(struct front_dev *dev);
/* NULL, or what is wrong with a successful answer. */
const char *front_channel_fault(const struct front_dev *dev,
				const struct xenvgpu_channel_create_resp *rsp);
/* Is the event, or will it be, about completions that somebody waits for? */
bool front_completions_take(struct front_dev *dev);
/* News of a channel; false when it is of no interest. */
bool front_channel_event(struct front_dev *dev, const struct xenvgpu_event *evt);

/* pool.c */
struct front_run *front_run_new(unsigned int pages); /* zeroed; NULL: no memory */
int front_run_offer(struct front_dev *dev, struct front_run *run, unsigned int page,
		    unsigned int flags); /* as hv_grant_give; does nothing when offered already */
void front_run_retire(struct front_dev *dev, struct front_run *run); /* NULL is allowed */
void front_pool_init(struct front_dev *dev);
void front_pool_stop(struct front_dev *dev); /* the connection is gone */
void front_pool_exit(struct front_dev *dev); /* a last try; what is still mapped is leaked */
/* The request that used buf has ended; forgotten: nobody else will put the buffer back. */
void front_buf_landed(struct front_dev *dev, struct front_pool_buf *buf, bool forgotten);

#endif /* FRONT_INT_H */
