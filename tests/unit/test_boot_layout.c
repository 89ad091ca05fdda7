/* SPDX-License-Identifier: MIT */
/*
 * Where the firmware goes, for every pack in the tree and boards of many sizes: in order, aligned, without
 * overlap, with and without vGPU; and sizes that no board has are refused. Then what the firmware says
 * about the board, told wrongly.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/packs.h"
#include "gpu/core/boot/layout.h"
#include "gpu/core/boot/static_info.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

static struct gpu_layout_want board(uint64_t fb)
{
	return (struct gpu_layout_want){.fb_size = fb,
					.vga_addr = fb - MIB,
					.bootloader_size = 0x6000,
					.image_size = 0x3c9f000,
					.frts = true,
					.libos3 = true};
}

static void in_order(const struct gpu_layout *l)
{
	assert_true(l->non_wpr_heap.addr + l->non_wpr_heap.size <= l->wpr_start);
	assert_int_equal(l->wpr_start % MIB, 0);
	assert_true(l->wpr_start + 256 <= l->heap.addr);
	assert_int_equal(l->heap.addr % MIB, 0);
	assert_true(l->heap.addr + l->heap.size <= l->image.addr);
	assert_int_equal(l->image.addr % 0x10000, 0);
	assert_true(l->image.addr + l->image.size <= l->bootloader.addr);
	assert_int_equal(l->bootloader.addr % 0x1000, 0);
	assert_true(l->bootloader.addr + l->bootloader.size <= l->frts.addr);
	assert_int_equal(l->frts.addr % 0x20000, 0);
	assert_int_equal(l->frts.addr + l->frts.size, l->wpr_end);
	assert_true(l->wpr_end <= l->vga.addr);
	assert_int_equal(l->vga.addr + l->vga.size, l->fb_size);
}

static void every_pack_and_board(void **state)
{
	struct gpu_error why;
	struct gpu_layout l;

	(void)state;
	for (unsigned int p = 0; p < fwq_packs_count; p++) {
		for (uint64_t gb = 1; gb <= 128; gb += 3) {
			struct gpu_layout_want want = board(gb * GIB - 64 * MIB);

			want.vga_addr -= (gb % 5) * 0x4000;
			assert_int_equal(gpu_layout_make(&fwq_packs[p], &want, &l, &why), 0);
			in_order(&l);
			want.vgpu = true;
			assert_int_equal(gpu_layout_make(&fwq_packs[p], &want, &l, &why), 0);
			in_order(&l);
			assert_true(l.heap.size >= 549 * MIB);
		}
	}
}

/* GA102 with 24 GiB and release 570: 22 + 8 + 3 (24 * 96 KiB) + 96 MiB, as nouveau computes it. */
static void known_heap(void **state)
{
	const struct fwq_pack *pack = fwq_packs_find("570.144");
	struct gpu_layout_want want = board(24 * GIB);
	struct gpu_error why;
	struct gpu_layout l;

	(void)state;
	assert_non_null(pack);
	assert_int_equal(gpu_layout_make(pack, &want, &l, &why), 0);
	assert_true(l.heap.size >= 129 * MIB && l.heap.size < 131 * MIB);
	want.vgpu = true;
	assert_int_equal(gpu_layout_make(pack, &want, &l, &why), 0);
	assert_true(l.heap.size >= 581 * MIB && l.heap.size < 583 * MIB);
}

static void impossible_boards(void **state)
{
	const struct fwq_pack *pack = fwq_packs_find("570.144");
	struct gpu_layout_want good = board(GIB), want;
	struct gpu_error why;
	struct gpu_layout l;

	(void)state;
	for (uint64_t fb = 0; fb < 185 * MIB; fb += 7 * MIB) {
		want = good;
		want.fb_size = fb;
		want.vga_addr = fb ? fb - 0x20000 : 0;
		assert_true(gpu_layout_make(pack, &want, &l, &why) < 0);
	}
	want = good;
	want.fb_size = UINT64_MAX;
	assert_int_equal(gpu_layout_make(pack, &want, &l, &why), -EINVAL);
	want = good;
	want.vga_addr = GIB;
	assert_int_equal(gpu_layout_make(pack, &want, &l, &why), -EINVAL);
	want = good;
	want.image_size = UINT64_MAX;
	assert_int_equal(gpu_layout_make(pack, &want, &l, &why), -EINVAL);
	want = good;
	want.bootloader_size = 0;
	assert_int_equal(gpu_layout_make(pack, &want, &l, &why), -EINVAL);
}

/* ---------------------------------------------------------------- static configuration */

static void put(const struct fwq_pack *pack, enum fwq_field f, uint8_t *buf, size_t at,
		uint64_t value)
{
	assert_int_equal(fwq_put(pack, f, buf, 4096, at, 0, value), 0);
}

#define REGION(f) FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_FB_REGION_INFO__##f

static void wrong_static_info(void **state)
{
	const struct fwq_pack *pack = fwq_packs_find("570.144");
	uint32_t size = gpu_static_info_size(pack);
	size_t params = pack->field[FWQ_F_GspStaticConfigInfo__fbRegionInfoParams].offset;
	size_t first =
		params +
		pack->field[FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS__fbRegion].offset;
	enum fwq_field n = FWQ_F_NV2080_CTRL_CMD_FB_GET_FB_REGION_INFO_PARAMS__numFBRegions;
	struct gpu_error why;
	struct gpu_static_info info;
	uint8_t buf[4096] = {0};
	struct fwq_pack *other;

	(void)state;
	put(pack, n, buf, params, 1);
	put(pack, REGION(limit), buf, first, GIB - 1);
	memset(buf + pack->field[FWQ_F_GspStaticConfigInfo__gpuNameString].offset, '\n', 64);
	assert_int_equal(gpu_static_info_decode(pack, buf, size, GIB, &info, &why), 0);
	assert_true(info.region[0].usable);
	assert_int_equal(strlen(info.name), GPU_NAME_MAX); /* no end, not printable: still text */
	assert_int_equal(info.name[0], '?');
	for (uint32_t len = 0; len < size; len++)
		assert_int_equal(gpu_static_info_decode(pack, buf, len, GIB, &info, &why), -EPROTO);
	/* One byte more than the board has; upside down; more regions than there is room for. */
	assert_int_equal(gpu_static_info_decode(pack, buf, size, GIB - 1, &info, &why), -EPROTO);
	put(pack, REGION(base), buf, first, GIB);
	assert_int_equal(gpu_static_info_decode(pack, buf, size, GIB, &info, &why), -EPROTO);
	put(pack, REGION(base), buf, first, 0);
	put(pack, n, buf, params, GPU_REGIONS_MAX + 1);
	assert_int_equal(gpu_static_info_decode(pack, buf, size, GIB, &info, &why), -EPROTO);
	put(pack, n, buf, params, 1);
	other = malloc(sizeof(*other));
	assert_non_null(other);
	*other = *pack;
	other->field[FWQ_F_GspStaticConfigInfo__hInternalClient].offset = FWQ_ABSENT;
	assert_int_equal(gpu_static_info_decode(other, buf, size, GIB, &info, &why), -ENOENT);
	assert_non_null(strstr(why.text, "GspStaticConfigInfo.hInternalClient"));
	free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pack_and_board),
		cmocka_unit_test(known_heap),
		cmocka_unit_test(impossible_boards),
		cmocka_unit_test(wrong_static_info),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
