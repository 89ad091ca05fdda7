/* SPDX-License-Identifier: MIT */
/*
 * pci_dom.c - PCI functions and their registers as the owning domain sees them.
 *
 * Configuration writes pass what xen-pciback lets through without "permissive" (Linux, drivers/xen/
 * xen-pciback/conf_space_header.c): enabling and disabling, bus mastering, cache line, power state,
 * and asking a BAR's size. Everything else is dropped in silence, as there. Worth knowing: bus
 * mastering that Xen took away does not come back by setting the bit again, since pciback believes it
 * is still set; it must be cleared first, or the function reset.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hv/hosted/pci.h"
#include "hv/hosted/xen_abi.h"

/* PCI_COMMAND_GUEST of pciback: bits that read as the hardware has them, the others as written. */
#define COMMAND_REAL 0x02bcu

/* ---------------------------------------------------------------- open, close */

int hv_pci_open(unsigned int index, struct hv_pci **out)
{
	struct hosted_domain *d = hosted_cur();
	unsigned int n = 0;

	if (hosted_fails(d, HOSTED_FAIL_PCI))
		return -ETIMEDOUT;
	for (struct hosted_pci *pci = d->h->pci; pci; pci = pci->next) {
		if (pci->owner != d || n++ != index)
			continue;
		if (pci->handle.open)
			return -EBUSY;
		pci->handle.open = true;
		snprintf(pci->handle.name, sizeof(pci->handle.name), "0000:00:%02x.0",
			 index & 0x1f);
		*out = &pci->handle;
		return 0;
	}
	return -ENODEV;
}

void hosted_pci_release(struct hosted_pci *pci)
{
	struct hosted_domain *before = hosted_set_cur(pci->owner);

	pci->handle.maps = 0;
	if (pci->handle.open)
		hv_pci_close(&pci->handle);
	hosted_set_cur(before);
}

void hv_pci_close(struct hv_pci *pci)
{
	if (pci->maps)
		hv_panic("%s is closed with %u windows mapped", pci->name, pci->maps);
	hv_pci_irq_disable(pci);
	pci->open = false;
}

const char *hv_pci_name(const struct hv_pci *pci)
{
	return pci->name;
}

/* The function, if the running domain may use it. */
static struct hosted_pci *mine(struct hv_pci *pci)
{
	struct hosted_pci *p = pci_of(pci);

	if (!pci->open || p->owner != hosted_cur())
		hv_panic("%s is used by domain %u, which has not opened it", pci->name, hv_domid());
	hosted_pci_settle(p);
	return p;
}

/* ---------------------------------------------------------------- configuration space */

static bool bad_access(unsigned int offset, unsigned int size)
{
	return (size != 1 && size != 2 && size != 4) || offset % size ||
	       offset + size > PCI_CFG_SIZE;
}

static bool is_bar(unsigned int offset, unsigned int size)
{
	return size == 4 && offset >= PCI_BAR0 && offset < PCI_BAR0 + 4 * PCI_BARS;
}

/* What a BAR reads after all ones were written: its size. */
static uint32_t bar_size_mask(struct hosted_pci *p, unsigned int n)
{
	const struct hosted_bar *b = &p->bars[n];

	if (b->size)
		return ((uint32_t)-b->size & ~15u) | (b->is64 ? 4 : 0) | (b->prefetchable ? 8 : 0);
	if (n && p->bars[n - 1].is64)
		return (uint32_t)(-p->bars[n - 1].size >> 32);
	return 0;
}

int hv_pci_cfg_read(struct hv_pci *pci, unsigned int offset, unsigned int size, uint32_t *value)
{
	struct hosted_pci *p = mine(pci);

	if (bad_access(offset, size))
		return -EINVAL;
	if (p->unanswered)
		return -ETIMEDOUT;
	*value = hosted_cfg_get(p, offset, size);
	if (is_bar(offset, size) && p->sizing[(offset - PCI_BAR0) / 4])
		*value = bar_size_mask(p, (offset - PCI_BAR0) / 4);
	if (offset == PCI_COMMAND && size >= 2)
		*value = (*value & (0xffff0000u | COMMAND_REAL)) |
			 (p->guest_command & (0xffffu & ~COMMAND_REAL));
	return 0;
}

static void write_command(struct hosted_pci *p, uint16_t value)
{
	bool enable = value & (PCI_COMMAND_IO | PCI_COMMAND_MEMORY);
	bool master = value & PCI_COMMAND_MASTER;
	uint32_t real = hosted_cfg_get(p, PCI_COMMAND, 2);

	if (!p->enabled && enable)
		real |= PCI_COMMAND_MEMORY;
	else if (p->enabled && !enable)
		real &= ~(uint32_t)PCI_COMMAND_MASTER; /* pci_disable_device() */
	p->enabled = enable;
	if (!p->busmaster && master)
		real |= PCI_COMMAND_MASTER;
	else if (p->busmaster && !master)
		real &= ~(uint32_t)PCI_COMMAND_MASTER;
	p->busmaster = master;
	p->guest_command = value;
	hosted_cfg_set(p, PCI_COMMAND, real, 2);
}

/* Fields that pciback hands to the hardware as they are. */
static bool passed(const struct hosted_pci *p, unsigned int offset, unsigned int size)
{
	return (size == 1 && offset == PCI_CACHE_LINE) ||
	       (size == 2 && p->cap_pm && offset == p->cap_pm + 4);
}

int hv_pci_cfg_write(struct hv_pci *pci, unsigned int offset, unsigned int size, uint32_t value)
{
	struct hosted_pci *p = mine(pci);

	if (bad_access(offset, size))
		return -EINVAL;
	if (offset == PCI_COMMAND && size >= 2)
		write_command(p, (uint16_t)value);
	else if (is_bar(offset, size))
		p->sizing[(offset - PCI_BAR0) / 4] = value == 0xffffffff;
	else if (passed(p, offset, size))
		hosted_cfg_set(p, offset, value, size);
	hosted_pci_settle(p);
	return 0;
}

int hv_pci_bar(struct hv_pci *pci, unsigned int n, struct hv_pci_bar *out)
{
	struct hosted_pci *p = mine(pci);

	if (n >= PCI_BARS)
		return -EINVAL;
	*out = (struct hv_pci_bar){
		.addr = p->bars[n].addr,
		.size = p->bars[n].size,
		.prefetchable = p->bars[n].prefetchable,
	};
	return 0;
}

/* ---------------------------------------------------------------- interrupts */

int hv_pci_irq_enable(struct hv_pci *pci, enum hv_pci_irq kind, unsigned int vectors,
		      hv_event_fn fn, void *const *args)
{
	struct hosted_pci *p = mine(pci);
	struct hosted_domain *d = p->owner;

	if (!vectors || vectors > HV_PCI_VECTORS_MAX || (kind == HV_PCI_MSI && vectors != 1))
		return -EINVAL;
	if (pci->vectors)
		return -EBUSY;
	if (kind == HV_PCI_MSI ? !p->cap_msi : !p->cap_msix)
		return -ENODEV;
	/* Xen asks the hardware (memory_decoded()), hv/xen what the domain itself has set. */
	if (!(p->guest_command & hosted_cfg_get(p, PCI_COMMAND, 2) & PCI_COMMAND_MEMORY))
		return -ENXIO;
	if (hosted_fails(d, HOSTED_FAIL_PCI) ||
	    (kind == HV_PCI_MSIX && vectors > hosted_msix_vectors(p)))
		return -ENOSPC;
	pci->kind = kind;
	while (pci->vectors < vectors) {
		int port = hosted_evtchn_new(d, PORT_PIRQ, fn, args[pci->vectors]);

		hv_common_count(__HYPERVISOR_event_channel_op, EVTCHNOP_bind_pirq);
		if (port < 0) {
			hv_pci_irq_disable(pci);
			return port;
		}
		pci->ports[pci->vectors++] = (hv_port_t)port;
	}
	hosted_msi_program(p, kind, vectors);
	hosted_pci_settle(p);
	return 0;
}

void hv_pci_irq_disable(struct hv_pci *pci)
{
	struct hosted_pci *p = pci_of(pci);

	if (!pci->vectors)
		return;
	hosted_msi_program(p, pci->kind, 0);
	while (pci->vectors)
		hv_evtchn_close(pci->ports[--pci->vectors]);
}

/* ---------------------------------------------------------------- registers */

int hv_mmio_map(struct hv_pci *pci, unsigned int bar, uint64_t offset, size_t size,
		enum hv_mmio_cache cache, struct hv_mmio *out)
{
	struct hosted_pci *p = mine(pci);

	(void)cache; /* no difference that a model could show */
	memset(out, 0, sizeof(*out));
	if (bar >= PCI_BARS || !p->bars[bar].size || !size || offset % HV_PAGE_SIZE ||
	    size % HV_PAGE_SIZE || offset > p->bars[bar].size || size > p->bars[bar].size - offset)
		return -EINVAL;
	if (hosted_fails(p->owner, HOSTED_FAIL_PCI))
		return -ENOMEM;
	pci->maps++;
	*out = (struct hv_mmio){.pci = pci, .bar = bar, .offset = offset, .size = size};
	return 0;
}

void hv_mmio_unmap(struct hv_mmio *m)
{
	if (!m->pci)
		return;
	if (m->pci->maps)
		m->pci->maps--;
	memset(m, 0, sizeof(*m));
}

/* The function behind a window, after checking an access of len bytes at off. */
static struct hosted_pci *window(const struct hv_mmio *m, size_t off, size_t len, bool write)
{
	struct hosted_pci *p;

	if (!m->pci)
		hv_panic("a register window is used that is not mapped");
	p = mine(m->pci);
	if (off % 4 || len % 4 || off > m->size || len > m->size - off)
		hv_panic("%s BAR %u: %zu bytes at window offset %#zx are outside or misaligned",
			 m->pci->name, m->bar, len, off);
	if (write && hosted_msix_page(p, m->bar, m->offset + off, len))
		hv_panic("%s BAR %u: write at %#jx, in a page of the MSI-X table (read-only)",
			 m->pci->name, m->bar, (uintmax_t)m->offset + off);
	return p;
}

uint32_t hv_mmio_read32(const struct hv_mmio *m, size_t off)
{
	struct hosted_pci *p = window(m, off, 4, false);
	uint32_t value = p->ops->mmio_read32(p->dev, m->bar, m->offset + off);

	hosted_pci_settle(p);
	return value;
}

void hv_mmio_write32(const struct hv_mmio *m, size_t off, uint32_t value)
{
	struct hosted_pci *p = window(m, off, 4, true);

	p->ops->mmio_write32(p->dev, m->bar, m->offset + off, value);
	hosted_pci_settle(p);
}

void hv_mmio_read(const struct hv_mmio *m, size_t off, void *dst, size_t len)
{
	struct hosted_pci *p = window(m, off, len, false);

	if (p->ops->mmio_read) {
		p->ops->mmio_read(p->dev, m->bar, m->offset + off, dst, len);
		return;
	}
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = p->ops->mmio_read32(p->dev, m->bar, m->offset + off + i);

		memcpy((char *)dst + i, &v, 4);
	}
}

void hv_mmio_write(const struct hv_mmio *m, size_t off, const void *src, size_t len)
{
	struct hosted_pci *p = window(m, off, len, true);

	if (p->ops->mmio_write) {
		p->ops->mmio_write(p->dev, m->bar, m->offset + off, src, len);
		return;
	}
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v;

		memcpy(&v, (const char *)src + i, 4);
		p->ops->mmio_write32(p->dev, m->bar, m->offset + off + i, v);
	}
	hosted_pci_settle(p);
}

void hv_mmio_zero(const struct hv_mmio *m, size_t off, size_t len)
{
	static const uint8_t zeroes[HV_PAGE_SIZE];

	window(m, off, len, true);
	while (len) {
		size_t n = len < sizeof(zeroes) ? len : sizeof(zeroes);

		hv_mmio_write(m, off, zeroes, n);
		off += n;
		len -= n;
	}
}

struct hv_iommu_caps hv_iommu_caps(void)
{
	return (struct hv_iommu_caps){.translated = true};
}
