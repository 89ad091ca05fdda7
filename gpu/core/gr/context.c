/* SPDX-License-Identifier: MIT */
/*
 * context.c - lays contexts out, shows them to channels and tells RM (see context.h).
 */
#include <errno.h>
#include <inttypes.h>

#include "fwq/reply.h"
#include "gpu/core/fifo/channel.h"
#include "gpu/core/gr/graphics.h"

#define PAGE	    (64ull << 10)
#define ALIGN_MAX   (2ull << 20)
#define NO_BUFFER   0xffffffffull
#define SUBCONTEXTS (64ull * 0x1000) /* a page for each, behind the state: nouveau */
#define PHYS_VRAM   4u /* NV2080_CTRL_GPU_INITIALIZE_CTX: APERTURE_VIDMEM, GPU_CACHEABLE_NO */

#define PROPERTY(name) FWQ_N_NV0080_CTRL_FIFO_GET_ENGINE_CONTEXT_PROPERTIES_ENGINE_ID_##name
#define BUFFER(name)   FWQ_N_NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ID_##name
#define INFO(f)	       FWQ_F_NV2080_CTRL_INTERNAL_ENGINE_CONTEXT_BUFFER_INFO__##f
#define INFOS                                                                                      \
	FWQ_F_NV2080_CTRL_INTERNAL_STATIC_GR_GET_CONTEXT_BUFFERS_INFO_PARAMS__engineContextBuffersInfo
#define PROMOTE(f) FWQ_F_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS__##f
#define ENTRY(f)   FWQ_F_NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY__##f

static const struct {
	enum fwq_number property, buffer;
	bool prepared; /* RM fills it, and wants it to be zeros before */
	bool read_only;
} parts[GPU_CONTEXT_PARTS] = {
	[GPU_CONTEXT_MAIN] = {PROPERTY(GRAPHICS), BUFFER(MAIN), true, false},
	[GPU_CONTEXT_PATCH] = {PROPERTY(GRAPHICS_PATCH), BUFFER(PATCH), true, false},
	[GPU_CONTEXT_BUNDLE] = {PROPERTY(GRAPHICS_BUNDLE_CB), BUFFER(BUFFER_BUNDLE_CB), false,
				false},
	[GPU_CONTEXT_PAGEPOOL] = {PROPERTY(GRAPHICS_PAGEPOOL_GLOBAL), BUFFER(PAGEPOOL), false,
				  false},
	[GPU_CONTEXT_ATTRIBUTE] = {PROPERTY(GRAPHICS_ATTRIBUTE_CB), BUFFER(ATTRIBUTE_CB), false,
				   false},
	[GPU_CONTEXT_RTV] = {PROPERTY(GRAPHICS_RTV_CB_GLOBAL), BUFFER(RTV_CB_GLOBAL), false, false},
	[GPU_CONTEXT_EVENT] = {PROPERTY(GRAPHICS_FECS_EVENT), BUFFER(FECS_EVENT), true, false},
	[GPU_CONTEXT_MAP] = {PROPERTY(GRAPHICS_PRIV_ACCESS_MAP), BUFFER(PRIV_ACCESS_MAP), false,
			     true},
};

static uint64_t align_up(uint64_t v, uint64_t align)
{
	return (v + align - 1) & ~(align - 1);
}

/* ---------------------------------------------------------------- layout */

/* What RM says of one part. */
static int take(struct fwq_reply *r, enum gpu_context_part i, uint64_t *size, uint64_t *align,
		struct gpu_error *why)
{
	uint32_t step = fwq_sizeof(r->pack, FWQ_S_NV2080_CTRL_INTERNAL_ENGINE_CONTEXT_BUFFER_INFO);
	size_t bytes, at = fwq_reply_span(r, INFOS, 0, &bytes);
	uint32_t engines = r->err ? 0 : r->pack->field[INFOS].count;
	uint64_t id;

	if (!fwq_has_number(r->pack, parts[i].property) ||
	    !fwq_has_number(r->pack, parts[i].buffer))
		return gpu_fail(why, -ENOENT, "the pack lacks a name of context buffer %d", (int)i);
	id = r->pack->number[parts[i].property];
	if (r->err)
		return fwq_reply_end(r, why->text, sizeof(why->text));
	if (!step || !engines || id >= bytes / engines / step)
		return gpu_fail(why, -EPROTO,
				"a table of %u engines without context buffer %" PRIu64, engines,
				id);
	*size = fwq_reply_get(r, INFO(size), at + id * step, 0);
	*align = fwq_reply_get(r, INFO(alignment), at + id * step, 0);
	if (*size == NO_BUFFER)
		*size = 0;
	if (*size > GPU_CONTEXT_PART || *align > ALIGN_MAX || (*align & (*align - 1)))
		return gpu_fail(why, -EPROTO,
				"context buffer %" PRIu64 " of %#" PRIx64
				" bytes, aligned to %#" PRIx64,
				id, *size, *align);
	if (*align < PAGE)
		*align = PAGE;
	return fwq_reply_end(r, why->text, sizeof(why->text));
}

/* Attributes lie at a multiple of their size in powers of two: nouveau. */
static uint64_t va_align(enum gpu_context_part i, uint64_t shown, uint64_t align)
{
	while (i == GPU_CONTEXT_ATTRIBUTE && align < shown)
		align *= 2;
	return align;
}

int gpu_context_layout(const struct fwq_pack *pack, const void *params, size_t len,
		       struct gpu_context_layout *out, struct gpu_error *why)
{
	struct fwq_reply r = {.pack = pack, .bytes = params, .len = len};
	struct gpu_context_layout l = {.align = PAGE};
	uint64_t at = 0, va = 0;

	for (enum gpu_context_part i = 0; i < GPU_CONTEXT_PARTS; i++) {
		uint64_t size = 0, align = PAGE;
		int err = take(&r, i, &size, &align, why);

		if (err)
			return err;
		if (!size && (i == GPU_CONTEXT_MAIN || i == GPU_CONTEXT_PATCH))
			return gpu_fail(why, -EPROTO, "no context buffer %d", (int)i);
		if (!size)
			continue;
		if (i == GPU_CONTEXT_MAIN)
			size = align_up(size, 0x1000) + SUBCONTEXTS;
		l.part[i].size = size;
		l.part[i].shown = align_up(size, PAGE);
		l.part[i].va = align_up(va, va_align(i, l.part[i].shown, align));
		va = l.part[i].va + l.part[i].shown;
		if (i == GPU_CONTEXT_MAP)
			continue;
		l.part[i].at = align_up(at, align);
		at = l.part[i].at + l.part[i].shown;
		l.align = align > l.align ? align : l.align;
	}
	if (va > GPU_KEPT_WINDOW)
		return gpu_fail(why, -EPROTO, "context buffers of %#" PRIx64 " bytes", va);
	l.bytes = at + l.align - PAGE;
	*out = l;
	return 0;
}

/* ---------------------------------------------------------------- a channel's */

static const struct gpu_graphics *graphics(const struct gpu_channel *ch)
{
	return gpu_rm_graphics(ch->tenant->rm);
}

/* Where in VRAM a part of the channel's context is. The golden one has what stays the driver domain's. */
static uint64_t place(const struct gpu_channel *ch, enum gpu_context_part i)
{
	const struct gpu_graphics *g = graphics(ch);
	uint64_t base = ch->tenant->contexts.base + ch->context.number * g->layout.bytes;

	if (i == GPU_CONTEXT_MAP)
		return ch->tenant->golden ? gpu_graphics_unrestricted(g) : gpu_graphics_map(g);
	if (i == GPU_CONTEXT_EVENT && ch->tenant->golden)
		return gpu_graphics_events(g);
	return align_up(base, g->layout.align) + g->layout.part[i].at;
}

static uint64_t window(const struct gpu_channel *ch, enum gpu_context_part i)
{
	return GPU_KEPT_START + ch->slot * GPU_KEPT_WINDOW + graphics(ch)->layout.part[i].va;
}

static int show(struct gpu_channel *ch, enum gpu_context_part i)
{
	struct gpu_run run = {place(ch, i), graphics(ch)->layout.part[i].shown, GPU_APERTURE_VRAM};
	struct gpu_map map = {
		.va = window(ch, i),
		.page = GPU_PAGE_64K,
		.flags = GPU_MAP_PRIVILEGED | (parts[i].read_only ? GPU_MAP_READ_ONLY : 0),
		.runs = &run,
		.n = 1,
	};
	int err = 0;

	if (parts[i].prepared)
		err = gpu_bar1_zero(ch->tenant->gpu, run.addr, run.size);
	if (!err)
		err = gpu_space_map(&ch->vm->space, &map);
	ch->context.shown[i] = !err;
	return err;
}

int gpu_context_take(struct gpu_channel *ch)
{
	struct gpu_tenant *t = ch->tenant;
	int err = 0;

	while (ch->context.number < t->nr_contexts && t->context[ch->context.number])
		ch->context.number++;
	if (ch->context.number == t->nr_contexts)
		return -EDQUOT;
	t->context[ch->context.number] = true;
	ch->context.taken = true;
	for (enum gpu_context_part i = 0; i < GPU_CONTEXT_PARTS && !err; i++)
		if (graphics(ch)->layout.part[i].size)
			err = show(ch, i);
	if (!err)
		err = gpu_vm_commit(ch->vm);
	return err && err != -ENOMEM ? -EIO : err;
}

/* An error is one of the GPU's, which is lost then, or to be: nothing of it is anybody's again. */
void gpu_context_give(struct gpu_channel *ch, bool freed)
{
	const struct gpu_graphics *g = graphics(ch);
	int err = 0;

	if (!ch->context.taken)
		return;
	for (enum gpu_context_part i = 0; i < GPU_CONTEXT_PARTS && !err; i++)
		if (ch->context.shown[i])
			err = gpu_space_unmap(&ch->vm->space, window(ch, i),
					      g->layout.part[i].shown, GPU_PAGE_64K);
	if (!err)
		err = gpu_vm_commit(ch->vm);
	if (!err && freed)
		ch->tenant->context[ch->context.number] = false;
	ch->context.taken = false;
}

/* ---------------------------------------------------------------- promotion */

/* An entry of the list that PROMOTE_CTX takes. */
struct entry {
	enum fwq_number buffer;
	uint64_t phys, size; /* of one that RM prepares; size 0: it does not */
	uint64_t va;	     /* 0: RM does not need it to be shown */
};

static int put_entry(const struct fwq_pack *pack, void *params, size_t len, uint32_t i,
		     const struct entry *e)
{
	uint32_t step = fwq_sizeof(pack, FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_BUFFER_ENTRY);
	const struct fwq_value values[] = {
		{ENTRY(bufferId), pack->number[e->buffer]},
		{ENTRY(gpuVirtAddr), e->va},
		{ENTRY(bNonmapped), !e->va},
		{ENTRY(bInitialize), e->size != 0},
		{ENTRY(gpuPhysAddr), e->phys},
		{ENTRY(size), e->size},
		{ENTRY(physAttr), e->size ? PHYS_VRAM : 0},
	};
	size_t at, room;
	int err = fwq_span(pack, PROMOTE(promoteEntry), len, 0, &at, &room);

	if (!err && (!step || i >= room / step))
		err = -ENOENT;
	for (unsigned int v = 0; v < sizeof(values) / sizeof(values[0]) && !err; v++)
		err = fwq_put(pack, values[v].field, params, len, at + (size_t)i * step, 0,
			      values[v].value);
	return err;
}

/* The entries of all parts. The golden channel is the one for which RM fills what all have. */
static uint32_t entries(const struct gpu_channel *ch, struct entry *e)
{
	const struct gpu_context_layout *l = &graphics(ch)->layout;
	bool golden = ch->tenant->golden;
	uint32_t n = 0;

	for (enum gpu_context_part i = 0; i < GPU_CONTEXT_PARTS; i++) {
		bool tell = parts[i].prepared && (golden || i != GPU_CONTEXT_EVENT);

		if (!l->part[i].size)
			continue;
		e[n] = (struct entry){.buffer = parts[i].buffer, .va = window(ch, i)};
		if (golden && i == GPU_CONTEXT_MAP) {
			e[n++] = (struct entry){parts[i].buffer, gpu_graphics_map(graphics(ch)),
						l->part[i].size, 0};
			e[n] = (struct entry){.buffer = BUFFER(UNRESTRICTED_PRIV_ACCESS_MAP),
					      .va = window(ch, i)};
			tell = true;
		}
		if (tell) {
			e[n].phys = place(ch, i);
			e[n].size = l->part[i].size;
		}
		n++;
	}
	return n;
}

int gpu_context_put_promote(struct gpu_channel *ch)
{
	const struct fwq_pack *pack = ch->tenant->pack;
	struct entry e[GPU_CONTEXT_PARTS + 1];
	uint32_t n = entries(ch, e);
	const struct fwq_value values[] = {
		{PROMOTE(engineType), gpu_rm_engines(ch->tenant->rm)->engine[ch->engine].type},
		{PROMOTE(hChanClient), ch->tenant->client.handle},
		{PROMOTE(hObject), ch->channel.handle},
		{PROMOTE(entryCount), n},
	};
	int err = fwq_rm_fill(&ch->call, FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS, values,
			      sizeof(values) / sizeof(values[0]));

	for (uint32_t i = 0; i < n && !err; i++)
		err = put_entry(pack, ch->buf + FWQ_RM_ROOM,
				fwq_sizeof(pack, FWQ_S_NV2080_CTRL_GPU_PROMOTE_CTX_PARAMS), i,
				&e[i]);
	return err;
}
