/* SPDX-License-Identifier: MIT */
/*
 * layout.c - places the firmware in video memory (see layout.h).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "gpu/core/boot/layout.h"

#define KIB	      1024ull
#define MIB	      (1024 * KIB)
#define GIB	      (1024 * MIB)
#define FRTS_SIZE     MIB
#define REGION_ALIGN  (128 * KIB) /* of WPR2's end, and of FRTS */
#define IMAGE_ALIGN   (64 * KIB)
#define BOOT_ALIGN    (4 * KIB)
#define NON_WPR_HEAP  MIB
#define META_SIZE     256u
#define PAGE	      4096u
#define FB_SIZE_MAX   (1024 * GIB) /* keeps every sum below far from overflow */
#define FILE_SIZE_MAX GIB	   /* what radix3 can describe */

static uint64_t down(uint64_t v, uint64_t align)
{
	return v & ~(align - 1);
}

static uint64_t up(uint64_t v, uint64_t align)
{
	return down(v + align - 1, align);
}

static int number(const struct fwq_pack *pack, enum fwq_number n, uint64_t *value,
		  struct gpu_error *err)
{
	if (!fwq_has_number(pack, n))
		return gpu_fail(err, -ENOENT, "pack %s lacks %s", pack->version,
				fwq_number_name(n));
	*value = pack->number[n];
	return 0;
}

/* Memory that GSP-RM's kernel takes; 535 has one number where later ones have two. */
static int os_size(const struct fwq_pack *pack, bool libos3, uint64_t *size, struct gpu_error *err)
{
	enum fwq_number n = FWQ_N_GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS2;

	if (libos3) {
		n = FWQ_N_GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3_BAREMETAL;
		if (!fwq_has_number(pack, n))
			n = FWQ_N_GSP_FW_HEAP_PARAM_OS_SIZE_LIBOS3;
	}
	return number(pack, n, size, err);
}

/* Renamed in 575; the same factor, of video memory. */
static enum fwq_number per_gb_name(const struct fwq_pack *pack)
{
	return fwq_has_number(pack, FWQ_N_GSP_FW_HEAP_PARAM_SIZE_PER_GB)
		       ? FWQ_N_GSP_FW_HEAP_PARAM_SIZE_PER_GB
		       : FWQ_N_GSP_FW_HEAP_PARAM_SIZE_PER_GB_FB;
}

static int heap_size(const struct fwq_pack *pack, const struct gpu_layout_want *want,
		     uint64_t *size, struct gpu_error *err)
{
	uint64_t os = 0, base = 0, per_gb = 0, clients = 0, least = 0;
	int ret;

	if (want->vgpu)
		return number(pack, FWQ_N_GSP_FW_HEAP_SIZE_VGPU_DEFAULT, size, err);
	ret = os_size(pack, want->libos3, &os, err);
	if (!ret)
		ret = number(pack, FWQ_N_GSP_FW_HEAP_PARAM_BASE_RM_SIZE_TU10X, &base, err);
	if (!ret)
		ret = number(pack, per_gb_name(pack), &per_gb, err);
	if (!ret)
		ret = number(pack, FWQ_N_GSP_FW_HEAP_PARAM_CLIENT_ALLOC_SIZE, &clients, err);
	if (!ret)
		ret = number(pack,
			     want->libos3 ? FWQ_N_GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS3_BAREMETAL_MIN_MB
					  : FWQ_N_GSP_FW_HEAP_SIZE_OVERRIDE_LIBOS2_MIN_MB,
			     &least, err);
	if (ret)
		return ret;
	/* A pack is checked for form only: what is larger than the board fits nowhere anyway. */
	if (os > FB_SIZE_MAX || base > FB_SIZE_MAX || per_gb > GIB || clients > FB_SIZE_MAX ||
	    least > FB_SIZE_MAX / MIB)
		return gpu_fail(err, -EINVAL, "pack %s: heap parameters out of range",
				pack->version);
	*size = os + base + up(per_gb * (up(want->fb_size, GIB) / GIB), MIB) + up(clients, MIB);
	if (*size < least * MIB)
		*size = least * MIB;
	return 0;
}

/* Takes `size` bytes below *top, at a multiple of `align`, and moves *top there. */
static int take(uint64_t *top, uint64_t size, uint64_t align, struct gpu_place *out,
		const char *what, struct gpu_error *err)
{
	if (size >= *top)
		return gpu_fail(err, -ENOSPC, "no room for %s (%#" PRIx64 " bytes) below %#" PRIx64,
				what, size, *top);
	out->addr = down(*top - size, align);
	out->size = size;
	*top = out->addr;
	return 0;
}

int gpu_layout_make(const struct fwq_pack *pack, const struct gpu_layout_want *want,
		    struct gpu_layout *out, struct gpu_error *err)
{
	struct gpu_layout l = {.fb_size = want->fb_size};
	struct gpu_place wpr = {0};
	uint64_t top, heap;
	int ret;

	if (want->fb_size > FB_SIZE_MAX || want->vga_addr >= want->fb_size ||
	    want->vga_addr < REGION_ALIGN || !want->image_size || !want->bootloader_size ||
	    want->image_size > FILE_SIZE_MAX || want->bootloader_size > FILE_SIZE_MAX)
		return gpu_fail(err, -EINVAL,
				"memory %#" PRIx64 ", VGA workspace %#" PRIx64 ", image %#" PRIx64
				" bytes",
				want->fb_size, want->vga_addr, want->image_size);
	ret = heap_size(pack, want, &heap, err);
	if (ret)
		return ret;
	if (heap > want->fb_size)
		return gpu_fail(err, -ENOSPC,
				"heap of %#" PRIx64 " bytes on a board with %#" PRIx64, heap,
				want->fb_size);
	heap = up(heap, MIB);
	l.vga = (struct gpu_place){want->vga_addr, want->fb_size - want->vga_addr};
	l.wpr_end = top = down(want->vga_addr, REGION_ALIGN);
	ret = take(&top, want->frts ? FRTS_SIZE : 0, REGION_ALIGN, &l.frts, "FRTS", err);
	if (!ret)
		ret = take(&top, want->bootloader_size, BOOT_ALIGN, &l.bootloader, "bootloader",
			   err);
	if (!ret)
		ret = take(&top, want->image_size, IMAGE_ALIGN, &l.image, "image", err);
	if (!ret)
		ret = take(&top, heap, MIB, &l.heap, "heap", err);
	if (ret)
		return ret;
	l.heap.size = down(l.image.addr - l.heap.addr, MIB); /* what alignment left is the heap's */
	ret = take(&top, META_SIZE, MIB, &wpr, "WPR2", err);
	l.wpr_start = wpr.addr;
	if (!ret)
		ret = take(&top, NON_WPR_HEAP, MIB, &l.non_wpr_heap, "heap outside WPR2", err);
	if (!ret)
		*out = l;
	return ret;
}

int gpu_wpr_meta_write(const struct fwq_pack *pack, const struct gpu_wpr_meta *m, void *page,
		       struct gpu_error *err)
{
	const struct gpu_layout *l = m->layout;
	const struct {
		enum fwq_field field;
		uint64_t value;
	} fields[] = {
		{FWQ_F_GspFwWprMeta__magic, fwq_number_or(pack, FWQ_N_GSP_FW_WPR_META_MAGIC, 0)},
		{FWQ_F_GspFwWprMeta__revision,
		 fwq_number_or(pack, FWQ_N_GSP_FW_WPR_META_REVISION, 0)},
		{FWQ_F_GspFwWprMeta__sysmemAddrOfRadix3Elf, m->radix3},
		{FWQ_F_GspFwWprMeta__sizeOfRadix3Elf, l->image.size},
		{FWQ_F_GspFwWprMeta__sysmemAddrOfBootloader, m->bootloader},
		{FWQ_F_GspFwWprMeta__sizeOfBootloader, l->bootloader.size},
		{FWQ_F_GspFwWprMeta__bootloaderCodeOffset, m->code_offset},
		{FWQ_F_GspFwWprMeta__bootloaderDataOffset, m->data_offset},
		{FWQ_F_GspFwWprMeta__bootloaderManifestOffset, m->manifest_offset},
		{FWQ_F_GspFwWprMeta__sysmemAddrOfSignature, m->signature},
		{FWQ_F_GspFwWprMeta__sizeOfSignature, m->signature_size},
		{FWQ_F_GspFwWprMeta__gspFwRsvdStart, l->non_wpr_heap.addr},
		{FWQ_F_GspFwWprMeta__nonWprHeapOffset, l->non_wpr_heap.addr},
		{FWQ_F_GspFwWprMeta__nonWprHeapSize, l->non_wpr_heap.size},
		{FWQ_F_GspFwWprMeta__gspFwWprStart, l->wpr_start},
		{FWQ_F_GspFwWprMeta__gspFwHeapOffset, l->heap.addr},
		{FWQ_F_GspFwWprMeta__gspFwHeapSize, l->heap.size},
		{FWQ_F_GspFwWprMeta__gspFwOffset, l->image.addr},
		{FWQ_F_GspFwWprMeta__bootBinOffset, l->bootloader.addr},
		{FWQ_F_GspFwWprMeta__frtsOffset, l->frts.addr},
		{FWQ_F_GspFwWprMeta__frtsSize, l->frts.size},
		{FWQ_F_GspFwWprMeta__gspFwWprEnd, l->wpr_end},
		{FWQ_F_GspFwWprMeta__fbSize, l->fb_size},
		{FWQ_F_GspFwWprMeta__vgaWorkspaceOffset, l->vga.addr},
		{FWQ_F_GspFwWprMeta__vgaWorkspaceSize, l->vga.size},
	};

	for (unsigned int i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
		int ret = fwq_put(pack, fields[i].field, page, PAGE, 0, 0, fields[i].value);

		if (ret)
			return gpu_fail(err, ret, "pack %s: %s = %#" PRIx64 ": error %d",
					pack->version, fwq_field_name(fields[i].field),
					fields[i].value, -ret);
	}
	return 0;
}
