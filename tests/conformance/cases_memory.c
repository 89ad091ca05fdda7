/* SPDX-License-Identifier: MIT */
/*
 * cases_memory.c - pages are zeroed, accounted for, and reachable by a device where hv.h says so.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/conformance/conformance.h"

#define PAGE ((size_t)HV_PAGE_SIZE)

static bool all_zero(const void *p, size_t n)
{
	const uint8_t *b = p;

	while (n--) {
		if (*b++)
			return false;
	}
	return true;
}

static void pages_are_zeroed_and_counted(void)
{
	unsigned int before = hv_pages_free_count();
	uint8_t *p = hv_pages_alloc(3);

	CT_CHECK(p != NULL);
	CT_CHECK((uintptr_t)p % PAGE == 0);
	CT_CHECK(hv_pages_free_count() == before - 3);
	CT_CHECK(all_zero(p, 3 * PAGE));
	memset(p, 0xff, 3 * PAGE);
	hv_pages_free(p, 3);
	CT_CHECK(hv_pages_free_count() == before);
	p = hv_pages_alloc(3);
	CT_CHECK(p != NULL);
	CT_CHECK(all_zero(p, 3 * PAGE));
	hv_pages_free(p, 3);
}

/* The runners give a module that counts: "1\n2\n3\n" and so on, longer than a page. */
static void module_is_where_it_was_loaded(void)
{
	unsigned int before = hv_pages_free_count();
	const void *data;
	const char *text;
	size_t size, at = 0;

	if (!hv_module(&data, &size))
		CT_DOES_NOT_APPLY("started without a module");
	text = data;
	CT_CHECK((uintptr_t)text % PAGE == 0);
	CT_CHECK(size > PAGE);
	for (unsigned int n = 1; at < size; n++) {
		char line[16];
		int len = snprintf(line, sizeof(line), "%u\n", n);

		CT_CHECK((size_t)len <= size - at && !memcmp(text + at, line, (size_t)len));
		at += (size_t)len;
	}
	for (at = 0; at < size; at += PAGE) {
		uint64_t addr = hv_dma_addr(text + at);

		CT_CHECK(addr && addr % PAGE == 0);
		for (size_t other = 0; other < at; other += PAGE)
			CT_CHECK(hv_dma_addr(text + other) != addr);
	}
	/* What may be allocated never is the module's. */
	CT_CHECK(hv_pages_free_count() == before);
	for (unsigned int i = 0; i < 64; i++) {
		uint8_t *page = hv_pages_alloc(1);

		CT_CHECK(page != NULL);
		CT_CHECK((const char *)page + PAGE <= text || (const char *)page >= text + size);
		hv_pages_free(page, 1);
	}
}

static void pages_never_overlap(void)
{
	uint8_t *p[32];

	for (unsigned int i = 0; i < 32; i++) {
		p[i] = hv_pages_alloc(1 + i % 3);
		CT_CHECK(p[i] != NULL);
		memset(p[i], (int)i + 1, (1 + i % 3) * PAGE);
	}
	for (unsigned int i = 0; i < 32; i++) {
		for (size_t j = 0; j < (1 + i % 3) * PAGE; j++)
			CT_CHECK(p[i][j] == i + 1);
		hv_pages_free(p[i], 1 + i % 3);
	}
}

static void pages_run_out_without_loss(void)
{
	unsigned int before = hv_pages_free_count();

	CT_CHECK(hv_pages_alloc(0) == NULL);
	CT_CHECK(hv_pages_alloc(before + 1) == NULL);
	CT_CHECK(hv_pages_alloc(UINT32_MAX) == NULL);
	CT_CHECK(hv_pages_free_count() == before);
	hv_pages_free(NULL, 1);
	CT_CHECK(hv_pages_free_count() == before);
}

static void bus_addresses_keep_the_offset(void)
{
	uint8_t *p = hv_pages_alloc(2);

	CT_CHECK(p != NULL);
	CT_CHECK(hv_dma_addr(p) % PAGE == 0);
	CT_CHECK(hv_dma_addr(p) != hv_dma_addr(p + PAGE));
	CT_CHECK(hv_dma_addr(p + 123) == hv_dma_addr(p) + 123);
	hv_pages_free(p, 2);
}

static void dma_memory_is_contiguous_on_the_bus(void)
{
	static const size_t sizes[] = {1, 4096, 4097, 65536, 200000, 1 << 20};
	unsigned int before = hv_pages_free_count();

	for (unsigned int i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct hv_dma dma;

		CT_CHECK(hv_dma_alloc(sizes[i], &dma) == 0);
		CT_CHECK(dma.va != NULL && dma.addr % PAGE == 0);
		CT_CHECK(dma.size >= sizes[i] && dma.size % PAGE == 0);
		CT_CHECK(all_zero(dma.va, dma.size));
		for (size_t off = 0; off < dma.size; off += PAGE)
			CT_CHECK(hv_dma_addr((uint8_t *)dma.va + off) == dma.addr + off);
		memset(dma.va, 0x5a, dma.size);
		hv_dma_free(&dma);
	}
	CT_CHECK(hv_pages_free_count() == before);
}

static void dma_sizes_out_of_range_are_refused(void)
{
	struct hv_dma dma;

	CT_CHECK(hv_dma_alloc(0, &dma) == -EINVAL);
	CT_CHECK(hv_dma_alloc((1 << 20) + 1, &dma) == -EINVAL);
	CT_CHECK(hv_dma_alloc(SIZE_MAX, &dma) == -EINVAL);
}

const struct ct_case ct_memory[] = {
	{"pages_are_zeroed_and_counted", pages_are_zeroed_and_counted},
	{"module_is_where_it_was_loaded", module_is_where_it_was_loaded},
	{"pages_never_overlap", pages_never_overlap},
	{"pages_run_out_without_loss", pages_run_out_without_loss},
	{"bus_addresses_keep_the_offset", bus_addresses_keep_the_offset},
	{"dma_memory_is_contiguous_on_the_bus", dma_memory_is_contiguous_on_the_bus},
	{"dma_sizes_out_of_range_are_refused", dma_sizes_out_of_range_are_refused},
	{NULL, NULL},
};
