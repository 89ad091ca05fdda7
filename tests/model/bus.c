/* SPDX-License-Identifier: MIT */
/*
 * The bus side of the model: from an access to a BAR to the block that answers it, the registers of
 * the host interface, and DMA from the board to system memory.
 *
 * BAR 0 is registers of 32 bits, but for the PRAMIN window, which is memory. A register that the
 * model lacks reads as the GPU's own error word, takes no writes, is counted, and is logged once.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "host.h"
#include "host_regs.h"
#include "internal.h"
#include "mmu.h"
#include "trace.h"

#define PRAMIN_BASE	0x700000u
#define PRAMIN_SIZE	0x100000u
#define DMA_PAGE	4096u
#define UNKNOWN_LOG_MAX 1000u /* then counted only: a scan of BAR 0 must not fill a disk */

void model_log(struct model *m, const char *fmt, ...)
{
	char line[256];
	va_list ap;

	if (!m->ops->log)
		return;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	m->ops->log(m->ctx, line);
}

uint64_t model_time(const struct model *m)
{
	return m->ops->time_ns(m->ctx);
}

void model_milestone(struct model *m, const char *name)
{
	if (m->ops->milestone)
		m->ops->milestone(m->ctx, name);
}

void model_host_reset(struct model *m)
{
	m->touched = false;
	m->pmc_enable = NV_PMC_ENABLE_INIT;
	m->device_enable = 0;
	memset(m->sw_scratch, 0, sizeof(m->sw_scratch));
	m->boot_stage = 0;
}

static bool host_read(struct model *m, uint32_t addr, uint32_t *value)
{
	uint64_t progress = GFW_BOOT_PROGRESS_COMPLETED;

	switch (addr) {
	case NV_PMC_BOOT_0:
		*value = m->chip->boot_0;
		return true;
	case NV_PMC_BOOT_1:
	case NV_PMC_BOOT_2:
	case NV_UFLUSH_FB_FLUSH:
	case NV_XVE_MSI_REARM:
		*value = 0;
		return true;
	case NV_FUSE_STATUS_OPT_DISPLAY:
		*value = !m->chip->display;
		return m->chip->fuses;
	case NV_FUSE_STATUS_OPT_DISPLAY_TU102:
		*value = 0;
		return !m->chip->fuses;
	case NV_PMC_BOOT_42:
		*value = m->chip->boot_42;
		return true;
	case NV_PMC_ENABLE:
		*value = m->pmc_enable;
		return true;
	case NV_PMC_DEVICE_ENABLE_0:
		*value = m->device_enable;
		return true;
	case NV_PTIMER_TIME_0:
	case NV_VF_TIME_0:
		*value = (uint32_t)model_time(m) & BITS(31, 5);
		return true;
	case NV_PTIMER_TIME_1:
	case NV_VF_TIME_1:
		*value = (uint32_t)(model_time(m) >> 32) & BITS(28, 0);
		return true;
	case NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_PRIV_LEVEL_MASK:
		*value = READ_PROTECTION_LEVEL0_ENABLE;
		return true;
	case NV_PGC6_AON_SECURE_SCRATCH_GROUP_05_0:
		model_fault_value(m, MODEL_GFW_PROGRESS, &progress);
		*value = (uint32_t)progress;
		return true;
	case NV_PGC6_BSI_SECURE_SCRATCH_14:
		*value = m->boot_stage;
		return true;
	}
	if (addr >= NV_PBUS_SW_SCRATCH_0 && addr < NV_PBUS_SW_SCRATCH_END) {
		*value = m->sw_scratch[(addr - NV_PBUS_SW_SCRATCH_0) / 4];
		return true;
	}
	if (addr >= NV_PCFG && addr < NV_PCFG + MODEL_CFG_HEADER) {
		*value = model_cfg_read(m, addr - NV_PCFG, 4);
		return true;
	}
	return false;
}

static bool host_write(struct model *m, uint32_t addr, uint32_t value)
{
	uint32_t ignored;

	switch (addr) {
	case NV_PMC_ENABLE:
		m->pmc_enable = value;
		return true;
	case NV_PMC_DEVICE_ENABLE_0:
		m->device_enable = value & NV_PMC_DEVICE_ENABLE_STATUS;
		return true;
	case NV_XVE_MSI_REARM:
		m->intr.line = false;
		model_intr_update(m);
		return true;
	}
	if (addr >= NV_PBUS_SW_SCRATCH_0 && addr < NV_PBUS_SW_SCRATCH_END) {
		m->sw_scratch[(addr - NV_PBUS_SW_SCRATCH_0) / 4] = value;
		return true;
	}
	if (addr >= NV_PCFG && addr < NV_PCFG + MODEL_CFG_HEADER) {
		model_cfg_write(m, addr - NV_PCFG, value, 4);
		return true;
	}
	/* What is left here can be read only: a write to it is accepted and lost. */
	return host_read(m, addr, &ignored);
}

static const struct {
	bool (*read)(struct model *m, uint32_t addr, uint32_t *value);
	bool (*write)(struct model *m, uint32_t addr, uint32_t value);
} blocks[] = {
	{host_read, host_write},
	{model_intr_read, model_intr_write},
	{model_fb_read, model_fb_write},
	{model_mmu_read, model_mmu_write},
	{model_host_read, model_host_write},
	{model_runlist_read, model_runlist_write},
	{model_falcon_read, model_falcon_write},
	{model_gsp_events_read, model_gsp_events_write},
	{model_brom_read, model_brom_write},
	{model_vbios_read, model_vbios_write},
};

static void log_unknown(struct model *m, uint8_t *seen, const char *verb, uint32_t addr)
{
	unsigned int reg = addr / 4;

	if (seen[reg / 8] & (1u << (reg % 8)))
		return;
	seen[reg / 8] |= 1u << (reg % 8);
	if (m->unknown_logged >= UNKNOWN_LOG_MAX)
		return;
	model_log(m, "%s of unknown register 0x%06x", verb, addr);
	if (++m->unknown_logged == UNKNOWN_LOG_MAX)
		model_log(m, "%u unknown registers logged; further ones are only counted",
			  UNKNOWN_LOG_MAX);
}

/* A register's value as a board with planted faults shows it. */
static uint32_t broken(const struct model *m, uint32_t addr, uint32_t value)
{
	uint8_t bytes[4];

	model_store32(bytes, value);
	model_fault_apply(m, MODEL_FLIP_REG, addr, bytes, sizeof(bytes));
	return model_load32(bytes);
}

uint32_t model_reg_read(struct model *m, uint32_t addr)
{
	uint32_t value;

	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].read(m, addr, &value)) {
			model_trace(m, MODEL_TRACE_READ, addr);
			return m->nr_faults ? broken(m, addr, value) : value;
		}
	m->stats.unknown_reads++;
	log_unknown(m, m->seen_reads, "read", addr);
	return PRI_ERROR_CLIENT;
}

void model_reg_write(struct model *m, uint32_t addr, uint32_t value)
{
	for (size_t i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++)
		if (blocks[i].write(m, addr, value)) {
			model_trace(m, MODEL_TRACE_WRITE, addr);
			return;
		}
	m->stats.unknown_writes++;
	log_unknown(m, m->seen_writes, "write", addr);
}

int model_dma(struct model *m, bool write, uint64_t addr, void *buf, size_t len)
{
	uint8_t *p = buf;

	while (len) {
		size_t chunk = DMA_PAGE - addr % DMA_PAGE;
		int ret;

		if (chunk > len)
			chunk = len;
		/* Looked at for every chunk: software may clear the bit between two requests. */
		if (!model_pci_master_on(m)) {
			m->stats.dma_errors++;
			return -EIO;
		}
		if (write) {
			m->stats.dma_writes++;
			ret = m->ops->dma_write(m->ctx, addr, p, chunk);
		} else {
			m->stats.dma_reads++;
			ret = m->ops->dma_read(m->ctx, addr, p, chunk);
		}
		if (ret) {
			m->stats.dma_errors++;
			model_log(m, "DMA %s of %zu bytes at bus address 0x%llx refused: error %d",
				  write ? "write" : "read", chunk, (unsigned long long)addr, ret);
			/* Writes are posted: only a read learns of its fate. */
			if (!write)
				model_pci_master_abort(m);
			return ret;
		}
		m->stats.dma_bytes += chunk;
		addr += chunk;
		p += chunk;
		len -= chunk;
	}
	return 0;
}

/* Part of a register's value, for accesses narrower than a register. */
static uint64_t regs_read(struct model *m, uint32_t offset, unsigned int size)
{
	uint64_t value;

	if (size == 8)
		return model_reg_read(m, offset) | (uint64_t)model_reg_read(m, offset + 4) << 32;
	value = model_reg_read(m, offset & ~3u) >> (8 * (offset & 3));
	return size == 4 ? value : value & ((1u << (8 * size)) - 1);
}

static void regs_write(struct model *m, uint32_t offset, uint64_t value, unsigned int size)
{
	if (size == 8) {
		model_reg_write(m, offset, (uint32_t)value);
		model_reg_write(m, offset + 4, (uint32_t)(value >> 32));
	} else if (size == 4) {
		model_reg_write(m, offset, (uint32_t)value);
	} else {
		/* No public source shows a partial register write. */
		m->stats.unknown_writes++;
		model_log(m, "write of %u bytes to register 0x%06x dropped", size, offset);
	}
}

static uint64_t bar_size(const struct model *m, int bar)
{
	switch (bar) {
	case MODEL_BAR_REGS:
		return MODEL_BAR_REGS_SIZE;
	case MODEL_BAR_FB:
		return m->config.bar1_bytes;
	case MODEL_BAR_INST:
		return MODEL_BAR_INST_SIZE;
	default:
		return 0;
	}
}

static bool natural(uint64_t offset, unsigned int size)
{
	return (size == 1 || size == 2 || size == 4 || size == 8) && offset % size == 0;
}

static bool bar_answers(const struct model *m, int bar, uint64_t offset, size_t len)
{
	uint64_t size = bar_size(m, bar);

	return model_pci_memory_on(m) && len <= size && offset <= size - len;
}

static void touch(struct model *m)
{
	if (m->touched)
		return;
	m->touched = true;
	model_milestone(m, "first-touch");
}

uint64_t model_mmio_read(struct model *m, int bar, uint64_t offset, unsigned int size)
{
	uint64_t value = ~0ull;

	if (!natural(offset, size) || !bar_answers(m, bar, offset, size))
		return size >= 8 ? value : (1ull << (8 * size)) - 1;
	touch(m);
	m->stats.mmio_reads++;
	if (bar != MODEL_BAR_REGS) {
		value = 0;
		model_window_access(m, false, bar, offset, &value, size);
	} else if (offset >= PRAMIN_BASE && offset < PRAMIN_BASE + PRAMIN_SIZE) {
		value = 0;
		model_pramin_access(m, false, (uint32_t)offset - PRAMIN_BASE, &value, size);
	} else {
		value = regs_read(m, (uint32_t)offset, size);
	}
	return value;
}

void model_mmio_write(struct model *m, int bar, uint64_t offset, uint64_t value, unsigned int size)
{
	if (!natural(offset, size) || !bar_answers(m, bar, offset, size))
		return;
	touch(m);
	m->stats.mmio_writes++;
	if (bar != MODEL_BAR_REGS)
		model_window_access(m, true, bar, offset, &value, size);
	else if (offset >= PRAMIN_BASE && offset < PRAMIN_BASE + PRAMIN_SIZE)
		model_pramin_access(m, true, (uint32_t)offset - PRAMIN_BASE, &value, size);
	else
		regs_write(m, (uint32_t)offset, value, size);
	model_host_settle(m);
}

void model_bar_read(struct model *m, int bar, uint64_t offset, void *buf, size_t len)
{
	if (bar == MODEL_BAR_REGS || !bar_answers(m, bar, offset, len)) {
		memset(buf, 0xff, len);
		return;
	}
	touch(m);
	m->stats.mmio_reads++;
	model_window_access(m, false, bar, offset, buf, len);
}

void model_bar_write(struct model *m, int bar, uint64_t offset, const void *buf, size_t len)
{
	if (bar == MODEL_BAR_REGS || !bar_answers(m, bar, offset, len))
		return;
	touch(m);
	m->stats.mmio_writes++;
	/* model_window_access() does not write to its buffer when it writes to VRAM. */
	model_window_access(m, true, bar, offset, (void *)buf, len);
}
