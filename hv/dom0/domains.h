/* SPDX-License-Identifier: MIT */
/*
 * domains.h - which domains there are.
 *
 * Existence, uuid and shutdown come from Xen itself (libxenctrl); the name from
 * /local/domain/N/name, which dom0 owns and a guest can only read.
 */
#ifndef XVGPU_DOMAINS_H
#define XVGPU_DOMAINS_H

#include "config.h"
#include "store.h"

struct xvgpu_domain {
	unsigned int domid;
	char name[XVGPU_NAME_MAX]; /* empty: none yet, or none any more, or not one we can use */
	char uuid[XVGPU_UUID_LEN + 1];
	bool pvh;      /* Xen keeps its physical map, and emulates no PC for it */
	bool shutdown; /* has stopped (off, crashed, suspended) but is not destroyed */
};

struct xvgpu_domains {
	int n;
	struct xvgpu_domain *list; /* by domid, ascending; dom0 and dying domains left out */
};

/* Takes err. The caller frees with xvgpu_domains_free(). */
int xvgpu_domains_read(struct xs_handle *xs, struct xvgpu_domains *domains, struct xvgpu_err *err);
void xvgpu_domains_free(struct xvgpu_domains *domains);

const struct xvgpu_domain *xvgpu_domain_by_id(const struct xvgpu_domains *domains,
					      unsigned int domid);
/* xl lets no two domains have one name. */
const struct xvgpu_domain *xvgpu_domain_by_name(const struct xvgpu_domains *domains,
						const char *name);

#endif /* XVGPU_DOMAINS_H */
