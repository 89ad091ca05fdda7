/* SPDX-License-Identifier: MIT */
/*
 * pci_op.h - what pcifront reads out of pciback's words and answers, without any of the waiting.
 *
 * pciback lives in dom0 and is trusted with the device, but its answers carry numbers from
 * hardware and from other kernels' versions of the protocol (xen/io/pciif.h): each is checked before
 * it becomes an address or an interrupt. Pure functions, so that tests and the fuzzer run them.
 */
#ifndef HV_XEN_PCI_OP_H
#define HV_XEN_PCI_OP_H

#include <stdbool.h>
#include <stdint.h>

#include <xen/io/pciif.h>

#include "hv/hv.h"

#define HV_PCI_BARS 6

struct hv_pci_bdf {
	uint32_t domain;
	uint8_t bus;
	uint8_t devfn; /* slot << 3 | function */
};

/* A vdev-N node, "dddd:bb:ss.ff", all hexadecimal (pciback writes %04x:%02x:%02x.%02x). -EINVAL. */
int hv_pci_op_bdf(const char *text, struct hv_pci_bdf *out);

/* Configuration accesses: 1, 2 or 4 bytes, aligned, inside the 4 KiB of a PCIe function. */
bool hv_pci_op_access_ok(unsigned int offset, unsigned int size);

/*
 * struct xen_pci_op's err as our -errno: 0, one of XEN_PCI_ERR_*, or the raw negative errno of a
 * Linux dom0. Anything positive is -EIO.
 */
int hv_pci_op_error(int32_t err);

/*
 * BAR n out of the six registers as they read, and as they read after all ones were written. A BAR
 * without an address, an I/O BAR and the upper half of a 64-bit one come out as size 0. -EINVAL for
 * n out of range, -EIO when a mask is no power-of-two size, or the address not a multiple of it.
 */
int hv_pci_op_bar(const uint32_t value[HV_PCI_BARS], const uint32_t mask[HV_PCI_BARS],
		  unsigned int n, struct hv_pci_bar *out);

/* The pirq that enable_msi returned: 0 or -EIO. */
int hv_pci_op_msi(const struct xen_pci_op *op, uint32_t *pirq);

/* The n pirqs that enable_msix returned for entries 0..n-1, all different: 0 or -EIO. */
int hv_pci_op_msix(const struct xen_pci_op *op, unsigned int n, uint32_t *pirqs);

/* Fills the answer into pciback's error-recovery question, which is already a private copy. */
void hv_pci_op_aer(struct xen_pcie_aer_op *op);

#endif /* HV_XEN_PCI_OP_H */
