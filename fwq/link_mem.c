/* SPDX-License-Identifier: MIT */
/*
 * link_mem.c - the link of GSP-RM 535 to 595: positions in the header pages of the two queues.
 */
#include <errno.h>

#include "fwq/link.h"
#include "hv/hv.h"

/* Every position is a 32-bit word on a 4-byte boundary (fwq_params_check). */
static uint32_t load(const uint8_t *at)
{
	return HV_READ_ONCE(*(const uint32_t *)(const void *)at);
}

static void store(uint8_t *at, uint32_t value)
{
	HV_WRITE_ONCE(*(uint32_t *)(void *)at, value);
}

static struct fwq_link_mem *mem(struct fwq_link *link)
{
	return (struct fwq_link_mem *)(void *)((uint8_t *)link -
					       offsetof(struct fwq_link_mem, link));
}

static void publish_write(struct fwq_link *link, uint32_t pos)
{
	store(mem(link)->cmd_write, pos);
}

static void publish_read(struct fwq_link *link, uint32_t pos)
{
	store(mem(link)->msg_read, pos);
}

static uint32_t peer_write(struct fwq_link *link)
{
	return load(mem(link)->msg_write);
}

static uint32_t peer_read(struct fwq_link *link)
{
	return load(mem(link)->cmd_read);
}

static void doorbell(struct fwq_link *link)
{
	mem(link)->ring(mem(link)->arg);
}

int fwq_link_mem_init(struct fwq_link_mem *l, const struct fwq_params *p, uint8_t *block,
		      const uint64_t *page_addr, uint32_t pages, void (*ring)(void *arg), void *arg)
{
	uint8_t *cmd = block + (size_t)fwq_params_table_pages(p) * HV_PAGE_SIZE;
	uint8_t *msg = cmd + p->cmd_size;
	uint32_t read = p->queue.rx_off + p->queue.off_read;

	if (pages < fwq_params_pages(p) || (uintptr_t)block % HV_PAGE_SIZE)
		return -EINVAL;
	*l = (struct fwq_link_mem){
		.link = {.block = block,
			 .page_addr = page_addr,
			 .pages = pages,
			 .publish_write = publish_write,
			 .publish_read = publish_read,
			 .peer_write = peer_write,
			 .peer_read = peer_read,
			 .doorbell = doorbell},
		.cmd_write = cmd + p->queue.off_write,
		.cmd_read = msg + read,
		.msg_write = msg + p->queue.off_write,
		.msg_read = cmd + read,
		.ring = ring,
		.arg = arg,
	};
	return 0;
}
