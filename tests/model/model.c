/* SPDX-License-Identifier: MIT */
/*
 * One board from power-on to power-off: creation, function-level reset, counters, the hash of VRAM.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "falcon_regs.h"
#include "internal.h"
#include "vbios.h"
#include "trace.h"

#define MIN_BAR1   (64ull << 20) /* NV_XVE_RESIZE_BAR1_CTRL_BAR_SIZE_MIN, 1 MiB << 6 */
#define MAX_BAR1   (64ull << 30)
#define SEEN_BYTES (MODEL_BAR_REGS_SIZE / 4 / 8)

/* Without boot ROM and with it. SEC2's RISC-V core is not used, and shows from GA10x on only. */
static const struct model_falcon_kind gsp_kinds[] = {
	{"GSP", NV_PGSP, ENGIDMASK_GSP, false, true},
	{"GSP", NV_PGSP, ENGIDMASK_GSP, true, true},
};
static const struct model_falcon_kind sec2_kinds[] = {
	{"SEC2", NV_PSEC, ENGIDMASK_SEC2, false, false},
	{"SEC2", NV_PSEC, ENGIDMASK_SEC2, true, true},
};

static void reset(struct model *m)
{
	model_pci_reset(m);
	model_host_reset(m);
	model_intr_reset(m);
	model_fb_reset(m);
	model_falcon_reset(m, &m->gsp);
	model_falcon_reset(m, &m->sec2);
	model_gsp_forget(m);
	model_host_channels_reset(m);
	m->firmware.started = false;
}

static bool config_ok(const struct model_config *c)
{
	return c->bar1_bytes >= MIN_BAR1 && c->bar1_bytes <= MAX_BAR1 &&
	       (c->bar1_bytes & (c->bar1_bytes - 1)) == 0;
}

int model_create(const struct model_config *config, const struct model_bus_ops *ops, void *ctx,
		 struct model **out)
{
	const char *faults = NULL, *costs = NULL;
	struct model *m;
	int ret;

	m = calloc(1, sizeof(*m));
	if (!m)
		return -ENOMEM;
	m->ops = ops;
	m->ctx = ctx;
	if (config) {
		m->config = *config;
		faults = config->faults;
		costs = config->costs;
		m->config.faults = m->config.costs = NULL;
		m->config.chip = NULL;
	}
	m->chip = model_chip_find(config ? config->chip : NULL);
	if (!m->chip) {
		free(m);
		return -EINVAL;
	}
	m->gsp.kind = &gsp_kinds[m->chip->boot_rom];
	m->sec2.kind = &sec2_kinds[m->chip->boot_rom];
	if (!m->config.vram_bytes)
		m->config.vram_bytes = m->chip->vram_bytes;
	if (!m->config.bar1_bytes)
		m->config.bar1_bytes = MODEL_BAR1_DEFAULT;
	ret = config_ok(&m->config) && (ops->kick || !m->config.follow_clock) ? 0 : -EINVAL;
	if (!ret) {
		m->seen_reads = calloc(1, SEEN_BYTES);
		m->seen_writes = calloc(1, SEEN_BYTES);
		ret = m->seen_reads && m->seen_writes ? model_fb_create(m) : -ENOMEM;
	}
	if (!ret)
		ret = model_trace_create(m);
	if (!ret)
		ret = model_vbios_create(m);
	if (!ret)
		ret = model_gsp_create(m);
	if (!ret)
		ret = model_host_create(m, costs);
	if (!ret)
		reset(m);
	if (!ret && faults)
		ret = model_fault_set(m, faults);
	if (ret) {
		model_destroy(m);
		return ret;
	}
	m->live = true;
	*out = m;
	return 0;
}

void model_destroy(struct model *m)
{
	if (!m)
		return;
	model_fb_destroy(m);
	model_vbios_destroy(m);
	model_gsp_destroy(m);
	model_host_destroy(m);
	model_trace_destroy(m);
	free(m->seen_reads);
	free(m->seen_writes);
	free(m);
}

void model_flr(struct model *m)
{
	m->stats.flrs++;
	model_log(m, "function-level reset");
	reset(m);
}

void model_stats_get(const struct model *m, struct model_stats *out)
{
	*out = m->stats;
}

int model_fwimage_hash(const struct model *m, uint8_t out[32])
{
	if (!m->firmware.received)
		return -ENOENT;
	memcpy(out, m->firmware.digest, sizeof(m->firmware.digest));
	return 0;
}

int model_vram_hash(struct model *m, uint64_t base, uint64_t len, uint8_t out[32])
{
	const uint64_t piece = 1ull << 30; /* g_checksum_update() takes a signed length */
	gsize out_len = 32;
	GChecksum *sum;

	if (len > m->fb.size || base > m->fb.size - len)
		return -ERANGE;
	sum = g_checksum_new(G_CHECKSUM_SHA256);
	for (uint64_t done = 0; done < len; done += piece) {
		uint64_t n = len - done < piece ? len - done : piece;

		g_checksum_update(sum, m->fb.vram + base + done, (gssize)n);
	}
	g_checksum_get_digest(sum, out, &out_len);
	g_checksum_free(sum);
	return 0;
}
