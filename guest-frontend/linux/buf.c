/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * buf.c - the staging buffer: pages that the backend may reach, and the directory that lists them.
 *
 * Only whole, zeroed pages are offered, so nothing else of this kernel is ever visible next to the
 * data. Each page is granted when it is first needed and stays so until the connection ends: in
 * steady state a transfer costs no grant operation. At the end gnttab_end_foreign_access() frees a
 * page when the backend has let go of it, and not before (XSA-396).
 */
#include <linux/mm.h>
#include <linux/vmalloc.h>

#include <xen/page.h>

#include "front.h"

int front_offer(struct front_conn *conn, struct page *page, bool readonly, grant_ref_t *ref)
{
	int ret = gnttab_grant_foreign_access(conn->front->xbdev->otherend_id,
					      xen_page_to_gfn(page), readonly);

	if (ret < 0)
		return ret;
	*ref = ret;
	front_count(conn->front, FRONT_GRANTS, 1);
	return 0;
}

static int buf_make(struct front_conn *conn)
{
	unsigned int i;
	int ret;

	for (i = 0; i < FRONT_BUF_PAGES; i++) {
		if (conn->buf_page[i])
			continue;
		conn->buf_page[i] = alloc_page(GFP_KERNEL | __GFP_ZERO);
		if (!conn->buf_page[i])
			return -ENOMEM;
	}
	if (!conn->dir) {
		conn->dir = (void *)get_zeroed_page(GFP_KERNEL);
		if (!conn->dir)
			return -ENOMEM;
	}
	if (!conn->dir_ref) {
		ret = front_offer(conn, virt_to_page(conn->dir), true, &conn->dir_ref);
		if (ret)
			return ret;
	}
	conn->buf = vmap(conn->buf_page, FRONT_BUF_PAGES, VM_MAP, PAGE_KERNEL);
	return conn->buf ? 0 : -ENOMEM;
}

void *front_buf_get(struct front_conn *conn)
{
	int ret = 0;

	mutex_lock(&conn->buf_lock);
	if (READ_ONCE(conn->dead))
		ret = -ENODEV;
	else if (READ_ONCE(conn->buf_flying))
		ret = -EBUSY; /* of a transfer that was given up; the backend may still write to it */
	else if (!conn->buf)
		ret = buf_make(conn);
	if (!ret)
		return conn->buf;
	mutex_unlock(&conn->buf_lock);
	return ERR_PTR(ret);
}

void front_buf_put(struct front_conn *conn)
{
	mutex_unlock(&conn->buf_lock);
}

/* Makes sure that the first n pages are offered and that the directory lists them, nothing else. */
static int buf_list(struct front_conn *conn, unsigned int n)
{
	int ret;

	for (; conn->buf_granted < n; conn->buf_granted++) {
		ret = front_offer(conn, conn->buf_page[conn->buf_granted], false,
				  &conn->buf_ref[conn->buf_granted]);
		if (ret)
			return ret;
	}
	for (; conn->buf_listed < n; conn->buf_listed++)
		conn->dir->gref[conn->buf_listed] = conn->buf_ref[conn->buf_listed];
	while (conn->buf_listed > n)
		conn->dir->gref[--conn->buf_listed] = 0;
	return 0;
}

int front_copy(struct front_conn *conn, u8 operation, u32 handle, u64 offset, u32 length)
{
	struct xenvgpu_request req = {.operation = operation};
	int ret;

	lockdep_assert_held(&conn->buf_lock);
	if (!conn->copy_ok)
		return -EOPNOTSUPP;
	if (!length || length > conn->info.copy_max || (length | offset) % 4)
		return -EINVAL;
	ret = buf_list(conn, DIV_ROUND_UP(length, XEN_PAGE_SIZE));
	if (ret)
		return ret;
	req.op.mem_copy.handle = handle;
	req.op.mem_copy.gref_directory = conn->dir_ref;
	req.op.mem_copy.offset = offset;
	req.op.mem_copy.length = length;
	return front_call(conn, &req, NULL);
}

void front_buf_free(struct front_conn *conn)
{
	unsigned int i;

	vunmap(conn->buf);
	conn->buf = NULL;
	for (i = 0; i < FRONT_BUF_PAGES && conn->buf_page[i]; i++) {
		if (i < conn->buf_granted)
			gnttab_end_foreign_access(conn->buf_ref[i], conn->buf_page[i]);
		else
			__free_page(conn->buf_page[i]);
		conn->buf_page[i] = NULL;
	}
	if (conn->dir_ref)
		gnttab_end_foreign_access(conn->dir_ref, virt_to_page(conn->dir));
	else
		free_page((unsigned long)conn->dir);
	conn->dir = NULL;
	conn->dir_ref = 0;
	conn->buf_granted = 0;
}
