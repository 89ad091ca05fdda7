/* SPDX-License-Identifier: MIT */
/*
 * The tree of RM objects: clients, their device, its subdevice, and what is made below them.
 *
 * Handles are chosen by whoever allocates, or by RM if that is left to it (handle 0), and are valid
 * within a client. Whether GSP-RM tells the caller of its choice is not public: the model does not. An object needs a parent of
 * one of the classes that its own class lists; freeing it frees what is below it first.
 *
 * Sources: OGKM 535.113.01 resource_list.h (parents, parameters), rs_server.c, rs_client.c,
 * alloc_free.c (order of the checks and their status).
 */
#include <string.h>

#include "gsp.h"
#include "rm.h"
#include "trace.h"

#define ANY_PARENT 0xffffffffu
/* RS_UNIQUE_HANDLE_BASE (rs_client.h): of handles that RM chooses */
#define OWN_HANDLES 0xcaf00000u
#define CHILD	    AMPERE_CHANNEL_GPFIFO_A /* of a channel: an engine's object */

struct rm_class {
	uint32_t id;
	uint32_t parents[2]; /* 0 ends the list; a client has none */
	bool optional;	     /* parameters may be left away */
	bool single;	     /* one for each parent */
	uint32_t params;     /* sizeof, where all releases agree; else 0, and: */
	size_t params_at;    /* where struct gsp_layout has it; 0: there are none */
	rm_alloc_fn alloc;   /* what the checks that all have do not cover; may be NULL */
	rm_free_fn free;
};

#define AT(field) offsetof(struct gsp_layout, field)

#define ENGINE_OBJECT(class, params, params_at)                                                    \
	{                                                                                          \
		class, {CHILD}, true, false, params, params_at, model_rm_engine_object,            \
			model_rm_engine_object_free                                                \
	}

static const struct rm_class classes[] = {
	{NV01_ROOT, {0}, true, false, 0, AT(root_params), NULL, NULL},
	{NV01_ROOT_NON_PRIV, {0}, true, false, 0, AT(root_params), NULL, NULL},
	{NV01_ROOT_CLIENT, {0}, true, false, 0, AT(root_params), NULL, NULL},
	{NV01_DEVICE_0, {NV01_ROOT}, true, false, 56, 0, NULL, NULL},
	{NV20_SUBDEVICE_0, {NV01_DEVICE_0}, true, false, 4, 0, NULL, NULL},
	{NV01_EVENT_KERNEL_CALLBACK_EX, {ANY_PARENT}, false, false, 24, 0, NULL, NULL},
	{NV04_DISPLAY_COMMON, {NV01_DEVICE_0}, true, true, 0, 0, NULL, NULL},
	{NVC670_DISPLAY, {NV01_DEVICE_0}, true, true, 0, 0, NULL, NULL},
	{FERMI_VASPACE_A,
	 {NV01_DEVICE_0, NV20_SUBDEVICE_0},
	 false,
	 false,
	 48,
	 0,
	 model_rm_space_alloc,
	 model_rm_space_free},
	{KEPLER_CHANNEL_GROUP_A,
	 {NV01_DEVICE_0},
	 false,
	 false,
	 20,
	 0,
	 model_rm_group_alloc,
	 model_rm_group_free},
	{AMPERE_CHANNEL_GPFIFO_A,
	 {NV01_DEVICE_0, KEPLER_CHANNEL_GROUP_A},
	 false,
	 false,
	 0,
	 AT(channel),
	 model_rm_channel_alloc,
	 model_rm_channel_free},
	/* NV_GR_ALLOCATION_PARAMETERS */
	ENGINE_OBJECT(FERMI_TWOD_A, 16, 0),
	ENGINE_OBJECT(KEPLER_INLINE_TO_MEMORY_B, 16, 0),
	ENGINE_OBJECT(AMPERE_B, 16, 0),
	ENGINE_OBJECT(AMPERE_COMPUTE_B, 16, 0),
	/* NVB0B5, NV_BSP, NV_MSENC, NV_OFA_ALLOCATION_PARAMETERS */
	ENGINE_OBJECT(AMPERE_DMA_COPY_B, 8, 0),
	ENGINE_OBJECT(NVC7B0_VIDEO_DECODER, 12, 0),
	ENGINE_OBJECT(NVC7B7_VIDEO_ENCODER, 12, 0),
	ENGINE_OBJECT(NVC7FA_VIDEO_OFA, 0, AT(ofa)),
};

static uint32_t params_size(const struct gsp_layout *l, const struct rm_class *class)
{
	if (class->params || !class->params_at)
		return class->params;
	return *(const uint32_t *)(const void *)((const uint8_t *)l + class->params_at);
}

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
	memset(rm->spaces, 0, sizeof(rm->spaces));
	rm->directories_left = 0;
	rm->golden = rm->map = false;
	rm->standby = rm->standby_gone = 0;
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
	if (class->parents[0] == id || class->parents[0] == ANY_PARENT)
		return true;
	return id && class->parents[1] == id;
}

/* Whether an object of this class has that parent. */
static bool has_child(const struct model_rm *rm, const struct rm_object *parent, uint32_t class_id)
{
	for (uint32_t i = 0; i < rm->nr_objects; i++)
		if (rm->objects[i].client == parent->client &&
		    rm->objects[i].parent == parent->handle && rm->objects[i].class_id == class_id)
			return true;
	return false;
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
	if (wanted->handle == wanted->client)
		return NV_ERR_INVALID_OBJECT_HANDLE;
	if (!parent_ok(class, parent))
		return NV_ERR_INVALID_OBJECT_PARENT;
	if (class->single && has_child(rm, parent, class->id))
		return NV_ERR_STATE_IN_USE;
	return model_rm_find(rm, wanted->client, wanted->handle) ? NV_ERR_INSERT_DUPLICATE_NAME
								 : NV_OK;
}

static uint32_t own_handle(const struct model_rm *rm, uint32_t client)
{
	uint32_t handle = OWN_HANDLES;

	while (model_rm_find(rm, client, handle))
		handle++;
	return handle;
}

static uint32_t allocate(struct model *m, const struct rm_object *wanted, uint8_t *params,
			 uint32_t size)
{
	const struct rm_class *class = find_class(model_chip_class(m->chip, wanted->class_id));
	struct model_rm *rm = &m->gsp_rm->rm;
	struct rm_object object = *wanted;
	uint64_t refused;
	uint32_t status;

	if (!class)
		return NV_ERR_INVALID_CLASS;
	object.class_id = class->id;
	status = is_client(class->id) ? check_client(rm, wanted) : check_object(rm, class, wanted);
	if (status)
		return status;
	if (size != params_size(m->gsp_rm->layout, class) && (size || !class->optional))
		return NV_ERR_INVALID_PARAM_STRUCT;
	if (rm->nr_objects == RM_MAX_OBJECTS ||
	    (model_fault_value(m, MODEL_ALLOC_REFUSED, &refused) && refused == wanted->class_id))
		return NV_ERR_INSUFFICIENT_RESOURCES;
	if (!object.handle)
		object.handle = own_handle(rm, object.client);
	if (is_client(class->id))
		object.parent = 0;
	if (class->alloc)
		status = class->alloc(m, &object, size ? params : NULL);
	if (status)
		return status;
	rm->objects[rm->nr_objects++] = object;
	model_trace(m, MODEL_TRACE_CLASS, class->id);
	return NV_OK;
}

uint32_t model_rm_alloc(struct model *m, const struct rm_object *wanted, uint8_t *params,
			uint32_t size)
{
	uint32_t status = allocate(m, wanted, params, size);

	if (status)
		model_log(m,
			  "GSP stand-in: class 0x%04x as 0x%08x below 0x%08x of client 0x%08x: "
			  "status 0x%02x",
			  wanted->class_id, wanted->handle, wanted->parent, wanted->client, status);
	return status;
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
	const struct rm_class *class;
	uint64_t refused;

	if (!model_rm_find(rm, client, client))
		return NV_ERR_INVALID_OBJECT_HANDLE;
	if (!model_rm_find(rm, client, handle))
		return NV_ERR_OBJECT_NOT_FOUND;
	if (client == RM_INTERNAL_CLIENT)
		return NV_ERR_INVALID_OBJECT_HANDLE;
	if (model_fault_value(m, MODEL_FREE_REFUSED, &refused) &&
	    model_chip_class(m->chip, (uint32_t)refused) ==
		    model_rm_find(rm, client, handle)->class_id)
		return NV_ERR_GENERIC;
	for (uint32_t i = rm->nr_objects; i-- > 0;) {
		if (!below(rm, &rm->objects[i], client, handle))
			continue;
		class = find_class(rm->objects[i].class_id);
		if (class->free)
			class->free(m, &rm->objects[i]);
		rm->nr_objects--;
		for (uint32_t j = i; j < rm->nr_objects; j++)
			rm->objects[j] = rm->objects[j + 1];
	}
	return NV_OK;
}
