/* SPDX-License-Identifier: MIT */
/*
 * frame.c - asks Xen to map and unmap a device's frame (see frame.h).
 *
 * Xen wants both dom0 and the guest to have permission for the frame, to map it and to unmap it (xen:
 * common/domctl.c, XEN_DOMCTL_memory_mapping). One guest may have the same frame twice, by two slices of one
 * GPU, and the permission goes with the first that is unmapped: so it is given anew before each unmapping.
 */
#include <errno.h>
#include <stdbool.h>

#include <xenctrl.h>

#include "frame.h"

#define FRAMES 1 /* how many at a time */

static int permit(xc_interface *xc, unsigned int domid, uint64_t mfn, bool allow)
{
	return xc_domain_iomem_permission(xc, domid, mfn, FRAMES, allow) ? -errno : 0;
}

static int change(xc_interface *xc, unsigned int domid, uint64_t gfn, uint64_t mfn, uint32_t how)
{
	return xc_domain_memory_mapping(xc, domid, gfn, mfn, FRAMES, how) ? -errno : 0;
}

int xvgpu_frame_map(unsigned int domid, uint64_t gfn, uint64_t mfn)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	int rc;

	if (!xc)
		return -errno;
	rc = permit(xc, domid, mfn, true);
	if (!rc) {
		rc = change(xc, domid, gfn, mfn, DPCI_ADD_MAPPING);
		if (rc)
			permit(xc, domid, mfn, false);
	}
	xc_interface_close(xc);
	return rc;
}

int xvgpu_frame_unmap(unsigned int domid, uint64_t gfn, uint64_t mfn)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	int rc;

	if (!xc)
		return -errno;
	rc = permit(xc, domid, mfn, true);
	if (!rc)
		rc = change(xc, domid, gfn, mfn, DPCI_REMOVE_MAPPING);
	/* Nothing of a device is at gfn (xen: arch/x86/mm/p2m.c, clear_mmio_p2m_entry). */
	if (rc == -EINVAL)
		rc = 0;
	if (!rc)
		rc = permit(xc, domid, mfn, false);
	xc_interface_close(xc);
	return rc == -ESRCH ? 0 : rc;
}
