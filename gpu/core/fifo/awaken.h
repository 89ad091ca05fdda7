/* SPDX-License-Identifier: MIT */
/*
 * awaken.h - engines say that a channel of theirs has finished something.
 *
 * A channel can have an interrupt raised that stalls nothing: NON_STALL_INTERRUPT of Host, INTERRUPT_TYPE and AWAKEN
 * of engine classes. Its vector is the engine's; which channel it was nobody tells. Any guest can raise as many as
 * it likes, so a second one within GPU_AWAKEN_GAP has them all masked until that is over: what comes meanwhile is one
 * more, in the end. An engine's vector is enabled while there are channels for it, and somebody to be told.
 *
 * Host's own method names no engine, and no public source says which of several on one runlist it interrupts for:
 * engines of a runlist are taken for one.
 *
 * Sources: NVIDIA/open-gpu-kernel-modules, ctrl2080internal.h (NV2080_CTRL_INTERNAL_INTR_GET_KERNEL_TABLE_ENTRY:
 * vectorNonStall of an MC_ENGINE_IDX), kernel_falcon.c (ENGINE_INFO_TYPE_MC is the engine's MC_ENGINE_IDX);
 * nouveau, gsp/rm/r535/fifo.c and gsp.c (nvkm_gsp_intr_nonstall), gv100_fence.c (a release, then the method).
 */
#ifndef GPU_FIFO_AWAKEN_H
#define GPU_FIFO_AWAKEN_H

#include "gpu/core/intr.h"
#include "gpu/core/rm/engines.h"
#include "hv/hv.h"

/* Part of the session's struct gpu_fifo; all zero: there are no interrupts, but listeners may come. */
struct gpu_awaken {
	struct gpu_intr *intr;
	const struct gpu_engines *engines;
	struct gpu_intr_source source;
	struct hv_timer gap;
	uint64_t used;	  /* engines that have channels */
	uint64_t silent;  /* of these, those whose silence was logged */
	uint64_t pending; /* not told of yet */
	uint64_t last;	  /* when somebody was told */
	void (*fn)(uint64_t engines, void *arg);
	void *arg;
};

/* From now on there are interrupts; both outlive it, or gpu_awaken_stop() is called first. */
void gpu_awaken_start(struct gpu_awaken *a, struct gpu_intr *intr,
		      const struct gpu_engines *engines);
/* Nobody is called any more. */
void gpu_awaken_stop(struct gpu_awaken *a);
/* This engine has channels, or has none left. */
void gpu_awaken_use(struct gpu_awaken *a, unsigned int engine, bool used);

#endif /* GPU_FIFO_AWAKEN_H */
