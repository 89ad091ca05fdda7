/* SPDX-License-Identifier: MIT */
/*
 * vgpu_bed.h - a machine for tests and fuzzers of gpu/: dom0, a driver domain with the GPU model, and
 * guests that speak the ring raw, so that they can also speak it wrongly.
 *
 * The driver domain runs the real core and back driver; the test acts as dom0 and as the guests.
 */
#ifndef TESTS_UNIT_VGPU_BED_H
#define TESTS_UNIT_VGPU_BED_H

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/core.h"
#include "gpu/vgpu/vgpu.h"
#include "hv/hosted/hosted.h"
#include "hv/hosted/xs_store.h"
#include "tests/model/model.h"
#include "tests/unit/vgpu_guest.h"

#include <xen/errno.h>
#include <xen/io/vgpuif.h>
#include <xen/io/xenbus.h>

#define BED_ROUNDS 200000u

struct bed {
	struct hosted *h;
	struct model *model;
	struct hosted_pci *slot;
	hv_domid_t gpudom;
	struct hv_pci *pci;
	struct gpu *gpu;
	struct gpu_rm *rm; /* NULL: no firmware, no channels */
	struct vgpu_back *back;
	struct hosted_usage idle; /* what gpudom holds with no guest */
	uint64_t idle_vram;
};

/* 192 MiB of VRAM, of which BAR1 shows the first 64. */
static const struct model_config bed_board = {
	.vram_bytes = 192 * MIB, .bar1_bytes = 64 * MIB, .no_ecc = true};

/* ---------------------------------------------------------------- the driver domain */

static inline void bed_gpudom_up(struct bed *bed)
{
	struct hosted_domain_config config = {.name = "gpudom"};
	int dom = hosted_domain_new(bed->h, &config);

	BED_CHECK(dom > 0);
	bed->gpudom = (hv_domid_t)dom;
	BED_CHECK(!hosted_pci_assign(bed->slot, bed->gpudom));
	hosted_enter(bed->h, bed->gpudom);
	BED_CHECK(!hv_pci_open(0, &bed->pci));
	BED_CHECK(!gpu_attach(bed->pci, &bed->gpu));
	BED_CHECK(!vgpu_back_start(bed->gpu, bed->rm, &bed->back));
	hosted_leave();
	BED_CHECK(!hosted_run(bed->h, BED_ROUNDS));
	hosted_usage(bed->h, bed->gpudom, &bed->idle);
	bed->idle_vram = gpu_vram_free_bytes(bed->gpu);
}

static inline void bed_gpudom_down(struct bed *bed)
{
	hosted_enter(bed->h, bed->gpudom);
	vgpu_back_stop(bed->back);
	gpu_detach(bed->gpu);
	vgpu_back_free(bed->back);
	hv_pci_close(bed->pci);
	hosted_leave();
	hosted_pci_unassign(bed->slot);
	hosted_domain_destroy(bed->h, bed->gpudom);
	bed->gpudom = 0;
}

static inline void bed_up(struct bed *bed, const struct model_config *board)
{
	memset(bed, 0, sizeof(*bed));
	bed->h = hosted_new();
	BED_CHECK(bed->h);
	bed->slot = hosted_pci_model(bed->h, board, &bed->model);
	BED_CHECK(bed->slot);
	bed_gpudom_up(bed);
}

static inline void bed_down(struct bed *bed)
{
	if (bed->gpudom)
		bed_gpudom_down(bed);
	hosted_free(bed->h);
}

static inline void bed_run(struct bed *bed)
{
	BED_CHECK(!hosted_run(bed->h, BED_ROUNDS));
}

static inline void guest_enter(const struct guest *g)
{
	hosted_enter(g->bed->h, g->dom);
}

static inline void guest_leave(void)
{
	hosted_leave();
}

static inline void guest_run(struct guest *g)
{
	bed_run(g->bed);
}

/* With no guest connected and none reserved, nothing of any guest is left. */
static inline void bed_check_idle(struct bed *bed)
{
	struct hosted_usage now;

	hosted_usage(bed->h, bed->gpudom, &now);
	BED_CHECK(now.pages == bed->idle.pages);
	BED_CHECK(now.maps == bed->idle.maps);
	BED_CHECK(now.ports == bed->idle.ports);
	BED_CHECK(now.grants == bed->idle.grants);
	BED_CHECK(gpu_vram_free_bytes(bed->gpu) == bed->idle_vram);
}

/* ---------------------------------------------------------------- the toolstack */

static inline void bed_node(struct bed *bed, hv_domid_t owner, hv_domid_t reader, const char *value,
			    const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* A node as libxl makes it: owner may write, reader may read. */
static inline void bed_node(struct bed *bed, hv_domid_t owner, hv_domid_t reader, const char *value,
			    const char *fmt, ...)
{
	struct hv_xs_perm perms[2] = {{.dom = owner}, {.dom = reader, .read = true}};
	char path[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(path, sizeof(path), fmt, ap);
	va_end(ap);
	BED_CHECK(hosted_xs_printf(bed->h, path, "%s", value) >= 0);
	BED_CHECK(hosted_xs_set_perms(hosted_xs_of(bed->h), 0, HV_XS_NONE, path, perms, 2) >= 0);
}

static inline void bed_number(struct bed *bed, hv_domid_t owner, hv_domid_t reader, uint64_t n,
			      const char *path)
{
	char value[24];

	snprintf(value, sizeof(value), "%llu", (unsigned long long)n);
	bed_node(bed, owner, reader, value, "%s", path);
}

/* One value of a guest's policy, as dom0 writes it. */
static inline void guest_policy_set(struct guest *g, const char *key, const char *value)
{
	hv_domid_t b = g->bed->gpudom;

	bed_node(g->bed, 0, b, value, "/xvgpu/%u/%u/%u/%s", b, g->dom, g->index, key);
}

/* All that the protocol allows of what is not named here. */
static inline void guest_policy(struct guest *g, const char *profile, const char *vram,
				const char *weight)
{
	hv_domid_t b = g->bed->gpudom;

	bed_node(g->bed, 0, b, "", "/xvgpu/%u/%u/%u", b, g->dom, g->index);
	guest_policy_set(g, "profile", profile);
	guest_policy_set(g, "vram", vram);
	guest_policy_set(g, "weight", weight);
	guest_policy_set(g, "channels", "64");
	guest_policy_set(g, "engines", "copy,graphics");
	guest_policy_set(g, "imports", "32768");
	guest_policy_set(g, "doorbell", "mediated");
}

static inline const char *guest_front(const struct guest *g, const char *key)
{
	static char path[96];

	snprintf(path, sizeof(path), "/local/domain/%u/device/vgpu/%u%s%s", g->dom, g->index,
		 *key ? "/" : "", key);
	return path;
}

static inline const char *guest_back(const struct guest *g, const char *key)
{
	static char path[96];

	snprintf(path, sizeof(path), "/local/domain/%u/backend/vgpu/%u/%u%s%s", g->bed->gpudom,
		 g->dom, g->index, *key ? "/" : "", key);
	return path;
}

/* The nodes of both ends, as libxl__device_generic_add makes them; "frontend" comes last. */
static inline void guest_nodes(struct guest *g)
{
	hv_domid_t b = g->bed->gpudom, f = g->dom;
	char peer[96];

	bed_node(g->bed, f, b, "", "%s", guest_front(g, ""));
	bed_number(g->bed, f, b, b, guest_front(g, "backend-id"));
	snprintf(peer, sizeof(peer), "%s", guest_back(g, ""));
	bed_node(g->bed, f, b, peer, "%s", guest_front(g, "backend"));
	bed_number(g->bed, f, b, XenbusStateInitialising, guest_front(g, "state"));

	bed_node(g->bed, b, f, "", "%s", guest_back(g, ""));
	bed_number(g->bed, b, f, f, guest_back(g, "frontend-id"));
	bed_number(g->bed, b, f, 1, guest_back(g, "online"));
	bed_number(g->bed, b, f, XenbusStateInitialising, guest_back(g, "state"));
	snprintf(peer, sizeof(peer), "%s", guest_front(g, ""));
	bed_node(g->bed, b, f, peer, "%s", guest_back(g, "frontend"));
}

static inline void guest_unplug(struct guest *g)
{
	struct hosted_xs *xs = hosted_xs_of(g->bed->h);
	char path[96];

	snprintf(path, sizeof(path), "/xvgpu/%u/%u/%u", g->bed->gpudom, g->dom, g->index);
	hosted_xs_rm(xs, 0, HV_XS_NONE, path);
	hosted_xs_rm(xs, 0, HV_XS_NONE, guest_back(g, ""));
	hosted_xs_rm(xs, 0, HV_XS_NONE, guest_front(g, ""));
}

/* ---------------------------------------------------------------- guests */

static inline void guest_event(hv_port_t port, void *arg)
{
	struct guest *g = arg;

	(void)port;
	g->wakeups++;
}

/* Pages, grants and a port: all that a guest keeps for its whole life. */
static inline void guest_new(struct bed *bed, struct guest *g)
{
	struct hosted_domain_config config = {.name = "guest"};
	int dom = hosted_domain_new(bed->h, &config), port;

	BED_CHECK(dom > 0);
	memset(g, 0, sizeof(*g));
	g->bed = bed;
	g->dom = (hv_domid_t)dom;
	hosted_enter(bed->h, g->dom);
	g->sring = hv_pages_alloc(1);
	g->events = hv_pages_alloc(1);
	g->buf = hv_pages_alloc(BED_PAGES);
	g->dir = hv_pages_alloc(1);
	BED_CHECK(g->sring && g->events && g->buf && g->dir);
	BED_CHECK(!hv_grant_give(bed->gpudom, g->sring, 0, &g->ring_ref));
	BED_CHECK(!hv_grant_give(bed->gpudom, g->events, 0, &g->event_ref));
	BED_CHECK(!hv_grant_give(bed->gpudom, g->dir, HV_GRANT_RO, &g->dir_ref));
	for (unsigned int i = 0; i < BED_PAGES; i++) {
		BED_CHECK(!hv_grant_give(bed->gpudom, g->buf + (size_t)i * HV_PAGE_SIZE, 0,
					 &g->buf_refs[i]));
		g->dir->gref[i] = g->buf_refs[i];
	}
	port = hv_evtchn_alloc(bed->gpudom, guest_event, g);
	BED_CHECK(port > 0);
	g->port = (hv_port_t)port;
	hosted_leave();
}

static inline void guest_write(struct guest *g, const char *key, uint64_t n)
{
	char value[24];

	snprintf(value, sizeof(value), "%llu", (unsigned long long)n);
	hosted_enter(g->bed->h, g->dom);
	hv_xs_write(HV_XS_NONE, guest_front(g, key), value);
	hosted_leave();
}

static inline void guest_state(struct guest *g, enum xenbus_state state)
{
	guest_write(g, "state", state);
	bed_run(g->bed);
}

static inline enum xenbus_state back_state(struct guest *g)
{
	const char *s = hosted_xs_str(g->bed->h, guest_back(g, "state"));

	return s ? (enum xenbus_state)atoi(s) : XenbusStateUnknown;
}

/* A fresh ring and event page, and the keys that offer them; state is not touched. */
static inline void guest_offer(struct guest *g)
{
	memset(g->sring, 0, HV_PAGE_SIZE);
	memset(g->events, 0, HV_PAGE_SIZE);
	g->sring->req_event = 1;
	g->sring->rsp_event = 1;
	g->prod = 0;
	g->cons = 0;
	guest_write(g, "version", XENVGPU_PROTOCOL_VERSION);
	guest_write(g, "ring-ref", g->ring_ref);
	guest_write(g, "event-page-ref", g->event_ref);
	guest_write(g, "event-channel", g->port);
}

/* A port that was closed by the back is of no use for a second connection. */
static inline void guest_new_port(struct guest *g)
{
	int port;

	hosted_enter(g->bed->h, g->dom);
	hv_evtchn_close(g->port);
	port = hv_evtchn_alloc(g->bed->gpudom, guest_event, g);
	BED_CHECK(port > 0);
	g->port = (hv_port_t)port;
	hosted_leave();
}

/* From InitWait to Connected, as an honest front does it. */
static inline void guest_connect(struct guest *g)
{
	BED_CHECK(back_state(g) == XenbusStateInitWait);
	guest_offer(g);
	guest_state(g, XenbusStateInitialised);
	BED_CHECK(back_state(g) == XenbusStateConnected);
	guest_state(g, XenbusStateConnected);
}

static inline void guest_plug(struct guest *g, uint64_t vram)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)vram);
	guest_policy(g, "test", text, "100");
	guest_nodes(g);
	bed_run(g->bed);
}

/* An orderly close, up to Closed on both ends. */
static inline void guest_close(struct guest *g)
{
	guest_state(g, XenbusStateClosing);
	BED_CHECK(back_state(g) == XenbusStateClosing);
	guest_state(g, XenbusStateClosed);
	BED_CHECK(back_state(g) == XenbusStateClosed);
}

static inline bool bed_is_zero(const uint8_t *buf, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (buf[i])
			return false;
	}
	return true;
}

/* A value of the stats text, "key=value": its first number, or UINT64_MAX. */
static inline uint64_t bed_stat(const char *text, const char *key)
{
	size_t n = strlen(key);

	while (text && *text) {
		if (!strncmp(text, key, n) && text[n] == '=')
			return strtoull(text + n + 1, NULL, 10);
		text = strchr(text, ' ');
		text += text != NULL;
	}
	return UINT64_MAX;
}

#endif /* TESTS_UNIT_VGPU_BED_H */
