/* SPDX-License-Identifier: MIT */
/*
 * runner_hosted.c - the conformance suite on the hosted port: each case is one cmocka test, run by a
 * fresh domain with a GPU model passed through to it, so that every case applies.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hv/hosted/hosted.h"
#include "tests/conformance/conformance.h"
#include "tests/model/model.h"

#define CASES_MAX 256

/* The case that the domain runs, and what came out: one machine exists at a time. */
static struct hosted *h;
static const struct ct_case *current;
static enum ct_result result;
static char why[256];

static int start(int argc, char **argv)
{
	const char *text;

	(void)argc;
	(void)argv;
	result = ct_run(current, &text);
	snprintf(why, sizeof(why), "%s", text);
	hv_exit(0);
	return 0;
}

/* What `seq 1 3000` prints: the module of the domain. */
static size_t count(char *text, size_t room)
{
	size_t n = 0;

	for (unsigned int i = 1; i <= 3000; i++)
		n += (size_t)snprintf(text + n, room - n, "%u\n", i);
	return n;
}

static void run_case(void **state)
{
	static char module[16384];
	const struct hosted_domain_config config = {.name = "conformance",
						    .start = start,
						    .module = module,
						    .module_size = count(module, sizeof(module))};
	const struct model_config board = {.vram_bytes = 1ull << 30, .bar1_bytes = 64 << 20};
	struct hosted_usage used;
	struct hosted_pci *pci;
	struct model *model;
	int code = -1;
	int dom;

	h = hosted_new();
	current = *state;
	result = CT_FAILED;
	strcpy(why, "the case did not end");
	dom = hosted_domain_new(h, &config);
	assert_true(dom > 0);
	pci = hosted_pci_model(h, &board, &model);
	assert_non_null(pci);
	assert_int_equal(hosted_pci_assign(pci, (hv_domid_t)dom), 0);
	assert_int_equal(hosted_advance(h, 600 * HV_S), 0);
	if (result != CT_OK)
		fail_msg("%s: %s", result == CT_FAILED ? "failed" : "not applicable", why);
	assert_int_equal(hosted_domain_state(h, (hv_domid_t)dom, &code), HOSTED_SHUTDOWN);
	assert_int_equal(code, 0);
	/* A case leaves nothing behind. */
	hosted_usage(h, (hv_domid_t)dom, &used);
	assert_int_equal(used.pages, 0);
	assert_int_equal(used.grants, 0);
	assert_int_equal(used.maps, 0);
	assert_int_equal(used.ports, 0);
	assert_int_equal(used.watches, 0);
}

/* Also after a failure. */
static int end_case(void **state)
{
	(void)state;
	hosted_free(h);
	h = NULL;
	return 0;
}

int main(void)
{
	static struct CMUnitTest tests[CASES_MAX];
	size_t n = 0;

	for (const struct ct_case *const *group = ct_groups; *group; group++) {
		for (const struct ct_case *c = *group; c->name; c++) {
			if (n == CASES_MAX)
				abort();
			tests[n++] = (struct CMUnitTest){
				.name = c->name,
				.test_func = run_case,
				.teardown_func = end_case,
				.initial_state = (void *)(uintptr_t)c,
			};
		}
	}
	/* cmocka's macro takes the size from the array's type, so the call behind it is used. */
	return _cmocka_run_group_tests("conformance", tests, n, NULL, NULL);
}
