/* SPDX-License-Identifier: MIT */
/*
 * front.h - a virtual GPU's front end for a bare-metal guest, over hv.h and hv/xenbus.h.
 *
 * The protocol is include/xen/io/vgpuif.h. One struct front_dev follows one frontend node,
 * device/vgpu/N, for as long as the guest runs: it connects when the toolstack plugs a backend in,
 * fails what is pending when that backend is lost, and connects again when the node is made anew
 * (perhaps with another backend domain) or the backend offers itself again.
 *
 * Nothing the backend says is trusted. A response with an id that is not pending, the wrong
 * operation, an index beyond the ring or a value out of range ends the connection for good: the
 * device is FRONT_FAILED until the toolstack plugs it anew. Pages offered to a backend that still
 * maps them are kept, never reused.
 *
 * Errors are negative errno values; -ENODEV always means "there is no connection (any more)".
 */
#ifndef FRONT_H
#define FRONT_H

#include "hv/hv.h"
#include <xen/io/vgpuif.h>

struct front_dev;

enum front_state {
	FRONT_WAITING,	  /* no node yet, or the backend is not ready */
	FRONT_CONNECTING, /* our keys are published, the backend is checking them */
	FRONT_CONNECTED,  /* requests are served */
	FRONT_CLOSING,	  /* the connection is lost or being closed */
	FRONT_CLOSED, /* closed; comes back when the backend does, unless front_close() was called */
	FRONT_FAILED, /* the backend broke the protocol; only a new plug helps */
};

/* Called from the loop after each change of state. */
typedef void (*front_changed_fn)(struct front_dev *dev, enum front_state state, void *arg);

/*
 * Starts following device/vgpu/index (0 <= index < XENVGPU_MAX_DEVICES). Does not wait, and the
 * node need not exist yet. changed may be NULL. 0, -EINVAL, -ENOMEM, or xenstore's error.
 */
int front_open(unsigned int index, front_changed_fn changed, void *arg, struct front_dev **out);

/* Runs the loop until the device is connected. 0, -ENODEV when it has failed, -ETIMEDOUT. */
int front_wait_connected(struct front_dev *dev, uint64_t timeout);

/* Starts an orderly close; pending requests fail with -ENODEV. The device stays closed. */
void front_close(struct front_dev *dev);

/*
 * Closes the device and forgets it. Runs the loop until the backend has let go of everything, for
 * three seconds at most: a page it still maps then is lost to the guest. Buffers that are taken go
 * too. Never from a handler.
 */
void front_destroy(struct front_dev *dev);

enum front_state front_state(const struct front_dev *dev);
const char *front_state_name(enum front_state state);
hv_domid_t front_backend(const struct front_dev *dev); /* of the current or last connection */
bool front_can_copy(const struct front_dev *dev);      /* backend has feature-bar-copy */
bool front_has_channels(const struct front_dev *dev);  /* backend has feature-channels */

/* ---------------------------------------------------------------- asynchronous requests */

/*
 * The end of one request: status is 0 or -errno (as the backend answered; -ENODEV: connection
 * lost). rsp is a checked private copy, NULL when the connection was lost. May submit again.
 */
typedef void (*front_done_fn)(struct front_dev *dev, int status, const struct xenvgpu_response *rsp,
			      void *arg);

/*
 * Queues one request; nothing is sent before front_flush(). The id in req is ignored and chosen
 * here. Returns a ticket (>= 0) for front_forget(), -EBUSY when all XENVGPU_RING_SLOTS requests are
 * under way, -ENODEV.
 */
int front_submit(struct front_dev *dev, const struct xenvgpu_request *req, front_done_fn done,
		 void *arg);

/* Publishes everything queued, with at most one event to the backend. */
void front_flush(struct front_dev *dev);

/*
 * The request stays under way, but its completion is no longer reported; a buffer it uses is put back
 * when it ends, and is the caller's no more.
 */
void front_forget(struct front_dev *dev, int ticket);

/* Requests under way. */
unsigned int front_pending(const struct front_dev *dev);

/*
 * A buffer the backend can reach, from a pool whose grants last as long as the connection.
 * Whatever is put into va[] can be seen by the backend at once. From front_copy() until its
 * completion the buffer belongs to the request.
 */
#define FRONT_BUF_SIZE XENVGPU_COPY_MAX
#define FRONT_BUFS_MAX 4u
struct front_buf {
	uint8_t *va; /* FRONT_BUF_SIZE bytes */
};

/* NULL: not connected, FRONT_BUFS_MAX are in use, or no memory. */
struct front_buf *front_buf_get(struct front_dev *dev);
void front_buf_put(struct front_dev *dev, struct front_buf *buf);

/*
 * Queues a MEM_WRITE (buffer to object) or MEM_READ (object to buffer) of length bytes at offset
 * within the object; see vgpuif.h for the rules. Returns as front_submit, -EINVAL for what the
 * protocol does not allow, -EOPNOTSUPP without feature-bar-copy, -ENOSPC out of grant references.
 */
int front_copy(struct front_dev *dev, uint8_t operation, uint32_t handle, uint64_t offset,
	       struct front_buf *buf, uint32_t length, front_done_fn done, void *arg);

/* ---------------------------------------------------------------- synchronous requests */

/*
 * One request and its answer, running the loop meanwhile; never from a handler. rsp may be NULL.
 * 0 or -errno; -ETIMEDOUT after the device's timeout (the request is then forgotten).
 */
int front_call(struct front_dev *dev, const struct xenvgpu_request *req,
	       struct xenvgpu_response *rsp);
#define FRONT_TIMEOUT_DEFAULT (10 * HV_S)
void front_set_timeout(struct front_dev *dev, uint64_t timeout);

int front_info(struct front_dev *dev, struct xenvgpu_info_resp *info);
int front_ping(struct front_dev *dev, uint64_t cookie);
int front_mem_alloc(struct front_dev *dev, uint64_t size, uint32_t *handle);
int front_mem_free(struct front_dev *dev, uint32_t handle);
/* Any length that is a multiple of 4; cut into requests of at most FRONT_BUF_SIZE, several at a
 * time. On an error part of the data may have been moved. */
int front_mem_write(struct front_dev *dev, uint32_t handle, uint64_t offset, const void *src,
		    size_t length);
int front_mem_read(struct front_dev *dev, uint32_t handle, uint64_t offset, void *dst,
		   size_t length);

/* ---------------------------------------------------------------- submitting work oneself */

/*
 * All of this is synchronous, as above, and -EOPNOTSUPP without feature-channels. Handles, channel numbers
 * and addresses are those of the protocol and void when the connection is lost.
 */

/*
 * Zeroed pages of our own that the device reaches: a memory object to be bound. The backend has them mapped
 * for the device until front_import_free(). When the connection is lost, handle becomes 0; the pages stay
 * the caller's to look at until front_import_free(), but an old device may still write to them.
 */
struct front_import {
	uint8_t *va;
	unsigned int pages;
	uint32_t handle; /* 0: void */
};

/*
 * pages: 1 ... XENVGPU_IMPORT_MAX; flags: XENVGPU_IMPORT_RO or 0. 0, -EINVAL, -ENOMEM, -ENOSPC out of grant
 * references, or the backend's error.
 */
int front_mem_import(struct front_dev *dev, unsigned int pages, uint32_t flags,
		     struct front_import **out);
/*
 * 0: the pages are free again. -EBUSY: a part is bound in an address space, and nothing has changed. After any
 * other error the import is gone too, and its pages are withheld until the backend has let go of them.
 */
int front_import_free(struct front_dev *dev, struct front_import *import);

int front_class_list(struct front_dev *dev, struct xenvgpu_class_list_resp *classes);
int front_space_create(struct front_dev *dev, struct xenvgpu_space_create_resp *space);
int front_space_destroy(struct front_dev *dev, uint32_t space);

/*
 * Any number of changes of one address space, in order; cut into requests of XENVGPU_MAX_BINDS. done (may be
 * NULL): how many were carried out, of which the last may be unknown after -ETIMEDOUT and -ENODEV.
 */
int front_bind(struct front_dev *dev, uint32_t space, const struct xenvgpu_bind *binds,
	       unsigned int count, unsigned int *done);

/*
 * req as in the protocol, checked by the backend. The USERD page is mapped here while a channel has a USERD
 * there. A request that was given up (-ETIMEDOUT) may leave a channel that only the end of the connection
 * ends.
 */
int front_channel_create(struct front_dev *dev, const struct xenvgpu_channel_create_req *req,
			 uint32_t *channel);
/* After -ETIMEDOUT the channel ends when the backend says so; its number is void at once. */
int front_channel_destroy(struct front_dev *dev, uint32_t channel);

/*
 * Publishes gp_put and rings the doorbell: at most one event, none while the backend has not yet seen the
 * last. What gp_put makes visible was written before. Allowed in handlers. 0, -ENOENT (no such channel), -EIO
 * (it was stopped), -ENODEV.
 */
int front_channel_ring(struct front_dev *dev, uint32_t channel, uint32_t gp_put);
/* How far the device has read the GPFIFO, by its own word; errors as above, a stopped channel can be asked. */
int front_channel_get(struct front_dev *dev, uint32_t channel, uint32_t *gp_get);

/*
 * Runs the loop, asleep, until done(arg) says that what the caller submitted has ended: it looks at a semaphore, which
 * the submission writes and then interrupts (push_release_awaken()). Any number of submissions that end meanwhile
 * cost one event. Where the board tells of no completions, done() is asked ten times a second. Never from a
 * handler. 0; -ETIMEDOUT; -EIO: the channel was stopped, and done() is not true; -ENOENT, -ENODEV.
 */
int front_channel_wait(struct front_dev *dev, uint32_t channel, bool (*done)(void *arg), void *arg,
		       uint64_t timeout);

/*
 * fn is called from the loop once for each channel that was stopped after an error, perhaps before
 * front_channel_create() has returned. evt is a private copy; its channel number is one of ours.
 */
typedef void (*front_stopped_fn)(struct front_dev *dev, const struct xenvgpu_event *evt, void *arg);
void front_on_channel_stopped(struct front_dev *dev, front_stopped_fn fn, void *arg);

/* ---------------------------------------------------------------- counts */

struct front_stats {
	uint64_t requests;    /* published */
	uint64_t responses;   /* accepted */
	uint64_t batches;     /* wake-ups that brought at least one response */
	uint64_t notifies;    /* events sent for requests */
	uint64_t rings;	      /* doorbells rung */
	uint64_t ring_sends;  /* events sent for them */
	uint64_t sleeps;      /* front_channel_wait() had to */
	uint64_t completions; /* wake-ups for what it waited for */
	uint64_t fallbacks;   /* it was over, and no event had said so */
	uint64_t wakeups;     /* events received */
	uint64_t spurious;    /* of them, those with nothing to do */
	uint64_t throttled;   /* times the event channel was masked for a while */
	uint64_t events;      /* taken from the event page */
	uint64_t connects;    /* connections made */
	uint64_t losses;      /* connections lost or refused */
	uint64_t violations;  /* of them, because the backend broke the protocol */
	uint64_t grants;      /* grant entries given so far */
	uint64_t pages_held;  /* pages now withheld because an old backend still maps them */
	uint32_t last_lost;   /* reason in the last EVT_LOST, 0: none */
};
const struct front_stats *front_stats(const struct front_dev *dev);

#endif /* FRONT_H */
