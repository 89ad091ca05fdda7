/* SPDX-License-Identifier: MIT */
/*
 * intr.h - one vector of the GPU's interrupt tree, as a callback from the loop.
 *
 * The whole function is given one message-signalled interrupt, MSI or, on boards that hide that, MSI-X.
 * While a handler runs the top of the tree is masked, so however often the GPU raises the vector, the
 * domain is woken once for each round of its loop.
 */
#ifndef GPU_INTR_H
#define GPU_INTR_H

#include <stdbool.h>
#include <stdint.h>

struct gpu;

struct gpu_intr {
	struct gpu *gpu; /* NULL: closed */
	uint32_t vector;
	void (*fn)(void *arg);
	void *arg;
};

/*
 * Enable the vector and nothing else; what others enabled before is off. fn(arg) is called from the loop,
 * after the vector was acknowledged: it clears the cause, then looks for what is to be done. *intr is
 * filled and must not move while open. 0; -EINVAL: there is no such vector; or hv_pci_irq_enable()'s
 * errors, and *intr is closed.
 */
int gpu_intr_open(struct gpu *gpu, uint32_t vector, void (*fn)(void *arg), void *arg,
		  struct gpu_intr *intr);
/* Off again; a closed one may be closed. */
void gpu_intr_close(struct gpu_intr *intr);

#endif /* GPU_INTR_H */
