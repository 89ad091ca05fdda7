/* SPDX-License-Identifier: MIT */
/*
 * domains.c - asks Xen which domains there are (see domains.h).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <xenctrl.h>

#include "domains.h"

#define CHUNK 64 /* domains asked for in one hypercall */

static void format_uuid(const xen_domain_handle_t handle, char uuid[XVGPU_UUID_LEN + 1])
{
	int n = 0;

	for (int i = 0; i < 16; i++)
		n += sprintf(uuid + n, "%s%02x", i == 4 || i == 6 || i == 8 || i == 10 ? "-" : "",
			     handle[i]);
}

static void take(struct xs_handle *xs, struct xvgpu_domain *dom, const xc_domaininfo_t *info)
{
	memset(dom, 0, sizeof(*dom));
	dom->domid = info->domain;
	/* libxl gives an HVM guest all of a PC's parts, a PVH guest a local APIC only. */
	dom->pvh = info->flags & XEN_DOMINF_hvm_guest &&
		   !(info->arch_config.emulation_flags & XEN_X86_EMU_IOAPIC);
	dom->shutdown = info->flags & XEN_DOMINF_shutdown;
	format_uuid(info->handle, dom->uuid);
	if (xvgpu_xs_read(xs, XBT_NULL, dom->name, sizeof(dom->name), "/local/domain/%u/name",
			  dom->domid) ||
	    !xvgpu_name_ok(dom->name, sizeof(dom->name)))
		dom->name[0] = '\0';
}

int xvgpu_domains_read(struct xs_handle *xs, struct xvgpu_domains *domains, struct xvgpu_err *err)
{
	xc_interface *xc = xc_interface_open(NULL, NULL, 0);
	xc_domaininfo_t info[CHUNK];
	uint32_t first = 1;
	int n;

	memset(domains, 0, sizeof(*domains));
	if (!xc)
		return xvgpu_fail(err, -EIO, "cannot talk to Xen: %s", strerror(errno));
	do {
		struct xvgpu_domain *more;

		n = xc_domain_getinfolist(xc, first, CHUNK, info);
		more = n < 0 ? NULL
			     : realloc(domains->list,
				       ((size_t)domains->n + CHUNK) * sizeof(*domains->list));
		if (!more) {
			xvgpu_err_set(err, "cannot list domains: %s", strerror(errno));
			xvgpu_domains_free(domains);
			xc_interface_close(xc);
			return -EIO;
		}
		domains->list = more;
		for (int i = 0; i < n; i++) {
			first = info[i].domain + 1u;
			if (info[i].domain < XVGPU_DOMID_LIMIT &&
			    !(info[i].flags & XEN_DOMINF_dying))
				take(xs, &domains->list[domains->n++], &info[i]);
		}
	} while (n == CHUNK);
	xc_interface_close(xc);
	return 0;
}
