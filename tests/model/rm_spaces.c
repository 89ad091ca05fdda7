/* SPDX-License-Identifier: MIT */
/*
 * Address spaces, as RM keeps them for a driver that has page tables of its own: whether RM knows where they
 * begin. It enters that into instance blocks; a driver that makes these itself has done so, so the address
 * is checked and not kept.
 *
 * Sources: OGKM nvos.h (NV_VASPACE_ALLOCATION_PARAMETERS), ctrl0080dma.h, dma.c
 * (deviceCtrlCmdDmaSetPageDirectory), gpu_vaspace.c (gvaspaceConstruct_,
 * gvaspaceExternalRootDirCommit, gvaspaceExternalRootDirRevoke), g_rpc-structures.h.
 */
#include <string.h>

#include "gsp.h"
#include "rm.h"

/* NV_VASPACE_ALLOCATION_FLAGS */
#define SPACE_SHARED_MANAGEMENT (1u << 2)
#define SPACE_EXTERNALLY_OWNED	(1u << 3)
#define SPACE_MIRRORED		(1u << 5)

/* NV0080_CTRL_CMD_DMA_SET_PAGE_DIRECTORY, _UNSET_PAGE_DIRECTORY */
#define SET_DIRECTORY	       0x00801813u
#define UNSET_DIRECTORY	       0x00801814u
#define SET_DIRECTORY_APERTURE 3u /* in flags: 0 video memory, 1 and 2 system memory */
#define DIRECTORY_ENTRIES      4u /* that bits 48:47 of an address choose from */
#define SUBDEVICES	       1u /* named by their number plus one; 0: all */

static struct rm_space *find(struct model *m, uint32_t client, uint32_t handle)
{
	for (size_t i = 0; i < RM_MAX_SPACES; i++) {
		struct rm_space *s = &m->gsp_rm->rm.spaces[i];

		if (s->used && s->client == client && s->handle == handle)
			return s;
	}
	return NULL;
}

void model_rm_space_root(struct model *m, const struct rm_object *object, struct mmu_addr root)
{
	struct rm_space *s = find(m, object->client, object->handle);

	s->has_root = true;
	s->root = root;
}

bool model_rm_space_tables(const struct model *m, uint32_t client, uint32_t handle,
			   struct mmu_space *out)
{
	const struct rm_space *s = find((struct model *)m, client, handle);

	if (!s || !s->has_root)
		return false;
	*out = (struct mmu_space){.directory = s->root, .limit = 1ull << 49};
	return true;
}

bool model_rm_is_space(const struct model *m, uint32_t client, uint32_t handle)
{
	const struct rm_object *space = model_rm_find(&m->gsp_rm->rm, client, handle);

	return space && space->class_id == FERMI_VASPACE_A;
}

/* index, flags */
uint32_t model_rm_space_alloc(struct model *m, const struct rm_object *object, uint8_t *params)
{
	uint32_t flags = model_load32(params + 4);

	if ((flags & SPACE_MIRRORED) && (flags & SPACE_EXTERNALLY_OWNED))
		return NV_ERR_INVALID_ARGUMENT;
	for (size_t i = 0; i < RM_MAX_SPACES; i++) {
		struct rm_space *s = &m->gsp_rm->rm.spaces[i];

		if (s->used)
			continue;
		*s = (struct rm_space){.used = true,
				       .client = object->client,
				       .handle = object->handle,
				       .flags = flags};
		return NV_OK;
	}
	return NV_ERR_INSUFFICIENT_RESOURCES;
}

/* What describes an external directory goes when that is taken back, not with the space: RM loses memory. */
void model_rm_space_free(struct model *m, const struct rm_object *object)
{
	struct rm_space *space = find(m, object->client, object->handle);

	if (space->directory && (space->flags & SPACE_EXTERNALLY_OWNED)) {
		m->gsp_rm->rm.directories_left++;
		model_log(m, "GSP stand-in: space 0x%08x freed with its page directory set",
			  object->handle);
	}
	space->used = false;
}

uint32_t model_rm_set_directory(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct {
		uint64_t addr;
		uint32_t nr, flags, vaspace, ch_id, subdevice, pasid;
	} p;
	struct rm_space *space;

	static_assert(sizeof(p) == 32, "NV0080_CTRL_DMA_SET_PAGE_DIRECTORY_PARAMS");
	memcpy(&p, params, sizeof(p));
	space = find(m, object->client, p.vaspace);
	if (!space)
		return NV_ERR_OBJECT_NOT_FOUND;
	/* An external directory is taken back before there can be another. */
	if ((space->flags & SPACE_EXTERNALLY_OWNED) && space->directory)
		return NV_ERR_INVALID_STATE;
	if ((p.flags & SET_DIRECTORY_APERTURE) == SET_DIRECTORY_APERTURE || !p.nr ||
	    p.nr > DIRECTORY_ENTRIES || p.addr % 0x1000 || p.subdevice > SUBDEVICES)
		return NV_ERR_INVALID_ARGUMENT;
	if (!(p.flags & SET_DIRECTORY_APERTURE) &&
	    (p.addr >= m->fb.size || 8ull * p.nr > m->fb.size - p.addr))
		return NV_ERR_INVALID_ARGUMENT;
	if (!(space->flags & (SPACE_EXTERNALLY_OWNED | SPACE_SHARED_MANAGEMENT)))
		return NV_ERR_NOT_SUPPORTED;
	space->directory = true;
	space->has_root = true;
	space->root.sysmem = p.flags & SET_DIRECTORY_APERTURE;
	space->root.addr = p.addr;
	return NV_OK;
}

/* hVASpace, subDeviceId */
uint32_t model_rm_unset_directory(struct model *m, const struct rm_object *object, uint8_t *params)
{
	struct rm_space *space = find(m, object->client, model_load32(params));

	if (!space)
		return NV_ERR_OBJECT_NOT_FOUND;
	if (model_load32(params + 4) > SUBDEVICES)
		return NV_ERR_INVALID_ARGUMENT;
	if (!(space->flags & SPACE_EXTERNALLY_OWNED) && !space->directory)
		return NV_ERR_INVALID_STATE;
	space->directory = space->has_root = false;
	return NV_OK;
}

/* The same as messages of their own: client and device, and then what the control has. */
uint32_t model_rm_set_directory_rpc(struct model *m, uint8_t *payload)
{
	return model_rm_control(m, model_load32(payload), model_load32(payload + 4), SET_DIRECTORY,
				payload + 16, RPC_SET_PAGE_DIRECTORY_SIZE - 16);
}

uint32_t model_rm_unset_directory_rpc(struct model *m, uint8_t *payload)
{
	return model_rm_control(m, model_load32(payload), model_load32(payload + 4),
				UNSET_DIRECTORY, payload + 8, RPC_UNSET_PAGE_DIRECTORY_SIZE - 8);
}

unsigned int model_rm_directories(const struct model *m)
{
	unsigned int n = 0;

	for (size_t i = 0; m->gsp_rm && i < RM_MAX_SPACES; i++)
		n += m->gsp_rm->rm.spaces[i].used && m->gsp_rm->rm.spaces[i].directory;
	return n;
}
