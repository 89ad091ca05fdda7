/* SPDX-License-Identifier: MIT */
/*
 * The model's boot hardware: FWSEC, booters, write protection, from the first register to an active
 * RISC-V core and back.
 *
 * A model that forgives is worthless as a judge of drivers. So after the right sequence, each step
 * is done wrong in turn, and the sign that hardware would give must be there, and nothing else done.
 */
#include <glib.h>

#include "model_boot.h"

#define META_AT (MEM_BASE + AT_META)

/* Everything up to the booter. */
static void prepare(struct machine *mc)
{
	assert_true(fwsec(mc, 0x15, FRTS_START));
	assert_int_equal(rd(mc, FRTS_SCRATCH) >> 16, 0);
	assert_true(gsp_select_riscv(mc));
	meta_prepare(mc);
}

/* As FWSEC left it: nothing has been started. */
static void assert_not_booted(struct machine *mc)
{
	assert_int_equal(rd(mc, WPR2_LO), FRTS_START >> 8);
	assert_int_equal(rd(mc, WPR2_HI), VGA_START >> 8);
	assert_false(riscv_active(mc));
}

static uint32_t pramin(struct machine *mc, uint64_t addr)
{
	wr(mc, 0x001700, (uint32_t)(addr >> 16));
	return rd(mc, 0x700000 + (addr & 0xffff));
}

static void test_boot_and_unload(void **state)
{
	const struct gsp_fw_wpr_meta *placed;
	struct machine *mc = *state;
	uint8_t expected[32], digest[32];
	gsize len = sizeof(expected);
	const uint8_t *vram = model_vram_ptr(mc->gpu);
	GChecksum *sum;

	assert_int_equal(model_fwimage_hash(mc->gpu, digest), -ENOENT);
	for (int again = 0; again < 2; again++) {
		assert_no_wpr2(mc);
		prepare(mc);
		assert_not_booted(mc);
		assert_int_equal(booter_load(mc), 0);
		assert_true(riscv_active(mc));
		assert_int_equal(rd(mc, WPR2_LO), WPR_START >> 8);
		assert_int_equal(rd(mc, WPR2_HI), VGA_START >> 8);

		sum = g_checksum_new(G_CHECKSUM_SHA256);
		g_checksum_update(sum, mc->mem + AT_IMAGE, IMAGE_SIZE);
		g_checksum_get_digest(sum, expected, &len);
		g_checksum_free(sum);
		assert_int_equal(model_fwimage_hash(mc->gpu, digest), 0);
		assert_memory_equal(digest, expected, sizeof(digest));

		/* In place, and out of the CPU's reach. */
		assert_memory_equal(vram + ELF_START, mc->mem + AT_IMAGE, IMAGE_SIZE);
		assert_memory_equal(vram + BOOT_START, mc->mem + AT_BOOTLOADER, 0x1000);
		placed = (const void *)(vram + WPR_START);
		assert_true(placed->verified == 0xa0a0a0a0a0a0a0a0);
		assert_int_equal(pramin(mc, ELF_START), 0xbad0b000);
		wr(mc, 0x700000 + (ELF_START & 0xffff), 0);
		assert_memory_equal(vram + ELF_START, mc->mem + AT_IMAGE, 4);
		assert_int_not_equal(pramin(mc, WPR_START - 4), 0xbad0b000);
		assert_int_not_equal(pramin(mc, VGA_START), 0xbad0b000);

		assert_true(fwsec(mc, 0x19, 0));
		assert_false(riscv_active(mc));
		assert_int_equal(rd(mc, SB_SCRATCH) & 0xffff, 0);
		assert_int_equal(booter_unload(mc), 0);
		assert_no_wpr2(mc);
		assert_int_equal(pramin(mc, ELF_START), le32(mc->mem + AT_IMAGE));
	}
}

/* A predecessor that died leaves the region: FRTS fails until it is unloaded, or the board reset. */
static void test_predecessor(void **state)
{
	struct machine *mc = *state;

	prepare(mc);
	assert_int_equal(booter_load(mc), 0);
	assert_true(fwsec(mc, 0x15, FRTS_START));
	assert_int_not_equal(rd(mc, FRTS_SCRATCH) >> 16, 0);
	assert_int_equal(rd(mc, WPR2_LO), WPR_START >> 8);

	assert_true(fwsec(mc, 0x19, 0));
	assert_int_equal(booter_unload(mc), 0);
	assert_no_wpr2(mc);
	prepare(mc);
	assert_int_equal(booter_load(mc), 0);

	model_flr(mc->gpu);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	assert_no_wpr2(mc);
	assert_false(riscv_active(mc));
	prepare(mc);
	assert_int_equal(booter_load(mc), 0);
}

/* The GSP cannot be unloaded while it runs. */
static void test_unload_refused(void **state)
{
	struct machine *mc = *state;
	struct ucode u;

	prepare(mc);
	assert_int_equal(booter_load(mc), 0);
	assert_int_not_equal(booter_unload(mc), 0);
	assert_int_equal(rd(mc, WPR2_LO), WPR_START >> 8);
	assert_true(riscv_active(mc));
	assert_true(falcon_reset(mc, GSP));
	/* Saving the region for a suspend is not modelled. */
	u = booter_prepare(mc, 0x4d00);
	u.mailbox0 = 0x1000;
	assert_true(run(mc, &u));
	assert_int_not_equal(rd(mc, SEC2 + MAILBOX0), 0);
	assert_int_equal(rd(mc, WPR2_LO), WPR_START >> 8);
	assert_int_equal(booter_unload(mc), 0);
}

/* Started again the booter resumes the GSP, if it waits for that. */
static void test_resume_refused(void **state)
{
	struct machine *mc = *state;

	prepare(mc);
	assert_int_equal(booter_load(mc), 0);
	assert_int_equal(rd(mc, 0x1180f8) & 0x04000000, 0);
	assert_true(falcon_reset(mc, GSP));
	assert_false(riscv_active(mc));
	/* Without arguments, or on the wrong core, it does not. */
	wr(mc, SEC2 + CPUCTL, 2);
	assert_true(poll(mc, SEC2 + CPUCTL, 0x10, 0x10));
	assert_int_not_equal(rd(mc, SEC2 + MAILBOX0), 0);
	assert_false(riscv_active(mc));
	/* Nor if the firmware has not asked for it; test_model_gsp.c has the case that it did. */
	assert_true(gsp_select_riscv(mc));
	wr(mc, SEC2 + CPUCTL, 2);
	assert_true(poll(mc, SEC2 + CPUCTL, 0x10, 0x10));
	assert_int_equal(rd(mc, SEC2 + MAILBOX0), 0x111);
	assert_int_equal(rd(mc, 0x1180f8) & 0x04000000, 0);
	assert_false(riscv_active(mc));
}

/* ---- the booter done wrong ---- */

#define FIELD(f) offsetof(struct gsp_fw_wpr_meta, f)

static void test_meta(void **state)
{
	static const struct {
		size_t field;
		uint64_t value;
		uint32_t error;
	} wrong[] = {
		{FIELD(magic), 0xdc3aae21371a60b2, 0x102},
		{FIELD(revision), 2, 0x103},
		{FIELD(verified), 0xa0a0a0a0a0a0a0a0, 0x104},
		{FIELD(sysmemAddrOfRadix3Elf), 0, 0x105},
		{FIELD(sysmemAddrOfRadix3Elf), MEM_BASE + AT_RADIX0 + 8, 0x105},
		{FIELD(sysmemAddrOfBootloader), 0, 0x105},
		{FIELD(sysmemAddrOfSignature), MEM_BASE + AT_SIGNATURE + 8, 0x105},
		{FIELD(sizeOfRadix3Elf), 0, 0x106},
		{FIELD(sizeOfRadix3Elf), ~0ull, 0x106},
		{FIELD(sizeOfBootloader), 0, 0x106},
		{FIELD(nonWprHeapSize), 2 * MIB, 0x106},
		{FIELD(gspFwRsvdStart), WPR_START, 0x106},
		{FIELD(gspFwHeapOffset), WPR_START, 0x106},
		{FIELD(gspFwHeapSize), 64 * MIB, 0x106},
		{FIELD(gspFwHeapSize), ~0ull, 0x106},
		{FIELD(gspFwOffset), BOOT_START, 0x106},
		{FIELD(bootBinOffset), FRTS_START, 0x106},
		{FIELD(frtsOffset), BOOT_START, 0x106},
		{FIELD(frtsSize), 0, 0x106},
		{FIELD(gspFwWprEnd), FRTS_START, 0x106},
		{FIELD(gspFwWprEnd), FB_SIZE, 0x106},
		{FIELD(vgaWorkspaceOffset), FB_SIZE, 0x106},
		{FIELD(gspFwWprStart), WPR_START + 0x1000, 0x107},
		{FIELD(gspFwOffset), ELF_START - 0x1000, 0x107},
		{FIELD(bootBinOffset), BOOT_START - 0x80, 0x107},
		{FIELD(fbSize), FB_SIZE - MIB, 0x108},
		{FIELD(frtsSize), MIB / 2, 0x109},
		{FIELD(sysmemAddrOfBootloader), 0x1000, 0x10a},
		{FIELD(bootloaderCodeOffset), 0x1000, 0x10a},
		{FIELD(bootloaderDataOffset), 0x1000, 0x10a},
		{FIELD(bootloaderManifestOffset), 0x1000, 0x10a},
		{FIELD(sizeOfSignature), 0, 0x10b},
		{FIELD(sizeOfSignature), 0x100, 0x10b},
		{FIELD(sysmemAddrOfSignature), 0x1000, 0x10b},
		{FIELD(sysmemAddrOfRadix3Elf), 0x1000, 0x10c},
	};
	struct machine *mc = *state;

	prepare(mc);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct gsp_fw_wpr_meta *meta = meta_prepare(mc);

		memcpy((uint8_t *)meta + wrong[i].field, &wrong[i].value, 8);
		assert_int_equal(booter_load(mc), wrong[i].error);
		assert_not_booted(mc);
	}
	/* None of it did harm. */
	meta_prepare(mc);
	assert_int_equal(booter_load(mc), 0);
}

static void test_booter_memory(void **state)
{
	static const uint32_t tables[] = {AT_RADIX0, AT_RADIX1, AT_RADIX2, AT_RADIX2 + 16};
	static const uint64_t bad[] = {0, 0x1000, MEM_BASE + AT_IMAGE + 8};
	struct machine *mc = *state;
	uint8_t digest[32];

	prepare(mc);
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (size_t j = 0; j < sizeof(bad) / sizeof(bad[0]); j++) {
			meta_prepare(mc);
			memcpy(mc->mem + tables[i], &bad[j], 8);
			assert_int_equal(booter_load(mc), 0x10c);
			assert_not_booted(mc);
			assert_int_equal(model_fwimage_hash(mc->gpu, digest), -ENOENT);
		}
	}
	meta_prepare(mc);
	mc->mem[AT_SIGNATURE] = 0;
	assert_int_equal(booter_load(mc), 0x10b);
	meta_prepare(mc);
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	/* Not even the booter arrives; the mailbox stays as it was written. */
	assert_int_equal(booter_load(mc), (uint32_t)META_AT);
	assert_not_booted(mc);
}

/* More pages than one table of level 2 holds; the last one is not full. */
static void test_large_image(void **state)
{
	struct gsp_fw_wpr_meta *meta;
	struct machine *mc = *state;
	uint8_t expected[32], digest[32];
	gsize len = sizeof(expected);
	uint64_t *table, pages = 3 * 512 + 1;
	GChecksum *sum;

	prepare(mc);
	meta = meta_prepare(mc);
	meta->sizeOfRadix3Elf = pages * 4096 - 100;
	meta->gspFwOffset = ELF_START - 7 * MIB;
	table = (void *)(mc->mem + AT_RADIX1);
	for (int i = 1; i < 4; i++)
		table[i] = MEM_BASE + AT_RADIX2;
	table = (void *)(mc->mem + AT_RADIX2);
	for (int i = 0; i < 512; i++)
		table[i] = MEM_BASE + AT_IMAGE + 4096ull * (i % 3);
	assert_int_equal(booter_load(mc), 0);

	sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (uint64_t i = 0; i < pages; i++)
		g_checksum_update(sum, mc->mem + AT_IMAGE + 4096 * (i % 512 % 3),
				  i + 1 < pages ? 4096 : 4096 - 100);
	g_checksum_get_digest(sum, expected, &len);
	g_checksum_free(sum);
	assert_int_equal(model_fwimage_hash(mc->gpu, digest), 0);
	assert_memory_equal(digest, expected, sizeof(digest));
}

/* FRTS not run; the GSP in reset, on its falcon core, without arguments, or running already. */
static void test_booter_order(void **state)
{
	struct machine *mc = *state;

	assert_true(gsp_select_riscv(mc));
	meta_prepare(mc);
	assert_int_equal(booter_load(mc), 0x109);
	assert_no_wpr2(mc);
	assert_false(riscv_active(mc));

	prepare(mc);
	wr(mc, GSP + 0x3c0, 1);
	assert_int_equal(booter_load(mc), 0x10e);
	assert_true(falcon_reset(mc, GSP));
	assert_int_equal(booter_load(mc), 0x10e);
	wr(mc, GSP + BCR_CTRL, 0x111);
	assert_int_equal(booter_load(mc), 0x110);
	assert_not_booted(mc);
	assert_true(gsp_select_riscv(mc));
	assert_int_equal(booter_load(mc), 0);
	/* A second time: the region is no longer FRTS's. */
	assert_int_equal(booter_load(mc), 0x109);
	assert_true(riscv_active(mc));
}

/* On a real board nothing unsigned gets past the boot ROM; the mailbox stays as it was. */
static void test_unsigned(void **state)
{
	struct machine *mc = *state;

	prepare(mc);
	assert_int_equal(booter_load(mc), (uint32_t)META_AT);
	assert_not_booted(mc);
	assert_int_equal(booter_unload(mc), 0xff);
}

static void test_booter_boot_rom(void **state)
{
	struct machine *mc = *state;
	struct ucode good, u;

	prepare(mc);
	good = booter_prepare(mc, 0x6200);
	good.mailbox0 = (uint32_t)META_AT;
	good.mailbox1 = (uint32_t)(META_AT >> 32);
	for (int i = 0; i < 6; i++) {
		booter_prepare(mc, 0x6200);
		u = good;
		switch (i) {
		case 0:
			u.data_size -= 0x100;
			break;
		case 1:
			u.engines = 0x400;
			break;
		case 2:
			u.id = 9;
			break;
		case 3:
			u.algorithm = 0;
			break;
		case 4:
			memset(mc->mem + AT_UCODE + u.code_size, 0, 0x400);
			break;
		case 5:
			u.boot_vector = 0;
			u.falcon = SEC2;
			assert_true(falcon_reset(mc, SEC2));
			falcon_load(mc, &good);
			assert_true(falcon_start(mc, &u));
			assert_not_booted(mc);
			continue;
		}
		assert_true(run(mc, &u));
		assert_int_equal(rd(mc, SEC2 + MAILBOX0), (uint32_t)META_AT);
		assert_not_booted(mc);
	}
	booter_prepare(mc, 0x6200);
	assert_true(run(mc, &good));
	assert_int_equal(rd(mc, SEC2 + MAILBOX0), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		boot_test(test_boot_and_unload),
		boot_test(test_predecessor),
		boot_test(test_unload_refused),
		boot_test(test_resume_refused),
		boot_test(test_meta),
		boot_test(test_booter_memory),
		boot_test(test_large_image),
		boot_test(test_booter_order),
		boot_test(test_booter_boot_rom),
		model_test(test_unsigned),
	};

	return cmocka_run_group_tests_name("model: boot", tests, NULL, NULL);
}
