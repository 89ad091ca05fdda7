/* SPDX-License-Identifier: MIT */
/*
 * What RM tells of the board's engines: the list, how Host drives them, their interrupts. All of it is
 * made from the table in engines.c, in the numbers of the release.
 *
 * Sources: OGKM ctrl2080gpu.h, ctrl2080fifo.h, ctrl2080internal.h; ENGINE_INFO_TYPE in
 * g_kernel_fifo_nvoc.h; MC_ENGINE_IDX, RM_ENGINE_TYPE and NV2080_ENGINE_TYPE of each
 * release; class numbers of engine descriptors in g_eng_desc_nvoc.h.
 */
#include <string.h>

#include "engines.h"
#include "gsp.h"
#include "rm.h"

#define NV2080_ENGINE_TYPE_SW 0x22u
#define VECTOR_INVALID	      (~0u)

/* NV2080_INTR_CATEGORY; the subtrees are those of ga100/dev_vm_addendum.h. */
enum { DEFAULT, ESCHED, ESCHED_NOTIFICATION, RUNLIST, RUNLIST_NOTIFICATION, UVM_OWNED, UVM_SHARED };
#define NR_CATEGORIES	7
#define SUBTREE_INVALID 0xffu

struct device_entry {
	uint32_t data[16]; /* by ENGINE_INFO_TYPE */
	uint32_t pbdma_ids[2];
	uint32_t pbdma_fault_ids[2];
	uint32_t nr_pbdmas;
	char name[16];
};
static_assert(sizeof(struct device_entry) == 100, "NV2080_CTRL_FIFO_DEVICE_ENTRY");

enum {
	INFO_ENG_DESC,
	INFO_FIFO_TAG,
	INFO_RM_ENGINE_TYPE,
	INFO_RUNLIST,
	INFO_MMU_FAULT_ID,
	INFO_RC_MASK,
	INFO_RESET,
	INFO_INTR,
	INFO_MC,
	INFO_DEV_TYPE_ENUM,
	INFO_INSTANCE_ID,
	INFO_RUNLIST_PRI_BASE,
	INFO_IS_HOST_DRIVEN_ENGINE,
	INFO_RUNLIST_ENGINE_ID,
	INFO_CHRAM_PRI_BASE,
};

struct device_info {
	uint32_t base_index, nr_entries;
	uint8_t more, pad[3];
	struct device_entry entries[32];
};
static_assert(sizeof(struct device_info) == 3212, "FIFO_GET_DEVICE_INFO_TABLE_PARAMS");

struct intr_entry {
	uint16_t mc_index, pad;
	uint32_t pmc_mask, stall, nonstall;
};

struct intr_table {
	uint32_t nr;
	struct intr_entry entries[128];
	uint8_t subtrees[NR_CATEGORIES][2]; /* first, last */
	uint8_t pad[2];
};
static_assert(sizeof(struct intr_table) == 2068, "INTERNAL_INTR_GET_KERNEL_TABLE_PARAMS");

/* Numbers of the first engine of a type; an instance is added. */
struct numbers {
	enum engine_type type;
	uint32_t nv2080;
	uint32_t rm; /* RM_ENGINE_TYPE: up to 535, and later */
	uint32_t rm_later;
	uint32_t mc; /* MC_ENGINE_IDX: up to 535, and later */
	uint32_t mc_later;
	uint32_t class_id; /* of the engine descriptor: 31:8, with the instance in 7:0 */
};

static const struct numbers numbers[] = {
	{ENGINE_GR, 0x01, 0x01, 0x01, 82, 84, 0xd334df},
	{ENGINE_LCE, 0x09, 0x09, 0x09, 15, 15, 0x793ceb},
	{ENGINE_NVDEC, 0x13, 0x1d, 0x1d, 64, 65, 0x8f99e1},
	{ENGINE_NVENC, 0x1b, 0x25, 0x25, 38, 38, 0xe97b6c},
	{ENGINE_SEC2, 0x26, 0x30, 0x31, 46, 47, 0x28c408},
	{ENGINE_OFA, 0x33, 0x3d, 0x3e, 80, 81, 0xdd7bab},
};

#define MC_ENGINE_IDX_DISP   2u
#define MC_ENGINE_IDX_GSP(l) (later(l) ? 50u : 49u)

static bool later(const struct gsp_layout *l)
{
	return l->branch >= 550;
}

static const struct numbers *numbers_of(const struct model_engine *e)
{
	const struct numbers *n = numbers;

	while (n->type != e->type)
		n++;
	return n;
}

static uint32_t mc_index(const struct gsp_layout *l, const struct model_engine *e)
{
	const struct numbers *n = numbers_of(e);

	return (later(l) ? n->mc_later : n->mc) + e->instance;
}

uint32_t model_rm_engine_type(uint32_t i)
{
	return numbers_of(&model_engines[i])->nv2080 + model_engines[i].instance;
}

uint32_t model_rm_engine_desc(uint32_t i)
{
	return numbers_of(&model_engines[i])->class_id << 8 | model_engines[i].instance;
}

uint32_t model_rm_get_engines_v2(struct model *m, const struct rm_object *object, uint8_t *params)
{
	uint32_t nr = 0;

	(void)object;
	memset(params, 0, m->gsp_rm->layout->engines_v2);
	for (uint32_t i = 0; i < MODEL_ENGINES; i++)
		model_store32(params + 4 + 4ul * nr++, model_rm_engine_type(i));
	model_store32(params + 4 + 4ul * nr++, NV2080_ENGINE_TYPE_SW);
	model_store32(params, nr);
	return NV_OK;
}

static void describe(const struct model *m, size_t i, struct device_entry *d)
{
	const struct gsp_layout *l = m->gsp_rm->layout;
	const struct model_engine *e = &model_engines[i];
	const struct numbers *n = numbers_of(e);
	uint32_t first, rm = later(l) ? n->rm_later : n->rm;

	first = model_first_pbdma(e->runlist, &d->nr_pbdmas);
	for (uint32_t j = 0; j < d->nr_pbdmas; j++) {
		d->pbdma_ids[j] = first + j;
		d->pbdma_fault_ids[j] = MODEL_PBDMA_FAULT_ID(first + j);
	}
	d->data[INFO_ENG_DESC] = model_rm_engine_desc((uint32_t)i);
	d->data[INFO_FIFO_TAG] = (uint32_t)i;
	d->data[INFO_RM_ENGINE_TYPE] = rm + e->instance;
	d->data[INFO_RUNLIST] = e->runlist;
	d->data[INFO_MMU_FAULT_ID] = e->fault_id;
	d->data[INFO_RC_MASK] = 1u << i;
	d->data[INFO_RESET] = e->reset;
	d->data[INFO_INTR] = MODEL_ENGINE_STALL_VECTOR(i) % 32;
	d->data[INFO_MC] = mc_index(l, e);
	d->data[INFO_DEV_TYPE_ENUM] = e->type;
	d->data[INFO_INSTANCE_ID] = e->instance;
	d->data[INFO_IS_HOST_DRIVEN_ENGINE] = 1;
	if (!m->chip->pfifo_status) { /* valid on GA100 and later only */
		d->data[INFO_RUNLIST_PRI_BASE] = MODEL_RUNLIST_PRI(e->runlist);
		d->data[INFO_RUNLIST_ENGINE_ID] = e->runlist_engine;
		d->data[INFO_CHRAM_PRI_BASE] = MODEL_CHRAM_PRI(e->runlist);
	}
	memcpy(d->name, e->name, sizeof(d->name));
}

uint32_t model_rm_get_device_info(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct device_info *info = (void *)params;
	uint32_t base = info->base_index;

	(void)object;
	if (base % 32)
		return NV_ERR_INVALID_ARGUMENT;
	memset(info, 0, sizeof(*info));
	info->base_index = base;
	/* Fewer than one answer holds: behind them there is nothing. */
	for (size_t i = 0; !base && i < MODEL_ENGINES; i++)
		describe(m, i, &info->entries[info->nr_entries++]);
	return NV_OK;
}

static void add_vectors(struct intr_table *t, uint32_t mc, uint32_t stall, uint32_t nonstall)
{
	t->entries[t->nr++] =
		(struct intr_entry){.mc_index = (uint16_t)mc, .stall = stall, .nonstall = nonstall};
}

uint32_t model_rm_get_intr_table(struct model *m, const struct rm_object *object, uint8_t *params)
{
	static const uint8_t subtrees[NR_CATEGORIES][2] = {
		[DEFAULT] = {2, 2},
		[ESCHED] = {3, 3},
		[ESCHED_NOTIFICATION] = {0, 0},
		[RUNLIST] = {SUBTREE_INVALID, SUBTREE_INVALID},
		[RUNLIST_NOTIFICATION] = {SUBTREE_INVALID, SUBTREE_INVALID},
		[UVM_OWNED] = {1, 1},
		[UVM_SHARED] = {2, 2},
	};
	const struct gsp_layout *l = m->gsp_rm->layout;
	struct intr_table *t = (void *)params;

	(void)object;
	memset(t, 0, sizeof(*t));
	for (size_t i = 0; i < MODEL_ENGINES; i++)
		add_vectors(t, mc_index(l, &model_engines[i]), MODEL_ENGINE_STALL_VECTOR(i),
			    MODEL_ENGINE_NONSTALL_VECTOR(i));
	add_vectors(t, MC_ENGINE_IDX_DISP, MODEL_DISP_VECTOR, VECTOR_INVALID);
	add_vectors(t, MC_ENGINE_IDX_GSP(l), MODEL_GSP_VECTOR, VECTOR_INVALID);
	memcpy(t->subtrees, subtrees, sizeof(subtrees));
	return NV_OK;
}
