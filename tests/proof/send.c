/* SPDX-License-Identifier: MIT */
/*
 * send.c - fwq_queue_begin() and fwq_queue_commit(): what is lent and sealed lies in the command ring.
 *
 * ASSUMES: nothing of the firmware: its position is any value. Of us: a queue as fwq_queue_init()
 *	makes it, positions in their rings; len is any value.
 * BOUNDS: elem_size is fixed, one proof for each of some values.
 * PROVES: both spans lie in the ring, together have len bytes, and the first holds both headers; commit
 *	touches nothing outside the ring and publishes a position in it; no element that the firmware still holds is lent.
 *
 * REPLACES: fwq_get32=model_get32 fwq_put32=model_put32 memcpy=model_memcpy memset=model_memset
 * REPLACES: xor64=model_xor64
 * CASES: ELEM=0x1000
 * LONG: ELEM=520
 * UNWIND: 9
 * WRAPS: fold (uint32_t)sum
 * WRAPS: fwq_queue_commit fwq_queue_commit$$q->tx_seq + 1u
 * PLANT ELEM=0x1000 position: fwq/queue.c s/read >= q->cmd_elems/0/
 * PLANT ELEM=0x1000 room: fwq/queue.c s/\(uint32_t\)have < elems_for\(q->p, len\)/!have/
 * PLANT ELEM=0x1000 cut: fwq/queue.c s/len < to_end \? len : to_end/len/
 * PLANT ELEM=0x1000 length: fwq/queue.c s/len <= p->record_max - p->elem.size/len <= p->record_max/
 */
#include "tests/proof/queue.h"

static void publish(struct fwq_link *link, uint32_t pos)
{
	(void)link;
	PROVE(pos < q.cmd_elems);
}

/* A span is in the command queue, behind its header. */
static bool in_ring(const struct fwq_span *s)
{
	size_t at = (size_t)(s->at - q.cmd);

	return __CPROVER_same_object(s->at, q.cmd) && at >= params.entry_off &&
	       at <= params.cmd_size && s->len <= params.cmd_size - at;
}

int main(void)
{
	struct fwq_link link = {.publish_write = publish,
				.publish_read = publish,
				.peer_write = peer_position,
				.peer_read = peer_position,
				.doorbell = doorbell};
	uint32_t len = nondet_u32(), start;
	struct fwq_span s[2];

	any_queue(&link);
	if (fwq_queue_begin(&q, len, s))
		return 0;
	start = q.write;
	PROVE((uint64_t)params.elem.size + len <= params.record_max);
	PROVE(in_ring(&s[0]) && in_ring(&s[1]));
	PROVE((uint64_t)s[0].len + s[1].len == len && s[0].len >= params.rpc.size);
	fwq_queue_commit(&q);
	PROVE(in_rings());
	/* Nothing that the firmware has yet to read was written over, and one element stays free. */
	PROVE((uint64_t)fwq_ring_used(start, peer, q.cmd_elems) +
		      fwq_ring_used(q.write, start, q.cmd_elems) <
	      q.cmd_elems);
	return 0;
}
