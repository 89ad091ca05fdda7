/* SPDX-License-Identifier: MIT */
/*
 * Channels and their GPFIFOs. Software puts entries into a channel's GPFIFO, each a push buffer, says
 * so in USERD (GP_PUT) and rings the doorbell with the runlist's and the channel's number. Host fetches,
 * carries out, and writes back how far it is (GP_GET).
 *
 * The doorbell only says that there is something to do: it is done when the channel has its turn
 * (runlist.c). What hardware reports as a fault or a method error takes the channel off, with all of its
 * group, and is logged.
 *
 * Sources: OGKM clc56f.h (GP_ENTRY), ga100/dev_vm.h and dev_ctrl.h (doorbell); NVIDIA/open-gpu-doc
 * manuals/volta/gv100/dev_pbdma.ref.txt, dev_userd.ref.txt; nouveau engine/fifo/gv100.c, ga100.c.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "engines.h"
#include "host.h"
#include "host_regs.h"

#define TOP_LEVEL_GET_VALID (1ull << 63)

#define GP_ENTRY1_LEVEL_SUBROUTINE 0x00000200u
#define GP_ENTRY1_LENGTH(w)	   ((w) >> 10 & 0x1fffff)
#define GP_ENTRY1_OPCODE(w)	   ((w)&0xff)
#define GP_ENTRY1_OPCODE_NOP	   0u
#define GP_ENTRY1_OPCODE_CRC	   2u /* and above */
#define GP_ENTRY1_OPCODE_MAX	   3u

int model_host_create(struct model *m, const char *costs)
{
	m->host = calloc(1, sizeof(*m->host));
	if (!m->host)
		return -ENOMEM;
	if (m->config.follow_clock)
		m->host->origin = m->ops->time_ns(m->ctx);
	return model_costs_set(m, costs, m->host->costs);
}

void model_host_destroy(struct model *m)
{
	free(m->host);
}

void model_host_channels_reset(struct model *m)
{
	struct model_host *h = m->host;

	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		h->channels[i].used = false;
		h->channels[i].group = NULL;
	}
	for (size_t i = 0; i < MODEL_GROUPS; i++)
		h->groups[i].used = false;
	h->resident = NULL;
	for (size_t i = 0; i < MODEL_RUNLISTS; i++) {
		struct model_runlist *r = &h->runlists[i];

		r->groups = r->current = r->first = r->next = NULL;
	}
}

struct model_channel *model_channel_find(struct model *m, uint32_t runlist, uint32_t chid)
{
	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		struct model_channel *ch = &m->host->channels[i];

		if (ch->used && ch->runlist == runlist && ch->chid == chid)
			return ch;
	}
	return NULL;
}

struct model_channel *model_channel_new_in(struct model *m, struct model_group *g, uint32_t chid)
{
	if (chid >= MODEL_CHIDS || model_channel_find(m, g->runlist, chid) ||
	    g->nr_channels == MODEL_GROUP_CHANNELS)
		return NULL;
	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		struct model_channel *ch = &m->host->channels[i];

		if (ch->used)
			continue;
		memset(ch, 0, sizeof(*ch));
		ch->used = true;
		ch->runlist = g->runlist;
		ch->chid = chid;
		model_group_add(m, g, ch);
		return ch;
	}
	return NULL;
}

struct model_channel *model_channel_new(struct model *m, uint32_t runlist, uint32_t chid)
{
	struct model_group *g = model_group_new(m, runlist);
	struct model_channel *ch;

	if (!g)
		return NULL;
	g->own = true;
	ch = model_channel_new_in(m, g, chid);
	if (!ch)
		model_group_free(m, g);
	return ch;
}

void model_channel_free(struct model *m, struct model_channel *ch)
{
	struct model_group *g = ch->group;

	model_group_remove(m, ch);
	ch->used = false;
	if (g->own)
		model_group_free(m, g);
}

void model_channel_schedule(struct model *m, struct model_channel *ch, bool enable)
{
	ch->scheduled = enable;
	model_runlist_submit(m, ch->runlist);
	if (ch->pending)
		model_host_kick(m);
}

void model_channel_stop(struct model *m, struct model_channel *ch, bool stop)
{
	ch->stopped = stop;
	if (stop && ch->group)
		model_context_unload(m, ch->group, true);
	model_runlist_submit(m, ch->runlist);
	if (ch->pending)
		model_host_kick(m);
}

enum host_result model_channel_error(struct model *m, struct model_channel *ch,
				     enum host_error error, const char *fmt, ...)
{
	char why[128];
	va_list ap;

	if (ch->failed)
		return HOST_ERROR;
	for (struct model_channel *other = ch->group ? ch->group->channels : NULL; other;
	     other = other->next)
		other->failed = true;
	ch->failed = true;
	if (ch->group)
		model_context_unload(m, ch->group, false); /* the engine is reset */
	va_start(ap, fmt);
	vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	model_log(m, "channel %u of runlist %u is taken off: %s", ch->chid, ch->runlist, why);
	model_gsp_channel_failed(m, ch, error);
	return HOST_ERROR;
}

void model_channel_mmu_fault(struct model *m, struct model_channel *ch, bool write, const char *of,
			     uint64_t va, enum mmu_fault fault)
{
	ch->fault_address = va;
	ch->fault_type = (uint32_t)fault;
	model_channel_error(m, ch, HOST_MMU_FAULT, "%s%s at 0x%llx: fault 0x%02x",
			    write ? "write" : "read", of, (unsigned long long)va,
			    (unsigned int)fault);
}

bool model_channel_memory(struct model *m, struct model_channel *ch, bool write, uint64_t va,
			  void *buf, size_t len)
{
	struct mmu_request request = {
		.access = write ? MMU_WRITE : MMU_READ,
		.privileged = ch->privileged,
	};
	uint64_t where = va;
	enum mmu_fault fault = model_mmu_access(m, &ch->space, request, va, buf, len, &where);

	if (fault == MMU_OK)
		return true;
	model_channel_mmu_fault(m, ch, write, "", where, fault);
	return false;
}

void model_channel_notify(struct model *m, const struct model_channel *ch)
{
	model_intr_raise(m, MODEL_ENGINE_NONSTALL_VECTOR(ch->engine));
}

/* What RAMFC and the instance block say. */
static bool load(struct model *m, struct model_channel *ch)
{
	uint8_t ramfc[RAMFC_SIZE];
	uint32_t userd, gp_hi;

	if (ch->loaded)
		return true;
	if (!model_physical_access(m, false, ch->instance, ramfc, sizeof(ramfc)) ||
	    model_load32(ramfc + RAMFC_SIGNATURE) != RAMFC_SIGNATURE_VALUE) {
		model_channel_fail(m, ch, "no RAMFC in its instance block");
		return false;
	}
	if (model_mmu_bind(m, ch->instance, &ch->space) != MMU_OK) {
		model_channel_fail(m, ch, "no address space in its instance block");
		return false;
	}
	userd = model_load32(ramfc + RAMFC_USERD);
	ch->userd.sysmem = userd & 3;
	ch->userd.addr =
		(userd & ~0x1ffu) | (uint64_t)(model_load32(ramfc + RAMFC_USERD + 4) & 0xff) << 32;
	gp_hi = model_load32(ramfc + RAMFC_GP_BASE + 4);
	ch->gp_base = (model_load32(ramfc + RAMFC_GP_BASE) & ~7u) | (uint64_t)(gp_hi & 0xff) << 32;
	ch->gp_entries = 1u << (gp_hi >> 16 & 0x1f);
	ch->privileged = model_load32(ramfc + RAMFC_CONFIG) & RAMFC_CONFIG_PRIV;
	ch->physical = model_load32(ramfc + RAMFC_HCE_CTRL) & RAMFC_HCE_CTRL_PRIV;
	ch->loaded = true;
	return true;
}

static bool userd_word(struct model *m, struct model_channel *ch, bool write, uint32_t offset,
		       uint32_t *value)
{
	struct mmu_addr at = ch->userd;

	at.addr += offset;
	if (model_physical_access(m, write, at, value, 4))
		return true;
	model_channel_fail(m, ch, "USERD at 0x%llx is not there", (unsigned long long)at.addr);
	return false;
}

/* The entry at GP_GET becomes the push buffer in work. */
static enum host_result fetch_entry(struct model *m, struct model_channel *ch)
{
	uint32_t words[2], length;

	if (!model_channel_memory(m, ch, false, ch->gp_base + 8ull * ch->gp_get, words,
				  sizeof(words)))
		return HOST_ERROR;
	length = GP_ENTRY1_LENGTH(words[1]);
	if (!length && GP_ENTRY1_OPCODE(words[1]) != GP_ENTRY1_OPCODE_NOP &&
	    (GP_ENTRY1_OPCODE(words[1]) < GP_ENTRY1_OPCODE_CRC ||
	     GP_ENTRY1_OPCODE(words[1]) > GP_ENTRY1_OPCODE_MAX))
		return model_channel_fail(m, ch, "GPFIFO entry 0x%08x 0x%08x", words[0], words[1]);
	/* One without words is an operation, and no segment. */
	if (length) {
		ch->pb.at = (words[0] & ~3u) | (uint64_t)(words[1] & 0xff) << 32;
		ch->pb.end = ch->pb.at + 4ull * length;
		ch->pb.subroutine = words[1] & GP_ENTRY1_LEVEL_SUBROUTINE;
	}
	ch->pb.nr = ch->pb.next = 0;
	return HOST_DONE;
}

/*
 * How far it is in the push buffer, in USERD from PUT on. Hardware writes that back from time to time, so here
 * it is done with every entry.
 */
static bool write_progress(struct model *m, struct model_channel *ch)
{
	uint32_t low = (uint32_t)ch->pb.at, high = (uint32_t)(ch->pb.at >> 32);
	uint32_t words[USERD_PROGRESS_WORDS] = {0};
	struct mmu_addr at = ch->userd;

	if (!ch->pb.subroutine)
		ch->top_level_get = ch->pb.at | TOP_LEVEL_GET_VALID;
	words[USERD_WORD(USERD_PUT)] = words[USERD_WORD(USERD_GET)] = low;
	words[USERD_WORD(USERD_PUT_HI)] = words[USERD_WORD(USERD_GET_HI)] = high;
	words[USERD_WORD(USERD_REF)] = ch->reference;
	words[USERD_WORD(USERD_TOP_LEVEL_GET)] = (uint32_t)ch->top_level_get;
	words[USERD_WORD(USERD_TOP_LEVEL_GET_HI)] = (uint32_t)(ch->top_level_get >> 32);
	at.addr += USERD_PROGRESS;
	if (model_physical_access(m, true, at, words, sizeof(words)))
		return true;
	model_channel_fail(m, ch, "USERD at 0x%llx is not there", (unsigned long long)at.addr);
	return false;
}

/* The entry in work is done. */
static bool finish_entry(struct model *m, struct model_channel *ch)
{
	uint64_t stuck;

	ch->busy = false;
	ch->gp_get = (ch->gp_get + 1) % ch->gp_entries;
	if (!write_progress(m, ch))
		return false;
	if (model_fault_value(m, MODEL_GP_GET_STUCK, &stuck))
		return true;
	return userd_word(m, ch, true, USERD_GP_GET, &ch->gp_get);
}

void model_channel_run(struct model *m, struct model_channel *ch)
{
	uint32_t put;

	if (!load(m, ch))
		return;
	for (;;) {
		enum host_result result = model_pushbuffer_run(m, ch);

		if (result == HOST_WAIT) {
			ch->waiting = true;
			ch->looked = m->host->events;
			ch->looked_at = m->host->now;
		}
		if (result != HOST_DONE || (ch->busy && !finish_entry(m, ch)) ||
		    !userd_word(m, ch, false, USERD_GP_PUT, &put))
			return;
		if (put % ch->gp_entries == ch->gp_get) {
			ch->pending = false;
			return;
		}
		if (model_turn_over(m, ch) || fetch_entry(m, ch) != HOST_DONE)
			return;
		model_charge(m, ch, COST_ENTRY, 1);
		ch->busy = true;
	}
}

static void doorbell(struct model *m, uint32_t value)
{
	struct model_channel *ch = NULL;

	if (!(value & ~(DOORBELL_RUNLIST | DOORBELL_CHID)))
		ch = model_channel_find(m, value >> 16, value & DOORBELL_CHID);
	if (!ch) {
		model_log(m, "doorbell 0x%08x: no such channel", value);
		return;
	}
	model_host_pass(m);
	ch->pending = true;
	model_host_kick(m);
}

bool model_host_read(struct model *m, uint32_t addr, uint32_t *value)
{
	(void)m;
	*value = 0;
	return addr == NV_VF_DOORBELL; /* write only */
}

bool model_host_write(struct model *m, uint32_t addr, uint32_t value)
{
	if (addr != NV_VF_DOORBELL)
		return false;
	doorbell(m, value);
	return true;
}
