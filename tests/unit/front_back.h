/* SPDX-License-Identifier: MIT */
/*
 * front_back.h - a backend that does what a test tells it, for the tests of guest-frontend/bare.
 *
 * One hosted machine with a toolstack (dom0), a guest and a backend domain. Neither the guest nor
 * the backend has code of its own: the test acts as the guest between guest_in() and guest_out(), and
 * the backend answers from its event handler, honestly unless `hook` decides otherwise. Video memory
 * is one small array.
 */
#ifndef TESTS_UNIT_FRONT_BACK_H
#define TESTS_UNIT_FRONT_BACK_H

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <xen/errno.h>
#include <xen/io/xenbus.h>
#include <xen/io/vgpuif.h>

#include "guest-frontend/bare/front.h"
#include "hv/hosted/hosted.h"
#include "front_back_work.h"

#ifndef FB_VRAM
#define FB_VRAM (4u << 20) /* a fuzzer is content with less */
#endif
#ifndef FB_PAGES
#define FB_PAGES 4096 /* of each domain */
#endif
#define FB_HANDLE 7u

struct fb {
	struct hosted *h;
	hv_domid_t guest, back;
	struct front_dev *dev;

	/* the backend's connection */
	bool mapped;
	struct hv_grant_map map[2]; /* ring, event page */
	hv_port_t port;
	uint32_t req_cons, rsp_prod;
	unsigned int upcalls, served;
	uint8_t vram[FB_VRAM] __attribute__((aligned(HV_PAGE_SIZE)));
	struct fbw work; /* address spaces, channels */

	/* Called for each request, as the backend; true: the hook has dealt with it. */
	bool (*hook)(struct fb *fb, const struct xenvgpu_request *req);
	void *arg;
	bool deaf;	     /* ignore requests */
	unsigned int inside; /* guest_in() without guest_out(): a failed assertion jumps */
};

static inline struct xen_vgpuif_sring *fb_ring(struct fb *fb)
{
	return fb->map[0].va;
}

static inline struct xenvgpu_event_page *fb_events(struct fb *fb)
{
	return fb->map[1].va;
}

/* ---------------------------------------------------------------- machine, nodes */

static inline void fb_write(hv_xs_tx tx, const char *dir, const char *key, const char *value)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", dir, key);
	(void)hv_xs_write(tx, path, value);
}

static inline void fb_write_u(hv_xs_tx tx, const char *dir, const char *key, unsigned int value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	fb_write(tx, dir, key, text);
}

static inline const char *fb_front_dir(struct fb *fb)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "/local/domain/%u/device/vgpu/0", fb->guest);
	return dir;
}

static inline const char *fb_back_dir(struct fb *fb)
{
	static char dir[64];

	snprintf(dir, sizeof(dir), "/local/domain/%u/backend/vgpu/%u/0", fb->back, fb->guest);
	return dir;
}

static inline hv_domid_t fb_domain(struct fb *fb, const char *name)
{
	const struct hosted_domain_config config = {.name = name, .pages = FB_PAGES};

	return (hv_domid_t)hosted_domain_new(fb->h, &config);
}

static inline void fb_new(struct fb *fb)
{
	memset(fb, 0, sizeof(*fb));
	fb->h = hosted_new();
	fb->guest = fb_domain(fb, "guest");
	fb->back = fb_domain(fb, "gpudom");
}

/* As the toolstack: both ends' nodes, in one transaction. */
static inline void fb_plug(struct fb *fb)
{
	struct hv_xs_perm perms[2] = {{.dom = fb->guest}, {.dom = fb->back, .read = true}};
	hv_xs_tx tx;

	hosted_enter(fb->h, 0);
	hv_xs_tx_begin(&tx);
	hv_xs_rm(tx, fb_front_dir(fb));
	hv_xs_write(tx, fb_front_dir(fb), "");
	hv_xs_set_perms(tx, fb_front_dir(fb), perms, 2);
	fb_write(tx, fb_front_dir(fb), "backend", fb_back_dir(fb));
	fb_write_u(tx, fb_front_dir(fb), "backend-id", fb->back);
	fb_write_u(tx, fb_front_dir(fb), "state", XenbusStateInitialising);
	perms[0].dom = fb->back;
	perms[1].dom = fb->guest;
	hv_xs_rm(tx, fb_back_dir(fb));
	hv_xs_write(tx, fb_back_dir(fb), "");
	hv_xs_set_perms(tx, fb_back_dir(fb), perms, 2);
	fb_write(tx, fb_back_dir(fb), "frontend", fb_front_dir(fb));
	fb_write_u(tx, fb_back_dir(fb), "frontend-id", fb->guest);
	fb_write_u(tx, fb_back_dir(fb), "online", 1);
	fb_write_u(tx, fb_back_dir(fb), "state", XenbusStateInitialising);
	hv_xs_tx_end(tx, true);
	hosted_leave();
}

static inline void fb_unplug(struct fb *fb)
{
	hosted_enter(fb->h, 0);
	hv_xs_rm(HV_XS_NONE, fb_front_dir(fb));
	hosted_leave();
}

/* Anything, as dom0. */
static inline void fb_set(struct fb *fb, const char *dir, const char *key, const char *value)
{
	hosted_enter(fb->h, 0);
	fb_write(HV_XS_NONE, dir, key, value);
	hosted_leave();
}

static inline unsigned int fb_get(struct fb *fb, const char *dir, const char *key)
{
	char path[256], text[32] = "";
	unsigned int value = 0;

	snprintf(path, sizeof(path), "%s/%s", dir, key);
	hosted_enter(fb->h, 0);
	if (hv_xs_read(HV_XS_NONE, path, text, sizeof(text)) >= 0)
		sscanf(text, "%u", &value);
	hosted_leave();
	return value;
}

static inline unsigned int fb_front_state(struct fb *fb)
{
	return fb_get(fb, fb_front_dir(fb), "state");
}

static inline void fb_back_state(struct fb *fb, unsigned int state)
{
	hosted_enter(fb->h, fb->back);
	fb_write_u(HV_XS_NONE, fb_back_dir(fb), "state", state);
	hosted_leave();
}

static inline void fb_run(struct fb *fb)
{
	hosted_run(fb->h, 1000);
}

/* ---------------------------------------------------------------- the backend's side */

static inline void fb_push(struct fb *fb)
{
	HV_WRITE_ONCE(fb_ring(fb)->rsp_prod, fb->rsp_prod);
	hv_evtchn_send(fb->port);
}

/* Puts one response into the ring; visible after fb_push(). As the backend. */
static inline void fb_put(struct fb *fb, const struct xenvgpu_response *rsp)
{
	fb_ring(fb)->ring[fb->rsp_prod++ % XENVGPU_RING_SLOTS].rsp = *rsp;
}

/* The honest answer. As the backend. */
static inline void fb_answer(struct fb *fb, const struct xenvgpu_request *req,
			     struct xenvgpu_response *rsp)
{
	const struct xenvgpu_mem_copy_req *copy = &req->op.mem_copy;
	static struct xenvgpu_page_directory dir __attribute__((aligned(HV_PAGE_SIZE)));
	struct hv_grant_copy op = {.dom = fb->guest, .local = &dir, .len = HV_PAGE_SIZE};
	const uint32_t pages = (copy->length + HV_PAGE_SIZE - 1) / HV_PAGE_SIZE;

	memset(rsp, 0, sizeof(*rsp));
	rsp->id = req->id;
	rsp->operation = req->operation;
	switch (req->operation) {
	case XENVGPU_OP_INFO:
		rsp->op.info.vram_size = rsp->op.info.vram_free = FB_VRAM;
		rsp->op.info.copy_max = XENVGPU_COPY_MAX;
		rsp->op.info.max_objects = XENVGPU_MAX_OBJECTS;
		rsp->op.info.pci_vendor = 0x10de;
		break;
	case XENVGPU_OP_PING:
		rsp->op.ping = req->op.ping;
		break;
	case XENVGPU_OP_MEM_ALLOC:
		if (req->op.mem_alloc.size > FB_VRAM)
			rsp->status = -XEN_ENOMEM;
		else
			rsp->op.mem_alloc.handle = FB_HANDLE;
		break;
	case XENVGPU_OP_MEM_FREE:
		rsp->status = req->op.mem_free.handle == FB_HANDLE
				      ? 0
				      : fbw_free(&fb->work, req->op.mem_free.handle);
		break;
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		op.ref = copy->gref_directory;
		if (copy->handle != FB_HANDLE || copy->offset + copy->length > FB_VRAM ||
		    hv_grant_copy(&op, 1)) {
			rsp->status = -XEN_EFAULT;
			break;
		}
		for (uint32_t done = 0; done < copy->length; done += op.len) {
			uint32_t here =
				HV_PAGE_SIZE - (uint32_t)(copy->offset + done) % HV_PAGE_SIZE;
			uint32_t left = copy->length - done;

			/* Neither the guest's page nor ours may be left by one copy. */
			op.ref = dir.gref[done / HV_PAGE_SIZE];
			op.offset = done % HV_PAGE_SIZE;
			op.local = fb->vram + copy->offset + done;
			if (left > HV_PAGE_SIZE - op.offset)
				left = HV_PAGE_SIZE - op.offset;
			op.len = (uint16_t)(left < here ? left : here);
			op.to_grant = req->operation == XENVGPU_OP_MEM_READ;
			if (hv_grant_copy(&op, 1)) {
				rsp->status = -XEN_EFAULT;
				break;
			}
		}
		/* What the list does not need is not listed. */
		if (dir.gref[pages])
			rsp->status = -XEN_EINVAL;
		break;
	default:
		rsp->status = fbw_answer(&fb->work, fb->guest, req, rsp);
	}
}

static inline void fb_serve(struct fb *fb)
{
	uint32_t before = fb->rsp_prod;

	/* A test may have written to the indices itself. */
	if (fb->mapped && HV_READ_ONCE(fb_ring(fb)->req_prod) - fb->req_cons > XENVGPU_RING_SLOTS)
		return;
	while (fb->mapped && fb->req_cons != HV_READ_ONCE(fb_ring(fb)->req_prod)) {
		struct xenvgpu_request req =
			fb_ring(fb)->ring[fb->req_cons++ % XENVGPU_RING_SLOTS].req;
		struct xenvgpu_response rsp;

		fb->served++;
		if (fb->hook && fb->hook(fb, &req))
			continue;
		fb_answer(fb, &req, &rsp);
		fb_put(fb, &rsp);
	}
	if (!fb->mapped)
		return;
	fb_ring(fb)->req_event = fb->req_cons + 1;
	if (fb->rsp_prod != before)
		fb_push(fb);
}

static inline void fb_event(hv_port_t port, void *arg)
{
	struct fb *fb = arg;

	(void)port;
	fb->upcalls++;
	if (fb->mapped)
		fbw_take_doorbells(&fb->work, fb_events(fb));
	if (!fb->deaf)
		fb_serve(fb);
}

/* Publishes what an honest backend does, and InitWait. */
static inline void fb_offer(struct fb *fb)
{
	hosted_enter(fb->h, fb->back);
	fb_write(HV_XS_NONE, fb_back_dir(fb), "versions", "1");
	fb_write(HV_XS_NONE, fb_back_dir(fb), "feature-bar-copy", "1");
	fb_write(HV_XS_NONE, fb_back_dir(fb), "feature-channels", "1");
	fb_write_u(HV_XS_NONE, fb_back_dir(fb), "state", XenbusStateInitWait);
	hosted_leave();
	fb_run(fb);
}

/* Maps and binds what the front has published; does not change the state. 0 or -errno. */
static inline int fb_attach(struct fb *fb)
{
	unsigned int ring = fb_get(fb, fb_front_dir(fb), "ring-ref");
	unsigned int events = fb_get(fb, fb_front_dir(fb), "event-page-ref");
	unsigned int port = fb_get(fb, fb_front_dir(fb), "event-channel");
	int ret;

	memset(fb->map, 0, sizeof(fb->map));
	fb->map[0] = (struct hv_grant_map){.dom = fb->guest, .ref = ring, .flags = HV_MAP_HOST};
	fb->map[1] = (struct hv_grant_map){.dom = fb->guest, .ref = events, .flags = HV_MAP_HOST};
	hosted_enter(fb->h, fb->back);
	ret = hv_grant_map(fb->map, 2);
	if (!ret) {
		ret = hv_evtchn_bind(fb->guest, port, fb_event, fb);
		fb->mapped = ret > 0;
		fb->port = ret > 0 ? (hv_port_t)ret : 0;
		fb->req_cons = fb->rsp_prod = 0;
	}
	hosted_leave();
	return ret > 0 ? 0 : ret;
}

/* Lets go of ring, event page and port. */
static inline void fb_detach(struct fb *fb)
{
	if (!fb->mapped)
		return;
	fb->mapped = false;
	hosted_enter(fb->h, fb->back);
	hv_evtchn_close(fb->port);
	hv_grant_unmap(fb->map, 2);
	fbw_end(&fb->work);
	hosted_leave();
}

static inline void fb_die(struct fb *fb)
{
	fb->mapped = false;
	hosted_domain_destroy(fb->h, fb->back);
	memset(&fb->work, 0, sizeof(fb->work));
}

/* A new backend domain, as after a restart; not plugged yet. */
static inline void fb_restart(struct fb *fb)
{
	fb->back = fb_domain(fb, "gpudom");
}

/* From InitWait to Connected on both sides. 0, or what the backend could not do. */
static inline int fb_connect(struct fb *fb)
{
	int ret;

	fb_offer(fb);
	hosted_advance(fb->h, 300 * HV_MS); /* the front pauses before it connects again */
	ret = fb_attach(fb);
	if (!ret)
		fb_back_state(fb, XenbusStateConnected);
	fb_run(fb);
	return ret;
}

/* ---------------------------------------------------------------- the guest's side */

static inline void guest_in(struct fb *fb)
{
	hosted_enter(fb->h, fb->guest);
	fb->inside++;
}

static inline void guest_out(struct fb *fb)
{
	fb->inside--;
	hosted_leave();
}

/* Machine, plug, front, connection. */
static inline int fb_start(struct fb *fb)
{
	int ret;

	fb_new(fb);
	fb_plug(fb);
	guest_in(fb);
	ret = front_open(0, NULL, NULL, &fb->dev);
	guest_out(fb);
	fb_run(fb);
	return ret ? ret : fb_connect(fb);
}

static inline void fb_end(struct fb *fb)
{
	while (fb->inside)
		guest_out(fb);
	if (fb->dev) {
		guest_in(fb);
		front_destroy(fb->dev);
		guest_out(fb);
	}
	hosted_free(fb->h);
}

#endif /* TESTS_UNIT_FRONT_BACK_H */
