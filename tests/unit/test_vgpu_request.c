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
	case XENVGPU_OP_MEM_IMPORT:
		req.op.mem_import = (struct xenvgpu_mem_import_req){
			.gref_directory = 1, .pages = XENVGPU_IMPORT_MAX, .flags = 1};
		break;
	case XENVGPU_OP_SPACE_DESTROY:
		req.op.space_destroy.space = UINT32_MAX;
		break;
	case XENVGPU_OP_BIND:
		req.op.bind = (struct xenvgpu_bind_req){
			.space = UINT32_MAX, .gref = 1, .count = XENVGPU_MAX_BINDS};
		break;
	case XENVGPU_OP_CHANNEL_CREATE:
		req.op.channel_create = (struct xenvgpu_channel_create_req){
			.space = 1, .engine_class = 0xc7b5, .gpfifo = 0x1000, .entries = 4096};
		break;
	case XENVGPU_OP_CHANNEL_DESTROY:
		req.op.channel_destroy.channel = UINT32_MAX;
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
	{XENVGPU_OP_INFO, 8},
	{XENVGPU_OP_PING, 16},
	{XENVGPU_OP_MEM_ALLOC, 20},
	{XENVGPU_OP_MEM_FREE, 12},
	{XENVGPU_OP_MEM_WRITE, 28},
	{XENVGPU_OP_MEM_READ, 28},
	{XENVGPU_OP_MEM_IMPORT, 20},
	{XENVGPU_OP_CLASS_LIST, 8},
	{XENVGPU_OP_SPACE_CREATE, 8},
	{XENVGPU_OP_SPACE_DESTROY, 12},
	{XENVGPU_OP_BIND, 20},
	{XENVGPU_OP_CHANNEL_CREATE, 32},
	{XENVGPU_OP_CHANNEL_DESTROY, 12},
};
#define NR_OPS (sizeof(ops) / sizeof(ops[0]))

static void good_requests_pass(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NR_OPS; i++) {
		struct xenvgpu_request req = good(ops[i].operation);

		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), 0);
	}
}

static void unknown_operations_are_refused(void **state)
{
	(void)state;
	for (unsigned int op = 0; op < 256; op++) {
		struct xenvgpu_request req;
		bool known = op >= XENVGPU_OP_INFO && op <= XENVGPU_OP_CHANNEL_DESTROY;

		memset(&req, 0xff, sizeof(req)); /* the operation is judged before anything else */
		req.operation = (uint8_t)op;
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true),
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
			assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
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
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
	}
	/* As large as it gets: well-formed, and the slice will say that it has not so much. */
	req.op.mem_alloc.size = UINT64_MAX & ~(uint64_t)(XENVGPU_MEM_ALIGN - 1);
	assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), 0);
	req.op.mem_alloc.flags = 1;
	assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
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
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
		req.operation = XENVGPU_OP_MEM_READ;
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
	}
}

static void copies_need_the_feature(void **state)
{
	struct xenvgpu_request req = good(XENVGPU_OP_MEM_WRITE);

	(void)state;
	assert_int_equal(vgpu_request_check(&req, 0, true), -XEN_EOPNOTSUPP);
	req.operation = XENVGPU_OP_MEM_READ;
	assert_int_equal(vgpu_request_check(&req, 0, true), -XEN_EOPNOTSUPP);
	req.op.mem_copy.length = 4096;
	assert_int_equal(vgpu_request_check(&req, 4096, true), 0);
	req.op.mem_copy.length = 4100;
	assert_int_equal(vgpu_request_check(&req, 4096, true), -XEN_EINVAL);
}

static void channels_need_the_feature(void **state)
{
	(void)state;
	for (unsigned int i = 0; i < NR_OPS; i++) {
		struct xenvgpu_request req = good(ops[i].operation);

		assert_int_equal(vgpu_request_check(&req, COPY_MAX, false),
				 ops[i].operation < XENVGPU_OP_MEM_IMPORT ? 0 : -XEN_EOPNOTSUPP);
	}
}

static void import_fields(void **state)
{
	static const struct xenvgpu_mem_import_req bad[] = {
		{.gref_directory = 0, .pages = 1},
		{.gref_directory = 1, .pages = 0},
		{.gref_directory = 1, .pages = XENVGPU_IMPORT_MAX + 1},
		{.gref_directory = 1, .pages = UINT32_MAX},
		{.gref_directory = 1, .pages = 1, .flags = 2},
		{.gref_directory = 1, .pages = 1, .flags = UINT32_MAX},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xenvgpu_request req = good(XENVGPU_OP_MEM_IMPORT);

		req.op.mem_import = bad[i];
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
	}
}

static void bind_request_fields(void **state)
{
	static const struct xenvgpu_bind_req bad[] = {
		{.space = 1, .gref = 0, .count = 1},
		{.space = 1, .gref = 1, .count = 0},
		{.space = 1, .gref = 1, .count = XENVGPU_MAX_BINDS + 1},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xenvgpu_request req = good(XENVGPU_OP_BIND);

		req.op.bind = bad[i];
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
	}
}

static void channel_fields(void **state)
{
	static const struct xenvgpu_channel_create_req bad[] = {
		{.space = 1, .gpfifo = 0x1000, .entries = 0},
		{.space = 1, .gpfifo = 0x1000, .entries = 1},
		{.space = 1, .gpfifo = 0x1000, .entries = 3},
		{.space = 1, .gpfifo = 0x1000, .entries = 8192},
		{.space = 1, .gpfifo = 0x1000, .entries = 1u << 31},
		{.space = 1, .gpfifo = 0x1008, .entries = 2},
		{.space = 1, .gpfifo = UINT64_MAX - 4095, .entries = 2},
		{.space = 1, .gpfifo = 0x1000, .entries = 2, .flags = 1},
	};

	(void)state;
	for (unsigned int i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct xenvgpu_request req = good(XENVGPU_OP_CHANNEL_CREATE);

		req.op.channel_create = bad[i];
		assert_int_equal(vgpu_request_check(&req, COPY_MAX, true), -XEN_EINVAL);
	}
}

/* A change is good when it is for no page size but one, no operation but one, and does not wrap around. */
static void changes_of_spaces(void **state)
{
	static const uint8_t shifts[] = {XENVGPU_PAGE_4K, XENVGPU_PAGE_64K, XENVGPU_PAGE_2M};

	(void)state;
	for (unsigned int op = 0; op < 256; op++) {
		for (unsigned int shift = 0; shift < 256; shift++) {
			bool known = op >= XENVGPU_BIND_MAP && op <= XENVGPU_BIND_RELEASE &&
				     (shift == 12 || shift == 16 || shift == 21);
			struct xenvgpu_bind bind = {.operation = (uint8_t)op,
						    .page_shift = (uint8_t)shift,
						    .va = 1ull << 30,
						    .size = 1ull << 30};

			assert_int_equal(vgpu_bind_check(&bind), known ? 0 : -XEN_EINVAL);
		}
	}
	for (unsigned int i = 0; i < 3; i++) {
		const uint64_t page = 1ull << shifts[i];
		const struct xenvgpu_bind map = {.operation = XENVGPU_BIND_MAP,
						 .page_shift = shifts[i],
						 .flags = XENVGPU_BIND_RO,
						 .handle = UINT32_MAX,
						 .va = page,
						 .size = page,
						 .offset = page};
		struct xenvgpu_bind bind = map;

		assert_int_equal(vgpu_bind_check(&bind), 0);
#define BAD(field, value)                                                                          \
	do {                                                                                       \
		bind = map;                                                                        \
		bind.field = (value);                                                              \
		assert_int_equal(vgpu_bind_check(&bind), -XEN_EINVAL);                             \
	} while (0)
		BAD(flags, 2);
		BAD(flags, 0xffff);
		BAD(size, 0);
		BAD(size, page / 2);
		BAD(va, page / 2);
		BAD(va, page + 1);
		BAD(offset, page / 2);
		BAD(va, 0 - page);
		BAD(offset, 0 - page);
		BAD(size, 0 - page);
		/* The fields of MAP are of MAP only. */
		BAD(operation, XENVGPU_BIND_UNMAP);
		bind.flags = 0;
		assert_int_equal(vgpu_bind_check(&bind), -XEN_EINVAL);
		bind.handle = 0;
		assert_int_equal(vgpu_bind_check(&bind), -XEN_EINVAL);
		bind.offset = 0;
		assert_int_equal(vgpu_bind_check(&bind), 0);
	}
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
		cmocka_unit_test(channels_need_the_feature),
		cmocka_unit_test(import_fields),
		cmocka_unit_test(bind_request_fields),
		cmocka_unit_test(channel_fields),
		cmocka_unit_test(changes_of_spaces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
