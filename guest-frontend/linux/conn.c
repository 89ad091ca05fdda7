/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * conn.c - one connection to a backend: its pages, its event channel, its keys in xenstore.
 *
 * What is started here is stopped in reverse. The order in front_conn_stop() matters: first every
 * request fails and no new one is taken, then nothing runs any more that could touch the shared
 * pages (interrupt, start work, file operations), and only then are the pages given back.
 */
#include <linux/slab.h>

#include <drm/drm_drv.h>
#include <xen/events.h>

#include "front.h"

/* After the backend has connected: learn what the slice is, then show it to programs. */
static void start_work(struct work_struct *work)
{
	struct front_conn *conn = container_of(work, struct front_conn, start);
	struct xenbus_device *xbdev = conn->front->xbdev;
	int ret = front_info(conn, &conn->info);

	if (!ret)
		ret = front_drm_register(conn);
	if (ret) {
		if (ret != -ENODEV)
			dev_err(&xbdev->dev, "cannot start the device: error %d\n", ret);
		return;
	}
	pr_info("%s: backend domain %d, GPU %04x:%04x, %llu MiB of video memory\n", xbdev->nodename,
		xbdev->otherend_id, conn->info.pci_vendor, conn->info.pci_device,
		conn->info.vram_size >> 20);
	front_selftest(conn);
}

struct front_conn *front_conn_start(struct front_dev *front, bool copy_ok, bool channels_ok,
				    bool doorbell_ok)
{
	struct xenbus_device *xbdev = front->xbdev;
	struct xen_vgpuif_sring *sring = NULL;
	struct front_conn *conn = front_drm_alloc(&xbdev->dev);
	int ret;

	if (IS_ERR(conn))
		return conn;
	conn->front = front;
	conn->copy_ok = copy_ok;
	conn->channels_ok = channels_ok;
	INIT_WORK(&conn->start, start_work);
	spin_lock_init(&conn->lock);
	mutex_init(&conn->buf_lock);
	init_waitqueue_head(&conn->slot_free);
	init_waitqueue_head(&conn->completion);

	/* Both come zeroed, as whole pages. */
	ret = xenbus_setup_ring(xbdev, GFP_KERNEL, (void **)&sring, 1, &conn->ring_ref);
	if (ret)
		goto fail;
	XEN_FRONT_RING_INIT(&conn->ring, sring, XEN_PAGE_SIZE);
	ret = xenbus_setup_ring(xbdev, GFP_KERNEL, (void **)&conn->events, 1, &conn->event_ref);
	if (ret)
		goto fail_ring;
	ret = xenbus_alloc_evtchn(xbdev, &conn->port);
	if (ret)
		goto fail_events;
	ret = bind_evtchn_to_irqhandler_lateeoi(conn->port, front_interrupt, 0, "xen-vgpu", conn);
	if (ret < 0)
		goto fail_port;
	conn->irq = ret;
	if (channels_ok && doorbell_ok)
		front_bell_map(conn);
	front_count(front, FRONT_GRANTS, 2);
	return conn;

fail_port:
	xenbus_free_evtchn(xbdev, conn->port);
fail_events:
	xenbus_teardown_ring((void **)&conn->events, 1, &conn->event_ref);
fail_ring:
	xenbus_teardown_ring((void **)&sring, 1, &conn->ring_ref);
fail:
	devres_release_group(&xbdev->dev, conn->devres);
	return ERR_PTR(ret);
}

/* In one transaction, which also makes sure that a node just removed does not come back. */
int front_conn_publish(struct front_conn *conn)
{
	const struct {
		const char *key;
		unsigned int value;
	} keys[] = {
		{"version", XENVGPU_PROTOCOL_VERSION},
		{"ring-ref", conn->ring_ref},
		{"event-channel", conn->port},
		{"event-page-ref", conn->event_ref},
	};
	const char *dir = conn->front->xbdev->nodename;
	struct xenbus_transaction tx;
	unsigned int i;
	int ret;

	do {
		ret = xenbus_transaction_start(&tx);
		if (ret)
			return ret;
		ret = xenbus_exists(tx, dir, "backend") ? 0 : -ENOENT;
		for (i = 0; i < ARRAY_SIZE(keys) && !ret; i++)
			ret = xenbus_printf(tx, dir, keys[i].key, "%u", keys[i].value);
		if (ret) {
			xenbus_transaction_end(tx, 1);
			return ret;
		}
		ret = xenbus_transaction_end(tx, 0);
	} while (ret == -EAGAIN);
	return ret;
}

void front_conn_stop(struct front_conn *conn)
{
	struct device *parent = &conn->front->xbdev->dev;

	front_fail_all(conn);
	front_selftest_wake();
	unbind_from_irqhandler(conn->irq, conn); /* closes the port too */
	cancel_work_sync(&conn->start);
	if (conn->registered)
		drm_dev_unplug(&conn->drm);
	front_bell_unmap(conn);
	front_buf_free(conn);
	xenbus_teardown_ring((void **)&conn->events, 1, &conn->event_ref);
	xenbus_teardown_ring((void **)&conn->ring.sring, 1, &conn->ring_ref);
	devres_release_group(parent, conn->devres); /* drops our reference */
}
