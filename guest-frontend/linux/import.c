/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * import.c - pages of this guest that the device may reach by itself: a memory object made of them.
 *
 * Whole, zeroed pages, as with the staging buffer, each granted for as long as the object lives. The
 * backend maps them for the device, with no view of its own; it has to let go of them before they are
 * anybody else's. If it does not, gnttab_end_foreign_access() waits for it in the background (XSA-396).
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include <xen/page.h>

#include "front.h"

static void give_back(struct page *page, grant_ref_t ref)
{
	if (ref)
		gnttab_end_foreign_access(ref, page);
	else if (page)
		__free_page(page);
}

static void import_release(struct front_import *im)
{
	unsigned int i;

	vunmap(im->va);
	for (i = 0; i < im->pages; i++)
		give_back(im->page[i], im->ref[i]);
	kvfree(im->page);
	kvfree(im->ref);
	kfree(im);
}

/* Zeroed and offered; *ref stays 0 on an error. */
static int offer_new(struct front_conn *conn, struct page **page, bool readonly, grant_ref_t *ref)
{
	*page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	return *page ? front_offer(conn, *page, readonly, ref) : -ENOMEM;
}

/* The list of its pages, in directories linked from the last to the first: *first names it. */
static int list_pages(struct front_conn *conn, struct front_import *im, struct page **dir,
		      grant_ref_t *dir_ref, unsigned int dirs, grant_ref_t *first)
{
	unsigned int i, n, at;
	int ret;

	*first = 0;
	for (i = dirs; i-- > 0;) {
		struct xenvgpu_page_directory *list;

		ret = offer_new(conn, &dir[i], true, &dir_ref[i]);
		if (ret)
			return ret;
		list = page_address(dir[i]);
		at = i * XENVGPU_GREFS_PER_DIR;
		n = min_t(unsigned int, im->pages - at, XENVGPU_GREFS_PER_DIR);
		memcpy(list->gref, im->ref + at, n * sizeof(*im->ref));
		list->gref_dir_next_page = *first;
		*first = dir_ref[i];
	}
	return 0;
}

static int import_ask(struct front_conn *conn, struct front_import *im)
{
	unsigned int dirs = DIV_ROUND_UP(im->pages, XENVGPU_GREFS_PER_DIR), i;
	struct xenvgpu_request req = {.operation = XENVGPU_OP_MEM_IMPORT};
	struct page **dir = kcalloc(dirs, sizeof(*dir), GFP_KERNEL);
	grant_ref_t *ref = kcalloc(dirs, sizeof(*ref), GFP_KERNEL), first;
	struct xenvgpu_response rsp;
	int ret = dir && ref ? list_pages(conn, im, dir, ref, dirs, &first) : -ENOMEM;

	if (!ret) {
		req.op.mem_import.gref_directory = first;
		req.op.mem_import.pages = im->pages;
		ret = front_call(conn, &req, &rsp);
	}
	if (!ret)
		im->handle = rsp.op.mem_import.handle;
	/* After an answer the backend needs the list no more; without one, they are kept from reuse. */
	for (i = 0; dir && ref && i < dirs; i++)
		give_back(dir[i], ref[i]);
	kfree(dir);
	kfree(ref);
	return ret;
}

struct front_import *front_import_new(struct front_conn *conn, unsigned int pages)
{
	struct front_import *im;
	unsigned int i;
	int ret = 0;

	if (!conn->channels_ok)
		return ERR_PTR(-EOPNOTSUPP);
	if (!pages || pages > XENVGPU_IMPORT_MAX)
		return ERR_PTR(-EINVAL);
	im = kzalloc(sizeof(*im), GFP_KERNEL);
	if (!im)
		return ERR_PTR(-ENOMEM);
	im->page = kvcalloc(pages, sizeof(*im->page), GFP_KERNEL);
	im->ref = kvcalloc(pages, sizeof(*im->ref), GFP_KERNEL);
	if (!im->page || !im->ref)
		ret = -ENOMEM;
	else
		im->pages = pages;
	for (i = 0; !ret && i < pages; i++)
		ret = offer_new(conn, &im->page[i], false, &im->ref[i]);
	if (!ret) {
		im->va = vmap(im->page, pages, VM_MAP, PAGE_KERNEL);
		ret = im->va ? import_ask(conn, im) : -ENOMEM;
	}
	if (!ret)
		return im;
	import_release(im);
	return ERR_PTR(ret);
}

void front_import_free(struct front_conn *conn, struct front_import *im)
{
	front_mem_free(conn, im->handle); /* if it fails, the grants' end waits for the backend */
	import_release(im);
}
