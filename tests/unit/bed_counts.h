/* SPDX-License-Identifier: MIT */
/*
 * bed_counts.h - all that can be counted of a driver domain, its GPU and the machine: the same before guests were
 * there and after them. Included after gpu/gpudom.c, whose core it looks into.
 */
#ifndef TESTS_UNIT_BED_COUNTS_H
#define TESTS_UNIT_BED_COUNTS_H

#include "gpu/core/fifo/fifo.h"
#include "tests/model/gsp.h"
#include "tests/model/host.h"
#include "tests/model/rm.h"
#include "tests/unit/vgpu_bed.h"

struct counts {
	struct hosted_usage gpudom, dom0;
	unsigned int pages_free, grants_given, grants_mapped, orphans, clients, chids;
	unsigned int groups, channels, directories, directories_left, spaces, load;
	uint32_t objects;
	uint64_t vram;
};

#define COUNTS(X)                                                                                  \
	X(gpudom.pages)                                                                            \
	X(gpudom.grants)                                                                           \
	X(gpudom.grants_mapped)                                                                    \
	X(gpudom.maps)                                                                             \
	X(gpudom.ports)                                                                            \
	X(gpudom.nodes)                                                                            \
	X(gpudom.watches)                                                                          \
	X(dom0.nodes)                                                                              \
	X(dom0.watches)                                                                            \
	X(pages_free)                                                                              \
	X(grants_given)                                                                            \
	X(grants_mapped)                                                                           \
	X(vram)                                                                                    \
	X(orphans)                                                                                 \
	X(clients)                                                                                 \
	X(chids)                                                                                   \
	X(load)                                                                                    \
	X(groups)                                                                                  \
	X(channels)                                                                                \
	X(spaces)                                                                                  \
	X(objects)                                                                                 \
	X(directories)                                                                             \
	X(directories_left)

static inline void bed_count(struct bed *b, struct counts *n)
{
	const struct model_rm *rm = &b->model->gsp_rm->rm;
	const struct model_host *host = b->model->host;
	const struct fwq_clients *clients = gpu_rm_clients(gpudom.rm);
	const struct gpu_fifo *fifo = gpu_rm_fifo(gpudom.rm);
	unsigned int i;

	memset(n, 0, sizeof(*n));
	hosted_usage(b->h, b->gpudom, &n->gpudom);
	hosted_usage(b->h, 0, &n->dom0);
	hosted_enter(b->h, b->gpudom);
	n->pages_free = hv_pages_free_count();
	n->grants_given = hv_grants_given();
	n->grants_mapped = hv_grants_mapped();
	hosted_leave();
	n->vram = gpu_vram_free_bytes(gpudom.gpu);
	n->orphans = hosted_orphan_frames(b->h);
	for (i = 0; i < FWQ_CLIENTS_MAX; i++)
		n->clients += clients->client[i] || clients->lost[i];
	for (i = 0; i < GPU_CHIDS; i++)
		n->chids += fifo->chids.taken[i];
	for (i = 0; i < GPU_ENGINES_MAX; i++)
		n->load += fifo->load[i];
	for (i = 0; i < MODEL_GROUPS; i++)
		n->groups += host->groups[i].used;
	for (i = 0; i < MODEL_CHANNELS; i++)
		n->channels += host->channels[i].used;
	for (i = 0; i < RM_MAX_SPACES; i++)
		n->spaces += rm->spaces[i].used;
	n->objects = rm->nr_objects;
	n->directories = model_rm_directories(b->model);
	n->directories_left = rm->directories_left;
}

/* Whether nothing differs; else why[] names the first that does. */
static inline bool bed_same_counts(const struct counts *start, const struct counts *now, char *why,
				   size_t size)
{
#define SAME(field)                                                                                \
	if (now->field != start->field) {                                                          \
		snprintf(why, size, #field ": %llu, at the start %llu",                            \
			 (unsigned long long)now->field, (unsigned long long)start->field);        \
		return false;                                                                      \
	}
	COUNTS(SAME)
#undef SAME
	return true;
}

#endif /* TESTS_UNIT_BED_COUNTS_H */
