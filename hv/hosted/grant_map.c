/* SPDX-License-Identifier: MIT */
/*
 * grant_map.c - the user's side of grants: maps and copies.
 *
 * A map is a second mapping of the granter's frame, really read-only when asked for so. It lives on
 * when the offer is withdrawn or the granter dies. Any map of another domain's page, device-only or
 * not, makes the page reachable for the mapper's devices (Xen does this for PV domains on 4.17 and
 * 4.20: map_grant_ref, gnttab_need_iommu_mapping).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "hv/hosted/internal.h"
#include "hv/hosted/xen_abi.h"

#define NO_ENTRY UINT32_MAX

void hosted_maps_init(struct hosted_domain *d, uint32_t max_maps)
{
	d->maps_max = max_maps;
	d->maps_free = NO_ENTRY;
}

bool hosted_in_window(const struct hosted_domain *d, const void *va)
{
	return d->window && (const uint8_t *)va >= d->window &&
	       (const uint8_t *)va < d->window + (size_t)HOSTED_GRANT_WINDOW * HV_PAGE_SIZE;
}

/* ---------------------------------------------------------------- the window for host maps */

/* Until a page is mapped there, its address faults. */
static void *window_map(void *at, size_t len)
{
	return mmap(at, len, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | (at ? MAP_FIXED : 0), -1, 0);
}

static void window_init(struct hosted_domain *d)
{
	d->window = window_map(NULL, (size_t)HOSTED_GRANT_WINDOW * HV_PAGE_SIZE);
	if (d->window == MAP_FAILED)
		hosted_misuse("the host has no memory for a grant window");
	d->window_free = hosted_zalloc(HOSTED_GRANT_WINDOW, sizeof(*d->window_free));
	d->reach = hosted_table(HOSTED_FRAMES, sizeof(*d->reach));
}

static uint32_t slot_take(struct hosted_domain *d)
{
	if (d->window_top)
		return d->window_free[--d->window_top];
	return d->window_fresh < HOSTED_GRANT_WINDOW ? d->window_fresh++ : NO_ENTRY;
}

static uint8_t *slot_va(struct hosted_domain *d, uint32_t slot)
{
	return d->window + (size_t)slot * HV_PAGE_SIZE;
}

/* ---------------------------------------------------------------- one map */

static struct map *handle_take(struct hosted_domain *d, uint32_t *handle)
{
	if (d->maps_used == d->maps_max)
		return NULL;
	if (d->maps_free == NO_ENTRY) {
		uint32_t size = d->maps_size ? 2 * d->maps_size : 64;

		d->maps = realloc(d->maps, size * sizeof(*d->maps));
		if (!d->maps)
			hosted_misuse("the host has no memory");
		for (uint32_t i = size; i-- > d->maps_size;) {
			d->maps[i] = (struct map){.next_free = d->maps_free};
			d->maps_free = i;
		}
		d->maps_size = size;
	}
	*handle = d->maps_free;
	d->maps_free = d->maps[*handle].next_free;
	d->maps_used++;
	return &d->maps[*handle];
}

static void handle_put(struct hosted_domain *d, uint32_t handle)
{
	d->maps[handle] = (struct map){.next_free = d->maps_free};
	d->maps_free = handle;
	d->maps_used--;
}

static int map_host(struct hosted_domain *d, struct map *map)
{
	int prot = map->flags & HV_MAP_RO ? PROT_READ : PROT_READ | PROT_WRITE;

	map->slot = slot_take(d);
	if (map->slot == NO_ENTRY)
		return -ENOSPC;
	if (mmap(slot_va(d, map->slot), HV_PAGE_SIZE, prot, MAP_SHARED | MAP_FIXED, d->h->memfd,
		 (off_t)map->frame * HV_PAGE_SIZE) == MAP_FAILED)
		hosted_misuse("the host allows no more mappings");
	return 0;
}

/* Wrong by itself: such an entry does not reach Xen. */
static bool map_refused(const struct hv_grant_map *m)
{
	const unsigned int known = HV_MAP_HOST | HV_MAP_DEVICE | HV_MAP_RO;

	return !m->ref || (m->flags & ~known) || !(m->flags & (HV_MAP_HOST | HV_MAP_DEVICE));
}

static int map_one(struct hosted_domain *d, struct hv_grant_map *m)
{
	struct hosted_domain *rd = hosted_find(d->h, m->dom);
	bool write = !(m->flags & HV_MAP_RO);
	struct map *map;
	uint32_t frame;
	int ret;

	if (!rd)
		return -ESRCH;
	if (hosted_fails(d, HOSTED_FAIL_GRANT_MAP))
		return -ENOSPC;
	map = handle_take(d, &m->handle);
	if (!map)
		return -ENOSPC;
	ret = hosted_grant_check(rd, m->ref, d->id, write, &frame);
	if (!ret) {
		*map = (struct map){.used = true,
				    .dom = m->dom,
				    .ref = m->ref,
				    .frame = frame,
				    .flags = m->flags,
				    .slot = NO_ENTRY};
		if (m->flags & HV_MAP_HOST)
			ret = map_host(d, map);
	}
	if (ret) {
		handle_put(d, m->handle);
		return ret;
	}
	hosted_grant_pin(rd, m->ref, d->id, write, frame);
	hosted_frame_map(d->h, frame);
	if (rd != d) {
		d->reach[frame].rd += !write;
		d->reach[frame].wr += write;
	}
	if (m->flags & HV_MAP_HOST)
		m->va = slot_va(d, map->slot);
	if (m->flags & HV_MAP_DEVICE)
		m->dev_addr = hosted_bus_addr(frame);
	return 0;
}

static void drop_map(struct hosted_domain *d, uint32_t handle)
{
	struct map *map = &d->maps[handle];
	struct hosted_domain *rd = hosted_find(d->h, map->dom);
	bool write = !(map->flags & HV_MAP_RO);

	if (rd)
		hosted_grant_unpin(rd, map->ref, write);
	if (rd != d) {
		d->reach[map->frame].rd -= !write;
		d->reach[map->frame].wr -= write;
	}
	if (map->slot != NO_ENTRY) {
		window_map(slot_va(d, map->slot), HV_PAGE_SIZE);
		d->window_free[d->window_top++] = map->slot;
	}
	hosted_frame_unmap(d->h, map->frame);
	handle_put(d, handle);
}

void hosted_maps_free(struct hosted_domain *d)
{
	for (uint32_t i = 0; i < d->maps_size; i++) {
		if (d->maps[i].used)
			drop_map(d, i);
	}
	if (d->window)
		munmap(d->window, (size_t)HOSTED_GRANT_WINDOW * HV_PAGE_SIZE);
	free(d->window_free);
	hosted_table_free(d->reach, HOSTED_FRAMES, sizeof(*d->reach));
	free(d->maps);
}

/* ---------------------------------------------------------------- hv.h */

/* Entries go to Xen 32 at a time; 32 of which none is worth a hypercall cost none. */
static void count_batch(unsigned int i, bool issued, bool *counted, unsigned int op)
{
	if (i % HV_GRANT_BATCH == 0)
		*counted = false;
	if (issued && !*counted) {
		hv_common_count(__HYPERVISOR_grant_table_op, op);
		*counted = true;
	}
}

int hv_grant_map(struct hv_grant_map *maps, unsigned int n)
{
	struct hosted_domain *d = hosted_cur();
	bool counted = false;
	int ret = 0;

	if (!d->window)
		window_init(d);
	for (unsigned int i = 0; i < n; i++) {
		bool refused = map_refused(&maps[i]);

		count_batch(i, !refused, &counted, GNTTABOP_map_grant_ref);
		maps[i].va = NULL;
		maps[i].dev_addr = 0;
		maps[i].status = refused ? -EINVAL : map_one(d, &maps[i]);
		if (!ret)
			ret = maps[i].status;
	}
	return ret;
}

int hv_grant_unmap(struct hv_grant_map *maps, unsigned int n)
{
	struct hosted_domain *d = hosted_cur();
	bool counted = false;
	int ret = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct hv_grant_map *m = &maps[i];
		bool held = (m->va || m->dev_addr) && m->handle < d->maps_size &&
			    d->maps[m->handle].used && d->maps[m->handle].dom == m->dom &&
			    d->maps[m->handle].ref == m->ref;

		count_batch(i, held, &counted, GNTTABOP_unmap_grant_ref);
		m->status = held ? 0 : -EINVAL; /* GNTST_bad_handle */
		if (held)
			drop_map(d, m->handle);
		m->va = NULL;
		m->dev_addr = 0;
		if (!ret)
			ret = m->status;
	}
	return ret;
}

unsigned int hv_grants_mapped(void)
{
	return hosted_cur()->maps_used;
}

/* Wrong by itself: such an entry does not reach Xen. */
static int copy_refused(struct hosted_domain *d, const struct hv_grant_copy *c)
{
	/* Xen copies between two frames: neither side may leave its page (GNTST_bad_copy_arg). */
	if (!c->ref || (unsigned int)c->offset + c->len > HV_PAGE_SIZE ||
	    (uintptr_t)c->local % HV_PAGE_SIZE + c->len > HV_PAGE_SIZE)
		return -EINVAL;
	/* The local side is named by frame, which Xen takes for the caller's own pages only. */
	return hosted_in_window(d, c->local) ? -EACCES : 0;
}

static int copy_one(struct hosted_domain *d, struct hv_grant_copy *c)
{
	struct hosted_domain *rd = hosted_find(d->h, c->dom);
	uint8_t *page;
	uint32_t frame;
	int ret;

	if (!rd)
		return -ESRCH;
	if (hosted_fails(d, HOSTED_FAIL_GRANT_COPY))
		return -EACCES;
	ret = hosted_grant_check(rd, c->ref, d->id, c->to_grant, &frame);
	if (ret)
		return ret;
	page = hosted_frame_ptr(d->h, frame) + c->offset;
	if (c->to_grant)
		memcpy(page, c->local, c->len);
	else
		memcpy(c->local, page, c->len);
	return 0;
}

int hv_grant_copy(struct hv_grant_copy *copies, unsigned int n)
{
	struct hosted_domain *d = hosted_cur();
	bool counted = false;
	int ret = 0;

	for (unsigned int i = 0; i < n; i++) {
		int refused = copy_refused(d, &copies[i]);

		count_batch(i, !refused, &counted, GNTTABOP_copy);
		copies[i].status = refused ? refused : copy_one(d, &copies[i]);
		if (!ret)
			ret = copies[i].status;
	}
	return ret;
}
