/* SPDX-License-Identifier: MIT */
/*
 * pool.c - memory that a backend may reach.
 *
 * Only whole pages that were zeroed first are offered, so nothing else of the guest is ever visible
 * next to them. Grants are made when a page is first needed and kept until the connection ends: a
 * transfer in steady state costs no grant operation at either end.
 *
 * An offer that the backend still has mapped cannot be withdrawn, and the backend may write to the
 * page as long as it likes. Such pages are held back and tried again, ever more rarely; they are
 * never used for anything else before Xen confirms the end of the grant (XSA-396).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "front_int.h"

#define HELD_PAUSE_MIN (10 * HV_MS)
#define HELD_PAUSE_MAX (5 * HV_S)

struct front_run *front_run_new(unsigned int pages)
{
	struct front_run *run = calloc(1, sizeof(*run) + pages * sizeof(run->ref[0]));

	if (!run)
		return NULL;
	run->va = hv_pages_alloc(pages);
	if (!run->va) {
		free(run);
		return NULL;
	}
	run->pages = pages;
	return run;
}

int front_run_offer(struct front_dev *dev, struct front_run *run, unsigned int page,
		    unsigned int flags)
{
	int ret;

	if (run->ref[page])
		return 0;
	ret = hv_grant_give(dev->bound_dom, run->va + (size_t)page * HV_PAGE_SIZE, flags,
			    &run->ref[page]);
	if (ret)
		run->ref[page] = 0;
	else
		dev->stats.grants++;
	return ret;
}

/* Ends what can be ended; true when the run is gone. */
static bool run_release(struct front_run *run)
{
	unsigned int left = 0;

	for (unsigned int i = 0; i < run->pages; i++) {
		if (run->ref[i] && hv_grant_end(run->ref[i]))
			left++;
		else
			run->ref[i] = 0;
	}
	if (left)
		return false;
	hv_pages_free(run->va, run->pages);
	free(run);
	return true;
}

static void held_retry(struct front_dev *dev)
{
	struct front_run **link = &dev->held;

	while (*link) {
		struct front_run *run = *link, *next = run->next;
		unsigned int pages = run->pages;

		if (run_release(run)) {
			dev->stats.pages_held -= pages;
			*link = next;
		} else {
			link = &run->next;
		}
	}
}

static void held_timer(struct hv_timer *t)
{
	struct front_dev *dev =
		(struct front_dev *)((char *)t - offsetof(struct front_dev, held_timer));

	held_retry(dev);
	if (!dev->held)
		return;
	dev->held_pause *= 2;
	if (dev->held_pause > HELD_PAUSE_MAX)
		dev->held_pause = HELD_PAUSE_MAX;
	hv_timer_arm(t, hv_now() + dev->held_pause);
}

void front_run_retire(struct front_dev *dev, struct front_run *run)
{
	unsigned int pages;

	if (!run)
		return;
	pages = run->pages;
	if (run_release(run))
		return;
	run->next = dev->held;
	dev->held = run;
	dev->stats.pages_held += pages;
	dev->held_pause = HELD_PAUSE_MIN;
	hv_timer_arm(&dev->held_timer, hv_now() + dev->held_pause);
}

void front_pool_init(struct front_dev *dev)
{
	dev->held_timer.fn = held_timer;
}

/* ---------------------------------------------------------------- buffers */

static void buf_retire(struct front_dev *dev, struct front_pool_buf *buf)
{
	front_run_retire(dev, buf->data);
	front_run_retire(dev, buf->dir);
	memset(buf, 0, sizeof(*buf));
}

void front_pool_stop(struct front_dev *dev)
{
	for (unsigned int i = 0; i < FRONT_BUFS_MAX; i++) {
		struct front_pool_buf *buf = &dev->buf[i];

		if (!buf->dir)
			continue;
		/* Whoever has taken it may still be reading what came back. */
		if (buf->taken || buf->flying)
			buf->stale = true;
		else
			buf_retire(dev, buf);
	}
}

void front_pool_exit(struct front_dev *dev)
{
	for (unsigned int i = 0; i < FRONT_BUFS_MAX; i++)
		if (dev->buf[i].dir)
			buf_retire(dev, &dev->buf[i]);
	held_retry(dev);
	hv_timer_cancel(&dev->held_timer);
	if (dev->held)
		hv_log(HV_WARN, "front %u: %llu pages are lost: dom%u still maps them", dev->index,
		       (unsigned long long)dev->stats.pages_held, dev->bound_dom);
	while (dev->held) {
		struct front_run *run = dev->held;

		dev->held = run->next;
		free(run);
	}
}

struct front_buf *front_buf_get(struct front_dev *dev)
{
	struct front_pool_buf *empty = NULL, *buf;

	if (front_state(dev) != FRONT_CONNECTED)
		return NULL;
	for (unsigned int i = 0; i < FRONT_BUFS_MAX; i++) {
		buf = &dev->buf[i];
		if (!buf->dir) {
			empty = empty ? empty : buf;
		} else if (!buf->taken && !buf->flying && !buf->stale) {
			buf->taken = true;
			return &buf->pub;
		}
	}
	if (!empty)
		return NULL;
	buf = empty;
	buf->dir = front_run_new(1);
	buf->data = front_run_new(FRONT_BUF_PAGES);
	if (!buf->dir || !buf->data) {
		buf_retire(dev, buf);
		return NULL;
	}
	buf->pub.va = buf->data->va;
	buf->taken = true;
	return &buf->pub;
}

void front_buf_put(struct front_dev *dev, struct front_buf *pub)
{
	struct front_pool_buf *buf = (struct front_pool_buf *)pub;

	HV_CHECK(buf->taken && !buf->flying);
	buf->taken = false;
	if (buf->stale)
		buf_retire(dev, buf);
}

void front_buf_landed(struct front_dev *dev, struct front_pool_buf *buf, bool forgotten)
{
	buf->flying = false;
	if (forgotten)
		front_buf_put(dev, &buf->pub);
}

/* Makes sure that the first n pages are offered and that the directory lists them, nothing else. */
static int buf_list(struct front_dev *dev, struct front_pool_buf *buf, unsigned int n)
{
	struct xenvgpu_page_directory *dir = (void *)buf->dir->va;
	int ret = front_run_offer(dev, buf->dir, 0, HV_GRANT_RO);

	for (unsigned int i = 0; i < n && !ret; i++)
		ret = front_run_offer(dev, buf->data, i, 0);
	if (ret)
		return ret;
	for (; buf->listed < n; buf->listed++)
		dir->gref[buf->listed] = buf->data->ref[buf->listed];
	while (buf->listed > n)
		dir->gref[--buf->listed] = 0;
	return 0;
}

int front_copy(struct front_dev *dev, uint8_t operation, uint32_t handle, uint64_t offset,
	       struct front_buf *pub, uint32_t length, front_done_fn done, void *arg)
{
	struct front_pool_buf *buf = (struct front_pool_buf *)pub;
	struct xenvgpu_request req = {.operation = operation};
	int ret;

	if (front_state(dev) != FRONT_CONNECTED || buf->stale)
		return -ENODEV;
	if (!dev->copy_ok)
		return -EOPNOTSUPP;
	if ((operation != XENVGPU_OP_MEM_WRITE && operation != XENVGPU_OP_MEM_READ) || !handle ||
	    !length || length > FRONT_BUF_SIZE || length % 4 || offset % 4 || !buf->taken ||
	    buf->flying)
		return -EINVAL;
	ret = buf_list(dev, buf, (length + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE);
	if (ret)
		return ret;
	req.op.mem_copy.handle = handle;
	req.op.mem_copy.gref_directory = buf->dir->ref[0];
	req.op.mem_copy.offset = offset;
	req.op.mem_copy.length = length;
	ret = front_submit(dev, &req, done, arg);
	if (ret >= 0) {
		dev->slot[ret].buf = buf;
		buf->flying = true;
	}
	return ret;
}
