/* SPDX-License-Identifier: MIT */
/*
 * chids.c - the table of channel ids (see chids.h).
 */
#include <errno.h>
#include <stddef.h>

#include "gpu/core/fifo/chids.h"

static uint32_t after(uint32_t chid)
{
	return chid + 1 < GPU_CHIDS && chid >= GPU_CHID_FIRST ? chid + 1 : GPU_CHID_FIRST;
}

int gpu_chids_take(struct gpu_chids *c, struct gpu_channel *channel, uint32_t *chid)
{
	uint32_t id = after(c->last);

	for (uint32_t n = GPU_CHID_FIRST; n < GPU_CHIDS; n++, id = after(id)) {
		if (c->taken[id])
			continue;
		c->taken[id] = true;
		c->channel[id] = channel;
		c->last = id;
		*chid = id;
		return 0;
	}
	return -ENOSPC;
}

void gpu_chids_give(struct gpu_chids *c, uint32_t chid, bool freed)
{
	c->channel[chid] = NULL;
	c->taken[chid] = !freed;
}

struct gpu_channel *gpu_chids_find(const struct gpu_chids *c, uint32_t chid)
{
	return chid < GPU_CHIDS ? c->channel[chid] : NULL;
}
