/* SPDX-License-Identifier: MIT */
/*
 * The model's GSP falcon: memory ports, reset, and DMA in both directions, with everything the unit
 * must refuse.
 *
 * The falcon's DMA unit is how a driver domain proves that the IOMMU holds, so it must reach exactly
 * the memory its aperture names, only when allowed, and move nothing when the platform says no.
 */
#include "tests/model/fixture.h"

#define GSP	 0x110000
#define IRQSCLR	 (GSP + 0x004)
#define IRQSTAT	 (GSP + 0x008)
#define HWCFG2	 (GSP + 0x0f4)
#define CPUCTL	 (GSP + 0x100)
#define HWCFG	 (GSP + 0x108)
#define DMACTL	 (GSP + 0x10c)
#define TRFBASE	 (GSP + 0x110)
#define TRFMOFFS (GSP + 0x114)
#define TRFCMD	 (GSP + 0x118)
#define TRFFB	 (GSP + 0x11c)
#define TRFBASE1 (GSP + 0x128)
#define IMEMC	 (GSP + 0x180)
#define IMEMD	 (GSP + 0x184)
#define IMEMT	 (GSP + 0x188)
#define DMEMC	 (GSP + 0x1c0)
#define DMEMD	 (GSP + 0x1c4)
#define ENGINE	 (GSP + 0x3c0)
#define TRANSCFG (GSP + 0x600)
#define FBIFCTL	 (GSP + 0x624)
#define BCR_CTRL (GSP + 0x1668)

#define CMD_IMEM     0x10
#define CMD_WRITE    0x20
#define CMD_256	     0x600
#define CMD_SIZE(n)  ((n) << 8)
#define PHYS_VRAM    4
#define PHYS_SYS_COH 5
#define PHYS_SYS_NCO 6

/* What nouveau and the vendor driver do before they load a falcon by DMA. */
static void allow_dma(struct machine *mc, uint32_t aperture)
{
	wr(mc, FBIFCTL, rd(mc, FBIFCTL) | 0x80);
	wr(mc, DMACTL, 0);
	wr(mc, TRANSCFG, aperture);
}

static void dma(struct machine *mc, uint64_t base, uint32_t local, uint32_t offset, uint32_t cmd)
{
	wr(mc, TRFBASE, (uint32_t)(base >> 8));
	wr(mc, TRFBASE1, (uint32_t)(base >> 40));
	wr(mc, TRFMOFFS, local);
	wr(mc, TRFFB, offset);
	wr(mc, TRFCMD, cmd);
	for (int i = 0; i < 10; i++)
		if (rd(mc, TRFCMD) & 2)
			break;
	assert_int_equal(rd(mc, TRFCMD) & 3, 2);
}

static uint32_t dmem(struct machine *mc, uint32_t offset)
{
	wr(mc, DMEMC, offset);
	return rd(mc, DMEMD);
}

static void fill(struct machine *mc)
{
	for (uint32_t i = 0; i < MEM_SIZE; i++)
		mc->mem[i] = (uint8_t)(i * 31 + i / 256);
}

static uint32_t word(const struct machine *mc, uint32_t offset)
{
	uint32_t value;

	memcpy(&value, mc->mem + offset, 4);
	return value;
}

static void test_memory_ports(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(rd(mc, HWCFG), 0x20100);
	wr(mc, DMEMC, 0x01000100);
	for (uint32_t i = 0; i < 4; i++)
		wr(mc, DMEMD, i + 1);
	assert_int_equal(rd(mc, DMEMC), 0x01000110);
	wr(mc, DMEMC, 0x02000100);
	for (uint32_t i = 0; i < 4; i++)
		assert_int_equal(rd(mc, DMEMD), i + 1);
	/* No increment unless asked. */
	wr(mc, DMEMC, 0x108);
	assert_int_equal(rd(mc, DMEMD), 3);
	assert_int_equal(rd(mc, DMEMD), 3);
	/* Past the end of DMEM. */
	assert_int_equal(dmem(mc, 0x10000), 0xbadf5040);
	wr(mc, DMEMD, 1);

	wr(mc, IMEMC, 0x01000200);
	wr(mc, IMEMT, 2);
	wr(mc, IMEMD, 0xc0de);
	wr(mc, IMEMC, 0x200);
	assert_int_equal(rd(mc, IMEMD), 0xc0de);
	/* A secure page cannot be read back. */
	wr(mc, IMEMC, 0x11000300);
	wr(mc, IMEMD, 0x5ec2e7);
	wr(mc, IMEMC, 0x300);
	assert_int_equal(rd(mc, IMEMD), 0xdead5ec2);
}

static void test_reset(void **state)
{
	struct machine *mc = *state;
	unsigned int busy = 0;

	wr(mc, DMEMC, 0);
	wr(mc, DMEMD, 0x1234);
	wr(mc, GSP + 0x040, 0x77);
	wr(mc, ENGINE, 0);
	assert_int_equal(rd(mc, GSP + 0x040), 0x77);
	wr(mc, ENGINE, 1);
	assert_int_equal(rd(mc, ENGINE), 1);
	assert_int_equal(rd(mc, HWCFG2), 0xbadf1200);
	wr(mc, GSP + 0x040, 0x78);
	wr(mc, ENGINE, 0);
	assert_true(rd(mc, DMACTL) & 6);
	while (rd(mc, HWCFG2) & 0x1000)
		assert_true(++busy < 100);
	assert_true(busy > 0);
	assert_true(rd(mc, HWCFG2) & 0x80000000);
	assert_int_equal(rd(mc, DMACTL), 1);
	assert_int_equal(dmem(mc, 0), 0);
	assert_int_equal(rd(mc, GSP + 0x040), 0);
	/* Core selection. */
	assert_int_equal(rd(mc, BCR_CTRL), 0x100);
	wr(mc, BCR_CTRL, 0x111);
	assert_int_equal(rd(mc, BCR_CTRL), 0x111);
	wr(mc, BCR_CTRL, 0);
	assert_int_equal(rd(mc, BCR_CTRL), 0x001);
}

static void test_start_halts(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(rd(mc, CPUCTL), 0x10);
	wr(mc, GSP + 0x130, 2); /* the alias is off */
	assert_int_equal(rd(mc, IRQSTAT), 0);
	wr(mc, CPUCTL, 2);
	assert_int_equal(rd(mc, CPUCTL), 0x10);
	assert_int_equal(rd(mc, IRQSTAT), 0x10);
	wr(mc, IRQSCLR, 0x10);
	assert_int_equal(rd(mc, IRQSTAT), 0);
	wr(mc, CPUCTL, 0x40);
	wr(mc, GSP + 0x130, 2);
	assert_int_equal(rd(mc, IRQSTAT), 0x10);
}

static void test_dma_from_system_memory(void **state)
{
	struct machine *mc = *state;

	fill(mc);
	allow_dma(mc, PHYS_SYS_COH);
	dma(mc, MEM_BASE, 0x400, 0x1000, CMD_256);
	for (uint32_t i = 0; i < 256; i += 4)
		assert_int_equal(dmem(mc, 0x400 + i), word(mc, 0x1000 + i));
	assert_int_equal(dmem(mc, 0x3fc), 0);
	assert_int_equal(dmem(mc, 0x500), 0);
	assert_int_equal(mc->nr_dma, 1);
	/* The other system aperture, a small size, another context index. */
	wr(mc, TRANSCFG + 4 * 7, PHYS_SYS_NCO);
	dma(mc, MEM_BASE, 0x800, 0x2008, CMD_SIZE(1) | 7 << 12);
	assert_int_equal(dmem(mc, 0x800), word(mc, 0x2008));
	assert_int_equal(dmem(mc, 0x804), word(mc, 0x200c));
	assert_int_equal(dmem(mc, 0x808), 0);
	/* Code: a whole block whatever the size says. */
	dma(mc, MEM_BASE, 0x100, 0x300, CMD_IMEM | CMD_SIZE(0));
	wr(mc, IMEMC, 0x1fc);
	assert_int_equal(rd(mc, IMEMD), word(mc, 0x3fc));
}

static void test_dma_to_system_memory(void **state)
{
	struct machine *mc = *state;

	wr(mc, DMEMC, 0x01000200);
	for (uint32_t i = 0; i < 64; i++)
		wr(mc, DMEMD, 0x1000 + i);
	allow_dma(mc, PHYS_SYS_COH);
	dma(mc, MEM_BASE, 0x200, 0x3000, CMD_256 | CMD_WRITE);
	assert_int_equal(word(mc, 0x3000), 0x1000);
	assert_int_equal(word(mc, 0x30fc), 0x103f);
	assert_int_equal(word(mc, 0x3100), 0);
	assert_int_equal(word(mc, 0x2ffc), 0);
}

static void test_dma_vram(void **state)
{
	struct machine *mc = *state;
	uint32_t *vram = model_vram_ptr(mc->gpu);

	allow_dma(mc, PHYS_VRAM);
	vram[0x100000 / 4] = 0xfeed;
	dma(mc, 0x100000, 0, 0, CMD_256);
	assert_int_equal(dmem(mc, 0), 0xfeed);
	assert_int_equal(dmem(mc, 0xfc), vram[0x1000fc / 4]);
	dma(mc, 0x100000, 0, 0x200, CMD_SIZE(0) | CMD_WRITE);
	assert_int_equal(vram[0x100200 / 4], 0xfeed);
	/* VRAM needs no bus mastering; past its end nothing moves. */
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	dma(mc, 0x100000, 0x400, 0x200, CMD_SIZE(0));
	assert_int_equal(dmem(mc, 0x400), 0xfeed);
	dma(mc, 0x3c000000, 0x400, 0, CMD_256);
	assert_int_equal(dmem(mc, 0x400), 0xfeed);
	assert_int_equal(mc->nr_dma, 0);
}

static void test_platform_refuses(void **state)
{
	struct machine *mc = *state;
	struct model_stats stats;
	uint32_t status;

	fill(mc);
	allow_dma(mc, PHYS_SYS_COH);
	wr(mc, DMEMC, 0x01000000);
	wr(mc, DMEMD, 0xa5a5a5a5);

	mc->refuse_reads = true;
	dma(mc, MEM_BASE, 0, 0, CMD_256);
	assert_int_equal(dmem(mc, 0), 0xa5a5a5a5);
	assert_int_equal(dmem(mc, 4), 0);
	/* The function saw an unsupported request; software can read that and clear it. */
	status = model_cfg_read(mc->gpu, PCI_STATUS, 2);
	assert_true(status & PCI_STATUS_REC_MASTER_ABORT);
	model_cfg_write(mc->gpu, PCI_STATUS, PCI_STATUS_REC_MASTER_ABORT, 2);
	assert_false(model_cfg_read(mc->gpu, PCI_STATUS, 2) & PCI_STATUS_REC_MASTER_ABORT);

	mc->refuse_writes = true;
	dma(mc, MEM_BASE, 0, 0x4000, CMD_256 | CMD_WRITE);
	assert_int_equal(word(mc, 0x4000) & 0xff, (0x4000 * 31 + 0x40) & 0xff);
	/* Writes are posted: nobody hears of it. */
	assert_false(model_cfg_read(mc->gpu, PCI_STATUS, 2) & PCI_STATUS_REC_MASTER_ABORT);

	model_stats_get(mc->gpu, &stats);
	assert_int_equal(stats.dma_reads, 1);
	assert_int_equal(stats.dma_writes, 1);
	assert_int_equal(stats.dma_errors, 2);
	assert_int_equal(stats.dma_bytes, 0);

	/* Allowed again: the unit did not hang. */
	mc->refuse_reads = false;
	dma(mc, MEM_BASE, 0, 0, CMD_256);
	assert_int_equal(dmem(mc, 0), word(mc, 0));
}

static void test_bus_mastering_off(void **state)
{
	struct machine *mc = *state;
	struct model_stats stats;

	fill(mc);
	allow_dma(mc, PHYS_SYS_COH);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	dma(mc, MEM_BASE, 0, 0x1000, CMD_256);
	assert_int_equal(dmem(mc, 0), 0);
	assert_int_equal(mc->nr_dma, 0);
	model_stats_get(mc->gpu, &stats);
	assert_int_equal(stats.dma_errors, 1);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	dma(mc, MEM_BASE, 0, 0x1000, CMD_256);
	assert_int_equal(dmem(mc, 0), word(mc, 0x1000));
}

/* Everything the unit itself refuses: nothing reaches the bus, nothing changes in DMEM. */
static void test_unit_refuses(void **state)
{
	static const struct {
		uint32_t dmactl, fbifctl, transcfg, local, offset, cmd;
	} bad[] = {
		{1, 0x90, PHYS_SYS_COH, 0, 0, CMD_256},	       /* context required */
		{0, 0x10, PHYS_SYS_COH, 0, 0, CMD_256},	       /* physical not allowed */
		{0, 0x90, 1, 0, 0, CMD_256},		       /* virtual */
		{0, 0x90, 7, 0, 0, CMD_256},		       /* no such target */
		{0, 0x90, PHYS_SYS_COH, 0, 0, CMD_SIZE(7)},    /* no such size */
		{0, 0x90, PHYS_SYS_COH, 0x80, 0, CMD_256},     /* local misaligned */
		{0, 0x90, PHYS_SYS_COH, 0, 0x80, CMD_256},     /* remote misaligned */
		{0, 0x90, PHYS_SYS_COH, 0x10000, 0, CMD_256},  /* past DMEM */
		{0, 0x90, PHYS_SYS_COH, 0xffff00, 0, CMD_256}, /* far past DMEM */
		{0, 0x90, PHYS_SYS_COH, 0, 0, CMD_256 | CMD_IMEM | CMD_WRITE}, /* code store */
	};
	struct machine *mc = *state;

	fill(mc);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		wr(mc, DMACTL, bad[i].dmactl);
		wr(mc, FBIFCTL, bad[i].fbifctl);
		wr(mc, TRANSCFG, bad[i].transcfg);
		dma(mc, MEM_BASE + 0x100, bad[i].local, bad[i].offset, bad[i].cmd);
		assert_int_equal(mc->nr_dma, 0);
		assert_int_equal(dmem(mc, 0), 0);
		assert_int_equal(dmem(mc, 0x80), 0);
	}
}

static void test_stray_read(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(model_stray_read(mc->gpu, MEM_BASE), 0);
	assert_int_equal(mc->nr_dma, 1);
	assert_int_equal(model_stray_read(mc->gpu, 0x1000), -ENXIO);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(model_stray_read(mc->gpu, MEM_BASE), -EIO);
	assert_int_equal(mc->nr_dma, 2);
}

/* Fresh out of reset the unit reaches nothing until software says so. */
static void test_no_dma_by_default(void **state)
{
	struct machine *mc = *state;

	fill(mc);
	dma(mc, MEM_BASE, 0, 0, CMD_256);
	assert_int_equal(mc->nr_dma, 0);
	wr(mc, ENGINE, 1);
	allow_dma(mc, PHYS_SYS_COH);
	wr(mc, TRFCMD, CMD_256);
	wr(mc, ENGINE, 0);
	dma(mc, MEM_BASE, 0, 0, CMD_256);
	assert_int_equal(mc->nr_dma, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(test_memory_ports),	       model_test(test_reset),
		model_test(test_start_halts),	       model_test(test_dma_from_system_memory),
		model_test(test_dma_to_system_memory), model_test(test_dma_vram),
		model_test(test_platform_refuses),     model_test(test_bus_mastering_off),
		model_test(test_unit_refuses),	       model_test(test_stray_read),
		model_test(test_no_dma_by_default),
	};

	return cmocka_run_group_tests_name("model: falcon", tests, NULL, NULL);
}
