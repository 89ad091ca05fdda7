/* SPDX-License-Identifier: MIT */
/*
 * test_hosted_grants.c - grants between two domains: rights, limits, death of either side, and a
 * granter that rewrites its table. (One domain alone: tests/conformance/cases_grants.c.)
 */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/hosted_test.h"

struct pair {
	struct hosted *h;
	hv_domid_t g, m; /* granter, mapper */
	uint32_t *page;
	hv_gref_t ref;
};

static void make_pair(struct pair *p, struct hosted *h, unsigned int flags)
{
	p->h = h;
	p->g = hosted_test_domain(h, "granter");
	p->m = hosted_test_domain(h, "mapper");
	AS(h, p->g)
	{
		p->page = hv_pages_alloc(1);
		assert_non_null(p->page);
		p->page[0] = 0x11111111;
		assert_int_equal(hv_grant_give(p->m, p->page, flags, &p->ref), 0);
	}
}

static struct hv_grant_map map_of(const struct pair *p, unsigned int flags)
{
	return (struct hv_grant_map){.dom = p->g, .ref = p->ref, .flags = flags};
}

/* The process that writes there dies of it. */
static bool write_faults(volatile uint32_t *va)
{
	int status;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (!pid) {
		signal(SIGSEGV, SIG_DFL); /* neither cmocka's handler nor AddressSanitizer's */
		*va = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return !WIFEXITED(status) || WEXITSTATUS(status) != 0;
}

static void read_only_maps_are_really_read_only(void **state)
{
	struct pair p;
	struct hv_grant_map m[2];

	make_pair(&p, *state, 0);
	m[0] = map_of(&p, HV_MAP_HOST | HV_MAP_RO);
	m[1] = map_of(&p, HV_MAP_HOST);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_map(m, 2), 0);
	assert_int_equal(*(uint32_t *)m[0].va, 0x11111111);
	assert_true(write_faults(m[0].va));
	assert_false(write_faults(m[1].va));
	AS(p.h, p.m)
	assert_int_equal(hv_grant_unmap(m, 2), 0);
}

static void unmapped_addresses_fault(void **state)
{
	struct pair p;
	struct hv_grant_map m;
	void *va;

	make_pair(&p, *state, 0);
	m = map_of(&p, HV_MAP_HOST);
	AS(p.h, p.m)
	{
		assert_int_equal(hv_grant_map(&m, 1), 0);
		va = m.va;
		assert_int_equal(hv_grant_unmap(&m, 1), 0);
	}
	assert_true(write_faults(va));
}

static void only_the_domain_named_may_map(void **state)
{
	struct hosted *h = *state;
	struct pair p;
	hv_domid_t third = hosted_test_domain(h, "third");
	struct hv_grant_map m;

	make_pair(&p, h, 0);
	m = map_of(&p, HV_MAP_HOST);
	AS(h, third)
	assert_int_equal(hv_grant_map(&m, 1), -EACCES);
	AS(h, 0)
	assert_int_equal(hv_grant_map(&m, 1), -EACCES); /* dom0 has no privilege here */
	AS(h, p.m)
	{
		assert_int_equal(hv_grant_map(&m, 1), 0);
		/* Mapped by one domain: no other gets it even if the entry is rewritten for it. */
		assert_int_equal(
			hosted_grant_poke(h, p.g, p.ref, HOSTED_GRANT_OFFERED, third, p.page), 0);
	}
	m = map_of(&p, HV_MAP_HOST);
	AS(h, third)
	assert_int_equal(hv_grant_map(&m, 1), -EACCES);
}

static void a_granter_cannot_take_back_what_is_mapped(void **state)
{
	struct pair p;
	struct hv_grant_map first, again;
	uint32_t *other;

	make_pair(&p, *state, 0);
	first = map_of(&p, HV_MAP_HOST);
	again = map_of(&p, HV_MAP_HOST);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_map(&first, 1), 0);
	AS(p.h, p.g)
	{
		assert_int_equal(hv_grant_end(p.ref), -EBUSY);
		other = hv_pages_alloc(1);
		other[0] = 0x22222222;
		/* By hand: withdraw, then offer another page under the same reference. */
		assert_int_equal(hosted_grant_poke(p.h, p.g, p.ref, 0, 0, NULL), 0);
	}
	assert_int_equal(*(uint32_t *)first.va, 0x11111111);
	assert_int_equal(hosted_grant_poke(p.h, p.g, p.ref, HOSTED_GRANT_OFFERED, p.m, other), 0);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_map(&again, 1), 0);
	assert_int_equal(*(uint32_t *)again.va, 0x11111111); /* what was mapped first */
	AS(p.h, p.m)
	{
		assert_int_equal(hv_grant_unmap(&first, 1), 0);
		assert_int_equal(hv_grant_unmap(&again, 1), 0);
		again = map_of(&p, HV_MAP_HOST);
		assert_int_equal(hv_grant_map(&again, 1), 0);
	}
	assert_int_equal(*(uint32_t *)again.va, 0x22222222);
}

static void rights_grow_only_with_the_offer(void **state)
{
	struct pair p;
	struct hv_grant_map ro, rw;

	make_pair(&p, *state, HV_GRANT_RO);
	ro = map_of(&p, HV_MAP_HOST | HV_MAP_RO);
	rw = map_of(&p, HV_MAP_HOST);
	AS(p.h, p.m)
	{
		assert_int_equal(hv_grant_map(&ro, 1), 0);
		assert_int_equal(hv_grant_map(&rw, 1), -EACCES);
	}
	assert_int_equal(hosted_grant_poke(p.h, p.g, p.ref, HOSTED_GRANT_OFFERED, p.m, p.page), 0);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_map(&rw, 1), 0);
}

static void maps_outlive_the_granter(void **state)
{
	struct pair p;
	struct hv_grant_map m, late;
	struct hosted_usage used;

	make_pair(&p, *state, 0);
	m = map_of(&p, HV_MAP_HOST);
	late = map_of(&p, HV_MAP_HOST);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_map(&m, 1), 0);
	hosted_domain_destroy(p.h, p.g);
	assert_int_equal(hosted_orphan_frames(p.h), 1);
	((uint32_t *)m.va)[1] = 5;
	assert_int_equal(*(uint32_t *)m.va, 0x11111111);
	/* A new domain does not get the page. */
	AS(p.h, hosted_test_domain(p.h, "next"))
	{
		for (uint32_t *q; (q = hv_pages_alloc(1));)
			assert_int_equal(q[0], 0);
	}
	AS(p.h, p.m)
	{
		assert_int_equal(hv_grant_map(&late, 1), -ESRCH);
		assert_int_equal(hv_grant_unmap(&m, 1), 0);
	}
	assert_int_equal(hosted_orphan_frames(p.h), 0);
	hosted_usage(p.h, p.m, &used);
	assert_int_equal(used.maps, 0);
}

static void the_mappers_death_drops_its_maps(void **state)
{
	struct pair p;
	struct hv_grant_map m[2];
	struct hosted_usage used;

	make_pair(&p, *state, 0);
	m[0] = map_of(&p, HV_MAP_HOST | HV_MAP_DEVICE);
	m[1] = map_of(&p, HV_MAP_DEVICE | HV_MAP_RO);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_map(m, 2), 0);
	hosted_usage(p.h, p.g, &used);
	assert_int_equal(used.grants_mapped, 1);
	hosted_domain_destroy(p.h, p.m);
	hosted_usage(p.h, p.g, &used);
	assert_int_equal(used.grants_mapped, 0);
	AS(p.h, p.g)
	{
		assert_int_equal(hv_grant_end(p.ref), 0);
		hv_pages_free(p.page, 1);
	}
}

static void maptrack_runs_out(void **state)
{
	struct hosted *h = *state;
	struct pair p;
	struct hv_grant_map m[9];
	int few =
		hosted_domain_new(h, &(struct hosted_domain_config){.name = "few", .max_maps = 8});

	make_pair(&p, h, 0);
	assert_int_equal(
		hosted_grant_poke(h, p.g, p.ref, HOSTED_GRANT_OFFERED, (hv_domid_t)few, p.page), 0);
	for (unsigned int i = 0; i < 9; i++)
		m[i] = map_of(&p, HV_MAP_DEVICE);
	AS(h, few)
	{
		assert_int_equal(hv_grant_map(m, 9), -ENOSPC);
		assert_int_equal(hv_grants_mapped(), 8);
		assert_int_equal(m[8].status, -ENOSPC);
		assert_int_equal(hv_grant_unmap(m, 1), 0);
		assert_int_equal(hv_grant_map(&m[8], 1), 0);
	}
}

static void the_grant_table_runs_out(void **state)
{
	struct hosted *h = *state;
	int few = hosted_domain_new(h,
				    &(struct hosted_domain_config){.name = "few", .max_grants = 5});
	hv_gref_t ref, last = 0;

	AS(h, few)
	{
		void *page = hv_pages_alloc(1);

		for (unsigned int i = 0; i < 5; i++)
			assert_int_equal(hv_grant_give(0, page, 0, &last), 0);
		assert_int_equal(hv_grant_give(0, page, 0, &ref), -ENOSPC);
		assert_int_equal(hv_grant_end(last), 0);
		assert_int_equal(hv_grant_give(0, page, 0, &ref), 0);
		assert_int_equal(ref, last);
	}
}

static void copies_need_no_map_and_leave_none(void **state)
{
	struct pair p;
	char local[64] = "from the mapper";
	struct hv_grant_copy c = {.to_grant = true, .offset = 8, .len = 16};

	make_pair(&p, *state, 0);
	c.dom = p.g;
	c.ref = p.ref;
	AS(p.h, p.m)
	{
		char *buf = hv_pages_alloc(1);

		memcpy(buf, local, sizeof(local));
		c.local = buf;
		assert_int_equal(hv_grant_copy(&c, 1), 0);
		assert_int_equal(hv_grants_mapped(), 0);
	}
	assert_string_equal((char *)p.page + 8, local);
	AS(p.h, p.g)
	assert_int_equal(hv_grant_end(p.ref), 0);
	AS(p.h, p.m)
	assert_int_equal(hv_grant_copy(&c, 1), -EACCES);
}

static void a_foreign_page_is_no_local_buffer(void **state)
{
	struct pair p;
	struct hv_grant_map m;
	struct hv_grant_copy c = {.len = 8};

	make_pair(&p, *state, 0);
	m = map_of(&p, HV_MAP_HOST);
	c.dom = p.g;
	c.ref = p.ref;
	AS(p.h, p.m)
	{
		assert_int_equal(hv_grant_map(&m, 1), 0);
		c.local = m.va;
		assert_int_equal(hv_grant_copy(&c, 1), -EACCES);
	}
}

static void planted_failures_hit_one_entry(void **state)
{
	struct pair p;
	struct hv_grant_map m[4];

	make_pair(&p, *state, 0);
	for (unsigned int i = 0; i < 4; i++)
		m[i] = map_of(&p, HV_MAP_HOST);
	hosted_fail_nth(p.h, p.m, HOSTED_FAIL_GRANT_MAP, 3);
	AS(p.h, p.m)
	{
		assert_int_equal(hv_grant_map(m, 4), -ENOSPC);
		assert_int_equal(m[1].status, 0);
		assert_int_equal(m[2].status, -ENOSPC);
		assert_int_equal(m[3].status, 0);
		assert_int_equal(hosted_fail_calls(p.h, p.m, HOSTED_FAIL_GRANT_MAP), 4);
	}
}

/* A domain that frees a page it still offers. */
static int frees_granted_page(int argc, char **argv)
{
	void *page = hv_pages_alloc(1);
	hv_gref_t ref;

	(void)argc;
	(void)argv;
	hv_grant_give(0, page, 0, &ref);
	hv_pages_free(page, 1);
	return 0;
}

static void freeing_a_granted_page_is_a_panic(void **state)
{
	struct hosted *h = *state;
	int d = hosted_domain_new(
		h, &(struct hosted_domain_config){.name = "careless", .start = frees_granted_page});

	hosted_catch_panics(h, true);
	SETTLE(h);
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)d, NULL), HOSTED_CRASHED);
	assert_int_equal(hosted_log_count(h, (hv_domid_t)d, "is freed while granted"), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		HOSTED_TEST(read_only_maps_are_really_read_only),
		HOSTED_TEST(unmapped_addresses_fault),
		HOSTED_TEST(only_the_domain_named_may_map),
		HOSTED_TEST(a_granter_cannot_take_back_what_is_mapped),
		HOSTED_TEST(rights_grow_only_with_the_offer),
		HOSTED_TEST(maps_outlive_the_granter),
		HOSTED_TEST(the_mappers_death_drops_its_maps),
		HOSTED_TEST(maptrack_runs_out),
		HOSTED_TEST(the_grant_table_runs_out),
		HOSTED_TEST(copies_need_no_map_and_leave_none),
		HOSTED_TEST(a_foreign_page_is_no_local_buffer),
		HOSTED_TEST(planted_failures_hit_one_entry),
		HOSTED_TEST(freeing_a_granted_page_is_a_panic),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
