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
		assert_int_equal(iommu_account_free(f->account), 0);
	assert_int_equal(hv_grants_mapped(), 0);
	hosted_leave();
	bed_down(&f->bed);
	free(f);
	return 0;
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
	assert_int_equal(iommu_map(f->account, f->g.buf_refs, 3, IOMMU_RO, &range), 0);
	assert_int_equal(iommu_account_pages(f->account), 3);
	for (unsigned int i = 0; i < 3; i++)
		assert_true(reachable(f, range->maps[i].dev_addr, 1000 + i));
	addr = range->maps[1].dev_addr;
	assert_true(reachable(f, range->maps[0].dev_addr, 1000));
	assert_int_equal(iommu_unmap(range), 0);
	assert_int_equal(iommu_account_pages(f->account), 0);
	assert_false(reachable(f, addr, 1001));
}

static void limit_bounds_the_account(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *a, *b;

	assert_int_equal(iommu_map(f->account, f->g.buf_refs, LIMIT + 1, 0, &a), -ENOSPC);
	assert_int_equal(iommu_map(f->account, f->g.buf_refs, LIMIT - 1, 0, &a), 0);
	assert_int_equal(iommu_map(f->account, f->g.buf_refs + LIMIT, 2, 0, &b), -ENOSPC);
	assert_int_equal(iommu_map(f->account, f->g.buf_refs + LIMIT, 1, 0, &b), 0);
	assert_int_equal(iommu_account_pages(f->account), LIMIT);
	assert_int_equal(iommu_unmap(a), 0);
	assert_int_equal(iommu_map(f->account, f->g.buf_refs, LIMIT - 1, 0, &a), 0);
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
		assert_int_equal(iommu_map(f->account, refs, 80, 0, &range), -EFAULT);
		assert_int_equal(hv_grants_mapped(), 0);
		assert_int_equal(iommu_account_pages(f->account), 0);
	}
	refs[79] = 0;
	assert_int_equal(iommu_map(f->account, refs, 80, 0, &range), -EINVAL);
	assert_int_equal(iommu_map(f->account, refs, 0, 0, &range), -EINVAL);
}

static void held_ranges_stay(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *held, *other;

	assert_int_equal(iommu_map(f->account, f->g.buf_refs, 2, 0, &held), 0);
	assert_int_equal(iommu_map(f->account, f->g.buf_refs + 2, 2, 0, &other), 0);
	iommu_hold(held);
	iommu_hold(held);
	assert_int_equal(iommu_unmap(held), -EBUSY);
	/* The account goes as far as it can, and is still there. */
	assert_int_equal(iommu_account_free(f->account), -EBUSY);
	assert_int_equal(iommu_account_pages(f->account), 2);
	iommu_drop(held);
	assert_int_equal(iommu_account_free(f->account), -EBUSY);
	iommu_drop(held);
	assert_int_equal(iommu_account_free(f->account), 0);
	f->account = NULL;
}

/* Ranges leave an account in any order. */
static void any_order_of_release(void **state)
{
	struct fixture *f = *state;
	struct iommu_range *r[4];

	for (unsigned int i = 0; i < 4; i++)
		assert_int_equal(iommu_map(f->account, f->g.buf_refs + 5 * (size_t)i, 5, 0, &r[i]),
				 0);
	assert_int_equal(iommu_unmap(r[2]), 0);
	assert_int_equal(iommu_unmap(r[3]), 0);
	assert_int_equal(iommu_unmap(r[0]), 0);
	assert_int_equal(iommu_account_pages(f->account), 5);
	assert_int_equal(hv_grants_mapped(), 5);
}

/* One hypercall for up to 32 pages, either way. */
static void maps_are_batched(void **state)
{
	struct fixture *f = *state;
	uint64_t before = hv_hypercalls_total();
	struct iommu_range *range;

	assert_int_equal(iommu_map(f->account, f->g.buf_refs, 64, 0, &range), 0);
	assert_int_equal(hv_hypercalls_total() - before, 2);
	assert_int_equal(iommu_unmap(range), 0);
	assert_int_equal(hv_hypercalls_total() - before, 4);
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
