/* SPDX-License-Identifier: MIT */
/*
 * tlb.c - has the MMU forget what it knows of an address space (see tenant.h).
 *
 * With the system-memory barrier the GPU says that it is done only when nothing that used an old
 * translation is still on its way, which is what makes pages of a guest free to be taken back.
 */
#include <errno.h>

#include "gpu/core/regs_vf.h"
#include "gpu/core/tenant.h"

/*
 * Ten thousand times what an invalidation takes, and no longer than the event loop may stand still. nouveau
 * waits 2 s (nvkm/subdev/mmu/vmmtu102.c), but it has no other guests to serve.
 */
#define TLB_TIMEOUT (50 * HV_MS)

int gpu_tlb_invalidate(struct gpu *gpu, uint64_t directory)
{
	uint64_t deadline;
	uint32_t word;
	/* Entries are written through BAR1; a read on the same way comes back when they have arrived. */
	int err = gpu_vram_read(gpu, directory, &word, sizeof(word));

	if (err)
		return -ENODEV;
	gpu_wr32(gpu, NV_VF_PRIV_MMU_INVALIDATE_PDB,
		 NV_VF_PRIV_MMU_INVALIDATE_PDB_ADDR(directory) |
			 NV_VF_PRIV_MMU_INVALIDATE_PDB_APERTURE_VID_MEM);
	gpu_wr32(gpu, NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB,
		 NV_VF_PRIV_MMU_INVALIDATE_UPPER_PDB_ADDR(directory));
	gpu_wr32(gpu, NV_VF_PRIV_MMU_INVALIDATE,
		 NV_VF_PRIV_MMU_INVALIDATE_ALL_VA | NV_VF_PRIV_MMU_INVALIDATE_SYS_MEMBAR |
			 NV_VF_PRIV_MMU_INVALIDATE_ACK_GLOBALLY |
			 NV_VF_PRIV_MMU_INVALIDATE_TRIGGER);
	deadline = hv_now() + TLB_TIMEOUT;
	while (gpu_rd32(gpu, NV_VF_PRIV_MMU_INVALIDATE) & NV_VF_PRIV_MMU_INVALIDATE_TRIGGER) {
		if (hv_now() >= deadline) {
			gpu_give_up(gpu, "its MMU does not get done with an invalidation");
			return -ENODEV;
		}
		hv_delay(HV_MS / 100);
	}
	return 0;
}
