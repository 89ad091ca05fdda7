/* SPDX-License-Identifier: MIT */
/*
 * model.c - the GPU model as a device of the hosted machine: the hosted adapter of the model bus.
 *
 * The only file of the port that knows tests/model.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hv/hosted/internal.h"
#include "tests/model/model.h"

struct adapter {
	struct model *model;
	struct hosted_pci *pci;
	struct hosted *h;
};

/* ---------------------------------------------------------------- what the model asks for */

static int dma_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
	return hosted_pci_dma(((struct adapter *)ctx)->pci, addr, buf, len, true);
}

static int dma_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
	return hosted_pci_dma(((struct adapter *)ctx)->pci, addr, (void *)(uintptr_t)buf, len,
			      false);
}

static void msi(void *ctx, uint64_t addr, uint32_t data)
{
	hosted_pci_msi(((struct adapter *)ctx)->pci, addr, data);
}

static uint64_t time_ns(void *ctx)
{
	return ((struct adapter *)ctx)->h->now;
}

static void log_line(void *ctx, const char *line)
{
	if (((struct adapter *)ctx)->h->echo)
		fprintf(stderr, "model: %s\n", line);
}

static const struct model_bus_ops bus_ops = {
	.dma_read = dma_read,
	.dma_write = dma_write,
	.msi = msi,
	.time_ns = time_ns,
	.log = log_line,
};

/* ---------------------------------------------------------------- what the machine asks for */

static uint32_t cfg_read(void *dev, unsigned int offset, unsigned int size)
{
	return model_cfg_read(((struct adapter *)dev)->model, offset, size);
}

static void cfg_write(void *dev, unsigned int offset, uint32_t value, unsigned int size)
{
	model_cfg_write(((struct adapter *)dev)->model, offset, value, size);
}

static uint32_t mmio_read32(void *dev, unsigned int bar, uint64_t offset)
{
	return (uint32_t)model_mmio_read(((struct adapter *)dev)->model, (int)bar, offset, 4);
}

static void mmio_write32(void *dev, unsigned int bar, uint64_t offset, uint32_t value)
{
	model_mmio_write(((struct adapter *)dev)->model, (int)bar, offset, value, 4);
}

static void mmio_read(void *dev, unsigned int bar, uint64_t offset, void *dst, size_t len)
{
	if (bar != MODEL_BAR_REGS) {
		model_bar_read(((struct adapter *)dev)->model, (int)bar, offset, dst, len);
		return;
	}
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v = mmio_read32(dev, bar, offset + i);

		memcpy((char *)dst + i, &v, 4);
	}
}

static void mmio_write(void *dev, unsigned int bar, uint64_t offset, const void *src, size_t len)
{
	if (bar != MODEL_BAR_REGS) {
		model_bar_write(((struct adapter *)dev)->model, (int)bar, offset, src, len);
		return;
	}
	for (size_t i = 0; i < len; i += 4) {
		uint32_t v;

		memcpy(&v, (const char *)src + i, 4);
		mmio_write32(dev, bar, offset + i, v);
	}
}

static void reset(void *dev)
{
	model_flr(((struct adapter *)dev)->model);
}

static void adapter_free(void *dev)
{
	struct adapter *a = dev;

	model_destroy(a->model);
	free(a);
}

static const struct hosted_pci_ops pci_ops = {
	.cfg_read = cfg_read,
	.cfg_write = cfg_write,
	.mmio_read32 = mmio_read32,
	.mmio_write32 = mmio_write32,
	.mmio_read = mmio_read,
	.mmio_write = mmio_write,
	.reset = reset,
	.free = adapter_free,
};

struct hosted_pci *hosted_pci_model(struct hosted *h, const struct model_config *config,
				    struct model **out)
{
	struct adapter *a = hosted_zalloc(1, sizeof(*a));

	a->h = h;
	if (model_create(config, &bus_ops, a, &a->model)) {
		free(a);
		return NULL;
	}
	a->pci = hosted_pci_new(h, &pci_ops, a);
	*out = a->model;
	return a->pci;
}
