/* SPDX-License-Identifier: MIT */
/*
 * cases_pci.c - the first PCI function of this domain, if it has one. Nothing here asks what device
 * it is: only configuration space, BAR windows and switching interrupts on and off.
 */
#include <errno.h>
#include <string.h>

#include "tests/conformance/conformance.h"

#define PAGE		   ((size_t)HV_PAGE_SIZE)
#define PCI_VENDOR	   0x00
#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MEMORY 0x0002
#define PCI_COMMAND_MASTER 0x0004

static void no_arg(hv_port_t port, void *arg)
{
	(void)port;
	(void)arg;
}

/* Static, because a case that fails leaves them open. */
static struct hv_pci *pci;
static struct hv_mmio m;

static void close_pci(void)
{
	if (m.pci)
		hv_mmio_unmap(&m);
	m.pci = NULL;
	if (pci)
		hv_pci_close(pci);
	pci = NULL;
}

/* The function, with decoding and mastering off as far as the domain is concerned. */
static bool open_first(void)
{
	close_pci();
	return hv_pci_open(0, &pci) == 0 && hv_pci_cfg_write(pci, PCI_COMMAND, 2, 0) == 0;
}

#define OPEN_OR_LEAVE()                                                                            \
	do {                                                                                       \
		if (!open_first())                                                                 \
			CT_DOES_NOT_APPLY("this domain has no PCI function");                      \
	} while (0)

/* The first BAR that is memory, or -1. */
static int first_bar(struct hv_pci_bar *bar)
{
	for (unsigned int i = 0; i < 6; i++) {
		if (hv_pci_bar(pci, i, bar) == 0 && bar->size)
			return (int)i;
	}
	return -1;
}

static void functions_are_opened_by_index(void)
{
	struct hv_pci *other;

	OPEN_OR_LEAVE();
	CT_CHECK(strlen(hv_pci_name(pci)) == 12);
	CT_CHECK(hv_pci_open(99, &other) == -ENODEV);
	close_pci();
	CT_CHECK(hv_pci_open(0, &pci) == 0);
	close_pci();
}

static void configuration_space_is_read_and_guarded(void)
{
	uint32_t id, half, v;
	OPEN_OR_LEAVE();
	CT_CHECK(hv_pci_cfg_read(pci, PCI_VENDOR, 4, &id) == 0);
	CT_CHECK(id != 0 && id != 0xffffffff);
	CT_CHECK(hv_pci_cfg_read(pci, PCI_VENDOR + 2, 2, &half) == 0 && half == id >> 16);
	CT_CHECK(hv_pci_cfg_read(pci, PCI_VENDOR + 1, 1, &v) == 0 && v == (id >> 8 & 0xff));
	CT_CHECK(hv_pci_cfg_write(pci, PCI_VENDOR, 2, 0) == 0); /* dropped in silence */
	CT_CHECK(hv_pci_cfg_read(pci, PCI_VENDOR, 4, &v) == 0 && v == id);
	CT_CHECK(hv_pci_cfg_read(pci, 1, 2, &v) == -EINVAL);
	CT_CHECK(hv_pci_cfg_read(pci, 2, 4, &v) == -EINVAL);
	CT_CHECK(hv_pci_cfg_read(pci, 0, 3, &v) == -EINVAL);
	CT_CHECK(hv_pci_cfg_read(pci, 0, 8, &v) == -EINVAL);
	CT_CHECK(hv_pci_cfg_read(pci, 4096, 4, &v) == -EINVAL);
	CT_CHECK(hv_pci_cfg_write(pci, 5, 2, 0) == -EINVAL);
	close_pci();
}

static void mastering_and_decoding_are_switched(void)
{
	uint32_t v;

	OPEN_OR_LEAVE();
	CT_CHECK(hv_pci_cfg_write(pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER) ==
		 0);
	CT_CHECK(hv_pci_cfg_read(pci, PCI_COMMAND, 2, &v) == 0);
	CT_CHECK((v & PCI_COMMAND_MEMORY) && (v & PCI_COMMAND_MASTER));
	CT_CHECK(hv_pci_cfg_write(pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY) == 0);
	CT_CHECK(hv_pci_cfg_read(pci, PCI_COMMAND, 2, &v) == 0);
	CT_CHECK((v & PCI_COMMAND_MEMORY) && !(v & PCI_COMMAND_MASTER));
	close_pci();
}

static void windows_lie_inside_their_bar(void)
{
	struct hv_pci_bar bar;
	int n;

	OPEN_OR_LEAVE();
	n = first_bar(&bar);
	CT_CHECK(n >= 0);
	CT_CHECK(bar.size >= 16 && (bar.size & (bar.size - 1)) == 0 && bar.addr % bar.size == 0);
	CT_CHECK(hv_pci_bar(pci, 6, &bar) < 0);
	CT_CHECK(hv_pci_bar(pci, (unsigned int)n, &bar) == 0);
	if (bar.size < 2 * PAGE) {
		close_pci();
		CT_DOES_NOT_APPLY("the first BAR is smaller than two pages");
	}
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, 0, 0, HV_MMIO_UC, &m) == -EINVAL);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, 4, PAGE, HV_MMIO_UC, &m) == -EINVAL);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, 0, 100, HV_MMIO_UC, &m) == -EINVAL);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, bar.size, PAGE, HV_MMIO_UC, &m) == -EINVAL);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, bar.size - PAGE, 2 * PAGE, HV_MMIO_UC, &m) ==
		 -EINVAL);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, UINT64_MAX - PAGE + 1, PAGE, HV_MMIO_UC, &m) ==
		 -EINVAL);
	CT_CHECK(hv_mmio_map(pci, 6, 0, PAGE, HV_MMIO_UC, &m) == -EINVAL);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, bar.size - PAGE, PAGE, HV_MMIO_UC, &m) == 0);
	close_pci();
}

static void registers_answer_when_decoding_is_on(void)
{
	struct hv_pci_bar bar;
	uint32_t first, bulk[4];
	int n;

	OPEN_OR_LEAVE();
	n = first_bar(&bar);
	CT_CHECK(n >= 0 && bar.size >= PAGE);
	CT_CHECK(hv_mmio_map(pci, (unsigned int)n, 0, PAGE, HV_MMIO_UC, &m) == 0);
	CT_CHECK(hv_pci_cfg_write(pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY) == 0);
	first = hv_mmio_read32(&m, 0);
	CT_CHECK(first != 0xffffffff);
	hv_mmio_read(&m, 0, bulk, sizeof(bulk));
	CT_CHECK(bulk[0] == first);
	close_pci();
}

static void interrupts_need_decoding(void)
{
	void *const args[HV_PCI_VECTORS_MAX] = {NULL};
	OPEN_OR_LEAVE();
	/* pciback may have left decoding on for the hardware; what counts is what the domain set. */
	CT_CHECK(hv_pci_irq_enable(pci, HV_PCI_MSI, 2, no_arg, args) == -EINVAL);
	CT_CHECK(hv_pci_irq_enable(pci, HV_PCI_MSIX, 0, no_arg, args) == -EINVAL);
	CT_CHECK(hv_pci_irq_enable(pci, HV_PCI_MSIX, HV_PCI_VECTORS_MAX + 1, no_arg, args) ==
		 -EINVAL);
	CT_CHECK(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, no_arg, args) == -ENXIO);
	hv_pci_irq_disable(pci);
	close_pci();
}

static void interrupts_switch_on_and_off(void)
{
	void *const args[HV_PCI_VECTORS_MAX] = {NULL};
	OPEN_OR_LEAVE();
	CT_CHECK(hv_pci_cfg_write(pci, PCI_COMMAND, 2, PCI_COMMAND_MEMORY) == 0);
	for (unsigned int round = 0; round < 3; round++) {
		CT_CHECK(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, no_arg, args) == 0);
		CT_CHECK(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, no_arg, args) == -EBUSY);
		hv_pci_irq_disable(pci);
	}
	hv_pci_irq_disable(pci);
	if (hv_pci_irq_enable(pci, HV_PCI_MSIX, 2, no_arg, args) == 0) /* if it has MSI-X */
		hv_pci_irq_disable(pci);
	close_pci();
}

static void dma_is_confined_when_said_so(void)
{
	OPEN_OR_LEAVE();
	/* xl passes devices through only where an IOMMU confines them. */
	CT_CHECK(hv_iommu_caps().translated);
	close_pci();
}

const struct ct_case ct_pci[] = {
	{"functions_are_opened_by_index", functions_are_opened_by_index},
	{"configuration_space_is_read_and_guarded", configuration_space_is_read_and_guarded},
	{"mastering_and_decoding_are_switched", mastering_and_decoding_are_switched},
	{"windows_lie_inside_their_bar", windows_lie_inside_their_bar},
	{"registers_answer_when_decoding_is_on", registers_answer_when_decoding_is_on},
	{"interrupts_need_decoding", interrupts_need_decoding},
	{"interrupts_switch_on_and_off", interrupts_switch_on_and_off},
	{"dma_is_confined_when_said_so", dma_is_confined_when_said_so},
	{NULL, NULL},
};
