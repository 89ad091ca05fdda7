/* SPDX-License-Identifier: MIT */
/*
 * doorbell.c - gives guests the GPU's doorbell page and takes it back (see doorbell.h).
 *
 * Where the page is on the machine, dom0's own kernel tells, of the function that the driver domain's config names;
 * the driver domain is not asked. A note in the trusted copy is written before the page is mapped and goes after it
 * is taken back, so whoever comes after a crash of ours finds every page that a guest may have.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "doorbell.h"
#include "frame.h"
#include "lock.h"
#include "pci.h"
#include "records.h"

/*
 * The page within BAR0: NV_VIRTUAL_FUNCTION_FULL_PHYS_OFFSET and NV_VIRTUAL_FUNCTION, Turing to Ada (NVIDIA's
 * turing/tu102/dev_vm.h; open-gpu-doc, ampere/ga100/dev_func.ref.txt). It is what NVIDIA gives to programs as class
 * TURING_USERMODE_A or AMPERE_USERMODE_A. In it: the class's number, the GPU's time (0x80, 0x84), the doorbell
 * (0x90), which errors wait to be looked at (0x94). Of these only the doorbell can be written.
 */
#define PAGE_OFFSET 0xbb0000u
#define PAGE_SIZE   4096u

static int find_page(const char *backend, uint64_t *mfn, struct xvgpu_err *err)
{
	char config[XVGPU_PATH_MAX];
	struct xvgpu_driver driver;
	struct xvgpu_board board;
	uint64_t start, size;
	int rc = xvgpu_gpudom_read(backend, config, err);

	if (!rc)
		rc = xvgpu_driver_read(config, &driver, err);
	for (int i = 0; !rc && i < driver.n; i++) {
		if (xvgpu_board_read(driver.bdf[i], &board, err))
			continue;
		rc = xvgpu_pci_bar0(board.bdf, &start, &size, err);
		if (rc)
			return rc;
		if (start % PAGE_SIZE || size < PAGE_OFFSET + PAGE_SIZE)
			return xvgpu_fail(err, -ENODEV,
					  "%s: BAR 0 at %#" PRIx64 ", %" PRIu64
					  " bytes: has no doorbell page",
					  board.bdf, start, size);
		*mfn = (start + PAGE_OFFSET) / PAGE_SIZE;
		return 0;
	}
	return rc ? rc : xvgpu_fail(err, -ENODEV, "%s: names no GPU of this machine", config);
}

/* Fills err without the guest's name. */
static int give(struct xs_handle *xs, const struct xvgpu_domain *dom, struct xvgpu_slice *s,
		struct xvgpu_err *err)
{
	struct xvgpu_page page = {.gfn = XVGPU_DOORBELL_GFN + s->index, .back = s->back};
	int rc;

	if (!dom->pvh)
		return xvgpu_fail(err, -ENODEV, "only a PVH guest can have the doorbell page");
	if (!xvgpu_daemon_runs())
		return xvgpu_fail(err, -ENODEV,
				  "no xvgpu daemon runs, which would take the page back");
	rc = find_page(s->backend, &page.mfn, err);
	if (rc)
		return rc;
	rc = xvgpu_doorbell_take(xs, s->front, s->index);
	if (!rc)
		rc = xvgpu_page_note(xs, s->front, s->index, dom->name, &page);
	if (!rc)
		rc = xvgpu_frame_map(s->front, page.gfn, page.mfn);
	if (rc)
		return xvgpu_fail(err, rc, "frame %#" PRIx64 " of the machine: %s", page.mfn,
				  strerror(-rc));
	s->frame = page.gfn;
	return 0;
}

int xvgpu_plug(struct xs_handle *xs, const struct xvgpu_domain *dom, struct xvgpu_slice *slices,
	       int n, struct xvgpu_err *err)
{
	struct xvgpu_err inner;
	int rc = 0;

	for (int i = 0; i < n && !rc; i++) {
		slices[i].frame = 0;
		if (!slices[i].direct)
			continue;
		rc = give(xs, dom, &slices[i], &inner);
		if (rc)
			xvgpu_fail(err, rc, "%s: slice %u: doorbell=direct: %s", dom->name,
				   slices[i].index, inner.text);
	}
	if (!rc)
		rc = xvgpu_plug_in(xs, slices, n, dom->name, err);
	for (int i = 0; i < n && rc; i++)
		if (slices[i].direct)
			xvgpu_doorbell_take(xs, slices[i].front, slices[i].index);
	return rc;
}

int xvgpu_unplug(struct xs_handle *xs, const struct xvgpu_slice *slice, enum xvgpu_plug then)
{
	int rc = xvgpu_doorbell_take(xs, slice->front, slice->index);

	return rc ? rc : xvgpu_plug_out(xs, slice, then);
}

int xvgpu_doorbell_take(struct xs_handle *xs, unsigned int front, unsigned int index)
{
	struct xvgpu_page page;
	int rc = xvgpu_page_read(xs, front, index, &page);

	if (rc)
		return rc == -ENOENT ? 0 : rc;
	rc = xvgpu_frame_unmap(front, page.gfn, page.mfn);
	return rc ? rc : xvgpu_page_forget(xs, front, index);
}

int xvgpu_doorbells_take(struct xs_handle *xs, const struct xvgpu_domains *domains,
			 unsigned int back)
{
	unsigned int ids[XVGPU_MAX_DEVICES];
	struct xvgpu_page page;
	int rc, first = 0;

	for (int i = 0; i < domains->n; i++) {
		unsigned int front = domains->list[i].domid;
		int n = xvgpu_copies(xs, front, ids);

		for (int j = 0; j < n; j++) {
			if (xvgpu_page_read(xs, front, ids[j], &page) || page.back != back)
				continue;
			rc = xvgpu_doorbell_take(xs, front, ids[j]);
			if (rc && !first)
				first = rc;
		}
	}
	return first;
}
