/* SPDX-License-Identifier: MIT */
/*
 * forged.c - USERDs that are not the channel's own; see forged.h.
 *
 * Of classes that a graphics channel reaches these write memory: inline-to-memory and what 3D and compute have of
 * it, reports of 3D and compute, Host's semaphores, and the copy class, which alone can say physical addresses.
 */
#include <errno.h>
#include <string.h>

#include "attacks.h"
#include "guest-frontend/bare/raw.h"

#define FORGED_PUT	      5u
#define PHYS_MODE_NONCOHERENT 2u

struct forged_known forged_known;

/* A channel beside, in the same space, whose ring nobody fills: a GP_PUT would have the GPU read it. */
static int channel_beside(struct attack_place *p)
{
	const struct xenvgpu_channel_create_req req = {
		.space = p->dma.space,
		.engine_class = p->dma.copy_class,
		.gpfifo = p->dma.ring_va,
		.entries = DMA_SLOTS,
	};
	struct forged *f = &p->forged;
	int ret = front_channel_create(p->dma.dev, &req, &f->channel);

	if (ret)
		return ret;
	f->made = true;
	memcpy(f->userd, front_raw_userd(p->dma.dev, f->channel), sizeof(f->userd));
	return 0;
}

/* Where GP_PUT is: of the channel beside, or of the neighbour's. 0: none such. */
static uint64_t put_address(struct attack_place *p, bool foreign)
{
	uint64_t userd = forged_known.foreign;

	if (!foreign)
		userd = channel_beside(p) ? 0 : forged_known.own(p->dma.dev, p->forged.channel);
	return userd ? userd + XENVGPU_USERD_GP_PUT : 0;
}

static int forge_inline(struct attack_place *p, uint32_t subchannel, bool foreign)
{
	const uint32_t put = FORGED_PUT;
	const uint64_t at = put_address(p, foreign);
	int ret = dma_room(&p->dma, 12);

	if (!ret && at)
		push_inline(&p->dma.push, subchannel, at, &put, 1);
	return at ? ret : -ENOENT;
}

static int forge_report(struct attack_place *p, uint32_t subchannel, bool foreign)
{
	const uint64_t at = put_address(p, foreign);
	int ret = dma_room(&p->dma, 5);

	if (!ret && at)
		push_report(&p->dma.push, subchannel, at, FORGED_PUT);
	return at ? ret : -ENOENT;
}

static int forge_release(struct attack_place *p, bool foreign)
{
	const uint64_t at = put_address(p, foreign);
	int ret = dma_room(&p->dma, 6);

	if (!ret && at)
		push_release(&p->dma.push, at, FORGED_PUT);
	return at ? ret : -ENOENT;
}

static int forge_physical(struct attack_place *p, bool foreign)
{
	const uint64_t at = put_address(p, foreign);
	int ret = dma_room(&p->dma, 16);

	if (ret || !at)
		return ret ? ret : -ENOENT;
	push_one(&p->dma.push, PUSH_COPY_SUBCHANNEL, NVC7B5_SET_DST_PHYS_MODE,
		 PHYS_MODE_NONCOHERENT);
	push_copy_with(&p->dma.push, p->va, at, 4, 4, 1, NVC7B5_LAUNCH_DMA_DST_PHYSICAL);
	return 0;
}

int own_userd_inline(struct attack_place *p)
{
	return forge_inline(p, PUSH_INLINE, false);
}

int own_userd_inline_by_3d(struct attack_place *p)
{
	return forge_inline(p, PUSH_3D, false);
}

int own_userd_report(struct attack_place *p)
{
	return forge_report(p, PUSH_3D, false);
}

int own_userd_release(struct attack_place *p)
{
	return forge_release(p, false);
}

int own_userd_physical(struct attack_place *p)
{
	return forge_physical(p, false);
}

int foreign_userd_inline(struct attack_place *p)
{
	return forge_inline(p, PUSH_COMPUTE, true);
}

int foreign_userd_report(struct attack_place *p)
{
	return forge_report(p, PUSH_COMPUTE, true);
}

int foreign_userd_release(struct attack_place *p)
{
	return forge_release(p, true);
}

int foreign_userd_physical(struct attack_place *p)
{
	return forge_physical(p, true);
}

bool forged_unchanged(const struct forged *f, struct front_dev *dev)
{
	const uint8_t *userd = f->made ? front_raw_userd(dev, f->channel) : NULL;

	return !f->made || (userd && !memcmp(userd, f->userd, sizeof(f->userd)));
}

int forged_close(struct forged *f, struct front_dev *dev)
{
	return f->made ? front_channel_destroy(dev, f->channel) : 0;
}
