/* SPDX-License-Identifier: MIT */
/*
 * receive.c - fwq_queue_receive(): a record out of memory that the firmware writes while we read.
 *
 * ASSUMES: nothing of the firmware: its queue header, element headers and positions are any value at
 *	each look. Of us: a queue as fwq_queue_init() makes it, positions in
 *	their rings.
 * BOUNDS: elem_size is fixed, one proof for each of some values. Of the loop over published elements one
 *	turn is followed: it is proved to take 1 to `used` of them and to leave a state of the kind that
 *	was started from (ring.c: then `used` is less by as much).
 * PROVES: only the shared block and the stage are touched; a record handed out lies in the stage, is as
 *	long as a record can be, and holds an RPC header; what we publish is a position in the ring.
 *
 * REPLACES: fwq_get32=model_get32 fwq_put32=model_put32 memcpy=model_memcpy memset=model_memset
 * REPLACES: xor64=model_xor64 copy_xor64=model_copy_xor64
 * CASES: ELEM=0x1000
 * LONG: ELEM=520
 * UNWIND: 9 fwq_queue_receive.0:4 fwq_queue_receive.1:2
 * WRAPS: fold (uint32_t)sum
 * WRAPS: fwq_queue_receive seq - fwq_queue_receive$$q->rx_seq
 * WRAPS: fwq_queue_receive (int32_t)(seq - fwq_queue_receive$$q->rx_seq)
 * WRAPS: fwq_queue_receive seq + (unsigned int)1
 * PLANT ELEM=0x1000 count: fwq/queue.c s/n > used \|\| //
 * PLANT ELEM=0x1000 zero: fwq/queue.c s/!n \|\| //
 * PLANT ELEM=0x1000 length: fwq/queue.c s/!length_ok\(p, \*len\) \|\| //
 * PLANT ELEM=0x1000 short: fwq/queue.c s/len >= p->rpc.size && //
 * PLANT ELEM=0x1000 position: fwq/queue.c s/write >= q->msg_elems \|\| //
 * PLANT ELEM=0x1000 cut: fwq/queue.c s/to < end \? to : end/to/
 */
#include "tests/proof/queue.h"

static uint32_t before;

static void publish_read(struct fwq_link *link, uint32_t pos)
{
	uint32_t taken;

	(void)link;
	PROVE(pos < q.msg_elems && pos == q.read);
	taken = fwq_ring_used(pos, before, q.msg_elems);
	PROVE(taken && taken <= fwq_ring_used(peer, before, q.msg_elems));
	seen_enough = true;
}

int main(void)
{
	struct fwq_link link = {.publish_write = publish_read,
				.publish_read = publish_read,
				.peer_write = peer_position,
				.peer_read = peer_position,
				.doorbell = doorbell};
	const uint8_t *rpc;
	uint32_t len;
	int got;

	any_queue(&link);
	before = q.read;
	got = fwq_queue_receive(&q, &rpc, &len);
	PROVE(in_rings());
	PROVE(got == 0 || got == 1 || got == -EIO);
	if (got == 1) {
		PROVE(__CPROVER_same_object(rpc, q.stage) && __CPROVER_r_ok(rpc, len));
		PROVE(len >= params.rpc.size && len <= params.record_max - params.elem.size);
	}
	return 0;
}
