/* SPDX-License-Identifier: MIT */
/*
 * caps.c - what this Xen can do for device memory.
 *
 * PCI functions reach a PV domain only through xl, which refuses to pass one through unless Xen
 * runs an IOMMU (libxl: "passthrough not supported on this platform"). So a device of this domain
 * is always confined. Xen's proposed PV-IOMMU hypercall, number 43, is asked for by its no-op; a
 * Xen without it says ENOSYS.
 */
#include <errno.h>

#include "hv/xen/hypercall.h"
#include "hv/xen/xen.h"

/* Xen RFC "PV-IOMMU" v7, November 2025; sub-operation 0 does nothing. Not in Xen's headers. */
#define HYPERVISOR_iommu_op 43
#define IOMMU_OP_noop	    0

struct hv_iommu_caps hv_iommu_caps(void)
{
	long ret = hv_hypercall(HYPERVISOR_iommu_op, IOMMU_OP_noop, IOMMU_OP_noop, 0, 0, 0);

	return (struct hv_iommu_caps){
		.translated = true,
		.pv_iommu = ret == 0,
	};
}
