/* SPDX-License-Identifier: MIT */
/*
 * The GPU core against the GPU model: what is found at attach, every way to VRAM, scrubbing that is
 * really checked, the falcon's DMA, and a GPU that goes away.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gpu/core/gpu.h"
#include "tests/unit/vgpu_bed.h"

#define PCI_COMMAND	   4
#define PCI_COMMAND_MASTER 4

static int setup(void **state)
{
	struct bed *bed = calloc(1, sizeof(*bed));

	bed_up(bed, &bed_board);
	hosted_enter(bed->h, bed->gpudom);
	*state = bed;
	return 0;
}

static int teardown(void **state)
{
	struct bed *bed = *state;

	hosted_leave();
	bed_down(bed);
	free(bed);
	return 0;
}

static void attach_identifies_the_board(void **state)
{
	struct bed *bed = *state;
	const struct gpu_info *info = gpu_info(bed->gpu);

	assert_string_equal(info->chip, "GA102");
	assert_int_equal(info->pci_vendor, 0x10de);
	assert_int_equal(info->pci_device, 0x2235);
	assert_int_equal(info->pmc_boot_42 >> 20 & 0x3ff, 0x172);
	assert_int_equal(info->vram_size, model_vram_size(bed->model));
	/* The last MiB is the board's VGA workspace. */
	assert_int_equal(info->vram_usable, info->vram_size - MIB);
	assert_int_equal(gpu_vram_free_bytes(bed->gpu), info->vram_usable);
	assert_false(gpu_is_lost(bed->gpu));
}

/* VRAM as the CPU sees it through BAR1 and PRAMIN is VRAM as the GPU addresses it. */
static void every_address_is_the_right_one(void **state)
{
	/* In BAR1, across two of its windows, across its end, across two PRAMIN windows, at the end. */
	static const uint64_t places[] = {0, 16 * MIB - 8, 64 * MIB - 8, 65 * MIB - 8,
					  192 * MIB - 16};
	const uint8_t *vram = model_vram_ptr(((struct bed *)*state)->model);
	struct bed *bed = *state;
	uint8_t out[16], in[16];

	for (unsigned int i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		bed_pattern(out, sizeof(out), places[i] + 1);
		assert_int_equal(gpu_vram_write(bed->gpu, places[i], out, sizeof(out)), 0);
		assert_memory_equal(vram + places[i], out, sizeof(out));
		assert_int_equal(gpu_vram_read(bed->gpu, places[i], in, sizeof(in)), 0);
		assert_memory_equal(in, out, sizeof(in));
	}
}

/* More 16 MiB windows in use than there are: the oldest moves, and none shows the wrong place. */
static void windows_move(void **state)
{
	static const struct model_config board = {
		.vram_bytes = 1024 * MIB, .bar1_bytes = 1024 * MIB, .no_ecc = true};
	uint64_t seed = 1, key;
	struct bed bed;

	(void)state;
	bed_up(&bed, &board);
	hosted_enter(bed.h, bed.gpudom);
	for (uint64_t w = 0; w < 63; w++)
		assert_int_equal(gpu_vram_write(bed.gpu, w * 16 * MIB + w * 4, &w, 8), 0);
	for (unsigned int i = 0; i < 500; i++) {
		uint64_t w;

		seed = seed * 6364136223846793005ull + 1442695040888963407ull;
		w = (seed >> 33) % 63;
		assert_int_equal(gpu_vram_read(bed.gpu, w * 16 * MIB + w * 4, &key, 8), 0);
		assert_int_equal(key, w);
	}
	hosted_leave();
	bed_down(&bed);
}

static void accesses_outside_are_refused(void **state)
{
	struct bed *bed = *state;
	uint64_t end = gpu_info(bed->gpu)->vram_size;
	uint32_t words[2];

	assert_int_equal(gpu_vram_read(bed->gpu, end, words, 4), -EINVAL);
	assert_int_equal(gpu_vram_read(bed->gpu, end - 4, words, 8), -EINVAL);
	assert_int_equal(gpu_vram_read(bed->gpu, UINT64_MAX - 3, words, 8), -EINVAL);
	assert_int_equal(gpu_vram_read(bed->gpu, 2, words, 4), -EINVAL);
	assert_int_equal(gpu_vram_write(bed->gpu, 0, words, 3), -EINVAL);
	assert_int_equal(gpu_vram_read(bed->gpu, end - 4, words, 4), 0);
	assert_int_equal(gpu_vram_read(bed->gpu, end, words, 0), 0);
}

static void ranges_are_whole_and_counted(void **state)
{
	struct bed *bed = *state;
	uint64_t all = gpu_vram_free_bytes(bed->gpu);
	struct gpu_range a, b;

	assert_int_equal(gpu_vram_alloc(bed->gpu, 0, &a), -EINVAL);
	assert_int_equal(gpu_vram_alloc(bed->gpu, GPU_VRAM_ALIGN - 4, &a), -EINVAL);
	assert_int_equal(gpu_vram_alloc(bed->gpu, all + GPU_VRAM_ALIGN, &a), -ENOMEM);
	assert_int_equal(gpu_vram_alloc(bed->gpu, all - GPU_VRAM_ALIGN, &a), 0);
	assert_int_equal(gpu_vram_alloc(bed->gpu, GPU_VRAM_ALIGN, &b), 0);
	assert_int_equal(gpu_vram_free_bytes(bed->gpu), 0);
	assert_true(a.base + a.size <= b.base || b.base + b.size <= a.base);
	gpu_vram_free(bed->gpu, &a);
	gpu_vram_free(bed->gpu, &b);
	assert_int_equal(gpu_vram_free_bytes(bed->gpu), all);
}

static int scrub_all(struct bed *bed, const struct gpu_range *range, uint64_t budget,
		     unsigned int *steps)
{
	uint64_t done = 0;
	int ret;

	*steps = 0;
	do {
		uint64_t before = done;

		ret = gpu_vram_scrub(bed->gpu, range, budget, &done);
		assert_true(ret < 0 || done - before <= budget);
		(*steps)++;
	} while (ret > 0);
	assert_true(ret < 0 || done == range->size);
	return ret;
}

/* VRAM is garbage after power-on. The range lies on both sides of BAR1's end. */
static void scrub_clears_the_range_and_nothing_else(void **state)
{
	struct bed *bed = *state;
	const uint8_t *vram = model_vram_ptr(bed->model);
	struct gpu_range low, range;
	unsigned int steps;

	assert_int_equal(gpu_vram_alloc(bed->gpu, 63 * MIB, &low), 0);
	assert_int_equal(gpu_vram_alloc(bed->gpu, 3 * MIB, &range), 0);
	assert_int_equal(range.base, 63 * MIB);
	assert_false(bed_is_zero(vram + range.base, range.size));
	assert_int_equal(scrub_all(bed, &range, MIB / 16, &steps), 0);
	assert_int_equal(steps, 48);
	assert_true(bed_is_zero(vram + range.base, range.size));
	assert_false(bed_is_zero(vram + range.base - 64, 64));
	assert_false(bed_is_zero(vram + range.base + range.size, 64));
	gpu_vram_free(bed->gpu, &range);
	gpu_vram_free(bed->gpu, &low);
}

/* One bit that does not clear, at either end or in the middle, is always found. */
static void scrub_is_checked(void **state)
{
	struct bed *bed = *state;
	uint64_t offsets[] = {0, 4095, 4097, MIB / 2 + 13, MIB - 1};
	struct gpu_range range;
	unsigned int steps;
	char fault[64];

	assert_int_equal(gpu_vram_alloc(bed->gpu, MIB, &range), 0);
	for (unsigned int i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		snprintf(fault, sizeof(fault), "flip-vram-write=%" PRIu64, range.base + offsets[i]);
		assert_int_equal(model_fault_set(bed->model, fault), 0);
		assert_int_equal(scrub_all(bed, &range, MIB / 4, &steps), -EIO);
		assert_int_equal(model_fault_set(bed->model, "none"), 0);
	}
	assert_int_equal(hosted_log_count(bed->h, bed->gpudom, "is not zero after its scrub"), 5);
	assert_int_equal(scrub_all(bed, &range, MIB / 4, &steps), 0);
	gpu_vram_free(bed->gpu, &range);
}

static void falcon_loads_from_memory(void **state)
{
	struct bed *bed = *state;
	uint8_t block[256], *page = hv_pages_alloc(1);

	bed_pattern(page, HV_PAGE_SIZE, 7);
	for (size_t len = 4; len <= 256; len *= 2) {
		uint64_t addr = hv_dma_addr(page) + 512;

		assert_int_equal(gpu_falcon_dma_load(bed->gpu, addr, 0x400, len), 0);
		assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 0x400, block, len), 0);
		assert_memory_equal(block, page + 512, len);
	}
	hv_pages_free(page, 1);
}

static void falcon_arguments_are_checked(void **state)
{
	struct bed *bed = *state;
	uint32_t word;

	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 0, 0, 512), -EINVAL);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 0, 0, 12), -EINVAL);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 0, 0, 0), -EINVAL);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 128, 0, 256), -EINVAL);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 1ull << 47, 0, 256), -EINVAL);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 0, 128, 256), -EINVAL);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 0, 0x10000, 256), -EINVAL);
	assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 0x10000, &word, 4), -EINVAL);
	assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 2, &word, 4), -EINVAL);
	assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 0, &word, 3), -EINVAL);
}

/* What is not this domain's is out of reach: the unit ends idle, DMEM keeps what it had. */
static void iommu_confines_the_falcon(void **state)
{
	struct bed *bed = *state;
	uint8_t before[256], after[256], *page = hv_pages_alloc(1);
	struct guest g;
	uint64_t theirs;

	memset(page, 0x5a, HV_PAGE_SIZE);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, hv_dma_addr(page), 0, 256), 0);
	assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 0, before, 256), 0);
	hosted_leave();
	guest_new(bed, &g);
	hosted_enter(bed->h, g.dom);
	theirs = hv_dma_addr(g.buf);
	hosted_leave();
	hosted_enter(bed->h, bed->gpudom);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, theirs, 0, 256), 0);
	assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 0, after, 256), 0);
	assert_memory_equal(before, after, 256);
	assert_int_equal(hosted_iommu_refused(bed->h), 1);
	hv_pages_free(page, 1);
}

struct lost {
	unsigned int calls;
};

static void count_lost(struct gpu *gpu, void *arg)
{
	(void)gpu;
	((struct lost *)arg)->calls++;
}

static void check_lost(struct bed *bed, struct lost *lost)
{
	struct gpu_range range;
	uint64_t done = 0;
	uint32_t word = 0;

	assert_true(gpu_is_lost(bed->gpu));
	assert_int_equal(lost->calls, 1);
	assert_int_equal(gpu_vram_read(bed->gpu, 0, &word, 4), -ENODEV);
	assert_int_equal(gpu_vram_write(bed->gpu, 0, &word, 4), -ENODEV);
	assert_int_equal(gpu_falcon_dma_load(bed->gpu, 0, 0, 256), -ENODEV);
	assert_int_equal(gpu_falcon_dmem_read(bed->gpu, 0, &word, 4), -ENODEV);
	assert_int_equal(gpu_vram_alloc(bed->gpu, MIB, &range), 0);
	assert_int_equal(gpu_vram_scrub(bed->gpu, &range, MIB, &done), -ENODEV);
	gpu_vram_free(bed->gpu, &range);
	hosted_leave();
	assert_int_equal(hosted_advance(bed->h, 5 * HV_S), 0);
	hosted_enter(bed->h, bed->gpudom);
	assert_int_equal(lost->calls, 1);
}

/* Xen takes bus mastering away without a word: found within a second. */
static void lost_bus_mastering_is_noticed(void **state)
{
	struct bed *bed = *state;
	struct lost lost = {0};
	uint32_t command;

	gpu_on_lost(bed->gpu, count_lost, &lost);
	assert_int_equal(hv_pci_cfg_read(bed->pci, PCI_COMMAND, 2, &command), 0);
	assert_int_equal(hv_pci_cfg_write(bed->pci, PCI_COMMAND, 2, command & ~PCI_COMMAND_MASTER),
			 0);
	hosted_leave();
	assert_int_equal(hosted_advance(bed->h, HV_S), 0);
	hosted_enter(bed->h, bed->gpudom);
	check_lost(bed, &lost);
}

/* That dom0 does not answer is no reason to give up the GPU; what its registers say is. */
static void busy_dom0_is_no_lost_gpu(void **state)
{
	struct bed *bed = *state;
	struct lost lost = {0};

	gpu_on_lost(bed->gpu, count_lost, &lost);
	hosted_leave();
	hosted_pci_unanswered(bed->slot, true);
	assert_int_equal(hosted_advance(bed->h, 3 * HV_S), 0);
	hosted_enter(bed->h, bed->gpudom);
	assert_false(gpu_is_lost(bed->gpu));
	assert_int_equal(lost.calls, 0);
	model_flr(bed->model);
	hosted_leave();
	assert_int_equal(hosted_advance(bed->h, 2 * HV_S), 0);
	hosted_pci_unanswered(bed->slot, false);
	hosted_enter(bed->h, bed->gpudom);
	check_lost(bed, &lost);
}

/* A function that was reset behind our back reads as ones. */
static void silent_registers_are_noticed(void **state)
{
	struct bed *bed = *state;
	struct lost lost = {0};
	uint32_t word;

	gpu_on_lost(bed->gpu, count_lost, &lost);
	model_flr(bed->model);
	assert_int_equal(gpu_vram_read(bed->gpu, 0, &word, 4), -ENODEV);
	hosted_leave();
	bed_run(bed);
	hosted_enter(bed->h, bed->gpudom);
	check_lost(bed, &lost);
}

/* Detach, and attach again: everything comes back, and nothing is left. */
static void attach_again(void **state)
{
	struct bed *bed = *state;
	unsigned int pages = hv_pages_free_count();
	uint32_t word;

	for (unsigned int i = 0; i < 20; i++) {
		vgpu_back_stop(bed->back);
		gpu_detach(bed->gpu);
		vgpu_back_free(bed->back);
		assert_int_equal(gpu_attach(bed->pci, &bed->gpu), 0);
		assert_int_equal(vgpu_back_start(bed->gpu, NULL, &bed->back), 0);
		assert_int_equal(gpu_vram_read(bed->gpu, 100 * MIB, &word, 4), 0);
	}
	assert_int_equal(hv_pages_free_count(), pages);
}

/* Without page tables for a window: an error, and later it works. */
static void mapping_can_fail(void **state)
{
	struct bed *bed = *state;
	uint32_t word;

	hosted_fail_nth(bed->h, bed->gpudom, HOSTED_FAIL_PCI, 1);
	assert_int_equal(gpu_vram_read(bed->gpu, 32 * MIB, &word, 4), -ENOMEM);
	assert_int_equal(gpu_vram_read(bed->gpu, 32 * MIB, &word, 4), 0);
}

/* Every mapping and open call of attach fails once: an error each time, and nothing is left. */
static void attach_survives_failures(void **state)
{
	struct bed *bed = *state;
	unsigned int n, pages;
	int err = -1;

	vgpu_back_stop(bed->back);
	gpu_detach(bed->gpu);
	vgpu_back_free(bed->back);
	pages = hv_pages_free_count();
	for (n = 1; err; n++) {
		hosted_fail_nth(bed->h, bed->gpudom, HOSTED_FAIL_PCI, n);
		err = gpu_attach(bed->pci, &bed->gpu);
		if (err)
			assert_int_equal(hv_pages_free_count(), pages);
	}
	assert_true(n > 2);
	hosted_fail_nth(bed->h, bed->gpudom, HOSTED_FAIL_PCI, 0);
	assert_int_equal(vgpu_back_start(bed->gpu, NULL, &bed->back), 0);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(attach_identifies_the_board),
		T(every_address_is_the_right_one),
		cmocka_unit_test(windows_move),
		T(accesses_outside_are_refused),
		T(ranges_are_whole_and_counted),
		T(scrub_clears_the_range_and_nothing_else),
		T(scrub_is_checked),
		T(falcon_loads_from_memory),
		T(falcon_arguments_are_checked),
		T(iommu_confines_the_falcon),
		T(lost_bus_mastering_is_noticed),
		T(busy_dom0_is_no_lost_gpu),
		T(silent_registers_are_noticed),
		T(attach_again),
		T(mapping_can_fail),
		T(attach_survives_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
