/* SPDX-License-Identifier: MIT */
/*
 * libos.c - fills the list of memory regions, and RMARGS (see libos.h).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gpu/core/boot/libos.h"

#define REGIONS (GPU_LIBOS_LOGS + 1)

static const char *const log_name[GPU_LIBOS_LOGS] = {"LOGINIT", "LOGINTR", "LOGRM"};

struct field {
	enum fwq_field field;
	uint64_t value;
	bool optional; /* some releases do not have it */
};

/* Writes fields of a structure that begins at `at` of a page. */
static int put_fields(const struct fwq_pack *pack, void *page, size_t at, const struct field *f,
		      unsigned int n, struct gpu_error *err)
{
	for (unsigned int i = 0; i < n; i++) {
		int ret;

		if (f[i].optional && !fwq_has_field(pack, f[i].field))
			continue;
		ret = fwq_put(pack, f[i].field, page, HV_PAGE_SIZE, at, 0, f[i].value);
		if (ret)
			return gpu_fail(err, ret, "pack %s: %s: error %d", pack->version,
					fwq_field_name(f[i].field), -ret);
	}
	return 0;
}

/* Where the arguments of the queues are within RMARGS. */
static int queue_arguments(const struct fwq_pack *pack, const struct gpu_boot_channel *c,
			   void *rmargs, struct gpu_error *err)
{
	const struct fwq_params *p = &c->params;
	const struct field fields[] = {
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__sharedMemPhysAddr, c->page_addr[0], false},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__pageTableEntryCount, c->pages, false},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__cmdQueueOffset, gpu_boot_channel_cmd_offset(c),
		 false},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__statQueueOffset,
		 gpu_boot_channel_msg_offset(c), false},
		/* 595 on: the driver says how large elements are; as its GspMsgQueuesInit(). */
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__queueElementHdrSize, p->elem.size, true},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__queueElementSizeMin, p->elem_size, true},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__queueElementSizeMax, p->record_max, true},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__queueHeaderAlign,
		 fwq_number_or(pack, FWQ_N_GSP_MSG_QUEUE_HEADER_ALIGN, 4), true},
		{FWQ_F_MESSAGE_QUEUE_INIT_ARGUMENTS__queueElementAlign,
		 fwq_number_or(pack, FWQ_N_GSP_MSG_QUEUE_ELEMENT_ALIGN, 12), true},
	};
	size_t at, size;
	int ret = fwq_span(pack, FWQ_F_GSP_ARGUMENTS_CACHED__messageQueueInitArguments,
			   HV_PAGE_SIZE, 0, &at, &size);

	if (ret || size < fwq_sizeof(pack, FWQ_S_MESSAGE_QUEUE_INIT_ARGUMENTS))
		return gpu_fail(err, ret ? ret : -EINVAL,
				"pack %s: no room for queue arguments in GSP_ARGUMENTS_CACHED",
				pack->version);
	return put_fields(pack, rmargs, at, fields, sizeof(fields) / sizeof(fields[0]), err);
}

static int fill_rmargs(const struct fwq_pack *pack, const struct gpu_boot_channel *c, void *rmargs,
		       struct gpu_error *err)
{
	/* Stacks in the core's own memory, as NVIDIA and nouveau (rm/r570/gsp.c) ask for. */
	static const struct field fields[] = {
		{FWQ_F_GSP_ARGUMENTS_CACHED__bDmemStack, 1, true},
	};
	int ret = queue_arguments(pack, c, rmargs, err);

	return ret ? ret : put_fields(pack, rmargs, 0, fields, 1, err);
}

/* Names are ASCII, packed into a number with the last character lowest. */
static uint64_t id8(const char *name)
{
	uint64_t id = 0;

	while (*name)
		id = id << 8 | (uint8_t)*name++;
	return id;
}

static int put_region(const struct fwq_pack *pack, struct gpu_libos *l, unsigned int i,
		      const char *name, uint64_t addr, uint64_t size, struct gpu_error *err)
{
	const struct field fields[] = {
		{FWQ_F_LibosMemoryRegionInitArgument__id8, id8(name), false},
		{FWQ_F_LibosMemoryRegionInitArgument__pa, addr, false},
		{FWQ_F_LibosMemoryRegionInitArgument__size, size, false},
		{FWQ_F_LibosMemoryRegionInitArgument__kind,
		 fwq_number_or(pack, FWQ_N_LIBOS_MEMORY_REGION_CONTIGUOUS, 1), false},
		{FWQ_F_LibosMemoryRegionInitArgument__loc,
		 fwq_number_or(pack, FWQ_N_LIBOS_MEMORY_REGION_LOC_SYSMEM, 1), false},
	};

	return put_fields(pack, l->args,
			  (size_t)i * fwq_sizeof(pack, FWQ_S_LibosMemoryRegionInitArgument), fields,
			  sizeof(fields) / sizeof(fields[0]), err);
}

static int make_log(struct hv_dma *log, const char *name, struct gpu_error *err)
{
	int ret = hv_dma_alloc(GPU_LIBOS_LOG_SIZE, log);
	uint64_t *words = log->va;

	if (ret)
		return gpu_fail(err, ret, "%s: no %u contiguous bytes", name, GPU_LIBOS_LOG_SIZE);
	for (unsigned int i = 0; i < GPU_LIBOS_LOG_SIZE / HV_PAGE_SIZE; i++)
		words[1 + i] = log->addr + (uint64_t)i * HV_PAGE_SIZE;
	return 0;
}

int gpu_libos_make(const struct fwq_pack *pack, const struct gpu_boot_channel *channel,
		   struct gpu_libos *l, struct gpu_error *err)
{
	int ret = 0;

	memset(l, 0, sizeof(*l));
	l->args = hv_pages_alloc(1);
	l->rmargs = hv_pages_alloc(1);
	if (!l->args || !l->rmargs)
		return gpu_fail(err, -ENOMEM, "no memory for the arguments");
	for (unsigned int i = 0; i < GPU_LIBOS_LOGS && !ret; i++) {
		ret = make_log(&l->log[i], log_name[i], err);
		if (!ret)
			ret = put_region(pack, l, i, log_name[i], l->log[i].addr,
					 GPU_LIBOS_LOG_SIZE, err);
	}
	if (!ret)
		ret = fill_rmargs(pack, channel, l->rmargs, err);
	if (!ret)
		ret = put_region(pack, l, REGIONS - 1, "RMARGS", hv_dma_addr(l->rmargs),
				 HV_PAGE_SIZE, err);
	l->addr = hv_dma_addr(l->args);
	return ret;
}

void gpu_libos_free(struct gpu_libos *l)
{
	for (unsigned int i = 0; i < GPU_LIBOS_LOGS; i++) {
		if (l->log[i].va)
			hv_dma_free(&l->log[i]);
	}
	if (l->rmargs)
		hv_pages_free(l->rmargs, 1);
	if (l->args)
		hv_pages_free(l->args, 1);
	memset(l, 0, sizeof(*l));
}
