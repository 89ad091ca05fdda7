/* SPDX-License-Identifier: MIT */
/*
 * queue.c - records in the shared block: laid out, sealed, published; copied once, checked, consumed.
 */
#include <errno.h>
#include <string.h>

#include "fwq/queue.h"
#include "hv/hv.h"

#define TRIES 3 /* GspMsgQueueReceiveStatus, nMaxRetries */

/* 16 bytes; an SSE register on x86-64, and where a machine has none, gcc makes it two words. */
typedef uint64_t vec __attribute__((vector_size(16)));

/*
 * XOR of 64-bit words, the last one padded with zeros. With `copy` they go to `to` on the way, so that
 * memory is gone through once, and what is summed is what was copied.
 */
static inline __attribute__((always_inline)) uint64_t words(bool copy, uint8_t *to,
							    const uint8_t *from, size_t len)
{
	vec even = {0}, odd = {0}, v[4];
	uint64_t sum, word = 0;

	for (; len >= sizeof(v); len -= sizeof(v), from += sizeof(v)) {
		memcpy(v, from, sizeof(v));
		even ^= v[0] ^ v[2];
		odd ^= v[1] ^ v[3];
		if (copy) {
			memcpy(to, v, sizeof(v));
			to += sizeof(v);
		}
	}
	even ^= odd;
	sum = even[0] ^ even[1];
	for (; len >= sizeof(word); len -= sizeof(word), from += sizeof(word)) {
		memcpy(&word, from, sizeof(word));
		sum ^= word;
		if (copy) {
			memcpy(to, &word, sizeof(word));
			to += sizeof(word);
		}
	}
	word = 0;
	for (size_t i = 0; i < len; i++) {
		uint8_t byte = from[i];

		word |= (uint64_t)byte << 8 * i;
		if (copy)
			to[i] = byte;
	}
	return sum ^ word;
}

static uint64_t xor64(const uint8_t *at, size_t len)
{
	return words(false, NULL, at, len);
}

static uint64_t copy_xor64(uint8_t *to, const uint8_t *from, size_t len)
{
	return words(true, to, from, len);
}

static uint32_t fold(uint64_t sum)
{
	return (uint32_t)(sum >> 32) ^ (uint32_t)sum;
}

uint32_t fwq_checksum(const uint8_t *at, size_t len)
{
	return fold(xor64(at, len));
}

/* Elements of a record whose RPC is len bytes; len is at most record_max - elem.size. */
static uint32_t elems_for(const struct fwq_params *p, uint32_t len)
{
	return (p->elem.size + len + p->elem_size - 1) / p->elem_size;
}

static bool length_ok(const struct fwq_params *p, uint32_t len)
{
	return len >= p->rpc.size && len <= p->record_max - p->elem.size;
}

/* ---------------------------------------------------------------- set-up */

static void header_write(const struct fwq_queue *q)
{
	const struct fwq_params *p = q->p;

	memset(q->cmd, 0, p->entry_off);
	fwq_put32(q->cmd + p->queue.off_version, p->queue.version);
	fwq_put32(q->cmd + p->queue.off_size, p->cmd_size);
	fwq_put32(q->cmd + p->queue.off_msg_size, p->elem_size);
	fwq_put32(q->cmd + p->queue.off_msg_count, q->cmd_elems);
	fwq_put32(q->cmd + p->queue.off_flags, p->queue.flags);
	fwq_put32(q->cmd + p->queue.off_rx_off, p->queue.rx_off);
	fwq_put32(q->cmd + p->queue.off_entry_off, p->entry_off);
}

int fwq_queue_init(struct fwq_queue *q, const struct fwq_params *p, struct fwq_link *link,
		   void *stage, size_t stage_size)
{
	uint32_t pages;

	if (fwq_params_check(p) || stage_size < p->record_max || (uintptr_t)stage % 8)
		return -EINVAL;
	pages = fwq_params_pages(p);
	if (link->pages < pages)
		return -EINVAL;
	*q = (struct fwq_queue){.p = p, .link = link, .stage = stage};
	q->cmd_elems = fwq_params_elems(p, p->cmd_size);
	q->msg_elems = fwq_params_elems(p, p->msg_size);
	q->cmd = link->block + (size_t)fwq_params_table_pages(p) * HV_PAGE_SIZE;
	q->msg = q->cmd + p->cmd_size;

	memset(link->block, 0, (size_t)pages * HV_PAGE_SIZE);
	memcpy(link->block, link->page_addr, pages * sizeof(uint64_t));
	header_write(q);
	link->publish_write(link, 0);
	link->publish_read(link, 0);
	return 0;
}

/* ---------------------------------------------------------------- sending */

/* Elements that we may write now, or -EIO. */
static int room(struct fwq_queue *q)
{
	uint32_t read = q->link->peer_read(q->link);

	if (q->broken || read >= q->cmd_elems) {
		q->broken = true;
		return -EIO;
	}
	hv_acquire(); /* the firmware is done with an element before we write it again */
	return (int)(q->cmd_elems - 1 - fwq_ring_used(q->write, read, q->cmd_elems));
}

static uint8_t *cmd_elem(const struct fwq_queue *q, uint32_t pos)
{
	return q->cmd + q->p->entry_off + (size_t)pos * q->p->elem_size;
}

/* Memory from `skip` bytes after the element at our write position on, cut where the ring ends. */
static void spans(const struct fwq_queue *q, uint32_t skip, uint32_t len, struct fwq_span out[2])
{
	uint32_t to_end = (q->cmd_elems - q->write) * q->p->elem_size - skip;
	uint32_t first = len < to_end ? len : to_end;

	out[0] = (struct fwq_span){cmd_elem(q, q->write) + skip, first};
	out[1] = (struct fwq_span){cmd_elem(q, 0), len - first};
}

int fwq_queue_begin(struct fwq_queue *q, uint32_t len, struct fwq_span out[2])
{
	int have;

	if (!length_ok(q->p, len))
		return -EMSGSIZE;
	have = room(q);
	if (have < 0)
		return have;
	if ((uint32_t)have < elems_for(q->p, len))
		return -EAGAIN;
	q->lent = len;
	spans(q, q->p->elem.size, len, out);
	return 0;
}

void fwq_queue_commit(struct fwq_queue *q)
{
	const struct fwq_params *p = q->p;
	uint32_t total = p->elem.size + q->lent, pad = -total & 7, n = elems_for(p, q->lent);
	uint8_t *header = cmd_elem(q, q->write);
	struct fwq_span s[2];

	HV_CHECK(q->lent);
	memset(header, 0, p->elem.size);
	fwq_put32(header + p->elem.off_seq, q->tx_seq);
	fwq_put32(header + p->elem.off_count, n);

	/* Elements are multiples of 8 long, so the padding never leaves the last one. */
	spans(q, 0, total + pad, s);
	if (s[1].len)
		memset(s[1].at + s[1].len - pad, 0, pad);
	else
		memset(s[0].at + s[0].len - pad, 0, pad);
	fwq_put32(header + p->elem.off_checksum,
		  fold(xor64(s[0].at, s[0].len) ^ xor64(s[1].at, s[1].len)));

	q->lent = 0;
	q->tx_seq++;
	q->stats.sent++;
	q->write = fwq_ring_add(q->write, n, q->cmd_elems);
	hv_wmb(); /* the record before the position that says it is there */
	q->link->publish_write(q->link, q->write);
	hv_wmb(); /* the position before the doorbell */
	q->link->doorbell(q->link);
}

/* ---------------------------------------------------------------- receiving */

/*
 * The firmware describes its queue, word by word, before it writes its first message. Asked when there
 * is one: then the description is whole.
 */
static bool agreed(const struct fwq_queue *q)
{
	const struct fwq_params *p = q->p;
	uint8_t h[FWQ_HEADER_MAX];

	memcpy(h, q->msg, p->queue.size);
	hv_rmb(); /* and no second look at the shared copy */
	return fwq_get32(h + p->queue.off_version) == p->queue.version &&
	       fwq_get32(h + p->queue.off_size) == p->msg_size &&
	       fwq_get32(h + p->queue.off_msg_size) == p->elem_size &&
	       fwq_get32(h + p->queue.off_msg_count) == q->msg_elems &&
	       fwq_get32(h + p->queue.off_flags) == p->queue.flags &&
	       fwq_get32(h + p->queue.off_rx_off) == p->queue.rx_off &&
	       fwq_get32(h + p->queue.off_entry_off) == p->entry_off;
}

/*
 * Bytes [from, to) of the record at our read position into the stage; from is a multiple of 8, to is at
 * most record_max. Returns their XOR: elements are multiples of 8 long, so the ring's end splits no word.
 */
static uint64_t copy_in(struct fwq_queue *q, uint32_t from, uint32_t to)
{
	const uint8_t *ring = q->msg + q->p->entry_off;
	uint32_t start = q->read * q->p->elem_size, end = q->msg_elems * q->p->elem_size - start;
	uint32_t cut = to < end ? to : end;
	uint64_t sum = 0;

	q->stats.bytes_in += to - from;
	if (from < cut)
		sum = copy_xor64(q->stage + from, ring + start + from, cut - from);
	if (to > cut) {
		from = from > cut ? from : cut;
		sum ^= copy_xor64(q->stage + from, ring + (from - end), to - from);
	}
	hv_rmb(); /* from here on the stage, never the shared copy */
	return sum;
}

/*
 * One look at the record at our read position; `used` elements are published. Returns whether it is
 * good; *skip is how many elements it holds, or `used` when it does not say so credibly.
 */
static bool look(struct fwq_queue *q, uint32_t used, uint32_t *len, uint32_t *skip)
{
	const struct fwq_params *p = q->p;
	/* Both headers, in whole words; they are in the first element (fwq_params_check). */
	uint32_t head = (p->elem.size + p->rpc.size + 7) & ~7u, n;
	uint64_t sum = copy_in(q, 0, head);

	*skip = used;
	n = fwq_get32(q->stage + p->elem.off_count);
	*len = fwq_get32(q->stage + p->elem.size + p->rpc.off_length);
	if (!n || n > used || n > p->record_max / p->elem_size)
		return false;
	*skip = n;
	/* More elements than needed are NVIDIA's right: its own receiver consumes the count. */
	if (!length_ok(p, *len) || elems_for(p, *len) > n)
		return false;
	if (p->elem.size + *len <= head)
		return !fwq_checksum(q->stage, p->elem.size + *len);
	return !fold(sum ^ copy_in(q, head, p->elem.size + *len));
}

/* The record is ours now, or was refused: give its elements back. */
static void consume(struct fwq_queue *q, uint32_t n)
{
	q->read = fwq_ring_add(q->read, n, q->msg_elems);
	hv_release(); /* our reads before the position that allows overwriting */
	q->link->publish_read(q->link, q->read);
}

int fwq_queue_receive(struct fwq_queue *q, const uint8_t **rpc, uint32_t *len)
{
	uint32_t write, used, skip = 0;

	if (q->broken)
		return -EIO;
	write = q->link->peer_write(q->link);
	if (!write && !q->linked)
		return 0;
	hv_rmb(); /* the position before what it covers */
	if (write >= q->msg_elems || (!q->linked && !agreed(q))) {
		q->broken = true;
		return -EIO;
	}
	q->linked = true;

	for (used = fwq_ring_used(write, q->read, q->msg_elems); used; used -= skip) {
		uint32_t seq;
		bool good = false;

		for (int try = 0; try < TRIES && !good; try++) {
			q->stats.rereads += try > 0;
			good = look(q, used, len, &skip);
		}
		seq = fwq_get32(q->stage + q->p->elem.off_seq);
		consume(q, skip);
		if (!good) {
			q->stats.bad_records++;
			continue;
		}
		if ((int32_t)(seq - q->rx_seq) < 0) {
			q->stats.old++;
			continue;
		}
		q->stats.gaps += seq != q->rx_seq;
		q->rx_seq = seq + 1;
		q->stats.received++;
		*rpc = q->stage + q->p->elem.size;
		return 1;
	}
	return 0;
}
