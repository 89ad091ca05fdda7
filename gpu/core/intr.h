/* SPDX-License-Identifier: MIT */
/*
 * intr.h - vectors of the GPU's interrupt tree, as callbacks from the loop.
 *
 * The whole function is given one message-signalled interrupt, MSI or, on boards that hide that, MSI-X.
 * While handlers run the top of the tree is masked, so however often the GPU raises vectors, the domain is
 * woken once for each round of its loop.
 *
 * Vectors belong to sources, of which each has one handler. What a masked source's vectors are raised for stays
 * pending in the tree, wakes nobody, and is heard when the mask is taken away.
 */
#ifndef GPU_INTR_H
#define GPU_INTR_H

#include <stdbool.h>
#include <stdint.h>

#include "gpu/core/regs_vf.h"

struct gpu;

/* Vectors: bit n % 32 of leaf[n / 32]. */
struct gpu_intr_vectors {
	uint32_t leaf[NV_VF_CPU_INTR_LEAVES];
};

struct gpu_intr_source {
	struct gpu_intr_source *next;
	struct gpu_intr_vectors enabled; /* by intr.c: those it wants to hear of */
	bool masked;			 /* likewise: not now */
	void (*fn)(const struct gpu_intr_vectors *raised, void *arg);
	void *arg;
};

struct gpu_intr {
	struct gpu *gpu; /* NULL: closed */
	struct gpu_intr_source *sources;
};

/*
 * Takes the interrupt; what others enabled before is off. *intr is filled and must not move while open. 0, or
 * hv_pci_irq_enable()'s errors, and *intr is closed.
 */
int gpu_intr_open(struct gpu *gpu, struct gpu_intr *intr);
/* Off again, all sources forgotten; a closed one may be closed. */
void gpu_intr_close(struct gpu_intr *intr);

/*
 * A source, of no vectors yet; it stays where it is until the end. fn(raised, arg) is called from the loop, after
 * vectors of its were acknowledged: it clears the cause, then looks for what is to be done.
 */
void gpu_intr_add(struct gpu_intr *intr, struct gpu_intr_source *source,
		  void (*fn)(const struct gpu_intr_vectors *raised, void *arg), void *arg);
/* Is there such a vector? */
static inline bool gpu_intr_has(uint32_t vector)
{
	return vector / 32 < NV_VF_CPU_INTR_LEAVES;
}

/* One of its vectors, of those that there are, is heard, or is not. Nothing happens when closed. */
void gpu_intr_enable(struct gpu_intr *intr, struct gpu_intr_source *source, uint32_t vector,
		     bool enable);
/* All of them, for a while. */
void gpu_intr_mask(struct gpu_intr *intr, struct gpu_intr_source *source, bool mask);

#endif /* GPU_INTR_H */
