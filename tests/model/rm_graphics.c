/* SPDX-License-Identifier: MIT */
/*
 * Graphics, as RM describes it: its units, and context buffers, what an engine keeps for a channel
 * when it does something else. RM says how large they are, the driver allocates and maps them and
 * promotes them to the channel.
 *
 * Which buffers there are follows from the headers; their sizes are the model's own, of the order that
 * drivers of GA10x boards allocate. RM itself does not look whether buffers are shown where they are promoted, the
 * engine finds that out; here both do. The first 3D object makes the golden image and needs the list of registers; that other
 * objects need the golden image is the model's own.
 *
 * Sources: OGKM ctrl0080fifo.h (ENGINE_CONTEXT_PROPERTIES), ctrl2080gpu.h (PROMOTE_CTX),
 * ctrl2080gpu.h (GET_FERMI_GPC_INFO), ctrl2080gr.h, ctrl2080internal.h; of the channel that stands by kgraphics_tu102.c,
 * g_kernel_graphics_nvoc.h and .c (handles, which chips) of each release; nouveau engine/gr/r535.c,
 * engine/fifo/r535.c.
 */
#include <string.h>

#include "engines.h"
#include "gr_context.h"
#include "gsp.h"
#include "host.h"
#include "rm.h"

/* By NV0080_CTRL_FIFO_GET_ENGINE_CONTEXT_PROPERTIES_ENGINE_ID; what is missing has size 0. */
static const struct {
	uint32_t id, size, align;
} buffers[] = {
	{0x00, 0x00120000, 0x1000},  /* GRAPHICS */
	{0x08, 0x00080000, 0x1000},  /* ZCULL */
	{0x09, 0x00010000, 0x1000},  /* PM */
	{0x0a, 0x01800000, 0x1000},  /* COMPUTE_PREEMPT */
	{0x0b, 0x01800000, 0x1000},  /* PREEMPT */
	{0x0c, 0x00400000, 0x100},   /* SPILL */
	{0x0d, 0x00020000, 0x100},   /* PAGEPOOL */
	{0x0e, 0x00800000, 0x100},   /* BETACB */
	{0x0f, 0x00100000, 0x100},   /* RTV */
	{0x10, 0x00010000, 0x1000},  /* PATCH */
	{0x11, 0x00003000, 0x1000},  /* BUNDLE_CB */
	{0x12, 0x00020000, 0x1000},  /* PAGEPOOL_GLOBAL */
	{0x13, 0x00ff0000, 0x20000}, /* ATTRIBUTE_CB */
	{0x14, 0x00100000, 0x1000},  /* RTV_CB_GLOBAL */
	{0x17, 0x00080000, 0x1000},  /* FECS_EVENT */
	{0x18, 0x00080000, 0x1000},  /* PRIV_ACCESS_MAP */
};
#define MAX_ID	   0x18u
#define GR_ENGINES 8u /* NV2080_CTRL_INTERNAL_GR_MAX_ENGINES */

/* Of the engines that are falcons, by engine descriptor. */
#define FALCON_CONTEXT_SIZE 0x2000u

struct falcon_info {
	uint32_t nr;
	struct {
		uint32_t eng_desc, attr, size, address_spaces, base;
	} entries[64];
};
static_assert(sizeof(struct falcon_info) == 1284, "GET_CONSTRUCTED_FALCON_INFO_PARAMS");

/* NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS */
struct promote {
	uint32_t engine_type, client, ch_id, chan_client, object, virt_memory;
	uint64_t virt_address, size;
	uint32_t nr, pad;
	struct {
		uint64_t phys, virt, size;
		uint32_t phys_attr;
		uint16_t id;
		uint8_t initialize, nonmapped;
	} entries[16];
};
static_assert(sizeof(struct promote) == 560, "NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS");

uint32_t model_rm_gr_buffers(struct model *m, const struct rm_object *object, uint8_t *params)
{
	uint32_t size = m->gsp_rm->layout->gr_buffers;

	(void)object;
	memset(params, 0, size);
	/* An array of size and alignment for each engine; there is one. */
	static_assert((MAX_ID + 1) * 8 * GR_ENGINES <= 1600, "the smallest of the releases");
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++) {
		model_store32(params + 8ul * buffers[i].id, buffers[i].size);
		model_store32(params + 8ul * buffers[i].id + 4, buffers[i].align);
	}
	return NV_OK;
}

static bool is_falcon(const struct model_engine *e)
{
	return e->type != ENGINE_GR && e->type != ENGINE_LCE;
}

uint32_t model_rm_falcons(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct falcon_info *info = (void *)params;

	(void)m;
	(void)object;
	memset(info, 0, sizeof(*info));
	for (uint32_t i = 0; i < MODEL_ENGINES; i++) {
		if (!is_falcon(&model_engines[i]))
			continue;
		info->entries[info->nr].eng_desc = model_rm_engine_desc(i);
		info->entries[info->nr].size = FALCON_CONTEXT_SIZE;
		info->entries[info->nr].base = model_engines[i].pri_base;
		info->nr++;
	}
	return NV_OK;
}

/* gpcMask */
uint32_t model_rm_gpcs(struct model *m, const struct rm_object *object, uint8_t *params)
{
	(void)m;
	(void)object;
	model_store32(params, MODEL_GPC_MASK);
	return NV_OK;
}

/* gpcId, tpcMask */
uint32_t model_rm_tpcs(struct model *m, const struct rm_object *object, uint8_t *params)
{
	uint32_t gpc = model_load32(params);

	(void)m;
	(void)object;
	if (gpc >= 32 || !(MODEL_GPC_MASK & BIT(gpc)))
		return NV_ERR_INVALID_ARGUMENT;
	model_store32(params + 4, MODEL_TPC_MASK);
	return NV_OK;
}

/* NV2080_CTRL_GR_GET_ZCULL_INFO_PARAMS: plausible, and the model's own. */
uint32_t model_rm_zcull(struct model *m, const struct rm_object *object, uint8_t *params)
{
	static const uint32_t info[] = {
		0x380, /* widthAlignPixels */
		0x20,  /* heightAlignPixels */
		0x380, /* pixelSquaresByAliquots */
		0x2e0, /* aliquotTotal */
		0x20,  /* zcullRegionByteMultiplier */
		0x20,  /* zcullRegionHeaderSize */
		0xc0,  /* zcullSubregionHeaderSize */
		0x10,  /* subregionCount */
		0x380, /* subregionWidthAlignPixels */
		0x80,  /* subregionHeightAlignPixels */
	};

	(void)m;
	(void)object;
	static_assert(sizeof(info) == 40, "NV2080_CTRL_GR_GET_ZCULL_INFO_PARAMS");
	memcpy(params, info, sizeof(info));
	return NV_OK;
}

/* By NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ID: which of the sizes above is its, and whether RM may prepare it. */
static const struct {
	uint8_t id;
	bool known, prepared;
} promoted[CONTEXT_BUFFERS] = {
	[CONTEXT_MAIN] = {0x00, true, true},	  [CONTEXT_PM] = {0x09, true, true},
	[CONTEXT_PATCH] = {0x10, true, true},	  [CONTEXT_BUNDLE] = {0x11, true, false},
	[CONTEXT_PAGEPOOL] = {0x12, true, false}, [CONTEXT_ATTRIBUTE] = {0x13, true, false},
	[CONTEXT_RTV] = {0x14, true, false},	  [CONTEXT_EVENT] = {0x17, true, true},
	[CONTEXT_MAP] = {0x18, true, true},	  [CONTEXT_UNRESTRICTED_MAP] = {0x18, true, true},
};

static uint64_t needed(uint32_t buffer)
{
	for (size_t i = 0; i < sizeof(buffers) / sizeof(buffers[0]); i++)
		if (buffers[i].id == promoted[buffer].id)
			return buffers[i].size;
	return 0;
}

/* Memory that RM is to prepare: large enough, there, and cleared (ctrl2080gpu.h, INITIALIZE_CTX). */
static bool can_prepare(struct model *m, uint32_t id, uint64_t phys, uint64_t size)
{
	uint64_t words[512];

	if (!promoted[id].prepared || phys % 0x1000 || size < needed(id))
		return false;
	for (uint64_t at = 0; at < size; at += sizeof(words)) {
		uint64_t n = size - at < sizeof(words) ? size - at : sizeof(words);

		memset(words, 0, sizeof(words));
		if (!model_physical_access(m, false, (struct mmu_addr){.addr = phys + at}, words,
					   n))
			return false;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (!words[i])
				continue;
			model_log(m, "GSP stand-in: context buffer %u at 0x%llx is not cleared", id,
				  (unsigned long long)phys);
			return false;
		}
	}
	return true;
}

/* All of it is there, where RM prepares it too. */
static bool is_shown(struct model *m, const struct mmu_space *space, uint32_t id, uint64_t va,
		     const uint64_t *phys)
{
	uint64_t size = needed(id);

	for (uint64_t at = 0; at < size;) {
		struct mmu_page page;
		uint64_t here = va + at;

		if (model_mmu_tables(m, space, here, &page) != MMU_OK || page.sparse ||
		    (phys && (page.at.sysmem || page.at.addr != *phys + at)) ||
		    (page.read_only && id != CONTEXT_MAP && id != CONTEXT_UNRESTRICTED_MAP)) {
			model_log(m, "GSP stand-in: context buffer %u is not shown at 0x%llx", id,
				  (unsigned long long)here);
			return false;
		}
		at += page.len;
	}
	return true;
}

/* What RM writes there. */
static void prepare(struct model *m, uint32_t id, uint64_t phys)
{
	uint64_t word =
		id == CONTEXT_MAP || id == CONTEXT_UNRESTRICTED_MAP ? CONTEXT_LIST : CONTEXT_IMAGE;

	if (id != CONTEXT_EVENT)
		model_physical_access(m, true, (struct mmu_addr){.addr = phys}, &word,
				      sizeof(word));
	if (id == CONTEXT_MAP)
		m->gsp_rm->rm.map = true;
}

/* For a channel, or a group and so any of its channels. */
static struct model_channel *promotee(struct model *m, const struct promote *p)
{
	struct model_group *g = model_rm_group(m, p->chan_client, p->object);

	return g ? g->channels : model_rm_channel(m, p->chan_client, p->object);
}

static bool check_entries(struct model *m, const struct promote *p, const struct mmu_space *space)
{
	for (uint32_t i = 0; i < p->nr; i++) {
		uint32_t id = p->entries[i].id;

		/* A buffer that RM shall prepare needs a place; one that is mapped, an address. */
		if (id >= CONTEXT_BUFFERS || !promoted[id].known ||
		    (p->entries[i].initialize &&
		     !can_prepare(m, id, p->entries[i].phys, p->entries[i].size)))
			return false;
		if (!p->entries[i].nonmapped && space &&
		    !is_shown(m, space, id, p->entries[i].virt,
			      p->entries[i].initialize ? &p->entries[i].phys : NULL))
			return false;
		if (p->entries[i].nonmapped && !p->entries[i].initialize)
			return false;
	}
	return true;
}

uint32_t model_rm_promote(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_context *c;
	struct model_channel *ch;
	struct mmu_space space;
	struct promote p;
	bool known;

	(void)object;
	memcpy(&p, params, sizeof(p));
	if (p.nr > 16)
		return NV_ERR_INVALID_ARGUMENT;
	ch = promotee(m, &p);
	if (!ch)
		return NV_ERR_OBJECT_NOT_FOUND;
	/* Of other engines there is one buffer, which is said in virtAddress and size. */
	if (model_engines[ch->engine].type != ENGINE_GR)
		return NV_OK;
	known = model_rm_space_tables(m, ch->client, ch->vaspace, &space);
	if (!check_entries(m, &p, known ? &space : NULL))
		return NV_ERR_INVALID_ARGUMENT;
	c = &ch->group->context;
	for (uint32_t i = 0; i < p.nr; i++) {
		uint32_t id = p.entries[i].id;

		if (p.entries[i].initialize)
			prepare(m, id, p.entries[i].phys);
		c->buffer[id].va = p.entries[i].virt;
		c->buffer[id].size = p.entries[i].nonmapped ? 0 : needed(id);
		if (p.entries[i].initialize && (id == CONTEXT_MAIN || id == CONTEXT_PATCH))
			c->saved = 0;
	}
	c->prepared = c->buffer[CONTEXT_MAIN].size && c->buffer[CONTEXT_PATCH].size;
	return NV_OK;
}

uint32_t model_rm_gr_object(struct model *m, struct model_channel *ch, uint32_t class_id)
{
	struct model_rm *rm = &m->gsp_rm->rm;

	if (!ch->group->context.prepared)
		return NV_ERR_INVALID_STATE;
	if (!rm->golden && (class_id != AMPERE_B || !rm->map))
		return NV_ERR_INVALID_STATE;
	rm->golden = true;
	ch->group->context.objects++;
	return NV_OK;
}

/* KGRAPHICS_SCRUBBER_HANDLE_* */
#define STANDBY_SPACE	0xdada0042u
#define STANDBY_CHANNEL 0xdada0045u
#define STANDBY_3D	0xdada0046u

/*
 * bTeardown. The call names no channel: it is found, in the client that asks, by handles that both sides know. What RM
 * does with it is not public, so nothing is done but to note it. That other chips have no such call is the model's own.
 */
uint32_t model_rm_standby(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_rm *rm = &m->gsp_rm->rm;
	const struct rm_object *d3 = model_rm_find(rm, object->client, STANDBY_3D);

	if (!m->gsp_rm->layout->standby || m->chip->family != MODEL_TU102)
		return NV_ERR_NOT_SUPPORTED;
	if (params[0] ? rm->standby != object->client : rm->standby != 0)
		return NV_ERR_INVALID_STATE;
	if (!model_rm_is_space(m, object->client, STANDBY_SPACE) || !d3 ||
	    d3->class_id != AMPERE_B || d3->parent != STANDBY_CHANNEL)
		return NV_ERR_INVALID_CHANNEL;
	rm->standby = params[0] ? 0 : object->client;
	return NV_OK;
}

/* With the last object the context goes (kgrctxDecObjectCount): what it held is nobody's. */
void model_rm_gr_object_free(struct model *m, struct model_channel *ch)
{
	struct model_rm *rm = &m->gsp_rm->rm;

	if (ch->client == rm->standby && ch->handle == STANDBY_CHANNEL) {
		model_log(m, "GSP stand-in: the channel that stands by is freed");
		rm->standby = 0;
		rm->standby_gone++;
	}
	if (!--ch->group->context.objects)
		model_context_unload(m, ch->group, false);
}
