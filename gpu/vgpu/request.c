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
static int used_bytes(uint8_t operation, uint32_t copy_max)
{
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

int vgpu_request_check(const struct xenvgpu_request *req, uint32_t copy_max)
{
	int used = used_bytes(req->operation, copy_max);
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
	default:
		ok = true;
	}
	return ok ? 0 : -XEN_EINVAL;
}
