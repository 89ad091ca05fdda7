/* SPDX-License-Identifier: MIT */
/*
 * Channel groups as RM objects. Channels allocated below a group share its time slice; all of them are for
 * the engine and the address space that the group was given. One allocated below a device is in a group
 * of its own.
 *
 * Sources: OGKM ctrla06c.h, nvos.h (NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS), kernel_channel_group_api.c,
 * kernel_channel_group.c, kernel_channel.c.
 */
#include <string.h>

#include "gsp.h"
#include "host.h"
#include "rm.h"

/* NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS, the same 535 ... 570. */
struct group_params {
	uint32_t object_error, object_ecc, vaspace, engine_type;
	uint8_t vgpu_plugin, pad[3];
};
static_assert(sizeof(struct group_params) == 20, "NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS");

struct preempt_params {
	uint8_t wait, manual_timeout, pad[2];
	uint32_t timeout_us;
};
#define PREEMPT_MAX_TIMEOUT_US 1000000u

/* Of each run queue: NV2080_CTRL_INTERNAL_MEMDESC_INFO. */
#define RUNQUEUES 2u
struct method_buffers {
	struct {
		uint64_t base, size, alignment;
		uint32_t address_space, cache_attrib;
	} memory[RUNQUEUES];
	uint64_t bar2[RUNQUEUES];
	uint32_t nr, pad;
};
static_assert(sizeof(struct method_buffers) == 88, "INTERNAL_PROMOTE_FAULT_METHOD_BUFFERS_PARAMS");
#define ADDR_FBMEM 2u

struct model_group *model_rm_group(struct model *m, uint32_t client, uint32_t handle)
{
	for (size_t i = 0; i < MODEL_GROUPS; i++) {
		struct model_group *g = &m->host->groups[i];

		if (g->used && !g->own && g->client == client && g->handle == handle)
			return g;
	}
	return NULL;
}

uint32_t model_rm_group_alloc(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct group_params p;
	struct model_group *g;
	uint32_t engine;

	memcpy(&p, params, sizeof(p));
	engine = model_rm_find_engine(p.engine_type);
	if (engine == MODEL_ENGINES)
		return NV_ERR_INVALID_ARGUMENT;
	if (p.vaspace && !model_rm_is_space(m, object->client, p.vaspace))
		return NV_ERR_OBJECT_NOT_FOUND;
	g = model_group_new(m, model_engines[engine].runlist);
	if (!g)
		return NV_ERR_NO_FREE_FIFOS;
	g->engine = engine;
	g->client = object->client;
	g->handle = object->handle;
	g->space = p.vaspace;
	return NV_OK;
}

/* Its channels, being below it, have gone before. */
void model_rm_group_free(struct model *m, const struct rm_object *object)
{
	model_group_free(m, model_rm_group(m, object->client, object->handle));
}

/* bEnable, bSkipSubmit */
uint32_t model_rm_group_schedule(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_group *g = model_rm_group(m, object->client, object->handle);

	for (struct model_channel *ch = g->channels; ch; ch = ch->next)
		model_channel_schedule(m, ch, params[0]);
	return NV_OK;
}

uint32_t model_rm_group_bind(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_group *g = model_rm_group(m, object->client, object->handle);
	uint32_t engine = model_rm_find_engine(model_load32(params));

	if (engine == MODEL_ENGINES || model_engines[engine].runlist != g->runlist)
		return NV_ERR_INVALID_ARGUMENT;
	for (struct model_channel *ch = g->channels; ch; ch = ch->next)
		ch->engine = engine;
	return NV_OK;
}

/* At once: whoever runs on that runlist is forced off. */
uint32_t model_rm_group_set_timeslice(struct model *m, const struct rm_object *object,
				      uint8_t *params)
{
	struct model_group *g = model_rm_group(m, object->client, object->handle);
	uint64_t us;

	memcpy(&us, params, sizeof(us));
	if (!model_group_set_timeslice(g, us))
		return NV_ERR_INVALID_ARGUMENT;
	model_runlist_submit(m, g->runlist);
	return NV_OK;
}

uint32_t model_rm_group_get_timeslice(struct model *m, const struct rm_object *object,
				      uint8_t *params)
{
	const struct model_group *g = model_rm_group(m, object->client, object->handle);

	memcpy(params, &g->timeslice_us, sizeof(g->timeslice_us));
	return NV_OK;
}

/* Nothing runs while RM answers: only the turn has to end. */
uint32_t model_rm_group_preempt(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct model_group *g = model_rm_group(m, object->client, object->handle);
	struct preempt_params p;

	memcpy(&p, params, sizeof(p));
	if (p.manual_timeout && p.timeout_us > PREEMPT_MAX_TIMEOUT_US)
		return NV_ERR_INVALID_ARGUMENT;
	model_context_unload(m, g, true);
	if (m->host->runlists[g->runlist].current == g)
		model_runlist_submit(m, g->runlist);
	return NV_OK;
}

/* tsgID: a place in the model's table, as hardware's is one in a table of the runlist's. */
uint32_t model_rm_group_info(struct model *m, const struct rm_object *object, uint8_t *params)
{
	const struct model_group *g = model_rm_group(m, object->client, object->handle);

	model_store32(params, (uint32_t)(g - m->host->groups));
	return NV_OK;
}

/* What is said is checked, and not used: no method is ever set aside because of a fault. */
uint32_t model_rm_group_method_buffers(struct model *m, const struct rm_object *object,
				       uint8_t *params)
{
	struct method_buffers p;

	(void)object;
	memcpy(&p, params, sizeof(p));
	if (p.nr > RUNQUEUES)
		return NV_ERR_INVALID_ARGUMENT;
	for (uint32_t i = 0; i < p.nr; i++)
		if (p.memory[i].address_space == ADDR_FBMEM &&
		    (p.memory[i].size > m->fb.size ||
		     p.memory[i].base > m->fb.size - p.memory[i].size))
			return NV_ERR_INVALID_ARGUMENT;
	return NV_OK;
}
