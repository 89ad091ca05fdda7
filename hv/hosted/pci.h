/* SPDX-License-Identifier: MIT */
/*
 * pci.h - a PCI slot of the hosted machine, between pci.c (the machine's side: slots, owners, DMA),
 * pci_cfg.c (configuration space as pciback lets a domain see it) and pci_dom.c (hv.h's calls).
 */
#ifndef HV_HOSTED_PCI_H
#define HV_HOSTED_PCI_H

#include "hv/hosted/internal.h"

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_IO	   0x0001
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004
#define PCI_CACHE_LINE	   0x0c
#define PCI_BAR0	   0x10
#define PCI_BARS	   6u
#define PCI_CAP_LIST	   0x34
#define PCI_CAP_PM	   0x01
#define PCI_CAP_MSI	   0x05
#define PCI_CAP_MSIX	   0x11
#define PCI_CFG_SIZE	   4096u

struct hosted_bar {
	uint64_t addr, size;
	bool is64, prefetchable;
};

/* The function as its owner holds it. */
struct hv_pci {
	bool open;
	char name[16];
	unsigned int maps; /* BAR windows */
	unsigned int vectors;
	enum hv_pci_irq kind;
	hv_port_t ports[HV_PCI_VECTORS_MAX];
};

struct hosted_pci {
	struct hosted_pci *next; /* ascending slots */
	struct hosted *h;
	const struct hosted_pci_ops *ops;
	void *dev;
	unsigned int slot;
	struct hosted_bar bars[PCI_BARS];
	unsigned int cap_pm, cap_msi, cap_msix; /* 0: none */
	struct hosted_domain *owner;
	struct hv_pci handle;

	/* What pciback remembers. */
	bool enabled, busmaster;
	uint16_t guest_command;
	bool sizing[PCI_BARS]; /* all ones were written: the next read tells the size */

	/* Xen's count of IOMMU faults (struct pci_dev, fault). */
	unsigned int faults;
	uint64_t last_fault;
	unsigned int master_cleared;
	bool clear_master; /* as soon as the device can be spoken to again */
	bool unanswered;   /* pciback does not answer reads of configuration space */
};

#define pci_of(p) ((struct hosted_pci *)((char *)(p)-offsetof(struct hosted_pci, handle)))

/* The device's own configuration space. */
uint32_t hosted_cfg_get(struct hosted_pci *pci, unsigned int offset, unsigned int size);
void hosted_cfg_set(struct hosted_pci *pci, unsigned int offset, uint32_t value, unsigned int size);
/* Carries out what Xen decided while the device was in the middle of DMA. */
void hosted_pci_settle(struct hosted_pci *pci);
/* Programs MSI or MSI-X of the device with `vectors` messages, or switches it off (0). */
void hosted_msi_program(struct hosted_pci *pci, enum hv_pci_irq kind, unsigned int vectors);
/* Xen keeps the pages of the MSI-X table and pending bits read-only for the owner. */
bool hosted_msix_page(struct hosted_pci *pci, unsigned int bar, uint64_t offset, size_t len);
unsigned int hosted_msix_vectors(struct hosted_pci *pci);
/* Closes whatever the owner has open on it, without asking the owner. */
void hosted_pci_release(struct hosted_pci *pci);

#endif /* HV_HOSTED_PCI_H */
