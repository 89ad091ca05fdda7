/* SPDX-License-Identifier: MIT */
/*
 * runner_xen.c - the conformance suite as a domain. It prints a line per case,
 *
 *	ct: ok NAME
 *	ct: FAILED NAME: FILE:LINE: CONDITION
 *	ct: n/a NAME: WHY
 *
 * then "ct: N passed, N failed, N not applicable", and ends with code 0 when nothing failed.
 */
#include "tests/conformance/conformance.h"

static int start(int argc, char **argv)
{
	unsigned int count[3] = {0, 0, 0};

	(void)argc;
	(void)argv;
	for (const struct ct_case *const *group = ct_groups; *group; group++) {
		for (const struct ct_case *c = *group; c->name; c++) {
			const char *why;
			enum ct_result r = ct_run(c, &why);

			count[r]++;
			if (r == CT_OK)
				hv_log(HV_INFO, "ct: ok %s", c->name);
			else
				hv_log(HV_INFO, "ct: %s %s: %s", r == CT_FAILED ? "FAILED" : "n/a",
				       c->name, why);
		}
	}
	hv_log(HV_INFO, "ct: %u passed, %u failed, %u not applicable", count[CT_OK],
	       count[CT_FAILED], count[CT_NOT_APPLICABLE]);
	hv_exit(count[CT_FAILED] ? 1 : 0);
	return 0;
}

HV_IMAGE(start);
