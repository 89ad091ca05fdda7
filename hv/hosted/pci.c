/* SPDX-License-Identifier: MIT */
/*
 * pci.c - slots, who owns the function in them, and the IOMMU in front of memory.
 *
 * A function reaches what its owner owns and what its owner has mapped, nothing else. Xen answers a
 * burst of refused accesses by taking bus mastering away and tells nobody (facts: xen/drivers/
 * passthrough/pci.c, pci_check_disable_device(): each fault counts one; a pause of more than 10 ms
 * first halves the count; at 10 the bit is cleared).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/pci.h"

#define FAULT_THRESHOLD 10
#define FAULT_GAP	(10 * HV_MS)
#define MSI_ADDRESS	0xfee00000ull
#define MSI_DATA	0x40u /* of vector 0 */
#define MSIX_ENTRY	16u

uint32_t hosted_cfg_get(struct hosted_pci *pci, unsigned int offset, unsigned int size)
{
	return pci->ops->cfg_read(pci->dev, offset, size);
}

void hosted_cfg_set(struct hosted_pci *pci, unsigned int offset, uint32_t value, unsigned int size)
{
	pci->ops->cfg_write(pci->dev, offset, value, size);
}

void hosted_pci_settle(struct hosted_pci *pci)
{
	uint32_t command;

	if (!pci->clear_master)
		return;
	pci->clear_master = false;
	pci->master_cleared++;
	command = hosted_cfg_get(pci, PCI_COMMAND, 2);
	hosted_cfg_set(pci, PCI_COMMAND, command & ~(uint32_t)PCI_COMMAND_MASTER, 2);
}

void hosted_pci_unanswered(struct hosted_pci *pci, bool unanswered)
{
	pci->unanswered = unanswered;
}

unsigned int hosted_pci_master_cleared(const struct hosted_pci *pci)
{
	return pci->master_cleared + pci->clear_master;
}

uint64_t hosted_iommu_refused(const struct hosted *h)
{
	return h->iommu_refused;
}

/* ---------------------------------------------------------------- the machine's firmware */

static void find_caps(struct hosted_pci *pci)
{
	unsigned int at = hosted_cfg_get(pci, PCI_CAP_LIST, 1);

	/* 48 capabilities fit into 256 bytes: a longer list is a loop. */
	for (unsigned int n = 0; n < 48 && at >= 0x40; n++) {
		switch (hosted_cfg_get(pci, at, 1)) {
		case PCI_CAP_PM:
			pci->cap_pm = at;
			break;
		case PCI_CAP_MSI:
			pci->cap_msi = at;
			break;
		case PCI_CAP_MSIX:
			pci->cap_msix = at;
			break;
		}
		at = hosted_cfg_get(pci, at + 1, 1) & ~3u;
	}
}

static void size_bars(struct hosted_pci *pci)
{
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct hosted_bar *b = &pci->bars[i];
		uint32_t low, high = 0xffffffff;

		hosted_cfg_set(pci, PCI_BAR0 + 4 * i, 0xffffffff, 4);
		low = hosted_cfg_get(pci, PCI_BAR0 + 4 * i, 4);
		if (!low || (low & 1))
			continue; /* absent, or I/O ports */
		b->is64 = (low & 6) == 4;
		b->prefetchable = low & 8;
		if (b->is64) {
			hosted_cfg_set(pci, PCI_BAR0 + 4 * (i + 1), 0xffffffff, 4);
			high = hosted_cfg_get(pci, PCI_BAR0 + 4 * (i + 1), 4);
		}
		b->size = -((uint64_t)high << 32 | (low & ~15u));
		i += b->is64;
	}
}

/* 32-bit BARs below 4 GiB, 64-bit ones from 512 GiB on; each aligned to its size. */
static void place_bars(struct hosted_pci *pci)
{
	uint64_t low = 0xc0000000 + (uint64_t)pci->slot * 0x4000000;
	uint64_t high = (512 + 256 * (uint64_t)pci->slot) << 30;

	for (unsigned int i = 0; i < PCI_BARS; i++) {
		struct hosted_bar *b = &pci->bars[i];
		uint64_t *at = b->is64 ? &high : &low;

		if (!b->size)
			continue;
		b->addr = (*at + b->size - 1) & -b->size;
		*at = b->addr + b->size;
	}
}

static void write_bars(struct hosted_pci *pci)
{
	for (unsigned int i = 0; i < PCI_BARS; i++) {
		const struct hosted_bar *b = &pci->bars[i];

		if (!b->size)
			continue;
		hosted_cfg_set(pci, PCI_BAR0 + 4 * i, (uint32_t)b->addr, 4);
		if (b->is64)
			hosted_cfg_set(pci, PCI_BAR0 + 4 * (i + 1), (uint32_t)(b->addr >> 32), 4);
	}
}

struct hosted_pci *hosted_pci_new(struct hosted *h, const struct hosted_pci_ops *ops, void *dev)
{
	struct hosted_pci *pci = hosted_zalloc(1, sizeof(*pci));
	struct hosted_pci **p = &h->pci;

	pci->h = h;
	pci->ops = ops;
	pci->dev = dev;
	pci->slot = h->pci_slots++;
	hosted_cfg_set(pci, PCI_COMMAND, 0, 2);
	find_caps(pci);
	size_bars(pci);
	place_bars(pci);
	write_bars(pci);
	while (*p)
		p = &(*p)->next;
	*p = pci;
	return pci;
}

void hosted_pci_free_all(struct hosted *h)
{
	while (h->pci) {
		struct hosted_pci *pci = h->pci;

		h->pci = pci->next;
		if (pci->ops->free)
			pci->ops->free(pci->dev);
		free(pci);
	}
}

/* ---------------------------------------------------------------- owners */

/* Function-level reset by dom0's kernel, which saves and restores configuration space around it. */
void hosted_pci_reset(struct hosted_pci *pci)
{
	hosted_pci_settle(pci);
	pci->ops->reset(pci->dev);
	write_bars(pci);
	hosted_cfg_set(pci, PCI_COMMAND, 0, 2);
	pci->enabled = pci->busmaster = false;
	pci->guest_command = 0;
	memset(pci->sizing, 0, sizeof(pci->sizing));
}

int hosted_pci_assign(struct hosted_pci *pci, hv_domid_t dom)
{
	struct hosted_domain *d = hosted_find(pci->h, dom);

	if (pci->owner)
		return -EBUSY;
	if (!d)
		return -ESRCH;
	hosted_pci_reset(pci);
	pci->owner = d;
	pci->faults = 0;
	return 0;
}

void hosted_pci_unassign(struct hosted_pci *pci)
{
	if (!pci->owner)
		return;
	hosted_pci_release(pci);
	pci->owner = NULL;
	hosted_pci_reset(pci);
}

void hosted_pci_domain_gone(struct hosted *h, hv_domid_t dom)
{
	for (struct hosted_pci *pci = h->pci; pci; pci = pci->next) {
		if (pci->owner && pci->owner->id == dom)
			hosted_pci_unassign(pci);
	}
}

/* ---------------------------------------------------------------- DMA */

static bool reachable(struct hosted_pci *pci, uint32_t frame, bool write)
{
	struct hosted_domain *d = pci->owner;
	const struct frame *f;

	if (!d || frame == HOSTED_FRAME_NONE)
		return false;
	f = &pci->h->frames[frame];
	if (f->used && f->owner == d->id)
		return true;
	return d->reach && (d->reach[frame].wr || (!write && d->reach[frame].rd));
}

static void refuse(struct hosted_pci *pci)
{
	uint64_t now = pci->h->now;

	pci->h->iommu_refused++;
	if (now - pci->last_fault > FAULT_GAP)
		pci->faults >>= 1;
	pci->last_fault = now;
	if (++pci->faults >= FAULT_THRESHOLD)
		pci->clear_master = true;
}

int hosted_pci_dma(struct hosted_pci *pci, uint64_t addr, void *buf, size_t len, bool to_device)
{
	uint32_t frame = hosted_bus_frame(addr);
	uint8_t *mem;

	if (addr % HV_PAGE_SIZE + len > HV_PAGE_SIZE)
		hosted_misuse("DMA of %zu bytes at %#llx crosses a page", len,
			      (unsigned long long)addr);
	if (pci->clear_master)
		return -EFAULT; /* bus mastering is going away already */
	if (!reachable(pci, frame, !to_device)) {
		refuse(pci);
		return -EFAULT;
	}
	mem = hosted_frame_ptr(pci->h, frame) + addr % HV_PAGE_SIZE;
	if (to_device)
		memcpy(buf, mem, len);
	else
		memcpy(mem, buf, len);
	return 0;
}

/* ---------------------------------------------------------------- interrupt messages */

void hosted_pci_msi(struct hosted_pci *pci, uint64_t addr, uint32_t data)
{
	unsigned int vector = data - MSI_DATA;

	/* Interrupt remapping lets only the messages through that Xen programmed. */
	if (addr != MSI_ADDRESS || data < MSI_DATA || !pci->owner || vector >= pci->handle.vectors)
		return;
	hosted_evtchn_raise(pci->owner, pci->handle.ports[vector]);
}

static void program_msi(struct hosted_pci *pci, bool on)
{
	unsigned int at = pci->cap_msi;
	uint32_t control = hosted_cfg_get(pci, at + 2, 2);
	bool is64 = control & 0x80;

	hosted_cfg_set(pci, at + 2, control & ~0x71u, 2);
	if (!on)
		return;
	hosted_cfg_set(pci, at + 4, (uint32_t)MSI_ADDRESS, 4);
	if (is64)
		hosted_cfg_set(pci, at + 8, 0, 4);
	hosted_cfg_set(pci, at + (is64 ? 12 : 8), MSI_DATA, 2);
	hosted_cfg_set(pci, at + 2, (control & ~0x71u) | 1, 2);
}

static void program_msix(struct hosted_pci *pci, unsigned int vectors)
{
	unsigned int at = pci->cap_msix;
	uint32_t control = hosted_cfg_get(pci, at + 2, 2) & ~0xc000u;
	uint32_t table = hosted_cfg_get(pci, at + 4, 4);
	unsigned int bar = table & 7;

	for (unsigned int i = 0; i < hosted_msix_vectors(pci) && vectors; i++) {
		uint64_t entry = (table & ~7u) + MSIX_ENTRY * (uint64_t)i;

		pci->ops->mmio_write32(pci->dev, bar, entry + 12, 1);
		if (i >= vectors)
			continue;
		pci->ops->mmio_write32(pci->dev, bar, entry, (uint32_t)MSI_ADDRESS);
		pci->ops->mmio_write32(pci->dev, bar, entry + 4, 0);
		pci->ops->mmio_write32(pci->dev, bar, entry + 8, MSI_DATA + i);
		pci->ops->mmio_write32(pci->dev, bar, entry + 12, 0);
	}
	hosted_cfg_set(pci, at + 2, vectors ? control | 0x8000 : control, 2);
}

void hosted_msi_program(struct hosted_pci *pci, enum hv_pci_irq kind, unsigned int vectors)
{
	if (kind == HV_PCI_MSI)
		program_msi(pci, vectors);
	else
		program_msix(pci, vectors);
}

unsigned int hosted_msix_vectors(struct hosted_pci *pci)
{
	return pci->cap_msix ? (hosted_cfg_get(pci, pci->cap_msix + 2, 2) & 0x7ff) + 1 : 0;
}

bool hosted_msix_page(struct hosted_pci *pci, unsigned int bar, uint64_t offset, size_t len)
{
	uint64_t sizes[2] = {(uint64_t)MSIX_ENTRY * hosted_msix_vectors(pci),
			     (hosted_msix_vectors(pci) + 63) / 64 * (uint64_t)8};

	for (unsigned int i = 0; pci->cap_msix && i < 2; i++) {
		uint32_t where = hosted_cfg_get(pci, pci->cap_msix + 4 + 4 * i, 4);
		uint64_t first = (where & ~7u) & ~(uint64_t)(HV_PAGE_SIZE - 1);
		uint64_t end = ((where & ~7u) + sizes[i] + HV_PAGE_SIZE - 1) &
			       ~(uint64_t)(HV_PAGE_SIZE - 1);

		if ((where & 7) == bar && offset < end && offset + len > first)
			return true;
	}
	return false;
}
