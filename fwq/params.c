/* SPDX-License-Identifier: MIT */
/*
 * params.c - are these numbers a transport? Asked once per pack, before anything is sized by them.
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>

#include "fwq/params.h"
#include "hv/hv.h"

/* All fields lie inside a header of `size` bytes and no two share a byte. */
static bool fields(uint32_t size, const uint32_t *off, unsigned int n)
{
	if (size > FWQ_HEADER_MAX || size % 4)
		return false;
	for (unsigned int i = 0; i < n; i++) {
		if (off[i] % 4 || size < 4 || off[i] > size - 4)
			return false;
		for (unsigned int j = 0; j < i; j++)
			if (off[i] == off[j])
				return false;
	}
	return true;
}

#define FIELDS(size, ...)                                                                          \
	fields(size, (const uint32_t[]){__VA_ARGS__},                                              \
	       sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t))

static bool headers(const struct fwq_params *p)
{
	/* The read pointer is in the same page as the header and may not overlap it. */
	if (p->queue.off_read % 4 || p->queue.off_read > FWQ_HEADER_MAX || p->queue.rx_off % 4 ||
	    p->queue.rx_off < p->queue.size || p->queue.rx_off > p->entry_off - 4 ||
	    p->queue.off_read > p->entry_off - 4 - p->queue.rx_off)
		return false;
	return FIELDS(p->queue.size, p->queue.off_version, p->queue.off_size, p->queue.off_msg_size,
		      p->queue.off_msg_count, p->queue.off_write, p->queue.off_flags,
		      p->queue.off_rx_off, p->queue.off_entry_off) &&
	       FIELDS(p->elem.size, p->elem.off_checksum, p->elem.off_seq, p->elem.off_count) &&
	       FIELDS(p->rpc.size, p->rpc.off_version, p->rpc.off_signature, p->rpc.off_length,
		      p->rpc.off_function, p->rpc.off_result, p->rpc.off_private,
		      p->rpc.off_sequence);
}

int fwq_params_check(const struct fwq_params *p)
{
	if (!p->queue_size || p->queue_size % HV_PAGE_SIZE || p->queue_size > FWQ_QUEUE_BYTES_MAX)
		return -EINVAL;
	if (p->entry_off % 8 || p->entry_off < FWQ_HEADER_MAX || p->entry_off >= p->queue_size)
		return -EINVAL;
	if (p->elem_size % 8 || p->elem_size < 2 * FWQ_HEADER_MAX)
		return -EINVAL;
	/* A record must fit into an empty queue, where one element stays free. */
	if (p->record_max % p->elem_size || !p->record_max ||
	    p->record_max / p->elem_size >= fwq_params_elems(p))
		return -EINVAL;
	if (!headers(p) || p->rpc.echoes_sequence > 1)
		return -EINVAL;
	/* A continuation that counted as an event would never be put together. */
	if (p->rpc.continuation >= p->rpc.first_event)
		return -EINVAL;
	return 0;
}

uint32_t fwq_params_elems(const struct fwq_params *p)
{
	return (p->queue_size - p->entry_off) / p->elem_size;
}

uint32_t fwq_params_table_pages(const struct fwq_params *p)
{
	uint32_t queues = 2 * (p->queue_size / HV_PAGE_SIZE), table = 1;

	/* The table maps itself too, so it may need a page more than the queues alone ask for. */
	while ((queues + table) * sizeof(uint64_t) > (size_t)table * HV_PAGE_SIZE)
		table++;
	return table;
}

uint32_t fwq_params_pages(const struct fwq_params *p)
{
	return fwq_params_table_pages(p) + 2 * (p->queue_size / HV_PAGE_SIZE);
}

uint32_t fwq_params_payload_max(const struct fwq_params *p)
{
	return p->record_max - p->elem.size - p->rpc.size;
}
