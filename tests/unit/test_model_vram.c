/* SPDX-License-Identifier: MIT */
/*
 * Video memory of the model: its size, the garbage it powers up with, the three windows on it, its
 * hash, and planted faults.
 *
 * Slices are proved clean, private and intact by what is in this memory, so it must neither help a
 * driver that forgets to clear nor lose a byte.
 */
#include <glib.h>

#include "tests/model/fixture.h"

#define MIB    (1ull << 20)
#define USABLE (960 * MIB)

static void test_size(void **state)
{
	struct machine *mc = *state;
	struct model_config config = {0};
	struct model *big;

	assert_int_equal(model_vram_size(mc->gpu), USABLE);
	assert_int_equal(rd(mc, 0x1183a4), 960);
	/* 32 << 5 MiB, with ECC. */
	assert_int_equal(rd(mc, 0x100ce0), 0x40000000 | 32 << 4 | 5);
	assert_int_equal(rd(mc, 0x625f04), (uint32_t)((USABLE - MIB) >> 16) << 8 | 8);
	assert_int_equal(rd(mc, 0x1fa828), 0);

	/* The A40: 48 GiB of chips, 45 GiB usable. Only address space is taken. */
	assert_int_equal(model_create(NULL, &machine_ops, mc, &big), 0);
	assert_int_equal(model_vram_size(big), 46080 * MIB);
	model_cfg_write(big, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_int_equal(model_mmio_read(big, 0, 0x1183a4, 4), 46080);
	assert_int_equal(model_mmio_read(big, 0, 0x100ce0, 4), 0x40000000 | 48 << 4 | 10);
	model_destroy(big);

	config.vram_bytes = 63 * MIB;
	config.no_ecc = true;
	assert_int_equal(model_create(&config, &machine_ops, mc, &big), 0);
	assert_int_equal(model_vram_size(big), 63 * MIB);
	model_destroy(big);
}

static void test_garbage_at_power_on(void **state)
{
	struct machine *mc = *state;
	const uint64_t *vram = model_vram_ptr(mc->gpu);

	for (uint64_t at = 0; at < USABLE; at += 8ull * 509)
		assert_int_not_equal(vram[at / 8], 0);
	assert_int_not_equal(vram[0], vram[1]);
	assert_int_not_equal(vram[USABLE / 8 - 1], 0);
}

static void test_pramin(void **state)
{
	struct machine *mc = *state;
	uint32_t *vram = model_vram_ptr(mc->gpu);

	wr(mc, 0x001700, 0x0030); /* VRAM 0x300000 */
	wr(mc, 0x700000, 0xaabbccdd);
	wr(mc, 0x7ffffc, 0x11223344);
	assert_int_equal(vram[0x300000 / 4], 0xaabbccdd);
	assert_int_equal(vram[0x3ffffc / 4], 0x11223344);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_REGS, 0x700001, 1), 0xcc);
	model_mmio_write(mc->gpu, MODEL_BAR_REGS, 0x700002, 0x5566, 2);
	assert_int_equal(rd(mc, 0x700000), 0x5566ccdd);
	/* The window moves in steps of 64 KiB. */
	wr(mc, 0x001700, 0x003f);
	assert_int_equal(rd(mc, 0x700000 + 0xfffc), 0x11223344);
	/* Past the end of usable VRAM nothing answers. */
	wr(mc, 0x001700, (uint32_t)(USABLE >> 16));
	assert_int_equal(rd(mc, 0x700000), 0xbad0b000);
	wr(mc, 0x700000, 1);
	assert_int_equal(rd(mc, 0x700000), 0xbad0b000);
}

static void test_pramin_on_system_memory(void **state)
{
	struct machine *mc = *state;

	wr(mc, 0x001700, 2u << 24 | (uint32_t)(MEM_BASE >> 16));
	wr(mc, 0x700010, 0x99887766);
	assert_int_equal(mc->mem[0x13], 0x99);
	assert_int_equal(rd(mc, 0x700010), 0x99887766);
	mc->refuse_reads = true;
	assert_int_equal(rd(mc, 0x700010), 0xbad0b000);
	wr(mc, 0x001700, 1u << 24);
	assert_int_equal(rd(mc, 0x700010), 0xbad0b000);
}

static void test_bar1_and_bar3_physical(void **state)
{
	struct machine *mc = *state;
	uint8_t *vram = model_vram_ptr(mc->gpu);
	uint8_t buf[100], back[100];
	uint64_t len;

	for (size_t i = 0; i < sizeof(buf); i++)
		buf[i] = (uint8_t)(i * 7 + 1);
	model_bar_write(mc->gpu, MODEL_BAR_FB, 0xfffff9d, buf, 99);
	assert_memory_equal(vram + 0xfffff9d, buf, 99);
	model_bar_read(mc->gpu, MODEL_BAR_FB, 0xfffff9d, back, 99);
	assert_memory_equal(back, buf, 99);
	/* One byte past the end of BAR 1: nothing moves. */
	model_bar_write(mc->gpu, MODEL_BAR_FB, 0xfffff9d, buf, 100);
	model_bar_read(mc->gpu, MODEL_BAR_FB, 0xfffff9d, back, 100);
	assert_int_equal(back[0], 0xff);

	assert_ptr_equal(model_bar_ram(mc->gpu, MODEL_BAR_FB, &len), vram);
	assert_int_equal(len, 256 * MIB);
	assert_ptr_equal(model_bar_ram(mc->gpu, MODEL_BAR_INST, &len), vram);
	assert_int_equal(len, 32 * MIB);
	assert_null(model_bar_ram(mc->gpu, MODEL_BAR_REGS, &len));
	model_mmio_write(mc->gpu, MODEL_BAR_INST, 0x1000, 0x42, 4);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0x1000, 4), 0x42);
}

static void test_bar1_virtual(void **state)
{
	struct machine *mc = *state;
	uint64_t len;

	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0, 0x1234, 4);
	wr(mc, 0x001704, 0x80000123);
	assert_int_equal(rd(mc, 0xb80f40), 0x80000123);
	assert_int_equal(rd(mc, 0xb80f50), 0);
	assert_int_equal(mc->ram_changes, 1);
	assert_null(model_bar_ram(mc->gpu, MODEL_BAR_FB, &len));
	assert_non_null(model_bar_ram(mc->gpu, MODEL_BAR_INST, &len));
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0, 4), 0xbad0b000);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0, 0x5678, 4);
	wr(mc, 0xb80f40, 0);
	assert_int_equal(mc->ram_changes, 2);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0, 4), 0x1234);
	wr(mc, 0xb80f48, 0x80000000);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_INST, 0, 4), 0xbad0b000);
}

static void test_window_larger_than_vram(void **state)
{
	const struct model_config config = {.vram_bytes = 64 * MIB};
	struct machine mc = {0};
	uint64_t len;

	(void)state;
	assert_int_equal(model_create(&config, &machine_ops, &mc, &mc.gpu), 0);
	model_cfg_write(mc.gpu, PCI_COMMAND, PCI_COMMAND_MEMORY, 2);
	assert_non_null(model_bar_ram(mc.gpu, MODEL_BAR_FB, &len));
	assert_int_equal(len, 60 * MIB);
	assert_int_equal(model_mmio_read(mc.gpu, MODEL_BAR_FB, 60 * MIB, 4), 0xbad0b000);
	model_mmio_write(mc.gpu, MODEL_BAR_FB, 60 * MIB, 1, 4);
	model_destroy(mc.gpu);
}

static void test_hash(void **state)
{
	struct machine *mc = *state;
	uint8_t *vram = model_vram_ptr(mc->gpu);
	GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
	uint8_t expected[32], got[32];
	gsize n = sizeof(expected);

	g_checksum_update(sum, vram + 12345, 1000003);
	g_checksum_get_digest(sum, expected, &n);
	g_checksum_free(sum);
	assert_int_equal(model_vram_hash(mc->gpu, 12345, 1000003, got), 0);
	assert_memory_equal(got, expected, 32);
	vram[12345] ^= 1;
	assert_int_equal(model_vram_hash(mc->gpu, 12345, 1000003, got), 0);
	assert_memory_not_equal(got, expected, 32);
	assert_int_equal(model_vram_hash(mc->gpu, USABLE, 0, got), 0);
	assert_int_equal(model_vram_hash(mc->gpu, USABLE, 1, got), -ERANGE);
	assert_int_equal(model_vram_hash(mc->gpu, 1, UINT64_MAX, got), -ERANGE);
}

static void test_planted_faults(void **state)
{
	struct machine *mc = *state;
	uint8_t *vram = model_vram_ptr(mc->gpu);
	uint64_t len;

	assert_int_equal(model_fault_set(mc->gpu, "flip-vram-read=0x2005"), 0);
	assert_null(model_bar_ram(mc->gpu, MODEL_BAR_FB, &len));
	assert_int_equal(mc->ram_changes, 2);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0x2000, 0, 8);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0x2000, 8), 1ull << 40);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0x2008, 8),
			 *(uint64_t *)(vram + 0x2008));
	assert_int_equal(vram[0x2005], 0);
	assert_int_equal(rd(mc, 0x702004), 1 << 8);

	assert_int_equal(
		model_fault_set(mc->gpu, "none flip-vram-write=8193  flip-vram-write=9000"), 0);
	assert_int_equal(model_mmio_read(mc->gpu, MODEL_BAR_FB, 0x2000, 8), 0);
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0x2000, 0x0808, 2);
	assert_int_equal(vram[0x2000], 8);
	assert_int_equal(vram[0x2001], 9);

	assert_int_equal(model_fault_set(mc->gpu, "none"), 0);
	assert_non_null(model_bar_ram(mc->gpu, MODEL_BAR_FB, &len));
	model_mmio_write(mc->gpu, MODEL_BAR_FB, 0x2000, 0x0808, 2);
	assert_int_equal(vram[0x2001], 8);
}

static void test_bad_faults_plant_nothing(void **state)
{
	static const char *const bad[] = {
		"flip-vram-read",
		"flip-vram-read=",
		"flip-vram-read=x",
		"flip-vram-read=-1",
		"flip-vram-read=1x",
		"flip-vram-read=0x3c000000",
		"flip-vram-read=0x99999999999999999999",
		"=1",
		"burn=1",
		"flip-vram-read=1 burn=1",
		"flip-vram-read=00000000000000000000000000000000000000000000000000000000000000001",
	};
	struct machine *mc = *state;
	uint64_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(model_fault_set(mc->gpu, bad[i]), -EINVAL);
	assert_int_equal(model_fault_set(mc->gpu, ""), 0);
	assert_int_equal(model_fault_set(mc->gpu, "  "), 0);
	assert_non_null(model_bar_ram(mc->gpu, MODEL_BAR_FB, &len));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		model_test(test_size),
		model_test(test_garbage_at_power_on),
		model_test(test_pramin),
		model_test(test_pramin_on_system_memory),
		model_test(test_bar1_and_bar3_physical),
		model_test(test_bar1_virtual),
		cmocka_unit_test(test_window_larger_than_vram),
		model_test(test_hash),
		model_test(test_planted_faults),
		model_test(test_bad_faults_plant_nothing),
	};

	return cmocka_run_group_tests_name("model: video memory", tests, NULL, NULL);
}
