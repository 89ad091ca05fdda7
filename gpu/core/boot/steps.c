/* SPDX-License-Identifier: MIT */
/*
 * steps.c - the steps by name, and those that lay out memory.
 *
 * `needs` is what a recipe may not get wrong: packs are input, and a step must not run before what it
 * uses is there.
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/boot/boot_int.h"
#include "gpu/core/regs_pdisp.h"
#include "gpu/core/regs_pmc.h"

#define VGA_DEFAULT	0x100000ull /* bytes at the end of memory, when no register says */
#define VGA_LEAST	0x20000ull /* nouveau, gsp/tu102.c: what is left when the register lies low */
#define SIGNATURE_ALIGN 256u

/* In place: the image's pages are the archive's. */
static int build_radix3(struct gpu_boot *b)
{
	const struct gpu_blob *image = &b->fw->gsp.image;
	int err = gpu_radix3_make(image->data, image->size, &b->radix3);

	return err ? gpu_boot_fail(b, err, "image of %zu bytes at %p", image->size,
				   (const void *)image->data)
		   : 0;
}

static int build_libos_args(struct gpu_boot *b)
{
	struct gpu_error why;
	int err = gpu_boot_channel_open(b->gpu, b->pack, &b->channel, gpu_boot_heard, b);

	if (err)
		return gpu_boot_fail(b, err, "queues of pack %s: no memory, or not possible",
				     b->pack->version);
	err = gpu_libos_make(b->pack, &b->channel, &b->libos, &why);
	return err ? gpu_boot_fail(b, err, "%s", why.text) : 0;
}

/* As nouveau's tu102_gsp_vga_workspace_addr(). */
static uint64_t vga_workspace(struct gpu *gpu)
{
	uint64_t base = gpu->info.vram_size - VGA_DEFAULT, addr;
	uint32_t reg = gpu->chip->kind->vga_workspace, v = reg ? gpu_rd32(gpu, reg) : 0;

	if (NV_PRI_IS_ERROR(v) || !(v & NV_PDISP_VGA_WORKSPACE_BASE_STATUS_VALID))
		return base;
	addr = NV_PDISP_VGA_WORKSPACE_BASE_ADDR(v);
	return addr < base ? gpu->info.vram_size - VGA_LEAST : addr;
}

/* A copy in memory that is contiguous on the bus; `align` up, zeros behind the end. */
static int copy_for_device(struct gpu_boot *b, const struct gpu_blob *from, uint32_t align,
			   struct hv_dma *out)
{
	size_t size = (from->size + align - 1) / align * align;
	int err = hv_dma_alloc(size, out);

	if (err)
		return gpu_boot_fail(b, err, "%s: no %zu contiguous bytes", from->name, size);
	memcpy(out->va, from->data, from->size);
	return 0;
}

static int place_wpr(struct gpu_boot *b)
{
	const struct gpu_bootloader *bl = &b->fw->bootloader;
	struct gpu_layout_want want = {
		.fb_size = b->gpu->info.vram_size,
		.vga_addr = vga_workspace(b->gpu),
		.bootloader_size = bl->image.size,
		.image_size = b->fw->gsp.image.size,
		.frts = b->gpu->chip->kind->frts,
		.libos3 = b->gpu->chip->kind->libos3,
		.vgpu = b->vgpu,
	};
	struct gpu_error why;
	struct gpu_wpr_meta meta;
	int err = gpu_layout_make(b->pack, &want, &b->layout, &why);

	if (err)
		return gpu_boot_fail(b, err, "%s", why.text);
	err = copy_for_device(b, &bl->image, 1, &b->bootloader);
	if (!err)
		err = copy_for_device(b, &b->fw->signature, SIGNATURE_ALIGN, &b->signature);
	if (err)
		return err;
	err = hv_dma_alloc(HV_PAGE_SIZE, &b->meta);
	if (err)
		return gpu_boot_fail(b, err, "no memory for GspFwWprMeta");
	meta = (struct gpu_wpr_meta){
		.layout = &b->layout,
		.radix3 = b->radix3.addr,
		.bootloader = b->bootloader.addr,
		.signature = b->signature.addr,
		.signature_size = (b->fw->signature.size + SIGNATURE_ALIGN - 1) / SIGNATURE_ALIGN *
				  SIGNATURE_ALIGN,
		.code_offset = bl->code_offset,
		.data_offset = bl->data_offset,
		.manifest_offset = bl->manifest_offset,
	};
	err = gpu_wpr_meta_write(b->pack, &meta, b->meta.va, &why);
	return err ? gpu_boot_fail(b, err, "%s", why.text) : 0;
}

#define AFTER(step)			 (1u << FWQ_STEP_##step)
#define STEPS_AS(step, function, before) [FWQ_STEP_##step] = {#step, function, before}

const struct gpu_step gpu_recipe_steps[FWQ_STEPS] = {
	STEPS_AS(wait_gfw_boot, gpu_step_wait_gfw_boot, 0),
	STEPS_AS(set_sysmem_flush, gpu_step_set_sysmem_flush, 0),
	STEPS_AS(build_radix3, build_radix3, 0),
	STEPS_AS(build_libos_args, build_libos_args, 0),
	STEPS_AS(place_wpr, place_wpr, AFTER(build_radix3)),
	STEPS_AS(queue_system_info, gpu_step_queue_system_info, AFTER(build_libos_args)),
	STEPS_AS(queue_registry, gpu_step_queue_registry, AFTER(queue_system_info)),
	STEPS_AS(run_fwsec_frts, gpu_step_run_fwsec_frts, AFTER(place_wpr)),
	STEPS_AS(reset_gsp, gpu_step_reset_gsp, AFTER(run_fwsec_frts)),
	STEPS_AS(set_gsp_mailbox, gpu_step_set_gsp_mailbox,
		 AFTER(reset_gsp) | AFTER(build_libos_args)),
	STEPS_AS(run_booter_load, gpu_step_run_booter_load,
		 AFTER(set_gsp_mailbox) | AFTER(place_wpr)),
	STEPS_AS(wait_riscv_active, gpu_step_wait_riscv_active, AFTER(run_booter_load)),
	STEPS_AS(run_sequencer_until_init_done, gpu_step_run_sequencer_until_init_done,
		 AFTER(wait_riscv_active) | AFTER(queue_registry)),
};

/* Falcons are reset only when the flush page is set, and nothing runs before the ROM is read. */
const struct gpu_step gpu_first_steps[] = {
	{"wait_gfw_boot", gpu_step_wait_gfw_boot, 0},
	{"set_sysmem_flush", gpu_step_set_sysmem_flush, 0},
	{"read_rom", gpu_step_read_rom, 0},
	{"load_booters", gpu_step_load_booters, 0},
	{"look_for_predecessor", gpu_step_look_for_predecessor, 0},
	{"end_predecessor", gpu_step_end_predecessor, 0},
	{NULL, NULL, 0},
};

const struct gpu_step gpu_last_steps[] = {
	{"get_static_info", gpu_step_get_static_info, 0},
	{NULL, NULL, 0},
};

const struct gpu_step gpu_stop_steps[] = {
	{"say_goodbye", gpu_step_say_goodbye, 0},
	{"wait_unloaded", gpu_step_wait_unloaded, 0},
	{"stop_gsp", gpu_step_stop_gsp, 0},
	{"run_fwsec_sb", gpu_step_run_fwsec_sb, 0},
	{"run_booter_unload", gpu_step_run_booter_unload, 0},
	{NULL, NULL, 0},
};
