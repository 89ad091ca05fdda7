/* SPDX-License-Identifier: MIT */
/*
 * subscription.c - events of a client's subdevice: asked for, handed out, given up.
 *
 * A subscription is on the set's list from its creation until its end, and hears of events while its
 * event object is live. Handing out an event to many survives any callback, also one that ends this or
 * other subscriptions and clients: the cursor is all that is kept, and whoever leaves the list moves it.
 */
#include <errno.h>

#include "fwq/client.h"
#include "fwq/view.h"

/* NV0005_NOTIFY_INDEX_INDEX: the other bits of a notifier's index are flags. */
#define INDEX_MASK 0xffffu

static void ended(struct fwq_object *object, int err);

void fwq_subscription_forget(struct fwq_subscription *sub)
{
	struct fwq_clients *set = sub->object.client->set;

	for (struct fwq_subscription **link = &set->subscriptions; *link; link = &(*link)->next)
		if (*link == sub) {
			*link = sub->next;
			break;
		}
	if (set->cursor == sub)
		set->cursor = sub->next;
}

/* ---------------------------------------------------------------- creation */

/* Creation failed: free what the firmware may have of it. */
static void fail(struct fwq_subscription *sub, int err)
{
	fwq_subscription_forget(sub);
	sub->err = err;
	sub->object.done = ended;
	if (sub->object.state == FWQ_OBJECT_NONE || fwq_object_free(&sub->object))
		sub->done(sub, err);
}

static void enabled(struct fwq_rm_call *call, int err)
{
	struct fwq_object *object = call->arg;
	struct fwq_subscription *sub = object->arg;

	if (err)
		fail(sub, err);
	else
		sub->done(sub, 0);
}

static void made(struct fwq_object *object, int err)
{
	struct fwq_subscription *sub = object->arg;
	const struct fwq_pack *pack = object->client->set->rm->pack;
	void *params;

	if (!err) {
		params = fwq_rm_params(&object->call,
				       FWQ_S_NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS);
		fwq_wr(pack, NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS, event, params, sub->index);
		fwq_wr(pack, NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS, action, params,
		       fwq_num(pack, NV2080_CTRL_EVENT_SET_NOTIFICATION_ACTION_REPEAT));
		object->call.done = enabled;
		err = fwq_client_control(object->client, &object->call, FWQ_SUBDEVICE,
					 FWQ_N_NV2080_CTRL_CMD_EVENT_SET_NOTIFICATION,
					 FWQ_S_NV2080_CTRL_EVENT_SET_NOTIFICATION_PARAMS);
	}
	if (err)
		fail(sub, err);
}

int fwq_subscribe(struct fwq_subscription *sub, struct fwq_client *client, uint32_t index,
		  void (*event)(struct fwq_subscription *sub, const struct fwq_event_post *post),
		  void (*done)(struct fwq_subscription *sub, int err), void *arg)
{
	const struct fwq_pack *pack = client->set->rm->pack;
	void *params;
	int ret;

	if (index > INDEX_MASK)
		return -EINVAL;
	*sub = (struct fwq_subscription){.index = index, .event = event, .done = done, .arg = arg};
	fwq_object_init(&sub->object, client, sub->buf, sizeof(sub->buf), made, sub);
	params = fwq_rm_params(&sub->object.call, FWQ_S_NV0005_ALLOC_PARAMETERS);
	fwq_wr(pack, NV0005_ALLOC_PARAMETERS, hParentClient, params, client->handle);
	fwq_wr(pack, NV0005_ALLOC_PARAMETERS, hClass, params,
	       fwq_num(pack, NV01_EVENT_KERNEL_CALLBACK_EX));
	/* CLIENT_RM: tell us, not a callback inside the firmware. */
	fwq_wr(pack, NV0005_ALLOC_PARAMETERS, notifyIndex, params,
	       fwq_num(pack, NV01_EVENT_CLIENT_RM) | index);
	sub->next = client->set->subscriptions;
	client->set->subscriptions = sub;
	ret = fwq_object_alloc(&sub->object, FWQ_SUBDEVICE, FWQ_N_NV01_EVENT_KERNEL_CALLBACK_EX,
			       FWQ_S_NV0005_ALLOC_PARAMETERS);
	if (ret)
		fwq_subscription_forget(sub);
	return ret;
}

/* ---------------------------------------------------------------- the end */

static void ended(struct fwq_object *object, int err)
{
	struct fwq_subscription *sub = object->arg;

	sub->done(sub, sub->err ? sub->err : err);
}

/*
 * The notifier's action stays REPEAT, as in nouveau: it is the subdevice's, so other subscriptions to
 * the same notifier need it, and without an event object it tells nobody.
 */
int fwq_unsubscribe(struct fwq_subscription *sub,
		    void (*done)(struct fwq_subscription *sub, int err))
{
	struct fwq_object *object = &sub->object;

	if (object->client->state != FWQ_CLIENT_LIVE)
		return -ESHUTDOWN;
	if (object->state != FWQ_OBJECT_LIVE || object->call.busy)
		return -EBUSY;
	fwq_subscription_forget(sub);
	sub->done = done;
	object->done = ended;
	return fwq_object_free(object);
}

/* ---------------------------------------------------------------- events */

void fwq_clients_post(struct fwq_clients *set, const struct fwq_event_post *post)
{
	uint32_t index = post->notify_index & INDEX_MASK;
	struct fwq_subscription *sub = set->subscriptions;

	while (sub &&
	       (sub->object.handle != post->event || sub->object.client->handle != post->client ||
		sub->object.state != FWQ_OBJECT_LIVE))
		sub = sub->next;
	if (!sub || sub->index != index) {
		set->stats.unknown_events++;
		return;
	}
	set->stats.events++;
	if (!post->to_list) {
		sub->event(sub, post);
		return;
	}
	for (sub = set->subscriptions; sub; sub = set->cursor) {
		set->cursor = sub->next;
		if (sub->index == index && sub->object.state == FWQ_OBJECT_LIVE)
			sub->event(sub, post);
	}
}
