/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * channel.c - address spaces, what is bound in them, and channels that the GPU serves by itself.
 *
 * The backend sets them up. From then on a submission is: write the GPFIFO, write GP_PUT into the
 * channel's USERD (a page that the backend has granted us), and ring: set the channel's bit in the doorbell
 * bitmap, and send one event if the bit was clear; or, where the toolstack has given us the GPU's doorbell page,
 * write the channel's value there, which neither Xen nor the backend sees.
 * Who waits for its end sets a bit in another bitmap, which the backend takes out, and sends an event, when an engine says
 * that something has ended.
 *
 * The toolstack takes the page away at any time after the backend has gone. Xen lets us go on then: what we write is
 * dropped, what we read is all ones.
 */
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/ioport.h>
#include <linux/pfn.h>

#include <asm/sync_bitops.h>
#include <xen/events.h>
#include <xen/features.h>
#include <xen/page.h>

#include "front.h"

#define LOOK_AGAIN (HZ / 10) /* where the board tells of no completions */

static_assert(offsetof(struct xenvgpu_event_page, doorbell) % sizeof(long) == 0);
static_assert(offsetof(struct xenvgpu_event_page, armed) % sizeof(long) == 0);
static_assert(sizeof(struct xenvgpu_bind) * XENVGPU_MAX_BINDS == XEN_PAGE_SIZE);

int front_class_list(struct front_conn *conn, struct xenvgpu_class_list_resp *list)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_CLASS_LIST};
	struct xenvgpu_response rsp;
	int ret = front_call(conn, &req, &rsp);

	if (!ret)
		*list = rsp.op.class_list;
	return ret;
}

int front_space_create(struct front_conn *conn, struct xenvgpu_space_create_resp *space)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_SPACE_CREATE};
	struct xenvgpu_response rsp;
	int ret = front_call(conn, &req, &rsp);

	if (!ret)
		*space = rsp.op.space_create;
	return ret;
}

int front_space_destroy(struct front_conn *conn, u32 space)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_SPACE_DESTROY,
				      .op.space_destroy.space = space};

	return front_call(conn, &req, NULL);
}

int front_bind(struct front_conn *conn, u32 space, const struct xenvgpu_bind *bind, unsigned int n)
{
	struct xenvgpu_request req = {
		.operation = XENVGPU_OP_BIND, .op.bind.space = space, .op.bind.count = n};
	grant_ref_t ref = 0;
	struct page *page;
	int ret;

	if (!n || n > XENVGPU_MAX_BINDS)
		return -EINVAL;
	page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!page)
		return -ENOMEM;
	memcpy(page_address(page), bind, n * sizeof(*bind));
	ret = front_offer(conn, page, true, &ref);
	if (ret) {
		__free_page(page);
		return ret;
	}
	req.op.bind.gref = ref;
	ret = front_call(conn, &req, NULL);
	gnttab_end_foreign_access(ref, page);
	return ret;
}

/* ---------------------------------------------------------------- the doorbell page */

void front_bell_map(struct front_conn *conn)
{
	struct xenbus_device *xbdev = conn->front->xbdev;
	unsigned long long frame;

	/* Only Xen can put it there for us, and only into a physical map that Xen keeps. */
	if (!xen_feature(XENFEAT_auto_translated_physmap) ||
	    xenbus_scanf(XBT_NIL, xbdev->nodename, "doorbell-frame", "%llu", &frame) != 1)
		return;
	/* Fails where something is already: that is not the doorbell. */
	if (frame > PHYS_PFN(iomem_resource.end) ||
	    !request_mem_region(PFN_PHYS(frame), XEN_PAGE_SIZE, "xen-vgpu doorbell")) {
		dev_warn(&xbdev->dev, "no doorbell page at frame %#llx\n", frame);
		return;
	}
	conn->bell_at = PFN_PHYS(frame);
	conn->bell = ioremap(conn->bell_at, XEN_PAGE_SIZE);
	if (!conn->bell)
		release_mem_region(conn->bell_at, XEN_PAGE_SIZE);
}

void front_bell_unmap(struct front_conn *conn)
{
	if (!conn->bell)
		return;
	iounmap(conn->bell);
	release_mem_region(conn->bell_at, XEN_PAGE_SIZE);
	conn->bell = NULL;
}

/* ---------------------------------------------------------------- channels */

static int channel_ask(struct front_conn *conn, const struct xenvgpu_channel_create_req *create,
		       struct xenvgpu_channel_create_resp *made)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_CHANNEL_CREATE,
				      .op.channel_create = *create};
	struct xenvgpu_response rsp;
	int ret = front_call(conn, &req, &rsp);

	if (!ret)
		*made = rsp.op.channel_create;
	return ret;
}

static int channel_end(struct front_conn *conn, u32 number)
{
	struct xenvgpu_request req = {.operation = XENVGPU_OP_CHANNEL_DESTROY,
				      .op.channel_destroy.channel = number};

	return front_call(conn, &req, NULL);
}

int front_channel_new(struct front_conn *conn, const struct xenvgpu_channel_create_req *create,
		      struct front_channel *ch)
{
	struct xenvgpu_channel_create_resp made;
	grant_ref_t ref;
	int ret = channel_ask(conn, create, &made);

	if (ret)
		return ret;
	ref = made.userd_gref;
	ret = xenbus_map_ring_valloc(conn->front->xbdev, &ref, 1, &ch->page);
	if (ret) {
		channel_end(conn, made.channel);
		return ret;
	}
	clear_bit(made.channel, conn->stopped);
	ch->number = made.channel;
	ch->doorbell = made.doorbell;
	ch->userd = ch->page + made.userd_offset;
	return 0;
}

/* The page first: the backend cannot take back what we still have. */
void front_channel_free(struct front_conn *conn, struct front_channel *ch)
{
	xenbus_unmap_ring_vfree(conn->front->xbdev, ch->page);
	channel_end(conn, ch->number); /* fails only with the connection, which takes it along */
}

void front_channel_ring(struct front_conn *conn, const struct front_channel *ch, u32 gp_put)
{
	dma_wmb(); /* push buffer and GPFIFO before GP_PUT */
	WRITE_ONCE(*(u32 *)(ch->userd + XENVGPU_USERD_GP_PUT), gp_put);
	if (conn->bell) {
		front_count(conn->front, FRONT_DOORBELLS, 1);
		writel(ch->doorbell, conn->bell + XENVGPU_DOORBELL); /* after GP_PUT */
		return;
	}
	/* A full barrier: GP_PUT before the bit. */
	if (sync_test_and_set_bit(ch->number, (unsigned long *)conn->events->doorbell))
		return;
	front_count(conn->front, FRONT_NOTIFIES, 1);
	notify_remote_via_irq(conn->irq);
}

/* ---------------------------------------------------------------- completions */

static unsigned long *armed_word(struct front_conn *conn)
{
	return (unsigned long *)conn->events->armed;
}

bool front_completions_take(struct front_conn *conn)
{
	bool any = false;
	unsigned int n;

	for_each_set_bit(n, conn->armed, XENVGPU_MAX_CHANNELS)
	{
		if (sync_test_bit(n, armed_word(conn)))
			continue;
		__clear_bit(n, conn->armed);
		any = true;
	}
	return any;
}

/* Under the lock, so that the interrupt finds both bits or none. */
static void arm(struct front_conn *conn, u32 n)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->lock, flags);
	__set_bit(n, conn->armed);
	sync_set_bit(n, armed_word(conn));
	spin_unlock_irqrestore(&conn->lock, flags);
	smp_mb(); /* the bit is there before the caller looks once more */
}

static void disarm(struct front_conn *conn, u32 n)
{
	unsigned long flags;

	spin_lock_irqsave(&conn->lock, flags);
	__clear_bit(n, conn->armed);
	sync_clear_bit(n, armed_word(conn));
	spin_unlock_irqrestore(&conn->lock, flags);
}

/* Why waiting would be in vain, or 0. */
static int wait_error(struct front_conn *conn, u32 n)
{
	if (READ_ONCE(conn->dead))
		return -ENODEV;
	return test_bit(n, conn->stopped) ? -EIO : 0;
}

int front_channel_wait(struct front_conn *conn, const struct front_channel *ch,
		       bool (*done)(const void *arg), const void *arg, unsigned long timeout)
{
	unsigned long end = jiffies + timeout;
	u32 n = ch->number;
	int ret = 0;
	long left;

	while (!done(arg) && !(ret = wait_error(conn, n))) {
		if (time_after(jiffies, end)) {
			ret = -ETIMEDOUT;
			break;
		}
		arm(conn, n);
		/* Until the backend has taken the bit: it may be another channel's work that has ended. */
		left = wait_event_timeout(
			conn->completion,
			done(arg) || !test_bit(n, conn->armed) || wait_error(conn, n), LOOK_AGAIN);
		if (left <= 1 && done(arg) && test_bit(n, conn->armed))
			front_count(conn->front, FRONT_FALLBACKS, 1);
	}
	disarm(conn, n);
	dma_rmb(); /* what says that it has ended before what has been done */
	return done(arg) ? 0 : ret;
}
