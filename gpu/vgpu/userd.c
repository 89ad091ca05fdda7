/* SPDX-License-Identifier: MIT */
/*
 * userd.c - see userd.h. A guest that never unmaps keeps its pages from being freed, but as they are what
 * it is given next time, it has never more than its devices can use at a time.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/vgpu/device.h"

#define RETRY HV_S

static void destroy(struct vgpu_userd *page)
{
	hv_dma_free(&page->mem);
	free(page);
}

/* Frees what of the pages kept aside is mapped no more; looks again later if some are left. */
static void sweep(struct vgpu_back *back)
{
	struct vgpu_userd **link = &back->userd;

	while (*link) {
		struct vgpu_userd *page = *link;

		if (hv_grant_end(page->ref)) {
			link = &page->next;
			continue;
		}
		*link = page->next;
		destroy(page);
	}
	if (back->userd)
		hv_timer_arm(&back->userd_timer, hv_now() + RETRY);
}

static void retry(struct hv_timer *t)
{
	sweep((struct vgpu_back *)((char *)t - offsetof(struct vgpu_back, userd_timer)));
}

int vgpu_userd_get(struct vgpu_back *back, hv_domid_t dom, struct vgpu_userd **out)
{
	struct vgpu_userd *page;
	int err;

	for (struct vgpu_userd **link = &back->userd; *link; link = &(*link)->next) {
		page = *link;
		if (page->dom != dom)
			continue;
		*link = page->next;
		memset(page->mem.va, 0, HV_PAGE_SIZE);
		*out = page;
		return 0;
	}
	page = calloc(1, sizeof(*page));
	if (!page)
		return -ENOMEM;
	page->dom = dom;
	err = hv_dma_alloc(HV_PAGE_SIZE, &page->mem);
	if (err) {
		free(page);
		return err;
	}
	err = hv_grant_give(dom, page->mem.va, 0, &page->ref);
	if (err) {
		destroy(page);
		return err;
	}
	*out = page;
	return 0;
}

void vgpu_userd_put(struct vgpu_back *back, struct vgpu_userd *page)
{
	page->next = back->userd;
	back->userd = page;
	sweep(back);
}

unsigned int vgpu_userd_kept(const struct vgpu_back *back)
{
	unsigned int n = 0;

	for (const struct vgpu_userd *page = back->userd; page; page = page->next)
		n++;
	return n;
}

void vgpu_userd_init(struct vgpu_back *back)
{
	back->userd_timer.fn = retry;
}

void vgpu_userd_fini(struct vgpu_back *back)
{
	struct vgpu_userd *page, *next;

	sweep(back);
	hv_timer_cancel(&back->userd_timer);
	for (page = back->userd; page; page = next) {
		next = page->next;
		hv_log_dom(page->dom, HV_WARN, "a page for USERDs is left mapped by dom%u",
			   page->dom);
		free(page);
	}
	back->userd = NULL;
}
