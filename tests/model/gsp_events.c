/* SPDX-License-Identifier: MIT */
/*
 * What the firmware tells without being asked: the GSP's interrupt, and that a channel has failed.
 *
 * The interrupt is raised with every message while it is not masked, and again if the driver retriggers
 * while IRQSTAT still shows it. A failed channel is reported by RC_TRIGGERED, whose layout differs.
 *
 * Sources: OGKM ga102/dev_riscv_pri.h, ga102/dev_falcon_v4.h, g_rpc-structures.h of each release
 * (rpc_rc_triggered_v17_02), nverror.h, kernel_rc.h; nouveau gsp/r535.c (r535_gsp_intr).
 */
#include "engines.h"
#include "falcon_regs.h"
#include "gsp.h"
#include "host.h"

#define NV_PGSP_RISCV_IRQMASK	       0x111528 /* set by firmware, read by drivers */
#define NV_PGSP_INTR_RETRIGGER	       0x1103e8
#define INTR_RETRIGGER_TRIGGER	       0x1u
#define RC_NOTIFIER_SCOPE_CHANNEL      0u
#define RC_NOTIFIER_SCOPE_TSG	       1u
#define NV_VGPU_MSG_EVENT_RC_TRIGGERED 0x1004u

static uint32_t irqmask(const struct model *m)
{
	return m->gsp_rm->layout ? IRQSTAT_SWGEN0 : 0;
}

void model_gsp_interrupt(struct model *m)
{
	if (m->gsp.irqstat & irqmask(m))
		model_intr_raise(m, MODEL_GSP_VECTOR);
}

bool model_gsp_events_read(struct model *m, uint32_t addr, uint32_t *value)
{
	*value = addr == NV_PGSP_RISCV_IRQMASK ? irqmask(m) : 0;
	return addr == NV_PGSP_RISCV_IRQMASK || addr == NV_PGSP_INTR_RETRIGGER;
}

bool model_gsp_events_write(struct model *m, uint32_t addr, uint32_t value)
{
	if (addr == NV_PGSP_INTR_RETRIGGER && value & INTR_RETRIGGER_TRIGGER)
		model_gsp_interrupt(m);
	return addr == NV_PGSP_RISCV_IRQMASK || addr == NV_PGSP_INTR_RETRIGGER;
}

void model_gsp_channel_failed(struct model *m, const struct model_channel *ch,
			      enum host_error error)
{
	const struct gsp_layout *l = m->gsp_rm->layout;
	uint8_t report[48] = {0};

	if (!l)
		return;
	model_store32(report, model_rm_engine_type(ch->engine));
	model_store32(report + 4, ch->chid);
	model_store32(report + l->rc_except, error);
	if (l->rc_fault && error == HOST_MMU_FAULT) {
		model_store32(report + l->rc_fault, (uint32_t)ch->fault_address);
		model_store32(report + l->rc_fault + 4, (uint32_t)(ch->fault_address >> 32));
		model_store32(report + l->rc_fault + 8, ch->fault_type);
	}
	/* The channels of a group fail together (host.c). */
	model_store32(report + l->rc_except + 4,
		      ch->group->own ? RC_NOTIFIER_SCOPE_CHANNEL : RC_NOTIFIER_SCOPE_TSG);
	model_gsp_send(m, NV_VGPU_MSG_EVENT_RC_TRIGGERED, 0, 0, report, l->rc_triggered);
}
