/* SPDX-License-Identifier: MIT */
/*
 * The whole way with each firmware that the model knows: start, what the firmware says about the board,
 * unload, start again without a reset, and a predecessor that died without unloading.
 */
#include "gpu/core/boot/boot_int.h"
#include "tests/common/sha256.h"
#include "tests/unit/boot_bed.h"

#define WPR2_HI 0x1fa828u

static const char *const versions[] = {"535.113.01", "535.261.03", "550.163.01", "570.144"};
#define VERSIONS (sizeof(versions) / sizeof(versions[0]))

static struct boot_bed *up(const char *version)
{
	struct boot_bed *bed = boot_bed_up(version);

	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	return bed;
}

static void start_ok(struct boot_bed *bed)
{
	if (bed_start(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
	assert_int_equal(gpu_boot_state(bed->boot), GPU_BOOT_RUNNING);
}

static void stop_ok(struct boot_bed *bed)
{
	if (bed_stop(bed))
		fail_msg("%s", gpu_boot_error(bed->boot));
	assert_int_equal(gpu_boot_state(bed->boot), GPU_BOOT_OFF);
	assert_int_equal(gpu_rd32(bed->gpu, WPR2_HI), 0);
}

/* The image as it came through radix3 is the archive's, byte for byte, and was never copied by us. */
static void image_arrived(struct boot_bed *bed)
{
	uint8_t want[SHA256_SIZE], got[SHA256_SIZE];
	struct sha256 sum;

	sha256_init(&sum);
	sha256_update(&sum, bed->archive + FW_GSP_IMAGE, FW_IMAGE);
	sha256_final(&sum, want);
	assert_int_equal(model_fwimage_hash(bed->model, got), 0);
	assert_memory_equal(got, want, sizeof(got));
}

static void static_info(struct boot_bed *bed)
{
	const struct gpu_static_info *info = gpu_boot_info(bed->boot);
	uint64_t usable = 0;

	assert_string_equal(info->name, "NVIDIA A40 (model)");
	assert_int_equal(info->regions, 2);
	for (unsigned int i = 0; i < info->regions; i++) {
		if (info->region[i].usable)
			usable += info->region[i].limit + 1 - info->region[i].base;
	}
	assert_int_equal(usable, 768 * MIB);
	assert_int_equal(info->region[1].limit, 1024 * MIB - 1);
	assert_true(info->region[1].protect);
	assert_int_equal(info->client, 0xc1e00004);
	assert_int_equal(info->device, 0xde1d0000);
	assert_int_equal(info->subdevice, 0x5d1d0000);
}

static void starts_unloads_and_starts_again(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < VERSIONS; i++) {
		struct boot_bed *bed = up(versions[i]);

		for (unsigned int times = 0; times < 3; times++) {
			start_ok(bed);
			image_arrived(bed);
			static_info(bed);
			assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), -EBUSY);
			stop_ok(bed);
			assert_int_equal(gpu_boot_stop(bed->boot, bed_done, bed), -EBUSY);
		}
		boot_bed_down(bed);
	}
}

/* What the pack and the chip make of 1 GiB: the order and alignments of gsp_fw_wpr_meta.h. */
static void layout_is_in_order(void **state)
{
	struct boot_bed *bed = up("570.144");
	const struct gpu_layout *l;
	char word[4];

	(void)state;
	start_ok(bed);
	l = gpu_boot_layout(bed->boot);
	assert_int_equal(l->fb_size, 1024 * MIB);
	assert_int_equal(l->vga.addr, 1023 * MIB);
	assert_int_equal(l->wpr_end, 1023 * MIB);
	assert_int_equal(l->frts.addr, 1022 * MIB);
	assert_true(l->bootloader.addr + l->bootloader.size <= l->frts.addr);
	assert_true(l->image.addr + l->image.size <= l->bootloader.addr);
	assert_int_equal(l->image.addr % 0x10000, 0);
	/* OS 22 MiB, RM 8 MiB, 96 KiB for the one GiB rounded up, clients 96 MiB. */
	assert_true(l->heap.size >= 127 * MIB && l->heap.size < 129 * MIB);
	assert_true(l->heap.addr + l->heap.size <= l->image.addr);
	assert_int_equal(l->wpr_start % MIB, 0);
	assert_true(l->wpr_start < l->heap.addr);
	assert_int_equal(l->non_wpr_heap.addr + l->non_wpr_heap.size, l->wpr_start);
	/* What the stand-in keeps is more than that: slices get what is below both. */
	assert_int_equal(gpu_boot_usable_end(bed->boot), 768 * MIB);
	assert_int_equal(gpu_vram_limit(bed->gpu, gpu_boot_usable_end(bed->boot)), 0);
	assert_int_equal(gpu_vram_free_bytes(bed->gpu), 768 * MIB);
	assert_int_equal(gpu_info(bed->gpu)->vram_usable, 768 * MIB);
	/* The firmware had BAR1 go through page tables; VRAM is reached nevertheless. */
	assert_int_equal(gpu_vram_write(bed->gpu, 0x12340, "here", 4), 0);
	assert_int_equal(gpu_vram_read(bed->gpu, 0x12340, word, 4), 0);
	assert_memory_equal(word, "here", 4);
	stop_ok(bed);
	boot_bed_down(bed);
}

/* The driver domain was destroyed under a running firmware, without a reset of the function. */
static void predecessor_is_ended(void **state)
{
	struct boot_bed *bed = up("570.144");

	(void)state;
	start_ok(bed);
	gpu_boot_free(bed->boot); /* resets the falcons: nothing may reach memory; WPR2 stays */
	assert_int_not_equal(gpu_rd32(bed->gpu, WPR2_HI), 0);
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	start_ok(bed);
	assert_int_equal(hosted_log_count(bed->h, bed->dom, "predecessor's firmware"), 1);
	stop_ok(bed);
	boot_bed_down(bed);
}

/* And one that cannot be ended: the function must be reset, and then all is well. */
static void stuck_predecessor_asks_for_a_reset(void **state)
{
	struct boot_bed *bed = up("570.144");

	(void)state;
	start_ok(bed);
	gpu_boot_free(bed->boot);
	assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	assert_int_equal(model_fault_set(bed->model, "wpr2-stuck=1"), 0);
	assert_int_equal(bed_start(bed), -EBUSY);
	assert_non_null(strstr(gpu_boot_error(bed->boot), "the function must be reset"));
	assert_non_null(strstr(gpu_boot_error(bed->boot), "WPR2_ADDR_HI"));

	boot_bed_revive(bed);
	start_ok(bed);
	assert_int_equal(hosted_log_count(bed->h, bed->dom, "predecessor's firmware"), 1);
	stop_ok(bed);
	boot_bed_down(bed);
}

/* Freed in the middle of everything, it leaves nothing behind, and the next one starts. */
static void freed_at_any_moment(void **state)
{
	struct boot_bed *bed = up("535.113.01");

	(void)state;
	for (unsigned int ms = 0; ms < 12; ms++) {
		bed->over = false;
		assert_int_equal(gpu_boot_start(bed->boot, bed_done, bed), 0);
		hv_loop_until(bed_is_over, bed, ms * HV_MS);
		gpu_boot_free(bed->boot);
		assert_int_equal(gpu_boot_new(bed->gpu, &bed->fw, bed->pack, false, &bed->boot), 0);
	}
	start_ok(bed);
	stop_ok(bed);
	boot_bed_down(bed);
}

/* At the end of the domain there is no loop to wait in; with firmware that is silent it still ends. */
static void stops_without_the_loop(void **state)
{
	struct boot_bed *bed = up("570.144");
	uint64_t before;

	(void)state;
	assert_int_equal(gpu_boot_stop_now(bed->boot), -EBUSY);
	start_ok(bed);
	assert_int_equal(gpu_boot_stop_now(bed->boot), 0);
	assert_int_equal(gpu_rd32(bed->gpu, WPR2_HI), 0);
	start_ok(bed);
	assert_int_equal(model_fault_set(bed->model, "gsp-silent=47"), 0);
	before = hv_now();
	assert_int_equal(gpu_boot_stop_now(bed->boot), -ETIMEDOUT);
	assert_true(hv_now() - before < 12 * HV_S);
	assert_int_equal(gpu_boot_state(bed->boot), GPU_BOOT_OFF);
	assert_int_equal(gpu_rd32(bed->gpu, WPR2_HI), 0);
	boot_bed_down(bed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(starts_unloads_and_starts_again),
		cmocka_unit_test(layout_is_in_order),
		cmocka_unit_test(predecessor_is_ended),
		cmocka_unit_test(stuck_predecessor_asks_for_a_reset),
		cmocka_unit_test(freed_at_any_moment),
		cmocka_unit_test(stops_without_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
