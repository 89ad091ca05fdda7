/* SPDX-License-Identifier: MIT */
/*
 * end.c - ends channels, one or all of a tenant, in the order that channel.h says.
 *
 * Whatever a channel was doing ends first: its call is answered, or its time is over. When all channels of a
 * tenant end, those that run are stopped by one call, which is the business of the first of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "gpu/core/fifo/group.h"

/* Its id, its engine, its space: only the memory is left. `freed`: the firmware does not know it any more. */
void gpu_channel_release(struct gpu_channel *ch, bool freed)
{
	struct gpu_fifo *fifo = gpu_rm_fifo(ch->tenant->rm);

	if (ch->group)
		gpu_group_drop(ch);
	gpu_context_give(ch, freed);
	gpu_chids_give(&fifo->chids, ch->chid, freed);
	fifo->load[ch->engine]--;
	gpu_awaken_use(&fifo->awaken, ch->engine, fifo->load[ch->engine]);
	ch->vm->channels--;
	ch->vm = NULL;
	ch->step = GPU_CHANNEL_GONE;
}

static void gone(struct gpu_channel *ch)
{
	gpu_channel_release(ch, ch->channel.state == FWQ_OBJECT_NONE);
	hv_work_queue(&ch->tell);
}

/* The firmware has not said that the device is off the channel: see to it ourselves. */
static void lost(struct gpu_channel *ch, int err)
{
	struct gpu *gpu = ch->tenant->gpu;

	ch->end_err = err;
	/* Also if it is lost already, however that came: it may come back to life. */
	gpu_give_up(gpu, "a channel does not end");
	gone(ch);
}

static void complain(const struct gpu_channel *ch, const struct fwq_rm_call *call, int err)
{
	gpu_rm_complain(ch->tenant->rm, call, err, "end of channel %" PRIu32, ch->chid);
}

static void object_freed(struct fwq_object *object, int err)
{
	struct gpu_channel *ch = object->arg;

	ch->busy = false;
	if (err)
		complain(ch, &object->call, err);
	/* What it refuses to free alone goes with the channel. */
	if (err && (object == &ch->channel || !object->call.refused))
		lost(ch, err);
	else
		gpu_channel_off(ch);
}

static void stopped(struct fwq_rm_call *call, int err)
{
	struct gpu_channel *first = call->arg;
	struct gpu_tenant *tenant = first->tenant;

	/* -ENOENT: a release without this control. Both that and a refusal leave it to the free. */
	if (err)
		complain(first, call, err);
	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		struct gpu_channel *ch = tenant->channel[i];

		if (!ch || ch->stopper != first)
			continue;
		ch->stopper = NULL;
		ch->busy = false;
		ch->runs = false;
		if (err && !call->refused && err != -ENOENT)
			lost(ch, err);
		else
			gpu_channel_off(ch);
	}
}

/* Stops n channels, the first of which lends its call. */
static void stop(struct gpu_channel **which, unsigned int n)
{
	struct gpu_channel *first = which[0];
	int err;

	for (unsigned int i = 0; i < n; i++) {
		which[i]->step = GPU_CHANNEL_STOP;
		which[i]->busy = true;
		which[i]->stopper = first;
	}
	first->call.done = stopped;
	first->call.refused = false;
	err = gpu_channels_put_stop(&first->call, first->buf, which, n, true);
	if (!err)
		err = fwq_client_control(&first->tenant->client, &first->call, FWQ_SUBDEVICE,
					 FWQ_N_NV2080_CTRL_CMD_FIFO_DISABLE_CHANNELS,
					 FWQ_S_NV2080_CTRL_FIFO_DISABLE_CHANNELS_PARAMS);
	if (err)
		stopped(&first->call, err);
}

static bool known(const struct fwq_object *object)
{
	return object->state != FWQ_OBJECT_NONE;
}

static void free_object(struct gpu_channel *ch, struct fwq_object *object,
			enum gpu_channel_step step)
{
	int err;

	ch->step = step;
	ch->busy = true;
	object->done = object_freed;
	err = fwq_object_free(object);
	if (err) {
		ch->busy = false;
		lost(ch, err);
	}
}

static void leave_group(struct gpu_channel *ch)
{
	ch->step = GPU_CHANNEL_FREE_GROUP;
	ch->busy = true;
	gpu_group_leave(ch);
}

void gpu_channel_ungrouped(struct gpu_channel *ch, int err)
{
	ch->busy = false;
	if (err)
		lost(ch, err);
	else
		gone(ch);
}

/* The engine's objects are tried once each; NULL: there is none left. */
static struct fwq_object *next_object(struct gpu_channel *ch)
{
	while (ch->left) {
		struct fwq_object *object = &ch->object[--ch->left];

		if (known(object))
			return object;
	}
	return NULL;
}

/* What is still to be done about a channel that does nothing now. */
void gpu_channel_off(struct gpu_channel *ch)
{
	struct fwq_object *object;

	if (ch->named)
		return;
	if (ch->tenant->gpu->lost && known(&ch->channel))
		lost(ch, -ENODEV);
	else if (ch->runs)
		stop(&ch, 1);
	else if ((object = next_object(ch)) != NULL)
		free_object(ch, object, GPU_CHANNEL_FREE_ENGINE);
	else if (known(&ch->channel))
		free_object(ch, &ch->channel, GPU_CHANNEL_FREE);
	else if (ch->group)
		leave_group(ch);
	else
		gone(ch);
}

/* All that do nothing now, those that run by one call; the others follow when their calls have ended. */
static void all_off(struct gpu_tenant *tenant)
{
	struct gpu_channel *which[GPU_CHANNELS_MAX];
	unsigned int n = 0;

	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		struct gpu_channel *ch = tenant->channel[i];

		if (!ch || ch->busy || ch->named || ch->step == GPU_CHANNEL_GONE)
			continue;
		if (ch->runs)
			which[n++] = ch;
		else
			gpu_channel_off(ch);
	}
	if (n && !tenant->gpu->lost)
		stop(which, n);
	else
		for (unsigned int i = 0; i < n; i++)
			gpu_channel_off(which[i]);
}

/* It waits for nothing that it needs. */
static void unpark(struct gpu_channel *ch)
{
	if (!ch->parked)
		return;
	ch->parked = false;
	ch->busy = false;
}

void gpu_channels_go_on(struct gpu_tenant *tenant)
{
	if (tenant->channels_done) {
		all_off(tenant);
		return;
	}
	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		struct gpu_channel *ch = tenant->channel[i];

		if (ch && ch->ending && !ch->busy && ch->step != GPU_CHANNEL_GONE)
			gpu_channel_off(ch);
	}
}

void gpu_channel_free(struct gpu_channel *channel, void (*done)(int err, void *arg), void *arg)
{
	HV_CHECK(!channel->done);
	channel->done = done;
	channel->done_arg = arg;
	if (channel->ending)
		return; /* it could not be made, and who asked for that is told of the end instead */
	channel->ending = true;
	unpark(channel);
	if (!channel->busy)
		gpu_channel_off(channel);
}

void gpu_tenant_channels_end(struct gpu_tenant *tenant,
			     void (*done)(struct gpu_tenant *tenant, int err))
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		struct gpu_channel *ch = tenant->channel[i];

		if (!ch)
			continue;
		n++;
		ch->quiet = true;
		ch->ending = true;
		unpark(ch);
	}
	if (!n) {
		done(tenant, 0);
		return;
	}
	tenant->channels_done = done;
	tenant->channels_err = 0;
	all_off(tenant);
}

void gpu_tenant_channels_drop(struct gpu_tenant *tenant)
{
	for (unsigned int i = 0; i < tenant->nr_slots; i++) {
		if (!tenant->channel[i])
			continue;
		hv_work_cancel(&tenant->channel[i]->tell);
		free(tenant->channel[i]);
		tenant->channel[i] = NULL;
	}
	gpu_groups_free(tenant);
}
