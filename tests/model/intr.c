/* SPDX-License-Identifier: MIT */
/*
 * Interrupts: from a vector of the GPU to a message on the bus.
 *
 * A vector sets one bit of a leaf (vector / 32). Two leaves make a subtree, one bit of TOP, which
 * shows leaf bits that are enabled. When an enabled bit of TOP rises from none to some, one message
 * leaves the board: by MSI-X if that is on, else by MSI. Software that clears and sets the top
 * enables while a leaf is still pending gets the message again; that is how drivers close the
 * window between looking and sleeping (nouveau subdev/vfn/tu102.c: unarm, rearm).
 *
 * The tree's message uses MSI-X vector 0; no public source names another. INTx is not driven.
 */
#include <string.h>

#include "host_regs.h"
#include "internal.h"

void model_intr_reset(struct model *m)
{
	memset(&m->intr, 0, sizeof(m->intr));
	for (unsigned int i = 0; i < MODEL_MSIX_VECTORS; i++)
		m->intr.msix[i].control = MSIX_VECTOR_CONTROL_MASK_BIT;
}

static uint32_t top(const struct model *m)
{
	uint32_t pending = 0;

	for (unsigned int i = 0; i < MODEL_LEAVES; i++)
		if (m->intr.leaf[i] & m->intr.leaf_en[i])
			pending |= BIT(i / 2);
	return pending;
}

static void send(struct model *m, uint64_t addr, uint32_t data)
{
	m->stats.msis++;
	m->ops->msi(m->ctx, addr, data);
}

/* Sends what is pending and no longer masked. */
static void msix_flush(struct model *m)
{
	if (!model_pci_msix_on(m) || model_pci_msix_masked(m) || !model_pci_master_on(m))
		return;
	for (unsigned int i = 0; i < MODEL_MSIX_VECTORS; i++) {
		const struct model_msix_entry *e = &m->intr.msix[i];

		if (!(m->intr.pba & BIT(i)) || (e->control & MSIX_VECTOR_CONTROL_MASK_BIT))
			continue;
		m->intr.pba &= ~BIT(i);
		send(m, e->addr_lo | (uint64_t)e->addr_hi << 32, e->data);
	}
}

void model_intr_update(struct model *m)
{
	bool msix = model_pci_msix_on(m);
	uint64_t addr;
	uint32_t data;
	bool msi = !msix && model_pci_msi(m, &addr, &data);
	bool line = (top(m) & m->intr.top_en) && (msi || msix) && model_pci_master_on(m);

	bool rising = line && !m->intr.line;

	/* All state first: a message may be aimed at this board's own registers. */
	m->intr.line = line;
	if (rising && msix)
		m->intr.pba |= BIT(0);
	else if (rising)
		send(m, addr, data);
	msix_flush(m);
}

void model_intr_raise(struct model *m, uint32_t vector)
{
	uint64_t lost;

	if (model_fault_value(m, MODEL_VECTOR_LOST, &lost) && lost == vector)
		return;
	if (vector / 32 < MODEL_LEAVES)
		m->intr.leaf[vector / 32] |= BIT(vector % 32);
	model_intr_update(m);
}

static uint32_t *msix_word(struct model *m, uint32_t addr)
{
	unsigned int word = (addr - NV_VF_PRIV_MSIX_TABLE) / 4;
	struct model_msix_entry *e = &m->intr.msix[word / 4];

	switch (word % 4) {
	case 0:
		return &e->addr_lo;
	case 1:
		return &e->addr_hi;
	case 2:
		return &e->data;
	default:
		return &e->control;
	}
}

static bool in_array(uint32_t addr, uint32_t base, unsigned int words, unsigned int *index)
{
	*index = (addr - base) / 4;
	return addr >= base && *index < words;
}

bool model_intr_read(struct model *m, uint32_t addr, uint32_t *value)
{
	unsigned int i;

	if (in_array(addr, NV_VF_PRIV_CPU_INTR_LEAF, MODEL_LEAVES, &i))
		*value = m->intr.leaf[i];
	else if (in_array(addr, NV_VF_PRIV_CPU_INTR_LEAF_EN_SET, MODEL_LEAVES, &i) ||
		 in_array(addr, NV_VF_PRIV_CPU_INTR_LEAF_EN_CLEAR, MODEL_LEAVES, &i))
		*value = m->intr.leaf_en[i];
	else if (addr == NV_VF_PRIV_CPU_INTR_TOP)
		*value = top(m);
	else if (addr == NV_VF_PRIV_CPU_INTR_TOP_EN_SET || addr == NV_VF_PRIV_CPU_INTR_TOP_EN_CLEAR)
		*value = m->intr.top_en;
	else if (addr == NV_VF_PRIV_CPU_INTR_LEAF_TRIGGER)
		*value = 0;
	else if (!m->config.hide_msix &&
		 in_array(addr, NV_VF_PRIV_MSIX_TABLE, 4 * MODEL_MSIX_VECTORS, &i))
		*value = *msix_word(m, addr);
	else if (!m->config.hide_msix && in_array(addr, NV_VF_PRIV_MSIX_PBA, 2, &i))
		*value = i ? 0 : m->intr.pba;
	else
		return false;
	return true;
}

bool model_intr_write(struct model *m, uint32_t addr, uint32_t value)
{
	unsigned int i;
	uint32_t ignored;

	if (in_array(addr, NV_VF_PRIV_CPU_INTR_LEAF, MODEL_LEAVES, &i)) {
		m->intr.leaf[i] &= ~value;
	} else if (in_array(addr, NV_VF_PRIV_CPU_INTR_LEAF_EN_SET, MODEL_LEAVES, &i)) {
		m->intr.leaf_en[i] |= value;
	} else if (in_array(addr, NV_VF_PRIV_CPU_INTR_LEAF_EN_CLEAR, MODEL_LEAVES, &i)) {
		m->intr.leaf_en[i] &= ~value;
	} else if (addr == NV_VF_PRIV_CPU_INTR_TOP_EN_SET) {
		m->intr.top_en |= value;
	} else if (addr == NV_VF_PRIV_CPU_INTR_TOP_EN_CLEAR) {
		m->intr.top_en &= ~value;
	} else if (addr == NV_VF_PRIV_CPU_INTR_LEAF_TRIGGER) {
		model_intr_raise(m, value & LEAF_TRIGGER_VECTOR);
	} else if (!m->config.hide_msix &&
		   in_array(addr, NV_VF_PRIV_MSIX_TABLE, 4 * MODEL_MSIX_VECTORS, &i)) {
		if (i % 4 == 0)
			value &= ~3u;
		else if (i % 4 == 3)
			value &= MSIX_VECTOR_CONTROL_MASK_BIT;
		*msix_word(m, addr) = value;
	} else {
		return model_intr_read(m, addr, &ignored);
	}
	model_intr_update(m);
	return true;
}
