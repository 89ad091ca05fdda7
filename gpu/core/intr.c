/* SPDX-License-Identifier: MIT */
/*
 * intr.c - unarm, acknowledge, handle, rearm (see intr.h).
 *
 * Nothing is missed: a vector that is raised again after its acknowledgement makes its bit of the leaf
 * pending, and enabling the top then sends another message. A register of a GPU that is gone reads as
 * ones and takes no write; the handlers run and one of them finds that out.
 *
 * Source: nouveau, nvkm/subdev/vfn/tu102.c and nvkm/core/intr.c.
 */
#include <errno.h>
#include <string.h>

#include "gpu/core/gpu.h"
#include "gpu/core/intr.h"

#define LEAVES	     NV_VF_CPU_INTR_LEAVES
#define LEAF(vector) ((vector) / 32)
#define BIT(vector)  (1u << (vector) % 32)
#define TOP(leaf)    (1u << (leaf) / 2)
#define ALL_TOPS     (TOP(LEAVES) - 1)

/* Those of a leaf that somebody wants to hear of now. */
static uint32_t wanted(const struct gpu_intr *i, unsigned int leaf)
{
	uint32_t bits = 0;

	for (const struct gpu_intr_source *s = i->sources; s; s = s->next)
		bits |= s->masked ? 0 : s->enabled.leaf[leaf];
	return bits;
}

static void acknowledge(const struct gpu_intr *i, struct gpu_intr_vectors *raised)
{
	uint32_t top = gpu_rd32(i->gpu, NV_VF_CPU_INTR_TOP);

	memset(raised, 0, sizeof(*raised));
	for (unsigned int leaf = 0; leaf < LEAVES; leaf++) {
		uint32_t bits = top & TOP(leaf) ? wanted(i, leaf) : 0;

		if (bits)
			bits &= gpu_rd32(i->gpu, NV_VF_CPU_INTR_LEAF(leaf));
		if (bits)
			gpu_wr32(i->gpu, NV_VF_CPU_INTR_LEAF(leaf), bits);
		raised->leaf[leaf] = bits;
	}
}

static void handle(const struct gpu_intr_source *s, const struct gpu_intr_vectors *all)
{
	struct gpu_intr_vectors own;
	uint32_t any = 0;

	for (unsigned int leaf = 0; leaf < LEAVES; leaf++) {
		own.leaf[leaf] = s->masked ? 0 : all->leaf[leaf] & s->enabled.leaf[leaf];
		any |= own.leaf[leaf];
	}
	if (any)
		s->fn(&own, s->arg);
}

static void on_message(hv_port_t port, void *arg)
{
	struct gpu_intr *i = arg;
	struct gpu *gpu = i->gpu;
	struct gpu_intr_vectors raised;

	(void)port;
	if (!gpu || gpu->lost)
		return;
	gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_CLEAR, UINT32_MAX);
	gpu_wr32(gpu, NV_XVE_MSI_REARM, 0);
	acknowledge(i, &raised);
	/* A handler may close it. */
	for (const struct gpu_intr_source *s = i->sources; s && i->gpu; s = s->next)
		handle(s, &raised);
	if (i->gpu && !gpu->lost)
		gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_SET, ALL_TOPS);
}

static void all_off(struct gpu *gpu)
{
	gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_CLEAR, UINT32_MAX);
	for (unsigned int i = 0; i < LEAVES; i++)
		gpu_wr32(gpu, NV_VF_CPU_INTR_LEAF_EN_CLEAR(i), UINT32_MAX);
}

int gpu_intr_open(struct gpu *gpu, struct gpu_intr *intr)
{
	void *const args[] = {intr};
	int err;

	*intr = (struct gpu_intr){.gpu = gpu};
	all_off(gpu);
	err = hv_pci_irq_enable(gpu->pci, HV_PCI_MSI, 1, on_message, args);
	if (err)
		err = hv_pci_irq_enable(gpu->pci, HV_PCI_MSIX, 1, on_message, args);
	if (err)
		intr->gpu = NULL;
	else
		gpu_wr32(gpu, NV_VF_CPU_INTR_TOP_EN_SET, ALL_TOPS);
	return err;
}

void gpu_intr_close(struct gpu_intr *intr)
{
	if (!intr->gpu)
		return;
	if (!intr->gpu->lost)
		all_off(intr->gpu);
	hv_pci_irq_disable(intr->gpu->pci);
	*intr = (struct gpu_intr){.gpu = NULL};
}

void gpu_intr_add(struct gpu_intr *intr, struct gpu_intr_source *source,
		  void (*fn)(const struct gpu_intr_vectors *raised, void *arg), void *arg)
{
	*source = (struct gpu_intr_source){.next = intr->sources, .fn = fn, .arg = arg};
	intr->sources = source;
}

static void set_leaf(const struct gpu_intr *intr, unsigned int leaf, uint32_t bits, bool enable)
{
	if (bits && intr->gpu && !intr->gpu->lost)
		gpu_wr32(intr->gpu,
			 enable ? NV_VF_CPU_INTR_LEAF_EN_SET(leaf)
				: NV_VF_CPU_INTR_LEAF_EN_CLEAR(leaf),
			 bits);
}

void gpu_intr_enable(struct gpu_intr *intr, struct gpu_intr_source *source, uint32_t vector,
		     bool enable)
{
	uint32_t *bits;

	if (!intr->gpu)
		return;
	HV_CHECK(gpu_intr_has(vector));
	bits = &source->enabled.leaf[LEAF(vector)];
	*bits = enable ? *bits | BIT(vector) : *bits & ~BIT(vector);
	if (!source->masked)
		set_leaf(intr, LEAF(vector), BIT(vector), enable);
}

void gpu_intr_mask(struct gpu_intr *intr, struct gpu_intr_source *source, bool mask)
{
	if (!intr->gpu || source->masked == mask)
		return;
	source->masked = mask;
	for (unsigned int leaf = 0; leaf < LEAVES; leaf++)
		set_leaf(intr, leaf, source->enabled.leaf[leaf], !mask);
}
