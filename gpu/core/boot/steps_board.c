/* SPDX-License-Identifier: MIT */
/*
 * steps_board.c - steps that work on the board itself: its ROM, its falcons, write protection.
 *
 * Sources: nouveau, gsp/{fwsec,tu102,ga102,r535}.c; NVIDIA/open-gpu-kernel-modules,
 * kernel_gsp_{tu102,ga102,booter_tu102,frts_tu102}.c.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "gpu/core/boot/boot_int.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pbus.h"
#include "gpu/core/regs_pfb.h"
#include "gpu/core/regs_pgc6.h"
#include "gpu/core/regs_pmc.h"
#include "gpu/core/regs_prom.h"

#define GFW_TIMEOUT   (4 * HV_S)
#define UCODE_TIMEOUT (2 * HV_S) /* FWSEC: as nouveau's gm200_flcn_fw_boot */
/* The booter reads and checks an image of 64 MiB; nouveau gives it 2 s, NVIDIA longer. */
#define BOOTER_TIMEOUT (4 * HV_S)
#define RISCV_TIMEOUT  (2 * HV_S)
#define ROM_SLICE      0x10000u /* bytes per turn of the loop; a register read takes a microsecond */

#define BOOTER_UNLOAD_PLAIN 0xffu /* in both mailboxes: nothing is to be saved */

/* ---------------------------------------------------------------- before any falcon runs */

int gpu_step_wait_gfw_boot(struct gpu_boot *b)
{
	uint32_t mask = gpu_rd32(b->gpu, NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK);
	uint32_t progress = 0;

	if (!NV_PRI_IS_ERROR(mask) && mask != NV_NO_ANSWER &&
	    (mask & NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK_READ_PROTECTION_LEVEL0)) {
		progress = gpu_rd32(b->gpu, NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0_GFW_BOOT);
		if (!NV_PRI_IS_ERROR(progress) &&
		    NV_PGC6_GFW_BOOT_PROGRESS(progress) == NV_PGC6_GFW_BOOT_PROGRESS_COMPLETED)
			return 0;
	}
	if (!gpu_boot_late(b, GFW_TIMEOUT))
		return GPU_STEP_WAIT;
	return gpu_boot_fail(b, -ETIMEDOUT,
			     "the board's own firmware does not finish (mask %08" PRIx32
			     ", progress %08" PRIx32 ")",
			     mask, progress);
}

int gpu_step_set_sysmem_flush(struct gpu_boot *b)
{
	bool high = b->gpu->chip->kind->flush_high;
	uint32_t lo, hi = 0;
	uint64_t addr;

	if (!b->flush) {
		b->flush = hv_pages_alloc(1);
		if (!b->flush)
			return gpu_boot_fail(b, -ENOMEM, "no memory for the flush page");
		b->flush_was = gpu_rd32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR);
		if (high)
			b->flush_hi_was = gpu_rd32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI);
	}
	addr = hv_dma_addr(b->flush);
	if (!high && addr >> 40)
		return gpu_boot_fail(b, -ENOMEM, "the flush page is at %#" PRIx64 ", above 1 TiB",
				     addr);
	if (high)
		gpu_wr32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI, (uint32_t)(addr >> 40));
	gpu_wr32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR, (uint32_t)(addr >> 8));
	lo = gpu_rd32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR);
	if (high)
		hi = gpu_rd32(b->gpu, NV_PFB_NISO_FLUSH_SYSMEM_ADDR_HI);
	if (lo != (uint32_t)(addr >> 8) || hi != (uint32_t)(addr >> 40))
		return gpu_boot_fail(b, -EIO,
				     "NV_PFB_NISO_FLUSH_SYSMEM_ADDR reads %08" PRIx32 " %08" PRIx32
				     " after %#" PRIx64,
				     hi, lo, addr);
	return 0;
}

/* From the whole ROM to a copy of FWSEC; the ROM is not needed any more then. */
static int take_fwsec(struct gpu_boot *b)
{
	const struct gpu_falcon_loader *loader =
		b->fw->has_falcon_loader ? &b->fw->falcon_loader : NULL;
	struct gpu_blob rom = {"board ROM", b->rom, NV_PROM_DATA_SIZE};
	struct gpu_error why;
	struct gpu_vbios vbios;
	int err = gpu_vbios_open(&rom, &vbios, &why);

	if (!err)
		err = gpu_fwsec_open(&vbios, &b->fwsec_places, &why);
	if (!err)
		err = gpu_ucode_from_fwsec(b->gpu, &b->fwsec_places, loader, &b->fwsec, &why);
	hv_pages_free(b->rom, NV_PROM_DATA_SIZE / HV_PAGE_SIZE);
	b->rom = NULL;
	return err ? gpu_boot_fail(b, err, "%s", why.text) : 0;
}

int gpu_step_read_rom(struct gpu_boot *b)
{
	uint32_t at = b->stage * ROM_SLICE;

	if (b->fwsec.memory.va)
		return 0;
	if (!b->rom)
		b->rom = hv_pages_alloc(NV_PROM_DATA_SIZE / HV_PAGE_SIZE);
	if (!b->rom)
		return gpu_boot_fail(b, -ENOMEM, "no memory for the board's ROM");
	hv_mmio_read(&b->gpu->regs, NV_PROM_DATA + at, b->rom + at, ROM_SLICE);
	b->stage++;
	return at + ROM_SLICE < NV_PROM_DATA_SIZE ? GPU_STEP_WAIT : take_fwsec(b);
}

int gpu_step_load_booters(struct gpu_boot *b)
{
	struct gpu_error why;
	int err = 0;

	if (!b->booter_load.memory.va)
		err = gpu_ucode_from_booter(b->gpu, "booter_load", &b->fw->booter_load,
					    &b->booter_load, &why);
	/* Before it is needed: the way down must not fail for want of memory. */
	if (!err && !b->booter_unload.memory.va)
		err = gpu_ucode_from_booter(b->gpu, "booter_unload", &b->fw->booter_unload,
					    &b->booter_unload, &why);
	return err ? gpu_boot_fail(b, err, "%s", why.text) : 0;
}

/* ---------------------------------------------------------------- programs on falcons */

/* Start at stage 0, then wait for the halt. 0 when it has halted. */
static int run(struct gpu_boot *b, const struct gpu_falcon *f, const struct gpu_ucode *u,
	       uint32_t mailbox0, uint32_t mailbox1, uint64_t timeout)
{
	int err;

	if (!b->stage) {
		err = gpu_ucode_start(f, u, mailbox0, mailbox1);
		if (err)
			return gpu_boot_fail(b, err, "%s cannot be started on the %s falcon",
					     u->name, f->name);
		b->stage = 1;
	}
	if (gpu_falcon_halted(f))
		return 0;
	if (!gpu_boot_late(b, timeout))
		return GPU_STEP_WAIT;
	return gpu_boot_fail(b, -ETIMEDOUT, "%s runs on (%s falcon, CPUCTL %08" PRIx32 ")", u->name,
			     f->name, gpu_falcon_rd32(f, NV_PFALCON_FALCON_CPUCTL));
}

/*
 * Runs FWSEC with the command that was put into it. Its error is in the 16 bits from `shift` on of the scratch
 * word `scratch`, and is 0 when it did well.
 */
static int run_fwsec(struct gpu_boot *b, const char *command, uint32_t scratch, unsigned int shift)
{
	int ret = run(b, &b->gsp, &b->fwsec, 0, 0, UCODE_TIMEOUT);
	uint32_t mailbox, word, error;

	if (ret)
		return ret;
	mailbox = gpu_falcon_rd32(&b->gsp, NV_PFALCON_FALCON_MAILBOX0);
	if (mailbox)
		return gpu_boot_fail(b, -EIO, "FWSEC: GSP mailbox 0 is %08" PRIx32, mailbox);
	word = gpu_rd32(b->gpu, NV_PBUS_SW_SCRATCH(scratch));
	error = NV_PBUS_FWSEC_ERROR_CODE(word, shift);
	if (error)
		return gpu_boot_fail(b, -EIO,
				     "%s error %#" PRIx32 " (NV_PBUS_SW_SCRATCH %08" PRIx32 ")",
				     command, error, word);
	return 0;
}

int gpu_step_run_fwsec_frts(struct gpu_boot *b)
{
	uint32_t lo, hi;
	int ret;

	if (!b->gpu->chip->kind->frts)
		return 0;
	if (!b->stage)
		gpu_fwsec_put_frts(&b->fwsec_places, gpu_ucode_data(&b->fwsec), b->layout.frts.addr,
				   b->layout.frts.size);
	ret = run_fwsec(b, "FRTS", NV_PBUS_SW_SCRATCH_FRTS, NV_PBUS_SW_SCRATCH_FRTS_SHIFT);
	if (ret)
		return ret;
	/* A refused FWSEC leaves no error, and no region. NVIDIA looks for the same sign. */
	lo = gpu_rd32(b->gpu, NV_PFB_PRI_MMU_WPR2_ADDR_LO);
	hi = gpu_rd32(b->gpu, NV_PFB_PRI_MMU_WPR2_ADDR_HI);
	if (!hi || NV_PFB_PRI_MMU_WPR2_ADDR(lo) != b->layout.frts.addr)
		return gpu_boot_fail(
			b, -EIO, "WPR2 %08" PRIx32 " to %08" PRIx32 ", FRTS was to be at %#" PRIx64,
			lo, hi, b->layout.frts.addr);
	return 0;
}

int gpu_step_run_fwsec_sb(struct gpu_boot *b)
{
	if (!b->stage)
		gpu_fwsec_put_sb(&b->fwsec_places, gpu_ucode_data(&b->fwsec));
	return run_fwsec(b, "SB", NV_PBUS_SW_SCRATCH_SB, NV_PBUS_SW_SCRATCH_SB_SHIFT);
}

static int run_booter(struct gpu_boot *b, const struct gpu_ucode *booter, uint32_t mailbox0,
		      uint32_t mailbox1)
{
	int ret = run(b, &b->sec2, booter, mailbox0, mailbox1, BOOTER_TIMEOUT);
	uint32_t mailbox;

	if (ret)
		return ret;
	mailbox = gpu_falcon_rd32(&b->sec2, NV_PFALCON_FALCON_MAILBOX0);
	if (mailbox)
		return gpu_boot_fail(b, -EIO, "SEC2 mailbox 0 is %08" PRIx32 "%s", mailbox,
				     mailbox == mailbox0 ? ", as before: it has not run" : "");
	return 0;
}

int gpu_step_run_booter_load(struct gpu_boot *b)
{
	return run_booter(b, &b->booter_load, (uint32_t)b->meta.addr,
			  (uint32_t)(b->meta.addr >> 32));
}

int gpu_step_run_booter_unload(struct gpu_boot *b)
{
	uint32_t hi = gpu_rd32(b->gpu, NV_PFB_PRI_MMU_WPR2_ADDR_HI);
	int ret;

	if (!b->stage && !hi)
		return 0;
	ret = run_booter(b, &b->booter_unload, BOOTER_UNLOAD_PLAIN, BOOTER_UNLOAD_PLAIN);
	if (ret)
		return ret;
	hi = gpu_rd32(b->gpu, NV_PFB_PRI_MMU_WPR2_ADDR_HI);
	if (hi)
		return gpu_boot_fail(b, -EIO, "NV_PFB_PRI_MMU_WPR2_ADDR_HI is still %08" PRIx32,
				     hi);
	return 0;
}

/* ---------------------------------------------------------------- the GSP itself */

int gpu_step_reset_gsp(struct gpu_boot *b)
{
	int err = gpu_falcon_reset_riscv(&b->gsp);

	return err ? gpu_boot_fail(b, err, "the GSP does not come out of reset") : 0;
}

int gpu_step_set_gsp_mailbox(struct gpu_boot *b)
{
	gpu_falcon_wr32(&b->gsp, NV_PFALCON_FALCON_MAILBOX0, (uint32_t)b->libos.addr);
	gpu_falcon_wr32(&b->gsp, NV_PFALCON_FALCON_MAILBOX1, (uint32_t)(b->libos.addr >> 32));
	return 0;
}

int gpu_step_wait_riscv_active(struct gpu_boot *b)
{
	if (!b->stage) {
		gpu_falcon_wr32(&b->gsp, NV_PFALCON_FALCON_OS, b->fw->bootloader.app_version);
		b->stage = 1;
	}
	if (gpu_falcon_riscv_active(&b->gsp))
		return 0;
	if (!gpu_boot_late(b, RISCV_TIMEOUT))
		return GPU_STEP_WAIT;
	return gpu_boot_fail(b, -ETIMEDOUT, "the RISC-V core is not active (%08" PRIx32 ")",
			     gpu_falcon_riscv_status(&b->gsp));
}

int gpu_step_stop_gsp(struct gpu_boot *b)
{
	int err = gpu_falcon_reset(&b->gsp);

	return err ? gpu_boot_fail(b, err, "the GSP does not come out of reset") : 0;
}

/* ---------------------------------------------------------------- what a predecessor left */

int gpu_step_look_for_predecessor(struct gpu_boot *b)
{
	uint32_t hi = gpu_rd32(b->gpu, NV_PFB_PRI_MMU_WPR2_ADDR_HI);

	if (NV_PRI_IS_ERROR(hi) || hi == NV_NO_ANSWER)
		return gpu_boot_fail(b, -EIO, "NV_PFB_PRI_MMU_WPR2_ADDR_HI reads %08" PRIx32, hi);
	b->predecessor = hi;
	if (hi)
		hv_log(HV_WARN,
		       "gpu %s: a predecessor's firmware is still there (WPR2 up to %#" PRIx64
		       "): ending it",
		       hv_pci_name(b->gpu->pci), NV_PFB_PRI_MMU_WPR2_ADDR(hi));
	return 0;
}

/* The way down without a goodbye: nobody knows the predecessor's queues. */
int gpu_step_end_predecessor(struct gpu_boot *b)
{
	static int (*const parts[])(struct gpu_boot *) = {gpu_step_stop_gsp, gpu_step_run_fwsec_sb,
							  gpu_step_run_booter_unload};
	char why[sizeof(b->error)];
	int ret = 0;

	if (!b->predecessor)
		return 0;
	/* Each part has a stage of its own, kept in the low bit. */
	while (!ret && b->stage / 2 < sizeof(parts) / sizeof(parts[0])) {
		unsigned int part = b->stage / 2;

		b->stage &= 1;
		ret = parts[part](b);
		if (!ret) {
			b->stage = 2 * (part + 1);
			b->deadline = 0;
		} else {
			b->stage += 2 * part;
		}
	}
	if (ret >= 0)
		return ret;
	snprintf(why, sizeof(why), "%s", strchr(b->error, ' ') + 1);
	return gpu_boot_fail(b, -EBUSY, "%.160s; the function must be reset", why);
}
