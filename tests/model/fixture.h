/* SPDX-License-Identifier: MIT */
/*
 * A machine of a few lines around the model, for unit tests: 256 KiB of memory that DMA reaches at
 * MEM_BASE, an IOMMU that can be told to refuse, a record of interrupt messages, a clock that moves
 * by 1 us whenever somebody looks at it.
 */
#ifndef MODEL_FIXTURE_H
#define MODEL_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>

#include <cmocka.h>
#include <linux/pci_regs.h>

#include "tests/model/model.h"

#define MEM_BASE 0x123450000ull
#define MEM_SIZE 0x40000u

#define CAP_PM	 0x60
#define CAP_MSI	 0x68
#define CAP_EXP	 0x78
#define CAP_MSIX 0xc8

struct machine {
	struct model *gpu;
	uint8_t mem[MEM_SIZE];
	bool refuse_reads, refuse_writes;
	unsigned int nr_dma;
	unsigned int nr_msi;
	uint64_t msi_addr;
	uint32_t msi_data;
	uint64_t now;
	unsigned int nr_log;
	char last_log[256];
	unsigned int ram_changes, flrs;
	unsigned int nr_milestones;
	const char *milestone;
};

static int machine_dma(struct machine *mc, bool write, uint64_t addr, void *buf, size_t len)
{
	mc->nr_dma++;
	assert_true(len <= 4096 && addr / 4096 == (addr + len - 1) / 4096);
	if (addr < MEM_BASE || addr - MEM_BASE > MEM_SIZE - len)
		return -ENXIO;
	if (write ? mc->refuse_writes : mc->refuse_reads)
		return -EACCES;
	if (write)
		memcpy(mc->mem + (addr - MEM_BASE), buf, len);
	else
		memcpy(buf, mc->mem + (addr - MEM_BASE), len);
	return 0;
}

static int machine_dma_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return machine_dma(ctx, false, addr, buf, len);
}

static int machine_dma_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	return machine_dma(ctx, true, addr, (void *)buf, len);
}

static void machine_msi(void *ctx, uint64_t addr, uint32_t data)
{
	struct machine *mc = ctx;

	mc->nr_msi++;
	mc->msi_addr = addr;
	mc->msi_data = data;
}

static uint64_t machine_time(void *ctx)
{
	struct machine *mc = ctx;

	return mc->now += 1000;
}

static void machine_log(void *ctx, const char *line)
{
	struct machine *mc = ctx;

	mc->nr_log++;
	snprintf(mc->last_log, sizeof(mc->last_log), "%s", line);
}

static void machine_ram_changed(void *ctx, int bar)
{
	struct machine *mc = ctx;

	(void)bar;
	mc->ram_changes++;
}

static void machine_flr_done(void *ctx)
{
	struct machine *mc = ctx;

	mc->flrs++;
}

static void machine_milestone(void *ctx, const char *name)
{
	struct machine *mc = ctx;

	mc->nr_milestones++;
	mc->milestone = name;
}

static const struct model_bus_ops machine_ops = {
	.dma_read = machine_dma_read,
	.dma_write = machine_dma_write,
	.msi = machine_msi,
	.time_ns = machine_time,
	.log = machine_log,
	.bar_ram_changed = machine_ram_changed,
	.flr_done = machine_flr_done,
	.milestone = machine_milestone,
};

/* A board with 1 GiB of chips, so 960 MiB of usable VRAM; memory space and bus mastering on. */
static inline int machine_up(void **state)
{
	const struct model_config config = {.vram_bytes = 1ull << 30};
	struct machine *mc = calloc(1, sizeof(*mc));

	if (!mc || model_create(&config, &machine_ops, mc, &mc->gpu))
		return -1;
	model_cfg_write(mc->gpu, PCI_COMMAND, PCI_COMMAND_MEMORY | PCI_COMMAND_MASTER, 2);
	*state = mc;
	return 0;
}

static inline int machine_down(void **state)
{
	struct machine *mc = *state;

	model_destroy(mc->gpu);
	free(mc);
	return 0;
}

static inline uint32_t rd(struct machine *mc, uint32_t reg)
{
	return (uint32_t)model_mmio_read(mc->gpu, MODEL_BAR_REGS, reg, 4);
}

static inline void wr(struct machine *mc, uint32_t reg, uint32_t value)
{
	model_mmio_write(mc->gpu, MODEL_BAR_REGS, reg, value, 4);
}

/* Whether the model's trace has a number among those of a kind. */
static inline bool traced(const struct machine *mc, const char *kind, uint32_t number)
{
	char *json = model_trace_json(mc->gpu), *at, name[32];
	bool found = false;

	assert_non_null(json);
	snprintf(name, sizeof(name), "\"%s\": [", kind);
	at = strstr(json, name);
	assert_non_null(at);
	for (at = strchr(at, '['); *at != ']' && !found;) {
		at++;
		found = *at != ']' && strtoul(at, &at, 10) == number;
	}
	free(json);
	return found;
}

#define model_test(fn) cmocka_unit_test_setup_teardown(fn, machine_up, machine_down)

#endif /* MODEL_FIXTURE_H */
