/* SPDX-License-Identifier: MIT */
/*
 * end.c - the end of a tenant's channels (see tenant.h).
 */
#include "gpu/core/tenant.h"

void gpu_tenant_channels_end(struct gpu_tenant *tenant,
			     void (*done)(struct gpu_tenant *tenant, int err))
{
	for (unsigned int i = 0; i < tenant->nr_slots; i++)
		HV_CHECK(!tenant->channel[i]);
	done(tenant, 0);
}

void gpu_tenant_channels_drop(struct gpu_tenant *tenant)
{
	(void)tenant;
}
