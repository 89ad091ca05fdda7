/* SPDX-License-Identifier: MIT */
/*
 * stats.c - what the driver domain tells about itself, in xenstore, for people and tools.
 *
 * Three kinds of node: "stats" of each device; data/xvgpu for the domain; data/xvgpu-hypercalls, the
 * counters of every hypercall. They are written at most twice a second and only after something
 * happened; writing them does not count as something. All numbers are decimal.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "gpu/vgpu/device.h"

#define INTERVAL (500 * HV_MS)

/* Text for one node; what does not fit is left out as a whole word. */
struct text {
	char buf[1900]; /* a node with its name and permissions is at most 2048 (xenstored) */
	size_t len;
};

static __attribute__((format(printf, 2, 3))) void add(struct text *t, const char *fmt, ...)
{
	size_t room = sizeof(t->buf) - t->len;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, room, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= room)
		t->buf[t->len] = '\0';
	else
		t->len += (size_t)n;
}

static void add_channels(struct text *t, const struct vgpu_device *dev)
{
	const struct vgpu_stats *s = &dev->stats;
	unsigned int spaces = 0, channels = 0;

	for (unsigned int i = 0; i < XENVGPU_MAX_SPACES; i++)
		spaces += dev->space[i].state != VGPU_UNMADE;
	for (unsigned int i = 0; i < XENVGPU_MAX_CHANNELS; i++)
		channels += dev->channel[i].state != VGPU_UNMADE;
	add(t, " spaces=%u channels=%u imported-pages=%u", spaces, channels,
	    dev->account ? iommu_account_pages(dev->account) : 0);
	add(t, " doorbells=%" PRIu64 " doorbell-wakeups=%" PRIu64 " bad-doorbells=%" PRIu64,
	    s->bells, s->bell_turns, s->bad_bells);
	add(t, " faults=%" PRIu64 " completions-sent=%" PRIu64, s->faults, s->completions);
	add(t, " engine-us=%" PRIu64, (uint64_t)(vgpu_tenant_time(dev) / HV_US));
}

static void publish_device(struct vgpu_device *dev)
{
	const struct vgpu_stats *s = &dev->stats;
	struct text t = {.len = 0};

	dev->stats_dirty = false;
	dev->told_time = vgpu_tenant_time(dev);
	add(&t, "vram=%" PRIu64 "+%" PRIu64 " used=%" PRIu64, dev->slice.vram.base,
	    dev->slice.vram.size, vgpu_slice_used(&dev->slice));
	add(&t, " requests=%" PRIu64 " refused=%" PRIu64, s->requests, s->refused);
	add(&t, " bytes-written=%" PRIu64 " bytes-read=%" PRIu64, s->bytes_written, s->bytes_read);
	add(&t, " events-sent=%" PRIu64 " events-received=%" PRIu64, s->events_sent,
	    s->events_received);
	add(&t, " events-lost=%" PRIu64 " ring-batches=%" PRIu64 " brakes=%" PRIu64, s->events_lost,
	    s->batches, s->brakes);
	if (dev->back->rm)
		add_channels(&t, dev);
	xenbus_publish(&dev->bus, "stats", t.buf); /* best effort: the node may be gone */
}

static void add_schedule(struct text *t, struct gpu_rm *rm)
{
	unsigned int slots;
	const char *name = gpu_policy_name(gpu_policy_get(rm, &slots));
	const struct gpu_turn_stats *s = gpu_turn_stats(rm);

	add(t, " schedule=%s slots=%u", name, slots);
	if (slots)
		add(t, " turns=%" PRIu64 " turn-calls=%" PRIu64 " turns-late=%" PRIu64, s->slots,
		    s->calls, s->late);
}

static void add_hypercall(unsigned int nr, unsigned int sub, uint64_t n, void *arg)
{
	struct text *t = arg;

	add(t, "%s%u.%u=%" PRIu64, t->len ? " " : "", nr, sub, n);
}

static void publish_domain(struct vgpu_back *back)
{
	const struct gpu_info *info = gpu_info(back->gpu);
	const char *state = back->stopping ? "stopping" : back->lost ? "lost" : "running";
	struct text domain = {.len = 0}, calls = {.len = 0};
	unsigned int slices = 0, ports = 0;
	int err;

	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (!back->devices[i])
			continue;
		slices += back->devices[i]->slice.vram.size != 0;
		ports += back->devices[i]->ring.port != 0;
	}
	add(&domain, "state=%s chip=%s family=%s pci=%04x:%04x", state, info->chip, info->family,
	    info->pci_vendor, info->pci_device);
	add(&domain, " vram-total=%" PRIu64 " vram-free=%" PRIu64, info->vram_usable,
	    gpu_vram_free_bytes(back->gpu));
	add(&domain, " slices=%u grants-mapped=%u ports=%u pages-free=%u userd-kept=%u", slices,
	    hv_grants_mapped(), ports, hv_pages_free_count(), vgpu_userd_kept(back));
	if (back->rm) {
		add(&domain, " awakenings=%" PRIu64, back->awakenings);
		add_schedule(&domain, back->rm);
	}
	hv_hypercalls_walk(add_hypercall, &calls);
	add(&domain, " upcalls=%" PRIu64 " hypercalls=%" PRIu64 " copied=%" PRIu64, hv_upcalls(),
	    hv_hypercalls_total(), hv_copied());
	err = hv_xs_write(HV_XS_NONE, "data/xvgpu", domain.buf);
	if (!err)
		err = hv_xs_write(HV_XS_NONE, "data/xvgpu-hypercalls", calls.buf);
	if (err)
		hv_log(HV_WARN, "data/xvgpu not written: error %d", -err);
}

void vgpu_stats_publish(struct vgpu_back *back)
{
	hv_timer_cancel(&back->stats_timer);
	back->stats_time = hv_now();
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		if (back->devices[i] && back->devices[i]->stats_dirty && !back->devices[i]->doomed)
			publish_device(back->devices[i]);
	}
	publish_domain(back);
}

/* Engines work without anything else happening: as long as they do, there is something to tell. */
static void stats_due(struct hv_timer *t)
{
	struct vgpu_back *back =
		(struct vgpu_back *)((char *)t - offsetof(struct vgpu_back, stats_timer));

	vgpu_stats_publish(back);
	for (unsigned int i = 0; i < VGPU_DEVICES_MAX; i++) {
		struct vgpu_device *dev = back->devices[i];

		if (dev && dev->told_time != dev->told_before)
			vgpu_stats_dirty(back, dev);
		if (dev)
			dev->told_before = dev->told_time;
	}
}

void vgpu_stats_init(struct vgpu_back *back)
{
	back->stats_timer.fn = stats_due;
}

void vgpu_stats_dirty(struct vgpu_back *back, struct vgpu_device *dev)
{
	if (dev)
		dev->stats_dirty = true;
	if (back->stats_timer.armed || back->stopping)
		return;
	hv_timer_arm(&back->stats_timer, back->stats_time + INTERVAL);
}
