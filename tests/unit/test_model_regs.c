/* SPDX-License-Identifier: MIT */
/*
 * The model's host registers: identity, timer, scratch, unknown registers, and interrupts from a
 * leaf of the tree to the message on the bus.
 *
 * A driver tells chips, broken boards and missing registers apart by these words, and loses
 * interrupts if it gets masks and edges wrong; a model that is too kind would hide that.
 */
#include "tests/model/fixture.h"

#define LEAF	   0xb81000
#define LEAF_EN	   0xb81200
#define LEAF_DIS   0xb81400
#define TOP	   0xb81600
#define TOP_EN	   0xb81608
#define TOP_DIS	   0xb81610
#define TRIGGER	   0xb81640
#define MSIX_TABLE 0xb90000
#define MSIX_PBA   0xba0000

static void test_identity(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(rd(mc, 0x000000), 0xb72000a1);
	assert_int_equal(rd(mc, 0x000004), 0);
	assert_int_equal(rd(mc, 0x000a00), 0x172a1000);
	wr(mc, 0x000000, 0);
	assert_int_equal(rd(mc, 0x000000), 0xb72000a1);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 3, 1), 0xb7);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 2, 2), 0xb720);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 0, 8), 0xb72000a1);
}

static void test_timer(void **state)
{
	struct machine *mc = *state;
	uint64_t t;

	mc->now = 0x1234567fffffff00ull;
	t = rd(mc, 0x009410);
	assert_int_equal(t, 0x12345680);
	assert_int_equal(rd(mc, 0x009400) & 0x1f, 0);
	assert_int_equal(rd(mc, 0xbb0084), t);
	t = rd(mc, 0xbb0080);
	assert_true(rd(mc, 0xbb0080) > t);
}

static void test_scratch_and_enables(void **state)
{
	struct machine *mc = *state;

	wr(mc, 0x0014fc, 0xcafe);
	assert_int_equal(rd(mc, 0x0014fc), 0xcafe);
	assert_int_equal(rd(mc, 0x001400), 0);
	assert_int_equal(rd(mc, 0x000200), 0x40000000);
	wr(mc, 0x000600, ~0u);
	assert_int_equal(rd(mc, 0x000600), 0x03ffffff);
}

static void test_unknown_registers(void **state)
{
	struct machine *mc = *state;
	struct model_stats stats;
	unsigned int logged = mc->nr_log;

	assert_int_equal(rd(mc, 0x00000c), 0xbadf5040);
	assert_int_equal(rd(mc, 0x100000), 0xbadf5040);
	assert_int_equal(mc->nr_log, logged + 2);
	assert_string_equal(mc->last_log, "read of unknown register 0x100000");
	assert_int_equal(rd(mc, 0x100000), 0xbadf5040);
	assert_int_equal(mc->nr_log, logged + 2);
	wr(mc, 0x100000, 1);
	wr(mc, 0x100000, 1);
	assert_int_equal(mc->nr_log, logged + 3);
	assert_int_equal(rd(mc, 0x100000), 0xbadf5040);
	model_stats_get(mc->gpu, &stats);
	assert_int_equal(stats.unknown_reads, 4);
	assert_int_equal(stats.unknown_writes, 2);
}

/* A scan of all of BAR 0 ends, and does not log without end. */
static void test_scan(void **state)
{
	struct machine *mc = *state;
	unsigned int logged = mc->nr_log;

	for (uint32_t reg = 0; reg < 0x1000000; reg += 4)
		if (reg < 0x700000 || reg >= 0x800000)
			rd(mc, reg);
	assert_true(mc->nr_log - logged < 1100);
}

static void test_narrow_write_is_refused(void **state)
{
	struct machine *mc = *state;

	wr(mc, 0x001400, 0x11223344);
	model_mmio_write(mc->gpu, MODEL_BAR_REGS, 0x001400, 0xff, 1);
	model_mmio_write(mc->gpu, MODEL_BAR_REGS, 0x001402, 0xffff, 2);
	assert_int_equal(rd(mc, 0x001400), 0x11223344);
	model_mmio_write(mc->gpu, MODEL_BAR_REGS, 0x001400, 0x5555555566666666ull, 8);
	assert_int_equal(rd(mc, 0x001400), 0x66666666);
	assert_int_equal(rd(mc, 0x001404), 0x55555555);
}

static void enable_msi(struct machine *mc)
{
	model_cfg_write(mc->gpu, CAP_MSI + PCI_MSI_ADDRESS_LO, 0xfee01234, 4);
	model_cfg_write(mc->gpu, CAP_MSI + PCI_MSI_ADDRESS_HI, 0x1, 4);
	model_cfg_write(mc->gpu, CAP_MSI + PCI_MSI_DATA_64, 0x4041, 2);
	model_cfg_write(mc->gpu, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);
}

static void test_interrupt_tree(void **state)
{
	struct machine *mc = *state;

	enable_msi(mc);
	wr(mc, TRIGGER, 32 * 5 + 7);
	assert_int_equal(rd(mc, LEAF + 4 * 5), 1u << 7);
	assert_int_equal(rd(mc, TOP), 0);
	wr(mc, LEAF_EN + 4 * 5, 0xff);
	assert_int_equal(rd(mc, LEAF_DIS + 4 * 5), 0xff);
	assert_int_equal(rd(mc, TOP), 1u << 2);
	assert_int_equal(mc->nr_msi, 0);
	wr(mc, TOP_EN, 1u << 2);
	assert_int_equal(mc->nr_msi, 1);
	assert_int_equal(mc->msi_addr, 0x1fee01234ull);
	assert_int_equal(mc->msi_data, 0x4041);

	/* The line is up: a second vector makes no second message. */
	wr(mc, TRIGGER, 32 * 5 + 6);
	assert_int_equal(mc->nr_msi, 1);
	/* Unarm and rearm with the leaf still pending: the message comes again. */
	wr(mc, TOP_DIS, 1u << 2);
	wr(mc, TOP_EN, 1u << 2);
	assert_int_equal(mc->nr_msi, 2);
	wr(mc, LEAF + 4 * 5, 3u << 6);
	assert_int_equal(rd(mc, TOP), 0);
	wr(mc, TRIGGER, 32 * 5);
	assert_int_equal(mc->nr_msi, 3);
	/* A vector that no leaf has. */
	wr(mc, TRIGGER, 0xfff);
	assert_int_equal(mc->nr_msi, 3);
}

static void test_msi_needs_bus_mastering(void **state)
{
	struct machine *mc = *state;

	enable_msi(mc);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	wr(mc, LEAF_EN, 1);
	wr(mc, TOP_EN, 1);
	wr(mc, TRIGGER, 0);
	assert_int_equal(mc->nr_msi, 0);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(mc->nr_msi, 1);
}

static void test_msix(void **state)
{
	struct machine *mc = *state;

	/* Both on: MSI-X wins. */
	enable_msi(mc);
	for (int i = 0; i < MODEL_MSIX_VECTORS; i++)
		assert_int_equal(rd(mc, MSIX_TABLE + 16 * i + 12), 1);
	wr(mc, MSIX_TABLE + 0, 0xfee05003);
	wr(mc, MSIX_TABLE + 4, 0);
	wr(mc, MSIX_TABLE + 8, 0x77);
	assert_int_equal(rd(mc, MSIX_TABLE), 0xfee05000);
	model_cfg_write(mc->gpu, CAP_MSIX + PCI_MSIX_FLAGS,
			PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
	wr(mc, LEAF_EN, 1);
	wr(mc, TOP_EN, 1);
	wr(mc, TRIGGER, 0);
	assert_int_equal(mc->nr_msi, 0);
	assert_int_equal(rd(mc, MSIX_PBA), 1);
	/* Function mask off, vector mask still on. */
	model_cfg_write(mc->gpu, CAP_MSIX + PCI_MSIX_FLAGS, PCI_MSIX_FLAGS_ENABLE, 2);
	assert_int_equal(mc->nr_msi, 0);
	wr(mc, MSIX_TABLE + 12, 0);
	assert_int_equal(mc->nr_msi, 1);
	assert_int_equal(mc->msi_addr, 0xfee05000);
	assert_int_equal(mc->msi_data, 0x77);
	assert_int_equal(rd(mc, MSIX_PBA), 0);
	assert_int_equal(rd(mc, MSIX_TABLE + 16 * MODEL_MSIX_VECTORS), 0xbadf5040);
}

static void test_msi_rearm_register(void **state)
{
	struct machine *mc = *state;

	enable_msi(mc);
	wr(mc, LEAF_EN, 1);
	wr(mc, TOP_EN, 1);
	wr(mc, TRIGGER, 0);
	assert_int_equal(mc->nr_msi, 1);
	wr(mc, 0x088704, 0);
	assert_int_equal(mc->nr_msi, 2);
	wr(mc, LEAF, 1);
	wr(mc, 0x088704, 0);
	assert_int_equal(mc->nr_msi, 2);
}

static void test_first_touch(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(mc->nr_milestones, 0);
	rd(mc, 0);
	assert_string_equal(mc->milestone, "first-touch");
	wr(mc, 0x200, 0);
	assert_int_equal(mc->nr_milestones, 1);
	/* After a reset again, and not while the board does not answer. */
	model_flr(mc->gpu);
	rd(mc, 0);
	assert_int_equal(mc->nr_milestones, 1);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0, 0, 4);
	assert_int_equal(mc->nr_milestones, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(test_identity),
		model_test(test_timer),
		model_test(test_scratch_and_enables),
		model_test(test_unknown_registers),
		model_test(test_scan),
		model_test(test_first_touch),
		model_test(test_narrow_write_is_refused),
		model_test(test_interrupt_tree),
		model_test(test_msi_needs_bus_mastering),
		model_test(test_msix),
		model_test(test_msi_rearm_register),
	};

	return cmocka_run_group_tests_name("model: host registers", tests, NULL, NULL);
}
