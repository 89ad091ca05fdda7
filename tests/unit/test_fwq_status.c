/* SPDX-License-Identifier: MIT */
/*
 * Status words of the firmware: errno and vendor's name, by the numbers of each built-in pack.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "fwq/packs.h"
#include "fwq/status.h"

/* Numbers from nvstatuscodes.h: the same in 535.113.01 to 595.45.04. */
static void test_known_codes(void **state)
{
	static const struct {
		uint32_t status;
		int err;
		const char *name;
	} want[] = {
		{0x0, 0, "NV_OK"},
		{0x3, -EAGAIN, "NV_ERR_BUSY_RETRY"},
		{0xf, -ENODEV, "NV_ERR_GPU_IS_LOST"},
		{0x17, -EBUSY, "NV_ERR_IN_USE"},
		{0x1a, -ENOSPC, "NV_ERR_INSUFFICIENT_RESOURCES"},
		{0x1b, -EPERM, "NV_ERR_INSUFFICIENT_PERMISSIONS"},
		{0x1f, -EINVAL, "NV_ERR_INVALID_ARGUMENT"},
		{0x33, -EINVAL, "NV_ERR_INVALID_OBJECT_HANDLE"},
		{0x51, -ENOMEM, "NV_ERR_NO_MEMORY"},
		{0x56, -EOPNOTSUPP, "NV_ERR_NOT_SUPPORTED"},
		{0x57, -ENOENT, "NV_ERR_OBJECT_NOT_FOUND"},
		{0x65, -ETIMEDOUT, "NV_ERR_TIMEOUT"},
		{0xffff, -EIO, "NV_ERR_GENERIC"},
		{0x10006, 0, "NV_WARN_NOTHING_TO_DO"},
	};

	(void)state;
	for (unsigned int p = 0; p < fwq_packs_count; p++)
		for (unsigned int i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
			const char *name = fwq_status_name(&fwq_packs[p], want[i].status);

			assert_non_null(name);
			assert_string_equal(name, want[i].name);
			assert_int_equal(fwq_status_errno(&fwq_packs[p], want[i].status),
					 want[i].err);
		}
}

/* Each status that a pack has is known, and only warnings and NV_OK are no errors. */
static void test_every_code(void **state)
{
	unsigned int seen = 0;

	(void)state;
	for (unsigned int p = 0; p < fwq_packs_count; p++)
		for (unsigned int n = 0; n < FWQ_NUMBERS; n++) {
			const char *name = fwq_number_name(n);
			bool good = !strcmp(name, "NV_OK") || !strncmp(name, "NV_WARN_", 8);
			bool bad = !strncmp(name, "NV_ERR_", 7);
			uint32_t status;

			if (!fwq_packs[p].has_number[n] || (!good && !bad))
				continue;
			status = (uint32_t)fwq_packs[p].number[n];
			assert_ptr_equal(fwq_status_name(&fwq_packs[p], status), name);
			assert_int_equal(fwq_status_errno(&fwq_packs[p], status) == 0, good);
			seen++;
		}
	/* 133 in 535 up to 151 in 595. */
	assert_in_range(seen, fwq_packs_count * 133, fwq_packs_count * 151);
}

static void test_unknown_codes(void **state)
{
	static const uint32_t unknown[] = {0xfe, 0x10000, 0x1fffe, 0x20000, UINT32_MAX};

	(void)state;
	for (unsigned int i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_null(fwq_status_name(&fwq_packs[0], unknown[i]));
		assert_int_equal(fwq_status_errno(&fwq_packs[0], unknown[i]), -EIO);
	}
}

/* A release that renumbers: the pack decides, and what it lacks is unknown. */
static void test_renumbered(void **state)
{
	static struct fwq_pack pack;

	(void)state;
	pack = fwq_packs[0];
	pack.number[FWQ_N_NV_ERR_TIMEOUT] = 0x1234;
	pack.has_number[FWQ_N_NV_ERR_NO_MEMORY] = false;
	assert_int_equal(fwq_status_errno(&pack, 0x1234), -ETIMEDOUT);
	assert_string_equal(fwq_status_name(&pack, 0x1234), "NV_ERR_TIMEOUT");
	assert_null(fwq_status_name(&pack, 0x65));
	assert_null(fwq_status_name(&pack, 0x51));
	assert_int_equal(fwq_status_errno(&pack, 0x51), -EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_codes),
		cmocka_unit_test(test_every_code),
		cmocka_unit_test(test_unknown_codes),
		cmocka_unit_test(test_renumbered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
