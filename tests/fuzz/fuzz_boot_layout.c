/* SPDX-License-Identifier: MIT */
/*
 * fuzz_boot_layout.c - where the firmware goes, for any board, any files and packs that lie.
 *
 * COVERS: gpu/core/boot/layout.c
 *
 * Input: which pack and how many lies about its description of WPR2, the lies, numbers of the pack that are
 * others, and what is wanted. What is laid out has the order and the alignments of gsp_fw_wpr_meta.h and lies
 * on the board; what is written stays in its page.
 */
#include <errno.h>
#include <stdlib.h>

#include "gpu/core/boot/layout.h"
#include "tests/fuzz/fwq_lying_pack.h"
#include "tests/fuzz/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MIB	  (1ull << 20)
#define PAGE	  4096u
#define WORD	  ((size_t)2) /* bytes of input for a number: mantissa and exponent */
#define WANT	  (4 * WORD)  /* for what is wanted */
#define OTHER	  (1 + WORD)  /* for a number of the pack */
#define LIBOS3	  0x08u
#define VGPU	  0x10u
#define NO_FRTS	  0x40u
#define FB_ON_TOP 0x20u /* the VGA workspace is counted from the memory's end */

static const struct lie about[] = {
	LIE_ABOUT(GspFwWprMeta, magic, sizeOfSignature),
	LIE_ABOUT(GspFwWprMeta, gspFwRsvdStart, vgaWorkspaceSize),
};

static const enum fwq_number numbers[] = {
	FWQ_N_GSP_FW_HEAP_SIZE_VGPU_DEFAULT,
	FWQ_N_GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS2,
	FWQ_N_GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3_BAREMETAL,
	FWQ_N_GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3,
	FWQ_N_GSP_FW_HEAP_PARAM_BASE_RM_SIZE_TU10X,
	FWQ_N_GSP_FW_HEAP_PARAM_SIZE_PER_GB,
	FWQ_N_GSP_FW_HEAP_PARAM_SIZE_PER_GB_FB,
	FWQ_N_GSP_FW_HEAP_PARAM_CLIENT_ALLOC_SIZE,
	FWQ_N_GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB,
	FWQ_N_GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS2_MIN_MB,
	FWQ_N_GSP_FW_WPR_META_MAGIC,
	FWQ_N_GSP_FW_WPR_META_REVISION,
};
#define NUMBERS (sizeof(numbers) / sizeof(numbers[0]))

/* Any size that matters in few bytes: 0 to 255 at any power of two, and one less. */
static uint64_t word(const uint8_t in[WORD])
{
	uint64_t v = (uint64_t)in[0] << (in[1] & 0x3f);

	return in[1] & 0x80 ? v - 1 : v;
}

static void below(const struct gpu_place *place, uint64_t align, uint64_t top)
{
	must(place->addr % align == 0 && place->size <= top && place->addr <= top - place->size);
}

static void check(const struct gpu_layout *l, const struct gpu_layout_want *want)
{
	must(l->fb_size == want->fb_size && l->vga.addr == want->vga_addr);
	must(l->vga.addr + l->vga.size == l->fb_size);
	must(l->wpr_end <= l->vga.addr && l->wpr_end % (MIB / 8) == 0);
	below(&l->frts, MIB / 8, l->wpr_end);
	below(&l->bootloader, PAGE, l->frts.addr);
	below(&l->image, 16ull * PAGE, l->bootloader.addr);
	below(&l->heap, MIB, l->image.addr);
	must(l->wpr_start % MIB == 0 && l->wpr_start < l->heap.addr);
	below(&l->non_wpr_heap, MIB, l->wpr_start);
	must(!l->frts.size == !want->frts && l->bootloader.size == want->bootloader_size &&
	     l->image.size == want->image_size && l->non_wpr_heap.size);
}

static void write_meta(const struct fwq_pack *pack, const struct gpu_layout *l, bool honest)
{
	struct gpu_wpr_meta meta = {.layout = l, .radix3 = PAGE, .signature_size = PAGE};
	struct gpu_error why = {""};
	void *page = calloc(1, PAGE);
	int ret;

	must(page != NULL);
	ret = gpu_wpr_meta_write(pack, &meta, page, &why);
	must(!ret || (!honest && ret < 0 && why.text[0] && !strchr(why.text, '\n')));
	free(page);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fwq_pack pack;
	struct gpu_error why = {""};
	struct gpu_layout_want want;
	struct gpu_layout l;
	uint8_t lies, others, flags;
	bool honest;
	int ret;

	if (size < 2 + WANT)
		return 0;
	flags = data[0];
	lies = data[1] & 7;
	others = data[1] >> 4;
	honest = !lies && !others;
	data += 2;
	size -= 2;
	pack = *lie_about(&fwq_packs[flags % 8 % fwq_packs_count], lies, about,
			  sizeof(about) / sizeof(about[0]), &data, &size);
	for (; others && size >= OTHER + WANT; others--, data += OTHER, size -= OTHER) {
		pack.number[numbers[data[0] % NUMBERS]] = word(data + 1);
		pack.has_number[numbers[data[0] % NUMBERS]] = !(data[0] & 0x80);
	}
	if (size < WANT)
		return 0;
	want = (struct gpu_layout_want){
		.fb_size = word(data),
		.vga_addr = word(data + WORD),
		.bootloader_size = word(data + 2 * WORD),
		.image_size = word(data + 3 * WORD),
		.libos3 = flags & LIBOS3,
		.vgpu = flags & VGPU,
		.frts = !(flags & NO_FRTS),
	};
	if (flags & FB_ON_TOP)
		want.vga_addr = want.fb_size - want.vga_addr;
	ret = gpu_layout_make(&pack, &want, &l, &why);
	must(ret == 0 || ret == -ENOENT || ret == -ENOSPC || ret == -EINVAL);
	if (ret) {
		must(why.text[0] && !strchr(why.text, '\n'));
		return 0;
	}
	check(&l, &want);
	write_meta(&pack, &l, honest);
	return 0;
}
