/* SPDX-License-Identifier: MIT */
/*
 * Host's MEM_OP methods: three words of operands, a fourth that names the operation and starts it.
 *
 * Barriers and what is said to the second-level cache have nothing to do here, where memory is written in
 * order. To invalidate translations and to clear access counters is for privileged channels;
 * another one gets the interrupt INTR_0_METHOD, which ends it.
 *
 * Sources: NVIDIA/open-gpu-doc manuals/volta/gv100/dev_pbdma.ref.txt, "MEM_OP methods"; OGKM clc56f.h.
 */
#include "host.h"
#include "tlb.h"

#define OPERATION(d) ((d) >> 27)
enum {
	MEMBAR = 0x05,
	MMU_TLB_INVALIDATE = 0x09,
	MMU_TLB_INVALIDATE_TARGETED = 0x0a,
	L2_PEERMEM_INVALIDATE = 0x0d,
	L2_SYSMEM_INVALIDATE = 0x0e,
	L2_CLEAN_COMPTAGS = 0x0f,
	L2_FLUSH_DIRTY = 0x10,
	L2_WAIT_FOR_SYS_PENDING_READS = 0x15,
	ACCESS_COUNTER_CLR = 0x16,
};

#define ADDR_LO	      0xfffff000u /* of A: the target; of C: the directory */
#define C_PDB_ALL     0x1u
#define C_APERTURE(c) ((c) >> 10 & 3) /* 0: video memory */
#define D_PDB_HI      0x07ffffffu

static enum host_result invalidate(struct model *m, struct model_channel *ch, bool targeted)
{
	const uint32_t *op = ch->mem_op;
	struct mmu_addr directory = {
		.sysmem = C_APERTURE(op[2]),
		.addr = (uint64_t)(op[3] & D_PDB_HI) << 32 | (op[2] & ADDR_LO),
	};
	uint64_t va = (uint64_t)op[1] << 32 | (op[0] & ADDR_LO);

	model_tlb_invalidate(m, op[2] & C_PDB_ALL ? NULL : &directory, targeted ? &va : NULL);
	return HOST_DONE;
}

enum host_result model_mem_op(struct model *m, struct model_channel *ch, uint32_t method,
			      uint32_t data)
{
	uint32_t operation = OPERATION(data);

	ch->mem_op[(method - MEM_OP_A) / 4] = data;
	if (method != MEM_OP_D)
		return HOST_DONE;
	switch (operation) {
	case MMU_TLB_INVALIDATE:
	case MMU_TLB_INVALIDATE_TARGETED:
	case ACCESS_COUNTER_CLR:
		if (!ch->privileged)
			return model_channel_fail(
				m, ch, "INTR_0_METHOD: MEM_OP 0x%02x without privilege", operation);
		if (operation == ACCESS_COUNTER_CLR) /* there are none: no page is counted */
			return HOST_DONE;
		return invalidate(m, ch, operation == MMU_TLB_INVALIDATE_TARGETED);
	case MEMBAR:
	case L2_PEERMEM_INVALIDATE:
	case L2_SYSMEM_INVALIDATE:
	case L2_CLEAN_COMPTAGS:
	case L2_FLUSH_DIRTY:
	case L2_WAIT_FOR_SYS_PENDING_READS:
		return HOST_DONE;
	default:
		return model_channel_fail(m, ch, "MEM_OP 0x%02x", operation);
	}
}
