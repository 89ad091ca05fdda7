/* SPDX-License-Identifier: MIT */
/*
 * pci.h - one passed-through function, as pci.c and pci_irq.c share it.
 */
#ifndef HV_XEN_PCI_H
#define HV_XEN_PCI_H

#include "hv/xen/pci_op.h"

/* PCI Local Bus Specification 3.0, 6.1 and 6.2. */
#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MEMORY 0x2u
#define PCI_COMMAND_MASTER 0x4u
#define PCI_HEADER_TYPE	   0x0e
#define PCI_BAR0	   0x10
#define PCI_CAP_POINTER	   0x34

/* One message-signalled interrupt. */
struct vector {
	hv_port_t port; /* 0: off */
	uint32_t pirq;
	bool eoi; /* Xen holds the next one back until it is told that this one is done */
	hv_event_fn fn;
	void *arg;
};

struct hv_pci {
	struct hv_pci_bdf bdf;
	char name[16];
	bool open;
	bool bars_known;
	uint32_t bar_value[HV_PCI_BARS];
	uint32_t bar_mask[HV_PCI_BARS];
	enum hv_pci_irq kind;
	unsigned int count; /* of vectors; 0: interrupts are off */
	struct vector vectors[HV_PCI_VECTORS_MAX];
};

/* Asks pciback and waits; the answer replaces *op. 0, -ETIMEDOUT, or pciback's error as -errno. */
int hv_xen_pci_op(struct hv_pci *pci, struct xen_pci_op *op);

#endif /* HV_XEN_PCI_H */
