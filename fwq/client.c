/* SPDX-License-Identifier: MIT */
/*
 * client.c - makes and ends RM clients, and keeps account of their handles.
 *
 * A client that is to end goes through two states. STOPPING: its caller is removed from the
 * transport, which cancels its calls; that cannot be while a message of its is half sent, so it is
 * tried again after each poll. FREEING: with nothing else under way, the root is freed.
 *
 * Order that matters: states change before a call is submitted and before done() is called, and
 * nothing is touched after either, because the owner may have the memory back by then.
 */
#include <errno.h>

#include "fwq/client.h"
#include "fwq/view.h"
#include "hv/hv.h"

int fwq_clients_init(struct fwq_clients *set, struct fwq_rm *rm)
{
	static const enum fwq_struct ours[] = {
		FWQ_S_NV0000_ALLOC_PARAMETERS,
		FWQ_S_NV0080_ALLOC_PARAMETERS,
		FWQ_S_NV2080_ALLOC_PARAMETERS,
		FWQ_S_NV0005_ALLOC_PARAMETERS,
		FWQ_S_NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS,
	};

	*set = (struct fwq_clients){.rm = rm};
	for (unsigned int i = 0; i < sizeof(ours) / sizeof(ours[0]); i++)
		if (fwq_sizeof(rm->pack, ours[i]) > FWQ_CLIENT_PARAMS)
			return -EINVAL;
	return 0;
}

/* ---------------------------------------------------------------- the end */

/* The client is gone; err says why the firmware may not agree. */
static void finish(struct fwq_client *client, int err)
{
	struct fwq_clients *set = client->set;
	uint32_t id = client->handle - FWQ_CLIENT(0);

	/* Nothing of its is under way, so this only takes it off the list. */
	HV_CHECK(!fwq_rpc_caller_remove(set->rm->rpc, &client->caller));
	set->client[id] = NULL;
	if (client->root && err) {
		set->lost[id] = true;
		set->stats.lost_clients++;
	}
	client->state = FWQ_CLIENT_NONE;
	client->done(client, client->err ? client->err : err);
}

static void freed(struct fwq_rm_call *call, int err)
{
	finish(call->arg, err);
}

static void stop(struct fwq_client *client)
{
	struct fwq_rpc *rpc = client->set->rm->rpc;
	int err;

	/* Callbacks run in here; what they can still do to this client is to replace its done(). */
	if (fwq_rpc_caller_remove(rpc, &client->caller))
		return; /* half sent: again after the next poll */
	client->set->stopping--;
	client->state = FWQ_CLIENT_FREEING;
	fwq_rpc_caller_add(rpc, &client->caller);
	if (!client->root) {
		finish(client, 0);
		return;
	}
	client->call.done = freed;
	err = fwq_rm_free(&client->call, client->handle, client->handle);
	if (err)
		finish(client, err);
}

static void begin_stop(struct fwq_client *client)
{
	struct fwq_subscription *next;

	client->state = FWQ_CLIENT_STOPPING;
	client->set->stopping++;
	for (struct fwq_subscription *s = client->set->subscriptions; s; s = next) {
		next = s->next;
		if (s->object.client == client)
			fwq_subscription_forget(s);
	}
	stop(client);
}

void fwq_client_destroy(struct fwq_client *client, void (*done)(struct fwq_client *client, int err),
			void *arg)
{
	client->done = done;
	client->arg = arg;
	client->err = 0;
	if (client->state == FWQ_CLIENT_NONE)
		done(client, 0);
	else if (client->state == FWQ_CLIENT_MAKING || client->state == FWQ_CLIENT_LIVE)
		begin_stop(client);
}

int fwq_clients_poll(struct fwq_clients *set)
{
	int ret = fwq_rpc_poll(set->rm->rpc, hv_now());

	for (uint32_t i = 0; set->stopping && i < FWQ_CLIENTS_MAX; i++)
		if (set->client[i] && set->client[i]->state == FWQ_CLIENT_STOPPING)
			stop(set->client[i]);
	return ret;
}

/* ---------------------------------------------------------------- the beginning */

/* Start the step that is to come. Values and handles as in nouveau r535/{client,device}.c. */
static int make(struct fwq_client *client)
{
	const struct fwq_pack *pack = client->set->rm->pack;
	struct fwq_rm_call *call = &client->call;
	uint32_t h = client->handle;
	void *params;

	switch (client->step) {
	case FWQ_CLIENT_STEP_ROOT:
		params = fwq_rm_params(call, FWQ_S_NV0000_ALLOC_PARAMETERS);
		fwq_wr(pack, NV0000_ALLOC_PARAMETERS, hClient, params, h);
		/* KERNEL_PID: no process of the host's */
		fwq_wr(pack, NV0000_ALLOC_PARAMETERS, processID, params, UINT32_MAX);
		return fwq_rm_alloc(call, h, h, h, FWQ_N_NV01_ROOT, FWQ_S_NV0000_ALLOC_PARAMETERS);
	case FWQ_CLIENT_STEP_DEVICE:
		params = fwq_rm_params(call, FWQ_S_NV0080_ALLOC_PARAMETERS);
		/* Address spaces are the client's own; deviceId 0: there is one GPU. */
		fwq_wr(pack, NV0080_ALLOC_PARAMETERS, hClientShare, params, h);
		return fwq_rm_alloc(call, h, h, FWQ_DEVICE, FWQ_N_NV01_DEVICE_0,
				    FWQ_S_NV0080_ALLOC_PARAMETERS);
	default:
		params = fwq_rm_params(call, FWQ_S_NV2080_ALLOC_PARAMETERS);
		fwq_wr(pack, NV2080_ALLOC_PARAMETERS, subDeviceId, params, 0);
		return fwq_rm_alloc(call, h, FWQ_DEVICE, FWQ_SUBDEVICE, FWQ_N_NV20_SUBDEVICE_0,
				    FWQ_S_NV2080_ALLOC_PARAMETERS);
	}
}

static void made(struct fwq_rm_call *call, int err)
{
	struct fwq_client *client = call->arg;

	if (err && client->step == FWQ_CLIENT_STEP_ROOT && fwq_rm_undone(call))
		client->root = false;
	if (client->state != FWQ_CLIENT_MAKING)
		return; /* cancelled by stop(), which goes on */
	if (!err && ++client->step == FWQ_CLIENT_STEP_READY) {
		client->state = FWQ_CLIENT_LIVE;
		client->done(client, 0);
		return;
	}
	if (!err)
		err = make(client);
	if (err) {
		client->err = err;
		begin_stop(client);
	}
}

int fwq_client_create(struct fwq_clients *set, struct fwq_client *client, uint32_t quota,
		      void (*done)(struct fwq_client *client, int err), void *arg)
{
	uint32_t id = set->rover, tried = 0;
	int ret;

	if (quota > FWQ_OBJECTS_MAX)
		return -EINVAL;
	while ((set->client[id] || set->lost[id]) && ++tried < FWQ_CLIENTS_MAX)
		id = (id + 1) % FWQ_CLIENTS_MAX;
	if (set->client[id] || set->lost[id])
		return -ENOSPC;
	*client = (struct fwq_client){.set = set,
				      .state = FWQ_CLIENT_MAKING,
				      .handle = FWQ_CLIENT(id),
				      .quota = quota,
				      .root = true,
				      .done = done,
				      .arg = arg};
	fwq_rpc_caller_add(set->rm->rpc, &client->caller);
	fwq_rm_call_init(&client->call, set->rm, &client->caller, client->buf, sizeof(client->buf),
			 made, client);
	set->client[id] = client;
	set->rover = (id + 1) % FWQ_CLIENTS_MAX;
	ret = make(client);
	if (ret) {
		set->client[id] = NULL;
		client->state = FWQ_CLIENT_NONE;
		HV_CHECK(!fwq_rpc_caller_remove(set->rm->rpc, &client->caller));
	}
	return ret;
}

/* ---------------------------------------------------------------- controls and objects */

int fwq_client_control(struct fwq_client *client, struct fwq_rm_call *call, uint32_t object,
		       enum fwq_number cmd, enum fwq_struct params)
{
	HV_CHECK(call->caller == &client->caller);
	if (client->state != FWQ_CLIENT_LIVE)
		return -ESHUTDOWN;
	return fwq_rm_control(call, client->handle, object, cmd, params);
}

static bool take_handle(struct fwq_client *client, struct fwq_object *object)
{
	uint32_t slot = client->rover;

	if (client->used >= client->quota)
		return false;
	client->used++;
	if (object->named)
		return true;
	/* The quota is at most what there is, so one is free. */
	while (client->taken[slot / 64] >> slot % 64 & 1)
		slot = (slot + 1) % FWQ_OBJECTS_MAX;
	client->taken[slot / 64] |= 1ull << slot % 64;
	client->rover = (slot + 1) % FWQ_OBJECTS_MAX;
	object->handle = FWQ_OBJECT(slot);
	return true;
}

static void return_handle(struct fwq_object *object)
{
	uint32_t slot = object->handle - FWQ_OBJECT(0);

	object->state = FWQ_OBJECT_NONE;
	object->client->used--;
	if (!object->named)
		object->client->taken[slot / 64] &= ~(1ull << slot % 64);
}

static void object_made(struct fwq_rm_call *call, int err)
{
	struct fwq_object *object = call->arg;

	if (!err)
		object->state = FWQ_OBJECT_LIVE;
	else if (fwq_rm_undone(call))
		return_handle(object);
	else
		object->state = FWQ_OBJECT_LOST;
	object->done(object, err);
}

static void object_freed(struct fwq_rm_call *call, int err)
{
	struct fwq_object *object = call->arg;

	/* NV_ERR_OBJECT_NOT_FOUND, of one that was lost: it never came to be, or the first free did it. */
	if (err == -ENOENT && call->refused)
		err = 0;
	if (err)
		object->state = FWQ_OBJECT_LOST;
	else
		return_handle(object);
	object->done(object, err);
}

void fwq_object_init(struct fwq_object *object, struct fwq_client *client, void *buf, uint32_t size,
		     void (*done)(struct fwq_object *object, int err), void *arg)
{
	*object = (struct fwq_object){.client = client, .done = done, .arg = arg};
	fwq_rm_call_init(&object->call, client->set->rm, &client->caller, buf, size, object_made,
			 object);
}

void fwq_object_name(struct fwq_object *object, uint32_t handle)
{
	object->handle = handle;
	object->named = true;
}

int fwq_object_alloc(struct fwq_object *object, uint32_t parent, enum fwq_number class,
		     enum fwq_struct params)
{
	int ret;

	if (object->client->state != FWQ_CLIENT_LIVE)
		return -ESHUTDOWN;
	if (object->state != FWQ_OBJECT_NONE)
		return -EBUSY;
	if (!take_handle(object->client, object))
		return -EDQUOT;
	object->state = FWQ_OBJECT_MAKING;
	object->call.done = object_made;
	ret = fwq_rm_alloc(&object->call, object->client->handle, parent, object->handle, class,
			   params);
	if (ret)
		return_handle(object);
	return ret;
}

int fwq_object_free(struct fwq_object *object)
{
	enum fwq_object_state before = object->state;
	int ret;

	if (object->client->state != FWQ_CLIENT_LIVE)
		return -ESHUTDOWN;
	if ((before != FWQ_OBJECT_LIVE && before != FWQ_OBJECT_LOST) || object->call.busy)
		return -EBUSY;
	object->state = FWQ_OBJECT_FREEING;
	object->call.done = object_freed;
	ret = fwq_rm_free(&object->call, object->client->handle, object->handle);
	if (ret)
		object->state = before;
	return ret;
}
