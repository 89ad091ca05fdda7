/* SPDX-License-Identifier: MIT */
/*
 * falcon.c - reset, load and start a falcon (see falcon.h).
 *
 * The order of the register writes is nouveau's: nvkm/falcon/ga102.c (ga102_flcn_fw_load,
 * ga102_flcn_dma_*, ga102_flcn_select), gm200.c (disable, enable, gm200_flcn_pio_*) and gp102.c (reset_eng).
 */
#include <errno.h>
#include <inttypes.h>

#include "gpu/core/boot/blob.h"
#include "gpu/core/falcon.h"
#include "gpu/core/gpu.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pmc.h"

#define DMA_TIMEOUT    (10 * HV_MS)
#define SCRUB_TIMEOUT  (20 * HV_MS) /* as nouveau's ga102_flcn_reset_wait_mem_scrubbing */
#define SELECT_TIMEOUT (10 * HV_MS) /* as nouveau's ga102_flcn_select */
#define READY_TIMEOUT  150000ull    /* ns; as nouveau's ga102_flcn_reset_prep */
#define RESET_HOLD     10000ull	    /* ns */
#define POLL_STEP      10000ull	    /* ns */
#define BLOCK	       256u	    /* bytes of one transfer, and of a page of code */

struct gpu_falcon gpu_falcon_gsp(struct gpu *gpu)
{
	return (struct gpu_falcon){gpu, "GSP", gpu->chip->kind->gsp_falcon};
}

struct gpu_falcon gpu_falcon_sec2(struct gpu *gpu)
{
	return (struct gpu_falcon){gpu, "SEC2", gpu->chip->kind->sec2_falcon};
}

uint32_t gpu_falcon_rd32(const struct gpu_falcon *f, uint32_t reg)
{
	return gpu_rd32(f->gpu, f->base + reg);
}

void gpu_falcon_wr32(const struct gpu_falcon *f, uint32_t reg, uint32_t value)
{
	gpu_wr32(f->gpu, f->base + reg, value);
}

static bool reads_as(const struct gpu_falcon *f, uint32_t reg, uint32_t mask, uint32_t want,
		     uint32_t *value)
{
	*value = gpu_falcon_rd32(f, reg);
	return !NV_PRI_IS_ERROR(*value) && *value != NV_NO_ANSWER && (*value & mask) == want;
}

/* Waits until the bits of `mask` read as `want`. 0, -EIO (timeout), -ENODEV. */
static int falcon_wait(const struct gpu_falcon *f, uint32_t reg, uint32_t mask, uint32_t want,
		       uint64_t timeout)
{
	uint64_t deadline = hv_now() + timeout;
	uint32_t v;

	while (!reads_as(f, reg, mask, want, &v)) {
		if (!gpu_answers(f->gpu))
			return -ENODEV;
		if (hv_now() >= deadline) {
			hv_log(HV_WARN, "gpu %s: %s falcon: register %#" PRIx32 " stays %08" PRIx32,
			       hv_pci_name(f->gpu->pci), f->name, reg, v);
			return -EIO;
		}
		hv_delay(POLL_STEP);
	}
	return 0;
}

static const struct gpu_chip_kind *kind(const struct gpu_falcon *f)
{
	return f->gpu->chip->kind;
}

static int wait_scrubbed(const struct gpu_falcon *f)
{
	return falcon_wait(f, kind(f)->scrubbing, kind(f)->scrubbing_mask, 0, SCRUB_TIMEOUT);
}

static int reset_engine(const struct gpu_falcon *f)
{
	uint64_t deadline = hv_now() + READY_TIMEOUT;
	uint32_t v;

	/* Not every board shows that it is ready; NVIDIA and nouveau go on then. */
	while (kind(f)->core_select &&
	       !reads_as(f, NV_PFALCON_FALCON_HWCFG2, NV_PFALCON_FALCON_HWCFG2_RESET_READY,
			 NV_PFALCON_FALCON_HWCFG2_RESET_READY, &v) &&
	       hv_now() < deadline)
		hv_delay(POLL_STEP);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_ENGINE, NV_PFALCON_FALCON_ENGINE_RESET);
	hv_delay(RESET_HOLD);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_ENGINE, 0);
	return wait_scrubbed(f);
}

/* Its falcon shall run, not its RISC-V core. */
static int select_falcon(const struct gpu_falcon *f)
{
	uint32_t bcr;

	if (!kind(f)->core_select)
		return 0;
	bcr = gpu_falcon_rd32(f, NV_PRISCV_RISCV_BCR_CTRL);
	if (!(bcr & NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT))
		return 0;
	gpu_falcon_wr32(f, NV_PRISCV_RISCV_BCR_CTRL, 0);
	return falcon_wait(f, NV_PRISCV_RISCV_BCR_CTRL, NV_PRISCV_RISCV_BCR_CTRL_VALID,
			   NV_PRISCV_RISCV_BCR_CTRL_VALID, SELECT_TIMEOUT);
}

int gpu_falcon_reset(const struct gpu_falcon *f)
{
	uint32_t itfen = gpu_falcon_rd32(f, NV_PFALCON_FALCON_ITFEN);
	int err;

	if (!gpu_answers(f->gpu))
		return -ENODEV;
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_ITFEN, itfen & ~NV_PFALCON_FALCON_ITFEN_INTERFACE);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_IRQMCLR, ~0u);
	err = reset_engine(f);
	if (!err)
		err = select_falcon(f);
	if (!err)
		gpu_falcon_wr32(f, NV_PFALCON_FALCON_RM, f->gpu->info.pmc_boot_0);
	return err;
}

int gpu_falcon_reset_riscv(const struct gpu_falcon *f)
{
	int err = reset_engine(f);

	if (err)
		return err;
	if (kind(f)->core_select)
		gpu_falcon_wr32(f, NV_PRISCV_RISCV_BCR_CTRL,
				gpu_falcon_rd32(f, NV_PRISCV_RISCV_BCR_CTRL) |
					NV_PRISCV_RISCV_BCR_CTRL_VALID |
					NV_PRISCV_RISCV_BCR_CTRL_CORE_SELECT |
					NV_PRISCV_RISCV_BCR_CTRL_BRFETCH);
	return gpu_answers(f->gpu) ? 0 : -ENODEV;
}

void gpu_falcon_allow_sysmem(const struct gpu_falcon *f, unsigned int ctxdma)
{
	uint32_t ctl = gpu_falcon_rd32(f, NV_PFALCON_FBIF_CTL);

	gpu_falcon_wr32(f, NV_PFALCON_FBIF_CTL, ctl | NV_PFALCON_FBIF_CTL_ALLOW_PHYS_NO_CTX);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMACTL, 0); /* REQUIRE_CTX false */
	gpu_falcon_wr32(f, NV_PFALCON_FBIF_TRANSCFG(ctxdma),
			NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM |
				NV_PFALCON_FBIF_TRANSCFG_MEM_TYPE_PHYSICAL);
}

static int transfer(const struct gpu_falcon *f, uint32_t src, uint32_t dst, uint32_t command)
{
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMATRFMOFFS, dst);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMATRFFBOFFS, src);
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMATRFCMD, command);
	return falcon_wait(f, NV_PFALCON_FALCON_DMATRFCMD, NV_PFALCON_FALCON_DMATRFCMD_IDLE,
			   NV_PFALCON_FALCON_DMATRFCMD_IDLE, DMA_TIMEOUT);
}

static void set_dma_base(const struct gpu_falcon *f, uint64_t addr)
{
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMATRFBASE, (uint32_t)(addr >> 8));
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMATRFBASE1, (uint32_t)(addr >> 40));
}

/* log2(len) - 2 for the lengths the unit knows, 4..256; or -1. */
static int size_code(size_t len)
{
	for (int n = 0; n <= 6; n++) {
		if (len == (size_t)4 << n)
			return n;
	}
	return -1;
}

static int load(const struct gpu_falcon *f, uint64_t base, uint32_t src, uint32_t dst,
		uint32_t size, uint32_t flags)
{
	uint32_t command = flags | NV_PFALCON_FALCON_DMATRFCMD_SIZE(size_code(BLOCK));
	int err = 0;

	if (base % BLOCK || base >> 47 || src % BLOCK || dst % BLOCK || !size || size % BLOCK)
		return -EINVAL;
	set_dma_base(f, base);
	for (uint32_t done = 0; done < size && !err; done += BLOCK)
		err = transfer(f, src + done, dst + done, command);
	return err;
}

int gpu_falcon_load_code(const struct gpu_falcon *f, uint64_t image, uint32_t offset, uint32_t dst,
			 uint32_t size)
{
	return load(f, image, offset, dst, size,
		    NV_PFALCON_FALCON_DMATRFCMD_IMEM | NV_PFALCON_FALCON_DMATRFCMD_SEC);
}

int gpu_falcon_load_data(const struct gpu_falcon *f, uint64_t image, uint32_t offset, uint32_t dst,
			 uint32_t size)
{
	return load(f, image + offset, 0, dst, size, 0);
}

int gpu_falcon_write_code(const struct gpu_falcon *f, uint32_t dst, const void *src, uint32_t size,
			  uint32_t tag, bool secure)
{
	const uint8_t *p = src;

	if (dst % BLOCK || size % BLOCK || dst > NV_PFALCON_FALCON_IMEM_MAX ||
	    size > NV_PFALCON_FALCON_IMEM_MAX - dst)
		return -EINVAL;
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_IMEMC_0,
			NV_PFALCON_FALCON_IMEMC_0_AINCW |
				(secure ? NV_PFALCON_FALCON_IMEMC_0_SECURE : 0) | dst);
	for (uint32_t i = 0; i < size; i += 4) {
		if (i % BLOCK == 0)
			gpu_falcon_wr32(f, NV_PFALCON_FALCON_IMEMT_0, tag + i / BLOCK);
		gpu_falcon_wr32(f, NV_PFALCON_FALCON_IMEMD_0, gpu_le32(p + i));
	}
	return 0;
}

int gpu_falcon_write_data(const struct gpu_falcon *f, uint32_t dst, const void *src, uint32_t size)
{
	const uint8_t *p = src;

	if (dst % 4 || size % 4 || dst > NV_PFALCON_FALCON_DMEM_MAX ||
	    size > NV_PFALCON_FALCON_DMEM_MAX - dst)
		return -EINVAL;
	gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMEMC_0, NV_PFALCON_FALCON_DMEMC_0_AINCW | dst);
	for (uint32_t i = 0; i < size; i += 4)
		gpu_falcon_wr32(f, NV_PFALCON_FALCON_DMEMD_0, gpu_le32(p + i));
	return 0;
}

uint32_t gpu_falcon_code_size(const struct gpu_falcon *f)
{
	return NV_PFALCON_FALCON_HWCFG_IMEM_SIZE(gpu_falcon_rd32(f, NV_PFALCON_FALCON_HWCFG)) *
	       BLOCK;
}

void gpu_falcon_start(const struct gpu_falcon *f)
{
	bool locked =
		gpu_falcon_rd32(f, NV_PFALCON_FALCON_CPUCTL) & NV_PFALCON_FALCON_CPUCTL_ALIAS_EN;

	gpu_falcon_wr32(f, locked ? NV_PFALCON_FALCON_CPUCTL_ALIAS : NV_PFALCON_FALCON_CPUCTL,
			NV_PFALCON_FALCON_CPUCTL_STARTCPU);
}

bool gpu_falcon_halted(const struct gpu_falcon *f)
{
	uint32_t v;

	return reads_as(f, NV_PFALCON_FALCON_CPUCTL, NV_PFALCON_FALCON_CPUCTL_HALTED,
			NV_PFALCON_FALCON_CPUCTL_HALTED, &v);
}

uint32_t gpu_falcon_riscv_status(const struct gpu_falcon *f)
{
	return gpu_falcon_rd32(f, kind(f)->riscv_active);
}

bool gpu_falcon_riscv_active(const struct gpu_falcon *f)
{
	uint32_t v;

	return reads_as(f, kind(f)->riscv_active, kind(f)->riscv_active_mask,
			kind(f)->riscv_active_mask, &v);
}

/* ---------------------------------------------------------------- core.h: for tests of the IOMMU */

int gpu_falcon_dma_load(struct gpu *gpu, uint64_t addr, uint32_t dmem_offset, size_t len)
{
	struct gpu_falcon f = gpu_falcon_gsp(gpu);
	int code = size_code(len), err;

	if (code < 0 || addr % BLOCK || addr >> 47 || dmem_offset % len ||
	    dmem_offset > NV_PFALCON_FALCON_DMEM_MAX - len)
		return -EINVAL;
	if (gpu_is_lost(gpu))
		return -ENODEV;
	err = wait_scrubbed(&f);
	if (err)
		return err;
	gpu_falcon_allow_sysmem(&f, 0);
	set_dma_base(&f, addr);
	return transfer(&f, 0, dmem_offset, NV_PFALCON_FALCON_DMATRFCMD_SIZE(code));
}

int gpu_falcon_dmem_read(struct gpu *gpu, uint32_t offset, void *dst, size_t len)
{
	struct gpu_falcon f = gpu_falcon_gsp(gpu);
	uint32_t *words = dst;

	if (offset % 4 || len % 4 || (uintptr_t)dst % 4 || offset > NV_PFALCON_FALCON_DMEM_MAX ||
	    len > NV_PFALCON_FALCON_DMEM_MAX - offset)
		return -EINVAL;
	if (gpu_is_lost(gpu))
		return -ENODEV;
	gpu_falcon_wr32(&f, NV_PFALCON_FALCON_DMEMC_0, NV_PFALCON_FALCON_DMEMC_0_AINCR | offset);
	for (size_t i = 0; i < len / 4; i++)
		words[i] = gpu_falcon_rd32(&f, NV_PFALCON_FALCON_DMEMD_0);
	return 0;
}
