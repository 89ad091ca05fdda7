/* SPDX-License-Identifier: MIT */
/*
 * The channels that Host knows. See host.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

int model_host_create(struct model *m)
{
	m->host = calloc(1, sizeof(*m->host));
	return m->host ? 0 : -ENOMEM;
}

void model_host_destroy(struct model *m)
{
	free(m->host);
}

void model_host_channels_reset(struct model *m)
{
	memset(m->host->channels, 0, sizeof(m->host->channels));
}

struct model_channel *model_channel_find(struct model *m, uint32_t runlist, uint32_t chid)
{
	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		struct model_channel *ch = &m->host->channels[i];

		if (ch->used && ch->runlist == runlist && ch->chid == chid)
			return ch;
	}
	return NULL;
}

struct model_channel *model_channel_new(struct model *m, uint32_t runlist, uint32_t chid)
{
	if (chid >= MODEL_CHIDS || model_channel_find(m, runlist, chid))
		return NULL;
	for (size_t i = 0; i < MODEL_CHANNELS; i++) {
		struct model_channel *ch = &m->host->channels[i];

		if (ch->used)
			continue;
		*ch = (struct model_channel){.used = true, .runlist = runlist, .chid = chid};
		return ch;
	}
	return NULL;
}
