/* SPDX-License-Identifier: MIT */
/*
 * group.c - channel groups come and go with their channels, and get their slices (see group.h).
 *
 * What is under way for a group is one call. When it has ended, whatever the group's state asks for is next: it is made
 * further, its slice is set, or, if its last channel waits for that, it is freed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/fifo/group.h"

static uint32_t runlist(const struct gpu_group *g)
{
	return gpu_rm_engines(g->tenant->rm)->engine[g->engine].runlist;
}

static void complain(const struct gpu_group *g, const struct fwq_rm_call *call, int err)
{
	gpu_rm_complain(g->tenant->rm, call, err, "group of channels on runlist %" PRIu32,
			runlist(g));
}

/* ---------------------------------------------------------------- slices */

/* The tenant's part, divided by its groups on that runlist. */
static uint32_t slice(const struct gpu_tenant *t, uint32_t on)
{
	uint32_t us = gpu_turns_weight(&gpu_rm_fifo(t->rm)->turns, t->weight) * GPU_WEIGHT_US,
		 n = 0;

	for (unsigned int i = 0; i < t->nr_slots; i++)
		n += t->group[i] && !t->group[i]->closed && runlist(t->group[i]) == on;
	return n > us ? 1 : us / (n ? n : 1);
}

static int set_slice(struct gpu_group *g, uint32_t us)
{
	const struct fwq_value values[] = {
		{FWQ_F_NVA06C_CTRL_TIMESLICE_PARAMS__timesliceUs, us},
	};
	int err = fwq_rm_fill(&g->call, FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS, values, 1);

	g->slice = us;
	if (!err)
		err = fwq_client_control(&g->tenant->client, &g->call, g->object.handle,
					 FWQ_N_NVA06C_CTRL_CMD_SET_TIMESLICE,
					 FWQ_S_NVA06C_CTRL_TIMESLICE_PARAMS);
	g->busy = !err;
	return err;
}

/*
 * Those groups whose slice is not what it should be are told. One that cannot be told keeps the slice it has: it was
 * allowed once, and will be again.
 */
static void weigh(struct gpu_tenant *t, uint32_t on)
{
	uint32_t us = slice(t, on);

	for (unsigned int i = 0; i < t->nr_slots && !t->ending; i++) {
		struct gpu_group *g = t->group[i];
		int err;

		if (!g || !g->ready || g->busy || g->closed || runlist(g) != on || g->slice == us)
			continue;
		err = set_slice(g, us);
		if (err)
			complain(g, &g->call, err);
	}
}

void gpu_tenant_weight(struct gpu_tenant *tenant, uint32_t weight)
{
	HV_CHECK(weight && weight <= GPU_WEIGHT_MAX);
	tenant->weight = weight;
	for (unsigned int i = 0; i < tenant->nr_slots; i++)
		if (tenant->group[i])
			weigh(tenant, runlist(tenant->group[i]));
}

/* ---------------------------------------------------------------- the end */

static void shut(struct gpu_group *g)
{
	g->closed = true;
	weigh(g->tenant, runlist(g));
}

static void forget(struct gpu_group *g)
{
	g->tenant->group[g->slot] = NULL;
	free(g);
}

/* What is refused to be freed is empty and stays with its number, until the tenant's client has gone. */
static void freed(struct gpu_group *g, int err)
{
	struct gpu_channel *last = g->last;

	g->last = NULL;
	g->busy = false;
	g->members = 0;
	if (err)
		complain(g, &g->object.call, err);
	else
		forget(g);
	last->group = NULL;
	gpu_channel_ungrouped(last, err && !g->object.call.refused ? err : 0);
}

static void end(struct gpu_group *g)
{
	int err = 0;

	if (g->object.state != FWQ_OBJECT_NONE) {
		err = fwq_object_free(&g->object);
		g->busy = !err;
		if (!err)
			return;
	}
	freed(g, err);
}

void gpu_group_leave(struct gpu_channel *ch)
{
	struct gpu_group *g = ch->group;

	if (g->members > 1) {
		gpu_group_drop(ch);
		gpu_channel_ungrouped(ch, 0);
		return;
	}
	g->last = ch;
	shut(g);
	if (!g->busy)
		end(g);
}

void gpu_group_drop(struct gpu_channel *ch)
{
	struct gpu_group *g = ch->group;

	ch->group = NULL;
	if (!--g->members)
		g->closed = true;
}

void gpu_groups_free(struct gpu_tenant *tenant)
{
	for (unsigned int i = 0; i < tenant->nr_slots; i++)
		if (tenant->group[i])
			forget(tenant->group[i]);
}

/* ---------------------------------------------------------------- the beginning */

/* It is made, or cannot be: those who wait for it go on, or leave. The last of these takes the group along. */
static void made(struct gpu_group *g, int err)
{
	struct gpu_tenant *t = g->tenant;
	unsigned int slot = g->slot;

	for (unsigned int i = 0; i < t->nr_slots && t->group[slot] == g; i++) {
		struct gpu_channel *ch = t->channel[i];

		if (ch && ch->group == g && ch->busy && ch->step == GPU_CHANNEL_GROUP)
			gpu_channel_grouped(ch, err);
	}
}

static bool ask_number(struct gpu_group *g)
{
	g->asking = fwq_rm_params(&g->call, FWQ_S_NVA06C_CTRL_GET_INFO_PARAMS) &&
		    !fwq_client_control(&g->tenant->client, &g->call, g->object.handle,
					FWQ_N_NVA06C_CTRL_CMD_GET_INFO,
					FWQ_S_NVA06C_CTRL_GET_INFO_PARAMS);
	g->busy = g->asking;
	return g->asking;
}

/* A group whose number RM does not tell is as good as any: only its time is not known. */
static void numbered(struct gpu_group *g, const struct fwq_rm_call *call, int err)
{
	uint64_t tsg = 0;

	g->asking = false;
	if (!err)
		err = fwq_get(g->tenant->pack, FWQ_F_NVA06C_CTRL_GET_INFO_PARAMS__tsgID,
			      fwq_rm_reply(call), call->params_len, 0, 0, &tsg);
	if (err)
		complain(g, call, err);
	g->numbered = !err;
	g->tsg = (uint32_t)tsg;
}

static void control_came(struct fwq_rm_call *call, int err)
{
	struct gpu_group *g = call->arg;
	struct gpu_tenant *t = g->tenant;
	uint32_t on = runlist(g);
	bool first = !g->ready;

	g->busy = false;
	if (g->asking) {
		numbered(g, call, err);
		err = 0;
	} else if (err) {
		complain(g, call, err);
	} else if (first && !g->last && ask_number(g)) {
		return;
	}
	if (!err)
		g->ready = true;
	if (g->last)
		end(g);
	else if (first)
		made(g, err);
	weigh(t, on);
}

static void object_came(struct fwq_object *object, int err)
{
	struct gpu_group *g = object->arg;

	if (g->last) {
		freed(g, err);
		return;
	}
	g->busy = false;
	if (err)
		complain(g, &object->call, err);
	else
		err = set_slice(g, slice(g->tenant, runlist(g)));
	if (err)
		made(g, err);
}

static int begin(struct gpu_group *g)
{
	const struct fwq_value values[] = {
		{FWQ_F_NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS__hVASpace, g->vm->object.handle},
		{FWQ_F_NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS__engineType,
		 gpu_rm_engines(g->tenant->rm)->engine[g->engine].type},
	};
	int err = fwq_rm_fill(&g->object.call, FWQ_S_NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS, values,
			      sizeof(values) / sizeof(values[0]));

	if (!err)
		err = gpu_bar1_zero(g->tenant->gpu, gpu_group_method_buffer(g),
				    GPU_CHANNEL_SLOT - GPU_CHANNEL_METHOD_BUFFER);
	if (!err)
		err = fwq_object_alloc(&g->object, FWQ_DEVICE, FWQ_N_KEPLER_CHANNEL_GROUP_A,
				       FWQ_S_NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS);
	return err;
}

static int new_group(struct gpu_channel *ch, unsigned int slot)
{
	struct gpu_tenant *t = ch->tenant;
	struct gpu_group *g = calloc(1, sizeof(*g));
	int err;

	if (!g)
		return -ENOMEM;
	*g = (struct gpu_group){
		.tenant = t, .vm = ch->vm, .slot = slot, .engine = ch->engine, .busy = true};
	fwq_object_init(&g->object, &t->client, g->buf, sizeof(g->buf), object_came, g);
	fwq_rm_call_init(&g->call, gpu_rm_fwq(t->rm), &t->client.caller, g->buf, sizeof(g->buf),
			 control_came, g);
	err = begin(g);
	if (err) {
		free(g);
		return err;
	}
	t->group[slot] = g;
	g->members = 1;
	ch->group = g;
	return 0;
}

int gpu_group_join(struct gpu_channel *ch)
{
	struct gpu_tenant *t = ch->tenant;
	unsigned int slot = t->nr_slots;

	for (unsigned int i = t->nr_slots; i--;) {
		struct gpu_group *g = t->group[i];

		if (!g)
			slot = i;
		else if (ch->kind == GPU_KIND_COPY && !g->closed && g->vm == ch->vm &&
			 g->engine == ch->engine) {
			g->members++;
			ch->group = g;
			return g->ready;
		}
	}
	return slot == t->nr_slots ? -EDQUOT : new_group(ch, slot);
}

/* ---------------------------------------------------------------- faults */

void gpu_group_fault(struct gpu_channel *ch, const struct gpu_fault *fault)
{
	const struct gpu_fault others = {.xid = fault->xid};
	struct gpu_tenant *t = ch->tenant;
	struct gpu_group *g = ch->group;

	gpu_channel_fault(ch, fault);
	if (!g)
		return;
	for (unsigned int i = 0; i < t->nr_slots; i++)
		if (t->channel[i] && t->channel[i] != ch && t->channel[i]->group == g)
			gpu_channel_fault(t->channel[i], &others);
	if (!g->closed)
		shut(g);
}
