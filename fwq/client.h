/* SPDX-License-Identifier: MIT */
/*
 * client.h - RM clients: one tree of objects per guest, made and destroyed as a whole.
 *
 * A client is a root (NV01_ROOT), a device and a subdevice below it, and then what its owner makes:
 * objects and event subscriptions. Each has its own caller (rpc.h), so guests take turns, and its own
 * quota of handles, so none can fill the firmware's heap. All of it is asynchronous: fwq_clients_poll()
 * takes the place of fwq_rpc_poll(), and done callbacks run from there.
 *
 * Handles. The firmware frees an object when it says so. A handle is used again only after the free
 * was acknowledged; when the answer to an alloc or a free is lost, the handle stays taken until the
 * client is gone. The same holds for client handles, until the firmware is started afresh.
 *
 * The end. fwq_client_destroy() works at any time, with calls in flight and in the middle of creation
 * or of another callback: it cancels the client's calls (each done() runs once, with -ECANCELED, and
 * late replies are dropped by the transport), frees the root and with it everything below, and calls
 * done(). Until then structures and buffers of the client belong to it; after that to nobody but the
 * owner.
 *
 * Events. A subscription is an NV01_EVENT_KERNEL_CALLBACK_EX object below the subdevice. The firmware
 * names the event by client and event handle. When it sets bNotifyList it names one event for all that
 * wait for the same notifier, so each gets it, as in NVIDIA's driver. An event that nobody here has
 * subscribed to, or of another notifier than it was subscribed to, is counted and dropped.
 *
 * Sources: nouveau nvkm/subdev/gsp/rm/{client.c,handles.h}, rm/r535/{client,device}.c;
 * NVIDIA/open-gpu-kernel-modules kernel_gsp.c (_kgspRpcPostEvent), rpc.h (NV_RM_RPC_ALLOC_EVENT),
 * cl0005.h, resserv.h (RS_CLIENT_HANDLE_BASE).
 */
#ifndef FWQ_CLIENT_H
#define FWQ_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "fwq/event.h"
#include "fwq/rm.h"

#define FWQ_CLIENTS_MAX	  128u	/* at a time: slices of one GPU, and ourselves */
#define FWQ_OBJECTS_MAX	  1024u /* ceiling of a client's quota */
#define FWQ_CLIENT_PARAMS 1024u /* bytes for the parameters of our own calls */

/* Handles: ours to choose, these are nouveau's (handles.h). Objects count up from FWQ_OBJECT(0). */
#define FWQ_CLIENT(id)	 (0xc1d00000u | (id))
#define FWQ_DEVICE	 0xde1d0000u
#define FWQ_SUBDEVICE	 0x5d1d0000u
#define FWQ_OBJECT(slot) (0x0b1e0000u | (slot))

struct fwq_clients_stats {
	uint64_t events;	 /* delivered to at least one subscription */
	uint64_t unknown_events; /* no such client, event or notifier: late or forged */
	uint64_t lost_clients;	 /* handles that stay taken: their free was not acknowledged */
};

/* All clients of one firmware. The caller owns it; the fields are the client layer's. */
struct fwq_clients {
	struct fwq_rm *rm;
	struct fwq_client *client[FWQ_CLIENTS_MAX]; /* by id, the low bits of the handle */
	bool lost[FWQ_CLIENTS_MAX];
	uint32_t rover;	   /* where the search for an id goes on, so that ids are reused late */
	uint32_t stopping; /* clients in FWQ_CLIENT_STOPPING */
	struct fwq_subscription *subscriptions;
	struct fwq_subscription *cursor; /* next to be told of an event; NULL: none is being told */
	struct fwq_clients_stats stats;
};

/* Creation goes through these one by one. */
enum fwq_client_step {
	FWQ_CLIENT_STEP_ROOT,
	FWQ_CLIENT_STEP_DEVICE,
	FWQ_CLIENT_STEP_SUBDEVICE,
	FWQ_CLIENT_STEP_READY
};

enum fwq_client_state {
	FWQ_CLIENT_NONE,
	FWQ_CLIENT_MAKING,
	FWQ_CLIENT_LIVE,
	FWQ_CLIENT_STOPPING, /* a call is half sent: its caller cannot go yet */
	FWQ_CLIENT_FREEING,  /* the root's free is with the firmware */
};

/* One client; owned by the caller, the fields are for reading. */
struct fwq_client {
	struct fwq_clients *set;
	enum fwq_client_state state;
	enum fwq_client_step step;
	uint32_t handle;
	uint32_t quota, used; /* handles that objects may have, and have */
	uint32_t rover;
	uint64_t taken[FWQ_OBJECTS_MAX / 64]; /* a bit for each handle */
	int err;			      /* why creation failed; 0: the owner wants the end */
	bool root;			      /* the firmware may know it */
	void (*done)(struct fwq_client *client, int err);
	void *arg;
	struct fwq_caller caller;
	struct fwq_rm_call call;
	uint8_t buf[FWQ_RM_SIZE(FWQ_CLIENT_PARAMS)] __attribute__((aligned(8)));
};

enum fwq_object_state {
	FWQ_OBJECT_NONE,
	FWQ_OBJECT_MAKING,
	FWQ_OBJECT_LIVE,
	FWQ_OBJECT_FREEING,
	FWQ_OBJECT_LOST, /* the firmware may or may not have it: only a free makes that sure */
};

/* One object below a client; the owner embeds it in its own. Void when its client is. */
struct fwq_object {
	struct fwq_client *client;
	enum fwq_object_state state;
	uint32_t handle;
	bool named;		 /* its handle is not one of FWQ_OBJECT()'s */
	struct fwq_rm_call call; /* its alloc's and free's: status says why the firmware refused */
	void (*done)(struct fwq_object *object, int err);
	void *arg;
};

/* Wants to hear of one notifier. Owned by the caller; index, arg and callbacks are for reading. */
struct fwq_subscription {
	struct fwq_object object;
	struct fwq_subscription *next;
	uint32_t index;
	void (*event)(struct fwq_subscription *sub, const struct fwq_event_post *post);
	void (*done)(struct fwq_subscription *sub, int err);
	void *arg;
	int err; /* of the control, while the event object is freed again */
	uint8_t buf[FWQ_RM_SIZE(FWQ_CLIENT_PARAMS)] __attribute__((aligned(8)));
};

/*
 * rm stays the caller's and outlives the set. -EINVAL: the pack lacks a class, number or structure
 * that clients need.
 */
int fwq_clients_init(struct fwq_clients *set, struct fwq_rm *rm);

/* fwq_rpc_poll(), and then what had to wait for it. Returns what that returned. */
int fwq_clients_poll(struct fwq_clients *set);

/*
 * A POST_EVENT, decoded by fwq_event_decode(): hand it to whom it is for. What it says may be wrong.
 */
void fwq_clients_post(struct fwq_clients *set, const struct fwq_event_post *post);

/*
 * Make root, device and subdevice. quota: objects and subscriptions at a time, up to FWQ_OBJECTS_MAX.
 * 0: done(client, 0) will be called when the client can be used; or done(client, err) when a step
 * failed, after what was made has been freed: the client is gone then. -EINVAL: quota; -ENOSPC: no
 * client id is free; -EIO: the transport is broken.
 */
int fwq_client_create(struct fwq_clients *set, struct fwq_client *client, uint32_t quota,
		      void (*done)(struct fwq_client *client, int err), void *arg);

/*
 * End a client that was created, in any state; done() of an unfinished creation is not called any
 * more. done(client, err) is called once, perhaps before this returns: 0, or why the firmware may
 * still hold the tree (its id is not used again). A second destroy while one runs replaces done.
 */
void fwq_client_destroy(struct fwq_client *client, void (*done)(struct fwq_client *client, int err),
			void *arg);

/*
 * A control on an object of this client, which has to be live (-ESHUTDOWN); call was initialised with
 * &client->caller. Else as fwq_rm_control().
 */
int fwq_client_control(struct fwq_client *client, struct fwq_rm_call *call, uint32_t object,
		       enum fwq_number cmd, enum fwq_struct params);

/*
 * Prepare an object that is in no use. buf as for fwq_rm_call_init(); fill parameters through
 * fwq_rm_params(&object->call, type).
 */
void fwq_object_init(struct fwq_object *object, struct fwq_client *client, void *buf, uint32_t size,
		     void (*done)(struct fwq_object *object, int err), void *arg);

/*
 * The handle that a prepared object is to have: for the few by which the firmware itself finds an object. Neither one of
 * FWQ_OBJECT()'s, nor one that the client has twice.
 */
void fwq_object_name(struct fwq_object *object, uint32_t handle);

/*
 * Make it below `parent` (a handle of this client) with a handle of its own. done(): 0; the firmware's
 * refusal, and the object is in no use again; or the answer was lost, and it is FWQ_OBJECT_LOST.
 * -ESHUTDOWN: the client is not live; -EBUSY: the object is in use; -EDQUOT: the quota is used up;
 * else as fwq_rm_alloc().
 */
int fwq_object_alloc(struct fwq_object *object, uint32_t parent, enum fwq_number class,
		     enum fwq_struct params);

/*
 * Free it, live or lost. done(): 0, and the object is in no use (the firmware has freed it, or says that
 * it has none such); or an error, and it is lost. -ESHUTDOWN; -EBUSY: it is neither live nor lost.
 */
int fwq_object_free(struct fwq_object *object);

/*
 * Subscribe to a notifier (NV2080_NOTIFIERS_x, below 65536) of the client's subdevice. Takes one handle
 * of the quota. done(): 0, or an error and the subscription is gone. event() may come before done(),
 * and may do anything, unsubscribe and destroy included. Errors as fwq_object_alloc().
 */
int fwq_subscribe(struct fwq_subscription *sub, struct fwq_client *client, uint32_t index,
		  void (*event)(struct fwq_subscription *sub, const struct fwq_event_post *post),
		  void (*done)(struct fwq_subscription *sub, int err), void *arg);

/*
 * End it: event() is not called any more, whatever is on its way. done(sub, err) when the firmware has
 * freed the event object. -ESHUTDOWN: the client is going, and takes the subscription along; -EBUSY:
 * its creation or end is under way.
 */
int fwq_unsubscribe(struct fwq_subscription *sub,
		    void (*done)(struct fwq_subscription *sub, int err));

/* For client.c: take it off the list of those who hear of events. */
void fwq_subscription_forget(struct fwq_subscription *sub);

#endif /* FWQ_CLIENT_H */
