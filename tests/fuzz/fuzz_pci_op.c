/* SPDX-License-Identifier: MIT */
/*
 * fuzz_pci_op.c - any answer of pciback against the checks of hv/xen/pci_op.c.
 *
 * COVERS: hv/xen/pci_op.c
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The real sources, statics and all. NOLINTBEGIN(bugprone-suspicious-include) */
#include "hv/xen/pci_op.c"
#include "tests/fuzz/must.h"
/* NOLINTEND(bugprone-suspicious-include) */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* hv/xen/errno.c is about newlib; all that matters here is that an error stays one. */
int hv_xen_errno(long ret)
{
	return ret < 0 ? -EIO : 0;
}

static void bars(const uint8_t *data)
{
	uint32_t value[HV_PCI_BARS], mask[HV_PCI_BARS];
	struct hv_pci_bar bar;

	memcpy(value, data, sizeof(value));
	memcpy(mask, data + sizeof(value), sizeof(mask));
	for (unsigned int i = 0; i <= HV_PCI_BARS; i++) {
		if (hv_pci_op_bar(value, mask, i, &bar) || !bar.size)
			continue;
		must(bar.addr && !(bar.addr & (bar.size - 1)) && !(bar.size & (bar.size - 1)));
		must(bar.size >= 16 && bar.addr + bar.size - 1 >= bar.addr);
	}
}

static void interrupts(const struct xen_pci_op *op, unsigned int n)
{
	uint32_t pirqs[SH_INFO_MAX_VEC], pirq;

	if (!hv_pci_op_msi(op, &pirq))
		must(pirq && pirq <= INT32_MAX);
	if (hv_pci_op_msix(op, n, pirqs))
		return;
	must(n <= SH_INFO_MAX_VEC);
	for (unsigned int i = 0; i < n; i++)
		must(pirqs[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xen_pci_op op = {0};
	struct xen_pcie_aer_op aer = {0};
	struct hv_pci_bdf bdf;
	char text[32] = "";

	if (!size)
		return 0;
	switch (data[0] % 4) {
	case 0: /* a string from xenstore */
		memcpy(text, data + 1, size - 1 < sizeof(text) ? size - 1 : sizeof(text) - 1);
		if (!hv_pci_op_bdf(text, &bdf))
			must(bdf.domain <= 0xffff);
		break;
	case 1: /* registers */
		if (size > 2 * sizeof(uint32_t[HV_PCI_BARS]))
			bars(data + 1);
		break;
	case 2: /* an answer */
		if (size < 2)
			break;
		memcpy(&op, data + 2, size - 2 < sizeof(op) ? size - 2 : sizeof(op));
		must(hv_pci_op_error(op.err) <= 0 && !hv_pci_op_error(op.err) == !op.err);
		if (data[1] & 1) /* sensible entries, so that more than the first is looked at */
			for (unsigned int i = 0; i < SH_INFO_MAX_VEC; i++)
				op.msix_entries[i].entry = (uint16_t)i;
		interrupts(&op, data[1]);
		memcpy(&aer, data + 2, size - 2 < sizeof(aer) ? size - 2 : sizeof(aer));
		hv_pci_op_aer(&aer);
		break;
	default: /* an access that our own code might ask for */
		if (size >= 5) {
			unsigned int offset, width = data[1];

			memcpy(&offset, data + 1, sizeof(offset));
			if (hv_pci_op_access_ok(offset, width))
				must(offset + width <= 4096);
		}
	}
	return 0;
}
