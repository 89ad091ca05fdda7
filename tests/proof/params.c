/* SPDX-License-Identifier: MIT */
/*
 * params.c - whatever passes fwq_params_check() is a transport.
 *
 * ASSUMES: nothing: all 2^32 values of each parameter.
 * BOUNDS: elem_size is fixed, one proof for each of two values; all else is any value.
 * PROVES: the check itself computes nothing out of range, and for parameters that pass it: header fields
 *	and both positions lie in their headers and below the first element; a record fits; elements lie
 *	in their queue; what the other proofs assume of parameters (good_params()) is so.
 *
 * CASES: ELEM=0x1000 ELEM=520
 * UNWIND: 9
 * PLANT ELEM=0x1000 fits: fwq/params.c s/ &&\n\s*p->record_max \/ p->elem_size < fwq_params_elems\(p, bytes\)//
 * PLANT ELEM=0x1000 below: fwq/params.c s/off\[i\] > size - 4/off[i] > size/
 * PLANT ELEM=0x1000 read: fwq/params.c s/p->queue.off_read > p->entry_off - 4 - p->queue.rx_off\)/0)/
 */
#include "fwq/params.c"
#include "tests/proof/proof.h"

struct fwq_params nondet_params(void);

static void queue_holds(const struct fwq_params *p, uint32_t bytes)
{
	uint32_t n = fwq_params_elems(p, bytes);

	PROVE(bytes % HV_PAGE_SIZE == 0 && bytes <= FWQ_QUEUE_BYTES_MAX && bytes > p->entry_off);
	PROVE(n >= 2 && p->record_max < (uint64_t)n * p->elem_size);
	PROVE((uint64_t)n * p->elem_size <= bytes - p->entry_off);
}

int main(void)
{
	struct fwq_params p = nondet_params();

#ifdef ELEM
	ASSUME(p.elem_size == ELEM);
#endif
	if (fwq_params_check(&p))
		return 0;
	PROVE(good_params(&p));
	queue_holds(&p, p.cmd_size);
	queue_holds(&p, p.msg_size);
	PROVE((uint64_t)p.queue.rx_off + p.queue.off_read + 4 <= p.entry_off);
	PROVE(p.queue.rx_off >= p.queue.size);
	PROVE(fwq_params_pages(&p) <= 514);
	PROVE(fwq_params_payload_max(&p) > 0 && fwq_params_payload_max(&p) < p.record_max);
	return 0;
}
