/* SPDX-License-Identifier: MIT */
/*
 * pci_op.c - pciback's words and answers, checked. Layouts: xen/io/pciif.h; register layout: PCI
 * Local Bus Specification 3.0, 6.2.5.1 (base address registers).
 */
#include <errno.h>
#include <string.h>

#include "hv/common/parse.h"
#include "hv/xen/pci_op.h"
#include "hv/xen/xen.h"

#define BAR_IO	     0x1u
#define BAR_TYPE     0x6u
#define BAR_TYPE_64  0x4u
#define BAR_PREFETCH 0x8u
#define BAR_ADDR     0xfffffff0u

/* enum pci_ers_result of Linux (include/linux/pci.h); pciback hands it on unchanged. */
#define ERS_RESULT_DISCONNECT 4

int hv_pci_op_bdf(const char *text, struct hv_pci_bdf *out)
{
	uint64_t domain, bus, slot, func;

	if (strlen(text) != 13 || text[4] != ':' || text[7] != ':' || text[10] != '.' ||
	    hv_parse_hex(text, 4, UINT16_MAX, &domain) || hv_parse_hex(text + 5, 2, 255, &bus) ||
	    hv_parse_hex(text + 8, 2, 31, &slot) || hv_parse_hex(text + 11, 2, 7, &func))
		return -EINVAL;
	out->domain = (uint32_t)domain;
	out->bus = (uint8_t)bus;
	out->devfn = (uint8_t)(slot << 3 | func);
	return 0;
}

bool hv_pci_op_access_ok(unsigned int offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4) && offset < 4096 && offset % size == 0;
}

int hv_pci_op_error(int32_t err)
{
	switch (err) {
	case XEN_PCI_ERR_success:
		return 0;
	case XEN_PCI_ERR_dev_not_found:
		return -ENODEV;
	case XEN_PCI_ERR_invalid_offset:
		return -EINVAL;
	case XEN_PCI_ERR_access_denied:
		return -EACCES;
	case XEN_PCI_ERR_not_implemented:
		return -EOPNOTSUPP;
	case XEN_PCI_ERR_op_failed:
		return -EIO;
	default:
		return err > 0 ? -EIO : hv_xen_errno(err);
	}
}

static bool is_upper_half(const uint32_t value[HV_PCI_BARS], unsigned int n)
{
	bool upper = false;

	for (unsigned int i = 0; i < n; i++)
		upper = !upper && !(value[i] & BAR_IO) && (value[i] & BAR_TYPE) == BAR_TYPE_64;
	return upper;
}

int hv_pci_op_bar(const uint32_t value[HV_PCI_BARS], const uint32_t mask[HV_PCI_BARS],
		  unsigned int n, struct hv_pci_bar *out)
{
	uint64_t addr, ones, size;

	if (n >= HV_PCI_BARS)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (is_upper_half(value, n) || value[n] & BAR_IO)
		return 0;
	addr = value[n] & BAR_ADDR;
	ones = (mask[n] & BAR_ADDR) | 0xffffffff00000000ull;
	if ((value[n] & BAR_TYPE) == BAR_TYPE_64) {
		if (n + 1 == HV_PCI_BARS)
			return -EIO;
		addr |= (uint64_t)value[n + 1] << 32;
		ones = (mask[n] & BAR_ADDR) | (uint64_t)mask[n + 1] << 32;
	}
	if (!addr)
		return 0; /* pciback shows a BAR that is not there as address 0 */
	size = ~ones + 1;
	if (!size || size & (size - 1) || addr & (size - 1))
		return -EIO;
	out->addr = addr;
	out->size = size;
	out->prefetchable = value[n] & BAR_PREFETCH;
	return 0;
}

int hv_pci_op_msi(const struct xen_pci_op *op, uint32_t *pirq)
{
	if (!op->value || op->value > INT32_MAX)
		return -EIO;
	*pirq = op->value;
	return 0;
}

int hv_pci_op_msix(const struct xen_pci_op *op, unsigned int n, uint32_t *pirqs)
{
	if (op->value || n > SH_INFO_MAX_VEC) /* pciback: "result", 0 when all n were enabled */
		return -EIO;
	for (unsigned int i = 0; i < n; i++) {
		const struct xen_msix_entry *e = &op->msix_entries[i];

		if (e->entry != i || !e->vector)
			return -EIO;
		for (unsigned int j = 0; j < i; j++)
			if (pirqs[j] == e->vector)
				return -EIO;
		pirqs[i] = e->vector;
	}
	return 0;
}

void hv_pci_op_aer(struct xen_pcie_aer_op *op)
{
	/*
	 * Whatever the step, a GPU that had an uncorrectable error has lost its contents and cannot
	 * be recovered in place: "disconnect". dom0 resets the function and restarts this domain.
	 */
	op->err = ERS_RESULT_DISCONNECT;
}
