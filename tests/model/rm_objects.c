/* SPDX-License-Identifier: MIT */
/*
 * The tree of RM objects: clients, their device, its subdevice, and what is made below them.
 *
 * Handles are chosen by whoever allocates and are valid within a client. An object needs a parent of
 * one of the classes that its own class lists; freeing it frees what is below it first.
 *
 * Sources: OGKM 535.113.01 resource_list.h (parents, parameters), rs_server.c, rs_client.c,
 * alloc_free.c (order of the checks and their status).
 */
#include "gsp.h"
#include "rm.h"

struct rm_class {
	uint32_t id;
	uint32_t parents[2]; /* 0 ends the list; a client has none */
	bool optional;	     /* parameters may be left away */
	bool single;	     /* one for each parent */
	uint32_t (*params)(const struct gsp_layout *l);
};

static uint32_t root_params(const struct gsp_layout *l)
{
	return l->root_params;
}

static uint32_t device_params(const struct gsp_layout *l)
{
	(void)l;
	return 56; /* NV0080_ALLOC_PARAMETERS */
}

static uint32_t subdevice_params(const struct gsp_layout *l)
{
	(void)l;
	return 4; /* NV2080_ALLOC_PARAMETERS */
}

static const struct rm_class classes[] = {
	{NV01_ROOT, {0}, true, false, root_params},
	{NV01_ROOT_NON_PRIV, {0}, true, false, root_params},
	{NV01_ROOT_CLIENT, {0}, true, false, root_params},
	{NV01_DEVICE_0, {NV01_ROOT}, true, false, device_params},
	{NV20_SUBDEVICE_0, {NV01_DEVICE_0}, true, false, subdevice_params},
};

static const struct rm_class *find_class(uint32_t id)
{
	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (classes[i].id == id)
			return &classes[i];
	return NULL;
}

static bool is_client(uint32_t class_id)
{
	return class_id == NV01_ROOT || class_id == NV01_ROOT_NON_PRIV ||
	       class_id == NV01_ROOT_CLIENT;
}

const struct rm_object *model_rm_find(const struct model_rm *rm, uint32_t client, uint32_t handle)
{
	for (uint32_t i = 0; i < rm->nr_objects; i++)
		if (rm->objects[i].client == client && rm->objects[i].handle == handle)
			return &rm->objects[i];
	return NULL;
}

void model_rm_reset(struct model_rm *rm)
{
	static const struct rm_object internal[] = {
		{RM_INTERNAL_CLIENT, 0, RM_INTERNAL_CLIENT, NV01_ROOT},
		{RM_INTERNAL_CLIENT, RM_INTERNAL_CLIENT, RM_INTERNAL_DEVICE, NV01_DEVICE_0},
		{RM_INTERNAL_CLIENT, RM_INTERNAL_DEVICE, RM_INTERNAL_SUBDEVICE, NV20_SUBDEVICE_0},
	};

	rm->nr_objects = 0;
	for (size_t i = 0; i < sizeof(internal) / sizeof(internal[0]); i++)
		rm->objects[rm->nr_objects++] = internal[i];
}

/* A client: only its own handle counts, whatever was said of a parent. */
static uint32_t check_client(const struct model_rm *rm, const struct rm_object *wanted)
{
	if (!wanted->client || wanted->handle != wanted->client)
		return NV_ERR_INVALID_OBJECT_HANDLE;
	return model_rm_find(rm, wanted->client, wanted->client) ? NV_ERR_INSERT_DUPLICATE_NAME
								 : NV_OK;
}

static bool parent_ok(const struct rm_class *class, const struct rm_object *parent)
{
	uint32_t id = is_client(parent->class_id) ? NV01_ROOT : parent->class_id;

	/* NV01_ROOT is 0, and so is the end of a list: only the first place can hold it. */
	if (class->parents[0] == id)
		return true;
	return id && class->parents[1] == id;
}

static uint32_t check_object(const struct model_rm *rm, const struct rm_class *class,
			     const struct rm_object *wanted)
{
	const struct rm_object *parent;

	if (!model_rm_find(rm, wanted->client, wanted->client))
		return NV_ERR_INVALID_OBJECT_HANDLE;
	parent = model_rm_find(rm, wanted->client, wanted->parent);
	if (!parent)
		return NV_ERR_OBJECT_NOT_FOUND;
	if (!wanted->handle || wanted->handle == wanted->client)
		return NV_ERR_INVALID_OBJECT_HANDLE;
	if (!parent_ok(class, parent))
		return NV_ERR_INVALID_OBJECT_PARENT;
	return model_rm_find(rm, wanted->client, wanted->handle) ? NV_ERR_INSERT_DUPLICATE_NAME
								 : NV_OK;
}

uint32_t model_rm_alloc(struct model *m, const struct rm_object *wanted, uint8_t *params,
			uint32_t size)
{
	const struct rm_class *class = find_class(wanted->class_id);
	struct model_rm *rm = &m->gsp_rm->rm;
	uint32_t status;

	(void)params;
	if (!class) {
		model_log(m, "GSP stand-in: class 0x%04x is not known", wanted->class_id);
		return NV_ERR_INVALID_CLASS;
	}
	status = is_client(class->id) ? check_client(rm, wanted) : check_object(rm, class, wanted);
	if (status)
		return status;
	if (size != class->params(m->gsp_rm->layout) && (size || !class->optional))
		return NV_ERR_INVALID_PARAM_STRUCT;
	if (rm->nr_objects == RM_MAX_OBJECTS)
		return NV_ERR_INSUFFICIENT_RESOURCES;
	rm->objects[rm->nr_objects] = *wanted;
	if (is_client(class->id))
		rm->objects[rm->nr_objects].parent = 0;
	rm->nr_objects++;
	return NV_OK;
}

/* Children lie behind their parents in the array: it is walked once, from the end. */
static bool below(const struct model_rm *rm, const struct rm_object *object, uint32_t client,
		  uint32_t handle)
{
	while (object && object->client == client) {
		if (object->handle == handle)
			return true;
		object = object->parent ? model_rm_find(rm, client, object->parent) : NULL;
	}
	return false;
}

uint32_t model_rm_free(struct model *m, uint32_t client, uint32_t handle)
{
	struct model_rm *rm = &m->gsp_rm->rm;

	if (!model_rm_find(rm, client, client))
		return NV_ERR_INVALID_OBJECT_HANDLE;
	if (!model_rm_find(rm, client, handle))
		return NV_ERR_OBJECT_NOT_FOUND;
	if (client == RM_INTERNAL_CLIENT)
		return NV_ERR_INVALID_OBJECT_HANDLE;
	for (uint32_t i = rm->nr_objects; i-- > 0;) {
		if (!below(rm, &rm->objects[i], client, handle))
			continue;
		rm->nr_objects--;
		for (uint32_t j = i; j < rm->nr_objects; j++)
			rm->objects[j] = rm->objects[j + 1];
	}
	return NV_OK;
}
