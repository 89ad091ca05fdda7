/* SPDX-License-Identifier: MIT */
/*
 * fw_rm.c - the responder's resource manager: a table of objects, and the classes of the conversation.
 * A parent that is another class, a size that is not the structure's, a handle that is nothing or taken
 * are refused, as are parameters that did not arrive as they were sent.
 */
#include <string.h>

#include "firmware.h"

#define OBJECTS 64

static struct object {
	NvU32 client, parent, handle, class;
	NvU32 notifier; /* of an event */
} objects[OBJECTS];
static NvU32 live;

static struct object *find(NvU32 client, NvU32 handle)
{
	for (NvU32 i = 0; i < live; i++)
		if (objects[i].client == client && objects[i].handle == handle)
			return &objects[i];
	return NULL;
}

NvU32 fw_objects(void)
{
	return live;
}

static void free_tree(NvU32 client, NvU32 handle)
{
	for (NvU32 i = 0; i < live; i++)
		if (objects[i].client == client && objects[i].parent == handle &&
		    objects[i].handle != handle) {
			free_tree(client, objects[i].handle);
			i = (NvU32)-1; /* the table has moved */
		}
	for (NvU32 i = 0; i < live; i++)
		if (objects[i].client == client && objects[i].handle == handle) {
			objects[i] = objects[--live];
			return;
		}
}

/* ---------------------------------------------------------------- classes */

static NvU32 new_root(struct object *o, void *params)
{
	NV0000_ALLOC_PARAMETERS *p = params;

	SAME(p->hClient, o->client);
	SAME(o->handle, o->client);
	SAME(p->processID, ~0u);
	return NV_OK;
}

static NvU32 new_device(struct object *o, void *params)
{
	NV0080_ALLOC_PARAMETERS *p = params;

	SAME(p->hClientShare, o->client);
	SAME(p->deviceId, 0);
	SAME(p->hTargetClient, 0);
	SAME(p->vaSpaceSize, 0);
	return NV_OK;
}

static NvU32 new_subdevice(struct object *o, void *params)
{
	NV2080_ALLOC_PARAMETERS *p = params;

	(void)o;
	SAME(p->subDeviceId, 0);
	return NV_OK;
}

static NvU32 new_event(struct object *o, void *params)
{
	NV0005_ALLOC_PARAMETERS *p = params;

	SAME(p->hParentClient, o->client);
	SAME(p->hClass, NV01_EVENT_KERNEL_CALLBACK_EX);
	SAME(p->hSrcResource, 0);
	SAME(p->notifyIndex & ~0xffffu, NV01_EVENT_CLIENT_RM);
	o->notifier = p->notifyIndex & 0xffff;
	if (o->notifier >= NV2080_NOTIFIERS_MAXCOUNT)
		return fw_refuse(NV_ERR_INVALID_INDEX, "notifier %u", o->notifier);
	return NV_OK;
}

static NvU32 new_vaspace(struct object *o, void *params)
{
	NV_VASPACE_ALLOCATION_PARAMETERS *p = params;

	(void)o;
	IS(index);
	IS(flags);
	IS(vaSize);
	IS(vaStartInternal);
	IS(vaLimitInternal);
	IS(bigPageSize);
	IS(vaBase);
	p->vaBase = ~p->vaBase;
	return NV_OK;
}

static NvU32 new_group(struct object *o, void *params)
{
	NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS *p = params;

	(void)o;
	IS(hObjectError);
	IS(hObjectEccError);
	IS(hVASpace);
	IS(engineType);
	IS(bIsCallingContextVgpuPlugin);
	return NV_OK;
}

static NvU32 new_channel(struct object *o, void *params)
{
	NV_CHANNEL_ALLOC_PARAMS *p = params;

	(void)o;
	IS(hObjectError);
	IS(hObjectBuffer);
	IS(gpFifoOffset);
	IS(gpFifoEntries);
	IS(flags);
	IS(hContextShare);
	IS(hVASpace);
	IS_ALL(hUserdMemory);
	IS_ALL(userdOffset);
	IS(engineType);
	IS(cid);
	IS(subDeviceId);
	IS(hObjectEccError);
	IS(instanceMem.base);
	IS(instanceMem.size);
	IS(instanceMem.addressSpace);
	IS(instanceMem.cacheAttrib);
	IS(userdMem.base);
	IS(userdMem.size);
	IS(userdMem.addressSpace);
	IS(userdMem.cacheAttrib);
	IS(ramfcMem.base);
	IS(ramfcMem.size);
	IS(ramfcMem.addressSpace);
	IS(ramfcMem.cacheAttrib);
	IS(mthdbufMem.base);
	IS(mthdbufMem.size);
	IS(mthdbufMem.addressSpace);
	IS(mthdbufMem.cacheAttrib);
	IS(hPhysChannelGroup);
	IS(internalFlags);
	IS(errorNotifierMem.base);
	IS(errorNotifierMem.size);
	IS(errorNotifierMem.addressSpace);
	IS(errorNotifierMem.cacheAttrib);
	IS(ProcessID);
	IS(SubProcessID);
	return NV_OK;
}

static const struct {
	NvU32 class, parent, size;
	NvU32 (*make)(struct object *o, void *params);
} classes[] = {
	{NV01_ROOT, 0, sizeof(NV0000_ALLOC_PARAMETERS), new_root},
	{NV01_DEVICE_0, NV01_ROOT, sizeof(NV0080_ALLOC_PARAMETERS), new_device},
	{NV20_SUBDEVICE_0, NV01_DEVICE_0, sizeof(NV2080_ALLOC_PARAMETERS), new_subdevice},
	{NV01_EVENT_KERNEL_CALLBACK_EX, NV20_SUBDEVICE_0, sizeof(NV0005_ALLOC_PARAMETERS),
	 new_event},
	{FERMI_VASPACE_A, NV01_DEVICE_0, sizeof(NV_VASPACE_ALLOCATION_PARAMETERS), new_vaspace},
	{KEPLER_CHANNEL_GROUP_A, NV01_DEVICE_0, sizeof(NV_CHANNEL_GROUP_ALLOCATION_PARAMETERS),
	 new_group},
	{TURING_CHANNEL_GPFIFO_A, KEPLER_CHANNEL_GROUP_A, sizeof(NV_CHANNEL_ALLOC_PARAMS),
	 new_channel},
};

static NvU32 alloc(const rpc_gsp_rm_alloc_v *a, void *params)
{
	struct object o = {a->hClient, a->hParent, a->hObject, a->hClass, 0};
	const struct object *parent = find(a->hClient, a->hParent);
	NvU32 status;

	for (NvU32 i = 0; i < NV_ARRAY_ELEMENTS(classes); i++) {
		if (classes[i].class != a->hClass)
			continue;
		if (find(a->hClient, a->hObject))
			return fw_refuse(NV_ERR_INSERT_DUPLICATE_NAME, "handle 0x%x twice",
					 a->hObject);
		if (a->hClass == NV01_ROOT ? a->hObject != a->hClient
					   : !parent || parent->class != classes[i].parent)
			return fw_refuse(NV_ERR_INVALID_OBJECT_PARENT, "class 0x%x below 0x%x",
					 a->hClass, a->hParent);
		if (a->paramsSize != classes[i].size)
			return fw_refuse(NV_ERR_INVALID_PARAM_STRUCT,
					 "class 0x%x: %u bytes, not %u", a->hClass, a->paramsSize,
					 classes[i].size);
		if (live == OBJECTS)
			return fw_refuse(NV_ERR_INSUFFICIENT_RESOURCES, "object %u", live);
		status = classes[i].make(&o, params);
		if (status == NV_OK)
			objects[live++] = o;
		return status;
	}
	return fw_refuse(NV_ERR_INVALID_CLASS, "class 0x%x", a->hClass);
}

/* ---------------------------------------------------------------- calls */

/* Parameters lie anywhere in a message: the handlers get them where they may be read as structures. */
static NvU64 params[(1u << 20) / sizeof(NvU64)];

void fw_alloc(struct fw_call *c)
{
	rpc_gsp_rm_alloc_v *a = (void *)c->data;

	if (c->len < sizeof(*a) || a->paramsSize > sizeof(params))
		fw_die("an alloc of %u bytes", c->len);
	memcpy(params, a->params, a->paramsSize);
	a->status = alloc(a, params);
	memcpy(a->params, params, a->paramsSize);
	fw_answer(c, NV_OK, NULL);
}

/* In the middle of a long answer, once. */
static void notify_between(NvU32 record)
{
	for (NvU32 i = 0; !record && i < live; i++)
		if (objects[i].class == NV01_EVENT_KERNEL_CALLBACK_EX) {
			fw_notify(objects[i].client, objects[i].handle, objects[i].notifier,
				  NV_FALSE);
			return;
		}
}

/* The newest subscriber alone if it is the only one, else all through it. */
static void notify(NvU32 notifier)
{
	struct object *event = NULL;
	NvU32 n = 0;

	for (NvU32 i = 0; i < live; i++)
		if (objects[i].class == NV01_EVENT_KERNEL_CALLBACK_EX &&
		    objects[i].notifier == notifier) {
			event = &objects[i];
			n++;
		}
	if (event)
		fw_notify(event->client, event->handle, notifier, n > 1);
}

void fw_control(struct fw_call *c)
{
	rpc_gsp_rm_control_v *r = (void *)c->data;
	struct fw_later later = {0};
	const struct object *o;

	if (c->len < sizeof(*r) || r->paramsSize > sizeof(params))
		fw_die("a control of %u bytes", c->len);
	memcpy(params, r->params, r->paramsSize);
	o = find(r->hClient, r->hObject);
	if (o)
		r->status = fw_run_control(r->cmd, o->class, params, r->paramsSize, &later);
	else
		r->status = fw_refuse(NV_ERR_INVALID_OBJECT_HANDLE,
				      "control 0x%x of 0x%x, which is nothing", r->cmd, r->hObject);
	memcpy(r->params, params, r->paramsSize);
	fw_answer(c, NV_OK, notify_between);
	if (later.notify)
		notify(later.notifier);
	if (later.channel)
		fw_channel_error();
}

void fw_free(struct fw_call *c)
{
	rpc_free_v *f = (void *)c->data;

	fw_expect("bytes of a free", c->len, sizeof(*f));
	if (find(f->params.hRoot, f->params.hObjectOld)) {
		free_tree(f->params.hRoot, f->params.hObjectOld);
		f->params.status = NV_OK;
	} else {
		f->params.status =
			fw_refuse(NV_ERR_INVALID_OBJECT_HANDLE, "free of 0x%x, which is nothing",
				  f->params.hObjectOld);
	}
	fw_answer(c, f->params.status, NULL);
}

void fw_dup(struct fw_call *c)
{
	rpc_dup_object_v *d = (void *)c->data;
	const struct object *src, *parent;

	fw_expect("bytes of a dup", c->len, sizeof(*d));
	src = find(d->params.hClientSrc, d->params.hObjectSrc);
	parent = find(d->params.hClient, d->params.hParent);
	if (!src || !parent || !d->params.hObject || find(d->params.hClient, d->params.hObject) ||
	    live == OBJECTS) {
		d->params.status = fw_refuse(NV_ERR_INVALID_OBJECT_HANDLE, "dup of 0x%x to 0x%x",
					     d->params.hObjectSrc, d->params.hObject);
	} else {
		objects[live++] = (struct object){d->params.hClient, d->params.hParent,
						  d->params.hObject, src->class, 0};
		d->params.status = NV_OK;
	}
	fw_answer(c, d->params.status, NULL);
}
