/* SPDX-License-Identifier: MIT */
/*
 * fwq_changing.h - the message queue's memory changes between two reads of it.
 *
 * Compiles fwq/queue.c into the target with barriers that may write a byte: the queue has one after each
 * read of a position, of a record's headers and of a whole record, which is where another bus master
 * can step in between.
 */
#ifndef TESTS_FUZZ_FWQ_CHANGING_H
#define TESTS_FUZZ_FWQ_CHANGING_H

#include <stdint.h>

#include "hv/hv.h"

static uint8_t *change_at;
static uint8_t change_to;
static unsigned int change_in; /* barriers to go */

/* *at becomes `to` at the barrier after `in` more; NULL: nothing changes. */
static inline void change_later(uint8_t *at, uint8_t to, unsigned int in)
{
	change_at = at;
	change_to = to;
	change_in = in;
}

static inline void change_now(void)
{
	if (!change_at || change_in--)
		return;
	*change_at = change_to;
	change_at = 0;
}

#undef hv_rmb
#define hv_rmb() change_now()
#include "fwq/queue.c"

#endif /* TESTS_FUZZ_FWQ_CHANGING_H */
