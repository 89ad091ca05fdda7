/* SPDX-License-Identifier: MIT */
/*
 * intr.c - unarm, acknowledge, handle, rearm (see intr.h).
 *
 * Nothing is missed: a vector that is raised again after its acknowledgement makes its bit of the leaf
 * pending, and enabling the top then sends another message. A register of a GPU that is gone reads as
 * ones and takes no write; the handler runs and finds that out.
 *
 * Source: nouveau, nvkm/subdev/vfn/tu102.c and nvkm/core/intr.c.
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/gpu.h"
#include "gpu/core/intr.h"
#include "gpu/core/regs_vf.h"

#define LEAF(vector) ((vector) / 32)
#define BIT(vector)  (1u << (vector) % 32)
#define TOP(vector)  (1u << LEAF(vector) / 2)

static void on_message(hv_port_t port, void *arg)
{
	struct gpu_intr *i = arg;
	struct gpu *gpu = i->gpu;

	(void)port;
	if (!gpu || gpu->lost)
		return;
	gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_CLEAR, TOP(i->vector));
	gpu_wr32(gpu, NV_XVE_MSI_REARM, 0);
	gpu_wr32(gpu, NV_VF_CPU_INTR_LEAF(LEAF(i->vector)), BIT(i->vector));
	i->fn(i->arg);
	if (i->gpu && !gpu->lost) /* it may have closed it */
		gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_SET, TOP(i->vector));
}

static void all_off(struct gpu *gpu)
{
	gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_CLEAR, UINT32_MAX);
	for (unsigned int i = 0; i < NV_VF_CPU_INTR_LEAVES; i++)
		gpu_wr32(gpu, NV_VF_CPU_INTR_LEAF_EN_CLEAR(i), UINT32_MAX);
}

int gpu_intr_open(struct gpu *gpu, uint32_t vector, void (*fn)(void *arg), void *arg,
		  struct gpu_intr *intr)
{
	void *const args[] = {intr};
	int err;

	memset(intr, 0, sizeof(*intr));
	if (LEAF(vector) >= NV_VF_CPU_INTR_LEAVES)
		return -EINVAL;
	*intr = (struct gpu_intr){.gpu = gpu, .vector = vector, .fn = fn, .arg = arg};
	all_off(gpu);
	err = hv_pci_irq_enable(gpu->pci, HV_PCI_MSI, 1, on_message, args);
	if (err)
		err = hv_pci_irq_enable(gpu->pci, HV_PCI_MSIX, 1, on_message, args);
	if (err) {
		intr->gpu = NULL;
		return err;
	}
	gpu_wr32(gpu, NV_VF_CPU_INTR_LEAF_EN_SET(LEAF(vector)), BIT(vector));
	gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_SET, TOP(vector));
	return 0;
}

void gpu_intr_close(struct gpu_intr *intr)
{
	if (!intr->gpu)
		return;
	if (!intr->gpu->lost)
		all_off(intr->gpu);
	hv_pci_irq_disable(intr->gpu->pci);
	intr->gpu = NULL;
}
