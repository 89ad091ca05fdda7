/* SPDX-License-Identifier: MIT */
/*
 * Planted faults at boot: each makes a boot that would succeed fail, with its own sign, and taking
 * it away makes the next boot succeed.
 *
 * Tests of drivers plant them to see the driver notice. A fault that does not bite would make such a
 * test pass for nothing.
 */
#include "model_boot.h"

/* Where a boot came to a stop. */
enum stop { NOWHERE, GFW, SCRUB, ROM, FRTS, WPR2, BOOTER, CORE, SB, UNLOAD, REGION };

/* A whole life: boot and unload, as a driver that looks at everything it can. */
static enum stop life(struct machine *mc)
{
	struct ucode u;

	if (!(rd(mc, 0x118128) & 1) || (rd(mc, 0x118234) & 0xff) != 0xff)
		return GFW;
	if (rd(mc, 0x303514) != 0x800) /* FWSEC's code, as its descriptor says */
		return ROM;
	u = fwsec_prepare(mc, 0x15, FRTS_START);
	if (!falcon_reset(mc, GSP) || !falcon_reset(mc, SEC2))
		return SCRUB;
	falcon_load(mc, &u);
	if (!falcon_start(mc, &u) || rd(mc, FRTS_SCRATCH) >> 16)
		return FRTS;
	if (rd(mc, WPR2_HI) == 0 || rd(mc, WPR2_LO) != FRTS_START >> 8)
		return WPR2;
	meta_prepare(mc);
	gsp_select_riscv(mc);
	if (booter_load(mc))
		return BOOTER;
	if (!riscv_active(mc))
		return CORE;
	if (!fwsec(mc, 0x19, 0) || rd(mc, SB_SCRATCH) & 0xffff)
		return SB;
	if (booter_unload(mc))
		return UNLOAD;
	return rd(mc, WPR2_HI) ? REGION : NOWHERE;
}

static void test_faults_bite(void **state)
{
	static const struct {
		const char *fault;
		enum stop stop;
	} faults[] = {
		{"gfw-progress=0x3f", GFW},
		{"flip-reg=0x118234", GFW},
		{"never-scrubbed=0x110000", SCRUB},
		{"never-scrubbed=0x840000", SCRUB},
		{"flip-rom=0x3514", ROM},
		{"flip-rom=0x3830", WPR2}, /* its code */
		{"flip-ucode=0x110000", WPR2},
		{"frts-error=5", FRTS},
		{"never-halts=0x110000", FRTS},
		{"wpr2-off-by=0x20000", WPR2},
		{"flip-reg=0x1fa825", WPR2},
		{"booter-load-error=0x31", BOOTER},
		{"never-halts=0x840000", BOOTER},
		{"riscv-dead=1", CORE},
		{"flip-reg=0x840040", BOOTER},
		{"sb-error=7", SB},
		{"booter-unload-error=0x32", UNLOAD},
		{"wpr2-stuck=1", REGION},
	};
	struct machine *mc = *state;

	assert_int_equal(life(mc), NOWHERE);
	for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
		enum stop stop;

		assert_int_equal(model_fault_set(mc->gpu, faults[i].fault), 0);
		stop = life(mc);
		if (stop != faults[i].stop)
			fail_msg("%s stopped the boot at %d", faults[i].fault, stop);
		assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
		model_flr(mc->gpu);
		model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
		assert_int_equal(life(mc), NOWHERE);
	}
}

/* A byte of the image arrives wrong: a known image would be refused, any has another digest. */
static void test_flipped_image(void **state)
{
	struct machine *mc = *state;
	uint8_t good[32], bad[32];

	assert_int_equal(life(mc), NOWHERE);
	assert_int_equal(model_fwimage_hash(mc->gpu, good), 0);
	assert_int_equal(model_fault_set(mc->gpu, "flip-image=0x2fff"), 0);
	life(mc);
	assert_int_equal(model_fwimage_hash(mc->gpu, bad), 0);
	assert_memory_not_equal(good, bad, sizeof(good));
	assert_int_equal(model_fault_set(mc->gpu, "none flip-image=0x3000"), 0);
	life(mc);
	assert_int_equal(model_fwimage_hash(mc->gpu, bad), 0);
	assert_memory_equal(good, bad, sizeof(good));
}

/* A function-level reset that software starts leaves the region; a reset of the bus does not. */
static void test_region_outlives_reset(void **state)
{
	struct machine *mc = *state;

	assert_int_equal(model_fault_set(mc->gpu, "wpr2-stuck=1"), 0);
	assert_int_equal(life(mc), REGION);
	assert_int_equal(model_fault_set(mc->gpu, "flr-keeps-wpr2=1"), 0);
	model_cfg_write(mc->gpu, CAP_EXP + PCI_EXP_DEVCTL, PCI_EXP_DEVCTL_BCR_FLR, 2);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_not_equal(rd(mc, WPR2_HI), 0);
	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_int_equal(rd(mc, WPR2_HI), 0);
	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	assert_int_equal(life(mc), NOWHERE);
}

static void test_values(void **state)
{
	static const char *const bad[] = {
		"flip-rom=0x100000",
		"gfw-progress=0x100",
		"frts-error=0x10000",
		"riscv-dead=2",
		"flip-reg=0x1000000",
		"never-halts",
		"booter-load-error=0x100000000",
		"flip-image=0x40000000",
		"wpr2-stuck=x",
	};
	struct machine *mc = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(model_fault_set(mc->gpu, bad[i]), -EINVAL);
	assert_int_equal(life(mc), NOWHERE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_faults_bite),
		boot_test(test_flipped_image),
		boot_test(test_region_outlives_reset),
		boot_test(test_values),
	};

	return cmocka_run_group_tests_name("model: faults", tests, NULL, NULL);
}
