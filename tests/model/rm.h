/* SPDX-License-Identifier: MIT */
/*
 * What the stand-in for GSP-RM manages: objects, and the calls on them. rm_objects.c keeps the tree,
 * rm_controls.c has the table of controls, rm_engines.c answers those about the board's engines,
 * rm_bars.c serves the BARs.
 */
#ifndef MODEL_RM_H
#define MODEL_RM_H

#include "mmu.h"
#include "gsp_abi.h"
#include "internal.h"

/* Status of a call (nvstatuscodes.h, the same 535 ... 595). */
#define NV_OK			      0x00u
#define NV_ERR_INSERT_DUPLICATE_NAME  0x19u
#define NV_ERR_INSUFFICIENT_RESOURCES 0x1au
#define NV_ERR_INVALID_ARGUMENT	      0x1fu
#define NV_ERR_INVALID_CHANNEL	      0x21u
#define NV_ERR_INVALID_CLASS	      0x22u
#define NV_ERR_INVALID_OBJECT_HANDLE  0x33u
#define NV_ERR_INVALID_OBJECT_PARENT  0x36u
#define NV_ERR_INVALID_PARAM_STRUCT   0x3au
#define NV_ERR_INVALID_ADDRESS	      0x1eu
#define NV_ERR_INVALID_STATE	      0x40u
#define NV_ERR_NO_FREE_FIFOS	      0x4fu
#define NV_ERR_NOT_SUPPORTED	      0x56u
#define NV_ERR_STATE_IN_USE	      0x63u
#define NV_ERR_OBJECT_NOT_FOUND	      0x57u
#define NV_ERR_GENERIC		      0xffffu

/* Classes (class/cl*.h). */
#define NV01_ROOT		      0x0000u
#define NV01_ROOT_NON_PRIV	      0x0001u
#define NV01_ROOT_CLIENT	      0x0041u
#define NV01_DEVICE_0		      0x0080u
#define NV20_SUBDEVICE_0	      0x2080u
#define NV04_DISPLAY_COMMON	      0x0073u
#define NV01_EVENT_KERNEL_CALLBACK_EX 0x007eu
#define FERMI_TWOD_A		      0x902du
#define FERMI_VASPACE_A		      0x90f1u
#define KEPLER_CHANNEL_GROUP_A	      0xa06cu
#define KEPLER_INLINE_TO_MEMORY_B     0xa140u
#define AMPERE_CHANNEL_GPFIFO_A	      0xc56fu
#define NVC670_DISPLAY		      0xc670u
#define NVC7B0_VIDEO_DECODER	      0xc7b0u
#define AMPERE_DMA_COPY_B	      0xc7b5u
#define NVC7B7_VIDEO_ENCODER	      0xc7b7u
#define NVC7FA_VIDEO_OFA	      0xc7fau
#define AMPERE_B		      0xc797u
#define AMPERE_COMPUTE_B	      0xc7c0u

/*
 * The firmware's own client, which GET_GSP_STATIC_INFO names; a driver may use it but not free it.
 * The values are the model's own, of the form that drivers' logs show.
 */
#define RM_INTERNAL_CLIENT    0xc1e00004u
#define RM_INTERNAL_DEVICE    0xde1d0000u
#define RM_INTERNAL_SUBDEVICE 0x5d1d0000u

/* An object: found by its client's handle and its own. A client is its own client, parent 0. */
struct rm_object {
	uint32_t client, parent, handle, class_id;
};

#define RM_MAX_OBJECTS 4096
#define RM_MAX_SPACES  512

/* What there is beyond the object. */
struct rm_space {
	bool used;
	uint32_t client, handle, flags;
	bool directory; /* RM was told one */
	/* Where its tables begin, as far as RM was told: with all of the tables, or with those that RM adds to. */
	bool has_root;
	struct mmu_addr root;
};

struct model_rm {
	struct rm_space spaces[RM_MAX_SPACES];
	unsigned int directories_left; /* see model_rm_space_free() */
	struct rm_object objects[RM_MAX_OBJECTS];
	uint32_t nr_objects;
	bool golden;	       /* the image that all graphics contexts begin with was made */
	bool map;	       /* RM has filled the list of registers that contexts may touch */
	uint32_t standby;      /* client whose channel stands by (rm_graphics.c); 0: none does */
	uint32_t standby_gone; /* channels that did when they were freed */
};

/* Nothing but the internal client. */
void model_rm_reset(struct model_rm *rm);
/* NULL if there is none. */
const struct rm_object *model_rm_find(const struct model_rm *rm, uint32_t client, uint32_t handle);

/*
 * The calls, each with a status as RM gives it. `params` of `size` bytes comes with the question and
 * is changed to the answer.
 */
uint32_t model_rm_alloc(struct model *m, const struct rm_object *wanted, uint8_t *params,
			uint32_t size);
uint32_t model_rm_free(struct model *m, uint32_t client, uint32_t handle);
uint32_t model_rm_control(struct model *m, uint32_t client, uint32_t handle, uint32_t cmd,
			  uint8_t *params, uint32_t size);

/* What a control does: params are of the right size, zero but for what the question holds. */
typedef uint32_t (*rm_control_fn)(struct model *m, const struct rm_object *object, uint8_t *params);

/* What an allocation does beyond the checks that all have: params are of the right size, or NULL. */
typedef uint32_t (*rm_alloc_fn)(struct model *m, const struct rm_object *object, uint8_t *params);
typedef void (*rm_free_fn)(struct model *m, const struct rm_object *object);

/* rm_channels.c */
struct model_channel;
uint32_t model_rm_channel_alloc(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_engine_object(struct model *m, const struct rm_object *object, uint8_t *params);
void model_rm_engine_object_free(struct model *m, const struct rm_object *object);
bool model_rm_runlist_executes(uint32_t runlist, uint32_t class_id);
void model_rm_channel_free(struct model *m, const struct rm_object *object);
struct model_channel *model_rm_channel(struct model *m, uint32_t client, uint32_t handle);
uint32_t model_rm_channel_bind(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_channel_schedule(struct model *m, const struct rm_object *object,
				   uint8_t *params);
uint32_t model_rm_stop_channels(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_find_engine(uint32_t type); /* a NV2080_ENGINE_TYPE; MODEL_ENGINES: none */
uint32_t model_rm_reserved_pdes(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_method_buffer(struct model *m, const struct rm_object *object, uint8_t *params);

/* rm_spaces.c */
void model_rm_space_root(struct model *m, const struct rm_object *object, struct mmu_addr root);
/* The space's tables, if RM knows where they begin. */
bool model_rm_space_tables(const struct model *m, uint32_t client, uint32_t handle,
			   struct mmu_space *out);
bool model_rm_is_space(const struct model *m, uint32_t client, uint32_t handle);
uint32_t model_rm_space_alloc(struct model *m, const struct rm_object *object, uint8_t *params);
void model_rm_space_free(struct model *m, const struct rm_object *object);
uint32_t model_rm_set_directory(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_unset_directory(struct model *m, const struct rm_object *object, uint8_t *params);
/* As messages; they have that many bytes. */
#define RPC_SET_PAGE_DIRECTORY_SIZE   48u
#define RPC_UNSET_PAGE_DIRECTORY_SIZE 16u
uint32_t model_rm_set_directory_rpc(struct model *m, uint8_t *payload);
uint32_t model_rm_unset_directory_rpc(struct model *m, uint8_t *payload);
unsigned int model_rm_directories(const struct model *m); /* that RM knows now */

/* rm_groups.c; NULL: the object is no group. */
struct model_group;
struct model_group *model_rm_group(struct model *m, uint32_t client, uint32_t handle);
uint32_t model_rm_group_alloc(struct model *m, const struct rm_object *object, uint8_t *params);
void model_rm_group_free(struct model *m, const struct rm_object *object);
uint32_t model_rm_group_schedule(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_group_bind(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_group_set_timeslice(struct model *m, const struct rm_object *object,
				      uint8_t *params);
uint32_t model_rm_group_get_timeslice(struct model *m, const struct rm_object *object,
				      uint8_t *params);
uint32_t model_rm_group_preempt(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_group_info(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_group_method_buffers(struct model *m, const struct rm_object *object,
				       uint8_t *params);

/* rm_graphics.c; the first two: of an object of a class of graphics, for a channel. */
uint32_t model_rm_gr_object(struct model *m, struct model_channel *ch, uint32_t class_id);
void model_rm_gr_object_free(struct model *m, struct model_channel *ch);
uint32_t model_rm_gr_buffers(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_falcons(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_gpcs(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_tpcs(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_zcull(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_standby(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_promote(struct model *m, const struct rm_object *object, uint8_t *params);

/* rm_display.c */
uint32_t model_rm_display_none(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_display_heads(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_display_info(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_display_instance(struct model *m, const struct rm_object *object,
				   uint8_t *params);

/* rm_engines.c; the first two: numbers of model_engines[i] */
uint32_t model_rm_engine_type(uint32_t i);
uint32_t model_rm_engine_desc(uint32_t i);
uint32_t model_rm_get_engines_v2(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_get_device_info(struct model *m, const struct rm_object *object, uint8_t *params);
uint32_t model_rm_get_intr_table(struct model *m, const struct rm_object *object, uint8_t *params);

/* The start of the VRAM that the firmware keeps for itself, up to the end of it. */
uint64_t model_rm_memory(const struct model *m);

/* rm_bars.c. `bar` is MODEL_BAR_FB or MODEL_BAR_INST; params are RPC_UPDATE_BAR_PDE_SIZE bytes. */
uint64_t model_rm_bar_directory(const struct model *m, int bar);
void model_rm_bars_start(struct model *m);
void model_rm_bars_stop(struct model *m);
#define RPC_UPDATE_BAR_PDE_SIZE 24u
uint32_t model_rm_update_bar_pde(struct model *m, const uint8_t *params);

#endif /* MODEL_RM_H */
