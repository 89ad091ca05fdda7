/* SPDX-License-Identifier: MIT */
/*
 * Configuration space, that of an A40 board but for the ids (chip.c): header, power management at 0x60, MSI at 0x68, PCI Express
 * at 0x78, MSI-X at 0xC8.
 *
 * The values are those lspci shows for data-centre boards of this family: A40 (10de:2235, subsystem
 * 10de:145a, class 0302, revision a1), A100 and L20 dumps in public issue trackers. Offsets:
 * NVIDIA/open-gpu-kernel-modules, swref/published/turing/tu102/dev_nv_xve.h. Meanings of the bits:
 * PCI Local Bus 3.0, PCI Express Base 4.0.
 */
#include <string.h>

#include <linux/pci_regs.h>

#include "host_regs.h"
#include "internal.h"

#define CAP_PM	 0x60
#define CAP_MSI	 0x68
#define CAP_EXP	 0x78
#define CAP_MSIX 0xc8

#define VENDOR_NVIDIA 0x10de

/* PME from D0 and D3hot, no D1, no D2, version 3. */
#define PM_PMC (0x3 | 1 << 11 | 1 << 14)
/*
 * Payload 256, L0s latency unlimited, L1 under 64 us, extended tags, role-based errors, and FLR
 * (NV_XVE_DEVICE_CAPABILITY_FUNCTION_LEVEL_RESET, bit 28).
 */
#define EXP_DEVCAP                                                                                 \
	(1 | 7 << 6 | 6 << 9 | PCI_EXP_DEVCAP_EXT_TAG | PCI_EXP_DEVCAP_RBER | PCI_EXP_DEVCAP_FLR)
/* Relaxed ordering, extended tags, no-snoop, read requests of 512. */
#define EXP_DEVCTL                                                                                 \
	(PCI_EXP_DEVCTL_RELAX_EN | PCI_EXP_DEVCTL_EXT_TAG | PCI_EXP_DEVCTL_NOSNOOP_EN | 2 << 12)
#define EXP_LNKCAP (4 | 16 << 4 | PCI_EXP_LNKCAP_CLKPM | 1 << 22) /* 16 GT/s x16, no ASPM */
#define EXP_LNKSTA (4 | 16 << 4 | PCI_EXP_LNKSTA_SLC)
/* Completion timeout ranges A and B, its disable, LTR, 10-bit tags, OBFF by message. */
#define EXP_DEVCAP2 (3 | 1 << 4 | 1 << 11 | 3 << 16 | 1 << 18)
#define EXP_LNKCAP2 (0xf << 1 | 3 << 23) /* 2.5 to 16 GT/s, retimers */

static void put(uint8_t *space, unsigned int offset, uint32_t value, unsigned int size)
{
	for (unsigned int i = 0; i < size; i++)
		space[offset + i] = (uint8_t)(value >> (8 * i));
}

static uint32_t get(const uint8_t *space, unsigned int offset, unsigned int size)
{
	uint32_t value = 0;

	for (unsigned int i = 0; i < size; i++)
		value |= (uint32_t)space[offset + i] << (8 * i);
	return value;
}

static void put_bar(struct model *m, unsigned int bar, uint64_t size, uint32_t flags)
{
	unsigned int offset = PCI_BASE_ADDRESS_0 + 4 * bar;

	put(m->cfg, offset, flags, 4);
	put(m->cfg_rw, offset, (uint32_t) ~(size - 1), 4);
	if (flags & PCI_BASE_ADDRESS_MEM_TYPE_64)
		put(m->cfg_rw, offset + 4, (uint32_t)(~(size - 1) >> 32), 4);
}

static void put_header(struct model *m)
{
	const uint32_t pref64 = PCI_BASE_ADDRESS_MEM_TYPE_64 | PCI_BASE_ADDRESS_MEM_PREFETCH;

	put(m->cfg, PCI_VENDOR_ID, VENDOR_NVIDIA, 2);
	put(m->cfg, PCI_DEVICE_ID, m->chip->device, 2);
	/* No I/O space: in its compute mode the board has no I/O BAR. */
	put(m->cfg_rw, PCI_COMMAND,
	    PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER | PCI_COMMAND_PARITY | PCI_COMMAND_SERR |
		    PCI_COMMAND_INTX_DISABLE,
	    2);
	put(m->cfg, PCI_STATUS, PCI_STATUS_CAP_LIST, 2);
	put(m->cfg_w1c, PCI_STATUS, 0xf900, 2);
	put(m->cfg, PCI_REVISION_ID, 0xa1, 1);
	put(m->cfg, PCI_CLASS_DEVICE, m->chip->pci_class, 2);
	put(m->cfg_rw, PCI_CACHE_LINE_SIZE, 0xff, 1);
	put_bar(m, 0, MODEL_BAR_REGS_SIZE, 0);
	put_bar(m, 1, m->config.bar1_bytes, pref64);
	put_bar(m, 3, MODEL_BAR_INST_SIZE, pref64);
	put(m->cfg, PCI_SUBSYSTEM_VENDOR_ID, VENDOR_NVIDIA, 2);
	put(m->cfg, PCI_SUBSYSTEM_ID, m->chip->subsystem, 2);
	put(m->cfg, PCI_CAPABILITY_LIST, CAP_PM, 1);
	put(m->cfg_rw, PCI_INTERRUPT_LINE, 0xff, 1);
	put(m->cfg, PCI_INTERRUPT_PIN, 1, 1);
}

static void put_capabilities(struct model *m)
{
	put(m->cfg, CAP_PM, PCI_CAP_ID_PM | CAP_MSI << 8, 2);
	put(m->cfg, CAP_PM + PCI_PM_PMC, PM_PMC, 2);
	put(m->cfg, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_NO_SOFT_RESET, 2);
	put(m->cfg_rw, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_STATE_MASK | PCI_PM_CTRL_PME_ENABLE, 2);
	put(m->cfg_w1c, CAP_PM + PCI_PM_CTRL, PCI_PM_CTRL_PME_STATUS, 2);

	/* One vector, 64-bit, not maskable; or a null capability that only links to the next. */
	put(m->cfg, CAP_MSI, (m->config.hide_msi ? 0 : PCI_CAP_ID_MSI) | CAP_EXP << 8, 2);
	if (!m->config.hide_msi) {
		put(m->cfg, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_64BIT, 2);
		put(m->cfg_rw, CAP_MSI + PCI_MSI_FLAGS, PCI_MSI_FLAGS_ENABLE | PCI_MSI_FLAGS_QSIZE,
		    2);
		put(m->cfg_rw, CAP_MSI + PCI_MSI_ADDRESS_LO, ~3u, 4);
		put(m->cfg_rw, CAP_MSI + PCI_MSI_ADDRESS_HI, ~0u, 4);
		put(m->cfg_rw, CAP_MSI + PCI_MSI_DATA_64, 0xffff, 2);
	}

	put(m->cfg, CAP_EXP, PCI_CAP_ID_EXP | (m->config.hide_msix ? 0 : CAP_MSIX) << 8, 2);
	put(m->cfg, CAP_EXP + PCI_EXP_FLAGS, 2 | PCI_EXP_TYPE_ENDPOINT << 4, 2);
	put(m->cfg, CAP_EXP + PCI_EXP_DEVCAP, EXP_DEVCAP, 4);
	put(m->cfg, CAP_EXP + PCI_EXP_DEVCTL, EXP_DEVCTL, 2);
	/* All but phantom functions, auxiliary power, and the reset bit, which reads 0. */
	put(m->cfg_rw, CAP_EXP + PCI_EXP_DEVCTL, 0x79ff, 2);
	put(m->cfg_w1c, CAP_EXP + PCI_EXP_DEVSTA, 0x000f, 2);
	put(m->cfg, CAP_EXP + PCI_EXP_LNKCAP, EXP_LNKCAP, 4);
	put(m->cfg_rw, CAP_EXP + PCI_EXP_LNKCTL, 0x01c3, 2);
	put(m->cfg, CAP_EXP + PCI_EXP_LNKSTA, EXP_LNKSTA, 2);
	put(m->cfg, CAP_EXP + PCI_EXP_DEVCAP2, EXP_DEVCAP2, 4);
	put(m->cfg_rw, CAP_EXP + PCI_EXP_DEVCTL2, 0x141f, 2);
	put(m->cfg, CAP_EXP + PCI_EXP_LNKCAP2, EXP_LNKCAP2, 4);
	put(m->cfg, CAP_EXP + PCI_EXP_LNKCTL2, 4, 2);
	put(m->cfg_rw, CAP_EXP + PCI_EXP_LNKCTL2, 0x000f, 2);

	if (!m->config.hide_msix) {
		put(m->cfg, CAP_MSIX, PCI_CAP_ID_MSIX, 2);
		put(m->cfg, CAP_MSIX + PCI_MSIX_FLAGS, MODEL_MSIX_VECTORS - 1, 2);
		put(m->cfg_rw, CAP_MSIX + PCI_MSIX_FLAGS,
		    PCI_MSIX_FLAGS_ENABLE | PCI_MSIX_FLAGS_MASKALL, 2);
		put(m->cfg, CAP_MSIX + PCI_MSIX_TABLE, NV_VF_PRIV_MSIX_TABLE | MODEL_BAR_REGS, 4);
		put(m->cfg, CAP_MSIX + PCI_MSIX_PBA, NV_VF_PRIV_MSIX_PBA | MODEL_BAR_REGS, 4);
	}
}

void model_pci_reset(struct model *m)
{
	memset(m->cfg, 0, sizeof(m->cfg));
	memset(m->cfg_rw, 0, sizeof(m->cfg_rw));
	memset(m->cfg_w1c, 0, sizeof(m->cfg_w1c));
	put_header(m);
	put_capabilities(m);
}

static bool in_d0(const struct model *m)
{
	return !(m->cfg[CAP_PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK);
}

bool model_pci_memory_on(const struct model *m)
{
	return (m->cfg[PCI_COMMAND] & PCI_COMMAND_MEMORY) && in_d0(m);
}

bool model_pci_master_on(const struct model *m)
{
	return (m->cfg[PCI_COMMAND] & PCI_COMMAND_MASTER) && in_d0(m);
}

bool model_pci_msi(const struct model *m, uint64_t *addr, uint32_t *data)
{
	if (!(m->cfg[CAP_MSI + PCI_MSI_FLAGS] & PCI_MSI_FLAGS_ENABLE))
		return false;
	*addr = get(m->cfg, CAP_MSI + PCI_MSI_ADDRESS_LO, 4) |
		(uint64_t)get(m->cfg, CAP_MSI + PCI_MSI_ADDRESS_HI, 4) << 32;
	*data = get(m->cfg, CAP_MSI + PCI_MSI_DATA_64, 2);
	return true;
}

bool model_pci_msix_on(const struct model *m)
{
	return get(m->cfg, CAP_MSIX + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_ENABLE;
}

bool model_pci_msix_masked(const struct model *m)
{
	return get(m->cfg, CAP_MSIX + PCI_MSIX_FLAGS, 2) & PCI_MSIX_FLAGS_MASKALL;
}

void model_pci_master_abort(struct model *m)
{
	put(m->cfg, PCI_STATUS, get(m->cfg, PCI_STATUS, 2) | PCI_STATUS_REC_MASTER_ABORT, 2);
}

static bool cfg_ok(unsigned int offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4) && offset % size == 0 &&
	       offset < MODEL_CFG_SIZE;
}

uint32_t model_cfg_read(struct model *m, unsigned int offset, unsigned int size)
{
	if (!cfg_ok(offset, size))
		return ~0u;
	/* No extended capabilities: a zero header at 0x100 says so. */
	if (offset >= MODEL_CFG_HEADER)
		return 0;
	return get(m->cfg, offset, size);
}

static void function_level_reset(struct model *m)
{
	uint64_t lo = m->fb.wpr2_lo, hi = m->fb.wpr2_hi, ignored;

	model_flr(m);
	if (model_fault_value(m, MODEL_FLR_KEEPS_WPR2, &ignored))
		model_wpr2_set(m, lo, hi);
}

void model_cfg_write(struct model *m, unsigned int offset, uint32_t value, unsigned int size)
{
	uint8_t old_state = m->cfg[CAP_PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK;
	bool flr = false;

	if (!cfg_ok(offset, size) || offset >= MODEL_CFG_HEADER)
		return;
	for (unsigned int i = 0; i < size; i++) {
		unsigned int o = offset + i;
		uint8_t v = (uint8_t)(value >> (8 * i));

		m->cfg[o] = (uint8_t)((m->cfg[o] & ~m->cfg_rw[o]) | (v & m->cfg_rw[o]));
		m->cfg[o] &= (uint8_t) ~(v & m->cfg_w1c[o]);
		if (o == CAP_EXP + PCI_EXP_DEVCTL + 1 && (v & PCI_EXP_DEVCTL_BCR_FLR >> 8))
			flr = true;
	}
	if (offset <= PCI_INTERRUPT_LINE && PCI_INTERRUPT_LINE < offset + size)
		model_milestone(m, "line-written");
	/* D1 and D2 are not supported: a write of them changes nothing. */
	switch (m->cfg[CAP_PM + PCI_PM_CTRL] & PCI_PM_CTRL_STATE_MASK) {
	case 1:
	case 2:
		m->cfg[CAP_PM + PCI_PM_CTRL] &= (uint8_t)~PCI_PM_CTRL_STATE_MASK;
		m->cfg[CAP_PM + PCI_PM_CTRL] |= old_state;
		break;
	}
	if (flr) {
		function_level_reset(m);
		if (m->ops->flr_done)
			m->ops->flr_done(m->ctx);
		return;
	}
	model_intr_update(m);
}
