/* SPDX-License-Identifier: MIT */
/*
 * Which 64 bytes are a request. Every byte that an operation does not define must be zero, so that a
 * later version of the protocol may give it a meaning; and nothing may get through that the code
 * behind takes for granted (sizes that do not wrap around, references that are not 0).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gpu/vgpu/request.h"

#define COPY_MAX XENVGPU_COPY_MAX

static struct xenvgpu_request good(uint8_t operation)
{
	struct xenvgpu_request req;

	memset(&req, 0, sizeof(req));
	req.id = 0xffff;
	req.operation = operation;
	switch (operation) {
	case XENVGPU_OP_PING:
		req.op.ping.cookie = UINT64_MAX;
		break;
	case XENVGPU_OP_MEM_ALLOC:
		req.op.mem_alloc.size = XENVGPU_MEM_ALIGN;
		break;
	case XENVGPU_OP_MEM_FREE:
		req.op.mem_free.handle = UINT32_MAX;
		break;
	case XENVGPU_OP_MEM_WRITE:
	case XENVGPU_OP_MEM_READ:
		req.op.mem_copy = (struct xenvgpu_mem_copy_req){
			.handle = 1, .gref_directory = UINT32_MAX, .offset = 4, .length = COPY_MAX};
		break;
	default:
		break;
	}
	return req;
}

static const struct {
	uint8_t operation;
	unsigned int used; /* bytes of the slot that mean something */
} ops[] = {
	{XENVGPU_OP_INFO, 8},	   {XENVGPU_OP_PING, 16},      {XENVGPU_OP_MEM_ALLOC, 20},
	{XENVGPU_OP_MEM_FREE, 12}, {XENVGPU_OP_MEM_WRITE, 28}, {XENVGPU_OP_MEM_READ, 28},
};
#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static void good_requests_pass(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NR_OPS; i++) {
		struct xenvgpu_request req = good(ops[i].operation);

		assert_int_equal(vgpu_request_check(&req, COPY_MAX), 0);
	}
}

static void unknown_operations_are_refused(void **state)
{
	(void)state;
	for (unsigned int op = 0; op < 256; op++) {
		struct xenvgpu_request req;
		bool known = op >= XENVGPU_OP_INFO && op <= XENVGPU_OP_MEM_READ;

		memset(&req, 0xff, sizeof(req)); /* the operation is judged before anything else */
		req.operation = (uint8_t)op;
		assert_int_equal(vgpu_request_check(&req, COPY_MAX),
				 known ? -XEN_EINVAL : -XEN_EOPNOTSUPP);
	}
}

static void every_reserved_bit_counts(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NR_OPS; i++) {
		for (unsigned int bit = 24; bit < 512; bit++) {
			struct xenvgpu_request req = good(ops[i].operation);

			if (bit >= 64 && bit < ops[i].used * 8)
				continue;
			((uint8_t *)&req)[bit / 8] ^= (uint8_t)(1u << bit % 8);
			assert_int_equal(vgpu_request_check(&req, COPY_MAX), -XEN_EINVAL);
		}
	}
}

static void alloc_sizes(void **state)
{
	static const uint64_t bad[] = {0, 1, XENVGPU_MEM_ALIGN - 1, XENVGPU_MEM_ALIGN + 4,
				       UINT64_MAX};
	struct xenvgpu_request req = good(XENVGPU_OP_MEM_ALLOC);

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		req.op.mem_alloc.size = bad[i];
		assert_int_equal(vgpu_request_check(&req, COPY_MAX), -XEN_EINVAL);
	}
	/* As large as it gets: well-formed, and the slice will say that it has not so much. */
	req.op.mem_alloc.size = UINT64_MAX & ~(uint64_t)(XENVGPU_MEM_ALIGN - 1);
	assert_int_equal(vgpu_request_check(&req, COPY_MAX), 0);
	req.op.mem_alloc.flags = 1;
	assert_int_equal(vgpu_request_check(&req, COPY_MAX), -XEN_EINVAL);
}

static void copy_fields(void **state)
{
	static const struct xenvgpu_mem_copy_req bad[] = {
		{.handle = 1, .gref_directory = 0, .offset = 0, .length = 4},
		{.handle = 1, .gref_directory = 9, .offset = 0, .length = 0},
		{.handle = 1, .gref_directory = 9, .offset = 0, .length = 2},
		{.handle = 1, .gref_directory = 9, .offset = 2, .length = 4},
		{.handle = 1, .gref_directory = 9, .offset = 0, .length = COPY_MAX + 4},
		{.handle = 1, .gref_directory = 9, .offset = 0, .length = UINT32_MAX - 3},
		{.handle = 1, .gref_directory = 9, .offset = UINT64_MAX - 3, .length = 4},
		{.handle = 1, .gref_directory = 9, .offset = UINT64_MAX - 3, .length = 8},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xenvgpu_request req = good(XENVGPU_OP_MEM_WRITE);

		req.op.mem_copy = bad[i];
		assert_int_equal(vgpu_request_check(&req, COPY_MAX), -XEN_EINVAL);
		req.operation = XENVGPU_OP_MEM_READ;
		assert_int_equal(vgpu_request_check(&req, COPY_MAX), -XEN_EINVAL);
	}
}

static void copies_need_the_feature(void **state)
{
	struct xenvgpu_request req = good(XENVGPU_OP_MEM_WRITE);

	(void)state;
	assert_int_equal(vgpu_request_check(&req, 0), -XEN_EOPNOTSUPP);
	req.operation = XENVGPU_OP_MEM_READ;
	assert_int_equal(vgpu_request_check(&req, 0), -XEN_EOPNOTSUPP);
	req.op.mem_copy.length = 4096;
	assert_int_equal(vgpu_request_check(&req, 4096), 0);
	req.op.mem_copy.length = 4100;
	assert_int_equal(vgpu_request_check(&req, 4096), -XEN_EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_requests_pass),
		cmocka_unit_test(unknown_operations_are_refused),
		cmocka_unit_test(every_reserved_bit_counts),
		cmocka_unit_test(alloc_sizes),
		cmocka_unit_test(copy_fields),
		cmocka_unit_test(copies_need_the_feature),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
