/* SPDX-License-Identifier: MIT */
/*
 * pci_irq.c - message-signalled interrupts of a passed-through function.
 *
 * The device's MSI capability and MSI-X table belong to Xen and dom0; we never write them. dom0 maps
 * each vector to a "pirq" (physical interrupt number) of this domain, which we bind to an event
 * channel. Xen masks an interrupt at the device while its handler is due, if the device has mask
 * bits: always with MSI-X, seldom with MSI. Without them it holds back the local APIC's end of
 * interrupt instead, until it hears PHYSDEVOP_eoi (Xen's arch/x86/irq.c, pirq_acktype()).
 */
#include <errno.h>

#include "hv/xen/xen.h"

#include "hv/xen/hypercall.h"
#include "hv/xen/pci.h"

#define PCI_CAP_ID_MSI	 0x05
#define PCI_CAPS_MAX	 48u   /* more do not fit behind the header: a loop in the list */
#define PCI_MSI_CONTROL	 2     /* from the capability */
#define PCI_MSI_MASKABLE 0x100 /* per-vector masking capable */

static int disable_op(struct hv_pci *pci, enum hv_pci_irq kind)
{
	struct xen_pci_op op = {
		.cmd = kind == HV_PCI_MSIX ? XEN_PCI_OP_disable_msix : XEN_PCI_OP_disable_msi,
	};

	return hv_xen_pci_op(pci, &op);
}

/* Has dom0 program the device; the pirqs of the vectors come back. */
static int enable_op(struct hv_pci *pci, enum hv_pci_irq kind, unsigned int n, uint32_t *pirqs)
{
	struct xen_pci_op op = {.cmd = XEN_PCI_OP_enable_msi};
	int ret;

	if (kind == HV_PCI_MSIX) {
		op.cmd = XEN_PCI_OP_enable_msix;
		op.value = n;
		for (unsigned int i = 0; i < n; i++)
			op.msix_entries[i].entry = (uint16_t)i;
	}
	ret = hv_xen_pci_op(pci, &op);
	if (ret)
		return ret;
	ret = kind == HV_PCI_MSIX ? hv_pci_op_msix(&op, n, pirqs) : hv_pci_op_msi(&op, pirqs);
	if (ret) {
		hv_log(HV_ERR, "pci %s: pciback's interrupt numbers refused", pci->name);
		disable_op(pci, kind);
	}
	return ret;
}

/* When in doubt, yes: an end of interrupt that nobody waits for does no harm. */
static bool needs_eoi(struct hv_pci *pci, enum hv_pci_irq kind)
{
	uint32_t at, id, control;

	if (kind == HV_PCI_MSIX)
		return false;
	if (hv_pci_cfg_read(pci, PCI_CAP_POINTER, 1, &at))
		return true;
	for (unsigned int i = 0; i < PCI_CAPS_MAX && at >= 0x40; i++) {
		at &= 0xfc;
		if (hv_pci_cfg_read(pci, at, 1, &id))
			return true;
		if (id == PCI_CAP_ID_MSI)
			return hv_pci_cfg_read(pci, at + PCI_MSI_CONTROL, 2, &control) ||
			       !(control & PCI_MSI_MASKABLE);
		if (hv_pci_cfg_read(pci, at + 1, 1, &at))
			return true;
	}
	return true;
}

static void on_interrupt(hv_port_t port, void *arg)
{
	struct vector *v = arg;
	struct physdev_eoi eoi = {.irq = v->pirq};

	v->fn(port, v->arg);
	if (v->port && v->eoi) /* port 0: the handler has switched its interrupt off */
		hv_hypercall_physdev(PHYSDEVOP_eoi, &eoi);
}

static void close_vectors(struct hv_pci *pci, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		hv_evtchn_close(pci->vectors[i].port);
		pci->vectors[i].port = 0;
	}
}

static int bind_vector(struct vector *v, uint32_t pirq, bool eoi, hv_event_fn fn, void *arg)
{
	int ret;

	*v = (struct vector){.pirq = pirq, .eoi = eoi, .fn = fn, .arg = arg};
	ret = hv_xen_bind_pirq(pirq, on_interrupt, v);
	if (ret < 0)
		return ret;
	v->port = (hv_port_t)ret;
	return 0;
}

int hv_pci_irq_enable(struct hv_pci *pci, enum hv_pci_irq kind, unsigned int vectors,
		      hv_event_fn fn, void *const *args)
{
	uint32_t pirqs[HV_PCI_VECTORS_MAX], command;
	bool eoi;
	int ret;

	if (!vectors || vectors > HV_PCI_VECTORS_MAX || (kind == HV_PCI_MSI && vectors != 1))
		return -EINVAL;
	if (pci->count)
		return -EBUSY;
	ret = hv_pci_cfg_read(pci, PCI_COMMAND, 2, &command);
	if (ret)
		return ret;
	if (!(command & PCI_COMMAND_MEMORY))
		return -ENXIO;
	eoi = needs_eoi(pci, kind);
	ret = enable_op(pci, kind, vectors, pirqs);
	if (ret)
		return ret;
	pci->kind = kind;
	for (unsigned int i = 0; i < vectors; i++) {
		ret = bind_vector(&pci->vectors[i], pirqs[i], eoi, fn, args[i]);
		if (ret) {
			hv_log(HV_ERR, "pci %s: pirq %u of vector %u not bound: error %d",
			       pci->name, pirqs[i], i, -ret);
			close_vectors(pci, i);
			disable_op(pci, kind);
			return ret;
		}
	}
	pci->count = vectors;
	return 0;
}

void hv_pci_irq_disable(struct hv_pci *pci)
{
	int ret;

	if (!pci->count)
		return;
	close_vectors(pci, pci->count);
	pci->count = 0;
	ret = disable_op(pci, pci->kind);
	if (ret)
		hv_log(HV_WARN, "pci %s: interrupts not disabled: error %d", pci->name, -ret);
}
