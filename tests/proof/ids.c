/* SPDX-License-Identifier: MIT */
/*
 * ids.c - names: channel ids of the firmware's, handles that guests have.
 *
 * ASSUMES: channels are given back under the id that they had. Tables in any state.
 * BOUNDS: 6 channel ids instead of 2048: the code knows only the number's name. Handles: none.
 * PROVES: TAKE: an id that is given out was free, is not the firmware's own and belongs to the channel, and no other id changed;
 *	there is none only if all are taken; none that is free would come later round the table. GIVE: afterwards the
 *	id is nobody's, and taken just if it was not freed. FIND: any number may be asked about. HANDLE: never 0; index and
 *	generation come back; the handle of the use before, and those of other entries, are others.
 *
 * CASES: TAKE GIVE FIND HANDLE
 * UNWIND: 7
 * PLANT TAKE end: gpu/core/fifo/chids.c s/chid \+ 1 < GPU_CHIDS/chid < GPU_CHIDS/
 * PLANT TAKE taken: gpu/core/fifo/chids.c s/c->taken\[id\] = true;/;/
 * PLANT TAKE soon: gpu/core/fifo/chids.c s/after\(c->last\)/GPU_CHID_FIRST/
 * PLANT GIVE freed: gpu/core/fifo/chids.c s/= !freed/= freed/
 * PLANT FIND range: gpu/core/fifo/chids.c s/chid < GPU_CHIDS \?/chid <= GPU_CHIDS ?/
 * PLANT HANDLE zero: gpu/vgpu/handle.h s/if \(!\*generation\)/if (*generation == 2)/
 * PLANT HANDLE index: gpu/vgpu/handle.h s/handle % VGPU_HANDLE_INDICES/handle % (VGPU_HANDLE_INDICES \/ 2)/
 */
#define GPU_CHIDS 6u

#include "gpu/core/fifo/chids.c"
#include "gpu/vgpu/handle.h"
#include "tests/proof/proof.h"

static struct table {
	struct gpu_channel *channel[GPU_CHIDS];
	bool taken[GPU_CHIDS];
	uint32_t last;
} before;

/* Any state that the functions can have left. */
static void any_table(struct gpu_chids *c)
{
	static char places[GPU_CHIDS];

	c->last = nondet_u32();
	ASSUME(c->last < GPU_CHIDS);
	for (uint32_t i = 0; i < GPU_CHIDS; i++) {
		c->taken[i] = nondet_bool();
		c->channel[i] = c->taken[i] && nondet_bool() ? (void *)&places[i] : NULL;
		before.taken[i] = c->taken[i];
		before.channel[i] = c->channel[i];
	}
	before.last = c->last;
}

/* How many ids after `last` this one is. */
static uint32_t steps(uint32_t id)
{
	return id > before.last ? id - before.last : id + GPU_CHIDS - before.last;
}

static uint32_t an_id(void)
{
	uint32_t id = nondet_u32();

	ASSUME(id >= GPU_CHID_FIRST && id < GPU_CHIDS);
	return id;
}

int main(void)
{
	static struct gpu_chids c;
	static char mine;
	struct gpu_channel *channel = (void *)&mine;
	uint32_t id, other = an_id();

	any_table(&c);
#if defined(TAKE)
	if (gpu_chids_take(&c, channel, &id)) {
		PROVE(before.taken[other]);
		return 0;
	}
	PROVE(id >= GPU_CHID_FIRST && id < GPU_CHIDS);
	PROVE(!before.taken[id] && c.taken[id]);
	PROVE(gpu_chids_find(&c, id) == channel);
	PROVE(before.taken[other] || steps(id) <= steps(other));
	PROVE(other == id ||
	      (c.taken[other] == before.taken[other] && c.channel[other] == before.channel[other]));
#elif defined(GIVE)
	bool freed = nondet_bool();

	id = an_id();
	gpu_chids_give(&c, id, freed);
	PROVE(!gpu_chids_find(&c, id));
	PROVE(c.taken[id] == !freed);
	PROVE(other == id ||
	      (c.taken[other] == before.taken[other] && c.channel[other] == before.channel[other]));
#elif defined(FIND)
	id = nondet_u32();
	channel = gpu_chids_find(&c, id);
	PROVE(!channel || (id < GPU_CHIDS && before.taken[id] && channel == before.channel[id]));
#else
	uint32_t last = nondet_u32(), generation, index = nondet_u32(), second = nondet_u32(),
		 handle;

	(void)channel;
	id = 0;
	ASSUME(last <= VGPU_HANDLE_GENERATION_MASK);
	ASSUME(index < VGPU_HANDLE_INDICES && second < VGPU_HANDLE_INDICES);
	generation = last;
	handle = vgpu_handle_new(&generation, index);
	PROVE(handle != 0 && generation != 0 && generation <= VGPU_HANDLE_GENERATION_MASK);
	PROVE(vgpu_handle_index(handle) == index);
	PROVE(vgpu_handle_generation(handle) == generation);
	PROVE(generation != last);
	last = generation;
	PROVE(second == index || vgpu_handle_new(&last, second) != handle);
#endif
	return 0;
}
