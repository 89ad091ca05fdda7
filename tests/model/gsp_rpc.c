/* SPDX-License-Identifier: MIT */
/*
 * What the stand-in for GSP-RM answers, in the structures of the release that was loaded.
 *
 * It knows the calls of a start and an end: the system it is in, the registry, its static
 * configuration, unloading; and those on objects, which it hands on (rm.h) and answers with the
 * question, its status word and parameters changed.
 *
 * Sources: gsp_static_config.h of each release, for sizes and offsets; g_rpc-structures.h; nouveau
 * gsp/r535.c for which calls have an answer.
 */
#include <string.h>

#include "gsp.h"
#include "trace.h"

#define MIB		0x100000ull
#define FIRMWARE_MEMORY (256 * MIB) /* at the end: what the firmware scrubs and keeps */

static const struct gsp_layout layouts[] = {
	{"535.113.01", 664, 2168, 840, 1752, 1820, 2088, 2152, 108, 252, 360, 8, 1600, 28, 20, 8,
	 535, 0, false},
	{"535.261.03", 672, 2168, 840, 1752, 1820, 2088, 2152, 108, 252, 360, 8, 1600, 28, 28, 12,
	 535, 0, true},
	{"550.163.01", 880, 2184, 856, 1768, 1836, 2104, 2168, 108, 260, 360, 12, 1664, 36, 28, 12,
	 550, 0, true},
	{"570.144", 928, 1656, 344, 1224, 1260, 1536, 1600, 120, 340, 368, 12, 1664, 36, 48, 16,
	 570, 28, true},
};

const struct gsp_layout *model_gsp_layout(const char *release)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++)
		if (!strcmp(layouts[i].release, release))
			return &layouts[i];
	return NULL;
}

const struct gsp_layout *model_gsp_layout_in(const uint8_t *image, uint64_t size)
{
	for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
		const char *release = layouts[i].release;

		if (memmem(image, size, release, strlen(release) + 1))
			return &layouts[i];
	}
	return NULL;
}

static uint64_t bar(struct model *m, unsigned int n)
{
	unsigned int offset = 0x10 + 4 * n;
	uint64_t low = model_cfg_read(m, offset, 4);

	if (low & 4)
		low |= (uint64_t)model_cfg_read(m, offset + 4, 4) << 32;
	return low & ~0xfull;
}

/* The first three words say where the board's BARs are: the driver and the board must agree. */
static const char *set_system_info(struct model *m, const uint8_t *p, uint32_t len)
{
	static const unsigned int bars[] = {MODEL_BAR_REGS, MODEL_BAR_FB, MODEL_BAR_INST};
	uint64_t addr;

	if (len != m->gsp_rm->layout->system_info)
		return "size of GspSystemInfo";
	for (size_t i = 0; i < sizeof(bars) / sizeof(bars[0]); i++) {
		memcpy(&addr, p + 8 * i, sizeof(addr));
		if (addr != bar(m, bars[i]))
			return "address of a BAR";
	}
	m->gsp_rm->system_info = true;
	return NULL;
}

static const char *set_registry(struct model *m, const uint8_t *p, uint32_t len)
{
	if (!m->gsp_rm->system_info)
		return "the system was not described before";
	if (len < REGISTRY_HEADER || model_load32(p) < REGISTRY_HEADER || model_load32(p) > len)
		return "size of the registry";
	m->gsp_rm->registry = true;
	return NULL;
}

uint64_t model_rm_memory(const struct model *m)
{
	return m->fb.size - FIRMWARE_MEMORY;
}

static void get_static_info(struct model *m, const struct rpc_message_header *rpc)
{
	static const char name[] = "NVIDIA A40 (model)";
	static const uint32_t handles[] = {RM_INTERNAL_CLIENT, RM_INTERNAL_DEVICE,
					   RM_INTERNAL_SUBDEVICE};
	const struct gsp_layout *l = m->gsp_rm->layout;
	const uint64_t directories[] = {model_rm_bar_directory(m, MODEL_BAR_FB),
					model_rm_bar_directory(m, MODEL_BAR_INST)};
	uint64_t usable = model_rm_memory(m);
	struct fb_region regions[2] = {
		{.limit = usable - 1, .supportCompressed = 1, .supportISO = 1},
		{.base = usable,
		 .limit = m->fb.size - 1,
		 .reserved = FIRMWARE_MEMORY,
		 .bProtected = 1},
	};
	uint32_t sequence = rpc->sequence;
	uint8_t reply[4096] = {0};

	model_store32(reply + l->fb_regions, 2);
	memcpy(reply + l->fb_regions + 8, regions, sizeof(regions));
	memcpy(reply + l->fb_length, &m->fb.size, sizeof(m->fb.size));
	memcpy(reply + l->name, name, sizeof(name));
	memcpy(reply + l->bar1_pde, directories, sizeof(directories));
	memcpy(reply + l->internal_client, handles, sizeof(handles));
	model_gsp_send(m, NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO, 0, sequence, reply,
		       l->static_config);
}

/* Where the call lies, to be changed in place. */
static uint8_t *call_of(struct model *m)
{
	return m->gsp_rm->element + sizeof(struct gsp_msg_queue_element) +
	       sizeof(struct rpc_message_header);
}

static bool silent(const struct model *m, enum model_fault_kind kind, uint32_t what)
{
	uint64_t value;

	return model_fault_value(m, kind, &value) && value == what;
}

static bool rm_alloc(struct model *m, uint32_t len)
{
	struct rpc_gsp_rm_alloc *call = (void *)call_of(m);
	struct rm_object wanted;

	if (len < sizeof(*call) || call->paramsSize > len - sizeof(*call))
		return false;
	wanted = (struct rm_object){
		.client = call->hClient,
		.parent = call->hParent,
		.handle = call->hObject,
		.class_id = call->hClass,
	};
	call->status = model_rm_alloc(m, &wanted, (uint8_t *)(call + 1), call->paramsSize);
	m->gsp_rm->silent = silent(m, MODEL_ALLOC_SILENT, wanted.class_id);
	return true;
}

static bool rm_control(struct model *m, uint32_t len)
{
	struct rpc_gsp_rm_control *call = (void *)call_of(m);

	if (len < sizeof(*call) || call->paramsSize > len - sizeof(*call))
		return false;
	call->status = model_rm_control(m, call->hClient, call->hObject, call->cmd,
					(uint8_t *)(call + 1), call->paramsSize);
	m->gsp_rm->silent = silent(m, MODEL_CONTROL_SILENT, call->cmd);
	return true;
}

static void answer_directory(struct model *m, const struct rpc_message_header *rpc, uint32_t size,
			     uint32_t (*call)(struct model *m, uint8_t *payload))
{
	uint32_t len = rpc->length - (uint32_t)sizeof(*rpc);
	uint32_t result = len < size ? NV_ERR_INVALID_ARGUMENT : call(m, call_of(m));

	model_gsp_send(m, rpc->function, result, rpc->sequence, call_of(m), len);
}

static bool update_bar_pde(struct model *m, uint32_t len)
{
	return len >= RPC_UPDATE_BAR_PDE_SIZE && !model_rm_update_bar_pde(m, call_of(m));
}

static bool rm_free(struct model *m, uint32_t len)
{
	struct rpc_free *call = (void *)call_of(m);
	const struct rm_object *object;

	if (len < sizeof(*call))
		return false;
	object = model_rm_find(&m->gsp_rm->rm, call->hRoot, call->hObjectOld);
	m->gsp_rm->silent = object && silent(m, MODEL_FREE_SILENT, object->class_id);
	call->status = model_rm_free(m, call->hRoot, call->hObjectOld);
	return true;
}

/* The question comes back, with a status; one that is not whole, with an error for the message. */
static void answer_call(struct model *m, const struct rpc_message_header *rpc,
			bool (*call)(struct model *m, uint32_t len))
{
	uint32_t len = rpc->length - (uint32_t)sizeof(*rpc);
	uint32_t result;

	m->gsp_rm->silent = false;
	result = call(m, len) ? NV_OK : NV_ERR_INVALID_ARGUMENT;
	if (m->gsp_rm->silent)
		return;
	model_gsp_send(m, rpc->function, result, rpc->sequence, call_of(m), len);
}

void model_gsp_answer(struct model *m, const struct rpc_message_header *rpc)
{
	uint32_t len = rpc->length - (uint32_t)sizeof(*rpc);
	const uint8_t *payload = (const void *)(rpc + 1);
	uint32_t function = rpc->function; /* answers are made where the question lies */
	const char *wrong = NULL;

	switch (function) {
	case NV_VGPU_MSG_FUNCTION_GSP_SET_SYSTEM_INFO:
		wrong = set_system_info(m, payload, len);
		break;
	case NV_VGPU_MSG_FUNCTION_SET_REGISTRY:
		wrong = set_registry(m, payload, len);
		break;
	case NV_VGPU_MSG_FUNCTION_CONTINUATION_RECORD:
		break;
	case NV_VGPU_MSG_FUNCTION_GET_GSP_STATIC_INFO:
		get_static_info(m, rpc);
		break;
	case NV_VGPU_MSG_FUNCTION_UNLOADING_GUEST_DRIVER:
		model_gsp_send(m, rpc->function, 0, rpc->sequence, payload, len);
		model_gsp_unloaded(m);
		break;
	case NV_VGPU_MSG_FUNCTION_GSP_RM_CONTROL:
		answer_call(m, rpc, rm_control);
		break;
	case NV_VGPU_MSG_FUNCTION_GSP_RM_ALLOC:
		answer_call(m, rpc, rm_alloc);
		break;
	case NV_VGPU_MSG_FUNCTION_FREE:
		answer_call(m, rpc, rm_free);
		break;
	case NV_VGPU_MSG_FUNCTION_UPDATE_BAR_PDE:
		answer_call(m, rpc, update_bar_pde);
		break;
	case NV_VGPU_MSG_FUNCTION_SET_PAGE_DIRECTORY:
		answer_directory(m, rpc, RPC_SET_PAGE_DIRECTORY_SIZE, model_rm_set_directory_rpc);
		break;
	case NV_VGPU_MSG_FUNCTION_UNSET_PAGE_DIRECTORY:
		answer_directory(m, rpc, RPC_UNSET_PAGE_DIRECTORY_SIZE,
				 model_rm_unset_directory_rpc);
		break;
	default:
		model_log(m, "GSP stand-in: function %u is not known", function);
		model_gsp_send(m, function, NV_ERR_NOT_SUPPORTED, rpc->sequence, payload, len);
		return;
	}
	model_trace(m, MODEL_TRACE_RPC, function);
	if (wrong)
		model_log(m, "GSP stand-in: function %u refused: %s", function, wrong);
}
