/* SPDX-License-Identifier: MIT */
/*
 * pcifront - a domain that owns two PCI devices nobody here wrote: QEMU's edu and e1000e.
 *
 * hv.h's PCI calls meet a real pciback, real Xen and device models with their own ideas: a 32-bit
 * BAR, MSI without mask bits (each interrupt wants an EOI hypercall), MSI-X with several vectors
 * (none does). Each case logs "pf: ok NAME" or "pf: FAILED NAME: why"; the last line counts them.
 * Then the domain stays, so that the toolstack can be seen asking it to end.
 *
 * Registers: QEMU's docs/specs/edu.txt; Intel 82574 data sheet, 10.2.4 (interrupts).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <xen/physdev.h>
#include <xen/xen.h>

#include "hv/hv.h"

#define PCI_COMMAND 4
#define COMMAND_MEM 2u
#define COMMAND_ALL 6u /* memory decoding, bus mastering */

#define EDU_ID	     0x00
#define EDU_LIVENESS 0x04 /* reads as the complement of what was written */
#define EDU_RAISE    0x60
#define EDU_ACK	     0x64

#define E1000_ICR	  0x00c0
#define E1000_ICS	  0x00c8
#define E1000_IMS	  0x00d0
#define E1000_IVAR	  0x00e4
#define E1000_IVAR_VALID  8u
#define E1000_CAUSE_RXQ0  (1u << 20)
#define E1000_CAUSE_TXQ0  (1u << 22)
#define E1000_CAUSE_OTHER (1u << 24)

static unsigned int passed, failed;
static const char *why; /* of the running case */

#define EXPECT(cond)                                                                               \
	do {                                                                                       \
		if (!(cond) && !why)                                                               \
			why = #cond;                                                               \
	} while (0)

static void finish(const char *name)
{
	if (why)
		hv_log(HV_ERR, "pf: FAILED %s: %s", name, why);
	else
		hv_log(HV_INFO, "pf: ok %s", name);
	failed += why != NULL;
	passed += why == NULL;
	why = NULL;
}

static unsigned int hits[HV_PCI_VECTORS_MAX];

static void on_irq(hv_port_t port, void *arg)
{
	(void)port;
	++*(unsigned int *)arg;
}

static bool is_hit(void *arg)
{
	return *(unsigned int *)arg;
}

static bool never(void *arg)
{
	(void)arg;
	return false;
}

static uint64_t eois(void)
{
	return hv_hypercalls(__HYPERVISOR_physdev_op, PHYSDEVOP_eoi);
}

static struct hv_pci *open(unsigned int index, uint32_t id)
{
	struct hv_pci *pci = NULL, *again;
	uint32_t v = 0;

	EXPECT(hv_pci_open(index, &pci) == 0);
	EXPECT(hv_pci_open(index, &again) == -EBUSY);
	EXPECT(hv_pci_open(2, &again) == -ENODEV);
	if (pci) {
		EXPECT(hv_pci_cfg_read(pci, 0, 4, &v) == 0 && v == id);
		EXPECT(hv_pci_cfg_read(pci, 1, 1, &v) == 0 && v == (id >> 8 & 0xff));
		EXPECT(hv_pci_cfg_read(pci, 1, 2, &v) == -EINVAL);
		EXPECT(hv_pci_cfg_write(pci, 0, 4, 0) == 0); /* pciback: read-only, not an error */
		EXPECT(hv_pci_cfg_read(pci, 0, 4, &v) == 0 && v == id);
	}
	return pci;
}

static void decoding(struct hv_pci *pci)
{
	void *args[] = {&hits[0]};
	uint32_t v = 0;

	EXPECT(hv_pci_cfg_read(pci, PCI_COMMAND, 2, &v) == 0);
	EXPECT(hv_pci_cfg_write(pci, PCI_COMMAND, 2, v & ~COMMAND_ALL) == 0);
	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args) == -ENXIO);
	EXPECT(hv_pci_cfg_write(pci, PCI_COMMAND, 2, v | COMMAND_ALL) == 0);
	EXPECT(hv_pci_cfg_read(pci, PCI_COMMAND, 2, &v) == 0 && (v & COMMAND_ALL) == COMMAND_ALL);
}

static void bar_is(struct hv_pci *pci, unsigned int n, uint64_t size)
{
	struct hv_pci_bar bar;

	EXPECT(hv_pci_bar(pci, n, &bar) == 0 && bar.size == size);
	EXPECT(!size || bar.addr);
}

/* Interrupts of an MSI without mask bits: all arrive, each costs one EOI. */
static void edu_msi(struct hv_pci *pci, const struct hv_mmio *m)
{
	void *args[] = {&hits[0], &hits[1]};
	uint64_t before = eois();

	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSIX, 2, on_irq, args) < 0); /* it has no MSI-X */
	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSI, 2, on_irq, args) == -EINVAL);
	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args) == 0);
	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args) == -EBUSY);
	for (unsigned int i = 0; i < 20; i++) {
		hits[0] = 0;
		hv_mmio_write32(m, EDU_RAISE, 1);
		EXPECT(hv_loop_until(is_hit, &hits[0], HV_S) == 0);
		hv_mmio_write32(m, EDU_ACK, 1);
	}
	EXPECT(eois() - before == 20);
	hv_pci_irq_disable(pci);
	hits[0] = 0;
	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, on_irq, args) == 0); /* and once more */
	hv_mmio_write32(m, EDU_RAISE, 1);
	EXPECT(hv_loop_until(is_hit, &hits[0], HV_S) == 0);
	hv_mmio_write32(m, EDU_ACK, 1);
}

static void edu(void)
{
	struct hv_pci *pci = open(0, 0x11e81234);
	struct hv_mmio m;

	finish("edu-config");
	if (!pci)
		return;
	decoding(pci);
	finish("edu-decoding");
	bar_is(pci, 0, 0x100000);
	for (unsigned int i = 1; i < 6; i++)
		bar_is(pci, i, 0);
	EXPECT(hv_mmio_map(pci, 0, 0, HV_PAGE_SIZE, HV_MMIO_UC, &m) == 0);
	finish("edu-bars");
	EXPECT(hv_mmio_read32(&m, EDU_ID) == 0x010000ed);
	hv_mmio_write32(&m, EDU_LIVENESS, 0x12345678);
	EXPECT(hv_mmio_read32(&m, EDU_LIVENESS) == ~0x12345678u);
	finish("edu-registers");
	edu_msi(pci, &m);
	finish("edu-msi");
	hv_mmio_unmap(&m);
	hv_pci_close(pci);
	EXPECT(hv_pci_open(0, &pci) == 0);
	finish("edu-reopen");
}

/* Three vectors, three causes: each reaches its own handler argument and no other. */
static void e1000e_msix(struct hv_pci *pci, const struct hv_mmio *m)
{
	static const uint32_t cause[] = {E1000_CAUSE_RXQ0, E1000_CAUSE_TXQ0, E1000_CAUSE_OTHER};
	void *args[HV_PCI_VECTORS_MAX] = {&hits[0], &hits[1], &hits[2]};
	uint64_t before = eois();

	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSIX, 8, on_irq, args) == -ENOSPC); /* it has 5 */
	EXPECT(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, on_irq, args) == 0);
	hv_mmio_write32(m, E1000_IVAR,
			(0 | E1000_IVAR_VALID) | (1 | E1000_IVAR_VALID) << 8 |
				(2 | E1000_IVAR_VALID) << 16);
	for (unsigned int i = 0; i < 15; i++) {
		hv_mmio_write32(m, E1000_ICR, UINT32_MAX);
		/* The device may repeat an interrupt whose cause stood too long: let it. */
		hv_loop_until(never, NULL, 10 * HV_MS);
		memset(hits, 0, sizeof(hits));
		hv_mmio_write32(m, E1000_IMS, cause[0] | cause[1] | cause[2]);
		hv_mmio_write32(m, E1000_ICS, cause[i % 3]);
		EXPECT(hv_loop_until(is_hit, &hits[i % 3], HV_S) == 0);
		EXPECT(!hits[(i + 1) % 3] && !hits[(i + 2) % 3]);
	}
	EXPECT(eois() == before);
	hv_pci_irq_disable(pci);
}

static void e1000e(void)
{
	struct hv_pci *pci = open(1, 0x10d38086);
	struct hv_mmio m;

	finish("e1000e-config");
	if (!pci)
		return;
	decoding(pci);
	bar_is(pci, 0, 0x20000);
	bar_is(pci, 1, 0x20000);
	bar_is(pci, 2, 0); /* I/O ports */
	bar_is(pci, 3, 0x4000);
	EXPECT(hv_mmio_map(pci, 0, 0, 0x20000, HV_MMIO_UC, &m) == 0);
	finish("e1000e-bars");
	e1000e_msix(pci, &m);
	finish("e1000e-msix");
	hv_mmio_unmap(&m);
}

static int start(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	edu();
	e1000e();
	hv_log(HV_INFO, "pf: %u passed, %u failed", passed, failed);
	return 0;
}

HV_IMAGE(start);
