/* SPDX-License-Identifier: MIT */
/*
 * Channels, as RM keeps them for a driver that has page tables, instance blocks and USERD in memory of its
 * own: RM checks what it is told, writes RAMFC and tells Host.
 *
 * Sources: OGKM alloc_channel.h, ctrla06fgpfifo.h, ctrl2080fifo.h (DISABLE_CHANNELS), ctrl90f1.h,
 * kernel_channel.c, kernel_fifo.c;
 * nouveau engine/fifo/r535.c, subdev/mmu/r535.c.
 */
#include <inttypes.h>
#include <string.h>

#include "engines.h"
#include "gsp.h"
#include "host.h"
#include "rm.h"

/* NV_MEMORY_DESC_PARAMS; address spaces as ADDR_SYSMEM and ADDR_FBMEM. */
struct memory_desc {
	uint64_t base, size;
	uint32_t address_space, cache_attrib;
};
#define ADDR_SYSMEM 1u
#define ADDR_FBMEM  2u

/* The start of NV_CHANNEL_ALLOC_PARAMS, the same 535 ... 570. */
struct channel_params {
	uint32_t object_error, object_buffer;
	uint64_t gpfifo;
	uint32_t gpfifo_entries, flags;
	uint32_t context_share, vaspace;
	uint32_t userd_memory[8];
	uint64_t userd_offset[8];
	uint32_t engine_type, cid, subdevice, object_ecc;
	struct memory_desc instance, userd, ramfc, method_buffer;
	uint32_t group, internal_flags;
};
static_assert(offsetof(struct channel_params, instance) == 144, "NV_CHANNEL_ALLOC_PARAMS");
static_assert(offsetof(struct channel_params, internal_flags) == 244, "NV_CHANNEL_ALLOC_PARAMS");

/* NVOS04_FLAGS */
#define FLAGS_USERD_INDEX_VALUE(f)	((f) >> 8 & 7)
#define FLAGS_USERD_INDEX_FIXED		(1u << 11)
#define FLAGS_USERD_INDEX_PAGE_VALUE(f) ((f) >> 12 & 0x1ff)
#define FLAGS_USERD_INDEX_PAGE_FIXED	(1u << 21)
#define FLAGS_DENY_PHYSICAL		(1u << 7)  /* CHANNEL_DENY_PHYSICAL_MODE_CE */
#define FLAGS_DENY_AUTH			(1u << 22) /* CHANNEL_DENY_AUTH_LEVEL_PRIV */
#define INTERNAL_PRIVILEGE		3u /* NV_KERNELCHANNEL_ALLOC_INTERNALFLAGS; 0: user */
#define CHIDS_IN_A_PAGE			8u

#define METHOD_BUFFER_SIZE 0x5000u /* as nouveau's golden context has it; for any engine */

/* NV90F1_CTRL_VASPACE_COPY_SERVER_RESERVED_PDES_PARAMS */
struct reserved_pdes {
	uint32_t subdevice, subdevice_id;
	uint64_t page_size, va_lo, va_hi;
	uint32_t nr_levels, pad;
	struct {
		uint64_t addr, size;
		uint32_t aperture;
		uint8_t page_shift, pad[3];
	} levels[6];
};
static_assert(sizeof(struct reserved_pdes) == 184, "NV90F1 COPY_SERVER_RESERVED_PDES");
#define GMMU_APERTURE_VIDEO 1u

/* NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS, the same 535 ... 570. */
#define STOP_CHANNELS_MAX 64u
struct stop_channels {
	uint8_t disable, pad[3];
	uint32_t nr;
	uint8_t only_scheduling, rewind, pad2[6];
	uint64_t preempt_event;
	uint32_t clients[STOP_CHANNELS_MAX], channels[STOP_CHANNELS_MAX];
};
static_assert(sizeof(struct stop_channels) == 536, "FIFO_DISABLE_CHANNELS_PARAMS");

/* A block of memory, of the size asked for at least, all of it where it is said to be. */
static bool desc_ok(const struct model *m, const struct memory_desc *d, uint64_t size,
		    uint64_t align)
{
	if (d->base % align || d->size < size)
		return false;
	if (d->address_space == ADDR_SYSMEM)
		return true;
	return d->address_space == ADDR_FBMEM && d->size <= m->fb.size &&
	       d->base <= m->fb.size - d->size;
}

static struct mmu_addr desc_addr(const struct memory_desc *d)
{
	return (struct mmu_addr){.sysmem = d->address_space == ADDR_SYSMEM, .addr = d->base};
}

/* The engine of this NV2080_ENGINE_TYPE; MODEL_ENGINES if there is none. */
uint32_t model_rm_find_engine(uint32_t type)
{
	uint32_t i = 0;

	while (i < MODEL_ENGINES && model_rm_engine_type(i) != type)
		i++;
	return i;
}

static bool choose_chid(struct model *m, uint32_t runlist, uint32_t flags, uint32_t *chid)
{
	if (flags & FLAGS_USERD_INDEX_PAGE_FIXED) {
		*chid = FLAGS_USERD_INDEX_PAGE_VALUE(flags) * CHIDS_IN_A_PAGE +
			FLAGS_USERD_INDEX_VALUE(flags);
		return *chid < MODEL_CHIDS && !model_channel_find(m, runlist, *chid);
	}
	for (*chid = 0; *chid < MODEL_CHIDS; ++*chid)
		if (!model_channel_find(m, runlist, *chid))
			return true;
	return false;
}

static bool write_ramfc(struct model *m, const struct channel_params *p, uint32_t chid)
{
	uint32_t log2 = (uint32_t)__builtin_ctz(p->gpfifo_entries);
	bool priv = p->internal_flags & INTERNAL_PRIVILEGE;
	uint8_t ramfc[RAMFC_SIZE] = {0};
	uint32_t target = p->userd.address_space == ADDR_SYSMEM ? 2 : 0;

	model_store32(ramfc + RAMFC_USERD, (uint32_t)p->userd.base | target);
	model_store32(ramfc + RAMFC_USERD + 4, (uint32_t)(p->userd.base >> 32));
	model_store32(ramfc + RAMFC_SIGNATURE, RAMFC_SIGNATURE_VALUE);
	model_store32(ramfc + RAMFC_GP_BASE, (uint32_t)p->gpfifo);
	model_store32(ramfc + RAMFC_GP_BASE + 4, (uint32_t)(p->gpfifo >> 32) | log2 << 16);
	model_store32(ramfc + RAMFC_CHID, chid);
	model_store32(ramfc + RAMFC_HCE_CTRL,
		      priv && !(p->flags & FLAGS_DENY_PHYSICAL) ? RAMFC_HCE_CTRL_PRIV : 0);
	model_store32(ramfc + RAMFC_CONFIG,
		      RAMFC_CONFIG_VALUE |
			      (priv && !(p->flags & FLAGS_DENY_AUTH) ? RAMFC_CONFIG_PRIV : 0));
	return model_physical_access(m, true, desc_addr(&p->ramfc), ramfc, sizeof(ramfc));
}

/* A channel below a device, which brings address space and engine along. */
static uint32_t check_single(struct model *m, const struct rm_object *object,
			     const struct channel_params *p)
{
	if (!model_rm_is_space(m, object->client, p->vaspace))
		return NV_ERR_OBJECT_NOT_FOUND;
	return model_rm_find_engine(p->engine_type) == MODEL_ENGINES ? NV_ERR_INVALID_ARGUMENT
								     : NV_OK;
}

/* One of a group, which has both already; there are no context shares here. */
static uint32_t check_member(const struct model_group *g, const struct channel_params *p)
{
	if (p->vaspace)
		return NV_ERR_INVALID_ARGUMENT;
	if (p->context_share)
		return NV_ERR_OBJECT_NOT_FOUND;
	if (!g->space)
		return NV_ERR_INVALID_STATE;
	if (p->engine_type && model_rm_find_engine(p->engine_type) != g->engine)
		return NV_ERR_INVALID_ARGUMENT;
	return g->nr_channels == MODEL_GROUP_CHANNELS ? NV_ERR_INSUFFICIENT_RESOURCES : NV_OK;
}

uint32_t model_rm_channel_alloc(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_group *g = model_rm_group(m, object->client, object->parent);
	struct model_channel *ch;
	struct channel_params p;
	uint32_t engine, runlist, chid, status;

	memcpy(&p, params, sizeof(p));
	status = g ? check_member(g, &p) : check_single(m, object, &p);
	if (status)
		return status;
	engine = g ? g->engine : model_rm_find_engine(p.engine_type);
	runlist = model_engines[engine].runlist;
	if (!p.gpfifo_entries || (p.gpfifo_entries & (p.gpfifo_entries - 1)) || p.gpfifo % 8 ||
	    p.gpfifo >> 40)
		return NV_ERR_INVALID_ARGUMENT;
	if (!desc_ok(m, &p.instance, 0x1000, 0x1000) || !desc_ok(m, &p.ramfc, RAMFC_SIZE, 0x200) ||
	    !desc_ok(m, &p.userd, USERD_SIZE, USERD_SIZE) ||
	    !desc_ok(m, &p.method_buffer, METHOD_BUFFER_SIZE, 0x1000))
		return NV_ERR_INVALID_ARGUMENT;
	if (!choose_chid(m, runlist, p.flags, &chid))
		return NV_ERR_NO_FREE_FIFOS;
	if (!write_ramfc(m, &p, chid))
		return NV_ERR_INVALID_ADDRESS;
	ch = g ? model_channel_new_in(m, g, chid) : model_channel_new(m, runlist, chid);
	if (!ch)
		return NV_ERR_NO_FREE_FIFOS;
	ch->engine = engine;
	ch->group->engine = engine;
	ch->instance = desc_addr(&p.instance);
	ch->client = object->client;
	ch->handle = object->handle;
	ch->vaspace = g ? g->space : p.vaspace;
	return NV_OK;
}

struct model_channel *model_rm_channel(struct model *m, uint32_t client, uint32_t handle)
{
	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		struct model_channel *ch = &m->host->channels[i];

		if (ch->used && ch->client == client && ch->handle == handle)
			return ch;
	}
	return NULL;
}

void model_rm_channel_free(struct model *m, const struct rm_object *object)
{
	model_channel_free(m, model_rm_channel(m, object->client, object->handle));
}

/* Which engine executes which class: nouveau engine/, for GA102. */
static enum engine_type engine_of(uint32_t class_id)
{
	switch (class_id) {
	case FERMI_TWOD_A:
	case KEPLER_INLINE_TO_MEMORY_B:
	case AMPERE_B:
	case AMPERE_COMPUTE_B:
		return ENGINE_GR;
	case AMPERE_DMA_COPY_B:
		return ENGINE_LCE;
	case NVC7B0_VIDEO_DECODER:
		return ENGINE_NVDEC;
	case NVC7B7_VIDEO_ENCODER:
		return ENGINE_NVENC;
	case NVC7FA_VIDEO_OFA:
		return ENGINE_OFA;
	default:
		return ENGINE_NONE;
	}
}

bool model_rm_runlist_executes(uint32_t runlist, uint32_t class_id)
{
	for (size_t i = 0; i < MODEL_ENGINES; i++)
		if (model_engines[i].runlist == runlist &&
		    model_engines[i].type == engine_of(class_id))
			return true;
	return false;
}

uint32_t model_rm_engine_object(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_channel *ch = model_rm_channel(m, object->client, object->parent);

	(void)params;
	if (!model_rm_runlist_executes(ch->runlist, object->class_id))
		return NV_ERR_INVALID_CLASS;
	return engine_of(object->class_id) == ENGINE_GR
		       ? model_rm_gr_object(m, ch, object->class_id)
		       : NV_OK;
}

void model_rm_engine_object_free(struct model *m, const struct rm_object *object)
{
	if (engine_of(object->class_id) == ENGINE_GR)
		model_rm_gr_object_free(m, model_rm_channel(m, object->client, object->parent));
}

uint32_t model_rm_channel_bind(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_channel *ch = model_rm_channel(m, object->client, object->handle);
	uint32_t engine = model_rm_find_engine(model_load32(params));

	if (engine == MODEL_ENGINES || model_engines[engine].runlist != ch->runlist)
		return NV_ERR_INVALID_ARGUMENT;
	ch->engine = engine;
	return NV_OK;
}

/* bEnable, bSkipSubmit */
uint32_t model_rm_channel_schedule(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_channel *ch = model_rm_channel(m, object->client, object->handle);

	model_channel_schedule(m, ch, params[0]);
	return NV_OK;
}

/* Of how much work each turn was is for the reader of the log to see. */
static void log_turn(struct model *m, uint32_t client, bool off)
{
	const struct model_host *h = m->host;
	uint64_t ps = 0;

	for (size_t i = 0; i < MODEL_GROUPS; i++)
		if (h->groups[i].used && h->groups[i].channels &&
		    h->groups[i].channels->client == client)
			ps += h->groups[i].ps;
	model_log(m, "client 0x%x is %s at %" PRIu64 " ns, having worked for %" PRIu64, client,
		  off ? "off" : "on", h->now / PS_PER_NS, ps / PS_PER_NS);
}

/*
 * Channels of any client's, all of them or none. With onlyDisableScheduling those that run would go on to the
 * end of their turn: nothing runs here while RM answers, so there is no difference.
 */
uint32_t model_rm_stop_channels(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct stop_channels p;

	(void)object;
	memcpy(&p, params, sizeof(p));
	if (p.nr > STOP_CHANNELS_MAX)
		return NV_ERR_INVALID_ARGUMENT;
	if (p.rewind)
		return NV_ERR_NOT_SUPPORTED;
	for (uint32_t i = 0; i < p.nr; i++)
		if (!model_rm_channel(m, p.clients[i], p.channels[i]))
			return NV_ERR_INVALID_CHANNEL;
	for (uint32_t i = 0; i < p.nr; i++)
		model_channel_stop(m, model_rm_channel(m, p.clients[i], p.channels[i]), p.disable);
	if (p.nr && m->config.follow_clock)
		log_turn(m, p.clients[0], p.disable);
	return NV_OK;
}

/*
 * RM keeps a part of every address space and enters its own tables for it. It needs none here: what is
 * asked is checked and nothing entered.
 */
uint32_t model_rm_reserved_pdes(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct reserved_pdes p;

	(void)object;
	memcpy(&p, params, sizeof(p));
	if (!p.nr_levels || p.nr_levels > 6 || p.va_lo > p.va_hi || !p.page_size ||
	    p.va_lo % p.page_size || (p.va_hi + 1) % p.page_size)
		return NV_ERR_INVALID_ARGUMENT;
	for (uint32_t i = 0; i < p.nr_levels; i++)
		if (p.levels[i].aperture == GMMU_APERTURE_VIDEO &&
		    (p.levels[i].size > m->fb.size ||
		     p.levels[i].addr > m->fb.size - p.levels[i].size))
			return NV_ERR_INVALID_ARGUMENT;
	model_rm_space_root(m, object,
			    (struct mmu_addr){.sysmem = p.levels[0].aperture != GMMU_APERTURE_VIDEO,
					      .addr = p.levels[0].addr});
	return NV_OK;
}

uint32_t model_rm_method_buffer(struct model *m, const struct rm_object *object, uint8_t *params)
{
	(void)m;
	(void)object;
	model_store32(params, METHOD_BUFFER_SIZE);
	return NV_OK;
}
