/* SPDX-License-Identifier: MIT */
/*
 * request.c - see request.h. What needs the slice (does the handle exist, is the object that long)
 * is checked where the request is carried out.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "gpu/vgpu/request.h"

_Static_assert(sizeof(struct xenvgpu_request) == 64, "a request fills its ring slot");
_Static_assert(sizeof(struct xenvgpu_response) == 64, "a response fills its ring slot");
_Static_assert(sizeof(struct xenvgpu_bind) * XENVGPU_MAX_BINDS == 4096, "changes fill their page");

/* What CHANNEL_CREATE says of a GPFIFO. */
#define GPFIFO_ALIGN 4096u
#define GPFIFO_ENTRY 8ull
#define GPFIFO_MIN   2u
#define GPFIFO_MAX   4096u

/* End of the last field of an operation: every byte behind it is reserved. */
#define USED_BY(type, last) (offsetof(struct type, last) + sizeof(((struct type *)0)->last))

static bool zero(const uint8_t *bytes, size_t n)
{
	uint8_t sum = 0;

	while (n--)
		sum |= bytes[n];
	return !sum;
}

/* Bytes of the union that the operation uses; -1 when there is no such operation. */
static int used_bytes(uint8_t operation, uint32_t copy_max, bool channels)
{
	if (operation >= XENVGPU_OP_MEM_IMPORT && !channels)
		return -1;
	switch (operation) {
	case XENVGPU_OP_INFO:
		return 0;
	case XENVGPU_OP_PING:
		return USED_BY(xenvgpu_ping, cookie);
	case XENVGPU_OP_MEM_ALLOC:
		return USED_BY(xenvgpu_mem_alloc_req, flags);
	case XENVGPU_OP_MEM_FREE:
		return USED_BY(xenvgpu_mem_free_req, handle);
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		return copy_max ? (int)USED_BY(xenvgpu_mem_copy_req, length) : -1;
	case XENVGPU_OP_MEM_IMPORT:
		return USED_BY(xenvgpu_mem_import_req, flags);
	case XENVGPU_OP_CLASS_LIST:
	case XENVGPU_OP_SPACE_CREATE:
		return 0;
	case XENVGPU_OP_SPACE_DESTROY:
		return USED_BY(xenvgpu_space_destroy_req, space);
	case XENVGPU_OP_BIND:
		return USED_BY(xenvgpu_bind_req, count);
	case XENVGPU_OP_CHANNEL_CREATE:
		return USED_BY(xenvgpu_channel_create_req, flags);
	case XENVGPU_OP_CHANNEL_DESTROY:
		return USED_BY(xenvgpu_channel_destroy_req, channel);
	default:
		return -1;
	}
}

static bool copy_ok(const struct xenvgpu_mem_copy_req *copy, uint32_t copy_max)
{
	return copy->gref_directory && copy->length && copy->length <= copy_max &&
	       copy->length % 4 == 0 && copy->offset % 4 == 0 &&
	       copy->offset <= UINT64_MAX - copy->length;
}

static bool import_ok(const struct xenvgpu_mem_import_req *import)
{
	return import->gref_directory && import->pages && import->pages <= XENVGPU_IMPORT_MAX &&
	       !(import->flags & ~XENVGPU_IMPORT_RO);
}

static bool channel_ok(const struct xenvgpu_channel_create_req *channel)
{
	uint32_t entries = channel->entries;

	return entries >= GPFIFO_MIN && entries <= GPFIFO_MAX && !(entries & (entries - 1)) &&
	       channel->gpfifo % GPFIFO_ALIGN == 0 &&
	       channel->gpfifo <= UINT64_MAX - GPFIFO_MAX * GPFIFO_ENTRY && !channel->flags;
}

int vgpu_bind_check(const struct xenvgpu_bind *bind)
{
	bool map = bind->operation == XENVGPU_BIND_MAP;
	uint64_t page;

	if (bind->operation < XENVGPU_BIND_MAP || bind->operation > XENVGPU_BIND_RELEASE)
		return -XEN_EINVAL;
	if (bind->page_shift != XENVGPU_PAGE_4K && bind->page_shift != XENVGPU_PAGE_64K &&
	    bind->page_shift != XENVGPU_PAGE_2M)
		return -XEN_EINVAL;
	if (bind->flags & ~(map ? XENVGPU_BIND_RO : 0u) || (!map && (bind->handle || bind->offset)))
		return -XEN_EINVAL;
	page = 1ull << bind->page_shift;
	if (!bind->size || (bind->va | bind->size | bind->offset) & (page - 1))
		return -XEN_EINVAL;
	if (bind->va > UINT64_MAX - bind->size || bind->offset > UINT64_MAX - bind->size)
		return -XEN_EINVAL;
	return 0;
}

int vgpu_request_check(const struct xenvgpu_request *req, uint32_t copy_max, bool channels)
{
	int used = used_bytes(req->operation, copy_max, channels);
	bool ok;

	if (used < 0)
		return -XEN_EOPNOTSUPP;
	if (!zero(req->reserved, sizeof(req->reserved)) ||
	    !zero(req->op.raw + used, sizeof(req->op.raw) - (size_t)used))
		return -XEN_EINVAL;
	switch (req->operation) {
	case XENVGPU_OP_MEM_ALLOC:
		ok = req->op.mem_alloc.size && req->op.mem_alloc.size % XENVGPU_MEM_ALIGN == 0 &&
		     !req->op.mem_alloc.flags;
		break;
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		ok = copy_ok(&req->op.mem_copy, copy_max);
		break;
	case XENVGPU_OP_MEM_IMPORT:
		ok = import_ok(&req->op.mem_import);
		break;
	case XENVGPU_OP_BIND:
		ok = req->op.bind.gref && req->op.bind.count &&
		     req->op.bind.count <= XENVGPU_MAX_BINDS;
		break;
	case XENVGPU_OP_CHANNEL_CREATE:
		ok = channel_ok(&req->op.channel_create);
		break;
	default:
		ok = true;
	}
	return ok ? 0 : -XEN_EINVAL;
}
