/* SPDX-License-Identifier: MIT */
/*
 * The model as a PCI function: what a bus scan finds, how BARs are sized, what the command register
 * switches, and what a function-level reset takes and leaves.
 *
 * A driver domain gets the board after dom0 reset it, so a reset that forgets something shows one
 * owner's state to the next.
 */
#include "tests/model/fixture.h"

static uint32_t cfg(struct machine *mc, unsigned int offset, unsigned int size)
{
	return model_cfg_read(mc->gpu, offset, size);
}

static void test_identity(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(cfg(mc, PCI_VENDOR_ID, 4), 0x223510de);
	assert_int_equal(cfg(mc, PCI_CLASS_REVISION, 4), 0x030200a1);
	assert_int_equal(cfg(mc, PCI_SUBSYSTEM_VENDOR_ID, 4), 0x145a10de);
	assert_int_equal(cfg(mc, PCI_HEADER_TYPE, 1), 0);
	assert_int_equal(cfg(mc, 0x100, 4), 0);
	/* Identity cannot be written. */
	model_cfg_write(mc->gpu, PCI_VENDOR_ID, 0, 4);
	assert_int_equal(cfg(mc, PCI_VENDOR_ID, 4), 0x223510de);
}

static void test_capability_list(void **state)
{
	static const struct {
		uint8_t at, id;
	} expected[] = {{CAP_PM, PCI_CAP_ID_PM},
			{CAP_MSI, PCI_CAP_ID_MSI},
			{CAP_EXP, PCI_CAP_ID_EXP},
			{CAP_MSIX, PCI_CAP_ID_MSIX}};
	struct machine *mc = *state;
	unsigned int at = cfg(mc, PCI_CAPABILITY_LIST, 1);

	assert_true(cfg(mc, PCI_STATUS, 2) & PCI_STATUS_CAP_LIST);
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(at, expected[i].at);
		assert_int_equal(cfg(mc, at, 1), expected[i].id);
		at = cfg(mc, at + 1, 1);
	}
	assert_int_equal(at, 0);
	assert_int_equal(cfg(mc, CAP_MSIX + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_QSIZE, 5);
	assert_int_equal(cfg(mc, CAP_MSIX + PCI_MSIX_TABLE, 4), 0x00b90000);
	assert_int_equal(cfg(mc, CAP_MSIX + PCI_MSIX_PBA, 4), 0x00ba0000);
	assert_true(cfg(mc, CAP_EXP + PCI_EXP_DEVCAP, 4) & PCI_EXP_DEVCAP_FLR);
	assert_true(cfg(mc, CAP_MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_64BIT);
}

static void test_hidden_capabilities(void **state)
{
	struct model_config config = {.vram_bytes = 64ull << 20, .hide_msi = true};
	struct machine mc = {0};

	(void)state;
	assert_int_equal(model_create(&config, &machine_ops, &mc, &mc.gpu), 0);
	assert_int_equal(cfg(&mc, CAP_MSI, 2), CAP_EXP << 8);
	model_cfg_write(mc.gpu, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);
	assert_int_equal(cfg(&mc, CAP_MSI + PCI_MSI_FLAGS, 2), 0);
	model_destroy(mc.gpu);

	config.hide_msi = false;
	config.hide_msix = true;
	assert_int_equal(model_create(&config, &machine_ops, &mc, &mc.gpu), 0);
	assert_int_equal(cfg(&mc, CAP_EXP + 1, 1), 0);
	model_cfg_write(mc.gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(rd(&mc, 0xb90000), 0xbadf5040);
	model_destroy(mc.gpu);
}

static void test_bar_sizing(void **state)
{
	static const uint32_t expected[6] = {0xff000000, 0xf000000c, 0xffffffff,
					     0xfe00000c, 0xffffffff, 0};
	struct machine *mc = *state;

	for (unsigned int i = 0; i < 6; i++) {
		unsigned int at = PCI_BASE_ADDRESS_0 + 4 * i;

		model_cfg_write(mc->gpu, at, ~0u, 4);
		assert_int_equal(cfg(mc, at, 4), expected[i]);
		model_cfg_write(mc->gpu, at, 0x12345678, 4);
		/* Type bits stay in the low halves; upper halves have none. */
		assert_int_equal(cfg(mc, at, 4), (0x12345678 & expected[i]) |
							 (i % 2 && i < 4 ? expected[i] & 0xf : 0));
	}
	model_cfg_write(mc->gpu, PCI_ROM_ADDRESS, ~0u, 4);
	assert_int_equal(cfg(mc, PCI_ROM_ADDRESS, 4), 0);
}

static void test_sizes_refused(void **state)
{
	static const struct model_config bad[] = {
		{.vram_bytes = 64ull << 20, .bar1_bytes = 32ull << 20},
		{.vram_bytes = 64ull << 20, .bar1_bytes = 100ull << 20},
		{.vram_bytes = 64ull << 20, .bar1_bytes = 128ull << 30},
		{.vram_bytes = 1000},
		{.vram_bytes = 65ull << 20},
		{.vram_bytes = 64ull << 20, .faults = "flip-vram-read=0x4000000"},
		{.vram_bytes = 64ull << 20, .faults = "melt=1"},
	};
	struct machine mc = {0};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(model_create(&bad[i], &machine_ops, &mc, &mc.gpu), -EINVAL);
}

static void test_memory_space_off(void **state)
{
	struct machine *mc = *state;
	uint8_t buf[3] = {0};

	assert_int_equal(rd(mc, 0), 0xb72000a1);
	model_cfg_write(mc->gpu, PCI_COMMAND, 0, 2);
	assert_int_equal(rd(mc, 0), 0xffffffff);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0, 8), UINT64_MAX);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 0, 1), 0xff);
	model_bar_read(mc->gpu, MODEL_BAR_FB, 1, buf, sizeof(buf));
	assert_int_equal(buf[2], 0xff);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	/* D3hot answers configuration accesses only. */
	model_cfg_write(mc->gpu, CAP_PM + PCI_PM_CTRL, 3, 2);
	assert_int_equal(rd(mc, 0), 0xffffffff);
	model_cfg_write(mc->gpu, CAP_PM + PCI_PM_CTRL, 1, 2);
	assert_int_equal(cfg(mc, CAP_PM + PCI_PM_CTRL, 2) & PCI_PM_CTRL_STATE_MASK, 3);
	model_cfg_write(mc->gpu, CAP_PM + PCI_PM_CTRL, 0, 2);
	assert_int_equal(rd(mc, 0), 0xb72000a1);
}

static void test_config_accesses_that_make_no_sense(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(cfg(mc, 1, 2), 0xffffffff);
	assert_int_equal(cfg(mc, 0, 3), 0xffffffff);
	assert_int_equal(cfg(mc, MODEL_CFG_SIZE, 4), 0xffffffff);
	model_cfg_write(mc->gpu, MODEL_CFG_SIZE, 0, 4);
	model_cfg_write(mc->gpu, PCI_COMMAND, 0, 8);
	assert_int_equal(cfg(mc, PCI_COMMAND, 2), PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 2, 4), 0xffffffff);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 0, 3), 0xffffff);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, MODEL_BAR_REGS_SIZE, 4),
			 0xffffffff);
	assert_int_equal(model_mmio_read(mc->gpu, 2, 0, 4), 0xffffffff);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, UINT64_MAX - 3, 4), 0xffffffff);
}

static void test_mirror_in_bar0(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(rd(mc, 0x088000), 0x223510de);
	wr(mc, 0x088000 + PCI_COMMAND, PCI_COMMAND_MEMORY);
	assert_int_equal(cfg(mc, PCI_COMMAND, 2), PCI_COMMAND_MEMORY);
}

static void test_flr(void **state)
{
	struct machine *mc = *state;
	const uint64_t pattern = 0x0123456789abcdefull;
	struct model_stats stats;

	assert_false(cfg(mc, CAP_EXP + PCI_EXP_DEVCTL, 2) & PCI_EXP_DEVCTL_BCR_FLR);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0x5000, pattern, 8);
	wr(mc, 0x001400, 0x11);	      /* scratch */
	wr(mc, 0x001700, 0x22);	      /* PRAMIN window */
	wr(mc, 0xb80f40, 0x80000000); /* BAR 1 virtual */
	wr(mc, 0x110040, 0x33);	      /* falcon mailbox */
	wr(mc, 0x110c00, 0x44);	      /* queue head */
	wr(mc, 0x1101c0, 0x01000000); /* DMEM port */
	wr(mc, 0x1101c4, 0x55);	      /* DMEM word 0 */
	wr(mc, 0xb81200, ~0u);	      /* leaf enable */
	wr(mc, 0xb81640, 3);	      /* vector 3 pending */
	model_cfg_write(mc->gpu, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE, 2);

	/* A byte write that does not touch bit 15 is no reset. */
	model_cfg_write(mc->gpu, CAP_EXP + PCI_EXP_DEVCTL, 0x10, 1);
	assert_int_equal(mc->flrs, 0);
	model_cfg_write(mc->gpu, CAP_EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
	assert_int_equal(mc->flrs, 1);
	assert_int_equal(cfg(mc, PCI_COMMAND, 2), 0);
	assert_int_equal(cfg(mc, PCI_BASE_ADDRESS_0, 4), 0);
	assert_int_equal(cfg(mc, CAP_MSI + PCI_MSI_FLAGS, 2) & PCI_MSI_FLAGS_ENABLE, 0);

	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(rd(mc, 0x001400), 0);
	assert_int_equal(rd(mc, 0x001700), 0);
	assert_int_equal(rd(mc, 0xb80f40), 0);
	assert_int_equal(rd(mc, 0xb80f48), 0x40000000);
	assert_int_equal(rd(mc, 0x110040), 0);
	assert_int_equal(rd(mc, 0x110c00), 0);
	assert_int_equal(rd(mc, 0xb81200), 0);
	assert_int_equal(rd(mc, 0xb81000), 0);
	wr(mc, 0x1101c0, 0);
	assert_int_equal(rd(mc, 0x1101c4), 0);
	/* VRAM is not part of the function's state. */
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0x5000, 8), pattern);
	model_stats_get(mc->gpu, &stats);
	assert_int_equal(stats.flrs, 1);

	model_flr(mc->gpu);
	assert_int_equal(mc->flrs, 1);
	assert_int_equal(cfg(mc, PCI_COMMAND, 2), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(test_identity),
		model_test(test_capability_list),
		cmocka_unit_test(test_hidden_capabilities),
		model_test(test_bar_sizing),
		cmocka_unit_test(test_sizes_refused),
		model_test(test_memory_space_off),
		model_test(test_config_accesses_that_make_no_sense),
		model_test(test_mirror_in_bar0),
		model_test(test_flr),
	};

	return cmocka_run_group_tests_name("model: PCI function", tests, NULL, NULL);
}
