/* SPDX-License-Identifier: MIT */
/*
 * proof.h - what the proofs say to CBMC, and how they model memory that others write.
 *
 * A harness includes the real .c file and calls it with values that the model checker chooses: an
 * any_*() is every value of its type at once. What a proof says holds for all of them, not for those
 * that somebody thought of.
 *
 * Contents are not modelled, places are. The functions through which fwq/ touches bytes are replaced
 * (REPLACES: in a harness) by the ones below: they prove that every byte belongs to the object that is
 * meant, and what they read is any value, each time anew. That covers memory which the firmware
 * changes between two looks, and bytes of ours that it has chosen; nothing can be proved that rests on
 * having read a word before.
 */
#ifndef TESTS_PROOF_PROOF_H
#define TESTS_PROOF_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fwq/params.h"

/* Must hold on every path that comes here. */
#define PROVE(cond) __CPROVER_assert(cond, #cond)
/* From here on only what satisfies it: a contract's promise, or a limit that docs/proofs.md states. */
#define ASSUME(cond) __CPROVER_assume(cond)
/* Proved, and then at the solver's disposal for what follows. */
#define LEMMA(cond)                                                                                \
	do {                                                                                       \
		PROVE(cond);                                                                       \
		ASSUME(cond);                                                                      \
	} while (0)

/* CBMC takes a function of this prefix without a body for "any value". */
_Bool nondet_bool(void);
uint8_t nondet_u8(void);
uint32_t nondet_u32(void);
uint64_t nondet_u64(void);
int nondet_int(void);

/* fwq_get32(): a word of a header. */
uint32_t model_get32(const uint8_t *at)
{
	PROVE(__CPROVER_r_ok(at, sizeof(uint32_t)));
	return nondet_u32();
}

/* fwq_put32() */
void model_put32(uint8_t *at, uint32_t v)
{
	(void)v;
	PROVE(__CPROVER_w_ok(at, sizeof(uint32_t)));
}

/* Set by a harness that has seen enough: the path ends at the next copy. */
static bool seen_enough;

void *model_memcpy(void *dst, const void *src, size_t n)
{
	ASSUME(!seen_enough);
	PROVE(__CPROVER_r_ok(src, n));
	PROVE(__CPROVER_w_ok(dst, n));
	PROVE(!n || !__CPROVER_same_object(dst, src));
	return dst;
}

void *model_memset(void *dst, int byte, size_t n)
{
	(void)byte;
	PROVE(__CPROVER_w_ok(dst, n));
	return dst;
}

/* A word of 4 bytes at `off` lies within a header of `size` bytes. */
static inline bool word_in(uint32_t off, uint32_t size)
{
	return size >= 4 && off <= size - 4;
}

/* What params.c proves of every fwq_params that passed the check, and other proofs start from. */
static inline bool good_params(const struct fwq_params *p)
{
	return p->record_max >= 2 * FWQ_HEADER_MAX && p->record_max <= FWQ_QUEUE_BYTES_MAX &&
	       p->elem.size <= FWQ_HEADER_MAX && p->rpc.size <= FWQ_HEADER_MAX &&
	       p->queue.size <= FWQ_HEADER_MAX && p->rpc.echoes_sequence <= 1 &&
	       p->rpc.continuation < p->rpc.first_event && p->entry_off >= FWQ_HEADER_MAX &&
	       word_in(p->queue.off_version, p->queue.size) &&
	       word_in(p->queue.off_size, p->queue.size) &&
	       word_in(p->queue.off_msg_size, p->queue.size) &&
	       word_in(p->queue.off_msg_count, p->queue.size) &&
	       word_in(p->queue.off_write, p->queue.size) &&
	       word_in(p->queue.off_flags, p->queue.size) &&
	       word_in(p->queue.off_rx_off, p->queue.size) &&
	       word_in(p->queue.off_entry_off, p->queue.size) &&
	       word_in(p->elem.off_checksum, p->elem.size) &&
	       word_in(p->elem.off_seq, p->elem.size) && word_in(p->elem.off_count, p->elem.size) &&
	       word_in(p->rpc.off_version, p->rpc.size) &&
	       word_in(p->rpc.off_signature, p->rpc.size) &&
	       word_in(p->rpc.off_length, p->rpc.size) &&
	       word_in(p->rpc.off_function, p->rpc.size) &&
	       word_in(p->rpc.off_result, p->rpc.size) &&
	       word_in(p->rpc.off_private, p->rpc.size) &&
	       word_in(p->rpc.off_sequence, p->rpc.size);
}

#endif /* TESTS_PROOF_PROOF_H */
