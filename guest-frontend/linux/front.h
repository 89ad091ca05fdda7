/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * front.h - what the files of the Linux frontend share.
 *
 * front.c     the xenbus device: states, loss, re-plug, module entry and exit
 * conn.c      one connection: start, publish, stop
 * ring.c      requests, responses, events (interrupt side)
 * buf.c       the staging buffer that the backend may reach
 * import.c    pages that the device may reach by itself
 * channel.c   address spaces and channels
 * drm.c       the render node
 * selftest.c  moves a pattern to video memory and back (module parameters)
 * dma.c       moves it by the GPU
 *
 * Objects and lifetimes. struct front_dev lives from probe() to remove(). Each time the backend
 * connects, a struct front_conn is made; it embeds the DRM device, and because a render node that
 * was unplugged never works again, a new connection is a new DRM device. A connection that has
 * ended is only a shell, kept by DRM's reference count until the last file on it is closed.
 *
 * Locks. front_dev.lock (mutex) serialises changes of state; no request is waited for under it.
 * front_conn.lock (spinlock, taken in the interrupt) guards the ring and the slots. buf_lock (mutex)
 * guards the staging buffer and is held across a transfer; a connection that ends first fails all
 * requests, so nobody is waited for longer than it takes to notice.
 */
#ifndef FRONT_H
#define FRONT_H

#include <linux/completion.h>
#include <linux/irqreturn.h>
#include <linux/mutex.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <drm/drm_device.h>
#include <xen/grant_table.h>
#include <xen/xenbus.h>
#include <xen/io/vgpuif.h>

#undef pr_fmt
#define pr_fmt(fmt) "xen-vgpu: " fmt

#define FRONT_TIMEOUT	(30 * HZ) /* of one request */
#define FRONT_BUF_PAGES (XENVGPU_COPY_MAX / XEN_PAGE_SIZE)

/* Counts since probe(), shown in sysfs; index into front_dev.stats. */
enum front_stat {
	FRONT_REQUESTS,	   /* published */
	FRONT_RESPONSES,   /* accepted */
	FRONT_BATCHES,	   /* interrupts that brought at least one response */
	FRONT_NOTIFIES,	   /* events sent to the backend */
	FRONT_DOORBELLS,   /* written by ourselves */
	FRONT_INTERRUPTS,  /* events received */
	FRONT_SPURIOUS,	   /* of them, those with nothing to do */
	FRONT_EVENTS,	   /* taken from the event page */
	FRONT_COMPLETIONS, /* interrupts about completions that somebody waited for */
	FRONT_FALLBACKS,   /* what had ended, and no interrupt had said so */
	FRONT_GRANTS,	   /* grant entries given */
	FRONT_CONNECTS,
	FRONT_LOSSES,
	FRONT_VIOLATIONS, /* losses because the backend broke the protocol */
	FRONT_STATS
};

/* A request that somebody waits for. */
struct front_wait {
	struct completion done;
	int status; /* 0 or -errno */
	struct xenvgpu_response rsp;
};

struct front_slot {
	bool pending;
	bool uses_buf; /* the staging buffer is the backend's until the answer */
	u16 id;
	struct xenvgpu_request req; /* as sent; the shared copy is never read back */
	struct front_wait *wait;    /* NULL: nobody waits any more */
};

struct front_conn {
	struct drm_device drm;
	void *devres;		 /* group that holds our reference to drm */
	struct front_dev *front; /* valid until the connection has ended */
	struct xenvgpu_info_resp info;
	bool copy_ok;	    /* feature-bar-copy */
	bool channels_ok;   /* feature-channels */
	void __iomem *bell; /* the GPU's doorbell page, XEN_PAGE_SIZE; NULL: the backend rings */
	phys_addr_t bell_at;
	bool registered;
	struct work_struct start; /* INFO, render node, self-test */

	spinlock_t lock;
	bool dead; /* no request is taken, no response believed */
	struct xen_vgpuif_front_ring ring;
	struct xenvgpu_event_page *events;
	u32 evt_cons;
	DECLARE_BITMAP(stopped, XENVGPU_MAX_CHANNELS); /* channels that an error has stopped */
	DECLARE_BITMAP(armed, XENVGPU_MAX_CHANNELS);   /* somebody waits, and was not told yet */
	wait_queue_head_t completion; /* for what ends: work, channels, the connection */
	u16 generation;		      /* of ids */
	wait_queue_head_t slot_free;
	struct front_slot slot[XENVGPU_RING_SLOTS];

	grant_ref_t ring_ref, event_ref;
	evtchn_port_t port;
	int irq;

	struct mutex buf_lock;
	bool buf_flying; /* under lock */
	void *buf;	 /* FRONT_BUF_PAGES, mapped in a row; NULL: not made yet */
	unsigned int buf_granted, buf_listed;
	struct page *buf_page[FRONT_BUF_PAGES];
	grant_ref_t buf_ref[FRONT_BUF_PAGES];
	struct xenvgpu_page_directory *dir;
	grant_ref_t dir_ref;
};

struct front_dev {
	struct xenbus_device *xbdev;
	struct mutex lock;
	struct front_conn *conn;    /* NULL: not connected */
	bool failed;		    /* the backend broke the protocol: stay closed */
	bool gone;		    /* being removed or suspended */
	struct work_struct lost;    /* the interrupt found a reason to end the connection */
	struct delayed_work retry;  /* close time-out, pause before connecting again */
	unsigned long last_connect; /* jiffies */
	bool closing_timed_out;
	struct xenbus_watch plug; /* on our own node */
	atomic64_t stats[FRONT_STATS];
};

static inline void front_count(struct front_dev *front, enum front_stat which, u64 n)
{
	atomic64_add(n, &front->stats[which]);
}

/* front.c: from the interrupt; the connection ends soon. */
void front_conn_broken(struct front_conn *conn, bool violation);

/* conn.c */
struct front_conn *front_conn_start(struct front_dev *front, bool copy_ok, bool channels_ok,
				    bool doorbell_ok);
int front_conn_publish(struct front_conn *conn);
void front_conn_stop(struct front_conn *conn); /* may sleep; conn is gone for the caller */

/* ring.c */
irqreturn_t front_interrupt(int irq, void *data);
/* 0, the backend's answer as -errno, -ENODEV (connection lost), -ETIMEDOUT, -ERESTARTSYS. */
int front_call(struct front_conn *conn, const struct xenvgpu_request *req,
	       struct xenvgpu_response *rsp);
void front_fail_all(struct front_conn *conn);
int front_info(struct front_conn *conn, struct xenvgpu_info_resp *info);
int front_mem_alloc(struct front_conn *conn, u64 size, u32 *handle);
int front_mem_free(struct front_conn *conn, u32 handle);

/* buf.c: hold buf_lock from front_buf_get() to front_buf_put(). */
void *front_buf_get(struct front_conn *conn); /* XENVGPU_COPY_MAX bytes, or ERR_PTR */
void front_buf_put(struct front_conn *conn);
/* MEM_WRITE or MEM_READ of the first length bytes of the buffer. As front_call. */
int front_copy(struct front_conn *conn, u8 operation, u32 handle, u64 offset, u32 length);
void front_buf_free(struct front_conn *conn);

/* Offers a whole page to the backend. *ref is left alone on an error. */
int front_offer(struct front_conn *conn, struct page *page, bool readonly, grant_ref_t *ref);

/*
 * import.c: `pages` zeroed pages as a memory object, or ERR_PTR. Nothing may be bound to it any more when
 * it is freed. These calls, and those of channel.c, end before the connection does.
 */
struct front_import {
	u32 handle;
	unsigned int pages;
	void *va; /* all of them, in a row */
	struct page **page;
	grant_ref_t *ref;
};
struct front_import *front_import_new(struct front_conn *conn, unsigned int pages);
void front_import_free(struct front_conn *conn, struct front_import *im);

/* channel.c: as front_call(). */
int front_class_list(struct front_conn *conn, struct xenvgpu_class_list_resp *list);
int front_space_create(struct front_conn *conn, struct xenvgpu_space_create_resp *space);
int front_space_destroy(struct front_conn *conn, u32 space);
int front_bind(struct front_conn *conn, u32 space, const struct xenvgpu_bind *bind, unsigned int n);

struct front_channel {
	u32 number;
	u32 doorbell; /* what to write at XENVGPU_DOORBELL when there is a page for it */
	void *page;   /* the backend's, with USERDs of ours */
	void *userd;  /* this channel's */
};
int front_channel_new(struct front_conn *conn, const struct xenvgpu_channel_create_req *create,
		      struct front_channel *ch);
void front_channel_free(struct front_conn *conn, struct front_channel *ch);
/*
 * Sleeps until done(arg), which looks at what a submission writes before it interrupts (push_release_awaken()): any
 * number that end meanwhile cost one event. 0; -ETIMEDOUT; -EIO: the channel was stopped; -ENODEV.
 */
int front_channel_wait(struct front_conn *conn, const struct front_channel *ch,
		       bool (*done)(const void *arg), const void *arg, unsigned long timeout);
/* ring.c's part: true when the backend has taken out bits that were armed. conn->lock is held. */
bool front_completions_take(struct front_conn *conn);
/*
 * The doorbell page, if the toolstack has put it into our physical map and the backend knows that; otherwise the backend
 * rings. Nobody rings any more when it is unmapped.
 */
void front_bell_map(struct front_conn *conn);
void front_bell_unmap(struct front_conn *conn);
/* Publishes GPFIFO entries up to gp_put and has the GPU look. */
void front_channel_ring(struct front_conn *conn, const struct front_channel *ch, u32 gp_put);

/*
 * dma.c: a channel with `size` bytes of the memory object `handle` and a buffer of FRONT_DMA_BUF bytes; or
 * ERR_PTR. move: length bytes, a multiple of 64 KiB, from the start of the buffer to offset within the
 * object (which is filled with something else before) or back. As front_call(); -EIO: the channel was
 * stopped.
 */
#define FRONT_DMA_BUF SZ_1M
struct front_dma {
	struct front_import *import;
	u32 space, class;
	u64 object, buffer; /* virtual addresses */
	struct front_channel channel;
	u32 submissions;
	u64 moved; /* bytes written by the GPU */
};
struct front_dma *front_dma_open(struct front_conn *conn, u32 handle, u64 size);
void front_dma_close(struct front_conn *conn, struct front_dma *dma);
void *front_dma_buf(struct front_dma *dma);
int front_dma_move(struct front_conn *conn, struct front_dma *dma, bool to_object, u64 offset,
		   u32 length);

/* drm.c */
struct front_conn *front_drm_alloc(struct device *parent);
int front_drm_register(struct front_conn *conn);

/* selftest.c */
void front_selftest(struct front_conn *conn);
void front_selftest_wake(void); /* somebody's connection has ended */

#endif /* FRONT_H */
