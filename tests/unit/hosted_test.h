/* SPDX-License-Identifier: MIT */
/*
 * hosted_test.h - what the tests of the hosted machine share: cmocka, and acting as a domain.
 */
#ifndef TESTS_UNIT_HOSTED_TEST_H
#define TESTS_UNIT_HOSTED_TEST_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/hosted/hosted.h"
#include "hv/hosted/xs_store.h"

/* The block that follows runs as domain dom of h. Leave it at its end only. */
#define AS(h, dom)                                                                                 \
	for (bool as_once_ = (hosted_enter(h, (hv_domid_t)(dom)), true); as_once_;                 \
	     hosted_leave(), as_once_ = false)

/* A domain that the test acts as. */
static inline hv_domid_t hosted_test_domain(struct hosted *h, const char *name)
{
	int dom = hosted_domain_new(h, &(struct hosted_domain_config){.name = name});

	assert_true(dom > 0);
	return (hv_domid_t)dom;
}

/* Runs what is due; the machine must get idle. */
#define SETTLE(h) assert_int_equal(hosted_run(h, 1000), 0)

static inline int hosted_test_setup(void **state)
{
	*state = hosted_new();
	return 0;
}

static inline int hosted_test_teardown(void **state)
{
	hosted_free(*state);
	return 0;
}

#define HOSTED_TEST(fn) cmocka_unit_test_setup_teardown(fn, hosted_test_setup, hosted_test_teardown)

#endif /* TESTS_UNIT_HOSTED_TEST_H */
