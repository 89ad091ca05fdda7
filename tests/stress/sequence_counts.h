/* SPDX-License-Identifier: MIT */
/*
 * sequence_counts.h - all that can be counted of a driver domain, its GPU, the machine and the process: the same
 * whenever no guest is there. Included after gpu/gpudom.c.
 */
#ifndef TESTS_STRESS_SEQUENCE_COUNTS_H
#define TESTS_STRESS_SEQUENCE_COUNTS_H

#include "gpu/core/fifo/fifo.h"
#include "tests/model/gsp.h"
#include "tests/model/host.h"
#include "tests/model/rm.h"
#include "tests/stress/sequence_ends.h"

/* Numbers in xenstore grow longer; a single forgotten structure is larger, and 20 comparisons make 20 of it. */
#define HEAP_SLACK 64u

/* ---------------------------------------------------------------- the start, and back to it */

/* All that can be counted, of everybody. */
struct counts {
	struct hosted_usage gpudom, dom0;
	unsigned int pages_free, grants_given, grants_mapped, orphans, clients, chids;
	unsigned int groups, channels, directories, directories_left, spaces, load;
	uint32_t objects;
	uint64_t vram;
	/* Of the process, so of the model and the machine too; 0: since the first comparison, for some is made once. */
	size_t heap;
};

/* AddressSanitizer's own, as <sanitizer/allocator_interface.h> has it, which gcc does not bring. */
size_t __sanitizer_get_current_allocated_bytes(void);

static inline void count(struct counts *n)
{
	const struct model_rm *rm = &bed.model->gsp_rm->rm;
	const struct model_host *host = bed.model->host;
	const struct fwq_clients *clients = gpu_rm_clients(gpudom.rm);
	const struct gpu_fifo *fifo = gpu_rm_fifo(gpudom.rm);
	unsigned int i;

	memset(n, 0, sizeof(*n));
	hosted_usage(bed.h, bed.gpudom, &n->gpudom);
	hosted_usage(bed.h, 0, &n->dom0);
	hosted_enter(bed.h, bed.gpudom);
	n->pages_free = hv_pages_free_count();
	n->grants_given = hv_grants_given();
	n->grants_mapped = hv_grants_mapped();
	hosted_leave();
	n->vram = gpu_vram_free_bytes(gpudom.gpu);
	n->orphans = hosted_orphan_frames(bed.h);
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
	n->directories = model_rm_directories(bed.model);
	n->directories_left = rm->directories_left;
	n->heap = __sanitizer_get_current_allocated_bytes();
}

#define SAME(field)                                                                                \
	MUST(now.field == start->field, #field ": %llu, at the start %llu",                        \
	     (unsigned long long)now.field, (unsigned long long)start->field)

static inline void compare(struct counts *start)
{
	struct counts now;

	count(&now);
	SAME(gpudom.pages);
	SAME(gpudom.grants);
	SAME(gpudom.grants_mapped);
	SAME(gpudom.maps);
	SAME(gpudom.ports);
	SAME(gpudom.nodes);
	SAME(gpudom.watches);
	SAME(dom0.nodes);
	SAME(dom0.watches);
	SAME(pages_free);
	SAME(grants_given);
	SAME(grants_mapped);
	SAME(vram);
	SAME(orphans);
	SAME(clients);
	SAME(chids);
	SAME(load);
	SAME(groups);
	SAME(channels);
	SAME(spaces);
	SAME(objects);
	SAME(directories);
	SAME(directories_left);
	if (!start->heap)
		start->heap = now.heap;
	MUST(now.heap <= start->heap + HEAP_SLACK, "heap: %zu bytes, at the start %zu", now.heap,
	     start->heap);
	MUST(!hosted_iommu_refused(bed.h), "the IOMMU refused something");
	MUST(hosted_domain_state(bed.h, bed.gpudom, NULL) == HOSTED_RUNNING, "the driver domain");
}

#endif /* TESTS_STRESS_SEQUENCE_COUNTS_H */
