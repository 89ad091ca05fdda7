/* SPDX-License-Identifier: MIT */
/*
 * counters.c - how often each hypercall was made, by number and sub-operation.
 *
 * Costs are gated on these counts: they are exact and the same on every machine, which times are not.
 */
#include "hv/common/common.h"

static uint64_t *counter(unsigned int nr, unsigned int sub)
{
	if (nr >= HV_COUNT_NR)
		nr = HV_COUNT_NR - 1;
	if (sub >= HV_COUNT_SUB)
		sub = HV_COUNT_SUB - 1;
	return &hv_common()->hypercalls[nr][sub];
}

void hv_common_count(unsigned int nr, unsigned int sub)
{
	++*counter(nr, sub);
}

uint64_t hv_hypercalls(unsigned int nr, unsigned int sub)
{
	return *counter(nr, sub);
}

static void add(unsigned int nr, unsigned int sub, uint64_t n, void *arg)
{
	(void)nr;
	(void)sub;
	*(uint64_t *)arg += n;
}

uint64_t hv_hypercalls_total(void)
{
	uint64_t total = 0;

	hv_hypercalls_walk(add, &total);
	return total;
}

void hv_hypercalls_walk(void (*fn)(unsigned int nr, unsigned int sub, uint64_t n, void *arg),
			void *arg)
{
	struct hv_common *c = hv_common();

	for (unsigned int nr = 0; nr < HV_COUNT_NR; nr++) {
		for (unsigned int sub = 0; sub < HV_COUNT_SUB; sub++) {
			if (c->hypercalls[nr][sub])
				fn(nr, sub, c->hypercalls[nr][sub], arg);
		}
	}
}
