/* SPDX-License-Identifier: MIT */
/*
 * domain-find.c - looks a domain up in the list that domains.c made.
 *
 * Apart from it, so that tests can make the list themselves.
 */
#include <stdlib.h>
#include <string.h>

#include "domains.h"

void xvgpu_domains_free(struct xvgpu_domains *domains)
{
	free(domains->list);
	memset(domains, 0, sizeof(*domains));
}

const struct xvgpu_domain *xvgpu_domain_by_id(const struct xvgpu_domains *domains,
					      unsigned int domid)
{
	for (int i = 0; i < domains->n; i++)
		if (domains->list[i].domid == domid)
			return &domains->list[i];
	return NULL;
}

const struct xvgpu_domain *xvgpu_domain_by_name(const struct xvgpu_domains *domains,
						const char *name)
{
	for (int i = 0; i < domains->n; i++)
		if (domains->list[i].name[0] && !strcmp(domains->list[i].name, name))
			return &domains->list[i];
	return NULL;
}
