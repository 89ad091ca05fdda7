/* SPDX-License-Identifier: MIT */
/*
 * mmio.c - windows onto device memory.
 *
 * The MMIO area is 256 units of 2 MiB, the span of one page table. A window takes whole units, with
 * page tables of its own, filled before Xen checks them: two hypercalls a unit, however it is used.
 * Xen lets us map a device's frames when the toolstack gave us the permission (pci= in the domain's
 * configuration), and keeps the cache attribute asked for: uncached, or write-combining, which is
 * index 4 of Xen's PAT (xen.h; xen: arch/x86/mm.c, get_page_from_l1e).
 *
 * Registers are accessed by 32 bits, as GPUs want it. Write-combining windows are memory; bulk
 * transfers there use 64 bits.
 */
#include <errno.h>
#include <string.h>

#include "hv/xen/mm.h"

#define UNITS (HV_XEN_MMIO_SIZE / HV_XEN_L1_SPAN)

/* What each unit is used for; a window's cache attribute is found by its first unit. */
enum unit { UNIT_FREE, UNIT_UC, UNIT_WC };
static uint8_t units[UNITS];

static uintptr_t unit_va(unsigned int unit)
{
	return HV_XEN_MMIO + unit * HV_XEN_L1_SPAN;
}

/* First of n free units in a row, or UNITS. */
static unsigned int find_units(unsigned int n)
{
	unsigned int i, run = 0;

	for (i = 0; i < UNITS; i++) {
		run = units[i] == UNIT_FREE ? run + 1 : 0;
		if (run == n)
			return i + 1 - n;
	}
	return UNITS;
}

static unsigned int units_of(size_t size)
{
	return (size + HV_XEN_L1_SPAN - 1) / HV_XEN_L1_SPAN;
}

static void release(unsigned int first, unsigned int n)
{
	while (n--) {
		hv_pages_free(hv_xen_l1_unhook(unit_va(first + n)), 1);
		units[first + n] = UNIT_FREE;
	}
}

/* Maps up to one unit's worth of frames from mfn on. */
static int map_unit(unsigned int unit, uint64_t mfn, unsigned int pages, enum unit kind)
{
	uint64_t attr = kind == UNIT_WC ? PTE_WC : PTE_UC;
	uint64_t *table = hv_pages_alloc(1);
	unsigned int i;
	int err;

	if (!table)
		return -ENOMEM;
	for (i = 0; i < pages; i++)
		table[i] = (mfn + i) << HV_PAGE_SHIFT | PTE_DATA | attr;
	err = hv_xen_l1_hook(unit_va(unit), table);
	if (err != 0) {
		hv_pages_free(table, 1);
		return err == -ENOMEM ? -ENOMEM : -EACCES;
	}
	units[unit] = kind;
	return 0;
}

int hv_mmio_map(struct hv_pci *pci, unsigned int bar, uint64_t offset, size_t size,
		enum hv_mmio_cache cache, struct hv_mmio *out)
{
	enum unit kind = cache == HV_MMIO_WC ? UNIT_WC : UNIT_UC;
	struct hv_pci_bar info;
	unsigned int first, i, n;
	uint64_t mfn;
	size_t left;
	int err;

	err = hv_pci_bar(pci, bar, &info);
	if (err != 0)
		return err;
	if (size == 0 || size % HV_PAGE_SIZE != 0 || offset % HV_PAGE_SIZE != 0 ||
	    info.addr % HV_PAGE_SIZE != 0 || offset > info.size || size > info.size - offset)
		return -EINVAL;
	if (size > HV_XEN_MMIO_SIZE)
		return -ENOMEM;
	n = units_of(size);
	first = find_units(n);
	if (first == UNITS)
		return -ENOMEM;

	mfn = (info.addr + offset) >> HV_PAGE_SHIFT;
	left = size;
	for (i = 0; i < n; i++) {
		size_t part = left < HV_XEN_L1_SPAN ? left : HV_XEN_L1_SPAN;

		err = map_unit(first + i, mfn, part >> HV_PAGE_SHIFT, kind);
		if (err != 0) {
			hv_log(HV_ERR, "%s: cannot map BAR %u frame %#lx: %d", hv_pci_name(pci),
			       bar, mfn, err);
			release(first, i);
			return err;
		}
		mfn += part >> HV_PAGE_SHIFT;
		left -= part;
	}
	*out = (struct hv_mmio){
		.pci = pci,
		.bar = bar,
		.offset = offset,
		.size = size,
		.va = (volatile uint8_t *)unit_va(first),
	};
	return 0;
}

static unsigned int first_unit(const struct hv_mmio *m)
{
	return ((uintptr_t)m->va - HV_XEN_MMIO) / HV_XEN_L1_SPAN;
}

void hv_mmio_unmap(struct hv_mmio *m)
{
	if (!m->va)
		return;
	release(first_unit(m), units_of(m->size));
	*m = (struct hv_mmio){0};
}

static void check(const struct hv_mmio *m, size_t off, size_t len)
{
	if (!m->va || off % 4 != 0 || len % 4 != 0 || off > m->size || len > m->size - off)
		hv_panic("mmio: offset %#zx, length %#zx not inside the window of %#zx bytes", off,
			 len, m->size);
}

uint32_t hv_mmio_read32(const struct hv_mmio *m, size_t off)
{
	uint32_t value;

	check(m, off, 4);
	value = *(volatile uint32_t *)(m->va + off);
	hv_rmb();
	return value;
}

void hv_mmio_write32(const struct hv_mmio *m, size_t off, uint32_t value)
{
	check(m, off, 4);
	hv_wmb();
	*(volatile uint32_t *)(m->va + off) = value;
}

static bool wide(const struct hv_mmio *m, size_t off, size_t len)
{
	return off % 8 == 0 && len >= 8 && units[first_unit(m)] == UNIT_WC;
}

/* Empties the write-combining buffers, so that a later doorbell cannot overtake the data. */
static void write_fence(void)
{
	__asm__ volatile("sfence" ::: "memory");
}

void hv_mmio_read(const struct hv_mmio *m, size_t off, void *dst, size_t len)
{
	char *to = dst;

	check(m, off, len);
	/* Reads of write-combining memory may go ahead of our own combined writes. */
	hv_mb();
	while (len > 0) {
		if (wide(m, off, len)) {
			uint64_t v = *(volatile uint64_t *)(m->va + off);

			memcpy(to, &v, 8);
			to += 8, off += 8, len -= 8;
		} else {
			uint32_t v = *(volatile uint32_t *)(m->va + off);

			memcpy(to, &v, 4);
			to += 4, off += 4, len -= 4;
		}
	}
	hv_rmb();
}

void hv_mmio_write(const struct hv_mmio *m, size_t off, const void *src, size_t len)
{
	const char *from = src;

	check(m, off, len);
	hv_wmb();
	while (len > 0) {
		if (wide(m, off, len)) {
			uint64_t v;

			memcpy(&v, from, 8);
			*(volatile uint64_t *)(m->va + off) = v;
			from += 8, off += 8, len -= 8;
		} else {
			uint32_t v;

			memcpy(&v, from, 4);
			*(volatile uint32_t *)(m->va + off) = v;
			from += 4, off += 4, len -= 4;
		}
	}
	write_fence();
}

void hv_mmio_zero(const struct hv_mmio *m, size_t off, size_t len)
{
	check(m, off, len);
	hv_wmb();
	while (len > 0) {
		size_t step = wide(m, off, len) ? 8 : 4;

		if (step == 8)
			*(volatile uint64_t *)(m->va + off) = 0;
		else
			*(volatile uint32_t *)(m->va + off) = 0;
		off += step;
		len -= step;
	}
	write_fence();
}
