/* SPDX-License-Identifier: MIT */
/*
 * pair.c - sets both ends up over one block of ordinary memory.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "fwq/packs.h"
#include "hv/hv.h"
#include "pair.h"

/* All that fwq/ calls of the platform. */
void hv_panic(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	abort();
}

void pair_fail(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vprintf(fmt, args);
	va_end(args);
	putchar('\n');
	exit(1);
}

static void ring(void *arg)
{
	struct pair *pair = arg;

	pair->bells++;
}

static void *pages(size_t bytes)
{
	void *at = aligned_alloc(HV_PAGE_SIZE, (bytes + HV_PAGE_SIZE - 1) & ~(HV_PAGE_SIZE - 1ul));

	if (!at)
		pair_fail("no memory");
	return at;
}

void pair_open(struct pair *pair)
{
	const struct fwq_pack *pack = fwq_packs_find(PAIR_VERSION);
	uint32_t n;

	*pair = (struct pair){0};
	if (!pack || fwq_params_from_pack(pack, &pair->params))
		pair_fail("no parameters for %s", PAIR_VERSION);
	n = fwq_params_pages(&pair->params);
	pair->block = pages((size_t)n * HV_PAGE_SIZE);
	pair->page_addr = pages(n * sizeof(*pair->page_addr));
	pair->stage = pages(pair->params.record_max);
	for (uint32_t i = 0; i < n; i++)
		pair->page_addr[i] = (uintptr_t)pair->block + (uint64_t)i * HV_PAGE_SIZE;
	if (fwq_link_mem_init(&pair->link, &pair->params, pair->block, pair->page_addr, n, ring,
			      pair) ||
	    fwq_queue_init(&pair->q, &pair->params, &pair->link.link, pair->stage,
			   pair->params.record_max))
		pair_fail("our queue does not come up");
	pair->peer = peer_new();
	pair->cmd = peer_find_queue(pair->block, 0);
	pair->msg = peer_find_queue(pair->block, 1);
	if (!pair->cmd || !pair->msg)
		pair_fail("the page table is not as the vendor's driver writes it");
	if (peer_payload_max() != fwq_params_payload_max(&pair->params))
		pair_fail("longest payload: %u by the vendor, %u by us", peer_payload_max(),
			  fwq_params_payload_max(&pair->params));
}

void pair_boot(struct pair *pair)
{
	int ret = peer_create(pair->peer, pair->msg);

	if (!ret)
		ret = peer_link(pair->peer, pair->cmd);
	if (ret)
		pair_fail("msgqTxCreate or msgqRxLink returned %d", ret);
}

void pair_close(struct pair *pair)
{
	peer_delete(pair->peer);
	free(pair->stage);
	free(pair->page_addr);
	free(pair->block);
}
