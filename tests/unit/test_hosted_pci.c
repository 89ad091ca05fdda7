/* SPDX-License-Identifier: MIT */
/*
 * test_hosted_pci.c - a small device behind the hosted IOMMU: what its DMA reaches, when Xen takes
 * bus mastering away, what pciback lets its owner write, and where its interrupts go.
 */
#include "tests/unit/hosted_test.h"

#define PAGE ((size_t)HV_PAGE_SIZE)

/*
 * The device: 256 bytes of configuration space that are plain memory where software may write, one
 * BAR of four pages whose second page holds an MSI-X table of four vectors.
 */
#define CAP_MSI	 0x50
#define CAP_MSIX 0x70
#define CAP_PM	 0x90
#define BAR_SIZE 0x4000u
#define TABLE	 0x1000u

struct device {
	uint8_t cfg[4096];
	uint32_t bar[BAR_SIZE / 4];
	unsigned int resets;
	struct hosted_pci *pci;
	struct hosted *h;
};

static uint32_t get(const uint8_t *p, unsigned int size)
{
	uint32_t v = 0;

	memcpy(&v, p, size);
	return v;
}

static uint32_t cfg_read(void *dev, unsigned int offset, unsigned int size)
{
	return get(((struct device *)dev)->cfg + offset, size);
}

static void cfg_write(void *dev, unsigned int offset, uint32_t value, unsigned int size)
{
	struct device *d = dev;

	if (offset == 0x10)
		value &= ~(BAR_SIZE - 1);
	else if (offset > 0x10 && offset < 0x28)
		return;
	memcpy(d->cfg + offset, &value, size);
}

static uint32_t mmio_read32(void *dev, unsigned int bar, uint64_t offset)
{
	assert_int_equal(bar, 0);
	return ((struct device *)dev)->bar[offset / 4];
}

static void mmio_write32(void *dev, unsigned int bar, uint64_t offset, uint32_t value)
{
	assert_int_equal(bar, 0);
	((struct device *)dev)->bar[offset / 4] = value;
}

static void power_on(struct device *d)
{
	memset(d->cfg, 0, sizeof(d->cfg));
	memset(d->bar, 0, sizeof(d->bar));
	memcpy(d->cfg, "\x34\x12\x78\x56", 4);
	d->cfg[0x34] = CAP_MSI;
	d->cfg[CAP_MSI] = 0x05;
	d->cfg[CAP_MSI + 1] = CAP_MSIX;
	d->cfg[CAP_MSI + 2] = 0x80; /* 64-bit */
	d->cfg[CAP_MSIX] = 0x11;
	d->cfg[CAP_MSIX + 1] = CAP_PM;
	d->cfg[CAP_MSIX + 2] = 3; /* four vectors */
	d->cfg[CAP_MSIX + 5] = TABLE >> 8;
	d->cfg[CAP_MSIX + 9] = TABLE >> 8;
	d->cfg[CAP_MSIX + 8] = 0x80; /* pending bits in the same page */
	d->cfg[CAP_PM] = 0x01;
}

static void reset(void *dev)
{
	struct device *d = dev;

	power_on(d);
	d->resets++;
}

static const struct hosted_pci_ops ops = {
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.mmio_read32 = mmio_read32,
	.mmio_write32 = mmio_write32,
	.reset = reset,
};

static struct device device;
static hv_domid_t owner;

static int setup(void **state)
{
	device.h = hosted_new();
	device.resets = 0;
	power_on(&device);
	device.pci = hosted_pci_new(device.h, &ops, &device);
	owner = hosted_test_domain(device.h, "owner");
	assert_int_equal(hosted_pci_assign(device.pci, owner), 0);
	*state = device.h;
	return 0;
}

/* Device reads from, or writes to, memory. */
static int device_reads(uint64_t addr, uint32_t *value)
{
	return hosted_pci_dma(device.pci, addr, value, 4, true);
}

static int device_writes(uint64_t addr, uint32_t value)
{
	return hosted_pci_dma(device.pci, addr, &value, 4, false);
}

static struct hv_pci *open_device(void)
{
	struct hv_pci *pci = NULL;

	assert_int_equal(hv_pci_open(0, &pci), 0);
	assert_int_equal(hv_pci_cfg_write(pci, 4, 2, 6), 0);
	return pci;
}

/* ---------------------------------------------------------------- DMA */

static void dma_reaches_the_owners_memory(void **state)
{
	struct hosted *h = *state;
	uint32_t v = 0;

	AS(h, owner)
	{
		uint32_t *p = hv_pages_alloc(1);
		struct hv_dma dma;

		p[2] = 0xabcdef01;
		assert_int_equal(device_reads(hv_dma_addr(&p[2]), &v), 0);
		assert_int_equal(v, 0xabcdef01);
		assert_int_equal(device_writes(hv_dma_addr(&p[3]), 77), 0);
		assert_int_equal(p[3], 77);
		/* Contiguous memory is one run for the device too. */
		assert_int_equal(hv_dma_alloc(3 * PAGE, &dma), 0);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(device_writes(dma.addr + i * PAGE, i + 1), 0);
		for (unsigned int i = 0; i < 3; i++)
			assert_int_equal(((uint32_t *)dma.va)[i * PAGE / 4], i + 1);
		hv_dma_free(&dma);
		hv_pages_free(p, 1);
	}
	assert_int_equal(hosted_iommu_refused(h), 0);
}

static void dma_reaches_foreign_pages_while_mapped(void **state)
{
	struct hosted *h = *state;
	hv_domid_t guest = hosted_test_domain(h, "guest");
	struct hv_grant_map rw = {.dom = guest, .flags = HV_MAP_DEVICE};
	struct hv_grant_map ro = {.dom = guest, .flags = HV_MAP_HOST | HV_MAP_RO};
	uint32_t *p, v;
	uint64_t addr;

	AS(h, guest)
	{
		p = hv_pages_alloc(1);
		addr = hv_dma_addr(p);
		assert_int_equal(hv_grant_give(owner, p, 0, &rw.ref), 0);
	}
	ro.ref = rw.ref;
	assert_int_equal(device_reads(addr, &v), -EFAULT); /* offered is not mapped */
	AS(h, owner)
	assert_int_equal(hv_grant_map(&ro, 1), 0);
	assert_int_equal(device_reads(addr, &v), 0); /* a map for the CPU counts too */
	assert_int_equal(device_writes(addr, 1), -EFAULT);
	AS(h, owner)
	assert_int_equal(hv_grant_map(&rw, 1), 0);
	assert_int_equal(rw.dev_addr, addr);
	assert_int_equal(device_writes(addr, 42), 0);
	assert_int_equal(p[0], 42);
	AS(h, owner)
	assert_int_equal(hv_grant_unmap(&rw, 1), 0);
	assert_int_equal(device_writes(addr, 1), -EFAULT);
	assert_int_equal(device_reads(addr, &v), 0);
	AS(h, owner)
	assert_int_equal(hv_grant_unmap(&ro, 1), 0);
	assert_int_equal(device_reads(addr, &v), -EFAULT);
	assert_int_equal(hosted_iommu_refused(h), 4);
	/* dom0's memory, no memory at all, the very end. */
	assert_int_equal(device_reads(0x100000, &v), -EFAULT);
	assert_int_equal(device_reads(UINT64_MAX - 4095, &v), -EFAULT);
}

static void a_burst_of_refusals_costs_bus_mastering(void **state)
{
	struct hosted *h = *state;
	uint32_t v, command;
	struct hv_pci *pci;
	uint64_t addr;

	AS(h, owner)
	{
		pci = open_device();
		addr = hv_dma_addr(hv_pages_alloc(1));
	}
	/* Far enough apart, faults are forgiven. */
	for (unsigned int i = 0; i < 40; i++) {
		assert_int_equal(device_reads(0x1000, &v), -EFAULT);
		assert_int_equal(hosted_advance(h, 100 * HV_MS), 0);
	}
	assert_int_equal(hosted_pci_master_cleared(device.pci), 0);
	for (unsigned int i = 0; i < 10; i++)
		assert_int_equal(device_reads(0x1000, &v), -EFAULT);
	assert_int_equal(hosted_pci_master_cleared(device.pci), 1);
	assert_int_equal(device_reads(addr, &v), -EFAULT); /* not even what it may reach */
	AS(h, owner)
	{
		assert_int_equal(hv_pci_cfg_read(pci, 4, 2, &command), 0);
		assert_int_equal(command & 4, 0); /* the only sign of it */
		/* pciback believes the bit is still set: setting it again does nothing. */
		assert_int_equal(hv_pci_cfg_write(pci, 4, 2, 6), 0);
		assert_int_equal(hv_pci_cfg_read(pci, 4, 2, &command), 0);
		assert_int_equal(command & 4, 0);
		assert_int_equal(hv_pci_cfg_write(pci, 4, 2, 2), 0);
		assert_int_equal(hv_pci_cfg_write(pci, 4, 2, 6), 0);
		assert_int_equal(hv_pci_cfg_read(pci, 4, 2, &command), 0);
		assert_int_equal(command & 4, 4);
	}
	assert_int_equal(device_reads(addr, &v), 0);
}

static void nine_quick_faults_are_forgiven(void **state)
{
	uint32_t v;

	(void)state;
	for (unsigned int i = 0; i < 9; i++)
		device_reads(0x1000, &v);
	assert_int_equal(hosted_pci_master_cleared(device.pci), 0);
	device_reads(0x1000, &v);
	assert_int_equal(hosted_pci_master_cleared(device.pci), 1);
}

static void a_device_without_owner_reaches_nothing(void **state)
{
	struct hosted *h = *state;
	uint64_t addr;
	uint32_t v;

	AS(h, owner)
	{
		addr = hv_dma_addr(hv_pages_alloc(1));
		assert_int_equal(device_reads(addr, &v), 0);
	}
	hosted_pci_unassign(device.pci);
	assert_int_equal(device_reads(addr, &v), -EFAULT);
	assert_int_equal(hosted_pci_assign(device.pci, 99), -ESRCH);
	assert_int_equal(hosted_pci_assign(device.pci, owner), 0);
	assert_int_equal(hosted_pci_assign(device.pci, owner), -EBUSY);
}

/* ---------------------------------------------------------------- configuration, BARs */

static void pciback_guards_configuration_space(void **state)
{
	struct hosted *h = *state;
	struct hv_pci_bar bar;
	struct hv_pci *pci;
	uint32_t v, addr;

	AS(h, owner)
	{
		pci = open_device();
		assert_int_equal(hv_pci_cfg_write(pci, CAP_MSI + 4, 4, 0xfee00000), 0);
		assert_int_equal(hv_pci_cfg_read(pci, CAP_MSI + 4, 4, &v), 0);
		assert_int_equal(v, 0); /* dropped */
		assert_int_equal(hv_pci_cfg_write(pci, CAP_PM + 4, 2, 3), 0);
		assert_int_equal(hv_pci_cfg_read(pci, CAP_PM + 4, 2, &v), 0);
		assert_int_equal(v, 3);
		/* A BAR tells its size and stays where it is. */
		assert_int_equal(hv_pci_cfg_read(pci, 0x10, 4, &addr), 0);
		assert_int_equal(hv_pci_cfg_write(pci, 0x10, 4, 0xffffffff), 0);
		assert_int_equal(hv_pci_cfg_read(pci, 0x10, 4, &v), 0);
		assert_int_equal(v, ~(BAR_SIZE - 1));
		assert_int_equal(hv_pci_cfg_write(pci, 0x10, 4, 0x12340000), 0);
		assert_int_equal(hv_pci_cfg_read(pci, 0x10, 4, &v), 0);
		assert_int_equal(v, addr);
		assert_int_equal(hv_pci_bar(pci, 0, &bar), 0);
		assert_int_equal(bar.addr, addr);
		assert_int_equal(bar.size, BAR_SIZE);
		assert_int_equal(hv_pci_bar(pci, 1, &bar), 0);
		assert_int_equal(bar.size, 0);
	}
}

static int writes_outside(int argc, char **argv)
{
	struct hv_pci *pci = open_device();
	struct hv_mmio m;

	(void)argc;
	assert_int_equal(hv_mmio_map(pci, 0, 0, BAR_SIZE, HV_MMIO_UC, &m), 0);
	hv_mmio_write32(&m, strtoul(argv[0], NULL, 0), 1);
	return 0;
}

static void wrong_register_accesses_are_panics(void **state)
{
	static const struct {
		const char *offset, *said;
	} cases[] = {
		{"0x4000", "outside or misaligned"},
		{"0x2", "outside or misaligned"},
		{"0x1000", "MSI-X table"},
		{"0x1ffc", "MSI-X table"},
	};
	struct hosted *h = *state;

	hosted_catch_panics(h, true);
	hosted_pci_unassign(device.pci);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int d = hosted_domain_new(
			h, &(struct hosted_domain_config){.name = "d",
							  .start = writes_outside,
							  .cmdline = cases[i].offset});

		assert_int_equal(hosted_pci_assign(device.pci, (hv_domid_t)d), 0);
		SETTLE(h);
		assert_int_equal(hosted_domain_state(h, (hv_domid_t)d, NULL), HOSTED_CRASHED);
		assert_int_equal(hosted_log_count(h, (hv_domid_t)d, cases[i].said), 1);
		hosted_domain_destroy(h, (hv_domid_t)d);
	}
}

static void registers_move_in_bulk(void **state)
{
	struct hosted *h = *state;
	uint32_t in[8] = {1, 2, 3, 4, 5, 6, 7, 8}, out[8];
	struct hv_mmio m;

	AS(h, owner)
	{
		struct hv_pci *pci = open_device();

		assert_int_equal(hv_mmio_map(pci, 0, 0x2000, 0x2000, HV_MMIO_WC, &m), 0);
		hv_mmio_write(&m, 0x100, in, sizeof(in));
		assert_int_equal(device.bar[0x2100 / 4 + 7], 8);
		hv_mmio_read(&m, 0x100, out, sizeof(out));
		assert_memory_equal(in, out, sizeof(in));
		hv_mmio_zero(&m, 0, 0x2000);
		assert_int_equal(hv_mmio_read32(&m, 0x104), 0);
		hv_mmio_unmap(&m);
		hv_pci_close(pci);
	}
}

/* ---------------------------------------------------------------- interrupts, death */

static void count(hv_port_t port, void *arg)
{
	(void)port;
	++*(unsigned int *)arg;
}

static void msi_arrives(void **state)
{
	struct hosted *h = *state;
	unsigned int calls = 0;
	void *args[] = {&calls};
	struct hv_pci *pci;

	AS(h, owner)
	{
		pci = open_device();
		assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSI, 1, count, args), 0);
	}
	assert_int_equal(device.cfg[CAP_MSI + 2] & 1, 1);
	hosted_pci_msi(device.pci, get(device.cfg + CAP_MSI + 4, 4),
		       get(device.cfg + CAP_MSI + 12, 2));
	SETTLE(h);
	assert_int_equal(calls, 1);
	/* What Xen did not program does not pass interrupt remapping. */
	hosted_pci_msi(device.pci, 0xfee00000, 0x30);
	hosted_pci_msi(device.pci, 0xfee01000, get(device.cfg + CAP_MSI + 12, 2));
	SETTLE(h);
	assert_int_equal(calls, 1);
	AS(h, owner)
	hv_pci_irq_disable(pci);
	assert_int_equal(device.cfg[CAP_MSI + 2] & 1, 0);
}

static void msix_vectors_arrive_apart(void **state)
{
	struct hosted *h = *state;
	unsigned int calls[3] = {0, 0, 0};
	void *args[] = {&calls[0], &calls[1], &calls[2]};
	struct hosted_usage used;
	struct hv_pci *pci;

	AS(h, owner)
	{
		pci = open_device();
		assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 5, count, args), -ENOSPC);
		assert_int_equal(hv_pci_irq_enable(pci, HV_PCI_MSIX, 3, count, args), 0);
	}
	assert_int_equal(device.cfg[CAP_MSIX + 3] & 0xc0, 0x80);
	for (unsigned int i = 0; i < 3; i++) {
		const uint32_t *entry = &device.bar[TABLE / 4 + 4 * i];

		assert_int_equal(entry[3], 0);
		for (unsigned int j = 0; j <= i; j++) {
			hosted_pci_msi(device.pci, entry[0], entry[2]);
			SETTLE(h);
		}
		assert_int_equal(calls[i], i + 1);
	}
	assert_int_equal(device.bar[TABLE / 4 + 4 * 3 + 3], 1); /* the fourth is masked */
	AS(h, owner)
	hv_pci_close(pci);
	hosted_usage(h, owner, &used);
	assert_int_equal(used.ports, 0);
}

static void the_owners_death_resets_the_device(void **state)
{
	struct hosted *h = *state;
	unsigned int calls = 0, resets = device.resets;
	void *args[] = {&calls};
	uint64_t addr;
	uint32_t v;

	AS(h, owner)
	{
		assert_int_equal(hv_pci_irq_enable(open_device(), HV_PCI_MSI, 1, count, args), 0);
		addr = hv_dma_addr(hv_pages_alloc(1));
	}
	hosted_domain_destroy(h, owner);
	assert_int_equal(device.resets, resets + 1);
	assert_int_equal(get(device.cfg + 4, 2), 0);
	assert_int_not_equal(get(device.cfg + 0x10, 4), 0); /* dom0 restored the BARs */
	assert_int_equal(device_reads(addr, &v), -EFAULT);
	hosted_pci_msi(device.pci, 0xfee00000, 0x40);
	SETTLE(h);
	assert_int_equal(calls, 0);
}

#define PCI_TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, hosted_test_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		PCI_TEST(dma_reaches_the_owners_memory),
		PCI_TEST(dma_reaches_foreign_pages_while_mapped),
		PCI_TEST(a_burst_of_refusals_costs_bus_mastering),
		PCI_TEST(nine_quick_faults_are_forgiven),
		PCI_TEST(a_device_without_owner_reaches_nothing),
		PCI_TEST(pciback_guards_configuration_space),
		PCI_TEST(wrong_register_accesses_are_panics),
		PCI_TEST(registers_move_in_bulk),
		PCI_TEST(msi_arrives),
		PCI_TEST(msix_vectors_arrive_apart),
		PCI_TEST(the_owners_death_resets_the_device),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
