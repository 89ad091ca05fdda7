/* SPDX-License-Identifier: MIT */
/*
 * ring.c - ring arithmetic, for every ring of 1 to 2^32 - 1 elements and all positions in it.
 *
 * ASSUMES: what queue.h asks of callers: positions below n, a step of at most n.
 * BOUNDS: none.
 * PROVES: positions stay in the ring and no sum or difference leaves 32 bits; steps and counts agree,
 *	which is what the loop in fwq_queue_receive() goes by: k elements taken are k less to take.
 *
 * CASES: USED ADD STEP STEP=2
 * PLANT USED count: fwq/queue.h s/w >= r \?/w > r ?/
 * PLANT ADD wrap: fwq/queue.h s/k < n - pos \?/k <= n - pos ?/
 * PLANT ADD sum: fwq/queue.h s/k < n - pos \?/pos + k < n ?/
 * PLANT STEP=2 step: fwq/queue.h s/w \+ \(n - r\)/w + (n - r) - 1/
 */
#include "fwq/queue.h"
#include "tests/proof/proof.h"

int main(void)
{
	uint32_t n = nondet_u32(), w = nondet_u32(), r = nondet_u32(), k = nondet_u32(), to;

	ASSUME(w < n && r < n && k <= n);
#if defined(USED)
	to = fwq_ring_used(w, r, n);
	PROVE(to < n);
	PROVE((to == 0) == (w == r));
#elif defined(ADD)
	to = fwq_ring_add(r, k, n);
	PROVE(to < n);
	PROVE(k == n ? to == r : fwq_ring_used(to, r, n) == k);
#else
	/* Two cases because the solver is much quicker with each than with both. */
	ASSUME((w >= r) == (STEP == 1));
	ASSUME(k <= fwq_ring_used(w, r, n));
	to = fwq_ring_add(r, k, n);
	PROVE(fwq_ring_used(w, to, n) == fwq_ring_used(w, r, n) - k);
#endif
	return 0;
}
