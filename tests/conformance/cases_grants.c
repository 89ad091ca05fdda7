/* SPDX-License-Identifier: MIT */
/*
 * cases_grants.c - pages granted to and mapped by this domain itself.
 */
#include <errno.h>
#include <string.h>

#include "tests/conformance/conformance.h"

#define GRANT_TABLE_OP 20 /* __HYPERVISOR_grant_table_op, xen.h */
#define MAP_OP	       0  /* GNTTABOP_*, grant_table.h */
#define UNMAP_OP       1
#define COPY_OP	       5

static struct hv_grant_map map_of(hv_gref_t ref, unsigned int flags)
{
	return (struct hv_grant_map){.dom = hv_domid(), .ref = ref, .flags = flags};
}

static void granted_pages_are_shared(void)
{
	unsigned int given = hv_grants_given(), mapped = hv_grants_mapped();
	uint32_t *page = hv_pages_alloc(1);
	struct hv_grant_map m;
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
	CT_CHECK(ref != 0 && hv_grants_given() == given + 1);
	m = map_of(ref, HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == 0);
	CT_CHECK(m.status == 0 && m.va != NULL && m.va != page);
	CT_CHECK(hv_grants_mapped() == mapped + 1);
	page[7] = 0x12345678;
	CT_CHECK(*(volatile uint32_t *)((uint8_t *)m.va + 28) == 0x12345678);
	((volatile uint32_t *)m.va)[9] = 0xcafe;
	CT_CHECK(HV_READ_ONCE(page[9]) == 0xcafe);
	CT_CHECK(hv_grant_unmap(&m, 1) == 0);
	CT_CHECK(hv_grants_mapped() == mapped);
	CT_CHECK(hv_grant_end(ref) == 0);
	CT_CHECK(hv_grants_given() == given);
	hv_pages_free(page, 1);
}

static void read_only_offers_are_not_mapped_for_writing(void)
{
	uint32_t *page = hv_pages_alloc(1);
	struct hv_grant_map m;
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	CT_CHECK(hv_grant_give(hv_domid(), page, HV_GRANT_RO, &ref) == 0);
	m = map_of(ref, HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == -EACCES && m.status == -EACCES);
	m = map_of(ref, HV_MAP_DEVICE);
	CT_CHECK(hv_grant_map(&m, 1) == -EACCES);
	m = map_of(ref, HV_MAP_HOST | HV_MAP_RO);
	CT_CHECK(hv_grant_map(&m, 1) == 0);
	page[3] = 99;
	CT_CHECK(((volatile uint32_t *)m.va)[3] == 99);
	CT_CHECK(hv_grant_unmap(&m, 1) == 0);
	CT_CHECK(hv_grant_end(ref) == 0);
	hv_pages_free(page, 1);
}

static void what_was_not_offered_is_refused(void)
{
	void *page = hv_pages_alloc(1);
	struct hv_grant_map m;
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	m = map_of(0, HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == -EINVAL);
	m = map_of(0xffffffff, HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == -EINVAL);
	CT_CHECK(hv_grant_give(0, page, 0, &ref) == 0); /* to dom0, not to us */
	m = map_of(ref, HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == -EACCES);
	m = map_of(ref, 0); /* neither for the CPU nor for a device */
	CT_CHECK(hv_grant_map(&m, 1) == -EINVAL);
	CT_CHECK(hv_grant_end(ref) == 0);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
	CT_CHECK(hv_grant_end(ref) == 0);
	m = map_of(ref, HV_MAP_HOST); /* withdrawn */
	CT_CHECK(hv_grant_map(&m, 1) == -EACCES);
	m.dom = 0x7fef; /* no such domain */
	CT_CHECK(hv_grant_map(&m, 1) == -ESRCH);
	hv_pages_free(page, 1);
}

static void mapped_offers_cannot_be_withdrawn(void)
{
	void *page = hv_pages_alloc(1);
	struct hv_grant_map host, device;
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
	host = map_of(ref, HV_MAP_HOST | HV_MAP_RO);
	device = map_of(ref, HV_MAP_DEVICE);
	CT_CHECK(hv_grant_map(&host, 1) == 0 && hv_grant_map(&device, 1) == 0);
	CT_CHECK(hv_grant_end(ref) == -EBUSY);
	CT_CHECK(hv_grant_unmap(&host, 1) == 0);
	CT_CHECK(hv_grant_end(ref) == -EBUSY);
	CT_CHECK(hv_grant_unmap(&device, 1) == 0);
	CT_CHECK(hv_grant_end(ref) == 0);
	hv_pages_free(page, 1);
}

static void device_maps_have_a_bus_address_only(void)
{
	void *page = hv_pages_alloc(1);
	struct hv_grant_map m;
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
	m = map_of(ref, HV_MAP_DEVICE);
	CT_CHECK(hv_grant_map(&m, 1) == 0);
	CT_CHECK(m.va == NULL && m.dev_addr == hv_dma_addr(page));
	CT_CHECK(hv_grant_unmap(&m, 1) == 0);
	m = map_of(ref, HV_MAP_DEVICE | HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == 0);
	CT_CHECK(m.va != NULL && m.dev_addr == hv_dma_addr(page));
	CT_CHECK(hv_grant_unmap(&m, 1) == 0);
	CT_CHECK(hv_grant_end(ref) == 0);
	hv_pages_free(page, 1);
}

static void batches_report_each_entry(void)
{
	enum { N = 40, BAD = 17 };
	static struct hv_grant_map maps[N];
	static hv_gref_t refs[N];
	uint8_t *pages = hv_pages_alloc(N);
	unsigned int mapped = hv_grants_mapped();
	uint64_t calls;

	CT_CHECK(pages != NULL);
	for (unsigned int i = 0; i < N; i++) {
		CT_CHECK(hv_grant_give(hv_domid(), pages + (size_t)i * HV_PAGE_SIZE,
				       i == BAD ? HV_GRANT_RO : 0, &refs[i]) == 0);
		maps[i] = map_of(refs[i], HV_MAP_HOST);
	}
	calls = hv_hypercalls(GRANT_TABLE_OP, MAP_OP);
	CT_CHECK(hv_grant_map(maps, N) == -EACCES);
	CT_CHECK(hv_hypercalls(GRANT_TABLE_OP, MAP_OP) == calls + 2); /* 32 and 8 */
	CT_CHECK(hv_grants_mapped() == mapped + N - 1);
	for (unsigned int i = 0; i < N; i++) {
		CT_CHECK(maps[i].status == (i == BAD ? -EACCES : 0));
		if (i == BAD)
			continue;
		*(volatile uint8_t *)maps[i].va = (uint8_t)i;
		CT_CHECK(HV_READ_ONCE(pages[(size_t)i * HV_PAGE_SIZE]) == i);
	}
	calls = hv_hypercalls(GRANT_TABLE_OP, UNMAP_OP);
	CT_CHECK(hv_grant_unmap(maps, BAD) == 0);
	CT_CHECK(hv_grant_unmap(maps + BAD + 1, N - BAD - 1) == 0);
	CT_CHECK(hv_hypercalls(GRANT_TABLE_OP, UNMAP_OP) == calls + 2);
	CT_CHECK(hv_grants_mapped() == mapped);
	for (unsigned int i = 0; i < N; i++)
		CT_CHECK(hv_grant_end(refs[i]) == 0);
	hv_pages_free(pages, N);
}

static void a_map_is_undone_once(void)
{
	void *page = hv_pages_alloc(1);
	struct hv_grant_map m;
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
	m = map_of(ref, HV_MAP_HOST);
	CT_CHECK(hv_grant_map(&m, 1) == 0);
	CT_CHECK(hv_grant_unmap(&m, 1) == 0);
	CT_CHECK(hv_grant_unmap(&m, 1) == -EINVAL && m.status == -EINVAL);
	CT_CHECK(hv_grant_end(ref) == 0);
	hv_pages_free(page, 1);
}

static void one_page_can_be_offered_and_mapped_twice(void)
{
	uint32_t *page = hv_pages_alloc(1);
	struct hv_grant_map m[3];
	hv_gref_t a, b;

	CT_CHECK(page != NULL);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &a) == 0);
	CT_CHECK(hv_grant_give(hv_domid(), page, HV_GRANT_RO, &b) == 0);
	CT_CHECK(a != b);
	m[0] = map_of(a, HV_MAP_HOST);
	m[1] = map_of(a, HV_MAP_HOST | HV_MAP_RO);
	m[2] = map_of(b, HV_MAP_HOST | HV_MAP_RO);
	CT_CHECK(hv_grant_map(m, 3) == 0);
	CT_CHECK(m[0].va != m[1].va && m[1].va != m[2].va);
	*(volatile uint32_t *)m[0].va = 4711;
	CT_CHECK(*(volatile uint32_t *)m[1].va == 4711 && *(volatile uint32_t *)m[2].va == 4711);
	CT_CHECK(hv_grant_unmap(m, 3) == 0);
	CT_CHECK(hv_grant_end(a) == 0 && hv_grant_end(b) == 0);
	hv_pages_free(page, 1);
}

static struct hv_grant_copy copy_of(hv_gref_t ref, bool to_grant, unsigned int offset, void *local,
				    unsigned int len)
{
	return (struct hv_grant_copy){
		.dom = hv_domid(),
		.ref = ref,
		.to_grant = to_grant,
		.offset = (uint16_t)offset,
		.len = (uint16_t)len,
		.local = local,
	};
}

static void copies_move_bytes_both_ways(void)
{
	uint8_t *page = hv_pages_alloc(1), *local = hv_pages_alloc(1);
	struct hv_grant_copy c[2];
	uint64_t calls;
	hv_gref_t ref;

	CT_CHECK(page && local);
	for (unsigned int i = 0; i < HV_PAGE_SIZE; i++) {
		page[i] = (uint8_t)(i * 7);
		local[i] = 0xee;
	}
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
	calls = hv_hypercalls(GRANT_TABLE_OP, COPY_OP);
	c[0] = copy_of(ref, false, 100, local + 500, 1000);
	c[1] = copy_of(ref, true, 4095, local, 1);
	CT_CHECK(hv_grant_copy(c, 2) == 0);
	CT_CHECK(hv_hypercalls(GRANT_TABLE_OP, COPY_OP) == calls + 1);
	CT_CHECK(memcmp(local + 500, page + 100, 1000) == 0);
	CT_CHECK(local[499] == 0xee && local[1500] == 0xee);
	CT_CHECK(page[4095] == 0xee && page[4094] == (uint8_t)(4094 * 7));
	c[0] = copy_of(ref, false, 0, local, HV_PAGE_SIZE);
	CT_CHECK(hv_grant_copy(c, 1) == 0);
	CT_CHECK(memcmp(local, page, HV_PAGE_SIZE) == 0);
	CT_CHECK(hv_grant_end(ref) == 0);
	hv_pages_free(local, 1);
	hv_pages_free(page, 1);
}

static void copies_stay_inside_pages_and_rights(void)
{
	uint8_t *page = hv_pages_alloc(1), *local = hv_pages_alloc(2);
	struct hv_grant_copy c;
	hv_gref_t ro, gone;

	CT_CHECK(page && local);
	CT_CHECK(hv_grant_give(hv_domid(), page, 0, &gone) == 0);
	CT_CHECK(hv_grant_give(hv_domid(), page, HV_GRANT_RO, &ro) == 0);
	CT_CHECK(hv_grant_end(gone) == 0);
	c = copy_of(ro, false, 4000, local, 97);
	CT_CHECK(hv_grant_copy(&c, 1) == -EINVAL);
	c = copy_of(ro, false, 0, local + 4000, 97);
	CT_CHECK(hv_grant_copy(&c, 1) == -EINVAL);
	c = copy_of(0, false, 0, local, 8);
	CT_CHECK(hv_grant_copy(&c, 1) == -EINVAL);
	c = copy_of(ro, true, 0, local, 8);
	CT_CHECK(hv_grant_copy(&c, 1) == -EACCES && c.status == -EACCES);
	c = copy_of(gone, false, 0, local, 8);
	CT_CHECK(hv_grant_copy(&c, 1) == -EACCES);
	c = copy_of(ro, false, 0, local, 8);
	CT_CHECK(hv_grant_copy(&c, 1) == 0);
	CT_CHECK(hv_grant_end(ro) == 0); /* a copy leaves no trace in the entry */
	hv_pages_free(local, 2);
	hv_pages_free(page, 1);
}

static void references_are_given_back(void)
{
	void *page = hv_pages_alloc(1);
	hv_gref_t ref;

	CT_CHECK(page != NULL);
	for (unsigned int i = 0; i < 40000; i++) {
		CT_CHECK(hv_grant_give(hv_domid(), page, 0, &ref) == 0);
		CT_CHECK(hv_grant_end(ref) == 0);
	}
	hv_pages_free(page, 1);
}

static void a_thousand_offers_are_possible(void)
{
	enum { N = 1000 };
	static hv_gref_t refs[N];
	void *page = hv_pages_alloc(1);
	unsigned int given = hv_grants_given();

	CT_CHECK(page != NULL);
	for (unsigned int i = 0; i < N; i++)
		CT_CHECK(hv_grant_give(hv_domid(), page, 0, &refs[i]) == 0);
	CT_CHECK(hv_grants_given() == given + N);
	for (unsigned int i = 0; i < N; i++) {
		for (unsigned int j = 0; j < i && i < 50; j++)
			CT_CHECK(refs[i] != refs[j]);
		CT_CHECK(hv_grant_end(refs[i]) == 0);
	}
	CT_CHECK(hv_grants_given() == given);
	hv_pages_free(page, 1);
}

const struct ct_case ct_grants[] = {
	{"granted_pages_are_shared", granted_pages_are_shared},
	{"read_only_offers_are_not_mapped_for_writing",
	 read_only_offers_are_not_mapped_for_writing},
	{"what_was_not_offered_is_refused", what_was_not_offered_is_refused},
	{"mapped_offers_cannot_be_withdrawn", mapped_offers_cannot_be_withdrawn},
	{"device_maps_have_a_bus_address_only", device_maps_have_a_bus_address_only},
	{"batches_report_each_entry", batches_report_each_entry},
	{"a_map_is_undone_once", a_map_is_undone_once},
	{"one_page_can_be_offered_and_mapped_twice", one_page_can_be_offered_and_mapped_twice},
	{"copies_move_bytes_both_ways", copies_move_bytes_both_ways},
	{"copies_stay_inside_pages_and_rights", copies_stay_inside_pages_and_rights},
	{"references_are_given_back", references_are_given_back},
	{"a_thousand_offers_are_possible", a_thousand_offers_are_possible},
	{NULL, NULL},
};
