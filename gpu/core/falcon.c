/* SPDX-License-Identifier: MIT */
/*
 * falcon.c - the DMA unit of the GSP's falcon: one block from a bus address into DMEM.
 *
 * The order of the register writes is nouveau's (nvkm/falcon/ga102.c, ga102_flcn_fw_load and
 * ga102_flcn_dma_*). The addresses are physical ones of CTXDMA 0 with coherent system memory as its
 * target, so what the transfer may read is decided by the IOMMU alone.
 */
#include <errno.h>
#include <inttypes.h>

#include "gpu/core/gpu.h"
#include "gpu/core/regs_falcon.h"
#include "gpu/core/regs_pmc.h"

#define DMA_TIMEOUT   (10 * HV_MS)
#define SCRUB_TIMEOUT (20 * HV_MS) /* as nouveau's ga102_flcn_reset_wait_mem_scrubbing */
#define POLL_STEP     10000ull	   /* ns */

static uint32_t falcon_rd32(struct gpu *gpu, uint32_t reg)
{
	return gpu_rd32(gpu, gpu->chip->gsp_falcon + reg);
}

static void falcon_wr32(struct gpu *gpu, uint32_t reg, uint32_t value)
{
	gpu_wr32(gpu, gpu->chip->gsp_falcon + reg, value);
}

/* Waits until the bits of `mask` read as `want`. 0, -EIO (timeout), -ENODEV. */
static int falcon_wait(struct gpu *gpu, uint32_t reg, uint32_t mask, uint32_t want,
		       uint64_t timeout)
{
	uint64_t deadline = hv_now() + timeout;

	for (;;) {
		uint32_t v = falcon_rd32(gpu, reg);

		if (!NV_PRI_IS_ERROR(v) && v != NV_NO_ANSWER && (v & mask) == want)
			return 0;
		if (!gpu_answers(gpu))
			return -ENODEV;
		if (hv_now() >= deadline) {
			hv_log(HV_WARN, "gpu %s: falcon register %#" PRIx32 " stays %08" PRIx32,
			       hv_pci_name(gpu->pci), reg, v);
			return -EIO;
		}
		hv_delay(POLL_STEP);
	}
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

static void allow_system_memory(struct gpu *gpu)
{
	uint32_t fbif = gpu->chip->gsp_fbif;
	uint32_t ctl = gpu_rd32(gpu, fbif + NV_PFALCON_FBIF_CTL);

	gpu_wr32(gpu, fbif + NV_PFALCON_FBIF_CTL, ctl | NV_PFALCON_FBIF_CTL_ALLOW_PHYS_NO_CTX);
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMACTL, 0); /* REQUIRE_CTX false */
	gpu_wr32(gpu, fbif + NV_PFALCON_FBIF_TRANSCFG_0,
		 NV_PFALCON_FBIF_TRANSCFG_TARGET_COHERENT_SYSMEM |
			 NV_PFALCON_FBIF_TRANSCFG_MEM_TYPE_PHYSICAL);
}

int gpu_falcon_dma_load(struct gpu *gpu, uint64_t addr, uint32_t dmem_offset, size_t len)
{
	int code = size_code(len), err;

	if (code < 0 || addr % 256 || addr >> 47 || dmem_offset % len ||
	    dmem_offset > NV_PFALCON_FALCON_DMEM_MAX - len)
		return -EINVAL;
	if (gpu_is_lost(gpu))
		return -ENODEV;
	err = falcon_wait(gpu, NV_PFALCON_FALCON_HWCFG2, NV_PFALCON_FALCON_HWCFG2_MEM_SCRUBBING, 0,
			  SCRUB_TIMEOUT);
	if (err)
		return err;
	allow_system_memory(gpu);
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMATRFBASE, (uint32_t)(addr >> 8));
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMATRFBASE1, (uint32_t)(addr >> 40));
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMATRFMOFFS, dmem_offset);
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMATRFFBOFFS, 0);
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMATRFCMD, NV_PFALCON_FALCON_DMATRFCMD_SIZE(code));
	return falcon_wait(gpu, NV_PFALCON_FALCON_DMATRFCMD, NV_PFALCON_FALCON_DMATRFCMD_IDLE,
			   NV_PFALCON_FALCON_DMATRFCMD_IDLE, DMA_TIMEOUT);
}

int gpu_falcon_dmem_read(struct gpu *gpu, uint32_t offset, void *dst, size_t len)
{
	uint32_t *words = dst;

	if (offset % 4 || len % 4 || (uintptr_t)dst % 4 || offset > NV_PFALCON_FALCON_DMEM_MAX ||
	    len > NV_PFALCON_FALCON_DMEM_MAX - offset)
		return -EINVAL;
	if (gpu_is_lost(gpu))
		return -ENODEV;
	falcon_wr32(gpu, NV_PFALCON_FALCON_DMEMC_0, NV_PFALCON_FALCON_DMEMC_0_AINCR | offset);
	for (size_t i = 0; i < len / 4; i++)
		words[i] = falcon_rd32(gpu, NV_PFALCON_FALCON_DMEMD_0);
	return 0;
}
