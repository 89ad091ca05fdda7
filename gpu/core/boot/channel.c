/* SPDX-License-Identifier: MIT */
/*
 * channel.c - memory, doorbell and queues for one start of GSP-RM (see channel.h).
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "gpu/core/boot/channel.h"
#include "gpu/core/regs_falcon.h"
#include "hv/hv.h"

static void ring(void *arg)
{
	struct gpu_boot_channel *c = arg;

	gpu_falcon_wr32(&c->gsp, NV_PGSP_QUEUE_HEAD_0, 0);
}

static int get_memory(struct gpu_boot_channel *c)
{
	c->pages = fwq_params_pages(&c->params);
	c->block = hv_pages_alloc(c->pages);
	c->page_addr = calloc(c->pages, sizeof(*c->page_addr));
	c->stage = malloc(c->params.record_max);
	if (!c->block || !c->page_addr || !c->stage)
		return -ENOMEM;
	for (uint32_t i = 0; i < c->pages; i++)
		c->page_addr[i] = hv_dma_addr(c->block + (size_t)i * HV_PAGE_SIZE);
	return 0;
}

int gpu_boot_channel_open(struct gpu *gpu, const struct fwq_pack *pack, struct gpu_boot_channel *c,
			  void (*event)(struct fwq_rpc *rpc, uint32_t function,
					const uint8_t *payload, uint32_t len),
			  void *arg)
{
	int err;

	*c = (struct gpu_boot_channel){.gsp = gpu_falcon_gsp(gpu)};
	err = fwq_params_from_pack(pack, &c->params);
	if (!err && fwq_params_table_pages(&c->params) != 1)
		err = -EINVAL;
	if (!err)
		err = get_memory(c);
	if (!err)
		err = fwq_link_mem_init(&c->link, &c->params, c->block, c->page_addr, c->pages,
					ring, c);
	if (!err)
		err = fwq_queue_init(&c->queue, &c->params, &c->link.link, c->stage,
				     c->params.record_max);
	if (err) {
		gpu_boot_channel_close(c);
		return err;
	}
	fwq_rpc_init(&c->rpc, &c->queue, event, arg);
	fwq_rpc_caller_add(&c->rpc, &c->caller);
	return 0;
}

void gpu_boot_channel_close(struct gpu_boot_channel *c)
{
	if (c->block)
		hv_pages_free(c->block, c->pages);
	free(c->page_addr);
	free(c->stage);
	memset(c, 0, sizeof(*c));
}

uint32_t gpu_boot_channel_cmd_offset(const struct gpu_boot_channel *c)
{
	return (uint32_t)(c->queue.cmd - c->block);
}

uint32_t gpu_boot_channel_msg_offset(const struct gpu_boot_channel *c)
{
	return (uint32_t)(c->queue.msg - c->block);
}
