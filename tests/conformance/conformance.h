/* SPDX-License-Identifier: MIT */
/*
 * conformance.h - one suite for hv.h: the same cases run hosted (runner_hosted.c, cmocka) and as a
 * domain on real Xen (runner_xen.c).
 *
 * A case is a function of one domain that talks to itself: it grants pages to its own id and binds
 * its own ports. Xen allows that for a PV domain (only the IOMMU is left alone when granter and
 * mapper are the same: map_grant_ref, "ld != rd"), so one domain can try nearly everything; what
 * needs two is in tests/unit/test_hosted_*.c and in tests/xen. A case leaves nothing behind.
 *
 * Cases use no assertion library, since there is none on bare metal: a check that fails records the
 * place and ends the case.
 */
#ifndef TESTS_CONFORMANCE_H
#define TESTS_CONFORMANCE_H

#include "hv/hv.h"

struct ct_case {
	const char *name;
	void (*fn)(void);
};

/* All cases, in the order in which they run; the last one has no name. */
extern const struct ct_case *const ct_groups[];

enum ct_result {
	CT_OK,
	CT_FAILED,
	CT_NOT_APPLICABLE, /* the platform lacks what the case is about, e.g. a PCI function */
};

/* Runs a case; *why says where it failed or why it does not apply (until the next call). */
enum ct_result ct_run(const struct ct_case *c, const char **why);

/* For the macros. */
void ct_fail(const char *file, int line, const char *what);
void ct_not_applicable(const char *why);

#define CT_CHECK(cond)                                                                             \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			ct_fail(__FILE__, __LINE__, #cond);                                        \
			return;                                                                    \
		}                                                                                  \
	} while (0)

#define CT_DOES_NOT_APPLY(why)                                                                     \
	do {                                                                                       \
		ct_not_applicable(why);                                                            \
		return;                                                                            \
	} while (0)

/* Runs the event loop until it has had every chance to deliver what is pending. */
void ct_settle(void);

/* The groups, one in each cases_*.c. */
extern const struct ct_case ct_memory[], ct_events[], ct_grants[], ct_xenstore[], ct_watches[],
	ct_loop[], ct_pci[];

#endif /* TESTS_CONFORMANCE_H */
