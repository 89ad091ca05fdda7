/* SPDX-License-Identifier: MIT */
/*
 * Map accounts: a page of a guest is reachable for the device while it is mapped and not after; a
 * batch is mapped wholly or not at all; nobody gets more than his limit; what page tables still refer
 * to is not unmapped. The device is the GPU model's falcon, so reachability is seen, not assumed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "iommu/iommu.h"
#include "tests/unit/vgpu_bed.h"

struct fixture {
	struct bed bed;
	struct guest g;
	struct iommu_account *account;
};

#define LIMIT 100u

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	bed_up(&f->bed, &bed_board);
	guest_new(&f->bed, &f->g);
	hosted_enter(f->bed.h, f->bed.gpudom);
	f->account = iommu_account_new(f->g.dom, LIMIT);
	assert_non_null(f->account);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	if (f->account)
		assert_int_equal(iommu_account_free(f->account, LIMIT), 0);
	assert_int_equal(hv_grants_mapped(), 0);
	hosted_leave();
	bed_down(&f->bed);
	free(f);
	return 0;
}

/* A range with all its pages mapped; or the error, and none. */
static int map(struct fixture *f, const hv_gref_t *refs, unsigned int n, unsigned int flags,
	       struct iommu_range **out)
{
	int err = iommu_range_new(f->account, n, flags, out);

	if (err)
		return err;
	err = iommu_map(*out, refs, n);
	if (err)
		assert_int_equal(iommu_unmap(*out, 1), 0);
	return err;
}

/* Does the falcon get to read the page, whose first bytes are a pattern of this key? */
static bool reachable(struct fixture *f, uint64_t addr, uint64_t key)
{
	uint8_t want[256], got[256];

	bed_pattern(want, sizeof(want), key);
	assert_int_equal(gpu_falcon_dma_load(f->bed.gpu, addr, 0x800, 256), 0);
	assert_int_equal(gpu_falcon_dmem_read(f->bed.gpu, 0x800, got, 256), 0);
	hv_delay(HV_MS);
	return !memcmp(got, want, 256);
}

static void mapped_pages_are_reachable_until_unmapped(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *range;
	uint64_t addr;

	for (unsigned int i = 0; i < 3; i++)
		bed_pattern(f->g.buf + (size_t)i * HV_PAGE_SIZE, HV_PAGE_SIZE, 1000 + i);
	assert_int_equal(map(f, f->g.buf_refs, 3, IOMMU_RO, &range), 0);
	assert_int_equal(iommu_account_pages(f->account), 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(reachable(f, iommu_addr(range, i), 1000 + i));
	addr = iommu_addr(range, 1);
	assert_true(reachable(f, iommu_addr(range, 0), 1000));
	assert_int_equal(iommu_unmap(range, LIMIT), 0);
	assert_int_equal(iommu_account_pages(f->account), 0);
	assert_false(reachable(f, addr, 1001));
}

static void limit_bounds_the_account(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *a, *b;

	assert_int_equal(map(f, f->g.buf_refs, LIMIT + 1, 0, &a), -ENOSPC);
	assert_int_equal(map(f, f->g.buf_refs, LIMIT - 1, 0, &a), 0);
	assert_int_equal(map(f, f->g.buf_refs + LIMIT, 2, 0, &b), -ENOSPC);
	assert_int_equal(map(f, f->g.buf_refs + LIMIT, 1, 0, &b), 0);
	assert_int_equal(iommu_account_pages(f->account), LIMIT);
	assert_int_equal(iommu_unmap(a, LIMIT), 0);
	assert_int_equal(map(f, f->g.buf_refs, LIMIT - 1, 0, &a), 0);
}

/* A bad reference anywhere in the batch: nothing stays mapped. */
static void a_batch_is_all_or_nothing(void **state)
{
	struct fixture *f = *state;
	hv_gref_t refs[80];
	struct iommu_range *range;

	for (unsigned int bad = 0; bad < 80; bad++) {
		memcpy(refs, f->g.buf_refs, sizeof(refs));
		refs[bad] = 30000; /* never offered */
		assert_int_equal(map(f, refs, 80, 0, &range), -EFAULT);
		assert_int_equal(hv_grants_mapped(), 0);
		assert_int_equal(iommu_account_pages(f->account), 0);
	}
	refs[79] = 0;
	assert_int_equal(map(f, refs, 80, 0, &range), -EINVAL);
	assert_int_equal(map(f, refs, 0, 0, &range), -EINVAL);
}

static void held_ranges_stay(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *held, *other;

	assert_int_equal(map(f, f->g.buf_refs, 2, 0, &held), 0);
	assert_int_equal(map(f, f->g.buf_refs + 2, 2, 0, &other), 0);
	iommu_hold(held);
	iommu_hold(held);
	assert_int_equal(iommu_unmap(held, LIMIT), -EBUSY);
	/* The account goes as far as it can, and is still there. */
	assert_int_equal(iommu_account_free(f->account, LIMIT), -EBUSY);
	assert_int_equal(iommu_account_pages(f->account), 2);
	iommu_drop(held);
	assert_int_equal(iommu_account_free(f->account, LIMIT), -EBUSY);
	iommu_drop(held);
	assert_int_equal(iommu_account_free(f->account, LIMIT), 0);
	f->account = NULL;
}

/* Ranges leave an account in any order. */
static void any_order_of_release(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *r[4];

	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(map(f, f->g.buf_refs + 5 * (size_t)i, 5, 0, &r[i]), 0);
	assert_int_equal(iommu_unmap(r[2], LIMIT), 0);
	assert_int_equal(iommu_unmap(r[3], LIMIT), 0);
	assert_int_equal(iommu_unmap(r[0], LIMIT), 0);
	assert_int_equal(iommu_account_pages(f->account), 5);
	assert_int_equal(hv_grants_mapped(), 5);
}

/* One hypercall for up to 32 pages, either way. */
static void maps_are_batched(void **state)
{
	struct fixture *f = *state;
	uint64_t before = hv_hypercalls_total();
	struct iommu_range *range;

	assert_int_equal(map(f, f->g.buf_refs, 64, 0, &range), 0);
	assert_int_equal(hv_hypercalls_total() - before, 2);
	assert_int_equal(iommu_unmap(range, LIMIT), 0);
	assert_int_equal(hv_hypercalls_total() - before, 4);
}

/* A range grows and shrinks in steps; a step that fails takes nothing of those before with it. */
static void ranges_grow_and_shrink(void **state)
{
	struct fixture *f = *state;
	hv_gref_t bad[3] = {f->g.buf_refs[0], 30000, f->g.buf_refs[1]};
	struct iommu_range *range;

	assert_int_equal(iommu_range_new(f->account, LIMIT, 0, &range), 0);
	assert_int_equal(iommu_account_pages(f->account), LIMIT);
	for (unsigned int i = 0; i < LIMIT - 3; i++) {
		assert_int_equal(iommu_map(range, &f->g.buf_refs[i], 1), 0);
		assert_int_equal(iommu_map(range, bad, 3), -EFAULT);
		assert_int_equal(hv_grants_mapped(), i + 1);
	}
	assert_int_equal(iommu_map(range, f->g.buf_refs, 4), -EINVAL);
	bed_pattern(f->g.buf + 90 * (size_t)HV_PAGE_SIZE, HV_PAGE_SIZE, 7);
	assert_true(reachable(f, iommu_addr(range, 90), 7));
	assert_int_equal(iommu_map(range, f->g.buf_refs, 3), 0);
	for (unsigned int left = LIMIT; left > 10; left -= 10) {
		assert_int_equal(hv_grants_mapped(), left);
		assert_int_equal(iommu_unmap(range, 10), 1);
	}
	assert_int_equal(iommu_unmap(range, 10), 0);
	assert_int_equal(iommu_account_pages(f->account), 0);
}

/* More pages than one chunk of the list has, with no memory left at each place in turn. */
static void long_lists_need_memory(void **state)
{
	struct fixture *f = *state;
	struct iommu_account *account = iommu_account_new(f->g.dom, 1024);
	struct iommu_range *range;
	hv_gref_t refs[1024];
	struct hosted_usage before, now;

	hosted_usage(f->bed.h, f->bed.gpudom, &before);
	for (unsigned int i = 0; i < 1024; i++)
		refs[i] = f->g.buf_refs[i % BED_PAGES];
	for (unsigned int n = 1; n <= 4; n++) {
		assert_int_equal(iommu_range_new(account, 1024, 0, &range), 0);
		hosted_fail_nth(f->bed.h, f->bed.gpudom, HOSTED_FAIL_PAGES, n);
		assert_int_equal(iommu_map(range, refs, 1024), -ENOMEM);
		hosted_fail_nth(f->bed.h, f->bed.gpudom, HOSTED_FAIL_PAGES, 0);
		hosted_usage(f->bed.h, f->bed.gpudom, &now);
		assert_int_equal(now.pages, before.pages);
		assert_int_equal(now.maps, before.maps);
		assert_int_equal(iommu_unmap(range, 1), 0);
	}
	assert_int_equal(iommu_range_new(account, 1024, 0, &range), 0);
	assert_int_equal(iommu_map(range, refs, 1024), 0);
	assert_int_equal(iommu_account_free(account, 1000), 1);
	assert_int_equal(iommu_account_free(account, 1000), 0);
	hosted_usage(f->bed.h, f->bed.gpudom, &now);
	assert_int_equal(now.pages, before.pages);
}

int main(void)
{
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(mapped_pages_are_reachable_until_unmapped),
		T(limit_bounds_the_account),
		T(a_batch_is_all_or_nothing),
		T(held_ranges_stay),
		T(any_order_of_release),
		T(maps_are_batched),
		T(ranges_grow_and_shrink),
		T(long_lists_need_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
