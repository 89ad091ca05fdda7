/* SPDX-License-Identifier: MIT */
/*
 * back.c - all devices of one driver domain: finding them, and giving each its turn.
 *
 * One watch covers backend/vgpu. It fires for every node below, our own included, and a guest can
 * make it fire often; so it only notes that there is something to look at, and one piece of work looks
 * once for however many firings there were.
 *
 * Everything that takes time (scrubbing, copying, serving rings) is cut into turns. One turn runs
 * per piece of work, so events and timers come between; a device's weight decides how many turns it
 * gets in a round.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/vgpu/device.h"
#include "hv/common/parse.h"

#define TREE	 "backend/vgpu"
#define LIST_MAX 4096 /* xenstored's longest answer */
#define RETRY	 HV_S /* after xenstore failed where it should not */

/* ---------------------------------------------------------------- turns */

void vgpu_kick(struct vgpu_device *dev)
{
	dev->pending = true;
	hv_work_queue(&dev->back->serve);
}

void vgpu_look_again(struct vgpu_device *dev)
{
	dev->dir_changed = true;
	dev->back->rescan = true;
	hv_work_queue(&dev->back->scan);
}

static bool any_pending(const struct vgpu_back *back)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i] && back->devices[i]->pending)
			return true;
	}
	return false;
}

/*
 * Deficit round robin: when its turn comes a device earns its weight, and it stays on turn while it
 * can pay for turns and has work. Ends, because somebody is pending and weights are not zero.
 */
static struct vgpu_device *next_device(struct vgpu_back *back)
{
	for (;;) {
		struct vgpu_device *dev = back->devices[back->turn];

		if (dev && dev->pending && dev->credit >= VGPU_WEIGHT_NOMINAL) {
			dev->credit -= VGPU_WEIGHT_NOMINAL;
			return dev;
		}
		if (dev && !dev->pending)
			dev->credit = 0; /* idleness is not saved up */
		back->turn = (back->turn + 1) % VGPU_DEVICES_MAX;
		dev = back->devices[back->turn];
		if (dev && dev->pending)
			dev->credit += dev->policy.weight;
	}
}

static void serve(struct hv_work *w)
{
	struct vgpu_back *back =
		(struct vgpu_back *)((char *)w - offsetof(struct vgpu_back, serve));
	struct vgpu_device *dev;

	if (!any_pending(back))
		return;
	dev = next_device(back);
	dev->pending = false;
	if (vgpu_device_turn(dev))
		dev->pending = true; /* if it was not kicked in its turn */
	hv_work_queue(w);	     /* for the others; the last time finds nothing and ends it */
}

/* ---------------------------------------------------------------- ends */

bool vgpu_any_ending(const struct vgpu_back *back)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i] && back->devices[i]->phase == VGPU_ENDING)
			return true;
	}
	return false;
}

void vgpu_ended(struct vgpu_back *back)
{
	if (back->stopping)
		return;
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		struct vgpu_device *dev = back->devices[i];

		if (!dev)
			continue;
		if (dev->waiting)
			dev->online_changed = true;
		/* What is to be destroyed, a new device of that name, and whom there was no room for. */
		back->rescan |= dev->doomed || back->crowded;
	}
	hv_work_queue(&back->scan);
}

/* ---------------------------------------------------------------- finding devices */

static struct vgpu_device **slot_of(struct vgpu_back *back, uint64_t front, uint64_t index)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		struct vgpu_device *dev = back->devices[i];

		if (dev && dev->front == front && dev->index == index)
			return &back->devices[i];
	}
	return NULL;
}

static struct vgpu_device **free_slot(struct vgpu_back *back)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (!back->devices[i])
			return &back->devices[i];
	}
	return NULL;
}

static void discard(struct vgpu_device **slot)
{
	vgpu_device_destroy(*slot);
	*slot = NULL;
}

static void found(struct vgpu_back *back, hv_domid_t front, unsigned int index)
{
	struct vgpu_device **slot = slot_of(back, front, index);
	int err;

	if (slot && (*slot)->doomed) {
		if ((*slot)->phase == VGPU_ENDING)
			return; /* the new one is found when the old one has ended */
		discard(slot);
	} else if (slot && (*slot)->dir_changed && vgpu_device_remade(*slot)) {
		if (!vgpu_device_end(*slot))
			return;
		discard(slot);
	} else if (slot) {
		(*slot)->dir_changed = false;
		(*slot)->seen = true;
		return;
	}
	slot = free_slot(back);
	if (!slot) {
		hv_log_dom(front, HV_WARN, TREE "/%u/%u ignored: %u devices are the limit", front,
			   index, VGPU_DEVICES_MAX);
		back->crowded = true;
		return;
	}
	err = vgpu_device_new(back, front, index, slot);
	if (!err) {
		(*slot)->seen = true;
	} else if (err != -ENOENT) { /* incomplete: the rest of its keys will make the watch fire */
		hv_log_dom(front, HV_WARN, TREE "/%u/%u ignored: error %d", front, index, -err);
		if (err != -EINVAL)
			hv_timer_arm(&back->retry, hv_now() + RETRY);
	}
}

/* A directory could not be listed: what is known below it stays, and is looked at later. */
static void list_failed(struct vgpu_back *back, int err, const char *path, int front)
{
	hv_log(HV_WARN, "%s cannot be listed: error %d", path, -err);
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i] && (front < 0 || back->devices[i]->front == front))
			back->devices[i]->seen = true;
	}
	hv_timer_arm(&back->retry, hv_now() + RETRY);
}

static void scan_front(struct vgpu_back *back, hv_domid_t front)
{
	char path[64], list[256];
	const char *child = list;
	uint64_t index;
	int n;

	snprintf(path, sizeof(path), TREE "/%u", front);
	n = hv_xs_ls(HV_XS_NONE, path, list, sizeof(list));
	if (n < 0 && n != -ENOENT)
		list_failed(back, n, path, front);
	for (int i = 0; i < n; i++, child += strlen(child) + 1) {
		if (!hv_parse_u64(child, strlen(child), XENVGPU_MAX_DEVICES - 1, &index))
			found(back, front, (unsigned int)index);
	}
}

static void rescan(struct vgpu_back *back)
{
	char list[LIST_MAX];
	const char *child = list;
	uint64_t front;
	int n = hv_xs_ls(HV_XS_NONE, TREE, list, sizeof(list));

	back->crowded = false;
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i])
			back->devices[i]->seen = false;
	}
	if (n < 0 && n != -ENOENT)
		list_failed(back, n, TREE, -1);
	for (int i = 0; i < n; i++, child += strlen(child) + 1) {
		if (!hv_parse_u64(child, strlen(child), UINT16_MAX, &front))
			scan_front(back, (hv_domid_t)front);
	}
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (!back->devices[i] || back->devices[i]->seen ||
		    !vgpu_device_end(back->devices[i]))
			continue;
		discard(&back->devices[i]);
		/* Whom there was no room for, there is room for now. */
		back->rescan = back->crowded;
	}
	if (back->rescan)
		hv_work_queue(&back->scan);
	vgpu_stats_dirty(back, NULL);
}

static void scan(struct hv_work *w)
{
	struct vgpu_back *back = (struct vgpu_back *)((char *)w - offsetof(struct vgpu_back, scan));

	if (back->rescan) {
		back->rescan = false;
		rescan(back);
	}
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i] && back->devices[i]->online_changed)
			vgpu_device_online(back->devices[i]);
	}
}

static void retry(struct hv_timer *t)
{
	struct vgpu_back *back =
		(struct vgpu_back *)((char *)t - offsetof(struct vgpu_back, retry));

	back->rescan = true;
	hv_work_queue(&back->scan);
}

/*
 * Takes "F", "F/N" or "F/N/key" apart. Returns how many of the three there are, or 0 for any other
 * form.
 */
static unsigned int split(const char *path, uint64_t *front, uint64_t *index, const char **key)
{
	const char *end = strchr(path, '/');
	size_t len = end ? (size_t)(end - path) : strlen(path);

	if (hv_parse_u64(path, len, UINT16_MAX, front))
		return 0;
	if (!end)
		return 1;
	path = end + 1;
	end = strchr(path, '/');
	len = end ? (size_t)(end - path) : strlen(path);
	if (hv_parse_u64(path, len, XENVGPU_MAX_DEVICES - 1, index))
		return 0;
	if (!end)
		return 2;
	*key = end + 1;
	return strchr(*key, '/') ? 0 : 3;
}

/* A directory was written or removed: its devices (all of them, if front is not known) may be new. */
static void dir_changed(struct vgpu_back *back, unsigned int parts, uint64_t front, uint64_t index)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		struct vgpu_device *dev = back->devices[i];

		if (dev && (parts < 1 || dev->front == front) && (parts < 2 || dev->index == index))
			dev->dir_changed = true;
	}
	back->rescan = true;
}

static bool key_is_ours(const char *key)
{
	static const char *const ours[] = {"state",
					   "stats",
					   "error",
					   "versions",
					   "feature-bar-copy",
					   "feature-channels",
					   "feature-doorbell"};

	for (unsigned int i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (!strcmp(key, ours[i]))
			return true;
	}
	return false;
}

static void tree_changed(struct hv_xs_watch *w, const char *changed)
{
	struct vgpu_back *back = w->arg;
	const char *below = strstr(changed, TREE "/"), *key;
	struct vgpu_device **slot;
	uint64_t front = 0, index = 0;
	unsigned int parts = below ? split(below + strlen(TREE "/"), &front, &index, &key) : 0;

	if (parts == 3) {
		slot = slot_of(back, front, index);
		if (slot && key_is_ours(key))
			return; /* what we have just written ourselves */
		if (slot && !strcmp(key, "online"))
			(*slot)->online_changed = true;
		else
			back->rescan = true;
	} else {
		dir_changed(back, parts, front, index);
	}
	hv_work_queue(&back->scan);
}

/* ---------------------------------------------------------------- start, loss, stop */

static void tell_all(struct vgpu_back *back, uint32_t reason)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i])
			vgpu_device_lost(back->devices[i], reason);
	}
}

static void gpu_lost(struct gpu *gpu, void *arg)
{
	struct vgpu_back *back = arg;

	(void)gpu;
	back->lost = true;
	tell_all(back, XENVGPU_LOST_BUS);
	vgpu_stats_publish(back);
}

int vgpu_back_start(struct gpu *gpu, struct gpu_rm *rm, struct vgpu_back **out)
{
	struct vgpu_back *back = calloc(1, sizeof(*back));
	int err = -ENOMEM;

	if (!back)
		return -ENOMEM;
	back->gpu = gpu;
	back->rm = rm;
	back->serve.fn = serve;
	back->scan.fn = scan;
	back->retry.fn = retry;
	vgpu_stats_init(back);
	vgpu_userd_init(back);
	back->staging_pages = 1; /* for page lists */
#ifdef CONFIG_VGPU_BAR_COPY
	back->copy_max = XENVGPU_COPY_MAX;
	back->staging_pages = VGPU_PIECE_PAGES;
#endif
	back->staging = hv_pages_alloc(back->staging_pages);
	if (!back->staging)
		goto out_free;
	err = gpu_scrubber_new(gpu, rm, &back->scrubber);
	if (err)
		goto out_pages;
	gpu_on_lost(gpu, gpu_lost, back);
	vgpu_completions_listen(back, true);
	back->watch.path = TREE;
	back->watch.fn = tree_changed;
	back->watch.arg = back;
	err = hv_xs_watch(&back->watch);
	if (err)
		goto out_scrubber;
	vgpu_stats_publish(back);
	*out = back;
	return 0;

out_scrubber:
	vgpu_completions_listen(back, false);
	gpu_on_lost(gpu, NULL, NULL);
	gpu_scrubber_free(back->scrubber);
out_pages:
	hv_pages_free(back->staging, back->staging_pages);
out_free:
	free(back);
	return err;
}

void vgpu_back_stop(struct vgpu_back *back)
{
	back->stopping = true;
	hv_xs_unwatch(&back->watch);
	gpu_on_lost(back->gpu, NULL, NULL);
	vgpu_completions_listen(back, false);
	tell_all(back, XENVGPU_LOST_RESET);
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i])
			vgpu_device_stop(back->devices[i]);
	}
	hv_timer_cancel(&back->retry);
	hv_work_cancel(&back->scan);
	hv_work_cancel(&back->serve);
	vgpu_stats_publish(back);
	hv_timer_cancel(&back->stats_timer);
}

void vgpu_back_free(struct vgpu_back *back)
{
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i])
			vgpu_device_free(back->devices[i]);
	}
	gpu_scrubber_free(back->scrubber);
	vgpu_userd_fini(back);
	hv_pages_free(back->staging, back->staging_pages);
	free(back);
}
